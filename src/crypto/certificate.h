/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_CERTIFICATE_H
#define ROGATORY_CRYPTO_CERTIFICATE_H

/* X.509 certificates (RFC 5280): read, described in words, and followed to a pinned one. There is no list of
 * authorities that are trusted by default, no revocation service is asked and no clock is read: whom to trust
 * is what the directory pins, and since when it no longer does is the directory's business. Pure. */

#include "base/error.h"
#include "base/finding.h"
#include "crypto/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CERTIFICATE_BYTES_MAX 16384    /* of one in DER */
#define CERTIFICATE_TEXT_MAX (1 << 20) /* of a file with several in PEM */
#define CERTIFICATE_SET_MAX 256
#define CERTIFICATE_DEPTH_MAX 8
#define CERTIFICATE_NAME_MAX 256

struct certificate; /* immutable */

/* What it says, for people and for comparison. */
struct certificate_words {
        char subject[CERTIFICATE_NAME_MAX]; /* RFC 4514, cut with "..." where longer: for display only */
        char issuer[CERTIFICATE_NAME_MAX];
        char serial[48];                   /* hexadecimal */
        char key[48];                      /* "EC P-256", "RSA 3072" */
        int64_t from_ms, until_ms;         /* UTC; until itself no longer counts */
        uint8_t fingerprint[DIGEST_BYTES]; /* SHA-256 of the DER */
        bool authority;                    /* may issue others */
};

/* Out of DER, or of text with exactly one PEM block. name: of the file, for messages. 0, -EBADMSG, -ENOMEM.
 */
int certificate_parse(const void *bytes, size_t length, const char *name,
        struct certificate **ret_certificate, struct error *error);
struct certificate *certificate_share(
        const struct certificate *certificate);         /* another owner of the same; NULL: no memory */
void certificate_free(struct certificate *certificate); /* NULL is fine */

const struct certificate_words *certificate_words(const struct certificate *certificate);

/* The DER; borrowed. */
const uint8_t *certificate_der(const struct certificate *certificate, size_t *ret_length);

bool certificate_same(const struct certificate *a, const struct certificate *b);

/* ---- sets ---- */

/* Zero-initialise; free with certificate_set_free. */
struct certificate_set {
        struct certificate **list;
        size_t count;
};

/* Adds all PEM blocks of a text (or one DER); what is no certificate in it is refused. 0, -EBADMSG, -E2BIG,
 * -ENOMEM; on failure the set is as it was. */
int certificate_set_parse(
        struct certificate_set *set, const void *bytes, size_t length, const char *name, struct error *error);
int certificate_set_add(struct certificate_set *set, const struct certificate *certificate); /* shares it */
const struct certificate *certificate_set_find(
        const struct certificate_set *set, const uint8_t fingerprint[DIGEST_BYTES]); /* or NULL */
void certificate_set_free(struct certificate_set *set);

/* ---- trust ---- */

enum certificate_use {
        CERTIFICATE_SEALS,      /* signs containers: digitalSignature or nonRepudiation */
        CERTIFICATE_TIMESTAMPS, /* extended key usage timeStamping alone and critical (RFC 3161 section 2.3)
                                 */
        CERTIFICATE_RECEIVES,   /* evidence is encrypted to it: keyAgreement (EC) or keyEncipherment (RSA) */
        CERTIFICATE_SERVES,     /* TLS server */
        CERTIFICATE_CALLS,      /* TLS client */
};

/* Does a chain lead from the certificate over `between` to one of `pinned`, all valid at the instant and made
 * for this? A pinned one may be the certificate itself; authorities above it are not asked for. Strength as
 * of OpenSSL's security level 2 (112 bits). Each step becomes a finding at `place`.
 * 0, -EBADMSG, -ENOMEM, -EIO. between may be NULL. */
int certificate_check(const struct certificate *certificate, const struct certificate_set *between,
        const struct certificate_set *pinned, enum certificate_use use, int64_t instant_ms, const char *place,
        struct findings *findings);

#endif
