/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/checksum.h"
#include "store/plan_format.h"
#include "store/segment_tables.h"

#include <stdlib.h>

#include <zstd.h>

struct plan_reader {
        char *name; /* owned */
        struct frame frame;
        struct plan_summary summary;
        char (*names)[SEGMENT_EXPORTER_NAME_MAX]; /* owned */
        unsigned name_count;
        const uint8_t *index; /* borrowed */
        uint32_t block_count;
};

/* One block, unpacked. */
struct plan_block {
        ZSTD_DCtx *zstd; /* owned */
        struct cursor rows;
        unsigned left;
        struct plan_entry row; /* the last one read; the next continues from it */
        uint8_t bytes[PLAN_BLOCK_MAX];
};

/* ---- opening ---- */

static int open_sections(struct plan_reader *reader, struct error *error)
{
        struct cursor summary = reader->frame.sections[PLAN_SECTION_SUMMARY];
        struct cursor index = reader->frame.sections[PLAN_SECTION_INDEX];
        struct plan_summary *s = &reader->summary;

        s->rows = cursor_le64(&summary);
        s->addresses = cursor_le32(&summary);
        s->disputed = cursor_le32(&summary);
        s->incomplete = cursor_le32(&summary);
        s->from_ms = (int64_t)cursor_le64(&summary);
        s->until_ms = (int64_t)cursor_le64(&summary);
        uint64_t blocks = s->rows / PLAN_BLOCK_ROWS + (s->rows % PLAN_BLOCK_ROWS > 0);
        int r = exporters_read(
                reader->frame.sections[PLAN_SECTION_NAMES], &reader->names, &reader->name_count);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || summary.overrun || cursor_left(&summary) || blocks > UINT32_MAX ||
                cursor_left(&index) != blocks * PLAN_INDEX_ENTRY_LENGTH)
                return error_set(error, -EBADMSG,
                        "%s: its sections contradict each other; restore it from a copy", reader->name);
        reader->index = index.at;
        reader->block_count = (uint32_t)blocks;
        return 0;
}

int plan_reader_new(const void *bytes, size_t length, const char *name, struct plan_reader **ret_reader,
        struct error *error)
{
        struct plan_reader *reader = calloc(1, sizeof *reader);
        int r = -ENOMEM;

        if (reader)
                reader->name = strdup(name);
        if (reader && reader->name)
                r = frame_open(bytes, length, name, PLAN_MAGIC, PLAN_SECTION_COUNT, &reader->frame, error);
        if (r == 0)
                r = open_sections(reader, error);
        if (r < 0) {
                plan_reader_free(reader);
                return r == -ENOMEM ? error_set(error, r, "%s: out of memory", name) : r;
        }
        *ret_reader = reader;
        return 0;
}

void plan_reader_free(struct plan_reader *reader)
{
        if (!reader)
                return;
        free(reader->name);
        free(reader->names);
        free(reader);
}

const struct segment_header *plan_header_of(const struct plan_reader *reader)
{
        return &reader->frame.header;
}

struct plan_summary plan_summary_of(const struct plan_reader *reader)
{
        return reader->summary;
}

unsigned plan_name_count(const struct plan_reader *reader)
{
        return reader->name_count;
}

const char *plan_name(const struct plan_reader *reader, unsigned number)
{
        return number < reader->name_count ? reader->names[number] : NULL;
}

/* ---- one block ---- */

static int damaged(const struct plan_reader *reader, uint32_t number, const char *what, struct error *error)
{
        return error_set(error, -EBADMSG,
                "%s: block %u of the plan is damaged: %s; restore this file from a copy or import the plan "
                "again "
                "into a new store",
                reader->name, (unsigned)number, what);
}

static struct plan_block *plan_block_new(void)
{
        struct plan_block *block = malloc(sizeof *block);

        if (block && !(block->zstd = ZSTD_createDCtx())) {
                free(block);
                return NULL;
        }
        return block;
}

static void plan_block_free(struct plan_block *block)
{
        if (block)
                ZSTD_freeDCtx(block->zstd);
        free(block);
}

static uint32_t first_of_block(const struct plan_reader *reader, uint32_t number)
{
        struct cursor entry = cursor_over(reader->index + (size_t)number * PLAN_INDEX_ENTRY_LENGTH, 4);
        return cursor_le32(&entry);
}

