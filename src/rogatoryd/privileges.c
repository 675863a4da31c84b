/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatoryd/privileges.h"

#include "os/account.h"
#include "os/confine.h"
#include "os/log.h"
#include "os/program.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CAPABILITY(name) (UINT64_C(1) << (name))

/* --- Accounts --- */

static int find_user(const char *name, uid_t *ret_user, gid_t *ret_group, struct error *error)
{
        return account_find_user(name, ret_user, ret_group)
                       ? 0
                       : error_set(error, -EINVAL, "There is no user \"%s\" on this system", name);
}

static int refuse_root(const struct node_settings *node, struct error *error)
{
        if (geteuid() != 0 || (node->store_user[0] && node->collect_user[0]))
                return 0;
        return error_set(error, -EINVAL,
                "Started as root a node needs store-user and collect-user in [node] of its rogatory.conf; "
                "make "
                "them with 'useradd --system --shell /usr/sbin/nologin NAME'");
}

int privileges_find(const struct setting *setting, struct accounts *ret_accounts, struct error *error)
{
        const struct node_settings *node = &setting->settings.node;
        struct accounts accounts = {(uid_t)-1, (gid_t)-1, (gid_t)-1, (uid_t)-1};
        gid_t group;

        int r = refuse_root(node, error);
        if (r == 0 && node->store_user[0])
                r = find_user(node->store_user, &accounts.store, &group, error);
        if (r == 0 && node->collect_user[0])
                r = find_user(node->collect_user, &accounts.collect, &accounts.collect_group, error);
        if (r == 0 && node->ask_group[0] && !account_find_group(node->ask_group, &accounts.ask))
                r = error_set(error, -EINVAL, "There is no group \"%s\" on this system", node->ask_group);
        if (r == 0 && geteuid() != 0 && accounts.store != (uid_t)-1 && accounts.store != geteuid())
                r = error_set(error, -EINVAL,
                        "This node was started by user %lu, but store-user is %s: start it as root or as %s",
                        (unsigned long)geteuid(), node->store_user, node->store_user);
        if (r == 0 && geteuid() != 0)
                accounts.store = (uid_t)-1;
        if (r == 0)
                *ret_accounts = accounts;
        return r;
}

/* --- The journal's folder --- */

static int make_journal(const char *folder, const char *journal, const struct accounts *accounts,
        const struct stat *status, struct error *error)
{
        mode_t mode = status->st_mode & 07777;

        if (mkdir(journal, 0700) < 0 && errno != EEXIST)
                return error_set(error, -errno, "%s: %s", journal, strerrordesc_np(errno));
        if (lchown(journal, accounts->collect, accounts->collect_group) < 0)
                return error_set(error, -errno, "%s: %s", journal, strerrordesc_np(errno));
        /* To pass through is enough: it can neither list nor read the folder. */
        if (!(mode & 0010) || status->st_gid != accounts->collect_group)
                if (chown(folder, (uid_t)-1, accounts->collect_group) < 0 ||
                        chmod(folder, (mode & 0707) | 0010) < 0)
                        return error_set(error, -errno, "%s: %s", folder, strerrordesc_np(errno));
        return 0;
}

int privileges_prepare(const struct setting *setting, const struct accounts *accounts, struct error *error)
{
        const char *user = setting->settings.node.collect_user;
        char journal[SETTING_PATH_MAX + 16];
        struct stat folder, status;

        if (accounts->collect == (uid_t)-1)
                return 0;
        snprintf(journal, sizeof journal, "%s/journal", setting->folder);
        if (stat(setting->folder, &folder) < 0)
                return error_set(error, -errno, "%s: %s", setting->folder, strerrordesc_np(errno));
        if (geteuid() == 0)
                return make_journal(setting->folder, journal, accounts, &folder, error);
        if (stat(journal, &status) < 0 || status.st_uid != accounts->collect ||
                (!(folder.st_mode & 0001) &&
                        (!(folder.st_mode & 0010) || folder.st_gid != accounts->collect_group)))
                return error_set(error, -EACCES,
                        "%s: must belong to %s and be reached by it; as root: install -d -o %s -m 0700 %s && "
                        "chgrp %s %s && chmod 0710 %s",
                        journal, user, user, journal, user, setting->folder, setting->folder);
        return 0;
}

