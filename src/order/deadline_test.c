/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/deadline.h"

#include "order/local_zone_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct local_zone vienna, dublin, helsinki, beirut;
static int64_t holidays[8];

static int64_t day_of(int year, int month, int day)
{
        struct civil civil = {.year = year, .month = month, .day = day};

        return civil_day_number(&civil);
}

/* Made-up holidays: some alone, some in a row, some on weekends. */
static struct calendar calendar_of(const struct local_zone *zone)
{
        const int64_t made_up[8] = {day_of(2026, 1, 1), day_of(2026, 4, 3), day_of(2026, 4, 6),
                day_of(2026, 5, 1), day_of(2026, 12, 24), day_of(2026, 12, 25), day_of(2026, 12, 26),
                day_of(2026, 12, 28)};

        memcpy(holidays, made_up, sizeof holidays);
        return (struct calendar){
                .zone = zone, .holidays = holidays, .holiday_count = 8, .weekend = WEEKEND_SATURDAY_SUNDAY};
}

static void is_at(int64_t instant, const char *text)
{
        char shown[TIME_TEXT_MAX];

        if (instant != AT(text))
                print_error("%s instead of %s\n", time_format_utc(instant, shown), text);
        assert_true(instant == AT(text));
}

static void test_ten_days_skip_the_day_of_receipt_and_roll_off_weekends(void **state)
{
        struct calendar calendar = calendar_of(&vienna);

        (void)state;
        /* Wednesday 2026-11-11 + 10 = Saturday 21, rolls to Monday 23, over at midnight */
        is_at(deadline_production(&calendar, DEADLINE_TEN_DAYS, AT("2026-11-11T10:00:00Z"), NULL, 0),
                "2026-11-23T23:00:00Z");
        /* a minute before and after local midnight */
        is_at(deadline_days(&calendar, AT("2026-11-08T22:59:00Z"), 10), "2026-11-18T23:00:00Z");
        is_at(deadline_days(&calendar, AT("2026-11-08T23:01:00Z"), 10), "2026-11-19T23:00:00Z");
        /* into summer time: the end is a local midnight, 23 hours shorter or not */
        is_at(deadline_days(&calendar, AT("2026-03-20T10:00:00Z"), 10), "2026-03-30T22:00:00Z");
        /* Christmas: day 10 is Thursday 24, holidays until Monday 28 */
        is_at(deadline_days(&calendar, AT("2026-12-14T10:00:00Z"), 10), "2026-12-29T23:00:00Z");
        calendar = calendar_of(&dublin);
        is_at(deadline_days(&calendar, AT("2026-11-11T23:30:00Z"), 10), "2026-11-24T00:00:00Z");
        calendar = calendar_of(&beirut); /* the day after the last has no midnight */
        is_at(deadline_days(&calendar, AT("2026-03-18T10:00:00Z"), 10), "2026-03-30T21:00:00Z");
}

static void test_eight_hours_begin_with_the_next_full_hour_and_never_roll(void **state)
{
        struct calendar calendar = calendar_of(&vienna);

        (void)state;
        /* Friday 17:10 in Vienna -> Saturday 02:00 */
        is_at(deadline_production(&calendar, DEADLINE_EIGHT_HOURS_LIFE, AT("2026-11-20T16:10:00Z"), NULL, 0),
                "2026-11-21T01:00:00Z");
        is_at(deadline_production(
                      &calendar, DEADLINE_EIGHT_HOURS_INFRASTRUCTURE, AT("2026-11-20T16:00:00Z"), NULL, 0),
                "2026-11-21T01:00:00Z");
        is_at(deadline_hours(&calendar, AT("2026-11-20T16:59:59.999Z"), 8), "2026-11-21T01:00:00Z");
        /* the night in which clocks are set back: eight hours that pass, whatever the clocks show */
        is_at(deadline_hours(&calendar, AT("2026-10-24T20:10:00Z"), 8), "2026-10-25T05:00:00Z");
        int half = 19800;
        struct local_zone india = {.name = "Asia/Kolkata", .offset = local_fixed_offset, .context = &half};
        struct calendar there = {.zone = &india, .weekend = WEEKEND_SATURDAY_SUNDAY};
        is_at(deadline_hours(&there, AT("2026-11-20T16:10:00Z"), 8), "2026-11-21T00:30:00Z");
}

