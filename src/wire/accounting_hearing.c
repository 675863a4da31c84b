/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/accounting_hearing.h"

#include "base/time.h"
#include "wire/text_decoder.h" /* TEXT_GAPS_MAX */

#include <string.h>

/* Records may stand this much out of order in a capture of several interfaces. */
#define DISORDER_MS (5 * TIME_SECOND)
/* Least time assumed between an event and its record. */
#define DELAY_LEAST_MS TIME_SECOND

void accounting_hearing_begin(
        struct accounting_hearing *hearing, uint16_t exporter, bool loss_reported, int64_t heartbeat_ms)
{
        *hearing = (struct accounting_hearing){
                .heartbeat_ms = heartbeat_ms > 0 ? heartbeat_ms : TIME_MINUTE,
                .first = TIME_UNKNOWN,
                .last = TIME_UNKNOWN,
                .delay_ms = DELAY_LEAST_MS,
                .exporter = exporter,
                .loss_reported = loss_reported,
        };
}

static int32_t narrow(int64_t value)
{
        return value > INT32_MAX    ? INT32_MAX
               : value <= INT32_MIN ? INT32_MIN + 1 /* the lowest means "not known" */
                                    : (int32_t)value;
}

/* Spans are told by the NAS's clock, and heard by the receiver's: the edges are drawn inwards by all that the
 * two ever differed. Whole seconds cost another one at the beginning. */
static int close_span(struct accounting_hearing *h)
{
        struct coverage_span span = {
                .from = h->first + TIME_SECOND + (h->offset_max > 0 ? h->offset_max : 0),
                .to = h->last + (h->offset_min < 0 ? h->offset_min : 0),
                .stream = ACCOUNTING_STREAM,
                .delay_ms = narrow(h->delay_ms),
                .offset_min_ms = h->offset_known ? narrow(h->offset_min) : OFFSET_UNKNOWN,
                .offset_max_ms = h->offset_known ? narrow(h->offset_max) : OFFSET_UNKNOWN,
                .exporter = h->exporter,
                .flags = SPAN_HAS_EVENTS,
        };

        if (!h->loss_reported || h->first == TIME_UNKNOWN || span.from > span.to)
                return 0;
        return coverage_add_span(&h->found, &span);
}

static int add_gap(
        struct accounting_hearing *h, enum gap_reason reason, int64_t from, int64_t to, uint32_t count)
{
        struct coverage_gap gap = {
                .from = from - DELAY_LEAST_MS + (h->offset_min < 0 ? h->offset_min : 0),
                .to = to + DELAY_LEAST_MS + (h->offset_max > 0 ? h->offset_max : 0),
                .stream = ACCOUNTING_STREAM,
                .count = count,
                .exporter = h->exporter,
                .reason = (uint8_t)reason,
        };
        struct coverage_gap *before = h->found.gap_count ? &h->found.gaps[h->found.gap_count - 1] : NULL;

        if (before && before->reason == reason &&
                ((gap.from <= before->to && gap.to >= before->from) || h->found.gap_count >= TEXT_GAPS_MAX)) {
                before->from = gap.from < before->from ? gap.from : before->from;
                before->to = gap.to > before->to ? gap.to : before->to;
                before->count = before->count > UINT32_MAX - count ? UINT32_MAX : before->count + count;
                return 0;
        }
        return coverage_add_gap(&h->found, &gap);
}

/* What was missing lies somewhere between the record before (less the delay that records have) and this. */
static int settle_trouble(struct accounting_hearing *h, int64_t to)
{
        int64_t from = h->last == TIME_UNKNOWN ? to - h->heartbeat_ms : h->last - h->delay_ms;
        int r = 0;

        for (unsigned reason = 0; reason < GAP_REASON_COUNT && r == 0; reason++) {
                if (h->trouble[reason] == 0)
                        continue;
                r = add_gap(h, (enum gap_reason)reason, from < to ? from : to, to,
                        reason == GAP_REPORTED ? 0 : h->trouble[reason]);
                h->trouble[reason] = 0;
        }
        return r;
}

