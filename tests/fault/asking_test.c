/* SPDX-License-Identifier: EUPL-1.2 */
/* Questions to a store that was made by importing small logs. */
#include "intake/import_test.h"

#include "inquiry/inquiry.h"

#include <limits.h>

#define BIT(reason) (1u << (reason))
#define OURS "outside = 198.51.100.0/24\n"

/* A log that is heard from one second to another, every half minute, with these events in between. */
struct row {
        int64_t second;
        const char *event;
        unsigned port, inside;
};

static void write_log(const char *name, int64_t from, int64_t to, const struct row *rows, size_t count)
{
        struct buffer log = buffer_make(16u << 20);
        size_t next = 0;

        buffer_append_text(&log, CSV_HEADER);
        for (int64_t at = from; at <= to; at += 30) {
                for (; next < count && rows[next].second <= at; next++)
                        csv_event(&log, rows[next].second, rows[next].event, rows[next].port,
                                rows[next].inside);
                csv_event(&log, at, "open", 65000, 250);
                csv_event(&log, at, "close", 65000, 250);
        }
        assert_int_equal(next, count);
        make_file(name, &log);
        buffer_free(&log);
}

static struct question question_at(int64_t millisecond)
{
        return (struct question){.address = address_from_ipv4(UINT32_C(0xc6336407)),
                .port = 4711,
                .protocol = 6,
                .at_ms = DAY_START + millisecond,
                .skew_ms = -1,
                .destination_port = -1};
}

struct asked {
        struct depot *depot;
        struct inquiry *inquiry;
        struct answer answer;
};

static int try_ask(const char *store, const struct question *question, struct asked *ret, struct error *error)
{
        *ret = (struct asked){.depot = open_store(store, DEPOT_READ)};
        int r = inquiry_new(ret->depot, &ret->inquiry, error);
        return r < 0 ? r : inquiry_ask(ret->inquiry, question, &ret->answer, error);
}

static void asked_free(struct asked *asked)
{
        answer_free(&asked->answer);
        inquiry_free(asked->inquiry);
        depot_close(asked->depot);
}

static struct asked ask(const char *store, const struct question *question)
{
        struct asked asked;
        struct error error = {0};

        if (try_ask(store, question, &asked, &error) < 0)
                fail_msg("%s", error.text);
        return asked;
}

static void expect(const char *store, const struct question *question, enum verdict verdict, unsigned reasons,
        size_t candidates, size_t possible)
{
        struct asked asked = ask(store, question);
        const struct answer *a = &asked.answer;

        if (a->verdict != verdict || (a->reasons & reasons) != reasons || a->candidate_count != candidates ||
                a->possible_count != possible)
                fail_msg("%s, reasons %x, %zu candidates, %zu possible", verdict_name(a->verdict), a->reasons,
                        a->candidate_count, a->possible_count);
        asked_free(&asked);
}

/* --- Hours
 * ----------------------------------------------------------------------------------------------------------
 */

#define TWO (2 * TIME_HOUR)

static void make_hours(void)
{
        static const struct row rows[] = {
                {5400, "open", 4711, 17},
                {7200, "close", 4711, 17}, /* at the very beginning of the hour */
                {7201, "open", 4711, 18},
                {12600, "close", 4711, 18},
        };
        make_store("store", SETTINGS_DEFAULT);
        write_log("log.csv", 3600, 6 * 3600, rows, 4);
        IMPORT("store", "log.csv");
}

static void an_hour_ends_between_two_holders(void **state)
{
        static const struct {
                int64_t at, skew;
                enum verdict verdict;
                size_t candidates;
                uint8_t inside; /* of the first candidate */
        } cases[] = {
                {TWO - 2001, 2000, VERDICT_ONE, 1, 17},
                {TWO - 2000, 2000, VERDICT_ONE, 1, 17},
                {TWO - 1001, 2000, VERDICT_ONE, 1, 17},
                {TWO - 1000, 2000, VERDICT_SEVERAL, 2, 17},
                {TWO, 2000, VERDICT_SEVERAL, 2, 17},
                {TWO + 2000, 2000, VERDICT_SEVERAL, 2, 17},
                {TWO + 2001, 2000, VERDICT_ONE, 1, 18},
                {TWO + 500, 499, VERDICT_NONE, 0, 0},
                {TWO + TIME_HOUR, 2000, VERDICT_ONE, 1, 18}, /* a window in which nothing happens to it */
                {TWO + TIME_HOUR - 1, 0, VERDICT_ONE, 1, 18},
                {12600 * TIME_SECOND + 2000, 2000, VERDICT_ONE, 1, 18},
                {12600 * TIME_SECOND + 2001, 2000, VERDICT_NONE, 0, 0},
        };

        (void)state;
        make_hours();
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct question q = question_at(cases[i].at);
                q.skew_ms = cases[i].skew;
                struct asked asked = ask("store", &q);
                const struct answer *a = &asked.answer;
                if (a->verdict != cases[i].verdict || a->candidate_count != cases[i].candidates)
                        fail_msg("case %zu: %s, %zu candidates", i, verdict_name(a->verdict),
                                a->candidate_count);
                if (a->candidate_count)
                        assert_int_equal(a->candidates[0].inside.bytes[15], cases[i].inside);
                asked_free(&asked);
        }
}

