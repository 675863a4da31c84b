/* SPDX-License-Identifier: EUPL-1.2 */
/* The file of the queue: opened, checked, and the few steps that outbox and inbox share. */
#include "courier/queue_state.h"

#include "os/file.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION 0x524f4751 /* "ROGQ" */
#define VERSION 1
#define BUSY_MS 10000
#define AGAIN_MS 5
#define PIECE 65536

/* Numbers are never used again (AUTOINCREMENT), so that an order by number is an order by arrival. */
static const char schema[] =
        "CREATE TABLE outbox(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
        " recipient TEXT NOT NULL, digest BLOB NOT NULL CHECK(length(digest) = 32), length INTEGER NOT NULL,"
        " state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 3), attempts INTEGER NOT NULL,"
        " enqueued_ms INTEGER NOT NULL, not_after_ms INTEGER NOT NULL, next_attempt_ms INTEGER NOT NULL,"
        " attempted_ms INTEGER, settled_ms INTEGER, withdrawn_ms INTEGER, reason TEXT,"
        " acknowledgement BLOB, acknowledgement_digest BLOB,"
        " CHECK((state = 1) = (acknowledgement_digest IS NOT NULL)),"
        " CHECK((state = 0) = (settled_ms IS NULL))) STRICT;"
        "CREATE INDEX outbox_due ON outbox(next_attempt_ms) WHERE state = 0;"
        "CREATE TABLE outbox_content(number INTEGER PRIMARY KEY REFERENCES outbox(number),"
        " bytes BLOB NOT NULL) STRICT;"
        "CREATE TABLE inbox(number INTEGER PRIMARY KEY AUTOINCREMENT, sender TEXT NOT NULL, id TEXT NOT NULL,"
        " digest BLOB NOT NULL CHECK(length(digest) = 32), length INTEGER NOT NULL,"
        " state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 2), takes INTEGER NOT NULL,"
        " received_ms INTEGER NOT NULL, told_ms INTEGER, settled_ms INTEGER, reason TEXT,"
        " UNIQUE(id, sender), CHECK((state = 0) = (settled_ms IS NULL))) STRICT;"
        "CREATE INDEX inbox_waiting ON inbox(sender, length) WHERE state = 0;"
        "CREATE TABLE inbox_content(number INTEGER PRIMARY KEY REFERENCES inbox(number),"
        " bytes BLOB NOT NULL) STRICT;"
        "CREATE TABLE incident(kind INTEGER NOT NULL, peer TEXT NOT NULL, id TEXT NOT NULL,"
        " first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, count INTEGER NOT NULL,"
        " digest_kept BLOB NOT NULL, digest_came BLOB NOT NULL, PRIMARY KEY(kind, peer, id)) STRICT;"
        "CREATE TABLE skew(organisation TEXT NOT NULL, direction INTEGER NOT NULL, ahead_ms INTEGER NOT NULL,"
        " uncertainty_ms INTEGER NOT NULL, measured_ms INTEGER NOT NULL,"
        " PRIMARY KEY(organisation, direction)) STRICT;";

static int code_of(int sqlite_code)
{
        switch (sqlite_code & 0xff) {
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
                return -EBADMSG;
        case SQLITE_TOOBIG:
                return -EFBIG;
        default:
                return -EIO;
        }
}

int queue_failed(struct queue *queue, struct error *error, const char *what)
{
        return error_set(error, code_of(sqlite3_extended_errcode(queue->database)), "%s: %s: %s", queue->path,
                what, sqlite3_errmsg(queue->database));
}

static int bind_values(sqlite3_stmt *statement, const char *kinds, va_list values)
{
        int r = SQLITE_OK;

        for (int i = 1; *kinds && r == SQLITE_OK; kinds++, i++) {
                if (*kinds == 't') {
                        r = sqlite3_bind_text(statement, i, va_arg(values, const char *), -1, SQLITE_STATIC);
                } else if (*kinds == 'i') {
                        r = sqlite3_bind_int64(statement, i, va_arg(values, int64_t));
                } else {
                        const void *bytes = va_arg(values, const void *);
                        r = sqlite3_bind_blob64(statement, i, bytes, va_arg(values, size_t), SQLITE_STATIC);
                }
        }
        return r;
}

static int prepare(struct queue *queue, struct error *error, sqlite3_stmt **ret_statement, const char *sql,
        const char *kinds, va_list values)
{
        sqlite3_stmt *statement = NULL;

        int r = sqlite3_prepare_v2(queue->database, sql, -1, &statement, NULL);
        if (r == SQLITE_OK)
                r = bind_values(statement, kinds, values);
        if (r != SQLITE_OK) {
                int code = queue_failed(queue, error, "cannot be asked");
                sqlite3_finalize(statement);
                return code;
        }
        *ret_statement = statement;
        return 0;
}

