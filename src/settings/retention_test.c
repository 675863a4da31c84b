/* SPDX-License-Identifier: EUPL-1.2 */
#include "settings/retention.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define NOW INT64_C(1795250400000) /* a full hour */
#define OUTSIDE 0xc6336407u        /* 198.51.100.7 */

static struct settings parse(const char *text)
{
        struct settings settings = {.realms = NULL};
        size_t count = 0;

        assert_int_equal(settings_parse(text, strlen(text), &settings, NULL, 0, &count), 0);
        return settings;
}

static int64_t keeps(const struct settings *settings, enum retain_kind kind, const char *text)
{
        struct address address;

        assert_int_equal(address_parse(slice_of(text), &address, NULL), 0);
        return retention_of(settings_realm(settings, "default"), kind, &address).keep_ms / TIME_DAY;
}

static void test_the_longest_prefix_counts(void **state)
{
        struct settings s =
                parse("[realm default]\nretain = 100d\nretain-destinations = 7d\nretain-leases = 200d\n"
                      "retain-ranges = 198.51.100.0/24 bindings 30d, 198.51.100.64/26 bindings 365d, "
                      "198.51.100.7 destinations 1d, 198.51.100.64/26 destinations unlimited, "
                      "2001:db8::/32 leases 90d\n");

        (void)state;
        assert_int_equal(keeps(&s, RETAIN_BINDINGS, "203.0.113.1"), 100);
        assert_int_equal(keeps(&s, RETAIN_BINDINGS, "198.51.100.7"), 30);
        assert_int_equal(keeps(&s, RETAIN_BINDINGS, "198.51.100.70"), 365);
        assert_int_equal(keeps(&s, RETAIN_DESTINATIONS, "198.51.100.7"), 1);
        assert_int_equal(keeps(&s, RETAIN_DESTINATIONS, "198.51.100.8"), 7);
        assert_int_equal(keeps(&s, RETAIN_DESTINATIONS, "198.51.100.70"), 0);
        assert_int_equal(keeps(&s, RETAIN_LEASES, "198.51.100.7"), 200);
        assert_int_equal(keeps(&s, RETAIN_LEASES, "2001:db8::1"), 90);
        settings_free(&s);
}

static void test_of_equal_ranges_the_shorter_time_counts(void **state)
{
        struct settings s =
                parse("[realm default]\nretain-ranges = 198.51.100.0/24 bindings 30d, 198.51.100.0/24 "
                      "bindings 20d, 198.51.100.0/24 bindings 40d, 203.0.113.0/24 bindings unlimited, "
                      "203.0.113.0/24 bindings 5d\n");

        (void)state;
        assert_int_equal(keeps(&s, RETAIN_BINDINGS, "198.51.100.7"), 20);
        assert_int_equal(keeps(&s, RETAIN_BINDINGS, "203.0.113.7"), 5);
        assert_int_equal(keeps(&s, RETAIN_BINDINGS, "192.0.2.7"), 0);
        settings_free(&s);
}

/* Due is what ended before the horizon, not what ended at it; what has no end is never due. */
static void test_the_edge_of_the_horizon(void **state)
{
        struct retention day = {.keep_ms = TIME_DAY}, never = {.keep_ms = 0};

        (void)state;
        assert_int_equal(retention_horizon(&day, NOW), NOW - TIME_DAY);
        assert_true(retention_horizon(&never, NOW) == TIME_UNKNOWN);
        assert_true(retention_is_due(&day, NOW - TIME_DAY - 1, NOW));
        assert_false(retention_is_due(&day, NOW - TIME_DAY, NOW));
        assert_false(retention_is_due(&day, TIME_UNKNOWN, NOW));
        assert_false(retention_is_due(&never, TIME_FIRST, NOW));
}

static void test_a_window_is_due_with_its_last_instant(void **state)
{
        struct settings s = parse("[realm default]\nretain = 1d\n");
        const struct realm_settings *realm = settings_realm(&s, "default");

        (void)state;
        assert_true(retention_of_window(realm, NOW - TIME_DAY, NOW));
        assert_false(retention_of_window(realm, NOW - TIME_DAY, NOW - 1));
        assert_false(retention_of_window(realm, NOW - TIME_DAY + 1, NOW));
        assert_int_equal(retention_of_sheet(realm, OUTSIDE, NOW - TIME_DAY, NOW), SHEET_GONE);
        assert_int_equal(retention_of_sheet(realm, OUTSIDE, NOW - TIME_DAY, NOW - 1), SHEET_KEPT);
        settings_free(&s);
}

