/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/timestamp.h"

#include "base/time.h"
#include "crypto/certificate_state.h"
#include "crypto/cms_shape.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 200 /* of a service that declines, with the end mark */

static bool fill_request(
        TS_REQ *request, const uint8_t hash[DIGEST_BYTES], const uint8_t nonce[TIMESTAMP_NONCE_BYTES])
{
        TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
        X509_ALGOR *algorithm = X509_ALGOR_new();
        BIGNUM *number = BN_bin2bn(nonce, TIMESTAMP_NONCE_BYTES, NULL);
        ASN1_INTEGER *written = number ? BN_to_ASN1_INTEGER(number, NULL) : NULL;

        bool done = imprint && algorithm && written &&
                    X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
                    TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
                    TS_MSG_IMPRINT_set_msg(imprint, (unsigned char *)hash, DIGEST_BYTES) == 1 &&
                    TS_REQ_set_version(request, 1) == 1 && TS_REQ_set_msg_imprint(request, imprint) == 1 &&
                    TS_REQ_set_nonce(request, written) == 1 && TS_REQ_set_cert_req(request, 1) == 1;
        TS_MSG_IMPRINT_free(imprint);
        X509_ALGOR_free(algorithm);
        ASN1_INTEGER_free(written);
        BN_free(number);
        return done;
}

int timestamp_request(const void *bytes, size_t length, const uint8_t nonce[TIMESTAMP_NONCE_BYTES],
        struct buffer *ret_request)
{
        uint8_t hash[DIGEST_BYTES];
        unsigned char *der = NULL;
        int r = digest_of(bytes, length, hash);
        TS_REQ *request = r == 0 ? TS_REQ_new() : NULL;

        if (r == 0) {
                int der_length =
                        request && fill_request(request, hash, nonce) ? i2d_TS_REQ(request, &der) : 0;
                r = der_length > 0 ? buffer_append(ret_request, der, (size_t)der_length) : -EIO;
        }
        OPENSSL_free(der);
        TS_REQ_free(request);
        ERR_clear_error();
        return r;
}

static int declined(TS_STATUS_INFO *status, struct error *error)
{
        const STACK_OF(ASN1_UTF8STRING) *texts = TS_STATUS_INFO_get0_text(status);
        const ASN1_UTF8STRING *first =
                texts && sk_ASN1_UTF8STRING_num(texts) > 0 ? sk_ASN1_UTF8STRING_value(texts, 0) : NULL;
        char words[WORDS_MAX] = "no word";
        int length = first ? ASN1_STRING_length(first) : -1;

        /* Somebody else's bytes come onto terminals and into logs. */
        for (int i = 0; i < length && i < WORDS_MAX - 1; i++) {
                unsigned char byte = ASN1_STRING_get0_data(first)[i];
                words[i] = (char)(byte >= 0x20 && byte < 0x7f ? byte : '?');
                words[i + 1] = '\0';
        }
        return error_set(error, -EBADMSG, "The timestamp service declined (status %ld): %s",
                ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status)), words);
}

/* RFC 3161 section 2.2: the same imprint and the same nonce. */
static bool answers(TS_REQ *request, TS_TST_INFO *info)
{
        TS_MSG_IMPRINT *asked = TS_REQ_get_msg_imprint(request);
        TS_MSG_IMPRINT *given = info ? TS_TST_INFO_get_msg_imprint(info) : NULL;
        const ASN1_INTEGER *nonce = TS_REQ_get_nonce(request);
        const ASN1_INTEGER *echo = info ? TS_TST_INFO_get_nonce(info) : NULL;

        return given && echo && nonce && ASN1_INTEGER_cmp(nonce, echo) == 0 &&
               OBJ_obj2nid(TS_MSG_IMPRINT_get_algo(given)->algorithm) == NID_sha256 &&
               ASN1_OCTET_STRING_cmp(TS_MSG_IMPRINT_get_msg(asked), TS_MSG_IMPRINT_get_msg(given)) == 0;
}

static int take_token(TS_REQ *request, TS_RESP *response, struct buffer *ret_token, struct error *error)
{
        TS_STATUS_INFO *status = TS_RESP_get_status_info(response);
        PKCS7 *token = TS_RESP_get_token(response);
        long code = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status));
        unsigned char *der = NULL;

        if ((code != TS_STATUS_GRANTED && code != TS_STATUS_GRANTED_WITH_MODS) || !token)
                return declined(status, error);
        if (!answers(request, TS_RESP_get_tst_info(response)))
                return error_set(error, -EBADMSG,
                        "The timestamp service answered with a timestamp of something else than was asked "
                        "for");
        int length = i2d_PKCS7(token, &der);
        int r = length > 0 ? buffer_append(ret_token, der, (size_t)length) : -ENOMEM;
        OPENSSL_free(der);
        return r;
}

