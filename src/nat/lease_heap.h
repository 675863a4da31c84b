/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_LEASE_HEAP_H
#define ROGATORY_NAT_LEASE_HEAP_H

/* Leases by the million: each takes as much memory as its subscriber's name needs, a quarter of a struct
 * lease as a rule, and is moved by its pointer. */

#include "nat/lease.h"

struct lease_heap_block;

/* Zero-initialise. */
struct lease_heap {
        /* Owned. What an item points to ends behind its subscriber's name: it may be read and its times
         * changed, but not copied as a whole. */
        struct lease **items;
        size_t count, capacity;
        struct lease_heap_block *blocks; /* owned */
        size_t added;                    /* rows in them, those that were joined to others too */
        size_t bytes;                    /* memory held */
};

int lease_heap_add(struct lease_heap *heap, const struct lease *lease); /* 0 or -ENOMEM */
void lease_heap_free(struct lease_heap *heap);

/* As lease_join. Rows that were joined to others leave holes; where these are a quarter, what is left moves
 * together. 0 or -ENOMEM. */
int lease_heap_join(struct lease_heap *heap);

/* Appends every item, whole, to a list. 0 or -ENOMEM. */
int lease_heap_list(const struct lease_heap *heap, struct lease_list *ret);

#endif
