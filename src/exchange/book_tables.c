/* SPDX-License-Identifier: EUPL-1.2 */
/* The tables of a node beside those of the courier, in one file. */
#include "exchange/book_state.h"
#include "exchange/office_state.h"

#include <string.h>

#define BOOK_VERSION 2

/* Names of states, kinds and roles are stored and not their numbers, which may change. */
static const char *const tables[] = {
        "CREATE TABLE office_number(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
        "CREATE TABLE office_pin(version INTEGER NOT NULL, digest BLOB NOT NULL) STRICT",
        "CREATE TABLE book_order(id TEXT PRIMARY KEY, side TEXT NOT NULL, kind TEXT NOT NULL,"
        " state TEXT NOT NULL, generation INTEGER NOT NULL, message_id TEXT NOT NULL, peer TEXT NOT NULL,"
        " title TEXT NOT NULL, emergency INTEGER NOT NULL, test INTEGER NOT NULL,"
        " created_ms INTEGER NOT NULL, issued_ms INTEGER, received_ms INTEGER, changed_ms INTEGER NOT NULL,"
        " look_ms INTEGER) STRICT",
        "CREATE INDEX book_order_look ON book_order(look_ms) WHERE look_ms IS NOT NULL",
        "CREATE TABLE book_party(order_id TEXT NOT NULL, organisation TEXT NOT NULL, role TEXT NOT NULL,"
        " PRIMARY KEY(order_id, organisation, role)) STRICT",
        "CREATE TABLE book_message(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,"
        " direction INTEGER NOT NULL, peer TEXT NOT NULL, order_id TEXT NOT NULL, kind TEXT NOT NULL,"
        " reply_to TEXT NOT NULL, generation INTEGER NOT NULL, sent_ms INTEGER, at_ms INTEGER NOT NULL,"
        " digest BLOB NOT NULL, refused INTEGER NOT NULL, reason TEXT NOT NULL, content BLOB NOT NULL,"
        " sender TEXT NOT NULL, UNIQUE(sender, id)) STRICT",
        "CREATE INDEX book_message_order ON book_message(order_id)",
        "CREATE TABLE book_decision(number INTEGER PRIMARY KEY AUTOINCREMENT, order_id TEXT NOT NULL,"
        " step TEXT NOT NULL, person TEXT NOT NULL, role TEXT NOT NULL, at_ms INTEGER NOT NULL,"
        " state_from TEXT NOT NULL, state_to TEXT NOT NULL, identifier_id TEXT NOT NULL,"
        " reason TEXT NOT NULL) STRICT",
        "CREATE INDEX book_decision_order ON book_decision(order_id)",
        "CREATE TABLE book_fact(order_id TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,"
        " PRIMARY KEY(order_id, name)) STRICT",
        "CREATE TABLE book_task(order_id TEXT NOT NULL, identifier_id TEXT NOT NULL, place INTEGER NOT NULL,"
        " state TEXT NOT NULL, refused INTEGER NOT NULL, reason TEXT NOT NULL,"
        " PRIMARY KEY(order_id, identifier_id)) STRICT",
        "CREATE TABLE book_incident(number INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL,"
        " peer TEXT NOT NULL, message_id TEXT NOT NULL, words TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT",
        /* What we know of another organisation's witnessing, and of its own log. */
        "CREATE TABLE book_peer(organisation TEXT PRIMARY KEY, sent_size INTEGER NOT NULL,"
        " cosigned_size INTEGER NOT NULL, cosigned_note BLOB, unproven INTEGER NOT NULL,"
        " witnessed_sent_ms INTEGER) STRICT",
};

/* Since version 2: evidence beside messages, to be fetched and offered; checkpoints of ours that an
 * organisation was sent and has not cosigned yet. */
static const char *const beside_tables[] = {
        "CREATE TABLE book_fetch(sender TEXT NOT NULL, message_id TEXT NOT NULL, name TEXT NOT NULL,"
        " order_id TEXT NOT NULL, manifest TEXT NOT NULL, length INTEGER NOT NULL, digest BLOB NOT NULL,"
        " second_digest BLOB NOT NULL, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,"
        " state TEXT NOT NULL, attempts INTEGER NOT NULL, in_vain INTEGER NOT NULL, wrong INTEGER NOT NULL,"
        " next_ms INTEGER NOT NULL, settled_ms INTEGER, told INTEGER NOT NULL, reason TEXT NOT NULL,"
        " PRIMARY KEY(sender, message_id, name)) STRICT",
        "CREATE INDEX book_fetch_due ON book_fetch(sender, next_ms) WHERE state = 'waiting'",
        "CREATE INDEX book_fetch_untold ON book_fetch(sender, message_id) WHERE told = 0",
        "CREATE INDEX book_fetch_order ON book_fetch(order_id)",
        "CREATE TABLE book_offer(manifest TEXT PRIMARY KEY, order_id TEXT NOT NULL,"
        " message_id TEXT NOT NULL UNIQUE, recipient TEXT NOT NULL, state TEXT NOT NULL,"
        " files INTEGER NOT NULL, bytes INTEGER NOT NULL, from_ms INTEGER NOT NULL,"
        " until_ms INTEGER NOT NULL, received_ms INTEGER, opened_ms INTEGER, ended_ms INTEGER,"
        " reason TEXT NOT NULL) STRICT",
        "CREATE INDEX book_offer_order ON book_offer(order_id)",
        ("CREATE TABLE book_peer_sent(organisation TEXT NOT NULL, size INTEGER NOT NULL, note BLOB NOT NULL,"
         " PRIMARY KEY(organisation, size)) STRICT"),
};

