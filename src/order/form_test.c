/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/order_example_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define GAPS 64

static bool has_gap(const struct message *message, const char *path, bool barred)
{
        struct form_gap gaps[GAPS];
        size_t count = form_gaps(message, gaps, GAPS);

        for (size_t i = 0; i < count && i < GAPS; i++)
                if (strcmp(gaps[i].path, path) == 0 && gaps[i].barred == barred)
                        return true;
        return false;
}

static void assert_whole(struct message *message)
{
        struct form_gap gaps[GAPS];
        size_t count = form_gaps(message, gaps, GAPS);

        for (size_t i = 0; i < count && i < GAPS; i++)
                print_error("%s: %s\n", gaps[i].path, gaps[i].field->label);
        assert_int_equal(count, 0);
        message_free(message);
}

static void test_the_examples_are_whole(void **state)
{
        struct message message;

        (void)state;
        example_production(&message);
        assert_whole(&message);
        example_preservation(&message);
        assert_whole(&message);
        example_traffic(&message);
        assert_whole(&message);
        example_emergency(&message);
        assert_whole(&message);
}

/* A part of which nothing is given is one gap, not one for each of its fields. */
static void test_an_empty_order_lacks_its_parts_once_each(void **state)
{
        struct message message;

        (void)state;
        message_init(&message, MESSAGE_PRODUCTION_ORDER);
        assert_true(has_gap(&message, "issuer", false));
        assert_false(has_gap(&message, "issuer.name", false));
        assert_true(has_gap(&message, "identifiers", false));
        assert_true(has_gap(&message, "message.id", false));
        assert_false(has_gap(&message, "validator", false));
        assert_false(has_gap(&message, "emergency", false));
        assert_true(form_gaps(&message, NULL, 0) > 10);
        message_free(&message);
}

static void test_what_is_mandatory_depends_on_the_order(void **state)
{
        struct message message;

        (void)state;
        example_traffic(&message);
        message.order.issuer.nature = NATURE_PROSECUTOR;
        assert_true(has_gap(&message, "validator", false));
        message.order.data.from_ms = TIME_UNKNOWN;
        assert_true(has_gap(&message, "data.from_ms", false));
        message.order.ea.notified = STATED_NO;
        assert_true(has_gap(&message, "ea.person_here", false));
        message.order.ea.notified = YES_NO_NONE;
        assert_true(has_gap(&message, "ea.notified", false));
        message_free(&message);

        example_production(&message);
        message.order.information.delayed = STATED_YES;
        assert_true(has_gap(&message, "information.delay_reasons", false));
        message.order.issuer.nature = NATURE_OTHER;
        assert_true(has_gap(&message, "validator", false));
        message.order.emergency.unvalidated = STATED_YES; /* it may come later */
        assert_false(has_gap(&message, "validator", false));
        assert_true(has_gap(&message, "emergency.second_person", false));
        message_free(&message);
}

/* Section M is the enforcing authority's alone; a preservation order has no sections C, K, L. */
static void test_what_must_not_be_given_is_found(void **state)
{
        struct message message;

        (void)state;
        example_traffic(&message);
        example_text(&message.order.ea_information.case_summary, "The suspect");
        assert_true(has_gap(&message, "ea_information", true));
        message_free(&message);
        example_preservation(&message);
        message.order.deadline.kind = DEADLINE_TEN_DAYS;
        assert_true(has_gap(&message, "deadline", true));
        message.order.delivery.recipient = RECIPIENT_ISSUING;
        assert_true(has_gap(&message, "delivery", true));
        message_free(&message);
}

static void test_form_3_needs_what_its_reasons_need(void **state)
{
        struct message message;
        void *item = NULL;

        (void)state;
        message_init(&message, MESSAGE_CANNOT_EXECUTE);
        const struct model_field *reasons =
                model_field_find(message_body_type(message.kind), slice_of("reasons"));
        assert_int_equal(model_list_add(reasons, message_body(&message), &item, NULL), 0);
        struct impossibility *reason = item;
        reason->obstacles = WORD_BIT(OBSTACLE_NOT_STORED);
        assert_false(has_gap(&message, "conflict", false));
        assert_false(has_gap(&message, "information_needed", false));
        reason->obstacles |= WORD_BIT(OBSTACLE_THIRD_COUNTRY_LAW) | WORD_BIT(OBSTACLE_INCOMPLETE);
        assert_true(has_gap(&message, "conflict", false));
        assert_true(has_gap(&message, "information_needed", false));
        assert_true(has_gap(&message, "reasons[0].explanation", false));
        message_free(&message);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_examples_are_whole),
                cmocka_unit_test(test_an_empty_order_lacks_its_parts_once_each),
                cmocka_unit_test(test_what_is_mandatory_depends_on_the_order),
                cmocka_unit_test(test_what_must_not_be_given_is_found),
                cmocka_unit_test(test_form_3_needs_what_its_reasons_need),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
