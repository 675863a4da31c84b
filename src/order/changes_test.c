/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/changes.h"

#include "order/order_example_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct message before, amendment;

static void begin(void)
{
        example_production(&before);
        message_init(&amendment, MESSAGE_AMENDMENT);
        assert_int_equal(model_copy(&order_type, &before.order, &amendment.amendment.order), 0);
}

static void end(void)
{
        message_free(&before);
        message_free(&amendment);
}

static size_t changes(void)
{
        struct error error = {0};

        assert_int_equal(amendment_changes(&before.order, &amendment.amendment, &error), 0);
        return amendment.amendment.changes.count;
}

static bool tells(const char *words)
{
        for (size_t i = 0; i < amendment.amendment.changes.count; i++)
                if (strstr(amendment.amendment.changes.items[i], words))
                        return true;
        return false;
}

static void test_what_is_changed_is_told_as_the_forms_call_it(void **state)
{
        (void)state;
        begin();
        assert_int_equal(changes(), 0);
        amendment.amendment.order.data.categories |= WORD_BIT(CATEGORY_TRAFFIC);
        example_text(&amendment.amendment.order.grounds.offence, "Blackmail");
        assert_int_equal(changes(), 2);
        assert_true(tells("section 1F 2D, data: "));
        assert_true(tells("section 1G 2E, grounds: "));
        assert_int_equal(changes(), 2); /* told anew, not beside */
        end();
}

static void test_identifiers_are_told_one_by_one(void **state)
{
        (void)state;
        begin();
        struct identifier *first = &amendment.amendment.order.identifiers.items[0];
        first->source_port = 4711;
        assert_int_equal(changes(), 1);
        assert_true(tells("identifier changed: ") && tells(" port 4711"));
        EXAMPLE_SET(first->id, EXAMPLE_IDENTIFIER_2_ID);
        assert_int_equal(changes(), 2);
        assert_true(tells("identifier added: ") && tells("identifier taken out: "));
        end();
}

/* Who signs it, and what only the enforcing authority reads, is no change of what is ordered. */
static void test_signatures_and_section_m_are_left_out(void **state)
{
        (void)state;
        begin();
        amendment.amendment.order.issuer.signatory.signed_ms += 1000;
        example_text(&amendment.amendment.order.ea_information.case_summary, "A summary");
        assert_int_equal(changes(), 0);
        end();
}

static void test_many_changes_are_counted(void **state)
{
        struct error error = {0};
        const struct model_field *list = model_field_find(&order_type, slice_of("identifiers"));

        (void)state;
        begin();
        for (int i = 0; i < 400; i++) {
                void *item;
                assert_int_equal(model_list_add(list, &amendment.amendment.order, &item, &error), 0);
                snprintf(((struct identifier *)item)->id, MODEL_ID_MAX, "00000000-0000-4000-8000-%012d", i);
        }
        assert_int_equal(changes(), MODEL_TEXTS_MAX);
        assert_true(tells("and 145 further changes"));
        end();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_changed_is_told_as_the_forms_call_it),
                cmocka_unit_test(test_identifiers_are_told_one_by_one),
                cmocka_unit_test(test_signatures_and_section_m_are_left_out),
                cmocka_unit_test(test_many_changes_are_counted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
