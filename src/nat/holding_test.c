/* SPDX-License-Identifier: EUPL-1.2 */
/* Edges: what an end or a beginning that was not seen leaves open, what closes it again, and what the verdict
 * makes of it. */
#include "nat/scene_test.h"

/* --- Ends --- */

static void open_end_heard(struct scene *s)
{
        set_open_end(scene_binding(s, ALICE, -60, 0));
}

static void open_end_not_heard(struct scene *s)
{
        open_end_heard(s);
        scene_heard_only(s, NOW - 48 * TIME_HOUR, NOW);
}

static void open_end_gap_before(struct scene *s)
{
        open_end_heard(s);
        scene_gap(s, GAP_DAMAGED, NOW - 30 * SEC, NOW - 29 * SEC);
}

static void open_end_loss_undetectable(struct scene *s)
{
        open_end_heard(s);
        s->evidence.loss_undetectable = true;
}

static void open_end_older_than_any_session(struct scene *s)
{
        set_open_end(scene_binding(s, ALICE, -24 * 3600 - 3, 0));
}

static void open_end_as_old_as_a_session(struct scene *s)
{
        set_open_end(scene_binding(s, ALICE, -24 * 3600 - 2, 0));
        scene_gap(s, GAP_DAMAGED, NOW - 30 * SEC, NOW - 29 * SEC);
}

static void open_end_reused(struct scene *s)
{
        set_open_end(scene_binding(s, ALICE, -60, 0));
        scene_binding(s, BOB, -30, 60);
        scene_gap(s, GAP_DAMAGED, NOW - 50 * SEC, NOW - 49 * SEC);
}

static void open_end_reused_dependent(struct scene *s)
{
        open_end_reused(s);
        s->rules.mapping = MAPPING_DESTINATION_DEPENDENT;
}

static void open_end_reused_undeclared(struct scene *s)
{
        open_end_reused(s);
        s->rules.mapping = MAPPING_UNDECLARED;
}

static void open_end_reused_by_linux(struct scene *s)
{
        open_end_reused(s);
        s->bindings[1].flags |= NAT_DESTINATION_BOUND;
}

/* One host's opening through a port that is not logged need not be of this port, nor of that of another. */
static void open_end_reused_at_unknown_ports(struct scene *s)
{
        open_end_reused(s);
        for (unsigned i = 0; i < 2; i++) {
                s->bindings[i].port_first = 0;
                s->bindings[i].port_last = UINT16_MAX;
                s->bindings[i].flags |= NAT_PORT_UNKNOWN;
        }
        s->bindings[1].to_ms = NOW - 10 * SEC;
}

static void open_end_reused_at_the_edge(struct scene *s)
{
        open_end_reused(s);
        s->bindings[1].from_ms = NOW - 2 * SEC;
}

static void open_end_reuse_not_observed(struct scene *s)
{
        open_end_reused(s);
        s->bindings[1].from_edge = EDGE_INTERIM;
}

static void open_end_asked_before_reuse(struct scene *s)
{
        set_open_end(scene_binding(s, ALICE, -60, 0));
        scene_binding(s, BOB, 30, 60);
}

static void interim_end_heard(struct scene *s)
{
        scene_binding(s, ALICE, -60, -20)->to_edge = EDGE_INTERIM;
}

static void interim_end_gap_after(struct scene *s)
{
        interim_end_heard(s);
        scene_gap(s, GAP_DAMAGED, NOW - 10 * SEC, NOW - 9 * SEC);
}

static void interim_end_later_than_asked(struct scene *s)
{
        scene_binding(s, ALICE, -60, 20)->to_edge = EDGE_INTERIM;
        scene_gap(s, GAP_DAMAGED, NOW + 30 * SEC, NOW + 31 * SEC);
}

static void interim_end_gap_before_it(struct scene *s)
{
        interim_end_later_than_asked(s);
        scene_gap(s, GAP_DAMAGED, NOW - 30 * SEC, NOW - 29 * SEC);
}

/* Flows of one customer through one port that nothing tells apart: what is left of two ends that look alike.
 */
static void interim_end_of_an_untold_flow(struct scene *s)
{
        interim_end_heard(s);
        s->bindings[0].kind = NAT_SESSION;
}

static void interim_end_of_a_told_flow(struct scene *s)
{
        interim_end_of_an_untold_flow(s);
        set_destination(&s->bindings[0], SERVER, 443);
}

static void interim_end_of_a_flow_with_identity(struct scene *s)
{
        interim_end_of_an_untold_flow(s);
        s->bindings[0].session = 77;
}

