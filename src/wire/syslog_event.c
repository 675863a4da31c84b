/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/syslog_event.h"

static int object(struct syslog_objection *objection, enum refusal refusal, const char *why)
{
        objection->refusal = refusal;
        objection->why = why;
        return -1;
}

static int take_block(
        const struct syslog_found *found, struct nat_event *event, struct syslog_objection *objection)
{
        uint64_t last = found->last;

        if (!syslog_has(found, SYSLOG_FIRST) ||
                (!syslog_has(found, SYSLOG_LAST) && !syslog_has(found, SYSLOG_COUNT)))
                return object(objection, REFUSAL_MISSING_FIELD, "a block without its first or last port");
        if (!syslog_has(found, SYSLOG_LAST)) {
                if (found->count == 0 || found->count > UINT16_MAX + 1u)
                        return object(objection, REFUSAL_BAD_VALUE, "a block of no ports");
                last = found->first + found->count - 1;
        } else if (syslog_has(found, SYSLOG_COUNT) && found->count != last - found->first + 1) {
                return object(objection, REFUSAL_BAD_VALUE,
                        "first port, last port and size of the block contradict each other");
        }
        if (found->first > last || last > UINT16_MAX)
                return object(objection, REFUSAL_BAD_VALUE, "the block's ports run backwards or past 65535");
        event->port_first = (uint16_t)found->first;
        event->port_last = (uint16_t)last;
        return 1;
}

static int take_port(
        const struct syslog_match *match, struct nat_event *event, struct syslog_objection *objection)
{
        const struct syslog_found *found = &match->found;
        unsigned flags = match->pattern->flags;
        uint64_t port = found->first;
        bool has = syslog_has(found, SYSLOG_FIRST);

        event->port_last = UINT16_MAX;
        if (!nat_protocol_has_port(event->protocol))
                return 1;
        if (!has && flags & SYSLOG_PORT_FOLLOWS_INSIDE && syslog_has(found, SYSLOG_INSIDE_PORT)) {
                port = found->inside_port;
                has = true;
        }
        bool is_icmp = event->protocol == 1 || event->protocol == 58;
        if (is_icmp && flags & SYSLOG_ICMP_UNCLEAR) {
                event->flags &= (uint8_t)~NAT_HAS_INSIDE_PORT;
                event->inside_port = 0;
                event->flags |= NAT_PORT_UNKNOWN;
                return 1;
        }
        if (!has && !(flags & SYSLOG_PORT_NOT_LOGGED))
                return object(objection, REFUSAL_MISSING_FIELD, "no outside port");
        if (!has) {
                event->flags |= NAT_PORT_UNKNOWN;
                return 1;
        }
        /* ICMP has identifiers instead, and 0 is one of them. */
        if (port > UINT16_MAX || (port == 0 && !is_icmp))
                return object(objection, REFUSAL_BAD_VALUE, "the outside port is none of 1 to 65535");
        event->port_first = event->port_last = (uint16_t)port;
        return 1;
}

static int take_ports(
        const struct syslog_match *match, struct nat_event *event, struct syslog_objection *objection)
{
        const struct syslog_found *found = &match->found;
        bool has_port = nat_protocol_has_port(event->protocol);

        if (event->kind == NAT_ADDRESS) {
                event->port_last = UINT16_MAX;
                return 1;
        }
        if (event->kind == NAT_BLOCK)
                return take_block(found, event, objection);
        if (!syslog_has(found, SYSLOG_PROTOCOL) && match->pattern->protocol == NAT_PROTOCOL_ANY)
                return object(objection, REFUSAL_MISSING_FIELD, "no protocol");
        if (has_port && syslog_has(found, SYSLOG_INSIDE_PORT)) {
                if (found->inside_port > UINT16_MAX)
                        return object(objection, REFUSAL_BAD_VALUE, "an inside port above 65535");
                event->inside_port = (uint16_t)found->inside_port;
                event->flags |= NAT_HAS_INSIDE_PORT;
        }
        return take_port(match, event, objection);
}

static int take_destination(
        const struct syslog_found *found, struct nat_event *event, struct syslog_objection *objection)
{
        /* 0.0.0.0 is how some write that none is kept; it is nowhere, and a flow to nowhere would hide who
         * had one to elsewhere. */
        if (!syslog_has(found, SYSLOG_DESTINATION) || address_is_none(&found->destination) ||
                (address_is_ipv4(&found->destination) && address_ipv4(&found->destination) == 0))
                return 1;
        event->destination = found->destination;
        event->flags |= NAT_HAS_DESTINATION;
        if (!syslog_has(found, SYSLOG_DESTINATION_PORT) || !nat_protocol_has_port(event->protocol) ||
                event->protocol == 1 || event->protocol == 58)
                return 1;
        if (found->destination_port > UINT16_MAX)
                return object(objection, REFUSAL_BAD_VALUE, "a destination port above 65535");
        event->destination_port = (uint16_t)found->destination_port;
        return 1;
}

/* The same address and port inside and outside: logged, but nothing was translated. */
static bool is_untranslated(const struct syslog_found *found, const struct nat_event *event)
{
        struct address outside = address_from_ipv4(event->outside);
        bool one_port = event->kind == NAT_SESSION || event->kind == NAT_MAPPING;

        if (address_compare(&found->inside, &outside) != 0)
                return false;
        return !one_port || !(event->flags & NAT_HAS_INSIDE_PORT) || event->flags & NAT_PORT_UNKNOWN ||
               event->inside_port == event->port_first;
}

int syslog_event_make(
        const struct syslog_match *match, struct nat_event *ret, struct syslog_objection *objection)
{
        const struct syslog_pattern *pattern = match->pattern;
        const struct syslog_found *found = &match->found;
        int action = found->action == SYSLOG_PASS ? pattern->action : found->action;

        if (action == SYSLOG_NOTHING || (syslog_has(found, SYSLOG_OUTSIDE) && found->outside_is_ipv6))
                return 0;
        if (action == SYSLOG_PASS)
                return object(objection, REFUSAL_UNKNOWN_EVENT, "it does not say what happened");
        if (!syslog_has(found, SYSLOG_INSIDE) || !syslog_has(found, SYSLOG_OUTSIDE))
                return object(objection, REFUSAL_MISSING_FIELD, "no inside or no outside address");
        if (found->outside == 0 && pattern->flags & SYSLOG_ZERO_UNTRANSLATED)
                return 0;
        struct address inside = found->inside;
        if (found->outside == 0 || address_is_none(&inside) ||
                (address_is_ipv4(&inside) && address_ipv4(&inside) == 0))
                return object(objection, REFUSAL_BAD_VALUE, "the address 0.0.0.0 cannot take part in a NAT");
        struct nat_event event = {.inside = inside,
                .outside = found->outside,
                .vrf = syslog_has(found, SYSLOG_VRF) ? found->vrf : 0,
                .session = syslog_has(found, SYSLOG_SESSION) ? found->session : 0,
                .protocol = syslog_has(found, SYSLOG_PROTOCOL) ? found->protocol : pattern->protocol,
                .kind = (uint8_t)pattern->kind,
                .action = (uint8_t)action};
        if (pattern->flags & SYSLOG_DESTINATION_DEPENDENT)
                event.flags |= NAT_DESTINATION_BOUND;
        int r = take_ports(match, &event, objection);
        if (r > 0 && (event.kind == NAT_SESSION || event.kind == NAT_MAPPING))
                r = take_destination(found, &event, objection);
        if (r < 0)
                return r;
        if (is_untranslated(found, &event))
                return 0;
        *ret = event;
        return 1;
}
