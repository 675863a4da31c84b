/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORYD_SOCKETS_H
#define ROGATORY_ROGATORYD_SOCKETS_H

/* The sockets of a node. They belong to the parent, so that the kernel keeps what comes while the children
 * are started anew; nothing is ever read from them here. */

#include "os/notify.h"
#include "rogatoryd/setting.h"

#include <sys/types.h>

#define SOCKETS_MAX (SETTINGS_LISTENERS_MAX + 2) /* listeners, ask, metrics */

/* Names under which a service manager hands over what is no listener. */
#define SOCKET_NAME_ASK "ask"
#define SOCKET_NAME_METRICS "metrics"

enum socket_use { SOCKET_LISTENER, SOCKET_ASK, SOCKET_METRICS };

struct node_socket {
        enum socket_use use;
        char name[SETTINGS_NAME_MAX]; /* of its listener */
        size_t listener;              /* the number of its section */
        int type;                     /* SOCK_DGRAM, SOCK_STREAM */
        struct address address;
        uint16_t port;
        uint64_t buffer; /* bytes that were wanted of the kernel; streams: 0 */
        int socket;
        bool handed_over; /* by the service manager: never closed */
};

struct sockets {
        struct node_socket items[SOCKETS_MAX];
        size_t count;
        struct notify_socket handed[NOTIFY_SOCKETS_MAX]; /* all that the service manager handed over */
        size_t handed_count;
};

/* Takes what the service manager handed over; says what of it nobody is configured for. */
int sockets_take(struct sockets *sockets, struct error *error);

/* Opens what the setting wants, and takes over from `sockets` what it has already; what is not wanted any
 * more is closed. After a failure `sockets` is as it was. group: who may ask; -1: nobody but the owner.
 * owner: whose the socket of questions is to be; -1: the caller's. */
int sockets_open(struct sockets *sockets, const struct setting *setting, uid_t owner, gid_t group,
        struct error *error);

/* Closes all, and removes the socket of questions where it was made here. */
void sockets_close(struct sockets *sockets, const struct setting *setting);

#endif
