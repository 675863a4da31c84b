/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_BINDING_H
#define ROGATORY_NAT_BINDING_H

/* A binding: an inside host held an outside endpoint from one instant to another, as far as the log tells. */

#include "nat/event.h"
#include "nat/host.h"

#include <stdbool.h>
#include <stddef.h>

/* How an edge of a binding is known. The names in answers are those of edge_name(). */
enum binding_edge {
        EDGE_OPEN = 0,     /* not known: never seen (from/to is TIME_UNKNOWN) */
        EDGE_OBSERVED = 1, /* the log says it happened then */
        EDGE_INTERIM = 2,  /* the log says it still/already existed then */
        EDGE_REUSED =
                3, /* ended because the same endpoint was opened again (never stored; found when asked) */
        EDGE_BOUND = 4, /* the log says it had happened by then */
        EDGE_COUNT
};

const char *edge_name(enum binding_edge edge);

struct nat_binding {
        int64_t from_ms;      /* TIME_UNKNOWN where from_edge is EDGE_OPEN */
        int64_t to_ms;        /* TIME_UNKNOWN where to_edge is EDGE_OPEN */
        uint32_t outside;     /* IPv4, host order */
        uint32_t inside;      /* host number in the accompanying table */
        uint32_t destination; /* host number, HOST_NONE unless NAT_HAS_DESTINATION */
        uint32_t session;     /* see nat_event */
        uint16_t port_first, port_last;
        uint16_t inside_port;
        uint16_t destination_port;
        uint16_t exporter;
        uint8_t protocol, kind, flags;
        uint8_t from_edge, to_edge; /* enum binding_edge */
        uint8_t inside_bits; /* only with NAT_PLANNED: length of the inside prefix; `inside` is its address */
};

/* A growable array of bindings; zero-initialise. */
struct binding_list {
        struct nat_binding *items; /* owned */
        size_t count, capacity;
};

int binding_list_append(struct binding_list *list, const struct nat_binding *binding); /* 0 or -ENOMEM */
void binding_list_free(struct binding_list *list);

/* The instant a binding is sorted and windowed by: from where known, else to. */
static inline int64_t binding_instant(const struct nat_binding *b)
{
        return b->from_edge != EDGE_OPEN ? b->from_ms : b->to_ms;
}

/* Total order within one outside address: binding_instant, then every other field; equal means identical. */
int binding_compare(const void *a, const void *b);

#endif
