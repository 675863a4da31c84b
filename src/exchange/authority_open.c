/* SPDX-License-Identifier: EUPL-1.2 */
/* Evidence opened, the person informed, an error reported. */
#include "exchange/authority_case.h"
#include "exchange/beside.h"

#include "crypto/cms_seal.h"
#include "os/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWERS_MAX 1000

struct plain_file {
        size_t answer; /* of which answer */
        const struct file *file;
        struct cms_plaintext plain;
};

struct answer_read {
        char id[MODEL_ID_MAX], peer[MODEL_ORGANISATION_MAX];
        uint8_t digest[DIGEST_BYTES];
        struct message message;
        struct container container;
};

struct opening_case {
        struct authority_case c;
        const char *purpose;
        struct answer_read *answers;
        size_t answer_count;
        struct plain_file *files;
        size_t file_count;
        struct authority_opened told;
};

/* ---- reading ---- */

static int note_answer(void *context, const struct book_message *row)
{
        struct opening_case *opening = context;

        if (row->direction != DIRECTION_IN || row->refused)
                return 0;
        if (opening->answer_count == ANSWERS_MAX)
                return -E2BIG;
        struct answer_read *answer = &opening->answers[opening->answer_count++];
        message_init(&answer->message, MESSAGE_NONE);
        snprintf(answer->id, sizeof answer->id, "%s", row->id);
        snprintf(answer->peer, sizeof answer->peer, "%s", row->peer);
        memcpy(answer->digest, row->digest, DIGEST_BYTES);
        return 0;
}

static int decrypt(struct opening_case *opening, const struct file *file, const void *bytes, size_t length,
        struct plain_file *ret, struct error *error)
{
        struct findings findings = {0};
        const struct private_key *key;
        const struct certificate *certificate;

        if (file->encrypted != STATED_YES) {
                ret->plain.bytes = malloc(length ? length : 1);
                if (!ret->plain.bytes)
                        return error_set(error, -ENOMEM, "not enough memory");
                memcpy(ret->plain.bytes, bytes, length);
                ret->plain.length = length;
                return 0;
        }
        int r = office_key(opening->c.office, DIRECTORY_DECRYPTION, &key, &certificate, error);
        if (r < 0)
                return r;
        r = cms_open(bytes, length, key, certificate, file->name, &findings, &ret->plain);
        if (r < 0)
                error_set(error, r, "%s cannot be opened: %s", file->name,
                        findings.count > 0 ? findings.list[findings.count - 1].sentence
                                           : "not enough memory");
        findings_free(&findings);
        return r;
}

/* A file beside the message, where it was fetched: evidence/SENDER/MESSAGE/NAME. Its name is bare: the
 * manifest was held against it when the container was opened. */
static int read_outside(struct opening_case *opening, const struct answer_read *answer,
        const struct file *file, struct plain_file *ret, struct error *error)
{
        char path[PATH_MAX];
        struct buffer bytes = buffer_make(CMS_SEAL_BYTES_MAX);
        uint8_t digest[DIGEST_BYTES];

        if (!file->name || !evidence_name_is_valid(file->name))
                return error_set(error, -EBADMSG, "a file beside the message has no name that could be one");
        int n = snprintf(path, sizeof path, "%s/%s/%s/%s", office_evidence(opening->c.office), answer->peer,
                answer->id, file->name);
        if (n >= (int)sizeof path)
                return error_set(error, -ENAMETOOLONG, "%s: the path is too long", file->name);
        int r = file_read(path, &bytes, error);
        if (r == -ENOENT) {
                opening->told.missing++;
                buffer_free(&bytes);
                return 1;
        }
        if (r == 0 && (r = digest_of(bytes.bytes, bytes.length, digest)) < 0)
                error_set(error, r, "a digest could not be made");
        if (r == 0 && memcmp(digest, file->digest, DIGEST_BYTES) != 0)
                r = error_set(error, -EBADMSG, "%s: is not the file that the answer names", path);
        if (r == 0)
                r = decrypt(opening, file, bytes.bytes, bytes.length, ret, error);
        buffer_free(&bytes);
        return r;
}

static int read_file_of(struct opening_case *opening, size_t number, const struct file *file,
        struct plain_file *ret, struct error *error)
{
        const struct answer_read *answer = &opening->answers[number];
        char name[CONTAINER_NAME_MAX + 1];

