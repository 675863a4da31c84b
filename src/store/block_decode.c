/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/block_decode.h"

#include <endian.h>

/* ---- the scan part ---- */

static size_t packed_length(unsigned count, unsigned width)
{
        return ((size_t)count * width + 7) / 8;
}

bool block_open_scan(const uint8_t *bytes, const struct block_entry *entry, struct block_scan *ret_scan)
{
        struct cursor cursor = cursor_over(bytes, (size_t)entry->scan_length);
        struct block_scan scan = {0};
        unsigned flags = cursor_u8(&cursor);

        scan.port_width = flags & SCAN_WIDTH;
        uint64_t base = cursor_varint(&cursor), span_base = 0, exporter = 0;
        if (flags & SCAN_SHIFT)
                scan.port_shift = cursor_u8(&cursor);
        if (flags & SCAN_SPANS) {
                span_base = cursor_varint(&cursor);
                scan.span_width = cursor_u8(&cursor);
                if (scan.span_width)
                        scan.span_shift = cursor_u8(&cursor);
        }
        if (flags & SCAN_EXPORTER)
                exporter = cursor_varint(&cursor);
        scan.times_length = cursor_varint(&cursor);
        scan.holders_length = entry->rest_length - scan.times_length;
        if (entry->flags & BLOCK_DESTINATIONS)
                scan.holders_length = cursor_varint(&cursor);
        scan.ports = cursor_take(&cursor, packed_length(entry->count, scan.port_width));
        scan.spans = cursor_take(&cursor, packed_length(entry->count, scan.span_width));
        if (cursor.overrun || cursor_left(&cursor) || scan.port_width > 16 || scan.span_width > 16 ||
                scan.port_shift > 15 || scan.span_shift > 15 || base > UINT16_MAX || span_base > UINT16_MAX ||
                exporter > UINT16_MAX || scan.times_length > entry->rest_length ||
                scan.holders_length > entry->rest_length - scan.times_length)
                return false;
        scan.port_base = (uint16_t)base;
        scan.span_base = (uint16_t)span_base;
        scan.exporter = (uint16_t)exporter;
        *ret_scan = scan;
        return true;
}

/* Reads up to 8 bytes past the column: the block's other bytes, or the file's end, stand there. */
static inline uint16_t unpack(
        const uint8_t *column, unsigned row, unsigned width, unsigned shift, uint16_t base)
{
        size_t bit = (size_t)row * width;
        uint64_t packed = load_le64(column + bit / 8) >> (bit % 8) & ((UINT64_C(1) << width) - 1);
        return (uint16_t)(base + (packed << shift));
}

uint16_t block_port(const struct block_scan *scan, unsigned row)
{
        return unpack(scan->ports, row, scan->port_width, scan->port_shift, scan->port_base);
}

uint16_t block_span(const struct block_scan *scan, unsigned row)
{
        return unpack(scan->spans, row, scan->span_width, scan->span_shift, scan->span_base);
}

/* A vector of the compiler's own: eight ports at a time on every machine that has vectors at all. */
typedef uint16_t ports_vector __attribute__((vector_size(16)));

static ports_vector load_ports(const uint8_t *at)
{
        ports_vector ports;

        memcpy(&ports, at, sizeof ports);
        return ports;
}

/* Are any of the 32 ports from `at` on the one wanted? */
static inline bool any_equal(const uint8_t *at, ports_vector wanted)
{
        ports_vector equal =
                (ports_vector)(load_ports(at) == wanted) | (ports_vector)(load_ports(at + 16) == wanted) |
                (ports_vector)(load_ports(at + 32) == wanted) | (ports_vector)(load_ports(at + 48) == wanted);
        uint64_t halves[2];

        memcpy(halves, &equal, sizeof halves);
        return (halves[0] | halves[1]) != 0;
}

static unsigned find_plain_port(const uint8_t *ports, unsigned count, uint16_t port, uint64_t *hits)
{
        uint16_t stored = htole16(port);
        ports_vector wanted = {stored, stored, stored, stored, stored, stored, stored, stored};
        unsigned last = 0;

        for (unsigned i = 0; i < count; i += 32) {
                unsigned end = i + 32 <= count ? i + 32 : count;
                if (end == i + 32 && !any_equal(ports + 2 * (size_t)i, wanted))
                        continue;
                for (unsigned j = i; j < end; j++)
                        if (load_le16(ports + 2 * (size_t)j) == port) {
                                hits[j / 64] |= UINT64_C(1) << j % 64;
                                last = j + 1;
                        }
        }
        return last;
}

