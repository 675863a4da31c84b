/* SPDX-License-Identifier: EUPL-1.2 */
/* The rules of the verdict, one by one: beside each case that yields a verdict or a reason stands one that
 * nearly does. Every case begins with the scene of scene_test.h and changes it. */
#include "nat/scene_test.h"

/* --- one --- */

static void alice_for_a_moment(struct scene *s)
{
        scene_binding(s, ALICE, -1, 1);
}

static void alice_touches_the_edge(struct scene *s)
{
        scene_binding(s, ALICE, -60, -2);
}

static void alice_just_missed(struct scene *s)
{
        scene_binding(s, ALICE, -60, -2)->to_ms--;
}

static void alice_then_bob_far_off(struct scene *s)
{
        scene_binding(s, ALICE, -60, -1);
        scene_binding(s, BOB, 2, 60)->from_ms++;
}

static void alice_twice(struct scene *s)
{
        scene_binding(s, ALICE, -60, -1);
        scene_binding(s, ALICE, 1, 60);
}

static void two_hosts_of_one_subscriber(struct scene *s)
{
        alice_then_bob_at_the_edge(s);
        scene_lease(s, ALICE, "the same", -9000, 9000);
        scene_lease(s, BOB, "the same", -9000, 9000);
}

static void alice_by_identity_over_a_gap(struct scene *s)
{
        scene_binding(s, ALICE, -60, 60)->session = 77;
        scene_gap(s, GAP_DAMAGED, NOW - 5 * SEC, NOW + 5 * SEC);
}

static void alice_over_a_gap(struct scene *s)
{
        scene_binding(s, ALICE, -60, 60);
        scene_gap(s, GAP_DAMAGED, NOW - 5 * SEC, NOW + 5 * SEC);
}

static void alice_by_identity_part_of_the_interval(struct scene *s)
{
        scene_binding(s, ALICE, -60, 1)->session = 77;
        scene_gap(s, GAP_DAMAGED, NOW - 5 * SEC, NOW + 5 * SEC);
}

static void alice_another_port(struct scene *s)
{
        struct nat_binding *b = scene_binding(s, ALICE, -60, 60);
        b->port_first = b->port_last = PORT + 1;
}

static void alice_another_protocol(struct scene *s)
{
        scene_binding(s, ALICE, -60, 60)->protocol = 17;
}

static void one_holder_is_proven(void **state)
{
        static const struct verdict_case cases[] = {
                {"through the interval", alice, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"moments in which it was free do not matter", alice_for_a_moment, VERDICT_ONE,
                        BIT(REASON_PROVEN), 0, 1, 0},
                {"ended at the first instant", alice_touches_the_edge, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1,
                        0},
                {"ended before the first instant", alice_just_missed, VERDICT_NONE, BIT(REASON_NOBODY),
                        BIT(REASON_PROVEN), 0, 0},
                {"the next holder after the last instant", alice_then_bob_far_off, VERDICT_ONE,
                        BIT(REASON_PROVEN), 0, 1, 0},
                {"the next holder at the last instant", alice_then_bob_at_the_edge, VERDICT_SEVERAL,
                        BIT(REASON_SHARED_IN_TIME), BIT(REASON_SHARED_BY_DESTINATION), 2, 0},
                {"the same host twice", alice_twice, VERDICT_ONE, BIT(REASON_PROVEN), 0, 2, 0},
                {"two hosts of one subscriber", two_hosts_of_one_subscriber, VERDICT_ONE, BIT(REASON_PROVEN),
                        0, 2, 0},
                {"one identity over a gap", alice_by_identity_over_a_gap, VERDICT_ONE, BIT(REASON_PROVEN), 0,
                        1, 0},
                {"over a gap without identity", alice_over_a_gap, VERDICT_UNKNOWN, BIT(REASON_LOG_GAP),
                        BIT(REASON_PROVEN), 0, 1},
                {"one identity, and a gap beside it", alice_by_identity_part_of_the_interval, VERDICT_UNKNOWN,
                        BIT(REASON_LOG_GAP), 0, 0, 1},
                {"another port", alice_another_port, VERDICT_NONE, BIT(REASON_NOBODY), 0, 0, 0},
                {"another protocol", alice_another_protocol, VERDICT_NONE, BIT(REASON_NOBODY), 0, 0, 0},
        };

        (void)state;
        RUN(cases);
}

