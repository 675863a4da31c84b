/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/checksum.h"
#include "store/entropy.h"
#include "store/lease_format.h"

#include <stdlib.h>

#include <zstd.h>

struct lease_reader {
        char *name; /* owned */
        struct frame frame;
        uint64_t count;
        int64_t heard_until_ms;
        uint64_t lengths[3];  /* bit set of prefix lengths that occur */
        const uint8_t *index; /* borrowed */
        uint32_t block_count;
};

/* One block, unpacked. */
struct lease_block {
        ZSTD_DCtx *zstd; /* owned */
        struct cursor rows;
        unsigned left;
        struct lease row; /* the last one read; the next continues from its address */
        uint8_t bytes[LEASE_BLOCK_MAX];
};

/* ---- opening ---- */

static int open_sections(struct lease_reader *reader, struct error *error)
{
        struct cursor summary = reader->frame.sections[LEASE_SECTION_SUMMARY];
        struct cursor index = reader->frame.sections[LEASE_SECTION_INDEX];

        reader->count = cursor_le64(&summary);
        reader->heard_until_ms = (int64_t)cursor_le64(&summary);
        reader->lengths[0] = cursor_le64(&summary);
        reader->lengths[1] = cursor_le64(&summary);
        reader->lengths[2] = cursor_le32(&summary);
        uint64_t blocks = (reader->count + LEASE_BLOCK_ROWS - 1) / LEASE_BLOCK_ROWS;
        if (summary.overrun || cursor_left(&summary) || reader->lengths[2] > 1 || blocks > UINT32_MAX ||
                cursor_left(&index) != blocks * LEASE_INDEX_ENTRY_LENGTH)
                return error_set(error, -EBADMSG,
                        "%s: its sections contradict each other; restore it from a copy", reader->name);
        reader->index = index.at;
        reader->block_count = (uint32_t)blocks;
        return 0;
}

int lease_reader_new(const void *bytes, size_t length, const char *name, struct lease_reader **ret_reader,
        struct error *error)
{
        struct lease_reader *reader = calloc(1, sizeof *reader);
        int r = -ENOMEM;

        if (reader)
                reader->name = strdup(name);
        if (reader && reader->name)
                r = frame_open(bytes, length, name, LEASE_MAGIC, LEASE_SECTION_COUNT, &reader->frame, error);
        if (r == 0)
                r = open_sections(reader, error);
        if (r < 0) {
                lease_reader_free(reader);
                return r == -ENOMEM ? error_set(error, r, "%s: out of memory", name) : r;
        }
        *ret_reader = reader;
        return 0;
}

void lease_reader_free(struct lease_reader *reader)
{
        if (!reader)
                return;
        free(reader->name);
        free(reader);
}

const struct segment_header *lease_header_of(const struct lease_reader *reader)
{
        return &reader->frame.header;
}

uint64_t lease_reader_count(const struct lease_reader *reader)
{
        return reader->count;
}

int64_t lease_heard_until(const struct lease_reader *reader)
{
        return lease_log_is_torn(reader) ? TIME_UNKNOWN : reader->heard_until_ms;
}

bool lease_log_is_torn(const struct lease_reader *reader)
{
        return reader->heard_until_ms == LEASE_LOG_TORN;
}

/* ---- one block ---- */

static int damaged(const struct lease_reader *reader, uint32_t number, const char *what, struct error *error)
{
        return error_set(error, -EBADMSG,
                "%s: block %u of leases is damaged: %s; restore this file from a copy, other blocks are not "
                "affected",
                reader->name, (unsigned)number, what);
}

static struct lease_block *lease_block_new(void)
{
        struct lease_block *block = malloc(sizeof *block);

        if (block && !(block->zstd = ZSTD_createDCtx())) {
                free(block);
                return NULL;
        }
        return block;
}

static void lease_block_free(struct lease_block *block)
{
        if (block)
                ZSTD_freeDCtx(block->zstd);
        free(block);
}

/* 0 or -EBADMSG with *ret_what. */
static int unpack_block(
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
                rows != (left < LEASE_BLOCK_ROWS ? left : LEASE_BLOCK_ROWS) || unpacked > sizeof block->bytes)
                return -EBADMSG;
        const uint8_t *packed = reader->frame.bytes + offset;
        *ret_what = "its checksum is wrong";
        if (!frame_checksum_is(packed, (size_t)length, sum, UINT32_MAX))
                return -EBADMSG;
        *ret_what = "it cannot be unpacked";
        if (ZSTD_decompressDCtx(block->zstd, block->bytes, unpacked, packed, (size_t)length) != unpacked)
                return -EBADMSG;
        block->rows = cursor_over(block->bytes, unpacked);
        block->left = rows;
        memset(&block->row, 0, sizeof block->row);
        return 0;
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

/* The next row into block->row: 1, 0 after the last one, or -EBADMSG. */
static int next_row(const struct lease_reader *reader, struct lease_block *block)
{
        struct cursor *cursor = &block->rows;
        struct lease_event *is = &block->row.is;
        int64_t window_from = reader->frame.header.window_from;

        if (block->left == 0)
                return cursor_left(cursor) ? -EBADMSG : 0;
        block->left--;
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
        return 1;
}

/* ---- questions ---- */

static struct prefix first_of_block(const struct lease_reader *reader, uint32_t number)
{
        const uint8_t *entry = reader->index + (size_t)number * LEASE_INDEX_ENTRY_LENGTH;
        return (struct prefix){address_from_ipv6(entry), entry[16]};
}

