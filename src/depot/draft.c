/* SPDX-License-Identifier: EUPL-1.2 */
/* Writing a new generation of a window. */
#include "depot/keys.h"
#include "os/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Segments are written in many small pieces; the system is bothered with large ones. */
#define PENDING_MAX (256 * 1024)

static int flush(struct depot_draft *draft)
{
        int r = file_write_all(
                draft->file, draft->pending.bytes, draft->pending.length, draft->temporary, &draft->failure);
        buffer_clear(&draft->pending);
        return r;
}

/* As it is to stand on the disk. */
static int write_stored(void *context, const void *bytes, size_t length)
{
        struct depot_draft *draft = context;
        int r = draft->failure.code;

        if (r == 0 && length > PENDING_MAX - draft->pending.length)
                r = flush(draft);
        if (r == 0 && length > PENDING_MAX)
                r = file_write_all(draft->file, bytes, length, draft->temporary, &draft->failure);
        else if (r == 0 && buffer_append(&draft->pending, bytes, length) < 0)
                r = error_set(&draft->failure, -ENOMEM, "%s: not enough memory", draft->temporary);
        return r;
}

static int write_piece(void *context, const void *bytes, size_t length)
{
        struct depot_draft *draft = context;

        int r = draft->seal ? seal_writer_add(draft->seal, bytes, length)
                            : write_stored(draft, bytes, length);
        if (r < 0 && draft->failure.code == 0)
                error_set(&draft->failure, r, "%s: cannot be sealed", draft->temporary);
        if (r == 0)
                draft->bytes += length;
        return r;
}

/* ---- sealing ---- */

static struct file_place place_of(const struct depot_draft *draft)
{
        return (struct file_place){.kind = (uint8_t)draft->kind,
                .window_from = draft->window_from,
                .generation = draft->generation};
}

static int begin_seal(struct depot *depot, struct depot_draft *draft, struct error *error)
{
        struct seal_header header = {.kind = (uint8_t)draft->kind,
                .window_from = draft->window_from,
                .generation = draft->generation};
        struct file_place place = place_of(draft);
        uint8_t key[SEAL_KEY_BYTES];
        struct realm_keys *keys;

        int r = depot_keys_make(depot, draft->realm, &keys, error);
        if (r == -ENOENT && !depot_key_sources(depot, draft->realm))
                return 0;
        if (r < 0)
                return r;
        memcpy(header.realm, draft->realm, sizeof draft->realm);
        r = key_table_add(keys->table, &place, header.key_id, key);
        if (r == 0)
                r = seal_writer_new(&header, key, write_stored, draft, &draft->seal);
        seal_wipe(key, sizeof key);
        return r < 0 ? error_set(error, r, "%s: no key can be made for it", draft->final) : 0;
}

/* The key is on the disk before the file has its name: so a file that is seen can be read. Of the generations
 * before, the one that still stands keeps its key, and none else needs one. */
static int publish_key(struct depot *depot, const struct depot_draft *draft, struct error *error)
{
        struct file_place place = place_of(draft);
        struct realm_keys *keys;

        int r = depot_keys_open(depot, draft->realm, &keys, error);
        if (r < 0)
                return r;
        const struct file_key *key = key_table_find(keys->table, &place);
        if (!key || key->destroyed)
                return error_set(
                        error, -ESTALE, "%s: its key was destroyed while it was written", draft->final);
        for (size_t i = key_table_count(keys->table); i-- > 0;) {
                struct file_place other = key_table_at(keys->table, i)->place;
                if (other.kind == place.kind && other.window_from == place.window_from &&
                        other.generation + 1 < place.generation && !key_table_at(keys->table, i)->destroyed)
                        key_table_forget(keys->table, &other);
        }
        return depot_keys_write(depot, keys, error);
}

static void end_seal(struct depot_draft *draft)
{
        seal_writer_free(draft->seal);
        draft->seal = NULL;
}

/* own: the folder of the file, in that of its kind or that itself. */
static int make_folders(const struct depot *depot, const char *realm, const char *folder, const char *own,
        struct error *error)
{
        char path[DEPOT_PATH_MAX];

        if (access(own, F_OK) == 0)
                return 0;
        int r = depot_join(path, sizeof path, error, "%s/realms", depot->path);
        if (r == 0)
                r = folder_make(path, error);
        if (r == 0)
                r = depot_join(path, sizeof path, error, "%s/realms/%s", depot->path, realm);
        if (r == 0)
                r = folder_make(path, error);
        if (r == 0)
                r = folder_make(folder, error);
        return r < 0 || strcmp(own, folder) == 0 ? r : folder_make(own, error);
}

/* The highest generation of a window in a folder; 0 where there is none. */
static int highest_generation(const char *folder, enum depot_kind kind, int64_t window_from,
        uint64_t *ret_generation, struct error *error)
{
        struct depot_files files;
        uint64_t highest = 0;

        int r = depot_list_window(folder, kind, window_from, &files, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < files.count; i++)
                if (files.items[i].from == window_from && files.items[i].generation > highest)
                        highest = files.items[i].generation;
        depot_files_free(&files);
        *ret_generation = highest;
        return 0;
}

