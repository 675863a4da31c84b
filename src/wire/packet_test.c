/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint8_t bytes[2048];
static size_t length;

static void put(uint64_t value, size_t size)
{
        for (size_t i = 0; i < size; i++)
                bytes[length++] = (uint8_t)(value >> 8 * (size - 1 - i));
}

static void put_ethernet(unsigned tags, uint16_t type)
{
        length = 0;
        put(0, 8);
        put(0, 4);
        for (unsigned i = 0; i < tags; i++) {
                put(i ? 0x8100 : 0x88a8, 2);
                put(100 + i, 2);
        }
        put(type, 2);
}

static void put_udp(void)
{
        put(40000, 2);
        put(4739, 2);
        put(8 + 5, 2);
        put(0, 2);
        memcpy(&bytes[length], "hello", 5);
        length += 5;
}

static void put_ipv4(uint16_t fragment, uint8_t protocol)
{
        put(0x46, 1); /* with four bytes of options */
        put(0, 1);
        put(24 + 13, 2);
        put(0, 2);
        put(fragment, 2);
        put(64, 1);
        put(protocol, 1);
        put(0, 2);
        put(0xc0000201, 4);
        put(0xc0000202, 4);
        put(0x01010101, 4);
        put_udp();
}

static void put_ipv6(uint8_t next, size_t extension)
{
        put(0x60000000, 4);
        put(extension + 13, 2);
        put(next, 1);
        put(64, 1);
        put(0x20010db800000000, 8);
        put(1, 8);
        put(0x20010db800000000, 8);
        put(2, 8);
}

static struct packet expect(int link, enum packet_outcome outcome)
{
        struct packet packet;

        assert_int_equal(packet_read(link, bytes, length, length, &packet), outcome);
        if (outcome == PACKET_DAMAGED)
                assert_non_null(packet.complaint);
        return packet;
}

static void check_udp(int link, struct address source)
{
        struct packet packet = expect(link, PACKET_UDP);

        assert_memory_equal(&packet.source, &source, sizeof source);
        assert_int_equal(packet.source_port, 40000);
        assert_int_equal(packet.destination_port, 4739);
        assert_int_equal(packet.length, 5);
        assert_memory_equal(packet.payload, "hello", 5);
}

static const struct address source6 = {{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

static void test_ethernet(void **state)
{
        (void)state;
        for (unsigned tags = 0; tags <= PACKET_VLAN_TAGS_MAX; tags++) {
                put_ethernet(tags, 0x0800);
                put_ipv4(0x4000, 17);
                put(0, 6); /* padding of a short frame */
                check_udp(PACKET_ETHERNET, address_from_ipv4(0xc0000201));
        }
        put_ethernet(PACKET_VLAN_TAGS_MAX + 1, 0x0800);
        put_ipv4(0, 17);
        expect(PACKET_ETHERNET, PACKET_OTHER);
        put_ethernet(0, 0x0806);
        put(0, 8);
        expect(PACKET_ETHERNET, PACKET_OTHER);
}

static void test_other_links(void **state)
{
        (void)state;
        length = 0;
        put(0, 8);
        put(0, 6);
        put(0x0800, 2);
        put_ipv4(0, 17);
        check_udp(PACKET_SLL, address_from_ipv4(0xc0000201));
        length = 0;
        put(0x86dd, 2);
        put(0, 8);
        put(0, 8);
        put(0, 2);
        put_ipv6(17, 0);
        put_udp();
        check_udp(PACKET_SLL2, source6);
        length = 0;
        put_ipv4(0, 17);
        check_udp(PACKET_RAW, address_from_ipv4(0xc0000201));
        check_udp(PACKET_RAW_BSD, address_from_ipv4(0xc0000201));
        check_udp(PACKET_IPV4, address_from_ipv4(0xc0000201));
        length = 0;
        put(0x1e000000, 4);
        put_ipv6(17, 0);
        put_udp();
        check_udp(PACKET_NULL, source6);
        check_udp(PACKET_LOOP, source6);
        assert_true(packet_link_known(PACKET_SLL2));
        assert_false(packet_link_known(105));
}

static void test_ipv6_extensions(void **state)
{
        (void)state;
        length = 0;
        put_ipv6(0, 8 + 8);
        put(60, 1); /* hop-by-hop, then destination options */
        put(0, 7);
        put(17, 1);
        put(0, 7);
        put_udp();
        check_udp(PACKET_RAW, source6);
        length = 0;
        put_ipv6(44, 8);
        put(17, 1);
        put(0, 7); /* an atomic fragment is whole */
        put_udp();
        check_udp(PACKET_RAW, source6);
        bytes[40 + 3] = 1; /* more fragments follow */
        expect(PACKET_RAW, PACKET_DAMAGED);
}

static void test_fragments_and_others(void **state)
{
        (void)state;
        length = 0;
        put_ipv4(0x2000, 17);
        expect(PACKET_RAW, PACKET_DAMAGED);
        length = 0;
        put_ipv4(0x0010, 17);
        expect(PACKET_RAW, PACKET_DAMAGED);
        length = 0;
        put_ipv4(0, 6);
        expect(PACKET_RAW, PACKET_OTHER);
}

static void test_contradictions(void **state)
{
        struct packet packet;

        (void)state;
        length = 0;
        put_ipv4(0, 17);
        assert_int_equal(packet_read(PACKET_RAW, bytes, length, length - 1, &packet), PACKET_DAMAGED);
        bytes[0] = 0x44; /* a header of sixteen bytes */
        expect(PACKET_RAW, PACKET_DAMAGED);
        bytes[0] = 0x46;
        bytes[3] = 20; /* shorter than its header */
        expect(PACKET_RAW, PACKET_DAMAGED);
        bytes[3] = 24 + 13;
        bytes[24 + 5] = 7; /* UDP length below eight */
        expect(PACKET_RAW, PACKET_DAMAGED);
        bytes[24 + 5] = 14; /* more than the IP packet holds */
        expect(PACKET_RAW, PACKET_DAMAGED);
}

/* Cut anywhere, a packet is damaged or other, never UDP. */
static void test_every_cut(void **state)
{
        struct packet packet;

        (void)state;
        put_ethernet(2, 0x0800);
        put_ipv4(0, 17);
        for (size_t cut = 0; cut < length; cut++)
                assert_int_not_equal(packet_read(PACKET_ETHERNET, bytes, cut, length, &packet), PACKET_UDP);
        assert_int_equal(packet_read(PACKET_ETHERNET, bytes, length - 1, length, &packet), PACKET_DAMAGED);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ethernet),
                cmocka_unit_test(test_other_links),
                cmocka_unit_test(test_ipv6_extensions),
                cmocka_unit_test(test_fragments_and_others),
                cmocka_unit_test(test_contradictions),
                cmocka_unit_test(test_every_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
