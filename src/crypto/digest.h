/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_DIGEST_H
#define ROGATORY_CRYPTO_DIGEST_H

/* SHA-256 (FIPS 180-4), and its usual writing as 64 lower-case hexadecimal digits. */

#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES 32
#define DIGEST_TEXT_MAX 65 /* with the end mark */

struct digest;

/* For content that comes in pieces. All 0, -ENOMEM, or -EIO where the library refuses (a broken
 * installation). */
int digest_new(struct digest **ret_digest);
int digest_add(struct digest *digest, const void *bytes, size_t length);
int digest_finish(struct digest *digest, uint8_t ret_hash[DIGEST_BYTES]); /* then only digest_free */
void digest_free(struct digest *digest);

/* In one call. */
int digest_of(const void *bytes, size_t length, uint8_t ret_hash[DIGEST_BYTES]);

/* Those of other systems' containers. */
enum digest_kind {
        DIGEST_SHA256,
        DIGEST_SHA384,
        DIGEST_SHA512,
};

#define DIGEST_KIND_BYTES_MAX 64

/* In one call, of any kind: 32, 48 or 64 bytes. */
int digest_of_kind(
        enum digest_kind kind, const void *bytes, size_t length, uint8_t ret_hash[DIGEST_KIND_BYTES_MAX]);

/* Returns text. */
char *digest_format(const uint8_t hash[DIGEST_BYTES], char text[DIGEST_TEXT_MAX]);

/* Exactly 64 lower-case digits, because one hash must have one writing. 0 or -EINVAL. */
int digest_parse(struct slice text, uint8_t ret_hash[DIGEST_BYTES]);

#endif
