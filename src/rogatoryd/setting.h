/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORYD_SETTING_H
#define ROGATORY_ROGATORYD_SETTING_H

/* The configuration that a node runs with. */

#include "base/error.h"
#include "settings/settings.h"

#define SETTING_PATH_MAX 4096

struct setting {
        char folder[SETTING_PATH_MAX]; /* the store's, from the root */
        char ask_path[SETTINGS_SOCKET_PATH_MAX];
        struct settings settings; /* owned */
};

/* Writes every mistake of the configuration as a line of its own; 0 where there is none, -EINVAL where there
 * are some, others where it cannot be read (already said). path: a store's folder, or its rogatory.conf. */
int setting_check(const char *path);

/* Without looking for mistakes that only setting_check finds. */
int setting_load(const char *path, struct setting *ret_setting, struct error *error);
void setting_free(struct setting *setting);

#endif
