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

/* This process is of the node itself: node_run finds none from now on. */
void node_is_here(void);

#endif
