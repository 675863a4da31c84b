/* SPDX-License-Identifier: EUPL-1.2 */
/* Preservation: the records of exactly the identifiers and times ordered are copied into holds of the store
 * (rogatory-preserve(1)), and the issuing authority is told. Nothing is read or shown. */
#include "exchange/provider_case.h"

#include <stdio.h>
#include <string.h>

#define HOLD_LONGEST (60 * TIME_DAY - TIME_MINUTE) /* of one hold: rogatory-preserve(1) */
#define MARGIN_MS (2 * TIME_MINUTE)                /* a stated time may be off by its clock */

static int run(struct provider_case *c, const struct provider_store *store, const char *const *words,
        json_t **ret_said, struct error *error)
{
        struct buffer output = buffer_make(PROVIDER_OUTPUT_MAX);
        int code;
        int r = (store && store->run ? store->run : provider_run_program)(
                store ? store->context : NULL, words, &output, &code, error);

        if (r == 0 && code != 0)
                r = error_set(error, -EIO, "rogatory %s ended with %d", words[0], code);
        *ret_said =
                r == 0 ? json_loadb((const char *)output.bytes, output.length, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
        if (r == 0 && !json_is_string(json_object_get(*ret_said, "hold"))) {
                json_decref(*ret_said);
                r = error_set(error, -EBADMSG, "rogatory %s did not say which hold it made", words[0]);
        }
        buffer_free(&output);
        (void)c;
        return r;
}

static const char *instant(int64_t at, char text[TIME_TEXT_MAX])
{
        return time_format_utc(at, text);
}

/* One hold for each address; the identifier's task knows its name. */
static int preserve_identifier(struct provider_case *c, const struct identifier *identifier, int64_t until,
        const struct provider_store *store, struct error *error)
{
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX], end[TIME_TEXT_MAX], address[EVIDENCE_WORD_MAX],
                text[ADDRESS_TEXT_MAX], protocol[24];
        bool has_port = identifier->source_port != MODEL_UNSTATED;
        int64_t last = identifier->to_ms + MARGIN_MS < office_now(c->office) ? identifier->to_ms + MARGIN_MS
                                                                             : office_now(c->office);
        json_t *said = NULL;

        address_format(&identifier->address, text);
        if (!has_port)
                snprintf(address, sizeof address, "%s", text);
        else
                snprintf(address, sizeof address,
                        address_is_ipv4(&identifier->address) ? "%s:%lld" : "[%s]:%lld", text,
                        (long long)identifier->source_port);
        const char *words[24] = {"preserve", "--json", "--case", c->order.id, "--store",
                provider_store_path(c), "--from", instant(identifier->from_ms - MARGIN_MS, from), "--to",
                instant(last, to), "--until", instant(until, end), address};
        size_t count = 13;
        if (identifier->protocol != MODEL_UNSTATED) {
                snprintf(protocol, sizeof protocol, "%lld", (long long)identifier->protocol);
                words[count++] = "--proto";
                words[count++] = protocol;
        }
        words[count] = NULL;
        int r = run(c, store, words, &said, error);
        if (r == 0)
                r = provider_task(c, identifier->id, TASK_PRESERVED, false,
                        json_string_value(json_object_get(said, "hold")), error);
        if (r == 0)
                json_decref(said);
        return r;
}

static bool can_be_preserved(const struct provider_case *c, const struct identifier *identifier)
{
        return (identifier->kind == IDENTIFIER_IPV4 || identifier->kind == IDENTIFIER_IPV6) &&
               identifier->from_ms != TIME_UNKNOWN && identifier->to_ms != TIME_UNKNOWN &&
               !scope_refusal_of(&c->scope, identifier->id);
}

static int fill_results(struct provider_case *c, struct answer_body *body, int64_t until, struct error *error)
{
        int r = scope_results(&c->scope, body, error);

        for (size_t i = 0; r == 0 && i < body->results.count; i++) {
                struct result *result = &body->results.items[i];
                if (result->outcome == OUTCOME_REFUSED)
                        continue;
                bool done = can_be_preserved(c, &c->form->identifiers.items[i]);
                result->outcome = done ? OUTCOME_PRESERVED : OUTCOME_NOT_PRESERVED;
                if (done)
                        result->preserved_until_ms = until;
                else
                        result->obstacles = WORD_BIT(OBSTACLE_NOT_STORED);
                r = model_text(&result->statement,
                        slice_of(done ? "Whatever the records hold on it is preserved. Nothing was read."
                                      : "The provider's store holds nothing that can be found by it."),
                        MODEL_LONG, "statement", error);
        }
        return r;
}

