/* SPDX-License-Identifier: EUPL-1.2 */
/* Peers that answer badly, with the certificate that is pinned for them. */
#include "courier/peers_test.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define FIRST "7d9f2f0a-6c1e-4f57-9b1c-0f3f6f2d1e4a"

static pid_t bad_node;
static uint16_t bad_port;

/* Closing with something unread would take the answer away. */
static bool hear_all(SSL *session)
{
        static char request[65536];
        size_t length = 0;
        int n;

        while ((n = SSL_read(session, request + length, (int)(sizeof request - length))) > 0) {
                length += (size_t)n;
                if (memmem(request, length, "GET", 3) == request || memmem(request, length, "sealed", 6))
                        return true;
        }
        return false;
}

static void answer_one(SSL_CTX *tls, int stream, const char *answer, size_t length, unsigned slow_us)
{
        SSL *session = SSL_new(tls);

        SSL_set_fd(session, stream);
        if (SSL_accept(session) == 1 && hear_all(session)) {
                size_t step = slow_us ? 1 : 16384;
                for (size_t at = 0; at < length; at += step) {
                        size_t n = length - at < step ? length - at : step;
                        if (SSL_write(session, answer + at, (int)n) <= 0)
                                break;
                        if (slow_us)
                                usleep(slow_us);
                }
                SSL_shutdown(session);
        }
        SSL_free(session);
        close(stream);
}

/* A node that says this to everybody. */
static void start_bad_node(const char *answer, size_t length, unsigned slow_us, int version)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof at;
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
        assert_int_equal(listen(listener, 8), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
        bad_port = ntohs(at.sin_port);
        fflush(NULL);
        bad_node = fork();
        if (bad_node != 0) {
                close(listener);
                return;
        }
        SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_max_proto_version(tls, version);
        SSL_CTX_use_certificate(tls, parties[PROVIDER].certificate);
        SSL_CTX_use_PrivateKey(tls, parties[PROVIDER].key);
        for (;;) {
                int stream = accept(listener, NULL, NULL);
                if (stream >= 0)
                        answer_one(tls, stream, answer, length, slow_us);
        }
}

static void stop_bad_node(void)
{
        kill(bad_node, SIGKILL);
        waitpid(bad_node, NULL, 0);
}

static struct client_result deliver_to(
        const char *answer, size_t length, unsigned slow_us, int version, int64_t message_ms)
{
        const struct client_options options = {
                .organisation = "at-court", .identity = &parties[COURT], .message_ms = message_ms};
        struct client *client;
        struct error error = {0};

        start_bad_node(answer, length, slow_us, version);
        struct client_peer peer = provider_at(bad_port);
        assert_int_equal(client_new(&options, &client, &error), 0);
        struct client_result result = deliver(client, &peer, FIRST, "sealed", 6);
        client_free(client);
        stop_bad_node();
        return result;
}

/* Head and body with the right length. */
static struct client_result deliver_to_words(const char *status, const char *body)
{
        char answer[8192];

        int n = snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status,
                strlen(body), body);
        return deliver_to(answer, (size_t)n, 0, TLS1_3_VERSION, 0);
}

#define ACKNOWLEDGEMENT(id, digest, sender, state)                                                           \
        "{\"message\":\"" id "\",\"sha256\":\"" digest "\",\"sender\":\"" sender                             \
        "\",\"recipient\":\"de-provider\",\"state\":\"" state "\"}"
/* SHA-256 of "sealed". */
#define SEALED "%s"

static char sealed[DIGEST_TEXT_MAX];

static struct client_result deliver_to_acknowledgement(const char *status, const char *format)
{
        char body[1024];
        const char *place = strstr(format, SEALED);

        assert_non_null(place);
        snprintf(body, sizeof body, "%.*s%s%s", (int)(place - format), format, sealed, place + 2);
        return deliver_to_words(status, body);
}

