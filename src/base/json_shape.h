/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BASE_JSON_SHAPE_H
#define ROGATORY_BASE_JSON_SHAPE_H

/* How deep and how large a JSON text is, told from its brackets and commas alone before anybody builds a tree
 * of it: a parser that recurses, or that needs a hundred bytes for each of a million empty arrays, is never
 * given such a text. Whether the text is JSON at all is the parser's business. */

#include "base/error.h"
#include "base/slice.h"

struct json_limits {
        size_t bytes;  /* of the whole text */
        size_t depth;  /* objects and arrays within each other */
        size_t values; /* members and elements of the whole text */
};

/* 0, or -EFBIG with a message that begins with `name` and says which limit was passed. */
int json_shape_check(
        struct slice text, const char *name, const struct json_limits *limits, struct error *error);

#endif
