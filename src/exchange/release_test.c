/* SPDX-License-Identifier: EUPL-1.2 */
/* What has to be true before anything leaves a provider, and what becomes of what does not leave. */
#include "exchange/provider_case.h"
#include "exchange/provider_scene_test.h"

#include <sys/stat.h>

static void requirement_12_nothing_leaves_before_clearance_or_day_10(void **state)
{
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        assert_int_equal(state_at(ENFORCING, id), ORDER_STATE_RECEIVED);
        assert_int_equal(entries(PROVIDER, "authority-notified", id), 1);
        to_prepared(id);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_HELD);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        for (int day = 0; day < 9; day++) {
                scene_clock += TIME_DAY;
                AS(PROVIDER, "admin", clock_run(office, &error));
                REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        }
        REFUSED_AS(ENFORCING, "desk", -EPERM, enforcing_clear(office, id, "no objection", &error));
        AS(ENFORCING, "huber", enforcing_clear(office, id, "no objection", &error));
        REFUSED_AS(ENFORCING, "huber", -EPERM, enforcing_clear(office, id, "again", &error));
        settle();
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_PREPARED);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RELEASED);
}

/* The same by the clock alone, and not before the later of the two receipts. */
static void requirement_12_day_10_counts_from_the_later_receipt(void **state)
{
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        to_prepared(id);
        scene_clock += 9 * TIME_DAY;
        AS(PROVIDER, "admin", clock_run(office, &error));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_HELD);
        scene_clock += 6 * TIME_DAY;
        AS(PROVIDER, "admin", clock_run(office, &error));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_PREPARED);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
}

static void identifier_of(const char *id, size_t number, char ret_identifier[MODEL_ID_MAX])
{
        struct office *office = scene_open(PROVIDER, "wolf");
        struct book_order order;
        struct message message;
        struct error error = {0};

        message_init(&message, MESSAGE_NONE);
        scene_must(book_order_find(office, id, &order, &error), &error);
        scene_must(book_order_message(office, &order, &message, &error), &error);
        memcpy(ret_identifier, message.order.identifiers.items[number].id, MODEL_ID_MAX);
        message_free(&message);
        office_close(office);
}

/* Words that a program cannot hold data against are somebody's to answer for, each by its number. */
static void must_be_confirmed(const char *id)
{
        static const struct provider_confirmation right = {.number = 1, .reason = "one file, one recipient"},
                                                  twice[] = {{.number = 1, .reason = "one"},
                                                          {.number = 1, .reason = "two"}},
                                                  wrong = {.number = 2, .reason = "which?"},
                                                  none = {.number = 0, .reason = "which?"},
                                                  blank = {.number = 1, .reason = "  "};

        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        REFUSED_AS(PROVIDER, "maier", -ENOENT, provider_release_under(office, id, &wrong, 1, &error));
        REFUSED_AS(PROVIDER, "maier", -ENOENT, provider_release_under(office, id, &none, 1, &error));
        REFUSED_AS(PROVIDER, "maier", -EINVAL, provider_release_under(office, id, &blank, 1, &error));
        REFUSED_AS(PROVIDER, "maier", -EINVAL, provider_release_under(office, id, twice, 2, &error));
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_release_under(office, id, &right, 1, &error));
        assert_int_equal(entries(PROVIDER, "decision", "keep-condition"), 0);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_PREPARED);
        AS(PROVIDER, "maier", provider_release_under(office, id, &right, 1, &error));
        assert_int_equal(entries(PROVIDER, "decision", "keep-condition"), 1);
        assert_int_equal(entries(PROVIDER, "decision", "one file, one recipient"), 1);
}