static void acknowledgements(void **state)
{
        uint8_t digest[DIGEST_BYTES];

        (void)state;
        assert_int_equal(digest_of("sealed", 6, digest), 0);
        digest_format(digest, sealed);
        struct client_result result = deliver_to_acknowledgement(
                "201 Created", ACKNOWLEDGEMENT(FIRST, SEALED, "at-court", "accepted"));
        assert_string_equal(result.reason, "");
        assert_int_equal(result.end, CLIENT_DELIVERED);
        assert_int_equal(result.skew.measured_ms, TIME_UNKNOWN); /* it did not say what its clock shows */
        /* About another message, content or sender, another state than the status, or no JSON. */
        static const char *const wrong[] = {
                ACKNOWLEDGEMENT("0b8f6f5e-2d3c-4a1b-8c9d-1e2f3a4b5c6d", SEALED, "at-court", "accepted"),
                ACKNOWLEDGEMENT(FIRST, "0" SEALED, "at-court", "accepted"),
                ACKNOWLEDGEMENT(FIRST, SEALED, "fr-court", "accepted"),
                ACKNOWLEDGEMENT(FIRST, SEALED, "at-court", "recognised"), "[\"" SEALED "\"]", SEALED};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                result = deliver_to_acknowledgement("201 Created", wrong[i]);
                assert_int_equal(result.end, CLIENT_NOT_NOW);
                assert_non_null(strstr(result.reason, "not about this message"));
        }
        result = deliver_to_words("204 No Content", "");
        assert_int_equal(result.end, CLIENT_NOT_NOW);
}

static void refusals(void **state)
{
        static const struct {
                const char *status;
                enum client_end end;
        } cases[] = {{"409 Conflict", CLIENT_REFUSED}, {"413 Large", CLIENT_REFUSED},
                {"400 Bad", CLIENT_REFUSED}, {"403 Forbidden", CLIENT_NOT_NOW},
                {"404 Not Found", CLIENT_NOT_NOW}, {"429 Many", CLIENT_NOT_NOW}, {"503 Busy", CLIENT_NOT_NOW},
                {"500 Broken", CLIENT_NOT_NOW}};

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                assert_int_equal(deliver_to_words(cases[i].status, "{}").end, cases[i].end);
        /* Words of a peer are shown to people: nothing that a terminal obeys. */
        struct client_result result = deliver_to_words("503 Busy", "{\"words\":\"a\\u001b[2Jb\\u00e4\"}");
        assert_non_null(strstr(result.reason, "a?[2Jb??"));
        /* Nobody is sent elsewhere. */
        static const char redirect[] = "HTTP/1.1 307 Elsewhere\r\nLocation: https://127.0.0.1:1/\r\n"
                                       "Content-Length: 0\r\n\r\n";
        result = deliver_to(redirect, sizeof redirect - 1, 0, TLS1_3_VERSION, 0);
        assert_int_equal(result.end, CLIENT_NOT_NOW);
        assert_int_equal(result.status, 307);
}

static void answers_without_end(void **state)
{
        static char text[3 << 20];
        static const char half[] = "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{";

        (void)state;
        /* A head, fields and a body that do not end. */
        memset(text, 'a', sizeof text);
        assert_int_equal(deliver_to(text, sizeof text, 0, TLS1_3_VERSION, 0).end, CLIENT_NOT_NOW);
        int n = snprintf(text, sizeof text, "HTTP/1.1 201 Created\r\n");
        for (size_t at = (size_t)n; at + 20 < sizeof text; at += 20)
                memcpy(text + at, "X-Filler: aaaaaaa.\r\n", 20);
        struct client_result result = deliver_to(text, sizeof text, 0, TLS1_3_VERSION, 0);
        assert_int_equal(result.end, CLIENT_NOT_NOW);
        assert_non_null(strstr(result.reason, "longer than an answer may be"));
        memset(text, 'a', sizeof text);
        n = snprintf(text, sizeof text, "HTTP/1.1 201 Created\r\nContent-Length: 3000000\r\n\r\n");
        text[n] = '{';
        result = deliver_to(text, sizeof text, 0, TLS1_3_VERSION, 0);
        assert_int_equal(result.end, CLIENT_NOT_NOW);
        assert_non_null(strstr(result.reason, "longer than an answer may be"));
        /* Cut off in the midst; and a byte now and then. */
        assert_int_equal(deliver_to(half, sizeof half - 1, 0, TLS1_3_VERSION, 0).end, CLIENT_NOT_NOW);
        assert_int_not_equal(
                deliver_to(text, sizeof text, 50000, TLS1_3_VERSION, 1500).end, CLIENT_DELIVERED);
        /* No answer in TLS 1.2. */
        result = deliver_to(half, sizeof half - 1, 0, TLS1_2_VERSION, 0);
        assert_int_equal(result.end, CLIENT_UNREACHABLE);
}

