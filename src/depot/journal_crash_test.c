/* SPDX-License-Identifier: EUPL-1.2 */
/* A writer that is killed at any instant has lost nothing that it had flushed; each of these entries comes
 * back exactly once and in order, and none that was released. With ROGATORY_LONG=1 two hundred are killed. */
#include "base/time.h"
#include "depot/journal.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/scratch_test.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

static const int64_t ten = INT64_C(1795168800000); /* 2026-11-20T10:00:00Z */

/* What a writer tells its parent: up to where entries are flushed and released. */
struct progress {
        uint64_t flushed, released;
};

/* Content follows from the sequence, so that a replay can be judged by what it delivers alone. */
static size_t make_content(uint64_t sequence, uint8_t bytes[2000])
{
        size_t length = 8 + (sequence * 2654435761u >> 7) % 1900;

        memcpy(bytes, &sequence, 8);
        for (size_t i = 8; i < length; i++)
                bytes[i] = (uint8_t)(sequence * 31 + i * 7);
        return length;
}

static struct key_sources sources; /* with ROGATORY_SEALED: a key file */

static void choose_sources(void)
{
        struct error error = {0};
        char text[300];

        sources.count = 0;
        if (!getenv("ROGATORY_SEALED"))
                return;
        snprintf(text, sizeof text, "file:%s", scratch_path("secret/journal.key"));
        assert_int_equal(folder_make(scratch_path("secret"), &error), 0);
        assert_int_equal(key_sources_read(slice_of(text), &sources, &error), 0);
}

static void write_for_ever(int report)
{
        const struct journal_options options = {
                .sync_interval_ms = 3, .file_bytes_max = 300000, .key = sources};
        struct journal *journal;
        struct error error = {0};
        uint8_t bytes[2000];

        if (journal_open(scratch_path("j"), &options, &journal, NULL, &error) < 0)
                _exit(1);
        for (unsigned round = 1;; round++) {
                for (unsigned i = 0; i < 1 + round % 40; i++) {
                        uint64_t sequence = journal_state(journal).next;
                        struct journal_entry entry = {
                                .receipt_ms = ten + (int64_t)(sequence / 2000) * TIME_HOUR, .bytes = bytes};
                        entry.length = make_content(sequence, bytes);
                        if (journal_append(journal, &entry, NULL, &error) < 0)
                                _exit(2);
                }
                if (journal_tick(journal, clock_steady_ms(), &error) < 0)
                        _exit(3);
                struct journal_state now = journal_state(journal);
                if (round % 100 == 0 && now.flushed > 500 &&
                        journal_release(journal, now.flushed - 500, &error) < 0)
                        _exit(4);
                struct progress progress = {now.flushed, journal_state(journal).released};
                if (write(report, &progress, sizeof progress) != (ssize_t)sizeof progress)
                        _exit(5);
        }
}

struct replaying {
        uint64_t first, next;
};

static int check_entry(void *context, const struct journal_entry *entry)
{
        struct replaying *replaying = context;
        uint8_t expected[2000];

        if (replaying->first == 0)
                replaying->first = entry->sequence;
        else
                assert_int_equal(entry->sequence, replaying->next);
        replaying->next = entry->sequence + 1;
        assert_int_equal(entry->length, make_content(entry->sequence, expected));
        assert_memory_equal(entry->bytes, expected, entry->length);
        return 0;
}

static void assert_journal_is_whole(const struct progress *progress)
{
        struct replaying replaying = {0};
        const struct journal_replay_sink sink = {.context = &replaying, .entry = check_entry};
        struct journal_replayed replayed;
        const struct journal_options options = {.key = sources};
        struct journal *journal;
        struct error error = {0};

        if (journal_open(scratch_path("j"), &options, &journal, NULL, &error) < 0 ||
                journal_replay(journal, &sink, &replayed, &error) < 0)
                fail_msg("%s", error.text);
        struct journal_state state = journal_state(journal);
        assert_int_equal(replayed.lost + replayed.repeated + replayed.damaged_files, 0);
        /* The release that it was about to tell of may be done. */
        assert_true(state.released >= progress->released);
        if (progress->flushed > 1)
                assert_int_equal(replaying.first, state.released + 1);
        assert_true(replaying.next >= progress->flushed);
        assert_true(state.next == replaying.next || replaying.next == 0);
        assert_int_equal(journal_close(journal, &error), 0);
}

static void live_and_die(struct progress *progress, unsigned microseconds)
{
        int pipes[2], status;

        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) {
                close(pipes[0]);
                write_for_ever(pipes[1]);
        }
        close(pipes[1]);
        /* Most are killed while they write, some while they open. */
        struct progress last;
        if (microseconds % 4 != 0 && read(pipes[0], &last, sizeof last) == (ssize_t)sizeof last)
                *progress = last;
        nanosleep(&(struct timespec){.tv_nsec = (long)microseconds * 1000}, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        while (read(pipes[0], &last, sizeof last) == (ssize_t)sizeof last)
                *progress = last;
        close(pipes[0]);
}

static bool has_lived(const struct progress *progress)
{
        return progress->flushed > 1000 && progress->released > 0;
}

static void test_killed_writer_loses_nothing_flushed(void **state)
{
        unsigned lives = getenv("ROGATORY_LONG") ? 200 : 25;
        struct progress progress = {0};

        (void)state;
        srand(20261120);
        choose_sources();
        /* A busy machine gives a short life no time for anything: then there are more of them. */
        for (unsigned life = 0; life < lives || (life < 20 * lives && !has_lived(&progress)); life++) {
                live_and_die(&progress, (unsigned)rand() % 40000 + 10000 * (life / lives));
                assert_journal_is_whole(&progress);
        }
        /* A test whose writer never got anywhere would prove nothing. */
        assert_true(has_lived(&progress));
        print_message("%u lives, %lu entries flushed, %lu released\n", lives, (unsigned long)progress.flushed,
                (unsigned long)progress.released);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_killed_writer_loses_nothing_flushed, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
