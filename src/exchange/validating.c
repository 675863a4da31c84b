/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/validating.h"

#include "exchange/handlers.h"
#include "order/form.h"

#include <stdio.h>
#include <string.h>

#define FACT_DECIDED_MS "decided-here"

struct validating_case {
        struct office *office;
        struct book_order order;
        struct message message;
        const struct order *form;
};

static int case_of(struct office *office, const char *id, struct validating_case *c, struct error *error)
{
        c->office = office;
        message_init(&c->message, MESSAGE_NONE);
        int r = book_order_find(office, id, &c->order, error);
        if (r == 0 && c->order.side != SIDE_VALIDATING)
                r = error_set(error, -EINVAL,
                        "this node was not asked to validate the order %s: it is its %s", c->order.id,
                        word_name(&book_side_words, (int)c->order.side));
        if (r == 0)
                r = book_order_message(office, &c->order, &c->message, error);
        if (r < 0)
                return r;
        c->form = message_order_const(&c->message);
        return c->form ? 0
                       : error_set(error, -EBADMSG, "what the book has as the order %s is none", c->order.id);
}

/* ---- what comes ---- */

static int add_parties(
        struct office *office, const char *order_id, const struct order *form, struct error *error)
{
        const struct {
                const char *organisation;
                enum organisation_role role;
        } rows[] = {{form->issuer.organisation, ORGANISATION_ISSUING},
                {form->addressee.organisation, ORGANISATION_PROVIDER},
                {form->ea.notified == STATED_YES ? form->ea.authority.organisation : "",
                        ORGANISATION_ENFORCING}};
        int r = 0;

        for (size_t i = 0; r == 0 && i < sizeof rows / sizeof *rows; i++)
                if (*rows[i].organisation)
                        r = book_party_add(office, order_id, rows[i].organisation, rows[i].role, error);
        return r;
}

/* Why it is nothing for us; NULL: it is. */
static const char *wrong_with(
        struct office *office, const struct order *form, const struct post_arrival *arrival)
{
        const char *named = form->validator.organisation;

        if (form->emergency.unvalidated != STATED_YES)
                return "the order was not issued before its validation";
        if (*named && strcmp(named, office_organisation(office)) != 0)
                return "section J of the order names another validating authority";
        if (strcmp(form->issuer.organisation, arrival->sender->name) != 0)
                return "it is asked for by another authority than the one that issued the order";
        return NULL;
}

