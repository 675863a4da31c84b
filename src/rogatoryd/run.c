/* SPDX-License-Identifier: EUPL-1.2 */
/* The loop of the parent: signals, signs of life, times. */
#include "os/clock.h"
#include "os/log.h"
#include "rogatoryd/node.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- The service manager --- */

static void say_unreached(const struct error *error)
{
        char quoted[LOG_QUOTED_MAX];
        log_event(LOG_CAUTION, "service-manager-unreached", "text=%s", log_quote(error->text, quoted));
}

static void write_status(const struct node *node, char *text, size_t size)
{
        size_t listeners = node->setting.settings.listener_count;

        snprintf(text, size, "Taking records at %zu listener%s", listeners, listeners == 1 ? "" : "s");
}

static void tell_ready(struct node *node)
{
        struct error error = {0};
        char status[128];

        write_status(node, status, sizeof status);
        if (notify_ready(&node->notify, status, &error) < 0)
                say_unreached(&error);
        node->is_reloading = false;
        log_event(LOG_NOTICE, "ready", "collect=%d store=%d", node->processes[CHILD_COLLECT].pid,
                node->processes[CHILD_STORE].pid);
}

static void tell_status(struct node *node, const char *status)
{
        struct error error = {0};

        if (notify_status(&node->notify, status, &error) < 0)
                say_unreached(&error);
}

/* The parent's own sign of life; its children's it judges itself. */
static void tell_alive(struct node *node, int64_t now_ms)
{
        struct error error = {0};

        if (now_ms < notify_next_ms(&node->notify, node->told_alive_ms))
                return;
        node->told_alive_ms = now_ms;
        if (notify_alive(&node->notify, &error) < 0)
                say_unreached(&error);
}

/* --- Another configuration --- */

/* What was refused leaves everything as it was. */
static void refuse_reload(struct node *node, const char *why)
{
        struct error error = {0};
        char quoted[LOG_QUOTED_MAX];

        log_event(LOG_FAILURE, "reload-refused", "text=%s", log_quote(why, quoted));
        if (notify_ready(&node->notify, "Goes on with the configuration it had: the new one has mistakes",
                    &error) < 0)
                say_unreached(&error);
}

static int take_setting(struct node *node, struct error *error)
{
        struct setting next;

        int r = setting_load(node->options->config, &next, error);
        if (r < 0)
                return r;
        r = privileges_allow(&node->setting, &next, error);
        if (r == 0)
                r = sockets_open(&node->sockets, &next, node->accounts.store, node->accounts.ask, error);
        if (r < 0) {
                setting_free(&next);
                return r;
        }
        setting_free(&node->setting);
        node->setting = next;
        return 0;
}

static void reload(struct node *node)
{
        struct error error = {0};

        log_event(LOG_NOTICE, "reload-asked", NULL);
        if (notify_reloading(&node->notify, &error) < 0)
                say_unreached(&error);
        if (setting_check(node->options->config) < 0) {
                refuse_reload(node, "the configuration has mistakes; the node goes on with the one it has");
                return;
        }
        if (take_setting(node, &error) < 0) {
                refuse_reload(node, error.text);
                return;
        }
        node->is_reloading = true;
        policy_reload(&node->policy);
}

/* --- Signals --- */

static void say_end(enum child child, pid_t pid, int status, bool is_wanted)
{
        if (WIFEXITED(status))
                log_event(is_wanted ? LOG_DETAIL : LOG_FAILURE, "child-ended", "process=%s pid=%d code=%d",
                        child_names[child], pid, WEXITSTATUS(status));
        else
                log_event(LOG_FAILURE, "child-ended", "process=%s pid=%d signal=%d%s", child_names[child],
                        pid, WTERMSIG(status),
                        WTERMSIG(status) == SIGSYS ? " text=\"it tried what its role does not allow; that is "
                                                     "an attack or a bug\""
                                                   : "");
}

static void say_halted(struct node *node, enum child child, bool halted)
{
        char status[128];

        node->processes[child].halted = halted;
        log_event(halted ? LOG_FAILURE : LOG_NOTICE, halted ? "child-halted" : "child-continued",
                "process=%s pid=%d", child_names[child], node->processes[child].pid);
        if (halted)
                snprintf(status, sizeof status, "%s was halted from outside", child_names[child]);
        else
                write_status(node, status, sizeof status);
        tell_status(node, status);
}

static void reap(struct node *node)
{
        int status;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0)
                for (unsigned i = 0; i < CHILD_COUNT; i++) {
                        enum child child = (enum child)i;
                        if (node->processes[i].pid != pid)
                                continue;
                        if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
                                say_halted(node, child, WIFSTOPPED(status));
                                continue;
                        }
                        bool is_wanted = node->policy.phase == PHASE_ENDING;
                        say_end(child, pid, status, is_wanted);
                        if (!is_wanted)
                                tell_status(node, "One of the two processes ended; both are started anew");
                        child_forget(&node->processes[i]);
                        policy_ended(&node->policy, child);
                }
}

static void stop(struct node *node, unsigned signal)
{
        struct error error = {0};

        if (node->policy.goal == GOAL_STOP)
                return;
        log_event(LOG_NOTICE, "stop-asked", "signal=%u", signal);
        if (notify_stopping(&node->notify, "Ending", &error) < 0)
                say_unreached(&error);
        policy_stop(&node->policy);
}

