/* SPDX-License-Identifier: EUPL-1.2 */
/* TLS of streams, by OpenSSL under libevent's streams. The files are read here and never again. */
#include "collect/collector_state.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>

static int refused(const char *file, const char *what, struct error *error)
{
        unsigned long code = ERR_peek_last_error();
        const char *reason = code ? ERR_reason_error_string(code) : NULL;

        ERR_clear_error();
        return error_set(
                error, -EINVAL, "%s: %s: %s", file, what, reason ? reason : "the library does not say why");
}

/* Whoever can read the key can pose as this node. */
static int check_key(const char *path, struct error *error)
{
        struct stat status;

        if (stat(path, &status) < 0)
                return error_set(error, -errno, "%s: the key for TLS cannot be reached: %s", path,
                        strerrordesc_np(errno));
        if (status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP))
                return error_set(error, -EACCES,
                        "%s: others may read or change this key; take that right away (chmod o= and g-w)",
                        path);
        return 0;
}

static int load(SSL_CTX *tls, const struct collect_tls *files, struct error *error)
{
        int r = check_key(files->key, error);
        if (r < 0)
                return r;
        if (SSL_CTX_use_certificate_chain_file(tls, files->certificate) != 1)
                return refused(files->certificate, "is no certificate that can be used", error);
        if (SSL_CTX_use_PrivateKey_file(tls, files->key, SSL_FILETYPE_PEM) != 1 ||
                SSL_CTX_check_private_key(tls) != 1)
                return refused(files->key, "is not the key of the certificate", error);
        if (!files->authorities)
                return 0;
        if (SSL_CTX_load_verify_locations(tls, files->authorities, NULL) != 1)
                return refused(files->authorities, "holds no authorities that can be used", error);
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        return 0;
}

int tls_open(const struct collect_tls *files, struct ssl_ctx_st **ret_tls, struct error *error)
{
        if (!files || !files->certificate || !files->key)
                return error_set(error, -EINVAL, "A listener with TLS needs a certificate and its key");
        SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
        if (!tls)
                return error_set(error, -ENOMEM, "Not enough memory for TLS");
        /* Senders stay connected for long: resumption would only be more to attack. */
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_num_tickets(tls, 0);
        SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
        int version = files->allow_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
        int r = SSL_CTX_set_min_proto_version(tls, version) == 1 ? load(tls, files, error) : -EINVAL;
        if (r < 0) {
                SSL_CTX_free(tls);
                return r;
        }
        *ret_tls = tls;
        return 0;
}

void tls_close(struct ssl_ctx_st *tls)
{
        SSL_CTX_free(tls);
}

struct bufferevent *tls_accept(struct listening *listening, int socket)
{
        SSL *session = SSL_new(listening->tls);
        if (!session)
                return NULL;
        struct bufferevent *stream = bufferevent_openssl_socket_new(listening->collector->base, socket,
                session, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
        if (!stream)
                SSL_free(session);
        return stream;
}

bool tls_is_from(struct bufferevent *stream, const struct exporter *exporter)
{
        if (!exporter->certificate_name)
                return true;
        X509 *certificate = SSL_get1_peer_certificate(bufferevent_openssl_get_ssl(stream));
        bool is_from = certificate &&
                       X509_check_host(certificate, exporter->certificate_name,
                               strlen(exporter->certificate_name), X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1;
        X509_free(certificate);
        return is_from;
}
