/* SPDX-License-Identifier: EUPL-1.2 */
/* Amendments: a draft of its own, which goes the way of every draft and, sent, takes the place of the order
 * that it amends. Until then nothing of that order is changed; where the addressee refuses it, it stands as
 * before. */
#include "exchange/authority_case.h"

#include "order/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FACT_GENERATION_USED "generation-used" /* of an amendment that the provider refused */
#define FACT_AMENDING "amending" /* of the amended order: 1 while a draft of an amendment is open */

/* ---- the draft at hand ---- */

int case_open_amended(struct authority_case *c, struct error *error)
{
        message_init(&c->before, MESSAGE_NONE);
        c->amends = c->message.kind == MESSAGE_AMENDMENT && strcmp(c->message.order_id, c->order.id) != 0;
        if (!c->amends)
                return 0;
        int r = book_order_find(c->office, c->message.order_id, &c->amended, error);
        return r == 0 ? book_order_message(c->office, &c->amended, &c->before, error) : r;
}

/* Whoever acted for the order acts for its amendment in no other role. */
int case_add_acts(struct authority_case *c, struct error *error)
{
        struct act *acts;
        size_t count = 0, taken = 0;

        if (!c->amends)
                return 0;
        acts = calloc(BOOK_ACTS_MAX, sizeof *acts);
        if (!acts)
                return error_set(error, -ENOMEM, "not enough memory");
        int r = book_acts(c->office, c->amended.id, acts, &count, error);
        for (size_t i = 0; r == 0 && i < count; i++) {
                if (c->facts.act_count == BOOK_ACTS_MAX)
                        r = error_set(
                                error, -E2BIG, "more than %u people acted for this order", BOOK_ACTS_MAX);
                else
                        c->acts[c->facts.act_count++] = acts[taken++];
        }
        free(acts);
        return r;
}

int case_note_changes(struct authority_case *c, struct error *error)
{
        return c->amends ? amendment_changes(message_order_const(&c->before), &c->message.amendment, error)
                         : 0;
}

int case_end_amending(struct authority_case *c, struct error *error)
{
        return c->amends ? book_fact_clear(c->office, c->amended.id, FACT_AMENDING, error) : 0;
}

/* ---- begun ---- */

/* A decision about the order that is amended. */
static int note(struct authority_case *c, const char *step, const char *words, struct error *error)
{
        return case_note(c, step, PERSON_OFFICER, words, error);
}

static int may_be_amended(struct authority_case *c, struct error *error)
{
        if (c->order.state == ORDER_STATE_ANSWERED || c->order.state == ORDER_STATE_OPENED ||
                c->order.state == ORDER_STATE_INFORMED)
                return error_set(error, -EPERM,
                        "the order was answered already: what it brought stands as ordered; issue a new "
                        "order");
        if (c->order.state == ORDER_STATE_SUSPENDED)
                return error_set(
                        error, -EPERM, "the order is suspended: a court decides first (order review)");
        if (c->order.state != ORDER_STATE_SENT)
                return error_set(error, -EPERM,
                        "only an order that was sent is amended: this one is %s; a draft is edited",
                        word_meaning(&order_state_words, c->order.state));
        if (c->facts.question_open)
                return error_set(error, -EPERM,
                        "a question of the provider is open: answer it (order clarify), then amend the "
                        "order");
        return 0;
}

/* Section M went to the enforcing authority alone: it is taken over from there. */
static int take_over_information(struct authority_case *c, struct order *form, struct error *error)
{
        const struct model_field *field = model_field_find(&order_type, slice_of("ea_information"));
        struct book_message sent;
        struct message message;

        if (book_message_latest(c->office, c->order.id, MESSAGE_EA_NOTIFICATION, DIRECTION_OUT, &sent, NULL) <
                0)
                return 0;
        message_init(&message, MESSAGE_NONE);
        int r = book_message_read(c->office, NULL, sent.id, &message, error);
        if (r == 0)
                r = model_copy(
                        field->part, &message.ea_notification.order.ea_information, &form->ea_information);
        message_free(&message);
        return r;
}

