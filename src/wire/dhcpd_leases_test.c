/* SPDX-License-Identifier: EUPL-1.2 */
/* What dhcpd writes beside the plain case; whether what follows is true is dhcp_tenure_test.c's. */
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOON INT64_C(1795262400000) /* 2026-11-21T12:00:00Z, a Saturday */
#define LEASE(statements)                                                                                    \
        "lease 100.64.0.3 {\n  starts 6 2026/11/21 12:00:00;\n  ends 6 2026/11/21 13:00:00;\n" statements    \
        "}\n"
#define ACTIVE "  binding state active;\n  hardware ethernet 02:00:00:00:00:01;\n"
#define LATER                                                                                                \
        "lease 100.64.0.9 {\n  starts 6 2026/11/21 12:30:00;\n  ends never;\n  binding state active;\n  "    \
        "uid \"x\";\n}\n"

static struct collected c;

static void read_text(const char *text)
{
        struct text_options options = {.exporter = 1};

        collected_free(&c);
        assert_int_equal(collect(&text_format_dhcpd_leases, &options, slice_of(text), &c), 0);
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
        assert_int_equal(lease->from_ms, NOON + from_minute * TIME_MINUTE);
        assert_int_equal(lease->to_ms, NOON + to_minute * TIME_MINUTE);
        assert_int_equal(lease->to_edge, to_edge);
}

static void identities(void **state)
{
        (void)state;
        read_text(LEASE(ACTIVE));
        assert_int_equal(c.lease_count, 1);
        assert_int_equal(c.counts.used, 1);
        expect(0, "100.64.0.3", "hardware 02:00:00:00:00:01", 0, 0, EDGE_INTERIM);
        assert_int_equal(c.leases[0].from_edge, EDGE_INTERIM);
        read_text(LEASE(ACTIVE "  uid \"\\001\\002\\\"\\\\7\";\n"));
        expect(0, "100.64.0.3", "client-id 01:02:22:5c:37", 0, 0, EDGE_INTERIM);
        read_text(LEASE(ACTIVE
                "  uid 1:2:a;\n  option agent.circuit-id \"eth 0/1\";\n  option agent.remote-id 0:1a;\n"));
        expect(0, "100.64.0.3", "remote-id 00:1a, circuit-id eth 0/1", 0, 0, EDGE_INTERIM);
        read_text(LEASE(
                ACTIVE "  set subscriber-id = \"K\\303\\266ln 7\";\n  option agent.remote-id \"r\";\n"));
        expect(0, "100.64.0.3", "subscriber-id K\xc3\xb6ln 7", 0, 0, EDGE_INTERIM);
        /* The relay is not on the way of a renewal; it stays the same tenure and keeps the better name. */
        read_text(
                "lease 100.64.0.3 {\n  starts 6 2026/11/21 11:40:00;\n  ends 6 2026/11/21 12:40:00;\n" ACTIVE
                "  option agent.remote-id \"r\";\n}\n" LEASE(ACTIVE));
        assert_int_equal(c.lease_count, 1);
        expect(0, "100.64.0.3", "remote-id r", -20, 0, EDGE_INTERIM);
}

/* A client chooses by what it is known. With that of another it is still another line's, whatever its relay
 * tells of the line. */
static void nobody_takes_a_line_by_its_client(void **state)
{
        (void)state;
        read_text(LEASE(ACTIVE
                "  option agent.remote-id \"r\";\n") "lease 100.64.0.3 {\n  starts 6 2026/11/21 "
                                                     "12:20:00;\n  ends 6 2026/11/21 13:20:00;\n" ACTIVE
                                                     "  option agent.circuit-id \"c\";\n}\n");
        assert_int_equal(c.lease_count, 3);
        expect(0, "100.64.0.3", "remote-id r", 0, 0, EDGE_INTERIM);
        expect(1, "100.64.0.3", "remote-id r", 0, 20, EDGE_BOUND);
        expect(2, "100.64.0.3", "circuit-id c, hardware 02:00:00:00:00:01", 20, 20, EDGE_INTERIM);
}

static void the_files_end_is_the_end_of_proof(void **state)
{
        (void)state;
        read_text(LEASE(ACTIVE) LATER);
        assert_int_equal(c.lease_count, 2);
        expect(0, "100.64.0.3", "hardware 02:00:00:00:00:01", 0, 30, EDGE_INTERIM);
        expect(1, "100.64.0.9", "client-id x", 30, 30, EDGE_INTERIM);
        /* A time in seconds since 1970, and the comment behind it (db-time-format local). */
        read_text("lease 100.64.0.3 {\n  starts epoch 1795262400; # Sat Nov 21\n  ends epoch 1795262460; # "
                  "{\n  cltt epoch 1795262400;\n" ACTIVE "}\n" LATER);
        expect(0, "100.64.0.3", "hardware 02:00:00:00:00:01", 0, 1, EDGE_OBSERVED);
}

