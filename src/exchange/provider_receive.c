/* SPDX-License-Identifier: EUPL-1.2 */
/* What messages do at a provider. A handler that refuses leaves no trace but the refusal (exchange/post.h).
 */
#include "exchange/beside.h"
#include "exchange/provider_case.h"

#include <stdio.h>
#include <string.h>

/* ---- what all share ---- */

static int refuse_finding(const struct rule_findings *findings, struct error *error)
{
        for (size_t i = 0; i < findings->count; i++)
                if (findings->items[i].severity == SEVERITY_STOP) {
                        error_set(error, -EINVAL, "%s (Article %s): %.300s", findings->items[i].rule->id,
                                findings->items[i].rule->article, findings->items[i].words);
                        break;
                }
        return POST_REFUSED;
}

/* Opens the case and puts the rules to a message about it. 0; POST_REFUSED + 100 does not exist: a positive
 * result is "refused", with words. */
#define CASE_REFUSED 1
#define CASE_DIFFERS 2 /* the same, of other words: POST_DIFFERS */
static int open_about(struct office *office, const struct post_arrival *arrival, struct provider_case *c,
        struct error *error)
{
        struct rule_findings findings;
        int64_t extended = 0;

        int r = provider_case_open(office, arrival->order->id, c, error);
        if (r < 0)
                return r;
        struct rule_facts facts = facts_make(office, arrival->message, c->form, arrival->sender->name);
        r = book_fact(office, c->order.id, FACT_EXTENDED, 0, &extended, error);
        facts.extended_before = extended != 0;
        if (r == 0)
                r = facts_look(office, arrival->message, &facts, &findings, error);
        if (r < 0)
                return r;
        bool stops = findings.worst == SEVERITY_STOP;
        if (stops)
                (void)refuse_finding(&findings, error);
        rule_findings_free(&findings);
        return stops ? CASE_REFUSED : 0;
}

/* Opens the case for what an enforcing or validating authority decided. */
static int begin_decided(struct office *office, const struct post_arrival *arrival, struct provider_case *c,
        bool of_this_generation_only, struct error *error)
{
        int64_t generation = post_generation(arrival->message);
        int r = open_about(office, arrival, c, error);

        /* Who cleared or validated something else has not cleared or validated this. */
        if (r == 0 && of_this_generation_only && generation != c->order.generation) {
                error_set(error, -ESTALE,
                        "it decides on generation %lld, and the order is of generation %lld",
                        (long long)generation, (long long)c->order.generation);
                return CASE_REFUSED;
        }
        return r;
}

/* Kept for later: POST_TAKEN; too many of them: POST_REFUSED. */
static int for_later(int early)
{
        return early == 1 ? POST_TAKEN : early == -E2BIG ? POST_REFUSED : early;
}

/* The end of a handler: what the case came to is looked at again by the clock. */
static int close_about(struct provider_case *c, int r, struct error *error)
{
        if (r == 0)
                r = provider_refresh(c, error);
        if (r == 0)
                r = provider_look_again(c, error);
        provider_case_close(c);
        if (r == CASE_DIFFERS)
                return POST_DIFFERS;
        return r == CASE_REFUSED ? POST_REFUSED : r < 0 ? r : POST_TAKEN;
}

/* A step that is not allowed from here refuses the message; it is no failure of the node. */
static int take(struct provider_case *c, const char *step, const char *reason, struct error *error)
{
        int r = provider_refresh(c, error);

        if (r == 0)
                r = provider_take(c, step, ACTOR_MESSAGE, reason, error);
        return r == -EPERM ? CASE_REFUSED : r;
}

static bool is_answerable(const struct provider_case *c)
{
        return !state_is_end(MACHINE_ORDER, c->order.state);
}

