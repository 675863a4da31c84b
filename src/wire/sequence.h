/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_SEQUENCE_H
#define ROGATORY_WIRE_SEQUENCE_H

/* What was heard of one stream (exporter and observation domain), by its sequence numbers and its clock.
 *
 * IPFIX numbers data records, NetFlow v9 packets, both modulo 2^32. A run is a stretch of one numbering by
 * one clock; holes in it split it into spans, late messages fill holes, and what was heard but not understood
 * leaves a mark (a gap). Everything doubtful is decided towards having heard less. */

#include "nat/coverage.h"
#include "wire/flow.h"

#define SEQUENCE_HOLES_MAX 1024 /* open holes of a run; beyond, neighbours are united */
#define SEQUENCE_MARKS_MAX 1024 /* marks of a run; beyond, neighbours are united */
#define SEQUENCE_CLOSED_MAX                                                                                  \
        4096 /* closed spans and gaps until they are fetched; beyond, spans are not claimed */
#define SEQUENCE_RECENT_MAX 1024 /* messages remembered to know a repeated one */
#define SEQUENCE_LANDMARKS_MAX                                                                               \
        256                   /* points (number, time) remembered to know a repeated or earlier stretch */
#define SEQUENCE_JUMPS_MAX 64 /* forward jumps of the clock remembered */
#define SEQUENCE_JUMP_RECORDS (1u << 24) /* a jump further ahead than this is a restart, not a loss */
#define SEQUENCE_REORDER 65536u          /* how far before the first message a late one may belong */
#define SEQUENCE_BACKWARDS_MS 5000       /* a clock that goes back further was set */
#define SEQUENCE_STRAGGLER_MS 60000 /* how far beyond a clock that was set back its last messages may lie */
#define SEQUENCE_EMPTY_MS 60000     /* events this long before a first message may belong to it */

struct sequence_hole {
        int64_t before_ms, after_ms; /* export times of the messages on both sides */
        uint32_t first, end;         /* the numbers [first, end) were not heard */
        bool told;                   /* its gap, by sequence_pieces */
};

struct sequence_mark {
        int64_t from_ms, to_ms; /* export times of the first and last message concerned */
        uint32_t ticket;        /* non-zero: data that may yet be decoded */
        uint32_t first;         /* ... and the number of its first undecoded record */
        uint32_t message;       /* ... and the number that its message bears */
        uint32_t next;          /* ... and of the next message, where has_next */
        uint32_t count;         /* records refused, 0 where not known */
        uint8_t reason;         /* enum gap_reason */
        bool has_next, counts_unknown;
        bool given_up; /* it will not be decoded any more */
        bool told;     /* by sequence_pieces, as it is now */
};

struct sequence_landmark {
        int64_t export_ms;
        uint32_t number;
};

/* One numbering by one clock. */
struct sequence_run {
        int64_t first_ms, last_ms, highest_ms; /* export times; last: of the last message in order */
        int64_t heard_since_ms; /* another decoder heard all until then that came before: TIME_UNKNOWN: none
                                 */
        int64_t first_event_ms; /* earliest event of the first message with events */
        int64_t delay_ms;
        int64_t restart_before_ms; /* the last message before the restart that began this run, else unknown */
        int64_t restart_delay_ms;
        int64_t step_highest_ms; /* the latest export time by the clock that was set back before this run,
                                  * else unknown */
        int64_t offset_min_ms, offset_max_ms;
        uint32_t first_number, expected;
        uint32_t messages;
        bool begins_at_zero, confirmed; /* the number after zero was heard too: the numbering lives */
        bool has_events;
        bool expected_unknown; /* the last message could not be counted */
        bool provisional; /* seems to be a repeated or an earlier stretch; proven when it meets a landmark */
        bool last_marked;
};

/* Messages heard lately, a ring; those whose hashes end alike are chained, the latest first. */
struct sequence_recent {
        struct {
                uint64_t hash;
                uint32_t number;
                uint16_t next; /* in its chain: place + 1, or 0 */
        } items[SEQUENCE_RECENT_MAX];
        uint16_t heads[SEQUENCE_RECENT_MAX]; /* by the end of the hash: place + 1, or 0 */
};

