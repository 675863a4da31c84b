/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_BOOK_H
#define ROGATORY_EXCHANGE_BOOK_H

/* What a node remembers of orders and messages: tables in exchange.sqlite beside the courier's queue. Every
 * function that writes belongs into a step (office_step_begin), or into a handler of a message; those that
 * read may be called anywhere. Failures of the database come as negative errno with words. */

#include "exchange/office.h"
#include "order/states.h"

#define BOOK_TEXT_MAX 512 /* of a title or a reason, with its end mark; longer ones are cut */
#define BOOK_ACTS_MAX ACTS_MAX

/* What people and peers write as the book keeps it: cut where it is too long, and behind a whole character,
 * because the log takes UTF-8 alone. text: NULL for nothing. */
void book_text_set(char ret_text[BOOK_TEXT_MAX], const char *text);

/* As what this node has to do with an order. */
enum book_side {
        SIDE_NONE,
        SIDE_AUTHORITY,  /* it issued it */
        SIDE_PROVIDER,   /* it is the addressee */
        SIDE_ENFORCING,  /* it is the enforcing authority */
        SIDE_VALIDATING, /* it is asked to validate it afterwards */
        SIDE_OVERSIGHT,  /* it was told of it */
};
extern const struct vocabulary book_side_words;

/* ---- orders ---- */

struct book_order {
        char id[MODEL_ID_MAX];
        enum book_side side;
        enum order_kind kind;
        int state; /* enum order_state */
        int64_t generation;
        char message_id[MODEL_ID_MAX];     /* of the order as it stands now: draft, sent or received */
        char peer[MODEL_ORGANISATION_MAX]; /* the addressee, or who issued it */
        char title[BOOK_TEXT_MAX];
        bool emergency, test;
        int64_t created_ms;
        int64_t issued_ms;   /* signed by the issuer; TIME_UNKNOWN before */
        int64_t received_ms; /* by the addressee, by its clock; TIME_UNKNOWN before */
        int64_t changed_ms;  /* last step */
        int64_t look_ms;     /* when the clock has to look at it again; TIME_UNKNOWN: never */
};

/* -EEXIST where there is one of that id. */
int book_order_add(struct office *office, const struct book_order *order, struct error *error);
/* -ENOENT with words. id: whole, or a beginning of at least 4 characters that only one order has. */
int book_order_find(struct office *office, const char *id, struct book_order *ret_order, struct error *error);
/* Writes all columns but id, side and created_ms. */
int book_order_update(struct office *office, const struct book_order *order, struct error *error);

typedef int book_order_visit(void *context, const struct book_order *order);
/* Oldest first; a result other than 0 ends the walk and is returned. side SIDE_NONE: all. states: WORD_BITs
 * of order states, 0: all. */
int book_orders_each(struct office *office, enum book_side side, uint64_t states, book_order_visit *visit,
        void *context, struct error *error);
/* Those whose look_ms has come. */
int book_orders_due(
        struct office *office, int64_t now_ms, book_order_visit *visit, void *context, struct error *error);
/* The next look_ms of all; TIME_UNKNOWN. */
int book_next_look(struct office *office, int64_t *ret_ms, struct error *error);

/* Who has to do with an order, and as what; messages of others are refused. */
int book_party_add(struct office *office, const char *order_id, const char *organisation,
        enum organisation_role role, struct error *error);
/* WORD_BITs of enum organisation_role; 0: none. */
int book_party_roles(struct office *office, const char *order_id, const char *organisation,
        uint64_t *ret_roles, struct error *error);

/* ---- messages ---- */

enum book_direction { DIRECTION_DRAFT, DIRECTION_OUT, DIRECTION_IN };

