/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/jcs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_MAX ((INT64_C(1) << 53) - 1) /* RFC 7493, section 2.2 */
#define DEPTH_MAX 16                       /* of what we write */

/* RFC 8785, section 3.2.2.2: the two-letter escapes where there is one, \u00xx in lower case for the other
 * control characters, everything else as it is. */
static void write_text(const char *text, size_t length, struct buffer *ret)
{
        static const char letters[] = "btn-fr"; /* of U+0008 to U+000D; U+000B has none */

        buffer_append_u8(ret, '"');
        for (size_t i = 0; i < length; i++) {
                uint8_t byte = (uint8_t)text[i];
                if (byte == '"' || byte == '\\')
                        buffer_printf(ret, "\\%c", byte);
                else if (byte >= 8 && byte <= 13 && byte != 11)
                        buffer_printf(ret, "\\%c", letters[byte - 8]);
                else if (byte < ' ')
                        buffer_printf(ret, "\\u%04x", byte);
                else
                        buffer_append_u8(ret, byte);
        }
        buffer_append_u8(ret, '"');
}

static int write_value(const json_t *value, unsigned depth, struct buffer *ret, struct error *error);

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Only printable ASCII: there sorting by bytes is sorting by UTF-16 code units, which RFC 8785 wants. */
static bool is_name(const char *name)
{
        while (*name >= ' ' && *name <= '~')
                name++;
        return *name == '\0';
}

static int write_members(const json_t *object, const char *const *names, size_t count, unsigned depth,
        struct buffer *ret, struct error *error)
{
        int r = 0;

        buffer_append_u8(ret, '{');
        for (size_t i = 0; i < count && r == 0; i++) {
                if (i > 0)
                        buffer_append_u8(ret, ',');
                write_text(names[i], strlen(names[i]), ret);
                buffer_append_u8(ret, ':');
                r = write_value(json_object_get(object, names[i]), depth, ret, error);
        }
        return r < 0 ? r : buffer_append_u8(ret, '}');
}

static int write_object(const json_t *object, unsigned depth, struct buffer *ret, struct error *error)
{
        size_t count = json_object_size(object), at = 0;
        const char **names = malloc((count ? count : 1) * sizeof *names);
        int r = names ? 0 : error_set(error, -ENOMEM, "not enough memory");

        for (void *member = json_object_iter((json_t *)object); member && r == 0;
                member = json_object_iter_next((json_t *)object, member)) {
                names[at] = json_object_iter_key(member);
                if (!is_name(names[at++]))
                        r = error_set(error, -EINVAL, "the name of a member must be printable ASCII");
        }
        if (r == 0) {
                qsort(names, count, sizeof *names, compare_names);
                r = write_members(object, names, count, depth, ret, error);
        }
        free(names);
        return r;
}

static int write_array(const json_t *array, unsigned depth, struct buffer *ret, struct error *error)
{
        int r = 0;

        buffer_append_u8(ret, '[');
        for (size_t i = 0; i < json_array_size(array) && r == 0; i++) {
                if (i > 0)
                        buffer_append_u8(ret, ',');
                r = write_value(json_array_get(array, i), depth, ret, error);
        }
        return r < 0 ? r : buffer_append_u8(ret, ']');
}

static int write_value(const json_t *value, unsigned depth, struct buffer *ret, struct error *error)
{
        if (depth == DEPTH_MAX)
                return error_set(error, -EINVAL, "objects and arrays stand more than %d deep", DEPTH_MAX);
        switch (value ? json_typeof(value) : JSON_NULL) {
        case JSON_OBJECT:
                return write_object(value, depth + 1, ret, error);
        case JSON_ARRAY:
                return write_array(value, depth + 1, ret, error);
        case JSON_STRING:
                write_text(json_string_value(value), json_string_length(value), ret);
                return ret->failed;
        case JSON_INTEGER:
                if (json_integer_value(value) > WHOLE_MAX || json_integer_value(value) < -WHOLE_MAX)
                        return error_set(error, -EINVAL, "a number is beyond 2^53 - 1");
                return buffer_printf(ret, "%lld", (long long)json_integer_value(value));
        case JSON_REAL:
                return error_set(error, -EINVAL, "a number is not whole");
        case JSON_TRUE:
                return buffer_append_text(ret, "true");
        case JSON_FALSE:
                return buffer_append_text(ret, "false");
        case JSON_NULL:
                return buffer_append_text(ret, "null");
        }
        return error_set(error, -EINVAL, "a value is no JSON");
}

int jcs_write(const json_t *value, struct buffer *ret, struct error *error)
{
        int r = write_value(value, 0, ret, error);

        if (r == -EINVAL)
                return r;
        return r < 0 ? error_set(error, r, r == -EFBIG ? "the JSON text is too long" : "not enough memory")
                     : 0;
}

int jcs_read(struct slice text, const char *name, const struct json_limits *limits, json_t **ret_value,
        struct error *error)
{
        struct buffer again = buffer_make(limits->bytes);
        json_error_t reason;

        if (json_shape_check(text, name, limits, error) < 0)
                return error ? error->code = -EBADMSG : -EBADMSG;
        json_t *value = json_loadb(text.text, text.length, JSON_REJECT_DUPLICATES, &reason);
        if (!value)
                return error_set(error, -EBADMSG, "%s is no JSON: %s", name, reason.text);
        int r = jcs_write(value, &again, error);
        if (r == -EINVAL || r == -EFBIG)
                r = error_prefix(error, -EBADMSG, "%s: ", name);
        else if (r == 0 && (again.length != text.length || memcmp(again.bytes, text.text, text.length) != 0))
                r = -EBADMSG;
        if (r == -EBADMSG)
                error_set(error, r, "%s is not in the canonical writing of RFC 8785", name);
        buffer_free(&again);
        if (r < 0) {
                json_decref(value);
                return r;
        }
        *ret_value = value;
        return 0;
}
