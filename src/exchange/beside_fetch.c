/* SPDX-License-Identifier: EUPL-1.2 */
/* Files to fetch: written into the book when their message is taken, worked off by a process that has no key
 * and no log, and settled by the next pass, which has both. */
#include "exchange/beside_state.h"

#include "os/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static const struct word state_rows[] = {
        {FETCH_WAITING, "waiting", NULL, "is to be fetched"},
        {FETCH_HERE, "here", NULL, "fetched, and compared with its manifest"},
        {FETCH_FAILED, "failed", NULL, "given up"},
        {FETCH_OVER, "over", NULL, "is offered no longer, and was not here"},
        {FETCH_WITHDRAWN, "withdrawn", NULL, "its order was withdrawn"},
};
const struct vocabulary fetch_state_words = {
        "state of a file beside a message", state_rows, sizeof state_rows / sizeof *state_rows};

static struct sqlite3 *of(struct queue *queue)
{
        return queue_database(queue);
}

/* ---- expected ---- */

static int expect_file(struct office *office, const struct post_arrival *arrival,
        const struct evidence_manifest *manifest, const struct evidence_file *file, struct error *error)
{
        int r = rows_run(office_database(office), error,
                "INSERT INTO book_fetch(sender, message_id, name, order_id, manifest, length, digest,"
                " second_digest, from_ms, until_ms, state, attempts, in_vain, wrong, next_ms, told, reason)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'waiting', 0, 0, 0, ?9, 0, '')",
                "tttttidbii", arrival->sender->name, arrival->message->id, file->name,
                arrival->message->order_id, manifest->id, (int64_t)file->length, file->digest,
                file->second_digest, sizeof file->second_digest, manifest->from_ms, manifest->until_ms);

        return r < 0 ? r : 0;
}

int beside_expect(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        const struct container_object *object = container_find(arrival->container, POST_MANIFEST_NAME);
        struct evidence_manifest manifest;
        char folder[PATH_MAX];

        if (!object)
                return 0;
        int r = evidence_manifest_read(object->bytes, object->length, &manifest, error);
        if (r < 0)
                return r;
        /* Section L may have it delivered to another organisation, which fetches it itself. */
        if (strcmp(manifest.recipient, office_organisation(office)) == 0) {
                int n = snprintf(
                        folder, sizeof folder, "%s/%s", office_evidence(office), arrival->sender->name);
                r = n < (int)sizeof folder ? folder_make(folder, error)
                                           : error_set(error, -ENAMETOOLONG, "the node's folder is too deep");
                for (size_t i = 0; r == 0 && i < manifest.file_count; i++)
                        r = expect_file(office, arrival, &manifest, &manifest.files[i], error);
        }
        evidence_manifest_free(&manifest);
        return r;
}

/* ---- fetching ---- */

int beside_each_due_sender(
        struct queue *queue, int64_t now_ms, queue_recipient_call *call, void *context, struct error *error)
{
        char sender[MODEL_ORGANISATION_MAX];
        sqlite3_stmt *rows;

        int r = rows_ask(of(queue), error, &rows,
                "SELECT sender FROM book_fetch WHERE state = 'waiting' AND next_ms <= ?1 AND until_ms > ?1"
                " GROUP BY sender ORDER BY min(next_ms)",
                "i", now_ms);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1) {
                rows_text(rows, 0, sender, sizeof sender);
                r = call(context, sender);
                if (r != 0)
                        break;
        }
        rows_finish(rows);
        return r;
}

