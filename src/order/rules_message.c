/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/deadline.h"
#include "order/rules_row.h"

#include <stdio.h>

/* Is the text one of the order's identifiers? "" is the whole order; without the order nothing can be said.
 */
static bool is_of_order(const struct rule_case *c, const char *id)
{
        return !c->facts->order || !*id || order_identifier(c->facts->order, id);
}

/* Which parties of an order may send what about it. */
static bool is_from_provider(enum message_kind kind)
{
        return kind == MESSAGE_CLARIFICATION_REQUEST || kind == MESSAGE_CANNOT_EXECUTE ||
               kind == MESSAGE_ANSWER;
}

static bool is_from_anybody(enum message_kind kind)
{
        return kind == MESSAGE_RECEIPT || kind == MESSAGE_ERROR_REPORT;
}

static bool is_from_enforcing(enum message_kind kind)
{
        return kind == MESSAGE_EA_OBJECTION || kind == MESSAGE_EA_CLEARANCE;
}

static bool is_one_of(const char *name, const char *one, const char *other)
{
        return *name && (strcmp(name, one) == 0 || strcmp(name, other) == 0);
}

static bool is_enforcing(const struct rule_case *c, const char *name)
{
        const struct organisation_facts *facts = &c->facts->enforcing;
        const struct ea_involvement *ea = &c->facts->order->ea;

        if (!facts->known || !(facts->roles & WORD_BIT(ORGANISATION_ENFORCING)) ||
                strcmp(facts->organisation, name) != 0 ||
                strcmp(facts->country, c->facts->order->addressee.country) != 0)
                return false;
        /* where the order names one, it is that one; Form 3 may have called one that it does not name */
        return !*ea->authority.organisation || strcmp(ea->authority.organisation, name) == 0;
}

/* Nobody is believed to have been validated because he says so: who validates seals it himself. That it was
 * refused the issuing authority may say too. Section J, where it is filled in, says whose it is. */
static bool may_validate(const struct rule_case *c, const char *name)
{
        const struct validation *validation = &c->message->validation;
        const struct order *order = c->facts->order;
        const char *who = validation->authority.organisation;

        if (validation->decision == VALIDATION_REFUSED && is_one_of(name, order->issuer.organisation, who))
                return true;
        return *name && strcmp(name, who) == 0 &&
               (!*order->validator.organisation || strcmp(order->validator.organisation, who) == 0);
}

static bool may_send(const struct rule_case *c, const char *name)
{
        const struct order *order = c->facts->order;
        enum message_kind kind = c->message->kind;
        bool authority = is_one_of(name, order->issuer.organisation, order->validator.organisation);
        bool provider =
                is_one_of(name, order->addressee.organisation, order->addressee.provider_organisation);

        if (is_from_anybody(kind))
                return authority || provider || is_enforcing(c, name);
        if (is_from_provider(kind))
                return provider;
        if (is_from_enforcing(kind))
                return is_enforcing(c, name);
        return kind == MESSAGE_VALIDATION ? may_validate(c, name) : authority;
}

void look_from_party(struct rule_case *c)
{
        const char *sender = c->message->sender.organisation, *seal = c->facts->sealed_by;

        if (c->facts->received && strcmp(seal, sender) != 0)
                broken(c, "message.sender", NULL, "sent by \"%s\", but sealed by \"%s\"", sender,
                        *seal ? seal : "nobody");
        if (!c->facts->order) {
                if (c->facts->received)
                        broken(c, "message.order_id", NULL, "no such order is known here");
                return;
        }
        if (!may_send(c, sender))
                broken(c, "message.sender", NULL, "\"%s\" is not the party of the order that may send %s",
                        sender, word_name(&message_kind_words, c->message->kind));
}

static void must_be_of_order(struct rule_case *c, const struct text_list *ids)
{
        for (size_t i = 0; i < ids->count; i++)
                if (!is_of_order(c, ids->items[i]))
                        broken(c, "identifier_ids", NULL, "the order has no identifier %s", ids->items[i]);
}

void look_clearance(struct rule_case *c)
{
        must_be_of_order(c, &c->message->ea_clearance.identifier_ids);
}

