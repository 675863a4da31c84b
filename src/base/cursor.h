/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BASE_CURSOR_H
#define ROGATORY_BASE_CURSOR_H

/* The one way in which bytes from outside are read: a bounded cursor with a sticky error.
 *
 * A read past the end sets `overrun`, returns zero and moves to the end; every later read does the same, so a
 * decoder may read a whole structure and check once. All multi-byte reads named be are big endian (network
 * order), those named le little endian. The cursor borrows the bytes; it owns nothing and never allocates. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
        const uint8_t *start; /* first byte of the bounded area */
        const uint8_t *at;    /* next byte to read */
        const uint8_t *end;   /* one past the last byte */
        bool overrun;         /* a read went past the end; sticky */
};

static inline struct cursor cursor_over(const void *bytes, size_t length)
{
        const uint8_t *start = bytes;
        return (struct cursor){.start = start, .at = start, .end = start + length, .overrun = false};
}

/* Bytes not yet read. */
static inline size_t cursor_left(const struct cursor *cursor)
{
        return (size_t)(cursor->end - cursor->at);
}

/* Bytes already read: the offset for error messages. */
static inline size_t cursor_offset(const struct cursor *cursor)
{
        return (size_t)(cursor->at - cursor->start);
}

/* Takes length bytes: a pointer to them, or NULL (and overrun set) where fewer are left. */
static inline const uint8_t *cursor_take(struct cursor *cursor, size_t length)
{
        if (cursor->overrun || cursor_left(cursor) < length) {
                cursor->overrun = true;
                cursor->at = cursor->end;
                return NULL;
        }
        const uint8_t *taken = cursor->at;
        cursor->at += length;
        return taken;
}

static inline void cursor_skip(struct cursor *cursor, size_t length)
{
        (void)cursor_take(cursor, length);
}

/* A cursor over the next length bytes, which are skipped here. Overrun is set in both where fewer are left.
 */
static inline struct cursor cursor_part(struct cursor *cursor, size_t length)
{
        const uint8_t *taken = cursor_take(cursor, length);
        struct cursor part = cursor_over(taken ? taken : cursor->end, taken ? length : 0);
        part.overrun = taken == NULL;
        return part;
}

static inline uint8_t cursor_u8(struct cursor *cursor)
{
        const uint8_t *p = cursor_take(cursor, 1);
        return p ? p[0] : 0;
}

/* Big-endian unsigned integer of length 0..8 bytes (IPFIX reduced-size encoding, RFC 7011 section 6.2). */
static inline uint64_t cursor_be(struct cursor *cursor, size_t length)
{
        uint64_t value = 0;
        const uint8_t *p = length <= 8 ? cursor_take(cursor, length) : cursor_take(cursor, SIZE_MAX);
        for (size_t i = 0; p && i < length; i++)
                value = value << 8 | p[i];
        return value;
}

static inline uint16_t cursor_be16(struct cursor *cursor)
{
        return (uint16_t)cursor_be(cursor, 2);
}

static inline uint32_t cursor_be32(struct cursor *cursor)
{
        return (uint32_t)cursor_be(cursor, 4);
}

static inline uint64_t cursor_be64(struct cursor *cursor)
{
        return cursor_be(cursor, 8);
}

/* Little-endian unsigned integer of length 0..8 bytes (our own files, pcap headers). */
static inline uint64_t cursor_le(struct cursor *cursor, size_t length)
{
        uint64_t value = 0;
        const uint8_t *p = length <= 8 ? cursor_take(cursor, length) : cursor_take(cursor, SIZE_MAX);
        for (size_t i = 0; p && i < length; i++)
                value |= (uint64_t)p[i] << (8 * i);
        return value;
}

static inline uint16_t cursor_le16(struct cursor *cursor)
{
        return (uint16_t)cursor_le(cursor, 2);
}

static inline uint32_t cursor_le32(struct cursor *cursor)
{
        return (uint32_t)cursor_le(cursor, 4);
}

static inline uint64_t cursor_le64(struct cursor *cursor)
{
        return cursor_le(cursor, 8);
}

/* LEB128, at most 10 bytes; anything longer or not minimal sets overrun (one value has one encoding). */
uint64_t cursor_varint(struct cursor *cursor);

#endif
