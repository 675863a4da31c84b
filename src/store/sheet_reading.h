/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_SHEET_READING_H
#define ROGATORY_STORE_SHEET_READING_H

/* One sheet that is being read, block by block; shared by segment_query.c (whole sheets, and what is asked of
 * one address without a port) and sheet_lookup.c (what is asked of one port). */

#include "store/segment_reader_state.h"

/* A sheet that is being read. */
struct reading {
        const struct segment_reader *reader;
        uint32_t sheet;
        struct sheet_head head;
        uint64_t limit;         /* where the next sheet begins */
        struct nat_host *hosts; /* the sheet's dictionary, read when first needed; owned */
        uint32_t *numbers;      /* the caller's host numbers, UINT32_MAX where not yet asked for; owned; NULL
                                 * where the caller is another one for each question */
        uint32_t host_count;
        const char *damage; /* what is wrong with the block */
};

/* What is wanted of it. */
struct selection {
        int port; /* -1: every port */
        int64_t from, to;
        struct host_table *hosts;
        const uint16_t *exporter_map;
        struct binding_list *ret;
        struct reference_list *references;
};

/* Rows of a block as a bit set. */
#define HIT_WORDS (SEGMENT_BLOCK_BINDINGS_LONG / 64)

/* -ENOMEM or -EBADMSG with reading->damage. reading_close in every case. */
int reading_open(struct reading *reading, const struct segment_reader *reader, uint32_t sheet);
void reading_close(struct reading *reading);

/* Remembers what is wrong. -EBADMSG. */
int reading_damaged(struct reading *reading, const char *what);

/* The message for a failure: that of a block, or of the sheet's head where block < 0. Returns r. */
int reading_explain(const struct reading *reading, int block, int r, struct error *error);

/* The part of a block that is scanned, held against its checksum and opened. 0 or -EBADMSG. */
int reading_open_scan(struct reading *reading, const struct block_entry *entry, struct block_scan *ret_scan);

/* Decodes the rows up to the last hit, and forgets the hits that do not touch the interval. Returns the row
 * behind the last hit that is left, or -EBADMSG. */
int reading_decode(struct reading *reading, struct block_decoder *decoder, const struct selection *selection,
        const struct block_entry *entry, const struct block_scan *scan, uint64_t hits[HIT_WORDS],
        unsigned last);

/* Hands the hits over, with the numbers of the caller. 0, -ENOMEM, -EFBIG or -EBADMSG. */
int reading_emit(struct reading *reading, const struct block_decoder *decoder,
        const struct selection *selection, const struct block_entry *entry, const struct block_scan *scan,
        const uint64_t hits[HIT_WORDS], unsigned last, uint64_t first_reference);

#endif
