/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/queue.h"

#include "base/time.h"
#include "os/scratch_test.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#define FIRST "7d9f2f0a-6c1e-4f57-9b1c-0f3f6f2d1e4a"
#define SECOND "0b8f6f5e-2d3c-4a1b-8c9d-1e2f3a4b5c6d"
#define NOW INT64_C(1795168800000) /* 2026-11-20T10:00:00Z */

static const struct schedule quick = {.first_ms = 1000, .longest_ms = 8000};

static struct queue *open_queue(void)
{
        struct queue *queue;
        struct error error = {0};

        if (queue_open(scratch_path("queue"), &queue, &error) < 0)
                fail_msg("%s", error.text);
        return queue;
}

static struct content *content_of_text(const char *text)
{
        struct content *content;
        struct error error = {0};

        assert_int_equal(content_of(scratch, text, strlen(text), &content, &error), 0);
        return content;
}

static int enqueue(
        struct queue *queue, const char *id, const char *recipient, const char *text, int64_t now_ms)
{
        struct content *content = content_of_text(text);
        struct error error = {0};

        int r = queue_enqueue(queue, id, recipient, NOW + TIME_DAY, content, now_ms, &error);
        assert_true(r >= 0 || error.text[0]);
        content_free(content);
        return r;
}

static int receive(struct queue *queue, const char *sender, const char *id, const char *text, int64_t now_ms)
{
        struct content *content = content_of_text(text);
        struct error error = {0};

        int r = queue_receive(queue, sender, id, content, TIME_UNKNOWN, now_ms, &error);
        content_free(content);
        return r;
}

static struct outgoing look(struct queue *queue, const char *id)
{
        struct outgoing outgoing;
        struct error error = {0};

        assert_int_equal(queue_outgoing(queue, id, &outgoing, &error), 0);
        return outgoing;
}

static void assert_content(struct content *content, const char *text)
{
        char bytes[256];
        size_t length;

        assert_int_equal(content_length(content), strlen(text));
        assert_int_equal(content_read(content, 0, bytes, sizeof bytes, &length, NULL), 0);
        assert_memory_equal(bytes, text, strlen(text));
        content_free(content);
}

