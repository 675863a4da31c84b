/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/buffer.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void test_content(void **state)
{
        static const uint8_t expected[] = {0x07, 0x34, 0x12, 0x12, 0x34, 'a', 'b', '4', '2', '!'};
        struct buffer buffer = buffer_make(1024);

        (void)state;
        buffer_append_u8(&buffer, 7);
        buffer_append_le(&buffer, 0x1234, 2);
        buffer_append_be(&buffer, 0x1234, 2);
        buffer_append_text(&buffer, "ab");
        assert_int_equal(buffer_printf(&buffer, "%d!", 42), 0);
        assert_int_equal(buffer.length, sizeof expected);
        assert_memory_equal(buffer.bytes, expected, sizeof expected);
        buffer_free(&buffer);
        assert_int_equal(buffer.length, 0);
        assert_int_equal(buffer.ceiling, 1024);
}

static void test_decimals(void **state)
{
        static const int64_t values[] = {0, 7, 10, 99, 65535, -1, -40250, INT64_MAX, INT64_MIN};

        (void)state;
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
                struct buffer written = buffer_make(64), printed = buffer_make(64);
                assert_int_equal(buffer_append_decimal(&written, values[i]), 0);
                buffer_printf(&printed, "%lld", (long long)values[i]);
                assert_int_equal(written.length, printed.length);
                assert_memory_equal(written.bytes, printed.bytes, printed.length);
                buffer_free(&written);
                buffer_free(&printed);
        }
}

static void test_ceiling_is_exact_and_failure_sticks(void **state)
{
        (void)state;
        for (size_t ceiling = 0; ceiling < 300; ceiling++) {
                struct buffer buffer = buffer_make(ceiling);
                for (size_t i = 0; i < ceiling; i++)
                        assert_int_equal(buffer_append_u8(&buffer, (uint8_t)i), 0);
                assert_int_equal(buffer_append_u8(&buffer, 1), -EFBIG);
                assert_int_equal(buffer.length, ceiling);
                assert_int_equal(buffer_append(&buffer, "", 0), -EFBIG);
                assert_int_equal(buffer.failed, -EFBIG);
                assert_true(buffer.capacity <= ceiling);
                buffer_clear(&buffer);
                assert_int_equal(buffer.failed, 0);
                assert_int_equal(buffer.length, 0);
                buffer_free(&buffer);
        }
}

static void test_refused_append_keeps_what_was_there(void **state)
{
        struct buffer buffer = buffer_make(4);

        (void)state;
        assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
        assert_int_equal(buffer_append(&buffer, "de", 2), -EFBIG);
        assert_int_equal(buffer_append(&buffer, "d", 1), -EFBIG);
        assert_int_equal(buffer.length, 3);
        assert_memory_equal(buffer.bytes, "abc", 3);
        assert_int_equal(buffer_reserve(&buffer, SIZE_MAX), -EFBIG);
        buffer_free(&buffer);
}

static void test_cut_error_shows_that_it_was_cut(void **state)
{
        struct error error = {0};
        char text[2 * ERROR_TEXT_MAX];

        (void)state;
        memset(text, 'x', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        assert_int_equal(error_set(&error, -EINVAL, "%s", text), -EINVAL);
        assert_int_equal(strlen(error.text), ERROR_TEXT_MAX - 1);
        assert_string_equal(error.text + ERROR_TEXT_MAX - 4, "...");
        assert_int_equal(error_set(&error, -EINVAL, "reason"), -EINVAL);
        assert_int_equal(error_prefix(&error, error.code, "file %d: ", 7), -EINVAL);
        assert_string_equal(error.text, "file 7: reason");
        assert_int_equal(error_set(NULL, -EIO, "dropped"), -EIO);
        assert_int_equal(error_prefix(NULL, -EIO, "dropped"), -EIO);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_content),
                cmocka_unit_test(test_decimals),
                cmocka_unit_test(test_ceiling_is_exact_and_failure_sticks),
                cmocka_unit_test(test_refused_append_keeps_what_was_there),
                cmocka_unit_test(test_cut_error_shows_that_it_was_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
