/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_PLAN_SET_H
#define ROGATORY_NAT_PLAN_SET_H

/* The rows of all plans of a realm as one set, and what they say together: where an open row ends, and which
 * rows contradict each other. */

#include "nat/plan.h"

#include <stddef.h>

enum plan_mark {
        PLAN_DISPUTED = 1 << 0, /* another row gives some of its ports to somebody else at some of its time */
        PLAN_INCOMPLETE = 1 << 1, /* it came last out of a table of which other rows were refused */
};
#define PLAN_MARKS_KNOWN (PLAN_DISPUTED | PLAN_INCOMPLETE)

/* A row with what follows for it from the others. */
struct plan_entry {
        struct plan_row row; /* as its table says it */
        int64_t until_ms;    /* exclusive: row.to_ms, or where a later row takes the place of an open one;
                              * TIME_UNKNOWN: until further notice */
        uint32_t place;      /* line of the file that is being imported; 0: was stored before */
        uint16_t exporter;   /* the caller's number for the plan's name */
        uint8_t marks;       /* enum plan_mark */
};

/* A growable array; zero-initialise. */
struct plan_list {
        struct plan_entry *items; /* owned */
        size_t count, capacity;
};

int plan_list_append(struct plan_list *list, const struct plan_entry *entry); /* 0 or -ENOMEM */
void plan_list_free(struct plan_list *list);

/* Total order of the set, by outside address, then beginning, then everything that makes a row this row (not
 * what follows from others). */
int plan_entry_compare(const void *a, const void *b);

/* Rows of one outside address that are weighed against each other. */
#define PLAN_ADDRESS_ROWS_MAX 65536u

/* Called once for every row that is newly found disputed, with one that disputes it. */
struct plan_report {
        void *context;
        void (*disputed)(void *context, const struct plan_entry *row, const struct plan_entry *by);
};

/* Makes the set of the list, whose rows are all possible (plan_row_check): sorts, keeps each row once (with
 * what the later import says of completeness: the one that stands later in the list), drops an open row where
 * the same row with an end is there; ends each open row where the next row for a port of its own begins, and
 * marks as disputed what gives a port to two holders at one time. A function of the set of rows, but for
 * PLAN_INCOMPLETE. 0, -ENOMEM, or -E2BIG for an address with more than PLAN_ADDRESS_ROWS_MAX rows
 * (ret_outside names it). */
int plan_settle(struct plan_list *list, const struct plan_report *report, uint32_t *ret_outside);

/* The same holder: inside prefix and VRF, or both the logs'. */
bool plan_same_holder(const struct plan_row *a, const struct plan_row *b);

#endif
