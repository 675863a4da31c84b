/* SPDX-License-Identifier: EUPL-1.2 */
/* Drafts: written by an officer, identifiers out of their source, approved by somebody else. */
#include "exchange/authority_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the node knows better than a form ---- */

static int fill_text(char **text, const char *value, struct error *error)
{
        return *text || !value || !*value ? 0
                                          : model_text(text, slice_of(value), MODEL_SHORT, "a name", error);
}

static int fill_issuer(struct office *office, struct order *form, struct error *error)
{
        const struct directory_organisation *self = office_self(office);
        struct authority *issuer = &form->issuer;
        const char *person = office_person(office);

        snprintf(issuer->organisation, sizeof issuer->organisation, "%s", self->name);
        snprintf(issuer->country, sizeof issuer->country, "%s", self->country);
        if (issuer->nature == NATURE_NONE)
                issuer->nature = self->nature;
        snprintf(issuer->signatory.person, sizeof issuer->signatory.person, "%s", person);
        issuer->signatory.signed_ms = office_now(office);
        int r = fill_text(&issuer->name, self->display_name, error);
        if (r == 0)
                r = fill_text(&issuer->file_number, form->issuing_file_number, error);
        if (r == 0 && !issuer->signatory.name)
                r = model_text(&issuer->signatory.name, slice_make(person, strcspn(person, "@")), MODEL_SHORT,
                        "name of the signatory", error);
        return r;
}

static int fill_named(struct office *office, char country[MODEL_COUNTRY_MAX], char **name,
        const char *organisation, struct error *error)
{
        const struct directory_organisation *one = directory_find(office_directory(office), organisation);

        if (!*organisation || !one)
                return 0; /* the rules say what that means */
        if (!*country)
                snprintf(country, MODEL_COUNTRY_MAX, "%s", one->country);
        return fill_text(name, one->display_name, error);
}

static int fill_authority(struct office *office, struct authority *authority, struct error *error)
{
        const struct directory_organisation *one =
                directory_find(office_directory(office), authority->organisation);

        if (*authority->organisation && one && authority->nature == NATURE_NONE)
                authority->nature = one->nature;
        return fill_named(office, authority->country, &authority->name, authority->organisation, error);
}

static int fill_form(struct office *office, struct message *message, struct error *error)
{
        struct order *form = message_order(message);

        if (!form ||
                (message->kind != MESSAGE_PRODUCTION_ORDER && message->kind != MESSAGE_PRESERVATION_ORDER))
                return error_set(error, -EINVAL, "the form is that of no order");
        if (form->kind == ORDER_NONE)
                form->kind =
                        message->kind == MESSAGE_PRODUCTION_ORDER ? ORDER_PRODUCTION : ORDER_PRESERVATION;
        if (!*form->addressee.organisation)
                return error_set(error, -EINVAL,
                        "addressee.organisation: is missing; without it nobody knows where the order goes");
        int r = fill_issuer(office, form, error);
        if (r == 0)
                r = fill_named(office, form->addressee.country, &form->addressee.name,
                        form->addressee.organisation, error);
        if (r == 0)
                r = fill_authority(office, &form->validator, error);
        if (r == 0)
                r = fill_authority(office, &form->ea.authority, error);
        if (order_is_emergency(form) && !*form->emergency.first_person)
                snprintf(form->emergency.first_person, sizeof form->emergency.first_person, "%s",
                        office_person(office));
        snprintf(message->sender.organisation, sizeof message->sender.organisation, "%s",
                office_organisation(office));
        snprintf(message->sender.country, sizeof message->sender.country, "%s", office_self(office)->country);
        snprintf(message->receiver.organisation, sizeof message->receiver.organisation, "%s",
                form->addressee.organisation);
        snprintf(message->receiver.country, sizeof message->receiver.country, "%s",
                *form->addressee.country ? form->addressee.country : office_self(office)->country);
        message->sent_ms = office_now(office);
        message->generation = 0;
        return r;
}

static void fill_row(struct office *office, const struct message *message, struct book_order *order)
{
        const struct order *form = message_order_const(message);

        order->kind = form->kind;
        order->emergency = order_is_emergency(form);
        order->test = message->test == STATED_YES;
        order->changed_ms = office_now(office);
        snprintf(order->peer, sizeof order->peer, "%s", form->addressee.organisation);
        book_text_set(order->title, form->title                 ? form->title
                                    : form->issuing_file_number ? form->issuing_file_number
                                                                : "");
}

