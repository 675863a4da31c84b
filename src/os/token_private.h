/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_TOKEN_PRIVATE_H
#define ROGATORY_OS_TOKEN_PRIVATE_H

/* A private EC key that stays in a PKCS#11 token (OASIS PKCS #11 v2.40) for as long as a process works with
 * it: found by its label, and what is to be done with it is asked of the token.
 *
 * The module is loaded when the key is opened, which needs memory that can be executed: open it before a
 * process is confined (os/confine.h). After a fork(2) a module must be begun anew (section 11.4 there, on
 * C_Initialize): a child that uses a key of its parent does so by itself, which loads the module again, so it
 * must not be confined by then. Serves one thread. */

#include "os/token.h"

#include <stddef.h>
#include <stdint.h>

struct token_private;

/* Loads the module, finds the token, logs in and finds the one private key that is labelled place->object.
 * Beside what token_open says: -ENOENT (none of this label), -ENOTUNIQ (several), -EKEYREJECTED (it can be
 * taken out of the token, is no EC key, or asks for the PIN every time), each with a message. */
int token_private_open(const struct token_place *place, struct token_private **ret_key, struct error *error);
void token_private_close(struct token_private *key); /* NULL is fine */

/* ECDSA over a digest: r and s, big endian, size bytes each (CKM_ECDSA). */
int token_private_sign(struct token_private *key, const uint8_t *digest, size_t length, size_t size,
        uint8_t *ret_signature, struct error *error);

/* ECDH with an uncompressed point (04 x y): the shared x coordinate of size bytes (CKM_ECDH1_DERIVE,
 * CKD_NULL). Wipe it. */
int token_private_agree(struct token_private *key, const uint8_t *point, size_t length, size_t size,
        uint8_t *ret_secret, struct error *error);

#endif
