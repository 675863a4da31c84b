/* SPDX-License-Identifier: EUPL-1.2 */
/* How an order is shown. */
#include "rogatory/order.h"

#include "exchange/beside.h"
#include "exchange/facts.h"
#include "exchange/post.h"
#include "hi1/hi1.h"
#include "rogatory/terminal.h"

#include <stdlib.h>
#include <string.h>

/* ---- JSON ---- */

static json_t *instant(int64_t at_ms)
{
        char text[TIME_TEXT_MAX];

        return at_ms == TIME_UNKNOWN ? json_null() : json_string(time_format_utc(at_ms, text));
}

static int add_decision(void *context, const struct book_decision *decision)
{
        json_array_append_new(
                context, json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:o}", "at", instant(decision->at_ms),
                                 "step", decision->step, "person", decision->person, "role",
                                 word_name(&person_role_words, (int)decision->role), "from",
                                 word_name(&order_state_words, decision->from), "to",
                                 word_name(&order_state_words, decision->to), "reason",
                                 json_foreign(decision->reason)));
        return 0;
}

static int add_task(void *context, const struct book_task *task)
{
        json_array_append_new(context, json_pack("{s:s, s:s, s:b, s:o}", "identifier", task->identifier_id,
                                               "state", word_name(&task_state_words, task->state), "refused",
                                               (int)task->refused, "reason", json_foreign(task->reason)));
        return 0;
}

struct adding {
        struct office *office;
        json_t *list;
};

/* What waits for its timestamp is not with the courier yet. */
static void add_stamp(struct office *office, const char *id, json_t *message)
{
        struct post_stamp stamp;

        if (post_stamp_find(office, id, &stamp, NULL) < 0)
                return;
        if (stamp.state == POST_STAMP_HAS)
                json_object_set_new(message, "timestamp", instant(stamp.proven_ms));
        else
                json_object_set_new(message, "timestamp",
                        json_string(stamp.state == POST_STAMP_WAITS ? "awaited" : "none"));
        if (stamp.state == POST_STAMP_FAILED)
                json_object_set_new(message, "delivery", json_string("not-sealed"));
        if (stamp.state == POST_STAMP_WAITS)
                json_object_set_new(message, "delivery", json_string("awaits-timestamp"));
        if (*stamp.reason)
                json_object_set_new(message, "reason", json_foreign(stamp.reason));
}

static int add_message(void *context, const struct book_message *row)
{
        static const char *const directions[] = {"draft", "out", "in"};
        const struct adding *adding = context;
        struct outgoing outgoing;
        char digest[DIGEST_TEXT_MAX];
        json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:o, s:b}", "id", row->id, "direction",
                directions[row->direction], "kind", word_name(&message_kind_words, (int)row->kind), "peer",
                row->peer, "at", instant(row->at_ms), "refused", (int)row->refused);

        if (row->direction != DIRECTION_DRAFT)
                json_object_set_new(one, "container", json_string(digest_format(row->digest, digest)));
        if (row->refused)
                json_object_set_new(one, "reason", json_foreign(row->reason));
        if (row->direction == DIRECTION_OUT &&
                queue_outgoing(office_queue(adding->office), row->id, &outgoing, NULL) == 0)
                json_object_set_new(one, "delivery", json_string(outgoing_state_name(outgoing.state)));
        if (row->direction == DIRECTION_OUT)
                add_stamp(adding->office, row->id, one);
        json_array_append_new(adding->list, one);
        return 0;
}

