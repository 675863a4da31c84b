/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

static int64_t instant_of(const char *text)
{
        int64_t instant;
        struct error error = {0};
        if (time_parse_rfc3339(slice_of(text), &instant, NULL, &error) < 0)
                fail_msg("%s", error.text);
        return instant;
}

static struct civil civil_of(const char *text)
{
        char utc[TIME_TEXT_MAX];
        snprintf(utc, sizeof utc, "%sZ", text);
        return time_to_civil(instant_of(utc));
}

static struct zone *must_open(const char *name)
{
        struct zone *zone = NULL;
        struct error error = {0};
        if (zone_open(name, &zone, &error) < 0)
                fail_msg("%s", error.text);
        return zone;
}

struct reading {
        const char *zone, *civil;
        int count;
        const char *first, *second;
};

/* From the rules of the zones as published by IANA. */
static const struct reading readings[] = {
        {"Europe/Berlin", "2026-07-01T12:00:00", 1, "2026-07-01T12:00:00+02:00", NULL},
        {"Europe/Berlin", "2026-10-25T01:59:59.999", 1, "2026-10-25T01:59:59.999+02:00", NULL},
        {"Europe/Berlin", "2026-10-25T02:00:00", 2, "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"},
        {"Europe/Berlin", "2026-10-25T02:59:59.999", 2, "2026-10-25T02:59:59.999+02:00",
                "2026-10-25T02:59:59.999+01:00"},
        {"Europe/Berlin", "2026-10-25T03:00:00", 1, "2026-10-25T03:00:00+01:00", NULL},
        {"Europe/Berlin", "2026-03-29T01:59:59.999", 1, "2026-03-29T01:59:59.999+01:00", NULL},
        {"Europe/Berlin", "2026-03-29T02:00:00", 0, NULL, NULL},
        {"Europe/Berlin", "2026-03-29T02:59:59.999", 0, NULL, NULL},
        {"Europe/Berlin", "2026-03-29T03:00:00", 1, "2026-03-29T03:00:00+02:00", NULL},
        /* Half an hour of overlap, over midnight UTC of the day before. */
        {"Australia/Lord_Howe", "2026-04-05T01:29:59", 1, "2026-04-05T01:29:59+11:00", NULL},
        {"Australia/Lord_Howe", "2026-04-05T01:30:00", 2, "2026-04-05T01:30:00+11:00",
                "2026-04-05T01:30:00+10:30"},
        {"Australia/Lord_Howe", "2026-04-05T02:00:00", 1, "2026-04-05T02:00:00+10:30", NULL},
        /* A whole day that never was. */
        {"Pacific/Apia", "2011-12-30T12:00:00", 0, NULL, NULL},
        {"Pacific/Apia", "2011-12-29T23:59:59", 1, "2011-12-29T23:59:59-10:00", NULL},
        {"Pacific/Apia", "2011-12-31T00:00:00", 1, "2011-12-31T00:00:00+14:00", NULL},
        {"Asia/Kathmandu", "2026-01-01T00:00:00", 1, "2026-01-01T00:00:00+05:45", NULL},
        {"America/New_York", "2026-11-01T01:30:00", 2, "2026-11-01T01:30:00-04:00",
                "2026-11-01T01:30:00-05:00"},
        {"UTC", "2026-10-25T02:30:00", 1, "2026-10-25T02:30:00Z", NULL},
        {"UTC", "1970-01-01T00:00:00", 1, "1970-01-01T00:00:00Z", NULL},
        /* Far in the future the last rule goes on. */
        {"Europe/Berlin", "2200-07-01T12:00:00", 1, "2200-07-01T12:00:00+02:00", NULL},
};

static void test_readings(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
                const struct reading *wanted = &readings[i];
                struct civil civil = civil_of(wanted->civil);
                struct zone *zone = must_open(wanted->zone);
                struct zone_reading found = zone_from_civil(zone, &civil);

                if (found.count != wanted->count)
                        fail_msg("%s %s: %d instants", wanted->zone, wanted->civil, found.count);
                if (found.count > 0)
                        assert_int_equal(found.instants[0], instant_of(wanted->first));
                if (found.count > 1)
                        assert_int_equal(found.instants[1], instant_of(wanted->second));
                for (int j = 0; j < found.count; j++)
                        assert_int_equal(zone_is_ambiguous(zone, found.instants[j]), found.count == 2);
                zone_close(zone);
        }
}

/* Every hour of some years, there and back, against the C library asked directly. */
static void test_every_hour_there_and_back(void **state)
{
        static const char *const names[] = {"Europe/Berlin", "Africa/Casablanca", "America/Sao_Paulo",
                "Asia/Tehran", "Pacific/Chatham", "Antarctica/Troll"};

        (void)state;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                struct zone *zone = must_open(names[i]);
                for (int64_t instant = instant_of("2015-01-01T00:10:00Z");
                        instant < instant_of("2020-01-01T00:00:00Z"); instant += TIME_HOUR) {
                        int offset = zone_offset(zone, instant);
                        struct civil civil = time_to_civil(instant + offset * TIME_SECOND);
                        struct zone_reading back = zone_from_civil(zone, &civil);
                        assert_true(back.count >= 1);
                        assert_true(back.instants[0] == instant ||
                                    (back.count == 2 && back.instants[1] == instant));
                }
                setenv("TZ", names[i], 1);
                tzset();
                for (time_t second = 1420070400; second < 1577836800; second += 1799) {
                        struct tm local;
                        localtime_r(&second, &local);
                        assert_int_equal(zone_offset(zone, (int64_t)second * 1000), local.tm_gmtoff);
                        setenv("TZ", names[i], 1);
                        tzset();
                }
                unsetenv("TZ");
                zone_close(zone);
        }
}

static void test_environment_is_left_alone(void **state)
{
        struct zone *zone = must_open("Europe/Berlin");

        (void)state;
        setenv("TZ", "Asia/Tokyo", 1);
        (void)zone_offset(zone, instant_of("2026-07-01T00:00:00Z"));
        assert_string_equal(getenv("TZ"), "Asia/Tokyo");
        unsetenv("TZ");
        assert_int_equal(zone_offset(zone, instant_of("2026-01-01T00:00:00Z")), 3600);
        assert_null(getenv("TZ"));
        zone_close(zone);
}

static void test_what_is_no_zone(void **state)
{
        static const char *const refused[] = {"", "MEZ", "Europe/Atlantis", "CET-1CEST,M3.5.0,M10.5.0/3",
                "UTC+2", "<+01>-1", "../zoneinfo/Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin",
                "Europe", "zone.tab", "localtime", "posixrules", "Factory", "right/Europe/Berlin",
                ":Europe/Berlin", "europe/berlin "};
        struct zone *zone = NULL;
        struct error error = {0};

        (void)state;
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
                if (zone_open(refused[i], &zone, &error) >= 0)
                        fail_msg("taken: %s", refused[i]);
                assert_non_null(strstr(error.text, "Europe/Berlin, or UTC"));
                assert_false(zone_is_known(refused[i]));
        }
        assert_null(zone);
        assert_true(zone_is_known("UTC"));
        zone = must_open("UTC");
        assert_string_equal(zone_name(zone), "UTC");
        zone_close(zone);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_readings),
                cmocka_unit_test(test_every_hour_there_and_back),
                cmocka_unit_test(test_environment_is_left_alone),
                cmocka_unit_test(test_what_is_no_zone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
