/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_FACTS_H
#define ROGATORY_EXCHANGE_FACTS_H

/* What the rules of order/rules.h ask for, out of the node's directory, settings and clock. */

#include "exchange/book.h"

/* What the directory says of an organisation in a role; not known where it is not in the directory. */
void facts_organisation(struct office *office, const char *organisation, enum organisation_role role,
        struct organisation_facts *ret);

/* Everything that the directory says for a message. order: the order that it is about, where it is not one
 * itself; may be NULL. sealed_by: NULL for drafts. What only the caller knows (protections_seen, refusals,
 * third_country_ms, extended_before) is left empty. */
struct rule_facts facts_make(struct office *office, const struct message *message, const struct order *order,
        const char *sealed_by);

/* Puts the rules to the message with the settings of the node. */
int facts_look(struct office *office, const struct message *message, const struct rule_facts *facts,
        struct rule_findings *ret, struct error *error);

/* The entry of the findings for the log and for people: "ID: words". NULL: no memory. */
json_t *facts_findings_json(const struct rule_findings *findings);
/* The same with each finding as an object, for people's views. */
json_t *facts_findings_list(const struct rule_findings *findings);
/* The identifiers of an order for views: id, kind, value. */
json_t *facts_identifiers_list(const struct order *form);

/* What Form 3 said of an order, as far as it came here: message, peer, at, identifier ("": the whole),
 * obstacles, explanation, and information_needed where it is asked for. *ret: the caller's. */
int facts_impossibilities(struct office *office, const char *order_id, json_t **ret, struct error *error);

/* What the provider asked, oldest first: message, number (from 1, in its message), identifier ("": the whole),
 * question, asked, and answer and answered, or due while it is open (Article 10(6)). *ret: the caller's. */
int facts_questions(struct office *office, const char *order_id, json_t **ret, struct error *error);

/* This node's organisation as an authority of an order, signed by who acts, now. */
int facts_own_authority(
        struct office *office, const char *order_id, struct authority *ret, struct error *error);

#endif
