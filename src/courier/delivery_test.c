/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages and evidence between two nodes over real sockets. */
#include "courier/delivery.h"

#include "courier/peers_test.h"

#define FIRST "7d9f2f0a-6c1e-4f57-9b1c-0f3f6f2d1e4a"
#define SECOND "0b8f6f5e-2d3c-4a1b-8c9d-1e2f3a4b5c6d"

static char key_log[64];

static struct queue *open_queue(const char *name)
{
        struct queue *queue;
        struct error error = {0};

        if (queue_open(scratch_path(name), &queue, &error) < 0)
                fail_msg("%s", error.text);
        return queue;
}

static void a_message_and_its_acknowledgement(void **state)
{
        static uint8_t large[MESSAGE_BYTES_MAX];
        struct incoming incoming;
        struct error error = {0};
        struct stat status;

        (void)state;
        start_node((struct server_options){0});
        struct client *client = client_of(COURT);
        struct client_peer peer = provider_at(node_port);
        struct client_result result = deliver(client, &peer, FIRST, "sealed", 6);
        assert_string_equal(result.reason, "");
        assert_int_equal(result.end, CLIENT_DELIVERED);
        assert_int_equal(result.status, 201);
        assert_false(result.was_there);
        assert_non_null(strstr(result.acknowledgement, FIRST));
        result = deliver(client, &peer, FIRST, "sealed", 6);
        assert_int_equal(result.end, CLIENT_DELIVERED);
        assert_true(result.was_there);
        result = deliver(client, &peer, FIRST, "forged", 6);
        assert_int_equal(result.end, CLIENT_REFUSED);
        assert_int_equal(result.status, 409);
        assert_non_null(strstr(result.reason, "new id"));

        for (size_t i = 0; i < sizeof large; i++)
                large[i] = (uint8_t)(i * 2654435761u >> 24);
        result = deliver(client, &peer, SECOND, large, sizeof large);
        assert_string_equal(result.reason, "");
        assert_int_equal(result.end, CLIENT_DELIVERED);
        client_free(client);
        AWAIT(shared->counts.messages == 2);
        assert_int_equal(shared->counts.bodies_bytes, 0);
        stop_node();

        struct queue *queue = open_queue("inbox");
        assert_int_equal(queue_incoming(queue, "at-court", SECOND, &incoming, &error), 0);
        assert_int_equal(incoming.length, sizeof large);
        uint8_t digest[DIGEST_BYTES];
        assert_int_equal(digest_of(large, sizeof large, digest), 0);
        assert_memory_equal(incoming.digest, digest, sizeof digest);
        assert_true(incoming.told_ms != TIME_UNKNOWN);
        queue_close(queue);
        /* Neither the proxy nor the file for secrets that the environment names was used (see main). */
        assert_true(stat(key_log, &status) < 0 || status.st_size == 0);
}

static void who_is_on_the_other_side(void **state)
{
        static const enum party parties_refused[] = {STRANGER, EXPIRED};

        (void)state;
        start_node((struct server_options){0});
        struct client_peer peer = provider_at(node_port);
        for (unsigned i = 0; i < 2; i++) {
                struct client *client = client_of(parties_refused[i]);
                struct client_result result = deliver(client, &peer, FIRST, "sealed", 6);
                assert_true(result.end == CLIENT_NOT_NOW || result.end == CLIENT_UNREACHABLE);
                assert_int_equal(result.status, 0);
                assert_true(result.reason[0]);
                client_free(client);
        }
        AWAIT(shared->counts.refused_tls == 2);

        struct client *client = client_of(COURT);
        peer.fingerprint = fingerprints[OTHER_COURT];
        struct client_result result = deliver(client, &peer, FIRST, "sealed", 6);
        assert_int_equal(result.end, CLIENT_UNREACHABLE);
        assert_non_null(strstr(result.reason, "not the one that is pinned"));
        assert_non_null(strstr(result.reason, fingerprints[PROVIDER]));
        AWAIT(shared->counts.accepted == 3);
        assert_int_equal(shared->counts.requests, 0);

        /* An answer about somebody else is none. */
        peer = provider_at(node_port);
        peer.organisation = "fr-provider";
        result = deliver(client, &peer, FIRST, "sealed", 6);
        assert_int_equal(result.end, CLIENT_NOT_NOW);
        assert_non_null(strstr(result.reason, "not about this message"));
        client_free(client);
}