unsigned block_find_port(const struct block_scan *scan, unsigned count, uint16_t port,
        uint64_t ret_hits[SEGMENT_BLOCK_BINDINGS_LONG / 64])
{
        unsigned last = 0;

        memset(ret_hits, 0, SEGMENT_BLOCK_BINDINGS_LONG / 8);
        if (scan->port_width == 16 && scan->port_shift == 0 && scan->port_base == 0 &&
                scan->span_width == 0 && scan->span_base == 0)
                return find_plain_port(scan->ports, count, port, ret_hits);
        for (unsigned i = 0; i < count; i++) {
                uint16_t first = block_port(scan, i);
                if (port < first || port - first > block_span(scan, i))
                        continue;
                ret_hits[i / 64] |= UINT64_C(1) << i % 64;
                last = i + 1;
        }
        return last;
}

/* ---- models ---- */

static __attribute__((noinline)) void make_model(struct decoding_tables *tables, unsigned model)
{
        /* Reading the tables refused frequencies that make no model. */
        (void)decoding_model_make(&tables->models[model], tables->stored.frequencies[model]);
        tables->made[model] = true;
}

static inline const struct decoding_model *model_of(struct decoding_tables *tables, unsigned model)
{
        if (__builtin_expect(!tables->made[model], 0))
                make_model(tables, model);
        const struct decoding_model *found = &tables->models[model];
        /* One product instead of one for each of its arrays. */
        __asm__("" : "+r"(found));
        return found;
}

/* ---- stream A ---- */

static bool edges_known(uint64_t shape)
{
        return shape >> 24 & 0xff && shape >> 32 & 0xff;
}

static bool take_escaped_shape(struct stream_reader *stream, unsigned symbol, uint64_t *ret_shape)
{
        struct nat_binding row;

        if (symbol != ENTROPY_ESCAPE)
                return false;
        *ret_shape = stream_take_bits(stream, 40);
        shape_apply(*ret_shape, &row);
        return row.kind < NAT_KIND_COUNT && row.from_edge < EDGE_COUNT && row.to_edge < EDGE_COUNT;
}

/* What follows the symbol of a number. Most have their bits in the window, which goes on behind them. */
static inline uint64_t take_number(struct stream_reader *stream, unsigned symbol, uint64_t *window)
{
        if (__builtin_expect(symbol == ENTROPY_ESCAPE, 0)) {
                uint64_t number = stream_take_escaped(stream);
                *window = stream_window(stream->end, stream->bit);
                return number;
        }
        uint64_t number = class_value(symbol, *window);
        *window <<= entropy_class_bits[symbol];
        stream->bit += entropy_class_bits[symbol];
        return number;
}

/* begin_context of all numbers of a class: it looks at their bit length alone. */
static inline unsigned context_after(unsigned symbol, uint64_t delta)
{
        if (__builtin_expect(symbol == ENTROPY_ESCAPE, 0))
                return begin_context(delta);
        return begin_context(entropy_class_base[symbol]);
}

static bool begin_times(struct block_decoder *decoder, const struct block_entry *entry,
        const struct block_scan *scan, const uint8_t *rest)
{
        decoder->instant = (uint64_t)entry->begin;
        decoder->context = BEGIN_CONTEXTS - 1;
        decoder->shape = 0;
        return stream_open(&decoder->times, TIME_STATES, rest, (size_t)scan->times_length);
}

bool block_decode_times(struct block_decoder *decoder, struct decoding_tables *tables,
        const struct block_entry *entry, const struct block_scan *scan, const uint8_t *rest, unsigned wanted)
{
        if (wanted <= decoder->times_done)
                return true;
        if (decoder->times_done == 0 && !begin_times(decoder, entry, scan, rest))
                return false;
        /* Copies, because rows might otherwise be stored over them for all that the compiler knows. */
        struct stream_reader stream = decoder->times;
        uint64_t instant = decoder->instant;
        unsigned context = decoder->context, symbol = decoder->shape;
        unsigned shape_count = tables->stored.shape_count;
        for (unsigned i = decoder->times_done; i < wanted; i++) {
                uint64_t window = stream_window(stream.end, stream.bit), shape;
                if (i > 0) {
                        unsigned class =
                                stream_take_symbol0(&stream, model_of(tables, MODEL_BEGIN + context));
                        uint64_t delta = take_number(&stream, class, &window);
                        instant += delta;
                        context = context_after(class, delta);
                }
                symbol = stream_take_symbol1(&stream, model_of(tables, MODEL_SHAPE + shape_context(symbol)));
                if (__builtin_expect(symbol < shape_count, 1))
                        shape = tables->stored.shapes[symbol]; /* reading the table refused wrong ones */
                else if (!take_escaped_shape(&stream, symbol, &shape))
                        return false;
                else
                        window = stream_window(stream.end, stream.bit);
                int64_t from = (int64_t)instant, to = (int64_t)instant;
                if (__builtin_expect(edges_known(shape), 1)) {
                        unsigned class = stream_take_symbol2(
                                &stream, model_of(tables, MODEL_DURATION + duration_context(symbol)));
                        to = (int64_t)(instant + take_number(&stream, class, &window));
                } else {
                        from = shape >> 24 & 0xff ? from : TIME_UNKNOWN;
                        to = shape >> 32 & 0xff ? to : TIME_UNKNOWN;
                }
                decoder->from_ms[i] = from;
                decoder->to_ms[i] = to;
                decoder->shapes[i] = shape;
                decoder->begin_context_of_row[i] = (uint8_t)context;
                decoder->shape_of_row[i] = (uint8_t)symbol;
                if (!stream_sound(&stream))
                        return false;
        }
        decoder->times = stream;
        decoder->times_done = wanted;
        decoder->instant = instant;
        decoder->context = context;
        decoder->shape = symbol;
        return wanted < entry->count || stream_used_up(&stream);
}

