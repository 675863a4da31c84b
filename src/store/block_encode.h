/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_BLOCK_ENCODE_H
#define ROGATORY_STORE_BLOCK_ENCODE_H

/* Turns up to SEGMENT_BLOCK_BINDINGS bindings of one outside address into a block. The same walk over the
 * rows first counts symbols (training) and then, with tables, writes. */

#include "base/buffer.h"
#include "store/entropy.h"
#include "store/segment_format.h"

/* What one block remembers of an inside host. Writer and reader keep it alike. */
struct host_memory {
        uint32_t index; /* in the sheet's dictionary */
        uint16_t port;  /* last inside port */
        uint16_t recent_count;
        uint32_t recent[RECENT_DESTINATIONS]; /* latest first */
};

/* The hosts met in this block, latest first, by position in memories. */
struct host_memories {
        struct host_memory memories[SEGMENT_BLOCK_BINDINGS_LONG];
        uint16_t order[SEGMENT_BLOCK_BINDINGS_LONG];
        unsigned count;
};

static inline struct host_memory *host_memory_to_front(struct host_memories *hosts, unsigned rank)
{
        uint16_t slot = hosts->order[rank];

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (rank < 4) { /* mostly; which of the four is as good as random, so no branch depends on it */
                uint64_t front, moved = UINT64_MAX >> (48 - 16 * rank);
                memcpy(&front, hosts->order, sizeof front);
                front = (front & ~moved) | (front << 16 & moved) | slot;
                memcpy(hosts->order, &front, sizeof front);
                return &hosts->memories[slot];
        }
#endif
        for (unsigned i = rank; i > 0; i--)
                hosts->order[i] = hosts->order[i - 1];
        hosts->order[0] = slot;
        return &hosts->memories[slot];
}

static inline struct host_memory *host_memory_add(struct host_memories *hosts, uint32_t index)
{
        unsigned slot = hosts->count++;
        hosts->order[slot] = (uint16_t)slot;
        hosts->memories[slot].index = index;
        hosts->memories[slot].port = 0;
        hosts->memories[slot].recent_count = 0;
        return host_memory_to_front(hosts, slot);
}

/* Puts a destination in front; rank is its place among the recent ones, or recent_count where it is new. */
static inline void host_memory_recall(struct host_memory *host, unsigned rank, uint32_t destination)
{
        if (rank == host->recent_count) {
                if (rank < RECENT_DESTINATIONS)
                        host->recent_count++;
                else
                        rank--;
        }
        memmove(host->recent + 1, host->recent, rank * sizeof host->recent[0]);
        host->recent[0] = destination;
}

static inline unsigned inside_context(unsigned begin, unsigned last_rank)
{
        return begin * 2 + (last_rank > 0);
}

static inline unsigned inside_port_context(unsigned rank)
{
        return rank < 3 ? rank : 3; /* INSIDE_PORT_CONTEXTS - 1 is for a host that is new in the block */
}

static inline unsigned recent_context(unsigned recent_count)
{
        return recent_count < 2 ? 0 : recent_count < 5 ? 1 : 2;
}

struct block_encoder {
        bool counting;
        uint32_t counts[MODEL_COUNT][ENTROPY_SYMBOLS];
        struct encoding_model models[MODEL_COUNT];
        uint64_t price[COLUMN_COUNT]; /* 1/256 bits */
        /* tables of the segment */
        uint64_t shapes[SHAPES_MAX];
        unsigned shape_count;
        uint8_t port_symbols[65536]; /* destination port -> symbol, ENTROPY_ESCAPE where it has none */
        /* by host number */
        const uint32_t *host_index;        /* in the dictionary of this sheet */
        const uint32_t *destination_index; /* in the dictionary of the segment */
        unsigned host_bits;                /* width of an index into this sheet's dictionary */
        /* the block being made */
        struct buffer rest; /* its finished streams; owned */
        struct stream_writer stream;
        uint32_t symbols[SEGMENT_BLOCK_BINDINGS * STREAM_ROW_SYMBOLS];
        uint8_t bits[SEGMENT_BLOCK_BINDINGS * STREAM_ROW_BYTES + 8];
        struct host_memories hosts;
        uint16_t slot_of_row[SEGMENT_BLOCK_BINDINGS];
        uint8_t begin_context_of_row[SEGMENT_BLOCK_BINDINGS];
        uint8_t shape_of_row[SEGMENT_BLOCK_BINDINGS];
};

/* Appends the block to out and fills the entry (all but the offset). Where counting, only counts.
 * 0, -ENOMEM or -EFBIG (the sticky failure of out). */
int block_encode(struct block_encoder *encoder, const struct nat_binding *rows, unsigned count,
        struct buffer *out, struct block_entry *ret_entry);

#endif
