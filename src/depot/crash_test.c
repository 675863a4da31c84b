/* SPDX-License-Identifier: EUPL-1.2 */
/* A writer that is killed at any instant leaves a store that opens, in which every window that was published
 * before is whole and stands in its newest or its next generation. With ROGATORY_LONG=1 it is killed far more
 * often. */
#include "base/checksum.h"
#include "depot/internal.h"
#include "os/file.h"
#include "os/scratch_test.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#define WINDOWS 3
#define CONTENT (512 * 1024)

static const int64_t ten = INT64_C(1795168800000); /* 2026-11-20T10:00:00Z */

/* Generation, then filling that follows from it, then the checksum of both. */
static void make_content(uint8_t content[CONTENT], uint64_t generation)
{
        uint64_t number = generation * UINT64_C(0x9e3779b97f4a7c15) + 1;

        for (size_t i = 0; i < CONTENT; i += 8) {
                uint64_t value =
                        i == 0 ? generation : (number = number * 6364136223846793005u + 1442695040888963407u);
                memcpy(content + i, &value, 8);
        }
        uint64_t sum = checksum(content, CONTENT - 8);
        memcpy(content + CONTENT - 8, &sum, 8);
}

/* Publishes without end; tells the parent of every window that is published by its number. */
static void write_for_ever(int report)
{
        static uint8_t content[CONTENT];
        struct depot *depot;
        struct depot_draft draft;
        struct error error = {0};

        if (depot_open(scratch_path("store"), DEPOT_CREATE, &depot, &error) < 0)
                _exit(1);
        for (unsigned round = 0;; round++) {
                uint8_t window = (uint8_t)(round % WINDOWS);
                if (depot_draft_begin(depot, "default", DEPOT_NAT, ten + window * TIME_HOUR, &draft, &error) <
                        0)
                        _exit(2);
                make_content(content, draft.generation);
                for (size_t at = 0; at < CONTENT; at += 4096)
                        if (draft.output.write(draft.output.context, content + at, 4096) < 0)
                                _exit(3);
                if (depot_draft_publish(depot, &draft, &error) < 0)
                        _exit(4);
                if (write(report, &window, 1) != 1)
                        _exit(5);
        }
}

static void assert_store_is_whole(const uint64_t least[WINDOWS], uint64_t found_generation[WINDOWS])
{
        static uint8_t expected[CONTENT];
        struct depot *depot;
        struct depot_files files;
        struct error error = {0};

        if (depot_open(scratch_path("store"), DEPOT_READ, &depot, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(depot_nat_files(depot, "default", &files, &error), 0);
        memset(found_generation, 0, WINDOWS * sizeof *found_generation);
        for (size_t i = 0; i < files.count; i++) {
                char path[PATH_MAX];
                struct file_map map;

                assert_int_equal(depot_file_path(depot, "default", DEPOT_NAT, files.items[i].name, path,
                                         sizeof path, &error),
                        0);
                assert_int_equal(file_map(path, &map, &error), 0);
                make_content(expected, files.items[i].generation);
                assert_int_equal(map.length, CONTENT);
                assert_memory_equal(map.bytes, expected, CONTENT);
                file_unmap(&map);
                found_generation[(files.items[i].from - ten) / TIME_HOUR] = files.items[i].generation;
        }
        for (size_t i = 0; i < WINDOWS; i++)
                assert_true(found_generation[i] >= least[i] && found_generation[i] <= least[i] + 1);
        depot_files_free(&files);
        depot_close(depot);
}

/* One life of a writer; returns how many windows it published. */
static unsigned live_and_die(uint64_t least[WINDOWS], unsigned microseconds)
{
        unsigned published = 0;
        uint8_t window;
        int pipes[2];
        int status;

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
        assert_true(WIFSIGNALED(status));
        while (read(pipes[0], &window, 1) == 1) {
                least[window]++;
                published++;
        }
        close(pipes[0]);
        return published;
}

static unsigned count_files(const char *path)
{
        unsigned count = 0;
        DIR *folder = opendir(path);

        assert_non_null(folder);
        for (struct dirent *entry; (entry = readdir(folder));)
                count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        closedir(folder);
        return count;
}

static bool every_window_was_published(const uint64_t least[WINDOWS])
{
        for (size_t i = 0; i < WINDOWS; i++) {
                if (least[i] == 0)
                        return false;
        }
        return true;
}

static void test_killed_writer_leaves_a_whole_store(void **state)
{
        unsigned lives = getenv("ROGATORY_LONG") ? 2000 : 60, published = 0;
        uint64_t least[WINDOWS] = {0}, found[WINDOWS];
        struct depot *depot;
        struct error error = {0};

        (void)state;
        assert_int_equal(depot_open(scratch_path("store"), DEPOT_CREATE, &depot, &error), 0);
        depot_close(depot);
        srand(20261120);
        /* A test whose writer never got anywhere would prove nothing; on a busy machine that takes longer. */
        for (unsigned life = 0; life < lives || !every_window_was_published(least); life++) {
                published += live_and_die(least, life < lives ? (unsigned)rand() % 40000 : 900000);
                assert_store_is_whole(least, found);
                memcpy(least, found, sizeof least);
        }

        /* The next writer leaves one file per window, and no temporaries. */
        assert_int_equal(depot_open(scratch_path("store"), DEPOT_WRITE, &depot, &error), 0);
        depot_close(depot);
        assert_int_equal(count_files(scratch_path("store/realms/default/nat/202611")), WINDOWS);
        print_message("%u lives, %u windows published\n", lives, published);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_killed_writer_leaves_a_whole_store, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
