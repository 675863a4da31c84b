/* SPDX-License-Identifier: EUPL-1.2 */
/* What comes back to the authority: answers, Form 3, questions, objections. */
#include "exchange/authority_case.h"
#include "exchange/beside.h"
#include "exchange/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message about an order of ours, with the order at hand and the rules asked. */
static int arrive(
        struct office *office, const struct post_arrival *arrival, case_work *work, struct error *error)
{
        struct authority_case *c = calloc(1, sizeof *c);
        struct rule_findings findings;
        struct message older;

        if (!c)
                return error_set(error, -ENOMEM, "not enough memory");
        message_init(&older, MESSAGE_NONE);
        int r = case_open(office, arrival->order->id, c, error), effect = POST_TAKEN;
        if (r == 0)
                r = case_form_of(c, arrival->message, &older, error);
        if (r == 0) {
                /* What was on its way when the order was amended answers what the order was before. */
                const struct order *answered = message_order_const(&older);
                struct rule_facts facts = facts_make(
                        office, arrival->message, answered ? answered : c->form, arrival->sender->name);
                if (arrival->message->kind == MESSAGE_CANNOT_EXECUTE)
                        facts.third_country_ms = case_third_country_end(c);
                r = facts_look(office, arrival->message, &facts, &findings, error);
        }
        if (r == 0) {
                for (size_t i = 0; effect == POST_TAKEN && i < findings.count; i++)
                        if (findings.items[i].severity == SEVERITY_STOP) {
                                error_set(error, -EBADMSG, "rule %s: %s: %s", findings.items[i].rule->id,
                                        findings.items[i].place, findings.items[i].words);
                                effect = POST_REFUSED;
                        }
                rule_findings_free(&findings);
        }
        if (r == 0 && effect == POST_TAKEN) {
                r = work(c, arrival, error);
                if (r == -EPERM) {
                        effect = POST_REFUSED;
                        r = 0;
                }
        }
        if (r == 0 && effect == POST_TAKEN)
                r = case_look_again(c, error);
        message_free(&older);
        case_close(c);
        free(c);
        return r < 0 ? r : effect;
}

static int take_by_message(
        struct authority_case *c, const char *step, const char *reason, struct error *error)
{
        return book_take(c->office, &c->order, step, ACTOR_MESSAGE, &c->facts, reason, error);
}

/* ---- answers ---- */

/* What became of one identifier, as a step of its task; a task that is over stays what it is. */
static int task_outcome(struct authority_case *c, const struct result *result, struct error *error)
{
        static const char *const steps[] = {[OUTCOME_DISCLOSED] = "disclose",
                [OUTCOME_NOT_AVAILABLE] = "find-nothing",
                [OUTCOME_REFUSED] = "reject",
                [OUTCOME_PRESERVED] = "preserve",
                [OUTCOME_NOT_PRESERVED] = "find-nothing-to-preserve"};
        struct step_facts facts = c->facts;
        const struct step_taker taker = {.actor = ACTOR_MESSAGE};
        struct book_task task = {.refused = result->outcome == OUTCOME_REFUSED};
        int state = c->order.kind == ORDER_PRODUCTION ? TASK_AWAITING_DISCLOSURE : TASK_AWAITING_PRESERVATION;
        const char *step =
                (size_t)result->outcome < sizeof steps / sizeof *steps ? steps[result->outcome] : NULL;

        if (!step)
                return 0;
        facts.released = true;
        facts.identifier_refused = task.refused;
        if (step_take(MACHINE_TASK, step, state, &facts, &taker, &state, NULL) < 0)
                return 0;
        task.state = state;
        snprintf(task.order_id, sizeof task.order_id, "%s", c->order.id);
        snprintf(task.identifier_id, sizeof task.identifier_id, "%s", result->identifier_id);
        book_text_set(task.reason, result->statement);
        return book_task_put(c->office, &task, error);
}

