/* SPDX-License-Identifier: EUPL-1.2 */
/* A collector that was confined to its role takes datagrams, streams, TLS and RADIUS as before: all that it
 * needs is among what it kept. It runs in a process of its own and tells by a pipe what it delivered. */
#include "collect/listening_test.h"
#include "os/confine.h"
#include "os/scratch_test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#define LISTENERS 4
#define SECRET "secret"

static int report;

static int report_message(void *context, const struct collect_message *message)
{
        char line[64];

        (void)context;
        int length = snprintf(line, sizeof line, "%u:%zu ", message->listener, message->length);
        return write(report, line, (size_t)length) == length ? 0 : -EIO;
}

static void make_certificate(void)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *made = X509_new();

        X509_gmtime_adj(X509_getm_notBefore(made), -60);
        X509_gmtime_adj(X509_getm_notAfter(made), 3600);
        X509_set_pubkey(made, key);
        assert_true(X509_sign(made, key, EVP_sha256()) > 0);
        FILE *file = fopen(scratch_path("node.pem"), "w");
        assert_true(file && PEM_write_X509(file, made) == 1 && fclose(file) == 0);
        file = fopen(scratch_path("node.key"), "w");
        assert_true(file && fchmod(fileno(file), 0600) == 0 &&
                    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0);
        EVP_PKEY_free(key);
        X509_free(made);
}

/* The child: listens, gives up all else, and runs until its parent ends it. */
static void collect_confined(uint16_t ports[LISTENERS], int ready)
{
        struct exporter_setting setting = exporter_at("127.0.0.1", 1);
        const struct collect_sink sink = {.message = report_message};
        const struct collect_tls tls = {
                .certificate = scratch_path("node.pem"), .key = scratch_path("node.key")};
        static const enum collect_transport transports[LISTENERS] = {
                COLLECT_UDP, COLLECT_TCP, COLLECT_TLS, COLLECT_RADIUS};
        const struct confine_plan plan = {.role = CONFINE_COLLECT,
                .user = geteuid() == 0 ? "nobody" : NULL,
                .without_landlock = confine_landlock_version() == 0};

        setting.secret = SECRET;
        start(&setting, 1, &sink);
        for (unsigned i = 0; i < LISTENERS; i++)
                ports[i] = collector_port(collector,
                        listen_with((struct collect_listener){
                                .transport = transports[i], .stream = COLLECT_SYSLOG, .tls = &tls}));
        if (confine(&plan, NULL, &error) < 0 ||
                write(ready, ports, LISTENERS * sizeof *ports) != (ssize_t)(LISTENERS * sizeof *ports))
                _exit(1);
        event_base_dispatch(base);
        _exit(2);
}

static int connected(int type, uint16_t port)
{
        struct sockaddr_in to = {
                .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        int made = socket(AF_INET, type, 0);

        assert_int_equal(connect(made, (struct sockaddr *)&to, sizeof to), 0);
        return made;
}

/* Waits for the next line of the confined process: "listener:length ". */
static void expect_report(int pipe, const char *expected)
{
        char line[64] = "";
        ssize_t got = read(pipe, line, strlen(expected));
        assert_int_equal(got, strlen(expected));
        assert_string_equal(line, expected);
}

static void send_all(const uint16_t ports[LISTENERS], int pipe)
{
        uint8_t request[20 + 6 + sizeof SECRET] = {4, 1, 0, 26, [20] = 40, 6, 0, 0, 0, 1}, digest[16],
                                        answer[64];
        SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
        SSL *session = SSL_new(tls);
        size_t length;

        int datagrams = connected(SOCK_DGRAM, ports[0]);
        assert_int_equal(send(datagrams, "abc", 3, 0), 3);
        expect_report(pipe, "0:3 ");
        int stream = connected(SOCK_STREAM, ports[1]);
        assert_int_equal(send(stream, "<13>a\n", 6, 0), 6);
        expect_report(pipe, "1:5 ");
        int secure = connected(SOCK_STREAM, ports[2]);
        assert_int_equal(SSL_set_fd(session, secure), 1);
        assert_int_equal(SSL_connect(session), 1);
        assert_int_equal(SSL_write(session, "<13>ab\n", 7), 7);
        expect_report(pipe, "2:6 ");
        memcpy(request + 26, SECRET, sizeof SECRET - 1);
        assert_int_equal(
                EVP_Q_digest(NULL, "MD5", NULL, request, 26 + sizeof SECRET - 1, digest, &length), 1);
        memcpy(request + 4, digest, 16);
        int radius = connected(SOCK_DGRAM, ports[3]);
        assert_int_equal(send(radius, request, 26, 0), 26);
        expect_report(pipe, "3:26 ");
        assert_int_equal(recv(radius, answer, sizeof answer, 0), 20);
        SSL_free(session);
        SSL_CTX_free(tls);
        close(datagrams);
        close(stream);
        close(secure);
        close(radius);
}

static void test_a_confined_collector_collects(void **state)
{
        uint16_t ports[LISTENERS];
        int pipes[2], status;

        (void)state;
        make_certificate();
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) {
                close(pipes[0]);
                report = pipes[1];
                collect_confined(ports, pipes[1]);
        }
        close(pipes[1]);
        assert_int_equal(read(pipes[0], ports, sizeof ports), sizeof ports);
        send_all(ports, pipes[0]);
        /* It is still there, and was not ended by a call that it may not make. */
        struct timespec wait = {.tv_sec = 1, .tv_nsec = 300000000};
        nanosleep(&wait, NULL); /* both of its timers have run */
        assert_int_equal(waitpid(child, &status, WNOHANG), 0);
        kill(child, SIGTERM);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
        close(pipes[0]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_confined_collector_collects),
        };
        return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
