/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/office_scene_test.h"

#include "chronicle/witness.h"
#include "container/container.h"
#include "hi1/hi1.h"

#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORDER_ID "0b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01"

struct pair {
        struct office *one, *other;
};

static struct pair open_pair(void)
{
        scene_init(AUTHORITY);
        scene_init(PROVIDER);
        return (struct pair){scene_open(AUTHORITY, "berger"), scene_open(PROVIDER, "desk")};
}

static void close_pair(struct pair *pair)
{
        office_close(pair->one);
        office_close(pair->other);
}

/* A report about an order that nobody knows: any node takes it. */
static void make_report(struct message *message, const char *receiver)
{
        message_init(message, MESSAGE_ERROR_REPORT);
        snprintf(message->order_id, sizeof message->order_id, ORDER_ID);
        snprintf(message->receiver.organisation, sizeof message->receiver.organisation, "%s", receiver);
        message->error_report.kind = ERROR_WRONG_PERSON;
        message->error_report.description = strdup("the port was read as another");
        message->error_report.found_ms = scene_clock;
}

static void send_report(struct office *from, const char *receiver, char ret_id[MODEL_ID_MAX])
{
        static const char bytes[] = "what was found";
        const struct post_file file = {.name = "finding.txt",
                .media_type = "text/plain",
                .description = "the finding",
                .bytes = bytes,
                .length = sizeof bytes - 1};
        struct message message;
        struct error error = {0};

        make_report(&message, receiver);
        scene_must(office_step_begin(from, &error), &error);
        scene_must(office_step_end(from, post_send(from, &message, &file, 1, NULL, &error), &error), &error);
        snprintf(ret_id, MODEL_ID_MAX, "%s", message.id);
        message_free(&message);
}

struct last_incident {
        struct book_incident incident;
        int count;
};

static int keep_incident(void *context, const struct book_incident *incident)
{
        struct last_incident *last = context;

        last->incident = *incident;
        last->count++;
        return 0;
}

static struct last_incident incidents(struct office *office)
{
        struct last_incident last = {.count = 0};
        struct error error = {0};

        scene_must(book_incidents_each(office, keep_incident, &last, &error), &error);
        return last;
}

static void expect_refused(struct office *office, const char *code)
{
        struct last_incident last = incidents(office);

        if (strcmp(last.incident.code, code) != 0)
                fail_msg("refused as %s (%s), not as %s", last.incident.code, last.incident.words, code);
}

static struct buffer read_container(struct office *office, const char *peer, const char *id)
{
        struct buffer bytes = buffer_make(MESSAGE_BYTES_MAX);
        struct error error = {0};
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%s/%s%s%s%s.asice", office_containers(office), peer ? "in-" : "out-",
                peer ? peer : "", peer ? "-" : "", id);
        scene_must(file_read(path, &bytes, &error), &error);
        return bytes;
}

/* As the courier hands over what a peer, known by its TLS certificate, has brought. */
static int bring(struct office *to, const char *bearer, const char *id, const void *bytes, size_t length)
{
        struct content *content = NULL;
        struct error error = {0};

        scene_must(content_of(office_spool(to), bytes, length, &content, &error), &error);
        int r = queue_receive(office_queue(to), bearer, id, content, scene_clock, scene_clock, &error);
        content_free(content);
        return r;
}

static void take_one(struct office *office)
{
        struct error error = {0};
        int r = post_take(office, &error);

        scene_must(r, &error);
        assert_int_equal(r, 1);
}

