/* SPDX-License-Identifier: EUPL-1.2 */
/* What a provider offers beside its answers: evidence/MANIFEST, from the commit of the release until the end
 * of its window or of its order. */
#include "exchange/beside_state.h"

#include "exchange/provider.h"
#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COLUMNS                                                                                              \
        "manifest, order_id, message_id, recipient, state, files, bytes, from_ms, until_ms, received_ms,"    \
        " opened_ms, ended_ms, reason"

struct offer_row {
        char manifest[ID_TEXT_MAX], order_id[MODEL_ID_MAX], message_id[MODEL_ID_MAX];
        char recipient[MODEL_ORGANISATION_MAX], reason[128];
        int state; /* enum delivery_state */
        int64_t files, bytes, from_ms, until_ms;
        int64_t received_ms, opened_ms; /* by receipts; TIME_UNKNOWN */
        int64_t ended_ms;               /* offered no longer, and destroyed; TIME_UNKNOWN */
};

static void read_row(sqlite3_stmt *rows, struct offer_row *ret)
{
        char state[32];

        rows_text(rows, 0, ret->manifest, sizeof ret->manifest);
        rows_text(rows, 1, ret->order_id, sizeof ret->order_id);
        rows_text(rows, 2, ret->message_id, sizeof ret->message_id);
        rows_text(rows, 3, ret->recipient, sizeof ret->recipient);
        rows_text(rows, 4, state, sizeof state);
        ret->state = word_find(&delivery_state_words, slice_of(state));
        ret->files = sqlite3_column_int64(rows, 5);
        ret->bytes = sqlite3_column_int64(rows, 6);
        ret->from_ms = sqlite3_column_int64(rows, 7);
        ret->until_ms = sqlite3_column_int64(rows, 8);
        ret->received_ms = rows_instant(rows, 9);
        ret->opened_ms = rows_instant(rows, 10);
        ret->ended_ms = rows_instant(rows, 11);
        rows_text(rows, 12, ret->reason, sizeof ret->reason);
}

/* One row, by a condition on text and an instant. 1: there is one. */
static int find_row(struct office *office, const char *sql, const char *text, int64_t at_ms,
        struct offer_row *ret, struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows, sql, "ti", text, at_ms);
        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1)
                read_row(rows, ret);
        rows_finish(rows);
        return r;
}

static int find_manifest(
        struct office *office, const char *manifest, struct offer_row *ret, struct error *error)
{
        return find_row(office, "SELECT " COLUMNS " FROM book_offer WHERE manifest = ?1 AND ?2 = 0", manifest,
                0, ret, error);
}

static int folder_of(struct office *office, const char *manifest, char ret[PATH_MAX], struct error *error)
{
        int n = snprintf(ret, PATH_MAX, "%s/%s", office_evidence(office), manifest);

        return n < PATH_MAX ? 0 : error_set(error, -ENAMETOOLONG, "the node's folder has too long a name");
}

/* ---- offered ---- */

int beside_offer_put(struct office *office, const struct evidence_manifest *manifest, const char *message_id,
        struct error *error)
{
        int64_t bytes = 0;

        for (size_t i = 0; i < manifest->file_count; i++)
                bytes += (int64_t)manifest->files[i].length;
        int r = book_must_write(office, error);
        if (r == 0)
                r = rows_run(office_database(office), error,
                        "INSERT INTO book_offer(" COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
                        " NULL, NULL, NULL, '')",
                        "tttttiiii", manifest->id, manifest->order, message_id, manifest->recipient,
                        word_name(&delivery_state_words, DELIVERY_AVAILABLE), (int64_t)manifest->file_count,
                        bytes, manifest->from_ms, manifest->until_ms);
        return r < 0 ? r : 0;
}

/* The book says that it is offered; the manifest, what. */
static int open_file(struct office *office, const struct offer_row *row, const char *name,
        struct provider_offer *ret, struct error *error)
{
        struct buffer text = buffer_make(MANIFEST_BYTES_MAX);
        struct evidence_manifest manifest;
        char path[PATH_MAX];
        struct stat status;

