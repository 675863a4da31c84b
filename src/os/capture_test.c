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

/* --- pcapng --- */

static uint8_t ng[1024];
static uint8_t *ng_at;
static bool ng_big;

static void ng_block(uint32_t type, const uint8_t *body, size_t length)
{
        put(&ng_at, type, 4, ng_big);
        put(&ng_at, length + 12, 4, ng_big);
        memcpy(ng_at, body, length);
        ng_at += length;
        put(&ng_at, length + 12, 4, ng_big);
}

static void ng_section(void)
{
        uint8_t body[16], *at = body;

        put(&at, 0x1a2b3c4d, 4, ng_big);
        put(&at, 1, 2, ng_big);
        put(&at, 0, 2, ng_big);
        put(&at, UINT64_MAX, 8, ng_big);
        ng_block(0x0a0d0d0a, body, sizeof body);
}

/* offset_s: 0 for none. */
static void ng_interface(unsigned link, uint8_t resolution, int64_t offset_s)
{
        uint8_t body[64] = {0}, *at = body;

        put(&at, link, 2, ng_big);
        put(&at, 0, 2, ng_big);
        put(&at, link == 1 ? 65535 : 96, 4, ng_big); /* libpcap would want them the same */
        put(&at, 9, 2, ng_big);
        put(&at, 1, 2, ng_big);
        *at = resolution;
        at += 4;
        if (offset_s) {
                put(&at, 14, 2, ng_big);
                put(&at, 8, 2, ng_big);
                put(&at, (uint64_t)offset_s, 8, ng_big);
        }
        put(&at, 0, 4, ng_big);
        ng_block(1, body, (size_t)(at - body));
}

static void ng_packet(unsigned interface, uint64_t ticks)
{
        uint8_t body[64] = {0}, *at = body;

        put(&at, interface, 4, ng_big);
        put(&at, ticks >> 32, 4, ng_big);
        put(&at, ticks & 0xffffffff, 4, ng_big);
        put(&at, 3, 4, ng_big);
        put(&at, 60, 4, ng_big);
        put(&at, 0xa1a2a300 + interface, 4, true); /* one byte of padding */
        ng_block(6, body, (size_t)(at - body));
}

static void check_packet(struct capture *capture, int link, int64_t time_ms)
{
        struct captured_packet packet;
        struct error error = {0};

        assert_int_equal(capture_next(capture, &packet, &error), 1);
        assert_int_equal(packet.link, link);
        assert_int_equal(packet.time_ms, time_ms);
        assert_int_equal(packet.captured, 3);
        assert_int_equal(packet.original, 60);
        assert_int_equal(packet.bytes[2], 0xa3);
}

static void test_interfaces_that_differ(void **state)
{
        struct captured_packet packet;
        struct error error = {0};
        int r;

        (void)state;
        for (int big = 0; big <= 1; big++) {
                ng_at = ng;
                ng_big = big;
                ng_section();
                ng_interface(1, 6, 0);
                ng_interface(113, 9, 0);
                ng_packet(0, UINT64_C(1700000000123456));
                ng_interface(101, 0x80 | 10, 1700000000); /* in 1024ths of a second, from an offset */
                ng_packet(1, UINT64_C(1700000000123456789));
                ng_packet(2, 512);
                ng_block(5, (const uint8_t *)"statistics..", 12);
                ng_section(); /* interfaces are counted anew */
                ng_interface(276, 3, 0);
                ng_packet(0, UINT64_C(1700000000999));
                struct capture *capture = open_bytes(ng, (size_t)(ng_at - ng), &r);
                assert_int_equal(r, 0);
                assert_int_equal(capture_link(capture), 1);
                assert_true(capture_has_interfaces(capture));
                check_packet(capture, 1, INT64_C(1700000000123));
                check_packet(capture, 113, INT64_C(1700000000123));
                check_packet(capture, 101, INT64_C(1700000000500));
                check_packet(capture, 276, INT64_C(1700000000999));
                assert_int_equal(capture_next(capture, &packet, &error), 0);
                capture_close(capture);
        }
}

static void test_packet_without_time(void **state)
{
        struct captured_packet packet;
        struct error error = {0};
        int r;
        uint8_t body[8] = {0, 0, 0, 3, 1, 2, 3, 0};

        (void)state;
        ng_at = ng;
        ng_big = true;
        ng_section();
        ng_interface(1, 6, 0);
        ng_block(3, body, sizeof body);
        ng_packet(0, UINT64_MAX); /* in the year 586524 */
        struct capture *capture = open_bytes(ng, (size_t)(ng_at - ng), &r);
        assert_int_equal(capture_next(capture, &packet, &error), 1);
        assert_int_equal(packet.captured, 3);
        assert_int_equal(packet.time_ms, INT64_MIN);
        assert_int_equal(capture_next(capture, &packet, &error), 1);
        assert_int_equal(packet.time_ms, INT64_MIN);
        capture_close(capture);
}

/* Cut anywhere, the packets before the cut are read, and the damage is said. */
static void test_every_cut(void **state)
{
        struct captured_packet packet;
        int r;

        (void)state;
        ng_at = ng;
        ng_big = false;
        ng_section();
        size_t section = (size_t)(ng_at - ng); /* a capture of nothing is one too */
        ng_interface(1, 6, 0);
        size_t begin = (size_t)(ng_at - ng);
        ng_packet(0, UINT64_C(1700000000123456));
        size_t one = (size_t)(ng_at - ng);
        ng_packet(0, UINT64_C(1700000000123456));
        for (size_t cut = 0; cut <= (size_t)(ng_at - ng); cut++) {
                struct error error = {0};
                struct capture *capture = open_bytes(ng, cut, &r);
                assert_int_equal(r, cut < begin && cut != section ? -EBADMSG : 0);
                if (r < 0)
                        continue;
                unsigned packets = 0;
                while ((r = capture_next(capture, &packet, &error)) > 0)
                        packets++;
                assert_int_equal(packets, cut == (size_t)(ng_at - ng) ? 2 : cut >= one ? 1 : 0);
                bool is_whole = cut == section || cut == begin || cut == one || cut == (size_t)(ng_at - ng);
                assert_int_equal(r, is_whole ? 0 : -EBADMSG);
                capture_close(capture);
        }
        struct capture *capture;
        struct error error = {0};
        ng[begin + 8] = 7; /* an interface that is not described */
        capture = open_bytes(ng, (size_t)(ng_at - ng), &r);
        assert_int_equal(capture_next(capture, &packet, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "interface"));
        capture_close(capture);
        ng[begin + 8] = 0;
        ng[one - 4] ^= 4; /* the two lengths differ */
        capture = open_bytes(ng, (size_t)(ng_at - ng), &r);
        assert_int_equal(capture_next(capture, &packet, &error), -EBADMSG);
        capture_close(capture);
}

static void test_names_of_links(void **state)
{
        char text[CAPTURE_LINK_TEXT_MAX];

        (void)state;
        assert_non_null(strstr(capture_link_name(1, text), "EN10MB"));
        assert_non_null(strstr(capture_link_name(101, text), "RAW"));
        assert_non_null(strstr(capture_link_name(65000, text), "65000"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_both_orders_and_precisions),
                cmocka_unit_test(test_damage_names_the_packet),
                cmocka_unit_test(test_what_is_no_capture),
                cmocka_unit_test(test_interfaces_that_differ),
                cmocka_unit_test(test_packet_without_time),
                cmocka_unit_test(test_every_cut),
                cmocka_unit_test(test_names_of_links),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
