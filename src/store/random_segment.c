/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/random_segment.h"

#include <stdio.h>
#include <stdlib.h>

#define WINDOW_FROM INT64_C(1795168800000) /* 2026-11-20T10:00:00Z */

const char *const random_exporters[RANDOM_EXPORTERS] = {
        "cgn-1", "cgn-2", "cgn-3", "", "an exporter with a long name"};

uint64_t random_next(struct random_source *source)
{
        uint64_t z = source->state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
}

static void must(int r)
{
        if (r < 0)
                abort();
}

static uint32_t random_host(struct random_source *random, struct random_content *content, bool wild)
{
        struct nat_host host = {address_from_ipv4(0x64400000u + (uint32_t)random_below(random, 40)), 0};
        uint32_t number;

        if (wild && random_below(random, 8) == 0)
                return HOST_NONE;
        if (wild && random_below(random, 3) == 0) {
                host.vrf =
                        (uint32_t)(random_below(random, 2) ? random_below(random, 3) : random_next(random));
                for (unsigned i = 8; i < 16 && random_below(random, 2); i++)
                        host.address.bytes[i] = (uint8_t)random_next(random);
        }
        must(host_intern(&content->hosts, &host, &number));
        return number;
}

/* Any 64-bit time that is not TIME_UNKNOWN, of any size. */
static int64_t wild_time(struct random_source *random)
{
        int64_t time = (int64_t)(random_next(random) >> random_below(random, 64));
        return time == TIME_UNKNOWN ? 0 : time;
}

static void make_plain(struct random_source *random, struct random_content *content, struct nat_binding *b)
{
        b->from_edge = b->to_edge = EDGE_OBSERVED;
        b->from_ms = WINDOW_FROM - 600000 + (int64_t)random_below(random, 4200000);
        b->to_ms = b->from_ms + (int64_t)random_below(random, UINT64_C(1) << random_below(random, 22));
        b->port_first = b->port_last = (uint16_t)(1024 + random_below(random, 64512));
        b->protocol = random_below(random, 3) ? 6 : 17;
        b->kind = NAT_SESSION;
        b->flags = NAT_HAS_INSIDE_PORT;
        b->inside = random_host(random, content, false);
        b->inside_port = (uint16_t)random_next(random);
        b->exporter = (uint16_t)random_below(random, 2);
}

static void make_wild(struct random_source *random, struct random_content *content, struct nat_binding *b)
{
        if (random_below(random, 2))
                b->from_ms = wild_time(random);
        if (random_below(random, 2))
                b->to_ms = wild_time(random);
        if (random_below(random, 4) == 0)
                b->to_ms = b->from_ms;
        if (random_below(random, 2))
                b->port_first = (uint16_t)random_next(random);
        b->port_last = (uint16_t)(b->port_first + random_below(random, 65536u - b->port_first));
        if (random_below(random, 4) == 0) {
                b->port_first = 0;
                b->port_last = UINT16_MAX;
        }
        b->protocol = (uint8_t)random_next(random);
        b->kind = (uint8_t)random_below(random, NAT_KIND_COUNT);
        b->flags = (uint8_t)random_next(random);
        b->from_edge = (uint8_t)random_below(random, EDGE_COUNT);
        b->to_edge = (uint8_t)random_below(random, EDGE_COUNT);
        if (b->from_edge == EDGE_OPEN)
                b->from_ms = TIME_UNKNOWN;
        if (b->to_edge == EDGE_OPEN)
                b->to_ms = TIME_UNKNOWN;
        b->inside = random_host(random, content, true);
        b->destination = random_host(random, content, true);
        b->destination_port = (uint16_t)random_next(random);
        b->session = random_below(random, 2) ? (uint32_t)random_next(random) : 0;
        b->exporter = (uint16_t)random_below(random, RANDOM_EXPORTERS);
}

static struct nat_binding random_binding(struct random_source *random, struct random_content *content,
        enum random_style style, uint32_t outside)
{
        struct nat_binding b = {.outside = outside};

        make_plain(random, content, &b);
        if (style == RANDOM_DESTINATIONS) {
                struct nat_host host = {
                        address_from_ipv4(0xcb007100u + (uint32_t)random_below(random, 3000)), 0};
                must(host_intern(&content->hosts, &host, &b.destination));
                b.destination_port = (uint16_t)(random_below(random, 4) ? 443 : random_next(random));
                b.flags |= NAT_HAS_DESTINATION;
        } else if (style == RANDOM_BLOCKS) {
                b.kind = NAT_BLOCK;
                b.flags = 0;
                b.protocol = NAT_PROTOCOL_ANY;
                b.inside_port = 0;
                b.port_first = (uint16_t)(1024 + 512 * random_below(random, 126));
                b.port_last = (uint16_t)(b.port_first + 511);
        } else if (style == RANDOM_WILD) {
                make_wild(random, content, &b);
        }
        return b;
}

