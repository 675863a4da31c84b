/* SPDX-License-Identifier: EUPL-1.2 */
/* What the desk decides: that it has read the legal summary, that it asks back, that it cannot execute. */
#include "exchange/provider_case.h"

#include "order/form.h"

#include <stdio.h>
#include <string.h>

static bool is_blank(const char *text)
{
        return !text || slice_trim(slice_of(text)).length == 0;
}

/* ---- examined ---- */

static int examine(struct provider_case *c, const void *arguments, struct error *error)
{
        const char *reason = arguments;
        struct rule_findings findings;
        int64_t warnings = 0;

        int r = provider_rules(c, &findings, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < findings.count; i++)
                warnings += findings.items[i].severity == SEVERITY_WARNING;
        if (findings.worst == SEVERITY_ROUTE)
                r = error_set(error, -EPERM,
                        "privilege, immunity or the press may protect the data: send Form 3 with 'refuse "
                        "--reason immunity-or-press', nothing is executed meanwhile");
        rule_findings_free(&findings);
        if (r == 0 && warnings > 0 && is_blank(reason))
                r = error_set(error, -EINVAL,
                        "%lld warnings have to be decided: read them ('inbox check') and say why the order "
                        "is "
                        "executed all the same",
                        (long long)warnings);
        if (r == 0)
                r = provider_fact(c, FACT_WARNINGS_DECIDED, warnings, error);
        if (r == 0)
                r = provider_refresh(c, error);
        return r == 0 ? provider_take(c, "examine", ACTOR_PERSON, reason, error) : r;
}

int provider_examine(struct office *office, const char *id, const char *reason, struct error *error)
{
        return provider_step(office, id, examine, reason, error);
}

/* ---- the call back ---- */

struct calling {
        bool confirmed;
        const char *spoke_with;
};

static int call_back(struct provider_case *c, const void *arguments, struct error *error)
{
        const struct calling *calling = arguments;
        const struct directory_organisation *issuer =
                directory_find(office_directory(c->office), c->order.peer);
        char words[BOOK_TEXT_MAX];

        if (!c->order.emergency)
                return error_set(
                        error, -EINVAL, "the order %s is no emergency: nobody has to be called", c->order.id);
        if (!issuer || issuer->contact_count == 0)
                return error_set(
                        error, -ENOENT, "the directory names nobody of %s who can be called", c->order.peer);
        if (is_blank(calling->spoke_with))
                return error_set(error, -EINVAL, "say with whom it was spoken");
        snprintf(words, sizeof words, "%s: %.200s, %s; the number is the directory's",
                calling->confirmed ? "confirmed" : "NOT CONFIRMED", calling->spoke_with,
                issuer->contacts[0].phone);
        int r = provider_take(c, "call-back", ACTOR_PERSON, words, error);
        if (r == 0 && calling->confirmed)
                return provider_fact(c, FACT_CALLED_BACK_MS, office_now(c->office), error);
        if (r < 0)
                return r;
        /* Somebody who knows nothing of the order: it may be forged with a stolen seal. */
        struct book_incident incident = {.code = "not-confirmed", .at_ms = office_now(c->office)};
        snprintf(incident.peer, sizeof incident.peer, "%s", c->order.peer);
        snprintf(incident.message_id, sizeof incident.message_id, "%s", c->order.message_id);
        book_text_set(incident.words, words);
        r = book_fact_clear(c->office, c->order.id, FACT_CALLED_BACK_MS, error);
        return r == 0 ? book_incident_add(c->office, &incident, error) : r;
}

int provider_call_back(
        struct office *office, const char *id, bool confirmed, const char *spoke_with, struct error *error)
{
        const struct calling calling = {.confirmed = confirmed, .spoke_with = spoke_with};

        return provider_step(office, id, call_back, &calling, error);
}

/* ---- messages of the desk ---- */

static void about(struct provider_case *c, enum message_kind kind, const char *receiver, struct message *ret)
{
        message_init(ret, kind);
        snprintf(ret->order_id, sizeof ret->order_id, "%s", c->order.id);
        snprintf(ret->reply_to, sizeof ret->reply_to, "%s", c->order.message_id);
        snprintf(ret->receiver.organisation, sizeof ret->receiver.organisation, "%s", receiver);
        ret->generation = c->order.generation;
        ret->test = c->message.test;
}

static int send_it(struct provider_case *c, struct message *message, int r, struct error *error)
{
        if (r == 0)
                r = post_send(c->office, message, NULL, 0, NULL, error);
        message_free(message);
        return r;
}

static int check_identifier(struct provider_case *c, const char *id, struct error *error)
{
        if (!id || order_identifier(c->form, id))
                return 0;
        return error_set(error, -ENOENT, "the order %s has no identifier %s", c->order.id, id);
}

/* ---- a question ---- */

struct asking {
        const char *identifier_id;
        const char *const *texts;
        size_t count;
        enum obstacle obstacle;
};

static int add_question(const struct asking *asking, const char *text, struct clarification_request *body,
        struct error *error)
{
        const struct model_field *list =
                model_field_find(message_body_type(MESSAGE_CLARIFICATION_REQUEST), slice_of("questions"));
        void *item;

