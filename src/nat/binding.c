/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/binding.h"

#include <errno.h>
#include <stdlib.h>

bool nat_protocol_has_port(int protocol)
{
        return protocol == 1 || protocol == 6 || protocol == 17 || protocol == 33 || protocol == 58 ||
               protocol == 132 || protocol == 136;
}

const char *edge_name(enum binding_edge edge)
{
        static const char *const names[EDGE_COUNT] = {"open", "observed", "interim", "reused", "bound"};
        return edge < EDGE_COUNT ? names[edge] : "open";
}

int binding_list_append(struct binding_list *list, const struct nat_binding *binding)
{
        if (list->count == list->capacity) {
                size_t capacity = list->capacity ? list->capacity * 2 : 64;
                struct nat_binding *items = realloc(list->items, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                list->items = items;
                list->capacity = capacity;
        }
        list->items[list->count++] = *binding;
        return 0;
}

void binding_list_free(struct binding_list *list)
{
        free(list->items);
        *list = (struct binding_list){0};
}

#define COMPARE(field)                                                                                       \
        do {                                                                                                 \
                if (a->field != b->field)                                                                    \
                        return a->field < b->field ? -1 : 1;                                                 \
        } while (0)

int binding_compare(const void *left, const void *right)
{
        const struct nat_binding *a = left, *b = right;
        int64_t a_instant = binding_instant(a), b_instant = binding_instant(b);

        if (a_instant != b_instant)
                return a_instant < b_instant ? -1 : 1;
        COMPARE(port_first);
        COMPARE(port_last);
        COMPARE(protocol);
        COMPARE(kind);
        COMPARE(inside);
        COMPARE(inside_port);
        COMPARE(destination);
        COMPARE(destination_port);
        COMPARE(session);
        COMPARE(exporter);
        COMPARE(flags);
        COMPARE(from_edge);
        COMPARE(to_edge);
        COMPARE(from_ms);
        COMPARE(to_ms);
        COMPARE(outside);
        return 0;
}
