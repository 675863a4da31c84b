/* SPDX-License-Identifier: EUPL-1.2 */
/* The chain to a pinned certificate, and whether a certificate was made for what it is used for. */
#include "crypto/certificate.h"

#include "base/time.h"
#include "crypto/certificate_state.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

/* OpenSSL's levels: 2 asks for 112 bits, so RSA of 2048 bits, EC of 224 and no SHA-1 in signatures. */
#define SECURITY_LEVEL 2

/* Extended key usage of document signing (RFC 9336), which OpenSSL 3.0 has no name for. */
#define DOCUMENT_SIGNING "1.3.6.1.5.5.7.3.36"

static const char *use_words(enum certificate_use use)
{
        switch (use) {
        case CERTIFICATE_SEALS:
                return "to sign";
        case CERTIFICATE_TIMESTAMPS:
                return "to issue timestamps";
        case CERTIFICATE_RECEIVES:
                return "to have evidence encrypted to it";
        case CERTIFICATE_SERVES:
                return "as a TLS server";
        case CERTIFICATE_CALLS:
                return "as a TLS client";
        }
        return "";
}

X509_STORE *certificate_set_store(const struct certificate_set *pinned, int64_t instant_ms)
{
        X509_STORE *store = X509_STORE_new();
        X509_VERIFY_PARAM *rules = store ? X509_STORE_get0_param(store) : NULL;
        bool sound = rules != NULL;

        for (size_t i = 0; sound && i < pinned->count; i++)
                sound = X509_STORE_add_cert(store, pinned->list[i]->x509) == 1;
        if (!sound) {
                X509_STORE_free(store);
                return NULL;
        }
        X509_VERIFY_PARAM_set_time(rules, instant_ms / TIME_SECOND);
        X509_VERIFY_PARAM_set_depth(rules, CERTIFICATE_DEPTH_MAX);
        X509_VERIFY_PARAM_set_auth_level(rules, SECURITY_LEVEL);
        /* A pinned certificate ends the chain, whoever issued it. */
        (void)X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
        return store;
}

/* Is the only extended key usage one of those that sign? None at all is fine: most seals have none. */
static bool may_sign(X509 *x509)
{
        EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
        ASN1_OBJECT *document = OBJ_txt2obj(DOCUMENT_SIGNING, 1);
        bool allowed = uses == NULL;

        for (int i = 0; uses && document && i < sk_ASN1_OBJECT_num(uses); i++) {
                const ASN1_OBJECT *one = sk_ASN1_OBJECT_value(uses, i);
                int nid = OBJ_obj2nid(one);
                allowed = allowed || nid == NID_email_protect || nid == NID_anyExtendedKeyUsage ||
                          OBJ_cmp(one, document) == 0;
        }
        ASN1_OBJECT_free(document);
        EXTENDED_KEY_USAGE_free(uses);
        return allowed;
}

