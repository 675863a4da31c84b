/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_CMS_SIGN_H
#define ROGATORY_CRYPTO_CMS_SIGN_H

/* A detached CAdES signature of level B (ETSI EN 319 122-1): contentType, messageDigest (SHA-256),
 * signingTime and signingCertificateV2 are signed; the content is taken byte for byte. ECDSA for EC keys,
 * RSASSA-PSS for RSA keys. With a timestamp attached (crypto/timestamp.h) it is of level T. Pure. */

#include "base/buffer.h"
#include "crypto/private_key.h"

/* Appends the signature in DER. certificate: of the key, and fit to sign. between: the authorities up to the
 * pinned one, and not that one; put in for whoever verifies; may be NULL. instant_ms: the signing time that
 * is stated (second precision). 0, -EINVAL, -ENOMEM, -EIO. */
int cms_sign(const struct private_key *key, const struct certificate *certificate,
        const struct certificate_set *between, const void *content, size_t length, int64_t instant_ms,
        struct buffer *ret_der, struct error *error);

#endif
