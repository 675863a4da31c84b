/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_COMMAND_H
#define ROGATORY_ROGATORY_COMMAND_H

/* A subcommand of the program: what it is called, what it says of itself, its options, and what runs it. The
 * same description drives the option parser, --help, and the machine-readable `rogatory help --json` by which
 * tests hold man pages and completions against the program. */

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_code {
        EXIT_DONE = 0, /* ask: one */
        EXIT_FAILED = 1,
        EXIT_USAGE = 2,
        EXIT_SEVERAL = 3, /* ask only, as are the two below */
        EXIT_NONE = 4,
        EXIT_UNKNOWN = 5
};

struct option_text {
        int key;              /* what option_next returns; above 0 and below OPTION_KEYS */
        const char *name;     /* without the dashes */
        const char *argument; /* "DIR"; NULL where the option takes none */
        const char *help;     /* lines of at most 78 - 8 columns, separated by line feeds */
};

struct command {
        const char *name;
        const char *summary;     /* one line for the list of commands */
        const char *usage;       /* what follows "rogatory NAME", a line feed between alternatives */
        const char *description; /* lines, each with its line feed */
        const struct option_text *options;
        size_t option_count;
        uint64_t
                repeating; /* bits of keys that may be given more than once; the command says what it means */
        const char *exits; /* lines */
        const char *examples;                                             /* lines */
        int (*run)(const struct command *command, int argc, char **argv); /* argv[0] is the command's name */
};

extern const struct command command_init, command_conf_check, command_retain, command_preserve, command_holds,
        command_import, command_ask, command_check, command_info, command_decode, command_plan, command_pki,
        command_directory, command_dialects, command_log, command_office, command_order, command_open,
        command_inform, command_verify, command_inbox, command_answer, command_clear, command_object, command_top,
        command_help, command_version;

/* The whole table, in the order of the list. */
const struct command *const *command_table(size_t *ret_count);
const struct command *command_by_name(const char *name); /* NULL where there is none */

/* The command whose name is nearest to a mistyped one; NULL where none is near. */
const char *command_nearest(const char *name);

/* Appends the text of --help. */
void command_write_help(const struct command *command, struct buffer *ret);
void program_write_help(struct buffer *ret);

#endif