static void requirement_13_a_partial_refusal_holds_for_its_identifier(void **state)
{
        static const char *const conditions[] = {"only for the proceedings named"};
        struct enforcing_objection objections[2] = {{.effect = OBJECTION_REFUSED,
                                                            .ground = GROUND_PRESS_FREEDOM,
                                                            .explanation = "the line of a newspaper"},
                {.effect = OBJECTION_CONDITIONAL,
                        .ground = GROUND_FUNDAMENTAL_RIGHTS,
                        .explanation = "under a condition",
                        .conditions = conditions,
                        .condition_count = 1}};
        struct message form, answer;
        char id[MODEL_ID_MAX], first[MODEL_ID_MAX], second[MODEL_ID_MAX], lines[256];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        snprintf(lines, sizeof lines, "%s%s", log_line, log_line_2);
        issue_lines(&form, lines, id);
        identifier_of(id, 0, first);
        identifier_of(id, 1, second);
        to_prepared(id);
        assert_int_equal(fake.asked, 2);
        objections[0].identifier_id = first;
        objections[1].identifier_id = second;
        AS(ENFORCING, "huber", enforcing_object(office, id, objections, 2, &error));
        settle();
        /* What was prepared is gone; it is made anew, without the first. */
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_EXAMINED);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        scene_clock += 1000;
        AS(PROVIDER, "desk", provider_prepare(office, id, &preparing, &error));
        assert_int_equal(fake.asked, 3);
        assert_string_equal(fake.words[2], "198.51.100.9:40999 2026-11-11T11:00:00.000Z");
        scene_clock += 16 * TIME_DAY;
        AS(PROVIDER, "admin", clock_run(office, &error));
        must_be_confirmed(id);
        settle();
        assert_int_equal(incidents(AUTHORITY), 0);
        read_answer(id, &answer);
        assert_int_equal(answer.answer.results.items[0].outcome, OUTCOME_REFUSED);
        assert_int_equal(answer.answer.results.items[0].files.count, 0);
        assert_int_equal(answer.answer.results.items[1].outcome, OUTCOME_DISCLOSED);
        assert_int_equal(answer.answer.results.items[1].conditions.count, 1);
        assert_int_equal(answer.answer.results.items[1].confirmations.count, 1);
        assert_string_equal(answer.answer.results.items[1].confirmations.items[0], "one file, one recipient");
        assert_int_equal(answer.answer.results.items[0].confirmations.count, 0);
        message_free(&answer);
}

/* What is cleared after an objection to one identifier is the rest: the objection must be there first. */
static void requirement_13_a_clearance_does_not_overtake_an_objection(void **state)
{
        struct enforcing_objection objection = {.effect = OBJECTION_REFUSED,
                .ground = GROUND_PRESS_FREEDOM,
                .explanation = "the line of a newspaper"};
        struct message form, answer;
        char id[MODEL_ID_MAX], first[MODEL_ID_MAX], lines[256];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        snprintf(lines, sizeof lines, "%s%s", log_line, log_line_2);
        issue_lines(&form, lines, id);
        identifier_of(id, 0, first);
        objection.identifier_id = first;
        AS(ENFORCING, "huber", enforcing_object(office, id, &objection, 1, &error));
        REFUSED_AS(ENFORCING, "huber", -EAGAIN, enforcing_clear(office, id, "the rest", &error));
        settle();
        AS(ENFORCING, "huber", enforcing_clear(office, id, "the rest", &error));
        settle();
        scene_clock += 1000;
        to_prepared(id);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        read_answer(id, &answer);
        assert_int_equal(answer.answer.results.items[0].outcome, OUTCOME_REFUSED);
        assert_int_equal(answer.answer.results.items[1].outcome, OUTCOME_DISCLOSED);
        message_free(&answer);
}

static void requirement_13_a_whole_refusal_ends_it(void **state)
{
        const struct enforcing_objection all = {.effect = OBJECTION_REFUSED,
                .ground = GROUND_FUNDAMENTAL_RIGHTS,
                .explanation = "a manifest breach"};
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        to_prepared(id);
        AS(ENFORCING, "huber", enforcing_object(office, id, &all, 1, &error));
        settle();
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_REFUSED);
        scene_clock += 30 * TIME_DAY;
        AS(PROVIDER, "admin", clock_run(office, &error));
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        REFUSED_AS(PROVIDER, "maier", -ENOENT,
                provider_read(office, id, PROVIDER_JSON, "curious", &(struct buffer){0}, &error));
}

static void requirement_14_the_press_goes_to_form_3_and_the_enforcing_authority(void **state)
{
        const struct provider_refusal refusal = {
                .obstacle = OBSTACLE_IMMUNITY_OR_PRESS, .explanation = "the line of a newspaper"};
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        AS(PROVIDER, "desk", provider_examine(office, id, "looked at", &error));
        AS(PROVIDER, "desk", provider_refuse(office, id, &refusal, &error));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_ROUTED);
        assert_int_equal(entries(PROVIDER, "message-sent", "cannot-execute"), 2);
        settle();
        assert_int_equal(incidents(AUTHORITY), 0);
        assert_int_equal(incidents(ENFORCING), 0);
        assert_int_equal(entries(ENFORCING, "message-received", "cannot-execute"), 1);
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_prepare(office, id, &preparing, &error));
        assert_int_equal(fake.asked, 0);
        /* It decides that nothing is protected: the desk reads it anew, and says why it goes on. */
        scene_clock += 1000;
        AS(ENFORCING, "huber", enforcing_clear(office, id, "it is no newspaper", &error));
        settle();
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        REFUSED_AS(PROVIDER, "desk", -EINVAL, provider_examine(office, id, "", &error));
        AS(PROVIDER, "desk", provider_examine(office, id, "the enforcing authority cleared it", &error));
        AS(PROVIDER, "desk", provider_prepare(office, id, &preparing, &error));
        AS(PROVIDER, "maier", provider_release(office, id, &error));
}

