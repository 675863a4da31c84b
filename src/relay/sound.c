/* SPDX-License-Identifier: EUPL-1.2 */
#include "relay/sound.h"

#include "base/time.h"
#include "nat/binding.h"

#include <string.h>

#define EVENT_FLAGS                                                                                          \
        (NAT_PORT_UNKNOWN | NAT_INSIDE_UNKNOWN | NAT_HAS_INSIDE_PORT | NAT_HAS_DESTINATION |                 \
                NAT_DESTINATION_BOUND)
#define LEASE_FLAGS (LEASE_STANDING | LEASE_ANY_VRF | LEASE_RENEWABLE)
#define SPAN_FLAGS                                                                                           \
        (SPAN_SEQUENCED | SPAN_BEGINS_EMPTY | SPAN_CONTINUES | SPAN_HAS_EVENTS | SPAN_AFTER_OTHERS |         \
                SPAN_KNOWN_ONLY)

/* A span begins a second behind its first message, also where that is the only one, or others overtook it. */
#define SPAN_BACK_MS INT64_C(10000)

static bool is_instant(int64_t instant)
{
        return instant >= TIME_FIRST && instant < TIME_LIMIT;
}

const char *relay_event_flaw(const struct relay_limits *limits, const struct nat_event *event)
{
        if (!is_instant(event->time_ms))
                return "an instant that cannot be";
        if (event->exporter >= limits->exporters)
                return "an exporter that is not configured";
        if (event->kind >= NAT_KIND_COUNT || event->action >= NAT_ACTION_COUNT ||
                event->flags & ~(unsigned)EVENT_FLAGS)
                return "a kind, an action or a flag that no log has";
        if (event->port_first > event->port_last)
                return "outside ports that end before they begin";
        if (event->flags & NAT_INSIDE_UNKNOWN && !address_is_none(&event->inside))
                return "an inside host, and that it is not known";
        if (!(event->flags & NAT_HAS_DESTINATION) && !address_is_none(&event->destination))
                return "a destination, and that there is none";
        return NULL;
}

static bool is_edge(uint8_t edge, int64_t instant)
{
        /* An edge that was not seen has no instant, any other has one. */
        return edge < EDGE_COUNT && edge != EDGE_REUSED && (edge == EDGE_OPEN) == (instant == TIME_UNKNOWN) &&
               (edge == EDGE_OPEN || is_instant(instant));
}

const char *relay_lease_flaw(
        const struct relay_limits *limits, uint16_t exporter, const struct lease_event *lease)
{
        if (exporter >= limits->exporters)
                return "an exporter that is not configured";
        if (!is_edge(lease->from_edge, lease->from_ms) || !is_edge(lease->to_edge, lease->to_ms))
                return "an edge that cannot be";
        if (lease->flags & ~(unsigned)LEASE_FLAGS)
                return "a flag that no lease has";
        if (lease->prefix.length > 128)
                return "a prefix that is too long";
        struct prefix prefix = prefix_of(&lease->prefix.address, lease->prefix.length);
        if (address_compare(&prefix.address, &lease->prefix.address) != 0)
                return "a prefix with host bits";
        if (!lease->subscriber[0] || !memchr(lease->subscriber, 0, sizeof lease->subscriber))
                return "no subscriber";
        return NULL;
}

const char *relay_span_flaw(const struct relay_limits *limits, const struct coverage_span *span)
{
        if (span->exporter >= limits->exporters)
                return "an exporter that is not configured";
        if (!is_instant(span->from) || !is_instant(span->to) || span->from - span->to > SPAN_BACK_MS)
                return "a time that cannot be";
        if (span->flags & ~(unsigned)SPAN_FLAGS)
                return "a flag that no span has";
        if (span->delay_ms < 0)
                return "a delay below zero";
        if ((span->offset_min_ms == OFFSET_UNKNOWN) != (span->offset_max_ms == OFFSET_UNKNOWN) ||
                span->offset_min_ms > span->offset_max_ms)
                return "offsets of a clock that cannot be";
        return NULL;
}

const char *relay_gap_flaw(const struct relay_limits *limits, const struct coverage_gap *gap)
{
        if (gap->exporter >= limits->exporters)
                return "an exporter that is not configured";
        if (!is_instant(gap->from) || !is_instant(gap->to) || gap->from > gap->to)
                return "a time that cannot be";
        if (gap->reason >= GAP_REASON_COUNT)
                return "a reason that no gap has";
        return NULL;
}
