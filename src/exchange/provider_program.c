/* SPDX-License-Identifier: EUPL-1.2 */
/* The program that asks the store, as a child whose output we read. The store records by itself who asks: the
 * child runs as whoever runs us. */
#include "exchange/provider.h"

#include "os/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MOST 40
#define COMPLAINT_MAX 400

static const char *program_set;

void provider_program_set(const char *path)
{
        program_set = path;
}

static int program_path(const char *named, char path[PATH_MAX], struct error *error)
{
        char folder[PATH_MAX - 16];

        if (named) {
                snprintf(path, PATH_MAX, "%s", named);
                return 0;
        }
        int r = program_folder(folder, sizeof folder, error);
        if (r < 0)
                return r;
        snprintf(path, PATH_MAX, "%s/rogatory", folder);
        /* A daemon lies in sbin, the program of people in bin beside it. */
        if (access(path, X_OK) != 0 && strlen(folder) + sizeof "/../bin/rogatory" < PATH_MAX)
                snprintf(path, PATH_MAX, "%s/../bin/rogatory", folder);
        return 0;
}

static int start(const char *path, const char *const *words, int output, int complaint, pid_t *ret_child)
{
        static char environment[] = "LC_ALL=C";
        char *variables[] = {environment, NULL};
        const char *arguments[WORDS_MOST + 2] = {path};
        posix_spawn_file_actions_t actions;
        size_t count = 1;

        for (size_t i = 0; words[i] && count <= WORDS_MOST; i++)
                arguments[count++] = words[i];
        int r = posix_spawn_file_actions_init(&actions);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, output, 1);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, complaint, 2);
        /* posix_spawn does not change the words that it is given. */
        if (r == 0)
                r = posix_spawn(ret_child, path, &actions, NULL, (char *const *)(void *)arguments, variables);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

/* Both pipes until both are closed: a child that complains a lot must not stand still for it. */
static int read_both(int output, int complaint, struct buffer *ret, char words[COMPLAINT_MAX])
{
        struct pollfd waits[2] = {{.fd = output, .events = POLLIN}, {.fd = complaint, .events = POLLIN}};
        char piece[65536];
        size_t said = 0;
        int r = 0;

        while (waits[0].fd >= 0 || waits[1].fd >= 0) {
                if (poll(waits, 2, -1) < 0 && errno != EINTR)
                        return -errno;
                for (int i = 0; i < 2; i++) {
                        if (waits[i].fd < 0 || !waits[i].revents)
                                continue;
                        ssize_t got = read(waits[i].fd, piece, sizeof piece);
                        if (got < 0 && errno == EINTR)
                                continue;
                        if (got <= 0) {
                                waits[i].fd = -1;
                        } else if (i == 0) {
                                if (r == 0)
                                        r = buffer_append(ret, piece, (size_t)got);
                        } else {
                                size_t take = (size_t)got < COMPLAINT_MAX - 1 - said
                                                      ? (size_t)got
                                                      : COMPLAINT_MAX - 1 - said;
                                memcpy(words + said, piece, take);
                                said += take;
                        }
                }
        }
        words[said] = '\0';
        for (char *at = words; *at; at++)
                if ((unsigned char)*at < 0x20 || *at == 0x7f)
                        *at = ' ';
        return r;
}

static int wait_for(pid_t child, int *ret_exit)
{
        int status;

        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        if (!WIFEXITED(status))
                return -EIO;
        *ret_exit = WEXITSTATUS(status);
        return 0;
}

int provider_run_program(void *context, const char *const *words, struct buffer *ret_output, int *ret_exit,
        struct error *error)
{
        char path[PATH_MAX], complaint[COMPLAINT_MAX] = "";
        int output[2], complaints[2], code = -1;

        (void)context;
        int r = program_path(program_set, path, error);
        if (r < 0)
                return r;
        if (pipe2(output, O_CLOEXEC) < 0)
                return error_set(error, -errno, "no pipe could be made: %s", strerrordesc_np(errno));
        if (pipe2(complaints, O_CLOEXEC) < 0) {
                r = -errno;
                close(output[0]);
                close(output[1]);
                return error_set(error, r, "no pipe could be made: %s", strerrordesc_np(-r));
        }
        pid_t child = -1;
        r = start(path, words, output[1], complaints[1], &child);
        close(output[1]);
        close(complaints[1]);
        if (r == 0)
                r = read_both(output[0], complaints[0], ret_output, complaint);
        close(output[0]);
        close(complaints[0]);
        if (child > 0) {
                int waited = wait_for(child, &code);
                r = r < 0 ? r : waited;
        }
        if (r < 0)
                return error_set(error, r, "%s: %s", path, strerrordesc_np(-r));
        *ret_exit = code;
        if (code == 0 || code == 3 || code == 4 || code == 5) /* one, several, none, unknown */
                return 0;
        return error_set(error, -EIO, "%s %s ended with %d: %s", path, words[0], code,
                *complaint ? complaint : "it did not say why");
}
