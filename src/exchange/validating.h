/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_VALIDATING_H
#define ROGATORY_EXCHANGE_VALIDATING_H

/* What people do at the node of a validating authority with emergency orders that it is asked to validate
 * afterwards (Article 4(5)), each function one step as the person for whom the node was opened (role
 * validator). What is decided goes under this node's own seal to the issuing authority, to the addressee and,
 * where one was notified, to the enforcing authority. id: of the order, whole or its beginning. */

#include "exchange/facts.h"
#include "exchange/post.h"

/* Once. -EPERM after 48 hours, where it is granted. reason: needed where it is refused. */
int validating_decide(struct office *office, const char *id, enum validation_decision decision,
        const char *reason, struct error *error);

/* The order as it was sent, and what the rules say of it by this node's own eyes; for people. *ret_view: the
 * caller's. */
int validating_show(struct office *office, const char *id, json_t **ret_view, struct error *error);

#endif
