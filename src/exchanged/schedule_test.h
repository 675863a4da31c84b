/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_SCHEDULE_TEST_H
#define ROGATORY_EXCHANGED_SCHEDULE_TEST_H

/* For tests: what one schedule is, drawn from its number and the seed alone before anything begins. Faults
 * come so many changes of a state after the beginning, and so many milliseconds later: a slow machine moves
 * none of them to another place of the path. */

#include "exchanged/fault_test.h"

#define FAULTS_MAX 8
#define HASTE_MAX 24    /* people's commands of whom it is drawn when they are killed */
#define CHANGES_MOST 12 /* of states, on the path of an order */
#define AT_THE_END 1000 /* changes: when nothing else is to come */

enum scenario {
        /* A judge asks for traffic data; the enforcing authority is notified. */
        CLEARED,           /* and clears it */
        PARTLY_REFUSED,    /* refuses one of two identifiers, and clears the rest */
        WHOLLY_REFUSED,    /* refuses it */
        TRAFFIC_WITHDRAWN, /* clears it, while it is withdrawn */
        /* A prosecutor asks for subscriber data. */
        PLAIN,
        WITHDRAWN, /* while it is answered */
        EMERGENCY, /* issued before validation, and validated while it is answered */
        PRESERVED, /* preservation, extended once */
        SCENARIOS
};
static const char *const scenario_names[SCENARIOS] = {"cleared", "partly refused", "wholly refused",
        "traffic, withdrawn", "plain", "withdrawn", "emergency", "preserved"};

struct fault {
        enum fault_kind kind;
        unsigned place;       /* which of the schedule's nodes */
        unsigned changes;     /* so many of states later */
        unsigned delay_ms;    /* and so long */
        unsigned duration_ms; /* until it is started again, or goes on */
};

struct schedule_plan {
        unsigned number;
        enum scenario scenario;
        unsigned places[3], place_count; /* nodes; the first issues the order */
        struct fault faults[FAULTS_MAX];
        unsigned fault_count;
        unsigned haste_us[HASTE_MAX]; /* when the next command of somebody is killed; 0: never */
        bool by_socket[HASTE_MAX];    /* it goes through the node's socket, where there is a way */
        unsigned withdraw_at;         /* changes */
        unsigned impatient_at;        /* changes: a second person tries to release whatever the state is */
};

/* SplitMix64 (Steele, Lea, Flood 2014): one number is as good a seed as another. */
static inline uint64_t draw(uint64_t *at)
{
        uint64_t z = *at += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

static inline unsigned below(uint64_t *at, unsigned most)
{
        return (unsigned)(draw(at) % most);
}

static inline bool is_traffic(enum scenario scenario)
{
        return scenario <= TRAFFIC_WITHDRAWN;
}

static inline bool may_be_withdrawn(enum scenario scenario)
{
        return scenario == TRAFFIC_WITHDRAWN || scenario == WITHDRAWN;
}

static inline struct fault draw_fault(uint64_t *at, unsigned place_count)
{
        /* Whoever is killed most does most. */
        static const enum fault_kind kinds[] = {FAULT_PARENT, FAULT_PARENT, FAULT_PARENT, FAULT_CRASH,
                FAULT_CRASH, FAULT_CRASH, FAULT_GATE, FAULT_GATE, FAULT_CHILD, FAULT_CHILD, FAULT_CHILD,
                FAULT_CHILD, FAULT_STOP, FAULT_STOP_CHILD, FAULT_STOP_ALL};
        struct fault fault = {.kind = kinds[below(at, sizeof kinds / sizeof *kinds)]};

        fault.place = below(at, place_count);
        fault.changes = below(at, CHANGES_MOST + 1);
        fault.delay_ms = below(at, 60);
        fault.duration_ms = below(at, fault.kind >= FAULT_STOP ? 300 : 40);
        return fault;
}

static inline struct schedule_plan draw_plan(uint64_t seed, unsigned number)
{
        struct schedule_plan plan = {.number = number};
        uint64_t at = seed * UINT64_C(1000003) + number;

        /* Every other one with an enforcing authority. */
        plan.scenario = number % 2 ? number / 2 % 4 : 4 + number / 2 % 4;
        if (is_traffic(plan.scenario)) {
                plan.places[0] = COURT;
                plan.places[1] = DE;
                plan.places[2] = EA;
                plan.place_count = 3;
        } else {
                plan.places[0] = AT;
                plan.places[1] = DE;
                plan.places[2] = COURT; /* validates */
                plan.place_count = plan.scenario == EMERGENCY ? 3 : 2;
        }
        plan.fault_count = 2 + below(&at, FAULTS_MAX - 1);
        for (unsigned i = 0; i < plan.fault_count; i++)
                plan.faults[i] = draw_fault(&at, plan.place_count);
        for (unsigned i = 0; i < HASTE_MAX; i++) {
                plan.haste_us[i] = below(&at, 3) == 0 ? 1 + below(&at, 60000) : 0;
                plan.by_socket[i] = below(&at, 4) == 0;
        }
        plan.withdraw_at = 5 + below(&at, CHANGES_MOST - 4);
        plan.impatient_at = 6 + below(&at, CHANGES_MOST);
        return plan;
}

#endif
