/* SPDX-License-Identifier: EUPL-1.2 */
#include "issuance/issuance.h"

#include <stdlib.h>
#include <string.h>

static int64_t day_of(int year, int month, int day)
{
        struct civil civil = {.year = year, .month = month, .day = day};
        return time_from_civil(&civil) / TIME_DAY;
}

/* The Gregorian computus: golden number and century give the full moon, Easter is the Sunday behind it. */
int64_t issuance_easter(int year)
{
        int golden = year % 19, century = year / 100;
        int epact = (19 * golden + century - century / 4 - (8 * century + 13) / 25 + 15) % 30;
        int moon = epact - epact / 28 * (1 - 29 / (epact + 1) * ((21 - golden) / 11));
        int64_t full = day_of(year, 3, 21) + moon;

        /* Day 0 was a Thursday, so that (day + 4) % 7 counts from Sunday. */
        return full + 7 - (full + 4) % 7;
}

struct feast {
        const char *country;
        int month, day; /* month 0: days after Easter Sunday */
};

/* Holidays of the whole State only; regional ones differ between courts. AT: Feiertagsruhegesetz section 1;
 * DE: what the laws of all sixteen Laender have. */
static const struct feast feasts[] = {
        {"AT", 1, 1},
        {"AT", 1, 6},
        {"AT", 0, 1},
        {"AT", 5, 1},
        {"AT", 0, 39},
        {"AT", 0, 50},
        {"AT", 0, 60},
        {"AT", 8, 15},
        {"AT", 10, 26},
        {"AT", 11, 1},
        {"AT", 12, 8},
        {"AT", 12, 25},
        {"AT", 12, 26},
        {"DE", 1, 1},
        {"DE", 0, -2},
        {"DE", 0, 1},
        {"DE", 5, 1},
        {"DE", 0, 39},
        {"DE", 0, 50},
        {"DE", 10, 3},
        {"DE", 12, 25},
        {"DE", 12, 26},
};

static int compare_days(const void *a, const void *b)
{
        int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
        return (one > other) - (one < other);
}

int issuance_holidays(const char *country, int year, int64_t *ret_days, size_t room, size_t *ret_count)
{
        size_t count = 0;

        for (size_t i = 0; i < sizeof feasts / sizeof feasts[0]; i++) {
                const struct feast *feast = &feasts[i];
                if (strcmp(feast->country, country) != 0)
                        continue;
                if (count == room)
                        return -E2BIG;
                int64_t day = feast->month ? day_of(year, feast->month, feast->day)
                                           : issuance_easter(year) + feast->day;
                /* Ascension can fall on the first of May. */
                bool there = false;
                for (size_t k = 0; k < count; k++)
                        there = there || ret_days[k] == day;
                if (!there)
                        ret_days[count++] = day;
        }
        if (count == 0)
                return -ENOENT;
        qsort(ret_days, count, sizeof *ret_days, compare_days);
        *ret_count = count;
        return 0;
}
