/* SPDX-License-Identifier: EUPL-1.2 */
/* Orders, who has to do with them, and their facts. */
#include "exchange/book_state.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                                              \
        "id, side, kind, state, generation, message_id, peer, title, emergency, test, created_ms, "          \
        "issued_ms,"                                                                                         \
        " received_ms, changed_ms, look_ms"
#define ID_BEGINNING_LEAST 4

static int column_word(sqlite3_stmt *rows, int column, const struct vocabulary *words)
{
        const unsigned char *text = sqlite3_column_text(rows, column);

        return text ? word_find(words, slice_of((const char *)text)) : 0;
}

static void read_order(sqlite3_stmt *rows, struct book_order *ret)
{
        *ret = (struct book_order){.side = (enum book_side)column_word(rows, 1, &book_side_words),
                .kind = (enum order_kind)column_word(rows, 2, &order_kind_words),
                .state = column_word(rows, 3, &order_state_words),
                .generation = sqlite3_column_int64(rows, 4),
                .emergency = sqlite3_column_int(rows, 8),
                .test = sqlite3_column_int(rows, 9),
                .created_ms = sqlite3_column_int64(rows, 10),
                .issued_ms = rows_instant(rows, 11),
                .received_ms = rows_instant(rows, 12),
                .changed_ms = sqlite3_column_int64(rows, 13),
                .look_ms = rows_instant(rows, 14)};
        rows_text(rows, 0, ret->id, sizeof ret->id);
        rows_text(rows, 5, ret->message_id, sizeof ret->message_id);
        rows_text(rows, 6, ret->peer, sizeof ret->peer);
        rows_text(rows, 7, ret->title, sizeof ret->title);
}

int book_order_add(struct office *office, const struct book_order *order, struct error *error)
{
        int r = book_must_write(office, error);

        if (r < 0)
                return r;
        r = rows_run(office_database(office), error,
                "INSERT INTO book_order VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
                " ?15)",
                "ttttitttiiimmim", order->id, word_name(&book_side_words, order->side),
                word_name(&order_kind_words, order->kind), word_name(&order_state_words, order->state),
                order->generation, order->message_id, order->peer, order->title, (int64_t)order->emergency,
                (int64_t)order->test, order->created_ms, order->issued_ms, order->received_ms,
                order->changed_ms, order->look_ms);
        if (r == -EEXIST)
                return error_set(error, r, "there is an order %s already", order->id);
        return r < 0 ? r : 0;
}

int book_order_update(struct office *office, const struct book_order *order, struct error *error)
{
        int r = book_must_write(office, error);

        if (r < 0)
                return r;
        r = rows_run(office_database(office), error,
                "UPDATE book_order SET kind = ?2, state = ?3, generation = ?4, message_id = ?5, peer = ?6,"
                " title = ?7, emergency = ?8, test = ?9, issued_ms = ?10, received_ms = ?11, changed_ms = "
                "?12,"
                " look_ms = ?13 WHERE id = ?1",
                "tttitttiimmim", order->id, word_name(&order_kind_words, order->kind),
                word_name(&order_state_words, order->state), order->generation, order->message_id,
                order->peer, order->title, (int64_t)order->emergency, (int64_t)order->test, order->issued_ms,
                order->received_ms, order->changed_ms, order->look_ms);
        if (r == 0)
                return error_set(error, -ENOENT, "there is no order %s", order->id);
        return r < 0 ? r : 0;
}

/* Characters that mean themselves in a pattern: an id has no others. */
static bool id_is_plain(const char *id)
{
        return id[strspn(id, "0123456789abcdef-")] == '\0' && strlen(id) < MODEL_ID_MAX;
}

int book_order_find(struct office *office, const char *id, struct book_order *ret_order, struct error *error)
{
        struct book_order order;
        sqlite3_stmt *rows;
        int count = 0;

        if (!id_is_plain(id) || strlen(id) < ID_BEGINNING_LEAST)
                return error_set(error, -ENOENT,
                        "\"%.64s\" is no id of an order: write it whole, or at least its first %d characters",
                        id, ID_BEGINNING_LEAST);
        int r = rows_ask(office_database(office), error, &rows,
                "SELECT " COLUMNS " FROM book_order WHERE id >= ?1 AND id < ?1 || 'g' LIMIT 2", "t", id);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1 && count++ == 0)
                read_order(rows, &order);
        rows_finish(rows);
        if (r < 0)
                return r;
        if (count != 1)
                return error_set(error, -ENOENT,
                        count == 0 ? "this node knows no order %s" : "more than one order begins with %s",
                        id);
        *ret_order = order;
        return 0;
}

