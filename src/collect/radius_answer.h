/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COLLECT_RADIUS_ANSWER_H
#define ROGATORY_COLLECT_RADIUS_ANSWER_H

/* Proof that a RADIUS Accounting-Request comes from who knows the secret, and the answer to it (RFC 2866).
 * Pure.
 *
 * The proof is MD5's and that of a shared secret: it keeps out who does not know it, on a network that is the
 * provider's own. RADIUS over other networks belongs into a tunnel. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RADIUS_ANSWER_MAX 4096u /* RFC 2865 section 3 */
#define RADIUS_AUTHENTICATOR_BYTES 16u

enum radius_finding {
        RADIUS_SOUND,
        RADIUS_MALFORMED, /* no Accounting-Request, or lengths that contradict each other */
        RADIUS_UNPROVEN   /* made with another secret, or changed on its way */
};

struct radius_request {
        size_t length; /* of the packet; what follows in the datagram is padding (RFC 2865 section 3) */
        uint8_t identifier;
        uint8_t authenticator[RADIUS_AUTHENTICATOR_BYTES];
};

/* 0 with a finding (ret_request is filled where it is RADIUS_SOUND), or -EIO where the library has no MD5
 * (FIPS mode). */
int radius_examine(const uint8_t *bytes, size_t length, const char *secret, enum radius_finding *ret_finding,
        struct radius_request *ret_request);

/* The Accounting-Response: the Proxy-State attributes of the request in their order (RFC 2865 section 5.33),
 * under a Response Authenticator, and nothing else. It has no Message-Authenticator, also where the request
 * has one: no RFC says over which authenticator it would be made in this packet, and senders that expect the
 * other way take it for a forgery (FreeRADIUS 3.2.1 refuses one over the request's authenticator). Returns
 * its length, or -EIO. */
int radius_answer(const uint8_t *bytes, const struct radius_request *request, const char *secret,
        uint8_t ret_answer[RADIUS_ANSWER_MAX]);

#endif
