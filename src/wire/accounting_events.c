/* SPDX-License-Identifier: EUPL-1.2 */
/* What an accounting record means. All its times are whole seconds: a start counts from the beginning of its
 * second, a stop until the end of it. */
#include "wire/accounting.h"

#include "base/checksum.h"

#include <stdio.h>

static int refuse(struct accounting_result *result, enum refusal refusal, const char *why)
{
        result->outcome = ACCOUNTING_REFUSED;
        result->refusal = refusal;
        snprintf(result->why, sizeof result->why, "%s", why);
        return 0;
}

/* The instant of the record. *ret_exact: it is the NAS's own; false: no later than that. NULL, or why there
 * is none. */
static const char *instant_of(
        const struct accounting_record *record, struct accounting_result *result, bool *ret_exact)
{
        int64_t delay = record->delay_ms > 0 ? record->delay_ms : 0;
        bool received = record->received_ms != TIME_UNKNOWN, stated = record->event_ms != TIME_UNKNOWN;
        int64_t sent = received ? record->received_ms - delay : TIME_UNKNOWN;

        if (!stated && !received)
                return "neither an Event-Timestamp that says its zone nor a Timestamp";
        if (stated && received) {
                result->offset_known = true;
                result->offset_ms = record->event_ms - sent;
                if (result->offset_ms > ACCOUNTING_REACH_MS || result->offset_ms < -ACCOUNTING_REACH_MS)
                        return "Event-Timestamp is more than a day from when the record came";
        }
        *ret_exact = stated;
        result->instant_ms = stated ? record->event_ms : sent;
        return result->instant_ms >= TIME_FIRST ? NULL : "the time lies before 1970";
}

static uint64_t session_of(const struct accounting_record *record)
{
        uint64_t nas = record->nas[0] ? record->nas[0] : record->nas[1] ? record->nas[1] : record->nas[2];
        uint64_t parts[2] = {record->session_id, nas};
        uint64_t hash = checksum(parts, sizeof parts);

        return record->session_id == 0 ? 0 : hash ? hash : 1;
}

/* --- Leases --- */

/* Both edges as RFC 2866 sections 5.1 and 5.7 tell them. */
static void set_edges(
        const struct accounting_record *record, int64_t instant, bool exact, struct lease_event *event)
{
        event->from_ms = event->to_ms = TIME_UNKNOWN;
        event->from_edge = event->to_edge = EDGE_OPEN;
        if (record->status == ACCOUNTING_START) {
                event->from_ms = instant;
                event->from_edge = EDGE_OBSERVED;
        } else if (record->status == ACCOUNTING_INTERIM) {
                event->from_ms = event->to_ms = instant;
                event->from_edge = event->to_edge = EDGE_INTERIM;
        } else {
                event->to_ms = instant + TIME_SECOND - 1;
                event->to_edge = exact ? EDGE_OBSERVED : EDGE_BOUND;
                if (record->session_time_ms >= 0 && event->to_ms - record->session_time_ms >= TIME_FIRST) {
                        event->from_ms = event->to_ms - record->session_time_ms;
                        event->from_edge = EDGE_BOUND;
                }
        }
}

/* A NAT that accounts for its port ranges by itself calls its users by their inside addresses (7750 SR RADIUS
 * Attributes Reference, LSN accounting). Taken for a subscriber, that would stand against the one whom the
 * access server names for the same address. */
static bool is_address_name(const char *name)
{
        static const char *const begins[] = {"LSN44@", "DS-Lite@", "DS-LITE@", "NAT64@"};
        struct address address;

        for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
                size_t length = strlen(begins[i]);
                if (strncmp(name, begins[i], length) == 0)
                        return address_parse(slice_of(name + length), &address, NULL) == 0;
        }
        return false;
}

static const char *subscriber_of(const struct accounting_record *record)
{
        const char *name = record->subscriber[0]   ? record->subscriber
                           : record->chargeable[0] ? record->chargeable
                                                   : record->calling;

        return is_address_name(name) ? "" : name;
}