/* A clock of its own, which starts at the machine's. */
static int64_t ahead_ms;

static int64_t fake_now(void *context)
{
        (void)context;
        return clock_now_ms() + ahead_ms;
}

static uint32_t middle(void *context)
{
        (void)context;
        return UINT32_C(1) << 31;
}

static bool in_directory;

static int find_peer(
        void *context, const char *organisation, struct client_peer *ret_peer, struct error *error)
{
        (void)context;
        if (!in_directory)
                return error_set(error, -ENOENT, "%s is not in the directory", organisation);
        *ret_peer = provider_at(node_port ? node_port : 1);
        return 0;
}

static struct delivery_counts run_round(struct queue *queue, struct client *client)
{
        const struct delivery delivery = {.queue = queue,
                .client = client,
                .spool = scratch,
                .find = find_peer,
                .random = middle,
                .now = fake_now};
        struct delivery_counts counts;
        struct error error = {0};

        if (delivery_round(&delivery, &counts, &error) < 0)
                fail_msg("%s", error.text);
        return counts;
}

static void enqueue(struct queue *queue, const char *id, const char *text)
{
        struct content *content;
        struct error error = {0};

        assert_int_equal(content_of(scratch, text, strlen(text), &content, &error), 0);
        assert_int_equal(queue_enqueue(queue, id, "de-provider", fake_now(NULL) + 30 * TIME_DAY, content,
                                 fake_now(NULL), &error),
                0);
        content_free(content);
}

static void a_peer_that_is_down_for_days(void **state)
{
        struct queue *queue = open_queue("outbox");
        struct client *client = client_of(COURT);
        struct outgoing outgoing;
        struct error error = {0};
        unsigned rounds = 0;
        int64_t due_ms;

        (void)state;
        ahead_ms = 0;
        in_directory = false;
        enqueue(queue, FIRST, "one");
        enqueue(queue, SECOND, "two");
        struct delivery_counts counts = run_round(queue, client);
        assert_int_equal(counts.attempts, 1); /* the other is spared the same */
        assert_int_equal(queue_outgoing(queue, FIRST, &outgoing, &error), 0);
        assert_string_equal(outgoing.reason, "de-provider is not in the directory");
        in_directory = true;
        while (ahead_ms < 3 * TIME_DAY && rounds++ < 5000) {
                assert_int_equal(queue_next_due(queue, &due_ms, &error), 0);
                if (due_ms > fake_now(NULL))
                        ahead_ms += due_ms - fake_now(NULL);
                counts = run_round(queue, client);
                assert_int_equal(counts.delivered, 0);
        }
        assert_true(rounds < 1000);
        assert_int_equal(queue_outgoing(queue, FIRST, &outgoing, &error), 0);
        assert_true(outgoing.attempts > 100 && outgoing.state == OUTGOING_QUEUED);
        assert_non_null(strstr(outgoing.reason, "de-provider"));

        start_node((struct server_options){0});
        ahead_ms += SCHEDULE_LONGEST_MS + TIME_SECOND;
        counts = run_round(queue, client);
        assert_int_equal(counts.delivered, 2);
        assert_int_equal(queue_next_due(queue, &due_ms, &error), 0);
        assert_int_equal(due_ms, TIME_UNKNOWN);
        ahead_ms = 0;
        client_free(client);
        queue_close(queue);
}

static void a_lost_acknowledgement_and_a_restart(void **state)
{
        struct queue *queue = open_queue("outbox");
        struct client *client = client_of(COURT);
        struct incoming incoming;
        struct outgoing outgoing;
        struct error error = {0};

        (void)state;
        ahead_ms = 0;
        in_directory = true;
        shared->die_behind_message = 1;
        start_node((struct server_options){0});
        enqueue(queue, FIRST, "one");
        struct delivery_counts counts = run_round(queue, client);
        assert_int_equal(counts.failed, 1);
        assert_int_equal(waitpid(node, NULL, 0), node);
        node = 0;
        assert_int_equal(queue_outgoing(queue, FIRST, &outgoing, &error), 0);
        assert_int_equal(outgoing.state, OUTGOING_QUEUED);

        shared->die_behind_message = 0;
        start_node((struct server_options){0});
        ahead_ms = TIME_MINUTE;
        counts = run_round(queue, client);
        assert_int_equal(counts.delivered, 1);
        ahead_ms = 0;
        AWAIT(shared->counts.recognised == 1);
        stop_node();
        client_free(client);
        queue_close(queue);
        queue = open_queue("inbox");
        assert_int_equal(queue_take_begin(queue, &incoming, &error), 1);
        assert_int_equal(queue_take_commit(queue, 1, &error), 0);
        assert_int_equal(queue_take_begin(queue, &incoming, &error), 0);
        queue_close(queue);
}

