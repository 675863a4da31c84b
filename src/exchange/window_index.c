/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/window_index.h"

#include "exchange/rows.h"

#include <stdio.h>
#include <string.h>

static const char *const tables[] = {
        "CREATE TABLE IF NOT EXISTS window_entry(realm TEXT NOT NULL, file TEXT NOT NULL,"
        " entry INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(realm, file)) STRICT",
        "CREATE TABLE IF NOT EXISTS window_seen(id INTEGER PRIMARY KEY CHECK(id = 1),"
        " entries INTEGER NOT NULL) STRICT",
};

static int run(struct office *office, const char *sql, struct error *error)
{
        int r = rows_run(office_database(office), error, sql, "");

        return r < 0 ? r : 0;
}

static int make_tables(struct office *office, struct error *error)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < sizeof tables / sizeof *tables; i++)
                r = run(office, tables[i], error);
        return r;
}

/* ---- taken over ---- */

struct taking_over {
        struct office *office;
        int64_t seen;
};

/* The first entry of a window counts, for what was entered later proves less. */
static int take_over(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct taking_over *taking = context;
        struct logged_window window;

        taking->seen = (int64_t)index + 1;
        if (!logged_window_of(index, entry, &window))
                return 0;
        int r = rows_run(office_database(taking->office), error,
                "INSERT OR IGNORE INTO window_entry VALUES(?1, ?2, ?3, ?4)", "ttid", window.realm,
                window.file, (int64_t)window.index, window.digest);
        return r < 0 ? r : 0;
}

static int update(struct office *office, struct error *error)
{
        struct taking_over taking = {.office = office};
        struct checkpoint checkpoint;

        int r = make_tables(office, error);
        if (r == 0)
                r = rows_number(office_database(office), error, 0, &taking.seen,
                        "SELECT entries FROM window_seen WHERE id = 1", "");
        if (r == 0)
                r = chronicle_checkpoint(office_chronicle(office), &checkpoint, NULL, error);
        if (r == 0 && (taking.seen < 0 || (uint64_t)taking.seen > checkpoint.size)) {
                taking.seen = 0; /* of another log */
                r = run(office, "DELETE FROM window_entry", error);
        }
        if (r == 0)
                r = chronicle_walk(
                        office_chronicle(office), (uint64_t)taking.seen, take_over, &taking, error);
        if (r < 0)
                return r;
        r = rows_run(office_database(office), error, "INSERT OR REPLACE INTO window_seen VALUES(1, ?1)", "i",
                taking.seen);
        return r < 0 ? r : 0;
}

int window_index_update(struct office *office, struct error *error)
{
        int r = office_step_begin(office, error);

        return r < 0 ? r : office_step_end(office, update(office, error), error);
}

/* ---- found ---- */

struct comparing {
        const struct logged_window *wanted;
        bool same;
};

static int compare(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct comparing *comparing = context;
        const struct logged_window *wanted = comparing->wanted;
        struct logged_window window;

        (void)error;
        comparing->same = index == wanted->index && logged_window_of(index, entry, &window) &&
                          strcmp(window.realm, wanted->realm) == 0 &&
                          strcmp(window.file, wanted->file) == 0 &&
                          memcmp(window.digest, wanted->digest, sizeof window.digest) == 0;
        return 1; /* no further */
}

/* The row is nothing but a hint: what it says has to stand in the log at that place. */
static int hold_against_log(struct office *office, const struct logged_window *window, struct error *error)
{
        struct comparing comparing = {.wanted = window};
        struct checkpoint checkpoint;

        int r = chronicle_checkpoint(office_chronicle(office), &checkpoint, NULL, error);
        if (r == 0 && window->index < checkpoint.size)
                r = chronicle_walk(office_chronicle(office), window->index, compare, &comparing, error);
        return r < 0 ? r : comparing.same;
}

static int look(struct office *office, const char *realm, const char *file, struct logged_window *ret_window,
        struct error *error)
{
        sqlite3_stmt *rows;
        int r = rows_ask(office_database(office), error, &rows,
                "SELECT entry, digest FROM window_entry WHERE realm = ?1 AND file = ?2", "tt", realm, file);

        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1) {
                *ret_window = (struct logged_window){.index = (uint64_t)sqlite3_column_int64(rows, 0)};
                snprintf(ret_window->realm, sizeof ret_window->realm, "%s", realm);
                snprintf(ret_window->file, sizeof ret_window->file, "%s", file);
                rows_digest(rows, 1, ret_window->digest);
        }
        rows_finish(rows);
        return r;
}

static int forget(struct office *office, struct error *error)
{
        int r = office_step_begin(office, error);

        if (r < 0)
                return r;
        r = run(office, "DELETE FROM window_entry", error);
        if (r == 0)
                r = run(office, "DELETE FROM window_seen", error);
        return office_step_end(office, r, error);
}

int window_index_find(struct office *office, const char *realm, const char *file,
        struct logged_window *ret_window, struct error *error)
{
        for (int attempt = 0; attempt < 2; attempt++) {
                int r = look(office, realm, file, ret_window, error);
                if (r != 1)
                        return r;
                r = hold_against_log(office, ret_window, error);
                if (r != 0)
                        return r;
                /* The tables say what the log does not: they are made anew, once. */
                r = forget(office, error);
                if (r == 0)
                        r = window_index_update(office, error);
                if (r < 0)
                        return r;
        }
        return error_set(error, -EBADMSG, "%s: cannot be found where the log has it", file);
}
