/* SPDX-License-Identifier: EUPL-1.2 */
/* What the verdict says beside itself: clocks, retention, what is not logged; and the candidates it hands
 * out. */
#include "nat/scene_test.h"

/* --- Remarks: clocks, retention, what is not logged --- */

static void skew_of_the_clock(struct scene *s)
{
        alice(s);
        s->question.skew_ms = s->rules.uncertainty_ms;
}

static void skew_below_the_clock(struct scene *s)
{
        alice(s);
        s->question.skew_ms = s->rules.uncertainty_ms - 1;
}

static void old(struct scene *s)
{
        alice(s);
        s->evidence.outside_retention = true;
}

static void made_by_bolder_settings(struct scene *s)
{
        alice(s);
        s->evidence.rules_changed = true;
}

static void clock_set_at_the_edge(struct scene *s)
{
        alice(s);
        scene_gap(s, GAP_CLOCK, NOW + 2 * SEC, NOW + 9 * SEC);
}

static void clock_set_beside(struct scene *s)
{
        alice(s);
        scene_gap(s, GAP_CLOCK, NOW + 2 * SEC + 1, NOW + 9 * SEC);
}

static void clock_set_several(struct scene *s)
{
        alice_then_bob_at_the_edge(s);
        scene_gap(s, GAP_CLOCK, NOW, NOW);
}

static void offset(struct scene *s, int32_t least, int32_t most)
{
        alice(s);
        s->coverage.spans[0].offset_min_ms = least;
        s->coverage.spans[0].offset_max_ms = most;
}

/* A clock that is right shows -999..0, because export times are whole seconds. */
static void clock_slow_within(struct scene *s)
{
        offset(s, -2999, 0);
}

static void clock_slow(struct scene *s)
{
        offset(s, -3000, 0);
}

static void clock_fast_within(struct scene *s)
{
        offset(s, -999, 1001);
}

static void clock_fast(struct scene *s)
{
        offset(s, -999, 1002);
}

static void clock_slow_by_a_minute_and_bob_before(struct scene *s)
{
        offset(s, -60999, -60000);
        s->bindings[0].from_ms = NOW - 10 * SEC;
        scene_binding(s, BOB, -900, -55);
}

static void alice_from_to(struct scene *s, int32_t offset_ms, int64_t from, int64_t to)
{
        offset(s, offset_ms - 999, offset_ms);
        s->bindings[0].from_ms = NOW + from * SEC;
        s->bindings[0].to_ms = NOW + to * SEC;
}

/* What was asked stands in the log as a minute before. */
static void clock_slow_by_a_minute_and_alice_later(struct scene *s)
{
        alice_from_to(s, -60000, -57, 10);
}

static void clock_slow_by_a_minute_and_alice_then(struct scene *s)
{
        alice_from_to(s, -60000, -64, -58);
}

static void clock_fast_by_a_minute_and_alice_gone(struct scene *s)
{
        alice_from_to(s, 60000, -10, 57);
}

static void clock_fast_by_a_minute_and_alice_then(struct scene *s)
{
        alice_from_to(s, 60000, 59, 61);
}

static void clock_fast_by_one_or_two_minutes(struct scene *s)
{
        alice_from_to(s, 60000, -10, 61);
        s->coverage.spans[0].offset_max_ms = 120000;
}

static void clock_right_and_bob_before(struct scene *s)
{
        clock_slow_by_a_minute_and_bob_before(s);
        s->coverage.spans[0].offset_min_ms = -999;
        s->coverage.spans[0].offset_max_ms = 0;
}

static void clock_slow_of_one_that_does_not_count(struct scene *s)
{
        static const bool counts[] = {true, false};
        alice(s);
        scene_span(s, 1, NOW - TIME_HOUR, NOW + TIME_HOUR);
        s->coverage.spans[1].offset_min_ms = s->coverage.spans[1].offset_max_ms = -60000;
        s->evidence.exporter_counts = counts;
}

static void port_not_logged(struct scene *s)
{
        struct nat_binding *b = whole_address(s);
        b->kind = NAT_SESSION;
        b->flags |= NAT_PORT_UNKNOWN;
}

