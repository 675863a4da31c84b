/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/radius.h"

#include "wire/radius_encoder_test.h"
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW INT64_C(1795226354000)
#define NOW_S 1795226354u
#define NOKIA 6527
#define HUAWEI 2011
#define H3C 25506

static struct radius_decoder *decoder;
static struct collected c;
static struct radius_exporter exporter = {.number = 3};

static struct decode_sink sink_of_test(void)
{
        return (struct decode_sink){.context = &c,
                .event = collect_event,
                .lease = collect_lease,
                .refused = collect_refused,
                .noted = collect_note};
}

static void restart(void)
{
        radius_decoder_free(decoder);
        assert_int_equal(radius_decoder_new(&decoder), 0);
        collected_free(&c);
        memset(&c, 0, sizeof c);
        exporter = (struct radius_exporter){.number = 3};
}

static void feed(const struct radius_packet *packet, int64_t receipt_ms)
{
        struct decode_sink sink = sink_of_test();

        assert_int_equal(
                radius_decode(decoder, &exporter, receipt_ms, packet->bytes, packet->length, &sink), 0);
}

enum { START = 1, STOP = 2, INTERIM = 3 };

static void begin(struct radius_packet *packet, uint32_t status)
{
        packet_begin(packet, 4, 7);
        put_number(packet, 40, status);
        put_text(packet, 1, "kund@example.net");
        put_text(packet, 44, "0001");
        put_address(packet, 4, "192.0.2.1");
}

static void begin_framed(struct radius_packet *packet, uint32_t status)
{
        begin(packet, status);
        put_address(packet, 8, "100.64.0.3");
        put_number(packet, 55, NOW_S);
}

static void assert_prefix(const struct lease_event *lease, const char *text)
{
        char found[ADDRESS_TEXT_MAX];

        assert_string_equal(prefix_format(&lease->prefix, found), text);
}

static void assert_inside(const struct nat_event *event, const char *text)
{
        char found[ADDRESS_TEXT_MAX];

        assert_string_equal(address_format(&event->inside, found), text);
}

static void assert_block(const struct nat_event *event, enum nat_action action, uint32_t outside,
        uint16_t first, uint16_t last)
{
        assert_int_equal(event->kind, NAT_BLOCK);
        assert_int_equal(event->action, action);
        assert_int_equal(event->outside, outside);
        assert_int_equal(event->port_first, first);
        assert_int_equal(event->port_last, last);
        assert_int_equal(event->exporter, 3);
}

/* --- Leases --- */

static void a_session(void **state)
{
        struct radius_packet packet;

        (void)state;
        restart();
        begin_framed(&packet, START);
        put_prefix(&packet, 123, "2001:db8:100::/56");
        put_prefix(&packet, 97, "2001:db8:200::/64");
        put_address(&packet, 168, "2001:db8:300::5");
        feed(&packet, NOW + 1500);
        assert_int_equal(c.lease_count, 4);
        assert_prefix(&c.leases[0], "100.64.0.3");
        assert_prefix(&c.leases[1], "2001:db8:100::/56");
        assert_prefix(&c.leases[2], "2001:db8:200::/64");
        assert_prefix(&c.leases[3], "2001:db8:300::5");
        assert_string_equal(c.leases[3].subscriber, "kund@example.net");
        assert_int_equal(c.leases[0].from_ms, NOW);
        assert_int_equal(c.leases[0].from_edge, EDGE_OBSERVED);
        assert_int_equal(c.leases[0].to_edge, EDGE_OPEN);
        assert_int_equal(c.leases[0].flags, LEASE_ANY_VRF);
        begin_framed(&packet, INTERIM);
        feed(&packet, NOW);
        assert_int_equal(c.leases[4].from_edge, EDGE_INTERIM);
        assert_int_equal(c.leases[4].to_ms, NOW);
        begin_framed(&packet, STOP);
        put_number(&packet, 46, 600);
        feed(&packet, NOW);
        assert_int_equal(c.leases[5].to_ms, NOW + 999);
        assert_int_equal(c.leases[5].to_edge, EDGE_OBSERVED);
        assert_int_equal(c.leases[5].from_ms, NOW + 999 - 600000);
        assert_int_equal(c.leases[5].from_edge, EDGE_BOUND);
        assert_true(c.leases[0].session != 0 && c.leases[0].session == c.leases[5].session);
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(radius_decoder_counts(decoder).used, 3);
}

