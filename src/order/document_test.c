/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* doc/format/order.md lists every rule with its article and every step: it is held against the tables. */

static const char *document_path;
static char *document;

static int set_up(void **state)
{
        size_t room = 1 << 20, length;
        FILE *file = fopen(document_path, "r");

        (void)state;
        if (!file)
                return -1;
        document = malloc(room);
        length = document ? fread(document, 1, room - 1, file) : 0;
        fclose(file);
        if (!document)
                return -1;
        document[length] = '\0';
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        free(document);
        return 0;
}

static void has(const char *line)
{
        if (!strstr(document, line))
                print_error("%s lacks: %s\n", document_path, line);
        assert_non_null(strstr(document, line));
}

static void test_every_rule_stands_in_the_document_with_its_article(void **state)
{
        (void)state;
        for (size_t i = 0; i < rules_count(); i++) {
                const struct rule *rule = rules_at(i);
                char line[1024];
                snprintf(line, sizeof line, "| `%s` | %s | %s | %s |", rule->id, rule->article,
                        rule->sentence, word_name(&severity_words, rule->severity));
                has(line);
        }
}

static void test_every_step_stands_in_the_document(void **state)
{
        static const struct vocabulary *const states[] = {
                &order_state_words, &task_state_words, &delivery_state_words};

        (void)state;
        for (size_t i = 0; i < steps_count(); i++) {
                const struct step *step = steps_at(i);
                char line[1024], from[512] = "";
                size_t length = 0;
                for (int value = 1; value < 63; value++)
                        if (step->from & WORD_BIT(value))
                                length += (size_t)snprintf(from + length, sizeof from - length, "%s%s",
                                        length ? ", " : "", word_name(states[step->machine], value));
                snprintf(line, sizeof line, "| `%s` | %s | %s | %s | %s |", step->id, from,
                        word_name(states[step->machine], step->to),
                        step->actor == ACTOR_PERSON    ? word_name(&person_role_words, step->role)
                        : step->actor == ACTOR_MESSAGE ? "message"
                                                       : "clock",
                        step->words);
                has(line);
        }
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_rule_stands_in_the_document_with_its_article),
                cmocka_unit_test(test_every_step_stands_in_the_document),
        };

        if (argc != 2) {
                print_error("usage: document_test doc/format/order.md\n");
                return 2;
        }
        document_path = argv[1];
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
