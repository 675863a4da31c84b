/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_FAMILIES_H
#define ROGATORY_ROGATORY_FAMILIES_H

/* The families of syslog, for `rogatory dialects`. */

#include "base/buffer.h"

#include <jansson.h>

void families_write(struct buffer *ret);
json_t *families_to_json(void); /* NULL where memory is out */

#endif
