/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/order_example_test.h"
#include "order/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define ALL_CATEGORIES (CATEGORIES_MILD | CATEGORIES_GRAVE)

static struct message message;
static struct rule_facts facts;
static struct rule_settings settings;

static struct organisation_facts organisation(
        const char *name, const char *country, enum organisation_role role, enum authority_nature nature)
{
        struct organisation_facts found = {.known = true, .roles = WORD_BIT(role), .nature = nature};

        EXAMPLE_SET(found.organisation, name);
        EXAMPLE_SET(found.country, country);
        found.may_produce =
                nature == NATURE_PROSECUTOR || nature == NATURE_OTHER ? CATEGORIES_MILD : ALL_CATEGORIES;
        found.may_preserve = ALL_CATEGORIES;
        found.may_validate = role == ORGANISATION_VALIDATING ? found.may_produce : 0;
        found.has_call_back = true;
        return found;
}

/* What a directory would say that fits the message. */
static void facts_for(void)
{
        const struct order *order = message_order_const(&message);

        facts = rule_facts_make(EXAMPLE_NOW, true);
        facts.near_edge_ms = TIME_MINUTE;
        if (order) {
                facts.issuer = organisation(
                        order->issuer.organisation, "AT", ORGANISATION_ISSUING, order->issuer.nature);
                memcpy(facts.sealed_by, order->issuer.organisation, sizeof facts.sealed_by);
        }
        facts.addressee = organisation("ie-carrier", "IE", ORGANISATION_PROVIDER, NATURE_NONE);
        facts.enforcing = organisation("ie-enforcing", "IE", ORGANISATION_ENFORCING, NATURE_COURT);
        settings = rule_settings_default();
}

static int finds(const char *id, enum severity severity)
{
        struct rule_findings findings;
        int found = 0;

        assert_non_null(rules_find(id));
        assert_int_equal(rules_look(&message, &facts, &settings, &findings), 0);
        for (size_t i = 0; i < findings.count; i++) {
                assert_true(*findings.items[i].words && *findings.items[i].place);
                found += findings.items[i].rule == rules_find(id) && findings.items[i].severity == severity;
        }
        rule_findings_free(&findings);
        return found;
}
#define STOPS(id) assert_true(finds(id, SEVERITY_STOP) > 0)
#define PASSES(id) assert_int_equal(finds(id, SEVERITY_STOP), 0)

static void is_clean(void)
{
        struct rule_findings findings;

        assert_int_equal(rules_look(&message, &facts, &settings, &findings), 0);
        for (size_t i = 0; i < findings.count; i++)
                if (findings.items[i].severity >= SEVERITY_WARNING)
                        print_error("%s: %s\n", findings.items[i].rule->id, findings.items[i].words);
        assert_true(findings.worst < SEVERITY_WARNING);
        rule_findings_free(&findings);
}

static void test_lawful_orders_pass(void **state)
{
        (void)state;
        example_production(&message);
        facts_for();
        is_clean();
        message_free(&message);
        example_preservation(&message);
        facts_for();
        is_clean();
        message_free(&message);
        example_traffic(&message);
        facts_for();
        is_clean();
        message_free(&message);
        example_emergency(&message);
        facts_for();
        is_clean();
        message_free(&message);
}

static void test_every_rule_has_a_name_an_article_and_a_sentence(void **state)
{
        (void)state;
        assert_true(rules_count() > 50);
        for (size_t i = 0; i < rules_count(); i++) {
                const struct rule *rule = rules_at(i);
                assert_ptr_equal(rules_find(rule->id), rule);
                assert_true(*rule->article && *rule->sentence && rule->severity && rule->kinds);
        }
        assert_null(rules_find("nothing"));
}

/* What is encrypted to somebody else and comes here could be opened by nobody. */
static void test_an_order_of_ours_is_answered_to_who_can_open_it(void **state)
{
        (void)state;
        example_production(&message);
        facts_for();
        facts.received = false;
        message.order.delivery.recipient = RECIPIENT_OTHER;
        EXAMPLE_SET(message.order.delivery.other.organisation, "at-court-linz");
        STOPS("answer-can-be-opened");
        message.order.delivery.recipient = RECIPIENT_VALIDATING;
        EXAMPLE_SET(message.order.validator.organisation, "at-court-linz");
        STOPS("answer-can-be-opened");
        facts.received = true; /* somebody else's order is his to open */
        PASSES("answer-can-be-opened");
        facts.received = false;
        message.order.delivery.recipient = RECIPIENT_ISSUING;
        PASSES("answer-can-be-opened");
        message_free(&message);
}