static int make_new(
        struct office *office, struct message *form, struct book_order *order, struct error *error)
{
        struct authority_case c = {.office = office};
        int r = office_new_id(order->id, error);

        if (r == 0)
                r = office_new_id(form->id, error);
        if (r < 0)
                return r;
        memcpy(form->order_id, order->id, sizeof form->order_id);
        memcpy(order->message_id, form->id, sizeof order->message_id);
        order->side = SIDE_AUTHORITY;
        order->state = ORDER_STATE_DRAFT;
        order->created_ms = office_now(office);
        order->issued_ms = order->received_ms = order->look_ms = TIME_UNKNOWN;
        fill_row(office, form, order);
        struct book_message row = {.direction = DIRECTION_DRAFT, .at_ms = office_now(office)};
        snprintf(row.peer, sizeof row.peer, "%s", order->peer);
        r = book_order_add(office, order, error);
        if (r == 0)
                r = book_message_put(office, form, &row, error);
        c.order = *order;
        return r == 0 ? case_note(&c, "draft", PERSON_OFFICER, NULL, error) : r;
}

int authority_new(
        struct office *office, struct message *form, struct book_order *ret_order, struct error *error)
{
        struct book_order order = {.generation = 0};

        int r = office_need_role(office, PERSON_OFFICER, error);
        if (r == 0)
                r = fill_form(office, form, error);
        if (r == 0)
                r = office_step_begin(office, error);
        if (r < 0)
                return r;
        r = office_step_end(office, make_new(office, form, &order, error), error);
        if (r == 0)
                *ret_order = order;
        return r;
}

static int must_be_draft(struct authority_case *c, struct error *error)
{
        if (c->order.state == ORDER_STATE_DRAFT)
                return 0;
        return error_set(error, -EPERM, "the order is no draft any more (%s)",
                word_meaning(&order_state_words, c->order.state));
}

static int may_write(struct authority_case *c, enum person_role role, struct error *error)
{
        int r = must_be_draft(c, error);

        if (r == 0)
                r = office_need_role(c->office, role, error);
        for (size_t i = 0; r == 0 && i < c->facts.act_count; i++)
                if (c->acts[i].role != role && strcmp(c->acts[i].person, office_person(c->office)) == 0)
                        r = error_set(error, -EPERM, "%s acted for this order as %s: another person has to",
                                c->acts[i].person, word_name(&person_role_words, c->acts[i].role));
        return r;
}

/* The form goes into the amendment; the identifiers stay, as in every draft. */
static int edit_amendment(struct authority_case *c, struct message *form, struct error *error)
{
        if (form->order.kind != c->form->kind)
                return error_set(error, -EINVAL, "an amendment does not turn %s into %s: issue a new order",
                        word_name(&order_kind_words, (int)c->form->kind),
                        word_name(&order_kind_words, (int)form->order.kind));
        struct identifier_list kept = c->form->identifiers;
        c->form->identifiers = (struct identifier_list){.items = NULL};
        int r = model_copy(&order_type, &form->order, c->form);
        c->form->identifiers = kept;
        if (r < 0)
                return error_set(error, r, "not enough memory");
        c->order.emergency = order_is_emergency(c->form);
        c->order.changed_ms = office_now(c->office);
        r = case_keep_draft(c, error);
        return r == 0 ? case_note(c, "edit", PERSON_OFFICER, NULL, error) : r;
}

static int edit(struct authority_case *c, const void *arguments, struct error *error)
{
        struct message *form = (struct message *)(uintptr_t)arguments;

        int r = may_write(c, PERSON_OFFICER, error);
        if (r == 0)
                r = fill_form(c->office, form, error);
        if (r == 0 && c->amends)
                return edit_amendment(c, form, error);
        if (r == 0 && form->kind != c->message.kind)
                r = error_set(error, -EINVAL, "a draft of a %s cannot become a %s",
                        word_name(&message_kind_words, c->message.kind),
                        word_name(&message_kind_words, form->kind));
        if (r < 0)
                return r;
        /* The identifiers go over: they have been taken from their source with care. */
        struct identifier_list kept = c->form->identifiers;
        c->form->identifiers = (struct identifier_list){.items = NULL};
        memcpy(form->id, c->message.id, sizeof form->id);
        memcpy(form->order_id, c->message.order_id, sizeof form->order_id);
        r = message_copy(form, &c->message);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        c->form = message_order(&c->message);
        c->form->identifiers = kept;
        fill_row(c->office, &c->message, &c->order);
        r = case_keep_draft(c, error);
        return r == 0 ? case_note(c, "edit", PERSON_OFFICER, NULL, error) : r;
}