static void random_coverage(struct random_source *random, struct coverage *coverage)
{
        for (uint64_t i = random_below(random, 4); i > 0; i--) {
                struct coverage_span span = {.from = WINDOW_FROM,
                        .to = wild_time(random),
                        .stream = (uint32_t)random_next(random),
                        .sequence_to = (uint32_t)random_next(random),
                        .delay_ms = 1000,
                        .offset_min_ms = OFFSET_UNKNOWN,
                        .offset_max_ms = -5,
                        .exporter = 1,
                        .flags = SPAN_HAS_EVENTS};
                struct coverage_gap gap = {.from = wild_time(random),
                        .to = WINDOW_FROM,
                        .count = 7,
                        .exporter = 4,
                        .reason = (uint8_t)random_below(random, GAP_REASON_COUNT)};
                must(coverage_add_span(coverage, &span));
                must(coverage_add_gap(coverage, &gap));
        }
}

void random_content_make(struct random_content *content, uint64_t seed, enum random_style style,
        size_t sheets, size_t most_bindings)
{
        struct random_source random = {seed};
        uint32_t outside = 0xc6120000u;

        *content = (struct random_content){.header = {.window_from = WINDOW_FROM,
                                                   .window_to = WINDOW_FROM + TIME_HOUR,
                                                   .generation = 3,
                                                   .destinations_kept = style == RANDOM_DESTINATIONS}};
        snprintf(content->header.realm, sizeof content->header.realm, "access-%d", (int)style);
        must(host_table_init(&content->hosts, 1u << 24));
        content->sheets = calloc(sheets + 1, sizeof *content->sheets);
        content->sheet_count = sheets;
        for (size_t s = 0; s < sheets; s++) {
                struct binding_list *list = &content->sheets[s].bindings;
                uint64_t count = 1 + random_below(&random, most_bindings);
                for (uint64_t i = 0; i < count; i++) {
                        struct nat_binding b = random_binding(&random, content, style, outside);
                        must(binding_list_append(list, &b));
                }
                qsort(list->items, list->count, sizeof *list->items, binding_compare);
                outside += 1 + (uint32_t)random_below(&random, 3);
        }
        random_coverage(&random, &content->coverage);
}

void random_content_free(struct random_content *content)
{
        for (size_t s = 0; s < content->sheet_count; s++)
                binding_list_free(&content->sheets[s].bindings);
        free(content->sheets);
        host_table_free(&content->hosts);
        coverage_free(&content->coverage);
}

static int write_to_buffer(void *context, const void *bytes, size_t length)
{
        return buffer_append(context, bytes, length);
}

int random_content_write(const struct random_content *content, struct buffer *out, struct error *error)
{
        struct segment_output output = {out, write_to_buffer};
        struct segment_writer *writer = NULL;
        int r = segment_writer_new(&content->header, random_exporters, RANDOM_EXPORTERS, &output, &writer);

        for (size_t s = 0; s < content->sheet_count && r == 0; s++)
                r = segment_writer_sheet(writer, content->sheets[s].bindings.items,
                        content->sheets[s].bindings.count, &content->hosts, error);
        if (r == 0)
                r = segment_writer_finish(writer, &content->coverage, NULL, error);
        segment_writer_free(writer);
        return r;
}

static bool host_same(
        uint32_t a, const struct host_table *a_hosts, uint32_t b, const struct host_table *b_hosts)
{
        struct nat_host left = host_get(a_hosts, a), right = host_get(b_hosts, b);
        return left.vrf == right.vrf && address_compare(&left.address, &right.address) == 0;
}

bool binding_same(const struct nat_binding *a, const struct host_table *a_hosts, const struct nat_binding *b,
        const struct host_table *b_hosts)
{
        struct nat_binding same = *b;

        same.inside = a->inside;
        same.destination = a->destination;
        return binding_compare(a, &same) == 0 && host_same(a->inside, a_hosts, b->inside, b_hosts) &&
               host_same(a->destination, a_hosts, b->destination, b_hosts);
}
