/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_ALIVE_H
#define ROGATORY_OS_ALIVE_H

/* What a child of rogatoryd tells its parent through the descriptor of its --ready: single bytes. The parent
 * knows of a child that hangs by what it does not say. */

#define ALIVE_STARTING 's' /* lives, and is not ready: a long replay */
#define ALIVE_READY 'r'    /* serves; said once */
#define ALIVE_WORKING 'w'  /* lives and serves */

#define ALIVE_INTERVAL_MS 1000 /* a child says something at least this often, from its first line on */

/* descriptor: below 0 where nobody listens. Never waits: where the parent does not read, nothing is said. */
void alive_say(int descriptor, char what);

#endif
