/* SPDX-License-Identifier: EUPL-1.2 */
/* What a provider has to do after its answer, or without one: preserved data are kept and let go, and who was
 * wrongly identified is told. */
#include "exchange/provider_case.h"
#include "exchange/provider_scene_test.h"

static void publish_store(const char *path)
{
        static const char script[] = "#!/bin/sh\necho \"$@\" >> \"$0.words\"\n"
                                     "echo '{\"hold\":\"20261123-1\"}'\n";
        struct error failure = {0};

        scene_must(file_publish(scratch, "rogatory", script, sizeof script - 1, &failure), &failure);
        assert_int_equal(chmod(path, 0700), 0);
        provider_program_set(path);
}

static int64_t fact_of(const char *id, const char *name)
{
        struct office *office = scene_open(PROVIDER, "wolf");
        struct error failure = {0};
        int64_t value = TIME_UNKNOWN;

        scene_must(book_fact(office, id, name, TIME_UNKNOWN, &value, &failure), &failure);
        office_close(office);
        return value;
}

static void preserve_it(char ret_id[MODEL_ID_MAX])
{
        struct message form;

        begin();
        make_preservation(&form);
        issue(&form, ret_id);
        AS(PROVIDER, "desk", provider_examine(office, ret_id, "looked at", &error));
        AS(PROVIDER, "desk", provider_prepare(office, ret_id, &preparing, &error));
        settle();
}

static void an_extension_keeps_the_holds_longer(void **state)
{
        static const char script[] =
                "#!/bin/sh\necho \"$@\" > \"$0.words\"\necho '{\"hold\":\"20261123-1\"}'\n";
        struct message form;
        struct error failure = {0};
        char id[MODEL_ID_MAX], path[512];
        int64_t before, after;

        (void)state;
        begin();
        make_preservation(&form);
        issue(&form, id);
        AS(PROVIDER, "desk", provider_examine(office, id, "looked at", &error));
        AS(PROVIDER, "desk", provider_prepare(office, id, &preparing, &error));
        settle();
        struct office *node = scene_open(PROVIDER, "wolf");
        scene_must(book_fact(node, id, FACT_PRESERVED_UNTIL_MS, 0, &before, &failure), &failure);
        office_close(node);
        scene_must(file_publish(scratch, "rogatory", script, sizeof script - 1, &failure), &failure);
        snprintf(path, sizeof path, "%s/rogatory", scratch);
        assert_int_equal(chmod(path, 0700), 0);
        provider_program_set(path);
        scene_clock += TIME_DAY;
        AS(AUTHORITY, "berger", authority_extend(office, id, "not found yet", &error));
        settle();
        provider_program_set(NULL);
        assert_int_equal(incidents(PROVIDER), 0);
        node = scene_open(PROVIDER, "wolf");
        scene_must(book_fact(node, id, FACT_PRESERVED_UNTIL_MS, 0, &after, &failure), &failure);
        office_close(node);
        assert_true(after > before + 20 * TIME_DAY && after <= before + 30 * TIME_DAY);
        snprintf(path, sizeof path, "%s/rogatory.words", scratch);
        assert_true(file_has(path, "--extend 20261123-1"));
        assert_int_equal(entries(PROVIDER, "preserved", id), 2);
}

