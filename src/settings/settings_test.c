/* SPDX-License-Identifier: EUPL-1.2 */
#include "settings/settings.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define PROBLEMS 20

static struct settings_problem problems[PROBLEMS];
static size_t problem_count;

static int parse(const char *text, struct settings *ret_settings)
{
        problem_count = 0;
        memset(problems, 0, sizeof problems);
        return settings_parse(text, strlen(text), ret_settings, problems, PROBLEMS, &problem_count);
}

static void assert_realm_is_default(const struct realm_settings *realm)
{
        assert_string_equal(realm->zone, "UTC");
        assert_int_equal(realm->mapping, MAPPING_UNDECLARED);
        assert_int_equal(realm->uncertainty_ms, 2000);
        assert_int_equal(realm->longest_session_ms, 24 * TIME_HOUR);
        assert_int_equal(realm->longest_block_ms, 30 * TIME_DAY);
        assert_false(realm->keep_destinations);
        assert_false(realm->lease_log_complete);
        assert_int_equal(realm->retain_ms, 0);
        assert_int_equal(realm->outside.count, 0);
}

static void test_empty_file_has_the_default_realm(void **state)
{
        struct settings settings;

        (void)state;
        assert_int_equal(parse("", &settings), 0);
        assert_int_equal(settings.realm_count, 1);
        assert_realm_is_default(settings_realm(&settings, "default"));
        assert_null(settings_realm(&settings, "other"));
        assert_null(settings_exporter(&settings, "nat-1"));
        settings_free(&settings);
}

static void test_template_parses_to_the_defaults(void **state)
{
        struct buffer text = buffer_make(1 << 20);
        struct settings settings;

        (void)state;
        assert_int_equal(settings_write_template(&text), 0);
        assert_int_equal(settings_parse((char *)text.bytes, text.length, &settings, problems, PROBLEMS,
                                 &problem_count),
                0);
        assert_int_equal(settings.realm_count, 1);
        assert_int_equal(settings.exporter_count, 0);
        assert_realm_is_default(&settings.realms[0]);
        settings_free(&settings);
        buffer_free(&text);
}

/* Taking away the "#" of every line that shows a value must give a sound file, too: the examples are right.
 */
static void test_template_examples_are_sound(void **state)
{
        static const char *const keys[] = {"zone", "mapping", "clock-uncertainty", "longest-session",
                "longest-block", "destinations", "lease-log", "lease-vrf", "retain", "outside", "realm",
                "address", "dialect", "loss", "delay", "heartbeat", "year", "restart", "lends", "accept",
                "rate", "secret-file", "certificate-name", "organisation", "ask-group", "metrics", "memory",
                "journal-key", "confine", "transport", "content", "port", "buffer"};
        struct buffer text = buffer_make(1 << 20), opened = buffer_make(1 << 20);
        struct settings settings;

        (void)state;
        assert_int_equal(settings_write_template(&text), 0);
        struct slice rest = slice_make((char *)text.bytes, text.length);
        while (rest.length) {
                struct slice line = slice_cut(&rest, '\n');
                bool shows = line.length > 1 && line.text[0] == '#' && line.text[1] != ' ';
                buffer_append(&opened, line.text + shows, line.length - shows);
                buffer_append_u8(&opened, '\n');
        }
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
                char wanted[64];
                snprintf(wanted, sizeof wanted, "\n%s = ", keys[i]);
                assert_non_null(memmem(opened.bytes, opened.length, wanted, strlen(wanted)));
        }
        /* The example of the exporter's own prefixes is not within that of the realm's first: both are
         * examples. */
        int r = settings_parse(
                (char *)opened.bytes, opened.length, &settings, problems, PROBLEMS, &problem_count);
        assert_int_equal(r, 0);
        assert_int_equal(settings.exporter_count, 1);
        assert_int_equal(settings.exporters[0].year, 2026);
        assert_int_equal(settings.listener_count, 1);
        assert_int_equal(settings.exporters[0].delay_ms, 1000);
        settings_free(&settings);
        buffer_free(&text);
        buffer_free(&opened);
}