static void a_message_is_delivered(void **state)
{
        struct queue *queue = open_queue();
        struct outgoing outgoing;
        struct content *content;
        struct error error = {0};
        struct stat status;

        (void)state;
        assert_int_equal(stat(scratch_path("queue"), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        assert_int_equal(enqueue(queue, FIRST, "de-provider", "sealed", NOW), 0);
        assert_int_equal(enqueue(queue, FIRST, "de-provider", "sealed", NOW + 5), 1);
        assert_int_equal(enqueue(queue, FIRST, "de-provider", "other", NOW), -EEXIST);
        assert_int_equal(enqueue(queue, FIRST, "fr-provider", "sealed", NOW), -EEXIST);
        assert_int_equal(enqueue(queue, "no-id", "de-provider", "sealed", NOW), -EINVAL);
        assert_int_equal(enqueue(queue, SECOND, "de-provider", "", NOW), -EINVAL);
        assert_int_equal(enqueue(queue, SECOND, "de-provider", "late", NOW + TIME_DAY), -EINVAL);

        /* It outlives the process that enqueued it. */
        queue_close(queue);
        queue = open_queue();
        assert_int_equal(queue_attempt_begin(queue, NULL, &quick, 0, NOW, &outgoing, &error), 1);
        assert_string_equal(outgoing.id, FIRST);
        assert_int_equal(outgoing.attempts, 1);
        assert_int_equal(outgoing.next_attempt_ms, NOW + 500);
        assert_int_equal(queue_outgoing_content(queue, FIRST, scratch, &content, &error), 0);
        assert_content(content, "sealed");
        assert_int_equal(queue_attempt_begin(queue, NULL, &quick, 0, NOW, &outgoing, &error), 0);
        assert_int_equal(queue_attempt_delivered(queue, FIRST, "{}", 2, NOW + 9, &error), 0);
        outgoing = look(queue, FIRST);
        assert_int_equal(outgoing.state, OUTGOING_DELIVERED);
        assert_int_equal(outgoing.settled_ms, NOW + 9);
        uint8_t digest[DIGEST_BYTES];
        digest_of("{}", 2, digest);
        assert_memory_equal(outgoing.acknowledgement_digest, digest, sizeof digest);
        assert_int_equal(queue_attempt_begin(queue, NULL, &quick, 0, NOW + TIME_HOUR, &outgoing, &error), 0);

        /* Its content can be forgotten; that it was sent is not. */
        assert_int_equal(queue_forget(queue, NOW + 9, &error), 0);
        assert_int_equal(queue_forget(queue, NOW + 10, &error), 1);
        assert_int_equal(queue_outgoing_content(queue, FIRST, scratch, &content, &error), -ENOENT);
        assert_int_equal(enqueue(queue, FIRST, "de-provider", "sealed", NOW), 1);
        queue_close(queue);
}

static void attempts_follow_the_schedule_and_end(void **state)
{
        struct queue *queue = open_queue();
        struct outgoing outgoing;
        struct error error = {0};
        const struct schedule patient = {.first_ms = 1000, .longest_ms = 600000};
        int64_t now_ms = NOW, due_ms;
        unsigned attempts = 0;

        (void)state;
        assert_int_equal(queue_next_due(queue, &due_ms, &error), 0);
        assert_int_equal(due_ms, TIME_UNKNOWN);
        assert_int_equal(enqueue(queue, FIRST, "de-provider", "sealed", NOW), 0);
        while (queue_next_due(queue, &due_ms, &error) == 0 && due_ms != TIME_UNKNOWN) {
                assert_true(due_ms >= now_ms);
                if (attempts > 0)
                        assert_int_equal(
                                queue_attempt_begin(queue, NULL, &patient, 7, due_ms - 1, &outgoing, &error),
                                0);
                now_ms = due_ms;
                int r = queue_attempt_begin(queue, NULL, &patient, UINT32_MAX, now_ms, &outgoing, &error);
                if (r == 0)
                        continue;
                attempts++;
                assert_int_equal(outgoing.attempts, attempts);
                /* Every third sender dies in the midst, and says nothing of its attempt. */
                if (attempts % 3)
                        assert_int_equal(queue_attempt_failed(queue, FIRST, "no connection", false, &patient,
                                                 0, now_ms, &error),
                                0);
        }
        outgoing = look(queue, FIRST);
        assert_int_equal(outgoing.state, OUTGOING_FAILED);
        assert_string_equal(outgoing.reason, "not delivered in time; the last attempt: no connection");
        assert_int_equal(outgoing.settled_ms, NOW + TIME_DAY);
        assert_true(attempts > TIME_DAY / 600000 && attempts < TIME_DAY / 300000 + 20);
        queue_close(queue);
}

static void a_clock_that_is_set_back(void **state)
{
        struct queue *queue = open_queue();
        struct outgoing outgoing;
        struct error error = {0};

        (void)state;
        assert_int_equal(enqueue(queue, FIRST, "de-provider", "sealed", NOW), 0);
        assert_int_equal(queue_attempt_begin(queue, NULL, &quick, 0, NOW - TIME_HOUR, &outgoing, &error), 1);
        assert_int_equal(queue_attempt_begin(queue, NULL, &quick, 0, NOW - TIME_HOUR, &outgoing, &error), 0);
        assert_int_equal(
                queue_attempt_begin(queue, NULL, &quick, 0, NOW - 2 * TIME_HOUR, &outgoing, &error), 1);
        queue_close(queue);
}

static int collect_names(void *context, const char *recipient)
{
        char *names = context;
        size_t length = strlen(names);

        snprintf(names + length, 256 - length, "%s ", recipient);
        return 0;
}

static void recipients_do_not_hold_each_other_up(void **state)
{
        struct queue *queue = open_queue();
        struct outgoing outgoing;
        struct error error = {0};
        char names[256] = "";

        (void)state;
        assert_int_equal(enqueue(queue, FIRST, "de-provider", "one", NOW), 0);
        assert_int_equal(enqueue(queue, SECOND, "fr-provider", "two", NOW), 0);
        assert_int_equal(queue_each_due_recipient(queue, NOW, collect_names, names, &error), 0);
        assert_string_equal(names, "de-provider fr-provider ");
        assert_int_equal(queue_postpone(queue, "de-provider", NOW + 5000, &error), 0);
        names[0] = '\0';
        assert_int_equal(queue_each_due_recipient(queue, NOW, collect_names, names, &error), 0);
        assert_string_equal(names, "fr-provider ");
        assert_int_equal(queue_attempt_begin(queue, "de-provider", &quick, 0, NOW, &outgoing, &error), 0);
        assert_int_equal(queue_attempt_begin(queue, "fr-provider", &quick, 0, NOW, &outgoing, &error), 1);
        assert_int_equal(queue_attempt_failed(queue, SECOND, "status 413", true, &quick, 0, NOW, &error), 0);
        assert_int_equal(look(queue, SECOND).state, OUTGOING_FAILED);
        assert_int_equal(look(queue, FIRST).attempts, 0);
        queue_close(queue);
}

static void withdrawing(void **state)
{
        struct queue *queue = open_queue();
        struct outgoing outgoing;
        struct error error = {0};
        bool may = true;

        (void)state;
        assert_int_equal(queue_withdraw(queue, FIRST, "no longer needed", NOW, &may, &error), -ENOENT);
        assert_int_equal(enqueue(queue, FIRST, "de-provider", "one", NOW), 0);
        assert_int_equal(queue_withdraw(queue, FIRST, "no longer needed", NOW, &may, &error), 0);
        assert_false(may);
        assert_int_equal(queue_attempt_begin(queue, NULL, &quick, 0, NOW, &outgoing, &error), 0);
        assert_int_equal(queue_withdraw(queue, FIRST, "again", NOW, &may, &error), 1);
        assert_string_equal(look(queue, FIRST).reason, "no longer needed");

        /* While it is under way: an acknowledgement that still comes tells what is true. */
        assert_int_equal(enqueue(queue, SECOND, "de-provider", "two", NOW), 0);
        assert_int_equal(queue_attempt_begin(queue, NULL, &quick, 0, NOW, &outgoing, &error), 1);
        assert_int_equal(queue_withdraw(queue, SECOND, "no longer needed", NOW + 1, &may, &error), 0);
        assert_true(may);
        assert_int_equal(queue_attempt_failed(queue, SECOND, "cut off", false, &quick, 0, NOW, &error), 0);
        assert_int_equal(look(queue, SECOND).state, OUTGOING_WITHDRAWN);
        assert_int_equal(queue_attempt_delivered(queue, SECOND, "{}", 2, NOW + 2, &error), 0);
        outgoing = look(queue, SECOND);
        assert_int_equal(outgoing.state, OUTGOING_DELIVERED);
        assert_int_equal(outgoing.withdrawn_ms, NOW + 1);
        queue_close(queue);
}

static struct incident incidents[8];
static unsigned incident_count;

static int keep_incident(void *context, const struct incident *incident)
{
        (void)context;
        assert_true(incident_count < 8);
        incidents[incident_count++] = *incident;
        return 0;
}

static void one_effect_for_each_id(void **state)
{
        struct queue *queue = open_queue();
        struct incoming incoming;
        struct content *content;
        struct error error = {0};

        (void)state;
        incident_count = 0;
        assert_int_equal(receive(queue, "at-court", FIRST, "order", NOW), QUEUE_ACCEPTED);
        assert_int_equal(receive(queue, "at-court", FIRST, "order", NOW + 1), QUEUE_RECOGNISED);
        assert_int_equal(receive(queue, "at-court", FIRST, "forged", NOW + 2), QUEUE_CONFLICT);
        assert_int_equal(receive(queue, "at-court", FIRST, "forged again", NOW + 3), QUEUE_CONFLICT);
        /* Nobody can block an id of somebody else. */
        assert_int_equal(receive(queue, "de-provider", FIRST, "mine", NOW + 4), QUEUE_ACCEPTED);
        assert_int_equal(receive(queue, "At", SECOND, "x", NOW), -EINVAL);
        assert_int_equal(queue_each_incident(queue, keep_incident, NULL, &error), 0);
        assert_int_equal(incident_count, 2);
        assert_int_equal(incidents[0].kind, INCIDENT_OTHER_CONTENT);
        assert_int_equal(incidents[0].count, 2);
        assert_int_equal(incidents[0].last_ms, NOW + 3);
        assert_int_equal(incidents[1].kind, INCIDENT_OTHER_SENDER);

        assert_int_equal(queue_take_begin(queue, &incoming, &error), 1);
        assert_string_equal(incoming.sender, "at-court");
        assert_int_equal(incoming.received_ms, NOW);
        assert_int_equal(queue_take_content(queue, scratch, &content, &error), 0);
        assert_content(content, "order");
        /* What came in the midst of a take would not be durable. */
        assert_int_equal(receive(queue, "at-court", SECOND, "next", NOW), -EBUSY);
        assert_int_equal(queue_take_begin(queue, &incoming, &error), -EBUSY);
        assert_int_equal(queue_take_commit(queue, NOW + 9, &error), 0);
        assert_int_equal(queue_take_commit(queue, NOW + 9, &error), -EINVAL);
        assert_int_equal(receive(queue, "at-court", FIRST, "order", NOW + 10), QUEUE_RECOGNISED);

        assert_int_equal(queue_take_begin(queue, &incoming, &error), 1);
        assert_string_equal(incoming.sender, "de-provider");
        assert_int_equal(queue_take_refuse(queue, "no such order", NOW + 11, &error), 0);
        assert_int_equal(queue_take_begin(queue, &incoming, &error), 0);
        assert_int_equal(queue_incoming(queue, "de-provider", FIRST, &incoming, &error), 0);
        assert_int_equal(incoming.state, INCOMING_REFUSED);
        assert_string_equal(incoming.reason, "no such order");
        /* One alone, and then all that are left. */
        assert_int_equal(queue_forget_received(queue, "de-provider", FIRST, &error), 1);
        assert_int_equal(queue_forget_received(queue, "de-provider", FIRST, &error), 0);
        assert_int_equal(queue_forget_received(queue, "at-nobody", FIRST, &error), 0);
        assert_int_equal(queue_forget(queue, NOW + 100, &error), 1);
        assert_int_equal(receive(queue, "at-court", FIRST, "order", NOW + 200), QUEUE_RECOGNISED);
        queue_close(queue);
}

static int64_t count_of(struct queue *queue, const char *sql)
{
        sqlite3_stmt *row;

        assert_int_equal(sqlite3_prepare_v2(queue_database(queue), sql, -1, &row, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(row), SQLITE_ROW);
        int64_t count = sqlite3_column_int64(row, 0);
        sqlite3_finalize(row);
        return count;
}

/* A consumer that answers: its own row and the answer in the outbox, in the transaction of the take. */
static void consume(struct queue *queue, bool dies)
{
        struct incoming incoming;
        struct error error = {0};

        assert_int_equal(queue_take_begin(queue, &incoming, &error), 1);
        assert_int_equal(
                sqlite3_exec(queue_database(queue), "INSERT INTO effect VALUES('x')", NULL, NULL, NULL),
                SQLITE_OK);
        assert_int_equal(enqueue(queue, SECOND, incoming.sender, "answer", NOW), 0);
        assert_int_equal(enqueue(queue, SECOND, incoming.sender, "other", NOW), -EEXIST);
        if (dies)
                raise(SIGKILL);
        assert_int_equal(queue_take_commit(queue, NOW, &error), 0);
}

static void a_consumer_that_dies(void **state)
{
        struct queue *queue = open_queue();
        struct incoming incoming;
        struct outgoing outgoing;
        struct error error = {0};

        (void)state;
        assert_int_equal(sqlite3_exec(queue_database(queue), "CREATE TABLE effect(x TEXT)", NULL, NULL, NULL),
                SQLITE_OK);
        assert_int_equal(receive(queue, "at-court", FIRST, "order", NOW), QUEUE_ACCEPTED);
        queue_close(queue);
        for (unsigned i = 0; i < 4; i++) {
                pid_t child = fork();
                if (child == 0) {
                        consume(open_queue(), true);
                        _exit(0);
                }
                int status;
                assert_int_equal(waitpid(child, &status, 0), child);
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        }
        queue = open_queue();
        assert_int_equal(count_of(queue, "SELECT count(*) FROM effect"), 0);
        assert_int_equal(queue_outgoing(queue, SECOND, &outgoing, &error), -ENOENT);
        assert_int_equal(queue_incoming(queue, "at-court", FIRST, &incoming, &error), 0);
        assert_int_equal(incoming.takes, 4);
        /* One that was taken so often in vain lets others go first. */
        assert_int_equal(receive(queue, "at-court", SECOND, "next", NOW), QUEUE_ACCEPTED);
        assert_int_equal(queue_take_begin(queue, &incoming, &error), 1);
        assert_string_equal(incoming.id, SECOND);
        assert_int_equal(queue_take_commit(queue, NOW, &error), 0);
        consume(queue, false);
        assert_int_equal(count_of(queue, "SELECT count(*) FROM effect"), 1);
        assert_int_equal(look(queue, SECOND).state, OUTGOING_QUEUED);
        assert_int_equal(queue_take_begin(queue, &incoming, &error), 0);
        queue_close(queue);
}

static void large_content(void **state)
{
        struct queue *queue = open_queue();
        struct content *content, *back;
        struct error error = {0};
        static uint8_t piece[1 << 20];
        size_t length;

        (void)state;
        assert_int_equal(content_new(scratch, MESSAGE_BYTES_MAX, &content, &error), 0);
        for (unsigned i = 0; i < 25; i++) {
                memset(piece, (int)i, sizeof piece);
                assert_int_equal(content_append(content, piece, sizeof piece, &error), 0);
        }
        assert_int_equal(content_append(content, piece, 1, &error), -EFBIG);
        assert_int_equal(content_finish(content, &error), 0);
        assert_int_equal(
                queue_receive(queue, "at-court", FIRST, content, NOW - 3, NOW, &error), QUEUE_ACCEPTED);
        struct incoming incoming;
        assert_int_equal(queue_take_begin(queue, &incoming, &error), 1);
        assert_int_equal(incoming.length, MESSAGE_BYTES_MAX);
        assert_int_equal(incoming.told_ms, NOW - 3);
        assert_int_equal(queue_take_content(queue, scratch, &back, &error), 0);
        assert_memory_equal(content_digest(back), content_digest(content), DIGEST_BYTES);
        assert_int_equal(content_read(back, MESSAGE_BYTES_MAX - 3, piece, 10, &length, &error), 0);
        assert_int_equal(length, 3);
        assert_int_equal(piece[0], 24);
        queue_take_abandon(queue);
        content_free(content);
        content_free(back);
        queue_close(queue);
        /* No file of a content is left. */
        assert_int_equal(scratch_count(), 1);
}

static void a_flood_of_one_sender(void **state)
{
        struct queue *queue = open_queue();
        struct error error = {0};

        (void)state;
        /* What waits already, without the work of receiving it. */
        assert_int_equal(
                sqlite3_exec(queue_database(queue),
                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
                        " INSERT INTO inbox(sender, id, digest, length, state, takes, received_ms)"
                        " SELECT 'at-court', 'id' || i, zeroblob(32), 1, 0, 0, 0 FROM n",
                        NULL, NULL, NULL),
                SQLITE_OK);
        assert_int_equal(receive(queue, "at-court", FIRST, "more", NOW), QUEUE_FULL);
        assert_int_equal(receive(queue, "de-provider", FIRST, "mine", NOW), QUEUE_ACCEPTED);
        assert_int_equal(queue_each_incident(queue, keep_incident, NULL, &error), 0);
        queue_close(queue);
}

static void clocks_of_peers(void **state)
{
        struct queue *queue = open_queue();
        struct skew skew = {.ahead_ms = -4000, .uncertainty_ms = 20, .measured_ms = NOW};
        struct error error = {0};

        (void)state;
        assert_int_equal(queue_skew(queue, "at-court", SKEW_SEEN_BY_US, &skew, &error), -ENOENT);
        assert_int_equal(queue_note_skew(queue, "at-court", SKEW_SEEN_BY_US, &skew, &error), 0);
        skew.ahead_ms = 5;
        assert_int_equal(queue_note_skew(queue, "at-court", SKEW_SEEN_BY_US, &skew, &error), 0);
        skew = (struct skew){0};
        assert_int_equal(queue_skew(queue, "at-court", SKEW_SEEN_BY_US, &skew, &error), 0);
        assert_int_equal(skew.ahead_ms, 5);
        assert_int_equal(queue_skew(queue, "at-court", SKEW_TOLD_BY_PEER, &skew, &error), -ENOENT);
        queue_close(queue);
}

static void write_at(const char *path, off_t at, const void *bytes, size_t length)
{
        int file = open(path, O_RDWR | O_CREAT, 0600);
        assert_true(file >= 0);
        assert_int_equal(pwrite(file, bytes, length, at), length);
        close(file);
}

static void damage_and_strangers(void **state)
{
        struct queue *queue = open_queue();
        struct error error = {0};
        sqlite3 *database;

        (void)state;
        for (unsigned i = 0; i < 50; i++) {
                char id[ID_TEXT_MAX], text[3000];
                snprintf(id, sizeof id, "7d9f2f0a-6c1e-4f57-9b1c-%012u", i);
                memset(text, 'x', sizeof text - 1);
                text[sizeof text - 1] = '\0';
                assert_int_equal(enqueue(queue, id, "de-provider", text, NOW), 0);
        }
        queue_close(queue);
        static uint8_t garbage[2000];
        memset(garbage, 0xff, sizeof garbage);
        write_at(scratch_path("queue"), 4096 * 4, garbage, sizeof garbage);
        assert_int_equal(queue_open(scratch_path("queue"), &queue, &error), -EBADMSG);
        assert_true(strstr(error.text, "damaged") || strstr(error.text, "malformed"));

        write_at(scratch_path("text"), 0, "this is no database, but it is long enough to look at", 53);
        assert_int_equal(queue_open(scratch_path("text"), &queue, &error), -EBADMSG);

        assert_int_equal(sqlite3_open(scratch_path("other"), &database), SQLITE_OK);
        assert_int_equal(
                sqlite3_exec(database, "CREATE TABLE a(b); PRAGMA user_version = 9", NULL, NULL, NULL),
                SQLITE_OK);
        sqlite3_close(database);
        assert_int_equal(queue_open(scratch_path("other"), &queue, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "something else"));

        assert_int_equal(queue_open(scratch_path("later"), &queue, &error), 0);
        assert_int_equal(
                sqlite3_exec(queue_database(queue), "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
        queue_close(queue);
        assert_int_equal(queue_open(scratch_path("later"), &queue, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "version 2"));
        assert_int_equal(queue_open(scratch_path("missing/queue"), &queue, &error), -ENOENT);
}

/* A stored message whose bytes have changed is not sent. */
static void a_changed_message_is_not_sent(void **state)
{
        struct queue *queue = open_queue();
        struct content *content;
        struct error error = {0};

        (void)state;
        assert_int_equal(enqueue(queue, FIRST, "de-provider", "sealed", NOW), 0);
        assert_int_equal(sqlite3_exec(queue_database(queue), "UPDATE outbox_content SET bytes = x'736561'",
                                 NULL, NULL, NULL),
                SQLITE_OK);
        assert_int_equal(queue_outgoing_content(queue, FIRST, scratch, &content, &error), -EBADMSG);
        queue_close(queue);
}

/* A consumer's own step: its table and what it enqueues come about together, or not at all. */
static void work_is_all_or_nothing(void **state)
{
        struct queue *queue = open_queue();
        struct outgoing outgoing;
        struct error error = {0};

        (void)state;
        assert_int_equal(sqlite3_exec(queue_database(queue), "CREATE TABLE own(n)", NULL, NULL, NULL), 0);
        for (int kept = 0; kept < 2; kept++) {
                assert_int_equal(queue_work_begin(queue, &error), 0);
                assert_int_equal(queue_work_begin(queue, &error), -EBUSY);
                assert_int_equal(
                        sqlite3_exec(queue_database(queue), "INSERT INTO own VALUES(1)", NULL, NULL, NULL),
                        0);
                assert_int_equal(enqueue(queue, FIRST, "de-carrier", "content", NOW), 0);
                assert_int_equal(receive(queue, "de-carrier", SECOND, "content", NOW), -EBUSY);
                if (kept)
                        assert_int_equal(queue_work_commit(queue, &error), 0);
                else
                        queue_work_abandon(queue);
                assert_int_equal(queue_outgoing(queue, FIRST, &outgoing, &error), kept ? 0 : -ENOENT);
        }
        assert_int_equal(queue_work_commit(queue, &error), -EINVAL);
        queue_close(queue);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_message_is_delivered),
                TEST(attempts_follow_the_schedule_and_end),
                TEST(a_clock_that_is_set_back),
                TEST(recipients_do_not_hold_each_other_up),
                TEST(withdrawing),
                TEST(one_effect_for_each_id),
                TEST(a_consumer_that_dies),
                TEST(large_content),
                TEST(a_flood_of_one_sender),
                TEST(clocks_of_peers),
                TEST(damage_and_strangers),
                TEST(a_changed_message_is_not_sent),
                TEST(work_is_all_or_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