int timestamp_accept(const void *request, size_t request_length, const void *response, size_t response_length,
        struct buffer *ret_token, struct error *error)
{
        const uint8_t *at = request, *then = response;

        if (request_length > TIMESTAMP_REQUEST_MAX || response_length > TIMESTAMP_RESPONSE_MAX ||
                !der_is_sound(response, response_length))
                return error_set(
                        error, -EBADMSG, "The timestamp service's answer is no response of RFC 3161");
        TS_REQ *asked = d2i_TS_REQ(NULL, &at, (long)request_length);
        TS_RESP *given = d2i_TS_RESP(NULL, &then, (long)response_length);
        int r = -EBADMSG;
        if (asked && given && then == (const uint8_t *)response + response_length)
                r = take_token(asked, given, ret_token, error);
        else
                (void)error_set(error, r, "The timestamp service's answer is no response of RFC 3161");
        TS_REQ_free(asked);
        TS_RESP_free(given);
        ERR_clear_error();
        return r;
}

/* ---- verifying ---- */

static int read_instant(TS_TST_INFO *info, int64_t *ret_instant_ms)
{
        struct tm tm = {0};
        if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm) != 1)
                return -EBADMSG;
        struct civil civil = {
                tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, 0};
        if (!civil_is_valid(&civil))
                return -EBADMSG;
        *ret_instant_ms = time_from_civil(&civil);
        return 0;
}

/* The parts of the token around what its signature covers: one writing only, nothing unsigned. */
static int check_token_shape(
        const void *token, size_t token_length, const char *place, struct findings *findings)
{
        struct cms_signed shape;
        struct cms_algorithms algorithms;
        struct der value;
        int r = cms_shape_signed(token, token_length, place, findings, &shape);
        if (r == 0)
                r = cms_shape_algorithms(&shape, place, findings, &algorithms);
        if (r < 0)
                return r;
        if (!DER_IS(&shape.content_type, OBJECT_TIMESTAMP) || !shape.content.content)
                return findings_refuse(
                        findings, "timestamp-malformed", place, "The token holds no timestamp of RFC 3161");
        if (!shape.signed_attributes.content)
                return findings_refuse(findings, "timestamp-malformed", place,
                        "The token's signature has no signed attributes");
        if (shape.unsigned_attributes.content)
                return findings_refuse(findings, "timestamp-unsigned-attributes", place,
                        "The token carries unsigned attributes, which anybody can have put there");
        if (cms_shape_attribute(&shape.signed_attributes, OBJECT_SIGNING_CERTIFICATE_2,
                    sizeof OBJECT_SIGNING_CERTIFICATE_2 - 1, &value) == 0)
                findings_add(findings, FINDING_REMARK, "timestamp-names-certificate-by-sha1", place,
                        "The token names its signer's certificate by SHA-1 (RFC 2634) and not by RFC 5816");
        return 0;
}

static bool sha256_of_token(TS_TST_INFO *info)
{
        TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
        return imprint && OBJ_obj2nid(TS_MSG_IMPRINT_get_algo(imprint)->algorithm) == NID_sha256 &&
               ASN1_STRING_length(TS_MSG_IMPRINT_get_msg(imprint)) == DIGEST_BYTES;
}

/* Signature, chain, purpose, and that the signer's certificate is the one named: by OpenSSL. */
static int check_signature(PKCS7 *token, const void *bytes, size_t length,
        const struct certificate_set *pinned, int64_t instant_ms, const char *place,
        struct findings *findings)
{
        uint8_t *hash = OPENSSL_malloc(DIGEST_BYTES);
        TS_VERIFY_CTX *rules = TS_VERIFY_CTX_new();
        X509_STORE *store = certificate_set_store(pinned, instant_ms);

        if (!hash || !rules || !store || digest_of(bytes, length, hash) < 0) {
                OPENSSL_free(hash);
                TS_VERIFY_CTX_free(rules);
                X509_STORE_free(store);
                return -ENOMEM;
        }
        (void)TS_VERIFY_CTX_set_flags(rules, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_SIGNATURE);
        (void)TS_VERIFY_CTX_set_store(rules, store);
        (void)TS_VERIFY_CTX_set_imprint(rules, hash, DIGEST_BYTES);
        int good = TS_RESP_verify_token(rules, token);
        TS_VERIFY_CTX_free(rules);
        if (good == 1)
                return 0;
        return findings_refuse(findings, "timestamp-not-genuine", place,
                "The timestamp is not genuine, not of this, or of no pinned service: %s",
                certificate_library_reason());
}

