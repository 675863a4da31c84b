/* SPDX-License-Identifier: EUPL-1.2 */
#include "intake/bucket.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void points_are_grouped_by_address_in_order_of_arrival(void **state)
{
        struct bucket_set set = {0};
        struct nat_point point = {0};

        (void)state;
        for (uint32_t i = 0; i < 5000; i++) {
                point.outside = (i * UINT32_C(2654435761)) % 97 * UINT32_C(0x01030507) ^ UINT32_C(0xff000000);
                point.time_ms = i;
                assert_int_equal(bucket_add(&set, 0, 0, &point), 0);
        }
        assert_int_equal(set.count, 1);
        assert_true(set.bytes >= 5000 * sizeof point);
        assert_int_equal(bucket_group(&set.items[0]), 0);
        const struct bucket *bucket = &set.items[0];
        for (size_t i = 1; i < 5000; i++) {
                const struct nat_point *before = &bucket->points[bucket->order[i - 1]];
                const struct nat_point *here = &bucket->points[bucket->order[i]];
                assert_true(before->outside <= here->outside);
                if (before->outside == here->outside)
                        assert_true(before->time_ms < here->time_ms);
        }
        /* What was counted is given back, or every later message would be merged alone. */
        bucket_drop(&set, 0);
        assert_int_equal(set.bytes, 0);
        bucket_set_free(&set);
}

static void windows_and_realms_stay_apart(void **state)
{
        struct bucket_set set = {0};
        struct nat_point point = {.outside = 1};

        (void)state;
        for (unsigned i = 0; i < 12; i++) {
                point.time_ms = i;
                assert_int_equal(bucket_add(&set, (uint16_t)(i % 2), i % 3 * 3600000, &point), 0);
        }
        assert_int_equal(set.count, 6);
        for (size_t i = 0; i < set.count; i++)
                assert_int_equal(set.items[i].count, 2);
        size_t bytes = set.bytes;
        bucket_drop(&set, 2);
        assert_int_equal(set.count, 5);
        assert_true(set.bytes < bytes);
        while (set.count)
                bucket_drop(&set, 0);
        assert_int_equal(set.bytes, 0);
        bucket_set_free(&set);
}

static void too_many_windows_are_refused(void **state)
{
        struct bucket_set set = {.count = BUCKETS_MAX};
        struct nat_point point = {0};

        (void)state;
        set.items = calloc(BUCKETS_MAX, sizeof *set.items);
        assert_non_null(set.items);
        set.capacity = BUCKETS_MAX;
        for (size_t i = 0; i < BUCKETS_MAX; i++)
                set.items[i].window_from = (int64_t)i;
        assert_int_equal(bucket_add(&set, 0, BUCKETS_MAX, &point), -E2BIG);
        assert_int_equal(bucket_add(&set, 0, BUCKETS_MAX - 1, &point), 0);
        bucket_set_free(&set);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(points_are_grouped_by_address_in_order_of_arrival),
                cmocka_unit_test(windows_and_realms_stay_apart),
                cmocka_unit_test(too_many_windows_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
