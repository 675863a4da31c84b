/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/hold.h"

#include "os/scratch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define MADE INT64_C(1795132800000) /* 2026-11-20T00:00:00Z */

static struct depot *open_store(enum depot_mode mode)
{
        struct error error = {0};
        struct depot *depot;

        if (depot_open(scratch_path("store"), mode, &depot, &error) < 0)
                fail_msg("%s", error.text);
        return depot;
}

static struct hold sample(void)
{
        struct hold hold = {.case_reference = "A = 17/26 # b",
                .person = "uid 1000 (anna)",
                .address = address_from_ipv4(0xc6336407),
                .port = 4711,
                .protocol = -1,
                .from_ms = MADE - TIME_HOUR,
                .to_ms = MADE - TIME_MINUTE,
                .margin_ms = 2000,
                .made_ms = MADE,
                .until_ms = MADE + TIME_DAY};
        return hold;
}

static void test_a_hold_appears_whole(void **state)
{
        struct depot *depot = open_store(DEPOT_CREATE);
        struct hold hold = sample();
        struct hold_list list;
        struct error error = {0};
        char path[4096];

        (void)state;
        assert_int_equal(depot_hold_begin(depot, &hold, path, sizeof path, &error), 0);
        assert_string_equal(hold.id, "20261120-1");
        assert_int_equal(depot_holds(depot, &list, &error), 0);
        assert_int_equal(list.count, 0);
        assert_int_equal(depot_hold_publish(depot, &hold, &error), 0);
        assert_int_equal(depot_holds(depot, &list, &error), 0);
        assert_int_equal(list.count, 1);
        assert_string_equal(list.items[0].case_reference, hold.case_reference);
        assert_string_equal(list.items[0].person, hold.person);
        assert_int_equal(list.items[0].port, 4711);
        assert_int_equal(list.items[0].protocol, -1);
        assert_int_equal(list.items[0].from_ms, hold.from_ms);
        assert_int_equal(list.items[0].to_ms, hold.to_ms);
        assert_int_equal(list.items[0].until_ms, hold.until_ms);
        assert_int_equal(list.items[0].margin_ms, 2000);
        assert_false(list.items[0].extended);
        hold_list_free(&list);
        depot_close(depot);
}

/* What a process that was killed left behind goes with the next hold, and its number is given again. */
static void test_remains_are_removed(void **state)
{
        struct depot *depot = open_store(DEPOT_WRITE);
        struct hold first = sample(), second = sample();
        struct error error = {0};
        struct stat status;
        char path[4096], again[4096];

        (void)state;
        assert_int_equal(depot_hold_begin(depot, &first, path, sizeof path, &error), 0);
        assert_string_equal(first.id, "20261120-2");
        assert_int_equal(mkdir(scratch_path("store/holds/20261120-2.partial/realms"), 0700), 0);
        assert_int_equal(depot_hold_begin(depot, &second, again, sizeof again, &error), 0);
        assert_string_equal(second.id, "20261120-2");
        assert_int_equal(stat(scratch_path("store/holds/20261120-2.partial/realms"), &status), -1);
        depot_hold_abandon(depot, &second);
        assert_int_equal(stat(again, &status), -1);
        depot_close(depot);
}

static void test_changed_and_removed(void **state)
{
        struct depot *depot = open_store(DEPOT_WRITE);
        struct hold_list list;
        struct error error = {0};

        (void)state;
        assert_int_equal(depot_holds(depot, &list, &error), 0);
        list.items[0].extended = true;
        list.items[0].until_ms += TIME_DAY;
        assert_int_equal(depot_hold_change(depot, &list.items[0], &error), 0);
        hold_list_free(&list);
        assert_int_equal(depot_holds(depot, &list, &error), 0);
        assert_true(list.items[0].extended);
        assert_int_equal(list.items[0].until_ms, MADE + 2 * TIME_DAY);
        assert_int_equal(depot_hold_remove(depot, list.items[0].id, &error), 0);
        hold_list_free(&list);
        assert_int_equal(depot_holds(depot, &list, &error), 0);
        assert_int_equal(list.count, 0);
        hold_list_free(&list);
        depot_close(depot);
}

static void test_a_description_must_be_whole(void **state)
{
        struct depot *depot = open_store(DEPOT_WRITE);
        struct hold_list list;
        struct error error = {0};
        char path[4096];

        (void)state;
        assert_int_equal(mkdir(scratch_path("store/holds/20261120-9"), 0700), 0);
        FILE *file = fopen(scratch_path("store/holds/20261120-9/hold"), "w");
        assert_non_null(file);
        fprintf(file, "case = A\naddress = 198.51.100.7\n");
        assert_int_equal(fclose(file), 0);
        assert_int_equal(depot_holds(depot, &list, &error), -EBADMSG);
        assert_int_equal(depot_hold_path(depot, "../20261120-9", path, sizeof path, &error), -EINVAL);
        assert_int_equal(depot_hold_path(depot, "20261120-", path, sizeof path, &error), -EINVAL);
        depot_close(depot);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_hold_appears_whole),
                cmocka_unit_test(test_remains_are_removed),
                cmocka_unit_test(test_changed_and_removed),
                cmocka_unit_test(test_a_description_must_be_whole),
        };
        return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
