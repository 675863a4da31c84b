/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_RELAY_RELAY_H
#define ROGATORY_RELAY_RELAY_H

/* What the two processes of a node tell each other over a stream socket: the collector what it decoded, the
 * store what stands in windows. A codec over buffers: it reads no descriptor and keeps no clock.
 *
 * A frame is a head of eight bytes (u32 length with the head, u8 type, three bytes of zero) and its payload.
 * Both ends are the same build on the same machine, so numbers have the machine's byte order; the first frame
 * of each side is HELLO, which proves that. Neither side trusts the other: every frame is checked as it is
 * read, and the writer refuses to write what the reader would refuse.
 *
 *      collector -> store    HELLO, EVENTS, LEASE, SPAN, GAP, TORN, MARK, COUNTS
 *      store -> collector    HELLO, RELEASED, COUNTS, STOPPING
 */

#include "base/buffer.h"
#include "base/error.h"
#include "nat/coverage.h"
#include "nat/event.h"
#include "nat/lease.h"

#include <stddef.h>
#include <stdint.h>

#define RELAY_VERSION 1u
#define RELAY_FRAME_MAX 65536u                  /* bytes of one frame, with its head */
#define RELAY_HEAD_BYTES 8u                     /* of its head */
#define RELAY_COUNTS_MAX (RELAY_FRAME_MAX - 8u) /* bytes of one COUNTS; whoever has more sends several */
#define RELAY_BATCH 64u                         /* events that a reader hands over with one call, at most */
#define RELAY_CONFIGURATION_BYTES 32u           /* a SHA-256 */

enum relay_type {
        RELAY_HELLO = 1,
        RELAY_EVENTS,      /* packed: inside and destination are IPv4 or not there */
        RELAY_EVENTS_LONG, /* any */
        RELAY_LEASE,
        RELAY_SPAN,
        RELAY_GAP,
        RELAY_TORN,
        RELAY_MARK,
        RELAY_COUNTS,
        RELAY_RELEASED,
        RELAY_STOPPING,
        RELAY_TYPE_END
};

const char *relay_type_name(unsigned type); /* "EVENTS"; "?" for none */

/* What numbers both sides know from the same configuration. Numbers at or above are refused. */
struct relay_limits {
        uint32_t exporters; /* at most 65535 */
        uint32_t realms;    /* at most 65535 */
};

struct relay_hello {
        uint8_t configuration[RELAY_CONFIGURATION_BYTES]; /* digest of the file that the sender read */
};

/* Everything that came of journal sequences up to and including this one was sent before it. */
struct relay_mark {
        uint64_t sequence;
        int64_t receipt_ms; /* the latest receipt time among them; TIME_UNKNOWN where there is none */
};

/* --- Writing --- */

/* Appends frames to a buffer, which is at every moment a row of whole frames and can be handed on. Events one
 * after the other go into one frame. Zero-initialise, then relay_writer_begin. */
struct relay_writer {
        struct buffer *out; /* borrowed */
        struct relay_limits limits;
        size_t open;  /* where the frame of events begins that may grow; SIZE_MAX: none */
        uint8_t type; /* of that frame */
};

void relay_writer_begin(struct relay_writer *writer, const struct relay_limits *limits, struct buffer *out);

/* What follows goes into another buffer; the one before is left as it is, to be sent. */
void relay_writer_turn(struct relay_writer *writer, struct buffer *out);

/* Each: 0; -EINVAL where the reader would refuse it (nothing is written); or the buffer's sticky failure. */
int relay_write_hello(struct relay_writer *writer, const struct relay_hello *hello);
int relay_write_event(struct relay_writer *writer, const struct nat_event *event);
int relay_write_lease(struct relay_writer *writer, uint16_t exporter, const struct lease_event *lease);
int relay_write_span(struct relay_writer *writer, const struct coverage_span *span);
int relay_write_gap(struct relay_writer *writer, const struct coverage_gap *gap);
int relay_write_torn(struct relay_writer *writer, uint16_t realm); /* lease records of it were refused */
int relay_write_mark(struct relay_writer *writer, const struct relay_mark *mark);
int relay_write_counts(struct relay_writer *writer, const void *bytes, size_t length);
int relay_write_released(struct relay_writer *writer, uint64_t sequence);
int relay_write_stopping(struct relay_writer *writer);

/* --- Reading --- */

enum relay_side { RELAY_AT_STORE, RELAY_AT_COLLECTOR }; /* who reads */

/* Called for what was read, in order. Every one returns 0, or negative to end the connection; one that is
 * NULL passes its frames over. What they are given is borrowed for the call. */
struct relay_sink {
        void *context;
        int (*hello)(void *context, const struct relay_hello *hello);
        int (*events)(void *context, const struct nat_event *events, size_t count); /* 1..RELAY_BATCH */
        int (*lease)(void *context, uint16_t exporter, const struct lease_event *lease);
        int (*span)(void *context, const struct coverage_span *span);
        int (*gap)(void *context, const struct coverage_gap *gap);
        int (*torn)(void *context, uint16_t realm);
        int (*mark)(void *context, const struct relay_mark *mark); /* sequences do not go back */
        int (*counts)(void *context, const void *bytes, size_t length);
        int (*released)(void *context, uint64_t sequence); /* do not go back */
        int (*stopping)(void *context);
};

struct relay_reader;

/* The sink is copied. -ENOMEM. */
int relay_reader_new(enum relay_side side, const struct relay_limits *limits, const struct relay_sink *sink,
        struct relay_reader **ret_reader);
void relay_reader_free(struct relay_reader *reader);

/* Takes what came, cut anywhere, and calls the sink for every frame that is whole by then. 0; -EBADMSG with
 * the frame's number and what is wrong with it; -EPROTO (another version, another machine, no HELLO); or
 * what the sink returned. After a failure every further call returns the same. */
int relay_reader_feed(struct relay_reader *reader, const void *bytes, size_t length, struct error *error);

/* Bytes of a frame that is not whole yet: not 0 at the end of a connection tells that it was cut off. */
size_t relay_reader_part(const struct relay_reader *reader);

#endif