static void port_not_logged_nor_asked(struct scene *s)
{
        port_not_logged(s);
        s->question.port = -1;
}

static void inside_not_logged(struct scene *s)
{
        struct nat_binding *b = scene_binding(s, HOST_NONE, -60, 60);
        b->flags |= NAT_INSIDE_UNKNOWN;
}

static void inside_not_logged_beside_a_known_one(struct scene *s)
{
        inside_not_logged(s);
        scene_binding(s, ALICE, -60, 60);
}

static void remarks_are_made_where_they_hold(void **state)
{
        static const struct verdict_case cases[] = {
                {"skew as wide as the clocks", skew_of_the_clock, VERDICT_ONE, 0,
                        BIT(REASON_SKEW_BELOW_CLOCK), 1, 0},
                {"skew below the clocks", skew_below_the_clock, VERDICT_ONE, BIT(REASON_SKEW_BELOW_CLOCK), 0,
                        1, 0},
                {"outside retention", old, VERDICT_UNKNOWN, BIT(REASON_OUTSIDE_RETENTION), BIT(REASON_PROVEN),
                        0, 0},
                {"made by bolder settings", made_by_bolder_settings, VERDICT_UNKNOWN,
                        BIT(REASON_SETTINGS_CHANGED), BIT(REASON_PROVEN), 0, 1},
                {"the clock was set", clock_set_at_the_edge, VERDICT_UNKNOWN, BIT(REASON_CLOCK_SET),
                        BIT(REASON_PROVEN), 0, 1},
                {"the clock was set just after", clock_set_beside, VERDICT_ONE, BIT(REASON_PROVEN),
                        BIT(REASON_CLOCK_SET), 1, 0},
                {"not even several, where the clock was set", clock_set_several, VERDICT_UNKNOWN,
                        BIT(REASON_CLOCK_SET), BIT(REASON_SHARED_IN_TIME), 0, 2},
                {"slow within the uncertainty", clock_slow_within, VERDICT_ONE, 0, BIT(REASON_CLOCK_OFFSET),
                        1, 0},
                {"slower", clock_slow, VERDICT_ONE, BIT(REASON_CLOCK_OFFSET), 0, 1, 0},
                {"fast within the uncertainty", clock_fast_within, VERDICT_ONE, 0, BIT(REASON_CLOCK_OFFSET),
                        1, 0},
                {"faster", clock_fast, VERDICT_ONE, BIT(REASON_CLOCK_OFFSET), 0, 1, 0},
                {"a slow clock brings in an earlier holder", clock_slow_by_a_minute_and_bob_before,
                        VERDICT_UNKNOWN, BIT(REASON_CLOCK_OFFSET), BIT(REASON_PROVEN), 0, 2},
                {"by a slow clock he came later", clock_slow_by_a_minute_and_alice_later, VERDICT_UNKNOWN,
                        BIT(REASON_CLOCK_OFFSET), BIT(REASON_PROVEN), 0, 1},
                {"by a slow clock he was there", clock_slow_by_a_minute_and_alice_then, VERDICT_ONE,
                        BITS(REASON_CLOCK_OFFSET, REASON_PROVEN), 0, 1, 0},
                {"by a fast clock he had gone", clock_fast_by_a_minute_and_alice_gone, VERDICT_UNKNOWN,
                        BIT(REASON_CLOCK_OFFSET), BIT(REASON_PROVEN), 0, 1},
                {"by a fast clock he was there", clock_fast_by_a_minute_and_alice_then, VERDICT_ONE,
                        BITS(REASON_CLOCK_OFFSET, REASON_PROVEN), 0, 1, 0},
                {"by a clock that was off by one or two minutes he may have been gone",
                        clock_fast_by_one_or_two_minutes, VERDICT_UNKNOWN, BIT(REASON_CLOCK_OFFSET),
                        BIT(REASON_PROVEN), 0, 1},
                {"a right clock does not", clock_right_and_bob_before, VERDICT_ONE, BIT(REASON_PROVEN),
                        BIT(REASON_CLOCK_OFFSET), 1, 0},
                {"the clock of one that does not count", clock_slow_of_one_that_does_not_count, VERDICT_ONE,
                        BIT(REASON_PROVEN), BIT(REASON_CLOCK_OFFSET), 1, 0},
                {"a dialect without ports", port_not_logged, VERDICT_UNKNOWN, BIT(REASON_PORT_NOT_LOGGED),
                        BIT(REASON_PROVEN), 0, 1},
                {"and no port asked", port_not_logged_nor_asked, VERDICT_SEVERAL, BIT(REASON_NO_PORT),
                        BIT(REASON_PORT_NOT_LOGGED), 1, 0},
                {"a dialect without inside addresses", inside_not_logged, VERDICT_UNKNOWN,
                        BIT(REASON_INSIDE_NOT_LOGGED), BIT(REASON_PROVEN), 0, 1},
                {"somebody not logged beside a known one", inside_not_logged_beside_a_known_one,
                        VERDICT_UNKNOWN, BIT(REASON_INSIDE_NOT_LOGGED), BIT(REASON_PROVEN), 0, 2},
        };

        (void)state;
        RUN(cases);
}