/* The address that prefix and interface identifier make (RFC 3162 section 2.2): where several users share a
 * prefix, it is his alone. */
static bool framed_host(const struct accounting_record *record, struct prefix *ret)
{
        if (!record->has_interface || record->framed_prefix_count != 1 || record->framed_prefix.length > 64)
                return false;
        *ret = (struct prefix){.address = record->framed_prefix.address, .length = 128};
        memcpy(ret->address.bytes + 8, record->interface, sizeof record->interface);
        return true;
}

static int deliver_lease(
        const struct lease_event *event, const struct decode_sink *sink, struct accounting_result *result)
{
        result->leases++;
        return sink->lease ? sink->lease(sink->context, event) : 0;
}

static int deliver_leases(const struct accounting_record *record, const char *subscriber, bool exact,
        const struct decode_sink *sink, struct accounting_result *result)
{
        struct lease_event event = {.session = session_of(record), .flags = LEASE_ANY_VRF};
        int r = 0;

        set_edges(record, result->instant_ms, exact, &event);
        memcpy(event.subscriber, subscriber, strlen(subscriber));
        for (size_t i = 0; i < record->prefix_count && r == 0; i++) {
                event.prefix = record->prefixes[i];
                r = deliver_lease(&event, sink, result);
        }
        if (r == 0 && framed_host(record, &event.prefix))
                r = deliver_lease(&event, sink, result);
        return r;
}

/* --- Port ranges --- */

/* Of an IPv6 user (DS-Lite, NAT64) only a prefix may be known: its first address stands for it, and the lease
 * of the prefix names the user. None: the record names no inside host. */
static struct address inside_of(const struct accounting_record *record)
{
        struct prefix host;

        if (!address_is_none(&record->framed_ipv4))
                return record->framed_ipv4;
        if (!address_is_none(&record->framed_ipv6))
                return record->framed_ipv6;
        if (framed_host(record, &host))
                return host.address;
        if (record->framed_prefix.length)
                return record->framed_prefix.address;
        if (record->delegated_prefix.length)
                return record->delegated_prefix.address;
        return (struct address){{0}};
}

/* What a range's event is: an enum nat_action, or -1 with the reason.
 *
 * An interim that says "allocated" may report it anew or again: that it is held now is true of both. */
static int action_of(const struct accounting_record *record, const struct accounting_range *range, bool exact,
        const char **ret_why)
{
        unsigned change = range->change;

        if (record->status == ACCOUNTING_STOP)
                return exact ? NAT_CLOSE : NAT_CLOSE_BOUND;
        if (record->status == ACCOUNTING_START) {
                *ret_why = "a Start that gives a port range back";
                return change == CHANGE_TAKEN ? -1 : NAT_OPEN;
        }
        /* Under one Acct-Session-Id for all ranges Nokia sends an interim where one is given or taken; with
         * an Acct-Multi-Session-Id each range has a session, and reasons 1 to 11 have nothing to do with NAT.
         */
        if (change == CHANGE_NOKIA) {
                bool regular = record->nokia_reason >= 1 && record->nokia_reason <= 11;
                *ret_why = "an interim that does not say whether the port range was given or taken";
                return regular || record->multi_session_id ? NAT_ALIVE : -1;
        }
        if (change == CHANGE_TAKEN)
                return exact ? NAT_CLOSE : NAT_CLOSE_BOUND;
        return NAT_ALIVE;
}

