/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BASE_BUFFER_H
#define ROGATORY_BASE_BUFFER_H

/* A growable byte buffer that declares its ceiling when it is made, with a sticky failure.
 *
 * When memory runs out or the ceiling would be passed, `failed` becomes -ENOMEM or -EFBIG, the buffer keeps
 * what it had and every later append does nothing: a writer appends a whole structure and checks once. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buffer {
        uint8_t *bytes;  /* owned; NULL while empty */
        size_t length;   /* bytes in use */
        size_t capacity; /* bytes allocated */
        size_t ceiling;  /* never grows past this many bytes */
        int failed;      /* 0, -ENOMEM or -EFBIG; sticky */
};

/* An empty buffer; allocates nothing yet. */
static inline struct buffer buffer_make(size_t ceiling)
{
        return (struct buffer){.bytes = NULL, .length = 0, .capacity = 0, .ceiling = ceiling, .failed = 0};
}

/* Frees the bytes; the buffer is empty and may be used again. */
void buffer_free(struct buffer *buffer);

/* Forgets content and failure but keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Room for length more bytes at bytes + length (not counted until buffer_append or a manual length +=).
 * 0, -ENOMEM or -EFBIG. */
int buffer_reserve(struct buffer *buffer, size_t length);

/* buffer_append where there is not yet room. */
int buffer_append_grown(struct buffer *buffer, const void *bytes, size_t length);

/* Appends; returns the sticky failure (0 where all is well). Here, because an answer is made of hundreds of
 * short pieces whose lengths the compiler knows. */
static inline int buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
        if (buffer->failed || length == 0 || length > buffer->capacity - buffer->length)
                return buffer_append_grown(buffer, bytes, length);
        memcpy(buffer->bytes + buffer->length, bytes, length);
        buffer->length += length;
        return 0;
}

static inline int buffer_append_u8(struct buffer *buffer, uint8_t value)
{
        return buffer_append(buffer, &value, 1);
}

/* Without the end mark. */
static inline int buffer_append_text(struct buffer *buffer, const char *text)
{
        return buffer_append(buffer, text, strlen(text));
}

int buffer_append_le(struct buffer *buffer, uint64_t value, size_t length); /* little endian, 1..8 bytes */
int buffer_append_be(struct buffer *buffer, uint64_t value, size_t length); /* big endian, 1..8 bytes */
int buffer_append_varint(struct buffer *buffer, uint64_t value);            /* minimal LEB128 */
int buffer_append_decimal(struct buffer *buffer, int64_t value);            /* as "%lld", in digits */
int buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
