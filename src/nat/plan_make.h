/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_PLAN_MAKE_H
#define ROGATORY_NAT_PLAN_MAKE_H

/* Formulas that make plans. Each appends its rows to a table, in the order of the inside hosts, or makes
 * nothing and says why: a formula that would name somebody by accident is refused. Pure. */

#include "nat/plan_table.h"

/* IPv4 addresses one after the other. */
struct plan_pool {
        uint32_t first; /* host order */
        uint64_t count; /* 1..2^32 */
};

/* What the block formulas have in common. */
struct plan_blocks {
        struct plan_row pattern; /* validity, VRF and protocol of every row; the rest is not read */
        struct plan_pool inside, outside;
        uint16_t port_first, port_last; /* the ports that the NAT lends; all others are reserved */
        uint32_t ratio;                 /* inside hosts per outside address; 0: as many as the pools need */
        uint32_t block_size;            /* ports of each host; 0: as many as there are */
        uint32_t dynamic;  /* RFC 7422 section 2: D, the dynamic pool in shares of one host; 0: none */
        bool is_staggered; /* every C-th port is a host's, in place of a block */
};

/* RFC 7422 section 2.2: C hosts share an address, each has M = (ports / (C + D)) of its ports; what is left
 * above them is the dynamic pool where D is not 0, and otherwise nobody's. */
int plan_make_rfc7422(const struct plan_blocks *blocks, struct plan_table *ret, struct error *error);

/* Juniper's deterministic NAPT44: block = int(64512 / ceil(inside / outside)) unless it is given, from port
 * 1024 on. `inside` holds the hosts that are translated: without include-boundary-addresses the caller has
 * left out the first and the last of the prefix. ratio, dynamic and the ports are not read. */
int plan_make_juniper(const struct plan_blocks *blocks, struct plan_table *ret, struct error *error);

/* A10's fixed NAT: with a block size (ports-per-user) as few outside addresses as are needed
 * (use-least-nat-ips), without one all of them (use-all-nat-ips). */
int plan_make_a10(const struct plan_blocks *blocks, struct plan_table *ret, struct error *error);

/* VPP's det44 (and the NAT44 deterministic mode before it): the ratio of two prefixes, 64512 ports divided by
 * it, from port 1024 on. Lengths of IPv4 prefixes, 0..32. */
int plan_make_det44(const struct plan_row *pattern, uint32_t inside, unsigned inside_length, uint32_t outside,
        unsigned outside_length, struct plan_table *ret, struct error *error);

/* A basic mapping rule of MAP-E (RFC 7597 section 5.2) and MAP-T (RFC 7599 section 5). */
struct plan_map_rule {
        struct prefix ipv6;   /* Rule IPv6 prefix */
        uint32_t ipv4;        /* Rule IPv4 prefix, host order, host bits zero */
        unsigned ipv4_length; /* 0..32 */
        unsigned ea_length;   /* bits of the end-user prefix that hold IPv4 suffix and PSID */
        unsigned psid_offset; /* a: 0..15; RFC 7597 section 5.1 */
};

/* One row (or one per address, where an end user has several) for each value of the EA bits; the inside is
 * the end-user IPv6 prefix. */
int plan_make_map(const struct plan_row *pattern, const struct plan_map_rule *rule, struct plan_table *ret,
        struct error *error);

/* The ports of one port set (RFC 7597 section 5.1) into the row; psid_length 0: every port. -ERANGE with a
 * message where offset, length and value do not fit together. */
int plan_port_set(
        struct plan_row *row, unsigned psid_offset, unsigned psid_length, uint32_t psid, struct error *error);

#endif
