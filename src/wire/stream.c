/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/stream.h"

#include "wire/stream_state.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_BYTES 20 /* a message's header and that of its first set: enough to tell IPFIX from others */

struct stream_set {
        struct stream *first; /* the one heard last comes first */
        unsigned count;
        size_t bytes;
};

int stream_set_new(struct stream_set **ret_set)
{
        struct stream_set *set = calloc(1, sizeof *set);

        if (!set)
                return -ENOMEM;
        *ret_set = set;
        return 0;
}

static size_t footprint(const struct stream *stream)
{
        return stream->capacity + stream->held_bytes;
}

static void drop_held(struct stream *stream)
{
        struct held_segment *gone = stream->held;

        stream->held = gone->next;
        stream->held_count--;
        stream->held_bytes -= gone->length;
        free(gone);
}

static void take_out(struct stream_set *set, struct stream *stream)
{
        struct stream **link = &set->first;

        while (*link != stream)
                link = &(*link)->next;
        *link = stream->next;
        set->count--;
        while (stream->held)
                drop_held(stream);
        free(stream->bytes);
        free(stream);
}

void stream_set_free(struct stream_set *set)
{
        if (!set)
                return;
        while (set->first)
                take_out(set, set->first);
        free(set);
}

/* --- Bytes in order --- */

static bool is_ours_by_port(const struct stream *stream)
{
        return stream->ends.destination_port == STREAM_PORT;
}

/* The first bytes behind a SYN say whether this is IPFIX. */
static void decide(struct stream *stream, const struct stream_sink *sink)
{
        bool by_port = is_ours_by_port(stream);

        if (stream->length < (by_port ? 2u : FIRST_BYTES))
                return;
        if (by_port ? stream->bytes[0] == 0 && stream->bytes[1] == 10
                    : stream_begins_message(stream->bytes, stream->length)) {
                stream->state = STREAM_CERTAIN;
                return;
        }
        stream->state = STREAM_FOREIGN;
        stream->length = 0;
        if (by_port)
                stream_tell(
                        stream, "a connection to the port of IPFIX that speaks something else (TLS?)", sink);
}

static int append(struct stream *stream, const uint8_t *bytes, size_t length, uint64_t number,
        const struct stream_sink *sink)
{
        stream->sequence += (uint32_t)length;
        if (stream->state == STREAM_FOREIGN || length == 0)
                return 0;
        if (stream->length + length > stream->capacity) {
                size_t capacity = stream->length + length + 4096;
                uint8_t *grown = realloc(stream->bytes, capacity);
                if (!grown)
                        return -ENOMEM;
                stream->bytes = grown;
                stream->capacity = capacity;
        }
        if (stream->length == 0)
                stream->number = number;
        memcpy(stream->bytes + stream->length, bytes, length);
        stream->length += length;
        if (stream->state == STREAM_UNDECIDED)
                decide(stream, sink);
        return stream->state == STREAM_UNDECIDED ? 0 : stream_cut(stream, false, sink);
}

/* What lies between the bytes and `sequence` will not come. */
static int lose(struct stream *stream, uint32_t sequence, uint64_t number, const char *complaint,
        const struct stream_sink *sink)
{
        int r = 0;

        if (stream->state == STREAM_UNDECIDED)
                stream->state = is_ours_by_port(stream) ? STREAM_SEEKING : STREAM_FOREIGN;
        if (stream->state != STREAM_FOREIGN) {
                stream->number = number;
                stream_tell(stream, complaint, sink);
                r = stream_cut(stream, true, sink);
                stream->state = STREAM_SEEKING;
                stream->told = true;
        }
        stream->length = 0;
        stream->sequence = sequence;
        return r;
}

/* Takes what is held and now follows. */
static int take_held(struct stream *stream, int64_t time_ms, const struct stream_sink *sink)
{
        int r = 0;

        while (stream->held && r == 0) {
                const struct held_segment *held = stream->held;
                int32_t ahead = (int32_t)(held->sequence - stream->sequence);
                if (ahead > 0)
                        break;
                uint32_t known = (uint32_t)-ahead;
                if (known < held->length)
                        r = append(stream, held->bytes + known, held->length - known, held->number, sink);
                drop_held(stream);
                stream->hole_ms = time_ms;
        }
        return r;
}

