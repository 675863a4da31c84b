/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/plan_csv.h"
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HEADER                                                                                               \
        "outside_address,port_first,port_last,inside,valid_from,valid_to,protocol,vrf,repeat_every,"         \
        "repeat_count,subscriber\n"
#define SINCE "2026-11-01T00:00:00Z"

static struct collected c;

static void read_text(const char *text)
{
        struct text_options options = {.exporter = 2};

        collected_free(&c);
        assert_int_equal(collect(&text_format_plan, &options, slice_of(text), &c), 0);
        assert_int_equal(counted_lines(&c.counts), c.counts.lines);
        assert_int_equal(c.counts.plan_rows, c.plan_count);
        assert_int_equal(c.event_count, 0);
}

static void rows(void **state)
{
        char text[ADDRESS_TEXT_MAX];

        (void)state;
        read_text("# made by hand\n" HEADER "203.0.113.9,1024,2047,100.64.0.3," SINCE ",,,,,,\"Kund, A\"\n"
                  "203.0.113.9,2048,3071,dynamic," SINCE ",2026-11-02T01:00:00+01:00,udp,,,,\n"
                  "203.0.113.9,1232,1235,2001:db8:12:3400::/56," SINCE ",,tcp,7,1024,63,b\n"
                  "203.0.113.9,64000,64001,," SINCE ",,,,,,\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.plan_count, 4);
        assert_string_equal(prefix_format(&c.plans[0].inside, text), "100.64.0.3");
        assert_int_equal(c.plans[0].outside, 0xcb007109);
        assert_int_equal(c.plans[0].port_first, 1024);
        assert_int_equal(c.plans[0].port_last, 2047);
        assert_int_equal(c.plans[0].repeat_count, 1);
        assert_int_equal(c.plans[0].repeat_every, 0);
        assert_int_equal(c.plans[0].protocol, 0);
        assert_int_equal(c.plans[0].from_ms, INT64_C(1793491200000));
        assert_int_equal(c.plans[0].to_ms, TIME_UNKNOWN);
        assert_false(c.plans[0].is_dynamic);
        assert_true(c.plans[1].is_dynamic);
        assert_int_equal(c.plans[1].inside.length, 0);
        assert_int_equal(c.plans[1].protocol, 17);
        assert_int_equal(c.plans[1].to_ms - c.plans[1].from_ms, TIME_DAY);
        assert_string_equal(prefix_format(&c.plans[2].inside, text), "2001:db8:12:3400::/56");
        assert_int_equal(c.plans[2].vrf, 7);
        assert_int_equal(c.plans[2].repeat_every, 1024);
        assert_int_equal(c.plans[2].repeat_count, 63);
        assert_true(c.plans[3].is_dynamic);

        assert_int_equal(c.lease_count, 2);
        assert_string_equal(c.leases[0].subscriber, "Kund, A");
        assert_string_equal(prefix_format(&c.leases[0].prefix, text), "100.64.0.3");
        assert_int_equal(c.leases[0].flags, LEASE_STANDING | LEASE_ANY_VRF);
        assert_int_equal(c.leases[0].from_ms, c.plans[0].from_ms);
        assert_int_equal(c.leases[0].to_edge, EDGE_OPEN);
        assert_int_equal(c.leases[1].vrf, 7);
        assert_int_equal(c.leases[1].flags, LEASE_STANDING);
}

static void an_end_closes_the_lease_too(void **state)
{
        (void)state;
        read_text("subscriber,valid_to,valid_from,inside,port_last,port_first,outside_address,colour\n"
                  "a,2026-11-02T00:00:00Z,2026-11-01T00:00:00Z,100.64.0.3,2047,1024,203.0.113.9,green\n");
        assert_int_equal(c.plan_count, 1);
        assert_int_equal(c.noted_count, 1);
        assert_int_equal(c.leases[0].to_edge, EDGE_OBSERVED);
        assert_int_equal(c.leases[0].flags, LEASE_ANY_VRF);
        assert_int_equal(c.leases[0].to_ms - c.leases[0].from_ms, TIME_DAY);
}

static void refused_rows(void **state)
{
        static const char *const refused[] = {
                "2001:db8::1,1024,2047,100.64.0.3," SINCE ",,,,,,",
                "0.0.0.0,1024,2047,100.64.0.3," SINCE ",,,,,,",
                "203.0.113.9,,2047,100.64.0.3," SINCE ",,,,,,",
                "203.0.113.9,1024,,100.64.0.3," SINCE ",,,,,,",
                "203.0.113.9,1024,65536,100.64.0.3," SINCE ",,,,,,",
                "203.0.113.9,2048,2047,100.64.0.3," SINCE ",,,,,,",
                "203.0.113.9,1024,2047,100.64.0.0/24," SINCE ",,,,,,",
                "203.0.113.9,1024,2047,2001:db8::1/56," SINCE ",,,,,,",
                "203.0.113.9,1024,2047,Dynamic," SINCE ",,,,,,",
                "203.0.113.9,1024,2047,100.64.0.3,2026-11-01T00:00:00,,,,,,",
                "203.0.113.9,1024,2047,100.64.0.3,,,,,,,",
                "203.0.113.9,1024,2047,100.64.0.3," SINCE "," SINCE ",,,,,",
                "203.0.113.9,1024,2047,100.64.0.3," SINCE ",2026-11-09,,,,,",
                "203.0.113.9,1024,2047,100.64.0.3," SINCE ",,gre,,,,",
                "203.0.113.9,1024,2047,100.64.0.3," SINCE ",,0,,,,",
                "203.0.113.9,1024,2047,100.64.0.3," SINCE ",,,x,,,",
                "203.0.113.9,1024,2047,100.64.0.3," SINCE ",,,,1024,,",
                "203.0.113.9,1024,2047,100.64.0.3," SINCE ",,,,,2,",
                "203.0.113.9,1024,2047,100.64.0.3," SINCE ",,,,1024,64,",
                "203.0.113.9,1024,2047,100.64.0.3," SINCE ",,,,1023,2,",
                "203.0.113.9,1024,2047,100.64.0.3," SINCE ",,,,,0,",
                "203.0.113.9,1024,2047,100.64.0.3," SINCE ",,,,,,a\x01",
                "203.0.113.9,1024,2047,," SINCE ",,,,,,a",
                ("203.0.113.9,1024,2047,100.64.0.3," SINCE),
        };

        (void)state;
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
                char text[512];
                snprintf(text, sizeof text, HEADER "%s\n203.0.113.9,1,2,100.64.0.3," SINCE ",,,,,,a\n",
                        refused[i]);
                read_text(text);
                assert_int_equal(c.plan_count, 1);
                assert_int_equal(c.lease_count, 1);
                assert_int_equal(c.refused_count, 1);
        }
        read_text("outside_address,port_first,port_last,inside,valid_from\n203.0.113.9,1,2,100.64.0.3," SINCE
                  "\n");
        assert_int_equal(c.plan_count, 0);
        assert_int_equal(c.refused_count, 2);
}

