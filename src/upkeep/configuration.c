/* SPDX-License-Identifier: EUPL-1.2 */
#include "upkeep/configuration.h"

#include "os/account.h"
#include "os/file.h"
#include "os/zone.h"
#include "upkeep/configuration_node.h"
#include "wire/dialect.h"
#include "wire/syslog.h"

#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SETTINGS_NAME "rogatory.conf"

static int add(struct configuration_report *report, const char *file, unsigned line, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

static int add(struct configuration_report *report, const char *file, unsigned line, const char *format, ...)
{
        va_list arguments;

        if (report->count == CONFIGURATION_MISTAKES_KEPT)
                return 0;
        struct configuration_mistake *items =
                realloc(report->mistakes, (report->count + 1) * sizeof *report->mistakes);
        if (!items)
                return -ENOMEM;
        report->mistakes = items;
        struct configuration_mistake *mistake = &items[report->count++];
        *mistake = (struct configuration_mistake){.line = line};
        snprintf(mistake->file, sizeof mistake->file, "%s", file);
        va_start(arguments, format);
        vsnprintf(mistake->text, sizeof mistake->text, format, arguments);
        va_end(arguments);
        return 0;
}

/* --- Rights --- */

/* Whoever may write here may change what is answered; whoever may read what holds records reads them unseen.
 */
static int check_rights(struct configuration_report *report, const char *path, bool secret)
{
        struct stat status;

        if (stat(path, &status) < 0)
                return errno == ENOENT
                               ? 0
                               : add(report, path, 0, "cannot be looked at: %s", strerrordesc_np(errno));
        mode_t others = status.st_mode & (secret ? 0077 : 0022);
        if (others == 0)
                return 0;
        return add(report, path, 0, "its rights (%03o) let other accounts %s; chmod %s %s",
                (unsigned)(status.st_mode & 0777), others & 0022 ? "change it" : "read it",
                secret ? "go-rwx" : "go-w", path);
}

/* --- The settings --- */

static bool is_zone(void *context, const char *name)
{
        (void)context;
        return zone_is_known(name);
}

/* The key takes what `import --dialect` takes: how binary records are written, and families of syslog. */
static bool is_dialect(void *context, const char *name)
{
        (void)context;
        return dialect_by_name(name) || syslog_family_by_name(name);
}

/* Something in the store that is another account's: made as root, or written by a command that root ran. The
 * journal is the collect-user's. False where there is none. */
static bool find_foreign(const char *folder, uid_t owner, char *ret_path, size_t room)
{
        char *const paths[] = {(char *)folder, NULL};
        FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
        bool found = false;

        for (FTSENT *at; walk && !found && (at = fts_read(walk));) {
                if (at->fts_level == 1 && strcmp(at->fts_name, "journal") == 0)
                        (void)fts_set(walk, at, FTS_SKIP);
                else if (at->fts_info != FTS_DP && at->fts_info != FTS_NS && at->fts_statp->st_uid != owner)
                        found = true;
                if (found)
                        snprintf(ret_path, room, "%s", at->fts_path);
        }
        if (walk)
                fts_close(walk);
        return found;
}

static int check_owner(struct configuration_report *report, const char *folder, const char *user)
{
        char path[4096];
        uid_t uid;
        gid_t gid;

        if (user[0] == '\0' || !account_find_user(user, &uid, &gid) ||
                !find_foreign(folder, uid, path, sizeof path))
                return 0;
        return add(report, path, 0, "does not belong to %s, which is the store-user; chown -R %s: %s", user,
                user, path);
}

/* Certificates, keys and secrets are read before a process becomes the collect-user: by the store-user. */
static int check_reader(struct configuration_report *report, const char *path, const char *user)
{
        struct stat status;
        uid_t uid;
        gid_t gid;

        if (path[0] == '\0' || user[0] == '\0' || stat(path, &status) < 0 ||
                !account_find_user(user, &uid, &gid))
                return 0;
        mode_t bit = status.st_uid == uid ? S_IRUSR : status.st_gid == gid ? S_IRGRP : S_IROTH;
        if (status.st_mode & bit)
                return 0;
        return add(report, path, 0, "cannot be read by %s, the store-user, who reads it; chown %s: %s", user,
                user, path);
}

static int check_readers(struct configuration_report *report, const struct settings *settings)
{
        const char *user = settings->node.store_user;
        int r = 0;

        for (size_t i = 0; i < settings->listener_count && r == 0; i++) {
                const struct listener_settings *listener = &settings->listeners[i];
                const char *const paths[] = {listener->certificate, listener->key, listener->authorities};
                for (size_t k = 0; k < sizeof paths / sizeof *paths && r == 0; k++)
                        r = check_reader(report, paths[k], user);
        }
        for (size_t i = 0; i < settings->exporter_count && r == 0; i++)
                r = check_reader(report, settings->exporters[i].secret_file, user);
        return r;
}

/* folder: NULL where a file alone is checked. */
static int parse(struct configuration_report *report, const struct buffer *text, const char *folder)
{
        struct settings_checks checks = configuration_node_checks();
        struct settings_problem *problems = calloc(SETTINGS_PROBLEMS_MAX, sizeof *problems);
        struct settings settings;
        size_t count = 0;

        if (!problems)
                return -ENOMEM;
        checks.zone_is_known = is_zone;
        checks.dialect_is_known = is_dialect;
        int r = settings_parse_checked((const char *)text->bytes, text->length, &checks, &settings, problems,
                SETTINGS_PROBLEMS_MAX, &count);
        if (r == 0) {
                report->realms = settings.realm_count;
                report->exporters = settings.exporter_count;
                report->listeners = settings.listener_count;
                if (folder)
                        r = check_owner(report, folder, settings.node.store_user);
                if (folder && r == 0)
                        r = check_readers(report, &settings);
                settings_free(&settings);
        } else if (r == -EINVAL) {
                r = 0;
                for (size_t i = 0; i < count && r == 0; i++)
                        r = add(report, report->file, problems[i].line, "%s", problems[i].text);
        }
        free(problems);
        return r;
}

/* --- The folder --- */

static int check_folder(struct configuration_report *report, const char *folder)
{
        static const struct {
                const char *name;
                bool secret;
        } parts[] = {{"", false}, {"/" SETTINGS_NAME, false}, {"/access.log", true}, {"/realms", true},
                {"/holds", true}, {"/keys", true}, {"/journal", true}};
        char path[4096];
        int r = 0;

        for (size_t i = 0; i < sizeof parts / sizeof parts[0] && r == 0; i++)
                if (snprintf(path, sizeof path, "%s%s", folder, parts[i].name) < (int)sizeof path)
                        r = check_rights(report, path, parts[i].secret);
        return r;
}

/* --- All of it --- */

static int read_settings(
        struct configuration_report *report, const char *path, bool is_folder, struct error *error)
{
        struct buffer text = buffer_make(SETTINGS_FILE_MAX + 1);

        int length =
                snprintf(report->file, sizeof report->file, is_folder ? "%s/" SETTINGS_NAME : "%s", path);
        if (length < 0 || (size_t)length >= sizeof report->file)
                return error_set(error, -ENAMETOOLONG, "the path is too long");
        int r = file_read(report->file, &text, error);
        if (r == 0 && parse(report, &text, is_folder ? path : NULL) < 0)
                r = error_set(error, -ENOMEM, "%s: not enough memory", report->file);
        buffer_free(&text);
        return r;
}

int configuration_check(const char *path, struct configuration_report *ret_report, struct error *error)
{
        struct configuration_report report = {.mistakes = NULL};
        struct stat status;

        if (stat(path, &status) < 0)
                return error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        bool is_folder = S_ISDIR(status.st_mode);
        int r = read_settings(&report, path, is_folder, error);
        if (r == 0 && (is_folder ? check_folder(&report, path) : check_rights(&report, path, false)) < 0)
                r = error_set(error, -ENOMEM, "%s: not enough memory", path);
        if (r < 0) {
                configuration_report_free(&report);
                return r;
        }
        *ret_report = report;
        return 0;
}

void configuration_report_free(struct configuration_report *report)
{
        free(report->mistakes);
        *report = (struct configuration_report){.mistakes = NULL};
}
