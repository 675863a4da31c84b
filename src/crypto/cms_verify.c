/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/cms_verify.h"

#include "base/time.h"
#include "crypto/certificate_state.h"
#include "crypto/cms_shape.h"
#include "crypto/timestamp.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

/* A signer's clock may be that far ahead of the examiner's or the timestamp service's before it is said. */
#define CLOCK_TOLERANCE (5 * TIME_MINUTE)

#define ATTRIBUTE(attributes, object, value)                                                                 \
        cms_shape_attribute(attributes, object, sizeof(object) - 1, value)

/* One examination. */
struct examination {
        const uint8_t *der;
        size_t length;
        const void *content;
        size_t content_length;
        const struct cms_trust *trust;
        const char *place;
        struct findings *findings;
        struct cms_signed shape;
        const EVP_MD *digest;
        const char *digest_name;
        CMS_ContentInfo *cms;
        struct certificate_set brought; /* certificates in the signature */
        struct cms_signature signature;
};

static int refuse(struct examination *e, const char *code, const char *sentence)
{
        return findings_refuse(e->findings, code, e->place, "%s", sentence);
}

static void held(struct examination *e, const char *code, const char *sentence)
{
        findings_add(e->findings, FINDING_HELD, code, e->place, "%s", sentence);
}

static void remark(struct examination *e, const char *code, const char *sentence)
{
        findings_add(e->findings, FINDING_REMARK, code, e->place, "%s", sentence);
}

static int check_algorithms(struct examination *e)
{
        struct cms_algorithms algorithms;
        int r = cms_shape_algorithms(&e->shape, e->place, e->findings, &algorithms);
        if (r < 0)
                return r;
        e->digest_name = algorithms.digest;
        e->digest = EVP_get_digestbyname(algorithms.digest_short);
        e->signature.algorithm = algorithms.signature;
        return e->digest ? 0 : -EIO;
}

/* The same bytes when written again: what OpenSSL read is what stands there. */
static int read_again(struct examination *e)
{
        const uint8_t *at = e->der;
        unsigned char *again = NULL;

        e->cms = d2i_CMS_ContentInfo(NULL, &at, (long)e->length);
        int length = e->cms ? i2d_CMS_ContentInfo(e->cms, &again) : 0;
        bool same = length == (int)e->length && memcmp(again, e->der, e->length) == 0;
        OPENSSL_free(again);
        ERR_clear_error();
        return same ? 0
                    : refuse(e, "cms-malformed",
                              "The signature is not readable, or not written as DER asks (sets in order, no "
                              "other "
                              "writing)");
}

static int check_shape(struct examination *e)
{
        int r = cms_shape_signed(e->der, e->length, e->place, e->findings, &e->shape);
        if (r < 0)
                return r;
        if (e->shape.content.content)
                return refuse(e, "signature-not-detached",
                        "The signature brings content of its own; in a container it must be detached");
        if (!DER_IS(&e->shape.content_type, OBJECT_DATA))
                return refuse(e, "signature-content-type", "What is signed is not plain data");
        if (!e->shape.signed_attributes.content)
                return refuse(e, "signed-attributes-missing",
                        "The signature has no signed attributes: neither its time nor its certificate is "
                        "signed, and "
                        "what is signed could be taken for something else");
        if (e->shape.revocations)
                remark(e, "signature-revocation-lists",
                        "The signature brings lists of revoked certificates; they "
                        "are not read");
        r = read_again(e);
        return r < 0 ? r : check_algorithms(e);
}

static int check_content_type(struct examination *e)
{
        struct der value;
        if (ATTRIBUTE(&e->shape.signed_attributes, OBJECT_CONTENT_TYPE, &value) != 1 ||
                !DER_IS(&value, OBJECT_DATA))
                return refuse(e, "content-type-attribute",
                        "The signed attribute contentType must stand once and say plain data (RFC 5652 "
                        "section 11.1)");
        held(e, "content-type-attribute", "The signed attribute contentType says plain data");
        return 0;
}

