/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/planned.h"

#include "nat/scene_test.h"

#define PLAN 1 /* the plan's number as an exporter; the log's is 0 */
#define EVER 0
#define DAY (24 * 3600)

static struct plan_list plan;
static const bool plan_counted[] = {false, true}, log_counted[] = {true, false},
                  both_counted[] = {true, true};
static const uint16_t plan_expected[] = {PLAN};

/* A row of the plan; seconds from NOW, EVER: until further notice; host 0: dynamic. */
static struct plan_entry *row(unsigned host, int64_t from, int64_t to, unsigned first, unsigned last)
{
        struct address inside = inside_address(host);
        struct plan_entry entry = {
                .row = {.from_ms = NOW + from * SEC,
                        .to_ms = to ? NOW + to * SEC : TIME_UNKNOWN,
                        .inside = host ? prefix_of(&inside, 128) : (struct prefix){.length = 0},
                        .is_dynamic = host == 0,
                        .outside = OUTSIDE,
                        .port_first = (uint16_t)first,
                        .port_last = (uint16_t)last,
                        .repeat_count = 1},
                .exporter = PLAN};

        assert_int_equal(plan_list_append(&plan, &entry), 0);
        return &plan.items[plan.count - 1];
}

/* What gathering does: rows become bindings and spans, and decide who counts. */
static void take_plan(struct scene *s)
{
        uint32_t outside;
        struct question *q = &s->question;

        assert_int_equal(plan_settle(&plan, NULL, &outside), 0);
        for (size_t i = 0; i < plan.count; i++)
                if (plan_row_answers(&plan.items[i], q, q->at_ms - q->skew_ms, q->at_ms + q->skew_ms))
                        assert_int_equal(plan_binding_make(&plan.items[i], q, PLAN, &s->hosts,
                                                 &s->bindings[s->evidence.binding_count++]),
                                0);
        assert_int_equal(plan_add_spans(&plan, PLAN, &s->coverage), 0);
        struct plan_word word = plan_word_of(&plan, q, q->at_ms - q->skew_ms, q->at_ms + q->skew_ms);
        bool decides = plan_decides(&word);
        s->evidence.plan = &plan;
        s->evidence.exporter_counts = decides              ? plan_counted
                                      : plan_counts(&word) ? both_counted
                                                           : log_counted;
        s->evidence.expected = decides ? plan_expected : scene_exporters;
        s->evidence.expected_count = !decides && plan_counts(&word) ? 2 : 1;
}

static void alices_by_plan(struct scene *s)
{
        row(ALICE, -DAY, EVER, 4000, 4999);
        take_plan(s);
}

/* RFC 4787: a realm that lends endpoints twice does so from its pool, never out of a customer's block. */
static void on_a_dependent_realm(struct scene *s)
{
        s->rules.mapping = MAPPING_DESTINATION_DEPENDENT;
        alices_by_plan(s);
}

static void in_a_gap_of_the_log(struct scene *s)
{
        scene_heard_only(s, NOW - 48 * TIME_HOUR, NOW - TIME_HOUR);
        scene_gap(s, GAP_SEQUENCE, NOW - 5 * SEC, NOW + 5 * SEC);
        alices_by_plan(s);
}

static void while_the_logs_clock_was_set(struct scene *s)
{
        scene_gap(s, GAP_CLOCK, NOW - 60 * SEC, NOW + 60 * SEC);
        alices_by_plan(s);
}

static void in_no_row(struct scene *s)
{
        row(ALICE, -DAY, EVER, 4000, 4710);
        row(BOB, -DAY, EVER, 4712, 4999);
        take_plan(s);
}

static void icmp_identifier(struct scene *s)
{
        s->question.protocol = 1;
        alices_by_plan(s);
}

static void of_another_protocol(struct scene *s)
{
        row(ALICE, -DAY, EVER, 4000, 4999)->row.protocol = 17;
        take_plan(s);
}

static void without_ports(struct scene *s)
{
        s->question.protocol = 47;
        s->question.port = -1;
        s->coverage.span_count = 0;
        alices_by_plan(s);
}