static void test_a_range_keeps_its_part_of_a_window(void **state)
{
        struct settings s =
                parse("[realm default]\nretain = 1d\nretain-destinations = 2h\n"
                      "retain-ranges = 198.51.100.0/26 bindings 30d, 100.64.0.0/10 leases 365d\n");
        const struct realm_settings *realm = settings_realm(&s, "default");
        int64_t old = NOW - 2 * TIME_DAY, recent = NOW - 3 * TIME_HOUR;

        (void)state;
        assert_false(retention_of_window(realm, old, NOW));
        assert_true(retention_of_window(realm, NOW - 30 * TIME_DAY, NOW));
        assert_int_equal(retention_of_sheet(realm, OUTSIDE, old, NOW), SHEET_WITHOUT_DESTINATIONS);
        assert_int_equal(retention_of_sheet(realm, OUTSIDE + 128, old, NOW), SHEET_GONE);
        assert_int_equal(retention_of_sheet(realm, OUTSIDE + 128, recent, NOW), SHEET_WITHOUT_DESTINATIONS);
        assert_true(retention_touches_window(realm, recent, NOW));
        assert_false(retention_touches_window(realm, NOW - TIME_HOUR, NOW));
        settings_free(&s);
}

static void test_without_times_nothing_is_due(void **state)
{
        struct settings s = parse("");
        const struct realm_settings *realm = settings_realm(&s, "default");

        (void)state;
        assert_false(retention_touches_window(realm, TIME_FIRST + TIME_HOUR, NOW));
        assert_false(retention_of_window(realm, TIME_FIRST + TIME_HOUR, NOW));
        assert_int_equal(retention_of_sheet(realm, OUTSIDE, TIME_FIRST + TIME_HOUR, NOW), SHEET_KEPT);
        settings_free(&s);
}

static void test_ranges_are_read_and_written(void **state)
{
        static const char *const wrong[] = {"198.51.100.0/24", "198.51.100.0/24 bindings",
                "198.51.100.0/24 names 1d", "198.51.100.1/24 bindings 1d", "198.51.100.0/24 bindings 1m",
                "198.51.100.0/24 bindings 1d 2d", "198.51.100.0/24 bindings 1d,"};
        struct settings s = parse("[realm default]\nretain-ranges = 198.51.100.0/26  bindings "
                                  "48h,2001:db8::/32 leases unlimited\n");
        struct buffer text = buffer_make(4096);

        (void)state;
        assert_int_equal(settings_write_realm(&text, settings_realm(&s, "default")), 0);
        assert_non_null(memmem(text.bytes, text.length,
                "retain-ranges = 198.51.100.0/26 bindings 2d, 2001:db8::/32 leases unlimited\n", 76));
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                struct settings_problem problem = {0};
                struct settings none;
                char line[128];
                size_t count = 0;
                snprintf(line, sizeof line, "[realm default]\nretain-ranges = %s\n", wrong[i]);
                int r = settings_parse(line, strlen(line), &none, &problem, 1, &count);
                if (i + 1 == sizeof wrong / sizeof wrong[0]) {
                        /* A comma at the end is taken by other lists too. */
                        assert_int_equal(r, 0);
                        settings_free(&none);
                        continue;
                }
                assert_int_equal(r, -EINVAL);
                assert_int_equal(problem.line, 2);
                assert_non_null(strstr(problem.text, "retain-ranges: "));
        }
        settings_free(&s);
        buffer_free(&text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_longest_prefix_counts),
                cmocka_unit_test(test_of_equal_ranges_the_shorter_time_counts),
                cmocka_unit_test(test_the_edge_of_the_horizon),
                cmocka_unit_test(test_a_window_is_due_with_its_last_instant),
                cmocka_unit_test(test_a_range_keeps_its_part_of_a_window),
                cmocka_unit_test(test_without_times_nothing_is_due),
                cmocka_unit_test(test_ranges_are_read_and_written),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
