/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_OFFICE_STATE_H
#define ROGATORY_EXCHANGE_OFFICE_STATE_H

/* What the files of this room share of an opened node. */

#include "exchange/office.h"
#include "exchange/rows.h"
#include "os/zone.h"

#define STEP_ITEMS_MAX 256 /* entries of one step */

struct office_calendar_kept {
        char country[MODEL_COUNTRY_MAX];
        bool known;
        struct zone *zone; /* NULL: UTC */
        struct local_zone local;
        int64_t *holidays;
        struct calendar calendar;
};

struct office_item {
        const char *kind; /* static */
        char by[MODEL_PERSON_MAX];
        json_t *fields; /* owned */
};

/* Opened when they are first needed. */
struct office_keys {
        struct private_key *held[DIRECTORY_PURPOSES]; /* owned; NULL: not yet */
};
void office_keys_free(struct office_keys *keys); /* NULL is fine */

struct office {
        char path[PATH_MAX]; /* from the root */
        char containers[PATH_MAX], evidence[PATH_MAX], spool[PATH_MAX];
        struct office_options options;
        char person[MODEL_PERSON_MAX];
        uint64_t roles;
        struct office_settings *settings;
        struct directory *directory;
        const struct directory_organisation *self;
        struct office_keys *keys;
        struct certificate_set services; /* timestamp services that are believed */
        struct chronicle *chronicle;
        struct queue *queue;
        struct sqlite3 *database;
        struct office_calendar_kept calendars[DIRECTORY_STATES_MAX];
        size_t calendar_count;
        int utc_offset;
        /* The open step. */
        char step[MODEL_ID_MAX]; /* "": none is open */
        struct office_item items[STEP_ITEMS_MAX];
        size_t item_count;
        bool drafts_destroyed; /* files of them wait for the end of the step (draft_sweep) */
};

/* Begins a step in a transaction that is open already (of a message that was taken). */
int office_step_adopt(struct office *office, struct error *error);
/* Enters what the step has to say into the log; the transaction is the caller's to commit, at once. */
int office_step_enter(struct office *office, struct error *error);
/* Forgets the step; the transaction is the caller's to undo. */
void office_step_forget(struct office *office);
/* Forgets the entries from the one numbered `from` on: what a handler said that was undone. */
void office_step_trim(struct office *office, size_t from);

/* Removes the files of answers that were prepared and are drafts no more, also those that a process left
 * which was killed (provider_draft.c). Outside of steps. */
int draft_sweep(struct office *office, struct error *error);

/* Makes our tables where they are missing. Within a transaction. */
int book_make_tables(struct sqlite3 *database, struct error *error);
/* -EBADMSG where they are of another version. */
int book_check_tables(struct sqlite3 *database, struct error *error);

/* A file below the node's folder. */
int office_read_file(
        const char *folder, const char *name, size_t most, struct buffer *ret, struct error *error);

#endif
