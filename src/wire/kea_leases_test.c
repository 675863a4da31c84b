/* SPDX-License-Identifier: EUPL-1.2 */
/* What Kea writes beside the plain case; whether what follows is true is dhcp_tenure_test.c's. */
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOON INT64_C(1795262400) /* 2026-11-21T12:00:00Z */
#define HEADER4                                                                                              \
        "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_"    \
        "context,pool_id\n"
#define HEADER6                                                                                              \
        "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,"    \
        "fqdn_rev,"                                                                                          \
        "hostname,hwaddr,state,user_context,hwtype,hwaddr_source\n"
#define LATER4 "100.64.0.9,02:00:00:00:00:09,,3600,1795267800,1,0,0,,0,,0\n" /* 12:30 */

static struct collected c;

static void read_text(const char *text)
{
        struct text_options options = {.exporter = 1};

        collected_free(&c);
        assert_int_equal(collect(&text_format_kea_leases, &options, slice_of(text), &c), 0);
        assert_int_equal(counted_lines(&c.counts), c.counts.lines);
}

static void expect(size_t number, const char *prefix, const char *subscriber, int from_minute, int to_minute,
        enum binding_edge to_edge)
{
        char text[ADDRESS_TEXT_MAX];

        assert_true(number < c.lease_count);
        const struct lease_event *lease = &c.leases[number];
        assert_string_equal(prefix_format(&lease->prefix, text), prefix);
        assert_string_equal(lease->subscriber, subscriber);
        assert_int_equal(lease->from_ms, NOON * 1000 + from_minute * TIME_MINUTE);
        assert_int_equal(lease->to_ms, NOON * 1000 + to_minute * TIME_MINUTE);
        assert_int_equal(lease->to_edge, to_edge);
}

static void leases_of_ipv4(void **state)
{
        (void)state;
        read_text(HEADER4 "100.64.0.3,02:00:00:00:00:01,,3600,1795266000,1,0,0,a&#x2cb,0,,0\n" LATER4);
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.lease_count, 2);
        expect(0, "100.64.0.3", "hardware 02:00:00:00:00:01", 0, 30, EDGE_INTERIM);
        expect(1, "100.64.0.9", "hardware 02:00:00:00:00:09", 30, 30, EDGE_INTERIM);
        /* Given back at a time that is not said: after 12:00, before 12:30. */
        read_text(HEADER4 "100.64.0.3,02:00:00:00:00:01,,3600,1795266000,1,0,0,,0,,0\n"
                          "100.64.0.3,02:00:00:00:00:01,,0,1795262400,1,0,0,,0,,0\n" LATER4);
        assert_int_equal(c.lease_count, 3);
        expect(0, "100.64.0.3", "hardware 02:00:00:00:00:01", 0, 0, EDGE_INTERIM);
        expect(1, "100.64.0.3", "hardware 02:00:00:00:00:01", 0, 30, EDGE_BOUND);
        /* Reclaimed when it had run out; and one that never runs out. */
        read_text(HEADER4 "100.64.0.3,02:00:00:00:00:01,,3600,1795266000,1,0,0,,2,,0\n"
                          "100.64.0.4,02:00:00:00:00:02,,4294967295,6090229695,1,0,0,,0,,0\n");
        expect(0, "100.64.0.3", "hardware 02:00:00:00:00:01", 0, 60, EDGE_OBSERVED);
        expect(1, "100.64.0.4", "hardware 02:00:00:00:00:02", 0, 0, EDGE_INTERIM);
        /* Declined: nobody's. */
        read_text(HEADER4 "100.64.0.3,,,86400,1795348800,1,0,0,,1,,0\n");
        assert_int_equal(c.lease_count, 0);
        assert_int_equal(c.counts.used, 1);
}

