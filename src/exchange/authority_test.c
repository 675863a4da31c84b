/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/authority.h"

#include "crypto/cms_seal.h"
#include "exchange/clock.h"
#include "exchange/office_scene_test.h"
#include "order/order_example_test.h"

static const char log_line[] = "login of mallory\n"
                               "2026-11-11T11:00:00+01:00 login from 198.51.100.7:40211/tcp\n";

/* A lawful order of the prosecution, as an officer would fill it in. */
static void make_form(struct message *form)
{
        example_production(form);
        model_free(&order_type, &form->order);
        form->order.kind = ORDER_PRODUCTION;
        example_order_body(&form->order);
        struct identifier_list *list = &form->order.identifiers;
        for (size_t i = 0; i < list->count; i++)
                model_free(&identifier_type, &list->items[i]);
        list->count = 0;
        memset(form->id, 0, sizeof form->id);
        EXAMPLE_SET(form->order.addressee.organisation, PROVIDER);
        EXAMPLE_SET(form->order.addressee.country, "DE");
        form->order.deadline.kind = DEADLINE_TEN_DAYS;
        form->order.has_earlier = STATED_NO;
        form->order.grounds.holder = HOLDER_CONTROLLER;
        form->order.delivery.recipient = RECIPIENT_ISSUING;
}

static void make_emergency(struct message *form)
{
        make_form(form);
        form->order.deadline.kind = DEADLINE_EIGHT_HOURS_LIFE;
        example_text(&form->order.deadline.threat, "A child is missing since noon.");
        form->order.emergency.unvalidated = STATED_YES;
        form->order.emergency.domestic_power = STATED_YES;
        example_text(&form->order.emergency.no_time_reason, "Nobody can be reached at night.");
        example_text(&form->order.emergency.call_back_contact, "Duty officer");
}

/* One person comes, does one thing, and goes. */
#define AS(who, call)                                                                                        \
        do {                                                                                                 \
                struct office *office = scene_open(AUTHORITY, who);                                          \
                struct error error = {0};                                                                    \
                scene_must(call, &error);                                                                    \
                office_close(office);                                                                        \
        } while (0)
#define REFUSED_AS(who, code, call)                                                                          \
        do {                                                                                                 \
                struct office *office = scene_open(AUTHORITY, who);                                          \
                struct error error = {0};                                                                    \
                int outcome = call;                                                                          \
                if (outcome != (code) || !error.text[0])                                                     \
                        fail_msg("%d: %s", outcome, error.text);                                             \
                office_close(office);                                                                        \
        } while (0)

static int paste_text(struct office *office, const char *id, const char *text, struct error *error)
{
        struct identifier_source_text source = {.text = slice_of(text), .title = "forum.log"};
        struct authority_pasted pasted;

        assert_int_equal(digest_of(text, strlen(text), source.digest), 0);
        return authority_paste(office, id, &source, IDENTIFIER_NONE, 0, &pasted, error);
}

static void draft(struct message *form, char ret_id[MODEL_ID_MAX])
{
        struct book_order order;

        AS("berger", authority_new(office, form, &order, &error));
        AS("berger", paste_text(office, order.id, log_line + strlen("login of mallory\n"), &error));
        memcpy(ret_id, order.id, MODEL_ID_MAX);
        message_free(form);
}

static int state_of(const char *id)
{
        struct office *office = scene_open(AUTHORITY, "wolf");
        struct book_order order;
        struct error error = {0};

        scene_must(book_order_find(office, id, &order, &error), &error);
        office_close(office);
        return order.state;
}

/* How many entries of a kind the log has for an order. */
struct counting {
        const char *kind, *order;
        int count;
};
static int count_entry(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct counting *counting = context;
        const char *order = entry ? json_string_value(json_object_get(entry->fields, "order")) : NULL;

        (void)index;
        (void)error;
        counting->count += entry && strcmp(entry->kind_name, counting->kind) == 0 && order &&
                           strcmp(order, counting->order) == 0;
        return 0;
}
static int entries(const char *kind, const char *id)
{
        struct office *office = scene_open(AUTHORITY, "wolf");
        struct counting counting = {.kind = kind, .order = id};
        struct error error = {0};

        scene_must(chronicle_walk(office_chronicle(office), 0, count_entry, &counting, &error), &error);
        office_close(office);
        return counting.count;
}

