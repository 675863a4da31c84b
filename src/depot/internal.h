/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DEPOT_INTERNAL_H
#define ROGATORY_DEPOT_INTERNAL_H

/* Shared by the sources of this room only. */

#include "depot/depot.h"

#include <limits.h>
#include <time.h>

#define DEPOT_PATH_MAX PATH_MAX
#define DEPOT_TEMPORARY_END ".tmp"
#define DEPOT_GENERATION_LARGEST UINT64_C(999999)
#define DEPOT_SETTINGS_FILE "rogatory.conf"

/* The last listing of one folder, of hours of that of a month and of what lies beside it. Folders that did
 * not change since need no second look: a batch of questions opens windows by the thousand. */
struct listed_folder {
        struct timespec changed; /* when it was read */
        uint64_t folder;         /* its inode number; 0: it is not there */
};
struct listing {
        char realm[SETTINGS_NAME_MAX];
        enum depot_kind kind;
        int64_t month; /* its first moment */
        bool valid;
        struct listed_folder loose, own;
        struct depot_files files;
};
#define LISTINGS_MAX 64 /* months; who asks about more gets them listed anew */

struct realm_keys; /* keys.h */

struct depot {
        char path[DEPOT_PATH_MAX];
        enum depot_mode mode;
        int lock; /* descriptor, -1 where reading */
        struct settings settings;
        bool settings_read;
        struct listing listings[LISTINGS_MAX];
        unsigned listing_turn;       /* the next to be given up */
        struct realm_keys *keys;     /* of realms whose keys were needed; owned, with the secrets wiped */
        bool scattered;              /* depot_expect_scattered */
        struct depot_memory *memory; /* owned; NULL unless depot_begin_memory */
        unsigned scans;              /* windows that were looked for without a listing */
};

/* Joins into a path. -ENAMETOOLONG with a message. */
int depot_join(char *ret_path, size_t size, struct error *error, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* "STORE/realms/REALM/nat"; -EINVAL where the realm's name is none. */
int depot_folder(const struct depot *depot, const char *realm, enum depot_kind kind, char *ret_path,
        size_t size, struct error *error);

/* "20261120T10Z.000001.seg" and back. The parser takes exactly what the writer makes. */
void depot_name_write(
        char *text, size_t size, enum depot_kind kind, int64_t window_from, uint64_t generation);
bool depot_name_read(const char *text, enum depot_kind kind, struct depot_file *ret_file);

/* "202611", of the month in which a window begins, and back to its first moment. */
#define DEPOT_MONTH_NAME_MAX 16
void depot_month_write(char name[DEPOT_MONTH_NAME_MAX], int64_t window_from);
bool depot_month_read(const char *name, int64_t *ret_month);

/* Every generation in a folder and those of its months, ascending by window and generation; none where there
 * is no folder. What lies loose is looked at first: whoever moves or replaces a file puts the new one into
 * its month before the old one goes, so that no window is missed. */
int depot_list_all(const char *folder, enum depot_kind kind, struct depot_files *ret, struct error *error);
/* The same of one window; of the month in which it begins. */
int depot_list_window(const char *folder, enum depot_kind kind, int64_t window_from, struct depot_files *ret,
        struct error *error);
int depot_list_month(const char *folder, enum depot_kind kind, int64_t window_from, struct depot_files *ret,
        struct error *error);
/* The first moments of the months that have a folder, ascending. ret_months: owned. */
int depot_list_months(const char *folder, int64_t **ret_months, size_t *ret_count, struct error *error);
/* The folder in which the file of a window is written: that of its month; of other kinds the folder itself.
 */
int depot_folder_of(const char *folder, enum depot_kind kind, int64_t window_from, char *ret_path,
        size_t size, struct error *error);
/* The path of a file that was listed. */
int depot_path_of(const char *folder, enum depot_kind kind, const struct depot_file *file, char *ret_path,
        size_t size, struct error *error);
/* Makes the folder of a file durable. */
int depot_sync_around(const char *path, struct error *error);

/* What was listed is looked at anew. */
void depot_forget_listings(struct depot *depot);

/* Removes what writers that were killed left behind: temporaries, and generations that were replaced. */
int depot_tidy(struct depot *depot, struct error *error);

/* Checks new settings and publishes them in the place of the old. path: the file, for messages. */
int depot_replace_settings(
        struct depot *depot, const struct buffer *text, const char *path, struct error *error);

/* memory.c: windows that stand in memory before those on the disk. */
#define DEPOT_MEMORY_GENERATION 1
void depot_end_memory(struct depot *depot);
int depot_memory_open(struct depot *depot, const char *realm, int64_t window_from, struct depot_window *ret,
        struct error *error);
void depot_memory_draft(const char *realm, int64_t window_from, struct depot_draft *ret);
int depot_memory_publish(struct depot *depot, struct depot_draft *draft, struct error *error);

/* -EPERM where the store was opened for reading. */
int depot_must_write(const struct depot *depot, struct error *error);

#endif