static int add_due(struct office *office, const char *id, json_t *due, struct error *error)
{
        static const char *const names[] = {FACT_DUE_MS, FACT_QUESTION_DUE_MS, FACT_PRESERVED_UNTIL_MS,
                FACT_EA_NOTIFIED_MS, FACT_EA_CLEARED_MS, FACT_VALIDATED_MS, FACT_WITHDRAWN_MS,
                FACT_DELETED_MS, FACT_OPENED_MS, FACT_INFORM_DUE_MS, FACT_DELAYED_UNTIL_MS, FACT_REVIEW_MS,
                FACT_REVIEW_LIFTED_MS};
        int r = 0;

        for (size_t i = 0; r == 0 && i < sizeof names / sizeof *names; i++) {
                int64_t at_ms = TIME_UNKNOWN;
                r = book_fact(office, id, names[i], TIME_UNKNOWN, &at_ms, error);
                if (r == 0 && at_ms != TIME_UNKNOWN)
                        json_object_set_new(due, names[i], instant(at_ms));
        }
        return r;
}

static json_t *message_json(const struct message *message)
{
        struct buffer text = buffer_make(HI1_CERTIFICATE_BYTES_MAX);
        json_t *whole = NULL, *body = NULL;

        if (hi1_certificate_write(message, &text, NULL) == 0)
                whole = json_loadb((const char *)text.bytes, text.length, 0, NULL);
        buffer_free(&text);
        body = json_incref(json_object_get(whole, "body"));
        if (message->kind == MESSAGE_AMENDMENT) { /* the order as it is by it */
                json_t *order = json_incref(json_object_get(body, "order"));
                json_decref(body);
                body = order;
        }
        json_decref(whole);
        return body ? body : json_null();
}

json_t *order_findings_json(const struct rule_findings *findings)
{
        json_t *list = json_array();

        for (size_t i = 0; i < findings->count; i++) {
                const struct rule_finding *one = &findings->items[i];
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:o}", "rule", one->rule->id,
                                                    "article", one->rule->article, "severity",
                                                    word_name(&severity_words, (int)one->severity), "place",
                                                    one->place, "words", json_foreign(one->words)));
        }
        return list;
}

/* How far the evidence beside the answers is here; none where there is none. */
static int beside_to_json(struct office *office, const char *id, json_t **ret, struct error *error)
{
        char words[BESIDE_PROGRESS_MAX];
        struct beside_progress progress;

        int r = beside_progress(office, id, NULL, &progress, error);
        if (r < 0 || progress.files == 0)
                return r;
        beside_progress_words(&progress, words);
        *ret = json_pack("{s:i, s:i, s:i, s:i, s:I, s:I, s:o, s:s, s:o}", "files", (int)progress.files,
                "here", (int)progress.here, "waiting", (int)progress.waiting, "failed", (int)progress.failed,
                "bytes", (json_int_t)progress.bytes, "bytes_here", (json_int_t)progress.bytes_here, "until",
                instant(progress.until_ms), "words", words, "reason", json_foreign(progress.reason));
        return 0;
}

/* What an amendment, a draft or one that was sent, says of itself. */
static json_t *amendment_json(const struct book_order *order, const struct message *message)
{
        json_t *changes = json_array();

        for (size_t i = 0; i < message->amendment.changes.count; i++)
                json_array_append_new(changes, json_foreign(message->amendment.changes.items[i]));
        json_t *amendment = json_pack("{s:s, s:o, s:o}", "replaces", message->amendment.replaces, "reason",
                json_foreign(message->amendment.reason ? message->amendment.reason : ""), "changes", changes);
        if (strcmp(message->order_id, order->id) != 0)
                json_object_set_new(amendment, "amends", json_string(message->order_id));
        return amendment;
}

