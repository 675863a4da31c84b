/* SPDX-License-Identifier: EUPL-1.2 */
/* Importing is a function of the set of records: whatever the order, the number of imports and the memory,
 * the store says the same. */
#include "intake/import_test.h"
#include "intake/reading.h"

static char *tell(const char *store)
{
        return tell_realm(store, "default");
}

/* The whole log in one file, in the store "whole". */
static void make_whole(void)
{
        make_log("whole.csv", 0, INT64_MAX);
        make_store("whole", SETTINGS_DEFAULT);
        IMPORT("whole", "whole.csv");
}

static unsigned count_words(const char *text, const char *word)
{
        unsigned count = 0;
        for (; (text = strstr(text, word)); text += strlen(word))
                count++;
        return count;
}

static void bindings_stand_in_every_window_they_cross(void **state)
{
        static const char *const windows[] = {
                "window 20261120T01Z", "window 20261120T02Z", "window 20261120T03Z"};
        struct buffer log = buffer_make(65536);

        (void)state;
        buffer_append_text(&log, CSV_HEADER);
        csv_event(&log, 2 * 3600 - 1, "open", 4711, 17);
        csv_event(&log, 2 * 3600 + 1800, "open", 4713, 18);
        csv_event(&log, 2 * 3600 + 1801, "close", 4713, 18);
        csv_event(&log, 3 * 3600, "close", 4711, 17);
        csv_event(&log, 3 * 3600, "open", 4712, 18);
        make_file("log.csv", &log);
        buffer_free(&log);
        make_store("store", SETTINGS_DEFAULT);
        struct intake_summary summary = IMPORT("store", "log.csv");
        assert_int_equal(summary.events, 5);
        assert_int_equal(summary.bindings_unbegun, 0);
        char *text = tell("store");
        const char *at = text;
        for (size_t i = 0; i < 3; i++) {
                at = strstr(at, windows[i]);
                assert_non_null(at);
        }
        /* Open at the end of the first and of the second, whole in the third. */
        assert_int_equal(count_words(text, "4711-4711/6"), 3);
        assert_int_equal(
                count_words(text, "observed 2026-11-20T01:59:59.000Z..2026-11-20T03:00:00.000Z observed"), 1);
        assert_int_equal(count_words(text, "observed 2026-11-20T01:59:59.000Z..- open"), 2);
        assert_int_equal(count_words(text, "4712-4712/6"), 1);
        free(text);
}

static void an_import_that_is_repeated_changes_nothing(void **state)
{
        (void)state;
        make_whole();
        char *once = tell("whole");
        struct intake_summary again = IMPORT("whole", "whole.csv");
        assert_true(again.events > 1000);
        assert_same_telling("imported twice", once, tell("whole"));
}

static void one_file_twice_in_one_import_is_one(void **state)
{
        (void)state;
        make_whole();
        make_store("twice", SETTINGS_DEFAULT);
        IMPORT("twice", "whole.csv", "whole.csv");
        assert_same_telling("twice in one import", tell("whole"), tell("twice"));
}

/* Windows behind a late file keep the beginning of hearing that they knew, which is later and so says less.
 */
static char *tell_bindings(const char *store)
{
        char *text = tell(store), *to = text;

        for (char *at = text; *at;) {
                char *end = strchr(at, '\n');
                size_t length = (size_t)(end - at) + 1;
                if (strncmp(at, "  heard ", 8) != 0) {
                        memmove(to, at, length);
                        to += length;
                }
                at = end + 1;
        }
        *to = '\0';
        return text;
}

/* A piece per one and a half hours, so that pieces end within windows and windows within pieces. */
static void files_in_any_order_are_the_whole(void **state)
{
        static const char *const pieces[] = {"p0.csv", "p1.csv", "p2.csv", "p3.csv"};
        static const unsigned orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {0, 2, 3, 1}, {1, 3, 0, 2}};

        (void)state;
        make_whole();
        for (unsigned i = 0; i < 4; i++)
                make_log(pieces[i], 3600 + i * 5400, i == 3 ? INT64_MAX : 3600 + (i + 1) * 5400);
        for (unsigned order = 0; order < 4; order++) {
                char name[16];
                snprintf(name, sizeof name, "order%u", order);
                make_store(name, SETTINGS_DEFAULT);
                for (unsigned i = 0; i < 4; i++)
                        IMPORT(name, pieces[orders[order][i]]);
                if (order == 0)
                        assert_same_telling(name, tell("whole"), tell(name));
                assert_same_telling(name, tell_bindings("whole"), tell_bindings(name));
        }
}

