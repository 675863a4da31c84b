/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORYD_POLICY_H
#define ROGATORY_ROGATORYD_POLICY_H

/* When the two children of a node are started, ended and started anew: a function of what happened and of the
 * time, without a process or a clock of its own. The two live and end together, because neither believes what
 * it knows from another life of the other.
 *
 *   DOWN --start--> STARTING --both ready--> READY
 *    ^                 |                       |
 *    |                 +--one ended, hangs, reload, stop--> ENDING
 *    +--------------------------- both ended -----------------+
 *
 * The collector is ended first and the store only behind it, so that what was taken reaches the store. All
 * times are milliseconds of the steady clock. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum child { CHILD_COLLECT, CHILD_STORE, CHILD_COUNT };

struct policy_times {
        int64_t stop_ms;           /* from SIGTERM to SIGKILL */
        int64_t silent_ms;         /* without a sign of life: told */
        int64_t hang_ms;           /* without a sign of life: killed */
        int64_t back_off_least_ms; /* before the first new start; doubled for each that fails */
        int64_t back_off_most_ms;
        int64_t steady_ms;    /* ready for so long: a failure is a first one again */
        unsigned first_tries; /* so many starts may fail before any was ready; then it is given up */
};
extern const struct policy_times policy_usual_times;

enum policy_phase { PHASE_DOWN, PHASE_STARTING, PHASE_READY, PHASE_ENDING };
enum policy_goal { GOAL_RUN, GOAL_RELOAD, GOAL_STOP };

struct policy_child {
        bool alive, ready;
        bool is_told; /* SIGTERM was sent */
        bool silence_said;
        int64_t heard_ms; /* last sign of life */
        int64_t kill_ms;  /* SIGKILL is due; INT64_MAX: not */
};

struct policy {
        struct policy_times times;
        enum policy_phase phase;
        enum policy_goal goal;
        struct policy_child children[CHILD_COUNT];
        int64_t start_ms; /* PHASE_DOWN: when to start */
        int64_t ready_ms; /* PHASE_READY: since when */
        unsigned failures;
        bool was_ready; /* ever */
        bool is_over;
        bool succeeded; /* is_over: was asked to stop */
};

enum policy_act {
        ACT_START, /* both; then policy_ended for one that could not be started */
        ACT_TERMINATE,
        ACT_KILL,
        ACT_SAY_SILENT, /* no sign of life for silent_ms */
        ACT_SAY_READY,
        ACT_FINISH, /* both have ended, and none is to be started */
};
struct policy_action {
        enum policy_act act;
        enum child child; /* TERMINATE, KILL, SAY_SILENT */
};
#define POLICY_ACTIONS_MAX 8

void policy_begin(struct policy *policy, const struct policy_times *times, int64_t now_ms);

/* What happened. */
void policy_started(struct policy *policy, enum child child, int64_t now_ms);
void policy_heard(struct policy *policy, enum child child, bool ready, int64_t now_ms);
void policy_ended(struct policy *policy, enum child child);
void policy_reload(struct policy *policy); /* both anew, with another configuration */
void policy_stop(struct policy *policy);

/* What is to be done now; called until it gives 0. */
size_t policy_step(struct policy *policy, int64_t now_ms, struct policy_action actions[POLICY_ACTIONS_MAX]);

/* When policy_step has something to do at the latest; INT64_MAX: only when something happens. */
int64_t policy_next_ms(const struct policy *policy);

#endif
