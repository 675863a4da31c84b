/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/account.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#define ROOM 65536 /* a group's line names all of its members */

bool account_find_user(const char *name, uid_t *ret_user, gid_t *ret_group)
{
        struct passwd entry, *found = NULL;
        char names[4096];

        if (getpwnam_r(name, &entry, names, sizeof names, &found) != 0 || !found)
                return false;
        *ret_user = entry.pw_uid;
        *ret_group = entry.pw_gid;
        return true;
}

bool account_find_group(const char *name, gid_t *ret_group)
{
        struct group entry, *found = NULL;
        char *names = malloc(ROOM);

        bool known = names && getgrnam_r(name, &entry, names, ROOM, &found) == 0 && found;
        if (known)
                *ret_group = entry.gr_gid;
        free(names);
        return known;
}
