/* SPDX-License-Identifier: EUPL-1.2 */
/* An emergency is validated afterwards by another organisation, on its own node: Article 4(5). */
#include "exchange/provider_scene_test.h"

#include "exchange/validating.h"

static void begin_all(void)
{
        begin();
        scene_init(COURT);
}

static int64_t fact_at(const char *node, const char *id, const char *name)
{
        struct office *office = scene_open(node, "wolf");
        struct error error = {0};
        int64_t value = TIME_UNKNOWN;

        scene_must(book_fact(office, id, name, TIME_UNKNOWN, &value, &error), &error);
        office_close(office);
        return value;
}

static void issue_to_be_validated(char ret_id[MODEL_ID_MAX])
{
        issue_emergency(ret_id);
        assert_int_equal(state_at(COURT, ret_id), -ENOENT);
        REFUSED_AS(AUTHORITY, "berger", -EINVAL, authority_ask_validation(office, ret_id, NULL, &error));
        REFUSED_AS(AUTHORITY, "huber", -EPERM, authority_ask_validation(office, ret_id, COURT, &error));
        AS(AUTHORITY, "berger", authority_ask_validation(office, ret_id, COURT, &error));
        settle();
        assert_int_equal(state_at(COURT, ret_id), ORDER_STATE_RECEIVED);
}

static void requirement_03_what_a_court_validates_on_its_own_node_stands(void **state)
{
        json_t *view = NULL;
        char id[MODEL_ID_MAX];

        (void)state;
        begin_all();
        issue_to_be_validated(id);
        AS(COURT, "huber", validating_show(office, id, &view, &error));
        assert_string_equal(json_string_value(json_object_get(view, "addressee")), PROVIDER);
        assert_int_equal(json_array_size(json_object_get(view, "identifiers")), 1);
        assert_non_null(json_object_get(view, "threat"));
        for (size_t i = 0; i < json_array_size(json_object_get(view, "findings")); i++)
                assert_string_not_equal(
                        json_string_value(json_object_get(
                                json_array_get(json_object_get(view, "findings"), i), "severity")),
                        "stop");
        json_decref(view);
        /* Nobody else decides, and not for the court's name. */
        REFUSED_AS(COURT, "berger", -EPERM,
                validating_decide(office, id, VALIDATION_GRANTED, "in order", &error));
        REFUSED_AS(AUTHORITY, "huber", -EPERM,
                authority_validate(office, id, VALIDATION_GRANTED, COURT, "in order", &error));
        AS(COURT, "huber", validating_decide(office, id, VALIDATION_GRANTED, "in order", &error));
        REFUSED_AS(COURT, "huber", -EPERM,
                validating_decide(office, id, VALIDATION_REFUSED, "after all", &error));
        settle();
        assert_int_equal(incidents(PROVIDER), 0);
        assert_int_equal(incidents(AUTHORITY), 0);
        assert_int_not_equal(fact_at(PROVIDER, id, FACT_VALIDATED_MS), TIME_UNKNOWN);
        assert_int_not_equal(fact_at(AUTHORITY, id, FACT_VALIDATED_MS), TIME_UNKNOWN);
        assert_int_equal(entries(PROVIDER, "later-validation", COURT), 1);
        assert_int_equal(entries(COURT, "later-validation", id), 1);
        /* After 48 hours it is what it was, and is answered. */
        scene_clock += 49 * TIME_HOUR;
        settle();
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_SENT);
        AS(PROVIDER, "maier", provider_call_back(office, id, true, "Dr. Huber", &error));
        to_prepared(id);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_ANSWERED);
}

