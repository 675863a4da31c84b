/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/segment_tables.h"

#include <stdlib.h>

const char *const column_names[COLUMN_COUNT] = {
        [COLUMN_PORT] = "outside port",
        [COLUMN_BEGIN] = "begin",
        [COLUMN_SHAPE] = "protocol, kind, flags, edges",
        [COLUMN_DURATION] = "duration",
        [COLUMN_INSIDE] = "inside host",
        [COLUMN_INSIDE_PORT] = "inside port",
        [COLUMN_EXPORTER] = "exporter",
        [COLUMN_SESSION] = "source's identity",
        [COLUMN_DESTINATION] = "destination",
        [COLUMN_DESTINATION_PORT] = "destination port",
        [COLUMN_HOSTS] = "dictionary of inside hosts",
        [COLUMN_DESTINATION_HOSTS] = "dictionary of destinations",
        [COLUMN_CHECKSUMS] = "checksums",
        [COLUMN_MODELS] = "probabilities",
        [COLUMN_COVERAGE] = "coverage and names",
        [COLUMN_INDEX] = "index",
};

/* ---- probabilities ---- */

static void write_model(const uint16_t frequencies[ENTROPY_SYMBOLS], struct buffer *out)
{
        unsigned used = 0, last = 0;

        for (unsigned s = 0; s < ENTROPY_SYMBOLS; s++)
                used += frequencies[s] > 0;
        buffer_append_u8(out, (uint8_t)used);
        for (unsigned s = 0; s < ENTROPY_SYMBOLS; s++) {
                if (frequencies[s] == 0)
                        continue;
                buffer_append_u8(out, (uint8_t)(s - last));
                buffer_append_varint(out, frequencies[s]);
                last = s;
        }
}

int tables_write(const struct model_tables *tables, struct buffer *out)
{
        buffer_append_varint(out, tables->shape_count);
        for (unsigned i = 0; i < tables->shape_count; i++)
                buffer_append_le(out, tables->shapes[i], 5);
        buffer_append_varint(out, tables->port_count);
        for (unsigned i = 0; i < tables->port_count; i++)
                buffer_append_le(out, tables->ports[i], 2);
        buffer_append_varint(out, MODEL_COUNT);
        for (unsigned m = 0; m < MODEL_COUNT; m++)
                write_model(tables->frequencies[m], out);
        return out->failed;
}

static bool read_model(struct cursor *cursor, uint16_t frequencies[ENTROPY_SYMBOLS])
{
        unsigned used = cursor_u8(cursor), symbol = 0;
        uint32_t total = 0;

        memset(frequencies, 0, ENTROPY_SYMBOLS * sizeof frequencies[0]);
        for (unsigned i = 0; i < used; i++) {
                unsigned step = cursor_u8(cursor);
                uint64_t frequency = cursor_varint(cursor);
                symbol += step;
                if ((i > 0 && step == 0) || symbol >= ENTROPY_SYMBOLS || frequency == 0 ||
                        frequency > ENTROPY_TOTAL - total)
                        return false;
                frequencies[symbol] = (uint16_t)frequency;
                total += (uint32_t)frequency;
        }
        return !cursor->overrun && total == ENTROPY_TOTAL && frequencies[ENTROPY_ESCAPE] > 0;
}

static bool shape_is_valid(uint64_t shape)
{
        return (shape >> 8 & 0xff) < NAT_KIND_COUNT && (shape >> 24 & 0xff) < EDGE_COUNT &&
               shape >> 32 < EDGE_COUNT;
}

int tables_read(struct cursor section, struct model_tables *ret_tables)
{
        struct cursor *cursor = &section;
        uint64_t count = cursor_varint(cursor);

        if (count > SHAPES_MAX)
                return -EBADMSG;
        ret_tables->shape_count = (unsigned)count;
        for (unsigned i = 0; i < ret_tables->shape_count; i++) {
                ret_tables->shapes[i] = cursor_le(cursor, 5);
                if (!shape_is_valid(ret_tables->shapes[i]))
                        return -EBADMSG;
        }
        count = cursor_varint(cursor);
        if (count > DESTINATION_PORTS_MAX)
                return -EBADMSG;
        ret_tables->port_count = (unsigned)count;
        for (unsigned i = 0; i < ret_tables->port_count; i++)
                ret_tables->ports[i] = cursor_le16(cursor);
        if (cursor_varint(cursor) != MODEL_COUNT)
                return -EBADMSG;
        for (unsigned m = 0; m < MODEL_COUNT; m++)
                if (!read_model(cursor, ret_tables->frequencies[m]))
                        return -EBADMSG;
        return cursor->overrun || cursor_left(cursor) ? -EBADMSG : 0;
}

