/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_COMMITMENT_H
#define ROGATORY_CUSTODY_COMMITMENT_H

/* An entry of the log (doc/format/custody-log.md is authoritative): a salted commitment, which says nothing
 * of what it commits to. Who has its opening, salt and content, can prove what was entered; when the opening
 * is erased nobody can, not even by guessing, and the tree and its proofs stay as they are. Pure. */

#include "base/slice.h"

#include <stdint.h>

#define COMMITMENT_SALT_BYTES 32
#define COMMITMENT_ENTRY_BYTES 33 /* the format's number, then a SHA-256 hash */

/* The salt comes from a source of random bytes and is used once. content: canonical JSON (custody/jcs.h). 0,
 * -ENOMEM, -EIO. */
int commitment_make(const uint8_t salt[COMMITMENT_SALT_BYTES], struct slice content,
        uint8_t ret_entry[COMMITMENT_ENTRY_BYTES]);

/* Does this entry commit to that? 0, -EBADMSG where not, -ENOMEM, -EIO. */
int commitment_check(struct slice entry, const uint8_t salt[COMMITMENT_SALT_BYTES], struct slice content);

#endif