static void times(void **state)
{
        struct radius_packet packet;

        (void)state;
        restart();
        begin(&packet, STOP);
        put_address(&packet, 8, "100.64.0.3");
        put_number(&packet, 41, 5);
        feed(&packet, NOW + 700);
        assert_int_equal(c.leases[0].to_ms, NOW - 5000 + 999);
        assert_int_equal(c.leases[0].to_edge, EDGE_BOUND);
        feed(&packet, TIME_UNKNOWN);
        assert_int_equal(c.last_refusal, REFUSAL_IMPOSSIBLE_TIME);
        begin_framed(&packet, START);
        feed(&packet, TIME_UNKNOWN);
        assert_int_equal(c.lease_count, 2);
        feed(&packet, NOW + TIME_DAY + 2000);
        feed(&packet, NOW - TIME_DAY - 2000);
        assert_int_equal(c.lease_count, 2);
        assert_int_equal(c.refused_count, 3);
        feed(&packet, NOW - 20000);
        assert_int_equal(c.noted_count, 1);
        assert_non_null(strstr(c.last_note, "20 s after"));
}

static void names(void **state)
{
        struct radius_packet packet;

        (void)state;
        restart();
        for (unsigned i = 0; i < 4; i++) {
                packet_begin(&packet, 4, 1);
                put_number(&packet, 40, START);
                put_address(&packet, 8, "100.64.0.9");
                if (i == 0)
                        put_text(&packet, 1, "kund@example.net");
                if (i <= 1)
                        put_text(&packet, 89, "cui-4711");
                if (i <= 2)
                        put_text(&packet, 31, "49301234567");
                if (i == 2)
                        put_attribute(&packet, 89, "", 1);
                feed(&packet, NOW);
        }
        assert_int_equal(c.lease_count, 3);
        assert_string_equal(c.leases[0].subscriber, "kund@example.net");
        assert_string_equal(c.leases[1].subscriber, "cui-4711");
        assert_string_equal(c.leases[2].subscriber, "49301234567");
        assert_int_equal(c.last_refusal, REFUSAL_MISSING_FIELD);
        assert_true(c.leases[0].session == 0);
}

/* A NAT that calls its user by his inside address names nobody. */
static void a_name_that_is_an_address(void **state)
{
        struct radius_packet packet;

        (void)state;
        restart();
        packet_begin(&packet, 4, 1);
        put_number(&packet, 40, START);
        put_text(&packet, 1, "LSN44@100.64.0.9");
        put_address(&packet, 8, "100.64.0.9");
        put_vendor_text(&packet, NOKIA, 121, "198.51.100.7 1024-2047 router base");
        feed(&packet, NOW);
        assert_int_equal(c.lease_count, 0);
        assert_int_equal(c.event_count, 1);
        assert_inside(&c.events[0], "100.64.0.9");
        assert_int_equal(c.refused_count, 0);
}

static void interface_identifier(void **state)
{
        static const uint8_t identifier[8] = {0, 0, 0, 0, 0, 0, 0, 0x17};
        struct radius_packet packet;

        (void)state;
        restart();
        begin(&packet, START);
        put_prefix(&packet, 97, "2001:db8:200::/64");
        put_attribute(&packet, 96, identifier, sizeof identifier);
        feed(&packet, NOW);
        assert_int_equal(c.lease_count, 2);
        assert_prefix(&c.leases[1], "2001:db8:200::17");
        put_prefix(&packet, 97, "2001:db8:201::/64");
        feed(&packet, NOW);
        assert_int_equal(c.lease_count, 4);
}

/* --- Port ranges --- */

