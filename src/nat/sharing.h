/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_SHARING_H
#define ROGATORY_NAT_SHARING_H

/* How many users share a public address: for those who run a NAT under a limit (16 users behind one IPv4
 * address is what Belgium's operators agreed to), never for an answer. A user is an inside host that held a
 * binding of the address within one hour; that is at least as many as at any one moment of it. */

#include "nat/binding.h"

#include <stdint.h>

#define SHARING_LIMIT 16u  /* users of one address: above it an address is counted as over */
#define SHARING_EXACT 128u /* up to here addresses are counted by their users one by one */
#define SHARING_WORST 8u

struct sharing_address {
        uint32_t outside; /* host order */
        uint32_t users;   /* 0: none, and none behind it */
};

/* One hour of one realm, or of several. Plain numbers; zero-initialised but for window_from, it says nothing.
 */
struct sharing {
        int64_t window_from;                   /* TIME_UNKNOWN: no hour yet */
        uint64_t open;                         /* bindings that may live on when it ends */
        uint32_t addresses[SHARING_EXACT + 1]; /* [n]: those with n users; the last: with so many or more */
        struct sharing_address worst[SHARING_WORST]; /* most users first, then the lower address */
};

#define SHARING_NONE ((struct sharing){.window_from = TIME_UNKNOWN})

/* Which hosts were met; zero-initialise, and keep for address after address. */
struct sharing_counter {
        uint32_t *turns; /* by host number: when it was met last; owned */
        size_t room;
        uint32_t turn;
};

void sharing_counter_free(struct sharing_counter *counter);

/* How many hosts held these bindings, all of one outside address; bindings without a host count for nobody. 0
 * or -ENOMEM. */
int sharing_count(struct sharing_counter *counter, const struct nat_binding *bindings, size_t count,
        uint32_t *ret_users);

/* Another address of the same hour; nothing where it has no users. */
void sharing_add(struct sharing *sharing, uint32_t outside, uint32_t users);

/* Takes another realm in: the later hour wins, those of the same hour are added. An address that two realms
 * have is two addresses. */
void sharing_join(struct sharing *sharing, const struct sharing *other);

/* Addresses with more users than the limit; a limit of SHARING_EXACT or above is taken as SHARING_EXACT - 1.
 */
uint64_t sharing_over(const struct sharing *sharing, uint32_t limit);

#endif