/* What people confirmed of the old text counts for no new one. */
static int unsign(struct authority_case *c, struct order *form, struct error *error)
{
        const struct model_field *signatory = model_field_find(&authority_type, slice_of("signatory"));

        model_free(signatory->part, &form->validator.signatory);
        memset(form->emergency.second_person, 0, sizeof form->emergency.second_person);
        if (form->emergency.unvalidated == STATED_YES && c->facts.validated) {
                /* It is validated by now; what is changed of it is validated beforehand. */
                form->emergency.unvalidated = STATED_NO;
                free(form->emergency.no_time_reason);
                form->emergency.no_time_reason = NULL;
        }
        model_free(signatory->part, &form->issuer.signatory);
        snprintf(form->issuer.signatory.person, sizeof form->issuer.signatory.person, "%s",
                office_person(c->office));
        form->issuer.signatory.signed_ms = office_now(c->office);
        return case_sign(c, &form->issuer.signatory, error);
}

/* That of an amendment which was refused is not used again: what the enforcing authority says of the one must
 * not pass for the other, and it was notified of it already. */
static int next_generation(struct authority_case *c, int64_t *ret, struct error *error)
{
        int64_t used = 0;
        int r = book_fact(c->office, c->order.id, FACT_GENERATION_USED, 0, &used, error);

        *ret = (used > c->order.generation ? used : c->order.generation) + 1;
        return r;
}

static int make_draft(
        struct authority_case *c, const char *reason, struct message *message, struct error *error)
{
        message->sender = c->message.sender;
        message->receiver = c->message.receiver;
        message->test = c->message.test;
        message->sent_ms = office_now(c->office);
        memcpy(message->order_id, c->order.id, sizeof message->order_id);
        memcpy(message->amendment.replaces, c->order.message_id, sizeof message->amendment.replaces);
        int r = next_generation(c, &message->generation, error);
        if (r == 0)
                r = office_new_id(message->id, error);
        if (r == 0)
                r = model_text(&message->amendment.reason, slice_of(reason), MODEL_LONG, "reason", error);
        if (r == 0 && (r = model_copy(&order_type, c->form, &message->amendment.order)) < 0)
                error_set(error, r, "not enough memory");
        if (r == 0)
                r = take_over_information(c, &message->amendment.order, error);
        return r == 0 ? unsign(c, &message->amendment.order, error) : r;
}

struct amending {
        const char *reason;
        struct book_order *ret;
};

static int keep_draft(struct authority_case *c, const struct message *message,
        const struct amending *amending, struct error *error)
{
        struct book_order *draft = amending->ret;
        struct book_message row = {.direction = DIRECTION_DRAFT, .at_ms = office_now(c->office)};
        struct authority_case of = {.office = c->office};

        *draft = c->order;
        snprintf(draft->title, sizeof draft->title, "amendment of %.8s: %.*s", c->order.id,
                slice_fitting(c->order.title, 400), c->order.title);
        memcpy(draft->message_id, message->id, sizeof draft->message_id);
        draft->state = ORDER_STATE_DRAFT;
        draft->generation = message->generation;
        draft->created_ms = draft->changed_ms = office_now(c->office);
        draft->received_ms = draft->look_ms = TIME_UNKNOWN;
        /* The 48 hours of an emergency run from its first signature: issued_ms stays. */
        int r = office_new_id(draft->id, error);
        if (r == 0)
                r = book_order_add(c->office, draft, error);
        snprintf(row.peer, sizeof row.peer, "%s", draft->peer);
        if (r == 0)
                r = book_message_put(c->office, message, &row, error);
        of.order = *draft;
        return r == 0 ? case_note(&of, "draft", PERSON_OFFICER, amending->reason, error) : r;
}

static int amend(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct amending *amending = arguments;
        char words[BOOK_TEXT_MAX];
        struct message message;
        int64_t open = 0;

        if (c->amends)
                return error_set(error, -EPERM, "this is an amendment itself: edit it");
        int r = case_may(c, PERSON_OFFICER, error);
        if (r == 0)
                r = may_be_amended(c, error);
        if (r == 0)
                r = book_fact(c->office, c->order.id, FACT_AMENDING, 0, &open, error);
        if (r == 0 && open)
                r = error_set(error, -EEXIST,
                        "a draft of an amendment is open already: send or discard it (order list shows it)");
        if (r < 0)
                return r;
        message_init(&message, MESSAGE_AMENDMENT);
        r = make_draft(c, amending->reason, &message, error);
        if (r == 0)
                r = keep_draft(c, &message, amending, error);
        message_free(&message);
        if (r == 0)
                r = book_fact_set(c->office, c->order.id, FACT_AMENDING, 1, error);
        snprintf(words, sizeof words, "draft %.8s: %.*s", amending->ret->id,
                slice_fitting(amending->reason, 480), amending->reason);
        return r == 0 ? note(c, "amend", words, error) : r;
}

