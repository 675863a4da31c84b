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
        for (size_t i = size; i-- > 0;)
                bytes[length++] = i < 8 ? (uint8_t)(value >> 8 * i) : 0;
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
        assert_int_equal(packet.destination.bytes[15], 2);
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
        assert_false(packet_link_known(147)); /* for private use */
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
        bytes[40 + 3] = 1; /* more fragments follow, but this one is no multiple of eight bytes */
        expect(PACKET_RAW, PACKET_DAMAGED);
        bytes[40 + 2] = 0x01; /* the last one, 256 bytes into its packet */
        bytes[40 + 3] = 0;
        bytes[40 + 7] = 9;
        struct packet piece = expect(PACKET_RAW, PACKET_FRAGMENT);
        assert_int_equal(piece.identification, 9);
        assert_int_equal(piece.offset, 256);
        assert_false(piece.more);
        assert_int_equal(piece.length, 13);
        assert_int_equal(piece.protocol, 17);
        bytes[40] = 50; /* of something encrypted */
        expect(PACKET_RAW, PACKET_OTHER);
}

static void test_fragments_and_others(void **state)
{
        (void)state;
        length = 0;
        put_ipv4(0x0010, 17);
        struct packet piece = expect(PACKET_RAW, PACKET_FRAGMENT);
        assert_int_equal(piece.offset, 128);
        assert_int_equal(piece.length, 13);
        assert_int_equal(piece.protocol, 17);
        assert_int_equal(piece.version, 4);
        assert_false(piece.more);
        struct packet packet;
        assert_int_equal(packet_read(PACKET_RAW, bytes, length - 1, length, &packet), PACKET_DAMAGED);
        length = 0;
        put_ipv4(0x2010, 17); /* more follow, but this is no multiple of eight bytes */
        expect(PACKET_RAW, PACKET_DAMAGED);
        length = 0;
        put_ipv4(0x1fff, 17); /* past the longest packet */
        expect(PACKET_RAW, PACKET_DAMAGED);
        length = 0;
        put_ipv4(0x2000, 50);
        expect(PACKET_RAW, PACKET_OTHER);
        length = 0;
        put_ipv4(0, 1);
        expect(PACKET_RAW, PACKET_OTHER);
}

/* --- Packets within packets --- */

static const struct address source4 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}};

/* An outer IPv4 header from 198.51.100.1, whose length is filled in by close_outer. */
static void put_outer(uint8_t protocol)
{
        put(0x4500, 2);
        put(0, 2);
        put(0, 4);
        put(64, 1);
        put(protocol, 1);
        put(0, 2);
        put(0xc6336401, 4);
        put(0xc6336402, 4);
}

static void close_outer(size_t at)
{
        bytes[at + 2] = (uint8_t)((length - at) >> 8);
        bytes[at + 3] = (uint8_t)(length - at);
}

static void put_macs(uint16_t type)
{
        put(0x020000000001, 6);
        put(0x020000000002, 6);
        put(type, 2);
}

static void test_mpls(void **state)
{
        (void)state;
        put_ethernet(1, 0x8847);
        put(0x00010040, 4); /* label 16, then the bottom of the stack */
        put(0x00011140, 4);
        put_ipv4(0, 17);
        check_udp(PACKET_ETHERNET, source4);
        put_ethernet(0, 0x8847);
        put(0x00011140, 4);
        put(0, 4); /* a control word: Ethernet over MPLS */
        put_macs(0x86dd);
        put_ipv6(17, 0);
        put_udp();
        check_udp(PACKET_ETHERNET, source6);
        put_ethernet(0, 0x8847);
        for (int i = 0; i <= PACKET_LABELS_MAX; i++)
                put(0x00010040, 4);
        expect(PACKET_ETHERNET, PACKET_DAMAGED);
}

static void test_pppoe_and_ppp(void **state)
{
        (void)state;
        put_ethernet(1, 0x8864);
        put(0x1100, 2);
        put(77, 2);
        put(2 + 37, 2);
        put(0x0021, 2);
        put_ipv4(0, 17);
        put(0, 4); /* padding of the frame */
        check_udp(PACKET_ETHERNET, source4);
        length = 0;
        put(0xff03, 2);
        put(0x57, 1); /* the protocol in one byte */
        put_ipv6(17, 0);
        put_udp();
        check_udp(PACKET_PPP, source6);
        check_udp(PACKET_PPP_HDLC, source6);
        length = 0;
        put(0x0f00, 2);
        put(0x0800, 2);
        put_ipv4(0, 17);
        check_udp(PACKET_CISCO_HDLC, source4);
        check_udp(PACKET_PPP_HDLC, source4);
        length = 0;
        put(0xc021, 2);
        expect(PACKET_PPP, PACKET_OTHER);
}

static void test_gre(void **state)
{
        (void)state;
        for (unsigned flags = 0; flags < 8; flags++) { /* with and without checksum, key, number */
                length = 0;
                put_outer(47);
                put((flags & 1 ? 0x8000 : 0) | (flags & 2 ? 0x2000 : 0) | (flags & 4 ? 0x1000 : 0), 2);
                put(0x0800, 2);
                for (unsigned bit = 1; bit < 8; bit <<= 1)
                        if (flags & bit)
                                put(0x01020304, 4);
                put_ipv4(0, 17);
                close_outer(0);
                check_udp(PACKET_RAW, source4);
        }
        bytes[20] |= 0x40; /* routing */
        expect(PACKET_RAW, PACKET_OTHER);
        length = 0;
        put_outer(47);
        put(0, 2);
        put(0x6558, 2);
        put_macs(0x0800);
        put_ipv4(0, 17);
        close_outer(0);
        check_udp(PACKET_RAW, source4);
}

