/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/time.h"
#include "relay/frame.h"
#include "relay/relay.h"
#include "relay/sound.h"

#include <stdlib.h>

struct relay_reader {
        enum relay_side side;
        struct relay_limits limits;
        struct relay_sink sink;
        uint64_t frames; /* whole ones so far, for messages */
        uint64_t marked, released;
        bool greeted; /* HELLO was the first */
        int failed;   /* sticky */
        struct error why;
        size_t part_length; /* of a frame that is not whole yet */
        uint8_t part[RELAY_FRAME_MAX];
        struct nat_event batch[RELAY_BATCH];
};

static const char *const names[RELAY_TYPE_END] = {
        [RELAY_HELLO] = "HELLO",
        [RELAY_EVENTS] = "EVENTS",
        [RELAY_EVENTS_LONG] = "EVENTS_LONG",
        [RELAY_LEASE] = "LEASE",
        [RELAY_SPAN] = "SPAN",
        [RELAY_GAP] = "GAP",
        [RELAY_TORN] = "TORN",
        [RELAY_MARK] = "MARK",
        [RELAY_COUNTS] = "COUNTS",
        [RELAY_RELEASED] = "RELEASED",
        [RELAY_STOPPING] = "STOPPING",
};

const char *relay_type_name(unsigned type)
{
        return type < RELAY_TYPE_END && names[type] ? names[type] : "?";
}

int relay_reader_new(enum relay_side side, const struct relay_limits *limits, const struct relay_sink *sink,
        struct relay_reader **ret_reader)
{
        struct relay_reader *reader = calloc(1, sizeof *reader);

        if (!reader)
                return -ENOMEM;
        reader->side = side;
        reader->limits = *limits;
        reader->sink = *sink;
        *ret_reader = reader;
        return 0;
}

void relay_reader_free(struct relay_reader *reader)
{
        free(reader);
}

size_t relay_reader_part(const struct relay_reader *reader)
{
        return reader->part_length;
}

static int bad(struct relay_reader *reader, unsigned type, const char *what)
{
        return error_set(&reader->why, -EBADMSG,
                "the relay's frame %llu (%s) is refused: %s; both processes must be of one build",
                (unsigned long long)reader->frames, relay_type_name(type), what);
}

/* --- Payloads --- */

static int read_hello(struct relay_reader *reader, const uint8_t *at, size_t length)
{
        struct relay_hello hello;

        if (length != FRAME_HELLO_BYTES || frame_get(at) != ((uint64_t)RELAY_VERSION << 32 | FRAME_MARK) ||
                frame_get(at + 8) != ((uint64_t)sizeof(struct nat_event) << 32 | sizeof(struct lease_event)))
                return error_set(&reader->why, -EPROTO,
                        "the other process of this node is of another version of rogatory; start the node "
                        "anew, so that both are of one");
        if (frame_get(at + 16) != ((uint64_t)reader->limits.exporters << 32 | reader->limits.realms))
                return error_set(&reader->why, -EPROTO,
                        "the other process of this node has read another configuration; start the node anew");
        memcpy(hello.configuration, at + 24, sizeof hello.configuration);
        reader->greeted = true;
        return reader->sink.hello ? reader->sink.hello(reader->sink.context, &hello) : 0;
}

static void set_time(struct nat_event *e, uint64_t word)
{
        e->time_ms = (int64_t)(word >> 16);
        e->exporter = (uint16_t)word;
}

static void set_ports(struct nat_event *e, uint64_t word)
{
        e->port_first = (uint16_t)(word >> 48);
        e->port_last = (uint16_t)(word >> 32);
        e->inside_port = (uint16_t)(word >> 16);
        e->destination_port = (uint16_t)word;
}

static void set_kind(struct nat_event *e, uint64_t word)
{
        e->vrf = (uint32_t)(word >> 32);
        e->protocol = (uint8_t)(word >> 24);
        e->kind = (uint8_t)(word >> 16);
        e->action = (uint8_t)(word >> 8);
        e->flags = (uint8_t)word;
}

