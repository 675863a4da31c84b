/* SPDX-License-Identifier: EUPL-1.2 */
#include "directory/json_members.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PATH_DEPTH 16
#define PATH_BYTES 160

/* The path of a place, from the outside in. */
static void write_path(const struct json_place *place, char path[PATH_BYTES])
{
        const struct json_place *chain[PATH_DEPTH];
        size_t depth = 0, length = 0;

        for (; place && depth < PATH_DEPTH; place = place->above)
                chain[depth++] = place;
        path[0] = '\0';
        while (depth-- > 0 && length < PATH_BYTES) {
                const struct json_place *at = chain[depth];
                int n = at->member ? snprintf(path + length, PATH_BYTES - length, "%s%.48s",
                                             length ? "." : "", at->member)
                                   : snprintf(path + length, PATH_BYTES - length, "[%zu]", at->index);
                length += n > 0 ? (size_t)n : 0;
        }
}

int json_refuse(const struct json_place *place, struct error *error, const char *format, ...)
{
        char path[PATH_BYTES], reason[ERROR_TEXT_MAX];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(reason, sizeof reason, format, arguments);
        va_end(arguments);
        write_path(place, path);
        return error_set(error, -EBADMSG, "%s%s%s", path, path[0] ? ": " : "", reason);
}

static const char *type_name(json_type type)
{
        switch (type) {
        case JSON_OBJECT:
                return "an object";
        case JSON_ARRAY:
                return "an array";
        case JSON_STRING:
                return "a string";
        case JSON_INTEGER:
                return "a whole number";
        default:
                return "true or false";
        }
}

/* Line ends and other control characters could make one text look like another on a terminal. */
static bool has_control(const char *text, bool lines)
{
        for (; *text; text++)
                if (((unsigned char)*text < ' ' && !(lines && *text == '\n')) || *text == 0x7f)
                        return true;
        return false;
}

int json_check_element(const json_t *value, const struct json_place *place, const struct json_member *member,
        struct error *error)
{
        bool fits = member->type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == member->type;
        if (!fits)
                return json_refuse(place, error, "must be %s", type_name(member->type));
        if (member->type == JSON_STRING) {
                size_t length = json_string_length(value);
                if (length < member->least || length > member->most)
                        return json_refuse(place, error, "%zu bytes long; %zu to %zu are allowed", length,
                                member->least, member->most);
                if (strlen(json_string_value(value)) != length ||
                        has_control(json_string_value(value), member->flags & JSON_LINES))
                        return json_refuse(place, error, "has a control character");
        } else if (member->type == JSON_ARRAY) {
                size_t count = json_array_size(value);
                if (count < member->least || count > member->most)
                        return json_refuse(place, error, "%zu elements; %zu to %zu are allowed", count,
                                member->least, member->most);
        } else if (member->type == JSON_INTEGER) {
                json_int_t number = json_integer_value(value);
                if (number < 0 || (uint64_t)number < member->least || (uint64_t)number > member->most)
                        return json_refuse(place, error, "%" JSON_INTEGER_FORMAT "; %zu to %zu are allowed",
                                number, member->least, member->most);
        }
        return 0;
}

static bool is_named(const char *name, const struct json_member *members, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(members[i].name, name) == 0)
                        return true;
        return false;
}

int json_check_object(const json_t *object, const struct json_place *place, const struct json_member *members,
        size_t count, struct error *error)
{
        if (!json_is_object(object))
                return json_refuse(place, error, "must be an object");
        for (void *at = json_object_iter((json_t *)object); at;
                at = json_object_iter_next((json_t *)object, at))
                if (!is_named(json_object_iter_key(at), members, count))
                        return json_refuse(place, error,
                                "has a member \"%.64s\" that this version does not know; nothing is left "
                                "unread in a directory",
                                json_object_iter_key(at));
        for (size_t i = 0; i < count; i++) {
                struct json_place inner = {.above = place, .member = members[i].name};
                const json_t *value = json_object_get(object, members[i].name);
                if (!value && (members[i].flags & JSON_OPTIONAL))
                        continue;
                if (!value)
                        return json_refuse(&inner, error, "is missing");
                int r = json_check_element(value, &inner, &members[i], error);
                if (r < 0)
                        return r;
        }
        return 0;
}
