/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages that wait for a timestamp, with a service that is played. */
/* An order has parties too (order/order.h). */
#define party stamping_party
#include "crypto/authority_test.h"
#undef party

#include "exchange/office_scene_test.h"

#include <sqlite3.h>

#define ORDER_ID "0b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01"

/* What the service does with a request. */
enum manner { HONEST, DOWN, DECLINES, NONSENSE, OTHER_NONCE, OTHER_IMPRINT, OTHER_SIGNER, EARLY, LATE };

static struct {
        enum manner manner;
        struct stamping_party service, stranger;
        unsigned asked;
} played;

static int play(void *context, const char *url, struct slice request, struct buffer *ret_response,
        struct error *error)
{
        static const uint8_t nonce[TIMESTAMP_NONCE_BYTES] = {8, 7, 6, 5, 4, 3, 2, 1};
        struct buffer asked = buffer_make(TIMESTAMP_REQUEST_MAX);
        int64_t at_ms = scene_clock;

        (void)context;
        assert_string_equal(url, "http://tsa.example/stamp");
        played.asked++;
        if (played.manner == DOWN)
                return error_set(error, -EHOSTUNREACH, "nobody is there");
        if (played.manner == DECLINES) {
                timestamps_decline("\xff\x1b[2J", 5, ret_response);
                return 0;
        }
        if (played.manner == NONSENSE)
                return buffer_append(ret_response, "nonsense", 8);
        assert_int_equal(buffer_append(&asked, request.text, request.length), 0);
        if (played.manner == OTHER_NONCE) /* the nonce is the last but one: eight bytes, then certReq */
                asked.bytes[asked.length - 4] ^= 1;
        if (played.manner == OTHER_IMPRINT) {
                buffer_clear(&asked);
                authority_must(timestamp_request("another", 7, nonce, &asked) == 0);
        }
        if (played.manner == EARLY || played.manner == LATE)
                at_ms += played.manner == LATE ? TIME_HOUR : -TIME_HOUR;
        timestamps_answer(played.manner == OTHER_SIGNER ? &played.stranger : &played.service, &asked, at_ms,
                ret_response);
        buffer_free(&asked);
        return 0;
}

static void configure(const char *organisation, bool asks, bool optional)
{
        struct office_settings *settings = calloc(1, sizeof *settings);
        struct buffer text = buffer_make(OFFICE_SETTINGS_BYTES_MAX);
        struct error error = {0};
        char folder[300], path[400];

        snprintf(folder, sizeof folder, "%s", scratch_path(organisation));
        snprintf(path, sizeof path, "%s/" OFFICE_SETTINGS_NAME, folder);
        scene_must(file_read(path, &text, &error), &error);
        scene_must(
                office_settings_read(slice_make((char *)text.bytes, text.length), settings, &error), &error);
        snprintf(settings->timestamp_url, sizeof settings->timestamp_url, "%s",
                asks ? "http://tsa.example/stamp" : "");
        snprintf(settings->timestamp_certificate, PATH_MAX, "timestamps.crt");
        settings->timestamp_optional = optional;
        buffer_clear(&text);
        scene_must(office_settings_write(settings, &text, &error), &error);
        scene_must(file_publish(folder, OFFICE_SETTINGS_NAME, text.bytes, text.length, &error), &error);
        scene_must(file_publish(
                           folder, "timestamps.crt", played.service.pem, strlen(played.service.pem), &error),
                &error);
        buffer_free(&text);
        free(settings);
}

static struct office *open_office(const char *organisation)
{
        const struct office_options options = {.now = scene_now, .login = "berger", .timestamp = play};
        struct office *office = NULL;
        struct error error = {0};

        scene_must(office_open(scratch_path(organisation), &options, &office, &error), &error);
        return office;
}

static struct office *one, *other;

static void open_both(bool optional)
{
        scene_init(AUTHORITY);
        scene_init(PROVIDER);
        configure(AUTHORITY, true, optional);
        configure(PROVIDER, false, false);
        one = open_office(AUTHORITY);
        other = open_office(PROVIDER);
        played.manner = HONEST;
        played.asked = 0;
}

static void close_both(void)
{
        office_close(one);
        office_close(other);
}

