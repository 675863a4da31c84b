/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatoryd/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct policy_times times = {.stop_ms = 100,
        .silent_ms = 50,
        .hang_ms = 600,
        .back_off_least_ms = 10,
        .back_off_most_ms = 80,
        .steady_ms = 1000,
        .first_tries = 3};

/* What was done, as words: "start", "term store", "kill collect" ... Children do not end by themselves. */
static char done[512];

static const char *run(struct policy *policy, int64_t now_ms)
{
        static const char *const acts[] = {"start", "term", "kill", "silent", "ready", "finish"};
        static const char *const children[] = {" collect", " store", ""};
        struct policy_action actions[POLICY_ACTIONS_MAX];
        size_t count;

        done[0] = '\0';
        for (unsigned turns = 0; (count = policy_step(policy, now_ms, actions)); turns++) {
                assert_true(turns < 10);
                for (size_t i = 0; i < count; i++) {
                        size_t used = strlen(done);
                        snprintf(done + used, sizeof done - used, "%s%s%s", used ? ", " : "",
                                acts[actions[i].act], children[actions[i].child]);
                        if (actions[i].act == ACT_START) {
                                policy_started(policy, CHILD_COLLECT, now_ms);
                                policy_started(policy, CHILD_STORE, now_ms);
                        }
                }
        }
        return done;
}

/* Both ready at 0. */
static struct policy ready_node(void)
{
        struct policy policy;

        policy_begin(&policy, &times, 0);
        assert_string_equal(run(&policy, 0), "start");
        policy_heard(&policy, CHILD_STORE, true, 0);
        assert_string_equal(run(&policy, 0), "");
        policy_heard(&policy, CHILD_COLLECT, false, 0);
        assert_string_equal(run(&policy, 0), "");
        policy_heard(&policy, CHILD_COLLECT, true, 0);
        assert_string_equal(run(&policy, 0), "ready");
        return policy;
}

static void keep_alive(struct policy *policy, int64_t now_ms)
{
        policy_heard(policy, CHILD_COLLECT, false, now_ms);
        policy_heard(policy, CHILD_STORE, false, now_ms);
}

static void test_the_collector_is_stopped_first(void **state)
{
        struct policy policy = ready_node();

        (void)state;
        policy_stop(&policy);
        assert_string_equal(run(&policy, 10), "term collect");
        assert_int_equal(policy_next_ms(&policy), 110);
        assert_string_equal(run(&policy, 109), "");
        policy_ended(&policy, CHILD_COLLECT);
        assert_string_equal(run(&policy, 109), "term store");
        assert_int_equal(policy_next_ms(&policy), 209);
        policy_ended(&policy, CHILD_STORE);
        assert_string_equal(run(&policy, 120), "finish");
        assert_true(policy.succeeded);
        assert_int_equal(policy_next_ms(&policy), INT64_MAX);
}

static void test_what_does_not_end_is_killed(void **state)
{
        struct policy policy = ready_node();

        (void)state;
        policy_stop(&policy);
        assert_string_equal(run(&policy, 0), "term collect");
        assert_string_equal(run(&policy, 100), "kill collect");
        assert_string_equal(run(&policy, 150), "");
        assert_string_equal(run(&policy, 200), "kill collect");
        policy_ended(&policy, CHILD_COLLECT);
        assert_string_equal(run(&policy, 210), "term store");
        assert_string_equal(run(&policy, 310), "kill store");
}

static void test_where_one_ends_the_other_is_ended_too(void **state)
{
        (void)state;
        for (unsigned first = 0; first < CHILD_COUNT; first++) {
                struct policy policy = ready_node();
                policy_ended(&policy, (enum child)first);
                assert_string_equal(run(&policy, 40), first == CHILD_STORE ? "term collect" : "term store");
                policy_ended(&policy, first == CHILD_STORE ? CHILD_COLLECT : CHILD_STORE);
                assert_string_equal(run(&policy, 45), "");
                assert_int_equal(policy_next_ms(&policy), 55);
                assert_string_equal(run(&policy, 54), "");
                assert_string_equal(run(&policy, 55), "start");
        }
}

static void fail_at(struct policy *policy, int64_t now_ms)
{
        policy_ended(policy, CHILD_STORE);
        policy_ended(policy, CHILD_COLLECT);
        (void)run(policy, now_ms);
}