static int make_beside_tables(struct sqlite3 *database, struct error *error)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < sizeof beside_tables / sizeof *beside_tables; i++)
                r = rows_run(database, error, beside_tables[i], "");
        return r < 0 ? r : 0;
}

/* Came later than version 1, and stands alone: whoever opens a node's database makes it where it is missing.
 */
static const char stamp_table[] =
        "CREATE TABLE IF NOT EXISTS post_stamp(number INTEGER PRIMARY KEY AUTOINCREMENT,"
        " message_id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, since_ms INTEGER NOT NULL, proven_ms INTEGER,"
        " next_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL, container BLOB, seal "
        "BLOB)"
        " STRICT";

int book_make_tables(struct sqlite3 *database, struct error *error)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < sizeof tables / sizeof *tables; i++)
                r = rows_run(database, error, tables[i], "");
        if (r >= 0)
                r = make_beside_tables(database, error);
        if (r >= 0)
                r = rows_run(database, error, "INSERT INTO office_number VALUES('version', ?1)", "i",
                        (int64_t)BOOK_VERSION);
        return r < 0 ? r : 0;
}

static int read_version(struct sqlite3 *database, int64_t *ret_version, struct error *error)
{
        return rows_number(database, error, 0, ret_version,
                "SELECT value FROM office_number WHERE name = 'version'", "");
}

/* A node of version 1. Whoever comes second finds it done. */
static int upgrade(struct sqlite3 *database, int64_t *ret_version, struct error *error)
{
        int r = rows_run(database, error, "BEGIN IMMEDIATE", "");

        if (r < 0)
                return r;
        r = read_version(database, ret_version, error);
        if (r == 0 && *ret_version == 1) {
                r = make_beside_tables(database, error);
                if (r == 0)
                        r = rows_run(database, error,
                                "UPDATE office_number SET value = 2 WHERE name = 'version'", "");
                *ret_version = 2;
        }
        int ended = rows_run(database, r < 0 ? NULL : error, r < 0 ? "ROLLBACK" : "COMMIT", "");
        return r < 0 ? r : ended < 0 ? ended : 0;
}

int book_check_tables(struct sqlite3 *database, struct error *error)
{
        int64_t there = 0, version = 0;

        int r = rows_number(database, error, 0, &there,
                "SELECT count(*) FROM sqlite_schema WHERE name = 'office_number'", "");
        if (r == 0 && there == 0)
                return error_set(error, -EBADMSG,
                        OFFICE_DATABASE_NAME
                        ": has no tables of a node; it was made by something else, or its "
                        "making was cut off");
        if (r == 0)
                r = read_version(database, &version, error);
        if (r == 0 && version == 1)
                r = upgrade(database, &version, error);
        if (r == 0 && version != BOOK_VERSION)
                r = error_set(error, -EBADMSG,
                        OFFICE_DATABASE_NAME ": is of version %lld, and this program knows version %d only",
                        (long long)version, BOOK_VERSION);
        if (r == 0)
                r = rows_run(database, error, stamp_table, "");
        return r < 0 ? r : 0;
}

static const struct word side_rows[] = {
        {SIDE_AUTHORITY, "authority", NULL, "it issued the order"},
        {SIDE_PROVIDER, "provider", NULL, "the order is addressed to it"},
        {SIDE_ENFORCING, "enforcing", NULL, "it is the enforcing authority of the order"},
        {SIDE_VALIDATING, "validating", NULL, "it is asked to validate the order afterwards"},
        {SIDE_OVERSIGHT, "oversight", NULL, "it was told of the order as the oversight body"},
};
const struct vocabulary book_side_words = {
        "side of an order", side_rows, sizeof side_rows / sizeof *side_rows};

int book_must_write(struct office *office, struct error *error)
{
        return office_in_step(office)
                       ? 0
                       : error_set(error, -EINVAL, "the book of this node is written within a step only");
}
