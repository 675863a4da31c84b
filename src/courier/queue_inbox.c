/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/queue_state.h"

#include <string.h>

#define COLUMNS "id, sender, digest, length, state, takes, received_ms, told_ms, settled_ms, reason, number"
#define COLUMN_NUMBER 10

static void read_row(sqlite3_stmt *row, struct incoming *ret)
{
        memset(ret, 0, sizeof *ret);
        queue_column_text(row, 0, ret->id, sizeof ret->id);
        queue_column_text(row, 1, ret->sender, sizeof ret->sender);
        queue_column_digest(row, 2, ret->digest);
        ret->length = (uint64_t)sqlite3_column_int64(row, 3);
        ret->state = (enum incoming_state)sqlite3_column_int(row, 4);
        ret->takes = (uint32_t)sqlite3_column_int64(row, 5);
        ret->received_ms = sqlite3_column_int64(row, 6);
        ret->told_ms = queue_column_time(row, 7);
        ret->settled_ms = queue_column_time(row, 8);
        queue_column_text(row, 9, ret->reason, sizeof ret->reason);
}

/* The first row of a question; 1: there is one. */
static int read_one(struct queue *queue, sqlite3_stmt *row, struct incoming *ret, int64_t *ret_number,
        struct error *error)
{
        int r = queue_step(queue, error, row);
        if (r == 1) {
                read_row(row, ret);
                *ret_number = sqlite3_column_int64(row, COLUMN_NUMBER);
        }
        sqlite3_finalize(row);
        return r;
}

static int find(struct queue *queue, const char *sender, const char *id, struct incoming *ret,
        int64_t *ret_number, struct error *error)
{
        sqlite3_stmt *row;

        int r = queue_prepare(queue, error, &row,
                "SELECT " COLUMNS " FROM inbox WHERE id = ?1 AND sender = ?2", "tt", id, sender);
        return r < 0 ? r : read_one(queue, row, ret, ret_number, error);
}

int queue_incoming(struct queue *queue, const char *sender, const char *id, struct incoming *ret_incoming,
        struct error *error)
{
        int64_t number;

        int r = find(queue, sender, id, ret_incoming, &number, error);
        if (r == 0)
                return error_set(
                        error, -ENOENT, "%s: no message %.40s of %.64s has come", queue->path, id, sender);
        return r < 0 ? r : 0;
}

static int note_incident(struct queue *queue, enum incident_kind kind, const char *peer, const char *id,
        const uint8_t *kept, const uint8_t *came, int64_t now_ms, struct error *error)
{
        int r = queue_run(queue, error,
                "INSERT INTO incident VALUES(?1, ?2, ?3, ?4, ?4, 1, ?5, ?6) ON CONFLICT(kind, peer, id)"
                " DO UPDATE SET count = count + 1, last_ms = ?4, digest_came = ?6",
                "ittibb", (int64_t)kind, peer, id, now_ms, kept, (size_t)DIGEST_BYTES, came,
                (size_t)DIGEST_BYTES);
        return r < 0 ? r : 0;
}

/* Does another message of this length fit beside what waits of its sender? */
static int check_room(struct queue *queue, const char *sender, uint64_t length, struct error *error)
{
        sqlite3_stmt *row;

        int r = queue_prepare(queue, error, &row,
                "SELECT count(*), coalesce(sum(length), 0) FROM inbox WHERE state = 0 AND sender = ?1", "t",
                sender);
        if (r < 0)
                return r;
        r = queue_step(queue, error, row);
        if (r == 1) {
                uint64_t bytes = (uint64_t)sqlite3_column_int64(row, 1) + length;
                bool fits =
                        sqlite3_column_int64(row, 0) < QUEUE_WAITING_MAX && bytes <= QUEUE_WAITING_BYTES_MAX;
                r = fits ? QUEUE_ACCEPTED : QUEUE_FULL;
        }
        sqlite3_finalize(row);
        return r;
}

static int note_other_sender(struct queue *queue, const char *sender, const char *id,
        const struct content *content, int64_t now_ms, struct error *error)
{
        struct incoming other;
        sqlite3_stmt *row;
        int64_t number;

        int r = queue_prepare(queue, error, &row,
                "SELECT " COLUMNS " FROM inbox WHERE id = ?1 ORDER BY number LIMIT 1", "t", id);
        if (r == 0)
                r = read_one(queue, row, &other, &number, error);
        if (r == 1)
                r = note_incident(queue, INCIDENT_OTHER_SENDER, sender, id, other.digest,
                        content_digest(content), now_ms, error);
        return r;
}

