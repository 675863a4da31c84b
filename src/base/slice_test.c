/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/slice.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_cut(void **state)
{
        struct slice rest = slice_of("a,,b,");

        (void)state;
        assert_true(slice_is(slice_cut(&rest, ','), "a"));
        assert_true(slice_is(slice_cut(&rest, ','), ""));
        assert_true(slice_is(slice_cut(&rest, ','), "b"));
        assert_int_equal(rest.length, 0);
        assert_true(slice_is(slice_cut(&rest, ','), ""));
        rest = slice_make(NULL, 0);
        assert_int_equal(slice_cut(&rest, ',').length, 0);
        rest = slice_of("whole");
        assert_true(slice_is(slice_cut(&rest, ','), "whole"));
        assert_int_equal(rest.length, 0);
}

static void test_what_fits_ends_with_a_character(void **state)
{
        (void)state;
        assert_int_equal(slice_fitting("", 5), 0);
        assert_int_equal(slice_fitting("abc", 5), 3);
        assert_int_equal(slice_fitting("abc", 3), 3);
        assert_int_equal(slice_fitting("abcd", 3), 3);
        assert_int_equal(slice_fitting("ab\u00e4", 3), 2); /* two bytes, of which one would fit */
        assert_int_equal(slice_fitting("ab\u00e4", 4), 4);
        assert_int_equal(slice_fitting("a\U0001f600b", 4), 1);
        assert_int_equal(slice_fitting("a\U0001f600b", 5), 5);
        assert_int_equal(slice_fitting("\U0001f600", 3), 0);
}

static void test_words_and_trim(void **state)
{
        struct slice rest = slice_of("  one\ttwo \r\n");

        (void)state;
        assert_true(slice_is(slice_word(&rest), "one"));
        assert_true(slice_is(slice_word(&rest), "two"));
        assert_int_equal(slice_word(&rest).length, 0);
        assert_true(slice_is(slice_trim(slice_of(" \t a b \r\n")), "a b"));
        assert_int_equal(slice_trim(slice_of(" \t ")).length, 0);
        assert_true(slice_starts(slice_of("abc"), "ab"));
        assert_false(slice_starts(slice_of("ab"), "abc"));
        assert_true(slice_starts(slice_make(NULL, 0), ""));
}

static void test_numbers(void **state)
{
        static const char *const no_numbers[] = {"", "-1", "+1", " 1", "1 ", "1a", "0x1", "1.0"};
        uint64_t number = 7;

        (void)state;
        for (size_t i = 0; i < sizeof no_numbers / sizeof no_numbers[0]; i++)
                assert_int_equal(slice_number(slice_of(no_numbers[i]), UINT64_MAX, &number), -EINVAL);
        assert_int_equal(slice_number(slice_of("65536"), 65535, &number), -ERANGE);
        assert_int_equal(slice_number(slice_of("18446744073709551616"), UINT64_MAX, &number), -ERANGE);
        assert_int_equal(slice_number(slice_of("99999999999999999999999"), UINT64_MAX, &number), -ERANGE);
        assert_int_equal(number, 7);
        assert_int_equal(slice_number(slice_of("18446744073709551615"), UINT64_MAX, &number), 0);
        assert_true(number == UINT64_MAX);
        assert_int_equal(slice_number(slice_of("00065535"), 65535, &number), 0);
        assert_int_equal(number, 65535);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cut),
                cmocka_unit_test(test_what_fits_ends_with_a_character),
                cmocka_unit_test(test_words_and_trim),
                cmocka_unit_test(test_numbers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
