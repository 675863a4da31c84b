/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/enforcing.h"

#include "exchange/handlers.h"
#include "hi1/hi1.h"
#include "order/form.h"

#include <stdio.h>
#include <string.h>

#define FACT_DECIDED_MS "decided-here"

struct enforcing_case {
        struct office *office;
        struct book_order order;
        struct message message;
        const struct order *form;
};

static int case_of(struct office *office, const char *id, struct enforcing_case *c, struct error *error)
{
        c->office = office;
        message_init(&c->message, MESSAGE_NONE);
        int r = book_order_find(office, id, &c->order, error);
        if (r == 0 && c->order.side != SIDE_ENFORCING)
                r = error_set(error, -EINVAL, "this node was not notified of the order %s: it is its %s",
                        c->order.id, word_name(&book_side_words, (int)c->order.side));
        if (r == 0)
                r = book_order_message(office, &c->order, &c->message, error);
        if (r == 0) {
                c->form = message_order_const(&c->message);
                if (!c->form)
                        r = error_set(
                                error, -EBADMSG, "what the book has as the order %s is none", c->order.id);
        }
        return r;
}

/* ---- the notification ---- */

static int add_parties(
        struct office *office, const char *order_id, const struct order *form, struct error *error)
{
        int r = book_party_add(office, order_id, form->issuer.organisation, ORGANISATION_ISSUING, error);

        if (r == 0 && *form->validator.organisation)
                r = book_party_add(
                        office, order_id, form->validator.organisation, ORGANISATION_VALIDATING, error);
        if (r == 0)
                r = book_party_add(
                        office, order_id, form->addressee.organisation, ORGANISATION_PROVIDER, error);
        return r;
}

/* The addressee has to know that and when we were notified: nothing is released before day 10 counted from
 * there, and nothing at all where nobody proves it (order/deadline.h). */
static int tell_addressee(struct office *office, const struct post_arrival *arrival, const struct order *form,
        struct error *error)
{
        struct message message;

        message_init(&message, MESSAGE_RECEIPT);
        snprintf(message.order_id, sizeof message.order_id, "%s", arrival->message->order_id);
        snprintf(message.receiver.organisation, sizeof message.receiver.organisation, "%s",
                form->addressee.organisation);
        message.generation = arrival->message->generation;
        message.test = arrival->message->test;
        struct receipt *receipt = &message.receipt;
        snprintf(receipt->message_id, sizeof receipt->message_id, "%s", arrival->message->id);
        receipt->message_kind = MESSAGE_EA_NOTIFICATION;
        receipt->effect = RECEIPT_RECEIVED;
        memcpy(receipt->container_digest, arrival->digest, sizeof receipt->container_digest);
        receipt->received_ms = arrival->received_ms;
        /* It holds this against the order that it has (exchange/provider_words.c). */
        int r = hi1_order_digest(message.order_id, message.generation, form, receipt->order_digest, error);
        if (r == 0)
                r = post_send(office, &message, NULL, 0, NULL, error);
        message_free(&message);
        return r;
}

static int log_notified(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        return office_log(office, "authority-notified", OFFICE_NODE,
                json_pack("{s:s, s:s, s:s}", "order", arrival->message->order_id, "authority",
                        office_organisation(office), "message", arrival->message->id),
                error);
}

/* Whoever may issue orders can send a notification. It counts of an order of its own, and what was notified
 * of before is replaced by whoever notified of it alone, by what comes behind it. false: with words. */
static bool may_notify(
        const struct post_arrival *arrival, const struct order *form, int64_t generation, struct error *error)
{
        const char *sender = arrival->sender->name;
        const struct book_order *known = arrival->order;

        if (strcmp(sender, form->issuer.organisation) != 0 &&
                strcmp(sender, form->validator.organisation) != 0)
                error_set(error, -EINVAL, "%s neither issued nor validated the order that it notifies of",
                        sender);
        else if (known && strcmp(sender, known->peer) != 0)
                error_set(error, -EPERM, "the order %s is one of %s, and %s notifies of it", known->id,
                        known->peer, sender);
        else if (known && generation <= known->generation)
                error_set(error, -ESTALE, "this node was notified of generation %lld of the order already",
                        (long long)known->generation);
        else
                return true;
        return false;
}

/* What was decided was the generation before; the time to decide begins anew. */
static int notify_anew(
        struct office *office, const struct book_order *known, struct book_order *row, struct error *error)
{
        row->created_ms = known->created_ms;
        row->issued_ms = known->issued_ms;
        row->state = known->state;
        int r = book_order_update(office, row, error);
        return r == 0 ? book_fact_clear(office, row->id, FACT_DECIDED_MS, error) : r;
}