static void note_offset(struct accounting_hearing *h, const struct accounting_result *result)
{
        if (!result->offset_known)
                return;
        if (!h->offset_known || result->offset_ms < h->offset_min)
                h->offset_min = result->offset_ms;
        if (!h->offset_known || result->offset_ms > h->offset_max)
                h->offset_max = result->offset_ms;
        h->offset_known = true;
}

static int note_receipt(
        struct accounting_hearing *h, int64_t received, const struct accounting_result *result)
{
        int64_t last = h->last;
        int r = 0;

        if (last == TIME_UNKNOWN || received > last + h->heartbeat_ms || received < last - DISORDER_MS) {
                r = close_span(h);
                h->first = h->last = received;
                h->delay_ms = DELAY_LEAST_MS;
                h->offset_known = false;
                h->offset_min = h->offset_max = 0;
                if (received - result->instant_ms > h->delay_ms)
                        h->delay_ms = received - result->instant_ms;
        } else if (received > last) {
                h->last = received;
        }
        note_offset(h, result);
        return r;
}

int accounting_hearing_note(
        struct accounting_hearing *hearing, int64_t received_ms, const struct accounting_result *result)
{
        int r = 0;

        hearing->is_heard = true;
        hearing->has_events = hearing->has_events || result->events > 0 || result->unusable;
        if (result->outcome == ACCOUNTING_REFUSED || result->unusable)
                hearing->trouble[GAP_REFUSED] += hearing->trouble[GAP_REFUSED] < UINT32_MAX;
        /* Every session ended, and no Stop tells of it (RFC 2866 section 5.1). */
        if (result->outcome == ACCOUNTING_RESTART)
                hearing->trouble[GAP_REPORTED] = 1;
        if (received_ms == TIME_UNKNOWN)
                received_ms = result->instant_ms;
        if (result->instant_ms == TIME_UNKNOWN || result->outcome == ACCOUNTING_REFUSED)
                return 0;
        if (hearing->last != TIME_UNKNOWN && received_ms - result->instant_ms > hearing->delay_ms)
                hearing->delay_ms = received_ms - result->instant_ms;
        r = settle_trouble(hearing, received_ms + TIME_SECOND);
        return r == 0 ? note_receipt(hearing, received_ms, result) : r;
}

static int hand_over(struct accounting_hearing *hearing, struct coverage *ret)
{
        if (!hearing->has_events)
                for (size_t i = 0; i < hearing->found.span_count; i++)
                        hearing->found.spans[i].flags &= (uint8_t)~SPAN_HAS_EVENTS;
        /* Most access servers only lend inside addresses: what was missed of them says nothing of any port.
         */
        int r = hearing->has_events || hearing->loss_reported ? coverage_add_all(ret, &hearing->found) : 0;
        coverage_free(&hearing->found);
        return r;
}

/* What was missing since the last record waits until the next one tells when that ended; until then nothing
 * is claimed behind the last record. */
int accounting_hearing_pieces(struct accounting_hearing *hearing, struct coverage *ret)
{
        hearing->is_heard = false;
        int r = close_span(hearing);
        return r < 0 ? r : hand_over(hearing, ret);
}

int accounting_hearing_finish(struct accounting_hearing *hearing, struct coverage *ret)
{
        int r = 0;

        if (hearing->last != TIME_UNKNOWN)
                r = settle_trouble(hearing, hearing->last + hearing->heartbeat_ms);
        if (r == 0)
                r = close_span(hearing);
        if (r == 0)
                r = hand_over(hearing, ret);
        coverage_free(&hearing->found);
        accounting_hearing_begin(hearing, hearing->exporter, hearing->loss_reported, hearing->heartbeat_ms);
        return r;
}
