/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/internal.h"
#include "os/file.h"
#include "os/scratch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <utime.h>
#include <cmocka.h>

#define OUTSIDE 0xc6336407u /* 198.51.100.7 */

static const int64_t ten = INT64_C(1795168800000); /* 2026-11-20T10:00:00Z */

static struct depot *must_open(enum depot_mode mode)
{
        struct depot *depot = NULL;
        struct error error = {0};
        if (depot_open(scratch_path("store"), mode, &depot, &error) < 0)
                fail_msg("%s", error.text);
        return depot;
}

/* Publishes a window that holds one binding of this outside port. */
static void publish(struct depot *depot, const char *realm, int64_t window, uint16_t port)
{
        static const char *const exporters[] = {"cgn-1"};
        struct depot_draft draft;
        struct segment_writer *writer = NULL;
        struct segment_header written;
        struct host_table hosts;
        struct coverage coverage = {.spans = NULL};
        struct error error = {0};
        struct nat_host host = {.address = address_from_ipv4(0x64400001)};
        struct nat_binding binding = {.from_ms = window + 1000,
                .to_ms = window + 2000,
                .outside = OUTSIDE,
                .port_first = port,
                .port_last = port,
                .protocol = 6,
                .from_edge = EDGE_OBSERVED,
                .to_edge = EDGE_OBSERVED};

        assert_int_equal(host_table_init(&hosts, 16), 0);
        assert_int_equal(host_intern(&hosts, &host, &binding.inside), 0);
        if (depot_draft_begin(depot, realm, DEPOT_NAT, window, &draft, &error) < 0)
                fail_msg("%s", error.text);
        struct segment_header header = {
                .window_from = window, .window_to = window + DEPOT_WINDOW_MS, .generation = draft.generation};
        snprintf(header.realm, sizeof header.realm, "%s", realm);
        assert_int_equal(segment_writer_new(&header, exporters, 1, &draft.output, &writer), 0);
        assert_int_equal(segment_writer_sheet(writer, &binding, 1, &hosts, &error), 0);
        assert_int_equal(segment_writer_finish(writer, &coverage, &written, &error), 0);
        segment_writer_free(writer);
        host_table_free(&hosts);
        if (depot_draft_publish(depot, &draft, &error) < 0)
                fail_msg("%s", error.text);
}

