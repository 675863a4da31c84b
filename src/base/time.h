/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BASE_TIME_H
#define ROGATORY_BASE_TIME_H

/* Instants as milliseconds since 1970-01-01T00:00:00Z (POSIX time: leap seconds do not exist), and their
 * texts. Pure: no clock and no zone database is read here; zones live in os/zone.h. */

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIME_UNKNOWN INT64_MIN /* an instant that nobody recorded */
#define TIME_SECOND INT64_C(1000)
#define TIME_MINUTE (60 * TIME_SECOND)
#define TIME_HOUR (60 * TIME_MINUTE)
#define TIME_DAY (24 * TIME_HOUR)

/* The instants that rogatory accepts anywhere: 1970-01-01 up to but not including 2262-01-01. */
#define TIME_FIRST INT64_C(0)
#define TIME_LIMIT INT64_C(9214646400000)

/* Enough for "2026-11-20T23:35:52.123+00:00" and an end mark. */
#define TIME_TEXT_MAX 40

/* A wall-clock reading without a zone. */
struct civil {
        int year, month, day;     /* month 1..12, day 1..31 */
        int hour, minute, second; /* second 0..59 */
        int millisecond;          /* 0..999 */
};

/* Milliseconds of a civil time read as UTC (proleptic Gregorian). The fields must be in range. */
int64_t time_from_civil(const struct civil *civil);

/* The civil UTC time of an instant within [TIME_FIRST, TIME_LIMIT). */
struct civil time_to_civil(int64_t instant);

/* true where all fields are in range for the month and year (29 February only in leap years). */
bool civil_is_valid(const struct civil *civil);

/* RFC 3339 date-time with its mandatory offset. Fractions of any length are accepted and cut to milliseconds;
 * a leap second :60 is read as :59.999 of the same minute. ret_instant: UTC milliseconds; ret_offset_s: the
 * stated offset in seconds east (may be NULL). -EINVAL with a message that shows how to write it, above all
 * where the offset is missing. */
int time_parse_rfc3339(struct slice text, int64_t *ret_instant, int *ret_offset_s, struct error *error);

/* Writes "2026-11-20T23:35:52.123Z". TIME_UNKNOWN becomes "-". Returns text. */
char *time_format_utc(int64_t instant, char text[TIME_TEXT_MAX]);

/* Writes the instant at an offset: "2026-11-21T00:35:52.123+01:00". Returns text. */
char *time_format_offset(int64_t instant, int offset_s, char text[TIME_TEXT_MAX]);

/* "500ms", "2s", "5m", "24h", "180d"; a bare number is refused because its unit would be a guess.
 * ret_duration in milliseconds, 0..100 years. -EINVAL / -ERANGE with a message. */
int time_parse_duration(struct slice text, int64_t *ret_duration, struct error *error);

/* The shortest exact writing of a duration in those units ("2s", "1500ms"). Returns text. */
char *time_format_duration(int64_t duration, char text[TIME_TEXT_MAX]);

#endif