int authority_amend(struct office *office, const char *id, const char *reason, struct book_order *ret_draft,
        struct error *error)
{
        const struct amending amending = {.reason = reason, .ret = ret_draft};

        if (!reason || slice_trim(slice_of(reason)).length == 0)
                return error_set(error, -EINVAL, "say why it is amended");
        return case_run(office, id, amend, &amending, error);
}

/* ---- sent ---- */

struct copying {
        struct authority_case *c;
        struct error *error;
};

/* Who drafted and approved the amendment stands with the order from here on. */
static int copy_decision(void *context, const struct book_decision *from)
{
        const struct copying *copying = context;
        struct book_decision decision = *from;

        memcpy(decision.order_id, copying->c->amended.id, sizeof decision.order_id);
        snprintf(decision.step, sizeof decision.step, "amendment-%.50s", from->step);
        decision.from = decision.to = copying->c->amended.state;
        return book_decision_add(copying->c->office, &decision, copying->error);
}

static int copy_fact(struct authority_case *c, const char *name, int64_t missing, struct error *error)
{
        int64_t value;
        int r = book_fact(c->office, c->order.id, name, missing, &value, error);

        return r < 0 || value == missing ? r : book_fact_set(c->office, c->amended.id, name, value, error);
}

/* What the rules and people found of the new text is true of the order; what others said of the old is not.
 */
static int move_facts(struct authority_case *c, struct error *error)
{
        int r = copy_fact(c, FACT_WORST, -1, error);

        if (r == 0)
                r = copy_fact(c, FACT_WARNINGS_DECIDED, -1, error);
        if (r == 0)
                r = copy_fact(c, FACT_SECOND_CONFIRMED_MS, TIME_UNKNOWN, error);
        if (r == 0)
                r = book_fact_clear(c->office, c->amended.id, FACT_EA_NOTIFIED_MS, error);
        return r == 0 ? book_fact_clear(c->office, c->amended.id, FACT_EA_CLEARED_MS, error) : r;
}

/* The order is still what the draft began with. */
static int must_stand(struct authority_case *c, struct error *error)
{
        struct authority_case whole = {.office = c->office, .order = c->amended};

        int r = book_step_facts(c->office, &c->amended, c->form, whole.acts, &whole.facts, error);
        if (r == 0)
                r = may_be_amended(&whole, error);
        if (r == 0 && whole.facts.validated && c->form->emergency.unvalidated == STATED_YES)
                r = error_set(error, -ESTALE,
                        "the emergency was validated meanwhile: discard this draft and begin anew");
        if (r == 0 && strcmp(c->message.amendment.replaces, c->amended.message_id) != 0)
                r = error_set(
                        error, -ESTALE, "the order was amended meanwhile: discard this draft and begin anew");
        return r;
}

int case_merge(struct authority_case *c, struct error *error)
{
        struct copying copying = {.c = c, .error = error};

        if (c->order.state != ORDER_STATE_APPROVED && c->order.state != ORDER_STATE_EMERGENCY_APPROVED)
                return case_take(c, "send-amendment", NULL, error); /* which says why not */
        int r = must_stand(c, error);
        if (r == 0)
                r = case_rules(c, NULL, error);
        if (r == 0)
                r = case_take(c, "send-amendment", c->message.amendment.reason, error);
        if (r == 0)
                r = book_decisions_each(c->office, c->order.id, copy_decision, &copying, error);
        if (r == 0)
                r = move_facts(c, error);
        if (r == 0)
                r = case_end_amending(c, error);
        if (r < 0)
                return r;
        /* From here on it is the order that we have at hand. */
        c->amended.generation = c->order.generation;
        c->amended.emergency = order_is_emergency(c->form);
        c->amended.changed_ms = office_now(c->office);
        memcpy(c->amended.message_id, c->message.id, sizeof c->amended.message_id);
        c->order = c->amended;
        c->amends = false;
        r = book_order_update(c->office, &c->order, error);
        return r == 0 ? case_refresh(c, error) : r;
}

/* Whom the amended order does not ask about any more. */
struct dropping {
        struct authority_case *c;
        struct error *error;
};

