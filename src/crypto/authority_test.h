/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_AUTHORITY_TEST_H
#define ROGATORY_CRYPTO_AUTHORITY_TEST_H

/* For tests: parties with a key and a certificate, authorities that issue them, and a timestamp service, all
 * in memory. Header only, so that other rooms' tests use it too. */

#include "base/time.h"
#include "crypto/certificate_state.h"
#include "crypto/private_key.h"
#include "crypto/timestamp.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define AUTHORITY_NOW INT64_C(1795000000000) /* 2026-11-18T06:26:40Z */
#define AUTHORITY_FROM (AUTHORITY_NOW - 30 * TIME_DAY)
#define AUTHORITY_UNTIL (AUTHORITY_NOW + 365 * TIME_DAY)

struct party {
        struct private_key *key;
        struct certificate *certificate;
        char key_pem[8192];
        char pem[8192];
};

struct party_wish {
        const char *name;
        const char *kind;           /* "P-256", "P-384", "RSA" */
        const char *usage;          /* keyUsage as OpenSSL writes it; NULL: none */
        const char *extended;       /* extendedKeyUsage; NULL: none */
        const struct party *issuer; /* NULL: itself */
        bool authority;
        int64_t from_ms, until_ms; /* 0: the usual */
};

static inline void authority_must(bool holds)
{
        if (!holds) {
                ERR_print_errors_fp(stderr);
                abort();
        }
}

static inline void party_extend(X509 *x509, X509 *issuer, int nid, const char *value)
{
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        authority_must(extension && X509_add_ext(x509, extension, -1) == 1);
        X509_EXTENSION_free(extension);
}

static inline void party_write(struct party *party)
{
        BIO *out = BIO_new(BIO_s_mem());
        authority_must(PEM_write_bio_PKCS8PrivateKey(out, party->key->key, NULL, NULL, 0, NULL, NULL) == 1);
        int length = BIO_read(out, party->key_pem, sizeof party->key_pem - 1);
        party->key_pem[length] = '\0';
        authority_must(PEM_write_bio_X509(out, party->certificate->x509) == 1);
        length = BIO_read(out, party->pem, sizeof party->pem - 1);
        party->pem[length] = '\0';
        BIO_free(out);
}

