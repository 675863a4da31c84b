/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_PLAN_CSV_H
#define ROGATORY_WIRE_PLAN_CSV_H

/* Plans as CSV with a header row, the interval table that is the truth of a plan; doc/format/plan.md is what
 * users are told. The reader is the text format "plan" (text_format_plan). */

#include "base/buffer.h"
#include "nat/plan.h"

/* Appends the header row. */
void plan_csv_write_header(struct buffer *ret);

/* Appends a row as it is read back. The row has passed plan_row_check. */
void plan_csv_write_row(const struct plan_row *row, struct buffer *ret);

#endif