int authority_edit(struct office *office, const char *id, struct message *form, struct error *error)
{
        return case_run(office, id, edit, form, error);
}

/* ---- identifiers ---- */

struct pasting {
        struct authority_case *c;
        const struct identifier_source_text *source;
        enum identifier_kind kind;
        uint64_t line;
        struct authority_pasted *ret;
};

static int add_identifier(struct authority_case *c, struct identifier **ret, struct error *error)
{
        const struct model_field *field = model_field_find(&order_type, slice_of("identifiers"));
        void *item;

        int r = model_list_add(field, c->form, &item, error);
        if (r < 0)
                return r;
        *ret = item;
        return office_new_id((*ret)->id, error);
}

static int take_line(void *context, uint64_t line, size_t place, size_t length, int r,
        struct identifier *identifier, const struct error *error)
{
        struct pasting *pasting = context;
        struct authority_pasted *told = pasting->ret;
        struct identifier *added;
        char id[MODEL_ID_MAX];

        (void)place;
        (void)length;
        if (pasting->line && line != pasting->line)
                return 0;
        if (r < 0) {
                told->refused++;
                if (told->line_count < sizeof told->lines / sizeof *told->lines) {
                        told->lines[told->line_count].line = line;
                        snprintf(told->lines[told->line_count++].words, sizeof told->lines->words, "%.*s",
                                slice_fitting(error->text, 255), error->text);
                }
                return 0;
        }
        r = add_identifier(pasting->c, &added, NULL);
        if (r < 0)
                return r;
        memcpy(id, added->id, sizeof id);
        r = model_copy(&identifier_type, identifier, added);
        memcpy(added->id, id, sizeof id);
        told->taken++;
        return r;
}

static int paste(struct authority_case *c, const void *arguments, struct error *error)
{
        struct pasting pasting = *(const struct pasting *)arguments;

        pasting.c = c;
        int r = may_write(c, PERSON_OFFICER, error);
        if (r == 0) {
                r = identifier_scan(pasting.source, pasting.kind, take_line, &pasting, error);
                if (r < 0 && !(error && error->code == r))
                        error_set(error, r, "the identifiers could not be taken over");
        }
        if (r == 0 && pasting.ret->taken == 0)
                r = error_set(error, -EINVAL, "%s%s", pasting.ret->refused ? "no identifier was taken: " : "",
                        pasting.ret->refused ? pasting.ret->lines[0].words
                                             : "there is no identifier in the source");
        if (r == 0)
                r = case_keep_draft(c, error);
        return r == 0 ? case_note(c, "paste", PERSON_OFFICER, NULL, error) : r;
}

int authority_paste(struct office *office, const char *id, const struct identifier_source_text *source,
        enum identifier_kind kind, uint64_t line, struct authority_pasted *ret, struct error *error)
{
        struct pasting pasting = {.source = source, .kind = kind, .line = line, .ret = ret};

        *ret = (struct authority_pasted){.taken = 0};
        return case_run(office, id, paste, &pasting, error);
}

struct typing {
        enum identifier_kind kind;
        size_t number;
        struct slice text;
};

/* The zone of the people who read the paper: that of their State. */
static const struct local_zone *own_zone(struct office *office, struct calendar *calendar)
{
        return office_calendar(office, office_self(office)->country, calendar) ? calendar->zone : NULL;
}

static int type(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct typing *typing = arguments;
        struct identifier *identifier = NULL;
        struct calendar calendar;
        char id[MODEL_ID_MAX];

        int r = may_write(c, PERSON_OFFICER, error);
        if (r == 0)
                r = add_identifier(c, &identifier, error);
        if (r < 0)
                return r;
        memcpy(id, identifier->id, sizeof id);
        r = identifier_retype(typing->text, typing->kind, own_zone(c->office, &calendar),
                office_person(c->office), identifier, error);
        memcpy(identifier->id, id, sizeof id);
        if (r == 0)
                r = case_keep_draft(c, error);
        return r == 0 ? case_note(c, "type", PERSON_OFFICER, NULL, error) : r;
}

int authority_retype(struct office *office, const char *id, enum identifier_kind kind, struct slice text,
        struct error *error)
{
        const struct typing typing = {.kind = kind, .text = text};

        return case_run(office, id, type, &typing, error);
}

