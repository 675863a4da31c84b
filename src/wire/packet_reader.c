/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/packet_reader.h"

#include "wire/fragment.h"
#include "wire/stream.h"

#include <errno.h>
#include <stdlib.h>

struct packet_reader {
        struct fragment_set *fragments[PACKET_TUNNELS_MAX + 1]; /* of each depth of tunnels */
        struct stream_set *streams;
        const struct packet_sink *sink; /* during a call */
};

int packet_reader_new(struct packet_reader **ret_reader)
{
        struct packet_reader *reader = calloc(1, sizeof *reader);
        int r = reader ? stream_set_new(&reader->streams) : -ENOMEM;

        for (unsigned i = 0; i <= PACKET_TUNNELS_MAX && r == 0; i++)
                r = fragment_set_new(&reader->fragments[i]);
        if (r < 0) {
                packet_reader_free(reader);
                return r;
        }
        *ret_reader = reader;
        return 0;
}

void packet_reader_free(struct packet_reader *reader)
{
        if (!reader)
                return;
        for (unsigned i = 0; i <= PACKET_TUNNELS_MAX; i++)
                fragment_set_free(reader->fragments[i]);
        stream_set_free(reader->streams);
        free(reader);
}

static void tell_damage(void *context, uint64_t number, const char *complaint)
{
        struct packet_reader *reader = context;

        reader->sink->damaged(reader->sink->context, number, complaint);
}

static int pass_message(void *context, const struct packet *message)
{
        struct packet_reader *reader = context;

        return reader->sink->datagram(reader->sink->context, message);
}

static struct stream_sink stream_sink_of(struct packet_reader *reader)
{
        return (struct stream_sink){.context = reader, .message = pass_message, .lost = tell_damage};
}

static int take_segment(
        struct packet_reader *reader, const struct packet *segment, int64_t time_ms, uint64_t number)
{
        struct stream_sink sink = stream_sink_of(reader);

        int r = stream_set_add(reader->streams, segment, time_ms, number, &sink);
        if (r == 0)
                reader->sink->other(reader->sink->context);
        return r < 0 ? r : 0;
}

/* What was put together may be a piece again, of the packet that a tunnel carries: depth by depth. */
static int put_together(struct packet_reader *reader, struct packet *packet, int64_t time_ms, uint64_t number,
        enum packet_outcome *ret_outcome)
{
        for (unsigned round = 0; *ret_outcome == PACKET_FRAGMENT && round <= PACKET_TUNNELS_MAX; round++) {
                int r = fragment_add(reader->fragments[packet->tunnels], packet, time_ms, number, tell_damage,
                        reader, packet);
                if (r <= 0)
                        return r;
                *ret_outcome = packet_read_on(packet, packet);
        }
        return 1;
}

int packet_reader_take(struct packet_reader *reader, int link, const void *bytes, size_t captured,
        size_t original, int64_t time_ms, uint64_t number, const struct packet_sink *sink)
{
        struct packet packet;

        reader->sink = sink;
        enum packet_outcome outcome = packet_read(link, bytes, captured, original, &packet);
        if (outcome == PACKET_FRAGMENT) {
                int r = put_together(reader, &packet, time_ms, number, &outcome);
                if (r <= 0)
                        return r;
        }
        switch (outcome) {
        case PACKET_UDP:
                return sink->datagram(sink->context, &packet);
        case PACKET_TCP:
                return take_segment(reader, &packet, time_ms, number);
        case PACKET_DAMAGED:
                sink->damaged(sink->context, number, packet.complaint);
                return 0;
        default:
                sink->other(sink->context);
                return 0;
        }
}

int packet_reader_finish(struct packet_reader *reader, const struct packet_sink *sink)
{
        struct stream_sink streams = stream_sink_of(reader);

        reader->sink = sink;
        for (unsigned i = 0; i <= PACKET_TUNNELS_MAX; i++)
                fragment_finish(reader->fragments[i], tell_damage, reader);
        return stream_set_finish(reader->streams, &streams);
}
