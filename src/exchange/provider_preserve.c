/* SPDX-License-Identifier: EUPL-1.2 */
/* Preservation: the records of exactly the identifiers and times ordered are copied into holds of the store
 * (rogatory-preserve(1)), and the issuing authority is told. Nothing is read or shown. */
#include "exchange/provider_case.h"

#include <stdio.h>
#include <string.h>

#define HOLD_LONGEST (60 * TIME_DAY - TIME_MINUTE) /* of one hold: rogatory-preserve(1) */

static int fill_results(struct provider_case *c, struct answer_body *body, int64_t until, struct error *error)
{
        int r = scope_results(&c->scope, body, error);

        for (size_t i = 0; r == 0 && i < body->results.count; i++) {
                struct result *result = &body->results.items[i];
                if (result->outcome == OUTCOME_REFUSED)
                        continue;
                bool done = holds_wanted(c, &c->form->identifiers.items[i]) > 0;
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

int provider_log_preserved(struct provider_case *c, const char *by, int64_t until, struct error *error)
{
        char text[TIME_TEXT_MAX];

        return office_log(c->office, "preserved", by,
                json_pack("{s:s, s:s}", "order", c->order.id, "until", time_format_utc(until, text)), error);
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
                if (holds_wanted(c, identifier) > 0)
                        r = holds_make(c, identifier, until, preparing->store, error);
                else if (!scope_refusal_of(&c->scope, identifier->id))
                        r = provider_task(c, identifier->id, TASK_NOT_PRESERVED, false, "", error);
        }
        if (r == 0)
                r = provider_fact(c, FACT_PRESERVED_UNTIL_MS, until, error);
        if (r == 0)
                r = provider_fact(c, FACT_HELD_UNTIL_MS, until, error);
        if (r == 0)
                r = provider_refresh(c, error);
        if (r == 0)
                r = provider_take(c, "preserve", ACTOR_PERSON, preparing->purpose, error);
        if (r == 0)
                r = provider_log_preserved(c, NULL, until, error);
        return r == 0 ? answer(c, until, error) : r;
}
