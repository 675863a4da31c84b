/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORYD_OPTIONS_H
#define ROGATORY_ROGATORYD_OPTIONS_H

#include <stdbool.h>

struct options {
        const char *config;  /* as given */
        const char *libexec; /* where the programs are that it starts; NULL: where they are usually */
        bool check;
};

/* What is to be done by the command line. */
enum options_result {
        OPTIONS_RUN,
        OPTIONS_DONE, /* --help, --version: was shown */
        OPTIONS_WRONG /* was said */
};
enum options_result options_read(int argc, char **argv, struct options *ret_options);

#endif
