/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_PASS_H
#define ROGATORY_OS_PASS_H

/* Asking another process of this machine to do something with the caller's own descriptors: words and open
 * descriptors go over a Unix socket, and the kernel says who sent them (SCM_RIGHTS and SO_PEERCRED of
 * unix(7)). So a node answers on the asker's own output without opening a file for him. */

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PASS_DESCRIPTORS_MAX 4u
#define PASS_BYTES_MAX 65536u

/* Connects to a socket in the file system. -ENOENT, -ECONNREFUSED (nobody listens), -EACCES ..., each with a
 * message. */
int pass_connect(const char *path, int *ret_socket, struct error *error);

/* Sends bytes (1..PASS_BYTES_MAX) with descriptors, which stay the caller's. */
int pass_send(int socket, const void *bytes, size_t length, const int *descriptors, size_t count,
        struct error *error);

/* Takes one message of exactly `count` descriptors and at most `size` bytes. The descriptors are the caller's
 * and close-on-exec. -EPROTO where it has another number of them, or is cut off; -ECONNRESET where the sender
 * went. */
int pass_receive(int socket, void *bytes, size_t size, size_t *ret_length, int *ret_descriptors, size_t count,
        struct error *error);

/* Who is at the other end, as the kernel knows it. */
struct pass_peer {
        uid_t uid;
        pid_t pid;
};
int pass_peer(int socket, struct pass_peer *ret_peer, struct error *error);

#endif
