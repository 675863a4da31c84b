/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_RULES_ROW_H
#define ROGATORY_ORDER_RULES_ROW_H

/* How predicates of rules report; for rules*.c alone. */

#include "order/rules.h"

struct rule_case {
        const struct message *message;
        const struct order *order; /* of the message, NULL where it has none */
        const struct rule_facts *facts;
        const struct rule_settings *settings;
        uint64_t categories; /* of the order, with those of its identifiers */
        const struct rule *rule;
        struct rule_findings *findings;
        int failed; /* -ENOMEM */
};

typedef void rule_predicate(struct rule_case *c);

/* One finding of the rule at hand. identifier may be NULL. */
void broken(struct rule_case *c, const char *place, const struct identifier *identifier, const char *format,
        ...) __attribute__((format(printf, 4, 5)));
void broken_milder(struct rule_case *c, enum severity severity, const char *place,
        const struct identifier *identifier, const char *format, ...) __attribute__((format(printf, 5, 6)));

static inline bool is_production(const struct rule_case *c)
{
        return c->order && c->order->kind == ORDER_PRODUCTION;
}
static inline bool is_grave(const struct rule_case *c)
{
        return is_production(c) && (c->categories & CATEGORIES_GRAVE);
}
static inline bool is_judicial(enum authority_nature nature)
{
        return nature == NATURE_JUDGE || nature == NATURE_COURT || nature == NATURE_INVESTIGATING_JUDGE;
}

rule_predicate look_form, look_barred, look_kind, look_identifier_ids, look_times_of_writing;
rule_predicate look_issuer_known, look_sealed, look_nature, look_grave, look_mild, look_categories,
        look_validator_known, look_validator_other, look_directory, look_addressee, look_parties, look_delivery;
rule_predicate look_unvalidated_mild, look_unvalidated_power, look_unvalidated_emergency, look_two_people,
        look_call_back, look_overdue, look_readdressed;
rule_predicate look_threshold, look_sentence, look_domestic, look_public_authority;
rule_predicate look_ea_notified, look_ea_known, look_ea_deadline, look_delay;
rule_predicate look_identifier_count, look_range, look_time, look_order_time, look_kinds_of_data, look_inside,
        look_future, look_needs_time, look_port, look_entry, look_source, look_clock_change, look_special,
        look_warnings, look_all_holders, look_one_hit;
rule_predicate look_protection, look_third_country, look_third_country_time, look_form3_ea,
        look_form3_identifiers;
rule_predicate look_from_party, look_clearance, look_review, look_amendment;
rule_predicate look_extension, look_withdrawal, look_validation_time, look_objection, look_dual_criminality,
        look_error_report;
rule_predicate look_answer_identifiers, look_answer_unknown, look_answer_several, look_answer_labels,
        look_answer_edge, look_answer_corroborate, look_answer_files;

#endif
