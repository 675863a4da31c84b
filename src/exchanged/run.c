/* SPDX-License-Identifier: EUPL-1.2 */
/* The parent's loop: signals, signs of life, when something is due. */
#include "exchanged/offers.h"

#include "os/alive.h"
#include "os/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void exchanged_say(enum log_weight weight, const char *event, const char *format, ...)
{
        char text[600], quoted[LOG_QUOTED_MAX];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        log_event(weight, event, "text=%s", log_quote(text, quoted));
}

static int64_t longer(const struct exchanged_times *times, int64_t wait_ms)
{
        int64_t next = wait_ms > 0 ? 2 * wait_ms : times->retry_first_ms;
        return next < times->retry_most_ms ? next : times->retry_most_ms;
}

/* --- The service manager --- */

static void tell_ready(struct exchanged *node)
{
        struct error error = {0};
        char status[128];

        bool knocks = !*node->address || node->gate_was_ready;
        if (node->said_ready || !knocks || !node->worked_once)
                return;
        node->said_ready = true;
        snprintf(status, sizeof status, "Node of %.80s", node->organisation);
        log_event(LOG_NOTICE, "ready", "organisation=%s", node->organisation);
        if (notify_ready(&node->notify, status, &error) < 0)
                exchanged_say(LOG_CAUTION, "service-manager-unreached", "%s", error.text);
}

static void tell_alive(struct exchanged *node, int64_t steady_ms)
{
        struct error error = {0};

        if (steady_ms < notify_next_ms(&node->notify, node->told_alive_ms))
                return;
        node->told_alive_ms = steady_ms;
        if (notify_alive(&node->notify, &error) < 0)
                exchanged_say(LOG_CAUTION, "service-manager-unreached", "%s", error.text);
}

/* --- Starting what is due --- */

static void start_gate(struct exchanged *node, int64_t steady_ms)
{
        struct error error = {0};
        int told, offers[2];

        if (!*node->address || child_find(node, CHILD_GATE, NULL) || steady_ms < node->gate_not_before_ms)
                return;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, offers) < 0) {
                exchanged_say(LOG_FAILURE, "gate-not-started", "%s", strerrordesc_np(errno));
                return;
        }
        if (node->offers >= 0)
                close(node->offers);
        node->offers = offers[0];
        int r = child_start(node, CHILD_GATE, NULL, true, &told, &error);
        if (r > 0)
                gate_run(node, told, offers[1]);
        close(offers[1]);
        node->gate_wait_ms = longer(node->times, node->gate_wait_ms);
        node->gate_not_before_ms = steady_ms + node->gate_wait_ms;
        if (r < 0)
                exchanged_say(LOG_FAILURE, "gate-not-started", "%s", error.text);
}

static void start_work(struct exchanged *node, int64_t steady_ms)
{
        struct error error = {0};
        int told;

        bool is_due = node->work_wanted || clock_now_ms() >= node->work_next_ms ||
                      steady_ms >= node->work_started_ms + node->times->idle_ms;
        if (!is_due || child_find(node, CHILD_WORK, NULL) || steady_ms < node->work_not_before_ms)
                return;
        node->work_wanted = false;
        node->work_next_ms = INT64_MAX;
        node->work_started_ms = steady_ms;
        int r = child_start(node, CHILD_WORK, NULL, true, &told, &error);
        if (r > 0)
                work_run(node, told);
        if (r < 0)
                exchanged_say(LOG_FAILURE, "pass-not-started", "%s", error.text);
}

static void start_stamp(struct exchanged *node, int64_t steady_ms)
{
        struct error error = {0};
        int told;

        if (!node->stamp_wanted || child_find(node, CHILD_STAMP, NULL) ||
                steady_ms < node->stamp_not_before_ms)
                return;
        node->stamp_wanted = false;
        int r = child_start(node, CHILD_STAMP, NULL, false, &told, &error);
        if (r > 0)
                stamp_run(node);
        if (r < 0)
                exchanged_say(LOG_CAUTION, "timestamping-not-started", "%s", error.text);
}

/* What one organisation is sent, or offers, is brought or fetched by one process at a time. */
static void start_for(struct exchanged *node, enum child_kind kind, const char *organisation)
{
        struct error error = {0};
        int told;

        if (child_find(node, kind, organisation))
                return;
        int r = child_start(node, kind, organisation, false, &told, &error);
        if (r > 0 && kind == CHILD_FETCH)
                fetch_run(node, organisation);
        if (r > 0)
                delivery_run(node, organisation);
        if (r < 0)
                exchanged_say(LOG_CAUTION, kind == CHILD_FETCH ? "fetch-not-started" : "delivery-not-started",
                        "%s", error.text);
}

