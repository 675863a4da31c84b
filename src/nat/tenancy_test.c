/* SPDX-License-Identifier: EUPL-1.2 */
/* Whose was the inside address? Leases, and what the verdict makes of them. */
#include "nat/scene_test.h"

/* --- Leases alone --- */

static void whole(struct scene *s)
{
        scene_lease(s, ALICE, "anna", -60, 60);
}

static void part(struct scene *s)
{
        scene_lease(s, ALICE, "anna", -60, 1);
}

static void beside(struct scene *s)
{
        scene_lease(s, ALICE, "anna", -60, -5);
}

static void part_complete_log(struct scene *s)
{
        part(s);
        s->rules.lease_log_complete = true;
        s->evidence.leases_heard_until_ms = NOW + 20 * SEC;
}

/* Who came after him may stand in what was not heard yet. */
static void part_complete_log_heard_short(struct scene *s)
{
        part_complete_log(s);
        s->evidence.leases_heard_until_ms = NOW + 3 * SEC;
}

static void two_pieces_of_one(struct scene *s)
{
        scene_lease(s, ALICE, "anna", -60, -2);
        scene_lease(s, ALICE, "anna", 0, 60);
}

static void change_inside(struct scene *s)
{
        scene_lease(s, ALICE, "anna", -60, 0);
        scene_lease(s, ALICE, "berta", 1, 60);
}

/* The lease log has a clock of its own: a change within its uncertainty beside the interval may have been
 * inside. */
static void change_within_the_uncertainty(struct scene *s)
{
        scene_lease(s, ALICE, "anna", -60, 4);
        scene_lease(s, ALICE, "berta", 4, 60);
}

static void change_beyond_the_uncertainty(struct scene *s)
{
        change_within_the_uncertainty(s);
        s->leases.items[1].is.from_ms++;
}

static void change_before_within_the_uncertainty(struct scene *s)
{
        scene_lease(s, ALICE, "berta", -600, -4);
        scene_lease(s, ALICE, "anna", -3, 60);
}

static void change_before_beyond_the_uncertainty(struct scene *s)
{
        change_before_within_the_uncertainty(s);
        s->leases.items[0].is.to_ms--;
}

static struct lease *no_end(struct scene *s, int64_t from, int64_t seen)
{
        struct lease *lease = scene_lease(s, ALICE, "anna", from, 0);
        lease->is.to_edge = EDGE_OPEN;
        lease->is.to_ms = TIME_UNKNOWN;
        lease->seen_until_ms = NOW + seen * SEC;
        return lease;
}

static void standing(struct scene *s)
{
        no_end(s, -60, -60)->is.flags |= LEASE_STANDING;
}

static void standing_then_another(struct scene *s)
{
        standing(s);
        scene_lease(s, ALICE, "berta", 10, 60);
}

static void standing_then_anothers_session(struct scene *s)
{
        standing_then_another(s);
        s->leases.items[1].is.session = 7;
}

/* At the change itself both may have had it. */
static void standing_then_another_soon(struct scene *s)
{
        standing(s);
        scene_lease(s, ALICE, "berta", 3, 60);
}

static void ended_by(struct scene *s)
{
        struct lease *lease = scene_lease(s, ALICE, "anna", -60, 60);
        lease->is.to_edge = EDGE_BOUND;
        lease->seen_until_ms = NOW + 10 * SEC;
}

static void ended_by_not_seen(struct scene *s)
{
        ended_by(s);
        s->leases.items[0].seen_until_ms = NOW - 10 * SEC;
}

/* The address had been given back at some time before another got it. */
static void ended_by_then_another(struct scene *s)
{
        ended_by_not_seen(s);
        s->leases.items[0].is.to_ms = NOW;
        scene_lease(s, ALICE, "berta", 0, 60);
}

/* What a DHCP server's file does not cover proves nothing, even where the log is said to be complete. */
static void renewable_complete(struct scene *s)
{
        no_end(s, -60, -10)->is.flags |= LEASE_RENEWABLE;
        s->rules.lease_log_complete = true;
        s->evidence.leases_heard_until_ms = NOW + 20 * SEC;
}