static void test_requirement_02_an_emergency_needs_two_people_and_a_call_back(void **state)
{
        (void)state;
        example_emergency(&message);
        facts_for();
        EXAMPLE_SET(message.order.emergency.second_person, "berger@at-police-vienna");
        STOPS("emergency-has-two-people");
        EXAMPLE_SET(message.order.emergency.second_person, "maier@at-elsewhere");
        STOPS("emergency-has-two-people");
        EXAMPLE_SET(message.order.emergency.second_person, "maier@at-police-vienna");
        PASSES("emergency-has-two-people");
        facts.issuer.has_call_back = false;
        STOPS("emergency-can-be-called-back");
        facts.issuer.has_call_back = true;
        /* the flag skips no authentication */
        facts.sealed_by[0] = '\0';
        STOPS("sealed-by-the-authority");
        EXAMPLE_SET(facts.sealed_by, "at-elsewhere");
        STOPS("sealed-by-the-authority");
        facts.issuer.known = false;
        STOPS("issuer-is-in-the-directory");
        message_free(&message);
}

static void test_requirement_01_a_name_alone_is_believed_nothing(void **state)
{
        (void)state;
        example_production(&message);
        facts_for();
        facts.issuer.roles = WORD_BIT(ORGANISATION_PROVIDER);
        STOPS("issuer-is-in-the-directory");
        facts_for();
        facts.issuer.may_produce = WORD_BIT(CATEGORY_SUBSCRIBER);
        STOPS("category-is-allowed");
        facts_for();
        message.order.issuer.nature = NATURE_JUDGE; /* it says so itself */
        STOPS("nature-is-the-directory's");
        facts_for();
        facts.issuer.nature = NATURE_PROSECUTOR;
        EXAMPLE_SET(facts.sealed_by, "at-prosecution-vienna");
        EXAMPLE_SET(message.sender.organisation, "at-court-vienna");
        STOPS("sealed-by-the-authority");
        STOPS("sender-is-a-party");
        message_free(&message);
}

static void test_requirement_03_an_emergency_without_validation_ends_after_48_hours(void **state)
{
        (void)state;
        example_emergency(&message);
        facts_for();
        facts.now_ms = message.order.issuer.signatory.signed_ms + 48 * TIME_HOUR - 1;
        PASSES("validated-within-48-hours");
        facts.now_ms++;
        STOPS("validated-within-48-hours");
        /* a later generation with a later date does not begin them anew */
        struct message first;
        example_emergency(&first);
        facts.order = &first.order;
        message.order.issuer.signatory.signed_ms += TIME_DAY;
        STOPS("validated-within-48-hours");
        facts.order = NULL;
        PASSES("validated-within-48-hours");
        message.order.issuer.signatory.signed_ms -= TIME_DAY;
        message_free(&first);
        message.order.deadline.kind = DEADLINE_TEN_DAYS;
        STOPS("unvalidated-is-an-emergency");
        message.order.deadline.kind = DEADLINE_EIGHT_HOURS_LIFE;
        message.order.emergency.domestic_power = STATED_NO;
        STOPS("unvalidated-needs-power");
        message.order.data.categories |= WORD_BIT(CATEGORY_TRAFFIC);
        STOPS("unvalidated-is-mild");
        message_free(&message);
        message_init(&message, MESSAGE_WITHDRAWAL);
        facts_for();
        message.withdrawal.reason = WITHDRAWAL_NOT_VALIDATED;
        STOPS("withdrawal-deletes");
        message.withdrawal.delete_data = STATED_YES;
        message.withdrawal.deleted_ms = EXAMPLE_NOW;
        PASSES("withdrawal-deletes");
        message_free(&message);
}

