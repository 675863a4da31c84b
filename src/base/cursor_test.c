/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/cursor.h"

#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09};

static void test_integers(void **state)
{
        struct cursor cursor = cursor_over(bytes, sizeof bytes);

        (void)state;
        assert_int_equal(cursor_u8(&cursor), 0x01);
        assert_int_equal(cursor_be16(&cursor), 0x0203);
        assert_int_equal(cursor_le16(&cursor), 0x0504);
        assert_int_equal(cursor_be(&cursor, 3), 0x060708);
        assert_int_equal(cursor_offset(&cursor), 8);
        assert_int_equal(cursor_left(&cursor), 1);
        assert_false(cursor.overrun);
        cursor = cursor_over(bytes, sizeof bytes);
        assert_int_equal(cursor_be64(&cursor), 0x0102030405060708);
        cursor = cursor_over(bytes, sizeof bytes);
        assert_int_equal(cursor_le64(&cursor), 0x0807060504030201);
        cursor = cursor_over(bytes, sizeof bytes);
        assert_int_equal(cursor_be32(&cursor), 0x01020304);
        assert_int_equal(cursor_le32(&cursor), 0x08070605);
        assert_int_equal(cursor_be(&cursor, 0), 0);
        assert_false(cursor.overrun);
}

static void test_overrun_sticks(void **state)
{
        (void)state;
        for (size_t length = 0; length < 8; length++) {
                struct cursor cursor = cursor_over(bytes, length);
                assert_int_equal(cursor_be64(&cursor), 0);
                assert_true(cursor.overrun);
                assert_int_equal(cursor_left(&cursor), 0);
                assert_int_equal(cursor_u8(&cursor), 0);
                assert_null(cursor_take(&cursor, 0));
        }
        struct cursor cursor = cursor_over(bytes, sizeof bytes);
        assert_int_equal(cursor_be(&cursor, 9), 0);
        assert_true(cursor.overrun);
        cursor = cursor_over(bytes, sizeof bytes);
        assert_null(cursor_take(&cursor, SIZE_MAX));
        assert_true(cursor.overrun);
}

static void test_parts_are_bounded(void **state)
{
        struct cursor cursor = cursor_over(bytes, sizeof bytes);
        struct cursor part = cursor_part(&cursor, 4);

        (void)state;
        assert_int_equal(cursor_be32(&part), 0x01020304);
        assert_int_equal(cursor_u8(&part), 0);
        assert_true(part.overrun);
        assert_false(cursor.overrun);
        assert_int_equal(cursor_u8(&cursor), 0x05);
        part = cursor_part(&cursor, 5);
        assert_true(part.overrun);
        assert_true(cursor.overrun);
        assert_int_equal(cursor_left(&part), 0);
}

static void test_varint_round_trip(void **state)
{
        (void)state;
        for (unsigned shift = 0; shift < 64; shift++) {
                for (int near = -1; near <= 1; near++) {
                        uint64_t value = (UINT64_C(1) << shift) + (uint64_t)near;
                        struct buffer buffer = buffer_make(16);
                        assert_int_equal(buffer_append_varint(&buffer, value), 0);
                        struct cursor cursor = cursor_over(buffer.bytes, buffer.length);
                        assert_true(cursor_varint(&cursor) == value);
                        assert_false(cursor.overrun);
                        assert_int_equal(cursor_left(&cursor), 0);
                        cursor = cursor_over(buffer.bytes, buffer.length - 1);
                        (void)cursor_varint(&cursor);
                        assert_true(cursor.overrun);
                        buffer_free(&buffer);
                }
        }
}

static void test_varint_has_one_writing(void **state)
{
        static const struct {
                uint8_t bytes[11];
                size_t length;
        } refused[] = {
                {{0x80, 0x00}, 2},
                {{0xff, 0x00}, 2},
                {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 10},
                {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 11},
        };

        (void)state;
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
                struct cursor cursor = cursor_over(refused[i].bytes, refused[i].length);
                assert_int_equal(cursor_varint(&cursor), 0);
                assert_true(cursor.overrun);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_integers),
                cmocka_unit_test(test_overrun_sticks),
                cmocka_unit_test(test_parts_are_bounded),
                cmocka_unit_test(test_varint_round_trip),
                cmocka_unit_test(test_varint_has_one_writing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
