/* SPDX-License-Identifier: EUPL-1.2 */
/* RADIUS accounting against a client of this test's own, and against FreeRADIUS' radclient where that is
 * installed. */
#include "collect/listening_test.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SECRET "a secret of the lab"

static int settle_with;
static uint64_t heard; /* answers */
static uint8_t answer[4096];
static size_t answer_length;

static int settle(void *context)
{
        (void)context;
        return settle_with;
}

static uint16_t begin(void)
{
        struct exporter_setting settings[] = {
                exporter_at("127.0.0.1", 1), exporter_at("127.0.0.2", 2), exporter_at("127.0.0.3", 3)};
        const struct collect_sink sink = {.message = see_message, .settle = settle, .lost = see_loss};

        settings[0].secret = SECRET;
        settings[1].secret = "another";
        settle_with = 0;
        heard = 0;
        start(settings, 3, &sink);
        return listen_with((struct collect_listener){.transport = COLLECT_RADIUS});
}

static void md5(const void *bytes, size_t length, const char *secret, uint8_t ret[16])
{
        uint8_t all[5000];
        size_t digest;

        memcpy(all, bytes, length);
        memcpy(all + length, secret, strlen(secret));
        assert_int_equal(EVP_Q_digest(NULL, "MD5", NULL, all, length + strlen(secret), ret, &digest), 1);
}

static void hmac(const void *bytes, size_t length, const char *secret, uint8_t ret[16])
{
        unsigned digest = 16;
        assert_non_null(HMAC(EVP_md5(), secret, (int)strlen(secret), bytes, length, ret, &digest));
}

/* Start of session 7 through two proxies; signed: with a Message-Authenticator. Returns its length. */
static size_t make_request(uint8_t request[200], uint8_t identifier, bool is_signed, const char *secret)
{
        static const uint8_t attributes[] = {
                40, 6, 0, 0, 0, 1, 33, 5, 'p', 'x', '1', 44, 3, '7', 33, 4, 'p', '2'};
        size_t length = 20;

        memset(request, 0, 20);
        request[0] = 4;
        request[1] = identifier;
        memcpy(request + length, attributes, sizeof attributes);
        length += sizeof attributes;
        if (is_signed) {
                memset(request + length, 0, 18);
                request[length] = 80;
                request[length + 1] = 18;
                length += 18;
        }
        request[3] = (uint8_t)length;
        if (is_signed)
                hmac(request, length, secret, request + length - 16);
        md5(request, length, secret, request + 4);
        return length;
}

static int client_from(uint32_t source, uint16_t listener)
{
        struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(source)}};
        struct sockaddr_in to = {.sin_family = AF_INET,
                .sin_port = htons(collector_port(collector, listener)),
                .sin_addr = {htonl(INADDR_LOOPBACK)}};
        int client = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

        assert_int_equal(bind(client, (struct sockaddr *)&own, sizeof own), 0);
        assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
        return client;
}

static void ask(int client, const void *request, size_t length)
{
        assert_int_equal(send(client, request, length, 0), length);
        for (unsigned i = 0; i < 10; i++) {
                run_for(10);
                ssize_t got = recv(client, answer, sizeof answer, 0);
                if (got > 0) {
                        answer_length = (size_t)got;
                        heard++;
                        return;
                }
        }
}

static void assert_counted(uint16_t listener)
{
        struct collect_counts counts = collector_counts(collector, listener);
        uint64_t sum = counts.delivered + counts.repeated;

        for (unsigned i = 0; i < COLLECT_REFUSAL_COUNT; i++)
                sum += counts.refused[i];
        assert_int_equal(sum, counts.received);
        assert_int_equal(counts.delivered, seen.messages);
        assert_int_equal(counts.answered, heard);
}

/* The answer to make_request, checked byte by byte. */
static void assert_answer(const uint8_t *request)
{
        static const uint8_t proxies[] = {33, 5, 'p', 'x', '1', 33, 4, 'p', '2'};
        uint8_t copy[100], digest[16];

        assert_int_equal(answer_length, 20 + sizeof proxies);
        assert_int_equal(answer[0], 5);
        assert_int_equal(answer[1], request[1]);
        assert_int_equal(answer[2] << 8 | answer[3], answer_length);
        assert_memory_equal(answer + 20, proxies, sizeof proxies);
        memcpy(copy, answer, answer_length);
        memcpy(copy + 4, request + 4, 16);
        md5(copy, answer_length, SECRET, digest);
        assert_memory_equal(digest, answer + 4, 16);
}

static void test_answers_and_repeats(void **state)
{
        uint16_t listener = begin();
        int client = client_from(INADDR_LOOPBACK, listener);
        uint8_t request[200], first[100];

        (void)state;
        for (unsigned is_signed = 0; is_signed < 2; is_signed++) {
                size_t length = make_request(request, (uint8_t)(5 + is_signed), is_signed, SECRET);
                ask(client, request, length);
                assert_int_equal(heard, 1 + 3 * is_signed);
                assert_answer(request);
                assert_int_equal(seen.messages, 1 + 2 * is_signed);
                assert_int_equal(seen.last.length, length);
                assert_int_equal(seen.last.exporter, 1);
                /* Repeated, it is answered the same again, and delivered no more. */
                memcpy(first, answer, answer_length);
                ask(client, request, length);
                assert_int_equal(heard, 2 + 3 * is_signed);
                assert_memory_equal(first, answer, answer_length);
                assert_int_equal(seen.messages, 1 + 2 * is_signed);
                /* From another port it is another request. */
                int other = client_from(INADDR_LOOPBACK, listener);
                ask(other, request, length);
                assert_int_equal(seen.messages, 2 + 2 * is_signed);
                close(other);
        }
        assert_int_equal(collector_counts(collector, listener).repeated, 2);
        /* Padding behind the packet is none of it. */
        size_t length = make_request(request, 99, false, SECRET);
        ask(client, request, length + 20);
        assert_answer(request);
        assert_int_equal(seen.last.length, length);
        assert_counted(listener);
        close(client);
}

