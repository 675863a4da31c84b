/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_SCRATCH_TEST_H
#define ROGATORY_OS_SCRATCH_TEST_H

/* A scratch folder for one test, made new and removed with all its content. */

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch[64];

static int scratch_remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
        (void)status;
        (void)kind;
        (void)place;
        return remove(path);
}

static int scratch_setup(void **state)
{
        (void)state;
        snprintf(scratch, sizeof scratch, "/tmp/rogatory-test-XXXXXX");
        return mkdtemp(scratch) ? 0 : -1;
}

static int scratch_teardown(void **state)
{
        (void)state;
        return nftw(scratch, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* "SCRATCH/name" in one of a few static buffers. */
static inline const char *scratch_path(const char *name)
{
        static char paths[4][256];
        static unsigned next;
        char *path = paths[next++ % 4];
        snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
        return path;
}

/* How many files stand in the scratch folder. */
static inline unsigned scratch_count(void)
{
        unsigned count = 0;
        DIR *folder = opendir(scratch);

        for (struct dirent *entry; folder && (entry = readdir(folder));)
                count += entry->d_name[0] != '.' || (entry->d_name[1] != '.' && entry->d_name[1] != '\0');
        if (folder)
                closedir(folder);
        return count;
}

#endif
