/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/certificate.h"

#include "base/time.h"
#include "crypto/certificate_state.h"

#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *certificate_library_reason(void)
{
        static _Thread_local char words[ERROR_TEXT_MAX];
        const char *data = NULL, *reason = NULL;
        int flags = 0;
        unsigned long code;

        /* What a token said (private_key_token.c) stands below what the library makes of it. */
        while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
                reason = ERR_reason_error_string(code);
                if (ERR_GET_LIB(code) == ERR_LIB_USER && (flags & ERR_TXT_STRING) && data) {
                        (void)snprintf(words, sizeof words, "%s", data);
                        reason = words;
                        break;
                }
        }
        ERR_clear_error();
        return reason ? reason : "no reason given";
}

void certificate_describe_name(const X509_NAME *name, char text[CERTIFICATE_NAME_MAX])
{
        BIO *out = BIO_new(BIO_s_mem());
        char *bytes = NULL;

        text[0] = '\0';
        if (out && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
                long length = BIO_get_mem_data(out, &bytes);
                size_t kept = length < CERTIFICATE_NAME_MAX ? (size_t)length : CERTIFICATE_NAME_MAX - 4;
                memcpy(text, bytes, kept);
                memcpy(text + kept, kept < (size_t)length ? "..." : "", kept < (size_t)length ? 4 : 1);
        }
        BIO_free(out);
}

static void describe_key(const X509 *x509, char text[48])
{
        EVP_PKEY *key = X509_get0_pubkey(x509);
        char group[32] = "";

        if (key && EVP_PKEY_is_a(key, "EC")) {
                (void)EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
                const char *known = strcmp(group, "prime256v1") == 0  ? "P-256"
                                    : strcmp(group, "secp384r1") == 0 ? "P-384"
                                    : strcmp(group, "secp521r1") == 0 ? "P-521"
                                                                      : group;
                (void)snprintf(text, 48, "EC %s", known);
        } else if (key) {
                const char *type = EVP_PKEY_get0_type_name(key);
                (void)snprintf(text, 48, "%s %d", type ? type : "unknown", EVP_PKEY_get_bits(key));
        } else {
                (void)snprintf(text, 48, "unreadable");
        }
}

static int read_instant(const ASN1_TIME *when, int64_t *ret_instant)
{
        struct tm tm = {0};
        if (ASN1_TIME_to_tm(when, &tm) != 1)
                return -EBADMSG;
        struct civil civil = {.year = tm.tm_year + 1900,
                .month = tm.tm_mon + 1,
                .day = tm.tm_mday,
                .hour = tm.tm_hour,
                .minute = tm.tm_min,
                .second = tm.tm_sec};
        if (!civil_is_valid(&civil))
                return -EBADMSG;
        *ret_instant = time_from_civil(&civil);
        return 0;
}

static int describe(struct certificate *certificate)
{
        struct certificate_words *words = &certificate->words;
        const X509 *x509 = certificate->x509;

        certificate_describe_name(X509_get_subject_name(x509), words->subject);
        certificate_describe_name(X509_get_issuer_name(x509), words->issuer);
        describe_key(x509, words->key);
        BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
        char *serial = number ? BN_bn2hex(number) : NULL;
        BN_free(number);
        if (!serial)
                return -ENOMEM;
        (void)snprintf(words->serial, sizeof words->serial, "%s", serial);
        OPENSSL_free(serial);
        words->authority = X509_check_ca(certificate->x509) == 1;
        if (read_instant(X509_get0_notBefore(x509), &words->from_ms) < 0 ||
                read_instant(X509_get0_notAfter(x509), &words->until_ms) < 0)
                return -EBADMSG;
        return digest_of(certificate->der, certificate->der_length, words->fingerprint);
}

int certificate_adopt(X509 *x509, struct certificate **ret_certificate)
{
        struct certificate *certificate = calloc(1, sizeof *certificate);
        if (!certificate)
                return -ENOMEM;
        (void)X509_up_ref(x509);
        certificate->x509 = x509;
        int length = i2d_X509(x509, &certificate->der);
        certificate->der_length = length > 0 ? (size_t)length : 0;
        int r = length <= 0 ? -ENOMEM : length > CERTIFICATE_BYTES_MAX ? -EBADMSG : describe(certificate);
        if (r < 0) {
                certificate_free(certificate);
                return r;
        }
        *ret_certificate = certificate;
        return 0;
}

struct certificate *certificate_share(const struct certificate *certificate)
{
        struct certificate *another = NULL;
        return certificate_adopt(certificate->x509, &another) == 0 ? another : NULL;
}

void certificate_free(struct certificate *certificate)
{
        if (!certificate)
                return;
        X509_free(certificate->x509);
        OPENSSL_free(certificate->der);
        free(certificate);
}

const struct certificate_words *certificate_words(const struct certificate *certificate)
{
        return &certificate->words;
}

const uint8_t *certificate_der(const struct certificate *certificate, size_t *ret_length)
{
        *ret_length = certificate->der_length;
        return certificate->der;
}

bool certificate_same(const struct certificate *a, const struct certificate *b)
{
        return a->der_length == b->der_length && memcmp(a->der, b->der, a->der_length) == 0;
}