/* What was prepared before something changed may not leave: it is destroyed and made anew. */
static int changed(struct provider_case *c, const char *reason, struct error *error)
{
        int r = provider_fact(c, FACT_CHANGED_MS, office_now(c->office), error);

        if (r == 0)
                r = provider_refresh(c, error);
        if (r == 0 && (c->order.state == ORDER_STATE_PREPARED || c->order.state == ORDER_STATE_HELD))
                r = provider_take(c, "prepare-again", ACTOR_MESSAGE, reason, error);
        if (r == 0)
                r = draft_destroy(c, reason, error);
        return r;
}

/* ---- orders ---- */

static json_t *categories_json(const struct order *form)
{
        json_t *list = json_array();

        for (int category = CATEGORY_SUBSCRIBER; category <= CATEGORY_CONTENT; category++)
                if (form->data.categories & WORD_BIT(category))
                        json_array_append_new(list, json_string(word_name(&data_category_words, category)));
        return list;
}

static int log_order(struct provider_case *c, const struct post_arrival *arrival,
        const struct rule_findings *findings, struct error *error)
{
        char digest[DIGEST_TEXT_MAX];
        json_t *fields = json_pack("{s:s, s:s, s:o, s:s, s:b, s:b, s:s, s:s, s:s}", "order", c->order.id,
                "instrument", word_name(&order_kind_words, (int)c->form->kind), "categories",
                categories_json(c->form), "addressee", office_organisation(c->office), "emergency",
                c->order.emergency, "derogation", c->form->emergency.unvalidated == STATED_YES, "message",
                arrival->message->id, "sender", arrival->sender->name, "container",
                digest_format(arrival->digest, digest));

        for (size_t i = 0; fields && i < c->form->earlier.count; i++)
                if (c->form->earlier.items[i].relation != EARLIER_OTHER &&
                        *c->form->earlier.items[i].order_id)
                        json_object_set_new(
                                fields, "follows", json_string(c->form->earlier.items[i].order_id));
        int r = office_log(c->office, "order-received", OFFICE_NODE, fields, error);
        if (r == 0)
                r = office_log(c->office, "order-checked", OFFICE_NODE,
                        json_pack("{s:s, s:s, s:o}", "order", c->order.id, "outcome", "accepted", "findings",
                                facts_findings_json(findings)),
                        error);
        return r;
}

static int add_parties(struct provider_case *c, const struct post_arrival *arrival, struct error *error)
{
        const struct {
                const char *organisation;
                enum organisation_role role;
        } rows[] = {{c->form->issuer.organisation, ORGANISATION_ISSUING},
                {c->form->validator.organisation, ORGANISATION_VALIDATING},
                {c->form->ea.notified == STATED_YES ? c->form->ea.authority.organisation : "",
                        ORGANISATION_ENFORCING},
                {office_organisation(c->office), ORGANISATION_PROVIDER}};
        int r = 0;

        (void)arrival;
        for (size_t i = 0; r == 0 && i < sizeof rows / sizeof *rows; i++)
                if (*rows[i].organisation)
                        r = book_party_add(c->office, c->order.id, rows[i].organisation, rows[i].role, error);
        const struct directory_organisation *enforcing = provider_enforcing(c);
        if (r == 0 && enforcing) /* Form 3 on privilege goes there, and its decision comes from there */
                r = book_party_add(c->office, c->order.id, enforcing->name, ORGANISATION_ENFORCING, error);
        return r;
}

/* Facts that follow from the form as it stands now. */
static int set_facts(struct provider_case *c, struct error *error)
{
        int r = provider_fact(c, FACT_EA_INVOLVED, c->form->ea.notified == STATED_YES, error);

        if (r == 0 && *c->form->emergency.first_person && *c->form->emergency.second_person)
                r = provider_fact(c, FACT_SECOND_CONFIRMED_MS, c->order.issued_ms, error);
        if (r == 0)
                r = provider_due(c, error);
        if (r == 0)
                r = book_tasks_make(c->office, c->order.id, c->form, error);
        if (r == 0)
                r = provider_refresh(c, error);
        if (r == 0)
                r = book_tasks_step(c->office, c->order.id,
                        c->form->kind == ORDER_PRODUCTION ? "ask" : "ask-preservation", &c->facts, error);
        return r;
}