static void test_the_clock_stops_while_the_provider_waits_for_an_answer(void **state)
{
        struct calendar calendar = calendar_of(&vienna);
        struct deadline_pause pauses[2] = {{AT("2026-11-12T10:00:00Z"), TIME_UNKNOWN}};
        int64_t received = AT("2026-11-09T10:00:00Z"); /* Monday */

        (void)state;
        is_at(deadline_production(&calendar, DEADLINE_TEN_DAYS, received, NULL, 0), "2026-11-19T23:00:00Z");
        assert_true(deadline_production(&calendar, DEADLINE_TEN_DAYS, received, pauses, 1) == TIME_UNKNOWN);
        pauses[0].to_ms = AT("2026-11-16T09:00:00Z"); /* four calendar days later: Monday 23 */
        is_at(deadline_production(&calendar, DEADLINE_TEN_DAYS, received, pauses, 1), "2026-11-23T23:00:00Z");
        /* a second question within the first pause adds only what is new */
        pauses[1] = (struct deadline_pause){AT("2026-11-13T10:00:00Z"), AT("2026-11-17T09:00:00Z")};
        is_at(deadline_production(&calendar, DEADLINE_TEN_DAYS, received, pauses, 2), "2026-11-24T23:00:00Z");
        /* an emergency: by the time between, up to a full hour */
        pauses[0] = (struct deadline_pause){AT("2026-11-09T11:20:00Z"), AT("2026-11-09T12:05:00Z")};
        is_at(deadline_production(&calendar, DEADLINE_EIGHT_HOURS_LIFE, received, pauses, 1),
                "2026-11-09T20:00:00Z");
        /* an answer before the question moves nothing backwards */
        pauses[0] = (struct deadline_pause){AT("2026-11-12T10:00:00Z"), AT("2026-11-11T10:00:00Z")};
        is_at(deadline_production(&calendar, DEADLINE_TEN_DAYS, received, pauses, 1), "2026-11-19T23:00:00Z");
}

static void test_other_periods(void **state)
{
        struct calendar calendar = calendar_of(&vienna);

        (void)state;
        is_at(deadline_validation(AT("2026-11-20T16:10:00Z")), "2026-11-22T16:10:00Z");
        is_at(deadline_ea_emergency(&calendar, AT("2026-11-20T16:10:00Z")), "2026-11-24T17:00:00Z");
        is_at(deadline_clarification(&calendar, AT("2026-11-16T10:00:00Z")), "2026-11-23T23:00:00Z");
        is_at(deadline_working_days(&calendar, AT("2026-11-20T10:00:00Z"), 5), "2026-11-27T23:00:00Z");
        is_at(deadline_working_days(&calendar, AT("2026-12-23T10:00:00Z"), 2), "2026-12-30T23:00:00Z");
        is_at(deadline_preservation(&calendar, AT("2026-11-11T10:00:00Z"), false, false),
                "2027-01-11T23:00:00Z");
        is_at(deadline_preservation(&calendar, AT("2026-11-11T10:00:00Z"), true, false),
                "2027-02-09T23:00:00Z");
        assert_true(deadline_preservation(&calendar, AT("2026-11-11T10:00:00Z"), false, true) == TIME_LIMIT);
        assert_true(deadline_days(&calendar, TIME_UNKNOWN, 10) == TIME_UNKNOWN);
        assert_true(deadline_hours(&calendar, TIME_LIMIT, 8) == TIME_UNKNOWN);
}

/* Regulation 1182/71 Article 3(5): Easter leaves one working day in five, so one more is added. */
static void test_a_period_has_two_working_days(void **state)
{
        struct calendar calendar = calendar_of(&vienna);

        (void)state;
        /* Thursday 2026-04-02: Good Friday, weekend and Monday are holidays, Tuesday 7 is the fifth day */
        is_at(deadline_days(&calendar, AT("2026-04-02T10:00:00Z"), 5), "2026-04-08T22:00:00Z");
}

