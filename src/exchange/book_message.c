/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages and incidents. */
#include "exchange/book_state.h"

#include "hi1/hi1.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                                              \
        "id, direction, peer, order_id, kind, reply_to, generation, sent_ms, at_ms, digest, refused, reason"

static void read_row(sqlite3_stmt *rows, struct book_message *ret)
{
        *ret = (struct book_message){.direction = (enum book_direction)sqlite3_column_int(rows, 1),
                .generation = sqlite3_column_int64(rows, 6),
                .sent_ms = rows_instant(rows, 7),
                .at_ms = sqlite3_column_int64(rows, 8),
                .refused = sqlite3_column_int(rows, 10)};
        char kind[64];
        rows_text(rows, 0, ret->id, sizeof ret->id);
        rows_text(rows, 2, ret->peer, sizeof ret->peer);
        rows_text(rows, 3, ret->order_id, sizeof ret->order_id);
        rows_text(rows, 4, kind, sizeof kind);
        ret->kind = (enum message_kind)word_find(&message_kind_words, slice_of(kind));
        rows_text(rows, 5, ret->reply_to, sizeof ret->reply_to);
        rows_digest(rows, 9, ret->digest);
        rows_text(rows, 11, ret->reason, sizeof ret->reason);
}

/* Ids are of their sender. Drafts and what we sent are ours. */
static const char *sender_of(const struct book_message *row)
{
        return row->direction == DIRECTION_IN ? row->peer : "";
}

static int put(struct office *office, const struct message *message, const struct book_message *row,
        const struct buffer *content, struct error *error)
{
        int r = rows_run(office_database(office), error,
                "DELETE FROM book_message WHERE sender = '' AND id = ?1 AND direction = ?2", "ti",
                message->id, (int64_t)DIRECTION_DRAFT);
        if (r >= 0)
                r = rows_run(office_database(office), error,
                        "INSERT INTO book_message(id, direction, peer, order_id, kind, reply_to, generation,"
                        " sent_ms, at_ms, digest, refused, reason, content, sender)"
                        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                        "titttt"
                        "im"
                        "idit"
                        "bt",
                        message->id, (int64_t)row->direction, row->peer, message->order_id,
                        word_name(&message_kind_words, message->kind), message->reply_to,
                        message->generation == MODEL_UNSTATED ? INT64_C(0) : message->generation,
                        message->sent_ms, row->at_ms, row->digest, (int64_t)row->refused, row->reason,
                        content->bytes, content->length, sender_of(row));
        if (r == -EEXIST)
                return error_set(error, r, "there is a message %s already", message->id);
        return r < 0 ? r : 0;
}

int book_message_put(struct office *office, const struct message *message, const struct book_message *row,
        struct error *error)
{
        struct buffer content = buffer_make(HI1_CERTIFICATE_BYTES_MAX);
        int r = book_must_write(office, error);

        if (r == 0)
                r = hi1_certificate_write(message, &content, error);
        if (r == 0)
                r = put(office, message, row, &content, error);
        buffer_free(&content);
        return r;
}

int book_draft_remove(struct office *office, const char *id, struct error *error)
{
        int r = book_must_write(office, error);

        if (r == 0)
                r = rows_run(office_database(office), error,
                        "DELETE FROM book_message WHERE sender = '' AND id = ?1 AND direction = ?2", "ti", id,
                        (int64_t)DIRECTION_DRAFT);
        return r < 0 ? r : 0;
}

static int find_row(struct office *office, const char *peer, const char *id, const char *sql,
        sqlite3_stmt **ret_rows, struct error *error)
{
        int r = rows_ask(office_database(office), error, ret_rows, sql, "tt", peer ? peer : "", id);

        if (r < 0)
                return r;
        r = rows_next(*ret_rows, error);
        if (r == 1)
                return 0;
        rows_finish(*ret_rows);
        return r < 0 ? r : error_set(error, -ENOENT, "this node knows no message %.40s", id);
}

int book_message_find(struct office *office, const char *peer, const char *id, struct book_message *ret,
        struct error *error)
{
        sqlite3_stmt *rows;

