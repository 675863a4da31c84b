/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/text_time.h"

int text_month(struct slice name)
{
        static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

        if (name.length != 3)
                return 0;
        for (int month = 0; month < 12; month++) {
                bool same = true;
                for (int i = 0; i < 3; i++)
                        same = same && (name.text[i] | 0x20) == months[month * 3 + i];
                if (same)
                        return month + 1;
        }
        return 0;
}

static bool take_two(struct slice *rest, char end, int *ret)
{
        uint64_t number;
        struct slice digits = slice_cut(rest, end);

        if (digits.length != 2 || slice_number(digits, 99, &number) < 0)
                return false;
        *ret = (int)number;
        return true;
}

bool text_take_bsd_time(struct slice *rest, struct civil *ret)
{
        struct slice after = *rest;
        struct civil c = {.month = text_month(slice_word(&after))};
        struct slice day = slice_word(&after), clock = slice_word(&after);
        uint64_t number;

        if (c.month == 0 || day.length > 2 || slice_number(day, 31, &number) < 0)
                return false;
        c.day = (int)number;
        if (clock.length != 8 || !take_two(&clock, ':', &c.hour) || !take_two(&clock, ':', &c.minute) ||
                !take_two(&clock, ' ', &c.second))
                return false;
        struct civil leap = c;
        leap.year = 2000;
        if (!civil_is_valid(&leap))
                return false;
        *ret = c;
        *rest = after;
        return true;
}

/* The year in which the reading lies nearest to the line before (readings compared as if they were UTC; a
 * zone moves both alike). */
static bool nearest_year(const struct text_clock *clock, struct civil *reading)
{
        int64_t last = time_from_civil(&clock->last), nearest = INT64_MAX;
        int year = 0;

        for (int candidate = clock->last.year - 1; candidate <= clock->last.year + 1; candidate++) {
                struct civil c = *reading;
                c.year = candidate;
                if (!civil_is_valid(&c))
                        continue;
                int64_t distance = time_from_civil(&c) - last;
                if (distance < 0)
                        distance = -distance;
                if (distance < nearest) {
                        nearest = distance;
                        year = candidate;
                }
        }
        reading->year = year;
        return nearest <= TEXT_YEAR_REACH;
}

/* A reading that happened twice: the later one is proven where even the line before came after the earlier.
 */
static int choose_pass(
        struct text_clock *clock, int64_t earlier, int64_t later, int64_t *ret, const char **ret_why)
{
        bool second_pass = clock->floor != TIME_UNKNOWN && clock->floor - earlier > TEXT_SECOND_PASS;

        if (!second_pass) {
                if (clock->floor == TIME_UNKNOWN || clock->floor < earlier)
                        clock->floor = earlier;
                *ret_why = "this local time happened twice when the clocks went back, and the lines before "
                           "do not prove "
                           "which one is meant";
                return -ERANGE;
        }
        *ret = later;
        return 0;
}

int text_clock_instant(struct text_clock *clock, const struct text_options *options,
        const struct civil *reading, int64_t *ret_instant, const char **ret_why)
{
        struct text_reading full = {.civil = *reading};

        return text_clock_reading(clock, options, &full, ret_instant, ret_why);
}

/* The line before was of the same minute of local time, and that minute happened once. */
static bool is_same_minute(const struct text_clock *clock, const struct text_reading *reading)
{
        const struct civil *a = &clock->minute, *b = &reading->civil;

        return a->year != 0 && !reading->has_offset && (b->year == 0 || a->year == b->year) &&
               a->minute == b->minute && a->hour == b->hour && a->day == b->day && a->month == b->month;
}

/* Puts the year into a reading that states none. */
static bool find_year(const struct text_clock *clock, const struct text_options *options, struct civil *c,
        const char **ret_why)
{
        if (c->year == 0 && options->year == 0) {
                *ret_why = "the time has no year; say the year of the first line with --year";
                return false;
        }
        if (c->year == 0) {
                c->year = options->year;
                if (clock->last.year != 0 && !nearest_year(clock, c)) {
                        *ret_why = "more than three months from the line before, so its year is not proven; "
                                   "import the parts of this file separately, each with its --year";
                        return false;
                }
        }
        if (!civil_is_valid(c)) {
                *ret_why = "there was no such day in this year; check --year";
                return false;
        }
        return true;
}

static int in_range(struct text_clock *clock, int64_t instant, int64_t *ret_instant, const char **ret_why)
{
        if (instant < TIME_FIRST || instant >= TIME_LIMIT) {
                *ret_why = "the time is outside the years 1970 to 2261";
                return -ERANGE;
        }
        if (clock->floor == TIME_UNKNOWN || instant > clock->floor)
                clock->floor = instant;
        *ret_instant = instant;
        return 0;
}

int text_clock_reading(struct text_clock *clock, const struct text_options *options,
        const struct text_reading *reading, int64_t *ret_instant, const char **ret_why)
{
        struct civil c = reading->civil;
        int64_t instant = 0, second = 0;

        if (is_same_minute(clock, reading)) {
                clock->last.second = c.second;
                clock->last.millisecond = c.millisecond;
                return in_range(clock, clock->minute_starts + c.second * TIME_SECOND + c.millisecond,
                        ret_instant, ret_why);
        }
        if (!options->clock && !reading->has_offset) {
                *ret_why = "the time has no zone; say which one it is in with --zone";
                return -ERANGE;
        }
        if (!find_year(clock, options, &c, ret_why))
                return -ERANGE;
        clock->minute.year = 0;
        if (reading->has_offset) {
                clock->last = c;
                return in_range(
                        clock, time_from_civil(&c) - reading->offset_s * TIME_SECOND, ret_instant, ret_why);
        }
        int r = options->clock->to_instant(options->clock->context, &c, &instant, &second);
        if (r < 0) {
                *ret_why = "this local time never happened (the clocks went forward); check --zone";
                return -ERANGE;
        }
        clock->last = c;
        if (r == 1 && choose_pass(clock, instant, second, &instant, ret_why) < 0)
                return -ERANGE;
        if (r == 0 && instant >= TIME_FIRST + TIME_MINUTE && instant < TIME_LIMIT - TIME_MINUTE) {
                clock->minute = c;
                clock->minute_starts = instant - c.second * TIME_SECOND - c.millisecond;
        }
        return in_range(clock, instant, ret_instant, ret_why);
}
