/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/text.h"
#include "wire/text_decoder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const struct text_format *const formats[] = {&text_format_conntrack, &text_format_ulogd2,
        &text_format_nat_csv, &text_format_leases, &text_format_freeradius_detail, &text_format_plan,
        &text_format_syslog, &text_format_dhcpd_leases, &text_format_kea_leases};

#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

const struct text_format *const *text_formats(size_t *ret_count)
{
        *ret_count = FORMAT_COUNT;
        return formats;
}

const struct text_format *text_format_by_name(const char *name)
{
        for (size_t i = 0; i < FORMAT_COUNT; i++)
                if (strcmp(formats[i]->name, name) == 0)
                        return formats[i];
        return NULL;
}

const struct text_format *text_format_recognise(const char *head, size_t length)
{
        const struct text_format *best = NULL;
        int surest = 0;

        for (size_t i = 0; i < FORMAT_COUNT; i++) {
                int sure = formats[i]->recognise(head, length);
                if (sure > surest) {
                        surest = sure;
                        best = formats[i];
                } else if (sure == surest) {
                        best = NULL;
                }
        }
        return best;
}

void text_decoder_init(
        struct text_decoder *decoder, const struct text_options *options, int64_t resolution_ms)
{
        decoder->options = *options;
        if (decoder->options.heartbeat_ms <= 0)
                decoder->options.heartbeat_ms = TIME_MINUTE;
        decoder->hearing.first = decoder->hearing.last = TIME_UNKNOWN;
        decoder->hearing.earliest = TIME_UNKNOWN;
        for (unsigned power = 0; power < 64; power++)
                decoder->hearing.jumps[power] = TIME_UNKNOWN;
        decoder->hearing.delay_ms = decoder->hearing.least_delay_ms = TEXT_DELAY_MS;
        decoder->hearing.resolution_ms = resolution_ms;
}

void text_decoder_release(struct text_decoder *decoder)
{
        if (decoder)
                coverage_free(&decoder->hearing.found);
}

const struct text_counts *text_decoder_counts(const struct text_decoder *decoder)
{
        return &decoder->counts;
}

bool text_take_line(struct text_decoder *decoder, struct slice *line, const struct decode_sink *sink)
{
        decoder->counts.lines++;
        if (line->length && line->text[line->length - 1] == '\r')
                line->length--;
        if (line->length > TEXT_LINE_MAX || decoder->is_too_long) {
                text_refuse(decoder, sink, REFUSAL_BAD_LINE, "longer than %d bytes", TEXT_LINE_MAX);
                return false;
        }
        if (slice_trim(*line).length == 0) {
                decoder->counts.blank++;
                return false;
        }
        if (decoder->is_cut) {
                text_refuse(decoder, sink, REFUSAL_TRUNCATED,
                        "the last line has no line feed, so it may be cut off; if it is whole, add one");
                return false;
        }
        return true;
}

int text_incomplete_line(const struct text_format *format, struct text_decoder *decoder, struct slice line,
        bool too_long, const struct decode_sink *sink)
{
        decoder->is_too_long = too_long;
        decoder->is_cut = !too_long;
        int r = format->line(decoder, line, sink);
        decoder->is_too_long = decoder->is_cut = false;
        return r;
}

int text_refuse_at(struct text_decoder *decoder, const struct decode_sink *sink, uint64_t line,
        enum refusal refusal, const char *sentence)
{
        char detail[ERROR_TEXT_MAX];

        decoder->counts.refused[refusal]++;
        bool damaged = refusal == REFUSAL_BAD_LINE || refusal == REFUSAL_TRUNCATED;
        text_missing(decoder, damaged ? GAP_DAMAGED : GAP_REFUSED);
        if (sink->refused) {
                snprintf(detail, sizeof detail, "line %" PRIu64 ": %s", line, sentence);
                sink->refused(sink->context, refusal, 0, detail);
        }
        return 0;
}

int text_refuse(struct text_decoder *decoder, const struct decode_sink *sink, enum refusal refusal,
        const char *format, ...)
{
        char sentence[ERROR_TEXT_MAX - 40];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(sentence, sizeof sentence, format, arguments);
        va_end(arguments);
        return text_refuse_at(decoder, sink, decoder->counts.lines, refusal, sentence);
}

int text_refuse_for(struct text_decoder *decoder, struct text_decoder *hearing,
        const struct decode_sink *sink, enum refusal refusal, const char *format, ...)
{
        char sentence[ERROR_TEXT_MAX - 40], detail[ERROR_TEXT_MAX];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(sentence, sizeof sentence, format, arguments);
        va_end(arguments);
        decoder->counts.refused[refusal]++;
        bool damaged = refusal == REFUSAL_BAD_LINE || refusal == REFUSAL_TRUNCATED;
        text_missing(hearing, damaged ? GAP_DAMAGED : GAP_REFUSED);
        if (sink->refused) {
                snprintf(detail, sizeof detail, "line %" PRIu64 ": %s", decoder->counts.lines, sentence);
                sink->refused(sink->context, refusal, 0, detail);
        }
        return 0;
}