static int drop_task(void *context, const struct book_task *task)
{
        const struct dropping *dropping = context;
        struct book_task dropped = *task;

        if (order_identifier(dropping->c->form, task->identifier_id))
                return 0;
        dropped.state = TASK_CANCELLED;
        snprintf(dropped.reason, sizeof dropped.reason, "not asked about any more: the order was amended");
        return book_task_put(dropping->c->office, &dropped, dropping->error);
}

int case_amended_tasks(struct authority_case *c, struct error *error)
{
        struct dropping dropping = {.c = c, .error = error};

        return book_tasks_each(c->office, c->order.id, drop_task, &dropping, error);
}

/* ---- refused there ---- */

/* A task that was there before the amendment is asked about again. */
static int ask_again(struct authority_case *c, const struct order *standing, struct error *error)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < standing->identifiers.count; i++) {
                struct book_task task = {.state = c->order.kind == ORDER_PRODUCTION
                                                          ? TASK_AWAITING_DISCLOSURE
                                                          : TASK_AWAITING_PRESERVATION};
                if (order_identifier(c->form, standing->identifiers.items[i].id))
                        continue;
                snprintf(task.order_id, sizeof task.order_id, "%s", c->order.id);
                snprintf(task.identifier_id, sizeof task.identifier_id, "%s",
                        standing->identifiers.items[i].id);
                r = book_task_put(c->office, &task, error);
        }
        return r;
}

static int restore(struct authority_case *c, const char *words, struct error *error)
{
        struct book_decision decision = {
                .at_ms = office_now(c->office), .from = c->order.state, .to = c->order.state};
        struct message standing;

        message_init(&standing, MESSAGE_NONE);
        int r = book_message_read(c->office, NULL, c->message.amendment.replaces, &standing, error);
        const struct order *form = r == 0 ? message_order_const(&standing) : NULL;
        if (r == 0 && !form)
                r = error_set(error, -EBADMSG, "what the order %s was before is no order", c->order.id);
        if (r == 0)
                r = ask_again(c, form, error);
        if (r == 0) {
                message_free(&c->message);
                r = message_copy(&standing, &c->message);
                c->form = r == 0 ? message_order(&c->message) : NULL;
        }
        message_free(&standing);
        if (r < 0)
                return r;
        r = book_fact_set(c->office, c->order.id, FACT_GENERATION_USED, c->order.generation, error);
        memcpy(c->order.message_id, c->message.id, sizeof c->order.message_id);
        c->order.generation = c->message.generation;
        c->order.emergency = order_is_emergency(c->form);
        if (r == 0)
                r = case_amended_tasks(c, error);
        if (r == 0)
                r = book_order_update(c->office, &c->order, error);
        snprintf(decision.order_id, sizeof decision.order_id, "%s", c->order.id);
        snprintf(decision.step, sizeof decision.step, "amendment-refused");
        snprintf(decision.person, sizeof decision.person, OFFICE_NODE);
        snprintf(decision.reason, sizeof decision.reason, "the order stands as before: %.*s",
                slice_fitting(words, 440), words);
        if (r == 0)
                r = book_decision_add(c->office, &decision, error);
        return r;
}

int authority_amendment_refused(struct office *office, const char *order_id, const char *amendment,
        const char *words, struct error *error)
{
        struct authority_case *c = calloc(1, sizeof *c);

        if (!c)
                return error_set(error, -ENOMEM, "not enough memory");
        int r = case_open(office, order_id, c, error);
        if (r == 0 && strcmp(c->order.message_id, amendment) == 0 && c->message.kind == MESSAGE_AMENDMENT)
                r = restore(c, words, error);
        if (r == 0 && c->form)
                r = case_look_again(c, error);
        case_close(c);
        free(c);
        return r;
}

/* ---- answers to what the order was before ---- */

int case_form_of(
        struct authority_case *c, const struct message *arrived, struct message *ret, struct error *error)
{
        struct book_message row;

        if (arrived->generation >= c->order.generation || !*arrived->reply_to)
                return 0;
        int r = book_message_find(c->office, NULL, arrived->reply_to, &row, NULL);
        if (r == 0 && row.direction == DIRECTION_OUT && strcmp(row.order_id, c->order.id) == 0)
                r = book_message_read(c->office, NULL, row.id, ret, error);
        return r == -ENOENT ? 0 : r;
}