static int find_number(struct authority_case *c, size_t number, struct identifier **ret, struct error *error)
{
        if (number == 0 || number > c->form->identifiers.count)
                return error_set(error, -ENOENT, "the order has no identifier number %zu; it has %zu", number,
                        c->form->identifiers.count);
        *ret = &c->form->identifiers.items[number - 1];
        return 0;
}

static int compare(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct typing *typing = arguments;
        struct identifier *identifier = NULL;
        struct calendar calendar;

        int r = may_write(c, PERSON_SECOND, error);
        if (r == 0)
                r = find_number(c, typing->number, &identifier, error);
        if (r == 0)
                r = identifier_compare(identifier, typing->text, own_zone(c->office, &calendar),
                        office_person(c->office), error);
        if (r == 0)
                r = case_keep_draft(c, error);
        return r == 0 ? case_note(c, "compare", PERSON_SECOND, NULL, error) : r;
}

int authority_compare(
        struct office *office, const char *id, size_t number, struct slice text, struct error *error)
{
        const struct typing typing = {.number = number, .text = text};

        return case_run(office, id, compare, &typing, error);
}

static int take_away(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct typing *typing = arguments;
        struct identifier *identifier = NULL;
        struct identifier_list *list = &c->form->identifiers;

        int r = may_write(c, PERSON_OFFICER, error);
        if (r == 0)
                r = find_number(c, typing->number, &identifier, error);
        if (r < 0)
                return r;
        model_free(&identifier_type, identifier);
        memmove(identifier, identifier + 1, (list->count - typing->number) * sizeof *identifier);
        list->count--;
        r = case_keep_draft(c, error);
        return r == 0 ? case_note(c, "remove", PERSON_OFFICER, NULL, error) : r;
}

int authority_remove(struct office *office, const char *id, size_t number, struct error *error)
{
        const struct typing typing = {.number = number};

        return case_run(office, id, take_away, &typing, error);
}

/* ---- rules and approval ---- */

int authority_check(struct office *office, const char *id, struct book_order *ret_order,
        struct message *ret_message, struct rule_findings *ret_findings, struct error *error)
{
        struct authority_case *c = calloc(1, sizeof *c);

        if (!c)
                return error_set(error, -ENOMEM, "not enough memory");
        int r = case_open(office, id, c, error);
        if (r == 0)
                r = case_rules(c, ret_findings, error);
        if (r == 0) {
                *ret_order = c->order;
                r = message_copy(&c->message, ret_message);
                if (r < 0) {
                        rule_findings_free(ret_findings);
                        error_set(error, r, "not enough memory");
                }
        }
        case_close(c);
        free(c);
        return r;
}

/* The enforcing authority is notified with the whole of the form (Article 8(1)). */
static int must_inform(struct authority_case *c, struct error *error)
{
        const struct model_field *field = model_field_find(&order_type, slice_of("ea_information"));

        if (c->form->ea.notified != STATED_YES || model_is_given(field, c->form))
                return 0;
        return error_set(error, -EPERM,
                "section M is missing (ea_information): what the enforcing authority is told of necessity, "
                "case and "
                "offence; it goes to nobody else");
}

static int submit(struct authority_case *c, const void *arguments, struct error *error)
{
        (void)arguments;
        int r = must_inform(c, error);
        if (r == 0)
                r = case_rules(c, NULL, error);
        if (r == 0)
                r = case_take(c, "submit", NULL, error);
        if (r < 0)
                return r;
        /* The officer signs what he hands over; the 48 hours of an emergency begin. */
        c->form->issuer.signatory.signed_ms = office_now(c->office);
        if (!c->amends)
                c->order.issued_ms = c->form->issuer.signatory.signed_ms;
        return case_keep_draft(c, error);
}

int authority_submit(struct office *office, const char *id, struct error *error)
{
        return case_run(office, id, submit, NULL, error);
}

/* What the rules found, as an entry of the log and for whoever approves. */
static int log_checked(
        struct authority_case *c, const struct rule_findings *findings, bool accepted, struct error *error)
{
        json_t *list = facts_findings_json(findings);

        return office_log(c->office, "order-checked", NULL,
                json_pack("{s:s, s:s, s:o}", "order", c->order.id, "outcome",
                        accepted ? "accepted" : "rejected", "findings", list),
                error);
}

