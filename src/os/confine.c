/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/confine.h"

#include "os/confine_internal.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failed(struct error *error, const char *what)
{
        int code = errno;
        return error_set(
                error, -code, "This process cannot be confined: %s: %s", what, strerrordesc_np(code));
}

static int find_user(const char *name, struct passwd *ret, char *names, size_t size, struct error *error)
{
        struct passwd *found = NULL;

        int code = getpwnam_r(name, ret, names, size, &found);
        if (code == 0 && found)
                return 0;
        return error_set(error, code ? -code : -EINVAL, "This process cannot become the user \"%.64s\": %s",
                name, code ? strerrordesc_np(code) : "there is none of that name; make it, or name another");
}

/* The order is that of giving up: groups need the privilege that setresuid takes. */
static int become(const struct passwd *user, struct error *error)
{
        if (setgroups(0, NULL) < 0)
                return failed(error, "setgroups");
        if (setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0)
                return failed(error, "setresgid");
        if (setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
                return failed(error, "setresuid");
        return 0;
}

/* A parent that is no root hands on what its children need for becoming their users. */
static bool may_become_others(void)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3] = {{0}};
        const uint32_t needed = 1u << CAP_SETUID | 1u << CAP_SETGID;

        return syscall(SYS_capget, &header, has) == 0 && (has[0].effective & needed) == needed;
}

/* Behind all giving up: nothing of it can be taken back. */
static int prove_user(const char *user, struct error *error)
{
        uid_t own = geteuid();

        if (own != 0 && getuid() == own && (!user || getegid() != 0) && setresuid(0, 0, 0) < 0 &&
                geteuid() == own)
                return 0;
        return error_set(error, -EPERM, "This process gave its rights up but can become root again");
}

static int drop_user(const char *name, struct error *error)
{
        char names[4096];
        struct passwd user;

        if (!name)
                return geteuid() != 0 && getuid() != 0
                               ? 0
                               : error_set(error, -EINVAL,
                                         "This process runs as root and no user is named that it should "
                                         "become; name one");
        int r = find_user(name, &user, names, sizeof names, error);
        if (r < 0)
                return r;
        if (user.pw_uid == 0)
                return error_set(error, -EINVAL,
                        "The user \"%.64s\" is root, who cannot be confined; name another", name);
        if (geteuid() == user.pw_uid && getuid() == user.pw_uid)
                return 0;
        if (geteuid() != 0 && !may_become_others())
                return error_set(error, -EPERM,
                        "This process cannot become the user \"%.64s\": it runs neither as root nor with "
                        "CAP_SETUID and CAP_SETGID",
                        name);
        return become(&user, error);
}

/* A process that was no root may still have been given capabilities (by its file or by systemd). */
static int drop_capabilities(struct error *error)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
                return failed(error, "ambient capabilities");
        return syscall(SYS_capset, &header, none) < 0 ? failed(error, "capset") : 0;
}

/* Memory with keys and subscribers' names is in no core file, and no process of the same user reads it. */
static int keep_memory_private(struct error *error)
{
        struct rlimit none = {0, 0};

        if (setrlimit(RLIMIT_CORE, &none) < 0)
                return failed(error, "setrlimit");
        return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? failed(error, "PR_SET_DUMPABLE") : 0;
}

static int find_successor(const char *name, struct confine_successor *ret, struct error *error)
{
        char names[4096];
        struct passwd user;

        if (!name)
                return 0;
        int r = find_user(name, &user, names, sizeof names, error);
        if (r == 0 && (user.pw_uid == 0 || user.pw_gid == 0))
                r = error_set(
                        error, -EINVAL, "The user \"%.64s\" is root or of its group; name another", name);
        if (r == 0)
                *ret = (struct confine_successor){user.pw_uid, user.pw_gid, true};
        return r;
}

/* Becomes the user and gives capabilities up: all of them, or all but a parent's. */
static int give_up_rights(const struct confine_plan *plan, struct error *error)
{
        bool parent = plan->role == CONFINE_PARENT;

        int r = parent ? confine_keep_over_user(error) : 0;
        if (r == 0)
                r = drop_user(plan->user, error);
        if (r == 0 && parent)
                return confine_capabilities(plan->capabilities, plan->inherited, error);
        if (r == 0)
                r = drop_capabilities(error);
        return r < 0 ? r : prove_user(plan->user, error);
}

int confine(const struct confine_plan *plan, struct confine_result *ret_result, struct error *error)
{
        struct confine_result result = {0};
        struct confine_successor successor = {0};

        if ((unsigned)plan->role >= CONFINE_ROLE_COUNT || plan->path_count > CONFINE_PATHS_MAX)
                return error_set(error, -EINVAL,
                        "This process cannot be confined: no such role, or more than %d paths",
                        CONFINE_PATHS_MAX);
        int r = find_successor(plan->child_user, &successor, error);
        if (r == 0)
                r = give_up_rights(plan, error);
        if (r == 0)
                r = keep_memory_private(error);
        /* Landlock and seccomp ask for it, and no file's owner or capability changes who this is. */
        if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                r = failed(error, "PR_SET_NO_NEW_PRIVS");
        if (r == 0 && !plan->without_landlock)
                r = confine_paths(plan, &result.landlock, error);
        if (r == 0 && !plan->without_seccomp)
                r = confine_calls(plan, &successor, error);
        if (r < 0)
                return r;
        result.seccomp = !plan->without_seccomp;
        result.uid = geteuid();
        if (ret_result)
                *ret_result = result;
        return 0;
}