static const char full[] = "# a comment\n"
                           "[exporter nat-2]\n"
                           "realm = mobile\n"
                           "dialect = cisco-nel\n"
                           "loss = reported\n"
                           "delay = 5s\n"
                           "heartbeat = 5m # behind a value\n"
                           "zone = Europe/Berlin\r\n"
                           "year = 2025\n"
                           "restart = keeps\n"
                           "outside = 203.0.113.0/25\n"
                           "address = 192.0.2.1, 2001:db8::/64\n"
                           "\n"
                           "[realm mobile]\n"
                           "  zone=Asia/Kathmandu\n"
                           "mapping = endpoint-independent\n"
                           "clock-uncertainty = 500ms\n"
                           "longest-session = 12h\n"
                           "longest-block = 7d\n"
                           "destinations = keep\n"
                           "lease-log = complete\n"
                           "retain = 180d\n"
                           "outside = 203.0.113.0/24,198.51.100.7\n"
                           "[realm default]\n"
                           "retain = unlimited\n"
                           "[exporter nat-1]\n"
                           "address = 2001:db8::5";

static void assert_full(const struct settings *settings)
{
        const struct realm_settings *mobile = settings_realm(settings, "mobile");
        const struct exporter_settings *nat = settings_exporter(settings, "nat-2");

        assert_non_null(mobile);
        assert_string_equal(mobile->zone, "Asia/Kathmandu");
        assert_int_equal(mobile->mapping, MAPPING_ENDPOINT_INDEPENDENT);
        assert_int_equal(mobile->uncertainty_ms, 500);
        assert_int_equal(mobile->longest_session_ms, 12 * TIME_HOUR);
        assert_int_equal(mobile->longest_block_ms, 7 * TIME_DAY);
        assert_true(mobile->keep_destinations);
        assert_true(mobile->lease_log_complete);
        assert_int_equal(mobile->retain_ms, 180 * TIME_DAY);
        assert_int_equal(mobile->outside.count, 2);
        assert_int_equal(mobile->outside.items[0].length, 120);
        assert_non_null(nat);
        assert_string_equal(nat->realm, "mobile");
        assert_string_equal(nat->dialect, "cisco-nel");
        assert_int_equal(nat->loss, LOSS_REPORTED);
        assert_int_equal(nat->delay_ms, 5000);
        assert_int_equal(nat->heartbeat_ms, 5 * TIME_MINUTE);
        assert_string_equal(nat->zone, "Europe/Berlin");
        assert_int_equal(nat->year, 2025);
        assert_true(nat->restart_keeps);
        assert_int_equal(nat->outside.count, 1);
        assert_int_equal(nat->address.count, 2);
}

static void test_every_key_is_read(void **state)
{
        struct settings settings;

        (void)state;
        assert_int_equal(parse(full, &settings), 0);
        assert_full(&settings);
        assert_int_equal(settings.realm_count, 2);
        assert_realm_is_default(settings_realm(&settings, "default"));
        settings_free(&settings);
}

static void test_written_sections_read_back(void **state)
{
        struct buffer text = buffer_make(1 << 20);
        struct settings settings, again;

        (void)state;
        assert_int_equal(parse(full, &settings), 0);
        for (size_t i = 0; i < settings.realm_count; i++)
                assert_int_equal(settings_write_realm(&text, &settings.realms[i]), 0);
        for (size_t i = 0; i < settings.exporter_count; i++)
                assert_int_equal(settings_write_exporter(&text, &settings.exporters[i]), 0);
        assert_int_equal(
                settings_parse((char *)text.bytes, text.length, &again, problems, PROBLEMS, &problem_count),
                0);
        assert_full(&again);
        settings_free(&settings);
        settings_free(&again);
        buffer_free(&text);
}

