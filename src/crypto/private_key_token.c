/* SPDX-License-Identifier: EUPL-1.2 */
/* Private keys in tokens. OpenSSL 3.0 asks whoever holds a key through the methods of an EC_KEY; that
 * interface is called deprecated in favour of providers, which are libraries of their own, loaded by files'
 * names. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/private_key.h"

#include "crypto/certificate_state.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <stdlib.h>

#define COORDINATE_MAX 66 /* of P-521 */

/* Where an EC_KEY keeps the private_key that it belongs to. */
static int place_of_key(void)
{
        static int place = -1;
        if (place < 0)
                place = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, NULL);
        return place;
}

static size_t coordinate_bytes(const EC_KEY *key)
{
        return ((size_t)EC_GROUP_get_degree(EC_KEY_get0_group(key)) + 7) / 8;
}

/* Among the reasons of the library's failure stands what the token said. */
static void tell_library(const struct private_key *owner)
{
        ERR_raise_data(ERR_LIB_USER, ERR_R_OPERATION_FAIL, "%s", owner->trouble.text);
}

static ECDSA_SIG *sign_by_token(
        const unsigned char *digest, int length, const BIGNUM *inverse, const BIGNUM *r, EC_KEY *key)
{
        struct private_key *owner = EC_KEY_get_ex_data(key, place_of_key());
        size_t size = coordinate_bytes(key);
        uint8_t raw[2 * COORDINATE_MAX];

        (void)inverse, (void)r; /* prepared by nobody: the token chooses its own */
        if (!owner || length < 0 || size > COORDINATE_MAX)
                return NULL;
        owner->trouble.code = 0;
        if (owner->token.sign(owner->token.context, digest, (size_t)length, size, raw, &owner->trouble) < 0) {
                tell_library(owner);
                return NULL;
        }
        ECDSA_SIG *signature = ECDSA_SIG_new();
        BIGNUM *first = BN_bin2bn(raw, (int)size, NULL), *second = BN_bin2bn(raw + size, (int)size, NULL);
        if (signature && first && second && ECDSA_SIG_set0(signature, first, second) == 1)
                return signature;
        ECDSA_SIG_free(signature);
        BN_free(first);
        BN_free(second);
        return NULL;
}

static int agree_by_token(
        unsigned char **ret_secret, size_t *ret_length, const EC_POINT *point, const EC_KEY *key)
{
        struct private_key *owner = EC_KEY_get_ex_data(key, place_of_key());
        size_t size = coordinate_bytes(key);
        uint8_t bytes[1 + 2 * COORDINATE_MAX];
        size_t length = EC_POINT_point2oct(
                EC_KEY_get0_group(key), point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof bytes, NULL);

        if (!owner || !owner->token.agree || length == 0 || size > COORDINATE_MAX)
                return 0;
        unsigned char *secret = OPENSSL_zalloc(size);
        if (!secret)
                return 0;
        owner->trouble.code = 0;
        if (owner->token.agree(owner->token.context, bytes, length, size, secret, &owner->trouble) < 0) {
                tell_library(owner);
                OPENSSL_clear_free(secret, size);
                return 0;
        }
        *ret_secret = secret;
        *ret_length = size;
        return 1;
}

static EC_KEY_METHOD *make_method(void)
{
        EC_KEY_METHOD *method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
        int (*sign)(int, const unsigned char *, int, unsigned char *, unsigned int *, const BIGNUM *,
                const BIGNUM *, EC_KEY *) = NULL;
        int (*prepare)(EC_KEY *, BN_CTX *, BIGNUM **, BIGNUM **) = NULL;

        if (!method)
                return NULL;
        EC_KEY_METHOD_get_sign(method, &sign, &prepare, NULL);
        EC_KEY_METHOD_set_sign(method, sign, prepare, sign_by_token);
        EC_KEY_METHOD_set_compute_key(method, agree_by_token);
        return method;
}

/* The public half, with our methods and our key behind it. */
static bool assign(struct private_key *key, const struct certificate *certificate)
{
        EC_KEY *public = EVP_PKEY_get1_EC_KEY(X509_get0_pubkey(certificate->x509));
        EC_KEY *own = public ? EC_KEY_dup(public) : NULL;

        EC_KEY_free(public);
        key->method = make_method();
        key->key = EVP_PKEY_new();
        bool done = own && key->method && key->key && EC_KEY_set_method(own, key->method) == 1 &&
                    EC_KEY_set_ex_data(own, place_of_key(), key) == 1 &&
                    EVP_PKEY_assign_EC_KEY(key->key, own) == 1;
        if (!done)
                EC_KEY_free(own);
        return done;
}