/* --- What children tell --- */

static void hear_gate(struct exchanged *node, struct child *gate)
{
        char said[256];
        ssize_t got;

        while ((got = read(gate->told, said, sizeof said)) > 0) {
                gate->heard_ms = clock_steady_ms();
                for (ssize_t i = 0; i < got; i++) {
                        node->work_wanted = node->work_wanted || said[i] == GATE_MESSAGE;
                        if (said[i] != ALIVE_READY)
                                continue;
                        gate->is_ready = node->gate_was_ready = true;
                        node->gate_failures = 0;
                        node->gate_wait_ms = 0;
                }
        }
}

static void work_failed(struct exchanged *node, const char *words)
{
        node->work_wait_ms = longer(node->times, node->work_wait_ms);
        node->work_not_before_ms = clock_steady_ms() + node->work_wait_ms;
        node->work_wanted = true;
        exchanged_say(LOG_FAILURE, "pass-failed", "%s", words);
}

static void hear_work(struct exchanged *node, const struct child *work)
{
        struct work_report report;

        if (read(work->told, &report, sizeof report) != (ssize_t)sizeof report) {
                work_failed(node, "the process that looks at what waits ended before it was done");
                return;
        }
        if (report.code < 0) {
                work_failed(node, report.text);
        } else {
                node->work_wait_ms = node->work_not_before_ms = 0;
                node->worked_once = true;
        }
        if (report.next_ms < node->work_next_ms)
                node->work_next_ms = report.next_ms;
        node->stamp_wanted = node->stamp_wanted || report.stamp_due;
        if (report.taken > 0)
                log_event(LOG_DETAIL, "messages-handled", "count=%u", report.taken);
        for (uint32_t i = 0; i < report.recipient_count && i < EXCHANGED_DELIVERIES_MAX; i++)
                start_for(node, CHILD_DELIVERY, report.recipients[i]);
        for (uint32_t i = 0; i < report.sender_count && i < EXCHANGED_FETCHES_MAX; i++)
                start_for(node, CHILD_FETCH, report.senders[i]);
}

static void say_end(const struct child *child, int status)
{
        static const char *const names[] = {[CHILD_GATE] = "gate",
                [CHILD_WORK] = "pass",
                [CHILD_STAMP] = "stamp",
                [CHILD_DELIVERY] = "delivery",
                [CHILD_FETCH] = "fetch",
                [CHILD_COMMAND] = "command"};

        if (WIFSIGNALED(status) && !child->is_asked)
                log_event(LOG_FAILURE, "child-ended", "child=%s pid=%d signal=%d%s", names[child->kind],
                        child->pid, WTERMSIG(status),
                        WTERMSIG(status) == SIGSYS ? " text=\"it tried what its role does not allow; that is "
                                                     "an attack or a bug\""
                                                   : "");
}

static void gate_ended(struct exchanged *node, const struct child *gate)
{
        if (!gate->is_ready && !gate->is_asked)
                node->gate_failures++;
        log_event(gate->is_asked ? LOG_DETAIL : LOG_FAILURE, "gate-ended", "pid=%d", gate->pid);
}

/* This node's own failure, which it said: tried again like a pass that failed. */
static void stamp_ended(struct exchanged *node, bool did_it)
{
        node->stamp_wait_ms = did_it ? 0 : longer(node->times, node->stamp_wait_ms);
        node->stamp_not_before_ms = did_it ? 0 : clock_steady_ms() + node->stamp_wait_ms;
}

static void reap(struct exchanged *node)
{
        int status;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                for (unsigned i = 0; i < EXCHANGED_PLACES; i++) {
                        struct child *child = &node->children[i];
                        if (child->kind == CHILD_NONE || child->pid != pid)
                                continue;
                        struct child ended = *child;
                        say_end(child, status);
                        child->kind = CHILD_NONE;
                        if (ended.kind == CHILD_STAMP)
                                stamp_ended(node, WIFEXITED(status) && WEXITSTATUS(status) == 0);
                        if (ended.kind == CHILD_GATE)
                                gate_ended(node, &ended);
                        else if (ended.kind == CHILD_WORK)
                                hear_work(node, &ended);
                        else /* it may have put something into the outbox, or have had an acknowledgement */
                                node->work_wanted = true;
                        child_forget(&ended);
                        if (child->kind == CHILD_NONE)
                                *child = (struct child){.told = -1};
                        break;
                }
}

/* --- Looking around --- */

/* Another file of the directory: a pass looks whether it may be taken over, and a new gate lets in whom it
 * names. */
