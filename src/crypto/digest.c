/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

/* struct digest is never defined: the pointer is OpenSSL's own context. */
static EVP_MD_CTX *context_of(struct digest *digest)
{
        return (EVP_MD_CTX *)digest;
}

int digest_new(struct digest **ret_digest)
{
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        if (!context)
                return -ENOMEM;
        if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
                EVP_MD_CTX_free(context);
                return -EIO;
        }
        *ret_digest = (struct digest *)context;
        return 0;
}

int digest_add(struct digest *digest, const void *bytes, size_t length)
{
        return EVP_DigestUpdate(context_of(digest), bytes, length) == 1 ? 0 : -EIO;
}

int digest_finish(struct digest *digest, uint8_t ret_hash[DIGEST_BYTES])
{
        uint8_t hash[DIGEST_BYTES];
        unsigned length = 0;

        if (EVP_DigestFinal_ex(context_of(digest), hash, &length) != 1 || length != DIGEST_BYTES)
                return -EIO;
        memcpy(ret_hash, hash, DIGEST_BYTES);
        return 0;
}

void digest_free(struct digest *digest)
{
        EVP_MD_CTX_free(context_of(digest));
}

/* The algorithm, looked up among the providers once: with EVP_sha256() every digest looks for it anew, which
 * takes longer than hashing an entry of the record of access. */
static EVP_MD *sha256;
static CRYPTO_ONCE sha256_once = CRYPTO_ONCE_STATIC_INIT;

static void fetch_sha256(void)
{
        sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

int digest_of(const void *bytes, size_t length, uint8_t ret_hash[DIGEST_BYTES])
{
        if (CRYPTO_THREAD_run_once(&sha256_once, fetch_sha256) != 1 || !sha256)
                return -EIO;
        return EVP_Digest(bytes, length, ret_hash, NULL, sha256, NULL) == 1 ? 0 : -EIO;
}

int digest_of_kind(
        enum digest_kind kind, const void *bytes, size_t length, uint8_t ret_hash[DIGEST_KIND_BYTES_MAX])
{
        const EVP_MD *type = kind == DIGEST_SHA256   ? EVP_sha256()
                             : kind == DIGEST_SHA384 ? EVP_sha384()
                                                     : EVP_sha512();
        return EVP_Digest(bytes, length, ret_hash, NULL, type, NULL) == 1 ? 0 : -EIO;
}

char *digest_format(const uint8_t hash[DIGEST_BYTES], char text[DIGEST_TEXT_MAX])
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < DIGEST_BYTES; i++) {
                text[2 * i] = digits[hash[i] >> 4];
                text[2 * i + 1] = digits[hash[i] & 15];
        }
        text[2 * DIGEST_BYTES] = '\0';
        return text;
}

static int digit_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int digest_parse(struct slice text, uint8_t ret_hash[DIGEST_BYTES])
{
        uint8_t hash[DIGEST_BYTES];

        if (text.length != 2 * DIGEST_BYTES)
                return -EINVAL;
        for (size_t i = 0; i < DIGEST_BYTES; i++) {
                int high = digit_value(text.text[2 * i]), low = digit_value(text.text[2 * i + 1]);
                if (high < 0 || low < 0)
                        return -EINVAL;
                hash[i] = (uint8_t)(high << 4 | low);
        }
        memcpy(ret_hash, hash, DIGEST_BYTES);
        return 0;
}
