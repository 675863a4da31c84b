/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/plan_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OUTSIDE UINT32_C(0xc6336407) /* 198.51.100.7 */

/* A row of one range; times are small numbers (ms), 0: until further notice. */
static struct plan_row row_of(unsigned host, int64_t from, int64_t to, unsigned first, unsigned last)
{
        struct address inside = address_from_ipv4(UINT32_C(0x64400000) + host);

        return (struct plan_row){.from_ms = from,
                .to_ms = to ? to : TIME_UNKNOWN,
                .inside = prefix_of(&inside, 128),
                .outside = OUTSIDE,
                .port_first = (uint16_t)first,
                .port_last = (uint16_t)last,
                .repeat_count = 1};
}

static void add(struct plan_list *list, struct plan_row row)
{
        struct plan_entry entry = {.row = row, .place = (uint32_t)list->count + 1};

        assert_int_equal(plan_row_check(&row, NULL), 0);
        assert_int_equal(plan_list_append(list, &entry), 0);
}

static void settle(struct plan_list *list)
{
        uint32_t outside;
        assert_int_equal(plan_settle(list, NULL, &outside), 0);
}

/* The row of a host that begins then. */
static const struct plan_entry *find(const struct plan_list *list, unsigned host, int64_t from)
{
        for (size_t i = 0; i < list->count; i++)
                if (address_ipv4(&list->items[i].row.inside.address) == UINT32_C(0x64400000) + host &&
                        list->items[i].row.from_ms == from)
                        return &list->items[i];
        fail_msg("no row of host %u from %d", host, (int)from);
        return NULL;
}

static void test_each_row_once(void **state)
{
        struct plan_list list = {0};

        (void)state;
        for (int twice = 0; twice < 2; twice++) {
                add(&list, row_of(2, 10, 0, 2048, 3071));
                add(&list, row_of(1, 10, 0, 1024, 2047));
        }
        settle(&list);
        assert_int_equal(list.count, 2);
        assert_int_equal(list.items[0].row.port_first, 1024);
        assert_int_equal(list.items[0].marks, 0);
        assert_int_equal(list.items[0].until_ms, TIME_UNKNOWN);
        plan_list_free(&list);
}

/* What the later import says of completeness counts. */
static void test_completeness(void **state)
{
        struct plan_list list = {0};

        (void)state;
        for (int later = 0; later < 3; later++) {
                add(&list, row_of(1, 10, 0, 1024, 2047));
                list.items[list.count - 1].marks = later == 1 ? PLAN_INCOMPLETE : 0;
                settle(&list);
                assert_int_equal(list.count, 1);
                assert_int_equal(list.items[0].marks, later == 1 ? PLAN_INCOMPLETE : 0);
        }
        plan_list_free(&list);
}

static void test_end_given_later(void **state)
{
        struct plan_list list = {0};

        (void)state;
        add(&list, row_of(1, 10, 50, 1024, 2047));
        add(&list, row_of(1, 10, 0, 1024, 2047));
        add(&list, row_of(2, 50, 0, 1024, 2047));
        settle(&list);
        assert_int_equal(list.count, 2);
        assert_int_equal(find(&list, 1, 10)->until_ms, 50);
        assert_int_equal(find(&list, 1, 10)->marks | find(&list, 2, 50)->marks, 0);
        plan_list_free(&list);
}

static void test_open_row_ends_at_the_next(void **state)
{
        struct plan_list list = {0};

        (void)state;
        add(&list, row_of(1, 10, 0, 1024, 2047));
        add(&list, row_of(2, 70, 0, 2000, 2100));
        add(&list, row_of(3, 40, 60, 1100, 1100));
        add(&list, row_of(4, 20, 0, 2048, 2100));
        settle(&list);
        assert_int_equal(find(&list, 1, 10)->until_ms, 40);
        assert_int_equal(find(&list, 1, 10)->row.to_ms, TIME_UNKNOWN);
        assert_int_equal(find(&list, 2, 70)->until_ms, TIME_UNKNOWN);
        assert_int_equal(find(&list, 3, 40)->until_ms, 60);
        assert_int_equal(find(&list, 4, 20)->until_ms, 70);
        for (size_t i = 0; i < list.count; i++)
                assert_int_equal(list.items[i].marks, 0);
        plan_list_free(&list);
}

static void test_disputes(void **state)
{
        struct plan_list list = {0};
        struct plan_row tcp = row_of(5, 10, 0, 5000, 5999), udp = row_of(6, 10, 0, 5000, 5999),
                        dynamic = row_of(0, 10, 0, 6500, 6999);

        (void)state;
        add(&list, row_of(1, 10, 0, 1024, 2047)); /* both open since the same time */
        add(&list, row_of(2, 10, 0, 2047, 2050));
        add(&list, row_of(3, 10, 30, 3000, 3999)); /* one behind the other */
        add(&list, row_of(4, 30, 60, 3000, 3999));
        tcp.protocol = 6;
        udp.protocol = 17;
        add(&list, tcp);
        add(&list, udp);
        add(&list, row_of(7, 10, 30, 6000, 6600)); /* the logs' and a host's */
        dynamic.is_dynamic = true;
        dynamic.inside = (struct prefix){.length = 0};
        add(&list, dynamic);
        settle(&list);
        for (size_t i = 0; i < list.count; i++) {
                uint32_t host = address_ipv4(&list.items[i].row.inside.address) & 255;
                bool disputed = host == 1 || host == 2 || host == 7 || list.items[i].row.is_dynamic;
                if (list.items[i].marks != (disputed ? PLAN_DISPUTED : 0))
                        fail_msg("host %u: %x", (unsigned)host, list.items[i].marks);
        }
        plan_list_free(&list);
}

