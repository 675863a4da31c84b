/* SPDX-License-Identifier: EUPL-1.2 */
/* Generated orders and generated answers of a store: nothing outside of what was ordered is ever in any of
 * the writings. Each candidate has texts that occur nowhere else; the test works out by itself which may
 * leave. */
#include "evidence/scene_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ROUNDS 4000
#define CANDIDATES_MAX 4

static uint64_t chance_state;

static uint64_t below(uint64_t limit)
{
        chance_state ^= chance_state >> 12; /* xorshift64* */
        chance_state ^= chance_state << 25;
        chance_state ^= chance_state >> 27;
        return ((chance_state * UINT64_C(2685821657736338717)) >> 11) % limit;
}

static bool coin(void)
{
        return below(2) == 1;
}

struct round {
        struct message message, answer;
        struct scope scope;
        struct scope_refusal refusals[2];
        struct evidence_question *questions;
        size_t count;
        struct slice answers[8];
        struct scene_candidate candidates[8][CANDIDATES_MAX];
        size_t candidate_count[8];
        const char *verdict[8];
        char texts[8][CANDIDATES_MAX][3][40]; /* subscriber, inside address, destination */
        struct buffer out;
};

static void make_order(struct round *r)
{
        struct order *order;

        example_production(&r->message);
        order = &r->message.order;
        example_identifier(order, EXAMPLE_IDENTIFIER_2_ID);
        order->identifiers.items[1].from_ms = order->identifiers.items[1].to_ms =
                EXAMPLE_NOW - (int64_t)below(3) * TIME_HOUR - 10 * TIME_DAY;
        order->data.categories = below(16) << CATEGORY_SUBSCRIBER;
        order->data.subscriber = coin() ? WORD_BIT(SUBSCRIBER_IDENTITY) : WORD_BIT(SUBSCRIBER_PAYMENT);
        order->data.identification = below(32) << IDENTIFICATION_IP_LOGS;
        order->data.traffic = coin() ? WORD_BIT(TRAFFIC_CONNECTIONS) : WORD_BIT(TRAFFIC_VOLUME);
        order->data.all_holders = coin() ? STATED_YES : STATED_NO;
        for (size_t i = 0; i < 2; i++) {
                order->identifiers.items[i].categories = coin() ? 0 : below(16) << CATEGORY_SUBSCRIBER;
                order->identifiers.items[i].source_port = coin() ? 40211 : MODEL_UNSTATED;
                order->identifiers.items[i].to_ms += (int64_t)below(3) * TIME_MINUTE;
        }
        r->scope = (struct scope){.order = order, .refusals = r->refusals, .refusal_count = below(2)};
        snprintf(r->refusals[0].identifier_id, sizeof r->refusals[0].identifier_id, "%s",
                below(3) == 0 ? "" : EXAMPLE_IDENTIFIER_ID);
        snprintf(r->refusals[0].reason, sizeof r->refusals[0].reason, "refused");
}

static void make_candidate(struct round *r, size_t q, size_t i)
{
        struct scene_candidate *c = &r->candidates[q][i];
        char(*texts)[40] = r->texts[q][i];

        snprintf(texts[0], sizeof texts[0], "person-%zu-%zu-x", q, i);
        snprintf(texts[1], sizeof texts[1], "100.64.%zu.%zu", 100 + q, 100 + i);
        snprintf(texts[2], sizeof texts[2], "203.0.113.%zu", 100 + q * 10 + i);
        *c = scene_holder(&r->questions[q], texts[0], texts[1]);
        c->destination = texts[2];
        c->from_ms += (int64_t)below(5) * TIME_HOUR - 2 * TIME_HOUR;
        c->to_ms += (int64_t)below(5) * TIME_HOUR - 2 * TIME_HOUR;
        if (below(4) == 0)
                c->first = c->last = 40000 + (int)below(300);
        if (below(4) == 0) { /* a short one, wholly within the time asked */
                c->from_ms = r->questions[q].at_ms;
                c->to_ms = r->questions[q].at_ms;
        }
}

static void make_answers(struct round *r)
{
        static const char *const verdicts[] = {"one", "several", "none", "unknown"};

        for (size_t q = 0; q < r->count; q++) {
                r->verdict[q] = verdicts[below(4)];
                r->candidate_count[q] = 1 + below(CANDIDATES_MAX);
                for (size_t i = 0; i < r->candidate_count[q]; i++)
                        make_candidate(r, q, i);
                r->answers[q] = slice_of(scene_answer(
                        &r->questions[q], r->verdict[q], r->candidates[q], r->candidate_count[q]));
        }
}

