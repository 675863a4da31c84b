/* SPDX-License-Identifier: EUPL-1.2 */
/* A service manager is played by a socket of this test. */
#include "os/notify.h"

#include "os/scratch_test.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <cmocka.h>

static struct error error;

static int manager_at(const char *where)
{
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        int manager = socket(AF_UNIX, SOCK_DGRAM, 0);

        memcpy(at.sun_path, where, strlen(where));
        if (where[0] == '@')
                at.sun_path[0] = '\0';
        assert_int_equal(bind(manager, (struct sockaddr *)&at,
                                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(where))),
                0);
        setenv("NOTIFY_SOCKET", where, 1);
        return manager;
}

static void expect(int manager, const char *expected)
{
        char text[2000];
        ssize_t length = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);

        assert_true(length >= 0);
        text[length] = '\0';
        assert_string_equal(text, expected);
}

static void test_what_is_told(void **state)
{
        char abstract[64];

        (void)state;
        snprintf(abstract, sizeof abstract, "@rogatory-test-%ld", (long)getpid());
        for (unsigned i = 0; i < 2; i++) {
                struct notify notify;
                int manager = manager_at(i ? abstract : scratch_path("manager"));
                assert_int_equal(notify_open(&notify, &error), 0);
                assert_null(getenv("NOTIFY_SOCKET"));
                assert_int_equal(notify_ready(&notify, "listening", &error), 0);
                expect(manager, "READY=1\nSTATUS=listening");
                assert_int_equal(notify_ready(&notify, NULL, &error), 0);
                expect(manager, "READY=1\n");
                assert_int_equal(notify_status(&notify, "full\nWATCHDOG=1", &error), 0);
                expect(manager, "STATUS=full WATCHDOG=1");
                assert_int_equal(notify_alive(&notify, &error), 0);
                expect(manager, "WATCHDOG=1\n");
                assert_int_equal(notify_stopping(&notify, "bye", &error), 0);
                expect(manager, "STOPPING=1\nSTATUS=bye");
                assert_int_equal(notify_reloading(&notify, &error), 0);
                char text[100] = "";
                assert_true(recv(manager, text, sizeof text - 1, 0) > 0);
                assert_memory_equal(text, "RELOADING=1\nMONOTONIC_USEC=", 27);
                close(manager);
                assert_true(notify_alive(&notify, &error) < 0);
                notify_close(&notify);
        }
}

static void test_nobody_to_tell(void **state)
{
        struct notify notify;

        (void)state;
        unsetenv("NOTIFY_SOCKET");
        setenv("WATCHDOG_USEC", "1000000", 1);
        assert_int_equal(notify_open(&notify, &error), 0);
        assert_int_equal(notify.socket, -1);
        assert_int_equal(notify_ready(&notify, "ready", &error), 0);
        assert_true(notify_next_ms(&notify, 5) == INT64_MAX);
        notify_close(&notify);
        setenv("NOTIFY_SOCKET", "relative", 1);
        assert_int_equal(notify_open(&notify, &error), -EINVAL);
        setenv("NOTIFY_SOCKET", scratch_path("missing"), 1);
        assert_int_equal(notify_open(&notify, &error), -ENOENT);
        unsetenv("NOTIFY_SOCKET");
}

static void test_watchdog(void **state)
{
        static const struct {
                const char *usec, *pid;
                int64_t expected;
        } cases[] = {{"30000000", NULL, 30000}, {"30000000", "self", 30000}, {"30000000", "1", 0},
                {"0", NULL, 0}, {"soon", NULL, 0}, {"1", NULL, 1}};
        int manager = manager_at(scratch_path("watchdog"));
        char self[20];

        (void)state;
        snprintf(self, sizeof self, "%ld", (long)getpid());
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct notify notify;
                setenv("NOTIFY_SOCKET", scratch_path("watchdog"), 1);
                setenv("WATCHDOG_USEC", cases[i].usec, 1);
                if (cases[i].pid)
                        setenv("WATCHDOG_PID", strcmp(cases[i].pid, "self") == 0 ? self : cases[i].pid, 1);
                assert_int_equal(notify_open(&notify, &error), 0);
                assert_int_equal(notify.watchdog_ms, cases[i].expected);
                if (cases[i].expected == 30000)
                        assert_int_equal(notify_next_ms(&notify, 1000), 16000);
                notify_close(&notify);
        }
        close(manager);
}

/* In a process of its own, whose descriptors are arranged as a service manager does it. 0 where it is right.
 */
static int take_sockets(const char *count, const char *pid, const char *names, unsigned open_ones)
{
        struct notify_socket sockets[NOTIFY_SOCKETS_MAX];
        char self[20];
        size_t found;
        int status;

        pid_t child = fork();
        if (child == 0) {
                int one = socket(AF_INET, SOCK_DGRAM, 0);
                for (int i = 3; i < 3 + (int)open_ones; i++)
                        dup2(one, i);
                for (int i = 3 + (int)open_ones; i < 80; i++)
                        close(i);
                snprintf(self, sizeof self, "%ld", (long)getpid());
                setenv("LISTEN_FDS", count, 1);
                setenv("LISTEN_PID", pid ? pid : self, 1);
                if (names)
                        setenv("LISTEN_FDNAMES", names, 1);
                int r = notify_sockets(sockets, &found, &error);
                if (r < 0)
                        _exit(-r);
                if (found == 0)
                        _exit(200);
                bool is_right = found == open_ones && !getenv("LISTEN_FDS") && !getenv("LISTEN_FDNAMES") &&
                                sockets[1].socket == 4 && (fcntl(4, F_GETFD) & FD_CLOEXEC) &&
                                strcmp(sockets[0].name, names ? "ipfix" : "unknown") == 0 &&
                                strcmp(sockets[2].name, "unknown") == 0;
                _exit(is_right ? 0 : 201);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void test_sockets(void **state)
{
        (void)state;
        assert_int_equal(take_sockets("3", NULL, "ipfix:syslog", 3), 0);
        assert_int_equal(take_sockets("3", NULL, "ipfix::", 3), 0);
        assert_int_equal(take_sockets("3", NULL, NULL, 3), 0);
        assert_int_equal(take_sockets("3", "1", NULL, 3), 200);
        assert_int_equal(take_sockets("0", NULL, NULL, 0), 200);
        assert_int_equal(take_sockets("3", NULL, NULL, 2), EINVAL);
        assert_int_equal(take_sockets("-1", NULL, NULL, 0), EINVAL);
        assert_int_equal(take_sockets("65", NULL, NULL, 65), E2BIG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_told),
                cmocka_unit_test(test_nobody_to_tell),
                cmocka_unit_test(test_watchdog),
                cmocka_unit_test(test_sockets),
        };
        return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