/* Neither the container nor anything in the provider's folder shows whom it is about. */
/* Form 6: the holds are kept longer, once. The program is one that says what the real one says. */
/* Section K names nobody: the enforcing authority of the directory gets Form 3, and the order with it. */
static void requirement_14_an_enforcing_authority_that_was_not_notified_decides(void **state)
{
        const struct provider_refusal refusal = {
                .obstacle = OBSTACLE_IMMUNITY_OR_PRESS, .explanation = "the line of a newspaper"};
        const struct enforcing_objection all = {.effect = OBJECTION_REFUSED,
                .ground = GROUND_PRESS_FREEDOM,
                .explanation = "a source of the press"};

        (void)state;
        begin();
        for (int cleared = 0; cleared < 2; cleared++) {
                struct message form;
                json_t *view = NULL;
                char id[MODEL_ID_MAX];
                make_form(&form);
                issue(&form, id);
                assert_int_equal(state_at(ENFORCING, id), -ENOENT);
                AS(PROVIDER, "desk", provider_examine(office, id, "looked at", &error));
                AS(PROVIDER, "desk", provider_refuse(office, id, &refusal, &error));
                settle();
                assert_int_equal(incidents(ENFORCING), 0);
                assert_int_equal(state_at(ENFORCING, id), ORDER_STATE_RECEIVED);
                AS(ENFORCING, "huber", enforcing_show(office, id, &view, &error));
                assert_int_equal(json_array_size(json_object_get(view, "identifiers")), 1);
                assert_string_equal(
                        json_string_value(json_object_get(
                                json_array_get(json_object_get(view, "form_3"), 0), "explanation")),
                        "the line of a newspaper");
                json_decref(view);
                REFUSED_AS(PROVIDER, "desk", -EPERM, provider_prepare(office, id, &preparing, &error));
                scene_clock += 1000;
                if (cleared)
                        AS(ENFORCING, "huber", enforcing_clear(office, id, "it is no newspaper", &error));
                else
                        AS(ENFORCING, "huber", enforcing_object(office, id, &all, 1, &error));
                settle();
                assert_int_equal(incidents(PROVIDER), 0);
                assert_int_equal(incidents(AUTHORITY), 0);
                assert_int_equal(
                        state_at(PROVIDER, id), cleared ? ORDER_STATE_RECEIVED : ORDER_STATE_REFUSED);
                assert_int_equal(
                        entries(AUTHORITY, "message-received", cleared ? "ea-clearance" : "ea-objection"), 1);
        }
        assert_int_equal(fake.asked, 0);
}

static void requirement_16_every_reading_is_logged_with_its_purpose(void **state)
{
        struct buffer text = buffer_make(EVIDENCE_JSON_MAX);
        struct provider_preparing silent = preparing;
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        silent.purpose = " ";
        make_form(&form);
        issue(&form, id);
        AS(PROVIDER, "desk", provider_examine(office, id, "looked at", &error));
        REFUSED_AS(PROVIDER, "desk", -EINVAL, provider_prepare(office, id, &silent, &error));
        assert_int_equal(fake.asked, 0);
        AS(PROVIDER, "desk", provider_prepare(office, id, &preparing, &error));
        assert_int_equal(entries(PROVIDER, "plaintext-read", "to answer the order"), 1);
        REFUSED_AS(
                PROVIDER, "maier", -EINVAL, provider_read(office, id, PROVIDER_STATEMENT, "", &text, &error));
        REFUSED_AS(PROVIDER, "admin", -EPERM,
                provider_read(office, id, PROVIDER_STATEMENT, "curious", &text, &error));
        assert_int_equal(text.length, 0);
        AS(PROVIDER, "maier", provider_read(office, id, PROVIDER_STATEMENT, "second look", &text, &error));
        assert_true(text.length > 1000);
        assert_int_equal(entries(PROVIDER, "plaintext-read", "second look"), 1);
        assert_int_equal(entries(PROVIDER, "plaintext-read", NULL), 2);
        buffer_free(&text);
}

