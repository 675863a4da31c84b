/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_RECORD_PLAN_H
#define ROGATORY_WIRE_RECORD_PLAN_H

/* The short way through records that are as most are: all fields of fixed length, one dialect, a session or
 * mapping of an IPv4 host, and nothing about it that calls for judgement. What is judged field by field of
 * such a record (nat_record.h) depends on its template, its dialect and its event value alone; a plan
 * remembers the outcome, and where the numbers lie. A record with anything unusual in it (a zero, a port that
 * is none, a time that cannot be, an event value not met before) is left to nat_record_read, which says what
 * becomes of it. Both give the same events. */

#include "nat/event.h"
#include "wire/dialect.h"

#include <endian.h>
#include <string.h>

/* A number within a record: eight bytes are read from `at`, so chosen that they end within the record. */
struct record_spot {
        uint64_t mask; /* 0 where the record has no such number: it is read as zero */
        uint16_t at;   /* offset */
        uint8_t shift;
};

struct record_plan {
        bool fits;      /* there may be records that need no judgement */
        uint32_t ready; /* event values of which one was judged, and bound a session or mapping */
        const struct dialect *chosen; /* the exporter's dialect at that time; NULL: it was recognised */
        uint8_t kinds[DIALECT_VALUES_MAX], actions[DIALECT_VALUES_MAX]; /* of these values */
        uint8_t flags, session_flags; /* of every event, and of sessions beside */
        uint64_t time_unit;           /* milliseconds */
        int64_t delay_ms;             /* the dialect's */
        uint64_t ported[256 / 64];    /* protocols with ports */
        struct record_spot event, time, outside, inside, protocol, inside_port, outside_port;
        struct record_spot destination, post_destination, destination_port, post_destination_port;
        struct record_spot vrf, instance;
};

/* What a message allows. */
struct record_limits {
        uint64_t earliest, latest; /* times of events, milliseconds */
        uint16_t exporter;
};

struct template;

/* Where the numbers lie by the view of the dialect that the template is judged by; nothing is ready yet. */
void record_plan_make(struct record_plan *plan, const struct template *template);

/* A record with this value was judged: it binds, as `event` says. */
void record_plan_learn(struct record_plan *plan, const struct dialect *chosen, unsigned value,
        const struct nat_event *event);

/* Reads as many of the records, one behind the other, as need no judgement; returns how many, and the
 * earliest time of them (where there is one). */
size_t record_plan_read(const struct record_plan *plan, const uint8_t *records, size_t size, size_t count,
        const struct record_limits *limits, struct nat_event *ret_events, int64_t *ret_earliest);

#endif
