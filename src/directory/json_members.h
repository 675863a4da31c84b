/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DIRECTORY_JSON_MEMBERS_H
#define ROGATORY_DIRECTORY_JSON_MEMBERS_H

/* Reading of JSON objects by a table of their members: what the table does not name is refused, and every
 * message names its place as a path. */

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

/* Where a value stands, from the inside out; lives on the stack of whoever walks down. */
struct json_place {
        const struct json_place *above; /* NULL at the top */
        const char *member;             /* NULL for an element of an array */
        size_t index;
};

/* "organisations[3].node: " and the reason. Returns -EBADMSG. */
int json_refuse(const struct json_place *place, struct error *error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#define JSON_OPTIONAL 1u
#define JSON_LINES 2u /* a string that may hold line ends */

struct json_member {
        const char *name;
        json_type type;     /* JSON_TRUE stands for both truth values */
        unsigned flags;     /* JSON_OPTIONAL | JSON_LINES */
        size_t least, most; /* bytes of a string, elements of an array, value of an integer */
};

/* Has the object exactly such members? Strings hold no control characters but, where allowed, line ends. 0 or
 * -EBADMSG. */
int json_check_object(const json_t *object, const struct json_place *place, const struct json_member *members,
        size_t count, struct error *error);

/* The same for the elements of an array, each of which is an object or a string as `member` says. */
int json_check_element(const json_t *value, const struct json_place *place, const struct json_member *member,
        struct error *error);

/* The string of a member that was checked; NULL where it is optional and not there. */
static inline const char *json_text(const json_t *object, const char *name)
{
        return json_string_value(json_object_get(object, name));
}

/* Copies text into an array whose size the table's `most` has guaranteed. */
#define json_copy(array, text) ((void)snprintf((array), sizeof(array), "%s", (text)))

#endif