static void requirement_19_evidence_is_encrypted_to_its_recipient(void **state)
{
        struct message form, answer;
        struct error failure = {0};
        char id[MODEL_ID_MAX], path[PATH_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        to_prepared(id);
        snprintf(path, sizeof path, "%s/evidence/draft-%s-evidence.json.p7m", scratch_path(PROVIDER), id);
        assert_false(file_has(path, "customer-17"));
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        read_answer(id, &answer);
        snprintf(path, sizeof path, "%s/containers/out-%s.asice", scratch_path(PROVIDER), answer.id);
        assert_false(file_has(path, "customer-17"));
        /* Who carries it, or keeps the machine between, cannot open it; the provider itself neither. */
        struct office *provider = scene_open(PROVIDER, "admin"), *authority = scene_open(AUTHORITY, "admin");
        struct container container;
        scene_must(post_container(authority, PROVIDER, answer.id, &container, &failure), &failure);
        const struct container_object *entry = container_find(&container, "evidence/evidence.json.p7m");
        assert_non_null(entry);
        const struct private_key *key;
        const struct certificate *certificate;
        struct cms_plaintext plain = {.bytes = NULL};
        struct findings findings = {0};
        scene_must(office_key(provider, DIRECTORY_DECRYPTION, &key, &certificate, &failure), &failure);
        assert_int_equal(cms_open(entry->bytes, entry->length, key, certificate, "x", &findings, &plain),
                -EKEYREJECTED);
        scene_must(office_key(authority, DIRECTORY_DECRYPTION, &key, &certificate, &failure), &failure);
        assert_int_equal(cms_open(entry->bytes, entry->length, key, certificate, "x", &findings, &plain), 0);
        assert_non_null(memmem(plain.bytes, plain.length, "customer-17", 11));
        cms_plaintext_free(&plain);
        findings_free(&findings);
        container_free(&container);
        office_close(provider);
        office_close(authority);
        message_free(&answer);
}

/* What each side sees of a question: its answer, or until when it is to come. */
static void must_show(const char *node, const char *id, size_t index, const char *answer)
{
        struct office *office = scene_open(node, "wolf");
        json_t *list = NULL;
        struct error error = {0};

        scene_must(facts_questions(office, id, &list, &error), &error);
        assert_int_equal(json_array_size(list), 2);
        const json_t *one = json_array_get(list, index);
        assert_int_equal(json_integer_value(json_object_get(one, "number")), index + 1);
        if (answer)
                assert_string_equal(json_string_value(json_object_get(one, "answer")), answer);
        assert_int_equal(json_is_string(json_object_get(one, "due")), !answer);
        json_decref(list);
        office_close(office);
}

/* Article 10(6): each question of a message has an answer of its own, and none is lost. */
static void every_question_is_answered_by_its_number(void **state)
{
        static const char *const questions[] = {"which clock?", "which forum?"};
        static const struct authority_reply both[] = {{2, "the one named"}, {1, "that of the server"}},
                                            twice[] = {{1, "one"}, {1, "two"}}, third = {3, "what?"},
                                            none = {0, "what?"}, blank[] = {{1, "x"}, {2, " "}};
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        AS(PROVIDER, "desk",
                provider_clarify_all(office, id, NULL, OBSTACLE_INCOMPLETE, questions, 2, &error));
        settle();
        must_show(PROVIDER, id, 0, NULL);
        must_show(AUTHORITY, id, 1, NULL);
        REFUSED_AS(AUTHORITY, "berger", -EPERM, authority_clarify(office, id, "for both", &error));
        REFUSED_AS(AUTHORITY, "berger", -ENOENT, authority_clarify_each(office, id, &third, 1, &error));
        REFUSED_AS(AUTHORITY, "berger", -ENOENT, authority_clarify_each(office, id, &none, 1, &error));
        REFUSED_AS(AUTHORITY, "berger", -EINVAL, authority_clarify_each(office, id, twice, 2, &error));
        REFUSED_AS(AUTHORITY, "berger", -EINVAL, authority_clarify_each(office, id, blank, 2, &error));
        must_show(AUTHORITY, id, 0, NULL);
        AS(AUTHORITY, "berger", authority_clarify_each(office, id, both, 2, &error));
        settle();
        assert_int_equal(incidents(PROVIDER), 0);
        must_show(AUTHORITY, id, 0, "that of the server");
        must_show(PROVIDER, id, 0, "that of the server");
        must_show(PROVIDER, id, 1, "the one named");
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
}

static void a_question_stops_the_clock(void **state)
{
        struct message form;
        char id[MODEL_ID_MAX];
        int64_t before, after;
        struct error failure = {0};

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        struct office *node = scene_open(PROVIDER, "wolf");
        scene_must(book_fact(node, id, FACT_DUE_MS, 0, &before, &failure), &failure);
        office_close(node);
        AS(PROVIDER, "desk", provider_clarify(office, id, NULL, OBSTACLE_INCOMPLETE, "which clock?", &error));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_CLARIFYING);
        settle();
        assert_int_equal(incidents(AUTHORITY), 0);
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_examine(office, id, "x", &error));
        scene_clock += 3 * TIME_DAY;
        AS(AUTHORITY, "berger", authority_clarify(office, id, "that of the forum", &error));
        settle();
        assert_int_equal(incidents(PROVIDER), 0);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        node = scene_open(PROVIDER, "wolf");
        scene_must(book_fact(node, id, FACT_DUE_MS, 0, &after, &failure), &failure);
        office_close(node);
        assert_true(after >= before + 3 * TIME_DAY);
        to_prepared(id);
}

