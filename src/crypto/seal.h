/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_SEAL_H
#define ROGATORY_CRYPTO_SEAL_H

/* Sealing bytes under a key: AES-256-GCM (NIST SP 800-38D), keys derived by HKDF-SHA256 (RFC 5869). What was
 * sealed opens only whole, under the same key, nonce and context; anything else is refused. Pure. */

#include <stddef.h>
#include <stdint.h>

#define SEAL_KEY_BYTES 32
#define SEAL_TAG_BYTES 16   /* what sealing adds */
#define SEAL_NONCE_BYTES 12 /* two different contents under one key and one nonce would betray both */

struct seal;

/* The key is copied. 0, -ENOMEM, or -EIO where the library refuses (a broken installation). */
int seal_new(const uint8_t key[SEAL_KEY_BYTES], struct seal **ret_seal);
void seal_free(struct seal *seal); /* wipes the key */

/* Seals length bytes into ret_sealed (length + SEAL_TAG_BYTES). context: what must be the same at opening;
 * it is not stored. 0 or -EIO. */
int seal_close(struct seal *seal, const uint8_t nonce[SEAL_NONCE_BYTES], const void *context,
        size_t context_length, const void *plain, size_t length, uint8_t *ret_sealed);

/* Opens length bytes (SEAL_TAG_BYTES of them are the tag) into ret_plain (length - SEAL_TAG_BYTES), which is
 * wiped again where they are not genuine: -EBADMSG. -EIO. */
int seal_open(struct seal *seal, const uint8_t nonce[SEAL_NONCE_BYTES], const void *context,
        size_t context_length, const void *sealed, size_t length, uint8_t *ret_plain);

/* A key out of a secret, for one purpose. 0 or -EIO. */
int seal_derive(const void *secret, size_t secret_length, const void *salt, size_t salt_length,
        const void *purpose, size_t purpose_length, uint8_t ret_key[SEAL_KEY_BYTES]);

/* Bytes that nobody can guess. 0 or -EIO. */
int seal_random(void *ret_bytes, size_t length);

/* Overwrites, also where the compiler sees no later use. */
void seal_wipe(void *bytes, size_t length);

#endif