/* A candidate shows its true edges although they lie hours away, and where its record stands. */
static void a_candidate_shows_edges_of_other_hours(void **state)
{
        struct question q = question_at(TWO + 1800000);

        (void)state;
        make_hours();
        struct asked asked = ask("store", &q);
        assert_int_equal(asked.answer.verdict, VERDICT_ONE);
        const struct answer_candidate *c = &asked.answer.candidates[0];
        assert_int_equal(c->from_ms, DAY_START + 7201 * 1000);
        assert_int_equal(c->from_edge, EDGE_OBSERVED);
        assert_int_equal(c->to_ms, DAY_START + 12600 * 1000);
        assert_int_equal(c->to_edge, EDGE_OBSERVED);
        assert_int_equal(c->margin_ms, 1799000);
        assert_int_equal(c->inside_port, 40018);
        assert_string_equal(c->exporter, "cgn1");
        assert_string_equal(c->realm, "default");
        assert_int_equal(strncmp(c->record, "default/nat/20261120T02Z.", 25), 0);
        assert_non_null(strstr(c->record, "#198.51.100.7/"));
        assert_true(asked.answer.complete);
        asked_free(&asked);
}

static void before_and_after_the_log_nothing_is_known(void **state)
{
        struct question before = question_at(TIME_HOUR - 1), after = question_at(6 * TIME_HOUR + 1),
                        years = question_at(-9000 * TIME_HOUR);

        (void)state;
        make_store("store", SETTINGS_DEFAULT);
        char settings[512];
        snprintf(settings, sizeof settings, "[realm default]\n%s[exporter cgn1]\nloss = reported\n", OURS);
        make_store("store", settings);
        write_log("log.csv", 3600, 6 * 3600, NULL, 0);
        IMPORT("store", "log.csv");
        expect("store", &before, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), 0, 0);
        expect("store", &after, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), 0, 0);
        expect("store", &years, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), 0, 0);
}

/* --- The same answers whatever the way of importing
 * --------------------------------------------------------------------- */

static char *answers_of(const char *store)
{
        struct depot *depot = open_store(store, DEPOT_READ);
        struct buffer text = buffer_make(16u << 20);
        struct inquiry *inquiry;
        struct error error = {0};

        assert_int_equal(inquiry_new(depot, &inquiry, &error), 0);
        for (unsigned i = 0; i < 600; i++) {
                struct answer a;
                struct question q = question_at(TIME_HOUR + i * 37877);
                q.port = (int)(2000 + i % LOG_PORTS);
                q.skew_ms = i % 3 ? 2000 : 400000;
                if (inquiry_ask(inquiry, &q, &a, &error) < 0)
                        fail_msg("%s", error.text);
                buffer_printf(&text, "%u: %s %x", i, verdict_name(a.verdict), a.reasons);
                for (size_t k = 0; k < a.candidate_count + a.possible_count; k++) {
                        const struct answer_candidate *c =
                                k < a.candidate_count ? &a.candidates[k] : &a.possible[k - a.candidate_count];
                        buffer_printf(&text, " %s %u from %" PRId64 " %u to %" PRId64 " %u",
                                k < a.candidate_count ? "is" : "may be", c->inside.bytes[15], c->from_ms,
                                c->from_edge, c->to_ms, c->to_edge);
                }
                buffer_append_text(&text, "\n");
                answer_free(&a);
        }
        inquiry_free(inquiry);
        depot_close(depot);
        assert_int_equal(buffer_append_u8(&text, 0), 0);
        return (char *)text.bytes;
}

