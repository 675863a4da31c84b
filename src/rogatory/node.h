/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_NODE_H
#define ROGATORY_ROGATORY_NODE_H

/* Commands that a live node carries out for whoever calls the program: it knows what stands in no window yet,
 * and its store need be open to nobody else. Words and the caller's own descriptors go over its socket; the
 * record of access names him as the kernel does. */

#include <stdbool.h>

#define NODE_SOCKET_NAME "ask.socket" /* in the store's folder */
#define NODE_WORDS_MAX 64

/* What the node answers when it is done: one of these, and the exit code. */
enum node_outcome { NODE_DONE = 'd', NODE_BUSY = 'b', NODE_REFUSED = 'r' };

/* Has the node carry the command out that serves the store (a folder, or the node's socket): true where one
 * did, with its exit code; false where there is none. argv[0] is the command. batch: the file that is to be
 * its standard input, one of argv; NULL: there is none. */
bool node_run(const char *store, int argc, char **argv, const char *batch, int *ret_code);

/* The same over a socket that is known. replaced: the name of a file that is one of argv or stands in one:
 * what reaches the node is "-", and `input` as its standard input. False where there is no socket, or nobody
 * listens. */
bool node_call(
        const char *socket_path, int argc, char **argv, const char *replaced, int input, int *ret_code);

/* This process is of a node: what it does, it does for somebody at the other end of a socket. It opens no
 * file that he names. */
bool node_is_this(void);

/* This process is of the node itself: node_run finds none from now on. */
void node_is_here(void);

#endif