static void unpack(const uint8_t *at, struct nat_event *e)
{
        static const struct address none;
        uint64_t second = frame_get(at + 8), third = frame_get(at + 16);

        set_time(e, frame_get(at));
        set_ports(e, frame_get(at + 24));
        set_kind(e, frame_get(at + 32));
        e->outside = (uint32_t)(second >> 32);
        e->session = (uint32_t)third;
        e->inside = e->flags & NAT_INSIDE_UNKNOWN ? none : address_from_ipv4((uint32_t)second);
        e->destination = e->flags & NAT_HAS_DESTINATION ? address_from_ipv4((uint32_t)(third >> 32)) : none;
}

static void unpack_long(const uint8_t *at, struct nat_event *e)
{
        uint64_t last = frame_get(at + 56);

        memcpy(e->inside.bytes, at, 16);
        memcpy(e->destination.bytes, at + 16, 16);
        set_time(e, frame_get(at + 32));
        set_ports(e, frame_get(at + 40));
        set_kind(e, frame_get(at + 48));
        e->outside = (uint32_t)(last >> 32);
        e->session = (uint32_t)last;
}

static int read_events(struct relay_reader *reader, unsigned type, const uint8_t *at, size_t length)
{
        bool is_long = type == RELAY_EVENTS_LONG;
        size_t bytes = is_long ? FRAME_LONG_EVENT_BYTES : FRAME_EVENT_BYTES, left = length / bytes;
        int r = 0;

        if (left == 0 || length % bytes != 0)
                return bad(reader, type, "its length is not that of a number of events");
        while (left > 0 && r == 0) {
                size_t count = left < RELAY_BATCH ? left : RELAY_BATCH;
                for (size_t i = 0; i < count; i++, at += bytes) {
                        struct nat_event *event = &reader->batch[i];
                        (is_long ? unpack_long : unpack)(at, event);
                        const char *flaw = relay_event_flaw(&reader->limits, event);
                        if (flaw)
                                return bad(reader, type, flaw);
                }
                if (reader->sink.events)
                        r = reader->sink.events(reader->sink.context, reader->batch, count);
                left -= count;
        }
        return r;
}

static int read_lease(struct relay_reader *reader, unsigned type, const uint8_t *at, size_t length)
{
        struct lease_event lease = {0};

        if (length <= FRAME_LEASE_BYTES || length - FRAME_LEASE_BYTES >= sizeof lease.subscriber ||
                memchr(at + FRAME_LEASE_BYTES, 0, length - FRAME_LEASE_BYTES))
                return bad(reader, type, "its length is not that of a lease");
        uint64_t word = frame_get(at + 40), edges = frame_get(at + 48);
        memcpy(lease.prefix.address.bytes, at, 16);
        lease.session = frame_get(at + 16);
        lease.from_ms = (int64_t)frame_get(at + 24);
        lease.to_ms = (int64_t)frame_get(at + 32);
        lease.vrf = (uint32_t)(word >> 32);
        lease.flags = (uint8_t)(word >> 8);
        lease.prefix.length = (uint8_t)word;
        lease.from_edge = (uint8_t)(edges >> 8);
        lease.to_edge = (uint8_t)edges;
        memcpy(lease.subscriber, at + FRAME_LEASE_BYTES, length - FRAME_LEASE_BYTES);
        uint16_t exporter = (uint16_t)(word >> 16);
        const char *flaw = edges > UINT16_MAX ? "bytes that mean nothing"
                                              : relay_lease_flaw(&reader->limits, exporter, &lease);
        if (flaw)
                return bad(reader, type, flaw);
        return reader->sink.lease ? reader->sink.lease(reader->sink.context, exporter, &lease) : 0;
}

