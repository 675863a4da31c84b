/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/queue_state.h"

#include <string.h>

#define COLUMNS                                                                                              \
        "id, recipient, digest, length, state, attempts, enqueued_ms, not_after_ms, next_attempt_ms,"        \
        " settled_ms, withdrawn_ms, reason, acknowledgement_digest, number"
#define COLUMN_NUMBER 13

/* A clock that was set back makes nothing wait for the time that it had shown before. */
#define DUE "state = 0 AND (next_attempt_ms <= ?1 OR coalesce(attempted_ms, enqueued_ms) > ?1)"

static const char *const state_names[] = {"queued", "delivered", "failed", "withdrawn"};

const char *outgoing_state_name(enum outgoing_state state)
{
        return (unsigned)state <= OUTGOING_WITHDRAWN ? state_names[state] : "unknown";
}

static void read_row(sqlite3_stmt *row, struct outgoing *ret)
{
        memset(ret, 0, sizeof *ret);
        queue_column_text(row, 0, ret->id, sizeof ret->id);
        queue_column_text(row, 1, ret->recipient, sizeof ret->recipient);
        queue_column_digest(row, 2, ret->digest);
        ret->length = (uint64_t)sqlite3_column_int64(row, 3);
        ret->state = (enum outgoing_state)sqlite3_column_int(row, 4);
        ret->attempts = (uint32_t)sqlite3_column_int64(row, 5);
        ret->enqueued_ms = sqlite3_column_int64(row, 6);
        ret->not_after_ms = sqlite3_column_int64(row, 7);
        ret->next_attempt_ms = sqlite3_column_int64(row, 8);
        ret->settled_ms = queue_column_time(row, 9);
        ret->withdrawn_ms = queue_column_time(row, 10);
        queue_column_text(row, 11, ret->reason, sizeof ret->reason);
        queue_column_digest(row, 12, ret->acknowledgement_digest);
}

/* 1: found; 0: there is none. */
static int find(
        struct queue *queue, const char *id, struct outgoing *ret, int64_t *ret_number, struct error *error)
{
        sqlite3_stmt *row;

        int r = queue_prepare(queue, error, &row, "SELECT " COLUMNS " FROM outbox WHERE id = ?1", "t", id);
        if (r < 0)
                return r;
        r = queue_step(queue, error, row);
        if (r == 1) {
                read_row(row, ret);
                *ret_number = sqlite3_column_int64(row, COLUMN_NUMBER);
        }
        sqlite3_finalize(row);
        return r;
}

/* The same, and it must be there. */
static int find_one(
        struct queue *queue, const char *id, struct outgoing *ret, int64_t *ret_number, struct error *error)
{
        int r = find(queue, id, ret, ret_number, error);
        if (r == 0)
                return error_set(
                        error, -ENOENT, "%s: no message %.40s was ever sent from here", queue->path, id);
        return r < 0 ? r : 0;
}

int queue_outgoing(struct queue *queue, const char *id, struct outgoing *ret_outgoing, struct error *error)
{
        int64_t number;
        return find_one(queue, id, ret_outgoing, &number, error);
}

static int insert(struct queue *queue, const char *id, const char *recipient, int64_t not_after_ms,
        const struct content *content, int64_t now_ms, struct error *error)
{
        struct outgoing before;
        int64_t number;

        int r = find(queue, id, &before, &number, error);
        if (r < 0)
                return r;
        if (r == 1) {
                bool same = strcmp(before.recipient, recipient) == 0 &&
                            memcmp(before.digest, content_digest(content), DIGEST_BYTES) == 0;
                return same ? 1
                            : error_set(error, -EEXIST,
                                      "%s: message %s is another one already, to %s; give this one a new id",
                                      queue->path, id, before.recipient);
        }
        r = queue_run(queue, error,
                "INSERT INTO outbox(id, recipient, digest, length, state, attempts, enqueued_ms, "
                "not_after_ms,"
                " next_attempt_ms) VALUES(?1, ?2, ?3, ?4, 0, 0, ?5, ?6, ?5)",
                "ttbiii", id, recipient, content_digest(content), (size_t)DIGEST_BYTES,
                (int64_t)content_length(content), now_ms, not_after_ms);
        if (r < 0)
                return r;
        return queue_write_content(
                queue, "outbox_content", sqlite3_last_insert_rowid(queue->database), content, error);
}

