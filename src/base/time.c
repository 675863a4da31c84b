/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>

/* Days since 1970-01-01 of a proleptic Gregorian date, counted in 400-year eras so that no table is needed.
 */
static int64_t days_from_date(int year, int month, int day)
{
        int64_t y = month <= 2 ? (int64_t)year - 1 : year;
        int64_t era = (y >= 0 ? y : y - 399) / 400;
        int64_t year_of_era = y - era * 400;
        int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        return era * 146097 + day_of_era - 719468;
}

int64_t time_from_civil(const struct civil *civil)
{
        int64_t days = days_from_date(civil->year, civil->month, civil->day);
        return days * TIME_DAY + civil->hour * TIME_HOUR + civil->minute * TIME_MINUTE +
               civil->second * TIME_SECOND + civil->millisecond;
}

/* Year, month and day of a number of days since 1970, whatever it is. */
static void date_from_days(int64_t days, struct civil *ret)
{
        int64_t shifted = days + 719468;
        int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
        int64_t day_of_era = shifted - era * 146097;
        int64_t year_of_era =
                (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
        int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        int64_t month_index = (5 * day_of_year + 2) / 153;

        ret->month = (int)(month_index + (month_index < 10 ? 3 : -9));
        ret->year = (int)(year_of_era + era * 400 + (ret->month <= 2));
        ret->day = (int)(day_of_year - (153 * month_index + 2) / 5 + 1);
}

#define LEAP_CYCLE 1461             /* days of four years */
#define DAYS_TO_1972 (2 * 365 + 60) /* to its first of March */
#define DAYS_TO_2100 47541          /* the next year that is divisible by four and no leap year */

/* The same, as nearly every day that is ever asked: between 1972-03-01 and 2100-02-28 every fourth year is a
 * leap year, and short numbers divide faster. */
static void date_from_recent_days(uint32_t days, struct civil *ret)
{
        uint32_t since = days - DAYS_TO_1972;
        uint32_t year = (4 * since + 3) / LEAP_CYCLE;
        uint32_t day_of_year = since - year * LEAP_CYCLE / 4;
        uint32_t month_index = (5 * day_of_year + 2) / 153;

        ret->month = (int)(month_index < 10 ? month_index + 3 : month_index - 9);
        ret->year = (int)(1972 + year + (month_index >= 10));
        ret->day = (int)(day_of_year - (153 * month_index + 2) / 5 + 1);
}

struct civil time_to_civil(int64_t instant)
{
        int64_t days = instant / TIME_DAY;
        int64_t rest = instant % TIME_DAY;
        struct civil civil;

        if (rest < 0) {
                rest += TIME_DAY;
                days--;
        }
        if (days >= DAYS_TO_1972 && days < DAYS_TO_2100)
                date_from_recent_days((uint32_t)days, &civil);
        else
                date_from_days(days, &civil);
        uint32_t second = (uint32_t)rest / 1000, minute = second / 60;
        civil.hour = (int)(minute / 60);
        civil.minute = (int)(minute % 60);
        civil.second = (int)(second % 60);
        civil.millisecond = (int)((uint32_t)rest % 1000);
        return civil;
}

static int days_in_month(int year, int month)
{
        static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        return month == 2 && leap ? 29 : days[month - 1];
}

bool civil_is_valid(const struct civil *civil)
{
        return civil->year >= 1 && civil->year <= 9999 && civil->month >= 1 && civil->month <= 12 &&
               civil->day >= 1 && civil->day <= days_in_month(civil->year, civil->month) &&
               civil->hour >= 0 && civil->hour <= 23 && civil->minute >= 0 && civil->minute <= 59 &&
               civil->second >= 0 && civil->second <= 59 && civil->millisecond >= 0 &&
               civil->millisecond <= 999;
}

/* Exactly `digits` decimal digits; false and a negative value where there are fewer. */
static bool take_digits(struct slice *rest, unsigned digits, int *ret_value)
{
        uint64_t value;
        if (rest->length < digits || slice_number(slice_make(rest->text, digits), 9999, &value) < 0)
                return false;
        *ret_value = (int)value;
        rest->text += digits;
        rest->length -= digits;
        return true;
}

static bool take_mark(struct slice *rest, const char *one_of)
{
        if (rest->length == 0 || rest->text[0] == '\0' || !strchr(one_of, rest->text[0]))
                return false;
        rest->text++;
        rest->length--;
        return true;
}

/* time-secfrac of RFC 3339 section 5.6: digits past the millisecond are cut, never rounded up into the
 * future. */
static bool take_fraction(struct slice *rest, int *ret_millisecond)
{
        int millisecond = 0, weight = 100;
        size_t digits = 0;

        while (rest->length && rest->text[0] >= '0' && rest->text[0] <= '9') {
                millisecond += (rest->text[0] - '0') * weight;
                weight /= 10;
                digits++;
                rest->text++;
                rest->length--;
        }
        *ret_millisecond = millisecond;
        return digits > 0;
}

static bool take_date_time(struct slice *rest, struct civil *civil)
{
        bool sound = take_digits(rest, 4, &civil->year) && take_mark(rest, "-") &&
                     take_digits(rest, 2, &civil->month) && take_mark(rest, "-") &&
                     take_digits(rest, 2, &civil->day) && take_mark(rest, "Tt ") &&
                     take_digits(rest, 2, &civil->hour) && take_mark(rest, ":") &&
                     take_digits(rest, 2, &civil->minute) && take_mark(rest, ":") &&
                     take_digits(rest, 2, &civil->second);
        if (!sound)
                return false;
        if (take_mark(rest, ".") && !take_fraction(rest, &civil->millisecond))
                return false;
        if (civil->second == 60) {
                civil->second = 59;
                civil->millisecond = 999;
        }
        return civil_is_valid(civil);
}

static bool take_offset(struct slice *rest, int *ret_offset_s)
{
        int hours, minutes;

        if (take_mark(rest, "Zz")) {
                *ret_offset_s = 0;
                return true;
        }
        bool west = rest->length && rest->text[0] == '-';
        if (!take_mark(rest, "+-") || !take_digits(rest, 2, &hours) || !take_mark(rest, ":") ||
                !take_digits(rest, 2, &minutes) || hours > 23 || minutes > 59)
                return false;
        *ret_offset_s = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
        return true;
}

int time_parse_rfc3339(struct slice text, int64_t *ret_instant, int *ret_offset_s, struct error *error)
{
        struct civil civil = {0};
        struct slice rest = text;
        int offset_s = 0;

        if (!take_date_time(&rest, &civil))
                return error_set(error, -EINVAL,
                        "\"%.*s\" is not a time; write it like 2026-11-20T23:35:52Z or "
                        "2026-11-21T00:35:52.250+01:00",
                        (int)(text.length > 60 ? 60 : text.length), text.length ? text.text : "");
        if (rest.length == 0)
                return error_set(error, -EINVAL,
                        "\"%.*s\" has no UTC offset, so it could mean several instants; write it like "
                        "%.*sZ (UTC) or %.*s+01:00",
                        (int)text.length, text.text, (int)text.length, text.text, (int)text.length,
                        text.text);
        if (!take_offset(&rest, &offset_s) || rest.length)
                return error_set(error, -EINVAL,
                        "\"%.*s\" does not end in a UTC offset; write Z, +01:00 or -05:30 behind the seconds",
                        (int)(text.length > 60 ? 60 : text.length), text.text);
        int64_t instant = time_from_civil(&civil) - offset_s * TIME_SECOND;
        if (instant < TIME_FIRST || instant >= TIME_LIMIT)
                return error_set(error, -ERANGE, "\"%.*s\" is outside the years 1970 to 2261",
                        (int)(text.length > 60 ? 60 : text.length), text.text);
        *ret_instant = instant;
        if (ret_offset_s)
                *ret_offset_s = offset_s;
        return 0;
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

/* Two digits of a number from 0 to 99. */
static char *put_pair(char *at, int value)
{
        memcpy(at, pairs + 2 * (unsigned)value % 200, 2);
        return at + 2;
}

static char *put_two(char *at, int value, char mark)
{
        at = put_pair(at, value);
        *at = mark;
        return at + 1;
}

/* RFC 3339 section 5.6 without the zone: a batch of answers writes ten times for each question, and printf
 * takes ten times as long. Returns the place behind. */
static char *put_civil(char *at, const struct civil *c)
{
        at = put_pair(at, c->year / 100);
        at = put_two(at, c->year % 100, '-');
        at = put_two(at, c->month, '-');
        at = put_two(at, c->day, 'T');
        at = put_two(at, c->hour, ':');
        at = put_two(at, c->minute, ':');
        at = put_two(at, c->second, '.');
        *at++ = (char)('0' + c->millisecond / 100);
        return put_pair(at, c->millisecond % 100);
}

char *time_format_utc(int64_t instant, char text[TIME_TEXT_MAX])
{
        if (instant == TIME_UNKNOWN) {
                memcpy(text, "-", 2);
                return text;
        }
        struct civil c = time_to_civil(instant);
        memcpy(put_civil(text, &c), "Z", 2);
        return text;
}

char *time_format_offset(int64_t instant, int offset_s, char text[TIME_TEXT_MAX])
{
        if (instant == TIME_UNKNOWN)
                return time_format_utc(instant, text);
        struct civil c = time_to_civil(instant + offset_s * TIME_SECOND);
        int size = offset_s < 0 ? -offset_s : offset_s;
        char *at = put_civil(text, &c);
        *at++ = offset_s < 0 ? '-' : '+';
        at = put_two(at, size / 3600 % 100, ':');
        *put_pair(at, size / 60 % 60) = '\0';
        return text;
}

static const struct duration_unit {
        const char *name;
        int64_t milliseconds;
} duration_units[] = {
        {"d", TIME_DAY},
        {"h", TIME_HOUR},
        {"m", TIME_MINUTE},
        {"s", TIME_SECOND},
        {"ms", 1},
};

int time_parse_duration(struct slice text, int64_t *ret_duration, struct error *error)
{
        size_t digits = 0;
        uint64_t number;

        while (digits < text.length && text.text[digits] >= '0' && text.text[digits] <= '9')
                digits++;
        struct slice unit = slice_make(text.text + digits, text.length - digits);
        for (size_t i = 0; i < sizeof duration_units / sizeof duration_units[0]; i++) {
                if (!slice_is(unit, duration_units[i].name))
                        continue;
                uint64_t maximum = (uint64_t)(100 * 366 * TIME_DAY / duration_units[i].milliseconds);
                if (slice_number(slice_make(text.text, digits), maximum, &number) < 0)
                        break;
                *ret_duration = (int64_t)number * duration_units[i].milliseconds;
                return 0;
        }
        return error_set(error, -EINVAL,
                "\"%.*s\" is not a duration; write a number and its unit: 500ms, 2s, 5m, 24h or 180d",
                (int)(text.length > 60 ? 60 : text.length), text.length ? text.text : "");
}

char *time_format_duration(int64_t duration, char text[TIME_TEXT_MAX])
{
        for (size_t i = 0; i < sizeof duration_units / sizeof duration_units[0]; i++) {
                int64_t unit = duration_units[i].milliseconds;
                if (duration % unit == 0 && (duration != 0 || unit == TIME_SECOND)) {
                        snprintf(text, TIME_TEXT_MAX, "%" PRId64 "%s", duration / unit,
                                duration_units[i].name);
                        return text;
                }
        }
        return text;
}