static int answer(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct post_arrival *arrival = arguments;
        const struct answer_body *body = &arrival->message->answer;
        int64_t until_ms = TIME_UNKNOWN;
        int r = 0;

        if (c->order.state == ORDER_STATE_WITHDRAWN || c->order.state == ORDER_STATE_DELETED)
                return error_set(error, -EPERM, "the order is withdrawn: nothing is taken under it any more");
        if (c->order.state == ORDER_STATE_SUSPENDED)
                return error_set(error, -EPERM,
                        "the order is suspended until a court has decided: nothing is taken under it");
        if (c->order.kind == ORDER_PRODUCTION && c->order.state == ORDER_STATE_SENT)
                r = take_by_message(c, "answered", NULL, error);
        for (size_t i = 0; r == 0 && i < body->results.count; i++) {
                r = task_outcome(c, &body->results.items[i], error);
                if (body->results.items[i].preserved_until_ms > until_ms)
                        until_ms = body->results.items[i].preserved_until_ms;
        }
        if (r == 0 && until_ms != TIME_UNKNOWN)
                r = book_fact_set(c->office, c->order.id, FACT_PRESERVED_UNTIL_MS, until_ms, error);
        return r == 0 ? beside_expect(c->office, arrival, error) : r;
}

int handle_answer(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        return arrive(office, arrival, answer, error);
}

/* ---- Form 3 ---- */

static int log_refused(struct authority_case *c, const char *stage, json_t *grounds, bool whole,
        const struct post_arrival *arrival, struct error *error)
{
        return office_log(c->office, "refused", OFFICE_NODE,
                json_pack("{s:s, s:s, s:o, s:b, s:{s:s, s:s}}", "order", c->order.id, "stage", stage,
                        "grounds", grounds, "whole", whole, "detail", "message", arrival->message->id,
                        "sender", arrival->sender->name),
                error);
}

static json_t *set_names(const struct vocabulary *words, uint64_t set)
{
        json_t *list = json_array();

        for (size_t i = 0; i < words->count; i++)
                if (set & WORD_BIT(words->words[i].value))
                        json_array_append_new(list, json_string(words->words[i].name));
        if (json_array_size(list) == 0)
                json_array_append_new(list, json_string("other"));
        return list;
}

static int refuse_identifier(
        struct authority_case *c, const char *identifier_id, const char *reason, struct error *error)
{
        struct book_task task = {.refused = true, .state = TASK_REJECTED};

        snprintf(task.order_id, sizeof task.order_id, "%s", c->order.id);
        snprintf(task.identifier_id, sizeof task.identifier_id, "%s", identifier_id);
        book_text_set(task.reason, reason);
        return book_task_put(c->office, &task, error);
}

/* Obstacles that a better order would remove leave the order where it is. */
#define MENDABLE                                                                                             \
        (WORD_BIT(OBSTACLE_INCOMPLETE) | WORD_BIT(OBSTACLE_MANIFEST_ERROR) |                                 \
                WORD_BIT(OBSTACLE_INSUFFICIENT_INFORMATION) | WORD_BIT(OBSTACLE_IMMUNITY_OR_PRESS) |         \
                WORD_BIT(OBSTACLE_THIRD_COUNTRY_LAW))

/* Form 3 goes to an enforcing authority as well, also where section K names none: it will decide. */
static int note_called(struct authority_case *c, const char *name, struct error *error)
{
        const struct directory_organisation *one =
                name ? directory_find(office_directory(c->office), name) : NULL;

        if (!one || strcmp(one->country, c->form->addressee.country) != 0)
                return 0;
        for (size_t i = 0; i < one->role_count; i++)
                if (one->roles[i].role == ORGANISATION_ENFORCING)
                        return book_party_add(
                                c->office, c->order.id, one->name, ORGANISATION_ENFORCING, error);
        return 0;
}

static int cannot_execute(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct post_arrival *arrival = arguments;
        const struct impossibility_list *reasons = &arrival->message->cannot_execute.reasons;
        uint64_t obstacles = 0, whole = 0;
        size_t refused = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < reasons->count; i++) {
                const struct impossibility *one = &reasons->items[i];
                obstacles |= one->obstacles;
                if (!*one->identifier_id)
                        whole |= one->obstacles;
                else if (!(one->obstacles & MENDABLE))
                        r = refuse_identifier(c, one->identifier_id, one->explanation, error);
                refused += *one->identifier_id && !(one->obstacles & MENDABLE);
        }
        if (r == 0 &&
                (obstacles & (WORD_BIT(OBSTACLE_IMMUNITY_OR_PRESS) | WORD_BIT(OBSTACLE_THIRD_COUNTRY_LAW))))
                r = note_called(c, arrival->message->cannot_execute.enforcing_authority, error);
        bool all = (whole && !(whole & MENDABLE)) || refused >= c->form->identifiers.count;
        if (r == 0 && all && c->order.state == ORDER_STATE_SENT)
                r = take_by_message(c, "refused", NULL, error);
        if (r == 0 && (obstacles & WORD_BIT(OBSTACLE_THIRD_COUNTRY_LAW)) &&
                c->order.state == ORDER_STATE_SENT)
                r = case_suspend(c, arrival, error);
        if (r == 0)
                r = log_refused(c, "provider", set_names(&obstacle_words, obstacles), all, arrival, error);
        return r;
}

