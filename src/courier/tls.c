/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/tls.h"

#include "crypto/certificate_state.h"
#include "crypto/digest.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct known {
        tls_known_call *call;
        void *context;
};

static int context_place = -1, session_place = -1;
static pthread_once_t places_once = PTHREAD_ONCE_INIT;

static void free_name(void *parent, void *name, CRYPTO_EX_DATA *data, int index, long number, void *pointer)
{
        (void)parent;
        (void)data;
        (void)index;
        (void)number;
        (void)pointer;
        free(name);
}

static void make_places(void)
{
        context_place = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_name);
        session_place = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_name);
}

static int refused(struct error *error, const char *where, const char *what)
{
        unsigned long code = ERR_peek_last_error();
        const char *reason = code ? ERR_reason_error_string(code) : NULL;

        ERR_clear_error();
        return error_set(
                error, -EINVAL, "%s: %s: %s", where, what, reason ? reason : "the library does not say why");
}

static int check_key_file(const char *path, FILE *file, struct error *error)
{
        struct stat status;

        if (fstat(fileno(file), &status) < 0)
                return error_set(error, -errno, "%s: the key for TLS cannot be read: %s", path,
                        strerrordesc_np(errno));
        if (status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP))
                return error_set(error, -EACCES,
                        "%s: others may read or change this key; take that right away (chmod o= and g-w)",
                        path);
        return 0;
}

static int open_file(const char *path, FILE **ret_file, struct error *error)
{
        FILE *file = fopen(path, "re");

        if (!file)
                return error_set(error, -errno, "%s: cannot be opened: %s", path, strerrordesc_np(errno));
        *ret_file = file;
        return 0;
}

int tls_identity_read(const char *certificate_path, const char *key_path, struct tls_identity *ret_identity,
        struct error *error)
{
        struct tls_identity identity = {0};
        FILE *certificate, *key;

        int r = open_file(certificate_path, &certificate, error);
        if (r < 0)
                return r;
        identity.certificate = PEM_read_X509(certificate, NULL, NULL, NULL);
        fclose(certificate);
        if (!identity.certificate)
                return refused(error, certificate_path, "is no certificate in PEM");
        r = open_file(key_path, &key, error);
        if (r == 0) {
                r = check_key_file(key_path, key, error);
                /* An empty password instead of a question on the terminal. */
                if (r == 0 && !(identity.key = PEM_read_PrivateKey(key, NULL, NULL, (void *)"")))
                        r = refused(error, key_path, "is no key in PEM without a password");
                fclose(key);
        }
        if (r == 0 && X509_check_private_key(identity.certificate, identity.key) != 1)
                r = refused(error, key_path, "is not the key of the certificate");
        if (r < 0) {
                tls_identity_free(&identity);
                return r;
        }
        *ret_identity = identity;
        return 0;
}

int tls_identity_of(const struct certificate *certificate, const struct private_key *key,
        struct tls_identity *ret_identity, struct error *error)
{
        if (!private_key_fits(key, certificate))
                return error_set(error, -EINVAL, "%s: this certificate for TLS is of another key",
                        certificate_words(certificate)->subject);
        if (X509_up_ref(certificate->x509) != 1)
                return error_set(error, -ENOMEM, "Not enough memory for TLS");
        if (EVP_PKEY_up_ref(key->key) != 1) {
                X509_free(certificate->x509);
                return error_set(error, -ENOMEM, "Not enough memory for TLS");
        }
        *ret_identity = (struct tls_identity){.certificate = certificate->x509, .key = key->key};
        return 0;
}

void tls_identity_free(struct tls_identity *identity)
{
        X509_free(identity->certificate);
        EVP_PKEY_free(identity->key);
        *identity = (struct tls_identity){0};
}

int tls_fingerprint(const struct x509_st *certificate, char ret_text[FINGERPRINT_TEXT_MAX])
{
        uint8_t hash[DIGEST_BYTES];
        unsigned int length = 0;

        if (X509_digest(certificate, EVP_sha256(), hash, &length) != 1 || length != DIGEST_BYTES)
                return -EIO;
        digest_format(hash, ret_text);
        return 0;
}

/* Why a certificate is not taken whatever it is pinned for; NULL where nothing speaks against it. */
static const char *out_of_time(const X509 *certificate)
{
        if (X509_cmp_current_time(X509_get0_notBefore(certificate)) >= 0)
                return "the certificate is not valid yet";
        if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
                return "the certificate has expired";
        return NULL;
}