        snprintf(path, sizeof path, "%.3000s/%s/" POST_MANIFEST_NAME, office_evidence(office), row->manifest);
        int r = file_read(path, &text, error);
        if (r == 0)
                r = evidence_manifest_read(text.bytes, text.length, &manifest, error);
        buffer_free(&text);
        if (r < 0)
                return r;
        const struct evidence_file *file = evidence_manifest_find(&manifest, name);
        snprintf(path, sizeof path, "%.3000s/%s/%s", office_evidence(office), row->manifest, name);
        if (!file) {
                r = error_set(error, -ENOENT, "nothing is offered under this name");
        } else {
                *ret = (struct provider_offer){.from_ms = row->from_ms,
                        .until_ms = row->until_ms,
                        .length = file->length,
                        .file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
                snprintf(ret->recipient, sizeof ret->recipient, "%s", row->recipient);
                memcpy(ret->digest, file->digest, sizeof ret->digest);
                if (ret->file < 0)
                        r = error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
                else if (fstat(ret->file, &status) < 0 || (uint64_t)status.st_size != ret->length)
                        r = error_set(error, -EBADMSG,
                                "%s: has not the length that its manifest states; it was changed on this "
                                "machine",
                                path);
        }
        evidence_manifest_free(&manifest);
        if (r == -EBADMSG)
                close(ret->file);
        return r;
}

int provider_offer_open(struct office *office, const char *organisation, const char *manifest,
        const char *name, struct provider_offer *ret_offer, struct error *error)
{
        struct offer_row row;

        /* Both come from a peer; as an id and a bare name they lead nowhere else. */
        if (!model_is_id(slice_of(manifest)) || !evidence_name_is_valid(name) ||
                strcmp(name, POST_MANIFEST_NAME) == 0)
                return error_set(error, -ENOENT, "nothing is offered under this name");
        int r = find_manifest(office, manifest, &row, error);
        if (r < 0)
                return r;
        if (r == 0 || strcmp(row.recipient, organisation) != 0)
                return error_set(error, -ENOENT, "nothing is offered to %s under this name", organisation);
        if (row.ended_ms != TIME_UNKNOWN)
                return error_set(error, -ESTALE, "what was offered to %s is offered no longer: %s",
                        organisation, row.reason);
        return open_file(office, &row, name, ret_offer, error);
}

static int note_strange(
        struct office *office, const char *organisation, const struct offer_row *row, struct error *error)
{
        struct book_incident incident = {.code = "offer-of-another", .at_ms = office_now(office)};
        int64_t known = 0;

        int r = rows_number(office_database(office), error, 0, &known,
                "SELECT count(*) FROM book_incident WHERE code = ?1 AND peer = ?2 AND message_id = ?3", "ttt",
                incident.code, organisation, row->message_id);
        if (r < 0 || known > 0)
                return r;
        snprintf(incident.peer, sizeof incident.peer, "%s", organisation);
        snprintf(incident.message_id, sizeof incident.message_id, "%s", row->message_id);
        snprintf(incident.words, sizeof incident.words,
                "asked for evidence that is offered to %s; it got nothing, and does not know that there is "
                "any",
                row->recipient);
        r = book_incident_add(office, &incident, error);
        return r == 0 ? office_log(office, "administration", OFFICE_NODE,
                                json_pack("{s:s, s:s, s:{s:s, s:s, s:s}}", "action", "evidence-refused",
                                        "what", incident.words, "detail", "sender", organisation, "order",
                                        row->order_id, "message", row->message_id),
                                error)
                      : r;
}

int beside_offer_strange(
        struct office *office, const char *organisation, const char *manifest, struct error *error)
{
        struct offer_row row;

