/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_CLOCKWORK_H
#define ROGATORY_EXCHANGED_CLOCKWORK_H

/* What time alone brings about at a node: withdrawals after 48 hours, releases at day 10, what ran out, who
 * is to be informed. */

#include "exchange/office.h"

/* Takes every step that the clock has to take by now. Returns how many, or negative with a message: then the
 * rest waits for the next call. */
int clockwork_run(struct office *office, struct error *error);

#endif
