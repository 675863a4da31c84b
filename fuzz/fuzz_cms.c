/* SPDX-License-Identifier: EUPL-1.2 */
/* The bytes as a signature, a timestamp, sealed evidence and a certificate. Nobody is pinned and no key is
 * known, so that nothing may verify or open. */
#include "crypto/cms_shape.h"
#include "crypto/cms_verify.h"
#include "crypto/timestamp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds)
{
        if (!holds)
                abort();
}

/* What the shape says lies within the bytes. */
static void check_within(const struct der *element, const uint8_t *bytes, size_t length)
{
        if (element->content)
                check(element->whole >= bytes && element->content + element->length <= bytes + length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        static const struct certificate_set nobody;
        struct cms_trust trust = {
                .signers = &nobody, .timestamps = &nobody, .instant_ms = INT64_C(1795000000000)};
        struct findings findings = {0};
        struct cms_signature signature;
        struct cms_signed shape;
        struct cms_sealed sealed;
        struct certificate *certificate;
        struct certificate_set set = {0};
        struct error error = {0};
        int64_t instant;

        if (cms_shape_signed(bytes, length, "input", &findings, &shape) == 0) {
                check_within(&shape.signature, bytes, length);
                check_within(&shape.signed_attributes, bytes, length);
                check_within(&shape.unsigned_attributes, bytes, length);
                check_within(&shape.certificates, bytes, length);
        }
        if (cms_shape_sealed(bytes, length, "input", &findings, &sealed) == 0)
                check(sealed.length < length && sealed.recipients > 0);
        check(cms_verify(bytes, length, "content", 7, &trust, "input", &findings, &signature) < 0);
        check(timestamp_verify(bytes, length, "content", 7, &nobody, "input", &findings, &instant) < 0);
        if (certificate_parse(bytes, length, "input", &certificate, &error) == 0)
                certificate_free(certificate);
        if (certificate_set_parse(&set, bytes, length, "input", &error) < 0)
                check(set.count == 0);
        certificate_set_free(&set);
        findings_free(&findings);
        return 0;
}
