/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/cms_sign.h"

#include "base/time.h"
#include "crypto/certificate_state.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

/* Without signed capabilities: they belong to mail. The certificate is added by CMS_add1_signer. */
#define SIGNER_FLAGS (CMS_CADES | CMS_BINARY | CMS_DETACHED | CMS_PARTIAL | CMS_NOSMIMECAP | CMS_KEY_PARAM)

static bool state_time(CMS_SignerInfo *signer, int64_t instant_ms)
{
        /* UTCTime until 2049, GeneralizedTime from then on: RFC 5652 section 11.3, done by ASN1_TIME_set. */
        ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)(instant_ms / TIME_SECOND));
        bool done = when && CMS_signed_add1_attr_by_NID(
                                    signer, NID_pkcs9_signingTime, ASN1_STRING_type(when), when, -1) == 1;
        ASN1_TIME_free(when);
        return done;
}

static bool choose_padding(CMS_SignerInfo *signer, const EVP_PKEY *key)
{
        EVP_PKEY_CTX *context = CMS_SignerInfo_get0_pkey_ctx(signer);
        if (!EVP_PKEY_is_a(key, "RSA"))
                return true;
        return context && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool fill(CMS_ContentInfo *cms, const struct private_key *key, const struct certificate *certificate,
        const struct certificate_set *between, BIO *content, int64_t instant_ms)
{
        CMS_SignerInfo *signer =
                CMS_add1_signer(cms, certificate->x509, key->key, EVP_sha256(), SIGNER_FLAGS);
        if (!signer || !choose_padding(signer, key->key) || !state_time(signer, instant_ms))
                return false;
        for (size_t i = 0; between && i < between->count; i++)
                if (!certificate_same(between->list[i], certificate) &&
                        CMS_add1_cert(cms, between->list[i]->x509) != 1)
                        return false;
        return CMS_final(cms, content, NULL, CMS_BINARY | CMS_DETACHED) == 1;
}

int cms_sign(const struct private_key *key, const struct certificate *certificate,
        const struct certificate_set *between, const void *content, size_t length, int64_t instant_ms,
        struct buffer *ret_der, struct error *error)
{
        const struct certificate_words *words = certificate_words(certificate);
        unsigned char *der = NULL;

        if (!private_key_fits(key, certificate))
                return error_set(error, -EINVAL, "The certificate of %s is not of the key that is to sign",
                        words->subject);
        if (instant_ms < words->from_ms || instant_ms >= words->until_ms)
                return error_set(error, -EINVAL,
                        "The certificate of %s is not valid at the moment of signing; renew it",
                        words->subject);
        if (length > INT_MAX)
                return error_set(error, -EINVAL, "More than 2 GiB cannot be signed in one piece");
        CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_BINARY | CMS_DETACHED | CMS_PARTIAL);
        BIO *in = BIO_new_mem_buf(length > 0 ? content : "", (int)length);
        int r = -EIO;
        if (cms && in && fill(cms, key, certificate, between, in, instant_ms)) {
                int der_length = i2d_CMS_ContentInfo(cms, &der);
                if (der_length > 0)
                        r = buffer_append(ret_der, der, (size_t)der_length);
        }
        OPENSSL_free(der);
        BIO_free(in);
        CMS_ContentInfo_free(cms);
        if (r < 0)
                return error_set(error, r, "No signature could be made with the certificate of %s: %s",
                        words->subject, certificate_library_reason());
        ERR_clear_error();
        return 0;
}
