/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_VERIFY_EXAMINE_H
#define ROGATORY_VERIFY_EXAMINE_H

/* What rogatory-verify does with a file: one step after the other, each into the findings. Bytes come in;
 * files are main's. */

#include "base/finding.h"
#include "container/container.h"
#include "custody/log_entry.h"
#include "directory/directory.h"

#define BESIDE_FILES_MAX 1000u /* a manifest has no more */

/* A file that travelled beside a message. */
struct beside_file {
        const char *name; /* without a path; borrowed of the path that was given */
        uint64_t length;
        uint8_t digest[DIGEST_BYTES]; /* SHA-256 */
        uint8_t second_digest[64];    /* SHA3-512 */
};
/* Reads it piece by piece. */
int beside_file_read(const char *path, struct beside_file *ret, struct error *error);

/* What is examined, and who is believed. */
struct evidence {
        const void *bytes; /* the container */
        size_t length;
        struct certificate_set signers;    /* pinned by hand */
        struct certificate_set services;   /* timestamp services */
        const struct directory *directory; /* NULL: none; its seals are pinned beside the ones by hand */
        const struct note_key *log_key;    /* of a log; NULL: those of the directory alone */
        const struct beside_file *beside;  /* that travelled beside the message */
        size_t beside_count;
        int64_t at_ms;
        bool timestamp_required, deviations_refused;
};

/* What came out. Clear with examination_clear. */
struct examination_result {
        struct findings findings;
        struct container container; /* empty where the file is refused */
        const char
                *organisations[CONTAINER_SIGNERS_MAX]; /* of each signer, of the directory; NULL: not in it */
};

/* 0: nothing fatal was found; -EBADMSG: refused; -ENOMEM, -EIO: not examined to the end. */
int examine_evidence(const struct evidence *evidence, struct examination_result *ret_result);
/* The same for a proof that an entry stands in a log (c2sp.org/tlog-proof). The container is empty. */
int examine_proof(const struct evidence *evidence, struct examination_result *ret_result);
bool is_proof(const void *bytes, size_t length);
/* One such proof: its entry, to be freed with log_entry_free, where 0. */
int examine_one_proof(const struct evidence *evidence, struct slice text, struct findings *findings,
        struct log_entry *ret_entry);
/* The same for the evidence of an answer, decrypted (doc/format/evidence.md): that each window which its
 * records stand in was entered into the provider's log with this digest. The container is empty. */
int examine_windows(const struct evidence *evidence, struct examination_result *ret_result);
bool is_evidence(const void *bytes, size_t length);
/* The steps behind the signers, where the container holds a message between nodes. */
int examine_message(const struct evidence *evidence, struct examination_result *result);
/* The files beside it; part of examine_message. */
struct message;
int examine_beside(const struct evidence *evidence, const struct message *message,
        const struct container *container, struct findings *findings);
void examination_clear(struct examination_result *result);

#endif
