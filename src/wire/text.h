/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_TEXT_H
#define ROGATORY_WIRE_TEXT_H

/* Text logs: one operations table for every format. A decoder is fed line by line (without the line end),
 * delivers NAT events or lease events, refuses what it does not understand, and keeps the span that it heard.
 * Pure. */

#include "base/error.h"
#include "nat/coverage.h"
#include "wire/sink.h"

/* Local time to UTC for logs without a zone. Supplied by the caller because zones live in os/.
 * Returns 0 with the instant; 1 where the local time happened twice (DST ends; ret_instant is the earlier,
 * ret_second the later); -ERANGE where it never happened (DST begins). */
struct local_clock {
        void *context;
        int (*to_instant)(
                void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second);
};

struct syslog_family; /* syslog.h */
struct syslog_book;   /* syslog_match.h */

/* Longest host name in a line of a relay's file, with its end mark; a longer one is refused. */
#define TEXT_HOST_MAX 64
/* Different hosts of one file whose lines are read; lines of further ones are refused. */
#define TEXT_HOSTS_MAX 4096

struct text_options {
        uint16_t exporter;  /* the caller's number, put into events and coverage */
        bool loss_reported; /* the source writes a line when it loses events: what is not reported lost
                             * was heard. Otherwise no span of hearing is made at all. */
        const struct local_clock *clock; /* NULL: lines without a zone are refused */
        int year;             /* of the first line, for lines without a year; 0: such lines are refused */
        int64_t heartbeat_ms; /* longer silence inside a file ends a span of hearing; 0: 60 s */
        const struct syslog_family *family; /* syslog: its lines are of this family and of no other; NULL: it
                                             * is recognised line by line */
        /* syslog: a relay's file mixes devices. The options of the one that a line names as its host, or of
         * "" where it names none (by_host and by_host_context of what is returned are not looked at). 0;
         * -EINVAL where the name cannot be an exporter's, -ENOENT where only known ones are
         * taken and it is none: the line is refused; anything else negative is
         * fatal. NULL: all lines are of `exporter`. */
        int (*by_host)(void *context, const char *host, struct text_options *ret);
        void *by_host_context;
        /* syslog: the patterns, where many decoders share them (syslog_book_make; some hundred KiB).
         * Borrowed; NULL: it makes its own. */
        const struct syslog_book *book;
};

/* Every line is counted once: lines = blank + used + continued + not_nat + other + reported_losses + all
 * refused. */
struct text_counts {
        uint64_t lines, blank;
        uint64_t used;      /* lines (first lines of records) out of which events were delivered */
        uint64_t continued; /* further lines of a record whose first line is counted */
        uint64_t not_nat;   /* sound lines that bind nothing: not translated, IPv6, updates, no address */
        uint64_t other;     /* header rows, comments, closing lines of a tool, Accounting-On */
        uint64_t reported_losses; /* lines in which the source says that it lost events */
        uint64_t refused[REFUSAL_COUNT];
        uint64_t events, lease_events; /* delivered to the sink; one line may give several */
        uint64_t plan_rows;            /* the same */
};

struct text_decoder; /* text_decoder.h; each format extends it */

struct text_format {
        const char *name;        /* "conntrack", "ulogd2", "csv", "leases", "freeradius-detail", "syslog" */
        const char *description; /* one line for a person */
        bool carries_leases;
        bool carries_plans;   /* rows of a plan, and leases beside them; no log */
        bool names_hosts;     /* its lines name the device that they are of: text_options.by_host is asked */
        bool loss_detectable; /* by itself (never true for plain text; with loss_reported it is) */
        /* 0..100: how sure the format is that these first lines (up to 4 KiB) are its own; 0 is a no. */
        int (*recognise)(const char *head, size_t length);
        int (*create)(const struct text_options *options, struct text_decoder **ret_decoder); /* 0, -ENOMEM */
        /* One line. Damage goes to the sink and is counted. 0, -ENOMEM, or what the sink returned. */
        int (*line)(struct text_decoder *decoder, struct slice line, const struct decode_sink *sink);
        /* The end: delivers what was held back, appends what was heard to ret. */
        int (*finish)(struct text_decoder *decoder, const struct decode_sink *sink, struct coverage *ret);
        /* What was heard so far by those that were heard since this was called last, as pieces that
         * coverage_normalise puts together; nothing ends by it. NULL where the format is of files only. */
        int (*pieces)(struct text_decoder *decoder, struct coverage *ret);
        const struct text_counts *(*counts)(const struct text_decoder *decoder);
        void (*free)(struct text_decoder *decoder);
};

/* Longest line that is read; a longer one is refused as a whole. */
#define TEXT_LINE_MAX 65536

/* Instead of format->line for a line that is not whole: the last one of a file whose line feed is missing (it
 * may be cut in the middle of a port or a name, and would then name somebody else), or one of which only the
 * beginning is there because it is too long. It is refused, never read. As format->line. */
int text_incomplete_line(const struct text_format *format, struct text_decoder *decoder, struct slice line,
        bool too_long, const struct decode_sink *sink);

/* Lines were lost on their way before the next one comes: a gap in what was heard of whoever speaks next. */
void text_lost(struct text_decoder *decoder);

const struct text_format *text_format_by_name(const char *name); /* NULL where unknown */
const struct text_format *const *text_formats(size_t *ret_count);

/* The format that is surest of a file's head; NULL where none is, or two are equally sure. */
const struct text_format *text_format_recognise(const char *head, size_t length);

#endif
