/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/coverage.h"

#include <errno.h>
#include <stdlib.h>

/* Clocks of exporters are read in whole seconds and messages may overtake each other a little: two runs of
 * one sequence may meet although the later one seems to begin this much too early. */
#define JOIN_TOLERANCE_MS 5000

const char *gap_name(enum gap_reason reason)
{
        static const char *const names[GAP_REASON_COUNT] = {
                "sequence", "undecodable", "damaged", "refused", "reported", "clock", "restart", "silence"};
        return reason < GAP_REASON_COUNT ? names[reason] : "unknown";
}

void coverage_free(struct coverage *coverage)
{
        free(coverage->spans);
        free(coverage->gaps);
        *coverage = (struct coverage){0};
}

int coverage_add_span(struct coverage *coverage, const struct coverage_span *span)
{
        if (coverage->span_count == coverage->span_capacity) {
                size_t capacity = coverage->span_capacity ? coverage->span_capacity * 2 : 16;
                struct coverage_span *spans = realloc(coverage->spans, capacity * sizeof *spans);
                if (!spans)
                        return -ENOMEM;
                coverage->spans = spans;
                coverage->span_capacity = capacity;
        }
        coverage->spans[coverage->span_count++] = *span;
        return 0;
}

int coverage_add_gap(struct coverage *coverage, const struct coverage_gap *gap)
{
        if (coverage->gap_count == coverage->gap_capacity) {
                size_t capacity = coverage->gap_capacity ? coverage->gap_capacity * 2 : 16;
                struct coverage_gap *gaps = realloc(coverage->gaps, capacity * sizeof *gaps);
                if (!gaps)
                        return -ENOMEM;
                coverage->gaps = gaps;
                coverage->gap_capacity = capacity;
        }
        coverage->gaps[coverage->gap_count++] = *gap;
        return 0;
}

int coverage_add_all(struct coverage *coverage, const struct coverage *other)
{
        int r = 0;

        for (size_t i = 0; i < other->span_count && r == 0; i++)
                r = coverage_add_span(coverage, &other->spans[i]);
        for (size_t i = 0; i < other->gap_count && r == 0; i++)
                r = coverage_add_gap(coverage, &other->gaps[i]);
        return r;
}

#define COMPARE(field)                                                                                       \
        do {                                                                                                 \
                if (a->field != b->field)                                                                    \
                        return a->field < b->field ? -1 : 1;                                                 \
        } while (0)

static int compare_span(const void *left, const void *right)
{
        const struct coverage_span *a = left, *b = right;
        uint8_t a_numbered = a->flags & SPAN_SEQUENCED, b_numbered = b->flags & SPAN_SEQUENCED;

        COMPARE(exporter);
        COMPARE(stream);
        if (a_numbered != b_numbered)
                return a_numbered < b_numbered ? -1 : 1;
        COMPARE(from);
        COMPARE(sequence_from);
        COMPARE(to);
        COMPARE(sequence_to);
        COMPARE(flags);
        COMPARE(delay_ms);
        COMPARE(offset_min_ms);
        COMPARE(offset_max_ms);
        return 0;
}

static int compare_gap(const void *left, const void *right)
{
        const struct coverage_gap *a = left, *b = right;

        COMPARE(exporter);
        COMPARE(stream);
        COMPARE(reason);
        COMPARE(from);
        COMPARE(to);
        COMPARE(count);
        return 0;
}

static bool same_stream(const struct coverage_span *a, const struct coverage_span *b)
{
        return a->exporter == b->exporter && a->stream == b->stream &&
               (a->flags & SPAN_SEQUENCED) == (b->flags & SPAN_SEQUENCED);
}

/* a begins no later than b. Is b a part of, or the continuation of, the same run of numbers? */
static bool joins_by_sequence(const struct coverage_span *a, const struct coverage_span *b)
{
        uint32_t ahead = b->sequence_from - a->sequence_from;

        if (ahead > UINT32_C(0x7fffffff))
                return false;
        if (a->flags & SPAN_CONTINUES)
                return b->from <= a->to && (ahead > 0 || b->from == a->from);
        if (ahead == 0 && b->from == a->from)
                return true; /* one beginning, told twice: the second time it reached further */
        uint32_t length = a->sequence_to - a->sequence_from;
        if (ahead > length || (ahead == 0 && length > 0))
                return false;
        /* A run that counts from zero again is a restart, even where the numbers happen to meet. */
        if (ahead > 0 && (b->flags & SPAN_BEGINS_EMPTY))
                return false;
        if (ahead < length)
                return b->from <= a->to;
        return b->from >= a->to - JOIN_TOLERANCE_MS;
}

