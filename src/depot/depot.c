/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/depot.h"

#include "depot/internal.h"
#include "depot/keys.h"
#include "os/file.h"
#include "os/zone.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBLEMS_SHOWN 8

int depot_join(char *ret_path, size_t size, struct error *error, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        int used = vsnprintf(ret_path, size, format, arguments);
        va_end(arguments);
        if (used < 0 || (size_t)used >= size)
                return error_set(error, -ENAMETOOLONG, "the path of the store is too long");
        return 0;
}

int depot_must_write(const struct depot *depot, struct error *error)
{
        if (depot->lock < 0)
                return error_set(error, -EPERM, "%s: the store was opened for reading only", depot->path);
        return 0;
}

/* Settings */

static bool zone_check(void *context, const char *name)
{
        (void)context;
        return zone_is_known(name);
}

static int refuse_settings(
        const struct settings_problem *problems, size_t count, const char *path, struct error *error)
{
        struct buffer text = buffer_make(ERROR_TEXT_MAX);
        size_t shown = count < PROBLEMS_SHOWN ? count : PROBLEMS_SHOWN;

        for (size_t i = 0; i < shown; i++)
                buffer_printf(&text, "%s%s:%u: %s", i ? "\n" : "", path, problems[i].line, problems[i].text);
        if (count > shown)
                buffer_printf(&text, "\nand %zu more", count - shown);
        error_set(error, -EINVAL, "%.*s", (int)text.length, text.bytes ? (char *)text.bytes : "");
        buffer_free(&text);
        return -EINVAL;
}

static int parse_settings(
        const struct buffer *text, const char *path, struct settings *ret_settings, struct error *error)
{
        const struct settings_checks checks = {.zone_is_known = zone_check};
        struct settings_problem problems[PROBLEMS_SHOWN];
        size_t count = 0;

        int r = settings_parse_checked((const char *)text->bytes, text->length, &checks, ret_settings,
                problems, PROBLEMS_SHOWN, &count);
        if (r == -EINVAL)
                return refuse_settings(problems, count, path, error);
        return r < 0 ? error_set(error, r, "%s: not enough memory", path) : 0;
}

static int read_settings(struct depot *depot, struct error *error)
{
        struct buffer text = buffer_make(SETTINGS_FILE_MAX);
        char path[DEPOT_PATH_MAX];
        struct settings settings;

        int r = depot_join(path, sizeof path, error, "%s/%s", depot->path, DEPOT_SETTINGS_FILE);
        if (r == 0)
                r = file_read(path, &text, error);
        if (r == 0)
                r = parse_settings(&text, path, &settings, error);
        buffer_free(&text);
        if (r < 0)
                return r;
        if (depot->settings_read)
                settings_free(&depot->settings);
        depot->settings = settings;
        depot->settings_read = true;
        return 0;
}

int depot_replace_settings(
        struct depot *depot, const struct buffer *text, const char *path, struct error *error)
{
        struct settings settings;

        int r = parse_settings(text, path, &settings, error);
        if (r < 0)
                return r;
        r = file_publish(depot->path, DEPOT_SETTINGS_FILE, text->bytes, text->length, error);
        if (r < 0) {
                settings_free(&settings);
                return r;
        }
        settings_free(&depot->settings);
        depot->settings = settings;
        return 0;
}

int depot_add_settings(struct depot *depot, const struct buffer *text, struct error *error)
{
        struct buffer whole = buffer_make(SETTINGS_FILE_MAX);
        char path[DEPOT_PATH_MAX];

        int r = depot_must_write(depot, error);
        if (r == 0)
                r = depot_join(path, sizeof path, error, "%s/%s", depot->path, DEPOT_SETTINGS_FILE);
        if (r == 0)
                r = file_read(path, &whole, error);
        if (r == 0 && whole.length && whole.bytes[whole.length - 1] != '\n')
                r = buffer_append_u8(&whole, '\n');
        if (r == 0)
                r = buffer_append(&whole, text->bytes, text->length);
        if (r == 0)
                r = depot_replace_settings(depot, &whole, path, error);
        else if (whole.failed)
                error_set(error, r, "%s: the settings would become too long", path);
        buffer_free(&whole);
        return r;
}

/* Opening */

/* What stands in a folder: 1 a store, 0 nothing yet (or what a creation that was cut off left), or -errno. */
static int examine(const char *path, struct error *error)
{
        struct stat status;
        char settings[DEPOT_PATH_MAX];

        int r = depot_join(settings, sizeof settings, error, "%s/%s", path, DEPOT_SETTINGS_FILE);
        if (r < 0)
                return r;
        if (stat(settings, &status) == 0)
                return 1;
        if (errno != ENOENT)
                return error_set(error, -errno, "%s: %s", settings, strerrordesc_np(errno));
        DIR *folder = opendir(path);
        if (!folder)
                return errno == ENOENT ? 0 : error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        for (struct dirent *entry; r == 0 && (entry = readdir(folder));)
                if (entry->d_name[0] != '.' && strcmp(entry->d_name, "lock") != 0)
                        r = error_set(error, -ENOTEMPTY,
                                "%s: holds other files (%.100s ...) and no " DEPOT_SETTINGS_FILE
                                "; a new store needs a folder of its own",
                                path, entry->d_name);
        closedir(folder);
        return r;
}

