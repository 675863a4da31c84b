/* SPDX-License-Identifier: EUPL-1.2 */
/* Which windows a merge walks over, and what is known of the realm's hearing around them. */
#include "intake/merge_internal.h"

#include <stdlib.h>

static struct stop *stop_find(struct stop_list *list, int64_t window_from)
{
        for (size_t i = list->count; i-- > 0;)
                if (list->items[i].window_from == window_from)
                        return &list->items[i];
        return NULL;
}

/* generation: of the stored file, 0 where none is known of. */
static int stop_add(struct stop_list *list, int64_t window_from, uint64_t generation, bool wanted)
{
        struct stop *found = stop_find(list, window_from);

        if (!found) {
                if (list->count == list->capacity) {
                        size_t capacity = list->capacity ? list->capacity * 2 : 64;
                        struct stop *items = realloc(list->items, capacity * sizeof *items);
                        if (!items)
                                return -ENOMEM;
                        list->items = items;
                        list->capacity = capacity;
                }
                found = &list->items[list->count++];
                *found = (struct stop){.window_from = window_from};
        }
        if (generation > 0) {
                found->stored = true;
                found->generation = generation;
        }
        found->wanted = found->wanted || wanted;
        return 0;
}

static int compare_stop(const void *left, const void *right)
{
        const struct stop *a = left, *b = right;
        return (a->window_from > b->window_from) - (a->window_from < b->window_from);
}

static void sort_stops(struct stop_list *list)
{
        if (list->count > 1)
                qsort(list->items, list->count, sizeof *list->items, compare_stop);
}

static int64_t window_of(int64_t instant)
{
        int64_t rest = instant % DEPOT_WINDOW_MS;
        return instant - (rest < 0 ? rest + DEPOT_WINDOW_MS : rest);
}

bool merge_takes(const struct merge_request *request, const struct bucket *bucket)
{
        return bucket->realm == request->realm_number && bucket->window_from < request->before;
}

/* The stretch of time that the new material speaks of. */
bool merge_extent(const struct walk *walk, int64_t *ret_from, int64_t *ret_to)
{
        int64_t from = INT64_MAX, to = INT64_MIN;
        const struct merge_request *request = walk->request;

        for (size_t i = 0; i < request->buckets->count; i++) {
                const struct bucket *bucket = &request->buckets->items[i];
                if (!merge_takes(request, bucket))
                        continue;
                from = bucket->window_from < from ? bucket->window_from : from;
                to = bucket->window_from > to ? bucket->window_from : to;
        }
        for (size_t i = 0; request->coverage && i < request->coverage->span_count; i++) {
                const struct coverage_span *span = &request->coverage->spans[i];
                from = span->from < from ? span->from : from;
                to = span->to > to ? span->to : to;
        }
        for (size_t i = 0; request->coverage && i < request->coverage->gap_count; i++) {
                const struct coverage_gap *gap = &request->coverage->gaps[i];
                from = gap->from < from ? gap->from : from;
                to = gap->to > to ? gap->to : to;
        }
        if (from > to)
                return false;
        *ret_from = window_of(from);
        *ret_to = window_of(to);
        return true;
}

int64_t merge_memory_of(const struct walk *walk)
{
        return walk->rules.longest_block_ms > walk->rules.longest_session_ms ? walk->rules.longest_block_ms
                                                                             : walk->rules.longest_session_ms;
}

/* Adds a stored window's coverage, its exporters under the numbers of this import. */
static int add_stored_coverage(struct walk *walk, const struct depot_window *window, uint16_t *map)
{
        const struct coverage *stored = segment_coverage(window->segment);
        int r = 0;

        for (size_t i = 0; i < stored->span_count && r == 0; i++) {
                struct coverage_span span = stored->spans[i];
                span.exporter = map[span.exporter];
                r = coverage_add_span(&walk->coverage, &span);
        }
        for (size_t i = 0; i < stored->gap_count && r == 0; i++) {
                struct coverage_gap gap = stored->gaps[i];
                gap.exporter = map[gap.exporter];
                r = coverage_add_gap(&walk->coverage, &gap);
        }
        return r;
}

int merge_map_exporters(struct walk *walk, const struct segment_reader *segment, uint16_t **ret_map)
{
        unsigned count = segment_exporter_count(segment);
        uint16_t *map = calloc(count + 1, sizeof *map);
        int r = map ? 0 : -ENOMEM;

        for (unsigned i = 0; i < count && r == 0; i++) {
                const char *name = segment_exporter_name(segment, i);
                if (name[0] == '\0')
                        continue; /* a number that this realm does not use */
                int number = source_find(walk->request->sources, name, walk->request->realm_number);
                if (number >= 0) {
                        map[i] = (uint16_t)number;
                        continue;
                }
                const char *realm = walk->request->realm->name;
                const struct exporter_settings *known =
                        settings_exporter(depot_settings(walk->request->depot), name);
                bool is_his = known && strcmp(known->realm, realm) == 0;
                struct source source = {.settings = is_his ? *known : exporter_defaults(name, realm),
                        .realm = walk->request->realm_number};
                r = source_add(walk->request->sources, &source, &map[i]);
        }
        if (r < 0) {
                free(map);
                return error_set(walk->error, r, "cannot keep the names of this store's exporters");
        }
        *ret_map = map;
        return 0;
}

