/* SPDX-License-Identifier: EUPL-1.2 */
#include "chronicle/openings_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT 1
#define BUSY_MS 30000

/* Signed 64 bits hold every number of an entry (MERKLE_SIZE_MAX). */
static const char schema[] =
        "CREATE TABLE published(id INTEGER PRIMARY KEY CHECK(id = 1), size INTEGER NOT NULL, root BLOB NOT "
        "NULL);"
        "CREATE TABLE opening(entry INTEGER PRIMARY KEY, salt BLOB NOT NULL, content BLOB NOT NULL);"
        "CREATE TABLE erased(entry INTEGER PRIMARY KEY, by_entry INTEGER NOT NULL);"
        "CREATE INDEX erased_by ON erased(by_entry);"
        "CREATE TABLE peer(origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT "
        "NULL,"
        " at_ms INTEGER NOT NULL, PRIMARY KEY(origin, size));"
        "CREATE TABLE evidence(id INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL, verdict TEXT NOT "
        "NULL,"
        " size INTEGER NOT NULL, root BLOB NOT NULL, kept BLOB NOT NULL, offered BLOB NOT NULL,"
        " at_ms INTEGER NOT NULL, UNIQUE(origin, size, root));"
        "PRAGMA user_version = 1;";

int openings_failed(struct openings *openings, const char *what, struct error *error)
{
        int code = sqlite3_errcode(openings->database) & 0xff;
        int r = code == SQLITE_FULL                               ? -ENOSPC
                : code == SQLITE_NOMEM                            ? -ENOMEM
                : code == SQLITE_BUSY                             ? -EBUSY
                : code == SQLITE_READONLY                         ? -EROFS
                : code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? -EBADMSG
                                                                  : -EIO;
        if (r == -EROFS)
                return error_set(error, r,
                        "%s: may not be written to; where a writer was killed, its last step must first be "
                        "taken "
                        "back by somebody who may",
                        openings->path);
        return error_set(error, r, "%s: %s: %s", openings->path, what, sqlite3_errmsg(openings->database));
}

int openings_run(struct openings *openings, const char *text, struct error *error)
{
        return sqlite3_exec(openings->database, text, NULL, NULL, NULL) == SQLITE_OK
                       ? 0
                       : openings_failed(openings, "the database refused a step", error);
}

int openings_statement(
        struct openings *openings, const char *text, sqlite3_stmt **ret_statement, struct error *error)
{
        return sqlite3_prepare_v2(openings->database, text, -1, ret_statement, NULL) == SQLITE_OK
                       ? 0
                       : openings_failed(openings, "the database is not as it should be", error);
}

/* Runs a statement that gives no rows, and finalizes it. */
int openings_finish(struct openings *openings, sqlite3_stmt *statement, struct error *error)
{
        int r = sqlite3_step(statement) == SQLITE_DONE
                        ? 0
                        : openings_failed(openings, "the database could not be written", error);
        sqlite3_finalize(statement);
        return r;
}

/* ---- opening ---- */

static int configure(struct openings *openings, struct error *error)
{
        /* EXTRA: without it the end of a transaction is not durable before the folder is. What is deleted is
         * overwritten, in the journal too, by removing that file. */
        static const char pragmas[] = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA;"
                                      "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;"
                                      "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = OFF;";

        sqlite3_busy_timeout(openings->database, BUSY_MS);
        return openings_run(openings, pragmas, error);
}

static int check_format(struct openings *openings, struct error *error)
{
        sqlite3_stmt *statement;
        int version = -1;

        int r = openings_statement(openings, "PRAGMA user_version", &statement, error);
        if (r < 0)
                return r;
        if (sqlite3_step(statement) == SQLITE_ROW)
                version = sqlite3_column_int(statement, 0);
        sqlite3_finalize(statement);
        if (version == FORMAT)
                return 0;
        return error_set(error, version > FORMAT ? -EPROTONOSUPPORT : -EBADMSG,
                version > FORMAT ? "%s: was made by a newer rogatory" : "%s: is no database of a log",
                openings->path);
}

/* SQLite would make it readable for others, and it holds what commitments hide; its journal takes over the
 * mode. */