static void requirement_03_what_a_court_refuses_withdraws_itself_with_proof(void **state)
{
        char id[MODEL_ID_MAX], path[PATH_MAX];
        struct book_message row;
        struct message withdrawal;
        struct error failure = {0};

        (void)state;
        begin_all();
        issue_to_be_validated(id);
        AS(PROVIDER, "maier", provider_call_back(office, id, true, "Dr. Huber", &error));
        to_prepared(id);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        open_answer(id);
        REFUSED_AS(COURT, "huber", -EINVAL, validating_decide(office, id, VALIDATION_REFUSED, " ", &error));
        AS(COURT, "huber", validating_decide(office, id, VALIDATION_REFUSED, "no danger to life", &error));
        settle();
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_DELETED);
        assert_int_equal(state_at(COURT, id), ORDER_STATE_WITHDRAWN);
        struct office *office = scene_open(PROVIDER, "wolf");
        scene_must(
                book_message_latest(office, id, MESSAGE_WITHDRAWAL, DIRECTION_IN, &row, &failure), &failure);
        message_init(&withdrawal, MESSAGE_NONE);
        scene_must(book_message_read(office, AUTHORITY, row.id, &withdrawal, &failure), &failure);
        assert_int_equal(withdrawal.withdrawal.reason, WITHDRAWAL_VALIDATION_REFUSED);
        assert_int_equal(withdrawal.withdrawal.deleted_digests.count, 1);
        assert_int_not_equal(withdrawal.withdrawal.deleted_ms, TIME_UNKNOWN);
        message_free(&withdrawal);
        office_close(office);
        snprintf(path, sizeof path, "%s/evidence/draft-%s-evidence.json.p7m", scratch_path(PROVIDER), id);
        assert_int_not_equal(access(path, F_OK), 0);
        assert_int_equal(entries(AUTHORITY, "retention", id), 1);
}

/* Refused before anything left: nothing leaves any more. */
static void requirement_03_a_refused_validation_stops_the_release(void **state)
{
        char id[MODEL_ID_MAX];

        (void)state;
        begin_all();
        issue_to_be_validated(id);
        AS(PROVIDER, "maier", provider_call_back(office, id, true, "Dr. Huber", &error));
        to_prepared(id);
        AS(COURT, "huber", validating_decide(office, id, VALIDATION_REFUSED, "no danger to life", &error));
        carry_and_take(COURT, PROVIDER); /* the issuing authority does not know yet */
        assert_true(state_at(PROVIDER, id) == ORDER_STATE_WITHDRAWN ||
                    state_at(PROVIDER, id) == ORDER_STATE_DELETED);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        assert_int_equal(entries(PROVIDER, "retention", id), 1);
}

/* The court's decision overtakes the order: it counts when the order comes. */
static void a_validation_may_come_before_its_order(void **state)
{
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin_all();
        make_emergency(&form);
        example_authority(&form.order.validator, "AT", COURT, NATURE_COURT, "huber@at-court-vienna");
        issue_as_emergency(&form, id);
        carry_and_take(AUTHORITY, COURT); /* asked with the order itself: section J names it */
        assert_int_equal(state_at(COURT, id), ORDER_STATE_RECEIVED);
        AS(COURT, "huber", validating_decide(office, id, VALIDATION_GRANTED, "in order", &error));
        carry_and_take(COURT, PROVIDER);
        assert_int_equal(state_at(PROVIDER, id), -ENOENT);
        assert_int_equal(incidents(PROVIDER), 0);
        settle();
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        assert_int_not_equal(fact_at(PROVIDER, id, FACT_VALIDATED_MS), TIME_UNKNOWN);
}

/* What the enforcing authority objects to before the order is there is not forgotten. */
static void an_objection_may_come_before_its_order(void **state)
{
        const struct enforcing_objection all = {
                .effect = OBJECTION_REFUSED, .ground = GROUND_FUNDAMENTAL_RIGHTS, .explanation = "manifest"};
        struct message form;
        struct book_order order;

        (void)state;
        begin_all();
        make_form(&form);
        involve_ea(&form);
        AS(AUTHORITY, "berger", authority_new(office, &form, &order, &error));
        AS(AUTHORITY, "berger", paste(office, order.id, log_line, &error));
        AS(AUTHORITY, "berger", authority_submit(office, order.id, &error));
        AS(AUTHORITY, "huber", authority_approve(office, order.id, "looked at", &error));
        AS(AUTHORITY, "berger", authority_send(office, order.id, &error));
        message_free(&form);
        carry_and_take(AUTHORITY, ENFORCING);
        AS(ENFORCING, "huber", enforcing_object(office, order.id, &all, 1, &error));
        carry_and_take(ENFORCING, PROVIDER);
        assert_int_equal(incidents(PROVIDER), 0);
        settle();
        assert_int_equal(state_at(PROVIDER, order.id), ORDER_STATE_REFUSED);
}