/* ---- coverage ---- */

static void write_span(const struct coverage_span *span, struct buffer *out)
{
        buffer_append_le(out, (uint64_t)span->from, 8);
        buffer_append_le(out, (uint64_t)span->to, 8);
        buffer_append_le(out, span->stream, 4);
        buffer_append_le(out, span->sequence_from, 4);
        buffer_append_le(out, span->sequence_to, 4);
        buffer_append_le(out, (uint32_t)span->delay_ms, 4);
        buffer_append_le(out, (uint32_t)span->offset_min_ms, 4);
        buffer_append_le(out, (uint32_t)span->offset_max_ms, 4);
        buffer_append_le(out, span->exporter, 2);
        buffer_append_le(out, span->flags, 6);
}

static void write_gap(const struct coverage_gap *gap, struct buffer *out)
{
        buffer_append_le(out, (uint64_t)gap->from, 8);
        buffer_append_le(out, (uint64_t)gap->to, 8);
        buffer_append_le(out, gap->stream, 4);
        buffer_append_le(out, gap->count, 4);
        buffer_append_le(out, gap->exporter, 2);
        buffer_append_le(out, gap->reason, 6);
}

int coverage_write(const struct coverage *coverage, struct buffer *out)
{
        size_t spans = coverage ? coverage->span_count : 0, gaps = coverage ? coverage->gap_count : 0;

        buffer_append_le(out, spans, 4);
        buffer_append_le(out, gaps, 4);
        for (size_t i = 0; i < spans; i++)
                write_span(&coverage->spans[i], out);
        for (size_t i = 0; i < gaps; i++)
                write_gap(&coverage->gaps[i], out);
        return out->failed;
}

static int read_span(struct cursor *cursor, struct coverage *ret)
{
        struct coverage_span span = {.from = (int64_t)cursor_le64(cursor)};

        span.to = (int64_t)cursor_le64(cursor);
        span.stream = cursor_le32(cursor);
        span.sequence_from = cursor_le32(cursor);
        span.sequence_to = cursor_le32(cursor);
        span.delay_ms = (int32_t)cursor_le32(cursor);
        span.offset_min_ms = (int32_t)cursor_le32(cursor);
        span.offset_max_ms = (int32_t)cursor_le32(cursor);
        span.exporter = cursor_le16(cursor);
        uint64_t flags = cursor_le(cursor, 6);
        span.flags = (uint8_t)flags;
        return flags > UINT8_MAX ? -EBADMSG : coverage_add_span(ret, &span);
}

static int read_gap(struct cursor *cursor, struct coverage *ret)
{
        struct coverage_gap gap = {.from = (int64_t)cursor_le64(cursor)};

        gap.to = (int64_t)cursor_le64(cursor);
        gap.stream = cursor_le32(cursor);
        gap.count = cursor_le32(cursor);
        gap.exporter = cursor_le16(cursor);
        uint64_t reason = cursor_le(cursor, 6);
        gap.reason = (uint8_t)reason;
        return reason >= GAP_REASON_COUNT ? -EBADMSG : coverage_add_gap(ret, &gap);
}

int coverage_read(struct cursor section, struct coverage *ret)
{
        uint64_t spans = cursor_le32(&section), gaps = cursor_le32(&section);
        struct coverage coverage = {0};
        int r = 0;

        if (section.overrun || cursor_left(&section) != spans * SPAN_LENGTH + gaps * GAP_LENGTH)
                return -EBADMSG;
        for (uint64_t i = 0; i < spans && r == 0; i++)
                r = read_span(&section, &coverage);
        for (uint64_t i = 0; i < gaps && r == 0; i++)
                r = read_gap(&section, &coverage);
        if (r < 0) {
                coverage_free(&coverage);
                return r;
        }
        *ret = coverage;
        return 0;
}

/* ---- exporters ---- */