static void issue(struct message *form, char ret_id[MODEL_ID_MAX])
{
        draft(form, ret_id);
        AS("berger", authority_submit(office, ret_id, &error));
        AS("huber", authority_approve(office, ret_id, "looked at", &error));
        AS("berger", authority_send(office, ret_id, &error));
}

static void an_order_is_drafted_approved_and_sent(void **state)
{
        struct message form, sent;
        struct book_order order;
        struct error failure = {0};
        char id[MODEL_ID_MAX];

        (void)state;
        scene_init(AUTHORITY);
        make_form(&form);
        draft(&form, id);
        /* Whoever has not the role, or has already acted in another one, does not get further. */
        REFUSED_AS("huber", -EPERM, authority_submit(office, id, &error));
        REFUSED_AS("berger", -EPERM, authority_send(office, id, &error));
        AS("both", authority_submit(office, id, &error));
        REFUSED_AS("berger", -EPERM, authority_approve(office, id, "mine", &error));
        REFUSED_AS("both", -EPERM, authority_approve(office, id, "mine", &error));
        REFUSED_AS("nobody", -EPERM, authority_approve(office, id, "mine", &error));
        assert_int_equal(state_of(id), ORDER_STATE_AWAITING_APPROVAL);
        AS("huber", authority_approve(office, id, "looked at", &error));
        AS("berger", authority_send(office, id, &error));
        assert_int_equal(state_of(id), ORDER_STATE_SENT);
        assert_int_equal(entries("order-issued", id), 1);
        assert_int_equal(entries("message-sent", id), 1);
        struct office *node = scene_open(AUTHORITY, "wolf");
        scene_must(book_order_find(node, id, &order, &failure), &failure);
        message_init(&sent, MESSAGE_NONE);
        scene_must(book_order_message(node, &order, &sent, &failure), &failure);
        assert_int_equal(sent.order.identifiers.count, 1);
        assert_string_equal(sent.order.identifiers.items[0].value, "198.51.100.7");
        assert_int_equal(sent.order.identifiers.items[0].entry, ENTRY_PASTED);
        assert_string_equal(sent.order.issuer.signatory.person, "berger@" AUTHORITY);
        message_free(&sent);
        office_close(node);
        /* What was sent is no draft any more. */
        REFUSED_AS("berger", -EPERM, authority_remove(office, id, 1, &error));
}

/* Requirement 4 before anything leaves. */
static void requirement_04_a_prosecutors_order_for_traffic_is_not_approved(void **state)
{
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        scene_init(AUTHORITY);
        make_form(&form);
        form.order.data.categories = WORD_BIT(CATEGORY_TRAFFIC);
        form.order.data.subscriber = form.order.data.identification = 0;
        form.order.data.traffic = WORD_BIT(TRAFFIC_CONNECTIONS);
        form.order.grounds.threshold = THRESHOLD_THREE_YEARS;
        draft(&form, id);
        AS("berger", authority_submit(office, id, &error));
        REFUSED_AS("huber", -EPERM, authority_approve(office, id, "please", &error));
        assert_int_equal(state_of(id), ORDER_STATE_AWAITING_APPROVAL);
}

/* Requirements 6 and 7: what has no offset is not taken, what is typed is compared by somebody else. */
static void requirement_07_typed_identifiers_need_a_second_person(void **state)
{
        static const char text[] = "198.51.100.7:40211/tcp 2026-11-11T11:00:00+01:00",
                          other[] = "198.51.100.7:40212/tcp 2026-11-11T11:00:00+01:00";
        struct message form;
        struct book_order order;

        (void)state;
        scene_init(AUTHORITY);
        make_form(&form);
        AS("berger", authority_new(office, &form, &order, &error));
        message_free(&form);
        REFUSED_AS("berger", -EINVAL,
                paste_text(
                        office, order.id, "2026-11-11 11:00:00 login from 198.51.100.7:40211/tcp\n", &error));
        AS("berger", authority_retype(office, order.id, IDENTIFIER_IPV4, slice_of(text), &error));
        AS("berger", authority_submit(office, order.id, &error));
        REFUSED_AS("huber", -EPERM, authority_approve(office, order.id, "fine", &error));
        AS("berger", authority_revise(office, order.id, "not compared", &error));
        REFUSED_AS("berger", -EPERM, authority_compare(office, order.id, 1, slice_of(text), &error));
        REFUSED_AS("maier", -EBADMSG, authority_compare(office, order.id, 1, slice_of(other), &error));
        REFUSED_AS("maier", -ENOENT, authority_compare(office, order.id, 2, slice_of(text), &error));
        AS("maier", authority_compare(office, order.id, 1, slice_of(text), &error));
        AS("berger", authority_submit(office, order.id, &error));
        AS("huber", authority_approve(office, order.id, "fine", &error));
}