int order_to_json(struct office *office, const struct book_order *order, const struct message *message,
        const struct rule_findings *findings, json_t **ret, struct error *error)
{
        struct adding messages = {.office = office, .list = json_array()};
        json_t *tasks = json_array(), *decisions = json_array(), *due = json_object(), *beside = NULL;
        int64_t validation_ms = order->state < ORDER_STATE_SENT || !order->emergency
                                        ? TIME_UNKNOWN
                                        : deadline_validation(order->issued_ms);

        json_t *form_3 = NULL, *questions = NULL;

        int r = book_tasks_each(office, order->id, add_task, tasks, error);
        if (r == 0)
                r = facts_impossibilities(office, order->id, &form_3, error);
        if (r == 0)
                r = facts_questions(office, order->id, &questions, error);
        if (r == 0)
                r = book_decisions_each(office, order->id, add_decision, decisions, error);
        if (r == 0)
                r = book_messages_each(office, order->id, MESSAGE_NONE, add_message, &messages, error);
        if (r == 0)
                r = add_due(office, order->id, due, error);
        if (r == 0)
                r = beside_to_json(office, order->id, &beside, error);
        if (r == 0 && validation_ms != TIME_UNKNOWN &&
                message_order_const(message)->emergency.unvalidated == STATED_YES)
                json_object_set_new(due, "validation-due", instant(validation_ms));
        if (r < 0) {
                json_decref(beside);
                json_decref(messages.list);
                json_decref(tasks);
                json_decref(decisions);
                json_decref(due);
                json_decref(form_3);
                json_decref(questions);
                return r;
        }
        *ret = json_pack(
                "{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
                order->id, "generation", (json_int_t)order->generation, "side",
                word_name(&book_side_words, (int)order->side), "kind",
                word_name(&order_kind_words, (int)order->kind), "state",
                word_name(&order_state_words, order->state), "wire_state",
                word_wire(&order_state_words, order->state) ? word_wire(&order_state_words, order->state)
                                                            : "",
                "peer", order->peer, "title", json_foreign(order->title), "emergency", (int)order->emergency,
                "test", (int)order->test, "due", due, "tasks", tasks, "decisions", decisions, "messages",
                messages.list, "form_3", form_3, "findings",
                findings ? order_findings_json(findings) : json_array(), "form", message_json(message));
        if (*ret && message->kind == MESSAGE_AMENDMENT)
                json_object_set_new(*ret, "amendment", amendment_json(order, message));
        if (*ret && beside)
                json_object_set(*ret, "beside", beside);
        if (*ret && json_array_size(questions) > 0)
                json_object_set(*ret, "questions", questions);
        json_decref(questions);
        json_decref(beside);
        return *ret ? 0 : error_set(error, -ENOMEM, "not enough memory");
}

/* ---- text ---- */

void order_write_findings(const json_t *findings, struct buffer *ret)
{
        for (size_t i = 0; i < json_array_size(findings); i++) {
                const json_t *one = json_array_get(findings, i);
                buffer_printf(ret, "  %-8s %s (article %s)\n           ",
                        json_string_value(json_object_get(one, "severity")),
                        json_string_value(json_object_get(one, "rule")),
                        json_string_value(json_object_get(one, "article")));
                order_write_place(json_string_value(json_object_get(one, "place")), ret);
                buffer_append_text(ret, ": ");
                append_foreign(ret, json_string_value(json_object_get(one, "words")));
                buffer_append_text(ret, "\n");
        }
}

/* Source text, UTC and local time side by side: requirement 6. */
static void write_identifiers(
        struct office *office, const struct order *form, const json_t *tasks, struct buffer *ret)
{
        struct calendar calendar;
        bool known = office_calendar(office, office_self(office)->country, &calendar);

        for (size_t i = 0; i < form->identifiers.count; i++) {
                const struct identifier *one = &form->identifiers.items[i];
                char words[512] = "", room[ORDER_PROTOCOL_MAX];
                const char *state = "";
                for (size_t t = 0; t < json_array_size(tasks); t++)
                        if (strcmp(json_string_value(json_object_get(json_array_get(tasks, t), "identifier")),
                                    one->id) == 0)
                                state = json_string_value(json_object_get(json_array_get(tasks, t), "state"));
                buffer_printf(ret, "  %zu. %s ", i + 1, word_name(&identifier_kind_words, (int)one->kind));
                append_foreign(ret, one->value ? one->value : "");
                if (one->source_port != MODEL_UNSTATED)
                        buffer_printf(ret, " port %lld", (long long)one->source_port);
                if (one->protocol != MODEL_UNSTATED)
                        buffer_printf(ret, " %s", order_protocol(one->protocol, room));
                buffer_printf(ret, ", %s%s%s\n", word_name(&identifier_entry_words, (int)one->entry),
                        *state ? ", " : "", state);
                identifier_time_words(one, known ? calendar.zone : NULL, words, sizeof words);
                order_write_source(one, ret);
                if (*words) {
                        buffer_append_text(ret, "     ");
                        append_foreign(ret, words);
                        buffer_append_text(ret, "\n");
                }
                for (size_t w = 0; w < identifier_warning_words.count; w++)
                        if (one->warnings & WORD_BIT(identifier_warning_words.words[w].value))
                                buffer_printf(
                                        ret, "     careful: %s\n", identifier_warning_words.words[w].meaning);
                if (one->entry == ENTRY_RETYPED)
                        buffer_printf(ret, "     typed by %s, compared by %s\n", one->typed_by,
                                *one->compared_by ? one->compared_by : "nobody yet");
        }
}

