/* SPDX-License-Identifier: EUPL-1.2 */
/* A writer of a sealed store that is killed at any instant, while it writes windows, destroys them and
 * changes the realm's key: what was reported published can be read, what was reported destroyed cannot, not
 * even from a copy made before. With ROGATORY_LONG=1 it is killed far more often. */
#include "depot/sealed_store_test.h"

#include "custody/realm_key.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#define WINDOWS 6

/* What the writer tells the parent: it is about to do something, or has done it. */
enum step { PUBLISHING, PUBLISHED, DESTROYING, DESTROYED };
struct report {
        uint8_t step, window;
        uint16_t port; /* of a published window */
};

/* What may stand in a window. */
struct expectation {
        int ports[2];   /* 0: none; the second while something is under way */
        bool destroyed; /* the copy made before must be unreadable */
};

static void tell(int pipe, enum step step, unsigned window, uint16_t port)
{
        struct report report = {.step = (uint8_t)step, .window = (uint8_t)window, .port = port};

        if (write(pipe, &report, sizeof report) != sizeof report)
                _exit(9);
}

static void copy_path(char path[128], unsigned window, const char *what)
{
        snprintf(path, 128, "copies/%u.%s", window, what);
}

/* Keeps file and key table of a window as they are, as a backup would. Both are only ever replaced by new
 * files, so a second name keeps the old content. */
static bool keep_copy(struct depot *depot, unsigned window)
{
        char path[128], stored[512], name[80];
        struct depot_files files;
        bool found = false;

        if (depot_nat_files(depot, "default", &files, NULL) < 0)
                return false;
        for (size_t i = 0; i < files.count && !found; i++) {
                if (files.items[i].from != ten + window * TIME_HOUR)
                        continue;
                copy_path(path, window, "seg");
                unlink(scratch_path(path));
                snprintf(name, sizeof name, "%s", files.items[i].name);
                snprintf(stored, sizeof stored, "%s/store/realms/default/nat/202611/%s", scratch, name);
                found = link(stored, scratch_path(path)) == 0;
                copy_path(path, window, "name");
                unlink(scratch_path(path));
                found = found && symlink(name, scratch_path(path)) == 0;
                copy_path(path, window, "keys");
                unlink(scratch_path(path));
                found = found && link(scratch_path("store/keys/default.keys"), scratch_path(path)) == 0;
        }
        depot_files_free(&files);
        return found;
}

static void work_for_ever(int report, unsigned seed)
{
        struct depot *depot;
        struct depot_destruction done;
        struct error error = {0};

        srand(seed);
        if (depot_open(scratch_path("store"), DEPOT_WRITE, &depot, &error) < 0)
                _exit(1);
        for (;;) {
                unsigned window = (unsigned)rand() % WINDOWS;
                bool destroys = rand() % 3 == 0;
                if (destroys)
                        tell(report, DESTROYING, window,
                                0); /* before the copy of earlier times is replaced */
                if (destroys && keep_copy(depot, window)) {
                        struct depot_doomed doomed = {DEPOT_NAT, ten + window * TIME_HOUR};
                        if (depot_destroy(depot, "default", &doomed, 1, &done, &error) < 0 ||
                                !done.final_here)
                                _exit(2);
                        tell(report, DESTROYED, window, 0);
                        continue;
                }
                uint16_t port = (uint16_t)(1024 + rand() % 60000);
                tell(report, PUBLISHING, window, port);
                if (publish_window(depot, ten + window * TIME_HOUR, port, 1 + (size_t)rand() % 600, &error) <
                        0)
                        _exit(3);
                tell(report, PUBLISHED, window, port);
        }
}

static void expect(struct expectation expected[WINDOWS], const struct report *report)
{
        struct expectation *window = &expected[report->window];

        if (report->step == PUBLISHING || report->step == DESTROYING) {
                window->ports[1] = report->port;
                /* The copy is now of what is not destroyed yet. */
                window->destroyed = window->destroyed && report->step != DESTROYING;
        } else {
                window->ports[0] = window->ports[1] = report->port;
                window->destroyed = report->step == DESTROYED;
        }
}

/* One life of a writer; returns how many steps it finished. */
static unsigned live_and_die(struct expectation expected[WINDOWS], unsigned microseconds, unsigned seed)
{
        struct report report;
        unsigned finished = 0;
        int pipes[2], status;

        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) {
                close(pipes[0]);
                work_for_ever(pipes[1], seed);
        }
        close(pipes[1]);
        struct timespec wait = {.tv_nsec = (long)microseconds * 1000};
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status))
                fail_msg("the writer gave up: %d", WEXITSTATUS(status));
        while (read(pipes[0], &report, sizeof report) == sizeof report) {
                expect(expected, &report);
                finished += report.step == PUBLISHED || report.step == DESTROYED;
        }
        close(pipes[0]);
        return finished;
}

