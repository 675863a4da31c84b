/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_LOCAL_TIME_H
#define ROGATORY_ORDER_LOCAL_TIME_H

/* Local time without a zone database: whoever calls gives the offsets, as a function (os/zone) or as a table
 * of transitions. Instants are ms since 1970 UTC, offsets seconds east of UTC. */

#include "base/time.h"

#include <stddef.h>

#define LOCAL_OFFSET_MAX 64800 /* seconds: 18 hours, more than any zone ever had */

struct local_zone {
        const char *name; /* IANA name, for words; borrowed */
        /* Seconds east at an instant within [TIME_FIRST, TIME_LIMIT). */
        int (*offset)(void *context, int64_t instant_ms);
        void *context; /* borrowed */
};

/* From this instant on, this offset. */
struct local_transition {
        int64_t from_ms;
        int offset_s;
};
struct local_table {
        const struct local_transition *transitions; /* ascending; borrowed */
        size_t count;
        int before_s; /* offset before the first */
};
/* For struct local_zone.offset, with a struct local_table as context. */
int local_table_offset(void *table, int64_t instant_ms);
int local_fixed_offset(void *offset_s, int64_t instant_ms); /* context: int * */

/* What a reading of a wall clock can mean: ascending instants. 0: the clocks jumped over it; 2: it came
 * twice. */
struct local_reading {
        int count;
        int64_t instants[2];
        int offsets_s[2];
};
struct local_reading local_reading_of(const struct local_zone *zone, const struct civil *civil);

/* What the clocks of the zone show at an instant. */
struct civil local_civil(const struct local_zone *zone, int64_t instant_ms);

/* Days since 1970-01-01 of the calendar, whatever the clocks do; and back (at midnight). */
int64_t civil_day_number(const struct civil *civil);
struct civil civil_of_day(int64_t day);
/* 0 Monday .. 6 Sunday. */
int civil_weekday(int64_t day);

/* The first instant of a calendar day in the zone: midnight, or where the clocks jump over midnight, the
 * instant of the jump. */
int64_t local_day_start(const struct local_zone *zone, int64_t day);

/* The calendar day that the clocks of the zone show at an instant. */
int64_t local_day_of(const struct local_zone *zone, int64_t instant_ms);

#endif