int private_key_in_token(const struct certificate *certificate, const struct private_key_token *token,
        struct private_key **ret_key, struct error *error)
{
        EVP_PKEY *public = X509_get0_pubkey(certificate->x509);

        if (!public || !EVP_PKEY_is_a(public, "EC"))
                return error_set(error, -EINVAL,
                        "The certificate of %s is not of an EC key; in tokens only EC keys are used",
                        certificate->words.subject);
        struct private_key *key = calloc(1, sizeof *key);
        if (!key)
                return error_set(error, -ENOMEM, "Out of memory");
        key->token = *token;
        if (!assign(key, certificate)) {
                ERR_clear_error();
                private_key_free(key);
                return error_set(error, -ENOMEM, "Out of memory");
        }
        *ret_key = key;
        return 0;
}

void private_key_leave_token(struct private_key *key)
{
        if (key->method)
                EC_KEY_METHOD_free(key->method);
        key->method = NULL;
        if (key->token.close)
                key->token.close(key->token.context);
        key->token.close = NULL;
}

const char *private_key_trouble(const struct private_key *key)
{
        return key->trouble.code < 0 ? key->trouble.text : NULL;
}

/* ---- is it the right one ---- */

static bool signs(EVP_PKEY *key)
{
        static const unsigned char text[] = "rogatory: is this the key of the certificate?";
        EVP_MD_CTX *making = EVP_MD_CTX_new(), *checking = EVP_MD_CTX_new();
        unsigned char signature[256];
        size_t length = sizeof signature;

        /* OpenSSL checks with the public half, which is that of the certificate. */
        bool good = making && checking && EVP_DigestSignInit(making, NULL, EVP_sha256(), NULL, key) == 1 &&
                    EVP_DigestSign(making, signature, &length, text, sizeof text) == 1 &&
                    EVP_DigestVerifyInit(checking, NULL, EVP_sha256(), NULL, key) == 1 &&
                    EVP_DigestVerify(checking, signature, length, text, sizeof text) == 1;
        EVP_MD_CTX_free(making);
        EVP_MD_CTX_free(checking);
        return good;
}

static bool agree(EVP_PKEY *own, EVP_PKEY *other, unsigned char *ret_secret, size_t *ret_length)
{
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);

        *ret_length = COORDINATE_MAX;
        bool good = context && EVP_PKEY_derive_init(context) == 1 &&
                    EVP_PKEY_derive_set_peer(context, other) == 1 &&
                    EVP_PKEY_derive(context, ret_secret, ret_length) == 1;
        EVP_PKEY_CTX_free(context);
        return good;
}

/* With a key that is made for this: both ways round must give the same. */
static bool agrees(EVP_PKEY *key)
{
        unsigned char here[COORDINATE_MAX], there[COORDINATE_MAX];
        size_t here_length = 0, there_length = 0;
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
        EVP_PKEY *passing = NULL;

        bool good = context && EVP_PKEY_keygen_init(context) == 1 &&
                    EVP_PKEY_keygen(context, &passing) == 1 && agree(key, passing, here, &here_length) &&
                    agree(passing, key, there, &there_length) && here_length == there_length &&
                    CRYPTO_memcmp(here, there, here_length) == 0;
        OPENSSL_cleanse(here, sizeof here);
        OPENSSL_cleanse(there, sizeof there);
        EVP_PKEY_free(passing);
        EVP_PKEY_CTX_free(context);
        return good;
}

int private_key_prove(const struct private_key *key, enum private_key_use use, struct error *error)
{
        if (!key->method)
                return 0;
        bool good = use == PRIVATE_KEY_SIGNS ? signs(key->key) : agrees(key->key);
        ERR_clear_error();
        if (good)
                return 0;
        return key->trouble.code < 0 ? error_set(error, key->trouble.code, "%s", key->trouble.text)
                                     : error_set(error, -EKEYREJECTED,
                                               "The key in the token is not that of the certificate");
}
