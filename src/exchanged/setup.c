/* SPDX-License-Identifier: EUPL-1.2 */
/* From the folder to a node that is ready to run: what stands in it, sockets, signals. */
#include "exchanged/exchanged.h"

#include "base/address.h"
#include "exchange/office.h"
#include "os/account.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAITING_CONNECTIONS 64
#define EXAMINATION_SECONDS 100

const struct exchanged_times exchanged_usual_times = {.tick_ms = 500,
        .idle_ms = 60000,
        .retry_first_ms = 500,
        .retry_most_ms = 60000,
        .hang_ms = 30000,
        .gate_failures_max = 5};

/* --- What stands in the folder --- */

static int read_listen(struct exchanged *node, const char *listen, struct error *error)
{
        struct address address;
        int port;

        if (!*listen)
                return 0;
        int r = address_parse_with_port(slice_of(listen), &address, &port, error);
        if (r == 0 && (port < 0 || port > UINT16_MAX))
                r = error_set(error, -EINVAL, "%s: \"listen\" names no port", listen);
        if (r < 0)
                return r;
        address_format(&address, node->address);
        node->port = (uint16_t)port;
        return 0;
}

int exchanged_read_settings(struct exchanged *node, struct error *error)
{
        struct office_settings *settings = calloc(1, sizeof *settings);
        struct buffer text = buffer_make(OFFICE_SETTINGS_BYTES_MAX);
        char path[PATH_MAX + sizeof OFFICE_SETTINGS_NAME];

        snprintf(path, sizeof path, "%s/" OFFICE_SETTINGS_NAME, node->folder);
        int r = settings ? file_read(path, &text, error) : error_set(error, -ENOMEM, "not enough memory");
        if (r == 0)
                r = office_settings_read(slice_make((const char *)text.bytes, text.length), settings, error);
        if (r == 0) {
                snprintf(node->organisation, sizeof node->organisation, "%s", settings->organisation);
                snprintf(node->store, sizeof node->store, "%s", settings->store);
                memcpy(node->keys, settings->keys, sizeof node->keys);
                memcpy(node->token_files, settings->token_files, sizeof node->token_files);
                node->token_file_count = settings->token_file_count;
                memcpy(node->timestamp_url, settings->timestamp_url, sizeof node->timestamp_url);
                memcpy(node->timestamp_authorities, settings->timestamp_authorities,
                        sizeof node->timestamp_authorities);
                r = read_listen(node, settings->listen, error);
        }
        buffer_free(&text);
        free(settings);
        return r;
}

static int examine(const struct exchanged *node, struct error *error)
{
        const struct office_options as_node = {.login = OFFICE_NODE};
        struct office *office = NULL;
        struct error unpinned = {0};

        int r = office_open(node->folder, &as_node, &office, error);
        if (r == 0 && office_directory_is_expired(office))
                exchanged_say(LOG_CAUTION, "directory-expired",
                        "no order for production is sent or taken until there is a newer one");
        for (int purpose = 0; r == 0 && purpose < DIRECTORY_PURPOSES; purpose++) {
                r = office_key(office, (enum directory_purpose)purpose, NULL, NULL, &unpinned);
                /* A directory that pins it may come any moment. */
                if (r == -ENOKEY)
                        exchanged_say(LOG_CAUTION, "key-not-pinned", "%s", unpinned.text);
                else if (r < 0)
                        error_set(error, r, "%s", unpinned.text);
                r = r == -ENOKEY ? 0 : r;
        }
        office_close(office);
        return r;
}

/* In a child: the parent has no key in its memory, and no module of a token that a child of it would have to
 * begin anew. */
int exchanged_examine(struct exchanged *node, struct error *error)
{
        struct error said = {0};
        int status = 0, ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_set(error, -errno, "no pipe: %s", strerrordesc_np(errno));
        pid_t pid = fork();
        if (pid == 0) {
                alarm(EXAMINATION_SECONDS); /* a token's module may wait for ever */
                int r = examine(node, &said);
                _exit(r < 0 && write(ends[1], &said, sizeof said) != (ssize_t)sizeof said);
        }
        int code = errno;
        close(ends[1]);
        ssize_t got = pid < 0 ? 0 : read(ends[0], &said, sizeof said);
        close(ends[0]);
        if (pid < 0)
                return error_set(error, -code, "no process: %s", strerrordesc_np(code));
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (got == (ssize_t)sizeof said)
                return error_set(error, said.code, "%s", said.text);
        return status == 0 ? 0
                           : error_set(error, -ECHILD,
                                     "the process that looks at the folder ended before it was done (%x)",
                                     (unsigned)status);
}

