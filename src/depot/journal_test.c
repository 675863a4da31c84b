/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/journal_internal.h"

#include "base/time.h"
#include "os/file.h"
#include "os/scratch_test.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <cmocka.h>

static const int64_t ten = INT64_C(1795168800000); /* 2026-11-20T10:00:00Z */
static struct error error;

/* A message says its own number, so that a replay can be held against what was written. */
static int append(struct journal *journal, uint64_t number, int64_t receipt_ms, size_t length)
{
        static uint8_t bytes[JOURNAL_ENTRY_MAX + 1];
        struct journal_entry entry = {.receipt_ms = receipt_ms,
                .source = address_from_ipv4(0xc0000200 | (number & 255)),
                .port = (uint16_t)(1000 + number % 60000),
                .kind = (uint8_t)number,
                .stream = number * 3,
                .bytes = bytes,
                .length = length};

        memset(bytes, (int)(number * 7), length);
        if (length >= 8)
                memcpy(bytes, &number, 8);
        return journal_append(journal, &entry, NULL, &error);
}

struct told {
        uint64_t numbers[4096], sequences[4096];
        size_t count;
        uint64_t lost_first, lost_last, losses;
        int64_t after_ms, before_ms;
};

static int tell(void *context, const struct journal_entry *entry)
{
        struct told *told = context;
        uint64_t number = 0;

        assert_true(entry->length >= 8 && told->count < 4096);
        memcpy(&number, entry->bytes, 8);
        const uint8_t *bytes = entry->bytes;
        for (size_t i = 8; i < entry->length; i++)
                assert_int_equal(bytes[i], (uint8_t)(number * 7));
        assert_int_equal(entry->kind, (uint8_t)number);
        assert_int_equal(entry->stream, number * 3);
        assert_int_equal(entry->port, 1000 + number % 60000);
        assert_int_equal(address_ipv4(&entry->source), 0xc0000200 | (number & 255));
        told->sequences[told->count] = entry->sequence;
        told->numbers[told->count++] = number;
        return 0;
}

static void tell_lost(void *context, uint64_t first, uint64_t last, int64_t after_ms, int64_t before_ms)
{
        struct told *told = context;
        told->lost_first = first;
        told->lost_last = last;
        told->after_ms = after_ms;
        told->before_ms = before_ms;
        told->losses++;
}

static struct journal *open_at(
        const char *name, const struct journal_options *options, struct journal_found *found)
{
        struct journal *journal = NULL;
        if (journal_open(scratch_path(name), options, &journal, found, &error) < 0)
                fail_msg("%s", error.text);
        return journal;
}

static struct journal_replayed replay(struct journal *journal, struct told *told)
{
        const struct journal_replay_sink sink = {.context = told, .entry = tell, .lost = tell_lost};
        struct journal_replayed replayed;