/* The same by counting hours one by one, without any of the functions above but the zone's offset. */
static int64_t naive_days(const struct calendar *calendar, int64_t event, int days)
{
        int64_t last = -1, today = -1, working = 0;
        int counted = -1;
        bool done = false;

        for (int64_t at = event - event % TIME_HOUR;; at += TIME_HOUR / 4) {
                int64_t local =
                        (at + calendar->zone->offset(calendar->zone->context, at) * TIME_SECOND) / TIME_DAY;
                if (local <= last)
                        continue;
                if (done)
                        return at;
                last = today = local;
                counted++;
                bool open = civil_weekday(today) < 5;
                for (size_t i = 0; i < calendar->holiday_count; i++)
                        open &= calendar->holidays[i] != today;
                working += counted > 0 && open;
                done = counted >= days && open && (days < 2 || working >= 2);
        }
}

static void test_days_agree_with_counting_over_two_years(void **state)
{
        const struct local_zone *zones[] = {&vienna, &dublin, &helsinki, &beirut};
        const int periods[] = {1, 5, 10, 30, 60};

        (void)state;
        for (size_t z = 0; z < 4; z++)
                for (size_t p = 0; p < 5; p++)
                        for (int64_t at = AT("2025-12-01T00:07:00Z"); at < AT("2027-02-01T00:00:00Z");
                                at += 23 * TIME_HOUR) {
                                struct calendar calendar = calendar_of(zones[z]);
                                int64_t end = deadline_days(&calendar, at, periods[p]);
                                assert_true(end == naive_days(&calendar, at, periods[p]));
                                assert_true(end > at && end - at >= periods[p] * (TIME_DAY - TIME_HOUR));
                        }
}

static void test_later_events_never_end_earlier(void **state)
{
        struct calendar calendar = calendar_of(&vienna);
        int64_t before = 0, hours = 0;

        (void)state;
        for (int64_t at = AT("2026-01-01T00:00:00Z"); at < AT("2027-01-01T00:00:00Z"); at += TIME_HOUR / 2) {
                int64_t end = deadline_days(&calendar, at, 10), end_hours = deadline_hours(&calendar, at, 8);
                assert_true(end >= before && end_hours >= hours);
                assert_true(end_hours - at > 8 * TIME_HOUR && end_hours - at <= 9 * TIME_HOUR);
                before = end;
                hours = end_hours;
        }
}

/* Whatever the clocks of the nodes: never before day 10 of the later of the two receipts. */
static void test_requirement_12_skew_never_brings_the_release_forward(void **state)
{
        struct calendar calendar = calendar_of(&dublin);

        (void)state;
        is_at(deadline_ea_release(
                      &calendar, AT("2026-11-09T10:00:00Z"), AT("2026-11-09T10:05:00Z"), 0, NULL, 0),
                "2026-11-20T00:00:00Z");
        is_at(deadline_ea_release(
                      &calendar, AT("2026-11-09T10:00:00Z"), AT("2026-11-10T10:05:00Z"), 0, NULL, 0),
                "2026-11-21T00:00:00Z");
        /* two minutes before midnight, and clocks five minutes apart */
        is_at(deadline_ea_release(&calendar, AT("2026-11-09T23:58:00Z"), AT("2026-11-09T23:58:00Z"),
                      -5 * TIME_MINUTE, NULL, 0),
                "2026-11-21T00:00:00Z");
        is_at(deadline_ea_release(&calendar, AT("2026-11-09T10:00:00Z"), AT("2026-11-09T10:00:00Z"),
                      5 * TIME_MINUTE, NULL, 0),
                "2026-11-20T00:05:00Z");
        assert_true(deadline_ea_release(&calendar, AT("2026-11-09T10:00:00Z"), TIME_UNKNOWN, 0, NULL, 0) ==
                    TIME_UNKNOWN);
        assert_true(deadline_ea_release(&calendar, AT("2026-11-09T10:00:00Z"), AT("2026-11-09T10:00:00Z"),
                            INT64_MIN, NULL, 0) == TIME_UNKNOWN);
        for (int64_t at = AT("2026-03-01T00:00:00Z"); at < AT("2026-05-01T00:00:00Z"); at += 5 * TIME_HOUR)
                for (int64_t skew = -TIME_DAY; skew <= TIME_DAY; skew += 7 * TIME_HOUR) {
                        int64_t end = deadline_ea_release(&calendar, at, at, skew, NULL, 0);
                        int64_t size = skew < 0 ? -skew : skew;
                        assert_true(end >= deadline_days(&calendar, at + size, 10));
                        assert_true(end >= deadline_days(&calendar, at, 10) + size);
                }
}

