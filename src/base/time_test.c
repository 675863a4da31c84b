/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

/* Counts every day from 1970 to 2261 by hand and compares both directions. */
static void test_every_day(void **state)
{
        int64_t days = 0;

        (void)state;
        for (int year = 1970; year < 2262; year++) {
                bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
                for (int month = 1; month <= 12; month++) {
                        int last = month_days[month - 1] + (month == 2 && leap);
                        for (int day = 1; day <= last; day++, days++) {
                                struct civil civil = {year, month, day, 23, 59, 58, 999};
                                int64_t instant = days * TIME_DAY + TIME_DAY - 1001;
                                assert_true(civil_is_valid(&civil));
                                assert_int_equal(time_from_civil(&civil), instant);
                                struct civil back = time_to_civil(instant);
                                assert_memory_equal(&back, &civil, sizeof civil);
                        }
                        struct civil beyond = {year, month, last + 1, 0, 0, 0, 0};
                        assert_false(civil_is_valid(&beyond));
                }
        }
        assert_int_equal(days * TIME_DAY, TIME_LIMIT);
}

static void test_rfc3339(void **state)
{
        static const struct {
                const char *text;
                int64_t instant;
                int offset_s;
        } cases[] = {
                {"1970-01-01T00:00:00Z", 0, 0},
                {"2026-11-20T23:35:52Z", 1795217752000, 0},
                {"2026-11-21T00:35:52.250+01:00", 1795217752250, 3600},
                {"2026-11-20t23:35:52.9999z", 1795217752999, 0},
                {"2026-11-20 23:35:52.1Z", 1795217752100, 0},
                {"2026-11-20T18:05:52-05:30", 1795217752000, -19800},
                {"2026-11-20T23:35:52-00:00", 1795217752000, 0},
                {"2016-12-31T23:59:60Z", 1483228799999, 0},
                {"2261-12-31T23:59:59.999Z", TIME_LIMIT - 1, 0},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                int64_t instant = -1;
                int offset_s = -1;
                struct error error = {0};
                if (time_parse_rfc3339(slice_of(cases[i].text), &instant, &offset_s, &error) < 0)
                        fail_msg("%s", error.text);
                assert_int_equal(instant, cases[i].instant);
                assert_int_equal(offset_s, cases[i].offset_s);
        }
}

static void test_rfc3339_refusals(void **state)
{
        static const char *const refused[] = {"", "now", "2026-11-20", "2026-11-20T23:35Z",
                "2026-11-20T24:00:00Z", "2026-11-20T23:60:00Z", "2026-11-20T23:35:61Z",
                "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
                "2026-11-20T23:35:52.Z", "2026-11-20T23:35:52+0100", "2026-11-20T23:35:52+01",
                "2026-11-20T23:35:52+24:00", "2026-11-20T23:35:52+01:60", "2026-11-20T23:35:52ZZ",
                "2026-11-20T23:35:52Z ", " 2026-11-20T23:35:52Z", "2026-11-20T23:35:52 CET",
                "26-11-20T23:35:52Z", "1969-12-31T23:59:59Z", "2262-01-01T00:00:00Z",
                "1970-01-01T00:00:00+00:01", "+026-11-20T23:35:52Z"};
        struct error error;
        int64_t instant = 7;

        (void)state;
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
                error = (struct error){0};
                if (time_parse_rfc3339(slice_of(refused[i]), &instant, NULL, &error) >= 0)
                        fail_msg("taken: %s", refused[i]);
                assert_true(error.text[0]);
        }
        assert_int_equal(instant, 7);
        /* The mistake that names the wrong person: it must say how to write it. */
        assert_int_equal(
                time_parse_rfc3339(slice_of("2026-11-20T23:35:52"), &instant, NULL, &error), -EINVAL);
        assert_non_null(strstr(error.text, "2026-11-20T23:35:52Z"));
        assert_non_null(strstr(error.text, "2026-11-20T23:35:52+01:00"));
}

static void test_writing(void **state)
{
        char text[TIME_TEXT_MAX];

        (void)state;
        assert_string_equal(time_format_utc(1795217752123, text), "2026-11-20T23:35:52.123Z");
        assert_string_equal(time_format_utc(TIME_UNKNOWN, text), "-");
        assert_string_equal(time_format_offset(1795217752123, 3600, text), "2026-11-21T00:35:52.123+01:00");
        assert_string_equal(time_format_offset(1795217752123, -19800, text), "2026-11-20T18:05:52.123-05:30");
        for (int64_t instant = 0; instant < TIME_LIMIT; instant += 123456789012) {
                int64_t back;
                assert_int_equal(
                        time_parse_rfc3339(slice_of(time_format_utc(instant, text)), &back, NULL, NULL), 0);
                assert_int_equal(back, instant);
        }
}

static void test_durations(void **state)
{
        static const struct {
                const char *text;
                int64_t duration;
                const char *again;
        } cases[] = {
                {"500ms", 500, "500ms"},
                {"2s", 2000, "2s"},
                {"5m", 300000, "5m"},
                {"24h", TIME_DAY, "1d"},
                {"180d", 180 * TIME_DAY, "180d"},
                {"1500ms", 1500, "1500ms"},
                {"0s", 0, "0s"},
                {"90m", 90 * TIME_MINUTE, "90m"},
        };
        static const char *const refused[] = {
                "", "2", "s", "2 s", "-2s", "2.5s", "2sec", "2S", "1w", "99999999999999999999d", "36601d"};
        char text[TIME_TEXT_MAX];
        int64_t duration = 7;

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                assert_int_equal(time_parse_duration(slice_of(cases[i].text), &duration, NULL), 0);
                assert_int_equal(duration, cases[i].duration);
                assert_string_equal(time_format_duration(duration, text), cases[i].again);
        }
        duration = 7;
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
                assert_true(time_parse_duration(slice_of(refused[i]), &duration, NULL) < 0);
        assert_int_equal(duration, 7);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_day),
                cmocka_unit_test(test_rfc3339),
                cmocka_unit_test(test_rfc3339_refusals),
                cmocka_unit_test(test_writing),
                cmocka_unit_test(test_durations),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
