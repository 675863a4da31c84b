/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages that wait for their timestamp: kept sealed without one, sealed anew with it. */
#include "exchange/post_state.h"

#include "exchange/book_state.h"
#include "hi1/hi1.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MS (30 * TIME_SECOND)
#define RETRY_MOST 30 /* times as long */

static const char *const states[] = {[POST_STAMP_WAITS] = "waits",
        [POST_STAMP_HAS] = "stamped",
        [POST_STAMP_WITHOUT] = "without",
        [POST_STAMP_FAILED] = "failed"};

#define COLUMNS "message_id, state, since_ms, proven_ms, next_ms, attempts, reason"

static void read_row(sqlite3_stmt *rows, struct post_stamp *ret)
{
        char state[16];

        *ret = (struct post_stamp){.since_ms = sqlite3_column_int64(rows, 2),
                .proven_ms = rows_instant(rows, 3),
                .next_ms = sqlite3_column_int64(rows, 4),
                .attempts = sqlite3_column_int64(rows, 5)};
        rows_text(rows, 0, ret->message_id, sizeof ret->message_id);
        rows_text(rows, 1, state, sizeof state);
        rows_text(rows, 6, ret->reason, sizeof ret->reason);
        for (size_t i = 0; i < sizeof states / sizeof *states; i++)
                if (strcmp(state, states[i]) == 0)
                        ret->state = (enum post_stamp_state)i;
}

static int find_row(struct office *office, const char *sql, const char *value, struct post_stamp *ret,
        struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows, sql, "t", value);
        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1)
                read_row(rows, ret);
        rows_finish(rows);
        return r < 0 ? r : r == 1 ? 0 : -ENOENT;
}

int post_stamp_find(struct office *office, const char *id, struct post_stamp *ret, struct error *error)
{
        int r = find_row(office, "SELECT " COLUMNS " FROM post_stamp WHERE message_id = ?1", id, ret, error);

        return r == -ENOENT ? error_set(error, r, "no timestamp was to be had for the message %.40s", id) : r;
}

int post_stamp_first(struct office *office, struct post_stamp *ret, uint64_t *ret_count, struct error *error)
{
        int64_t count = 0;

        int r = rows_number(office_database(office), error, 0, &count,
                "SELECT count(*) FROM post_stamp WHERE state = 'waits'", "");
        if (r == 0 && count > 0)
                r = find_row(office,
                        "SELECT " COLUMNS " FROM post_stamp WHERE state = ?1 ORDER BY number LIMIT 1",
                        states[POST_STAMP_WAITS], ret, error);
        *ret_count = r == 0 ? (uint64_t)count : 0;
        return r;
}

static const char *column(sqlite3_stmt *rows, int number)
{
        return (const char *)sqlite3_column_text(rows, number);
}

int post_stamps_of(struct office *office, const char *order_id, json_t **ret_list, struct error *error)
{
        json_t *list = json_array();
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT s.message_id, m.kind, m.peer, s.state, s.since_ms, s.reason FROM post_stamp s"
                " JOIN book_message m ON m.sender = '' AND m.id = s.message_id"
                " WHERE m.order_id = ?1 AND s.state <> ?2 ORDER BY s.number",
                "tt", order_id, states[POST_STAMP_HAS]);
        if (r < 0) {
                json_decref(list);
                return r;
        }
        while ((r = rows_next(rows, error)) == 1) {
                char since[TIME_TEXT_MAX];
                json_array_append_new(
                        list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "message", column(rows, 0), "kind",
                                      column(rows, 1), "to", column(rows, 2), "state", column(rows, 3),
                                      "since", time_format_utc(sqlite3_column_int64(rows, 4), since),
                                      "reason", column(rows, 5)));
        }
        if (r >= 0)
                *ret_list = list;
        else
                json_decref(list);
        rows_finish(rows);
        return r;
}

int post_stamp_wait(struct post_sealing *sealing, struct error *error)
{
        struct office *office = sealing->office;
        int64_t now_ms = office_now(office);
        size_t length;
        const uint8_t *der = certificate_der(sealing->seal, &length);

        /* Behind what waits already: a service that is not to be asked yet is not asked for this one either.
         */
        int r = rows_run(office_database(office), error,
                "INSERT INTO post_stamp(message_id, state, since_ms, next_ms, attempts, reason, container,"
                " seal) VALUES(?1, ?2, ?3, coalesce((SELECT max(next_ms) FROM post_stamp WHERE state = ?2),"
                " ?3), 0, '', ?4, ?5)",
                "ttibb", sealing->message->id, states[POST_STAMP_WAITS], now_ms, sealing->container.bytes,
                sealing->container.length, der, length);
        if (r < 0)
                return r;
        return office_log(office, "administration", OFFICE_NODE,
                json_pack("{s:s, s:s}", "action", "message-awaits-timestamp", "what", sealing->message->id),
                error);
}

/* ---- sealed anew ---- */

struct stamping {
        struct office *office;
        struct post_stamp row;
        struct buffer sealed;     /* as it was kept */
        struct certificate *seal; /* that it was sealed with */
        struct container kept;
        struct message message;
        struct post_sealing sealing;
};