/* The late file closes what was open, and opens what goes on, in windows that lie behind it. */
static void a_late_file_is_heard_in_later_windows(void **state)
{
        struct buffer early = buffer_make(65536), late = buffer_make(65536), last = buffer_make(65536);

        (void)state;
        buffer_append_text(&early, CSV_HEADER);
        csv_event(&early, 3600, "open", 4711, 17);
        csv_event(&early, 2 * 3600 + 1, "open", 4713, 18);
        csv_event(&early, 2 * 3600 + 2, "close", 4713, 18);
        buffer_append_text(&late, CSV_HEADER);
        csv_event(&late, 2 * 3600 + 60, "close", 4711, 17);
        csv_event(&late, 2 * 3600 + 61, "open", 4714, 19);
        buffer_append_text(&last, CSV_HEADER);
        csv_event(&last, 4 * 3600, "open", 4712, 18);
        make_file("early.csv", &early);
        make_file("late.csv", &late);
        make_file("last.csv", &last);
        make_store("store", SETTINGS_DEFAULT);
        IMPORT("store", "early.csv");
        IMPORT("store", "last.csv");
        char *before = tell("store");
        assert_int_equal(count_words(before, "4711-4711/6"), 3); /* carried into the two windows behind */
        IMPORT("store", "late.csv");
        char *after = tell("store");
        const char *last_window = strstr(after, "window 20261120T04Z");
        assert_non_null(last_window);
        assert_null(strstr(last_window, "4711-4711/6"));
        assert_non_null(strstr(last_window, "4714-4714/6"));
        assert_non_null(strstr(after, "..2026-11-20T02:01:00.000Z observed"));
        free(before);
        free(after);
        buffer_free(&early);
        buffer_free(&late);
        buffer_free(&last);
}

static void little_memory_gives_the_same_store(void **state)
{
        static const size_t limits[] = {1, 30000};

        (void)state;
        make_whole();
        for (size_t i = 0; i < 2; i++) {
                const struct intake_options options = {.exporter = "cgn1", .memory_limit = limits[i]};
                const char *name = i ? "little" : "least";
                make_store(name, SETTINGS_DEFAULT);
                /* With room for one event only, half an hour is enough. */
                make_log("half.csv", 3600, 3600 + 2700);
                struct intake_summary summary = import_with(
                        name, &options, (const char *const[]){i ? "whole.csv" : "half.csv", NULL});
                assert_true(summary.windows_written > (i ? 6u : 100u));
                if (i == 0) {
                        make_store("whole", SETTINGS_DEFAULT);
                        make_store("half", SETTINGS_DEFAULT);
                        IMPORT("half", "half.csv");
                        assert_same_telling(name, tell("half"), tell(name));
                } else {
                        assert_same_telling(name, tell("whole"), tell(name));
                }
        }
}

static void damaged_lines_are_counted_and_the_rest_is_read(void **state)
{
        struct buffer log = buffer_make(65536);
        uint64_t refused = 0;

        (void)state;
        buffer_append_text(&log, CSV_HEADER);
        csv_event(&log, 3600, "open", 4711, 17);
        buffer_append_text(
                &log, "2026-11-20T01:00:01.000Z,open,tcp,198.51.100.7,99999,100.64.0.1,1,mapping\n");
        csv_event(&log, 3602, "close", 4711, 17);
        buffer_append_text(&log, "2026-11-20T01:00:03.000Z,open,tcp,198.51"); /* cut off */
        make_file("log.csv", &log);
        buffer_free(&log);
        make_store("store", SETTINGS_DEFAULT);
        struct intake_summary summary = IMPORT("store", "log.csv");
        assert_int_equal(summary.events, 2);
        for (unsigned i = 0; i < REFUSAL_COUNT; i++) {
                refused += summary.refused[i].count;
                if (summary.refused[i].count) {
                        assert_non_null(strstr(summary.refused[i].first_file, "log.csv"));
                        assert_true(
                                summary.refused[i].first_place == 3 || summary.refused[i].first_place == 5);
                }
        }
        assert_int_equal(refused, 2);
        assert_int_equal(summary.bindings_paired, 1);
        char *text = tell("store");
        assert_non_null(strstr(text, "  gap "));
        free(text);
}

