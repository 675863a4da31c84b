/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/facts.h"

#include "directory/facts.h"

#include <stdio.h>

void facts_organisation(struct office *office, const char *organisation, enum organisation_role role,
        struct organisation_facts *ret)
{
        directory_facts(office_directory(office), organisation, role, ret);
}

/* The validating authority of a message that is no order stands in its own body. */
static const char *validator_of(const struct message *message, const struct order *order)
{
        if (message->kind == MESSAGE_VALIDATION)
                return message->validation.authority.organisation;
        return order ? order->validator.organisation : "";
}

/* Where section K names none, Form 3 may have called one: then it is who speaks. The rules ask whether it is
 * one of the addressee's State. */
static const char *enforcing_of(const struct message *message, const struct order *form)
{
        bool speaks = message->kind == MESSAGE_EA_OBJECTION || message->kind == MESSAGE_EA_CLEARANCE;

        return *form->ea.authority.organisation || !speaks ? form->ea.authority.organisation
                                                           : message->sender.organisation;
}

struct rule_facts facts_make(struct office *office, const struct message *message, const struct order *order,
        const char *sealed_by)
{
        const struct order *own = message_order_const(message), *form = own ? own : order;
        struct rule_facts facts = {.now_ms = office_now(office),
                .received = sealed_by != NULL,
                .directory_expired = office_directory_is_expired(office),
                .order = order,
                .near_edge_ms = office_settings(office)->near_edge_ms,
                .third_country_ms = TIME_UNKNOWN};

        if (sealed_by)
                snprintf(facts.sealed_by, sizeof facts.sealed_by, "%s", sealed_by);
        if (!form)
                return facts;
        facts_organisation(office, form->issuer.organisation, ORGANISATION_ISSUING, &facts.issuer);
        facts_organisation(office, validator_of(message, form), ORGANISATION_VALIDATING, &facts.validator);
        facts_organisation(office, form->addressee.organisation, ORGANISATION_PROVIDER, &facts.addressee);
        facts_organisation(office, enforcing_of(message, form), ORGANISATION_ENFORCING, &facts.enforcing);
        return facts;
}

int facts_look(struct office *office, const struct message *message, const struct rule_facts *facts,
        struct rule_findings *ret, struct error *error)
{
        int r = rules_look(message, facts, &office_settings(office)->limits, ret);

        return r < 0 ? error_set(error, r, "not enough memory for the rules") : 0;
}

json_t *facts_findings_json(const struct rule_findings *findings)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < findings->count; i++)
                if (findings->items[i].severity > SEVERITY_NOTE)
                        json_array_append_new(list, json_sprintf("%s: %.*s", findings->items[i].rule->id,
                                                            slice_fitting(findings->items[i].words, 480),
                                                            findings->items[i].words));
        return list;
}

json_t *facts_findings_list(const struct rule_findings *findings)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < findings->count; i++) {
                const struct rule_finding *finding = &findings->items[i];
                json_array_append_new(list,
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "rule", finding->rule->id, "article",
                                finding->rule->article, "severity",
                                word_name(&severity_words, (int)finding->severity), "place", finding->place,
                                "identifier", finding->identifier_id, "words", finding->words));
        }
        return list;
}

json_t *facts_identifiers_list(const struct order *form)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < form->identifiers.count; i++)
                json_array_append_new(
                        list, json_pack("{s:s, s:s, s:s?}", "id", form->identifiers.items[i].id, "kind",
                                      word_name(&identifier_kind_words, (int)form->identifiers.items[i].kind),
                                      "value", form->identifiers.items[i].value));
        return list;
}

int facts_own_authority(
        struct office *office, const char *order_id, struct authority *ret, struct error *error)
{
        const struct directory_organisation *self = office_self(office);
        char number[64];

        snprintf(ret->country, sizeof ret->country, "%s", self->country);
        snprintf(ret->organisation, sizeof ret->organisation, "%s", self->name);
        /* The directory states a nature of those alone that issue and validate. */
        ret->nature = self->nature ? self->nature : NATURE_OTHER;
        ret->signatory.signed_ms = office_now(office);
        snprintf(ret->signatory.person, sizeof ret->signatory.person, "%s", office_person(office));
        snprintf(number, sizeof number, "order %s", order_id);
        int r = model_text(&ret->name, slice_of(self->display_name), MODEL_SHORT, "name", error);
        if (r == 0)
                r = model_text(
                        &ret->signatory.name, slice_of(office_person(office)), MODEL_SHORT, "name", error);
        if (r == 0)
                r = model_text(&ret->file_number, slice_of(number), MODEL_SHORT, "file number", error);
        return r;
}

struct listing {
        struct office *office;
        json_t *list;
        struct error *error;
};

static json_t *obstacles_of(uint64_t obstacles)
{
        json_t *list = json_array();

        for (size_t i = 0; i < obstacle_words.count; i++)
                if (obstacles & WORD_BIT(obstacle_words.words[i].value))
                        json_array_append_new(list, json_string(obstacle_words.words[i].name));
        return list;
}

static int list_reasons(void *context, const struct book_message *row)
{
        struct listing *listing = context;
        struct message message;
        char at[TIME_TEXT_MAX];

        if (row->direction != DIRECTION_IN || row->refused)
                return 0;
        message_init(&message, MESSAGE_NONE);
        int r = book_message_read(listing->office, row->peer, row->id, &message, listing->error);
        const struct cannot_execute *body = &message.cannot_execute;
        for (size_t i = 0; r == 0 && i < body->reasons.count; i++) {
                const struct impossibility *one = &body->reasons.items[i];
                if (json_array_append_new(listing->list,
                            json_pack("{s:s, s:s, s:s, s:s, s:o, s:s?, s:s?}", "message", row->id, "peer",
                                    row->peer, "at", time_format_utc(row->at_ms, at), "identifier",
                                    one->identifier_id, "obstacles", obstacles_of(one->obstacles),
                                    "explanation", one->explanation, "information_needed",
                                    body->information_needed)) < 0)
                        r = error_set(listing->error, -ENOMEM, "not enough memory");
        }
        message_free(&message);
        return r;
}

int facts_impossibilities(struct office *office, const char *order_id, json_t **ret, struct error *error)
{
        struct listing listing = {.office = office, .list = json_array(), .error = error};
        int r = book_messages_each(office, order_id, MESSAGE_CANNOT_EXECUTE, list_reasons, &listing, error);

        if (r < 0)
                json_decref(listing.list);
        else
                *ret = listing.list;
        return r < 0 ? r : 0;
}