void look_amendment(struct rule_case *c)
{
        const struct order *before = c->facts->order, *now = c->order;

        if (!before)
                return;
        if (strcmp(before->issuer.organisation, now->issuer.organisation) != 0)
                broken(c, "order.issuer.organisation", NULL, "\"%s\" issued it, not \"%s\"",
                        before->issuer.organisation, now->issuer.organisation);
        if (strcmp(before->addressee.organisation, now->addressee.organisation) != 0)
                broken(c, "order.addressee.organisation", NULL,
                        "it went to \"%s\": issue a new order to \"%s\"", before->addressee.organisation,
                        now->addressee.organisation);
        if (before->ea.notified == STATED_YES &&
                (now->ea.notified != STATED_YES ||
                        strcmp(before->ea.authority.organisation, now->ea.authority.organisation) != 0))
                broken(c, "order.ea", NULL,
                        "\"%s\" was notified of it, and is notified of what becomes of it",
                        before->ea.authority.organisation);
}

void look_review(struct rule_case *c)
{
        must_be_of_order(c, &c->message->review_decision.identifier_ids);
}

/* The Member States: what lies in one of them is not a third country (Article 17(1)). */
static bool is_member_state(const char *country)
{
        static const char states[] =
                "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK ";

        return strlen(country) == 2 && strstr(states, country) != NULL;
}

static uint64_t obstacles_of(const struct cannot_execute *form)
{
        uint64_t found = 0;

        for (size_t i = 0; i < form->reasons.count; i++)
                found |= form->reasons.items[i].obstacles;
        return found;
}

void look_third_country(struct rule_case *c)
{
        const struct cannot_execute *form = &c->message->cannot_execute;

        if (!(obstacles_of(form) & WORD_BIT(OBSTACLE_THIRD_COUNTRY_LAW)))
                return;
        if (is_member_state(form->conflict.country))
                broken(c, "conflict.country", NULL, "%s is a Member State, not a third country",
                        form->conflict.country);
        if (!form->conflict.law || !form->conflict.obligation || !form->conflict.applies)
                broken(c, "conflict", NULL,
                        "which law, which obligation, and why it applies have to be stated; that data are "
                        "stored there is "
                        "not enough");
}

void look_third_country_time(struct rule_case *c)
{
        char text[TIME_TEXT_MAX];

        if ((obstacles_of(&c->message->cannot_execute) & WORD_BIT(OBSTACLE_THIRD_COUNTRY_LAW)) &&
                c->facts->third_country_ms != TIME_UNKNOWN &&
                c->message->sent_ms >= c->facts->third_country_ms)
                broken(c, "message.sent_ms", NULL, "the 10 days were over at %s",
                        time_format_utc(c->facts->third_country_ms, text));
}

void look_form3_ea(struct rule_case *c)
{
        const struct cannot_execute *form = &c->message->cannot_execute;

        if ((obstacles_of(form) & WORD_BIT(OBSTACLE_IMMUNITY_OR_PRESS)) && !form->enforcing_authority)
                broken(c, "enforcing_authority", NULL,
                        "the enforcing authority that it goes to as well is not named");
}

void look_form3_identifiers(struct rule_case *c)
{
        const struct cannot_execute *form = &c->message->cannot_execute;
        char place[MODEL_PATH_MAX];

        for (size_t i = 0; i < form->reasons.count; i++)
                if (!is_of_order(c, form->reasons.items[i].identifier_id)) {
                        snprintf(place, sizeof place, "reasons[%zu].identifier_id", i);
                        broken(c, place, NULL, "the order has no identifier %s",
                                form->reasons.items[i].identifier_id);
                }
        for (size_t i = 0; i < form->kept.count; i++)
                if (!is_of_order(c, form->kept.items[i].identifier_id)) {
                        snprintf(place, sizeof place, "kept[%zu].identifier_id", i);
                        broken(c, place, NULL, "the order has no identifier %s",
                                form->kept.items[i].identifier_id);
                }
}

