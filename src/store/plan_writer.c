/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/checksum.h"
#include "store/plan_format.h"
#include "store/segment_tables.h"

#include <zstd.h>

/* On blocks of a few kilobytes higher levels cost several times the time for a percent or two. */
#define COMPRESSION_LEVEL 3

struct plan_writer {
        struct frame_writer frame;
        ZSTD_CCtx *zstd;
        struct buffer rows, packed, index;
        struct plan_summary summary;
};

static void put_difference(struct buffer *out, uint64_t value, uint64_t before)
{
        buffer_append_varint(out, zigzag(value - before));
}

static uint8_t flags_of(const struct plan_entry *entry)
{
        unsigned flags = 0;

        flags |= entry->marks & PLAN_DISPUTED ? PLAN_ROW_DISPUTED : 0u;
        flags |= entry->marks & PLAN_INCOMPLETE ? PLAN_ROW_INCOMPLETE : 0u;
        flags |= entry->row.is_dynamic ? PLAN_ROW_DYNAMIC : 0u;
        flags |= entry->row.to_ms != TIME_UNKNOWN ? PLAN_ROW_HAS_END : 0u;
        flags |= entry->row.to_ms == TIME_UNKNOWN && entry->until_ms != TIME_UNKNOWN ? PLAN_ROW_HAS_NEXT : 0u;
        flags |= entry->row.repeat_count > 1 ? PLAN_ROW_REPEATS : 0u;
        return (uint8_t)flags;
}

static void put_row(struct buffer *out, const struct plan_entry *entry, const struct plan_entry *before)
{
        const struct plan_row *row = &entry->row, *last = &before->row;
        uint8_t flags = flags_of(entry);

        buffer_append_u8(out, flags);
        buffer_append_varint(out, row->outside - last->outside);
        put_difference(out, (uint64_t)row->from_ms, (uint64_t)last->from_ms);
        if (entry->until_ms != TIME_UNKNOWN)
                buffer_append_varint(out, (uint64_t)(entry->until_ms - row->from_ms));
        put_difference(out, row->port_first, last->port_last);
        buffer_append_varint(out, (uint64_t)(row->port_last - row->port_first));
        if (flags & PLAN_ROW_REPEATS) {
                buffer_append_varint(out, row->repeat_every);
                buffer_append_varint(out, row->repeat_count);
        }
        buffer_append_u8(out, row->protocol);
        for (unsigned half = 0; half < 2; half++)
                put_difference(
                        out, plan_half(&row->inside.address, half), plan_half(&last->inside.address, half));
        buffer_append_u8(out, row->inside.length);
        buffer_append_varint(out, row->vrf);
        buffer_append_varint(out, entry->exporter);
}

static int write_block(struct plan_writer *writer, const struct plan_entry *rows, size_t count)
{
        struct plan_entry before = {.row = {.outside = rows[0].row.outside}};

        buffer_clear(&writer->rows);
        buffer_clear(&writer->packed);
        for (size_t i = 0; i < count; before = rows[i++])
                put_row(&writer->rows, &rows[i], &before);
        if (writer->rows.failed ||
                buffer_reserve(&writer->packed, ZSTD_compressBound(writer->rows.length)) < 0)
                return -ENOMEM;
        size_t packed = ZSTD_compressCCtx(writer->zstd, writer->packed.bytes, writer->packed.capacity,
                writer->rows.bytes, writer->rows.length, COMPRESSION_LEVEL);
        if (ZSTD_isError(packed))
                return -ENOMEM;
        buffer_append_le(&writer->index, rows[0].row.outside, 4);
        buffer_append_le(&writer->index, writer->frame.offset, 5);
        buffer_append_le(&writer->index, packed, 3);
        buffer_append_u8(&writer->index, (uint8_t)(count - 1));
        buffer_append_le(&writer->index, writer->rows.length, 2);
        buffer_append_le(&writer->index, checksum(writer->packed.bytes, packed) & UINT32_MAX, 4);
        return writer->index.failed ? writer->index.failed
                                    : frame_write(&writer->frame, writer->packed.bytes, packed);
}