int handle_cannot_execute(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        return arrive(office, arrival, cannot_execute, error);
}

/* ---- questions ---- */

static int question(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct post_arrival *arrival = arguments;
        struct calendar calendar;

        (void)office_calendar(c->office, office_self(c->office)->country, &calendar);
        int r = book_fact_set(c->office, c->order.id, FACT_QUESTION_MS, arrival->received_ms, error);
        if (r == 0)
                r = book_fact_set(c->office, c->order.id, FACT_QUESTION_DUE_MS,
                        deadline_clarification(&calendar, arrival->received_ms), error);
        return r;
}

int handle_question(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        return arrive(office, arrival, question, error);
}

/* ---- the enforcing authority ---- */

static int objection(struct authority_case *c, const void *arguments, struct error *error)
{
        static const struct authority_withdrawal wanted = {.reason = WITHDRAWAL_EA_REFUSED,
                .explanation = "the enforcing authority objects to what was produced (Article 10(4))",
                .delete_data = true};
        const struct post_arrival *arrival = arguments;
        const struct objection_list *list = &arrival->message->ea_objection.objections;
        bool deletes = false, whole = false;
        uint64_t grounds = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < list->count; i++) {
                const struct objection *one = &list->items[i];
                grounds |= one->grounds;
                deletes |= one->effect == OBJECTION_DELETE && !*one->identifier_id;
                whole |= one->effect == OBJECTION_REFUSED && !*one->identifier_id;
                if (*one->identifier_id && one->effect == OBJECTION_REFUSED)
                        r = refuse_identifier(c, one->identifier_id, one->explanation, error);
        }
        if (r == 0)
                r = log_refused(c, "enforcing-authority", set_names(&refusal_ground_words, grounds),
                        whole || deletes, arrival, error);
        if (r == 0 && whole)
                r = book_fact_set(c->office, c->order.id, FACT_EA_REFUSED_MS, arrival->received_ms, error);
        if (r < 0 || !deletes)
                return r;
        r = book_fact_set(c->office, c->order.id, FACT_EA_DELETE_MS, arrival->received_ms, error);
        if (r == 0)
                r = case_refresh(c, error);
        if (r == 0 && (c->order.state == ORDER_STATE_ANSWERED || c->order.state == ORDER_STATE_OPENED)) {
                r = take_by_message(c, "delete-wanted", NULL, error);
                if (r == 0)
                        r = case_withdraw(c, &wanted, true, error);
        }
        return r;
}

int handle_objection(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        return arrive(office, arrival, objection, error);
}

static int clearance(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct post_arrival *arrival = arguments;

        return arrival->message->ea_clearance.identifier_ids.count > 0
                       ? 0
                       : book_fact_set(
                                 c->office, c->order.id, FACT_EA_CLEARED_MS, arrival->received_ms, error);
}

int handle_clearance(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        return arrive(office, arrival, clearance, error);
}

/* ---- the validating authority ---- */

static int validation(struct authority_case *c, const void *arguments, struct error *error)
{
        static const struct authority_withdrawal refused = {
                .reason = WITHDRAWAL_VALIDATION_REFUSED, .delete_data = true};
        const struct post_arrival *arrival = arguments;
        bool granted = arrival->message->validation.decision == VALIDATION_GRANTED;

        if (!c->facts.unvalidated || c->facts.validated)
                return error_set(error, -EPERM, "the order waits for no validation");
        int r = office_log(c->office, "later-validation", OFFICE_NODE,
                json_pack("{s:s, s:s, s:{s:s}}", "order", c->order.id, "outcome",
                        granted ? "validated" : "refused", "detail", "authority", arrival->sender->name),
                error);
        if (r == 0 && granted)
                return book_fact_set(c->office, c->order.id, FACT_VALIDATED_MS, arrival->received_ms, error);
        c->facts.issued_ms = TIME_UNKNOWN;
        if (r == 0)
                r = book_take(
                        c->office, &c->order, "withdraw-unvalidated", ACTOR_CLOCK, &c->facts, NULL, error);
        return r == 0 ? case_withdraw(c, &refused, true, error) : r;
}

int handle_validation(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        return arrive(office, arrival, validation, error);
}