static void what_the_relay_told(void **state)
{
        static const char *const contexts[] = {
                "{ \"ISC\": { \"relay-agent-info\": \"0x0102703102027231\" } }",
                "{ \"ISC\": { \"relay-agent-info\": { \"sub-options\": \"0x0102703102027231\"&#x2c "
                "\"remote-id\": \"7231\" } } }",
                "{\"x\":\"\\\"sub-options\\\":\"&#x2c\"ISC\":{\"relay-agent-info\":{\"sub-options\":"
                "\"0102703102027231\"}}}"};
        char text[1024];

        (void)state;
        for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++) {
                snprintf(text, sizeof text,
                        HEADER4 "100.64.0.3,02:00:00:00:00:01,01:02,3600,1795266000,1,0,0,,0,%s,0\n",
                        contexts[i]);
                read_text(text);
                expect(0, "100.64.0.3", "remote-id r1, circuit-id p1", 0, 0, EDGE_INTERIM);
        }
        read_text(HEADER4 "100.64.0.3,02:00:00:00:00:01,01:02,3600,1795266000,1,0,0,,0,{ \"ISC\": { "
                          "\"relay-agent-info\": \"0x0105\" } },0\n");
        assert_int_equal(c.refused_count, 1);
}

static void leases_of_ipv6(void **state)
{
        (void)state;
        read_text(HEADER6 "2001:db8:100::,00:03:00:01:02:00,3600,1795266000,8,30,2,7,56,0,0,,,0,{ \"ISC\": { "
                          "\"relay-info\": [ { \"hop\": 0&#x2c "
                          "\"options\": \"0x00260003613131\" } ] } },,\n"
                          "2001:db8::5,00:03:00:01:02:00,3600,1795266000,8,30,0,7,128,0,0,,,0,,,\n"
                          "2001:db8::6,00:03:00:01:02:00,3600,1795266000,8,30,0,7,128,0,0,,,4,,,\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.lease_count, 2);
        expect(0, "2001:db8:100::/56", "subscriber-id a11", 0, 0, EDGE_INTERIM);
        expect(1, "2001:db8::5", "duid 00:03:00:01:02:00", 0, 0, EDGE_INTERIM);
        assert_int_equal(c.counts.not_nat, 1);
        /* Two relays told something: which is the subscriber's is not guessed. */
        read_text(HEADER6 "2001:db8:100::,00:03:00:01:02:00,3600,1795266000,8,30,2,7,56,0,0,,,0,{\"ISC\":{"
                          "\"relay-info\":[{\"options\":"
                          "\"0x00260003613131\"}&#x2c{\"options\":\"0x00260003613132\"}]}},,\n");
        expect(0, "2001:db8:100::/56", "duid 00:03:00:01:02:00", 0, 0, EDGE_INTERIM);
}

static void refused_rows(void **state)
{
        static const char *const refused[] = {"100.64.0.3,02:00:00:00:00:01,,3600,1795266000,1,0,0,,0,",
                "100.64.0,02:00:00:00:00:01,,3600,1795266000,1,0,0,,0,,0",
                "2001:db8::1,02:00:00:00:00:01,,3600,1795266000,1,0,0,,0,,0",
                "100.64.0.3,,,3600,1795266000,1,0,0,,0,,0", "100.64.0.3,zz,,3600,1795266000,1,0,0,,0,,0",
                "100.64.0.3,02:00:00:00:00:01,,x,1795266000,1,0,0,,0,,0",
                "100.64.0.3,02:00:00:00:00:01,,3600,1800,1,0,0,,0,,0",
                "100.64.0.3,02:00:00:00:00:01,,3600,,1,0,0,,0,,0",
                "100.64.0.3,02:00:00:00:00:01,,3600,1795266000,1,0,0,,9,,0",
                "100.64.0.3,02:00:00:00:00:01,,3600,1795266000,1,0,0,,,,0",
                "100.64.0.3,02:00:00:00:00:01,,3600,1795266000,1,0,0,,0,{\"relay-agent-info\":\"0x,0"};

        (void)state;
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
                char text[1024];
                snprintf(text, sizeof text, HEADER4 "%s\n" LATER4, refused[i]);
                read_text(text);
                if (c.refused_count != 1 || c.lease_count != 1)
                        fail_msg("%s: %zu refused, %zu leases", refused[i], c.refused_count, c.lease_count);
        }
        read_text(
                "address,hwaddr,client_id,valid_lifetime,subnet_id\n100.64.0.3,02:00:00:00:00:01,,3600,1\n");
        assert_int_equal(c.counts.refused[REFUSAL_MISSING_FIELD], 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(leases_of_ipv4),
                cmocka_unit_test(what_the_relay_told),
                cmocka_unit_test(leases_of_ipv6),
                cmocka_unit_test(refused_rows),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
