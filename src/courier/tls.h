/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_TLS_H
#define ROGATORY_COURIER_TLS_H

/* TLS between nodes: 1.3 only, both sides with a certificate, and each side knows the other's certificate
 * itself. No authority vouches for anybody here: a certificate counts when its SHA-256 is pinned and it is
 * within its time, and no otherwise correct one does. */

#include "base/error.h"
#include "courier/names.h"

#include <stdbool.h>
#include <stdint.h>

#define TLS_CERTIFICATES_BYTES_MAX 32768 /* of what a peer may send for its certificates */

struct certificate;
struct evp_pkey_st;
struct private_key;
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

/* Who this node is. */
struct tls_identity {
        struct x509_st *certificate;
        struct evp_pkey_st *key;
};

/* Both in PEM. -EACCES where others may read the key. */
int tls_identity_read(const char *certificate_path, const char *key_path, struct tls_identity *ret_identity,
        struct error *error);
/* Of what was read or opened elsewhere, also in a token. key must outlive the identity and all that is made
 * of it. -EINVAL where the two do not belong together. */
int tls_identity_of(const struct certificate *certificate, const struct private_key *key,
        struct tls_identity *ret_identity, struct error *error);
void tls_identity_free(struct tls_identity *identity);

/* SHA-256 of the DER; returns -EIO where the library fails. */
int tls_fingerprint(const struct x509_st *certificate, char ret_text[FINGERPRINT_TEXT_MAX]);

/* Whose certificate this is: writes the organisation's name and returns true, or false for a stranger. Called
 * in every handshake, so that a directory that changes counts at once. */
typedef bool tls_known_call(
        void *context, const char *fingerprint, char ret_organisation[ORGANISATION_TEXT_MAX]);

/* For a server. The identity may be freed after it; known and context are borrowed. */
int tls_server_new(const struct tls_identity *identity, tls_known_call *known, void *context,
        struct ssl_ctx_st **ret_tls, struct error *error);
void tls_free(struct ssl_ctx_st *tls);

/* Whose certificate was accepted in this session; "" before. */
const char *tls_organisation(const struct ssl_st *session);

/* For a client: prepares a context (of libcurl) to accept this one certificate. pin is borrowed for the life
 * of the context; what was seen is written to it in the handshake. */
struct tls_pin {
        char fingerprint[FINGERPRINT_TEXT_MAX]; /* that is expected */
        char seen[FINGERPRINT_TEXT_MAX];        /* that the peer has; empty before */
        const char *refusal;                    /* why it was refused, or NULL */
};
int tls_client_prepare(struct ssl_ctx_st *tls, const struct tls_identity *identity, struct tls_pin *pin,
        struct error *error);

#endif
