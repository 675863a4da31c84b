/* SPDX-License-Identifier: EUPL-1.2 */
/* A parent's capabilities: the few that it keeps, as an ordinary user (capabilities(7)). */
#include "os/confine_internal.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failed(struct error *error, const char *what)
{
        int code = errno;
        return error_set(
                error, -code, "This process cannot be confined: %s: %s", what, strerrordesc_np(code));
}

int confine_keep_over_user(struct error *error)
{
        return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? failed(error, "PR_SET_KEEPCAPS") : 0;
}

/* What is not in the bounding set no program can ever get, whatever its file says. Whoever may not change the
 * set was given one by a service manager. */
static int bound(uint64_t kept, struct error *error)
{
        for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
                if (!(kept & UINT64_C(1) << capability) && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 &&
                        errno != EPERM)
                        return failed(error, "PR_CAPBSET_DROP");
        return 0;
}

int confine_capabilities(uint64_t kept, uint64_t inherited, struct error *error)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

        if (syscall(SYS_capget, &header, data) < 0)
                return failed(error, "capget");
        /* Becoming another user left them permitted and took them out of effect. */
        for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
                data[i].effective = data[i].permitted;
        if (syscall(SYS_capset, &header, data) < 0)
                return failed(error, "capset");
        int r = bound(kept, error);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
                data[i].permitted &= (uint32_t)(kept >> 32 * i);
                data[i].effective = data[i].permitted;
                data[i].inheritable = data[i].permitted & (uint32_t)(inherited >> 32 * i);
        }
        if (syscall(SYS_capset, &header, data) < 0)
                return failed(error, "capset");
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return failed(error, "ambient capabilities");
        for (unsigned long capability = 0; capability < 64; capability++)
                if (data[capability / 32].inheritable & 1u << capability % 32 &&
                        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
                        return failed(error, "ambient capabilities");
        return 0;
}