struct book_order provider_row_of(struct office *office, const struct post_arrival *arrival)
{
        const struct order *form = message_order_const(arrival->message);
        struct book_order row = {.side = SIDE_PROVIDER,
                .kind = form->kind,
                .state = ORDER_STATE_RECEIVED,
                .generation = post_generation(arrival->message),
                .emergency = order_is_emergency(form),
                .test = arrival->message->test == STATED_YES,
                .created_ms = office_now(office),
                .changed_ms = office_now(office),
                .issued_ms = form->issuer.signatory.signed_ms,
                .received_ms = arrival->received_ms,
                .look_ms = TIME_UNKNOWN};

        snprintf(row.id, sizeof row.id, "%s", arrival->message->order_id);
        snprintf(row.message_id, sizeof row.message_id, "%s", arrival->message->id);
        snprintf(row.peer, sizeof row.peer, "%s", arrival->sender->name);
        snprintf(row.title, sizeof row.title, "%.500s", form->title ? form->title : "");
        return row;
}

int provider_receive_order(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct provider_case c = {.office = office};
        struct rule_findings findings = {.items = NULL};

        if (arrival->order) {
                error_set(error, -EEXIST, "the order %s is known already; a change of it is an amendment",
                        arrival->order->id);
                return POST_REFUSED;
        }
        struct book_order row = provider_row_of(office, arrival);
        int r = book_order_add(office, &row, error);
        if (r == 0)
                r = provider_case_open(office, row.id, &c, error);
        if (r == 0)
                r = provider_rules(&c, &findings, error);
        if (r == 0 && findings.worst == SEVERITY_STOP)
                r = refuse_finding(&findings, error) == POST_REFUSED ? CASE_REFUSED : 0;
        if (r == 0)
                r = add_parties(&c, arrival, error);
        if (r == 0)
                r = set_facts(&c, error);
        if (r == 0)
                r = log_order(&c, arrival, &findings, error);
        rule_findings_free(&findings);
        r = close_about(&c, r, error);
        return r == POST_TAKEN ? provider_take_early(office, row.id, error) : r;
}

/* What was validated, cleared and called back was the generation before. */
static int forget_decisions(struct provider_case *c, struct error *error)
{
        static const char *const facts[] = {FACT_VALIDATED_MS, FACT_EA_CLEARED_MS, FACT_EA_NOTIFIED_MS,
                FACT_CALLED_BACK_MS, FACT_WARNINGS_DECIDED, FACT_ORDER_DIFFERS_MS, FACT_EA_AHEAD_MS};
        int r = 0;

        for (size_t i = 0; r == 0 && i < sizeof facts / sizeof *facts; i++)
                r = book_fact_clear(c->office, c->order.id, facts[i], error);
        return r;
}

static int drop_task(void *context, const struct book_task *task)
{
        struct provider_case *c = context;

        if (order_identifier(c->form, task->identifier_id))
                return 0;
        return provider_task(c, task->identifier_id, TASK_CANCELLED, task->refused,
                "not asked about any more: the order was amended", NULL);
}

