/* SPDX-License-Identifier: EUPL-1.2 */
#include "inquiry/window_cache.h"

#include "base/checksum.h"
#include "os/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sheet is some tens of kilobytes; one that is far larger (the traffic of a whole network behind one
 * address) is left to be read block by block. */
#define SHEET_AT_ONCE (1024 * 1024)

#define SLOTS (2 * INQUIRY_EXPORTERS_MAX) /* a power of two, and never full */

/* Where the exporter stands, or belongs: then it is 0. */
static uint16_t *find_slot(const struct window_cache *cache, unsigned realm, const char *name, bool is_plan)
{
        size_t at = (checksum(name, strlen(name)) + realm) % SLOTS;

        for (;; at = (at + 1) % SLOTS) {
                uint16_t *slot = &cache->slots[at];
                const struct known_exporter *known = *slot ? &cache->exporters[*slot - 1] : NULL;
                if (!known || (known->realm == realm && known->is_plan == is_plan &&
                                      strcmp(known->name, name) == 0))
                        return slot;
        }
}

int exporter_number(
        struct window_cache *cache, unsigned realm, const char *name, bool is_plan, uint16_t *ret_number)
{
        uint16_t *slot;

        if (!cache->slots)
                cache->slots = calloc(SLOTS, sizeof *cache->slots);
        if (!cache->slots)
                return -ENOMEM;
        slot = find_slot(cache, realm, name, is_plan);
        if (*slot) {
                *ret_number = (uint16_t)(*slot - 1);
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
        *slot = (uint16_t)cache->exporter_count;
        return 0;
}

static void close_window(struct cached_window *w)
{
        if (!w->missing)
                depot_window_release(&w->window);
        free(w->map);
        free(w->announced);
        coverage_free(&w->coverage);
}

void window_cache_free(struct window_cache *cache)
{
        for (unsigned i = 0; i < cache->window_count; i++)
                close_window(&cache->windows[i]);
        free(cache->exporters);
        free(cache->slots);
}

void window_cache_drop(struct window_cache *cache, unsigned index)
{
        close_window(&cache->windows[index]);
        cache->windows[index] = cache->windows[--cache->window_count];
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

void window_announce(struct cached_window *window, uint32_t outside)
{
        const struct segment_reader *segment = window->window.segment;
        uint64_t offset, length;
        uint32_t sheet;

        if (!window->announced)
                window->announced = calloc(segment_sheet_count(segment) / 8 + 1, 1);
        if (!window->announced || segment_find_sheet(segment, outside, &sheet) < 0 ||
                window->announced[sheet / 8] >> sheet % 8 & 1)
                return;
        window->announced[sheet / 8] |= (uint8_t)(1u << sheet % 8);
        segment_sheet_span(segment, sheet, &offset, &length);
        if (length <= SHEET_AT_ONCE)
                file_map_soon((const uint8_t *)window->window.map + offset, length);
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
        depot_expect_scattered(cache->depot);
        int r = depot_window_open(cache->depot, realm_name, from, &w->window, error);
        if (r == -ENOENT) {
                *ret_window = NULL;
                return 0;
        }
        if (r == 0) {
                w->missing = false;
                w->in_memory = depot_memory_has(cache->depot, realm_name, from);
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
