/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/identifier_word.h"

#include <stdio.h>
#include <strings.h>

static bool take_digits(struct slice *rest, size_t least, size_t most, int *ret)
{
        size_t length = 0;
        int number = 0;

        while (length < rest->length && length < most && rest->text[length] >= '0' &&
                rest->text[length] <= '9')
                number = number * 10 + (rest->text[length++] - '0');
        if (length < least)
                return false;
        *rest = slice_make(rest->text + length, rest->length - length);
        *ret = number;
        return true;
}

static bool take_mark(struct slice *rest, const char *marks)
{
        if (rest->length == 0 || !strchr(marks, rest->text[0]))
                return false;
        *rest = slice_make(rest->text + 1, rest->length - 1);
        return true;
}

static bool take_month_name(struct slice *rest, int *ret)
{
        static const char names[12][4] = {
                "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

        for (int i = 0; i < 12; i++)
                if (rest->length >= 3 && strncasecmp(rest->text, names[i], 3) == 0) {
                        *rest = slice_make(rest->text + 3, rest->length - 3);
                        *ret = i + 1;
                        return true;
                }
        return false;
}

/* 2026-11-11, 11/Nov/2026, 11.11.2026. Moves *rest behind it. */
static bool take_date(struct slice *rest, struct civil *civil)
{
        struct slice at = *rest;

        take_mark(&at, "[");
        struct slice begin = at;
        bool found = take_digits(&at, 4, 4, &civil->year) && take_mark(&at, "-") &&
                     take_digits(&at, 2, 2, &civil->month) && take_mark(&at, "-") &&
                     take_digits(&at, 2, 2, &civil->day);
        if (!found) {
                at = begin;
                found = take_digits(&at, 1, 2, &civil->day) && take_mark(&at, "/") &&
                        take_month_name(&at, &civil->month) && take_mark(&at, "/") &&
                        take_digits(&at, 4, 4, &civil->year);
        }
        if (!found) {
                at = begin;
                found = take_digits(&at, 1, 2, &civil->day) && take_mark(&at, ".") &&
                        take_digits(&at, 1, 2, &civil->month) && take_mark(&at, ".") &&
                        take_digits(&at, 4, 4, &civil->year);
        }
        if (found)
                *rest = at;
        return found;
}

/* 11:00, 11:00:00, 11:00:00.123 */
static bool take_clock(struct slice *rest, struct civil *civil, bool *ret_seconds)
{
        struct slice at = *rest;
        int digit;

        if (!take_digits(&at, 2, 2, &civil->hour) || !take_mark(&at, ":") ||
                !take_digits(&at, 2, 2, &civil->minute))
                return false;
        *ret_seconds = take_mark(&at, ":");
        if (*ret_seconds) {
                if (!take_digits(&at, 2, 2, &civil->second))
                        return false;
                if (take_mark(&at, ".,")) {
                        int factor = 100;
                        if (!take_digits(&at, 1, 1, &digit))
                                return false;
                        do {
                                civil->millisecond += digit * factor;
                                factor /= 10; /* what is finer than a millisecond is cut off */
                        } while (take_digits(&at, 1, 1, &digit));
                }
                if (civil->second == 60) { /* a leap second, as in base/time.h */
                        civil->second = 59;
                        civil->millisecond = 999;
                }
        }
        *rest = at;
        return true;
}

/* Z, UTC, GMT, UTC+1, +0100, +01:00, +01: the whole slice. */
static bool is_offset(struct slice text, int *ret)
{
        int hours = 0, minutes = 0;

        if (text.length >= 3 &&
                (strncasecmp(text.text, "UTC", 3) == 0 || strncasecmp(text.text, "GMT", 3) == 0))
                text = slice_make(text.text + 3, text.length - 3);
        else if (text.length == 1 && (text.text[0] == 'Z' || text.text[0] == 'z'))
                text.length = 0;
        else if (text.length == 0)
                return false;
        *ret = 0;
        if (text.length == 0)
                return true;
        int sign = text.text[0] == '-' ? -1 : 1;
        if (!take_mark(&text, "+-") || !take_digits(&text, 1, 2, &hours))
                return false;
        bool colon = take_mark(&text, ":");
        if ((colon || text.length) && !take_digits(&text, 2, 2, &minutes))
                return false;
        if (text.length || minutes > 59)
                return false;
        *ret = sign * (hours * 3600 + minutes * 60);
        return *ret <= LOCAL_OFFSET_MAX && *ret >= -LOCAL_OFFSET_MAX;
}

/* What a reading without an offset could mean, in words. */
static int naive(const struct civil *civil, const struct local_zone *zone, struct error *error)
{
        char one[TIME_TEXT_MAX], two[TIME_TEXT_MAX];
        char shown[64];

        snprintf(shown, sizeof shown, "%04d-%02d-%02d %02d:%02d:%02d", civil->year, civil->month, civil->day,
                civil->hour, civil->minute, civil->second);
        if (!zone)
                return error_set(error, -EINVAL,
                        "the time %s states no offset from UTC, so it could be any of 27 hours; get the "
                        "offset from "
                        "whoever made the source, and paste it with the time (%s+01:00)",
                        shown, shown);
        struct local_reading reading = local_reading_of(zone, civil);
        if (reading.count == 0)
                return error_set(error, -EINVAL,
                        "the time %s states no offset from UTC, and the clocks of %s never showed it: they "
                        "were set "
                        "forward over it; get the offset from whoever made the source",
                        shown, zone->name);
        time_format_offset(reading.instants[0], reading.offsets_s[0], one);
        if (reading.count == 1)
                return error_set(error, -EINVAL,
                        "the time %s states no offset from UTC; if the clock of the source followed %s it "
                        "was %s, but "
                        "nothing proves that: get the offset from whoever made the source",
                        shown, zone->name, one);
        time_format_offset(reading.instants[1], reading.offsets_s[1], two);
        return error_set(error, -EINVAL,
                "the time %s states no offset from UTC, and the clocks of %s showed it twice, at %s and at "
                "%s: get the "
                "offset from whoever made the source",
                shown, zone->name, one, two);
}

/* 03/04/2026: nobody knows which is the month. */
static bool is_ambiguous_date(struct slice word)
{
        int number;

        return take_digits(&word, 1, 2, &number) && take_mark(&word, "/") &&
               take_digits(&word, 1, 2, &number) && take_mark(&word, "/") &&
               take_digits(&word, 2, 4, &number);
}

static struct slice without_bracket(struct slice word)
{
        if (word.length && word.text[word.length - 1] == ']')
                word.length--;
        return word;
}

/* CET, EST, BST ...: several zones of the world call themselves so, and some mean standard time all the year.
 */
static bool is_abbreviation(struct slice word)
{
        if (word.length < 2 || word.length > 5)
                return false;
        for (size_t i = 0; i < word.length; i++)
                if (word.text[i] < 'A' || word.text[i] > 'Z')
                        return false;
        return word.text[word.length - 1] == 'T';
}

int instant_words(const struct slice *words, size_t count, const struct local_zone *zone,
        struct stated_instant *ret, struct error *error)
{
        struct civil civil = {.year = 0};
        struct slice rest = words[0];
        int taken = 1;
        bool seconds = false;
        int offset = 0;

        if (is_ambiguous_date(rest))
                return error_set(error, -EINVAL,
                        "\"%.*s\" does not tell day and month apart; the source's maker has to say which is "
                        "which",
                        (int)rest.length, rest.text);
        if (!take_date(&rest, &civil))
                return 0;
        if (rest.length == 0 && count > 1) {
                rest = words[1];
                taken = 2;
        } else if (!take_mark(&rest, "Tt:")) {
                return 0; /* begins like a date, but is none */
        }
        if (!take_clock(&rest, &civil, &seconds))
                return taken == 2
                               ? 0
                               : error_set(error, -EINVAL, "\"%.*s\" is no time: 2026-11-11T11:00:00+01:00",
                                         (int)words[0].length, words[0].text);
        if (!civil_is_valid(&civil))
                return error_set(error, -EINVAL, "there is no %04d-%02d-%02d %02d:%02d:%02d", civil.year,
                        civil.month, civil.day, civil.hour, civil.minute, civil.second);
        rest = without_bracket(rest);
        if (rest.length == 0 && (size_t)taken < count && is_offset(without_bracket(words[taken]), &offset)) {
                taken++;
                int further = 0; /* "UTC +2" */
                if ((size_t)taken < count && words[taken].length && strchr("+-", words[taken].text[0]) &&
                        is_offset(words[taken], &further))
                        return error_set(error, -EINVAL,
                                "two offsets from UTC behind one time: only one can be meant");
        } else if (rest.length == 0 && (size_t)taken < count &&
                   is_abbreviation(without_bracket(words[taken]))) {
                return error_set(error, -EINVAL,
                        "%.*s is no offset from UTC: several zones have that name; get the offset from "
                        "whoever made "
                        "the source (+01:00)",
                        (int)without_bracket(words[taken]).length, words[taken].text);
        } else if (rest.length == 0) {
                return naive(&civil, zone, error);
        } else if (!is_offset(rest, &offset)) {
                return error_set(error, -EINVAL, "\"%.*s\" behind the time is no offset from UTC (+01:00)",
                        (int)rest.length, rest.text);
        }
        int64_t instant = time_from_civil(&civil) - offset * TIME_SECOND;
        if (instant < TIME_FIRST || instant >= TIME_LIMIT)
                return error_set(
                        error, -ERANGE, "the year %d lies outside of what records can be about", civil.year);
        *ret = (struct stated_instant){.from_ms = instant,
                .to_ms = seconds ? instant : instant + TIME_MINUTE - 1,
                .offset_s = offset,
                .civil = civil};
        return taken;
}

int stated_instant_parse(
        struct slice text, const struct local_zone *zone, struct stated_instant *ret, struct error *error)
{
        struct slice words[EXCERPT_WORDS_MAX];
        struct stated_instant found;
        size_t count = text.length <= EXCERPT_MAX ? excerpt_words(text, words) : 0;

        int taken =
                count && count <= EXCERPT_WORDS_MAX ? instant_words(words, count, zone, &found, error) : 0;
        if (taken < 0)
                return taken;
        if (taken == 0 || (size_t)taken != count)
                return error_set(error, -EINVAL, "not a time; write 2026-11-11T11:00:00+01:00");
        *ret = found;
        return 0;
}
