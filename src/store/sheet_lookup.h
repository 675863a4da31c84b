/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_SHEET_LOOKUP_H
#define ROGATORY_STORE_SHEET_LOOKUP_H

/* What is asked of one port of one address. The questions of a batch come address by address, so the sheet of
 * the last question stays open: its head, its directory, and of its last blocks the rows that were decoded.
 */

#include "store/sheet_reading.h"

struct sheet_memory;

struct sheet_memory *sheet_memory_new(void); /* NULL: no memory */
void sheet_memory_free(struct sheet_memory *memory);

/* The rows of the sheet whose ports hold selection->port (not -1). What segment_query returns. */
int sheet_lookup(const struct segment_reader *reader, uint32_t sheet, const struct selection *selection,
        struct error *error);

#endif
