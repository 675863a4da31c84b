/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CHRONICLE_KEYS_H
#define ROGATORY_CHRONICLE_KEYS_H

/* The keys of a log, out of their files. folder: from the root. Each 0 or negative with a message. */

#include "chronicle/chronicle.h"

int keys_read_secret(const char *folder, const struct chronicle_keys *keys, struct note_secret *ret_log,
        struct note_secret *ret_witness, struct error *error);
int keys_read_public(
        const char *folder, struct note_key *ret_log, struct note_key *ret_witness, struct error *error);

#endif
