/* SPDX-License-Identifier: EUPL-1.2 */
/* Orders arrive at a provider, are examined, and answered with what was ordered. */
#include "exchange/provider_scene_test.h"
#include "exchange/rows.h"
#include "exchange/window_index.h"

static void an_order_is_answered(void **state)
{
        struct message form, answer;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        assert_int_equal(entries(PROVIDER, "order-received", id), 1);
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_prepare(office, id, &preparing, &error));
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_examine(office, id, "", &error));
        to_prepared(id);
        assert_int_equal(fake.asked, 1);
        assert_string_equal(fake.words[0], "198.51.100.7:40211 2026-11-11T10:00:00.000Z");
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_PREPARED);
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_release(office, id, &error));
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RELEASED);
        assert_int_equal(entries(PROVIDER, "released", id), 1);
        settle();
        assert_int_equal(incidents(AUTHORITY), 0);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_ANSWERED);
        open_answer(id);
        assert_non_null(strstr(opened_answer.json, "customer-17"));
        assert_null(strstr(opened_answer.json, "customer-18"));
        read_answer(id, &answer);
        assert_int_equal(answer.answer.results.count, 1);
        assert_int_equal(answer.answer.results.items[0].outcome, OUTCOME_DISCLOSED);
        message_free(&answer);
}

/* A key that the directory pins for another role orders nothing. */
static void requirement_01_only_a_pinned_key_with_the_role_orders(void **state)
{
        struct message message;

        (void)state;
        begin();
        scene_init(OVERSIGHT);
        raw_order(&message, OVERSIGHT);
        send_raw(OVERSIGHT, &message);
        assert_int_equal(incidents(PROVIDER), 1);
        assert_string_equal(last_incident.code, "wrong-party");
        assert_int_equal(state_at(PROVIDER, message.order_id), -ENOENT);
        /* The prosecution's own key, but data that it may not order. */
        message_free(&message);
        raw_order(&message, AUTHORITY);
        message.order.data.categories = WORD_BIT(CATEGORY_TRAFFIC);
        message.order.data.traffic = WORD_BIT(TRAFFIC_CONNECTIONS);
        message.order.data.subscriber = message.order.data.identification = 0;
        message.order.data.from_ms = scene_clock - 13 * TIME_DAY;
        message.order.data.to_ms = scene_clock - 11 * TIME_DAY;
        send_raw(AUTHORITY, &message);
        assert_int_equal(incidents(PROVIDER), 2);
        assert_string_equal(last_incident.code, "handler-refused");
        assert_int_equal(state_at(PROVIDER, message.order_id), -ENOENT);
        assert_int_equal(entries(PROVIDER, "order-received", NULL), 0);
        message_free(&message);
}

static void requirement_02_an_emergency_needs_two_people_and_a_call_back(void **state)
{
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        issue_emergency(id);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_examine(office, id, "urgent", &error));
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_call_back(office, id, true, "Dr. Huber", &error));
        AS(PROVIDER, "maier", provider_call_back(office, id, false, "somebody who knows nothing", &error));
        assert_int_equal(incidents(PROVIDER), 1);
        assert_string_equal(last_incident.code, "not-confirmed");
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_examine(office, id, "urgent", &error));
        AS(PROVIDER, "maier", provider_call_back(office, id, true, "Dr. Huber", &error));
        assert_int_equal(entries(PROVIDER, "decision", "+431000001"), 2); /* the directory's own number */
        to_prepared(id);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
}

/* What nobody validates in 48 hours counts as withdrawn at the provider too, by its own clock. */
static void requirement_03_an_unvalidated_emergency_is_destroyed_at_48_hours(void **state)
{
        char id[MODEL_ID_MAX], path[PATH_MAX];

        (void)state;
        begin();
        issue_emergency(id);
        AS(PROVIDER, "maier", provider_call_back(office, id, true, "Dr. Huber", &error));
        to_prepared(id);
        snprintf(path, sizeof path, "%s/evidence/draft-%s-evidence.json.p7m", scratch_path(PROVIDER), id);
        assert_int_equal(access(path, F_OK), 0);
        scene_clock += 48 * TIME_HOUR;
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        AS(PROVIDER, "admin", clock_run(office, &error));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_DELETED);
        assert_int_not_equal(access(path, F_OK), 0);
        assert_int_equal(entries(PROVIDER, "retention", id), 1);
        assert_int_equal(entries(PROVIDER, "withdrawn", id), 1);
}

