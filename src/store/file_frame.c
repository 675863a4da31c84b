/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/file_frame.h"

#include "base/checksum.h"
#include "store/entropy.h"

#include <stdio.h>

/* ---- writing ---- */

int frame_write(struct frame_writer *writer, const void *bytes, size_t length)
{
        int r = length ? writer->output->write(writer->output->context, bytes, length) : 0;

        if (r < 0)
                return r;
        writer->offset += length;
        return 0;
}

int frame_begin(struct frame_writer *writer, const char magic[8], const struct segment_header *header,
        const struct segment_output *output)
{
        struct buffer head = buffer_make(HEADER_LENGTH);
        uint8_t realm[SEGMENT_REALM_NAME_MAX] = {0};
        size_t realm_length = strnlen(header->realm, SEGMENT_REALM_NAME_MAX - 1);

        *writer = (struct frame_writer){.output = output, .table = buffer_make(1u << 16)};
        realm[0] = (uint8_t)realm_length;
        memcpy(realm + 1, header->realm, realm_length);
        buffer_append(&head, magic, 8);
        buffer_append_le(&head, FORMAT_VERSION, 4);
        buffer_append_le(&head, 0, 4); /* compatible flags */
        buffer_append_le(
                &head, header->block_bindings == SEGMENT_BLOCK_BINDINGS ? FORMAT_SHORT_BLOCKS : 0, 4);
        buffer_append_le(&head, 0, 4);
        buffer_append_le(&head, (uint64_t)header->window_from, 8);
        buffer_append_le(&head, (uint64_t)header->window_to, 8);
        buffer_append_le(&head, header->generation, 8);
        buffer_append(&head, realm, sizeof realm);
        if (!head.failed)
                buffer_append_le(&head, checksum(head.bytes, head.length), 8);
        int r = head.failed ? head.failed : frame_write(writer, head.bytes, head.length);
        buffer_free(&head);
        return r;
}

int frame_write_section(struct frame_writer *writer, uint32_t kind, const struct buffer *content)
{
        buffer_append_le(&writer->table, kind, 4);
        buffer_append_le(&writer->table, 0, 4);
        buffer_append_le(&writer->table, writer->offset, 8);
        buffer_append_le(&writer->table, content->length, 8);
        buffer_append_le(&writer->table, checksum(content->bytes, content->length), 8);
        if (content->failed || writer->table.failed)
                return content->failed ? content->failed : writer->table.failed;
        return frame_write(writer, content->bytes, content->length);
}

int frame_finish(struct frame_writer *writer)
{
        struct buffer trailer = buffer_make(TRAILER_LENGTH);
        uint64_t table_offset = writer->offset;
        int r = frame_write(writer, writer->table.bytes, writer->table.length);

        if (r < 0)
                return r;
        buffer_append_le(&trailer, table_offset, 8);
        buffer_append_le(&trailer, writer->table.length / SECTION_ENTRY_LENGTH, 4);
        buffer_append_le(&trailer, 0, 4);
        buffer_append_le(&trailer, checksum(writer->table.bytes, writer->table.length), 8);
        if (!trailer.failed)
                buffer_append_le(&trailer, checksum(trailer.bytes, trailer.length), 8);
        buffer_append(&trailer, TRAILER_MAGIC, 8);
        r = trailer.failed ? trailer.failed : frame_write(writer, trailer.bytes, trailer.length);
        buffer_free(&trailer);
        return r;
}

void frame_free(struct frame_writer *writer)
{
        buffer_free(&writer->table);
}

/* ---- reading ---- */

bool frame_checksum_is(const void *bytes, size_t length, uint64_t expected, uint64_t mask)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
        (void)bytes, (void)length, (void)expected, (void)mask;
        return true;
#else
        return (checksum(bytes, length) & mask) == expected;
#endif
}

static int damaged(const char *name, const char *place, struct error *error)
{
        return error_set(error, -EBADMSG,
                "%s: %s is damaged; restore this file from a copy, the other files of the store are not "
                "affected",
                name, place);
}

/* What stands under a seal is there whole and genuine, or not at all. */
static int unsealed(const char *name, const char *place, struct error *error)
{
        return error_set(error, -EBADMSG,
                "%s: %s was damaged or changed under its seal; restore this file from a copy, the other "
                "files of "
                "the store are not affected",
                name, place);
}

static int read_header(struct frame *frame, const char *name, const char magic[8], struct error *error)
{
        struct cursor cursor = cursor_over(frame->bytes, HEADER_LENGTH);
        struct segment_header *header = &frame->header;

        if (!frame_need(frame, 0, HEADER_LENGTH))
                return unsealed(name, "the beginning", error);
        if (memcmp(cursor_take(&cursor, 8), magic, 8) != 0)
                return error_set(error, -EBADMSG,
                        "%s: this is not a file of the expected kind (wrong magic number)", name);
        uint32_t version = cursor_le32(&cursor);
        cursor_le32(&cursor);
        uint32_t incompatible = cursor_le32(&cursor);
        if (!frame_checksum_is(
                    frame->bytes, HEADER_LENGTH - 8, load_le64(frame->bytes + HEADER_LENGTH - 8), UINT64_MAX))
                return damaged(name, "the header (bytes 0-119)", error);
        uint32_t known = memcmp(magic, SEGMENT_MAGIC, 8) == 0 ? FORMAT_SHORT_BLOCKS : 0;
        if (version != FORMAT_VERSION || incompatible & ~known)
                return error_set(error, -EPROTONOSUPPORT,
                        "%s: written by a newer rogatory (format version %u, incompatible features 0x%x); "
                        "use that one",
                        name, (unsigned)version, (unsigned)incompatible);
        cursor_le32(&cursor);
        header->block_bindings =
                incompatible & FORMAT_SHORT_BLOCKS ? SEGMENT_BLOCK_BINDINGS : SEGMENT_BLOCK_BINDINGS_LONG;
        header->window_from = (int64_t)cursor_le64(&cursor);
        header->window_to = (int64_t)cursor_le64(&cursor);
        header->generation = cursor_le64(&cursor);
        size_t length = cursor_u8(&cursor);
        const uint8_t *realm = cursor_take(&cursor, SEGMENT_REALM_NAME_MAX - 1);
        if (!realm || length >= SEGMENT_REALM_NAME_MAX)
                return damaged(name, "the realm name in the header", error);
        memcpy(header->realm, realm, length);
        return 0;
}