/* The first block that can hold the prefix: the last one that begins before it, since equal ones may reach
 * back. */
static uint32_t first_block_for(const struct lease_reader *reader, const struct prefix *prefix)
{
        uint32_t low = 0, high = reader->block_count;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                struct prefix first = first_of_block(reader, middle);
                if (lease_prefix_compare(&first, prefix) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low > 0 ? low - 1 : 0;
}

/* An edge that is only a sighting does not bound: the lease may have begun earlier (also where it had begun
 * "by" then) and gone on later. */
static bool touches(const struct lease *lease, int64_t from, int64_t to)
{
        const struct lease_event *is = &lease->is;
        bool begins = is->from_edge == EDGE_OBSERVED;
        bool ends = is->to_edge == EDGE_OBSERVED || is->to_edge == EDGE_BOUND || is->to_edge == EDGE_REUSED;

        return (!begins || is->from_ms == TIME_UNKNOWN || is->from_ms <= to) &&
               (!ends || is->to_ms == TIME_UNKNOWN || is->to_ms >= from);
}

/* Appends the block's leases of exactly this prefix. Returns 1 where the next block may have more, 0 where
 * not. */
static int query_block(const struct lease_reader *reader, struct lease_block *block,
        const struct prefix *prefix, int64_t from, int64_t to, struct lease_list *ret)
{
        int next;

        while ((next = next_row(reader, block)) > 0) {
                int order = lease_prefix_compare(&block->row.is.prefix, prefix);
                if (order > 0)
                        return 0;
                if (order == 0 && touches(&block->row, from, to)) {
                        int r = lease_list_append(ret, &block->row);
                        if (r < 0)
                                return r;
                }
        }
        return next < 0 ? next : 1;
}

static int query_prefix(const struct lease_reader *reader, const struct prefix *prefix, int64_t from,
        int64_t to, struct lease_block *block, struct lease_list *ret, struct error *error)
{
        for (uint32_t number = first_block_for(reader, prefix); number < reader->block_count; number++) {
                const char *what = "its rows contradict themselves";
                struct prefix first = first_of_block(reader, number);
                if (lease_prefix_compare(&first, prefix) > 0)
                        return 0;
                int r = unpack_block(reader, number, block, &what);
                if (r == 0) {
                        what = "its rows contradict themselves";
                        r = query_block(reader, block, prefix, from, to, ret);
                }
                if (r == -EBADMSG)
                        return damaged(reader, number, what, error);
                if (r <= 0)
                        return r < 0 ? error_set(error, r, "%s: out of memory", reader->name) : 0;
        }
        return 0;
}

int lease_query(const struct lease_reader *reader, const struct address *address, int64_t from, int64_t to,
        struct lease_list *ret, struct error *error)
{
        struct lease_block *block = lease_block_new();
        struct address wanted = *address; /* it may stand in the list that grows here */
        int r = block ? 0 : error_set(error, -ENOMEM, "%s: out of memory", reader->name);

        /* From the longest prefix to the shortest; only lengths that occur cost a search. */
        for (int length = 128; length >= 0 && r == 0; length--) {
                if (!(reader->lengths[length / 64] >> length % 64 & 1))
                        continue;
                struct prefix prefix = prefix_of(&wanted, (unsigned)length);
                r = query_prefix(reader, &prefix, from, to, block, ret, error);
        }
        lease_block_free(block);
        return r;
}

int lease_read_all(const struct lease_reader *reader, struct lease_list *ret, struct error *error)
{
        struct lease_block *block = lease_block_new();
        int r = block ? 0 : -ENOMEM;

        for (uint32_t number = 0; number < reader->block_count && r == 0; number++) {
                const char *what;
                int next = 0;
                r = unpack_block(reader, number, block, &what);
                while (r == 0 && (next = next_row(reader, block)) > 0)
                        r = lease_list_append(ret, &block->row);
                if (next < 0) {
                        what = "its rows contradict themselves";
                        r = next;
                }
                if (r == -EBADMSG)
                        r = damaged(reader, number, what, error);
        }
        lease_block_free(block);
        return r == -ENOMEM ? error_set(error, r, "%s: out of memory", reader->name) : r;
}

/* ---- verification ---- */

static const char *verify_block(const struct lease_reader *reader, uint32_t number, struct lease_block *block)
{
        struct prefix last = first_of_block(reader, number);
        const char *what;
        int next;

        if (unpack_block(reader, number, block, &what) < 0)
                return what;
        for (bool begun = false; (next = next_row(reader, block)) > 0; begun = true) {
                const struct prefix *prefix = &block->row.is.prefix;
                int order = lease_prefix_compare(prefix, &last);
                if (order < 0 || (!begun && order != 0))
                        return "its leases are not in the order that the index says";
                if (!(reader->lengths[prefix->length / 64] >> prefix->length % 64 & 1))
                        return "it holds a prefix length that the summary does not know";
                last = *prefix;
        }
        return next < 0 ? "its rows contradict themselves" : NULL;
}

int lease_segment_verify(const struct lease_reader *reader,
        void (*bad)(void *context, uint32_t sheet, uint32_t block, const char *reason), void *context)
{
        struct lease_block *block = lease_block_new();
        int damaged_blocks = 0;

        if (!block)
                return -ENOMEM;
        for (uint32_t number = 0; number < reader->block_count; number++) {
                const char *what = verify_block(reader, number, block);
                if (!what)
                        continue;
                bad(context, 0, number, what);
                damaged_blocks++;
        }
        lease_block_free(block);
        return damaged_blocks;
}
