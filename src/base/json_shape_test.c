/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/json_shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct json_limits few = {.bytes = 64, .depth = 3, .values = 6};

static int check(const char *text, struct error *error)
{
        return json_shape_check(slice_of(text), "letter", &few, error);
}

static void test_within_the_limits(void **state)
{
        (void)state;
        struct error error = {0};
        assert_int_equal(check("", &error), 0);
        assert_int_equal(check("17", &error), 0);
        assert_int_equal(check("{\"a\":[{}],\"b\":1}", &error), 0);
        assert_int_equal(check("]]]][[[", &error), 0); /* no JSON; its parser says so */
        assert_int_equal(json_shape_check(slice_make(NULL, 0), "letter", &few, &error), 0);
}

static void test_brackets_in_strings_do_not_count(void **state)
{
        (void)state;
        struct error error = {0};
        assert_int_equal(check("[\"[[[[[[\",\"{{{,,,,,,,,\"]", &error), 0);
        assert_int_equal(check("[\"\\\"[[[[[[[\"]", &error), 0);
        assert_int_equal(check("[\"\\\\\",[[[[", &error), -EFBIG);
        assert_int_equal(check("\"[[[[[[[", &error), 0);
        assert_int_equal(check("\"\\", &error), 0); /* ends within an escape */
}

static void test_too_deep_too_many_too_long(void **state)
{
        (void)state;
        struct error error = {0};
        assert_int_equal(check("[[[]]]", &error), 0);
        assert_int_equal(check("[[[[]]]]", &error), -EFBIG);
        assert_string_equal(error.text, "letter: objects and arrays stand more than 3 deep in each other");
        assert_int_equal(check("[1,2,3,4,5]", &error), 0);
        assert_int_equal(check("[1,2,3,4,5,6]", &error), -EFBIG);
        assert_string_equal(error.text, "letter: more than 6 values");
        char text[66] = "";
        memset(text, ' ', 65);
        assert_int_equal(check(text, &error), -EFBIG);
        assert_string_equal(error.text, "letter: 65 bytes long; 64 are the most");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_within_the_limits),
                cmocka_unit_test(test_brackets_in_strings_do_not_count),
                cmocka_unit_test(test_too_deep_too_many_too_long),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