static int lock_store(struct depot *depot, struct error *error)
{
        char path[DEPOT_PATH_MAX];

        int r = depot_join(path, sizeof path, error, "%s/lock", depot->path);
        if (r == 0)
                r = lock_take(path, false, &depot->lock, error);
        if (r == -EBUSY)
                return error_set(error, -EBUSY,
                        "%s: another rogatory process is writing to this store; try again when it has "
                        "finished",
                        depot->path);
        return r;
}

static int create(struct depot *depot, struct error *error)
{
        struct buffer text = buffer_make(SETTINGS_FILE_MAX);

        int r = settings_write_template(&text);
        if (r < 0)
                error_set(error, r, "%s: not enough memory", depot->path);
        else
                r = file_publish(depot->path, DEPOT_SETTINGS_FILE, text.bytes, text.length, error);
        buffer_free(&text);
        return r;
}

static int open_for_writing(struct depot *depot, int found, struct error *error)
{
        int r = 0;

        if (depot->mode == DEPOT_CREATE && !found)
                r = folder_make(depot->path, error);
        if (r == 0)
                r = lock_store(depot, error);
        /* Another process may have made the store between the first look and the lock. */
        if (r == 0 && !found)
                r = found = examine(depot->path, error);
        if (r >= 0 && !found)
                r = create(depot, error);
        if (r >= 0)
                r = depot_tidy(depot, error);
        return r < 0 ? r : 0;
}

int depot_open(const char *path, enum depot_mode mode, struct depot **ret_depot, struct error *error)
{
        struct depot *depot = calloc(1, sizeof *depot);
        if (!depot)
                return error_set(error, -ENOMEM, "%s: not enough memory", path);
        depot->mode = mode;
        depot->lock = -1;
        int r = depot_join(depot->path, sizeof depot->path, error, "%s", path);
        int found = r == 0 ? examine(path, error) : r;
        if (found < 0 && !(found == -ENOTEMPTY && mode != DEPOT_CREATE))
                r = found;
        else if (found <= 0 && mode != DEPOT_CREATE)
                r = error_set(error, -ENOENT,
                        "%s: there is no store here; `rogatory import --store %s FILE...` makes one", path,
                        path);
        if (r == 0 && mode != DEPOT_READ)
                r = open_for_writing(depot, found, error);
        if (r == 0)
                r = read_settings(depot, error);
        if (r == 0 && mode != DEPOT_READ)
                r = depot_keys_tidy(depot, error);
        if (r < 0) {
                depot_close(depot);
                return r;
        }
        *ret_depot = depot;
        return 0;
}

#define STORE_DEPTH_MOST 6

/* By descriptors and never through a link: the owner of the folder must not lead root to somebody else's
 * file. What others made is theirs: a node's journal is not its store's. */
static void give_folder(int folder, const struct stat *owner, unsigned depth)
{
        DIR *stream = fdopendir(folder);

        if (!stream) {
                close(folder);
                return;
        }
        for (struct dirent *entry; (entry = readdir(stream));) {
                struct stat status;
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                        fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                bool is_folder = S_ISDIR(status.st_mode);
                if (!is_folder && (!S_ISREG(status.st_mode) || status.st_nlink != 1))
                        continue;
                int opened = openat(folder, entry->d_name,
                        O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (is_folder ? O_DIRECTORY : 0));
                if (opened < 0)
                        continue;
                /* Once more of what was opened, which may be another than what was looked at. */
                if (fstat(opened, &status) == 0 && status.st_uid == 0 && status.st_dev == owner->st_dev &&
                        (S_ISDIR(status.st_mode) || (S_ISREG(status.st_mode) && status.st_nlink == 1)))
                        (void)!fchown(opened, owner->st_uid, owner->st_gid);
                if (is_folder && depth < STORE_DEPTH_MOST)
                        give_folder(opened, owner, depth + 1);
                else
                        close(opened);
        }
        closedir(stream);
}

/* What root makes in somebody's store would lock him out of it: a node could no longer read its own windows.
 */
static void give_to_owner(const struct depot *depot)
{
        struct stat owner;

        if (geteuid() != 0 || depot->mode == DEPOT_READ)
                return;
        int folder = open(depot->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
                return;
        if (fstat(folder, &owner) == 0 && owner.st_uid != 0)
                give_folder(folder, &owner, 0);
        else
                close(folder);
}

void depot_close(struct depot *depot)
{
        if (!depot)
                return;
        give_to_owner(depot);
        for (size_t i = 0; i < LISTINGS_MAX; i++)
                depot_files_free(&depot->listings[i].files);
        depot_end_memory(depot);
        depot_keys_drop(depot, NULL);
        if (depot->settings_read)
                settings_free(&depot->settings);
        lock_release(depot->lock);
        free(depot);
}

const char *depot_path(const struct depot *depot)
{
        return depot->path;
}

const struct settings *depot_settings(const struct depot *depot)
{
        return &depot->settings;
}
