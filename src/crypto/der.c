/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/der.h"

#include <string.h>

#define CONSTRUCTED 0x20
#define HIGH_TAG 0x1f

/* X.690 clause 8.1.3 and 10.1: the definite form, in the fewest octets. */
static bool read_length(struct cursor *cursor, size_t *ret_length)
{
        uint8_t first = cursor_u8(cursor);
        size_t octets = first & 0x7f;

        if (first < 0x80) {
                *ret_length = first;
                return !cursor->overrun;
        }
        if (octets == 0 || octets > 4)
                return false;
        uint64_t length = cursor_be(cursor, octets);
        if (cursor->overrun || length < 0x80 || length >> (8 * (octets - 1)) == 0)
                return false;
        *ret_length = (size_t)length;
        return true;
}

bool der_next(struct cursor *cursor, struct der *ret_element)
{
        const uint8_t *start = cursor->at;
        uint8_t tag = cursor_u8(cursor);
        size_t length = 0;

        if (!cursor->overrun && (tag & HIGH_TAG) != HIGH_TAG && read_length(cursor, &length)) {
                const uint8_t *content = cursor_take(cursor, length);
                if (content) {
                        *ret_element = (struct der){.tag = tag,
                                .content = content,
                                .length = length,
                                .whole = start,
                                .whole_length = (size_t)(content - start) + length};
                        return true;
                }
        }
        cursor->overrun = true;
        cursor->at = cursor->end;
        return false;
}

bool der_expect(struct cursor *cursor, uint8_t tag, struct der *ret_element)
{
        struct der element;
        if (!der_next(cursor, &element) || element.tag != tag) {
                cursor->overrun = true;
                return false;
        }
        *ret_element = element;
        return true;
}

bool der_follows(const struct cursor *cursor, uint8_t tag)
{
        return !cursor->overrun && cursor->at < cursor->end && *cursor->at == tag;
}

struct cursor der_within(const struct der *element)
{
        return cursor_over(element->content, element->length);
}

bool der_is(const struct der *element, const void *object, size_t length)
{
        return element->tag == DER_OBJECT && element->length == length &&
               memcmp(element->content, object, length) == 0;
}

int der_small(const struct der *element)
{
        return element->tag == DER_INTEGER && element->length == 1 && element->content[0] < 0x80
                       ? element->content[0]
                       : -1;
}

/* Clause 8.3.2: an integer has no needless octet; 11.1: true is ff. */
static bool sound_value(const struct der *element)
{
        const uint8_t *c = element->content;

        if (element->tag == DER_BOOLEAN)
                return element->length == 1 && (c[0] == 0 || c[0] == 0xff);
        if (element->tag == DER_INTEGER)
                return element->length > 0 &&
                       (element->length == 1 ||
                               !((c[0] == 0 && c[1] < 0x80) || (c[0] == 0xff && c[1] >= 0x80)));
        return element->tag != DER_NULL || element->length == 0;
}

bool der_is_sound(const void *bytes, size_t length)
{
        struct cursor open[DER_DEPTH_MAX];
        size_t depth = 0;
        struct der element;

        open[0] = cursor_over(bytes, length);
        for (;;) {
                if (cursor_left(&open[depth]) == 0) {
                        if (depth == 0)
                                return true;
                        depth--;
                        continue;
                }
                if (!der_next(&open[depth], &element) || !sound_value(&element))
                        return false;
                if (!(element.tag & CONSTRUCTED))
                        continue;
                if (++depth == DER_DEPTH_MAX)
                        return false;
                open[depth] = der_within(&element);
        }
}