int enforcing_receive_notification(
        struct office *office, const struct post_arrival *arrival, struct error *error)
{
        const struct order *form = message_order_const(arrival->message);
        struct book_order row = {.side = SIDE_ENFORCING,
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

        if (strcmp(form->ea.authority.organisation, office_organisation(office)) != 0) {
                error_set(error, -EINVAL, "the enforcing authority of the order is %s, and this is %s",
                        form->ea.authority.organisation, office_organisation(office));
                return POST_REFUSED;
        }
        if (!may_notify(arrival, form, row.generation, error))
                return POST_REFUSED;
        snprintf(row.id, sizeof row.id, "%s", arrival->message->order_id);
        snprintf(row.message_id, sizeof row.message_id, "%s", arrival->message->id);
        snprintf(row.peer, sizeof row.peer, "%s", arrival->sender->name);
        book_text_set(row.title, form->title);
        int r = arrival->order ? notify_anew(office, arrival->order, &row, error)
                               : book_order_add(office, &row, error);
        if (r == 0)
                r = add_parties(office, row.id, form, error);
        if (r == 0)
                r = log_notified(office, arrival, error);
        if (r == 0)
                r = tell_addressee(office, arrival, form, error);
        return r < 0 ? r : POST_TAKEN;
}

/* What else is told us of the order: kept in book and log by the post, and for people to read. */
int enforcing_receive_other(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        if (arrival->message->kind == MESSAGE_WITHDRAWAL) {
                struct book_order order = *arrival->order;
                struct enforcing_case c;
                int r = case_of(office, order.id, &c, error);
                if (r == 0 && scope_covers_all(c.form, &arrival->message->withdrawal.identifier_ids)) {
                        order.state = ORDER_STATE_WITHDRAWN;
                        r = book_order_update(office, &order, error);
                }
                message_free(&c.message);
                return r < 0 ? r : POST_TAKEN;
        }
        if (arrival->message->kind == MESSAGE_REVIEW_DECISION &&
                arrival->message->review_decision.outcome == REVIEW_LIFTED &&
                arrival->message->review_decision.identifier_ids.count == 0) {
                struct book_order order = *arrival->order;
                order.state = ORDER_STATE_REFUSED;
                int r = book_order_update(office, &order, error);
                return r < 0 ? r : POST_TAKEN;
        }
        return POST_TAKEN;
}

static int check_rules(
        struct enforcing_case *c, const struct message *message, const char *sealed_by, struct error *error)
{
        struct rule_facts facts = facts_make(c->office, message, c->form, sealed_by);
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

/* What the validating authority decided of an emergency that we were notified of. The withdrawal that
 * follows a refusal is the issuing authority's. */
int enforcing_receive_validation(
        struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct enforcing_case c;

        if (!arrival->order) {
                error_set(error, -ENOENT, "this node was not notified of the order");
                return POST_REFUSED;
        }
        int r = case_of(office, arrival->order->id, &c, error);
        if (r == 0) {
                r = check_rules(&c, arrival->message, arrival->sender->name, error);
                if (r == -EPERM) {
                        message_free(&c.message);
                        return POST_REFUSED;
                }
        }
        if (r == 0)
                r = office_log(office, "later-validation", OFFICE_NODE,
                        json_pack("{s:s, s:s}", "order", c.order.id, "outcome",
                                arrival->message->validation.decision == VALIDATION_GRANTED ? "validated"
                                                                                            : "refused"),
                        error);
        message_free(&c.message);
        return r < 0 ? r : POST_TAKEN;
}

/* ---- decisions ---- */

/* To the addressee and to the issuing authority, each a message of its own. */
static int send_both(struct enforcing_case *c, struct message *message, struct error *error)
{
        const char *receivers[] = {c->form->addressee.organisation, c->form->issuer.organisation};
        int r = 0;

        snprintf(message->order_id, sizeof message->order_id, "%s", c->order.id);
        snprintf(message->reply_to, sizeof message->reply_to, "%s", c->order.message_id);
        snprintf(message->sender.organisation, sizeof message->sender.organisation, "%s",
                office_organisation(c->office));
        snprintf(message->sender.country, sizeof message->sender.country, "%s",
                office_self(c->office)->country);
        message->generation = c->order.generation;
        message->test = c->message.test;
        for (size_t i = 0; r == 0 && i < sizeof receivers / sizeof *receivers; i++) {
                message->id[0] = '\0';
                const struct directory_organisation *to =
                        directory_find(office_directory(c->office), receivers[i]);
                snprintf(message->receiver.organisation, sizeof message->receiver.organisation, "%s",
                        receivers[i]);
                snprintf(message->receiver.country, sizeof message->receiver.country, "%s",
                        to ? to->country : "");
                message->sent_ms = office_now(c->office);
                r = office_new_id(message->id, error);
                if (r == 0 && i == 0)
                        r = check_rules(c, message, NULL, error);
                if (r == 0)
                        r = post_send(c->office, message, NULL, 0, NULL, error);
        }
        return r;
}

static int decide(struct enforcing_case *c, const char *step, const char *identifier, const char *reason,
        struct error *error)
{
        struct book_decision decision = {.role = PERSON_VALIDATOR,
                .at_ms = office_now(c->office),
                .from = c->order.state,
                .to = c->order.state};

