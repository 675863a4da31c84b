/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/notify.h"

#include "base/slice.h"
#include "os/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_SOCKET 3 /* SD_LISTEN_FDS_START */

/* "/path" or "@name" in the abstract name space (sd_notify(3)). */
static int reach(const char *where, int *ret_socket, struct error *error)
{
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        size_t length = strlen(where);

        if ((where[0] != '/' && where[0] != '@') || length < 2 || length >= sizeof to.sun_path)
                return error_set(
                        error, -EINVAL, "NOTIFY_SOCKET is no address of a service manager: %.100s", where);
        memcpy(to.sun_path, where, length);
        if (where[0] == '@')
                to.sun_path[0] = '\0';
        int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
        if (made < 0 || connect(made, (struct sockaddr *)&to, size) < 0) {
                int code = errno;
                if (made >= 0)
                        close(made);
                return error_set(
                        error, -code, "The service manager cannot be reached: %s", strerrordesc_np(code));
        }
        *ret_socket = made;
        return 0;
}

/* A process' number in the environment is meant for that process only. */
static bool is_mine(const char *name, bool if_missing)
{
        const char *text = getenv(name);
        uint64_t number;

        if (!text)
                return if_missing;
        return slice_number(slice_of(text), INT32_MAX, &number) == 0 && (pid_t)number == getpid();
}

static int64_t watchdog_of_environment(void)
{
        const char *text = getenv("WATCHDOG_USEC");
        uint64_t microseconds;

        if (!text || !is_mine("WATCHDOG_PID", true) ||
                slice_number(slice_of(text), INT64_MAX, &microseconds) < 0 || microseconds == 0)
                return 0;
        return microseconds < 1000 ? 1 : (int64_t)(microseconds / 1000);
}

int notify_open(struct notify *ret_notify, struct error *error)
{
        struct notify notify = {.socket = -1, .watchdog_ms = watchdog_of_environment()};
        const char *where = getenv("NOTIFY_SOCKET");

        int r = where && *where ? reach(where, &notify.socket, error) : 0;
        if (r < 0)
                return r;
        if (notify.socket < 0)
                notify.watchdog_ms = 0;
        unsetenv("NOTIFY_SOCKET");
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        *ret_notify = notify;
        return 0;
}

void notify_close(struct notify *notify)
{
        if (notify->socket >= 0)
                close(notify->socket);
        notify->socket = -1;
}

static int tell(const struct notify *notify, const char *what, const char *status, struct error *error)
{
        char text[NOTIFY_TEXT_MAX];

        if (notify->socket < 0)
                return 0;
        int length =
                snprintf(text, sizeof text, "%s%s%s", what, status ? "STATUS=" : "", status ? status : "");
        if (length < 0 || (size_t)length >= sizeof text)
                length = sizeof text - 1;
        /* Each line is a statement: a status must not become one. */
        for (size_t i = strlen(what); i < (size_t)length; i++)
                if (text[i] == '\n')
                        text[i] = ' ';
        if (send(notify->socket, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) == length)
                return 0;
        return error_set(error, -errno, "The service manager cannot be told: %s", strerrordesc_np(errno));
}

int notify_ready(const struct notify *notify, const char *status, struct error *error)
{
        return tell(notify, "READY=1\n", status, error);
}

int notify_reloading(const struct notify *notify, struct error *error)
{
        char what[80];

        /* Type=notify-reload wants the time by the monotonic clock in microseconds. */
        snprintf(what, sizeof what, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n", clock_steady_ms() * 1000);
        return tell(notify, what, NULL, error);
}

int notify_stopping(const struct notify *notify, const char *status, struct error *error)
{
        return tell(notify, "STOPPING=1\n", status, error);
}

int notify_status(const struct notify *notify, const char *status, struct error *error)
{
        return tell(notify, "", status, error);
}

int notify_alive(const struct notify *notify, struct error *error)
{
        return tell(notify, "WATCHDOG=1\n", NULL, error);
}

int64_t notify_next_ms(const struct notify *notify, int64_t last_ms)
{
        if (notify->watchdog_ms == 0)
                return INT64_MAX;
        return last_ms + (notify->watchdog_ms > 1 ? notify->watchdog_ms / 2 : 1);
}

/* "first:second" in the order of the sockets; a name that is too long is cut. */
static void name_sockets(struct notify_socket *sockets, size_t count)
{
        const char *names = getenv("LISTEN_FDNAMES");
        struct slice rest = slice_of(names ? names : "");

        for (size_t i = 0; i < count; i++) {
                struct slice name = slice_cut(&rest, ':');
                int length = name.length < NOTIFY_NAME_MAX ? (int)name.length : (int)NOTIFY_NAME_MAX - 1;
                snprintf(sockets[i].name, sizeof sockets[i].name, "%.*s", length ? length : 7,
                        length ? name.text : "unknown");
        }
}

int notify_sockets(
        struct notify_socket ret_sockets[NOTIFY_SOCKETS_MAX], size_t *ret_count, struct error *error)
{
        const char *text = getenv("LISTEN_FDS");
        uint64_t count = 0;

        if (!text || !is_mine("LISTEN_PID", false)) {
                *ret_count = 0;
                return 0;
        }
        if (slice_number(slice_of(text), INT32_MAX, &count) < 0)
                return error_set(error, -EINVAL, "LISTEN_FDS is no number of sockets: %.40s", text);
        if (count > NOTIFY_SOCKETS_MAX)
                return error_set(error, -E2BIG, "%" PRIu64 " sockets were handed over; %u are the most",
                        count, NOTIFY_SOCKETS_MAX);
        for (size_t i = 0; i < count; i++) {
                ret_sockets[i].socket = FIRST_SOCKET + (int)i;
                if (fcntl(ret_sockets[i].socket, F_SETFD, FD_CLOEXEC) < 0)
                        return error_set(error, -EINVAL,
                                "Descriptor %d should have been handed over and is not open",
                                ret_sockets[i].socket);
        }
        name_sockets(ret_sockets, count);
        unsetenv("LISTEN_FDS");
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDNAMES");
        *ret_count = count;
        return 0;
}