static int find_due(struct queue *queue, const char *sender, int64_t now_ms, struct beside_task *task,
        struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(of(queue), error, &rows,
                "SELECT message_id, order_id, manifest, name, length, digest, second_digest, until_ms,"
                " attempts, in_vain FROM book_fetch WHERE sender = ?1 AND state = 'waiting' AND"
                " next_ms <= ?2 AND until_ms > ?2 ORDER BY next_ms, message_id, name LIMIT 1",
                "ti", sender, now_ms);
        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1) {
                *task = (struct beside_task){.length = (uint64_t)sqlite3_column_int64(rows, 4),
                        .until_ms = sqlite3_column_int64(rows, 7),
                        .attempts = (uint32_t)sqlite3_column_int64(rows, 8) + 1,
                        .in_vain = (uint32_t)sqlite3_column_int64(rows, 9) + 1};
                snprintf(task->sender, sizeof task->sender, "%s", sender);
                rows_text(rows, 0, task->message_id, sizeof task->message_id);
                rows_text(rows, 1, task->order_id, sizeof task->order_id);
                rows_text(rows, 2, task->manifest, sizeof task->manifest);
                rows_text(rows, 3, task->name, sizeof task->name);
                rows_digest(rows, 5, task->digest);
                if (sqlite3_column_bytes(rows, 6) == MANIFEST_SECOND_BYTES)
                        memcpy(task->second_digest, sqlite3_column_blob(rows, 6), MANIFEST_SECOND_BYTES);
        }
        rows_finish(rows);
        return r;
}

static uint64_t size_of(const char *folder, const char *format, const char *name)
{
        char path[PATH_MAX], last[EVIDENCE_NAME_MAX + 8];
        struct stat status;

        snprintf(last, sizeof last, strcmp(format, "part") == 0 ? ".%s.part" : "%s", name);
        int n = snprintf(path, sizeof path, "%s/%s", folder, last);
        return n < (int)sizeof path && lstat(path, &status) == 0 && status.st_size > 0
                       ? (uint64_t)status.st_size
                       : 0;
}

/* The folder is made within the transaction: no step that withdraws its order, and removes it, comes between.
 */
static int begin_task(struct queue *queue, const char *evidence, const struct schedule *schedule,
        uint32_t random, int64_t now_ms, struct beside_task *task, struct error *error)
{
        int n = snprintf(
                task->folder, sizeof task->folder, "%s/%s/%s", evidence, task->sender, task->message_id);

        if (n >= (int)sizeof task->folder)
                return error_set(error, -ENAMETOOLONG, "%s: the node's folder is too deep", evidence);
        int r = folder_make(task->folder, error);
        if (r == 0)
                r = rows_run(of(queue), error,
                        "UPDATE book_fetch SET attempts = ?4, in_vain = ?5, next_ms = ?6"
                        " WHERE sender = ?1 AND message_id = ?2 AND name = ?3",
                        "tttiii", task->sender, task->message_id, task->name, (int64_t)task->attempts,
                        (int64_t)task->in_vain, now_ms + schedule_wait_ms(schedule, task->in_vain, random));
        task->had = size_of(task->folder, "part", task->name);
        return r < 0 ? r : 0;
}

int beside_fetch_begin(struct queue *queue, const char *sender, const char *evidence,
        const struct schedule *schedule, uint32_t random, int64_t now_ms, struct beside_task *ret_task,
        struct error *error)
{
        int r = queue_work_begin(queue, error);

        if (r < 0)
                return r;
        r = find_due(queue, sender, now_ms, ret_task, error);
        int begun = r == 1 ? begin_task(queue, evidence, schedule, random, now_ms, ret_task, error) : r;
        if (begun < 0) {
                queue_work_abandon(queue);
                return begun;
        }
        int committed = queue_work_commit(queue, error);
        return committed < 0 ? committed : r;
}

/* What the result makes of the file. A peer that does not offer it now may do so later: its directory or
 * node may be behind; one that says that it is over (410) means it. */
static enum fetch_state state_after(const struct download_result *result, int64_t wrong)
{
        if (result->end == DOWNLOAD_DONE)
                return FETCH_HERE;
        if (result->end == DOWNLOAD_WRONG && wrong >= BESIDE_WRONG_MAX)
                return FETCH_FAILED;
        return result->end == DOWNLOAD_REFUSED && result->status == 410 ? FETCH_OVER : FETCH_WAITING;
}

