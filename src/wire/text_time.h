/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_TEXT_TIME_H
#define ROGATORY_WIRE_TEXT_TIME_H

/* Times in text logs that lack a year or a zone. A year or a side of a clock change that the lines do not
 * prove is refused, never guessed. */

#include "base/time.h"
#include "wire/text.h"

/* A line further than this from the one before does not prove its year. */
#define TEXT_YEAR_REACH (92 * TIME_DAY)
/* In the hour that happens twice, a reading this much earlier than the one before proves the second pass:
 * lines of one log are never that much out of order. */
#define TEXT_SECOND_PASS (10 * TIME_MINUTE)

/* What the lines before have proven. Zero-initialise with text_clock_make. */
struct text_clock {
        struct civil last;     /* wall-clock reading of the last line, with its year; year 0: none yet */
        int64_t floor;         /* that line happened at or after this instant; TIME_UNKNOWN: none yet */
        struct civil minute;   /* a minute of local time that happened once; year 0: none */
        int64_t minute_starts; /* when: spares a look into the zone for every line of that minute */
};

/* A time as a line states it. */
struct text_reading {
        struct civil civil; /* year 0: not stated */
        bool has_offset;    /* the line states its zone beyond doubt */
        int offset_s;       /* seconds east of UTC */
};

static inline struct text_clock text_clock_make(void)
{
        return (struct text_clock){.floor = TIME_UNKNOWN};
}

/* Cuts "Nov 20 23:35:52" (RFC 3164 section 4.1.2; the day may be padded with a blank or a zero) off *rest.
 * The year stays 0. false where it is not there. */
bool text_take_bsd_time(struct slice *rest, struct civil *ret);

/* "Nov" -> 11; 0 where it is no month. */
int text_month(struct slice name);

/* The instant of a reading without a year and a zone. 0, or -ERANGE with the reason in *ret_why (static
 * text). */
int text_clock_instant(struct text_clock *clock, const struct text_options *options,
        const struct civil *reading, int64_t *ret_instant, const char **ret_why);

/* The same where the line may state its year, its zone, or both. */
int text_clock_reading(struct text_clock *clock, const struct text_options *options,
        const struct text_reading *reading, int64_t *ret_instant, const char **ret_why);

#endif
