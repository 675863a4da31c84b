/* SPDX-License-Identifier: EUPL-1.2 */
/* What a NAT record says, and above all what it must not be taken for. */
#include "wire/flow_fixture_test.h"

/* ---- what a record says ---- */

static void check_session(uint16_t version)
{
        send_template(version, 256, SESSION_TEMPLATE);
        encode_message(&message, version, NOW, version == 9 ? 1 : 0, 1);
        encode_set(&message, 256);
        encode_session(&message, NOW_MS - 300, 4, INSIDE, OUTSIDE, 6, 40000, 1025);
        encode_session(&message, NOW_MS - 200, 5, INSIDE, OUTSIDE, 17, 40001, 1026);
        encode_set_end(&message, true);
        send_message();
        assert_int_equal(heard.count, 2);
        const struct nat_event *event = &heard.items[0];
        struct address inside = address_from_ipv4(INSIDE);
        assert_int_equal(event->time_ms, NOW_MS - 300);
        assert_memory_equal(&event->inside, &inside, sizeof inside);
        assert_int_equal(event->outside, OUTSIDE);
        assert_int_equal(event->protocol, 6);
        assert_int_equal(event->inside_port, 40000);
        assert_int_equal(event->port_first, 1025);
        assert_int_equal(event->port_last, 1025);
        assert_int_equal(event->kind, NAT_SESSION);
        assert_int_equal(event->action, NAT_OPEN);
        assert_int_equal(event->flags, NAT_HAS_INSIDE_PORT);
        assert_int_equal(event->exporter, 3);
        assert_int_equal(heard.items[1].action, NAT_CLOSE);
        assert_int_equal(heard.items[1].port_last, 1026);
        assert_int_equal(counts().events, 2);
        assert_int_equal(counts().data_records, 2);
}

static void test_session_ipfix(void **state)
{
        (void)state;
        check_session(10);
}

static void test_session_netflow9(void **state)
{
        (void)state;
        check_session(9);
}

static void test_recognised_without_dialect(void **state)
{
        (void)state;
        exporter.dialect = NULL;
        check_session(10);
}

static void test_destination_and_vrf(void **state)
{
        (void)state;
        send_template(10, 256,
                FIELDS({323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0}, {227, 2, 0},
                        {12, 4, 0}, {226, 4, 0}, {11, 2, 0}, {228, 2, 0}, {234, 4, 0}));
        begin_record(10, 0);
        for (int after = 0; after < 2; after++) {
                encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 17, 5000, 6000);
                encode(&message, 0x08080808, 4);
                encode(&message, after ? 0x09090909 : 0, 4);
                encode(&message, 53, 2);
                encode(&message, after ? 5353 : 0, 2);
                encode(&message, 77, 4);
        }
        end_record();
        assert_int_equal(heard.count, 2);
        struct address before = address_from_ipv4(0x08080808), after = address_from_ipv4(0x09090909);
        assert_memory_equal(&heard.items[0].destination, &before, sizeof before);
        assert_int_equal(heard.items[0].destination_port, 53);
        assert_memory_equal(&heard.items[1].destination, &after, sizeof after);
        assert_int_equal(heard.items[1].destination_port, 5353);
        assert_int_equal(heard.items[1].flags, NAT_HAS_DESTINATION | NAT_HAS_INSIDE_PORT);
        assert_int_equal(heard.items[1].vrf, 77);
}

static void test_nat64(void **state)
{
        static const uint8_t inside[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};

        (void)state;
        send_template(10, 256,
                FIELDS({323, 8, 0}, {230, 1, 0}, {27, 16, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0}, {227, 2, 0},
                        {28, 16, 0}, {226, 4, 0}, {228, 2, 0}));
        begin_record(10, 0);
        for (unsigned value = 4; value <= 11; value++) { /* 4, 5, 8, 9 are NAT44 and must be refused */
                encode(&message, NOW_MS, 8);
                encode(&message, value, 1);
                encode_bytes(&message, inside, 16);
                encode(&message, OUTSIDE, 4);
                encode(&message, 6, 1);
                encode(&message, 1, 2);
                encode(&message, 2000 + value, 2);
                encode_bytes(&message, inside, 16);
                encode(&message, 0x08080404, 4);
                encode(&message, 443, 2);
        }
        end_record();
        assert_int_equal(heard.count, 4);
        assert_int_equal(heard.refused[REFUSAL_CONTRADICTION], 4);
        assert_int_equal(heard.items[0].port_first, 2006);
        assert_int_equal(heard.items[0].kind, NAT_SESSION);
        assert_memory_equal(heard.items[0].inside.bytes, inside, 16);
        struct address destination = address_from_ipv4(0x08080404);
        assert_memory_equal(&heard.items[0].destination, &destination, sizeof destination);
        assert_int_equal(heard.items[2].kind, NAT_MAPPING);
        assert_int_equal(heard.items[2].flags & NAT_HAS_DESTINATION, 0);
        assert_int_equal(heard.items[3].action, NAT_CLOSE);
}

