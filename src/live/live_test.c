/* SPDX-License-Identifier: EUPL-1.2 */
/* What a live node answers before anything is merged is what it would answer after: the same log is imported
 * into one store, and into another in part, the rest of it fed live in several generations. */
#include "intake/import_test.h"
#include "live/view.h"
#include "wire/text.h"

#define FIRST_SECOND 3600
#define LAST_SECOND (7 * 3600)
#define NOW_MS (DAY_START + 8 * TIME_HOUR)

static struct error error;

/* --- Feeding --- */

struct feed {
        struct intake *intake;
        struct text_decoder *decoder;
        const struct text_format *format;
};

static int feed_event(void *context, const struct nat_event *event)
{
        struct feed *feed = context;
        struct nat_event of_first = *event;

        of_first.exporter = 0;
        return intake_live_event(feed->intake, &of_first, NOW_MS, &error);
}

static void fail_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        (void)context, (void)refusal, (void)offset;
        fail_msg("refused: %s", detail);
}

/* One piece of the log, its events and its hearing. */
static void feed_piece(struct generations *generations, int64_t since, int64_t until)
{
        static struct log_event events[LOG_EVENTS_MAX];
        struct feed feed = {
                .intake = generations_last(generations)->intake, .format = text_format_by_name("csv")};
        struct decode_sink sink = {.context = &feed, .event = feed_event, .refused = fail_refused};
        struct text_options options = {.loss_reported = true, .heartbeat_ms = TIME_MINUTE};
        struct coverage heard = {0};
        size_t count = make_events(events, FIRST_SECOND, LAST_SECOND);

        assert_int_equal(feed.format->create(&options, &feed.decoder), 0);
        assert_int_equal(feed.format->line(feed.decoder, slice_of(CSV_HEADER), &sink), 0);
        for (size_t i = 0; i < count; i++) {
                struct buffer line = buffer_make(4096);
                if (events[i].second < since || events[i].second >= until)
                        continue;
                csv_event(&line, events[i].second, events[i].open ? "open" : "close", events[i].port,
                        events[i].inside);
                struct slice text = slice_make((const char *)line.bytes, line.length - 1);
                assert_int_equal(feed.format->line(feed.decoder, text, &sink), 0);
                buffer_free(&line);
        }
        assert_int_equal(feed.format->finish(feed.decoder, &sink, &heard), 0);
        for (size_t i = 0; i < heard.span_count; i++) {
                heard.spans[i].exporter = 0;
                assert_int_equal(intake_live_span(feed.intake, &heard.spans[i], &error), 0);
        }
        for (size_t i = 0; i < heard.gap_count; i++)
                assert_int_equal(intake_live_gap(feed.intake, &heard.gaps[i], &error), 0);
        coverage_free(&heard);
        feed.format->free(feed.decoder);
}

/* --- Comparing --- */

static struct question question_at(unsigned port, int64_t second)
{
        return (struct question){.address = address_from_ipv4(0xc6336407),
                .port = (int)port,
                .protocol = 6,
                .at_ms = DAY_START + second * TIME_SECOND,
                .skew_ms = 2000,
                .destination_port = -1};
}

static void tell_answer(struct buffer *text, const struct answer *a)
{
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX], inside[ADDRESS_TEXT_MAX];

        buffer_printf(text, "%s reasons %x complete %d\n", verdict_name(a->verdict), a->reasons, a->complete);
        for (size_t i = 0; i < a->candidate_count + a->possible_count; i++) {
                const struct answer_candidate *c =
                        i < a->candidate_count ? &a->candidates[i] : &a->possible[i - a->candidate_count];
                buffer_printf(text, "  %s %s %s %s..%s %s %s reasons %x\n",
                        address_format(&c->inside, inside), c->subscriber, c->exporter,
                        time_format_utc(c->from_edge ? c->from_ms : TIME_UNKNOWN, from),
                        time_format_utc(c->to_edge ? c->to_ms : TIME_UNKNOWN, to), edge_name(c->from_edge),
                        edge_name(c->to_edge), c->reasons);
        }
        for (size_t i = 0; i < a->exporter_count; i++)
                buffer_printf(text, "  heard %s whole %d gaps %x %s..%s\n", a->exporters[i].name,
                        a->exporters[i].whole, a->exporters[i].gap_reasons,
                        time_format_utc(a->exporters[i].heard_from_ms, from),
                        time_format_utc(a->exporters[i].heard_to_ms, to));
}