static void a_sealed_message_arrives(void **state)
{
        struct pair pair = open_pair();
        char id[MODEL_ID_MAX];
        struct book_message row;
        struct message message;
        struct container container;
        struct error error = {0};

        (void)state;
        send_report(pair.one, PROVIDER, id);
        assert_int_equal(scene_carry(pair.one, pair.other), 1);
        take_one(pair.other);
        scene_must(book_message_find(pair.other, AUTHORITY, id, &row, &error), &error);
        assert_false(row.refused);
        message_init(&message, MESSAGE_NONE);
        scene_must(book_message_read(pair.other, AUTHORITY, id, &message, &error), &error);
        assert_int_equal(message.error_report.kind, ERROR_WRONG_PERSON);
        assert_int_equal(message.files.count, 1);
        message_free(&message);
        scene_must(post_container(pair.other, AUTHORITY, id, &container, &error), &error);
        assert_non_null(container_find(&container, "evidence/finding.txt"));
        container_free(&container);
        /* The receipt comes back, and is not answered. */
        assert_int_equal(scene_carry(pair.other, pair.one), 1);
        take_one(pair.one);
        scene_must(
                book_message_latest(pair.one, ORDER_ID, MESSAGE_RECEIPT, DIRECTION_IN, &row, &error), &error);
        assert_int_equal(scene_carry(pair.one, pair.other), 0);
        assert_int_equal(incidents(pair.one).count, 0);
        close_pair(&pair);
}

/* Many messages in both directions: each log is witnessed by the other, whatever overtakes what. */
static void logs_are_witnessed(void **state)
{
        struct pair pair = open_pair();
        struct error error = {0};
        struct checkpoint checkpoint;
        char id[MODEL_ID_MAX];

        (void)state;
        for (int i = 0; i < 4; i++) {
                send_report(pair.one, PROVIDER, id);
                send_report(pair.one, PROVIDER, id);
                send_report(pair.other, AUTHORITY, id);
                scene_clock += 1000;
                scene_settle(pair.one, pair.other);
        }
        scene_must(chronicle_checkpoint(office_chronicle(pair.one), &checkpoint, NULL, &error), &error);
        int64_t cosigned = 0;
        sqlite3_stmt *rows;
        assert_int_equal(sqlite3_prepare_v2(office_database(pair.one),
                                 "SELECT cosigned_size FROM book_peer WHERE length(cosigned_note) > 100", -1,
                                 &rows, NULL),
                0);
        assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
        cosigned = sqlite3_column_int64(rows, 0);
        sqlite3_finalize(rows);
        assert_true(cosigned > 10);
        /* Reports are incidents too, and nothing else is. */
        struct last_incident last = incidents(pair.one);
        assert_string_equal(last.incident.code, "error-reported");
        assert_int_equal(last.count, 4);
        close_pair(&pair);
}