static void test_address_binding(void **state)
{
        (void)state;
        send_template(10, 256, FIELDS({323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}));
        begin_record(10, 0);
        encode(&message, NOW_MS, 8);
        encode(&message, 14, 1);
        encode(&message, INSIDE, 4);
        encode(&message, OUTSIDE, 4);
        end_record();
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.items[0].kind, NAT_ADDRESS);
        assert_int_equal(heard.items[0].port_first, 0);
        assert_int_equal(heard.items[0].port_last, 65535);
        assert_int_equal(heard.items[0].protocol, NAT_PROTOCOL_ANY);
}

static void encode_block(unsigned value, unsigned start, unsigned end)
{
        encode(&message, NOW_MS, 8);
        encode(&message, value, 1);
        encode(&message, INSIDE, 4);
        encode(&message, OUTSIDE, 4);
        encode(&message, start, 2);
        encode(&message, end, 2);
}

#define BLOCK_TEMPLATE FIELDS({323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {361, 2, 0}, {362, 2, 0})

static void test_port_block(void **state)
{
        (void)state;
        send_template(10, 256, BLOCK_TEMPLATE);
        begin_record(10, 0);
        encode_block(16, 1024, 1535);
        encode_block(17, 1024, 1535);
        encode_block(16, 2000, 1999); /* backwards */
        encode_block(16, 2000, 0);    /* no end, and nothing to compute it from */
        encode_block(14, 1024, 1535); /* an address binding has no ports */
        encode_block(4, 1024, 1535);  /* a session has no range */
        end_record();
        assert_int_equal(heard.count, 2);
        assert_int_equal(heard.items[0].kind, NAT_BLOCK);
        assert_int_equal(heard.items[0].port_first, 1024);
        assert_int_equal(heard.items[0].port_last, 1535);
        assert_int_equal(heard.items[1].action, NAT_CLOSE);
        assert_int_equal(heard.refused[REFUSAL_BAD_VALUE], 2);
        assert_int_equal(heard.refused[REFUSAL_CONTRADICTION], 2);
}

static void encode_cisco_block(unsigned value, unsigned start, unsigned step, unsigned ports)
{
        encode(&message, INSIDE, 4);
        encode(&message, OUTSIDE, 4);
        encode(&message, 9, 4);
        encode(&message, 0, 1);
        encode(&message, value, 1);
        encode(&message, NOW_MS, 8);
        encode(&message, start, 2);
        encode(&message, step, 2);
        encode(&message, ports, 2);
}

static void test_cisco_block(void **state)
{
        (void)state;
        exporter.dialect = NULL;
        send_template(9, 256,
                FIELDS({8, 4, 0}, {225, 4, 0}, {234, 4, 0}, {4, 1, 0}, {230, 1, 0}, {323, 8, 0}, {361, 2, 0},
                        {363, 2, 0}, {364, 2, 0}));
        begin_record(9, 1);
        encode_cisco_block(1, 1536, 1, 512);
        encode_cisco_block(2, 1536, 0, 512);
        encode_cisco_block(1, 4096, 4, 3); /* every fourth port: those between belong to others */
        encode_cisco_block(1, 65000, 1, 1000);
        encode_cisco_block(1, 2000, 1, 0);
        encode_cisco_block(0, 1536, 1, 512); /* 0 is "invalid" there */
        end_record();
        assert_int_equal(heard.count, 5);
        assert_int_equal(heard.items[0].kind, NAT_BLOCK);
        assert_int_equal(heard.items[0].port_first, 1536);
        assert_int_equal(heard.items[0].port_last, 2047);
        assert_int_equal(heard.items[0].vrf, 9);
        assert_int_equal(heard.items[1].action, NAT_CLOSE);
        assert_int_equal(heard.items[1].port_last, 2047);
        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(heard.items[2 + i].port_first, 4096 + 4 * i);
                assert_int_equal(heard.items[2 + i].port_last, 4096 + 4 * i);
        }
        assert_int_equal(heard.refused[REFUSAL_BAD_VALUE], 2);
        assert_int_equal(heard.refused[REFUSAL_NO_DIALECT], 1);
}

