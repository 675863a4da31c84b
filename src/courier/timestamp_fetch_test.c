/* SPDX-License-Identifier: EUPL-1.2 */
/* Against a service that a child plays: what it answers, byte by byte, is written here. */
#include "courier/timestamp_fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define MOST 4096
#define FINE "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\n"

static struct error error;

/* What is sent, then what else is done. */
enum manner { ENDS, STAYS_SILENT, SENDS_FOR_EVER, DRIPS };

static void play(int listening, const char *answer, enum manner manner)
{
        char asked[2048], more[1024];
        int peer = accept(listening, NULL, NULL);
        ssize_t length = 0;

        memset(more, 'x', sizeof more);
        while (length < (ssize_t)sizeof asked - 1 && !memmem(asked, (size_t)length, "\r\n\r\nrequest", 11)) {
                ssize_t n = read(peer, asked + length, sizeof asked - 1 - (size_t)length);
                if (n <= 0)
                        _exit(1);
                length += n;
        }
        asked[length] = '\0';
        if (strncmp(asked, "POST /stamp?a=b HTTP/1.1\r\n", 26) != 0 ||
                !strstr(asked, "\r\nContent-Type: application/timestamp-query\r\n") ||
                !strstr(asked, "\r\nContent-Length: 7\r\n") || strstr(asked, "Expect:"))
                answer = "HTTP/1.1 400 Wrong\r\nContent-Length: 0\r\n\r\n";
        bool sent = write(peer, answer, strlen(answer)) >= 0;
        while (sent && manner != ENDS) {
                if (manner == STAYS_SILENT)
                        usleep(100000);
                else if (manner == DRIPS && usleep(50000) == 0)
                        sent = write(peer, "x", 1) == 1;
                else if (manner == SENDS_FOR_EVER)
                        sent = write(peer, more, sizeof more) > 0;
        }
        close(peer);
        _exit(0);
}

static int ask(const char *answer, enum manner manner, struct buffer *response)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof at;
        int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char url[100];

        assert_true(bind(listening, (struct sockaddr *)&at, sizeof at) == 0 && listen(listening, 1) == 0 &&
                    getsockname(listening, (struct sockaddr *)&at, &length) == 0);
        pid_t child = fork();
        if (child == 0) {
                signal(SIGPIPE, SIG_IGN);
                play(listening, answer, manner);
        }
        snprintf(url, sizeof url, "http://127.0.0.1:%u/stamp?a=b", ntohs(at.sin_port));
        const struct timestamp_service service = {.url = url, .whole_ms = manner == ENDS ? 20000 : 700};
        close(listening);
        *response = buffer_make(MOST);
        int r = timestamp_fetch(&service, slice_of("request"), response, &error);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        return r;
}

static void an_answer_is_taken_as_it_is(void **state)
{
        struct buffer response;

        (void)state;
        assert_int_equal(ask(FINE "Content-Length: 6\r\n\r\nanswer", ENDS, &response), 0);
        assert_int_equal(response.length, 6);
        assert_memory_equal(response.bytes, "answer", 6);
        buffer_free(&response);
        assert_int_equal(
                ask(FINE "Transfer-Encoding: chunked\r\n\r\n3\r\nans\r\n0\r\n\r\n", ENDS, &response), 0);
        assert_int_equal(response.length, 3);
        buffer_free(&response);
}

static void refuses(const char *answer, enum manner manner, int expected, const char *words)
{
        struct buffer response;

        int r = ask(answer, manner, &response);
        if (r != expected || !strstr(error.text, words) ||
                !strstr(error.text, "the timestamp service http://"))
                fail_msg("%.60s: %d: %s", answer, r, error.text);
        assert_int_equal(response.length, 0);
        buffer_free(&response);
}

static void what_is_no_answer_is_refused(void **state)
{
        (void)state;
        refuses("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", ENDS, -EPROTO, "with the status 503");
        refuses("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", ENDS,
                -EPROTO, "with the status 302");
        refuses("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\nx", ENDS, -EPROTO,
                "something else than application/timestamp-reply");
        refuses("HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-replyx\r\nContent-Length: 1\r\n\r\nx",
                ENDS, -EPROTO, "something else");
        refuses("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", ENDS, -EPROTO, "something else");
        refuses("nonsense\r\n\r\n", ENDS, -EHOSTUNREACH, "does not answer");
        refuses(FINE "Content-Length: 60\r\n\r\nx", ENDS, -EHOSTUNREACH, "does not answer");
        refuses(FINE "Content-Length: 9999999999\r\n\r\n", SENDS_FOR_EVER, -EFBIG, "more than 4096 bytes");
        refuses(FINE "\r\n", SENDS_FOR_EVER, -EFBIG, "more than 4096 bytes");
        refuses("HTTP/1.1 200 OK\r\nX: ", SENDS_FOR_EVER, -EFBIG, "a head that is too long");
        refuses(FINE "Content-Length: 4000\r\n\r\n", DRIPS, -EHOSTUNREACH, "does not answer");
        refuses("", STAYS_SILENT, -EHOSTUNREACH, "does not answer");
}

static void where_a_service_may_be(void **state)
{
        static const char *const wrong[] = {"", "tsa", "ftp://tsa.example/", "file:///etc/passwd",
                "http://user@tsa.example/", "http://user:word@tsa.example/", "http://tsa.example/#here",
                "http://", "http://tsa.example:99999/", "https://tsa example/", "http://tsa.example:0/",
                "http://tsa.example:8x/", "http://tsa.example\\@192.0.2.1/", "http://[2001:db8::1/",
                "http://[]/", "http://tsa.example:/"};
        char host[TIMESTAMP_HOST_MAX];
        struct buffer response = buffer_make(MOST);
        uint16_t port;

        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                if (timestamp_service_place(wrong[i], host, &port, &error) != -EINVAL)
                        fail_msg("%s is taken", wrong[i]);
        assert_int_equal(timestamp_service_place("http://tsa.example/a?b", host, &port, &error), 0);
        assert_string_equal(host, "tsa.example");
        assert_int_equal(port, 80);
        assert_int_equal(timestamp_service_place("https://[2001:db8::1]/", host, &port, &error), 0);
        assert_int_equal(port, 443);
        assert_int_equal(timestamp_service_place("http://192.0.2.1:318", host, &port, &error), 0);
        assert_int_equal(port, 318);
        const struct timestamp_service service = {.url = "https://192.0.2.1/"};
        assert_int_equal(timestamp_fetch(&service, slice_of("request"), &response, &error), -EINVAL);
        assert_non_null(strstr(error.text, "name the certificate"));
        buffer_free(&response);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_answer_is_taken_as_it_is),
                cmocka_unit_test(what_is_no_answer_is_refused),
                cmocka_unit_test(where_a_service_may_be),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