/* --- Settings --- */

static void new_sources_are_written_into_the_settings(void **state)
{
        const struct intake_options options = {
                .realm = "north", .exporter = "box-7", .mapping = "endpoint-independent", .loss = "reported"};

        (void)state;
        make_log("log.csv", 3600, 4000);
        struct intake_summary summary =
                import_with("store", &options, (const char *const[]){"log.csv", NULL});
        assert_string_equal(summary.new_realm, "north");
        assert_false(summary.mapping_undeclared);
        assert_false(summary.loss_undetectable);
        struct depot *depot = open_store("store", DEPOT_READ);
        const struct realm_settings *realm = settings_realm(depot_settings(depot), "north");
        const struct exporter_settings *exporter = settings_exporter(depot_settings(depot), "box-7");
        assert_non_null(realm);
        assert_non_null(exporter);
        assert_int_equal(realm->mapping, MAPPING_ENDPOINT_INDEPENDENT);
        assert_string_equal(exporter->realm, "north");
        assert_int_equal(exporter->loss, LOSS_REPORTED);
        depot_close(depot);
        char *text = tell_realm("store", "north");
        assert_non_null(strstr(text, "by box-7"));
        assert_non_null(strstr(text, "heard box-7"));
        free(text);
}

static void what_is_not_said_is_not_assumed(void **state)
{
        const struct intake_options options = {.exporter = "box-7"};

        (void)state;
        make_log("log.csv", 3600, 4000);
        struct intake_summary summary =
                import_with("store", &options, (const char *const[]){"log.csv", NULL});
        assert_true(summary.mapping_undeclared);
        assert_true(summary.loss_undetectable);
        char *text = tell("store");
        assert_null(strstr(text, "heard "));
        free(text);
}

static void a_declared_mapping_is_not_changed_by_an_option(void **state)
{
        const struct intake_options same = {.exporter = "cgn1", .mapping = "endpoint-independent"},
                                    other = {.exporter = "cgn1", .mapping = "destination-dependent"},
                                    nonsense = {.exporter = "cgn1", .mapping = "full-cone"};
        const char *const files[] = {"log.csv", NULL};
        struct intake_summary summary;
        struct error error = {0};

        (void)state;
        make_log("log.csv", 3600, 4000);
        make_store("store", SETTINGS_DEFAULT);
        import_with("store", &same, files);
        assert_int_equal(try_import("store", &other, files, &summary, &error), -EINVAL);
        assert_non_null(strstr(error.text, "rogatory.conf"));
        assert_int_equal(try_import("store", &nonsense, files, &summary, &error), -EINVAL);
        assert_non_null(strstr(error.text, "full-cone"));
        make_store("undeclared", "[realm default]\n[exporter cgn1]\nloss = reported\n");
        import_with("undeclared", &other, files);
        struct depot *depot = open_store("undeclared", DEPOT_READ);
        assert_int_equal(
                settings_realm(depot_settings(depot), "default")->mapping, MAPPING_DESTINATION_DEPENDENT);
        depot_close(depot);
}