/* ---- answers, as a provider would send them ---- */

struct kept_files {
        int count;
        char text[64];
};

static int keep_file(void *context, const char *message_id, const struct file *file, const void *bytes,
        size_t length, struct error *error)
{
        struct kept_files *kept = context;

        (void)message_id;
        (void)error;
        assert_string_equal(file->name, "person.json.p7m");
        assert_true(length < sizeof kept->text);
        memcpy(kept->text, bytes, length);
        kept->text[length] = '\0';
        kept->count++;
        return 0;
}

static void answer_of_provider(const char *order_id, int expected)
{
        struct office *one = scene_open(AUTHORITY, "berger"), *other = scene_open(PROVIDER, "desk");
        struct buffer sealed = buffer_make(1 << 20);
        struct message message, order;
        struct book_order row;
        struct error error = {0};
        const struct certificate *certificate;

        scene_must(book_order_find(one, order_id, &row, &error), &error);
        message_init(&order, MESSAGE_NONE);
        scene_must(book_order_message(one, &row, &order, &error), &error);
        scene_must(office_key(one, DIRECTORY_DECRYPTION, NULL, &certificate, &error), &error);
        scene_must(cms_seal("{\"who\":\"nobody\"}", 16, &certificate, 1, &sealed, &error), &error);
        message_init(&message, MESSAGE_ANSWER);
        EXAMPLE_SET(message.order_id, order_id);
        EXAMPLE_SET(message.receiver.organisation, AUTHORITY);
        struct answer_body *body = &message.answer;
        void *item;
        scene_must(model_list_add(model_field_find(message_body_type(MESSAGE_ANSWER), slice_of("results")),
                           body, &item, &error),
                &error);
        struct result *result = item;
        EXAMPLE_SET(result->identifier_id, order.order.identifiers.items[0].id);
        result->outcome = OUTCOME_NOT_AVAILABLE;
        result->obstacles = WORD_BIT(OBSTACLE_NOT_STORED);
        result->verdict = VERDICT_OF_UNKNOWN;
        example_text(&result->statement, scope_statement(VERDICT_OF_UNKNOWN, false));
        scene_must(model_texts_add(model_field_find(&result_type, slice_of("files")), result,
                           slice_of("person.json.p7m"), &error),
                &error);
        body->provider.kind = ADDRESSEE_ESTABLISHMENT;
        EXAMPLE_SET(body->provider.country, "DE");
        EXAMPLE_SET(body->provider.organisation, PROVIDER);
        example_text(&body->provider.name, "Provider");
        body->answered_ms = scene_clock;
        body->final = STATED_YES;
        example_text(&body->means, "in the container");
        EXAMPLE_SET(body->signatory.person, "maier@" PROVIDER);
        example_text(&body->signatory.name, "maier");
        body->signatory.signed_ms = scene_clock;
        const struct post_file file = {.name = "person.json.p7m",
                .media_type = "application/pkcs7-mime",
                .identifier_id = result->identifier_id,
                .bytes = sealed.bytes,
                .length = sealed.length,
                .encrypted = true};
        scene_must(office_step_begin(other, &error), &error);
        scene_must(
                office_step_end(other, post_send(other, &message, &file, 1, NULL, &error), &error), &error);
        assert_int_equal(scene_carry(other, one), 1);
        int r = post_take(one, &error);
        scene_must(r, &error);
        assert_int_equal(r, 1);
        struct book_message came;
        scene_must(book_message_find(one, PROVIDER, message.id, &came, &error), &error);
        if (came.refused != (expected == POST_REFUSED))
                fail_msg("%s", came.reason);
        message_free(&message);
        message_free(&order);
        buffer_free(&sealed);
        office_close(one);
        office_close(other);
}

