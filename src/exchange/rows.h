/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_ROWS_H
#define ROGATORY_EXCHANGE_ROWS_H

/* Questions to the node's database, for the files of this room. */

#include "base/error.h"
#include "base/time.h"
#include "crypto/digest.h"

#include <sqlite3.h>
#include <stdbool.h>

/* A statement with its values. kinds has a letter for each: t text (NULL becomes null), i int64_t, m an
 * instant as int64_t (TIME_UNKNOWN becomes null), d a digest, b bytes followed by their length as size_t. The
 * values must live until rows_finish. */
int rows_ask(struct sqlite3 *database, struct error *error, sqlite3_stmt **ret_rows, const char *sql,
        const char *kinds, ...);
/* 1: a row; 0: the end; negative: failed. */
int rows_next(sqlite3_stmt *rows, struct error *error);
void rows_finish(sqlite3_stmt *rows); /* NULL is fine */

/* The same, run to its end. Returns how many rows it changed. -EEXIST where something must not be twice. */
int rows_run(struct sqlite3 *database, struct error *error, const char *sql, const char *kinds, ...);

/* One number of one row. missing where there is no row. */
int rows_number(struct sqlite3 *database, struct error *error, int64_t missing, int64_t *ret_number,
        const char *sql, const char *kinds, ...);

/* Columns; texts are cut to their room. */
void rows_text(sqlite3_stmt *rows, int column, char *ret_text, size_t size);
int64_t rows_instant(sqlite3_stmt *rows, int column);
void rows_digest(sqlite3_stmt *rows, int column, uint8_t ret_digest[DIGEST_BYTES]);

#endif
