/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/entropy.h"

/* Symbols 0-15 are the values themselves; 16 + 8 e + m stands for the values that begin with the bits 1 m (m
 * of three bits) and go on with e + 1 plain bits. */
// clang-format off
const uint8_t entropy_class_bits[ENTROPY_SYMBOLS] = {
        0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0,
        1, 1, 1, 1, 1, 1, 1, 1,
        2, 2, 2, 2, 2, 2, 2, 2,
        3, 3, 3, 3, 3, 3, 3, 3,
        4, 4, 4, 4, 4, 4, 4, 4,
        5, 5, 5, 5, 5, 5, 5, 5,
        6, 6, 6, 6, 6, 6, 6, 6,
        7, 7, 7, 7, 7, 7, 7, 7,
        8, 8, 8, 8, 8, 8, 8, 8,
        9, 9, 9, 9, 9, 9, 9, 9,
        10, 10, 10, 10, 10, 10, 10, 10,
        11, 11, 11, 11, 11, 11, 11, 11,
        12, 12, 12, 12, 12, 12, 12, 12,
        13, 13, 13, 13, 13, 13, 13, 13,
        14, 14, 14, 14, 14, 14, 14, 14,
        15, 15, 15, 15, 15, 15, 15, 15,
        16, 16, 16, 16, 16, 16, 16, 16,
        17, 17, 17, 17, 17, 17, 17, 17,
        18, 18, 18, 18, 18, 18, 18, 18,
        19, 19, 19, 19, 19, 19, 19, 19,
        20, 20, 20, 20, 20, 20, 20, 20,
        21, 21, 21, 21, 21, 21, 21, 21,
        22, 22, 22, 22, 22, 22, 22, 22,
        23, 23, 23, 23, 23, 23, 23, 23,
        24, 24, 24, 24, 24, 24, 24, 24,
        25, 25, 25, 25, 25, 25, 25, 25,
        26, 26, 26, 26, 26, 26, 26, 26,
        27, 27, 27, 27, 27, 27, 27, 27,
        28, 28, 28, 28, 28, 28, 28, 28,
        0
};
const uint32_t entropy_class_base[ENTROPY_SYMBOLS] = {
        0, 1, 2, 3, 4, 5, 6, 7,
        8, 9, 10, 11, 12, 13, 14, 15,
        0x10, 0x12, 0x14, 0x16, 0x18, 0x1a, 0x1c, 0x1e,
        0x20, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x38, 0x3c,
        0x40, 0x48, 0x50, 0x58, 0x60, 0x68, 0x70, 0x78,
        0x80, 0x90, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf0,
        0x100, 0x120, 0x140, 0x160, 0x180, 0x1a0, 0x1c0, 0x1e0,
        0x200, 0x240, 0x280, 0x2c0, 0x300, 0x340, 0x380, 0x3c0,
        0x400, 0x480, 0x500, 0x580, 0x600, 0x680, 0x700, 0x780,
        0x800, 0x900, 0xa00, 0xb00, 0xc00, 0xd00, 0xe00, 0xf00,
        0x1000, 0x1200, 0x1400, 0x1600, 0x1800, 0x1a00, 0x1c00, 0x1e00,
        0x2000, 0x2400, 0x2800, 0x2c00, 0x3000, 0x3400, 0x3800, 0x3c00,
        0x4000, 0x4800, 0x5000, 0x5800, 0x6000, 0x6800, 0x7000, 0x7800,
        0x8000, 0x9000, 0xa000, 0xb000, 0xc000, 0xd000, 0xe000, 0xf000,
        0x10000, 0x12000, 0x14000, 0x16000, 0x18000, 0x1a000, 0x1c000, 0x1e000,
        0x20000, 0x24000, 0x28000, 0x2c000, 0x30000, 0x34000, 0x38000, 0x3c000,
        0x40000, 0x48000, 0x50000, 0x58000, 0x60000, 0x68000, 0x70000, 0x78000,
        0x80000, 0x90000, 0xa0000, 0xb0000, 0xc0000, 0xd0000, 0xe0000, 0xf0000,
        0x100000, 0x120000, 0x140000, 0x160000, 0x180000, 0x1a0000, 0x1c0000, 0x1e0000,
        0x200000, 0x240000, 0x280000, 0x2c0000, 0x300000, 0x340000, 0x380000, 0x3c0000,
        0x400000, 0x480000, 0x500000, 0x580000, 0x600000, 0x680000, 0x700000, 0x780000,
        0x800000, 0x900000, 0xa00000, 0xb00000, 0xc00000, 0xd00000, 0xe00000, 0xf00000,
        0x1000000, 0x1200000, 0x1400000, 0x1600000, 0x1800000, 0x1a00000, 0x1c00000, 0x1e00000,
        0x2000000, 0x2400000, 0x2800000, 0x2c00000, 0x3000000, 0x3400000, 0x3800000, 0x3c00000,
        0x4000000, 0x4800000, 0x5000000, 0x5800000, 0x6000000, 0x6800000, 0x7000000, 0x7800000,
        0x8000000, 0x9000000, 0xa000000, 0xb000000, 0xc000000, 0xd000000, 0xe000000, 0xf000000,
        0x10000000, 0x12000000, 0x14000000, 0x16000000, 0x18000000, 0x1a000000, 0x1c000000, 0x1e000000,
        0x20000000, 0x24000000, 0x28000000, 0x2c000000, 0x30000000, 0x34000000, 0x38000000, 0x3c000000,
        0x40000000, 0x48000000, 0x50000000, 0x58000000, 0x60000000, 0x68000000, 0x70000000, 0x78000000,
        0x80000000, 0x90000000, 0xa0000000, 0xb0000000, 0xc0000000, 0xd0000000, 0xe0000000, 0xf0000000,
        0
};
// clang-format on

