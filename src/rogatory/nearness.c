/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/nearness.h"

#include "base/checksum.h"
#include "base/time.h"

#include <string.h>

#define HOUR_BITS 20 /* more than a century of hours */
#define TIME_BITS 12 /* of a bit more than a second each */
#define DIGIT_BITS 8

struct near_item near_item_of(const struct question *q, uint32_t index)
{
        uint64_t hour = (uint64_t)(q->at_ms / TIME_HOUR) & ((UINT64_C(1) << HOUR_BITS) - 1);
        uint64_t within = (uint64_t)(q->at_ms % TIME_HOUR) >> 10 & ((1u << TIME_BITS) - 1);
        /* Of IPv6 addresses it is enough that the same ones stand together. */
        uint32_t address = address_is_ipv4(&q->address)
                                   ? address_ipv4(&q->address)
                                   : (uint32_t)checksum(q->address.bytes, sizeof q->address.bytes);

        return (struct near_item){
                .place = hour << (32 + TIME_BITS) | (uint64_t)address << TIME_BITS | within, .index = index};
}

/* One digit; false where all items have the same, and nothing was moved. */
static bool sort_by_digit(
        const struct near_item *items, size_t count, unsigned shift, struct near_item *ret_items)
{
        size_t places[1 << DIGIT_BITS] = {0}, before = 0;

        for (size_t i = 0; i < count; i++)
                places[items[i].place >> shift & ((1u << DIGIT_BITS) - 1)]++;
        if (places[items[0].place >> shift & ((1u << DIGIT_BITS) - 1)] == count)
                return false;
        for (unsigned digit = 0; digit < 1u << DIGIT_BITS; digit++) {
                size_t here = places[digit];
                places[digit] = before;
                before += here;
        }
        for (size_t i = 0; i < count; i++)
                ret_items[places[items[i].place >> shift & ((1u << DIGIT_BITS) - 1)]++] = items[i];
        return true;
}

void near_items_sort(struct near_item *items, size_t count, struct near_item *spare)
{
        struct near_item *from = items, *to = spare;

        for (unsigned shift = 0; count > 1 && shift < 64; shift += DIGIT_BITS)
                if (sort_by_digit(from, count, shift, to)) {
                        struct near_item *sorted = to;
                        to = from;
                        from = sorted;
                }
        if (from != items)
                memcpy(items, from, count * sizeof *items);
}
