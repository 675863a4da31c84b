/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/sheet_lookup.h"

#include <stdlib.h>

/* Decoded blocks that are kept, at 20 kB each: a sheet of the reference workload has 26. */
#define DECODERS_KEPT 32
#define NO_BLOCK SIZE_MAX
#define LINES_NEAR (2 * SEGMENT_BLOCK_BINDINGS_LONG / 64 + 1) /* of each block: its ports */

struct listed_block {
        struct block_entry entry;
        bool is_open;
        struct kept_decoder *kept; /* NULL where nothing of it is decoded */
        struct block_scan scan;    /* where is_open */
};

struct kept_decoder {
        size_t block; /* whose rows they are, NO_BLOCK where nobody's */
        struct block_decoder decoder;
};

struct sheet_memory {
        bool is_open;
        struct reading reading;
        struct listed_block *blocks; /* of the directory, as far as it was read; owned */
        size_t count, capacity;
        bool all_listed;
        struct kept_decoder *decoders[DECODERS_KEPT]; /* owned */
        unsigned next;                                /* the decoder that is given away next */
};

struct sheet_memory *sheet_memory_new(void)
{
        return calloc(1, sizeof(struct sheet_memory));
}

static void forget(struct sheet_memory *memory)
{
        if (memory->is_open)
                reading_close(&memory->reading);
        memory->is_open = memory->all_listed = false;
        memory->count = 0;
        memory->next = 0;
        for (unsigned i = 0; i < DECODERS_KEPT && memory->decoders[i]; i++)
                memory->decoders[i]->block = NO_BLOCK;
}

void sheet_memory_free(struct sheet_memory *memory)
{
        if (!memory)
                return;
        forget(memory);
        for (unsigned i = 0; i < DECODERS_KEPT; i++)
                free(memory->decoders[i]);
        free(memory->blocks);
        free(memory);
}

/* The blocks of the directory, so that the beginnings of their ports come near while the first is looked at:
 * one waits for memory once and not a dozen times. 0, -ENOMEM or -EBADMSG, with those listed that stand
 * before. */
static int list_blocks(struct sheet_memory *memory)
{
        const struct frame *frame = &memory->reading.reader->frame;
        const uint8_t *verified = memory->reading.reader->verified;
        struct block_entry entry;
        int next;

        while ((next = sheet_head_next(&memory->reading.head, &entry)) > 0) {
                if (memory->count == memory->capacity) {
                        size_t capacity = memory->capacity ? memory->capacity * 2 : 16;
                        struct listed_block *blocks = realloc(memory->blocks, capacity * sizeof *blocks);
                        if (!blocks)
                                return -ENOMEM;
                        memory->blocks = blocks;
                        memory->capacity = capacity;
                }
                struct listed_block *block = &memory->blocks[memory->count++];
                block->entry = entry;
                block->is_open = false;
                block->kept = NULL;
                if (entry.offset >= frame->body_end)
                        continue; /* it is refused when it is opened */
                if (verified)
                        __builtin_prefetch(&verified[entry.offset / 8]);
                for (unsigned line = 0; line < LINES_NEAR && 64 * line < entry.scan_length; line++)
                        __builtin_prefetch(frame->bytes + entry.offset + 64 * line);
        }
        memory->all_listed = next == 0;
        return next;
}

/* A decoder for the block, taken from the block that got one longest ago. */
static int give_decoder(struct sheet_memory *memory, size_t block)
{
        struct kept_decoder **place = &memory->decoders[memory->next];

        if (!*place) {
                *place = malloc(sizeof **place);
                if (!*place)
                        return -ENOMEM;
                (*place)->block = NO_BLOCK;
        }
        if ((*place)->block != NO_BLOCK)
                memory->blocks[(*place)->block].kept = NULL;
        (*place)->block = block;
        block_decoder_begin(&(*place)->decoder);
        memory->blocks[block].kept = *place;
        memory->next = (memory->next + 1) % DECODERS_KEPT;
        return 0;
}

static int look_at(struct sheet_memory *memory, size_t number, const struct selection *selection)
{
        struct listed_block *block = &memory->blocks[number];
        uint64_t hits[HIT_WORDS];
        int r = 0;

        unsigned last = block_find_port(&block->scan, block->entry.count, (uint16_t)selection->port, hits);
        if (last == 0)
                return 0;
        if (!block->kept)
                r = give_decoder(memory, number);
        if (r < 0)
                return r;
        struct block_decoder *decoder = &block->kept->decoder;
        r = reading_decode(&memory->reading, decoder, selection, &block->entry, &block->scan, hits, last);
        return r <= 0 ? r
                      : reading_emit(&memory->reading, decoder, selection, &block->entry, &block->scan, hits,
                                (unsigned)r, (uint64_t)number * memory->reading.head.block_bindings);
}

/* Looks at the blocks in their order. *ret_block: the one that the result speaks of. */
static int look_at_all(struct sheet_memory *memory, const struct selection *selection, int *ret_block)
{
        int listed = memory->all_listed ? 0 : list_blocks(memory), r = 0;

        for (size_t i = 0; i < memory->count && r == 0; i++) {
                struct listed_block *block = &memory->blocks[i];
                *ret_block = (int)i;
                if (!block->is_open)
                        r = reading_open_scan(&memory->reading, &block->entry, &block->scan);
                block->is_open = r == 0;
                if (r == 0)
                        r = look_at(memory, i, selection);
        }
        if (r == 0 && listed == -EBADMSG)
                return reading_damaged(&memory->reading, "its directory contradicts itself");
        return r < 0 ? r : listed;
}

int sheet_lookup(const struct segment_reader *reader, uint32_t sheet, const struct selection *selection,
        struct error *error)
{
        struct sheet_memory *memory = reader->memory;
        int block = -1, r = 0;

        if (!memory->is_open || memory->reading.sheet != sheet) {
                forget(memory);
                r = reading_open(&memory->reading, reader, sheet);
                memory->is_open = true;
        }
        if (r == 0)
                r = look_at_all(memory, selection, &block);
        if (r < 0) {
                r = reading_explain(&memory->reading, block, r, error);
                forget(memory); /* nothing that was found damaged is built upon */
        }
        return r;
}