static void look_at_directory(struct exchanged *node)
{
        static const char *const names[] = {"directory.json", "directory.json.sig"};
        char path[PATH_MAX + 64], mark[sizeof node->directory_mark] = "";
        struct stat status;

        for (unsigned i = 0; i < 2; i++) {
                size_t length = strlen(mark);
                snprintf(path, sizeof path, "%s/directory/%s", node->folder, names[i]);
                if (stat(path, &status) == 0)
                        snprintf(mark + length, sizeof mark - length, "%llu.%lld.%lld.%ld ",
                                (unsigned long long)status.st_ino, (long long)status.st_size,
                                (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
        }
        if (strcmp(mark, node->directory_mark) == 0)
                return;
        if (*node->directory_mark) {
                struct child *gate = child_find(node, CHILD_GATE, NULL);
                log_event(LOG_NOTICE, "directory-changed", NULL);
                node->work_wanted = true;
                node->gate_not_before_ms = 0;
                if (gate) {
                        gate->is_asked = true;
                        kill(gate->pid, SIGTERM);
                }
        }
        memcpy(node->directory_mark, mark, sizeof mark);
}

static void look_at_gate(struct exchanged *node, int64_t steady_ms)
{
        const struct child *gate = child_find(node, CHILD_GATE, NULL);

        if (!gate || steady_ms < gate->heard_ms + node->times->hang_ms)
                return;
        log_event(LOG_FAILURE, "gate-silent", "pid=%d silent_ms=%lld", gate->pid,
                (long long)(steady_ms - gate->heard_ms));
        kill(gate->pid, SIGKILL);
}

static void read_signals(struct exchanged *node)
{
        struct signalfd_siginfo signal;

        while (read(node->signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
                if (signal.ssi_signo == SIGHUP) {
                        memcpy(node->directory_mark, "again", sizeof "again");
                        look_at_directory(node);
                } else if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT) {
                        node->ending = true;
                }
        }
        reap(node);
}

static int turn(struct exchanged *node, struct error *error)
{
        struct child *gate = child_find(node, CHILD_GATE, NULL);
        struct pollfd waits[] = {{.fd = node->signals, .events = POLLIN},
                {.fd = node->people, .events = POLLIN}, {.fd = gate ? gate->told : -1, .events = POLLIN},
                {.fd = gate ? node->offers : -1, .events = POLLIN}};

        if (poll(waits, 4, (int)node->times->tick_ms) < 0 && errno != EINTR)
                return error_set(error, -errno, "poll: %s", strerrordesc_np(errno));
        if (gate && waits[2].revents)
                hear_gate(node, gate);
        if (waits[0].revents)
                read_signals(node);
        if (waits[1].revents & POLLIN)
                exchanged_answer(node);
        if (waits[3].revents & POLLIN)
                offer_answer(node);
        int64_t steady_ms = clock_steady_ms();
        look_at_directory(node);
        look_at_gate(node, steady_ms);
        start_gate(node, steady_ms);
        start_work(node, steady_ms);
        start_stamp(node, steady_ms);
        tell_ready(node);
        tell_alive(node, steady_ms);
        if (!node->gate_was_ready && node->gate_failures >= node->times->gate_failures_max)
                return error_set(error, -ECHILD,
                        "nobody can be listened to at %s port %u; what stands above says why", node->address,
                        node->port);
        return 0;
}

/* Commands of people are let finish what they do, for a moment; whatever is killed is undone or done. */
static void end_children(struct exchanged *node)
{
        int64_t until_ms = clock_steady_ms() + 3000;
        bool any = true;

        for (bool asked = false; any; asked = true) {
                struct pollfd wait = {.fd = node->signals, .events = POLLIN};
                any = false;
                for (unsigned i = 0; i < EXCHANGED_PLACES; i++) {
                        struct child *child = &node->children[i];
                        if (child->kind == CHILD_NONE)
                                continue;
                        any = true;
                        if (!asked && child->kind != CHILD_COMMAND && child->kind != CHILD_WORK)
                                kill(child->pid, SIGTERM);
                        child->is_asked = true;
                        if (clock_steady_ms() > until_ms)
                                kill(child->pid, SIGKILL);
                }
                if (any && poll(&wait, 1, 100) >= 0)
                        read_signals(node);
        }
}

int exchanged_run(struct exchanged *node, struct error *error)
{
        int r = 0;

        log_event(LOG_NOTICE, "started", "organisation=%s pid=%d", node->organisation, getpid());
        while (r == 0 && !node->ending)
                r = turn(node, error);
        if (node->ending && notify_stopping(&node->notify, "Ending", error) < 0)
                exchanged_say(LOG_CAUTION, "service-manager-unreached", "%s", error->text);
        end_children(node);
        if (r == 0)
                log_event(LOG_NOTICE, "ended", NULL);
        return r;
}
