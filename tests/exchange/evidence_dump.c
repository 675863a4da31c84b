/* SPDX-License-Identifier: EUPL-1.2 */
/* evidence_dump FOLDER: evidence of every verdict, with names that were chosen to break its writings, into
 * FOLDER/VERDICT/. For evidence.py.
 * evidence_dump ANSWER PORT AT LOG FOLDER NAME: evidence of what a real store answered about tcp on that port
 * of 198.51.100.7, with proofs out of a real log, into FOLDER/NAME/. */
#include "chronicle/windows.h"
#include "evidence/scene_test.h"
#include "os/file.h"

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

/* ---- of a real store and a real log ---- */

struct real_log {
        struct chronicle *chronicle;
        struct logged_windows windows;
        struct buffer proof;
};

static int find_window(void *context, const char *realm, const char *file, struct evidence_window *ret_window,
        struct error *error)
{
        struct real_log *log = context;
        const struct logged_window *window = logged_windows_find(&log->windows, realm, file);

        if (!window)
                return 0;
        buffer_clear(&log->proof);
        int r = chronicle_prove(log->chronicle, window->index, true, &log->proof, error);
        if (r == 0)
                r = buffer_append_u8(&log->proof, 0);
        *ret_window = (struct evidence_window){.known = true,
                .origin = chronicle_log_key(log->chronicle)->name,
                .index = window->index,
                .proof = (const char *)log->proof.bytes};
        memcpy(ret_window->digest, window->digest, sizeof ret_window->digest);
        return r;
}

static void must(int r, const struct error *error)
{
        if (r >= 0)
                return;
        fprintf(stderr, "evidence_dump: %s\n", error->text);
        exit(1);
}

static void dump_real(char **words)
{
        struct message message, answer;
        struct evidence_question *questions;
        struct buffer text = buffer_make(EVIDENCE_ANSWER_MAX), json = buffer_make(EVIDENCE_JSON_MAX),
                      statement = buffer_make(EVIDENCE_JSON_MAX), provenance = buffer_make(EVIDENCE_JSON_MAX);
        struct real_log log = {.proof = buffer_make(1 << 20)};
        struct error error = {0};
        json_t *evidence = NULL;
        size_t count;

        example_production(&message);
        message_init(&answer, MESSAGE_ANSWER);
        struct identifier *identifier = &message.order.identifiers.items[0];
        identifier->source_port = atoll(words[1]);
        must(time_parse_rfc3339(slice_of(words[2]), &identifier->from_ms, NULL, &error), &error);
        identifier->to_ms = identifier->from_ms;
        struct scope scope = {.order = &message.order};
        must(evidence_questions(&scope, &questions, &count, &error), &error);
        must(file_read(words[0], &text, &error), &error);
        must(chronicle_open(words[3], CHRONICLE_READ, NULL, &log.chronicle, &error), &error);
        must(logged_windows_read(log.chronicle, &log.windows, &error), &error);
        struct slice said = slice_make((char *)text.bytes, text.length);
        struct evidence_case of = scene_case(&scope);
        of.questions = questions;
        of.answers = &said;
        of.count = count;
        of.window = find_window;
        of.context = &log;
        must(evidence_make(&of, &answer.answer, &evidence, &error), &error);
        must(evidence_write_json(evidence, &json, &error), &error);
        must(evidence_write_statement(evidence, &statement, &error), &error);
        must(evidence_write_provenance(evidence, slice_make((char *)json.bytes, json.length),
                     slice_make((char *)statement.bytes, statement.length), &provenance, &error),
                &error);
        save(words[4], words[5], EVIDENCE_JSON_NAME, &json);
        save(words[4], words[5], EVIDENCE_STATEMENT_NAME, &statement);
        save(words[4], words[5], EVIDENCE_PROVENANCE_NAME, &provenance);
        chronicle_close(log.chronicle);
        logged_windows_free(&log.windows);
        buffer_free(&log.proof);
        buffer_free(&text);
        buffer_free(&json);
        buffer_free(&statement);
        buffer_free(&provenance);
        json_decref(evidence);
        free(questions);
        message_free(&message);
        message_free(&answer);
}

int main(int argc, char **argv)
{
        if (argc == 7) {
                dump_real(argv + 1);
                return 0;
        }
        if (argc != 2)
                return 2;
        dump(argv[1], "one");
        dump(argv[1], "several");
        dump(argv[1], "none");
        dump(argv[1], "unknown");
        return 0;
}
