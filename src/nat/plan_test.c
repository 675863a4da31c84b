/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BEGIN INT64_C(1790000000000)

static struct plan_row row_of(uint16_t first, uint16_t last, uint16_t every, uint16_t count)
{
        struct address inside = address_from_ipv4(0x64400003);

        return (struct plan_row){.from_ms = BEGIN,
                .to_ms = TIME_UNKNOWN,
                .inside = prefix_of(&inside, 128),
                .outside = 0xc6336407,
                .port_first = first,
                .port_last = last,
                .repeat_every = every,
                .repeat_count = count};
}

static void ports_of_ranges(void **state)
{
        /* a = 6, PSID of 8 bits with the value 0x34: RFC 7597 appendix B's way of counting. */
        struct plan_row row = row_of(1024 + 0x34 * 4, 1024 + 0x34 * 4 + 3, 1024, 63);
        unsigned held = 0;
        uint16_t first, last;

        (void)state;
        assert_int_equal(plan_row_check(&row, NULL), 0);
        for (unsigned port = 0; port <= UINT16_MAX; port++) {
                bool is_mine = port >= 1024 && (port >> 2 & 0xff) == 0x34;
                assert_int_equal(plan_row_has_port(&row, (uint16_t)port), is_mine);
                held += is_mine;
        }
        assert_int_equal(plan_row_ports(&row), held);
        plan_row_range(&row, 62, &first, &last);
        assert_int_equal(first, 63 * 1024 + 0x34 * 4);
        assert_int_equal(last, first + 3);
}

static void whole_address(void **state)
{
        struct plan_row row = row_of(0, UINT16_MAX, 0, 1);

        (void)state;
        assert_int_equal(plan_row_check(&row, NULL), 0);
        assert_int_equal(plan_row_ports(&row), 65536);
        assert_true(plan_row_has_port(&row, 0));
        assert_true(plan_row_has_port(&row, UINT16_MAX));
}

static void impossible_rows(void **state)
{
        struct plan_row rows[] = {row_of(2, 1, 0, 1), row_of(1, 2, 0, 0), row_of(1, 2, 5, 1),
                row_of(1, 2, 0, 2), row_of(1, 4, 3, 2), row_of(60000, 60009, 10, 555), row_of(1, 2, 0, 1),
                row_of(1, 2, 0, 1), row_of(1, 2, 0, 1), row_of(1, 2, 0, 1), row_of(1, 2, 0, 1),
                row_of(1, 2, 0, 1), row_of(1, 2, 0, 1)};

        (void)state;
        rows[6].outside = 0;
        rows[7].inside.length = 127;
        rows[7].inside.address.bytes[15] = 2;
        rows[8].inside.address.bytes[15] = 2, rows[8].inside.length = 126;
        rows[9].is_dynamic = true;
        rows[10].protocol = 47;
        rows[11].from_ms = TIME_UNKNOWN;
        rows[12].to_ms = BEGIN;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct error error = {0};
                assert_int_not_equal(plan_row_check(&rows[i], &error), 0);
                assert_true(error.text[0] != '\0');
        }
}

static void rows_meet(void **state)
{
        struct plan_row a = row_of(1024, 2047, 0, 1), b = row_of(2048, 3071, 0, 1);

        (void)state;
        assert_false(plan_rows_meet(&a, &b));
        b.port_first = 2047;
        assert_true(plan_rows_meet(&a, &b));
        assert_true(plan_rows_meet(&b, &a));
        b.protocol = 6;
        assert_true(plan_rows_meet(&a, &b));
        a.protocol = 17;
        assert_false(plan_rows_meet(&a, &b));
        a.protocol = 6;
        a.to_ms = b.from_ms;
        a.from_ms = 0;
        assert_false(plan_rows_meet(&a, &b));
        a.to_ms++;
        assert_true(plan_rows_meet(&a, &b));
        assert_true(plan_row_is_valid_at(&a, b.from_ms));
        assert_false(plan_row_is_valid_at(&a, b.from_ms + 1));
        a.outside++;
        assert_false(plan_rows_meet(&a, &b));

        /* Interleaved sets of ports: neighbours do not meet, a block across them does. */
        a = row_of(1024, 1027, 1024, 63), b = row_of(1028, 1031, 1024, 63);
        assert_false(plan_rows_meet(&a, &b));
        b = row_of(40000, 41100, 0, 1);
        assert_true(plan_rows_meet(&a, &b));
        b = row_of(40964, 41000, 0, 1);
        assert_false(plan_rows_meet(&a, &b));
        assert_false(plan_rows_meet(&b, &a));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(ports_of_ranges), cmocka_unit_test(whole_address),
                cmocka_unit_test(impossible_rows), cmocka_unit_test(rows_meet)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
