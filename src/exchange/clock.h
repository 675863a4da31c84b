/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_CLOCK_H
#define ROGATORY_EXCHANGE_CLOCK_H

/* What time alone does with the orders of a node, by the side that it has in them. */

#include "exchange/book.h"

/* Takes the next step that the clock has to take with the order, as a step of its own: 1; 0 where there is
 * none. Also sets when to look again. */
typedef int clock_order(struct office *office, const char *id, struct error *error);

/* Every order whose look_ms has come. How many steps were taken, or negative: what was taken until then
 * stays. */
int clock_run(struct office *office, struct error *error);

#endif
