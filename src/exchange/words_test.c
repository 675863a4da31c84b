/* SPDX-License-Identifier: EUPL-1.2 */
/* An enforcing authority that is shown other words than the provider gets: nothing leaves by what it says,
 * nor by its silence. */
#include "exchange/provider_scene_test.h"

/* ---- an issuing authority that tells each of them something else ---- */

static void send_to(const char *receiver, struct message *message)
{
        struct office *node = scene_open(AUTHORITY, "berger"), *to;
        struct error error = {0};

        message->id[0] = '\0';
        message->sent_ms = scene_clock;
        EXAMPLE_SET(message->sender.organisation, AUTHORITY);
        EXAMPLE_SET(message->receiver.organisation, receiver);
        scene_must(office_step_begin(node, &error), &error);
        scene_must(office_step_end(node, post_send(node, message, NULL, 0, NULL, &error), &error), &error);
        to = scene_open(receiver, "admin");
        scene_carry(node, to);
        scene_must(post_take_all(to, &error), &error);
        office_close(to);
        office_close(node);
}

static void make_order(struct message *ret)
{
        raw_order(ret, AUTHORITY);
        ret->generation = 0;
        example_identifier(&ret->order, EXAMPLE_IDENTIFIER_2_ID);
        for (size_t i = 0; i < ret->order.identifiers.count; i++) {
                struct identifier *one = &ret->order.identifiers.items[i];
                one->from_ms = one->to_ms = scene_clock - 12 * TIME_DAY;
        }
        involve_ea(ret);
}

static void drop_information(struct order *form)
{
        const struct model_field *information = model_field_find(&order_type, slice_of("ea_information"));

        model_free(information->part, model_at(information, form));
}

static void send_order(const struct message *order)
{
        struct message message;

        message_init(&message, order->kind);
        assert_int_equal(message_copy(order, &message), 0);
        drop_information(&message.order);
        send_to(PROVIDER, &message);
        message_free(&message);
}

/* milder: about the first identifier alone. */
static void notify(const struct message *order, int64_t generation, bool milder)
{
        struct message message;

        message_init(&message, MESSAGE_EA_NOTIFICATION);
        EXAMPLE_SET(message.order_id, order->order_id);
        message.generation = generation;
        message.test = order->test;
        message.sender = order->sender;
        message.receiver = order->receiver;
        message.ea_notification.suspensive = STATED_YES;
        struct order *form = &message.ea_notification.order;
        assert_int_equal(model_copy(&order_type, &order->order, form), 0);
        if (milder)
                model_free(&identifier_type, &form->identifiers.items[--form->identifiers.count]);
        send_to(ENFORCING, &message);
        message_free(&message);
}

struct finding_incident {
        const char *code, *words;
        int count;
};
static int match_incident(void *context, const struct book_incident *incident)
{
        struct finding_incident *finding = context;

        finding->count +=
                strcmp(incident->code, finding->code) == 0 && strstr(incident->words, finding->words);
        return 0;
}
static int incidents_of(const char *node, const char *code, const char *words)
{
        struct finding_incident finding = {.code = code, .words = words};
        struct office *office = scene_open(node, "wolf");
        struct error error = {0};

        scene_must(book_incidents_each(office, match_incident, &finding, &error), &error);
        office_close(office);
        return finding.count;
}

static void both_know_that_it_differs(int times)
{
        assert_int_equal(incidents_of(PROVIDER, "order-differs", "says something else"), times);
        assert_int_equal(incidents_of(ENFORCING, "refused-there", "order-differs"), times);
}

static bool shows(const char *id, const char *words)
{
        struct office *office = scene_open(PROVIDER, "desk");
        struct error error = {0};
        json_t *view = NULL;

        scene_must(provider_show(office, id, &view, &error), &error);
        char *text = json_dumps(view, 0);
        bool found = strstr(text, words) != NULL;
        free(text);
        json_decref(view);
        office_close(office);
        return found;
}

static void nothing_leaves(const char *id)
{
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        scene_clock += 20 * TIME_DAY;
        AS(PROVIDER, "admin", clock_run(office, &error));
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
}

/* ---- what it was shown ---- */

static void a_clearance_of_a_milder_order_releases_nothing(void **state)
{
        struct message order;

        (void)state;
        begin();
        make_order(&order);
        send_order(&order);
        notify(&order, 0, true);
        settle();
        both_know_that_it_differs(1); /* by its receipt, before anybody decided */
        to_prepared(order.order_id);
        AS(ENFORCING, "huber", enforcing_clear(office, order.order_id, "only this one", &error));
        settle();
        both_know_that_it_differs(2);
        assert_true(shows(order.order_id, "notified of an order that says something else"));
        nothing_leaves(order.order_id);
        message_free(&order);
}

static void silence_about_a_milder_order_releases_nothing_on_day_10(void **state)
{
        struct message order;

        (void)state;
        begin();
        make_order(&order);
        send_order(&order);
        notify(&order, 0, true);
        settle();
        to_prepared(order.order_id);
        nothing_leaves(order.order_id);
        message_free(&order);
}

