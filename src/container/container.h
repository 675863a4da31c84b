/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CONTAINER_CONTAINER_H
#define ROGATORY_CONTAINER_CONTAINER_H

/* ASiC-E containers with CAdES signatures (ETSI EN 319 162-1; doc/format/container.md says the profile):
 * files in a zip archive, with a manifest of their digests for each signer and a detached signature over it.
 * Written in one way only; read with every deviation told. Pure: bytes in, bytes out. */

#include "base/buffer.h"
#include "base/finding.h"
#include "container/zip_shape.h"
#include "crypto/cms_verify.h"
#include "crypto/private_key.h"

#define CONTAINER_MEDIA_TYPE "application/vnd.etsi.asic-e+zip"
#define CONTAINER_SIGNERS_MAX 8

/* ---- writing ---- */

/* A file to be put in. */
struct container_part {
        const char *name;       /* plain (zip_name_is_plain), not in META-INF/, not "mimetype" */
        const char *media_type; /* as "application/json" */
        const void *bytes;      /* borrowed while the draft lives */
        size_t length;
};

struct container_draft;

/* 0, -EINVAL (a name, a type, two of one name, none, too many, too long), -ENOMEM. */
int container_draft_new(const struct container_part *parts, size_t count, struct container_draft **ret_draft,
        struct error *error);
void container_draft_free(struct container_draft *draft); /* NULL is fine */

/* Signs all parts with one more key; arguments as of cms_sign. */
int container_draft_sign(struct container_draft *draft, const struct private_key *key,
        const struct certificate *certificate, const struct certificate_set *between, int64_t instant_ms,
        struct error *error);

/* What a timestamp service is to be asked about the last signature (timestamp_request takes it); borrowed. */
void container_draft_signature_value(
        const struct container_draft *draft, const uint8_t **ret_value, size_t *ret_length);

/* Puts the token (of timestamp_accept) into the last signature: level T. */
int container_draft_timestamp(
        struct container_draft *draft, const void *token, size_t length, struct error *error);

/* Appends the container; at least one must have signed. 0, -EINVAL, -ENOMEM, -EFBIG, -EIO. */
int container_draft_write(const struct container_draft *draft, struct buffer *ret_bytes, struct error *error);

/* ---- reading ---- */

struct container_rules {
        struct cms_trust trust;  /* of every signature; see crypto/cms_verify.h */
        bool deviations_refused; /* between nodes: whatever differs from how rogatory packs is refused */
};

struct container_object {
        const char *name, *media_type; /* as signed; owned by the container */
        const uint8_t *bytes;
        size_t length;
        uint8_t digest[DIGEST_BYTES]; /* SHA-256 */
};

/* A container in which nothing fatal was found: every file in it is signed by every signer. */
struct container {
        struct container_object *objects; /* in the order of the archive; mimetype and META-INF/ are none */
        size_t count;
        struct cms_signature *signers; /* 1 or more; signer, stated_ms, proven_ms */
        size_t signer_count;
        char *memory;       /* names and types */
        uint8_t **contents; /* of the objects */
};

/* Examines everything, step by step into findings, and gives out the content only where nothing fatal was
 * found. 0 and *ret_container (container_free); -EBADMSG; -ENOMEM, -EIO. */
int container_open(const void *bytes, size_t length, const struct container_rules *rules,
        struct findings *findings, struct container *ret_container);
void container_free(struct container *container);

/* The object of this name, or NULL. */
const struct container_object *container_find(const struct container *container, const char *name);

#endif
