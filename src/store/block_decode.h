/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_BLOCK_DECODE_H
#define ROGATORY_STORE_BLOCK_DECODE_H

/* Reads a block as little as the question needs: first the ports, then times up to the last hit, then
 * holders, then destinations. Every function returns false where the bytes contradict themselves, whatever
 * they are. The bytes must stand inside a file with ENTROPY_SLACK bytes before and behind them. */

#include "store/block_encode.h"
#include "store/segment_tables.h"

/* What is decoded with. A model is made when its first symbol is read: a small window is asked a few rows,
 * and they need a few of the models. */
struct decoding_tables {
        struct model_tables stored;
        bool made[MODEL_COUNT];
        struct decoding_model models[MODEL_COUNT];
};

/* The scan part, opened. */
struct block_scan {
        const uint8_t *ports, *spans; /* packed */
        unsigned port_width, port_shift, span_width, span_shift;
        uint16_t port_base, span_base, exporter;
        uint64_t times_length, holders_length; /* bytes of streams A and B; C has the rest */
};
bool block_open_scan(const uint8_t *bytes, const struct block_entry *entry, struct block_scan *ret_scan);
uint16_t block_port(const struct block_scan *scan, unsigned row);
uint16_t block_span(const struct block_scan *scan, unsigned row);

/* The rows whose range holds the port, as a bit set. Returns the row behind the last one, 0 where there is
 * none. */
unsigned block_find_port(const struct block_scan *scan, unsigned count, uint16_t port,
        uint64_t ret_hits[SEGMENT_BLOCK_BINDINGS_LONG / 64]);

/* Column by column, as they are decoded: a row is put together only where it is wanted. */
struct block_decoder {
        int64_t from_ms[SEGMENT_BLOCK_BINDINGS_LONG], to_ms[SEGMENT_BLOCK_BINDINGS_LONG];
        uint64_t shapes[SEGMENT_BLOCK_BINDINGS_LONG];
        uint16_t slot_of_row[SEGMENT_BLOCK_BINDINGS_LONG]; /* of the inside host in `hosts` */
        uint16_t inside_ports[SEGMENT_BLOCK_BINDINGS_LONG];
        uint8_t begin_context_of_row[SEGMENT_BLOCK_BINDINGS_LONG];
        uint8_t shape_of_row[SEGMENT_BLOCK_BINDINGS_LONG];
        struct host_memories hosts;
        /* Only where the block has the column. */
        uint16_t exporters[SEGMENT_BLOCK_BINDINGS_LONG];
        uint32_t sessions[SEGMENT_BLOCK_BINDINGS_LONG];
        uint32_t destinations_of_row[SEGMENT_BLOCK_BINDINGS_LONG]; /* numbers in the segment, 0 for none */
        uint16_t destination_ports[SEGMENT_BLOCK_BINDINGS_LONG];
        /* How far each stream was read, and what the next row of it needs to know of the one before. */
        struct stream_reader times, holders, destinations;
        unsigned times_done, holders_done, destinations_done;
        uint64_t instant;
        unsigned context, shape, rank;
};

/* To be called before the first row of a block. */
static inline void block_decoder_begin(struct block_decoder *decoder)
{
        decoder->times_done = decoder->holders_done = decoder->destinations_done = 0;
}

/* Streams A, B and C: the first `wanted` rows, going on behind those that were read before; all of them are
 * also checked for what is left over. rest: the rest part, of entry->rest_length bytes. Each needs the one
 * before it. After false the decoder must not be used for this block any more. */
bool block_decode_times(struct block_decoder *decoder, struct decoding_tables *tables,
        const struct block_entry *entry, const struct block_scan *scan, const uint8_t *rest, unsigned wanted);
bool block_decode_holders(struct block_decoder *decoder, struct decoding_tables *tables,
        const struct block_entry *entry, const struct block_scan *scan, const uint8_t *rest, unsigned wanted,
        uint32_t host_count);
bool block_decode_destinations(struct block_decoder *decoder, struct decoding_tables *tables,
        const struct block_entry *entry, const struct block_scan *scan, const uint8_t *rest, unsigned wanted,
        uint32_t destination_count);

/* A row whose streams were all read so far. inside: index in the sheet's dictionary; destination: number in
 * the segment's dictionary, 0 for none. The outside address is not known here. */
struct nat_binding block_row(const struct block_decoder *decoder, const struct block_entry *entry,
        const struct block_scan *scan, unsigned row);

/* May the row, whose times were read, have stood at some instant from `from` to `to`? A sign of life is no
 * edge: the binding may have begun long before it, and gone on long after it. One that was last seen alive
 * before the window began stands in it for that reason alone. */
bool block_row_touches(const struct block_decoder *decoder, unsigned row, int64_t from, int64_t to);

#endif
