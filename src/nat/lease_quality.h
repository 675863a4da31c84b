/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_LEASE_QUALITY_H
#define ROGATORY_NAT_LEASE_QUALITY_H

/* Do the leases of a realm fit together? Contradictions and gaps that show that records were lost, or that
 * two sources do not agree. They change no verdict: that is made from the leases themselves. Names nobody. */

#include "nat/lease.h"

enum lease_flaw {
        LEASE_OVERLAP, /* a lease of a prefix begins while another subscriber's of the same prefix stands */
        LEASE_NESTED,  /* a lease stands within a larger prefix that is another subscriber's at the time */
        LEASE_END_UNSEEN, /* no end is known, but the prefix has a later lease: the end was lost */
        LEASE_HOLE,       /* between two leases of one subscriber an end or a beginning was not seen */
        LEASE_SEEN_ONCE,  /* no end, no later sign of life, and the log went on for more than LEASE_SILENCE_MS
                           */
        LEASE_FLAW_COUNT
};

/* A longer time between two leases of a subscriber is no hole: he was away. */
#define LEASE_HOLE_MOST_MS TIME_DAY
#define LEASE_SILENCE_MS TIME_DAY
/* Times of whole seconds: a lease that ends in a second meets one that begins in it. */
#define LEASE_TOUCH_MS TIME_SECOND

#define LEASE_EXAMPLES 3

struct lease_example {
        struct prefix prefix;
        uint32_t vrf;
        int64_t from_ms; /* OVERLAP, NESTED: both stand; END_UNSEEN, HOLE: not known; SEEN_ONCE: seen then */
        int64_t to_ms;   /* TIME_UNKNOWN: on; the same as from_ms for SEEN_ONCE */
};

struct lease_quality {
        struct {
                uint64_t count;
                struct lease_example first[LEASE_EXAMPLES]; /* of `count` at most */
        } flaws[LEASE_FLAW_COUNT];
};

/* Adds what is found among the leases of one realm, in any order. 0 or -ENOMEM. */
int lease_quality_add(const struct lease *leases, size_t count, struct lease_quality *quality);
/* The same of rows by their pointers (lease_heap.h). */
int lease_quality_of(struct lease *const *leases, size_t count, struct lease_quality *quality);

const char *lease_flaw_name(enum lease_flaw flaw);     /* "overlap": stable, for JSON */
const char *lease_flaw_sentence(enum lease_flaw flaw); /* "leases ...", behind a number */

#endif