static void test_longest_prefix_finds_the_sender(void **state)
{
        struct settings settings;
        struct address sender;

        (void)state;
        assert_int_equal(parse(full, &settings), 0);
        assert_int_equal(address_parse(slice_of("2001:db8::5"), &sender, NULL), 0);
        assert_string_equal(settings_exporter_at(&settings, &sender)->name, "nat-1");
        assert_int_equal(address_parse(slice_of("2001:db8::6"), &sender, NULL), 0);
        assert_string_equal(settings_exporter_at(&settings, &sender)->name, "nat-2");
        assert_int_equal(address_parse(slice_of("192.0.2.2"), &sender, NULL), 0);
        assert_null(settings_exporter_at(&settings, &sender));
        settings_free(&settings);
}

struct mistake {
        const char *text;
        unsigned line;
        const char *says;
};

static void test_mistakes_name_line_and_reason(void **state)
{
        static const struct mistake mistakes[] = {
                {"zone = UTC\n", 1, "before the first section"},
                {"[realm a]\nnonsense\n", 2, "neither KEY = VALUE"},
                {"[realm a]\n= UTC\n", 2, "neither KEY = VALUE"},
                {"[realm a]\nzone =\n", 2, "has no value"},
                {"[realm a]\nmaping = undeclared\n", 2, "did you mean \"mapping\""},
                {"[realm a]\nclock_uncertainty = 2s\n", 2, "did you mean \"clock-uncertainty\""},
                {"[realm a]\nheartbeat = 60s\n", 2, "belongs into an exporter section"},
                {"[realm a]\nblurb = 60s\n", 2, "unknown key \"blurb\" in a realm section"},
                {"[realm a]\nmapping = independent\n", 2, "not one of: undeclared, endpoint-independent"},
                {"[realm a]\nclock-uncertainty = 2\n", 2, "not a duration"},
                {"[realm a]\nclock-uncertainty = 0s\n", 2, "outside 1ms to 1d"},
                {"[realm a]\nretain = 0d\n", 2, "outside 1h"},
                {"[realm a]\noutside = 198.51.100.1/24\n", 2, "bits set"},
                {"[realm a]\noutside = 198.51.100.0/24,\n,\n", 3, "neither"},
                {"[realm a]\noutside = 198.51.100.0/24, x\n", 2, "not an IPv4 or IPv6 address"},
                {"[realm a]\nzone = UTC\n\nzone = UTC\n", 4, "already given in line 2"},
                {"[realm a]\n[realm b]\n[realm a]\n", 3, "already opened in line 1"},
                {"[exporter a]\n[exporter a]\n", 2, "already opened in line 1"},
                {"[realm default]\n[realm default]\n", 2, "already opened in line 1"},
                {"[realm ../up]\n", 1, "not a name"},
                {"[realm ]\n", 1, "not a name"},
                {"[realm a b]\n", 1, "not a name"},
                {"[realm a\n", 1, "ends in \"]\""},
                {"[relam a]\nzone = UTC\n", 1, "unknown section \"relam\""},
                {"[exporter a]\nrealm = nowhere\n", 2, "no section [realm nowhere]"},
                {"[exporter a]\nrealm = .hidden\n", 2, "not a name"},
                {"[exporter a]\nyear = 26\n", 2, "not a year"},
                {"[exporter a]\ndelay = 100ms\n", 2, "outside 1s"},
                {"[exporter a]\nloss = maybe\n", 2, "not one of"},
                {"[exporter a]\naddress = 192.0.2.1\n[exporter b]\naddress = 192.0.2.1\n", 4,
                        "also that of exporter a"},
                {"[realm default]\noutside = 198.51.100.0/24\n[exporter a]\noutside = 198.51.101.0/24\n", 4,
                        "not among the outside prefixes"},
        };
        struct settings settings;

        (void)state;
        for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
                assert_int_equal(parse(mistakes[i].text, &settings), -EINVAL);
                if (problem_count != 1 || problems[0].line != mistakes[i].line ||
                        !strstr(problems[0].text, mistakes[i].says))
                        fail_msg("%s: %zu problems, line %u: %s", mistakes[i].text, problem_count,
                                problems[0].line, problems[0].text);
        }
}