int queue_prepare(struct queue *queue, struct error *error, sqlite3_stmt **ret_statement, const char *sql,
        const char *kinds, ...)
{
        va_list values;

        va_start(values, kinds);
        int r = prepare(queue, error, ret_statement, sql, kinds, values);
        va_end(values);
        return r;
}

int queue_step(struct queue *queue, struct error *error, sqlite3_stmt *statement)
{
        int r = sqlite3_step(statement);

        if (r == SQLITE_ROW)
                return 1;
        return r == SQLITE_DONE ? 0 : queue_failed(queue, error, "cannot be read or written");
}

int queue_run(struct queue *queue, struct error *error, const char *sql, const char *kinds, ...)
{
        sqlite3_stmt *statement = NULL;
        va_list values;

        va_start(values, kinds);
        int r = prepare(queue, error, &statement, sql, kinds, values);
        va_end(values);
        while (r >= 0 && (r = queue_step(queue, error, statement)) == 1)
                ;
        if (r == 0)
                r = sqlite3_changes(queue->database);
        sqlite3_finalize(statement);
        return r;
}

int queue_begin(struct queue *queue, struct error *error)
{
        int r = queue_run(queue, error, queue->taken ? "SAVEPOINT inner" : "BEGIN IMMEDIATE", "");
        return r < 0 ? r : 0;
}

int queue_end(struct queue *queue, int r, struct error *error)
{
        if (r >= 0) {
                int committed = queue_run(queue, error, queue->taken ? "RELEASE inner" : "COMMIT", "");
                if (committed >= 0)
                        return r;
                r = committed;
        }
        /* Some failures have undone all of it already. */
        if (!sqlite3_get_autocommit(queue->database))
                sqlite3_exec(queue->database, queue->taken ? "ROLLBACK TO inner; RELEASE inner" : "ROLLBACK",
                        NULL, NULL, NULL);
        return r;
}

void queue_column_text(sqlite3_stmt *statement, int column, char *ret_text, size_t size)
{
        const unsigned char *text = sqlite3_column_text(statement, column);
        snprintf(ret_text, size, "%s", text ? (const char *)text : "");
}

int64_t queue_column_time(sqlite3_stmt *statement, int column)
{
        return sqlite3_column_type(statement, column) == SQLITE_NULL
                       ? TIME_UNKNOWN
                       : sqlite3_column_int64(statement, column);
}

void queue_column_digest(sqlite3_stmt *statement, int column, uint8_t ret_digest[DIGEST_BYTES])
{
        const void *bytes = sqlite3_column_blob(statement, column);

        memset(ret_digest, 0, DIGEST_BYTES);
        if (bytes && sqlite3_column_bytes(statement, column) == DIGEST_BYTES)
                memcpy(ret_digest, bytes, DIGEST_BYTES);
}

int queue_write_content(struct queue *queue, const char *table, int64_t number, const struct content *content,
        struct error *error)
{
        uint64_t length = content_length(content);
        uint8_t piece[PIECE];
        sqlite3_blob *blob;
        char sql[96];
        size_t n;

        /* Room first and the bytes after it, so that no message stands in memory as a whole. */
        snprintf(sql, sizeof sql, "INSERT INTO %s VALUES(?1, zeroblob(?2))", table);
        int r = queue_run(queue, error, sql, "ii", number, (int64_t)length);
        if (r < 0)
                return r;
        if (sqlite3_blob_open(queue->database, "main", table, "bytes", number, 1, &blob) != SQLITE_OK)
                return queue_failed(queue, error, "a message cannot be written");
        r = 0;
        for (uint64_t at = 0; r == 0 && at < length; at += n) {
                r = content_read(content, at, piece, sizeof piece, &n, error);
                if (r == 0 && sqlite3_blob_write(blob, piece, (int)n, (int)at) != SQLITE_OK)
                        r = queue_failed(queue, error, "a message cannot be written");
        }
        if (sqlite3_blob_close(blob) != SQLITE_OK && r == 0)
                r = queue_failed(queue, error, "a message cannot be written");
        return r;
}

