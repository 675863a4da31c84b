/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/coverage.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEARTBEAT 60000
#define HOUR TIME_HOUR

static void add(struct coverage *c, int64_t from, int64_t to, uint32_t first, uint32_t next, uint8_t flags)
{
        struct coverage_span span = {.from = from,
                .to = to,
                .sequence_from = first,
                .sequence_to = next,
                .delay_ms = 1000,
                .offset_min_ms = OFFSET_UNKNOWN,
                .offset_max_ms = OFFSET_UNKNOWN,
                .flags = (uint8_t)(SPAN_SEQUENCED | SPAN_HAS_EVENTS | flags)};
        assert_int_equal(coverage_add_span(c, &span), 0);
}

static void add_step(struct coverage *c, int64_t from, int64_t to, uint32_t step)
{
        struct coverage_gap gap = {.from = from, .to = to, .count = step, .reason = GAP_CLOCK};
        assert_int_equal(coverage_add_gap(c, &gap), 0);
}

static int64_t of_all(const void *context, uint16_t exporter)
{
        (void)context, (void)exporter;
        return HEARTBEAT;
}

static const struct heartbeats heartbeats = {.of = of_all};

static void trace(struct coverage *c)
{
        coverage_normalise(c, HEARTBEAT);
        assert_int_equal(coverage_trace_clocks(c, &heartbeats), 0);
        size_t gaps = c->gap_count;
        int64_t from = gaps ? c->gaps[0].from : 0;
        assert_int_equal(coverage_trace_clocks(c, &heartbeats), 0);
        assert_int_equal(c->gap_count, gaps); /* again changes nothing */
        if (gaps)
                assert_int_equal(c->gaps[0].from, from);
}

/* Three spans with short holes, a leap of two hours before the first: the clock was wrong since then. */
static void the_clock_is_doubted_back_to_the_leap(void **state)
{
        struct coverage c = {0};

        (void)state;
        add(&c, 0, HOUR, 0, 100, 0);
        add(&c, 3 * HOUR, 4 * HOUR, 101, 200, 0);
        add(&c, 4 * HOUR + 60000, 5 * HOUR, 203, 300, 0);
        add_step(&c, 5 * HOUR, 5 * HOUR + 1000, 2 * HOUR);
        trace(&c);
        assert_int_equal(c.gap_count, 1);
        assert_int_equal(c.gaps[0].from, 3 * HOUR);
        assert_int_equal(c.gaps[0].to, 5 * HOUR + 1000);
        assert_true(coverage_clock_set(&c, NULL, 3 * HOUR, 3 * HOUR));
        assert_false(coverage_clock_set(&c, NULL, HOUR, HOUR));
        coverage_free(&c);
}

/* A hole of less than half the step is no leap. */
static void a_short_hole_is_no_leap(void **state)
{
        struct coverage c = {0};

        (void)state;
        add(&c, 0, 2 * HOUR, 0, 100, 0);
        add(&c, 3 * HOUR, 5 * HOUR, 101, 200, 0);
        add_step(&c, 5 * HOUR, 5 * HOUR + 1000, 2 * HOUR);
        trace(&c);
        assert_int_equal(c.gaps[0].from, 0);
        coverage_free(&c);
}

static void a_step_of_known_beginning_does_not_grow(void **state)
{
        struct coverage c = {0};

        (void)state;
        add(&c, 0, 5 * HOUR, 0, 100, 0);
        add_step(&c, 4 * HOUR, 5 * HOUR + 1000, 0);
        trace(&c);
        assert_int_equal(c.gaps[0].from, 4 * HOUR);
        coverage_free(&c);
}

/* Numbers go on where the times go back: two files, none of which shows the step. */
static void a_step_between_two_files_is_found(void **state)
{
        static const struct {
                const char *name;
                int64_t later_from;
                uint32_t later_first;
                uint8_t flags;
                bool found;
        } cases[] = {
                {"an hour back", HOUR, 100, 0, true},
                {"an hour back, some lost", HOUR, 150, 0, true},
                {"before everything", -9 * HOUR, 100, 0, true},
                {"more than five seconds", 2 * HOUR - 5001, 100, 0, true},
                {"a little", 2 * HOUR - 5000, 100, 0, false},
                {"a restart", HOUR, 100, SPAN_BEGINS_EMPTY, false},
                {"another numbering", HOUR, 100 + (1u << 24) + 1, 0, false},
                {"forward", 2 * HOUR + 1, 150, 0, false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct coverage c = {0};
                int64_t to = cases[i].later_from + 3 * HOUR;
                add(&c, 0, 2 * HOUR, 0, 100, 0);
                add(&c, cases[i].later_from, to, cases[i].later_first, cases[i].later_first + 50,
                        cases[i].flags);
                trace(&c);
                if (c.gap_count != (cases[i].found ? 1u : 0u))
                        fail_msg("%s: %zu gaps", cases[i].name, c.gap_count);
                if (cases[i].found) {
                        assert_int_equal(c.gaps[0].reason, GAP_CLOCK);
                        assert_true(c.gaps[0].from <= 0 && c.gaps[0].to >= 2 * HOUR);
                }
                coverage_free(&c);
        }
}

/* The step is found in whatever order the two files came. */
static void a_step_is_found_in_any_order(void **state)
{
        struct coverage once = {0}, late = {0};

        (void)state;
        add(&once, 0, 2 * HOUR, 0, 100, 0);
        add(&once, HOUR, 4 * HOUR, 100, 200, 0);
        add(&once, 4 * HOUR + 10, 5 * HOUR, 201, 300, 0);
        trace(&once);
        add(&late, 4 * HOUR + 10, 5 * HOUR, 201, 300, 0);
        add(&late, HOUR, 4 * HOUR, 100, 200, 0);
        trace(&late);
        assert_int_equal(late.gap_count, 0);
        add(&late, 0, 2 * HOUR, 0, 100, 0);
        trace(&late);
        assert_int_equal(late.gap_count, once.gap_count);
        assert_int_equal(late.gaps[0].from, once.gaps[0].from);
        assert_int_equal(late.gaps[0].to, once.gaps[0].to);
        coverage_free(&once);
        coverage_free(&late);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_clock_is_doubted_back_to_the_leap),
                cmocka_unit_test(a_short_hole_is_no_leap),
                cmocka_unit_test(a_step_of_known_beginning_does_not_grow),
                cmocka_unit_test(a_step_between_two_files_is_found),
                cmocka_unit_test(a_step_is_found_in_any_order),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