/* The issuing authority says itself that somebody validated it: the provider believes nobody but who did. */
static void requirement_01_a_validation_needs_the_seal_of_who_validates(void **state)
{
        struct message message;
        char id[MODEL_ID_MAX];

        (void)state;
        begin_all();
        issue_emergency(id);
        message_init(&message, MESSAGE_VALIDATION);
        EXAMPLE_SET(message.order_id, id);
        message.validation.decision = VALIDATION_GRANTED;
        message.validation.decided_ms = scene_clock;
        example_authority(&message.validation.authority, "AT", COURT, NATURE_COURT, "huber@at-court-vienna");
        send_raw(AUTHORITY, &message);
        assert_int_equal(incidents(PROVIDER), 1);
        assert_string_equal(last_incident.code, "handler-refused");
        assert_int_equal(fact_at(PROVIDER, id, FACT_VALIDATED_MS), TIME_UNKNOWN);
        /* Nor one of another generation. */
        message.generation = 1;
        send_raw(COURT, &message);
        assert_int_equal(incidents(PROVIDER), 1); /* it waits for that generation */
        assert_int_equal(fact_at(PROVIDER, id, FACT_VALIDATED_MS), TIME_UNKNOWN);
        message_free(&message);
}

/* What was cleared and validated is not what stands there now. */
static void an_amendment_is_cleared_and_validated_anew(void **state)
{
        struct message form, amendment, order;
        struct book_order row;
        struct error failure = {0};
        char id[MODEL_ID_MAX];

        (void)state;
        begin_all();
        make_emergency(&form);
        form.order.ea.notified = STATED_YES;
        EXAMPLE_SET(form.order.ea.authority.organisation, ENFORCING);
        EXAMPLE_SET(form.order.ea.authority.country, "DE");
        example_text(&form.order.ea.authority.name, "Enforcing authority");
        example_text(&form.order.ea_information.necessity, "No other trace leads to the sender.");
        example_text(&form.order.ea_information.case_summary, "A child is missing");
        example_text(&form.order.ea_information.offence, "Kidnapping");
        issue_as_emergency(&form, id);
        settle();
        AS(AUTHORITY, "berger", authority_ask_validation(office, id, COURT, &error));
        settle();
        AS(COURT, "huber", validating_decide(office, id, VALIDATION_GRANTED, "in order", &error));
        AS(ENFORCING, "huber", enforcing_clear(office, id, "no ground", &error));
        settle();
        AS(PROVIDER, "maier", provider_call_back(office, id, true, "Dr. Huber", &error));
        to_prepared(id);
        struct office *authority = scene_open(AUTHORITY, "admin");
        scene_must(book_order_find(authority, id, &row, &failure), &failure);
        message_init(&order, MESSAGE_NONE);
        scene_must(book_order_message(authority, &row, &order, &failure), &failure);
        office_close(authority);
        message_init(&amendment, MESSAGE_AMENDMENT);
        EXAMPLE_SET(amendment.order_id, id);
        EXAMPLE_SET(amendment.amendment.replaces, order.id);
        amendment.generation = 1;
        example_text(&amendment.amendment.reason, "another person");
        scene_must(
                model_texts_add(model_field_find(message_body_type(MESSAGE_AMENDMENT), slice_of("changes")),
                        &amendment.amendment, slice_of("address"), &failure),
                &failure);
        scene_must(model_copy(&order_type, &order.order, &amendment.amendment.order), &failure);
        scene_clock += 1000;
        send_raw(AUTHORITY, &amendment);
        if (incidents(PROVIDER) != 0)
                fail_msg("%s", last_incident.words);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        assert_int_equal(fact_at(PROVIDER, id, FACT_VALIDATED_MS), TIME_UNKNOWN);
        assert_int_equal(fact_at(PROVIDER, id, FACT_EA_CLEARED_MS), TIME_UNKNOWN);
        assert_int_equal(fact_at(PROVIDER, id, FACT_EA_NOTIFIED_MS), TIME_UNKNOWN);
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_examine(office, id, "urgent", &error));
        /* Nobody validates it anew: by 48 hours after the first one it is gone. */
        scene_clock += 48 * TIME_HOUR;
        settle();
        assert_true(state_at(PROVIDER, id) == ORDER_STATE_WITHDRAWN ||
                    state_at(PROVIDER, id) == ORDER_STATE_DELETED);
        message_free(&order);
        message_free(&amendment);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(requirement_03_what_a_court_validates_on_its_own_node_stands),
                TEST(requirement_03_what_a_court_refuses_withdraws_itself_with_proof),
                TEST(requirement_03_a_refused_validation_stops_the_release),
                TEST(a_validation_may_come_before_its_order),
                TEST(an_objection_may_come_before_its_order),
                TEST(an_amendment_is_cleared_and_validated_anew),
                TEST(requirement_01_a_validation_needs_the_seal_of_who_validates),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