        ret->answer = number;
        ret->file = file;
        if (file->outside == STATED_YES)
                return read_outside(opening, answer, file, ret, error);
        snprintf(name, sizeof name, POST_EVIDENCE_FOLDER "%s", file->name);
        const struct container_object *object = container_find(&answer->container, name);
        if (!object)
                return error_set(error, -EBADMSG, "%s: is not in the container", name);
        return decrypt(opening, file, object->bytes, object->length, ret, error);
}

static int read_answers(struct opening_case *opening, struct error *error)
{
        struct office *office = opening->c.office;
        size_t count = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < opening->answer_count; i++) {
                struct answer_read *answer = &opening->answers[i];
                r = book_message_read(office, answer->peer, answer->id, &answer->message, error);
                if (r == 0)
                        r = post_container(office, answer->peer, answer->id, &answer->container, error);
                count += answer->message.files.count;
        }
        if (r < 0)
                return r;
        opening->files = calloc(count ? count : 1, sizeof *opening->files);
        if (!opening->files)
                return error_set(error, -ENOMEM, "not enough memory");
        for (size_t i = 0; r == 0 && i < opening->answer_count; i++)
                for (size_t f = 0; r >= 0 && f < opening->answers[i].message.files.count; f++) {
                        r = read_file_of(opening, i, &opening->answers[i].message.files.items[f],
                                &opening->files[opening->file_count], error);
                        opening->file_count += r == 0;
                        r = r == 1 ? 0 : r;
                }
        return r;
}

/* ---- on record ---- */

static int may_open(struct opening_case *opening, struct error *error)
{
        struct authority_case *c = &opening->c;
        const struct step *step = steps_find(MACHINE_ORDER, "open");
        struct step_taker taker = {
                .actor = ACTOR_PERSON, .role = PERSON_OFFICER, .person = office_person(c->office)};
        char reason[STEP_REASON_MAX];
        /* Opened again: as the first time. */
        int state = c->order.state == ORDER_STATE_OPENED || c->order.state == ORDER_STATE_INFORMED
                            ? ORDER_STATE_ANSWERED
                            : c->order.state;

        int r = office_need_role(c->office, PERSON_OFFICER, error);
        if (r < 0)
                return r;
        if (!step_is_allowed(step, state, &c->facts, &taker, reason))
                return error_set(error, -EPERM, "the answer cannot be opened: %s", reason);
        return 0;
}

static int record_reading(struct opening_case *opening, struct error *error)
{
        char what[128];

        snprintf(what, sizeof what, "evidence of %zu answer%s of %s", opening->answer_count,
                opening->answer_count == 1 ? "" : "s", opening->c.order.peer);
        return office_log_now(opening->c.office, "plaintext-read", NULL,
                json_pack("{s:s, s:s, s:s}", "purpose", opening->purpose, "what", what, "order",
                        opening->c.order.id),
                NULL, error);
}

static int send_receipts(struct authority_case *c, const struct opening_case *opening, struct error *error)
{
        char text[DIGEST_TEXT_MAX];
        int r = 0;

        for (size_t i = 0; r == 0 && i < opening->answer_count; i++) {
                const struct answer_read *answer = &opening->answers[i];
                struct message message;
                r = office_log(c->office, "data-obtained", NULL,
                        json_pack("{s:s, s:s, s:s}", "order", c->order.id, "message", answer->id, "container",
                                digest_format(answer->digest, text)),
                        error);
                case_message(c, MESSAGE_RECEIPT, answer->peer, &message);
                snprintf(message.reply_to, sizeof message.reply_to, "%s", answer->id);
                snprintf(message.receipt.message_id, sizeof message.receipt.message_id, "%s", answer->id);
                message.receipt.message_kind = MESSAGE_ANSWER;
                message.receipt.effect = RECEIPT_OPENED;
                memcpy(message.receipt.container_digest, answer->digest, DIGEST_BYTES);
                message.receipt.received_ms = message.receipt.opened_ms = office_now(c->office);
                r = case_send(c, &message, r, error);
        }
        return r;
}

static int set_inform_due(struct authority_case *c, int64_t opened_ms, bool delayed, int64_t decided_ms,
        int64_t until_ms, int64_t *ret_due_ms, struct error *error)
{
        struct calendar calendar;

        (void)office_calendar(c->office, office_self(c->office)->country, &calendar);
        struct inform_due due = deadline_inform(
                &calendar, &office_settings(c->office)->inform, opened_ms, delayed, decided_ms, until_ms);
        *ret_due_ms = due.due_ms;
        int r = book_fact_set(c->office, c->order.id, FACT_INFORM_DUE_MS, due.due_ms, error);
        return r == 0 ? book_fact_set(c->office, c->order.id, FACT_INFORM_LOOK_MS, due.due_ms, error) : r;
}

