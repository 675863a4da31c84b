/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_OFFICE_NODE_H
#define ROGATORY_ROGATORY_OFFICE_NODE_H

/* Where commands about a node of an exchange are carried out: by the node itself, where it runs
 * (rogatory-exchange(8)), for it alone has the keys then and names the caller as the kernel does; else here,
 * by whoever may open its folder. */

#include "exchange/office.h"

/* Has the running node carry the command out: true where it did, with its exit code. file: what stands in
 * argv for a file that is to be its standard input; NULL: none. */
bool office_elsewhere(const char *node, int argc, char **argv, const char *file, int *ret_code);

/* The same with a descriptor of ours as its standard input. */
bool office_elsewhere_with(
        const char *node, int argc, char **argv, const char *file, int input, int *ret_code);

/* Opens the folder for whoever runs this, or for whom we act, if he has a role at the node. */
int office_here(const char *node, struct office **ret_office, struct error *error);

/* Reads a file, "-": standard input. -EPERM where this process acts for somebody at a socket and it is
 * another than "-". */
int office_input(const char *path, size_t most, struct buffer *ret, struct error *error);

#endif