static void requirement_05_preservation_gets_the_same_checks(void **state)
{
        struct message message, form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        scene_init(OVERSIGHT);
        raw_order(&message, OVERSIGHT);
        message.kind = MESSAGE_PRESERVATION_ORDER;
        message.order.kind = ORDER_PRESERVATION;
        send_raw(OVERSIGHT, &message);
        assert_int_equal(incidents(PROVIDER), 1);
        assert_string_equal(last_incident.code, "wrong-party");
        message_free(&message);
        make_preservation(&form);
        issue(&form, id);
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_prepare(office, id, &preparing, &error));
        AS(PROVIDER, "desk", provider_examine(office, id, "looked at", &error));
        AS(PROVIDER, "desk", provider_prepare(office, id, &preparing, &error));
        assert_int_equal(fake.held, 1);
        assert_int_equal(fake.asked, 0); /* nobody read anything */
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_PRESERVED);
        assert_int_equal(entries(PROVIDER, "preserved", id), 1);
        assert_int_equal(entries(PROVIDER, "plaintext-read", id), 0);
        settle();
        read_answer(id, &message);
        assert_int_equal(message.answer.results.items[0].outcome, OUTCOME_PRESERVED);
        assert_int_equal(message.files.count, 0);
        message_free(&message);
        assert_int_equal(incidents(AUTHORITY), 0);
}

static void requirement_08_a_shared_address_without_a_port_is_told(void **state)
{
        struct message message;

        (void)state;
        begin();
        raw_order(&message, AUTHORITY);
        message.order.identifiers.items[0].source_port = MODEL_UNSTATED;
        message.order.identifiers.items[0].warnings = WORD_BIT(WARNING_NO_PORT);
        send_raw(AUTHORITY, &message);
        int refused = incidents(PROVIDER);
        if (refused) {
                assert_non_null(strstr(last_incident.words, "port"));
        } else {
                json_t *view = NULL;
                AS(PROVIDER, "desk", provider_show(office, message.order_id, &view, &error));
                char *text = json_dumps(view, 0);
                assert_non_null(strstr(text, "shared-address-needs-port"));
                free(text);
                json_decref(view);
                REFUSED_AS(PROVIDER, "desk", -EINVAL, provider_examine(office, message.order_id, "", &error));
        }
        message_free(&message);
}

static void requirement_09_the_answer_labels_its_sources_and_warns_near_an_edge(void **state)
{
        struct evidence_person person = {.subscriber = "customer-17",
                .name = "Example Person",
                .postal_address = "1 Example Street",
                .origin = ORIGIN_BILLING};
        struct provider_preparing with_register = preparing;
        struct message form, answer;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        fake.margin_ms = 1000;
        with_register.persons = &person;
        with_register.person_count = 1;
        make_form(&form);
        issue(&form, id);
        AS(PROVIDER, "desk", provider_examine(office, id, "looked at", &error));
        AS(PROVIDER, "desk", provider_prepare(office, id, &with_register, &error));
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        read_answer(id, &answer);
        const struct result *result = &answer.answer.results.items[0];
        assert_int_equal(result->address_origin, ORIGIN_BILLING);
        assert_int_equal(result->near_edge, STATED_YES);
        assert_int_equal(result->margin_ms, 1000);
        assert_non_null(result->clock_source);
        assert_int_not_equal(result->lease_from_ms, TIME_UNKNOWN);
        message_free(&answer);
        open_answer(id);
        assert_non_null(strstr(opened_answer.json, "1 Example Street"));
        assert_non_null(strstr(opened_answer.json, "where bills are sent"));
        assert_non_null(strstr(opened_answer.json, "near an edge"));
}

static void requirement_10_one_hit_asks_for_corroboration(void **state)
{
        struct message form, answer;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        to_prepared(id);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        read_answer(id, &answer);
        assert_int_equal(answer.answer.results.items[0].corroborate, STATED_YES);
        bool told = false;
        for (size_t i = 0; i < answer.answer.warnings.count; i++)
                told |= strstr(answer.answer.warnings.items[i], "corroboration") != NULL;
        assert_true(told);
        message_free(&answer);
}