/* By the words of the order alone, and by nothing that the code under test computed. */
static void may_leave(const struct round *r, size_t q, size_t i, bool ret_may[3])
{
        const struct order *order = &r->message.order;
        const struct identifier *identifier = order_identifier(order, r->questions[q].identifier_id);
        const struct scene_candidate *c = &r->candidates[q][i];
        uint64_t categories = identifier->categories ? identifier->categories & order->data.categories
                                                     : order->data.categories;
        bool one = strcmp(r->verdict[q], "one") == 0, several = strcmp(r->verdict[q], "several") == 0;
        bool named = one || (several && order->data.all_holders == STATED_YES);
        int64_t skew = r->questions[q].skew_ms > 0 ? r->questions[q].skew_ms : 2000;
        bool touches = c->from_ms <= r->questions[q].at_ms + skew && c->to_ms >= r->questions[q].at_ms - skew;
        bool port = identifier->source_port == MODEL_UNSTATED ||
                    (c->first <= identifier->source_port && identifier->source_port <= c->last);
        bool base = named && touches && port;
        bool subscriber = categories & WORD_BIT(CATEGORY_SUBSCRIBER),
             identify = categories & WORD_BIT(CATEGORY_IDENTIFY_ONLY),
             traffic = categories & WORD_BIT(CATEGORY_TRAFFIC);

        ret_may[0] = base &&
                     ((subscriber && (order->data.subscriber & WORD_BIT(SUBSCRIBER_IDENTITY))) ||
                             (identify && (order->data.identification & WORD_BIT(IDENTIFICATION_USER_IDS))));
        ret_may[1] = base && identify && (order->data.identification & WORD_BIT(IDENTIFICATION_IP_LOGS));
        ret_may[2] = base && traffic && (order->data.traffic & WORD_BIT(TRAFFIC_CONNECTIONS)) &&
                     c->from_ms >= identifier->from_ms && c->to_ms <= identifier->to_ms;
}

static void check_round(struct round *r, uint64_t seed, size_t *left)
{
        for (size_t q = 0; q < r->count; q++)
                for (size_t i = 0; i < r->candidate_count[q]; i++) {
                        bool may[3];
                        may_leave(r, q, i, may);
                        for (size_t t = 0; t < 3; t++) {
                                bool there = strstr((char *)r->out.bytes, r->texts[q][i][t]) != NULL;
                                if (there != may[t])
                                        fail_msg("seed %llu: %s (%s) %s", (unsigned long long)seed,
                                                r->texts[q][i][t], r->verdict[q],
                                                there ? "left" : "was held back");
                                *left += there;
                        }
                }
}

static void one_round(uint64_t seed, size_t *left)
{
        struct round r;
        struct error error = {0};
        json_t *evidence = NULL;

        memset(&r, 0, sizeof r);
        chance_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
        make_order(&r);
        message_init(&r.answer, MESSAGE_ANSWER);
        assert_int_equal(evidence_questions(&r.scope, &r.questions, &r.count, &error), 0);
        assert_true(r.count <= 2);
        for (size_t q = 0; q < r.count; q++)
                assert_null(scope_refusal_of(&r.scope, r.questions[q].identifier_id));
        make_answers(&r);
        struct evidence_case of = scene_case(&r.scope);
        of.questions = r.questions;
        of.answers = r.answers;
        of.count = r.count;
        if (evidence_make(&of, &r.answer.answer, &evidence, &error) < 0)
                fail_msg("seed %llu: %s", (unsigned long long)seed, error.text);
        r.out = buffer_make(EVIDENCE_JSON_MAX);
        assert_int_equal(evidence_write_json(evidence, &r.out, &error), 0);
        struct slice json = slice_of("{}");
        assert_int_equal(evidence_write_statement(evidence, &r.out, &error), 0);
        assert_int_equal(evidence_write_provenance(evidence, json, json, &r.out, &error), 0);
        buffer_append_u8(&r.out, 0);
        check_round(&r, seed, left);
        for (size_t q = 0; q < r.count; q++)
                free((char *)r.answers[q].text);
        free(r.questions);
        json_decref(evidence);
        buffer_free(&r.out);
        message_free(&r.message);
        message_free(&r.answer);
}

static void nothing_outside_the_scope_ever_gets_in(void **state)
{
        size_t left = 0;

        (void)state;
        for (uint64_t seed = 1; seed <= ROUNDS; seed++)
                one_round(seed, &left);
        assert_true(left > ROUNDS / 10); /* a test of silence alone would prove nothing */
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_outside_the_scope_ever_gets_in)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