static int skip_hole(struct stream *stream, int64_t time_ms, const struct stream_sink *sink)
{
        int r = lose(stream, stream->held->sequence, stream->held->number,
                "a part of IPFIX over TCP was not captured before this packet", sink);

        return r < 0 ? r : take_held(stream, time_ms, sink);
}

static bool is_hole_given_up(const struct stream *stream, int64_t time_ms)
{
        if (!stream->held)
                return false;
        return stream->held_count > STREAM_HELD_SEGMENTS_MAX || stream->held_bytes > STREAM_HELD_BYTES_MAX ||
               time_ms - stream->hole_ms > STREAM_HOLE_MS || stream->hole_ms - time_ms > STREAM_HOLE_MS;
}

static int end_stream(struct stream_set *set, struct stream *stream, const struct stream_sink *sink)
{
        int r = 0;

        while (stream->held && r == 0)
                r = skip_hole(stream, 0, sink);
        if (r == 0 && stream->state != STREAM_FOREIGN && stream->state != STREAM_UNDECIDED)
                r = stream_cut(stream, true, sink);
        set->bytes -= footprint(stream) < set->bytes ? footprint(stream) : set->bytes;
        take_out(set, stream);
        return r;
}

/* --- Segments --- */

static int hold(struct stream *stream, const struct packet *segment, int64_t time_ms, uint64_t number)
{
        struct held_segment **link = &stream->held;

        while (*link && (int32_t)((*link)->sequence - segment->sequence) < 0)
                link = &(*link)->next;
        if (*link && (*link)->sequence == segment->sequence && (*link)->length >= segment->length)
                return 0;
        struct held_segment *held = malloc(sizeof *held + segment->length);
        if (!held)
                return -ENOMEM;
        held->next = *link;
        held->sequence = segment->sequence;
        held->length = (uint32_t)segment->length;
        held->number = number;
        memcpy(held->bytes, segment->payload, segment->length);
        if (stream->held_count == 0)
                stream->hole_ms = time_ms;
        *link = held;
        stream->held_count++;
        stream->held_bytes += segment->length;
        return 0;
}

/* Bytes that came before, and are not cut yet, come again with another content. */
static bool contradicts(const struct stream *stream, const struct packet *segment)
{
        uint32_t back = stream->sequence - segment->sequence;

        if (back > stream->length || back == 0)
                return false;
        size_t common = back < segment->length ? back : segment->length;
        return memcmp(stream->bytes + stream->length - back, segment->payload, common) != 0;
}

static int take_data(struct stream *stream, const struct packet *segment, int64_t time_ms, uint64_t number,
        const struct stream_sink *sink)
{
        int32_t ahead = (int32_t)(segment->sequence - stream->sequence);
        int r = 0;

        if (ahead > (int32_t)STREAM_WINDOW_MAX || ahead < -(int32_t)STREAM_WINDOW_MAX) {
                while (stream->held)
                        drop_held(stream);
                r = lose(stream, segment->sequence, number,
                        "IPFIX over TCP goes on elsewhere in its numbers: its connection was not captured",
                        sink);
                ahead = 0;
        }
        if (segment->cut > 0 && ahead + (int64_t)segment->length + (int64_t)segment->cut > 0) {
                uint32_t behind = segment->sequence + (uint32_t)(segment->length + segment->cut);
                return lose(stream, behind, number,
                        "a segment of IPFIX over TCP, of which less was captured than there was", sink);
        }
        if (r < 0 || segment->length == 0)
                return r;
        if (ahead > 0)
                return hold(stream, segment, time_ms, number);
        if (contradicts(stream, segment))
                return lose(stream, stream->sequence, number, "bytes of IPFIX over TCP came twice and differ",
                        sink);
        uint32_t known = (uint32_t)-ahead;
        return known < segment->length
                       ? append(stream, segment->payload + known, segment->length - known, number, sink)
                       : 0;
}

