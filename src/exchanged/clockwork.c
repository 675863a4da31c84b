/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchanged/clockwork.h"

#include "exchange/book.h"

int clockwork_run(struct office *office, struct error *error)
{
        (void)office;
        (void)error;
        return 0;
}
