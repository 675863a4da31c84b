/* SPDX-License-Identifier: EUPL-1.2 */
/* What is known of the logs of others: every checkpoint that was accepted, and what speaks against a log. */
#include "chronicle/openings_state.h"

#include <string.h>

static int bind_peer(struct openings *openings, const char *text, const struct checkpoint *checkpoint,
        sqlite3_stmt **ret_statement, struct error *error)
{
        int r = openings_statement(openings, text, ret_statement, error);

        if (r < 0)
                return r;
        sqlite3_bind_text(*ret_statement, 1, checkpoint->origin, -1, SQLITE_STATIC);
        sqlite3_bind_int64(*ret_statement, 2, (sqlite3_int64)checkpoint->size);
        sqlite3_bind_blob(*ret_statement, 3, checkpoint->root.bytes, MERKLE_HASH_BYTES, SQLITE_STATIC);
        return 0;
}

static struct slice column_slice(sqlite3_stmt *statement, int column)
{
        const char *bytes = sqlite3_column_blob(statement, column);
        return slice_make(bytes, bytes ? (size_t)sqlite3_column_bytes(statement, column) : 0);
}

int openings_peer_latest(struct openings *openings, const char *origin, struct checkpoint *ret_checkpoint,
        struct buffer *ret_note, struct error *error)
{
        struct checkpoint checkpoint = {.size = 0};
        sqlite3_stmt *statement;

        int r = openings_statement(openings,
                "SELECT size, root, note FROM peer WHERE origin = ? ORDER BY size DESC LIMIT 1", &statement,
                error);
        if (r < 0)
                return r;
        sqlite3_bind_text(statement, 1, origin, -1, SQLITE_STATIC);
        int step = sqlite3_step(statement);
        if (step == SQLITE_DONE) {
                r = -ENOENT;
        } else if (step != SQLITE_ROW) {
                r = openings_failed(openings, "the database cannot be read", error);
        } else {
                struct slice root = column_slice(statement, 1), note = column_slice(statement, 2);
                if (root.length != MERKLE_HASH_BYTES || strlen(origin) >= sizeof checkpoint.origin)
                        r = error_set(error, -EBADMSG, "%s: the checkpoint of another log is damaged",
                                openings->path);
                if (r == 0 && ret_note && (r = buffer_append(ret_note, note.text, note.length)) < 0)
                        error_set(error, r, "not enough memory");
                if (r == 0) {
                        memcpy(checkpoint.origin, origin, strlen(origin));
                        checkpoint.size = (uint64_t)sqlite3_column_int64(statement, 0);
                        memcpy(checkpoint.root.bytes, root.text, MERKLE_HASH_BYTES);
                        *ret_checkpoint = checkpoint;
                }
        }
        sqlite3_finalize(statement);
        return r;
}

int openings_peer_knows(struct openings *openings, const struct checkpoint *checkpoint, struct error *error)
{
        sqlite3_stmt *statement;

        int r = bind_peer(openings, "SELECT 1 FROM peer WHERE origin = ? AND size = ? AND root = ?",
                checkpoint, &statement, error);
        if (r < 0)
                return r;
        int step = sqlite3_step(statement);
        r = step == SQLITE_ROW    ? 1
            : step == SQLITE_DONE ? 0
                                  : openings_failed(openings, "the database cannot be read", error);
        sqlite3_finalize(statement);
        return r;
}

/* Bound to an origin and a limit. */
static int run_limited(
        struct openings *openings, const char *text, const char *origin, int limit, struct error *error)
{
        sqlite3_stmt *statement;

        int r = openings_statement(openings, text, &statement, error);
        if (r < 0)
                return r;
        sqlite3_bind_text(statement, 1, origin, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 2, limit);
        return openings_finish(openings, statement, error);
}

int openings_peer_add(struct openings *openings, const struct checkpoint *checkpoint, struct slice note,
        int64_t at_ms, struct error *error)
{
        sqlite3_stmt *statement;

        int r = bind_peer(openings,
                "INSERT OR REPLACE INTO peer(origin, size, root, note, at_ms)"
                " VALUES(?, ?, ?, ?, ?)",
                checkpoint, &statement, error);
        if (r < 0)
                return r;
        sqlite3_bind_blob64(statement, 4, note.text, note.length, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 5, at_ms);
        r = openings_finish(openings, statement, error);
        return r < 0 ? r
                     : run_limited(openings,
                               "DELETE FROM peer WHERE origin = ?1 AND size <= (SELECT size FROM peer WHERE"
                               " origin = ?1 ORDER BY size DESC LIMIT 1 OFFSET ?2)",
                               checkpoint->origin, PEER_CHECKPOINTS_MAX, error);
}

/* How much speaks against a log already. */
static int count_evidence(struct openings *openings, const char *origin, struct error *error)
{
        sqlite3_stmt *statement;

        int r = openings_statement(
                openings, "SELECT count(*) FROM evidence WHERE origin = ?", &statement, error);
        if (r < 0)
                return r;
        sqlite3_bind_text(statement, 1, origin, -1, SQLITE_STATIC);
        r = sqlite3_step(statement) == SQLITE_ROW
                    ? sqlite3_column_int(statement, 0)
                    : openings_failed(openings, "the database cannot be read", error);
        sqlite3_finalize(statement);
        return r;
}

int openings_evidence_add(struct openings *openings, const struct checkpoint *offered, const char *verdict,
        struct slice kept_note, struct slice offered_note, int64_t at_ms, struct error *error)
{
        sqlite3_stmt *statement;

        int r = count_evidence(openings, offered->origin, error);
        if (r < 0 || r >= PEER_EVIDENCE_MAX)
                return r < 0 ? r : 0;
        r = bind_peer(openings,
                "INSERT OR IGNORE INTO evidence(origin, size, root, verdict, kept, offered,"
                " at_ms) VALUES(?, ?, ?, ?, ?, ?, ?)",
                offered, &statement, error);
        if (r < 0)
                return r;
        sqlite3_bind_text(statement, 4, verdict, -1, SQLITE_STATIC);
        sqlite3_bind_blob64(
                statement, 5, kept_note.length ? kept_note.text : "", kept_note.length, SQLITE_STATIC);
        sqlite3_bind_blob64(statement, 6, offered_note.text, offered_note.length, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 7, at_ms);
        r = openings_finish(openings, statement, error);
        return r < 0 ? r : sqlite3_changes(openings->database) > 0;
}

int openings_evidence_walk(
        struct openings *openings, openings_evidence_visit *visit, void *context, struct error *error)
{
        sqlite3_stmt *statement;
        int step;

        int r = openings_statement(openings,
                "SELECT origin, verdict, at_ms, kept, offered FROM evidence ORDER BY id", &statement, error);
        if (r < 0)
                return r;
        while (r == 0 && (step = sqlite3_step(statement)) != SQLITE_DONE) {
                if (step != SQLITE_ROW)
                        r = openings_failed(openings, "the database cannot be read", error);
                else
                        r = visit(context, (const char *)sqlite3_column_text(statement, 0),
                                (const char *)sqlite3_column_text(statement, 1),
                                sqlite3_column_int64(statement, 2), column_slice(statement, 3),
                                column_slice(statement, 4));
        }
        sqlite3_finalize(statement);
        return r;
}
