/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_CHECKPOINT_H
#define ROGATORY_CUSTODY_CHECKPOINT_H

/* Checkpoints (c2sp.org/tlog-checkpoint): a signed note that states how many entries a log has and the root
 * of their Merkle tree. Pure. */

#include "custody/merkle.h"
#include "custody/note.h"

#define CHECKPOINT_ORIGIN_MAX NOTE_NAME_MAX /* with the end mark */
#define CHECKPOINT_BYTES_MAX NOTE_BYTES_MAX

struct checkpoint {
        char origin[CHECKPOINT_ORIGIN_MAX]; /* which log */
        uint64_t size;
        struct merkle_hash root;
};

/* Reads the text of a note. Extension lines are allowed and ignored, as that document demands. -EBADMSG with
 * a message. */
int checkpoint_read(struct slice text, struct checkpoint *ret_checkpoint, struct error *error);

/* Appends the text, without extension lines. 0 or the failure of the buffer. */
int checkpoint_write(const struct checkpoint *checkpoint, struct buffer *ret);

/* Reads a whole signed checkpoint and verifies it: note_read, note_verify, checkpoint_read, in this order,
 * with their results. ret_signed: one for each key; NULL where only that one of them holds matters. */
int checkpoint_open(struct slice note, const struct note_key *keys, size_t count,
        struct checkpoint *ret_checkpoint, struct note_signed *ret_signed, struct error *error);

/* Appends the signed checkpoint: text, empty line, one signature. Results as of note_sign. */
int checkpoint_sign(const struct checkpoint *checkpoint, const struct note_secret *secret, uint64_t time_s,
        struct buffer *ret, struct error *error);

/* Hashes as lines of base64, as proofs of several documents have them. Appends with a line end; reads exactly
 * one hash: 0, -EBADMSG or -ENOMEM. */
int hash_line_write(const struct merkle_hash *hash, struct buffer *ret);
int hash_line_read(struct slice line, struct merkle_hash *ret_hash);

/* Decimal without leading zeroes, at most MERKLE_SIZE_MAX. 0 or -EBADMSG. */
int tree_number_read(struct slice text, uint64_t *ret_number);

#endif