/* Some releases do send IE 362, and leave it zero. */
static void test_cisco_block_with_end_zero(void **state)
{
        (void)state;
        exporter.dialect = dialect_by_name("cisco-nel");
        send_template(9, 256,
                FIELDS({8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {230, 1, 0}, {323, 8, 0}, {361, 2, 0}, {362, 2, 0},
                        {363, 2, 0}, {364, 2, 0}));
        begin_record(9, 1);
        for (unsigned end = 0; end < 3; end++) { /* 0, then one that is right, then one that is not */
                encode(&message, INSIDE, 4);
                encode(&message, OUTSIDE, 4);
                encode(&message, 0, 1);
                encode(&message, 1, 1);
                encode(&message, NOW_MS, 8);
                encode(&message, 1536, 2);
                encode(&message, end == 0 ? 0 : end == 1 ? 2047 : 2046, 2);
                encode(&message, 1, 2);
                encode(&message, 512, 2);
        }
        end_record();
        assert_int_equal(heard.count, 2);
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(heard.items[i].kind, NAT_BLOCK);
                assert_int_equal(heard.items[i].port_first, 1536);
                assert_int_equal(heard.items[i].port_last, 2047);
        }
        assert_int_equal(heard.refused[REFUSAL_BAD_VALUE], 1);
}

static void check_without_inside_address(const struct dialect *dialect)
{
        exporter.dialect = dialect;
        send_template(9, 256, FIELDS({323, 8, 0}, {230, 1, 0}, {225, 4, 0}, {4, 1, 0}, {227, 2, 0}));
        begin_record(9, 1);
        encode(&message, NOW_MS, 8);
        encode(&message, 1, 1);
        encode(&message, OUTSIDE, 4);
        encode(&message, 6, 1);
        encode(&message, 7000, 2);
        end_record();
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.items[0].flags, NAT_INSIDE_UNKNOWN);
        assert_true(address_is_none(&heard.items[0].inside));
}

static void test_cisco_without_inside_address(void **state)
{
        (void)state;
        check_without_inside_address(dialect_by_name("cisco-nel"));
}

static void test_mode_cgn(void **state)
{
        (void)state;
        check_without_inside_address(dialect_by_name("cisco-cgn"));
}

static void test_mode_cgn_is_recognised(void **state)
{
        (void)state;
        check_without_inside_address(NULL);
}

/* A zero in place of the inside address names nobody in mode cgn, and is a mistake elsewhere. */
static void test_inside_zero(void **state)
{
        (void)state;
        for (unsigned i = 0; i < 2; i++) {
                exporter.dialect = dialect_by_name(i ? "cisco-cgn" : "cisco-nel");
                if (i == 0)
                        send_template(9, 256, SESSION_TEMPLATE);
                begin_record(9, 1 + i);
                encode_session(&message, NOW_MS, 1, 0, OUTSIDE, 6, 1, 2000);
                end_record();
        }
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.items[0].flags, NAT_INSIDE_UNKNOWN | NAT_HAS_INSIDE_PORT);
        assert_int_equal(heard.refused[REFUSAL_BAD_VALUE], 1);
}

/* A mapping of RFC 8158 has an inside address (section 5.4): without one it is somebody else's record. */
static void test_inside_is_required(void **state)
{
        (void)state;
        send_template(10, 256, FIELDS({323, 8, 0}, {230, 1, 0}, {225, 4, 0}, {4, 1, 0}, {227, 2, 0}));
        begin_record(10, 0);
        encode(&message, NOW_MS, 8);
        encode(&message, 8, 1);
        encode(&message, OUTSIDE, 4);
        encode(&message, 6, 1);
        encode(&message, 7000, 2);
        end_record();
        assert_int_equal(heard.count, 0);
        assert_int_equal(heard.refused[REFUSAL_MISSING_FIELD], 1);
}

static void test_no_outside_port(void **state)
{
        (void)state;
        send_template(
                10, 256, FIELDS({323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0}));
        begin_record(10, 0);
        encode(&message, NOW_MS, 8);
        encode(&message, 4, 1);
        encode(&message, INSIDE, 4);
        encode(&message, OUTSIDE, 4);
        encode(&message, 6, 1);
        encode(&message, 7000, 2);
        end_record();
        assert_int_equal(heard.count, 1);
        assert_true(heard.items[0].flags & NAT_PORT_UNKNOWN);
        assert_int_equal(heard.items[0].port_first, 0);
        assert_int_equal(heard.items[0].port_last, 65535);
}