static int make_file(const char *path, struct error *error)
{
        int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (file < 0)
                return errno == EEXIST ? 0
                                       : error_set(error, -errno, "%s: cannot be made: %s", path,
                                                 strerrordesc_np(errno));
        close(file);
        return 0;
}

int openings_open(
        const char *path, bool create, bool may_write, struct openings **ret_openings, struct error *error)
{
        /* For writing also where we only read: a writer that was killed left a journal, which must be rolled
         * back before anything can be read. Where we may not write SQLite opens for reading by itself. */
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW;
        int r = create ? make_file(path, error) : 0;

        if (r < 0)
                return r;
        struct openings *openings = calloc(1, sizeof *openings);
        if (!openings)
                return error_set(error, -ENOMEM, "not enough memory");
        snprintf(openings->path, sizeof openings->path, "%s", path);
        if (sqlite3_open_v2(path, &openings->database, flags, NULL) != SQLITE_OK)
                r = openings->database ? openings_failed(openings, "cannot be opened", error)
                                       : error_set(error, -ENOMEM, "not enough memory");
        if (r == 0)
                r = configure(openings, error);
        if (r == 0 && create) {
                r = openings_run(openings, schema, error);
        } else if (r == 0) {
                r = check_format(openings, error);
        }
        if (r == 0 && !may_write)
                r = openings_run(openings, "PRAGMA query_only = ON", error);
        if (r < 0)
                openings_close(openings);
        else
                *ret_openings = openings;
        return r;
}

void openings_close(struct openings *openings)
{
        if (!openings)
                return;
        sqlite3_close(openings->database);
        free(openings);
}

int openings_begin(struct openings *openings, struct error *error)
{
        return openings_run(openings, "BEGIN IMMEDIATE", error);
}

int openings_end(struct openings *openings, bool keep, struct error *error)
{
        if (keep)
                return openings_run(openings, "COMMIT", error);
        (void)sqlite3_exec(openings->database, "ROLLBACK", NULL, NULL, NULL);
        return 0;
}

/* Ends what openings_begin began: kept where r is 0. */
static int conclude(struct openings *openings, int r, struct error *error)
{
        if (r == 0)
                r = openings_end(openings, true, error);
        if (r < 0)
                openings_end(openings, false, NULL);
        return r;
}

/* ---- the checkpoint that was published ---- */

static bool take_root(sqlite3_stmt *statement, int column, struct merkle_hash *ret_root)
{
        const void *root = sqlite3_column_blob(statement, column);

        if (!root || sqlite3_column_bytes(statement, column) != MERKLE_HASH_BYTES)
                return false;
        memcpy(ret_root->bytes, root, MERKLE_HASH_BYTES);
        return true;
}

int openings_published(
        struct openings *openings, uint64_t *ret_size, struct merkle_hash *ret_root, struct error *error)
{
        sqlite3_stmt *statement;

        int r = openings_statement(openings, "SELECT size, root FROM published", &statement, error);
        if (r < 0)
                return r;
        int step = sqlite3_step(statement);
        int64_t size = step == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
        if (size < 0 || !take_root(statement, 1, ret_root))
                r = step == SQLITE_ROW || step == SQLITE_DONE
                            ? error_set(error, -EBADMSG, "%s: does not say which checkpoint was published",
                                      openings->path)
                            : openings_failed(openings, "the database cannot be read", error);
        else
                *ret_size = (uint64_t)size;
        sqlite3_finalize(statement);
        return r;
}

static int run_with_number(struct openings *openings, const char *text, uint64_t number, struct error *error)
{
        sqlite3_stmt *statement;

        int r = openings_statement(openings, text, &statement, error);
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)number);
        return openings_finish(openings, statement, error);
}

/* What a writer prepared that was killed before it published. */
static int forget_unpublished(struct openings *openings, uint64_t size, struct error *error)
{
        int r = run_with_number(openings, "DELETE FROM opening WHERE entry >= ?", size, error);
        return r == 0 ? run_with_number(openings, "DELETE FROM erased WHERE by_entry >= ?", size, error) : r;
}

int openings_settle(
        struct openings *openings, uint64_t size, const struct merkle_hash *root, struct error *error)
{
        sqlite3_stmt *statement;

