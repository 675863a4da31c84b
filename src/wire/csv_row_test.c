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

static size_t noted;

static void count_note(void *context, const char *sentence)
{
        (void)context;
        assert_non_null(strstr(sentence, "not known"));
        noted++;
}

static void read_header(const char *header, int result, int first, int second, size_t notes)
{
        static const char *const names[] = {"start|valid_from|from", "customer_name"};
        struct decode_sink sink = {.noted = count_note};
        struct csv_columns at = {0};
        const char *why;

        noted = 0;
        assert_int_equal(csv_row_split(slice_of(header), &row, &why), 0);
        assert_int_equal(csv_columns_read(&row, names, 2, &sink, &at, &why), result);
        if (result == 0) {
                assert_int_equal(at.at[0], first);
                assert_int_equal(at.at[1], second);
        }
        assert_int_equal(noted, notes);
}

static void other_names(void **state)
{
        (void)state;
        read_header("Valid-From,Customer Name", 0, 0, 1, 0);
        read_header("from,x,customer_name", 0, 0, 2, 1);
        /* The column's own name wins, wherever it stands; the other is not read, and that is said. */
        read_header("from,start", 0, 1, -1, 1);
        read_header("start,from", 0, 0, -1, 1);
        read_header("valid_from,from", -EINVAL, 0, 0, 0);
        read_header("start,START", -EINVAL, 0, 0, 0);
        read_header("star,starts,start|valid_from", 0, -1, -1, 3);
}

static void plain_rows(void **state)
{
        const char *why;

        (void)state;
        assert_int_equal(csv_row_split_plain(slice_of("a,\"b,c\",{\"d\"},"), &row, &why), 0);
        assert_int_equal(row.count, 5);
        assert_true(slice_is(row.fields[1], "\"b"));
        assert_true(slice_is(row.fields[3], "{\"d\"}"));
        char commas[CSV_FIELDS_MAX + 1] = {0};
        memset(commas, ',', CSV_FIELDS_MAX);
        assert_int_equal(csv_row_split_plain(slice_of(commas), &row, &why), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(wrong_quotes),
                cmocka_unit_test(too_many_fields), cmocka_unit_test(columns), cmocka_unit_test(other_names),
                cmocka_unit_test(plain_rows)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
