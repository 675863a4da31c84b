/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/internal.h"
#include "os/file.h"
#include "os/scratch_test.h"

#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

static const struct access_entry question = {.at_ms = 1795131352000,
        .person = "uid 1000 (anna)",
        .action = "ask",
        .case_reference = "K 12/26",
        .question = "{\"port\":4711}",
        .verdict = "one"};

static struct depot *reader(void)
{
        struct depot *depot = NULL;
        struct error error = {0};

        if (depot_open(scratch_path("store"), DEPOT_CREATE, &depot, &error) < 0)
                fail_msg("%s", error.text);
        depot_close(depot);
        if (depot_open(scratch_path("store"), DEPOT_READ, &depot, &error) < 0)
                fail_msg("%s", error.text);
        return depot;
}

static uint64_t must_check(struct depot *depot)
{
        struct access_head head;
        struct error error = {0};
        uint64_t bad = 0;
        size_t cut = 0;

        if (depot_check_access(depot, &head, &bad, &cut, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(cut, 0);
        return head.entries;
}

static off_t size_of(const char *name)
{
        struct stat status;
        assert_int_equal(stat(scratch_path(name), &status), 0);
        return status.st_size;
}

static void test_entries_are_appended_by_readers(void **state)
{
        struct error error = {0};

        (void)state;
        struct depot *depot = reader();
        assert_int_equal(must_check(depot), 0);
        for (unsigned i = 1; i <= 20; i++) {
                assert_int_equal(depot_record_access(depot, &question, &error), 0);
                assert_int_equal(must_check(depot), i);
        }
        struct access_entry many[100];
        for (size_t i = 0; i < 100; i++)
                many[i] = question;
        assert_int_equal(depot_record_accesses(depot, many, 100, &error), 0);
        assert_int_equal(must_check(depot), 120);
        depot_close(depot);
}

static void test_unsound_entry_leaves_no_trace(void **state)
{
        struct access_entry entries[2] = {question, question};
        struct error error = {0};

        (void)state;
        struct depot *depot = reader();
        entries[1].question = "no JSON";
        assert_int_equal(depot_record_accesses(depot, entries, 2, &error), -EINVAL);
        assert_int_equal(size_of("store/access.log"), 0);
        depot_close(depot);
}

/* Every length at which the last write can have been cut off. */
static void test_cut_off_end_is_put_aside_and_reported(void **state)
{
        struct error error = {0};

        (void)state;
        struct depot *depot = reader();
        assert_int_equal(depot_record_access(depot, &question, &error), 0);
        off_t whole = size_of("store/access.log");
        struct buffer first = buffer_make(1 << 20), kept = buffer_make(1 << 20);
        assert_int_equal(file_read(scratch_path("store/access.log"), &first, &error), 0);
        for (off_t length = 1; length < 2 * whole; length += 13) {
                if (length == whole)
                        continue;
                off_t cut = length < whole ? length : length - whole;
                glob_t found;

                assert_int_equal(file_publish(scratch_path("store"), "access.log", first.bytes,
                                         length < whole ? (size_t)length : (size_t)whole, &error),
                        0);
                if (length > whole) {
                        int file = open(scratch_path("store/access.log"), O_WRONLY | O_APPEND);
                        assert_int_equal(file_write_all(file, first.bytes, (size_t)cut, "x", &error), 0);
                        close(file);
                }
                assert_int_equal(depot_record_access(depot, &question, &error), 0);
                assert_int_equal(must_check(depot), length < whole ? 2 : 3);
                assert_int_equal(glob(scratch_path("store/access.log.cut-*"), 0, NULL, &found), 0);
                assert_int_equal(found.gl_pathc, 1);
                buffer_clear(&kept);
                assert_int_equal(file_read(found.gl_pathv[0], &kept, &error), 0);
                assert_int_equal(kept.length, cut);
                assert_memory_equal(kept.bytes, first.bytes, cut);
                unlink(found.gl_pathv[0]);
                globfree(&found);
        }
        buffer_free(&first);
        buffer_free(&kept);
        depot_close(depot);
}

static void change_byte(const char *name, off_t at)
{
        uint8_t byte;
        int file = open(scratch_path(name), O_RDWR);
        assert_int_equal(pread(file, &byte, 1, at), 1);
        byte ^= 1;
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
        close(file);
}

/* A changed last entry stops every reading; an older one is found by the whole check. */
static void test_changed_record_is_refused(void **state)
{
        struct access_head head;
        struct error error = {0};
        uint64_t bad = 0;
        size_t cut;

        (void)state;
        struct depot *depot = reader();
        for (int i = 0; i < 3; i++)
                assert_int_equal(depot_record_access(depot, &question, &error), 0);
        off_t size = size_of("store/access.log");
        change_byte("store/access.log", size - 100);
        assert_int_equal(depot_record_access(depot, &question, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "rogatory check"));
        assert_int_equal(size_of("store/access.log"), size);
        change_byte("store/access.log", size - 100);
        assert_int_equal(depot_record_access(depot, &question, &error), 0);
        change_byte("store/access.log", 30);
        assert_int_equal(depot_check_access(depot, &head, &bad, &cut, &error), -EBADMSG);
        assert_int_equal(bad, 1);
        depot_close(depot);
}

static void test_record_that_cannot_be_written_stops_reading(void **state)
{
        struct error error = {0};

        (void)state;
        struct depot *depot = reader();
        assert_int_equal(mkdir(scratch_path("store/access.log"), 0700), 0);
        assert_true(depot_record_access(depot, &question, &error) < 0);
        assert_non_null(strstr(error.text, "nothing is read"));
        depot_close(depot);
}

static void test_many_processes_at_once(void **state)
{
        enum { PROCESSES = 4, ENTRIES = 25 };
        struct error error = {0};

        (void)state;
        struct depot *depot = reader();
        for (int i = 0; i < PROCESSES; i++) {
                if (fork() == 0) {
                        int r = 0;
                        for (int j = 0; j < ENTRIES && r == 0; j++)
                                r = depot_record_access(depot, &question, &error);
                        _exit(r == 0 ? 0 : 1);
                }
        }
        for (int i = 0; i < PROCESSES; i++) {
                int status = -1;
                assert_true(wait(&status) > 0);
                assert_int_equal(status, 0);
        }
        assert_int_equal(must_check(depot), PROCESSES * ENTRIES);
        depot_close(depot);
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                SCRATCH_TEST(test_entries_are_appended_by_readers),
                SCRATCH_TEST(test_unsound_entry_leaves_no_trace),
                SCRATCH_TEST(test_cut_off_end_is_put_aside_and_reported),
                SCRATCH_TEST(test_changed_record_is_refused),
                SCRATCH_TEST(test_record_that_cannot_be_written_stops_reading),
                SCRATCH_TEST(test_many_processes_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