static void requirement_11_nothing_outside_the_scope_leaves(void **state)
{
        struct message form, message;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        /* Over-broad orders meet limits at the provider, whatever the authority's own node let pass. */
        raw_order(&message, AUTHORITY);
        message.order.identifiers.items[0].from_ms -= 400 * TIME_DAY;
        send_raw(AUTHORITY, &message);
        assert_int_equal(incidents(PROVIDER), 1);
        assert_string_equal(last_incident.code, "handler-refused");
        message_free(&message);
        /* several, and the order does not ask for all: nobody is named. */
        fake.verdict = "several";
        make_form(&form);
        issue(&form, id);
        to_prepared(id);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        open_answer(id);
        assert_null(strstr(opened_answer.json, "customer-1"));
        assert_null(strstr(opened_answer.json, "100.64.0."));
        assert_non_null(strstr(opened_answer.json, SCOPE_NO_EVIDENCE));
}

/* The program that is run in earnest: its words, its output, its end. */
/* What rules stop is answered by Form 3, beside the receipt, with the reason of each identifier. */
static void a_stopped_order_is_answered_by_form_3(void **state)
{
        struct message message, form_3;
        struct book_message row;
        struct error failure = {0};
        void *item;

        (void)state;
        begin();
        raw_order(&message, AUTHORITY);
        const struct model_field *identifiers = model_field_find(&order_type, slice_of("identifiers"));
        scene_must(model_list_add(identifiers, &message.order, &item, &failure), &failure);
        scene_must(model_copy(&identifier_type, &message.order.identifiers.items[0], item), &failure);
        struct identifier *second = item;
        second->id[0] = second->id[0] == 'a' ? 'b' : 'a';
        second->source_port = MODEL_UNSTATED; /* behind a NAT nobody is found without it */
        send_raw(AUTHORITY, &message);
        assert_int_equal(incidents(PROVIDER), 1);
        assert_int_equal(state_at(PROVIDER, message.order_id), -ENOENT);
        assert_int_equal(entries(PROVIDER, "message-sent", "cannot-execute"), 1);
        struct office *office = scene_open(PROVIDER, "wolf");
        scene_must(book_message_latest(
                           office, message.order_id, MESSAGE_CANNOT_EXECUTE, DIRECTION_OUT, &row, &failure),
                &failure);
        message_init(&form_3, MESSAGE_NONE);
        scene_must(book_message_read(office, NULL, row.id, &form_3, &failure), &failure);
        const struct impossibility_list *reasons = &form_3.cannot_execute.reasons;
        bool first_other = false, second_unclear = false;
        for (size_t i = 0; i < reasons->count; i++) {
                const struct impossibility *one = &reasons->items[i];
                first_other |= strcmp(one->identifier_id, message.order.identifiers.items[0].id) == 0 &&
                               one->obstacles == WORD_BIT(OBSTACLE_OTHER);
                second_unclear |= strcmp(one->identifier_id, message.order.identifiers.items[1].id) == 0 &&
                                  one->obstacles & WORD_BIT(OBSTACLE_INSUFFICIENT_INFORMATION);
                assert_non_null(one->explanation);
        }
        assert_true(first_other && second_unclear);
        assert_non_null(form_3.cannot_execute.information_needed);
        assert_string_equal(form_3.cannot_execute.signatory.person, "node@" PROVIDER);
        assert_int_equal(form_3.cannot_execute.order_kind, ORDER_PRODUCTION);
        message_free(&form_3);
        office_close(office);
        message_free(&message);
}

/* The authority's node sees it: what was not taken is refused, with the reason. */
static void the_authority_sees_why_its_order_was_stopped(void **state)
{
        struct message form;
        json_t *list = NULL;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        struct office *provider = scene_open(PROVIDER, "admin");
        char path[PATH_MAX];
        struct buffer text = buffer_make(65536);
        struct error failure = {0};
        /* The provider takes less time at once than the authority does. */
        snprintf(path, sizeof path, "%s/exchange.json", scratch_path(PROVIDER));
        scene_must(file_read(path, &text, &failure), &failure);
        json_t *settings = json_loadb((const char *)text.bytes, text.length, 0, NULL);
        buffer_free(&text);
        office_close(provider);
        json_object_set_new(settings, "limits", json_pack("{s:i}", "time_ms", 1));
        assert_int_equal(json_dump_file(settings, path, JSON_INDENT(2)), 0);
        json_decref(settings);
        make_form(&form);
        form.order.data.from_ms = scene_clock - 13 * TIME_DAY;
        form.order.data.to_ms = scene_clock - 11 * TIME_DAY;
        issue(&form, id);
        assert_int_equal(state_at(PROVIDER, id), -ENOENT);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_REFUSED);
        AS(AUTHORITY, "wolf", facts_impossibilities(office, id, &list, &error));
        assert_true(json_array_size(list) > 0);
        json_decref(list);
        assert_int_equal(entries(AUTHORITY, "refused", id), 1);
}

