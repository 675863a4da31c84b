/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_AUTHORITY_H
#define ROGATORY_EXCHANGE_AUTHORITY_H

/* What people do with orders at the node of an issuing authority, each function one step as the person for
 * whom the node was opened: who may, and from which state, order/states.h says. id: of the order, whole or
 * its beginning. -EPERM with the reason where a step is not allowed; -ENOENT where there is no such order. */

#include "exchange/facts.h"
#include "order/identifier.h"

/* ---- drafts ---- */

/* A new draft. form: an order without identifiers; what the directory and the node know is filled in where it
 * is missing (issuer, countries, names, the officer). It is the caller's. */
int authority_new(
        struct office *office, struct message *form, struct book_order *ret_order, struct error *error);
/* Puts another form in the place of a draft's; its identifiers stay. */
int authority_edit(struct office *office, const char *id, struct message *form, struct error *error);

struct authority_pasted {
        size_t taken, refused;
        size_t line_count;
        struct {
                uint64_t line;
                char words[256];
        } lines[32]; /* the first that were refused */
};
/* Takes identifiers out of a source, line by line (order/identifier.h); line 0: of every line that has one.
 * kind IDENTIFIER_NONE: whatever can be recognised. What is refused is told and not taken. */
int authority_paste(struct office *office, const char *id, const struct identifier_source_text *source,
        enum identifier_kind kind, uint64_t line, struct authority_pasted *ret, struct error *error);
/* Of what stands on paper: typed by the officer, then again by a second person (role second-person), who does
 * not see the first. number: from 1, as `order show` counts them. */
int authority_retype(struct office *office, const char *id, enum identifier_kind kind, struct slice text,
        struct error *error);
int authority_compare(
        struct office *office, const char *id, size_t number, struct slice text, struct error *error);
int authority_remove(struct office *office, const char *id, size_t number, struct error *error);

/* The order as it stands and what the rules say of it now. Any role. Caller: rule_findings_free, message_free
 * (ret_message initialised). */
int authority_check(struct office *office, const char *id, struct book_order *ret_order,
        struct message *ret_message, struct rule_findings *ret_findings, struct error *error);

int authority_submit(struct office *office, const char *id, struct error *error);
/* By a validator; of an emergency before validation by its second person, of one that is validated by both.
 * Warnings of the rules are decided by it, for which a reason is needed. */
int authority_approve(struct office *office, const char *id, const char *reason, struct error *error);
int authority_disapprove(struct office *office, const char *id, const char *reason, struct error *error);
int authority_revise(struct office *office, const char *id, const char *reason, struct error *error);
int authority_discard(struct office *office, const char *id, const char *reason, struct error *error);

/* ---- on its way ---- */

/* To the addressee, and, where section K says so, the notification to the enforcing authority. */
int authority_send(struct office *office, const char *id, struct error *error);

/* An amendment of an order that was sent and is not answered: a draft with a number of its own, which goes
 * the way of every draft (edited, identifiers pasted and removed, checked, submitted, approved by others)
 * and, sent, takes the place of the order. Refused by the addressee, the order stands as before. ret_draft:
 * the draft. */
int authority_amend(struct office *office, const char *id, const char *reason, struct book_order *ret_draft,
        struct error *error);
/* The addressee's receipt says so; within a step. amendment: the message. */
int authority_amendment_refused(struct office *office, const char *order_id, const char *amendment,
        const char *words, struct error *error);

struct authority_withdrawal {
        enum withdrawal_reason reason;
        const char *explanation;
        bool delete_data;
        const size_t *numbers; /* of identifiers, from 1; none: the whole order */
        size_t number_count;
};
int authority_withdraw(struct office *office, const char *id, const struct authority_withdrawal *withdrawal,
        struct error *error);
/* Form 6: once, by 30 days. */
int authority_extend(struct office *office, const char *id, const char *reason, struct error *error);
/* Answers what the provider asked last: each question by its number, all of them. -ENOENT for a number that
 * there is not, -EPERM where one stays unanswered: the provider's clock goes on with the answer. */
struct authority_reply {
        size_t number; /* from 1, as facts_questions counts */
        const char *text;
};
int authority_clarify_each(struct office *office, const char *id, const struct authority_reply *replies,
        size_t count, struct error *error);
/* The same where one thing was asked. */
int authority_clarify(struct office *office, const char *id, const char *text, struct error *error);
/* Article 17, by a validator, of an order that is suspended: what the court decided on the conflict with a
 * third country's law. Lifted for some identifiers: the order goes on without them. */
struct authority_review {
        enum review_outcome outcome;
        const char *court, *reason; /* both are needed */
        const size_t *numbers;      /* of identifiers, from 1, that are lifted; none: the whole order */
        size_t number_count;
};
int authority_review(
        struct office *office, const char *id, const struct authority_review *decision, struct error *error);
/* Article 4(5), by an officer: asks a validating authority to validate the emergency on its own node
 * (exchange/validating.h). authority: NULL: that of section J, which is asked when the order is sent. */
int authority_ask_validation(
        struct office *office, const char *id, const char *authority, struct error *error);
/* Article 4(5), by a validator. authority: the validating authority; NULL: that of section J. It grants only
 * where it is this organisation itself: nobody is believed for another's name. Refused: the order is
 * withdrawn and what it brought is deleted. */
int authority_validate(struct office *office, const char *id, enum validation_decision decision,
        const char *authority, const char *reason, struct error *error);

/* ---- the answer ---- */

/* Takes one file of evidence in plain text; a result other than 0 ends it. */
typedef int authority_file(void *context, const char *message_id, const struct file *file, const void *bytes,
        size_t length, struct error *error);
struct authority_opened {
        /* missing: beside the message, and given up for good (exchange/beside.h). -EAGAIN, and nothing is
         * opened, while a file can still come, or where none is here. */
        size_t files, missing;
        int64_t inform_due_ms;
};
/* Opens what was answered. The purpose stands in the log before anything is decrypted; everything is
 * decrypted before anything is handed over; a receipt goes back, and the duty to inform begins. */
int authority_open(struct office *office, const char *id, const char *purpose, authority_file *take,
        void *context, struct authority_opened *ret, struct error *error);

/* What was given up of the evidence beside the answers is fetched anew, as long as its window is open. By an
 * officer. -ENOENT where nothing of the order can be fetched. */
int authority_fetch_again(struct office *office, const char *id, struct error *error);

struct authority_inform {
        const char *means, *language, *data, *remedies, *person_reference; /* remedies and means are needed */
        bool secrecy_ends;
};
int authority_inform(
        struct office *office, const char *id, const struct authority_inform *inform, struct error *error);
/* Article 13(2): informing is put off, by a reason on file, until an instant that the settings bound. */
int authority_delay(struct office *office, const char *id, enum delay_ground ground, const char *reason,
        int64_t until_ms, struct error *error);

struct authority_error {
        enum error_kind kind;
        size_t number; /* of the identifier, from 1; 0: none */
        const char *description, *consequence;
        int64_t person_informed_ms; /* TIME_UNKNOWN: not */
        bool data_deleted;
};
/* Tells the provider and every oversight body of our State. */
int authority_report_error(
        struct office *office, const char *id, const struct authority_error *report, struct error *error);

/* ---- the clock ---- */

/* What time alone makes of an order; within a step of its own. 1: something, 0: nothing. */
int authority_clock(struct office *office, const char *id, struct error *error);

#endif
