/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/scene_test.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* An order, the questions it gives, and the evidence of what the store said. */
struct scene {
        struct message message;
        struct scope scope;
        struct evidence_question *questions;
        size_t count;
        struct message answer;
        json_t *evidence;
        struct buffer json, statement, provenance;
};

static void scene_begin(struct scene *s)
{
        struct error error = {0};

        memset(s, 0, sizeof *s);
        example_production(&s->message);
        s->message.order.data.identification = WORD_BIT(IDENTIFICATION_IP_LOGS) |
                                               WORD_BIT(IDENTIFICATION_PORTS) |
                                               WORD_BIT(IDENTIFICATION_USER_IDS);
        s->scope = (struct scope){.order = &s->message.order};
        message_init(&s->answer, MESSAGE_ANSWER);
        assert_int_equal(evidence_questions(&s->scope, &s->questions, &s->count, &error), 0);
}

static int scene_make(struct scene *s, struct evidence_case *of, const char *text, struct error *error)
{
        struct slice said = slice_of(text);

        of->questions = s->questions;
        of->answers = &said;
        of->count = s->count;
        int r = evidence_make(of, &s->answer.answer, &s->evidence, error);
        if (r < 0)
                return r;
        s->json = buffer_make(EVIDENCE_JSON_MAX);
        s->statement = buffer_make(EVIDENCE_JSON_MAX);
        s->provenance = buffer_make(EVIDENCE_JSON_MAX);
        assert_int_equal(evidence_write_json(s->evidence, &s->json, error), 0);
        assert_int_equal(evidence_write_statement(s->evidence, &s->statement, error), 0);
        struct slice json = slice_make((const char *)s->json.bytes, s->json.length),
                     statement = slice_make((const char *)s->statement.bytes, s->statement.length);
        assert_int_equal(evidence_write_provenance(s->evidence, json, statement, &s->provenance, error), 0);
        buffer_append_u8(&s->json, 0);
        buffer_append_u8(&s->statement, 0);
        buffer_append_u8(&s->provenance, 0);
        return 0;
}

static bool leaves(const struct scene *s, const char *text)
{
        return strstr((char *)s->json.bytes, text) || strstr((char *)s->statement.bytes, text) ||
               strstr((char *)s->provenance.bytes, text);
}

static void scene_end(struct scene *s)
{
        message_free(&s->message);
        message_free(&s->answer);
        free(s->questions);
        json_decref(s->evidence);
        buffer_free(&s->json);
        buffer_free(&s->statement);
        buffer_free(&s->provenance);
}

static struct result *result_of(struct scene *s, size_t number)
{
        return &s->answer.answer.results.items[number];
}

static void the_question_is_the_identifier(void **state)
{
        char words[EVIDENCE_WORDS_MAX][EVIDENCE_WORD_MAX];
        struct scene s;

        (void)state;
        scene_begin(&s);
        assert_int_equal(s.count, 1);
        assert_int_equal(evidence_question_words(&s.questions[0], words), 5);
        assert_string_equal(words[0], "198.51.100.7:40211");
        assert_string_equal(words[1], "--at");
        assert_string_equal(words[2], "2026-11-11T08:40:00.000Z");
        assert_string_equal(words[3], "--proto");
        assert_string_equal(words[4], "tcp");
        scene_end(&s);
}

static void a_range_of_time_is_asked_from_its_middle(void **state)
{
        struct evidence_question *questions;
        struct scene s;
        size_t count;

        (void)state;
        scene_begin(&s);
        s.message.order.identifiers.items[0].to_ms += 9001;
        s.scope.skew_ms = 2000;
        assert_int_equal(evidence_questions(&s.scope, &questions, &count, NULL), 0);
        assert_int_equal(count, 1);
        assert_true(questions[0].at_ms - questions[0].skew_ms + 2000 <=
                    s.message.order.identifiers.items[0].from_ms);
        assert_true(questions[0].at_ms + questions[0].skew_ms - 2000 >=
                    s.message.order.identifiers.items[0].to_ms);
        free(questions);
        scene_end(&s);
}

static void refused_identifiers_are_not_asked(void **state)
{
        struct scope_refusal refusal = {.identifier_id = EXAMPLE_IDENTIFIER_ID, .reason = "press"};
        struct evidence_question *questions;
        struct scene s;
        size_t count;

        (void)state;
        scene_begin(&s);
        s.scope.refusals = &refusal;
        s.scope.refusal_count = 1;
        assert_int_equal(evidence_questions(&s.scope, &questions, &count, NULL), 0);
        assert_int_equal(count, 0);
        free(questions);
        scene_end(&s);
}

