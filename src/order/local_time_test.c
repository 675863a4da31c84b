/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/local_zone_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct local_reading reading(const struct local_zone *zone, int month, int day, int hour, int minute)
{
        struct civil civil = {.year = 2026, .month = month, .day = day, .hour = hour, .minute = minute};

        return local_reading_of(zone, &civil);
}

static void test_a_reading_means_one_two_or_no_instants(void **state)
{
        struct local_zone vienna = vienna_zone();

        (void)state;
        struct local_reading plain = reading(&vienna, 11, 21, 11, 0);
        assert_int_equal(plain.count, 1);
        assert_true(plain.instants[0] == AT("2026-11-21T10:00:00Z"));
        assert_int_equal(reading(&vienna, 3, 29, 2, 30).count, 0);
        struct local_reading twice = reading(&vienna, 10, 25, 2, 30);
        assert_int_equal(twice.count, 2);
        assert_true(twice.instants[0] == AT("2026-10-25T00:30:00Z") && twice.offsets_s[0] == 7200);
        assert_true(twice.instants[1] == AT("2026-10-25T01:30:00Z") && twice.offsets_s[1] == 3600);
        assert_int_equal(reading(&vienna, 10, 25, 3, 0).count, 1);
        assert_int_equal(reading(&vienna, 10, 25, 1, 59).count, 1);
}

/* Every quarter of an hour of a year, there and back. */
static void test_every_instant_is_among_what_its_reading_means(void **state)
{
        struct local_zone zones[] = {vienna_zone(), dublin_zone(), helsinki_zone(), midnight_zone()};

        (void)state;
        for (size_t z = 0; z < 4; z++)
                for (int64_t at = AT("2026-01-01T00:00:00Z"); at < AT("2027-01-01T00:00:00Z");
                        at += TIME_HOUR / 4) {
                        struct civil civil = local_civil(&zones[z], at);
                        struct local_reading found = local_reading_of(&zones[z], &civil);
                        assert_true(found.count >= 1);
                        assert_true(found.instants[0] == at || (found.count == 2 && found.instants[1] == at));
                }
}

static void test_days_begin_at_midnight_or_with_the_jump_over_it(void **state)
{
        struct local_zone vienna = vienna_zone(), beirut = midnight_zone();
        struct civil day = {.year = 2026, .month = 11, .day = 21};

        (void)state;
        assert_true(local_day_start(&vienna, civil_day_number(&day)) == AT("2026-11-20T23:00:00Z"));
        day = (struct civil){.year = 2026, .month = 3, .day = 29};
        assert_true(local_day_start(&vienna, civil_day_number(&day)) == AT("2026-03-28T23:00:00Z"));
        assert_true(local_day_start(&beirut, civil_day_number(&day)) == AT("2026-03-28T22:00:00Z"));
        /* midnight comes twice: the day begins with the first */
        day = (struct civil){.year = 2026, .month = 10, .day = 25};
        assert_true(local_day_start(&beirut, civil_day_number(&day)) == AT("2026-10-24T22:00:00Z"));
}

static void test_weekdays(void **state)
{
        struct civil saturday = {.year = 2026, .month = 11, .day = 21},
                     thursday = {.year = 1970, .month = 1, .day = 1};

        (void)state;
        assert_int_equal(civil_weekday(civil_day_number(&saturday)), 5);
        assert_int_equal(civil_weekday(civil_day_number(&thursday)), 3);
        assert_int_equal(civil_weekday(-1), 2);
}

static void test_offsets_as_a_table(void **state)
{
        const struct local_transition rows[] = {
                {AT("2026-03-29T01:00:00Z"), 7200}, {AT("2026-10-25T01:00:00Z"), 3600}};
        struct local_table table = {.transitions = rows, .count = 2, .before_s = 3600};
        struct local_zone by_table = {.name = "table", .offset = local_table_offset, .context = &table};
        struct local_zone vienna = vienna_zone();

        (void)state;
        for (int64_t at = AT("2026-01-01T00:00:00Z"); at < AT("2027-01-01T00:00:00Z"); at += TIME_HOUR)
                assert_int_equal(by_table.offset(by_table.context, at), vienna.offset(vienna.context, at));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_reading_means_one_two_or_no_instants),
                cmocka_unit_test(test_every_instant_is_among_what_its_reading_means),
                cmocka_unit_test(test_days_begin_at_midnight_or_with_the_jump_over_it),
                cmocka_unit_test(test_weekdays),
                cmocka_unit_test(test_offsets_as_a_table),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
