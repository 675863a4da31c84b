/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/order_example_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Fills every field there is with something, each list with three items, so that copying, comparing and
 * freeing meet every row of every table. */
static void fill(const struct model_type *type, void *object, unsigned *number)
{
        for (size_t i = 0; i < type->field_count; i++) {
                const struct model_field *field = &type->fields[i];
                char text[64];

                ++*number;
                snprintf(text, sizeof text, "text %u", *number);
                switch (field->kind) {
                case MODEL_TEXT:
                        assert_int_equal(model_set_text(field, object, slice_of(text), NULL), 0);
                        break;
                case MODEL_TEXTS:
                        for (int k = 0; k < 3; k++)
                                assert_int_equal(model_texts_add(field, object, slice_of(text), NULL), 0);
                        break;
                case MODEL_ID:
                        snprintf(text, sizeof text, "%08x-0000-4000-8000-000000000000", *number);
                        assert_int_equal(model_set_text(field, object, slice_of(text), NULL), 0);
                        break;
                case MODEL_COUNTRY:
                        assert_int_equal(model_set_text(field, object, slice_of("AT"), NULL), 0);
                        break;
                case MODEL_ORGANISATION:
                        snprintf(text, sizeof text, "at-%u", *number);
                        assert_int_equal(model_set_text(field, object, slice_of(text), NULL), 0);
                        break;
                case MODEL_PERSON:
                        snprintf(text, sizeof text, "p%u@at-1", *number);
                        assert_int_equal(model_set_text(field, object, slice_of(text), NULL), 0);
                        break;
                case MODEL_CHOICE:
                case MODEL_SET: {
                        struct slice name = slice_of(field->words->words[*number % field->words->count].name);
                        assert_int_equal(model_set_word(field, object, name, NULL), 0);
                        break;
                }
                case MODEL_PART:
                        fill(field->part, model_at(field, object), number);
                        break;
                case MODEL_LIST:
                        for (int k = 0; k < 3; k++) {
                                void *item = NULL;
                                assert_int_equal(model_list_add(field, object, &item, NULL), 0);
                                fill(field->part, item, number);
                        }
                        break;
                case MODEL_DIGEST:
                case MODEL_ADDRESS:
                        memset(model_at(field, object), 1 + (int)(*number % 200), 16);
                        break;
                default:
                        assert_int_equal(model_set_number(field, object, 1 + *number % 30, NULL), 0);
                        break;
                }
                assert_true(model_is_given(field, object));
        }
}

static void fill_message(struct message *message, enum message_kind kind)
{
        unsigned number = 0;

        message_init(message, kind);
        fill(&message_head_type, message, &number);
        message->kind = kind;
        fill(message_body_type(kind), message_body(message), &number);
}

static void test_every_field_of_every_message_is_copied_and_compared(void **state)
{
        (void)state;
        for (int kind = 1; kind < MESSAGE_KINDS; kind++) {
                struct message one, other;

                fill_message(&one, (enum message_kind)kind);
                message_init(&other, MESSAGE_NONE);
                assert_false(message_equal(&one, &other));
                assert_int_equal(message_copy(&one, &other), 0);
                assert_true(message_equal(&one, &other));
                message_free(&one);
                assert_int_equal(one.kind, MESSAGE_NONE);
                fill_message(&one, (enum message_kind)kind);
                assert_true(message_equal(&one, &other));
                assert_int_equal(message_copy(&other, &one), 0); /* onto one that holds something */
                message_free(&one);
                message_free(&other);
        }
}

/* A copied list has room where growing expects it. */
static void test_a_copied_list_grows(void **state)
{
        struct message one, other;

        (void)state;
        example_production(&one);
        for (int i = 0; i < 4; i++)
                example_identifier(&one.order, EXAMPLE_IDENTIFIER_2_ID);
        message_init(&other, MESSAGE_NONE);
        assert_int_equal(message_copy(&one, &other), 0);
        for (int i = 0; i < 20; i++)
                example_identifier(&other.order, EXAMPLE_IDENTIFIER_2_ID);
        assert_int_equal(other.order.identifiers.count, 25);
        assert_string_equal(other.order.identifiers.items[0].id, EXAMPLE_IDENTIFIER_ID);
        assert_false(message_equal(&one, &other));
        message_free(&one);
        message_free(&other);
}

struct tally {
        unsigned fields;
        const char *wanted;
        bool found;
};

static int count(
        void *context, const char *path, const struct model_field *field, const void *object, bool within)
{
        struct tally *tally = context;

        (void)field;
        (void)object;
        (void)within;
        tally->fields++;
        if (strcmp(path, tally->wanted) == 0)
                tally->found = true;
        return 0;
}