struct sequence {
        uint16_t exporter;
        uint32_t stream;
        bool counts_packets;
        bool known;     /* a run exists */
        unsigned chaos; /* restarts without a message in order between them */
        struct sequence_run run;
        struct {
                bool is_set;
                uint32_t number;
                int64_t heard_since_ms;
        } resumed;                   /* sequence_resume */
        struct sequence_hole *holes; /* in order of numbers; owned */
        size_t hole_count, hole_capacity;
        struct sequence_mark *marks; /* owned */
        size_t mark_count, mark_capacity;
        struct {
                int64_t before_ms, size_ms;
        } jumps[SEQUENCE_JUMPS_MAX]; /* sizes fall */
        size_t jump_count;
        struct sequence_recent *recent; /* owned */
        size_t recent_count, recent_at;
        struct sequence_landmark *landmarks; /* owned */
        size_t landmark_count;
        uint32_t landmark_stride, landmark_skip;
        struct {
                bool is_set;
                uint32_t number, next;
                int64_t export_ms;
                bool has_next;
        } stray;
        /* What sequence_pieces told of the run and need not tell again while it stays so. */
        struct {
                int64_t from_ms, delay_ms, offset_min_ms, offset_max_ms;
                uint32_t first_number;
                size_t holes; /* the spans before so many of them */
                bool has_events;
        } told;
        struct coverage closed;
        struct coverage_gap overflow; /* every gap that found no room; reason GAP_REASON_COUNT: none */
        /* Between begin and end of one message. */
        struct {
                uint64_t hash;
                uint32_t number;
                int64_t export_ms;
                uint8_t verdict;
                size_t hole;
                bool fits_hole, before_first;
        } now;
};

enum sequence_verdict {
        SEQUENCE_IN_ORDER,  /* or after a hole */
        SEQUENCE_LATE,      /* older than what was heard last, of the same run */
        SEQUENCE_DUPLICATE, /* heard already: to be dropped whole */
        SEQUENCE_RESTART,   /* the exporter counts anew: its templates may be others */
};

struct sequence_message {
        uint32_t number;
        int64_t export_ms, receipt_ms;
        uint64_t hash; /* of all bytes */
};

/* What came of a message. */
struct sequence_outcome {
        uint32_t records; /* data records counted (options records too, RFC 7011 section 3.1) */
        bool count_known; /* false: part of the message could not be counted */
        bool has_data;    /* it carried data sets */
        bool is_marked;   /* something in it was refused or could not be decoded */
        uint8_t reason;   /* ... enum gap_reason */
        uint32_t refused; /* ... how many records, 0 where not known */
        uint32_t ticket;  /* ... non-zero: its undecoded part is kept under this number */
        bool has_nat;     /* NAT events */
        int64_t first_event_ms,
                slowest_ms; /* earliest event; longest delay seen; TIME_UNKNOWN, 0 where none */
};

void sequence_init(struct sequence *sequence, uint16_t exporter, uint32_t stream, bool counts_packets);
void sequence_free(struct sequence *sequence);

/* From when on all was heard and understood, to the last message: what another sequence, which goes on with
 * the next number, may claim. */
int64_t sequence_heard_since(const struct sequence *sequence);

/* Told to a new sequence: the numbering stands at `number`, and all that was sent before it was heard from
 * that instant on (sequence_heard_since) and is in the store. */
void sequence_resume(struct sequence *sequence, uint32_t number, int64_t heard_since_ms);

/* Places a message before it is decoded. 0 with the verdict, or -ENOMEM. */
int sequence_begin(struct sequence *sequence, const struct sequence_message *message,
        const struct flow_exporter *exporter, struct flow_counts *counts, enum sequence_verdict *ret_verdict);

/* Tells what came of it; not to be called for a duplicate. 0 or -ENOMEM. */
int sequence_end(
        struct sequence *sequence, const struct sequence_outcome *outcome, struct flow_counts *counts);

/* Data that was kept under a ticket is now decoded completely, as so many records. slowest_ms as above. 0 or
 * -ENOMEM. */
int sequence_decoded(struct sequence *sequence, uint32_t ticket, uint32_t records, int64_t slowest_ms);

/* Data that was kept under a ticket will not be decoded any more: its gap stays. */
void sequence_given_up(struct sequence *sequence, uint32_t ticket);

/* Tells what was heard so far, and lets the run go on as if nothing had been asked: pieces of one run begin
 * at the same number, and become one in coverage_normalise. Nothing is claimed that data which waits for its
 * template, or a later message, could take back: from such a message on, the run is not told yet. 0 or
 * -ENOMEM. */
int sequence_pieces(struct sequence *sequence, struct coverage *ret);

/* Closes the run for now and moves what was heard to ret; the next message may continue it. 0 or -ENOMEM. */
int sequence_finish(struct sequence *sequence, struct coverage *ret);

#endif
