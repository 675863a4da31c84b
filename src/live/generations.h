/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_LIVE_GENERATIONS_H
#define ROGATORY_LIVE_GENERATIONS_H

/* What a live node has heard and not yet written into windows, in generations: the last one takes what comes,
 * those before it are closed and on their way into the store. A generation is closed at a mark (a sequence of
 * the collector's journal), merged by a process of its own that sees this one's memory as it was, and
 * forgotten when that process has published it; until then questions see it. */

#include "depot/depot.h"
#include "intake/live.h"

#define LIVE_GENERATIONS_MAX 6u /* with the one that takes */

struct generation {
        struct intake *intake; /* owned */
        uint64_t mark;         /* all of the journal up to it is in this generation or in one before */
};

struct generations {
        struct depot *depot; /* borrowed: for its settings */
        struct generation items[LIVE_GENERATIONS_MAX];
        unsigned count; /* at least one */
};

/* `depot` must outlive them. 0, or negative with a message. */
int generations_open(struct generations *generations, struct depot *depot, struct error *error);
void generations_close(struct generations *generations);

/* The one that takes what comes. */
static inline struct generation *generations_last(struct generations *generations)
{
        return &generations->items[generations->count - 1];
}

/* Bytes of memory of all, about. */
size_t generations_bytes(const struct generations *generations);

/* How many are closed and wait for being merged. */
static inline unsigned generations_closed(const struct generations *generations)
{
        return generations->count - 1;
}

/* Closes the last one and begins another. 0 also where it is empty or where there are as many as may be: then
 * it goes on. Negative with a message where there is no memory. */
int generations_turn(struct generations *generations, struct error *error);

/* Merges the closed ones into the store at `path`, in their order; for a process of its own, which ends after
 * it. sharing: as for intake_live_merge. -EBUSY where another writer has the store. */
struct generations_merged {
        struct intake_live_merged windows;
        uint64_t mark; /* of the last one that was merged */
};
int generations_merge(struct generations *generations, const char *path, int64_t now_ms,
        struct sharing *sharing, struct generations_merged *ret_merged, struct error *error);

/* The first `count` are in the store: forgets them. Returns the mark of the last of them. */
uint64_t generations_forget(struct generations *generations, unsigned count);

#endif
