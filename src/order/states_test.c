/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/states.h"

#include "order/local_zone_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define NOW INT64_C(1795250400000)

static bool take(const char *id, enum order_state from, const struct step_facts *facts, enum step_actor actor,
        enum person_role role, const char *person, enum order_state *ret)
{
        const struct step_taker taker = {.actor = actor, .role = role, .person = person};
        int to = 0;
        int r = step_take(MACHINE_ORDER, id, (int)from, facts, &taker, &to, NULL);

        assert_true(r == 0 || r == -EPERM);
        if (r == 0 && ret)
                *ret = (enum order_state)to;
        return r == 0;
}

static bool releases(const struct step_facts *facts)
{
        return take(
                "release", ORDER_STATE_PREPARED, facts, ACTOR_PERSON, PERSON_SECOND, "ben@ie-carrier", NULL);
}

/* A prepared answer that nothing stands in the way of. */
static struct step_facts prepared(void)
{
        struct step_facts facts = step_facts_make(ORDER_PRODUCTION, NOW);

        facts.answer_passes = true;
        facts.prepared_ms = NOW - TIME_HOUR;
        return facts;
}

static const char *why(const char *id, enum order_state from, const struct step_facts *facts)
{
        static struct error error;
        const struct step_taker taker = {
                .actor = ACTOR_PERSON, .role = PERSON_SECOND, .person = "ben@ie-carrier"};
        int to;

        assert_int_equal(step_take(MACHINE_ORDER, id, (int)from, facts, &taker, &to, &error), -EPERM);
        return error.text;
}

static void test_the_table_is_whole(void **state)
{
        uint64_t reached[3] = {WORD_BIT(ORDER_STATE_DRAFT) | WORD_BIT(ORDER_STATE_RECEIVED),
                WORD_BIT(TASK_AWAITING_APPROVAL), WORD_BIT(DELIVERY_AVAILABLE)};

        (void)state;
        for (int round = 0; round < ORDER_STATES; round++)
                for (size_t i = 0; i < steps_count(); i++)
                        if (steps_at(i)->from & reached[steps_at(i)->machine])
                                reached[steps_at(i)->machine] |= WORD_BIT(steps_at(i)->to);
        for (size_t i = 0; i < steps_count(); i++) {
                const struct step *step = steps_at(i);
                assert_ptr_equal(steps_find(step->machine, step->id), step);
                assert_int_equal(step->needs & step->bars, 0);
                assert_int_equal(step->actor == ACTOR_PERSON, step->role != PERSON_NONE);
                assert_true(step->timer == TIMER_NONE || step->actor == ACTOR_CLOCK);
                assert_true(step->role != PERSON_ADMINISTRATOR && step->role != PERSON_OVERSEER);
        }
        assert_true(word_set_is_valid(&order_state_words, reached[MACHINE_ORDER]));
        assert_int_equal(__builtin_popcountll(reached[MACHINE_ORDER]), ORDER_STATES - 1);
        assert_int_equal(__builtin_popcountll(reached[MACHINE_TASK]), TASK_STATES - 1);
        assert_int_equal(__builtin_popcountll(reached[MACHINE_DELIVERY]), DELIVERY_STATES - 1);
        assert_true(state_is_end(MACHINE_ORDER, ORDER_STATE_RELEASED));
        assert_true(state_is_end(MACHINE_ORDER, ORDER_STATE_DELETED));
        assert_false(state_is_end(MACHINE_ORDER, ORDER_STATE_WITHDRAWN));
        int to;
        assert_int_equal(step_take(MACHINE_ORDER, "nothing", 1, &(struct step_facts){0},
                                 &(struct step_taker){0}, &to, NULL),
                -ENOENT);
}

