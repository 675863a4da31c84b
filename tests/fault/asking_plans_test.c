/* SPDX-License-Identifier: EUPL-1.2 */
/* Questions to a store that holds plans, alone and beside logs. */
#include "intake/import_test.h"

#include "inquiry/inquiry.h"

#define BIT(reason) (1u << (reason))
#define PLAN_HEADER                                                                                          \
        "outside_address,port_first,port_last,inside,valid_from,valid_to,repeat_every,repeat_count,"         \
        "subscriber\n"
#define PLAN_ROWS                                                                                            \
        "198.51.100.7,1024,2047,100.64.0.3,2026-11-20T00:00:00Z,,,,\n"                                       \
        "198.51.100.7,2048,3071,100.64.0.4,2026-11-20T00:00:00Z,2026-11-20T02:00:00Z,,,\n"                   \
        "198.51.100.7,2048,3071,100.64.0.5,2026-11-20T02:00:00Z,,,,\n"                                       \
        "198.51.100.7,40000,49999,dynamic,2026-11-20T00:00:00Z,,,,\n"
#define CONF_LOG                                                                                             \
        "[realm default]\nmapping = destination-dependent\nlongest-session = 10m\nlongest-block = 30d\n"     \
        "[exporter cgn1]\nrealm = default\nloss = reported\n"

static void import_plan(const char *store, const char *rows)
{
        struct buffer text = buffer_make(1u << 20);

        buffer_append_text(&text, PLAN_HEADER);
        buffer_append_text(&text, rows);
        make_file("plan.csv", &text);
        buffer_free(&text);
        import_with(store, &(const struct intake_options){.format = "plan"},
                (const char *const[]){"plan.csv", NULL});
}

/* Heard every half minute from one second of the day to another; one session in it, seconds and port. */
static void import_log(const char *store, int64_t from, int64_t to, int64_t open, int64_t close,
        unsigned port, unsigned inside)
{
        struct buffer log = buffer_make(16u << 20);

        buffer_append_text(&log, CSV_HEADER);
        for (int64_t at = from; at <= to; at += 30) {
                if (open >= at && open < at + 30)
                        csv_event(&log, open, "open", port, inside);
                if (close >= at && close < at + 30)
                        csv_event(&log, close, "close", port, inside);
                csv_event(&log, at + 30, "open", 65000, 250);
                csv_event(&log, at + 30, "close", 65000, 250);
        }
        make_file("log.csv", &log);
        buffer_free(&log);
        IMPORT(store, "log.csv");
}

struct expected {
        int64_t second;
        int port, protocol;
        enum verdict verdict;
        unsigned reasons;
        const char *inside; /* of the only candidate; NULL: none or several */
};

static struct question question_of(const struct expected *e, uint32_t outside)
{
        return (struct question){.address = address_from_ipv4(outside),
                .port = e->port,
                .protocol = e->protocol,
                .at_ms = DAY_START + e->second * TIME_SECOND,
                .skew_ms = -1,
                .destination_port = -1};
}

static void expect_of(const char *store, uint32_t outside, const struct expected *expected, size_t count)
{
        struct depot *depot = open_store(store, DEPOT_READ);
        struct inquiry *inquiry = NULL;
        struct error error = {0};
        char text[ADDRESS_TEXT_MAX];

        if (inquiry_new(depot, &inquiry, &error) < 0)
                fail_msg("%s", error.text);
        for (size_t i = 0; i < count; i++) {
                const struct expected *e = &expected[i];
                struct question q = question_of(e, outside);
                struct answer a;
                if (inquiry_ask(inquiry, &q, &a, &error) < 0)
                        fail_msg("%s", error.text);
                if (a.verdict != e->verdict || (a.reasons & e->reasons) != e->reasons)
                        fail_msg("question %zu: %s, reasons %x", i, verdict_name(a.verdict), a.reasons);
                if (e->inside) {
                        assert_int_equal(a.candidate_count, 1);
                        assert_string_equal(address_format(&a.candidates[0].inside, text), e->inside);
                        assert_true(
                                a.candidates[0].planned == (strcmp(a.candidates[0].exporter, "plan") == 0));
                }
                answer_free(&a);
        }
        inquiry_free(inquiry);
        depot_close(depot);
}

#define EXPECT(store, ...)                                                                                   \
        do {                                                                                                 \
                const struct expected list[] = {__VA_ARGS__};                                                \
                expect_of(store, UINT32_C(0xc6336407), list, sizeof list / sizeof list[0]);                  \
        } while (0)

