/* SPDX-License-Identifier: EUPL-1.2 */
/* What the desk sees of an order before anything is read: its legal summary and what a release would give. */
#include "exchange/beside.h"
#include "exchange/provider_case.h"

#include "order/form.h"
#include "order/identifier.h"

#include <stdio.h>

static json_t *utc(int64_t at)
{
        char text[TIME_TEXT_MAX];

        return at == TIME_UNKNOWN || at >= TIME_LIMIT ? json_null() : json_string(time_format_utc(at, text));
}

static json_t *words_of(const struct vocabulary *vocabulary, uint64_t set)
{
        json_t *list = json_array();

        for (size_t i = 0; i < vocabulary->count; i++)
                if (set & WORD_BIT(vocabulary->words[i].value))
                        json_array_append_new(list, json_string(vocabulary->words[i].name));
        return list;
}

static json_t *row_json(const struct book_order *order)
{
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:b, s:b, s:o, s:o, s:o}", "order", order->id,
                "side", word_name(&book_side_words, (int)order->side), "kind",
                word_name(&order_kind_words, (int)order->kind), "state",
                word_name(&order_state_words, order->state), "state_words",
                word_meaning(&order_state_words, order->state), "generation", (json_int_t)order->generation,
                "peer", order->peer, "emergency", order->emergency, "test", order->test, "received",
                utc(order->received_ms), "issued", utc(order->issued_ms), "title", json_string(order->title));
}

/* ---- list ---- */

static int note_order(void *context, const struct book_order *order)
{
        return json_array_append_new(context, row_json(order)) < 0 ? -ENOMEM : 0;
}

int provider_list(struct office *office, json_t **ret_list, struct error *error)
{
        json_t *list = json_array();
        int r = list ? book_orders_each(office, SIDE_PROVIDER, 0, note_order, list, error) : -ENOMEM;

        if (r == 0)
                r = book_orders_each(office, SIDE_ENFORCING, 0, note_order, list, error);
        if (r == 0)
                r = book_orders_each(office, SIDE_VALIDATING, 0, note_order, list, error);
        if (r < 0) {
                json_decref(list);
                return r;
        }
        *ret_list = list;
        return 0;
}

/* ---- one order ---- */

/* What a release would give out of one identifier, by the order's own words; nothing of the store is known.
 */
static json_t *would_release(const struct provider_case *c, const struct identifier *identifier)
{
        uint64_t categories = order_categories(c->form, identifier) & c->form->data.categories;
        const struct data_wish *data = &c->form->data;
        const struct scope_refusal *refusal = scope_refusal_of(&c->scope, identifier->id);
        json_t *list = json_array();

        if (refusal)
                return list;
        if (((categories & WORD_BIT(CATEGORY_SUBSCRIBER)) &&
                    (data->subscriber & WORD_BIT(SUBSCRIBER_IDENTITY))) ||
                ((categories & WORD_BIT(CATEGORY_IDENTIFY_ONLY)) &&
                        (data->identification & WORD_BIT(IDENTIFICATION_USER_IDS))))
                json_array_append_new(list, json_string("the subscriber, as the records call the line"));
        if ((categories & WORD_BIT(CATEGORY_SUBSCRIBER)) &&
                (data->subscriber & WORD_BIT(SUBSCRIBER_IDENTITY)))
                json_array_append_new(list, json_string("name and postal address, with its origin"));
        if ((categories & WORD_BIT(CATEGORY_IDENTIFY_ONLY)) &&
                (data->identification & WORD_BIT(IDENTIFICATION_IP_LOGS)))
                json_array_append_new(list, json_string("inside address and the lease's prefix"));
        if ((categories & WORD_BIT(CATEGORY_IDENTIFY_ONLY)) &&
                (data->identification & WORD_BIT(IDENTIFICATION_PORTS)))
                json_array_append_new(list, json_string("inside port and range of outside ports"));
        if ((categories & WORD_BIT(CATEGORY_TRAFFIC)) && (data->traffic & WORD_BIT(TRAFFIC_CONNECTIONS)))
                json_array_append_new(
                        list, json_string("destinations of connections wholly within the time"));
        return list;
}

