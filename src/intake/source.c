/* SPDX-License-Identifier: EUPL-1.2 */
#include "intake/source.h"

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

void source_set_free(struct source_set *set)
{
        free(set->items);
        *set = (struct source_set){0};
}
