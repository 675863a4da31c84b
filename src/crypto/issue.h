/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_ISSUE_H
#define ROGATORY_CRYPTO_ISSUE_H

/* Making keys and certificates for tests and trials: one authority, and what it issues, EC P-256 throughout.
 * There is no revocation, no register of what was issued and no protection of the authority's key beside its
 * file: an organisation gets its real certificates from a certificate authority. Pure. */

#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>

struct issuer;

/* What a certificate is for; its key usage follows from that (RFC 5280 section 4.2.1.3). */
enum issue_use {
        ISSUE_SEAL,       /* signs containers: digitalSignature, nonRepudiation */
        ISSUE_TLS,        /* server and client */
        ISSUE_DECRYPTION, /* keyAgreement */
        ISSUE_TIMESTAMP,  /* RFC 3161 section 2.3: timeStamping alone, critical */
        ISSUE_USES
};

struct issue_wish {
        enum issue_use use;
        const char *name;         /* common name, at most 64 bytes of UTF-8 */
        const char *organisation; /* NULL for none */
        const char *country;      /* ISO 3166-1; NULL for none */
        const char *host; /* name or address of a TLS server, comes into subjectAltName; NULL for none */
        int64_t from_ms, until_ms; /* valid at both ends; cut to whole seconds */
};

/* Makes an authority: appends its self-signed certificate and its key (PKCS#8) in PEM. The caller wipes
 * ret_key. 0, -EINVAL, -ENOMEM, -EIO with a message. */
int issuer_new(const char *name, int64_t from_ms, int64_t until_ms, struct issuer **ret_issuer,
        struct buffer *ret_certificate, struct buffer *ret_key, struct error *error);
void issuer_free(struct issuer *issuer); /* wipes; NULL is fine */

/* Makes a key and issues a certificate for it. */
int issue_certificate(const struct issuer *issuer, const struct issue_wish *wish,
        struct buffer *ret_certificate, struct buffer *ret_key, struct error *error);

#endif
