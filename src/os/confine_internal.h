/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_CONFINE_INTERNAL_H
#define ROGATORY_OS_CONFINE_INTERNAL_H

/* The steps of os/confine, one file each. */

#include "os/confine.h"

/* Only the named paths can be reached from now on. ret_version: the interface in force. */
int confine_paths(const struct confine_plan *plan, int *ret_version, struct error *error);

/* Only the role's system calls can be made from now on. has_paths: files are among them. */
int confine_calls(enum confine_role role, bool has_paths, struct error *error);

#endif
