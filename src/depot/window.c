/* SPDX-License-Identifier: EUPL-1.2 */
/* Opening a window for reading. */
#include "depot/keys.h"
#include "os/clock.h"
#include "os/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A merge replaces a file between the look at the folder and the opening. That a merge happens this often
 * within one opening means that something else is wrong. */
#define ATTEMPTS 16

/* A folder that changed a moment ago may change again without a new time of change, because the clocks of
 * file systems tick in milliseconds; until then a listing is not kept. */
#define SETTLED_MS 1000

/* One question opens a window or two: then the folder of their month is only looked through for their names.
 * Who opens more gets listings that are kept. */
#define SCANS_MAX 8

static bool is_settled(const struct timespec *changed)
{
        int64_t changed_ms = (int64_t)changed->tv_sec * 1000 + changed->tv_nsec / 1000000;
        int64_t age = clock_now_ms() - changed_ms;
        return age > SETTLED_MS;
}

static bool folder_is(const struct listed_folder *listed, const struct listed_folder *now)
{
        return listed->folder == now->folder && listed->changed.tv_sec == now->changed.tv_sec &&
               listed->changed.tv_nsec == now->changed.tv_nsec;
}

static int look_at(const char *path, struct listed_folder *ret, struct error *error)
{
        struct stat status;

        *ret = (struct listed_folder){.folder = 0};
        if (stat(path, &status) < 0)
                return errno == ENOENT ? 0 : error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        *ret = (struct listed_folder){.folder = status.st_ino, .changed = status.st_mtim};
        return 0;
}

/* The listing of this month, of whenever it is; a place for it where there is none. */
static struct listing *find_listing(
        struct depot *depot, const char *realm, enum depot_kind kind, int64_t month)
{
        for (size_t i = 0; i < LISTINGS_MAX; i++) {
                struct listing *listing = &depot->listings[i];
                if (listing->valid && listing->kind == kind && listing->month == month &&
                        strcmp(listing->realm, realm) == 0)
                        return listing;
        }
        return &depot->listings[depot->listing_turn++ % LISTINGS_MAX];
}

void depot_forget_listings(struct depot *depot)
{
        for (size_t i = 0; i < LISTINGS_MAX; i++)
                depot->listings[i].valid = false;
}

/* All generations of the month of a window, from the last listing where that still holds. */
static int refresh(struct depot *depot, const char *realm, enum depot_kind kind, const char *folder,
        int64_t window_from, struct listing **ret_listing, struct error *error)
{
        int64_t month = kind == DEPOT_NAT ? depot_month_of(window_from) : window_from;
        struct listing *listing = find_listing(depot, realm, kind, month);
        struct listed_folder loose, own = {.folder = 0};
        char path[DEPOT_PATH_MAX];
        struct depot_files files;

        *ret_listing = listing;
        int r = depot_folder_of(folder, kind, window_from, path, sizeof path, error);
        if (r == 0)
                r = look_at(folder, &loose, error);
        if (r == 0 && kind == DEPOT_NAT)
                r = look_at(path, &own, error);
        if (r < 0)
                return r;
        if (listing->valid && listing->kind == kind && listing->month == month &&
                strcmp(listing->realm, realm) == 0 && folder_is(&listing->loose, &loose) &&
                folder_is(&listing->own, &own))
                return 0;
        bool keep = is_settled(&loose.changed) && (own.folder == 0 || is_settled(&own.changed));
        r = depot_list_month(folder, kind, window_from, &files, error);
        if (r < 0)
                return r;
        depot_files_free(&listing->files);
        *listing = (struct listing){
                .kind = kind, .month = month, .valid = keep, .loose = loose, .own = own, .files = files};
        snprintf(listing->realm, sizeof listing->realm, "%s", realm);
        return 0;
}

/* The highest generation of a window in the listing; NULL where there is none. */
static const struct depot_file *find(const struct depot_files *files, int64_t window_from)
{
        size_t low = 0, high = files->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (files->items[middle].from <= window_from)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low > 0 && files->items[low - 1].from == window_from ? &files->items[low - 1] : NULL;
}

