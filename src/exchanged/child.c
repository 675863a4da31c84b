/* SPDX-License-Identifier: EUPL-1.2 */
/* Children: each has a place, ends with its parent, and tells through a socket. */
#include "exchanged/exchanged.h"

#include "os/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Which places a kind has; none takes another's. */
static void places_of(enum child_kind kind, unsigned *ret_from, unsigned *ret_until)
{
        static const unsigned counts[] = {[CHILD_GATE] = 1,
                [CHILD_WORK] = 1,
                [CHILD_STAMP] = 1,
                [CHILD_DELIVERY] = EXCHANGED_DELIVERIES_MAX,
                [CHILD_FETCH] = EXCHANGED_FETCHES_MAX,
                [CHILD_COMMAND] = EXCHANGED_COMMANDS_MAX};

        *ret_from = 0;
        for (enum child_kind before = CHILD_GATE; before < kind; before++)
                *ret_from += counts[before];
        *ret_until = *ret_from + counts[kind];
}

static struct child *free_place(struct exchanged *node, enum child_kind kind)
{
        unsigned from, until;

        places_of(kind, &from, &until);
        for (unsigned i = from; i < until; i++)
                if (node->children[i].kind == CHILD_NONE)
                        return &node->children[i];
        return NULL;
}

struct child *child_find(struct exchanged *node, enum child_kind kind, const char *recipient)
{
        for (unsigned i = 0; i < EXCHANGED_PLACES; i++)
                if (node->children[i].kind == kind &&
                        (!recipient || strcmp(node->children[i].recipient, recipient) == 0))
                        return &node->children[i];
        return NULL;
}

void child_forget(struct child *child)
{
        if (child->told >= 0)
                close(child->told);
        *child = (struct child){.told = -1};
}

/* Signals do with a child what they do with any process; what was meant for the parent it has not. */
static void become_child(struct exchanged *node, enum child_kind kind, pid_t parent)
{
        static const unsigned seconds[] = {[CHILD_WORK] = EXCHANGED_WORK_SECONDS,
                [CHILD_STAMP] = EXCHANGED_STAMP_SECONDS,
                [CHILD_DELIVERY] = EXCHANGED_DELIVERY_SECONDS,
                [CHILD_FETCH] = EXCHANGED_DELIVERY_SECONDS,
                [CHILD_COMMAND] = EXCHANGED_COMMAND_SECONDS};

        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != parent)
                _exit(1);
        signal(SIGPIPE, SIG_IGN);
        sigprocmask(SIG_SETMASK, &node->signals_before, NULL);
        if (seconds[kind])
                alarm(seconds[kind]);
        close(node->signals);
        if (node->offers >= 0 && kind != CHILD_COMMAND)
                close(node->offers);
        if (node->people >= 0)
                close(node->people);
        notify_close(&node->notify);
        for (unsigned i = 0; i < EXCHANGED_PLACES; i++)
                if (node->children[i].told >= 0)
                        close(node->children[i].told);
}

int child_start(struct exchanged *node, enum child_kind kind, const char *recipient, bool wants_told,
        int *ret_told, struct error *error)
{
        struct child *child = free_place(node, kind);
        int ends[2] = {-1, -1};
        pid_t parent = getpid();

        if (!child)
                return error_set(error, -EBUSY, "as much is being done at once as may be");
        if (wants_told && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
                return error_set(error, -errno, "no sockets: %s", strerrordesc_np(errno));
        pid_t pid = fork();
        if (pid == 0) {
                if (ends[0] >= 0)
                        close(ends[0]);
                become_child(node, kind, parent);
                *ret_told = ends[1];
                return 1;
        }
        int code = errno;
        if (ends[1] >= 0)
                close(ends[1]);
        if (pid < 0) {
                if (ends[0] >= 0)
                        close(ends[0]);
                return error_set(error, -code, "no process: %s", strerrordesc_np(code));
        }
        *child = (struct child){.kind = kind, .pid = pid, .told = ends[0]};
        child->started_ms = child->heard_ms = clock_steady_ms();
        if (recipient)
                snprintf(child->recipient, sizeof child->recipient, "%s", recipient);
        return 0;
}
