/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_QUEUE_STATE_H
#define ROGATORY_COURIER_QUEUE_STATE_H

/* What the files of the queue share. */

#include "base/time.h"
#include "courier/queue.h"

#include <sqlite3.h>

struct queue {
        sqlite3 *database;
        char *path;
        int64_t taken; /* number of the message that is taken; 0: none, and no transaction is open */
#define TAKEN_WORK                                                                                           \
        INT64_C(-1) /* instead of a number: a transaction of the consumer's own (queue_work_begin) */
};

/* Turns what SQLite said last into a negative errno and words: "FILE: WHAT: reason". */
int queue_failed(struct queue *queue, struct error *error, const char *what);

/* A statement with its values. kinds has a letter for each: t text (NULL becomes null), i int64_t, b bytes
 * followed by their length as size_t. */
int queue_prepare(struct queue *queue, struct error *error, sqlite3_stmt **ret_statement, const char *sql,
        const char *kinds, ...);

/* The same, run to its end. Returns how many rows it changed. */
int queue_run(struct queue *queue, struct error *error, const char *sql, const char *kinds, ...);

/* 1: a row; 0: the end; negative: failed. The statement is the caller's to finalize. */
int queue_step(struct queue *queue, struct error *error, sqlite3_stmt *statement);

/* A transaction that writes. end: commits where r is not negative, else undoes all; returns r or what the
 * commit said. Inside a take it is a part of the transaction that can be undone by itself. */
int queue_begin(struct queue *queue, struct error *error);
int queue_end(struct queue *queue, int r, struct error *error);

/* Content into and out of a row of outbox_content or inbox_content, piece by piece. */
int queue_write_content(struct queue *queue, const char *table, int64_t number, const struct content *content,
        struct error *error);
int queue_read_content(struct queue *queue, const char *table, int64_t number, const uint8_t *digest,
        const char *folder, struct content **ret_content, struct error *error);

/* Columns of a row; texts are cut to their room, missing times become TIME_UNKNOWN. */
void queue_column_text(sqlite3_stmt *statement, int column, char *ret_text, size_t size);
int64_t queue_column_time(sqlite3_stmt *statement, int column);
void queue_column_digest(sqlite3_stmt *statement, int column, uint8_t ret_digest[DIGEST_BYTES]);

#endif