/* The highest generation of one window, by a look at the names in its month's folder and beside it.
 * Generation 0 where there is none. */
static int scan(const char *folder, enum depot_kind kind, int64_t window_from, struct depot_file *ret_file,
        struct error *error)
{
        struct depot_files files;

        int r = depot_list_window(folder, kind, window_from, &files, error);
        if (r < 0)
                return r;
        *ret_file = files.count > 0 ? files.items[files.count - 1] : (struct depot_file){.generation = 0};
        depot_files_free(&files);
        return 0;
}

/* generation 0 in ret_file: there is no such window. */
static int look_up(struct depot *depot, const char *realm, enum depot_kind kind, int64_t window_from,
        const char *folder, struct depot_file *ret_file, struct error *error)
{
        struct listing *listing;

        if (depot->scans < SCANS_MAX) {
                depot->scans++;
                return scan(folder, kind, window_from, ret_file, error);
        }
        int r = refresh(depot, realm, kind, folder, window_from, &listing, error);
        if (r < 0)
                return r;
        const struct depot_file *found = find(&listing->files, window_from);
        *ret_file = found ? *found : (struct depot_file){.generation = 0};
        return 0;
}

/* ---- sealed files ---- */

static int wrong_place(const char *path, struct error *error)
{
        return error_set(error, -EBADMSG,
                "%s: says of itself that it is of another realm, window or generation; it was renamed or "
                "copied, put it back or remove it",
                path);
}

/* The key of a file whose header was read. -ENOENT where it was destroyed or replaced: there is no such
 * window any more. */
static int find_key(struct depot *depot, const struct seal_header *header, const char *path,
        uint8_t ret_key[SEAL_KEY_BYTES], struct error *error)
{
        struct file_place place = {
                .kind = header->kind, .window_from = header->window_from, .generation = header->generation};
        struct realm_keys *keys;

        int r = depot_keys_open(depot, header->realm, &keys, error);
        if (r == -ENOENT)
                return error_set(error, -ENOKEY,
                        "%s: is sealed, and keys/%s.keys is missing; put the key table back from a copy",
                        path, header->realm);
        if (r < 0)
                return r;
        const struct file_key *key = key_table_find(keys->table, &place);
        if (key && key->destroyed)
                return error_set(error, -ENOENT, "%s: its key was destroyed", path);
        if (!key || memcmp(key->id, header->key_id, sizeof key->id) != 0)
                return access(path, F_OK) < 0 && errno == ENOENT
                               ? error_set(error, -ENOENT, "%s: was replaced", path)
                               : error_set(error, -ENOKEY,
                                         "%s: its key is not in keys/%s.keys: the table is of another time "
                                         "than "
                                         "this file, or the file was destroyed and put back from a copy",
                                         path, header->realm);
        r = key_table_unwrap(keys->table, key, ret_key);
        return r < 0 ? error_set(error, r, "%s: its key cannot be unwrapped", path) : 0;
}

/* A file that the key table knows must be sealed: one that is not was put there by somebody else. */
static int refuse_plain(struct depot *depot, const char *realm, enum depot_kind kind,
        const struct depot_file *file, const char *path, struct error *error)
{
        struct file_place place = {
                .kind = (uint8_t)kind, .window_from = file->from, .generation = file->generation};
        struct realm_keys *keys;

        if (!depot_key_sources(depot, realm) || depot_keys_open(depot, realm, &keys, NULL) < 0 ||
                !key_table_find(keys->table, &place))
                return 0;
        return error_set(error, -EBADMSG,
                "%s: is not sealed, although it was when it was written; somebody put another file there: "
                "put it "
                "back from a copy",
                path);
}

static int open_seal(struct depot *depot, const char *realm, enum depot_kind kind,
        struct depot_window *window, const char *path, struct error *error)
{
        const struct depot_file *file = &window->file;
        uint8_t key[SEAL_KEY_BYTES];
        struct seal_header header;

