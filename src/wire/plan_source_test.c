/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/plan_source.h"
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SINCE INT64_C(1793491200000)

static const struct plan_row pattern = {.from_ms = SINCE, .to_ms = TIME_UNKNOWN, .vrf = 3};
static struct collected c;
static uint64_t used;

static void read_source(plan_source *source, const char *text)
{
        struct decode_sink sink = {
                .context = &c, .plan = collect_plan, .refused = collect_refused, .noted = collect_note};

        c = (struct collected){0};
        assert_int_equal(source(slice_of(text), &pattern, &sink, &used), 0);
}

static void assert_row(size_t i, const char *inside, uint32_t outside, unsigned first, unsigned last)
{
        char text[ADDRESS_TEXT_MAX];

        assert_true(i < c.plan_count);
        assert_int_equal(plan_row_check(&c.plans[i], NULL), 0);
        assert_int_equal(c.plans[i].is_dynamic, inside == NULL);
        if (inside)
                assert_string_equal(prefix_format(&c.plans[i].inside, text), inside);
        assert_int_equal(c.plans[i].outside, outside);
        assert_int_equal(c.plans[i].port_first, first);
        assert_int_equal(c.plans[i].port_last, last);
        assert_int_equal(c.plans[i].from_ms, SINCE);
        assert_int_equal(c.plans[i].to_ms, TIME_UNKNOWN);
        assert_int_equal(c.plans[i].vrf, inside ? 3 : 0);
}

#define MAP(type, elements)                                                                                  \
        "table ip nat {\n\tmap m {\n\t\t" type "\n\t\telements = { " elements " }\n\t}\n}\n"

/* As nft 1.0.6 lists them. */
static void nft_listing(void **state)
{
        (void)state;
        read_source(nft_map_read,
                "table ip plan { # handle 1\n"
                "\tmap empty {\n\t\ttype ipv4_addr : ipv4_addr . inet_service\n\t}\n"
                "\tmap blocks {\n"
                "\t\ttype ipv4_addr : interval ipv4_addr . inet_service\n"
                "\t\tflags interval\n"
                "\t\telements = { 100.64.0.1 : 203.0.113.1 . 1024-2047, 100.64.0.2 counter packets 0 bytes 0 "
                "comment \"x, y }\" : 203.0.113.1 . 2048-3071,\n"
                "\t\t\t     100.64.0.8/30 : 203.0.113.2 . 1024-2047, 100.64.0.20-100.64.0.22 : 203.0.113.3 . "
                "5000 }\n"
                "\t}\n"
                "\tmap verdicts {\n\t\ttype ipv4_addr : verdict\n\t\telements = { 100.64.0.9 : drop }\n\t}\n"
                "\tchain post {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
                "\t\tip protocol tcp snat ip to ip saddr map @blocks\n"
                "\t\tip saddr vmap { 100.64.1.4 : drop }\n\t}\n}\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.noted_count, 1);
        assert_int_equal(used, 4);
        assert_int_equal(c.plan_count, 4);
        assert_row(0, "100.64.0.1", 0xcb007101, 1024, 2047);
        assert_row(1, "100.64.0.2", 0xcb007101, 2048, 3071);
        assert_row(2, NULL, 0xcb007102, 1024, 2047);
        assert_row(3, NULL, 0xcb007103, 5000, 5000);
}

static void nft_other_writings(void **state)
{
        static const char *const listings[] = {
                MAP("typeof ip saddr : interval ip saddr . tcp sport", "100.64.1.1 : 203.0.113.4 . 7-8"),
                MAP("typeof ip saddr : interval tcp sport . ip saddr", "100.64.1.1 : 7-8 . 203.0.113.4"),
                MAP("type ipv4_addr : interval inet_service . ipv4_addr", "100.64.1.1 : 7-8 . 203.0.113.4"),
                ("chain post {\nip protocol tcp snat ip to ip saddr map { 100.64.1.1 : 203.0.113.4 . 7-8 "
                 "}\n}\n")};

        (void)state;
        for (size_t i = 0; i < sizeof listings / sizeof listings[0]; i++) {
                read_source(nft_map_read, listings[i]);
                assert_int_equal(c.refused_count, 0);
                assert_int_equal(c.plan_count, 1);
                assert_row(0, "100.64.1.1", 0xcb007104, 7, 8);
        }
}

/* One may be for UDP alone, or be used no longer. */
static void nft_second_map(void **state)
{
        (void)state;
        read_source(nft_map_read,
                MAP("type ipv4_addr : ipv4_addr . inet_service", "100.64.1.1 : 203.0.113.4 . 7")
                        MAP("type ipv4_addr : ipv4_addr . inet_service", "100.64.1.2 : 203.0.113.4 . 7"));
        assert_int_equal(c.plan_count, 1);
        assert_int_equal(c.refused_count, 1);
        assert_int_equal(c.last_refusal, REFUSAL_CONTRADICTION);
}

static void nft_refused(void **state)
{
        static const char *const bad[] = {"100.64.0.1 : 203.0.113.1", "100.64.0.1 . 5 : 203.0.113.1 . 1-2",
                "100.64.0.1 : 203.0.113.1 . 2-1", "100.64.0.1 : 203.0.113.1 . 70000",
                "100.64.0.1 : 2001:db8::1 . 1-2", "100.64.0.5-100.64.0.1 : 203.0.113.1 . 1-2",
                "100.64.0.1 : 203.0.113.1 . http", "\"a\" : 203.0.113.1 . 1-2", ": 203.0.113.1 . 1",
                "100.64.0.1 : 203.0.113.1 . 1 . 2", "100.64.0.1 : 0.0.0.0/1 . 1-2"};

        (void)state;
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                char text[400];
                snprintf(text, sizeof text,
                        "map m {\ntype ipv4_addr : ipv4_addr . inet_service\nelements = {\n%s,\n100.64.9.9 : "
                        "203.0.113.1 . 9 }\n}\n",
                        bad[i]);
                read_source(nft_map_read, text);
                assert_int_equal(c.refused_count, 1);
                assert_int_equal(c.plan_count, 1);
                assert_non_null(strstr(c.last_detail, "line 4: "));
        }
        read_source(nft_map_read, "map m {\ntype ipv4_addr : ipv4_addr . inet_service\nelements = {\n"
                                  "100.64.9.9 : 203.0.113.1 . 9,\n100.64.9.10 : 203.0.113.1 . 1");
        assert_int_equal(c.plan_count, 1);
        assert_int_equal(c.last_refusal, REFUSAL_TRUNCATED);
}