static void test_requirement_12_with_an_enforcing_authority_nothing_leaves_before_clearance_or_day_10(
        void **state)
{
        struct step_facts facts = prepared();

        (void)state;
        assert_true(releases(&facts));
        facts.ea_involved = true; /* nobody proves that it was notified */
        assert_false(releases(&facts));
        assert_non_null(strstr(why("release", ORDER_STATE_PREPARED, &facts), "day 10"));
        facts.ea_release_ms = NOW + 1;
        assert_false(releases(&facts));
        const struct step *hold = step_of_clock(MACHINE_ORDER, ORDER_STATE_PREPARED, &facts);
        assert_string_equal(hold->id, "hold");
        assert_null(step_of_clock(MACHINE_ORDER, ORDER_STATE_HELD, &facts));
        assert_true(step_next_look(MACHINE_ORDER, ORDER_STATE_HELD, &facts) == NOW + 1);
        facts.ea_cleared = true;
        assert_true(releases(&facts));
        facts.ea_cleared = false;
        facts.now_ms++;
        assert_true(releases(&facts));
        assert_string_equal(step_of_clock(MACHINE_ORDER, ORDER_STATE_HELD, &facts)->id, "unhold");
        facts.ea_refused_all = true;
        assert_false(releases(&facts));
        /* two nodes whose clocks are apart: the release instant holds the skew already */
        struct local_zone dublin = dublin_zone();
        struct calendar calendar = {.zone = &dublin, .weekend = WEEKEND_SATURDAY_SUNDAY};
        facts = prepared();
        facts.ea_involved = true;
        facts.ea_release_ms =
                deadline_ea_release(&calendar, NOW - 10 * TIME_DAY, NOW - 10 * TIME_DAY, TIME_HOUR, NULL, 0);
        for (facts.now_ms = NOW - 10 * TIME_DAY; facts.now_ms < NOW + 10 * TIME_DAY;
                facts.now_ms += TIME_HOUR)
                assert_int_equal(releases(&facts), facts.now_ms >= facts.ea_release_ms);
}

static void test_requirement_02_the_emergency_flag_skips_nothing(void **state)
{
        struct step_facts facts = prepared();
        const char *desk = "ann@ie-carrier";

        (void)state;
        facts.emergency = true;
        facts.ea_involved = true; /* its notification does not suspend: Article 8(4) */
        assert_false(releases(&facts));
        facts.called_back = true;
        assert_false(releases(&facts));
        facts.two_people = true;
        assert_true(releases(&facts));
        assert_true(take("examine", ORDER_STATE_RECEIVED, &facts, ACTOR_PERSON, PERSON_DESK, desk, NULL));
        facts.called_back = false;
        assert_false(take("examine", ORDER_STATE_RECEIVED, &facts, ACTOR_PERSON, PERSON_DESK, desk, NULL));
        facts.called_back = true;
        facts.worst = SEVERITY_STOP;
        assert_false(take("examine", ORDER_STATE_RECEIVED, &facts, ACTOR_PERSON, PERSON_DESK, desk, NULL));
        facts.worst = SEVERITY_WARNING;
        assert_false(releases(&facts));
        facts.warnings_decided = true;
        assert_true(releases(&facts));
}