static void widen_offset(struct coverage_span *a, const struct coverage_span *b)
{
        if (b->offset_min_ms == OFFSET_UNKNOWN)
                return;
        if (a->offset_min_ms == OFFSET_UNKNOWN || b->offset_min_ms < a->offset_min_ms)
                a->offset_min_ms = b->offset_min_ms;
        if (a->offset_max_ms == OFFSET_UNKNOWN || b->offset_max_ms > a->offset_max_ms)
                a->offset_max_ms = b->offset_max_ms;
}

static bool reaches_further(const struct coverage_span *a, const struct coverage_span *b)
{
        if (a->to != b->to)
                return b->to > a->to;
        return !(a->flags & SPAN_CONTINUES) && (b->flags & SPAN_CONTINUES);
}

/* Joins b, which begins no earlier, to a. */
static void join_span(struct coverage_span *a, const struct coverage_span *b)
{
        if (reaches_further(a, b)) {
                a->to = b->to;
                a->sequence_to = b->sequence_to;
                a->flags = (uint8_t)((a->flags & ~SPAN_CONTINUES) | (b->flags & SPAN_CONTINUES));
        } else if (!((a->flags | b->flags) & SPAN_CONTINUES) &&
                   (int32_t)(b->sequence_to - a->sequence_to) > 0) {
                a->sequence_to =
                        b->sequence_to; /* times are whole seconds; numbers tell more of one second */
        }
        if (!(b->flags & SPAN_KNOWN_ONLY))
                a->flags &= (uint8_t)~SPAN_KNOWN_ONLY;
        a->flags |= b->flags & SPAN_HAS_EVENTS;
        if (b->from == a->from)
                a->flags |= b->flags & SPAN_AFTER_OTHERS;
        if (b->delay_ms > a->delay_ms)
                a->delay_ms = b->delay_ms;
        widen_offset(a, b);
}

static bool joins(
        const struct coverage_span *a, const struct coverage_span *b, const struct heartbeats *heartbeats)
{
        if (!same_stream(a, b))
                return false;
        if (a->flags & SPAN_SEQUENCED)
                return joins_by_sequence(a, b);
        return b->from - a->to <= heartbeats->of(heartbeats->context, b->exporter);
}

/* A gap that explains a hole between spans; the hole itself shows in the spans. */
static bool only_explains(const struct coverage_gap *gap)
{
        return gap->reason == GAP_SEQUENCE || gap->reason == GAP_RESTART || gap->reason == GAP_SILENCE;
}

/* The hole was filled by a later file. */
static bool is_filled(const struct coverage *coverage, const struct coverage_gap *gap)
{
        for (size_t i = 0; i < coverage->span_count; i++) {
                const struct coverage_span *s = &coverage->spans[i];
                if (s->exporter == gap->exporter && s->stream == gap->stream &&
                        !(s->flags & SPAN_KNOWN_ONLY) && s->from <= gap->from && s->to >= gap->to)
                        return true;
        }
        return false;
}

static void normalise_spans(struct coverage *coverage, const struct heartbeats *heartbeats)
{
        size_t kept = 0;

        if (coverage->span_count > 1)
                qsort(coverage->spans, coverage->span_count, sizeof *coverage->spans, compare_span);
        for (size_t i = 0; i < coverage->span_count; i++) {
                struct coverage_span span = coverage->spans[i];
                if (kept > 0 && joins(&coverage->spans[kept - 1], &span, heartbeats))
                        join_span(&coverage->spans[kept - 1], &span);
                else
                        coverage->spans[kept++] = span;
        }
        coverage->span_count = kept;
        for (size_t i = 1; i < kept; i++) {
                struct coverage_span *span = &coverage->spans[i];
                if (same_stream(&coverage->spans[i - 1], span) && (span->flags & SPAN_BEGINS_EMPTY))
                        span->flags |= SPAN_AFTER_OTHERS;
        }
}