/* The port of the one binding in a window. */
static int port_in(struct depot *depot, const char *realm, int64_t window)
{
        struct depot_window opened;
        struct host_table hosts;
        struct binding_list list = {.items = NULL};
        struct error error = {0};

        if (depot_window_open(depot, realm, window, &opened, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(opened.file.from, window);
        assert_int_equal(opened.file.size, opened.map_length);
        assert_int_equal(host_table_init(&hosts, 16), 0);
        assert_int_equal(segment_query(opened.segment, OUTSIDE, -1, window, window + DEPOT_WINDOW_MS, &hosts,
                                 NULL, &list, NULL, &error),
                0);
        assert_int_equal(list.count, 1);
        int port = list.items[0].port_first;
        binding_list_free(&list);
        host_table_free(&hosts);
        depot_window_release(&opened);
        return port;
}

static void test_window_is_found(void **state)
{
        struct depot_window window;
        struct error error = {0};

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        publish(depot, "a", ten, 1001);
        publish(depot, "a", ten + DEPOT_WINDOW_MS, 1002);
        publish(depot, "b", ten, 1003);
        assert_int_equal(port_in(depot, "a", ten), 1001);
        assert_int_equal(port_in(depot, "a", ten + DEPOT_WINDOW_MS), 1002);
        assert_int_equal(port_in(depot, "b", ten), 1003);
        assert_int_equal(depot_window_open(depot, "b", ten + DEPOT_WINDOW_MS, &window, &error), -ENOENT);
        assert_int_equal(depot_window_open(depot, "c", ten, &window, &error), -ENOENT);
        assert_int_equal(depot_window_open(depot, "../a", ten, &window, &error), -EINVAL);
        depot_close(depot);
}

/* A reader that stays open sees every merge, also where it has looked at the folder before and the folder is
 * old enough for its listing to be kept. */
static void test_open_reader_sees_merges(void **state)
{
        const struct utimbuf long_ago = {.actime = 1000000, .modtime = 1000000};

        (void)state;
        struct depot *writer = must_open(DEPOT_CREATE);
        publish(writer, "a", ten, 1);
        struct depot *reader = must_open(DEPOT_READ);
        for (uint16_t port = 1; port < 20; port++) {
                if (port % 2) {
                        assert_int_equal(utime(scratch_path("store/realms/a/nat"), &long_ago), 0);
                        assert_int_equal(utime(scratch_path("store/realms/a/nat/202611"), &long_ago), 0);
                }
                assert_int_equal(port_in(reader, "a", ten), port);
                assert_int_equal(port_in(reader, "a", ten), port);
                publish(writer, "a", ten, port + 1);
        }
        depot_close(reader);
        depot_close(writer);
}

/* Where versions before 0.2.0 put it. */
static void make_loose(const char *name)
{
        char from[120], to[120], path[512];

        snprintf(from, sizeof from, "store/realms/a/nat/%.6s/%s", name, name);
        snprintf(to, sizeof to, "store/realms/a/nat/%s", name);
        snprintf(path, sizeof path, "%s", scratch_path(from));
        assert_int_equal(rename(path, scratch_path(to)), 0);
}

static size_t listed(struct depot *depot, int64_t from, int64_t to)
{
        struct depot_files files;
        struct error error = {0};

        assert_int_equal(depot_nat_names_between(depot, "a", from, to, &files, &error), 0);
        for (size_t i = 0; i < files.count; i++)
                assert_true(files.items[i].from >= from && files.items[i].from <= to &&
                            (i == 0 || files.items[i].from > files.items[i - 1].from));
        size_t count = files.count;
        depot_files_free(&files);
        return count;
}

static void expect_around(
        struct depot *depot, int64_t at, size_t wanted, size_t count, int64_t first, int64_t last)
{
        struct depot_files files;
        struct error error = {0};

        assert_int_equal(depot_nat_names_around(depot, "a", at, wanted, &files, &error), 0);
        assert_int_equal(files.count, count);
        if (count > 0) {
                assert_int_equal(files.items[0].from, first);
                assert_int_equal(files.items[count - 1].from, last);
        }
        depot_files_free(&files);
}

/* Windows lie in the folder of their month; where older versions wrote them they are found as well, in any
 * order of both, and give way to what is merged anew. */
static void test_months_and_what_lies_beside_them(void **state)
{
        const int64_t year = 365 * TIME_DAY;
        struct depot_destruction done;
        struct depot_window window;
        struct depot_files files;
        struct error error = {0};
        char path[512];

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        assert_int_equal(depot_has_nat(depot, "a", &error), 0);
        expect_around(depot, ten, 4, 0, 0, 0);
        publish(depot, "a", ten - year, 1);
        publish(depot, "a", ten - TIME_HOUR, 2);
        publish(depot, "a", ten, 3);
        publish(depot, "a", ten + 20 * TIME_DAY, 4); /* the month after */
        assert_int_equal(depot_has_nat(depot, "a", &error), 1);
        for (int loose = 0; loose < 2; loose++) {
                assert_int_equal(depot_nat_files(depot, "a", &files, &error), 0);
                assert_int_equal(files.count, 4);
                assert_int_equal(files.items[2].loose, loose);
                assert_true(files.items[2].size > 0);
                depot_files_free(&files);
                assert_int_equal(listed(depot, ten - TIME_HOUR, ten), 2);
                assert_int_equal(listed(depot, ten - TIME_HOUR + 1, ten), 1);
                assert_int_equal(listed(depot, TIME_FIRST, TIME_LIMIT), 4);
                assert_int_equal(listed(depot, ten + 1, ten), 0);
                expect_around(depot, ten, 1, 2, ten, ten + 20 * TIME_DAY);
                expect_around(depot, ten, 3, 4, ten - year, ten + 20 * TIME_DAY);
                expect_around(depot, ten - 1, 1, 2, ten - TIME_HOUR, ten);
                expect_around(depot, ten - 2 * year, 2, 2, ten - year, ten - TIME_HOUR);
                expect_around(depot, ten + 2 * year, 2, 2, ten, ten + 20 * TIME_DAY);
                for (int i = 0; i < 12; i++) { /* by a look at the folder, and out of a listing */
                        assert_int_equal(port_in(depot, "a", ten), 3);
                        assert_int_equal(port_in(depot, "a", ten - year), 1);
                        assert_int_equal(
                                depot_window_open(depot, "a", ten + TIME_HOUR, &window, &error), -ENOENT);
                }
                assert_int_equal(depot_file_path(depot, "a", DEPOT_NAT, "20261120T10Z.000001.seg", path,
                                         sizeof path, &error),
                        0);
                assert_int_equal(access(path, F_OK), 0);
                if (!loose) {
                        make_loose("20261120T10Z.000001.seg");
                        make_loose("20251120T10Z.000001.seg");
                }
        }
        /* A window that is merged moves into its month. */
        publish(depot, "a", ten, 7);
        assert_int_equal(port_in(depot, "a", ten), 7);
        assert_int_equal(access(scratch_path("store/realms/a/nat/20261120T10Z.000001.seg"), F_OK), -1);
        assert_int_equal(access(scratch_path("store/realms/a/nat/202611/20261120T10Z.000002.seg"), F_OK), 0);
        publish(depot, "a", ten, 8);
        depot_close(depot);
        depot = must_open(DEPOT_WRITE);
        assert_int_equal(port_in(depot, "a", ten), 8);
        const struct depot_doomed doomed[] = {{DEPOT_NAT, ten - year}, {DEPOT_NAT, ten}};
        assert_int_equal(depot_destroy(depot, "a", doomed, 2, &done, &error), 0);
        assert_int_equal(done.files, 2);
        assert_int_equal(listed(depot, TIME_FIRST, TIME_LIMIT), 2);
        /* What is of another month than its folder is no window. */
        snprintf(path, sizeof path, "%s", scratch_path("store/realms/a/nat/202611/20261120T09Z.000001.seg"));
        assert_int_equal(rename(path, scratch_path("store/realms/a/nat/202612/20261120T09Z.000001.seg")), 0);
        assert_int_equal(listed(depot, TIME_FIRST, TIME_LIMIT), 1);
        depot_close(depot);
}

/* A file that was copied to another realm, hour or generation must not answer there. */
static void test_misplaced_file_is_refused(void **state)
{
        static const char *const names[] = {"store/realms/a/nat/202611/20261120T11Z.000001.seg",
                "store/realms/b/nat/202611/20261120T10Z.000001.seg",
                "store/realms/a/nat/202611/20261120T10Z.000002.seg"};
        const int64_t windows[] = {ten + DEPOT_WINDOW_MS, ten, ten};
        static const char *const realms[] = {"a", "b", "a"};
        struct depot_window window;
        struct error error = {0};

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        publish(depot, "a", ten, 1001);
        publish(depot, "b", ten - DEPOT_WINDOW_MS, 1001);
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(link(scratch_path("store/realms/a/nat/202611/20261120T10Z.000001.seg"),
                                         scratch_path(names[i])),
                        0);
                assert_int_equal(depot_window_open(depot, realms[i], windows[i], &window, &error), -EBADMSG);
                assert_non_null(strstr(error.text, strrchr(names[i], '/')));
                assert_int_equal(unlink(scratch_path(names[i])), 0);
        }
        assert_int_equal(port_in(depot, "a", ten), 1001);
        depot_close(depot);
}

static void test_damaged_and_cut_files_are_refused(void **state)
{
        const char *folder = scratch_path("store/realms/a/nat/202611");
        struct buffer content = buffer_make(1 << 20);
        struct depot_window window;
        struct error error = {0};

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        publish(depot, "a", ten, 1001);
        assert_int_equal(file_read(scratch_path("store/realms/a/nat/202611/20261120T10Z.000001.seg"),
                                 &content, &error),
                0);
        for (size_t length = 0; length < content.length; length += 7) {
                assert_int_equal(
                        file_publish(folder, "20261120T10Z.000001.seg", content.bytes, length, &error), 0);
                assert_int_equal(depot_window_open(depot, "a", ten, &window, &error), -EBADMSG);
                assert_non_null(strstr(error.text, "20261120T10Z.000001.seg"));
        }
        buffer_free(&content);
        depot_close(depot);
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                SCRATCH_TEST(test_window_is_found),
                SCRATCH_TEST(test_open_reader_sees_merges),
                SCRATCH_TEST(test_months_and_what_lies_beside_them),
                SCRATCH_TEST(test_misplaced_file_is_refused),
                SCRATCH_TEST(test_damaged_and_cut_files_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
