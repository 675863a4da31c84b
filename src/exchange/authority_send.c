/* SPDX-License-Identifier: EUPL-1.2 */
/* Orders on their way: sent, withdrawn, extended, explained, validated afterwards. */
#include "exchange/authority_case.h"
#include "exchange/beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_ea_notified(const struct order *form)
{
        return form->ea.notified == STATED_YES && *form->ea.authority.organisation;
}

/* ---- sent ---- */

/* The enforcing authority gets the whole form; section M is for it alone (Article 8(1)). */
static int notify(struct authority_case *c, struct error *error)
{
        struct message message;

        if (!is_ea_notified(c->form))
                return 0;
        case_message(c, MESSAGE_EA_NOTIFICATION, c->form->ea.authority.organisation, &message);
        message.ea_notification.suspensive = c->order.emergency ? STATED_NO : STATED_YES;
        int r = model_copy(&order_type, c->form, &message.ea_notification.order);
        if (r < 0)
                error_set(error, r, "not enough memory");
        r = r == 0 ? office_new_id(message.id, error) : r;
        if (r == 0)
                r = office_log(c->office, "authority-notified", NULL,
                        json_pack("{s:s, s:s, s:s}", "order", c->order.id, "authority",
                                c->form->ea.authority.organisation, "message", message.id),
                        error);
        return case_send(c, &message, r, error);
}

/* Form 5: the provider that preserves keeps the data until they are produced. */
static int confirm_production(struct authority_case *c, const char *preservation_id, struct error *error)
{
        struct book_order preservation;
        struct message message;

        if (book_order_find(c->office, preservation_id, &preservation, NULL) < 0 ||
                preservation.side != SIDE_AUTHORITY || preservation.kind != ORDER_PRESERVATION)
                return 0; /* another authority's, or it was on paper */
        case_message(c, MESSAGE_PRODUCTION_FOLLOWS, preservation.peer, &message);
        snprintf(message.order_id, sizeof message.order_id, "%s", preservation.id);
        snprintf(message.production_follows.production_order_id,
                sizeof message.production_follows.production_order_id, "%s", c->order.id);
        message.production_follows.issued_ms = c->order.issued_ms;
        return case_send(c, &message, case_authority(c, &message.production_follows.authority, error), error);
}

static int add_parties(struct authority_case *c, struct error *error)
{
        const struct order *form = c->form;

        int r = book_party_add(
                c->office, c->order.id, form->addressee.organisation, ORGANISATION_PROVIDER, error);
        if (r == 0)
                r = book_party_add(
                        c->office, c->order.id, office_organisation(c->office), ORGANISATION_ISSUING, error);
        if (r == 0 && *form->validator.organisation)
                r = book_party_add(
                        c->office, c->order.id, form->validator.organisation, ORGANISATION_VALIDATING, error);
        if (r == 0 && *form->ea.authority.organisation)
                r = book_party_add(c->office, c->order.id, form->ea.authority.organisation,
                        ORGANISATION_ENFORCING, error);
        return r;
}

static json_t *category_names(const struct order *form)
{
        uint64_t categories = form->data.categories;
        json_t *list = json_array();

        for (size_t i = 0; i < form->identifiers.count; i++)
                categories |= form->identifiers.items[i].categories;
        for (size_t i = 0; i < data_category_words.count; i++)
                if (categories & WORD_BIT(data_category_words.words[i].value))
                        json_array_append_new(list, json_string(data_category_words.words[i].name));
        return list;
}

static int log_issued(struct authority_case *c, struct error *error)
{
        json_t *fields = json_pack("{s:s, s:s, s:o, s:s, s:b, s:b}", "order", c->order.id, "instrument",
                word_name(&order_kind_words, c->order.kind), "categories", category_names(c->form),
                "addressee", c->order.peer, "emergency", c->order.emergency, "derogation",
                c->form->emergency.unvalidated == STATED_YES);

        for (size_t i = 0; fields && i < c->form->earlier.count; i++)
                if (c->form->earlier.items[i].relation == EARLIER_PRESERVED_WHOLLY ||
                        c->form->earlier.items[i].relation == EARLIER_PRESERVED_PARTLY)
                        if (*c->form->earlier.items[i].order_id)
                                json_object_set_new(
                                        fields, "follows", json_string(c->form->earlier.items[i].order_id));
        return office_log(c->office, "order-issued", NULL, fields, error);
}