static int receive(struct queue *queue, const char *sender, const char *id, const struct content *content,
        int64_t told_ms, int64_t now_ms, struct error *error)
{
        struct incoming before;
        int64_t number;

        int r = find(queue, sender, id, &before, &number, error);
        if (r < 0)
                return r;
        if (r == 1) {
                if (memcmp(before.digest, content_digest(content), DIGEST_BYTES) == 0)
                        return QUEUE_RECOGNISED;
                r = note_incident(queue, INCIDENT_OTHER_CONTENT, sender, id, before.digest,
                        content_digest(content), now_ms, error);
                return r < 0 ? r : QUEUE_CONFLICT;
        }
        r = check_room(queue, sender, content_length(content), error);
        if (r != QUEUE_ACCEPTED)
                return r;
        r = note_other_sender(queue, sender, id, content, now_ms, error);
        if (r < 0)
                return r;
        r = queue_run(queue, error,
                "INSERT INTO inbox(sender, id, digest, length, state, takes, received_ms, told_ms)"
                " VALUES(?1, ?2, ?3, ?4, 0, 0, ?5, nullif(?6, ?7))",
                "ttbiiii", sender, id, content_digest(content), (size_t)DIGEST_BYTES,
                (int64_t)content_length(content), now_ms, told_ms, TIME_UNKNOWN);
        if (r < 0)
                return r;
        r = queue_write_content(
                queue, "inbox_content", sqlite3_last_insert_rowid(queue->database), content, error);
        return r < 0 ? r : QUEUE_ACCEPTED;
}

int queue_receive(struct queue *queue, const char *sender, const char *id, const struct content *content,
        int64_t told_ms, int64_t now_ms, struct error *error)
{
        if (!id_is_valid(id) || !organisation_is_valid(sender) || content_length(content) == 0 ||
                content_length(content) > MESSAGE_BYTES_MAX)
                return error_set(
                        error, -EINVAL, "A message without a proper id, sender or content is not taken");
        if (queue->taken)
                return error_set(error, -EBUSY, "%s: a message is taken; what comes now would not be durable",
                        queue->path);
        int r = queue_begin(queue, error);
        if (r < 0)
                return r;
        return queue_end(queue, receive(queue, sender, id, content, told_ms, now_ms, error), error);
}

/* Counted by itself and before, so that a consumer that dies of a message can be told so. */
static int count_take(struct queue *queue, int64_t *ret_number, struct error *error)
{
        sqlite3_stmt *row;

        int r = queue_begin(queue, error);
        if (r < 0)
                return r;
        r = queue_prepare(queue, error, &row,
                "UPDATE inbox SET takes = takes + 1 WHERE number = (SELECT number FROM inbox WHERE state = 0"
                " ORDER BY takes / ?1, number LIMIT 1) RETURNING number",
                "i", (int64_t)QUEUE_TAKES_IN_A_ROW);
        if (r == 0) {
                r = queue_step(queue, error, row);
                if (r == 1)
                        *ret_number = sqlite3_column_int64(row, 0);
                sqlite3_finalize(row);
        }
        return queue_end(queue, r, error);
}

int queue_take_begin(struct queue *queue, struct incoming *ret_incoming, struct error *error)
{
        struct incoming incoming;
        sqlite3_stmt *row;
        int64_t number = 0, found;

        if (queue->taken)
                return error_set(error, -EBUSY, "%s: a message is taken already", queue->path);
        int r = count_take(queue, &number, error);
        if (r != 1)
                return r;
        r = queue_begin(queue, error);
        if (r < 0)
                return r;
        r = queue_prepare(queue, error, &row, "SELECT " COLUMNS " FROM inbox WHERE number = ?1 AND state = 0",
                "i", number);
        if (r == 0)
                r = read_one(queue, row, &incoming, &found, error);
        if (r != 1) { /* 0: another consumer was faster */
                (void)queue_end(queue, -ECANCELED, NULL);
                return r;
        }
        queue->taken = number;
        *ret_incoming = incoming;
        return 1;
}

int queue_take_content(
        struct queue *queue, const char *folder, struct content **ret_content, struct error *error)
{
        struct incoming incoming;
        sqlite3_stmt *row;
        int64_t number;