/* NULL where the certificate was made for this use, else why not. */
static const char *unfit(X509 *x509, enum certificate_use use)
{
        uint32_t keys = X509_get_extension_flags(x509) & EXFLAG_KUSAGE ? X509_get_key_usage(x509) : 0;
        EVP_PKEY *key = X509_get0_pubkey(x509);

        if (!key)
                return "its public key cannot be read";
        if (X509_get_extension_flags(x509) & EXFLAG_INVALID)
                return "one of its extensions is malformed";
        switch (use) {
        case CERTIFICATE_SEALS:
                if (X509_check_ca(x509) != 0)
                        return "it is an authority's, which signs certificates only";
                if (!(keys & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
                        return "its key usage has neither digitalSignature nor nonRepudiation";
                return may_sign(x509) ? NULL : "its extended key usage names other things only";
        case CERTIFICATE_RECEIVES:
                if (EVP_PKEY_is_a(key, "EC"))
                        return keys & KU_KEY_AGREEMENT ? NULL : "its key usage has no keyAgreement";
                if (EVP_PKEY_is_a(key, "RSA"))
                        return keys & KU_KEY_ENCIPHERMENT ? NULL : "its key usage has no keyEncipherment";
                return "its key is neither EC nor RSA";
        case CERTIFICATE_TIMESTAMPS:
                return X509_check_purpose(x509, X509_PURPOSE_TIMESTAMP_SIGN, 0) == 1
                               ? NULL
                               : "it lacks the critical extended key usage timeStamping alone";
        case CERTIFICATE_SERVES:
                return X509_check_purpose(x509, X509_PURPOSE_SSL_SERVER, 0) == 1 ? NULL
                                                                                 : "it is no TLS server's";
        case CERTIFICATE_CALLS:
                return X509_check_purpose(x509, X509_PURPOSE_SSL_CLIENT, 0) == 1 ? NULL
                                                                                 : "it is no TLS client's";
        }
        return "unknown use";
}

/* The purpose is set always: for seals to any, because unfit() has looked at more than OpenSSL would. */
static int purpose_of(enum certificate_use use)
{
        return use == CERTIFICATE_TIMESTAMPS ? X509_PURPOSE_TIMESTAMP_SIGN
               : use == CERTIFICATE_SERVES   ? X509_PURPOSE_SSL_SERVER
               : use == CERTIFICATE_CALLS    ? X509_PURPOSE_SSL_CLIENT
                                             : X509_PURPOSE_ANY;
}

static int follow(const struct certificate *certificate, const struct certificate_set *between,
        const struct certificate_set *pinned, enum certificate_use use, int64_t instant_ms, const char *place,
        struct findings *findings)
{
        X509_STORE *store = certificate_set_store(pinned, instant_ms);
        STACK_OF(X509) *others = certificate_set_stack(between);
        X509_STORE_CTX *walk = X509_STORE_CTX_new();
        int r = -ENOMEM;

        if (store && others && walk && X509_STORE_CTX_init(walk, store, certificate->x509, others) == 1 &&
                X509_STORE_CTX_set_purpose(walk, purpose_of(use)) == 1) {
                r = 0;
                int good = X509_verify_cert(walk);
                int reason = X509_STORE_CTX_get_error(walk);
                if (good != 1 || reason != X509_V_OK) {
                        X509 *where = X509_STORE_CTX_get_current_cert(walk);
                        char subject[CERTIFICATE_NAME_MAX] = "";
                        if (where)
                                (void)X509_NAME_oneline(
                                        X509_get_subject_name(where), subject, sizeof subject);
                        r = findings_refuse(findings, "certificate-not-trusted", place,
                                "The certificate of %s leads to none that is pinned: %s (at %s). The "
                                "directory "
                                "must pin it or its issuer",
                                certificate->words.subject, X509_verify_cert_error_string(reason),
                                subject[0] ? subject : "the certificate itself");
                } else {
                        STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(walk);
                        int steps = sk_X509_num(chain) - 1;
                        char subject[CERTIFICATE_NAME_MAX] = "";
                        certificate_describe_name(
                                X509_get_subject_name(sk_X509_value(chain, steps)), subject);
                        if (steps == 0)
                                findings_add(findings, FINDING_HELD, "certificate-trusted", place,
                                        "The certificate of %s is pinned itself", certificate->words.subject);
                        else
                                findings_add(findings, FINDING_HELD, "certificate-trusted", place,
                                        "The certificate of %s leads in %d step%s to %s, which is pinned",
                                        certificate->words.subject, steps, steps == 1 ? "" : "s", subject);
                }
        }
        X509_STORE_CTX_free(walk);
        sk_X509_pop_free(others, X509_free);
        X509_STORE_free(store);
        ERR_clear_error();
        return r;
}

int certificate_check(const struct certificate *certificate, const struct certificate_set *between,
        const struct certificate_set *pinned, enum certificate_use use, int64_t instant_ms, const char *place,
        struct findings *findings)
{
        const struct certificate_words *words = &certificate->words;
        char at[TIME_TEXT_MAX], from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
        const char *reason = unfit(certificate->x509, use);

        (void)time_format_utc(instant_ms, at);
        (void)time_format_utc(words->from_ms, from);
        (void)time_format_utc(words->until_ms, until);
        /* The last instant does not count: so it is in OpenSSL. */
        if (instant_ms < words->from_ms || instant_ms >= words->until_ms)
                return findings_refuse(findings, "certificate-not-valid", place,
                        "The certificate of %s is valid from %s to %s, and not at %s", words->subject, from,
                        until, at);
        if (reason)
                return findings_refuse(findings, "certificate-not-for-this", place,
                        "The certificate of %s may not be used %s: %s", words->subject, use_words(use),
                        reason);
        return follow(certificate, between, pinned, use, instant_ms, place, findings);
}
