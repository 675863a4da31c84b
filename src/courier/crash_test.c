/* SPDX-License-Identifier: EUPL-1.2 */
/* Sender, receiver and consumer are killed at random instants, again and again: no message is lost, and none
 * has two effects. With ROGATORY_LONG=1 there are far more schedules. */
#include "courier/delivery.h"
#include "courier/peers_test.h"

#include <sqlite3.h>
#include <time.h>

#define MESSAGES 8
#define LARGE_LENGTH 3000000
#define KILLS 9

static const struct schedule quick = {.first_ms = 4, .longest_ms = 25};

enum process { SENDER, RECEIVER, CONSUMER, PROCESSES };
static pid_t processes[PROCESSES];

/* What the killed processes have promised; in memory of all. */
static struct promises {
        volatile int enqueued[MESSAGES];
} * promises;

static const char *id_of(unsigned number)
{
        static char id[ID_TEXT_MAX];
        snprintf(id, sizeof id, "7d9f2f0a-6c1e-4f57-9b1c-%012u", number);
        return id;
}

static struct queue *open_queue(const char *name)
{
        struct queue *queue;
        struct error error = {0};

        if (queue_open(scratch_path(name), &queue, &error) < 0) {
                fprintf(stderr, "%s\n", error.text);
                _exit(20);
        }
        return queue;
}

/* The content follows from the number; every fourth is large, so that bodies are cut in the midst. */
static struct content *make_content(unsigned number)
{
        static uint8_t bytes[LARGE_LENGTH];
        struct content *content;
        size_t length = number % 4 == 3 ? LARGE_LENGTH : 100 + number;

        for (size_t i = 0; i < length; i++)
                bytes[i] = (uint8_t)((i + number) * 2654435761u >> 24);
        if (content_of(scratch, bytes, length, &content, NULL) < 0)
                _exit(21);
        return content;
}

static int find_peer(
        void *context, const char *organisation, struct client_peer *ret_peer, struct error *error)
{
        (void)context;
        (void)organisation;
        (void)error;
        *ret_peer = provider_at(node_port);
        return 0;
}

static uint32_t some_random(void *context)
{
        (void)context;
        return (uint32_t)random() << 1;
}

static int64_t machine_now(void *context)
{
        (void)context;
        return clock_now_ms();
}

/* Enqueues all, as a caller would that does not know how far it had come, and delivers until it is killed. */
static void run_sender(void)
{
        struct queue *queue = open_queue("outbox");
        const struct client_options options = {.organisation = "at-court",
                .identity = &parties[COURT],
                .connect_ms = 3000,
                .message_ms = 5000};
        struct delivery delivery = {.queue = queue,
                .spool = scratch,
                .schedule = quick,
                .find = find_peer,
                .random = some_random,
                .now = machine_now};
        struct delivery_counts counts;

        if (client_new(&options, &delivery.client, NULL) < 0)
                _exit(22);
        for (unsigned i = 0; i < MESSAGES; i++) {
                struct content *content = make_content(i);
                if (queue_enqueue(queue, id_of(i), "de-provider", clock_now_ms() + TIME_DAY, content,
                            clock_now_ms(), NULL) < 0)
                        _exit(23);
                promises->enqueued[i] = 1;
                content_free(content);
                if (delivery_round(&delivery, &counts, NULL) < 0)
                        _exit(24);
        }
        for (;;) {
                if (delivery_round(&delivery, &counts, NULL) < 0)
                        _exit(25);
                usleep(2000);
        }
}

/* The effect of a message is a row, in the transaction of its take; nothing but that keeps rows from being
 * two. */
static void run_consumer(void)
{
        struct queue *queue = open_queue("inbox");
        struct incoming incoming;
        char sql[128];

        sqlite3_exec(queue_database(queue), "CREATE TABLE IF NOT EXISTS effect(id TEXT NOT NULL)", NULL, NULL,
                NULL);
        for (;;) {
                int r = queue_take_begin(queue, &incoming, NULL);
                if (r < 0)
                        _exit(26);
                if (r == 0) {
                        usleep(1000);
                        continue;
                }
                snprintf(sql, sizeof sql, "INSERT INTO effect VALUES('%s')", incoming.id);
                if (sqlite3_exec(queue_database(queue), sql, NULL, NULL, NULL) != SQLITE_OK)
                        _exit(27);
                usleep(500);
                if (queue_take_commit(queue, clock_now_ms(), NULL) < 0)
                        _exit(28);
        }
}

static void begin(enum process process)
{
        if (process == RECEIVER) {
                start_node((struct server_options){0});
                processes[process] = node;
                return;
        }
        processes[process] = fork();
        if (processes[process] != 0)
                return;
        srandom((unsigned)getpid());
        if (process == SENDER)
                run_sender();
        run_consumer();
}