static int copy_out(struct queue *queue, sqlite3_blob *blob, struct content *content, struct error *error)
{
        int length = sqlite3_blob_bytes(blob), r = 0;
        uint8_t piece[PIECE];

        for (int at = 0; r == 0 && at < length; at += PIECE) {
                int n = length - at < PIECE ? length - at : PIECE;
                if (sqlite3_blob_read(blob, piece, n, at) != SQLITE_OK)
                        return queue_failed(queue, error, "a message cannot be read");
                r = content_append(content, piece, (size_t)n, error);
        }
        return r == 0 ? content_finish(content, error) : r;
}

int queue_read_content(struct queue *queue, const char *table, int64_t number, const uint8_t *digest,
        const char *folder, struct content **ret_content, struct error *error)
{
        struct content *content;
        sqlite3_blob *blob = NULL;

        int r = content_new(folder, MESSAGE_BYTES_MAX, &content, error);
        if (r < 0)
                return r;
        if (sqlite3_blob_open(queue->database, "main", table, "bytes", number, 0, &blob) != SQLITE_OK)
                r = error_set(error, -ENOENT,
                        "%s: the content of this message was forgotten or cannot be read: %s", queue->path,
                        sqlite3_errmsg(queue->database));
        else
                r = copy_out(queue, blob, content, error);
        sqlite3_blob_close(blob);
        if (r == 0 && memcmp(content_digest(content), digest, DIGEST_BYTES) != 0)
                r = error_set(error, -EBADMSG,
                        "%s: a stored message is not what it was; this file or its disk is damaged",
                        queue->path);
        if (r < 0) {
                content_free(content);
                return r;
        }
        *ret_content = content;
        return 0;
}

/* The one value of a pragma. */
static int ask_number(struct queue *queue, const char *sql, int64_t *ret_number, struct error *error)
{
        sqlite3_stmt *statement;

        int r = queue_prepare(queue, error, &statement, sql, "");
        if (r < 0)
                return r;
        r = queue_step(queue, error, statement);
        if (r == 1)
                *ret_number = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
        return r < 0 ? r : 0;
}

static int check_integrity(struct queue *queue, struct error *error)
{
        sqlite3_stmt *statement;
        char words[256];

        int r = queue_prepare(queue, error, &statement, "PRAGMA integrity_check(1)", "");
        if (r < 0)
                return r;
        r = queue_step(queue, error, statement);
        if (r == 1) {
                queue_column_text(statement, 0, words, sizeof words);
                r = strcmp(words, "ok") == 0 ? 0
                                             : error_set(error, -EBADMSG,
                                                       "%s: is damaged (%s); bring back the last copy and "
                                                       "ask peers to send again",
                                                       queue->path, words);
        }
        sqlite3_finalize(statement);
        return r;
}

static int check_or_make(struct queue *queue, struct error *error)
{
        int64_t application = 0, version = 0, tables = 0;

        int r = queue_begin(queue, error);
        if (r < 0)
                return r;
        r = ask_number(queue, "PRAGMA application_id", &application, error);
        if (r == 0)
                r = ask_number(queue, "PRAGMA user_version", &version, error);
        if (r == 0)
                r = ask_number(queue, "SELECT count(*) FROM sqlite_schema", &tables, error);
        if (r == 0 && tables == 0 && application == 0) {
                char mark[96];
                snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                        APPLICATION, VERSION);
                if (sqlite3_exec(queue->database, schema, NULL, NULL, NULL) != SQLITE_OK ||
                        sqlite3_exec(queue->database, mark, NULL, NULL, NULL) != SQLITE_OK)
                        r = queue_failed(queue, error, "cannot be made");
        } else if (r == 0 && application != APPLICATION) {
                r = error_set(
                        error, -EBADMSG, "%s: is a database of something else, not a queue", queue->path);
        } else if (r == 0 && version != VERSION) {
                r = error_set(error, -EBADMSG,
                        "%s: is a queue of version %lld, and this program knows version %d only", queue->path,
                        (long long)version, VERSION);
        }
        return queue_end(queue, r, error);
}

/* Where it cannot be had (a file system without shared memory), SQLite goes on in another mode without a
 * word. */
static int check_journal(struct queue *queue, struct error *error)
{
        sqlite3_stmt *statement;
        char mode[16] = "";

        int r = queue_prepare(queue, error, &statement, "PRAGMA journal_mode", "");
        if (r < 0)
                return r;
        r = queue_step(queue, error, statement);
        if (r == 1)
                queue_column_text(statement, 0, mode, sizeof mode);
        sqlite3_finalize(statement);
        if (r >= 0 && strcmp(mode, "wal") != 0)
                return error_set(error, -ENOTSUP,
                        "%s: this file system cannot keep a write-ahead log; put the queue on a local disk",
                        queue->path);
        return r < 0 ? r : 0;
}