static void send_report(char ret_id[MODEL_ID_MAX])
{
        struct message message;
        struct error error = {0};

        message_init(&message, MESSAGE_ERROR_REPORT);
        snprintf(message.order_id, sizeof message.order_id, ORDER_ID);
        snprintf(message.receiver.organisation, sizeof message.receiver.organisation, PROVIDER);
        message.error_report.kind = ERROR_WRONG_PERSON;
        message.error_report.description = strdup("the port was read as another");
        message.error_report.found_ms = scene_clock;
        scene_must(office_step_begin(one, &error), &error);
        scene_must(office_step_end(one, post_send(one, &message, NULL, 0, NULL, &error), &error), &error);
        snprintf(ret_id, MODEL_ID_MAX, "%s", message.id);
        message_free(&message);
}

static struct post_stamped stamp(void)
{
        struct post_stamped told;
        struct error error = {0};

        scene_must(post_stamp_all(one, &told, &error), &error);
        return told;
}

static struct post_stamp stamp_of(const char *id)
{
        struct post_stamp row;
        struct error error = {0};

        scene_must(post_stamp_find(one, id, &row, &error), &error);
        return row;
}

/* What the log says of how the message left; "" where it does not say that it did. */
struct left {
        const char *id;
        char timestamp[TIME_TEXT_MAX], reason[200];
        unsigned count;
};
static int note_left(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct left *left = context;

        (void)index;
        (void)error;
        if (!entry || strcmp(entry->kind_name, "message-sent") != 0 ||
                strcmp(json_string_value(json_object_get(entry->fields, "message")), left->id) != 0)
                return 0;
        const json_t *detail = json_object_get(entry->fields, "detail");
        const char *reason = json_string_value(json_object_get(detail, "reason"));
        snprintf(left->timestamp, sizeof left->timestamp, "%s",
                json_string_value(json_object_get(detail, "timestamp")));
        snprintf(left->reason, sizeof left->reason, "%s", reason ? reason : "");
        left->count++;
        return 0;
}

static struct left left_of(const char *id)
{
        struct left left = {.id = id};
        struct error error = {0};

        scene_must(chronicle_walk(office_chronicle(one), 0, note_left, &left, &error), &error);
        return left;
}

static int64_t proven_there(const char *id)
{
        struct container container;
        struct error error = {0};

        scene_must(post_container(other, AUTHORITY, id, &container, &error), &error);
        int64_t proven_ms = container.signers[0].proven_ms;
        container_free(&container);
        return proven_ms;
}

static void a_message_leaves_with_its_timestamp(void **state)
{
        char id[MODEL_ID_MAX], second[MODEL_ID_MAX], text[TIME_TEXT_MAX];
        struct post_stamp first;
        struct error error = {0};
        json_t *waiting = NULL;
        uint64_t count;

        (void)state;
        open_both(false);
        send_report(id);
        send_report(second);
        assert_int_equal(scene_carry(one, other), 0);
        assert_int_equal(stamp_of(id).state, POST_STAMP_WAITS);
        assert_int_equal(left_of(id).count, 0);
        scene_must(post_stamp_first(one, &first, &count, &error), &error);
        assert_int_equal(count, 2);
        assert_string_equal(first.message_id, id);
        scene_must(post_stamps_of(one, ORDER_ID, &waiting, &error), &error);
        assert_int_equal(json_array_size(waiting), 2);
        json_decref(waiting);

        scene_clock += TIME_MINUTE;
        struct post_stamped told = stamp();
        assert_true(told.with == 2 && told.without == 0 && !told.waits);
        assert_int_equal(stamp_of(id).state, POST_STAMP_HAS);
        assert_int_equal(stamp_of(id).proven_ms, scene_clock);
        struct left left = left_of(id);
        assert_int_equal(left.count, 1);
        assert_string_equal(left.timestamp, time_format_utc(scene_clock, text));
        assert_int_equal(scene_carry(one, other), 2);
        scene_settle(one, other);
        assert_int_equal(proven_there(id), scene_clock);
        assert_int_equal(proven_there(second), scene_clock);
        /* The receipts speak of the containers that left. */
        scene_must(post_stamp_first(one, &first, &count, &error), &error);
        assert_int_equal(count, 0);
        assert_int_equal(stamp().with, 0);
        struct book_message row, receipt;
        scene_must(book_message_find(one, NULL, id, &row, &error), &error);
        scene_must(book_message_find(other, AUTHORITY, id, &receipt, &error), &error);
        assert_memory_equal(row.digest, receipt.digest, DIGEST_BYTES);
        close_both();
}