static int opened(struct authority_case *c, const void *arguments, struct error *error)
{
        struct opening_case *opening = (struct opening_case *)(uintptr_t)arguments;
        int64_t now_ms = office_now(c->office);

        if (c->order.state != ORDER_STATE_ANSWERED)
                return book_fact(c->office, c->order.id, FACT_INFORM_DUE_MS, TIME_UNKNOWN,
                        &opening->told.inform_due_ms, error);
        int r = case_take(c, "open", opening->purpose, error);
        if (r == 0)
                r = book_fact_set(c->office, c->order.id, FACT_OPENED_MS, now_ms, error);
        if (r == 0)
                r = set_inform_due(c, now_ms, c->form->information.delayed == STATED_YES, now_ms,
                        c->form->information.delayed_until_ms, &opening->told.inform_due_ms, error);
        return r == 0 ? send_receipts(c, opening, error) : r;
}

static void opening_free(struct opening_case *opening)
{
        for (size_t i = 0; i < opening->file_count; i++)
                cms_plaintext_free(&opening->files[i].plain);
        for (size_t i = 0; i < opening->answer_count; i++) {
                message_free(&opening->answers[i].message);
                container_free(&opening->answers[i].container);
        }
        free(opening->files);
        free(opening->answers);
        case_close(&opening->c);
        free(opening);
}

static int prepare(struct opening_case *opening, struct office *office, const char *id, struct error *error)
{
        int r = case_open(office, id, &opening->c, error);

        if (r == 0 && (!opening->purpose || opening->purpose[strspn(opening->purpose, " \t\n")] == '\0'))
                r = error_set(
                        error, -EINVAL, "say what the evidence is opened for (--purpose); it goes on record");
        if (r == 0)
                r = may_open(opening, error);
        if (r < 0)
                return r;
        opening->answers = calloc(ANSWERS_MAX, sizeof *opening->answers);
        if (!opening->answers)
                return error_set(error, -ENOMEM, "not enough memory");
        r = book_messages_each(office, opening->c.order.id, MESSAGE_ANSWER, note_answer, opening, error);
        if (r == 0 && opening->answer_count == 0)
                r = error_set(error, -ENOENT, "no answer has come");
        return r < 0 ? r : record_reading(opening, error);
}

/* What nobody has seen is neither acknowledged as opened, nor does the duty to inform begin by it. But what
 * was given up for good does not keep the rest from being read. */
static int need_files(const struct opening_case *opening, struct error *error)
{
        char words[BESIDE_PROGRESS_MAX];
        struct beside_progress progress;

        int r = beside_progress(opening->c.office, opening->c.order.id, NULL, &progress, error);
        if (r < 0 || (progress.failed > 0 && progress.waiting == 0 && opening->file_count > 0))
                return r;
        beside_progress_words(&progress, words);
        return error_set(error, -EAGAIN,
                "%zu of the files travel beside the message and have not been fetched yet: nothing is opened "
                "(%s%s%s)",
                opening->told.missing, words, *progress.reason ? "; " : "", progress.reason);
}

int authority_open(struct office *office, const char *id, const char *purpose, authority_file *take,
        void *context, struct authority_opened *ret, struct error *error)
{
        struct opening_case *opening = calloc(1, sizeof *opening);

        if (!opening)
                return error_set(error, -ENOMEM, "not enough memory");
        opening->purpose = purpose;
        opening->told.inform_due_ms = TIME_UNKNOWN;
        int r = prepare(opening, office, id, error);
        if (r == 0)
                r = read_answers(opening, error);
        if (r == 0 && opening->told.missing > 0)
                r = need_files(opening, error);
        if (r == 0)
                r = case_run(office, opening->c.order.id, opened, opening, error);
        for (size_t i = 0; r == 0 && i < opening->file_count; i++) {
                const struct plain_file *one = &opening->files[i];
                r = take(context, opening->answers[one->answer].id, one->file, one->plain.bytes,
                        one->plain.length, error);
                opening->told.files += r == 0;
        }
        if (r == 0)
                *ret = opening->told;
        opening_free(opening);
        return r;
}

