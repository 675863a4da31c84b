/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_PLAN_H
#define ROGATORY_NAT_PLAN_H

/* A plan: the mappings that need no log, because they are computed and not chosen (RFC 7422 deterministic
 * NAT, MAP-E and MAP-T, lw4o6, nftables interval maps). The truth is a table of rows with validity times;
 * formulas only generate it. */

#include "base/address.h"
#include "base/error.h"
#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

/* During [from_ms, to_ms) these outside ports are lent to this inside host and to nobody else. */
struct plan_row {
        int64_t from_ms, to_ms; /* ms since 1970 UTC; to_ms TIME_UNKNOWN: until further notice */
        struct prefix inside;   /* an IPv4 or IPv6 host, or the delegated IPv6 prefix (MAP, DS-Lite's B4) */
        uint32_t vrf;           /* of the inside host; 0 where there is none */
        uint32_t outside;       /* IPv4, host order */
        uint16_t port_first, port_last; /* of the first range, inclusive, host order */
        uint16_t repeat_every;          /* distance of the ranges' first ports; 0 where there is one range */
        uint16_t repeat_count;          /* number of ranges, at least 1 (RFC 7597 section 5.1: 2^a - 1) */
        uint8_t protocol;               /* IANA number, or 0: every protocol */
        bool is_dynamic; /* nobody's by plan: these ports are lent by the NAT as it runs, and its log says to
                          * whom (RFC 7422 section 2.2); inside is then none */
};

/* Is the row possible: an outside address, ranges within 0..65535 that do not overlap each other, one inside
 * host or delegated prefix (none where is_dynamic), a protocol that has ports, an end behind its beginning?
 * 0, -EINVAL or (times) -ERANGE with the reason. */
int plan_row_check(const struct plan_row *row, struct error *error);

bool plan_row_has_port(const struct plan_row *row, uint16_t port);

/* Of all ranges together. */
uint32_t plan_row_ports(const struct plan_row *row);

/* The row's range number `index` (0..repeat_count - 1). */
void plan_row_range(const struct plan_row *row, unsigned index, uint16_t *ret_first, uint16_t *ret_last);

/* The instant is in [from_ms, to_ms). */
bool plan_row_is_valid_at(const struct plan_row *row, int64_t instant);

/* At some moment both are valid and lend one port for one protocol, whoever they lend it to. */
bool plan_rows_meet(const struct plan_row *a, const struct plan_row *b);

#endif
