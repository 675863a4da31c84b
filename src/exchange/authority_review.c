/* SPDX-License-Identifier: EUPL-1.2 */
/* A conflict with a third country's law (Article 17): the order is suspended when Form 3 states it, and goes
 * on or ends by the decision of a court, which somebody of the authority communicates. */
#include "exchange/authority_case.h"

#include <stdio.h>
#include <string.h>

/* The country, its law, and what it forbids: why the order waits, for whoever looks at it. */
static void conflict_words(const struct law_conflict *conflict, char ret[BOOK_TEXT_MAX])
{
        const char *law = conflict->law ? conflict->law : "",
                   *obligation = conflict->obligation ? conflict->obligation : "",
                   *applies = conflict->applies ? conflict->applies : "";

        snprintf(ret, BOOK_TEXT_MAX, "%s: %.*s; %.*s; %.*s", conflict->country, slice_fitting(law, 150), law,
                slice_fitting(obligation, 150), obligation, slice_fitting(applies, 150), applies);
}

int case_suspend(struct authority_case *c, const struct post_arrival *arrival, struct error *error)
{
        char words[BOOK_TEXT_MAX];

        conflict_words(&arrival->message->cannot_execute.conflict, words);
        int r = book_fact_set(c->office, c->order.id, FACT_REVIEW_MS, arrival->received_ms, error);
        /* The clock of the answer stands still until the decision is there. */
        if (r == 0)
                r = book_fact_clear(c->office, c->order.id, FACT_DUE_MS, error);
        if (r == 0)
                r = case_refresh(c, error);
        return r == 0 ? book_take(c->office, &c->order, "suspend", ACTOR_MESSAGE, &c->facts, words, error)
                      : r;
}

int64_t case_third_country_end(struct authority_case *c)
{
        struct calendar calendar;

        if (c->order.received_ms == TIME_UNKNOWN)
                return TIME_UNKNOWN;
        (void)office_calendar(c->office, c->form->addressee.country, &calendar);
        return deadline_days(&calendar, c->order.received_ms, DEADLINE_THIRD_COUNTRY_DAYS);
}

static int fill(struct authority_case *c, const struct authority_review *review, struct review_decision *body,
        struct error *error)
{
        body->outcome = review->outcome;
        body->decided_ms = office_now(c->office);
        int r = model_text(&body->court, slice_of(review->court), MODEL_SHORT, "court", error);
        if (r == 0)
                r = model_text(&body->reason, slice_of(review->reason), MODEL_LONG, "reason", error);
        if (r == 0)
                r = case_identifier_ids(c, review->numbers, review->number_count,
                        model_field_find(
                                message_body_type(MESSAGE_REVIEW_DECISION), slice_of("identifier_ids")),
                        body, error);
        return r == 0 ? case_authority(c, &body->authority, error) : r;
}

/* To the addressee and to the enforcing authority (Article 17(8)). */
static int tell(struct authority_case *c, const struct authority_review *review, struct error *error)
{
        const char *receivers[] = {
                c->order.peer, c->form->ea.notified == STATED_YES && *c->form->ea.authority.organisation
                                       ? c->form->ea.authority.organisation
                                       : NULL};
        int r = 0;

        for (size_t i = 0; r == 0 && i < 2 && receivers[i]; i++) {
                struct message message;
                case_message(c, MESSAGE_REVIEW_DECISION, receivers[i], &message);
                r = case_send(c, &message, fill(c, review, &message.review_decision, error), error);
        }
        return r;
}

/* What the court lifted of it is answered for no more. */
static int reject(struct authority_case *c, const struct authority_review *review, struct error *error)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < c->form->identifiers.count; i++) {
                bool named = review->number_count == 0;
                for (size_t k = 0; k < review->number_count; k++)
                        named |= review->numbers[k] == i + 1;
                struct book_task task = {.refused = true, .state = TASK_REJECTED};
                snprintf(task.order_id, sizeof task.order_id, "%s", c->order.id);
                snprintf(task.identifier_id, sizeof task.identifier_id, "%s",
                        c->form->identifiers.items[i].id);
                snprintf(task.reason, sizeof task.reason, "the court: %.*s",
                        slice_fitting(review->reason, 400), review->reason);
                if (named)
                        r = book_task_put(c->office, &task, error);
        }
        return r;
}

static bool is_of_all(const struct authority_case *c, const struct authority_review *review)
{
        size_t named = 0;

        for (size_t i = 0; i < c->form->identifiers.count; i++)
                for (size_t k = 0; k < review->number_count; k++)
                        if (review->numbers[k] == i + 1) {
                                named++;
                                break;
                        }
        return review->number_count == 0 || named == c->form->identifiers.count;
}

static int review(struct authority_case *c, const void *arguments, struct error *error)
{
        const struct authority_review *review = arguments;
        bool lifted = review->outcome == REVIEW_LIFTED, whole = lifted && is_of_all(c, review);
        char words[BOOK_TEXT_MAX];

        if (c->order.state != ORDER_STATE_SUSPENDED)
                return error_set(error, -EPERM,
                        "no conflict with a third country's law waits for a court: the order is %s",
                        word_meaning(&order_state_words, c->order.state));
        if (!review->court || slice_trim(slice_of(review->court)).length == 0)
                return error_set(error, -EINVAL, "say which court decided it");
        if (!review->reason || slice_trim(slice_of(review->reason)).length == 0)
                return error_set(error, -EINVAL, "say why the court decided so");
        if (!lifted && review->number_count > 0)
                return error_set(error, -EINVAL,
                        "what is upheld is upheld whole; lift those identifiers that the court lifted");
        snprintf(words, sizeof words, "%.*s: %.*s", slice_fitting(review->court, 100), review->court,
                slice_fitting(review->reason, 380), review->reason);
        int r = book_fact_clear(c->office, c->order.id, FACT_REVIEW_MS, error);
        if (r == 0 && whole)
                r = book_fact_set(
                        c->office, c->order.id, FACT_REVIEW_LIFTED_MS, office_now(c->office), error);
        if (r == 0)
                r = case_refresh(c, error);
        if (r == 0)
                r = case_take(c, whole ? "lift" : "uphold", words, error);
        if (r == 0 && lifted)
                r = reject(c, review, error);
        return r == 0 ? tell(c, review, error) : r;
}

int authority_review(
        struct office *office, const char *id, const struct authority_review *decision, struct error *error)
{
        return case_run(office, id, review, decision, error);
}
