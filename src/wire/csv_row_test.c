/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/csv_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct csv_row row;

static void fields(void **state)
{
        const char *why;

        (void)state;
        assert_int_equal(csv_row_split(slice_of("a, b ,,\"x, \"\"y\"\"\",\"\""), &row, &why), 0);
        assert_int_equal(row.count, 5);
        assert_true(slice_is(row.fields[0], "a"));
        assert_true(slice_is(row.fields[1], " b "));
        assert_true(slice_is(row.fields[2], ""));
        assert_true(slice_is(row.fields[3], "x, \"y\""));
        assert_true(slice_is(row.fields[4], ""));
        assert_int_equal(csv_row_split(slice_of("a,"), &row, &why), 0);
        assert_int_equal(row.count, 2);
        assert_int_equal(csv_row_split(slice_of(""), &row, &why), 0);
        assert_int_equal(row.count, 1);
}

static void wrong_quotes(void **state)
{
        static const char *const lines[] = {"\"a", "\"a\"b", "a\"b", "\"a\"\"", "x,\"", "\"a\" ,b"};
        const char *why = NULL;

        (void)state;
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
                assert_int_equal(csv_row_split(slice_of(lines[i]), &row, &why), -EINVAL);
                assert_non_null(why);
        }
}

static void too_many_fields(void **state)
{
        char commas[CSV_FIELDS_MAX + 1] = {0};
        const char *why;

        (void)state;
        memset(commas, ',', CSV_FIELDS_MAX - 1);
        assert_int_equal(csv_row_split(slice_of(commas), &row, &why), 0);
        assert_int_equal(row.count, CSV_FIELDS_MAX);
        commas[CSV_FIELDS_MAX - 1] = ',';
        assert_int_equal(csv_row_split(slice_of(commas), &row, &why), -EINVAL);
}

static void columns(void **state)
{
        static const char *const names[] = {"one", "two", "three"};
        struct decode_sink sink = {0};
        struct csv_columns at = {0};
        const char *why;

        (void)state;
        assert_int_equal(csv_row_split(slice_of("two,other, one "), &row, &why), 0);
        assert_int_equal(csv_columns_read(&row, names, 3, &sink, &at, &why), 0);
        assert_int_equal(csv_row_split(slice_of("2,x,1"), &row, &why), 0);
        assert_true(slice_is(csv_field(&row, &at, 0), "1"));
        assert_true(slice_is(csv_field(&row, &at, 1), "2"));
        assert_true(slice_is(csv_field(&row, &at, 2), ""));
        assert_int_equal(csv_row_split(slice_of("two,two"), &row, &why), 0);
        assert_int_equal(csv_columns_read(&row, names, 3, &sink, &at, &why), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(wrong_quotes),
                cmocka_unit_test(too_many_fields), cmocka_unit_test(columns)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