static void test_values_that_cannot_be(void **state)
{
        (void)state;
        send_template(10, 256, SESSION_TEMPLATE);
        begin_record(10, 0);
        encode_session(&message, NOW_MS, 4, INSIDE, 0, 6, 1, 2000);       /* not translated */
        encode_session(&message, NOW_MS, 4, 0, OUTSIDE, 6, 1, 2000);      /* no inside */
        encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 0, 1, 2000); /* no protocol */
        encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 6, 1, 0);    /* no port */
        encode_session(&message, NOW_MS, 1, INSIDE, OUTSIDE, 6, 1, 2000); /* historic value */
        encode_session(&message, NOW_MS, 99, INSIDE, OUTSIDE, 6, 1, 2000);
        encode_session(&message, 0, 4, INSIDE, OUTSIDE, 6, 1, 2000);
        encode_session(&message, NOW_MS + 6001, 4, INSIDE, OUTSIDE, 6, 1, 2000);
        encode_session(&message, NOW_MS - TIME_DAY - 1, 4, INSIDE, OUTSIDE, 6, 1, 2000);
        encode_session(&message, NOW_MS + 6000, 4, INSIDE, OUTSIDE, 6, 1, 2000);     /* just possible */
        encode_session(&message, NOW_MS - TIME_DAY, 4, INSIDE, OUTSIDE, 6, 1, 2000); /* just possible */
        encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 1, 0, 0);  /* an ICMP identifier may be 0 */
        encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 47, 0, 0); /* GRE has no ports */
        end_record();
        assert_int_equal(heard.count, 4);
        assert_int_equal(heard.items[3].flags & NAT_PORT_UNKNOWN, NAT_PORT_UNKNOWN);
        assert_int_equal(counts().not_translated, 1);
        assert_int_equal(heard.refused[REFUSAL_BAD_VALUE], 3);
        assert_int_equal(heard.refused[REFUSAL_UNKNOWN_EVENT], 2);
        assert_int_equal(heard.refused[REFUSAL_IMPOSSIBLE_TIME], 3);
        assert_int_equal(counts().refused[REFUSAL_IMPOSSIBLE_TIME], 3);
}

/* The drafts before RFC 8158 number otherwise: each of their templates with each of their values, read as RFC
 * 8158, must be refused or (values that mean the same) right. Truth: draft-ietf-behave-ipfix-nat-logging-02
 * as Juniper sends it. */
static void test_draft_numbering_is_never_bent(void **state)
{
        static const struct {
                const char *what;
                unsigned first, last;
                struct encoded_field fields[9];
                size_t count;
        } drafts[] = {
                {"NAT44 session", 1, 2,
                        {{323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0}, {227, 2, 0}},
                        7},
                {"NAT64 session", 4, 5,
                        {{323, 8, 0}, {230, 1, 0}, {27, 16, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0},
                                {227, 2, 0}},
                        7},
                {"NAT44 BIB", 6, 7,
                        {{323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0}, {227, 2, 0}},
                        7},
                {"NAT64 BIB", 8, 9,
                        {{323, 8, 0}, {230, 1, 0}, {27, 16, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0},
                                {227, 2, 0}},
                        7},
                {"ports exhausted", 10, 10, {{323, 8, 0}, {230, 1, 0}, {225, 4, 0}, {4, 1, 0}}, 4},
                {"quota exceeded", 11, 11, {{323, 8, 0}, {230, 1, 0}, {8, 4, 0}}, 3},
                {"address binding", 12, 13, {{323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}}, 4},
                {"port block", 14, 15,
                        {{323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {361, 2, 0}, {362, 2, 0}}, 6},
        };
        unsigned records = 0;

        (void)state;
        for (size_t i = 0; i < sizeof drafts / sizeof drafts[0]; i++) {
                uint16_t id = (uint16_t)(256 + i);
                encode_message(&message, 10, NOW, records, 1);
                encode_template(&message, id, drafts[i].fields, drafts[i].count);
                encode_set(&message, id);
                for (unsigned value = drafts[i].first; value <= drafts[i].last; value++, records++) {
                        for (size_t k = 0; k < drafts[i].count; k++) {
                                uint16_t element = drafts[i].fields[k].element;
                                uint64_t number = element == 323   ? (uint64_t)NOW_MS
                                                  : element == 230 ? value
                                                  : element == 4   ? 6
                                                  : element == 362 ? 2047
                                                                   : 1024;
                                encode(&message, number, drafts[i].fields[k].length);
                        }
                }
                encode_set_end(&message, false);
                send_message();
        }
        assert_int_equal(heard.count, 0);
        assert_int_equal(counts().other_events, 0);
        unsigned refused = 0;
        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                refused += heard.refused[i];
        assert_int_equal(refused, records);
}

/* One template whose records belong to two dialects: from then on none of them is beyond doubt. */
static void test_two_dialects_in_one_template(void **state)
{
        (void)state;
        exporter.dialect = NULL;
        send_template(9, 256, SESSION_TEMPLATE);
        begin_record(9, 1);
        encode_session(&message, NOW_MS, 1, INSIDE, OUTSIDE, 6, 1, 2000);
        encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 6, 1, 2001);
        encode_session(&message, NOW_MS, 1, INSIDE, OUTSIDE, 6, 1, 2002);
        end_record();
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.refused[REFUSAL_NO_DIALECT], 2);
}

