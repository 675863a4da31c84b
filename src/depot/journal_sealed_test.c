/* SPDX-License-Identifier: EUPL-1.2 */
/* A sealed journal: nobody reads it without its key, and nobody reads what was released, whatever he copied
 * before. */
#include "depot/journal_internal.h"

#include "base/time.h"
#include "os/file.h"
#include "os/scratch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#define MESSAGE "who had 198.51.100.7 port 4711"

static const int64_t ten = INT64_C(1795168800000); /* 2026-11-20T10:00:00Z */
static struct error error;
static unsigned heard;

static struct journal_options sealed(const char *key)
{
        struct journal_options options = {.sync_interval_ms = 1};
        char text[300];

        assert_int_equal(folder_make(scratch_path("secret"), &error), 0);
        snprintf(text, sizeof text, "file:%s", scratch_path(key));
        assert_int_equal(key_sources_read(slice_of(text), &options.key, &error), 0);
        return options;
}

static struct journal *open_with(const char *folder, const struct journal_options *options)
{
        struct journal *journal = NULL;

        if (journal_open(scratch_path(folder), options, &journal, NULL, &error) < 0)
                fail_msg("%s", error.text);
        return journal;
}

static int hear(void *context, const struct journal_entry *entry)
{
        (void)context;
        assert_int_equal(entry->length, sizeof MESSAGE - 1);
        assert_memory_equal(entry->bytes, MESSAGE, sizeof MESSAGE - 1);
        heard++;
        return 0;
}

static int replay(struct journal *journal)
{
        const struct journal_replay_sink sink = {.entry = hear};

        heard = 0;
        return journal_replay(journal, &sink, NULL, &error);
}

static void say(struct journal *journal, unsigned count, int64_t receipt_ms)
{
        const struct journal_entry entry = {
                .receipt_ms = receipt_ms, .bytes = MESSAGE, .length = sizeof MESSAGE - 1};

        for (unsigned i = 0; i < count; i++)
                assert_int_equal(journal_append(journal, &entry, NULL, &error), 0);
        assert_int_equal(journal_sync(journal, &error), 0);
}

/* Copies the files of a folder, and of its folder "keys". */
static void copy_files(const char *from, const char *to)
{
        char source[PATH_MAX], target[PATH_MAX];
        DIR *stream = opendir(from);

        assert_non_null(stream);
        assert_int_equal(folder_make(to, &error), 0);
        for (struct dirent *entry; (entry = readdir(stream));) {
                struct buffer bytes = buffer_make(1 << 24);
                struct stat status;
                snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
                snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
                if (entry->d_name[0] == '.' || stat(source, &status) < 0)
                        continue;
                if (S_ISDIR(status.st_mode)) {
                        copy_files(source, target);
                        continue;
                }
                assert_int_equal(file_read(source, &bytes, &error), 0);
                assert_int_equal(file_publish(to, entry->d_name, bytes.bytes ? bytes.bytes : (uint8_t *)"",
                                         bytes.length, &error),
                        0);
                buffer_free(&bytes);
        }
        closedir(stream);
}

static bool is_readable_in(const char *folder)
{
        DIR *stream = opendir(folder);
        char path[PATH_MAX];
        bool found = false;

        for (struct dirent *entry; (entry = readdir(stream));) {
                struct buffer bytes = buffer_make(1 << 24);
                snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
                if (strstr(entry->d_name, ".jnl") && file_read(path, &bytes, &error) == 0)
                        found = found || memmem(bytes.bytes, bytes.length, MESSAGE, sizeof MESSAGE - 1);
                buffer_free(&bytes);
        }
        closedir(stream);
        return found;
}

static void test_it_comes_back_and_is_read_by_nobody_else(void **state)
{
        struct journal_options options = sealed("secret/journal.key"), plain = {.sync_interval_ms = 1};
        struct journal *journal = open_with("j", &options);

        (void)state;
        say(journal, 100, ten);
        say(journal, 50, ten + TIME_HOUR);
        assert_int_equal(journal_close(journal, &error), 0);
        assert_false(is_readable_in(scratch_path("j")));
        journal = open_with("j", &options);
        assert_int_equal(replay(journal), 0);
        assert_int_equal(heard, 150);
        say(journal, 1, ten + TIME_HOUR);
        assert_int_equal(replay(journal), 0);
        assert_int_equal(heard, 151);
        assert_int_equal(journal_close(journal, &error), 0);
        assert_int_equal(journal_open(scratch_path("j"), &plain, &journal, NULL, &error), -ENOKEY);
        assert_non_null(strstr(error.text, "journal-key"));
        /* The same words in a plain one can be found: the search would see them. */
        journal = open_with("plain", &plain);
        say(journal, 1, ten);
        assert_int_equal(journal_close(journal, &error), 0);
        assert_true(is_readable_in(scratch_path("plain")));
}