static int log_amended(struct authority_case *c, struct error *error)
{
        return office_log(c->office, "decision", NULL,
                json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "order", c->order.id, "decision", "amended",
                        "role", word_name(&person_role_words, PERSON_OFFICER), "reason",
                        c->message.amendment.reason, "detail", "message", c->message.id, "replaces",
                        c->message.amendment.replaces),
                error);
}

/* The order as it goes to the addressee: without section M, and in the place of the draft. */
static int send_order(struct authority_case *c, struct error *error)
{
        struct message message;

        message_init(&message, c->message.kind);
        int r = message_copy(&c->message, &message);
        if (r < 0)
                error_set(error, r, "not enough memory");
        if (r == 0) {
                const struct model_field *field = model_field_find(&order_type, slice_of("ea_information"));
                model_free(field->part, model_at(field, message_order(&message)));
                r = book_draft_remove(c->office, c->message.id, error);
        }
        return case_send(c, &message, r, error);
}

static int send(struct authority_case *c, const void *arguments, struct error *error)
{
        const char *step = c->order.state == ORDER_STATE_EMERGENCY_APPROVED ? "send-emergency" : "send";
        bool amendment = c->amends;

        (void)arguments;
        int r = amendment ? case_merge(c, error) : case_rules(c, NULL, error);
        if (r == 0 && !amendment)
                r = case_take(c, step, NULL, error);
        if (r < 0)
                return r;
        if (!amendment) /* the 48 hours of an emergency run from its first signature */
                c->order.issued_ms = c->form->issuer.signatory.signed_ms;
        r = book_fact_set(c->office, c->order.id, FACT_EA_INVOLVED, is_ea_notified(c->form), error);
        if (r == 0)
                r = add_parties(c, error);
        if (r == 0)
                r = book_tasks_make(c->office, c->order.id, c->form, error);
        if (r == 0)
                r = book_tasks_step(c->office, c->order.id,
                        c->order.kind == ORDER_PRODUCTION ? "ask" : "ask-preservation", &c->facts, error);
        if (r == 0)
                r = amendment ? case_amended_tasks(c, error) : 0;
        if (r == 0)
                r = amendment ? log_amended(c, error) : log_issued(c, error);
        if (r == 0)
                r = notify(c, error);
        if (r == 0)
                r = send_order(c, error);
        if (r == 0)
                r = case_ask_named(c, error);
        for (size_t i = 0; r == 0 && c->order.kind == ORDER_PRODUCTION && i < c->form->earlier.count; i++)
                if (*c->form->earlier.items[i].order_id)
                        r = confirm_production(c, c->form->earlier.items[i].order_id, error);
        return r;
}

int authority_send(struct office *office, const char *id, struct error *error)
{
        return case_run(office, id, send, NULL, error);
}

/* ---- withdrawn ---- */

int case_identifier_ids(struct authority_case *c, const size_t *numbers, size_t count,
        const struct model_field *field, void *body, struct error *error)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < count; i++) {
                if (numbers[i] == 0 || numbers[i] > c->form->identifiers.count)
                        return error_set(error, -ENOENT, "the order has no identifier number %zu; it has %zu",
                                numbers[i], c->form->identifiers.count);
                r = model_texts_add(
                        field, body, slice_of(c->form->identifiers.items[numbers[i] - 1].id), error);
        }
        return r;
}

/* One withdrawal to the addressee, one to the enforcing authority, where it was notified, and one to who was
 * asked to validate it. by_clock: nobody signs it. */