static int deliver_range(const struct accounting_record *record, const struct accounting_range *range,
        bool exact, uint16_t exporter, const struct decode_sink *sink, struct accounting_result *result)
{
        struct nat_event event = {
                .time_ms = result->instant_ms,
                .inside = address_is_none(&range->inside) ? inside_of(record) : range->inside,
                .outside = range->outside ? range->outside : record->nokia_outside,
                .port_first = range->first,
                .port_last = range->last,
                .inside_port = range->inside_port,
                .exporter = exporter,
                .protocol = range->protocol,
                .kind = range->is_mapping ? NAT_MAPPING : NAT_BLOCK,
                .flags = range->is_mapping ? NAT_HAS_INSIDE_PORT : 0,
        };
        const char *why = NULL;
        int action = action_of(record, range, exact, &why);

        if (event.outside == 0) {
                action = -1;
                why = "a port range without its outside address";
        }
        if (action < 0) {
                result->unusable = result->unusable ? result->unusable : why;
                return 0;
        }
        event.action = (uint8_t)action;
        if (action == NAT_CLOSE || action == NAT_CLOSE_BOUND)
                event.time_ms += TIME_SECOND - 1;
        if (address_is_none(&event.inside))
                event.flags |= NAT_INSIDE_UNKNOWN;
        result->events++;
        return sink->event ? sink->event(sink->context, &event) : 0;
}

/* The n-th address, first and last port belong together; one address may stand for all. */
static int deliver_triples(const struct accounting_record *record, const struct accounting_triples *triples,
        enum accounting_change change, bool exact, uint16_t exporter, const struct decode_sink *sink,
        struct accounting_result *result)
{
        int r = 0;

        for (size_t i = 0; i < triples->first_count && r == 0; i++) {
                struct accounting_range range = {
                        .outside = triples->outside[triples->outside_count == 1 ? 0 : i],
                        .first = triples->first[i],
                        .last = triples->last[i],
                        .change = (uint8_t)change,
                };
                r = deliver_range(record, &range, exact, exporter, sink, result);
        }
        return r;
}

static bool triples_are_sound(const struct accounting_triples *triples)
{
        if (triples->first_count != triples->last_count ||
                (triples->outside_count != triples->first_count && triples->outside_count != 1))
                return false;
        for (size_t i = 0; i < triples->first_count; i++)
                if (triples->first[i] > triples->last[i])
                        return false;
        return true;
}

/* Huawei's HW-Nat-Port-Range-Update (26.2011.165): 0 ports were added, 1 ports were deleted, 3 the public
 * information changed, which says nothing of what it was before. Without it nothing changed. */
static int deliver_huawei(const struct accounting_record *record, bool exact, uint16_t exporter,
        const struct decode_sink *sink, struct accounting_result *result)
{
        enum accounting_change change = record->huawei_update == 0   ? CHANGE_GIVEN
                                        : record->huawei_update == 1 ? CHANGE_TAKEN
                                                                     : CHANGE_UNSAID;

        if (record->huawei.first_count == 0)
                return 0;
        if (record->status == ACCOUNTING_INTERIM && record->huawei_update > 1) {
                result->unusable = "an interim by which port ranges changed otherwise than by being added or "
                                   "deleted";
                return 0;
        }
        return deliver_triples(record, &record->huawei, change, exact, exporter, sink, result);
}

static int deliver_ranges(const struct accounting_record *record, bool exact, uint16_t exporter,
        const struct decode_sink *sink, struct accounting_result *result)
{
        int r = 0;

        for (size_t i = 0; i < record->range_count && r == 0; i++)
                r = deliver_range(record, &record->ranges[i], exact, exporter, sink, result);
        if (r == 0)
                r = deliver_huawei(record, exact, exporter, sink, result);
        if (r == 0)
                r = deliver_triples(record, &record->h3c, CHANGE_UNSAID, exact, exporter, sink, result);
        return r;
}

/* --- The record --- */

static uint64_t hash_ranges(const struct accounting_record *record, uint64_t key)
{
        for (size_t i = 0; i < record->range_count; i++) {
                const struct accounting_range *range = &record->ranges[i];
                uint64_t parts[3] = {key,
                        (uint64_t)range->outside << 32 | (uint32_t)range->first << 16 | range->last,
                        range->change};
                key = checksum(parts, sizeof parts);
        }
        for (size_t i = 0; i < record->huawei.first_count; i++)
                key = key * 31 + record->huawei.first[i];
        for (size_t i = 0; i < record->h3c.first_count; i++)
                key = key * 31 + record->h3c.first[i];
        return key;
}

