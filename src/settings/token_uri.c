/* SPDX-License-Identifier: EUPL-1.2 */
#include "settings/token_uri.h"

#include <stdbool.h>
#include <string.h>

#define EXAMPLE                                                                                              \
        "pkcs11:token=NAME;object=NAME?module-path=/usr/lib/MODULE.so&pin-source=file:/etc/rogatory/pin"

struct attribute {
        const char *name;
        char *value;
        size_t room;
        bool is_path, is_query;
};

static int hex(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 7512 section 2.3: bytes that are no part of the grammar are written as %XX. */
static int decode(struct slice text, const struct attribute *attribute, struct error *problem)
{
        size_t length = 0;

        for (size_t i = 0; i < text.length; i++) {
                int byte = (unsigned char)text.text[i];
                if (byte == '%') {
                        bool whole = i + 2 < text.length;
                        int high = whole ? hex(text.text[i + 1]) : -1;
                        int low = whole ? hex(text.text[i + 2]) : -1;
                        if (high < 0 || low < 0)
                                return error_set(problem, -EINVAL,
                                        "pkcs11: %s: a %% is not followed by two hexadecimal digits",
                                        attribute->name);
                        byte = high << 4 | low;
                        i += 2;
                }
                if (byte < 0x20 || byte == 0x7f)
                        return error_set(
                                problem, -EINVAL, "pkcs11: %s has a control character", attribute->name);
                if (length + 1 >= attribute->room)
                        return error_set(problem, -EINVAL, "pkcs11: %s is longer than %zu bytes",
                                attribute->name, attribute->room - 1);
                attribute->value[length++] = (char)byte;
        }
        attribute->value[length] = '\0';
        if (length == 0)
                return error_set(problem, -EINVAL, "pkcs11: %s is empty", attribute->name);
        return 0;
}

static int read_value(struct slice value, const struct attribute *attribute, struct error *problem)
{
        static const char scheme[] = "file:";

        if (attribute->value[0])
                return error_set(problem, -EINVAL, "pkcs11: %s stands there twice", attribute->name);
        if (strcmp(attribute->name, "pin-source") == 0) {
                if (!slice_starts(value, scheme))
                        return error_set(problem, -EINVAL, "pkcs11: pin-source must be file:/path");
                value = slice_make(value.text + sizeof scheme - 1, value.length - (sizeof scheme - 1));
        }
        int r = decode(value, attribute, problem);
        if (r == 0 && attribute->is_path && attribute->value[0] != '/')
                return error_set(problem, -EINVAL, "pkcs11: %s must be a path from the root, not \"%s\"",
                        attribute->name, attribute->value);
        return r;
}

static int read_attribute(struct slice text, const struct attribute *attributes, size_t count, bool is_query,
        struct error *problem)
{
        struct slice value = text;
        struct slice name = slice_cut(&value, '=');
        int shown = (int)(name.length > 40 ? 40 : name.length);

        if (slice_is(name, "pin-value"))
                return error_set(problem, -EINVAL,
                        "pkcs11: the PIN must not stand in the configuration; write it into a file that only "
                        "rogatory's account may read, and pin-source=file:/path");
        for (size_t i = 0; i < count; i++)
                if (slice_is(name, attributes[i].name) && attributes[i].is_query == is_query)
                        return read_value(value, &attributes[i], problem);
        return error_set(
                problem, -EINVAL, "pkcs11: \"%.*s\" has no meaning here; write " EXAMPLE, shown, name.text);
}

int token_uri_read(struct slice text, struct token_uri *ret_uri, struct error *problem)
{
        struct token_uri uri = {.token = ""};
        const struct attribute attributes[] = {{"token", uri.token, sizeof uri.token, false, false},
                {"object", uri.object, sizeof uri.object, false, false},
                {"module-path", uri.module, sizeof uri.module, true, true},
                {"pin-source", uri.pin_file, sizeof uri.pin_file, true, true}};
        const size_t count = sizeof attributes / sizeof attributes[0];
        struct slice query = text;
        struct slice path = slice_cut(&query, '?');
        int r = 0;

        while (r == 0 && path.length > 0)
                r = read_attribute(slice_cut(&path, ';'), attributes, count, false, problem);
        while (r == 0 && query.length > 0)
                r = read_attribute(slice_cut(&query, '&'), attributes, count, true, problem);
        for (size_t i = 0; r == 0 && i < count; i++)
                if (attributes[i].value[0] == '\0')
                        r = error_set(problem, -EINVAL, "pkcs11: %s is missing; write " EXAMPLE,
                                attributes[i].name);
        if (r == 0)
                *ret_uri = uri;
        return r;
}
