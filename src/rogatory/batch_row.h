/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_BATCH_ROW_H
#define ROGATORY_ROGATORY_BATCH_ROW_H

/* Rows of a batch: CSV (RFC 4180, one line per row) with the columns address, port, protocol, time, dest in
 * this order, or in the order that a header row gives. */

#include "rogatory/question_text.h"
#include "wire/csv_row.h"

enum batch_column { COLUMN_ADDRESS, COLUMN_PORT, COLUMN_PROTOCOL, COLUMN_TIME, COLUMN_DEST, COLUMN_COUNT };

struct batch_columns {
        int place[COLUMN_COUNT]; /* number of each column's field, -1: absent */
        size_t least, most;      /* fields in a row */
};

/* The order that holds where there is no header row; dest may be left away. */
struct batch_columns batch_columns_default(void);

/* Is the row, already split, a header? 1 and ret_columns, 0 (it is a question), or -EINVAL with a message
 * where it is a header that cannot be used. */
int batch_header_read(const struct csv_row *row, struct batch_columns *ret_columns, struct error *error);

/* Picks the parts of a question out of a split row, from which they are borrowed. -EINVAL with a message. */
int batch_row_read(const struct csv_row *row, const struct batch_columns *columns,
        struct question_text *ret_text, struct error *error);

#endif
