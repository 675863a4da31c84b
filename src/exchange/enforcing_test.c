/* SPDX-License-Identifier: EUPL-1.2 */
/* Whom an enforcing authority believes, and that nothing which it says is lost on the way to the answer. */
#include "exchange/provider_scene_test.h"

/* The order as the enforcing authority has it. */
static void read_notification(const char *id, struct message *ret)
{
        struct office *office = scene_open(ENFORCING, "wolf");
        struct book_order order;
        struct error error = {0};

        message_init(ret, MESSAGE_NONE);
        scene_must(book_order_find(office, id, &order, &error), &error);
        scene_must(book_order_message(office, &order, ret, &error), &error);
        office_close(office);
}

static void notify(const char *from, struct message *message)
{
        struct office *node = scene_open(from, "berger");
        struct error error = {0};

        message->id[0] = '\0';
        message->sent_ms = scene_clock;
        EXAMPLE_SET(message->sender.organisation, from);
        EXAMPLE_SET(message->receiver.organisation, ENFORCING);
        scene_must(office_step_begin(node, &error), &error);
        scene_must(office_step_end(node, post_send(node, message, NULL, 0, NULL, &error), &error), &error);
        struct office *enforcing = scene_open(ENFORCING, "admin");
        scene_carry(node, enforcing);
        scene_must(post_take_all(enforcing, &error), &error);
        office_close(enforcing);
        office_close(node);
}

/* Whoever may issue orders knows the number of somebody else's: the enforcing authority goes on seeing that
 * one, and what it says reaches the provider in time. */
static void requirement_12_nobody_else_notifies_of_an_order(void **state)
{
        const struct enforcing_objection all = {.effect = OBJECTION_REFUSED,
                .ground = GROUND_FUNDAMENTAL_RIGHTS,
                .explanation = "a manifest breach"};
        struct message form, forged;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        scene_init(COURT);
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        read_notification(id, &forged);
        notify(COURT, &forged); /* in the name of who issued it */
        assert_int_equal(incidents(ENFORCING), 1);
        forged.generation = 1;
        EXAMPLE_SET(forged.ea_notification.order.issuer.organisation, COURT);
        forged.ea_notification.order.issuer.nature = NATURE_COURT;
        notify(COURT, &forged); /* in its own name */
        assert_int_equal(incidents(ENFORCING), 2);
        assert_string_equal(last_incident.code, "handler-refused");
        message_free(&forged);
        AS(ENFORCING, "huber", enforcing_object(office, id, &all, 1, &error));
        settle();
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_REFUSED);
}

/* An order that nobody here knows is its issuer's too. */
static void a_first_notification_is_the_issuers(void **state)
{
        struct message form, forged;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        scene_init(COURT);
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        read_notification(id, &forged);
        EXAMPLE_SET(forged.order_id, "7d1f6c1e-2f0e-4a55-9d1c-0d6f3b7a9c11");
        notify(COURT, &forged);
        assert_int_equal(incidents(ENFORCING), 1);
        assert_int_equal(state_at(ENFORCING, forged.order_id), -ENOENT);
        message_free(&forged);
}

static void a_further_generation_is_decided_anew(void **state)
{
        struct message form, notification;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        AS(ENFORCING, "huber", enforcing_clear(office, id, "no objection", &error));
        settle();
        read_notification(id, &notification);
        scene_clock += 2 * TIME_DAY;
        notify(AUTHORITY, &notification); /* nothing new */
        assert_int_equal(incidents(ENFORCING), 1);
        REFUSED_AS(ENFORCING, "huber", -EPERM, enforcing_clear(office, id, "again", &error));
        notification.generation = 1;
        notify(AUTHORITY, &notification);
        if (incidents(ENFORCING) != 1)
                fail_msg("%s", last_incident.words);
        struct office *node = scene_open(ENFORCING, "wolf");
        struct book_order order;
        struct error failure = {0};
        scene_must(book_order_find(node, id, &order, &failure), &failure);
        office_close(node);
        assert_int_equal(order.generation, 1);
        assert_int_equal(order.received_ms, scene_clock);
        AS(ENFORCING, "huber", enforcing_clear(office, id, "no objection to this either", &error));
        message_free(&notification);
}