static void clocks_that_differ(void **state)
{
        struct queue *queue = open_queue("outbox");
        struct client *client = client_of(COURT);
        struct error error = {0};
        struct skew skew;

        (void)state;
        ahead_ms = 0;
        in_directory = true;
        shared->clock_ahead_ms = -90000;
        start_node((struct server_options){0});
        enqueue(queue, FIRST, "one");
        assert_int_equal(run_round(queue, client).delivered, 1);
        /* The true difference lies within the stated uncertainty, in what each side found. */
        assert_int_equal(queue_skew(queue, "de-provider", SKEW_SEEN_BY_US, &skew, &error), 0);
        assert_true(skew.ahead_ms - skew.uncertainty_ms <= -90000 &&
                    skew.ahead_ms + skew.uncertainty_ms >= -90000);
        assert_true(skew.uncertainty_ms < 60000);
        assert_int_equal(queue_skew(queue, "de-provider", SKEW_TOLD_BY_PEER, &skew, &error), 0);
        assert_true(skew.ahead_ms - skew.uncertainty_ms <= -90000 &&
                    skew.ahead_ms + skew.uncertainty_ms >= -90000);
        assert_true(shared->seen.ahead_ms <= 90000 && shared->seen.ahead_ms > 30000);
        client_free(client);
        queue_close(queue);
}

#define LARGE 3000000

static struct client_file make_evidence(void)
{
        struct client_file wanted = {.manifest = MANIFEST, .name = "large.p7m"};
        static uint8_t bytes[LARGE];
        struct error error = {0};

        for (size_t i = 0; i < sizeof bytes; i++)
                bytes[i] = (uint8_t)(i * 2654435761u >> 24);
        int file = open(scratch_path("large.p7m"), O_RDWR | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(write(file, bytes, sizeof bytes), sizeof bytes);
        assert_int_equal(
                evidence_digests(file, "large", wanted.digest, wanted.second_digest, &wanted.length, &error),
                0);
        close(file);
        assert_int_equal(wanted.length, LARGE);
        assert_int_equal(mkdir(scratch_path("received"), 0700), 0);
        shared->offer_from_ms = 0;
        shared->offer_until_ms = TIME_LIMIT;
        return wanted;
}

static struct download_result download(enum party party, const struct client_file *wanted)
{
        struct client_peer peer = provider_at(node_port);
        struct client *client = client_of(party);
        struct download_result result;
        struct error error = {0};

