/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/node.h"

#include "rogatory/command.h"
#include "rogatory/terminal.h"

#include "os/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The words as the node takes them, one behind the other, each with its end mark: the file of a batch is open
 * as its standard input. */
static int write_words(int argc, char **argv, const char *file, struct buffer *ret)
{
        for (int i = 0; i < argc; i++) {
                const char *word = argv[i];
                size_t length = strlen(word);
                /* Alone, or behind "--batch=". */
                if (file && file >= word && file <= word + length) {
                        buffer_append(ret, word, (size_t)(file - word));
                        buffer_append(ret, "-", 2);
                } else {
                        buffer_append(ret, word, length + 1);
                }
        }
        return ret->failed;
}

static int open_input(const char *batch, struct error *error)
{
        if (!batch || strcmp(batch, "-") == 0)
                return STDIN_FILENO;
        int file = open(batch, O_RDONLY | O_CLOEXEC);
        return file < 0 ? error_set(error, -errno, "%s: %s", batch, strerrordesc_np(errno)) : file;
}

static int read_code(int socket)
{
        unsigned char outcome[2];

        for (size_t have = 0; have < sizeof outcome;) {
                ssize_t got = read(socket, outcome + have, sizeof outcome - have);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0) {
                        complain("the node ended before it was done; try again");
                        return EXIT_FAILED;
                }
                have += (size_t)got;
        }
        if (outcome[0] == NODE_BUSY)
                complain("the node does as much at once as it may; try again in a moment");
        if (outcome[0] == NODE_REFUSED)
                complain("the node does not do this");
        return outcome[0] == NODE_DONE ? outcome[1] : EXIT_FAILED;
}

static int pass_over(int socket, int argc, char **argv, const char *file, int input)
{
        struct buffer words = buffer_make(PASS_BYTES_MAX);
        struct error error = {0};

        int r = write_words(argc, argv, file, &words);
        if (r == -EFBIG)
                error_set(&error, r, "what is asked is longer than %u bytes", PASS_BYTES_MAX);
        if (r == 0) {
                int descriptors[] = {input, STDOUT_FILENO, STDERR_FILENO};
                r = pass_send(socket, words.bytes, words.length, descriptors, 3, &error);
        }
        buffer_free(&words);
        return r < 0 ? complain_error(&error) : read_code(socket);
}

static int ask_over(int socket, int argc, char **argv, const char *batch)
{
        struct error error = {0};
        int input = open_input(batch, &error);

        if (input < 0)
                return complain_error(&error);
        int code = pass_over(socket, argc, argv, batch, input);
        if (input > STDERR_FILENO)
                close(input);
        return code;
}

static bool is_here;

void node_is_here(void)
{
        is_here = true;
}

bool node_run(const char *store, int argc, char **argv, const char *batch, int *ret_code)
{
        char path[4096];
        struct error error = {0};
        struct stat status;
        int socket;

        if (is_here)
                return false;
        bool named = stat(store, &status) == 0 && S_ISSOCK(status.st_mode);
        int length = named ? snprintf(path, sizeof path, "%s", store)
                           : snprintf(path, sizeof path, "%s/" NODE_SOCKET_NAME, store);
        if (length < 0 || (size_t)length >= sizeof path)
                return false;
        int r = pass_connect(path, &socket, &error);
        if (r < 0) {
                /* A node that was killed leaves its socket behind; then the store answers itself. */
                if (!named && (r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR))
                        return false;
                *ret_code = complain_error(&error);
                return true;
        }
        *ret_code = ask_over(socket, argc, argv, batch);
        close(socket);
        return true;
}

bool node_call(const char *socket_path, int argc, char **argv, const char *replaced, int input, int *ret_code)
{
        struct error error = {0};
        int socket;

        if (is_here)
                return false;
        int r = pass_connect(socket_path, &socket, &error);
        if (r < 0) {
                /* A node that was killed leaves its socket behind. */
                if (r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR)
                        return false;
                *ret_code = complain_error(&error);
                return true;
        }
        *ret_code = pass_over(socket, argc, argv, replaced, input);
        close(socket);
        return true;
}

bool node_is_this(void)
{
        return is_here;
}
