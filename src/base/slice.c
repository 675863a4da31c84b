/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/slice.h"

#include <errno.h>

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice slice)
{
        while (slice.length && is_blank(slice.text[0])) {
                slice.text++;
                slice.length--;
        }
        while (slice.length && is_blank(slice.text[slice.length - 1]))
                slice.length--;
        return slice;
}

struct slice slice_cut(struct slice *rest, char mark)
{
        struct slice piece = *rest;
        const char *found = rest->length ? memchr(rest->text, mark, rest->length) : NULL;

        if (!found) {
                *rest = slice_make(rest->length ? rest->text + rest->length : rest->text, 0);
                return piece;
        }
        piece.length = (size_t)(found - rest->text);
        *rest = slice_make(found + 1, rest->length - piece.length - 1);
        return piece;
}

int slice_fitting(const char *text, unsigned most)
{
        size_t length = strnlen(text, (size_t)most + 1);

        if (length > most) {
                length = most;
                while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
                        length--;
        }
        return (int)length;
}

struct slice slice_word(struct slice *rest)
{
        while (rest->length && is_blank(rest->text[0])) {
                rest->text++;
                rest->length--;
        }
        struct slice word = slice_make(rest->text, 0);
        while (word.length < rest->length && !is_blank(rest->text[word.length]))
                word.length++;
        rest->text += word.length;
        rest->length -= word.length;
        return word;
}

int slice_number(struct slice slice, uint64_t maximum, uint64_t *ret_number)
{
        uint64_t number = 0;

        if (slice.length == 0)
                return -EINVAL;
        for (size_t i = 0; i < slice.length; i++) {
                unsigned digit = (unsigned)(slice.text[i] - '0');
                if (digit > 9)
                        return -EINVAL;
                if (number > (UINT64_MAX - digit) / 10)
                        return -ERANGE;
                number = number * 10 + digit;
        }
        if (number > maximum)
                return -ERANGE;
        *ret_number = number;
        return 0;
}
