/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_HOLD_VIEW_H
#define ROGATORY_ROGATORY_HOLD_VIEW_H

/* A hold as it is shown. */

#include "base/buffer.h"
#include "depot/hold.h"

#include <jansson.h>

json_t *hold_to_json(const struct hold *hold);
void hold_write_text(const struct hold *hold, struct buffer *ret);

#endif