static void a_service_that_is_down_is_asked_again(void **state)
{
        char id[MODEL_ID_MAX], second[MODEL_ID_MAX];

        (void)state;
        open_both(false);
        played.manner = DOWN;
        send_report(id);
        send_report(second);
        struct post_stamped told = stamp();
        assert_true(told.waits && told.with == 0 && strcmp(told.reason, "nobody is there") == 0);
        assert_int_equal(played.asked, 1);
        assert_string_equal(stamp_of(id).reason, "nobody is there");
        assert_string_equal(stamp_of(second).reason, "nobody is there");
        /* Not at once, and each time later. */
        for (unsigned i = 0; i < 12; i++) {
                int64_t wait = stamp_of(id).next_ms - scene_clock;
                assert_int_equal(wait, (i < 5 ? INT64_C(1) << i : 30) * 30 * TIME_SECOND);
                scene_clock += wait - 1;
                assert_false(stamp().waits);
                assert_int_equal(played.asked, i + 1);
                scene_clock += 1;
                assert_true(stamp().waits);
                assert_int_equal(played.asked, i + 2);
        }
        assert_int_equal(scene_carry(one, other), 0);
        /* A new one waits behind them and asks for nothing of its own. */
        char third[MODEL_ID_MAX];
        unsigned asked = played.asked;
        send_report(third);
        assert_int_equal(stamp_of(third).next_ms, stamp_of(id).next_ms);
        assert_false(stamp().waits);
        assert_int_equal(played.asked, asked);
        played.manner = HONEST;
        scene_clock += TIME_HOUR;
        assert_int_equal(stamp().with, 3);
        assert_string_equal(stamp_of(id).reason, "");
        assert_int_equal(scene_carry(one, other), 3);
        close_both();
}

static void a_hostile_service_is_refused(void **state)
{
        static const struct {
                enum manner manner;
                const char *words;
        } cases[] = {
                {DECLINES, "declined (status 2): ??[2J"},
                {NONSENSE, "no response of RFC 3161"},
                {OTHER_NONCE, "something else than was asked for"},
                {OTHER_IMPRINT, "something else than was asked for"},
                {OTHER_SIGNER, "no pinned service"},
                {EARLY, "by this node's clock"},
                {LATE, "by this node's clock"},
        };
        char id[MODEL_ID_MAX];

        (void)state;
        open_both(false);
        send_report(id);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                played.manner = cases[i].manner;
                struct post_stamped told = stamp();
                if (!told.waits || told.with > 0 || !strstr(told.reason, cases[i].words))
                        fail_msg("\"%s\" is not in: %s", cases[i].words, told.reason);
                assert_int_equal(scene_carry(one, other), 0);
                scene_clock += TIME_HOUR;
        }
        played.manner = HONEST;
        assert_int_equal(stamp().with, 1);
        close_both();
}

static void where_the_settings_let_it_a_message_leaves_without(void **state)
{
        char id[MODEL_ID_MAX], second[MODEL_ID_MAX];
        struct error error = {0};
        json_t *without = NULL;

        (void)state;
        open_both(true);
        played.manner = DOWN;
        send_report(id);
        struct post_stamped told = stamp();
        assert_true(told.without == 1 && told.with == 0 && !told.waits);
        assert_string_equal(told.reason, "nobody is there");
        assert_int_equal(stamp_of(id).state, POST_STAMP_WITHOUT);
        assert_string_equal(stamp_of(id).reason, "nobody is there");
        struct left left = left_of(id);
        assert_string_equal(left.timestamp, "none");
        assert_string_equal(left.reason, "nobody is there");
        scene_must(post_stamps_of(one, ORDER_ID, &without, &error), &error);
        assert_int_equal(json_array_size(without), 1);
        json_decref(without);
        /* Whatever words it has for that. */
        char declined[MODEL_ID_MAX];
        played.manner = DECLINES;
        send_report(declined);
        assert_int_equal(stamp().without, 1);
        assert_non_null(strstr(left_of(declined).reason, "declined (status 2): ??[2J"));
        played.manner = HONEST;
        send_report(second);
        assert_int_equal(stamp().with, 1);
        scene_settle(one, other);
        assert_int_equal(proven_there(id), TIME_UNKNOWN);
        assert_int_equal(proven_there(second), scene_clock);
        close_both();
}