/* Article 11(2): what is to be produced is kept until it was, however long that takes. */
static void data_are_held_until_their_production_was_answered(void **state)
{
        struct message form;
        void *item;
        struct error failure = {0};
        char id[MODEL_ID_MAX], production[MODEL_ID_MAX], path[512], words[520];

        (void)state;
        preserve_it(id);
        int64_t held = fact_of(id, FACT_HELD_UNTIL_MS);
        snprintf(path, sizeof path, "%s/rogatory", scratch);
        snprintf(words, sizeof words, "%s.words", path);
        publish_store(path);
        scene_clock += 3 * TIME_DAY;
        make_form(&form);
        form.order.has_earlier = STATED_YES;
        scene_must(model_list_add(
                           model_field_find(&order_type, slice_of("earlier")), &form.order, &item, &failure),
                &failure);
        struct earlier_order *earlier = item;
        earlier->relation = EARLIER_PRESERVED_WHOLLY;
        EXAMPLE_SET(earlier->order_id, id);
        example_text(&earlier->addressee, "Provider");
        example_text(&earlier->authority, "Prosecution");
        earlier->issued_ms = scene_clock - 3 * TIME_DAY;
        issue(&form, production);
        assert_int_equal(incidents(PROVIDER), 0);
        assert_int_not_equal(fact_of(id, FACT_PRODUCTION_FOLLOWS_MS), TIME_UNKNOWN);
        assert_int_equal(fact_of(id, FACT_HELD_UNTIL_MS), held); /* there is time */
        /* The store would destroy it after 60 days; production is still open. */
        for (int i = 0; i < 20; i++) {
                scene_clock += 4 * TIME_DAY;
                struct office *office = scene_open(PROVIDER, "admin");
                scene_must(clock_run(office, &failure), &failure);
                office_close(office);
                assert_true(fact_of(id, FACT_HELD_UNTIL_MS) > scene_clock);
        }
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_PRESERVED);
        assert_true(file_has(words, "--extend 20261123-1"));
        assert_true(file_has(words, "--production"));
        assert_true(file_has(words, production));
        assert_false(file_has(words, "--let-go"));
        /* It is answered, in the case in which it was preserved; then the holds go. */
        AS(PROVIDER, "desk", provider_examine(office, production, "looked at", &error));
        AS(PROVIDER, "desk", provider_prepare(office, production, &preparing, &error));
        assert_string_equal(fake.last_case, id);
        AS(PROVIDER, "maier", provider_release(office, production, &error));
        scene_clock += 2 * TIME_DAY;
        settle();
        provider_program_set(NULL);
        assert_true(file_has(words, "--let-go 20261123-1"));
        assert_true(state_at(PROVIDER, id) == ORDER_STATE_EXPIRED);
        assert_int_equal(incidents(PROVIDER), 0);
}

/* What is withdrawn is not kept: the deletion is on record when the store has let it go, and not before. */
static void a_withdrawn_preservation_is_let_go(void **state)
{
        const struct authority_withdrawal withdrawal = {
                .reason = WITHDRAWAL_NOT_NEEDED, .explanation = "solved", .delete_data = true};
        char id[MODEL_ID_MAX], path[512], words[520];

        (void)state;
        preserve_it(id);
        provider_program_set("/nonexistent/rogatory"); /* the store cannot be asked */
        scene_clock += TIME_DAY;
        AS(AUTHORITY, "berger", authority_withdraw(office, id, &withdrawal, &error));
        settle();
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_WITHDRAWN);
        assert_int_equal(fact_of(id, FACT_DELETED_MS), TIME_UNKNOWN);
        assert_int_equal(incidents(PROVIDER), 1);
        assert_string_equal(last_incident.code, "hold-not-let-go");
        snprintf(path, sizeof path, "%s/rogatory", scratch);
        snprintf(words, sizeof words, "%s.words", path);
        publish_store(path);
        scene_clock += 2 * TIME_HOUR;
        settle();
        provider_program_set(NULL);
        assert_true(file_has(words, "--let-go 20261123-1"));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_DELETED);
        assert_int_equal(entries(PROVIDER, "retention", "let-go"), 1);
}

static void allow_ranges(void)
{
        struct buffer text = buffer_make(65536);
        struct error failure = {0};
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%s/exchange.json", scratch_path(PROVIDER));
        scene_must(file_read(path, &text, &failure), &failure);
        json_t *settings = json_loadb((const char *)text.bytes, text.length, 0, NULL);
        buffer_free(&text);
        json_object_set_new(settings, "limits",
                json_pack("{s:i, s:I, s:I, s:b}", "addresses", 4, "identifier_time_ms",
                        (json_int_t)(60 * TIME_DAY), "time_ms", (json_int_t)(60 * TIME_DAY), "portless_stops",
                        0));
        assert_int_equal(json_dump_file(settings, path, JSON_INDENT(2)), 0);
        json_decref(settings);
}

