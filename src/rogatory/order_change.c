/* SPDX-License-Identifier: EUPL-1.2 */
/* Verbs of `rogatory order` that change an order on its way. */
#include "rogatory/order.h"

int order_amend(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        struct book_order draft;

        int r = order_need(words, ORDER_WHY, "--why TEXT", error);
        if (r == 0)
                r = authority_amend(office, words->id, words->values[ORDER_WHY], &draft, error);
        return r == 0 ? order_say(office, words, draft.id, ret, error) : r;
}

int order_review(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        static size_t numbers[ORDER_IDENTIFIERS_MAX];
        const char *name = words->values[ORDER_DECISION];
        struct authority_review review = {
                .court = words->values[ORDER_COURT], .reason = words->values[ORDER_WHY], .numbers = numbers};

        int r = order_need(words, ORDER_DECISION, "--decision upheld or lifted", error);
        if (r == 0) {
                review.outcome = (enum review_outcome)word_find(&review_outcome_words, slice_of(name));
                if (review.outcome == REVIEW_NONE)
                        r = error_set(
                                error, -EINVAL, "--decision: \"%.40s\" is neither upheld nor lifted", name);
        }
        if (r == 0)
                r = order_need(words, ORDER_COURT, "--court TEXT", error);
        if (r == 0)
                r = order_need(words, ORDER_WHY, "--why TEXT", error);
        if (r == 0)
                r = order_numbers(words->values[ORDER_IDENTIFIER], numbers, &review.number_count, error);
        if (r == 0)
                r = authority_review(office, words->id, &review, error);
        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}