static void test_a_changed_byte_is_no_message(void **state)
{
        struct journal_options options = sealed("secret/journal.key");
        struct journal *journal = open_with("j", &options);
        struct journal_replayed replayed;
        char path[PATH_MAX];

        (void)state;
        say(journal, 3, ten);
        say(journal, 2, ten);
        snprintf(path, sizeof path, "%s/%s", scratch_path("j"), journal->files[0].name);
        assert_int_equal(journal_close(journal, &error), 0);
        FILE *file = fopen(path, "r+b");
        assert_non_null(file);
        /* In the first batch; who changes the journal mends its checksums too. */
        struct buffer bytes = buffer_make(1 << 20);
        assert_int_equal(file_read(path, &bytes, &error), 0);
        struct journal_header header;
        assert_int_equal(journal_header_read(bytes.bytes, bytes.length, &header, &error), 0);
        uint8_t *batch = bytes.bytes + JOURNAL_HEADER_BYTES;
        batch[JOURNAL_BATCH_HEAD_BYTES + 50] ^= 1;
        size_t length = 3 * (JOURNAL_ENTRY_HEAD_BYTES + sizeof MESSAGE - 1) + JOURNAL_TAG_BYTES;
        journal_batch_close(batch, length, header.mark, 1, 3);
        assert_int_equal(fwrite(bytes.bytes, 1, bytes.length, file), bytes.length);
        fclose(file);
        buffer_free(&bytes);
        journal = open_with("j", &options);
        const struct journal_replay_sink sink = {.entry = hear};
        heard = 0;
        assert_int_equal(journal_replay(journal, &sink, &replayed, &error), 0);
        assert_int_equal(heard, 2);
        assert_int_equal(replayed.lost, 3);
        assert_int_equal(journal_close(journal, &error), 0);
}

static void test_what_was_released_is_gone_from_copies_too(void **state)
{
        struct journal_options options = sealed("secret/journal.key");
        struct journal *journal = open_with("j", &options);

        (void)state;
        say(journal, 100, ten);
        say(journal, 50, ten + TIME_HOUR);
        assert_int_equal(journal_close(journal, &error), 0);
        copy_files(scratch_path("j"), scratch_path("copy"));
        /* While nothing was released the copy opens with the key of now. */
        journal = open_with("copy", &options);
        assert_int_equal(replay(journal), 0);
        assert_int_equal(heard, 150);
        assert_int_equal(journal_close(journal, &error), 0);
        journal = open_with("j", &options);
        assert_int_equal(journal_release(journal, 100, &error), 0);
        assert_int_equal(journal_state(journal).files, 1);
        assert_int_equal(replay(journal), 0);
        assert_int_equal(heard, 50);
        assert_int_equal(journal_close(journal, &error), 0);
        int r = journal_open(scratch_path("copy"), &options, &journal, NULL, &error);
        assert_true(r == -EKEYREJECTED || r == -ENOKEY);
        /* And the journal itself goes on. */
        journal = open_with("j", &options);
        say(journal, 1, ten + TIME_HOUR);
        assert_int_equal(replay(journal), 0);
        assert_int_equal(heard, 51);
        assert_int_equal(journal_close(journal, &error), 0);
}

static void test_killed_between_key_and_file(void **state)
{
        struct journal_options options = sealed("secret/journal.key");
        struct journal *journal = open_with("j", &options);

        (void)state;
        say(journal, 10, ten);
        say(journal, 5, ten + TIME_HOUR);
        assert_int_equal(journal_close(journal, &error), 0);
        copy_files(scratch_path("j"), scratch_path("before"));
        journal = open_with("j", &options);
        char name[JOURNAL_NAME_MAX];
        snprintf(name, sizeof name, "%s", journal->files[0].name);
        assert_int_equal(journal_release(journal, 10, &error), 0);
        assert_int_equal(journal_close(journal, &error), 0);
        /* As it is when the writer dies behind the destruction of the key: the file is still there. */
        struct buffer bytes = buffer_make(1 << 20);
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", scratch_path("before"), name);
        assert_int_equal(file_read(path, &bytes, &error), 0);
        assert_int_equal(file_publish(scratch_path("j"), name, bytes.bytes, bytes.length, &error), 0);
        buffer_free(&bytes);
        journal = open_with("j", &options);
        assert_int_equal(replay(journal), 0);
        assert_int_equal(heard, 5);
        assert_int_equal(journal_close(journal, &error), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_it_comes_back_and_is_read_by_nobody_else, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_a_changed_byte_is_no_message, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_what_was_released_is_gone_from_copies_too, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_killed_between_key_and_file, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
