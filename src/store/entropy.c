/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/entropy.h"

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
        for (unsigned s = 0; s < ENTROPY_SYMBOLS; s++) {
                uint64_t share = total ? ((uint64_t)counts[s] * ENTROPY_TOTAL + total / 2) / total : 0;
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
size_t stream_finish(struct stream_writer *stream, uint8_t *at)
{
        uint32_t states[2] = {ENTROPY_LOW, ENTROPY_LOW};
        uint8_t *limit = at + 8 + 2 * stream->symbol_count, *word = limit;

        for (size_t i = stream->symbol_count; i-- > 0;) {
                uint32_t code = stream->symbols[i];
                uint32_t frequency = code >> ENTROPY_BITS & (2 * ENTROPY_TOTAL - 1);
                uint32_t start = code & (ENTROPY_TOTAL - 1);
                uint32_t x = states[code >> 31];
                if (x >= frequency << 20) {
                        *--word = (uint8_t)(x >> 8);
                        *--word = (uint8_t)x;
                        x >>= 16;
                }
                states[code >> 31] = (x / frequency << ENTROPY_BITS) + x % frequency + start;
        }
        uint8_t *next = put_le(put_le(at, states[0], 4), states[1], 4);
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
