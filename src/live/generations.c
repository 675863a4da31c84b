/* SPDX-License-Identifier: EUPL-1.2 */
#include "live/generations.h"

#include <errno.h>
#include <string.h>

static int begin(struct generations *generations, uint64_t mark, struct error *error)
{
        struct generation *next = &generations->items[generations->count];

        *next = (struct generation){.mark = mark};
        int r = intake_live_new(generations->depot, &next->intake, error);
        if (r == 0)
                generations->count++;
        return r;
}

int generations_open(struct generations *generations, struct depot *depot, struct error *error)
{
        *generations = (struct generations){.depot = depot};
        return begin(generations, 0, error);
}

void generations_close(struct generations *generations)
{
        while (generations->count > 0)
                intake_free(generations->items[--generations->count].intake);
}

size_t generations_bytes(const struct generations *generations)
{
        size_t bytes = 0;

        for (unsigned i = 0; i < generations->count; i++)
                bytes += intake_live_state(generations->items[i].intake).bytes;
        return bytes;
}

int generations_turn(struct generations *generations, struct error *error)
{
        struct generation *last = generations_last(generations);

        if (generations->count == LIVE_GENERATIONS_MAX || intake_live_state(last->intake).is_empty)
                return 0;
        return begin(generations, last->mark, error);
}

int generations_merge(struct generations *generations, const char *path, int64_t now_ms,
        struct sharing *sharing, struct generations_merged *ret_merged, struct error *error)
{
        struct depot *depot = NULL;

        *ret_merged = (struct generations_merged){0};
        int r = depot_open(path, DEPOT_WRITE, &depot, error);
        for (unsigned i = 0; i + 1 < generations->count && r == 0; i++) {
                struct intake_live_merged merged;
                r = intake_live_merge(generations->items[i].intake, depot, now_ms, sharing, &merged, error);
                ret_merged->windows.windows += merged.windows;
                ret_merged->windows.bytes += merged.bytes;
                ret_merged->windows.paired += merged.paired;
                ret_merged->windows.open += merged.open;
                ret_merged->mark = generations->items[i].mark;
        }
        depot_close(depot);
        return r;
}

uint64_t generations_forget(struct generations *generations, unsigned count)
{
        uint64_t mark = 0;

        for (unsigned i = 0; i < count; i++) {
                mark = generations->items[i].mark;
                intake_free(generations->items[i].intake);
        }
        generations->count -= count;
        memmove(generations->items, generations->items + count,
                generations->count * sizeof *generations->items);
        return mark;
}
