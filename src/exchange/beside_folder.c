/* SPDX-License-Identifier: EUPL-1.2 */
/* Folders of evidence, removed whole; and the clock of both sides. */
#include "exchange/beside_state.h"

#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS_MAX 100 /* a folder that somebody fills as fast as it is emptied */

static int failed(const char *path, struct error *error)
{
        return error_set(error, -errno, "%s: cannot be removed: %s", path, strerrordesc_np(errno));
}

static int empty(const char *path, int64_t *files, struct error *error)
{
        DIR *folder = opendir(path);
        const struct dirent *entry;
        int r = 0;

        if (!folder)
                return errno == ENOENT ? 0 : failed(path, error);
        while (r == 0 && (entry = readdir(folder))) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                if (unlinkat(dirfd(folder), entry->d_name, 0) == 0)
                        ++*files;
                else if (errno != ENOENT)
                        r = failed(path, error);
        }
        closedir(folder);
        return r;
}

int beside_folder_remove(const char *path, int64_t *ret_files, struct error *error)
{
        char parent[PATH_MAX];
        int64_t files = 0;

        snprintf(parent, sizeof parent, "%s", path);
        char *slash = strrchr(parent, '/');
        if (slash)
                *slash = '\0';
        for (int round = 0; round < ROUNDS_MAX; round++) {
                int r = empty(path, &files, error);
                if (r < 0)
                        return r;
                if (rmdir(path) == 0 || errno == ENOENT) {
                        if (ret_files)
                                *ret_files += files;
                        return access(parent, F_OK) == 0 ? folder_sync(parent, error) : 0;
                }
                if (errno != ENOTEMPTY && errno != EEXIST)
                        break;
        }
        return failed(path, error);
}

int beside_run(struct office *office, struct error *error)
{
        int r = beside_run_fetches(office, error);

        return r == 0 ? beside_run_offers(office, error) : r;
}

int beside_next_look(struct office *office, int64_t *ret_ms, struct error *error)
{
        static const char sql[] = "SELECT min(ms) FROM (SELECT min(next_ms, until_ms) AS ms FROM book_fetch"
                                  " WHERE state = 'waiting' UNION ALL SELECT until_ms FROM book_offer"
                                  " WHERE ended_ms IS NULL)";
        sqlite3_stmt *rows;

        *ret_ms = TIME_UNKNOWN;
        int r = rows_ask(office_database(office), error, &rows, sql, "");
        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1)
                *ret_ms = rows_instant(rows, 0);
        rows_finish(rows);
        return r < 0 ? r : 0;
}