static int check_message_digest(struct examination *e)
{
        uint8_t hash[EVP_MAX_MD_SIZE];
        unsigned int size = 0;
        struct der value;

        if (ATTRIBUTE(&e->shape.signed_attributes, OBJECT_MESSAGE_DIGEST, &value) != 1 ||
                value.tag != DER_OCTETS)
                return refuse(e, "message-digest-attribute",
                        "The signed attribute messageDigest must stand once (RFC 5652 section 11.2)");
        if (EVP_Digest(e->content, e->content_length, hash, &size, e->digest, NULL) != 1)
                return -EIO;
        if (value.length != size || memcmp(value.content, hash, size) != 0)
                return findings_refuse(e->findings, "message-digest-differs", e->place,
                        "The %s of the signed content is not the one that was signed: the content was "
                        "changed, or "
                        "the signature is of something else",
                        e->digest_name);
        findings_add(e->findings, FINDING_HELD, "message-digest", e->place,
                "The %s of the signed content is the one that was signed", e->digest_name);
        return 0;
}

static int check_signing_time(struct examination *e)
{
        struct tm tm = {0};
        struct der value;
        char text[TIME_TEXT_MAX];

        if (ATTRIBUTE(&e->shape.signed_attributes, OBJECT_SIGNING_TIME, &value) != 1)
                return refuse(
                        e, "signing-time-attribute", "The signed attribute signingTime must stand once");
        const uint8_t *at = value.whole;
        ASN1_TIME *when = d2i_ASN1_TIME(NULL, &at, (long)value.whole_length);
        bool readable = when && ASN1_TIME_to_tm(when, &tm) == 1;
        ASN1_TIME_free(when);
        ERR_clear_error();
        struct civil civil = {
                tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, 0};
        if (!readable || !civil_is_valid(&civil))
                return refuse(e, "signing-time-attribute", "The signed attribute signingTime is no time");
        e->signature.stated_ms = time_from_civil(&civil);
        (void)time_format_utc(e->signature.stated_ms, text);
        findings_add(e->findings, FINDING_HELD, "signing-time", e->place,
                "The signer states that it signed at %s", text);
        if (e->signature.stated_ms > e->trust->instant_ms + CLOCK_TOLERANCE)
                findings_add(e->findings, FINDING_REMARK, "signing-time-ahead", e->place,
                        "The stated time %s lies after the moment of this examination: one of the clocks is "
                        "wrong",
                        text);
        return 0;
}

/* ESSCertIDv2, RFC 5035 section 4: [algorithm, SHA-256 where there is none] hash [issuer and number]. */
static bool read_certificate_id(const struct der *value, const EVP_MD **ret_digest, struct der *ret_hash)
{
        struct der list, first, algorithm, object;

        if (value->tag != DER_SEQUENCE)
                return false;
        struct cursor within = der_within(value);
        if (!der_expect(&within, DER_SEQUENCE, &list))
                return false;
        struct cursor each = der_within(&list);
        if (!der_expect(&each, DER_SEQUENCE, &first))
                return false;
        struct cursor parts = der_within(&first);
        *ret_digest = EVP_sha256();
        if (der_follows(&parts, DER_SEQUENCE)) {
                struct cursor stated;
                if (!der_next(&parts, &algorithm))
                        return false;
                stated = der_within(&algorithm);
                if (!der_expect(&stated, DER_OBJECT, &object))
                        return false;
                *ret_digest = DER_IS(&object, OBJECT_SHA256)   ? EVP_sha256()
                              : DER_IS(&object, OBJECT_SHA384) ? EVP_sha384()
                              : DER_IS(&object, OBJECT_SHA512) ? EVP_sha512()
                                                               : NULL;
        }
        return *ret_digest && der_expect(&parts, DER_OCTETS, ret_hash);
}

static int gather_certificates(struct examination *e)
{
        STACK_OF(X509) *stack = CMS_get1_certs(e->cms);
        int r = 0;

        for (int i = 0; r == 0 && stack && i < sk_X509_num(stack); i++) {
                struct certificate *one = NULL;
                r = certificate_adopt(sk_X509_value(stack, i), &one);
                if (r == -EBADMSG)
                        r = refuse(
                                e, "certificate-malformed", "A certificate in the signature is not readable");
                if (r == 0)
                        r = certificate_set_add(&e->brought, one);
                certificate_free(one);
        }
        sk_X509_pop_free(stack, X509_free);
        ERR_clear_error();
        return r;
}

