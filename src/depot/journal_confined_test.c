/* SPDX-License-Identifier: EUPL-1.2 */
/* A process that was confined to the role of the store keeps a journal as before: all that it needs is among
 * what it kept, and all its files lie below the one path that it was given. */
#include "base/time.h"
#include "depot/journal.h"
#include "os/confine.h"
#include "os/scratch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#define ENTRIES 50

static int count_entry(void *context, const struct journal_entry *entry)
{
        (void)entry;
        (*(unsigned *)context)++;
        return 0;
}

/* Opens, writes over two hours, releases, closes, opens again and replays; where it failed. */
static int keep_a_journal(const char *folder)
{
        struct journal *journal;
        struct error error = {0};
        unsigned count = 0;
        const struct journal_replay_sink sink = {.context = &count, .entry = count_entry};

        if (journal_open(folder, NULL, &journal, NULL, &error) < 0)
                return 1;
        for (unsigned i = 0; i < ENTRIES; i++) {
                struct journal_entry entry = {.receipt_ms = (i / 25) * TIME_HOUR, .bytes = "x", .length = 1};
                if (journal_append(journal, &entry, NULL, &error) < 0 || journal_sync(journal, &error) < 0)
                        return 2;
        }
        if (journal_release(journal, 30, &error) < 0 || journal_close(journal, &error) < 0)
                return 3;
        if (journal_open(folder, NULL, &journal, NULL, &error) < 0 ||
                journal_replay(journal, &sink, NULL, &error) < 0)
                return 4;
        return journal_close(journal, &error) == 0 && count == ENTRIES - 30 ? 0 : 5;
}

static void test_a_confined_store_keeps_its_journal(void **state)
{
        int status;

        (void)state;
        assert_int_equal(mkdir(scratch_path("store"), 0700), 0);
        assert_int_equal(chmod(scratch, 0777), 0);
        assert_int_equal(chmod(scratch_path("store"), 0777), 0);
        pid_t child = fork();
        if (child == 0) {
                const struct confine_path path = {scratch_path("store"), CONFINE_READ | CONFINE_WRITE};
                const struct confine_plan plan = {.role = CONFINE_STORE,
                        .user = geteuid() == 0 ? "nobody" : NULL,
                        .paths = &path,
                        .path_count = 1,
                        .without_landlock = confine_landlock_version() == 0};
                struct error error = {0};
                _exit(confine(&plan, NULL, &error) < 0 ? 100 : keep_a_journal(scratch_path("store/j")));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_a_confined_store_keeps_its_journal, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