static int visit_orders(sqlite3_stmt *rows, book_order_visit *visit, void *context, struct error *error)
{
        int r;

        while ((r = rows_next(rows, error)) == 1) {
                struct book_order order;
                read_order(rows, &order);
                r = visit(context, &order);
                if (r != 0)
                        break;
        }
        rows_finish(rows);
        return r;
}

struct filter {
        uint64_t states;
        book_order_visit *visit;
        void *context;
};

static int visit_filtered(void *context, const struct book_order *order)
{
        const struct filter *filter = context;

        return filter->states == 0 || filter->states & WORD_BIT(order->state)
                       ? filter->visit(filter->context, order)
                       : 0;
}

int book_orders_each(struct office *office, enum book_side side, uint64_t states, book_order_visit *visit,
        void *context, struct error *error)
{
        struct filter filter = {.states = states, .visit = visit, .context = context};
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT " COLUMNS " FROM book_order WHERE ?1 IS NULL OR side = ?1 ORDER BY created_ms, id",
                "t", side == SIDE_NONE ? NULL : word_name(&book_side_words, side));
        return r < 0 ? r : visit_orders(rows, visit_filtered, &filter, error);
}

int book_orders_due(
        struct office *office, int64_t now_ms, book_order_visit *visit, void *context, struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT " COLUMNS " FROM book_order WHERE look_ms <= ?1 ORDER BY look_ms, id", "i", now_ms);
        return r < 0 ? r : visit_orders(rows, visit, context, error);
}

int book_next_look(struct office *office, int64_t *ret_ms, struct error *error)
{
        return rows_number(office_database(office), error, TIME_UNKNOWN, ret_ms,
                "SELECT min(look_ms) FROM book_order WHERE look_ms IS NOT NULL", "");
}

/* ---- parties ---- */

int book_party_add(struct office *office, const char *order_id, const char *organisation,
        enum organisation_role role, struct error *error)
{
        int r = book_must_write(office, error);

        if (r == 0)
                r = rows_run(office_database(office), error,
                        "INSERT OR IGNORE INTO book_party VALUES(?1, ?2, ?3)", "ttt", order_id, organisation,
                        word_name(&organisation_role_words, role));
        return r < 0 ? r : 0;
}

int book_party_roles(struct office *office, const char *order_id, const char *organisation,
        uint64_t *ret_roles, struct error *error)
{
        sqlite3_stmt *rows;
        uint64_t roles = 0;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT role FROM book_party WHERE order_id = ?1 AND organisation = ?2", "tt", order_id,
                organisation);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1)
                roles |= WORD_BIT(column_word(rows, 0, &organisation_role_words));
        rows_finish(rows);
        if (r == 0)
                *ret_roles = roles;
        return r;
}

/* ---- facts ---- */

int book_fact_set(
        struct office *office, const char *order_id, const char *name, int64_t value, struct error *error)
{
        int r = book_must_write(office, error);

        if (r == 0)
                r = rows_run(office_database(office), error,
                        "INSERT INTO book_fact VALUES(?1, ?2, ?3) ON CONFLICT(order_id, name) DO UPDATE SET"
                        " value = ?3",
                        "tti", order_id, name, value);
        return r < 0 ? r : 0;
}

int book_fact_clear(struct office *office, const char *order_id, const char *name, struct error *error)
{
        int r = book_must_write(office, error);

        if (r == 0)
                r = rows_run(office_database(office), error,
                        "DELETE FROM book_fact WHERE order_id = ?1 AND name = ?2", "tt", order_id, name);
        return r < 0 ? r : 0;
}

int book_fact(struct office *office, const char *order_id, const char *name, int64_t missing,
        int64_t *ret_value, struct error *error)
{
        return rows_number(office_database(office), error, missing, ret_value,
                "SELECT value FROM book_fact WHERE order_id = ?1 AND name = ?2", "tt", order_id, name);
}