/* 0 or -EBADMSG with *ret_what. */
static int unpack_block(
        const struct plan_reader *reader, uint32_t number, struct plan_block *block, const char **ret_what)
{
        struct cursor entry = cursor_over(
                reader->index + (size_t)number * PLAN_INDEX_ENTRY_LENGTH, PLAN_INDEX_ENTRY_LENGTH);

        memset(&block->row, 0, sizeof block->row);
        block->row.row.outside = cursor_le32(&entry);
        uint64_t offset = cursor_le(&entry, 5), length = cursor_le(&entry, 3);
        unsigned rows = cursor_u8(&entry) + 1u;
        size_t unpacked = cursor_le16(&entry);
        uint32_t sum = cursor_le32(&entry);
        uint64_t left = reader->summary.rows - (uint64_t)number * PLAN_BLOCK_ROWS;
        *ret_what = "its entry in the index contradicts the file";
        if (offset < HEADER_LENGTH || offset > reader->frame.body_end ||
                length > reader->frame.body_end - offset ||
                rows != (left < PLAN_BLOCK_ROWS ? left : PLAN_BLOCK_ROWS) || unpacked > sizeof block->bytes)
                return -EBADMSG;
        const uint8_t *packed = reader->frame.bytes + offset;
        *ret_what = "its checksum is wrong";
        if (!frame_checksum_is(packed, (size_t)length, sum, UINT32_MAX))
                return -EBADMSG;
        *ret_what = "it cannot be unpacked";
        if (ZSTD_decompressDCtx(block->zstd, block->bytes, unpacked, packed, (size_t)length) != unpacked)
                return -EBADMSG;
        *ret_what = "its rows contradict themselves";
        block->rows = cursor_over(block->bytes, unpacked);
        block->left = rows;
        return 0;
}

static uint64_t take_difference(struct cursor *cursor, uint64_t before)
{
        return before + unzigzag(cursor_varint(cursor));
}

/* Any number that is too large is none. */
static uint32_t take_number(struct cursor *cursor, uint32_t most)
{
        uint64_t value = cursor_varint(cursor);

        if (value > most)
                cursor_take(cursor, SIZE_MAX);
        return value > most ? 0 : (uint32_t)value;
}

static void take_times(struct cursor *cursor, unsigned flags, struct plan_entry *entry)
{
        uint64_t from = take_difference(cursor, (uint64_t)entry->row.from_ms);

        entry->row.from_ms = (int64_t)from;
        entry->until_ms = entry->row.to_ms = TIME_UNKNOWN;
        if (from >= (uint64_t)TIME_LIMIT)
                cursor_take(cursor, SIZE_MAX);
        if (!(flags & (PLAN_ROW_HAS_END | PLAN_ROW_HAS_NEXT)))
                return;
        uint64_t length = cursor_varint(cursor);
        if (length == 0 || length > INT64_MAX / 2) {
                cursor_take(cursor, SIZE_MAX);
                return;
        }
        entry->until_ms = entry->row.from_ms + (int64_t)length;
        if (flags & PLAN_ROW_HAS_END)
                entry->row.to_ms = entry->until_ms;
}

static void take_ports(struct cursor *cursor, unsigned flags, struct plan_row *row)
{
        uint64_t first = take_difference(cursor, row->port_last);
        uint32_t width = take_number(cursor, UINT16_MAX);

        if (first > UINT16_MAX || first + width > UINT16_MAX) {
                cursor_take(cursor, SIZE_MAX);
                return;
        }
        row->port_first = (uint16_t)first;
        row->port_last = (uint16_t)(first + width);
        row->repeat_every = flags & PLAN_ROW_REPEATS ? (uint16_t)take_number(cursor, UINT16_MAX) : 0;
        row->repeat_count = flags & PLAN_ROW_REPEATS ? (uint16_t)take_number(cursor, UINT16_MAX) : 1;
}

/* The next row into block->row: 1, 0 after the last one, or -EBADMSG. */
static int next_row(const struct plan_reader *reader, struct plan_block *block)
{
        struct cursor *cursor = &block->rows;
        struct plan_entry *entry = &block->row;
        struct plan_row *row = &entry->row;

        if (block->left == 0)
                return cursor_left(cursor) ? -EBADMSG : 0;
        block->left--;
        unsigned flags = cursor_u8(cursor);
        uint64_t outside = row->outside + (uint64_t)take_number(cursor, UINT32_MAX);
        if (flags & ~(unsigned)PLAN_ROW_FLAGS_KNOWN || outside > UINT32_MAX)
                return -EBADMSG;
        row->outside = (uint32_t)outside;
        entry->marks = (uint8_t)((flags & PLAN_ROW_DISPUTED ? PLAN_DISPUTED : 0) |
                                 (flags & PLAN_ROW_INCOMPLETE ? PLAN_INCOMPLETE : 0));
        row->is_dynamic = flags & PLAN_ROW_DYNAMIC;
        take_times(cursor, flags, entry);
        take_ports(cursor, flags, row);
        row->protocol = cursor_u8(cursor);
        for (unsigned half = 0; half < 2; half++)
                plan_set_half(&row->inside.address, half,
                        take_difference(cursor, plan_half(&row->inside.address, half)));
        row->inside.length = cursor_u8(cursor);
        row->vrf = take_number(cursor, UINT32_MAX);
        entry->exporter = (uint16_t)take_number(cursor, UINT16_MAX);
        if (cursor->overrun || entry->exporter >= reader->name_count || plan_row_check(row, NULL) < 0)
                return -EBADMSG;
        return 1;
}