static int configure(struct queue *queue, struct error *error)
{
        /* FULL: in WAL mode a commit is on the disk when it returns
         * (sqlite.org/pragma.html#pragma_synchronous). secure_delete: what was forgotten is not left in free
         * pages. */
        static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                       "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
                                       "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                                       "PRAGMA journal_size_limit = 67108864";

        sqlite3_busy_timeout(queue->database, BUSY_MS);
        sqlite3_db_config(queue->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        /* Two that make the same new file do not wait for each other by the timeout, because each would keep
         * its lock meanwhile. */
        for (int tries = 0; tries < BUSY_MS / AGAIN_MS; tries++) {
                int code = sqlite3_exec(queue->database, settings, NULL, NULL, NULL);
                if (code == SQLITE_OK)
                        break;
                if ((code & 0xff) != SQLITE_BUSY || tries + 1 == BUSY_MS / AGAIN_MS)
                        return queue_failed(queue, error, "cannot be opened as a queue");
                usleep(AGAIN_MS * 1000);
        }
        int r = check_journal(queue, error);
        if (r == 0)
                r = check_or_make(queue, error);
        return r < 0 ? r : check_integrity(queue, error);
}

/* SQLite would make it readable for others; its companions take over the mode of the file. */
static int make_file(const char *path, struct error *error)
{
        char folder[4096];

        int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file < 0)
                return errno == EEXIST ? 0
                                       : error_set(error, -errno, "%s: cannot be made: %s", path,
                                                 strerrordesc_np(errno));
        close(file);
        snprintf(folder, sizeof folder, "%s", path);
        return folder_sync(dirname(folder), error);
}

int queue_open(const char *path, struct queue **ret_queue, struct error *error)
{
        int r = make_file(path, error);
        if (r < 0)
                return r;
        struct queue *queue = calloc(1, sizeof *queue);
        if (!queue || !(queue->path = strdup(path))) {
                free(queue);
                return error_set(error, -ENOMEM, "Not enough memory for the queue");
        }
        if (sqlite3_open_v2(path, &queue->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
                SQLITE_OK)
                r = queue->database ? queue_failed(queue, error, "cannot be opened")
                                    : error_set(error, -ENOMEM, "Not enough memory for the queue");
        else
                r = configure(queue, error);
        if (r < 0) {
                queue_close(queue);
                return r;
        }
        *ret_queue = queue;
        return 0;
}

int queue_work_begin(struct queue *queue, struct error *error)
{
        if (queue->taken)
                return error_set(error, -EBUSY, "%s: a step is open already", queue->path);
        int r = queue_begin(queue, error);
        if (r == 0)
                queue->taken = TAKEN_WORK;
        return r;
}

int queue_work_commit(struct queue *queue, struct error *error)
{
        if (queue->taken != TAKEN_WORK)
                return error_set(error, -EINVAL, "%s: no step is open", queue->path);
        queue->taken = 0;
        return queue_end(queue, 0, error);
}

void queue_work_abandon(struct queue *queue)
{
        if (queue->taken != TAKEN_WORK)
                return;
        queue->taken = 0;
        (void)queue_end(queue, -ECANCELED, NULL);
}

void queue_close(struct queue *queue)
{
        if (!queue)
                return;
        queue_take_abandon(queue);
        sqlite3_close(queue->database);
        free(queue->path);
        free(queue);
}

struct sqlite3 *queue_database(struct queue *queue)
{
        return queue->database;
}

int queue_forget_received(struct queue *queue, const char *sender, const char *id, struct error *error)
{
        int r = queue_begin(queue, error);
        if (r < 0)
                return r;
        r = queue_run(queue, error,
                "DELETE FROM inbox_content WHERE number IN"
                " (SELECT number FROM inbox WHERE state <> 0 AND sender = ?1 AND id = ?2)",
                "tt", sender, id);
        return queue_end(queue, r, error);
}

int queue_forget(struct queue *queue, int64_t before_ms, struct error *error)
{
        int r = queue_begin(queue, error), sent = 0;
        if (r < 0)
                return r;
        r = queue_run(queue, error,
                "DELETE FROM outbox_content WHERE number IN"
                " (SELECT number FROM outbox WHERE state <> 0 AND settled_ms < ?1)",
                "i", before_ms);
        if (r >= 0) {
                sent = r;
                r = queue_run(queue, error,
                        "DELETE FROM inbox_content WHERE number IN"
                        " (SELECT number FROM inbox WHERE state <> 0 AND settled_ms < ?1)",
                        "i", before_ms);
        }
        return queue_end(queue, r < 0 ? r : r + sent, error);
}