bool block_row_touches(const struct block_decoder *decoder, unsigned row, int64_t from, int64_t to)
{
        struct nat_binding b;

        shape_apply(decoder->shapes[row], &b);
        return (b.from_edge == EDGE_OPEN || b.from_edge == EDGE_INTERIM || decoder->from_ms[row] <= to) &&
               (b.to_edge == EDGE_OPEN || b.to_edge == EDGE_INTERIM || decoder->to_ms[row] >= from);
}

/* ---- stream B ---- */

/* A host that was not yet met in this block. NULL where the bytes contradict themselves. */
static __attribute__((noinline)) struct host_memory *take_new_host(
        struct stream_reader *stream, struct host_memories *hosts, unsigned host_bits, uint32_t host_count)
{
        uint64_t index = stream_take_bits(stream, host_bits);

        return index < host_count ? host_memory_add(hosts, (uint32_t)index) : NULL;
}

static uint16_t take_exporter(struct stream_reader *stream, struct decoding_tables *tables)
{
        unsigned symbol = stream_take_symbol0(stream, model_of(tables, MODEL_EXPORTER));
        return (uint16_t)(symbol == ENTROPY_ESCAPE ? stream_take_bits(stream, 16) : symbol);
}

/* The columns that few blocks have. */
static void take_rare_columns(struct block_decoder *decoder, struct stream_reader *stream,
        struct decoding_tables *tables, unsigned flags, unsigned row)
{
        if (flags & BLOCK_EXPORTERS)
                decoder->exporters[row] = take_exporter(stream, tables);
        if (flags & BLOCK_SESSIONS)
                decoder->sessions[row] = (uint32_t)stream_take_bits(stream, 32);
}

static bool begin_holders(struct block_decoder *decoder, const struct block_scan *scan, const uint8_t *rest)
{
        decoder->hosts.count = 0;
        decoder->rank = 0;
        return stream_open(
                &decoder->holders, OTHER_STATES, rest + scan->times_length, (size_t)scan->holders_length);
}

bool block_decode_holders(struct block_decoder *decoder, struct decoding_tables *tables,
        const struct block_entry *entry, const struct block_scan *scan, const uint8_t *rest, unsigned wanted,
        uint32_t host_count)
{
        struct host_memories *hosts = &decoder->hosts;
        unsigned host_bits = host_count > 1 ? 32u - (unsigned)__builtin_clz(host_count - 1) : 0;
        unsigned flags = entry->flags;

        if (wanted <= decoder->holders_done)
                return true;
        if (decoder->holders_done == 0 && !begin_holders(decoder, scan, rest))
                return false;
        struct stream_reader stream = decoder->holders;
        unsigned rank = decoder->rank;
        for (unsigned i = decoder->holders_done; i < wanted; i++) {
                uint64_t window = stream_window(stream.end, stream.bit);
                unsigned context = inside_context(decoder->begin_context_of_row[i], rank);
                unsigned symbol = stream_take_symbol0(&stream, model_of(tables, MODEL_INSIDE + context));
                uint64_t place = take_number(&stream, symbol, &window);
                struct host_memory *host;
                bool met = place > 0;
                if (met) {
                        if (place > hosts->count)
                                return false;
                        rank = (unsigned)place - 1;
                        host = host_memory_to_front(hosts, rank);
                } else {
                        rank = hosts->count;
                        host = take_new_host(&stream, hosts, host_bits, host_count);
                        if (!host)
                                return false;
                        window = stream_window(stream.end, stream.bit);
                }
                if (flags & BLOCK_INSIDE_PORTS) {
                        unsigned of = met ? inside_port_context(rank) : INSIDE_PORT_CONTEXTS - 1;
                        symbol = stream_take_symbol1(&stream, model_of(tables, MODEL_INSIDE_PORT + of));
                        uint64_t value = take_number(&stream, symbol, &window);
                        host->port = met ? (uint16_t)(host->port + unzigzag(value)) : (uint16_t)value;
                }
                decoder->inside_ports[i] = host->port;
                decoder->slot_of_row[i] = hosts->order[0];
                if (flags & (BLOCK_EXPORTERS | BLOCK_SESSIONS))
                        take_rare_columns(decoder, &stream, tables, flags, i);
                if (!stream_sound(&stream))
                        return false;
        }
        decoder->holders = stream;
        decoder->holders_done = wanted;
        decoder->rank = rank;
        return wanted < entry->count || stream_used_up(&stream);
}

