/* SPDX-License-Identifier: EUPL-1.2 */
/* Plans as CSV with a header row; doc/format/plan.md is what users are told. */
#include "wire/plan_csv.h"
#include "wire/csv_row.h"

#include <stdio.h>
#include <stdlib.h>

enum column {
        OUTSIDE_ADDRESS,
        PORT_FIRST,
        PORT_LAST,
        INSIDE,
        VALID_FROM,
        VALID_TO,
        PROTOCOL,
        VRF,
        REPEAT_EVERY,
        REPEAT_COUNT,
        SUBSCRIBER,
        COLUMN_COUNT
};

static const char *const names[COLUMN_COUNT] = {"outside_address", "port_first", "port_last", "inside",
        "valid_from", "valid_to", "protocol", "vrf", "repeat_every", "repeat_count", "subscriber"};

struct plan_csv_decoder {
        struct text_decoder common;
        struct csv_table table;
};

static bool lacks(const struct csv_columns *columns, char *ret, size_t size)
{
        for (enum column column = OUTSIDE_ADDRESS; column <= VALID_TO; column++)
                if (columns->at[column] < 0) {
                        snprintf(ret, size, "does not name the column %s, which is needed", names[column]);
                        return true;
                }
        return false;
}

/* --- Reading --- */

static int create(const struct text_options *options, struct text_decoder **ret_decoder)
{
        struct plan_csv_decoder *decoder = calloc(1, sizeof *decoder);

        if (!decoder)
                return -ENOMEM;
        text_decoder_init(&decoder->common, options, 0);
        decoder->table.names = names;
        decoder->table.name_count = COLUMN_COUNT;
        decoder->table.lacks = lacks;
        *ret_decoder = &decoder->common;
        return 0;
}

static void destroy(struct text_decoder *decoder)
{
        text_decoder_release(decoder);
        free(decoder);
}

static struct slice field(const struct plan_csv_decoder *decoder, enum column column)
{
        return csv_field(&decoder->table.row, &decoder->table.columns, column);
}

/* An empty field is the default. */
static int take_number(const struct plan_csv_decoder *d, enum column column, uint64_t maximum,
        uint64_t otherwise, uint64_t *ret, struct error *error)
{
        struct slice text = field(d, column);

        *ret = otherwise;
        if (text.length == 0 || slice_number(text, maximum, ret) == 0)
                return 0;
        return error_set(error, -EINVAL, "%s: \"%.*s\" is not a number from 0 to %llu", names[column],
                text.length > 40 ? 40 : (int)text.length, text.text, (unsigned long long)maximum);
}

static int take_outside(const struct plan_csv_decoder *d, struct plan_row *row, struct error *error)
{
        struct address outside;
        int r = address_parse(field(d, OUTSIDE_ADDRESS), &outside, error);

        if (r < 0)
                return error_prefix(error, r, "outside_address: ");
        if (!address_is_ipv4(&outside))
                return error_set(error, -EINVAL,
                        "outside_address: a plan lends ports of IPv4 addresses; IPv6 belongs into leases");
        row->outside = address_ipv4(&outside);
        return 0;
}

static int take_ports(const struct plan_csv_decoder *d, struct plan_row *row, struct error *error)
{
        uint64_t first, last, every, count;

        /* A missing end would be a guess, and so would a missing beginning. */
        for (enum column column = PORT_FIRST; column <= PORT_LAST; column++)
                if (field(d, column).length == 0)
                        return error_set(error, -EINVAL, "%s is empty", names[column]);
        int r = take_number(d, PORT_FIRST, UINT16_MAX, 0, &first, error);
        if (r == 0)
                r = take_number(d, PORT_LAST, UINT16_MAX, 0, &last, error);
        if (r == 0)
                r = take_number(d, REPEAT_EVERY, UINT16_MAX, 0, &every, error);
        if (r == 0)
                r = take_number(d, REPEAT_COUNT, UINT16_MAX, 1, &count, error);
        if (r < 0)
                return r;
        row->port_first = (uint16_t)first;
        row->port_last = (uint16_t)last;
        row->repeat_count = (uint16_t)count;
        row->repeat_every = (uint16_t)every;
        return 0;
}

static int take_inside(const struct plan_csv_decoder *d, struct plan_row *row, struct error *error)
{
        struct slice text = field(d, INSIDE);
        uint64_t vrf;
        int r = take_number(d, VRF, UINT32_MAX, 0, &vrf, error);

        if (r < 0)
                return r;
        row->vrf = (uint32_t)vrf;
        row->is_dynamic = text.length == 0 || slice_is(text, "dynamic");
        if (row->is_dynamic)
                return field(d, SUBSCRIBER).length == 0
                               ? 0
                               : error_set(error, -EINVAL,
                                         "a dynamic pool has no subscriber: inside is empty or \"dynamic\"");
        r = prefix_parse(text, &row->inside, error);
        return r < 0 ? error_prefix(error, r, "inside: ") : 0;
}

