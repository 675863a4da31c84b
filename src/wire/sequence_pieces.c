/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/sequence_state.h"

int64_t sequence_heard_since(const struct sequence *s)
{
        int64_t since = sequence_run_from(&s->run);

        since = s->run.highest_ms > since ? s->run.highest_ms : since;
        for (size_t i = 0; i < s->hole_count; i++)
                if (s->holes[i].after_ms + CUT_MS > since)
                        since = s->holes[i].after_ms + CUT_MS;
        for (size_t i = 0; i < s->mark_count; i++)
                if (s->marks[i].to_ms + CUT_MS + 1 > since)
                        since = s->marks[i].to_ms + CUT_MS + 1;
        return since;
}

/* What waits for its template and was sent first; NULL where nothing waits. */
static const struct sequence_mark *first_waiting(const struct sequence *s)
{
        for (size_t i = 0; i < s->mark_count; i++)
                if (s->marks[i].ticket != 0 && !s->marks[i].given_up)
                        return &s->marks[i];
        return NULL;
}

/* Where something changed that stands in every span of the run, all are told again. */
static void compare_told(struct sequence *s, int64_t from)
{
        const struct sequence_run *run = &s->run;

        if (s->told.delay_ms != run->delay_ms)
                for (size_t i = 0; i < s->mark_count; i++)
                        s->marks[i].told = false;
        if (s->told.from_ms != from || s->told.delay_ms != run->delay_ms ||
                s->told.offset_min_ms != run->offset_min_ms || s->told.offset_max_ms != run->offset_max_ms ||
                s->told.first_number != run->first_number || s->told.has_events != run->has_events)
                s->told.holes = 0;
        s->told.from_ms = from;
        s->told.delay_ms = run->delay_ms;
        s->told.offset_min_ms = run->offset_min_ms;
        s->told.offset_max_ms = run->offset_max_ms;
        s->told.first_number = run->first_number;
        s->told.has_events = run->has_events;
}

static int tell_gaps(struct sequence *s)
{
        int r = 0;

        for (size_t i = 0; i < s->mark_count && r == 0; i++) {
                struct sequence_mark *mark = &s->marks[i];
                if (mark->told || (mark->ticket != 0 && !mark->given_up))
                        continue;
                s->run.has_events = mark->told = true; /* what was refused may have been some */
                r = sequence_keep_gap(
                        s, mark->from_ms - s->run.delay_ms, mark->to_ms + CUT_MS, mark->reason, mark->count);
        }
        for (size_t i = 0; i < s->hole_count && r == 0; i++) {
                struct sequence_hole *hole = &s->holes[i];
                if (hole->told || s->run.highest_ms - hole->after_ms <= SEQUENCE_BACKWARDS_MS)
                        continue; /* a message that was overtaken may still come */
                hole->told = true;
                r = sequence_keep_gap(s, hole->before_ms - s->run.delay_ms, hole->after_ms + CUT_MS,
                        GAP_SEQUENCE, hole->end - hole->first);
        }
        return r;
}

/* One span, up to what waits. ret_goes_on: false where it waits within. */
static int tell_span(struct sequence *s, int64_t from, int64_t to, uint32_t first, uint32_t end,
        bool begins_empty, bool *ret_goes_on)
{
        const struct sequence_mark *waiting = first_waiting(s);

        *ret_goes_on = !waiting || to < waiting->from_ms || sequence_ahead(end, waiting->message) <= 0;
        if (!*ret_goes_on) {
                to = waiting->from_ms - CUT_MS < to ? waiting->from_ms - CUT_MS : to;
                end = sequence_ahead(waiting->message, first) > 0 ? waiting->message : first;
        }
        /* One that claims no instant joins what its numbers join; without numbers it is nothing. */
        return from - to > SEQUENCE_BACKWARDS_MS || (first == end && to - s->run.delay_ms < from)
                       ? 0
                       : sequence_keep_span(s, from, to, first, end, begins_empty);
}

static int tell_spans(struct sequence *s, int64_t from, bool begins_empty)
{
        const struct sequence_run *run = &s->run;
        uint32_t first = run->first_number;
        bool goes_on = true;
        int r = 0;

        if (s->told.holes > 0) {
                from = s->holes[s->told.holes - 1].after_ms + CUT_MS;
                first = s->holes[s->told.holes - 1].end;
                begins_empty = false;
        }
        for (size_t i = s->told.holes; i < s->hole_count && r == 0 && goes_on; i++) {
                const struct sequence_hole *hole = &s->holes[i];
                if (hole->first != first)
                        r = tell_span(s, from, hole->before_ms, first, hole->first, begins_empty, &goes_on);
                from = hole->after_ms + CUT_MS;
                first = hole->end;
                begins_empty = false;
                s->told.holes += goes_on;
        }
        return r < 0 || !goes_on
                       ? r
                       : tell_span(s, from, run->last_ms, first, run->expected, begins_empty, &goes_on);
}

static int tell_run(struct sequence *s)
{
        const struct sequence_run *run = &s->run;
        bool begins_empty = sequence_run_begins_empty(run);

        compare_told(s, sequence_run_from(run));
        int r = tell_gaps(s);
        /* Whether it begins empty, and since when, is known with its second message and its first event. */
        if (run->begins_at_zero && (!run->confirmed || run->first_event_ms == TIME_UNKNOWN))
                return r;
        if (run->messages == 0 || s->chaos >= 3 ||
                (run->provisional && !sequence_meets_landmark(s, run->first_number, run->expected)))
                return r;
        compare_told(s, sequence_run_from(run)); /* a gap may be of events */
        return r < 0 ? r : tell_spans(s, sequence_run_from(run), begins_empty);
}

int sequence_hand_over(struct sequence *s, struct coverage *ret)
{
        int r = 0;

        if (s->overflow.reason != GAP_REASON_COUNT) {
                r = coverage_add_gap(&s->closed, &s->overflow);
                s->overflow.reason = GAP_REASON_COUNT;
        }
        if (r == 0)
                r = coverage_add_all(ret, &s->closed);
        s->closed.span_count = s->closed.gap_count = 0;
        return r;
}

int sequence_pieces(struct sequence *s, struct coverage *ret)
{
        int r = s->known ? tell_run(s) : 0;

        return r < 0 ? r : sequence_hand_over(s, ret);
}