/* It lies in the inbox, and nobody has looked at it yet. */
static void nothing_leaves_after_a_withdrawal_has_arrived(void **state)
{
        const struct authority_withdrawal withdrawal = {
                .reason = WITHDRAWAL_NOT_NEEDED, .explanation = "it was solved", .delete_data = true};
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        to_prepared(id);
        AS(AUTHORITY, "berger", authority_withdraw(office, id, &withdrawal, &error));
        struct office *from = scene_open(AUTHORITY, "wolf"), *to = scene_open(PROVIDER, "wolf");
        assert_int_equal(scene_carry(from, to), 1);
        office_close(from);
        office_close(to);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        assert_int_equal(entries(PROVIDER, "released", id), 0);
        assert_int_not_equal(state_at(PROVIDER, id), ORDER_STATE_RELEASED);
}

static void a_withdrawal_destroys_what_was_prepared(void **state)
{
        const struct authority_withdrawal withdrawal = {
                .reason = WITHDRAWAL_NOT_NEEDED, .explanation = "solved", .delete_data = true};
        struct message form;
        char id[MODEL_ID_MAX], path[PATH_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        to_prepared(id);
        AS(AUTHORITY, "berger", authority_withdraw(office, id, &withdrawal, &error));
        settle();
        assert_int_equal(incidents(PROVIDER), 0);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_DELETED);
        snprintf(path, sizeof path, "%s/evidence/draft-%s-evidence.json.p7m", scratch_path(PROVIDER), id);
        assert_int_not_equal(access(path, F_OK), 0);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        assert_int_equal(entries(PROVIDER, "withdrawn", id), 1);
}

/* A process that was killed while it prepared or released leaves files that belong to no draft, or a draft
 * whose files are all there. */
static void files_go_when_they_belong_to_no_draft(void **state)
{
        static const char stray[] = "draft-7e0f6a4c-51d2-4c3b-a9e8-1d2c3b4a5f60-evidence.json.p7m";
        struct message form;
        struct error failure = {0};
        char id[MODEL_ID_MAX], path[PATH_MAX], left[PATH_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        to_prepared(id);
        snprintf(left, sizeof left, "%s/evidence", scratch_path(PROVIDER));
        scene_must(file_publish(left, stray, "x", 1, &failure), &failure);
        snprintf(left, sizeof left, "%s/evidence/%s", scratch_path(PROVIDER), stray);
        snprintf(path, sizeof path, "%s/evidence/draft-%s-evidence.json.p7m", scratch_path(PROVIDER), id);
        AS(PROVIDER, "admin", clock_run(office, &error));
        assert_int_not_equal(access(left, F_OK), 0);
        assert_int_equal(access(path, F_OK), 0);
        /* A release that is refused at its end: nothing of it is destroyed. */
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_release(office, id, &error));
        assert_int_equal(access(path, F_OK), 0);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        assert_int_not_equal(access(path, F_OK), 0);
}

