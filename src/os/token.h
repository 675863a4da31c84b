/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_TOKEN_H
#define ROGATORY_OS_TOKEN_H

/* Keys that never leave a PKCS#11 token (OASIS PKCS #11 v2.40): AES-256, made in the token, neither readable
 * nor extractable. Each has a label, which several may share, and a number of its own. What one gives for a
 * value is a secret that nobody can work out without the token and this key; once it is destroyed, nobody can
 * at all. A token is opened for a few steps and closed again: it is not kept over a fork. The module is
 * loaded into the process, which therefore cannot be confined before. */

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKEN_KEY_ID_BYTES 24
#define TOKEN_VALUE_BYTES 32
#define TOKEN_KEYS_MAX 2 /* of one table: one, or two while one takes the place of the other */

struct token_place {
        const char *module;   /* path of the module, a library */
        const char *token;    /* its label; exactly one token there must have it */
        const char *object;   /* label of the keys */
        const char *pin_file; /* the user's PIN, a line in a file that only its owner may read and write */
};

struct token_key {
        uint64_t handle; /* while the token is open */
        uint8_t id[TOKEN_KEY_ID_BYTES];
};

struct token;

/* Loads the module, finds the token, logs in. to_change: keys can be made and destroyed. -ENOENT (no such
 * module or file), -ENODEV (no such token), -EBUSY (another process has it), -EACCES (the PIN, or its file's
 * rights), -ENOTUNIQ, -EIO, each with a message. */
int token_open(
        const struct token_place *place, bool to_change, struct token **ret_token, struct error *error);
void token_close(struct token *token);

/* The keys whose number begins with these bytes, by their number. ret_keys has room for TOKEN_KEYS_MAX;
 * -EMFILE where there are more, -EKEYREJECTED where one of them could be read or extracted. Returns how many.
 */
int token_find(struct token *token, const void *prefix, size_t length, struct token_key *ret_keys,
        struct error *error);

/* A new key; in the token for good when it returns. */
int token_make_key(struct token *token, const uint8_t id[TOKEN_KEY_ID_BYTES], struct token_key *ret_key,
        struct error *error);
int token_destroy_key(struct token *token, const struct token_key *key, struct error *error);

/* The key applied to a value (CKM_AES_CBC, the first vector zero). Wipe what it gives. */
int token_apply(struct token *token, const struct token_key *key, const uint8_t value[TOKEN_VALUE_BYTES],
        uint8_t ret[TOKEN_VALUE_BYTES], struct error *error);

#endif
