/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_WINDOW_INDEX_H
#define ROGATORY_EXCHANGE_WINDOW_INDEX_H

/* Where in the node's log a window of the store was sealed, as tables in exchange.sqlite: an answer looks at
 * the windows that it rests on, and not at the whole log. The log alone counts: what is found is held against
 * the entry, and the tables are made anew out of it where they do not fit or are missing. */

#include "chronicle/windows.h"
#include "exchange/office.h"

/* Takes over what was entered since it was last looked at. In a step of its own. */
int window_index_update(struct office *office, struct error *error);
/* 1: *ret_window; 0: the log has no such window. */
int window_index_find(struct office *office, const char *realm, const char *file,
        struct logged_window *ret_window, struct error *error);

#endif