int exporters_write(const char *const *names, unsigned count, struct buffer *out)
{
        buffer_append_varint(out, count);
        for (unsigned i = 0; i < count; i++) {
                size_t length = strnlen(names[i], SEGMENT_EXPORTER_NAME_MAX - 1);
                buffer_append_u8(out, (uint8_t)length);
                buffer_append(out, names[i], length);
        }
        return out->failed;
}

int exporters_read(struct cursor section, char (**ret_names)[SEGMENT_EXPORTER_NAME_MAX], unsigned *ret_count)
{
        uint64_t count = cursor_varint(&section);

        if (section.overrun || count > cursor_left(&section) || count > UINT16_MAX + 1u)
                return -EBADMSG;
        char(*names)[SEGMENT_EXPORTER_NAME_MAX] = calloc(count + 1, sizeof *names);
        if (!names)
                return -ENOMEM;
        for (uint64_t i = 0; i < count; i++) {
                size_t length = cursor_u8(&section);
                const uint8_t *text = cursor_take(&section, length);
                if (!text || length >= SEGMENT_EXPORTER_NAME_MAX || memchr(text, 0, length)) {
                        free(names);
                        return -EBADMSG;
                }
                memcpy(names[i], text, length);
        }
        if (cursor_left(&section) > 0) {
                free(names);
                return -EBADMSG;
        }
        *ret_names = names;
        *ret_count = (unsigned)count;
        return 0;
}

/* ---- summary ---- */

int summary_write(
        const struct segment_header *header, const uint64_t prices[COLUMN_COUNT], struct buffer *out)
{
        unsigned flags = (header->destinations_kept ? SUMMARY_DESTINATIONS_KEPT : 0u) |
                         (header->has_blocks ? SUMMARY_HAS_BLOCKS : 0u) |
                         (header->has_unported ? SUMMARY_HAS_UNPORTED : 0u) |
                         (header->has_untold_flows ? SUMMARY_HAS_UNTOLD_FLOWS : 0u) |
                         (header->made_by.endpoint_independent ? SUMMARY_ENDPOINT_INDEPENDENT : 0u) |
                         (header->older.endpoint_independent ? SUMMARY_OLDER_ENDPOINT_INDEPENDENT : 0u);

        buffer_append_le(out, header->binding_count, 8);
        buffer_append_le(out, header->sheet_count, 4);
        buffer_append_le(out, flags, 4);
        buffer_append_le(out, (uint64_t)header->made_by.longest_session_ms, 8);
        buffer_append_le(out, (uint64_t)header->made_by.longest_block_ms, 8);
        buffer_append_le(out, (uint64_t)header->older.longest_session_ms, 8);
        buffer_append_le(out, (uint64_t)header->older.longest_block_ms, 8);
        buffer_append_le(out, (uint64_t)header->older_until, 8);
        for (unsigned c = 0; c <= COLUMN_CHECKSUMS; c++)
                buffer_append_varint(out, prices[c] / 2048);
        return out->failed;
}

int summary_read(struct cursor section, struct segment_header *header, uint64_t ret_bytes[COLUMN_COUNT])
{
        header->binding_count = cursor_le64(&section);
        header->sheet_count = cursor_le32(&section);
        uint32_t flags = cursor_le32(&section);
        header->destinations_kept = flags & SUMMARY_DESTINATIONS_KEPT;
        header->has_blocks = flags & SUMMARY_HAS_BLOCKS;
        header->has_unported = flags & SUMMARY_HAS_UNPORTED;
        header->has_untold_flows = flags & SUMMARY_HAS_UNTOLD_FLOWS;
        header->made_by.endpoint_independent = flags & SUMMARY_ENDPOINT_INDEPENDENT;
        header->older.endpoint_independent = flags & SUMMARY_OLDER_ENDPOINT_INDEPENDENT;
        header->made_by.longest_session_ms = (int64_t)cursor_le64(&section);
        header->made_by.longest_block_ms = (int64_t)cursor_le64(&section);
        header->older.longest_session_ms = (int64_t)cursor_le64(&section);
        header->older.longest_block_ms = (int64_t)cursor_le64(&section);
        header->older_until = (int64_t)cursor_le64(&section);
        for (unsigned c = 0; c <= COLUMN_CHECKSUMS; c++)
                ret_bytes[c] = cursor_varint(&section);
        return section.overrun || cursor_left(&section) || flags >> 6 ? -EBADMSG : 0;
}
