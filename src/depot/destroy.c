/* SPDX-License-Identifier: EUPL-1.2 */
/* Destroying windows: keys first, so that no copy of the files can be read, then the files. */
#include "depot/keys.h"

#include "os/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct destroying {
        struct depot *depot;
        const char *realm;
        const struct depot_doomed *windows;
        size_t count;
        struct depot_destruction done;
};

static bool is_doomed(const struct destroying *d, enum depot_kind kind, int64_t window_from)
{
        for (size_t i = 0; i < d->count; i++)
                if (d->windows[i].kind == kind && d->windows[i].window_from == window_from)
                        return true;
        return false;
}

/* One name for each generation of the windows and for each file that stands in the store no more. Those of
 * doomed windows stay named until their files are gone. */
static void destroy_keys(struct destroying *d, struct realm_keys *keys)
{
        char path[DEPOT_PATH_MAX], name[sizeof((struct depot_file *)NULL)->name];

        for (size_t i = key_table_count(keys->table); i-- > 0;) {
                struct file_place place = key_table_at(keys->table, i)->place;
                if (key_table_at(keys->table, i)->destroyed || place.kind >= DEPOT_KIND_COUNT)
                        continue;
                depot_name_write(name, sizeof name, place.kind, place.window_from, place.generation);
                bool there =
                        depot_file_path(d->depot, d->realm, place.kind, name, path, sizeof path, NULL) == 0 &&
                        (access(path, F_OK) == 0 || errno != ENOENT);
                if (is_doomed(d, place.kind, place.window_from))
                        key_table_destroy(keys->table, &place);
                else if (!there)
                        key_table_forget(keys->table, &place);
                else
                        continue;
                d->done.keys++;
        }
}

static bool is_sealed(const char *path)
{
        struct file_map map;

        if (file_map(path, &map, NULL) < 0)
                return false;
        bool sealed = seal_file_begins(map.bytes, map.length);
        file_unmap(&map);
        return sealed;
}

static bool in_one_folder(const char *one, const char *other)
{
        size_t length = (size_t)(strrchr(one, '/') - one);

        return strncmp(one, other, length + 1) == 0 && !strchr(other + length + 1, '/');
}

static int remove_files(struct destroying *d, enum depot_kind kind, struct error *error)
{
        char folder[DEPOT_PATH_MAX], path[DEPOT_PATH_MAX], last[DEPOT_PATH_MAX] = "";
        struct depot_files files;

        int r = depot_folder(d->depot, d->realm, kind, folder, sizeof folder, error);
        if (r == 0)
                r = depot_list_all(folder, kind, &files, error);
        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < files.count; i++) {
                if (!is_doomed(d, kind, files.items[i].from))
                        continue;
                r = depot_path_of(folder, kind, &files.items[i], path, sizeof path, error);
                if (r == 0 && *last && !in_one_folder(last, path))
                        r = depot_sync_around(last, error);
                if (r == 0 && !is_sealed(path))
                        d->done.unsealed++;
                if (r == 0)
                        r = file_remove(path, error);
                d->done.files += r == 0;
                memcpy(last, path, sizeof last);
        }
        depot_files_free(&files);
        return r == 0 && *last ? depot_sync_around(last, error) : r;
}

int depot_destroy(struct depot *depot, const char *realm, const struct depot_doomed *windows, size_t count,
        struct depot_destruction *ret_destruction, struct error *error)
{
        struct destroying d = {.depot = depot, .realm = realm, .windows = windows, .count = count};
        struct realm_keys *keys;

        int r = depot_must_write(depot, error);
        if (r < 0)
                return r;
        r = depot_keys_open(depot, realm, &keys, error);
        if (r == 0) {
                destroy_keys(&d, keys);
                if (d.done.keys > 0 || count > 0)
                        r = depot_keys_renew(depot, keys, &d.done.final_here, error);
        } else if (r == -ENOENT) {
                r = 0;
        }
        for (enum depot_kind kind = DEPOT_NAT; r == 0 && kind < DEPOT_KIND_COUNT; kind++)
                r = remove_files(&d, kind, error);
        depot_forget_listings(depot);
        if (r < 0) {
                /* What stands on the disk is the truth, not what was to be. */
                depot_keys_drop(depot, realm);
                return r;
        }
        *ret_destruction = d.done;
        return 0;
}