static enum download_end download_of(const char *answer, size_t length)
{
        struct client_file wanted = {
                .manifest = "3c1d5b7e-9f20-4d68-8a4b-5e6f70819203", .name = "a.p7m", .length = 6};
        struct download_result result;
        struct error error = {0};

        start_bad_node(answer, length, 0, TLS1_3_VERSION);
        struct client_peer peer = provider_at(bad_port);
        struct client *client = client_of(COURT);
        if (client_download(client, &peer, &wanted, scratch, &result, &error) < 0)
                fail_msg("%s", error.text);
        client_free(client);
        stop_bad_node();
        assert_int_equal(access(scratch_path("a.p7m"), F_OK), -1);
        return result.end;
}

#define DOWNLOAD(text) download_of(text, sizeof(text) - 1)

static void downloads(void **state)
{
        (void)state;
        assert_int_equal(DOWNLOAD("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"), DOWNLOAD_WRONG);
        assert_int_equal(DOWNLOAD("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nforged!"), DOWNLOAD_WRONG);
        assert_int_equal(DOWNLOAD("HTTP/1.1 200 OK\r\n\r\nfor"), DOWNLOAD_INTERRUPTED);
        /* The rest that comes is not the rest that was asked for. */
        assert_int_equal(DOWNLOAD("HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-5/6\r\nContent-Length: "
                                  "6\r\n\r\nforged"),
                DOWNLOAD_INTERRUPTED);
        assert_int_equal(
                DOWNLOAD(
                        "HTTP/1.1 206 Partial\r\nContent-Range: bytes 3-5/6\r\nContent-Length: 3\r\n\r\nged"),
                DOWNLOAD_WRONG);
        assert_int_equal(access(scratch_path(".a.p7m.part"), F_OK), -1);
        assert_int_equal(DOWNLOAD("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}"), DOWNLOAD_REFUSED);
        assert_int_equal(DOWNLOAD("HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\n{}"), DOWNLOAD_INTERRUPTED);
}

static void peers_that_cannot_be_called(void **state)
{
        static const char *const hosts[] = {"", "a b", "a/b", "a@b", "a#b", "-a", "a?b"};
        struct client *client = client_of(COURT);
        struct client_peer peer = provider_at(443);
        struct client_result result;
        struct content *content;
        struct error error = {0};

        (void)state;
        assert_int_equal(content_of(scratch, "sealed", 6, &content, &error), 0);
        for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
                peer.host = hosts[i];
                assert_int_equal(client_deliver(client, &peer, FIRST, content, &result, &error), -EINVAL);
        }
        peer = provider_at(0);
        assert_int_equal(client_deliver(client, &peer, FIRST, content, &result, &error), -EINVAL);
        peer = provider_at(443);
        peer.fingerprint = "00";
        assert_int_equal(client_deliver(client, &peer, FIRST, content, &result, &error), -EINVAL);
        peer = provider_at(443);
        assert_int_equal(client_deliver(client, &peer, "../x", content, &result, &error), -EINVAL);
        content_free(content);
        client_free(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_setup, peers_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(acknowledgements),
                TEST(refusals),
                TEST(answers_without_end),
                TEST(downloads),
                TEST(peers_that_cannot_be_called),
        };
        return cmocka_run_group_tests(tests, make_parties, free_parties);
}
