/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/deadline.h"

#include <stdio.h>

#define DAYS_MAX 36500    /* of any period */
#define ROLL_DAYS_MAX 400 /* a calendar without a working day in this long is a mistake */

static bool is_instant(int64_t instant)
{
        return instant >= TIME_FIRST && instant < TIME_LIMIT - 2 * (int64_t)DAYS_MAX * TIME_DAY;
}

bool calendar_is_working(const struct calendar *calendar, int64_t day)
{
        if (calendar->weekend >> civil_weekday(day) & 1)
                return false;
        for (size_t i = 0; i < calendar->holiday_count; i++)
                if (calendar->holidays[i] == day)
                        return false;
        return true;
}

/* The first working day at or after a day. */
static int64_t roll(const struct calendar *calendar, int64_t day)
{
        for (int i = 0; i < ROLL_DAYS_MAX && !calendar_is_working(calendar, day); i++)
                day++;
        return day;
}

/* The last day of a period of `days` after the day `first`: Regulation 1182/71 Article 3(1), (4) and (5). */
static int64_t last_day(const struct calendar *calendar, int64_t event_day, int days)
{
        int64_t last = roll(calendar, event_day + days);
        int working = 0;

        for (int64_t day = event_day + 1; day <= last && working < 2; day++)
                working += calendar_is_working(calendar, day);
        if (days >= 2 && working < 2) /* an event before a row of holidays */
                last = roll(calendar, last + 1);
        return last;
}

int64_t deadline_days(const struct calendar *calendar, int64_t event_ms, int days)
{
        if (!is_instant(event_ms) || days < 0 || days > DAYS_MAX)
                return TIME_UNKNOWN;
        return local_day_start(
                calendar->zone, last_day(calendar, local_day_of(calendar->zone, event_ms), days) + 1);
}

int64_t deadline_working_days(const struct calendar *calendar, int64_t event_ms, int days)
{
        if (!is_instant(event_ms) || days < 0 || days > DAYS_MAX)
                return TIME_UNKNOWN;
        int64_t day = local_day_of(calendar->zone, event_ms);
        for (int i = 0; i < days; i++)
                day = roll(calendar, day + 1);
        return local_day_start(calendar->zone, day + 1);
}

/* The next full hour of local time after an instant; offsets need not be whole hours. */
static int64_t next_hour(const struct calendar *calendar, int64_t instant)
{
        int64_t offset = calendar->zone->offset(calendar->zone->context, instant) * TIME_SECOND;
        int64_t local = instant + offset;

        return local - (local % TIME_HOUR + TIME_HOUR) % TIME_HOUR + TIME_HOUR - offset;
}

int64_t deadline_hours(const struct calendar *calendar, int64_t event_ms, int hours)
{
        if (!is_instant(event_ms) || hours < 0 || hours > 24 * DAYS_MAX)
                return TIME_UNKNOWN;
        return next_hour(calendar, event_ms) + hours * TIME_HOUR;
}

static bool is_stopped(const struct deadline_pause *pauses, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (pauses[i].to_ms == TIME_UNKNOWN)
                        return true;
        return false;
}

/* What of a pause counts: nothing before the event, and nothing twice where pauses overlap. *covered: the end
 * of the pauses before; they are in the order in which they began. */
static bool next_pause(
        const struct deadline_pause *pause, int64_t *covered, int64_t *ret_from, int64_t *ret_to)
{
        *ret_from = pause->from_ms > *covered ? pause->from_ms : *covered;
        *ret_to = pause->to_ms;
        if (*ret_to <= *ret_from)
                return false;
        *covered = *ret_to;
        return true;
}

static int paused_days(
        const struct calendar *calendar, int64_t event_ms, const struct deadline_pause *pauses, size_t count)
{
        int64_t covered = event_ms, from, to, days = 0;

        for (size_t i = 0; i < count; i++)
                if (next_pause(&pauses[i], &covered, &from, &to))
                        days += local_day_of(calendar->zone, to) - local_day_of(calendar->zone, from);
        return days > DAYS_MAX / 2 ? DAYS_MAX / 2 : (int)days;
}

static int64_t paused_time(int64_t event_ms, const struct deadline_pause *pauses, size_t count)
{
        int64_t covered = event_ms, from, to, sum = 0;

        for (size_t i = 0; i < count; i++)
                if (next_pause(&pauses[i], &covered, &from, &to))
                        sum += to - from;
        return sum;
}

