/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void put(uint8_t **at, uint64_t value, size_t length, bool big)
{
        for (size_t i = 0; i < length; i++)
                *(*at)++ = (uint8_t)(value >> 8 * (big ? length - 1 - i : i));
}

/* Two packets of four bytes; returns the length. */
static size_t make_capture(uint8_t *bytes, uint32_t magic, bool big, uint32_t link, uint32_t fraction)
{
        uint8_t *at = bytes;

        put(&at, magic, 4, big);
        put(&at, 2, 2, big);
        put(&at, 4, 2, big);
        put(&at, 0, 8, big);
        put(&at, 65535, 4, big);
        put(&at, link, 4, big);
        for (uint32_t i = 0; i < 2; i++) {
                put(&at, 1700000000 + i, 4, big);
                put(&at, fraction, 4, big);
                put(&at, 4, 4, big);
                put(&at, 60, 4, big);
                put(&at, 0xa1a2a3a4 + i, 4, true);
        }
        return (size_t)(at - bytes);
}

static struct capture *open_bytes(const uint8_t *bytes, size_t length, int *ret_result)
{
        char path[] = "/tmp/rogatory-capture-XXXXXX";
        struct capture *capture = NULL;
        struct error error = {0};
        int fd = mkstemp(path);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, length), (ssize_t)length);
        close(fd);
        *ret_result = capture_open(path, &capture, &error);
        unlink(path);
        return capture;
}

static void check_two(uint32_t magic, bool big, uint32_t fraction, int64_t milliseconds)
{
        uint8_t bytes[256];
        struct captured_packet packet;
        struct error error = {0};
        int r;
        struct capture *capture = open_bytes(bytes, make_capture(bytes, magic, big, 101, fraction), &r);

        assert_int_equal(r, 0);
        assert_int_equal(capture_link(capture), 101);
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(capture_next(capture, &packet, &error), 1);
                assert_int_equal(packet.number, i + 1);
                assert_int_equal(packet.captured, 4);
                assert_int_equal(packet.original, 60);
                assert_int_equal(packet.bytes[3], 0xa4 + i);
                assert_int_equal(packet.time_ms, INT64_C(1700000000000) + i * 1000 + milliseconds);
        }
        assert_int_equal(capture_next(capture, &packet, &error), 0);
        assert_int_equal(capture_offset(capture), 24 + 2 * 20);
        capture_close(capture);
}

static void test_both_orders_and_precisions(void **state)
{
        (void)state;
        check_two(0xa1b2c3d4, false, 123999, 123);
        check_two(0xa1b2c3d4, true, 123999, 123);
        check_two(0xa1b23c4d, false, 123999999, 123);
        check_two(0xa1b23c4d, true, 123999999, 123);
}

static void test_damage_names_the_packet(void **state)
{
        uint8_t bytes[256];
        struct captured_packet packet;
        struct error error = {0};
        int r;
        size_t length = make_capture(bytes, 0xa1b2c3d4, false, 1, 0);
        struct capture *capture = open_bytes(bytes, length - 1, &r);

        (void)state;
        assert_int_equal(r, 0);
        assert_int_equal(capture_next(capture, &packet, &error), 1);
        assert_int_equal(capture_next(capture, &packet, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "packet 2"));
        capture_close(capture);
}

static void test_what_is_no_capture(void **state)
{
        struct capture *capture;
        struct error error = {0};
        int r;

        (void)state;
        assert_null(open_bytes((const uint8_t *)"this is a text file, not a capture", 34, &r));
        assert_int_equal(r, -EBADMSG);
        assert_int_equal(capture_open("/nonexistent/file", &capture, &error), -ENOENT);
        assert_non_null(strstr(error.text, "/nonexistent/file"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_both_orders_and_precisions),
                cmocka_unit_test(test_damage_names_the_packet),
                cmocka_unit_test(test_what_is_no_capture),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
