/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_FAULT_TEST_H
#define ROGATORY_EXCHANGED_FAULT_TEST_H

/* For tests: what befalls the processes of nodes. kill -9 of one of them or of all at once, which is as near
 * to a machine that crashes as processes come (what the kernel has taken is not lost); SIGSTOP for a while.
 */

#include "exchanged/nodes_test.h"

#include <dirent.h>

#define DESCENDANTS_MAX 128

enum fault_kind {
        FAULT_PARENT, /* kill -9 of the node's first process; the others end with it */
        FAULT_CRASH,  /* of all its processes, and of people's commands, at once */
        FAULT_GATE,   /* of the process that listens to peers */
        FAULT_CHILD,  /* of a pass, a delivery or a command, whichever comes next */
        FAULT_STOP,   /* SIGSTOP of the node's first process */
        FAULT_STOP_CHILD,
        FAULT_STOP_ALL,
        FAULT_KINDS
};
static const char *const fault_names[FAULT_KINDS] = {
        "node", "machine", "gate", "child", "node stopped", "child stopped", "machine stopped"};

/* The children of a process and theirs, without itself; as far as they are there now. */
static inline size_t descendants(pid_t pid, pid_t *ret_pids, size_t count)
{
        char path[64], text[2048];

        snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
        FILE *file = fopen(path, "re");
        size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
        if (file)
                fclose(file);
        text[length] = '\0';
        char *at = text, *end;
        for (long child; count < DESCENDANTS_MAX && (child = strtol(at, &end, 10)) > 0 && end != at;
                at = end) {
                ret_pids[count++] = (pid_t)child;
                count = descendants((pid_t)child, ret_pids, count);
        }
        return count;
}

static inline bool is_running(unsigned which)
{
        return nodes[which] > 0;
}

/* All processes of a node and one more (0: none), so that none of them sees another die. */
static inline void crash_node(unsigned which, pid_t other)
{
        pid_t pids[DESCENDANTS_MAX];

        if (other > 0)
                kill(other, SIGSTOP);
        kill(nodes[which], SIGSTOP);
        size_t count = descendants(nodes[which], pids, 0);
        if (other > 0)
                count = descendants(other, pids, count);
        for (size_t i = 0; i < count; i++)
                kill(pids[i], SIGKILL);
        if (other > 0)
                kill(other, SIGKILL);
        kill_node(which, SIGKILL);
}

/* Of a node's children one that is the gate, or one that is not; 0: none is there now. They stand in the
 * order in which they were started, and the gate is started before anything else. */
static inline pid_t find_child(unsigned which, bool gate)
{
        char path[64], text[2048], *end;

        snprintf(path, sizeof path, "/proc/%d/task/%d/children", nodes[which], nodes[which]);
        FILE *file = fopen(path, "re");
        size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
        if (file)
                fclose(file);
        text[length] = '\0';
        long first = strtol(text, &end, 10), second = strtol(end, NULL, 10);
        return (pid_t)(gate ? first : second);
}

/* All of a node; who they are, the node's first process among them. */
static inline size_t stop_all(unsigned which, pid_t ret_pids[DESCENDANTS_MAX])
{
        kill(nodes[which], SIGSTOP);
        ret_pids[0] = nodes[which];
        size_t count = descendants(nodes[which], ret_pids, 1);
        for (size_t i = 1; i < count; i++)
                kill(ret_pids[i], SIGSTOP);
        return count;
}

#endif
