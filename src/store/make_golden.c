/* SPDX-License-Identifier: EUPL-1.2 */
/* make_golden STYLE SEED SHEETS MOST FILE: writes a segment from a seed (tests/golden, fuzz corpora, random
 * files for the comparison with the second decoder). STYLE: plain, destinations, blocks, wild, leases, plan.
 */
#include "store/lease_segment.h"
#include "store/plan_segment.h"
#include "store/random_segment.h"

#include <stdio.h>
#include <stdlib.h>

static int write_to_buffer(void *context, const void *bytes, size_t length)
{
        return buffer_append(context, bytes, length);
}

static int style_of(const char *name)
{
        static const char *const names[RANDOM_STYLES] = {"plain", "destinations", "blocks", "wild"};

        for (int i = 0; i < RANDOM_STYLES; i++)
                if (strcmp(name, names[i]) == 0)
                        return i;
        return -1;
}

static int make_leases(uint64_t seed, size_t count, struct buffer *file, struct error *error)
{
        struct random_source random = {seed};
        struct segment_header header = {
                .realm = "access", .window_from = INT64_C(1795132800000), .generation = 1};
        struct segment_output output = {file, write_to_buffer};
        struct lease_list list = {0};
        int r = 0;

        header.window_to = header.window_from + TIME_DAY;
        for (size_t i = 0; i < count && r == 0; i++) {
                struct address address = address_from_ipv4(0x64400000u + (uint32_t)random_below(&random, 64));
                struct lease lease = {
                        .is = {.prefix = prefix_of(&address, random_below(&random, 4) ? 128 : 124),
                                .session = random_next(&random),
                                .from_ms = header.window_from + (int64_t)random_below(&random, TIME_DAY),
                                .to_ms = TIME_UNKNOWN,
                                .from_edge = EDGE_OBSERVED},
                        .seen_until_ms = TIME_UNKNOWN};
                snprintf(lease.is.subscriber, sizeof lease.is.subscriber, "customer-%u",
                        (unsigned)random_below(&random, 99));
                r = lease_list_append(&list, &lease);
        }
        if (r == 0)
                r = lease_join(&list);
        if (r == 0)
                r = lease_segment_write(&header, list.items, list.count, header.window_to, &output, error);
        lease_list_free(&list);
        return r;
}

/* Rows over few addresses and times, so that some end others and some contradict each other. */
static struct plan_entry make_plan_row(struct random_source *random)
{
        struct address ipv4 = address_from_ipv4(0x64400000u + (uint32_t)random_below(random, 500));
        struct address ipv6 = {{0x20, 1, 0x0d, 0xb8, 0, 0, (uint8_t)random_below(random, 90)}};
        unsigned kind = (unsigned)random_below(random, 6),
                 first = 1024 + 64 * (unsigned)random_below(random, 900);
        struct plan_entry entry = {
                .row = {.from_ms = INT64_C(1795132800000) + (int64_t)random_below(random, 3) * TIME_DAY,
                        .to_ms = TIME_UNKNOWN,
                        .outside = 0xc6336400u + (uint32_t)random_below(random, 9),
                        .port_first = (uint16_t)first,
                        .port_last = (uint16_t)(first + 63),
                        .repeat_count = 1,
                        .protocol = (uint8_t)(random_below(random, 5) ? 0 : 17),
                        .vrf = random_below(random, 7) ? 0 : 70000},
                .exporter = (uint16_t)random_below(random, 2),
                .marks = random_below(random, 20) ? 0 : PLAN_INCOMPLETE};

        entry.row.inside = prefix_of(kind < 4 ? &ipv4 : &ipv6, kind < 4 ? 128 : 56);
        if (kind == 4) {
                entry.row.port_first = (uint16_t)(1024 + 8 * random_below(random, 120));
                entry.row.port_last = (uint16_t)(entry.row.port_first + 7);
                entry.row.repeat_every = 1024;
                entry.row.repeat_count = 62;
        }
        if (kind == 3) {
                entry.row.is_dynamic = true;
                entry.row.inside = (struct prefix){.length = 0};
        }
        if (random_below(random, 2))
                entry.row.to_ms = entry.row.from_ms + 1 + (int64_t)random_below(random, 2 * TIME_DAY);
        return entry;
}

static int make_plan(uint64_t seed, size_t count, struct buffer *file, struct error *error)
{
        static const char *const names[] = {"plan", "map-domain-3"};
        struct random_source random = {seed};
        struct segment_header header = {
                .realm = "access", .window_from = TIME_FIRST, .window_to = TIME_LIMIT, .generation = 3};
        struct segment_output output = {file, write_to_buffer};
        struct plan_list list = {0};
        uint32_t outside;
        int r = 0;

        for (size_t i = 0; i < count && r == 0; i++) {
                struct plan_entry entry = make_plan_row(&random);
                r = plan_list_append(&list, &entry);
        }
        if (r == 0)
                r = plan_settle(&list, NULL, &outside);
        if (r == 0)
                r = plan_segment_write(&header, &list, names, 2, &output, error);
        plan_list_free(&list);
        return r;
}

int main(int count, char **arguments)
{
        struct buffer file = buffer_make(1u << 28);
        struct error error = {0};

        bool plan = count == 6 && strcmp(arguments[1], "plan") == 0;
        if (count != 6 || (style_of(arguments[1]) < 0 && strcmp(arguments[1], "leases") != 0 && !plan)) {
                fprintf(stderr, "usage: make_golden plain|destinations|blocks|wild|leases|plan SEED SHEETS "
                                "MOST FILE\n");
                return 2;
        }
        uint64_t seed = strtoull(arguments[2], NULL, 10);
        size_t sheets = strtoul(arguments[3], NULL, 10), most = strtoul(arguments[4], NULL, 10);
        int style = style_of(arguments[1]), r;
        if (style >= 0) {
                struct random_content content;
                random_content_make(&content, seed, (enum random_style)style, sheets, most);
                r = random_content_write(&content, &file, &error);
                random_content_free(&content);
        } else {
                r = (plan ? make_plan : make_leases)(seed, most, &file, &error);
        }
        FILE *out = r < 0 ? NULL : fopen(arguments[5], "wb");
        bool written = out && fwrite(file.bytes, 1, file.length, out) == file.length;
        if (out && fclose(out) != 0)
                written = false;
        buffer_free(&file);
        if (!written)
                fprintf(stderr, "make_golden: %s: %s\n", arguments[5],
                        r < 0 ? error.text : "cannot be written");
        return written ? 0 : 1;
}