/* ---- stream C ---- */

static bool take_destination(struct stream_reader *stream, struct decoding_tables *tables,
        struct host_memory *host, uint32_t destination_count, uint32_t *ret_destination)
{
        unsigned rank = host->recent_count;

        if (host->recent_count > 0) {
                rank = stream_take_symbol0(stream, model_of(tables, MODEL_RECENT + recent_context(rank)));
                if (rank == ENTROPY_ESCAPE)
                        rank = (unsigned)stream_take_bits(stream, 4);
                if (rank >= host->recent_count) {
                        if (rank != RECENT_DESTINATIONS)
                                return false;
                        rank = host->recent_count;
                }
        }
        uint64_t destination;
        if (rank < host->recent_count) {
                destination = host->recent[rank];
        } else {
                unsigned symbol = stream_take_symbol0(stream, model_of(tables, MODEL_DESTINATION));
                destination = stream_take_rest(stream, symbol);
        }
        if (destination > destination_count)
                return false;
        host_memory_recall(host, rank, (uint32_t)destination);
        *ret_destination = (uint32_t)destination;
        return true;
}

bool block_decode_destinations(struct block_decoder *decoder, struct decoding_tables *tables,
        const struct block_entry *entry, const struct block_scan *scan, const uint8_t *rest, unsigned wanted,
        uint32_t destination_count)
{
        uint64_t before = scan->times_length + scan->holders_length;

        if (!(entry->flags & BLOCK_DESTINATIONS) || wanted <= decoder->destinations_done)
                return true;
        if (decoder->destinations_done == 0 && !stream_open(&decoder->destinations, OTHER_STATES,
                                                       rest + before, (size_t)(entry->rest_length - before)))
                return false;
        struct stream_reader stream = decoder->destinations;
        for (unsigned i = decoder->destinations_done; i < wanted; i++) {
                struct host_memory *host = &decoder->hosts.memories[decoder->slot_of_row[i]];
                if (!take_destination(
                            &stream, tables, host, destination_count, &decoder->destinations_of_row[i]))
                        return false;
                unsigned model = MODEL_DESTINATION_PORT + duration_context(decoder->shape_of_row[i]);
                unsigned symbol = stream_take_symbol1(&stream, model_of(tables, model));
                if (symbol == ENTROPY_ESCAPE)
                        decoder->destination_ports[i] = (uint16_t)stream_take_bits(&stream, 16);
                else if (symbol < tables->stored.port_count)
                        decoder->destination_ports[i] = tables->stored.ports[symbol];
                else
                        return false;
                if (!stream_sound(&stream))
                        return false;
        }
        decoder->destinations = stream;
        decoder->destinations_done = wanted;
        return wanted < entry->count || stream_used_up(&stream);
}

/* ---- rows ---- */

struct nat_binding block_row(const struct block_decoder *decoder, const struct block_entry *entry,
        const struct block_scan *scan, unsigned row)
{
        struct nat_binding b = {
                .from_ms = decoder->from_ms[row],
                .to_ms = decoder->to_ms[row],
                .inside = decoder->hosts.memories[decoder->slot_of_row[row]].index,
                .inside_port = decoder->inside_ports[row],
                .exporter = entry->flags & BLOCK_EXPORTERS ? decoder->exporters[row] : scan->exporter,
                .session = entry->flags & BLOCK_SESSIONS ? decoder->sessions[row] : 0,
                .port_first = block_port(scan, row),
        };

        b.port_last = (uint16_t)(b.port_first + block_span(scan, row));
        shape_apply(decoder->shapes[row], &b);
        if (entry->flags & BLOCK_DESTINATIONS) {
                b.destination = decoder->destinations_of_row[row];
                b.destination_port = decoder->destination_ports[row];
        }
        return b;
}