/* --- Against the plainest implementation --- */

static unsigned random_below(uint64_t *seed, unsigned most)
{
        *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        return (unsigned)(*seed >> 33) % most;
}

static struct plan_row random_row(uint64_t *seed)
{
        int64_t from = random_below(seed, 8) * 10;
        unsigned first = 1000 + random_below(seed, 30), last = first + random_below(seed, 8);
        struct plan_row row = row_of(1 + random_below(seed, 4), from,
                random_below(seed, 2) ? from + 10 * (1 + random_below(seed, 4)) : 0, first, last);

        row.outside += random_below(seed, 2);
        row.protocol = (uint8_t)(random_below(seed, 3) ? 0 : random_below(seed, 2) ? 6 : 17);
        if (random_below(seed, 4) == 0) {
                row.repeat_count = (uint16_t)(2 + random_below(seed, 3));
                row.repeat_every = (uint16_t)(row.port_last - row.port_first + 1u + random_below(seed, 9));
        }
        return row;
}

static bool shares_port(const struct plan_row *a, const struct plan_row *b)
{
        if (a->outside != b->outside || (a->protocol && b->protocol && a->protocol != b->protocol))
                return false;
        for (unsigned port = 1000; port < 1200; port++)
                if (plan_row_has_port(a, (uint16_t)port) && plan_row_has_port(b, (uint16_t)port))
                        return true;
        return false;
}

static int64_t plain_until(const struct plan_list *list, const struct plan_row *row)
{
        int64_t until = row->to_ms;

        for (size_t i = 0; i < list->count && row->to_ms == TIME_UNKNOWN; i++) {
                const struct plan_row *other = &list->items[i].row;
                if (other->from_ms > row->from_ms && (until == TIME_UNKNOWN || other->from_ms < until) &&
                        shares_port(row, other))
                        until = other->from_ms;
        }
        return until;
}

static bool plain_disputed(const struct plan_list *list, const struct plan_entry *entry)
{
        for (size_t i = 0; i < list->count; i++) {
                const struct plan_entry *other = &list->items[i];
                bool before = entry->until_ms != TIME_UNKNOWN && entry->until_ms <= other->row.from_ms;
                bool after = other->until_ms != TIME_UNKNOWN && other->until_ms <= entry->row.from_ms;
                if (!before && !after && !plan_same_holder(&entry->row, &other->row) &&
                        shares_port(&entry->row, &other->row))
                        return true;
        }
        return false;
}

static void compare_settled(const struct plan_list *list, uint64_t round)
{
        for (size_t i = 0; i < list->count; i++) {
                const struct plan_entry *entry = &list->items[i];
                if (entry->until_ms != plain_until(list, &entry->row))
                        fail_msg("round %d, row %zu: ends at %d", (int)round, i, (int)entry->until_ms);
                if ((entry->marks & PLAN_DISPUTED) != (plain_disputed(list, entry) ? PLAN_DISPUTED : 0))
                        fail_msg("round %d, row %zu: disputed %d", (int)round, i, entry->marks);
        }
}

/* The order in which rows come, and that some come twice, changes nothing. */
static void test_random_sets(void **state)
{
        (void)state;
        for (uint64_t round = 0; round < 3000; round++) {
                struct plan_list list = {0}, again = {0};
                uint64_t seed = round * 977 + 5;
                unsigned count = 1 + random_below(&seed, 14);
                for (unsigned i = 0; i < count; i++)
                        add(&list, random_row(&seed));
                for (size_t i = list.count; i-- > 0;)
                        for (int k = 0; k < 2; k++)
                                add(&again, list.items[i].row);
                settle(&list);
                settle(&again);
                settle(&again);
                compare_settled(&list, round);
                assert_int_equal(list.count, again.count);
                for (size_t i = 0; i < list.count; i++) {
                        assert_int_equal(plan_entry_compare(&list.items[i], &again.items[i]), 0);
                        assert_int_equal(list.items[i].until_ms, again.items[i].until_ms);
                        assert_int_equal(list.items[i].marks, again.items[i].marks);
                }
                plan_list_free(&list);
                plan_list_free(&again);
        }
}

static void test_limit(void **state)
{
        struct plan_list list = {0};
        uint32_t outside = 0;

        (void)state;
        for (unsigned i = 0; i <= PLAN_ADDRESS_ROWS_MAX; i++)
                add(&list, row_of(1, i, (int64_t)i + 1, 1024, 2047));
        assert_int_equal(plan_settle(&list, NULL, &outside), -E2BIG);
        assert_int_equal(outside, OUTSIDE);
        plan_list_free(&list);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_row_once),
                cmocka_unit_test(test_completeness),
                cmocka_unit_test(test_end_given_later),
                cmocka_unit_test(test_open_row_ends_at_the_next),
                cmocka_unit_test(test_disputes),
                cmocka_unit_test(test_random_sets),
                cmocka_unit_test(test_limit),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