static int send_withdrawals(struct authority_case *c, const struct authority_withdrawal *w,
        const struct text_list *digests, bool by_clock, struct error *error)
{
        const struct model_type *type = message_body_type(MESSAGE_WITHDRAWAL);
        char asked[MODEL_ORGANISATION_MAX];
        int r = case_asked(c, asked, error);
        const char *receivers[] = {
                c->order.peer, is_ea_notified(c->form) ? c->form->ea.authority.organisation : "", asked};

        for (size_t i = 0; r == 0 && i < sizeof receivers / sizeof *receivers; i++) {
                struct message message;
                if (!*receivers[i])
                        continue;
                case_message(c, MESSAGE_WITHDRAWAL, receivers[i], &message);
                struct withdrawal *body = &message.withdrawal;
                body->reason = w->reason;
                body->delete_data = w->delete_data ? STATED_YES : STATED_NO;
                if (w->explanation)
                        r = model_text(&body->explanation, slice_of(w->explanation), MODEL_LONG,
                                "explanation", error);
                if (r == 0)
                        r = case_identifier_ids(c, w->numbers, w->number_count,
                                model_field_find(type, slice_of("identifier_ids")), body, error);
                for (size_t k = 0; r == 0 && digests && k < digests->count && k < MODEL_TEXTS_MAX; k++)
                        r = model_texts_add(model_field_find(type, slice_of("deleted_digests")), body,
                                slice_of(digests->items[k]), error);
                if (digests)
                        body->deleted_ms = office_now(c->office);
                if (r == 0 && !by_clock)
                        r = case_sign(c, &body->signatory, error);
                r = case_send(c, &message, r, error);
        }
        return r;
}

int case_withdraw(
        struct authority_case *c, const struct authority_withdrawal *w, bool by_clock, struct error *error)
{
        struct text_list digests = {.items = NULL};
        int r = 0;

        if (w->delete_data)
                r = case_delete_data(c, &digests, error);
        if (r == 0)
                r = send_withdrawals(c, w, w->delete_data ? &digests : NULL, by_clock, error);
        if (r == 0 && w->number_count == 0)
                r = book_fact_set(c->office, c->order.id, FACT_WITHDRAWN_MS, office_now(c->office), error);
        if (r == 0 && w->number_count == 0) {
                c->facts.withdrawn = true;
                r = book_tasks_step(c->office, c->order.id, "cancel", &c->facts, error);
        }
        if (r == 0 && w->number_count == 0)
                r = beside_stop(c->office, c->order.id, error);
        if (r == 0)
                r = office_log(c->office, "withdrawn", by_clock ? OFFICE_NODE : NULL,
                        json_pack("{s:s, s:s}", "order", c->order.id, "reason",
                                word_name(&withdrawal_reason_words, w->reason)),
                        error);
        for (size_t i = 0; i < digests.count; i++)
                free(digests.items[i]);
        free(digests.items);
        return r;
}

static int withdraw(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct authority_withdrawal *w = arguments;

        if (w->number_count > 0) {
                /* Of some identifiers: the order stands for the others. */
                int r = office_need_role(c->office, PERSON_OFFICER, error);
                if (r == 0 && c->order.state != ORDER_STATE_SENT && c->order.state != ORDER_STATE_SUSPENDED)
                        r = error_set(error, -EPERM, "nothing can be taken out of an order that is %s",
                                word_meaning(&order_state_words, c->order.state));
                return r == 0 ? case_withdraw(c, w, false, error) : r;
        }
        int r = case_take(c, "withdraw", w->explanation, error);
        return r == 0 ? case_withdraw(c, w, false, error) : r;
}

int authority_withdraw(struct office *office, const char *id, const struct authority_withdrawal *withdrawal,
        struct error *error)
{
        return case_run(office, id, withdraw, withdrawal, error);
}

/* ---- extended, explained ---- */

/* What an officer may do with an order that was sent, and what moves no state. */
static int must_be_sent(struct authority_case *c, enum person_role role, struct error *error)
{
        if (c->order.state != ORDER_STATE_SENT && c->order.state != ORDER_STATE_SUSPENDED &&
                c->order.state != ORDER_STATE_ANSWERED && c->order.state != ORDER_STATE_OPENED)
                return error_set(
                        error, -EPERM, "the order is %s", word_meaning(&order_state_words, c->order.state));
        return case_may(c, role, error);
}

int case_note(struct authority_case *c, const char *step, enum person_role role, const char *reason,
        struct error *error)
{
        struct book_decision decision = {
                .role = role, .at_ms = office_now(c->office), .from = c->order.state, .to = c->order.state};