        int r = model_is_id(slice_of(manifest)) ? find_manifest(office, manifest, &row, error) : 0;
        if (r <= 0 || strcmp(row.recipient, organisation) == 0)
                return r < 0 ? r : 0;
        r = office_step_begin(office, error);
        if (r == 0)
                r = office_step_end(office, note_strange(office, organisation, &row, error), error);
        return r < 0 ? r : 1;
}

/* ---- receipts ---- */

static int take_step(struct offer_row *row, const char *step, int64_t now_ms, struct error *error)
{
        struct step_facts facts = step_facts_make(ORDER_PRODUCTION, now_ms);
        const struct step_taker taker = {.actor = ACTOR_MESSAGE};

        facts.window_to_ms = row->until_ms;
        int r = step_take(MACHINE_DELIVERY, step, row->state, &facts, &taker, &row->state, error);
        return r == -EPERM ? 0 : r; /* from where it stands the step does not lead: what came is kept */
}

static int keep(struct office *office, const struct offer_row *row, struct error *error)
{
        int r = rows_run(office_database(office), error,
                "UPDATE book_offer SET state = ?2, received_ms = ?3, opened_ms = ?4, ended_ms = ?5,"
                " reason = ?6 WHERE manifest = ?1",
                "ttmmmt", row->manifest, word_name(&delivery_state_words, row->state), row->received_ms,
                row->opened_ms, row->ended_ms, row->reason);

        return r < 0 ? r : 0;
}

/* "fetched" and "opened" may overtake each other. */
static int receive(struct office *office, struct offer_row *row, const struct receipt *receipt,
        const char *sender, struct error *error)
{
        int64_t now_ms = office_now(office);
        int r = 0;

        if (receipt->effect == RECEIPT_NOT_FETCHED) {
                struct book_incident incident = {.code = "evidence-not-fetched", .at_ms = now_ms};
                snprintf(incident.peer, sizeof incident.peer, "%s", sender);
                snprintf(incident.message_id, sizeof incident.message_id, "%s", row->message_id);
                const char *why =
                        receipt->findings.count > 0 ? receipt->findings.items[0] : "without a reason";
                snprintf(incident.words, sizeof incident.words,
                        "the evidence beside the answer did not come: %.*s", slice_fitting(why, 400), why);
                r = book_incident_add(office, &incident, error);
                return r == 0 ? take_step(row, "fail", now_ms, error) : r;
        }
        if (receipt->effect == RECEIPT_FETCHED && row->received_ms == TIME_UNKNOWN) {
                row->received_ms = receipt->received_ms;
                if (row->state == DELIVERY_ERROR)
                        r = take_step(row, "offer-again", now_ms, error);
                if (r == 0)
                        r = take_step(row, "fetch", now_ms, error);
        }
        if (receipt->effect == RECEIPT_OPENED && row->opened_ms == TIME_UNKNOWN)
                row->opened_ms = receipt->opened_ms;
        if (r == 0 && row->opened_ms != TIME_UNKNOWN)
                r = take_step(row, "acknowledge", now_ms, error);
        return r;
}

int beside_offer_receipt(
        struct office *office, const char *message_id, const struct receipt *receipt, struct error *error)
{
        struct offer_row row;

        if (receipt->effect != RECEIPT_FETCHED && receipt->effect != RECEIPT_NOT_FETCHED &&
                receipt->effect != RECEIPT_OPENED)
                return 0;
        int r = find_row(office, "SELECT " COLUMNS " FROM book_offer WHERE message_id = ?1 AND ?2 = 0",
                message_id, 0, &row, error);
        if (r <= 0)
                return r;
        r = receive(office, &row, receipt, row.recipient, error);
        return r == 0 ? keep(office, &row, error) : r;
}

/* ---- ended ---- */

static int end_offer(struct office *office, struct offer_row *row, const char *reason, struct error *error)
{
        char folder[PATH_MAX], words[300];
        int64_t files = 0, now_ms = office_now(office);

        int r = folder_of(office, row->manifest, folder, error);
        if (r == 0)
                r = beside_folder_remove(folder, &files, error);
        if (r < 0)
                return r;
        row->ended_ms = now_ms;
        snprintf(row->reason, sizeof row->reason, "%s", reason);
        if (row->state == DELIVERY_AVAILABLE || row->state == DELIVERY_ERROR)
                row->state = DELIVERY_EXPIRED;
        snprintf(words, sizeof words, "%.*s; %s", slice_fitting(reason, 100), reason,
                row->opened_ms != TIME_UNKNOWN     ? "it was opened"
                : row->received_ms != TIME_UNKNOWN ? "it was fetched"
                                                   : "nobody said that it was fetched");
        r = keep(office, row, error);
        return r == 0 ? office_log(office, "retention", OFFICE_NODE,
                                json_pack("{s:s, s:s, s:s, s:I, s:s, s:{s:s, s:s, s:s}}", "action",
                                        "destroyed", "what", "evidence that was offered beside an answer",
                                        "order", row->order_id, "files", (json_int_t)files, "reason", words,
                                        "detail", "manifest", row->manifest, "message", row->message_id,
                                        "recipient", row->recipient),
                                error)
                      : r;
}

int beside_offers_end(struct office *office, const char *order_id, const char *reason, struct error *error)
{
        struct offer_row row;

        int r = book_must_write(office, error);
        while (r == 0 && (r = find_row(office,
                                  "SELECT " COLUMNS " FROM book_offer WHERE order_id = ?1 AND"
                                  " ended_ms IS NULL AND ?2 = 0 LIMIT 1",
                                  order_id, 0, &row, error)) == 1)
                r = end_offer(office, &row, reason, error);
        return r;
}

/* ---- shown ---- */

static json_t *instant(int64_t at_ms)
{
        char text[TIME_TEXT_MAX];

        return at_ms == TIME_UNKNOWN ? json_null() : json_string(time_format_utc(at_ms, text));
}

int beside_offers_show(struct office *office, const char *order_id, json_t **ret_list, struct error *error)
{
        json_t *list = json_array();
        struct offer_row row;
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT " COLUMNS " FROM book_offer WHERE order_id = ?1 ORDER BY from_ms", "t", order_id);
        if (r < 0) {
                json_decref(list);
                return r;
        }
        while ((r = rows_next(rows, error)) == 1) {
                read_row(rows, &row);
                json_array_append_new(
                        list, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:s}",
                                      "manifest", row.manifest, "message", row.message_id, "recipient",
                                      row.recipient, "state", word_name(&delivery_state_words, row.state),
                                      "files", (json_int_t)row.files, "bytes", (json_int_t)row.bytes, "from",
                                      instant(row.from_ms), "until", instant(row.until_ms), "fetched",
                                      instant(row.received_ms), "opened", instant(row.opened_ms), "ended",
                                      instant(row.ended_ms), "reason", row.reason));
        }
        rows_finish(rows);
        *ret_list = list;
        if (r < 0)
                json_decref(list);
        return r;
}