        int r = model_list_add(list, body, &item, error);
        if (r < 0)
                return r;
        struct provider_question *question = item;
        if (asking->identifier_id)
                snprintf(
                        question->identifier_id, sizeof question->identifier_id, "%s", asking->identifier_id);
        question->obstacles = asking->obstacle ? WORD_BIT(asking->obstacle) : 0;
        return model_text(&question->text, slice_of(text), MODEL_LONG, "question", error);
}

static int clarify(struct provider_case *c, const void *arguments, struct error *error)
{
        const struct asking *asking = arguments;
        int64_t now = office_now(c->office);
        struct message message;

        for (size_t i = 0; i < asking->count; i++)
                if (is_blank(asking->texts[i]))
                        return error_set(error, -EINVAL, "say what is asked");
        int r = check_identifier(c, asking->identifier_id, error);
        if (r == 0)
                r = provider_fact(c, FACT_QUESTION_MS, now, error);
        if (r == 0)
                r = provider_fact(c, FACT_QUESTION_DUE_MS, deadline_clarification(&c->calendar, now), error);
        if (r == 0)
                r = provider_pause(c, now, TIME_UNKNOWN, error);
        if (r == 0)
                r = provider_refresh(c, error);
        if (r == 0)
                r = provider_take(c, "ask", ACTOR_PERSON, asking->texts[0], error);
        if (r == 0)
                r = draft_destroy(c, "a question is open", error);
        if (r < 0)
                return r;
        about(c, MESSAGE_CLARIFICATION_REQUEST, c->order.peer, &message);
        struct clarification_request *body = &message.clarification_request;
        for (size_t i = 0; r == 0 && i < asking->count; i++)
                r = add_question(asking, asking->texts[i], body, error);
        body->preserved = STATED_NO;
        if (r == 0)
                r = provider_sign(c, &body->signatory, error);
        return send_it(c, &message, r, error);
}

int provider_clarify_all(struct office *office, const char *id, const char *identifier_id,
        enum obstacle obstacle, const char *const *texts, size_t count, struct error *error)
{
        const struct asking asking = {
                .identifier_id = identifier_id, .texts = texts, .count = count, .obstacle = obstacle};

        if (count == 0)
                return error_set(error, -EINVAL, "say what is asked");
        return provider_step(office, id, clarify, &asking, error);
}

int provider_clarify(struct office *office, const char *id, const char *identifier_id, enum obstacle obstacle,
        const char *text, struct error *error)
{
        return provider_clarify_all(office, id, identifier_id, obstacle, &text, 1, error);
}

/* ---- Form 3 ---- */

static int form_3(struct provider_case *c, const struct provider_refusal *refusal, const char *receiver,
        struct error *error)
{
        const struct form3_reason reason = {.identifier_id = refusal->identifier_id,
                .obstacles = WORD_BIT(refusal->obstacle),
                .explanation = refusal->explanation};
        const struct form3 form = {.reasons = &reason,
                .count = 1,
                .information_needed = refusal->information_needed,
                .conflict = refusal->conflict,
                /* An enforcing authority that section K does not name has to get the order from somebody. */
                .with_order = strcmp(receiver, c->order.peer) != 0 && c->form->ea.notified != STATED_YES};

        return form3_send(c, &form, receiver, error);
}

static int log_refusal(struct provider_case *c, const struct provider_refusal *refusal, struct error *error)
{
        return office_log(c->office, "refused", NULL,
                json_pack("{s:s, s:s, s:[s], s:b, s:s}", "order", c->order.id, "stage", "provider", "grounds",
                        word_name(&obstacle_words, (int)refusal->obstacle), "whole",
                        refusal->identifier_id == NULL, "reason", refusal->explanation),
                error);
}

/* One identifier: the others go on, and what was prepared with it is made anew without it. */
static int refuse_one(struct provider_case *c, const struct provider_refusal *refusal, struct error *error)
{
        if (c->order.state == ORDER_STATE_RELEASED || state_is_end(MACHINE_ORDER, c->order.state))
                return error_set(error, -EPERM, "the order %s is over", c->order.id);
        int r = office_need_role(c->office, PERSON_DESK, error);
        if (r == 0)
                r = provider_task(
                        c, refusal->identifier_id, TASK_REJECTED, true, refusal->explanation, error);
        if (r == 0)
                r = provider_fact(c, FACT_CHANGED_MS, office_now(c->office), error);
        if (r == 0)
                r = provider_refresh(c, error);
        if (r == 0 && (c->order.state == ORDER_STATE_PREPARED || c->order.state == ORDER_STATE_HELD))
                r = provider_take(c, "prepare-again", ACTOR_MESSAGE, refusal->explanation, error);
        struct book_decision decision = {.role = PERSON_DESK,
                .at_ms = office_now(c->office),
                .from = c->order.state,
                .to = c->order.state};
        snprintf(decision.order_id, sizeof decision.order_id, "%s", c->order.id);
        snprintf(decision.step, sizeof decision.step, "refuse-identifier");
        snprintf(decision.person, sizeof decision.person, "%s", office_person(c->office));
        snprintf(decision.identifier_id, sizeof decision.identifier_id, "%s", refusal->identifier_id);
        snprintf(decision.reason, sizeof decision.reason, "%.500s", refusal->explanation);
        if (r == 0)
                r = book_decision_add(c->office, &decision, error);
        return r;
}