static void test_requirement_04_prosecutor_order_for_traffic_is_rejected(void **state)
{
        (void)state;
        for (int category = CATEGORY_TRAFFIC; category <= CATEGORY_CONTENT; category++) {
                example_traffic(&message);
                message.order.data.categories = WORD_BIT(category);
                message.order.issuer.nature = NATURE_PROSECUTOR;
                facts_for();
                facts.issuer.may_produce =
                        ALL_CATEGORIES; /* the directory is wrong too: the law still holds */
                STOPS("grave-data-need-a-judge");
                /* hidden in an identifier */
                message.order.data.categories = WORD_BIT(CATEGORY_SUBSCRIBER);
                message.order.identifiers.items[0].categories = WORD_BIT(category);
                STOPS("grave-data-need-a-judge");
                /* validated by a prosecutor, then by a judge of the same State, then of another */
                example_authority(&message.order.validator, "AT", "at-court-vienna", NATURE_PROSECUTOR,
                        "huber@at-court-vienna");
                EXAMPLE_SET(message.order.issuer.organisation, "at-prosecution-vienna");
                EXAMPLE_SET(message.order.issuer.signatory.person, "berger@at-prosecution-vienna");
                facts.issuer =
                        organisation("at-prosecution-vienna", "AT", ORGANISATION_ISSUING, NATURE_PROSECUTOR);
                facts.validator =
                        organisation("at-court-vienna", "AT", ORGANISATION_VALIDATING, NATURE_PROSECUTOR);
                STOPS("grave-data-need-a-judge");
                facts.validator =
                        organisation("at-court-vienna", "AT", ORGANISATION_VALIDATING, NATURE_JUDGE);
                message.order.validator.nature = NATURE_JUDGE;
                PASSES("grave-data-need-a-judge");
                PASSES("category-is-allowed");
                PASSES("validator-is-in-the-directory");
                EXAMPLE_SET(message.order.validator.country, "DE");
                STOPS("validator-is-in-the-directory");
                message_free(&message);
        }
        /* a prosecutor may have them preserved */
        example_preservation(&message);
        message.order.data.categories = ALL_CATEGORIES;
        facts_for();
        PASSES("grave-data-need-a-judge");
        PASSES("category-is-allowed");
        message_free(&message);
}

static void test_only_others_validate(void **state)
{
        (void)state;
        example_production(&message);
        message.order.issuer.nature = NATURE_OTHER;
        facts_for();
        STOPS("every-order-needs-a-magistrate");
        example_authority(&message.order.validator, "AT", "at-court-vienna", NATURE_JUDGE,
                "berger@at-prosecution-vienna");
        facts.validator = organisation("at-court-vienna", "AT", ORGANISATION_VALIDATING, NATURE_JUDGE);
        PASSES("every-order-needs-a-magistrate");
        STOPS("validator-is-somebody-else");
        message_free(&message);
}

/* What of an order is not about producing is put to preservation too, and refuses it alike. */
static void test_requirement_05_preservation_gets_the_same_checks(void **state)
{
        (void)state;
        for (size_t i = 0; i < rules_count(); i++) {
                const struct rule *rule = rules_at(i);
                if (rule->kinds & WORD_BIT(MESSAGE_PRODUCTION_ORDER))
                        assert_true(rule->kinds & WORD_BIT(MESSAGE_PRESERVATION_ORDER));
        }
        example_preservation(&message);
        facts_for();
        facts.issuer.known = false;
        STOPS("issuer-is-in-the-directory");
        facts_for();
        facts.sealed_by[0] = '\0';
        STOPS("sealed-by-the-authority");
        facts_for();
        facts.issuer.nature = message.order.issuer.nature = NATURE_OTHER;
        STOPS("every-order-needs-a-magistrate");
        facts_for();
        facts.issuer.may_preserve = 0;
        STOPS("category-is-allowed");
        facts_for();
        settings.identifiers_most = 0;
        STOPS("not-too-many-identifiers");
        message.order.identifiers.items[0].source_port = MODEL_UNSTATED;
        STOPS("shared-address-needs-port");
        message.order.identifiers.items[0].entry = ENTRY_RETYPED;
        STOPS("retyped-needs-a-second-person");
        facts_for();
        facts.directory_expired = true; /* this one stops orders, but not preservation */
        PASSES("directory-is-current");
        assert_int_equal(finds("directory-is-current", SEVERITY_WARNING), 1);
        message_free(&message);
        example_production(&message);
        facts_for();
        facts.directory_expired = true;
        STOPS("directory-is-current");
        message_free(&message);
}

