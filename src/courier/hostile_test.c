/* SPDX-License-Identifier: EUPL-1.2 */
/* Hostile peers, some with a good certificate: what they send costs bounded memory and time, leaves nothing
 * behind, and a good peer is served meanwhile. */
#include "courier/http_request.h"
#include "courier/peers_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define FIRST "7d9f2f0a-6c1e-4f57-9b1c-0f3f6f2d1e4a"
#define MEMORY_MOST (UINT64_C(96) << 20)
#define HOST "Host: node.example\r\n"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* The id of the number-th message of the good peer. */
static const char *id_of(unsigned number)
{
        static char id[ID_TEXT_MAX];
        snprintf(id, sizeof id, "7d9f2f0a-6c1e-4f57-9b1c-%012u", number);
        return id;
}

static unsigned served;

/* Whatever else is going on. */
static void good_peer_is_served(void)
{
        struct client *client = client_of(OTHER_COURT);
        struct client_peer peer = provider_at(node_port);
        struct client_result result;

        for (unsigned i = 0; i < 20; i++) {
                result = deliver(client, &peer, id_of(served++), "sealed", 6);
                if (result.end == CLIENT_DELIVERED)
                        break;
                served--;
        }
        if (result.end != CLIENT_DELIVERED)
                fail_msg("the good peer is not served: %s", result.reason);
        client_free(client);
}