static void what_came_before_the_order_is_compared_with_it(void **state)
{
        struct message order;

        (void)state;
        begin();
        make_order(&order);
        notify(&order, 0, true);
        AS(ENFORCING, "huber", enforcing_clear(office, order.order_id, "only this one", &error));
        settle();
        both_know_that_it_differs(0);
        send_order(&order);
        settle();
        both_know_that_it_differs(2);
        to_prepared(order.order_id);
        nothing_leaves(order.order_id);
        message_free(&order);
}

static void the_same_words_are_cleared(void **state)
{
        struct message order;

        (void)state;
        begin();
        make_order(&order);
        send_order(&order);
        notify(&order, 0, false);
        settle();
        to_prepared(order.order_id);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, order.order_id, &error));
        AS(ENFORCING, "huber", enforcing_clear(office, order.order_id, "no objection", &error));
        settle();
        both_know_that_it_differs(0);
        AS(PROVIDER, "maier", provider_release(office, order.order_id, &error));
        message_free(&order);
}

static void send_amendment(const struct message *order, int64_t generation)
{
        struct office *office = scene_open(PROVIDER, "wolf");
        struct book_order standing;
        struct message message;
        struct error error = {0};

        scene_must(book_order_find(office, order->order_id, &standing, &error), &error);
        office_close(office);
        message_init(&message, MESSAGE_AMENDMENT);
        EXAMPLE_SET(message.order_id, order->order_id);
        message.generation = generation;
        message.test = order->test;
        message.sender = order->sender;
        message.receiver = order->receiver;
        EXAMPLE_SET(message.amendment.replaces, standing.message_id);
        example_text(&message.amendment.reason, "to both the same");
        const struct model_field *changes =
                model_field_find(message_body_type(MESSAGE_AMENDMENT), slice_of("changes"));
        assert_int_equal(model_texts_add(changes, &message.amendment, slice_of("offence: another"), NULL), 0);
        assert_int_equal(model_copy(&order_type, &order->order, &message.amendment.order), 0);
        drop_information(&message.amendment.order);
        send_to(PROVIDER, &message);
        message_free(&message);
}

static void an_amendment_to_both_the_same_goes_on(void **state)
{
        struct message order;

        (void)state;
        begin();
        make_order(&order);
        send_order(&order);
        notify(&order, 0, true);
        settle();
        example_text(&order.order.grounds.offence, "Fraud, section 147");
        send_amendment(&order, 1);
        notify(&order, 1, false);
        settle();
        assert_false(shows(order.order_id, "notified of an order that says something else"));
        scene_clock += TIME_SECOND;
        to_prepared(order.order_id);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, order.order_id, &error));
        scene_clock += 20 * TIME_DAY;
        AS(PROVIDER, "admin", clock_run(office, &error));
        AS(PROVIDER, "maier", provider_release(office, order.order_id, &error));
        message_free(&order);
}

/* Notified of the true order first and then of another generation, which the provider never gets. */
static void silence_about_a_generation_that_never_came_releases_nothing(void **state)
{
        struct message order;

        (void)state;
        begin();
        make_order(&order);
        send_order(&order);
        notify(&order, 0, false);
        settle();
        to_prepared(order.order_id);
        notify(&order, 1, true);
        settle();
        assert_true(shows(order.order_id, "an amendment that has not come here"));
        nothing_leaves(order.order_id);
        message_free(&order);
}

/* A node of another make that names no words at all. */
static void send_clearance_without_digest(const struct message *order)
{
        struct office *node = scene_open(ENFORCING, "huber"), *provider = scene_open(PROVIDER, "admin");
        struct message clearance;
        struct error error = {0};

        message_init(&clearance, MESSAGE_EA_CLEARANCE);
        EXAMPLE_SET(clearance.order_id, order->order_id);
        clearance.generation = 0;
        clearance.test = order->test;
        EXAMPLE_SET(clearance.receiver.organisation, PROVIDER);
        example_authority(
                &clearance.ea_clearance.authority, "DE", ENFORCING, NATURE_COURT, "huber@" ENFORCING);
        scene_must(office_step_begin(node, &error), &error);
        scene_must(office_step_end(node, post_send(node, &clearance, NULL, 0, NULL, &error), &error), &error);
        scene_carry(node, provider);
        scene_must(post_take_all(provider, &error), &error);
        office_close(provider);
        office_close(node);
        message_free(&clearance);
}

static void a_clearance_without_a_digest_has_no_effect(void **state)
{
        struct message order;

        (void)state;
        begin();
        make_order(&order);
        send_order(&order);
        notify(&order, 0, false);
        settle();
        to_prepared(order.order_id);
        send_clearance_without_digest(&order);
        assert_int_equal(
                incidents_of(PROVIDER, "handler-refused", "missing: SHA-256 of the order's words"), 1);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, order.order_id, &error));
        message_free(&order);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)
        const struct CMUnitTest tests[] = {
                TEST(a_clearance_of_a_milder_order_releases_nothing),
                TEST(silence_about_a_milder_order_releases_nothing_on_day_10),
                TEST(what_came_before_the_order_is_compared_with_it),
                TEST(the_same_words_are_cleared),
                TEST(an_amendment_to_both_the_same_goes_on),
                TEST(silence_about_a_generation_that_never_came_releases_nothing),
                TEST(a_clearance_without_a_digest_has_no_effect),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
