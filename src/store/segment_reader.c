/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/sheet_lookup.h"

#include <stdlib.h>

static int broken(const struct segment_reader *reader, const char *what, struct error *error)
{
        return error_set(error, -EBADMSG,
                "%s: the section of %s contradicts itself; restore this file from a copy", reader->name,
                what);
}

/* ---- opening ---- */

static int open_tables(struct segment_reader *reader, struct error *error)
{
        /* A quarter of a megabyte of which most is never looked at: it is not cleared. */
        reader->tables = malloc(sizeof *reader->tables);
        if (!reader->tables)
                return -ENOMEM;
        memset(reader->tables->made, 0, sizeof reader->tables->made);
        int r = tables_read(reader->frame.sections[SECTION_MODELS], &reader->tables->stored);
        return r < 0 ? broken(reader, "probabilities", error) : 0;
}

static int open_sheets(struct segment_reader *reader, struct error *error)
{
        struct cursor section = reader->frame.sections[SECTION_SHEETS];
        uint32_t count = reader->frame.header.sheet_count;

        if (cursor_left(&section) != (uint64_t)count * SHEET_ENTRY_LENGTH)
                return broken(reader, "sheets", error);
        reader->sheets = section.at;
        for (uint32_t i = 1; i < count; i++)
                if (segment_sheet_address(reader, i - 1) >= segment_sheet_address(reader, i))
                        return broken(reader, "sheets", error);
        return 0;
}

static int open_destinations(struct segment_reader *reader, struct error *error)
{
        struct cursor section = reader->frame.sections[SECTION_DESTINATIONS];

        reader->destination_count = cursor_le32(&section);
        uint64_t pages = ((uint64_t)reader->destination_count + PAGE_DESTINATIONS - 1) / PAGE_DESTINATIONS;
        if (section.overrun || cursor_left(&section) != pages * PAGE_ENTRY_LENGTH)
                return broken(reader, "destinations", error);
        reader->pages = section.at;
        return 0;
}

/* The columns that only the reader can know: whole sections, and whatever is left. */
static void complete_columns(struct segment_reader *reader)
{
        uint64_t *columns = reader->columns, sum = 0;

        columns[COLUMN_MODELS] = cursor_left(&reader->frame.sections[SECTION_MODELS]);
        columns[COLUMN_COVERAGE] = cursor_left(&reader->frame.sections[SECTION_COVERAGE]) +
                                   cursor_left(&reader->frame.sections[SECTION_EXPORTERS]);
        for (unsigned c = 0; c < COLUMN_INDEX; c++)
                sum += columns[c];
        columns[COLUMN_INDEX] = reader->frame.length > sum ? reader->frame.length - sum : 0;
}

static int open_sections(struct segment_reader *reader, struct error *error)
{
        struct frame *frame = &reader->frame;

        if (summary_read(frame->sections[SECTION_SUMMARY], &frame->header, reader->columns) < 0)
                return broken(reader, "the summary", error);
        int r = open_tables(reader, error);
        if (r == 0)
                r = open_sheets(reader, error);
        if (r == 0)
                r = open_destinations(reader, error);
        if (r < 0)
                return r;
        r = exporters_read(frame->sections[SECTION_EXPORTERS], &reader->exporters, &reader->exporter_count);
        if (r == -EBADMSG)
                return broken(reader, "exporters", error);
        if (r < 0)
                return r;
        r = coverage_read(frame->sections[SECTION_COVERAGE], &reader->coverage);
        if (r == -EBADMSG)
                return broken(reader, "coverage", error);
        complete_columns(reader);
        return r;
}

int segment_reader_new(const void *bytes, size_t length, const char *name, struct segment_reader **ret_reader,
        struct error *error)
{
        const struct segment_input input = {.bytes = bytes, .length = length};

        return segment_reader_over(&input, name, ret_reader, error);
}

int segment_reader_over(const struct segment_input *input, const char *name,
        struct segment_reader **ret_reader, struct error *error)
{
        struct segment_reader *reader = calloc(1, sizeof *reader);
        int r = -ENOMEM;

        if (reader)
                reader->name = strdup(name);
        if (reader && reader->name)
                r = frame_open_over(input, name, SEGMENT_MAGIC, SECTION_COUNT, &reader->frame, error);
        if (r == 0)
                r = open_sections(reader, error);
        if (r == 0) {
                reader->verified = calloc(input->length / 8 + 1, 1);
                reader->memory = sheet_memory_new();
                r = reader->memory ? 0 : -ENOMEM;
        }
        if (r < 0) {
                segment_reader_free(reader);
                return r == -ENOMEM ? error_set(error, r, "%s: out of memory", name) : r;
        }
        *ret_reader = reader;
        return 0;
}

void segment_reader_free(struct segment_reader *reader)
{
        if (!reader)
                return;
        free(reader->name);
        free(reader->exporters);
        free(reader->tables);
        free(reader->verified);
        sheet_memory_free(reader->memory);
        coverage_free(&reader->coverage);
        free(reader);
}

/* ---- what stands in it ---- */

bool segment_rules_bolder(const struct segment_rules *a, const struct segment_rules *b)
{
        return (a->endpoint_independent && !b->endpoint_independent) ||
               a->longest_session_ms < b->longest_session_ms || a->longest_block_ms < b->longest_block_ms;
}

const struct segment_header *segment_header_of(const struct segment_reader *reader)
{
        return &reader->frame.header;
}

unsigned segment_exporter_count(const struct segment_reader *reader)
{
        return reader->exporter_count;
}

const char *segment_exporter_name(const struct segment_reader *reader, unsigned exporter)
{
        return exporter < reader->exporter_count ? reader->exporters[exporter] : "";
}

const struct coverage *segment_coverage(const struct segment_reader *reader)
{
        return &reader->coverage;
}

uint32_t segment_sheet_count(const struct segment_reader *reader)
{
        return reader->frame.header.sheet_count;
}

uint32_t segment_sheet_address(const struct segment_reader *reader, uint32_t sheet)
{
        return load_le32(reader->sheets + (size_t)sheet * SHEET_ENTRY_LENGTH);
}

int segment_find_sheet(const struct segment_reader *reader, uint32_t outside, uint32_t *ret_sheet)
{
        uint32_t low = 0, high = segment_sheet_count(reader);

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if (segment_sheet_address(reader, middle) < outside)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == segment_sheet_count(reader) || segment_sheet_address(reader, low) != outside)
                return -ENOENT;
        *ret_sheet = low;
        return 0;
}

size_t segment_column_sizes(
        const struct segment_reader *reader, struct segment_column_size *sizes, size_t most)
{
        size_t count = most < COLUMN_COUNT ? most : COLUMN_COUNT;

        for (size_t i = 0; i < count; i++)
                sizes[i] = (struct segment_column_size){column_names[i], reader->columns[i]};
        return count;
}
