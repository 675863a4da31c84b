/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_CERTIFICATE_STATE_H
#define ROGATORY_CRYPTO_CERTIFICATE_STATE_H

/* What certificates and private keys are inside; for this room, and for the ones that speak TLS with them. */

#include "crypto/certificate.h"
#include "crypto/private_key.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

struct certificate {
        X509 *x509;
        uint8_t *der;
        size_t der_length;
        struct certificate_words words;
};

struct private_key {
        EVP_PKEY *key;
        struct private_key_token token; /* where the key is in one */
        void *method;                   /* how OpenSSL asks the token; owned, NULL without */
        struct error trouble;           /* what the token said last; code 0: nothing */
};

/* Shares an X509 that somebody else read. 0, -EBADMSG, -ENOMEM. */
int certificate_adopt(X509 *x509, struct certificate **ret_certificate);

/* The certificates of a set as OpenSSL takes them; free with sk_X509_pop_free(stack, X509_free). NULL: no
 * memory. set may be NULL. */
STACK_OF(X509) * certificate_set_stack(const struct certificate_set *set);

/* A store that holds exactly the pinned ones, at an instant. NULL: no memory. */
X509_STORE *certificate_set_store(const struct certificate_set *pinned, int64_t instant_ms);

/* Frees what private_key_in_token made for a key. */
void private_key_leave_token(struct private_key *key);

/* A name for people, as in struct certificate_words. */
void certificate_describe_name(const X509_NAME *name, char text[CERTIFICATE_NAME_MAX]);

/* The first reason that the library gives for its last failure, and none is left. */
const char *certificate_library_reason(void);

#endif
