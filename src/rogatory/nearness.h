/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_NEARNESS_H
#define ROGATORY_ROGATORY_NEARNESS_H

/* The order in which the questions of a batch are answered: by hour, because that is a window, then by
 * address, which is a sheet of it, then by time, which is the order of its blocks. It decides how long they
 * take, never what is answered. */

#include "nat/attribution.h"

#include <stddef.h>
#include <stdint.h>

struct near_item {
        uint64_t place; /* hour, address, time within the hour, as far as they go into it */
        uint32_t index; /* the caller's */
};

struct near_item near_item_of(const struct question *question, uint32_t index);

/* Stable. spare: as much room again. */
void near_items_sort(struct near_item *items, size_t count, struct near_item *spare);

#endif