        if (!seal_file_begins(window->map, window->map_length))
                return refuse_plain(depot, realm, kind, file, path, error);
        int r = seal_header_read(window->map, window->map_length, path, &header, error);
        if (r < 0)
                return r;
        if (strcmp(header.realm, realm) != 0 || header.kind != kind || header.window_from != file->from ||
                header.generation != file->generation)
                return wrong_place(path, error);
        r = find_key(depot, &header, path, key, error);
        if (r == 0)
                r = depot_seal_open(window->map, window->map_length, path, key, &window->seal, error);
        seal_wipe(key, sizeof key);
        return r;
}

static void release_map(struct depot_window *window)
{
        struct file_map map = {.bytes = window->map, .length = window->map_length};

        depot_seal_free(window->seal);
        window->seal = NULL;
        if (window->map)
                file_unmap(&map);
        window->map = NULL;
}

/* Leases and plans are small and opened whole. */
static int whole_bytes(const struct depot_window *window, const char *path, struct segment_input *ret_input,
        struct error *error)
{
        struct depot_seal *seal = window->seal;

        *ret_input = (struct segment_input){.bytes = window->map, .length = window->map_length};
        if (!seal)
                return 0;
        *ret_input = (struct segment_input){.bytes = seal->plain, .length = seal->length};
        return depot_seal_need(seal, 0, seal->length) ? 0
                                                      : error_set(error, -EBADMSG,
                                                                "%s: was damaged or changed under its seal; "
                                                                "restore this file from a copy, the "
                                                                "other files of the store are not affected",
                                                                path);
}

uint64_t depot_window_check_seal(const struct depot_window *window,
        void (*bad)(void *context, uint64_t from, uint64_t length), void *context)
{
        const struct depot_seal *seal = window->seal;
        uint8_t plain[SEAL_CHUNK_BYTES];
        uint64_t found = 0;

        for (uint64_t chunk = 0; seal && chunk < seal_reader_chunks(seal->reader); chunk++) {
                if (seal_reader_open(seal->reader, chunk, plain) == 0)
                        continue;
                found++;
                uint64_t from = SEAL_HEADER_BYTES + chunk * (SEAL_CHUNK_BYTES + SEAL_TAG_BYTES);
                uint64_t left = window->map_length - from, most = SEAL_CHUNK_BYTES + SEAL_TAG_BYTES;
                bad(context, from, left < most ? left : most);
        }
        seal_wipe(plain, sizeof plain);
        return found;
}

/* The index stands at the end and is read whole when a window is opened. How long it is says only the
 * trailer: most have room in this much. */
#define INDEX_USUAL ((size_t)64 * 1024)

/* The beginning and the end of a window that is opened for few questions are brought in at once, each with
 * one reading, and nothing ahead of what is asked. */
static void advise(const struct file_map *map)
{
        size_t tail = INDEX_USUAL < map->length ? INDEX_USUAL : map->length;

        file_map_scattered(map->bytes, map->length);
        file_map_soon(map->bytes, tail < 1 ? 0 : 1);
        file_map_soon((const uint8_t *)map->bytes + map->length - tail, tail);
}

/* An index that begins before what was brought in. */
static void bring_index(void *context, uint64_t offset, uint64_t length)
{
        const struct depot_window *window = context;

        if (window->map_length > INDEX_USUAL && offset < window->map_length - INDEX_USUAL)
                file_map_soon((const uint8_t *)window->map + offset, length);
}

static int map_window(struct depot *depot, const char *realm, enum depot_kind kind, int64_t window_from,
        struct depot_window *ret, char path[DEPOT_PATH_MAX], struct error *error)
{
        char folder[DEPOT_PATH_MAX];
        struct file_map map;