struct book_message {
        char id[MODEL_ID_MAX];
        enum book_direction direction;
        char peer[MODEL_ORGANISATION_MAX]; /* receiver or sender */
        char order_id[MODEL_ID_MAX];
        enum message_kind kind;
        char reply_to[MODEL_ID_MAX];
        int64_t generation;
        int64_t sent_ms;              /* as it says */
        int64_t at_ms;                /* written into the book, by our clock */
        uint8_t digest[DIGEST_BYTES]; /* SHA-256 of the container; zero for drafts */
        bool refused;                 /* came, and was refused: its content counts for nothing */
        char reason[BOOK_TEXT_MAX];   /* why */
};

/* Keeps the message as certificate JSON. A draft of the same id is replaced; anything else gives -EEXIST. */
int book_message_put(struct office *office, const struct message *message, const struct book_message *row,
        struct error *error);
int book_draft_remove(struct office *office, const char *id, struct error *error);
/* The content, into an initialised message. -ENOENT. peer: NULL for drafts and what we sent; ids of what came
 * are of their sender. */
int book_message_read(
        struct office *office, const char *peer, const char *id, struct message *ret, struct error *error);
int book_message_find(struct office *office, const char *peer, const char *id, struct book_message *ret,
        struct error *error);
/* The order as it stands now. */
int book_order_message(
        struct office *office, const struct book_order *order, struct message *ret, struct error *error);

typedef int book_message_visit(void *context, const struct book_message *message);
/* Of an order, or of all where order_id is NULL; oldest first. kind MESSAGE_NONE: all. */
int book_messages_each(struct office *office, const char *order_id, enum message_kind kind,
        book_message_visit *visit, void *context, struct error *error);
/* The latest of a kind that came and was accepted (or was sent). -ENOENT without words. */
int book_message_latest(struct office *office, const char *order_id, enum message_kind kind,
        enum book_direction direction, struct book_message *ret, struct error *error);

/* How many messages of a sender were accepted about orders that are not in the book (yet). */
int book_messages_early(struct office *office, const char *sender, int64_t *ret_count, struct error *error);

/* ---- decisions: who took which step, when and why ---- */

struct book_decision {
        char order_id[MODEL_ID_MAX];
        char step[64]; /* a step of order/states.h, or another name for what decides no state */
        char person[MODEL_PERSON_MAX]; /* "node" where a message or the clock did it */
        enum person_role role;         /* PERSON_NONE for the node */
        int64_t at_ms;
        int from, to; /* enum order_state; the same where nothing moved */
        char identifier_id[MODEL_ID_MAX];
        char reason[BOOK_TEXT_MAX];
};
int book_decision_add(struct office *office, const struct book_decision *decision, struct error *error);
typedef int book_decision_visit(void *context, const struct book_decision *decision);
int book_decisions_each(struct office *office, const char *order_id, book_decision_visit *visit,
        void *context, struct error *error);
/* Who acted for the order, for step_facts.acts: writes at most BOOK_ACTS_MAX. */
int book_acts(struct office *office, const char *order_id, struct act ret_acts[BOOK_ACTS_MAX],
        size_t *ret_count, struct error *error);

/* ---- facts: named numbers of an order, most of them instants ----
 *
 * What the steps of order/states.h ask for beyond the columns. Names are stable; those that both sides know:
 */
