/* SPDX-License-Identifier: EUPL-1.2 */
#include "upkeep/configuration_node.h"

#include "os/account.h"
#include "os/keyring.h"
#include "os/token.h"
#include "settings/token_uri.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_MAX ((size_t)1 << 20) /* so much of a file of certificates is looked at */
#define SECRET_MAX 257            /* EXPORTER_SECRET_MAX of collect/, and the end of the line */

static int wrong(struct error *problem, const char *path, const char *what)
{
        return error_set(problem, -EINVAL, "%s: %s", path, what);
}

/* --- Rights --- */

static int check_folder(const char *path, struct error *problem)
{
        char folder[KEY_SOURCE_NAME_MAX];
        struct stat status;

        snprintf(folder, sizeof folder, "%s", path);
        char *end = strrchr(folder, '/');
        if (!end)
                return wrong(problem, path, "is no path from the root");
        end[end == folder] = '\0';
        if (stat(folder, &status) < 0 || !S_ISDIR(status.st_mode))
                return wrong(problem, folder, "there is no such folder; make it");
        return 0;
}

static int check_writers(const char *path, const struct stat *status, struct error *problem)
{
        return status->st_mode & 0022 ? error_set(problem, -EINVAL,
                                                "%s: its rights (%03o) let other accounts change it; chmod "
                                                "go-w %s",
                                                path, (unsigned)(status->st_mode & 0777), path)
                                      : 0;
}

/* The group may read: the one that a user without any other right has. */
static int check_readers(const char *path, const struct stat *status, struct error *problem)
{
        return status->st_mode & 0007 ? error_set(problem, -EINVAL,
                                                "%s: its rights (%03o) let other accounts read it; chmod "
                                                "o-rwx %s",
                                                path, (unsigned)(status->st_mode & 0777), path)
                                      : 0;
}

/* --- Contents --- */

/* The caller wipes what was read. */
static int read_some(const char *path, char *text, size_t room, size_t *ret_length, struct stat *ret_status,
        struct error *problem)
{
        int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        size_t length = 0;
        ssize_t got = 1;

        if (file < 0)
                return error_set(problem, -EINVAL, "%s: cannot be read: %s", path, strerrordesc_np(errno));
        int r = fstat(file, ret_status);
        if (r < 0 || !S_ISREG(ret_status->st_mode)) {
                close(file);
                return wrong(problem, path, "is no regular file");
        }
        while (got > 0 && length < room && (got = read(file, text + length, room - length)) > 0)
                length += (size_t)got;
        close(file);
        *ret_length = length;
        return got < 0 ? wrong(problem, path, "cannot be read") : 0;
}

static bool holds(const char *text, size_t length, const char *words)
{
        return length && memmem(text, length, words, strlen(words));
}

/* What the beginning of the lines says; whether it is the key of that certificate shows when it is loaded. */
static int check_pem(
        enum settings_file kind, const char *path, const char *text, size_t length, struct error *problem)
{
        if (kind == SETTINGS_FILE_CERTIFICATES)
                return holds(text, length, "-----BEGIN CERTIFICATE-----")
                               ? 0
                               : wrong(problem, path, "holds no certificate in PEM");
        if (holds(text, length, "ENCRYPTED"))
                return wrong(problem, path,
                        "is a key under a passphrase, for which nobody could be asked; store it without, "
                        "readable by nobody else");
        return holds(text, length, "PRIVATE KEY-----") ? 0
                                                       : wrong(problem, path, "holds no private key in PEM");
}

static int check_secret(const char *path, const char *text, size_t length, struct error *problem)
{
        const char *end = length ? memchr(text, '\n', length) : NULL;
        size_t first = end ? (size_t)(end - text) : length;

        if (first == 0)
                return wrong(problem, path, "holds no secret in its first line");
        if (first >= SECRET_MAX)
                return wrong(problem, path, "its first line is longer than a secret may be (256 bytes)");
        return 0;
}