struct incident_seen {
        const char *code;
        unsigned count;
};
static int see_incident(void *context, const struct book_incident *incident)
{
        struct incident_seen *seen = context;

        seen->count += strcmp(incident->code, seen->code) == 0;
        return 0;
}

/* What waits is not sealed anew when it was changed meanwhile. */
static void what_was_changed_does_not_leave(void **state)
{
        char id[MODEL_ID_MAX], second[MODEL_ID_MAX];
        struct post_stamped told;
        struct error error = {0};

        (void)state;
        open_both(false);
        send_report(id);
        assert_int_equal(
                sqlite3_exec(office_database(one),
                        "UPDATE post_stamp SET container = substr(container, 1, length(container) - 1)", NULL,
                        NULL, NULL),
                SQLITE_OK);
        /* And holds up nobody. */
        send_report(second);
        scene_must(post_stamp_all(one, &told, &error), &error);
        assert_true(told.failed == 1 && told.with == 1 && !told.waits);
        assert_non_null(strstr(told.reason, id));
        assert_int_equal(stamp_of(id).state, POST_STAMP_FAILED);
        assert_int_equal(stamp_of(second).state, POST_STAMP_HAS);
        assert_int_equal(played.asked, 1);
        assert_int_equal(scene_carry(one, other), 1);
        struct incident_seen seen = {.code = "message-not-sealed"};
        scene_must(book_incidents_each(one, see_incident, &seen, &error), &error);
        assert_int_equal(seen.count, 1);
        close_both();
}

/* Settings that no longer name a service keep back nothing. */
static void what_waited_leaves_when_there_is_no_service_any_more(void **state)
{
        char id[MODEL_ID_MAX];

        (void)state;
        open_both(false);
        send_report(id);
        configure(AUTHORITY, false, false);
        office_close(one);
        one = open_office(AUTHORITY);
        assert_int_equal(stamp().without, 1);
        assert_int_equal(played.asked, 0);
        assert_non_null(strstr(left_of(id).reason, "no timestamp service any more"));
        assert_int_equal(scene_carry(one, other), 1);
        close_both();
}

static void whoever_cannot_ask_lets_it_wait(void **state)
{
        char id[MODEL_ID_MAX];
        struct post_stamped told;
        struct error error = {0};

        (void)state;
        open_both(false);
        office_close(one);
        one = scene_open(AUTHORITY, "berger");
        send_report(id);
        assert_int_equal(stamp_of(id).state, POST_STAMP_WAITS);
        assert_int_equal(post_stamp_all(one, &told, &error), -EINVAL);
        close_both();
}

static int begin(void **state)
{
        /* Of the days of the scene. */
        const struct party_wish wish = {.name = "stamps",
                .kind = "P-256",
                .usage = "critical,digitalSignature",
                .extended = "critical,timeStamping",
                .from_ms = SCENE_NOW - TIME_DAY,
                .until_ms = SCENE_NOW + 90 * TIME_DAY};
        struct party_wish stranger = wish;

        (void)state;
        stranger.name = "stranger";
        played.service = party_make(wish);
        played.stranger = party_make(stranger);
        return 0;
}

static int end(void **state)
{
        (void)state;
        party_free(&played.service);
        party_free(&played.stranger);
        return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_message_leaves_with_its_timestamp),
                TEST(a_service_that_is_down_is_asked_again),
                TEST(a_hostile_service_is_refused),
                TEST(where_the_settings_let_it_a_message_leaves_without),
                TEST(what_was_changed_does_not_leave),
                TEST(what_waited_leaves_when_there_is_no_service_any_more),
                TEST(whoever_cannot_ask_lets_it_wait),
        };
        return cmocka_run_group_tests(tests, begin, end);
}
