/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatoryd/node.h"

#include "os/clock.h"
#include "os/log.h"
#include "os/program.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int failed(const char *event, const struct error *error)
{
        char quoted[LOG_QUOTED_MAX];

        log_event(LOG_FATAL, event, "text=%s", log_quote(error->text, quoted));
        return error->code;
}

int node_check(const struct options *options)
{
        struct setting setting;
        struct accounts accounts;
        struct error error = {0};

        int r = setting_check(options->config);
        if (r < 0)
                return r;
        r = setting_load(options->config, &setting, &error);
        if (r < 0)
                return failed("configuration-unreadable", &error);
        r = privileges_find(&setting, &accounts, &error);
        setting_free(&setting);
        return r < 0 ? failed("start-refused", &error) : 0;
}

/* --- Programs --- */

static bool find_in(const char *folder, char programs[CHILD_COUNT][SETTING_PATH_MAX])
{
        for (unsigned i = 0; i < CHILD_COUNT; i++) {
                int length = snprintf(programs[i], SETTING_PATH_MAX, "%s/%s", folder, child_names[i]);
                if (length < 0 || length >= SETTING_PATH_MAX || access(programs[i], X_OK) < 0)
                        return false;
        }
        return true;
}

static int find_programs(
        const struct options *options, char programs[CHILD_COUNT][SETTING_PATH_MAX], struct error *error)
{
        char own[SETTING_PATH_MAX], whole[PATH_MAX];

        if (options->libexec) {
                if (realpath(options->libexec, whole) && find_in(whole, programs))
                        return 0;
                return error_set(error, -ENOENT, "%s: has no rogatory-collect and rogatory-store to start",
                        options->libexec);
        }
        int r = program_folder(own, sizeof own, error);
        if (r < 0 || find_in(own, programs) || find_in(ROGATORY_LIBEXEC, programs))
                return r;
        return error_set(error, -ENOENT,
                "rogatory-collect and rogatory-store are neither in %s nor in " ROGATORY_LIBEXEC
                "; name their folder with --libexec",
                own);
}

/* --- Descriptors and signals --- */

/* Nothing that is opened later may be taken for standard output; and nothing is read from a terminal. */
static int tidy_descriptors(struct error *error)
{
        int null = open("/dev/null", O_RDWR);

        if (null < 0 || dup2(null, STDIN_FILENO) < 0)
                return error_set(error, -errno, "/dev/null: %s", strerrordesc_np(errno));
        while (null <= STDERR_FILENO)
                if ((null = dup(null)) < 0)
                        return error_set(error, -errno, "/dev/null: %s", strerrordesc_np(errno));
        close(null);
        return 0;
}

/* They are read like everything else, in the loop, and not at any instant. */
static int open_signals(int *ret_signals, struct error *error)
{
        sigset_t wanted;

        sigemptyset(&wanted);
        sigaddset(&wanted, SIGHUP);
        sigaddset(&wanted, SIGTERM);
        sigaddset(&wanted, SIGINT);
        sigaddset(&wanted, SIGCHLD);
        signal(SIGPIPE, SIG_IGN);
        *ret_signals = -1;
        if (sigprocmask(SIG_BLOCK, &wanted, NULL) == 0)
                *ret_signals = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
        return *ret_signals < 0 ? error_set(error, -errno, "No signals: %s", strerrordesc_np(errno)) : 0;
}

/* --- Start --- */

static int open_all(struct node *node, struct error *error)
{
        int r = sockets_take(&node->sockets, error);
        if (r == 0)
                r = tidy_descriptors(error);
        if (r == 0)
                r = notify_open(&node->notify, error);
        if (r == 0)
                r = setting_load(node->options->config, &node->setting, error);
        if (r < 0)
                return r;
        r = find_programs(node->options, node->programs, error);
        if (r == 0)
                r = privileges_find(&node->setting, &node->accounts, error);
        if (r == 0)
                r = privileges_prepare(&node->setting, &node->accounts, error);
        if (r == 0)
                r = sockets_open(
                        &node->sockets, &node->setting, node->accounts.store, node->accounts.ask, error);
        if (r == 0)
                r = open_signals(&node->signals, error);
        if (r == 0) {
                const char *const programs[] = {node->programs[0], node->programs[1]};
                r = privileges_give_up(&node->setting, programs, error);
        }
        return r;
}

int node_open(struct node *node, const struct options *options, const struct policy_times *times)
{
        struct error error = {0};

        *node = (struct node){.options = options, .signals = -1, .notify = {.socket = -1}};
        for (unsigned i = 0; i < CHILD_COUNT; i++)
                node->processes[i].ready = -1;
        int r = open_all(node, &error);
        if (r < 0)
                return failed("start-refused", &error);
        policy_begin(&node->policy, times, clock_steady_ms());
        log_event(LOG_NOTICE, "started", "version=%s pid=%d sockets=%zu realms=%zu exporters=%zu",
                ROGATORY_VERSION, getpid(), node->sockets.count, node->setting.settings.realm_count,
                node->setting.settings.exporter_count);
        return 0;
}

void node_close(struct node *node)
{
        sockets_close(&node->sockets, &node->setting);
        notify_close(&node->notify);
        if (node->signals >= 0)
                close(node->signals);
        setting_free(&node->setting);
}