static int prepare(struct depot *depot, const char *realm, struct depot_draft *draft, struct error *error)
{
        char name[sizeof((struct depot_file *)NULL)->name], folder[DEPOT_PATH_MAX];
        uint64_t generation;

        int r = depot_folder(depot, realm, draft->kind, folder, sizeof folder, error);
        if (r == 0)
                r = depot_folder_of(
                        folder, draft->kind, draft->window_from, draft->folder, sizeof draft->folder, error);
        if (r == 0)
                r = make_folders(depot, realm, folder, draft->folder, error);
        if (r == 0)
                r = highest_generation(folder, draft->kind, draft->window_from, &generation, error);
        if (r < 0)
                return r;
        if (generation == DEPOT_GENERATION_LARGEST)
                return error_set(error, -EOVERFLOW,
                        "%s: a window was merged a million times; it can be no more", draft->folder);
        draft->generation = generation + 1;
        depot_name_write(name, sizeof name, draft->kind, draft->window_from, draft->generation);
        r = depot_join(draft->final, sizeof draft->final, error, "%s/%s", draft->folder, name);
        if (r == 0)
                r = depot_join(draft->temporary, sizeof draft->temporary, error, "%s/.%s" DEPOT_TEMPORARY_END,
                        draft->folder, name);
        return r;
}

int depot_draft_begin(struct depot *depot, const char *realm, enum depot_kind kind, int64_t window_from,
        struct depot_draft *ret_draft, struct error *error)
{
        bool in_memory = depot->memory && kind == DEPOT_NAT;
        int r = in_memory ? 0 : depot_must_write(depot, error);
        if (r < 0)
                return r;
        if (window_from < TIME_FIRST || window_from >= TIME_LIMIT || window_from % DEPOT_WINDOW_MS != 0 ||
                (kind != DEPOT_NAT && window_from != DEPOT_LEASE_WINDOW_FROM))
                return error_set(error, -EINVAL,
                        "a window must begin with a whole hour UTC of the years 1970 to 2261");
        if (in_memory) {
                depot_memory_draft(realm, window_from, ret_draft);
                return 0;
        }
        struct depot_draft *draft = calloc(1, sizeof *draft);
        if (!draft)
                return error_set(error, -ENOMEM, "not enough memory");
        draft->kind = kind;
        draft->window_from = window_from;
        draft->file = -1;
        draft->pending = buffer_make(PENDING_MAX);
        r = prepare(depot, realm, draft, error);
        memcpy(draft->realm, realm, strnlen(realm, sizeof draft->realm - 1));
        if (r == 0)
                r = file_draft_open(draft->temporary, &draft->file, error);
        if (r == 0) {
                *ret_draft = *draft;
                ret_draft->output = (struct segment_output){.context = ret_draft, .write = write_piece};
                r = begin_seal(depot, ret_draft, error);
                if (r < 0)
                        depot_draft_abandon(ret_draft);
        }
        free(draft);
        return r;
}

void depot_draft_abandon(struct depot_draft *draft)
{
        if (draft->file >= 0)
                file_draft_abandon(draft->file, draft->temporary);
        draft->file = -1;
        end_seal(draft);
        buffer_free(&draft->pending);
}

static int remove_older(
        const char *folder, enum depot_kind kind, int64_t window_from, uint64_t below, struct error *error)
{
        struct depot_files files;
        char path[DEPOT_PATH_MAX];

        int r = depot_list_window(folder, kind, window_from, &files, error);
        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < files.count; i++) {
                if (files.items[i].from != window_from || files.items[i].generation >= below)
                        continue;
                r = depot_path_of(folder, kind, &files.items[i], path, sizeof path, error);
                if (r == 0)
                        r = file_remove(path, error);
        }
        depot_files_free(&files);
        return r;
}

int depot_draft_publish(struct depot *depot, struct depot_draft *draft, struct error *error)
{
        if (draft->in_memory)
                return depot_memory_publish(depot, draft, error);
        bool sealed = draft->seal != NULL;
        int r = depot_must_write(depot, error);
        if (r == 0 && draft->failure.code == 0 && sealed && seal_writer_finish(draft->seal) < 0 &&
                draft->failure.code == 0)
                error_set(&draft->failure, -EIO, "%s: cannot be sealed", draft->temporary);
        if (r == 0 && (draft->failure.code < 0 || flush(draft) < 0))
                r = error_set(error, draft->failure.code, "%s", draft->failure.text);
        if (r == 0 && sealed)
                r = publish_key(depot, draft, error);
        if (r < 0) {
                depot_draft_abandon(draft);
                return r;
        }
        end_seal(draft);
        buffer_free(&draft->pending);
        int file = draft->file;
        draft->file = -1;
        r = file_draft_publish(file, draft->temporary, draft->final, draft->folder, error);
        if (r < 0 || draft->generation == 1)
                return r;
        /* Where this fails the new generation stands all the same, and the next writer tidies up. */
        char folder[DEPOT_PATH_MAX];
        if (depot_folder(depot, draft->realm, draft->kind, folder, sizeof folder, NULL) == 0)
                (void)remove_older(folder, draft->kind, draft->window_from, draft->generation, NULL);
        return 0;
}
