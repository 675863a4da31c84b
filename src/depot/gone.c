/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/gone.h"

#include "depot/internal.h"
#include "os/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GONE_FILE "gone"
#define GONE_TEXT_MAX (4u << 20)
#define GONE_ENTRIES_MAX 16384

static const char introduction[] = "# What retention has destroyed here: kind, prefix, and until when. "
                                   "Written by rogatory; do not change it.\n";

void depot_gone_free(struct depot_gone_list *list)
{
        free(list->items);
        *list = (struct depot_gone_list){.items = NULL};
}

int depot_gone_add(struct depot_gone_list *list, const struct depot_gone *gone)
{
        for (size_t i = 0; i < list->count; i++) {
                struct depot_gone *known = &list->items[i];
                if (known->kind != gone->kind || known->prefix.length != gone->prefix.length ||
                        address_compare(&known->prefix.address, &gone->prefix.address) != 0)
                        continue;
                if (gone->until_ms > known->until_ms)
                        known->until_ms = gone->until_ms;
                return 0;
        }
        struct depot_gone *grown = realloc(list->items, (list->count + 1) * sizeof *grown);
        if (!grown)
                return -ENOMEM;
        list->items = grown;
        grown[list->count++] = *gone;
        return 0;
}

int64_t depot_gone_until(
        const struct depot_gone_list *list, enum retain_kind kind, const struct prefix *prefix)
{
        int64_t until = TIME_UNKNOWN;
        int best = -1;

        for (size_t i = 0; i < list->count; i++) {
                const struct depot_gone *gone = &list->items[i];
                if (gone->kind != kind || gone->prefix.length > prefix->length ||
                        gone->prefix.length <= best || !prefix_contains(&gone->prefix, &prefix->address))
                        continue;
                best = gone->prefix.length;
                until = gone->until_ms;
        }
        return until;
}

int64_t depot_gone_until_of(
        const struct depot_gone_list *list, enum retain_kind kind, const struct address *address)
{
        struct prefix host = {.address = *address, .length = 128};

        return depot_gone_until(list, kind, &host);
}

/* --- The file --- */

/* "bindings 198.51.100.0/24 2026-05-25T13:00:00.000Z" */
static int read_line(struct slice line, struct depot_gone_list *list, struct error *error)
{
        struct slice kind = slice_word(&line), prefix = slice_word(&line), until = slice_word(&line);
        struct depot_gone gone = {.kind = RETAIN_BINDINGS};

        while (gone.kind < RETAIN_KIND_COUNT && !slice_is(kind, retain_kind_name(gone.kind)))
                gone.kind++;
        if (gone.kind == RETAIN_KIND_COUNT || slice_trim(line).length > 0)
                return error_set(error, -EBADMSG, "is not KIND PREFIX TIME");
        if (list->count == GONE_ENTRIES_MAX)
                return error_set(error, -EBADMSG, "more than %d entries", GONE_ENTRIES_MAX);
        if (prefix_parse(prefix, &gone.prefix, error) < 0 ||
                time_parse_rfc3339(until, &gone.until_ms, NULL, error) < 0)
                return -EBADMSG;
        return depot_gone_add(list, &gone);
}

static int read_text(const struct buffer *text, struct depot_gone_list *list, struct error *error)
{
        struct slice rest = slice_make((const char *)text->bytes, text->length);
        unsigned number = 0;
        int r = 0;

        while (r == 0 && rest.length > 0) {
                struct slice line = slice_trim(slice_cut(&rest, '\n'));
                number++;
                if (line.length > 0 && line.text[0] != '#')
                        r = read_line(line, list, error);
        }
        return r == -EBADMSG ? error_prefix(error, r, "line %u: ", number) : r;
}

static int path_of(const struct depot *depot, const char *realm, const char *name, char *ret_path,
        size_t size, struct error *error)
{
        if (!settings_name_is_valid(realm))
                return error_set(error, -EINVAL, "\"%.60s\" is not the name of a realm", realm);
        return depot_join(
                ret_path, size, error, "%s/realms/%s%s%s", depot->path, realm, name[0] ? "/" : "", name);
}

int depot_gone_read(
        struct depot *depot, const char *realm, struct depot_gone_list *ret_list, struct error *error)
{
        struct buffer text = buffer_make(GONE_TEXT_MAX);
        struct depot_gone_list list = {.items = NULL};
        char path[DEPOT_PATH_MAX];

        int r = path_of(depot, realm, GONE_FILE, path, sizeof path, error);
        if (r == 0 && access(path, F_OK) < 0 && errno == ENOENT) {
                *ret_list = list;
                return 0;
        }
        if (r == 0)
                r = file_read(path, &text, error);
        if (r == 0) {
                r = read_text(&text, &list, error);
                if (r == -EBADMSG)
                        error_prefix(error, r, "%s: ", path);
                else if (r < 0)
                        error_set(error, r, "%s: not enough memory", path);
        }
        buffer_free(&text);
        if (r < 0) {
                depot_gone_free(&list);
                return r;
        }
        *ret_list = list;
        return 0;
}

int depot_gone_write(
        struct depot *depot, const char *realm, const struct depot_gone_list *list, struct error *error)
{
        struct buffer text = buffer_make(GONE_TEXT_MAX);
        char folder[DEPOT_PATH_MAX], prefix[ADDRESS_TEXT_MAX], until[TIME_TEXT_MAX];

        buffer_append_text(&text, introduction);
        for (size_t i = 0; i < list->count; i++)
                buffer_printf(&text, "%s %s %s\n", retain_kind_name(list->items[i].kind),
                        prefix_format(&list->items[i].prefix, prefix),
                        time_format_utc(list->items[i].until_ms, until));
        int r = depot_must_write(depot, error);
        if (r == 0)
                r = path_of(depot, realm, "", folder, sizeof folder, error);
        if (r == 0 && text.failed)
                r = error_set(error, text.failed, "%s: what was destroyed cannot be listed", folder);
        if (r == 0)
                r = file_publish(folder, GONE_FILE, text.bytes, text.length, error);
        buffer_free(&text);
        return r;
}