static struct book_order row_of(struct office *office, const struct post_arrival *arrival)
{
        const struct order *form = message_order_const(arrival->message);
        struct book_order row = {.side = SIDE_VALIDATING,
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

int validating_receive_request(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        const struct order *form = message_order_const(arrival->message);
        const char *wrong = wrong_with(office, form, arrival);
        struct book_order row = row_of(office, arrival);
        int r;

        if (!wrong && arrival->order && arrival->order->generation >= row.generation)
                wrong = "it was asked for already";
        if (wrong) {
                error_set(error, -EINVAL, "%s", wrong);
                return POST_REFUSED;
        }
        if (arrival->order) { /* amended: what was decided of the generation before holds for that one alone
                               */
                struct book_order before = *arrival->order;
                snprintf(before.message_id, sizeof before.message_id, "%s", row.message_id);
                before.generation = row.generation;
                r = book_order_update(office, &before, error);
                if (r == 0)
                        r = book_fact_clear(office, row.id, FACT_DECIDED_MS, error);
        } else {
                r = book_order_add(office, &row, error);
        }
        if (r == 0)
                r = add_parties(office, row.id, form, error);
        return r < 0 ? r : POST_TAKEN;
}

int validating_receive_withdrawal(
        struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct book_order order = *arrival->order;
        struct validating_case c;
        int r = case_of(office, order.id, &c, error);

        if (r == 0 && scope_covers_all(c.form, &arrival->message->withdrawal.identifier_ids)) {
                order.state = ORDER_STATE_WITHDRAWN;
                order.changed_ms = office_now(office);
                r = book_order_update(office, &order, error);
        }
        message_free(&c.message);
        return r < 0 ? r : POST_TAKEN;
}

/* ---- the decision ---- */

static int must_be_open(struct validating_case *c, struct error *error)
{
        int64_t decided = TIME_UNKNOWN;
        int r = office_need_role(c->office, PERSON_VALIDATOR, error);

        if (r == 0 && c->order.state != ORDER_STATE_RECEIVED)
                r = error_set(error, -EPERM, "the order %s is %s", c->order.id,
                        word_meaning(&order_state_words, c->order.state));
        if (r == 0)
                r = book_fact(c->office, c->order.id, FACT_DECIDED_MS, TIME_UNKNOWN, &decided, error);
        if (r == 0 && decided != TIME_UNKNOWN)
                r = error_set(error, -EPERM, "the order %s was decided already", c->order.id);
        return r;
}

static int check_rules(struct validating_case *c, const struct message *message, struct error *error)
{
        struct rule_facts facts = facts_make(c->office, message, c->form, NULL);
        struct rule_findings findings;

        int r = facts_look(c->office, message, &facts, &findings, error);
        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < findings.count; i++)
                if (findings.items[i].severity == SEVERITY_STOP)
                        r = error_set(error, -EPERM, "%s (Article %s): %.300s", findings.items[i].rule->id,
                                findings.items[i].rule->article, findings.items[i].words);
        rule_findings_free(&findings);
        return r;
}

static int send_all(struct validating_case *c, struct message *message, struct error *error)
{
        const char *receivers[] = {c->form->issuer.organisation, c->form->addressee.organisation,
                c->form->ea.notified == STATED_YES ? c->form->ea.authority.organisation : ""};
        int r = 0;

        for (size_t i = 0; r == 0 && i < sizeof receivers / sizeof *receivers; i++) {
                if (!*receivers[i])
                        continue;
                const struct directory_organisation *to =
                        directory_find(office_directory(c->office), receivers[i]);
                snprintf(message->receiver.organisation, sizeof message->receiver.organisation, "%s",
                        receivers[i]);
                snprintf(message->receiver.country, sizeof message->receiver.country, "%s",
                        to ? to->country : "");
                message->sent_ms = office_now(c->office);
                r = office_new_id(message->id, error);
                if (r == 0 && i == 0)
                        r = check_rules(c, message, error);
                if (r == 0)
                        r = post_send(c->office, message, NULL, 0, NULL, error);
        }
        return r;
}

static void fill_head(struct validating_case *c, struct message *message)
{
        const struct directory_organisation *self = office_self(c->office);

        snprintf(message->order_id, sizeof message->order_id, "%s", c->order.id);
        snprintf(message->reply_to, sizeof message->reply_to, "%s", c->order.message_id);
        snprintf(message->sender.organisation, sizeof message->sender.organisation, "%s", self->name);
        snprintf(message->sender.country, sizeof message->sender.country, "%s", self->country);
        message->generation = c->order.generation;
        message->test = c->message.test;
}

static int note(struct validating_case *c, bool granted, const char *reason, struct error *error)
{
        struct book_decision decision = {.role = PERSON_VALIDATOR,
                .at_ms = office_now(c->office),
                .from = c->order.state,
                .to = c->order.state};
        const char *step = granted ? "validate" : "refuse-validation";

        snprintf(decision.order_id, sizeof decision.order_id, "%s", c->order.id);
        snprintf(decision.step, sizeof decision.step, "%s", step);
        snprintf(decision.person, sizeof decision.person, "%s", office_person(c->office));
        snprintf(decision.reason, sizeof decision.reason, "%.500s", reason ? reason : "");
        int r = book_decision_add(c->office, &decision, error);
        if (r == 0)
                r = book_fact_set(c->office, c->order.id, FACT_DECIDED_MS, office_now(c->office), error);
        if (r < 0)
                return r;
        json_t *fields =
                json_pack("{s:s, s:s}", "order", c->order.id, "outcome", granted ? "validated" : "refused");
        if (fields && *decision.reason)
                json_object_set_new(fields, "reason", json_string(decision.reason));
        return office_log(c->office, "later-validation", NULL, fields, error);
}

int validating_decide(struct office *office, const char *id, enum validation_decision decision,
        const char *reason, struct error *error)
{
        bool granted = decision == VALIDATION_GRANTED;
        struct validating_case c;
        struct message message;

        int r = office_step_begin(office, error);
        if (r < 0)
                return r;
        message_init(&message, MESSAGE_VALIDATION);
        message.validation.decision = decision;
        message.validation.decided_ms = office_now(office);
        r = case_of(office, id, &c, error);
        if (r == 0)
                r = must_be_open(&c, error);
        if (r == 0 && !granted && (!reason || slice_trim(slice_of(reason)).length == 0))
                r = error_set(error, -EINVAL, "say why it is not validated");
        if (r == 0)
                r = facts_own_authority(office, c.order.id, &message.validation.authority, error);
        if (r == 0 && reason)
                r = model_text(&message.validation.reason, slice_of(reason), MODEL_LONG, "reason", error);
        if (r == 0)
                fill_head(&c, &message);
        if (r == 0)
                r = send_all(&c, &message, error);
        if (r == 0)
                r = note(&c, granted, reason, error);
        message_free(&message);
        message_free(&c.message);
        return office_step_end(office, r, error);
}

/* ---- looking ---- */

/* The rules for the order itself, as its addressee has to ask them. */
static int findings_of(struct validating_case *c, json_t **ret, struct error *error)
{
        struct message order;
        struct rule_findings findings;

        message_init(&order,
                c->form->kind == ORDER_PRESERVATION ? MESSAGE_PRESERVATION_ORDER : MESSAGE_PRODUCTION_ORDER);
        int r = model_copy(&message_head_type, &c->message, &order);
        order.kind =
                c->form->kind == ORDER_PRESERVATION ? MESSAGE_PRESERVATION_ORDER : MESSAGE_PRODUCTION_ORDER;
        if (r == 0)
                r = model_copy(&order_type, c->form, &order.order);
        if (r < 0) {
                message_free(&order);
                return error_set(error, r, "not enough memory");
        }
        order.receiver = (struct party){.country = ""};
        snprintf(order.receiver.organisation, sizeof order.receiver.organisation, "%s",
                c->form->addressee.organisation);
        snprintf(order.receiver.country, sizeof order.receiver.country, "%s", c->form->addressee.country);
        struct rule_facts facts = facts_make(c->office, &order, NULL, c->message.sender.organisation);
        r = facts_look(c->office, &order, &facts, &findings, error);
        if (r == 0) {
                *ret = facts_findings_list(&findings);
                rule_findings_free(&findings);
        }
        message_free(&order);
        return r;
}

int validating_show(struct office *office, const char *id, json_t **ret_view, struct error *error)
{
        struct validating_case c;
        json_t *findings = NULL;
        char until[TIME_TEXT_MAX];
        int64_t decided = TIME_UNKNOWN;
        int r = case_of(office, id, &c, error);

        if (r == 0 && !office_roles(office))
                r = error_set(error, -EPERM, "%s has no role at this node", office_person(office));
        if (r == 0)
                r = book_fact(office, c.order.id, FACT_DECIDED_MS, TIME_UNKNOWN, &decided, error);
        if (r == 0)
                r = findings_of(&c, &findings, error);
        if (r == 0) {
                const struct order *form = c.form;
                *ret_view =
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:s?, s:s?, s:s?, s:o, s:o}",
                                "order", c.order.id, "side", word_name(&book_side_words, (int)c.order.side),
                                "kind", word_name(&order_kind_words, (int)form->kind), "state",
                                word_name(&order_state_words, c.order.state), "peer", c.order.peer,
                                "addressee", form->addressee.organisation, "emergency", c.order.emergency,
                                "decided", decided != TIME_UNKNOWN, "decide_until",
                                time_format_utc(deadline_validation(c.order.issued_ms), until), "offence",
                                form->grounds.offence, "threat", form->deadline.threat, "no_time_reason",
                                form->emergency.no_time_reason, "identifiers", facts_identifiers_list(form),
                                "findings", findings);
                if (!*ret_view)
                        r = error_set(error, -ENOMEM, "not enough memory");
        }
        message_free(&c.message);
        return r;
}