static void normalise_gaps(struct coverage *coverage)
{
        size_t kept = 0;

        if (coverage->gap_count > 1)
                qsort(coverage->gaps, coverage->gap_count, sizeof *coverage->gaps, compare_gap);
        for (size_t i = 0; i < coverage->gap_count; i++) {
                struct coverage_gap gap = coverage->gaps[i];
                struct coverage_gap *last = kept > 0 ? &coverage->gaps[kept - 1] : NULL;
                if (only_explains(&gap) && is_filled(coverage, &gap))
                        continue;
                if (last && last->exporter == gap.exporter && last->stream == gap.stream &&
                        last->reason == gap.reason && gap.from <= last->to) {
                        last->to = gap.to > last->to ? gap.to : last->to;
                        last->count = gap.count > last->count ? gap.count : last->count;
                        continue;
                }
                coverage->gaps[kept++] = gap;
        }
        coverage->gap_count = kept;
}

void coverage_normalise_each(struct coverage *coverage, const struct heartbeats *heartbeats)
{
        normalise_spans(coverage, heartbeats);
        normalise_gaps(coverage);
}

static int64_t same_of_all(const void *context, uint16_t exporter)
{
        (void)exporter;
        return *(const int64_t *)context;
}

void coverage_normalise(struct coverage *coverage, int64_t heartbeat_ms)
{
        coverage_normalise_each(coverage, &(struct heartbeats){.context = &heartbeat_ms, .of = same_of_all});
}

/* Does a later span of the same stream begin before `to`? Then this one need not be remembered. */
static bool is_followed(const struct coverage *coverage, size_t index, int64_t to)
{
        for (size_t i = index + 1; i < coverage->span_count; i++) {
                const struct coverage_span *next = &coverage->spans[i];
                if (next->exporter != coverage->spans[index].exporter ||
                        next->stream != coverage->spans[index].stream)
                        return false;
                if (next->from < to)
                        return true;
        }
        return false;
}

/* The last gap before the window that breaks a span stays with it: a binding from before that gap was not
 * heard through, and the window must show so by itself. */
static bool is_latest_before(const struct coverage *coverage, const struct coverage_gap *gap, int64_t from)
{
        if (only_explains(gap))
                return false;
        for (size_t i = 0; i < coverage->gap_count; i++) {
                const struct coverage_gap *other = &coverage->gaps[i];
                if (other != gap && other->exporter == gap->exporter && other->stream == gap->stream &&
                        !only_explains(other) && other->to < from &&
                        (other->to > gap->to || (other->to == gap->to && other > gap)))
                        return false;
        }
        return true;
}

int coverage_cut(
        const struct coverage *coverage, int64_t from, int64_t to, int64_t memory_ms, struct coverage *ret)
{
        int r = 0;

        for (size_t i = 0; i < coverage->span_count && r == 0; i++) {
                struct coverage_span span = coverage->spans[i];
                if (span.from >= to)
                        continue;
                if (span.to < from) {
                        if (from - span.to > memory_ms || !(span.flags & SPAN_HAS_EVENTS) ||
                                is_followed(coverage, i, to))
                                continue;
                        span.flags |= SPAN_KNOWN_ONLY;
                        span.flags &= (uint8_t)~SPAN_CONTINUES;
                } else if (span.to - span.delay_ms >= to) {
                        /* Whatever happened in the window had been exported by then; of a span that ends
                         * sooner, the last moments of the window are not heard yet. */
                        span.to = to;
                        span.sequence_to = 0;
                        span.flags |= SPAN_CONTINUES;
                }
                r = coverage_add_span(ret, &span);
        }
        for (size_t i = 0; i < coverage->gap_count && r == 0; i++) {
                const struct coverage_gap *gap = &coverage->gaps[i];
                bool inside = gap->to >= from && gap->from < to;
                if (inside || (gap->to < from && is_latest_before(coverage, gap, from)))
                        r = coverage_add_gap(ret, gap);
        }
        return r;
}

/* One stream's part of the answer. */
struct stream_heard {
        bool whole;
        int64_t from, to, seen_since;
        unsigned gap_reasons;
};