static int fetch_again(struct authority_case *c, const void *arguments, struct error *error)
{
        uint32_t files = 0;

        (void)arguments;
        int r = office_need_role(c->office, PERSON_OFFICER, error);
        if (r == 0)
                r = beside_again(c->office, c->order.id, &files, error);
        if (r == 0 && files == 0)
                r = error_set(error, -ENOENT,
                        "nothing beside the answers of the order %s is to be fetched: it is here, its window "
                        "is "
                        "over, or there is none",
                        c->order.id);
        return r == 0 ? case_note(c, "fetch", PERSON_OFFICER, NULL, error) : r;
}

int authority_fetch_again(struct office *office, const char *id, struct error *error)
{
        return case_run(office, id, fetch_again, NULL, error);
}

/* ---- the person ---- */

static int fill_notice(struct authority_case *c, const struct authority_inform *inform,
        struct person_notice *body, struct error *error)
{
        const struct {
                char **text;
                const char *value;
                const char *what;
        } rows[] = {{&body->means, inform->means, "means"}, {&body->language, inform->language, "language"},
                {&body->data, inform->data, "data"}, {&body->remedies, inform->remedies, "remedies"},
                {&body->person_reference, inform->person_reference, "reference of the person"}};
        int r = 0;

        for (size_t i = 0; r == 0 && i < sizeof rows / sizeof *rows; i++)
                if (rows[i].value)
                        r = model_text(
                                rows[i].text, slice_of(rows[i].value), MODEL_LONG, rows[i].what, error);
        body->informed_ms = office_now(c->office);
        body->secrecy_ends = inform->secrecy_ends ? STATED_YES : STATED_NO;
        return r == 0 ? case_authority(c, &body->authority, error) : r;
}

static int inform(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct authority_inform *wish = arguments;
        int64_t due_ms = TIME_UNKNOWN;
        char due[TIME_TEXT_MAX];
        struct message message;

        if (!wish->means || !wish->remedies)
                return error_set(error, -EINVAL,
                        "say by what means the person was informed (--means), and of which remedies "
                        "(--remedies, Article 13(3))");
        int r = book_fact(c->office, c->order.id, FACT_INFORM_DUE_MS, TIME_UNKNOWN, &due_ms, error);
        if (r == 0)
                r = case_take(c, "inform", wish->means, error);
        if (r < 0)
                return r;
        json_t *fields = json_pack("{s:s, s:s}", "order", c->order.id, "how", wish->means);
        if (due_ms != TIME_UNKNOWN)
                json_object_set_new(fields, "due", json_string(time_format_utc(due_ms, due)));
        r = office_log(c->office, "person-informed", NULL, fields, error);
        case_message(c, MESSAGE_PERSON_NOTICE, NULL, &message);
        if (r == 0)
                r = fill_notice(c, wish, &message.person_notice, error);
        return case_send(c, &message, r, error);
}

int authority_inform(
        struct office *office, const char *id, const struct authority_inform *wish, struct error *error)
{
        return case_run(office, id, inform, wish, error);
}

struct delaying {
        enum delay_ground ground;
        const char *reason;
        int64_t until_ms;
};

static int delay(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct delaying *wish = arguments;
        int64_t now_ms = office_now(c->office), opened_ms = TIME_UNKNOWN, due_ms;
        char until[TIME_TEXT_MAX];

        if (wish->ground == DELAY_NONE || !wish->reason || !*wish->reason)
                return error_set(error, -EINVAL,
                        "a delay needs a ground (--ground) and a reason (--reason), for the file (Article "
                        "13(2))");
        if (wish->until_ms <= now_ms)
                return error_set(error, -EINVAL, "the delay would be over already");
        int r = book_fact(c->office, c->order.id, FACT_OPENED_MS, TIME_UNKNOWN, &opened_ms, error);
        if (r == 0)
                r = set_inform_due(c, opened_ms, true, now_ms, wish->until_ms, &due_ms, error);
        if (r == 0)
                r = book_fact_set(c->office, c->order.id, FACT_DELAYED_UNTIL_MS, due_ms, error);
        if (r == 0)
                r = book_fact_set(c->office, c->order.id, FACT_DELAY_DECIDED_MS, now_ms, error);
        if (r == 0)
                r = case_refresh(c, error);
        if (r == 0)
                r = case_take(c, "delay", wish->reason, error);
        return r < 0 ? r
                     : office_log(c->office, "informing-delayed", NULL,
                               json_pack("{s:s, s:s, s:s, s:s}", "order", c->order.id, "until",
                                       time_format_utc(due_ms, until), "ground",
                                       word_name(&delay_ground_words, wish->ground), "reason", wish->reason),
                               error);
}

