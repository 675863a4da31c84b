/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_UPKEEP_PRESERVE_H
#define ROGATORY_UPKEEP_PRESERVE_H

/* Quick freeze: copies the records of one endpoint and time into a hold, and no others (doc/format/hold.md).
 */

#include "depot/hold.h"

/* One hold covers at most this much. */
#define PRESERVE_LONGEST_MS (31 * TIME_DAY)

struct preserve_counts {
        uint64_t bindings, leases, plan_rows;
        uint64_t hours; /* of which the coverage is copied */
};

/* Fills a hold in its folder. hold: everything but id and margin is given. On success it exists, but does not
 * appear before depot_hold_publish: the record of access comes between. The depot must be open for writing.
 * -ERANGE where what is asked is outside retention, -ENOTSUP where a plan speaks of the address and gives the
 * port to nobody, each with words. After a failure nothing is left. */
int preserve(struct depot *depot, struct hold *hold, struct preserve_counts *ret_counts, struct error *error);

/* Destroys a hold: its keys, where it is sealed, then the rest. */
int hold_destroy(struct depot *depot, const struct hold *hold, struct error *error);

/* Does the hold answer a question that was judged over [from, to]? */
bool hold_covers(const struct hold *hold, const struct question *question, int64_t from_ms, int64_t to_ms);

#endif
