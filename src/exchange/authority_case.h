/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_AUTHORITY_CASE_H
#define ROGATORY_EXCHANGE_AUTHORITY_CASE_H

/* One order in the hands of somebody at the authority; for the files authority_*.c. */

#include "exchange/authority.h"
#include "exchange/post.h"

struct authority_case {
        struct office *office;
        struct book_order order;
        struct message message; /* the order as it stands */
        struct order *form;     /* in it */
        struct act acts[BOOK_ACTS_MAX];
        struct step_facts facts;
        /* Of a draft that amends an order that was sent (authority_amend.c). */
        bool amends;
        struct book_order amended;
        struct message before; /* what was sent of it last */
};

/* -EINVAL where this node is not the authority of the order. Caller: case_close, also after a failure. */
int case_open(struct office *office, const char *id, struct authority_case *c, struct error *error);
void case_close(struct authority_case *c);

/* Reads the facts anew, after some were set. */
int case_refresh(struct authority_case *c, struct error *error);
/* The person who acts takes a step of order/states.h. */
int case_take(struct authority_case *c, const char *step, const char *reason, struct error *error);
/* Writes the form back into the book as the draft that it is. */
int case_keep_draft(struct authority_case *c, struct error *error);
/* Puts the rules to the form as it stands and keeps the worst as a fact. ret may be NULL. */
int case_rules(struct authority_case *c, struct rule_findings *ret, struct error *error);
/* When the clock has to look at it again. */
int case_look_again(struct authority_case *c, struct error *error);

/* The whole of a step: begin, case_open, work, case_look_again, end. */
typedef int case_work(struct authority_case *c, const void *arguments, struct error *error);
int case_run(
        struct office *office, const char *id, case_work *work, const void *arguments, struct error *error);

/* May who acts do something in this role that moves no state? -EPERM. */
int case_may(struct authority_case *c, enum person_role role, struct error *error);

/* Who acts, as a signatory of now. */
int case_sign(struct authority_case *c, struct signatory *ret, struct error *error);
/* The issuing authority of the form, signed by who acts. */
int case_authority(struct authority_case *c, struct authority *ret, struct error *error);

/* A message about the order to its addressee, or to `receiver`. */
void case_message(
        struct authority_case *c, enum message_kind kind, const char *receiver, struct message *ret);
/* Sends it and frees it, whatever happens; r is passed on where it is negative. */
int case_send(struct authority_case *c, struct message *message, int r, struct error *error);

/* A decision that moves no state: into the book and the log. */
int case_note(struct authority_case *c, const char *step, enum person_role role, const char *reason,
        struct error *error);

/* Tells everybody who has the order that it, or some of it, is withdrawn, and deletes what it brought where
 * that is wanted; the state is the caller's. by_clock: nobody signs it. */
int case_withdraw(struct authority_case *c, const struct authority_withdrawal *withdrawal, bool by_clock,
        struct error *error);

/* Adds the ids of the identifiers with these numbers, from 1, to a list of a message's body. -ENOENT. */
int case_identifier_ids(struct authority_case *c, const size_t *numbers, size_t count,
        const struct model_field *field, void *body, struct error *error);

/* Form 3 states a conflict with a third country's law: the order is suspended. */
int case_suspend(struct authority_case *c, const struct post_arrival *arrival, struct error *error);
/* Until when it could state one: 10 days from the receipt (Article 17(1)). TIME_UNKNOWN before the receipt.
 */
int64_t case_third_country_end(struct authority_case *c);

/* Asks the validating authority of section J to validate an emergency afterwards, where it is not this node's
 * own (exchange/authority_validation.c). */
int case_ask_named(struct authority_case *c, struct error *error);
/* Who was asked; "": nobody. */
int case_asked(struct authority_case *c, char ret_organisation[MODEL_ORGANISATION_MAX], struct error *error);
/* Amendments (authority_amend.c). Opens what a draft amends, where it amends something. */
int case_open_amended(struct authority_case *c, struct error *error);
/* Adds who acted for the order to those who act for its amendment. */
int case_add_acts(struct authority_case *c, struct error *error);
/* Writes down in words what the draft changes. */
int case_note_changes(struct authority_case *c, struct error *error);
/* The draft is sent or given up: another may be begun. */
int case_end_amending(struct authority_case *c, struct error *error);
/* The draft is sent: it takes the place of the order, which is at hand from here on. */
int case_merge(struct authority_case *c, struct error *error);
/* Ends the tasks of identifiers that the order has no more. */
int case_amended_tasks(struct authority_case *c, struct error *error);
/* Reads what an arriving message answers, where that was amended since, into an initialised message. */
int case_form_of(
        struct authority_case *c, const struct message *arrived, struct message *ret, struct error *error);

/* Deletes everything that the order brought, as far as this node has it: containers of answers, evidence. The
 * digests of what was deleted are appended to digests (may be NULL). The log tells of it. */
int case_delete_data(struct authority_case *c, struct text_list *digests, struct error *error);

#endif