static int keep_result(struct queue *queue, const struct beside_task *task,
        const struct download_result *result, const struct schedule *schedule, uint32_t random,
        int64_t now_ms, struct error *error)
{
        bool came = result->end == DOWNLOAD_INTERRUPTED && result->kept_bytes > task->had;
        uint32_t in_vain = came ? 1 : task->in_vain;
        int64_t wrong = 0;

        int r = rows_number(of(queue), error, 0, &wrong,
                "SELECT wrong FROM book_fetch WHERE sender = ?1 AND message_id = ?2 AND name = ?3", "ttt",
                task->sender, task->message_id, task->name);
        if (r < 0)
                return r;
        wrong += result->end == DOWNLOAD_WRONG;
        enum fetch_state state = state_after(result, wrong);
        r = rows_run(of(queue), error,
                "UPDATE book_fetch SET state = ?4, in_vain = ?5, wrong = ?6, next_ms = ?7, settled_ms = ?8,"
                " reason = ?9 WHERE sender = ?1 AND message_id = ?2 AND name = ?3 AND state = 'waiting'",
                "ttttiiimt", task->sender, task->message_id, task->name,
                word_name(&fetch_state_words, (int)state), (int64_t)in_vain, wrong,
                now_ms + schedule_wait_ms(schedule, in_vain, random),
                state == FETCH_WAITING ? TIME_UNKNOWN : now_ms, state == FETCH_HERE ? "" : result->reason);
        return r < 0 ? r : 0;
}

int beside_fetch_end(struct queue *queue, const struct beside_task *task,
        const struct download_result *result, const struct schedule *schedule, uint32_t random,
        int64_t now_ms, struct error *error)
{
        int r = queue_work_begin(queue, error);

        if (r < 0)
                return r;
        r = keep_result(queue, task, result, schedule, random, now_ms, error);
        if (r < 0) {
                queue_work_abandon(queue);
                return r;
        }
        return queue_work_commit(queue, error);
}

int beside_postpone(struct queue *queue, const char *sender, int64_t until_ms, struct error *error)
{
        int r = rows_run(of(queue), error,
                "UPDATE book_fetch SET next_ms = ?2 WHERE sender = ?1 AND state = 'waiting' AND next_ms < ?2",
                "ti", sender, until_ms);

        return r < 0 ? r : 0;
}

/* ---- shown ---- */

struct beside_row {
        char sender[MODEL_ORGANISATION_MAX], message_id[MODEL_ID_MAX], name[EVIDENCE_NAME_MAX], reason[256];
        int state;
        uint64_t length;
        int64_t until_ms;
};

static void read_row(sqlite3_stmt *rows, struct beside_row *ret)
{
        char state[32];

        rows_text(rows, 0, ret->sender, sizeof ret->sender);
        rows_text(rows, 1, ret->message_id, sizeof ret->message_id);
        rows_text(rows, 2, ret->name, sizeof ret->name);
        rows_text(rows, 3, state, sizeof state);
        ret->state = word_find(&fetch_state_words, slice_of(state));
        ret->length = (uint64_t)sqlite3_column_int64(rows, 4);
        ret->until_ms = sqlite3_column_int64(rows, 5);
        rows_text(rows, 6, ret->reason, sizeof ret->reason);
}

static uint64_t part_of(struct office *office, const struct beside_row *row)
{
        char folder[PATH_MAX];
        int n = snprintf(
                folder, sizeof folder, "%s/%s/%s", office_evidence(office), row->sender, row->message_id);
        uint64_t size = n < (int)sizeof folder ? size_of(folder, "part", row->name) : 0;

        return size < row->length ? size : row->length;
}

static void count_row(struct office *office, const struct beside_row *row, struct beside_progress *ret)
{
        if (row->state == FETCH_WITHDRAWN)
                return;
        ret->files++;
        ret->bytes += row->length;
        switch (row->state) {
        case FETCH_HERE:
                ret->here++;
                ret->bytes_here += row->length;
                return;
        case FETCH_WAITING:
                ret->waiting++;
                ret->bytes_here += part_of(office, row);
                if (ret->until_ms == TIME_UNKNOWN || row->until_ms < ret->until_ms)
                        ret->until_ms = row->until_ms;
                break;
        default:
                ret->failed++;
                break;
        }
        if (*row->reason)
                snprintf(ret->reason, sizeof ret->reason, "%s", row->reason);
}

