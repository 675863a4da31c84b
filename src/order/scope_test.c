/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/scope.h"

#include "order/order_example_test.h"
#include "order/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct message order_message, answer_message;
static struct scope scope;
static struct scope_refusal refusal;
static struct rule_facts facts;
static struct rule_settings settings;

static struct result *result_at(size_t index)
{
        return &answer_message.answer.results.items[index];
}

static int set_up(void **state)
{
        (void)state;
        example_production(&order_message);
        struct identifier *second = example_identifier(&order_message.order, EXAMPLE_IDENTIFIER_2_ID);
        second->source_port = 50000;
        memset(&refusal, 0, sizeof refusal);
        EXAMPLE_SET(refusal.identifier_id, EXAMPLE_IDENTIFIER_2_ID);
        EXAMPLE_SET(refusal.reason, "the enforcing authority refused it: press freedom");
        scope = (struct scope){.order = &order_message.order, .skew_ms = 2000};
        message_init(&answer_message, MESSAGE_ANSWER);
        example_head(&answer_message);
        facts = (struct rule_facts){
                .now_ms = EXAMPLE_NOW, .order = &order_message.order, .near_edge_ms = TIME_MINUTE};
        settings = rule_settings_default();
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        message_free(&order_message);
        message_free(&answer_message);
        return 0;
}

/* The binding that answers the first identifier: it holds the port for an hour around the time asked. */
static struct scope_record binding(void)
{
        const struct identifier *identifier = &order_message.order.identifiers.items[0];

        return (struct scope_record){.address = identifier->address,
                .port_first = identifier->source_port,
                .port_last = identifier->source_port,
                .protocol = 6,
                .from_ms = identifier->from_ms - TIME_HOUR / 2,
                .to_ms = identifier->to_ms + TIME_HOUR / 2,
                .category = CATEGORY_IDENTIFY_ONLY};
}

static void test_requirement_11_records_outside_the_scope_cannot_leave(void **state)
{
        const struct identifier *by = NULL;
        struct scope_record records[10];
        bool passes[10];
        size_t counts[SCOPE_FATES];

        (void)state;
        for (size_t i = 0; i < 10; i++)
                records[i] = binding();
        int64_t at = order_message.order.identifiers.items[0].from_ms;
        records[1].address = address_from_ipv4(0xc6336408);
        records[2].port_first = records[2].port_last = 40212;
        records[3].protocol = 17;
        records[4].to_ms = at - 2001; /* ended just before the interval judged */
        records[5].from_ms = at + 2001;
        records[6].category = CATEGORY_TRAFFIC;
        records[7].port_first = 40000; /* a block that holds the port */
        records[7].port_last = 41000;
        records[8].to_ms = at - 2000; /* touches it */
        records[9].category = CATEGORY_NONE;
        assert_int_equal(scope_filter(&scope, records, 10, passes, counts), 3);
        const bool expected[10] = {true, false, false, false, false, false, false, true, true, false};
        assert_memory_equal(passes, expected, sizeof expected);
        assert_int_equal(counts[SCOPE_OTHER_ADDRESS], 1);
        assert_int_equal(counts[SCOPE_OTHER_PORT], 1);
        assert_int_equal(counts[SCOPE_OTHER_PROTOCOL], 1);
        assert_int_equal(counts[SCOPE_OTHER_TIME], 2);
        assert_int_equal(counts[SCOPE_OTHER_CATEGORY], 2);
        assert_int_equal(scope_of(&scope, &records[0], &by), SCOPE_INSIDE);
        assert_string_equal(by->id, EXAMPLE_IDENTIFIER_ID);
        assert_int_equal(scope_of(&scope, &records[1], &by), SCOPE_OTHER_ADDRESS);
        assert_null(by);
}

static void test_requirement_11_traffic_leaves_only_from_within_the_time_ordered(void **state)
{
        struct scope_record record = binding();
        struct identifier *identifier = &order_message.order.identifiers.items[0];

        (void)state;
        order_message.order.data.categories |= WORD_BIT(CATEGORY_TRAFFIC);
        record.category = CATEGORY_TRAFFIC;
        assert_int_equal(scope_of(&scope, &record, NULL), SCOPE_OTHER_TIME);
        record.from_ms = record.to_ms = identifier->from_ms;
        assert_int_equal(scope_of(&scope, &record, NULL), SCOPE_INSIDE);
        record.to_ms = TIME_UNKNOWN;
        assert_int_equal(scope_of(&scope, &record, NULL), SCOPE_OTHER_TIME);
        /* an identifier that narrows the categories, one that widens them against section F */
        record = binding();
        identifier->categories = WORD_BIT(CATEGORY_SUBSCRIBER);
        assert_int_equal(scope_of(&scope, &record, NULL), SCOPE_OTHER_CATEGORY);
        identifier->categories = WORD_BIT(CATEGORY_CONTENT);
        record.category = CATEGORY_CONTENT;
        record.from_ms = record.to_ms = identifier->from_ms;
        assert_int_equal(scope_of(&scope, &record, NULL), SCOPE_OTHER_CATEGORY);
        /* without a time nothing is asked */
        record = binding();
        identifier->categories = 0;
        identifier->from_ms = TIME_UNKNOWN;
        assert_int_equal(scope_of(&scope, &record, NULL), SCOPE_OTHER_TIME);
}

