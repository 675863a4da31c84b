/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buffer_free(struct buffer *buffer)
{
        free(buffer->bytes);
        *buffer = buffer_make(buffer->ceiling);
}

void buffer_clear(struct buffer *buffer)
{
        buffer->length = 0;
        buffer->failed = 0;
}

int buffer_reserve(struct buffer *buffer, size_t length)
{
        if (buffer->failed)
                return buffer->failed;
        if (length <= buffer->capacity - buffer->length)
                return 0;
        if (length > buffer->ceiling - buffer->length)
                return buffer->failed = -EFBIG;
        size_t wanted = buffer->capacity ? buffer->capacity : 64;
        if (wanted > buffer->ceiling)
                wanted = buffer->ceiling;
        while (wanted < buffer->length + length)
                wanted = wanted > buffer->ceiling / 2 ? buffer->ceiling : wanted * 2;
        uint8_t *grown = realloc(buffer->bytes, wanted);
        if (!grown)
                return buffer->failed = -ENOMEM;
        buffer->bytes = grown;
        buffer->capacity = wanted;
        return 0;
}

int buffer_append_grown(struct buffer *buffer, const void *bytes, size_t length)
{
        int r = buffer_reserve(buffer, length);
        if (r < 0 || length == 0)
                return r;
        memcpy(buffer->bytes + buffer->length, bytes, length);
        buffer->length += length;
        return 0;
}

int buffer_append_le(struct buffer *buffer, uint64_t value, size_t length)
{
        uint8_t bytes[8];
        for (size_t i = 0; i < 8; i++)
                bytes[i] = (uint8_t)(value >> (8 * i));
        return buffer_append(buffer, bytes, length < 8 ? length : 8);
}

int buffer_append_be(struct buffer *buffer, uint64_t value, size_t length)
{
        uint8_t bytes[8];
        size_t used = length < 8 ? length : 8;
        for (size_t i = 0; i < used; i++)
                bytes[i] = (uint8_t)(value >> (8 * (used - 1 - i)));
        return buffer_append(buffer, bytes, used);
}

int buffer_append_varint(struct buffer *buffer, uint64_t value)
{
        uint8_t bytes[10];
        size_t used = 0;
        while (value >= 0x80) {
                bytes[used++] = (uint8_t)(value | 0x80);
                value >>= 7;
        }
        bytes[used++] = (uint8_t)value;
        return buffer_append(buffer, bytes, used);
}

int buffer_append_decimal(struct buffer *buffer, int64_t value)
{
        char digits[24], *at = digits + sizeof digits;
        uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

        do
                *--at = (char)('0' + rest % 10);
        while ((rest /= 10) > 0);
        if (value < 0)
                *--at = '-';
        return buffer_append(buffer, at, (size_t)(digits + sizeof digits - at));
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
        size_t room = buffer->failed ? 0 : buffer->capacity - buffer->length;
        va_list arguments;

        /* Into the room there is, which is nearly always enough; measuring first would format everything
         * twice. */
        va_start(arguments, format);
        int wanted = vsnprintf(room ? (char *)buffer->bytes + buffer->length : NULL, room, format, arguments);
        va_end(arguments);
        if (wanted < 0)
                return buffer->failed ? buffer->failed : (buffer->failed = -EINVAL);
        if ((size_t)wanted >= room) {
                int r = buffer_reserve(buffer, (size_t)wanted + 1);
                if (r < 0)
                        return r;
                va_start(arguments, format);
                vsnprintf((char *)buffer->bytes + buffer->length, (size_t)wanted + 1, format, arguments);
                va_end(arguments);
        }
        buffer->length += (size_t)wanted;
        return 0;
}