static int read_sealed(struct stamping *s, struct error *error)
{
        sqlite3_stmt *rows;

        s->sealed = buffer_make(CONTAINER_BYTES_MAX);
        int r = rows_ask(office_database(s->office), error, &rows,
                "SELECT container, seal FROM post_stamp WHERE message_id = ?1", "t", s->row.message_id);
        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1)
                r = certificate_parse(sqlite3_column_blob(rows, 1), (size_t)sqlite3_column_bytes(rows, 1),
                        "the seal of what waits", &s->seal, error);
        if (r == 0 && buffer_append(&s->sealed, sqlite3_column_blob(rows, 0),
                              (size_t)sqlite3_column_bytes(rows, 0)) < 0)
                r = error_set(error, -ENOMEM, "not enough memory");
        rows_finish(rows);
        return r < 0 ? r : 0;
}

/* By the seal that it had, which another may have replaced since: what was damaged on this disk does not
 * leave under a new one. */
static int open_kept(struct stamping *s, struct error *error)
{
        struct certificate_set seals = {0};
        struct findings findings = {0};

        int r = certificate_set_add(&seals, s->seal);
        const struct container_rules rules = {
                .trust = {.signers = &seals, .instant_ms = s->row.since_ms}, .deviations_refused = true};
        if (r == 0)
                r = container_open(s->sealed.bytes, s->sealed.length, &rules, &findings, &s->kept);
        if (r < 0)
                error_set(error, r, "the message %s, which waits for a timestamp, cannot be opened: %s",
                        s->row.message_id,
                        findings.count > 0 ? findings.list[findings.count - 1].sentence
                                           : "not enough memory");
        certificate_set_free(&seals);
        findings_free(&findings);
        return r;
}

static int read_message(struct stamping *s, struct error *error)
{
        const struct container_object *object = container_find(&s->kept, POST_MESSAGE_NAME);
        struct findings findings = {0};

        int r = object ? hi1_read(slice_make((const char *)object->bytes, object->length), &s->message,
                                 &findings)
                       : -EBADMSG;
        findings_free(&findings);
        if (r < 0)
                return error_set(error, r, "the message %s, which waits for a timestamp, cannot be read",
                        s->row.message_id);
        s->sealing.message = &s->message;
        s->sealing.receiver = directory_find(office_directory(s->office), s->message.receiver.organisation);
        return s->sealing.receiver ? 0
                                   : error_set(error, -ENOENT,
                                             "the directory no longer knows %s, whom the message %s is for",
                                             s->message.receiver.organisation, s->row.message_id);
}

static int take_parts(struct stamping *s, struct error *error)
{
        int r = post_sealing_begin(&s->sealing, s->kept.count, error);

        for (size_t i = 0; r == 0 && i < s->kept.count; i++)
                post_sealing_add(&s->sealing, "", s->kept.objects[i].name, s->kept.objects[i].media_type,
                        s->kept.objects[i].bytes, s->kept.objects[i].length);
        if (r == 0)
                r = post_sealing_custody(&s->sealing, error);
        return r == 0 ? post_sealing_sign(&s->sealing, error) : r;
}

/* ---- out ---- */

static json_t *detail_of(const struct stamping *s, const char *reason)
{
        char proven[TIME_TEXT_MAX];

        return s->sealing.proven_ms != TIME_UNKNOWN
                       ? json_pack("{s:s}", "timestamp", time_format_utc(s->sealing.proven_ms, proven))
                       : json_pack("{s:s, s:s}", "timestamp", "none", "reason", reason);
}

/* One step, like what it finishes. */
static int leave(struct stamping *s, const char *reason, struct error *error)
{
        struct office *office = s->office;
        bool has = s->sealing.proven_ms != TIME_UNKNOWN;
        uint8_t digest[DIGEST_BYTES];

        int r = office_step_begin(office, error);
        if (r < 0)
                return r;
        r = post_sealing_hand_over(&s->sealing, digest, error);
        if (r == 0)
                r = rows_run(office_database(office), error,
                        "UPDATE book_message SET digest = ?2 WHERE sender = '' AND id = ?1", "td",
                        s->row.message_id, digest);
        if (r >= 0)
                r = rows_run(office_database(office), error,
                        "UPDATE post_stamp SET state = ?2, proven_ms = ?3, attempts = attempts + 1,"
                        " reason = ?4, container = NULL, seal = NULL WHERE message_id = ?1",
                        "ttmt", s->row.message_id, states[has ? POST_STAMP_HAS : POST_STAMP_WITHOUT],
                        s->sealing.proven_ms, has ? "" : reason);
        if (r >= 0)
                r = post_sealing_enter(&s->sealing, digest, detail_of(s, reason), error);
        return office_step_end(office, r < 0 ? r : 0, error);
}

/* Nobody else's turn comes before the service was asked again. */
static int put_off(
        struct office *office, const struct post_stamp *row, const char *reason, struct error *error)
{
        int64_t first = office->options.timestamp_retry_ms > 0 ? office->options.timestamp_retry_ms
                                                               : RETRY_MS,
                factor = INT64_C(1) << (row->attempts < 5 ? row->attempts : 5),
                wait = first * (factor < RETRY_MOST ? factor : RETRY_MOST);

