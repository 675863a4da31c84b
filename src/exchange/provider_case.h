/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_PROVIDER_CASE_H
#define ROGATORY_EXCHANGE_PROVIDER_CASE_H

/* One order in the hands of a provider; for the files provider_*.c. */

#include "crypto/cms_seal.h"
#include "exchange/handlers.h"
#include "exchange/provider.h"

/* Facts that only this side knows. */
#define FACT_CALLED_BACK_MS "called-back"
#define FACT_PREPARED_MS "prepared"
#define FACT_ROUTE_MS "route-open"
#define FACT_PROTECTIONS "protections" /* enum protection as a set: what the desk noticed */
#define FACT_AMENDED_MS "amended"      /* the last amendment was received */
#define FACT_PAUSES "pauses"           /* how many questions stopped the clock; pause-from-N, pause-to-N */
#define FACT_PRODUCTION_FOLLOWS_MS "production-follows"
#define FACT_NOTICE_DUE_MS "notice-due" /* when a wrongly identified customer has to be told */
#define FACT_NOTICE_LOOK_MS "notice-look"
#define FACT_NOTICED_MS "noticed"
#define FACT_ORDER_DIFFERS_MS "order-differs" /* the enforcing authority was shown other words */
#define FACT_EA_AHEAD_MS "ea-ahead"           /* it was notified of a generation that has not come here */
#define FACT_HELD_UNTIL_MS "held-until"       /* when the store's holds end */
#define FACT_HOLDS_LOOK_MS "holds-look"       /* when something has to be done with them */

struct provider_case {
        struct office *office;
        struct book_order order;
        struct message message; /* the order as it stands */
        struct order *form;     /* in it */
        struct calendar calendar;
        struct act acts[BOOK_ACTS_MAX];
        struct step_facts facts;
        struct deadline_pause pauses[DEADLINE_PAUSES_MAX];
        size_t pause_count;
        struct scope_refusal *refusals; /* owned: identifiers that must not be answered */
        size_t refusal_count;
        struct scope scope;
        char sealed_by[MODEL_ORGANISATION_MAX];
        bool ea_saw_another, ea_ahead; /* day 10 does not release then */
};

/* -EINVAL where this node is not the provider of the order. Caller: provider_case_close, also after a
 * failure.
 */
int provider_case_open(struct office *office, const char *id, struct provider_case *c, struct error *error);
void provider_case_close(struct provider_case *c);
/* Reads facts and refusals anew, after some were set. */
int provider_refresh(struct provider_case *c, struct error *error);
/* A step of order/states.h as the person who acts, as a message, or as the clock. */
int provider_take(struct provider_case *c, const char *step, enum step_actor actor, const char *reason,
        struct error *error);
/* Would the person who acts be let? Before anything is read. */
int provider_may(struct provider_case *c, const char *step, struct error *error);
/* When the clock has to look at it again. */
int provider_look_again(struct provider_case *c, struct error *error);
int provider_fact(struct provider_case *c, const char *name, int64_t value, struct error *error);

/* The rules by the provider's own eyes; keeps the worst as a fact. ret may be NULL. */
int provider_rules(struct provider_case *c, struct rule_findings *ret, struct error *error);
/* Writes the deadline that follows from receipt and pauses. */
int provider_due(struct provider_case *c, struct error *error);
int provider_pause(struct provider_case *c, int64_t from_ms, int64_t to_ms, struct error *error);

/* The whole of a step of a person. */
typedef int provider_work(struct provider_case *c, const void *arguments, struct error *error);
int provider_step(struct office *office, const char *id, provider_work *work, const void *arguments,
        struct error *error);

/* Who acts, as a signatory of now; the provider as addressee of the form. */
int provider_sign(struct provider_case *c, struct signatory *ret, struct error *error);
int provider_self(struct provider_case *c, struct addressee *ret, struct error *error);
/* The enforcing authority: of section K, or of the provider's State; NULL: the directory has none. */
const struct directory_organisation *provider_enforcing(struct provider_case *c);

/* Marks identifiers as refused, of all tasks that a message takes out of the order. */
int provider_refuse_tasks(struct provider_case *c, const struct message *message, struct error *error);
int provider_task(struct provider_case *c, const char *identifier_id, int state, bool refused,
        const char *reason, struct error *error);

/* Conditions of the enforcing authority (provider_conditions.c), in the order in which they came: their
 * numbers, from 1, are those of 'inbox show'. */
struct condition {
        char objection_id[MODEL_ID_MAX];  /* of the message that set it */
        char identifier_id[MODEL_ID_MAX]; /* "": all */
        char *text;                       /* owned */
        bool needed;                      /* something is answered that it is about */
};
struct condition_list {
        struct condition *items; /* owned */
        size_t count;
};
int conditions_of(struct provider_case *c, struct condition_list *ret, struct error *error);
void conditions_free(struct condition_list *list);
int conditions_show(struct provider_case *c, json_t **ret_list, struct error *error);
/* Into the results that they are about. */
int conditions_state(struct provider_case *c, struct answer_body *answer, struct error *error);
/* By who releases: how each is kept goes into the log and into the answer. -EPERM with the condition that
 * nobody confirmed, -ENOENT for a number that there is not, -ESTALE where the answer does not state them. */
