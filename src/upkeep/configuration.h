/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_UPKEEP_CONFIGURATION_H
#define ROGATORY_UPKEEP_CONFIGURATION_H

/* Is the configuration of a node sound? Every mistake in rogatory.conf with its line, names that only the
 * decoders and this system know (dialects, zones, accounts, files of a node), and who else on this machine
 * may read or change what is in the store's folder. Reads only, and opens no store: it works where a mistake
 * keeps the store shut. */

#include "base/error.h"

#include <stddef.h>

#define CONFIGURATION_MISTAKES_KEPT 1000

struct configuration_mistake {
        char file[4096];
        unsigned line; /* from 1; 0: of the file or folder itself */
        char text[ERROR_TEXT_MAX];
};

struct configuration_report {
        char file[4096];                        /* the settings that were read */
        struct configuration_mistake *mistakes; /* owned; settings first, in order of lines */
        size_t count;
        size_t realms, exporters, listeners; /* sections read; 0 where the settings have mistakes */
};

/* path: a file of settings, or a store's folder, of which the rights are looked at too. 0 also where mistakes
 * were found; -ENOENT and the like where there is nothing to read. configuration_report_free when done. */
int configuration_check(const char *path, struct configuration_report *ret_report, struct error *error);
void configuration_report_free(struct configuration_report *report);

#endif
