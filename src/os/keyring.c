/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/keyring.h"

#include "os/file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static int failed(struct error *error, const char *path, const char *what)
{
        int code = errno;
        return error_set(error, -code, "%s: %s: %s", path, what, strerrordesc_np(code));
}

/* ---- files ---- */

static int folder_of(const char *path, char ret_folder[PATH_MAX], struct error *error)
{
        const char *end = strrchr(path, '/');
        size_t length = end ? (size_t)(end - path) : 0;

        if (!end || length >= PATH_MAX)
                return error_set(error, -EINVAL, "%s: is no path of a key file from the root", path);
        memcpy(ret_folder, path, length);
        ret_folder[length] = '\0';
        if (length == 0)
                memcpy(ret_folder, "/", 2);
        return 0;
}

static bool is_ours(const struct stat *status)
{
        return status->st_uid == geteuid() || status->st_uid == 0;
}

/* Whoever may write to the folder may put another key there, or take ours. */
static int check_folder(const char *path, char ret_folder[PATH_MAX], struct error *error)
{
        struct stat status;

        int r = folder_of(path, ret_folder, error);
        if (r < 0)
                return r;
        if (stat(ret_folder, &status) < 0)
                return failed(error, ret_folder, "the folder of a key cannot be examined");
        if (!is_ours(&status) || status.st_mode & (S_IWGRP | S_IWOTH))
                return error_set(error, -EACCES,
                        "%s: others may write to this folder, so no key is kept in it; it must belong to "
                        "whoever "
                        "runs rogatory or to root (chmod go-w)",
                        ret_folder);
        return 0;
}

static int check_file(int file, const char *path, struct error *error)
{
        struct stat status;

        if (fstat(file, &status) < 0)
                return failed(error, path, "cannot be examined");
        if (!S_ISREG(status.st_mode))
                return error_set(error, -EINVAL, "%s: is not a regular file", path);
        if (!is_ours(&status) || status.st_mode & (S_IRWXG | S_IRWXO))
                return error_set(error, -EACCES,
                        "%s: others than its owner may read or write this key (mode %03o), so it is not "
                        "used; it "
                        "must belong to whoever runs rogatory or to root (chmod 0600)",
                        path, (unsigned)status.st_mode & 0777);
        if (status.st_nlink > 1)
                return error_set(error, -EACCES,
                        "%s: this key has a second name in the file system and would survive there; remove "
                        "that",
                        path);
        return 0;
}

static int read_secret(int file, const char *path, struct buffer *ret, struct error *error)
{
        int r = buffer_reserve(ret, SECRET_MOST);

        if (r < 0)
                return error_set(error, r, "%s: not enough memory", path);
        for (;;) {
                char beyond;
                size_t room = SECRET_MOST - ret->length;
                ssize_t got =
                        read(file, room ? (void *)(ret->bytes + ret->length) : &beyond, room ? room : 1);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return failed(error, path, "cannot be read");
                if (got > 0 && room == 0)
                        return error_set(
                                error, -EFBIG, "%s: longer than a key may be (%d bytes)", path, SECRET_MOST);
                if (got == 0)
                        return 0;
                ret->length += (size_t)got;
        }
}

int secret_file_read(const char *path, struct buffer *ret, struct error *error)
{
        char folder[PATH_MAX];

        int r = check_folder(path, folder, error);
        if (r < 0)
                return r;
        int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (file < 0)
                return errno == ELOOP ? error_set(error, -EACCES,
                                                "%s: is a symbolic link; name the file itself", path)
                                      : failed(error, path, "cannot be opened");
        r = check_file(file, path, error);
        if (r == 0)
                r = read_secret(file, path, ret, error);
        close(file);
        return r;
}

static int name_temporary(const char *path, char ret_path[PATH_MAX], struct error *error)
{
        char folder[PATH_MAX];

        int r = folder_of(path, folder, error);
        if (r < 0)
                return r;
        /* One name, whoever writes: so the next one finds what was left behind, which holds a key. */
        int used = snprintf(ret_path, PATH_MAX, "%s/.%s.tmp", folder, strrchr(path, '/') + 1);
        if (used < 0 || used >= PATH_MAX)
                return error_set(error, -ENAMETOOLONG, "%s: the path is too long", path);
        return 0;
}

/* Zeros over the bytes of an open file. Disks that write elsewhere keep the old ones all the same. */
static void overwrite(int file)
{
        static const char zeros[SECRET_MOST];
        struct stat status;

        if (fstat(file, &status) < 0 || status.st_size <= 0)
                return;
        size_t length = status.st_size < SECRET_MOST ? (size_t)status.st_size : SECRET_MOST;
        if (pwrite(file, zeros, length, 0) >= 0)
                (void)fsync(file);
}

