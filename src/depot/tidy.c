/* SPDX-License-Identifier: EUPL-1.2 */
/* Cleaning up after writers that were killed. Only ever called with the lock held, so every temporary is a
 * dead one. */
#include "depot/internal.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* begin: "." for every temporary, or more where somebody else may be making others without the lock. */
static bool is_temporary(const char *name, const char *begin)
{
        size_t length = strlen(name), end = strlen(DEPOT_TEMPORARY_END);
        return strncmp(name, begin, strlen(begin)) == 0 && length > end &&
               strcmp(name + length - end, DEPOT_TEMPORARY_END) == 0;
}

static int remove_temporaries(const char *folder, const char *begin, struct error *error)
{
        char path[DEPOT_PATH_MAX];
        int r = 0;

        DIR *stream = opendir(folder);
        if (!stream)
                return errno == ENOENT ? 0
                                       : error_set(error, -errno, "%s: cannot be read: %s", folder,
                                                 strerrordesc_np(errno));
        for (struct dirent *entry; r == 0 && (entry = readdir(stream));) {
                if (!is_temporary(entry->d_name, begin))
                        continue;
                r = depot_join(path, sizeof path, error, "%s/%s", folder, entry->d_name);
                if (r == 0)
                        r = file_remove(path, error);
        }
        closedir(stream);
        return r;
}

/* The lowest first, so that what remains is always the highest and those right below it. */
static int remove_replaced(const char *folder, enum depot_kind kind, struct error *error)
{
        struct depot_files files;
        char path[DEPOT_PATH_MAX];

        int r = depot_list_all(folder, kind, &files, error);
        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i + 1 < files.count; i++) {
                if (files.items[i].from != files.items[i + 1].from)
                        continue;
                r = depot_path_of(folder, kind, &files.items[i], path, sizeof path, error);
                if (r == 0)
                        r = file_remove(path, error);
        }
        depot_files_free(&files);
        return r;
}

static int remove_temporaries_of_months(const char *folder, struct error *error)
{
        char path[DEPOT_PATH_MAX];
        int64_t *months;
        size_t count;

        int r = depot_list_months(folder, &months, &count, error);
        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < count; i++) {
                r = depot_folder_of(folder, DEPOT_NAT, months[i], path, sizeof path, error);
                if (r == 0)
                        r = remove_temporaries(path, ".", error);
        }
        free(months);
        return r;
}

int depot_tidy(struct depot *depot, struct error *error)
{
        char folder[DEPOT_PATH_MAX];
        char **names = NULL;
        size_t count = 0;

        int r = remove_temporaries(depot->path, "." DEPOT_SETTINGS_FILE, error);
        if (r == 0)
                r = depot_join(folder, sizeof folder, error, "%s/keys", depot->path);
        if (r == 0)
                r = remove_temporaries(folder, ".", error);
        if (r == 0)
                r = depot_realms(depot, &names, &count, error);
        for (size_t i = 0; i < count; i++) {
                for (enum depot_kind kind = DEPOT_NAT; r == 0 && kind < DEPOT_KIND_COUNT; kind++) {
                        r = depot_folder(depot, names[i], kind, folder, sizeof folder, error);
                        if (r == 0)
                                r = remove_temporaries(folder, ".", error);
                        if (r == 0 && kind == DEPOT_NAT)
                                r = remove_temporaries_of_months(folder, error);
                        if (r == 0)
                                r = remove_replaced(folder, kind, error);
                }
                free(names[i]);
        }
        free(names);
        return r;
}
