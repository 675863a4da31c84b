/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_FILE_H
#define ROGATORY_OS_FILE_H

/* Files and folders on disk: reading with a ceiling, mapping, publishing whole, locking, durable appending.
 * Every function that fails names the file and what the system said. */

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a whole file and appends it to ret. -EFBIG where it is longer than the buffer's ceiling allows. */
int file_read(const char *path, struct buffer *ret, struct error *error);

/* A file mapped for reading. An empty file gives bytes != NULL and length 0. */
struct file_map {
        const void *bytes; /* valid until file_unmap */
        size_t length;
};
int file_map(const char *path, struct file_map *ret_map, struct error *error);
void file_unmap(struct file_map *map);

/* Advice on a mapping; never fails. scattered: of a large file a few places are read, so that a fault brings
 * in its page alone and not what the system would read ahead. soon: this part will be read, bring it in with
 * one reading. */
void file_map_scattered(const void *bytes, size_t length);
void file_map_soon(const void *bytes, size_t length);

/* Writes everything or fails; interrupted and short writes are continued. name: for the message. */
int file_write_all(int file, const void *bytes, size_t length, const char *name, struct error *error);

/* The steps of a safe publication: a temporary is made with file_draft_open (mode 0600, must not exist),
 * filled with file_write_all, and file_draft_publish makes it durable and visible under its final name in one
 * step: fsync, rename, fsync of the folder. The descriptor is closed either way. After a failure the
 * temporary is gone and the final name holds what it held before. */
int file_draft_open(const char *temporary, int *ret_file, struct error *error);
int file_draft_publish(
        int file, const char *temporary, const char *final, const char *folder, struct error *error);
void file_draft_abandon(int file, const char *temporary);

/* All of it in one call, for small files: folder/name receives the bytes whole, or keeps what it held. */
int file_publish(const char *folder, const char *name, const void *bytes, size_t length, struct error *error);

/* Removes a file; one that is not there is fine. */
int file_remove(const char *path, struct error *error);

/* Makes one folder (mode 0700) and makes its name durable in its parent. An existing folder is fine. */
int folder_make(const char *path, struct error *error);
int folder_sync(const char *path, struct error *error);

/* Takes an exclusive lock on a lock file (made with mode 0600 where missing), which lasts until lock_release
 * or the end of the process. wait: true waits, false gives -EBUSY where another process (or another open of
 * this one) has it. */
int lock_take(const char *path, bool wait, int *ret_lock, struct error *error);
void lock_release(int lock);

/* Appends to an open file (O_APPEND) and returns only when the bytes are on the disk. Where that fails the
 * file is cut back to what it was, as far as the system lets us. */
int file_append_durable(int file, const void *bytes, size_t length, const char *name, struct error *error);

#endif