int secret_file_tidy(const char *path, struct error *error)
{
        char temporary[PATH_MAX];

        int r = name_temporary(path, temporary, error);
        if (r < 0)
                return r;
        int file = open(temporary, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (file >= 0) {
                overwrite(file);
                close(file);
        }
        return file_remove(temporary, error);
}

static int write_beside(
        const char *path, const char *temporary, const void *bytes, size_t length, struct error *error)
{
        int file;

        int r = secret_file_tidy(path, error);
        if (r == 0)
                r = file_draft_open(temporary, &file, error);
        if (r < 0)
                return r;
        r = file_write_all(file, bytes, length, temporary, error);
        if (r == 0 && fsync(file) < 0)
                r = failed(error, temporary, "cannot be made durable");
        close(file);
        if (r < 0)
                (void)secret_file_tidy(path, NULL);
        return r;
}

int secret_file_replace(const char *path, const void *bytes, size_t length, struct error *error)
{
        char folder[PATH_MAX], temporary[PATH_MAX];

        int r = check_folder(path, folder, error);
        if (r == 0)
                r = name_temporary(path, temporary, error);
        if (r == 0)
                r = write_beside(path, temporary, bytes, length, error);
        if (r < 0)
                return r;
        int old = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (rename(temporary, path) < 0)
                r = failed(error, path, "cannot be put in place");
        if (r == 0)
                r = folder_sync(folder, error);
        if (old >= 0) {
                if (r == 0)
                        overwrite(old);
                close(old);
        }
        if (r < 0)
                (void)secret_file_tidy(path, NULL);
        return r;
}

int secret_file_create(const char *path, const void *bytes, size_t length, struct error *error)
{
        char folder[PATH_MAX], temporary[PATH_MAX];

        int r = check_folder(path, folder, error);
        if (r == 0)
                r = name_temporary(path, temporary, error);
        if (r == 0)
                r = write_beside(path, temporary, bytes, length, error);
        if (r == 0 && renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
                r = failed(error, path, "the key cannot be put in place");
        if (r == 0)
                r = folder_sync(folder, error);
        if (r < 0)
                (void)secret_file_tidy(path, NULL);
        return r;
}

/* ---- the kernel's keyring ---- */

static long find_key(const char *description)
{
        long key = syscall(SYS_request_key, "user", description, NULL, 0);

        return key >= 0 ? key
                        : syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", description, 0);
}

static int check_length(const struct buffer *secret, const char *what, const char *name, struct error *error)
{
        if (secret->length >= SECRET_LEAST)
                return 0;
        return error_set(error, -EINVAL, "%s %s: %zu bytes are too few for a key; it needs %d random ones",
                what, name, secret->length, SECRET_LEAST);
}

int keyring_read(const char *description, struct buffer *ret, struct error *error)
{
        long key = find_key(description);
        if (key < 0)
                return error_set(error, -errno,
                        "keyring %s: the kernel's keyring has no such key for this process (%s); put it "
                        "there "
                        "with `keyctl padd user %s @u`",
                        description, strerrordesc_np(errno), description);
        int r = buffer_reserve(ret, SECRET_MOST);
        if (r < 0)
                return error_set(error, r, "keyring %s: not enough memory", description);
        long length = syscall(SYS_keyctl, KEYCTL_READ, key, ret->bytes + ret->length, SECRET_MOST);
        if (length < 0)
                return error_set(error, -errno, "keyring %s: the key may not be read: %s", description,
                        strerrordesc_np(errno));
        if (length > SECRET_MOST)
                return error_set(error, -EFBIG, "keyring %s: longer than a key may be (%d bytes)",
                        description, SECRET_MOST);
        ret->length += (size_t)length;
        return check_length(ret, "keyring", description, error);
}

/* ---- systemd credentials ---- */

int credential_read(const char *name, struct buffer *ret, struct error *error)
{
        const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
        char path[PATH_MAX];

        if (!folder)
                return error_set(error, -ENOENT,
                        "credential %s: systemd passed no credentials to this process; run it in a unit with "
                        "LoadCredentialEncrypted=%s, or by systemd-run -p LoadCredentialEncrypted=...",
                        name, name);
        int used = snprintf(path, sizeof path, "%s/%s", folder, name);
        if (used < 0 || (size_t)used >= sizeof path)
                return error_set(error, -ENAMETOOLONG, "credential %s: the path is too long", name);
        int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (file < 0)
                return failed(error, path, "the credential cannot be opened");
        int r = read_secret(file, path, ret, error);
        close(file);
        return r < 0 ? r : check_length(ret, "credential", name, error);
}

/* ---- memory ---- */

void secret_keep(const void *bytes, size_t length)
{
        (void)mlock(bytes, length);
#ifndef SANITIZED
        /* The checker of leaks looks at its process from outside, which this forbids. */
        (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}
