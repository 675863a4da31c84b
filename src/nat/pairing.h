/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_PAIRING_H
#define ROGATORY_NAT_PAIRING_H

/* From instants to intervals.
 *
 * Pairing is a function of the set of instants, never of the order in which they were read: bindings that are
 * already stored are taken apart into their instants, united with the new ones and paired again. So a late, a
 * repeated or a reordered file ends in the same store. Both sides of a pair name the same outside endpoint,
 * inside endpoint, protocol, kind, exporter, source identity and (where kept) destination. Among several open
 * instants a close takes the latest: across a gap that is the only choice that cannot claim time in which
 * another may have held the endpoint, and without a gap the time held is the same for every choice. */

#include "nat/binding.h"

/* Pairs the instants of one outside address.
 *
 * points: all with the same `outside`, in any order. Two equal points are one event heard
 * twice. keep_destinations: false removes destinations before pairing (the store must not learn them); two
 * flows of one inside endpoint that began in the same millisecond still count as two. stored: bindings that
 * are known already (may be NULL where stored_count is 0); the same instant in `points` and in `stored` is
 * the same event. ret: the resulting bindings are appended, sorted by binding_compare. 0 or -ENOMEM. */
int pairing_run(const struct nat_point *points, size_t point_count, bool keep_destinations,
        const struct nat_binding *stored, size_t stored_count, struct binding_list *ret);

#endif