static int parse_der(
        const void *bytes, size_t length, const char *name, struct certificate_set *set, struct error *error)
{
        const uint8_t *at = bytes;
        struct certificate *certificate = NULL;

        if (length > CERTIFICATE_BYTES_MAX)
                return error_set(error, -EBADMSG, "%s: %zu bytes are too many for a certificate (%d at most)",
                        name, length, CERTIFICATE_BYTES_MAX);
        X509 *x509 = d2i_X509(NULL, &at, (long)length);
        int r = x509 && at == (const uint8_t *)bytes + length ? certificate_adopt(x509, &certificate)
                                                              : -EBADMSG;
        X509_free(x509);
        ERR_clear_error();
        /* What is read and written again must be the same bytes, or its fingerprint would not be its own. */
        if (r == 0 && (certificate->der_length != length || memcmp(certificate->der, bytes, length) != 0))
                r = -EBADMSG;
        if (r == 0)
                r = certificate_set_add(set, certificate);
        certificate_free(certificate);
        if (r == -EBADMSG)
                return error_set(
                        error, r, "%s: no readable certificate; one in PEM or DER is expected", name);
        return r < 0 ? error_set(error, r, "%s: out of memory", name) : 0;
}

static int parse_pem(
        const void *bytes, size_t length, const char *name, struct certificate_set *set, struct error *error)
{
        BIO *in = BIO_new_mem_buf(length > 0 ? bytes : "", (int)length);
        char *kind = NULL, *header = NULL;
        unsigned char *der = NULL;
        long der_length = 0;
        int r = in ? 0 : -ENOMEM;

        while (r == 0 && PEM_read_bio(in, &kind, &header, &der, &der_length) == 1) {
                r = strcmp(kind, PEM_STRING_X509) == 0
                            ? parse_der(der, (size_t)der_length, name, set, error)
                            : error_set(error, -EBADMSG,
                                      "%s: holds a \"%s\" where only certificates may stand; remove it", name,
                                      kind);
                OPENSSL_free(kind);
                OPENSSL_free(header);
                OPENSSL_clear_free(der, (size_t)der_length);
        }
        bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        ERR_clear_error();
        BIO_free(in);
        if (r == 0 && !ended)
                r = error_set(error, -EBADMSG, "%s: a PEM block is damaged", name);
        if (r == 0 && set->count == 0)
                r = error_set(
                        error, -EBADMSG, "%s: no certificate in it; one in PEM or DER is expected", name);
        return r;
}

static int parse(
        struct certificate_set *set, const void *bytes, size_t length, const char *name, struct error *error)
{
        if (length > CERTIFICATE_TEXT_MAX)
                return error_set(
                        error, -E2BIG, "%s: more than %d bytes of certificates", name, CERTIFICATE_TEXT_MAX);
        /* DER begins with a SEQUENCE, and no PEM text with a '0'. */
        if (length > 0 && *(const uint8_t *)bytes == 0x30)
                return parse_der(bytes, length, name, set, error);
        return parse_pem(bytes, length, name, set, error);
}

int certificate_parse(const void *bytes, size_t length, const char *name,
        struct certificate **ret_certificate, struct error *error)
{
        struct certificate_set set = {0};
        int r = parse(&set, bytes, length, name, error);
        if (r == 0 && set.count != 1)
                r = error_set(
                        error, -EBADMSG, "%s: holds %zu certificates where one is expected", name, set.count);
        if (r == 0) {
                *ret_certificate = set.list[0];
                set.count = 0;
        }
        certificate_set_free(&set);
        return r;
}

int certificate_set_add(struct certificate_set *set, const struct certificate *certificate)
{
        if (set->count == CERTIFICATE_SET_MAX)
                return -E2BIG;
        struct certificate **grown = realloc(set->list, (set->count + 1) * sizeof *grown);
        if (!grown)
                return -ENOMEM;
        set->list = grown;
        grown[set->count] = certificate_share(certificate);
        if (!grown[set->count])
                return -ENOMEM;
        set->count++;
        return 0;
}

int certificate_set_parse(
        struct certificate_set *set, const void *bytes, size_t length, const char *name, struct error *error)
{
        struct certificate_set more = {0};
        size_t before = set->count;
        int r = parse(&more, bytes, length, name, error);

        for (size_t i = 0; r == 0 && i < more.count; i++) {
                r = certificate_set_add(set, more.list[i]);
                if (r < 0)
                        (void)error_set(error, r, "%s: more than %d certificates", name, CERTIFICATE_SET_MAX);
        }
        while (r < 0 && set->count > before)
                certificate_free(set->list[--set->count]);
        certificate_set_free(&more);
        return r;
}

const struct certificate *certificate_set_find(
        const struct certificate_set *set, const uint8_t fingerprint[DIGEST_BYTES])
{
        for (size_t i = 0; i < set->count; i++)
                if (memcmp(set->list[i]->words.fingerprint, fingerprint, DIGEST_BYTES) == 0)
                        return set->list[i];
        return NULL;
}

void certificate_set_free(struct certificate_set *set)
{
        for (size_t i = 0; i < set->count; i++)
                certificate_free(set->list[i]);
        free(set->list);
        *set = (struct certificate_set){0};
}

STACK_OF(X509) * certificate_set_stack(const struct certificate_set *set)
{
        STACK_OF(X509) *stack = sk_X509_new_null();
        for (size_t i = 0; stack && set && i < set->count; i++) {
                (void)X509_up_ref(set->list[i]->x509);
                if (sk_X509_push(stack, set->list[i]->x509) > 0)
                        continue;
                X509_free(set->list[i]->x509);
                sk_X509_pop_free(stack, X509_free);
                stack = NULL;
        }
        return stack;
}
