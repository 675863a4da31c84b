/* SPDX-License-Identifier: EUPL-1.2 */
/* NAT events and intervals as CSV with a header row; doc/format/csv.md is what users are told. */
#include "base/checksum.h"
#include "wire/csv_row.h"

#include <stdio.h>
#include <stdlib.h>

enum column {
        TIME,
        EVENT,
        START,
        END,
        PROTOCOL,
        OUTSIDE_ADDRESS,
        OUTSIDE_PORT,
        OUTSIDE_PORT_END,
        INSIDE_ADDRESS,
        INSIDE_PORT,
        DESTINATION_ADDRESS,
        DESTINATION_PORT,
        VRF,
        KIND,
        SESSION,
        COLUMN_COUNT
};

/* Only names that can mean nothing else: a wrong column would name a wrong person. */
static const char *const names[COLUMN_COUNT] = {"time|timestamp", "event", "start|valid_from|start_time",
        "end|valid_to|valid_until|end_time", "protocol|proto",
        "outside_address|outside_ip|public_address|public_ip|external_address|external_ip",
        "outside_port|public_port|external_port",
        "outside_port_end|outside_port_last|public_port_end|external_port_end",
        "inside_address|inside_ip|private_address|private_ip|internal_address|internal_ip",
        "inside_port|private_port|internal_port", "destination_address|destination_ip", "destination_port",
        "vrf|vrf_id", "kind", "session"};

#define NAME(column) (int)strcspn(names[column], "|"), names[column]

struct nat_csv_decoder {
        struct text_decoder common;
        struct csv_table table;
};

static bool lacks(const struct csv_columns *columns, char *ret, size_t size)
{
        static const enum column needed[] = {OUTSIDE_ADDRESS, INSIDE_ADDRESS};

        for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
                if (columns->at[needed[i]] < 0) {
                        snprintf(
                                ret, size, "does not name the column %.*s, which is needed", NAME(needed[i]));
                        return true;
                }
        bool edges = columns->at[TIME] >= 0 && columns->at[EVENT] >= 0;
        snprintf(ret, size, "names neither time and event nor start and end");
        return !edges && !(columns->at[START] >= 0 && columns->at[END] >= 0);
}

/* Why a row is refused. */
struct objection {
        enum refusal refusal;
        struct error error;
};

static int create(const struct text_options *options, struct text_decoder **ret_decoder)
{
        struct nat_csv_decoder *decoder = calloc(1, sizeof *decoder);

        if (!decoder)
                return -ENOMEM;
        text_decoder_init(&decoder->common, options, 0);
        decoder->table.names = names;
        decoder->table.name_count = COLUMN_COUNT;
        decoder->table.lacks = lacks;
        /* Rows of a table need not stand in order of time: the next file may still bring one for the end of
         * this. */
        decoder->common.hearing.delay_ms = decoder->common.hearing.least_delay_ms = TEXT_DISORDER_MS;
        *ret_decoder = &decoder->common;
        return 0;
}

static void destroy(struct text_decoder *decoder)
{
        text_decoder_release(decoder);
        free(decoder);
}

static struct slice field(const struct nat_csv_decoder *decoder, enum column column)
{
        return csv_field(&decoder->table.row, &decoder->table.columns, column);
}

#define OBJECT(kind, ...) (o->refusal = (kind), error_set(&o->error, -EBADMSG, __VA_ARGS__))

static int take_address(
        const struct nat_csv_decoder *d, enum column column, struct address *ret, struct objection *o)
{
        o->refusal = REFUSAL_BAD_VALUE;
        if (address_parse(field(d, column), ret, &o->error) < 0)
                return error_prefix(&o->error, -EBADMSG, "%.*s: ", NAME(column));
        return 0;
}

/* 0, 1 where the field is empty, or -EBADMSG. */
static int take_number(const struct nat_csv_decoder *d, enum column column, uint64_t maximum, uint64_t *ret,
        struct objection *o)
{
        struct slice text = field(d, column);

        if (text.length == 0)
                return 1;
        if (slice_number(text, maximum, ret) < 0)
                return OBJECT(REFUSAL_BAD_VALUE, "%.*s: \"%.*s\" is not a number from 0 to %llu",
                        NAME(column), text.length > 40 ? 40 : (int)text.length, text.text,
                        (unsigned long long)maximum);
        return 0;
}

