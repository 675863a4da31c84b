/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatoryd/child.h"

#include "os/alive.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARGUMENTS_MAX (2 * SOCKETS_MAX + 16)
#define ARGUMENT_MAX 32
#define COULD_NOT_START 127

const char *const child_names[CHILD_COUNT] = {
        [CHILD_COLLECT] = "rogatory-collect", [CHILD_STORE] = "rogatory-store"};

/* --- What it is told --- */

struct command_line {
        char *items[ARGUMENTS_MAX + 1];
        char texts[ARGUMENTS_MAX][ARGUMENT_MAX];
        size_t count, text_count;
        int handed[SOCKETS_MAX + 2]; /* descriptors that stay open */
        size_t handed_count;
};

static void add_word(struct command_line *line, const char *word)
{
        /* execve(2) does not change what it is given; its type is from before const. */
        if (line->count < ARGUMENTS_MAX)
                line->items[line->count++] = (char *)(uintptr_t)word;
}

static void add_descriptor(struct command_line *line, const char *option, long number, int descriptor)
{
        char *text = line->texts[line->text_count++];

        if (number < 0)
                snprintf(text, ARGUMENT_MAX, "%d", descriptor);
        else
                snprintf(text, ARGUMENT_MAX, "%ld:%d", number, descriptor);
        add_word(line, option);
        add_word(line, text);
        line->handed[line->handed_count++] = descriptor;
}

static void write_command_line(struct command_line *line, enum child child, const char *program,
        const struct setting *setting, const struct sockets *sockets, int relay, int ready)
{
        add_word(line, program);
        add_word(line, "--config");
        add_word(line, setting->folder);
        add_descriptor(line, "--relay", -1, relay);
        add_descriptor(line, "--ready", -1, ready);
        for (size_t i = 0; i < sockets->count; i++) {
                const struct node_socket *one = &sockets->items[i];
                if (child == CHILD_STORE && one->use == SOCKET_ASK)
                        add_descriptor(line, "--ask", -1, one->socket);
                else if (child == CHILD_COLLECT && one->use == SOCKET_METRICS)
                        add_descriptor(line, "--metrics", -1, one->socket);
                else if (child == CHILD_COLLECT && one->use == SOCKET_LISTENER)
                        add_descriptor(line, "--listener", (long)one->listener, one->socket);
        }
}

/* What is in our environment was meant for us: of it goes on where credentials are, and what a checker of
 * memory is told in tests. */
static void write_environment(char *environment[8], char texts[7][512])
{
        static const char *const names[] = {
                "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
        size_t count = 0;

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                const char *value = getenv(names[i]);
                int length = value ? snprintf(texts[count], 512, "%s=%s", names[i], value) : -1;
                if (length > 0 && length < 512) {
                        environment[count] = texts[count];
                        count++;
                }
        }
        environment[count] = NULL;
}

/* --- Starting --- */

/* In the child. Only calls that are sound between fork and exec of a process of one thread. */
static void become(enum child child, pid_t parent, struct command_line *line)
{
        char texts[7][512], *environment[8];
        sigset_t none;

        write_environment(environment, texts);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        /* Lost where it becomes another user; then it ends because its relay does. */
        prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
        /* The store is who the parent is and becomes nobody else. */
        if (child == CHILD_STORE)
                prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        for (size_t i = 0; i < line->handed_count; i++)
                if (fcntl(line->handed[i], F_SETFD, 0) < 0)
                        _exit(COULD_NOT_START);
        if (getppid() != parent)
                _exit(COULD_NOT_START);
        execve(line->items[0], line->items, environment);
        _exit(COULD_NOT_START);
}

static int start_one(enum child child, const char *program, const struct setting *setting,
        const struct sockets *sockets, int relay, struct child_process *ret_process, struct error *error)
{
        int ends[2];
        pid_t parent = getpid();
        struct command_line *line = calloc(1, sizeof *line);

        if (!line)
                return error_set(error, -ENOMEM, "Not enough memory");
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
                free(line);
                return error_set(
                        error, -errno, "No sockets for %s: %s", child_names[child], strerrordesc_np(errno));
        }
        write_command_line(line, child, program, setting, sockets, relay, ends[1]);
        pid_t pid = fork();
        if (pid == 0)
                become(child, parent, line);
        int code = errno;
        free(line);
        close(ends[1]);
        if (pid < 0) {
                close(ends[0]);
                return error_set(
                        error, -code, "%s cannot be started: %s", child_names[child], strerrordesc_np(code));
        }
        *ret_process = (struct child_process){.pid = pid, .ready = ends[0]};
        return 0;
}

int children_start(const char *const programs[CHILD_COUNT], const struct setting *setting,
        const struct sockets *sockets, struct child_process processes[CHILD_COUNT], struct error *error)
{
        int relay[CHILD_COUNT], r = 0;

        for (unsigned i = 0; i < CHILD_COUNT; i++)
                processes[i] = (struct child_process){.ready = -1};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, relay) < 0)
                return error_set(error, -errno, "No sockets for the relay: %s", strerrordesc_np(errno));
        /* The store first: it has less to do before it is ready. */
        for (unsigned i = CHILD_COUNT; r == 0 && i-- > 0;)
                r = start_one((enum child)i, programs[i], setting, sockets, relay[i], &processes[i], error);
        close(relay[0]);
        close(relay[1]);
        return r;
}

/* --- Watching --- */

bool child_listen(struct child_process *process, bool *ret_ready)
{
        char said[256];
        bool heard = false;

        for (;;) {
                ssize_t got = process->ready < 0 ? 0 : read(process->ready, said, sizeof said);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return heard;
                if (got == 0) { /* it closed its end; that it ended is told by the system */
                        if (process->ready >= 0)
                                close(process->ready);
                        process->ready = -1;
                        return heard;
                }
                heard = true;
                for (ssize_t i = 0; i < got; i++)
                        *ret_ready = *ret_ready || said[i] != ALIVE_STARTING;
        }
}

void child_forget(struct child_process *process)
{
        if (process->ready >= 0)
                close(process->ready);
        *process = (struct child_process){.ready = -1};
}
