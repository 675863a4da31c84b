/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_PLANNED_H
#define ROGATORY_NAT_PLANNED_H

/* What plans say of one question. A plan is an exporter that is heard without loss while it is valid, about
 * the addresses that it names: its rows are bindings whose edges are known (NAT_PLANNED), its validity is the
 * span that was heard, and where it decides, it is the only exporter that counts. A step of attribution.c. */

#include "nat/holding.h"
#include "nat/plan_set.h"

/* What the rows of the address asked say of an interval. */
struct plan_word {
        bool named;      /* a row of some time names the address */
        bool touches;    /* a row of the address is valid at some moment of the interval */
        bool covers;     /* at every moment, some row of the address */
        bool dynamic;    /* at some moment the ports asked are handed to the logs */
        bool disputed;   /* rows for the ports asked contradict each other */
        bool incomplete; /* rows of the address came out of a table of which lines were refused */
};

/* plan: the rows of the address asked, settled; none where no plan names it. [from_ms, to_ms]: inclusive. */
struct plan_word plan_word_of(
        const struct plan_list *plan, const struct question *question, int64_t from_ms, int64_t to_ms);

/* The plan alone answers: it speaks of every moment and hands nothing to the logs. */
static inline bool plan_decides(const struct plan_word *word)
{
        return word->touches && word->covers && !word->dynamic;
}

/* The plan is among the exporters that must have been heard. Where ports are the logs', it is not: that it is
 * silent of them proves nothing. */
static inline bool plan_counts(const struct plan_word *word)
{
        return word->touches && !word->dynamic;
}

/* Is the row part of the evidence: does it lend the port and protocol asked? Where no port is asked, only
 * rows that are valid at some moment of the interval. */
bool plan_row_answers(
        const struct plan_entry *entry, const struct question *question, int64_t from_ms, int64_t to_ms);

/* The row as a binding; of several ranges the one that holds the port asked, or the first. hosts takes the
 * inside prefix's address. 0 or as host_intern. */
int plan_binding_make(const struct plan_entry *entry, const struct question *question, uint16_t exporter,
        struct host_table *hosts, struct nat_binding *ret);

/* The times at which the plan speaks of the address, as spans of an exporter. 0 or -ENOMEM. */
int plan_add_spans(const struct plan_list *plan, uint16_t exporter, struct coverage *ret);

/* Weighs what logs say against the plan: bindings out of logs that the plan explains or outranks are taken
 * out of the list where it decides. true where one that may touch the interval contradicts it: it was seen at
 * a time at which the plan gives the port to somebody else, or to nobody. */
bool plan_sift(const struct plan_word *word, const struct question *question, const struct evidence *evidence,
        struct stretch interval, struct holding_list *list);

#endif
