/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_ENFORCING_H
#define ROGATORY_EXCHANGE_ENFORCING_H

/* What people do at the node of an enforcing authority with the orders that it was notified of (Articles 8,
 * 10 and 12), each function one step as the person for whom the node was opened (role validator). What is
 * decided goes to the addressee and to the issuing authority. id: of the order, whole or its beginning. */

#include "exchange/facts.h"
#include "exchange/post.h"

/* It will not refuse: nothing has to be waited for any more. -EAGAIN while an objection to some identifiers
 * has not arrived at the addressee: it must not be overtaken. */
int enforcing_clear(struct office *office, const char *id, const char *statement, struct error *error);

struct enforcing_objection {
        const char *identifier_id; /* NULL: all */
        enum objection_effect effect;
        enum refusal_ground ground;
        const char *explanation;
        const char *const *conditions; /* of OBJECTION_CONDITIONAL */
        size_t condition_count;
};
int enforcing_object(struct office *office, const char *id, const struct enforcing_objection *objections,
        size_t count, struct error *error);

/* The order as it was notified, and what was decided; for people. *ret_view: the caller's. */
int enforcing_show(struct office *office, const char *id, json_t **ret_view, struct error *error);

#endif
