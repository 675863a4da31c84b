/* SPDX-License-Identifier: EUPL-1.2 */
/* Tiles and bundles as files. */
#include "chronicle/state.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int chronicle_join(const char *folder, const char *name, char ret_path[PATH_MAX], struct error *error)
{
        int used = snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);

        if (used < 0 || used >= PATH_MAX)
                return error_set(error, -ENAMETOOLONG, "%s: the path is too long", folder);
        return 0;
}

/* Every folder on the way to a file below the log's. */
static int make_folders(const char *folder, const char *path, struct error *error)
{
        char part[PATH_MAX];
        size_t begin = strlen(folder) + 1;

        memcpy(part, path, strlen(path) + 1);
        char *last = strrchr(part, '/');
        *last = '\0';
        if (access(part, F_OK) == 0)
                return 0;
        for (char *at = strchr(part + begin, '/');; at = strchr(at + 1, '/')) {
                if (at)
                        *at = '\0';
                int r = folder_make(part, error);
                if (r < 0 || !at)
                        return r;
                *at = '/';
        }
}

int chronicle_publish(
        const char *folder, const char *name, const void *bytes, size_t length, struct error *error)
{
        char draft[PATH_MAX], final[PATH_MAX], place[PATH_MAX];
        int file;

        int r = chronicle_join(folder, CHRONICLE_DRAFT, draft, error);
        if (r == 0)
                r = chronicle_join(folder, name, final, error);
        if (r == 0)
                r = make_folders(folder, final, error);
        if (r == 0)
                r = file_draft_open(draft, &file, error);
        if (r < 0)
                return r;
        r = file_write_all(file, bytes, length, draft, error);
        if (r < 0) {
                file_draft_abandon(file, draft);
                return r;
        }
        memcpy(place, final, strlen(final) + 1);
        *strrchr(place, '/') = '\0';
        return file_draft_publish(file, draft, final, place, error);
}

/* A partial tile may be gone once there is the full one, which begins with the same. */
static int read_either(
        const char *folder, const struct tile *tile, bool bundle, struct buffer *ret, struct error *error)
{
        const struct tile full = {tile->level, tile->index, TILE_WIDTH};
        char name[TILE_PATH_MAX], path[PATH_MAX];

        int r = chronicle_join(folder, bundle ? bundle_path(tile, name) : tile_path(tile, name), path, error);
        if (r == 0)
                r = file_read(path, ret, error);
        if (r != -ENOENT || tile->width == TILE_WIDTH)
                return r;
        r = chronicle_join(folder, bundle ? bundle_path(&full, name) : tile_path(&full, name), path, error);
        return r == 0 ? file_read(path, ret, error) : r;
}

int chronicle_tile_read(
        void *context, const struct tile *tile, uint8_t ret_hashes[TILE_BYTES], struct error *error)
{
        struct buffer bytes = buffer_make(TILE_BYTES);
        size_t wanted = (size_t)tile->width * MERKLE_HASH_BYTES;
        char name[TILE_PATH_MAX];

        int r = read_either(context, tile, false, &bytes, error);
        if (r == -ENOENT || r == -EFBIG || (r == 0 && bytes.length < wanted))
                r = error_set(error, -EBADMSG, "%s/%s: this tile of the log is missing or damaged",
                        (const char *)context, tile_path(tile, name));
        if (r == 0)
                memcpy(ret_hashes, bytes.bytes, wanted);
        buffer_free(&bytes);
        return r;
}

/* The partial tiles that a full one takes the place of (c2sp.org/tlog-tiles, "Partial Tiles"). Nothing
 * depends on their being gone. */
static void prune(const char *folder, const char *name)
{
        char path[PATH_MAX], file[PATH_MAX];

        int used = snprintf(path, sizeof path, "%s/%s.p", folder, name);
        DIR *partial = used > 0 && used < PATH_MAX ? opendir(path) : NULL;
        if (!partial)
                return;
        for (struct dirent *entry; (entry = readdir(partial));)
                if (entry->d_name[0] != '.' && chronicle_join(path, entry->d_name, file, NULL) == 0)
                        (void)unlink(file);
        closedir(partial);
        (void)rmdir(path);
}

int chronicle_tile_write(void *context, const struct tile *tile, const uint8_t *hashes, struct error *error)
{
        char name[TILE_PATH_MAX];

        int r = chronicle_publish(
                context, tile_path(tile, name), hashes, (size_t)tile->width * MERKLE_HASH_BYTES, error);
        if (r == 0 && tile->width == TILE_WIDTH)
                prune(context, name);
        return r;
}

int chronicle_bundle_read(
        const char *folder, const struct tile *tile, struct buffer *ret, struct error *error)
{
        struct buffer bytes = buffer_make(BUNDLE_BYTES_MAX);
        struct slice entry;
        char name[TILE_PATH_MAX];

        int r = read_either(folder, tile, true, &bytes, error);
        struct slice rest = slice_make((const char *)bytes.bytes, bytes.length);
        for (unsigned i = 0; r == 0 && i < tile->width; i++)
                r = bundle_next(&rest, &entry) ? bundle_append(ret, entry.text, entry.length) : -EBADMSG;
        if (r == -ENOENT || r == -EFBIG || r == -EBADMSG)
                r = error_set(error, -EBADMSG, "%s/%s: these entries of the log are missing or damaged",
                        folder, bundle_path(tile, name));
        buffer_free(&bytes);
        return r;
}

int chronicle_bundle_write(
        const char *folder, const struct tile *tile, const struct buffer *bundle, struct error *error)
{
        char name[TILE_PATH_MAX];

        int r = chronicle_publish(folder, bundle_path(tile, name), bundle->bytes, bundle->length, error);
        if (r == 0 && tile->width == TILE_WIDTH)
                prune(folder, name);
        return r;
}
