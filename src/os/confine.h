/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_CONFINE_H
#define ROGATORY_OS_CONFINE_H

/* A process gives up what its role does not need, before it reads its first byte from outside: it becomes an
 * ordinary user without capabilities, can gain no privilege any more, reaches only the named paths (Landlock,
 * kernel 5.13 and later) and only the system calls of its role (seccomp). None of it can be taken back, and
 * all of it passes on to whatever the process may start. For processes of one thread; call it once.
 *
 * What is forbidden, and how that shows:
 *
 *                                 CONFINE_COLLECT      CONFINE_STORE        CONFINE_PARENT
 *   open, make, rename, remove    dies; with named     outside of named     outside of named
 *     files                       paths as the store   paths: EACCES        paths: EACCES
 *   connect                       dies                 dies                 EACCES
 *   socket, bind, listen          dies                 dies                 may
 *   execve                        dies                 dies                 only named programs
 *   fork                          dies                 may                  may
 *   threads                       dies                 dies                 may; clone3: ENOSYS
 *   name spaces, mount, bpf       dies                 dies                 dies
 *   ptrace, process_vm_readv      dies                 dies                 dies
 *   become another user           dies                 dies                 only child_user
 *   memory that can be executed   dies                 dies                 may: loads programs
 *   signal to another process     dies                 dies                 to its children
 *   anything that is not listed   dies                 dies                 ENOSYS
 *
 * What the store or the parent starts is confined like it. A parent with may_connect connects.
 *
 * "Dies" is SIGSYS for the whole process, which the parent sees. Descriptors that are open already go on
 * working: listeners, files, journals and keys are opened before, or passed by the parent. What metadata
 * says (stat) stays visible. Datagrams can still be sent through an inherited socket: RADIUS is answered that
 * way; and descriptors through an inherited socket of the unix domain. abort() in a child of the store dies
 * of SIGSYS, because it signals another number than the one that was confined. */

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum confine_role {
        CONFINE_COLLECT, /* hostile bytes: inherited sockets, memory, time; files only below named paths */
        CONFINE_STORE,   /* also files below the named paths, and children like itself */
        /* Opens sockets and starts the others, which are confined by all of this too before they confine
         * themselves. Keeps some capabilities. */
        CONFINE_PARENT,
        CONFINE_ROLE_COUNT
};

enum confine_right {
        CONFINE_READ = 1,  /* files and listings */
        CONFINE_WRITE = 2, /* write, make, rename, cut and remove files and folders */
        CONFINE_EXECUTE = 4,
        CONFINE_SOCKET = 8 /* make sockets of the unix domain, and remove them */
};

#define CONFINE_PATHS_MAX 64
#define CONFINE_PORTS_MAX 2

struct confine_path {
        const char *path; /* must exist; all below it is meant too */
        unsigned rights;  /* CONFINE_READ | CONFINE_WRITE */
};

struct confine_plan {
        enum confine_role role;
        /* Whom to become, as root or with CAP_SETUID and CAP_SETGID; NULL: who it is already, not root. */
        const char *user;
        const struct confine_path *paths;
        size_t path_count;
        /* CONFINE_PARENT: bits (1 << CAP_...) that it keeps where it has them, and those of them that what it
         * starts begins with. */
        uint64_t capabilities, inherited;
        const char *child_user; /* CONFINE_PARENT: the one user that a child may become; NULL: none */
        bool may_connect; /* CONFINE_PARENT: what it starts reaches services before it confines itself */
        /* With may_connect, where the kernel can tell (Landlock 4, 6.7 and later): only these ports of TCP, 0
         * counts as none; all 0: any. */
        uint16_t connect_ports[CONFINE_PORTS_MAX];
        /* Switched off by whoever runs the node, in words of his own configuration. */
        bool without_landlock, without_seccomp;
};

struct confine_result {
        uid_t uid;
        int landlock; /* version of Landlock's interface that is in force; 0: none */
        bool seccomp;
};

/* The version of Landlock's interface that the kernel offers; 0 where it offers none. */
int confine_landlock_version(void);

/* Confines the calling process. After a failure the process may be confined in part and must end: -EINVAL
 * (the plan: root without a user to become, an unknown user, too many paths), -EPERM (another user cannot be
 * become), -EOPNOTSUPP (the kernel has no Landlock or no seccomp, and the plan does not do without), -ENOENT
 * and others of a named path; each with a message. ret_result may be NULL. */
int confine(const struct confine_plan *plan, struct confine_result *ret_result, struct error *error);

#endif
