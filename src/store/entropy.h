/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_ENTROPY_H
#define ROGATORY_STORE_ENTROPY_H

/* Entropy coding of columns: range asymmetric numeral systems (rANS) with static tables of 12-bit
 * probabilities, and plain bits for what is as good as random. A stream holds two rANS states (so that two
 * columns decode side by side), their 16-bit words growing from its front and the plain bits growing from its
 * end:
 *
 *   state 0 (4 bytes) | state 1 (4 bytes) | words -> ... <- plain bits
 *
 * Numbers become a symbol (their size class: values below 16 by themselves, above by bit length and the three
 * bits after the first) and plain bits (the rest). A symbol that has no probability is written as ESCAPE and
 * the whole number in plain bits, so every value can be written whatever the tables say. */

#include "base/cursor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ENTROPY_BITS 12
#define ENTROPY_TOTAL (1u << ENTROPY_BITS)
#define ENTROPY_SYMBOLS 241
#define ENTROPY_ESCAPE 240u
#define ENTROPY_LOW (1u << 16) /* a state is at least this */

/* A reader may look this far beyond either end of a stream before it notices the end: file contents stand
 * there. */
#define ENTROPY_SLACK 64

/* ---- models ---- */

/* For writing: per symbol start | frequency << 12, 0 where the symbol must be escaped; and its price. */
struct encoding_model {
        uint32_t symbols[ENTROPY_SYMBOLS];
        uint16_t price[ENTROPY_SYMBOLS]; /* 1/256 bit */
};

struct decoding_model {
        uint8_t symbol_at[ENTROPY_TOTAL];
        struct {
                uint16_t start, frequency;
        } symbols[ENTROPY_SYMBOLS];
};

/* Frequencies that sum to ENTROPY_TOTAL in proportion to the counts; whatever was counted, and ESCAPE, gets
 * at least one. */
void entropy_normalise(const uint32_t counts[ENTROPY_SYMBOLS], uint16_t ret_frequencies[ENTROPY_SYMBOLS]);
void encoding_model_make(struct encoding_model *model, const uint16_t frequencies[ENTROPY_SYMBOLS]);
/* false where the frequencies do not sum to ENTROPY_TOTAL or ESCAPE has none. */
bool decoding_model_make(struct decoding_model *model, const uint16_t frequencies[ENTROPY_SYMBOLS]);

/* ---- classes of numbers ---- */

/* Without branches: which class comes next is as good as random. */
static inline unsigned value_class(uint64_t value)
{
        unsigned top = 63u - (unsigned)__builtin_clzll(value | 8);
        unsigned symbol = top * 8 - 16 + (unsigned)(value >> (top - 3) & 7) - (value < 8 ? 8 : 0);
        return value >> 32 ? ENTROPY_ESCAPE : symbol;
}

/* Plain bits that follow the symbol of a class, and its least value. */
extern const uint8_t entropy_class_bits[ENTROPY_SYMBOLS];
extern const uint32_t entropy_class_base[ENTROPY_SYMBOLS];

/* ---- writing ---- */

#define STREAM_STATES_MAX 3
#define STREAM_ROW_SYMBOLS 3 /* most symbols per row */
#define STREAM_ROW_BYTES 32  /* most plain bytes per row */

struct stream_writer {
        uint32_t *symbols; /* start | frequency << 12 | state << 30, in order */
        size_t symbol_count;
        uint8_t *bits; /* plain bits, first bit first; with 8 bytes to spare */
        size_t bit_bytes;
        uint64_t pending;
        unsigned pending_bits;
};

/* Writes eight bytes each time and counts those that are full; the room has as many to spare. */
static inline void stream_put_bits(struct stream_writer *stream, uint64_t value, unsigned count)
{
        if (count > 32) {
                stream_put_bits(stream, value >> 32, count - 32);
                value &= UINT32_MAX;
                count = 32;
        }
        uint64_t pending = stream->pending << count | value;
        unsigned bits = stream->pending_bits + count;
        uint64_t front = pending << 1 << (63 - bits);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        front = __builtin_bswap64(front);
#endif
        memcpy(stream->bits + stream->bit_bytes, &front, 8);
        stream->bit_bytes += bits >> 3;
        stream->pending_bits = bits & 7;
        stream->pending = pending;
}

static inline void stream_put_code(struct stream_writer *stream, unsigned state, uint32_t code)
{
        if (code >> ENTROPY_BITS != ENTROPY_TOTAL) /* a certain symbol takes no space and no time */
                stream->symbols[stream->symbol_count++] = code | (uint32_t)state << 30;
}

/* Bytes that stream_finish will write at most. */
static inline size_t stream_bound(const struct stream_writer *stream)
{
        return 4 * STREAM_STATES_MAX + 2 * stream->symbol_count + stream->bit_bytes + 1;
}

/* Writes the whole stream with 2 or 3 states to at (stream_bound bytes of room) and empties it. Returns its
 * length. */
size_t stream_finish(struct stream_writer *stream, unsigned states, uint8_t *at);