static void test_requirement_03_an_unvalidated_emergency_withdraws_and_deletes_itself_at_48_hours(
        void **state)
{
        struct step_facts facts = step_facts_make(ORDER_PRODUCTION, NOW);
        const enum order_state states[] = {ORDER_STATE_EMERGENCY_APPROVED, ORDER_STATE_SENT,
                ORDER_STATE_ANSWERED, ORDER_STATE_OPENED, ORDER_STATE_RECEIVED, ORDER_STATE_EXAMINED,
                ORDER_STATE_PREPARED, ORDER_STATE_HELD, ORDER_STATE_PRESERVED, ORDER_STATE_CLARIFYING,
                ORDER_STATE_IN_REVIEW, ORDER_STATE_ROUTED, ORDER_STATE_SUSPENDED};

        (void)state;
        facts.emergency = facts.unvalidated = true;
        facts.issued_ms = NOW - 48 * TIME_HOUR + 1;
        for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
                facts.now_ms = NOW;
                const struct step *early = step_of_clock(MACHINE_ORDER, (int)states[i], &facts);
                assert_true(!early || early->to != ORDER_STATE_WITHDRAWN);
                assert_true(step_next_look(MACHINE_ORDER, (int)states[i], &facts) == NOW + 1);
                facts.now_ms = NOW + 1;
                assert_int_equal(
                        step_of_clock(MACHINE_ORDER, (int)states[i], &facts)->to, ORDER_STATE_WITHDRAWN);
                facts.validated = true;
                const struct step *validated = step_of_clock(MACHINE_ORDER, (int)states[i], &facts);
                assert_true(!validated || validated->to != ORDER_STATE_WITHDRAWN);
                facts.validated = false;
        }
        assert_null(
                step_of_clock(MACHINE_ORDER, ORDER_STATE_WITHDRAWN, &facts)); /* not before it is on record */
        facts.deleted = true;
        assert_int_equal(
                step_of_clock(MACHINE_ORDER, ORDER_STATE_WITHDRAWN, &facts)->to, ORDER_STATE_DELETED);
        /* near the end nothing is released that one of the clocks calls overdue */
        facts = prepared();
        facts.emergency = facts.unvalidated = facts.called_back = facts.two_people = true;
        facts.issued_ms = NOW - 47 * TIME_HOUR;
        assert_true(releases(&facts));
        facts.skew_ms = -TIME_HOUR;
        assert_false(releases(&facts));
        facts.skew_ms = 0;
        facts.issued_ms = TIME_UNKNOWN;
        assert_false(releases(&facts));
}

static void test_nobody_holds_two_roles_of_one_decision(void **state)
{
        struct step_facts facts = prepared();
        const struct act acts[] = {{"ann@ie-carrier", PERSON_DESK}, {"eve@at-court", PERSON_OFFICER}};

        (void)state;
        facts.acts = acts;
        facts.act_count = 2;
        assert_true(releases(&facts));
        assert_false(take("release", ORDER_STATE_PREPARED, &facts, ACTOR_PERSON, PERSON_SECOND,
                "ann@ie-carrier", NULL));
        assert_false(take(
                "release", ORDER_STATE_PREPARED, &facts, ACTOR_PERSON, PERSON_DESK, "ben@ie-carrier", NULL));
        assert_false(take("release", ORDER_STATE_PREPARED, &facts, ACTOR_PERSON, PERSON_SECOND, NULL, NULL));
        assert_false(take("release", ORDER_STATE_PREPARED, &facts, ACTOR_PERSON, PERSON_SECOND, "ben", NULL));
        assert_false(take("release", ORDER_STATE_PREPARED, &facts, ACTOR_CLOCK, PERSON_SECOND, NULL, NULL));
        assert_false(take("approve", ORDER_STATE_AWAITING_APPROVAL, &facts, ACTOR_PERSON, PERSON_VALIDATOR,
                "eve@at-court", NULL));
        assert_true(take("approve", ORDER_STATE_AWAITING_APPROVAL, &facts, ACTOR_PERSON, PERSON_VALIDATOR,
                "max@at-court", NULL));
}

static void test_requirement_13_a_refused_identifier_is_never_disclosed(void **state)
{
        struct step_facts facts = prepared();
        const struct step_taker node = {.actor = ACTOR_MESSAGE};
        int to = 0;

        (void)state;
        assert_int_equal(
                step_take(MACHINE_TASK, "disclose", TASK_AWAITING_DISCLOSURE, &facts, &node, &to, NULL),
                -EPERM);
        facts.released = true;
        assert_int_equal(
                step_take(MACHINE_TASK, "disclose", TASK_AWAITING_DISCLOSURE, &facts, &node, &to, NULL), 0);
        assert_int_equal(to, TASK_DISCLOSED);
        facts.identifier_refused = true;
        assert_int_equal(
                step_take(MACHINE_TASK, "disclose", TASK_AWAITING_DISCLOSURE, &facts, &node, &to, NULL),
                -EPERM);
        assert_int_equal(
                step_take(MACHINE_TASK, "reject", TASK_AWAITING_DISCLOSURE, &facts, &node, &to, NULL), 0);
        /* an objection that comes after the answer was prepared makes it stale */
        facts.changed_ms = facts.prepared_ms;
        assert_false(releases(&facts));
        facts.changed_ms--;
        assert_true(releases(&facts));
}

