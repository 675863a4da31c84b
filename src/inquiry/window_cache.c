/* SPDX-License-Identifier: EUPL-1.2 */
#include "inquiry/window_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int exporter_number(
        struct window_cache *cache, unsigned realm, const char *name, bool is_plan, uint16_t *ret_number)
{
        for (unsigned i = 0; i < cache->exporter_count; i++)
                if (cache->exporters[i].realm == realm && cache->exporters[i].is_plan == is_plan &&
                        strcmp(cache->exporters[i].name, name) == 0) {
                        *ret_number = (uint16_t)i;
                        return 0;
                }
        if (cache->exporter_count == INQUIRY_EXPORTERS_MAX)
                return -E2BIG;
        if (cache->exporter_count == cache->exporter_capacity) {
                unsigned capacity = cache->exporter_capacity ? cache->exporter_capacity * 2 : 16;
                struct known_exporter *exporters = realloc(cache->exporters, capacity * sizeof *exporters);
                if (!exporters)
                        return -ENOMEM;
                cache->exporters = exporters;
                cache->exporter_capacity = capacity;
        }
        struct known_exporter *added = &cache->exporters[cache->exporter_count];
        *added = (struct known_exporter){.realm = realm, .is_plan = is_plan};
        snprintf(added->name, sizeof added->name, "%s", name);
        *ret_number = (uint16_t)cache->exporter_count++;
        return 0;
}

static void close_window(struct cached_window *w)
{
        if (!w->missing)
                depot_window_release(&w->window);
        free(w->map);
        coverage_free(&w->coverage);
}

void window_cache_free(struct window_cache *cache)
{
        for (unsigned i = 0; i < cache->window_count; i++)
                close_window(&cache->windows[i]);
        free(cache->exporters);
}

static int take_coverage(struct cached_window *w)
{
        const struct coverage *stored = segment_coverage(w->window.segment);
        int r = coverage_add_all(&w->coverage, stored);

        for (size_t i = 0; i < w->coverage.span_count; i++)
                w->coverage.spans[i].exporter = w->map[w->coverage.spans[i].exporter];
        for (size_t i = 0; i < w->coverage.gap_count; i++)
                w->coverage.gaps[i].exporter = w->map[w->coverage.gaps[i].exporter];
        /* What is stored is joined already; this only brings it into the order of our numbers. */
        coverage_normalise(&w->coverage, 0);
        return r;
}

static int take_exporters(struct window_cache *cache, struct cached_window *w)
{
        unsigned count = segment_exporter_count(w->window.segment);
        int r = 0;

        w->map = calloc(count + 1, sizeof *w->map);
        if (!w->map)
                return -ENOMEM;
        for (unsigned i = 0; i < count && r == 0; i++) {
                const char *name = segment_exporter_name(w->window.segment, i);
                if (name[0])
                        r = exporter_number(cache, w->realm, name, false, &w->map[i]);
        }
        return r;
}

/* A free place, or that of the window that was used longest ago. */
static struct cached_window *find_place(struct window_cache *cache)
{
        struct cached_window *oldest = &cache->windows[0];

        if (cache->window_count < INQUIRY_WINDOWS_OPEN_MAX)
                return &cache->windows[cache->window_count++];
        for (unsigned i = 1; i < cache->window_count; i++)
                if (cache->windows[i].used < oldest->used)
                        oldest = &cache->windows[i];
        if (oldest->used == cache->turn)
                return NULL;
        close_window(oldest);
        return oldest;
}

int window_cache_get(struct window_cache *cache, unsigned realm, const char *realm_name, int64_t from,
        struct cached_window **ret_window, struct error *error)
{
        for (unsigned i = 0; i < cache->window_count; i++) {
                struct cached_window *w = &cache->windows[i];
                if (w->realm == realm && w->from == from) {
                        w->used = cache->turn;
                        *ret_window = w->missing ? NULL : w;
                        return 0;
                }
        }
        struct cached_window *w = find_place(cache);
        if (!w)
                return error_set(
                        error, -E2BIG, "the question touches more than %d hours", INQUIRY_WINDOWS_OPEN_MAX);
        *w = (struct cached_window){.realm = realm, .from = from, .missing = true, .used = cache->turn};
        int r = depot_window_open(cache->depot, realm_name, from, &w->window, error);
        if (r == -ENOENT) {
                *ret_window = NULL;
                return 0;
        }
        if (r == 0) {
                w->missing = false;
                r = take_exporters(cache, w);
                if (r == 0)
                        r = take_coverage(w);
                if (r < 0 && r != -EBADMSG)
                        error_set(error, r, "not enough memory to open the window");
        }
        if (r < 0) {
                close_window(w);
                *w = cache->windows[--cache->window_count];
                return r;
        }
        *ret_window = w;
        return 0;
}
