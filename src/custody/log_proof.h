/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_LOG_PROOF_H
#define ROGATORY_CUSTODY_LOG_PROOF_H

/* A proof that an entry stands in a log, complete enough to be checked offline (c2sp.org/tlog-proof): index,
 * inclusion proof and signed checkpoint, with the opening of the entry as extra data. Pure. */

#include "custody/checkpoint.h"

#define LOG_PROOF_EXTRA_MAX (192u << 10) /* bytes before base64 */
#define LOG_PROOF_MAX (CHECKPOINT_BYTES_MAX + 2 * LOG_PROOF_EXTRA_MAX)

struct log_proof {
        struct slice extra; /* base64; length 0: none. Borrowed; authenticated by nobody */
        uint64_t index;
        struct merkle_proof inclusion;
        struct slice checkpoint; /* signed; borrowed */
};

/* 0; -EBADMSG with a message; -ENOMEM. */
int log_proof_read(struct slice text, struct log_proof *ret_proof, struct error *error);
/* 0 or the failure of the buffer. */
int log_proof_write(const struct log_proof *proof, struct buffer *ret);

/* Is this entry (its bytes, not their hash) proven to stand in the log of this origin, by one of its keys? 0
 * and the checkpoint; -ENOKEY, -EKEYREJECTED, -EBADMSG with a message; -ENOMEM, -EIO. */
int log_proof_verify(const struct log_proof *proof, struct slice entry, const char *origin,
        const struct note_key *keys, size_t count, struct checkpoint *ret_checkpoint, struct error *error);

#endif