static int answer(struct provider_case *c, int64_t until, struct error *error)
{
        struct message message;

        message_init(&message, MESSAGE_ANSWER);
        struct answer_body *body = &message.answer;
        snprintf(message.order_id, sizeof message.order_id, "%s", c->order.id);
        snprintf(message.reply_to, sizeof message.reply_to, "%s", c->order.message_id);
        snprintf(message.receiver.organisation, sizeof message.receiver.organisation, "%s", c->order.peer);
        message.generation = c->order.generation;
        message.test = c->message.test;
        body->answered_ms = office_now(c->office);
        body->final = STATED_YES;
        int r = fill_results(c, body, until, error);
        if (r == 0)
                r = provider_self(c, &body->provider, error);
        if (r == 0)
                r = provider_sign(c, &body->signatory, error);
        if (r == 0)
                r = model_text(&body->means, slice_of("no data travel"), MODEL_SHORT, "means", error);
        if (r == 0)
                r = post_send(c->office, &message, NULL, 0, NULL, error);
        message_free(&message);
        return r;
}

static int log_preserved(struct provider_case *c, const char *by, int64_t until, struct error *error)
{
        char text[TIME_TEXT_MAX];

        return office_log(c->office, "preserved", by,
                json_pack("{s:s, s:s}", "order", c->order.id, "until", instant(until, text)), error);
}

int provider_preserve(
        struct provider_case *c, const struct provider_preparing *preparing, struct error *error)
{
        int64_t legal = deadline_preservation(&c->calendar, c->order.received_ms, false, false);
        int64_t longest = office_now(c->office) + HOLD_LONGEST;
        int64_t until = legal < longest ? legal : longest;
        int r = provider_may(c, "preserve", error);

        if (r == 0 && !*provider_store_path(c) && !preparing->store)
                r = error_set(error, -EINVAL, "this node has no store: name it in exchange.json");
        for (size_t i = 0; r == 0 && i < c->form->identifiers.count; i++) {
                const struct identifier *identifier = &c->form->identifiers.items[i];
                if (can_be_preserved(c, identifier))
                        r = preserve_identifier(c, identifier, until, preparing->store, error);
                else if (!scope_refusal_of(&c->scope, identifier->id))
                        r = provider_task(c, identifier->id, TASK_NOT_PRESERVED, false, "", error);
        }
        if (r == 0)
                r = provider_fact(c, FACT_PRESERVED_UNTIL_MS, until, error);
        if (r == 0)
                r = provider_refresh(c, error);
        if (r == 0)
                r = provider_take(c, "preserve", ACTOR_PERSON, preparing->purpose, error);
        if (r == 0)
                r = log_preserved(c, NULL, until, error);
        return r == 0 ? answer(c, until, error) : r;
}

/* ---- extension ---- */

struct extending {
        struct provider_case *c;
        int64_t until;
        struct error *error;
};

static int extend_task(void *context, const struct book_task *task)
{
        struct extending *extending = context;
        char end[TIME_TEXT_MAX];
        json_t *said = NULL;

        if (task->state != TASK_PRESERVED || !*task->reason)
                return 0;
        const char *words[] = {"preserve", "--json", "--case", extending->c->order.id, "--store",
                provider_store_path(extending->c), "--extend", task->reason, "--until",
                instant(extending->until, end), NULL};
        int r = run(extending->c, NULL, words, &said, extending->error);
        if (r == 0)
                json_decref(said);
        return r;
}

int provider_extend(struct provider_case *c, int64_t until_ms, struct error *error)
{
        int64_t before = TIME_UNKNOWN;
        int r = book_fact(c->office, c->order.id, FACT_PRESERVED_UNTIL_MS, TIME_UNKNOWN, &before, error);
        struct extending extending = {.c = c, .error = error};

        /* By 30 days, and by no more than a hold can be kept longer. */
        extending.until = before != TIME_UNKNOWN && until_ms > before + DEADLINE_EXTENSION_DAYS * TIME_DAY
                                  ? before + DEADLINE_EXTENSION_DAYS * TIME_DAY
                                  : until_ms;
        if (r == 0)
                r = book_tasks_each(c->office, c->order.id, extend_task, &extending, error);
        if (r == 0)
                r = provider_fact(c, FACT_PRESERVED_UNTIL_MS, extending.until, error);
        return r == 0 ? log_preserved(c, OFFICE_NODE, extending.until, error) : r;
}
