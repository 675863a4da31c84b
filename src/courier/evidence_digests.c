/* SPDX-License-Identifier: EUPL-1.2 */
/* The digests of a file of evidence. On their own, because a program that only names them in a manifest needs
 * no HTTP library: loading that, and what it is linked with, takes as long as answering a question. */
#include "courier/client.h"

#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536

static int digest_all(int file, const char *name, EVP_MD_CTX *first, EVP_MD_CTX *second, uint64_t *ret_length,
        struct error *error)
{
        uint8_t piece[PIECE];
        uint64_t at = 0;

        for (;;) {
                ssize_t n = pread(file, piece, sizeof piece, (off_t)at);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_set(
                                error, -errno, "%s: cannot be read: %s", name, strerrordesc_np(errno));
                if (n == 0)
                        break;
                if (EVP_DigestUpdate(first, piece, (size_t)n) != 1 ||
                        EVP_DigestUpdate(second, piece, (size_t)n) != 1)
                        return error_set(error, -EIO, "OpenSSL fails; this installation is broken");
                at += (uint64_t)n;
        }
        *ret_length = at;
        return 0;
}

int evidence_digests(int file, const char *name, uint8_t ret_digest[DIGEST_BYTES], uint8_t ret_second[64],
        uint64_t *ret_length, struct error *error)
{
        EVP_MD_CTX *first = EVP_MD_CTX_new(), *second = EVP_MD_CTX_new();

        int r = first && second && EVP_DigestInit_ex(first, EVP_sha256(), NULL) == 1 &&
                                EVP_DigestInit_ex(second, EVP_sha3_512(), NULL) == 1
                        ? digest_all(file, name, first, second, ret_length, error)
                        : error_set(error, -EIO, "OpenSSL fails; this installation is broken");
        if (r == 0 && (EVP_DigestFinal_ex(first, ret_digest, NULL) != 1 ||
                              EVP_DigestFinal_ex(second, ret_second, NULL) != 1))
                r = error_set(error, -EIO, "OpenSSL fails; this installation is broken");
        EVP_MD_CTX_free(first);
        EVP_MD_CTX_free(second);
        return r;
}