static void an_exporter_stays_in_its_realm(void **state)
{
        const struct intake_options other_realm = {.realm = "north", .exporter = "cgn1"},
                                    bad_name = {.exporter = "no spaces"},
                                    bad_loss = {.exporter = "new", .loss = "none"};
        const char *const files[] = {"log.csv", NULL};
        struct intake_summary summary;
        struct error error = {0};

        (void)state;
        make_log("log.csv", 3600, 4000);
        make_store("store", SETTINGS_DEFAULT);
        assert_int_equal(try_import("store", &other_realm, files, &summary, &error), -EINVAL);
        assert_non_null(strstr(error.text, "belongs to realm \"default\""));
        assert_int_equal(try_import("store", &bad_name, files, &summary, &error), -EINVAL);
        assert_int_equal(try_import("store", &bad_loss, files, &summary, &error), -EINVAL);
        assert_non_null(strstr(error.text, "--loss"));
}

static void a_file_of_no_known_kind_is_refused(void **state)
{
        struct buffer text = buffer_make(65536);
        struct intake_summary summary;
        struct error error = {0};

        (void)state;
        make_store("store", SETTINGS_DEFAULT);
        write_text(scratch_path("empty"), "", 0);
        buffer_append_text(&text, "dear sir or madam,\nplease tell me\n");
        make_file("letter", &text);
        buffer_free(&text);
        const struct intake_options options = {.exporter = "cgn1"};
        assert_int_equal(
                try_import("store", &options, (const char *const[]){"letter", NULL}, &summary, &error),
                -EINVAL);
        assert_non_null(strstr(error.text, "--format"));
        /* A log that was rotated in a quiet hour is no mistake. */
        assert_int_equal(
                try_import("store", &options, (const char *const[]){"empty", NULL}, &summary, &error), 0);
        assert_int_equal(summary.note_count, 1);
        assert_non_null(strstr(summary.notes[0], "empty"));
        assert_true(
                try_import("store", &options, (const char *const[]){"absent", NULL}, &summary, &error) < 0);
        assert_non_null(strstr(error.text, "absent"));
        char *told = tell("store");
        assert_string_equal(told, "");
        free(told);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

/* A subscriber is named with each of his flows: the list of leases grows with the subscribers only, and ends
 * as if it had never been joined on the way. */
/* A wrong year stores bindings of the future, and that the future was heard: neither may be. */
static void the_future_is_refused(void **state)
{
        struct buffer log = buffer_make(1u << 20);

        (void)state;
        make_store("s", SETTINGS_DEFAULT);
        buffer_append_text(&log, CSV_HEADER);
        for (int64_t at = 0; at < 600; at += 30) {
                csv_event(&log, at, "open", 2000, 1);
                csv_event(&log, at + 1, "close", 2000, 1);
        }
        make_file("log.csv", &log);
        buffer_free(&log);
        const struct intake_options options = {
                .exporter = "cgn1", .latest_ms = DAY_START + 299 * TIME_SECOND};
        struct intake_summary summary = import_with("s", &options, (const char *const[]){"log.csv", NULL});
        assert_int_equal(summary.events, 20);
        assert_int_equal(summary.refused[REFUSAL_IMPOSSIBLE_TIME].count, 20);
        assert_non_null(strstr(summary.refused[REFUSAL_IMPOSSIBLE_TIME].first_detail, "future"));
        char *told = tell_realm("s", "default");
        assert_null(strstr(told, "heard")); /* what reaches into the future is not known to have been heard */
        free(told);
}

static void leases_of_flows_do_not_pile_up(void **state)
{
        enum { SUBSCRIBERS = 50, FLOWS = 200000 };
        const struct intake_options options = {.exporter = "cgn1"};
        struct intake_summary summary;
        struct intake *intake;
        struct error error = {0};
        size_t most = 0;
        uint16_t source;

        (void)state;
        make_store("named", SETTINGS_DEFAULT);
        struct depot *depot = open_store("named", DEPOT_CREATE);
        assert_int_equal(intake_new(depot, &options, NULL, NULL, &intake, &error), 0);
        assert_int_equal(intake_source_by_name(intake, "cgn1", &source, &error), 0);
        for (unsigned i = 0; i < FLOWS; i++) {
                struct lease_event event = {
                        .prefix = {.address = {{1, 0xaa, [15] = (uint8_t)(i % SUBSCRIBERS)}}, .length = 128},
                        .session = 1 + i % SUBSCRIBERS,
                        .from_ms = DAY_START + i,
                        .to_ms = DAY_START + i,
                        .from_edge = EDGE_INTERIM,
                        .to_edge = EDGE_INTERIM,
                        .flags = LEASE_STANDING,
                };
                snprintf(event.subscriber, sizeof event.subscriber, "line-%u", i % SUBSCRIBERS);
                assert_int_equal(intake_take_lease(intake, &event), 0);
                most = intake->realms[0].leases.count > most ? intake->realms[0].leases.count : most;
        }
        assert_true(most <= INTAKE_LEASES_JOIN);
        /* Such a record is no part of a log of leases, and does not make that one reach further. */
        assert_int_equal(intake->realms[0].leases_until_ms, TIME_UNKNOWN);
        assert_int_equal(intake_commit(intake, &summary, &error), 0);
        assert_int_equal(summary.lease_events, FLOWS);
        assert_int_equal(summary.leases, SUBSCRIBERS);
        intake_free(intake);
        depot_close(depot);
}

static bool is_torn(const char *store)
{
        struct depot *depot = open_store(store, DEPOT_READ);
        struct depot_window window;
        struct error error = {0};

        if (depot_lease_window_open(depot, "default", DEPOT_LEASE_WINDOW_FROM, &window, &error) < 0)
                fail_msg("%s", error.text);
        bool torn = lease_log_is_torn(window.leases);
        assert_int_equal(lease_heard_until(window.leases) == TIME_UNKNOWN, torn);
        depot_window_release(&window);
        depot_close(depot);
        return torn;
}

/* Whoever is missing in a log of leases may have chosen to be: no later import makes it whole. */
static void a_refused_lease_takes_the_completeness_of_its_log(void **state)
{
        static const char sound[] = "inside_address,subscriber,start,end\n"
                                    "100.64.0.1,alice,2026-11-20T10:00:00Z,2026-11-20T11:00:00Z\n";
        static const char bad[] = "inside_address,subscriber,start,end\n"
                                  "100.64.0.2,mal\001lory,2026-11-20T12:00:00Z,2026-11-20T13:00:00Z\n";
        static const char events[] = CSV_HEADER "2026-11-20T10:00:00Z,open,tcp,198.51.100.7,x,,,mapping\n";

        (void)state;
        write_text(scratch_path("sound.csv"), sound, sizeof sound - 1);
        write_text(scratch_path("bad.csv"), bad, sizeof bad - 1);
        write_text(scratch_path("events.csv"), events, sizeof events - 1);
        make_store("store", "[realm default]\nlease-log = complete\n");
        struct intake_summary summary = IMPORT("store", "sound.csv", "events.csv");
        assert_int_equal(summary.note_count, 0);
        assert_false(is_torn("store")); /* a refused NAT event is none of its records */
        summary = IMPORT("store", "bad.csv");
        assert_int_equal(summary.note_count, 1);
        assert_true(is_torn("store"));
        IMPORT("store", "sound.csv");
        assert_true(is_torn("store"));
        IMPORT("other", "bad.csv"); /* before there is any lease */
        IMPORT("other", "sound.csv");
        assert_true(is_torn("other"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(bindings_stand_in_every_window_they_cross),
                TEST(an_import_that_is_repeated_changes_nothing),
                TEST(one_file_twice_in_one_import_is_one),
                TEST(files_in_any_order_are_the_whole),
                TEST(a_late_file_is_heard_in_later_windows),
                TEST(little_memory_gives_the_same_store),
                TEST(damaged_lines_are_counted_and_the_rest_is_read),
                TEST(new_sources_are_written_into_the_settings),
                TEST(what_is_not_said_is_not_assumed),
                TEST(a_declared_mapping_is_not_changed_by_an_option),
                TEST(an_exporter_stays_in_its_realm),
                TEST(a_file_of_no_known_kind_is_refused),
                TEST(the_future_is_refused),
                TEST(leases_of_flows_do_not_pile_up),
                TEST(a_refused_lease_takes_the_completeness_of_its_log),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
