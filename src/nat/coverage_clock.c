/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/coverage.h"

/* A clock that goes back by less was never far off; messages may overtake each other by as much. */
#define STEP_LEAST_MS 5000
/* Numbers that are further ahead belong to another numbering (a restart), not to the same run. */
#define AHEAD_MAX (1u << 24)
/* Spans of one stream that are held against each other. */
#define NEIGHBOURS_MAX 64

static bool same_stream(const struct coverage_span *a, const struct coverage_span *b)
{
        return a->exporter == b->exporter && a->stream == b->stream;
}

/* b begins no earlier than a by its clock, but which was sent first? By how much did the clock go back
 * between the two, if numbers tell that it did? 0 where not. */
static int64_t step_between(const struct coverage_span *a, const struct coverage_span *b)
{
        uint32_t ahead = b->sequence_from - a->sequence_from, length = a->sequence_to - a->sequence_from;

        if (!(a->flags & b->flags & SPAN_SEQUENCED) || (a->flags & SPAN_CONTINUES) ||
                (b->flags & SPAN_BEGINS_EMPTY))
                return 0;
        if (ahead == 0 || ahead > AHEAD_MAX || ahead < length || b->from >= a->to - STEP_LEAST_MS)
                return 0;
        return a->to - b->from;
}

/* b was sent before a although its clock says later: a, which begins earlier by its clock, came after a step
 * back. A restart looks alike, unless the two overlap in time or the numbers go on exactly. */
static int64_t step_before(const struct coverage_span *a, const struct coverage_span *b)
{
        uint32_t ahead = a->sequence_from - b->sequence_from, length = b->sequence_to - b->sequence_from;

        if (!(a->flags & b->flags & SPAN_SEQUENCED) || (b->flags & SPAN_CONTINUES) ||
                (a->flags & SPAN_BEGINS_EMPTY))
                return 0;
        if (ahead == 0 || ahead > AHEAD_MAX || ahead < length || a->from >= b->to - STEP_LEAST_MS)
                return 0;
        bool overlap = a->to - STEP_LEAST_MS > b->from;
        return overlap || (ahead == length && length > 0) ? b->to - a->from : 0;
}

static int add_step(struct coverage *coverage, const struct coverage_span *wrong, int64_t step)
{
        struct coverage_gap gap = {
                .from = wrong->from < wrong->to - step ? wrong->from : wrong->to - step,
                .to = wrong->to + 1000,
                .stream = wrong->stream,
                .count = step > UINT32_MAX ? UINT32_MAX : (uint32_t)step,
                .exporter = wrong->exporter,
                .reason = GAP_CLOCK,
        };
        return coverage_add_gap(coverage, &gap);
}

/* Steps that lie between two spans, so that no single log shows them. */
static int find_steps(struct coverage *coverage)
{
        int r = 0;

        for (size_t i = 0; i < coverage->span_count && r == 0; i++)
                for (size_t k = i + 1; k < coverage->span_count && k <= i + NEIGHBOURS_MAX && r == 0; k++) {
                        const struct coverage_span *a = &coverage->spans[i], *b = &coverage->spans[k];
                        if (!same_stream(a, b))
                                break;
                        int64_t step = step_between(a, b);
                        if (step > 0)
                                r = add_step(coverage, a, step);
                        step = step_before(a, b);
                        if (step > 0 && r == 0)
                                r = add_step(coverage, b, step);
                }
        return r;
}

/* Grows one gap over the spans before it. The clock had been set ahead at a leap forward of about the size of
 * the step: the first silence that long, going back, may be it. true where it grew. */
static bool grow(const struct coverage *coverage, struct coverage_gap *gap)
{
        bool grew = false;

        for (size_t i = coverage->span_count; i-- > 0;) {
                const struct coverage_span *span = &coverage->spans[i];
                if (span->exporter != gap->exporter || span->stream != gap->stream || span->from >= gap->from)
                        continue;
                if (span->to < gap->from - (int64_t)gap->count / 2)
                        continue;
                gap->from = span->from;
                grew = true;
        }
        return grew;
}

int coverage_trace_clocks(struct coverage *coverage, const struct heartbeats *heartbeats)
{
        int r = find_steps(coverage);

        for (size_t i = 0; i < coverage->gap_count && r == 0; i++) {
                struct coverage_gap *gap = &coverage->gaps[i];
                while (gap->reason == GAP_CLOCK && gap->count > 0 && grow(coverage, gap))
                        ;
        }
        coverage_normalise_each(coverage, heartbeats);
        return r;
}