static int note_leak(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        char *text = entry ? json_dumps(entry->content, 0) : NULL;

        (void)index;
        (void)error;
        if (text && (strstr(text, "customer-1") || strstr(text, "100.64.0.")))
                (*(int *)context)++;
        free(text);
        return 0;
}

/* Where the records identify nobody, nothing of who it may have been leaves, in no file, name or size, and
 * the provider's own log and book have it neither; every format says in words that nobody is identified. */
static void requirement_11_candidates_of_an_unproven_answer_stay_inside(void **state)
{
        static const char *const verdicts[] = {"several", "unknown"};

        (void)state;
        begin();
        for (size_t i = 0; i < 2; i++) {
                struct message form, answer;
                char id[MODEL_ID_MAX];
                int leaks = 0;
                fake.verdict = verdicts[i];
                make_form(&form);
                issue(&form, id);
                to_prepared(id);
                AS(PROVIDER, "maier", provider_release(office, id, &error));
                settle();
                open_answer(id);
                assert_null(strstr(opened_answer.all, "customer-1"));
                assert_null(strstr(opened_answer.all, "100.64.0."));
                assert_null(strstr(opened_answer.all, "DigitalAccount"));
                size_t said = 0; /* in the JSON, on the page, in the provenance */
                for (const char *at = opened_answer.all; (at = strstr(at, "Nobody is named")); at++)
                        said++;
                assert_true(said >= 3);
                assert_non_null(strstr(opened_answer.all, "nobody is identified by it"));
                read_answer(id, &answer);
                assert_int_equal(answer.answer.results.items[0].outcome, OUTCOME_NOT_AVAILABLE);
                assert_non_null(strstr(answer.answer.results.items[0].statement, "Nobody is named"));
                for (size_t k = 0; k < answer.files.count; k++) {
                        assert_null(strstr(answer.files.items[k].name, "customer"));
                        /* Padded: the size does not tell how long a name is. */
                        assert_true(answer.files.items[k].size > 4096);
                }
                message_free(&answer);
                struct office *office = scene_open(PROVIDER, "wolf");
                struct error failure = {0};
                scene_must(
                        chronicle_walk(office_chronicle(office), 0, note_leak, &leaks, &failure), &failure);
                int64_t rows = 0;
                scene_must(rows_number(office_database(office), &failure, 0, &rows,
                                   "SELECT count(*) FROM book_message WHERE instr(CAST(content AS TEXT), "
                                   "'customer-1') > 0 OR instr(CAST(content AS TEXT), '100.64.0.') > 0",
                                   ""),
                        &failure);
                office_close(office);
                assert_int_equal(leaks, 0);
                assert_int_equal(rows, 0);
        }
}

static void seal_window(struct office *office, const char *file, const char *digest)
{
        struct error failure = {0};

        scene_must(office_log_now(office, "window-sealed", NULL,
                           json_pack("{s:s, s:s, s:s, s:i, s:s}", "realm", "north", "file", file, "window",
                                   "2026-11-11T10:00:00.000Z", "generation", 1, "digest", digest),
                           NULL, &failure),
                &failure);
}

static int find_file(struct office *office, const char *file, struct logged_window *ret)
{
        struct error failure = {0};
        int r = window_index_find(office, "north", file, ret, &failure);

        scene_must(r, &failure);
        return r;
}