/* Whether changing the frequency of symbol a costs less (or gains less) per occurrence than that of b:
 * log(f / (f - 1)) is close to 1 / (f - 1/2). Whole numbers only, so that every machine writes the same file.
 */
static bool cheaper(uint32_t count_a, int frequency_a, uint32_t count_b, int frequency_b)
{
        return (uint64_t)count_a * (uint64_t)frequency_b < (uint64_t)count_b * (uint64_t)frequency_a;
}

/* Corrects the rounding where it costs least: a few dozen steps at most, once per table. */
static void settle(const uint32_t counts[ENTROPY_SYMBOLS], uint16_t frequencies[ENTROPY_SYMBOLS], int excess)
{
        int step = excess > 0 ? -1 : 1;

        for (; excess != 0; excess += step) {
                int best = -1;
                for (int s = 0; s < ENTROPY_SYMBOLS; s++) {
                        if (frequencies[s] == 0 || (step < 0 && frequencies[s] == 1))
                                continue;
                        int here = 2 * frequencies[s] + step,
                            there = best < 0 ? 1 : 2 * frequencies[best] + step;
                        bool better = best < 0 || (step < 0 ? cheaper(counts[s], here, counts[best], there)
                                                            : cheaper(counts[best], there, counts[s], here));
                        if (better)
                                best = s;
                }
                frequencies[best] = (uint16_t)(frequencies[best] + step);
        }
}

void entropy_normalise(const uint32_t counts[ENTROPY_SYMBOLS], uint16_t ret_frequencies[ENTROPY_SYMBOLS])
{
        uint64_t total = 0;
        int sum = 0;

        for (unsigned s = 0; s < ENTROPY_SYMBOLS; s++)
                total += counts[s];
        if (total == 0) { /* never met: every value of it would be escaped */
                memset(ret_frequencies, 0, ENTROPY_SYMBOLS * sizeof ret_frequencies[0]);
                ret_frequencies[ENTROPY_ESCAPE] = ENTROPY_TOTAL;
                return;
        }
        for (unsigned s = 0; s < ENTROPY_SYMBOLS; s++) {
                uint64_t share = ((uint64_t)counts[s] * ENTROPY_TOTAL + total / 2) / total;
                if (share == 0 && (counts[s] > 0 || s == ENTROPY_ESCAPE))
                        share = 1;
                ret_frequencies[s] = (uint16_t)share;
                sum += (int)share;
        }
        settle(counts, ret_frequencies, sum - (int)ENTROPY_TOTAL);
}

