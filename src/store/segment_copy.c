/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/checksum.h"
#include "store/segment_reader_state.h"
#include "store/segment_tables.h"

#define PIECE_BYTES (SIZE_C(1) << 20)
#define SECTION_BYTES_MAX (SIZE_C(1) << 31)
#define SIZE_C(n) ((size_t)n)

/* Sheets and pages stand where they stood, because the header before them has one length: nothing in them
 * names the generation, and every checksum of theirs goes with them. */
static int copy_body(const struct segment_reader *reader, struct frame_writer *writer, struct error *error)
{
        const struct frame *frame = &reader->frame;

        while (writer->offset < frame->body_end) {
                size_t left = frame->body_end - (size_t)writer->offset;
                size_t length = left < PIECE_BYTES ? left : PIECE_BYTES;
                if (!frame_need(frame, writer->offset, length))
                        return error_set(error, -EBADMSG,
                                "%s: it was damaged or changed under its seal; restore this file from a copy",
                                reader->name);
                int r = frame_write(writer, frame->bytes + writer->offset, length);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int copy_section(const struct segment_reader *reader, struct frame_writer *writer, uint32_t kind)
{
        struct cursor section = reader->frame.sections[kind];
        struct buffer content = buffer_make(SECTION_BYTES_MAX);

        buffer_append(&content, section.start, (size_t)(section.end - section.start));
        int r = frame_write_section(writer, kind, &content);
        buffer_free(&content);
        return r;
}

static int write_summary(
        const struct segment_reader *reader, const struct segment_header *header, struct frame_writer *writer)
{
        struct buffer content = buffer_make(SECTION_BYTES_MAX);
        uint64_t prices[COLUMN_COUNT];

        for (unsigned c = 0; c < COLUMN_COUNT; c++)
                prices[c] = reader->columns[c] * 2048;
        int r = summary_write(header, prices, &content);
        if (r == 0)
                r = frame_write_section(writer, SECTION_SUMMARY, &content);
        buffer_free(&content);
        return r;
}

static int write_hearing(const char *const *names, unsigned count, const struct coverage *coverage,
        struct frame_writer *writer)
{
        struct buffer content = buffer_make(SECTION_BYTES_MAX);
        int r = exporters_write(names, count, &content);

        if (r == 0)
                r = frame_write_section(writer, SECTION_EXPORTERS, &content);
        buffer_clear(&content);
        if (r == 0)
                r = coverage_write(coverage, &content);
        if (r == 0)
                r = frame_write_section(writer, SECTION_COVERAGE, &content);
        buffer_free(&content);
        return r;
}

int segment_copy(const struct segment_reader *reader, const struct segment_header *header,
        const char *const *exporter_names, unsigned exporter_count, const struct coverage *coverage,
        const struct segment_output *output, struct segment_header *ret_header, struct error *error)
{
        struct frame_writer writer;
        struct segment_header made = reader->frame.header;

        made.generation = header->generation;
        made.made_by = header->made_by;
        made.older = header->older;
        made.older_until = header->older_until;
        int r = frame_begin(&writer, SEGMENT_MAGIC, &made, output);
        if (r == 0)
                r = copy_body(reader, &writer, error);
        if (r == 0)
                r = write_summary(reader, &made, &writer);
        if (r == 0)
                r = copy_section(reader, &writer, SECTION_MODELS);
        if (r == 0)
                r = copy_section(reader, &writer, SECTION_SHEETS);
        if (r == 0)
                r = write_hearing(exporter_names, exporter_count, coverage, &writer);
        if (r == 0)
                r = copy_section(reader, &writer, SECTION_DESTINATIONS);
        if (r == 0)
                r = frame_finish(&writer);
        frame_free(&writer);
        if (r == -ENOMEM)
                return error_set(error, r, "out of memory while writing a segment");
        if (r == 0)
                *ret_header = made;
        return r;
}