static void softwire_csv(void **state)
{
        (void)state;
        read_source(softwire_table_read, "ipv4,psid,psid_length,psid_offset,b4_ipv6\n"
                                         "192.0.2.18,52,8,6,2001:db8::1\n"
                                         "192.0.2.19,1,4,0,2001:db8:0:1::/64\n"
                                         "192.0.2.20,,0,0,2001:db8::2\n"
                                         "192.0.2.20,16,4,0,2001:db8::3\n" /* more than four bits */
                                         "192.0.2.20,,4,0,2001:db8::3\n"
                                         "192.0.2.20,1,4,,2001:db8::3\n"
                                         "192.0.2.20,1,4,0,100.64.0.1\n"
                                         "192.0.2.0/24,1,4,0,2001:db8::3\n"
                                         "192.0.2.21,1,4,0,2001:db8::3");
        assert_int_equal(c.refused_count, 6);
        assert_int_equal(used, 3);
        assert_row(0, "2001:db8::1", 0xc0000212, 1232, 1235);
        assert_int_equal(c.plans[0].repeat_count, 63);
        assert_row(1, "2001:db8:0:1::/64", 0xc0000213, 4096, 8191);
        assert_row(2, "2001:db8::2", 0xc0000214, 0, 65535);
}

static void softwire_snabb(void **state)
{
        (void)state;
        read_source(softwire_table_read,
                "softwire-config {\n  // softwire { not this }\n  external-interface { mtu 1460; }\n"
                "  binding-table {\n"
                "    softwire { ipv4 192.0.2.18; psid 2; b4-ipv6 2001:db8::1; br-address 2001:db8::ffff;\n"
                "      port-set { psid-length 6; reserved-ports-bit-count 0; } }\n"
                "    softwire {\n      ipv4 192.0.2.18;\n      psid 3;\n      b4-ipv6 2001:db8::2;\n"
                "      psid-map { psid-length 6; shift 10; }\n    }\n"
                "    softwire { ipv4 192.0.2.18; psid 4; b4-ipv6 2001:db8::3; port-set { psid-length 6; "
                "shift "
                "9; } }\n"
                "    softwire { ipv4 192.0.2.18; psid 5; b4-ipv6 2001:db8::3; }\n"
                "    softwire { ipv4 192.0.2.18; psid 5; ");
        assert_int_equal(used, 2);
        assert_row(0, "2001:db8::1", 0xc0000212, 2048, 3071);
        assert_row(1, "2001:db8::2", 0xc0000212, 3072, 4095);
        assert_int_equal(c.refused_count, 3);
        assert_int_equal(c.last_refusal, REFUSAL_TRUNCATED);
}

static void fixed_nat(void **state)
{
        (void)state;
        read_source(fixed_nat_read,
                "Nov 20 10:00:00 cgn1 NAT-TCP-C: something else\n"
                "Nov 20 10:00:00 cgn1 FIXED-NAT-PORTS 100.64.0.3->203.0.113.9:3000-3999\r\n"
                "FIXED-NAT-PORTS 100.64.0.4->203.0.113.9:4000-4999\n"
                "FIXED-NAT-PORTS 100.64.0.5:203.0.113.9:4000-4999\n"
                "FIXED-NAT-PORTS 100.64.0.0/24->203.0.113.9:4000-4999\n"
                "FIXED-NAT-PORTS\n"
                "FIXED-NAT-PORTS 100.64.0.6->203.0.113.9:5000-59");
        assert_int_equal(used, 2);
        assert_row(0, "100.64.0.3", 0xcb007109, 3000, 3999);
        assert_row(1, "100.64.0.4", 0xcb007109, 4000, 4999);
        assert_int_equal(c.refused_count, 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(nft_listing),
                cmocka_unit_test(nft_other_writings), cmocka_unit_test(nft_second_map),
                cmocka_unit_test(nft_refused), cmocka_unit_test(softwire_csv),
                cmocka_unit_test(softwire_snabb), cmocka_unit_test(fixed_nat)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
