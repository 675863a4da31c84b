/* SPDX-License-Identifier: EUPL-1.2 */
/* How stored files are called and where they lie. */
#include "depot/internal.h"
#include "os/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_MONTH (31 * TIME_DAY)

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
        struct depot_file file;

        int r = depot_folder(depot, realm, kind, folder, sizeof folder, error);
        if (r < 0)
                return r;
        if (kind != DEPOT_NAT || !depot_name_read(name, kind, &file))
                return depot_join(ret_path, size, error, "%s/%s", folder, name);
        r = depot_path_of(folder, kind, &file, ret_path, size, error);
        if (r < 0 || access(ret_path, F_OK) == 0 || errno != ENOENT)
                return r;
        char loose[DEPOT_PATH_MAX];
        if (depot_join(loose, sizeof loose, error, "%s/%s", folder, name) == 0 && access(loose, F_OK) == 0 &&
                strlen(loose) < size)
                memcpy(ret_path, loose, strlen(loose) + 1);
        return 0;
}

/* ---- months ---- */

int64_t depot_month_of(int64_t at)
{
        struct civil civil = time_to_civil(at);

        civil.day = 1;
        civil.hour = civil.minute = civil.second = civil.millisecond = 0;
        return time_from_civil(&civil);
}

int64_t depot_month_behind(int64_t at)
{
        int64_t next = depot_month_of(at) + LONGEST_MONTH;

        return next >= TIME_LIMIT ? TIME_LIMIT : depot_month_of(next);
}

void depot_month_write(char name[DEPOT_MONTH_NAME_MAX], int64_t window_from)
{
        struct civil civil = time_to_civil(window_from);

        snprintf(name, DEPOT_MONTH_NAME_MAX, "%04d%02d", civil.year, civil.month);
}

int depot_folder_of(const char *folder, enum depot_kind kind, int64_t window_from, char *ret_path,
        size_t size, struct error *error)
{
        char month[DEPOT_MONTH_NAME_MAX];

        if (kind != DEPOT_NAT)
                return depot_join(ret_path, size, error, "%s", folder);
        depot_month_write(month, window_from);
        return depot_join(ret_path, size, error, "%s/%s", folder, month);
}

void depot_file_place(enum depot_kind kind, const struct depot_file *file, char *ret_place, size_t size)
{
        char month[DEPOT_MONTH_NAME_MAX] = "";

        if (kind == DEPOT_NAT && !file->loose)
                depot_month_write(month, file->from);
        snprintf(ret_place, size, "%s%s%s", month, *month ? "/" : "", file->name);
}

int depot_path_of(const char *folder, enum depot_kind kind, const struct depot_file *file, char *ret_path,
        size_t size, struct error *error)
{
        char place[sizeof file->name + DEPOT_MONTH_NAME_MAX + 1];

        depot_file_place(kind, file, place, sizeof place);
        return depot_join(ret_path, size, error, "%s/%s", folder, place);
}

int depot_sync_around(const char *path, struct error *error)
{
        char folder[DEPOT_PATH_MAX];

        snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
        return folder_sync(folder, error);
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

bool depot_month_read(const char *name, int64_t *ret_month)
{
        struct civil civil = {.day = 1};

        if (strlen(name) != 6 || !read_digits(name, 4, &civil.year) ||
                !read_digits(name + 4, 2, &civil.month) || !civil_is_valid(&civil))
                return false;
        *ret_month = time_from_civil(&civil);
        return *ret_month >= TIME_FIRST && *ret_month < TIME_LIMIT;
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