#define HOUR 3600

static void a_plan_alone(void **state)
{
        (void)state;
        make_store("store", "[realm default]\nmapping = destination-dependent\n");
        import_plan("store", PLAN_ROWS);
        EXPECT("store", {HOUR, 1024, 6, VERDICT_ONE, BIT(REASON_PROVEN), "100.64.0.3"},
                {HOUR, 2047, 17, VERDICT_ONE, 0, "100.64.0.3"}, /* every protocol, also a query identifier */
                {HOUR, 2047, 1, VERDICT_ONE, 0, "100.64.0.3"},
                {HOUR, 1000, 6, VERDICT_NONE, BIT(REASON_NOBODY), NULL}, /* below the first block */
                {HOUR, 1023, 6, VERDICT_NONE, 0, NULL}, {HOUR, 3072, 6, VERDICT_NONE, 0, NULL},
                {HOUR, 65535, 6, VERDICT_NONE, 0, NULL}, {HOUR, 0, 6, VERDICT_NONE, 0, NULL},
                {HOUR, 2048, 6, VERDICT_ONE, 0, "100.64.0.4"},
                {3 * HOUR, 2048, 6, VERDICT_ONE, 0, "100.64.0.5"},
                {2 * HOUR, 2048, 6, VERDICT_SEVERAL, BIT(REASON_SHARED_IN_TIME), NULL},
                {2 * HOUR - 3, 2048, 6, VERDICT_ONE, 0, "100.64.0.4"},
                {2 * HOUR + 2, 2048, 6, VERDICT_ONE, 0, "100.64.0.5"},
                {2 * HOUR, 1024, 6, VERDICT_ONE, 0, "100.64.0.3"},
                /* at the edge of all validity, and before it */
                {0, 1024, 6, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), NULL},
                {0, 5000, 6, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), NULL},
                {-HOUR, 1024, 6, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), NULL},
                /* the logs' own ports, without a log */
                {HOUR, 45000, 6, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), NULL},
                {HOUR, -1, 6, VERDICT_SEVERAL, BIT(REASON_NO_PORT), NULL},
                {HOUR, 1024, -1, VERDICT_ONE, 0, "100.64.0.3"},
                /* what has no ports is not said by who has which */
                {HOUR, -1, 47, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), NULL});
        const struct expected other = {HOUR, 1024, 6, VERDICT_UNKNOWN, BIT(REASON_NOT_OUR_ADDRESS), NULL};
        expect_of("store", UINT32_C(0xc6336408), &other, 1);
}

static void a_plan_beside_a_log(void **state)
{
        (void)state;
        make_store("store", CONF_LOG);
        import_log("store", HOUR, 4 * HOUR, 3 * HOUR, 3 * HOUR + 600, 45000, 77);
        import_plan("store", PLAN_ROWS);
        EXPECT("store", /* the log is heard: dynamic ports are its */
                {3 * HOUR + 300, 45000, 6, VERDICT_ONE, 0, "100.64.0.77"},
                {3 * HOUR + 300, 45001, 6, VERDICT_NONE, 0, NULL},
                {3 * HOUR + 300, 2048, 6, VERDICT_ONE, 0, "100.64.0.5"},
                /* it is not: planned ports do not care */
                {6 * HOUR, 45000, 6, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), NULL},
                {6 * HOUR, 2048, 6, VERDICT_ONE, 0, "100.64.0.5"},
                {6 * HOUR, 1000, 6, VERDICT_NONE, 0, NULL});
}

static void a_log_that_contradicts(void **state)
{
        (void)state;
        make_store("store", CONF_LOG);
        import_log("store", HOUR, 4 * HOUR, 3 * HOUR, 3 * HOUR + 600, 1500, 77);
        import_plan("store", PLAN_ROWS);
        EXPECT("store", {3 * HOUR + 300, 1500, 6, VERDICT_UNKNOWN, BIT(REASON_CONTRADICTION), NULL},
                {3 * HOUR + 300, 1501, 6, VERDICT_ONE, 0, "100.64.0.3"},
                {3 * HOUR + 300, 1500, 17, VERDICT_ONE, 0, "100.64.0.3"},
                {2 * HOUR + 300, 1500, 6, VERDICT_ONE, 0, "100.64.0.3"});
        make_store("nobody", CONF_LOG);
        import_log("nobody", HOUR, 4 * HOUR, 3 * HOUR, 3 * HOUR + 600, 9000, 77);
        import_plan("nobody", PLAN_ROWS);
        EXPECT("nobody", {3 * HOUR + 300, 9000, 6, VERDICT_UNKNOWN, BIT(REASON_CONTRADICTION), NULL},
                {3 * HOUR + 300, 9001, 6, VERDICT_NONE, 0, NULL});
        make_store("agrees", CONF_LOG);
        import_log("agrees", HOUR, 4 * HOUR, 3 * HOUR, 3 * HOUR + 600, 1500, 3);
        import_plan("agrees", PLAN_ROWS);
        EXPECT("agrees", {3 * HOUR + 300, 1500, 6, VERDICT_ONE, BIT(REASON_PROVEN), "100.64.0.3"});
}

