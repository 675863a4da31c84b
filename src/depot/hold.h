/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DEPOT_HOLD_H
#define ROGATORY_DEPOT_HOLD_H

/* Holds: what was preserved for a case before its time was up (doc/format/hold.md). A hold is a folder
 * holds/ID/ with a description ("hold") and a store of its own that holds the matching records alone. It
 * appears whole, and goes whole. */

#include "depot/depot.h"

#define HOLD_ID_MAX 32
#define HOLD_CASE_MAX 1025  /* bytes, with the end mark */
#define HOLD_PERSON_MAX 256 /* bytes, with the end mark */
#define HOLDS_MAX 10000     /* in one store */
#define HOLD_LONGEST_MS (60 * TIME_DAY)
#define HOLD_EXTENSION_MS (30 * TIME_DAY)

struct hold {
        char id[HOLD_ID_MAX]; /* "20261121-1": the day on which it was made, UTC, and a number */
        char case_reference[HOLD_CASE_MAX];
        char person[HOLD_PERSON_MAX]; /* who made it */
        struct address address;
        int port, protocol;     /* -1: every one */
        int64_t from_ms, to_ms; /* what was asked to be preserved; both included */
        int64_t margin_ms;      /* records this much before and after it are in the hold, too */
        int64_t made_ms;
        int64_t until_ms; /* it is destroyed then */
        bool extended;
};

struct hold_list {
        struct hold *items; /* owned; by id */
        size_t count;
};
void hold_list_free(struct hold_list *list);

/* All holds. A description that cannot be read is an error: what it is about cannot be said. */
int depot_holds(struct depot *depot, struct hold_list *ret_list, struct error *error);

/* The hold's store, for depot_open. */
int depot_hold_path(
        const struct depot *depot, const char *id, char *ret_path, size_t size, struct error *error);

/* Making one: begin gives it an id and the path of an empty folder for its store; publish writes the
 * description and lets it appear. What is abandoned, or was left by a process that was killed, is removed.
 * All need a writing mode. */
int depot_hold_begin(
        struct depot *depot, struct hold *hold, char *ret_path, size_t size, struct error *error);
int depot_hold_publish(struct depot *depot, const struct hold *hold, struct error *error);
void depot_hold_abandon(struct depot *depot, const struct hold *hold);

/* Writes the description of a hold that is there anew. */
int depot_hold_change(struct depot *depot, const struct hold *hold, struct error *error);

/* Destroys a hold; also the remains of one that was never published (id NULL: all of those). */
int depot_hold_remove(struct depot *depot, const char *id, struct error *error);

#endif