static void test_starts_that_fail_wait_longer(void **state)
{
        static const int64_t waits[] = {10, 20, 40, 80, 80, 80};
        struct policy policy = ready_node();
        int64_t now = 0;

        (void)state;
        for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
                fail_at(&policy, now);
                assert_int_equal(policy_next_ms(&policy) - now, waits[i]);
                now = policy_next_ms(&policy);
                assert_string_equal(run(&policy, now), "start");
                keep_alive(&policy, now);
        }
        policy_heard(&policy, CHILD_STORE, true, now);
        policy_heard(&policy, CHILD_COLLECT, true, now);
        assert_string_equal(run(&policy, now), "ready");
        now += 1000;
        keep_alive(&policy, now);
        assert_string_equal(run(&policy, now), "");
        fail_at(&policy, now);
        assert_int_equal(policy_next_ms(&policy) - now, 10);
}

static void test_what_never_was_ready_is_given_up(void **state)
{
        struct policy policy;

        (void)state;
        policy_begin(&policy, &times, 0);
        for (unsigned i = 0; i < 2; i++) {
                assert_string_equal(run(&policy, policy_next_ms(&policy)), "start");
                fail_at(&policy, policy_next_ms(&policy));
                assert_false(policy.is_over);
        }
        assert_string_equal(run(&policy, policy_next_ms(&policy)), "start");
        policy_ended(&policy, CHILD_STORE);
        assert_string_equal(run(&policy, 200), "term collect");
        policy_ended(&policy, CHILD_COLLECT);
        assert_string_equal(run(&policy, 200), "finish");
        assert_false(policy.succeeded);
}

static void test_silence_is_told_and_a_hang_is_ended(void **state)
{
        struct policy policy = ready_node();

        (void)state;
        policy_heard(&policy, CHILD_COLLECT, false, 40);
        assert_int_equal(policy_next_ms(&policy), 50);
        assert_string_equal(run(&policy, 50), "silent store");
        assert_string_equal(run(&policy, 60), "");
        policy_heard(&policy, CHILD_STORE, false, 70);
        policy_heard(&policy, CHILD_COLLECT, false, 500);
        assert_string_equal(run(&policy, 500), "silent store");
        policy_heard(&policy, CHILD_COLLECT, false, 670);
        assert_string_equal(run(&policy, 670), "kill store, term collect");
        policy_ended(&policy, CHILD_STORE);
        policy_ended(&policy, CHILD_COLLECT);
        assert_string_equal(run(&policy, 680), "");
        assert_string_equal(run(&policy, 690), "start");
}

/* A replay takes as long as it takes, as long as there are signs of life. */
static void test_a_long_start_is_no_hang(void **state)
{
        struct policy policy;

        (void)state;
        policy_begin(&policy, &times, 0);
        assert_string_equal(run(&policy, 0), "start");
        for (int64_t now = 0; now < 10000; now += 40) {
                keep_alive(&policy, now);
                assert_string_equal(run(&policy, now), "");
        }
        assert_int_equal(policy.phase, PHASE_STARTING);
}

static void test_a_reload_starts_both_at_once(void **state)
{
        struct policy policy = ready_node();

        (void)state;
        policy_reload(&policy);
        assert_string_equal(run(&policy, 10), "term collect");
        policy_ended(&policy, CHILD_COLLECT);
        assert_string_equal(run(&policy, 12), "term store");
        policy_ended(&policy, CHILD_STORE);
        assert_string_equal(run(&policy, 14), "start");
        assert_int_equal(policy.failures, 0);
        policy_reload(&policy);
        policy_stop(&policy);
        policy_reload(&policy);
        assert_string_equal(run(&policy, 15), "term collect");
        policy_ended(&policy, CHILD_COLLECT);
        policy_ended(&policy, CHILD_STORE);
        assert_string_equal(run(&policy, 16), "finish");
}

static void test_a_reload_does_not_wait_for_the_back_off(void **state)
{
        struct policy policy = ready_node();

        (void)state;
        fail_at(&policy, 20);
        assert_string_equal(run(&policy, 21), "");
        policy_reload(&policy);
        assert_string_equal(run(&policy, 21), "start");
        fail_at(&policy, 22);
        policy_stop(&policy);
        assert_string_equal(run(&policy, 23), "finish");
        assert_true(policy.succeeded);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_collector_is_stopped_first),
                cmocka_unit_test(test_what_does_not_end_is_killed),
                cmocka_unit_test(test_where_one_ends_the_other_is_ended_too),
                cmocka_unit_test(test_starts_that_fail_wait_longer),
                cmocka_unit_test(test_what_never_was_ready_is_given_up),
                cmocka_unit_test(test_silence_is_told_and_a_hang_is_ended),
                cmocka_unit_test(test_a_long_start_is_no_hang),
                cmocka_unit_test(test_a_reload_starts_both_at_once),
                cmocka_unit_test(test_a_reload_does_not_wait_for_the_back_off),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
