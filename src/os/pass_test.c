/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/pass.h"

#include "os/scratch_test.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct error error;

static void test_words_and_descriptors_arrive(void **state)
{
        int pair[2], pipes[2], got[2];
        char text[64], byte;
        size_t length;

        (void)state;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_int_equal(pipe(pipes), 0);
        assert_int_equal(pass_send(pair[0], "ask", 4, pipes, 2, &error), 0);
        assert_int_equal(pass_receive(pair[1], text, sizeof text, &length, got, 2, &error), 0);
        assert_int_equal(length, 4);
        assert_string_equal(text, "ask");
        assert_int_equal(write(got[1], "x", 1), 1);
        assert_int_equal(read(pipes[0], &byte, 1), 1);
        assert_int_equal(byte, 'x');
        for (unsigned i = 0; i < 2; i++)
                close(pair[i]), close(pipes[i]), close(got[i]);
}

static int open_descriptors(void)
{
        int count = 0;

        for (int i = 0; i < 200; i++)
                count += fcntl(i, F_GETFD) >= 0;
        return count;
}

static void test_too_many_or_too_few_are_refused_and_closed(void **state)
{
        int pair[2], three[3] = {0, 1, 2}, got[4];
        char text[64];
        size_t length;

        (void)state;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        int before = open_descriptors();
        assert_int_equal(pass_send(pair[0], "a", 1, three, 3, &error), 0);
        assert_int_equal(pass_receive(pair[1], text, sizeof text, &length, got, 2, &error), -EPROTO);
        assert_int_equal(pass_send(pair[0], "a", 1, NULL, 0, &error), 0);
        assert_int_equal(pass_receive(pair[1], text, sizeof text, &length, got, 2, &error), -EPROTO);
        assert_int_equal(open_descriptors(), before);
        close(pair[0]);
        assert_int_equal(pass_receive(pair[1], text, sizeof text, &length, got, 2, &error), -ECONNRESET);
        close(pair[1]);
}

static void test_the_kernel_says_who_asks(void **state)
{
        struct pass_peer peer;
        int pair[2];

        (void)state;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_int_equal(pass_peer(pair[1], &peer, &error), 0);
        assert_int_equal(peer.uid, geteuid());
        assert_int_equal(peer.pid, getpid());
        close(pair[0]);
        close(pair[1]);
}

static void test_nobody_listens(void **state)
{
        int s;

        (void)state;
        assert_int_equal(pass_connect(scratch_path("none.socket"), &s, &error), -ENOENT);
        assert_non_null(strstr(error.text, "none.socket"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words_and_descriptors_arrive),
                cmocka_unit_test(test_too_many_or_too_few_are_refused_and_closed),
                cmocka_unit_test(test_the_kernel_says_who_asks),
                cmocka_unit_test_setup_teardown(test_nobody_listens, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
