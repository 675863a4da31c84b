/* SPDX-License-Identifier: EUPL-1.2 */
#include "intake/bucket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A large bucket grows by an eighth, so that what the set counts is what it holds. */
#define SMALL_BUCKET 65536

static struct bucket *find(struct bucket_set *set, uint16_t realm, int64_t window_from)
{
        for (size_t i = 0; i < set->count; i++) {
                struct bucket *bucket = &set->items[(set->last + i) % set->count];
                if (bucket->window_from == window_from && bucket->realm == realm) {
                        set->last = (size_t)(bucket - set->items);
                        return bucket;
                }
        }
        return NULL;
}

static int open_bucket(
        struct bucket_set *set, uint16_t realm, int64_t window_from, struct bucket **ret_bucket)
{
        if (set->count == BUCKETS_MAX)
                return -E2BIG;
        if (set->count == set->capacity) {
                size_t capacity = set->capacity ? set->capacity * 2 : 16;
                struct bucket *items = realloc(set->items, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                set->items = items;
                set->capacity = capacity;
        }
        set->last = set->count;
        *ret_bucket = &set->items[set->count++];
        **ret_bucket = (struct bucket){.window_from = window_from, .realm = realm};
        return 0;
}

int bucket_add(struct bucket_set *set, uint16_t realm, int64_t window_from, const struct nat_point *point)
{
        struct bucket *bucket = find(set, realm, window_from);

        if (!bucket) {
                int r = open_bucket(set, realm, window_from, &bucket);
                if (r < 0)
                        return r;
        }
        if (bucket->count == bucket->capacity) {
                size_t more = bucket->capacity < SMALL_BUCKET ? bucket->capacity : bucket->capacity / 8;
                size_t capacity = bucket->capacity ? bucket->capacity + more : 1024;
                struct nat_point *points = realloc(bucket->points, capacity * sizeof *points);
                if (!points)
                        return -ENOMEM;
                set->bytes += (capacity - bucket->capacity) * sizeof *points;
                bucket->points = points;
                bucket->capacity = capacity;
        }
        bucket->points[bucket->count++] = *point;
        return 0;
}

void bucket_drop(struct bucket_set *set, size_t index)
{
        set->bytes -= set->items[index].capacity * sizeof(struct nat_point);
        free(set->items[index].points);
        free(set->items[index].order);
        set->items[index] = set->items[--set->count];
        set->last = 0;
}

void bucket_set_free(struct bucket_set *set)
{
        for (size_t i = 0; i < set->count; i++) {
                free(set->items[i].points);
                free(set->items[i].order);
        }
        free(set->items);
        *set = (struct bucket_set){0};
}

/* One pass of a stable radix sort by eight bits of the address (the upper half of a key); the lower half is
 * the point's place. */
static void radix_pass(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
        size_t starts[256] = {0};

        for (size_t i = 0; i < count; i++)
                starts[from[i] >> shift & 0xff]++;
        size_t sum = 0;
        for (size_t i = 0; i < 256; i++) {
                size_t here = starts[i];
                starts[i] = sum;
                sum += here;
        }
        for (size_t i = 0; i < count; i++)
                to[starts[from[i] >> shift & 0xff]++] = from[i];
}

int bucket_group(struct bucket *bucket)
{
        size_t count = bucket->count;
        uint64_t *keys = calloc(count + 1, sizeof *keys);
        uint64_t *spare = calloc(count + 1, sizeof *spare);
        uint32_t *order = calloc(count + 1, sizeof *order);

        if (!keys || !spare || !order || count > UINT32_MAX) {
                free(keys);
                free(spare);
                free(order);
                return -ENOMEM;
        }
        for (size_t i = 0; i < count; i++)
                keys[i] = (uint64_t)bucket->points[i].outside << 32 | i;
        for (unsigned shift = 32; shift < 64; shift += 16) {
                radix_pass(keys, spare, count, shift);
                radix_pass(spare, keys, count, shift + 8);
        }
        free(spare);
        for (size_t i = 0; i < count; i++)
                order[i] = (uint32_t)keys[i];
        free(keys);
        free(bucket->order);
        bucket->order = order;
        return 0;
}
