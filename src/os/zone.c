/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ZONE_FOLDER "/usr/share/zoneinfo"
#define ZONE_NAME_LONGEST 63

/* Offsets are asked for millions of log lines, mostly of one day: each day's are kept once found. */
#define DAYS_KEPT 8
#define CHANGES_PER_DAY_MAX 4 /* no zone has ever changed its clocks more than twice in a day */

struct day {
        int64_t number; /* days since 1970, -1: nothing kept */
        int count;
        struct {
                int64_t from; /* seconds since 1970 */
                int offset;
        } spans[CHANGES_PER_DAY_MAX];
};

struct zone {
        char name[ZONE_NAME_LONGEST + 1];
        char variable[ZONE_NAME_LONGEST + sizeof ZONE_FOLDER +
                      4]; /* value of TZ: ":/usr/share/zoneinfo/NAME" */
        bool utc;
        struct day days[DAYS_KEPT];
};

/* The C library knows one zone at a time, named by the environment. */
static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;

static bool name_is_sound(const char *name)
{
        static const char *const never[] = {"localtime", "posixrules", "Factory"};
        size_t length = strlen(name);

        for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
                if (strcmp(name, never[i]) == 0)
                        return false;
        /* right/ counts leap seconds: its instants are not POSIX time. */
        return length > 0 && length <= ZONE_NAME_LONGEST && name[0] != '/' && !strstr(name, "..") &&
               strncmp(name, "right/", 6) != 0 &&
               strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == length;
}

static bool is_utc_name(const char *name)
{
        return strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0;
}

/* Zone files begin with "TZif" (RFC 8536 section 3.1); the folder also holds tables and lists. */
static bool is_zone_file(const char *path)
{
        char magic[4] = {0};

        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0)
                return false;
        ssize_t got = read(file, magic, sizeof magic);
        close(file);
        return got == sizeof magic && memcmp(magic, "TZif", 4) == 0;
}

bool zone_is_known(const char *name)
{
        char path[ZONE_NAME_LONGEST + sizeof ZONE_FOLDER + 4];

        if (!name_is_sound(name))
                return false;
        if (is_utc_name(name))
                return true;
        snprintf(path, sizeof path, ZONE_FOLDER "/%s", name);
        return is_zone_file(path);
}

int zone_open(const char *name, struct zone **ret_zone, struct error *error)
{
        if (!zone_is_known(name))
                return error_set(error, -EINVAL,
                        "\"%.60s\" is not a time zone of this system (" ZONE_FOLDER
                        "); write its name in the IANA database, like Europe/Berlin, or UTC%s",
                        name, access(ZONE_FOLDER, R_OK) == 0 ? "" : "; the package tzdata is not installed");
        struct zone *zone = calloc(1, sizeof *zone);
        if (!zone)
                return error_set(error, -ENOMEM, "not enough memory");
        snprintf(zone->name, sizeof zone->name, "%s", name);
        snprintf(zone->variable, sizeof zone->variable, ":" ZONE_FOLDER "/%s", name);
        zone->utc = is_utc_name(name);
        for (int i = 0; i < DAYS_KEPT; i++)
                zone->days[i].number = -1;
        *ret_zone = zone;
        return 0;
}

void zone_close(struct zone *zone)
{
        free(zone);
}

const char *zone_name(const struct zone *zone)
{
        return zone->name;
}

static int library_offset(int64_t second)
{
        time_t at = (time_t)second;
        struct tm local;

        return localtime_r(&at, &local) ? (int)local.tm_gmtoff : 0;
}

/* The first second within (from, to] at which the offset is no longer that of `from`. */
static int64_t find_change(int64_t from, int64_t to)
{
        int before = library_offset(from);
        while (to - from > 1) {
                int64_t middle = from + (to - from) / 2;
                if (library_offset(middle) == before)
                        from = middle;
                else
                        to = middle;
        }
        return to;
}

/* Looks at every hour of the day, because a change may fall on any minute but two never fall into one hour.
 */
static void look_up_day(struct day *day, int64_t number)
{
        int64_t first = number * 86400;

        day->number = number;
        day->count = 1;
        day->spans[0].from = first;
        day->spans[0].offset = library_offset(first);
        for (int64_t at = first; at < first + 86400; at += 3600) {
                int offset = library_offset(at + 3600);
                if (offset == day->spans[day->count - 1].offset || day->count == CHANGES_PER_DAY_MAX)
                        continue;
                day->spans[day->count].from = find_change(at, at + 3600);
                day->spans[day->count].offset = offset;
                day->count++;
        }
}

static const struct day *zone_day(struct zone *zone, int64_t number)
{
        struct day *day = &zone->days[number % DAYS_KEPT];
        if (day->number == number)
                return day;

        pthread_mutex_lock(&library_lock);
        const char *value = getenv("TZ");
        char *before = value ? strdup(value) : NULL;
        setenv("TZ", zone->variable, 1);
        tzset();
        look_up_day(day, number);
        if (before)
                setenv("TZ", before, 1);
        else
                unsetenv("TZ");
        tzset();
        free(before);
        pthread_mutex_unlock(&library_lock);
        return day;
}

static int offset_at(struct zone *zone, int64_t second)
{
        const struct day *day = zone_day(zone, second / 86400);
        int offset = day->spans[0].offset;
        for (int i = 1; i < day->count && day->spans[i].from <= second; i++)
                offset = day->spans[i].offset;
        return offset;
}

int zone_offset(struct zone *zone, int64_t instant)
{
        return zone->utc ? 0 : offset_at(zone, instant / 1000);
}

struct zone_reading zone_from_civil(struct zone *zone, const struct civil *civil)
{
        struct zone_reading reading = {.count = 0};
        int64_t local = time_from_civil(civil);

        /* Offsets reach from -12 h to +14 h, so the instant lies within a day of the reading taken as UTC.
         * Every offset in force in that time is tried, and stands where it is the one in force then. Trying
         * the larger offset first gives the earlier instant first. */
        int offsets[3 * CHANGES_PER_DAY_MAX], count = 0;
        for (int64_t number = local / TIME_DAY - 1; number <= local / TIME_DAY + 1; number++) {
                if (number < 0)
                        continue;
                if (zone->utc) {
                        offsets[0] = 0;
                        count = 1;
                        continue;
                }
                const struct day *day = zone_day(zone, number);
                for (int i = 0; i < day->count; i++) {
                        int offset = day->spans[i].offset, place = count;
                        while (place > 0 && offsets[place - 1] < offset)
                                place--;
                        if (place > 0 && offsets[place - 1] == offset)
                                continue;
                        memmove(offsets + place + 1, offsets + place,
                                (size_t)(count - place) * sizeof offset);
                        offsets[place] = offset;
                        count++;
                }
        }
        for (int i = 0; i < count && reading.count < 2; i++) {
                int64_t instant = local - offsets[i] * TIME_SECOND;
                if (instant >= TIME_FIRST && instant < TIME_LIMIT && zone_offset(zone, instant) == offsets[i])
                        reading.instants[reading.count++] = instant;
        }
        return reading;
}

bool zone_is_ambiguous(struct zone *zone, int64_t instant)
{
        struct civil civil = time_to_civil(instant + zone_offset(zone, instant) * TIME_SECOND);
        return zone_from_civil(zone, &civil).count > 1;
}
