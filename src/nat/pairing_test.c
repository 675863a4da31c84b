/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/pairing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct nat_point point(int64_t time, enum nat_action action, uint32_t inside, uint32_t destination)
{
        return (struct nat_point){.time_ms = time,
                .action = (uint8_t)action,
                .inside = inside,
                .destination = destination,
                .flags = (uint8_t)(NAT_HAS_INSIDE_PORT | (destination ? NAT_HAS_DESTINATION : 0)),
                .outside = 1,
                .port_first = 4000,
                .port_last = 4000,
                .protocol = 6};
}

static struct binding_list run(
        struct nat_point *points, size_t count, bool keep, const struct binding_list *stored)
{
        struct binding_list list = {0};
        assert_int_equal(pairing_run(points, count, keep, stored ? stored->items : NULL,
                                 stored ? stored->count : 0, &list),
                0);
        return list;
}

static void expect(const struct nat_binding *b, int64_t from, enum binding_edge from_edge, int64_t to,
        enum binding_edge to_edge)
{
        assert_int_equal(b->from_edge, from_edge);
        assert_int_equal(b->to_edge, to_edge);
        if (from_edge != EDGE_OPEN)
                assert_int_equal(b->from_ms, from);
        if (to_edge != EDGE_OPEN)
                assert_int_equal(b->to_ms, to);
}

static void pairs_open_and_close(void **state)
{
        (void)state;
        struct nat_point points[] = {point(30, NAT_CLOSE, 7, 0), point(10, NAT_OPEN, 7, 0)};
        struct binding_list list = run(points, 2, false, NULL);
        assert_int_equal(list.count, 1);
        expect(&list.items[0], 10, EDGE_OBSERVED, 30, EDGE_OBSERVED);
        binding_list_free(&list);
}

static void a_copy_is_one_event(void **state)
{
        (void)state;
        struct nat_point points[] = {point(10, NAT_OPEN, 7, 0), point(10, NAT_OPEN, 7, 0),
                point(30, NAT_CLOSE, 7, 0), point(30, NAT_CLOSE, 7, 0)};
        struct binding_list list = run(points, 4, false, NULL);
        assert_int_equal(list.count, 1);
        binding_list_free(&list);
}

static void two_flows_in_one_millisecond_are_two(void **state)
{
        (void)state;
        struct nat_point points[] = {point(10, NAT_OPEN, 7, 21), point(10, NAT_OPEN, 7, 22),
                point(30, NAT_CLOSE, 7, 21), point(90, NAT_CLOSE, 7, 22)};
        struct binding_list list = run(points, 4, false, NULL);
        assert_int_equal(list.count, 2);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(list.items[i].destination, HOST_NONE);
                assert_int_equal(list.items[i].flags & NAT_HAS_DESTINATION, 0);
                assert_int_equal(list.items[i].to_edge, EDGE_OBSERVED);
        }
        binding_list_free(&list);
}

static void a_close_takes_the_latest_open(void **state)
{
        (void)state;
        struct nat_point points[] = {
                point(1, NAT_OPEN, 7, 0), point(50, NAT_OPEN, 7, 0), point(60, NAT_CLOSE, 7, 0)};
        struct binding_list list = run(points, 3, false, NULL);
        assert_int_equal(list.count, 2);
        expect(&list.items[0], 1, EDGE_OBSERVED, 0, EDGE_OPEN);
        expect(&list.items[1], 50, EDGE_OBSERVED, 60, EDGE_OBSERVED);
        binding_list_free(&list);
}

static void a_close_alone_has_no_beginning(void **state)
{
        (void)state;
        struct nat_point points[] = {point(60, NAT_CLOSE_BOUND, 7, 0)};
        struct binding_list list = run(points, 1, false, NULL);
        assert_int_equal(list.count, 1);
        expect(&list.items[0], 0, EDGE_OPEN, 60, EDGE_BOUND);
        binding_list_free(&list);
}

/* Two flows of one customer, told apart by nothing, that end together: the log has one line twice. Which of
 * both is over is not known, so nobody is said to hold the endpoint afterwards. */
static void ends_that_look_alike_leave_nothing_certain(void **state)
{
        (void)state;
        struct nat_point points[] = {point(10, NAT_OPEN, 7, 0), point(15, NAT_OPEN, 7, 0),
                point(20, NAT_OPEN, 7, 0), point(30, NAT_CLOSE, 7, 0), point(30, NAT_CLOSE, 7, 0)};
        struct binding_list list = run(points, 5, false, NULL);
        assert_int_equal(list.count, 3);
        expect(&list.items[0], 10, EDGE_OBSERVED, 30, EDGE_INTERIM);
        expect(&list.items[1], 15, EDGE_OBSERVED, 30, EDGE_INTERIM);
        expect(&list.items[2], 20, EDGE_OBSERVED, 30, EDGE_OBSERVED);
        struct binding_list again = run(points, 0, false, &list);
        assert_int_equal(again.count, 3);
        expect(&again.items[0], 10, EDGE_OBSERVED, 30, EDGE_INTERIM);
        expect(&again.items[1], 15, EDGE_OBSERVED, 30, EDGE_INTERIM);
        binding_list_free(&again);
        binding_list_free(&list);
        /* The ends of flows whose destinations differ are two, and what is still open goes on. */
        struct nat_point told[] = {point(10, NAT_OPEN, 7, 1), point(15, NAT_OPEN, 7, 2),
                point(20, NAT_OPEN, 7, 3), point(30, NAT_CLOSE, 7, 1), point(30, NAT_CLOSE, 7, 2)};
        list = run(told, 5, false, NULL);
        assert_int_equal(list.count, 3);
        expect(&list.items[0], 10, EDGE_OBSERVED, 0, EDGE_OPEN);
        binding_list_free(&list);
}

