/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CHRONICLE_OPENINGS_H
#define ROGATORY_CHRONICLE_OPENINGS_H

/* The database beside the tiles (SQLite): what entries commit to, which openings were erased, the checkpoint
 * that was last published, and what this node knows of the logs of others. Each call is one durable step. */

#include "base/buffer.h"
#include "base/error.h"
#include "custody/checkpoint.h"
#include "custody/commitment.h"
#include "custody/witness.h"

struct openings;

/* create: makes a new database, which must not be there. */
int openings_open(
        const char *path, bool create, bool may_write, struct openings **ret_openings, struct error *error);
void openings_close(struct openings *openings); /* NULL is fine */

/* ---- the log's own ---- */

/* The checkpoint that was last published, as far as the database knows. */
int openings_published(
        struct openings *openings, uint64_t *ret_size, struct merkle_hash *ret_root, struct error *error);
/* Forgets what was prepared for entries from `size` on and never published, erases what published entries say
 * is erased, and takes over the checkpoint. */
int openings_settle(
        struct openings *openings, uint64_t size, const struct merkle_hash *root, struct error *error);

struct opening {
        uint8_t salt[COMMITMENT_SALT_BYTES];
        struct slice content;
};
/* Prepares the openings of entries from `first` on. erased: the entry whose opening goes with it, or NULL. */
int openings_prepare(struct openings *openings, uint64_t first, const struct opening *list, size_t count,
        const uint64_t *erased, struct error *error);

/* The content is appended to ret_content. -ENODATA: erased; -ENOENT: there is none. No message for these two.
 */
int openings_find(struct openings *openings, uint64_t entry, uint8_t ret_salt[COMMITMENT_SALT_BYTES],
        struct buffer *ret_content, struct error *error);
/* Which entry tells of the erasure. -ENOENT without a message. */
int openings_erased_by(struct openings *openings, uint64_t entry, uint64_t *ret_by, struct error *error);

/* ---- the logs of others ---- */

/* What a log can make us keep of it. A checkpoint older than so many is no longer known, and is then proven
 * anew where it comes late; a log against which so much speaks is convicted, and more says no more. */
#define PEER_CHECKPOINTS_MAX 10000
#define PEER_EVIDENCE_MAX 100

/* The latest checkpoint that was accepted of this log; its text is appended to ret_note (may be NULL).
 * -ENOENT without a message. */
int openings_peer_latest(struct openings *openings, const char *origin, struct checkpoint *ret_checkpoint,
        struct buffer *ret_note, struct error *error);
/* Was exactly this checkpoint accepted once? 1 or 0. */
int openings_peer_knows(struct openings *openings, const struct checkpoint *checkpoint, struct error *error);
int openings_peer_add(struct openings *openings, const struct checkpoint *checkpoint, struct slice note,
        int64_t at_ms, struct error *error);

/* Keeps both checkpoints. 1 where this is new, 0 where it was kept before or PEER_EVIDENCE_MAX are. */
int openings_evidence_add(struct openings *openings, const struct checkpoint *offered, const char *verdict,
        struct slice kept_note, struct slice offered_note, int64_t at_ms, struct error *error);
typedef int openings_evidence_visit(void *context, const char *origin, const char *verdict, int64_t at_ms,
        struct slice kept_note, struct slice offered_note);
int openings_evidence_walk(
        struct openings *openings, openings_evidence_visit *visit, void *context, struct error *error);

/* The two together make one step of a witness: between them nobody else changes what is known. */
int openings_begin(struct openings *openings, struct error *error);
int openings_end(struct openings *openings, bool keep, struct error *error);

#endif