static int take_time(const struct nat_csv_decoder *d, enum column column, int64_t *ret, struct objection *o)
{
        o->refusal = REFUSAL_IMPOSSIBLE_TIME;
        if (time_parse_rfc3339(field(d, column), ret, NULL, &o->error) < 0)
                return error_prefix(&o->error, -EBADMSG, "%.*s: ", NAME(column));
        return 0;
}

/* -1 where it is no protocol, NAT_PROTOCOL_ANY where it is empty or "any". */
static int protocol_of(struct slice text)
{
        static const struct {
                const char *name;
                int number;
        } known[] = {{"", NAT_PROTOCOL_ANY}, {"any", NAT_PROTOCOL_ANY}, {"tcp", 6}, {"udp", 17}, {"icmp", 1},
                {"dccp", 33}, {"gre", 47}, {"esp", 50}, {"ah", 51}, {"sctp", 132}, {"udplite", 136}};
        uint64_t number;

        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
                if (text.length == strlen(known[i].name) && text_contains(text, known[i].name))
                        return known[i].number;
        return slice_number(text, 255, &number) < 0 || number == 0 ? -1 : (int)number;
}

/* What the row calls itself, or what it can only be; -EBADMSG where it could be two things. */
static int take_kind(const struct nat_csv_decoder *d, bool has_port, bool has_range, struct objection *o)
{
        static const char *const kinds[NAT_KIND_COUNT] = {"session", "mapping", "block", "address"};
        struct slice text = field(d, KIND);

        for (int kind = 0; kind < NAT_KIND_COUNT; kind++) {
                if (!slice_is(text, kinds[kind]))
                        continue;
                if ((kind == NAT_ADDRESS && has_port) || (kind == NAT_BLOCK && !has_port) ||
                        (kind < NAT_BLOCK && has_range))
                        return OBJECT(REFUSAL_CONTRADICTION,
                                "kind %s contradicts the outside ports of the row", kinds[kind]);
                return kind;
        }
        if (text.length)
                return OBJECT(REFUSAL_BAD_VALUE, "kind: \"%.*s\" is none of session, mapping, block, address",
                        text.length > 40 ? 40 : (int)text.length, text.text);
        if (!has_port)
                return OBJECT(REFUSAL_MISSING_FIELD, "no outside_port: say kind=address where the whole "
                                                     "address was given out, or kind=session "
                                                     "where the log has no ports");
        return has_range ? NAT_BLOCK : NAT_SESSION;
}

static int take_ports(const struct nat_csv_decoder *d, struct nat_event *event, struct objection *o)
{
        uint64_t first = 0, last = UINT16_MAX;
        int none = take_number(d, OUTSIDE_PORT, UINT16_MAX, &first, o);

        if (none < 0)
                return none;
        int single = take_number(d, OUTSIDE_PORT_END, UINT16_MAX, &last, o);
        if (single < 0)
                return single;
        if (none && !single)
                return OBJECT(REFUSAL_MISSING_FIELD, "outside_port_end without outside_port");
        if (!none && single)
                last = first;
        if (last < first)
                return OBJECT(REFUSAL_BAD_VALUE, "the port range ends before it begins");
        int kind = take_kind(d, !none, !none && last != first, o);
        if (kind < 0)
                return kind;
        event->kind = (uint8_t)kind;
        event->port_first = (uint16_t)first;
        event->port_last = (uint16_t)last;
        if (none && kind < NAT_BLOCK)
                event->flags |= NAT_PORT_UNKNOWN;
        return 0;
}

