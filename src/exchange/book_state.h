/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_BOOK_STATE_H
#define ROGATORY_EXCHANGE_BOOK_STATE_H

/* What the files of the book share. */

#include "exchange/book.h"
#include "exchange/rows.h"

/* Writing belongs into a step: outside, what is written would stand in no log. -EINVAL. */
int book_must_write(struct office *office, struct error *error);

#endif
