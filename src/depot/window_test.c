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
                if (port % 2)
                        assert_int_equal(utime(scratch_path("store/realms/a/nat"), &long_ago), 0);
                assert_int_equal(port_in(reader, "a", ten), port);
                assert_int_equal(port_in(reader, "a", ten), port);
                publish(writer, "a", ten, port + 1);
        }
        depot_close(reader);
        depot_close(writer);
}

/* A file that was copied to another realm, hour or generation must not answer there. */
static void test_misplaced_file_is_refused(void **state)
{
        static const char *const names[] = {"store/realms/a/nat/20261120T11Z.000001.seg",
                "store/realms/b/nat/20261120T10Z.000001.seg", "store/realms/a/nat/20261120T10Z.000002.seg"};
        const int64_t windows[] = {ten + DEPOT_WINDOW_MS, ten, ten};
        static const char *const realms[] = {"a", "b", "a"};
        struct depot_window window;
        struct error error = {0};

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        publish(depot, "a", ten, 1001);
        publish(depot, "b", ten - DEPOT_WINDOW_MS, 1001);
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(link(scratch_path("store/realms/a/nat/20261120T10Z.000001.seg"),
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
        const char *folder = scratch_path("store/realms/a/nat");
        struct buffer content = buffer_make(1 << 20);
        struct depot_window window;
        struct error error = {0};

        (void)state;
        struct depot *depot = must_open(DEPOT_CREATE);
        publish(depot, "a", ten, 1001);
        assert_int_equal(
                file_read(scratch_path("store/realms/a/nat/20261120T10Z.000001.seg"), &content, &error), 0);
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
                SCRATCH_TEST(test_misplaced_file_is_refused),
                SCRATCH_TEST(test_damaged_and_cut_files_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
