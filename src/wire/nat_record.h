/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_NAT_RECORD_H
#define ROGATORY_WIRE_NAT_RECORD_H

/* One data record to NAT events, by the dialect, under the consistency law: an event whose fields or family
 * contradict its value is refused, never bent into shape. That is what keeps a wrong dialect from naming a
 * wrong person. */

#include "wire/identity.h"
#include "wire/nat_judge.h"

/* What a record of a message needs to know of its surroundings. */
struct record_context {
        const struct flow_exporter *exporter;
        int64_t export_ms;      /* the header's time */
        int64_t uptime_zero_ms; /* when the exporter's uptime counter was zero (NetFlow v9); TIME_UNKNOWN in
                                   IPFIX */
};

enum record_outcome {
        RECORD_EVENTS,         /* one or more, see record_result */
        RECORD_NOT_NAT,        /* a plain flow */
        RECORD_NOT_TRANSLATED, /* NAT-like, but the outside address is 0.0.0.0 or the inside one */
        RECORD_BINDS_NOTHING,  /* exhausted, quota, threshold */
        RECORD_REFUSED,
};

struct record_result {
        struct nat_event event;   /* port_first..port_last by `step` where step > 1 */
        uint32_t step;            /* 1; above: only every step-th port of the range belongs to the block */
        int64_t closes_ms;        /* TIME_UNKNOWN, or the record also tells of the binding at this time ... */
        uint8_t closes_action;    /* ... that it was closed then, or lived on (enum nat_action) */
        int64_t delay_ms;         /* at most so long after an event its record may come, says the dialect */
        struct identity identity; /* subscriber is empty where none is named */
        enum refusal refusal;     /* where refused */
        const char *complaint;    /* a sentence part */
        unsigned value;           /* the event value, for the message */
        char hint[NAT_HINT_MAX];
};

/* Latest an event may be stamped after its message's time, beside the exporter's own delay: clocks are read
 * in two places and header seconds are cut. */
#define RECORD_AHEAD_MS 5000
/* Longest an event may have waited for its export. */
#define RECORD_BEHIND_MS TIME_DAY

/* record: `length` bytes of a record whose slots lie at places (template->places, or those of template_walk).
 * What is judged of the template is kept in it. */
enum record_outcome nat_record_read(struct template *template, const struct place *places,
        const uint8_t *record, const struct record_context *context, struct record_result *result);

#endif
