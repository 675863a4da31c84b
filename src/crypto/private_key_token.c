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

static ECDSA_SIG *sign_by_token(
        const unsigned char *digest, int length, const BIGNUM *inverse, const BIGNUM *r, EC_KEY *key)
{
        const struct private_key *owner = EC_KEY_get_ex_data(key, place_of_key());
        size_t size = coordinate_bytes(key);
        uint8_t raw[2 * COORDINATE_MAX];

        (void)inverse, (void)r; /* prepared by nobody: the token chooses its own */
        if (!owner || length < 0 || size > COORDINATE_MAX ||
                owner->token.sign(owner->token.context, digest, (size_t)length, size, raw) < 0)
                return NULL;
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
        const struct private_key *owner = EC_KEY_get_ex_data(key, place_of_key());
        size_t size = coordinate_bytes(key);
        uint8_t bytes[1 + 2 * COORDINATE_MAX];
        size_t length = EC_POINT_point2oct(
                EC_KEY_get0_group(key), point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof bytes, NULL);

        if (!owner || !owner->token.agree || length == 0 || size > COORDINATE_MAX)
                return 0;
        unsigned char *secret = OPENSSL_zalloc(size);
        if (!secret)
                return 0;
        if (owner->token.agree(owner->token.context, bytes, length, size, secret) < 0) {
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
}