/* ---- the clock ---- */

static int end_one_window(struct office *office, struct error *error)
{
        struct offer_row row;

        int r = office_step_begin(office, error);
        if (r < 0)
                return r;
        int found = find_row(office,
                "SELECT " COLUMNS " FROM book_offer WHERE ended_ms IS NULL AND ?1 IS NULL AND until_ms <= ?2"
                " LIMIT 1",
                NULL, office_now(office), &row, error);
        r = found == 1 ? end_offer(office, &row, "the window for fetching it is over", error) : found;
        return office_step_end(office, r < 0 ? r : found, error);
}

/* A folder that no row stands behind: of a release that was killed before it committed, or of an end that was
 * killed behind it. A release that is under way holds the step that this one waits for. An organisation may
 * be called like an id: its folder is what was fetched from it. */
static bool is_stray(struct office *office, const char *name, struct error *error, int *ret_code)
{
        struct offer_row row;

        if (!model_is_id(slice_of(name)) || directory_find(office_directory(office), name))
                return false;
        int r = find_manifest(office, name, &row, error);
        *ret_code = r < 0 ? r : 0;
        return r == 0 || (r == 1 && row.ended_ms != TIME_UNKNOWN);
}

static int find_stray(struct office *office, char ret_name[ID_TEXT_MAX], struct error *error)
{
        DIR *folder = opendir(office_evidence(office));
        const struct dirent *entry;
        int r = 0;

        if (!folder)
                return errno == ENOENT ? 0
                                       : error_set(error, -errno, "%s: %s", office_evidence(office),
                                                 strerrordesc_np(errno));
        while (r == 0 && (entry = readdir(folder)))
                if (strlen(entry->d_name) == ID_TEXT_MAX - 1 && is_stray(office, entry->d_name, error, &r)) {
                        memcpy(ret_name, entry->d_name, ID_TEXT_MAX);
                        r = 1;
                }
        closedir(folder);
        return r;
}

static int remove_stray(struct office *office, struct error *error)
{
        char name[ID_TEXT_MAX], folder[PATH_MAX];

        int r = office_step_begin(office, error);
        if (r < 0)
                return r;
        int found = find_stray(office, name, error);
        r = found == 1 ? folder_of(office, name, folder, error) : found;
        if (found == 1 && r == 0)
                r = beside_folder_remove(folder, NULL, error);
        return office_step_end(office, r < 0 ? r : found, error);
}

int beside_run_offers(struct office *office, struct error *error)
{
        char name[ID_TEXT_MAX];
        int64_t over = 0;

        int r = rows_number(office_database(office), error, 0, &over,
                "SELECT count(*) FROM book_offer WHERE ended_ms IS NULL AND until_ms <= ?1", "i",
                office_now(office));
        while (r == 0 && over > 0 && (r = end_one_window(office, error)) == 1)
                r = 0;
        while (r == 0 && (r = find_stray(office, name, error)) == 1) {
                r = remove_stray(office, error);
                r = r == 1 ? 0 : r;
        }
        return r < 0 ? r : 0;
}
