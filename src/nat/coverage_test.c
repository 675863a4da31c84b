/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/coverage.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEARTBEAT 60000
#define HOUR TIME_HOUR

static struct coverage_span numbered(int64_t from, int64_t to, uint32_t first, uint32_t next)
{
        return (struct coverage_span){.from = from,
                .to = to,
                .sequence_from = first,
                .sequence_to = next,
                .delay_ms = 1000,
                .offset_min_ms = OFFSET_UNKNOWN,
                .offset_max_ms = OFFSET_UNKNOWN,
                .flags = SPAN_SEQUENCED | SPAN_HAS_EVENTS};
}

static struct coverage_span plain(int64_t from, int64_t to)
{
        struct coverage_span span = numbered(from, to, 0, 0);
        span.flags = SPAN_HAS_EVENTS;
        return span;
}

static struct coverage_gap hole(enum gap_reason reason, int64_t from, int64_t to)
{
        return (struct coverage_gap){.from = from, .to = to, .reason = (uint8_t)reason};
}

static void add(struct coverage *c, struct coverage_span span)
{
        assert_int_equal(coverage_add_span(c, &span), 0);
}

static void add_gap(struct coverage *c, struct coverage_gap gap)
{
        assert_int_equal(coverage_add_gap(c, &gap), 0);
}

/* --- Joining --- */

struct joining {
        const char *name;
        struct coverage_span a, b;
        bool joined;
};

static struct coverage_span with(struct coverage_span span, uint8_t flags)
{
        span.flags |= flags;
        return span;
}

static struct coverage_span of(struct coverage_span span, uint16_t exporter, uint32_t stream)
{
        span.exporter = exporter;
        span.stream = stream;
        return span;
}