/* ---- while the store is asked ---- */

static char asked_id[MODEL_ID_MAX];

static int answer_late(
        void *context, const char *const *words, struct buffer *ret, int *ret_exit, struct error *error)
{
        static const char *const conditions[] = {"only for the proceedings named"};
        const struct enforcing_objection objection = {.effect = OBJECTION_CONDITIONAL,
                .ground = GROUND_FUNDAMENTAL_RIGHTS,
                .explanation = "under a condition",
                .conditions = conditions,
                .condition_count = 1};

        scene_clock += TIME_SECOND;
        struct office *office = scene_open(ENFORCING, "huber");
        struct error failure = {0};
        scene_must(enforcing_object(office, asked_id, &objection, 1, &failure), &failure);
        office_close(office);
        settle();
        scene_clock += TIME_SECOND;
        return answer_question(context, words, ret, ret_exit, error);
}

/* Conditions bind whoever uses the data: an answer that was begun before they came leaves without them never.
 */
static void requirement_13_conditions_that_come_while_the_store_is_asked_are_not_lost(void **state)
{
        static const struct provider_store late = {.run = answer_late};
        const struct provider_preparing meanwhile = {.purpose = "to answer the order", .store = &late};
        struct message form, answer;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        memcpy(asked_id, id, sizeof asked_id);
        AS(PROVIDER, "desk", provider_examine(office, id, "looked at", &error));
        REFUSED_AS(PROVIDER, "desk", -ESTALE, provider_prepare(office, id, &meanwhile, &error));
        assert_int_equal(incidents(PROVIDER), 0);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_EXAMINED);
        scene_clock += TIME_SECOND;
        AS(PROVIDER, "desk", provider_prepare(office, id, &preparing, &error));
        scene_clock += 16 * TIME_DAY;
        AS(PROVIDER, "admin", clock_run(office, &error));
        const struct provider_confirmation kept = {.number = 1, .reason = "it says so in the answer"};
        AS(PROVIDER, "maier", provider_release_under(office, id, &kept, 1, &error));
        settle();
        read_answer(id, &answer);
        assert_int_equal(answer.answer.results.items[0].conditions.count, 1);
        message_free(&answer);
}

static int find_reason(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        const char *reason = json_string_value(json_object_get(entry->fields, "reason"));

        (void)index;
        (void)error;
        if (reason && strcmp(entry->kind_name, "decision") == 0 && strlen(reason) > 400)
                ++*(int *)context;
        return 0;
}

/* The log takes whole characters alone: a reason that is cut within one stood in no log. */
static void requirement_16_a_long_reason_stands_in_the_log(void **state)
{
        struct message form;
        char id[MODEL_ID_MAX], reason[BOOK_TEXT_MAX + 200] = "a";
        const struct enforcing_objection all = {
                .effect = OBJECTION_REFUSED, .ground = GROUND_FUNDAMENTAL_RIGHTS, .explanation = reason};
        int found = 0;

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        for (size_t at = 1; at + 2 < sizeof reason; at += 2)
                memcpy(reason + at, "\u00e4", 3);
        AS(ENFORCING, "huber", enforcing_object(office, id, &all, 1, &error));
        AS(ENFORCING, "huber", chronicle_walk(office_chronicle(office), 0, find_reason, &found, &error));
        assert_int_equal(found, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)
        const struct CMUnitTest tests[] = {
                TEST(requirement_12_nobody_else_notifies_of_an_order),
                TEST(a_first_notification_is_the_issuers),
                TEST(a_further_generation_is_decided_anew),
                TEST(requirement_16_a_long_reason_stands_in_the_log),
                TEST(requirement_13_conditions_that_come_while_the_store_is_asked_are_not_lost),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
