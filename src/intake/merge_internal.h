/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INTAKE_MERGE_INTERNAL_H
#define ROGATORY_INTAKE_MERGE_INTERNAL_H

/* Shared by merge.c (one window) and merge_plan.c (which windows). */

#include "depot/gone.h"
#include "intake/merge.h"

/* How a window is told to exist, to be asked for, or both. */
struct stop {
        int64_t window_from;
        bool stored;         /* there is a file of it ... */
        uint64_t generation; /* ... which is this one */
        bool wanted;         /* new records or a span of hearing fall into it */
};

struct stop_list {
        struct stop *items;
        size_t count, capacity;
};

/* The walk over the windows of one realm. */
struct walk {
        const struct merge_request *request;
        struct attribution_rules rules;
        struct merge_counts *counts;
        struct stop_list stops;
        struct coverage coverage;    /* all that is known of the realm's hearing around the windows walked */
        struct depot_gone_list gone; /* what retention has destroyed */
        struct binding_list carried; /* bindings that go on out of the window before; by outside address */
        struct segment_header carried_header; /* of the window they come from */
        int64_t carried_from;                 /* the window they come from; TIME_UNKNOWN: not read yet */
        bool rewritten;                       /* the window visited last had to be */
        bool carry_changed;                   /* they are not what the stored windows were made with */
        struct error *error;
};

/* A stored window opened for merging, or none. */
struct opened {
        bool is_open;
        struct depot_window window;
        uint16_t *map; /* its exporters' numbers in this import; owned */
};

int merge_open(struct walk *walk, int64_t window_from, struct opened *ret);
void merge_close(struct opened *opened);

/* Fills in by which rules a window is made: those of now, and bolder ones of its stored generation and of the
 * window that is carried into it (both may be NULL). */
void merge_state_rules(const struct walk *walk, const struct segment_header *stored,
        const struct segment_header *before, struct segment_header *header);

/* Names of the import's exporters by number, "" for those of other realms. The array is the caller's; NULL:
 * no memory. */
const char **merge_exporter_names(const struct walk *walk);

/* merge_hearing.c: publishes a stored window, into which nothing new falls or is carried, with new coverage
 * and its bindings as they are; `before` is the stored window before it, or NULL. 0 and the new generation;
 * ret_done is false where its bindings would have to be looked at again, and then nothing was done. */
int merge_hearing(struct walk *walk, const struct opened *stored, const struct stop *before,
        const struct coverage *coverage, uint64_t *ret_generation, bool *ret_done);

/* Which windows to walk, with what is known of the hearing around them. from, to: window beginnings. */
bool merge_extent(const struct walk *walk, int64_t *ret_from, int64_t *ret_to);
int merge_plan(struct walk *walk, int64_t from, int64_t to);

/* Does the request take the points of this bucket? */
bool merge_takes(const struct merge_request *request, const struct bucket *bucket);

/* The longest that anything of the realm lives. */
int64_t merge_memory_of(const struct walk *walk);

/* The import's numbers of a stored segment's exporters; owned by the caller. */
int merge_map_exporters(struct walk *walk, const struct segment_reader *segment, uint16_t **ret_map);

#endif
