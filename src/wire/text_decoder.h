/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_TEXT_DECODER_H
#define ROGATORY_WIRE_TEXT_DECODER_H

/* What every text format shares: counting each line once, refusing with the line number, delivering, and
 * following which spans of time were heard. Used only by the formats in this room. */

#include "wire/text.h"

/* Lines of one log may stand this much out of order before the clock is said to have been set. */
#define TEXT_DISORDER_MS (5 * TIME_SECOND)
/* Least time assumed between an event and its line. */
#define TEXT_DELAY_MS TIME_SECOND
/* Most gaps kept for one input; beyond it the last one is widened, which proves less and never more. */
#define TEXT_GAPS_MAX 65536

/* Follows the times of the lines. Everything that went wrong since the last line with a time waits in
 * `trouble`, until the next line tells when it had ended. */
struct text_hearing {
        struct coverage found; /* closed spans, and gaps */
        int64_t first, last;   /* of the current span; TIME_UNKNOWN before the first line with a time */
        int64_t delay_ms;      /* largest disorder seen in the current span, at least TEXT_DELAY_MS */
        int64_t earliest;      /* time that any line of the file stated */
        int64_t jumps[64]; /* the time before the latest forward jump of 2^k to 2^(k+1) ms; TIME_UNKNOWN: none
                            */
        int64_t least_delay_ms; /* assumed where less disorder was seen */
        bool is_heard;          /* since pieces were taken last */
        int64_t resolution_ms; /* of the log's times: 1000 where they are whole seconds, 0 for milliseconds */
        struct {
                int64_t from;   /* TIME_UNKNOWN: before the first line */
                uint32_t count; /* 0: nothing is waiting */
        } trouble[GAP_REASON_COUNT];
};

/* Every format's decoder begins with it. */
struct text_decoder {
        struct text_options options;
        struct text_counts counts;
        struct text_hearing hearing;
        bool is_cut, is_too_long; /* the line that is being handed over is not whole */
};

/* Initialises the common part. resolution_ms as in struct text_hearing. */
void text_decoder_init(
        struct text_decoder *decoder, const struct text_options *options, int64_t resolution_ms);
void text_decoder_release(struct text_decoder *decoder);
const struct text_counts *text_decoder_counts(const struct text_decoder *decoder);

/* Counts the line, takes a CR off its end, counts empty and refuses over-long ones. true: there is text to
 * decode. */
bool text_take_line(struct text_decoder *decoder, struct slice *line, const struct decode_sink *sink);

/* Refuses the current line: counted, told to the sink as "line N: ...", and a hole in what was heard. Returns
 * 0, so that a line function can end with it. */
int text_refuse(struct text_decoder *decoder, const struct decode_sink *sink, enum refusal refusal,
        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for a record that began in an earlier line. */
int text_refuse_at(struct text_decoder *decoder, const struct decode_sink *sink, uint64_t line,
        enum refusal refusal, const char *sentence);

/* As text_refuse, where the line belongs to one of several devices in the file: the hole is in what `hearing`
 * heard. */
int text_refuse_for(struct text_decoder *decoder, struct text_decoder *hearing,
        const struct decode_sink *sink, enum refusal refusal, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/* Says something to the summary. */
void text_note(const struct decode_sink *sink, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Delivers and counts. What the sink returned. */
int text_deliver(struct text_decoder *decoder, const struct decode_sink *sink, const struct nat_event *event);
int text_deliver_lease(
        struct text_decoder *decoder, const struct decode_sink *sink, const struct lease_event *event);
int text_deliver_plan(
        struct text_decoder *decoder, const struct decode_sink *sink, const struct plan_row *row);

/* A line of this time was read. 0 or -ENOMEM. */
int text_heard(struct text_decoder *decoder, int64_t instant);
/* Something is missing between the line before and the one after. */
void text_missing(struct text_decoder *decoder, enum gap_reason reason);
/* Appends what was heard so far, where anything was heard since; nothing ends. 0 or -ENOMEM. */
int text_hearing_pieces(struct text_decoder *decoder, struct coverage *ret);
/* Closes the current span and appends everything to ret. 0 or -ENOMEM. */
int text_hearing_finish(struct text_decoder *decoder, struct coverage *ret);

/* A subscriber's name: 1..SUBSCRIBER_MAX-1 bytes of UTF-8 (RFC 3629) without control characters. NULL, or why
 * not. */
const char *text_subscriber(struct slice text, char ret[SUBSCRIBER_MAX]);

/* true where `words` (lower case) stands anywhere in the text, whatever its case. */
bool text_contains(struct slice text, const char *words);

/* The first line of a file's head, without its end; *rest moves behind it. */
struct slice text_first_line(struct slice *rest);

extern const struct text_format text_format_conntrack, text_format_ulogd2, text_format_nat_csv,
        text_format_leases, text_format_freeradius_detail, text_format_plan, text_format_syslog,
        text_format_dhcpd_leases, text_format_kea_leases;

#endif
