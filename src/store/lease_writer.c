/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/checksum.h"
#include "store/lease_format.h"

#include <stdlib.h>

#include <zstd.h>

/* On blocks of a few kilobytes higher levels cost several times the time for a percent or two. */
#define COMPRESSION_LEVEL 3

struct lease_writer {
        struct frame_writer frame;
        ZSTD_CCtx *zstd;
        struct buffer rows, packed, index;
        uint64_t lengths[3]; /* bit set of prefix lengths that occur */
        int64_t window_from;
};

/* Times are written as distance from the window; an unknown one is kept apart by 0. */
static void put_time(struct buffer *out, int64_t time, int64_t window_from)
{
        if (time == TIME_UNKNOWN) {
                buffer_append_u8(out, 0);
                return;
        }
        buffer_append_varint(out, zigzag((uint64_t)time - (uint64_t)window_from) + 1);
}

static void put_row(struct lease_writer *writer, const struct lease *lease, const struct lease *before)
{
        struct buffer *out = &writer->rows;
        size_t length = strnlen(lease->is.subscriber, SUBSCRIBER_MAX - 1);
        unsigned shared = 0;

        while (before && shared < 16 &&
                lease->is.prefix.address.bytes[shared] == before->is.prefix.address.bytes[shared])
                shared++;
        buffer_append_u8(out, (uint8_t)shared);
        buffer_append(out, lease->is.prefix.address.bytes + shared, 16 - shared);
        buffer_append_u8(out, lease->is.prefix.length);
        buffer_append_u8(out, lease->is.flags);
        buffer_append_u8(out, (uint8_t)(lease->is.from_edge << 4 | lease->is.to_edge));
        buffer_append_varint(out, lease->is.vrf);
        buffer_append_le(out, lease->is.session, 8);
        put_time(out, lease->is.from_ms, writer->window_from);
        put_time(out, lease->is.to_ms, writer->window_from);
        put_time(out, lease->seen_until_ms, writer->window_from);
        buffer_append_u8(out, (uint8_t)length);
        buffer_append(out, lease->is.subscriber, length);
}

static int write_block(struct lease_writer *writer, struct lease *const *rows, size_t count)
{
        buffer_clear(&writer->rows);
        buffer_clear(&writer->packed);
        for (size_t i = 0; i < count; i++)
                put_row(writer, rows[i], i > 0 ? rows[i - 1] : NULL);
        if (writer->rows.failed ||
                buffer_reserve(&writer->packed, ZSTD_compressBound(writer->rows.length)) < 0)
                return -ENOMEM;
        size_t packed = ZSTD_compressCCtx(writer->zstd, writer->packed.bytes, writer->packed.capacity,
                writer->rows.bytes, writer->rows.length, COMPRESSION_LEVEL);
        if (ZSTD_isError(packed))
                return -ENOMEM;
        buffer_append(&writer->index, rows[0]->is.prefix.address.bytes, 16);
        buffer_append_u8(&writer->index, rows[0]->is.prefix.length);
        buffer_append_le(&writer->index, writer->frame.offset, 5);
        buffer_append_le(&writer->index, packed, 3);
        buffer_append_u8(&writer->index, (uint8_t)(count - 1));
        buffer_append_le(&writer->index, writer->rows.length, 2);
        buffer_append_le(&writer->index, checksum(writer->packed.bytes, packed) & UINT32_MAX, 4);
        return writer->index.failed ? writer->index.failed
                                    : frame_write(&writer->frame, writer->packed.bytes, packed);
}

/* Far beyond every calendar, and small enough that distances between two such times fit. */
static bool is_possible(int64_t time)
{
        return time == TIME_UNKNOWN || (time > -TIME_LIMIT && time < TIME_LIMIT);
}