static void interim_end_of_an_untold_flow_later(struct scene *s)
{
        interim_end_later_than_asked(s);
        s->bindings[0].kind = NAT_SESSION;
}

/* Nobody else is named beside the one who holds it now. */
static void interim_end_of_an_untold_flow_beside_another(struct scene *s)
{
        interim_end_of_an_untold_flow(s);
        s->rules.mapping = MAPPING_UNDECLARED;
        scene_binding(s, BOB, -10, 10)->kind = NAT_SESSION;
}

static void bound_end(struct scene *s)
{
        scene_binding(s, ALICE, -60, 60)->to_edge = EDGE_BOUND;
}

static void ends_that_were_not_seen(void **state)
{
        static const struct verdict_case cases[] = {
                {"no end, and heard since", open_end_heard, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"no end, heard no longer", open_end_not_heard, VERDICT_UNKNOWN, BIT(REASON_END_NOT_SEEN),
                        BIT(REASON_PROVEN), 0, 1},
                {"no end, and a gap since", open_end_gap_before, VERDICT_UNKNOWN, BIT(REASON_END_NOT_SEEN),
                        BIT(REASON_PROVEN), 0, 1},
                {"no end, loss cannot be seen", open_end_loss_undetectable, VERDICT_UNKNOWN,
                        BITS(REASON_END_NOT_SEEN, REASON_LOSS_UNDETECTABLE), BIT(REASON_PROVEN), 0, 1},
                {"older than any session lives", open_end_older_than_any_session, VERDICT_NONE,
                        BIT(REASON_NOBODY), 0, 0, 0},
                {"as old as a session gets", open_end_as_old_as_a_session, VERDICT_UNKNOWN,
                        BIT(REASON_END_NOT_SEEN), 0, 0, 1},
                {"opened again by another", open_end_reused, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"which proves nothing here", open_end_reused_dependent, VERDICT_UNKNOWN,
                        BIT(REASON_END_NOT_SEEN), BIT(REASON_PROVEN), 0, 2},
                {"nor where nothing is declared", open_end_reused_undeclared, VERDICT_UNKNOWN,
                        BIT(REASON_END_NOT_SEEN), BIT(REASON_PROVEN), 0, 2},
                {"nor by a dialect that lends twice", open_end_reused_by_linux, VERDICT_UNKNOWN,
                        BIT(REASON_END_NOT_SEEN), BIT(REASON_PROVEN), 0, 2},
                {"nor where no port is logged", open_end_reused_at_unknown_ports, VERDICT_UNKNOWN,
                        BITS(REASON_END_NOT_SEEN, REASON_PORT_NOT_LOGGED), BITS(REASON_PROVEN, REASON_NOBODY),
                        0, 1},
                {"opened again at the first instant", open_end_reused_at_the_edge, VERDICT_UNKNOWN, 0,
                        BIT(REASON_PROVEN), 0, 2},
                {"seen with another, not opened", open_end_reuse_not_observed, VERDICT_UNKNOWN, 0,
                        BIT(REASON_PROVEN), 0, 2},
                {"an opening without an end: ends are missing", open_end_asked_before_reuse, VERDICT_UNKNOWN,
                        0, BITS(REASON_PROVEN, REASON_NOBODY), 0, 1},
                {"still there, and heard since", interim_end_heard, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"still there, then a gap", interim_end_gap_after, VERDICT_UNKNOWN, BIT(REASON_END_NOT_SEEN),
                        BIT(REASON_PROVEN), 0, 1},
                {"still there later", interim_end_later_than_asked, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"still there later, but a gap before: two bindings?", interim_end_gap_before_it,
                        VERDICT_UNKNOWN, BITS(REASON_LOG_GAP, REASON_END_NOT_SEEN), BIT(REASON_PROVEN), 0, 1},
                {"still there, a flow that nothing tells apart", interim_end_of_an_untold_flow,
                        VERDICT_UNKNOWN, BIT(REASON_END_NOT_SEEN), BIT(REASON_PROVEN), 0, 1},
                {"a flow whose destination tells it apart", interim_end_of_a_told_flow, VERDICT_ONE,
                        BIT(REASON_PROVEN), 0, 1, 0},
                {"or its identity", interim_end_of_a_flow_with_identity, VERDICT_ONE, BIT(REASON_PROVEN), 0,
                        1, 0},
                {"still there later, a flow that nothing tells apart", interim_end_of_an_untold_flow_later,
                        VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"nor is it one of several", interim_end_of_an_untold_flow_beside_another, VERDICT_UNKNOWN,
                        BIT(REASON_END_NOT_SEEN), BIT(REASON_SHARED_BY_DESTINATION), 0, 2},
                {"ended by then", bound_end, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
        };

        (void)state;
        RUN(cases);
}

/* --- Beginnings --- */

static void open_beginning(struct scene *s)
{
        set_open_beginning(scene_binding(s, ALICE, 0, 60));
}

static void open_beginning_ends_now(struct scene *s)
{
        set_open_beginning(scene_binding(s, ALICE, 0, 1));
}

static void open_beginning_of_two(struct scene *s)
{
        open_beginning_ends_now(s);
        set_open_beginning(scene_binding(s, BOB, 0, 60));
}

static void open_beginning_bounded_by_another(struct scene *s)
{
        open_beginning(s);
        scene_binding(s, BOB, 10, 20);
        scene_heard_only(s, NOW - 48 * TIME_HOUR, NOW + TIME_HOUR);
}

/* A log of whole seconds puts an end behind what happened within its second. */
static void open_beginning_bounded_within_a_second(struct scene *s)
{
        open_beginning_bounded_by_another(s);
        s->bindings[1].from_ms = s->bindings[1].to_ms = s->bindings[0].to_ms - 999;
}

static void open_beginning_not_bounded_dependent(struct scene *s)
{
        open_beginning_bounded_by_another(s);
        s->rules.mapping = MAPPING_DESTINATION_DEPENDENT;
}

static void open_beginning_bounded_by_itself(struct scene *s)
{
        open_beginning(s);
        scene_binding(s, ALICE, 10, 20);
}

static void interim_beginning(struct scene *s)
{
        scene_binding(s, ALICE, -20, 60)->from_edge = EDGE_INTERIM;
}

static void interim_beginning_asked_before(struct scene *s)
{
        scene_binding(s, ALICE, 20, 60)->from_edge = EDGE_INTERIM;
}

static void beginnings_that_were_not_seen(void **state)
{
        static const struct verdict_case cases[] = {
                {"no beginning, ends later", open_beginning, VERDICT_UNKNOWN, BIT(REASON_START_NOT_SEEN),
                        BIT(REASON_PROVEN), 0, 1},
                {"no beginning, ends within", open_beginning_ends_now, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1,
                        0},
                {"no beginning of two", open_beginning_of_two, VERDICT_UNKNOWN, BIT(REASON_START_NOT_SEEN),
                        BIT(REASON_PROVEN), 0, 2},
                {"another held it in between", open_beginning_bounded_by_another, VERDICT_NONE,
                        BIT(REASON_NOBODY), BIT(REASON_START_NOT_SEEN), 0, 0},
                {"another within the second of the end", open_beginning_bounded_within_a_second,
                        VERDICT_UNKNOWN, BIT(REASON_START_NOT_SEEN), BIT(REASON_NOBODY), 0, 1},
                {"which proves nothing here", open_beginning_not_bounded_dependent, VERDICT_UNKNOWN,
                        BIT(REASON_START_NOT_SEEN), BIT(REASON_NOBODY), 0, 1},
                {"the same host in between", open_beginning_bounded_by_itself, VERDICT_UNKNOWN,
                        BIT(REASON_START_NOT_SEEN), BIT(REASON_NOBODY), 0, 1},
                {"already there", interim_beginning, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"already there, later", interim_beginning_asked_before, VERDICT_UNKNOWN,
                        BIT(REASON_START_NOT_SEEN), BITS(REASON_PROVEN, REASON_NOBODY), 0, 1},
        };

        (void)state;
        RUN(cases);
}

/* --- Stretches --- */

static struct holding_list make(struct scene *s)
{
        struct holding_list list;
        scene_settle(s);
        assert_int_equal(holding_list_make(&s->question, &s->rules, &s->evidence, &list), 0);
        return list;
}

static void a_reused_end_is_said_so(void **state)
{
        struct scene s;
        struct attribution a;

        (void)state;
        scene_begin(&s);
        open_end_asked_before_reuse(&s);
        scene_settle(&s);
        assert_int_equal(attribution_decide(&s.question, &s.rules, &s.evidence, &a), 0);
        assert_int_equal(a.possible.count, 1);
        assert_int_equal(a.possible.items[0].binding.to_edge, EDGE_REUSED);
        assert_int_equal(a.possible.items[0].binding.to_ms, NOW + 30 * SEC);
        assert_int_equal(a.possible.items[0].margin_ms, 30 * SEC);
        attribution_free(&a);
        scene_end(&s);
}

static void a_gap_splits_what_is_certain(void **state)
{
        struct scene s;

        (void)state;
        scene_begin(&s);
        scene_binding(&s, ALICE, -60, 60);
        scene_gap(&s, GAP_DAMAGED, NOW - 5 * SEC, NOW + 5 * SEC);
        struct holding_list list = make(&s);
        const struct holding *h = &list.items[0];
        assert_false(h->continuous);
        assert_int_equal(h->certain_count, 2);
        assert_int_equal(h->certain[0].from, NOW - 60 * SEC);
        assert_int_equal(h->certain[0].to, NOW - 5 * SEC - 1);
        assert_int_equal(h->certain[1].from, NOW + 5 * SEC + 1);
        assert_int_equal(h->certain[1].to, NOW + 60 * SEC);
        assert_int_equal(h->possible.from, NOW - 60 * SEC);
        assert_int_equal(h->possible.to, NOW + 60 * SEC);
        holding_list_free(&list);
        scene_end(&s);
}

static void undetectable_loss_leaves_the_edges_only(void **state)
{
        struct scene s;

        (void)state;
        scene_begin(&s);
        scene_binding(&s, ALICE, -60, 60);
        s.evidence.loss_undetectable = true;
        struct holding_list list = make(&s);
        assert_int_equal(list.items[0].certain[0].to, NOW - 60 * SEC);
        assert_int_equal(list.items[0].certain[1].from, NOW + 60 * SEC);
        holding_list_free(&list);
        scene_end(&s);
}

/* The first opening behind the last sign of life counts, whoever made it; that of the same flow too. */
static void the_first_reuse_counts(void **state)
{
        static const struct {
                enum nat_kind kind;
                bool has_destination;
                int64_t reused;
        } cases[] = {
                {NAT_MAPPING, false, 10}, /* a second opening of the same mapping */
                {NAT_SESSION, true, 10},  /* of the same five-tuple */
                {NAT_SESSION, false,
                        20}, /* two flows of one host may look alike: only the other host counts */
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct scene s;
                scene_begin(&s);
                struct nat_binding *b = scene_binding(&s, ALICE, -60, 0);
                scene_binding(&s, BOB, -70, -65);
                scene_binding(&s, ALICE, 10, 12);
                scene_binding(&s, BOB, 20, 22);
                scene_binding(&s, CAROL, 30, 32);
                for (size_t k = 0; k < s.evidence.binding_count; k++) {
                        if (cases[i].has_destination)
                                set_destination(&s.bindings[k], SERVER, 443);
                        s.bindings[k].kind = (uint8_t)cases[i].kind;
                }
                set_open_end(b);
                struct holding_list list = make(&s);
                assert_true(list.exclusive);
                if (list.items[0].reused_ms != NOW + cases[i].reused * SEC)
                        fail_msg("case %zu: %lld", i, (long long)(list.items[0].reused_ms - NOW));
                holding_list_free(&list);
                scene_end(&s);
        }
}

static void a_sign_of_life_outlives_an_opening(void **state)
{
        struct scene s;

        (void)state;
        scene_begin(&s);
        scene_binding(&s, ALICE, -60, 30)->to_edge = EDGE_INTERIM;
        scene_binding(&s, BOB, -10, 10);
        struct holding_list list = make(&s);
        assert_true(list.items[0].reused_ms == TIME_UNKNOWN);
        holding_list_free(&list);
        scene_end(&s);
}

static void only_a_whole_question_is_exclusive(void **state)
{
        static const struct {
                int port, protocol;
                bool exclusive;
        } cases[] = {{PORT, 6, true}, {-1, 6, false}, {PORT, -1, false}};

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct scene s;
                scene_begin(&s);
                scene_binding(&s, ALICE, -60, 60);
                s.question.port = cases[i].port;
                s.question.protocol = cases[i].protocol;
                struct holding_list list = make(&s);
                assert_int_equal(list.count, 1);
                assert_int_equal(list.exclusive, cases[i].exclusive);
                holding_list_free(&list);
                scene_end(&s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ends_that_were_not_seen),
                cmocka_unit_test(beginnings_that_were_not_seen),
                cmocka_unit_test(a_reused_end_is_said_so),
                cmocka_unit_test(a_gap_splits_what_is_certain),
                cmocka_unit_test(undetectable_loss_leaves_the_edges_only),
                cmocka_unit_test(the_first_reuse_counts),
                cmocka_unit_test(a_sign_of_life_outlives_an_opening),
                cmocka_unit_test(only_a_whole_question_is_exclusive),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
