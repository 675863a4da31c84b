/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_TEXT_COLLECT_H
#define ROGATORY_WIRE_TEXT_COLLECT_H

/* For tests and the fuzz target: feeds a text to a format and collects what comes out. */

#include "wire/text_decoder.h"

#include <stdio.h>
#include <stdlib.h>

#define COLLECT_MOST 256

struct collected {
        struct nat_event events[COLLECT_MOST];
        struct lease_event leases[COLLECT_MOST];
        struct plan_row plans[COLLECT_MOST];
        size_t event_count, lease_count, plan_count, refused_count, noted_count;
        enum refusal last_refusal;
        char last_detail[ERROR_TEXT_MAX];
        char last_note[ERROR_TEXT_MAX];
        struct text_counts counts;
        struct coverage coverage;
};

static inline int collect_event(void *context, const struct nat_event *event)
{
        struct collected *c = context;
        if (c->event_count < COLLECT_MOST)
                c->events[c->event_count] = *event;
        c->event_count++;
        return 0;
}

static inline int collect_lease(void *context, const struct lease_event *event)
{
        struct collected *c = context;
        if (c->lease_count < COLLECT_MOST)
                c->leases[c->lease_count] = *event;
        c->lease_count++;
        return 0;
}

static inline int collect_plan(void *context, const struct plan_row *row)
{
        struct collected *c = context;
        if (c->plan_count < COLLECT_MOST)
                c->plans[c->plan_count] = *row;
        c->plan_count++;
        return 0;
}

static inline void collect_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        struct collected *c = context;
        (void)offset;
        c->refused_count++;
        c->last_refusal = refusal;
        snprintf(c->last_detail, sizeof c->last_detail, "%s", detail);
}

static inline void collect_note(void *context, const char *sentence)
{
        struct collected *c = context;
        c->noted_count++;
        snprintf(c->last_note, sizeof c->last_note, "%s", sentence);
}

static inline uint64_t counted_lines(const struct text_counts *counts)
{
        uint64_t lines = counts->blank + counts->used + counts->continued + counts->not_nat + counts->other +
                         counts->reported_losses;
        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                lines += counts->refused[i];
        return lines;
}

/* Feeds every line; whole_end: a last line without line feed counts as whole. collected_free when done. */
static inline int collect_with_end(const struct text_format *format, const struct text_options *options,
        struct slice text, bool whole_end, struct collected *ret)
{
        struct decode_sink sink = {.context = ret,
                .event = collect_event,
                .refused = collect_refused,
                .lease = collect_lease,
                .plan = collect_plan,
                .noted = collect_note};
        struct text_decoder *decoder;
        int r = format->create(options, &decoder);

        *ret = (struct collected){0};
        if (r < 0)
                return r;
        while (r == 0 && text.length) {
                bool ended = whole_end || memchr(text.text, '\n', text.length);
                struct slice line = slice_cut(&text, '\n');
                r = ended ? format->line(decoder, line, &sink)
                          : text_incomplete_line(format, decoder, line, line.length >= TEXT_LINE_MAX, &sink);
        }
        if (r == 0)
                r = format->finish(decoder, &sink, &ret->coverage);
        ret->counts = *format->counts(decoder);
        format->free(decoder);
        return r;
}

static inline int collect(const struct text_format *format, const struct text_options *options,
        struct slice text, struct collected *ret)
{
        return collect_with_end(format, options, text, true, ret);
}

static inline void collected_free(struct collected *c)
{
        coverage_free(&c->coverage);
}

#endif
