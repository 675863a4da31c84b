/* SPDX-License-Identifier: EUPL-1.2 */
/* The algorithms that signatures may be made by: ECDSA (RFC 5758), RSA (RFC 8017, RFC 4056), SHA-2. */
#include "crypto/cms_shape.h"

#include <string.h>

#define OBJECT_ECDSA_SHA256 "\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define OBJECT_ECDSA_SHA384 "\x2a\x86\x48\xce\x3d\x04\x03\x03"
#define OBJECT_ECDSA_SHA512 "\x2a\x86\x48\xce\x3d\x04\x03\x04"
#define OBJECT_RSA "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define OBJECT_RSA_PSS "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
#define OBJECT_RSA_SHA256 "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
#define OBJECT_RSA_SHA384 "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"
#define OBJECT_RSA_SHA512 "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"

#define OBJECT_MGF1 "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"

static const struct {
        const char *object, *name, *short_name;
        size_t bytes;
} digests[] = {
        {OBJECT_SHA256, "SHA-256", "SHA256", 32},
        {OBJECT_SHA384, "SHA-384", "SHA384", 48},
        {OBJECT_SHA512, "SHA-512", "SHA512", 64},
};

static const struct {
        const char *object, *name, *digest; /* digest NULL: the signer's, or in the parameters */
} signatures[] = {
        {OBJECT_ECDSA_SHA256, "ECDSA", "SHA-256"},
        {OBJECT_ECDSA_SHA384, "ECDSA", "SHA-384"},
        {OBJECT_ECDSA_SHA512, "ECDSA", "SHA-512"},
        {OBJECT_RSA_PSS, "RSASSA-PSS", NULL},
        {OBJECT_RSA, "RSA PKCS#1 v1.5", NULL},
        {OBJECT_RSA_SHA256, "RSA PKCS#1 v1.5", "SHA-256"},
        {OBJECT_RSA_SHA384, "RSA PKCS#1 v1.5", "SHA-384"},
        {OBJECT_RSA_SHA512, "RSA PKCS#1 v1.5", "SHA-512"},
};

/* A digest: this object, and NULL or nothing behind it (RFC 5754 section 2). */
static bool names_digest(struct cursor *cursor, const struct der *digest)
{
        struct der whole, object, nothing;

        if (!der_expect(cursor, DER_SEQUENCE, &whole))
                return false;
        struct cursor within = der_within(&whole);
        return der_expect(&within, DER_OBJECT, &object) && object.length == digest->length &&
               memcmp(object.content, digest->content, object.length) == 0 &&
               (cursor_left(&within) == 0 ||
                       (der_expect(&within, DER_NULL, &nothing) && cursor_left(&within) == 0));
}

/* RSASSA-PSS-params (RFC 4055 section 3.1) as RFC 8933 and ETSI TS 119 312 ask: the signer's digest in both
 * places, a salt as long as the digest. */
static bool pss_is_sound(struct cursor *parameters, const struct der *digest, size_t digest_bytes)
{
        struct der sequence, part, inner, object, salt;

        if (!der_expect(parameters, DER_SEQUENCE, &sequence) || cursor_left(parameters) > 0)
                return false;
        struct cursor within = der_within(&sequence);
        if (!der_expect(&within, DER_CONTEXT_WITHIN(0), &part))
                return false;
        struct cursor hash = der_within(&part);
        if (!names_digest(&hash, digest) || cursor_left(&hash) > 0 ||
                !der_expect(&within, DER_CONTEXT_WITHIN(1), &part))
                return false;
        struct cursor mask = der_within(&part);
        if (!der_expect(&mask, DER_SEQUENCE, &inner) || cursor_left(&mask) > 0)
                return false;
        struct cursor generator = der_within(&inner);
        if (!der_expect(&generator, DER_OBJECT, &object) || !DER_IS(&object, OBJECT_MGF1) ||
                !names_digest(&generator, digest) || cursor_left(&generator) > 0 ||
                !der_expect(&within, DER_CONTEXT_WITHIN(2), &part) || cursor_left(&within) > 0)
                return false;
        struct cursor length = der_within(&part);
        return der_expect(&length, DER_INTEGER, &salt) && cursor_left(&length) == 0 &&
               der_small(&salt) == (int)digest_bytes;
}

/* Behind ECDSA stands nothing (RFC 5758 section 3.2), behind RSA NULL (RFC 3370 section 3.2), or nothing. */
static bool parameters_are_sound(const struct cms_signed *shape, const char *name, size_t digest_bytes)
{
        struct cursor within = der_within(&shape->signature_algorithm);
        struct der object, nothing;

        if (!der_expect(&within, DER_OBJECT, &object))
                return false;
        if (strcmp(name, "RSASSA-PSS") == 0)
                return pss_is_sound(&within, &shape->digest, digest_bytes);
        if (cursor_left(&within) == 0)
                return true;
        return strcmp(name, "ECDSA") != 0 && der_expect(&within, DER_NULL, &nothing) &&
               cursor_left(&within) == 0;
}

int cms_shape_algorithms(const struct cms_signed *shape, const char *place, struct findings *findings,
        struct cms_algorithms *ret_algorithms)
{
        struct cms_algorithms found = {0};
        size_t bytes = 0;

        for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
                if (!der_is(&shape->digest, digests[i].object, strlen(digests[i].object)))
                        continue;
                found.digest = digests[i].name;
                found.digest_short = digests[i].short_name;
                bytes = digests[i].bytes;
        }
        if (!found.digest)
                return findings_refuse(findings, "signature-digest", place,
                        "The signature's digest is none of SHA-256, SHA-384, SHA-512");
        for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
                if (!der_is(&shape->signature_object, signatures[i].object, strlen(signatures[i].object)))
                        continue;
                if (signatures[i].digest && strcmp(signatures[i].digest, found.digest) != 0)
                        return findings_refuse(findings, "signature-algorithm", place,
                                "The signature's algorithm names another digest than its signer");
                found.signature = signatures[i].name;
        }
        if (!found.signature)
                return findings_refuse(findings, "signature-algorithm", place,
                        "The signature is neither ECDSA nor RSA with a digest that is accepted");
        if (!parameters_are_sound(shape, found.signature, bytes))
                return findings_refuse(findings, "signature-algorithm", place,
                        "The parameters of the signature's algorithm are not the ones that belong to it");
        if (strcmp(found.signature, "RSA PKCS#1 v1.5") == 0)
                findings_add(findings, FINDING_REMARK, "signature-pkcs1", place,
                        "Signed by RSA with the padding of PKCS#1 v1.5; RSASSA-PSS is what should be used");
        *ret_algorithms = found;
        return 0;
}
