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

static const struct {
        const char *object, *name, *short_name;
} digests[] = {
        {OBJECT_SHA256, "SHA-256", "SHA256"},
        {OBJECT_SHA384, "SHA-384", "SHA384"},
        {OBJECT_SHA512, "SHA-512", "SHA512"},
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

int cms_shape_algorithms(const struct cms_signed *shape, const char *place, struct findings *findings,
        struct cms_algorithms *ret_algorithms)
{
        struct cms_algorithms found = {0};

        for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
                if (!der_is(&shape->digest, digests[i].object, strlen(digests[i].object)))
                        continue;
                found.digest = digests[i].name;
                found.digest_short = digests[i].short_name;
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
        if (strcmp(found.signature, "RSA PKCS#1 v1.5") == 0)
                findings_add(findings, FINDING_REMARK, "signature-pkcs1", place,
                        "Signed by RSA with the padding of PKCS#1 v1.5; RSASSA-PSS is what should be used");
        *ret_algorithms = found;
        return 0;
}
