/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/block_encode.h"

#include "base/checksum.h"

/* ---- symbols and numbers into the stream, or into the counts ---- */

static inline __attribute__((always_inline)) void put_bits(
        struct block_encoder *encoder, enum column column, uint64_t value, unsigned count)
{
        if (encoder->counting)
                return;
        encoder->price[column] += (uint64_t)count * 256;
        stream_put_bits(&encoder->stream, value, count);
}

/* true where the symbol had to be escaped; the caller then writes the value in plain bits. */
static inline __attribute__((always_inline)) bool put_symbol(
        struct block_encoder *encoder, enum column column, unsigned model, unsigned state, unsigned symbol)
{
        if (encoder->counting) {
                encoder->counts[model][symbol]++;
                return symbol == ENTROPY_ESCAPE;
        }
        const struct encoding_model *table = &encoder->models[model];
        if (!table->symbols[symbol])
                symbol = ENTROPY_ESCAPE;
        encoder->price[column] += table->price[symbol];
        stream_put_code(&encoder->stream, state, table->symbols[symbol]);
        return symbol == ENTROPY_ESCAPE;
}

static inline __attribute__((always_inline)) void put_value(
        struct block_encoder *encoder, enum column column, unsigned model, unsigned state, uint64_t value)
{
        unsigned symbol = value_class(value);

        if (__builtin_expect(put_symbol(encoder, column, model, state, symbol), false)) {
                unsigned bits = value ? 64u - (unsigned)__builtin_clzll(value) : 0;
                put_bits(encoder, column, bits, 7);
                put_bits(encoder, column, value, bits);
        } else {
                put_bits(encoder, column, value - entropy_class_base[symbol], entropy_class_bits[symbol]);
        }
}

/* ---- stream A: begin, shape, duration ---- */

static unsigned put_shape(struct block_encoder *encoder, unsigned last, const struct nat_binding *row)
{
        uint64_t shape = shape_of(row);
        unsigned symbol = 0;

        while (symbol < encoder->shape_count && encoder->shapes[symbol] != shape)
                symbol++;
        if (symbol == encoder->shape_count)
                symbol = ENTROPY_ESCAPE;
        if (put_symbol(encoder, COLUMN_SHAPE, MODEL_SHAPE + shape_context(last), 1, symbol))
                put_bits(encoder, COLUMN_SHAPE, shape, 40);
        return symbol;
}

static void put_times(struct block_encoder *encoder, const struct nat_binding *rows, unsigned count)
{
        unsigned context = BEGIN_CONTEXTS - 1, shape = 0;

        for (unsigned i = 0; i < count; i++) {
                const struct nat_binding *row = &rows[i];
                if (i > 0) {
                        uint64_t delta = (uint64_t)binding_instant(row) - (uint64_t)binding_instant(row - 1);
                        put_value(encoder, COLUMN_BEGIN, MODEL_BEGIN + context, 0, delta);
                        context = begin_context(delta);
                }
                shape = put_shape(encoder, shape, row);
                if (row->from_edge != EDGE_OPEN && row->to_edge != EDGE_OPEN)
                        put_value(encoder, COLUMN_DURATION, MODEL_DURATION + duration_context(shape), 2,
                                (uint64_t)row->to_ms - (uint64_t)row->from_ms);
                encoder->begin_context_of_row[i] = (uint8_t)context;
                encoder->shape_of_row[i] = (uint8_t)shape;
        }
}

/* ---- stream B: inside host and port, exporter, session ---- */

/* The host's place among those met in this block (0 = not yet met, then its index in plain bits follows). */
static struct host_memory *put_host(
        struct block_encoder *encoder, unsigned context, uint32_t index, unsigned *ret_rank)
{
        struct host_memories *hosts = &encoder->hosts;
        unsigned rank = 0;

        while (rank < hosts->count && hosts->memories[hosts->order[rank]].index != index)
                rank++;
        bool met = rank < hosts->count;
        put_value(encoder, COLUMN_INSIDE, MODEL_INSIDE + context, 0, met ? rank + 1 : 0);
        *ret_rank = rank;
        if (met)
                return host_memory_to_front(hosts, rank);
        put_bits(encoder, COLUMN_INSIDE, index, encoder->host_bits);
        return host_memory_add(hosts, index);
}

static void put_inside_port(
        struct block_encoder *encoder, struct host_memory *host, bool met, unsigned rank, uint16_t port)
{
        if (met) {
                uint64_t change = (uint64_t)(int16_t)(uint16_t)(port - host->port);
                put_value(encoder, COLUMN_INSIDE_PORT, MODEL_INSIDE_PORT + inside_port_context(rank), 1,
                        zigzag(change));
        } else {
                put_value(encoder, COLUMN_INSIDE_PORT, MODEL_INSIDE_PORT + INSIDE_PORT_CONTEXTS - 1, 1, port);
        }
        host->port = port;
}