static void read_signals(struct node *node)
{
        struct signalfd_siginfo signal;

        while (read(node->signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
                if (signal.ssi_signo == SIGHUP && node->policy.goal != GOAL_STOP)
                        reload(node);
                else if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT)
                        stop(node, signal.ssi_signo);
        }
        reap(node);
}

/* --- What the policy wants --- */

static void start_children(struct node *node, int64_t now_ms)
{
        const char *const programs[] = {node->programs[0], node->programs[1]};
        char quoted[LOG_QUOTED_MAX];
        struct error error = {0};

        if (children_start(programs, &node->setting, &node->sockets, node->processes, &error) < 0)
                log_event(LOG_FAILURE, "child-not-started", "text=%s", log_quote(error.text, quoted));
        for (unsigned i = 0; i < CHILD_COUNT; i++) {
                policy_started(&node->policy, (enum child)i, now_ms);
                if (node->processes[i].pid == 0)
                        policy_ended(&node->policy, (enum child)i);
                else
                        log_event(LOG_DETAIL, "child-started", "process=%s pid=%d", child_names[i],
                                node->processes[i].pid);
        }
}

static void signal_child(struct node *node, enum child child, int signal)
{
        if (node->processes[child].pid <= 0)
                return;
        if (signal == SIGKILL)
                log_event(LOG_FAILURE, "child-killed",
                        "process=%s pid=%d text=\"it neither lived nor ended in its time\"",
                        child_names[child], node->processes[child].pid);
        if (kill(node->processes[child].pid, signal) < 0)
                log_event(LOG_FAILURE, "child-not-signalled", "process=%s pid=%d text=\"%s\"",
                        child_names[child], node->processes[child].pid, strerrordesc_np(errno));
        /* One that was halted could not end. */
        if (signal == SIGTERM)
                (void)kill(node->processes[child].pid, SIGCONT);
}

static void say_silent(struct node *node, enum child child, int64_t now_ms)
{
        int64_t silent_ms = now_ms - node->policy.children[child].heard_ms;
        char status[128];

        log_event(LOG_CAUTION, "child-silent", "process=%s pid=%d silent_ms=%lld limit_ms=%lld",
                child_names[child], node->processes[child].pid, (long long)silent_ms,
                (long long)node->policy.times.hang_ms);
        snprintf(status, sizeof status, "%s gives no sign of life", child_names[child]);
        tell_status(node, status);
}

static void act(struct node *node, const struct policy_action *action, int64_t now_ms)
{
        switch (action->act) {
        case ACT_START:
                start_children(node, now_ms);
                break;
        case ACT_TERMINATE:
                signal_child(node, action->child, SIGTERM);
                break;
        case ACT_KILL:
                signal_child(node, action->child, SIGKILL);
                break;
        case ACT_SAY_SILENT:
                say_silent(node, action->child, now_ms);
                break;
        case ACT_SAY_READY:
                tell_ready(node);
                break;
        case ACT_FINISH:
                break;
        }
}

/* --- The loop --- */

static int wait_ms(const struct node *node, int64_t now_ms)
{
        int64_t next = policy_next_ms(&node->policy);
        int64_t alive = notify_next_ms(&node->notify, node->told_alive_ms);

        next = alive < next ? alive : next;
        if (next == INT64_MAX)
                return -1;
        next -= now_ms;
        return next <= 0 ? 0 : next > 3600000 ? 3600000 : (int)next;
}

static void listen_to_children(struct node *node, int64_t now_ms)
{
        for (unsigned i = 0; i < CHILD_COUNT; i++) {
                bool ready = false, was_silent = node->policy.children[i].silence_said;
                char status[128];
                if (node->processes[i].pid == 0 || !child_listen(&node->processes[i], &ready))
                        continue;
                policy_heard(&node->policy, (enum child)i, ready, now_ms);
                if (!was_silent)
                        continue;
                log_event(LOG_NOTICE, "child-heard-again", "process=%s pid=%d", child_names[i],
                        node->processes[i].pid);
                write_status(node, status, sizeof status);
                tell_status(node, status);
        }
}

int node_run(struct node *node)
{
        struct policy_action actions[POLICY_ACTIONS_MAX];
        size_t count;

        while (!node->policy.is_over) {
                struct pollfd waits[1 + CHILD_COUNT] = {{.fd = node->signals, .events = POLLIN}};
                for (unsigned i = 0; i < CHILD_COUNT; i++)
                        waits[1 + i] = (struct pollfd){.fd = node->processes[i].ready, .events = POLLIN};
                if (poll(waits, 1 + CHILD_COUNT, wait_ms(node, clock_steady_ms())) < 0 && errno != EINTR) {
                        log_event(LOG_FATAL, "loop-broken", "text=\"%s\"", strerrordesc_np(errno));
                        return -errno;
                }
                int64_t now_ms = clock_steady_ms();
                listen_to_children(node, now_ms);
                read_signals(node);
                while ((count = policy_step(&node->policy, now_ms, actions)))
                        for (size_t i = 0; i < count; i++)
                                act(node, &actions[i], now_ms);
                tell_alive(node, now_ms);
        }
        if (node->policy.succeeded) {
                log_event(LOG_NOTICE, "ended", NULL);
                return 0;
        }
        log_event(LOG_FATAL, "given-up",
                "text=\"its processes ended before they were ready, again and again; what they said stands "
                "above\"");
        return -ECHILD;
}
