/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/file.h"

#include "os/scratch_test.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

static void assert_content(const char *name, const char *content)
{
        struct buffer text = buffer_make(1 << 20);
        struct error error = {0};

        if (file_read(scratch_path(name), &text, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(text.length, strlen(content));
        assert_memory_equal(text.bytes, content, text.length);
        buffer_free(&text);
}

static void test_publish_and_read(void **state)
{
        struct error error = {0};

        (void)state;
        assert_int_equal(file_publish(scratch, "a", "first", 5, &error), 0);
        assert_content("a", "first");
        assert_int_equal(file_publish(scratch, "a", "2nd", 3, &error), 0);
        assert_content("a", "2nd");
        assert_int_equal(file_publish(scratch_path("missing"), "a", "x", 1, &error), -ENOENT);
        assert_non_null(strstr(error.text, "missing"));
        assert_int_equal(scratch_count(), 1);
}

static void test_ceiling_of_reading_is_exact(void **state)
{
        static char content[200000];
        static const size_t ceilings[] = {0, 1, 65535, 65536, 65537, 131072, 199999, 200000, 200001};
        struct error error = {0};

        (void)state;
        assert_int_equal(file_publish(scratch, "a", content, sizeof content, &error), 0);
        for (size_t i = 0; i < sizeof ceilings / sizeof ceilings[0]; i++) {
                struct buffer text = buffer_make(ceilings[i]);
                int expected = ceilings[i] < sizeof content ? -EFBIG : 0;
                assert_int_equal(file_read(scratch_path("a"), &text, &error), expected);
                assert_int_equal(text.length, expected ? 0 : sizeof content);
                buffer_free(&text);
        }
        struct buffer none = buffer_make(10);
        assert_int_equal(file_read(scratch_path("b"), &none, &error), -ENOENT);
        assert_non_null(strstr(error.text, "/b: cannot be opened"));
}

static void test_map(void **state)
{
        struct error error = {0};
        struct file_map map;

        (void)state;
        assert_int_equal(file_publish(scratch, "a", "content", 7, &error), 0);
        assert_int_equal(file_publish(scratch, "empty", "", 0, &error), 0);
        assert_int_equal(file_map(scratch_path("a"), &map, &error), 0);
        assert_int_equal(map.length, 7);
        assert_memory_equal(map.bytes, "content", 7);
        file_unmap(&map);
        assert_int_equal(file_map(scratch_path("empty"), &map, &error), 0);
        assert_int_equal(map.length, 0);
        assert_non_null(map.bytes);
        file_unmap(&map);
        assert_int_equal(file_map(scratch, &map, &error), -EINVAL);
        assert_int_equal(file_map(scratch_path("none"), &map, &error), -ENOENT);
}

static void test_draft_that_fails_leaves_the_old_file(void **state)
{
        struct error error = {0};
        int file;

        (void)state;
        assert_int_equal(file_publish(scratch, "a", "old", 3, &error), 0);
        assert_int_equal(file_draft_open(scratch_path("t"), &file, &error), 0);
        assert_int_equal(file_draft_open(scratch_path("t"), &file, &error), -EEXIST);
        assert_int_equal(file_write_all(file, "new", 3, "t", &error), 0);
        assert_int_equal(file_draft_publish(file, scratch_path("t"), scratch_path("none/a"), scratch, &error),
                -ENOENT);
        assert_content("a", "old");
        assert_int_equal(scratch_count(), 1);
        assert_int_equal(file_draft_open(scratch_path("t"), &file, &error), 0);
        file_draft_abandon(file, scratch_path("t"));
        assert_int_equal(scratch_count(), 1);
        assert_int_equal(file_remove(scratch_path("a"), &error), 0);
        assert_int_equal(file_remove(scratch_path("a"), &error), 0);
        assert_int_equal(scratch_count(), 0);
}

static void test_full_device_is_reported(void **state)
{
        struct error error = {0};
        int file = open("/dev/full", O_WRONLY);

        (void)state;
        assert_true(file >= 0);
        assert_int_equal(file_write_all(file, "x", 1, "the device", &error), -ENOSPC);
        assert_non_null(strstr(error.text, "the device: cannot be written"));
        close(file);
}

static void test_folders(void **state)
{
        struct error error = {0};

        (void)state;
        assert_int_equal(folder_make(scratch_path("f"), &error), 0);
        assert_int_equal(folder_make(scratch_path("f"), &error), 0);
        assert_int_equal(folder_make(scratch_path("no/f"), &error), -ENOENT);
        assert_int_equal(file_publish(scratch, "a", "x", 1, &error), 0);
        assert_int_equal(folder_make(scratch_path("a"), &error), -ENOTDIR);
}

static void test_lock_excludes_and_ends_with_its_holder(void **state)
{
        struct error error = {0};
        int lock = -1, other = -1, status;

        (void)state;
        assert_int_equal(lock_take(scratch_path("lock"), false, &lock, &error), 0);
        assert_int_equal(lock_take(scratch_path("lock"), false, &other, &error), -EBUSY);
        lock_release(lock);
        pid_t child = fork();
        if (child == 0)
                _exit(lock_take(scratch_path("lock"), false, &other, &error) == 0 ? 0 : 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(lock_take(scratch_path("lock"), true, &lock, &error), 0);
        lock_release(lock);
}

static void test_append(void **state)
{
        struct error error = {0};
        int file = open(scratch_path("log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

        (void)state;
        assert_int_equal(file_append_durable(file, "one\n", 4, "log", &error), 0);
        assert_int_equal(file_append_durable(file, "two\n", 4, "log", &error), 0);
        close(file);
        assert_content("log", "one\ntwo\n");
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                SCRATCH_TEST(test_publish_and_read),
                SCRATCH_TEST(test_ceiling_of_reading_is_exact),
                SCRATCH_TEST(test_map),
                SCRATCH_TEST(test_draft_that_fails_leaves_the_old_file),
                cmocka_unit_test(test_full_device_is_reported),
                SCRATCH_TEST(test_folders),
                SCRATCH_TEST(test_lock_excludes_and_ends_with_its_holder),
                SCRATCH_TEST(test_append),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
