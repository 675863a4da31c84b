/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/exporter_clock.h"

/* Export times are whole seconds, cut off: a clock that is right shows an offset between -1 s and 0. */
#define EXPORT_TIME_GRAIN_MS 999

static int64_t smaller(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

void attribution_interval(const struct question *q, const struct attribution_rules *rules,
        const struct coverage *coverage, const bool *counts, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
        int64_t early = 0, late = 0;

        for (size_t i = 0; i < coverage->span_count; i++) {
                const struct coverage_span *span = &coverage->spans[i];
                if (span->offset_min_ms == OFFSET_UNKNOWN || (counts && !counts[span->exporter]))
                        continue;
                int64_t behind = span->offset_min_ms, before = span->offset_max_ms + EXPORT_TIME_GRAIN_MS;
                if (behind + EXPORT_TIME_GRAIN_MS < -rules->uncertainty_ms)
                        early = smaller(early, behind);
                if (before > rules->uncertainty_ms)
                        late = larger(late, before);
        }
        *ret_from_ms = q->at_ms - q->skew_ms + early;
        *ret_to_ms = q->at_ms + q->skew_ms + late;
}

struct clock_error exporter_clock_error(
        const struct coverage *coverage, const struct attribution_rules *rules, uint16_t exporter)
{
        struct clock_error error = {INT64_MAX, INT64_MIN};

        for (size_t i = 0; i < coverage->span_count; i++) {
                const struct coverage_span *span = &coverage->spans[i];
                if (span->exporter != exporter)
                        continue;
                bool known = span->offset_min_ms != OFFSET_UNKNOWN;
                int64_t least = known ? span->offset_min_ms : 0;
                int64_t most = known ? span->offset_max_ms + EXPORT_TIME_GRAIN_MS : 0;
                if (least + EXPORT_TIME_GRAIN_MS >= -rules->uncertainty_ms && most <= rules->uncertainty_ms)
                        least = most = 0;
                error.least_ms = smaller(error.least_ms, least);
                error.most_ms = larger(error.most_ms, most);
        }
        return error.least_ms <= error.most_ms ? error : (struct clock_error){0, 0};
}

int32_t exporter_clock_offset(const struct coverage *coverage, uint16_t exporter, int64_t at_ms)
{
        int32_t offset = OFFSET_UNKNOWN;

        for (size_t i = 0; i < coverage->span_count; i++) {
                const struct coverage_span *span = &coverage->spans[i];
                if (span->exporter != exporter || span->offset_min_ms == OFFSET_UNKNOWN)
                        continue;
                bool nearer = span->from <= at_ms && span->to >= at_ms;
                if (offset == OFFSET_UNKNOWN || nearer)
                        offset = span->offset_min_ms / 2 + span->offset_max_ms / 2 + EXPORT_TIME_GRAIN_MS / 2;
        }
        return offset;
}
