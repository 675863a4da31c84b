/* SPDX-License-Identifier: EUPL-1.2 */
/* A writer that is killed at any instant has lost nothing that it had appended, and leaves a log that opens,
 * passes its examination and grew out of every checkpoint that was ever seen. With ROGATORY_LONG=1 two
 * thousand are killed. */
#include "chronicle/chronicle.h"

#include "chronicle/witness.h"
#include "os/scratch_test.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#define ORIGIN "node.example/log"
static const int64_t ten = INT64_C(1795168800000); /* 2026-11-20T10:00:00Z */

/* Appends without end, and erases now and then; tells the parent the size after each. */
static void write_for_ever(int report)
{
        static struct chronicle_item items[40];
        struct chronicle *chronicle;
        struct error error = {0};
        json_t *fields = json_pack("{s:s}", "action", "test");

        for (size_t i = 0; i < 40; i++)
                items[i] = (struct chronicle_item){"administration", ten, "node", fields};
        if (chronicle_open(scratch_path("log"), CHRONICLE_WRITE, NULL, &chronicle, &error) < 0)
                _exit(1);
        for (unsigned round = 1;; round++) {
                uint64_t size;
                if (chronicle_append_all(chronicle, items, 1 + round * 7 % 40, &size, &error) < 0)
                        _exit(2);
                size += 1 + round * 7 % 40;
                if (round % 5 == 0) {
                        int r = chronicle_erase(chronicle, size - 1, ten, "admin@node", "test", &error);
                        if (r < 0)
                                _exit(3);
                        size++;
                }
                if (write(report, &size, sizeof size) != (ssize_t)sizeof size)
                        _exit(4);
        }
}

/* Returns the size that the writer last told. */
static uint64_t live_and_die(unsigned microseconds)
{
        uint64_t size = 0, told;
        int pipes[2], status;

        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) {
                close(pipes[0]);
                write_for_ever(pipes[1]);
        }
        close(pipes[1]);
        struct timespec wait = {.tv_nsec = (long)microseconds * 1000};
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status))
                fail_msg("the writer ended by itself: %d", WEXITSTATUS(status));
        while (read(pipes[0], &told, sizeof told) == (ssize_t)sizeof told)
                size = told;
        close(pipes[0]);
        return size;
}

static void assert_examination_passes(void)
{
        struct findings findings = {0};
        struct chronicle_counts counts;
        struct error error = {0};

        if (chronicle_check(scratch_path("log"), NULL, &findings, &counts, &error) < 0)
                fail_msg("%s", error.text);
        if (!findings_hold(&findings))
                for (size_t i = 0; i < findings.count; i++)
                        if (findings.list[i].weight == FINDING_FATAL)
                                fail_msg("%s: %s", findings.list[i].place, findings.list[i].sentence);
        findings_free(&findings);
}

/* The log as a witness sees it: another chronicle, which has accepted every checkpoint before. Returns the
 * size. */
static uint64_t witness_the_log(struct chronicle *witness)
{
        struct buffer request = buffer_make(WITNESS_REQUEST_MAX), line = buffer_make(NOTE_BYTES_MAX);
        struct checkpoint known = {.size = 0}, now;
        struct witness_answer answer;
        struct chronicle *log;
        struct error error = {0};

        if (chronicle_open(scratch_path("log"), CHRONICLE_READ, NULL, &log, &error) < 0)
                fail_msg("%s", error.text);
        (void)chronicle_witnessed(witness, ORIGIN, &known, NULL, &error);
        if (chronicle_witness_request(log, known.size, &request, &error) < 0)
                fail_msg("%s", error.text);
        struct slice body = slice_make((char *)request.bytes, request.length);
        assert_int_equal(chronicle_witness(witness, ORIGIN, chronicle_log_key(log), 1, body, ten, &answer,
                                 &line, &error),
                0);
        if (answer.verdict != WITNESS_ACCEPTED)
                fail_msg("%s: %s", witness_verdict_name(answer.verdict), error.text);
        assert_int_equal(chronicle_checkpoint(log, &now, NULL, &error), 0);
        chronicle_close(log);
        buffer_free(&request);
        buffer_free(&line);
        return now.size;
}

static void test_killed_writers_lose_nothing(void **state)
{
        unsigned lives = getenv("ROGATORY_LONG") ? 2000 : 40;
        uint64_t least = 0, size = 0;
        struct chronicle *witness, *writer;
        struct error error = {0};

        (void)state;
        assert_int_equal(chronicle_create(scratch_path("log"), ORIGIN, NULL, &error), 0);
        assert_int_equal(chronicle_create(scratch_path("witness"), "witness.example/log", NULL, &error), 0);
        assert_int_equal(chronicle_open(scratch_path("witness"), CHRONICLE_WRITE, NULL, &witness, &error), 0);
        srand(20261120);
        for (unsigned life = 0; life < lives; life++) {
                uint64_t told = live_and_die((unsigned)rand() % 60000);
                least = told > least ? told : least;
                /* Before any writer mends it, and after one has. */
                size = witness_the_log(witness);
                assert_true(size >= least);
                if (chronicle_open(scratch_path("log"), CHRONICLE_WRITE, NULL, &writer, &error) < 0)
                        fail_msg("%s", error.text);
                assert_int_equal(chronicle_append(writer, "administration", ten, "node",
                                         "{\"action\":\"mended\"}", NULL, &error),
                        0);
                chronicle_close(writer);
                least = size + 1;
                assert_int_equal(witness_the_log(witness), least);
                if (life % 10 == 9)
                        assert_examination_passes();
        }
        /* A test whose writers never got anywhere would prove nothing. */
        while (size < lives + 1)
                size = live_and_die(900000);
        assert_examination_passes();
        chronicle_close(witness);
        print_message("%u lives, %u entries\n", lives, (unsigned)size);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_killed_writers_lose_nothing, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