/* Whose signature was just found genuine. */
static void name_service(PKCS7 *token, char ret_name[CERTIFICATE_NAME_MAX])
{
        STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);

        ret_name[0] = '\0';
        if (signers && sk_X509_num(signers) > 0)
                certificate_describe_name(X509_get_subject_name(sk_X509_value(signers, 0)), ret_name);
        sk_X509_free(signers);
}

static int verify_token(PKCS7 *token, const void *bytes, size_t length, const struct certificate_set *pinned,
        const char *place, struct findings *findings, int64_t *ret_instant_ms)
{
        char text[TIME_TEXT_MAX], service[CERTIFICATE_NAME_MAX];
        TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(token);
        int r = info && read_instant(info, ret_instant_ms) == 0 ? 0 : -EBADMSG;

        if (r < 0)
                r = findings_refuse(findings, "timestamp-malformed", place, "The token holds no instant");
        else if (!sha256_of_token(info))
                r = findings_refuse(findings, "timestamp-digest", place,
                        "The timestamp is of another digest than SHA-256");
        else
                r = check_signature(token, bytes, length, pinned, *ret_instant_ms, place, findings);
        TS_TST_INFO_free(info);
        if (r == 0) {
                name_service(token, service);
                findings_add(findings, FINDING_HELD, "timestamp-genuine", place,
                        "The timestamp service %s, which is pinned, signed that this existed at %s", service,
                        time_format_utc(*ret_instant_ms, text));
        }
        return r;
}

int timestamp_verify(const void *token, size_t token_length, const void *bytes, size_t length,
        const struct certificate_set *pinned, const char *place, struct findings *findings,
        int64_t *ret_instant_ms)
{
        int r = check_token_shape(token, token_length, place, findings);
        if (r < 0)
                return r;
        const uint8_t *at = token;
        unsigned char *again = NULL;
        int64_t instant = TIME_UNKNOWN;
        PKCS7 *read = d2i_PKCS7(NULL, &at, (long)token_length);
        int again_length = read ? i2d_PKCS7(read, &again) : 0;

        if (!read || !PKCS7_type_is_signed(read) || again_length != (int)token_length ||
                memcmp(again, token, token_length) != 0)
                r = findings_refuse(findings, "timestamp-malformed", place,
                        "The token is not readable, or not written as DER asks");
        else
                r = verify_token(read, bytes, length, pinned, place, findings, &instant);
        OPENSSL_free(again);
        PKCS7_free(read);
        ERR_clear_error();
        if (r == 0)
                *ret_instant_ms = instant;
        return r;
}

/* ---- in CAdES signatures ---- */

int timestamp_signature_value(const void *der, size_t length, const uint8_t **ret_value, size_t *ret_length)
{
        struct findings unread = {0};
        struct cms_signed shape;
        int r = cms_shape_signed(der, length, "signature", &unread, &shape);

        findings_free(&unread);
        if (r < 0)
                return r;
        *ret_value = shape.signature.content;
        *ret_length = shape.signature.length;
        return 0;
}

int timestamp_attach(const void *der, size_t length, const void *token, size_t token_length,
        struct buffer *ret_der, struct error *error)
{
        const uint8_t *at = der;
        unsigned char *written = NULL;
        CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)length);
        STACK_OF(CMS_SignerInfo) *signers = cms ? CMS_get0_SignerInfos(cms) : NULL;
        CMS_SignerInfo *signer =
                signers && sk_CMS_SignerInfo_num(signers) == 1 ? sk_CMS_SignerInfo_value(signers, 0) : NULL;
        int r = signer ? 0 : error_set(error, -EBADMSG, "The signature to be timestamped is not readable");

        if (r == 0 && CMS_unsigned_get_attr_by_NID(signer, NID_id_smime_aa_timeStampToken, -1) >= 0)
                r = error_set(error, -EEXIST, "The signature has a timestamp already");
        if (r == 0 && CMS_unsigned_add1_attr_by_NID(signer, NID_id_smime_aa_timeStampToken, V_ASN1_SEQUENCE,
                              token, (int)token_length) != 1)
                r = error_set(
                        error, -EIO, "The timestamp cannot be put in: %s", certificate_library_reason());
        int written_length = r == 0 ? i2d_CMS_ContentInfo(cms, &written) : 0;
        if (r == 0)
                r = written_length > 0 ? buffer_append(ret_der, written, (size_t)written_length) : -ENOMEM;
        OPENSSL_free(written);
        CMS_ContentInfo_free(cms);
        ERR_clear_error();
        return r;
}