static void one_is_disclosed_with_its_labels(void **state)
{
        struct evidence_person person = {.subscriber = "customer-17",
                .name = "Example Person",
                .postal_address = "1 Example Street",
                .origin = ORIGIN_BILLING};
        struct error error = {0};
        struct scene s;

        (void)state;
        scene_begin(&s);
        struct scene_candidate holder = scene_holder(&s.questions[0], "customer-17", "100.64.0.3");
        char *text = scene_answer(&s.questions[0], "one", &holder, 1);
        struct evidence_case of = scene_case(&s.scope);
        of.persons = &person;
        of.person_count = 1;
        assert_int_equal(scene_make(&s, &of, text, &error), 0);
        struct result *result = result_of(&s, 0);
        assert_int_equal(result->outcome, OUTCOME_DISCLOSED);
        assert_int_equal(result->verdict, VERDICT_OF_ONE);
        assert_int_equal(result->holders, 1);
        assert_int_equal(result->address_origin, ORIGIN_BILLING);
        assert_int_equal(result->margin_ms, TIME_HOUR);
        assert_int_equal(result->near_edge, STATED_NO);
        assert_int_equal(result->corroborate, STATED_YES);
        assert_int_equal(result->clock_offset_ms, -40);
        assert_int_equal(result->clock_uncertainty_ms, 2000);
        assert_string_equal(result->clock_source, "clock of the exporter cgn-1 of the realm east");
        assert_true(leaves(&s, "customer-17"));
        assert_true(leaves(&s, "1 Example Street"));
        assert_non_null(strstr((char *)s.statement.bytes, "where bills are sent"));
        assert_non_null(strstr((char *)s.statement.bytes, "2026-11-11T09:40:00.000+01:00"));
        assert_non_null(strstr((char *)s.json.bytes, "node.example/log"));
        free(text);
        scene_end(&s);
}

static void near_an_edge_is_warned_of(void **state)
{
        struct error error = {0};
        struct scene s;

        (void)state;
        scene_begin(&s);
        struct scene_candidate holder = scene_holder(&s.questions[0], "customer-17", "100.64.0.3");
        holder.margin_ms = 3000;
        char *text = scene_answer(&s.questions[0], "one", &holder, 1);
        struct evidence_case of = scene_case(&s.scope);
        assert_int_equal(scene_make(&s, &of, text, &error), 0);
        assert_int_equal(result_of(&s, 0)->near_edge, STATED_YES);
        assert_non_null(strstr((char *)s.statement.bytes, "near an edge"));
        free(text);
        scene_end(&s);
}

/* Neither unknown nor several (unless all are asked for) names anybody: nothing of a binding leaves. */
static void check_nobody_named(const char *verdict, enum outcome outcome, bool all)
{
        struct error error = {0};
        struct scene s;

        scene_begin(&s);
        if (all)
                s.message.order.data.all_holders = STATED_YES;
        struct scene_candidate holders[2] = {scene_holder(&s.questions[0], "customer-17", "100.64.0.3"),
                scene_holder(&s.questions[0], "customer-18", "100.64.0.4")};
        char *text = scene_answer(&s.questions[0], verdict, holders, 2);
        struct evidence_case of = scene_case(&s.scope);
        assert_int_equal(scene_make(&s, &of, text, &error), 0);
        assert_int_equal(result_of(&s, 0)->outcome, outcome);
        assert_int_equal(leaves(&s, "customer-1"), outcome == OUTCOME_DISCLOSED);
        assert_int_equal(leaves(&s, "100.64.0."), outcome == OUTCOME_DISCLOSED);
        assert_int_equal(leaves(&s, "20261111T10Z"), outcome == OUTCOME_DISCLOSED);
        assert_true(leaves(&s, SCOPE_NO_EVIDENCE));
        assert_non_null(strstr(result_of(&s, 0)->statement, SCOPE_NO_EVIDENCE));
        free(text);
        scene_end(&s);
}

static void unknown_names_nobody(void **state)
{
        (void)state;
        check_nobody_named("unknown", OUTCOME_NOT_AVAILABLE, false);
        check_nobody_named("unknown", OUTCOME_NOT_AVAILABLE, true);
}

static void several_names_nobody_unless_all_are_ordered(void **state)
{
        (void)state;
        check_nobody_named("several", OUTCOME_NOT_AVAILABLE, false);
        check_nobody_named("several", OUTCOME_DISCLOSED, true);
}