static void test_requirement_15_the_duty_to_inform_has_a_date_and_delays_expire(void **state)
{
        struct calendar calendar = calendar_of(&vienna);
        struct inform_rules rules = {.within_days = 10, .most_delay_days = 90};
        int64_t opened = AT("2026-11-09T10:00:00Z"), decided = AT("2026-11-01T10:00:00Z");

        (void)state;
        struct inform_due due =
                deadline_inform(&calendar, &rules, TIME_UNKNOWN, false, TIME_UNKNOWN, TIME_UNKNOWN);
        assert_true(due.due_ms == TIME_UNKNOWN);
        due = deadline_inform(&calendar, &rules, opened, false, TIME_UNKNOWN, TIME_UNKNOWN);
        is_at(due.due_ms, "2026-11-19T23:00:00Z");
        assert_false(due.asks_again);
        due = deadline_inform(&calendar, &rules, opened, true, decided, AT("2026-12-24T00:00:00Z"));
        is_at(due.due_ms, "2026-12-24T00:00:00Z");
        assert_true(due.asks_again);
        /* without an end, or with one that is too far away */
        due = deadline_inform(&calendar, &rules, opened, true, decided, TIME_UNKNOWN);
        is_at(due.due_ms, "2027-01-30T10:00:00Z");
        due = deadline_inform(&calendar, &rules, opened, true, decided, AT("2040-01-01T00:00:00Z"));
        is_at(due.due_ms, "2027-01-30T10:00:00Z");
        due = deadline_inform(&calendar, &rules, opened, true, TIME_UNKNOWN, TIME_UNKNOWN);
        is_at(due.due_ms, "2027-02-07T10:00:00Z");
}

static void test_words(void **state)
{
        struct calendar calendar = calendar_of(&vienna);
        char text[DEADLINE_TEXT_MAX];

        (void)state;
        assert_string_equal(deadline_words(&calendar, AT("2026-12-01T23:00:00Z"), text),
                "before 2026-12-02T00:00:00.000+01:00 Europe/Vienna (2026-12-01T23:00:00.000Z)");
        assert_string_equal(deadline_words(&calendar, TIME_UNKNOWN, text), "not running");
        assert_string_equal(deadline_words(&calendar, TIME_LIMIT, text), "until further notice");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ten_days_skip_the_day_of_receipt_and_roll_off_weekends),
                cmocka_unit_test(test_eight_hours_begin_with_the_next_full_hour_and_never_roll),
                cmocka_unit_test(test_the_clock_stops_while_the_provider_waits_for_an_answer),
                cmocka_unit_test(test_other_periods),
                cmocka_unit_test(test_a_period_has_two_working_days),
                cmocka_unit_test(test_days_agree_with_counting_over_two_years),
                cmocka_unit_test(test_later_events_never_end_earlier),
                cmocka_unit_test(test_requirement_12_skew_never_brings_the_release_forward),
                cmocka_unit_test(test_requirement_15_the_duty_to_inform_has_a_date_and_delays_expire),
                cmocka_unit_test(test_words),
        };
        vienna = vienna_zone();
        dublin = dublin_zone();
        helsinki = helsinki_zone();
        beirut = midnight_zone();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
