/* SPDX-License-Identifier: EUPL-1.2 */
/* What is written is read as the same, whatever the message; and no byte of a message can be changed without
 * being refused or meaning the same. */
#include "hi1/random_message_test.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MESSAGES 1500 /* of all kinds in turn */

static void write_message(const struct message *message, struct buffer *ret)
{
        struct error error = {0};
        if (hi1_write(message, ret, &error) < 0)
                fail_msg("%s", error.text);
}

static int read_text(const struct buffer *text, struct message *message, struct findings *findings)
{
        message_init(message, MESSAGE_NONE);
        return hi1_read(slice_make((const char *)text->bytes, text->length), message, findings);
}

static void check_round_trip(const struct message *message, unsigned seed)
{
        struct buffer first = buffer_make(HI1_BYTES_MAX), second = buffer_make(HI1_BYTES_MAX);
        struct findings findings = {0};
        struct message again;

        write_message(message, &first);
        if (read_text(&first, &again, &findings) < 0)
                fail_msg("seed %u: %s: %s", seed, findings.list[0].place, findings.list[0].sentence);
        if (!message_equal(message, &again))
                fail_msg("seed %u: read as another %s", seed,
                        word_name(&message_kind_words, (int)message->kind));
        write_message(&again, &second);
        assert_int_equal(first.length, second.length);
        assert_memory_equal(first.bytes, second.bytes, first.length);
        message_free(&again);
        findings_free(&findings);
        buffer_free(&first);
        buffer_free(&second);
}

static void test_reading_undoes_writing(void **state)
{
        (void)state;
        for (unsigned seed = 1; seed <= MESSAGES; seed++) {
                struct chance chance = {.state = seed * UINT64_C(0x9e3779b97f4a7c15)};
                struct message message;
                random_message(&chance, (enum message_kind)(1 + seed % (MESSAGE_KINDS - 1)), &message);
                check_round_trip(&message, seed);
                message_free(&message);
        }
}

/* Another order of members and other blanks are the same message; one changed leaf anywhere is none. */
static json_t *shuffled(const json_t *value)
{
        json_t *copy;

        if (json_is_array(value)) {
                copy = json_array();
                for (size_t i = 0; i < json_array_size(value); i++)
                        json_array_append_new(copy, shuffled(json_array_get(value, i)));
                return copy;
        }
        if (!json_is_object(value))
                return json_deep_copy(value);
        char *sorted = json_dumps(value, JSON_SORT_KEYS);
        json_t *object = json_loads(sorted, 0, NULL);
        const char *name;
        json_t *inner;
        free(sorted);
        copy = json_object();
        json_object_foreach(object, name, inner) json_object_set_new(copy, name, shuffled(inner));
        json_decref(object);
        return copy;
}

/* Changes the leaf numbered `*count` (counted down to 0) and says whether there was one. */
static bool change_leaf(json_t *value, size_t *count)
{
        const char *name;
        json_t *inner;

        for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++) {
                inner = json_array_get(value, i);
                if (json_is_object(inner) || json_is_array(inner)) {
                        if (change_leaf(inner, count))
                                return true;
                } else if ((*count)-- == 0) {
                        return json_array_set_new(value, i, json_string("other")) == 0;
                }
        }
        if (json_is_object(value))
                json_object_foreach(value, name, inner)
                {
                        if (json_is_object(inner) || json_is_array(inner)) {
                                if (change_leaf(inner, count))
                                        return true;
                        } else if ((*count)-- == 0) {
                                return json_object_set_new(value, name,
                                               json_is_true(inner) ? json_false() : json_string("other")) ==
                                       0;
                        }
                }
        return false;
}

static int read_tree(const json_t *tree, struct findings *findings)
{
        char *text = json_dumps(tree, JSON_INDENT(3));
        struct message message;

        message_init(&message, MESSAGE_NONE);
        int r = hi1_read(slice_of(text), &message, findings);
        assert_true(r == 0 || message.kind == MESSAGE_NONE);
        message_free(&message);
        free(text);
        return r;
}

static void test_each_changed_leaf_is_refused(void **state)
{
        (void)state;
        for (int kind = 1; kind < MESSAGE_KINDS; kind++) {
                struct chance chance = {.state = (uint64_t)kind * 77};
                struct buffer text = buffer_make(HI1_BYTES_MAX);
                struct findings none = {0};
                struct message message;
                random_message(&chance, (enum message_kind)kind, &message);
                write_message(&message, &text);
                json_t *tree = json_loadb((const char *)text.bytes, text.length, 0, NULL),
                       *other = shuffled(tree);
                assert_int_equal(read_tree(other, &none), 0);
                findings_free(&none);
                json_decref(other);
                for (size_t leaf = 0;; leaf++) {
                        struct findings findings = {0};
                        json_t *changed = json_deep_copy(tree);
                        size_t count = leaf;
                        bool was = change_leaf(changed, &count);
                        /* The number of an action counts too. */
                        if (was && read_tree(changed, &findings) != -EBADMSG)
                                fail_msg("kind %d, leaf %zu was changed and nobody saw it", kind, leaf);
                        assert_true(!was || findings.fatal > 0);
                        findings_free(&findings);
                        json_decref(changed);
                        if (!was) {
                                assert_true(leaf > 20);
                                break;
                        }
                }
                json_decref(tree);
                buffer_free(&text);
                message_free(&message);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_reading_undoes_writing),
                cmocka_unit_test(test_each_changed_leaf_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