static void test_requirement_13_a_partial_refusal_is_enforced_per_identifier(void **state)
{
        struct scope_record record = binding(), other = binding();
        struct error error = {.code = 0};

        (void)state;
        other.port_first = other.port_last = 50000;
        assert_int_equal(scope_of(&scope, &other, NULL), SCOPE_INSIDE);
        scope.refusals = &refusal;
        scope.refusal_count = 1;
        assert_int_equal(scope_of(&scope, &other, NULL), SCOPE_REFUSED);
        assert_int_equal(scope_of(&scope, &record, NULL), SCOPE_INSIDE);
        assert_true(scope_may_name(&scope, EXAMPLE_IDENTIFIER_ID, VERDICT_OF_ONE));
        assert_false(scope_may_name(&scope, EXAMPLE_IDENTIFIER_2_ID, VERDICT_OF_ONE));
        assert_int_equal(scope_results(&scope, &answer_message.answer, &error), 0);
        assert_int_equal(answer_message.answer.results.count, 2);
        assert_int_equal(result_at(0)->outcome, OUTCOME_NONE);
        assert_int_equal(result_at(1)->outcome, OUTCOME_REFUSED);
        assert_non_null(strstr(result_at(1)->statement, "press freedom"));
        /* all at once */
        refusal.identifier_id[0] = '\0';
        assert_int_equal(scope_of(&scope, &record, NULL), SCOPE_REFUSED);
        assert_false(scope_may_name(&scope, EXAMPLE_IDENTIFIER_ID, VERDICT_OF_ONE));
}

static void test_requirement_13_refusals_come_out_of_messages(void **state)
{
        struct message objection;
        struct scope_refusal refusals[4];
        void *item = NULL;
        const struct model_field *ids =
                model_field_find(message_body_type(MESSAGE_EA_CLEARANCE), slice_of("identifier_ids"));

        (void)state;
        message_init(&objection, MESSAGE_EA_OBJECTION);
        const struct model_field *list =
                model_field_find(message_body_type(objection.kind), slice_of("objections"));
        assert_int_equal(model_list_add(list, message_body(&objection), &item, NULL), 0);
        struct objection *one = item;
        EXAMPLE_SET(one->identifier_id, EXAMPLE_IDENTIFIER_2_ID);
        one->effect = OBJECTION_CONDITIONAL;
        one->grounds = WORD_BIT(GROUND_PRESS_FREEDOM);
        assert_int_equal(scope_refusals_of(&objection, refusals, 4), 0);
        one->effect = OBJECTION_REFUSED;
        assert_int_equal(scope_refusals_of(&objection, refusals, 0), 1);
        assert_int_equal(scope_refusals_of(&objection, refusals, 4), 1);
        scope.refusals = refusals;
        scope.refusal_count = 1;
        assert_non_null(scope_refusal_of(&scope, EXAMPLE_IDENTIFIER_2_ID));
        assert_null(scope_refusal_of(&scope, EXAMPLE_IDENTIFIER_ID));
        assert_false(scope_refuses_all(&scope));
        message_free(&objection);
        message_init(&objection, MESSAGE_WITHDRAWAL); /* of no identifier: of all */
        assert_int_equal(scope_refusals_of(&objection, refusals, 4), 1);
        assert_true(scope_refuses_all(&scope));
        message_free(&objection);

        /* a clearance of some is none of the whole */
        message_init(&objection, MESSAGE_EA_CLEARANCE);
        const struct text_list *cleared = &objection.ea_clearance.identifier_ids;
        assert_true(scope_covers_all(scope.order, cleared));
        assert_int_equal(
                model_texts_add(ids, message_body(&objection), slice_of(EXAMPLE_IDENTIFIER_ID), NULL), 0);
        assert_false(scope_covers_all(scope.order, cleared));
        assert_int_equal(
                model_texts_add(ids, message_body(&objection), slice_of(EXAMPLE_IDENTIFIER_2_ID), NULL), 0);
        assert_true(scope_covers_all(scope.order, cleared));
        message_free(&objection);
}