static int take_protocol(const struct nat_csv_decoder *d, struct nat_event *event, struct objection *o)
{
        struct slice text = field(d, PROTOCOL);
        int protocol = protocol_of(text);
        bool single = event->kind == NAT_SESSION || event->kind == NAT_MAPPING;

        if (protocol < 0)
                return OBJECT(REFUSAL_BAD_VALUE,
                        "protocol: \"%.*s\" is neither tcp, udp, icmp ... nor a number 1..255",
                        text.length > 40 ? 40 : (int)text.length, text.text);
        if (protocol == NAT_PROTOCOL_ANY && single)
                return OBJECT(REFUSAL_MISSING_FIELD, "a single port needs its protocol");
        if (protocol != NAT_PROTOCOL_ANY && !nat_protocol_has_port(protocol) && event->kind != NAT_ADDRESS)
                return OBJECT(REFUSAL_CONTRADICTION, "protocol %d has no ports; say kind=address and no port",
                        protocol);
        event->protocol = (uint8_t)protocol;
        return 0;
}

static int take_inside(const struct nat_csv_decoder *d, struct nat_event *event, struct objection *o)
{
        uint64_t number = 0;
        int r = take_address(d, INSIDE_ADDRESS, &event->inside, o);

        if (r == 0)
                r = take_number(d, INSIDE_PORT, UINT16_MAX, &number, o);
        if (r < 0)
                return r;
        if (address_is_none(&event->inside) ||
                (address_is_ipv4(&event->inside) && address_ipv4(&event->inside) == 0))
                return OBJECT(REFUSAL_BAD_VALUE, "inside_address: no host has this address");
        if (r == 0) {
                event->inside_port = (uint16_t)number;
                event->flags |= NAT_HAS_INSIDE_PORT;
        }
        r = take_number(d, VRF, UINT32_MAX, &number, o);
        if (r == 0)
                event->vrf = (uint32_t)number;
        return r < 0 ? r : 0;
}

static int take_destination(const struct nat_csv_decoder *d, struct nat_event *event, struct objection *o)
{
        uint64_t port = 0;
        int r = take_number(d, DESTINATION_PORT, UINT16_MAX, &port, o);

        if (r < 0)
                return r;
        if (field(d, DESTINATION_ADDRESS).length == 0)
                return r == 1 ? 0
                              : OBJECT(REFUSAL_MISSING_FIELD, "destination_port without destination_address");
        event->destination_port = (uint16_t)port;
        event->flags |= NAT_HAS_DESTINATION;
        return take_address(d, DESTINATION_ADDRESS, &event->destination, o);
}

static int take_outside(const struct nat_csv_decoder *d, struct nat_event *event, struct objection *o)
{
        struct address outside;
        int r = take_address(d, OUTSIDE_ADDRESS, &outside, o);

        if (r < 0)
                return r;
        if (!address_is_ipv4(&outside) || address_ipv4(&outside) == 0)
                return OBJECT(REFUSAL_BAD_VALUE,
                        "outside_address: a NAT lends IPv4 addresses; IPv6 belongs into leases");
        event->outside = address_ipv4(&outside);
        return 0;
}

/* Non-zero, and the same for both edges of one binding however often its row is exported: the end is no part
 * of it. Nor is the destination: the number is stored, and a realm that drops destinations must not keep one
 * in disguise. */
static uint32_t identity_of(const struct nat_event *event, struct slice session)
{
        struct nat_event key;
        uint64_t parts[2];

        memset(&key, 0, sizeof key); /* padding is hashed too */
        key.time_ms = event->time_ms;
        key.inside = event->inside;
        key.outside = event->outside;
        key.vrf = event->vrf;
        key.port_first = event->port_first;
        key.port_last = event->port_last;
        key.inside_port = event->inside_port;
        key.protocol = event->protocol;
        key.kind = event->kind;
        key.flags = event->flags;
        parts[0] = checksum(&key, sizeof key);
        parts[1] = checksum(session.text, session.length);
        uint64_t hash = checksum(parts, sizeof parts);
        uint32_t folded = (uint32_t)(hash ^ hash >> 32);
        return folded ? folded : 1;
}

static int deliver(struct nat_csv_decoder *d, struct nat_event *event, enum nat_action action,
        int64_t instant, const struct decode_sink *sink)
{
        event->action = (uint8_t)action;
        event->time_ms = instant;
        return text_deliver(&d->common, sink, event);
}

/* A row with time and event. */
static int take_edge(struct nat_csv_decoder *d, struct nat_event *event, const struct decode_sink *sink,
        struct objection *o)
{
        static const char *const events[] = {"open", "close", "alive"};
        static const enum nat_action actions[] = {NAT_OPEN, NAT_CLOSE, NAT_ALIVE};
        struct slice text = field(d, EVENT), session = field(d, SESSION);
        int64_t instant;
        unsigned i = 0;