static json_t *identifier_json(const struct provider_case *c, const struct identifier *identifier)
{
        const struct scope_refusal *refusal = scope_refusal_of(&c->scope, identifier->id);
        char times[1024] = "";

        identifier_time_words(identifier, c->calendar.zone, times, sizeof times);
        return json_pack("{s:s, s:s, s:s?, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:s?, s:o}", "id",
                identifier->id, "kind", word_name(&identifier_kind_words, (int)identifier->kind), "value",
                identifier->value, "port",
                identifier->source_port == MODEL_UNSTATED ? json_null()
                                                          : json_integer(identifier->source_port),
                "protocol",
                identifier->protocol == MODEL_UNSTATED ? json_null() : json_integer(identifier->protocol),
                "from", utc(identifier->from_ms), "to", utc(identifier->to_ms), "times", times, "categories",
                words_of(&data_category_words, order_categories(c->form, identifier)), "warnings",
                words_of(&identifier_warning_words, identifier->warnings), "refused",
                refusal ? refusal->reason : NULL, "would_release", would_release(c, identifier));
}

static int add_fact(
        struct provider_case *c, json_t *deadlines, const char *name, const char *fact, struct error *error)
{
        int64_t at = TIME_UNKNOWN;
        char text[DEADLINE_TEXT_MAX];
        int r = book_fact(c->office, c->order.id, fact, TIME_UNKNOWN, &at, error);

        if (r == 0 && at != TIME_UNKNOWN && at < TIME_LIMIT) {
                json_object_set_new(deadlines, name, utc(at));
                char label[64];
                snprintf(label, sizeof label, "%s_words", name);
                json_object_set_new(deadlines, label, json_string(deadline_words(&c->calendar, at, text)));
        }
        return r;
}

static const char saw_another[] = "the enforcing authority was notified of an order that says something else "
                                  "than this one: nothing leaves, on day 10 neither, until the issuing "
                                  "authority amends it, to both the same, or withdraws it";
static const char ahead[] =
        "the enforcing authority was notified of an amendment that has not come here, or was "
        "refused: day 10 does not run until the order is amended or withdrawn";

static int deadlines_of(struct provider_case *c, json_t **ret, struct error *error)
{
        json_t *deadlines = json_object();
        int r = add_fact(c, deadlines, "answer_due", FACT_DUE_MS, error);

        if (r == 0)
                r = add_fact(c, deadlines, "clarification_due", FACT_QUESTION_DUE_MS, error);
        if (r == 0)
                r = add_fact(c, deadlines, "preserved_until", FACT_PRESERVED_UNTIL_MS, error);
        if (r == 0)
                r = add_fact(c, deadlines, "notice_due", FACT_NOTICE_DUE_MS, error);
        if (r == 0)
                r = add_fact(c, deadlines, "noticed", FACT_NOTICED_MS, error);
        if (r == 0 && c->facts.ea_involved) {
                json_object_set_new(deadlines, "enforcing_authority_until", utc(c->facts.ea_release_ms));
                json_object_set_new(
                        deadlines, "enforcing_authority_cleared", json_boolean(c->facts.ea_cleared));
                if (!c->facts.ea_cleared && (c->ea_saw_another || c->ea_ahead))
                        json_object_set_new(deadlines, "enforcing_authority_words",
                                json_string(c->ea_saw_another ? saw_another : ahead));
        }
        if (r == 0 && c->facts.unvalidated && !c->facts.validated)
                json_object_set_new(
                        deadlines, "validation_until", utc(deadline_validation(c->order.issued_ms)));
        *ret = deadlines;
        return r;
}

