/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_LOCAL_ZONE_TEST_H
#define ROGATORY_ORDER_LOCAL_ZONE_TEST_H

/* Zones for tests, by their rules: no zone database is asked. */

#include "order/local_time.h"

/* The last Sunday of a month, as a day number. */
static inline int64_t last_sunday(int year, int month)
{
        struct civil last = {.year = year, .month = month, .day = 31};

        if (month == 10 || month == 3) {
                int64_t day = civil_day_number(&last);
                return day - (civil_weekday(day) + 1) % 7;
        }
        return 0;
}

/* Summer time of the Union: Directive 2000/84/EC, from and to 01:00 UTC of the last Sundays of March and
 * October. context: standard offset in seconds. */
static inline int european_offset(void *context, int64_t instant)
{
        int standard = *(int *)context;
        struct civil civil = time_to_civil(instant);
        int64_t from = last_sunday(civil.year, 3) * TIME_DAY + TIME_HOUR;
        int64_t to = last_sunday(civil.year, 10) * TIME_DAY + TIME_HOUR;

        return standard + (instant >= from && instant < to ? 3600 : 0);
}

/* Clocks that jump over midnight, as some zones' do: from 00:00 to 01:00 on 2026-03-29, back at 00:00 on
 * 2026-10-25 to 23:00. */
static inline int midnight_offset(void *context, int64_t instant)
{
        (void)context;
        struct civil spring = {.year = 2026, .month = 3, .day = 28, .hour = 22};
        struct civil autumn = {.year = 2026, .month = 10, .day = 24, .hour = 21};

        return instant >= time_from_civil(&spring) && instant < time_from_civil(&autumn) ? 10800 : 7200;
}

static int vienna_standard = 3600, dublin_standard = 0, helsinki_standard = 7200;
static inline struct local_zone vienna_zone(void)
{
        return (struct local_zone){
                .name = "Europe/Vienna", .offset = european_offset, .context = &vienna_standard};
}
static inline struct local_zone dublin_zone(void)
{
        return (struct local_zone){
                .name = "Europe/Dublin", .offset = european_offset, .context = &dublin_standard};
}
static inline struct local_zone helsinki_zone(void)
{
        return (struct local_zone){
                .name = "Europe/Helsinki", .offset = european_offset, .context = &helsinki_standard};
}
static inline struct local_zone midnight_zone(void)
{
        return (struct local_zone){.name = "Asia/Beirut", .offset = midnight_offset, .context = NULL};
}

/* An instant by its text; the test ends where it is none. */
#define AT(text) local_zone_test_at(text)
static inline int64_t local_zone_test_at(const char *text)
{
        int64_t instant = TIME_UNKNOWN;

        if (time_parse_rfc3339(slice_of(text), &instant, NULL, NULL) < 0)
                __builtin_trap();
        return instant;
}

#endif
