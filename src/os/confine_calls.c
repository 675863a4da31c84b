/* SPDX-License-Identifier: EUPL-1.2 */
/* seccomp: which system calls a role may make. What is not in a list kills the process: a collector that asks
 * for a file or a shell is no collector any more. */
#include "os/confine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* clone(2), "C library/kernel differences": s390 has the flags behind the stack. */
#if defined(__s390x__)
#define CLONE_FLAGS_ARGUMENT 1
#else
#define CLONE_FLAGS_ARGUMENT 0
#endif

/* Every role: memory, time, waiting, and what is done with descriptors that are open already. */
static const char *const every_role[] = {
        /* memory; mmap and mprotect stand below */
        "brk", "munmap", "mremap", "madvise", "mlock", "mlock2", "munlock", "futex",
        /* qsort of the C library asks how much memory there is */
        "sysinfo",
        /* time and chance */
        "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "getrandom",
        /* who it is */
        "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid",
        /* signals to itself */
        "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
        /* the end */
        "exit", "exit_group",
        /* waiting (libevent) */
        "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll",
        "eventfd2", "timerfd_create", "timerfd_settime", "sched_yield",
        /* descriptors */
        "read", "readv", "write", "writev", "close", "lseek", "fcntl", "fstat", "newfstatat",
        /* sockets that were handed over */
        "accept", "accept4", "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg", "sendmmsg", "shutdown",
        "getsockname", "getpeername", "getsockopt", "setsockopt"};

/* Files, which Landlock holds to their paths. */
static const char *const files[] = {"open", "openat", "stat", "lstat", "statx", "access", "faccessat",
        "faccessat2", "readlink", "readlinkat", "getdents64", "pread64", "pwrite64", "preadv", "pwritev",
        "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "fsync",
        "fdatasync", "ftruncate", "fallocate", "flock", "msync", "fadvise64", "statfs", "fstatfs",
        "copy_file_range", "fchmod", "umask", "dup", "getcwd"};

/* The store's own: it answers each question and merges each hour in a child, which must not be able to do
 * more than it can itself, waits for it, and is told of it through pipes. alarm and prlimit64 bound a child.
 */
static const char *const children[] = {"wait4", "waitid", "set_robust_list", "rseq", "pipe2", "socketpair",
        "dup2", "dup3", "alarm", "setitimer", "prlimit64", "setpriority"};

/* A parent's own, and what programs do that it starts before they confine themselves: all of the above, and
 * what a program is loaded with. */
static const char *const parent_role[] = {
        /* starting programs */
        "execve", "vfork", "mmap", "mprotect", "arch_prctl", "set_tid_address", "sched_getaffinity", "uname",
        "sysinfo", "getcpu", "getrlimit", "setrlimit", "getrusage", "times", "getpgrp", "getpgid", "getsid",
        "gettid", "sched_getparam", "sched_getscheduler", "membarrier", "mincore", "memfd_create", "pipe",
        "getgroups", "getresuid", "getresgid", "fork", "poll", "select", "pselect6", "creat", "fchdir",
        "chdir", "readahead", "pause", "rt_sigtimedwait", "rt_sigpending", "rt_sigsuspend", "kill", "tgkill",
        "signalfd4", "fchmodat", "chmod", "chown", "fchown", "fchownat", "getxattr", "lgetxattr", "fgetxattr",
        "sync_file_range", "inotify_init1", "inotify_add_watch", "inotify_rm_watch", "epoll_create",
        "eventfd", "close_range", "socket", "bind", "listen", "ioctl",
        /* confining themselves, keys */
        "prctl", "capget", "capset", "seccomp", "landlock_create_ruleset", "landlock_add_rule",
        "landlock_restrict_self", "setgroups", "keyctl", "request_key"};

/* What only somebody does who is no parent of a node any more. What is in no list fails as if this kernel did
 * not have it, because libraries of another release may ask for what is new. */
static const char *const hostile[] = {"ptrace", "process_vm_readv", "process_vm_writev", "mount", "umount2",
        "move_mount", "open_tree", "fsopen", "pivot_root", "chroot", "unshare", "setns", "bpf",
        "perf_event_open", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load",
        "reboot", "swapon", "swapoff", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
        "mknod", "mknodat", "iopl", "ioperm", "acct", "quotactl", "settimeofday", "clock_settime", "adjtimex",
        "clock_adjtime", "sethostname", "setdomainname", "open_by_handle_at", "add_key", "personality",
        "pidfd_getfd", "execveat", "symlink", "symlinkat", "link", "linkat"};

static int allow(scmp_filter_ctx filter, const char *const *names, size_t count)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < count; i++) {
                int call = seccomp_syscall_resolve_name(names[i]);
                /* Not every machine has every call (time, stat); what it has not, nobody can make. */
                if (call >= 0)
                        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
        }
        return r;
}

static int kill_by(scmp_filter_ctx filter, const char *const *names, size_t count)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < count; i++) {
                int call = seccomp_syscall_resolve_name(names[i]);
                if (call >= 0)
                        r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, call, 0);
        }
        return r;
}

/* Calls that only some arguments make harmless. */
static int allow_some(scmp_filter_ctx filter)
{
        pid_t self = getpid();

        int r = seccomp_rule_add(
                filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                        SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        if (r == 0) /* abort() */
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                        SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)self, 0));
        if (r == 0)
                r = seccomp_rule_add(
                        filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0));
        if (r == 0)
                r = seccomp_rule_add(
                        filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, FIONBIO, 0));
        return r;
}