int exchanged_open(struct exchanged *node, const struct exchanged_options *options,
        const struct exchanged_times *times, struct error *error)
{
        int length;

        *node = (struct exchanged){.options = options,
                .times = times,
                .people = -1,
                .offers = -1,
                .signals = -1,
                .notify = {.socket = -1},
                .work_wanted = true};
        for (unsigned i = 0; i < EXCHANGED_PLACES; i++)
                node->children[i].told = -1;
        if (!realpath(options->node, node->folder))
                return error_set(error, -errno, "%s: %s", options->node, strerrordesc_np(errno));
        length = options->socket
                         ? snprintf(node->socket_path, sizeof node->socket_path, "%s", options->socket)
                         : snprintf(node->socket_path, sizeof node->socket_path, "%s/" OFFICE_SOCKET_NAME,
                                   node->folder);
        if (length < 0 || (size_t)length >= sizeof((struct sockaddr_un *)0)->sun_path)
                return error_set(
                        error, -ENAMETOOLONG, "%s: is too long for the name of a socket", node->socket_path);
        return exchanged_read_settings(node, error);
}

/* --- The socket of people --- */

/* One that is left from a node that was killed is removed; one that answers is another process'. */
static int clear_place(const char *path, struct error *error)
{
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        struct stat status;

        if (lstat(path, &status) < 0)
                return errno == ENOENT ? 0 : error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        if (!S_ISSOCK(status.st_mode))
                return error_set(error, -EEXIST, "%s: is there already and no socket; remove it", path);
        memcpy(at.sun_path, path, strlen(path) + 1);
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        bool answers =
                probe >= 0 && (connect(probe, (struct sockaddr *)&at, sizeof at) == 0 || errno == EAGAIN);
        if (probe >= 0)
                close(probe);
        if (answers)
                return error_set(error, -EADDRINUSE, "%s: this node runs already", path);
        if (unlink(path) < 0)
                return error_set(error, -errno, "%s: cannot be removed: %s", path, strerrordesc_np(errno));
        return 0;
}

static int find_accounts(
        const struct exchanged_options *options, uid_t *ret_owner, gid_t *ret_group, struct error *error)
{
        if (options->user && !account_find_user(options->user, ret_owner, ret_group))
                return error_set(error, -EINVAL, "%s: there is no such user", options->user);
        if (options->socket_group && !account_find_group(options->socket_group, ret_group))
                return error_set(error, -EINVAL, "%s: there is no such group", options->socket_group);
        return 0;
}

/* Nobody reaches it before its rights are what they are to be. */
static int make_socket(struct exchanged *node, struct error *error)
{
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        const char *path = node->socket_path;
        uid_t owner = (uid_t)-1;
        gid_t group = (gid_t)-1;

        int r = find_accounts(node->options, &owner, &group, error);
        if (r == 0)
                r = clear_place(path, error);
        if (r < 0)
                return r;
        memcpy(at.sun_path, path, strlen(path) + 1);
        node->people = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        mode_t before = umask(0177);
        bool bound = node->people >= 0 && bind(node->people, (struct sockaddr *)&at, sizeof at) == 0;
        umask(before);
        if (bound && lchown(path, owner, group) == 0 && chmod(path, 0660) == 0 &&
                listen(node->people, WAITING_CONNECTIONS) == 0)
                return 0;
        r = error_set(
                error, -errno, "%s: the socket for people cannot be made: %s", path, strerrordesc_np(errno));
        if (bound)
                unlink(path);
        return r;
}

/* A service manager may hand one over. */
static int take_handed(struct exchanged *node, struct error *error)
{
        struct notify_socket handed[NOTIFY_SOCKETS_MAX];
        size_t count;
        int listens = 0;
        socklen_t length = sizeof listens;

        int r = notify_sockets(handed, &count, error);
        if (r < 0 || count == 0)
                return r;
        if (count > 1 || getsockopt(handed[0].socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0 ||
                !listens)
                return error_set(error, -EINVAL,
                        "%s: a service manager may hand over one socket that listens, for people",
                        handed[0].name);
        node->people = handed[0].socket;
        node->people_handed_over = true;
        return 0;
}

/* --- Ready to run --- */

static int take_signals(struct exchanged *node, struct error *error)
{
        static const int wanted[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
        sigset_t signals;

        sigemptyset(&signals);
        for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++)
                sigaddset(&signals, wanted[i]);
        sigprocmask(SIG_BLOCK, &signals, &node->signals_before);
        signal(SIGPIPE, SIG_IGN);
        node->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        return node->signals < 0 ? error_set(error, -errno, "signals: %s", strerrordesc_np(errno)) : 0;
}

int exchanged_prepare(struct exchanged *node, struct error *error)
{
        bool runs = !node->options->check;
        char spool[PATH_MAX + 8];

        /* What SQLite spills, it spills where every process of the node may write. */
        snprintf(spool, sizeof spool, "%s/spool", node->folder);
        setenv("SQLITE_TMPDIR", spool, 1);
        int r = runs ? notify_open(&node->notify, error) : 0;

        if (r == 0 && runs)
                r = take_handed(node, error);
        if (r == 0 && runs && node->people < 0)
                r = make_socket(node, error);
        if (r == 0 && runs)
                r = take_signals(node, error);
        return r == 0 ? exchanged_confine(node, error) : r;
}

void exchanged_close(struct exchanged *node)
{
        if (node->people >= 0) {
                close(node->people);
                if (!node->people_handed_over)
                        unlink(node->socket_path);
        }
        if (node->signals >= 0)
                close(node->signals);
        notify_close(&node->notify);
}
