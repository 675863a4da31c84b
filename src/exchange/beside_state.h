/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_BESIDE_STATE_H
#define ROGATORY_EXCHANGE_BESIDE_STATE_H

/* What the files beside*.c share. */

#include "exchange/beside.h"
#include "exchange/book_state.h"

/* Removes a folder of files. Whoever makes one in it meanwhile does not keep it. One that is not there is
 * fine. ret_files may be NULL. */
int beside_folder_remove(const char *path, int64_t *ret_files, struct error *error);

/* What the clock does at either side; 0 or negative. */
int beside_run_fetches(struct office *office, struct error *error);
int beside_run_offers(struct office *office, struct error *error);

#endif