/* The log alone counts: rows that say something else are made anew out of it. */
static void windows_are_found_by_an_index_that_the_log_outweighs(void **state)
{
        static const char one[] = "1111111111111111111111111111111111111111111111111111111111111111",
                          two[] = "2222222222222222222222222222222222222222222222222222222222222222";
        struct logged_window window;
        struct error failure = {0};

        (void)state;
        begin();
        struct office *office = scene_open(PROVIDER, "admin");
        seal_window(office, "a.seg", one);
        scene_must(window_index_update(office, &failure), &failure);
        seal_window(office, "b.seg", two);
        seal_window(office, "a.seg", two);                        /* later, and proves less */
        assert_int_equal(find_file(office, "b.seg", &window), 0); /* not looked at yet */
        scene_must(window_index_update(office, &failure), &failure);
        assert_int_equal(find_file(office, "a.seg", &window), 1);
        assert_int_equal(window.digest[0], 0x11);
        uint64_t index = window.index;
        assert_int_equal(find_file(office, "b.seg", &window), 1);
        assert_int_equal(window.digest[31], 0x22);
        /* Somebody writes into the tables. */
        scene_must(rows_run(office_database(office), &failure,
                           "UPDATE window_entry SET digest = zeroblob(32) WHERE file = 'a.seg'", ""),
                &failure);
        assert_int_equal(find_file(office, "a.seg", &window), 1);
        assert_int_equal(window.digest[0], 0x11);
        scene_must(
                rows_run(office_database(office), &failure, "UPDATE window_entry SET entry = entry + 1", ""),
                &failure);
        assert_int_equal(find_file(office, "a.seg", &window), 1);
        assert_int_equal(window.index, index);
        scene_must(rows_run(office_database(office), &failure, "UPDATE window_seen SET entries = 1000", ""),
                &failure);
        scene_must(rows_run(office_database(office), &failure, "DELETE FROM window_entry", ""), &failure);
        scene_must(window_index_update(office, &failure), &failure);
        assert_int_equal(find_file(office, "b.seg", &window), 1);
        /* What it commits to was erased: it can be shown no longer. */
        scene_must(chronicle_erase(office_chronicle(office), window.index, scene_clock, "admin@de-provider",
                           "old", &failure),
                &failure);
        assert_int_equal(find_file(office, "b.seg", &window), 0);
        office_close(office);
}

static void the_program_beside_this_one_is_run(void **state)
{
        const char *const words[] = {"ask", "--json", "two words", NULL};
        struct buffer output = buffer_make(1000);
        struct error error = {0};
        int code = -1;

        (void)state;
        provider_program_set("/bin/echo");
        scene_must(provider_run_program(NULL, words, &output, &code, &error), &error);
        assert_int_equal(code, 0);
        assert_int_equal(output.length, strlen("ask --json two words\n"));
        assert_memory_equal(output.bytes, "ask --json two words\n", output.length);
        provider_program_set("/bin/false");
        assert_int_equal(provider_run_program(NULL, words, &output, &code, &error), -EIO);
        provider_program_set("/nowhere/rogatory");
        assert_true(provider_run_program(NULL, words, &output, &code, &error) < 0);
        /* More than there is room for is a failure, and the child does not stand still for it. */
        const char *const many[] = {"-c", "head -c 3000000 /dev/zero; echo complaint >&2", NULL};
        provider_program_set("/bin/sh");
        assert_int_equal(provider_run_program(NULL, many, &output, &code, &error), -EFBIG);
        provider_program_set(NULL);
        buffer_free(&output);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)
        const struct CMUnitTest tests[] = {
                TEST(an_order_is_answered),
                TEST(requirement_01_only_a_pinned_key_with_the_role_orders),
                TEST(requirement_02_an_emergency_needs_two_people_and_a_call_back),
                TEST(requirement_03_an_unvalidated_emergency_is_destroyed_at_48_hours),
                TEST(requirement_05_preservation_gets_the_same_checks),
                TEST(requirement_08_a_shared_address_without_a_port_is_told),
                TEST(requirement_09_the_answer_labels_its_sources_and_warns_near_an_edge),
                TEST(requirement_10_one_hit_asks_for_corroboration),
                TEST(requirement_11_nothing_outside_the_scope_leaves),
                TEST(a_stopped_order_is_answered_by_form_3),
                TEST(the_authority_sees_why_its_order_was_stopped),
                TEST(requirement_11_candidates_of_an_unproven_answer_stay_inside),
                TEST(windows_are_found_by_an_index_that_the_log_outweighs),
                TEST(the_program_beside_this_one_is_run),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
