/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/internal.h"
#include "os/file.h"

#include <string.h>

#define SETTINGS_TEXT_MAX (4u << 20)

/* Is this line the heading [section name]? */
static bool is_heading(struct slice line, const char *section, const char *name)
{
        line = slice_trim(line);
        if (line.length < 2 || line.text[0] != '[' || line.text[line.length - 1] != ']')
                return false;
        struct slice rest = slice_make(line.text + 1, line.length - 2);
        struct slice first = slice_word(&rest), second = slice_word(&rest);
        return slice_is(first, section) && slice_is(second, name) && slice_trim(rest).length == 0;
}

/* Copies the text and puts the line behind the heading. true where the heading was found. */
static bool insert(const struct buffer *text, const char *section, const char *name, const char *key,
        const char *value, struct buffer *ret)
{
        struct slice rest = slice_make((const char *)text->bytes, text->length);
        bool found = false;

        while (rest.length > 0) {
                struct slice line = slice_cut(&rest, '\n');
                buffer_append(ret, line.text, line.length);
                buffer_append_u8(ret, '\n');
                if (found || !is_heading(line, section, name))
                        continue;
                found = true;
                buffer_printf(ret, "%s = %s\n", key, value);
        }
        return found;
}

int depot_set_value(struct depot *depot, const char *section, const char *name, const char *key,
        const char *value, struct error *error)
{
        struct buffer text = buffer_make(SETTINGS_TEXT_MAX), changed = buffer_make(SETTINGS_TEXT_MAX);
        char path[DEPOT_PATH_MAX];

        int r = depot_must_write(depot, error);
        if (r == 0)
                r = depot_join(path, sizeof path, error, "%s/%s", depot->path, DEPOT_SETTINGS_FILE);
        if (r == 0)
                r = file_read(path, &text, error);
        if (r == 0 && !insert(&text, section, name, key, value, &changed))
                r = error_set(error, -ENOENT, "%s: there is no section [%s %s]", path, section, name);
        if (r == 0 && changed.failed)
                r = error_set(error, changed.failed, "%s: the settings would become too long", path);
        if (r == 0)
                r = depot_replace_settings(depot, &changed, path, error);
        buffer_free(&text);
        buffer_free(&changed);
        return r;
}
