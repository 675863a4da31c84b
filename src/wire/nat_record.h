/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_NAT_RECORD_H
#define ROGATORY_WIRE_NAT_RECORD_H

/* One data record to NAT events, by the dialect, under the consistency law: an event whose fields or family
 * contradict its value is refused, never bent into shape. That is what keeps a wrong dialect from naming a
 * wrong person. */

#include "wire/template.h"

/* What a record of a message needs to know of its surroundings. */
struct record_context {
        const struct flow_exporter *exporter;
        int64_t export_ms;      /* the header's time */
        int64_t uptime_zero_ms; /* when the exporter's uptime counter was zero (NetFlow v9); TIME_UNKNOWN in
                                   IPFIX */
};

enum record_outcome {
        RECORD_EVENTS,         /* `events` of them: port_first..port_last by `step` where step > 1 */
        RECORD_NOT_TRANSLATED, /* NAT-like, but outside 0.0.0.0 */
        RECORD_BINDS_NOTHING,  /* exhausted, quota, threshold */
        RECORD_REFUSED,
};

struct record_result {
        struct nat_event event;
        uint32_t step;         /* 1; above: only every step-th port of the range belongs to the block */
        enum refusal refusal;  /* where refused */
        const char *complaint; /* a sentence part */
        unsigned value;        /* IE 230, for the message */
};

/* Latest an event may be stamped after its message's time, beside the exporter's own delay: clocks are read
 * in two places and header seconds are cut. */
#define RECORD_AHEAD_MS 5000
/* Longest an event may have waited for its export. */
#define RECORD_BEHIND_MS TIME_DAY

/* record: `length` bytes of a record whose slots lie at places (template->places, or those of template_walk).
 * The template must be is_nat; its judgements are kept in it. */
enum record_outcome nat_record_read(struct template *template, const struct place *places,
        const uint8_t *record, const struct record_context *context, struct record_result *result);

#endif
