/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/nearness.h"

#include "base/time.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#define NOON INT64_C(1717243200000) /* 2024-06-01T12:00:00Z */

static struct question question_of(uint32_t address, int64_t at_ms)
{
        return (struct question){.address = address_from_ipv4(address), .at_ms = at_ms};
}

static void test_hour_then_address_then_time(void **state)
{
        const struct question questions[] = {
                question_of(0xcb007102, NOON + 5000),
                question_of(0xcb007101, NOON + TIME_HOUR),
                question_of(0xcb007101, NOON + 59 * TIME_MINUTE),
                question_of(0xcb007101, NOON + 2000),
                question_of(0xc6336401, NOON + 40000),
        };
        static const uint32_t wanted[] = {4, 3, 2, 0, 1};
        struct near_item items[10];

        (void)state;
        for (uint32_t i = 0; i < 5; i++)
                items[i] = near_item_of(&questions[i], i);
        near_items_sort(items, 5, items + 5);
        for (size_t i = 0; i < 5; i++)
                assert_int_equal(items[i].index, wanted[i]);
}

/* Every item is there once afterwards, in order, and those of one place as they stood. */
static void test_nothing_is_lost(void **state)
{
        static struct near_item items[2000];
        static bool seen[1000];
        uint64_t random = 1;

        (void)state;
        for (uint32_t i = 0; i < 1000; i++) {
                random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
                struct question q =
                        question_of((uint32_t)(random >> 60), NOON + (int64_t)(random >> 40 & 7) * TIME_HOUR);
                items[i] = near_item_of(&q, i);
        }
        near_items_sort(items, 1000, items + 1000);
        for (size_t i = 0; i < 1000; i++) {
                assert_false(seen[items[i].index]);
                seen[items[i].index] = true;
                if (i > 0)
                        assert_true(items[i - 1].place < items[i].place ||
                                    (items[i - 1].place == items[i].place &&
                                            items[i - 1].index < items[i].index));
        }
}

static void test_few(void **state)
{
        struct near_item items[2] = {{.place = 7, .index = 3}};

        (void)state;
        near_items_sort(items, 0, items + 1);
        near_items_sort(items, 1, items + 1);
        assert_int_equal(items[0].index, 3);
}

/* The same IPv6 address stands together, whatever stands between its questions. */
static void test_ipv6(void **state)
{
        uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8};
        struct question a = {.address = address_from_ipv6(bytes), .at_ms = NOON}, b = a;

        (void)state;
        b.at_ms += 500;
        assert_true(near_item_of(&a, 0).place == near_item_of(&b, 1).place);
        bytes[15] = 1;
        b.address = address_from_ipv6(bytes);
        assert_false(near_item_of(&a, 0).place == near_item_of(&b, 1).place);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hour_then_address_then_time),
                cmocka_unit_test(test_nothing_is_lost),
                cmocka_unit_test(test_few),
                cmocka_unit_test(test_ipv6),
        };

        return cmocka_run_group_tests_name("nearness", tests, NULL, NULL);
}