static int64_t number_of(struct office *office, const char *sql)
{
        sqlite3_stmt *rows;

        assert_int_equal(sqlite3_prepare_v2(office_database(office), sql, -1, &rows, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
        int64_t number = sqlite3_column_int64(rows, 0);
        sqlite3_finalize(rows);
        return number;
}

static void bring_it(struct pair *pair, const char *id)
{
        struct buffer bytes = read_container(pair->one, NULL, id);

        assert_int_equal(bring(pair->other, AUTHORITY, id, bytes.bytes, bytes.length), QUEUE_ACCEPTED);
        take_one(pair->other);
        buffer_free(&bytes);
}

static int count_evidence(void *context, const char *origin, const char *verdict, int64_t at_ms,
        struct slice kept, struct slice offered)
{
        (void)origin;
        (void)verdict;
        (void)at_ms;
        (void)kept;
        (void)offered;
        ++*(int *)context;
        return 0;
}

/* Whichever comes first: each message proves that the log only grew, and what is late was proven before. */
static void requirement_18_whatever_overtakes_what_is_proven(void **state)
{
        struct pair pair = open_pair();
        char ids[5][MODEL_ID_MAX];
        struct error error = {0};
        int evidence = 0;

        (void)state;
        for (int i = 0; i < 5; i++) {
                send_report(pair.one, PROVIDER, ids[i]);
                scene_clock += 1000;
        }
        bring_it(&pair, ids[2]);
        bring_it(&pair, ids[0]);
        bring_it(&pair, ids[4]);
        bring_it(&pair, ids[3]);
        bring_it(&pair, ids[1]);
        assert_int_equal(number_of(pair.other,
                                 "SELECT count(*) FROM book_message WHERE direction = 2 AND refused = 0"),
                5);
        assert_int_equal(
                number_of(pair.other, "SELECT count(*) FROM book_incident WHERE code <> 'error-reported'"),
                0);
        scene_must(chronicle_evidence_walk(office_chronicle(pair.other), count_evidence, &evidence, &error),
                &error);
        assert_int_equal(evidence, 0);
        close_pair(&pair);
}

/* Not one message has an effect whose log does not show that it goes on from what is known. */
static void requirement_18_what_proves_nothing_has_no_effect(void **state)
{
        struct pair pair = open_pair();
        char id[MODEL_ID_MAX];
        struct book_message row;
        struct error error = {0};

        (void)state;
        for (int i = 0; i < 3; i++) {
                send_report(pair.one, PROVIDER, id);
                scene_settle(pair.one, pair.other);
                scene_clock += 1000;
        }
        assert_int_equal(sqlite3_exec(office_database(pair.one),
                                 "DELETE FROM book_peer_sent; UPDATE book_peer SET sent_size = 1,"
                                 " cosigned_size = 2",
                                 NULL, NULL, NULL),
                SQLITE_OK);
        send_report(pair.one, PROVIDER, id);
        bring_it(&pair, id);
        expect_refused(pair.other, "log-unproven");
        scene_must(book_message_find(pair.other, AUTHORITY, id, &row, &error), &error);
        assert_true(row.refused);
        close_pair(&pair);
}

static void run_program(const char *const words[])
{
        int status = -1;
        pid_t child = fork();

        if (child == 0) {
                execv(words[0], (char *const *)(uintptr_t)words);
                _exit(127);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
}

static void copy_folder(const char *from, const char *to)
{
        char source[512], target[512];
        const char *const remove[] = {"/bin/rm", "-rf", target, NULL};
        const char *const copy[] = {"/bin/cp", "-a", source, target, NULL};

        snprintf(source, sizeof source, "%s", scratch_path(from));
        snprintf(target, sizeof target, "%s", scratch_path(to));
        run_program(remove);
        run_program(copy);
}

/* A node's folder is put back from a copy of yesterday: its peer refuses the first message already, both find
 * an incident, and oversight hears of it once. */
static void requirement_18_a_log_that_was_set_back_is_refused_and_told(void **state)
{
        static const char told[] = "SELECT count(*) FROM outbox WHERE recipient LIKE '%oversight%'";
        struct pair pair = open_pair();
        char id[MODEL_ID_MAX];
        struct error error = {0};

        (void)state;
        send_report(pair.one, PROVIDER, id);
        scene_settle(pair.one, pair.other);
        office_close(pair.one);
        copy_folder(AUTHORITY, "yesterday");
        pair.one = scene_open(AUTHORITY, "berger");
        for (int i = 0; i < 3; i++) {
                scene_clock += 1000;
                send_report(pair.one, PROVIDER, id);
                scene_settle(pair.one, pair.other);
        }
        office_close(pair.one);
        copy_folder("yesterday", AUTHORITY);
        pair.one = scene_open(AUTHORITY, "berger");
        int64_t before = number_of(pair.other, told);
        scene_clock += 1000;
        for (int i = 0; i < 12; i++) {
                struct book_message row;
                send_report(pair.one, PROVIDER, id);
                bring_it(&pair, id);
                struct last_incident last = incidents(pair.other);
                if (strncmp(last.incident.code, "log-", 4) != 0)
                        fail_msg("%d: %s: %s", i, last.incident.code, last.incident.words);
                scene_must(book_message_find(pair.other, AUTHORITY, id, &row, &error), &error);
                assert_true(row.refused);
        }
        int64_t after = number_of(pair.other, told);
        assert_true(after > before && after <= before + 3); /* by code, and not by message */
        /* And it learns of it by what its peer has cosigned. */
        assert_true(scene_carry(pair.other, pair.one) > 0);
        take_one(pair.one);
        expect_refused(pair.one, "cosignature-wrong");
        close_pair(&pair);
}

/* Requirement 18 at the door of a node: a copy of the node's folder goes on by itself, and both send. */
static void requirement_18_a_forked_log_is_refused(void **state)
{
        struct pair pair = open_pair();
        char id[MODEL_ID_MAX], command[1024];

        (void)state;
        send_report(pair.one, PROVIDER, id);
        scene_settle(pair.one, pair.other);
        office_close(pair.one);
        snprintf(command, sizeof command, "%s", scratch_path(AUTHORITY));
        char *copy[] = {"cp", "-a", command, (char *)(uintptr_t)scratch_path("copy"), NULL};
        pid_t child = fork();
        if (child == 0) {
                execvp(copy[0], copy);
                _exit(1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        pair.one = scene_open(AUTHORITY, "berger");
        struct office *twin = scene_open("copy", "berger");
        scene_clock += 1000;
        send_report(pair.one, PROVIDER, id);
        send_report(pair.one, PROVIDER, id);
        scene_settle(pair.one, pair.other);
        int before = incidents(pair.other).count;
        scene_clock += 1000;
        send_report(twin, PROVIDER, id);
        send_report(twin, PROVIDER, id);
        assert_int_equal(scene_carry(twin, pair.other), 2);
        take_one(pair.other);
        take_one(pair.other);
        struct last_incident last = incidents(pair.other);
        assert_int_equal(last.count, before + 2);
        if (strncmp(last.incident.code, "log-", 4) != 0)
                fail_msg("%s: %s", last.incident.code, last.incident.words);
        office_close(twin);
        close_pair(&pair);
}

static void a_changed_container_is_refused(void **state)
{
        struct pair pair = open_pair();
        char id[MODEL_ID_MAX];

        (void)state;
        send_report(pair.one, PROVIDER, id);
        struct buffer bytes = read_container(pair.one, NULL, id);
        bytes.bytes[bytes.length / 2] ^= 1;
        assert_int_equal(bring(pair.other, AUTHORITY, id, bytes.bytes, bytes.length), QUEUE_ACCEPTED);
        take_one(pair.other);
        assert_int_equal(incidents(pair.other).count, 1);
        /* The sender is told. */
        assert_int_equal(scene_carry(pair.other, pair.one), 1);
        take_one(pair.one);
        expect_refused(pair.one, "refused-there");
        /* The same id with other content does not even come so far. */
        bytes.bytes[bytes.length / 2] ^= 1;
        assert_int_equal(bring(pair.other, AUTHORITY, id, bytes.bytes, bytes.length), QUEUE_CONFLICT);
        buffer_free(&bytes);
        bytes = buffer_make(100);
        buffer_append_text(&bytes, "no container at all");
        assert_int_equal(bring(pair.other, AUTHORITY, "1b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01", bytes.bytes,
                                 bytes.length),
                QUEUE_ACCEPTED);
        take_one(pair.other);
        assert_int_equal(incidents(pair.other).count, 2);
        buffer_free(&bytes);
        close_pair(&pair);
}

static void a_replay_is_refused(void **state)
{
        struct pair pair = open_pair();
        char id[MODEL_ID_MAX];

        (void)state;
        send_report(pair.one, PROVIDER, id);
        struct buffer bytes = read_container(pair.one, NULL, id);
        scene_settle(pair.one, pair.other);
        int before = incidents(pair.other).count;
        assert_int_equal(bring(pair.other, AUTHORITY, id, bytes.bytes, bytes.length), QUEUE_RECOGNISED);
        assert_int_equal(bring(pair.other, AUTHORITY, "2b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01", bytes.bytes,
                                 bytes.length),
                QUEUE_ACCEPTED);
        take_one(pair.other);
        expect_refused(pair.other, "other-id");
        assert_int_equal(incidents(pair.other).count, before + 1);
        buffer_free(&bytes);
        close_pair(&pair);
}

static void somebody_elses_message_is_refused(void **state)
{
        struct pair pair = open_pair();
        char id[MODEL_ID_MAX];

        (void)state;
        scene_init(COURT);
        struct office *court = scene_open(COURT, "huber");
        /* Brought by another than its seal. */
        send_report(pair.one, PROVIDER, id);
        struct buffer bytes = read_container(pair.one, NULL, id);
        assert_int_equal(bring(pair.other, COURT, id, bytes.bytes, bytes.length), QUEUE_ACCEPTED);
        take_one(pair.other);
        expect_refused(pair.other, "wrong-bearer");
        /* That takes nothing from the one whose message it is. */
        scene_carry(pair.one, pair.other);
        take_one(pair.other);
        expect_refused(pair.other, "error-reported");
        buffer_free(&bytes);
        /* Meant for another. */
        send_report(pair.one, COURT, id);
        bytes = read_container(pair.one, NULL, id);
        assert_int_equal(bring(pair.other, AUTHORITY, id, bytes.bytes, bytes.length), QUEUE_ACCEPTED);
        take_one(pair.other);
        expect_refused(pair.other, "wrong-receiver");
        buffer_free(&bytes);
        office_close(court);
        close_pair(&pair);
}

/* Packs a message anew, with another key. */
static struct buffer forge(struct office *sealer, const struct container_part *parts, size_t count)
{
        struct buffer bytes = buffer_make(CONTAINER_BYTES_MAX);
        const struct private_key *key;
        const struct certificate *certificate;
        struct container_draft *draft = NULL;
        struct error error = {0};

        scene_must(office_key(sealer, DIRECTORY_SEAL, &key, &certificate, &error), &error);
        scene_must(container_draft_new(parts, count, &draft, &error), &error);
        scene_must(container_draft_sign(draft, key, certificate, NULL, scene_clock, &error), &error);
        scene_must(container_draft_write(draft, &bytes, &error), &error);
        container_draft_free(draft);
        return bytes;
}

/* Requirement 1: what counts is the key that the directory pins, whatever the message says of its sender. */
static void requirement_01_a_forged_sender_is_refused(void **state)
{
        struct pair pair = open_pair();
        struct message message;
        struct buffer json = buffer_make(HI1_BYTES_MAX);
        struct error error = {0};
        const char *id = "3b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01";

        (void)state;
        scene_init(COURT);
        struct office *court = scene_open(COURT, "huber");
        make_report(&message, PROVIDER);
        snprintf(message.id, sizeof message.id, "%s", id);
        snprintf(message.sender.country, sizeof message.sender.country, "AT");
        snprintf(message.sender.organisation, sizeof message.sender.organisation, AUTHORITY);
        snprintf(message.receiver.country, sizeof message.receiver.country, "DE");
        message.sent_ms = scene_clock;
        scene_must(hi1_write(&message, &json, &error), &error);
        const struct container_part parts[] = {
                {"message.json", "application/json", json.bytes, json.length},
                {"evidence/more.txt", "text/plain", "more", 4},
        };
        struct buffer bytes = forge(court, parts, 1);
        assert_int_equal(bring(pair.other, AUTHORITY, id, bytes.bytes, bytes.length), QUEUE_ACCEPTED);
        take_one(pair.other);
        expect_refused(pair.other, "wrong-seal");
        buffer_free(&bytes);
        /* By the right key, but with a file that the message does not name, and without a word of its log. */
        for (size_t count = 1; count <= 2; count++) {
                id = count == 2 ? "4b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01"
                                : "5b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01";
                snprintf(message.id, sizeof message.id, "%s", id);
                buffer_clear(&json);
                scene_must(hi1_write(&message, &json, &error), &error);
                const struct container_part two[] = {
                        {"message.json", "application/json", json.bytes, json.length}, parts[1]};
                bytes = forge(pair.one, two, count);
                assert_int_equal(bring(pair.other, AUTHORITY, id, bytes.bytes, bytes.length), QUEUE_ACCEPTED);
                take_one(pair.other);
                expect_refused(pair.other, count == 2 ? "stray-file" : "custody-missing");
                buffer_free(&bytes);
        }
        message_free(&message);
        buffer_free(&json);
        office_close(court);
        close_pair(&pair);
}

/* Requirement 1: a key that the directory does not pin is nobody's, whatever its certificate says. */
static void requirement_01_a_stranger_is_refused(void **state)
{
        struct pair pair = open_pair();
        char id[MODEL_ID_MAX], keys[512], directory[512];
        const struct office_options options = {.now = scene_now, .login = "admin"};
        struct office_settings *settings = calloc(1, sizeof *settings);
        struct error error = {0};

        (void)state;
        /* A second set of the same names by another hand. */
        scene_write_set(SCENE_NOW, 1, "other");
        office_settings_default(settings);
        snprintf(settings->organisation, sizeof settings->organisation, AUTHORITY);
        snprintf(keys, sizeof keys, "%s/other/organisations/%s", scratch, AUTHORITY);
        snprintf(directory, sizeof directory, "%s/other/directory", scratch);
        const struct office_plan plan = {.keys = keys, .directory = directory, .settings = settings};
        scene_must(office_init(scratch_path("stranger"), &plan, &options, &error), &error);
        free(settings);
        struct office *stranger = scene_open("stranger", "admin");
        send_report(stranger, PROVIDER, id);
        assert_int_equal(scene_carry(stranger, pair.other), 1);
        take_one(pair.other);
        struct last_incident last = incidents(pair.other);
        assert_int_equal(last.count, 1);
        if (strcmp(last.incident.code, "error-reported") == 0)
                fail_msg("a stranger was believed");
        office_close(stranger);
        close_pair(&pair);
}

/* An order that nobody knows, from whoever it comes. */
static void what_belongs_to_no_order_is_refused(void **state)
{
        struct pair pair = open_pair();
        struct message message;
        struct error error = {0};

        (void)state;
        message_init(&message, MESSAGE_WITHDRAWAL);
        snprintf(message.order_id, sizeof message.order_id, ORDER_ID);
        snprintf(message.receiver.organisation, sizeof message.receiver.organisation, PROVIDER);
        message.withdrawal.reason = WITHDRAWAL_MISTAKE;
        scene_must(office_step_begin(pair.one, &error), &error);
        scene_must(office_step_end(pair.one, post_send(pair.one, &message, NULL, 0, NULL, &error), &error),
                &error);
        message_free(&message);
        scene_settle(pair.one, pair.other);
        expect_refused(pair.other, "unknown-order");
        expect_refused(pair.one, "refused-there");
        close_pair(&pair);
}

/* A clock so far ahead is not believed. */
static void a_message_of_tomorrow_is_refused(void **state)
{
        struct pair pair = open_pair();
        char id[MODEL_ID_MAX];

        (void)state;
        scene_clock += TIME_HOUR;
        send_report(pair.one, PROVIDER, id);
        struct buffer bytes = read_container(pair.one, NULL, id);
        scene_clock -= TIME_HOUR;
        assert_int_equal(bring(pair.other, AUTHORITY, id, bytes.bytes, bytes.length), QUEUE_ACCEPTED);
        take_one(pair.other);
        expect_refused(pair.other, "sent-in-future");
        buffer_free(&bytes);
        close_pair(&pair);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_sealed_message_arrives),
                TEST(logs_are_witnessed),
                TEST(requirement_18_whatever_overtakes_what_is_proven),
                TEST(requirement_18_what_proves_nothing_has_no_effect),
                TEST(requirement_18_a_log_that_was_set_back_is_refused_and_told),
                TEST(requirement_18_a_forked_log_is_refused),
                TEST(a_changed_container_is_refused),
                TEST(a_replay_is_refused),
                TEST(somebody_elses_message_is_refused),
                TEST(requirement_01_a_forged_sender_is_refused),
                TEST(requirement_01_a_stranger_is_refused),
                TEST(what_belongs_to_no_order_is_refused),
                TEST(a_message_of_tomorrow_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