int provider_receive_amendment(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct provider_case c = {.office = office};
        struct rule_findings findings = {.items = NULL};
        int r = open_about(office, arrival, &c, error);

        /* The number of an amendment that was refused is left out (exchange/authority_amend.c). */
        if (r == 0 && (post_generation(arrival->message) <= c.order.generation ||
                              strcmp(arrival->message->amendment.replaces, c.order.message_id) != 0)) {
                error_set(error, -ESTALE,
                        "generation %lld does not follow generation %lld, or replaces another message than "
                        "that one",
                        (long long)post_generation(arrival->message), (long long)c.order.generation);
                r = CASE_REFUSED;
        }
        if (r == 0 && c.order.state == ORDER_STATE_RELEASED) {
                error_set(error, -EPERM,
                        "the order was answered already: nothing of it can be amended any more");
                r = CASE_REFUSED;
        }
        if (r == 0) {
                c.facts.amended = true;
                r = provider_take(&c, "amended", ACTOR_MESSAGE, arrival->message->amendment.reason, error);
                r = r == -EPERM ? CASE_REFUSED : r;
        }
        if (r == 0) {
                const struct order *form = message_order_const(arrival->message);
                c.order.generation = arrival->message->generation;
                c.order.emergency = order_is_emergency(form);
                snprintf(c.order.message_id, sizeof c.order.message_id, "%s", arrival->message->id);
                r = book_order_update(office, &c.order, error);
        }
        if (r == 0)
                r = book_order_message(office, &c.order, &c.message, error);
        if (r == 0) {
                c.form = message_order(&c.message);
                r = forget_decisions(&c, error);
        }
        if (r == 0) /* day 10 counts from here at the earliest */
                r = provider_fact(&c, FACT_AMENDED_MS, arrival->received_ms, error);
        if (r == 0)
                r = book_tasks_each(office, c.order.id, drop_task, &c, error);
        if (r == 0)
                r = provider_refresh(&c, error);
        if (r == 0)
                r = add_parties(&c, arrival, error);
        if (r == 0)
                r = provider_rules(&c, &findings, error);
        if (r == 0 && findings.worst == SEVERITY_STOP)
                r = refuse_finding(&findings, error) == POST_REFUSED ? CASE_REFUSED : 0;
        if (r == 0)
                r = set_facts(&c, error);
        if (r == 0)
                r = changed(&c, "amended", error);
        rule_findings_free(&findings);
        r = close_about(&c, r, error);
        return r == POST_TAKEN ? provider_take_early(office, arrival->order->id, error) : r;
}

/* ---- withdrawal, validation ---- */

static int withdraw(struct provider_case *c, const char *reason, struct error *error)
{
        int r = provider_fact(c, FACT_WITHDRAWN_MS, office_now(c->office), error);

        /* An answer that left cannot be taken back; whoever has it deletes it. */
        if (r == 0 && is_answerable(c))
                r = take(c, "withdrawn", reason, error);
        if (r == 0)
                r = provider_refresh(c, error);
        if (r == 0)
                r = book_tasks_step(c->office, c->order.id, "cancel", &c->facts, error);
        if (r == 0)
                r = draft_destroy(c, reason, error);
        if (r == 0)
                r = beside_offers_end(c->office, c->order.id, "the order was withdrawn", error);
        if (r == 0)
                r = provider_nothing_kept(c, error);
        return r == 0 ? office_log(c->office, "withdrawn", OFFICE_NODE,
                                json_pack("{s:s, s:s}", "order", c->order.id, "reason", reason), error)
                      : r;
}

int provider_receive_withdrawal(
        struct office *office, const struct post_arrival *arrival, struct error *error)
{
        const struct withdrawal *withdrawal = &arrival->message->withdrawal;
        const char *reason = word_name(&withdrawal_reason_words, (int)withdrawal->reason);
        struct provider_case c = {.office = office};
        int r = open_about(office, arrival, &c, error);

        if (r == 0 && scope_covers_all(c.form, &withdrawal->identifier_ids)) {
                r = withdraw(&c, reason, error);
        } else if (r == 0) {
                for (size_t i = 0; r == 0 && i < withdrawal->identifier_ids.count; i++)
                        r = holds_give_up(&c, withdrawal->identifier_ids.items[i], error);
                if (r == 0)
                        r = provider_refuse_tasks(&c, arrival->message, error);
                if (r == 0)
                        r = changed(&c, reason, error);
        }
        return close_about(&c, r, error);
}