static void test_requirement_14_a_protection_suspends_everything(void **state)
{
        struct step_facts facts = prepared();

        (void)state;
        facts.worst = SEVERITY_ROUTE;
        facts.warnings_decided = true;
        assert_false(releases(&facts));
        enum order_state next = ORDER_STATE_NONE;
        assert_true(take(
                "route", ORDER_STATE_PREPARED, &facts, ACTOR_PERSON, PERSON_DESK, "ann@ie-carrier", &next));
        assert_int_equal(next, ORDER_STATE_ROUTED);
        facts.route_open = true;
        assert_false(take("unrouted", ORDER_STATE_ROUTED, &facts, ACTOR_MESSAGE, PERSON_NONE, NULL, NULL));
        facts.worst = SEVERITY_NONE; /* decided: but the form is still open */
        assert_false(take("unrouted", ORDER_STATE_ROUTED, &facts, ACTOR_MESSAGE, PERSON_NONE, NULL, NULL));
        facts.route_open = false;
        assert_true(take("unrouted", ORDER_STATE_ROUTED, &facts, ACTOR_MESSAGE, PERSON_NONE, NULL, &next));
        assert_int_equal(next, ORDER_STATE_RECEIVED);
}

/* The model: every fact can change at any moment, in any order, while steps are taken. */
enum bit {
        CLEARED = 1 << 0,
        DAY_10 = 1 << 1,
        EA_REFUSED = 1 << 2,
        QUESTION = 1 << 3,
        REVIEW = 1 << 4,
        LIFTED = 1 << 5,
        ROUTE = 1 << 6,
        WITHDRAWN = 1 << 7,
        CHANGED = 1 << 8, /* after the answer was prepared */
        AMENDED = 1 << 9,
        OVERDUE = 1 << 10,
        EXAMINED = 1 << 11, /* no fact: the path went through "examine" since the order came or was amended */
        BITS = 1 << 12,
};
#define MONOTONE (CLEARED | DAY_10 | EA_REFUSED | LIFTED | WITHDRAWN | OVERDUE)
enum config {
        EA = 1,
        EMERGENCY = 2,
        UNVALIDATED = 4,
        CALLED = 8,
        TWO = 16,
        PASSES = 32,
        PRODUCE = 64,
        STOPPED = 128
};

static struct step_facts facts_of(unsigned config, unsigned bits)
{
        struct step_facts facts =
                step_facts_make(config & PRODUCE ? ORDER_PRODUCTION : ORDER_PRESERVATION, NOW);

        facts.ea_involved = config & EA;
        facts.emergency = config & EMERGENCY;
        facts.unvalidated = config & UNVALIDATED;
        facts.called_back = config & CALLED;
        facts.two_people = config & TWO;
        facts.answer_passes = config & PASSES;
        facts.worst = config & STOPPED ? SEVERITY_STOP : bits & ROUTE ? SEVERITY_ROUTE : SEVERITY_NONE;
        facts.issued_ms = bits & OVERDUE ? NOW - 49 * TIME_HOUR : NOW - TIME_HOUR;
        facts.ea_cleared = bits & CLEARED;
        facts.ea_release_ms = bits & DAY_10 ? NOW : NOW + 1;
        facts.ea_refused_all = bits & EA_REFUSED;
        facts.question_open = bits & QUESTION;
        facts.question_due_ms = NOW;
        facts.review_open = bits & REVIEW;
        facts.review_lifted = bits & LIFTED;
        facts.route_open = bits & ROUTE;
        facts.withdrawn = bits & WITHDRAWN;
        facts.amended = bits & AMENDED;
        facts.prepared_ms = NOW - TIME_HOUR;
        facts.changed_ms = bits & CHANGED ? NOW : TIME_UNKNOWN;
        facts.deleted = true;
        facts.preserved_until_ms = NOW;
        return facts;
}