        int r = find_row(office, peer, id,
                "SELECT " COLUMNS " FROM book_message WHERE sender = ?1 AND id = ?2", &rows, error);
        if (r < 0)
                return r;
        read_row(rows, ret);
        rows_finish(rows);
        return 0;
}

int book_message_read(
        struct office *office, const char *peer, const char *id, struct message *ret, struct error *error)
{
        struct findings findings = {0};
        sqlite3_stmt *rows;

        int r = find_row(office, peer, id, "SELECT content FROM book_message WHERE sender = ?1 AND id = ?2",
                &rows, error);
        if (r < 0)
                return r;
        r = hi1_certificate_read(
                slice_make(sqlite3_column_blob(rows, 0), (size_t)sqlite3_column_bytes(rows, 0)), ret,
                &findings);
        if (r < 0)
                error_set(error, r, "the message %.40s in the database of this node cannot be read: %s", id,
                        findings.count > 0 ? findings.list[0].sentence : "not enough memory");
        rows_finish(rows);
        findings_free(&findings);
        return r;
}

int book_order_message(
        struct office *office, const struct book_order *order, struct message *ret, struct error *error)
{
        return book_message_read(
                office, order->side == SIDE_AUTHORITY ? NULL : order->peer, order->message_id, ret, error);
}

int book_messages_each(struct office *office, const char *order_id, enum message_kind kind,
        book_message_visit *visit, void *context, struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT " COLUMNS " FROM book_message WHERE (?1 IS NULL OR order_id = ?1) AND"
                " (?2 IS NULL OR kind = ?2) ORDER BY number",
                "tt", order_id, kind == MESSAGE_NONE ? NULL : word_name(&message_kind_words, kind));
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1) {
                struct book_message row;
                read_row(rows, &row);
                r = visit(context, &row);
                if (r != 0)
                        break;
        }
        rows_finish(rows);
        return r;
}

int book_message_latest(struct office *office, const char *order_id, enum message_kind kind,
        enum book_direction direction, struct book_message *ret, struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT " COLUMNS
                " FROM book_message WHERE order_id = ?1 AND kind = ?2 AND direction = ?3 AND"
                " refused = 0 ORDER BY number DESC LIMIT 1",
                "tti", order_id, word_name(&message_kind_words, kind), (int64_t)direction);
        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1)
                read_row(rows, ret);
        rows_finish(rows);
        return r < 0 ? r : r == 1 ? 0 : -ENOENT;
}

/* ---- incidents ---- */

int book_incident_add(struct office *office, const struct book_incident *incident, struct error *error)
{
        int r = book_must_write(office, error);

        if (r == 0)
                r = rows_run(office_database(office), error,
                        "INSERT INTO book_incident(code, peer, message_id, words, at_ms)"
                        " VALUES(?1, ?2, ?3, ?4, ?5)",
                        "tttti", incident->code, incident->peer, incident->message_id, incident->words,
                        incident->at_ms);
        return r < 0 ? r : 0;
}

int book_incidents_each(struct office *office, book_incident_visit *visit, void *context, struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT code, peer, message_id, words, at_ms FROM book_incident ORDER BY number", "");
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1) {
                struct book_incident incident = {.at_ms = sqlite3_column_int64(rows, 4)};
                rows_text(rows, 0, incident.code, sizeof incident.code);
                rows_text(rows, 1, incident.peer, sizeof incident.peer);
                rows_text(rows, 2, incident.message_id, sizeof incident.message_id);
                rows_text(rows, 3, incident.words, sizeof incident.words);
                r = visit(context, &incident);
                if (r != 0)
                        break;
        }
        rows_finish(rows);
        return r;
}

int book_messages_early(struct office *office, const char *sender, int64_t *ret_count, struct error *error)
{
        return rows_number(office_database(office), error, 0, ret_count,
                "SELECT count(*) FROM book_message WHERE sender = ?1 AND direction = ?2 AND refused = 0"
                " AND kind <> 'error-report'"
                " AND order_id NOT IN (SELECT id FROM book_order)",
                "ti", sender, (int64_t)DIRECTION_IN);
}
