/* SPDX-License-Identifier: EUPL-1.2 */
/* An emergency that was sent before its validation: the validating authority's own node is asked for it. */
#include "exchange/authority_case.h"

#include <stdio.h>
#include <string.h>

static int ask(struct authority_case *c, const char *name, struct error *error)
{
        const struct directory_organisation *one = directory_find(office_directory(c->office), name);
        struct message message;

        if (!one)
                return error_set(error, -EINVAL,
                        *name ? "the directory knows no organisation \"%s\""
                              : "say which authority is asked to validate it (--authority)%s",
                        name);
        if (strcmp(name, office_organisation(c->office)) == 0)
                return error_set(error, -EINVAL, "%s validates on this node: 'order validate'", name);
        int r = book_party_add(c->office, c->order.id, name, ORGANISATION_VALIDATING, error);
        if (r < 0)
                return r;
        case_message(c, MESSAGE_VALIDATION_REQUEST, name, &message);
        r = model_copy(&order_type, c->form, &message.validation_request.order);
        if (r < 0) {
                error_set(error, r, "not enough memory");
        } else { /* as the addressee has it: section M is for the enforcing authority alone */
                const struct model_field *field = model_field_find(&order_type, slice_of("ea_information"));
                model_free(field->part, model_at(field, &message.validation_request.order));
        }
        return case_send(c, &message, r, error);
}

int case_ask_named(struct authority_case *c, struct error *error)
{
        const char *name = c->form->validator.organisation;

        if (c->form->emergency.unvalidated != STATED_YES || !*name ||
                strcmp(name, office_organisation(c->office)) == 0)
                return 0;
        return ask(c, name, error);
}

int case_asked(struct authority_case *c, char ret_organisation[MODEL_ORGANISATION_MAX], struct error *error)
{
        struct book_message row;

        ret_organisation[0] = '\0';
        int r = book_message_latest(
                c->office, c->order.id, MESSAGE_VALIDATION_REQUEST, DIRECTION_OUT, &row, error);
        if (r == 0)
                snprintf(ret_organisation, MODEL_ORGANISATION_MAX, "%s", row.peer);
        return r == -ENOENT ? 0 : r;
}

static int ask_step(struct authority_case *c, const void *arguments, struct error *error)
{
        const char *name = arguments;

        if (!name || !*name)
                name = c->form->validator.organisation;
        if (c->order.state != ORDER_STATE_SENT && c->order.state != ORDER_STATE_ANSWERED &&
                c->order.state != ORDER_STATE_OPENED)
                return error_set(
                        error, -EPERM, "the order is %s", word_meaning(&order_state_words, c->order.state));
        if (!c->facts.unvalidated || c->facts.validated)
                return error_set(error, -EPERM, "the order waits for no validation");
        int r = office_need_role(c->office, PERSON_OFFICER, error);
        if (r == 0)
                r = ask(c, name, error);
        return r == 0 ? case_note(c, "ask-validation", PERSON_OFFICER, name, error) : r;
}

int authority_ask_validation(
        struct office *office, const char *id, const char *authority, struct error *error)
{
        return case_run(office, id, ask_step, authority, error);
}
