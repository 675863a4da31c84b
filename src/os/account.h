/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_ACCOUNT_H
#define ROGATORY_OS_ACCOUNT_H

/* Users and groups of this system, by name. */

#include <stdbool.h>
#include <sys/types.h>

/* false where there is none of that name, or where it could not be looked up. */
bool account_find_user(const char *name, uid_t *ret_user, gid_t *ret_group);
bool account_find_group(const char *name, gid_t *ret_group);

#endif
