/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_SEGMENT_READER_STATE_H
#define ROGATORY_STORE_SEGMENT_READER_STATE_H

/* What an open segment consists of; shared by segment_reader.c (opening) and segment_query.c (reading
 * sheets). */

#include "store/block_decode.h"
#include "store/file_frame.h"
#include "store/sheet_head.h"

struct segment_reader {
        char *name; /* owned */
        struct frame frame;
        struct decoding_tables tables;
        const uint8_t *sheets;                        /* index, SHEET_ENTRY_LENGTH bytes each; borrowed */
        char (*exporters)[SEGMENT_EXPORTER_NAME_MAX]; /* owned */
        unsigned exporter_count;
        struct coverage coverage;
        uint32_t destination_count;
        const uint8_t *pages; /* index of destination pages; borrowed */
        uint64_t columns[COLUMN_COUNT];
};

#endif