static struct stream *find(struct stream_set *set, const struct packet *segment)
{
        for (struct stream **link = &set->first; *link; link = &(*link)->next) {
                struct stream *at = *link;
                if (at->ends.source_port != segment->source_port ||
                        at->ends.destination_port != segment->destination_port ||
                        address_compare(&at->ends.source, &segment->source) != 0 ||
                        address_compare(&at->ends.destination, &segment->destination) != 0)
                        continue;
                *link = at->next;
                at->next = set->first;
                set->first = at;
                return at;
        }
        return NULL;
}

static int make(struct stream_set *set, const struct packet *segment, enum stream_state state,
        uint32_t sequence, const struct stream_sink *sink, struct stream **ret_stream)
{
        int r = 0;

        while (r == 0 && (set->count >= STREAM_CONNECTIONS_MAX || set->bytes > STREAM_BYTES_MAX) &&
                set->first) {
                struct stream *last = set->first;
                while (last->next)
                        last = last->next;
                r = end_stream(set, last, sink);
        }
        struct stream *stream = r == 0 ? calloc(1, sizeof *stream) : NULL;
        if (!stream)
                return r < 0 ? r : -ENOMEM;
        stream->ends = *segment;
        stream->ends.payload = NULL;
        stream->ends.length = 0;
        stream->state = state;
        stream->sequence = sequence;
        stream->next = set->first;
        set->first = stream;
        set->count++;
        *ret_stream = stream;
        return 0;
}

/* A connection begins, or one whose beginning was not captured shows what it is. */
static int stream_of(struct stream_set *set, const struct packet *segment, const struct stream_sink *sink,
        struct stream **ret_stream)
{
        struct stream *stream = find(set, segment);
        bool begins = segment->flags & PACKET_SYN;
        int r = 0;

        *ret_stream = stream;
        if (stream && begins && stream->sequence != segment->sequence + 1) {
                r = end_stream(set, stream, sink);
                *ret_stream = stream = NULL;
        }
        if (r < 0 || stream)
                return r;
        if (begins)
                return make(set, segment, STREAM_UNDECIDED, segment->sequence + 1, sink, ret_stream);
        if (segment->flags & PACKET_RST || segment->length == 0)
                return 0;
        if (segment->destination_port != STREAM_PORT &&
                !stream_begins_message(segment->payload, segment->length))
                return 0;
        return make(set, segment, STREAM_SEEKING, segment->sequence, sink, ret_stream);
}

static int take_segment(struct stream *stream, const struct packet *segment, int64_t time_ms, uint64_t number,
        const struct stream_sink *sink)
{
        struct packet data = *segment;

        if (segment->flags & PACKET_SYN) /* the SYN takes a number of its own */
                data.sequence++;
        if (segment->flags & PACKET_FIN) {
                stream->has_end = true;
                stream->end = data.sequence + (uint32_t)(data.length + data.cut);
        }
        int r = take_data(stream, &data, time_ms, number, sink);
        if (r == 0)
                r = take_held(stream, time_ms, sink);
        while (r == 0 && is_hole_given_up(stream, time_ms))
                r = skip_hole(stream, time_ms, sink);
        return r;
}

int stream_set_add(struct stream_set *set, const struct packet *segment, int64_t time_ms, uint64_t number,
        const struct stream_sink *sink)
{
        struct stream *stream;

        int r = stream_of(set, segment, sink, &stream);
        if (r < 0 || !stream)
                return r;
        size_t before = footprint(stream);
        r = take_segment(stream, segment, time_ms, number, sink);
        set->bytes = set->bytes + footprint(stream) - before;
        bool followed = stream->state != STREAM_FOREIGN;
        bool is_over = segment->flags & PACKET_RST || (stream->has_end && stream->end == stream->sequence) ||
                       (!followed && !is_ours_by_port(stream));
        if (r == 0 && is_over)
                r = end_stream(set, stream, sink);
        return r < 0 ? r : followed;
}

int stream_set_finish(struct stream_set *set, const struct stream_sink *sink)
{
        int r = 0;

        while (set->first && r == 0)
                r = end_stream(set, set->first, sink);
        return r;
}