static int note_decision(void *context, const struct book_decision *decision)
{
        return json_array_append_new(
                       context, json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s}", "at", utc(decision->at_ms),
                                        "step", decision->step, "person", decision->person, "role",
                                        word_name(&person_role_words, (int)decision->role), "to",
                                        word_name(&order_state_words, decision->to), "identifier",
                                        decision->identifier_id, "reason", decision->reason)) < 0
                       ? -ENOMEM
                       : 0;
}

static json_t *summary_json(const struct provider_case *c)
{
        const struct order *form = c->form;
        const struct directory_organisation *issuer =
                directory_find(office_directory(c->office), c->order.peer);

        return json_pack("{s:s?, s:s, s:s?, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:s?}",
                "file_number", form->issuing_file_number, "issuer_nature",
                word_name(&authority_nature_words, (int)form->issuer.nature), "issuer", form->issuer.name,
                "validator", form->validator.name, "offence", form->grounds.offence, "provision",
                form->grounds.provision, "categories", words_of(&data_category_words, form->data.categories),
                "subscriber_data", words_of(&subscriber_data_words, form->data.subscriber),
                "identifying_data", words_of(&identification_data_words, form->data.identification),
                "traffic_data", words_of(&traffic_data_words, form->data.traffic), "protections",
                words_of(&protection_words, form->grounds.protections), "deadline",
                word_name(&deadline_kind_words, (int)form->deadline.kind), "all_holders",
                word_name(&yes_no_words, (int)form->data.all_holders), "call_back",
                c->order.emergency && issuer && issuer->contact_count ? issuer->contacts[0].phone : NULL);
}

static int view_of(struct provider_case *c, json_t **ret_view, struct error *error)
{
        json_t *view = row_json(&c->order), *identifiers = json_array(), *decisions = json_array(),
               *deadlines = NULL, *offers = NULL, *conditions = NULL, *questions = NULL;
        struct rule_findings findings = {.items = NULL};

        int r = provider_rules(c, &findings, error);
        for (size_t i = 0; r == 0 && i < c->form->identifiers.count; i++)
                json_array_append_new(identifiers, identifier_json(c, &c->form->identifiers.items[i]));
        if (r == 0)
                r = deadlines_of(c, &deadlines, error);
        if (r == 0)
                r = book_decisions_each(c->office, c->order.id, note_decision, decisions, error);
        json_object_set_new(view, "summary", summary_json(c));
        json_object_set_new(view, "identifiers", identifiers);
        json_object_set_new(view, "findings", facts_findings_list(&findings));
        json_object_set_new(view, "decisions", decisions);
        json_object_set_new(view, "prepared", json_boolean(draft_is_there(c)));
        if (r == 0)
                r = conditions_show(c, &conditions, error);
        if (json_array_size(conditions) > 0)
                json_object_set(view, "conditions", conditions);
        json_decref(conditions);
        if (r == 0)
                r = facts_questions(c->office, c->order.id, &questions, error);
        if (json_array_size(questions) > 0)
                json_object_set(view, "questions", questions);
        json_decref(questions);
        if (r == 0)
                r = beside_offers_show(c->office, c->order.id, &offers, error);
        if (json_array_size(offers) > 0)
                json_object_set(view, "offers", offers);
        json_decref(offers);
        if (deadlines)
                json_object_set_new(view, "deadlines", deadlines);
        rule_findings_free(&findings);
        if (r < 0) {
                json_decref(view);
                return r;
        }
        *ret_view = view;
        return 0;
}

int provider_show(struct office *office, const char *id, json_t **ret_view, struct error *error)
{
        struct provider_case c;
        int r = office_roles(office)
                        ? provider_case_open(office, id, &c, error)
                        : error_set(error, -EPERM, "%s has no role at this node", office_person(office));

        if (!office_roles(office))
                return r;
        if (r == 0)
                r = view_of(&c, ret_view, error);
        provider_case_close(&c);
        return r;
}