/* Protected data: what the desk noticed counts as the rules' own finding. */
static int route(struct provider_case *c, const struct provider_refusal *refusal, struct error *error)
{
        int r = provider_fact(c, FACT_PROTECTIONS, (int64_t)WORD_BIT(PROTECTION_PRESS), error);

        if (r == 0)
                r = provider_fact(c, FACT_WORST, SEVERITY_ROUTE, error);
        if (r == 0)
                r = provider_fact(c, FACT_ROUTE_MS, office_now(c->office), error);
        if (r == 0)
                r = provider_refresh(c, error);
        return r == 0 ? provider_take(c, "route", ACTOR_PERSON, refusal->explanation, error) : r;
}

static int review(struct provider_case *c, const struct provider_refusal *refusal, struct error *error)
{
        int64_t end = deadline_days(&c->calendar, c->order.received_ms, DEADLINE_THIRD_COUNTRY_DAYS);

        if (!refusal->conflict)
                return error_set(error, -EINVAL, "a conflict with a third country's law needs its details");
        if (office_now(c->office) >= end)
                return error_set(
                        error, -EPERM, "the 10 days in which a third country's law can be stated are over");
        int r = provider_fact(c, FACT_REVIEW_MS, office_now(c->office), error);
        if (r == 0) /* execution is suspended: neither day 10 nor another deadline comes meanwhile */
                r = provider_pause(c, office_now(c->office), TIME_UNKNOWN, error);
        if (r == 0)
                r = provider_refresh(c, error);
        return r == 0 ? provider_take(c, "object", ACTOR_PERSON, refusal->explanation, error) : r;
}

static int refuse(struct provider_case *c, const void *arguments, struct error *error)
{
        const struct provider_refusal *refusal = arguments;
        const struct directory_organisation *enforcing = provider_enforcing(c);
        bool to_ea = refusal->obstacle == OBSTACLE_IMMUNITY_OR_PRESS ||
                     refusal->obstacle == OBSTACLE_THIRD_COUNTRY_LAW;

        if (is_blank(refusal->explanation))
                return error_set(error, -EINVAL, "say why it cannot be executed");
        if (to_ea && !enforcing)
                return error_set(error, -ENOENT, "the directory knows no enforcing authority of this State");
        int r = check_identifier(c, refusal->identifier_id, error);
        if (r == 0)
                r = refusal->obstacle == OBSTACLE_IMMUNITY_OR_PRESS   ? route(c, refusal, error)
                    : refusal->obstacle == OBSTACLE_THIRD_COUNTRY_LAW ? review(c, refusal, error)
                    : refusal->identifier_id
                            ? refuse_one(c, refusal, error)
                            : provider_take(c, "refuse", ACTOR_PERSON, refusal->explanation, error);
        if (r == 0)
                r = draft_destroy(c, "Form 3", error);
        if (r == 0)
                r = log_refusal(c, refusal, error);
        if (r == 0)
                r = form_3(c, refusal, c->order.peer, error);
        if (r == 0 && to_ea)
                r = form_3(c, refusal, enforcing->name, error);
        return r;
}

int provider_refuse(
        struct office *office, const char *id, const struct provider_refusal *refusal, struct error *error)
{
        return provider_step(office, id, refuse, refusal, error);
}

/* ---- the clock ---- */

/* What was withdrawn by the clock is destroyed as what was withdrawn by a message. */
static int clock_effects(struct provider_case *c, struct error *error)
{
        int r = 0;

        if (c->order.state == ORDER_STATE_WITHDRAWN || c->order.state == ORDER_STATE_EXPIRED) {
                r = draft_destroy(c, word_name(&order_state_words, c->order.state), error);
                if (r == 0)
                        r = provider_nothing_kept(c, error);
        }
        return r;
}

static int run_clock(struct provider_case *c, const void *arguments, struct error *error)
{
        const struct step *step = step_of_clock(MACHINE_ORDER, c->order.state, &c->facts);
        int *taken = (int *)(uintptr_t)arguments;

        if (!step) {
                int told = notice_clock(c, error);
                if (told < 0)
                        return told;
                int held = holds_clock(c, error);
                *taken = held > 0;
                return held < 0 ? held : 0;
        }
        *taken = 1;
        int r = provider_take(c, step->id, ACTOR_CLOCK, step->words, error);
        if (r == 0 && strcmp(step->id, "unvalidated") == 0)
                r = office_log(c->office, "withdrawn", OFFICE_NODE,
                        json_pack("{s:s, s:s}", "order", c->order.id, "reason", "not-validated"), error);
        return r == 0 ? clock_effects(c, error) : r;
}

int provider_clock(struct office *office, const char *id, struct error *error)
{
        int taken = 0;
        int r = provider_step(office, id, run_clock, &taken, error);

        return r < 0 ? r : taken;
}
