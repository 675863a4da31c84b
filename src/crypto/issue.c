/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/issue.h"

#include "base/time.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_BITS 127 /* RFC 5280 section 4.1.2.2: positive, at most 20 bytes */

struct issuer {
        X509 *certificate;
        EVP_PKEY *key;
};

struct extension_row {
        int nid;
        const char *value;
};

static const struct extension_row authority_rows[] = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"}, {NID_subject_key_identifier, "hash"}, {0, NULL}};

static const struct extension_row use_rows[ISSUE_USES][6] = {
        [ISSUE_SEAL] = {{NID_basic_constraints, "critical,CA:FALSE"},
                {NID_key_usage, "critical,digitalSignature,nonRepudiation"},
                /* Document signing (RFC 9336), and what verifiers of S/MIME ask for; above all not TLS. */
                {NID_ext_key_usage, "emailProtection,1.3.6.1.5.5.7.3.36"},
                {NID_subject_key_identifier, "hash"}, {NID_authority_key_identifier, "keyid:always"}},
        [ISSUE_TLS] = {{NID_basic_constraints, "critical,CA:FALSE"},
                {NID_key_usage, "critical,digitalSignature"}, {NID_ext_key_usage, "serverAuth,clientAuth"},
                {NID_subject_key_identifier, "hash"}, {NID_authority_key_identifier, "keyid:always"}},
        [ISSUE_DECRYPTION] = {{NID_basic_constraints, "critical,CA:FALSE"},
                {NID_key_usage, "critical,keyAgreement"}, {NID_subject_key_identifier, "hash"},
                {NID_authority_key_identifier, "keyid:always"}},
        [ISSUE_TIMESTAMP] = {{NID_basic_constraints, "critical,CA:FALSE"},
                {NID_key_usage, "critical,digitalSignature,nonRepudiation"},
                {NID_ext_key_usage, "critical,timeStamping"}, {NID_subject_key_identifier, "hash"},
                {NID_authority_key_identifier, "keyid:always"}},
};

/* Extensions are made one by one, because those of identifiers look at what stands there already. */
static bool add_extension(X509 *certificate, X509V3_CTX *context, int nid, const char *value)
{
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
        bool added = extension && X509_add_ext(certificate, extension, -1) == 1;

        X509_EXTENSION_free(extension);
        return added;
}

static bool add_extensions(
        X509 *certificate, const X509 *issuer, const struct extension_row *rows, const char *host)
{
        X509V3_CTX context;
        char names[300];

        X509V3_set_ctx(&context, (X509 *)issuer, certificate, NULL, NULL, 0);
        X509V3_set_ctx_nodb(&context);
        for (; rows->nid != 0; rows++)
                if (!add_extension(certificate, &context, rows->nid, rows->value))
                        return false;
        if (!host)
                return true;
        ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
        snprintf(names, sizeof names, "%s:%s", address ? "IP" : "DNS", host);
        ASN1_OCTET_STRING_free(address);
        return add_extension(certificate, &context, NID_subject_alt_name, names);
}

static bool add_name(X509_NAME *name, const char *kind, const char *text)
{
        return !text || X509_NAME_add_entry_by_txt(
                                name, kind, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool set_serial(X509 *certificate)
{
        BIGNUM *number = BN_new();
        bool set = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));

        BN_free(number);
        return set;
}

/* A certificate of the key, not signed yet. NULL where the library refuses. */
static X509 *make_certificate(const struct issue_wish *wish, EVP_PKEY *key)
{
        X509 *certificate = X509_new();
        X509_NAME *name = X509_NAME_new();

        bool made = certificate && name && X509_set_version(certificate, X509_VERSION_3) == 1 &&
                    set_serial(certificate) &&
                    ASN1_TIME_set(X509_getm_notBefore(certificate), wish->from_ms / TIME_SECOND) &&
                    ASN1_TIME_set(X509_getm_notAfter(certificate), wish->until_ms / TIME_SECOND) &&
                    add_name(name, "C", wish->country) && add_name(name, "O", wish->organisation) &&
                    add_name(name, "CN", wish->name) && X509_set_subject_name(certificate, name) == 1 &&
                    X509_set_pubkey(certificate, key) == 1;
        X509_NAME_free(name);
        if (!made) {
                X509_free(certificate);
                return NULL;
        }
        return certificate;
}