static void test_requirement_07_retyped_and_pasted(void **state)
{
        (void)state;
        example_production(&message);
        facts_for();
        struct identifier *identifier = &message.order.identifiers.items[0];
        identifier->source.digest[0] ^= identifier->source.digest[0];
        PASSES("pasted-has-its-source");
        memset(identifier->source.digest, 0, sizeof identifier->source.digest);
        STOPS("pasted-has-its-source");
        identifier->entry = ENTRY_RETYPED;
        STOPS("retyped-needs-a-second-person");
        EXAMPLE_SET(identifier->typed_by, "a@at-prosecution-vienna");
        EXAMPLE_SET(identifier->compared_by, "a@at-prosecution-vienna");
        STOPS("retyped-needs-a-second-person");
        EXAMPLE_SET(identifier->compared_by, "b@at-prosecution-vienna");
        PASSES("retyped-needs-a-second-person");
        identifier->offset_s = MODEL_UNSTATED;
        STOPS("address-needs-time");
        identifier->warnings = WORD_BIT(WARNING_DST_OVERLAP) | WORD_BIT(WARNING_LOCAL_MAC);
        assert_int_equal(finds("clock-changes-are-looked-at", SEVERITY_WARNING), 1);
        assert_int_equal(finds("identifier-warnings-are-read", SEVERITY_NOTE), 1);
        message_free(&message);
}

static void test_requirement_08_a_shared_address_without_a_port(void **state)
{
        struct prefix shared;

        (void)state;
        example_production(&message);
        facts_for();
        message.order.identifiers.items[0].source_port = MODEL_UNSTATED;
        STOPS("shared-address-needs-port");
        settings.portless_stops = false;
        PASSES("shared-address-needs-port");
        assert_int_equal(finds("shared-address-needs-port", SEVERITY_WARNING), 1);
        /* the provider knows which ones it shares */
        settings.portless_stops = true;
        settings.shared_unknown = false;
        assert_int_equal(prefix_parse(slice_of("203.0.113.0/24"), &shared, NULL), 0);
        settings.shared = &shared;
        settings.shared_count = 1;
        PASSES("shared-address-needs-port");
        assert_int_equal(prefix_parse(slice_of("198.51.100.0/24"), &shared, NULL), 0);
        STOPS("shared-address-needs-port");
        message.order.identifiers.items[0].source_port = 1024;
        message.order.identifiers.items[0].protocol = MODEL_UNSTATED;
        PASSES("shared-address-needs-port");
        assert_int_equal(finds("shared-address-needs-port", SEVERITY_WARNING), 1);
        message_free(&message);
}

static void test_requirement_10_one_hit_asks_for_corroboration(void **state)
{
        (void)state;
        example_production(&message);
        facts_for();
        assert_int_equal(finds("one-hit-is-not-enough", SEVERITY_NOTE), 1);
        example_identifier(&message.order, EXAMPLE_IDENTIFIER_2_ID);
        assert_int_equal(finds("one-hit-is-not-enough", SEVERITY_NOTE), 0);
        message_free(&message);
}

static void test_requirement_11_over_broad_orders_meet_limits(void **state)
{
        (void)state;
        example_traffic(&message);
        facts_for();
        struct identifier *identifier = &message.order.identifiers.items[0];
        identifier->kind = IDENTIFIER_IP_RANGE;
        identifier->address_last = address_from_ipv4(0xc6336408);
        STOPS("range-is-small");
        settings.addresses_most = 2;
        PASSES("range-is-small");
        identifier->to_ms = identifier->from_ms + TIME_HOUR;
        PASSES("time-is-short");
        identifier->to_ms++;
        STOPS("time-is-short");
        identifier->to_ms = identifier->from_ms - 1;
        STOPS("time-is-short");
        identifier->to_ms = identifier->from_ms;
        message.order.data.to_ms = message.order.data.from_ms + 31 * TIME_DAY + 1;
        STOPS("order-time-is-short");
        STOPS("time-is-past");
        message.order.data.traffic = 0x1e;
        STOPS("not-every-kind-of-data");
        message.order.data.content = 0x3fe;
        message.order.data.traffic = 0;
        STOPS("not-every-kind-of-data");
        identifier->from_ms = message.order.data.from_ms - 1;
        STOPS("identifier-is-inside-the-order");
        for (int i = 0; i < 20; i++)
                example_identifier(&message.order, EXAMPLE_IDENTIFIER_2_ID);
        STOPS("not-too-many-identifiers");
        STOPS("identifiers-are-told-apart");
        message_free(&message);
}