static int load_stored_coverage(struct walk *walk, int64_t window_from)
{
        struct depot_window window;
        uint16_t *map;

        int r = depot_window_open(
                walk->request->depot, walk->request->realm->name, window_from, &window, walk->error);
        if (r < 0)
                return r;
        r = merge_map_exporters(walk, window.segment, &map);
        if (r == 0) {
                r = add_stored_coverage(walk, &window, map);
                free(map);
        }
        depot_window_release(&window);
        return r;
}

/* Every window that new records or a span of hearing fall into. Spans are looked at after they were joined
 * with what is stored, because a new span may close the hole behind an old one. */
static int want_windows(struct walk *walk, int64_t from, int64_t to)
{
        int empty = 0, r = 0;

        for (size_t i = 0; i < walk->request->buckets->count && r == 0; i++)
                if (merge_takes(walk->request, &walk->request->buckets->items[i]))
                        r = stop_add(&walk->stops, walk->request->buckets->items[i].window_from, 0, true);
        sort_stops(&walk->stops);
        for (size_t i = 0; i < walk->coverage.span_count && r == 0; i++) {
                const struct coverage_span *span = &walk->coverage.spans[i];
                if (span->flags & SPAN_KNOWN_ONLY || span->to < from || window_of(span->from) > to)
                        continue;
                int64_t at = window_of(span->from > from ? span->from : from);
                for (; at <= to && at <= span->to && r == 0; at += DEPOT_WINDOW_MS) {
                        if (span->flags & SPAN_CONTINUES && at == span->to)
                                break;
                        if (!stop_find(&walk->stops, at) && ++empty > MERGE_EMPTY_WINDOWS_MAX) {
                                walk->counts->windows_skipped++;
                                break;
                        }
                        r = stop_add(&walk->stops, at, 0, true);
                }
        }
        sort_stops(&walk->stops);
        return r;
}

/* A clock that is found to have been wrong before the first window loaded asks for earlier windows: the
 * stored window, of those before `first`, from which on everything must be looked at again; `first` itself
 * where none. */
static int64_t reach_back(const struct walk *walk, const struct depot_files *files, int64_t first)
{
        int64_t wanted = first;

        for (size_t i = 0; i < walk->coverage.gap_count; i++) {
                const struct coverage_gap *gap = &walk->coverage.gaps[i];
                if (gap->reason != GAP_CLOCK)
                        continue;
                int64_t from = gap->from - (int64_t)gap->count / 2;
                for (size_t k = 0; k < files->count; k++)
                        if (files->items[k].from < wanted && files->items[k].to > from) {
                                wanted = files->items[k].from;
                                break;
                        }
        }
        return wanted;
}

/* Loads the coverage of the stored windows in [from, to). */
static int load_windows(struct walk *walk, const struct depot_files *files, int64_t from, int64_t to)
{
        int r = 0;

        for (size_t i = 0; i < files->count && r == 0; i++) {
                if (files->items[i].from < from || files->items[i].from >= to)
                        continue;
                r = stop_add(&walk->stops, files->items[i].from, files->items[i].generation, false);
                if (r == 0)
                        r = load_stored_coverage(walk, files->items[i].from);
        }
        if (r == 0) {
                const struct heartbeats heartbeats = source_heartbeats(walk->request->sources);
                coverage_normalise_each(&walk->coverage, &heartbeats);
                r = coverage_trace_clocks(&walk->coverage, &heartbeats);
        }
        return r;
}

int merge_plan(struct walk *walk, int64_t from, int64_t to)
{
        const struct merge_request *request = walk->request;
        struct depot_files files = {0};
        int64_t first = from, loaded = INT64_MAX;

        int r = depot_nat_names(request->depot, request->realm->name, &files, walk->error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < files.count; i++)
                if (files.items[i].from < from &&
                        from - files.items[i].from <= merge_memory_of(walk) + DEPOT_WINDOW_MS)
                        first = files.items[i].from;
        if (request->coverage)
                r = coverage_add_all(&walk->coverage, request->coverage);
        while (r == 0 && first < loaded) {
                r = load_windows(walk, &files, first, loaded);
                loaded = first;
                if (r == 0 && request->coverage)
                        first = reach_back(walk, &files, first);
        }
        depot_files_free(&files);
        return r < 0 ? r : want_windows(walk, first, to);
}