static void test_walk_names_the_place_of_every_field(void **state)
{
        struct message message;
        struct tally tally = {.wanted = "identifiers[1].source.digest"};

        (void)state;
        example_production(&message);
        assert_int_equal(message_walk(&message, count, &tally), 0);
        assert_false(tally.found);
        unsigned before = tally.fields;
        example_identifier(&message.order, EXAMPLE_IDENTIFIER_2_ID);
        tally.fields = 0;
        assert_int_equal(message_walk(&message, count, &tally), 0);
        assert_true(tally.found);
        assert_int_equal(tally.fields - before, identifier_type.field_count + 6);
        message_free(&message);
}

/* The tables: names do not repeat, every row says what its kind needs. */
static void check_type(const struct model_type *type, unsigned depth)
{
        assert_true(depth <= MODEL_DEPTH_MAX);
        for (size_t i = 0; i < type->field_count; i++) {
                const struct model_field *field = &type->fields[i];
                bool words = field->kind == MODEL_CHOICE || field->kind == MODEL_SET;
                bool part = field->kind == MODEL_PART || field->kind == MODEL_LIST;

                assert_ptr_equal(model_field_find(type, slice_of(field->name)), field);
                assert_true(field->offset < type->size);
                assert_int_equal(field->words != NULL, words);
                assert_int_equal(field->part != NULL, part);
                assert_true(*field->label);
                if (field->kind == MODEL_TEXT || field->kind == MODEL_LIST || field->kind == MODEL_TEXTS ||
                        field->kind == MODEL_NUMBER || field->kind == MODEL_SIGNED)
                        assert_true(field->limit > 0);
                if (part)
                        check_type(field->part, depth + 1);
        }
}

static void test_tables_are_whole(void **state)
{
        (void)state;
        check_type(&message_head_type, 0);
        for (int kind = 1; kind < MESSAGE_KINDS; kind++) {
                assert_non_null(message_body_type((enum message_kind)kind));
                check_type(message_body_type((enum message_kind)kind), 1);
                assert_true(message_body_type((enum message_kind)kind)->size <= sizeof(struct message));
        }
        assert_null(message_body_type(MESSAGE_NONE));
        assert_null(message_body_type(MESSAGE_KINDS));
}

static void check_words(const struct vocabulary *vocabulary)
{
        for (size_t i = 0; i < vocabulary->count; i++) {
                const struct word *word = &vocabulary->words[i];
                assert_int_equal(word->value, i + 1);
                assert_int_equal(word_find(vocabulary, slice_of(word->name)), word->value);
                assert_string_equal(word_name(vocabulary, word->value), word->name);
                assert_true(*word->meaning && word_set_is_valid(vocabulary, WORD_BIT(word->value)));
        }
        assert_int_equal(word_find(vocabulary, slice_of("")), 0);
        assert_false(word_set_is_valid(vocabulary, 1));
        assert_false(word_set_is_valid(vocabulary, WORD_BIT(63)));
}

static void test_words_have_one_name_and_one_number(void **state)
{
        (void)state;
        check_words(&message_kind_words);
        check_words(&organisation_role_words);
        check_words(&person_role_words);
        check_words(&data_category_words);
        check_words(&authority_nature_words);
        check_words(&identifier_kind_words);
        check_words(&identifier_warning_words);
        check_words(&annex_offence_words);
        check_words(&obstacle_words);
        check_words(&refusal_ground_words);
        check_words(&withdrawal_reason_words);
        check_words(&outcome_words);
        check_words(&answer_verdict_words);
        assert_int_equal(annex_offence_words.count, 32);
        assert_int_equal(message_kind_words.count, MESSAGE_KINDS - 1);
        assert_int_equal(word_find_wire(&data_category_words, slice_of("TrafficData")), CATEGORY_TRAFFIC);
        assert_string_equal(word_name(&obstacle_words, 0), "not-stated");
        assert_string_equal(word_name(&obstacle_words, 99), "unheard-of");
}

static void refuses(const struct model_type *type, void *object, const char *name, const char *text)
{
        struct error error = {.code = 0};
        const struct model_field *field = model_field_find(type, slice_of(name));

        assert_int_equal(model_set_text(field, object, slice_of(text), &error), -EINVAL);
        assert_non_null(strstr(error.text, name));
}