static int read_span(struct relay_reader *reader, unsigned type, const uint8_t *at, size_t length)
{
        if (length != FRAME_SPAN_BYTES)
                return bad(reader, type, "its length is not that of a span");
        uint64_t third = frame_get(at + 16), fourth = frame_get(at + 24), fifth = frame_get(at + 32),
                 last = frame_get(at + 40);
        struct coverage_span span = {
                .from = (int64_t)frame_get(at),
                .to = (int64_t)frame_get(at + 8),
                .stream = (uint32_t)(third >> 32),
                .sequence_from = (uint32_t)third,
                .sequence_to = (uint32_t)(fourth >> 32),
                .delay_ms = (int32_t)(uint32_t)fourth,
                .offset_min_ms = (int32_t)(uint32_t)(fifth >> 32),
                .offset_max_ms = (int32_t)(uint32_t)fifth,
                .exporter = (uint16_t)(last >> 16),
                .flags = (uint8_t)last,
        };
        const char *flaw = last >> 32 || (last & 0xff00) ? "bytes that mean nothing"
                                                         : relay_span_flaw(&reader->limits, &span);
        if (flaw)
                return bad(reader, type, flaw);
        return reader->sink.span ? reader->sink.span(reader->sink.context, &span) : 0;
}

static int read_gap(struct relay_reader *reader, unsigned type, const uint8_t *at, size_t length)
{
        if (length != FRAME_GAP_BYTES)
                return bad(reader, type, "its length is not that of a gap");
        uint64_t third = frame_get(at + 16), last = frame_get(at + 24);
        struct coverage_gap gap = {
                .from = (int64_t)frame_get(at),
                .to = (int64_t)frame_get(at + 8),
                .stream = (uint32_t)(third >> 32),
                .count = (uint32_t)third,
                .exporter = (uint16_t)(last >> 16),
                .reason = (uint8_t)last,
        };
        const char *flaw = last >> 32 || (last & 0xff00) ? "bytes that mean nothing"
                                                         : relay_gap_flaw(&reader->limits, &gap);
        if (flaw)
                return bad(reader, type, flaw);
        return reader->sink.gap ? reader->sink.gap(reader->sink.context, &gap) : 0;
}

static int read_torn(struct relay_reader *reader, unsigned type, const uint8_t *at, size_t length)
{
        if (length != 8 || frame_get(at) >= reader->limits.realms)
                return bad(reader, type, "a realm that is not configured");
        return reader->sink.torn ? reader->sink.torn(reader->sink.context, (uint16_t)frame_get(at)) : 0;
}

static int read_mark(struct relay_reader *reader, unsigned type, const uint8_t *at, size_t length)
{
        if (length != 16)
                return bad(reader, type, "its length is not that of a mark");
        struct relay_mark mark = {.sequence = frame_get(at), .receipt_ms = (int64_t)frame_get(at + 8)};
        if (mark.sequence < reader->marked)
                return bad(reader, type, "a sequence that goes back");
        if (mark.receipt_ms != TIME_UNKNOWN &&
                (mark.receipt_ms < TIME_FIRST || mark.receipt_ms >= TIME_LIMIT))
                return bad(reader, type, "a time that cannot be");
        reader->marked = mark.sequence;
        return reader->sink.mark ? reader->sink.mark(reader->sink.context, &mark) : 0;
}

static int read_released(struct relay_reader *reader, unsigned type, const uint8_t *at, size_t length)
{
        if (length != 8 || frame_get(at) < reader->released)
                return bad(reader, type, "a sequence that goes back");
        reader->released = frame_get(at);
        return reader->sink.released ? reader->sink.released(reader->sink.context, reader->released) : 0;
}

/* --- Frames --- */

static bool is_theirs(enum relay_side side, unsigned type)
{
        if (type == RELAY_HELLO || type == RELAY_COUNTS)
                return true;
        bool from_store = type == RELAY_RELEASED || type == RELAY_STOPPING;
        return from_store == (side == RELAY_AT_COLLECTOR);
}

static int read_payload(struct relay_reader *reader, unsigned type, const uint8_t *at, size_t length)
{
        switch ((enum relay_type)type) {
        case RELAY_EVENTS:
        case RELAY_EVENTS_LONG:
                return read_events(reader, type, at, length);
        case RELAY_LEASE:
                return read_lease(reader, type, at, length);
        case RELAY_SPAN:
                return read_span(reader, type, at, length);
        case RELAY_GAP:
                return read_gap(reader, type, at, length);
        case RELAY_TORN:
                return read_torn(reader, type, at, length);
        case RELAY_MARK:
                return read_mark(reader, type, at, length);
        case RELAY_COUNTS:
                return reader->sink.counts ? reader->sink.counts(reader->sink.context, at, length) : 0;
        case RELAY_RELEASED:
                return read_released(reader, type, at, length);
        case RELAY_STOPPING:
                if (length != 0)
                        return bad(reader, type, "it has a payload");
                return reader->sink.stopping ? reader->sink.stopping(reader->sink.context) : 0;
        case RELAY_HELLO: /* was the first frame */
        case RELAY_TYPE_END:
                break;
        }
        return bad(reader, type, "it may not come here");
}