/* Addresses and a time range: everything of it is kept, 31 days in a hold, and nothing beside the range. */
static void requirement_11_a_range_of_time_is_preserved_whole(void **state)
{
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_preservation(&form);
        struct book_order order;
        AS(AUTHORITY, "berger", authority_new(office, &form, &order, &error));
        AS(AUTHORITY, "berger", paste(office, order.id, log_line, &error));
        memcpy(id, order.id, MODEL_ID_MAX);
        message_free(&form);
        struct office *authority = scene_open(AUTHORITY, "berger");
        struct message draft;
        struct book_order row;
        struct error failure = {0};
        message_init(&draft, MESSAGE_NONE);
        scene_must(book_order_find(authority, id, &row, &failure), &failure);
        scene_must(book_order_message(authority, &row, &draft, &failure), &failure);
        office_close(authority);
        allow_ranges();
        struct identifier *range = &draft.order.identifiers.items[0];
        range->kind = IDENTIFIER_IP_RANGE;
        range->source_port = range->protocol = MODEL_UNSTATED;
        range->address_last = address_from_ipv4(address_ipv4(&range->address) + 1);
        example_text(&range->value, "198.51.100.7-198.51.100.8");
        range->from_ms = scene_clock - 40 * TIME_DAY;
        range->to_ms = scene_clock - TIME_DAY;
        draft.order.data.from_ms = scene_clock - 40 * TIME_DAY;
        draft.order.data.to_ms = scene_clock;
        draft.order.issuer.signatory.signed_ms = scene_clock;
        send_raw(AUTHORITY, &draft);
        if (incidents(PROVIDER) > 0)
                fail_msg("%s", last_incident.words);
        AS(PROVIDER, "desk", provider_examine(office, id, "looked at", &error));
        AS(PROVIDER, "desk", provider_prepare(office, id, &preparing, &error));
        assert_int_equal(fake.held, 4); /* two addresses, 31 days and the rest of each */
        assert_non_null(strstr(fake.all_holds, "--from 2026-10-14T11:28:00.000Z"));
        assert_non_null(strstr(fake.all_holds, "--to 2026-11-22T11:32:00.000Z"));
        assert_null(strstr(fake.all_holds, "2026-10-04"));
        assert_non_null(strstr(fake.all_holds, " 198.51.100.7 "));
        assert_non_null(strstr(fake.all_holds, " 198.51.100.8 "));
        assert_null(strstr(fake.all_holds, " 198.51.100.9 "));
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_prepare(office, id, &preparing, &error));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_PRESERVED);
        message_free(&draft);
}

/* The customer is told by a notice, in time, and authority and oversight learn it. */
static void requirement_20_the_wrongly_identified_customer_is_told(void **state)
{
        struct buffer text = buffer_make(65536);
        struct authority_error report = {.kind = ERROR_WRONG_TIME,
                .number = 1,
                .description = "the clock of the forum was an hour off",
                .consequence = "a search",
                .data_deleted = true};
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        scene_init(OVERSIGHT);
        make_form(&form);
        issue(&form, id);
        to_prepared(id);
        REFUSED_AS(PROVIDER, "desk", -ENOENT, provider_notice(office, id, &text, &error));
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        open_answer(id);
        report.person_informed_ms = scene_clock;
        AS(AUTHORITY, "berger", authority_report_error(office, id, &report, &error));
        settle();
        int64_t due = fact_of(id, FACT_NOTICE_DUE_MS);
        assert_true(due > scene_clock + 28 * TIME_DAY && due < scene_clock + 40 * TIME_DAY);
        assert_int_equal(incidents(PROVIDER), 2); /* reported, and due */
        assert_string_equal(last_incident.code, "notice-due");
        REFUSED_AS(PROVIDER, "admin", -EPERM, provider_notice(office, id, &text, &error));
        AS(PROVIDER, "desk", provider_notice(office, id, &text, &error));
        buffer_append_u8(&text, 0);
        const char *notice = (const char *)text.bytes;
        assert_non_null(strstr(notice, "YOU WERE WRONGLY IDENTIFIED"));
        assert_non_null(strstr(notice, "198.51.100.7, port 40211"));
        assert_non_null(strstr(notice, "the clock of the forum was an hour off"));
        assert_non_null(strstr(notice, "a search"));
        assert_non_null(strstr(notice, "Oversight body"));
        assert_null(strstr(notice, "customer-17")); /* the node does not know whom it named */
        buffer_free(&text);
        /* Nobody does it: told again from the day on which it is due. */
        scene_clock = due + TIME_HOUR;
        settle();
        assert_int_equal(incidents(PROVIDER), 3);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_noticed(office, id, "letter", &error));
        REFUSED_AS(PROVIDER, "desk", -EINVAL, provider_noticed(office, id, " ", &error));
        AS(PROVIDER, "desk", provider_noticed(office, id, "registered letter", &error));
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_noticed(office, id, "again", &error));
        assert_int_equal(entries(PROVIDER, "person-informed", "registered letter"), 1);
        settle();
        assert_int_equal(entries(AUTHORITY, "error-reported", "the person"), 2); /* its own, and ours */
        scene_clock += 3 * TIME_DAY;
        settle();
        assert_int_equal(incidents(PROVIDER), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(an_extension_keeps_the_holds_longer),
                TEST(data_are_held_until_their_production_was_answered),
                TEST(a_withdrawn_preservation_is_let_go),
                TEST(requirement_11_a_range_of_time_is_preserved_whole),
                TEST(requirement_20_the_wrongly_identified_customer_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
