/* SPDX-License-Identifier: EUPL-1.2 */
#include "relay/frame.h"
#include "relay/relay.h"
#include "relay/sound.h"

#define NO_FRAME SIZE_MAX

void relay_writer_begin(struct relay_writer *writer, const struct relay_limits *limits, struct buffer *out)
{
        *writer = (struct relay_writer){.limits = *limits};
        relay_writer_turn(writer, out);
}

void relay_writer_turn(struct relay_writer *writer, struct buffer *out)
{
        writer->out = out;
        writer->open = NO_FRAME;
}

/* Room for a frame of its own; NULL where the buffer has none. */
static uint8_t *begin(struct relay_writer *writer, enum relay_type type, size_t payload)
{
        struct buffer *out = writer->out;

        writer->open = NO_FRAME;
        if (out->failed || buffer_reserve(out, RELAY_HEAD_BYTES + payload) < 0)
                return NULL;
        uint8_t *at = out->bytes + out->length;
        frame_head(at, (uint32_t)(RELAY_HEAD_BYTES + payload), (uint8_t)type);
        out->length += RELAY_HEAD_BYTES + payload;
        return at + RELAY_HEAD_BYTES;
}

/* Room for one more event in the frame that is open, or in a new one. */
static uint8_t *extend(struct relay_writer *writer, enum relay_type type, size_t bytes)
{
        struct buffer *out = writer->out;

        if (writer->open == NO_FRAME || writer->type != type ||
                out->length - writer->open + bytes > RELAY_FRAME_MAX) {
                size_t before = out->length;
                uint8_t *at = begin(writer, type, bytes);
                if (at) {
                        writer->open = before;
                        writer->type = (uint8_t)type;
                }
                return at;
        }
        if (out->failed || (out->capacity - out->length < bytes && buffer_reserve(out, bytes) < 0))
                return NULL;
        uint8_t *at = out->bytes + out->length;
        out->length += bytes;
        frame_head(out->bytes + writer->open, (uint32_t)(out->length - writer->open), (uint8_t)type);
        return at;
}

static int result(const struct relay_writer *writer, const uint8_t *at)
{
        return at ? 0 : writer->out->failed;
}

int relay_write_hello(struct relay_writer *writer, const struct relay_hello *hello)
{
        uint8_t *at = begin(writer, RELAY_HELLO, FRAME_HELLO_BYTES);

        if (at) {
                frame_put(at, (uint64_t)RELAY_VERSION << 32 | FRAME_MARK);
                frame_put(at + 8, (uint64_t)sizeof(struct nat_event) << 32 | sizeof(struct lease_event));
                frame_put(at + 16, (uint64_t)writer->limits.exporters << 32 | writer->limits.realms);
                memcpy(at + 24, hello->configuration, RELAY_CONFIGURATION_BYTES);
        }
        return result(writer, at);
}

static uint64_t word_of_time(const struct nat_event *e)
{
        return (uint64_t)e->time_ms << 16 | e->exporter;
}

static uint64_t word_of_ports(const struct nat_event *e)
{
        return (uint64_t)e->port_first << 48 | (uint64_t)e->port_last << 32 | (uint64_t)e->inside_port << 16 |
               e->destination_port;
}

static uint64_t word_of_kind(const struct nat_event *e)
{
        return (uint64_t)e->vrf << 32 | (uint64_t)e->protocol << 24 | (uint64_t)e->kind << 16 |
               (uint64_t)e->action << 8 | e->flags;
}

int relay_write_event(struct relay_writer *writer, const struct nat_event *e)
{
        bool inside = !(e->flags & NAT_INSIDE_UNKNOWN), destination = e->flags & NAT_HAS_DESTINATION;

        if (relay_event_flaw(&writer->limits, e))
                return -EINVAL;
        if ((!inside || address_is_ipv4(&e->inside)) && (!destination || address_is_ipv4(&e->destination))) {
                uint8_t *at = extend(writer, RELAY_EVENTS, FRAME_EVENT_BYTES);
                if (!at)
                        return writer->out->failed;
                frame_put(at, word_of_time(e));
                frame_put(at + 8, (uint64_t)e->outside << 32 | (inside ? address_ipv4(&e->inside) : 0));
                frame_put(at + 16,
                        (uint64_t)(destination ? address_ipv4(&e->destination) : 0) << 32 | e->session);
                frame_put(at + 24, word_of_ports(e));
                frame_put(at + 32, word_of_kind(e));
                return 0;
        }
        uint8_t *at = extend(writer, RELAY_EVENTS_LONG, FRAME_LONG_EVENT_BYTES);
        if (!at)
                return writer->out->failed;
        memcpy(at, e->inside.bytes, 16);
        memcpy(at + 16, e->destination.bytes, 16);
        frame_put(at + 32, word_of_time(e));
        frame_put(at + 40, word_of_ports(e));
        frame_put(at + 48, word_of_kind(e));
        frame_put(at + 56, (uint64_t)e->outside << 32 | e->session);
        return 0;
}