static void passes_on_in_the_interval(struct scene *s)
{
        row(ALICE, -DAY, 1, 4000, 4999);
        row(BOB, 1, EVER, 4000, 4999);
        take_plan(s);
}

static void has_passed_on(struct scene *s)
{
        row(ALICE, -DAY, -2, 4000, 4999);
        row(BOB, -2, EVER, 4000, 4999);
        take_plan(s);
}

static void begins_in_the_interval(struct scene *s)
{
        row(ALICE, 1, EVER, 4000, 4999);
        take_plan(s);
}

static void had_ended(struct scene *s)
{
        s->coverage.span_count = 0;
        row(ALICE, -DAY, -60, 4000, 4999);
        take_plan(s);
}

static void dynamic_without_a_log(struct scene *s)
{
        s->coverage.span_count = 0;
        row(0, -DAY, EVER, 4000, 4999);
        take_plan(s);
}

static void dynamic_with_a_log(struct scene *s)
{
        scene_binding(s, BOB, -60, 60);
        row(0, -DAY, EVER, 4000, 4999);
        take_plan(s);
}

static void dynamic_later_in_the_interval(struct scene *s)
{
        s->coverage.span_count = 0;
        row(ALICE, -DAY, 1, 4000, 4999);
        row(0, 1, EVER, 4000, 4999);
        take_plan(s);
}

static void a_log_agrees(struct scene *s)
{
        scene_binding(s, ALICE, -60, 60);
        alices_by_plan(s);
}

static void a_log_says_bob(struct scene *s)
{
        scene_binding(s, BOB, -60, 60);
        alices_by_plan(s);
}

static void a_log_says_bob_whose_end_is_lost(struct scene *s)
{
        scene_heard_only(s, NOW - 48 * TIME_HOUR, NOW - 100 * SEC);
        set_open_end(scene_binding(s, BOB, -600, 0));
        alices_by_plan(s);
}

static void bob_was_before_the_plan(struct scene *s)
{
        scene_heard_only(s, NOW - 48 * TIME_HOUR, NOW - 3600 * SEC);
        set_open_end(scene_binding(s, BOB, -7200, 0));
        row(ALICE, -1800, EVER, 4000, 4999);
        take_plan(s);
}

static void a_log_without_ports(struct scene *s)
{
        struct nat_binding *b = scene_binding(s, BOB, -60, 60);
        b->port_first = 0;
        b->port_last = UINT16_MAX;
        b->flags |= NAT_PORT_UNKNOWN;
        alices_by_plan(s);
}

static void a_log_where_nobody_is(struct scene *s)
{
        scene_binding(s, BOB, -60, 60);
        row(ALICE, -DAY, EVER, 5000, 5999);
        take_plan(s);
}

static void two_rows_at_once(struct scene *s)
{
        row(ALICE, -DAY, EVER, 4000, 4999);
        row(BOB, -DAY, EVER, 4900, 5100);
        take_plan(s);
}

static void refused_lines(struct scene *s)
{
        row(ALICE, -DAY, EVER, 4000, 4999)->marks = PLAN_INCOMPLETE;
        take_plan(s);
}

/* A customer's prefix, of which somebody else has a lease of a part. */
static void a_prefix(struct scene *s)
{
        struct address inside = {{0x20, 1, 0x0d, 0xb8, 0, 0, 1}};
        row(ALICE, -DAY, EVER, 4000, 4999)->row.inside = prefix_of(&inside, 56);
        scene_lease(s, ALICE, "customer-17", -DAY, DAY)->is.prefix = prefix_of(&inside, 56);
        take_plan(s);
}

static void a_part_of_the_prefix(struct scene *s)
{
        struct address inside = {{0x20, 1, 0x0d, 0xb8, 0, 0, 1}};
        row(ALICE, -DAY, EVER, 4000, 4999)->row.inside = prefix_of(&inside, 56);
        scene_lease(s, ALICE, "customer-18", -DAY, DAY)->is.prefix = prefix_of(&inside, 64);
        take_plan(s);
}

