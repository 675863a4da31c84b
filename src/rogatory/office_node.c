/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/office_node.h"

#include "os/file.h"
#include "rogatory/node.h"
#include "rogatory/terminal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool office_elsewhere_with(
        const char *node, int argc, char **argv, const char *file, int input, int *ret_code)
{
        char path[PATH_MAX];
        int length = snprintf(path, sizeof path, "%s/" OFFICE_SOCKET_NAME, node);

        return length < (int)sizeof path && node_call(path, argc, argv, file, input, ret_code);
}

bool office_elsewhere(const char *node, int argc, char **argv, const char *file, int *ret_code)
{
        bool named = file && strcmp(file, "-") != 0;
        int input = STDIN_FILENO;

        if (node_is_this())
                return false;
        if (named) {
                input = open(file, O_RDONLY | O_CLOEXEC);
                if (input < 0) {
                        complain("%s: %s", file, strerrordesc_np(errno));
                        *ret_code = EXIT_FAILED;
                        return true;
                }
        }
        bool done = office_elsewhere_with(node, argc, argv, file, input, ret_code);
        if (named)
                close(input);
        return done;
}

int office_here(const char *node, struct office **ret_office, struct error *error)
{
        int r = office_open(node, NULL, ret_office, error);

        return r < 0 ? r : office_need_any_role(*ret_office, error);
}

static int read_standard_input(struct buffer *ret, struct error *error)
{
        for (;;) {
                uint8_t piece[65536];
                ssize_t n = read(STDIN_FILENO, piece, sizeof piece);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_set(error, -errno, "standard input: %s", strerrordesc_np(errno));
                if (n == 0)
                        return 0;
                int r = buffer_append(ret, piece, (size_t)n);
                if (r < 0)
                        return error_set(error, r, "standard input: is longer than %zu bytes", ret->ceiling);
        }
}

int office_input(const char *path, size_t most, struct buffer *ret, struct error *error)
{
        *ret = buffer_make(most);
        if (strcmp(path, "-") == 0)
                return read_standard_input(ret, error);
        if (node_is_this())
                return error_set(error, -EPERM, "%s: the node opens no files for its callers", path);
        return file_read(path, ret, error);
}