static int check_file(void *context, enum settings_file kind, const char *path, struct error *problem)
{
        char *text = kind == SETTINGS_FILE_SOCKET ? NULL : malloc(PEM_MAX);
        struct stat status;
        size_t length = 0;

        (void)context;
        if (kind == SETTINGS_FILE_SOCKET)
                return check_folder(path, problem);
        if (!text)
                return -ENOMEM;
        int r = read_some(path, text, PEM_MAX, &length, &status, problem);
        if (r == 0)
                r = check_writers(path, &status, problem);
        if (r == 0 && kind != SETTINGS_FILE_CERTIFICATES)
                r = check_readers(path, &status, problem);
        if (r == 0)
                r = kind == SETTINGS_FILE_SECRET ? check_secret(path, text, length, problem)
                                                 : check_pem(kind, path, text, length, problem);
        explicit_bzero(text, PEM_MAX);
        free(text);
        return r;
}

/* --- Keys --- */

static void forget(struct buffer *secret)
{
        if (secret->bytes)
                explicit_bzero(secret->bytes, secret->length);
        buffer_free(secret);
}

/* The file of a key is made with the first sealed file; its folder must be there before. */
static int check_key_file(const char *path, struct error *problem)
{
        struct buffer secret = buffer_make(SECRET_MOST);
        char folder[KEY_SOURCE_NAME_MAX];
        struct stat status;

        int r = check_folder(path, problem);
        if (r < 0)
                return r;
        snprintf(folder, sizeof folder, "%s", path);
        char *end = strrchr(folder, '/');
        end[end == folder] = '\0';
        if (stat(folder, &status) < 0)
                return wrong(problem, folder, "cannot be looked at");
        r = check_writers(folder, &status, problem);
        if (r < 0 || stat(path, &status) < 0)
                return r;
        if (status.st_mode & 0077)
                return error_set(problem, -EINVAL,
                        "%s: its rights (%03o) let other accounts read it; chmod go-rwx %s", path,
                        (unsigned)(status.st_mode & 0777), path);
        /* A key that belongs to the account that the node will be is its own to read. */
        if (status.st_uid == geteuid() || status.st_uid == 0)
                r = secret_file_read(path, &secret, problem) < 0 ? -EINVAL : 0;
        forget(&secret);
        return r;
}

/* A PIN that belongs to the account that the node will be is its own to try. */
static int check_token(const char *uri, struct error *problem)
{
        struct token_uri place;
        struct token *token;
        struct stat status;

        int r = token_uri_read(slice_of(uri), &place, problem);
        if (r < 0)
                return r;
        if (stat(place.pin_file, &status) < 0)
                return wrong(problem, place.pin_file, "cannot be looked at");
        if (status.st_mode & 0077)
                return error_set(problem, -EINVAL,
                        "%s: its rights (%03o) let other accounts read the PIN; chmod go-rwx %s",
                        place.pin_file, (unsigned)(status.st_mode & 0777), place.pin_file);
        if (status.st_uid != geteuid())
                return 0;
        const struct token_place at = {place.module, place.token, place.object, place.pin_file};
        r = token_open(&at, false, &token, problem);
        if (r == 0)
                token_close(token);
        return r;
}

static int check_key(void *context, const struct key_sources *sources, struct error *problem)
{
        int r = 0;

        (void)context;
        for (size_t i = 0; i < sources->count && r == 0; i++) {
                const struct key_source *source = &sources->items[i];
                struct buffer secret = buffer_make(SECRET_MOST);
                if (source->kind == KEY_SOURCE_FILE)
                        r = check_key_file(source->name, problem);
                else if (source->kind == KEY_SOURCE_KEYRING)
                        r = keyring_read(source->name, &secret, problem);
                else if (source->kind == KEY_SOURCE_TOKEN)
                        r = check_token(source->name, problem);
                else if (secure_getenv("CREDENTIALS_DIRECTORY"))
                        r = credential_read(source->name, &secret, problem);
                forget(&secret);
        }
        return r < 0 ? -EINVAL : 0;
}

/* --- Accounts --- */

static bool is_user(void *context, const char *name)
{
        uid_t user;
        gid_t group;

        (void)context;
        return account_find_user(name, &user, &group);
}

static bool is_group(void *context, const char *name)
{
        gid_t group;

        (void)context;
        return account_find_group(name, &group);
}

struct settings_checks configuration_node_checks(void)
{
        return (struct settings_checks){.user_is_known = is_user,
                .group_is_known = is_group,
                .file_is_sound = check_file,
                .key_is_sound = check_key};
}
