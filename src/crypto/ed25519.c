/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/ed25519.h"

#include "crypto/seal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

int ed25519_make(uint8_t ret_secret[ED25519_SECRET_BYTES])
{
        return seal_random(ret_secret, ED25519_SECRET_BYTES);
}

static EVP_PKEY *secret_key(const uint8_t secret[ED25519_SECRET_BYTES])
{
        return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, ED25519_SECRET_BYTES);
}

int ed25519_public_of(const uint8_t secret[ED25519_SECRET_BYTES], uint8_t ret_public[ED25519_PUBLIC_BYTES])
{
        uint8_t public_key[ED25519_PUBLIC_BYTES];
        size_t length = sizeof public_key;

        EVP_PKEY *key = secret_key(secret);
        if (!key)
                return -ENOMEM;
        bool made = EVP_PKEY_get_raw_public_key(key, public_key, &length) == 1 && length == sizeof public_key;
        EVP_PKEY_free(key);
        if (!made)
                return -EIO;
        memcpy(ret_public, public_key, sizeof public_key);
        return 0;
}

int ed25519_sign(const uint8_t secret[ED25519_SECRET_BYTES], const void *message, size_t length,
        uint8_t ret_signature[ED25519_SIGNATURE_BYTES])
{
        uint8_t signature[ED25519_SIGNATURE_BYTES];
        size_t signed_length = sizeof signature;

        EVP_PKEY *key = secret_key(secret);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        int r = key && context ? 0 : -ENOMEM;
        if (r == 0 && (EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
                              EVP_DigestSign(context, signature, &signed_length, message, length) != 1 ||
                              signed_length != sizeof signature))
                r = -EIO;
        EVP_MD_CTX_free(context);
        EVP_PKEY_free(key);
        if (r == 0)
                memcpy(ret_signature, signature, sizeof signature);
        return r;
}

int ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_BYTES], const void *message, size_t length,
        const uint8_t signature[ED25519_SIGNATURE_BYTES])
{
        EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, ED25519_PUBLIC_BYTES);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        int r = key && context ? 0 : -ENOMEM;

        if (r == 0 && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1)
                r = -EIO;
        /* OpenSSL tells a false signature (0) and one that it could not even read (negative) apart; to us
         * both are signatures that this key did not make. */
        if (r == 0 && EVP_DigestVerify(context, signature, ED25519_SIGNATURE_BYTES, message, length) != 1)
                r = -EKEYREJECTED;
        EVP_MD_CTX_free(context);
        EVP_PKEY_free(key);
        ERR_clear_error();
        return r;
}
