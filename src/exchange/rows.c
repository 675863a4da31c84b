/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int failed(struct sqlite3 *database, struct error *error)
{
        int code = sqlite3_extended_errcode(database), r = -EIO;

        switch (code & 0xff) {
        case SQLITE_NOMEM:
                r = -ENOMEM;
                break;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                r = -EBUSY;
                break;
        case SQLITE_FULL:
                r = -ENOSPC;
                break;
        case SQLITE_READONLY:
                r = -EROFS;
                break;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_MISMATCH:
                r = -EBADMSG;
                break;
        case SQLITE_CONSTRAINT:
                r = code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE ? -EEXIST
                                                                                             : -EBADMSG;
                break;
        default:
                break;
        }
        return error_set(error, r, "the database of this node: %s", sqlite3_errmsg(database));
}

static int bind(sqlite3_stmt *rows, const char *kinds, va_list values)
{
        int r = SQLITE_OK;

        for (int i = 1; *kinds && r == SQLITE_OK; kinds++, i++) {
                if (*kinds == 't') {
                        r = sqlite3_bind_text(rows, i, va_arg(values, const char *), -1, SQLITE_STATIC);
                } else if (*kinds == 'i') {
                        r = sqlite3_bind_int64(rows, i, va_arg(values, int64_t));
                } else if (*kinds == 'm') {
                        int64_t instant = va_arg(values, int64_t);
                        r = instant == TIME_UNKNOWN ? sqlite3_bind_null(rows, i)
                                                    : sqlite3_bind_int64(rows, i, instant);
                } else if (*kinds == 'd') {
                        r = sqlite3_bind_blob64(
                                rows, i, va_arg(values, const void *), DIGEST_BYTES, SQLITE_STATIC);
                } else {
                        const void *bytes = va_arg(values, const void *);
                        r = sqlite3_bind_blob64(rows, i, bytes, va_arg(values, size_t), SQLITE_STATIC);
                }
        }
        return r;
}

static int ask(struct sqlite3 *database, struct error *error, sqlite3_stmt **ret_rows, const char *sql,
        const char *kinds, va_list values)
{
        sqlite3_stmt *rows = NULL;

        int r = sqlite3_prepare_v2(database, sql, -1, &rows, NULL);
        if (r == SQLITE_OK)
                r = bind(rows, kinds, values);
        if (r != SQLITE_OK) {
                int code = failed(database, error);
                sqlite3_finalize(rows);
                return code;
        }
        *ret_rows = rows;
        return 0;
}

int rows_ask(struct sqlite3 *database, struct error *error, sqlite3_stmt **ret_rows, const char *sql,
        const char *kinds, ...)
{
        va_list values;

        va_start(values, kinds);
        int r = ask(database, error, ret_rows, sql, kinds, values);
        va_end(values);
        return r;
}

int rows_next(sqlite3_stmt *rows, struct error *error)
{
        int r = sqlite3_step(rows);

        if (r == SQLITE_ROW)
                return 1;
        return r == SQLITE_DONE ? 0 : failed(sqlite3_db_handle(rows), error);
}

void rows_finish(sqlite3_stmt *rows)
{
        sqlite3_finalize(rows);
}

int rows_run(struct sqlite3 *database, struct error *error, const char *sql, const char *kinds, ...)
{
        sqlite3_stmt *rows = NULL;
        va_list values;

        va_start(values, kinds);
        int r = ask(database, error, &rows, sql, kinds, values);
        va_end(values);
        while (r >= 0 && (r = rows_next(rows, error)) == 1)
                ;
        if (r == 0)
                r = sqlite3_changes(database);
        sqlite3_finalize(rows);
        return r;
}

int rows_number(struct sqlite3 *database, struct error *error, int64_t missing, int64_t *ret_number,
        const char *sql, const char *kinds, ...)
{
        sqlite3_stmt *rows = NULL;
        va_list values;

        va_start(values, kinds);
        int r = ask(database, error, &rows, sql, kinds, values);
        va_end(values);
        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r >= 0)
                *ret_number = r == 1 && sqlite3_column_type(rows, 0) != SQLITE_NULL
                                      ? sqlite3_column_int64(rows, 0)
                                      : missing;
        sqlite3_finalize(rows);
        return r < 0 ? r : 0;
}

void rows_text(sqlite3_stmt *rows, int column, char *ret_text, size_t size)
{
        const unsigned char *text = sqlite3_column_text(rows, column);

        snprintf(ret_text, size, "%s", text ? (const char *)text : "");
}

int64_t rows_instant(sqlite3_stmt *rows, int column)
{
        return sqlite3_column_type(rows, column) == SQLITE_NULL ? TIME_UNKNOWN
                                                                : sqlite3_column_int64(rows, column);
}

void rows_digest(sqlite3_stmt *rows, int column, uint8_t ret_digest[DIGEST_BYTES])
{
        const void *bytes = sqlite3_column_blob(rows, column);

        memset(ret_digest, 0, DIGEST_BYTES);
        if (bytes && sqlite3_column_bytes(rows, column) == DIGEST_BYTES)
                memcpy(ret_digest, bytes, DIGEST_BYTES);
}
