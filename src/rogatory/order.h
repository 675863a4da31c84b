/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_ORDER_H
#define ROGATORY_ROGATORY_ORDER_H

/* The verbs of `rogatory order`, and how an order is shown. */

#include "exchange/authority.h"

#include <jansson.h>

enum order_option {
        ORDER_NODE = 1,
        ORDER_FORM,
        ORDER_TEMPLATE,
        ORDER_KIND,
        ORDER_SOURCE,
        ORDER_TITLE,
        ORDER_LINE,
        ORDER_TEXT,
        ORDER_IDENTIFIER,
        ORDER_REASON,
        ORDER_WHY,
        ORDER_DECISION,
        ORDER_AUTHORITY,
        ORDER_KEEP_DATA,
        ORDER_STATE,
        ORDER_WHAT,
        ORDER_CONSEQUENCE,
        ORDER_PERSON_INFORMED,
        ORDER_DATA_DELETED,
        ORDER_COURT,
        ORDER_ANSWER,
        ORDER_JSON,
        ORDER_OPTIONS
};

#define ORDER_ANSWERS_MAX 256u /* in one call */

struct order_words {
        const char *answers[ORDER_ANSWERS_MAX]; /* NUMBER=TEXT, as they were given */
        size_t answer_count;
        const char *values[ORDER_OPTIONS];
        bool given[ORDER_OPTIONS];
        const char *id; /* NULL where there is none */
        bool json;
};

/* Each appends what is to be said. 0, or negative with a message. */
typedef int order_verb(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error);
order_verb order_new, order_edit, order_paste, order_type_in, order_compare, order_remove, order_check,
        order_submit, order_approve, order_disapprove, order_revise, order_discard, order_send,
        order_withdraw, order_extend, order_clarify, order_ask_validation, order_validate, order_report_error,
        order_show, order_fetch, order_status, order_list, order_review, order_amend;

/* ---- for the verbs ---- */

/* The order's number and state: enough for the next step, and the same each time. */
int order_say(struct office *office, const struct order_words *words, const char *id, struct buffer *ret,
        struct error *error);
/* -EINVAL "WHAT is missing" where the option was not given. */
int order_need(
        const struct order_words *words, enum order_option option, const char *what, struct error *error);
/* "1,3"; NULL: none. */
int order_numbers(
        const char *text, size_t numbers[ORDER_IDENTIFIERS_MAX], size_t *ret_count, struct error *error);

/* An order whole: the form, tasks, decisions, messages, what is due. findings may be NULL. Takes over
 * nothing. 0 and a new reference. */
int order_to_json(struct office *office, const struct book_order *order, const struct message *message,
        const struct rule_findings *findings, json_t **ret, struct error *error);
/* The same as text. */
void order_write_text(struct office *office, const struct message *message, const json_t *shown, bool whole,
        struct buffer *ret);
/* Questions of the provider with their answers, for both sides' views (facts_questions).
 * identifiers: objects with their id, as people count them. */
void order_write_questions(const json_t *identifiers, const json_t *questions, struct buffer *ret);
json_t *order_findings_json(const struct rule_findings *findings);
void order_write_findings(const json_t *findings, struct buffer *ret);

/* order_paper.c: what was filled in, field by field, with the section of the form; where an identifier was
 * taken out of; the place of a finding, "identifiers[0].value", as people count: "identifier 1, value"; a
 * protocol by its name. */
#define ORDER_PROTOCOL_MAX 32
void order_write_form(const struct order *form, struct buffer *ret);
void order_write_source(const struct identifier *one, struct buffer *ret);
void order_write_place(const char *place, struct buffer *ret);
const char *order_protocol(int64_t number, char room[ORDER_PROTOCOL_MAX]);

#endif