static void nokia(void **state)
{
        struct radius_packet packet;

        (void)state;
        restart();
        begin_framed(&packet, START);
        put_vendor_text(&packet, NOKIA, 121, "198.51.100.7 1024-2047 router base");
        put_vendor_text(&packet, NOKIA, 121, "198.51.100.7 4096-5119 vprn 100");
        feed(&packet, NOW);
        assert_int_equal(c.event_count, 2);
        assert_block(&c.events[0], NAT_OPEN, 0xc6336407, 1024, 2047);
        assert_block(&c.events[1], NAT_OPEN, 0xc6336407, 4096, 5119);
        assert_int_equal(c.events[0].time_ms, NOW);
        assert_int_equal(c.events[0].protocol, NAT_PROTOCOL_ANY);
        assert_int_equal(c.events[0].session, 0); /* one session lends many ranges, and again */
        assert_inside(&c.events[0], "100.64.0.3");
        begin_framed(&packet, STOP);
        put_vendor_text(&packet, NOKIA, 121, "198.51.100.7 1024-2047 router base");
        feed(&packet, NOW);
        assert_block(&c.events[2], NAT_CLOSE, 0xc6336407, 1024, 2047);
        assert_int_equal(c.events[2].time_ms, NOW + 999);
        begin_framed(&packet, START);
        put_vendor_text(&packet, NOKIA, 121, "6000-6001");
        put_vendor_address(&packet, NOKIA, 141, "198.51.100.9");
        feed(&packet, NOW);
        assert_block(&c.events[3], NAT_OPEN, 0xc6336409, 6000, 6001);
        assert_int_equal(c.refused_count, 0);
}

/* Given, taken, or only told again? With one session for all ranges an interim does not say. */
static void nokia_interims(void **state)
{
        static const char range[] = "198.51.100.7 1024-2047 router base";
        struct radius_packet packet;

        (void)state;
        restart();
        begin_framed(&packet, INTERIM);
        put_vendor_text(&packet, NOKIA, 121, range);
        feed(&packet, NOW);
        assert_int_equal(c.event_count, 0);
        assert_int_equal(c.lease_count, 1);
        assert_int_equal(c.last_refusal, REFUSAL_UNKNOWN_EVENT);
        put_text(&packet, 50, "multi");
        feed(&packet, NOW);
        assert_block(&c.events[0], NAT_ALIVE, 0xc6336407, 1024, 2047);
        begin_framed(&packet, INTERIM);
        put_vendor_text(&packet, NOKIA, 121, range);
        put_vendor_number(&packet, NOKIA, 163, 1);
        feed(&packet, NOW);
        assert_int_equal(c.event_count, 2);
        begin_framed(&packet, INTERIM);
        put_vendor_text(&packet, NOKIA, 121, range);
        put_vendor_number(&packet, NOKIA, 163, 19);
        feed(&packet, NOW);
        assert_int_equal(c.event_count, 2);
        assert_int_equal(c.refused_count, 2);
}

static void put_triple(
        struct radius_packet *packet, uint32_t vendor, const char *outside, uint32_t first, uint32_t last)
{
        uint8_t base = vendor == HUAWEI ? 161 : 32;

        if (outside)
                put_vendor_address(packet, vendor, base, outside);
        put_vendor_number(packet, vendor, (uint8_t)(base + 1), first);
        put_vendor_number(packet, vendor, (uint8_t)(base + 2), last);
}

static void huawei(void **state)
{
        static const struct {
                uint32_t status, update;
                int action;
        } cases[] = {{START, UINT32_MAX, NAT_OPEN}, {STOP, UINT32_MAX, NAT_CLOSE}, {START, 0, NAT_OPEN},
                {INTERIM, UINT32_MAX, NAT_ALIVE}, {INTERIM, 0, NAT_ALIVE}, {INTERIM, 1, NAT_CLOSE},
                {INTERIM, 3, -1}, {START, 1, -1}};
        struct radius_packet packet;

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                restart();
                begin_framed(&packet, cases[i].status);
                put_triple(&packet, HUAWEI, "198.51.100.7", 1024, 2047);
                if (cases[i].update != UINT32_MAX)
                        put_vendor_number(&packet, HUAWEI, 165, cases[i].update);
                feed(&packet, NOW);
                assert_int_equal(c.lease_count, 1);
                assert_int_equal(c.event_count, cases[i].action >= 0);
                assert_int_equal(c.refused_count, cases[i].action < 0);
                if (cases[i].action >= 0)
                        assert_block(&c.events[0], (enum nat_action)cases[i].action, 0xc6336407, 1024, 2047);
        }
}