        if (client_download(client, &peer, wanted, scratch_path("received"), &result, &error) < 0)
                fail_msg("%s", error.text);
        client_free(client);
        return result;
}

static void put_part(const void *bytes, size_t length)
{
        int file = open(scratch_path("received/.large.p7m.part"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(write(file, bytes, length), length);
        close(file);
}

static void evidence_beside_the_message(void **state)
{
        struct client_file wanted = make_evidence();
        static uint8_t begin[LARGE];
        struct stat status;

        (void)state;
        start_node((struct server_options){0});
        struct download_result result = download(COURT, &wanted);
        assert_string_equal(result.reason, "");
        assert_int_equal(result.end, DOWNLOAD_DONE);
        assert_int_equal(stat(scratch_path("received/large.p7m"), &status), 0);
        assert_int_equal(status.st_size, LARGE);
        AWAIT(shared->taken_until == LARGE);
        AWAIT(shared->counts.requests == 1);
        assert_int_equal(download(COURT, &wanted).end, DOWNLOAD_DONE);
        usleep(20000);
        assert_int_equal(shared->counts.requests, 1); /* it was there */

        /* Goes on in the midst. */
        assert_int_equal(unlink(scratch_path("received/large.p7m")), 0);
        int file = open(scratch_path("large.p7m"), O_RDONLY);
        assert_int_equal(read(file, begin, sizeof begin), LARGE);
        close(file);
        put_part(begin, 1234567);
        result = download(COURT, &wanted);
        assert_int_equal(result.end, DOWNLOAD_DONE);
        assert_int_equal(result.status, 206);

        /* What was kept is not the beginning of this file: thrown away, and the next time all is fetched. */
        assert_int_equal(unlink(scratch_path("received/large.p7m")), 0);
        put_part("garbage", 7);
        assert_int_equal(download(COURT, &wanted).end, DOWNLOAD_WRONG);
        assert_int_equal(access(scratch_path("received/large.p7m"), F_OK), -1);
        assert_int_equal(download(COURT, &wanted).end, DOWNLOAD_DONE);

        /* One digest is right and the other is not. */
        assert_int_equal(unlink(scratch_path("received/large.p7m")), 0);
        wanted.second_digest[5] ^= 1;
        assert_int_equal(download(COURT, &wanted).end, DOWNLOAD_WRONG);
        wanted.second_digest[5] ^= 1;
        wanted.length = 1000; /* it sends more than announced */
        assert_int_equal(download(COURT, &wanted).end, DOWNLOAD_WRONG);
}

static void evidence_is_offered_to_one(void **state)
{
        struct client_file wanted = make_evidence();

        (void)state;
        start_node((struct server_options){0});
        struct download_result result = download(OTHER_COURT, &wanted);
        assert_int_equal(result.end, DOWNLOAD_REFUSED);
        assert_int_equal(result.status, 404);
        assert_string_equal(shared->remark, "not-the-recipient");
        wanted.name = "other.p7m";
        assert_int_equal(download(COURT, &wanted).status, 404);
        wanted.name = "large.p7m";
        shared->offer_from_ms = clock_now_ms() + TIME_HOUR;
        assert_int_equal(download(COURT, &wanted).status, 404);
        shared->offer_from_ms = 0;
        shared->offer_until_ms = clock_now_ms();
        result = download(COURT, &wanted);
        assert_int_equal(result.status, 410);
        assert_int_equal(result.end, DOWNLOAD_REFUSED);
        assert_non_null(strstr(result.reason, "is over"));
        shared->offer_until_ms = clock_now_ms() + TIME_HOUR;
        assert_int_equal(download(COURT, &wanted).end, DOWNLOAD_DONE);
}

/* The node dies in the midst of a download again and again. */
static void an_interrupted_download(void **state)
{
        struct client_file wanted = make_evidence();
        struct download_result result = {.end = DOWNLOAD_INTERRUPTED};
        unsigned kills = 0;

        (void)state;
        for (unsigned i = 0; i < 200 && result.end == DOWNLOAD_INTERRUPTED; i++) {
                start_node((struct server_options){0});
                pid_t killer = i < 20 ? fork() : -1;
                if (killer == 0) {
                        usleep(1000 + 700 * i);
                        kill(node, SIGKILL);
                        _exit(0);
                }
                result = download(COURT, &wanted);
                kills += result.end == DOWNLOAD_INTERRUPTED;
                stop_node();
                if (killer > 0)
                        waitpid(killer, NULL, 0);
        }
        assert_int_equal(result.end, DOWNLOAD_DONE);
        assert_true(kills > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_setup, peers_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_message_and_its_acknowledgement),
                TEST(who_is_on_the_other_side),
                TEST(a_peer_that_is_down_for_days),
                TEST(a_lost_acknowledgement_and_a_restart),
                TEST(clocks_that_differ),
                TEST(evidence_beside_the_message),
                TEST(evidence_is_offered_to_one),
                TEST(an_interrupted_download),
        };
        /* An environment that leads astray: see the first test. */
        snprintf(key_log, sizeof key_log, "/tmp/rogatory-test-keys-%d", (int)getpid());
        setenv("SSLKEYLOGFILE", key_log, 1);
        setenv("https_proxy", "http://127.0.0.1:1", 1);
        setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
        int r = cmocka_run_group_tests(tests, make_parties, free_parties);
        unlink(key_log);
        return r;
}