static void a_cut_row_is_refused(void **state)
{
        struct text_options options = {.exporter = 2};

        (void)state;
        collected_free(&c);
        assert_int_equal(collect_with_end(&text_format_plan, &options,
                                 slice_of(HEADER "203.0.113.9,1,2,100.64.0.3," SINCE ",,,,,,a"), false, &c),
                0);
        assert_int_equal(c.plan_count, 0);
        assert_int_equal(c.refused_count, 1);
}

static void what_is_written_is_read_back(void **state)
{
        struct buffer text = buffer_make(65536);
        struct plan_row before[4];

        (void)state;
        read_text(HEADER "203.0.113.9,1024,2047,100.64.0.3," SINCE ",,,,,,\n"
                         "203.0.113.9,2048,3071,dynamic," SINCE ",2026-11-02T00:00:00.250Z,udp,,,,\n"
                         "203.0.113.9,1232,1235,2001:db8:12:3400::/56," SINCE ",,tcp,7,1024,63,\n"
                         "203.0.113.9,0,0,2001:db8::1," SINCE ",,136,,,,\n");
        assert_int_equal(c.plan_count, 4);
        memcpy(before, c.plans, sizeof before);
        plan_csv_write_header(&text);
        for (size_t i = 0; i < 4; i++)
                plan_csv_write_row(&before[i], &text);
        buffer_append_u8(&text, 0);
        assert_int_equal(text.failed, 0);
        read_text((const char *)text.bytes);
        assert_int_equal(c.plan_count, 4);
        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(c.plans[i].from_ms, before[i].from_ms);
                assert_int_equal(c.plans[i].to_ms, before[i].to_ms);
                assert_memory_equal(&c.plans[i].inside, &before[i].inside, sizeof before[i].inside);
                assert_int_equal(c.plans[i].port_first, before[i].port_first);
                assert_int_equal(c.plans[i].port_last, before[i].port_last);
                assert_int_equal(c.plans[i].repeat_every, before[i].repeat_every);
                assert_int_equal(c.plans[i].repeat_count, before[i].repeat_count);
                assert_int_equal(c.plans[i].protocol, before[i].protocol);
                assert_int_equal(c.plans[i].vrf, before[i].vrf);
                assert_int_equal(c.plans[i].is_dynamic, before[i].is_dynamic);
        }
        buffer_free(&text);
}

static void recognises_its_own(void **state)
{
        static const char *const own[] = {HEADER,
                "# a comment\n\"inside\",\"outside_address\",port_first,port_last,valid_from,valid_to\r\n"};

        (void)state;
        for (size_t i = 0; i < 2; i++)
                assert_ptr_equal(text_format_recognise(own[i], strlen(own[i])), &text_format_plan);
        const char *log = "start,end,protocol,outside_address,outside_port,outside_port_end,inside_address\n";
        assert_ptr_equal(text_format_recognise(log, strlen(log)), &text_format_nat_csv);
}

static int free_all(void **state)
{
        (void)state;
        collected_free(&c);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(rows),
                cmocka_unit_test(an_end_closes_the_lease_too), cmocka_unit_test(refused_rows),
                cmocka_unit_test(a_cut_row_is_refused), cmocka_unit_test(what_is_written_is_read_back),
                cmocka_unit_test(recognises_its_own)};
        return cmocka_run_group_tests(tests, NULL, free_all);
}
