/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_PEERS_TEST_H
#define ROGATORY_COURIER_PEERS_TEST_H

/* Two organisations for tests: certificates that are made here, and a receiving node that is a process of its
 * own, so that it can be killed and measured. */

#include "base/time.h"
#include "courier/client.h"
#include "courier/server.h"
#include "os/clock.h"
#include "os/scratch_test.h"

#include <event2/event.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define MANIFEST "3c1d5b7e-9f20-4d68-8a4b-5e6f70819203"

/* at-court and fr-court are known to the node, ch-stranger is not, at-old is known and has expired. */
static const char *const party_names[] = {"de-provider", "at-court", "fr-court", "ch-stranger", "at-old"};
#define PARTIES 5
static struct tls_identity parties[PARTIES];
static char fingerprints[PARTIES][FINGERPRINT_TEXT_MAX];
enum party { PROVIDER, COURT, OTHER_COURT, STRANGER, EXPIRED };

/* What the node's process does and tells; in memory of both. */
static struct node_shared {
        struct server_counts counts;
        uint64_t memory_bytes, memory_most; /* resident */
        volatile int die_behind_message;    /* durable, but not acknowledged */
        volatile int64_t clock_ahead_ms;
        volatile int64_t offer_from_ms, offer_until_ms;
        volatile uint64_t taken_until;
        struct skew seen; /* of the last request */
        char remark[64];
} * shared;

static pid_t node;
static uint16_t node_port;

static void make_party(unsigned i)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *made = X509_new();

        assert_true(key && made);
        X509_set_version(made, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made), 1 + (long)i);
        X509_gmtime_adj(X509_getm_notBefore(made), -7200);
        X509_gmtime_adj(X509_getm_notAfter(made), i == EXPIRED ? -3600 : 36000);
        X509_set_pubkey(made, key);
        X509_NAME_add_entry_by_txt(
                X509_get_subject_name(made), "CN", MBSTRING_ASC, (const uint8_t *)party_names[i], -1, -1, 0);
        X509_set_issuer_name(made, X509_get_subject_name(made));
        assert_true(X509_sign(made, key, EVP_sha256()) > 0);
        parties[i] = (struct tls_identity){.certificate = made, .key = key};
        assert_int_equal(tls_fingerprint(made, fingerprints[i]), 0);
}

static int make_parties(void **state)
{
        (void)state;
        signal(SIGPIPE, SIG_IGN);
        for (unsigned i = 0; i < PARTIES; i++)
                make_party(i);
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        return shared == MAP_FAILED ? -1 : 0;
}

static int free_parties(void **state)
{
        (void)state;
        for (unsigned i = 0; i < PARTIES; i++)
                tls_identity_free(&parties[i]);
        return munmap(shared, sizeof *shared);
}

static bool node_knows(void *context, const char *fingerprint, char ret_organisation[ORGANISATION_TEXT_MAX])
{
        (void)context;
        for (unsigned i = 0; i < PARTIES; i++) {
                if (i == STRANGER || strcmp(fingerprint, fingerprints[i]) != 0)
                        continue;
                snprintf(ret_organisation, ORGANISATION_TEXT_MAX, "%s", party_names[i]);
                return true;
        }
        return false;
}

static int node_takes(void *context, const struct server_arrival *arrival, struct error *error)
{
        int r = queue_receive(context, arrival->organisation, arrival->id, arrival->content, arrival->told_ms,
                arrival->now_ms, error);
        if (shared->die_behind_message)
                raise(SIGKILL);
        return r;
}

static int node_offers(void *context, const char *organisation, const char *manifest, const char *name,
        struct server_offer *ret_offer, struct error *error)
{
        uint8_t second[64];

        (void)context;
        (void)organisation;
        if (strcmp(manifest, MANIFEST) != 0 || strcmp(name, "large.p7m") != 0)
                return -ENOENT;
        snprintf(ret_offer->recipient, sizeof ret_offer->recipient, "at-court");
        ret_offer->from_ms = shared->offer_from_ms;
        ret_offer->until_ms = shared->offer_until_ms;
        ret_offer->file = open(scratch_path("large.p7m"), O_RDONLY | O_CLOEXEC);
        if (ret_offer->file < 0)
                return -errno;
        return evidence_digests(ret_offer->file, name, ret_offer->digest, second, &ret_offer->length, error);
}

static void node_gave(void *context, const char *organisation, const char *manifest, const char *name,
        uint64_t from, uint64_t until)
{
        (void)context;
        (void)organisation;
        (void)manifest;
        (void)name;
        (void)from;
        shared->taken_until = until;
}

static void node_sees_skew(void *context, const char *organisation, const struct skew *skew)
{
        (void)context;
        (void)organisation;
        shared->seen = *skew;
}

static void node_remarks(void *context, const char *organisation, const char *code, const char *words)
{
        (void)context;
        (void)organisation;
        (void)words;
        snprintf(shared->remark, sizeof shared->remark, "%s", code);
}

static int64_t node_now(void *context)
{
        (void)context;
        return clock_now_ms() + shared->clock_ahead_ms;
}

