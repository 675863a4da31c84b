/* SPDX-License-Identifier: EUPL-1.2 */
#include "chronicle/windows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_windows(const void *one, const void *other)
{
        const struct logged_window *a = one, *b = other;
        int order = strcmp(a->realm, b->realm);

        if (order == 0)
                order = strcmp(a->file, b->file);
        return order != 0 ? order : a->index < b->index ? -1 : a->index > b->index;
}

static int grow(struct logged_windows *windows)
{
        size_t capacity = windows->capacity ? 2 * windows->capacity : 64;
        struct logged_window *items = reallocarray(windows->items, capacity, sizeof *items);

        if (!items)
                return -ENOMEM;
        windows->items = items;
        windows->capacity = capacity;
        return 0;
}

bool logged_window_of(uint64_t index, const struct log_entry *entry, struct logged_window *ret_window)
{
        if (!entry || strcmp(entry->kind_name, "window-sealed") != 0)
                return false;
        const char *realm = json_string_value(json_object_get(entry->fields, "realm")),
                   *file = json_string_value(json_object_get(entry->fields, "file")),
                   *digest = json_string_value(json_object_get(entry->fields, "digest"));
        struct logged_window window = {.index = index};
        if (!realm || !file || !digest || strlen(realm) >= sizeof window.realm ||
                strlen(file) >= sizeof window.file || digest_parse(slice_of(digest), window.digest) < 0)
                return false;
        snprintf(window.realm, sizeof window.realm, "%s", realm);
        snprintf(window.file, sizeof window.file, "%s", file);
        *ret_window = window;
        return true;
}

static int keep_window(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct logged_windows *windows = context;
        struct logged_window window;

        windows->seen = index + 1;
        if (!logged_window_of(index, entry, &window))
                return 0;
        if (windows->count == windows->capacity && grow(windows) < 0)
                return error_set(error, -ENOMEM, "not enough memory for the windows of a log");
        windows->items[windows->count++] = window;
        return 0;
}

int logged_windows_read(struct chronicle *chronicle, struct logged_windows *ret_windows, struct error *error)
{
        struct logged_windows windows = {.items = NULL};
        size_t kept = 0;

        int r = chronicle_walk(chronicle, 0, keep_window, &windows, error);
        if (r < 0) {
                logged_windows_free(&windows);
                return r;
        }
        if (windows.count > 0)
                qsort(windows.items, windows.count, sizeof *windows.items, compare_windows);
        for (size_t i = 0; i < windows.count; i++)
                if (kept == 0 || strcmp(windows.items[i].realm, windows.items[kept - 1].realm) != 0 ||
                        strcmp(windows.items[i].file, windows.items[kept - 1].file) != 0)
                        windows.items[kept++] = windows.items[i];
        windows.count = kept;
        *ret_windows = windows;
        return 0;
}

void logged_windows_free(struct logged_windows *windows)
{
        free(windows->items);
        *windows = (struct logged_windows){.items = NULL};
}

const struct logged_window *logged_windows_find(
        const struct logged_windows *windows, const char *realm, const char *file)
{
        size_t low = 0, high = windows->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct logged_window *at = &windows->items[middle];
                int order = strcmp(realm, at->realm);
                if (order == 0)
                        order = strcmp(file, at->file);
                if (order == 0)
                        return at;
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}
