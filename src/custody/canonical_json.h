/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_CANONICAL_JSON_H
#define ROGATORY_CUSTODY_CANONICAL_JSON_H

/* Is a JSON text already in the form of the record of access (no blanks, members in their order, nothing
 * escaped)? It is then what reading and writing it again would give, so that this costly way can be left out.
 * False only means that it must be gone: also texts that are fine but have more than plain ASCII, escapes,
 * fractions or many members. */

#include <stdbool.h>

/* A JSON object without repeated members. */
bool json_is_canonical_object(const char *text);

/* Text that stands in a JSON string as it is. */
bool json_is_plain_text(const char *text);

#endif
