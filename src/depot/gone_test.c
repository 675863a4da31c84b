/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/gone.h"

#include "os/scratch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct prefix prefix(const char *text)
{
        struct prefix made;

        assert_int_equal(prefix_parse(slice_of(text), &made, NULL), 0);
        return made;
}

static void add(struct depot_gone_list *list, enum retain_kind kind, const char *text, int64_t until_ms)
{
        struct depot_gone gone = {.prefix = prefix(text), .kind = kind, .until_ms = until_ms};

        assert_int_equal(depot_gone_add(list, &gone), 0);
}

static int64_t until(const struct depot_gone_list *list, enum retain_kind kind, const char *text)
{
        struct prefix asked = prefix(text);

        return depot_gone_until(list, kind, &asked);
}

static void test_the_longest_prefix_speaks(void **state)
{
        struct depot_gone_list list = {.items = NULL};

        (void)state;
        assert_true(until(&list, RETAIN_BINDINGS, "198.51.100.7") == TIME_UNKNOWN);
        add(&list, RETAIN_BINDINGS, "::/0", 5 * TIME_HOUR);
        add(&list, RETAIN_BINDINGS, "198.51.100.0/26", 2 * TIME_HOUR);
        assert_int_equal(until(&list, RETAIN_BINDINGS, "198.51.100.7"), 2 * TIME_HOUR);
        assert_int_equal(until(&list, RETAIN_BINDINGS, "198.51.100.70"), 5 * TIME_HOUR);
        /* What is said of a part is not said of the whole. */
        assert_int_equal(until(&list, RETAIN_BINDINGS, "198.51.100.0/24"), 5 * TIME_HOUR);
        assert_true(until(&list, RETAIN_LEASES, "198.51.100.7") == TIME_UNKNOWN);
        depot_gone_free(&list);
}

static void test_times_only_grow(void **state)
{
        struct depot_gone_list list = {.items = NULL};

        (void)state;
        add(&list, RETAIN_LEASES, "2001:db8::/32", 5 * TIME_HOUR);
        add(&list, RETAIN_LEASES, "2001:db8::/32", 3 * TIME_HOUR);
        assert_int_equal(until(&list, RETAIN_LEASES, "2001:db8::1"), 5 * TIME_HOUR);
        add(&list, RETAIN_LEASES, "2001:db8::/32", 7 * TIME_HOUR);
        assert_int_equal(until(&list, RETAIN_LEASES, "2001:db8::1"), 7 * TIME_HOUR);
        assert_int_equal(list.count, 1);
        depot_gone_free(&list);
}

static void test_written_and_read(void **state)
{
        struct depot_gone_list list = {.items = NULL}, again;
        struct error error = {0};
        struct depot *depot;

        (void)state;
        assert_int_equal(depot_open(scratch_path("store"), DEPOT_CREATE, &depot, &error), 0);
        assert_int_equal(mkdir(scratch_path("store/realms"), 0700), 0);
        assert_int_equal(mkdir(scratch_path("store/realms/default"), 0700), 0);
        assert_int_equal(depot_gone_read(depot, "default", &again, &error), 0);
        assert_int_equal(again.count, 0);
        add(&list, RETAIN_BINDINGS, "::/0", INT64_C(1795132800000));
        add(&list, RETAIN_DESTINATIONS, "198.51.100.7", INT64_C(1795132800123));
        assert_int_equal(depot_gone_write(depot, "default", &list, &error), 0);
        assert_int_equal(depot_gone_read(depot, "default", &again, &error), 0);
        assert_int_equal(again.count, 2);
        assert_int_equal(until(&again, RETAIN_BINDINGS, "203.0.113.1"), INT64_C(1795132800000));
        assert_int_equal(until(&again, RETAIN_DESTINATIONS, "198.51.100.7"), INT64_C(1795132800123));
        depot_gone_free(&list);
        depot_gone_free(&again);
        depot_close(depot);
}

/* Where what was destroyed cannot be told, nothing may be answered. */
static void test_what_is_not_understood_is_refused(void **state)
{
        static const char *const lines[] = {"bindings", "bindings ::/0", "names ::/0 2026-11-20T00:00:00Z",
                "bindings 198.51.100.1/24 2026-11-20T00:00:00Z", "bindings ::/0 2026-11-20T00:00:00",
                "bindings ::/0 2026-11-20T00:00:00Z more"};
        struct depot_gone_list list;
        struct error error = {0};
        struct depot *depot;

        (void)state;
        assert_int_equal(depot_open(scratch_path("store"), DEPOT_CREATE, &depot, &error), 0);
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
                FILE *file = fopen(scratch_path("store/realms/default/gone"), "w");
                assert_non_null(file);
                fprintf(file, "# a comment\n\n%s\n", lines[i]);
                assert_int_equal(fclose(file), 0);
                assert_int_equal(depot_gone_read(depot, "default", &list, &error), -EBADMSG);
                assert_non_null(strstr(error.text, "gone: line 3: "));
        }
        assert_int_equal(depot_gone_read(depot, "../default", &list, &error), -EINVAL);
        depot_close(depot);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_longest_prefix_speaks),
                cmocka_unit_test(test_times_only_grow),
                cmocka_unit_test(test_written_and_read),
                cmocka_unit_test(test_what_is_not_understood_is_refused),
        };
        return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