/* What queue_enqueue has said to be durable is there, whatever became of the process. */
static void assert_promises_are_kept(void)
{
        struct queue *queue = open_queue("outbox");
        struct outgoing outgoing;
        struct error error = {0};

        for (unsigned i = 0; i < MESSAGES; i++)
                if (promises->enqueued[i])
                        assert_int_equal(queue_outgoing(queue, id_of(i), &outgoing, &error), 0);
        queue_close(queue);
}

static void end(enum process process)
{
        int status;

        kill(processes[process], SIGKILL);
        assert_int_equal(waitpid(processes[process], &status, 0), processes[process]);
        if (!WIFSIGNALED(status))
                fail_msg("process %d ended by itself with %d", process, WEXITSTATUS(status));
        processes[process] = 0;
        if (process == RECEIVER)
                node = 0;
}

static int64_t count_of(struct queue *queue, const char *sql)
{
        sqlite3_stmt *row;
        int64_t count = -1;

        if (sqlite3_prepare_v2(queue_database(queue), sql, -1, &row, NULL) == SQLITE_OK &&
                sqlite3_step(row) == SQLITE_ROW)
                count = sqlite3_column_int64(row, 0);
        sqlite3_finalize(row);
        return count;
}

static void assert_each_once(void)
{
        struct queue *inbox = open_queue("inbox"), *outbox = open_queue("outbox");
        struct incoming incoming;
        struct outgoing outgoing;
        struct error error = {0};

        for (unsigned i = 0; i < MESSAGES; i++) {
                char sql[128];
                struct content *content = make_content(i);
                assert_int_equal(queue_outgoing(outbox, id_of(i), &outgoing, &error), 0);
                assert_int_equal(outgoing.state, OUTGOING_DELIVERED);
                assert_int_equal(queue_incoming(inbox, "at-court", id_of(i), &incoming, &error), 0);
                assert_int_equal(incoming.state, INCOMING_DONE);
                assert_memory_equal(incoming.digest, content_digest(content), DIGEST_BYTES);
                snprintf(sql, sizeof sql, "SELECT count(*) FROM effect WHERE id = '%s'", id_of(i));
                assert_int_equal(count_of(inbox, sql), 1);
                content_free(content);
        }
        assert_int_equal(count_of(inbox, "SELECT count(*) FROM inbox"), MESSAGES);
        assert_int_equal(count_of(inbox, "SELECT count(*) FROM effect"), MESSAGES);
        assert_int_equal(count_of(inbox, "SELECT count(*) FROM incident"), 0);
        queue_close(inbox);
        queue_close(outbox);
}

static bool all_is_done(void)
{
        struct queue *inbox = open_queue("inbox"), *outbox = open_queue("outbox");
        bool done = count_of(outbox, "SELECT count(*) FROM outbox WHERE state = 1") == MESSAGES &&
                    count_of(inbox, "SELECT count(*) FROM inbox WHERE state = 1") == MESSAGES;

        queue_close(inbox);
        queue_close(outbox);
        return done;
}

static void wait_some(unsigned most_us)
{
        usleep((useconds_t)(random() % most_us));
}

/* ret_recognised: how often a message came that was there already. */
static void one_schedule(unsigned *ret_recognised, unsigned *ret_in_the_midst)
{
        memset((void *)promises, 0, sizeof *promises);
        for (enum process process = SENDER; process < PROCESSES; process++)
                begin((enum process)(PROCESSES - 1 - process));
        for (unsigned i = 0; i < KILLS; i++) {
                wait_some(i % 3 ? 60000 : 8000);
                enum process process = (enum process)(random() % PROCESSES);
                end(process);
                assert_promises_are_kept();
                *ret_recognised += process == RECEIVER ? (unsigned)shared->counts.recognised : 0;
                *ret_in_the_midst += process == RECEIVER && shared->counts.bodies_bytes > 0;
                wait_some(10000);
                begin(process);
        }
        AWAIT(all_is_done());
        *ret_recognised += (unsigned)shared->counts.recognised;
        for (enum process process = SENDER; process < PROCESSES; process++)
                end(process);
        assert_each_once();
}

static void killed_again_and_again(void **state)
{
        unsigned schedules = getenv("ROGATORY_LONG") ? 200 : 10, recognised = 0, in_the_midst = 0;

        (void)state;
        for (unsigned i = 0; i < schedules; i++) {
                srandom(4711 + i);
                assert_int_equal(peers_setup(NULL), 0);
                one_schedule(&recognised, &in_the_midst);
                assert_int_equal(peers_teardown(NULL), 0);
        }
        print_message("%u schedules, %u processes killed, %u messages came again, %u receivers died within a "
                      "body\n",
                schedules, schedules * KILLS, recognised, in_the_midst);
}

static int setup(void **state)
{
        promises = mmap(NULL, sizeof *promises, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        return promises == MAP_FAILED ? -1 : make_parties(state);
}

static int kill_all(void **state)
{
        (void)state;
        for (unsigned i = 0; i < PROCESSES; i++)
                if (processes[i] > 0)
                        kill(processes[i], SIGKILL);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(killed_again_and_again, kill_all),
        };
        return cmocka_run_group_tests(tests, setup, free_parties);
}
