/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_SEGMENT_READER_STATE_H
#define ROGATORY_STORE_SEGMENT_READER_STATE_H

struct sheet_memory;

/* What an open segment consists of; shared by segment_reader.c (opening) and segment_query.c (reading
 * sheets). */

#include "store/block_decode.h"
#include "store/file_frame.h"
#include "store/sheet_head.h"

struct segment_reader {
        char *name; /* owned */
        struct frame frame;
        struct decoding_tables *tables;               /* owned */
        const uint8_t *sheets;                        /* index, SHEET_ENTRY_LENGTH bytes each; borrowed */
        char (*exporters)[SEGMENT_EXPORTER_NAME_MAX]; /* owned */
        unsigned exporter_count;
        struct coverage coverage;
        uint32_t destination_count;
        const uint8_t *pages; /* index of destination pages; borrowed */
        uint64_t columns[COLUMN_COUNT];
        /* A bit per byte of the file: the part that begins there was held against its checksum. Questions of
         * a batch meet the same parts again and again, and the file is immutable. Owned; NULL where there is
         * no memory for it, and then everything is checked each time. */
        uint8_t *verified;
        struct sheet_memory *memory; /* the sheet that was asked last (sheet_lookup.h); owned */
};

/* NULL where the part of the file at `offset` is as its checksum says, else what is wrong: `wrong`, or that
 * its bytes cannot be had. The offset must lie within the body. */
static inline const char *segment_part_fault(const struct segment_reader *reader, uint64_t offset,
        uint64_t length, uint32_t sum, const char *wrong)
{
        uint8_t *byte = reader->verified ? &reader->verified[offset / 8] : NULL;
        uint8_t bit = (uint8_t)(1u << offset % 8);

        if (byte && *byte & bit)
                return NULL;
        if (!frame_need(&reader->frame, offset, length))
                return "it was damaged or changed under its seal";
        if (!frame_checksum_is(reader->frame.bytes + offset, (size_t)length, sum, UINT32_MAX))
                return wrong;
        if (byte)
                *byte |= bit;
        return NULL;
}

#endif
