/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/plan_check.h"
#include "nat/plan_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SINCE INT64_C(1793491200000)
#define IN 0x64400000u
#define OUT 0xcb007100u

static struct plan_table table;
static struct plan_findings report;

static void add(uint32_t outside, uint16_t first, uint16_t last, uint32_t inside, int64_t from, int64_t to)
{
        struct address address = address_from_ipv4(inside);
        struct plan_row row = {.from_ms = SINCE + from,
                .to_ms = to ? SINCE + to : TIME_UNKNOWN,
                .outside = outside,
                .port_first = first,
                .port_last = last,
                .repeat_count = 1,
                .is_dynamic = inside == 0};

        if (inside)
                row.inside = prefix_of(&address, 128);
        assert_int_equal(plan_row_check(&row, NULL), 0);
        assert_int_equal(plan_table_append(&table, &row, table.count + 2, NULL), 0);
}

static void look(void)
{
        plan_findings_free(&report);
        assert_int_equal(plan_check(&table, &report, NULL), 0);
}

static int begin(void **state)
{
        (void)state;
        plan_findings_free(&report);
        plan_table_free(&table);
        return 0;
}

static void clean(void **state)
{
        (void)state;
        add(OUT, 1024, 2047, IN + 1, 0, 0);
        add(OUT, 2048, 3071, IN + 2, 0, 0);
        add(OUT + 1, 1024, 2047, IN + 3, 0, 0);
        add(OUT, 60000, 65535, 0, 0, 0);
        look();
        assert_int_equal(report.overlap_total, 0);
        assert_int_equal(report.gap_total, 0);
        assert_int_equal(report.hosts, 3);
        assert_int_equal(report.hosts_most, 3);
        assert_int_equal(report.most_per_address, 2);
        assert_int_equal(report.address_count, 2);
        assert_int_equal(report.addresses[0].hosts, 2);
        assert_int_equal(report.dynamic_rows, 1);
        assert_int_equal(report.ports_least, 1024);
        assert_int_equal(report.ports_most, 1024);
        assert_int_equal(report.from_ms, SINCE);
        assert_int_equal(report.to_ms, TIME_UNKNOWN);
}

static void overlaps(void **state)
{
        (void)state;
        add(OUT, 1024, 65535, IN + 1, 0, 2000);
        add(OUT, 2000, 2001, IN + 2, 500, 1000);
        add(OUT, 3000, 3001, IN + 1, 0, 0); /* the same host twice is none */
        add(OUT, 65535, 65535, 0, 0, 0);    /* lent by plan and as the NAT runs */
        add(OUT + 1, 1024, 65535, IN + 3, 0, 0);
        look();
        assert_int_equal(report.overlap_total, 2);
        assert_int_equal(table.lines[report.overlaps[0].a].line, 2);
        assert_int_equal(table.lines[report.overlaps[0].b].line, 3);
        assert_int_equal(report.overlaps[0].port, 2000);
        assert_int_equal(report.overlaps[0].from_ms, SINCE + 500);
        assert_int_equal(report.overlaps[0].to_ms, SINCE + 1000);
        assert_int_equal(report.overlaps[1].port, 65535);
        assert_int_equal(report.overlaps[1].to_ms, SINCE + 2000);
}

/* As the store takes them: a table that names the same ports anew ends what was open. */
static void open_rows_end_where_the_next_begin(void **state)
{
        (void)state;
        add(OUT, 1024, 2047, IN + 1, 0, 0);
        add(OUT, 1024, 2047, IN + 1, 0, 0);
        add(OUT, 1024, 2047, IN + 2, 1000, 0);
        look();
        assert_int_equal(report.overlap_total, 0);
        assert_int_equal(report.repeated, 1);
        assert_int_equal(report.ended_by_next, 1);
        assert_int_equal(report.most_per_address, 1);
        assert_int_equal(table.count, 2);
        assert_int_equal(table.lines[0].row.to_ms, SINCE + 1000);
}

