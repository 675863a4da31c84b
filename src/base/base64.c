/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/base64.h"

#include <errno.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_write(const void *bytes, size_t length, struct buffer *ret)
{
        const uint8_t *at = bytes;

        if (length > SIZE_MAX / 2)
                return ret->failed = -EFBIG;
        if (buffer_reserve(ret, BASE64_LENGTH(length)) < 0)
                return ret->failed;
        while (length > 0) {
                uint32_t group = (uint32_t)at[0] << 16;
                char four[4];
                if (length > 1)
                        group |= (uint32_t)at[1] << 8;
                if (length > 2)
                        group |= at[2];
                four[0] = alphabet[group >> 18];
                four[1] = alphabet[group >> 12 & 63];
                four[2] = length > 1 ? alphabet[group >> 6 & 63] : '=';
                four[3] = length > 2 ? alphabet[group & 63] : '=';
                buffer_append(ret, four, 4);
                size_t taken = length < 3 ? length : 3;
                at += taken;
                length -= taken;
        }
        return ret->failed;
}

static int digit(char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The bytes of four characters, of which the last `padding` are '='. 0 or -EINVAL. */
static int read_group(const char *text, size_t padding, struct buffer *ret)
{
        uint32_t group = 0;

        for (size_t i = 0; i < 4; i++) {
                int value = i < 4 - padding ? digit(text[i]) : 0;
                if (value < 0)
                        return -EINVAL;
                group = group << 6 | (uint32_t)value;
        }
        /* RFC 4648 section 3.5: other bits there would be a second writing of the same content. */
        if (group & ((1u << 8 * padding) - 1))
                return -EINVAL;
        return buffer_append_be(ret, group >> 8 * padding, 3 - padding);
}

int base64_read(struct slice text, struct buffer *ret)
{
        size_t before = ret->length, padding = 0;

        if (text.length % 4 != 0)
                return -EINVAL;
        if (text.length > 0 && text.text[text.length - 1] == '=')
                padding = text.text[text.length - 2] == '=' ? 2 : 1;
        for (size_t at = 0; at < text.length; at += 4) {
                int r = read_group(text.text + at, at + 4 == text.length ? padding : 0, ret);
                if (r < 0) {
                        ret->length = before;
                        return r;
                }
        }
        return ret->failed;
}
