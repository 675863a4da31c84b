/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORYD_NODE_H
#define ROGATORY_ROGATORYD_NODE_H

/* A running node: its parent process, from the first line of the configuration to the end. */

#include "rogatoryd/child.h"
#include "rogatoryd/options.h"
#include "rogatoryd/privileges.h"

struct node {
        const struct options *options;
        struct setting setting;
        struct accounts accounts;
        struct sockets sockets;
        struct notify notify;
        struct policy policy;
        struct child_process processes[CHILD_COUNT];
        char programs[CHILD_COUNT][SETTING_PATH_MAX];
        int signals; /* signalfd */
        int64_t told_alive_ms;
        bool is_reloading; /* the service manager was told so */
};

/* The steps of a start, in this order; each says its own failure. */
int node_check(const struct options *options);
int node_open(struct node *node, const struct options *options, const struct policy_times *times);
int node_run(struct node *node); /* until it is ended; 0 where it was asked to end */
void node_close(struct node *node);

#endif
