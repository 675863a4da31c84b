/* SPDX-License-Identifier: EUPL-1.2 */
/* Conditions under which an enforcing authority lets data be produced (Article 12(4)). They are words: no
 * program can hold data against them, so somebody answers for each before anything leaves. */
#include "exchange/provider_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONDITIONS_MAX 4096u   /* of one order; its own objections could say more than anybody reads */
#define CONDITION_LOG_MAX 1500 /* bytes of a condition in the log; it stands whole in the message */
#define CONDITION_REASON_MAX 2000u
#define NOTHING_LEAVES "nothing of this identifier leaves"

struct gathering {
        struct provider_case *c;
        struct condition_list *list;
        struct error *error;
};

/* Does any identifier that it is about still get an answer? */
static bool is_needed(const struct provider_case *c, const char *identifier_id)
{
        for (size_t i = 0; i < c->form->identifiers.count; i++) {
                const char *id = c->form->identifiers.items[i].id;
                if ((!*identifier_id || strcmp(identifier_id, id) == 0) && !scope_refusal_of(&c->scope, id))
                        return true;
        }
        return false;
}

static int add(struct gathering *g, const char *objection_id, const char *identifier_id, const char *text)
{
        struct condition_list *list = g->list;

        if (list->count == CONDITIONS_MAX)
                return error_set(g->error, -E2BIG,
                        "the enforcing authority set more than %u conditions for one order", CONDITIONS_MAX);
        struct condition *items = realloc(list->items, (list->count + 1) * sizeof *items);
        if (!items)
                return error_set(g->error, -ENOMEM, "not enough memory");
        list->items = items;
        struct condition *one = &items[list->count];
        *one = (struct condition){.text = strdup(text), .needed = is_needed(g->c, identifier_id)};
        if (!one->text)
                return error_set(g->error, -ENOMEM, "not enough memory");
        snprintf(one->objection_id, sizeof one->objection_id, "%s", objection_id);
        snprintf(one->identifier_id, sizeof one->identifier_id, "%s", identifier_id);
        list->count++;
        return 0;
}

static int gather(void *context, const struct book_message *row)
{
        struct gathering *g = context;
        struct message message;

        if (row->direction != DIRECTION_IN || row->refused)
                return 0;
        message_init(&message, MESSAGE_NONE);
        int r = book_message_read(g->c->office, row->peer, row->id, &message, g->error);
        const struct objection_list *objections = &message.ea_objection.objections;
        for (size_t i = 0; r == 0 && i < objections->count; i++) {
                const struct objection *one = &objections->items[i];
                for (size_t t = 0;
                        r == 0 && one->effect == OBJECTION_CONDITIONAL && t < one->conditions.count; t++)
                        r = add(g, row->id, one->identifier_id, one->conditions.items[t]);
        }
        message_free(&message);
        return r;
}

int conditions_of(struct provider_case *c, struct condition_list *ret, struct error *error)
{
        struct gathering g = {.c = c, .list = ret, .error = error};

        *ret = (struct condition_list){.items = NULL};
        int r = book_messages_each(c->office, c->order.id, MESSAGE_EA_OBJECTION, gather, &g, error);
        if (r < 0)
                conditions_free(ret);
        return r;
}

void conditions_free(struct condition_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->items[i].text);
        free(list->items);
        *list = (struct condition_list){.items = NULL};
}

static bool is_about(const struct condition *condition, const struct result *result)
{
        return !*condition->identifier_id || strcmp(condition->identifier_id, result->identifier_id) == 0;
}

int conditions_state(struct provider_case *c, struct answer_body *answer, struct error *error)
{
        const struct model_field *field = model_field_find(&result_type, slice_of("conditions"));
        struct condition_list list;

        int r = conditions_of(c, &list, error);
        for (size_t i = 0; r == 0 && i < list.count; i++)
                for (size_t k = 0; r == 0 && k < answer->results.count; k++)
                        if (is_about(&list.items[i], &answer->results.items[k]))
                                r = model_texts_add(field, &answer->results.items[k],
                                        slice_of(list.items[i].text), error);
        conditions_free(&list);
        return r;
}

/* As people count identifiers; 0: all of them. */
static size_t identifier_number(const struct provider_case *c, const char *id)
{
        for (size_t i = 0; i < c->form->identifiers.count; i++)
                if (strcmp(c->form->identifiers.items[i].id, id) == 0)
                        return i + 1;
        return 0;
}

int conditions_show(struct provider_case *c, json_t **ret_list, struct error *error)
{
        struct condition_list list;
        int r = conditions_of(c, &list, error);

        if (r < 0)
                return r;
        *ret_list = json_array();
        for (size_t i = 0; i < list.count; i++) {
                size_t number = identifier_number(c, list.items[i].identifier_id);
                json_array_append_new(*ret_list,
                        json_pack("{s:I, s:o, s:s, s:b}", "number", (json_int_t)i + 1, "identifier",
                                number ? json_integer((json_int_t)number) : json_null(), "condition",
                                list.items[i].text, "needs_confirmation", list.items[i].needed));
        }
        conditions_free(&list);
        return 0;
}