static uint64_t resident_bytes(void)
{
        unsigned long long all, resident = 0;
        FILE *file = fopen("/proc/self/statm", "re");
        char line[128] = "", *end;

        if (file && fgets(line, sizeof line, file)) {
                all = strtoull(line, &end, 10);
                resident = all ? strtoull(end, NULL, 10) : 0;
        }
        if (file)
                fclose(file);
        return (uint64_t)resident * 4096;
}

static void node_tells(evutil_socket_t socket, short what, void *context)
{
        (void)socket;
        (void)what;
        shared->counts = server_counts(context);
        shared->memory_bytes = resident_bytes();
        if (shared->memory_bytes > shared->memory_most)
                shared->memory_most = shared->memory_bytes;
}

static void node_ends(evutil_socket_t socket, short what, void *context)
{
        (void)socket;
        (void)what;
        event_base_loopbreak(context);
}

static void run_node(const struct server_options *wanted, int report)
{
        const struct timeval often = {.tv_usec = 5000};
        struct server_options options = *wanted;
        struct event_base *base = event_base_new();
        struct server *server = NULL;
        struct queue *queue = NULL;
        struct error error = {0};

        if (queue_open(scratch_path("inbox"), &queue, &error) < 0) {
                fprintf(stderr, "%s\n", error.text);
                _exit(2);
        }
        const struct server_sink sink = {.context = queue,
                .known = node_knows,
                .message = node_takes,
                .evidence = node_offers,
                .evidence_taken = node_gave,
                .skew = node_sees_skew,
                .remark = node_remarks,
                .now = node_now};
        options.address = "127.0.0.1";
        options.organisation = "de-provider";
        options.spool = scratch;
        options.identity = &parties[PROVIDER];
        if (server_new(base, &options, &sink, &server, &error) < 0) {
                fprintf(stderr, "%s\n", error.text);
                _exit(3);
        }
        struct event *telling = event_new(base, -1, EV_PERSIST, node_tells, server);
        event_add(telling, &often);
        uint16_t port = server_port(server);
        if (write(report, &port, sizeof port) != sizeof port)
                _exit(4);
        close(report);
        struct event *ending = evsignal_new(base, SIGTERM, node_ends, base);
        event_add(ending, NULL);
        event_base_dispatch(base);
        event_free(telling);
        event_free(ending);
        server_free(server);
        event_base_loop(base, EVLOOP_NONBLOCK);
        event_base_free(base);
        queue_close(queue);
        exit(0); /* and not _exit: a sanitizer looks for what was not freed */
}

/* Starts the node; at the port that it had before, where it has been started before in this test. */
static inline void start_node(struct server_options options)
{
        int pipes[2];

        assert_int_equal(pipe(pipes), 0);
        options.port = node_port;
        fflush(NULL);
        node = fork();
        if (node == 0) {
                close(pipes[0]);
                run_node(&options, pipes[1]);
        }
        close(pipes[1]);
        assert_int_equal(read(pipes[0], &node_port, sizeof node_port), sizeof node_port);
        close(pipes[0]);
}

/* Asks it to end; whoever was killed before is fine too. */
static void stop_node(void)
{
        int status = 0;

        if (node <= 0)
                return;
        kill(node, SIGTERM);
        waitpid(node, &status, 0);
        node = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
                fail_msg("the node ended with %d", WEXITSTATUS(status));
}

static inline int peers_setup(void **state)
{
        memset(shared, 0, sizeof *shared);
        node_port = 0;
        return scratch_setup(state);
}

static inline int peers_teardown(void **state)
{
        stop_node();
        return scratch_teardown(state);
}

/* Waits until the node tells it; far longer than it ever takes. */
#define AWAIT(condition)                                                                                     \
        do {                                                                                                 \
                int64_t give_up = clock_steady_ms() + 60000;                                                 \
                while (!(condition)) {                                                                       \
                        if (clock_steady_ms() > give_up)                                                     \
                                fail_msg("waited in vain: %s", #condition);                                  \
                        usleep(2000);                                                                        \
                }                                                                                            \
        } while (0)

static inline struct client_peer provider_at(uint16_t port)
{
        return (struct client_peer){.organisation = "de-provider",
                .host = "127.0.0.1",
                .port = port,
                .fingerprint = fingerprints[PROVIDER]};
}

static inline struct client *client_of(enum party party)
{
        const struct client_options options = {
                .organisation = party_names[party], .identity = &parties[party], .connect_ms = 20000};
        struct client *client;
        struct error error = {0};

        if (client_new(&options, &client, &error) < 0)
                fail_msg("%s", error.text);
        return client;
}

static inline struct client_result deliver(struct client *client, const struct client_peer *peer,
        const char *id, const void *bytes, size_t length)
{
        struct client_result result;
        struct content *content;
        struct error error = {0};

        assert_int_equal(content_of(scratch, bytes, length, &content, &error), 0);
        if (client_deliver(client, peer, id, content, &result, &error) < 0)
                fail_msg("%s", error.text);
        content_free(content);
        return result;
}

#endif