static const char *fault_of(const struct lease *lease, const struct lease *before)
{
        const struct lease_event *is = &lease->is;
        struct prefix cut =
                prefix_of(&is->prefix.address, is->prefix.length <= 128 ? is->prefix.length : 128);

        if (is->prefix.length > 128 || address_compare(&cut.address, &is->prefix.address) != 0)
                return "a prefix with host bits set";
        if (before && lease_prefix_compare(&before->is.prefix, &is->prefix) > 0)
                return "a prefix out of order";
        if (is->from_edge >= EDGE_COUNT || is->to_edge >= EDGE_COUNT)
                return "an edge that does not exist";
        if (!is_possible(is->from_ms) || !is_possible(is->to_ms) || !is_possible(lease->seen_until_ms))
                return "an impossible time";
        if (strnlen(is->subscriber, SUBSCRIBER_MAX) == SUBSCRIBER_MAX)
                return "a subscriber without an end mark";
        return NULL;
}

static int write_blocks(
        struct lease_writer *writer, struct lease *const *rows, size_t count, struct error *error)
{
        for (size_t i = 0; i < count; i++) {
                const char *fault = fault_of(rows[i], i > 0 ? rows[i - 1] : NULL);
                if (fault)
                        return error_set(error, -EINVAL, "lease %zu has %s", i, fault);
                writer->lengths[rows[i]->is.prefix.length / 64] |= UINT64_C(1)
                                                                   << rows[i]->is.prefix.length % 64;
        }
        for (size_t at = 0; at < count; at += LEASE_BLOCK_ROWS) {
                size_t left = count - at;
                int r = write_block(writer, rows + at, left < LEASE_BLOCK_ROWS ? left : LEASE_BLOCK_ROWS);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int write_sections(struct lease_writer *writer, uint64_t count, int64_t heard_until_ms)
{
        struct buffer summary = buffer_make(LEASE_SUMMARY_LENGTH);

        buffer_append_le(&summary, count, 8);
        buffer_append_le(&summary, (uint64_t)heard_until_ms, 8);
        buffer_append_le(&summary, writer->lengths[0], 8);
        buffer_append_le(&summary, writer->lengths[1], 8);
        buffer_append_le(&summary, writer->lengths[2], 4);
        int r = frame_write_section(&writer->frame, LEASE_SECTION_SUMMARY, &summary);
        if (r == 0)
                r = frame_write_section(&writer->frame, LEASE_SECTION_INDEX, &writer->index);
        buffer_free(&summary);
        return r < 0 ? r : frame_finish(&writer->frame);
}

int lease_segment_write_rows(const struct segment_header *header, struct lease *const *rows, size_t count,
        int64_t heard_until_ms, const struct segment_output *output, struct error *error)
{
        struct lease_writer writer = {
                .zstd = ZSTD_createCCtx(),
                .rows = buffer_make(LEASE_BLOCK_MAX),
                .packed = buffer_make(ZSTD_COMPRESSBOUND(LEASE_BLOCK_MAX)),
                .index = buffer_make(SIZE_MAX / 4),
                .window_from = header->window_from,
        };
        int r = writer.zstd ? frame_begin(&writer.frame, LEASE_MAGIC, header, output) : -ENOMEM;

        if (r == 0)
                r = write_blocks(&writer, rows, count, error);
        if (r == 0)
                r = write_sections(&writer, count, heard_until_ms);
        ZSTD_freeCCtx(writer.zstd);
        frame_free(&writer.frame);
        buffer_free(&writer.rows);
        buffer_free(&writer.packed);
        buffer_free(&writer.index);
        return r == -ENOMEM ? error_set(error, r, "out of memory while writing leases") : r;
}

int lease_segment_write(const struct segment_header *header, const struct lease *leases, size_t count,
        int64_t heard_until_ms, const struct segment_output *output, struct error *error)
{
        struct lease **rows = malloc((count + 1) * sizeof *rows);

        if (!rows)
                return error_set(error, -ENOMEM, "out of memory while writing leases");
        for (size_t i = 0; i < count; i++)
                rows[i] = (struct lease *)&leases[i]; /* only read */
        int r = lease_segment_write_rows(header, rows, count, heard_until_ms, output, error);
        free(rows);
        return r;
}