static void renewable_part_complete(struct scene *s)
{
        part_complete_log(s);
        s->leases.items[0].is.flags |= LEASE_RENEWABLE;
}

static void standing_then_the_same(struct scene *s)
{
        standing(s);
        scene_lease(s, ALICE, "anna", 10, 60);
}

static void standing_until_another_before(struct scene *s)
{
        standing(s);
        scene_lease(s, ALICE, "berta", -30, 60);
}

static void not_seen_again(struct scene *s)
{
        no_end(s, -60, -10);
}

static void seen_again(struct scene *s)
{
        no_end(s, -60, 10);
}

static void not_seen_again_complete(struct scene *s)
{
        no_end(s, -60, -10);
        s->rules.lease_log_complete = true;
        s->evidence.leases_heard_until_ms = NOW + 2 * SEC;
}

static void not_seen_again_complete_but_heard_short(struct scene *s)
{
        no_end(s, 5, 5);
        s->rules.lease_log_complete = true;
        s->evidence.leases_heard_until_ms = NOW + 2 * SEC;
        s->leases.items[0].is.from_ms = NOW - 60 * SEC;
        s->leases.items[0].seen_until_ms = NOW - 60 * SEC;
        s->evidence.leases_heard_until_ms = NOW - 10 * SEC;
}

static void no_beginning(struct scene *s)
{
        struct lease *lease = scene_lease(s, ALICE, "anna", 0, 60);
        lease->is.from_edge = EDGE_OPEN;
        lease->is.from_ms = TIME_UNKNOWN;
}

static void computed_beginning(struct scene *s)
{
        whole(s);
        s->leases.items[0].is.from_edge = EDGE_BOUND;
}

static void computed_beginning_at_its_stop(struct scene *s)
{
        scene_lease(s, ALICE, "anna", -60, 0)->is.from_edge = EDGE_BOUND;
}

/* Seen in the session since half a minute ago, and for how long the session had existed. */
static void computed_beginning_and_seen(struct scene *s)
{
        computed_beginning(s);
        scene_lease(s, ALICE, "anna", -30, 60)->is.from_edge = EDGE_INTERIM;
        s->leases.items[0].is.session = s->leases.items[1].is.session = 7;
}

/* The session of berta existed when anna had the address, which berta got later. */
static void computed_beginning_of_another(struct scene *s)
{
        no_end(s, -90, 0);
        scene_lease(s, ALICE, "berta", -60, 600)->is.from_edge = EDGE_BOUND;
}

/* What came before the session is nobody's affair. */
static void computed_beginning_of_another_later(struct scene *s)
{
        whole(s);
        scene_lease(s, ALICE, "berta", 200, 600)->is.from_edge = EDGE_INTERIM;
        scene_lease(s, ALICE, "berta", 100, 600)->is.from_edge = EDGE_BOUND;
        s->leases.items[1].is.session = s->leases.items[2].is.session = 7;
}

static void interim_beginning_later(struct scene *s)
{
        scene_lease(s, ALICE, "anna", 1, 60)->is.from_edge = EDGE_INTERIM;
}

static void nested_another(struct scene *s)
{
        whole(s);
        struct lease *lease = scene_lease(s, ALICE, "reseller", -9000, 9000);
        lease->is.prefix = prefix_of(&lease->is.prefix.address, 120);
}

static void nested_same(struct scene *s)
{
        part(s);
        struct lease *lease = scene_lease(s, ALICE, "anna", -9000, 9000);
        lease->is.prefix = prefix_of(&lease->is.prefix.address, 120);
}

static void another_network(struct scene *s)
{
        struct lease *lease = scene_lease(s, ALICE, "anna", -60, 60);
        lease->is.flags = 0;
        lease->is.vrf = 3;
}