/* --- What can be reached --- */

struct paths {
        struct confine_path items[CONFINE_PATHS_MAX];
        char folders[CONFINE_PATHS_MAX][SETTING_PATH_MAX];
        size_t count;
};

static int add(struct paths *paths, const char *path, unsigned rights, struct error *error)
{
        for (size_t i = 0; i < paths->count; i++)
                if (strcmp(paths->folders[i], path) == 0) {
                        paths->items[i].rights |= rights;
                        return 0;
                }
        if (paths->count == CONFINE_PATHS_MAX)
                return error_set(error, -E2BIG,
                        "The keys of this node lie in too many folders (%d at most); put them into fewer",
                        CONFINE_PATHS_MAX);
        snprintf(paths->folders[paths->count], sizeof paths->folders[0], "%s", path);
        paths->items[paths->count] = (struct confine_path){paths->folders[paths->count], rights};
        paths->count++;
        return 0;
}

static int add_folder_of(struct paths *paths, const char *file, unsigned rights, struct error *error)
{
        char folder[SETTING_PATH_MAX];

        snprintf(folder, sizeof folder, "%s", file);
        char *end = strrchr(folder, '/');
        if (!end)
                return 0;
        end[end == folder] = '\0';
        return add(paths, folder, rights, error);
}

/* What the node writes to: the same for it and for its children, which take still more away from themselves.
 */
static int list_written(const struct setting *setting, struct paths *paths, struct error *error)
{
        const struct settings *settings = &setting->settings;
        const unsigned all = CONFINE_READ | CONFINE_WRITE;
        const char *journal_key = key_sources_file(&settings->node.journal_key);

        int r = add(paths, setting->folder, all, error);
        if (r == 0)
                r = add_folder_of(paths, setting->ask_path, CONFINE_READ | CONFINE_SOCKET, error);
        if (r == 0 && journal_key)
                r = add_folder_of(paths, journal_key, all, error);
        for (size_t i = 0; r == 0 && i < settings->realm_count; i++) {
                const char *key = key_sources_file(&settings->realms[i].key);
                if (key)
                        r = add_folder_of(paths, key, all, error);
        }
        return r;
}

/* What a PKCS#11 module does, only its maker knows: it may keep files of its own, or reach a service. The
 * store opens its token first and then confines itself without any of that. */
static bool has_token(const struct setting *setting)
{
        const struct settings *settings = &setting->settings;
        bool found = false;

        for (size_t i = 0; i < settings->node.journal_key.count; i++)
                found = found || settings->node.journal_key.items[i].kind == KEY_SOURCE_TOKEN;
        for (size_t i = 0; i < settings->realm_count; i++)
                for (size_t j = 0; j < settings->realms[i].key.count; j++)
                        found = found || settings->realms[i].key.items[j].kind == KEY_SOURCE_TOKEN;
        return found;
}

static int list_paths(const struct setting *setting, const char *const programs[PRIVILEGES_PROGRAMS],
        struct paths *paths, struct error *error)
{
        const char *loader = program_loader();

        int r = list_written(setting, paths, error);
        /* Certificates, secrets, zones, libraries: what a user may read at all is for the file system to say.
         */
        if (r == 0)
                r = add(paths, "/", CONFINE_READ | (has_token(setting) ? CONFINE_WRITE : 0), error);
        if (r == 0)
                r = add(paths, "/dev/null", CONFINE_READ | CONFINE_WRITE, error);
        for (unsigned i = 0; r == 0 && i < PRIVILEGES_PROGRAMS; i++)
                r = add(paths, programs[i], CONFINE_EXECUTE, error);
        if (r == 0 && loader)
                r = add(paths, loader, CONFINE_EXECUTE, error);
        return r;
}