static void write_list(const json_t *list, const char *const *names, struct buffer *ret)
{
        for (size_t i = 0; i < json_array_size(list); i++) {
                buffer_append_text(ret, "  ");
                for (size_t n = 0; names[n]; n++) {
                        const json_t *value = json_object_get(json_array_get(list, i), names[n]);
                        if (!json_is_string(value) || json_string_length(value) == 0)
                                continue;
                        buffer_append_text(ret, n ? "  " : "");
                        append_foreign(ret, json_string_value(value));
                }
                buffer_append_text(ret, "\n");
        }
}

static void write_set(const struct vocabulary *words, uint64_t set, struct buffer *ret)
{
        const char *between = "";

        for (size_t i = 0; i < words->count; i++)
                if (set & WORD_BIT(words->words[i].value)) {
                        buffer_printf(ret, "%s%s", between, words->words[i].name);
                        between = ", ";
                }
        buffer_append_text(ret, "\n");
}

static void write_beside(const json_t *beside, struct buffer *ret)
{
        const char *reason = json_string_value(json_object_get(beside, "reason"));

        if (!beside)
                return;
        buffer_printf(ret, "  %-11s %s\n", "evidence", json_string_value(json_object_get(beside, "words")));
        if (reason && *reason) {
                buffer_append_text(ret, "              ");
                append_foreign(ret, reason);
                buffer_append_text(ret, "\n");
        }
}

/* What the provider cannot or may not execute, by the number that a person sees. */
static void write_form_3(const struct order *form, const json_t *list, struct buffer *ret)
{
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *one = json_array_get(list, i), *obstacles = json_object_get(one, "obstacles");
                const char *id = json_string_value(json_object_get(one, "identifier"));
                buffer_append_text(ret, "  Form 3      ");
                for (size_t k = 0; k < form->identifiers.count; k++)
                        if (strcmp(form->identifiers.items[k].id, id) == 0)
                                buffer_printf(ret, "identifier %zu: ", k + 1);
                for (size_t k = 0; k < json_array_size(obstacles); k++)
                        buffer_printf(
                                ret, "%s%s", k ? ", " : "", json_string_value(json_array_get(obstacles, k)));
                buffer_append_text(ret, "\n              ");
                append_foreign(ret, json_string_value(json_object_get(one, "explanation")));
                buffer_append_text(ret, "\n");
        }
}

void order_write_questions(const json_t *identifiers, const json_t *questions, struct buffer *ret)
{
        if (json_array_size(questions) > 0)
                buffer_append_text(ret, "Questions of the provider\n");
        for (size_t i = 0; i < json_array_size(questions); i++) {
                const json_t *one = json_array_get(questions, i);
                const char *id = json_string_value(json_object_get(one, "identifier"));
                const char *due = json_string_value(json_object_get(one, "due"));
                buffer_printf(ret, "  %lld  %s  ",
                        (long long)json_integer_value(json_object_get(one, "number")),
                        json_string_value(json_object_get(one, "asked")));
                for (size_t k = 0; k < json_array_size(identifiers); k++)
                        if (strcmp(json_string_value(json_object_get(json_array_get(identifiers, k), "id")),
                                    id) == 0)
                                buffer_printf(ret, "identifier %zu: ", k + 1);
                append_foreign(ret, json_string_value(json_object_get(one, "question")));
                const char *answer = json_string_value(json_object_get(one, "answer"));
                if (answer) {
                        buffer_printf(ret,
                                "\n     %s  answered: ", json_string_value(json_object_get(one, "answered")));
                        append_foreign(ret, answer);
                } else {
                        buffer_printf(ret, "\n     open; to be answered by %s (Article 10(6))",
                                due ? due : "the date that was said");
                }
                buffer_append_text(ret, "\n");
        }
}