/* Every address around the range, every port around the port: exactly what was ordered passes. */
static void test_the_filter_agrees_with_the_order_on_a_grid(void **state)
{
        struct identifier *identifier = &order_message.order.identifiers.items[0];

        (void)state;
        order_message.order.identifiers.count = 1;
        identifier->kind = IDENTIFIER_IP_RANGE;
        identifier->address_last = address_from_ipv4(0xc6336409);
        for (uint32_t a = 0xc6336400; a < 0xc6336410; a++)
                for (int64_t port = 40205; port < 40220; port++)
                        for (int64_t shift = -3; shift <= 3; shift++) {
                                struct scope_record record = binding();
                                record.address = address_from_ipv4(a);
                                record.port_first = record.port_last = port;
                                record.from_ms = record.to_ms = identifier->from_ms + shift * TIME_SECOND;
                                bool wanted = a >= 0xc6336407 && a <= 0xc6336409 && port == 40211 &&
                                              shift >= -2 && shift <= 2;
                                assert_int_equal(scope_of(&scope, &record, NULL) == SCOPE_INSIDE, wanted);
                        }
        order_message.order.identifiers.count = 2;
}

static void test_several_and_unknown_name_nobody(void **state)
{
        (void)state;
        assert_true(scope_may_name(&scope, EXAMPLE_IDENTIFIER_ID, VERDICT_OF_ONE));
        assert_false(scope_may_name(&scope, EXAMPLE_IDENTIFIER_ID, VERDICT_OF_SEVERAL));
        assert_false(scope_may_name(&scope, EXAMPLE_IDENTIFIER_ID, VERDICT_OF_NOBODY));
        assert_false(scope_may_name(&scope, EXAMPLE_IDENTIFIER_ID, VERDICT_OF_UNKNOWN));
        assert_false(scope_may_name(&scope, EXAMPLE_IDENTIFIER_ID, VERDICT_OF_NONE));
        assert_false(scope_may_name(&scope, EXAMPLE_MESSAGE_ID, VERDICT_OF_ONE)); /* nobody asked */
        order_message.order.data.all_holders = STATED_YES;
        assert_true(scope_may_name(&scope, EXAMPLE_IDENTIFIER_ID, VERDICT_OF_SEVERAL));
        assert_false(scope_may_name(&scope, EXAMPLE_IDENTIFIER_ID, VERDICT_OF_UNKNOWN));
        assert_non_null(strstr(scope_statement(VERDICT_OF_UNKNOWN, false), SCOPE_NO_EVIDENCE));
        assert_non_null(strstr(scope_statement(VERDICT_OF_SEVERAL, false), SCOPE_NO_EVIDENCE));
        assert_non_null(strstr(scope_statement(VERDICT_OF_SEVERAL, true), SCOPE_NO_EVIDENCE));
}

static bool stops(const char *id)
{
        struct rule_findings findings;
        bool found = false;

        assert_non_null(rules_find(id));
        assert_int_equal(rules_look(&answer_message, &facts, &settings, &findings), 0);
        for (size_t i = 0; i < findings.count; i++)
                found |= findings.items[i].rule == rules_find(id);
        rule_findings_free(&findings);
        return found;
}

/* Two results, the first of which names one person. */
static struct result *answered(void)
{
        assert_int_equal(scope_results(&scope, &answer_message.answer, NULL), 0);
        struct result *first = result_at(0);
        const struct identifier *identifier = &order_message.order.identifiers.items[0];

        first->outcome = OUTCOME_DISCLOSED;
        first->verdict = VERDICT_OF_ONE;
        first->address_origin = ORIGIN_CONTRACT;
        example_text(&first->clock_source, "the NAT's own, by NTP");
        first->clock_uncertainty_ms = 2000;
        first->lease_from_ms = identifier->from_ms - TIME_DAY;
        first->lease_to_ms = identifier->from_ms + TIME_DAY;
        first->margin_ms = TIME_HOUR;
        first->judged_from_ms = identifier->from_ms - 2000;
        first->judged_to_ms = identifier->to_ms + 2000;
        first->near_edge = STATED_NO;
        first->corroborate = STATED_YES;
        result_at(1)->outcome = OUTCOME_NOT_AVAILABLE;
        result_at(1)->verdict = VERDICT_OF_UNKNOWN;
        example_text(&result_at(1)->statement, scope_statement(VERDICT_OF_UNKNOWN, false));
        return first;
}