/* ---- somebody answers for each ---- */

static int check_given(const struct condition_list *list, const struct provider_confirmation *given,
        size_t count, struct error *error)
{
        for (size_t i = 0; i < count; i++) {
                if (given[i].number == 0 || given[i].number > list->count)
                        return error_set(error, -ENOENT,
                                "there is no condition %zu of the enforcing authority: 'inbox show' counts "
                                "%zu",
                                given[i].number, list->count);
                if (!given[i].reason || slice_trim(slice_of(given[i].reason)).length == 0)
                        return error_set(error, -EINVAL, "condition %zu: say in words how it is kept",
                                given[i].number);
                if (strlen(given[i].reason) > CONDITION_REASON_MAX)
                        return error_set(error, -E2BIG,
                                "condition %zu: how it is kept takes more than %u bytes", given[i].number,
                                CONDITION_REASON_MAX);
                for (size_t k = 0; k < i; k++)
                        if (given[k].number == given[i].number)
                                return error_set(
                                        error, -EINVAL, "condition %zu is confirmed twice", given[i].number);
        }
        return 0;
}

static const char *reason_for(size_t number, const struct provider_confirmation *given, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (given[i].number == number)
                        return given[i].reason;
        return NULL;
}

static int record(struct provider_case *c, const struct condition *condition, size_t number,
        const char *reason, struct error *error)
{
        struct book_decision decision = {.role = PERSON_SECOND,
                .at_ms = office_now(c->office),
                .from = c->order.state,
                .to = c->order.state};

        snprintf(decision.order_id, sizeof decision.order_id, "%s", c->order.id);
        snprintf(decision.step, sizeof decision.step, "keep-condition");
        snprintf(decision.person, sizeof decision.person, "%s", office_person(c->office));
        snprintf(decision.identifier_id, sizeof decision.identifier_id, "%s", condition->identifier_id);
        snprintf(decision.reason, sizeof decision.reason, "condition %zu: %.*s", number,
                slice_fitting(reason, BOOK_TEXT_MAX - 40), reason);
        int r = book_decision_add(c->office, &decision, error);
        if (r < 0)
                return r;
        return office_log(c->office, "decision", NULL,
                json_pack("{s:s, s:s, s:s, s:s, s:{s:I, s:s%, s:s}}", "order", c->order.id, "decision",
                        "keep-condition", "role", word_name(&person_role_words, PERSON_SECOND), "reason",
                        reason, "detail", "number", (json_int_t)number, "condition", condition->text,
                        (size_t)slice_fitting(condition->text, CONDITION_LOG_MAX), "objection",
                        condition->objection_id),
                error);
}

/* What was prepared has to state exactly what stands in the book now: a condition that came since then is
 * one that nobody who prepared the answer knew of. */
static int add_reasons(struct result *result, const struct condition_list *list,
        const struct provider_confirmation *given, size_t count, struct error *error)
{
        const struct model_field *field = model_field_find(&result_type, slice_of("confirmations"));
        size_t at = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < list->count; i++) {
                if (!is_about(&list->items[i], result))
                        continue;
                const char *reason = reason_for(i + 1, given, count);
                if (at == result->conditions.count ||
                        strcmp(result->conditions.items[at++], list->items[i].text) != 0)
                        return error_set(error, -ESTALE,
                                "the enforcing authority set a condition since the answer was prepared; "
                                "prepare it once more");
                r = model_texts_add(field, result, slice_of(reason ? reason : NOTHING_LEAVES), error);
        }
        return r;
}

int conditions_keep(struct provider_case *c, struct answer_body *answer,
        const struct provider_confirmation *given, size_t count, struct error *error)
{
        struct condition_list list;
        int r = conditions_of(c, &list, error);

        if (r < 0)
                return r;
        r = check_given(&list, given, count, error);
        for (size_t i = 0; r == 0 && i < list.count; i++)
                if (list.items[i].needed && !reason_for(i + 1, given, count))
                        r = error_set(error, -EPERM,
                                "condition %zu of the enforcing authority is not confirmed: \"%.*s\"; say "
                                "how it is kept (answer release --condition %zu=REASON)",
                                i + 1, slice_fitting(list.items[i].text, 100), list.items[i].text, i + 1);
        for (size_t k = 0; r == 0 && k < answer->results.count; k++)
                r = add_reasons(&answer->results.items[k], &list, given, count, error);
        for (size_t i = 0; r == 0 && i < list.count; i++)
                if (reason_for(i + 1, given, count))
                        r = record(c, &list.items[i], i + 1, reason_for(i + 1, given, count), error);
        conditions_free(&list);
        return r;
}