int queue_enqueue(struct queue *queue, const char *id, const char *recipient, int64_t not_after_ms,
        const struct content *content, int64_t now_ms, struct error *error)
{
        if (!id_is_valid(id) || !organisation_is_valid(recipient))
                return error_set(error, -EINVAL,
                        "A message needs a UUID of version 4 and the short name of an organisation, not "
                        "%.40s and "
                        "%.64s",
                        id, recipient);
        if (content_length(content) == 0 || content_length(content) > MESSAGE_BYTES_MAX)
                return error_set(error, content_length(content) ? -EFBIG : -EINVAL,
                        "Message %s has %llu bytes; 1 to %llu can be sent, larger evidence goes beside its "
                        "message",
                        id, (unsigned long long)content_length(content),
                        (unsigned long long)MESSAGE_BYTES_MAX);
        if (not_after_ms <= now_ms)
                return error_set(error, -EINVAL, "Message %s would have to be there before now", id);
        int r = queue_begin(queue, error);
        if (r < 0)
                return r;
        return queue_end(queue, insert(queue, id, recipient, not_after_ms, content, now_ms, error), error);
}

static int withdraw(struct queue *queue, const char *id, const char *reason, int64_t now_ms,
        bool *ret_may_have_arrived, struct error *error)
{
        struct outgoing outgoing;
        int64_t number;

        int r = find_one(queue, id, &outgoing, &number, error);
        if (r < 0)
                return r;
        *ret_may_have_arrived = outgoing.attempts > 0;
        if (outgoing.state != OUTGOING_QUEUED)
                return 1;
        r = queue_run(queue, error,
                "UPDATE outbox SET state = 3, settled_ms = ?2, withdrawn_ms = ?2, reason = ?3 WHERE number = "
                "?1",
                "iit", number, now_ms, reason);
        return r < 0 ? r : 0;
}

int queue_withdraw(struct queue *queue, const char *id, const char *reason, int64_t now_ms,
        bool *ret_may_have_arrived, struct error *error)
{
        int r = queue_begin(queue, error);
        if (r < 0)
                return r;
        return queue_end(queue, withdraw(queue, id, reason, now_ms, ret_may_have_arrived, error), error);
}

static int expire(struct queue *queue, int64_t now_ms, struct error *error)
{
        return queue_run(queue, error,
                "UPDATE outbox SET state = 2, settled_ms = ?1, reason = CASE attempts WHEN 0 THEN"
                " 'not delivered in time: no attempt was made' ELSE"
                " 'not delivered in time; the last attempt: ' || coalesce(reason, 'did not end') END"
                " WHERE state = 0 AND not_after_ms <= ?1",
                "i", now_ms);
}

static int begin_attempt(struct queue *queue, const char *recipient, const struct schedule *schedule,
        uint32_t random, int64_t now_ms, struct outgoing *ret, struct error *error)
{
        struct outgoing outgoing;
        sqlite3_stmt *row;
        int64_t number = 0;

        int r = expire(queue, now_ms, error);
        if (r < 0)
                return r;
        r = queue_prepare(queue, error, &row,
                "SELECT " COLUMNS " FROM outbox WHERE " DUE " AND (?2 IS NULL OR recipient = ?2)"
                " ORDER BY next_attempt_ms, number LIMIT 1",
                "it", now_ms, recipient);
        if (r < 0)
                return r;
        r = queue_step(queue, error, row);
        if (r == 1) {
                read_row(row, &outgoing);
                number = sqlite3_column_int64(row, COLUMN_NUMBER);
        }
        sqlite3_finalize(row);
        if (r != 1)
                return r;
        if (outgoing.attempts < UINT32_MAX)
                outgoing.attempts++;
        outgoing.next_attempt_ms = now_ms + schedule_wait_ms(schedule, outgoing.attempts, random);
        r = queue_run(queue, error,
                "UPDATE outbox SET attempts = ?2, next_attempt_ms = ?3, attempted_ms = ?4 WHERE number = ?1",
                "iiii", number, (int64_t)outgoing.attempts, outgoing.next_attempt_ms, now_ms);
        if (r < 0)
                return r;
        *ret = outgoing;
        return 1;
}

int queue_attempt_begin(struct queue *queue, const char *recipient, const struct schedule *schedule,
        uint32_t random, int64_t now_ms, struct outgoing *ret_outgoing, struct error *error)
{
        int r = queue_begin(queue, error);
        if (r < 0)
                return r;
        r = begin_attempt(queue, recipient, schedule, random, now_ms, ret_outgoing, error);
        return queue_end(queue, r, error);
}

int queue_outgoing_content(struct queue *queue, const char *id, const char *folder,
        struct content **ret_content, struct error *error)
{
        struct outgoing outgoing;
        int64_t number;