static int append_bio(BIO *bio, struct buffer *ret)
{
        char *bytes;
        long length = BIO_get_mem_data(bio, &bytes);

        return buffer_append(ret, bytes, (size_t)length);
}

static int write_out(X509 *certificate, EVP_PKEY *key, struct buffer *ret_certificate, struct buffer *ret_key)
{
        BIO *public = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_secmem());
        int r = -EIO;

        if (public && secret && PEM_write_bio_X509(public, certificate) == 1 &&
                PEM_write_bio_PKCS8PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1) {
                r = append_bio(public, ret_certificate);
                if (r == 0)
                        r = append_bio(secret, ret_key);
        }
        BIO_free(public);
        BIO_free(secret);
        return r;
}

static int refuse(int code, const char *name, struct error *error)
{
        ERR_clear_error();
        if (code == -EINVAL)
                return error_set(error, code,
                        "%s: a certificate must end after it begins, within the years 1970 to 2261", name);
        return error_set(error, code, "%s: no key and certificate could be made", name);
}

/* issuer NULL: signed by its own key. */
static int issue(const struct issuer *issuer, const struct issue_wish *wish, const struct extension_row *rows,
        X509 **ret_x509, EVP_PKEY **ret_pkey, struct error *error)
{
        /* Commas and line ends would be further names to the library that reads it. */
        if (wish->host && strspn(wish->host, "abcdefghijklmnopqrstuvwxyz0123456789.:-") != strlen(wish->host))
                return error_set(error, -EINVAL, "%s: \"%.64s\" is no name and no address of a host",
                        wish->name, wish->host);
        if (wish->from_ms < TIME_FIRST || wish->until_ms >= TIME_LIMIT || wish->until_ms <= wish->from_ms)
                return refuse(-EINVAL, wish->name, error);
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *certificate = key ? make_certificate(wish, key) : NULL;
        const X509 *above = issuer ? issuer->certificate : certificate;
        if (certificate && X509_set_issuer_name(certificate, X509_get_subject_name(above)) == 1 &&
                add_extensions(certificate, above, rows, wish->host) &&
                X509_sign(certificate, issuer ? issuer->key : key, EVP_sha256()) > 0) {
                *ret_x509 = certificate;
                *ret_pkey = key;
                return 0;
        }
        X509_free(certificate);
        EVP_PKEY_free(key);
        return refuse(-EIO, wish->name, error);
}

int issuer_new(const char *name, int64_t from_ms, int64_t until_ms, struct issuer **ret_issuer,
        struct buffer *ret_certificate, struct buffer *ret_key, struct error *error)
{
        struct issue_wish wish = {.name = name, .from_ms = from_ms, .until_ms = until_ms};
        struct issuer *issuer = calloc(1, sizeof *issuer);

        if (!issuer)
                return error_set(error, -ENOMEM, "%s: out of memory", name);
        int r = issue(NULL, &wish, authority_rows, &issuer->certificate, &issuer->key, error);
        if (r == 0)
                r = write_out(issuer->certificate, issuer->key, ret_certificate, ret_key);
        if (r < 0) {
                issuer_free(issuer);
                return r;
        }
        *ret_issuer = issuer;
        return 0;
}

void issuer_free(struct issuer *issuer)
{
        if (!issuer)
                return;
        X509_free(issuer->certificate);
        EVP_PKEY_free(issuer->key);
        free(issuer);
}

int issue_certificate(const struct issuer *issuer, const struct issue_wish *wish,
        struct buffer *ret_certificate, struct buffer *ret_key, struct error *error)
{
        X509 *certificate;
        EVP_PKEY *key;

        int r = issue(issuer, wish, use_rows[wish->use], &certificate, &key, error);
        if (r < 0)
                return r;
        r = write_out(certificate, key, ret_certificate, ret_key);
        X509_free(certificate);
        EVP_PKEY_free(key);
        return r < 0 ? refuse(r, wish->name, error) : 0;
}