static void test_addresses_of_a_range_are_counted(void **state)
{
        struct identifier range;

        (void)state;
        memset(&range, 0, sizeof range);
        range.kind = IDENTIFIER_IP_RANGE;
        range.address = address_from_ipv4(0xc63364ff);
        range.address_last = address_from_ipv4(0xc6336500);
        assert_true(identifier_addresses(&range) == 2);
        assert_int_equal(address_parse(slice_of("2001:db8::"), &range.address, NULL), 0);
        assert_int_equal(
                address_parse(slice_of("2001:db8::ffff:ffff:ffff:ffff"), &range.address_last, NULL), 0);
        assert_true(identifier_addresses(&range) == UINT64_MAX);
        assert_int_equal(address_parse(slice_of("2001:db8:0:0:8000::"), &range.address, NULL), 0);
        assert_true(identifier_addresses(&range) == UINT64_C(1) << 63);
}

static void test_enforcing_authority_and_threshold(void **state)
{
        (void)state;
        example_traffic(&message);
        facts_for();
        message.order.ea.notified = STATED_NO;
        STOPS("enforcing-authority-is-notified");
        STOPS("deadline-fits");
        message.order.ea.offence_here = STATED_YES;
        STOPS("enforcing-authority-is-notified"); /* both have to be true */
        message.order.ea.person_here = STATED_YES;
        PASSES("enforcing-authority-is-notified");
        message.order.ea.notified = STATED_YES;
        message.order.deadline.kind = DEADLINE_TEN_DAYS;
        STOPS("deadline-fits");
        EXAMPLE_SET(facts.enforcing.country, "DE");
        STOPS("enforcing-authority-is-in-the-directory");
        message.order.grounds.maximum_months = 35;
        STOPS("offence-reaches-threshold");
        message.order.grounds.threshold = THRESHOLD_CHILD_ABUSE;
        STOPS("offence-reaches-threshold");
        message.order.grounds.information_system = STATED_YES;
        PASSES("offence-reaches-threshold");
        message.order.grounds.threshold = THRESHOLD_NONE;
        STOPS("offence-reaches-threshold");
        message.order.grounds.proceedings = PROCEEDINGS_SENTENCE;
        message.order.grounds.sentence_months = 3;
        STOPS("sentence-reaches-four-months");
        message.order.grounds.similar_domestic = STATED_NO;
        STOPS("domestic-case");
        message_free(&message);
}

static void test_requirement_14_press_and_privilege_route_to_form_3_and_the_enforcing_authority(void **state)
{
        void *item = NULL;

        (void)state;
        example_production(&message);
        facts_for();
        facts.protections_seen = WORD_BIT(PROTECTION_PRESS); /* the order does not say so, the desk noticed */
        assert_int_equal(finds("protection-goes-to-the-enforcing-authority", SEVERITY_ROUTE), 1);
        assert_true(rules_find("protection-goes-to-the-enforcing-authority")->obstacle ==
                    WORD_BIT(OBSTACLE_IMMUNITY_OR_PRESS));
        facts.received = false;
        STOPS("protection-goes-to-the-enforcing-authority");
        message_free(&message);

        message_init(&message, MESSAGE_CANNOT_EXECUTE);
        facts_for();
        const struct model_field *reasons =
                model_field_find(message_body_type(message.kind), slice_of("reasons"));
        assert_int_equal(model_list_add(reasons, message_body(&message), &item, NULL), 0);
        ((struct impossibility *)item)->obstacles = WORD_BIT(OBSTACLE_IMMUNITY_OR_PRESS);
        STOPS("form-3-reaches-the-enforcing-authority");
        example_text(&message.cannot_execute.enforcing_authority, "High Court");
        PASSES("form-3-reaches-the-enforcing-authority");
        message_free(&message);
}

/* It is written in the draft, and goes to the enforcing authority alone. */
static void test_section_m_stands_in_drafts_and_in_notifications(void **state)
{
        (void)state;
        example_traffic(&message);
        example_text(&message.order.ea_information.case_summary, "Threats in a forum");
        facts_for();
        STOPS("form-has-nothing-beside");
        facts.received = false;
        facts.sealed_by[0] = '\0';
        PASSES("form-has-nothing-beside");
        message.order.ea.notified = STATED_NO;
        STOPS("form-has-nothing-beside");
        message_free(&message);
}