/* --- Hidden earlier holders and exclusivity --- */

static void undeclared(struct scene *s)
{
        s->rules.mapping = MAPPING_UNDECLARED;
        alice(s);
}

static void heard_for(struct scene *s, int64_t before_ms)
{
        scene_heard_only(s, NOW - 2 * SEC - before_ms, NOW + TIME_HOUR);
}

static void undeclared_heard_a_day(struct scene *s)
{
        undeclared(s);
        heard_for(s, 24 * TIME_HOUR);
}

static void undeclared_heard_nearly_a_day(struct scene *s)
{
        undeclared(s);
        heard_for(s, 24 * TIME_HOUR - 1);
}

static void dependent_heard_nearly_a_day(struct scene *s)
{
        undeclared_heard_nearly_a_day(s);
        s->rules.mapping = MAPPING_DESTINATION_DEPENDENT;
}

static void independent_heard_an_hour(struct scene *s)
{
        alice(s);
        heard_for(s, TIME_HOUR);
}

static void independent_but_linux(struct scene *s)
{
        independent_heard_an_hour(s);
        s->bindings[0].flags |= NAT_DESTINATION_BOUND;
}

static void undeclared_from_the_beginning(struct scene *s)
{
        undeclared_heard_nearly_a_day(s);
        s->coverage.spans[0].flags |= SPAN_BEGINS_EMPTY;
}

static void untold_flows_heard_long(struct scene *s)
{
        undeclared(s);
        s->evidence.untold_flows = true;
}

static void untold_flows_from_the_beginning(struct scene *s)
{
        undeclared_from_the_beginning(s);
        s->evidence.untold_flows = true;
}

static void blocks_heard_two_days(struct scene *s)
{
        undeclared(s);
        s->evidence.blocks_in_realm = true;
}

static void blocks_heard_a_month(struct scene *s)
{
        blocks_heard_two_days(s);
        heard_for(s, 30 * TIME_DAY);
}

static void five_tuple(struct scene *s)
{
        s->rules.mapping = MAPPING_DESTINATION_DEPENDENT;
        set_destination(scene_binding(s, ALICE, -60, 60), SERVER, 443);
        s->question.destination = inside_address(SERVER);
        s->question.destination_port = 443;
        heard_for(s, TIME_HOUR);
}

static void four_tuple(struct scene *s)
{
        five_tuple(s);
        s->question.destination_port = -1;
}

static void five_tuple_some_without_destination(struct scene *s)
{
        five_tuple(s);
        scene_binding(s, ALICE, -50, 50);
}

static void five_tuple_of_another_server(struct scene *s)
{
        five_tuple(s);
        set_destination(scene_binding(s, BOB, -50, 50), OTHER_SERVER, 443);
}

static void five_tuple_of_another_service(struct scene *s)
{
        five_tuple(s);
        set_destination(scene_binding(s, BOB, -50, 50), SERVER, 444);
}

static void gap_within_a_day(struct scene *s)
{
        undeclared(s);
        scene_gap(s, GAP_DAMAGED, NOW - TIME_HOUR, NOW - TIME_HOUR + 1);
}

