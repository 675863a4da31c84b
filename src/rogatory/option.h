/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_OPTION_H
#define ROGATORY_ROGATORY_OPTION_H

/* Options of a subcommand, by getopt_long and the command's own table: options and operands in any order,
 * long names only (and -h). A question of who did something allows no guesses, so an option given twice is
 * refused, unless the table says that it repeats. */

#include "base/error.h"
#include "rogatory/command.h"

#include <getopt.h>
#include <stdint.h>

#define OPTION_KEYS 64 /* keys are below this */
#define OPTIONS_MAX 24 /* of one command, without --help */

#define OPTION_END 0      /* operands begin at argv[optind] */
#define OPTION_WRONG (-1) /* the message is in error */
#define OPTION_HELP (-2)

struct option_reader {
        const struct command *command;
        int argc;
        char **argv;
        struct option longs[OPTIONS_MAX + 2];
        uint64_t seen;     /* bits of keys */
        const char *value; /* of the option just returned */
};

void option_begin(struct option_reader *reader, const struct command *command, int argc, char **argv);

/* The key of the next option, or one of the three above. */
int option_next(struct option_reader *reader, struct error *error);

/* The one of the names that is nearest to a mistyped word; NULL where none is near enough to be meant. */
const char *nearest_name(const char *word, const char *const *names, size_t count);

#endif