static void what_no_category_asks_for_stays(void **state)
{
        struct error error = {0};
        struct scene s;

        (void)state;
        scene_begin(&s);
        s.message.order.data.categories = WORD_BIT(CATEGORY_SUBSCRIBER);
        s.message.order.data.identification = 0;
        struct scene_candidate holder = scene_holder(&s.questions[0], "customer-17", "100.64.0.3");
        holder.destination = "203.0.113.9";
        char *text = scene_answer(&s.questions[0], "one", &holder, 1);
        struct evidence_case of = scene_case(&s.scope);
        assert_int_equal(scene_make(&s, &of, text, &error), 0);
        assert_true(leaves(&s, "customer-17"));
        assert_false(leaves(&s, "100.64.0.3"));
        assert_false(leaves(&s, "203.0.113.9"));
        assert_non_null(strstr((char *)s.json.bytes, "not_ordered"));
        free(text);
        scene_end(&s);

        scene_begin(&s);
        s.message.order.data.categories = WORD_BIT(CATEGORY_IDENTIFY_ONLY);
        s.message.order.data.identification = WORD_BIT(IDENTIFICATION_IP_LOGS);
        text = scene_answer(&s.questions[0], "one", &holder, 1);
        assert_int_equal(scene_make(&s, &of, text, &error), 0);
        assert_false(leaves(&s, "customer-17"));
        assert_true(leaves(&s, "100.64.0.3"));
        assert_false(leaves(&s, "203.0.113.9"));
        free(text);
        scene_end(&s);
}

static void bindings_outside_the_scope_stay_and_are_counted(void **state)
{
        struct error error = {0};
        struct scene s;

        (void)state;
        scene_begin(&s);
        struct scene_candidate holders[3] = {scene_holder(&s.questions[0], "customer-17", "100.64.0.3"),
                scene_holder(&s.questions[0], "customer-18", "100.64.0.4"),
                scene_holder(&s.questions[0], "customer-19", "100.64.0.5")};
        holders[1].first = holders[1].last = 40212;
        holders[2].from_ms -= TIME_DAY;
        holders[2].to_ms -= TIME_DAY;
        char *text = scene_answer(&s.questions[0], "one", holders, 3);
        struct evidence_case of = scene_case(&s.scope);
        assert_int_equal(scene_make(&s, &of, text, &error), 0);
        assert_true(leaves(&s, "customer-17"));
        assert_false(leaves(&s, "customer-18"));
        assert_false(leaves(&s, "customer-19"));
        assert_non_null(strstr((char *)s.json.bytes, scope_fate_words(SCOPE_OTHER_PORT)));
        assert_non_null(strstr((char *)s.json.bytes, scope_fate_words(SCOPE_OTHER_TIME)));
        free(text);
        scene_end(&s);
}

static void an_answer_to_another_question_is_none(void **state)
{
        static const char *const wrongs[][2] = {{"198.51.100.7\",\"port\"", "198.51.100.8\",\"port\""},
                {"\"port\":40211", "\"port\":40212"}, {"\"at\":\"2026-11-11T08", "\"at\":\"2026-11-11T09"},
                {"\"protocol\":\"tcp\",\"at\"", "\"protocol\":\"udp\",\"at\""},
                {"\"dest\":null", "\"dest\":\"203.0.113.1\""}, {"\"skew_ms\":2000", "\"skew_ms\":200000000"},
                {"\"verdict\":\"one\"", "\"verdict\":\"two\""}, {"\"candidates\":[", "\"candidate\":["},
                {"\"from_edge\":\"observed\"", "\"from_edge\":1"}};
        struct error error = {0};
        struct scene s;

        (void)state;
        scene_begin(&s);
        struct scene_candidate holder = scene_holder(&s.questions[0], "customer-17", "100.64.0.3");
        char *text = scene_answer(&s.questions[0], "one", &holder, 1);
        struct evidence_case of = scene_case(&s.scope);
        for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
                char bent[8192];
                const char *at = strstr(text, wrongs[i][0]);
                assert_non_null(at);
                snprintf(bent, sizeof bent, "%.*s%s%s", (int)(at - text), text, wrongs[i][1],
                        at + strlen(wrongs[i][0]));
                assert_int_equal(scene_make(&s, &of, bent, &error), -EBADMSG);
                message_free(&s.answer);
                message_init(&s.answer, MESSAGE_ANSWER);
        }
        assert_int_equal(scene_make(&s, &of, "{", &error), -EBADMSG);
        free(text);
        scene_end(&s);
}