        snprintf(decision.order_id, sizeof decision.order_id, "%s", c->order.id);
        snprintf(decision.step, sizeof decision.step, "%s", step);
        snprintf(decision.person, sizeof decision.person, "%s", office_person(c->office));
        book_text_set(decision.reason, reason);
        int r = book_decision_add(c->office, &decision, error);
        if (r < 0)
                return r;
        json_t *fields = json_pack("{s:s, s:s, s:s}", "order", c->order.id, "decision", step, "role",
                word_name(&person_role_words, role));
        if (fields && *decision.reason)
                json_object_set_new(fields, "reason", json_string(decision.reason));
        return office_log(c->office, "decision", NULL, fields, error);
}

static int extend(struct authority_case *c, const void *arguments, struct error *error)
{
        struct message message;
        int64_t extended = 0;

        int r = must_be_sent(c, PERSON_OFFICER, error);
        if (r == 0 && c->order.kind != ORDER_PRESERVATION)
                r = error_set(error, -EPERM, "only preservation is extended");
        if (r == 0)
                r = book_fact(c->office, c->order.id, FACT_EXTENDED, 0, &extended, error);
        if (r == 0 && extended)
                r = error_set(error, -EPERM,
                        "it was extended already; a production order keeps the data from here on (Article "
                        "11)");
        if (r == 0)
                r = book_fact_set(c->office, c->order.id, FACT_EXTENDED, 1, error);
        if (r == 0)
                r = case_note(c, "extend", PERSON_OFFICER, arguments, error);
        if (r < 0)
                return r;
        case_message(c, MESSAGE_EXTENSION, NULL, &message);
        message.extension.days = DEADLINE_EXTENSION_DAYS;
        r = model_text(&message.extension.reason, slice_of(arguments), MODEL_LONG, "reason", error);
        if (r == 0)
                r = case_authority(c, &message.extension.authority, error);
        return case_send(c, &message, r, error);
}

int authority_extend(struct office *office, const char *id, const char *reason, struct error *error)
{
        return case_run(office, id, extend, reason, error);
}

static int add_reply(
        struct clarification_answer *body, const char *identifier_id, const char *text, struct error *error)
{
        const struct model_field *field =
                model_field_find(message_body_type(MESSAGE_CLARIFICATION_ANSWER), slice_of("replies"));
        void *item;

        int r = model_list_add(field, body, &item, error);
        if (r < 0)
                return r;
        struct reply *reply = item;
        snprintf(reply->identifier_id, sizeof reply->identifier_id, "%s", identifier_id);
        return model_text(&reply->text, slice_of(text), MODEL_LONG, "answer", error);
}

struct replying {
        const struct authority_reply *replies;
        size_t count;
};

static const char *reply_to(const struct replying *replying, size_t number)
{
        for (size_t i = 0; i < replying->count; i++)
                if (replying->replies[i].number == number)
                        return replying->replies[i].text;
        return NULL;
}

/* A question that nobody answered would be lost: with the answer the provider's clock goes on. */
static int check_replies(
        const struct replying *replying, const struct question_list *questions, struct error *error)
{
        for (size_t i = 0; i < replying->count; i++) {
                const struct authority_reply *one = &replying->replies[i];
                if (one->number == 0 || one->number > questions->count)
                        return error_set(error, -ENOENT,
                                "there is no question %zu: the provider asked %zu ('order show' counts them)",
                                one->number, questions->count);
                if (!one->text || slice_trim(slice_of(one->text)).length == 0)
                        return error_set(error, -EINVAL, "question %zu: the answer is empty", one->number);
                for (size_t k = 0; k < i; k++)
                        if (replying->replies[k].number == one->number)
                                return error_set(
                                        error, -EINVAL, "question %zu is answered twice", one->number);
        }
        for (size_t i = 0; i < questions->count; i++)
                if (!reply_to(replying, i + 1))
                        return error_set(error, -EPERM,
                                "question %zu of %zu is not answered; answer each with --answer NUMBER=TEXT",
                                i + 1, questions->count);
        return 0;
}

