/* SPDX-License-Identifier: EUPL-1.2 */
/* Which files are in the store, by their names alone. */
#include "depot/internal.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
        const char *folder, *suffix;
} kinds[DEPOT_KIND_COUNT] = {
        [DEPOT_NAT] = {"nat", "seg"}, [DEPOT_LEASES] = {"leases", "lse"}, [DEPOT_PLANS] = {"plans", "pln"}};

const char *depot_kind_folder(enum depot_kind kind)
{
        return kinds[kind].folder;
}

int depot_folder(const struct depot *depot, const char *realm, enum depot_kind kind, char *ret_path,
        size_t size, struct error *error)
{
        if (!settings_name_is_valid(realm))
                return error_set(error, -EINVAL, "\"%.60s\" is not the name of a realm", realm);
        return depot_join(
                ret_path, size, error, "%s/realms/%s/%s", depot->path, realm, depot_kind_folder(kind));
}

int depot_file_path(const struct depot *depot, const char *realm, enum depot_kind kind, const char *name,
        char *ret_path, size_t size, struct error *error)
{
        char folder[DEPOT_PATH_MAX];

        int r = depot_folder(depot, realm, kind, folder, sizeof folder, error);
        return r < 0 ? r : depot_join(ret_path, size, error, "%s/%s", folder, name);
}

void depot_name_write(char *text, size_t size, enum depot_kind kind, int64_t window_from, uint64_t generation)
{
        struct civil c = time_to_civil(window_from);

        if (kind != DEPOT_NAT)
                snprintf(text, size, "all.%06" PRIu64 ".%s", generation, kinds[kind].suffix);
        else
                snprintf(text, size, "%04d%02d%02dT%02dZ.%06" PRIu64 ".%s", c.year, c.month, c.day, c.hour,
                        generation, kinds[kind].suffix);
}

/* Folders hold a file for each hour of years, and their names are read for every question: digit by digit. */
static bool read_digits(const char *text, size_t length, int *ret_number)
{
        int number = 0;

        for (size_t i = 0; i < length; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return false;
                number = number * 10 + (text[i] - '0');
        }
        *ret_number = number;
        return true;
}

/* "20261120T10Z.000001.seg", every character of it: a window has one name. */
static bool read_nat_name(const char *text, int64_t *ret_from, int *ret_generation)
{
        struct civil civil = {0};

        if (strlen(text) != 23 || text[8] != 'T' || text[11] != 'Z' || text[12] != '.' ||
                strcmp(text + 19, ".seg") != 0 || !read_digits(text, 4, &civil.year) ||
                !read_digits(text + 4, 2, &civil.month) || !read_digits(text + 6, 2, &civil.day) ||
                !read_digits(text + 9, 2, &civil.hour) || !read_digits(text + 13, 6, ret_generation) ||
                !civil_is_valid(&civil))
                return false;
        *ret_from = time_from_civil(&civil);
        return *ret_from >= TIME_FIRST && *ret_from < TIME_LIMIT;
}

/* "all.000001.lse", "all.000001.pln" */
static bool read_all_name(const char *text, const char *suffix, int64_t *ret_from, int *ret_generation)
{
        *ret_from = DEPOT_LEASE_WINDOW_FROM;
        return strlen(text) == 14 && strncmp(text, "all.", 4) == 0 && text[10] == '.' &&
               strcmp(text + 11, suffix) == 0 && read_digits(text + 4, 6, ret_generation);
}

bool depot_name_read(const char *text, enum depot_kind kind, struct depot_file *ret_file)
{
        int64_t from = 0;
        int generation = 0;

        bool sound = kind == DEPOT_NAT ? read_nat_name(text, &from, &generation)
                                       : read_all_name(text, kinds[kind].suffix, &from, &generation);
        if (!sound || generation == 0)
                return false;
        memset(ret_file, 0, sizeof *ret_file);
        memcpy(ret_file->name, text, strlen(text) + 1);
        ret_file->from = from;
        ret_file->to = kind == DEPOT_NAT ? from + DEPOT_WINDOW_MS : DEPOT_LEASE_WINDOW_TO;
        ret_file->generation = (uint64_t)generation;
        return true;
}

void depot_files_free(struct depot_files *files)
{
        free(files->items);
        *files = (struct depot_files){.items = NULL};
}

