/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INTAKE_IMPORT_TEST_H
#define ROGATORY_INTAKE_IMPORT_TEST_H

/* For the tests of importing and asking: a store in the scratch folder, small logs, and everything that a
 * store says as one text, by which two stores are compared. */

#include "base/slice.h"
#include "intake/intake.h"
#include "os/scratch_test.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define DAY_START INT64_C(1795132800000) /* 2026-11-20T00:00:00Z */
#define CSV_HEADER "time,event,protocol,outside_address,outside_port,inside_address,inside_port,kind\n"
#define SETTINGS_DEFAULT                                                                                     \
        "[realm default]\nmapping = endpoint-independent\nlongest-session = 12h\n"                           \
        "[exporter cgn1]\nloss = reported\n"

static inline void write_text(const char *path, const void *text, size_t length)
{
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, length, file), length);
        assert_int_equal(fclose(file), 0);
}

/* Settings as they are given; with ROGATORY_SEALED=1 each realm has a key of its own, beside the store. */
static inline void write_settings(const char *path, const char *settings)
{
        struct buffer text = buffer_make(1 << 20);
        struct slice rest = slice_of(settings);
        const char *store = strrchr(path, '/');

        while (rest.length > 0) {
                struct slice line = slice_cut(&rest, '\n');
                buffer_append(&text, line.text, line.length);
                buffer_append_u8(&text, '\n');
                if (getenv("ROGATORY_SEALED") && line.length > 8 && strncmp(line.text, "[realm ", 7) == 0)
                        buffer_printf(&text, "key = file:%.*s.%.*s.key\n", (int)(store - path), path,
                                (int)line.length - 8, line.text + 7);
        }
        assert_int_equal(text.failed, 0);
        write_text(path, text.bytes ? text.bytes : (const void *)"", text.length);
        buffer_free(&text);
}

static inline const char *make_file(const char *name, const struct buffer *text)
{
        const char *path = scratch_path(name);
        assert_int_equal(text->failed, 0);
        write_text(path, text->bytes, text->length);
        return path;
}

static inline struct depot *open_store(const char *name, enum depot_mode mode)
{
        struct depot *depot;
        struct error error = {0};

        if (depot_open(scratch_path(name), mode, &depot, &error) < 0)
                fail_msg("%s", error.text);
        return depot;
}

/* A store with these settings. */
static inline void make_store(const char *name, const char *settings)
{
        char path[256];

        depot_close(open_store(name, DEPOT_CREATE));
        snprintf(path, sizeof path, "%s/rogatory.conf", scratch_path(name));
        write_settings(path, settings);
}

/* Imports files of the scratch folder, up to the first NULL, in one import. */
static inline int try_import(const char *store, const struct intake_options *options,
        const char *const *files, struct intake_summary *ret, struct error *error)
{
        struct depot *depot;
        struct intake *intake = NULL;

        int r = depot_open(scratch_path(store), DEPOT_CREATE, &depot, error);
        if (r < 0)
                return r;
        r = intake_new(depot, options, NULL, NULL, &intake, error);
        for (; r == 0 && *files; files++)
                r = intake_file(intake, scratch_path(*files), error);
        if (r == 0)
                r = intake_commit(intake, ret, error);
        intake_free(intake);
        depot_close(depot);
        return r;
}

static inline struct intake_summary import_with(
        const char *store, const struct intake_options *options, const char *const *files)
{
        struct intake_summary summary = {0};
        struct error error = {0};

        if (try_import(store, options, files, &summary, &error) < 0)
                fail_msg("%s", error.text);
        return summary;
}

#define IMPORT(store, ...)                                                                                   \
        import_with(store, &(const struct intake_options){.exporter = "cgn1"},                               \
                (const char *const[]){__VA_ARGS__, NULL})

/* --- Logs --- */

static inline void csv_event(
        struct buffer *log, int64_t second, const char *event, unsigned port, unsigned inside)
{
        char time[TIME_TEXT_MAX];
        buffer_printf(log, "%s,%s,tcp,198.51.100.7,%u,100.64.0.%u,%u,mapping\n",
                time_format_utc(DAY_START + second * TIME_SECOND, time), event, port, inside, 40000 + inside);
}

struct log_event {
        int64_t second;
        unsigned port, inside;
        bool open;
};

static inline int compare_log_event(const void *left, const void *right)
{
        const struct log_event *a = left, *b = right;
        if (a->second != b->second)
                return a->second < b->second ? -1 : 1;
        if (a->open != b->open)
                return a->open ? 1 : -1;
        return (a->port > b->port) - (a->port < b->port);
}

#define LOG_EVENTS_MAX 20000
#define LOG_PORTS 12

/* The events of some hours: a few ports lent to one host after the other, most of them for less and some for
 * more than an hour, some never seen to end; and a heartbeat. Sorted. */
static inline size_t make_events(struct log_event *events, int64_t from, int64_t to)
{
        size_t count = 0;

        for (unsigned port = 0; port < LOG_PORTS; port++) {
                int64_t at = from + port * 11;
                for (unsigned turn = 0; at < to; turn++) {
                        int64_t lasts = 40 + (port * 977 + turn * 613) % 5400;
                        unsigned inside = 1 + (port + turn) % 5;
                        assert_true(count + 2 < LOG_EVENTS_MAX);
                        events[count++] = (struct log_event){at, 2000 + port, inside, true};
                        if ((port + turn) % 7 != 0 && at + lasts < to)
                                events[count++] = (struct log_event){at + lasts, 2000 + port, inside, false};
                        at += lasts + 5 + turn * 31 % 300;
                }
        }
        for (int64_t at = from; at < to; at += 30) {
                assert_true(count + 2 < LOG_EVENTS_MAX);
                events[count++] = (struct log_event){at, 65000, 250, true};
                events[count++] = (struct log_event){at + 1, 65000, 250, false};
        }
        qsort(events, count, sizeof *events, compare_log_event);
        return count;
}