int beside_progress(struct office *office, const char *order_id, const char *message_id,
        struct beside_progress *ret, struct error *error)
{
        struct beside_row row;
        sqlite3_stmt *rows;

        *ret = (struct beside_progress){.until_ms = TIME_UNKNOWN};
        int r = rows_ask(office_database(office), error, &rows,
                "SELECT sender, message_id, name, state, length, until_ms, reason FROM book_fetch"
                " WHERE order_id = ?1 AND (?2 IS NULL OR message_id = ?2)",
                "tt", order_id, message_id);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1) {
                read_row(rows, &row);
                count_row(office, &row, ret);
        }
        rows_finish(rows);
        return r;
}

/* Megabytes; what is not whole is not rounded up to it. */
static unsigned long long megabytes(uint64_t bytes, bool up)
{
        return (unsigned long long)((bytes + (up ? 999999 : 0)) / 1000000);
}

void beside_progress_words(const struct beside_progress *progress, char ret_words[BESIDE_PROGRESS_MAX])
{
        char until[TIME_TEXT_MAX];
        bool whole = progress->bytes_here == progress->bytes;

        int n = snprintf(ret_words, BESIDE_PROGRESS_MAX, "%u of %u file%s here, %llu of %llu MB",
                progress->here, progress->files, progress->files == 1 ? "" : "s",
                megabytes(progress->bytes_here, whole), megabytes(progress->bytes, true));
        if (progress->failed > 0)
                n += snprintf(
                        ret_words + n, (size_t)(BESIDE_PROGRESS_MAX - n), "; %u given up", progress->failed);
        if (progress->waiting > 0)
                snprintf(ret_words + n, (size_t)(BESIDE_PROGRESS_MAX - n), "; can be fetched until %s",
                        time_format_utc(progress->until_ms, until));
}

/* ---- not wanted any more ---- */

int beside_delete(struct office *office, const char *peer, const char *message_id, int64_t *ret_files,
        struct error *error)
{
        char folder[PATH_MAX];

        int r = book_must_write(office, error);
        if (r == 0)
                r = rows_run(office_database(office), error,
                        "UPDATE book_fetch SET state = 'withdrawn', settled_ms = ?3, told = 1"
                        " WHERE sender = ?1 AND message_id = ?2",
                        "tti", peer, message_id, office_now(office));
        if (r < 0)
                return r;
        int n = snprintf(folder, sizeof folder, "%s/%s/%s", office_evidence(office), peer, message_id);
        return n < (int)sizeof folder ? beside_folder_remove(folder, ret_files, error)
                                      : error_set(error, -ENAMETOOLONG, "the node's folder is too deep");
}

static int remove_part(struct office *office, const struct beside_row *row, struct error *error)
{
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s/%s/%s/.%s.part", office_evidence(office), row->sender,
                row->message_id, row->name);

        return n < (int)sizeof path ? file_remove(path, error) : 0;
}

/* What came in part of what still waits; order_id NULL: of every order. */
static int remove_parts(struct office *office, const char *order_id, int64_t until_ms, struct error *error)
{
        struct beside_row row;
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT sender, message_id, name, state, length, until_ms, reason FROM book_fetch"
                " WHERE (?1 IS NULL OR order_id = ?1) AND state = 'waiting' AND until_ms <= ?2",
                "ti", order_id, until_ms);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1) {
                read_row(rows, &row);
                r = remove_part(office, &row, error);
                if (r < 0)
                        break;
        }
        rows_finish(rows);
        return r;
}

