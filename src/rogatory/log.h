/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_LOG_H
#define ROGATORY_ROGATORY_LOG_H

/* The verbs of `rogatory log`. */

#include "chronicle/chronicle.h"
#include "rogatory/command.h"

struct log_options {
        const char *log, *node, *key, *year, *from, *limit, *kind, *order, *reason, *origin, *output, *store;
        bool json, without_opening;
        const char *operand; /* NULL where there is none */
};

/* Opens a log to write to it. A node of an exchange has its keys in a folder beside the log's. */
int log_open(const char *path, struct chronicle **ret_chronicle, struct error *error);

/* Each an exit code. */
int log_init(const struct command *command, const struct log_options *options);
int log_check(const struct command *command, const struct log_options *options);
int log_stats(const struct command *command, const struct log_options *options);
int log_show(const struct command *command, const struct log_options *options);
int log_prove(const struct command *command, const struct log_options *options);
int log_erase(const struct command *command, const struct log_options *options);
int log_seal_windows(const struct command *command, const struct log_options *options);

#endif
