/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORYD_CHILD_H
#define ROGATORY_ROGATORYD_CHILD_H

/* The two programs that a node starts, and what each is handed:
 *
 *   rogatory-collect --config FOLDER --relay FD --ready FD [--metrics FD] [--listener NUMBER:FD]...
 *   rogatory-store   --config FOLDER --relay FD --ready FD --ask FD
 *
 * --relay: one end of a pair of stream sockets, whose other end the other has. --ready: what it says there is
 * in os/alive.h. NUMBER is that of the [listener] section, from 0; a listener for conntrack has no
 * descriptor. All other descriptors but the three standard ones are closed; standard input is empty. */

#include "rogatoryd/policy.h"
#include "rogatoryd/sockets.h"

#include <sys/types.h>

struct child_process {
        pid_t pid;   /* 0: none */
        int ready;   /* our end; -1: none */
        bool halted; /* by SIGSTOP or a debugger */
};

extern const char *const child_names[CHILD_COUNT]; /* "rogatory-collect" */

/* Starts both. programs: their paths. Of two that could not both be started, what was started is told by
 * processes (a pid), and the reason by error. */
int children_start(const char *const programs[CHILD_COUNT], const struct setting *setting,
        const struct sockets *sockets, struct child_process processes[CHILD_COUNT], struct error *error);

/* What a child said since: true where anything came. ret_ready: it is ready. */
bool child_listen(struct child_process *process, bool *ret_ready);

/* Behind its end. */
void child_forget(struct child_process *process);

#endif
