/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INTAKE_BUCKET_H
#define ROGATORY_INTAKE_BUCKET_H

/* Instants on their way into the store, held by realm and window until they are merged. */

#include "nat/event.h"

#include <stddef.h>
#include <stdint.h>

/* What happened in one window of one realm; in order of arrival. */
struct bucket {
        int64_t window_from;
        uint16_t realm;           /* the caller's number */
        struct nat_point *points; /* owned */
        size_t count, capacity;
        uint32_t *order; /* owned; NULL until bucket_group */
};

struct bucket_set {
        struct bucket *items; /* owned */
        size_t count, capacity;
        size_t last;  /* the bucket used last: events come in order of time, nearly */
        size_t bytes; /* memory held by all points */
};

/* 0, -ENOMEM, or -E2BIG where more than BUCKETS_MAX windows are open at once (a log whose times jump about
 * wildly). */
#define BUCKETS_MAX 20000
int bucket_add(struct bucket_set *set, uint16_t realm, int64_t window_from, const struct nat_point *point);

/* Frees the points of one bucket and forgets it; the order of the others may change. */
void bucket_drop(struct bucket_set *set, size_t index);
void bucket_set_free(struct bucket_set *set);

/* Groups the points of a bucket by outside address, ascending; within an address in order of arrival. 0 or
 * -ENOMEM. */
int bucket_group(struct bucket *bucket);

#endif