static void a_refusal_is_answered_by_form_3(void **state)
{
        const struct provider_refusal refusal = {
                .obstacle = OBSTACLE_NOT_STORED, .explanation = "that network is not ours"};
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        AS(PROVIDER, "desk", provider_refuse(office, id, &refusal, &error));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_REFUSED);
        assert_int_equal(entries(PROVIDER, "refused", id), 1);
        settle();
        assert_int_equal(incidents(AUTHORITY), 0);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_REFUSED);
}

static void an_amendment_is_examined_anew(void **state)
{
        struct message form, amendment, order;
        struct book_order row;
        struct error failure = {0};
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        to_prepared(id);
        struct office *authority = scene_open(AUTHORITY, "admin");
        scene_must(book_order_find(authority, id, &row, &failure), &failure);
        message_init(&order, MESSAGE_NONE);
        scene_must(book_order_message(authority, &row, &order, &failure), &failure);
        office_close(authority);
        message_init(&amendment, MESSAGE_AMENDMENT);
        EXAMPLE_SET(amendment.order_id, id);
        EXAMPLE_SET(amendment.amendment.replaces, EXAMPLE_MESSAGE_ID);
        amendment.generation = 2; /* of generation 1, which is missing */
        example_text(&amendment.amendment.reason, "the port was another");
        scene_must(
                model_texts_add(model_field_find(message_body_type(MESSAGE_AMENDMENT), slice_of("changes")),
                        &amendment.amendment, slice_of("source port"), &failure),
                &failure);
        scene_must(model_copy(&order_type, &order.order, &amendment.amendment.order), &failure);
        scene_clock += 1000;
        send_raw(AUTHORITY, &amendment);
        assert_int_equal(incidents(PROVIDER), 1);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_PREPARED);
        EXAMPLE_SET(amendment.amendment.replaces, order.id);
        amendment.generation = 0; /* not a newer one */
        send_raw(AUTHORITY, &amendment);
        assert_int_equal(incidents(PROVIDER), 2);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_PREPARED);
        amendment.generation = 1;
        send_raw(AUTHORITY, &amendment);
        if (incidents(PROVIDER) != 2)
                fail_msg("%s", last_incident.words);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        assert_int_equal(entries(PROVIDER, "retention", id), 1);
        scene_clock += 1000;
        to_prepared(id);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        message_free(&order);
        message_free(&amendment);
}

static void a_third_countrys_law_goes_to_the_court(void **state)
{
        struct law_conflict conflict = {.country = "US",
                .law = strdup("a law"),
                .obligation = strdup("forbids it"),
                .applies = strdup("the data are of its citizens"),
                .consequence = strdup("a fine"),
                .link = strdup("the parent company")};
        const struct provider_refusal refusal = {
                .obstacle = OBSTACLE_THIRD_COUNTRY_LAW, .explanation = "a conflict", .conflict = &conflict};
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        AS(PROVIDER, "desk", provider_refuse(office, id, &refusal, &error));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_IN_REVIEW);
        settle();
        assert_int_equal(incidents(AUTHORITY), 0);
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_prepare(office, id, &preparing, &error));
        free(conflict.law);
        free(conflict.obligation);
        free(conflict.applies);
        free(conflict.consequence);
        free(conflict.link);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)
        const struct CMUnitTest tests[] = {
                TEST(requirement_12_nothing_leaves_before_clearance_or_day_10),
                TEST(requirement_12_day_10_counts_from_the_later_receipt),
                TEST(requirement_13_a_partial_refusal_holds_for_its_identifier),
                TEST(requirement_13_a_clearance_does_not_overtake_an_objection),
                TEST(requirement_13_a_whole_refusal_ends_it),
                TEST(requirement_14_the_press_goes_to_form_3_and_the_enforcing_authority),
                TEST(requirement_14_an_enforcing_authority_that_was_not_notified_decides),
                TEST(requirement_16_every_reading_is_logged_with_its_purpose),
                TEST(requirement_19_evidence_is_encrypted_to_its_recipient),
                TEST(every_question_is_answered_by_its_number),
                TEST(a_question_stops_the_clock),
                TEST(nothing_leaves_after_a_withdrawal_has_arrived),
                TEST(a_withdrawal_destroys_what_was_prepared),
                TEST(files_go_when_they_belong_to_no_draft),
                TEST(a_refusal_is_answered_by_form_3),
                TEST(an_amendment_is_examined_anew),
                TEST(a_third_countrys_law_goes_to_the_court),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
