/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_ED25519_H
#define ROGATORY_CRYPTO_ED25519_H

/* Ed25519 signatures (RFC 8032, section 5.1). Keys and signatures are the plain bytes of that document: a
 * secret key is the 32 bytes that everything else is derived from. Pure. */

#include <stddef.h>
#include <stdint.h>

#define ED25519_SECRET_BYTES 32
#define ED25519_PUBLIC_BYTES 32
#define ED25519_SIGNATURE_BYTES 64

/* A new secret key. 0 or -EIO. */
int ed25519_make(uint8_t ret_secret[ED25519_SECRET_BYTES]);

/* The public key that belongs to a secret one. 0, -ENOMEM or -EIO. */
int ed25519_public_of(const uint8_t secret[ED25519_SECRET_BYTES], uint8_t ret_public[ED25519_PUBLIC_BYTES]);

/* 0, -ENOMEM or -EIO. */
int ed25519_sign(const uint8_t secret[ED25519_SECRET_BYTES], const void *message, size_t length,
        uint8_t ret_signature[ED25519_SIGNATURE_BYTES]);

/* 0; -EKEYREJECTED where the signature is not this key's over this message, or the key is no point of the
 * curve; -ENOMEM or -EIO. */
int ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_BYTES], const void *message, size_t length,
        const uint8_t signature[ED25519_SIGNATURE_BYTES]);

#endif
