/* SPDX-License-Identifier: EUPL-1.2 */
#include "upkeep/info.h"

#include <stdio.h>
#include <stdlib.h>

#define EXPORTERS_MAX 4096 /* of one realm that are told apart */

/* One realm while its files are read. */
struct gathering {
        struct depot *depot;
        struct info_realm *realm;
        struct coverage coverage; /* of all hours, by exporter numbers of this realm */
        uint32_t *outside;        /* addresses of all hours */
        size_t outside_count, outside_capacity;
};

/* --- Pieces --- */

/* The realm's number for an exporter. 0, -ENOMEM, -EFBIG. */
static int number_exporter(struct info_realm *realm, const char *name, uint16_t *ret_number)
{
        size_t i = 0;

        while (i < realm->exporter_count && strcmp(realm->exporters[i].name, name) != 0)
                i++;
        if (i == EXPORTERS_MAX)
                return -EFBIG;
        if (i == realm->exporter_count) {
                struct info_exporter *items = realloc(realm->exporters, (i + 1) * sizeof *items);
                if (!items)
                        return -ENOMEM;
                realm->exporters = items;
                items[i] = (struct info_exporter){.first_ms = TIME_UNKNOWN, .last_ms = TIME_UNKNOWN};
                snprintf(items[i].name, sizeof items[i].name, "%s", name);
                realm->exporter_count++;
        }
        *ret_number = (uint16_t)i;
        return 0;
}

static int gather_coverage(struct gathering *g, const struct segment_reader *segment)
{
        const struct coverage *coverage = segment_coverage(segment);
        uint16_t number = 0;
        int r = 0;

        for (size_t i = 0; i < coverage->span_count && r == 0; i++) {
                struct coverage_span span = coverage->spans[i];
                r = number_exporter(g->realm, segment_exporter_name(segment, span.exporter), &number);
                span.exporter = number;
                if (r == 0)
                        r = coverage_add_span(&g->coverage, &span);
        }
        for (size_t i = 0; i < coverage->gap_count && r == 0; i++) {
                struct coverage_gap gap = coverage->gaps[i];
                r = number_exporter(g->realm, segment_exporter_name(segment, gap.exporter), &number);
                gap.exporter = number;
                if (r == 0)
                        r = coverage_add_gap(&g->coverage, &gap);
        }
        return r;
}