/* The one whose digest was signed, out of those brought and those pinned. */
static int find_signer(struct examination *e, const EVP_MD *digest, const struct der *hash)
{
        const struct certificate_set *sets[] = {&e->brought, e->trust->signers};

        for (size_t s = 0; s < 2; s++) {
                for (size_t i = 0; i < sets[s]->count; i++) {
                        uint8_t own[EVP_MAX_MD_SIZE];
                        unsigned int size = 0;
                        const struct certificate *one = sets[s]->list[i];
                        if (EVP_Digest(one->der, one->der_length, own, &size, digest, NULL) != 1)
                                return -EIO;
                        if (size != hash->length || memcmp(own, hash->content, size) != 0)
                                continue;
                        e->signature.signer = certificate_share(one);
                        return e->signature.signer ? 0 : -ENOMEM;
                }
        }
        return refuse(e, "signer-certificate-missing",
                "The certificate that the signer named under its signature is neither in the signature nor "
                "pinned");
}

static int check_signing_certificate(struct examination *e)
{
        struct der value, hash;
        const EVP_MD *digest;

        if (ATTRIBUTE(&e->shape.signed_attributes, OBJECT_SIGNING_CERTIFICATE_2, &value) != 1 ||
                !read_certificate_id(&value, &digest, &hash))
                return refuse(e, "signing-certificate-attribute",
                        "The signed attribute signingCertificateV2 must stand once (ETSI EN 319 122-1): "
                        "without it "
                        "another certificate with the same key could be put under the signature");
        int r = gather_certificates(e);
        if (r == 0)
                r = find_signer(e, digest, &hash);
        if (r < 0)
                return r;
        CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(e->cms), 0);
        if (CMS_SignerInfo_cert_cmp(signer, e->signature.signer->x509) != 0)
                return refuse(e, "signing-certificate-differs",
                        "The certificate that was signed is another than the one that the signer is named "
                        "by");
        findings_add(e->findings, FINDING_HELD, "signing-certificate", e->place,
                "The certificate of %s (number %s) is itself under the signature",
                e->signature.signer->words.subject, e->signature.signer->words.serial);
        return 0;
}

/* The arithmetic: the library verifies the signature over the attributes, and the digest once more. The
 * certificates that were brought are not looked into: only the one found above. */
static int check_signature(struct examination *e)
{
        STACK_OF(X509) *only = sk_X509_new_null();
        BIO *content = BIO_new_mem_buf(e->content_length > 0 ? e->content : "", (int)e->content_length);
        int r = -ENOMEM;

        if (only && content && sk_X509_push(only, e->signature.signer->x509) > 0)
                r = CMS_verify(e->cms, only, NULL, content, NULL,
                            CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY | CMS_NOINTERN) == 1
                            ? 0
                            : -EBADMSG;
        sk_X509_free(only);
        BIO_free(content);
        if (r == -EBADMSG)
                return findings_refuse(e->findings, "signature-wrong", e->place,
                        "The signature was not made with the key of this certificate, or was changed: %s",
                        certificate_library_reason());
        ERR_clear_error();
        if (r == 0)
                findings_add(e->findings, FINDING_HELD, "signature", e->place,
                        "The signature (%s, %s) was made with the key of %s", e->signature.algorithm,
                        e->digest_name, e->signature.signer->words.subject);
        return r;
}

/* An attribute that nobody signed may be put there by anybody; what is not the timestamp says nothing. */
static int check_unsigned(struct examination *e, size_t timestamps)
{
        struct cursor each = der_within(&e->shape.unsigned_attributes);
        size_t count = 0;

        for (struct der attribute; cursor_left(&each) > 0 && der_next(&each, &attribute);)
                count++;
        if (timestamps > 1)
                return refuse(e, "timestamps", "The signature has several timestamps; one is expected");
        if (count > timestamps)
                return refuse(e, "unsigned-attributes",
                        "The signature carries unsigned attributes beside its timestamp, which anybody can "
                        "have put "
                        "there");
        return 0;
}

