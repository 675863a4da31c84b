/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HEADER "inside_address,prefix,subscriber,start,end,vrf\n"

static struct collected c;

static void read_text(const char *text)
{
        struct text_options options = {.exporter = 2};

        collected_free(&c);
        assert_int_equal(collect(&text_format_leases, &options, slice_of(text), &c), 0);
        assert_int_equal(counted_lines(&c.counts), c.counts.lines);
}

static void rows(void **state)
{
        char text[ADDRESS_TEXT_MAX];

        (void)state;
        read_text(HEADER "100.64.0.3,,\"Kund, A\",2026-11-20T10:00:00Z,2026-11-20T11:00:00Z,4\n"
                         ",2001:db8:100::/56,k\xc3\xbcnd,2026-11-20T10:00:00Z,,\n");
        assert_int_equal(c.lease_count, 2);
        assert_string_equal(prefix_format(&c.leases[0].prefix, text), "100.64.0.3");
        assert_string_equal(c.leases[0].subscriber, "Kund, A");
        assert_int_equal(c.leases[0].from_edge, EDGE_OBSERVED);
        assert_int_equal(c.leases[0].to_edge, EDGE_OBSERVED);
        assert_int_equal(c.leases[0].to_ms - c.leases[0].from_ms, TIME_HOUR);
        assert_int_equal(c.leases[0].vrf, 4);
        assert_int_equal(c.leases[0].flags, 0);
        assert_string_equal(prefix_format(&c.leases[1].prefix, text), "2001:db8:100::/56");
        assert_int_equal(c.leases[1].flags, LEASE_STANDING | LEASE_ANY_VRF);
        assert_int_equal(c.leases[1].to_edge, EDGE_OPEN);
        assert_int_equal(c.leases[1].to_ms, TIME_UNKNOWN);
}

static void refused_rows(void **state)
{
        static const char *const refused[] = {"100.64.0.3,,,2026-11-20T10:00:00Z,,",
                ",,a,2026-11-20T10:00:00Z,,", "1.2.3.4,5.6.7.8,a,2026-11-20T10:00:00Z,,",
                "1.2.3.0/24,,a,2026-11-20T10:00:00Z,,", ",1.2.3.4/24,a,2026-11-20T10:00:00Z,,",
                ",::/0,a,2026-11-20T10:00:00Z,,", "1.2.3.4,,a,2026-11-20,,",
                "1.2.3.4,,a,2026-11-20T10:00:00Z,2026-11-20T09:00:00Z,", "1.2.3.4,,a,2026-11-20T10:00:00Z,,x",
                "1.2.3.4,,a\x01,2026-11-20T10:00:00Z,,", "1.2.3.4,,\xff,2026-11-20T10:00:00Z,,",
                "1.2.3.4,,a,,2026-11-20T10:00:00Z,", "1.2.3.4,,a"};

        (void)state;
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
                char text[512];
                snprintf(text, sizeof text, HEADER "%s\n1.2.3.4,,a,2026-11-20T10:00:00Z,,\n", refused[i]);
                read_text(text);
                assert_int_equal(c.lease_count, 1);
                assert_int_equal(c.refused_count, 1);
        }
        read_text("inside_address,subscriber,start\n1.2.3.4,a,2026-11-20T10:00:00Z\n");
        assert_int_equal(c.lease_count, 0);
        assert_int_equal(c.refused_count, 2);
}

static void recognises_its_own(void **state)
{
        (void)state;
        const char *own = "\"subscriber\",\"prefix\",\"start\",\"end\"\r\n";
        assert_ptr_equal(text_format_recognise(own, strlen(own)), &text_format_leases);
}

static int free_all(void **state)
{
        (void)state;
        collected_free(&c);
        return 0;
}

/* What other systems export: their names of columns, quotes, columns of their own. */
static void an_export_of_customers(void **state)
{
        const char *text =
                "Customer,E-Mail,IP Address,Delegated Prefix,Valid-From,Valid-To,VRF\n"
                "\"M\xc3\xbcller, \"\"Haus 3\"\"\",m@example.net,100.64.0.3,,2026-11-20T11:00:00+01:00,,\n"
                "\xe5\xae\xa2\xe6\x88\xb7 "
                "7,,,2001:db8:100::/56,2026-11-20T10:00:00Z,2026-11-20T10:00:00Z,0\n";

        (void)state;
        assert_ptr_equal(text_format_recognise(text, strlen(text)), &text_format_leases);
        read_text(text);
        assert_int_equal(c.lease_count, 2);
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.noted_count, 1);
        assert_non_null(strstr(c.last_note, "E-Mail"));
        assert_string_equal(c.leases[0].subscriber, "M\xc3\xbcller, \"Haus 3\"");
        assert_int_equal(c.leases[0].flags, LEASE_STANDING | LEASE_ANY_VRF);
        assert_int_equal(c.leases[0].from_ms, c.leases[1].from_ms);
        assert_int_equal(c.leases[1].flags, 0);
        assert_int_equal(c.leases[1].to_ms, c.leases[1].from_ms);
        /* Cut anywhere, no row is read that was not written. */
        for (size_t length = 0; length < strlen(text); length++) {
                struct text_options options = {.exporter = 2};
                struct lease_event whole[2] = {c.leases[0], c.leases[1]};
                assert_int_equal(
                        collect_with_end(&text_format_leases, &options, slice_make(text, length), false, &c),
                        0);
                for (size_t i = 0; i < c.lease_count; i++)
                        assert_memory_equal(&c.leases[i], &whole[i], sizeof whole[i]);
                c.leases[0] = whole[0];
                c.leases[1] = whole[1];
                collected_free(&c);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(rows), cmocka_unit_test(refused_rows),
                cmocka_unit_test(recognises_its_own), cmocka_unit_test(an_export_of_customers)};
        return cmocka_run_group_tests(tests, NULL, free_all);
}
