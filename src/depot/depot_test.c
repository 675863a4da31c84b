/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/internal.h"
#include "os/file.h"
#include "os/scratch_test.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <cmocka.h>

static const int64_t ten = INT64_C(1795168800000); /* 2026-11-20T10:00:00Z */

static struct depot *must_open(enum depot_mode mode)
{
        struct depot *depot = NULL;
        struct error error = {0};
        if (depot_open(scratch_path("store"), mode, &depot, &error) < 0)
                fail_msg("%s", error.text);
        return depot;
}

static void publish(
        struct depot *depot, const char *realm, enum depot_kind kind, int64_t window, const char *content)
{
        struct depot_draft draft;
        struct error error = {0};

        if (depot_draft_begin(depot, realm, kind, window, &draft, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(draft.output.write(draft.output.context, content, strlen(content)), 0);
        if (depot_draft_publish(depot, &draft, &error) < 0)
                fail_msg("%s", error.text);
}

static bool exists(const char *name)
{
        return access(scratch_path(name), F_OK) == 0;
}

static unsigned mode_of(const char *name)
{
        struct stat status;
        assert_int_equal(stat(scratch_path(name), &status), 0);
        return status.st_mode & 07777;
}

static void test_create_and_open(void **state)
{
        struct depot *depot;
        struct error error = {0};

        (void)state;
        assert_int_equal(depot_open(scratch_path("store"), DEPOT_READ, &depot, &error), -ENOENT);
        assert_non_null(strstr(error.text, "rogatory import --store"));
        assert_int_equal(depot_open(scratch_path("store"), DEPOT_WRITE, &depot, &error), -ENOENT);
        assert_false(exists("store"));
        depot = must_open(DEPOT_CREATE);
        assert_non_null(settings_realm(depot_settings(depot), "default"));
        depot_close(depot);
        assert_int_equal(mode_of("store"), 0700);
        assert_int_equal(mode_of("store/rogatory.conf"), 0600);
        depot_close(must_open(DEPOT_READ));
        depot_close(must_open(DEPOT_WRITE));
        depot_close(must_open(DEPOT_CREATE));
}

static void test_foreign_folder_is_refused(void **state)
{
        struct depot *depot;
        struct error error = {0};

        (void)state;
        assert_int_equal(mkdir(scratch_path("store"), 0700), 0);
        assert_int_equal(file_publish(scratch_path("store"), "letter.txt", "x", 1, NULL), 0);
        assert_int_equal(depot_open(scratch_path("store"), DEPOT_CREATE, &depot, &error), -ENOTEMPTY);
        assert_non_null(strstr(error.text, "letter.txt"));
        assert_false(exists("store/rogatory.conf"));
        assert_int_equal(depot_open(scratch_path("store"), DEPOT_READ, &depot, &error), -ENOENT);
}

static void test_one_writer_many_readers(void **state)
{
        struct depot *other;
        struct error error = {0};

        (void)state;
        struct depot *writer = must_open(DEPOT_CREATE);
        assert_int_equal(depot_open(scratch_path("store"), DEPOT_WRITE, &other, &error), -EBUSY);
        struct depot *reader = must_open(DEPOT_READ);
        struct depot_draft draft;
        assert_int_equal(depot_draft_begin(reader, "default", DEPOT_NAT, ten, &draft, &error), -EPERM);
        depot_close(reader);
        depot_close(writer);
        depot_close(must_open(DEPOT_WRITE));
}

static void test_bad_settings_name_every_line(void **state)
{
        static const char bad[] = "[realm default]\nzone = Europe/Atlantis\nmaping = x\n";
        struct depot *depot;
        struct error error = {0};

        (void)state;
        depot_close(must_open(DEPOT_CREATE));
        assert_int_equal(file_publish(scratch_path("store"), "rogatory.conf", bad, strlen(bad), NULL), 0);
        assert_int_equal(depot_open(scratch_path("store"), DEPOT_READ, &depot, &error), -EINVAL);
        assert_non_null(strstr(error.text, "rogatory.conf:2: zone: \"Europe/Atlantis\""));
        assert_non_null(strstr(error.text, "rogatory.conf:3: unknown key \"maping\""));
}

static void test_settings_are_added(void **state)
{
        struct buffer text = buffer_make(4096);
        struct error error = {0};

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        buffer_append_text(&text, "[realm mobile]\nretain = 180d\n");
        assert_int_equal(depot_add_settings(depot, &text, &error), 0);
        assert_non_null(settings_realm(depot_settings(depot), "mobile"));
        /* A second section of that name is refused, and the file stays sound. */
        assert_int_equal(depot_add_settings(depot, &text, &error), -EINVAL);
        assert_non_null(settings_realm(depot_settings(depot), "mobile"));
        depot_close(depot);
        depot = must_open(DEPOT_READ);
        assert_int_equal(settings_realm(depot_settings(depot), "mobile")->retain_ms, 180 * TIME_DAY);
        assert_int_equal(depot_add_settings(depot, &text, &error), -EPERM);
        depot_close(depot);
        buffer_free(&text);
}

static void test_generations(void **state)
{
        struct depot_files files;
        struct depot_destruction done;
        struct error error = {0};

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        assert_int_equal(depot_nat_files(depot, "default", &files, &error), 0);
        assert_int_equal(files.count, 0);
        publish(depot, "default", DEPOT_NAT, ten + TIME_HOUR, "later");
        publish(depot, "default", DEPOT_NAT, ten, "first");
        publish(depot, "default", DEPOT_NAT, ten, "second!");
        publish(depot, "mobile", DEPOT_LEASES, DEPOT_LEASE_WINDOW_FROM, "leases");
        assert_true(exists("store/realms/default/nat/202611/20261120T10Z.000002.seg"));
        assert_false(exists("store/realms/default/nat/202611/20261120T10Z.000001.seg"));
        assert_true(exists("store/realms/mobile/leases/all.000001.lse"));
        assert_int_equal(mode_of("store/realms/default/nat/202611"), 0700);
        assert_int_equal(mode_of("store/realms/default/nat/202611/20261120T10Z.000002.seg"), 0600);

        assert_int_equal(depot_nat_files(depot, "default", &files, &error), 0);
        assert_int_equal(files.count, 2);
        assert_string_equal(files.items[0].name, "20261120T10Z.000002.seg");
        assert_int_equal(files.items[0].from, ten);
        assert_int_equal(files.items[0].to, ten + TIME_HOUR);
        assert_int_equal(files.items[0].generation, 2);
        assert_int_equal(files.items[0].size, 7);
        assert_int_equal(files.items[1].from, ten + TIME_HOUR);
        depot_files_free(&files);
        assert_int_equal(depot_lease_files(depot, "mobile", &files, &error), 0);
        assert_int_equal(files.count, 1);
        depot_files_free(&files);
        assert_int_equal(
                depot_destroy(depot, "default", &(struct depot_doomed){DEPOT_NAT, ten}, 1, &done, &error), 0);
        assert_false(exists("store/realms/default/nat/202611/20261120T10Z.000002.seg"));
        depot_close(depot);
}

static void test_realms_are_listed(void **state)
{
        char **names = NULL;
        size_t count = 7;
        struct error error = {0};

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        assert_int_equal(depot_realms(depot, &names, &count, &error), 0);
        assert_int_equal(count, 0);
        publish(depot, "b", DEPOT_NAT, ten, "x");
        publish(depot, "a", DEPOT_LEASES, DEPOT_LEASE_WINDOW_FROM, "x");
        assert_int_equal(depot_realms(depot, &names, &count, &error), 0);
        assert_int_equal(count, 2);
        assert_string_equal(names[0], "a");
        assert_string_equal(names[1], "b");
        free(names[0]);
        free(names[1]);
        free(names);
        depot_close(depot);
}

static void test_path_tricks_are_refused(void **state)
{
        static const char *const names[] = {"", ".", "..", "../x", "a/b", "a b", ".x"};
        struct depot_draft draft;
        struct depot_files files;
        struct error error = {0};

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                assert_int_equal(depot_draft_begin(depot, names[i], DEPOT_NAT, ten, &draft, &error), -EINVAL);
                assert_int_equal(depot_nat_files(depot, names[i], &files, &error), -EINVAL);
        }
        assert_int_equal(depot_draft_begin(depot, "a", DEPOT_NAT, ten + 1, &draft, &error), -EINVAL);
        assert_int_equal(depot_draft_begin(depot, "a", DEPOT_LEASES, ten, &draft, &error), -EINVAL);
        assert_int_equal(depot_draft_begin(depot, "a", DEPOT_NAT, -TIME_HOUR, &draft, &error), -EINVAL);
        depot_close(depot);
}

static void test_abandoned_draft_leaves_nothing(void **state)
{
        struct depot_draft draft;
        struct error error = {0};

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        publish(depot, "default", DEPOT_NAT, ten, "stays");
        assert_int_equal(depot_draft_begin(depot, "default", DEPOT_NAT, ten, &draft, &error), 0);
        assert_int_equal(draft.generation, 2);
        assert_int_equal(draft.output.write(draft.output.context, "goes", 4), 0);
        depot_draft_abandon(&draft);
        assert_true(exists("store/realms/default/nat/202611/20261120T10Z.000001.seg"));
        assert_false(exists("store/realms/default/nat/202611/.20261120T10Z.000002.seg.tmp"));
        depot_close(depot);
}

/* A write that failed (here: on a full device) can never be published, even if the caller
 * goes on. */
static void test_failed_write_is_not_published(void **state)
{
        struct depot_draft draft;
        struct error error = {0};
        static char large[600 * 1024];

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        publish(depot, "default", DEPOT_NAT, ten, "stays");
        assert_int_equal(depot_draft_begin(depot, "default", DEPOT_NAT, ten, &draft, &error), 0);
        int good = dup(draft.file), bad = open("/dev/full", O_WRONLY);
        assert_int_equal(dup2(bad, draft.file), draft.file);
        assert_int_equal(draft.output.write(draft.output.context, large, sizeof large), -ENOSPC);
        assert_int_equal(dup2(good, draft.file), draft.file);
        assert_int_equal(draft.output.write(draft.output.context, "more", 4), -ENOSPC);
        assert_int_equal(depot_draft_publish(depot, &draft, &error), -ENOSPC);
        assert_non_null(strstr(error.text, "cannot be written"));
        assert_true(exists("store/realms/default/nat/202611/20261120T10Z.000001.seg"));
        assert_false(exists("store/realms/default/nat/202611/20261120T10Z.000002.seg"));
        assert_false(exists("store/realms/default/nat/202611/.20261120T10Z.000002.seg.tmp"));
        close(good);
        close(bad);
        depot_close(depot);
}

static void test_dead_writers_are_tidied_up_after(void **state)
{
        struct error error = {0};

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        publish(depot, "default", DEPOT_NAT, ten, "one");
        depot_close(depot);
        const char *folder = scratch_path("store/realms/default/nat/202611");
        assert_int_equal(file_publish(folder, "20261120T10Z.000002.seg", "two", 3, &error), 0);
        assert_int_equal(file_publish(folder, ".20261120T10Z.000003.seg.tmp", "thr", 3, &error), 0);
        assert_int_equal(file_publish(folder, "20261120T10Z.2.seg", "no name of ours", 3, &error), 0);
        assert_int_equal(file_publish(scratch_path("store"), ".rogatory.conf.77.tmp", "x", 1, &error), 0);

        /* Readers see the highest generation and touch nothing. */
        struct depot_files files;
        depot = must_open(DEPOT_READ);
        assert_int_equal(depot_nat_files(depot, "default", &files, &error), 0);
        assert_int_equal(files.count, 1);
        assert_int_equal(files.items[0].generation, 2);
        depot_files_free(&files);
        depot_close(depot);
        assert_true(exists("store/realms/default/nat/202611/20261120T10Z.000001.seg"));

        depot_close(must_open(DEPOT_WRITE));
        assert_false(exists("store/realms/default/nat/202611/20261120T10Z.000001.seg"));
        assert_true(exists("store/realms/default/nat/202611/20261120T10Z.000002.seg"));
        assert_false(exists("store/realms/default/nat/202611/.20261120T10Z.000003.seg.tmp"));
        assert_true(exists("store/realms/default/nat/202611/20261120T10Z.2.seg"));
        assert_false(exists("store/.rogatory.conf.77.tmp"));
}

/* Root writes in a store that is somebody else's: what he makes must not lock the owner out, and he must not
 * be led to what is not in the store. */
static void test_what_root_makes_is_the_owners(void **state)
{
        struct error error = {0};
        struct depot_draft draft;
        struct stat status;
        char path[512];

        (void)state;
        if (geteuid() != 0) {
                print_message("SKIP: only root can write in somebody else's store\n");
                return;
        }
        struct depot *depot;
        assert_int_equal(depot_open(scratch_path("owned"), DEPOT_CREATE, &depot, &error), 0);
        depot_close(depot);
        assert_int_equal(chown(scratch_path("owned"), 12345, 12345), 0);
        snprintf(path, sizeof path, "%s", scratch_path("elsewhere"));
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fclose(file);
        char link_name[512], hard_name[512];
        snprintf(link_name, sizeof link_name, "%s/link", scratch_path("owned"));
        assert_int_equal(symlink(path, link_name), 0);
        snprintf(hard_name, sizeof hard_name, "%s/hard", scratch_path("owned"));
        assert_int_equal(link(path, hard_name), 0);
        assert_int_equal(depot_open(scratch_path("owned"), DEPOT_WRITE, &depot, &error), 0);
        assert_int_equal(depot_draft_begin(depot, "default", DEPOT_NAT, 0, &draft, &error), 0);
        assert_int_equal(draft.output.write(draft.output.context, "x", 1), 0);
        assert_int_equal(depot_draft_publish(depot, &draft, &error), 0);
        depot_close(depot);
        snprintf(path, sizeof path, "%s/realms/default/nat/197001/19700101T00Z.000001.seg",
                scratch_path("owned"));
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_uid, 12345);
        snprintf(path, sizeof path, "%s/rogatory.conf", scratch_path("owned"));
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_uid, 12345);
        assert_int_equal(stat(scratch_path("elsewhere"), &status), 0);
        assert_int_equal(status.st_uid, 0);
}