/* A process like itself: no thread, no name space, no memory in common. Only fork(2) of the C library calls
 * clone so; clone3 hides its flags from the filter. */
static int allow_fork(scmp_filter_ctx filter)
{
        const scmp_datum_t harmless = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | 0xff; /* and a signal */

        int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                SCMP_CMP(CLONE_FLAGS_ARGUMENT, SCMP_CMP_MASKED_EQ, ~harmless, 0));
        /* Whoever asks may sit at a terminal: how wide is it? */
        if (r == 0)
                r = seccomp_rule_add(
                        filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, TCGETS, 0));
        if (r == 0)
                r = seccomp_rule_add(
                        filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, TIOCGWINSZ, 0));
        if (r == 0) /* a child ends with its parent */
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                        SCMP_A0(SCMP_CMP_EQ, PR_SET_PDEATHSIG, 0));
        return r;
}

static int allow_role(scmp_filter_ctx filter, enum confine_role role, bool has_paths)
{
        int r = allow(filter, every_role, sizeof every_role / sizeof *every_role);

        if (r == 0)
                r = allow_some(filter);
        if (r == 0 && (role == CONFINE_STORE || has_paths))
                r = allow(filter, files, sizeof files / sizeof *files);
        /* Whoever reads a key keeps it out of core dumps (secret_keep), and asks for nothing more. */
        if (r == 0 && (role == CONFINE_STORE || has_paths))
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 2,
                        SCMP_A0(SCMP_CMP_EQ, PR_SET_DUMPABLE, 0), SCMP_A1(SCMP_CMP_EQ, 0, 0));
        if (r == 0 && role == CONFINE_STORE)
                r = allow(filter, children, sizeof children / sizeof *children);
        if (r == 0 && role == CONFINE_STORE)
                r = allow_fork(filter);
        return r;
}

/* A child becomes the one user and nobody else: root least of all, which CAP_SETUID alone would allow.
 * Numbers of users have 32 bits; what stands above them the kernel does not look at. */
static int allow_becoming(scmp_filter_ctx filter, const struct confine_successor *successor)
{
        const scmp_datum_t number = UINT32_MAX;
        const scmp_datum_t uid = successor->uid, gid = successor->gid;

        if (!successor->is_set)
                return 0;
        int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setresuid), 3,
                SCMP_A0(SCMP_CMP_MASKED_EQ, number, uid), SCMP_A1(SCMP_CMP_MASKED_EQ, number, uid),
                SCMP_A2(SCMP_CMP_MASKED_EQ, number, uid));
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setresgid), 3,
                        SCMP_A0(SCMP_CMP_MASKED_EQ, number, gid), SCMP_A1(SCMP_CMP_MASKED_EQ, number, gid),
                        SCMP_A2(SCMP_CMP_MASKED_EQ, number, gid));
        return r;
}

static int fail_with(scmp_filter_ctx filter, int code, int call)
{
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)code), call, 0);
}

/* Children inherit all of it, so that it forbids only what neither of them ever needs. */
static int allow_parent(scmp_filter_ctx filter, const struct confine_successor *successor, bool may_connect)
{
        const scmp_datum_t name_spaces = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                         CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

        int r = allow(filter, every_role, sizeof every_role / sizeof *every_role);
        if (r == 0)
                r = allow(filter, files, sizeof files / sizeof *files);
        if (r == 0)
                r = allow(filter, children, sizeof children / sizeof *children);
        if (r == 0)
                r = allow(filter, parent_role, sizeof parent_role / sizeof *parent_role);
        if (r == 0)
                r = kill_by(filter, hostile, sizeof hostile / sizeof *hostile);
        for (unsigned bit = 0; r == 0 && bit < 32; bit++)
                if (name_spaces & (scmp_datum_t)1 << bit)
                        r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1,
                                SCMP_CMP(CLONE_FLAGS_ARGUMENT, SCMP_CMP_MASKED_EQ, (scmp_datum_t)1 << bit,
                                        (scmp_datum_t)1 << bit));
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                        SCMP_CMP(CLONE_FLAGS_ARGUMENT, SCMP_CMP_MASKED_EQ, name_spaces, 0));
        if (r == 0) /* names of accounts are looked up in files; a service that would be asked is not */
                r = may_connect ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0)
                                : fail_with(filter, EACCES, SCMP_SYS(connect));
        if (r == 0)
                r = allow_becoming(filter, successor);
        return r;
}

int confine_calls(
        const struct confine_plan *plan, const struct confine_successor *successor, struct error *error)
{
        bool parent = plan->role == CONFINE_PARENT;
        scmp_filter_ctx filter = seccomp_init(parent ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_KILL_PROCESS);

        if (!filter)
                return error_set(error, -EOPNOTSUPP,
                        "This kernel cannot confine a process to its system calls (seccomp); switch that off "
                        "in "
                        "the configuration if it is to run all the same");
        int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (r == 0)
                r = parent ? allow_parent(filter, successor, plan->may_connect)
                           : allow_role(filter, plan->role, plan->path_count > 0);
        if (r == 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        return r < 0 ? error_set(error, r == -ECANCELED || r == -EINVAL ? -EOPNOTSUPP : r,
                               "This process cannot be confined to its system calls (seccomp): %s",
                               strerrordesc_np(-r))
                     : 0;
}