int64_t deadline_production(const struct calendar *calendar, enum deadline_kind kind, int64_t received_ms,
        const struct deadline_pause *pauses, size_t pause_count)
{
        if (!is_instant(received_ms) || is_stopped(pauses, pause_count))
                return TIME_UNKNOWN;
        if (kind == DEADLINE_EIGHT_HOURS_LIFE || kind == DEADLINE_EIGHT_HOURS_INFRASTRUCTURE) {
                int64_t end = deadline_hours(calendar, received_ms, DEADLINE_EMERGENCY_HOURS);
                int64_t moved = end + paused_time(received_ms, pauses, pause_count);
                return moved == end || moved >= TIME_LIMIT ? moved : next_hour(calendar, moved - 1);
        }
        return deadline_days(calendar, received_ms,
                DEADLINE_PRODUCTION_DAYS + paused_days(calendar, received_ms, pauses, pause_count));
}

int64_t deadline_ea_release(const struct calendar *calendar, int64_t received_ms, int64_t ea_received_ms,
        int64_t skew_ms, const struct deadline_pause *pauses, size_t pause_count)
{
        if (!is_instant(received_ms) || !is_instant(ea_received_ms))
                return TIME_UNKNOWN;
        int64_t later = received_ms > ea_received_ms ? received_ms : ea_received_ms;
        if (skew_ms > DAYS_MAX * TIME_DAY || skew_ms < -DAYS_MAX * TIME_DAY)
                return TIME_UNKNOWN; /* clocks that far apart tell nothing */
        int64_t skew = skew_ms < 0 ? -skew_ms : skew_ms;
        /* The skew can move the event into the next day, and the end again by as much. */
        int64_t end =
                deadline_production(calendar, DEADLINE_TEN_DAYS_WITH_EA, later + skew, pauses, pause_count);
        int64_t plain = deadline_production(calendar, DEADLINE_TEN_DAYS_WITH_EA, later, pauses, pause_count);
        if (end == TIME_UNKNOWN || plain == TIME_UNKNOWN)
                return TIME_UNKNOWN;
        return end > plain + skew ? end : plain + skew;
}

int64_t deadline_ea_emergency(const struct calendar *calendar, int64_t ea_received_ms)
{
        return deadline_hours(calendar, ea_received_ms, DEADLINE_EA_EMERGENCY_HOURS);
}

int64_t deadline_validation(int64_t issued_ms)
{
        return is_instant(issued_ms) ? issued_ms + DEADLINE_VALIDATION_HOURS * TIME_HOUR : TIME_UNKNOWN;
}

int64_t deadline_preservation(
        const struct calendar *calendar, int64_t received_ms, bool extended, bool production_follows)
{
        if (production_follows)
                return is_instant(received_ms) ? TIME_LIMIT : TIME_UNKNOWN;
        return deadline_days(
                calendar, received_ms, DEADLINE_PRESERVATION_DAYS + (extended ? DEADLINE_EXTENSION_DAYS : 0));
}

int64_t deadline_clarification(const struct calendar *calendar, int64_t asked_ms)
{
        return deadline_days(calendar, asked_ms, DEADLINE_CLARIFICATION_DAYS);
}

struct inform_due deadline_inform(const struct calendar *calendar, const struct inform_rules *rules,
        int64_t opened_ms, bool delayed, int64_t delay_decided_ms, int64_t delayed_until_ms)
{
        struct inform_due due = {.due_ms = TIME_UNKNOWN, .asks_again = false};

        if (!is_instant(opened_ms))
                return due;
        due.due_ms = deadline_days(calendar, opened_ms, rules->within_days);
        if (!delayed)
                return due;
        /* A decision of which nobody knows when it was made cannot be older than the order, but may be: it
         * counts from the opening, and no longer than any other. */
        int64_t decided = is_instant(delay_decided_ms) ? delay_decided_ms : opened_ms;
        int64_t most = decided + rules->most_delay_days * TIME_DAY;
        int64_t until = is_instant(delayed_until_ms) && delayed_until_ms < most ? delayed_until_ms : most;
        if (until > due.due_ms)
                due.due_ms = until;
        due.asks_again = true;
        return due;
}

char *deadline_words(const struct calendar *calendar, int64_t deadline_ms, char text[DEADLINE_TEXT_MAX])
{
        char local[TIME_TEXT_MAX], utc[TIME_TEXT_MAX];

        if (deadline_ms == TIME_UNKNOWN || deadline_ms < TIME_FIRST) {
                snprintf(text, DEADLINE_TEXT_MAX, "not running");
        } else if (deadline_ms >= TIME_LIMIT) {
                snprintf(text, DEADLINE_TEXT_MAX, "until further notice");
        } else {
                time_format_offset(
                        deadline_ms, calendar->zone->offset(calendar->zone->context, deadline_ms), local);
                snprintf(text, DEADLINE_TEXT_MAX, "before %s %.64s (%s)", local, calendar->zone->name,
                        time_format_utc(deadline_ms, utc));
        }
        return text;
}