static void test_texts_that_deceive_or_have_another_form_are_refused(void **state)
{
        struct message message;
        void *head = &message;

        (void)state;
        message_init(&message, MESSAGE_PRODUCTION_ORDER);
        refuses(&message_head_type, head, "note", "a\x01");
        refuses(&message_head_type, head, "note", "a\x7f");
        refuses(&message_head_type, head, "note", "a\xc3");             /* cut off */
        refuses(&message_head_type, head, "note", "a\xc0\xaf");         /* longer than needed */
        refuses(&message_head_type, head, "note", "a\xed\xa0\x80");     /* half of a pair */
        refuses(&message_head_type, head, "note", "a\xf4\x90\x80\x80"); /* beyond Unicode */
        refuses(&message_head_type, head, "note",
                "a\xe2\x80\xae"
                "gpj"); /* right to left from here */
        refuses(&message_head_type, head, "note", "a\xe2\x81\xa6");
        refuses(&message_head_type, head, "id", "4C1D2B5A-0F1E-4D8C-9A3B-2E5F7081A2B3");
        refuses(&message_head_type, head, "id", "4c1d2b5a-0f1e-1d8c-9a3b-2e5f7081a2b3"); /* version 1 */
        refuses(&message_head_type, head, "id", "4c1d2b5a-0f1e-4d8c-7a3b-2e5f7081a2b3");
        refuses(&message_head_type, head, "id", "4c1d2b5a");
        const struct model_field *note = model_field_find(&message_head_type, slice_of("note"));
        assert_int_equal(model_set_text(note, head, slice_of("Grüße\n\t\xf0\x9f\x98\x80"), NULL), 0);
        assert_int_equal(model_set_text(note, head, slice_of(""), NULL), 0);
        assert_null(message.note);
        refuses(&authority_type, &message.order.issuer, "country", "at");
        refuses(&authority_type, &message.order.issuer, "organisation", "AT-court");
        refuses(&authority_type, &message.order.issuer, "organisation", "-court");
        assert_true(model_is_person(slice_of("a.b-c@at-court")));
        assert_false(model_is_person(slice_of("@at-court")));
        assert_false(model_is_person(slice_of("a b@at-court")));
        assert_false(model_is_person(slice_of("a@b@at-court")));
        message_free(&message);
}

static void test_numbers_and_words_outside_their_limits_are_refused(void **state)
{
        struct identifier identifier;
        struct error error = {.code = 0};
        const struct model_field *port = model_field_find(&identifier_type, slice_of("source_port"));
        const struct model_field *offset = model_field_find(&identifier_type, slice_of("offset_s"));
        const struct model_field *from = model_field_find(&identifier_type, slice_of("from_ms"));
        const struct model_field *kind = model_field_find(&identifier_type, slice_of("kind"));
        const struct model_field *categories = model_field_find(&identifier_type, slice_of("categories"));

        (void)state;
        model_init(&identifier_type, &identifier);
        assert_int_equal(model_set_number(port, &identifier, 65536, NULL), -ERANGE);
        assert_int_equal(model_set_number(port, &identifier, -1, NULL), -ERANGE);
        assert_int_equal(model_set_number(port, &identifier, 0, NULL), 0);
        assert_true(model_is_given(port, &identifier));
        assert_int_equal(model_set_number(offset, &identifier, -3600, NULL), 0);
        assert_int_equal(model_set_number(offset, &identifier, -64801, NULL), -ERANGE);
        assert_int_equal(model_set_number(from, &identifier, TIME_LIMIT, NULL), -ERANGE);
        assert_int_equal(model_set_word(kind, &identifier, slice_of("ipv5"), &error), -EINVAL);
        assert_non_null(strstr(error.text, "ipv4, ipv6"));
        assert_int_equal(model_set_word(categories, &identifier, slice_of("traffic"), NULL), 0);
        assert_int_equal(model_set_word(categories, &identifier, slice_of("content"), NULL), 0);
        assert_true(identifier.categories == CATEGORIES_GRAVE);
        model_free(&identifier_type, &identifier);
}

static void test_lists_have_their_limit(void **state)
{
        struct order order;
        struct error error = {.code = 0};
        const struct model_field *earlier = model_field_find(&order_type, slice_of("earlier"));
        void *item;

        (void)state;
        memset(&order, 0, sizeof order);
        model_init(&order_type, &order);
        for (unsigned i = 0; i < ORDER_EARLIER_MAX; i++)
                assert_int_equal(model_list_add(earlier, &order, &item, NULL), 0);
        assert_int_equal(model_list_add(earlier, &order, &item, &error), -E2BIG);
        assert_int_equal(order.earlier.count, ORDER_EARLIER_MAX);
        model_free(&order_type, &order);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_field_of_every_message_is_copied_and_compared),
                cmocka_unit_test(test_a_copied_list_grows),
                cmocka_unit_test(test_walk_names_the_place_of_every_field),
                cmocka_unit_test(test_tables_are_whole),
                cmocka_unit_test(test_words_have_one_name_and_one_number),
                cmocka_unit_test(test_texts_that_deceive_or_have_another_form_are_refused),
                cmocka_unit_test(test_numbers_and_words_outside_their_limits_are_refused),
                cmocka_unit_test(test_lists_have_their_limit),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