static void interims_keep_a_binding_alive(void **state)
{
        (void)state;
        struct nat_point points[] = {point(10, NAT_OPEN, 7, 0), point(20, NAT_ALIVE, 7, 0),
                point(40, NAT_ALIVE, 7, 0), point(15, NAT_ALIVE, 8, 0)};
        struct binding_list list = run(points, 4, false, NULL);
        assert_int_equal(list.count, 2);
        expect(&list.items[0], 10, EDGE_OBSERVED, 40, EDGE_INTERIM);
        expect(&list.items[1], 15, EDGE_INTERIM, 15, EDGE_INTERIM);
        binding_list_free(&list);
}

static void other_holders_are_kept_apart(void **state)
{
        (void)state;
        struct nat_point points[] = {point(10, NAT_OPEN, 7, 0), point(20, NAT_CLOSE, 8, 0)};
        struct binding_list list = run(points, 2, false, NULL);
        assert_int_equal(list.count, 2);
        expect(&list.items[0], 10, EDGE_OBSERVED, 0, EDGE_OPEN);
        expect(&list.items[1], 0, EDGE_OPEN, 20, EDGE_OBSERVED);
        binding_list_free(&list);
}

static struct nat_point random_point(void)
{
        struct nat_point p = point(rand() % 40, (enum nat_action)(rand() % NAT_ACTION_COUNT),
                1 + (uint32_t)rand() % 3, (uint32_t)rand() % 3);
        p.session = rand() % 4 ? 0 : 1 + (uint32_t)rand() % 2;
        return p;
}

static void assert_same(const struct binding_list *a, const struct binding_list *b)
{
        assert_int_equal(a->count, b->count);
        for (size_t i = 0; i < a->count; i++)
                assert_int_equal(binding_compare(&a->items[i], &b->items[i]), 0);
}

/* Whatever the order, and however often it is read again: the same bindings. */
static void the_order_of_reading_does_not_matter(void **state)
{
        (void)state;
        srand(4711);
        for (unsigned round = 0; round < 3000; round++) {
                struct nat_point points[40], shuffled[40], again[40];
                size_t count = 1 + (size_t)rand() % 40;
                bool keep = rand() % 2;
                for (size_t i = 0; i < count; i++)
                        points[i] = random_point();
                memcpy(shuffled, points, sizeof points);
                memcpy(again, points, sizeof points);
                for (size_t i = count; i-- > 1;) {
                        size_t k = (size_t)rand() % (i + 1);
                        struct nat_point swapped = shuffled[i];
                        shuffled[i] = shuffled[k];
                        shuffled[k] = swapped;
                }
                struct binding_list first = run(points, count, keep, NULL);
                struct binding_list second = run(shuffled, count, keep, NULL);
                struct binding_list third = run(again, count, keep, &first);
                assert_same(&first, &second);
                /* Interims inside a pair are not kept, so only a second reading of the whole must change
                 * nothing. */
                struct binding_list fourth = run(shuffled, 0, keep, &third);
                assert_same(&third, &fourth);
                binding_list_free(&first);
                binding_list_free(&second);
                binding_list_free(&third);
                binding_list_free(&fourth);
        }
}

/* Two halves in two imports make the same as the whole in one, where every instant is read once. */
static void halves_make_the_whole(void **state)
{
        (void)state;
        srand(4712);
        for (unsigned round = 0; round < 3000; round++) {
                struct nat_point all[30], left[30], right[30];
                size_t count = 1 + (size_t)rand() % 30, lefts = 0, rights = 0;
                for (size_t i = 0; i < count; i++) {
                        all[i] = point(
                                (int64_t)i, rand() % 2 ? NAT_OPEN : NAT_CLOSE, 1 + (uint32_t)rand() % 2, 0);
                        if (rand() % 2)
                                left[lefts++] = all[i];
                        else
                                right[rights++] = all[i];
                }
                struct binding_list whole = run(all, count, false, NULL);
                struct binding_list half = run(left, lefts, false, NULL);
                struct binding_list both = run(right, rights, false, &half);
                assert_same(&whole, &both);
                binding_list_free(&whole);
                binding_list_free(&half);
                binding_list_free(&both);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pairs_open_and_close),
                cmocka_unit_test(a_copy_is_one_event),
                cmocka_unit_test(two_flows_in_one_millisecond_are_two),
                cmocka_unit_test(a_close_takes_the_latest_open),
                cmocka_unit_test(a_close_alone_has_no_beginning),
                cmocka_unit_test(ends_that_look_alike_leave_nothing_certain),
                cmocka_unit_test(interims_keep_a_binding_alive),
                cmocka_unit_test(other_holders_are_kept_apart),
                cmocka_unit_test(the_order_of_reading_does_not_matter),
                cmocka_unit_test(halves_make_the_whole),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