static inline struct party party_make(struct party_wish wish)
{
        static long number = 1000;
        struct party party = {.key = calloc(1, sizeof *party.key)};
        X509 *x509 = X509_new();
        X509_NAME *name = X509_get_subject_name(x509);

        party.key->key = strcmp(wish.kind, "RSA") == 0 ? EVP_RSA_gen(2048) : EVP_EC_gen(wish.kind);
        EVP_PKEY *signing = wish.issuer ? wish.issuer->key->key : party.key->key;
        authority_must(party.key->key && X509_set_version(x509, X509_VERSION_3) == 1);
        authority_must(ASN1_INTEGER_set(X509_get_serialNumber(x509), number++) == 1);
        authority_must(X509_NAME_add_entry_by_txt(
                               name, "CN", MBSTRING_UTF8, (const unsigned char *)wish.name, -1, -1, 0) == 1);
        X509 *issuer = wish.issuer ? wish.issuer->certificate->x509 : x509;
        authority_must(X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1);
        authority_must(X509_set_pubkey(x509, party.key->key) == 1);
        (void)ASN1_TIME_set(
                X509_getm_notBefore(x509), (wish.from_ms ? wish.from_ms : AUTHORITY_FROM) / TIME_SECOND);
        (void)ASN1_TIME_set(
                X509_getm_notAfter(x509), (wish.until_ms ? wish.until_ms : AUTHORITY_UNTIL) / TIME_SECOND);
        party_extend(x509, issuer, NID_basic_constraints,
                wish.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
        party_extend(x509, issuer, NID_subject_key_identifier, "hash");
        if (wish.usage)
                party_extend(x509, issuer, NID_key_usage, wish.usage);
        if (wish.extended)
                party_extend(x509, issuer, NID_ext_key_usage, wish.extended);
        authority_must(X509_sign(x509, signing, EVP_sha256()) > 0);
        authority_must(certificate_adopt(x509, &party.certificate) == 0);
        X509_free(x509);
        party_write(&party);
        return party;
}

static inline struct party party_authority(const char *name, const struct party *issuer)
{
        return party_make((struct party_wish){.name = name,
                .kind = "P-256",
                .usage = "critical,keyCertSign,cRLSign",
                .issuer = issuer,
                .authority = true});
}

static inline struct party party_seal(const char *name, const char *kind, const struct party *issuer)
{
        return party_make((struct party_wish){.name = name,
                .kind = kind,
                .usage = "critical,digitalSignature,nonRepudiation",
                .issuer = issuer});
}

static inline struct party party_receiver(const char *name, const char *kind, const struct party *issuer)
{
        return party_make((struct party_wish){.name = name,
                .kind = kind,
                .usage = strcmp(kind, "RSA") == 0 ? "critical,keyEncipherment" : "critical,keyAgreement",
                .issuer = issuer});
}

static inline struct party party_timestamps(const char *name, const struct party *issuer)
{
        return party_make((struct party_wish){.name = name,
                .kind = "P-256",
                .usage = "critical,digitalSignature",
                .extended = "critical,timeStamping",
                .issuer = issuer});
}

static inline void party_free(struct party *party)
{
        private_key_free(party->key);
        certificate_free(party->certificate);
        *party = (struct party){0};
}

/* ---- a timestamp service ---- */

static inline ASN1_INTEGER *timestamps_number(TS_RESP_CTX *context, void *unused)
{
        static long number = 1;
        ASN1_INTEGER *integer = ASN1_INTEGER_new();
        (void)context, (void)unused;
        authority_must(ASN1_INTEGER_set(integer, number++) == 1);
        return integer;
}

static inline int timestamps_clock(TS_RESP_CTX *context, void *instant_ms, long *seconds, long *micros)
{
        (void)context;
        *seconds = (long)(*(int64_t *)instant_ms / TIME_SECOND);
        *micros = 0;
        return 1;
}

/* Answers a request as at this instant; appends the response. */
static inline void timestamps_answer(const struct party *service, const struct buffer *request,
        int64_t instant_ms, struct buffer *ret_response)
{
        TS_RESP_CTX *context = TS_RESP_CTX_new();
        BIO *in = BIO_new_mem_buf(request->bytes, (int)request->length);
        ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4.1", 1);
        unsigned char *der = NULL;

        authority_must(TS_RESP_CTX_set_signer_cert(context, service->certificate->x509) == 1);
        authority_must(TS_RESP_CTX_set_signer_key(context, service->key->key) == 1);
        authority_must(TS_RESP_CTX_set_def_policy(context, policy) == 1);
        authority_must(TS_RESP_CTX_add_md(context, EVP_sha256()) == 1);
        authority_must(TS_RESP_CTX_set_signer_digest(context, EVP_sha256()) == 1);
        authority_must(TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256()) == 1);
        TS_RESP_CTX_set_serial_cb(context, timestamps_number, NULL);
        TS_RESP_CTX_set_time_cb(context, timestamps_clock, &instant_ms);
        TS_RESP *response = TS_RESP_create_response(context, in);
        int length = i2d_TS_RESP(response, &der);
        authority_must(length > 0 && buffer_append(ret_response, der, (size_t)length) == 0);
        OPENSSL_free(der);
        TS_RESP_free(response);
        ASN1_OBJECT_free(policy);
        BIO_free(in);
        TS_RESP_CTX_free(context);
}

/* An answer that declines, with words of any bytes. */
static inline void timestamps_decline(const void *words, size_t length, struct buffer *ret_response)
{
        /* SEQUENCE { SEQUENCE { INTEGER 2, SEQUENCE { UTF8String } } }, each of less than 128 bytes. */
        authority_must(length < 100);
        const uint8_t head[] = {0x30, (uint8_t)(length + 9), 0x30, (uint8_t)(length + 7), 0x02, 0x01, 0x02,
                0x30, (uint8_t)(length + 2), 0x0c, (uint8_t)length};
        authority_must(buffer_append(ret_response, head, sizeof head) == 0 &&
                       buffer_append(ret_response, words, length) == 0);
}

/* Request, answer, token, and the signature with it. */
static inline void timestamps_put(const struct party *service, const struct buffer *signature,
        int64_t instant_ms, struct buffer *ret_signature)
{
        static const uint8_t nonce[TIMESTAMP_NONCE_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
        struct buffer request = buffer_make(TIMESTAMP_REQUEST_MAX), response = buffer_make(1 << 20);
        struct buffer token = buffer_make(1 << 20);
        const uint8_t *value;
        size_t length;
        struct error error = {0};

        authority_must(timestamp_signature_value(signature->bytes, signature->length, &value, &length) == 0);
        authority_must(timestamp_request(value, length, nonce, &request) == 0);
        timestamps_answer(service, &request, instant_ms, &response);
        authority_must(timestamp_accept(request.bytes, request.length, response.bytes, response.length,
                               &token, &error) == 0);
        authority_must(timestamp_attach(signature->bytes, signature->length, token.bytes, token.length,
                               ret_signature, &error) == 0);
        buffer_free(&request);
        buffer_free(&response);
        buffer_free(&token);
}

#endif