void text_note(const struct decode_sink *sink, const char *format, ...)
{
        char sentence[ERROR_TEXT_MAX];
        va_list arguments;

        if (!sink->noted)
                return;
        va_start(arguments, format);
        vsnprintf(sentence, sizeof sentence, format, arguments);
        va_end(arguments);
        sink->noted(sink->context, sentence);
}

int text_deliver(struct text_decoder *decoder, const struct decode_sink *sink, const struct nat_event *event)
{
        decoder->counts.events++;
        return sink->event ? sink->event(sink->context, event) : 0;
}

int text_deliver_lease(
        struct text_decoder *decoder, const struct decode_sink *sink, const struct lease_event *event)
{
        decoder->counts.lease_events++;
        return sink->lease ? sink->lease(sink->context, event) : 0;
}

int text_deliver_plan(
        struct text_decoder *decoder, const struct decode_sink *sink, const struct plan_row *row)
{
        decoder->counts.plan_rows++;
        return sink->plan ? sink->plan(sink->context, row) : 0;
}

static int close_span(struct text_decoder *decoder)
{
        struct text_hearing *h = &decoder->hearing;
        /* A time that was cut to the second may stand for something just before the log began. */
        struct coverage_span span = {.from = h->first + h->resolution_ms,
                .to = h->last,
                .delay_ms = (int32_t)h->delay_ms,
                .offset_min_ms = OFFSET_UNKNOWN,
                .offset_max_ms = OFFSET_UNKNOWN,
                .exporter = decoder->options.exporter,
                .flags = SPAN_HAS_EVENTS};

        if (!decoder->options.loss_reported || h->first == TIME_UNKNOWN || span.from > span.to)
                return 0;
        return coverage_add_span(&h->found, &span);
}

static int add_gap(
        struct text_decoder *decoder, enum gap_reason reason, int64_t from, int64_t to, uint32_t count)
{
        struct coverage *found = &decoder->hearing.found;
        struct coverage_gap *before = found->gap_count ? &found->gaps[found->gap_count - 1] : NULL;
        bool touches = before && before->reason == reason && from <= before->to && to >= before->from;

        if (before && (touches || found->gap_count >= TEXT_GAPS_MAX)) {
                before->from = from < before->from ? from : before->from;
                before->to = to > before->to ? to : before->to;
                before->count = before->count > UINT32_MAX - count ? UINT32_MAX : before->count + count;
                return 0;
        }
        return coverage_add_gap(found, &(struct coverage_gap){.from = from,
                                               .to = to,
                                               .count = count,
                                               .exporter = decoder->options.exporter,
                                               .reason = (uint8_t)reason});
}

/* What was missing between two lines lies between their times, give or take the delay of a line. */
static int settle_trouble(struct text_decoder *decoder, int64_t from_unknown, int64_t to)
{
        struct text_hearing *h = &decoder->hearing;

        for (unsigned reason = 0; reason < GAP_REASON_COUNT; reason++) {
                if (h->trouble[reason].count == 0)
                        continue;
                int64_t from = h->trouble[reason].from;
                if (from == TIME_UNKNOWN)
                        from = from_unknown;
                if (from > to - TEXT_DELAY_MS)
                        from = to - 2 * TEXT_DELAY_MS;
                /* "It lost events" and damaged lines say nothing about how many. */
                int r = add_gap(
                        decoder, reason, from, to, reason == GAP_REPORTED ? 0 : h->trouble[reason].count);
                if (r < 0)
                        return r;
                h->trouble[reason].count = 0;
        }
        return 0;
}

static int begin_span(struct text_decoder *decoder, int64_t instant)
{
        struct text_hearing *h = &decoder->hearing;
        int r = close_span(decoder);

        h->first = h->last = instant;
        h->delay_ms = h->least_delay_ms;
        return r;
}

static bool is_troubled(const struct text_hearing *h)
{
        for (unsigned reason = 0; reason < GAP_REASON_COUNT; reason++)
                if (h->trouble[reason].count)
                        return true;
        return false;
}

static unsigned log2_of(int64_t number)
{
        unsigned power = 0;

        while (number > 1) {
                number >>= 1;
                power++;
        }
        return power;
}

/* A clock that goes back by `step` had been set ahead at some time before: at the latest forward jump that is
 * large enough (the size classes that lie wholly above half the step), or before the file began. */
static int64_t wrong_since(const struct text_hearing *h, int64_t step, bool *ret_known)
{
        int64_t since = h->earliest;

        *ret_known = false;

        for (unsigned power = log2_of(step / 2) + 1; power < 63; power++)
                if (h->jumps[power] != TIME_UNKNOWN && (!*ret_known || h->jumps[power] > since)) {
                        since = h->jumps[power];
                        *ret_known = true;
                }
        return since;
}

static void note_time(struct text_hearing *h, int64_t instant)
{
        if (h->earliest == TIME_UNKNOWN || instant < h->earliest)
                h->earliest = instant;
        if (h->last != TIME_UNKNOWN && instant > h->last)
                h->jumps[log2_of(instant - h->last)] = h->last;
}