static void triples(void **state)
{
        struct radius_packet packet;

        (void)state;
        restart();
        begin_framed(&packet, START);
        put_triple(&packet, H3C, "198.51.100.7", 1024, 2047);
        put_triple(&packet, H3C, NULL, 3000, 3999);
        put_triple(&packet, HUAWEI, "198.51.100.8", 10, 20);
        put_triple(&packet, HUAWEI, "198.51.100.9", 30, 40);
        feed(&packet, NOW);
        assert_int_equal(c.event_count, 4);
        assert_block(&c.events[0], NAT_OPEN, 0xc6336408, 10, 20);
        assert_block(&c.events[1], NAT_OPEN, 0xc6336409, 30, 40);
        assert_block(&c.events[2], NAT_OPEN, 0xc6336407, 1024, 2047);
        assert_block(&c.events[3], NAT_OPEN, 0xc6336407, 3000, 3999);
        put_triple(&packet, HUAWEI, NULL, 50, 60); /* whose address? */
        feed(&packet, NOW);
        assert_int_equal(c.event_count, 4);
        assert_int_equal(c.last_refusal, REFUSAL_BAD_VALUE);
        begin_framed(&packet, START);
        put_triple(&packet, H3C, "198.51.100.7", 2047, 1024);
        feed(&packet, NOW);
        begin_framed(&packet, START);
        put_triple(&packet, H3C, "198.51.100.7", 2047, 65536);
        feed(&packet, NOW);
        assert_int_equal(c.event_count, 4);
        assert_int_equal(c.refused_count, 3);
}

static void rfc8045_ranges(void **state)
{
        static const struct {
                uint32_t status, alloc;
                int action;
        } cases[] = {{START, 1, NAT_OPEN}, {INTERIM, 1, NAT_ALIVE}, {INTERIM, 2, NAT_CLOSE},
                {STOP, 2, NAT_CLOSE}, {STOP, 1, NAT_CLOSE}, {START, 2, -1}};
        struct radius_packet packet;

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                restart();
                begin_framed(&packet, cases[i].status);
                put_port_range(&packet, 0xc6336407, 1024, 2047, 17, cases[i].alloc);
                put_port_range(&packet, 0xc6336408, 4096, 5119, 0, cases[i].alloc);
                feed(&packet, NOW);
                assert_int_equal(c.event_count, cases[i].action >= 0 ? 2 : 0);
                assert_int_equal(c.refused_count, cases[i].action < 0);
                if (cases[i].action < 0)
                        continue;
                assert_block(&c.events[0], (enum nat_action)cases[i].action, 0xc6336407, 1024, 2047);
                assert_int_equal(c.events[0].protocol, 17);
                assert_block(&c.events[1], (enum nat_action)cases[i].action, 0xc6336408, 4096, 5119);
                assert_int_equal(c.events[1].protocol, NAT_PROTOCOL_ANY);
        }
}

static void rfc8045_broken(void **state)
{
        static const struct {
                uint32_t outside, first, last, protocol, alloc;
                bool whole; /* the record is refused, not only the range */
        } cases[] = {{0, 1024, 2047, 0, 1, false}, {0xc6336407, 2047, 1024, 0, 1, true},
                {0xc6336407, 1024, 65536, 0, 1, true}, {0xc6336407, 1024, 2047, 2, 1, true},
                {0xc6336407, 1024, 2047, 0, 3, true}};
        struct radius_packet packet;

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                restart();
                begin_framed(&packet, START);
                put_port_range(&packet, cases[i].outside, cases[i].first, cases[i].last, cases[i].protocol,
                        cases[i].alloc);
                feed(&packet, NOW);
                assert_int_equal(c.event_count, 0);
                assert_int_equal(c.refused_count, 1);
                assert_int_equal(c.lease_count, cases[i].whole ? 0 : 1);
        }
}

static void rfc8045_forwarding(void **state)
{
        struct radius_packet packet;
        struct radius_tlvs tlvs = {.length = 0};

        (void)state;
        restart();
        begin_framed(&packet, START);
        tlv_number(&tlvs, 1, 6);
        tlv_number(&tlvs, 6, 80);
        tlv_number(&tlvs, 7, 8080);
        tlv_number(&tlvs, 4, 0x64400004);
        tlv_number(&tlvs, 3, 0xc6336407);
        put_extended(&packet, 241, 7, &tlvs);
        put_extended(&packet, 241, 5, &tlvs); /* limits lend nothing */
        put_extended(&packet, 241, 200, &tlvs);
        feed(&packet, NOW);
        assert_int_equal(c.event_count, 1);
        assert_int_equal(c.events[0].kind, NAT_MAPPING);
        assert_int_equal(c.events[0].port_first, 8080);
        assert_int_equal(c.events[0].port_last, 8080);
        assert_int_equal(c.events[0].inside_port, 80);
        assert_int_equal(c.events[0].flags, NAT_HAS_INSIDE_PORT);
        assert_inside(&c.events[0], "100.64.0.4");
}

