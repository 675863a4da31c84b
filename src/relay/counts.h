/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_RELAY_COUNTS_H
#define ROGATORY_RELAY_COUNTS_H

/* What stands in a COUNTS frame: rows of numbers of one kind, for whoever watches the node. Sums since the
 * process began, where nothing else is said; -1 (all bits set): not known. */

#include "base/buffer.h"
#include "nat/sharing.h"

#include <stddef.h>
#include <stdint.h>

enum relay_counts_kind {
        RELAY_COUNTS_EXPORTER = 1, /* collector -> store: those that were heard since */
        RELAY_COUNTS_LISTENER,
        RELAY_COUNTS_COLLECTOR,
        RELAY_COUNTS_STORE, /* store -> collector */
        RELAY_COUNTS_KIND_END
};

struct relay_exporter_counts {
        uint64_t exporter; /* number */
        uint64_t messages, bytes, events, leases;
        uint64_t refused, lost, gaps, restarts, clock_steps;
        int64_t last_ms;                      /* receipt of the last message; INT64_MIN: none */
        int64_t offset_min_ms, offset_max_ms; /* its clock minus ours, lately; INT32_MIN: not known */
};

struct relay_listener_counts {
        uint64_t listener; /* number of its section */
        uint64_t received, delivered, bytes, refused, strangers, over_rate, not_taken, dropped_by_kernel;
        uint64_t connections; /* open now */
};

struct relay_collector_counts {
        uint64_t journal_next, journal_flushed, journal_durable, journal_released, journal_bytes;
        uint64_t queued_bytes;   /* towards the store, now */
        uint64_t is_taking;      /* 0: nothing is taken, see its log */
        uint64_t stops, stop_ms; /* how often it took nothing, and for how long in all */
        int64_t started_ms;
};

struct relay_store_counts {
        uint64_t events, leases, pieces, refused;
        uint64_t held_events, held_bytes; /* not in windows yet, now */
        uint64_t merges, merges_failed, windows, window_bytes;
        int64_t last_merge_ms, last_merge_took_ms;
        uint64_t open_bindings;          /* at the end of the last merged hour */
        uint64_t users_most, users_over; /* of one public address in it; addresses over SHARING_LIMIT */
        uint64_t questions, questions_busy;
        uint64_t disk_free_bytes;
        int64_t key_since_ms;   /* when the oldest key file of a realm was written */
        struct sharing sharing; /* of the last merged hour, all realms */
};

/* Rows of one kind as the payload of a COUNTS frame (relay_write_counts): as many as fit into one, at most
 * `count`. Returns how many stand in ret, which is cleared before; 0 where there is no memory. */
size_t relay_counts_pack(enum relay_counts_kind kind, const void *rows, size_t count, struct buffer *ret);

/* The kind of a payload and its rows, which are copied out by relay_counts_row. 0 rows and -EBADMSG where it
 * is none. */
int relay_counts_unpack(
        const void *bytes, size_t length, enum relay_counts_kind *ret_kind, size_t *ret_count);
void relay_counts_row(const void *bytes, enum relay_counts_kind kind, size_t index, void *ret_row);

#endif