/* A plan in a realm changes nothing for the addresses that it does not name. */
static void other_addresses_as_before(void **state)
{
        const struct expected sessions[] = {{3 * HOUR + 300, 45000, 6, VERDICT_ONE, 0, "100.64.0.77"},
                {3 * HOUR + 300, 45001, 6, VERDICT_NONE, 0, NULL},
                {3 * HOUR + 300, 1500, 6, VERDICT_NONE, 0, NULL},
                {6 * HOUR, 1500, 6, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), NULL}};

        (void)state;
        make_store("store", CONF_LOG);
        import_log("store", HOUR, 4 * HOUR, 3 * HOUR, 3 * HOUR + 600, 45000, 77);
        expect_of("store", UINT32_C(0xc6336407), sessions, 4);
        import_plan("store", "198.51.100.8,1024,65535,100.64.0.3,2026-11-20T00:00:00Z,,,,\n");
        expect_of("store", UINT32_C(0xc6336407), sessions, 4);
}

static void rows_that_contradict(void **state)
{
        struct intake_summary summary;

        (void)state;
        make_store("store", "[realm default]\n");
        import_plan("store", PLAN_ROWS "198.51.100.7,2000,2047,100.64.0.9,2026-11-20T00:00:00Z,,,,\n");
        EXPECT("store", {HOUR, 2000, 6, VERDICT_UNKNOWN, BIT(REASON_CONTRADICTION), NULL},
                {HOUR, 1024, 6, VERDICT_UNKNOWN, BIT(REASON_CONTRADICTION), NULL},
                {HOUR, 2048, 6, VERDICT_ONE, 0, "100.64.0.4"}, {HOUR, 5000, 6, VERDICT_NONE, 0, NULL});
        summary = import_with("store", &(const struct intake_options){.format = "plan"},
                (const char *const[]){"plan.csv", NULL});
        assert_int_equal(summary.plan_files_written, 0); /* the same again changes nothing */
        assert_int_equal(summary.plan_disputed, 2);
        assert_int_equal(summary.plan_rows, 5);
        assert_int_equal(summary.plan_addresses, 1);
        assert_non_null(strstr(summary.plan_dispute, "line 6"));
        assert_non_null(strstr(summary.plan_dispute, "line 2"));
}

/* What was refused may have been a row that ends one which was read. */
static void a_table_with_refused_lines(void **state)
{
        (void)state;
        make_store("store", "[realm default]\n");
        import_plan("store", PLAN_ROWS "198.51.100.7,2048,3071,100.64.0.6,2026-11-20 04:00,,,,\n");
        EXPECT("store", {5 * HOUR, 2048, 6, VERDICT_UNKNOWN, BIT(REASON_PLAN_INCOMPLETE), NULL},
                {5 * HOUR, 1000, 6, VERDICT_UNKNOWN, BIT(REASON_PLAN_INCOMPLETE), NULL});
        import_plan("store", PLAN_ROWS "198.51.100.7,2048,3071,100.64.0.6,2026-11-20T04:00:00Z,,,,\n");
        EXPECT("store", {5 * HOUR, 2048, 6, VERDICT_ONE, 0, "100.64.0.6"},
                {3 * HOUR, 2048, 6, VERDICT_ONE, 0, "100.64.0.5"},
                {5 * HOUR, 1000, 6, VERDICT_NONE, 0, NULL});
}

