/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_CONNTRACK_ENTRY_H
#define ROGATORY_WIRE_CONNTRACK_ENTRY_H

/* One entry of Linux's connection tracking, however it was told (conntrack's lines, netlink messages), and
 * what it says of a NAT. The first tuple is what the inside host sent, the second what its answer is
 * addressed to, so the outside endpoint is dst and dport of the second. Used only by the formats in this
 * room. */

#include "wire/sink.h"

enum conntrack_field {
        CONNTRACK_HAS_SRC = 1,
        CONNTRACK_HAS_DST = 2,
        CONNTRACK_HAS_SPORT = 4,
        CONNTRACK_HAS_DPORT = 8,
        CONNTRACK_HAS_ICMP_ID = 16
};

struct conntrack_tuple {
        uint32_t src, dst;              /* host order */
        uint16_t sport, dport, icmp_id; /* host order */
        unsigned has;                   /* enum conntrack_field */
};

struct conntrack_entry {
        struct conntrack_tuple tuples[2]; /* IPv4; both have their addresses */
        int64_t time_ms;
        uint32_t id;   /* conntrack's own number of it; 0: not told */
        uint32_t zone; /* of the original direction */
        uint16_t exporter;
        uint8_t protocol;
        enum nat_action action;
};

/* 1: ret is the event. 0: the entry translates nothing. -EINVAL: it cannot be; why, and the sentence (not
 * owned) for the refusal. */
int conntrack_entry_event(const struct conntrack_entry *entry, struct nat_event *ret, enum refusal *ret_why,
        const char **ret_sentence);

#endif