static char *ask(struct inquiry *inquiry, struct live_view *view, const struct question *question)
{
        struct buffer text = buffer_make(1 << 20);
        struct answer answer;

        if (view && live_view_turn(view, &question->address, NOW_MS, &error) < 0)
                fail_msg("%s", error.text);
        if (inquiry_ask(inquiry, question, &answer, &error) < 0)
                fail_msg("%s", error.text);
        tell_answer(&text, &answer);
        answer_free(&answer);
        buffer_append_u8(&text, 0);
        return (char *)text.bytes;
}

static void compare_answers(const char *whole, struct live_view *view)
{
        struct depot *depot = open_store(whole, DEPOT_READ);
        struct inquiry *inquiry;
        unsigned ones = 0;

        assert_int_equal(inquiry_new(depot, &inquiry, &error), 0);
        for (int64_t second = FIRST_SECOND - 600; second < LAST_SECOND + 600; second += 401)
                for (unsigned port = 2000; port < 2000 + LOG_PORTS; port++) {
                        struct question question = question_at(port, second);
                        char *expected = ask(inquiry, NULL, &question),
                             *live = ask(view->inquiry, view, &question);
                        ones += strncmp(expected, "one", 3) == 0;
                        if (strcmp(expected, live) != 0)
                                fail_msg("port %u at second %d: stored\n%slive\n%s", port, (int)second,
                                        expected, live);
                        free(expected);
                        free(live);
                }
        assert_true(ones > 100);
        inquiry_free(inquiry);
        depot_close(depot);
}

/* --- Tests --- */

/* The store "whole" has all of the log; "live" its first part, and the rest is fed. */
static void feed_rest(struct generations *generations, struct depot **ret_depot, int64_t cut)
{
        make_store("whole", SETTINGS_DEFAULT);
        make_store("live", SETTINGS_DEFAULT);
        make_log("all.csv", FIRST_SECOND, LAST_SECOND);
        make_log("first.csv", FIRST_SECOND, cut);
        IMPORT("whole", "all.csv");
        if (cut > FIRST_SECOND)
                IMPORT("live", "first.csv");
        *ret_depot = open_store("live", DEPOT_READ);
        if (generations_open(generations, *ret_depot, &error) < 0)
                fail_msg("%s", error.text);
}

/* The last hour that is over, and who held the one address in it. */
static void check_sharing(const struct sharing *sharing)
{
        /* Five hosts take turns at the ports, and one has a port of its own. */
        assert_int_equal(sharing->window_from, DAY_START + 6 * TIME_HOUR);
        assert_int_equal(sharing->worst[0].outside, 0xc6336407);
        assert_int_equal(sharing->worst[0].users, 6);
        assert_int_equal(sharing->worst[1].users, 0);
        assert_int_equal(sharing->addresses[6], 1);
        assert_true(sharing->open > 0);
}