        int r = depot_folder(depot, realm, kind, folder, sizeof folder, error);
        if (r < 0)
                return r;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                struct depot_file file;
                r = look_up(depot, realm, kind, window_from, folder, &file, error);
                if (r < 0)
                        return r;
                if (file.generation == 0)
                        return error_set(error, -ENOENT, "%s: there is no such window", folder);
                r = depot_path_of(folder, kind, &file, path, DEPOT_PATH_MAX, error);
                if (r == 0)
                        r = file_map(path, &map, error);
                if (r == 0) {
                        ret->file = file;
                        ret->file.size = map.length;
                        ret->map = (void *)(uintptr_t)map.bytes;
                        ret->map_length = map.length;
                        if (depot->scattered && kind == DEPOT_NAT)
                                advise(&map);
                        r = open_seal(depot, realm, kind, ret, path, error);
                        if (r < 0)
                                release_map(ret);
                }
                if (r != -ENOENT || access(path, F_OK) == 0)
                        return r;
                depot_forget_listings(depot);
        }
        return error_set(
                error, -EAGAIN, "%s: the window is replaced again and again while it is opened", folder);
}

void depot_expect_scattered(struct depot *depot)
{
        depot->scattered = true;
}

/* A file must be what its name and place say: one that was copied to another place would answer for the wrong
 * realm or hour. */
static int check_header(const struct segment_header *header, const char *realm, const struct depot_file *file,
        const char *path, struct error *error)
{
        if (strcmp(header->realm, realm) == 0 && header->window_from == file->from &&
                header->window_to == file->to && header->generation == file->generation)
                return 0;
        return wrong_place(path, error);
}

int depot_window_open(struct depot *depot, const char *realm, int64_t window_from, struct depot_window *ret,
        struct error *error)
{
        struct depot_window window = {.map = NULL};
        char path[DEPOT_PATH_MAX];

        if (depot_memory_has(depot, realm, window_from))
                return depot_memory_open(depot, realm, window_from, ret, error);
        int r = map_window(depot, realm, DEPOT_NAT, window_from, &window, path, error);
        if (r < 0)
                return r;
        struct segment_input input = {.bytes = window.map, .length = window.map_length};
        if (depot->scattered && !window.seal) {
                input.soon = bring_index;
                input.context = &window;
        }
        if (window.seal)
                input = (struct segment_input){.bytes = window.seal->plain,
                        .length = window.seal->length,
                        .need = depot_seal_need,
                        .context = window.seal};
        r = segment_reader_over(&input, path, &window.segment, error);
        if (r == 0)
                r = check_header(segment_header_of(window.segment), realm, &window.file, path, error);
        if (r < 0) {
                depot_window_release(&window);
                return r;
        }
        *ret = window;
        return 0;
}

int depot_lease_window_open(struct depot *depot, const char *realm, int64_t window_from,
        struct depot_window *ret, struct error *error)
{
        struct depot_window window = {.map = NULL};
        struct segment_input input;
        char path[DEPOT_PATH_MAX];

        int r = map_window(depot, realm, DEPOT_LEASES, window_from, &window, path, error);
        if (r < 0)
                return r;
        r = whole_bytes(&window, path, &input, error);
        if (r == 0)
                r = lease_reader_new(input.bytes, input.length, path, &window.leases, error);
        if (r == 0)
                r = check_header(lease_header_of(window.leases), realm, &window.file, path, error);
        if (r < 0) {
                depot_window_release(&window);
                return r;
        }
        *ret = window;
        return 0;
}

int depot_plan_window_open(
        struct depot *depot, const char *realm, struct depot_window *ret, struct error *error)
{
        struct depot_window window = {.map = NULL};
        struct segment_input input;
        char path[DEPOT_PATH_MAX];

        int r = map_window(depot, realm, DEPOT_PLANS, DEPOT_PLAN_WINDOW_FROM, &window, path, error);
        if (r < 0)
                return r;
        r = whole_bytes(&window, path, &input, error);
        if (r == 0)
                r = plan_reader_new(input.bytes, input.length, path, &window.plans, error);
        if (r == 0)
                r = check_header(plan_header_of(window.plans), realm, &window.file, path, error);
        if (r < 0) {
                depot_window_release(&window);
                return r;
        }
        *ret = window;
        return 0;
}

void depot_window_release(struct depot_window *window)
{
        if (window->segment)
                segment_reader_free(window->segment);
        if (window->leases)
                lease_reader_free(window->leases);
        plan_reader_free(window->plans);
        release_map(window);
        *window = (struct depot_window){.map = NULL};
}
