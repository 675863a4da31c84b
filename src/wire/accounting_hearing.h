/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_ACCOUNTING_HEARING_H
#define ROGATORY_WIRE_ACCOUNTING_HEARING_H

/* Which spans of a sender's accounting were heard. RADIUS has no sequence numbers: only where the settings
 * say that losses are reported (loss = reported) is anything claimed as heard, and silence, damage and
 * refused records break it. Pure. */

#include "nat/coverage.h"
#include "wire/accounting.h"

/* Stands where flow exports have their observation domain: one sender may be heard both ways. */
#define ACCOUNTING_STREAM UINT32_C(0xffff1813)

struct accounting_hearing {
        struct coverage found; /* closed spans, and gaps */
        int64_t heartbeat_ms;
        int64_t first, last;            /* receipt of the current span's records; TIME_UNKNOWN: none yet */
        int64_t delay_ms;               /* longest time between an event and its record's receipt */
        int64_t offset_min, offset_max; /* NAS's clock minus receiver's, in the current span */
        uint32_t trouble[GAP_REASON_COUNT]; /* what was missing since the last record; 0: nothing */
        uint16_t exporter;
        bool loss_reported, offset_known, has_events;
        bool is_heard; /* since pieces were taken last */
};

/* heartbeat_ms: longer silence ends a span; 0: a minute. */
void accounting_hearing_begin(
        struct accounting_hearing *hearing, uint16_t exporter, bool loss_reported, int64_t heartbeat_ms);

/* A record was received and judged. received_ms: TIME_UNKNOWN where that is not known. 0 or -ENOMEM. */
int accounting_hearing_note(
        struct accounting_hearing *hearing, int64_t received_ms, const struct accounting_result *result);

/* Appends what was heard so far; nothing ends. 0 or -ENOMEM. */
int accounting_hearing_pieces(struct accounting_hearing *hearing, struct coverage *ret);

/* Ends the input: appends what was heard to ret. May go on afterwards. 0 or -ENOMEM. */
int accounting_hearing_finish(struct accounting_hearing *hearing, struct coverage *ret);

#endif
