/* SPDX-License-Identifier: EUPL-1.2 */
#include "intake/source.h"

#include "base/time.h"

#include <errno.h>
#include <stdlib.h>

int source_find(const struct source_set *set, const char *name, uint16_t realm)
{
        for (unsigned i = 0; i < set->count; i++)
                if (set->items[i].realm == realm && strcmp(set->items[i].settings.name, name) == 0)
                        return (int)i;
        return -1;
}

int source_add(struct source_set *set, const struct source *source, uint16_t *ret_number)
{
        if (set->count == SOURCES_MAX)
                return -E2BIG;
        if (set->count == set->capacity) {
                unsigned capacity = set->capacity ? set->capacity * 2 : 16;
                struct source *items = realloc(set->items, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                set->items = items;
                set->capacity = capacity;
        }
        *ret_number = (uint16_t)set->count;
        set->items[set->count++] = *source;
        return 0;
}

static int64_t heartbeat_of(const void *context, uint16_t exporter)
{
        const struct source_set *set = context;

        int64_t own = exporter < set->count ? set->items[exporter].settings.heartbeat_ms : 0;

        return own > 0 ? own : TIME_MINUTE; /* as decoders take it */
}

struct heartbeats source_heartbeats(const struct source_set *set)
{
        return (struct heartbeats){.context = set, .of = heartbeat_of};
}

void source_set_free(struct source_set *set)
{
        free(set->items);
        *set = (struct source_set){0};
}
