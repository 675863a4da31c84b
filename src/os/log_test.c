/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char said[16384];

/* What a process says while its standard error is a pipe. */
static const char *listen_to(void (*speak)(void))
{
        int ends[2], kept = dup(STDERR_FILENO);

        assert_int_equal(pipe(ends), 0);
        assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
        log_begin("teller");
        speak();
        assert_true(dup2(kept, STDERR_FILENO) >= 0);
        close(kept);
        close(ends[1]);
        ssize_t length = read(ends[0], said, sizeof said - 1);
        close(ends[0]);
        said[length > 0 ? length : 0] = '\0';
        return said;
}

static void speak_plainly(void)
{
        log_event(LOG_NOTICE, "ready", NULL);
        log_event(LOG_CAUTION, "child-ended", "process=%s pid=%d", "store", 12);
}

static void test_a_line_is_an_event(void **state)
{
        (void)state;
        assert_string_equal(listen_to(speak_plainly),
                "<5>teller event=ready\n<4>teller event=child-ended process=store pid=12\n");
}

static void speak_of_foreign_text(void)
{
        char quoted[LOG_QUOTED_MAX];
        log_event(LOG_FAILURE, "said", "text=%s", log_quote("a \"b\" \\ c\n<0>d\x7f", quoted));
        log_event(LOG_FAILURE, "raw", "text=%s", "a\nb");
}

static void test_nothing_foreign_makes_a_line(void **state)
{
        (void)state;
        assert_string_equal(
                listen_to(speak_of_foreign_text), "<3>teller event=said text=\"a \\\"b\\\" \\\\ "
                                                  "c\\x0a<0>d\\x7f\"\n<3>teller event=raw text=a b\n");
}

static void speak_at_length(void)
{
        char text[9000], quoted[LOG_QUOTED_MAX];

        memset(text, '\n', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        log_event(LOG_DETAIL, "long", "text=%s", log_quote(text, quoted));
        memset(text, 'x', sizeof text - 1);
        log_event(LOG_DETAIL, "longer", "text=%s", text);
}

static void test_long_texts_are_cut(void **state)
{
        (void)state;
        const char *lines = listen_to(speak_at_length);
        const char *end = strchr(lines, '\n');

        assert_non_null(end);
        assert_true((size_t)(end - lines) < LOG_QUOTED_MAX + 40);
        assert_int_equal(end[-1], '"');
        assert_int_equal(strlen(end + 1), 4095);
        assert_int_equal(end[strlen(end) - 1], '\n');
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_line_is_an_event),
                cmocka_unit_test(test_nothing_foreign_makes_a_line),
                cmocka_unit_test(test_long_texts_are_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