int text_heard(struct text_decoder *decoder, int64_t instant)
{
        struct text_hearing *h = &decoder->hearing;
        int64_t heartbeat = decoder->options.heartbeat_ms, last = h->last;
        int r = 0;

        h->is_heard = true;
        note_time(h, instant);
        if (is_troubled(h))
                r = settle_trouble(decoder, instant - heartbeat, instant + h->resolution_ms + TEXT_DELAY_MS);
        if (r < 0 || (last != TIME_UNKNOWN && instant >= last && instant - last <= heartbeat)) {
                h->last = instant;
                return r;
        }
        if (last != TIME_UNKNOWN && instant < last && last - instant <= TEXT_DISORDER_MS) {
                if (last - instant > h->delay_ms)
                        h->delay_ms = last - instant;
                return 0;
        }
        if (last != TIME_UNKNOWN && instant < last) {
                bool known;
                int64_t step = last - instant, since = wrong_since(h, step, &known);
                r = add_gap(decoder, GAP_CLOCK, (since < instant ? since : instant) - TEXT_DELAY_MS,
                        last + TEXT_DELAY_MS,
                        known               ? 0
                        : step > UINT32_MAX ? UINT32_MAX
                                            : (uint32_t)step);
        }
        return r < 0 ? r : begin_span(decoder, instant);
}

void text_missing(struct text_decoder *decoder, enum gap_reason reason)
{
        struct text_hearing *h = &decoder->hearing;

        if (h->trouble[reason].count == 0)
                h->trouble[reason].from = h->last == TIME_UNKNOWN ? TIME_UNKNOWN : h->last - h->delay_ms;
        if (h->trouble[reason].count < UINT32_MAX)
                h->trouble[reason].count++;
}

void text_lost(struct text_decoder *decoder)
{
        text_missing(decoder, GAP_REPORTED);
}

static int hand_over(struct text_decoder *decoder, struct coverage *ret)
{
        struct text_hearing *h = &decoder->hearing;

        if (decoder->counts.events == 0)
                for (size_t i = 0; i < h->found.span_count; i++)
                        h->found.spans[i].flags &= (uint8_t)~SPAN_HAS_EVENTS;
        int r = coverage_add_all(ret, &h->found);
        coverage_free(&h->found);
        return r;
}

int text_hearing_pieces(struct text_decoder *decoder, struct coverage *ret)
{
        if (!decoder->hearing.is_heard)
                return 0;
        decoder->hearing.is_heard = false;
        int r = close_span(decoder);
        return r < 0 ? r : hand_over(decoder, ret);
}

int text_hearing_finish(struct text_decoder *decoder, struct coverage *ret)
{
        struct text_hearing *h = &decoder->hearing;
        int r = 0;

        /* What is missing at the end may reach as far as the next file's beginning is still taken for the
         * same span. */
        if (h->last != TIME_UNKNOWN)
                r = settle_trouble(decoder, h->first, h->last + decoder->options.heartbeat_ms);
        if (r == 0)
                r = close_span(decoder);
        if (r == 0)
                r = hand_over(decoder, ret);
        coverage_free(&h->found);
        h->first = h->last = TIME_UNKNOWN;
        memset(h->trouble, 0, sizeof h->trouble);
        return r;
}

/* How many bytes the UTF-8 sequence at the start has; 0 where it is none (RFC 3629 section 4). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
        size_t length = p[0] < 0x80   ? 1
                        : p[0] < 0xc2 ? 0
                        : p[0] < 0xe0 ? 2
                        : p[0] < 0xf0 ? 3
                        : p[0] < 0xf5 ? 4
                                      : 0;

        if (length == 0 || length > left)
                return 0;
        for (size_t i = 1; i < length; i++)
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
        bool beyond = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
        return overlong || beyond ? 0 : length;
}

const char *text_subscriber(struct slice text, char ret[SUBSCRIBER_MAX])
{
        const unsigned char *p = (const unsigned char *)text.text;

        if (slice_trim(text).length == 0)
                return "no subscriber is named";
        if (text.length >= SUBSCRIBER_MAX)
                return "the subscriber's name is longer than 255 bytes";
        for (size_t i = 0; i < text.length;) {
                size_t step = utf8_length(p + i, text.length - i);
                if (step == 0)
                        return "the subscriber's name is not UTF-8";
                if (p[i] < 0x20 || p[i] == 0x7f || (p[i] == 0xc2 && p[i + 1] < 0xa0))
                        return "the subscriber's name contains a control character";
                i += step;
        }
        memcpy(ret, text.text, text.length);
        ret[text.length] = '\0';
        return NULL;
}

bool text_contains(struct slice text, const char *words)
{
        size_t length = strlen(words);

        for (size_t at = 0; at + length <= text.length; at++) {
                size_t same = 0;
                while (same < length) {
                        char c = text.text[at + same];
                        if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != words[same])
                                break;
                        same++;
                }
                if (same == length)
                        return true;
        }
        return false;
}

struct slice text_first_line(struct slice *rest)
{
        struct slice line = slice_cut(rest, '\n');

        if (line.length && line.text[line.length - 1] == '\r')
                line.length--;
        return line;
}