static void test_events_that_bind_nothing(void **state)
{
        static const struct encoded_field exhausted[] = {{323, 8, 0}, {230, 1, 0}, {283, 4, 0}},
                                          quota[] = {{323, 8, 0}, {230, 1, 0}, {466, 4, 0}, {471, 4, 0}};

        (void)state;
        encode_message(&message, 10, NOW, 0, 1);
        encode_template(&message, 256, exhausted, 3);
        encode_template(&message, 257, quota, 4);
        encode_set(&message, 256);
        encode(&message, NOW_MS, 8);
        encode(&message, 3, 1);
        encode(&message, 1, 4);
        encode_set_end(&message, true);
        encode_set(&message, 257);
        encode(&message, NOW_MS, 8);
        encode(&message, 13, 1);
        encode(&message, 1, 4);
        encode(&message, 100, 4);
        encode_set_end(&message, true);
        send_message();
        assert_int_equal(counts().other_events, 2);
        assert_int_equal(heard.count, 0);
}

static void test_twice_the_same_element(void **state)
{
        (void)state;
        send_template(10, 256,
                FIELDS({323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0},
                        {227, 2, 0}));
        begin_record(10, 0);
        encode(&message, NOW_MS, 8);
        encode(&message, 4, 1);
        encode(&message, INSIDE, 4);
        encode(&message, OUTSIDE, 4);
        encode(&message, OUTSIDE + 1, 4);
        encode(&message, 6, 1);
        encode(&message, 1, 2);
        encode(&message, 2, 2);
        end_record();
        assert_int_equal(heard.count, 0);
        assert_int_equal(heard.refused[REFUSAL_CONTRADICTION], 1);
}

static void test_translation_without_event(void **state)
{
        (void)state;
        exporter.dialect = NULL;
        send_template(10, 256, FIELDS({8, 4, 0}, {225, 4, 0}, {227, 2, 0}));
        begin_record(10, 0);
        for (int i = 0; i < 3; i++) {
                encode(&message, INSIDE, 4);
                encode(&message, i == 0 ? OUTSIDE : i == 1 ? 0 : INSIDE, 4);
                encode(&message, 1024, 2);
        }
        end_record();
        assert_int_equal(heard.refused[REFUSAL_NO_DIALECT], 1);
        assert_int_equal(counts().not_translated, 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_session_ipfix),
                TEST(test_session_netflow9),
                TEST(test_recognised_without_dialect),
                TEST(test_destination_and_vrf),
                TEST(test_nat64),
                TEST(test_address_binding),
                TEST(test_port_block),
                TEST(test_cisco_block),
                TEST(test_cisco_block_with_end_zero),
                TEST(test_cisco_without_inside_address),
                TEST(test_mode_cgn),
                TEST(test_mode_cgn_is_recognised),
                TEST(test_inside_zero),
                TEST(test_inside_is_required),
                TEST(test_no_outside_port),
                TEST(test_values_that_cannot_be),
                TEST(test_draft_numbering_is_never_bent),
                TEST(test_two_dialects_in_one_template),
                TEST(test_events_that_bind_nothing),
                TEST(test_twice_the_same_element),
                TEST(test_translation_without_event),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
