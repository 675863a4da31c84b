/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_TESTS_PROPERTY_RECEIVED_H
#define ROGATORY_TESTS_PROPERTY_RECEIVED_H

/* What a node receives of a simulated world: messages in the order and at the times of their receipt. */

#include "reception/reception.h"
#include "source.h"

struct received {
        enum reception_content content;
        uint16_t sender; /* 0 or 1: which of the exporters at 192.0.2.1 and 192.0.2.2 */
        int64_t at;      /* receipt; never runs back */
        uint8_t *bytes;
        size_t length;
        bool dropped; /* by this machine, which knows that it did */
        bool missed;  /* nobody listened */
};

struct received_list {
        struct received *items;
        size_t count, capacity;
};

void received_add(struct received_list *list, enum reception_content content, uint16_t sender, int64_t at,
        const void *bytes, size_t length);

/* The packets of a capture that outgoing_write made. sender: of all of them. */
void received_read(struct received_list *list, const char *path, uint16_t sender);

/* Lines of a source, one or a few to a datagram. */
void received_lines(struct received_list *list, struct telling *telling);

/* The events of this machine's own NAT, as its kernel sends them. stamped: it tells when they happened. */
void received_conntrack(struct received_list *list, struct telling *telling, bool stamped);

/* Sessions of access servers: who had which inside address. most_late_ms: a record may be repeated until it
 * is answered, so long. */
void received_leases(struct received_list *list, struct telling *telling, uint16_t sender, int64_t late_ms);

/* In order of receipt; times that run back are moved. */
void received_sort(struct received_list *list);

/* As a capture, without what was dropped. */
void received_write(const struct received_list *list, const char *path);
void received_free(struct received_list *list);

#endif
