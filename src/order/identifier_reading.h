/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_IDENTIFIER_READING_H
#define ROGATORY_ORDER_IDENTIFIER_READING_H

/* What an excerpt states, before it becomes an identifier; for identifier.c alone. */

#include "order/identifier_word.h"

struct reading {
        struct slice ground; /* the source around the excerpt, which lies in it */
        enum identifier_kind kind;
        char value[MODEL_SHORT + 1]; /* of the kinds that are no addresses */
        uint64_t warnings;
        struct address address, address_last, destination;
        int64_t source_port, destination_port, protocol; /* MODEL_UNSTATED where not stated */
        unsigned times;                                  /* 0, 1, 2 */
        bool until;                                      /* the last word says that a second time follows */
        struct stated_instant first, last;
        struct slice stated; /* the words of the time */
};

void reading_init(struct reading *reading, struct slice ground);
/* Reads a whole excerpt. Callers have checked that it is plain text. -EINVAL, -ERANGE with a message. */
int reading_of(struct reading *reading, struct slice excerpt, enum identifier_kind kind,
        const struct local_zone *zone, struct error *error);

#endif
