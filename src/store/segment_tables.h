/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_SEGMENT_TABLES_H
#define ROGATORY_STORE_SEGMENT_TABLES_H

/* The sections of a nat segment as bytes and back: probabilities, coverage, exporter names, summary. */

#include "store/entropy.h"
#include "store/segment_format.h"

/* Everything that is the same for all blocks of a segment. */
struct model_tables {
        uint64_t shapes[SHAPES_MAX];
        unsigned shape_count;
        uint16_t ports[DESTINATION_PORTS_MAX]; /* destination ports by symbol */
        unsigned port_count;
        uint16_t frequencies[MODEL_COUNT][ENTROPY_SYMBOLS];
};
int tables_write(const struct model_tables *tables, struct buffer *out);
int tables_read(struct cursor section, struct model_tables *ret_tables); /* 0 or -EBADMSG */

int coverage_write(const struct coverage *coverage, struct buffer *out);
int coverage_read(struct cursor section, struct coverage *ret); /* 0, -ENOMEM or -EBADMSG */

int exporters_write(const char *const *names, unsigned count, struct buffer *out);
/* ret_names: owned array of fixed-size names. 0, -ENOMEM or -EBADMSG. */
int exporters_read(struct cursor section, char (**ret_names)[SEGMENT_EXPORTER_NAME_MAX], unsigned *ret_count);

/* prices: 1/256 bits by column; only the columns inside sheets are stored. */
int summary_write(
        const struct segment_header *header, const uint64_t prices[COLUMN_COUNT], struct buffer *out);
int summary_read(struct cursor section, struct segment_header *header, uint64_t ret_bytes[COLUMN_COUNT]);

#endif
