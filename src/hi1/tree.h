/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_HI1_TREE_H
#define ROGATORY_HI1_TREE_H

/* What the parts of this room share: places in a JSON tree, the tree of a message, and the comparison of two.
 */

#include "crypto/digest.h"
#include "hi1/hi1.h"

#include <jansson.h>

/* Where a value stands, from the inside out; lives on the stack of whoever walks down. */
struct tree_place {
        const struct tree_place *above; /* NULL at the top */
        const char *member;             /* NULL for an element of an array */
        size_t index;
};

/* "body.identifiers[2].source.digest"; returns path. */
char *tree_path(const struct tree_place *place, char path[FINDING_PLACE_MAX]);

/* -EBADMSG. */
int tree_wrong_kind(const struct tree_place *place, struct findings *findings, const char *wanted);

/* Where the word of that name stands in its list, from 1. */
int tree_rank(const struct vocabulary *words, const char *name);

/* Does the kind of an order agree with the kind of the message that carries it? 0 or -EBADMSG. */
int tree_check_kind(const struct message *message, struct findings *findings);

/* The whole HI1Message of a message, out of the message and its certificate. NULL: no memory, with error set.
 */
json_t *tree_of_message(const struct message *message, struct slice certificate, struct error *error);

/* The ContentType of the DocumentBody that holds the certificate. */
#define TREE_CERTIFICATE_TYPE "application/vnd.rogatory.message+json"

/* Adds a finding for each place where the tree that came is another than the one that the certificate gives.
 * 0 or -EBADMSG. */
int tree_compare(
        const json_t *came, const json_t *given, const struct tree_place *place, struct findings *findings);

#endif