/* -1 where it is no protocol. */
static int protocol_of(struct slice text)
{
        static const struct {
                const char *name;
                int number;
        } known[] = {{"", 0}, {"any", 0}, {"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"dccp", 33}, {"sctp", 132},
                {"udplite", 136}};
        uint64_t number;

        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
                if (text.length == strlen(known[i].name) && text_contains(text, known[i].name))
                        return known[i].number;
        return slice_number(text, 255, &number) < 0 || number == 0 ? -1 : (int)number;
}

static int take_protocol(const struct plan_csv_decoder *d, struct plan_row *row, struct error *error)
{
        struct slice text = field(d, PROTOCOL);
        int protocol = protocol_of(text);

        if (protocol < 0)
                return error_set(error, -EINVAL,
                        "protocol: \"%.*s\" is neither tcp, udp, icmp ... nor a number 1..255; empty is "
                        "every "
                        "protocol",
                        text.length > 40 ? 40 : (int)text.length, text.text);
        row->protocol = (uint8_t)protocol;
        return 0;
}

static int take_times(const struct plan_csv_decoder *d, struct plan_row *row, struct error *error)
{
        int r = time_parse_rfc3339(field(d, VALID_FROM), &row->from_ms, NULL, error);

        if (r < 0)
                return error_prefix(error, r, "valid_from: ");
        row->to_ms = TIME_UNKNOWN;
        if (field(d, VALID_TO).length == 0)
                return 0;
        r = time_parse_rfc3339(field(d, VALID_TO), &row->to_ms, NULL, error);
        return r < 0 ? error_prefix(error, r, "valid_to: ") : 0;
}

/* The subscriber beside the row: whose inside host it was for as long as the row is valid. */
static void lease_of(const struct plan_csv_decoder *d, const struct plan_row *row, struct lease_event *lease)
{
        bool ends = row->to_ms != TIME_UNKNOWN;

        lease->prefix = row->inside;
        lease->vrf = row->vrf;
        lease->from_ms = row->from_ms;
        lease->from_edge = EDGE_OBSERVED;
        lease->to_ms = row->to_ms;
        lease->to_edge = ends ? EDGE_OBSERVED : EDGE_OPEN;
        lease->flags = (uint8_t)((ends ? 0 : LEASE_STANDING) | (field(d, VRF).length ? 0 : LEASE_ANY_VRF));
}

static int take_row(struct plan_csv_decoder *d, const struct decode_sink *sink)
{
        struct plan_row row = {0};
        struct lease_event lease = {0};
        struct error error = {0};
        const char *why = NULL;
        int r = take_outside(d, &row, &error);

        if (r == 0)
                r = take_ports(d, &row, &error);
        if (r == 0)
                r = take_inside(d, &row, &error);
        if (r == 0)
                r = take_protocol(d, &row, &error);
        if (r < 0)
                return text_refuse(&d->common, sink, REFUSAL_BAD_VALUE, "%s", error.text);
        if (take_times(d, &row, &error) < 0)
                return text_refuse(&d->common, sink, REFUSAL_IMPOSSIBLE_TIME, "%s", error.text);
        r = plan_row_check(&row, &error);
        if (r < 0)
                return text_refuse(&d->common, sink,
                        r == -ERANGE ? REFUSAL_IMPOSSIBLE_TIME : REFUSAL_BAD_VALUE, "%s", error.text);
        if (field(d, SUBSCRIBER).length)
                why = text_subscriber(field(d, SUBSCRIBER), lease.subscriber);
        if (why)
                return text_refuse(&d->common, sink, REFUSAL_BAD_VALUE, "%s", why);
        d->common.counts.used++;
        r = text_deliver_plan(&d->common, sink, &row);
        if (r < 0 || !lease.subscriber[0])
                return r;
        lease_of(d, &row, &lease);
        return text_deliver_lease(&d->common, sink, &lease);
}

static int line(struct text_decoder *common, struct slice text, const struct decode_sink *sink)
{
        struct plan_csv_decoder *d = (struct plan_csv_decoder *)common;
        int r = csv_take_line(common, &d->table, text, sink);

        return r > 0 ? take_row(d, sink) : r;
}

/* A plan is no log: nothing that it says tells which NAT events were heard. */
static int finish(struct text_decoder *decoder, const struct decode_sink *sink, struct coverage *ret)
{
        (void)decoder;
        (void)sink;
        (void)ret;
        return 0;
}

static int recognise(const char *head, size_t length)
{
        size_t unknown, known = csv_recognise(head, length, names, COLUMN_COUNT, &unknown);

        return known >= 4 && memmem(head, length, "port_first", 10) && memmem(head, length, "valid_from", 10)
                       ? 90
                       : 0;
}

const struct text_format text_format_plan = {
        .name = "plan",
        .description = "a plan (deterministic NAT, MAP, lw4o6) as CSV with a header row (doc/format/plan.md)",
        .carries_leases = true,
        .carries_plans = true,
        .recognise = recognise,
        .create = create,
        .line = line,
        .finish = finish,
        .counts = text_decoder_counts,
        .free = destroy,
};

/* --- Writing --- */

void plan_csv_write_header(struct buffer *ret)
{
        for (enum column column = OUTSIDE_ADDRESS; column <= REPEAT_COUNT; column++)
                buffer_printf(ret, "%s%s", column ? "," : "", names[column]);
        buffer_append_u8(ret, '\n');
}

void plan_csv_write_row(const struct plan_row *row, struct buffer *ret)
{
        char outside[ADDRESS_TEXT_MAX], inside[ADDRESS_TEXT_MAX], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
        struct address address = address_from_ipv4(row->outside);

        buffer_printf(ret, "%s,%u,%u,%s,%s,%s,", address_format(&address, outside), row->port_first,
                row->port_last, row->is_dynamic ? "dynamic" : prefix_format(&row->inside, inside),
                time_format_utc(row->from_ms, from),
                row->to_ms == TIME_UNKNOWN ? "" : time_format_utc(row->to_ms, to));
        if (row->protocol)
                buffer_printf(ret, "%u", row->protocol);
        buffer_append_u8(ret, ',');
        if (row->vrf)
                buffer_printf(ret, "%u", row->vrf);
        if (row->repeat_count > 1)
                buffer_printf(ret, ",%u,%u\n", row->repeat_every, row->repeat_count);
        else
                buffer_append_text(ret, ",,\n");
}
