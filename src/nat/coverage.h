/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_COVERAGE_H
#define ROGATORY_NAT_COVERAGE_H

/* Coverage: the spans of time in which a log was heard without loss. Without it "nobody held this port" and
 * "we lost the record" look the same. All times are on the exporter's clock, ms since 1970 UTC. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OFFSET_UNKNOWN INT32_MIN

enum span_flag {
        SPAN_SEQUENCED =
                1 << 0, /* proven by sequence numbers: [sequence_from, sequence_to) was heard whole */
        SPAN_BEGINS_EMPTY = 1 << 1, /* at `from` the NAT held no binding (its exporter counted from zero) */
        SPAN_CONTINUES =
                1 << 2, /* cut at the end of its window; goes on in the next (sequence_to is then void) */
        SPAN_HAS_EVENTS =
                1 << 3, /* NAT events came on this stream (a stream of options alone proves nothing) */
        SPAN_AFTER_OTHERS = 1 << 5, /* the stream was heard before: a beginning at zero is a restart of the
                                     * exporter, which says nothing of the NAT behind it */
        SPAN_KNOWN_ONLY = 1 << 4,   /* nothing heard: stands for a stream known from the hours before */
};

/* One stream (exporter and observation domain; 0 for text logs) heard without loss. */
struct coverage_span {
        int64_t from;           /* every event at or after this instant is in the store ... */
        int64_t to;             /* ... that was exported by this instant */
        uint32_t stream;        /* IPFIX observation domain, NetFlow v9 source id, 0 for text */
        uint32_t sequence_from; /* modulo 2^32; sequence number of the first record (or packet) of the span */
        uint32_t sequence_to;   /* the number expected next */
        int32_t delay_ms;       /* an event may be exported this long after it happened */
        int32_t offset_min_ms;  /* exporter's clock minus receiver's clock, smallest and largest seen; */
        int32_t offset_max_ms;  /* OFFSET_UNKNOWN where there was no receipt time */
        uint16_t exporter;
        uint8_t flags; /* enum span_flag */
};

enum gap_reason {
        GAP_SEQUENCE = 0,    /* sequence numbers are missing */
        GAP_UNDECODABLE = 1, /* data without a template */
        GAP_DAMAGED = 2,     /* a damaged packet, record or line */
        GAP_REFUSED = 3,     /* an event that the dialect does not know or that contradicts itself */
        GAP_REPORTED = 4,    /* the log itself says that it lost events */
        GAP_CLOCK = 5,       /* the exporter's clock was set; its times here cannot be trusted at all */
        GAP_RESTART = 6,     /* the exporter restarted */
        GAP_SILENCE = 7,     /* silence longer than the heartbeat */
        GAP_REASON_COUNT
};

const char *gap_name(enum gap_reason reason);

/* A hole in a span: something was lost or refused in here. */
struct coverage_gap {
        int64_t from, to; /* inclusive */
        uint32_t stream;
        uint32_t count; /* how much is missing, 0 where unknown. GAP_CLOCK: by how many ms the clock went
                         * back, where it is not known since when it had been wrong; 0 where that is known */
        uint16_t exporter;
        uint8_t reason; /* enum gap_reason */
};

/* Zero-initialise; coverage_free when done. */
struct coverage {
        struct coverage_span *spans;
        size_t span_count, span_capacity;
        struct coverage_gap *gaps;
        size_t gap_count, gap_capacity;
};

void coverage_free(struct coverage *coverage);
int coverage_add_span(struct coverage *coverage, const struct coverage_span *span); /* 0 or -ENOMEM */
int coverage_add_gap(struct coverage *coverage, const struct coverage_gap *gap);    /* 0 or -ENOMEM */
int coverage_add_all(struct coverage *coverage, const struct coverage *other);      /* 0 or -ENOMEM */

/* Sorts, unites what overlaps, and joins neighbours: by sequence number (the next number expected is the
 * first heard, and time does not run backwards), or for streams without numbers where the silence between is
 * at most heartbeat_ms. Idempotent, and a function of the set. */
void coverage_normalise(struct coverage *coverage, int64_t heartbeat_ms);

/* The same where each exporter has a silence of its own: what one of them may leave unsaid for an hour says
 * nothing of another that is missed after a minute. */
struct heartbeats {
        const void *context;                                   /* borrowed */
        int64_t (*of)(const void *context, uint16_t exporter); /* ms */
};
void coverage_normalise_each(struct coverage *coverage, const struct heartbeats *heartbeats);

/* Finds out how far back a clock that went back had been wrong. A gap of GAP_CLOCK whose beginning is not
 * known grows over the earlier spans of its stream, up to a leap forward of at least half its size; and where
 * numbers go on while times go back (two files, imported one by one), a gap is made. Expects a normalised
 * coverage and leaves one. A function of the set, to be called again when more is known. 0 or -ENOMEM. */
int coverage_trace_clocks(struct coverage *coverage, const struct heartbeats *heartbeats);

/* Cuts spans and gaps to a window [from, to): a span keeps its true beginning, its end is cut and marked
 * SPAN_CONTINUES. Spans that ended at most memory_ms before the window stay as SPAN_KNOWN_ONLY, so that a
 * stream that fell silent is missed; of the gaps before the window, the last one of each stream stays,
 * because a binding that is older than it was not heard through. Appends to ret (not normalised). 0 or
 * -ENOMEM. */
int coverage_cut(
        const struct coverage *coverage, int64_t from, int64_t to, int64_t memory_ms, struct coverage *ret);

/* What was heard around an instant or interval, over every stream of one exporter (or of all:
 * EXPORTER_EVERY). */
#define EXPORTER_EVERY UINT16_MAX

struct heard {
        bool whole; /* every stream heard every moment of the interval; false where there is no stream */
        int64_t from, to;     /* the run of hearing around the interval (valid where whole) */
        int64_t seen_since;   /* every binding opened at or after this instant was seen to open (valid where
                               * whole);   INT64_MIN where the NAT was empty when its log began */
        unsigned streams;     /* streams with NAT events considered */
        unsigned exporters;   /* exporters these streams belong to; 0 means nothing is known of any */
        unsigned gap_reasons; /* bit set of enum gap_reason met inside the interval */
};

/* Was the clock of an exporter that counts set within [from, to]? Also of one that was never heard without
 * loss. */
bool coverage_clock_set(const struct coverage *coverage, const bool *counts, int64_t from, int64_t to);

/* Was [from, to] heard without loss? exporter: one exporter, or EXPORTER_EVERY for all those that counts[]
 * names (by number; NULL counts all). Gaps by missing sequence numbers, restarts and silence only explain:
 * that they were not heard already shows in the spans. The coverage must be normalised. */
struct heard coverage_heard(
        const struct coverage *coverage, uint16_t exporter, const bool *counts, int64_t from, int64_t to);

#endif
