/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_HOLDING_H
#define ROGATORY_NAT_HOLDING_H

/* When a binding was held: for certain, and at most. A step of attribution.c. */

#include "nat/attribution.h"

/* Instants are inclusive on both ends. */
struct stretch {
        int64_t from, to;
};

struct holding {
        const struct nat_binding *binding;
        size_t index; /* in evidence->bindings */
        struct stretch
                possible; /* held at no other time than this; INT64_MIN / INT64_MAX where not bounded */
        struct stretch certain[2]; /* held during all of these */
        unsigned certain_count;
        bool continuous;   /* one unbroken binding from edge to edge: nothing between was lost */
        int64_t reused_ms; /* another opening of the endpoint shows that it had ended by then; else
                              TIME_UNKNOWN */
        unsigned reasons;  /* bits of enum reason: what is missing in it */
};

/* All bindings that match the question, seen in the light of each other. */
struct holding_list {
        struct holding *items; /* owned */
        size_t count;
        bool exclusive;  /* the endpoint asked can have one holder at a time */
        bool five_tuple; /* the question names the whole destination and every record carries one */
};

/* Picks the bindings that match the question and works out when each was held. 0 or -ENOMEM. */
int holding_list_make(const struct question *question, const struct attribution_rules *rules,
        const struct evidence *evidence, struct holding_list *ret);
void holding_list_free(struct holding_list *list);

bool stretch_touches(struct stretch a, struct stretch b);
bool holding_is_certain_in(const struct holding *holding, struct stretch interval);

#endif
