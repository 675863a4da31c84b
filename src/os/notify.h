/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_NOTIFY_H
#define ROGATORY_OS_NOTIFY_H

/* What a service manager is told, and what it hands over: ready, reloading, stopping, watchdog, and sockets
 * (the protocols of sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3), which are stable and need no
 * library). Without a service manager every call does nothing and succeeds.
 *
 * Opened before the process is confined, because confined it makes no socket. */

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTIFY_TEXT_MAX 1024u
#define NOTIFY_SOCKETS_MAX 64u
#define NOTIFY_NAME_MAX 256u

struct notify {
        int socket;          /* -1: nobody is to be told */
        int64_t watchdog_ms; /* how often this process has to say that it is alive; 0: never */
};

/* Reads the environment (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID) and takes it away, so that no process
 * that is started later speaks for this one. -EINVAL (an address that is none), or why its socket cannot be
 * reached. */
int notify_open(struct notify *ret_notify, struct error *error);
void notify_close(struct notify *notify);

/* status: a line for people, or NULL; line ends in it become spaces. A message that cannot be sent is told by
 * the result, and is no reason to stop. */
int notify_ready(const struct notify *notify, const char *status, struct error *error);
int notify_reloading(
        const struct notify *notify, struct error *error); /* then notify_ready when it is done */
int notify_stopping(const struct notify *notify, const char *status, struct error *error);
int notify_status(const struct notify *notify, const char *status, struct error *error);
int notify_alive(const struct notify *notify, struct error *error);

/* When notify_alive is due, on the steady clock: half of the time that is left to a process. INT64_MAX:
 * never. */
int64_t notify_next_ms(const struct notify *notify, int64_t last_ms);

/* A socket that was handed over. */
struct notify_socket {
        int socket;
        char name[NOTIFY_NAME_MAX]; /* FileDescriptorName= of its unit; "unknown" where it has none */
};

/* Takes the sockets over: close-on-exec, and the environment is taken away. ret_count: 0 where there are
 * none, or where they are another process'. -EINVAL where what the environment says cannot be, -E2BIG above
 * NOTIFY_SOCKETS_MAX. */
int notify_sockets(
        struct notify_socket ret_sockets[NOTIFY_SOCKETS_MAX], size_t *ret_count, struct error *error);

#endif