/* The law again, in other words than the table's. */
static void check_release(unsigned config, unsigned bits)
{
        assert_true(config & PRODUCE);
        assert_true(bits & EXAMINED);
        assert_false(config & STOPPED);
        assert_true(config & PASSES);
        if (config & EA && !(config & EMERGENCY))
                assert_true(bits & (CLEARED | DAY_10));
        if (config & EMERGENCY)
                assert_true(config & CALLED && config & TWO);
        if (config & UNVALIDATED)
                assert_false(bits & OVERDUE);
        assert_int_equal(
                bits & (EA_REFUSED | QUESTION | REVIEW | LIFTED | ROUTE | WITHDRAWN | CHANGED | AMENDED), 0);
}

static uint8_t *seen;
static uint32_t *queue;
static size_t queue_end;

static void visit(unsigned state, unsigned bits)
{
        size_t at = (size_t)state * BITS + bits;

        if (!seen[at]) {
                seen[at] = 1;
                queue[queue_end++] = (uint32_t)at;
        }
}

static unsigned after_step(const struct step *step, unsigned bits)
{
        if (step->to == ORDER_STATE_RECEIVED) {
                bits &= ~(unsigned)EXAMINED;
                if (strcmp(step->id, "amended") == 0)
                        bits &= ~(unsigned)AMENDED;
        }
        if (strcmp(step->id, "examine") == 0)
                bits |= EXAMINED;
        if (strcmp(step->id, "prepare") == 0)
                bits &= ~(unsigned)CHANGED; /* made anew */
        return bits;
}

static unsigned explore(unsigned config)
{
        unsigned released = 0;

        memset(seen, 0, (size_t)ORDER_STATES * BITS);
        queue_end = 0;
        visit(ORDER_STATE_RECEIVED, 0);
        for (size_t head = 0; head < queue_end; head++) {
                unsigned state = queue[head] / BITS, bits = queue[head] % BITS;
                struct step_facts facts = facts_of(config, bits);

                for (size_t i = 0; i < steps_count(); i++) {
                        const struct step *step = steps_at(i);
                        const struct step_taker taker = {
                                .actor = step->actor, .role = step->role, .person = "a@ie-carrier"};
                        if (step->machine != MACHINE_ORDER || !(step->from & WORD_BIT(state)) ||
                                !step_is_allowed(step, (int)state, &facts, &taker, NULL))
                                continue;
                        if (step->to == ORDER_STATE_RELEASED) {
                                assert_int_equal(state, ORDER_STATE_PREPARED);
                                check_release(config, bits);
                                released++;
                        }
                        if (step->to == ORDER_STATE_PRESERVED)
                                assert_false(config & (PRODUCE | STOPPED));
                        visit((unsigned)step->to, after_step(step, bits));
                }
                for (unsigned bit = 1; bit < EXAMINED; bit <<= 1)
                        if (!(bits & bit & MONOTONE))
                                visit(state, bits ^ bit);
        }
        return released;
}

static void test_requirement_12_no_path_releases_without_clearance_whatever_happens_in_between(void **state)
{
        (void)state;
        seen = malloc((size_t)ORDER_STATES * BITS);
        queue = malloc((size_t)ORDER_STATES * BITS * sizeof *queue);
        assert_non_null(seen);
        assert_non_null(queue);
        for (unsigned config = 0; config < 256; config++) {
                unsigned released = explore(config);
                bool should = (config & PRODUCE) && (config & PASSES) && !(config & STOPPED) &&
                              (!(config & EMERGENCY) || ((config & CALLED) && (config & TWO)));
                assert_int_equal(released > 0, should); /* nothing is released wrongly, and something is */
        }
        free(seen);
        free(queue);
}

/* From wherever an order can be, there is a way to an end. */
static void test_no_order_is_stuck(void **state)
{
        (void)state;
        for (int from = 1; from < ORDER_STATES; from++) {
                uint64_t reached = WORD_BIT(from);
                bool ends = state_is_end(MACHINE_ORDER, from);
                for (int round = 0; round < ORDER_STATES && !ends; round++)
                        for (size_t i = 0; i < steps_count(); i++) {
                                const struct step *step = steps_at(i);
                                if (step->machine != MACHINE_ORDER || !(step->from & reached))
                                        continue;
                                reached |= WORD_BIT(step->to);
                                ends |= state_is_end(MACHINE_ORDER, step->to);
                        }
                assert_true(ends);
        }
}

