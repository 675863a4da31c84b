/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_JCS_H
#define ROGATORY_CUSTODY_JCS_H

/* JSON in its one canonical writing (RFC 8785, "JCS"), so that everybody who hashes the same content gets the
 * same hash. What RFC 8785 leaves to ECMAScript is left out: numbers are whole and within plus or minus 2^53
 * - 1 (RFC 7493), names of members are printable ASCII. Pure. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/json_shape.h"

#include <jansson.h>

/* Appends the canonical text. 0; -EINVAL with a message where the value has none (fractions, large numbers,
 * other names); -ENOMEM, -EFBIG of the buffer. */
int jcs_write(const json_t *value, struct buffer *ret, struct error *error);

/* Reads a text that is canonical already; any other writing of the same content is refused. 0 and a new
 * reference; -EBADMSG with a message; -ENOMEM. */
int jcs_read(struct slice text, const char *name, const struct json_limits *limits, json_t **ret_value,
        struct error *error);

#endif
