/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP 65536

static int failed(struct error *error, const char *path, const char *what)
{
        int code = errno;
        return error_set(error, -code, "%s: %s: %s", path, what, strerrordesc_np(code));
}

int file_read(const char *path, struct buffer *ret, struct error *error)
{
        size_t before = ret->length;
        int r = 0;

        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0)
                return failed(error, path, "cannot be opened");
        for (;;) {
                /* Near the ceiling less than a step may be left, and one byte more tells "full" from "too
                 * long". */
                size_t room = ret->ceiling - ret->length;
                size_t step = room < READ_STEP ? room : READ_STEP;
                char beyond;
                r = step ? buffer_reserve(ret, step) : 0;
                if (r < 0) {
                        error_set(error, r, "%s: not enough memory to read it", path);
                        break;
                }
                ssize_t got =
                        read(file, step ? (void *)(ret->bytes + ret->length) : &beyond, step ? step : 1);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        r = failed(error, path, "cannot be read");
                else if (got > 0 && step == 0)
                        r = error_set(error, -EFBIG, "%s: longer than the %zu bytes that are allowed", path,
                                ret->ceiling);
                if (got <= 0 || r < 0)
                        break;
                ret->length += (size_t)got;
        }
        close(file);
        if (r < 0)
                ret->length = before;
        return r;
}

int file_map(const char *path, struct file_map *ret_map, struct error *error)
{
        struct stat status;

        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0)
                return failed(error, path, "cannot be opened");
        if (fstat(file, &status) < 0 || !S_ISREG(status.st_mode)) {
                close(file);
                return error_set(error, -EINVAL, "%s: is not a regular file", path);
        }
        struct file_map map = {.bytes = "", .length = (size_t)status.st_size};
        if (map.length) {
                void *bytes = mmap(NULL, map.length, PROT_READ, MAP_SHARED, file, 0);
                if (bytes == MAP_FAILED) {
                        int r = failed(error, path, "cannot be mapped");
                        close(file);
                        return r;
                }
                map.bytes = bytes;
        }
        close(file);
        *ret_map = map;
        return 0;
}

void file_unmap(struct file_map *map)
{
        if (map->length)
                munmap((void *)(uintptr_t)map->bytes, map->length);
        *map = (struct file_map){.bytes = NULL, .length = 0};
}

void file_map_scattered(const void *bytes, size_t length)
{
        if (length)
                madvise((void *)(uintptr_t)bytes, length, MADV_RANDOM);
}

void file_map_soon(const void *bytes, size_t length)
{
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)bytes / page * page;

        if (length)
                madvise((void *)from, (uintptr_t)bytes + length - from, MADV_WILLNEED);
}

int file_write_all(int file, const void *bytes, size_t length, const char *name, struct error *error)
{
        const char *at = bytes;

        while (length) {
                ssize_t written = write(file, at, length);
                if (written < 0 && errno == EINTR)
                        continue;
                if (written < 0)
                        return failed(error, name, "cannot be written");
                at += written;
                length -= (size_t)written;
        }
        return 0;
}

int file_draft_open(const char *temporary, int *ret_file, struct error *error)
{
        int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file < 0)
                return failed(error, temporary, "cannot be made");
        *ret_file = file;
        return 0;
}

int file_draft_publish(
        int file, const char *temporary, const char *final, const char *folder, struct error *error)
{
        int r = 0;

        if (fsync(file) < 0)
                r = failed(error, temporary, "cannot be made durable");
        if (close(file) < 0 && r == 0)
                r = failed(error, temporary, "cannot be closed");
        if (r == 0 && rename(temporary, final) < 0)
                r = failed(error, final, "cannot be put in place");
        if (r < 0) {
                unlink(temporary);
                return r;
        }
        return folder_sync(folder, error);
}

void file_draft_abandon(int file, const char *temporary)
{
        close(file);
        unlink(temporary);
}

int file_publish(const char *folder, const char *name, const void *bytes, size_t length, struct error *error)
{
        char temporary[PATH_MAX], final[PATH_MAX];
        int file;

        int used = snprintf(temporary, sizeof temporary, "%s/.%s.%ld.tmp", folder, name, (long)getpid());
        if (used < 0 || (size_t)used >= sizeof temporary)
                return error_set(error, -ENAMETOOLONG, "%s: the path is too long", folder);
        snprintf(final, sizeof final, "%s/%s", folder, name);
        int r = file_draft_open(temporary, &file, error);
        if (r < 0)
                return r;
        r = file_write_all(file, bytes, length, temporary, error);
        if (r < 0) {
                file_draft_abandon(file, temporary);
                return r;
        }
        return file_draft_publish(file, temporary, final, folder, error);
}

int file_remove(const char *path, struct error *error)
{
        return unlink(path) < 0 && errno != ENOENT ? failed(error, path, "cannot be removed") : 0;
}

int folder_sync(const char *path, struct error *error)
{
        int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
                return failed(error, path, "cannot be opened");
        int r = fsync(folder) < 0 ? failed(error, path, "cannot be made durable") : 0;
        close(folder);
        return r;
}

int folder_make(const char *path, struct error *error)
{
        char parent[PATH_MAX];
        struct stat status;

        if (mkdir(path, 0700) < 0) {
                if (errno != EEXIST)
                        return failed(error, path, "cannot be made");
                if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode))
                        return error_set(error, -ENOTDIR, "%s: is there, but is not a folder", path);
                return 0;
        }
        int used = snprintf(parent, sizeof parent, "%s/..", path);
        if (used < 0 || (size_t)used >= sizeof parent)
                return error_set(error, -ENAMETOOLONG, "%s: the path is too long", path);
        return folder_sync(parent, error);
}

int lock_take(const char *path, bool wait, int *ret_lock, struct error *error)
{
        int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (lock < 0)
                return failed(error, path, "cannot be opened");
        while (flock(lock, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
                if (errno == EINTR)
                        continue;
                int r = errno == EWOULDBLOCK
                                ? error_set(error, -EBUSY, "%s: another process has the lock", path)
                                : failed(error, path, "cannot be locked");
                close(lock);
                return r;
        }
        *ret_lock = lock;
        return 0;
}

void lock_release(int lock)
{
        if (lock >= 0)
                close(lock);
}

int file_append_durable(int file, const void *bytes, size_t length, const char *name, struct error *error)
{
        struct stat status;

        if (fstat(file, &status) < 0)
                return failed(error, name, "cannot be examined");
        int r = file_write_all(file, bytes, length, name, error);
        if (r == 0 && fdatasync(file) < 0)
                r = failed(error, name, "cannot be made durable");
        if (r < 0 && ftruncate(file, status.st_size) < 0)
                error_prefix(error, r, "(and the cut-off end could not be taken back) ");
        return r;
}