#define FACT_VALIDATED_MS "validated"     /* an emergency was validated */
#define FACT_WARNINGS_DECIDED "warnings"  /* how many warnings a person decided */
#define FACT_WORST "worst"                /* enum severity of the last look of the rules */
#define FACT_SECOND_CONFIRMED_MS "second" /* the second person of an emergency stood for it */
#define FACT_EA_INVOLVED "ea-involved"    /* 1 where section K says so */
#define FACT_EA_NOTIFIED_MS "ea-notified" /* received by the enforcing authority, by its receipt */
#define FACT_EA_CLEARED_MS "ea-cleared"   /* wholly */
#define FACT_EA_REFUSED_MS "ea-refused"   /* wholly */
#define FACT_EA_DELETE_MS "ea-delete"
#define FACT_QUESTION_MS "question" /* a question is open since */
#define FACT_QUESTION_DUE_MS "question-due"
#define FACT_WITHDRAWN_MS "withdrawn" /* all identifiers */
#define FACT_DELETED_MS "deleted"
#define FACT_DELAYED_UNTIL_MS "delayed-until" /* informing the person */
#define FACT_DELAY_DECIDED_MS "delay-decided"
#define FACT_OPENED_MS "opened"           /* for the first time */
#define FACT_INFORM_LOOK_MS "inform-look" /* when somebody is told that it is due */
#define FACT_INFORM_DUE_MS "inform-due"
#define FACT_DUE_MS "due" /* when it has to be answered */
#define FACT_PRESERVED_UNTIL_MS "preserved-until"
#define FACT_EXTENDED "extended"     /* 1 where it was extended once */
#define FACT_REVIEW_MS "review-open" /* a conflict with a third country's law was stated */
#define FACT_REVIEW_LIFTED_MS "review-lifted"
#define FACT_SECRECY_ENDED_MS "secrecy-ended" /* the issuing authority said so, with its notice */
#define FACT_CHANGED_MS "changed"             /* last objection, withdrawal of an identifier, amendment */

int book_fact_set(
        struct office *office, const char *order_id, const char *name, int64_t value, struct error *error);
int book_fact_clear(struct office *office, const char *order_id, const char *name, struct error *error);
/* missing where there is none. */
int book_fact(struct office *office, const char *order_id, const char *name, int64_t missing,
        int64_t *ret_value, struct error *error);

/* ---- tasks: one for each identifier ---- */

struct book_task {
        char order_id[MODEL_ID_MAX];
        char identifier_id[MODEL_ID_MAX];
        int state;    /* enum task_state */
        bool refused; /* by whom and why: reason */
        char reason[BOOK_TEXT_MAX];
};
int book_task_put(struct office *office, const struct book_task *task, struct error *error);
typedef int book_task_visit(void *context, const struct book_task *task);
int book_tasks_each(struct office *office, const char *order_id, book_task_visit *visit, void *context,
        struct error *error);
/* Tasks for every identifier of the order, in the state TASK_AWAITING_APPROVAL; those that are there stay. */
int book_tasks_make(
        struct office *office, const char *order_id, const struct order *order, struct error *error);
/* Takes a step with every task from which it is allowed, and leaves the others. */
int book_tasks_step(struct office *office, const char *order_id, const char *step,
        const struct step_facts *facts, struct error *error);

/* ---- incidents: what was refused, and what speaks against somebody ---- */

struct book_incident {
        char code[64]; /* stable, lower case with hyphens: "wrong-seal" */
        char peer[MODEL_ORGANISATION_MAX];
        char message_id[MODEL_ID_MAX];
        char words[BOOK_TEXT_MAX];
        int64_t at_ms;
};
int book_incident_add(struct office *office, const struct book_incident *incident, struct error *error);
typedef int book_incident_visit(void *context, const struct book_incident *incident);
int book_incidents_each(
        struct office *office, book_incident_visit *visit, void *context, struct error *error);

/* ---- a step of an order ---- */

/* Facts that both sides share, out of the order and the book: kind, emergency, two_people, called_back (0
 * here), unvalidated, validated, worst, warnings_decided, ea_*, question_*, withdrawn, deleted, delays,
 * issued_ms, skew of the peer, acts. acts: room for BOOK_ACTS_MAX, borrowed by the result. What only one side
 * knows is that side's to fill in. */
int book_step_facts(struct office *office, const struct book_order *order, const struct order *form,
        struct act acts[BOOK_ACTS_MAX], struct step_facts *ret_facts, struct error *error);

/* Takes a step of MACHINE_ORDER as the person who acts (role: of the step) or as the node: asks order/states,
 * writes the new state and the decision, and enters "decision" into the log (a person's only). On failure
 * nothing is written; -EPERM with the reason. order: its state is updated. */
int book_take(struct office *office, struct book_order *order, const char *step, enum step_actor actor,
        const struct step_facts *facts, const char *reason, struct error *error);

#endif