static int clarify(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct replying *replying = arguments;
        struct book_message asked;
        struct message question, message;

        int r = must_be_sent(c, PERSON_OFFICER, error);
        if (r == 0 && !c->facts.question_open)
                r = error_set(error, -EPERM, "no question of the provider is open");
        if (r == 0)
                r = book_message_latest(
                        c->office, c->order.id, MESSAGE_CLARIFICATION_REQUEST, DIRECTION_IN, &asked, error);
        if (r < 0)
                return r;
        message_init(&question, MESSAGE_NONE);
        case_message(c, MESSAGE_CLARIFICATION_ANSWER, asked.peer, &message);
        snprintf(message.reply_to, sizeof message.reply_to, "%s", asked.id);
        message.clarification_answer.amended = STATED_NO;
        r = book_message_read(c->office, asked.peer, asked.id, &question, error);
        const struct question_list *questions = &question.clarification_request.questions;
        if (r == 0)
                r = check_replies(replying, questions, error);
        for (size_t i = 0; r == 0 && i < questions->count; i++)
                r = add_reply(&message.clarification_answer, questions->items[i].identifier_id,
                        reply_to(replying, i + 1), error);
        message_free(&question);
        if (r == 0)
                r = case_sign(c, &message.clarification_answer.signatory, error);
        if (r == 0)
                r = book_fact_clear(c->office, c->order.id, FACT_QUESTION_MS, error);
        if (r == 0)
                r = book_fact_clear(c->office, c->order.id, FACT_QUESTION_DUE_MS, error);
        if (r == 0)
                r = case_note(c, "clarify", PERSON_OFFICER, replying->replies[0].text, error);
        return case_send(c, &message, r, error);
}

int authority_clarify(struct office *office, const char *id, const char *text, struct error *error)
{
        const struct authority_reply one = {.number = 1, .text = text};

        return authority_clarify_each(office, id, &one, 1, error);
}

int authority_clarify_each(struct office *office, const char *id, const struct authority_reply *replies,
        size_t count, struct error *error)
{
        const struct replying replying = {.replies = replies, .count = count};

        return case_run(office, id, clarify, &replying, error);
}

/* ---- validated afterwards ---- */

struct validating {
        enum validation_decision decision;
        const char *authority, *reason;
};

static int fill_validation(
        struct authority_case *c, const struct validating *v, struct validation *body, struct error *error)
{
        const char *name = v->authority && *v->authority ? v->authority : c->form->validator.organisation;
        const struct directory_organisation *one = directory_find(office_directory(c->office), name);

        if (!one)
                return error_set(error, -EINVAL,
                        *name ? "the directory knows no organisation \"%s\""
                              : "say which authority validates it (--authority)%s",
                        name);
        body->decision = v->decision;
        body->decided_ms = office_now(c->office);
        snprintf(body->authority.organisation, sizeof body->authority.organisation, "%s", one->name);
        snprintf(body->authority.country, sizeof body->authority.country, "%s", one->country);
        body->authority.nature = one->nature;
        int r = model_text(&body->authority.name, slice_of(one->display_name), MODEL_SHORT, "name", error);
        if (r == 0 && v->reason)
                r = model_text(&body->reason, slice_of(v->reason), MODEL_LONG, "reason", error);
        if (r == 0 && c->form->issuer.file_number)
                r = model_text(&body->authority.file_number, slice_of(c->form->issuer.file_number),
                        MODEL_SHORT, "file number", error);
        return r == 0 ? case_sign(c, &body->authority.signatory, error) : r;
}

/* The rules say whether this authority may validate, and whether the 48 hours are over. */
static int check_validation(struct authority_case *c, struct message *message, struct error *error)
{
        struct rule_findings findings;

        const struct directory_organisation *to =
                directory_find(office_directory(c->office), message->receiver.organisation);
        snprintf(message->sender.organisation, sizeof message->sender.organisation, "%s",
                office_organisation(c->office));
        snprintf(message->sender.country, sizeof message->sender.country, "%s",
                office_self(c->office)->country);
        snprintf(message->receiver.country, sizeof message->receiver.country, "%s", to ? to->country : "");
        message->sent_ms = office_now(c->office);
        int made = office_new_id(message->id, error);
        if (made < 0)
                return made;
        struct rule_facts facts = facts_make(c->office, message, c->form, NULL);
        int r = facts_look(c->office, message, &facts, &findings, error);
        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < findings.count; i++)
                if (findings.items[i].severity >= SEVERITY_ROUTE)
                        r = error_set(error, -EPERM, "rule %s (article %s): %s: %s",
                                findings.items[i].rule->id, findings.items[i].rule->article,
                                findings.items[i].place, findings.items[i].words);
        rule_findings_free(&findings);
        return r;
}