/* ---- reading ---- */

struct stream_reader {
        uint32_t state0, state1, state2;
        const uint8_t *word; /* next word */
        const uint8_t *start, *end;
        uint64_t bit; /* plain bits taken */
};

static inline uint64_t load_le64(const uint8_t *at)
{
        uint64_t value;
        memcpy(&value, at, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        value = __builtin_bswap64(value);
#endif
        return value;
}

static inline uint32_t load_le32(const uint8_t *at)
{
        uint32_t value;
        memcpy(&value, at, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        value = __builtin_bswap32(value);
#endif
        return value;
}

static inline uint16_t load_le16(const uint8_t *at)
{
        return (uint16_t)(at[0] | at[1] << 8);
}

/* Begins to read a stream of length bytes with 2 or 3 states; ENTROPY_SLACK readable bytes must stand on both
 * sides. */
static inline bool stream_open(
        struct stream_reader *stream, unsigned states, const uint8_t *bytes, size_t length)
{
        if (length < 4 * (size_t)states)
                return false;
        *stream = (struct stream_reader){.state0 = load_le32(bytes),
                .state1 = load_le32(bytes + 4),
                .state2 = states > 2 ? load_le32(bytes + 8) : ENTROPY_LOW,
                .word = bytes + 4 * (size_t)states,
                .start = bytes + 4 * (size_t)states,
                .end = bytes + length};
        return stream->state0 >= ENTROPY_LOW && stream->state1 >= ENTROPY_LOW &&
               stream->state2 >= ENTROPY_LOW;
}

/* To be asked once per row: words and bits have not run into each other. */
static inline bool stream_sound(const struct stream_reader *stream)
{
        return (uint64_t)(stream->word - stream->start) + (stream->bit + 7) / 8 <=
               (uint64_t)(stream->end - stream->start);
}

/* After the last row: all states and every byte were used. */
static inline bool stream_used_up(const struct stream_reader *stream)
{
        return stream->state0 == ENTROPY_LOW && stream->state1 == ENTROPY_LOW &&
               stream->state2 == ENTROPY_LOW && stream->word + (stream->bit + 7) / 8 == stream->end;
}

/* 0..57 plain bits. */
static inline uint64_t stream_take_bits(struct stream_reader *stream, unsigned count)
{
        uint64_t window = load_le64(stream->end - (stream->bit >> 3) - 8) << (stream->bit & 7);
        stream->bit += count;
        return window >> 1 >> (63 - count);
}

static inline uint64_t stream_take_escaped(struct stream_reader *stream)
{
        unsigned bits = (unsigned)stream_take_bits(stream, 7);
        if (bits > 64)
                bits = 64;
        uint64_t high = bits > 32 ? stream_take_bits(stream, bits - 32) : 0;
        return high << 32 | stream_take_bits(stream, bits > 32 ? 32 : bits);
}

/* Without branches that depend on the data: whether a word is due is as good as random, and a wrong guess
 * costs more than reading one for nothing. */
static inline __attribute__((always_inline)) unsigned stream_take_symbol(
        uint32_t *state, const uint8_t **word, const struct decoding_model *model)
{
        uint32_t x = *state, slot = x & (ENTROPY_TOTAL - 1);
        unsigned symbol = model->symbol_at[slot];

        x = model->symbols[symbol].frequency * (x >> ENTROPY_BITS) + slot - model->symbols[symbol].start;
        uint32_t filled = x << 16 | load_le16(*word);
        size_t low = x < ENTROPY_LOW;
        __asm__("" : "+r"(low)); /* what it stands for is hidden, or the compiler makes a branch of it */
        *state = x ^ ((x ^ filled) & (uint32_t)(0 - low));
        *word += 2 * low;
        return symbol;
}

/* The plain bits that come next, the first one highest: 57 of them are good. One look serves both numbers of
 * a row. */
static inline uint64_t stream_window(const uint8_t *end, uint64_t bit)
{
        return load_le64(end - (bit >> 3) - 8) << (bit & 7);
}

/* The number of a class other than ESCAPE, whose bits stand first in the window. */
static inline uint64_t class_value(unsigned symbol, uint64_t window)
{
        return entropy_class_base[symbol] + (window >> 1 >> (63 - entropy_class_bits[symbol]));
}

static inline __attribute__((always_inline)) uint64_t stream_take_rest(
        struct stream_reader *stream, unsigned symbol)
{
        if (__builtin_expect(symbol == ENTROPY_ESCAPE, 0))
                return stream_take_escaped(stream);
        return entropy_class_base[symbol] + stream_take_bits(stream, entropy_class_bits[symbol]);
}

#define stream_take_symbol0(stream, model) stream_take_symbol(&(stream)->state0, &(stream)->word, model)
#define stream_take_symbol1(stream, model) stream_take_symbol(&(stream)->state1, &(stream)->word, model)
#define stream_take_symbol2(stream, model) stream_take_symbol(&(stream)->state2, &(stream)->word, model)

#endif