/* Everything that a copy of the record says too, though it may come later or another way. */
static uint64_t key_of(const struct accounting_record *record, const char *subscriber, uint16_t scope)
{
        uint64_t parts[7] = {session_of(record), record->status, (uint64_t)record->session_time_ms, scope,
                checksum(subscriber, strlen(subscriber)),
                checksum(record->prefixes, record->prefix_count * sizeof record->prefixes[0]),
                (uint64_t)record->huawei_update};

        return hash_ranges(record, checksum(parts, sizeof parts));
}

/* A copy says what the first one said when it said it. Records with their own time need none of this, and
 * without a session nothing tells a copy from the next event. */
static void find_repeat(const struct accounting_record *record, struct accounting_repeats *repeats,
        uint16_t scope, const char *subscriber, struct accounting_result *result)
{
        uint64_t key = key_of(record, subscriber, scope);
        size_t at = key % ACCOUNTING_REPEATS;
        int64_t first = repeats->seen[at].instant, apart = result->instant_ms - first;

        if (key == repeats->seen[at].key && apart <= ACCOUNTING_REPEAT_MS && apart >= -ACCOUNTING_REPEAT_MS) {
                result->instant_ms = first;
                result->is_repeated = true;
                return;
        }
        repeats->seen[at].key = key;
        repeats->seen[at].instant = result->instant_ms;
}

static bool has_ranges(const struct accounting_record *record)
{
        return record->range_count > 0 || record->huawei.first_count > 0 || record->h3c.first_count > 0 ||
               record->unusable;
}

static int deliver_sound(const struct accounting_record *record, uint16_t exporter,
        struct accounting_repeats *repeats, uint16_t scope, const struct decode_sink *sink,
        struct accounting_result *result)
{
        const char *subscriber = subscriber_of(record);
        bool exact = false, ranges = has_ranges(record);
        const char *why = instant_of(record, result, &exact);
        int r = 0;

        if (why)
                return refuse(result, REFUSAL_IMPOSSIBLE_TIME, why);
        if (!triples_are_sound(&record->huawei) || !triples_are_sound(&record->h3c))
                return refuse(result, REFUSAL_BAD_VALUE,
                        "NAT addresses, first and last ports do not belong together");
        result->outcome = record->prefix_count || ranges ? ACCOUNTING_USED : ACCOUNTING_NOTHING;
        if (result->outcome == ACCOUNTING_NOTHING)
                return 0;
        if (!subscriber[0] && !ranges)
                return refuse(result, REFUSAL_MISSING_FIELD, "no User-Name says whose address this was");
        if (repeats && !exact && record->session_id)
                find_repeat(record, repeats, scope, subscriber, result);
        result->unusable = record->unusable;
        if (subscriber[0])
                r = deliver_leases(record, subscriber, exact, sink, result);
        return r == 0 ? deliver_ranges(record, exact, exporter, sink, result) : r;
}

int accounting_deliver(const struct accounting_record *record, uint16_t exporter,
        struct accounting_repeats *repeats, uint16_t scope, const struct decode_sink *sink,
        struct accounting_result *ret)
{
        bool exact;

        ret->outcome = ACCOUNTING_PASSED;
        ret->instant_ms = TIME_UNKNOWN;
        ret->offset_ms = 0;
        ret->offset_known = ret->is_repeated = false;
        ret->unusable = NULL;
        ret->leases = ret->events = 0;
        if (record->wrong[0])
                return refuse(ret, record->refusal, record->wrong);
        switch (record->status) {
        case ACCOUNTING_NO_STATUS:
                return refuse(
                        ret, REFUSAL_MISSING_FIELD, "no Acct-Status-Type: is this an accounting record?");
        case ACCOUNTING_ON_OFF:
                ret->outcome = ACCOUNTING_RESTART;
                (void)instant_of(record, ret, &exact);
                return 0;
        case ACCOUNTING_OTHER:
                return 0;
        default:
                return deliver_sound(record, exporter, repeats, scope, sink, ret);
        }
}