static void test_third_country(void **state)
{
        void *item = NULL;

        (void)state;
        message_init(&message, MESSAGE_CANNOT_EXECUTE);
        facts_for();
        const struct model_field *reasons =
                model_field_find(message_body_type(message.kind), slice_of("reasons"));
        assert_int_equal(model_list_add(reasons, message_body(&message), &item, NULL), 0);
        ((struct impossibility *)item)->obstacles = WORD_BIT(OBSTACLE_THIRD_COUNTRY_LAW);
        EXAMPLE_SET(message.cannot_execute.conflict.country, "FR");
        example_text(&message.cannot_execute.conflict.law, "Act");
        example_text(&message.cannot_execute.conflict.obligation, "Secrecy");
        example_text(&message.cannot_execute.conflict.applies, "The parent company is there.");
        STOPS("third-country-is-one");
        EXAMPLE_SET(message.cannot_execute.conflict.country, "US");
        PASSES("third-country-is-one");
        message.sent_ms = EXAMPLE_NOW;
        facts.third_country_ms = EXAMPLE_NOW;
        STOPS("third-country-within-ten-days");
        facts.third_country_ms++;
        PASSES("third-country-within-ten-days");
        message_free(&message);
}

static void test_requirement_15_a_delay_needs_reasons_and_an_end(void **state)
{
        (void)state;
        example_production(&message);
        facts_for();
        struct user_information *information = &message.order.information;
        information->delayed = STATED_YES;
        assert_int_equal(finds("delay-has-reasons-and-an-end", SEVERITY_STOP), 2);
        information->delay_grounds = WORD_BIT(DELAY_INQUIRY);
        example_text(&information->delay_reasons, "The suspect would flee.");
        information->delayed_until_ms = EXAMPLE_NOW + 181 * TIME_DAY;
        STOPS("delay-has-reasons-and-an-end");
        information->delayed_until_ms = EXAMPLE_NOW + 90 * TIME_DAY;
        PASSES("delay-has-reasons-and-an-end");
        message_free(&message);
}

static void test_requirement_20_an_error_reaches_the_person_and_oversight(void **state)
{
        (void)state;
        message_init(&message, MESSAGE_ERROR_REPORT);
        facts_for();
        message.error_report.kind = ERROR_WRONG_PERSON;
        assert_int_equal(finds("error-reaches-the-person-and-oversight", SEVERITY_STOP), 2);
        message.error_report.person_informed = message.error_report.oversight_informed = STATED_YES;
        assert_int_equal(
                finds("error-reaches-the-person-and-oversight", SEVERITY_STOP), 2); /* no instant yet */
        message.error_report.person_informed_ms = message.error_report.oversight_informed_ms = EXAMPLE_NOW;
        PASSES("error-reaches-the-person-and-oversight");
        message_free(&message);
}