static int refuse_by_rules(const struct rule_findings *findings, struct error *error)
{
        for (size_t i = 0; i < findings->count; i++)
                if (findings->items[i].severity == findings->worst)
                        return error_set(error, -EPERM, "rule %s (article %s): %s: %s",
                                findings->items[i].rule->id, findings->items[i].rule->article,
                                findings->items[i].place, findings->items[i].words);
        return error_set(error, -EPERM, "a rule stops it");
}

/* Who approves signs section J, where there is a validating authority, and, of an emergency, as its second
 * person. */
static int sign_approval(struct authority_case *c, struct error *error)
{
        struct emergency *emergency = &c->form->emergency;

        if (c->order.emergency && office_has_role(c->office, PERSON_SECOND)) {
                if (!*emergency->second_person)
                        snprintf(emergency->second_person, sizeof emergency->second_person, "%s",
                                office_person(c->office));
                if (strcmp(emergency->second_person, office_person(c->office)) != 0)
                        return error_set(error, -EPERM, "the second person of this emergency is %s",
                                emergency->second_person);
                return book_fact_set(
                        c->office, c->order.id, FACT_SECOND_CONFIRMED_MS, office_now(c->office), error);
        }
        if (*c->form->validator.organisation && office_has_role(c->office, PERSON_VALIDATOR)) {
                free(c->form->validator.signatory.name);
                c->form->validator.signatory.name = NULL;
                return case_sign(c, &c->form->validator.signatory, error);
        }
        return 0;
}

static int decide(struct authority_case *c, const struct rule_findings *findings, const char *reason,
        struct error *error)
{
        if (findings->worst > SEVERITY_WARNING)
                return refuse_by_rules(findings, error);
        if (findings->worst < SEVERITY_WARNING)
                return 0;
        if (!reason || !*reason)
                return error_set(error, -EPERM,
                        "the rules warn (rogatory order check shows of what): approve it with --reason, "
                        "which "
                        "goes on record");
        int64_t count = 0;
        for (size_t i = 0; i < findings->count; i++)
                count += findings->items[i].severity == SEVERITY_WARNING;
        return book_fact_set(c->office, c->order.id, FACT_WARNINGS_DECIDED, count, error);
}

static int approve(struct authority_case *c, const void *arguments, struct error *error)
{
        const char *reason = arguments;
        struct rule_findings findings = {.count = 0};
        bool second = c->order.emergency && office_has_role(c->office, PERSON_SECOND);

        if (c->order.state != ORDER_STATE_AWAITING_APPROVAL)
                return error_set(error, -EPERM, "nothing waits for approval: the order is %s",
                        word_meaning(&order_state_words, c->order.state));
        int r = sign_approval(c, error);
        if (r == 0)
                r = case_rules(c, &findings, error);
        if (r < 0)
                return r;
        r = decide(c, &findings, reason, error);
        if (r == 0)
                r = log_checked(c, &findings, true, error);
        if (r == 0)
                r = case_keep_draft(c, error);
        if (r == 0)
                r = case_refresh(c, error);
        if (r == 0 && second && !c->facts.unvalidated)
                r = case_note(c, "second-person", PERSON_SECOND, reason, error);
        else if (r == 0)
                r = case_take(c, second ? "approve-emergency" : "approve", reason, error);
        rule_findings_free(&findings);
        return r;
}

int authority_approve(struct office *office, const char *id, const char *reason, struct error *error)
{
        return case_run(office, id, approve, reason, error);
}

static int disapprove(struct authority_case *c, const void *arguments, struct error *error)
{
        return case_take(c, "disapprove", arguments, error);
}

int authority_disapprove(struct office *office, const char *id, const char *reason, struct error *error)
{
        return case_run(office, id, disapprove, reason, error);
}

/* What was confirmed of the old text counts for no new one. */
static int revise(struct authority_case *c, const void *arguments, struct error *error)
{
        int r = case_take(c, "revise", arguments, error);

        if (r == 0)
                r = book_fact_clear(c->office, c->order.id, FACT_SECOND_CONFIRMED_MS, error);
        return r == 0 ? book_fact_clear(c->office, c->order.id, FACT_WARNINGS_DECIDED, error) : r;
}

int authority_revise(struct office *office, const char *id, const char *reason, struct error *error)
{
        return case_run(office, id, revise, reason, error);
}

static int discard(struct authority_case *c, const void *arguments, struct error *error)
{
        int r = case_take(c, "discard", arguments, error);

        return r == 0 ? case_end_amending(c, error) : r;
}

int authority_discard(struct office *office, const char *id, const char *reason, struct error *error)
{
        return case_run(office, id, discard, reason, error);
}
