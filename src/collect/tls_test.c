/* SPDX-License-Identifier: EUPL-1.2 */
/* Certificates are made here; each sender is a process of its own that speaks TLS through OpenSSL. */
#include "collect/listening_test.h"
#include "os/scratch_test.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

static struct {
        uint64_t opened, closed;
} streams;

static void see_opened(void *context, uint64_t connection, uint16_t exporter, int64_t now_ms)
{
        (void)context;
        (void)connection;
        (void)exporter;
        (void)now_ms;
        streams.opened++;
}

static void see_closed(void *context, uint64_t connection, uint16_t exporter, enum collect_end end,
        size_t part, int64_t now_ms)
{
        (void)context;
        (void)connection;
        (void)exporter;
        (void)end;
        (void)part;
        (void)now_ms;
        streams.closed++;
}

/* A key and a certificate, as NAME.key and NAME.pem, signed by an authority or by itself. */
static void make_certificate(
        const char *name, EVP_PKEY *authority_key, X509 *authority, EVP_PKEY **ret_key, X509 **ret)
{
        static long serial = 1;
        char path[64], names[128];
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *made = X509_new();

        assert_true(key && made);
        X509_set_version(made, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
        X509_gmtime_adj(X509_getm_notBefore(made), -60);
        X509_gmtime_adj(X509_getm_notAfter(made), 3600);
        X509_set_pubkey(made, key);
        X509_NAME_add_entry_by_txt(
                X509_get_subject_name(made), "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
        X509_set_issuer_name(made, X509_get_subject_name(authority ? authority : made));
        snprintf(names, sizeof names, "DNS:%s.example", name);
        X509_EXTENSION *extension =
                X509V3_EXT_conf_nid(NULL, NULL, authority ? NID_subject_alt_name : NID_basic_constraints,
                        authority ? names : "critical,CA:TRUE");
        assert_int_equal(X509_add_ext(made, extension, -1), 1);
        X509_EXTENSION_free(extension);
        assert_true(X509_sign(made, authority ? authority_key : key, EVP_sha256()) > 0);

        snprintf(path, sizeof path, "%s.pem", name);
        FILE *file = fopen(scratch_path(path), "w");
        assert_true(file && PEM_write_X509(file, made) == 1 && fclose(file) == 0);
        snprintf(path, sizeof path, "%s.key", name);
        file = fopen(scratch_path(path), "w");
        assert_true(file && fchmod(fileno(file), 0600) == 0 &&
                    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0);
        *ret_key = key;
        *ret = made;
}

static int make_certificates(void **state)
{
        static const char *const names[] = {"authority", "node", "cgn1", "stranger"};
        EVP_PKEY *keys[4];
        X509 *certificates[4];

        if (scratch_setup(state) != 0)
                return -1;
        for (unsigned i = 0; i < 4; i++)
                make_certificate(names[i], i == 1 || i == 2 ? keys[0] : NULL,
                        i == 1 || i == 2 ? certificates[0] : NULL, &keys[i], &certificates[i]);
        for (unsigned i = 0; i < 4; i++) {
                EVP_PKEY_free(keys[i]);
                X509_free(certificates[i]);
        }
        return 0;
}

static uint16_t begin(const struct exporter_setting *setting, bool ask_for_certificates, bool allow_tls12)
{
        const struct collect_sink sink = {.message = see_message, .opened = see_opened, .closed = see_closed};
        const struct collect_tls tls = {.certificate = scratch_path("node.pem"),
                .key = scratch_path("node.key"),
                .authorities = ask_for_certificates ? scratch_path("authority.pem") : NULL,
                .allow_tls12 = allow_tls12};

        memset(&streams, 0, sizeof streams);
        start(setting, 1, &sink);
        return listen_with((struct collect_listener){
                .transport = COLLECT_TLS, .stream = COLLECT_SYSLOG, .tls = &tls, .limits = {.part_ms = 600}});
}

/* 0: handed its message over and closed. */
static int speak(uint16_t port, const char *name, int version)
{
        struct sockaddr_in to = {
                .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
        char path[64], byte;
        int stream = socket(AF_INET, SOCK_STREAM, 0);

        SSL_CTX_set_max_proto_version(tls, version);
        SSL_CTX_load_verify_locations(tls, scratch_path("authority.pem"), NULL);
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
        if (name) {
                snprintf(path, sizeof path, "%s.pem", name);
                SSL_CTX_use_certificate_file(tls, scratch_path(path), SSL_FILETYPE_PEM);
                snprintf(path, sizeof path, "%s.key", name);
                SSL_CTX_use_PrivateKey_file(tls, scratch_path(path), SSL_FILETYPE_PEM);
        }
        SSL *session = SSL_new(tls);
        SSL_set1_host(session, "node.example");
        if (connect(stream, (struct sockaddr *)&to, sizeof to) < 0 || !SSL_set_fd(session, stream) ||
                SSL_connect(session) != 1)
                return 1;
        if (SSL_write(session, "8 <13>one", 9) != 9 || SSL_write(session, "\n<13>two\n", 9) != 9)
                return 2;
        SSL_shutdown(session);
        /* In 1.3 a refused certificate shows only now. */
        int r = SSL_read(session, &byte, 1) == 0 && SSL_get_error(session, 0) == SSL_ERROR_ZERO_RETURN ? 0
                                                                                                       : 3;
        SSL_free(session);
        SSL_CTX_free(tls);
        close(stream);
        return r;
}

/* Runs a sender to its end; what it returned. */
static int sender(uint16_t listener, const char *name, int version)
{
        uint16_t port = collector_port(collector, listener);
        int status = -1;

        pid_t child = fork();
        if (child == 0) {
                signal(SIGPIPE, SIG_IGN);
                _exit(speak(port, name, version));
        }
        for (unsigned i = 0; i < 500 && waitpid(child, &status, WNOHANG) == 0; i++)
                run_for(20);
        run_for(50);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void assert_ended(uint16_t listener, enum collect_end end, uint64_t connections, uint64_t messages)
{
        struct collect_counts counts = collector_counts(collector, listener);

        assert_int_equal(counts.connections, connections);
        assert_int_equal(counts.open, 0);
        assert_int_equal(counts.ended[end], connections);
        assert_int_equal(counts.delivered, messages);
        assert_int_equal(streams.opened, streams.closed);
}

static void test_a_certificate_is_required(void **state)
{
        struct exporter_setting setting = exporter_at("127.0.0.1", 1);
        uint16_t listener = begin(&setting, true, false);

        (void)state;
        (void)sender(listener, NULL, TLS1_3_VERSION);
        (void)sender(listener, "stranger", TLS1_3_VERSION);
        assert_int_equal(sender(listener, "cgn1", TLS1_2_VERSION), 1);
        assert_ended(listener, COLLECT_END_TLS, 3, 0);
        assert_int_equal(streams.opened, 0);
        (void)sender(listener, "cgn1", TLS1_3_VERSION);
        assert_int_equal(seen.messages, 2);
        assert_string_equal(seen.texts[0], "<13>one\n");
        assert_string_equal(seen.texts[1], "<13>two");
        assert_int_equal(streams.opened, 1);
}

static void test_the_name_is_the_exporters(void **state)
{
        struct exporter_setting setting = exporter_at("127.0.0.1", 1);

        (void)state;
        setting.certificate_name = "cgn2.example";
        uint16_t listener = begin(&setting, true, false);
        (void)sender(listener, "cgn1", TLS1_3_VERSION);
        assert_ended(listener, COLLECT_END_CERTIFICATE, 1, 0);
        stop(state);
        setting.certificate_name = "cgn1.example";
        listener = begin(&setting, true, false);
        (void)sender(listener, "cgn1", TLS1_3_VERSION);
        assert_ended(listener, COLLECT_END_PEER, 1, 2);
}

static void test_older_tls_where_it_is_allowed(void **state)
{
        struct exporter_setting setting = exporter_at("127.0.0.1", 1);
        uint16_t listener = begin(&setting, false, true);

        (void)state;
        (void)sender(listener, NULL, TLS1_2_VERSION);
        (void)sender(listener, NULL, TLS1_3_VERSION);
        assert_ended(listener, COLLECT_END_PEER, 2, 4);
}

/* Something that is no TLS, and somebody who never begins. */
static void test_no_handshake(void **state)
{
        struct exporter_setting setting = exporter_at("127.0.0.1", 1);
        uint16_t listener = begin(&setting, false, false);
        struct sockaddr_in to = {.sin_family = AF_INET,
                .sin_port = htons(collector_port(collector, listener)),
                .sin_addr = {htonl(INADDR_LOOPBACK)}};
        int silent = socket(AF_INET, SOCK_STREAM, 0), plain = socket(AF_INET, SOCK_STREAM, 0);

        (void)state;
        assert_int_equal(connect(silent, (struct sockaddr *)&to, sizeof to), 0);
        assert_int_equal(connect(plain, (struct sockaddr *)&to, sizeof to), 0);
        assert_int_equal(send(plain, "<13>a\n<13>b\n", 12, 0), 12);
        for (unsigned i = 0; i < 100; i++) {
                run_for(20);
                if (collector_counts(collector, listener).ended[COLLECT_END_TLS] == 2)
                        break;
        }
        assert_ended(listener, COLLECT_END_TLS, 2, 0);
        close(silent);
        close(plain);
}

static void test_files_that_cannot_be_used(void **state)
{
        struct exporter_setting setting = exporter_at("127.0.0.1", 1);
        struct collect_listener listener = {.transport = COLLECT_TLS, .socket = -1};
        char certificate[256];
        struct collect_tls tls = {.certificate = certificate};
        uint16_t number;

        (void)state;
        begin(&setting, false, false);
        snprintf(certificate, sizeof certificate, "%s", scratch_path("node.pem"));
        tls.key = scratch_path("cgn1.key");
        listener.address = address_from_ipv4(INADDR_LOOPBACK);
        assert_int_equal(collector_listen(collector, &listener, &number, &error), -EINVAL);
        listener.tls = &tls;
        assert_int_equal(collector_listen(collector, &listener, &number, &error), -EINVAL);
        assert_non_null(strstr(error.text, "not the key"));
        tls.key = scratch_path("none.key");
        assert_int_equal(collector_listen(collector, &listener, &number, &error), -ENOENT);
        tls.key = scratch_path("node.key");
        assert_int_equal(chmod(tls.key, 0644), 0);
        assert_int_equal(collector_listen(collector, &listener, &number, &error), -EACCES);
        assert_int_equal(chmod(tls.key, 0640), 0);
        tls.authorities = scratch_path("node.key");
        assert_int_equal(collector_listen(collector, &listener, &number, &error), -EINVAL);
        tls.authorities = NULL;
        assert_int_equal(collector_listen(collector, &listener, &number, &error), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_a_certificate_is_required, stop),
                cmocka_unit_test_teardown(test_the_name_is_the_exporters, stop),
                cmocka_unit_test_teardown(test_older_tls_where_it_is_allowed, stop),
                cmocka_unit_test_teardown(test_no_handshake, stop),
                cmocka_unit_test_teardown(test_files_that_cannot_be_used, stop),
        };
        return cmocka_run_group_tests(tests, make_certificates, scratch_teardown);
}