static void the_interval_is_widened_by_the_clocks_offset(void **state)
{
        struct scene s;
        int64_t from, to;

        (void)state;
        scene_begin(&s);
        offset(&s, -60999, 30000);
        scene_settle(&s);
        attribution_interval(&s.question, &s.rules, &s.coverage, NULL, &from, &to);
        assert_int_equal(from, NOW - 2 * SEC - 60999);
        assert_int_equal(to, NOW + 2 * SEC + 30999);
        scene_end(&s);
}

/* --- Candidates --- */

static void candidates_carry_margin_reference_and_clock(void **state)
{
        static const uint64_t references[] = {70, 71};
        struct scene s;
        struct attribution a;

        (void)state;
        scene_begin(&s);
        scene_binding(&s, BOB, 1, 60);
        scene_binding(&s, ALICE, -60, -1)->to_ms += 300;
        s.coverage.spans[0].offset_min_ms = s.coverage.spans[0].offset_max_ms = -499;
        s.evidence.references = references;
        scene_settle(&s);
        assert_int_equal(attribution_decide(&s.question, &s.rules, &s.evidence, &a), 0);
        assert_int_equal(a.candidates.count, 2);
        assert_int_equal(a.candidates.items[0].binding.inside, ALICE);
        assert_int_equal(a.candidates.items[0].margin_ms, 700);
        assert_int_equal(a.candidates.items[0].reference, 71);
        assert_true(labs(a.candidates.items[0].clock_offset_ms) <= 1);
        assert_int_equal(a.candidates.items[1].margin_ms, 1000);
        assert_int_equal(a.candidates.items[1].reference, 70);
        assert_int_equal(a.from_ms, NOW - 2 * SEC);
        assert_int_equal(a.to_ms, NOW + 2 * SEC);
        attribution_free(&a);
        scene_end(&s);
}

static void every_reason_has_a_code_and_a_sentence(void **state)
{
        (void)state;
        for (unsigned i = 0; i < REASON_COUNT; i++) {
                assert_true(strlen(reason_code(i)) >= 5 && strlen(reason_sentence(i)) > 10);
                for (unsigned k = 0; k < i; k++)
                        assert_string_not_equal(reason_code(i), reason_code(k));
        }
        assert_string_equal(reason_code(REASON_LOG_GAP), "log-gap");
        assert_string_equal(verdict_name(VERDICT_ONE), "one");
        assert_string_equal(verdict_name(VERDICT_SEVERAL), "several");
        assert_string_equal(verdict_name(VERDICT_NONE), "none");
        assert_string_equal(verdict_name(VERDICT_UNKNOWN), "unknown");
        assert_string_equal(edge_name(EDGE_REUSED), "reused");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(remarks_are_made_where_they_hold),
                cmocka_unit_test(the_interval_is_widened_by_the_clocks_offset),
                cmocka_unit_test(candidates_carry_margin_reference_and_clock),
                cmocka_unit_test(every_reason_has_a_code_and_a_sentence),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