static void test_erspan(void **state)
{
        (void)state;
        for (unsigned type = 1; type <= 4; type++) { /* 4: type III with its subheader */
                length = 0;
                put_outer(47);
                put(type == 1 ? 0 : 0x1000, 2);
                put(type <= 2 ? 0x88be : 0x22eb, 2);
                put(7, type == 1 ? 0 : 4);
                if (type == 2)
                        put(UINT64_C(0x1001000000000000), 8);
                if (type >= 3) {
                        put(UINT64_C(0x2001000000000000), 8);
                        put(0, 2);
                        put(type == 4 ? 1 : 0, 2);
                        put(0, type == 4 ? 8 : 0);
                }
                put_macs(0x0800);
                put_ipv4(0, 17);
                close_outer(0);
                check_udp(PACKET_RAW, source4);
        }
}

static void test_ip_in_ip(void **state)
{
        (void)state;
        for (unsigned depth = 1; depth <= PACKET_TUNNELS_MAX + 1; depth++) {
                length = 0;
                for (unsigned i = 0; i < depth; i++)
                        put_outer(i + 1 < depth ? 4 : 41);
                put_ipv6(17, 0);
                put_udp();
                for (unsigned i = 0; i < depth; i++)
                        close_outer(i * 20);
                if (depth <= PACKET_TUNNELS_MAX)
                        check_udp(PACKET_RAW, source6);
                else
                        expect(PACKET_RAW, PACKET_DAMAGED);
        }
        length = 0;
        put_ipv6(4, 24);
        put_ipv4(0, 17);
        bytes[5] = 37;
        check_udp(PACKET_RAW, source4);
}

static void test_vxlan(void **state)
{
        (void)state;
        length = 0;
        put_outer(17);
        put(50000, 2);
        put(4789, 2);
        put(8 + 8 + 14 + 37, 2);
        put(0, 2);
        put(0x08000000, 4);
        put(0x00007700, 4);
        put_macs(0x0800);
        put_ipv4(0, 17);
        close_outer(0);
        check_udp(PACKET_RAW, source4);
}

static void test_tcp(void **state)
{
        (void)state;
        length = 0;
        put_outer(6);
        put(40000, 2);
        put(4739, 2);
        put(0x01020304, 4);
        put(0, 4);
        put(0x6018, 2); /* 24 bytes of header */
        put(0, 10);
        put(0x68656c6c6f, 5);
        close_outer(0);
        struct packet packet = expect(PACKET_RAW, PACKET_TCP);
        assert_int_equal(packet.sequence, 0x01020304);
        assert_int_equal(packet.destination_port, 4739);
        assert_int_equal(packet.length, 5);
        assert_memory_equal(packet.payload, "hello", 5);
        assert_int_equal(packet.cut, 0);
        assert_int_equal(packet_read(PACKET_RAW, bytes, length - 2, length, &packet), PACKET_TCP);
        assert_int_equal(packet.length, 3);
        assert_int_equal(packet.cut, 2);
        bytes[20 + 12] = 0x40; /* sixteen bytes of header */
        expect(PACKET_RAW, PACKET_DAMAGED);
        bytes[20 + 12] = 0xf0;
        expect(PACKET_RAW, PACKET_DAMAGED);
}

static void test_rare_links(void **state)
{
        (void)state;
        length = 0; /* NFLOG: a prefix of three bytes and its padding, then the packet */
        put(2, 1);
        put(0, 3);
        put(0x07000a00, 4);
        put(0x61620000, 4);
        put(0x29000900, 4);
        put_ipv4(0, 17);
        check_udp(PACKET_NFLOG, source4);
        length = 0; /* radiotap of eight bytes, an 802.11 data frame with QoS, LLC */
        put(0x00000800, 4);
        put(0, 4);
        put(0x8801, 2);
        put(0, 8);
        put(0, 8);
        put(0, 6);
        put(0, 2);
        put(UINT64_C(0xaaaa030000000800), 8);
        put_ipv4(0, 17);
        check_udp(PACKET_RADIOTAP, source4);
        bytes[8 + 1] |= 0x40; /* protected */
        expect(PACKET_RADIOTAP, PACKET_OTHER);
        length = 0;
        put(UINT64_C(0xaaaa030000000800), 8);
        put_ipv4(0, 17);
        check_udp(PACKET_ATM_RFC1483, source4);
        length = 0;
        put_macs(8 + 37); /* 802.3: a length, then LLC */
        put(UINT64_C(0xaaaa030000000800), 8);
        put_ipv4(0, 17);
        check_udp(PACKET_ETHERNET, source4);
        length = 0;
        put(0x184103cc, 4);
        put_ipv4(0, 17);
        check_udp(PACKET_FRAME_RELAY, source4);
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
                cmocka_unit_test(test_mpls),
                cmocka_unit_test(test_pppoe_and_ppp),
                cmocka_unit_test(test_gre),
                cmocka_unit_test(test_erspan),
                cmocka_unit_test(test_ip_in_ip),
                cmocka_unit_test(test_vxlan),
                cmocka_unit_test(test_tcp),
                cmocka_unit_test(test_rare_links),
                cmocka_unit_test(test_contradictions),
                cmocka_unit_test(test_every_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