int provider_receive_validation(
        struct office *office, const struct post_arrival *arrival, struct error *error)
{
        const struct validation *validation = &arrival->message->validation;
        bool granted = validation->decision == VALIDATION_GRANTED;
        struct provider_case c = {.office = office};
        int early = provider_early(office, arrival, error);

        if (early != 0)
                return for_later(early);
        int r = begin_decided(office, arrival, &c, granted, error);
        if (r == 0 && c.form->emergency.unvalidated != STATED_YES) {
                error_set(error, -EINVAL, "the order waits for no validation");
                r = CASE_REFUSED;
        }
        if (r == 0 && granted && /* nothing brings it back */
                (c.order.state == ORDER_STATE_WITHDRAWN || c.order.state == ORDER_STATE_DELETED)) {
                error_set(error, -EPERM, "the order %s is withdrawn", c.order.id);
                r = CASE_REFUSED;
        }
        if (r == 0)
                r = office_log(office, "later-validation", OFFICE_NODE,
                        json_pack("{s:s, s:s, s:{s:s, s:s}}", "order", c.order.id, "outcome",
                                granted ? "validated" : "refused", "detail", "authority",
                                arrival->sender->name, "message", arrival->message->id),
                        error);
        if (r == 0 && granted)
                r = provider_fact(&c, FACT_VALIDATED_MS, validation->decided_ms, error);
        else if (r == 0)
                r = withdraw(&c, "validation-refused", error);
        return close_about(&c, r, error);
}

/* ---- clarification ---- */

int provider_receive_clarification(
        struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct provider_case c = {.office = office};
        int r = open_about(office, arrival, &c, error);

        if (r == 0 && c.order.state != ORDER_STATE_CLARIFYING) {
                error_set(error, -EINVAL, "nothing was asked about the order %s", c.order.id);
                r = CASE_REFUSED;
        }
        if (r == 0)
                r = book_fact_clear(office, c.order.id, FACT_QUESTION_MS, error);
        if (r == 0)
                r = book_fact_clear(office, c.order.id, FACT_QUESTION_DUE_MS, error);
        if (r == 0)
                r = provider_pause(&c, TIME_UNKNOWN, arrival->received_ms, error);
        if (r == 0)
                r = take(&c, "clarified", "", error);
        return close_about(&c, r, error);
}

/* ---- the enforcing authority ---- */

/* It was notified of a generation that has not come here: of the one that is here its silence says nothing.
 */
static int note_ahead(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct provider_case c = {.office = office};

        if (!arrival->order)
                return POST_TAKEN;
        int r = provider_case_open(office, arrival->order->id, &c, error);
        if (r == 0 && strcmp(arrival->sender->name, c.form->ea.authority.organisation) == 0)
                r = provider_fact(&c, FACT_EA_AHEAD_MS, arrival->received_ms, error);
        return close_about(&c, r, error);
}

/* Notified of these words day 10 counts from now on, by its clock or by ours: ours is a witness too, it was
 * not received after it is known here. Notified of others, from never. */
static int note_notified(struct provider_case *c, const struct post_arrival *arrival, struct error *error)
{
        const struct receipt *receipt = &arrival->message->receipt;
        int64_t received = receipt->received_ms > arrival->received_ms ? receipt->received_ms
                                                                       : arrival->received_ms,
                before = TIME_UNKNOWN;
        struct error words = {0};
        bool same = false;

        int r = provider_same_words(c, receipt->order_digest, &same, error);
        if (r == 0 && !same) {
                provider_say_differs(c, arrival->sender->name, &words);
                r = provider_note_differs(c, arrival, error);
                return r == 0 ? provider_refuse_back(c->office, arrival, words.text, error) : r;
        }
        if (r == 0)
                r = book_fact(c->office, c->order.id, FACT_EA_NOTIFIED_MS, TIME_UNKNOWN, &before, error);
        if (r == 0 && before == TIME_UNKNOWN)
                r = provider_fact(c, FACT_EA_NOTIFIED_MS, received, error);
        return r;
}