        snprintf(decision.order_id, sizeof decision.order_id, "%s", c->order.id);
        snprintf(decision.step, sizeof decision.step, "%s", step);
        snprintf(decision.person, sizeof decision.person, "%s", office_person(c->office));
        snprintf(decision.identifier_id, sizeof decision.identifier_id, "%s", identifier ? identifier : "");
        book_text_set(decision.reason, reason);
        int r = book_decision_add(c->office, &decision, error);
        json_t *fields = json_pack("{s:s, s:s, s:s}", "order", c->order.id, "decision", step, "role",
                word_name(&person_role_words, PERSON_VALIDATOR));
        if (fields && *decision.reason)
                json_object_set_new(fields, "reason", json_string(decision.reason));
        if (r < 0) {
                json_decref(fields);
                return r;
        }
        return office_log(c->office, "decision", NULL, fields, error);
}

/* A clearance and an objection to all do not go together, whichever came first. */
static int must_be_open(struct enforcing_case *c, struct error *error)
{
        int64_t decided = TIME_UNKNOWN;
        int r = office_need_role(c->office, PERSON_VALIDATOR, error);

        if (r == 0 && c->order.state != ORDER_STATE_RECEIVED)
                r = error_set(error, -EPERM, "the order %s is %s", c->order.id,
                        word_meaning(&order_state_words, c->order.state));
        if (r == 0)
                r = book_fact(c->office, c->order.id, FACT_DECIDED_MS, TIME_UNKNOWN, &decided, error);
        if (r == 0 && decided != TIME_UNKNOWN)
                r = error_set(error, -EPERM, "the order %s was cleared or refused already", c->order.id);
        return r;
}

/* ---- an objection that is still on its way ---- */

struct on_its_way {
        const char *addressee;
        char objection[MODEL_ID_MAX]; /* that was not found to have arrived; "": none */
        struct office *office;
        bool arrived;
};

static int note_arrived(void *context, const struct book_message *row)
{
        struct on_its_way *way = context;
        struct message message;

        if (row->direction != DIRECTION_IN || row->refused || strcmp(row->peer, way->addressee) != 0 ||
                strcmp(row->reply_to, way->objection) != 0)
                return 0;
        message_init(&message, MESSAGE_NONE);
        way->arrived = book_message_read(way->office, row->peer, row->id, &message, NULL) == 0 &&
                       message.receipt.effect == RECEIPT_RECEIVED;
        message_free(&message);
        return way->arrived;
}

static int note_objection(void *context, const struct book_message *row)
{
        struct on_its_way *way = context;

        if (row->direction != DIRECTION_OUT || strcmp(row->peer, way->addressee) != 0)
                return 0;
        snprintf(way->objection, sizeof way->objection, "%s", row->id);
        way->arrived = false;
        int r = book_messages_each(way->office, row->order_id, MESSAGE_RECEIPT, note_arrived, way, NULL);
        return r < 0 ? r : !way->arrived;
}

/* Messages overtake each other: a clearance that came before the objection to one identifier would let that
 * identifier leave too. */
static int must_have_arrived(struct enforcing_case *c, struct error *error)
{
        struct on_its_way way = {.addressee = c->form->addressee.organisation, .office = c->office};

        int r = book_messages_each(c->office, c->order.id, MESSAGE_EA_OBJECTION, note_objection, &way, error);
        return r == 1 ? error_set(error, -EAGAIN,
                                "the objection %s has not arrived at %s yet, or was refused there; the order "
                                "is "
                                "cleared when it has",
                                way.objection, way.addressee)
                      : r;
}

int enforcing_clear(struct office *office, const char *id, const char *statement, struct error *error)
{
        struct enforcing_case c;
        struct message message;

        int r = office_step_begin(office, error);
        if (r < 0)
                return r;
        message_init(&message, MESSAGE_EA_CLEARANCE);
        r = case_of(office, id, &c, error);
        if (r == 0)
                r = must_be_open(&c, error);
        if (r == 0)
                r = must_have_arrived(&c, error);
        if (r == 0)
                r = facts_own_authority(office, c.order.id, &message.ea_clearance.authority, error);
        if (r == 0 && statement)
                r = model_text(
                        &message.ea_clearance.statement, slice_of(statement), MODEL_LONG, "statement", error);
        if (r == 0)
                r = hi1_order_digest(
                        c.order.id, c.order.generation, c.form, message.ea_clearance.order_digest, error);
        if (r == 0)
                r = decide(&c, "clear", NULL, statement, error);
        if (r == 0)
                r = book_fact_set(office, c.order.id, FACT_DECIDED_MS, office_now(office), error);
        if (r == 0)
                r = send_both(&c, &message, error);
        message_free(&message);
        message_free(&c.message);
        return office_step_end(office, r, error);
}

static int add_objection(struct message *message, const struct enforcing_objection *from, struct error *error)
{
        const struct model_field *list =
                model_field_find(message_body_type(MESSAGE_EA_OBJECTION), slice_of("objections"));
        const struct model_field *conditions = model_field_find(list->part, slice_of("conditions"));
        void *item;
        int r = model_list_add(list, &message->ea_objection, &item, error);

        if (r < 0)
                return r;
        struct objection *objection = item;
        objection->effect = from->effect;
        objection->grounds = from->ground ? WORD_BIT(from->ground) : 0;
        if (from->identifier_id)
                snprintf(
                        objection->identifier_id, sizeof objection->identifier_id, "%s", from->identifier_id);
        r = model_text(&objection->explanation, slice_of(from->explanation ? from->explanation : ""),
                MODEL_LONG, "explanation", error);
        for (size_t i = 0; r == 0 && i < from->condition_count; i++)
                r = model_texts_add(conditions, objection, slice_of(from->conditions[i]), error);
        return r;
}

int enforcing_object(struct office *office, const char *id, const struct enforcing_objection *objections,
        size_t count, struct error *error)
{
        struct enforcing_case c;
        struct message message;
        json_t *grounds = json_array();
        bool all = false;

        int r = office_step_begin(office, error);
        if (r < 0) {
                json_decref(grounds);
                return r;
        }
        message_init(&message, MESSAGE_EA_OBJECTION);
        r = case_of(office, id, &c, error);
        if (r == 0)
                r = must_be_open(&c, error);
        for (size_t i = 0; r == 0 && i < count; i++) {
                r = add_objection(&message, &objections[i], error);
                json_array_append_new(
                        grounds, json_string(word_name(&refusal_ground_words, (int)objections[i].ground)));
                all |= !objections[i].identifier_id && objections[i].effect == OBJECTION_REFUSED;
                if (r == 0)
                        r = decide(
                                &c, "object", objections[i].identifier_id, objections[i].explanation, error);
        }
        if (r == 0)
                r = hi1_order_digest(
                        c.order.id, c.order.generation, c.form, message.ea_objection.order_digest, error);
        if (r == 0)
                r = facts_own_authority(office, c.order.id, &message.ea_objection.authority, error);
        if (r == 0 && all)
                r = book_fact_set(office, c.order.id, FACT_DECIDED_MS, office_now(office), error);
        if (r == 0)
                r = send_both(&c, &message, error);
        if (r == 0)
                r = office_log(office, "refused", NULL,
                        json_pack("{s:s, s:s, s:O, s:b}", "order", c.order.id, "stage", "enforcing-authority",
                                "grounds", grounds, "whole", all),
                        error);
        json_decref(grounds);
        message_free(&message);
        message_free(&c.message);
        return office_step_end(office, r, error);
}

/* ---- looking ---- */

int enforcing_show(struct office *office, const char *id, json_t **ret_view, struct error *error)
{
        struct enforcing_case c;
        struct calendar calendar;
        char until[TIME_TEXT_MAX];
        json_t *form_3 = NULL;
        int r = case_of(office, id, &c, error);

        if (r == 0 && !office_roles(office))
                r = error_set(error, -EPERM, "%s has no role at this node", office_person(office));
        if (r == 0)
                r = facts_impossibilities(office, c.order.id, &form_3, error);
        if (r == 0) {
                (void)office_calendar(office, c.form->addressee.country, &calendar);
                int64_t end = c.order.emergency ? deadline_ea_emergency(&calendar, c.order.received_ms)
                                                : deadline_ea_release(&calendar, c.order.received_ms,
                                                          c.order.received_ms, 0, NULL, 0);
                *ret_view = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s?, s:s?, s:s?, s:o, s:o}",
                        "order", c.order.id, "side", word_name(&book_side_words, (int)c.order.side), "state",
                        word_name(&order_state_words, c.order.state), "peer", c.order.peer, "addressee",
                        c.form->addressee.organisation, "emergency", c.order.emergency, "decide_until",
                        time_format_utc(end, until), "offence", c.form->grounds.offence, "case_summary",
                        c.form->ea_information.case_summary, "necessity", c.form->ea_information.necessity,
                        "identifiers", facts_identifiers_list(c.form), "form_3", form_3);
                if (!*ret_view)
                        r = error_set(error, -ENOMEM, "not enough memory");
        }
        message_free(&c.message);
        return r;
}