static int gather_addresses(struct gathering *g, const struct segment_reader *segment)
{
        uint32_t count = segment_sheet_count(segment);

        if (g->outside_count + count > g->outside_capacity) {
                size_t capacity = (g->outside_count + count) * 2;
                uint32_t *items = realloc(g->outside, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                g->outside = items;
                g->outside_capacity = capacity;
        }
        for (uint32_t i = 0; i < count; i++)
                g->outside[g->outside_count++] = segment_sheet_address(segment, i);
        return 0;
}

static void gather_columns(struct info_realm *realm, const struct segment_reader *segment)
{
        struct segment_column_size sizes[INFO_COLUMNS_MAX];
        size_t count = segment_column_sizes(segment, sizes, INFO_COLUMNS_MAX);

        for (size_t i = 0; i < count && i < INFO_COLUMNS_MAX; i++) {
                size_t k = 0;
                while (k < realm->column_count && strcmp(realm->columns[k].name, sizes[i].name) != 0)
                        k++;
                if (k == INFO_COLUMNS_MAX)
                        k--;
                if (k == realm->column_count) {
                        snprintf(realm->columns[k].name, sizeof realm->columns[k].name, "%s", sizes[i].name);
                        realm->column_count++;
                }
                realm->columns[k].bytes += sizes[i].bytes;
        }
}

static int compare_addresses(const void *left, const void *right)
{
        uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

        return (a > b) - (a < b);
}

/* Sorts what was gathered and keeps each address once. */
static void unite_addresses(struct gathering *g)
{
        size_t kept = 0;

        if (g->outside_count > 1)
                qsort(g->outside, g->outside_count, sizeof *g->outside, compare_addresses);
        for (size_t i = 0; i < g->outside_count; i++)
                if (kept == 0 || g->outside[kept - 1] != g->outside[i])
                        g->outside[kept++] = g->outside[i];
        g->outside_count = kept;
}

/* --- Files --- */

static void count_file(struct info_realm *realm, const struct depot_window *window)
{
        realm->files++;
        realm->sealed += window->seal != NULL;
}

static int gather_window(struct gathering *g, const struct depot_file *file)
{
        struct info_realm *realm = g->realm;
        struct depot_window window;
        struct error ignored;

        realm->windows++;
        realm->nat_bytes += file->size;
        if (depot_window_open(g->depot, realm->name, file->from, &window, &ignored) < 0) {
                realm->damaged_windows++;
                return 0;
        }
        count_file(realm, &window);
        realm->bindings += segment_header_of(window.segment)->binding_count;
        gather_columns(realm, window.segment);
        int r = gather_coverage(g, window.segment);
        if (r == 0)
                r = gather_addresses(g, window.segment);
        depot_window_release(&window);
        if (g->outside_count > 1000000)
                unite_addresses(g);
        return r;
}

static int gather_nat(struct gathering *g, struct error *error)
{
        struct depot_files files = {0};
        struct info_realm *realm = g->realm;
        int r = depot_nat_files(g->depot, realm->name, &files, error);

        for (size_t i = 0; i < files.count && r == 0; i++)
                r = gather_window(g, &files.items[i]);
        if (r == 0 && files.count > 0) {
                realm->first_ms = files.items[0].from;
                realm->last_ms = files.items[files.count - 1].to;
        }
        depot_files_free(&files);
        return r;
}

/* Leases in a damaged block are missing here; that a file is damaged is said by check. */
static int judge_leases(struct info_realm *realm, const struct lease_reader *reader)
{
        struct lease_list leases = {0};
        struct error ignored;
        int r = lease_read_all(reader, &leases, &ignored);

        if (r == 0)
                r = lease_quality_add(leases.items, leases.count, &realm->lease_quality);
        else if (r != -ENOMEM)
                r = 0;
        lease_list_free(&leases);
        return r;
}

static int gather_leases(struct gathering *g, struct error *error)
{
        struct depot_files files = {0};
        struct info_realm *realm = g->realm;
        struct depot_window window;
        struct error ignored;
        int r = depot_lease_files(g->depot, realm->name, &files, error);

        for (size_t i = 0; i < files.count && r == 0; i++) {
                realm->lease_files++;
                realm->lease_bytes += files.items[i].size;
                if (depot_lease_window_open(g->depot, realm->name, files.items[i].from, &window, &ignored) <
                        0) {
                        realm->damaged_windows++;
                        continue;
                }
                count_file(realm, &window);
                realm->leases += lease_reader_count(window.leases);
                r = judge_leases(realm, window.leases);
                if (lease_heard_until(window.leases) > realm->leases_heard_until_ms)
                        realm->leases_heard_until_ms = lease_heard_until(window.leases);
                realm->leases_torn = realm->leases_torn || lease_log_is_torn(window.leases);
                depot_window_release(&window);
        }
        depot_files_free(&files);
        return r;
}

static int gather_plans(struct gathering *g, struct error *error)
{
        struct depot_files files = {0};
        struct info_realm *realm = g->realm;
        struct depot_window window;
        struct error ignored;
        int r = depot_plan_files(g->depot, realm->name, &files, error);

        for (size_t i = 0; i < files.count && r == 0; i++) {
                realm->plan_bytes += files.items[i].size;
                if (depot_plan_window_open(g->depot, realm->name, &window, &ignored) < 0) {
                        realm->damaged_windows++;
                        continue;
                }
                count_file(realm, &window);
                realm->plans = plan_summary_of(window.plans);
                depot_window_release(&window);
        }
        depot_files_free(&files);
        return r;
}

/* --- Hearing --- */

static enum info_hearing hearing_of(
        const struct coverage *coverage, uint16_t exporter, int64_t from, int64_t to)
{
        enum info_hearing hearing = HEARD_NOT;

        for (size_t i = 0; i < coverage->gap_count; i++) {
                const struct coverage_gap *gap = &coverage->gaps[i];
                if (gap->exporter == exporter && gap->from < to && gap->to >= from)
                        return HEARD_LOSS;
        }
        for (size_t i = 0; i < coverage->span_count; i++) {
                const struct coverage_span *span = &coverage->spans[i];
                if (span->exporter == exporter && !(span->flags & SPAN_KNOWN_ONLY) && span->from < to &&
                        span->to > from)
                        hearing = HEARD_PARTLY;
        }
        if (hearing == HEARD_PARTLY && coverage_heard(coverage, exporter, NULL, from, to - 1).whole)
                return HEARD_WHOLE;
        return hearing;
}

static int judge_exporter(const struct gathering *g, uint16_t number)
{
        struct info_realm *realm = g->realm;
        struct info_exporter *exporter = &realm->exporters[number];

        exporter->hours = calloc(realm->hour_count ? realm->hour_count : 1, 1);
        if (!exporter->hours)
                return -ENOMEM;
        int64_t begin = realm->last_ms - (int64_t)realm->hour_count * TIME_HOUR;
        for (size_t i = 0; i < realm->hour_count; i++) {
                int64_t from = begin + (int64_t)i * TIME_HOUR;
                exporter->hours[i] = (uint8_t)hearing_of(&g->coverage, number, from, from + TIME_HOUR);
                if (exporter->hours[i] == HEARD_WHOLE)
                        exporter->heard_ms += TIME_HOUR;
        }
        for (size_t i = 0; i < g->coverage.gap_count; i++)
                if (g->coverage.gaps[i].exporter == number && g->coverage.gaps[i].reason < GAP_REASON_COUNT)
                        exporter->gaps[g->coverage.gaps[i].reason]++;
        for (size_t i = 0; i < g->coverage.span_count; i++) {
                const struct coverage_span *span = &g->coverage.spans[i];
                if (span->exporter != number || (span->flags & SPAN_KNOWN_ONLY))
                        continue;
                if (exporter->first_ms == TIME_UNKNOWN || span->from < exporter->first_ms)
                        exporter->first_ms = span->from;
                if (exporter->last_ms == TIME_UNKNOWN || span->to > exporter->last_ms)
                        exporter->last_ms = span->to;
        }
        return 0;
}

static int judge_hearing(struct gathering *g)
{
        struct info_realm *realm = g->realm;
        int r = 0;

        if (realm->first_ms == TIME_UNKNOWN)
                return 0;
        realm->hour_count = (size_t)((realm->last_ms - realm->first_ms) / TIME_HOUR);
        if (realm->hour_count > INFO_HOURS_MAX)
                realm->hour_count = INFO_HOURS_MAX;
        coverage_normalise(&g->coverage, exporter_defaults("any", realm->name).heartbeat_ms);
        for (size_t i = 0; i < realm->exporter_count && r == 0; i++)
                r = judge_exporter(g, (uint16_t)i);
        return r;
}

static int gather_realm(struct depot *depot, const char *name, struct info_realm *realm, struct error *error)
{
        struct gathering g = {.depot = depot, .realm = realm};

        *realm = (struct info_realm){.settings = settings_realm(depot_settings(depot), name),
                .first_ms = TIME_UNKNOWN,
                .last_ms = TIME_UNKNOWN,
                .leases_heard_until_ms = TIME_UNKNOWN};
        snprintf(realm->name, sizeof realm->name, "%s", name);
        int r = gather_nat(&g, error);
        if (r == 0)
                r = gather_leases(&g, error);
        if (r == 0)
                r = gather_plans(&g, error);
        if (r == 0) {
                unite_addresses(&g);
                realm->outside_addresses = g.outside_count;
                r = judge_hearing(&g);
        }
        coverage_free(&g.coverage);
        free(g.outside);
        return r;
}

int info_gather(struct depot *depot, struct info *ret_info, struct error *error)
{
        char **names = NULL;
        size_t count = 0;
        int r = depot_realms(depot, &names, &count, error);

        *ret_info = (struct info){0};
        if (r < 0)
                return r;
        ret_info->realms = calloc(count ? count : 1, sizeof *ret_info->realms);
        if (!ret_info->realms)
                r = -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                if (r == 0) {
                        ret_info->realm_count++;
                        r = gather_realm(depot, names[i], &ret_info->realms[i], error);
                }
                free(names[i]);
        }
        free(names);
        if (r == -ENOMEM)
                error_set(error, r, "not enough memory");
        if (r == -EFBIG)
                error_set(error, r, "a realm has more exporters than can be told apart");
        if (r < 0)
                info_free(ret_info);
        return r;
}

void info_free(struct info *info)
{
        for (size_t i = 0; i < info->realm_count; i++) {
                for (size_t k = 0; k < info->realms[i].exporter_count; k++)
                        free(info->realms[i].exporters[k].hours);
                free(info->realms[i].exporters);
        }
        free(info->realms);
        *info = (struct info){0};
}
