/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORYD_PRIVILEGES_H
#define ROGATORY_ROGATORYD_PRIVILEGES_H

/* What the parent gives up before it starts a child. Started as root it becomes the store-user and keeps what
 * it needs as capabilities: to start rogatory-collect as its user, to end it, to bind ports below 1024 again.
 * Started as another user (by a service manager that gave it these, or by a person for a trial) it stays who
 * it is. */

#include "rogatoryd/setting.h"

#include <sys/types.h>

struct accounts {
        uid_t store;         /* whose the socket of questions is; -1: the caller's */
        gid_t ask;           /* -1: nobody's */
        gid_t collect_group; /* and whose the journal's folder is; -1: the caller's */
        uid_t collect;
};

/* Who is who. -EINVAL where an account is not there, where root names no users, or where this user cannot
 * become what is named. */
int privileges_find(const struct setting *setting, struct accounts *ret_accounts, struct error *error);

/* The journal belongs to rogatory-collect, which must reach it below the store's folder: as root this makes
 * it so, otherwise it says what is to be done. */
int privileges_prepare(const struct setting *setting, const struct accounts *accounts, struct error *error);

#define PRIVILEGES_PROGRAMS 2

/* programs: the only ones that can be started from now on. */
int privileges_give_up(
        const struct setting *setting, const char *const programs[PRIVILEGES_PROGRAMS], struct error *error);

/* Can the node run with another setting without being started anew? -EINVAL says what forbids it. */
int privileges_allow(const struct setting *now, const struct setting *next, struct error *error);

#endif