/* Names are the customers' own choice. */
static void hostile_names_break_no_writing(void **state)
{
        static const char name[] = "<script>alert(1)</script>\"'&<!-- \xe2\x80\xae]]> \x01 -->{}\\u0000";
        struct error error = {0};
        struct scene s;

        (void)state;
        scene_begin(&s);
        example_text(&s.message.order.title, "</title><img src=x onerror=alert(1)>");
        struct scene_candidate holder = scene_holder(&s.questions[0], name, "100.64.0.3");
        char *text = scene_answer(&s.questions[0], "one", &holder, 1);
        struct evidence_case of = scene_case(&s.scope);
        assert_int_equal(scene_make(&s, &of, text, &error), 0);
        assert_null(strstr((char *)s.statement.bytes, "<script"));
        assert_null(strstr((char *)s.statement.bytes, "<img"));
        assert_null(strstr((char *)s.statement.bytes, "\xe2\x80\xae"));
        assert_non_null(strstr((char *)s.statement.bytes, "[U+202E]"));
        assert_non_null(strstr((char *)s.statement.bytes, "[U+0001]"));
        json_t *json = json_loads((char *)s.json.bytes, JSON_REJECT_DUPLICATES, NULL),
               *provenance = json_loads((char *)s.provenance.bytes, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        assert_non_null(provenance);
        const json_t *binding = json_array_get(
                json_object_get(
                        json_array_get(
                                json_object_get(
                                        json_array_get(json_object_get(json, "identifiers"), 0), "findings"),
                                0),
                        "bindings"),
                0);
        assert_string_equal(json_string_value(json_object_get(binding, "subscriber")), name);
        json_decref(json);
        json_decref(provenance);
        free(text);
        scene_end(&s);
}

static void persons_come_only_with_the_stores_own_naming(void **state)
{
        struct evidence_person persons[2] = {{.subscriber = "customer-99",
                                                     .name = "Somebody Else",
                                                     .postal_address = "9 Elsewhere",
                                                     .origin = ORIGIN_CONTRACT},
                {.subscriber = "customer-17", .name = "Example Person"}};
        struct error error = {0};
        struct scene s;

        (void)state;
        scene_begin(&s);
        struct scene_candidate holder = scene_holder(&s.questions[0], "customer-17", "100.64.0.3");
        char *text = scene_answer(&s.questions[0], "one", &holder, 1);
        struct evidence_case of = scene_case(&s.scope);
        of.persons = persons;
        of.person_count = 2;
        assert_int_equal(scene_make(&s, &of, text, &error), 0);
        assert_false(leaves(&s, "Somebody Else"));
        assert_false(leaves(&s, "Elsewhere"));
        assert_true(leaves(&s, "Example Person"));
        assert_int_equal(result_of(&s, 0)->address_origin, ORIGIN_NOT_ANSWERED);
        free(text);
        scene_end(&s);
}

static void a_window_outside_of_the_log_is_said(void **state)
{
        struct error error = {0};
        struct scene s;

        (void)state;
        scene_begin(&s);
        struct scene_candidate holder = scene_holder(&s.questions[0], "customer-17", "100.64.0.3");
        char *text = scene_answer(&s.questions[0], "one", &holder, 1);
        struct evidence_case of = scene_case(&s.scope);
        of.window = NULL;
        assert_int_equal(scene_make(&s, &of, text, &error), 0);
        assert_non_null(strstr((char *)s.statement.bytes, "does not stand in the log"));
        free(text);
        scene_end(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_question_is_the_identifier),
                cmocka_unit_test(a_range_of_time_is_asked_from_its_middle),
                cmocka_unit_test(refused_identifiers_are_not_asked),
                cmocka_unit_test(one_is_disclosed_with_its_labels),
                cmocka_unit_test(near_an_edge_is_warned_of),
                cmocka_unit_test(unknown_names_nobody),
                cmocka_unit_test(several_names_nobody_unless_all_are_ordered),
                cmocka_unit_test(what_no_category_asks_for_stays),
                cmocka_unit_test(bindings_outside_the_scope_stay_and_are_counted),
                cmocka_unit_test(an_answer_to_another_question_is_none),
                cmocka_unit_test(hostile_names_break_no_writing),
                cmocka_unit_test(persons_come_only_with_the_stores_own_naming),
                cmocka_unit_test(a_window_outside_of_the_log_is_said),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
