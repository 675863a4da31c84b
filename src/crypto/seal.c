/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/seal.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>

/* The key schedule is made once; a window has thousands of chunks. */
struct seal {
        EVP_CIPHER_CTX *closing, *opening;
};

int seal_new(const uint8_t key[SEAL_KEY_BYTES], struct seal **ret_seal)
{
        struct seal *seal = calloc(1, sizeof *seal);

        if (!seal)
                return -ENOMEM;
        seal->closing = EVP_CIPHER_CTX_new();
        seal->opening = EVP_CIPHER_CTX_new();
        if (!seal->closing || !seal->opening) {
                seal_free(seal);
                return -ENOMEM;
        }
        if (EVP_EncryptInit_ex(seal->closing, EVP_aes_256_gcm(), NULL, key, NULL) != 1 ||
                EVP_DecryptInit_ex(seal->opening, EVP_aes_256_gcm(), NULL, key, NULL) != 1) {
                seal_free(seal);
                return -EIO;
        }
        *ret_seal = seal;
        return 0;
}

void seal_free(struct seal *seal)
{
        if (!seal)
                return;
        EVP_CIPHER_CTX_free(seal->closing); /* the library cleanses the key schedule */
        EVP_CIPHER_CTX_free(seal->opening);
        free(seal);
}

int seal_close(struct seal *seal, const uint8_t nonce[SEAL_NONCE_BYTES], const void *context,
        size_t context_length, const void *plain, size_t length, uint8_t *ret_sealed)
{
        EVP_CIPHER_CTX *cipher = seal->closing;
        int done = 0;

        if (length > INT_MAX - SEAL_TAG_BYTES || context_length > INT_MAX)
                return -EIO;
        bool sound =
                EVP_EncryptInit_ex(cipher, NULL, NULL, NULL, nonce) == 1 &&
                (context_length == 0 ||
                        EVP_EncryptUpdate(cipher, NULL, &done, context, (int)context_length) == 1) &&
                (length == 0 || EVP_EncryptUpdate(cipher, ret_sealed, &done, plain, (int)length) == 1) &&
                EVP_EncryptFinal_ex(cipher, ret_sealed + length, &done) == 1 &&
                EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_BYTES, ret_sealed + length) == 1;
        return sound ? 0 : -EIO;
}

int seal_open(struct seal *seal, const uint8_t nonce[SEAL_NONCE_BYTES], const void *context,
        size_t context_length, const void *sealed, size_t length, uint8_t *ret_plain)
{
        EVP_CIPHER_CTX *cipher = seal->opening;
        uint8_t tag[SEAL_TAG_BYTES], none[SEAL_TAG_BYTES];
        int done = 0;

        if (length < SEAL_TAG_BYTES)
                return -EBADMSG;
        if (length > INT_MAX || context_length > INT_MAX)
                return -EIO;
        size_t plain_length = length - SEAL_TAG_BYTES;
        for (size_t i = 0; i < sizeof tag; i++)
                tag[i] = ((const uint8_t *)sealed)[plain_length + i];
        if (EVP_DecryptInit_ex(cipher, NULL, NULL, NULL, nonce) != 1 ||
                (context_length > 0 &&
                        EVP_DecryptUpdate(cipher, NULL, &done, context, (int)context_length) != 1) ||
                (plain_length > 0 &&
                        EVP_DecryptUpdate(cipher, ret_plain, &done, sealed, (int)plain_length) != 1) ||
                EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_BYTES, tag) != 1)
                return -EIO;
        if (EVP_DecryptFinal_ex(cipher, none, &done) == 1)
                return 0;
        seal_wipe(ret_plain, plain_length);
        return -EBADMSG;
}

int seal_derive(const void *secret, size_t secret_length, const void *salt, size_t salt_length,
        const void *purpose, size_t purpose_length, uint8_t ret_key[SEAL_KEY_BYTES])
{
        EVP_PKEY_CTX *derivation = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
        size_t length = SEAL_KEY_BYTES;

        bool sound = derivation && secret_length <= INT_MAX && salt_length <= INT_MAX &&
                     purpose_length <= INT_MAX && EVP_PKEY_derive_init(derivation) == 1 &&
                     EVP_PKEY_CTX_set_hkdf_md(derivation, EVP_sha256()) == 1 &&
                     EVP_PKEY_CTX_set1_hkdf_salt(derivation, salt, (int)salt_length) == 1 &&
                     EVP_PKEY_CTX_set1_hkdf_key(derivation, secret, (int)secret_length) == 1 &&
                     EVP_PKEY_CTX_add1_hkdf_info(derivation, purpose, (int)purpose_length) == 1 &&
                     EVP_PKEY_derive(derivation, ret_key, &length) == 1 && length == SEAL_KEY_BYTES;
        EVP_PKEY_CTX_free(derivation);
        return sound ? 0 : -EIO;
}

int seal_random(void *ret_bytes, size_t length)
{
        return length <= INT_MAX && RAND_priv_bytes(ret_bytes, (int)length) == 1 ? 0 : -EIO;
}

void seal_wipe(void *bytes, size_t length)
{
        OPENSSL_cleanse(bytes, length);
}