/* A port that changes hands is no overlap, and no gap for those who keep another. */
static void versions(void **state)
{
        (void)state;
        add(OUT, 1024, 2047, IN + 1, 0, 1000);
        add(OUT, 1024, 2047, IN + 2, 1000, 0);
        add(OUT, 2048, 4095, IN + 1, 1000, 0);
        add(OUT, 5000, 5999, IN + 3, 0, 1000);
        add(OUT, 5000, 5999, IN + 3, 1001, 0);
        look();
        assert_int_equal(report.overlap_total, 0);
        assert_int_equal(report.gap_total, 1);
        assert_int_equal(table.lines[report.gaps[0].before].row.to_ms, SINCE + 1000);
        assert_int_equal(table.lines[report.gaps[0].after].row.from_ms, SINCE + 1001);
        assert_int_equal(report.hosts, 3);
        assert_int_equal(report.addresses[0].hosts, 3);
        assert_int_equal(report.ports_least, 1000);
        assert_int_equal(report.ports_most, 2048);
}

static void interleaved_port_sets(void **state)
{
        struct plan_row row = {.from_ms = SINCE, .to_ms = TIME_UNKNOWN, .outside = OUT};

        (void)state;
        for (uint32_t psid = 0; psid < 256; psid++) {
                struct address inside = address_from_ipv4(IN + psid + 1);
                row.inside = prefix_of(&inside, 128);
                assert_int_equal(plan_port_set(&row, 6, 8, psid, NULL), 0);
                assert_int_equal(plan_table_append(&table, &row, psid + 2, NULL), 0);
        }
        look();
        assert_int_equal(report.overlap_total, 0);
        assert_int_equal(report.addresses[0].hosts, 256);
        assert_int_equal(report.ports_least, 252);
        add(OUT, 40000, 40000, IN + 1000, 0, 0); /* PSID 16's */
        look();
        assert_int_equal(report.overlap_total, 1);
        assert_int_equal(report.overlaps[0].port, 40000);
}

static void hosts_without(void **state)
{
        struct prefix inside;
        uint32_t first[PLAN_WITHOUT_SHOWN];
        uint64_t count;

        (void)state;
        assert_int_equal(prefix_parse(slice_of("100.64.0.0/29"), &inside, NULL), 0);
        add(OUT, 1, 2, IN, 0, 0);
        add(OUT, 3, 4, IN + 2, 0, 0);
        add(OUT, 5, 6, IN + 8, 0, 0);
        look();
        assert_int_equal(plan_hosts_without(&table, &inside, &count, first, NULL), 0);
        assert_int_equal(count, 6);
        assert_int_equal(first[0], IN + 1);
        assert_int_equal(first[1], IN + 3);
}

static void ports_of_an_address(void **state)
{
        static uint8_t ports[65536];

        (void)state;
        add(OUT, 1024, 2047, IN + 1, 0, 1000);
        add(OUT, 65535, 65535, 0, 0, 0);
        look();
        plan_ports_of(&table, &report.addresses[0], SINCE, ports);
        assert_int_equal(ports[1023], 0);
        assert_int_equal(ports[1024], 1);
        assert_int_equal(ports[2047], 1);
        assert_int_equal(ports[2048], 0);
        assert_int_equal(ports[65535], 2);
        plan_ports_of(&table, &report.addresses[0], SINCE + 1000, ports);
        assert_int_equal(ports[1024], 0);
}

static void an_empty_plan(void **state)
{
        (void)state;
        look();
        assert_int_equal(report.address_count, 0);
        assert_int_equal(report.hosts, 0);
        assert_int_equal(report.from_ms, TIME_UNKNOWN);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(clean, begin, begin),
                cmocka_unit_test_setup_teardown(overlaps, begin, begin),
                cmocka_unit_test_setup_teardown(open_rows_end_where_the_next_begin, begin, begin),
                cmocka_unit_test_setup_teardown(versions, begin, begin),
                cmocka_unit_test_setup_teardown(interleaved_port_sets, begin, begin),
                cmocka_unit_test_setup_teardown(hosts_without, begin, begin),
                cmocka_unit_test_setup_teardown(ports_of_an_address, begin, begin),
                cmocka_unit_test_setup_teardown(an_empty_plan, begin, begin)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