static void test_requirement_09_an_answer_has_its_labels(void **state)
{
        struct result *first = answered();

        (void)state;
        assert_false(stops("labels-are-there"));
        first->address_origin = ORIGIN_NONE;
        assert_true(stops("labels-are-there"));
        first->address_origin = ORIGIN_NOT_ANSWERED;
        assert_false(stops("labels-are-there"));
        first->clock_uncertainty_ms = MODEL_UNSTATED;
        assert_true(stops("labels-are-there"));
        first->clock_uncertainty_ms = 0;
        first->judged_to_ms = TIME_UNKNOWN;
        assert_true(stops("labels-are-there"));
        assert_false(stops("near-an-edge-is-said"));
        first->margin_ms = TIME_MINUTE - 1;
        assert_true(stops("near-an-edge-is-said"));
        first->margin_ms = TIME_HOUR;
        first->lease_to_ms = order_message.order.identifiers.items[0].to_ms + TIME_MINUTE;
        assert_true(stops("near-an-edge-is-said"));
        first->near_edge = STATED_YES;
        assert_false(stops("near-an-edge-is-said"));
}

static void test_requirement_10_an_answer_of_one_hit_asks_for_corroboration(void **state)
{
        struct result *first = answered();

        (void)state;
        assert_false(stops("corroboration-is-asked-for"));
        first->corroborate = STATED_NO;
        assert_true(stops("corroboration-is-asked-for"));
}

static void test_answers_are_held_against_their_order(void **state)
{
        struct result *first = answered();

        (void)state;
        assert_false(stops("answer-is-about-the-order"));
        assert_false(stops("unknown-is-no-evidence"));
        example_text(&result_at(1)->statement, "Nothing found.");
        assert_true(stops("unknown-is-no-evidence"));
        first->verdict = VERDICT_OF_UNKNOWN;
        assert_true(stops("unknown-is-no-evidence"));
        first->verdict = VERDICT_OF_SEVERAL;
        assert_true(stops("several-name-nobody"));
        order_message.order.data.all_holders = STATED_YES;
        assert_false(stops("several-name-nobody"));
        EXAMPLE_SET(refusal.identifier_id, EXAMPLE_IDENTIFIER_ID);
        facts.refusals = &refusal;
        facts.refusal_count = 1;
        assert_true(stops("answer-is-about-the-order"));
        facts.refusal_count = 0;
        EXAMPLE_SET(first->identifier_id, EXAMPLE_IDENTIFIER_2_ID); /* one twice, one not at all */
        assert_true(stops("answer-is-about-the-order"));
        EXAMPLE_SET(first->identifier_id, EXAMPLE_MESSAGE_ID); /* one that nobody asked */
        assert_true(stops("answer-is-about-the-order"));
        EXAMPLE_SET(first->identifier_id, EXAMPLE_IDENTIFIER_ID);
        order_message.order.kind = ORDER_PRESERVATION;
        assert_true(stops("answer-is-about-the-order"));
        facts.order = NULL;
        assert_true(stops("answer-is-about-the-order"));
}

static void test_files_belong_to_results(void **state)
{
        const struct model_field *files = model_field_find(&message_head_type, slice_of("files"));
        const struct model_field *names = model_field_find(&result_type, slice_of("files"));
        void *item = NULL;
        struct result *first = answered();

        (void)state;
        assert_int_equal(model_list_add(files, &answer_message, &item, NULL), 0);
        struct file *file = item;
        example_text(&file->name, "bindings.json.p7m");
        file->encrypted = STATED_YES;
        assert_true(stops("files-are-described")); /* nobody asked for it */
        assert_int_equal(model_texts_add(names, first, slice_of("bindings.json.p7m"), NULL), 0);
        assert_false(stops("files-are-described"));
        file->encrypted = STATED_NO;
        assert_true(stops("files-are-described"));
        file->encrypted = STATED_YES;
        file->outside = STATED_YES;
        assert_true(stops("files-are-described"));
        example_text(&file->location, "https://files.example/1");
        file->available_from_ms = EXAMPLE_NOW;
        file->available_to_ms = EXAMPLE_NOW + 9 * TIME_DAY;
        assert_true(stops("files-are-described"));
        file->available_to_ms = EXAMPLE_NOW + 10 * TIME_DAY;
        assert_false(stops("files-are-described"));
        example_text(&file->name, "../bindings.json.p7m");
        assert_true(stops("files-are-described"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(test_requirement_11_records_outside_the_scope_cannot_leave),
                TEST(test_requirement_11_traffic_leaves_only_from_within_the_time_ordered),
                TEST(test_requirement_13_a_partial_refusal_is_enforced_per_identifier),
                TEST(test_requirement_13_refusals_come_out_of_messages),
                TEST(test_the_filter_agrees_with_the_order_on_a_grid),
                TEST(test_several_and_unknown_name_nobody),
                TEST(test_requirement_09_an_answer_has_its_labels),
                TEST(test_requirement_10_an_answer_of_one_hit_asks_for_corroboration),
                TEST(test_answers_are_held_against_their_order),
                TEST(test_files_belong_to_results),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
