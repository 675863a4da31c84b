/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/conntrack_entry.h"

#include <errno.h>

/* The endpoints of one tuple as ports, whatever the protocol calls them. */
static bool tuple_ports(const struct conntrack_tuple *tuple, uint8_t protocol, uint16_t *ret_source,
        uint16_t *ret_destination)
{
        bool is_icmp = protocol == 1;
        unsigned needed = is_icmp ? CONNTRACK_HAS_ICMP_ID : CONNTRACK_HAS_SPORT | CONNTRACK_HAS_DPORT;

        if ((tuple->has & needed) != needed)
                return false;
        *ret_source = is_icmp ? tuple->icmp_id : tuple->sport;
        *ret_destination = is_icmp ? tuple->icmp_id : tuple->dport;
        return true;
}

static int refused(enum refusal why, const char *sentence, enum refusal *ret_why, const char **ret_sentence)
{
        *ret_why = why;
        *ret_sentence = sentence;
        return -EINVAL;
}

int conntrack_entry_event(const struct conntrack_entry *entry, struct nat_event *ret, enum refusal *ret_why,
        const char **ret_sentence)
{
        const struct conntrack_tuple *sent = &entry->tuples[0], *answered = &entry->tuples[1];
        uint16_t source = 0, destination = 0, reply_source = 0, reply_destination = 0;
        bool has_port = nat_protocol_has_port(entry->protocol);

        if (answered->dst == 0 || sent->src == 0)
                return refused(REFUSAL_BAD_VALUE, "the address 0.0.0.0 cannot take part in a NAT", ret_why,
                        ret_sentence);
        if (has_port && (!tuple_ports(sent, entry->protocol, &source, &destination) ||
                                !tuple_ports(answered, entry->protocol, &reply_source, &reply_destination)))
                return refused(REFUSAL_MISSING_FIELD,
                        "its protocol has ports (ICMP: an id), but they are not in both tuples", ret_why,
                        ret_sentence);
        if (answered->dst == sent->src && reply_destination == source)
                return 0;
        *ret = (struct nat_event){.time_ms = entry->time_ms,
                .inside = address_from_ipv4(sent->src),
                .destination = address_from_ipv4(sent->dst),
                .outside = answered->dst,
                .vrf = entry->zone,
                .session = entry->id,
                .exporter = entry->exporter,
                .protocol = entry->protocol,
                .kind = NAT_SESSION,
                .port_first = has_port ? reply_destination : 0,
                .port_last = has_port ? reply_destination : UINT16_MAX,
                .inside_port = source,
                .destination_port = entry->protocol == 1 ? 0 : destination,
                .action = (uint8_t)entry->action,
                .flags = NAT_HAS_DESTINATION | NAT_DESTINATION_BOUND};
        if (has_port)
                ret->flags |= NAT_HAS_INSIDE_PORT;
        return 1;
}
