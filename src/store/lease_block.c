/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/lease_block.h"

#include "store/entropy.h"

#include <stdlib.h>

#include <zstd.h>

/* Blocks that are kept, at 4 kB each; each has one place where it may stand. */
#define BLOCKS_KEPT 512u

struct lease_blocks {
        ZSTD_DCtx *zstd;                     /* owned; making one costs more than a question */
        struct lease_block *at[BLOCKS_KEPT]; /* owned */
};

struct lease_blocks *lease_blocks_new(void)
{
        return calloc(1, sizeof(struct lease_blocks));
}

void lease_blocks_free(struct lease_blocks *blocks)
{
        if (!blocks)
                return;
        ZSTD_freeDCtx(blocks->zstd);
        for (unsigned i = 0; i < BLOCKS_KEPT; i++)
                lease_block_free(blocks->at[i]);
        free(blocks);
}

struct lease_block *lease_block_new(void)
{
        return calloc(1, sizeof(struct lease_block));
}

void lease_block_free(struct lease_block *block)
{
        if (block)
                free(block->bytes);
        free(block);
}

/* ---- unpacking ---- */

static int make_room(const struct lease_reader *reader, struct lease_block *block, size_t length)
{
        if (!reader->kept->zstd && !(reader->kept->zstd = ZSTD_createDCtx()))
                return -ENOMEM;
        if (block->capacity >= length && block->bytes)
                return 0;
        uint8_t *bytes = realloc(block->bytes, length + 1);
        if (!bytes)
                return -ENOMEM;
        block->bytes = bytes;
        block->capacity = length;
        return 0;
}

int lease_block_unpack(
        const struct lease_reader *reader, uint32_t number, struct lease_block *block, const char **ret_what)
{
        struct cursor entry = cursor_over(
                reader->index + (size_t)number * LEASE_INDEX_ENTRY_LENGTH, LEASE_INDEX_ENTRY_LENGTH);

        cursor_skip(&entry, 17);
        uint64_t offset = cursor_le(&entry, 5), length = cursor_le(&entry, 3);
        unsigned rows = cursor_u8(&entry) + 1u;
        size_t unpacked = cursor_le16(&entry);
        uint32_t sum = cursor_le32(&entry);
        uint64_t before = (uint64_t)number * LEASE_BLOCK_ROWS, left = reader->count - before;
        *ret_what = "its entry in the index contradicts the file";
        if (offset < HEADER_LENGTH || offset > reader->frame.body_end ||
                length > reader->frame.body_end - offset ||
                rows != (left < LEASE_BLOCK_ROWS ? left : LEASE_BLOCK_ROWS) || unpacked > LEASE_BLOCK_MAX)
                return -EBADMSG;
        const uint8_t *packed = reader->frame.bytes + offset;
        *ret_what = "its checksum is wrong";
        if (!frame_checksum_is(packed, (size_t)length, sum, UINT32_MAX))
                return -EBADMSG;
        *ret_what = "it cannot be unpacked";
        int r = make_room(reader, block, unpacked);
        if (r < 0)
                return r;
        if (ZSTD_decompressDCtx(reader->kept->zstd, block->bytes, unpacked, packed, (size_t)length) !=
                unpacked)
                return -EBADMSG;
        block->number = number;
        block->count = rows;
        block->length = unpacked;
        block->rows = cursor_over(block->bytes, unpacked);
        block->next = block->known = 0;
        block->places[0] = 0;
        memset(&block->row, 0, sizeof block->row);
        return 0;
}

int lease_block_kept(const struct lease_reader *reader, uint32_t number, struct lease_block **ret_block,
        const char **ret_what)
{
        struct lease_block **place = &reader->kept->at[number % BLOCKS_KEPT];
        int r = 0;

        if (!*place) {
                *place = lease_block_new();
                if (!*place)
                        return -ENOMEM;
                (*place)->number = UINT32_MAX; /* not yet unpacked: block_count is never so high */
        }
        if ((*place)->number != number)
                r = lease_block_unpack(reader, number, *place, ret_what);
        *ret_block = *place;
        return r;
}

void lease_block_forget(const struct lease_reader *reader, uint32_t number)
{
        struct lease_block **place = &reader->kept->at[number % BLOCKS_KEPT];

        lease_block_free(*place);
        *place = NULL;
}

/* ---- rows ---- */

void lease_block_seek(struct lease_block *block, const struct prefix *prefix)
{
        unsigned low = 0, high = block->known;

        while (low < high) {
                unsigned middle = low + (high - low) / 2;
                if (lease_prefix_compare(&block->prefixes[middle], prefix) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        block->next = low;
        block->rows = cursor_over(block->bytes + block->places[low], block->length - block->places[low]);
        block->row.is.prefix.address = low > 0 ? block->prefixes[low - 1].address : (struct address){0};
}

static int64_t take_time(struct cursor *cursor, int64_t window_from)
{
        uint64_t value = cursor_varint(cursor);
        return value == 0 ? TIME_UNKNOWN : (int64_t)((uint64_t)window_from + unzigzag(value - 1));
}

static bool take_subscriber(struct cursor *cursor, struct lease_event *is)
{
        size_t length = cursor_u8(cursor);
        const uint8_t *text = cursor_take(cursor, length);

        if (!text || length >= SUBSCRIBER_MAX || memchr(text, 0, length))
                return false;
        memcpy(is->subscriber, text, length);
        is->subscriber[length] = 0;
        return true;
}

int lease_block_next(const struct lease_reader *reader, struct lease_block *block)
{
        struct cursor *cursor = &block->rows;
        struct lease_event *is = &block->row.is;
        int64_t window_from = reader->frame.header.window_from;

        if (block->next == block->count)
                return cursor_left(cursor) ? -EBADMSG : 0;
        unsigned shared = cursor_u8(cursor);
        const uint8_t *tail = cursor_take(cursor, shared > 16 ? SIZE_MAX : 16 - shared);
        if (!tail)
                return -EBADMSG;
        memcpy(is->prefix.address.bytes + shared, tail, 16 - shared);
        is->prefix.length = cursor_u8(cursor);
        is->flags = cursor_u8(cursor);
        unsigned edges = cursor_u8(cursor);
        is->from_edge = (uint8_t)(edges >> 4);
        is->to_edge = edges & 15;
        uint64_t vrf = cursor_varint(cursor);
        is->vrf = (uint32_t)vrf;
        is->session = cursor_le64(cursor);
        is->from_ms = take_time(cursor, window_from);
        is->to_ms = take_time(cursor, window_from);
        block->row.seen_until_ms = take_time(cursor, window_from);
        if (!take_subscriber(cursor, is) || is->prefix.length > 128 || vrf > UINT32_MAX ||
                is->from_edge >= EDGE_COUNT || is->to_edge >= EDGE_COUNT)
                return -EBADMSG;
        if (block->next == block->known) {
                block->prefixes[block->known] = is->prefix;
                block->places[++block->known] = (uint32_t)(cursor->at - block->bytes);
        }
        block->next++;
        return 1;
}
