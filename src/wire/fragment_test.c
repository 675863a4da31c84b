/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/fragment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A UDP datagram of 8 + 32 bytes from 192.0.2.1:40000 to 192.0.2.2:4739. */
static uint8_t datagram[40];
static unsigned losses;
static char last_complaint[128];

static void lost(void *context, uint64_t number, const char *complaint)
{
        (void)context;
        (void)number;
        losses++;
        snprintf(last_complaint, sizeof last_complaint, "%s", complaint);
}

static uint16_t sum_of(unsigned version)
{
        uint32_t sum = 17 + sizeof datagram;
        static const uint8_t ends4[] = {192, 0, 2, 1, 192, 0, 2, 2};

        for (size_t i = 0; i < sizeof ends4 && version == 4; i += 2)
                sum += (uint32_t)(ends4[i] << 8 | ends4[i + 1]);
        if (version == 6)
                sum += 2 * (0x2001 + 0xdb8) + 1 + 2;
        for (size_t i = 0; i < sizeof datagram; i += 2)
                sum += (uint32_t)(datagram[i] << 8 | datagram[i + 1]);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return (uint16_t)~sum;
}

static struct fragment_set *begin(unsigned version, bool with_sum)
{
        struct fragment_set *set;

        static const uint8_t header[] = {40000 >> 8, 40000 & 0xff, 4739 >> 8, 4739 & 0xff, 0, 40, 0, 0};
        memcpy(datagram, header, sizeof header);
        for (size_t i = 8; i < sizeof datagram; i++)
                datagram[i] = (uint8_t)(i * 7);
        uint16_t sum = with_sum ? sum_of(version) : 0;
        datagram[6] = (uint8_t)(sum >> 8);
        datagram[7] = (uint8_t)sum;
        losses = 0;
        last_complaint[0] = '\0';
        assert_int_equal(fragment_set_new(&set), 0);
        return set;
}

static struct packet piece_of(unsigned version, uint32_t from, uint32_t to)
{
        static const uint8_t a[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1}, b[16] = {0x20, 1, 0x0d, 0xb8, [15] = 2};
        struct packet piece = {
                .source = version == 4 ? address_from_ipv4(0xc0000201) : address_from_ipv6(a),
                .destination = version == 4 ? address_from_ipv4(0xc0000202) : address_from_ipv6(b),
                .version = (uint8_t)version,
                .protocol = 17,
                .identification = 7,
                .offset = from,
                .more = to < sizeof datagram,
                .payload = datagram + from,
                .length = to - from,
        };
        return piece;
}

static int add_at(struct fragment_set *set, const struct packet *piece, int64_t time_ms, struct packet *whole)
{
        return fragment_add(set, piece, time_ms, 1, lost, NULL, whole);
}

static int add(struct fragment_set *set, uint32_t from, uint32_t to, struct packet *whole)
{
        struct packet piece = piece_of(4, from, to);

        return add_at(set, &piece, 1000, whole);
}

static void check_whole(const struct packet *whole)
{
        struct packet packet;

        assert_int_equal(packet_read_on(whole, &packet), PACKET_UDP);
        assert_int_equal(packet.source_port, 40000);
        assert_int_equal(packet.destination_port, 4739);
        assert_int_equal(packet.length, sizeof datagram - 8);
        assert_memory_equal(packet.payload, datagram + 8, packet.length);
        assert_int_equal(losses, 0);
}

static void test_every_order(void **state)
{
        static const uint32_t from[] = {0, 16, 32}, to[] = {16, 32, 40};
        static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        struct packet whole;

        (void)state;
        for (unsigned version = 4; version <= 6; version += 2)
                for (int o = 0; o < 6; o++) {
                        struct fragment_set *set = begin(version, true);
                        for (int i = 0; i < 3; i++) {
                                struct packet piece = piece_of(version, from[orders[o][i]], to[orders[o][i]]);
                                assert_int_equal(add_at(set, &piece, 1000 + i, &whole), i == 2);
                        }
                        check_whole(&whole);
                        fragment_finish(set, lost, NULL);
                        assert_int_equal(losses, 0);
                        fragment_set_free(set);
                }
}

static void test_captured_twice(void **state)
{
        struct fragment_set *set = begin(4, true);
        struct packet whole;

        (void)state;
        assert_int_equal(add(set, 0, 16, &whole), 0);
        assert_int_equal(add(set, 0, 16, &whole), 0);
        assert_int_equal(add(set, 16, 40, &whole), 1);
        check_whole(&whole);
        fragment_set_free(set);
}

