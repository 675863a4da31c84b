/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_FILE_FRAME_H
#define ROGATORY_STORE_FILE_FRAME_H

/* What nat segments and lease segments have in common: the header at the front, and at the end sections under
 * checksums, the table of sections and the trailer. */

#include "base/cursor.h"
#include "store/segment_format.h"

/* ---- writing ---- */

struct frame_writer {
        const struct segment_output *output; /* borrowed */
        uint64_t offset;                     /* bytes written so far */
        struct buffer table;                 /* entries of sections */
        struct error *error;                 /* may be NULL */
};

/* Writes the header. 0 or what the output returned. */
int frame_begin(struct frame_writer *writer, const char magic[8], const struct segment_header *header,
        const struct segment_output *output);
int frame_write(struct frame_writer *writer, const void *bytes, size_t length);
int frame_write_section(struct frame_writer *writer, uint32_t kind, const struct buffer *content);
/* Writes the table and the trailer. */
int frame_finish(struct frame_writer *writer);
void frame_free(struct frame_writer *writer);

/* ---- reading ---- */

#define FRAME_SECTIONS_MAX 64 /* sections in a file that this reader accepts */

struct frame {
        struct segment_input input;
        const uint8_t *bytes; /* borrowed: input.bytes */
        size_t length;
        size_t body_end; /* where the sections begin: sheets or lease blocks stand in [HEADER_LENGTH,
                            body_end) */
        struct segment_header header;
        struct cursor sections[SECTION_COUNT + 1]; /* by kind */
};

/* Verifies header, trailer, table and every section. `most`: highest kind that is known; all of 1..most must
 * be there. -EBADMSG, -EPROTONOSUPPORT, with a message that names the file. */
int frame_open(const void *bytes, size_t length, const char *name, const char magic[8], unsigned most,
        struct frame *ret_frame, struct error *error);

/* The same over bytes that come as they are needed: the header, the sections and the trailer are, here. */
int frame_open_over(const struct segment_input *input, const char *name, const char magic[8], unsigned most,
        struct frame *ret_frame, struct error *error);

/* Makes bytes of the file present; false where they cannot be had: changed or damaged under their seal. */
static inline bool frame_need(const struct frame *frame, uint64_t offset, uint64_t length)
{
        return !frame->input.need || frame->input.need(frame->input.context, offset, length);
}

/* A checksum is right, or this is the build for fuzzing, whose inputs cannot have right checksums. */
bool frame_checksum_is(const void *bytes, size_t length, uint64_t expected, uint64_t mask);

#endif