static int append_file(struct depot_files *files, const struct depot_file *file)
{
        if (files->count == files->capacity) {
                size_t capacity = files->capacity ? 2 * files->capacity : 64;
                struct depot_file *grown = realloc(files->items, capacity * sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                files->items = grown;
                files->capacity = capacity;
        }
        files->items[files->count++] = *file;
        return 0;
}

static int compare_files(const void *a, const void *b)
{
        const struct depot_file *one = a, *other = b;
        if (one->from != other->from)
                return one->from < other->from ? -1 : 1;
        return (one->generation > other->generation) - (one->generation < other->generation);
}

/* beginning: of the names that are wanted; "" for all. */
static int list_names(const char *folder, enum depot_kind kind, const char *beginning,
        struct depot_files *ret, struct error *error)
{
        size_t length = strlen(beginning);
        struct depot_files files = {.items = NULL};
        struct depot_file file;
        int r = 0;

        DIR *stream = opendir(folder);
        if (!stream && errno != ENOENT)
                return error_set(error, -errno, "%s: cannot be read: %s", folder, strerrordesc_np(errno));
        for (struct dirent *entry; stream && r == 0;) {
                errno = 0;
                entry = readdir(stream);
                if (!entry) {
                        if (errno)
                                r = error_set(error, -errno, "%s: cannot be read: %s", folder,
                                        strerrordesc_np(errno));
                        break;
                }
                if (strncmp(entry->d_name, beginning, length) == 0 &&
                        depot_name_read(entry->d_name, kind, &file) && append_file(&files, &file) < 0)
                        r = error_set(error, -ENOMEM, "%s: not enough memory", folder);
        }
        if (stream)
                closedir(stream);
        if (r < 0) {
                depot_files_free(&files);
                return r;
        }
        if (files.count)
                qsort(files.items, files.count, sizeof *files.items, compare_files);
        *ret = files;
        return 0;
}

int depot_list_all(const char *folder, enum depot_kind kind, struct depot_files *ret, struct error *error)
{
        return list_names(folder, kind, "", ret, error);
}

int depot_list_window(const char *folder, enum depot_kind kind, int64_t window_from, struct depot_files *ret,
        struct error *error)
{
        char beginning[sizeof((struct depot_file *)NULL)->name];

        depot_name_write(beginning, sizeof beginning, kind, window_from, 1);
        beginning[strcspn(beginning, ".") + 1] = '\0';
        return list_names(folder, kind, beginning, ret, error);
}

/* Of several generations the highest counts. */
static void keep_highest(struct depot_files *files)
{
        size_t kept = 0;
        for (size_t i = 0; i < files->count; i++)
                if (i + 1 == files->count || files->items[i + 1].from != files->items[i].from)
                        files->items[kept++] = files->items[i];
        files->count = kept;
}

static int list(struct depot *depot, const char *realm, enum depot_kind kind, bool with_sizes,
        struct depot_files *ret, struct error *error)
{
        char folder[DEPOT_PATH_MAX], path[DEPOT_PATH_MAX];
        struct depot_files files;
        struct stat status;

        int r = depot_folder(depot, realm, kind, folder, sizeof folder, error);
        if (r == 0)
                r = depot_list_all(folder, kind, &files, error);
        if (r < 0)
                return r;
        keep_highest(&files);
        for (size_t i = 0; i < files.count && with_sizes; i++) {
                int written = snprintf(path, sizeof path, "%s/%s", folder, files.items[i].name);
                if (written > 0 && (size_t)written < sizeof path && stat(path, &status) == 0)
                        files.items[i].size = (uint64_t)status.st_size;
        }
        r = kind == DEPOT_NAT ? depot_memory_list(depot, realm, &files) : 0;
        if (r < 0) {
                depot_files_free(&files);
                return error_set(error, r, "%s: not enough memory", folder);
        }
        *ret = files;
        return 0;
}

int depot_nat_files(struct depot *depot, const char *realm, struct depot_files *ret, struct error *error)
{
        return list(depot, realm, DEPOT_NAT, true, ret, error);
}

int depot_nat_names(struct depot *depot, const char *realm, struct depot_files *ret, struct error *error)
{
        return list(depot, realm, DEPOT_NAT, false, ret, error);
}

int depot_lease_files(struct depot *depot, const char *realm, struct depot_files *ret, struct error *error)
{
        return list(depot, realm, DEPOT_LEASES, true, ret, error);
}

int depot_plan_files(struct depot *depot, const char *realm, struct depot_files *ret, struct error *error)
{
        return list(depot, realm, DEPOT_PLANS, true, ret, error);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

int depot_realms(struct depot *depot, char ***ret_names, size_t *ret_count, struct error *error)
{
        char path[DEPOT_PATH_MAX];
        char **names = NULL;
        size_t count = 0;

        int r = depot_join(path, sizeof path, error, "%s/realms", depot->path);
        if (r < 0)
                return r;
        DIR *stream = opendir(path);
        if (!stream && errno != ENOENT)
                return error_set(error, -errno, "%s: cannot be read: %s", path, strerrordesc_np(errno));
        for (struct dirent *entry; stream && r == 0 && (entry = readdir(stream));) {
                if (!settings_name_is_valid(entry->d_name))
                        continue;
                char **grown = realloc(names, (count + 1) * sizeof *names);
                char *name = grown ? strdup(entry->d_name) : NULL;
                names = grown ? grown : names;
                if (name)
                        names[count++] = name;
                else
                        r = error_set(error, -ENOMEM, "%s: not enough memory", path);
        }
        if (stream)
                closedir(stream);
        if (r < 0) {
                while (count)
                        free(names[--count]);
                free(names);
                return r;
        }
        if (count)
                qsort(names, count, sizeof *names, compare_names);
        *ret_names = names;
        *ret_count = count;
        return 0;
}
