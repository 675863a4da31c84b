/* SPDX-License-Identifier: EUPL-1.2 */
/* What a node would answer, of numbers that are made up: page prometheus|json|quiet [SECONDS]
 *
 * SECONDS later the sums have grown. quiet: a node (as JSON) that has heard of nobody and whose store has not
 * told anything yet. */
#include "node/statistics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1795217752250) /* 2026-11-20T23:35:52.250Z */

static struct statistics_exporter exporters[] = {
        {.name = "cgn-1",
                .counts = {.messages = 480000,
                        .bytes = 672000000,
                        .events = 11520000,
                        .gaps = 0,
                        .offset_min_ms = -3,
                        .offset_max_ms = 12}},
        {.name = "cgn-2",
                .counts = {.messages = 240000,
                        .bytes = 336000000,
                        .events = 5760000,
                        .lost = 1742,
                        .gaps = 3,
                        .offset_min_ms = 2100,
                        .offset_max_ms = 2350}},
        {.name = "cgn-syslog",
                .counts = {.messages = 90000,
                        .bytes = 18000000,
                        .events = 89990,
                        .restarts = 1,
                        .clock_steps = 2,
                        .offset_min_ms = -480,
                        .offset_max_ms = -460}},
        {.name = "radius",
                .counts = {.messages = 7200,
                        .bytes = 1440000,
                        .leases = 7100,
                        .offset_min_ms = INT32_MIN,
                        .offset_max_ms = INT32_MIN}},
        {.name = "never-heard", .counts = {.offset_min_ms = INT32_MIN, .offset_max_ms = INT32_MIN}},
};

static struct statistics_listener listeners[] = {
        {.name = "ipfix",
                .transport = "udp",
                .counts = {.received = 720010,
                        .delivered = 720000,
                        .bytes = 1008000000,
                        .refused = 10,
                        .strangers = 8,
                        .over_rate = 2,
                        .dropped_by_kernel = 25}},
        {.name = "syslog-tls",
                .transport = "tls",
                .counts = {.received = 90000, .delivered = 90000, .bytes = 18000000, .connections = 2}},
        {.name = "accounting", .transport = "radius", .counts = {.received = 7200, .delivered = 7200}},
};

#define EXPORTERS (sizeof exporters / sizeof exporters[0])
#define LISTENERS (sizeof listeners / sizeof listeners[0])

/* A sum of two hours, `seconds` later. */
static uint64_t grown(uint64_t sum, uint64_t seconds)
{
        return sum + sum * seconds / 7200;
}

static void make_rows(uint64_t seconds)
{
        for (size_t i = 0; i < EXPORTERS; i++) {
                struct relay_exporter_counts *c = &exporters[i].counts;
                c->exporter = i;
                c->messages = grown(c->messages, seconds);
                c->bytes = grown(c->bytes, seconds);
                c->events = grown(c->events, seconds);
                c->last_ms = c->messages ? NOW_MS + (int64_t)seconds * 1000 - 40 : INT64_MIN;
        }
        for (size_t i = 0; i < LISTENERS; i++) {
                struct relay_listener_counts *c = &listeners[i].counts;
                c->listener = i;
                c->received = grown(c->received, seconds);
                c->delivered = grown(c->delivered, seconds);
                c->bytes = grown(c->bytes, seconds);
        }
        exporters[2].counts.last_ms = NOW_MS - 95000;
        exporters[2].refused[REFUSAL_BAD_VALUE] = 7;
        exporters[2].refused[REFUSAL_BAD_LENGTH] = 3;
}

static void make_sharing(struct sharing *ret)
{
        *ret = (struct sharing){.window_from = NOW_MS - NOW_MS % 3600000 - 3600000, .open = 91233};
        for (uint32_t i = 0; i < 200; i++)
                sharing_add(ret, 0xc6336400 + i % 256, 9 + i % 7);
        sharing_add(ret, 0xcb007107, 31);
        sharing_add(ret, 0xcb007108, 17);
        sharing_add(ret, 0xcb007163, 203);
}

static int print_page(struct statistics *statistics, const char *kind)
{
        struct buffer page = buffer_make(1 << 20);
        int r = strcmp(kind, "prometheus") == 0 ? statistics_prometheus(statistics, &page)
                                                : statistics_json(statistics, &page);

        if (r == 0)
                fwrite(page.bytes, 1, page.length, stdout);
        buffer_free(&page);
        return r == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
        uint64_t seconds = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
        struct statistics statistics = {.now_ms = NOW_MS + (int64_t)seconds * 1000,
                .collector = {.journal_next = 817201 + seconds,
                        .journal_flushed = 817201 + seconds,
                        .journal_durable = 817150 + seconds,
                        .journal_released = 600000,
                        .journal_bytes = 310378496,
                        .queued_bytes = 1024,
                        .is_taking = 1,
                        .stops = 1,
                        .stop_ms = 1500,
                        .started_ms = NOW_MS - 7200000},
                .exporters = exporters,
                .listeners = listeners};

        if (argc < 2)
                return 2;
        make_rows(seconds);
        if (strcmp(argv[1], "quiet") == 0)
                return print_page(&statistics, argv[1]);
        statistics.exporter_count = EXPORTERS;
        statistics.listener_count = LISTENERS;
        statistics.store_is_known = true;
        statistics.store = (struct relay_store_counts){.events = 17369990,
                .leases = 7100,
                .held_events = 5100000,
                .held_bytes = 88604672,
                .merges = 2,
                .windows = 3,
                .window_bytes = 41943040,
                .last_merge_ms = NOW_MS - 2032250,
                .last_merge_took_ms = 3480,
                .users_most = 203,
                .users_over = 3,
                .open_bindings = 91233,
                .questions = 12,
                .disk_free_bytes = UINT64_C(412316860416),
                .key_since_ms = NOW_MS - INT64_C(9) * 86400000};
        make_sharing(&statistics.store.sharing);
        return print_page(&statistics, argv[1]);
}