static void summarise(
        struct plan_summary *summary, const struct plan_entry *entry, const struct plan_entry *before)
{
        summary->addresses += !before || before->row.outside != entry->row.outside;
        summary->disputed += (entry->marks & PLAN_DISPUTED) != 0;
        summary->incomplete += (entry->marks & PLAN_INCOMPLETE) != 0;
        if (!before || entry->row.from_ms < summary->from_ms)
                summary->from_ms = entry->row.from_ms;
        if (!before)
                summary->until_ms = entry->until_ms;
        else if (entry->until_ms == TIME_UNKNOWN ||
                 (summary->until_ms != TIME_UNKNOWN && entry->until_ms > summary->until_ms))
                summary->until_ms = entry->until_ms;
        summary->rows++;
}

static const char *fault_of(const struct plan_entry *entry, const struct plan_entry *before, unsigned names)
{
        if (plan_row_check(&entry->row, NULL) < 0)
                return "a row that cannot be";
        if (entry->until_ms != TIME_UNKNOWN && entry->until_ms <= entry->row.from_ms)
                return "a row that ends before it begins";
        if (entry->row.to_ms != TIME_UNKNOWN && entry->row.to_ms != entry->until_ms)
                return "two ends";
        if (before && plan_entry_compare(before, entry) >= 0)
                return "a row out of order";
        return entry->exporter >= names ? "a plan without a name" : NULL;
}

static int write_blocks(
        struct plan_writer *writer, const struct plan_list *rows, unsigned names, struct error *error)
{
        for (size_t i = 0; i < rows->count; i++) {
                const struct plan_entry *before = i > 0 ? &rows->items[i - 1] : NULL;
                const char *fault = fault_of(&rows->items[i], before, names);
                if (fault)
                        return error_set(error, -EINVAL, "row %zu of the plan has %s", i, fault);
                summarise(&writer->summary, &rows->items[i], before);
        }
        for (size_t at = 0; at < rows->count; at += PLAN_BLOCK_ROWS) {
                size_t left = rows->count - at;
                int r = write_block(
                        writer, rows->items + at, left < PLAN_BLOCK_ROWS ? left : PLAN_BLOCK_ROWS);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int write_sections(struct plan_writer *writer, const char *const *names, unsigned name_count)
{
        struct buffer summary = buffer_make(PLAN_SUMMARY_LENGTH), listed = buffer_make(16u << 20);
        const struct plan_summary *s = &writer->summary;

        buffer_append_le(&summary, s->rows, 8);
        buffer_append_le(&summary, s->addresses, 4);
        buffer_append_le(&summary, s->disputed, 4);
        buffer_append_le(&summary, s->incomplete, 4);
        buffer_append_le(&summary, (uint64_t)s->from_ms, 8);
        buffer_append_le(&summary, (uint64_t)s->until_ms, 8);
        int r = exporters_write(names, name_count, &listed);
        if (r == 0)
                r = frame_write_section(&writer->frame, PLAN_SECTION_SUMMARY, &summary);
        if (r == 0)
                r = frame_write_section(&writer->frame, PLAN_SECTION_INDEX, &writer->index);
        if (r == 0)
                r = frame_write_section(&writer->frame, PLAN_SECTION_NAMES, &listed);
        buffer_free(&summary);
        buffer_free(&listed);
        return r < 0 ? r : frame_finish(&writer->frame);
}

int plan_segment_write(const struct segment_header *header, const struct plan_list *rows,
        const char *const *names, unsigned name_count, const struct segment_output *output,
        struct error *error)
{
        struct plan_writer writer = {
                .zstd = ZSTD_createCCtx(),
                .rows = buffer_make(PLAN_BLOCK_MAX),
                .packed = buffer_make(ZSTD_COMPRESSBOUND(PLAN_BLOCK_MAX)),
                .index = buffer_make(SIZE_MAX / 4),
                .summary = {.from_ms = TIME_UNKNOWN, .until_ms = TIME_UNKNOWN},
        };
        int r = writer.zstd ? frame_begin(&writer.frame, PLAN_MAGIC, header, output) : -ENOMEM;

        if (r == 0)
                r = write_blocks(&writer, rows, name_count, error);
        if (r == 0)
                r = write_sections(&writer, names, name_count);
        ZSTD_freeCCtx(writer.zstd);
        frame_free(&writer.frame);
        buffer_free(&writer.rows);
        buffer_free(&writer.packed);
        buffer_free(&writer.index);
        return r == -ENOMEM ? error_set(error, r, "out of memory while writing the plan") : r;
}
