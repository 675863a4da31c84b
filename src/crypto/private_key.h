/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_PRIVATE_KEY_H
#define ROGATORY_CRYPTO_PRIVATE_KEY_H

/* Private keys: EC P-256, P-384, P-521, or RSA of 2048 to 8192 bits, in PEM (PKCS#8, SEC 1, PKCS#1), not
 * encrypted: what guards the file are its owner and mode, which whoever read it hands over. Pure. */

#include "base/error.h"
#include "crypto/certificate.h"

#include <stdint.h>

#define PRIVATE_KEY_BYTES_MAX 32768

struct private_key;

/* Who may read the file that the bytes came from (st_mode & 07777 and whether its owner is who we are). */
struct private_key_guard {
        uint32_t mode;
        bool owned; /* by the account that runs us, or root */
};

/* name: of the file, for messages. The caller wipes bytes. 0, -EPERM where others could read or change the
 * file, -EBADMSG, -ENOMEM. */
int private_key_parse(const void *bytes, size_t length, struct private_key_guard guard, const char *name,
        struct private_key **ret_key, struct error *error);
void private_key_free(struct private_key *key); /* wipes; NULL is fine */

/* A key in a token that nobody can take it out of (PKCS#11): what is to be done with it is asked for. Each
 * returns 0 or a negative errno with a message, and keeps no pointer. size: bytes of a coordinate of the
 * curve, 32 for P-256. */
struct private_key_token {
        /* ECDSA over a digest: r and s, big endian, size bytes each (CKM_ECDSA). */
        int (*sign)(void *context, const uint8_t *digest, size_t length, size_t size, uint8_t *ret_signature,
                struct error *error);
        /* ECDH with an uncompressed point (04 x y): the shared x coordinate, size bytes (CKM_ECDH1_DERIVE,
         * CKD_NULL). NULL where the token cannot. */
        int (*agree)(void *context, const uint8_t *point, size_t length, size_t size, uint8_t *ret_secret,
                struct error *error);
        /* The key is freed and asks for nothing more. May be NULL. */
        void (*close)(void *context);
        void *context; /* must outlive the key */
};

/* The private key of an EC certificate, in a token. 0, -EINVAL (no EC certificate), -ENOMEM; then close was
 * not called. */
int private_key_in_token(const struct certificate *certificate, const struct private_key_token *token,
        struct private_key **ret_key, struct error *error);

/* Does the token hold the key of the certificate? It is made to sign, or to agree where it has that, and
 * what it gives is compared: a label says nothing. Always true of a key in memory that private_key_fits.
 * 0, -EKEYREJECTED (another key), or what the token said, each with a message. */
enum private_key_use { PRIVATE_KEY_SIGNS, PRIVATE_KEY_AGREES };
int private_key_prove(const struct private_key *key, enum private_key_use use, struct error *error);

/* What the token said where the last use of it failed; NULL where it worked, or the key is in memory. */
const char *private_key_trouble(const struct private_key *key);

/* Does the certificate speak of this key? */
bool private_key_fits(const struct private_key *key, const struct certificate *certificate);

#endif
