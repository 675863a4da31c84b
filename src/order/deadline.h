/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_DEADLINE_H
#define ROGATORY_ORDER_DEADLINE_H

/* The arithmetic of the regulation's deadlines. Periods follow Regulation (EEC, Euratom) No 1182/71: the day,
 * or the hour, of the event is not counted; days end with the last hour of the last day, in the local time of
 * the State whose calendar counts; a period in days whose last day is no working day ends with the next
 * working day, and has at least two working days; a period in hours never rolls.
 *
 * Every result is the first instant at which the period is over: in time is what happens before it.
 * TIME_UNKNOWN where there is none (a clock that is stopped, an instant that nobody knows). All of it is
 * pure: instants are given. */

#include "order/local_time.h"
#include "order/vocabulary.h"

#define CALENDAR_HOLIDAYS_MAX 10000u
#define WEEKEND_SATURDAY_SUNDAY 0x60u /* bit 0 Monday .. bit 6 Sunday */

/* When offices of a State are open. */
struct calendar {
        const struct local_zone *zone; /* borrowed */
        const int64_t *holidays;       /* day numbers (civil_day_number), in any order; borrowed */
        size_t holiday_count;
        unsigned weekend;
};

bool calendar_is_working(const struct calendar *calendar, int64_t day);

#define DEADLINE_PRODUCTION_DAYS 10
#define DEADLINE_EMERGENCY_HOURS 8
#define DEADLINE_VALIDATION_HOURS 48
#define DEADLINE_EA_EMERGENCY_HOURS 96
#define DEADLINE_CLARIFICATION_DAYS 5
#define DEADLINE_PRESERVATION_DAYS 60
#define DEADLINE_EXTENSION_DAYS 30
#define DEADLINE_ENFORCEMENT_DAYS 5
#define DEADLINE_THIRD_COUNTRY_DAYS 10

int64_t deadline_days(const struct calendar *calendar, int64_t event_ms, int days);
int64_t deadline_working_days(const struct calendar *calendar, int64_t event_ms, int days);
/* From the next full hour of local time: 17:10 and 17:00 both count from 18:00. */
int64_t deadline_hours(const struct calendar *calendar, int64_t event_ms, int hours);

/* Time in which a clock stands still: Article 10(6). A pause that is not over has to_ms TIME_UNKNOWN. */
struct deadline_pause {
        int64_t from_ms; /* the provider asked */
        int64_t to_ms;   /* the answer was received */
};
#define DEADLINE_PAUSES_MAX 100u

/* Article 10(2) and (4): when a production order has to be answered. A day clock is moved by the calendar
 * days from the question to the answer, an hour clock by the time between them, up to the next full hour. */
int64_t deadline_production(const struct calendar *calendar, enum deadline_kind kind, int64_t received_ms,
        const struct deadline_pause *pauses, size_t pause_count);

/* Articles 8 and 10(2): the instant before which nothing is released where an enforcing authority is involved
 * and has not cleared it: the end of 10 days after the addressee received the order, or the enforcing
 * authority received its notification, whichever is later. Clocks of the nodes may differ by skew_ms (either
 * sign): the later instant counts. ea_received_ms TIME_UNKNOWN: nothing is released at all, for nobody proves
 * that it was notified. */
int64_t deadline_ea_release(const struct calendar *calendar, int64_t received_ms, int64_t ea_received_ms,
        int64_t skew_ms, const struct deadline_pause *pauses, size_t pause_count);

/* Article 10(4): until when the enforcing authority may object to what was produced in an emergency. */
int64_t deadline_ea_emergency(const struct calendar *calendar, int64_t ea_received_ms);

/* Article 4(5): 48 hours to the millisecond after it was issued, rather too early than too late. */
int64_t deadline_validation(int64_t issued_ms);

/* Article 11: until when data are preserved. extended: once, by 30 days. production_follows: until they are
 * produced, which is no instant (TIME_LIMIT). */
int64_t deadline_preservation(
        const struct calendar *calendar, int64_t received_ms, bool extended, bool production_follows);

/* Article 11(5): when a question about a preservation order that nobody answered frees the provider. */
int64_t deadline_clarification(const struct calendar *calendar, int64_t asked_ms);

/* Article 13: when the person has to be informed, or, of a delay, when it runs out and has to be decided
 * anew. opened_ms: when the data were opened. A delay without an end, or with one further away than
 * most_delay_days after it was decided, runs out after most_delay_days. */
struct inform_rules {
        int within_days;     /* "without undue delay", as the authority has laid it down */
        int most_delay_days; /* the longest that one decision may delay it */
};
struct inform_due {
        int64_t due_ms;  /* TIME_UNKNOWN while nothing was opened */
        bool asks_again; /* a delay runs out then: inform, or decide and reason anew */
};
struct inform_due deadline_inform(const struct calendar *calendar, const struct inform_rules *rules,
        int64_t opened_ms, bool delayed, int64_t delay_decided_ms, int64_t delayed_until_ms);

#define DEADLINE_TEXT_MAX 160
/* "before 2026-12-02T00:00:00.000+01:00 Europe/Vienna (2026-12-01T23:00:00.000Z)". Returns text. */
char *deadline_words(const struct calendar *calendar, int64_t deadline_ms, char text[DEADLINE_TEXT_MAX]);

#endif