/* A clearance, an objection, a withdrawal count only from the party that may send them. */
static void test_requirement_01_messages_about_an_order_come_from_its_parties(void **state)
{
        static const struct {
                enum message_kind kind;
                const char *senders[4];
        } rows[] = {
                {MESSAGE_EA_CLEARANCE, {"ie-enforcing"}},
                {MESSAGE_EA_OBJECTION, {"ie-enforcing"}},
                {MESSAGE_ANSWER, {"ie-carrier"}},
                {MESSAGE_CANNOT_EXECUTE, {"ie-carrier"}},
                {MESSAGE_CLARIFICATION_REQUEST, {"ie-carrier"}},
                {MESSAGE_CLARIFICATION_ANSWER, {"at-court-vienna"}},
                {MESSAGE_WITHDRAWAL, {"at-court-vienna"}},
                {MESSAGE_EXTENSION, {"at-court-vienna"}},
                {MESSAGE_REVIEW_DECISION, {"at-court-vienna"}},
                {MESSAGE_RECEIPT, {"at-court-vienna", "ie-carrier", "ie-enforcing"}},
        };
        static const char *const everybody[] = {"at-court-vienna", "ie-carrier", "ie-enforcing", "de-court"};
        struct message about;

        (void)state;
        example_traffic(&about);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                for (size_t k = 0; k < 4; k++) {
                        bool may = false;
                        for (size_t n = 0; n < 4 && rows[i].senders[n]; n++)
                                may |= strcmp(rows[i].senders[n], everybody[k]) == 0;
                        message_init(&message, rows[i].kind);
                        facts_for();
                        facts.order = &about.order;
                        EXAMPLE_SET(message.sender.organisation, everybody[k]);
                        EXAMPLE_SET(facts.sealed_by, everybody[k]);
                        assert_int_equal(finds("message-is-its-sender's", SEVERITY_STOP), !may);
                        EXAMPLE_SET(facts.sealed_by, "at-elsewhere");
                        STOPS("message-is-its-sender's");
                        facts.sealed_by[0] = '\0';
                        STOPS("message-is-its-sender's");
                        EXAMPLE_SET(facts.sealed_by, everybody[k]);
                        facts.order = NULL;
                        STOPS("message-is-its-sender's");
                        message_free(&message);
                }
        /* an enforcing authority of another State, or one that the directory does not know */
        message_init(&message, MESSAGE_EA_CLEARANCE);
        facts_for();
        facts.order = &about.order;
        EXAMPLE_SET(message.sender.organisation, "ie-enforcing");
        EXAMPLE_SET(facts.sealed_by, "ie-enforcing");
        PASSES("message-is-its-sender's");
        EXAMPLE_SET(facts.enforcing.country, "DE");
        STOPS("message-is-its-sender's");
        EXAMPLE_SET(facts.enforcing.country, "IE");
        facts.enforcing.roles = WORD_BIT(ORGANISATION_PROVIDER);
        STOPS("message-is-its-sender's");
        const struct model_field *ids =
                model_field_find(message_body_type(message.kind), slice_of("identifier_ids"));
        assert_int_equal(
                model_texts_add(ids, message_body(&message), slice_of(EXAMPLE_IDENTIFIER_ID), NULL), 0);
        PASSES("clearance-is-about-the-order");
        assert_int_equal(model_texts_add(ids, message_body(&message), slice_of(EXAMPLE_MESSAGE_ID), NULL), 0);
        STOPS("clearance-is-about-the-order");
        message_free(&message);
        message_free(&about);
}

static void test_a_message_without_end_is_counted(void **state)
{
        struct rule_findings findings;

        (void)state;
        example_production(&message);
        for (unsigned i = 0; i < ORDER_IDENTIFIERS_MAX - 1; i++) {
                struct identifier *identifier = example_identifier(&message.order, EXAMPLE_IDENTIFIER_2_ID);
                identifier->source_port = MODEL_UNSTATED;
        }
        facts_for();
        assert_int_equal(rules_look(&message, &facts, &settings, &findings), 0);
        assert_int_equal(findings.count, RULE_FINDINGS_MAX);
        assert_true(findings.untold > 900);
        assert_int_equal(findings.worst, SEVERITY_STOP);
        rule_findings_free(&findings);
        message_free(&message);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lawful_orders_pass),
                cmocka_unit_test(test_an_order_of_ours_is_answered_to_who_can_open_it),
                cmocka_unit_test(test_every_rule_has_a_name_an_article_and_a_sentence),
                cmocka_unit_test(test_requirement_01_a_name_alone_is_believed_nothing),
                cmocka_unit_test(test_requirement_01_messages_about_an_order_come_from_its_parties),
                cmocka_unit_test(test_requirement_02_an_emergency_needs_two_people_and_a_call_back),
                cmocka_unit_test(test_requirement_03_an_emergency_without_validation_ends_after_48_hours),
                cmocka_unit_test(test_requirement_04_prosecutor_order_for_traffic_is_rejected),
                cmocka_unit_test(test_only_others_validate),
                cmocka_unit_test(test_requirement_05_preservation_gets_the_same_checks),
                cmocka_unit_test(test_requirement_07_retyped_and_pasted),
                cmocka_unit_test(test_requirement_08_a_shared_address_without_a_port),
                cmocka_unit_test(test_requirement_10_one_hit_asks_for_corroboration),
                cmocka_unit_test(test_requirement_11_over_broad_orders_meet_limits),
                cmocka_unit_test(test_addresses_of_a_range_are_counted),
                cmocka_unit_test(test_enforcing_authority_and_threshold),
                cmocka_unit_test(
                        test_requirement_14_press_and_privilege_route_to_form_3_and_the_enforcing_authority),
                cmocka_unit_test(test_section_m_stands_in_drafts_and_in_notifications),
                cmocka_unit_test(test_third_country),
                cmocka_unit_test(test_requirement_15_a_delay_needs_reasons_and_an_end),
                cmocka_unit_test(test_requirement_20_an_error_reaches_the_person_and_oversight),
                cmocka_unit_test(test_a_message_without_end_is_counted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
