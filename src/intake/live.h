/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INTAKE_LIVE_H
#define ROGATORY_INTAKE_LIVE_H

/* The records of a live node on their way into the store: an import that is fed events instead of files. It
 * gathers in memory; a merge writes what it holds, and until then a question about an outside address sees
 * the windows as that merge would leave them.
 *
 * Exporters have the number of their section in rogatory.conf. The store that is given at the beginning is
 * read for its settings alone, and must outlive it. */

#include "intake/intake.h"
#include "nat/sharing.h"

#define INTAKE_LIVE_GAPS_JOIN 4096u /* pieces of hearing are joined whenever so many more have come */

/* An access server repeats a record until it is answered, while those of others, and its own later ones, are
 * heard: that a live lease log is complete is believed only so long after its time, or for as long as the
 * `delay` of the exporter that tells it where that is longer. */
#define INTAKE_LIVE_LEASE_SETTLE_MS TIME_MINUTE

/* -EINVAL where a setting cannot be used (a dialect that is none), -E2BIG (more exporters than an import
 * has), -ENOMEM. */
int intake_live_new(struct depot *depot, struct intake **ret_intake, struct error *error);

/* What came: 0; 1 where it was refused (no such exporter, an impossible port, a time far from now), which is
 * counted; negative with a message where it cannot go on (no memory, too many hosts). now_ms: of this
 * machine's clock. */
int intake_live_event(
        struct intake *intake, const struct nat_event *event, int64_t now_ms, struct error *error);
/* These come next: at most BUCKET_EXPECTED_MAX are looked at. */
void intake_live_expect(const struct intake *intake, const struct nat_event *events, size_t count);
int intake_live_lease(struct intake *intake, uint16_t exporter, const struct lease_event *event,
        int64_t now_ms, struct error *error);
/* Pieces of what was heard and missed, in any order and as often as one likes. */
int intake_live_span(struct intake *intake, const struct coverage_span *span, struct error *error);
int intake_live_gap(struct intake *intake, const struct coverage_gap *gap, struct error *error);
/* Records of the realm's lease log were refused: no log of it is complete. */
void intake_live_torn(struct intake *intake, const char *realm);

struct intake_live_state {
        size_t bytes; /* of memory, about */
        uint64_t events, leases, refused;
        int64_t first_ms, last_ms; /* of event times; TIME_UNKNOWN where there is none */
        size_t windows;            /* that have events */
        bool is_empty;             /* nothing came, not even a piece of hearing */
};
struct intake_live_state intake_live_state(const struct intake *intake);

/* Writes all of it into a store that is opened for writing. The intake is used up, whatever comes of it: call
 * it in a process of its own. sharing: NULL, or how the addresses of each realm (by the number of its
 * section) are shared in its latest hour; of realms where no such hour is written it stays as it is. */
struct intake_live_merged {
        uint64_t windows, bytes;
        uint64_t paired, open; /* bindings, each counted in the window it begins in */
};
int intake_live_merge(struct intake *intake, struct depot *depot, int64_t now_ms, struct sharing *sharing,
        struct intake_live_merged *ret_merged, struct error *error);

/* The windows that concern an outside address as they would be after a merge, into the memory of a store
 * (depot_begin_memory). The intake stays as it is, but for hosts and exporters that it learns. */
int intake_live_show(
        struct intake *intake, struct depot *depot, uint32_t outside, int64_t now_ms, struct error *error);

/* The leases of a realm that are not in the store, joined: borrowed, by prefix and beginning. ret_until: as
 * lease_heard_until of what they are; LEASE_LOG_TORN where records were refused. */
int intake_live_leases(
        struct intake *intake, const char *realm, const struct lease_list **ret_leases, int64_t *ret_until);

#endif