        while (i < 3 && !slice_is(text, events[i]))
                i++;
        if (i == 3)
                return OBJECT(REFUSAL_UNKNOWN_EVENT, "event: \"%.*s\" is none of open, close, alive",
                        text.length > 40 ? 40 : (int)text.length, text.length ? text.text : "");
        int r = take_time(d, TIME, &instant, o);
        if (r < 0)
                return r;
        if (session.length) {
                uint64_t hash = checksum(session.text, session.length);
                event->session = (uint32_t)(hash ^ hash >> 32);
                event->session = event->session ? event->session : 1;
        }
        r = text_heard(&d->common, instant);
        if (r < 0)
                return r;
        d->common.counts.used++;
        return deliver(d, event, actions[i], instant, sink);
}

/* A row with start and end. Rows are written when a binding ends (or was exported), so their order says
 * nothing about what was heard: intervals make no span of hearing. */
static int take_interval(struct nat_csv_decoder *d, struct nat_event *event, const struct decode_sink *sink,
        struct objection *o)
{
        bool ended = field(d, END).length > 0;
        int64_t start, end = TIME_UNKNOWN;
        int r = take_time(d, START, &start, o);

        if (r == 0 && ended)
                r = take_time(d, END, &end, o);
        if (r < 0)
                return r;
        if (ended && end < start)
                return OBJECT(REFUSAL_BAD_VALUE, "the interval ends before it begins");
        event->time_ms = start;
        event->session = identity_of(event, field(d, SESSION));
        d->common.counts.used++;
        r = deliver(d, event, NAT_OPEN, start, sink);
        return r < 0 || !ended ? r : deliver(d, event, NAT_CLOSE, end, sink);
}

/* -EBADMSG with an objection, or what the sink returned. */
static int take_row(struct nat_csv_decoder *d, const struct decode_sink *sink, struct objection *o)
{
        struct nat_event event = {.exporter = d->common.options.exporter};
        int r = take_outside(d, &event, o);

        if (r == 0)
                r = take_ports(d, &event, o);
        if (r == 0)
                r = take_protocol(d, &event, o);
        if (r == 0)
                r = take_inside(d, &event, o);
        if (r == 0)
                r = take_destination(d, &event, o);
        if (r < 0)
                return r;
        bool edge = field(d, TIME).length || field(d, EVENT).length, interval = field(d, START).length > 0;
        if (edge == interval || (edge && field(d, END).length))
                return OBJECT(REFUSAL_MISSING_FIELD, "a row needs either time and event, or start and end");
        return edge ? take_edge(d, &event, sink, o) : take_interval(d, &event, sink, o);
}

static int line(struct text_decoder *common, struct slice text, const struct decode_sink *sink)
{
        struct nat_csv_decoder *d = (struct nat_csv_decoder *)common;
        struct objection o = {0};
        int r = csv_take_line(common, &d->table, text, sink);

        if (r <= 0)
                return r;
        r = take_row(d, sink, &o);
        return r == -EBADMSG && o.error.code ? text_refuse(common, sink, o.refusal, "%s", o.error.text) : r;
}

static int finish(struct text_decoder *decoder, const struct decode_sink *sink, struct coverage *ret)
{
        (void)sink;
        return text_hearing_finish(decoder, ret);
}

static int recognise(const char *head, size_t length)
{
        size_t unknown;
        uint64_t known = csv_recognise_columns(head, length, names, COLUMN_COUNT, &unknown);
        bool outside = known & 1u << OUTSIDE_ADDRESS && known & 1u << INSIDE_ADDRESS;

        return outside && __builtin_popcountll(known) >= 4 ? 80 : 0;
}

const struct text_format text_format_nat_csv = {
        .name = "csv",
        .description = "NAT events or intervals as CSV with a header row (doc/format/csv.md)",
        .recognise = recognise,
        .create = create,
        .line = line,
        .finish = finish,
        .counts = text_decoder_counts,
        .free = destroy,
};
