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

/* The last listing of one folder. A folder that did not change since needs no second look: a batch of
 * questions opens windows by the thousand. */
struct listing {
        char realm[SETTINGS_NAME_MAX];
        enum depot_kind kind;
        bool valid;
        struct timespec changed; /* of the folder, when it was read */
        uint64_t folder;         /* its inode number */
        struct depot_files files;
};

struct realm_keys; /* keys.h */

struct depot {
        char path[DEPOT_PATH_MAX];
        enum depot_mode mode;
        int lock; /* descriptor, -1 where reading */
        struct settings settings;
        bool settings_read;
        struct listing listing;
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

/* Every generation in a folder, ascending by window and generation; none where there is no folder. */
int depot_list_all(const char *folder, enum depot_kind kind, struct depot_files *ret, struct error *error);
/* The same of one window. */
int depot_list_window(const char *folder, enum depot_kind kind, int64_t window_from, struct depot_files *ret,
        struct error *error);

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
