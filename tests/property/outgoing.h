/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_TESTS_PROPERTY_OUTGOING_H
#define ROGATORY_TESTS_PROPERTY_OUTGOING_H

/* Datagrams on their way from an exporter into files: what is lost, repeated, reordered and cut. */

#include "log.h"

struct message {
        int64_t said;
        size_t order; /* in which it was made; keeps messages of one millisecond in turn */
        uint8_t *bytes;
        size_t length;
};

struct outgoing {
        struct message *items;
        size_t count, capacity;
};

/* said: true time at which it is sent. */
void outgoing_keep(struct outgoing *out, const uint8_t *bytes, size_t length, int64_t said);
void outgoing_sort(struct outgoing *out);

/* The scenario's faults; true where anything was lost or damaged. */
bool outgoing_harm(const struct world *world, struct outgoing *out, struct dice *dice);

/* As files in a folder: captures of packets to that UDP port, or the messages alone. */
void outgoing_write(const struct world *world, const struct outgoing *out, const char *folder, unsigned port,
        struct dice *dice, struct log_files *ret);
void outgoing_free(struct outgoing *out);

/* An IPv4 address as lines show it. */
const char *dotted(uint32_t address, char text[ADDRESS_TEXT_MAX]);

#endif