static int validate(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct validating *v = arguments;
        const struct authority_withdrawal refused = {
                .reason = WITHDRAWAL_VALIDATION_REFUSED, .explanation = v->reason, .delete_data = true};
        struct message message;

        int r = must_be_sent(c, PERSON_VALIDATOR, error);
        if (r == 0 && (!c->facts.unvalidated || c->facts.validated))
                r = error_set(error, -EPERM, "the order waits for no validation");
        if (r < 0)
                return r;
        case_message(c, MESSAGE_VALIDATION, NULL, &message);
        r = fill_validation(c, v, &message.validation, error);
        if (r == 0)
                r = check_validation(c, &message, error);
        if (r == 0)
                r = case_note(c, v->decision == VALIDATION_GRANTED ? "validate" : "refuse-validation",
                        PERSON_VALIDATOR, v->reason, error);
        if (r == 0)
                r = office_log(c->office, "later-validation", NULL,
                        json_pack("{s:s, s:s}", "order", c->order.id, "outcome",
                                v->decision == VALIDATION_GRANTED ? "validated" : "refused"),
                        error);
        if (r == 0 && v->decision == VALIDATION_GRANTED)
                r = book_fact_set(c->office, c->order.id, FACT_VALIDATED_MS, office_now(c->office), error);
        r = case_send(c, &message, r, error);
        if (r < 0 || v->decision == VALIDATION_GRANTED)
                return r;
        /* Article 4(5): withdrawn at once. No officer is needed for what the law says by itself. */
        c->facts.unvalidated = true;
        c->facts.issued_ms = TIME_UNKNOWN;
        r = book_take(c->office, &c->order, "withdraw-unvalidated", ACTOR_CLOCK, &c->facts, v->reason, error);
        return r == 0 ? case_withdraw(c, &refused, true, error) : r;
}

int authority_validate(struct office *office, const char *id, enum validation_decision decision,
        const char *authority, const char *reason, struct error *error)
{
        const struct validating v = {.decision = decision, .authority = authority, .reason = reason};

        return case_run(office, id, validate, &v, error);
}

/* ---- the clock ---- */

static int run_clock(struct authority_case *c, const void *arguments, struct error *error)
{
        static const struct authority_withdrawal overdue = {.reason = WITHDRAWAL_NOT_VALIDATED,
                .explanation = "not validated within 48 hours (Article 4(5))",
                .delete_data = true};
        const struct step *step = step_of_clock(MACHINE_ORDER, c->order.state, &c->facts);
        bool was_sent = c->order.state != ORDER_STATE_EMERGENCY_APPROVED;
        int64_t due_ms = TIME_UNKNOWN;

        (void)arguments;
        if (step) {
                int r = book_take(c->office, &c->order, step->id, ACTOR_CLOCK, &c->facts, NULL, error);
                if (r < 0 || strcmp(step->id, "withdraw-unvalidated") != 0)
                        return r < 0 ? r : 1;
                r = was_sent ? case_withdraw(c, &overdue, true, error) : case_delete_data(c, NULL, error);
                return r < 0 ? r : 1;
        }
        int r = book_fact(c->office, c->order.id, FACT_INFORM_LOOK_MS, TIME_UNKNOWN, &due_ms, error);
        if (r < 0 || c->order.state != ORDER_STATE_OPENED || due_ms == TIME_UNKNOWN ||
                due_ms > office_now(c->office))
                return r;
        /* Article 13: somebody has to inform, or to decide anew why not. Told again after a day. */
        struct book_incident incident = {.code = "inform-due", .at_ms = office_now(c->office)};
        snprintf(incident.peer, sizeof incident.peer, "%s", office_organisation(c->office));
        snprintf(incident.message_id, sizeof incident.message_id, "%s", c->order.message_id);
        snprintf(incident.words, sizeof incident.words,
                "order %s: the person has to be informed now, or a delay decided and reasoned", c->order.id);
        r = book_incident_add(c->office, &incident, error);
        if (r == 0)
                r = book_fact_set(
                        c->office, c->order.id, FACT_INFORM_LOOK_MS, office_now(c->office) + TIME_DAY, error);
        return r;
}

int authority_clock(struct office *office, const char *id, struct error *error)
{
        return case_run(office, id, run_clock, NULL, error);
}
