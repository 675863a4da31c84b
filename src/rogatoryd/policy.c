/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatoryd/policy.h"

const struct policy_times policy_usual_times = {
        .stop_ms = 10000,
        .silent_ms = 5000,
        .hang_ms = 60000,
        .back_off_least_ms = 100,
        .back_off_most_ms = 30000,
        .steady_ms = 60000,
        .first_tries = 3,
};

struct plan {
        struct policy_action *actions;
        size_t count;
};

static void add(struct plan *plan, enum policy_act act, enum child child)
{
        if (plan->count < POLICY_ACTIONS_MAX)
                plan->actions[plan->count++] = (struct policy_action){act, child};
}

void policy_begin(struct policy *policy, const struct policy_times *times, int64_t now_ms)
{
        *policy = (struct policy){.times = *times, .phase = PHASE_DOWN, .start_ms = now_ms};
}

/* --- What happened --- */

void policy_started(struct policy *policy, enum child child, int64_t now_ms)
{
        policy->children[child] =
                (struct policy_child){.alive = true, .heard_ms = now_ms, .kill_ms = INT64_MAX};
}

void policy_heard(struct policy *policy, enum child child, bool ready, int64_t now_ms)
{
        struct policy_child *heard = &policy->children[child];

        heard->heard_ms = now_ms;
        heard->silence_said = false;
        heard->ready = heard->ready || ready;
}

void policy_ended(struct policy *policy, enum child child)
{
        policy->children[child] = (struct policy_child){.kill_ms = INT64_MAX};
}

void policy_reload(struct policy *policy)
{
        if (policy->goal == GOAL_RUN)
                policy->goal = GOAL_RELOAD;
}

void policy_stop(struct policy *policy)
{
        policy->goal = GOAL_STOP;
}

/* --- What is to be done --- */

static bool lives(const struct policy *policy, enum child child)
{
        return policy->children[child].alive;
}

static int64_t back_off(const struct policy *policy)
{
        int64_t wait = policy->times.back_off_least_ms;

        for (unsigned i = 1; i < policy->failures && wait < policy->times.back_off_most_ms; i++)
                wait *= 2;
        return wait < policy->times.back_off_most_ms ? wait : policy->times.back_off_most_ms;
}

static void finish(struct policy *policy, struct plan *plan)
{
        policy->is_over = true;
        policy->succeeded = policy->goal == GOAL_STOP;
        add(plan, ACT_FINISH, CHILD_COUNT);
}

/* Both have ended. */
static void come_down(struct policy *policy, int64_t now_ms, struct plan *plan)
{
        policy->phase = PHASE_DOWN;
        if (policy->goal == GOAL_RUN) {
                bool steady = policy->ready_ms && now_ms - policy->ready_ms >= policy->times.steady_ms;
                policy->failures = steady ? 1 : policy->failures + 1;
                policy->start_ms = now_ms + back_off(policy);
        } else {
                policy->start_ms = now_ms;
        }
        policy->ready_ms = 0;
        if (policy->goal == GOAL_STOP ||
                (!policy->was_ready && policy->failures >= policy->times.first_tries)) {
                finish(policy, plan);
                return;
        }
        policy->goal = GOAL_RUN;
}

static void tell(struct policy *policy, enum child child, int64_t now_ms, struct plan *plan)
{
        struct policy_child *told = &policy->children[child];

        if (!told->is_told) {
                told->is_told = true;
                told->kill_ms = now_ms + policy->times.stop_ms;
                add(plan, ACT_TERMINATE, child);
        } else if (now_ms >= told->kill_ms) {
                told->kill_ms = now_ms + policy->times.stop_ms;
                add(plan, ACT_KILL, child);
        }
}

static void end_both(struct policy *policy, int64_t now_ms, struct plan *plan)
{
        if (lives(policy, CHILD_COLLECT))
                tell(policy, CHILD_COLLECT, now_ms, plan);
        else if (lives(policy, CHILD_STORE))
                tell(policy, CHILD_STORE, now_ms, plan);
        else
                come_down(policy, now_ms, plan);
}

static void look_at(struct policy *policy, enum child child, int64_t now_ms, struct plan *plan)
{
        struct policy_child *seen = &policy->children[child];

        if (now_ms - seen->heard_ms >= policy->times.hang_ms) {
                add(plan, ACT_KILL, child);
                policy->phase = PHASE_ENDING;
                seen->is_told = true;
                seen->kill_ms = now_ms + policy->times.stop_ms;
        } else if (!seen->silence_said && now_ms - seen->heard_ms >= policy->times.silent_ms) {
                seen->silence_said = true;
                add(plan, ACT_SAY_SILENT, child);
        }
}

static void watch_both(struct policy *policy, int64_t now_ms, struct plan *plan)
{
        if (policy->goal != GOAL_RUN || !lives(policy, CHILD_COLLECT) || !lives(policy, CHILD_STORE)) {
                policy->phase = PHASE_ENDING;
                end_both(policy, now_ms, plan);
                return;
        }
        if (policy->phase == PHASE_STARTING && policy->children[CHILD_COLLECT].ready &&
                policy->children[CHILD_STORE].ready) {
                policy->phase = PHASE_READY;
                policy->ready_ms = now_ms;
                policy->was_ready = true;
                add(plan, ACT_SAY_READY, CHILD_COUNT);
        }
        look_at(policy, CHILD_COLLECT, now_ms, plan);
        look_at(policy, CHILD_STORE, now_ms, plan);
}

static void step_once(struct policy *policy, int64_t now_ms, struct plan *plan)
{
        switch (policy->phase) {
        case PHASE_DOWN:
                if (policy->goal == GOAL_STOP) {
                        finish(policy, plan);
                } else if (now_ms >= policy->start_ms || policy->goal == GOAL_RELOAD) {
                        policy->goal = GOAL_RUN;
                        policy->phase = PHASE_STARTING;
                        add(plan, ACT_START, CHILD_COUNT);
                }
                break;
        case PHASE_STARTING:
        case PHASE_READY:
                watch_both(policy, now_ms, plan);
                break;
        case PHASE_ENDING:
                end_both(policy, now_ms, plan);
                break;
        }
}

size_t policy_step(struct policy *policy, int64_t now_ms, struct policy_action actions[POLICY_ACTIONS_MAX])
{
        struct plan plan = {.actions = actions};
        enum policy_phase before;

        do {
                before = policy->phase;
                if (!policy->is_over)
                        step_once(policy, now_ms, &plan);
        } while (plan.count == 0 && policy->phase != before);
        return plan.count;
}

static int64_t earlier(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

int64_t policy_next_ms(const struct policy *policy)
{
        int64_t next = INT64_MAX;

        if (policy->is_over)
                return next;
        if (policy->phase == PHASE_DOWN)
                return policy->start_ms;
        for (unsigned i = 0; i < CHILD_COUNT; i++) {
                const struct policy_child *child = &policy->children[i];
                if (!child->alive)
                        continue;
                next = earlier(next, child->kill_ms);
                if (policy->phase == PHASE_ENDING)
                        continue;
                next = earlier(next, child->heard_ms + policy->times.hang_ms);
                if (!child->silence_said)
                        next = earlier(next, child->heard_ms + policy->times.silent_ms);
        }
        return next;
}