int authority_delay(struct office *office, const char *id, enum delay_ground ground, const char *reason,
        int64_t until_ms, struct error *error)
{
        const struct delaying wish = {.ground = ground, .reason = reason, .until_ms = until_ms};

        return case_run(office, id, delay, &wish, error);
}

/* ---- errors ---- */

static int fill_report(struct authority_case *c, const struct authority_error *wish,
        struct error_report *body, struct error *error)
{
        body->kind = wish->kind;
        body->found_ms = office_now(c->office);
        body->person_informed = wish->person_informed_ms != TIME_UNKNOWN ? STATED_YES : STATED_NO;
        body->person_informed_ms = wish->person_informed_ms;
        /* By the report itself, which goes to the oversight body in the same step. */
        body->oversight_informed = STATED_YES;
        body->oversight_informed_ms = office_now(c->office);
        body->data_deleted = wish->data_deleted ? STATED_YES : STATED_NO;
        if (wish->number > c->form->identifiers.count)
                return error_set(error, -ENOENT, "the order has no identifier number %zu", wish->number);
        if (wish->number > 0)
                snprintf(body->identifier_id, sizeof body->identifier_id, "%s",
                        c->form->identifiers.items[wish->number - 1].id);
        int r = model_text(&body->description, slice_of(wish->description), MODEL_LONG, "description", error);
        if (r == 0 && wish->consequence)
                r = model_text(
                        &body->consequence, slice_of(wish->consequence), MODEL_LONG, "consequence", error);
        return r == 0 ? case_sign(c, &body->signatory, error) : r;
}

static int send_report(struct authority_case *c, const struct authority_error *wish, const char *receiver,
        struct error *error)
{
        struct book_message answer;
        struct message message;

        case_message(c, MESSAGE_ERROR_REPORT, receiver, &message);
        snprintf(message.error_report.message_id, sizeof message.error_report.message_id, "%s",
                book_message_latest(c->office, c->order.id, MESSAGE_ANSWER, DIRECTION_IN, &answer, NULL) == 0
                        ? answer.id
                        : c->order.message_id);
        return case_send(c, &message, fill_report(c, wish, &message.error_report, error), error);
}

static int report_error(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct authority_error *wish = arguments;
        const struct directory_organisation *body = NULL;
        json_t *notified = json_array();
        int r = office_need_role(c->office, PERSON_OFFICER, error);

        if (r == 0 && (wish->kind == ERROR_NONE || !wish->description))
                r = error_set(
                        error, -EINVAL, "say what kind of error it was (--kind) and what happened (--what)");
        bool names = wish->kind == ERROR_WRONG_PERSON || wish->kind == ERROR_WRONG_TIME ||
                     wish->kind == ERROR_WRONG_IDENTIFIER;
        if (r == 0 && names && wish->person_informed_ms == TIME_UNKNOWN)
                r = error_set(error, -EPERM,
                        "the wrongly identified person has to be informed first; say when "
                        "(--person-informed)");
        size_t told = 0;
        while (r == 0 && (body = directory_next_with_role(office_directory(c->office), body,
                                  ORGANISATION_OVERSIGHT, office_self(c->office)->country))) {
                r = send_report(c, wish, body->name, error);
                json_array_append_new(notified, json_string(body->name));
                told++;
        }
        if (r == 0 && told == 0)
                r = error_set(error, -ENOENT, "the directory knows no oversight body of %s",
                        office_self(c->office)->country);
        if (r == 0 && c->order.state != ORDER_STATE_DRAFT) {
                r = send_report(c, wish, c->order.peer, error);
                json_array_append_new(notified, json_string(c->order.peer));
        }
        if (wish->person_informed_ms != TIME_UNKNOWN)
                json_array_append_new(notified, json_string("the person"));
        if (r == 0)
                r = case_note(c, "report-error", PERSON_OFFICER, wish->description, error);
        if (r < 0) {
                json_decref(notified);
                return r;
        }
        return office_log(c->office, "error-reported", NULL,
                json_pack("{s:s, s:s, s:o, s:s}", "error", word_name(&error_kind_words, (int)wish->kind),
                        "what", wish->description, "notified", notified, "order", c->order.id),
                error);
}

int authority_report_error(
        struct office *office, const char *id, const struct authority_error *report, struct error *error)
{
        return case_run(office, id, report_error, report, error);
}