int beside_stop(struct office *office, const char *order_id, struct error *error)
{
        int r = book_must_write(office, error);

        if (r == 0)
                r = remove_parts(office, order_id, INT64_MAX, error);
        if (r == 0)
                r = rows_run(office_database(office), error,
                        "UPDATE book_fetch SET state = 'withdrawn', settled_ms = ?2, told = 1"
                        " WHERE order_id = ?1 AND state = 'waiting'",
                        "ti", order_id, office_now(office));
        return r < 0 ? r : 0;
}

int beside_again(struct office *office, const char *order_id, uint32_t *ret_files, struct error *error)
{
        int64_t now_ms = office_now(office);

        int r = book_must_write(office, error);
        if (r == 0)
                r = rows_run(office_database(office), error,
                        "UPDATE book_fetch SET state = 'waiting', in_vain = 0, wrong = 0, told = 0,"
                        " next_ms = max(from_ms, ?2), settled_ms = NULL WHERE order_id = ?1 AND"
                        " state IN ('failed', 'over', 'waiting') AND until_ms > ?2",
                        "ti", order_id, now_ms);
        if (r < 0)
                return r;
        *ret_files = (uint32_t)r;
        return 0;
}

/* ---- the clock ---- */

/* What is still not here when its window ends. By our clock: the peer's own says 410. */
static int end_windows(struct office *office, struct error *error)
{
        int64_t now_ms = office_now(office);

        int r = remove_parts(office, NULL, now_ms, error);
        if (r == 0)
                r = rows_run(office_database(office), error,
                        "UPDATE book_fetch SET state = 'over', settled_ms = ?1, told = 0,"
                        " reason = substr('the window for fetching it is over, and it was not here' ||"
                        " CASE reason WHEN '' THEN '' ELSE '; the last attempt: ' || reason END, 1, 255)"
                        " WHERE state = 'waiting' AND until_ms <= ?1",
                        "i", now_ms);
        return r < 0 ? r : 0;
}

/* A message of which no file waits, and of which that was not told yet. */
struct settled {
        char sender[MODEL_ORGANISATION_MAX], message_id[MODEL_ID_MAX], order_id[MODEL_ID_MAX];
};

static int find_settled(struct office *office, struct settled *ret, struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT sender, message_id, order_id FROM book_fetch AS one WHERE told = 0 AND NOT EXISTS"
                " (SELECT 1 FROM book_fetch WHERE sender = one.sender AND message_id = one.message_id AND"
                " state = 'waiting') LIMIT 1",
                "");
        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1) {
                rows_text(rows, 0, ret->sender, sizeof ret->sender);
                rows_text(rows, 1, ret->message_id, sizeof ret->message_id);
                rows_text(rows, 2, ret->order_id, sizeof ret->order_id);
        }
        rows_finish(rows);
        return r;
}

/* What did not come: "NAME: why", for the receipt. */
static int add_findings(
        struct office *office, const struct settled *settled, struct message *message, struct error *error)
{
        const struct model_field *list =
                model_field_find(message_body_type(MESSAGE_RECEIPT), slice_of("findings"));
        char words[EVIDENCE_NAME_MAX + 300];
        struct beside_row row;
        sqlite3_stmt *rows;
        size_t count = 0;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT sender, message_id, name, state, length, until_ms, reason FROM book_fetch"
                " WHERE sender = ?1 AND message_id = ?2 AND state <> 'here' ORDER BY name",
                "tt", settled->sender, settled->message_id);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1 && count < MODEL_TEXTS_MAX) {
                read_row(rows, &row);
                snprintf(words, sizeof words, "%s: %s", row.name, row.reason);
                for (char *c = words; *c; c++)
                        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
                                *c = '?';
                r = model_texts_add(list, &message->receipt, slice_of(words), error);
                if (r < 0)
                        break;
                count++;
        }
        rows_finish(rows);
        return r < 0 ? r : 0;
}

