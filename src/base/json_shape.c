/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/json_shape.h"

/* Behind the string that begins at `at` (its first quote). RFC 8259 section 7: only a quote that no backslash
 * stands before ends it. */
static const char *skip_string(const char *at, const char *end)
{
        for (at++; at < end && *at != '"'; at++)
                if (*at == '\\')
                        at++;
        return at < end ? at + 1 : end;
}

int json_shape_check(
        struct slice text, const char *name, const struct json_limits *limits, struct error *error)
{
        const char *end = text.text + text.length;
        size_t depth = 0, values = 1;

        if (text.length > limits->bytes)
                return error_set(error, -EFBIG, "%s: %zu bytes long; %zu are the most", name, text.length,
                        limits->bytes);
        for (const char *at = text.text; at < end;) {
                if (*at == '"') {
                        at = skip_string(at, end);
                        continue;
                }
                if ((*at == '{' || *at == '[') && ++depth > limits->depth)
                        return error_set(error, -EFBIG,
                                "%s: objects and arrays stand more than %zu deep in each other", name,
                                limits->depth);
                if ((*at == '}' || *at == ']') && depth > 0)
                        depth--;
                /* Each value but the first of its container has a comma before it, the first a bracket. */
                if ((*at == ',' || *at == '{' || *at == '[') && ++values > limits->values)
                        return error_set(error, -EFBIG, "%s: more than %zu values", name, limits->values);
                at++;
        }
        return 0;
}
