/* SPDX-License-Identifier: EUPL-1.2 */
/* Landlock: which paths a process reaches (Documentation/userspace-api/landlock.rst of the kernel). Every
 * right of the interface that the running kernel offers is taken away; only the named paths get theirs back.
 * The numbers of later interfaces are written here, because the headers of Debian 12 are those of kernel 6.1.
 */
#include "os/confine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FS_TRUNCATE (UINT64_C(1) << 14)  /* interface 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* interface 5 */
#define NET_ALL UINT64_C(3)              /* interface 4: bind and connect of TCP */
#define NET_CONNECT UINT64_C(2)
#define RULE_NET_PORT 2
#define SCOPE_ALL UINT64_C(3) /* interface 6: abstract unix sockets, signals */
#define SCOPE_SIGNAL UINT64_C(2)

struct ruleset {
        uint64_t handled_fs, handled_net, scoped;
};

int confine_landlock_version(void)
{
        long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        return version > 0 ? (int)version : 0;
}

static uint64_t all_of_files(int version)
{
        uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* interface 1: its last and highest right */

        if (version >= 2)
                all |= LANDLOCK_ACCESS_FS_REFER;
        if (version >= 3)
                all |= FS_TRUNCATE;
        if (version >= 5)
                all |= FS_IOCTL_DEV;
        return all;
}

/* What a role's right means in Landlock's rights. No device, pipe or link can be made by anybody. */
static uint64_t rights_of(unsigned rights, bool is_folder)
{
        uint64_t given = 0;

        if (rights & CONFINE_READ)
                given |= LANDLOCK_ACCESS_FS_READ_FILE | (is_folder ? LANDLOCK_ACCESS_FS_READ_DIR : 0);
        if (rights & CONFINE_WRITE)
                given |= LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
        if (rights & CONFINE_WRITE && is_folder)
                given |= LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                         LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER;
        if (rights & CONFINE_EXECUTE)
                given |= LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;
        if (rights & CONFINE_SOCKET && is_folder)
                given |= LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE;
        return given;
}

static int add_path(int rules, const struct confine_path *path, uint64_t all, struct error *error)
{
        struct landlock_path_beneath_attr rule = {.allowed_access = 0};
        struct stat status;

        int file = open(path->path, O_PATH | O_CLOEXEC);
        if (file < 0 || fstat(file, &status) < 0) {
                int code = errno;
                if (file >= 0)
                        close(file);
                return error_set(error, -code,
                        "%s: this process is to be confined to it, but it cannot be reached: %s", path->path,
                        strerrordesc_np(code));
        }
        rule.parent_fd = file;
        rule.allowed_access = rights_of(path->rights, S_ISDIR(status.st_mode)) & all;
        long r = rule.allowed_access == 0
                         ? 0
                         : syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
        int code = errno;
        close(file);
        return r < 0 ? error_set(error, -code, "%s: this process cannot be confined to it: %s", path->path,
                               strerrordesc_np(code))
                     : 0;
}

static bool names_ports(const struct confine_plan *plan)
{
        return plan->connect_ports[0] || plan->connect_ports[1];
}

/* landlock_net_port_attr, which the headers of Debian 12 do not have. */
static int add_ports(int rules, const struct confine_plan *plan, struct error *error)
{
        for (unsigned i = 0; i < CONFINE_PORTS_MAX; i++) {
                const uint64_t rule[] = {NET_CONNECT, plan->connect_ports[i]};
                if (plan->connect_ports[i] &&
                        syscall(SYS_landlock_add_rule, rules, RULE_NET_PORT, rule, 0) < 0)
                        return error_set(error, -errno, "Landlock takes no rule for port %u: %s",
                                plan->connect_ports[i], strerrordesc_np(errno));
        }
        return 0;
}

int confine_paths(const struct confine_plan *plan, int *ret_version, struct error *error)
{
        int version = confine_landlock_version();
        struct ruleset set = {.handled_fs = all_of_files(version)};
        size_t size = sizeof set.handled_fs;
        int r = 0;

        if (version == 0)
                return error_set(error, -EOPNOTSUPP,
                        "This kernel has no Landlock (5.13 and later have it, where it is switched on: "
                        "lsm=), so "
                        "this process cannot be confined to its paths; switch that off in the configuration "
                        "if "
                        "it is to run all the same");
        if (version >= 4) {
                set.handled_net = plan->role != CONFINE_PARENT              ? NET_ALL
                                  : plan->may_connect && !names_ports(plan) ? 0
                                                                            : NET_CONNECT;
                size = 2 * sizeof(uint64_t);
        }
        if (version >= 6) {
                set.scoped = plan->may_connect ? SCOPE_SIGNAL : SCOPE_ALL;
                size = 3 * sizeof(uint64_t);
        }
        int rules = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
        if (rules < 0)
                return error_set(
                        error, -errno, "Landlock's rules cannot be made: %s", strerrordesc_np(errno));
        for (size_t i = 0; r == 0 && i < plan->path_count; i++)
                r = add_path(rules, &plan->paths[i], set.handled_fs, error);
        if (r == 0 && plan->may_connect && version >= 4)
                r = add_ports(rules, plan, error);
        if (r == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
                r = error_set(
                        error, -errno, "Landlock's rules cannot be put in force: %s", strerrordesc_np(errno));
        close(rules);
        if (r == 0)
                *ret_version = version;
        return r;
}