static int send_receipt(struct office *office, const struct settled *settled, bool whole, struct error *error)
{
        struct book_message row;
        struct message message;

        if (!directory_find(office_directory(office), settled->sender))
                return 0; /* it has left the directory meanwhile: nobody to tell */
        int r = book_message_find(office, settled->sender, settled->message_id, &row, error);
        if (r < 0)
                return r;
        message_init(&message, MESSAGE_RECEIPT);
        snprintf(message.order_id, sizeof message.order_id, "%s", settled->order_id);
        snprintf(message.reply_to, sizeof message.reply_to, "%s", settled->message_id);
        snprintf(message.receiver.organisation, sizeof message.receiver.organisation, "%s", settled->sender);
        snprintf(message.receipt.message_id, sizeof message.receipt.message_id, "%s", settled->message_id);
        message.receipt.message_kind = row.kind;
        message.receipt.effect = whole ? RECEIPT_FETCHED : RECEIPT_NOT_FETCHED;
        memcpy(message.receipt.container_digest, row.digest, DIGEST_BYTES);
        message.receipt.received_ms = office_now(office);
        if (!whole)
                r = add_findings(office, settled, &message, error);
        if (r == 0)
                r = post_send(office, &message, NULL, 0, NULL, error);
        message_free(&message);
        return r;
}

static int note_incident(struct office *office, const struct settled *settled,
        const struct beside_progress *progress, struct error *error)
{
        struct book_incident incident = {.code = "evidence-not-fetched", .at_ms = office_now(office)};

        snprintf(incident.peer, sizeof incident.peer, "%s", settled->sender);
        snprintf(incident.message_id, sizeof incident.message_id, "%s", settled->message_id);
        snprintf(incident.words, sizeof incident.words,
                "of the evidence beside the answer %u of %u files did not come: %.*s", progress->failed,
                progress->files, slice_fitting(progress->reason, 300), progress->reason);
        return book_incident_add(office, &incident, error);
}

static int tell_settled(struct office *office, const struct settled *settled, struct error *error)
{
        struct beside_progress progress;

        int r = beside_progress(office, settled->order_id, settled->message_id, &progress, error);
        if (r < 0)
                return r;
        bool whole = progress.failed == 0;
        json_t *fields = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:I}", "order", settled->order_id,
                "message", settled->message_id, "sender", settled->sender, "outcome",
                whole               ? "whole"
                : progress.here > 0 ? "part"
                                    : "nothing",
                "files", (int)progress.files, "missing", (int)progress.failed, "bytes",
                (json_int_t)progress.bytes_here);
        if (fields && !whole && *progress.reason)
                json_object_set_new(fields, "reason", json_string(progress.reason));
        r = office_log(office, "evidence-fetched", OFFICE_NODE, fields, error);
        if (r == 0 && !whole)
                r = note_incident(office, settled, &progress, error);
        if (r == 0)
                r = send_receipt(office, settled, whole, error);
        if (r == 0)
                r = rows_run(office_database(office), error,
                        "UPDATE book_fetch SET told = 1 WHERE sender = ?1 AND message_id = ?2", "tt",
                        settled->sender, settled->message_id);
        return r < 0 ? r : 0;
}

static int settle_one(struct office *office, struct error *error)
{
        struct settled settled;

        int r = office_step_begin(office, error);
        if (r < 0)
                return r;
        r = end_windows(office, error);
        int found = r == 0 ? find_settled(office, &settled, error) : r;
        r = found == 1 ? tell_settled(office, &settled, error) : found;
        return office_step_end(office, r < 0 ? r : found, error);
}

int beside_run_fetches(struct office *office, struct error *error)
{
        struct settled settled;
        int64_t over = 0;

        /* Most passes have nothing to do here, and take no lock. */
        int r = rows_number(office_database(office), error, 0, &over,
                "SELECT count(*) FROM book_fetch WHERE state = 'waiting' AND until_ms <= ?1", "i",
                office_now(office));
        if (r == 0)
                r = find_settled(office, &settled, error);
        if (r < 0 || (r == 0 && over == 0))
                return r;
        while ((r = settle_one(office, error)) == 1)
                ;
        return r;
}