static void inside_hosts(void **state)
{
        struct radius_packet packet;

        (void)state;
        restart();
        begin(&packet, START);
        put_port_range(&packet, 0xc6336407, 1024, 2047, 0, 1);
        feed(&packet, NOW);
        assert_int_equal(c.events[0].flags, NAT_INSIDE_UNKNOWN);
        put_prefix(&packet, 123, "2001:db8:100::/56");
        feed(&packet, NOW);
        assert_inside(&c.events[1], "2001:db8:100::");
        put_prefix(&packet, 97, "2001:db8::1/128");
        feed(&packet, NOW);
        assert_inside(&c.events[2], "2001:db8::1");
        put_address(&packet, 8, "100.64.0.3");
        feed(&packet, NOW);
        assert_inside(&c.events[3], "100.64.0.3");
        assert_int_equal(c.events[3].flags, 0);
}

/* --- Packets --- */

static void other_packets(void **state)
{
        struct radius_packet packet;

        (void)state;
        restart();
        for (uint8_t code = 0; code < 14; code++) {
                begin_framed(&packet, START);
                packet.bytes[0] = code;
                feed(&packet, NOW);
        }
        assert_int_equal(c.lease_count, 1);
        assert_int_equal(radius_decoder_counts(decoder).other, 13);
        begin_framed(&packet, 7);
        feed(&packet, NOW);
        begin_framed(&packet, 8);
        feed(&packet, NOW);
        begin_framed(&packet, 9);
        feed(&packet, NOW);
        assert_int_equal(radius_decoder_counts(decoder).restarts, 2);
        assert_int_equal(radius_decoder_counts(decoder).other, 14);
        assert_int_equal(c.noted_count, 1);
        begin(&packet, START);
        feed(&packet, NOW);
        assert_int_equal(radius_decoder_counts(decoder).nothing, 1);
        assert_int_equal(c.refused_count, 0);
}

static void feed_broken(const struct radius_packet *packet, enum refusal refusal)
{
        size_t leases = c.lease_count, refused = c.refused_count;

        feed(packet, NOW);
        assert_int_equal(c.lease_count, leases);
        assert_int_equal(c.refused_count, refused + 1);
        assert_int_equal(c.last_refusal, refusal);
        assert_int_equal(strncmp(c.last_detail, "RADIUS: ", 8), 0);
}

static void broken_packets(void **state)
{
        static const uint8_t long_one[3] = {241, 0, 0};
        struct radius_packet packet;

        (void)state;
        restart();
        begin_framed(&packet, START);
        packet.length += 4; /* padding, RFC 2865 section 3 */
        feed(&packet, NOW);
        assert_int_equal(c.lease_count, 1);
        packet.length = 19;
        feed_broken(&packet, REFUSAL_TRUNCATED);
        begin_framed(&packet, START);
        packet.length--;
        feed_broken(&packet, REFUSAL_TRUNCATED);
        packet.bytes[3]--; /* now the last attribute overruns */
        feed_broken(&packet, REFUSAL_BAD_LENGTH);
        begin_framed(&packet, START);
        packet.bytes[2] = 0x10;
        packet.bytes[3] = 1;
        feed_broken(&packet, REFUSAL_BAD_LENGTH);
        begin_framed(&packet, START);
        packet.bytes[21] = 1;
        feed_broken(&packet, REFUSAL_BAD_LENGTH);
        begin_framed(&packet, START);
        put_attribute(&packet, 8, "\x64\x40\x00", 3);
        feed_broken(&packet, REFUSAL_BAD_VALUE);
        begin_framed(&packet, START);
        put_attribute(&packet, 97, "\x00\x81", 2);
        feed_broken(&packet, REFUSAL_BAD_VALUE);
        begin_framed(&packet, START);
        put_attribute(&packet, 97, "\x00\x08\x20\x01", 4); /* a bit beyond its length */
        feed_broken(&packet, REFUSAL_BAD_VALUE);
        begin_framed(&packet, START);
        put_attribute(&packet, 97, "\x00\x20\x20\x01", 4); /* fewer bytes than bits */
        feed_broken(&packet, REFUSAL_BAD_VALUE);
        begin_framed(&packet, START);
        put_number(&packet, 40, STOP);
        feed_broken(&packet, REFUSAL_BAD_VALUE);
        begin_framed(&packet, START);
        put_text(&packet, 1, "another");
        feed_broken(&packet, REFUSAL_BAD_VALUE);
        packet_begin(&packet, 4, 1);
        put_text(&packet, 1, "k\xff");
        feed_broken(&packet, REFUSAL_BAD_VALUE);
        packet_begin(&packet, 4, 1);
        feed_broken(&packet, REFUSAL_MISSING_FIELD);
        begin_framed(&packet, START);
        put_attribute(&packet, 26, "\x00\x00\x19\x7f\x79\x30", 6); /* Nokia's, with an overrun in it */
        feed_broken(&packet, REFUSAL_BAD_LENGTH);
        begin_framed(&packet, START);
        put_vendor_text(&packet, NOKIA, 121, "198.51.100.7 2047-1024");
        feed_broken(&packet, REFUSAL_BAD_VALUE);
        begin_framed(&packet, START);
        put_attribute(&packet, 241, "\x06\x01\x30", 3);
        feed_broken(&packet, REFUSAL_BAD_VALUE);
        begin_framed(&packet, START);
        put_attribute(&packet, 26, "\x00\x00\x00\x09\x79\x30", 6); /* another vendor's is not looked into */
        put_attribute(&packet, 26, "\x00\x00", 2);
        put_attribute(&packet, 245, long_one, sizeof long_one); /* long extended: stepped over */
        put_attribute(&packet, 245, long_one, sizeof long_one);
        feed(&packet, NOW);
        assert_int_equal(c.lease_count, 2);
}

