/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_LEASE_H
#define ROGATORY_NAT_LEASE_H

/* A lease: a subscriber had an inside address (or a delegated IPv6 prefix) from one instant to another. */

#include "base/address.h"
#include "nat/binding.h"

enum lease_flag {
        LEASE_STANDING = 1 << 0, /* no end given by a source that states intervals (a customer table): valid
                                  * until a later row says otherwise */
        LEASE_ANY_VRF = 1 << 1,  /* the source names no VRF */
        LEASE_RENEWABLE =
                1 << 2, /* runs out unless renewed (DHCP): `session` names the client and not a session,
                         * so two of them are one lease only where they meet, and what no record covers
                         * proves nothing, however complete the lease log is said to be */
};

#define SUBSCRIBER_MAX 256 /* bytes, with the end mark */

/* One instant or interval out of a lease log. */
struct lease_event {
        struct prefix prefix;
        uint32_t vrf;
        uint64_t session; /* hash of the source's own identity (Acct-Session-Id ...), 0 where it has none */
        int64_t from_ms, to_ms; /* TIME_UNKNOWN where not said */
        uint8_t from_edge,
                to_edge; /* a Start: from OBSERVED, to OPEN; a Stop: to OBSERVED, from BOUND where the
                          * session time is given (the session's beginning: the address
                          * may have been given later); an interim: both INTERIM and equal; a row: both */
        uint8_t flags;   /* enum lease_flag */
        char subscriber[SUBSCRIBER_MAX]; /* UTF-8, never empty */
};

/* A stored lease is the same, with what is known of both edges after all events of its session were joined.
 */
struct lease {
        int64_t seen_until_ms; /* the last instant at which the source said that it existed; TIME_UNKNOWN if
                                  never. An end that is only BOUND is no such instant, unless the beginning
                                  was computed from it. */
        struct lease_event is; /* the last, and its name the last of it (lease_heap.h) */
};

struct lease_list {
        struct lease *items; /* owned */
        size_t count, capacity;
};

int lease_list_append(struct lease_list *list, const struct lease *lease); /* 0 or -ENOMEM */
void lease_list_free(struct lease_list *list);

/* Joins: events of one session (same prefix, VRF, subscriber, session) become one lease; repeated ones
 * collapse; a closed row replaces the standing one with the same beginning; renewable leases of one client
 * that meet become one. A function of the set. Sorted by prefix, then from. 0 or -ENOMEM. */
int lease_join(struct lease_list *list);

/* The same over rows that are moved by their pointers. Returns how many are left, in front. */
size_t lease_join_rows(struct lease **rows, size_t count);

#endif
