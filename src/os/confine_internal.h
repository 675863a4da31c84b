/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_CONFINE_INTERNAL_H
#define ROGATORY_OS_CONFINE_INTERNAL_H

/* The steps of os/confine, one file each. */

#include "os/confine.h"

/* Only the named paths can be reached from now on. ret_version: the interface in force. */
int confine_paths(const struct confine_plan *plan, int *ret_version, struct error *error);

/* Whom children of a parent may become. */
struct confine_successor {
        uid_t uid;
        gid_t gid;
        bool is_set;
};

/* Only the role's system calls can be made from now on. */
int confine_calls(
        const struct confine_plan *plan, const struct confine_successor *successor, struct error *error);

/* The parent keeps these and hands those on; none else can ever be had again. */
int confine_capabilities(uint64_t kept, uint64_t inherited, struct error *error);

/* Before confine_capabilities: what is kept survives becoming another user. */
int confine_keep_over_user(struct error *error);

#endif