static void test_names_round_trip(void **state)
{
        static const char *const bad[] = {"20261120T10Z.000000.seg", "20261120T24Z.000001.seg",
                "20261131T10Z.000001.seg", "20261120T10Z.00001.seg", "20261120T10Z.000001.lse",
                "20261120t10Z.000001.seg", "20261120T10Z.000001.seg.tmp", "19691231T23Z.000001.seg",
                "22620101T00Z.000001.seg", "20261120T+1Z.000001.seg", ""};
        struct depot_file file;
        char name[80];

        (void)state;
        for (int64_t window = 0; window < TIME_LIMIT; window += 12345 * TIME_HOUR) {
                depot_name_write(name, sizeof name, DEPOT_NAT, window, 1 + (uint64_t)window % 999999);
                assert_true(depot_name_read(name, DEPOT_NAT, &file));
                assert_int_equal(file.from, window);
                assert_int_equal(file.generation, 1 + (uint64_t)window % 999999);
                assert_string_equal(file.name, name);
                assert_false(depot_name_read(name, DEPOT_LEASES, &file));
        }
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                assert_false(depot_name_read(bad[i], DEPOT_NAT, &file));
        assert_true(depot_name_read("all.000001.lse", DEPOT_LEASES, &file));
        assert_false(depot_name_read("all.000001.lse", DEPOT_PLANS, &file));
        assert_true(depot_name_read("all.000001.pln", DEPOT_PLANS, &file));
        assert_false(depot_name_read("all.000001.pln", DEPOT_LEASES, &file));
        assert_int_equal(file.to, TIME_LIMIT);
        assert_false(depot_name_read("20261120.000001.lse", DEPOT_LEASES, &file));
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                SCRATCH_TEST(test_create_and_open),
                SCRATCH_TEST(test_foreign_folder_is_refused),
                SCRATCH_TEST(test_one_writer_many_readers),
                SCRATCH_TEST(test_bad_settings_name_every_line),
                SCRATCH_TEST(test_settings_are_added),
                SCRATCH_TEST(test_generations),
                SCRATCH_TEST(test_realms_are_listed),
                SCRATCH_TEST(test_path_tricks_are_refused),
                SCRATCH_TEST(test_abandoned_draft_leaves_nothing),
                SCRATCH_TEST(test_failed_write_is_not_published),
                SCRATCH_TEST(test_dead_writers_are_tidied_up_after),
                SCRATCH_TEST(test_what_root_makes_is_the_owners),
                cmocka_unit_test(test_names_round_trip),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
