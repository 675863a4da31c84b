/* SPDX-License-Identifier: EUPL-1.2 */
/* A relay's file: lines of many devices, each an exporter with its own realm, zone and hearing. */
#include "intake/import_test.h"

static const char settings[] = "[realm east]\nmapping = endpoint-independent\n"
                               "[exporter nat-east]\nrealm = east\nzone = Europe/Moscow\nyear = 2026\n"
                               "loss = reported\n"
                               "[exporter nat-west]\nzone = UTC\nyear = 2026\nloss = reported\n"
                               "address = 192.0.2.200\ndialect = nfware\n";

static const char lines[] = "Jul  6 15:00:00 nat-east A VRF 0 INT 100.64.0.7 EXT 192.0.2.9:1024-1535\n"
                            "Jul  6 12:00:00 192.0.2.200 A VRF 0 INT 100.64.0.8 EXT 198.51.100.9:1024-1535\n"
                            "Jul  6 15:00:30 nat-east D VRF 0 INT 100.64.0.7 EXT 192.0.2.9:1024-1535\n"
                            "Jul  6 12:00:40 192.0.2.200 NAT-TCP-C: 100.64.0.7:4<->203.0.113.1:443,"
                            "203.0.113.1:443<-->192.0.2.9:5\n"
                            "2026-07-06T12:00:41Z stranger A VRF 0 INT 100.64.0.9 EXT 203.0.113.9:7-8\n"
                            "Jul  6 12:00:42 no/name A VRF 0 INT 100.64.0.9 EXT 203.0.113.9:7-8\n";

static void each_host_is_an_exporter(void **state)
{
        const struct intake_options options = {.exporter = ""};
        const char *files[] = {"relay.log", NULL};

        (void)state;
        write_text(scratch_path("relay.log"), lines, sizeof lines - 1);
        make_store("relay", settings);
        struct intake_summary summary = import_with("relay", &options, files);
        assert_int_equal(summary.events, 4);
        assert_int_equal(summary.refused[REFUSAL_CONTRADICTION].count, 1);
        assert_int_equal(summary.refused[REFUSAL_BAD_VALUE].count, 1);
        assert_true(summary.loss_undetectable); /* of the stranger */
        char *east = tell_realm("relay", "east"), *others = tell_realm("relay", "default");
        assert_non_null(
                strstr(east, "1024-1535/0 kind 2 of 100.64.0.7:0 vrf 0 observed "
                             "2026-07-06T12:00:00.000Z..2026-07-06T12:00:30.999Z observed by nat-east"));
        assert_non_null(strstr(east, "heard nat-east/0 2026-07-06T12:00:01.000Z..2026-07-06T12:00:30.000Z"));
        assert_null(strstr(east, "nat-west"));
        assert_non_null(strstr(others, "of 100.64.0.8:0 vrf 0 observed 2026-07-06T12:00:00.000Z"));
        assert_non_null(strstr(others, "by nat-west"));
        assert_non_null(strstr(others, "by stranger"));
        assert_non_null(strstr(others, "gap refused nat-west"));
        assert_null(strstr(others, "heard stranger"));
        free(east);
        free(others);
}

static void one_exporter_may_be_said(void **state)
{
        (void)state;
        write_text(scratch_path("one.log"), lines, sizeof lines - 1);
        make_store("one", settings);
        const struct intake_options options = {.exporter = "nat-east", .realm = "east"};
        const char *files[] = {"one.log", NULL};
        struct intake_summary summary = import_with("one", &options, files);
        assert_int_equal(summary.events, 6);
        assert_int_equal(summary.refused[REFUSAL_BAD_VALUE].count, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(each_host_is_an_exporter, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(one_exporter_may_be_said, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