/* Instead of building a chain: the certificate itself is known, or it is nobody's. */
static int verify_client(X509_STORE_CTX *verification, void *context)
{
        SSL *session = X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());
        const struct known *known = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), context_place);
        X509 *certificate = X509_STORE_CTX_get0_cert(verification);
        char fingerprint[FINGERPRINT_TEXT_MAX], organisation[ORGANISATION_TEXT_MAX] = "";

        (void)context;
        X509_STORE_CTX_set_error(verification, X509_V_ERR_CERT_UNTRUSTED);
        if (!certificate || out_of_time(certificate) || tls_fingerprint(certificate, fingerprint) < 0 ||
                !known->call(known->context, fingerprint, organisation) ||
                !organisation_is_valid(organisation))
                return 0;
        char *name = strdup(organisation);
        if (!name)
                return 0;
        free(SSL_get_ex_data(session, session_place));
        if (SSL_set_ex_data(session, session_place, name) != 1) {
                free(name);
                return 0;
        }
        X509_STORE_CTX_set_error(verification, X509_V_OK);
        return 1;
}

const char *tls_organisation(const struct ssl_st *session)
{
        const char *name = SSL_get_ex_data(session, session_place);
        return name ? name : "";
}

static bool use_identity(SSL_CTX *tls, const struct tls_identity *identity)
{
        return SSL_CTX_use_certificate(tls, identity->certificate) == 1 &&
               SSL_CTX_use_PrivateKey(tls, identity->key) == 1 && SSL_CTX_check_private_key(tls) == 1;
}

static bool restrict_to_profile(SSL_CTX *tls)
{
        /* Nothing to resume, nothing to ask for a second time; and whoever sets SSLKEYLOGFILE for the process
         * must not get the secrets of its sessions. */
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
        SSL_CTX_set_keylog_callback(tls, NULL);
        SSL_CTX_set_max_cert_list(tls, TLS_CERTIFICATES_BYTES_MAX);
        SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
        return SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) == 1 &&
               SSL_CTX_set_max_proto_version(tls, TLS1_3_VERSION) == 1;
}

int tls_server_new(const struct tls_identity *identity, tls_known_call *known, void *context,
        struct ssl_ctx_st **ret_tls, struct error *error)
{
        pthread_once(&places_once, make_places);
        SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
        struct known *kept = calloc(1, sizeof *kept);

        if (!tls || !kept || context_place < 0 || session_place < 0 ||
                SSL_CTX_set_ex_data(tls, context_place, kept) != 1) {
                free(kept);
                SSL_CTX_free(tls);
                return error_set(error, -ENOMEM, "Not enough memory for TLS");
        }
        *kept = (struct known){.call = known, .context = context};
        SSL_CTX_set_num_tickets(tls, 0);
        /* Else one reading goes on for as long as a peer sends new keys and no data, and nobody else's turn
         * comes. */
        SSL_CTX_clear_mode(tls, SSL_MODE_AUTO_RETRY);
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        SSL_CTX_set_cert_verify_callback(tls, verify_client, NULL);
        if (!restrict_to_profile(tls) || !use_identity(tls, identity)) {
                SSL_CTX_free(tls);
                return refused(error, "This node's certificate for TLS", "cannot be used");
        }
        *ret_tls = tls;
        return 0;
}

void tls_free(struct ssl_ctx_st *tls)
{
        SSL_CTX_free(tls);
}

static int verify_server(X509_STORE_CTX *verification, void *context)
{
        X509 *certificate = X509_STORE_CTX_get0_cert(verification);
        struct tls_pin *pin = context;

        X509_STORE_CTX_set_error(verification, X509_V_ERR_CERT_UNTRUSTED);
        pin->refusal = "the peer has no certificate that can be read";
        if (!certificate || tls_fingerprint(certificate, pin->seen) < 0)
                return 0;
        pin->refusal = strcmp(pin->seen, pin->fingerprint) == 0
                               ? out_of_time(certificate)
                               : "the certificate is not the one that is pinned";
        if (pin->refusal)
                return 0;
        X509_STORE_CTX_set_error(verification, X509_V_OK);
        return 1;
}

int tls_client_prepare(
        struct ssl_ctx_st *tls, const struct tls_identity *identity, struct tls_pin *pin, struct error *error)
{
        pin->seen[0] = '\0';
        pin->refusal = NULL;
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(tls, verify_server, pin);
        if (!restrict_to_profile(tls) || !use_identity(tls, identity))
                return refused(error, "This node's certificate for TLS", "cannot be used");
        return 0;
}
