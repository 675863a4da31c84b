/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_STATISTICS_H
#define ROGATORY_CUSTODY_STATISTICS_H

/* The yearly statistics of Article 28(2) of Regulation (EU) 2023/1543, recomputed from the openings of a log,
 * so that whoever may read the log can tell whether the figures reported are right. An order belongs to the
 * calendar year (UTC) in which it was issued, or received where the log is the addressee's; whatever became
 * of it later counts in that year too. An order for several categories of data counts in each of them, and
 * once in the totals. Pure. */

#include "custody/log_entry.h"

#define STATISTICS_ORDERS_MAX 1000000u

struct statistics;

/* 0 or -ENOMEM. */
int statistics_new(int year, struct statistics **ret_statistics);
void statistics_free(struct statistics *statistics); /* NULL is fine */

/* Of a log whose node died within a step: an entry "step-undone" comes behind those of the step that had no
 * effect. To be called with every entry before the first one is added. 0; -ENOMEM. */
int statistics_look_ahead(struct statistics *statistics, const struct log_entry *entry, struct error *error);

/* Takes the entries of a log in their order, and leaves out those of steps that were undone. Kinds that say
 * nothing of orders are ignored. 0; -EFBIG where there are more than STATISTICS_ORDERS_MAX orders; -ENOMEM.
 */
int statistics_add(struct statistics *statistics, const struct log_entry *entry, struct error *error);
/* An entry whose opening was erased: what it said is missing in the figures, which is told beside them. */
void statistics_add_erased(struct statistics *statistics);

/* doc/format/custody-log.md says what stands in it. 0 and a new reference; -ENOMEM. */
int statistics_to_json(const struct statistics *statistics, json_t **ret_json);

#endif