static void plausible(void **state)
{
        struct radius_packet packet;

        (void)state;
        begin_framed(&packet, START);
        assert_true(radius_is_request(packet.bytes, packet.length));
        assert_false(radius_is_request(packet.bytes, packet.length - 1));
        assert_false(radius_is_request(packet.bytes, 0));
        packet.bytes[0] = 5;
        assert_false(radius_is_request(packet.bytes, packet.length));
        packet.bytes[0] = 4;
        packet.bytes[21] = 0;
        assert_false(radius_is_request(packet.bytes, packet.length));
        packet_begin(&packet, 4, 1);
        assert_false(radius_is_request(packet.bytes, packet.length));
}

/* --- Copies --- */

static void copies(void **state)
{
        struct radius_packet packet;

        (void)state;
        restart();
        begin(&packet, START);
        put_address(&packet, 8, "100.64.0.3");
        put_port_range(&packet, 0xc6336407, 1024, 2047, 0, 1);
        feed(&packet, NOW);
        feed(&packet, NOW + 3000); /* not answered: the same bytes again */
        put_attribute(&packet, 33, "proxy", 5);
        feed(&packet, NOW + 3100); /* and a proxy's copy */
        put_number(&packet, 41, 6);
        feed(&packet, NOW + 9100); /* and with the delay counted */
        assert_int_equal(c.lease_count, 4);
        for (size_t i = 1; i < 4; i++) {
                assert_memory_equal(&c.leases[0].prefix, &c.leases[i].prefix, sizeof c.leases[0].prefix);
                assert_int_equal(c.leases[0].from_ms, c.leases[i].from_ms);
                assert_int_equal(c.events[0].time_ms, c.events[i].time_ms);
        }
        assert_int_equal(radius_decoder_counts(decoder).repeated, 3);
        feed(&packet, NOW + 300000); /* much later it is another beginning */
        assert_true(c.leases[4].from_ms > c.leases[0].from_ms);
        exporter.realm = 1; /* in another realm it is another's */
        feed(&packet, NOW + 301000);
        assert_int_equal(radius_decoder_counts(decoder).repeated, 3);
}

static void copies_join(void **state)
{
        struct lease_list leases = {0};

        (void)state;
        copies(NULL);
        for (size_t i = 0; i < 4; i++) {
                struct lease lease = {.is = c.leases[i], .seen_until_ms = TIME_UNKNOWN};
                assert_int_equal(lease_list_append(&leases, &lease), 0);
        }
        assert_int_equal(lease_join(&leases), 0);
        assert_int_equal(leases.count, 1);
        lease_list_free(&leases);
}

/* --- What was heard --- */

