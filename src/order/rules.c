/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/rules_row.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct word severity_rows[] = {
        {SEVERITY_NOTE, "note", NULL, "to be read"},
        {SEVERITY_WARNING, "warning", NULL, "a person has to decide"},
        {SEVERITY_ROUTE, "route", NULL, "goes to the issuing and to the enforcing authority by Form 3"},
        {SEVERITY_STOP, "stop", NULL, "is not sent and not executed"},
};
const struct vocabulary severity_words = {
        "severity", severity_rows, sizeof severity_rows / sizeof *severity_rows};

#define KIND(name) WORD_BIT(MESSAGE_##name)
#define PRODUCTION_ORDERS (KIND(PRODUCTION_ORDER) | KIND(AMENDMENT) | KIND(EA_NOTIFICATION))
#define ORDERS (PRODUCTION_ORDERS | KIND(PRESERVATION_ORDER))
#define EVERY (WORD_BIT(MESSAGE_KINDS) - 2)

struct row {
        struct rule rule;
        rule_predicate *look;
};

#define RULE(name, law, is, words, to, form3, only, predicate)                                               \
        {                                                                                                    \
                {name, law, words, SEVERITY_##is, to, form3, only}, predicate                                \
        }
#define OBSTACLE(name) WORD_BIT(OBSTACLE_##name)

static const char only_grave[] = "the article speaks of producing traffic and content data alone";
static const char only_ea[] = "preservation discloses nothing, so no enforcing authority is notified of it";
static const char only_disclosure[] = "preservation discloses nothing";

static const struct row table[] = {
        /* Forms */
        RULE("form-is-complete", "5(5), 6(4), Annexes I to VI", STOP,
                "every field that the form asks for is filled in", EVERY, OBSTACLE(INCOMPLETE), NULL,
                look_form),
        RULE("form-has-nothing-beside", "5(5), 7(3), Annexes I and II", STOP,
                "nothing is filled in that the form has no place for; section M goes to the enforcing "
                "authority alone",
                ORDERS, OBSTACLE(MANIFEST_ERROR), NULL, look_barred),
        RULE("kind-is-one", "5, 6", STOP, "the order is of the kind that the message says", ORDERS,
                OBSTACLE(MANIFEST_ERROR), NULL, look_kind),
        RULE("identifiers-are-told-apart", "5(5)(e)", STOP, "each identifier has a number of its own", ORDERS,
                OBSTACLE(MANIFEST_ERROR), NULL, look_identifier_ids),
        RULE("signed-by-now", "5(5), 6(4)", STOP, "no signature is dated later than now", ORDERS,
                OBSTACLE(MANIFEST_ERROR), NULL, look_times_of_writing),
        /* Who */
        RULE("issuer-is-in-the-directory", "4, 31", STOP,
                "the issuing authority stands in the directory with that role and State", ORDERS,
                OBSTACLE(WRONG_AUTHORITY), NULL, look_issuer_known),
        RULE("sealed-by-the-authority", "19(4), 20", STOP,
                "the seal is that of the issuing or of the validating authority, by a certificate that the "
                "directory pins",
                ORDERS, OBSTACLE(WRONG_AUTHORITY), NULL, look_sealed),
        RULE("nature-is-the-directory's", "4", STOP,
                "an authority is what the directory says that it is: judge, court, investigating judge, "
                "prosecutor, other",
                ORDERS, OBSTACLE(WRONG_AUTHORITY), NULL, look_nature),
        RULE("grave-data-need-a-judge", "4(2)", STOP,
                "traffic and content data are ordered or validated by a judge, a court or an investigating "
                "judge",
                ORDERS, OBSTACLE(WRONG_AUTHORITY), only_grave, look_grave),
        RULE("every-order-needs-a-magistrate", "4(1), 4(3)", STOP,
                "an order is issued or validated by a judge, a court, an investigating judge or a "
                "prosecutor; in "
                "emergencies validation may follow",
                ORDERS, OBSTACLE(WRONG_AUTHORITY), NULL, look_mild),
        RULE("category-is-allowed", "4, 31", STOP,
                "the directory allows the issuing or the validating authority every category that is ordered",
                ORDERS, OBSTACLE(WRONG_AUTHORITY), NULL, look_categories),
        RULE("validator-is-in-the-directory", "4(2), 4(3)", STOP,
                "the validating authority stands in the directory with that role, in the issuing State",
                ORDERS | KIND(VALIDATION), OBSTACLE(WRONG_AUTHORITY), NULL, look_validator_known),
        RULE("validator-is-somebody-else", "4(2), 4(3)", STOP, "nobody validates what he issued himself",
                ORDERS, OBSTACLE(WRONG_AUTHORITY), NULL, look_validator_other),
        RULE("directory-is-current", "31", STOP,
                "an expired directory stops production; it does not stop preservation", ORDERS,
                OBSTACLE(WRONG_AUTHORITY), NULL, look_directory),
        RULE("addressee-is-in-the-directory", "7(1)", STOP,
                "the addressee stands in the directory as a provider, in the enforcing State, and receives "
                "the message",
                ORDERS, OBSTACLE(MANIFEST_ERROR), NULL, look_addressee),
        RULE("answer-can-be-opened", "10(2)", STOP,
                "section L of an order of this node names who can open the answer here: the issuing "
                "authority",
                ORDERS, 0, only_disclosure, look_delivery),
        RULE("sender-is-a-party", "7, 19", STOP, "sender and receiver are parties of the order", ORDERS,
                OBSTACLE(MANIFEST_ERROR), NULL, look_parties),
        /* Emergencies */
        RULE("unvalidated-is-mild", "4(5)", STOP,
                "without validation only subscriber and identifying data are produced, or data preserved",
                ORDERS, OBSTACLE(WRONG_AUTHORITY), NULL, look_unvalidated_mild),
        RULE("unvalidated-needs-power", "4(5)", STOP,
                "without validation orders only who could do so at home, where validation cannot be had in "
                "time",
                ORDERS, OBSTACLE(WRONG_AUTHORITY), NULL, look_unvalidated_power),
        RULE("unvalidated-is-an-emergency", "4(5), 3(18)", STOP,
                "without validation nothing is produced but in emergencies", ORDERS,
                OBSTACLE(WRONG_AUTHORITY), NULL, look_unvalidated_emergency),
        RULE("emergency-has-two-people", "4(5), 10(4)", STOP,
                "two different people of the issuing authority stand for an emergency", ORDERS,
                OBSTACLE(WRONG_AUTHORITY), NULL, look_two_people),
        RULE("emergency-can-be-called-back", "4(5), 10(4)", STOP,
                "the directory has a contact of the issuing authority at which an emergency can be confirmed",
                ORDERS, OBSTACLE(WRONG_AUTHORITY), NULL, look_call_back),
        RULE("validated-within-48-hours", "4(5)", STOP,
                "an emergency order that is not validated after 48 hours is withdrawn and its data are "
                "deleted",
                ORDERS, OBSTACLE(WRONG_AUTHORITY), NULL, look_overdue),
        RULE("readdressed-in-emergencies-only", "7(2)", STOP,
                "another establishment is addressed in emergencies only", ORDERS, OBSTACLE(MANIFEST_ERROR),
                NULL, look_readdressed),
        /* For what */
        RULE("offence-reaches-threshold", "5(4)", STOP,
                "traffic and content data need a maximum sentence of at least three years, or a listed "
                "offence",
                ORDERS, OBSTACLE(WRONG_OFFENCE), only_grave, look_threshold),
        RULE("sentence-reaches-four-months", "5(3), 5(4), 6(3)", STOP,
                "a sentence that is executed is one of at least four months", ORDERS, OBSTACLE(WRONG_OFFENCE),
                NULL, look_sentence),
        RULE("domestic-case", "5(2), 6(3)", STOP, "the same could be ordered in a similar domestic case",
                ORDERS, OBSTACLE(WRONG_AUTHORITY), NULL, look_domestic),
        RULE("public-authority", "5(8)", WARNING,
                "data stored for a public authority are produced only where that authority is one of the "
                "issuing State",
                ORDERS, OBSTACLE(OTHER), only_disclosure, look_public_authority),
        /* Enforcing authority */
        RULE("enforcing-authority-is-notified", "8(1), 8(2)", STOP,
                "of traffic and content data the enforcing authority is notified at the same time, unless "
                "offence and "
                "person both belong to the issuing State",
                ORDERS, OBSTACLE(INCOMPLETE), only_ea, look_ea_notified),
        RULE("enforcing-authority-is-in-the-directory", "8(1)", STOP,
                "the enforcing authority stands in the directory, in the addressee's State", ORDERS,
                OBSTACLE(MANIFEST_ERROR), only_ea, look_ea_known),
        RULE("deadline-fits", "8(4), 10(2) to (4)", STOP,
                "where the enforcing authority is notified data are produced at the end of 10 days, but in "
                "emergencies",
                ORDERS, OBSTACLE(MANIFEST_ERROR), only_ea, look_ea_deadline),
        RULE("delay-has-reasons-and-an-end", "13(2)", STOP,
                "informing the person is delayed only with grounds, reasons on file and an end within what "
                "is laid down",
                ORDERS, OBSTACLE(INCOMPLETE), NULL, look_delay),
        /* How much */
        RULE("not-too-many-identifiers", "5(2), 6(2)", STOP,
                "an order has no more identifiers than is laid down", ORDERS, OBSTACLE(OTHER), NULL,
                look_identifier_count),
        RULE("range-is-small", "5(2), 6(2)", STOP, "a range has no more addresses than is laid down", ORDERS,
                OBSTACLE(OTHER), NULL, look_range),
        RULE("time-is-short", "5(2), 6(2)", STOP, "no identifier is asked about for longer than is laid down",
                ORDERS, OBSTACLE(OTHER), NULL, look_time),
        RULE("order-time-is-short", "5(2), 6(2)", STOP, "the order spans no longer than is laid down", ORDERS,
                OBSTACLE(OTHER), NULL, look_order_time),
        RULE("not-every-kind-of-data", "5(2), 6(2)", STOP,
                "no more kinds of traffic or content data are ordered than is laid down", ORDERS,
                OBSTACLE(OTHER), NULL, look_kinds_of_data),
        RULE("identifier-is-inside-the-order", "5(2), 5(5)(e)", STOP,
                "the time of each identifier lies within that of the order, its categories among the order's",
                ORDERS, OBSTACLE(MANIFEST_ERROR), NULL, look_inside),
        RULE("time-is-past", "3(8)", STOP, "only data that are already stored are ordered", ORDERS,
                OBSTACLE(MANIFEST_ERROR), NULL, look_future),
        /* Identifiers */
        RULE("address-needs-time", "5(5)(e)", STOP,
                "an IP address is asked about for a time with its offset from UTC", ORDERS,
                OBSTACLE(INSUFFICIENT_INFORMATION), NULL, look_needs_time),
        RULE("shared-address-needs-port", "3(10), 5(2)", STOP,
                "an address that many share at once is asked about with source port and protocol", ORDERS,
                OBSTACLE(INSUFFICIENT_INFORMATION), NULL, look_port),
        RULE("retyped-needs-a-second-person", "5(5)(e)", STOP,
                "what was typed by hand was compared by another person", ORDERS,
                OBSTACLE(INSUFFICIENT_INFORMATION), NULL, look_entry),
        RULE("pasted-has-its-source", "5(5)(e)", STOP,
                "what was pasted has the digest of its source, the place in it and its words", ORDERS,
                OBSTACLE(INSUFFICIENT_INFORMATION), NULL, look_source),
        RULE("clock-changes-are-looked-at", "5(5)(e)", WARNING,
                "a time about which the clocks of the zone say something else is looked at again", ORDERS, 0,
                NULL, look_clock_change),
        RULE("address-is-public", "5(5)(e)", STOP, "private and reserved addresses lead to nobody", ORDERS,
                OBSTACLE(MANIFEST_ERROR), NULL, look_special),
        RULE("identifier-warnings-are-read", "5(5)(e)", NOTE, "what is doubtful about an identifier is shown",
                ORDERS, 0, NULL, look_warnings),
        RULE("all-holders-are-many", "5(2)", WARNING,
                "an order that asks for all holders of an address names people who are not concerned", ORDERS,
                0, only_disclosure, look_all_holders),
        RULE("one-hit-is-not-enough", "5(2)", NOTE,
                "one record of one address is weak: ask for further times or other evidence before acting on "
                "it",
                ORDERS, 0, only_disclosure, look_one_hit),
        /* Protection and conflicts */
        RULE("protection-goes-to-the-enforcing-authority", "5(9), 5(10), 10(5), 11(4), 12(1)(a)", ROUTE,
                "where privilege, immunity or the press may be concerned nothing is executed: Form 3 goes to "
                "the issuing "
                "and to the enforcing authority",
                ORDERS, OBSTACLE(IMMUNITY_OR_PRESS), NULL, look_protection),
        RULE("third-country-is-one", "17(1), 17(2)", STOP,
                "an objection names a country outside of the Union and its law; where data are stored is not "
                "enough",
                KIND(CANNOT_EXECUTE), 0, NULL, look_third_country),
        RULE("third-country-within-ten-days", "17(1)", STOP,
                "the objection is made within 10 days after the order was received", KIND(CANNOT_EXECUTE), 0,
                NULL, look_third_country_time),
        RULE("amendment-keeps-its-parties", "5, 7(1), 8(1)", STOP,
                "an amendment is of the same authority, to the same addressee, and keeps the enforcing authority "
                "that was notified",
                KIND(AMENDMENT), OBSTACLE(MANIFEST_ERROR), NULL, look_amendment),
        RULE("review-is-about-the-order", "17(4) to (8)", STOP,
                "the decision of a court speaks of identifiers that the order has", KIND(REVIEW_DECISION), 0,
                NULL, look_review),
        RULE("form-3-reaches-the-enforcing-authority", "10(5), 11(4)", STOP,
                "Form 3 for privilege, immunity or the press names the enforcing authority that it goes to "
                "as well",
                KIND(CANNOT_EXECUTE), 0, NULL, look_form3_ea),
        RULE("form-3-is-about-the-order", "10(6) to (8)", STOP,
                "Form 3 speaks of identifiers that the order has", KIND(CANNOT_EXECUTE), 0, NULL,
                look_form3_identifiers),
        /* Afterwards */
        RULE("message-is-its-sender's", "7(1), 8(1), 12, 19, 20", STOP,
                "whoever seals a message about an order is its sender, and the party of the order that may "
                "send it",
                EVERY & ~(ORDERS), 0, NULL, look_from_party),
        RULE("clearance-is-about-the-order", "10(2)", STOP,
                "a clearance speaks of identifiers that the order has", KIND(EA_CLEARANCE), 0, NULL,
                look_clearance),
        RULE("extended-once-by-30-days", "11(1)", STOP, "preservation is extended once, by 30 days",
                KIND(EXTENSION), 0, NULL, look_extension),
        RULE("withdrawal-deletes", "4(5)", STOP,
                "an emergency order that is withdrawn for want of validation has its data deleted, and says "
                "when and what",
                KIND(WITHDRAWAL), 0, NULL, look_withdrawal),
        RULE("validation-is-in-time", "4(5)", STOP, "validation afterwards is decided within 48 hours",
                KIND(VALIDATION), 0, NULL, look_validation_time),
        RULE("objection-is-about-the-order", "12(1), 12(4)", STOP,
                "an objection speaks of identifiers that the order has; one with conditions states them",
                KIND(EA_OBJECTION), 0, NULL, look_objection),
        RULE("dual-criminality-outside-annex-iv", "12(1)(d)", STOP,
                "dual criminality is no ground for an offence of Annex IV that threatens three years",
                KIND(EA_OBJECTION), 0, NULL, look_dual_criminality),
        RULE("error-reaches-the-person-and-oversight",
                "13, 28; Directive (EU) 2016/680 articles 5, 16 and 31", STOP,
                "of a wrong identification both the person and the oversight body are informed",
                KIND(ERROR_REPORT), 0, NULL, look_error_report),
        /* Answers */
        RULE("answer-is-about-the-order", "10, 12(3)", STOP,
                "an answer has one result for each identifier of the order and none beside", KIND(ANSWER), 0,
                NULL, look_answer_identifiers),
        RULE("unknown-is-no-evidence", "1(3); Charter articles 47 and 48", STOP,
                "an unknown answer discloses nobody and says that it is no evidence against anybody",
                KIND(ANSWER), 0, NULL, look_answer_unknown),
        RULE("several-name-nobody", "5(2)", STOP,
                "where several held it nobody is disclosed, unless the order asks for all", KIND(ANSWER), 0,
                NULL, look_answer_several),
        RULE("labels-are-there", "5(5)(e); Directive (EU) 2016/680 article 7", STOP,
                "a disclosed person's result says where the postal address comes from, whose clock counts "
                "and where the "
                "lease's edges are",
                KIND(ANSWER), 0, NULL, look_answer_labels),
        RULE("near-an-edge-is-said", "Directive (EU) 2016/680 article 7", STOP,
                "a result that is near an edge says so", KIND(ANSWER), 0, NULL, look_answer_edge),
        RULE("corroboration-is-asked-for", "Directive (EU) 2016/680 article 7", STOP,
                "a result that rests on one record of one address asks for corroboration", KIND(ANSWER), 0,
                NULL, look_answer_corroborate),
        RULE("files-are-described", "19; Implementing Regulation (EU) 2025/1550", STOP,
                "each file has a name without a path and a digest, is encrypted, belongs to a result, and "
                "one outside of "
                "the message can be fetched for 10 to 45 days",
                KIND(ANSWER), 0, NULL, look_answer_files),
};

size_t rules_count(void)
{
        return sizeof table / sizeof *table;
}

const struct rule *rules_at(size_t index)
{
        return &table[index].rule;
}

const struct rule *rules_find(const char *id)
{
        for (size_t i = 0; i < rules_count(); i++)
                if (strcmp(table[i].rule.id, id) == 0)
                        return &table[i].rule;
        return NULL;
}

struct rule_settings rule_settings_default(void)
{
        return (struct rule_settings){.identifiers_most = 20,
                .addresses_most = 1,
                .identifier_time_most_ms = TIME_HOUR,
                .time_most_ms = 31 * TIME_DAY,
                .traffic_kinds_most = 3,
                .content_kinds_most = 2,
                .future_ms = 5 * TIME_MINUTE,
                .portless_stops = true,
                .shared_unknown = true,
                .delay_days_most = 180};
}

static struct rule_finding *next_finding(struct rule_case *c)
{
        struct rule_findings *findings = c->findings;

        if (findings->count == RULE_FINDINGS_MAX) {
                findings->untold++;
                return NULL;
        }
        if ((findings->count & (findings->count - 1)) == 0) {
                size_t room = findings->count ? 2 * findings->count : 1;
                struct rule_finding *items = reallocarray(findings->items, room, sizeof *items);
                if (!items) {
                        c->failed = -ENOMEM;
                        return NULL;
                }
                findings->items = items;
        }
        struct rule_finding *finding = &findings->items[findings->count++];
        memset(finding, 0, sizeof *finding);
        return finding;
}

__attribute__((format(printf, 5, 0))) static void report(struct rule_case *c, enum severity severity,
        const char *place, const struct identifier *identifier, const char *format, va_list arguments)
{
        struct rule_finding *finding = next_finding(c);

        if (severity > c->findings->worst)
                c->findings->worst = severity;
        if (!finding)
                return;
        finding->rule = c->rule;
        finding->severity = severity;
        snprintf(finding->place, sizeof finding->place, "%s", place);
        if (identifier)
                memcpy(finding->identifier_id, identifier->id, sizeof finding->identifier_id);
        vsnprintf(finding->words, sizeof finding->words, format, arguments);
}

void broken(
        struct rule_case *c, const char *place, const struct identifier *identifier, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        report(c, c->rule->severity, place, identifier, format, arguments);
        va_end(arguments);
}

void broken_milder(struct rule_case *c, enum severity severity, const char *place,
        const struct identifier *identifier, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        report(c, severity, place, identifier, format, arguments);
        va_end(arguments);
}

int rules_look(const struct message *message, const struct rule_facts *facts,
        const struct rule_settings *settings, struct rule_findings *ret)
{
        struct rule_case c = {.message = message,
                .order = message_order_const(message),
                .facts = facts,
                .settings = settings,
                .findings = ret};

        memset(ret, 0, sizeof *ret);
        if (c.order) {
                c.categories = c.order->data.categories;
                for (size_t i = 0; i < c.order->identifiers.count; i++)
                        c.categories |= c.order->identifiers.items[i].categories;
        }
        for (size_t i = 0; i < rules_count() && c.failed == 0; i++) {
                c.rule = &table[i].rule;
                if (c.rule->kinds & WORD_BIT(message->kind))
                        table[i].look(&c);
        }
        if (c.failed)
                rule_findings_free(ret);
        return c.failed;
}

void rule_findings_free(struct rule_findings *findings)
{
        free(findings->items);
        memset(findings, 0, sizeof *findings);
}
