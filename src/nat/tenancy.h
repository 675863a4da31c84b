/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_TENANCY_H
#define ROGATORY_NAT_TENANCY_H

/* Which subscriber an inside host belonged to during a stretch of time, as far as the leases prove it. A step
 * of attribution.c. */

#include "nat/holding.h"

#define TENANTS_MAX                                                                                          \
        64 /* leases of one host within one question that are looked at; more is answered as unproven */

struct tenant {
        const struct lease *lease;
        bool certain; /* it was theirs at some moment of the stretch for certain */
};

struct tenancy {
        struct tenant tenants[TENANTS_MAX]; /* one per lease that may touch the stretch */
        unsigned count;
        bool proven;   /* one subscriber, and nobody else, throughout */
        bool changed;  /* more than one subscriber */
        bool overflow; /* more leases than TENANTS_MAX touch the stretch */
};

/* vrf_known: the host's VRF matters (a NAT binding); false for an address that is itself asked. `uncertainty`
 * widens the stretch when other subscribers are looked for, because the lease log has a clock of its own. */
void tenancy_find(const struct attribution_rules *rules, const struct evidence *evidence,
        const struct address *address, uint32_t vrf, bool vrf_known, struct stretch stretch,
        struct tenancy *ret);

#endif
