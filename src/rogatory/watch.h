/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_WATCH_H
#define ROGATORY_ROGATORY_WATCH_H

/* What `rogatory top` makes of a node's /metrics.json (doc/metrics.md): its numbers, what became of them
 * since the look before, and how that is shown. Nothing here asks, waits or draws. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/time.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_PAGE_MAX (64u << 20)
#define WATCH_ROWS_MAX 65536u /* exporters, and listeners */
#define WATCH_SHARES_MAX 1024u
#define WATCH_WORST_MAX 32u
#define WATCH_LIMIT_MAX 127u  /* of --limit: addresses with more users than that are counted together */
#define WATCH_SILENT_MS 60000 /* an exporter that was heard, and now is not */
#define WATCH_CLOCK_MS 1000   /* a clock that is so far off is worth a look */

/* Numbers are -1 and instants TIME_UNKNOWN where the node does not tell them. Instants and spans in ms. */

struct watch_exporter {
        const char *name; /* borrowed from the reading; a name that rogatory.conf can have */
        int64_t messages, bytes, events, leases, lost, gaps, restarts, clock_steps;
        int64_t last_heard_ms, offset_least_ms, offset_most_ms;
        int64_t refused; /* of all reasons */
        /* Since the look before; negative: not known. */
        double message_rate, event_rate; /* per second */
        int64_t newly_missed;            /* lost, gaps and refused */
};

struct watch_listener {
        const char *name, *transport;
        int64_t received, delivered, bytes, refused, strangers, over_rate, not_taken, kernel_drops,
                connections;
        double message_rate;
        int64_t newly_missed; /* dropped and refused */
};

struct watch_share {
        uint32_t users, addresses;
};

struct watch_worst {
        const char *address; /* borrowed; sound */
        int64_t users;
};

struct watch_reading {
        json_t *document; /* owned */
        int64_t now_ms;
        struct {
                int64_t journal_next, journal_flushed, journal_durable, journal_released, journal_bytes;
                int64_t queued_bytes, taking, stops, stopped_ms, started_ms;
        } collector;
        struct {
                int64_t events, refused, held_events, held_bytes, merges, merges_failed, windows,
                        window_bytes;
                int64_t last_merge_ms, last_merge_took_ms, open_bindings, hour_ms, questions, questions_busy;
                int64_t disk_free_bytes, key_since_ms;
        } store;
        struct watch_share *shares; /* owned; by users */
        size_t share_count;
        struct watch_worst *worst; /* owned; most first */
        size_t worst_count;
        struct watch_listener *listeners; /* owned */
        size_t listener_count;
        struct watch_exporter *exporters; /* owned */
        size_t exporter_count;
};

/* Reads a page. 0, or -EBADMSG and others with a message; watch_free in any case. */
int watch_read(struct slice page, struct watch_reading *ret_reading, struct error *error);
void watch_free(struct watch_reading *reading);

/* Fills in what became of the numbers since `before`. Of a collector that was started anew meanwhile, and of
 * exporters that are not in both, it is not known. */
void watch_compare(struct watch_reading *reading, const struct watch_reading *before);

/* Addresses with more users than the limit; -1 where no hour was merged yet. */
int64_t watch_over(const struct watch_reading *reading, uint32_t limit);
int64_t watch_addresses(const struct watch_reading *reading);

/* Is something wrong with it now? In plain words, NULL: nothing. */
const char *watch_exporter_trouble(
        const struct watch_reading *reading, const struct watch_exporter *exporter);

enum watch_order { WATCH_BY_TROUBLE, WATCH_BY_RATE, WATCH_BY_NAME, WATCH_ORDER_COUNT };

/* Sorts the exporters. */
void watch_sort(struct watch_reading *reading, enum watch_order order);

/* --- How it is shown --- */

struct watch_view {
        const struct watch_reading *reading; /* NULL: none yet */
        const char *node;                    /* its address */
        const char *trouble;                 /* why there is no newer reading; NULL */
        unsigned width, height;              /* 0: as much as there is */
        bool has_colour;
        bool has_keys; /* a last line that says which there are */
        uint32_t limit;
        enum watch_order order;
        size_t from; /* the first exporter shown, where there are enough behind it */
};

struct watch_place {
        size_t first, shown; /* which exporters stand there */
};

/* Appends lines, each but the last with its line end where there is a height. ret_place may be NULL. 0, or
 * the buffer's failure. */
int watch_write(const struct watch_view *view, struct buffer *ret, struct watch_place *ret_place);

/* The same for a program: one object. */
json_t *watch_to_json(const struct watch_reading *reading, const char *node, uint32_t limit);

#endif