        int r = office_step_begin(office, error);
        if (r < 0)
                return r;
        r = rows_run(office_database(office), error,
                "UPDATE post_stamp SET next_ms = ?2, reason = ?3 WHERE state = ?1", "tit",
                states[POST_STAMP_WAITS], office_now(office) + wait, reason);
        if (r >= 0)
                r = rows_run(office_database(office), error,
                        "UPDATE post_stamp SET attempts = attempts + 1 WHERE message_id = ?1", "t",
                        row->message_id);
        return office_step_end(office, r < 0 ? r : 0, error);
}

/* Of this one message something is wrong that no later attempt would mend. */
static bool is_for_good(int code)
{
        return code == -EBADMSG || code == -ENOENT || code == -EFBIG || code == -EINVAL;
}

static int give_up(struct office *office, const struct stamping *s, const char *reason, struct error *error)
{
        struct book_incident incident = {.at_ms = office_now(office)};

        snprintf(incident.code, sizeof incident.code, "message-not-sealed");
        snprintf(incident.peer, sizeof incident.peer, "%s", s->message.receiver.organisation);
        snprintf(incident.message_id, sizeof incident.message_id, "%s", s->row.message_id);
        book_text_set(incident.words, reason);
        int r = office_step_begin(office, error);
        if (r < 0)
                return r;
        r = rows_run(office_database(office), error,
                "UPDATE post_stamp SET state = ?2, reason = ?3 WHERE message_id = ?1", "ttt",
                s->row.message_id, states[POST_STAMP_FAILED], reason);
        if (r >= 0)
                r = book_incident_add(office, &incident, error);
        if (r >= 0)
                r = office_log(office, "administration", OFFICE_NODE,
                        json_pack("{s:s, s:s}", "action", "message-not-sealed", "what", s->row.message_id),
                        error);
        return office_step_end(office, r < 0 ? r : 0, error);
}

/* What a service or a library said comes into the log and onto terminals. */
static void make_plain(char *text)
{
        for (; *text; text++)
                if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
                        *text = '?';
}

static int prepare(struct stamping *s, struct error *error)
{
        int r = read_sealed(s, error);

        if (r == 0)
                r = open_kept(s, error);
        if (r == 0)
                r = read_message(s, error);
        return r;
}

/* 0, or why there is no timestamp. */
static int ask(struct stamping *s, struct error *ret_reason)
{
        int r = *office_settings(s->office)->timestamp_url
                        ? post_sealing_stamp(&s->sealing, ret_reason)
                        : error_set(ret_reason, -ENOENT, "the settings name no timestamp service any more");

        make_plain(ret_reason->text);
        return r;
}

static int finish(struct stamping *s, struct post_stamped *told, struct error *error)
{
        const struct office_settings *settings = office_settings(s->office);
        struct error reason = {0};
        int asked = ask(s, &reason);

        if (asked == -ENOMEM)
                return error_set(error, asked, "%s", reason.text);
        if (asked < 0)
                book_text_set(told->reason, reason.text);
        if (asked < 0 && *settings->timestamp_url && !settings->timestamp_optional) {
                told->waits = true;
                return put_off(s->office, &s->row, reason.text, error);
        }
        int r = post_sealing_write(&s->sealing, 0, error);
        if (r == 0)
                r = leave(s, reason.text, error);
        told->with += r == 0 && asked == 0;
        told->without += r == 0 && asked < 0;
        return r == 0 ? 1 : r;
}

/* 1: its turn is over; 0: it waits on. */
static int stamp_one(
        struct office *office, const struct post_stamp *row, struct post_stamped *told, struct error *error)
{
        struct stamping s = {.office = office, .row = *row, .sealing = {.office = office}};

        message_init(&s.message, MESSAGE_NONE);
        int r = prepare(&s, error);
        if (r < 0 && is_for_good(r)) {
                make_plain(error->text);
                book_text_set(told->reason, error->text);
                r = give_up(office, &s, told->reason, error);
                told->failed += r == 0;
                r = r == 0 ? 1 : r;
        } else if (r == 0) {
                r = take_parts(&s, error);
                if (r == 0)
                        r = finish(&s, told, error);
        }
        post_sealing_end(&s.sealing);
        message_free(&s.message);
        container_free(&s.kept);
        certificate_free(s.seal);
        buffer_free(&s.sealed);
        return r;
}

int post_stamp_all(struct office *office, struct post_stamped *ret, struct error *error)
{
        struct post_stamp row;
        uint64_t count = 0;

        *ret = (struct post_stamped){.with = 0};
        if (!office->options.timestamp)
                return error_set(error, -EINVAL, "nothing here can reach a timestamp service");
        int r = 1;
        while (r == 1) {
                r = post_stamp_first(office, &row, &count, error);
                if (r < 0 || count == 0 || row.next_ms > office_now(office))
                        return r;
                r = stamp_one(office, &row, ret, error);
        }
        return r;
}
