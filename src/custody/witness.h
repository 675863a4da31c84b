/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_WITNESS_H
#define ROGATORY_CUSTODY_WITNESS_H

/* What a witness of another log is asked and how it judges (c2sp.org/tlog-witness, "add-checkpoint"): the log
 * says from which size on it proves that it only grew, and the witness holds that against the latest
 * checkpoint it has verified. Pure: who calls keeps that checkpoint, durably and before anything is answered.
 */

#include "custody/checkpoint.h"

#define WITNESS_REQUEST_MAX (CHECKPOINT_BYTES_MAX + 4096) /* bytes of a body */

struct witness_request {
        uint64_t old_size;         /* of the checkpoint that the proof begins at */
        struct merkle_proof proof; /* that the tree of old_size is the beginning of the checkpoint's */
        struct slice checkpoint;   /* the signed checkpoint, borrowed */
};

/* 0; -EBADMSG with a message; -ENOMEM. */
int witness_request_read(struct slice body, struct witness_request *ret_request, struct error *error);
/* 0 or the failure of the buffer. */
int witness_request_write(const struct witness_request *request, struct buffer *ret);

enum witness_verdict {
        WITNESS_ACCEPTED,  /* the log only grew (or stands still): keep the checkpoint, cosign it */
        WITNESS_MALFORMED, /* the body, or a size below old_size */
        WITNESS_UNKNOWN,   /* no key is known for this origin */
        WITNESS_UNSIGNED,  /* no known key of the log signed it, or a signature does not hold */
        WITNESS_CONFLICT,  /* the proof begins at another size than that of the latest checkpoint */
        WITNESS_SHRUNK,    /* signed by the log, and smaller than what it has signed before */
        WITNESS_FORKED,    /* signed by the log, of the same size, and of another root */
        WITNESS_UNPROVEN,  /* signed by the log, but the proof does not show that it only grew */
};
#define WITNESS_VERDICTS 8

/* "accepted", "malformed" ... */
const char *witness_verdict_name(enum witness_verdict verdict);
/* The HTTP status that the document answers it with. */
unsigned witness_verdict_status(enum witness_verdict verdict);
/* Does the checkpoint speak against its log, so that it is to be kept beside the one it contradicts? True for
 * the last three. A smaller one may also have been long on its way: see chronicle/witness.h. */
bool witness_verdict_is_evidence(enum witness_verdict verdict);

/* Judges a request. keys: those of the log that its directory entry pins; count 0: no such log is known.
 * origin: the log that these keys belong to; a checkpoint of another log is WITNESS_UNKNOWN. latest: the
 * latest checkpoint that was accepted, NULL where there is none. ret_checkpoint: what it says, filled for
 * WITNESS_ACCEPTED and evidence. error: why it is not accepted. 0 and *ret_verdict; -ENOMEM, -EIO. */
int witness_judge(const struct witness_request *request, const char *origin, const struct note_key *keys,
        size_t count, const struct checkpoint *latest, enum witness_verdict *ret_verdict,
        struct checkpoint *ret_checkpoint, struct error *error);

#endif
