/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NODE_STATISTICS_H
#define ROGATORY_NODE_STATISTICS_H

/* The numbers of a node, for machines that watch it: as Prometheus reads them, and as JSON. Pure. No number
 * of a subscriber is among them. */

#include "base/buffer.h"
#include "relay/counts.h"
#include "wire/sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct statistics_exporter {
        const char *name; /* of its section: letters, digits and . - _ : */
        struct relay_exporter_counts counts;
        uint64_t refused[REFUSAL_COUNT];
};

struct statistics_listener {
        const char *name;
        const char *transport;
        struct relay_listener_counts counts;
};

struct statistics {
        int64_t now_ms;
        struct relay_collector_counts collector;
        struct relay_store_counts store;
        bool store_is_known;
        const struct statistics_exporter *exporters;
        size_t exporter_count;
        const struct statistics_listener *listeners;
        size_t listener_count;
};

/* Appends the whole page. 0, or the buffer's failure. Prometheus' text format 0.0.4. */
int statistics_prometheus(const struct statistics *statistics, struct buffer *ret);
int statistics_json(const struct statistics *statistics, struct buffer *ret);

#endif