static void check(int64_t cut, const int64_t *pieces, size_t count)
{
        struct generations generations;
        struct generations_merged merged;
        struct sharing sharing[2] = {SHARING_NONE, SHARING_NONE};
        struct live_view view;
        struct depot *depot;

        feed_rest(&generations, &depot, cut);
        for (size_t i = 0; i + 1 < count; i++) {
                feed_piece(&generations, pieces[i], pieces[i + 1]);
                generations_last(&generations)->mark = i + 1;
                if (i % 2 == 1)
                        assert_int_equal(generations_turn(&generations, &error), 0);
        }
        assert_true(generations_closed(&generations) > 0);
        if (live_view_open(&view, &generations, scratch_path("live"), &error) < 0)
                fail_msg("%s", error.text);
        compare_answers("whole", &view);
        live_view_close(&view);

        /* And the merge leaves the store that an import would have made. */
        assert_int_equal(generations_turn(&generations, &error), 0);
        if (generations_merge(&generations, scratch_path("live"), NOW_MS, sharing, &merged, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(merged.mark, count - 1);
        assert_true(merged.windows.windows > 0);
        check_sharing(&sharing[0]);
        assert_true(sharing[1].window_from == TIME_UNKNOWN);
        assert_same_telling("after the merge", tell_realm("whole", "default"), tell_realm("live", "default"));
        assert_int_equal(generations_forget(&generations, generations_closed(&generations)), count - 1);
        generations_close(&generations);
        depot_close(depot);
}

static void test_answers_before_a_merge_are_those_after_it(void **state)
{
        (void)state;
        check(4 * 3600 + 700,
                (const int64_t[]){4 * 3600 + 700, 5 * 3600, 5 * 3600 + 1, 6 * 3600 + 1700, LAST_SECOND}, 5);
}

static void test_without_a_stored_window(void **state)
{
        (void)state;
        check(FIRST_SECOND, (const int64_t[]){FIRST_SECOND, 2 * 3600 - 1, 4 * 3600, LAST_SECOND}, 4);
}

static void test_that_an_empty_node_says_what_its_store_says(void **state)
{
        struct generations generations;
        struct live_view view;
        struct depot *depot;

        (void)state;
        feed_rest(&generations, &depot, LAST_SECOND);
        assert_int_equal(generations_turn(&generations, &error), 0);
        assert_int_equal(generations_closed(&generations), 0);
        assert_int_equal(live_view_open(&view, &generations, scratch_path("live"), &error), 0);
        compare_answers("whole", &view);
        live_view_close(&view);
        generations_close(&generations);
        depot_close(depot);
}

static void test_that_what_cannot_be_is_refused(void **state)
{
        struct nat_event event = {.time_ms = DAY_START,
                .inside = address_from_ipv4(0x64400001),
                .outside = 0xc6336407,
                .port_first = 10,
                .port_last = 9,
                .exporter = 0};
        struct generations generations;
        struct depot *depot;

        (void)state;
        feed_rest(&generations, &depot, FIRST_SECOND);
        struct intake *intake = generations_last(&generations)->intake;
        assert_int_equal(intake_live_event(intake, &event, NOW_MS, &error), 1);
        event.port_last = 10;
        event.exporter = 1;
        assert_int_equal(intake_live_event(intake, &event, NOW_MS, &error), 1);
        event.exporter = 0;
        event.time_ms = NOW_MS + 2 * TIME_DAY;
        assert_int_equal(intake_live_event(intake, &event, NOW_MS, &error), 1);
        assert_true(intake_live_state(intake).is_empty);
        assert_int_equal(intake_live_state(intake).refused, 3);
        event.time_ms = DAY_START;
        assert_int_equal(intake_live_event(intake, &event, NOW_MS, &error), 0);
        assert_false(intake_live_state(intake).is_empty);
        generations_close(&generations);
        depot_close(depot);
}

/* Of a lease log in which records may come late, the last minute is not known to be complete. */
static void test_that_late_leases_are_waited_for(void **state)
{
        struct lease_event event = {.prefix = {.address = address_from_ipv4(0x64400001), .length = 128},
                .from_ms = DAY_START,
                .to_ms = TIME_UNKNOWN,
                .from_edge = EDGE_OBSERVED,
                .subscriber = "anna"};
        const struct lease_list *leases;
        struct generations generations;
        struct depot *depot;
        int64_t until;

        (void)state;
        feed_rest(&generations, &depot, FIRST_SECOND);
        struct intake *intake = generations_last(&generations)->intake;
        assert_int_equal(intake_live_lease(intake, 0, &event, NOW_MS, &error), 0);
        assert_int_equal(intake_live_leases(intake, "default", &leases, &until), 0);
        assert_int_equal(until, DAY_START - INTAKE_LIVE_LEASE_SETTLE_MS);
        event.to_edge = EDGE_OBSERVED;
        event.to_ms = DAY_START + TIME_HOUR;
        assert_int_equal(intake_live_lease(intake, 0, &event, NOW_MS, &error), 0);
        assert_int_equal(intake_live_leases(intake, "default", &leases, &until), 0);
        assert_int_equal(until, DAY_START + TIME_HOUR - INTAKE_LIVE_LEASE_SETTLE_MS);
        generations_close(&generations);
        depot_close(depot);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_answers_before_a_merge_are_those_after_it, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_without_a_stored_window, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_that_an_empty_node_says_what_its_store_says, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_that_late_leases_are_waited_for, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_that_what_cannot_be_is_refused, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