static void put_exporter(struct block_encoder *encoder, uint16_t exporter)
{
        unsigned symbol = exporter < ENTROPY_ESCAPE ? exporter : ENTROPY_ESCAPE;

        if (put_symbol(encoder, COLUMN_EXPORTER, MODEL_EXPORTER, 0, symbol))
                put_bits(encoder, COLUMN_EXPORTER, exporter, 16);
}

static void put_holders(
        struct block_encoder *encoder, const struct nat_binding *rows, unsigned count, unsigned flags)
{
        struct host_memories *hosts = &encoder->hosts;
        unsigned rank = 0;

        hosts->count = 0;
        for (unsigned i = 0; i < count; i++) {
                const struct nat_binding *row = &rows[i];
                unsigned known = hosts->count;
                unsigned context = inside_context(encoder->begin_context_of_row[i], rank);
                struct host_memory *host =
                        put_host(encoder, context, encoder->host_index[row->inside], &rank);
                encoder->slot_of_row[i] = hosts->order[0];
                if (flags & BLOCK_INSIDE_PORTS)
                        put_inside_port(encoder, host, hosts->count == known, rank, row->inside_port);
                if (flags & BLOCK_EXPORTERS)
                        put_exporter(encoder, row->exporter);
                if (flags & BLOCK_SESSIONS)
                        put_bits(encoder, COLUMN_SESSION, row->session, 32);
        }
}

/* ---- stream C: destinations ---- */

static void put_destination(struct block_encoder *encoder, struct host_memory *host, uint32_t destination)
{
        unsigned rank = 0;

        while (rank < host->recent_count && host->recent[rank] != destination)
                rank++;
        bool met = rank < host->recent_count;
        if (host->recent_count > 0) {
                unsigned symbol = met ? rank : RECENT_DESTINATIONS;
                if (put_symbol(encoder, COLUMN_DESTINATION, MODEL_RECENT + recent_context(host->recent_count),
                            0, symbol))
                        put_bits(encoder, COLUMN_DESTINATION, symbol, 4);
        }
        if (!met)
                put_value(encoder, COLUMN_DESTINATION, MODEL_DESTINATION, 0, destination);
        host_memory_recall(host, rank, destination);
}

static void put_destinations(struct block_encoder *encoder, const struct nat_binding *rows, unsigned count)
{
        for (unsigned i = 0; i < count; i++) {
                struct host_memory *host = &encoder->hosts.memories[encoder->slot_of_row[i]];
                put_destination(encoder, host, encoder->destination_index[rows[i].destination]);
                unsigned model = MODEL_DESTINATION_PORT + duration_context(encoder->shape_of_row[i]);
                if (put_symbol(encoder, COLUMN_DESTINATION_PORT, model, 1,
                            encoder->port_symbols[rows[i].destination_port]))
                        put_bits(encoder, COLUMN_DESTINATION_PORT, rows[i].destination_port, 16);
        }
}

/* ---- the scan part: what a question looks at first ---- */

/* Frame of reference: value = base + (packed << shift). */
struct frame {
        uint16_t base;
        unsigned shift, width;
};

static struct frame frame_of(const uint16_t *values, unsigned count)
{
        uint16_t least = UINT16_MAX, most = 0;
        unsigned low_bits = 0;

        for (unsigned i = 0; i < count; i++) {
                least = values[i] < least ? values[i] : least;
                most = values[i] > most ? values[i] : most;
        }
        for (unsigned i = 0; i < count; i++)
                low_bits |= (unsigned)(values[i] - least);
        if (most == least)
                return (struct frame){.base = least};
        unsigned shift = (unsigned)__builtin_ctz(low_bits);
        unsigned width = 32u - (unsigned)__builtin_clz((unsigned)(most - least) >> shift);
        if (width == 16) /* no gain in a base: keep ports readable as they are */
                return (struct frame){.base = 0, .shift = 0, .width = 16};
        return (struct frame){.base = least, .shift = shift, .width = width};
}

/* Packs from the lowest bit of the first byte upward. */
static void put_packed(struct buffer *out, const uint16_t *values, unsigned count, struct frame frame)
{
        uint64_t pending = 0;
        unsigned bits = 0;

        if (frame.width == 0)
                return;
        for (unsigned i = 0; i < count; i++) {
                pending |= (uint64_t)((unsigned)(values[i] - frame.base) >> frame.shift) << bits;
                for (bits += frame.width; bits >= 8; bits -= 8, pending >>= 8)
                        buffer_append_u8(out, (uint8_t)pending);
        }
        if (bits)
                buffer_append_u8(out, (uint8_t)pending);
}

