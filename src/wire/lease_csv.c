/* SPDX-License-Identifier: EUPL-1.2 */
/* Leases as CSV with a header row: inside_address or prefix, subscriber, start, end, vrf. See
 * doc/format/csv.md. */
#include "wire/csv_row.h"

#include <stdio.h>
#include <stdlib.h>

enum column { INSIDE_ADDRESS, PREFIX, SUBSCRIBER, START, END, VRF, COLUMN_COUNT };

static const char *const names[COLUMN_COUNT] = {
        "inside_address|inside_ip|ip|ip_address|framed_ip_address|private_address|private_ip",
        "prefix|inside_prefix|network|delegated_prefix|delegated_ipv6_prefix",
        "subscriber|subscriber_id|customer|customer_id|username|user_name|account",
        "start|valid_from|from|start_time", "end|valid_to|valid_until|to|until|end_time", "vrf|vrf_id"};

struct lease_csv_decoder {
        struct text_decoder common;
        struct csv_table table;
};

static bool lacks(const struct csv_columns *columns, char *ret, size_t size)
{
        for (enum column column = SUBSCRIBER; column <= END; column++)
                if (columns->at[column] < 0) {
                        snprintf(ret, size, "does not name the column %.*s, which is needed",
                                (int)strcspn(names[column], "|"), names[column]);
                        return true;
                }
        snprintf(ret, size, "names neither inside_address nor prefix");
        return columns->at[INSIDE_ADDRESS] < 0 && columns->at[PREFIX] < 0;
}

static int create(const struct text_options *options, struct text_decoder **ret_decoder)
{
        struct lease_csv_decoder *decoder = calloc(1, sizeof *decoder);

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

static struct slice field(const struct lease_csv_decoder *decoder, enum column column)
{
        return csv_field(&decoder->table.row, &decoder->table.columns, column);
}

static int take_prefix(const struct lease_csv_decoder *d, struct prefix *ret, struct error *error)
{
        struct slice address = field(d, INSIDE_ADDRESS), prefix = field(d, PREFIX);

        if ((address.length > 0) == (prefix.length > 0))
                return error_set(error, -EINVAL, "a lease needs either an inside_address or a prefix");
        int r = prefix_parse(address.length ? address : prefix, ret, error);
        if (r == 0 && address.length && ret->length != 128)
                return error_set(
                        error, -EINVAL, "inside_address is one address; put a range into the column prefix");
        if (r == 0 && ret->length == 0)
                return error_set(error, -EINVAL, "a lease of every address there is names nobody");
        return r;
}

static int take_times(const struct lease_csv_decoder *d, struct lease_event *event, struct error *error)
{
        int r = time_parse_rfc3339(field(d, START), &event->from_ms, NULL, error);

        if (r < 0)
                return error_prefix(error, r, "start: ");
        event->from_edge = EDGE_OBSERVED;
        event->to_ms = TIME_UNKNOWN;
        event->to_edge = EDGE_OPEN;
        if (field(d, END).length == 0) {
                event->flags |= LEASE_STANDING;
                return 0;
        }
        event->to_edge = EDGE_OBSERVED;
        r = time_parse_rfc3339(field(d, END), &event->to_ms, NULL, error);
        if (r < 0)
                return error_prefix(error, r, "end: ");
        return event->to_ms >= event->from_ms ? 0
                                              : error_set(error, -ERANGE, "the lease ends before it begins");
}

static int take_vrf(const struct lease_csv_decoder *d, struct lease_event *event)
{
        struct slice text = field(d, VRF);
        uint64_t number;

        if (text.length == 0) {
                event->flags |= LEASE_ANY_VRF;
                return 0;
        }
        if (slice_number(text, UINT32_MAX, &number) < 0)
                return -EINVAL;
        event->vrf = (uint32_t)number;
        return 0;
}

static int take_row(struct lease_csv_decoder *d, const struct decode_sink *sink)
{
        struct lease_event event = {0};
        struct error error = {0};

        if (take_prefix(d, &event.prefix, &error) < 0)
                return text_refuse(&d->common, sink, REFUSAL_BAD_VALUE, "%s", error.text);
        const char *why = text_subscriber(field(d, SUBSCRIBER), event.subscriber);
        if (why)
                return text_refuse(&d->common, sink, REFUSAL_BAD_VALUE, "%s", why);
        if (take_times(d, &event, &error) < 0)
                return text_refuse(&d->common, sink, REFUSAL_IMPOSSIBLE_TIME, "%s", error.text);
        if (take_vrf(d, &event) < 0)
                return text_refuse(
                        &d->common, sink, REFUSAL_BAD_VALUE, "vrf: not a number from 0 to 4294967295");
        d->common.counts.used++;
        return text_deliver_lease(&d->common, sink, &event);
}

static int line(struct text_decoder *common, struct slice text, const struct decode_sink *sink)
{
        struct lease_csv_decoder *d = (struct lease_csv_decoder *)common;
        int r = csv_take_line(common, &d->table, text, sink);

        return r > 0 ? take_row(d, sink) : r;
}

/* Leases are no NAT log: nothing that they say tells which NAT events were heard. */
static int finish(struct text_decoder *decoder, const struct decode_sink *sink, struct coverage *ret)
{
        (void)decoder;
        (void)sink;
        (void)ret;
        return 0;
}

static int recognise(const char *head, size_t length)
{
        size_t unknown;
        uint64_t known = csv_recognise_columns(head, length, names, COLUMN_COUNT, &unknown);
        uint64_t needed = 1u << SUBSCRIBER | 1u << START | 1u << END;

        return (known & needed) == needed && known & (1u << INSIDE_ADDRESS | 1u << PREFIX) ? 80 : 0;
}

const struct text_format text_format_leases = {
        .name = "leases",
        .description = "leases as CSV with a header row (doc/format/csv.md)",
        .carries_leases = true,
        .recognise = recognise,
        .create = create,
        .line = line,
        .finish = finish,
        .counts = text_decoder_counts,
        .free = destroy,
};