static void write_amendment(const json_t *shown, struct buffer *ret)
{
        const json_t *amendment = json_object_get(shown, "amendment");
        const json_t *changes = json_object_get(amendment, "changes");
        const char *amends = json_string_value(json_object_get(amendment, "amends"));

        if (!amendment)
                return;
        if (amends)
                buffer_printf(ret, "  amends      %s\n", amends);
        else
                buffer_printf(ret, "  generation  %lld\n",
                        (long long)json_integer_value(json_object_get(shown, "generation")));
        buffer_append_text(ret, "  because     ");
        append_foreign(ret, json_string_value(json_object_get(amendment, "reason")));
        buffer_append_text(ret, "\n");
        for (size_t i = 0; i < json_array_size(changes); i++) {
                buffer_append_text(ret, i ? "              " : "  changed     ");
                append_foreign(ret, json_string_value(json_array_get(changes, i)));
                buffer_append_text(ret, "\n");
        }
}

void order_write_text(struct office *office, const struct message *message, const json_t *shown, bool whole,
        struct buffer *ret)
{
        static const char *const decision_names[] = {"at", "step", "person", "role", "reason", NULL},
                                 *const message_names[] = {
                                         "at", "direction", "kind", "peer", "delivery", "reason", NULL};
        const struct order *form = message_order_const(message);
        const json_t *due = json_object_get(shown, "due");
        const char *name;
        json_t *at;
        int state =
                word_find(&order_state_words, slice_of(json_string_value(json_object_get(shown, "state"))));

        buffer_printf(ret, "%s  %s, %s: %s\n", json_string_value(json_object_get(shown, "id")),
                json_string_value(json_object_get(shown, "kind")),
                json_string_value(json_object_get(shown, "state")), word_meaning(&order_state_words, state));
        buffer_printf(ret, "  to          %s\n", json_string_value(json_object_get(shown, "peer")));
        if (json_string_length(json_object_get(shown, "title")) > 0) {
                buffer_append_text(ret, "  title       ");
                append_foreign(ret, json_string_value(json_object_get(shown, "title")));
                buffer_append_text(ret, "\n");
        }
        write_amendment(shown, ret);
        buffer_append_text(ret, "  asks for    ");
        write_set(&data_category_words, form->data.categories, ret);
        if (json_is_true(json_object_get(shown, "emergency")))
                buffer_append_text(ret, "  emergency   yes\n");
        json_object_foreach((json_t *)(uintptr_t)due, name, at)
        {
                buffer_printf(ret, "  %-11s %s\n", name, json_string_value(at));
        }
        write_form_3(form, json_object_get(shown, "form_3"), ret);
        json_t *identifiers = facts_identifiers_list(form);
        order_write_questions(identifiers, json_object_get(shown, "questions"), ret);
        json_decref(identifiers);
        write_beside(json_object_get(shown, "beside"), ret);
        if (!whole)
                return;
        buffer_append_text(ret, "form\n");
        order_write_form(form, ret);
        buffer_append_text(ret, "identifiers\n");
        write_identifiers(office, form, json_object_get(shown, "tasks"), ret);
        buffer_append_text(ret, "decisions\n");
        write_list(json_object_get(shown, "decisions"), decision_names, ret);
        buffer_append_text(ret, "messages\n");
        write_list(json_object_get(shown, "messages"), message_names, ret);
}