static bool listens_to_conntrack(const struct setting *setting)
{
        for (size_t i = 0; i < setting->settings.listener_count; i++)
                if (setting->settings.listeners[i].transport == LISTENER_CONNTRACK)
                        return true;
        return false;
}

int privileges_give_up(
        const struct setting *setting, const char *const programs[PRIVILEGES_PROGRAMS], struct error *error)
{
        const struct node_settings *node = &setting->settings.node;
        const uint64_t admin = listens_to_conntrack(setting) ? CAPABILITY(CAP_NET_ADMIN) : 0;
        struct paths *paths = calloc(1, sizeof *paths);
        struct confine_result result = {0};

        if (!paths)
                return error_set(error, -ENOMEM, "Not enough memory");
        int r = list_paths(setting, programs, paths, error);
        const struct confine_plan plan = {.role = CONFINE_PARENT,
                .user = geteuid() == 0 ? node->store_user : NULL,
                .child_user = node->collect_user[0] ? node->collect_user : NULL,
                .paths = paths->items,
                .path_count = paths->count,
                .may_connect = has_token(setting),
                .capabilities = CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) |
                                CAPABILITY(CAP_NET_BIND_SERVICE) | CAPABILITY(CAP_KILL) | admin,
                .inherited = CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) | admin,
                .without_landlock = node->confine & NODE_WITHOUT_LANDLOCK,
                .without_seccomp = node->confine & NODE_WITHOUT_SECCOMP};
        if (r == 0)
                r = confine(&plan, &result, error);
        free(paths);
        if (r < 0)
                return r;
        if (!node->collect_user[0])
                log_event(LOG_CAUTION, "users-not-separated",
                        "text=\"collect-user is not said, so the process that reads the network is the user "
                        "that "
                        "owns the store; fit for a trial\"");
        log_event(node->confine == NODE_CONFINE_ON ? LOG_DETAIL : LOG_CAUTION, "confined",
                "user=%lu landlock=%d seccomp=%s", (unsigned long)result.uid, result.landlock,
                result.seccomp ? "yes" : "no");
        return 0;
}

/* --- Another setting --- */

static bool is_below(const char *path, const char *folder)
{
        size_t length = strlen(folder);

        return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int allow_written(const struct setting *now, const struct setting *next, struct error *error)
{
        struct paths *old = calloc(2, sizeof *old);
        struct paths *new = old + 1;
        int r = old ? 0 : error_set(error, -ENOMEM, "Not enough memory");

        if (r == 0)
                r = list_written(now, old, error);
        if (r == 0)
                r = list_written(next, new, error);
        for (size_t i = 0; r == 0 && i < new->count; i++) {
                bool reached = false;
                for (size_t j = 0; j < old->count; j++)
                        reached = reached || (is_below(new->folders[i], old->folders[j]) &&
                                                     !(new->items[i].rights & ~old->items[j].rights));
                if (!reached)
                        r = error_set(error, -EINVAL,
                                "%s: the node confined itself to other folders when it began; start it anew",
                                new->folders[i]);
        }
        free(old);
        return r;
}

int privileges_allow(const struct setting *now, const struct setting *next, struct error *error)
{
        const struct node_settings *a = &now->settings.node, *b = &next->settings.node;

        if (strcmp(now->folder, next->folder) != 0 || strcmp(now->ask_path, next->ask_path) != 0)
                return error_set(error, -EINVAL,
                        "The place of the store or of its socket has changed; start the node anew");
        if (strcmp(a->collect_user, b->collect_user) != 0 || strcmp(a->store_user, b->store_user) != 0 ||
                strcmp(a->ask_group, b->ask_group) != 0 || a->confine != b->confine ||
                listens_to_conntrack(now) != listens_to_conntrack(next) || has_token(now) != has_token(next))
                return error_set(error, -EINVAL,
                        "collect-user, store-user, ask-group, confine and whether conntrack is listened to "
                        "hold "
                        "for the life of a node; start it anew");
        return allow_written(now, next, error);
}