static void one_every(int64_t from, int64_t to, int64_t step, int64_t offset)
{
        struct radius_packet packet;

        for (int64_t at = from; at <= to; at += step) {
                begin(&packet, START);
                put_address(&packet, 8, "100.64.0.3");
                put_number(&packet, 55, (uint32_t)((at + offset) / 1000));
                put_port_range(&packet, 0xc6336407, 1024, 2047, 0, 1);
                feed(&packet, at);
        }
}

static void hearing(void **state)
{
        struct radius_packet packet;

        (void)state;
        restart();
        one_every(NOW, NOW + 100000, 10000, 0);
        assert_int_equal(radius_decoder_finish(decoder, &c.coverage), 0);
        assert_int_equal(c.coverage.span_count, 0); /* nothing says that losses would be known */
        restart();
        exporter.loss_reported = true;
        one_every(NOW, NOW + 100000, 10000, 0);
        one_every(NOW + 200000, NOW + 300000, 10000, 0); /* a minute of silence ended the first span */
        begin(&packet, START);
        put_number(&packet, 8, 1);
        packet.length--;
        feed(&packet, NOW + 305000);
        one_every(NOW + 310000, NOW + 320000, 10000, 0);
        begin(&packet, 7);
        feed(&packet, NOW + 325000);
        one_every(NOW + 330000, NOW + 340000, 10000, 0);
        assert_int_equal(radius_decoder_finish(decoder, &c.coverage), 0);
        assert_int_equal(c.coverage.span_count, 2);
        assert_int_equal(c.coverage.spans[0].from, NOW + 1000);
        assert_int_equal(c.coverage.spans[0].to, NOW + 100000);
        assert_int_equal(c.coverage.spans[0].flags, SPAN_HAS_EVENTS);
        assert_int_equal(c.coverage.spans[0].exporter, 3);
        assert_int_equal(c.coverage.spans[0].offset_max_ms, 0);
        assert_int_equal(c.coverage.spans[1].to, NOW + 340000);
        assert_int_equal(c.coverage.gap_count, 2);
        assert_int_equal(c.coverage.gaps[0].reason, GAP_REFUSED);
        assert_true(c.coverage.gaps[0].from <= NOW + 300000 && c.coverage.gaps[0].to >= NOW + 310000);
        assert_int_equal(c.coverage.gaps[1].reason, GAP_REPORTED); /* the stops that never came */
}

static void hearing_with_a_clock_that_is_off(void **state)
{
        (void)state;
        restart();
        exporter.loss_reported = true;
        one_every(NOW, NOW + 100000, 10000, 7000);
        assert_int_equal(radius_decoder_finish(decoder, &c.coverage), 0);
        assert_int_equal(c.coverage.span_count, 1);
        assert_int_equal(c.coverage.spans[0].offset_max_ms, 7000);
        assert_int_equal(c.coverage.spans[0].from, NOW + 8000);
        collected_free(&c);
        c.coverage = (struct coverage){0};
        one_every(NOW, NOW + 100000, 10000, -7000);
        assert_int_equal(radius_decoder_finish(decoder, &c.coverage), 0);
        assert_int_equal(c.coverage.spans[0].offset_min_ms, -7000);
        assert_int_equal(c.coverage.spans[0].to, NOW + 93000);
        assert_int_equal(c.coverage.spans[0].delay_ms, 7000);
}

static int free_all(void **state)
{
        (void)state;
        collected_free(&c);
        radius_decoder_free(decoder);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(a_session), cmocka_unit_test(times),
                cmocka_unit_test(names), cmocka_unit_test(a_name_that_is_an_address),
                cmocka_unit_test(interface_identifier), cmocka_unit_test(nokia),
                cmocka_unit_test(nokia_interims), cmocka_unit_test(huawei), cmocka_unit_test(triples),
                cmocka_unit_test(rfc8045_ranges), cmocka_unit_test(rfc8045_broken),
                cmocka_unit_test(rfc8045_forwarding), cmocka_unit_test(inside_hosts),
                cmocka_unit_test(other_packets), cmocka_unit_test(broken_packets),
                cmocka_unit_test(plausible), cmocka_unit_test(copies), cmocka_unit_test(copies_join),
                cmocka_unit_test(hearing), cmocka_unit_test(hearing_with_a_clock_that_is_off)};
        return cmocka_run_group_tests(tests, NULL, free_all);
}