static void test_verdicts(void **state)
{
        static const struct verdict_case cases[] = {
                {"planned", alices_by_plan, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"dependent realm", on_a_dependent_realm, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"gap of the log", in_a_gap_of_the_log, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"clock of the log", while_the_logs_clock_was_set, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"in no row", in_no_row, VERDICT_NONE, BIT(REASON_NOBODY), 0, 0, 0},
                {"ICMP", icmp_identifier, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"other protocol", of_another_protocol, VERDICT_NONE, BIT(REASON_NOBODY), 0, 0, 0},
                {"no ports", without_ports, VERDICT_UNKNOWN, BITS(REASON_NOT_HEARD, REASON_PORTLESS_PROTOCOL),
                        0, 0, 0},
                {"passes on", passes_on_in_the_interval, VERDICT_SEVERAL, BIT(REASON_SHARED_IN_TIME), 0, 2,
                        0},
                {"has passed on", has_passed_on, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"begins", begins_in_the_interval, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), 0, 0, 1},
                {"had ended", had_ended, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), 0, 0, 0},
                {"dynamic, no log", dynamic_without_a_log, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), 0, 0, 0},
                {"dynamic, log", dynamic_with_a_log, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"dynamic later", dynamic_later_in_the_interval, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), 0, 0,
                        1},
                {"log agrees", a_log_agrees, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"log says Bob", a_log_says_bob, VERDICT_UNKNOWN, BIT(REASON_CONTRADICTION), 0, 0, 2},
                {"log says Bob, end lost", a_log_says_bob_whose_end_is_lost, VERDICT_UNKNOWN,
                        BIT(REASON_CONTRADICTION), 0, 0, 2},
                {"Bob before the plan", bob_was_before_the_plan, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"log without ports", a_log_without_ports, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"log where nobody is", a_log_where_nobody_is, VERDICT_UNKNOWN, BIT(REASON_CONTRADICTION), 0,
                        0, 1},
                {"two rows", two_rows_at_once, VERDICT_UNKNOWN, BIT(REASON_CONTRADICTION), 0, 0, 1},
                {"refused lines", refused_lines, VERDICT_UNKNOWN, BIT(REASON_PLAN_INCOMPLETE), 0, 0, 1},
                {"prefix", a_prefix, VERDICT_ONE, BIT(REASON_PROVEN), BIT(REASON_NO_LEASE), 1, 0},
                {"part of the prefix", a_part_of_the_prefix, VERDICT_ONE, 0, 0, 1, 0},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                run_case(&cases[i]);
                plan_list_free(&plan);
        }
}

/* Who has a part of the prefix only is not named. */
static void test_part_of_a_prefix_names_nobody(void **state)
{
        struct scene s;
        struct attribution a;

        (void)state;
        scene_begin(&s);
        a_part_of_the_prefix(&s);
        scene_settle(&s);
        assert_int_equal(attribution_decide(&s.question, &s.rules, &s.evidence, &a), 0);
        assert_int_equal(a.candidates.count, 1);
        assert_null(a.candidates.items[0].lease);
        attribution_free(&a);
        scene_end(&s);
        plan_list_free(&plan);
}

/* Rows of an address one behind the other are one span; a hole between them is none. */
static void test_spans(void **state)
{
        struct coverage coverage = {0};
        uint32_t outside;

        (void)state;
        row(ALICE, -100, -50, 1, 2);
        row(BOB, -50, -20, 5, 6);
        row(ALICE, -90, -60, 7, 8);
        row(ALICE, -10, EVER, 1, 2);
        row(BOB, 50, 60, 9, 9);
        assert_int_equal(plan_settle(&plan, NULL, &outside), 0);
        assert_int_equal(plan_add_spans(&plan, PLAN, &coverage), 0);
        assert_int_equal(coverage.span_count, 2);
        assert_int_equal(coverage.spans[0].from, NOW - 100 * SEC);
        assert_int_equal(coverage.spans[0].to, NOW - 20 * SEC - 1);
        assert_int_equal(coverage.spans[1].from, NOW - 10 * SEC);
        assert_int_equal(coverage.spans[1].to, TIME_LIMIT);
        coverage_free(&coverage);
        plan_list_free(&plan);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_verdicts),
                cmocka_unit_test(test_part_of_a_prefix_names_nobody),
                cmocka_unit_test(test_spans),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