static void put_scan_part(struct block_encoder *encoder, const struct nat_binding *rows, unsigned count,
        unsigned flags, const size_t lengths[2], struct buffer *out)
{
        uint16_t ports[SEGMENT_BLOCK_BINDINGS], spans[SEGMENT_BLOCK_BINDINGS];
        bool ranges = false;

        for (unsigned i = 0; i < count; i++) {
                ports[i] = rows[i].port_first;
                spans[i] = (uint16_t)(rows[i].port_last - rows[i].port_first);
                ranges |= spans[i] != 0;
        }
        struct frame port = frame_of(ports, count), span = frame_of(spans, count);
        bool exporter = !(flags & BLOCK_EXPORTERS) && rows[0].exporter != 0;

        buffer_append_u8(out, (uint8_t)(port.width | (port.shift ? SCAN_SHIFT : 0) |
                                        (ranges ? SCAN_SPANS : 0) | (exporter ? SCAN_EXPORTER : 0)));
        buffer_append_varint(out, port.base);
        if (port.shift)
                buffer_append_u8(out, (uint8_t)port.shift);
        if (ranges) {
                buffer_append_varint(out, span.base);
                buffer_append_u8(out, (uint8_t)span.width);
                if (span.width)
                        buffer_append_u8(out, (uint8_t)span.shift);
        }
        if (exporter)
                buffer_append_varint(out, rows[0].exporter);
        buffer_append_varint(out, lengths[0]);
        if (flags & BLOCK_DESTINATIONS)
                buffer_append_varint(out, lengths[1]);
        size_t columns = out->length;
        put_packed(out, ports, count, port);
        put_packed(out, spans, count, span);
        encoder->price[COLUMN_PORT] += (uint64_t)(out->length - columns) * 8 * 256;
}

/* ---- the block ---- */

static unsigned flags_of(const struct nat_binding *rows, unsigned count, int64_t *ret_end)
{
        unsigned flags = 0;
        int64_t end = INT64_MIN;

        for (unsigned i = 0; i < count; i++) {
                const struct nat_binding *row = &rows[i];
                if (row->from_edge == EDGE_OPEN)
                        flags |= BLOCK_BEGIN_UNKNOWN;
                if (row->to_edge == EDGE_OPEN)
                        flags |= BLOCK_END_UNKNOWN;
                if (row->to_ms > end)
                        end = row->to_ms;
                if (row->inside_port)
                        flags |= BLOCK_INSIDE_PORTS;
                if (row->exporter != rows[0].exporter)
                        flags |= BLOCK_EXPORTERS;
                if (row->session)
                        flags |= BLOCK_SESSIONS;
                if (row->destination != HOST_NONE || row->destination_port)
                        flags |= BLOCK_DESTINATIONS;
        }
        *ret_end = flags & BLOCK_END_UNKNOWN ? INT64_MAX : end;
        return flags;
}

/* Appends the finished stream to the rest part, which grows in out behind room for nothing else. */
static size_t close_stream(struct block_encoder *encoder, unsigned states, struct buffer *rest)
{
        if (encoder->counting || buffer_reserve(rest, stream_bound(&encoder->stream)) < 0)
                return 0;
        size_t length = stream_finish(&encoder->stream, states, rest->bytes + rest->length);
        rest->length += length;
        return length;
}

int block_encode(struct block_encoder *encoder, const struct nat_binding *rows, unsigned count,
        struct buffer *out, struct block_entry *ret_entry)
{
        struct block_entry entry = {.count = count, .begin = binding_instant(&rows[0])};
        struct buffer *rest = &encoder->rest;
        size_t lengths[2] = {0, 0}, start = out->length;
        unsigned flags = flags_of(rows, count, &entry.end);

        entry.flags = (uint8_t)flags;
        buffer_clear(rest);
        encoder->stream = (struct stream_writer){.symbols = encoder->symbols, .bits = encoder->bits};
        put_times(encoder, rows, count);
        lengths[0] = close_stream(encoder, TIME_STATES, rest);
        put_holders(encoder, rows, count, flags);
        lengths[1] = close_stream(encoder, OTHER_STATES, rest);
        if (flags & BLOCK_DESTINATIONS) {
                put_destinations(encoder, rows, count);
                close_stream(encoder, OTHER_STATES, rest);
        }
        if (encoder->counting)
                return 0;
        put_scan_part(encoder, rows, count, flags, lengths, out);
        if (rest->failed || out->failed)
                return rest->failed ? rest->failed : out->failed;
        entry.scan_length = out->length - start;
        entry.rest_length = rest->length;
        entry.scan_checksum = (uint32_t)checksum(out->bytes + start, entry.scan_length);
        entry.rest_checksum = (uint32_t)checksum(rest->bytes, rest->length);
        if (buffer_append(out, rest->bytes, rest->length) < 0)
                return out->failed;
        *ret_entry = entry;
        return 0;
}