        int r = find_one(queue, id, &outgoing, &number, error);
        if (r < 0)
                return r;
        return queue_read_content(
                queue, "outbox_content", number, outgoing.digest, folder, ret_content, error);
}

int queue_attempt_delivered(struct queue *queue, const char *id, const void *acknowledgement, size_t length,
        int64_t now_ms, struct error *error)
{
        uint8_t digest[DIGEST_BYTES];

        if (length == 0 || length > QUEUE_ACKNOWLEDGEMENT_MAX)
                return error_set(error, -EINVAL, "An acknowledgement of %zu bytes proves nothing", length);
        if (digest_of(acknowledgement, length, digest) < 0)
                return error_set(error, -EIO, "The SHA-256 of OpenSSL fails; this installation is broken");
        /* It has arrived, whatever was decided here meanwhile: that is the truth to keep. */
        int r = queue_run(queue, error,
                "UPDATE outbox SET state = 1, settled_ms = ?2, reason = NULL, acknowledgement = ?3,"
                " acknowledgement_digest = ?4 WHERE id = ?1 AND state <> 1",
                "tibb", id, now_ms, acknowledgement, length, digest, sizeof digest);
        return r < 0 ? r : 0;
}

int queue_attempt_failed(struct queue *queue, const char *id, const char *reason, bool for_good,
        const struct schedule *schedule, uint32_t random, int64_t now_ms, struct error *error)
{
        struct outgoing outgoing;
        int64_t number;

        int r = find_one(queue, id, &outgoing, &number, error);
        if (r < 0)
                return r;
        int64_t next = now_ms + schedule_wait_ms(schedule, outgoing.attempts, random);
        if (for_good)
                r = queue_run(queue, error,
                        "UPDATE outbox SET state = 2, settled_ms = ?2, reason = ?3 WHERE number = ?1 AND "
                        "state = 0",
                        "iit", number, now_ms, reason);
        else
                r = queue_run(queue, error,
                        "UPDATE outbox SET next_attempt_ms = ?2, attempted_ms = ?3, reason = ?4"
                        " WHERE number = ?1 AND state = 0",
                        "iiit", number, next, now_ms, reason);
        return r < 0 ? r : 0;
}

int queue_postpone(struct queue *queue, const char *recipient, int64_t until_ms, struct error *error)
{
        int r = queue_run(queue, error,
                "UPDATE outbox SET next_attempt_ms = ?2 WHERE recipient = ?1 AND state = 0 AND "
                "next_attempt_ms < ?2",
                "ti", recipient, until_ms);
        return r < 0 ? r : 0;
}

int queue_each_due_recipient(
        struct queue *queue, int64_t now_ms, queue_recipient_call *call, void *context, struct error *error)
{
        char recipient[ORGANISATION_TEXT_MAX] = "";
        int r;

        /* One by one and not with one open statement: the call may write. */
        do {
                sqlite3_stmt *row;
                r = queue_prepare(queue, error, &row,
                        "SELECT min(recipient) FROM outbox WHERE " DUE " AND recipient > ?2", "it", now_ms,
                        recipient);
                if (r < 0)
                        return r;
                r = queue_step(queue, error, row);
                bool found = r == 1 && sqlite3_column_type(row, 0) != SQLITE_NULL;
                if (found)
                        queue_column_text(row, 0, recipient, sizeof recipient);
                sqlite3_finalize(row);
                if (r < 0 || !found)
                        return r < 0 ? r : 0;
                r = call(context, recipient);
        } while (r == 0);
        return r;
}

int queue_next_due(struct queue *queue, int64_t *ret_due_ms, struct error *error)
{
        sqlite3_stmt *row;

        int r = queue_prepare(queue, error, &row,
                "SELECT min(min(next_attempt_ms, not_after_ms)) FROM outbox WHERE state = 0", "");
        if (r < 0)
                return r;
        r = queue_step(queue, error, row);
        if (r == 1)
                *ret_due_ms = queue_column_time(row, 0);
        sqlite3_finalize(row);
        return r < 0 ? r : 0;
}

int queue_each_outgoing(struct queue *queue, queue_outgoing_call *call, void *context, struct error *error)
{
        struct outgoing outgoing;
        sqlite3_stmt *row;

        int r = queue_prepare(queue, error, &row, "SELECT " COLUMNS " FROM outbox ORDER BY number", "");
        if (r < 0)
                return r;
        while ((r = queue_step(queue, error, row)) == 1) {
                read_row(row, &outgoing);
                r = call(context, &outgoing);
                if (r != 0)
                        break;
        }
        sqlite3_finalize(row);
        return r;
}