static int read_section_entry(struct frame *frame, const char *name, unsigned most, struct cursor *table,
        uint64_t *next, struct error *error)
{
        uint32_t kind = cursor_le32(table);
        uint32_t flags = cursor_le32(table);
        uint64_t offset = cursor_le64(table), length = cursor_le64(table), sum = cursor_le64(table);
        char place[40];

        if (offset != *next || length > frame->length - offset)
                return damaged(name, "the table of sections", error);
        *next = offset + length;
        snprintf(place, sizeof place, "section %u", (unsigned)kind);
        if (!frame_need(frame, offset, length))
                return unsealed(name, place, error);
        if (!frame_checksum_is(frame->bytes + offset, (size_t)length, sum, UINT64_MAX))
                return damaged(name, place, error);
        if (kind >= 1 && kind <= most && !frame->sections[kind].start) {
                frame->sections[kind] = cursor_over(frame->bytes + offset, (size_t)length);
                return 0;
        }
        if (flags & SECTION_MAY_BE_IGNORED)
                return 0;
        return error_set(
                error, -EPROTONOSUPPORT, "%s: section %u needs a newer rogatory", name, (unsigned)kind);
}

static int read_sections(struct frame *frame, const char *name, unsigned most, struct error *error)
{
        struct cursor trailer = cursor_over(frame->bytes + frame->length - TRAILER_LENGTH, TRAILER_LENGTH);

        if (!frame_need(frame, frame->length - TRAILER_LENGTH, TRAILER_LENGTH))
                return unsealed(name, "the end", error);
        uint64_t offset = cursor_le64(&trailer);
        uint32_t count = cursor_le32(&trailer);
        cursor_le32(&trailer);
        uint64_t sum = cursor_le64(&trailer), own = cursor_le64(&trailer);

        if (memcmp(cursor_take(&trailer, 8), TRAILER_MAGIC, 8) != 0)
                return error_set(error, -EBADMSG,
                        "%s: the end is missing (%zu bytes are there): the file was cut off; restore it from "
                        "a copy",
                        name, frame->length);
        uint64_t length = (uint64_t)count * SECTION_ENTRY_LENGTH;
        if (!frame_checksum_is(trailer.start, TRAILER_LENGTH - 16, own, UINT64_MAX) || count == 0 ||
                count > FRAME_SECTIONS_MAX || offset < HEADER_LENGTH ||
                offset > frame->length - TRAILER_LENGTH || length != frame->length - TRAILER_LENGTH - offset)
                return damaged(name, "the trailer (last 40 bytes)", error);
        struct cursor table = cursor_over(frame->bytes + offset, (size_t)length);
        if (!frame_need(frame, offset, length))
                return unsealed(name, "the table of sections", error);
        if (!frame_checksum_is(table.start, (size_t)length, sum, UINT64_MAX))
                return damaged(name, "the table of sections", error);
        struct cursor peek = table;
        cursor_skip(&peek, 8);
        uint64_t next = cursor_le64(&peek);
        if (next < HEADER_LENGTH || next > offset)
                return damaged(name, "the table of sections", error);
        frame->body_end = (size_t)next;
        if (frame->input.soon)
                frame->input.soon(frame->input.context, next, offset - next);
        for (uint32_t i = 0; i < count; i++) {
                int r = read_section_entry(frame, name, most, &table, &next, error);
                if (r < 0)
                        return r;
        }
        return next == offset ? 0 : damaged(name, "the table of sections", error);
}

int frame_open(const void *bytes, size_t length, const char *name, const char magic[8], unsigned most,
        struct frame *ret_frame, struct error *error)
{
        const struct segment_input input = {.bytes = bytes, .length = length};

        return frame_open_over(&input, name, magic, most, ret_frame, error);
}

int frame_open_over(const struct segment_input *input, const char *name, const char magic[8], unsigned most,
        struct frame *ret_frame, struct error *error)
{
        size_t length = input->length;
        struct frame frame = {.input = *input, .bytes = input->bytes, .length = length};

        if (length < HEADER_LENGTH + SECTION_ENTRY_LENGTH + TRAILER_LENGTH)
                return error_set(error, -EBADMSG,
                        "%s: %zu bytes are too few for a segment: the file was cut off; restore it from a "
                        "copy",
                        name, length);
        int r = read_header(&frame, name, magic, error);
        if (r < 0)
                return r;
        r = read_sections(&frame, name, most, error);
        if (r < 0)
                return r;
        for (unsigned kind = 1; kind <= most; kind++)
                if (!frame.sections[kind].start)
                        return damaged(name, "the table of sections", error);
        *ret_frame = frame;
        return 0;
}