static void test_unproven_and_malformed(void **state)
{
        uint16_t listener = begin();
        int client = client_from(INADDR_LOOPBACK, listener),
            other = client_from(INADDR_LOOPBACK + 1, listener);
        int none = client_from(INADDR_LOOPBACK + 2, listener);
        uint8_t request[200];

        (void)state;
        size_t length = make_request(request, 1, true, "another");
        ask(client, request, length);
        ask(none, request, length);
        /* Every bit of it counts; the length field alone makes it malformed. */
        length = make_request(request, 2, true, SECRET);
        for (size_t i = 0; i < length; i++) {
                request[i] ^= 4;
                assert_int_equal(send(client, request, length, 0), length);
                request[i] ^= 4;
        }
        assert_int_equal(send(client, request, length - 1, 0), length - 1);
        assert_int_equal(send(client, request, 19, 0), 19);
        /* A Message-Authenticator that is wrong under an authenticator that is right. */
        request[length - 1] ^= 1;
        memset(request + 4, 0, 16);
        md5(request, length, SECRET, request + 4);
        ask(client, request, length);
        struct collect_counts counts = collector_counts(collector, listener);
        assert_int_equal(counts.received, length + 5);
        assert_int_equal(
                counts.refused[COLLECT_UNPROVEN] + counts.refused[COLLECT_MALFORMED], counts.received);
        assert_true(counts.refused[COLLECT_MALFORMED] >= 4);
        assert_int_equal(heard, 0);
        /* Each client has its own secret. */
        length = make_request(request, 3, true, "another");
        ask(other, request, length);
        assert_int_equal(heard, 1);
        assert_int_equal(seen.last.exporter, 2);
        assert_counted(listener);
        close(client);
        close(other);
        close(none);
}

/* What is not safe is not answered, and delivered again when it is repeated. */
static void test_answers_only_what_is_safe(void **state)
{
        uint16_t listener = begin();
        int client = client_from(INADDR_LOOPBACK, listener);
        uint8_t request[200];
        size_t length = make_request(request, 1, false, SECRET);

        (void)state;
        settle_with = -ENOSPC;
        ask(client, request, length);
        assert_int_equal(heard, 0);
        assert_int_equal(seen.messages, 1);
        settle_with = 0;
        seen.refuse_with = -ENOSPC;
        ask(client, request, length);
        assert_int_equal(heard, 0);
        seen.refuse_with = 0;
        ask(client, request, length);
        assert_int_equal(heard, 1);
        assert_int_equal(seen.messages, 2);
        assert_int_equal(collector_counts(collector, listener).repeated, 0);
        assert_counted(listener);
        close(client);
}

#define NO_RADCLIENT 77

/* Returns radclient's exit code. */
static int run_radclient(uint16_t listener, const char *secret, const char *attributes)
{
        char to[32];
        int pipes[2], status = -1;

        snprintf(to, sizeof to, "127.0.0.1:%u", collector_port(collector, listener));
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) {
                int nowhere = open("/dev/null", O_WRONLY);
                dup2(pipes[0], 0);
                dup2(nowhere, 1);
                dup2(nowhere, 2);
                close(pipes[1]);
                execlp("radclient", "radclient", "-r", "1", "-t", "2", to, "acct", secret, (char *)NULL);
                _exit(NO_RADCLIENT);
        }
        close(pipes[0]);
        assert_int_equal(write(pipes[1], attributes, strlen(attributes)), strlen(attributes));
        close(pipes[1]);
        for (unsigned i = 0; i < 500 && waitpid(child, &status, WNOHANG) == 0; i++)
                run_for(20);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_radclient(void **state)
{
        uint16_t listener = begin();
        const char *plain = "Acct-Status-Type = Start, Acct-Session-Id = \"7\", User-Name = \"s1\", "
                            "Framed-IP-Address = 100.64.0.9, Proxy-State = 0x0102\n";
        const char *with_signature = "Acct-Status-Type = Stop, Acct-Session-Id = \"7\", User-Name = \"s1\", "
                                     "Message-Authenticator = 0x00\n";

        (void)state;
        signal(SIGPIPE, SIG_IGN);
        int r = run_radclient(listener, SECRET, plain);
        if (r == NO_RADCLIENT) {
                print_message("SKIP: radclient (freeradius-utils) is not installed\n");
                return;
        }
        /* It checks the answer's authenticators itself. */
        assert_int_equal(r, 0);
        assert_int_equal(run_radclient(listener, SECRET, with_signature), 0);
        assert_int_equal(seen.messages, 2);
        assert_int_not_equal(run_radclient(listener, "not the secret", plain), 0);
        struct collect_counts counts = collector_counts(collector, listener);
        assert_int_equal(seen.messages, 2);
        assert_int_equal(counts.answered, 2);
        assert_true(counts.refused[COLLECT_UNPROVEN] >= 1);
        assert_int_equal(counts.refused[COLLECT_MALFORMED], 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_answers_and_repeats, stop),
                cmocka_unit_test_teardown(test_unproven_and_malformed, stop),
                cmocka_unit_test_teardown(test_answers_only_what_is_safe, stop),
                cmocka_unit_test_teardown(test_radclient, stop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