static void test_all_mistakes_are_reported_in_order(void **state)
{
        static const char text[] =
                "[exporter a]\nrealm = nowhere\nyear = x\n[realm b]\nzon = UTC\nfoo = bar\n";
        struct settings settings;

        (void)state;
        assert_int_equal(parse(text, &settings), -EINVAL);
        assert_int_equal(problem_count, 4);
        for (size_t i = 1; i < problem_count; i++)
                assert_true(problems[i - 1].line < problems[i].line);
        /* More problems than there is room for are counted all the same. */
        assert_int_equal(settings_parse(text, strlen(text), &settings, problems, 1, &problem_count), -EINVAL);
        assert_int_equal(problem_count, 4);
        assert_int_equal(problems[0].line, 2);
}

static bool only_berlin(void *context, const char *name)
{
        *(int *)context += 1;
        return strcmp(name, "Europe/Berlin") == 0;
}

static void test_zones_are_checked_by_the_caller(void **state)
{
        static const char good[] = "[realm a]\nzone = Europe/Berlin\n", bad[] = "[exporter a]\nzone = MEZ\n";
        int asked = 0;
        struct settings_checks checks = {.context = &asked, .zone_is_known = only_berlin};
        struct settings settings;

        (void)state;
        assert_int_equal(settings_parse_checked(
                                 good, strlen(good), &checks, &settings, problems, PROBLEMS, &problem_count),
                0);
        settings_free(&settings);
        assert_int_equal(settings_parse_checked(
                                 bad, strlen(bad), &checks, &settings, problems, PROBLEMS, &problem_count),
                -EINVAL);
        assert_int_equal(problems[0].line, 2);
        assert_non_null(strstr(problems[0].text, "MEZ"));
        assert_int_equal(asked, 2);
}

static void test_names(void **state)
{
        (void)state;
        assert_true(settings_name_is_valid("nat-1.example:2055_a"));
        assert_false(settings_name_is_valid(""));
        assert_false(settings_name_is_valid(".."));
        assert_false(settings_name_is_valid("a/b"));
        assert_false(settings_name_is_valid("-x"));
        assert_false(settings_name_is_valid("\xc3\xa4"));
        char name[SETTINGS_NAME_MAX + 1];
        memset(name, 'a', sizeof name);
        name[SETTINGS_NAME_MAX] = '\0';
        assert_false(settings_name_is_valid(name));
        name[SETTINGS_NAME_MAX - 1] = '\0';
        assert_true(settings_name_is_valid(name));
}

static void test_many_sections(void **state)
{
        struct buffer text = buffer_make(1 << 20);
        struct settings settings;

        (void)state;
        for (int i = 0; i < 2000; i++)
                buffer_printf(&text, "[exporter nat-%d]\nyear = %d\n", i, 1970 + i % 100);
        assert_int_equal(settings_parse((char *)text.bytes, text.length, &settings, problems, PROBLEMS,
                                 &problem_count),
                0);
        assert_int_equal(settings.exporter_count, 2000);
        assert_int_equal(settings_exporter(&settings, "nat-1234")->year, 1970 + 34);
        settings_free(&settings);
        buffer_free(&text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_empty_file_has_the_default_realm),
                cmocka_unit_test(test_template_parses_to_the_defaults),
                cmocka_unit_test(test_template_examples_are_sound),
                cmocka_unit_test(test_every_key_is_read),
                cmocka_unit_test(test_written_sections_read_back),
                cmocka_unit_test(test_longest_prefix_finds_the_sender),
                cmocka_unit_test(test_mistakes_name_line_and_reason),
                cmocka_unit_test(test_all_mistakes_are_reported_in_order),
                cmocka_unit_test(test_zones_are_checked_by_the_caller),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_many_sections),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
