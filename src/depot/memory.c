/* SPDX-License-Identifier: EUPL-1.2 */
/* Windows that stand in memory before those on the disk. */
#include "depot/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No window of one address is larger; a whole one is written to the disk. */
#define MEMORY_WINDOW_MAX ((size_t)1 << 30)

struct memory_window {
        char realm[SETTINGS_NAME_MAX];
        int64_t from;
        uint8_t *bytes; /* owned */
        size_t length;
};

struct depot_memory {
        struct memory_window *items; /* owned */
        size_t count, capacity;
};

int depot_begin_memory(struct depot *depot)
{
        if (!depot->memory)
                depot->memory = calloc(1, sizeof *depot->memory);
        return depot->memory ? 0 : -ENOMEM;
}

void depot_forget_memory(struct depot *depot)
{
        struct depot_memory *memory = depot->memory;

        for (size_t i = 0; memory && i < memory->count; i++)
                free(memory->items[i].bytes);
        if (memory)
                memory->count = 0;
}

void depot_end_memory(struct depot *depot)
{
        depot_forget_memory(depot);
        if (depot->memory)
                free(depot->memory->items);
        free(depot->memory);
        depot->memory = NULL;
}

static struct memory_window *find(const struct depot *depot, const char *realm, int64_t window_from)
{
        for (size_t i = 0; depot->memory && i < depot->memory->count; i++) {
                struct memory_window *window = &depot->memory->items[i];
                if (window->from == window_from && strcmp(window->realm, realm) == 0)
                        return window;
        }
        return NULL;
}

static struct depot_file file_of(const struct memory_window *window)
{
        struct depot_file file = {.from = window->from,
                .to = window->from + DEPOT_WINDOW_MS,
                .generation = DEPOT_MEMORY_GENERATION,
                .size = window->length};
        char name[sizeof file.name];

        depot_name_write(name, sizeof name, DEPOT_NAT, window->from, DEPOT_MEMORY_GENERATION);
        snprintf(file.name, sizeof file.name, "%.*s.live", (int)strcspn(name, "."), name);
        return file;
}

bool depot_memory_has(const struct depot *depot, const char *realm, int64_t window_from)
{
        return find(depot, realm, window_from) != NULL;
}

bool depot_memory_has_any(const struct depot *depot, const char *realm)
{
        for (size_t i = 0; depot->memory && i < depot->memory->count; i++)
                if (strcmp(depot->memory->items[i].realm, realm) == 0)
                        return true;
        return false;
}

int depot_memory_open(struct depot *depot, const char *realm, int64_t window_from, struct depot_window *ret,
        struct error *error)
{
        const struct memory_window *found = find(depot, realm, window_from);
        struct depot_window window = {.map = NULL};

        window.file = file_of(found);
        int r = segment_reader_new(found->bytes, found->length, window.file.name, &window.segment, error);
        if (r == 0)
                *ret = window;
        return r;
}

int depot_memory_list(const struct depot *depot, const char *realm, struct depot_files *files)
{
        for (size_t i = 0; depot->memory && i < depot->memory->count; i++) {
                const struct memory_window *window = &depot->memory->items[i];
                size_t at = 0;
                if (strcmp(window->realm, realm) != 0)
                        continue;
                while (at < files->count && files->items[at].from < window->from)
                        at++;
                if (at == files->count || files->items[at].from != window->from) {
                        struct depot_file *grown =
                                realloc(files->items, (files->count + 1) * sizeof *files->items);
                        if (!grown)
                                return -ENOMEM;
                        memmove(&grown[at + 1], &grown[at], (files->count - at) * sizeof *grown);
                        files->items = grown;
                        files->capacity = ++files->count;
                }
                files->items[at] = file_of(window);
        }
        return 0;
}

/* --- Drafts --- */

static int write_piece(void *context, const void *bytes, size_t length)
{
        struct depot_draft *draft = context;

        draft->bytes += length;
        return buffer_append(&draft->pending, bytes, length);
}

void depot_memory_draft(const char *realm, int64_t window_from, struct depot_draft *ret)
{
        *ret = (struct depot_draft){.kind = DEPOT_NAT,
                .in_memory = true,
                .window_from = window_from,
                .generation = DEPOT_MEMORY_GENERATION,
                .file = -1,
                .pending = buffer_make(MEMORY_WINDOW_MAX),
                .output = {.context = ret, .write = write_piece}};
        snprintf(ret->realm, sizeof ret->realm, "%s", realm);
}

int depot_memory_publish(struct depot *depot, struct depot_draft *draft, struct error *error)
{
        struct depot_memory *memory = depot->memory;
        struct memory_window *window = find(depot, draft->realm, draft->window_from);

        if (!window && memory->count == memory->capacity) {
                size_t capacity = memory->capacity ? memory->capacity * 2 : 8;
                struct memory_window *grown = realloc(memory->items, capacity * sizeof *grown);
                if (grown) {
                        memory->items = grown;
                        memory->capacity = capacity;
                }
        }
        if (draft->pending.failed || (!window && memory->count == memory->capacity)) {
                buffer_free(&draft->pending);
                return error_set(error, -ENOMEM, "not enough memory for the records of this address");
        }
        if (!window) {
                window = &memory->items[memory->count++];
                *window = (struct memory_window){.from = draft->window_from};
                memcpy(window->realm, draft->realm, sizeof window->realm);
        }
        free(window->bytes);
        window->bytes = draft->pending.bytes;
        window->length = draft->pending.length;
        draft->pending = buffer_make(0);
        return 0;
}