int relay_write_lease(struct relay_writer *writer, uint16_t exporter, const struct lease_event *lease)
{
        if (relay_lease_flaw(&writer->limits, exporter, lease))
                return -EINVAL;
        size_t name = strlen(lease->subscriber);
        uint8_t *at = begin(writer, RELAY_LEASE, FRAME_LEASE_BYTES + name);
        if (!at)
                return writer->out->failed;
        memcpy(at, lease->prefix.address.bytes, 16);
        frame_put(at + 16, lease->session);
        frame_put(at + 24, (uint64_t)lease->from_ms);
        frame_put(at + 32, (uint64_t)lease->to_ms);
        frame_put(at + 40, (uint64_t)lease->vrf << 32 | (uint64_t)exporter << 16 |
                                   (uint64_t)lease->flags << 8 | lease->prefix.length);
        frame_put(at + 48, (uint64_t)lease->from_edge << 8 | lease->to_edge);
        memcpy(at + FRAME_LEASE_BYTES, lease->subscriber, name);
        return 0;
}

int relay_write_span(struct relay_writer *writer, const struct coverage_span *span)
{
        if (relay_span_flaw(&writer->limits, span))
                return -EINVAL;
        uint8_t *at = begin(writer, RELAY_SPAN, FRAME_SPAN_BYTES);
        if (!at)
                return writer->out->failed;
        frame_put(at, (uint64_t)span->from);
        frame_put(at + 8, (uint64_t)span->to);
        frame_put(at + 16, (uint64_t)span->stream << 32 | span->sequence_from);
        frame_put(at + 24, (uint64_t)span->sequence_to << 32 | (uint32_t)span->delay_ms);
        frame_put(at + 32, (uint64_t)(uint32_t)span->offset_min_ms << 32 | (uint32_t)span->offset_max_ms);
        frame_put(at + 40, (uint64_t)span->exporter << 16 | span->flags);
        return 0;
}

int relay_write_gap(struct relay_writer *writer, const struct coverage_gap *gap)
{
        if (relay_gap_flaw(&writer->limits, gap))
                return -EINVAL;
        uint8_t *at = begin(writer, RELAY_GAP, FRAME_GAP_BYTES);
        if (!at)
                return writer->out->failed;
        frame_put(at, (uint64_t)gap->from);
        frame_put(at + 8, (uint64_t)gap->to);
        frame_put(at + 16, (uint64_t)gap->stream << 32 | gap->count);
        frame_put(at + 24, (uint64_t)gap->exporter << 16 | gap->reason);
        return 0;
}

static int write_words(
        struct relay_writer *writer, enum relay_type type, uint64_t first, uint64_t second, size_t words)
{
        uint8_t *at = begin(writer, type, words * 8);

        if (!at)
                return writer->out->failed;
        if (words > 0)
                frame_put(at, first);
        if (words > 1)
                frame_put(at + 8, second);
        return 0;
}

int relay_write_torn(struct relay_writer *writer, uint16_t realm)
{
        return realm < writer->limits.realms ? write_words(writer, RELAY_TORN, realm, 0, 1) : -EINVAL;
}

int relay_write_mark(struct relay_writer *writer, const struct relay_mark *mark)
{
        return write_words(writer, RELAY_MARK, mark->sequence, (uint64_t)mark->receipt_ms, 2);
}

int relay_write_counts(struct relay_writer *writer, const void *bytes, size_t length)
{
        if (length > RELAY_COUNTS_MAX)
                return -EINVAL;
        uint8_t *at = begin(writer, RELAY_COUNTS, length);
        if (!at)
                return writer->out->failed;
        if (length > 0)
                memcpy(at, bytes, length);
        return 0;
}

int relay_write_released(struct relay_writer *writer, uint64_t sequence)
{
        return write_words(writer, RELAY_RELEASED, sequence, 0, 1);
}

int relay_write_stopping(struct relay_writer *writer)
{
        return write_words(writer, RELAY_STOPPING, 0, 0, 0);
}
