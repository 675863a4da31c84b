/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_PROVIDER_H
#define ROGATORY_EXCHANGE_PROVIDER_H

/* What people do with orders at the node of a provider, each function one step as the person for whom the
 * node was opened: who may, and from which state, order/states.h says. id: of the order, whole or its
 * beginning. -EPERM with the reason where a step is not allowed; -ENOENT where there is no such order.
 *
 * Nobody reads unseen: what shows plaintext enters into the log who reads it and for what, durably, before a
 * byte of it is read. What was prepared lies encrypted to the node itself until a second person releases it.
 */

#include "evidence/evidence.h"
#include "exchange/facts.h"
#include "exchange/post.h"

/* ---- the store ---- */

/* Runs `rogatory WORDS...` beside this program and gives what it wrote. A store records by itself who reads.
 * ret_exit: its exit code; what it complained of goes into error where the call is not 0. */
typedef int provider_run(void *context, const char *const *words, struct buffer *ret_output, int *ret_exit,
        struct error *error);
struct provider_store {
        provider_run *run; /* NULL: the program beside the one that runs */
        void *context;
};
#define PROVIDER_OUTPUT_MAX EVIDENCE_ANSWER_MAX

/* The program `rogatory` beside the one that runs, or the one that was set. context: NULL. */
provider_run provider_run_program;
/* path: borrowed for the life of the process; NULL: the one beside us. For whoever runs from elsewhere. */
void provider_program_set(const char *path);

/* ---- looking ---- */

/* The desk's view of an order: what it says, what the rules say of it by this node's own eyes, deadlines,
 * what has been decided, and what a release would give out. Names nobody and reads nothing of the store. Any
 * role. *ret_view: the caller's, for people and for JSON. */
int provider_show(struct office *office, const char *id, json_t **ret_view, struct error *error);
/* A list of the orders at this node, oldest first. */
int provider_list(struct office *office, json_t **ret_list, struct error *error);

/* ---- the desk ---- */

/* The legal summary was read: rules are put to the order once more. Warnings need a reason. */
int provider_examine(struct office *office, const char *id, const char *reason, struct error *error);

/* An emergency: the contact that the directory names was called (role second-person). What was said, and by
 * whom, stands in the log. confirmed: it is theirs. */
int provider_call_back(
        struct office *office, const char *id, bool confirmed, const char *spoke_with, struct error *error);

/* Asks the store exactly what is ordered and prepares the answer; of a preservation order has the data
 * preserved and answers. persons: of the customer register. */
struct provider_preparing {
        const char *purpose; /* of the reading, for the log; mandatory */
        const struct evidence_person *persons;
        size_t person_count;
        const struct provider_store *store; /* NULL: the settings' store, by the program beside */
};
int provider_prepare(struct office *office, const char *id, const struct provider_preparing *preparing,
        struct error *error);

enum provider_part { PROVIDER_JSON, PROVIDER_STATEMENT, PROVIDER_PROVENANCE };
/* What would be released, in plain text: desk, second person or overseer, with a purpose that the log keeps.
 */
int provider_read(struct office *office, const char *id, enum provider_part part, const char *purpose,
        struct buffer *ret, struct error *error);

/* By a second person: sealed to its recipient, and sent. Conditions of an enforcing authority are words, and
 * each is confirmed by whoever releases. -EPERM where one is not. */
struct provider_confirmation {
        size_t number;      /* from 1, as provider_show counts */
        const char *reason; /* how it is kept; goes into the log and to the authority */
};
int provider_release_under(struct office *office, const char *id,
        const struct provider_confirmation *confirmations, size_t count, struct error *error);
/* The same where there are no conditions. */
int provider_release(struct office *office, const char *id, struct error *error);
/* From how many bytes on evidence travels beside its message; 0: those of the Implementing Regulation. */
void provider_inside_set(size_t bytes);

/* Form 3. identifier_id NULL: the whole order. Privilege, immunity and the press go to the enforcing
 * authority too, and nothing is executed meanwhile. conflict: of OBSTACLE_THIRD_COUNTRY_LAW, else NULL. */
struct provider_refusal {
        const char *identifier_id;
        enum obstacle obstacle;
        const char *explanation;
        const char *information_needed; /* of incomplete, wrong and insufficient orders */
        const struct law_conflict *conflict;
};
int provider_refuse(
        struct office *office, const char *id, const struct provider_refusal *refusal, struct error *error);

/* A question to the issuing authority; the clock stops. */
int provider_clarify(struct office *office, const char *id, const char *identifier_id, enum obstacle obstacle,
        const char *text, struct error *error);
/* Several questions in one message: each is answered by its number. */
int provider_clarify_all(struct office *office, const char *id, const char *identifier_id,
        enum obstacle obstacle, const char *const *texts, size_t count, struct error *error);

/* ---- errors ---- */

/* The notice to the customer whom an answer wrongly named, as it is to be sent, behind a few lines for the
 * desk. -ENOENT where no such error was reported. */
int provider_notice(struct office *office, const char *id, struct buffer *ret, struct error *error);
/* It was sent: authority and oversight bodies learn it. Role desk. */
int provider_noticed(struct office *office, const char *id, const char *means, struct error *error);

/* ---- the clock; exchange/clock.h ---- */

int provider_clock(struct office *office, const char *id, struct error *error);

/* ---- evidence beside a message ---- */

/* The file that a manifest of this node offers to an organisation, for the courier's server. -ENOENT: none.
 * *ret_file is the caller's to close. */
struct provider_offer {
        char recipient[MODEL_ORGANISATION_MAX];
        int64_t from_ms, until_ms;
        int file;
        uint64_t length;
        uint8_t digest[DIGEST_BYTES];
};
int provider_offer_open(struct office *office, const char *organisation, const char *manifest,
        const char *name, struct provider_offer *ret_offer, struct error *error);

#endif
