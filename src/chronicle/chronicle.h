/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CHRONICLE_CHRONICLE_H
#define ROGATORY_CHRONICLE_CHRONICLE_H

/* A node's transparency log as a folder (doc/format/custody-log.md is authoritative): tiles and bundles that
 * only grow, one signed checkpoint, and the openings of the entries in a database beside them. What was
 * appended is on the disk, under a signed checkpoint, before the call returns; a writer that is killed at any
 * instant leaves a log that opens. Several processes may have a chronicle open and append: each call takes
 * the lock. A handle serves one thread. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/finding.h"
#include "custody/checkpoint.h"
#include "custody/commitment.h"
#include "custody/log_entry.h"

#define CHRONICLE_ITEMS_MAX 1000 /* of one append */

struct chronicle;

enum chronicle_mode {
        CHRONICLE_READ, /* sees, checks and proves; needs no secret key; what writes gives -EROFS */
        CHRONICLE_WRITE,
};

/* Where the secret keys are. Each is a file that only its owner may read, in a folder that nobody else may
 * write to (os/keyring.h); NULL: "log.key" and "witness.key" in the chronicle's folder. */
struct chronicle_keys {
        const char *log;     /* signs our checkpoints */
        const char *witness; /* cosigns those of others */
};

/* Makes a new log without entries: the folder where it is not there, both keys where their files are not
 * there yet, the first checkpoint. origin: which log it is, also the name of both keys: best the address of
 * the node without its scheme. -EEXIST where the folder holds a log, -EINVAL and others with a message. keys:
 * NULL for both defaults. */
int chronicle_create(
        const char *path, const char *origin, const struct chronicle_keys *keys, struct error *error);

/* -EBADMSG with a message where the log is not what its signed checkpoint says, or where its checkpoint is
 * older than the one that was last published: nothing is appended to such a log. */
int chronicle_open(const char *path, enum chronicle_mode mode, const struct chronicle_keys *keys,
        struct chronicle **ret_chronicle, struct error *error);
void chronicle_close(struct chronicle *chronicle); /* wipes; NULL is fine */

/* ---- appending ---- */

/* What to append; see custody/log_entry.h for kinds and their fields. */
struct chronicle_item {
        const char *kind;
        int64_t at_ms;
        const char *by;       /* "login@organisation", "node" */
        const json_t *fields; /* borrowed */
};

/* Appends entries in one step: all of them or none. *ret_first: the index of the first; may be NULL. 0 only
 * when they are durable. -EINVAL where an item is not what its kind must be; -EROFS; -EBADMSG as of
 * chronicle_open. */
int chronicle_append_all(struct chronicle *chronicle, const struct chronicle_item *items, size_t count,
        uint64_t *ret_first, struct error *error);

/* One entry, its fields as JSON text. at_ms: now, by the caller's clock. */
int chronicle_append(struct chronicle *chronicle, const char *kind, int64_t at_ms, const char *by,
        const char *fields_json, uint64_t *ret_index, struct error *error);

/* Erases what an entry commits to, after an entry "opening-erased" says so. The entry itself stays, and every
 * proof holds. -ENODATA where it is erased already, -EPERM for an entry that tells of an erasure, -ENOENT
 * where there is no such entry. */
int chronicle_erase(struct chronicle *chronicle, uint64_t index, int64_t at_ms, const char *by,
        const char *reason, struct error *error);

/* ---- reading ---- */

/* The public keys of this log; valid as long as the chronicle. */
const struct note_key *chronicle_log_key(const struct chronicle *chronicle);
const struct note_key *chronicle_witness_key(const struct chronicle *chronicle);

/* The latest checkpoint; also takes over what other processes appended. ret_note (may be NULL): the signed
 * text is appended to it. */
int chronicle_checkpoint(struct chronicle *chronicle, struct checkpoint *ret_checkpoint,
        struct buffer *ret_note, struct error *error);

/* The entry itself. -ENOENT where the log is not so long. */
int chronicle_entry(struct chronicle *chronicle, uint64_t index, uint8_t ret_entry[COMMITMENT_ENTRY_BYTES],
        struct error *error);

/* What it commits to: the salt, and the content appended to ret_content; verified against the entry. -ENODATA
 * where it was erased, -EBADMSG where it is lost or is not what was committed to. */
int chronicle_opening(struct chronicle *chronicle, uint64_t index, uint8_t ret_salt[COMMITMENT_SALT_BYTES],
        struct buffer *ret_content, struct error *error);

/* Appends a proof that stands alone (custody/log_opening.h): that the entry stands in the latest checkpoint.
 * Its extra data is the opening, {"content":TEXT,"salt":HEX}, where there is one and with_opening is true.
 * Nothing that does not verify is given out. */
int chronicle_prove(struct chronicle *chronicle, uint64_t index, bool with_opening, struct buffer *ret,
        struct error *error);

/* Appends what a witness is to be sent that has seen old_size entries (custody/witness.h). */
int chronicle_witness_request(
        struct chronicle *chronicle, uint64_t old_size, struct buffer *ret, struct error *error);

/* Every entry from `from` on, in order; entry is NULL where its opening was erased. A non-zero result of the
 * callback ends the walk and is passed on. */
typedef int chronicle_visit(
        void *context, uint64_t index, const struct log_entry *entry, struct error *error);
int chronicle_walk(struct chronicle *chronicle, uint64_t from, chronicle_visit *visit, void *context,
        struct error *error);

/* Examines everything: signature, every tile and bundle against the signed root, every opening against its
 * entry, every erasure against the entry that tells of it. What is wrong is a fatal finding; 0 also then.
 * Opens the folder itself, so that it says of a log that does not open what is wrong with it. key: the public
 * key of the log, NULL: the one in the folder, which whoever changed the log may have changed too. */
struct chronicle_counts {
        uint64_t entries, openings, erased;
};
int chronicle_check(const char *path, const struct note_key *key, struct findings *findings,
        struct chronicle_counts *ret_counts, struct error *error);

#endif