/* The head alone: how long its frame is. */
static int judge_head(
        struct relay_reader *reader, const uint8_t *head, uint32_t *ret_length, unsigned *ret_type)
{
        uint32_t length, type;

        memcpy(&length, head, sizeof length);
        memcpy(&type, head + 4, sizeof type);
        if (length < RELAY_HEAD_BYTES || length > RELAY_FRAME_MAX)
                return bad(reader, type, "a length that cannot be");
        if (type == 0 || type >= RELAY_TYPE_END || !is_theirs(reader->side, type))
                return bad(reader, type, "the other process has no such frame to send");
        if (!reader->greeted && type != RELAY_HELLO)
                return error_set(&reader->why, -EPROTO,
                        "the other process of this node did not say who it is (%s came first)",
                        relay_type_name(type));
        *ret_length = length;
        *ret_type = type;
        return 0;
}

/* One frame at bytes, if it is whole: 1 and its length, 0 where it is not, or negative. */
static int read_frame(struct relay_reader *reader, const uint8_t *bytes, size_t length, size_t *ret_used)
{
        uint32_t frame = 0;
        unsigned type = 0;

        if (length < RELAY_HEAD_BYTES)
                return 0;
        int r = judge_head(reader, bytes, &frame, &type);
        if (r < 0)
                return r;
        if (frame > length)
                return 0;
        if (!reader->greeted)
                r = read_hello(reader, bytes + RELAY_HEAD_BYTES, frame - RELAY_HEAD_BYTES);
        else
                r = read_payload(reader, type, bytes + RELAY_HEAD_BYTES, frame - RELAY_HEAD_BYTES);
        reader->frames++;
        *ret_used = frame;
        return r < 0 ? r : 1;
}

/* Makes the frame that had begun whole with what came; *ret_used: how much of it that took. */
static int read_part(struct relay_reader *reader, const uint8_t *bytes, size_t length, size_t *ret_used)
{
        size_t used = 0, frame = 0;
        int r = 0;

        while (reader->part_length > 0 && used < length) {
                size_t wanted = RELAY_HEAD_BYTES;
                if (reader->part_length >= RELAY_HEAD_BYTES) {
                        uint32_t whole;
                        memcpy(&whole, reader->part, sizeof whole); /* judged when the head was whole */
                        wanted = whole;
                }
                size_t more = wanted - reader->part_length < length - used ? wanted - reader->part_length
                                                                           : length - used;
                memcpy(reader->part + reader->part_length, bytes + used, more);
                reader->part_length += more;
                used += more;
                r = read_frame(reader, reader->part, reader->part_length, &frame);
                if (r < 0)
                        return r;
                if (r > 0)
                        reader->part_length = 0;
        }
        *ret_used = used;
        return 0;
}

static int feed(struct relay_reader *reader, const uint8_t *bytes, size_t length)
{
        size_t used = 0, frame = 0;
        int r = read_part(reader, bytes, length, &used);

        while (r == 0 && used < length) {
                r = read_frame(reader, bytes + used, length - used, &frame);
                if (r > 0) {
                        used += frame;
                        r = 0;
                } else if (r == 0) {
                        memcpy(reader->part, bytes + used, length - used);
                        reader->part_length = length - used;
                        used = length;
                }
        }
        return r;
}

int relay_reader_feed(struct relay_reader *reader, const void *bytes, size_t length, struct error *error)
{
        if (reader->failed == 0) {
                int r = feed(reader, bytes, length);
                if (r < 0 && reader->why.code == 0)
                        error_set(&reader->why, r, "what came over the relay was not taken");
                reader->failed = r < 0 ? r : 0;
        }
        return reader->failed < 0 ? error_set(error, reader->failed, "%s", reader->why.text) : 0;
}