        memset(told, 0, sizeof *told);
        if (journal_replay(journal, &sink, &replayed, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(replayed.entries, told->count);
        return replayed;
}

static void assert_numbers(const struct told *told, uint64_t first, size_t count)
{
        assert_int_equal(told->count, count);
        for (size_t i = 0; i < count; i++)
                assert_int_equal(told->numbers[i], first + i);
}

static void test_every_entry_comes_back_once(void **state)
{
        static struct told told;
        struct journal_found found;
        struct journal *journal = open_at("j", NULL, &found);

        (void)state;
        assert_int_equal(found.files, 0);
        assert_int_equal(found.waiting, 0);
        assert_true(found.last_ms == TIME_UNKNOWN);
        for (uint64_t i = 1; i <= 1000; i++) {
                assert_int_equal(append(journal, i, ten + (int64_t)i, 8 + i % 900), 0);
                if (i % 7 == 0)
                        assert_int_equal(journal_flush(journal, &error), 0);
        }
        struct journal_state now = journal_state(journal);
        assert_int_equal(now.next, 1001);
        assert_int_equal(now.flushed, 995);
        assert_true(now.pending > 0);
        /* What is not flushed is not told: it could be told again after a crash. */
        replay(journal, &told);
        assert_numbers(&told, 1, 994);
        assert_int_equal(journal_close(journal, &error), 0);

        journal = open_at("j", NULL, &found);
        assert_int_equal(found.waiting, 1000);
        assert_int_equal(found.last_ms, ten + 1000);
        assert_int_equal(found.torn_bytes, 0);
        struct journal_replayed replayed = replay(journal, &told);
        assert_numbers(&told, 1, 1000);
        assert_int_equal(
                replayed.lost + replayed.repeated + replayed.damaged_bytes + replayed.damaged_files, 0);
        /* It goes on behind, and one entry of all that are released comes no more. */
        assert_int_equal(append(journal, 1001, ten + 2000, 100), 0);
        assert_int_equal(journal_sync(journal, &error), 0);
        assert_int_equal(journal_release(journal, 400, &error), 0);
        replay(journal, &told);
        assert_numbers(&told, 401, 601);
        assert_int_equal(told.sequences[0], 401);
        assert_int_equal(journal_close(journal, &error), 0);
        journal = open_at("j", NULL, &found);
        assert_int_equal(found.waiting, 601);
        replay(journal, &told);
        assert_numbers(&told, 401, 601);
        assert_int_equal(journal_release(journal, 1002, &error), -EINVAL);
        assert_int_equal(journal_close(journal, &error), 0);
}

static void test_one_writer(void **state)
{
        struct journal *journal = open_at("j", NULL, NULL), *other;

        (void)state;
        assert_int_equal(journal_open(scratch_path("j"), NULL, &other, NULL, &error), -EBUSY);
        assert_int_equal(append(journal, 1, ten, JOURNAL_ENTRY_MAX + 1), -EMSGSIZE);
        assert_int_equal(append(journal, 1, ten, JOURNAL_ENTRY_MAX), 0);
        assert_int_equal(journal_close(journal, &error), 0);
}

/* An hour's entries stand in files of their own, a long file is followed by another, and what is released
 * goes. */
static void test_rotation(void **state)
{
        static struct told told;
        const struct journal_options options = {.file_bytes_max = 100000};
        struct journal *journal = open_at("j", &options, NULL);

        (void)state;
        for (uint64_t i = 1; i <= 300; i++) {
                assert_int_equal(append(journal, i, ten + (int64_t)(i / 100) * TIME_HOUR, 1000), 0);
                assert_int_equal(journal_flush(journal, &error), 0);
        }
        struct journal_state before = journal_state(journal);
        assert_int_equal(before.files, 7); /* 94 entries pass 100,000 bytes; the last hour has one */
        assert_int_equal(journal->files[1].window_from, ten);
        assert_int_equal(journal->files[1].first_sequence, 95);
        assert_int_equal(journal->files[2].window_from, ten + TIME_HOUR);
        assert_int_equal(journal->files[2].first_sequence, 100);
        assert_int_equal(journal->files[6].first_sequence, 300);
        assert_int_equal(before.durable, 1);
        assert_int_equal(journal_sync(journal, &error), 0);
        assert_int_equal(journal_state(journal).durable, 301);
        replay(journal, &told);
        assert_numbers(&told, 1, 300);

        assert_int_equal(journal_release(journal, 98, &error), 0);
        assert_int_equal(journal_state(journal).files, 6);
        assert_int_equal(journal_release(journal, 99, &error), 0);
        assert_int_equal(journal_state(journal).files, 5);
        assert_int_equal(journal_release(journal, 300, &error), 0);
        assert_int_equal(journal_state(journal).files, 1);
        assert_true(journal_state(journal).file_bytes < before.file_bytes / 50);
        replay(journal, &told);
        assert_int_equal(told.count, 0);
        assert_int_equal(journal_close(journal, &error), 0);

        /* Numbers are never given twice, also where no file tells of them any more. */
        struct journal_found found;
        for (unsigned i = 0; i < 2; i++) {
                journal = open_at("j", &options, &found);
                assert_int_equal(found.waiting, 0);
                assert_int_equal(journal_state(journal).next, 301);
                assert_int_equal(journal_close(journal, &error), 0);
                if (i == 0)
                        assert_int_equal(unlink(scratch_path("j/20261120T13Z.000000000000012c.jnl")), 0);
        }
}

static void test_sync_interval(void **state)
{
        const struct journal_options options = {.sync_interval_ms = 1000};
        struct journal *journal = open_at("j", &options, NULL);

        (void)state;
        assert_int_equal(append(journal, 1, ten, 100), 0);
        assert_int_equal(journal_flush(journal, &error), 0);
        int64_t since = journal->unsynced_ms;
        assert_int_equal(journal_state(journal).durable, 1);
        assert_int_equal(append(journal, 2, ten, 100), 0);
        assert_int_equal(journal_tick(journal, since + 999, &error), 0);
        assert_int_equal(journal_state(journal).flushed, 3);
        assert_int_equal(journal_state(journal).durable, 1);
        assert_int_equal(journal_tick(journal, since + 1000, &error), 0);
        assert_int_equal(journal_state(journal).durable, 3);
        assert_int_equal(journal_close(journal, &error), 0);
}

#define FIRST_FILE "j/20261120T10Z.0000000000000001.jnl"

/* Ten batches of three entries, in one file. Returns where each batch begins, and the end. */
static void write_ten(size_t begins[11])
{
        struct journal *journal = open_at("j", NULL, NULL);

        for (uint64_t i = 1; i <= 30; i++) {
                assert_int_equal(append(journal, i, ten + (int64_t)i * 1000, 20 + i), 0);
                if (i % 3 == 1)
                        begins[i / 3] = i == 1 ? JOURNAL_HEADER_BYTES : journal_state(journal).file_bytes;
                if (i % 3 == 0)
                        assert_int_equal(journal_flush(journal, &error), 0);
        }
        begins[10] = journal_state(journal).file_bytes;
        assert_int_equal(journal_close(journal, &error), 0);
}

static struct buffer first_file(void)
{
        struct buffer bytes = buffer_make(1 << 20);
        assert_int_equal(file_read(scratch_path(FIRST_FILE), &bytes, &error), 0);
        return bytes;
}

static void put_file(const void *bytes, size_t length)
{
        int file = open(scratch_path(FIRST_FILE), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(file_write_all(file, bytes, length, "file", &error), 0);
        close(file);
}

/* Cut off anywhere in its last two batches, it tells all whole batches before, and goes on behind them. */
static void test_torn_tail(void **state)
{
        static struct told told;
        size_t begins[11];

        (void)state;
        write_ten(begins);
        struct buffer bytes = first_file();
        for (size_t length = begins[8]; length < bytes.length; length++) {
                struct journal_found found;
                size_t whole = length < begins[9] ? 24 : 27;

                put_file(bytes.bytes, length);
                struct journal *journal = open_at("j", NULL, &found);
                assert_int_equal(found.waiting, whole);
                assert_int_equal(found.torn_bytes, length - begins[whole / 3]);
                struct journal_replayed replayed = replay(journal, &told);
                assert_numbers(&told, 1, whole);
                assert_int_equal(replayed.lost, 0);
                assert_int_equal(replayed.damaged_bytes, found.torn_bytes);
                assert_int_equal(append(journal, 77, ten + 90000, 50), 0);
                assert_int_equal(journal_flush(journal, &error), 0);
                replayed = replay(journal, &told);
                assert_int_equal(told.count, whole + 1);
                assert_int_equal(told.numbers[whole], 77);
                assert_int_equal(told.sequences[whole], whole + 1);
                assert_int_equal(replayed.lost, 0);
                char path[PATH_MAX];
                assert_int_equal(journal_path(journal, journal->files[1].name, path, &error), 0);
                assert_int_equal(journal_close(journal, &error), 0);
                unlink(path);
        }
        buffer_free(&bytes);
}

/* Damage costs the batches that it touches; what is lost is told with the instants around it. */
static void test_damage_in_the_middle(void **state)
{
        static struct told told;
        size_t begins[11];

        (void)state;
        write_ten(begins);
        struct buffer bytes = first_file();
        for (size_t at = begins[4]; at < begins[5]; at++) {
                bytes.bytes[at] ^= 0x20;
                put_file(bytes.bytes, bytes.length);
                bytes.bytes[at] ^= 0x20;
                struct journal *journal = open_at("j", NULL, NULL);
                struct journal_replayed replayed = replay(journal, &told);
                assert_int_equal(told.count, 27);
                assert_int_equal(told.numbers[11], 12);
                assert_int_equal(told.numbers[12], 16);
                assert_int_equal(replayed.lost, 3);
                assert_int_equal(replayed.damaged_bytes, begins[5] - begins[4]);
                assert_int_equal(told.losses, 1);
                assert_int_equal(told.lost_first, 13);
                assert_int_equal(told.lost_last, 15);
                assert_int_equal(told.after_ms, ten + 12000);
                assert_int_equal(told.before_ms, ten + 16000);
                assert_int_equal(journal_close(journal, &error), 0);
        }
        /* A batch that stands twice is told once. */
        struct buffer twice = buffer_make(1 << 20);
        buffer_append(&twice, bytes.bytes, begins[4]);
        buffer_append(&twice, bytes.bytes + begins[2], bytes.length - begins[2]);
        put_file(twice.bytes, twice.length);
        struct journal *journal = open_at("j", NULL, NULL);
        replay(journal, &told);
        assert_numbers(&told, 1, 30);
        assert_int_equal(journal_close(journal, &error), 0);
        buffer_free(&twice);
        buffer_free(&bytes);
}

static void test_damaged_header_and_release(void **state)
{
        static struct told told;
        struct journal_found found;
        size_t begins[11];

        (void)state;
        write_ten(begins);
        struct journal *journal = open_at("j", NULL, NULL);
        assert_int_equal(journal_release(journal, 10, &error), 0);
        assert_int_equal(journal_close(journal, &error), 0);
        int file = open(scratch_path("j/released"), O_WRONLY);
        assert_int_equal(pwrite(file, "x", 1, 12), 1);
        close(file);
        /* More is told than is needed, never less. */
        journal = open_at("j", NULL, &found);
        assert_true(found.released_unknown);
        replay(journal, &told);
        assert_numbers(&told, 1, 30);
        assert_int_equal(journal_close(journal, &error), 0);

        struct buffer bytes = first_file();
        bytes.bytes[33] ^= 1;
        put_file(bytes.bytes, bytes.length);
        journal = open_at("j", NULL, &found);
        struct journal_replayed replayed = replay(journal, &told);
        assert_int_equal(told.count, 0);
        assert_int_equal(replayed.damaged_files, 1);
        /* The name is needed for the next file; the damaged one is kept. */
        assert_int_equal(append(journal, 5, ten, 30), 0);
        assert_int_equal(journal_flush(journal, &error), 0);
        assert_int_equal(access(scratch_path(FIRST_FILE ".damaged"), F_OK), 0);
        replay(journal, &told);
        assert_numbers(&told, 5, 1);
        assert_int_equal(journal_close(journal, &error), 0);
        buffer_free(&bytes);
}

/* The kernel refuses in the middle of a batch: it stays pending, whole and in order, until there is room. */
static int fill_up(const char *folder, int (*make_room)(void))
{
        static struct told told;
        struct journal *journal;
        uint64_t number = 0;
        int r = 0;

        if (journal_open(folder, NULL, &journal, NULL, &error) < 0)
                return 1;
        while (r == 0 && number < 3000) {
                if (append(journal, number + 1, ten, 1000) < 0)
                        return 2;
                number++;
                if (number % 5 == 0)
                        r = journal_flush(journal, &error);
        }
        if (r != -ENOSPC && r != -EFBIG)
                return 3;
        replay(journal, &told);
        if (told.count != number - 5 || journal_flush(journal, &error) != r)
                return 4;
        /* What more is taken waits in memory, up to the limit; then it is refused. */
        uint64_t taken = number;
        while ((r = append(journal, taken + 1, ten, 100000)) == 0 && taken < number + 200)
                taken++;
        if ((r != -ENOSPC && r != -EFBIG) || taken < number + 50)
                return 5;
        if (make_room() < 0 || journal_sync(journal, &error) < 0)
                return 6;
        struct journal_replayed replayed = replay(journal, &told);
        assert_numbers(&told, 1, taken);
        return replayed.lost + replayed.damaged_bytes == 0 && journal_close(journal, &error) == 0 ? 0 : 7;
}

static int raise_limit(void)
{
        return setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 30, RLIM_INFINITY});
}

static int grow_mount(void)
{
        return mount("none", scratch_path("small"), "tmpfs", MS_REMOUNT, "size=64m");
}

#define NO_MOUNT 77

/* Mounts of one's own: as root, or as the root of a user namespace, where one's own number must be known. */
static int enter_namespace(void)
{
        uid_t self = geteuid();

        if (unshare(CLONE_NEWNS) == 0)
                return 0;
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                return -1;
        FILE *map = fopen("/proc/self/uid_map", "w");
        if (!map)
                return -1;
        fprintf(map, "0 %lu 1\n", (unsigned long)self);
        return fclose(map);
}

static int fill_small_disk(void)
{
        if (enter_namespace() != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                mkdir(scratch_path("small"), 0700) < 0 ||
                mount("none", scratch_path("small"), "tmpfs", 0, "size=1m,mode=777") < 0 ||
                mkdir(scratch_path("small/probe"), 0700) < 0)
                return NO_MOUNT;
        return fill_up(scratch_path("small/j"), grow_mount);
}

static int in_a_process(int (*function)(void))
{
        int status;

        pid_t child = fork();
        if (child == 0)
                _exit(function());
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static int fill_limited_file(void)
{
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){500000, RLIM_INFINITY});
        return fill_up(scratch_path("limited"), raise_limit);
}

static void test_disk_full(void **state)
{
        (void)state;
        assert_int_equal(in_a_process(fill_limited_file), 0);
        int r = in_a_process(fill_small_disk);
        if (r == NO_MOUNT)
                print_message("SKIP: this system lets nobody mount a small file system here\n");
        else
                assert_int_equal(r, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_every_entry_comes_back_once, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_one_writer, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_rotation, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_sync_interval, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_torn_tail, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_damage_in_the_middle, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_damaged_header_and_release, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_disk_full, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