static void spans_join_by_number_and_never_over_a_hole(void **state)
{
        const struct joining cases[] = {
                {"next number", numbered(0, 100000, 10, 50), numbered(101000, 200000, 50, 90), true},
                {"one number missing", numbered(0, 100000, 10, 50), numbered(101000, 200000, 51, 90), false},
                {"long silence, numbers go on", numbered(0, 100000, 10, 50),
                        numbered(9 * HOUR, 10 * HOUR, 50, 90), true},
                {"numbers go on, clock a little early", numbered(0, 100000, 10, 50),
                        numbered(95000, 200000, 50, 90), true},
                {"numbers go on, clock went back", numbered(0, 100000, 10, 50),
                        numbered(94999, 200000, 50, 90), false},
                {"over the wrap", numbered(0, 100000, UINT32_MAX - 9, 10), numbered(101000, 200000, 10, 90),
                        true},
                {"over the wrap, one missing", numbered(0, 100000, UINT32_MAX - 9, 10),
                        numbered(101000, 200000, 11, 90), false},
                {"wrapping exactly", numbered(0, 100000, UINT32_MAX - 9, 0), numbered(101000, 200000, 0, 90),
                        true},
                {"restart that looks like a wrap", numbered(0, 100000, UINT32_MAX - 9, 0),
                        with(numbered(101000, 200000, 0, 90), SPAN_BEGINS_EMPTY), false},
                {"restart within known numbers", numbered(0, 100000, 0, 50),
                        with(numbered(50000, 200000, 0, 90), SPAN_BEGINS_EMPTY), false},
                {"overlap", numbered(0, 100000, 10, 50), numbered(80000, 200000, 40, 90), true},
                {"overlap in numbers only", numbered(0, 100000, 10, 50), numbered(100001, 200000, 40, 90),
                        false},
                {"the same again", numbered(0, 100000, 10, 50), numbered(0, 100000, 10, 50), true},
                {"the same numbers at another time", numbered(0, 100000, 10, 50),
                        numbered(90000, 190000, 10, 50), false},
                {"numbers before", numbered(0, 100000, 10, 50), numbered(101000, 200000, 5, 10), false},
                {"another stream", numbered(0, 100000, 10, 50), of(numbered(101000, 200000, 50, 90), 0, 1),
                        false},
                {"another exporter", numbered(0, 100000, 10, 50), of(numbered(101000, 200000, 50, 90), 1, 0),
                        false},
                {"continued, cut at the window", with(numbered(0, 100000, 10, 0), SPAN_CONTINUES),
                        numbered(0, 300000, 10, 90), true},
                {"continued, begins later", with(numbered(0, 100000, 10, 0), SPAN_CONTINUES),
                        numbered(100001, 300000, 20, 90), false},
                {"continued, its end is void", with(numbered(0, 100000, 0, 0), SPAN_CONTINUES),
                        numbered(50000, 300000, 40, 90), true},
                {"no numbers, a heartbeat apart", plain(0, 100000), plain(100000 + HEARTBEAT, 300000), true},
                {"no numbers, longer apart", plain(0, 100000), plain(100001 + HEARTBEAT, 300000), false},
                {"numbers and none", numbered(0, 100000, 10, 50), plain(100000, 300000), false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                for (int turned = 0; turned < 2; turned++) {
                        struct coverage c = {0};
                        add(&c, turned ? cases[i].b : cases[i].a);
                        add(&c, turned ? cases[i].a : cases[i].b);
                        coverage_normalise(&c, HEARTBEAT);
                        if (c.span_count != (cases[i].joined ? 1u : 2u))
                                fail_msg("%s: %zu spans", cases[i].name, c.span_count);
                        if (cases[i].joined) {
                                int64_t end = cases[i].b.to > cases[i].a.to ? cases[i].b.to : cases[i].a.to;
                                assert_int_equal(c.spans[0].from, 0);
                                assert_int_equal(c.spans[0].to, end);
                        }
                        coverage_free(&c);
                }
}

static void joining_keeps_the_worst_of_both(void **state)
{
        struct coverage c = {0};
        struct coverage_span a = numbered(0, 100000, 10, 50), b = numbered(101000, 200000, 50, 90);

        (void)state;
        a.flags = SPAN_SEQUENCED | SPAN_KNOWN_ONLY;
        a.offset_min_ms = -10;
        a.offset_max_ms = 5;
        b.offset_min_ms = -3;
        b.offset_max_ms = 9000;
        b.delay_ms = 4000;
        add(&c, b);
        add(&c, a);
        coverage_normalise(&c, HEARTBEAT);
        assert_int_equal(c.span_count, 1);
        assert_int_equal(c.spans[0].delay_ms, 4000);
        assert_int_equal(c.spans[0].offset_min_ms, -10);
        assert_int_equal(c.spans[0].offset_max_ms, 9000);
        assert_int_equal(c.spans[0].flags, SPAN_SEQUENCED | SPAN_HAS_EVENTS);
        coverage_free(&c);
}

static void normalising_is_a_function_of_the_set(void **state)
{
        const struct coverage_span spans[] = {numbered(0, 1000, 0, 5), numbered(2000, 3000, 5, 9),
                numbered(4000, 5000, 9, 12), numbered(2500, 4500, 7, 11), numbered(9000, 9500, 20, 25)};
        static const unsigned orders[][5] = {
                {0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}, {3, 4, 0, 2, 1}};

        (void)state;
        for (size_t i = 0; i < 4; i++) {
                struct coverage c = {0};
                for (size_t k = 0; k < 5; k++) {
                        add(&c, spans[orders[i][k]]);
                        if (k == 2)
                                coverage_normalise(&c, HEARTBEAT);
                }
                coverage_normalise(&c, HEARTBEAT);
                coverage_normalise(&c, HEARTBEAT);
                assert_int_equal(c.span_count, 2);
                assert_int_equal(c.spans[0].from, 0);
                assert_int_equal(c.spans[0].to, 5000);
                assert_int_equal(c.spans[0].sequence_to, 12);
                assert_int_equal(c.spans[1].from, 9000);
                coverage_free(&c);
        }
}

static void a_gap_goes_when_a_later_file_fills_it(void **state)
{
        static const struct {
                enum gap_reason reason;
                uint8_t flags;
                int64_t to;
                size_t left;
        } cases[] = {
                {GAP_SEQUENCE, SPAN_SEQUENCED, 30000, 0},
                {GAP_SILENCE, SPAN_SEQUENCED, 30000, 0},
                {GAP_RESTART, SPAN_SEQUENCED, 30000, 0},
                {GAP_SEQUENCE, SPAN_SEQUENCED, 19999, 1},
                {GAP_SEQUENCE, SPAN_SEQUENCED | SPAN_KNOWN_ONLY, 30000, 1},
                {GAP_DAMAGED, SPAN_SEQUENCED, 30000, 1},
                {GAP_UNDECODABLE, SPAN_SEQUENCED, 30000, 1},
                {GAP_CLOCK, SPAN_SEQUENCED, 30000, 1},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct coverage c = {0};
                struct coverage_span span = numbered(0, cases[i].to, 0, 50);
                span.flags = cases[i].flags;
                add_gap(&c, hole(cases[i].reason, 10000, 20000));
                add(&c, span);
                coverage_normalise(&c, HEARTBEAT);
                if (c.gap_count != cases[i].left)
                        fail_msg("case %zu: %zu gaps", i, c.gap_count);
                coverage_free(&c);
        }
}

static void overlapping_gaps_of_one_kind_are_one(void **state)
{
        struct coverage c = {0};
        struct coverage_gap last = hole(GAP_DAMAGED, 20, 25);

        (void)state;
        last.count = 7;
        add_gap(&c, last);
        add_gap(&c, hole(GAP_DAMAGED, 10, 30));
        add_gap(&c, hole(GAP_REFUSED, 10, 30));
        add_gap(&c, hole(GAP_DAMAGED, 31, 40));
        coverage_normalise(&c, HEARTBEAT);
        assert_int_equal(c.gap_count, 3);
        assert_int_equal(c.gaps[0].to, 30);
        assert_int_equal(c.gaps[0].count, 7);
        coverage_free(&c);
}

/* --- Windows --- */

static struct coverage cut(struct coverage *whole, int64_t from, int64_t to, int64_t memory)
{
        struct coverage part = {0};
        coverage_normalise(whole, HEARTBEAT);
        assert_int_equal(coverage_cut(whole, from, to, memory, &part), 0);
        coverage_normalise(&part, HEARTBEAT);
        coverage_free(whole);
        return part;
}

static void a_cut_span_keeps_its_beginning_and_goes_on(void **state)
{
        struct coverage whole = {0};

        (void)state;
        add(&whole, numbered(-9 * HOUR, 3 * HOUR, 10, 500));
        struct coverage part = cut(&whole, 0, HOUR, HOUR);
        assert_int_equal(part.span_count, 1);
        assert_int_equal(part.spans[0].from, -9 * HOUR);
        assert_int_equal(part.spans[0].to, HOUR);
        assert_true(part.spans[0].flags & SPAN_CONTINUES);
        struct heard heard = coverage_heard(&part, EXPORTER_EVERY, NULL, HOUR - 10, HOUR);
        assert_true(heard.whole);
        coverage_free(&part);
}

static void a_span_that_ends_in_the_window_ends_a_delay_before(void **state)
{
        struct coverage whole = {0};

        (void)state;
        add(&whole, numbered(-9 * HOUR, 1800000, 10, 500));
        struct coverage part = cut(&whole, 0, HOUR, HOUR);
        assert_false(part.spans[0].flags & SPAN_CONTINUES);
        assert_true(coverage_heard(&part, EXPORTER_EVERY, NULL, 1799000, 1799000).whole);
        assert_false(coverage_heard(&part, EXPORTER_EVERY, NULL, 1799000, 1799001).whole);
        coverage_free(&part);
}

/* Put together again, the parts of a span are the span. */
static void windows_put_together_are_the_whole(void **state)
{
        struct coverage whole = {0}, together = {0};

        (void)state;
        add(&whole, numbered(1000, 3 * HOUR - 5, 10, 500));
        add(&whole, numbered(3 * HOUR + 1000, 3 * HOUR + 9000, 501, 600));
        coverage_normalise(&whole, HEARTBEAT);
        for (int64_t at = 0; at < 4 * HOUR; at += HOUR)
                assert_int_equal(coverage_cut(&whole, at, at + HOUR, 24 * HOUR, &together), 0);
        coverage_normalise(&together, HEARTBEAT);
        assert_int_equal(together.span_count, 2);
        assert_int_equal(together.spans[0].from, 1000);
        assert_int_equal(together.spans[0].to, 3 * HOUR - 5);
        assert_int_equal(together.spans[0].sequence_to, 500);
        assert_int_equal(together.spans[0].flags, SPAN_SEQUENCED | SPAN_HAS_EVENTS);
        assert_int_equal(together.spans[1].from, 3 * HOUR + 1000);
        coverage_free(&whole);
        coverage_free(&together);
}

static void a_stream_that_fell_silent_is_remembered_and_missed(void **state)
{
        static const struct {
                int64_t memory;
                uint8_t flags;
                bool followed;
                size_t spans;
        } cases[] = {
                {HOUR, SPAN_SEQUENCED | SPAN_HAS_EVENTS, false, 1},
                {HOUR - 1, SPAN_SEQUENCED | SPAN_HAS_EVENTS, false, 0},
                {HOUR, SPAN_SEQUENCED, false, 0},
                {HOUR, SPAN_SEQUENCED | SPAN_HAS_EVENTS, true, 1},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct coverage whole = {0};
                struct coverage_span silent = numbered(-2 * HOUR, -HOUR, 10, 50);
                silent.flags = cases[i].flags;
                add(&whole, silent);
                if (cases[i].followed)
                        add(&whole, numbered(1000, 5000, 77, 99));
                struct coverage part = cut(&whole, 0, HOUR, cases[i].memory);
                if (part.span_count != cases[i].spans)
                        fail_msg("case %zu: %zu spans", i, part.span_count);
                if (cases[i].spans)
                        assert_true(!!(part.spans[0].flags & SPAN_KNOWN_ONLY) == !cases[i].followed);
                struct heard heard = coverage_heard(&part, EXPORTER_EVERY, NULL, 2000, 3000);
                assert_int_equal(heard.streams, cases[i].spans);
                assert_int_equal(heard.whole, cases[i].followed);
                coverage_free(&part);
        }
}

static void the_last_gap_before_a_window_stays_with_it(void **state)
{
        struct coverage whole = {0};

        (void)state;
        add(&whole, numbered(-9 * HOUR, 3 * HOUR, 10, 500));
        add_gap(&whole, hole(GAP_DAMAGED, -5 * HOUR, -4 * HOUR));
        add_gap(&whole, hole(GAP_UNDECODABLE, -3 * HOUR, -2 * HOUR));
        add_gap(&whole, hole(GAP_SEQUENCE, 3 * HOUR + 1, 4 * HOUR));
        struct coverage part = cut(&whole, 0, HOUR, HOUR);
        assert_int_equal(part.gap_count, 1);
        assert_int_equal(part.gaps[0].reason, GAP_UNDECODABLE);
        struct heard heard = coverage_heard(&part, EXPORTER_EVERY, NULL, 2000, 3000);
        assert_true(heard.whole);
        assert_int_equal(heard.seen_since, -2 * HOUR + 1);
        coverage_free(&part);
}

/* --- Hearing --- */

static void gaps_take_away_and_holes_explain(void **state)
{
        static const struct {
                enum gap_reason reason;
                int64_t from, to;
                bool whole;
                int64_t run_from, run_to;
        } cases[] = {
                {GAP_DAMAGED, 49000, 50000, false, 0, 0}, {GAP_DAMAGED, 51000, 52000, false, 0, 0},
                {GAP_DAMAGED, 40000, 49999, true, 50000, 99000}, {GAP_DAMAGED, 51001, 60000, true, 0, 51000},
                {GAP_UNDECODABLE, 50500, 50500, false, 0, 0}, {GAP_REFUSED, 50500, 50500, false, 0, 0},
                {GAP_REPORTED, 50500, 50500, false, 0, 0}, {GAP_CLOCK, 50500, 50500, false, 0, 0},
                {GAP_SEQUENCE, 50500, 50500, false, 0, 0}, /* of another stream: see below */
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct coverage c = {0};
                add(&c, numbered(0, 100000, 0, 50));
                /* A gap that only explains would be dropped as filled; it is added after normalising. */
                coverage_normalise(&c, HEARTBEAT);
                add_gap(&c, hole(cases[i].reason, cases[i].from, cases[i].to));
                struct heard heard = coverage_heard(&c, 0, NULL, 50000, 51000);
                bool explains = cases[i].reason == GAP_SEQUENCE;
                assert_int_equal(heard.whole, cases[i].whole || explains);
                if (cases[i].whole) {
                        assert_int_equal(heard.from, cases[i].run_from);
                        assert_int_equal(heard.to, cases[i].run_to);
                        assert_int_equal(heard.seen_since, cases[i].run_from);
                }
                coverage_free(&c);
        }
}

static void every_stream_that_counts_must_be_heard(void **state)
{
        struct coverage c = {0};
        const bool first_only[] = {true, false}, second_only[] = {false, true};
        struct coverage_span options = of(numbered(0, 100, 0, 3), 0, 9);

        (void)state;
        options.flags &= (uint8_t)~SPAN_HAS_EVENTS;
        add(&c, of(numbered(0, 100000, 0, 50), 0, 1));
        add(&c, of(numbered(10000, 90000, 0, 50), 0, 2));
        add(&c, of(numbered(0, 20000, 0, 50), 1, 1));
        add(&c, options);
        coverage_normalise(&c, HEARTBEAT);
        struct heard heard = coverage_heard(&c, EXPORTER_EVERY, NULL, 50000, 50000);
        assert_false(heard.whole);
        assert_int_equal(heard.streams, 3);
        assert_int_equal(heard.exporters, 2);
        assert_int_equal(heard.gap_reasons, 1u << GAP_SILENCE);
        heard = coverage_heard(&c, EXPORTER_EVERY, first_only, 50000, 50000);
        assert_true(heard.whole);
        assert_int_equal(heard.from, 10000);
        assert_int_equal(heard.to, 89000);
        assert_int_equal(heard.exporters, 1);
        assert_false(coverage_heard(&c, EXPORTER_EVERY, second_only, 50000, 50000).whole);
        assert_true(coverage_heard(&c, 0, NULL, 50000, 50000).whole);
        assert_false(coverage_heard(&c, 1, NULL, 50000, 50000).whole);
        heard = coverage_heard(&c, 7, NULL, 50000, 50000);
        assert_false(heard.whole);
        assert_int_equal(heard.streams, 0);
        coverage_free(&c);
}

static void a_log_from_the_beginning_saw_everything_open(void **state)
{
        struct coverage c = {0};

        (void)state;
        add(&c, with(numbered(1000, 100000, 0, 50), SPAN_BEGINS_EMPTY));
        coverage_normalise(&c, HEARTBEAT);
        assert_true(coverage_heard(&c, 0, NULL, 50000, 50000).seen_since == INT64_MIN);
        assert_false(coverage_heard(&c, 0, NULL, 999, 50000).whole);
        add_gap(&c, hole(GAP_DAMAGED, 20000, 20500));
        assert_int_equal(coverage_heard(&c, 0, NULL, 50000, 50000).seen_since, 20501);
        coverage_free(&c);
        /* Something lost before the beginning that was taken for the first: it was not. */
        add(&c, with(numbered(1000, 100000, 0, 50), SPAN_BEGINS_EMPTY));
        add_gap(&c, hole(GAP_DAMAGED, 500, 900));
        assert_int_equal(coverage_heard(&c, 0, NULL, 50000, 50000).seen_since, 901);
        coverage_free(&c);
}

static void what_is_only_known_was_not_heard(void **state)
{
        struct coverage c = {0};

        (void)state;
        add(&c, with(numbered(1000, 100000, 0, 50), SPAN_KNOWN_ONLY));
        struct heard heard = coverage_heard(&c, 0, NULL, 50000, 50000);
        assert_false(heard.whole);
        assert_int_equal(heard.streams, 1);
        coverage_free(&c);
}

static void a_set_clock_is_seen_where_it_counts(void **state)
{
        struct coverage c = {0};
        const bool other[] = {false, true};

        (void)state;
        add_gap(&c, hole(GAP_CLOCK, 1000, 2000));
        add_gap(&c, hole(GAP_DAMAGED, 5000, 6000));
        assert_true(coverage_clock_set(&c, NULL, 2000, 3000));
        assert_true(coverage_clock_set(&c, NULL, 0, 1000));
        assert_false(coverage_clock_set(&c, NULL, 2001, 9000));
        assert_false(coverage_clock_set(&c, NULL, 0, 999));
        assert_false(coverage_clock_set(&c, other, 0, 9000));
        coverage_free(&c);
}

static int64_t hour_of_second(const void *context, uint16_t exporter)
{
        (void)context;
        return exporter == 2 ? 3600000 : 60000;
}

/* Ten minutes of silence are silence of one exporter, and a loss of the other. */
static void silence_is_each_exporters_own(void **state)
{
        const struct heartbeats heartbeats = {.of = hour_of_second};
        struct coverage c = {0};

        (void)state;
        for (uint16_t exporter = 1; exporter <= 2; exporter++)
                for (int64_t at = 0; at <= 600000; at += 600000) {
                        const struct coverage_span span = {.from = at,
                                .to = at + 1000,
                                .offset_min_ms = OFFSET_UNKNOWN,
                                .offset_max_ms = OFFSET_UNKNOWN,
                                .exporter = exporter,
                                .flags = SPAN_HAS_EVENTS};
                        assert_int_equal(coverage_add_span(&c, &span), 0);
                }
        coverage_normalise_each(&c, &heartbeats);
        assert_int_equal(c.span_count, 3);
        assert_false(coverage_heard(&c, 1, NULL, 300000, 300000).whole);
        assert_true(coverage_heard(&c, 2, NULL, 300000, 300000).whole);
        coverage_free(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(spans_join_by_number_and_never_over_a_hole),
                cmocka_unit_test(silence_is_each_exporters_own),
                cmocka_unit_test(joining_keeps_the_worst_of_both),
                cmocka_unit_test(normalising_is_a_function_of_the_set),
                cmocka_unit_test(a_gap_goes_when_a_later_file_fills_it),
                cmocka_unit_test(overlapping_gaps_of_one_kind_are_one),
                cmocka_unit_test(a_cut_span_keeps_its_beginning_and_goes_on),
                cmocka_unit_test(a_span_that_ends_in_the_window_ends_a_delay_before),
                cmocka_unit_test(windows_put_together_are_the_whole),
                cmocka_unit_test(a_stream_that_fell_silent_is_remembered_and_missed),
                cmocka_unit_test(the_last_gap_before_a_window_stays_with_it),
                cmocka_unit_test(gaps_take_away_and_holes_explain),
                cmocka_unit_test(every_stream_that_counts_must_be_heard),
                cmocka_unit_test(a_log_from_the_beginning_saw_everything_open),
                cmocka_unit_test(what_is_only_known_was_not_heard),
                cmocka_unit_test(a_set_clock_is_seen_where_it_counts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