static void answers_do_not_depend_on_the_way_of_importing(void **state)
{
        const struct intake_options little = {.exporter = "cgn1", .memory_limit = 200000};

        (void)state;
        make_log("whole.csv", 0, INT64_MAX);
        make_log("first.csv", 0, 9999);
        make_log("second.csv", 9999, INT64_MAX);
        for (const char *const *store =
                        (const char *const[]){"once", "twice", "orderly", "backwards", "little", NULL};
                *store; store++)
                make_store(*store, SETTINGS_DEFAULT);
        IMPORT("once", "whole.csv");
        IMPORT("twice", "whole.csv");
        IMPORT("twice", "whole.csv");
        IMPORT("orderly", "first.csv");
        IMPORT("orderly", "second.csv");
        IMPORT("backwards", "second.csv");
        IMPORT("backwards", "first.csv");
        import_with("little", &little, (const char *const[]){"whole.csv", NULL});
        char *once = answers_of("once");
        /* The questions must be worth something. */
        assert_non_null(strstr(once, ": one"));
        assert_non_null(strstr(once, ": several"));
        assert_non_null(strstr(once, ": none"));
        assert_non_null(strstr(once, ": unknown"));
        free(once);
        assert_same_telling("twice", answers_of("once"), answers_of("twice"));
        assert_same_telling("orderly", answers_of("once"), answers_of("orderly"));
        assert_same_telling("backwards", answers_of("once"), answers_of("backwards"));
        assert_same_telling("little", answers_of("once"), answers_of("little"));
}

/* --- Realms and exporters
 * ------------------------------------------------------------------------------------------------ */

#define NORTH_AND_SOUTH(south)                                                                               \
        "[realm north]\nmapping = endpoint-independent\nlongest-session = 30m\noutside = 198.51.100.0/25\n"  \
        "clock-uncertainty = 3s\n[exporter n]\nrealm = north\nloss = reported\n"                             \
        "[realm south]\nmapping = endpoint-independent\nlongest-session = 30m\n" south                       \
        "[exporter s]\nrealm = south\nloss = reported\n"

static void import_as(const char *store, const char *realm, const char *exporter, const char *file)
{
        const struct intake_options options = {.realm = realm, .exporter = exporter};
        import_with(store, &options, (const char *const[]){file, NULL});
}

static void two_realms_answer_for_themselves(void **state)
{
        static const struct row seventeen[] = {{5400, "open", 4711, 17}, {7000, "close", 4711, 17}},
                                eighteen[] = {{5400, "open", 4711, 18}, {7000, "close", 4711, 18}};
        struct question q = question_at(6000000), free_later = question_at(9000000);

        (void)state;
        write_log("seventeen.csv", 3600, 3 * 3600, seventeen, 2);
        write_log("eighteen.csv", 3600, 3 * 3600, eighteen, 2);
        write_log("quiet.csv", 3600, 3 * 3600, NULL, 0);
        write_log("deaf.csv", 3600, 5000, NULL, 0);

        /* Only the north has to do with the address. */
        make_store("apart", NORTH_AND_SOUTH("outside = 203.0.113.0/24\n"));
        import_as("apart", "north", "n", "seventeen.csv");
        expect("apart", &q, VERDICT_ONE, BIT(REASON_PROVEN), 1, 0);
        /* Both, and the south is proven empty. */
        make_store("empty", NORTH_AND_SOUTH("outside = 198.51.100.0/24\n"));
        import_as("empty", "north", "n", "seventeen.csv");
        import_as("empty", "south", "s", "quiet.csv");
        expect("empty", &q, VERDICT_ONE, BIT(REASON_PROVEN), 1, 0);
        expect("empty", &free_later, VERDICT_NONE, BIT(REASON_NOBODY), 0, 0);
        /* Both, and the south was not heard: what the north proves is only possible. */
        make_store("deaf", NORTH_AND_SOUTH("outside = 198.51.100.0/24\n"));
        import_as("deaf", "north", "n", "seventeen.csv");
        import_as("deaf", "south", "s", "deaf.csv");
        expect("deaf", &q, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), 0, 1);
        /* Both name somebody. */
        make_store("both", NORTH_AND_SOUTH("outside = 198.51.100.0/24\n"));
        import_as("both", "north", "n", "seventeen.csv");
        import_as("both", "south", "s", "eighteen.csv");
        expect("both", &q, VERDICT_SEVERAL, 0, 2, 0);
}