static bool counts_exporter(const bool *counts, uint16_t wanted, uint16_t exporter)
{
        return wanted == EXPORTER_EVERY ? !counts || counts[exporter] : exporter == wanted;
}

bool coverage_clock_set(const struct coverage *coverage, const bool *counts, int64_t from, int64_t to)
{
        for (size_t i = 0; i < coverage->gap_count; i++) {
                const struct coverage_gap *gap = &coverage->gaps[i];
                if (gap->reason == GAP_CLOCK && gap->from <= to && gap->to >= from &&
                        counts_exporter(counts, EXPORTER_EVERY, gap->exporter))
                        return true;
        }
        return false;
}

/* Takes away what subtractive gaps take: inside the interval it is not whole; before and after it the run
 * ends. */
static void subtract_gaps(const struct coverage *coverage, const struct coverage_span *stream, int64_t from,
        int64_t to, struct stream_heard *heard)
{
        for (size_t i = 0; i < coverage->gap_count; i++) {
                const struct coverage_gap *gap = &coverage->gaps[i];
                if (gap->exporter != stream->exporter || gap->stream != stream->stream)
                        continue;
                if (gap->from <= to && gap->to >= from) {
                        heard->gap_reasons |= 1u << gap->reason;
                        heard->whole = heard->whole && only_explains(gap);
                }
                if (only_explains(gap))
                        continue;
                if (gap->to < from && gap->to >= heard->from) {
                        heard->from = gap->to + 1;
                        heard->seen_since = heard->from;
                }
                if (gap->to < from && gap->to >= heard->seen_since)
                        heard->seen_since = gap->to + 1;
                if (gap->from > to && gap->from <= heard->to)
                        heard->to = gap->from - 1;
        }
}

static struct stream_heard hear_stream(
        const struct coverage *coverage, size_t first, size_t last, int64_t from, int64_t to)
{
        struct stream_heard heard = {.whole = false};

        for (size_t i = first; i < last; i++) {
                const struct coverage_span *span = &coverage->spans[i];
                int64_t end = span->to - (span->flags & SPAN_CONTINUES ? 0 : span->delay_ms);
                if (span->flags & SPAN_KNOWN_ONLY || span->from > from || end < to)
                        continue;
                heard.whole = true;
                heard.from = span->from;
                heard.to = end;
                bool begun = (span->flags & SPAN_BEGINS_EMPTY) && !(span->flags & SPAN_AFTER_OTHERS);
                heard.seen_since = begun ? INT64_MIN : span->from;
                break;
        }
        subtract_gaps(coverage, &coverage->spans[first], from, to, &heard);
        if (!heard.whole && heard.gap_reasons == 0)
                heard.gap_reasons = 1u << GAP_SILENCE;
        return heard;
}

static bool has_events(const struct coverage *coverage, size_t first, size_t last)
{
        for (size_t i = first; i < last; i++)
                if (coverage->spans[i].flags & SPAN_HAS_EVENTS)
                        return true;
        return false;
}

struct heard coverage_heard(
        const struct coverage *coverage, uint16_t exporter, const bool *counts, int64_t from, int64_t to)
{
        struct heard all = {.whole = true, .from = INT64_MIN, .to = INT64_MAX, .seen_since = INT64_MIN};
        int last_exporter = -1;

        for (size_t first = 0, last; first < coverage->span_count; first = last) {
                const struct coverage_span *span = &coverage->spans[first];
                last = first + 1;
                while (last < coverage->span_count && coverage->spans[last].exporter == span->exporter &&
                        coverage->spans[last].stream == span->stream)
                        last++;
                if (!counts_exporter(counts, exporter, span->exporter) || !has_events(coverage, first, last))
                        continue;
                struct stream_heard one = hear_stream(coverage, first, last, from, to);
                all.streams++;
                all.exporters += (int)span->exporter != last_exporter;
                last_exporter = span->exporter;
                all.whole = all.whole && one.whole;
                all.gap_reasons |= one.gap_reasons;
                all.from = one.from > all.from ? one.from : all.from;
                all.to = one.to < all.to ? one.to : all.to;
                all.seen_since = one.seen_since > all.seen_since ? one.seen_since : all.seen_since;
        }
        if (all.streams == 0)
                all = (struct heard){.whole = false};
        return all;
}