static void a_holder_from_before_the_log_is_excluded_or_said(void **state)
{
        static const struct verdict_case cases[] = {
                {"heard for a day", undeclared_heard_a_day, VERDICT_ONE, BIT(REASON_PROVEN),
                        BIT(REASON_EARLIER_HOLDER), 1, 0},
                {"heard for nearly a day", undeclared_heard_nearly_a_day, VERDICT_UNKNOWN,
                        BITS(REASON_EARLIER_HOLDER, REASON_MAPPING_UNDECLARED), 0, 0, 1},
                {"destination-dependent", dependent_heard_nearly_a_day, VERDICT_UNKNOWN,
                        BIT(REASON_EARLIER_HOLDER), BIT(REASON_MAPPING_UNDECLARED), 0, 1},
                {"endpoint-independent", independent_heard_an_hour, VERDICT_ONE, BIT(REASON_PROVEN),
                        BIT(REASON_EARLIER_HOLDER), 1, 0},
                {"declared independent, but a dialect that lends twice", independent_but_linux,
                        VERDICT_UNKNOWN, BIT(REASON_EARLIER_HOLDER), BIT(REASON_MAPPING_UNDECLARED), 0, 1},
                {"the NAT began empty", undeclared_from_the_beginning, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1,
                        0},
                {"flows that are not told apart", untold_flows_heard_long, VERDICT_UNKNOWN,
                        BIT(REASON_EARLIER_HOLDER), 0, 0, 1},
                {"flows not told apart, all seen to open", untold_flows_from_the_beginning, VERDICT_ONE,
                        BIT(REASON_PROVEN), 0, 1, 0},
                {"a block lives longer than a session", blocks_heard_two_days, VERDICT_UNKNOWN,
                        BIT(REASON_EARLIER_HOLDER), 0, 0, 1},
                {"longer than any block", blocks_heard_a_month, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"a gap within the day", gap_within_a_day, VERDICT_UNKNOWN, BIT(REASON_EARLIER_HOLDER), 0, 0,
                        1},
                {"a five-tuple has one holder", five_tuple, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"without the destination's port", four_tuple, VERDICT_UNKNOWN, BIT(REASON_EARLIER_HOLDER), 0,
                        0, 1},
                {"a record without a destination", five_tuple_some_without_destination, VERDICT_UNKNOWN,
                        BIT(REASON_EARLIER_HOLDER), 0, 0, 2},
                {"another server", five_tuple_of_another_server, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
                {"another service", five_tuple_of_another_service, VERDICT_ONE, BIT(REASON_PROVEN), 0, 1, 0},
        };

        (void)state;
        RUN(cases);
}

/* --- several --- */

static void two_at_once(struct scene *s)
{
        s->rules.mapping = MAPPING_DESTINATION_DEPENDENT;
        set_destination(scene_binding(s, ALICE, -60, 60), SERVER, 443);
        set_destination(scene_binding(s, BOB, -50, 50), OTHER_SERVER, 443);
}

static void two_at_once_against_the_declaration(struct scene *s)
{
        two_at_once(s);
        s->rules.mapping = MAPPING_ENDPOINT_INDEPENDENT;
}

/* The end of the first was lost inside the NAT, and its mapping is not declared. */
static void one_block_lent_to_two(struct scene *s)
{
        s->rules.mapping = MAPPING_UNDECLARED;
        scene_binding(s, ALICE, -60, 60)->kind = NAT_BLOCK;
        scene_binding(s, BOB, -50, 50)->kind = NAT_BLOCK;
}

static void two_at_once_asked_for_one(struct scene *s)
{
        two_at_once(s);
        s->question.destination = inside_address(SERVER);
}

static void two_at_once_destination_not_stored(struct scene *s)
{
        alice(s);
        s->question.destination = inside_address(SERVER);
}

static void no_port(struct scene *s)
{
        alice(s);
        s->question.port = -1;
}

static void no_port_nobody(struct scene *s)
{
        s->question.port = -1;
}

static void no_port_whole_address(struct scene *s)
{
        whole_address(s);
        s->question.port = -1;
}

static void no_port_nor_protocol_whole_address(struct scene *s)
{
        no_port_whole_address(s);
        s->question.protocol = -1;
}

static void no_port_nearly_whole_address(struct scene *s)
{
        whole_address(s)->port_first = 1;
        s->question.port = -1;
}

static void no_protocol(struct scene *s)
{
        alice(s);
        s->question.protocol = -1;
}

static void no_protocol_every_protocol_lent(struct scene *s)
{
        no_protocol(s);
        s->bindings[0].protocol = NAT_PROTOCOL_ANY;
}

static void gre(struct scene *s)
{
        whole_address(s);
        s->question.port = -1;
        s->question.protocol = 47;
}

static void gre_by_port(struct scene *s)
{
        alice(s);
        s->question.port = -1;
        s->question.protocol = 47;
}

static void two_certain_over_a_gap(struct scene *s)
{
        alice_then_bob_at_the_edge(s);
        scene_gap(s, GAP_DAMAGED, NOW - 500, NOW + 500);
}

static void certain_and_possible(struct scene *s)
{
        alice(s);
        set_open_end(scene_binding(s, BOB, -9000, 0));
        scene_heard_only(s, NOW - 100 * SEC, NOW + TIME_HOUR);
        s->rules.mapping = MAPPING_DESTINATION_DEPENDENT;
}

static void two_holders_or_too_coarse(void **state)
{
        static const struct verdict_case cases[] = {
                {"at once, towards two destinations", two_at_once, VERDICT_SEVERAL,
                        BIT(REASON_SHARED_BY_DESTINATION), BITS(REASON_SHARED_IN_TIME, REASON_CONTRADICTION),
                        2, 0},
                {"which the declaration rules out", two_at_once_against_the_declaration, VERDICT_UNKNOWN,
                        BIT(REASON_CONTRADICTION), BIT(REASON_SHARED_BY_DESTINATION), 0, 2},
                {"one block lent to two", one_block_lent_to_two, VERDICT_UNKNOWN, BIT(REASON_CONTRADICTION),
                        BIT(REASON_SHARED_BY_DESTINATION), 0, 2},
                {"told apart by the destination", two_at_once_asked_for_one, VERDICT_ONE, BIT(REASON_PROVEN),
                        BIT(REASON_DESTINATION_NOT_STORED), 1, 0},
                {"a destination that is not stored", two_at_once_destination_not_stored, VERDICT_ONE,
                        BIT(REASON_DESTINATION_NOT_STORED), 0, 1, 0},
                {"no port", no_port, VERDICT_SEVERAL, BIT(REASON_NO_PORT), BIT(REASON_NO_PROTOCOL), 1, 0},
                {"no port, and nobody", no_port_nobody, VERDICT_NONE, BIT(REASON_NOBODY), BIT(REASON_NO_PORT),
                        0, 0},
                {"no port, the whole address is one's", no_port_whole_address, VERDICT_ONE,
                        BIT(REASON_PROVEN), BIT(REASON_NO_PORT), 1, 0},
                {"no port, all but one port", no_port_nearly_whole_address, VERDICT_SEVERAL,
                        BIT(REASON_NO_PORT), 0, 1, 0},
                {"neither, the whole address is one's", no_port_nor_protocol_whole_address, VERDICT_ONE,
                        BIT(REASON_PROVEN), BITS(REASON_NO_PORT, REASON_NO_PROTOCOL), 1, 0},
                {"no protocol", no_protocol, VERDICT_SEVERAL, BIT(REASON_NO_PROTOCOL), BIT(REASON_NO_PORT), 1,
                        0},
                {"no protocol, all of them are lent", no_protocol_every_protocol_lent, VERDICT_ONE,
                        BIT(REASON_PROVEN), BIT(REASON_NO_PROTOCOL), 1, 0},
                {"GRE has no port", gre, VERDICT_ONE, BITS(REASON_PROVEN, REASON_PORTLESS_PROTOCOL),
                        BIT(REASON_NO_PORT), 1, 0},
                {"GRE, and only ports are lent", gre_by_port, VERDICT_NONE, BIT(REASON_PORTLESS_PROTOCOL), 0,
                        0, 0},
                {"two proven, whatever was lost", two_certain_over_a_gap, VERDICT_SEVERAL,
                        BIT(REASON_SHARED_IN_TIME), 0, 2, 0},
                {"one proven, one possible", certain_and_possible, VERDICT_UNKNOWN,
                        BITS(REASON_END_NOT_SEEN, REASON_EARLIER_HOLDER), BIT(REASON_PROVEN), 0, 2},
        };

        (void)state;
        RUN(cases);
}

/* --- none --- */

static void nobody(struct scene *s)
{
        heard_for(s, 24 * TIME_HOUR);
}

static void nobody_heard_too_short(struct scene *s)
{
        heard_for(s, 24 * TIME_HOUR - 1);
}

static void nobody_not_ours(struct scene *s)
{
        s->evidence.ours = false;
}

static void nobody_second_exporter_silent(struct scene *s)
{
        s->evidence.expected_count = 2;
}

static void nobody_second_exporter_heard(struct scene *s)
{
        nobody_second_exporter_silent(s);
        scene_span(s, 1, NOW - 48 * TIME_HOUR, NOW + TIME_HOUR);
}

static void nobody_second_exporter_ended(struct scene *s)
{
        nobody_second_exporter_silent(s);
        scene_span(s, 1, NOW - 48 * TIME_HOUR, NOW);
}

static void nobody_second_exporter_does_not_count(struct scene *s)
{
        static const bool counts[] = {true, false};
        nobody_second_exporter_ended(s);
        s->evidence.expected_count = 1;
        s->evidence.exporter_counts = counts;
}

static void nobody_loss_undetectable(struct scene *s)
{
        s->evidence.loss_undetectable = true;
}

static void nobody_never_heard(struct scene *s)
{
        s->coverage.span_count = 0;
        s->evidence.expected_count = 0;
}

static void nobody_heard_to(struct scene *s, int64_t to)
{
        scene_heard_only(s, NOW - 48 * TIME_HOUR, to);
}

static void nobody_heard_long_enough(struct scene *s)
{
        nobody_heard_to(s, NOW + 2 * SEC + 1000);
}

static void nobody_heard_a_moment_too_short(struct scene *s)
{
        nobody_heard_to(s, NOW + 2 * SEC + 999);
}

static void nobody_gap_inside(struct scene *s)
{
        scene_gap(s, GAP_UNDECODABLE, NOW + 2 * SEC, NOW + 9 * SEC);
}

static void nobody_gap_after(struct scene *s)
{
        scene_gap(s, GAP_UNDECODABLE, NOW + 2 * SEC + 1, NOW + 9 * SEC);
}

/* Heard for an hour only: who held it before is not known, but that it was free then was seen. */
static void seen_to_end(struct scene *s)
{
        scene_binding(s, ALICE, -600, -60);
        heard_for(s, TIME_HOUR);
}

static void seen_to_end_then_a_gap(struct scene *s)
{
        seen_to_end(s);
        scene_gap(s, GAP_DAMAGED, NOW - 50 * SEC, NOW - 49 * SEC);
}

static void seen_to_end_a_session(struct scene *s)
{
        seen_to_end(s);
        s->bindings[0].kind = NAT_SESSION;
}

static void seen_to_end_not_exclusive(struct scene *s)
{
        seen_to_end(s);
        s->rules.mapping = MAPPING_DESTINATION_DEPENDENT;
}

static void seen_to_end_below_blocks(struct scene *s)
{
        seen_to_end(s);
        s->evidence.blocks_in_realm = true;
}

static void seen_to_end_interim(struct scene *s)
{
        seen_to_end(s);
        s->bindings[0].to_edge = EDGE_INTERIM;
}

static void seen_to_end_interim_then_a_gap(struct scene *s)
{
        seen_to_end_then_a_gap(s);
        s->bindings[0].to_edge = EDGE_INTERIM;
}

static void seen_to_open(struct scene *s)
{
        scene_binding(s, ALICE, 10, 60);
        heard_for(s, TIME_HOUR);
}

static void seen_to_open_behind_a_gap(struct scene *s)
{
        seen_to_open(s);
        scene_gap(s, GAP_DAMAGED, NOW + 5 * SEC, NOW + 6 * SEC);
}

static void nobody_is_proven_or_not(void **state)
{
        static const struct verdict_case cases[] = {
                {"heard for a day", nobody, VERDICT_NONE, BIT(REASON_NOBODY), BIT(REASON_EARLIER_HOLDER), 0,
                        0},
                {"heard for nearly a day", nobody_heard_too_short, VERDICT_UNKNOWN,
                        BIT(REASON_EARLIER_HOLDER), BIT(REASON_NOBODY), 0, 0},
                {"not our address", nobody_not_ours, VERDICT_UNKNOWN, BIT(REASON_NOT_OUR_ADDRESS),
                        BIT(REASON_NOBODY), 0, 0},
                {"an exporter that was never heard", nobody_second_exporter_silent, VERDICT_UNKNOWN,
                        BIT(REASON_NOT_HEARD), BIT(REASON_NOBODY), 0, 0},
                {"both exporters heard", nobody_second_exporter_heard, VERDICT_NONE, BIT(REASON_NOBODY),
                        BIT(REASON_NOT_HEARD), 0, 0},
                {"one of two fell silent", nobody_second_exporter_ended, VERDICT_UNKNOWN,
                        BIT(REASON_NOT_HEARD), BIT(REASON_NOBODY), 0, 0},
                {"the silent one does not count", nobody_second_exporter_does_not_count, VERDICT_NONE,
                        BIT(REASON_NOBODY), 0, 0, 0},
                {"loss cannot be seen", nobody_loss_undetectable, VERDICT_UNKNOWN,
                        BIT(REASON_LOSS_UNDETECTABLE), BIT(REASON_NOBODY), 0, 0},
                {"never heard", nobody_never_heard, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD),
                        BIT(REASON_NOBODY), 0, 0},
                {"heard a delay longer than the interval", nobody_heard_long_enough, VERDICT_NONE,
                        BIT(REASON_NOBODY), 0, 0, 0},
                {"heard a little less", nobody_heard_a_moment_too_short, VERDICT_UNKNOWN,
                        BIT(REASON_NOT_HEARD), BIT(REASON_NOBODY), 0, 0},
                {"a gap at the last instant", nobody_gap_inside, VERDICT_UNKNOWN, BIT(REASON_LOG_GAP),
                        BIT(REASON_NOBODY), 0, 0},
                {"a gap behind it", nobody_gap_after, VERDICT_NONE, BIT(REASON_NOBODY), BIT(REASON_LOG_GAP),
                        0, 0},
                {"seen to become free", seen_to_end, VERDICT_NONE, BIT(REASON_NOBODY),
                        BIT(REASON_EARLIER_HOLDER), 0, 0},
                {"free, then a gap", seen_to_end_then_a_gap, VERDICT_UNKNOWN, BIT(REASON_EARLIER_HOLDER),
                        BIT(REASON_NOBODY), 0, 0},
                {"only one flow was seen to end", seen_to_end_a_session, VERDICT_UNKNOWN,
                        BIT(REASON_EARLIER_HOLDER), 0, 0, 0},
                {"free for one destination", seen_to_end_not_exclusive, VERDICT_UNKNOWN,
                        BIT(REASON_EARLIER_HOLDER), 0, 0, 0},
                {"free within a block", seen_to_end_below_blocks, VERDICT_UNKNOWN, BIT(REASON_EARLIER_HOLDER),
                        0, 0, 0},
                {"still there a minute before, and no end came", seen_to_end_interim, VERDICT_ONE,
                        BIT(REASON_PROVEN), 0, 1, 0},
                {"still there a minute before, then a gap", seen_to_end_interim_then_a_gap, VERDICT_UNKNOWN,
                        BIT(REASON_END_NOT_SEEN), BIT(REASON_NOBODY), 0, 1},
                {"opened later", seen_to_open, VERDICT_NONE, BIT(REASON_NOBODY), BIT(REASON_EARLIER_HOLDER),
                        0, 0},
                {"opened later, behind a gap", seen_to_open_behind_a_gap, VERDICT_UNKNOWN,
                        BIT(REASON_EARLIER_HOLDER), BIT(REASON_NOBODY), 0, 0},
        };

        (void)state;
        RUN(cases);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_holder_is_proven),
                cmocka_unit_test(a_holder_from_before_the_log_is_excluded_or_said),
                cmocka_unit_test(two_holders_or_too_coarse),
                cmocka_unit_test(nobody_is_proven_or_not),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