static void the_default_skew_is_the_realms_uncertainty(void **state)
{
        static const struct {
                uint32_t address;
                int64_t skew;
        } cases[] = {
                {UINT32_C(0xc6336407), 5000}, /* in both: the larger */
                {UINT32_C(0xc63364ff), 5000}, /* in the south */
                {UINT32_C(0xcb007101), 5000}, /* nowhere: the largest of all */
        };
        struct asked asked = {.depot = NULL};
        struct error error = {0};

        (void)state;
        make_store("store", NORTH_AND_SOUTH("outside = 198.51.100.0/24\nclock-uncertainty = 5s\n"));
        asked.depot = open_store("store", DEPOT_READ);
        assert_int_equal(inquiry_new(asked.depot, &asked.inquiry, &error), 0);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct address address = address_from_ipv4(cases[i].address);
                assert_int_equal(inquiry_default_skew(asked.inquiry, &address), cases[i].skew);
        }
        asked_free(&asked);
        make_store("other", NORTH_AND_SOUTH("outside = 203.0.113.0/24\nclock-uncertainty = 5s\n"));
        asked.depot = open_store("other", DEPOT_READ);
        assert_int_equal(inquiry_new(asked.depot, &asked.inquiry, &error), 0);
        struct address north = address_from_ipv4(UINT32_C(0xc6336407));
        assert_int_equal(inquiry_default_skew(asked.inquiry, &north), 3000);
        struct question q = question_at(6000000);
        assert_int_equal(inquiry_ask(asked.inquiry, &q, &asked.answer, &error), 0);
        assert_int_equal(asked.answer.question.skew_ms, 3000);
        asked_free(&asked);
}

/* An exporter that lends other addresses need not have been heard; one that may lend this one must have been.
 */
static void exporters_count_for_the_addresses_they_lend(void **state)
{
        static const struct {
                const char *outside;
                enum verdict verdict;
        } cases[] = {
                {"outside = 198.51.100.128/25\n", VERDICT_NONE},
                {"lends = nothing\n", VERDICT_NONE},
                {"lends = addresses\n", VERDICT_UNKNOWN},
                {"outside = 198.51.100.0/25\n", VERDICT_UNKNOWN},
                {"", VERDICT_UNKNOWN},
        };
        struct question q = question_at(9000000);

        (void)state;
        write_log("log.csv", 3600, 3 * 3600, NULL, 0);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char settings[512], name[16];
                snprintf(name, sizeof name, "store%zu", i);
                snprintf(settings, sizeof settings,
                        "[realm default]\nmapping = endpoint-independent\nlongest-session = 30m\n" OURS
                        "[exporter cgn1]\nloss = reported\n[exporter cgn2]\nloss = reported\n%s",
                        cases[i].outside);
                make_store(name, settings);
                IMPORT(name, "log.csv");
                expect(name, &q, cases[i].verdict,
                        BIT(cases[i].verdict == VERDICT_NONE ? REASON_NOBODY : REASON_NOT_HEARD), 0, 0);
        }
}

static void what_is_older_than_retention_is_not_answered(void **state)
{
        static const struct row rows[] = {{5400, "open", 4711, 17}, {7000, "close", 4711, 17}};
        struct question q = question_at(6000000);

        (void)state;
        q.at_ms -= 20 * 365 * TIME_DAY; /* of 2006, so that it is old whatever the clock says */
        make_store("store", "[realm default]\nretain = 180d\n" OURS "[exporter cgn1]\nloss = reported\n");
        write_log("log.csv", 3600, 3 * 3600, rows, 2);
        IMPORT("store", "log.csv");
        expect("store", &q, VERDICT_UNKNOWN, BIT(REASON_OUTSIDE_RETENTION), 0, 0);
        make_store("kept", "[realm default]\n" OURS "[exporter cgn1]\nloss = reported\n");
        struct asked asked = ask("kept", &q);
        assert_false(asked.answer.reasons & BIT(REASON_OUTSIDE_RETENTION));
        asked_free(&asked);
}

/* What was carried on by bolder rules than those of now may lack a holder; stored windows know by which they
 * were made. */
