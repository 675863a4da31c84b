/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_CMS_SHAPE_H
#define ROGATORY_CRYPTO_CMS_SHAPE_H

/* The look at a CMS message (RFC 5652, RFC 5083) before OpenSSL sees it: is it DER to the last byte, has it
 * the one structure that rogatory accepts, and where do its parts stand? OpenSSL accepts much more, among it
 * signatures without signed attributes and tags cut short. Pure; borrows the bytes. */

#include "base/finding.h"
#include "crypto/der.h"

#define CMS_SIGNATURE_BYTES_MAX (256 * 1024) /* of a signature or a timestamp token */
#define CMS_CERTIFICATES_MAX 16
#define CMS_ATTRIBUTES_MAX 32
#define CMS_RECIPIENTS_MAX 32

/* Content octets of object identifiers. */
#define OBJECT_DATA "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"                          /* id-data */
#define OBJECT_SIGNED "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"                        /* id-signedData */
#define OBJECT_ENVELOPED "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"                     /* id-envelopedData */
#define OBJECT_AUTH_ENVELOPED "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"        /* RFC 5083 */
#define OBJECT_TIMESTAMP "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04"             /* id-ct-TSTInfo */
#define OBJECT_CONTENT_TYPE "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"                  /* id-contentType */
#define OBJECT_MESSAGE_DIGEST "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"                /* id-messageDigest */
#define OBJECT_SIGNING_TIME "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"                  /* id-signingTime */
#define OBJECT_SIGNING_CERTIFICATE "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c"   /* RFC 2634: SHA-1 */
#define OBJECT_SIGNING_CERTIFICATE_2 "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f" /* RFC 5035 */
#define OBJECT_SIGNATURE_TIMESTAMP "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e"   /* RFC 3161 app. A */
#define OBJECT_SHA256 "\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define OBJECT_SHA384 "\x60\x86\x48\x01\x65\x03\x04\x02\x02"
#define OBJECT_SHA512 "\x60\x86\x48\x01\x65\x03\x04\x02\x03"
#define OBJECT_AES_256_GCM "\x60\x86\x48\x01\x65\x03\x04\x01\x2e"
#define OBJECT_RSA_OAEP "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07"
#define DER_IS(element, object) der_is(element, object, sizeof(object) - 1)

/* A SignedData with exactly one signer. */
struct cms_signed {
        struct der content_type;
        struct der content;             /* the OCTET STRING; length 0 and content NULL where it is detached */
        struct der certificates;        /* [0], content NULL where there are none */
        bool revocations;               /* brings lists of revoked certificates, which nobody reads here */
        size_t digests;                 /* algorithms named in front */
        struct der digest;              /* object identifier of the signer's digest */
        struct der signature_algorithm; /* the whole AlgorithmIdentifier */
        struct der signature_object;    /* its object identifier */
        struct der signed_attributes;   /* [0], content NULL where there are none */
        struct der signature;           /* the OCTET STRING */
        struct der unsigned_attributes; /* [1], content NULL where there are none */
};

/* place: for the findings. 0 or -EBADMSG with a fatal finding. */
int cms_shape_signed(const void *bytes, size_t length, const char *place, struct findings *findings,
        struct cms_signed *ret_shape);

/* How many attributes of this kind; ret_value: the first one's only value (content NULL where it has none
 * or several). */
size_t cms_shape_attribute(
        const struct der *attributes, const void *object, size_t length, struct der *ret_value);

/* What a signature is made by; names are static. */
struct cms_algorithms {
        const char *signature;    /* "ECDSA", "RSASSA-PSS", "RSA PKCS#1 v1.5" */
        const char *digest;       /* "SHA-256" */
        const char *digest_short; /* "SHA256", as OpenSSL names it */
};

/* Are they accepted, and do they fit each other? OpenSSL takes the signer's digest and does not see that the
 * signature's algorithm names another. 0 or -EBADMSG with a fatal finding. */
int cms_shape_algorithms(const struct cms_signed *shape, const char *place, struct findings *findings,
        struct cms_algorithms *ret_algorithms);

/* An AuthEnvelopedData. */
struct cms_sealed {
        size_t recipients;
        size_t length; /* of the encrypted content */
};

/* 0, -EBADMSG. */
int cms_shape_sealed(const void *bytes, size_t length, const char *place, struct findings *findings,
        struct cms_sealed *ret_shape);

#endif
