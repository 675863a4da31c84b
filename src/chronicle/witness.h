/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CHRONICLE_WITNESS_H
#define ROGATORY_CHRONICLE_WITNESS_H

/* This node as the witness of other nodes' logs (custody/witness.h says how it judges). What it has accepted
 * is kept durably beside its own log before it cosigns; what speaks against a log is kept with the checkpoint
 * that it contradicts, and an entry "log-refused" of the own log tells of it. */

#include "chronicle/chronicle.h"
#include "custody/witness.h"

struct witness_answer {
        enum witness_verdict verdict;
        uint64_t known_size; /* of the latest checkpoint that is accepted now; 0: none */
        bool stale;          /* WITNESS_SHRUNK only: this checkpoint was accepted once, it only came late */
};

/* Judges what the log `origin` sent, by the keys that the directory pins for it; time of the cosignature and
 * of what is kept: now_ms. ret_cosignature: the line to send back is appended where the verdict is
 * WITNESS_ACCEPTED. error: why it is not. 0 and the answer whatever the verdict is; negative where the
 * witness itself failed, and then nothing is accepted.
 *
 * A smaller checkpoint that was accepted once is stale and no evidence: messages overtake each other. One
 * that was never accepted is kept as evidence; chronicle_witness_settle tells whether it was only late. */
int chronicle_witness(struct chronicle *chronicle, const char *origin, const struct note_key *keys,
        size_t count, struct slice request, int64_t now_ms, struct witness_answer *ret_answer,
        struct buffer *ret_cosignature, struct error *error);

/* The log proves that a smaller checkpoint, which came late, is the beginning of the latest accepted one:
 * from then on it counts as accepted. -EBADMSG where it is not proven, -ENOKEY and -EKEYREJECTED as of
 * note_verify, -ENOENT where nothing of this log is known. */
int chronicle_witness_settle(struct chronicle *chronicle, const char *origin, const struct note_key *keys,
        size_t count, struct slice checkpoint, const struct merkle_proof *proof, int64_t now_ms,
        struct error *error);

/* The latest checkpoint that was accepted, with our cosignature below the log's own signature; ret_note may
 * be NULL. -ENOENT without a message. */
int chronicle_witnessed(struct chronicle *chronicle, const char *origin, struct checkpoint *ret_checkpoint,
        struct buffer *ret_note, struct error *error);

/* Everything that speaks against other logs, in the order in which it came. kept: the accepted checkpoint
 * that the offered one contradicts; empty where there was none. A non-zero result ends the walk. */
typedef int chronicle_evidence(void *context, const char *origin, const char *verdict, int64_t at_ms,
        struct slice kept, struct slice offered);
int chronicle_evidence_walk(
        struct chronicle *chronicle, chronicle_evidence *visit, void *context, struct error *error);

#endif
