/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/http_page.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct error error;

static int body_of(const char *answer, const char *wanted)
{
        struct slice body = {0};
        int r = http_page_body(slice_of(answer), &body, &error);

        if (r == 0) {
                assert_int_equal(body.length, strlen(wanted));
                assert_memory_equal(body.text, wanted, body.length);
        }
        return r;
}

static void test_answers(void **state)
{
        (void)state;
        assert_int_equal(body_of("HTTP/1.0 200 OK\r\n\r\n", ""), 0);
        assert_int_equal(body_of("HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\n{}\n", "{}\n"), 0);
        assert_int_equal(body_of("HTTP/1.1 200 OK\r\ncontent-LENGTH: 2\r\n\r\n{}\n", "{}"), 0);
        assert_int_equal(body_of("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{}\n", ""), -EBADMSG);
        assert_int_equal(body_of("HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n{}\n", ""), -EBADMSG);
        assert_int_equal(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", ""), -EBADMSG);
        assert_int_equal(body_of("HTTP/1.1 200 OK\r\nContent-Type: x\r\n", ""), -EBADMSG);
        assert_int_equal(body_of("HTTP/1.1 503 Service Unavailable\r\n\r\nno", ""), -EBADMSG);
        assert_string_equal(error.text, "the answer is 503 Service Unavailable");
        assert_int_equal(body_of("SSH-2.0-OpenSSH\r\n", ""), -EBADMSG);
        assert_int_equal(body_of("HTTP/1.1 2x0 OK\r\n\r\n", ""), -EBADMSG);
        assert_int_equal(body_of("", ""), -EBADMSG);
}

/* A server that gives one caller this, byte for byte; its port. */
static uint16_t serve(const char *answer, pid_t *ret_pid)
{
        struct sockaddr_in near = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof near;
        int s = socket(AF_INET, SOCK_STREAM, 0);
        char request[256];

        assert_int_equal(bind(s, (struct sockaddr *)&near, sizeof near), 0);
        assert_int_equal(listen(s, 1), 0);
        assert_int_equal(getsockname(s, (struct sockaddr *)&near, &length), 0);
        *ret_pid = fork();
        if (*ret_pid == 0) {
                int c = accept(s, NULL, NULL);
                if (read(c, request, sizeof request) > 0 && answer)
                        for (const char *at = answer; *at; at++)
                                if (write(c, at, 1) != 1)
                                        break;
                if (!answer)
                        pause();
                _exit(0);
        }
        close(s);
        return ntohs(near.sin_port);
}

static void test_over_a_connection(void **state)
{
        struct address here = address_from_ipv4(INADDR_LOOPBACK);
        struct buffer body = buffer_make(100);
        pid_t pid;

        (void)state;
        uint16_t port = serve("HTTP/1.0 200 OK\r\n\r\n{\"now\":1}", &pid);
        assert_int_equal(http_page_get(&here, port, "/metrics.json", 20000, &body, &error), 0);
        assert_int_equal(body.length, 9);
        assert_memory_equal(body.bytes, "{\"now\":1}", 9);
        waitpid(pid, NULL, 0);
        /* Nobody listens there any more. */
        assert_int_equal(http_page_get(&here, port, "/metrics.json", 20000, &body, &error), -ECONNREFUSED);
        buffer_free(&body);
}

static void test_a_server_that_says_nothing(void **state)
{
        struct address here = address_from_ipv4(INADDR_LOOPBACK);
        struct buffer body = buffer_make(100);
        pid_t pid;

        (void)state;
        uint16_t port = serve(NULL, &pid);
        assert_int_equal(http_page_get(&here, port, "/metrics.json", 100, &body, &error), -ETIMEDOUT);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        buffer_free(&body);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_over_a_connection),
                cmocka_unit_test(test_a_server_that_says_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