/* Three people who try every step in every role: on no path does one of them act in two roles. */
#define PEOPLE 3
#define ROLES 7
#define TEAMS (ROLES * ROLES * ROLES)
static void test_on_no_path_does_a_person_act_in_two_roles(void **state)
{
        static const char *const people[PEOPLE] = {"a@ie-carrier", "b@ie-carrier", "c@ie-carrier"};
        static uint8_t met[ORDER_STATES * TEAMS];
        static uint16_t next[ORDER_STATES * TEAMS];
        size_t end = 0;

        (void)state;
        for (int start = ORDER_STATE_DRAFT; start <= ORDER_STATE_RECEIVED;
                start += ORDER_STATE_RECEIVED - ORDER_STATE_DRAFT) {
                memset(met, 0, sizeof met);
                end = 0;
                next[end++] = (uint16_t)(start * TEAMS);
                met[start * TEAMS] = 1;
                for (size_t head = 0; head < end; head++) {
                        int at = next[head] / TEAMS, team = next[head] % TEAMS;
                        int roles[PEOPLE] = {team % ROLES, team / ROLES % ROLES, team / ROLES / ROLES};
                        struct act acts[PEOPLE];
                        struct step_facts facts = prepared();
                        facts.acts = acts;
                        for (int p = 0; p < PEOPLE; p++)
                                if (roles[p]) {
                                        struct act *act = &acts[facts.act_count++];
                                        memcpy(act->person, people[p], strlen(people[p]) + 1);
                                        act->role = (enum person_role)roles[p];
                                }
                        for (size_t i = 0; i < steps_count(); i++)
                                for (int p = 0; p < PEOPLE; p++) {
                                        const struct step *step = steps_at(i);
                                        const struct step_taker taker = {.actor = step->actor,
                                                .role = step->role,
                                                .person = people[p]};
                                        if (step->machine != MACHINE_ORDER ||
                                                !step_is_allowed(step, at, &facts, &taker, NULL))
                                                continue;
                                        int after[PEOPLE] = {roles[0], roles[1], roles[2]};
                                        if (step->actor == ACTOR_PERSON) {
                                                assert_true(after[p] == 0 || after[p] == (int)step->role);
                                                after[p] = (int)step->role;
                                        }
                                        int key = step->to * TEAMS + after[0] + ROLES * after[1] +
                                                  ROLES * ROLES * after[2];
                                        if (!met[key]) {
                                                met[key] = 1;
                                                next[end++] = (uint16_t)key;
                                        }
                                }
                }
                /* released, or sent, only with at least two people who acted */
                for (int team = 0; team < TEAMS; team++) {
                        int acted =
                                (team % ROLES > 0) + (team / ROLES % ROLES > 0) + (team / ROLES / ROLES > 0);
                        if (acted < 2) {
                                assert_false(met[ORDER_STATE_RELEASED * TEAMS + team]);
                                assert_false(met[ORDER_STATE_SENT * TEAMS + team]);
                        }
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_table_is_whole),
                cmocka_unit_test(test_requirement_02_the_emergency_flag_skips_nothing),
                cmocka_unit_test(
                        test_requirement_03_an_unvalidated_emergency_withdraws_and_deletes_itself_at_48_hours),
                cmocka_unit_test(
                        test_requirement_12_with_an_enforcing_authority_nothing_leaves_before_clearance_or_day_10),
                cmocka_unit_test(
                        test_requirement_12_no_path_releases_without_clearance_whatever_happens_in_between),
                cmocka_unit_test(test_requirement_13_a_refused_identifier_is_never_disclosed),
                cmocka_unit_test(test_requirement_14_a_protection_suspends_everything),
                cmocka_unit_test(test_nobody_holds_two_roles_of_one_decision),
                cmocka_unit_test(test_no_order_is_stuck),
                cmocka_unit_test(test_on_no_path_does_a_person_act_in_two_roles),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