static void too_many(struct scene *s)
{
        for (unsigned i = 0; i <= TENANTS_MAX; i++)
                scene_lease(s, ALICE, "anna", -60, 60);
}

static void just_not_too_many(struct scene *s)
{
        for (unsigned i = 0; i < TENANTS_MAX; i++)
                scene_lease(s, ALICE, "anna", -60, 60);
}

static void tenants_are_proven_or_not(void **state)
{
        static const struct {
                const char *name;
                void (*arrange)(struct scene *s);
                unsigned count;
                bool proven, changed;
        } cases[] = {
                {"a lease throughout", whole, 1, true, false},
                {"a lease for a part", part, 1, false, false},
                {"a lease that is over", beside, 0, false, false},
                {"for a part, in a complete log", part_complete_log, 1, true, false},
                {"for a part, in a complete log heard short", part_complete_log_heard_short, 1, false, false},
                {"two pieces that do not meet", two_pieces_of_one, 2, false, false},
                {"handed over inside", change_inside, 2, false, true},
                {"handed over at the uncertainty's edge", change_within_the_uncertainty, 2, false, true},
                {"handed over beyond it", change_beyond_the_uncertainty, 1, true, false},
                {"handed over before, at the edge", change_before_within_the_uncertainty, 2, false, true},
                {"handed over before, beyond it", change_before_beyond_the_uncertainty, 1, true, false},
                {"standing", standing, 1, true, false},
                {"standing, another row follows later", standing_then_another, 1, true, false},
                {"standing, another\'s session follows later", standing_then_anothers_session, 1, false,
                        false},
                {"standing, another row follows at once", standing_then_another_soon, 2, false, true},
                {"ended by then, seen until later", ended_by, 1, true, false},
                {"ended by then, not seen", ended_by_not_seen, 1, false, false},
                {"ended by then, another followed", ended_by_then_another, 2, false, true},
                {"renewable, not seen again, in a complete log", renewable_complete, 1, false, false},
                {"renewable, for a part, in a complete log", renewable_part_complete, 1, false, false},
                {"standing, the same follows", standing_then_the_same, 1, true, false},
                {"standing until another followed", standing_until_another_before, 1, true, false},
                {"no end, not seen again", not_seen_again, 1, false, false},
                {"no end, seen later", seen_again, 1, true, false},
                {"no end, in a complete log", not_seen_again_complete, 1, true, false},
                {"in a complete log that was heard too short", not_seen_again_complete_but_heard_short, 1,
                        false, false},
                {"no beginning", no_beginning, 1, false, false},
                {"a computed beginning", computed_beginning, 1, false, false},
                {"a computed beginning, at the stop", computed_beginning_at_its_stop, 1, false, false},
                {"a computed beginning, and seen since", computed_beginning_and_seen, 2, true, false},
                {"another's session, and the address later", computed_beginning_of_another, 2, false, true},
                {"another's session, that began later", computed_beginning_of_another_later, 1, true, false},
                {"already there, later", interim_beginning_later, 1, false, false},
                {"within another\'s prefix", nested_another, 1, true, false},
                {"within the own prefix", nested_same, 2, true, false},
                {"another network", another_network, 0, false, false},
                {"more than are looked at", too_many, TENANTS_MAX, false, false},
                {"as many as are looked at", just_not_too_many, TENANTS_MAX, true, false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct scene s;
                struct tenancy t;
                struct address address = inside_address(ALICE);
                struct stretch stretch = {.from = NOW - 2 * SEC, .to = NOW + 2 * SEC};

                scene_begin(&s);
                cases[i].arrange(&s);
                scene_settle(&s);
                tenancy_find(&s.rules, &s.evidence, &address, 0, true, stretch, &t);
                if (t.count != cases[i].count || t.proven != cases[i].proven || t.changed != cases[i].changed)
                        fail_msg("%s: %u tenants, proven %d, changed %d", cases[i].name, t.count, t.proven,
                                t.changed);
                scene_end(&s);
        }
}

/* --- The verdict --- */

static void alice_whole(struct scene *s)
{
        alice(s);
        whole(s);
}

static void alice_part(struct scene *s)
{
        alice(s);
        part(s);
}

static void alice_change_inside(struct scene *s)
{
        alice(s);
        change_inside(s);
}

/* The holding touches only the first tenant's time. */
static void alice_ends_before_the_change(struct scene *s)
{
        scene_binding(s, ALICE, -60, 0)->to_ms -= 1500;
        scene_lease(s, ALICE, "anna", -60, 1);
        scene_lease(s, ALICE, "berta", 1, 60);
}

static void alice_ends_near_the_change(struct scene *s)
{
        scene_binding(s, ALICE, -60, -1);
        scene_lease(s, ALICE, "anna", -60, 1);
        scene_lease(s, ALICE, "berta", 1, 60);
}

static void alice_and_a_host_without_lease(struct scene *s)
{
        alice_then_bob_at_the_edge(s);
        scene_lease(s, ALICE, "anna", -90, 90);
}

static void alice_two_pieces(struct scene *s)
{
        alice(s);
        two_pieces_of_one(s);
}

/* One host, twice: under a lease first, then without one. That is no second person. */
static void alice_twice_and_leased_once(struct scene *s)
{
        scene_binding(s, ALICE, -60, -1);
        scene_binding(s, ALICE, 1, 60);
        scene_lease(s, ALICE, "anna", -90, -1)->is.to_ms = NOW - 1001;
}

static void bobs_lease_only(struct scene *s)
{
        alice(s);
        scene_lease(s, BOB, "berta", -60, 60);
}

static void clock_off_and_leased_through(struct scene *s)
{
        alice(s);
        s->coverage.spans[0].offset_min_ms = s->coverage.spans[0].offset_max_ms = -60000;
        scene_lease(s, ALICE, "anna", -90, 90);
}

static void clock_off_and_leased_shortly(struct scene *s)
{
        clock_off_and_leased_through(s);
        s->bindings[0].from_ms = NOW - 10 * SEC;
        s->leases.items[0].is.from_ms = NOW - 30 * SEC;
}

/* By a clock that is right, the lease covers the holding and that is enough. */
static void clock_right_and_leased_shortly(struct scene *s)
{
        clock_off_and_leased_shortly(s);
        s->coverage.spans[0].offset_min_ms = s->coverage.spans[0].offset_max_ms = 0;
}

/* By a clock that is a minute ahead: opened ten seconds before what is asked, when it was berta's address. */
static void clock_ahead_and_opened_by_another(struct scene *s)
{
        scene_binding(s, ALICE, 50, 120);
        s->coverage.spans[0].offset_min_ms = s->coverage.spans[0].offset_max_ms = 60000;
        scene_lease(s, ALICE, "berta", -90, -5)->is.to_ms = NOW - 5001;
        scene_lease(s, ALICE, "anna", -5, 900);
}

static void clock_ahead_and_opened_by_himself(struct scene *s)
{
        clock_ahead_and_opened_by_another(s);
        s->bindings[0].from_ms += 9 * SEC;
}

/* A flow is his who opened it: berta got the address when anna had left, and it was not closed. Bob holds the
 * port as well, towards another destination. */
static void opened_by_the_tenant_before_beside_another(struct scene *s)
{
        s->rules.mapping = MAPPING_DESTINATION_DEPENDENT;
        scene_binding(s, ALICE, -600, 600);
        scene_binding(s, BOB, -10, 10);
        scene_lease(s, ALICE, "anna", -900, -300);
        scene_lease(s, ALICE, "berta", -290, 900);
        scene_lease(s, BOB, "carla", -900, 900);
}

/* Whether anna had the address all the time is not known, but she opened it and has it. */
static void opened_by_the_same_tenant_beside_another(struct scene *s)
{
        opened_by_the_tenant_before_beside_another(s);
        snprintf(s->leases.items[1].is.subscriber, SUBSCRIBER_MAX, "anna");
}

static void leases_bring_the_verdict_to_a_person(void **state)
{
        static const struct verdict_case cases[] = {
                {"leased throughout", alice_whole, VERDICT_ONE, BIT(REASON_PROVEN),
                        BITS(REASON_NO_LEASE, REASON_LEASE_NOT_PROVEN), 1, 0},
                {"leased for a part", alice_part, VERDICT_UNKNOWN, BIT(REASON_LEASE_NOT_PROVEN),
                        BITS(REASON_PROVEN, REASON_LEASE_CHANGED), 0, 1},
                {"in two pieces that do not meet", alice_two_pieces, VERDICT_UNKNOWN,
                        BIT(REASON_LEASE_NOT_PROVEN), BIT(REASON_PROVEN), 0, 2},
                {"handed over inside", alice_change_inside, VERDICT_SEVERAL, BIT(REASON_LEASE_CHANGED),
                        BIT(REASON_PROVEN), 2, 0},
                {"held until well before it was handed over", alice_ends_before_the_change, VERDICT_ONE,
                        BIT(REASON_PROVEN), BIT(REASON_LEASE_CHANGED), 1, 0},
                {"held until nearly then", alice_ends_near_the_change, VERDICT_UNKNOWN,
                        BIT(REASON_LEASE_CHANGED), BIT(REASON_PROVEN), 0, 2},
                {"opened by the tenant before", opened_by_the_tenant_before_beside_another, VERDICT_UNKNOWN,
                        BITS(REASON_LEASE_CHANGED, REASON_LEASE_NOT_PROVEN), BIT(REASON_PROVEN), 0, 3},
                {"opened under an earlier lease of the same", opened_by_the_same_tenant_beside_another,
                        VERDICT_SEVERAL, BIT(REASON_SHARED_BY_DESTINATION), BIT(REASON_PROVEN), 2, 1},
                {"one with a lease, one without", alice_and_a_host_without_lease, VERDICT_SEVERAL,
                        BIT(REASON_SHARED_IN_TIME), BIT(REASON_PROVEN), 2, 0},
                {"one host, with and without a lease", alice_twice_and_leased_once, VERDICT_UNKNOWN,
                        BIT(REASON_LEASE_NOT_PROVEN), BITS(REASON_PROVEN, REASON_SHARED_IN_TIME), 0, 2},
                {"leases, but none of this host", bobs_lease_only, VERDICT_ONE,
                        BITS(REASON_PROVEN, REASON_NO_LEASE), 0, 1, 0},
                {"a clock far off, leased through all of it", clock_off_and_leased_through, VERDICT_ONE,
                        BITS(REASON_PROVEN, REASON_CLOCK_OFFSET), 0, 1, 0},
                {"a clock that is right, leased as long", clock_right_and_leased_shortly, VERDICT_ONE,
                        BIT(REASON_PROVEN), BIT(REASON_CLOCK_OFFSET), 1, 0},
                {"a clock far off, leased for a part", clock_off_and_leased_shortly, VERDICT_UNKNOWN,
                        BITS(REASON_LEASE_NOT_PROVEN, REASON_CLOCK_OFFSET), BIT(REASON_PROVEN), 0, 1},
                {"a clock that is ahead, opened under another's lease", clock_ahead_and_opened_by_another,
                        VERDICT_UNKNOWN, BITS(REASON_LEASE_CHANGED, REASON_CLOCK_OFFSET), BIT(REASON_PROVEN),
                        0, 2},
                {"a clock that is ahead, opened under his own", clock_ahead_and_opened_by_himself,
                        VERDICT_ONE, BITS(REASON_PROVEN, REASON_CLOCK_OFFSET), 0, 1, 0},
        };

        (void)state;
        RUN(cases);
}

/* --- The address asked is itself leased --- */

static const uint8_t delegated[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x17, 0, 0x12, [15] = 1};

static void ask_ipv6(struct scene *s)
{
        s->question.address = address_from_ipv6(delegated);
        s->question.port = 443;
}

static void ipv6_leased(struct scene *s, int64_t from, int64_t to)
{
        ask_ipv6(s);
        scene_lease(s, ALICE, "anna", from, to)->is.prefix = prefix_of(&s->question.address, 56);
}

static void ipv6_leased_throughout(struct scene *s)
{
        ipv6_leased(s, -60, 60);
}

static void ipv6_leased_without_port(struct scene *s)
{
        ipv6_leased_throughout(s);
        s->question.port = s->question.protocol = -1;
}

static void ipv6_leased_in_part(struct scene *s)
{
        ipv6_leased(s, -60, 1);
}

static void ipv6_handed_over(struct scene *s)
{
        ipv6_leased(s, -60, 0);
        ipv6_leased(s, 1, 60);
        snprintf(s->leases.items[1].is.subscriber, SUBSCRIBER_MAX, "berta");
}

static void ipv6_neighbour(struct scene *s)
{
        ipv6_leased_throughout(s);
        s->leases.items[0].is.prefix.address.bytes[5]++;
}

static void ipv6_nobody(struct scene *s, bool complete, int64_t heard_until)
{
        ask_ipv6(s);
        s->evidence.leases_stored = true;
        s->rules.lease_log_complete = complete;
        s->evidence.leases_heard_until_ms = heard_until;
}

static void ipv6_nobody_complete(struct scene *s)
{
        ipv6_nobody(s, true, NOW + 2 * SEC);
}

static void ipv6_nobody_heard_short(struct scene *s)
{
        ipv6_nobody(s, true, NOW + 2 * SEC - 1);
}

static void ipv6_nobody_may_lose(struct scene *s)
{
        ipv6_nobody(s, false, NOW + TIME_HOUR);
}

static void ipv6_nobody_not_ours(struct scene *s)
{
        ipv6_nobody_complete(s);
        s->evidence.ours = false;
}

static void ipv6_goes_by_the_prefix(void **state)
{
        static const struct verdict_case cases[] = {
                {"leased throughout", ipv6_leased_throughout, VERDICT_ONE, BIT(REASON_PROVEN),
                        BIT(REASON_NO_LEASE), 1, 0},
                {"a port does not matter", ipv6_leased_without_port, VERDICT_ONE, BIT(REASON_PROVEN),
                        BITS(REASON_NO_PORT, REASON_NO_PROTOCOL), 1, 0},
                {"leased for a part", ipv6_leased_in_part, VERDICT_UNKNOWN, BIT(REASON_LEASE_NOT_PROVEN),
                        BIT(REASON_PROVEN), 0, 1},
                {"handed over", ipv6_handed_over, VERDICT_SEVERAL, BIT(REASON_LEASE_CHANGED),
                        BIT(REASON_PROVEN), 2, 0},
                {"the prefix beside it", ipv6_neighbour, VERDICT_UNKNOWN, BIT(REASON_NO_LEASE),
                        BIT(REASON_PROVEN), 0, 0},
                {"nobody, in a complete log", ipv6_nobody_complete, VERDICT_NONE, BIT(REASON_NOBODY),
                        BIT(REASON_NO_LEASE), 0, 0},
                {"nobody, the log ends too soon", ipv6_nobody_heard_short, VERDICT_UNKNOWN,
                        BIT(REASON_NO_LEASE), BIT(REASON_NOBODY), 0, 0},
                {"nobody, but the log may lose", ipv6_nobody_may_lose, VERDICT_UNKNOWN, BIT(REASON_NO_LEASE),
                        BIT(REASON_NOBODY), 0, 0},
                {"not our address", ipv6_nobody_not_ours, VERDICT_UNKNOWN, BIT(REASON_NOT_OUR_ADDRESS),
                        BIT(REASON_NOBODY), 0, 0},
        };

        (void)state;
        RUN(cases);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tenants_are_proven_or_not),
                cmocka_unit_test(leases_bring_the_verdict_to_a_person),
                cmocka_unit_test(ipv6_goes_by_the_prefix),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