static void ends(void **state)
{
        (void)state;
        /* The only record of the address says that it is free again: it was held. */
        read_text(LEASE("  binding state free;\n  hardware ethernet 02:00:00:00:00:01;\n"));
        expect(0, "100.64.0.3", "hardware 02:00:00:00:00:01", 0, 60, EDGE_OBSERVED);
        read_text(LEASE("  binding state free;\n") LEASE("  binding state backup;\n"));
        assert_int_equal(c.lease_count, 0);
        /* Nobody is named by an address that was declined, nor kept on it. */
        read_text(LEASE("  binding state abandoned;\n  hardware ethernet 02:00:00:00:00:01;\n"));
        assert_int_equal(c.lease_count, 0);
        read_text(LEASE(ACTIVE) "lease 100.64.0.3 {\n  starts 6 2026/11/21 12:10:00;\n  ends 6 2026/11/21 "
                                "12:10:00;\n  binding state abandoned;\n}\n" LATER);
        assert_int_equal(c.lease_count, 3);
        expect(0, "100.64.0.3", "hardware 02:00:00:00:00:01", 0, 0, EDGE_INTERIM);
        expect(1, "100.64.0.3", "hardware 02:00:00:00:00:01", 0, 10, EDGE_BOUND);
}

static void prefixes_of_ipv6(void **state)
{
        (void)state;
        read_text(
                "ia-pd \"\\001\\000\\000\\000\\000\\003\\000\\001abcdef\" {\n  cltt 6 2026/11/21 12:00:00;\n"
                "  iaprefix 2001:db8:100::/56 {\n    binding state active;\n    preferred-life 30;\n    "
                "max-life 3600;\n"
                "    ends 6 2026/11/21 13:00:00;\n    on release {\n      set x = \"}\";\n    }\n  }\n"
                "  iaprefix 2001:db8:200::/56 {\n    binding state released;\n    ends 6 2026/11/21 "
                "13:00:00;\n  }\n}\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.lease_count, 1);
        expect(0, "2001:db8:100::/56", "duid 00:03:00:01:61:62:63:64:65:66", 0, 0, EDGE_INTERIM);
}

static void refused_declarations(void **state)
{
        static const char *const refused[] = {LEASE("  binding state active;\n"),
                LEASE("  hardware ethernet 02:00:00:00:00:01;\n"), LEASE("  binding state odd;\n"),
                LEASE(ACTIVE "  binding state free;\n"), LEASE(ACTIVE "  uid \"\\40\";\n"),
                LEASE(ACTIVE "  uid \"a\"b\";\n"), LEASE(ACTIVE "  cltt 0 2026/11/21 12:00:00;\n"),
                LEASE(ACTIVE "  cltt 6 2026/11/31 12:00:00;\n"),
                LEASE(ACTIVE "  cltt 6 2026/11/21 12:0:00;\n"), LEASE(ACTIVE "  cltt epoch x;\n"),
                LEASE(ACTIVE "  cltt 6 2026/11/21 14:00:00;\n"), LEASE(ACTIVE "  ends never;\n"),
                LEASE(ACTIVE "  odd thing;\n"), LEASE(ACTIVE "  odd {\n}\n"), LEASE(ACTIVE "  reserved\n"),
                "lease 100.64.0.0/24 {\n" ACTIVE "}\n", "lease 2001:db8::1 {\n" ACTIVE "}\n",
                "lease {\n" ACTIVE "}\n", "lease 100.64.0.3 {\n  ends never;\n" ACTIVE "}\n",
                "lease 100.64.0.3 {\n  starts 6 2026/11/21 12:00:00;\n" ACTIVE "}\n",
                "leese 100.64.0.3 {\n}\n", "ia-na \"abc\" {\n}\n", "}\n", "starts 6 2026/11/21 12:00:00;\n",
                "server-duid \"x\"; lease 100.64.0.3 {\n", "lease 100.64.0.3 { } lease 100.64.0.4 { }\n",
                "nonsense\n"};

        (void)state;
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
                char text[1024];
                snprintf(text, sizeof text, "%s%s", refused[i], LATER);
                read_text(text);
                if (c.refused_count == 0 || c.lease_count != 1)
                        fail_msg("%s: %zu refused, %zu leases, %s", refused[i], c.refused_count,
                                c.lease_count, c.last_detail);
                expect(0, "100.64.0.9", "client-id x", 30, 30, EDGE_INTERIM);
        }
}

static void what_is_no_lease(void **state)
{
        (void)state;
        read_text("# a comment\nauthoring-byte-order little-endian;\n\nserver-duid \"\\000{;}#\";\n"
                  "failover peer \"x\" state {\n  my state normal at 6 2026/11/21 12:00:00;\n}\n" LATER);
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.counts.other, 4);
        assert_int_equal(c.lease_count, 1);
        /* Stopped while it wrote: what is behind it is read. */
        read_text("lease 100.64.0.3 {\n  starts 6 2026/11/21 12:00:00;\n  ends 6 2026/11\n" LATER);
        assert_int_equal(c.counts.refused[REFUSAL_TRUNCATED], 1);
        assert_int_equal(c.lease_count, 1);
        assert_ptr_equal(text_format_recognise("authoring-byte-order little-endian;\n", 36),
                &text_format_dhcpd_leases);
        assert_null(text_format_recognise("lease of a house\n", 17));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(identities),
                cmocka_unit_test(the_files_end_is_the_end_of_proof),
                cmocka_unit_test(nobody_takes_a_line_by_its_client),
                cmocka_unit_test(ends),
                cmocka_unit_test(prefixes_of_ipv6),
                cmocka_unit_test(refused_declarations),
                cmocka_unit_test(what_is_no_lease),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