/* The receipt of a notification that the enforcing authority sends to the addressee too: day 10 counts from
 * there (order/deadline.h). All other receipts are those of our own messages. */
int provider_receive_receipt(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        const struct receipt *receipt = &arrival->message->receipt;
        struct provider_case c = {.office = office};

        if (receipt->message_kind != MESSAGE_EA_NOTIFICATION)
                return handle_receipt(office, arrival, error);
        int early = provider_early(office, arrival, error);
        if (early != 0)
                return early == 1 ? note_ahead(office, arrival, error) : for_later(early);
        int r = provider_case_open(office, arrival->order->id, &c, error);
        if (r == 0 && post_generation(arrival->message) != c.order.generation) {
                error_set(error, -ESTALE, "it is of a notification of an earlier generation of the order");
                r = CASE_REFUSED;
        }
        if (r == 0 && strcmp(arrival->sender->name, c.form->ea.authority.organisation) != 0) {
                error_set(error, -EPERM, "%s is not the enforcing authority of this order",
                        arrival->sender->name);
                r = CASE_REFUSED;
        }
        if (r == 0)
                r = note_notified(&c, arrival, error);
        if (r == 0)
                r = office_log(office, "authority-notified", OFFICE_NODE,
                        json_pack("{s:s, s:s, s:s}", "order", c.order.id, "authority", arrival->sender->name,
                                "message", receipt->message_id),
                        error);
        return close_about(&c, r, error);
}

int provider_receive_clearance(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct provider_case c = {.office = office};
        int early = provider_early(office, arrival, error);

        if (early != 0)
                return for_later(early);
        int r = begin_decided(office, arrival, &c, true, error);
        bool same = false;
        if (r == 0)
                r = provider_same_words(&c, arrival->message->ea_clearance.order_digest, &same, error);
        if (r == 0 && !same) {
                provider_say_differs(&c, arrival->sender->name, error);
                r = CASE_DIFFERS;
        }
        /* A clearance of some identifiers clears nothing: the others are still to be decided. */
        if (r == 0 && scope_covers_all(c.form, &arrival->message->ea_clearance.identifier_ids)) {
                r = provider_fact(&c, FACT_EA_CLEARED_MS, arrival->received_ms, error);
                if (r == 0)
                        r = book_fact_clear(office, c.order.id, FACT_ROUTE_MS, error);
                if (r == 0 && c.order.state == ORDER_STATE_ROUTED)
                        r = provider_fact(&c, FACT_WORST, SEVERITY_WARNING, error);
                if (r == 0 && c.order.state == ORDER_STATE_ROUTED)
                        r = take(&c, "unrouted", "cleared by the enforcing authority", error);
        }
        return close_about(&c, r, error);
}

static size_t ground_names(const struct ea_objection *objection, json_t *list)
{
        uint64_t grounds = 0;

        for (size_t i = 0; i < objection->objections.count; i++)
                grounds |= objection->objections.items[i].grounds;
        for (size_t i = 0; i < refusal_ground_words.count; i++)
                if (grounds & WORD_BIT(refusal_ground_words.words[i].value))
                        json_array_append_new(list, json_string(refusal_ground_words.words[i].name));
        if (json_array_size(list) == 0)
                json_array_append_new(list, json_string("not-stated"));
        return json_array_size(list);
}