static void an_answer_is_opened_and_the_person_informed(void **state)
{
        const struct authority_inform inform = {
                .means = "by letter", .remedies = "objection to the court of Vienna within 14 days"};
        struct kept_files kept = {.count = 0};
        struct authority_opened opened;
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        scene_init(AUTHORITY);
        scene_init(PROVIDER);
        make_form(&form);
        issue(&form, id);
        answer_of_provider(id, POST_TAKEN);
        assert_int_equal(state_of(id), ORDER_STATE_ANSWERED);
        /* Requirement 16: nobody reads without a purpose, nor in another role. */
        REFUSED_AS("berger", -EINVAL, authority_open(office, id, " ", keep_file, &kept, &opened, &error));
        REFUSED_AS("huber", -EPERM, authority_open(office, id, "curious", keep_file, &kept, &opened, &error));
        REFUSED_AS("admin", -EPERM, authority_open(office, id, "curious", keep_file, &kept, &opened, &error));
        assert_int_equal(entries("plaintext-read", id), 0);
        AS("berger", authority_open(office, id, "who wrote it", keep_file, &kept, &opened, &error));
        assert_int_equal(kept.count, 1);
        assert_string_equal(kept.text, "{\"who\":\"nobody\"}");
        assert_int_equal(state_of(id), ORDER_STATE_OPENED);
        AS("berger", authority_open(office, id, "once more", keep_file, &kept, &opened, &error));
        assert_int_equal(entries("plaintext-read", id), 2);
        assert_int_equal(entries("data-obtained", id), 1);
        /* Requirement 15: due, delayed with reasons, due again. */
        assert_true(opened.inform_due_ms > scene_clock + 20 * TIME_DAY);
        REFUSED_AS("berger", -EINVAL,
                authority_delay(office, id, DELAY_INQUIRY, "", scene_clock + 90 * TIME_DAY, &error));
        AS("berger", authority_delay(office, id, DELAY_INQUIRY, "others are sought",
                             scene_clock + 90 * TIME_DAY, &error));
        REFUSED_AS("huber", -EPERM, authority_inform(office, id, &inform, &error));
        AS("berger", authority_inform(office, id, &inform, &error));
        assert_int_equal(state_of(id), ORDER_STATE_INFORMED);
        assert_int_equal(entries("person-informed", id), 1);
        assert_int_equal(entries("informing-delayed", id), 1);
}

static int count_inform(void *context, const struct book_incident *incident)
{
        *(int *)context += strcmp(incident->code, "inform-due") == 0;
        return 0;
}

/* Requirement 15: the duty to inform has a due date, and somebody is told when it has come. */
static void requirement_15_informing_becomes_due(void **state)
{
        struct kept_files kept = {.count = 0};
        struct authority_opened opened;
        struct message form;
        char id[MODEL_ID_MAX];
        struct error failure = {0};

        (void)state;
        scene_init(AUTHORITY);
        scene_init(PROVIDER);
        make_form(&form);
        issue(&form, id);
        answer_of_provider(id, POST_TAKEN);
        AS("berger", authority_open(office, id, "who wrote it", keep_file, &kept, &opened, &error));
        struct office *office = scene_open(AUTHORITY, "admin");
        int64_t look_ms;
        int told = 0;
        scene_must(clock_run(office, &failure), &failure);
        scene_must(book_incidents_each(office, count_inform, &told, &failure), &failure);
        assert_int_equal(told, 0);
        scene_must(book_next_look(office, &look_ms, &failure), &failure);
        assert_int_equal(look_ms, opened.inform_due_ms);
        scene_clock = look_ms;
        for (int i = 0; i < 2; i++)
                scene_must(clock_run(office, &failure), &failure);
        scene_must(book_incidents_each(office, count_inform, &told, &failure), &failure);
        assert_int_equal(told, 1);
        office_close(office);
}