int conditions_keep(struct provider_case *c, struct answer_body *answer,
        const struct provider_confirmation *given, size_t count, struct error *error);

/* Draft of the answer (provider_draft.c): a message in the book, and its evidence encrypted to this node. */
#define DRAFT_PARTS 3
extern const char *const draft_names[DRAFT_PARTS];
extern const char *const draft_media_types[DRAFT_PARTS];
int draft_keep(struct provider_case *c, struct message *answer, const struct buffer parts[DRAFT_PARTS],
        struct error *error);
bool draft_is_there(struct provider_case *c);
int draft_answer(struct provider_case *c, struct message *ret, struct error *error);
int draft_part(
        struct provider_case *c, enum provider_part part, struct cms_plaintext *ret, struct error *error);
/* Form 3 (provider_form3.c), to one receiver. Signed by who acts; by_node: by nobody. */
struct form3_reason {
        const char *identifier_id; /* NULL or "": the whole order */
        uint64_t obstacles;        /* WORD_BITs of enum obstacle */
        const char *explanation;
};
struct form3 {
        const struct form3_reason *reasons;
        size_t count;
        const char *information_needed;      /* may be NULL */
        const struct law_conflict *conflict; /* may be NULL */
        bool by_node;
        bool with_order; /* the container of the order goes with it: its receiver was not notified of it */
};
#define FORM3_ORDER_NAME "order.asice"
/* The row that an order which comes would have in the book. */
struct book_order provider_row_of(struct office *office, const struct post_arrival *arrival);
int form3_send(struct provider_case *c, const struct form3 *form, const char *receiver, struct error *error);

/* Destroys it; the log tells of it. 0 too where there is none. */
/* What is prepared is no more, from the end of the step on. */
int draft_destroy(struct provider_case *c, const char *reason, struct error *error);

/* Is it about an order, or a generation of it, that has not come yet? 1: it is, it stands in the book and has
 * its effect later; 0: it has to have it now. -E2BIG with words: too many of one sender. */
int provider_early(struct office *office, const struct post_arrival *arrival, struct error *error);
/* What came before the order as it stands now. */
int provider_take_early(struct office *office, const char *order_id, struct error *error);

/* What an enforcing authority says of an order is of the words that it was shown (provider_words.c). */
int provider_same_words(
        struct provider_case *c, const uint8_t digest[DIGEST_BYTES], bool *ret_same, struct error *error);
/* Into error: that they are others than ours. */
void provider_say_differs(const struct provider_case *c, const char *authority, struct error *error);
/* An incident, and day 10 does not run until the order is amended. */
int provider_note_differs(struct provider_case *c, const struct post_arrival *arrival, struct error *error);
/* A receipt "refused" for what the post gives none for: a receipt, or what was taken when it came early. */
int provider_refuse_back(
        struct office *office, const struct post_arrival *arrival, const char *words, struct error *error);

/* Enters into the log that somebody reads plaintext, durably. */
int provider_log_reading(struct provider_case *c, const char *purpose, const char *what, struct error *error);

/* A duty to tell the customer follows from an error report (provider_notice.c). */
int provider_error_reported(struct office *office, const struct post_arrival *arrival, struct error *error);
int notice_clock(struct provider_case *c, struct error *error);

/* preserving (provider_preserve.c) */
int provider_preserve(
        struct provider_case *c, const struct provider_preparing *preparing, struct error *error);
int provider_log_preserved(struct provider_case *c, const char *by, int64_t until, struct error *error);

/* Holds of the store (provider_holds.c). The task of an identifier knows the names of its own. */
#define HOLDS_MOST 32 /* of one identifier */
/* How many an identifier needs: one for each address and 31 days of what is ordered. 0: nothing that the
 * store could find; more than HOLDS_MOST: too much at once. */
size_t holds_wanted(const struct provider_case *c, const struct identifier *identifier);
int holds_make(struct provider_case *c, const struct identifier *identifier, int64_t until,
        const struct provider_store *store, struct error *error);
int provider_extend(struct provider_case *c, int64_t until_ms, struct error *error);
/* Nothing has to be kept any more, of one identifier or (NULL) of all: the clock lets the store's holds go.
 */
/* The order is over: its holds are given up; where it has none the deletion is on record. */
int provider_nothing_kept(struct provider_case *c, struct error *error);
int holds_give_up(struct provider_case *c, const char *identifier_id, struct error *error);
/* By the clock: lets go what was given up, and keeps what waits for its production (Article 11(2)). 1: the
 * order moved on; 0. */
int holds_clock(struct provider_case *c, struct error *error);
/* How many are still to be let go. */
int holds_given_up(struct provider_case *c, int64_t *ret_count, struct error *error);

const char *provider_store_path(struct provider_case *c);

#endif
