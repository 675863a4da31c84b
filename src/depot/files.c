/* SPDX-License-Identifier: EUPL-1.2 */
/* Which files are in the store, by their names alone. */
#include "depot/internal.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
        if (one->generation != other->generation)
                return one->generation < other->generation ? -1 : 1;
        return other->loose - one->loose; /* one file in two places: that of its month is the one */
}

/* Calls visit for every name in a folder; a folder that is not there has none. Stops where it does not return
 * 0. */
typedef int name_visit(void *context, const char *name);
static int visit_names(const char *folder, name_visit *visit, void *context, struct error *error)
{
        int r = 0;

        DIR *stream = opendir(folder);
        if (!stream)
                return errno == ENOENT ? 0
                                       : error_set(error, -errno, "%s: cannot be read: %s", folder,
                                                 strerrordesc_np(errno));
        while (r == 0) {
                errno = 0;
                const struct dirent *entry = readdir(stream);
                if (!entry) {
                        if (errno)
                                r = error_set(error, -errno, "%s: cannot be read: %s", folder,
                                        strerrordesc_np(errno));
                        break;
                }
                r = visit(context, entry->d_name);
                if (r == -ENOMEM)
                        error_set(error, r, "%s: not enough memory", folder);
        }
        closedir(stream);
        return r;
}

/* The files that are wanted of one folder. */
struct collecting {
        struct depot_files *files;
        enum depot_kind kind;
        char beginning[sizeof((struct depot_file *)NULL)->name]; /* of their names; "" for all */
        size_t length;
        bool loose;
        bool any; /* stops with 1 at the first one */
};

static int collect(void *context, const char *name)
{
        struct collecting *c = context;
        struct depot_file file;

        if (strncmp(name, c->beginning, c->length) != 0 || !depot_name_read(name, c->kind, &file))
                return 0;
        file.loose = c->loose;
        return c->any ? 1 : append_file(c->files, &file);
}

static struct collecting collecting_make(
        enum depot_kind kind, const char *beginning, struct depot_files *files)
{
        struct collecting c = {.files = files, .kind = kind, .loose = kind == DEPOT_NAT};

        snprintf(c.beginning, sizeof c.beginning, "%s", beginning);
        c.length = strlen(beginning);
        return c;
}

/* Of the folder of a month: those of other months that somebody put there are no windows of the store. */
static int collect_month(const char *folder, int64_t month, struct collecting *c, struct error *error)
{
        char path[DEPOT_PATH_MAX], name[DEPOT_MONTH_NAME_MAX];
        struct collecting own = *c;

        depot_month_write(name, month);
        own.loose = false;
        if (own.length < strlen(name)) {
                memcpy(own.beginning, name, strlen(name) + 1);
                own.length = strlen(name);
        }
        int r = depot_folder_of(folder, DEPOT_NAT, month, path, sizeof path, error);
        return r < 0 ? r : visit_names(path, collect, &own, error);
}

static int finish(struct depot_files *files, int r, struct depot_files *ret)
{
        if (r < 0) {
                depot_files_free(files);
                return r;
        }
        if (files->count)
                qsort(files->items, files->count, sizeof *files->items, compare_files);
        *ret = *files;
        return 0;
}

struct months {
        int64_t *items;
        size_t count, capacity;
};