/* log2 of 1..4096 in 1/256 bits, cut; by squaring, without floating point. */
static unsigned log2_fixed(uint32_t value)
{
        unsigned whole = 31u - (unsigned)__builtin_clz(value), result = whole << 8;
        uint64_t x = (uint64_t)value << (31 - whole);

        for (unsigned bit = 0x80; bit; bit >>= 1) {
                x = x * x >> 31;
                if (x >> 32) {
                        x >>= 1;
                        result |= bit;
                }
        }
        return result;
}

void encoding_model_make(struct encoding_model *model, const uint16_t frequencies[ENTROPY_SYMBOLS])
{
        uint32_t start = 0;

        for (unsigned s = 0; s < ENTROPY_SYMBOLS; s++) {
                model->symbols[s] = frequencies[s] ? start | (uint32_t)frequencies[s] << ENTROPY_BITS : 0;
                model->price[s] =
                        frequencies[s] ? (uint16_t)(256 * ENTROPY_BITS - log2_fixed(frequencies[s])) : 0;
                start += frequencies[s];
        }
}

bool decoding_model_make(struct decoding_model *model, const uint16_t frequencies[ENTROPY_SYMBOLS])
{
        uint32_t start = 0;

        for (unsigned s = 0; s < ENTROPY_SYMBOLS; s++) {
                if (frequencies[s] > ENTROPY_TOTAL - start)
                        return false;
                if (frequencies[s] == 0) /* most, in a small window; never looked at */
                        continue;
                memset(model->symbol_at + start, (int)s, frequencies[s]);
                model->symbols[s].start = (uint16_t)start;
                model->symbols[s].frequency = frequencies[s];
                start += frequencies[s];
        }
        return start == ENTROPY_TOTAL && frequencies[ENTROPY_ESCAPE] > 0;
}

static uint8_t *put_le(uint8_t *at, uint32_t value, unsigned bytes)
{
        for (unsigned i = 0; i < bytes; i++)
                *at++ = (uint8_t)(value >> (8 * i));
        return at;
}

/* rANS runs backward: the last symbol is coded first, so that the reader meets the first one first. Words are
 * therefore laid down from the far end of the room and then moved to their place. */
size_t stream_finish(struct stream_writer *stream, unsigned state_count, uint8_t *at)
{
        uint32_t states[STREAM_STATES_MAX] = {ENTROPY_LOW, ENTROPY_LOW, ENTROPY_LOW};
        uint8_t *limit = at + 4 * (size_t)state_count + 2 * stream->symbol_count, *word = limit;

        for (size_t i = stream->symbol_count; i-- > 0;) {
                uint32_t code = stream->symbols[i];
                uint32_t frequency = code >> ENTROPY_BITS & (2 * ENTROPY_TOTAL - 1);
                uint32_t start = code & (ENTROPY_TOTAL - 1);
                uint32_t x = states[code >> 30];
                /* Whether a word is due is as good as random: write one in any case, keep it where it is. */
                uint32_t due = x >= frequency << 20;
                word[-2] = (uint8_t)x;
                word[-1] = (uint8_t)(x >> 8);
                word -= 2 * (size_t)due;
                x >>= 16 * due;
                states[code >> 30] = (x / frequency << ENTROPY_BITS) + x % frequency + start;
        }
        uint8_t *next = at;
        for (unsigned i = 0; i < state_count; i++)
                next = put_le(next, states[i], 4);
        memmove(next, word, (size_t)(limit - word));
        next += limit - word;
        if (stream->pending_bits)
                stream->bits[stream->bit_bytes++] = (uint8_t)(stream->pending << (8 - stream->pending_bits));
        for (size_t i = stream->bit_bytes; i-- > 0;)
                *next++ = stream->bits[i];
        stream->symbol_count = stream->bit_bytes = 0;
        stream->pending = 0;
        stream->pending_bits = 0;
        return (size_t)(next - at);
}
