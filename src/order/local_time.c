/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/local_time.h"

/* Further than any two offsets of one place lie apart, and than any offset. */
#define REACH (26 * TIME_HOUR)
#define STEP TIME_HOUR
#define OFFSETS_MAX 4 /* different ones within two days; no zone ever had three */

int local_table_offset(void *table, int64_t instant_ms)
{
        const struct local_table *rows = table;
        int offset = rows->before_s;

        for (size_t i = 0; i < rows->count && rows->transitions[i].from_ms <= instant_ms; i++)
                offset = rows->transitions[i].offset_s;
        return offset;
}

int local_fixed_offset(void *offset_s, int64_t instant_ms)
{
        (void)instant_ms;
        return *(const int *)offset_s;
}

static int64_t within_limits(int64_t instant)
{
        return instant < TIME_FIRST ? TIME_FIRST : instant >= TIME_LIMIT ? TIME_LIMIT - 1 : instant;
}

static int offset_at(const struct local_zone *zone, int64_t instant)
{
        return zone->offset(zone->context, within_limits(instant));
}

struct local_reading local_reading_of(const struct local_zone *zone, const struct civil *civil)
{
        struct local_reading reading = {.count = 0};
        int offsets[OFFSETS_MAX];
        int known = 0;
        int64_t wall = time_from_civil(civil);

        for (int64_t at = wall - REACH; at <= wall + REACH; at += STEP) {
                int offset = offset_at(zone, at);
                int i = 0;
                while (i < known && offsets[i] != offset)
                        i++;
                if (i == known && known < OFFSETS_MAX)
                        offsets[known++] = offset;
        }
        for (int i = 0; i < known; i++) {
                int64_t instant = wall - offsets[i] * TIME_SECOND;
                if (offset_at(zone, instant) != offsets[i] || reading.count == 2)
                        continue;
                int slot = reading.count++;
                if (slot == 1 && instant < reading.instants[0]) {
                        reading.instants[1] = reading.instants[0];
                        reading.offsets_s[1] = reading.offsets_s[0];
                        slot = 0;
                }
                reading.instants[slot] = instant;
                reading.offsets_s[slot] = offsets[i];
        }
        return reading;
}

struct civil local_civil(const struct local_zone *zone, int64_t instant_ms)
{
        return time_to_civil(within_limits(instant_ms + offset_at(zone, instant_ms) * TIME_SECOND));
}

int64_t civil_day_number(const struct civil *civil)
{
        struct civil midnight = {.year = civil->year, .month = civil->month, .day = civil->day};
        int64_t at = time_from_civil(&midnight);

        return at >= 0 ? at / TIME_DAY : -((-at + TIME_DAY - 1) / TIME_DAY);
}

struct civil civil_of_day(int64_t day)
{
        return time_to_civil(within_limits(day * TIME_DAY));
}

int civil_weekday(int64_t day)
{
        return (int)(((day + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

int64_t local_day_start(const struct local_zone *zone, int64_t day)
{
        struct civil midnight = civil_of_day(day);
        struct local_reading reading = local_reading_of(zone, &midnight);

        if (reading.count > 0)
                return reading.instants[0];
        /* Clocks jump over midnight (Beirut, Havana ...): the day begins with the jump. By bisection between
         * an instant of the day before and one of the day. */
        int64_t wall = time_from_civil(&midnight);
        int64_t before = wall - REACH, after = wall + REACH;
        while (after - before > 1) {
                int64_t middle = before + (after - before) / 2;
                if (middle + offset_at(zone, middle) * TIME_SECOND < wall)
                        before = middle;
                else
                        after = middle;
        }
        return after;
}

int64_t local_day_of(const struct local_zone *zone, int64_t instant_ms)
{
        struct civil civil = local_civil(zone, instant_ms);

        return civil_day_number(&civil);
}
