/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_TIMESTAMP_H
#define ROGATORY_CRYPTO_TIMESTAMP_H

/* Timestamps of RFC 3161: a pinned service signs that a digest existed at an instant. Who asks keeps the
 * request; the network in between is not this file's. Always SHA-256. Pure. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/finding.h"
#include "crypto/certificate.h"

#define TIMESTAMP_REQUEST_MAX 256
#define TIMESTAMP_RESPONSE_MAX (256 * 1024)
#define TIMESTAMP_NONCE_BYTES 8

/* Appends a request (application/timestamp-query) for the SHA-256 of bytes; the certificate is asked for.
 * 0, -ENOMEM, -EIO. */
int timestamp_request(const void *bytes, size_t length, const uint8_t nonce[TIMESTAMP_NONCE_BYTES],
        struct buffer *ret_request);

/* Takes the token out of a response (application/timestamp-reply) to this request. It is compared with the
 * request, and its signature is left to timestamp_verify. 0, -EBADMSG (also where the service declined; error
 * has its words), -ENOMEM. */
int timestamp_accept(const void *request, size_t request_length, const void *response, size_t response_length,
        struct buffer *ret_token, struct error *error);

/* Is the token genuine, of a pinned service, and of these bytes? The service's certificate must have been
 * valid when it signed. 0 or -EBADMSG, -ENOMEM, -EIO. ret_instant_ms: the instant that it proves (the bytes
 * are not younger). */
int timestamp_verify(const void *token, size_t token_length, const void *bytes, size_t length,
        const struct certificate_set *pinned, const char *place, struct findings *findings,
        int64_t *ret_instant_ms);

/* ---- in CAdES signatures (level T) ---- */

/* The bytes of a signature that its timestamp is of (ETSI EN 319 122-1 section 5.3); borrowed from der.
 * 0, -EBADMSG. */
int timestamp_signature_value(const void *der, size_t length, const uint8_t **ret_value, size_t *ret_length);

/* Appends the signature with the token as its unsigned attribute signatureTimeStampToken. 0, -EEXIST where it
 * has one already, -EBADMSG, -ENOMEM, -EIO. */
int timestamp_attach(const void *der, size_t length, const void *token, size_t token_length,
        struct buffer *ret_der, struct error *error);

#endif