int provider_receive_objection(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct provider_case c = {.office = office};
        bool all = false;
        int early = provider_early(office, arrival, error);

        if (early != 0)
                return for_later(early);
        json_t *grounds = json_array();
        int r = begin_decided(office, arrival, &c, false, error);
        ground_names(&arrival->message->ea_objection, grounds);
        if (r == 0 && post_generation(arrival->message) == c.order.generation) {
                /* What it objects to in another order it does not want of this one: nothing leaves for it. */
                bool same = false;
                r = provider_same_words(&c, arrival->message->ea_objection.order_digest, &same, error);
                if (r == 0 && !same)
                        r = provider_note_differs(&c, arrival, error);
        }
        if (r == 0)
                r = provider_refuse_tasks(&c, arrival->message, error);
        if (r == 0)
                r = provider_refresh(&c, error);
        if (r == 0) {
                all = scope_refuses_all(&c.scope);
                r = office_log(office, "refused", OFFICE_NODE,
                        json_pack("{s:s, s:s, s:O, s:b}", "order", c.order.id, "stage", "enforcing-authority",
                                "grounds", grounds, "whole", all),
                        error);
        }
        if (r == 0 && all) {
                r = provider_fact(&c, FACT_EA_REFUSED_MS, office_now(office), error);
                if (r == 0 && is_answerable(&c))
                        r = take(&c, "ea-refused", "refused by the enforcing authority", error);
                if (r == 0)
                        r = draft_destroy(&c, "refused by the enforcing authority", error);
                if (r == 0)
                        r = beside_offers_end(
                                office, c.order.id, "the enforcing authority refused it", error);
        } else if (r == 0) {
                r = changed(&c, "objection of the enforcing authority", error);
        }
        json_decref(grounds);
        return close_about(&c, r, error);
}

/* ---- the court ---- */

int provider_receive_review(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        bool lifted = arrival->message->review_decision.outcome == REVIEW_LIFTED;
        struct provider_case c = {.office = office};
        int r = open_about(office, arrival, &c, error);

        if (r == 0 && c.order.state != ORDER_STATE_IN_REVIEW) {
                error_set(error, -EINVAL,
                        "no conflict with a third country's law was stated about the order %s", c.order.id);
                r = CASE_REFUSED;
        }
        if (r == 0)
                r = book_fact_clear(office, c.order.id, FACT_REVIEW_MS, error);
        /* The clock stood still while the court decided (Article 17(5)). */
        if (r == 0)
                r = provider_pause(&c, TIME_UNKNOWN, arrival->received_ms, error);
        /* Lifted for some identifiers it goes on for the others. */
        if (r == 0 && lifted)
                r = provider_refuse_tasks(&c, arrival->message, error);
        if (r == 0)
                r = provider_refresh(&c, error);
        lifted = lifted && r == 0 && scope_refuses_all(&c.scope);
        if (r == 0 && lifted)
                r = provider_fact(&c, FACT_REVIEW_LIFTED_MS, arrival->received_ms, error);
        if (r == 0)
                r = take(&c, lifted ? "lifted" : "upheld", "decision of the court", error);
        return close_about(&c, r, error);
}

/* ---- preservation ---- */

int provider_receive_extension(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct provider_case c = {.office = office};
        int r = open_about(office, arrival, &c, error);

        if (r == 0 && c.order.state != ORDER_STATE_PRESERVED) {
                error_set(error, -EINVAL, "nothing is preserved for the order %s", c.order.id);
                r = CASE_REFUSED;
        }
        int64_t until = deadline_preservation(&c.calendar, c.order.received_ms, true, false);
        if (r == 0)
                r = provider_extend(&c, until, error);
        if (r == 0)
                r = provider_fact(&c, FACT_EXTENDED, 1, error);
        return close_about(&c, r, error);
}

/* A confirmed production keeps the data held until they are produced: Article 11(2). */
int provider_receive_production_follows(
        struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct provider_case c = {.office = office};
        int r = open_about(office, arrival, &c, error);

        if (r == 0)
                r = provider_fact(&c, FACT_PRODUCTION_FOLLOWS_MS, arrival->received_ms, error);
        if (r == 0)
                r = provider_fact(&c, FACT_PRESERVED_UNTIL_MS, TIME_LIMIT, error);
        if (r == 0)
                r = provider_fact(&c, FACT_HOLDS_LOOK_MS, office_now(office), error);
        return close_about(&c, r, error);
}
