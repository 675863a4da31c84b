/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_CMS_VERIFY_H
#define ROGATORY_CRYPTO_CMS_VERIFY_H

/* Verifies a detached CAdES signature (ETSI EN 319 122-1 level B or T), each step for itself and in words.
 * OpenSSL's own CMS_CADES accepts a signature without any signed attribute; therefore what must be signed is
 * looked for here, and only the arithmetic is the library's. Pure. */

#include "base/finding.h"
#include "crypto/certificate.h"

/* What is believed. */
struct cms_trust {
        const struct certificate_set *signers; /* pinned: seals, or the authorities that issue them */
        const struct certificate_set
                *timestamps; /* pinned timestamp services; NULL: no timestamp is believed */
        int64_t instant_ms;  /* of the examination: certificates must be valid then, or when a believed
                              * timestamp says that the signature existed */
        bool timestamp_required;
};

/* Who signed. Clear with cms_signature_clear. */
struct cms_signature {
        struct certificate *signer; /* owned */
        int64_t stated_ms;          /* when, in the words of the signer */
        int64_t proven_ms;          /* it existed then, by a believed timestamp; TIME_UNKNOWN without */
        const char *algorithm;      /* "ECDSA", "RSASSA-PSS", "RSA PKCS#1 v1.5"; static */
};

/* Verifies der over the content, byte for byte. place: the signature's name, for the findings.
 * 0; -EBADMSG with at least one fatal finding; -ENOMEM, -EIO. On failure *ret_signature is untouched. */
int cms_verify(const void *der, size_t length, const void *content, size_t content_length,
        const struct cms_trust *trust, const char *place, struct findings *findings,
        struct cms_signature *ret_signature);

void cms_signature_clear(struct cms_signature *signature);

#endif