        int r = openings_begin(openings, error);
        if (r < 0)
                return r;
        r = forget_unpublished(openings, size, error);
        if (r == 0)
                r = openings_run(openings,
                        "DELETE FROM opening WHERE entry IN (SELECT entry FROM erased WHERE by_entry >="
                        " (SELECT size FROM published))",
                        error);
        if (r == 0)
                r = openings_statement(
                        openings, "INSERT OR REPLACE INTO published VALUES(1, ?, ?)", &statement, error);
        if (r == 0) {
                sqlite3_bind_int64(statement, 1, (sqlite3_int64)size);
                sqlite3_bind_blob(statement, 2, root->bytes, MERKLE_HASH_BYTES, SQLITE_STATIC);
                r = openings_finish(openings, statement, error);
        }
        return conclude(openings, r, error);
}

/* ---- openings ---- */

static int prepare_one(
        struct openings *openings, uint64_t entry, const struct opening *opening, struct error *error)
{
        sqlite3_stmt *statement;

        int r = openings_statement(
                openings, "INSERT OR REPLACE INTO opening VALUES(?, ?, ?)", &statement, error);
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)entry);
        sqlite3_bind_blob(statement, 2, opening->salt, COMMITMENT_SALT_BYTES, SQLITE_STATIC);
        sqlite3_bind_blob64(statement, 3, opening->content.text, opening->content.length, SQLITE_STATIC);
        return openings_finish(openings, statement, error);
}

int openings_prepare(struct openings *openings, uint64_t first, const struct opening *list, size_t count,
        const uint64_t *erased, struct error *error)
{
        sqlite3_stmt *statement;

        int r = openings_begin(openings, error);
        if (r < 0)
                return r;
        r = forget_unpublished(openings, first, error);
        for (size_t i = 0; i < count && r == 0; i++)
                r = prepare_one(openings, first + i, &list[i], error);
        if (r == 0 && erased) {
                r = openings_statement(openings, "INSERT INTO erased VALUES(?, ?)", &statement, error);
                if (r == 0) {
                        sqlite3_bind_int64(statement, 1, (sqlite3_int64)*erased);
                        sqlite3_bind_int64(statement, 2, (sqlite3_int64)first);
                        r = openings_finish(openings, statement, error);
                }
        }
        return conclude(openings, r, error);
}

int openings_erased_by(struct openings *openings, uint64_t entry, uint64_t *ret_by, struct error *error)
{
        sqlite3_stmt *statement;

        int r = openings_statement(
                openings, "SELECT by_entry FROM erased WHERE entry = ?", &statement, error);
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)entry);
        int step = sqlite3_step(statement);
        if (step == SQLITE_ROW)
                *ret_by = (uint64_t)sqlite3_column_int64(statement, 0);
        else
                r = step == SQLITE_DONE ? -ENOENT
                                        : openings_failed(openings, "the database cannot be read", error);
        sqlite3_finalize(statement);
        return r;
}

int openings_find(struct openings *openings, uint64_t entry, uint8_t ret_salt[COMMITMENT_SALT_BYTES],
        struct buffer *ret_content, struct error *error)
{
        sqlite3_stmt *statement;
        uint64_t by;

        int r = openings_statement(
                openings, "SELECT salt, content FROM opening WHERE entry = ?", &statement, error);
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)entry);
        int step = sqlite3_step(statement);
        if (step == SQLITE_ROW) {
                const void *salt = sqlite3_column_blob(statement, 0);
                if (!salt || sqlite3_column_bytes(statement, 0) != COMMITMENT_SALT_BYTES)
                        r = error_set(error, -EBADMSG, "%s: an opening has no salt", openings->path);
                else
                        memcpy(ret_salt, salt, COMMITMENT_SALT_BYTES);
                if (r == 0 && (r = buffer_append(ret_content, sqlite3_column_blob(statement, 1),
                                       (size_t)sqlite3_column_bytes(statement, 1))) < 0)
                        error_set(error, r, "%s: an opening is too long", openings->path);
        } else if (step != SQLITE_DONE) {
                r = openings_failed(openings, "the database cannot be read", error);
        }
        sqlite3_finalize(statement);
        if (r < 0 || step == SQLITE_ROW)
                return r;
        r = openings_erased_by(openings, entry, &by, error);
        return r == 0 ? -ENODATA : r;
}
