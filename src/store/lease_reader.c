/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/lease_block.h"

#include <stdlib.h>

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
        if (r == 0) {
                reader->kept = lease_blocks_new();
                r = reader->kept ? 0 : -ENOMEM;
        }
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
        lease_blocks_free(reader->kept);
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

        lease_block_seek(block, prefix);
        while ((next = lease_block_next(reader, block)) > 0) {
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
        int64_t to, struct lease_list *ret, struct error *error)
{
        for (uint32_t number = first_block_for(reader, prefix); number < reader->block_count; number++) {
                const char *what = NULL;
                struct prefix first = first_of_block(reader, number);
                struct lease_block *block;
                if (lease_prefix_compare(&first, prefix) > 0)
                        return 0;
                int r = lease_block_kept(reader, number, &block, &what);
                if (r == 0) {
                        what = "its rows contradict themselves";
                        r = query_block(reader, block, prefix, from, to, ret);
                }
                if (r < 0)
                        lease_block_forget(reader, number);
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
        struct address wanted = *address; /* it may stand in the list that grows here */
        int r = 0;

        /* From the longest prefix to the shortest; only lengths that occur cost a search. */
        for (int length = 128; length >= 0 && r == 0; length--) {
                if (!(reader->lengths[length / 64] >> length % 64 & 1))
                        continue;
                struct prefix prefix = prefix_of(&wanted, (unsigned)length);
                r = query_prefix(reader, &prefix, from, to, ret, error);
        }
        return r;
}

static int read_all(const struct lease_reader *reader, struct lease_list *list, struct lease_heap *heap,
        struct error *error)
{
        struct lease_block *block = lease_block_new();
        int r = block ? 0 : -ENOMEM;

        for (uint32_t number = 0; number < reader->block_count && r == 0; number++) {
                const char *what;
                int next = 0;
                r = lease_block_unpack(reader, number, block, &what);
                while (r == 0 && (next = lease_block_next(reader, block)) > 0)
                        r = heap ? lease_heap_add(heap, &block->row) : lease_list_append(list, &block->row);
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

int lease_read_all(const struct lease_reader *reader, struct lease_list *ret, struct error *error)
{
        return read_all(reader, ret, NULL, error);
}

int lease_read_heap(const struct lease_reader *reader, struct lease_heap *ret, struct error *error)
{
        return read_all(reader, NULL, ret, error);
}

/* ---- verification ---- */

static const char *verify_block(const struct lease_reader *reader, uint32_t number, struct lease_block *block)
{
        struct prefix last = first_of_block(reader, number);
        const char *what;
        int next;

        if (lease_block_unpack(reader, number, block, &what) < 0)
                return what;
        for (bool begun = false; (next = lease_block_next(reader, block)) > 0; begun = true) {
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
