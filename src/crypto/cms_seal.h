/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_CMS_SEAL_H
#define ROGATORY_CRYPTO_CMS_SEAL_H

/* Evidence encrypted to its recipients: CMS AuthEnvelopedData (RFC 5083) with AES-256-GCM (RFC 5084), its key
 * wrapped for EC keys by ephemeral ECDH with SHA-256 (RFC 5753) and for RSA keys by OAEP with SHA-256
 * (RFC 3560). EnvelopedData, which cannot show that something was changed, is refused. Pure. */

#include "base/buffer.h"
#include "crypto/private_key.h"

#define CMS_SEAL_BYTES_MAX (INT32_MAX - 1048576) /* of the plaintext, in one piece */

/* Appends the message in DER. Every recipient's certificate must be made to receive (CERTIFICATE_RECEIVES);
 * whether it is pinned and valid is checked before, by certificate_check. 0, -EINVAL (no or too many
 * recipients, a certificate that cannot receive, too long), -ENOMEM, -EIO. */
int cms_seal(const void *plain, size_t length, const struct certificate *const *recipients, size_t count,
        struct buffer *ret_der, struct error *error);

/* What was opened. cms_plaintext_free wipes it. */
struct cms_plaintext {
        uint8_t *bytes;
        size_t length;
};

/* Opens a message that is encrypted to this certificate. Everything is decrypted into memory that nobody else
 * sees, and given out only when the tag at the very end was right; else it is wiped. 0; -EBADMSG with a
 * fatal finding; -EKEYREJECTED where it is encrypted to others only (fatal finding too); -ENOMEM. */
int cms_open(const void *der, size_t length, const struct private_key *key,
        const struct certificate *certificate, const char *place, struct findings *findings,
        struct cms_plaintext *ret_plain);

void cms_plaintext_free(struct cms_plaintext *plain);

#endif