/* Every window holds what was last reported, or what was under way. What is found is certain from now on. */
static void assert_windows(struct expectation expected[WINDOWS])
{
        struct depot *depot = open_store("store", DEPOT_READ);

        for (unsigned i = 0; i < WINDOWS; i++) {
                struct error error = {0};
                int port = first_port(depot, ten + i * TIME_HOUR, &error);
                if (port == -ENOENT)
                        port = 0;
                if (port != expected[i].ports[0] && port != expected[i].ports[1])
                        fail_msg("window %u: %d, expected %d or %d: %s", i, port, expected[i].ports[0],
                                expected[i].ports[1], error.text);
                expected[i].ports[0] = expected[i].ports[1] = port;
        }
        depot_close(depot);
}

/* The next writer leaves one key in the key file and nothing beside it. */
static void assert_one_key(void)
{
        struct realm_key_file file;
        struct buffer text = buffer_make(REALM_KEY_FILE_MAX);
        struct error error = {0};

        if (access(scratch_path("secret/realm.key"), F_OK) < 0)
                return; /* killed before the first key */
        assert_int_equal(file_read(scratch_path("secret/realm.key"), &text, &error), 0);
        assert_int_equal(
                realm_key_file_read(slice_make((char *)text.bytes, text.length), "k", &file, &error), 0);
        assert_int_equal(file.count, 1);
        buffer_free(&text);
        DIR *folder = opendir(scratch_path("secret"));
        unsigned count = 0;
        for (struct dirent *entry; (entry = readdir(folder));)
                count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        closedir(folder);
        assert_int_equal(count, 1);
}

/* Copies of what was destroyed, beside the key of now. */
static unsigned assert_copies_are_dead(const struct expectation expected[WINDOWS])
{
        unsigned tried = 0;

        for (unsigned i = 0; i < WINDOWS; i++) {
                char path[128], name[80] = "";
                struct error error = {0};
                if (!expected[i].destroyed)
                        continue;
                copy_path(path, i, "name");
                assert_true(readlink(scratch_path(path), name, sizeof name - 1) > 0);
                copy_path(path, i, "seg");
                unlink(scratch_path("copy/realms/default/nat/202611/now"));
                copy_file(scratch_path(path), scratch_path("copy/realms/default/nat/202611"), name);
                copy_path(path, i, "keys");
                copy_file(scratch_path(path), scratch_path("copy/keys"), "default.keys");
                struct depot *copy = open_store("copy", DEPOT_READ);
                int port = first_port(copy, ten + i * TIME_HOUR, &error);
                if (port != -EKEYREJECTED)
                        fail_msg("a copy of window %u: %d %s", i, port, error.text);
                depot_close(copy);
                snprintf(path, sizeof path, "copy/realms/default/nat/202611/%s", name);
                assert_int_equal(unlink(scratch_path(path)), 0);
                tried++;
        }
        return tried;
}

static void make_folders(void)
{
        static const char *const folders[] = {"copies", "copy", "copy/keys", "copy/realms",
                "copy/realms/default", "copy/realms/default/nat", "copy/realms/default/nat/202611"};
        struct error error = {0};

        for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
                assert_int_equal(folder_make(scratch_path(folders[i]), &error), 0);
        copy_file(scratch_path("store/rogatory.conf"), scratch_path("copy"), "rogatory.conf");
}

static void test_killed_writer_keeps_and_destroys(void **state)
{
        unsigned lives = getenv("ROGATORY_LONG") ? 2000 : 80, finished = 0, tried = 0;
        struct expectation expected[WINDOWS];

        (void)state;
        memset(expected, 0, sizeof expected);
        depot_close(make_sealed_store("store"));
        make_folders();
        srand(20261121);
        for (unsigned life = 0; life < lives || finished < 20 || tried == 0; life++) {
                finished += live_and_die(
                        expected, 1000 + (unsigned)rand() % (life < lives ? 30000 : 500000), life);
                assert_windows(expected);
                tried += assert_copies_are_dead(expected);
                /* Every other time a writer comes before the next look, and must change nothing. */
                if (life % 2) {
                        depot_close(open_store("store", DEPOT_WRITE));
                        assert_one_key();
                        assert_windows(expected);
                }
        }
        print_message("%u lives, %u steps finished, %u copies tried\n", lives, finished, tried);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_killed_writer_keeps_and_destroys, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
