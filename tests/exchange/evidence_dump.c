/* SPDX-License-Identifier: EUPL-1.2 */
/* evidence_dump FOLDER: evidence of every verdict, with names that were chosen to break its writings, into
 * FOLDER/VERDICT/. For evidence.py. */
#include "evidence/scene_test.h"

#include <stdio.h>
#include <sys/stat.h>

static void save(const char *folder, const char *verdict, const char *name, const struct buffer *bytes)
{
        char path[4096];

        snprintf(path, sizeof path, "%s/%s", folder, verdict);
        (void)mkdir(path, 0700);
        snprintf(path, sizeof path, "%s/%s/%s", folder, verdict, name);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(bytes->bytes, 1, bytes->length, file) != bytes->length || fclose(file) != 0)
                abort();
}

static void dump(const char *folder, const char *verdict)
{
        static const char name[] = "<script>x</script>\" onload='x' \xe2\x80\xae &lt; \\ ]]> {{7*7}}";
        struct message message, answer;
        struct evidence_question *questions;
        size_t count;
        json_t *evidence = NULL;
        struct error error = {0};

        example_production(&message);
        message_init(&answer, MESSAGE_ANSWER);
        example_text(&message.order.title, "</title><script>x</script>");
        example_text(&message.order.identifiers.items[0].source.excerpt, "<b onclick=x>\"198.51.100.7\"</b>");
        message.order.data.all_holders = STATED_YES;
        message.order.data.identification |= WORD_BIT(IDENTIFICATION_PORTS);
        struct scope scope = {.order = &message.order};
        if (evidence_questions(&scope, &questions, &count, &error) < 0)
                abort();
        struct scene_candidate holders[2] = {scene_holder(questions, name, "100.64.0.3"),
                scene_holder(questions, "customer-18", "100.64.0.4")};
        char *text = scene_answer(questions, verdict, holders, strcmp(verdict, "one") == 0 ? 1 : 2);
        struct slice said = slice_of(text);
        struct evidence_person person = {.subscriber = name,
                .name = "<svg onload=x>",
                .postal_address = "1 <i>Street</i>",
                .origin = ORIGIN_USER_STATED};
        struct evidence_case of = scene_case(&scope);
        of.questions = questions;
        of.answers = &said;
        of.count = count;
        of.persons = &person;
        of.person_count = 1;
        struct buffer json = buffer_make(EVIDENCE_JSON_MAX), statement = buffer_make(EVIDENCE_JSON_MAX),
                      provenance = buffer_make(EVIDENCE_JSON_MAX);
        if (evidence_make(&of, &answer.answer, &evidence, &error) < 0 ||
                evidence_write_json(evidence, &json, &error) < 0 ||
                evidence_write_statement(evidence, &statement, &error) < 0 ||
                evidence_write_provenance(evidence, slice_make((char *)json.bytes, json.length),
                        slice_make((char *)statement.bytes, statement.length), &provenance, &error) < 0)
                abort();
        save(folder, verdict, EVIDENCE_JSON_NAME, &json);
        save(folder, verdict, EVIDENCE_STATEMENT_NAME, &statement);
        save(folder, verdict, EVIDENCE_PROVENANCE_NAME, &provenance);
        buffer_free(&json);
        buffer_free(&statement);
        buffer_free(&provenance);
        json_decref(evidence);
        free(questions);
        free(text);
        message_free(&message);
        message_free(&answer);
}

int main(int argc, char **argv)
{
        if (argc != 2)
                return 2;
        dump(argv[1], "one");
        dump(argv[1], "several");
        dump(argv[1], "none");
        dump(argv[1], "unknown");
        return 0;
}
