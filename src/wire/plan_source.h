/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_PLAN_SOURCE_H
#define ROGATORY_WIRE_PLAN_SOURCE_H

/* Plans that products print or are configured by. They say nothing about time: validity, VRF and protocol
 * come from the caller's pattern. Rows go to sink->plan; what cannot be read goes to sink->refused with its
 * line, and then the plan must not be used: ports of the rows that are missing would be called nobody's.
 * Pure. */

#include "nat/plan.h"
#include "wire/sink.h"

/* 0, or what the sink returned. *ret_used: how many records (map elements, softwires, lines) gave rows. */
typedef int plan_source(struct slice text, const struct plan_row *pattern, const struct decode_sink *sink,
        uint64_t *ret_used);

/* `nft list map`, `nft list maps`, `nft list ruleset`: maps from an inside address to an outside address and
 * ports (wire/nft_map.c). The output of `nft -j` is read by the program. */
plan_source nft_map_read;

/* A binding table of lw4o6 (RFC 7596 section 6): CSV with the columns b4_ipv6, ipv4, psid, psid_length and
 * psid_offset, or the softwires of a Snabb lwAFTR configuration. */
plan_source softwire_table_read;

/* A10's listing of fixed NAT: FIXED-NAT-PORTS INSIDE->OUTSIDE:FIRST-LAST, anywhere in a line. */
plan_source fixed_nat_read;

/* One element of a map: inside_first..inside_last are given ports of outside. Where several hosts share them,
 * the row is dynamic: only the NAT's log says who had a port. */
struct nft_element {
        uint32_t inside_first, inside_last; /* host order */
        uint32_t outside_first, outside_last;
        uint16_t port_first, port_last;
};

/* 0, -EINVAL with the reason, as plan_row_check, or what the sink returned. */
int nft_element_deliver(const struct nft_element *element, const struct plan_row *pattern,
        const struct decode_sink *sink, struct error *error);

/* "100.64.0.1", "100.64.0.8/30", "100.64.0.20-100.64.0.22". -EINVAL with a message. */
int ipv4_range_parse(struct slice text, uint32_t *ret_first, uint32_t *ret_last, struct error *error);

/* "1024" or "1024-2047". -EINVAL with a message. */
int port_range_parse(struct slice text, uint16_t *ret_first, uint16_t *ret_last, struct error *error);

#endif
