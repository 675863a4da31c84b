/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/progress.h"

#include "os/person.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void test_text(void **state)
{
        char text[120];

        (void)state;
        progress_text(text, sizeof text, "lines", 420, 1000, 1234567, 2000);
        assert_string_equal(text, " 42.0 %  1,234,567 lines  617.3 k/s  3 s left");
        progress_text(text, sizeof text, "questions", 1, 1000, 12, 20000);
        assert_string_equal(text, "  0.1 %  12 questions  1/s  5 h 33 min left");
        progress_text(text, sizeof text, "lines", 1, 10, 9000000, 20000);
        assert_string_equal(text, " 10.0 %  9,000,000 lines  450.0 k/s  3 min 0 s left");
        /* A pipe has no size: nothing is said of what remains. */
        progress_text(text, sizeof text, "lines", 420, 0, 100, 1000);
        assert_string_equal(text, "100 lines  100/s");
        progress_text(text, sizeof text, "lines", 0, 0, 0, 0);
        assert_string_equal(text, "0 lines  0/s");
        progress_text(text, 10, "lines", 420, 1000, 1234567, 2000);
        assert_int_equal(strlen(text), 9);
}

/* Standard error is a pipe here: nothing may be drawn into a file or a log. */
static void test_silent_without_a_terminal(void **state)
{
        int pipes[2], before = dup(STDERR_FILENO);
        struct progress progress;
        char got[16];

        (void)state;
        assert_int_equal(pipe(pipes), 0);
        dup2(pipes[1], STDERR_FILENO);
        close(pipes[1]);
        progress_begin(&progress, "lines");
        progress.drawn_ms -= 100000;
        progress_update(&progress, 1, 2, 3);
        progress_end(&progress);
        dup2(before, STDERR_FILENO);
        close(before);
        assert_int_equal(read(pipes[0], got, sizeof got), 0);
        close(pipes[0]);
}

static void test_person(void **state)
{
        char text[PERSON_TEXT_MAX], uid[32];

        (void)state;
        snprintf(uid, sizeof uid, "uid %lu (", (unsigned long)getuid());
        unsetenv("SUDO_UID");
        assert_ptr_equal(strstr(person_describe(text), uid), text);
        assert_null(strstr(text, "sudo"));
        setenv("SUDO_UID", "54321", 1);
        person_describe(text);
        assert_int_equal(strstr(text, "by sudo from uid 54321 (no login name)") != NULL, getuid() == 0);
        setenv("SUDO_UID", "no number", 1);
        assert_null(strstr(person_describe(text), "sudo"));
        unsetenv("SUDO_UID");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_silent_without_a_terminal),
                cmocka_unit_test(test_person),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
