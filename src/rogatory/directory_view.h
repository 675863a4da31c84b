/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_DIRECTORY_VIEW_H
#define ROGATORY_ROGATORY_DIRECTORY_VIEW_H

/* A directory as people and programs see it. */

#include "directory/directory.h"

#include <jansson.h>

void directory_write_text(const struct directory *directory, int64_t now_ms, struct buffer *ret);
json_t *directory_to_view(const struct directory *directory, int64_t now_ms);

/* What needs its operator's attention: certificates that are missing now or end soon, holidays that end soon.
 * Each in a line of its own. The number of them. */
size_t directory_write_concerns(const struct directory *directory, int64_t now_ms, struct buffer *ret);

#endif
