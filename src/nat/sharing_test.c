/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/sharing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_users_are_counted_once(void **state)
{
        const struct nat_binding bindings[] = {
                {.inside = 3}, {.inside = 70000}, {.inside = 3}, {.inside = HOST_NONE}, {.inside = 4}};
        struct sharing_counter counter = {0};
        uint32_t users;

        (void)state;
        assert_int_equal(sharing_count(&counter, bindings, 5, &users), 0);
        assert_int_equal(users, 3);
        /* What another address had does not count for this one. */
        assert_int_equal(sharing_count(&counter, bindings, 1, &users), 0);
        assert_int_equal(users, 1);
        assert_int_equal(sharing_count(&counter, bindings + 3, 1, &users), 0);
        assert_int_equal(users, 0);
        /* When turns begin anew, those of before are forgotten. */
        counter.turn = UINT32_MAX;
        counter.turns[3] = 1;
        assert_int_equal(sharing_count(&counter, bindings, 1, &users), 0);
        assert_int_equal(users, 1);
        sharing_counter_free(&counter);
}

static void test_addresses_over_a_limit(void **state)
{
        struct sharing sharing = {.window_from = 0};

        (void)state;
        for (uint32_t i = 1; i <= 20; i++)
                sharing_add(&sharing, i, i);
        sharing_add(&sharing, 21, 5000);
        sharing_add(&sharing, 22, 0);
        assert_int_equal(sharing_over(&sharing, 16), 5);
        assert_int_equal(sharing_over(&sharing, 0), 21);
        assert_int_equal(sharing_over(&sharing, 127), 1);
        assert_int_equal(sharing_over(&sharing, UINT32_MAX), 1);
        assert_int_equal(sharing.worst[0].outside, 21);
        assert_int_equal(sharing.worst[0].users, 5000);
        assert_int_equal(sharing.worst[1].users, 20);
        assert_int_equal(sharing.worst[SHARING_WORST - 1].users, 14);
}

static void test_worst_are_in_one_order(void **state)
{
        struct sharing sharing = {.window_from = 0};

        (void)state;
        sharing_add(&sharing, 9, 2);
        sharing_add(&sharing, 7, 2);
        sharing_add(&sharing, 8, 3);
        assert_int_equal(sharing.worst[0].outside, 8);
        assert_int_equal(sharing.worst[1].outside, 7);
        assert_int_equal(sharing.worst[2].outside, 9);
        assert_int_equal(sharing.worst[3].users, 0);
}

static void test_realms_join(void **state)
{
        struct sharing all = SHARING_NONE, a = {.window_from = 3600000, .open = 4},
                       b = {.window_from = 3600000, .open = 5}, later = {.window_from = 7200000, .open = 1};

        (void)state;
        sharing_add(&a, 1, 17);
        sharing_add(&b, 1, 18);
        sharing_add(&later, 2, 1);
        sharing_join(&all, &SHARING_NONE);
        assert_true(all.window_from == TIME_UNKNOWN);
        sharing_join(&all, &a);
        sharing_join(&all, &b);
        sharing_join(&all, &SHARING_NONE);
        assert_int_equal(all.open, 9);
        assert_int_equal(sharing_over(&all, SHARING_LIMIT), 2);
        assert_int_equal(all.worst[0].users, 18);
        assert_int_equal(all.worst[1].users, 17);
        sharing_join(&all, &later);
        sharing_join(&all, &a);
        assert_int_equal(all.open, 1);
        assert_int_equal(sharing_over(&all, SHARING_LIMIT), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_users_are_counted_once),
                cmocka_unit_test(test_addresses_over_a_limit),
                cmocka_unit_test(test_worst_are_in_one_order),
                cmocka_unit_test(test_realms_join),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
