/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_PLAN_TABLE_H
#define ROGATORY_NAT_PLAN_TABLE_H

/* Rows of a plan in memory, with the line each stood in. */

#include "nat/plan.h"

#include <stddef.h>

/* Rows of one plan: 2^22 is a MAP domain with 22 EA bits, or every customer of a large operator. */
#define PLAN_ROWS_MAX ((size_t)1 << 22)

struct plan_line {
        struct plan_row row;
        uint64_t line; /* of the file, from 1; 0 where the row was computed */
};

struct plan_table {
        struct plan_line *lines; /* owned */
        size_t count, capacity;
};

/* 0, -ENOMEM, or -EFBIG beyond PLAN_ROWS_MAX, with a message. */
int plan_table_append(
        struct plan_table *table, const struct plan_row *row, uint64_t line, struct error *error);
void plan_table_free(struct plan_table *table);

/* By outside address, first port, beginning, protocol, inside host. */
void plan_table_sort(struct plan_table *table);

/* The same rows in the same order (lines do not count). */
bool plan_table_is_same(const struct plan_table *a, const struct plan_table *b);

/* The only host to which the rows lend this port at this instant: 1 with the row; 0: no row has the port, it
 * is nobody's (or `protocol` is not among those of the row); -EEXIST: two rows have it. A dynamic pool is a
 * row. protocol 0: rows of every protocol. */
int plan_table_holder(const struct plan_table *table, uint32_t outside, uint16_t port, uint8_t protocol,
        int64_t instant, const struct plan_row **ret_row);

/* Whose a row is: VRF and inside; all dynamic pools are the same nobody. */
int plan_holder_compare(const struct plan_row *a, const struct plan_row *b);

#endif