/* RFC 5722: a datagram with overlapping pieces is dropped, those that are still to come too. */
static void test_overlap(void **state)
{
        static const uint32_t second[][2] = {{8, 24}, {0, 24}, {0, 8}, {8, 16}};
        struct packet whole;

        (void)state;
        for (size_t i = 0; i < sizeof second / sizeof second[0]; i++) {
                struct fragment_set *set = begin(4, true);
                assert_int_equal(add(set, 0, 16, &whole), 0);
                assert_int_equal(add(set, second[i][0], second[i][1], &whole), 0);
                assert_int_equal(losses, 1);
                assert_int_equal(add(set, 0, 16, &whole), 0);
                assert_int_equal(add(set, 16, 40, &whole), 0);
                fragment_finish(set, lost, NULL);
                assert_int_equal(losses, 1);
                fragment_set_free(set);
        }
        /* The same place with another content. */
        struct fragment_set *set = begin(4, true);
        assert_int_equal(add(set, 0, 16, &whole), 0);
        datagram[12] ^= 1;
        assert_int_equal(add(set, 0, 16, &whole), 0);
        assert_int_equal(losses, 1);
        fragment_set_free(set);
        /* Two ends. */
        set = begin(4, true);
        struct packet last = piece_of(4, 16, 32);
        last.more = false;
        assert_int_equal(add_at(set, &last, 1000, &whole), 0);
        assert_int_equal(add(set, 32, 40, &whole), 0);
        assert_int_equal(losses, 1);
        fragment_set_free(set);
}

/* RFC 4963: pieces of two datagrams with the same identification. */
static void test_mixed(void **state)
{
        struct fragment_set *set = begin(4, true);
        struct packet whole;

        (void)state;
        assert_int_equal(add(set, 0, 16, &whole), 0);
        datagram[20] ^= 0x10;
        assert_int_equal(add(set, 16, 40, &whole), 0);
        assert_int_equal(losses, 1);
        assert_non_null(strstr(last_complaint, "checksum"));
        fragment_set_free(set);
        /* Without a checksum only nearness vouches for them. */
        for (int late = 0; late <= 1; late++) {
                set = begin(4, false);
                struct packet first = piece_of(4, 0, 16), second = piece_of(4, 16, 40);
                assert_int_equal(add_at(set, &first, 1000, &whole), 0);
                assert_int_equal(add_at(set, &second, 1000 + FRAGMENT_UNCHECKED_MS + late, &whole), !late);
                assert_int_equal(losses, late);
                fragment_set_free(set);
        }
}

static void test_missing(void **state)
{
        struct fragment_set *set = begin(4, true);
        struct packet whole;

        (void)state;
        assert_int_equal(add(set, 0, 16, &whole), 0);
        struct packet late = piece_of(4, 16, 40);
        assert_int_equal(add_at(set, &late, 1000 + FRAGMENT_MS + 1, &whole), 0);
        assert_int_equal(losses, 1); /* the first; the second now waits alone */
        fragment_finish(set, lost, NULL);
        assert_int_equal(losses, 2);
        fragment_set_free(set);
}

static void test_limits(void **state)
{
        struct fragment_set *set = begin(4, true);
        struct packet whole, piece = piece_of(4, 0, 16);

        (void)state;
        for (uint32_t i = 0; i < FRAGMENT_DATAGRAMS_MAX + 5; i++) {
                piece.identification = 1000 + i;
                assert_int_equal(add_at(set, &piece, 1000, &whole), 0);
        }
        assert_int_equal(losses, 5);
        fragment_set_free(set);
        set = begin(4, true);
        for (uint32_t i = 0; i <= FRAGMENT_PIECES_MAX; i++) {
                struct packet small = piece_of(4, 0, 8);
                small.offset = i * 16;
                small.more = true;
                assert_int_equal(add_at(set, &small, 1000, &whole), 0);
        }
        assert_int_equal(losses, 1);
        fragment_set_free(set);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_order),
                cmocka_unit_test(test_captured_twice),
                cmocka_unit_test(test_overlap),
                cmocka_unit_test(test_mixed),
                cmocka_unit_test(test_missing),
                cmocka_unit_test(test_limits),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