static void less_bold_settings_want_the_logs_again(void **state)
{
        static const struct row rows[] = {{5400, "open", 4711, 17}, {7000, "close", 4711, 17}};
        static const char *const changed[] = {"mapping = destination-dependent\n",
                "mapping = endpoint-independent\nlongest-session = 48h\n"};
        struct question q = question_at(6000000);
        char settings[512], path[256];

        (void)state;
        make_store("store", "[realm default]\nmapping = endpoint-independent\n" OURS
                            "[exporter cgn1]\nloss = reported\n");
        write_log("log.csv", 3600, 3 * 3600, rows, 2);
        IMPORT("store", "log.csv");
        expect("store", &q, VERDICT_ONE, BIT(REASON_PROVEN), 1, 0);
        for (size_t i = 0; i < 2; i++) {
                snprintf(settings, sizeof settings,
                        "[realm default]\n%s" OURS "[exporter cgn1]\nloss = reported\n", changed[i]);
                snprintf(path, sizeof path, "%s/rogatory.conf", scratch_path("store"));
                write_settings(path, settings);
                expect("store", &q, VERDICT_UNKNOWN, BIT(REASON_SETTINGS_CHANGED), 0, 1);
                /* A merge cannot bring back what was left out. */
                IMPORT("store", "log.csv");
                expect("store", &q, VERDICT_UNKNOWN, BIT(REASON_SETTINGS_CHANGED), 0, 1);
        }
}

static void a_strange_address_is_not_ours(void **state)
{
        struct question q = question_at(9000000);

        (void)state;
        make_store("store", "[realm default]\n" OURS "[exporter cgn1]\nloss = reported\n");
        write_log("log.csv", 3600, 3 * 3600, NULL, 0);
        IMPORT("store", "log.csv");
        q.address = address_from_ipv4(UINT32_C(0xcb007101));
        expect("store", &q, VERDICT_UNKNOWN, BIT(REASON_NOT_OUR_ADDRESS), 0, 0);
}

/* --- Damage
 * ----------------------------------------------------------------------------------------------------------
 */

static void flip(const char *path, size_t at)
{
        FILE *file = fopen(path, "r+b");
        assert_non_null(file);
        assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
        int byte = fgetc(file);
        assert_true(byte != EOF);
        assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
        assert_int_equal(fputc(byte ^ 0x10, file), byte ^ 0x10);
        assert_int_equal(fclose(file), 0);
}

/* Whatever byte of a window is damaged: its questions name the file, or are answered as before where they do
 * not read the place; the next hour's are answered as before. */
static void a_damaged_window_names_its_file(void **state)
{
        struct question damaged = question_at(TWO + 1800000), other = question_at(TWO + TIME_HOUR + 600000);
        char path[PATH_MAX];
        struct error error = {0};
        unsigned seen = 0;

        (void)state;
        make_hours();
        struct depot *depot = open_store("store", DEPOT_READ);
        struct depot_files files = {0};
        assert_int_equal(depot_nat_files(depot, "default", &files, &error), 0);
        assert_true(files.count > 2);
        assert_int_equal(
                depot_file_path(depot, "default", false, files.items[1].name, path, sizeof path, &error), 0);
        depot_close(depot);
        for (size_t at = 0; at < files.items[1].size; at += files.items[1].size / 40 + 1) {
                struct asked asked;
                flip(path, at);
                int r = try_ask("store", &damaged, &asked, &error);
                if (r < 0) {
                        assert_int_equal(r, -EBADMSG);
                        assert_non_null(strstr(error.text, files.items[1].name));
                        seen++;
                } else {
                        assert_int_equal(asked.answer.verdict, VERDICT_ONE);
                        assert_int_equal(asked.answer.candidates[0].inside.bytes[15], 18);
                }
                asked_free(&asked);
                expect("store", &other, VERDICT_ONE, BIT(REASON_PROVEN), 1, 0);
                flip(path, at);
        }
        assert_true(seen > 20);
        depot_files_free(&files);
        expect("store", &damaged, VERDICT_ONE, BIT(REASON_PROVEN), 1, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(an_hour_ends_between_two_holders),
                TEST(a_candidate_shows_edges_of_other_hours),
                TEST(before_and_after_the_log_nothing_is_known),
                TEST(answers_do_not_depend_on_the_way_of_importing),
                TEST(two_realms_answer_for_themselves),
                TEST(the_default_skew_is_the_realms_uncertainty),
                TEST(exporters_count_for_the_addresses_they_lend),
                TEST(what_is_older_than_retention_is_not_answered),
                TEST(less_bold_settings_want_the_logs_again),
                TEST(a_strange_address_is_not_ours),
                TEST(a_damaged_window_names_its_file),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
