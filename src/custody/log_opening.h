/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_LOG_OPENING_H
#define ROGATORY_CUSTODY_LOG_OPENING_H

/* The opening of an entry inside a proof that stands alone (doc/format/custody-log.md, "Proofs that stand
 * alone"): with it whoever has the proof and the log's public key knows what was entered, and that it was.
 * Pure. */

#include "custody/commitment.h"
#include "custody/log_entry.h"
#include "custody/log_proof.h"

/* Appends the extra data of a proof, in base64. 0, -ENOMEM, -EFBIG. */
int log_opening_write(const uint8_t salt[COMMITMENT_SALT_BYTES], struct slice content, struct buffer *ret);

/* Verifies a proof with its opening: that the log of this origin, by one of its keys, holds an entry that
 * commits to what the opening says. 0, the checkpoint and the entry, to be freed with log_entry_free;
 * -ENODATA where the proof has no opening, else as log_proof_verify; each with a message. */
int log_opening_verify(const struct log_proof *proof, const char *origin, const struct note_key *keys,
        size_t count, struct checkpoint *ret_checkpoint, struct log_entry *ret_entry, struct error *error);

#endif