static int count_answers(const char *folder)
{
        DIR *entries_of = opendir(folder);
        int count = 0;

        for (struct dirent *entry; entries_of && (entry = readdir(entries_of));)
                count += strncmp(entry->d_name, "in-", 3) == 0;
        if (entries_of)
                closedir(entries_of);
        return count;
}

/* Requirements 2 and 3: two people; after 48 hours it withdraws itself and deletes what it brought. */
static void requirement_03_an_unvalidated_emergency_withdraws_and_deletes_itself(void **state)
{
        struct message form;
        struct book_message sent;
        struct message withdrawal;
        char id[MODEL_ID_MAX];
        struct error failure = {0};

        (void)state;
        scene_init(AUTHORITY);
        scene_init(PROVIDER);
        make_emergency(&form);
        draft(&form, id);
        AS("berger", authority_submit(office, id, &error));
        REFUSED_AS("huber", -EPERM, authority_approve(office, id, "urgent", &error));
        AS("maier", authority_approve(office, id, "urgent", &error));
        assert_int_equal(state_of(id), ORDER_STATE_EMERGENCY_APPROVED);
        AS("berger", authority_send(office, id, &error));
        answer_of_provider(id, POST_TAKEN);
        assert_int_equal(count_answers(scratch_path(AUTHORITY "/containers")), 1);
        scene_clock += 48 * TIME_HOUR;
        struct office *office = scene_open(AUTHORITY, "admin");
        int r = clock_run(office, &failure);
        scene_must(r, &failure);
        assert_int_equal(r, 2);
        scene_must(book_message_latest(office, id, MESSAGE_WITHDRAWAL, DIRECTION_OUT, &sent, &failure),
                &failure);
        message_init(&withdrawal, MESSAGE_NONE);
        scene_must(book_message_read(office, NULL, sent.id, &withdrawal, &failure), &failure);
        assert_int_equal(withdrawal.withdrawal.reason, WITHDRAWAL_NOT_VALIDATED);
        assert_int_equal(withdrawal.withdrawal.delete_data, STATED_YES);
        assert_int_equal(withdrawal.withdrawal.deleted_digests.count, 1);
        message_free(&withdrawal);
        office_close(office);
        assert_int_equal(state_of(id), ORDER_STATE_DELETED);
        assert_int_equal(count_answers(scratch_path(AUTHORITY "/containers")), 0);
        assert_int_equal(entries("withdrawn", id), 1);
        assert_int_equal(entries("retention", id), 1);
        /* What still comes is not taken. */
        answer_of_provider(id, POST_REFUSED);
        assert_int_equal(count_answers(scratch_path(AUTHORITY "/containers")), 0);
}

/* What the court decides on its own node, as it comes. */
static void court_validates(const char *id)
{
        struct message message;

        message_init(&message, MESSAGE_VALIDATION);
        EXAMPLE_SET(message.order_id, id);
        EXAMPLE_SET(message.receiver.organisation, AUTHORITY);
        message.validation.decision = VALIDATION_GRANTED;
        message.validation.decided_ms = scene_clock;
        example_authority(&message.validation.authority, "AT", COURT, NATURE_COURT, "huber@at-court-vienna");
        struct office *court = scene_open(COURT, "huber"), *office = scene_open(AUTHORITY, "admin");
        struct error error = {0};
        scene_must(office_step_begin(court, &error), &error);
        scene_must(office_step_end(court, post_send(court, &message, NULL, 0, NULL, &error), &error), &error);
        scene_settle(court, office);
        office_close(court);
        office_close(office);
        message_free(&message);
}