static int dial_from(const char *source)
{
        struct sockaddr_in to = {
                .sin_family = AF_INET, .sin_port = htons(node_port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        struct sockaddr_in from = {.sin_family = AF_INET};
        struct timeval patience = {.tv_sec = 60};
        int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(stream >= 0);
        assert_int_equal(inet_pton(AF_INET, source, &from.sin_addr), 1);
        assert_int_equal(bind(stream, (struct sockaddr *)&from, sizeof from), 0);
        setsockopt(stream, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(stream, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (connect(stream, (struct sockaddr *)&to, sizeof to) < 0) {
                close(stream);
                return -1;
        }
        return stream;
}

static SSL *dial(enum party party, int version)
{
        int stream = dial_from("127.0.0.1");
        SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
        SSL *session;

        assert_true(stream >= 0);
        SSL_CTX_set_max_proto_version(tls, version);
        SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
        if (party < PARTIES) {
                assert_int_equal(SSL_CTX_use_certificate(tls, parties[party].certificate), 1);
                assert_int_equal(SSL_CTX_use_PrivateKey(tls, parties[party].key), 1);
        }
        session = SSL_new(tls);
        SSL_CTX_free(tls);
        SSL_set_fd(session, stream);
        if (SSL_connect(session) != 1) {
                SSL_free(session);
                close(stream);
                ERR_clear_error();
                return NULL;
        }
        return session;
}

static void hang_up(SSL *session)
{
        if (!session)
                return;
        int stream = SSL_get_fd(session);
        SSL_free(session);
        close(stream);
        ERR_clear_error();
}

/* false where the node has hung up. */
static bool say(SSL *session, const void *bytes, size_t length)
{
        size_t done = 0;

        while (done < length) {
                size_t step = length - done < 16384 ? length - done : 16384;
                int n = SSL_write(session, (const char *)bytes + done, (int)step);
                if (n <= 0) {
                        ERR_clear_error();
                        return false;
                }
                done += (size_t)n;
        }
        return true;
}

/* All that the node says until it hangs up or an answer is whole; its status, 0 without one. */
static int hear(SSL *session)
{
        static char text[65536];
        size_t length = 0;

        for (;;) {
                int n = SSL_read(session, text + length, (int)(sizeof text - 1 - length));
                if (n <= 0)
                        break;
                length += (size_t)n;
                text[length] = '\0';
                const char *end = strstr(text, "\r\n\r\n");
                if (end && strchr(end, '}'))
                        break;
        }
        ERR_clear_error();
        if (length < 12 || memcmp(text, "HTTP/1.1 ", 9) != 0)
                return 0;
        /* Every refusal has words. */
        int status = (int)strtol(text + 9, NULL, 10);
        assert_true(status < 400 || strstr(text, "\"words\":\""));
        return status;
}

/* Head of a message with sound fields and a length that is announced. */
static size_t write_head(char *text, size_t size, const char *id, unsigned long long length, const char *body)
{
        char value[HTTP_CONTENT_DIGEST_MAX];
        uint8_t digest[DIGEST_BYTES];

        assert_int_equal(digest_of(body, strlen(body), digest), 0);
        return (size_t)snprintf(text, size,
                "POST " SERVER_MESSAGES_PATH "%s HTTP/1.1\r\n" HOST "Content-Type: " SERVER_MESSAGE_TYPE
                "\r\nContent-Digest: %s\r\nContent-Length: %llu\r\n\r\n%s",
                id, http_content_digest_write(digest, value), length, body);
}

static void assert_cheap(void)
{
        AWAIT(shared->counts.bodies_bytes == 0);
        if (!SANITIZED && shared->memory_most > MEMORY_MOST)
                fail_msg("the node took %llu bytes", (unsigned long long)shared->memory_most);
        assert_int_equal(waitpid(node, NULL, WNOHANG), 0);
}

static void no_proper_tls(void **state)
{
        static const struct {
                enum party party;
                int version;
        } cases[] = {{COURT, TLS1_2_VERSION}, {PARTIES, TLS1_3_VERSION}, {STRANGER, TLS1_3_VERSION},
                {EXPIRED, TLS1_3_VERSION}};
        static const char request[] = "GET / HTTP/1.1\r\n" HOST "\r\n";
        uint8_t garbage[4096];

        (void)state;
        start_node((struct server_options){0});
        for (unsigned i = 0; i < 200; i++) {
                int stream = dial_from("127.0.0.1");
                for (size_t j = 0; j < sizeof garbage; j++)
                        garbage[j] = (uint8_t)((i + j) * 2654435761u >> 13);
                if (i % 3 == 0)
                        memcpy(garbage, "\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03",
                                11); /* a long hello */
                if (i % 3 == 1)
                        memcpy(garbage, request, sizeof request);
                (void)send(stream, garbage, i % 7 ? sizeof garbage : 3, MSG_NOSIGNAL);
                close(stream);
        }
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                SSL *session = dial(cases[i].party, cases[i].version);
                if (!session)
                        continue;
                /* In 1.3 the client believes to be in until it listens. */
                assert_true(cases[i].version == TLS1_3_VERSION);
                say(session, request, sizeof request - 1);
                assert_int_equal(hear(session), 0);
                hang_up(session);
        }
        /* So many at once push each other out. */
        AWAIT(shared->counts.refused_tls + shared->counts.evicted == 200 + 4);
        assert_int_equal(shared->counts.requests, 0);
        assert_int_equal(shared->counts.handshakes, 0);
        good_peer_is_served();
        assert_cheap();
}

/* TLS 1.3 knows no renegotiation; what is left of it is asking for new keys again and again. */
static void renegotiation_and_new_keys(void **state)
{
        static const char request[] = "GET / HTTP/1.1\r\n" HOST "\r\n";
        unsigned updates = 0;

        (void)state;
        start_node((struct server_options){.idle_ms = 500, .head_ms = 2000});
        SSL *session = dial(COURT, TLS1_3_VERSION);
        assert_non_null(session);
        assert_int_equal(SSL_version(session), TLS1_3_VERSION);
        assert_int_equal(SSL_renegotiate(session), 0);
        ERR_clear_error();
        /* Keys without end and never a request: the time to begin one is not prolonged. */
        while (updates < 2000000 && SSL_key_update(session, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
                SSL_do_handshake(session) == 1)
                updates++;
        assert_true(updates < 2000000);
        hang_up(session);
        good_peer_is_served();
        session = dial(COURT, TLS1_3_VERSION);
        assert_int_equal(SSL_key_update(session, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_true(say(session, request, sizeof request - 1));
        assert_int_equal(hear(session), 404);
        hang_up(session);
        assert_cheap();
}

static int ask(const char *text, size_t length)
{
        SSL *session = dial(COURT, TLS1_3_VERSION);

        assert_non_null(session);
        say(session, text, length);
        int status = hear(session);
        hang_up(session);
        return status;
}

static void requests_that_are_refused(void **state)
{
        static const struct {
                const char *target, *fields;
                int status;
        } cases[] = {
                {"POST " SERVER_MESSAGES_PATH "x", "Content-Length: 1\r\n", 404},
                {"POST " SERVER_MESSAGES_PATH FIRST "/x", "Content-Length: 1\r\n", 404},
                {"POST " SERVER_MESSAGES_PATH FIRST, "Content-Length: 1\r\n", 415},
                {"POST " SERVER_MESSAGES_PATH FIRST,
                        "Content-Type: " SERVER_MESSAGE_TYPE "\r\nContent-Length: 1\r\n", 400},
                {"POST " SERVER_MESSAGES_PATH FIRST,
                        "Content-Type: " SERVER_MESSAGE_TYPE "\r\nContent-Length: 0\r\n", 400},
                {"POST " SERVER_MESSAGES_PATH FIRST,
                        "Content-Type: " SERVER_MESSAGE_TYPE "\r\nContent-Length: 26214401\r\n", 413},
                {"POST " SERVER_MESSAGES_PATH FIRST,
                        "Content-Type: " SERVER_MESSAGE_TYPE "\r\nContent-Length: 9223372036854775807\r\n",
                        413},
                {"POST " SERVER_MESSAGES_PATH FIRST, "Transfer-Encoding: chunked\r\n", 411},
                {"POST " SERVER_MESSAGES_PATH FIRST, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                        411},
                {"GET " SERVER_MESSAGES_PATH FIRST, "", 405},
                {"POST " SERVER_EVIDENCE_PATH MANIFEST "/large.p7m", "Content-Length: 1\r\n", 405},
                {"GET " SERVER_EVIDENCE_PATH MANIFEST "/large.p7m", "", 404},
                {"GET " SERVER_EVIDENCE_PATH MANIFEST, "", 404},
                {"GET " SERVER_EVIDENCE_PATH, "", 404},
                {"GET " SERVER_EVIDENCE_PATH MANIFEST "/a/b", "", 404},
                {"GET /", "", 404},
                {"GET /", "Rogatory-Time: 2026-11-20T10:00:00\r\n", 400}, /* which offset? */
                {"PUT " SERVER_MESSAGES_PATH FIRST, "", 405},
        };
        char text[1024];

        (void)state;
        start_node((struct server_options){0});
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                size_t n = (size_t)snprintf(text, sizeof text, "%s HTTP/1.1\r\n" HOST "%s\r\nX",
                        cases[i].target, cases[i].fields);
                int status = ask(text, n);
                if (status != cases[i].status)
                        fail_msg("case %zu: %d", i, status);
        }
        /* A head without end, and one that is only long. */
        static char endless[200000];
        memset(endless, 'a', sizeof endless);
        assert_int_equal(ask(endless, sizeof endless), 431);
        /* What comes is not what was announced. */
        size_t n = write_head(text, sizeof text, FIRST, 6, "sealed");
        text[n - 1] = 'x';
        assert_int_equal(ask(text, n), 400);
        /* More comes than was announced: that is no second message. */
        n = write_head(text, sizeof text, FIRST, 6, "sealed");
        memcpy(text + n, "POST smuggled\r\n\r\n", 17);
        assert_int_equal(ask(text, n + 17), 201);
        AWAIT(shared->counts.messages == 1);
        good_peer_is_served();
        assert_cheap();
}

/* Two requests at once are answered one behind the other; whoever asks without listening is not read further.
 */
static void many_requests_at_once(void **state)
{
        static const char request[] = "GET /rogatory/v1/evidence/x HTTP/1.1\r\n" HOST "\r\n";
        unsigned sent = 0;

        (void)state;
        start_node((struct server_options){.stall_ms = 1000});
        SSL *session = dial(COURT, TLS1_3_VERSION);
        struct timeval patience = {.tv_sec = 20};
        setsockopt(SSL_get_fd(session), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        while (sent < 1000000 && say(session, request, sizeof request - 1))
                sent++;
        assert_true(sent > 10 && sent < 1000000);
        hang_up(session);
        AWAIT(shared->counts.timed_out > 0 || shared->counts.open == 0);
        good_peer_is_served();
        assert_cheap();
}

static void slow_and_cut_off(void **state)
{
        char text[1024];
        SSL *slow[3];

        (void)state;
        start_node(
                (struct server_options){.handshake_ms = 500, .idle_ms = 500, .head_ms = 500, .body_ms = 500});
        /* Half of a body, and then nothing; half, and hung up. */
        size_t n = write_head(text, sizeof text, FIRST, 12, "sealed");
        assert_int_equal(ask(text, n), 408);
        SSL *session = dial(COURT, TLS1_3_VERSION);
        assert_true(say(session, text, n));
        hang_up(session);
        AWAIT(shared->counts.open == 0);
        assert_int_equal(shared->counts.bodies_bytes, 0);
        assert_int_equal(shared->counts.messages, 0);
        /* A byte now and then, in the head and in the body, and nothing at all. */
        for (unsigned i = 0; i < 3; i++)
                assert_non_null(slow[i] = dial(COURT, TLS1_3_VERSION));
        assert_true(say(slow[1], text, n));
        for (unsigned i = 0; i < 200 && shared->counts.open > 0; i++) {
                say(slow[0], text, 1);
                say(slow[1], text, 0);
                good_peer_is_served();
                usleep(20000);
        }
        AWAIT(shared->counts.open == 0);
        for (unsigned i = 0; i < 3; i++)
                hang_up(slow[i]);
        /* A handshake that is begun and left. */
        int stream = dial_from("127.0.0.1");
        assert_int_equal(send(stream, "\x16\x03\x01", 3, MSG_NOSIGNAL), 3);
        AWAIT(shared->counts.open == 1);
        AWAIT(shared->counts.open == 0);
        close(stream);
        assert_cheap();
}

/* Known peers that hold huge bodies half sent: their number, their bytes and our memory are bounded. */
static void many_huge_bodies(void **state)
{
        static char piece[MESSAGE_BYTES_MAX / 2];
        char text[1024];
        SSL *sessions[12];

        (void)state;
        start_node((struct server_options){.per_peer = 10,
                .bodies_per_peer_bytes = 8 * MESSAGE_BYTES_MAX,
                .bodies_bytes = 9 * MESSAGE_BYTES_MAX});
        size_t n = write_head(text, sizeof text, FIRST, MESSAGE_BYTES_MAX, "");
        for (unsigned i = 0; i < 8; i++) {
                assert_non_null(sessions[i] = dial(COURT, TLS1_3_VERSION));
                assert_true(say(sessions[i], text, n));
                assert_true(say(sessions[i], piece, sizeof piece));
        }
        AWAIT(shared->counts.bodies_bytes == 8 * MESSAGE_BYTES_MAX);
        /* Two more may connect and are told to wait; further ones may not. */
        for (unsigned i = 8; i < 10; i++) {
                assert_non_null(sessions[i] = dial(COURT, TLS1_3_VERSION));
                say(sessions[i], text, n);
                assert_int_equal(hear(sessions[i]), 503);
                hang_up(sessions[i]);
        }
        AWAIT(shared->counts.open == 8);
        for (unsigned i = 8; i < 10; i++)
                assert_non_null(sessions[i] = dial(COURT, TLS1_3_VERSION));
        AWAIT(shared->counts.open == 10);
        for (unsigned i = 10; i < 12; i++) {
                sessions[i] = dial(COURT, TLS1_3_VERSION);
                if (sessions[i])
                        assert_int_equal(hear(sessions[i]), 0);
        }
        AWAIT(shared->counts.refused_limit == 2);
        good_peer_is_served();
        if (!SANITIZED)
                assert_true(shared->memory_most < MEMORY_MOST);
        for (unsigned i = 0; i < 12; i++)
                hang_up(sessions[i]);
        assert_cheap();
        assert_int_equal(shared->counts.messages, 1);
}

/* Thousands of connections that say nothing, from a few addresses; they push themselves out. */
static void thousands_of_connections(void **state)
{
        static int streams[400];
        unsigned dialled = 0;

        (void)state;
        start_node((struct server_options){0});
        memset(streams, -1, sizeof streams);
        for (unsigned round = 0; round < 8; round++) {
                for (unsigned i = 0; i < 400; i++) {
                        char source[32];
                        snprintf(source, sizeof source, "127.0.0.%u", 1 + i % (1 + round));
                        if (streams[i] >= 0)
                                close(streams[i]);
                        streams[i] = dial_from(source);
                        dialled += streams[i] >= 0;
                        /* A fifth begins a handshake. */
                        if (i % 5 == 0 && streams[i] >= 0)
                                (void)send(streams[i], "\x16\x03\x01\x02\x00\x01", 6, MSG_NOSIGNAL);
                }
                good_peer_is_served();
                assert_true(shared->counts.open <= SERVER_STRANGERS_MAX + SERVER_PEERS_MAX);
        }
        assert_true(dialled > 3000);
        AWAIT(shared->counts.evicted > 1000);
        for (unsigned i = 0; i < 400; i++)
                if (streams[i] >= 0)
                        close(streams[i]);
        good_peer_is_served();
        assert_cheap();
}

/* The node has no descriptor left: it goes on when there are some again. */
static void no_descriptor_left(void **state)
{
        struct rlimit before, few;

        (void)state;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few = before;
        few.rlim_cur = 30;
        setrlimit(RLIMIT_NOFILE, &few);
        start_node((struct server_options){.per_peer = 40, .idle_ms = 3000});
        setrlimit(RLIMIT_NOFILE, &before);
        int streams[40];
        for (unsigned i = 0; i < 40; i++)
                streams[i] = dial_from("127.0.0.2");
        AWAIT(strcmp(shared->remark, "cannot-accept") == 0);
        for (unsigned i = 0; i < 40; i++)
                if (streams[i] >= 0)
                        close(streams[i]);
        good_peer_is_served();
        assert_cheap();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_setup, peers_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(no_proper_tls),
                TEST(renegotiation_and_new_keys),
                TEST(requests_that_are_refused),
                TEST(many_requests_at_once),
                TEST(slow_and_cut_off),
                TEST(many_huge_bodies),
                TEST(thousands_of_connections),
                TEST(no_descriptor_left),
        };
        return cmocka_run_group_tests(tests, make_parties, free_parties);
}