static int check_timestamp(struct examination *e)
{
        struct der token = {0};
        size_t timestamps = 0;
        char place[FINDING_PLACE_MAX], proven[TIME_TEXT_MAX];

        e->signature.proven_ms = TIME_UNKNOWN;
        if (e->shape.unsigned_attributes.content) {
                timestamps = ATTRIBUTE(&e->shape.unsigned_attributes, OBJECT_SIGNATURE_TIMESTAMP, &token);
                int r = check_unsigned(e, timestamps);
                if (r < 0)
                        return r;
        }
        if (timestamps == 0 && e->trust->timestamp_required)
                return refuse(e, "timestamp-missing",
                        "The signature has no timestamp, and one is asked for: when it was made rests on the "
                        "signer's "
                        "word alone");
        if (timestamps == 0) {
                remark(e, "timestamp-none",
                        "The signature has no timestamp: when it was made rests on the signer's "
                        "word alone");
                return 0;
        }
        if (!e->trust->timestamps || e->trust->timestamps->count == 0) {
                if (e->trust->timestamp_required)
                        return refuse(e, "timestamp-not-believed",
                                "The signature has a timestamp, but no timestamp service is pinned");
                remark(e, "timestamp-not-believed",
                        "The signature has a timestamp, but no timestamp service is pinned: it is not read");
                return 0;
        }
        (void)snprintf(place, sizeof place, "%s timestamp", e->place);
        int r = timestamp_verify(token.whole, token.whole_length, e->shape.signature.content,
                e->shape.signature.length, e->trust->timestamps, place, e->findings, &e->signature.proven_ms);
        if (r == 0 && e->signature.stated_ms > e->signature.proven_ms + CLOCK_TOLERANCE)
                findings_add(e->findings, FINDING_REMARK, "signing-time-after-timestamp", e->place,
                        "The signer states a later time than that at which the timestamp service saw the "
                        "signature "
                        "(%s): the signer's clock is wrong",
                        time_format_utc(e->signature.proven_ms, proven));
        if (r == 0 && e->signature.proven_ms > e->trust->instant_ms + CLOCK_TOLERANCE)
                r = findings_refuse(e->findings, "timestamp-ahead", e->place,
                        "The timestamp (%s) lies after the moment of this examination: one of the clocks is "
                        "wrong",
                        time_format_utc(e->signature.proven_ms, proven));
        return r;
}

/* Certificates that lead nowhere are said: anybody can have added them. */
static void remark_strangers(struct examination *e)
{
        for (size_t i = 0; i < e->brought.count; i++) {
                const struct certificate *one = e->brought.list[i];
                if (!certificate_same(one, e->signature.signer) && !one->words.authority)
                        findings_add(e->findings, FINDING_REMARK, "certificate-stranger", e->place,
                                "The certificate of %s is in the signature and has no part in it",
                                one->words.subject);
        }
}

static int check_trust(struct examination *e)
{
        int64_t instant =
                e->signature.proven_ms != TIME_UNKNOWN ? e->signature.proven_ms : e->trust->instant_ms;
        remark_strangers(e);
        return certificate_check(e->signature.signer, &e->brought, e->trust->signers, CERTIFICATE_SEALS,
                instant, e->place, e->findings);
}

int cms_verify(const void *der, size_t length, const void *content, size_t content_length,
        const struct cms_trust *trust, const char *place, struct findings *findings,
        struct cms_signature *ret_signature)
{
        static int (*const steps[])(struct examination *) = {check_shape, check_content_type,
                check_message_digest, check_signing_time, check_signing_certificate, check_signature,
                check_timestamp, check_trust};
        struct examination e = {.der = der,
                .length = length,
                .content = content,
                .content_length = content_length,
                .trust = trust,
                .place = place,
                .findings = findings,
                .signature = {.proven_ms = TIME_UNKNOWN}};
        int r = content_length > INT_MAX
                        ? refuse(&e, "content-too-long", "More than 2 GiB cannot be verified in one piece")
                        : 0;

        for (size_t i = 0; r == 0 && i < sizeof steps / sizeof *steps; i++)
                r = steps[i](&e);
        CMS_ContentInfo_free(e.cms);
        certificate_set_free(&e.brought);
        if (r < 0) {
                cms_signature_clear(&e.signature);
                return r;
        }
        *ret_signature = e.signature;
        return 0;
}

void cms_signature_clear(struct cms_signature *signature)
{
        certificate_free(signature->signer);
        *signature = (struct cms_signature){.proven_ms = TIME_UNKNOWN};
}