void look_extension(struct rule_case *c)
{
        if (c->message->extension.days != DEADLINE_EXTENSION_DAYS)
                broken(c, "days", NULL, "an extension is one of 30 days");
        if (c->facts->extended_before)
                broken(c, "message", NULL,
                        "it was extended already; a production order keeps the data from here on");
        if (c->facts->order && c->facts->order->kind != ORDER_PRESERVATION)
                broken(c, "message.order_id", NULL, "the order preserves nothing that could be extended");
}

void look_withdrawal(struct rule_case *c)
{
        const struct withdrawal *withdrawal = &c->message->withdrawal;

        if (withdrawal->reason != WITHDRAWAL_NOT_VALIDATED &&
                withdrawal->reason != WITHDRAWAL_VALIDATION_REFUSED) {
                if (withdrawal->reason != WITHDRAWAL_NONE && !*withdrawal->signatory.person)
                        broken(c, "signatory", NULL, "only what the clock withdraws has no signatory");
                return;
        }
        if (withdrawal->delete_data != STATED_YES)
                broken(c, "delete_data", NULL, "whoever has data under it has to delete or restrict them");
        if (withdrawal->deleted_ms == TIME_UNKNOWN)
                broken(c, "deleted_ms", NULL, "it is not stated when the authority deleted its own");
}

void look_validation_time(struct rule_case *c)
{
        const struct validation *validation = &c->message->validation;
        char text[TIME_TEXT_MAX];

        if (!c->facts->order || validation->decision != VALIDATION_GRANTED)
                return;
        int64_t due = deadline_validation(c->facts->order->issuer.signatory.signed_ms);
        if (due != TIME_UNKNOWN && validation->decided_ms >= due)
                broken(c, "decided_ms", NULL, "the 48 hours were over at %s; the order is withdrawn",
                        time_format_utc(due, text));
        if (*validation->authority.signatory.person &&
                strcmp(validation->authority.signatory.person, c->facts->order->issuer.signatory.person) == 0)
                broken(c, "authority.signatory.person", NULL, "%s issued it, and cannot validate it too",
                        validation->authority.signatory.person);
}

void look_objection(struct rule_case *c)
{
        const struct ea_objection *body = &c->message->ea_objection;
        char place[MODEL_PATH_MAX];

        for (size_t i = 0; i < body->objections.count; i++) {
                const struct objection *objection = &body->objections.items[i];
                snprintf(place, sizeof place, "objections[%zu]", i);
                if (!is_of_order(c, objection->identifier_id))
                        broken(c, place, NULL, "the order has no identifier %s", objection->identifier_id);
                if (objection->effect == OBJECTION_CONDITIONAL && objection->conditions.count == 0)
                        broken(c, place, NULL, "the conditions are not stated");
                if (objection->effect == OBJECTION_DELETE && c->facts->order &&
                        !order_is_emergency(c->facts->order))
                        broken(c, place, NULL,
                                "data are deleted afterwards only where an emergency had them produced");
        }
}

void look_dual_criminality(struct rule_case *c)
{
        const struct ea_objection *body = &c->message->ea_objection;

        if (!c->facts->order || !c->facts->order->grounds.annex ||
                c->facts->order->grounds.maximum_months < 36)
                return;
        for (size_t i = 0; i < body->objections.count; i++)
                if (body->objections.items[i].grounds & WORD_BIT(GROUND_DUAL_CRIMINALITY))
                        broken(c, "objections", NULL,
                                "the order names an offence of Annex IV that threatens three years: dual "
                                "criminality is not "
                                "examined");
}

void look_error_report(struct rule_case *c)
{
        const struct error_report *report = &c->message->error_report;

        if (report->kind != ERROR_WRONG_PERSON && report->kind != ERROR_WRONG_TIME &&
                report->kind != ERROR_WRONG_IDENTIFIER)
                return;
        if (report->person_informed != STATED_YES || report->person_informed_ms == TIME_UNKNOWN)
                broken(c, "person_informed", NULL, "the wrongly identified person has not been informed");
        if (report->oversight_informed != STATED_YES || report->oversight_informed_ms == TIME_UNKNOWN)
                broken(c, "oversight_informed", NULL, "the oversight body has not been informed");
}