/* MAP: sets of ranges, a delegated prefix, and the subscriber who has it. */
static void a_map_domain(void **state)
{
        struct depot *depot;
        struct inquiry *inquiry = NULL;
        struct error error = {0};
        struct answer a;
        const struct expected inside = {HOUR, 2048 + 5, 6, VERDICT_ONE, 0, NULL};
        struct question q = question_of(&inside, UINT32_C(0xc6336407));

        (void)state;
        make_store("store", "[realm default]\n");
        import_plan("store",
                "198.51.100.7,1024,1031,2001:db8:0:100::/56,2026-11-20T00:00:00Z,,1024,63,customer-17\n"
                "198.51.100.7,1032,1039,2001:db8:0:200::/56,2026-11-20T00:00:00Z,,1024,63,customer-18\n");
        EXPECT("store", {HOUR, 1024 + 8, 6, VERDICT_ONE, 0, "2001:db8:0:200::"},
                {HOUR, 1024 + 16, 6, VERDICT_NONE, 0, NULL}, {HOUR, 1023, 6, VERDICT_NONE, 0, NULL},
                {HOUR, 63 * 1024 + 7, 6, VERDICT_ONE, 0, "2001:db8:0:100::"},
                {HOUR, 63 * 1024 + 16, 6, VERDICT_NONE, 0, NULL});
        depot = open_store("store", DEPOT_READ);
        assert_int_equal(inquiry_new(depot, &inquiry, &error), 0);
        assert_int_equal(inquiry_ask(inquiry, &q, &a, &error), 0);
        assert_int_equal(a.verdict, VERDICT_ONE);
        assert_string_equal(a.candidates[0].subscriber, "customer-17");
        assert_int_equal(a.candidates[0].port_first, 2048);
        assert_int_equal(a.candidates[0].port_last, 2055);
        assert_string_equal(a.candidates[0].record, "default/plans/all.000001.pln#198.51.100.7/0");
        answer_free(&a);
        inquiry_free(inquiry);
        depot_close(depot);
}

/* The same name for a NAT's log and for its plan: they stay two. */
static void one_name_for_log_and_plan(void **state)
{
        (void)state;
        make_store("store", CONF_LOG);
        import_plan("store", PLAN_ROWS);
        import_with("store", &(const struct intake_options){.exporter = "cgn1"},
                (const char *const[]){"plan.csv", NULL});
        EXPECT("store", {HOUR, 45000, 6, VERDICT_UNKNOWN, BIT(REASON_NOT_HEARD), NULL},
                {HOUR, 1000, 6, VERDICT_NONE, 0, NULL}, {HOUR, 1024, 6, VERDICT_ONE, 0, NULL});
}

/* Another realm's plan does not speak for this one's address. */
static void two_realms(void **state)
{
        (void)state;
        make_store("store",
                "[realm default]\noutside = 198.51.100.7/32\n[realm other]\noutside = 198.51.100.8/32\n");
        import_plan("store", PLAN_ROWS);
        import_with("store", &(const struct intake_options){.realm = "other", .exporter = "plan-2"},
                (const char *const[]){"plan.csv", NULL});
        /* Both name it with the same hosts, and only one of them can be right. */
        EXPECT("store", {HOUR, 1024, 6, VERDICT_SEVERAL, BIT(REASON_SEVERAL_REALMS), NULL},
                {HOUR, 1000, 6, VERDICT_NONE, 0, NULL});
}

/* A plan without an end says who will have a port in ten years; but nothing has happened yet. */
static void nobody_has_held_anything_in_the_future(void **state)
{
        struct question question = {.address = address_from_ipv4(0xc6336407),
                .port = 1500,
                .protocol = 6,
                .at_ms = INT64_C(9000000000000),
                .skew_ms = 1000,
                .destination_port = -1};
        struct inquiry *inquiry;
        struct answer answer;
        struct error error = {0};

        (void)state;
        import_plan("s", PLAN_ROWS);
        struct depot *depot = open_store("s", DEPOT_READ);
        assert_int_equal(inquiry_new(depot, &inquiry, &error), 0);
        assert_int_equal(inquiry_ask(inquiry, &question, &answer, &error), 0);
        assert_int_equal(answer.verdict, VERDICT_UNKNOWN);
        assert_int_equal(answer.reasons, BIT(REASON_IN_FUTURE));
        assert_int_equal(answer.candidate_count + answer.possible_count, 0);
        answer_free(&answer);
        inquiry_free(inquiry);
        depot_close(depot);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_plan_alone),
                TEST(a_plan_beside_a_log),
                TEST(a_log_that_contradicts),
                TEST(other_addresses_as_before),
                TEST(rows_that_contradict),
                TEST(a_table_with_refused_lines),
                TEST(a_map_domain),
                TEST(one_name_for_log_and_plan),
                TEST(nobody_has_held_anything_in_the_future),
                TEST(two_realms),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
