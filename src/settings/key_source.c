/* SPDX-License-Identifier: EUPL-1.2 */
#include "settings/key_source.h"

#include "settings/token_uri.h"

#include <string.h>

#define SHOWN_MAX 60 /* bytes of a bad value that a message repeats */

static const char *const prefixes[] = {"file", "keyring", "credential", "pkcs11"};

static int shown(struct slice text)
{
        return (int)(text.length > SHOWN_MAX ? SHOWN_MAX : text.length);
}

/* A path is written out from the root: it must mean the same for whoever runs the program. Names become file
 * names and descriptions of keys. */
static int check_name(struct slice text, const struct key_source *source, struct error *problem)
{
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:";
        const char *name = source->name;
        size_t length = strlen(name);
        struct token_uri uri;

        if (source->kind == KEY_SOURCE_TOKEN)
                return token_uri_read(slice_of(name), &uri, problem);
        if (source->kind == KEY_SOURCE_FILE && (name[0] != '/' || name[length - 1] == '/'))
                return error_set(problem, -EINVAL,
                        "\"%.*s\" is no path of a file from the root; write file:/etc/rogatory/realm.key",
                        shown(text), text.text);
        if (source->kind != KEY_SOURCE_FILE &&
                (length == 0 || name[0] == '.' || strspn(name, allowed) != length))
                return error_set(problem, -EINVAL,
                        "\"%.*s\": a name has letters, digits and . - _ : and does not begin with a dot",
                        shown(text), text.text);
        return 0;
}

static int read_source(struct slice text, struct key_source *ret_source, struct error *problem)
{
        struct key_source source = {.kind = KEY_SOURCE_FILE};
        struct slice rest = text;
        struct slice prefix = slice_cut(&rest, ':');
        size_t kind = 0, kinds = sizeof prefixes / sizeof prefixes[0];

        while (kind < kinds && !slice_is(prefix, prefixes[kind]))
                kind++;
        if (kind == kinds || !memchr(text.text, ':', text.length))
                return error_set(problem, -EINVAL,
                        "\"%.*s\" is no source of a key; write file:/path, keyring:NAME, credential:NAME, "
                        "pkcs11:..., or none",
                        shown(text), text.text);
        if (rest.length >= sizeof source.name || (rest.length && memchr(rest.text, '\0', rest.length)))
                return error_set(problem, -EINVAL, "\"%.*s...\" is longer than %zu characters", shown(text),
                        text.text, sizeof source.name - 1);
        source.kind = (enum key_source_kind)kind;
        if (rest.length)
                memcpy(source.name, rest.text, rest.length);
        int r = check_name(text, &source, problem);
        if (r == 0)
                *ret_source = source;
        return r;
}

static bool is_replaceable(const struct key_source *source)
{
        return source->kind == KEY_SOURCE_FILE || source->kind == KEY_SOURCE_TOKEN;
}

int key_sources_read(struct slice text, struct key_sources *ret_sources, struct error *problem)
{
        struct key_sources sources = {.count = 0};
        bool replaceable = false;

        if (slice_is(text, "none")) {
                *ret_sources = sources;
                return 0;
        }
        while (text.length > 0) {
                if (sources.count == KEY_SOURCES_MAX)
                        return error_set(problem, -EINVAL, "more than %d sources", KEY_SOURCES_MAX);
                struct key_source *source = &sources.items[sources.count];
                int r = read_source(slice_trim(slice_cut(&text, ',')), source, problem);
                if (r < 0)
                        return r;
                if (is_replaceable(source) && replaceable)
                        return error_set(
                                problem, -EINVAL, "only one of the sources can be a file or a token");
                replaceable = replaceable || is_replaceable(source);
                sources.count++;
        }
        *ret_sources = sources;
        return 0;
}

int key_sources_write(const struct key_sources *sources, struct buffer *buffer)
{
        if (sources->count == 0)
                buffer_append_text(buffer, "none");
        for (size_t i = 0; i < sources->count; i++)
                buffer_printf(buffer, "%s%s:%s", i ? ", " : "", prefixes[sources->items[i].kind],
                        sources->items[i].name);
        return buffer->failed;
}

const char *key_sources_file(const struct key_sources *sources)
{
        for (size_t i = 0; i < sources->count; i++)
                if (sources->items[i].kind == KEY_SOURCE_FILE)
                        return sources->items[i].name;
        return NULL;
}

const struct key_source *key_sources_replaceable(const struct key_sources *sources)
{
        for (size_t i = 0; i < sources->count; i++)
                if (is_replaceable(&sources->items[i]))
                        return &sources->items[i];
        return NULL;
}