static void an_emergency_is_validated_afterwards_or_refused(void **state)
{
        (void)state;
        scene_init(AUTHORITY);
        scene_init(COURT);
        for (int refused = 0; refused < 2; refused++) {
                struct message form;
                char id[MODEL_ID_MAX];
                make_emergency(&form);
                draft(&form, id);
                AS("berger", authority_submit(office, id, &error));
                AS("maier", authority_approve(office, id, "urgent", &error));
                AS("berger", authority_send(office, id, &error));
                REFUSED_AS("huber", -EINVAL,
                        authority_validate(office, id, VALIDATION_GRANTED, NULL, "in order", &error));
                REFUSED_AS("huber", -EPERM,
                        authority_validate(office, id, VALIDATION_GRANTED, PROVIDER, "in order", &error));
                /* For the court's name nobody here grants anything. */
                REFUSED_AS("huber", -EPERM,
                        authority_validate(office, id, VALIDATION_GRANTED, COURT, "looked at", &error));
                if (refused) {
                        AS("huber", authority_validate(
                                            office, id, VALIDATION_REFUSED, COURT, "looked at", &error));
                } else {
                        AS("berger", authority_ask_validation(office, id, COURT, &error));
                        court_validates(id);
                }
                assert_int_equal(state_of(id), refused ? ORDER_STATE_WITHDRAWN : ORDER_STATE_SENT);
                scene_clock += 49 * TIME_HOUR;
                AS("admin", clock_run(office, &error));
                assert_int_equal(state_of(id), refused ? ORDER_STATE_DELETED : ORDER_STATE_SENT);
                assert_int_equal(entries("later-validation", id), 1);
        }
}

static void withdrawing_extending_and_explaining(void **state)
{
        const struct authority_withdrawal mistake = {
                .reason = WITHDRAWAL_MISTAKE, .explanation = "the wrong line", .delete_data = true};
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        scene_init(AUTHORITY);
        make_form(&form);
        issue(&form, id);
        REFUSED_AS("berger", -EPERM, authority_extend(office, id, "more time", &error));
        REFUSED_AS("berger", -EPERM, authority_clarify(office, id, "this one", &error));
        REFUSED_AS("huber", -EPERM, authority_withdraw(office, id, &mistake, &error));
        AS("berger", authority_withdraw(office, id, &mistake, &error));
        assert_int_equal(state_of(id), ORDER_STATE_WITHDRAWN);
        make_form(&form);
        model_free(&order_type, &form.order);
        form.kind = MESSAGE_PRESERVATION_ORDER;
        form.order.kind = ORDER_PRESERVATION;
        example_order_body(&form.order);
        for (size_t i = 0; i < form.order.identifiers.count; i++)
                model_free(&identifier_type, &form.order.identifiers.items[i]);
        form.order.identifiers.count = 0;
        EXAMPLE_SET(form.order.addressee.organisation, PROVIDER);
        EXAMPLE_SET(form.order.addressee.country, "DE");
        example_text(&form.order.grounds.preservation_reason, "The log is kept for seven days only.");
        issue(&form, id);
        AS("berger", authority_extend(office, id, "more time", &error));
        REFUSED_AS("berger", -EPERM, authority_extend(office, id, "still more", &error));
}

/* Requirement 20: the wrongly identified person and the oversight body are told. */
static void requirement_20_an_error_is_reported(void **state)
{
        struct authority_error report = {.kind = ERROR_WRONG_PERSON,
                .number = 1,
                .description = "the port was read as another",
                .person_informed_ms = TIME_UNKNOWN};
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        scene_init(AUTHORITY);
        scene_init(OVERSIGHT);
        make_form(&form);
        issue(&form, id);
        REFUSED_AS("berger", -EPERM, authority_report_error(office, id, &report, &error));
        report.person_informed_ms = scene_clock - TIME_HOUR;
        AS("berger", authority_report_error(office, id, &report, &error));
        assert_int_equal(entries("error-reported", id), 1);
        struct office *one = scene_open(AUTHORITY, "berger"), *other = scene_open(OVERSIGHT, "wolf");
        struct book_message came;
        struct error failure = {0};
        scene_settle(one, other);
        scene_must(book_message_latest(other, id, MESSAGE_ERROR_REPORT, DIRECTION_IN, &came, &failure),
                &failure);
        office_close(one);
        office_close(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(an_order_is_drafted_approved_and_sent),
                TEST(requirement_04_a_prosecutors_order_for_traffic_is_not_approved),
                TEST(requirement_07_typed_identifiers_need_a_second_person),
                TEST(an_answer_is_opened_and_the_person_informed),
                TEST(requirement_15_informing_becomes_due),
                TEST(requirement_03_an_unvalidated_emergency_withdraws_and_deletes_itself),
                TEST(an_emergency_is_validated_afterwards_or_refused),
                TEST(withdrawing_extending_and_explaining),
                TEST(requirement_20_an_error_is_reported),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