static int add_month(struct months *months, int64_t month)
{
        if (months->count == months->capacity) {
                size_t capacity = months->capacity ? 2 * months->capacity : 32;
                int64_t *grown = realloc(months->items, capacity * sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                months->items = grown;
                months->capacity = capacity;
        }
        months->items[months->count++] = month;
        return 0;
}

static int collect_month_name(void *context, const char *name)
{
        int64_t month;

        return depot_month_read(name, &month) ? add_month(context, month) : 0;
}

static int compare_months(const void *a, const void *b)
{
        int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

        return (one > other) - (one < other);
}

int depot_list_months(const char *folder, int64_t **ret_months, size_t *ret_count, struct error *error)
{
        struct months months = {.items = NULL};

        int r = visit_names(folder, collect_month_name, &months, error);
        if (r < 0) {
                free(months.items);
                return r;
        }
        if (months.count)
                qsort(months.items, months.count, sizeof *months.items, compare_months);
        *ret_months = months.items;
        *ret_count = months.count;
        return 0;
}

int depot_list_all(const char *folder, enum depot_kind kind, struct depot_files *ret, struct error *error)
{
        struct depot_files files = {.items = NULL};
        struct collecting c = collecting_make(kind, "", &files);
        int64_t *months = NULL;
        size_t count = 0;

        int r = visit_names(folder, collect, &c, error);
        if (r == 0 && kind == DEPOT_NAT)
                r = depot_list_months(folder, &months, &count, error);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = collect_month(folder, months[i], &c, error);
        free(months);
        return finish(&files, r, ret);
}

static int list_beginning(const char *folder, enum depot_kind kind, int64_t window_from,
        const char *beginning, struct depot_files *ret, struct error *error)
{
        struct depot_files files = {.items = NULL};
        struct collecting c = collecting_make(kind, beginning, &files);

        int r = visit_names(folder, collect, &c, error);
        if (r == 0 && kind == DEPOT_NAT)
                r = collect_month(folder, window_from, &c, error);
        return finish(&files, r, ret);
}

int depot_list_window(const char *folder, enum depot_kind kind, int64_t window_from, struct depot_files *ret,
        struct error *error)
{
        char beginning[sizeof((struct depot_file *)NULL)->name];

        depot_name_write(beginning, sizeof beginning, kind, window_from, 1);
        beginning[strcspn(beginning, ".") + 1] = '\0';
        return list_beginning(folder, kind, window_from, beginning, ret, error);
}

int depot_list_month(const char *folder, enum depot_kind kind, int64_t window_from, struct depot_files *ret,
        struct error *error)
{
        char month[DEPOT_MONTH_NAME_MAX] = "";

        if (kind == DEPOT_NAT)
                depot_month_write(month, window_from);
        return list_beginning(folder, kind, window_from, month, ret, error);
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
                if (depot_path_of(folder, kind, &files.items[i], path, sizeof path, NULL) == 0 &&
                        stat(path, &status) == 0)
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

/* What is in memory stands in the place of what is stored; keeps what begins from..to. */
static int give_out(struct depot *depot, const char *realm, struct depot_files *files, int64_t from,
        int64_t to, struct depot_files *ret, struct error *error)
{
        size_t kept = 0;

        keep_highest(files);
        if (depot_memory_list(depot, realm, files) < 0) {
                depot_files_free(files);
                return error_set(error, -ENOMEM, "not enough memory");
        }
        for (size_t i = 0; i < files->count; i++)
                if (files->items[i].from >= from && files->items[i].from <= to)
                        files->items[kept++] = files->items[i];
        files->count = kept;
        *ret = *files;
        return 0;
}

int depot_nat_names_between(struct depot *depot, const char *realm, int64_t from, int64_t to,
        struct depot_files *ret, struct error *error)
{
        char folder[DEPOT_PATH_MAX];
        struct depot_files files = {.items = NULL};
        struct collecting c = collecting_make(DEPOT_NAT, "", &files);
        int64_t *months = NULL;
        size_t count = 0;

        int r = depot_folder(depot, realm, DEPOT_NAT, folder, sizeof folder, error);
        if (r == 0)
                r = visit_names(folder, collect, &c, error);
        if (r == 0)
                r = depot_list_months(folder, &months, &count, error);
        for (size_t i = 0; r == 0 && i < count; i++)
                if (months[i] <= to && depot_month_behind(months[i]) > from)
                        r = collect_month(folder, months[i], &c, error);
        free(months);
        r = finish(&files, r, &files);
        return r < 0 ? r : give_out(depot, realm, &files, from, to, ret, error);
}

static size_t count_until(const struct depot_files *files, int64_t at)
{
        size_t count = 0;

        while (count < files->count && files->items[count].from <= at)
                count++;
        return count;
}

static void put_in_order(struct depot_files *files)
{
        if (files->count)
                qsort(files->items, files->count, sizeof *files->items, compare_files);
        keep_highest(files);
}

static size_t count_between(const struct depot_files *files, int64_t from, int64_t to)
{
        size_t count = 0;

        for (size_t i = 0; i < files->count; i++)
                count += files->items[i].from >= from && files->items[i].from <= to;
        return count;
}

/* Month after month away from `at`, until there are enough on either side; what lies loose is here already,
 * and counts where no month that was not looked at could have something nearer. */
static int collect_around(
        const char *folder, int64_t at, size_t wanted, struct collecting *c, struct error *error)
{
        struct depot_files *files = c->files;
        int64_t *months = NULL;
        size_t count = 0, split = 0;

        int r = depot_list_months(folder, &months, &count, error);
        while (r == 0 && split < count && months[split] <= at)
                split++;
        size_t low = split, high = split;
        put_in_order(files);
        while (r == 0 && low > 0 &&
                (months[low - 1] == depot_month_of(at) ||
                        count_between(files, depot_month_behind(months[low - 1]), at) < wanted)) {
                r = collect_month(folder, months[--low], c, error);
                put_in_order(files);
        }
        while (r == 0 && high < count && count_between(files, at + 1, months[high] - 1) < wanted) {
                r = collect_month(folder, months[high++], c, error);
                put_in_order(files);
        }
        free(months);
        return r;
}

int depot_nat_names_around(struct depot *depot, const char *realm, int64_t at, size_t count,
        struct depot_files *ret, struct error *error)
{
        char folder[DEPOT_PATH_MAX];
        struct depot_files files = {.items = NULL};
        struct collecting c = collecting_make(DEPOT_NAT, "", &files);

        at = at < TIME_FIRST ? TIME_FIRST : at >= TIME_LIMIT ? TIME_LIMIT - 1 : at;
        int r = depot_folder(depot, realm, DEPOT_NAT, folder, sizeof folder, error);
        if (r == 0)
                r = visit_names(folder, collect, &c, error);
        if (r == 0)
                r = collect_around(folder, at, count, &c, error);
        r = finish(&files, r, &files);
        if (r == 0)
                r = give_out(depot, realm, &files, INT64_MIN, INT64_MAX, ret, error);
        if (r < 0)
                return r;
        size_t split = count_until(ret, at), first = split > count ? split - count : 0;
        size_t behind = ret->count - split > count ? split + count : ret->count;
        if (first > 0)
                memmove(ret->items, ret->items + first, (behind - first) * sizeof *ret->items);
        ret->count = behind - first;
        return 0;
}

int depot_has_nat(struct depot *depot, const char *realm, struct error *error)
{
        char folder[DEPOT_PATH_MAX];
        struct collecting c = collecting_make(DEPOT_NAT, "", NULL);
        int64_t *months = NULL;
        size_t count = 0;

        if (depot_memory_has_any(depot, realm))
                return 1;
        c.any = true;
        int r = depot_folder(depot, realm, DEPOT_NAT, folder, sizeof folder, error);
        if (r == 0)
                r = visit_names(folder, collect, &c, error);
        if (r == 0)
                r = depot_list_months(folder, &months, &count, error);
        for (size_t i = count; r == 0 && i > 0; i--)
                r = collect_month(folder, months[i - 1], &c, error);
        free(months);
        return r;
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