/* ---- reading ---- */

/* The first block that can hold the address: the last one that begins before it, since equal ones may reach
 * back. */
static uint32_t first_block_for(const struct plan_reader *reader, uint32_t outside)
{
        uint32_t low = 0, high = reader->block_count;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if (first_of_block(reader, middle) < outside)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low > 0 ? low - 1 : 0;
}

struct reading {
        const struct plan_reader *reader;
        struct plan_block *block;
        int (*take)(void *context, const struct plan_entry *entry, uint32_t number);
        void *context;
        uint32_t outside, number; /* of the row handed out last, and of the next within its address */
};

static int read_block(struct reading *reading, uint32_t number, struct error *error)
{
        const char *what;
        int next = 0, r = unpack_block(reading->reader, number, reading->block, &what);

        while (r == 0 && (next = next_row(reading->reader, reading->block)) > 0) {
                const struct plan_entry *entry = &reading->block->row;
                if (entry->row.outside != reading->outside)
                        reading->number = 0;
                reading->outside = entry->row.outside;
                r = reading->take(reading->context, entry, reading->number++);
        }
        if (next < 0)
                r = next;
        return r == -EBADMSG ? damaged(reading->reader, number, what, error) : r;
}

int plan_read_each(const struct plan_reader *reader,
        int (*take)(void *context, const struct plan_entry *entry, uint32_t number), void *context,
        struct error *error)
{
        struct reading reading = {
                .reader = reader, .block = plan_block_new(), .take = take, .context = context};
        int r = reading.block ? 0 : error_set(error, -ENOMEM, "%s: out of memory", reader->name);

        for (uint32_t number = 0; number < reader->block_count && r == 0; number++)
                r = read_block(&reading, number, error);
        plan_block_free(reading.block);
        return r;
}

struct wanted {
        uint32_t outside;
        struct plan_list *list;
};

static int take_wanted(void *context, const struct plan_entry *entry, uint32_t number)
{
        struct wanted *wanted = context;

        (void)number;
        return entry->row.outside == wanted->outside ? plan_list_append(wanted->list, entry) : 0;
}

int plan_query(const struct plan_reader *reader, uint32_t outside, struct plan_list *ret, struct error *error)
{
        struct wanted wanted = {.outside = outside, .list = ret};
        struct reading reading = {
                .reader = reader, .block = plan_block_new(), .take = take_wanted, .context = &wanted};
        int r = reading.block ? 0 : -ENOMEM;

        for (uint32_t number = first_block_for(reader, outside); number < reader->block_count && r == 0;
                number++) {
                if (first_of_block(reader, number) > outside)
                        break;
                r = read_block(&reading, number, error);
        }
        plan_block_free(reading.block);
        return r == -ENOMEM ? error_set(error, r, "%s: out of memory", reader->name) : r;
}

/* ---- verification ---- */

static const char *verify_block(const struct plan_reader *reader, uint32_t number, struct plan_block *block,
        struct plan_entry *last, bool *begun)
{
        const char *what;
        int next;

        if (unpack_block(reader, number, block, &what) < 0)
                return what;
        for (bool first = true; (next = next_row(reader, block)) > 0; first = false) {
                if ((first && block->row.row.outside != first_of_block(reader, number)) ||
                        (*begun && plan_entry_compare(last, &block->row) >= 0))
                        return "its rows are not in the order that the index says";
                *last = block->row;
                *begun = true;
        }
        return next < 0 ? "its rows contradict themselves" : NULL;
}

int plan_segment_verify(const struct plan_reader *reader,
        void (*bad)(void *context, uint32_t sheet, uint32_t block, const char *reason), void *context)
{
        struct plan_block *block = plan_block_new();
        struct plan_entry last = {0};
        bool begun = false;
        int damaged_blocks = 0;

        if (!block)
                return -ENOMEM;
        for (uint32_t number = 0; number < reader->block_count; number++) {
                const char *what = verify_block(reader, number, block, &last, &begun);
                if (!what)
                        continue;
                bad(context, 0, number, what);
                damaged_blocks++;
        }
        plan_block_free(block);
        return damaged_blocks;
}
