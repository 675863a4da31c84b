/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_MANIFEST_H
#define ROGATORY_COURIER_MANIFEST_H

/* What lies beside a message because it is too large for it: which files, how to know them, and when they can
 * be fetched (Implementing Regulation (EU) 2025/1550: sender, recipient, order, time, means, names, sizes, a
 * strong hash, a window of 10 to 45 days). Pure: bytes in, bytes out. The JSON is doc/format/courier.md; it
 * travels inside the message, so that the seal of the message covers it. */

#include "base/error.h"
#include "base/time.h"
#include "courier/names.h"
#include "crypto/digest.h"

#include <stddef.h>
#include <stdint.h>

#define MANIFEST_FILES_MAX 1000
#define MANIFEST_BYTES_MAX (1u << 20)               /* of the JSON */
#define MANIFEST_FILE_BYTES_MAX (UINT64_C(1) << 40) /* of one file */
#define MANIFEST_MEANS_MAX 129                      /* with the end mark */
#define MANIFEST_WINDOW_SHORTEST_MS (10 * TIME_DAY)
#define MANIFEST_WINDOW_LONGEST_MS (45 * TIME_DAY)
#define MANIFEST_SECOND_BYTES 64 /* SHA3-512 */

struct evidence_file {
        char name[EVIDENCE_NAME_MAX];
        uint64_t length;              /* bytes, 1 and more */
        uint8_t digest[DIGEST_BYTES]; /* SHA-256 of the file as it is fetched, that is sealed */
        uint8_t second_digest[MANIFEST_SECOND_BYTES];
};

struct evidence_manifest {
        char id[ID_TEXT_MAX];    /* UUID; part of the address under which the files are fetched */
        char order[ID_TEXT_MAX]; /* the order that is answered */
        char sender[ORGANISATION_TEXT_MAX], recipient[ORGANISATION_TEXT_MAX];
        int64_t made_ms;
        char means[MANIFEST_MEANS_MAX]; /* how it is fetched, in printable ASCII; usually "rogatory-courier-1"
                                         */
        int64_t from_ms, until_ms;      /* the download window; until is exclusive */
        struct evidence_file *files;    /* owned by evidence_manifest_read's caller; each name once */
        size_t file_count;              /* 1 and more */
};

/* 0, or -EINVAL with what is wrong in which member. */
int evidence_manifest_check(const struct evidence_manifest *manifest, struct error *error);

/* Checks and writes. The text ends in a zero byte and is freed with free(). */
int evidence_manifest_write(const struct evidence_manifest *manifest, char **ret_text, struct error *error);

/* Reads strictly (each member once, none that is unknown) and checks. */
int evidence_manifest_read(
        const void *bytes, size_t length, struct evidence_manifest *ret_manifest, struct error *error);
void evidence_manifest_free(struct evidence_manifest *manifest); /* of evidence_manifest_read */

/* NULL where it has no such file. */
const struct evidence_file *evidence_manifest_find(
        const struct evidence_manifest *manifest, const char *name);

#endif
