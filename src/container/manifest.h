/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CONTAINER_MANIFEST_H
#define ROGATORY_CONTAINER_MANIFEST_H

/* The lists of what a signature covers: ASiCManifest (ETSI EN 319 162-1 annex A), and, of other systems, the
 * references of XAdES signatures and of hash chains, which are read so that a difference can be said. XML by
 * expat, with no document type, no entity and no network. Pure. */

#include "base/buffer.h"
#include "base/finding.h"

#include <stdint.h>

#define MANIFEST_BYTES_MAX (1u << 20)
#define MANIFEST_REFERENCES_MAX 1000
#define MANIFEST_DEPTH_MAX 32
#define MANIFEST_TEXT_MAX 512 /* of an attribute or a digest */
#define MANIFEST_DIGEST_MAX 64

struct reference {
        char name[MANIFEST_TEXT_MAX];       /* the entry, percent-decoded, without a slash in front */
        char media_type[MANIFEST_TEXT_MAX]; /* "" where none is said */
        char algorithm[MANIFEST_TEXT_MAX];  /* URI */
        uint8_t digest[MANIFEST_DIGEST_MAX];
        size_t digest_length;             /* 0: none was readable */
        char fragment[MANIFEST_TEXT_MAX]; /* what stands behind the '#' of the URI */
        bool transformed;                 /* its digest is of what something else made of it */
        bool part; /* of a part of the entry or of the XML itself; its digest is not of the entry's bytes */
};

struct manifest {
        char signature[MANIFEST_TEXT_MAX]; /* of SigReference: the entry that signs this */
        char signature_type[MANIFEST_TEXT_MAX];
        struct reference *references;
        size_t count;
};

/* Reads an ASiCManifest strictly. place: its name. 0, -EBADMSG with a fatal finding, -ENOMEM. */
int manifest_read(const void *bytes, size_t length, const char *place, struct findings *findings,
        struct manifest *ret_manifest);

/* Reads what references to entries an XML of another kind has (ds:Reference, and DataRef and HashChainResult
 * of hash chains). The same results. */
int manifest_read_foreign(const void *bytes, size_t length, const char *place, struct findings *findings,
        struct manifest *ret_manifest);

void manifest_free(struct manifest *manifest);

/* One file that a manifest covers. */
struct manifest_entry {
        const char *name, *media_type;
        const void *bytes;
        size_t length;
};

/* Appends an ASiCManifest, with SHA-256. The names are plain. 0, -ENOMEM, -EFBIG, -EIO. */
int manifest_write(const char *signature, const struct manifest_entry *entries, size_t count,
        struct buffer *ret_manifest);

enum manifest_match {
        MANIFEST_SAME,
        MANIFEST_DIFFERS,
        MANIFEST_UNKNOWN, /* a digest that is not accepted, or none */
};

/* Is the reference's digest the one of these bytes? SHA-256, SHA-384, SHA-512. */
enum manifest_match manifest_compare(const struct reference *reference, const void *bytes, size_t length);

#endif
