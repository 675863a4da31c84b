/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_STORE_OPTION_H
#define ROGATORY_ROGATORY_STORE_OPTION_H

/* Commands that look at a store as a whole: --store, --json, no operand, and an entry in the record of
 * access. */

#include "base/error.h"
#include "depot/depot.h"
#include "rogatory/command.h"

enum { STORE_KEY_STORE = 1, STORE_KEY_JSON };

/* What a look at a store found. All but the first are bad news: shown, with exit 1. */
enum { STORE_SOUND, STORE_DAMAGED, STORE_MISCONFIGURED };

/* Writes the result. One of the above, or negative errno with a message. */
typedef int store_work(struct depot *depot, bool json, struct buffer *ret, struct error *error);

/* An exit code. The entry carries the command's name as its action. */
int store_command_run(const struct command *command, int argc, char **argv, store_work *work);

#endif