/* The rows of [since, until) out of the log of six hours, as a file. */
static inline void make_log(const char *name, int64_t since, int64_t until)
{
        static struct log_event events[LOG_EVENTS_MAX];
        struct buffer log = buffer_make(64u << 20);
        size_t count = make_events(events, 3600, 7 * 3600);

        buffer_append_text(&log, CSV_HEADER);
        for (size_t i = 0; i < count; i++)
                if (events[i].second >= since && events[i].second < until)
                        csv_event(&log, events[i].second, events[i].open ? "open" : "close", events[i].port,
                                events[i].inside);
        make_file(name, &log);
        buffer_free(&log);
}

/* --- What a store says --- */

static inline void tell_binding(struct buffer *text, const struct depot_window *w,
        const struct host_table *hosts, const struct nat_binding *b)
{
        char inside[ADDRESS_TEXT_MAX], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
        struct nat_host host = host_get(hosts, b->inside);

        buffer_printf(text, "  %u-%u/%u kind %u of %s:%u vrf %u %s %s..%s %s by %s\n", b->port_first,
                b->port_last, b->protocol, b->kind, address_format(&host.address, inside), b->inside_port,
                host.vrf, edge_name(b->from_edge),
                time_format_utc(b->from_edge ? b->from_ms : TIME_UNKNOWN, from),
                time_format_utc(b->to_edge ? b->to_ms : TIME_UNKNOWN, to), edge_name(b->to_edge),
                segment_exporter_name(w->segment, b->exporter));
}

static inline int compare_line(const void *left, const void *right)
{
        return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Host numbers decide the order within one instant; as text it is by line. */
static inline void sort_lines(struct buffer *text, size_t from)
{
        static char *lines[LOG_EVENTS_MAX];
        size_t count = 0, length = text->length - from;
        char *copy = malloc(length + 1);

        assert_non_null(copy);
        memcpy(copy, text->bytes + from, length);
        copy[length] = '\0';
        for (char *at = copy; *at;) {
                char *end = strchr(at, '\n');
                assert_true(end && count < LOG_EVENTS_MAX);
                *end = '\0';
                lines[count++] = at;
                at = end + 1;
        }
        qsort(lines, count, sizeof *lines, compare_line);
        text->length = from;
        for (size_t i = 0; i < count; i++)
                buffer_printf(text, "%s\n", lines[i]);
        free(copy);
}

static inline void tell_coverage(struct buffer *text, const struct depot_window *w)
{
        const struct coverage *c = segment_coverage(w->segment);
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];

        for (size_t i = 0; i < c->span_count; i++) {
                const struct coverage_span *s = &c->spans[i];
                buffer_printf(text, "  heard %s/%u %s..%s numbers %u..%u delay %d flags %x\n",
                        segment_exporter_name(w->segment, s->exporter), s->stream,
                        time_format_utc(s->from, from), time_format_utc(s->to, to), s->sequence_from,
                        s->sequence_to, s->delay_ms, s->flags);
        }
        for (size_t i = 0; i < c->gap_count; i++) {
                const struct coverage_gap *g = &c->gaps[i];
                buffer_printf(text, "  gap %s %s/%u %s..%s count %u\n", gap_name(g->reason),
                        segment_exporter_name(w->segment, g->exporter), g->stream,
                        time_format_utc(g->from, from), time_format_utc(g->to, to), g->count);
        }
}

static inline void tell_window(struct buffer *text, const struct depot_window *w)
{
        struct error error = {0};

        buffer_printf(text, "window %.13s\n", w->file.name);
        for (uint32_t i = 0; i < segment_sheet_count(w->segment); i++) {
                struct host_table hosts;
                struct binding_list sheet = {0};
                size_t lines = text->length;
                assert_int_equal(host_table_init(&hosts, 100000), 0);
                if (segment_read_sheet(w->segment, i, &hosts, NULL, &sheet, &error) < 0)
                        fail_msg("%s", error.text);
                for (size_t k = 0; k < sheet.count; k++)
                        tell_binding(text, w, &hosts, &sheet.items[k]);
                sort_lines(text, lines);
                binding_list_free(&sheet);
                host_table_free(&hosts);
        }
        tell_coverage(text, w);
}

/* Everything that a realm's windows say, without the numbers that the import gave. Owned by the caller. */
static inline char *tell_realm(const char *store, const char *realm)
{
        struct depot *depot = open_store(store, DEPOT_READ);
        struct buffer text = buffer_make(64u << 20);
        struct depot_files files = {0};
        struct error error = {0};

        assert_int_equal(depot_nat_files(depot, realm, &files, &error), 0);
        for (size_t i = 0; i < files.count; i++) {
                struct depot_window window;
                if (depot_window_open(depot, realm, files.items[i].from, &window, &error) < 0)
                        fail_msg("%s", error.text);
                tell_window(&text, &window);
                depot_window_release(&window);
        }
        depot_files_free(&files);
        depot_close(depot);
        assert_int_equal(buffer_append_u8(&text, 0), 0);
        return (char *)text.bytes;
}

/* Where two tellings differ first, for a person. */
static inline void assert_same_telling(const char *what, char *left, char *right)
{
        size_t at = 0;

        while (left[at] && left[at] == right[at])
                at++;
        if (left[at] || right[at]) {
                while (at > 0 && left[at - 1] != '\n')
                        at--;
                fail_msg("%s: at byte %zu\n%.240s\n--- and\n%.240s", what, at, left + at, right + at);
        }
        free(left);
        free(right);
}

#endif
