/* SPDX-License-Identifier: EUPL-1.2 */
/* The certificates that a directory pins. */
#include "directory/parse.h"

#include "base/base64.h"

#include <string.h>

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----\n"
#define PEM_END "-----END CERTIFICATE-----\n"
#define PEM_COLUMNS 64
#define PEM_MAX (CERTIFICATE_BYTES_MAX * 2)

int directory_certificate_write(const struct directory_certificate *certificate, struct buffer *ret)
{
        struct buffer base64 = buffer_make(PEM_MAX);
        size_t length;

        const uint8_t *der = certificate_der(certificate->certificate, &length);
        int r = base64_write(der, length, &base64);
        buffer_append_text(ret, PEM_BEGIN);
        for (size_t at = 0; at < base64.length; at += PEM_COLUMNS) {
                size_t left = base64.length - at;
                buffer_append(ret, base64.bytes + at, left < PEM_COLUMNS ? left : PEM_COLUMNS);
                buffer_append_u8(ret, '\n');
        }
        buffer_append_text(ret, PEM_END);
        buffer_free(&base64);
        return r < 0 ? r : ret->failed;
}

/* RFC 7468 allows many writings of one certificate; a directory has one. */
static int check_writing(
        const struct directory_certificate *certificate, const char *pem, struct error *error)
{
        struct buffer again = buffer_make(PEM_MAX);

        int r = directory_certificate_write(certificate, &again);
        if (r == 0 && (again.length != strlen(pem) || memcmp(again.bytes, pem, again.length) != 0))
                r = error_set(error, -EBADMSG,
                        "the certificate is not written as 'openssl x509' writes it: one block, lines of 64 "
                        "columns, nothing before or behind");
        buffer_free(&again);
        return r;
}

/* Is the certificate made for this at both ends of its pin? Whom a node trusts is the directory's word; that
 * it names a certificate for something it was not made for is a mistake to be told here, not at the first
 * order. */
static int check_use(
        const struct directory_certificate *certificate, enum certificate_use use, struct error *error)
{
        struct certificate_set self = {0};
        struct findings findings = {0};

        int r = certificate_set_add(&self, certificate->certificate);
        if (r == 0)
                r = certificate_check(certificate->certificate, NULL, &self, use, certificate->from_ms,
                        "certificate", &findings);
        if (r == -EBADMSG) {
                const char *sentence = "the certificate is not made for this purpose";
                for (size_t i = 0; i < findings.count; i++)
                        if (findings.list[i].weight == FINDING_FATAL)
                                sentence = findings.list[i].sentence;
                error_set(error, r, "%s", sentence);
        }
        findings_free(&findings);
        certificate_set_free(&self);
        return r;
}

static int check_purpose(
        const struct directory_certificate *certificate, enum directory_purpose purpose, struct error *error)
{
        switch (purpose) {
        case DIRECTORY_SEAL:
                return check_use(certificate, CERTIFICATE_SEALS, error);
        case DIRECTORY_TLS: {
                int r = check_use(certificate, CERTIFICATE_SERVES, error);
                return r < 0 ? r : check_use(certificate, CERTIFICATE_CALLS, error);
        }
        default:
                return check_use(certificate, CERTIFICATE_RECEIVES, error);
        }
}

int directory_certificate_read(struct directory_certificate *certificate, enum directory_purpose purpose,
        const char *pem, struct error *error)
{
        int r = certificate_parse(pem, strlen(pem), "certificate", &certificate->certificate, error);
        if (r == 0)
                r = check_writing(certificate, pem, error);
        if (r < 0)
                return r;
        const struct certificate_words *words = certificate_words(certificate->certificate);
        if (certificate->from_ms < words->from_ms || certificate->until_ms > words->until_ms) {
                char from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
                return error_set(error, -EBADMSG,
                        "the certificate is valid from %s to %s only, less than \"from\" and \"until\" say",
                        time_format_utc(words->from_ms, from), time_format_utc(words->until_ms, until));
        }
        return check_purpose(certificate, purpose, error);
}
