/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_SCOPE_H
#define ROGATORY_ORDER_SCOPE_H

/* What an answer may contain: what was ordered, of the identifiers that nobody refused, and nothing beside
 * it. */

#include "order/order.h"

/* An identifier that must not be answered, and why: an objection of the enforcing authority, Form 3, a
 * withdrawal, the decision of a court. */
struct scope_refusal {
        char identifier_id[MODEL_ID_MAX]; /* "": all of the order */
        char reason[160];                 /* in words */
};

struct scope {
        const struct order *order;            /* borrowed */
        const struct scope_refusal *refusals; /* borrowed */
        size_t refusal_count;
        int64_t skew_ms; /* the interval judged is the time asked, plus and minus this (doc/verdict.md); 0..
                          */
};

/* Something that is about to leave, by what it speaks of. */
struct scope_record {
        struct address address;
        int64_t port_first, port_last; /* both MODEL_UNSTATED: every port */
        int64_t protocol;              /* MODEL_UNSTATED: every protocol */
        int64_t from_ms, to_ms;        /* both ends included; TIME_UNKNOWN: open */
        enum data_category category;
};

enum scope_fate {
        SCOPE_INSIDE,
        SCOPE_OTHER_ADDRESS,
        SCOPE_OTHER_PORT,
        SCOPE_OTHER_PROTOCOL,
        SCOPE_OTHER_CATEGORY,
        SCOPE_OTHER_TIME,
        SCOPE_REFUSED,
        SCOPE_FATES
};
const char *scope_fate_words(enum scope_fate fate);

/* Is the record asked for by an identifier that is not refused? Records of who held an address are inside
 * where they touch the time asked: their edges prove the answer. Records of traffic and content are inside
 * only where they lie wholly within it. ret_identifier (may be NULL): by which; NULL where it is outside. */
enum scope_fate scope_of(const struct scope *scope, const struct scope_record *record,
        const struct identifier **ret_identifier);

/* Marks the records that may leave. ret_counts: how many met which fate, to be reported. Returns how many
 * may. */
size_t scope_filter(const struct scope *scope, const struct scope_record *records, size_t count,
        bool *ret_passes, size_t ret_counts[SCOPE_FATES]);

/* NULL where the identifier may be answered. */
const struct scope_refusal *scope_refusal_of(const struct scope *scope, const char *identifier_id);

/* What a message that was checked takes out of the order: objections that refuse or want deleted,
 * withdrawals, what a court lifted, Form 3. Conditions refuse nothing. Writes the first `room` of them,
 * returns how many there are. */
size_t scope_refusals_of(const struct message *message, struct scope_refusal *ret_refusals, size_t room);

/* Does a list of identifiers (of a clearance, a withdrawal ...) cover the whole order? An empty list means
 * all. */
bool scope_covers_all(const struct order *order, const struct text_list *identifier_ids);
/* Are all identifiers of the order refused? */
bool scope_refuses_all(const struct scope *scope);

/* May persons be named for this identifier? one: yes. several: only where the order asks for all. none,
 * unknown: no. */
bool scope_may_name(const struct scope *scope, const char *identifier_id, enum answer_verdict verdict);

/* What a verdict means, in words that go into the answer. */
const char *scope_statement(enum answer_verdict verdict, bool all_holders);
#define SCOPE_NO_EVIDENCE "no evidence against anybody"

/* An answer's results, one for each identifier in the order's order, those that are refused marked as such
 * with the reason; the others are left to be filled in. 0, -ENOMEM, -E2BIG. */
int scope_results(const struct scope *scope, struct answer_body *answer, struct error *error);

#endif