        int r = queue_prepare(
                queue, error, &row, "SELECT " COLUMNS " FROM inbox WHERE number = ?1", "i", queue->taken);
        if (r == 0)
                r = read_one(queue, row, &incoming, &number, error);
        if (r == 0)
                return error_set(error, -EINVAL, "%s: no message is taken", queue->path);
        if (r < 0)
                return r;
        return queue_read_content(
                queue, "inbox_content", number, incoming.digest, folder, ret_content, error);
}

static int settle(struct queue *queue, enum incoming_state state, const char *reason, int64_t now_ms,
        struct error *error)
{
        int64_t number = queue->taken;

        if (!number || sqlite3_get_autocommit(queue->database)) {
                queue->taken = 0;
                return error_set(error, -EINVAL,
                        "%s: no message is taken, or its transaction was ended elsewhere", queue->path);
        }
        int r = queue_run(queue, error,
                "UPDATE inbox SET state = ?2, settled_ms = ?3, reason = ?4 WHERE number = ?1 AND state = 0",
                "iiit", number, (int64_t)state, now_ms, reason);
        if (r == 0)
                r = error_set(
                        error, -EINVAL, "%s: the message that is taken was settled elsewhere", queue->path);
        queue->taken = 0;
        r = queue_end(queue, r, error);
        return r < 0 ? r : 0;
}

int queue_take_commit(struct queue *queue, int64_t now_ms, struct error *error)
{
        return settle(queue, INCOMING_DONE, NULL, now_ms, error);
}

int queue_take_refuse(struct queue *queue, const char *reason, int64_t now_ms, struct error *error)
{
        return settle(queue, INCOMING_REFUSED, reason, now_ms, error);
}

void queue_take_abandon(struct queue *queue)
{
        if (!queue->taken)
                return;
        queue->taken = 0;
        (void)queue_end(queue, -ECANCELED, NULL);
}

int queue_each_incident(struct queue *queue, queue_incident_call *call, void *context, struct error *error)
{
        sqlite3_stmt *row;

        int r = queue_prepare(queue, error, &row,
                "SELECT kind, peer, id, first_ms, last_ms, count, digest_kept, digest_came FROM incident"
                " ORDER BY first_ms, peer, id",
                "");
        if (r < 0)
                return r;
        while ((r = queue_step(queue, error, row)) == 1) {
                struct incident incident = {.kind = (enum incident_kind)sqlite3_column_int(row, 0),
                        .first_ms = sqlite3_column_int64(row, 3),
                        .last_ms = sqlite3_column_int64(row, 4),
                        .count = (uint64_t)sqlite3_column_int64(row, 5)};
                queue_column_text(row, 1, incident.peer, sizeof incident.peer);
                queue_column_text(row, 2, incident.id, sizeof incident.id);
                queue_column_digest(row, 6, incident.digest_kept);
                queue_column_digest(row, 7, incident.digest_came);
                r = call(context, &incident);
                if (r != 0)
                        break;
        }
        sqlite3_finalize(row);
        return r;
}

int queue_note_skew(struct queue *queue, const char *organisation, enum skew_direction direction,
        const struct skew *skew, struct error *error)
{
        int r = queue_run(queue, error, "INSERT OR REPLACE INTO skew VALUES(?1, ?2, ?3, ?4, ?5)", "tiiii",
                organisation, (int64_t)direction, skew->ahead_ms, skew->uncertainty_ms, skew->measured_ms);
        return r < 0 ? r : 0;
}

int queue_skew(struct queue *queue, const char *organisation, enum skew_direction direction,
        struct skew *ret_skew, struct error *error)
{
        sqlite3_stmt *row;

        int r = queue_prepare(queue, error, &row,
                "SELECT ahead_ms, uncertainty_ms, measured_ms FROM skew WHERE organisation = ?1 AND "
                "direction = ?2",
                "ti", organisation, (int64_t)direction);
        if (r < 0)
                return r;
        r = queue_step(queue, error, row);
        if (r == 1)
                *ret_skew = (struct skew){.ahead_ms = sqlite3_column_int64(row, 0),
                        .uncertainty_ms = sqlite3_column_int64(row, 1),
                        .measured_ms = sqlite3_column_int64(row, 2)};
        sqlite3_finalize(row);
        if (r == 0)
                return error_set(
                        error, -ENOENT, "The clock of %.64s was never compared with ours", organisation);
        return r < 0 ? r : 0;
}
