/* SPDX-License-Identifier: EUPL-1.2 */
/* The collector process as its parent starts it, before a store that this test plays: fed over sockets,
 * killed at any moment, started again on the same sockets.
 *
 *   node_test PROGRAM [KILLS]
 */
#include "crypto/digest.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/scratch_test.h"
#include "relay/relay.h"
#include "wire/flow_encoder_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <openssl/evp.h>
#include <cmocka.h>

#define USER "nobody"
#define SECRET "a secret of both"
#define INSIDE 0x64400001u
#define OUTSIDE 0xc6336407u

enum { FLOWS, RADIUS, LINES, STRANGE, LISTENERS };
#define SETTINGS                                                                                             \
        "[realm default]\nmapping = endpoint-independent\n"                                                  \
        "[exporter cgn1]\ndialect = rfc8158\naddress = 127.0.0.1\nloss = reported\nsecret-file = %s\n"       \
        "[exporter other]\naddress = 192.0.2.7\n"                                                            \
        "[listener flows]\ntransport = udp\ncontent = flow\nport = 4739\naddress = 127.0.0.1\n"              \
        "[listener radius]\ntransport = radius\nport = 1813\naddress = 127.0.0.1\n"                          \
        "[listener lines]\ntransport = tcp\ncontent = syslog\nport = 6514\naddress = 127.0.0.1\n"            \
        "[listener strange]\ntransport = udp\ncontent = flow\nport = 4740\naddress = 127.0.0.1\n"            \
        "[node]\nsync-interval = 100ms\ndisk-reserve = 16MiB\njournal-limit = 64MiB\n"

static const char *program;
static unsigned kills = 12;
static int sockets[LISTENERS], metrics = -1;
static uint16_t ports[LISTENERS], metrics_port;
static uint64_t seed = 1;

static uint32_t draw(uint32_t below)
{
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)((seed >> 33) % below);
}

/* --- What the store was told --- */

#define FLOWS_MAX 2000000u
#define USERS_MAX 20000u

static struct {
        /* By the number of the event (its port and its second) and of the subscriber. */
        uint8_t live_events[FLOWS_MAX], stored_events[FLOWS_MAX];
        uint8_t live_users[USERS_MAX], stored_users[USERS_MAX];
        struct coverage live, stored; /* what is lost with the store, and what is in windows */
        uint64_t events, mark, at_release;
        bool greeted;
} told;

static int64_t begun_ms; /* of the first event */

static int see_hello(void *context, const struct relay_hello *hello)
{
        (void)context;
        (void)hello;
        told.greeted = true;
        return 0;
}

static int see_events(void *context, const struct nat_event *events, size_t count)
{
        (void)context;
        for (size_t i = 0; i < count; i++) {
                assert_int_equal(events[i].exporter, 0);
                assert_int_equal(events[i].outside, OUTSIDE);
                uint32_t number = address_ipv4(&events[i].inside) - INSIDE;
                assert_true(number < FLOWS_MAX);
                assert_int_equal(events[i].port_first, 1024 + number % 60000);
                told.live_events[number] = 1;
        }
        told.events += count;
        return 0;
}

static int see_lease(void *context, uint16_t exporter, const struct lease_event *lease)
{
        unsigned number;

        (void)context;
        (void)exporter;
        assert_int_equal(memcmp(lease->subscriber, "user", 4), 0);
        number = (unsigned)strtoul(lease->subscriber + 4, NULL, 10);
        assert_true(number < USERS_MAX);
        told.live_users[number] = 1;
        return 0;
}

static int see_span(void *context, const struct coverage_span *span)
{
        (void)context;
        return coverage_add_span(&told.live, span);
}

static int see_gap(void *context, const struct coverage_gap *gap)
{
        (void)context;
        return coverage_add_gap(&told.live, gap);
}

static int see_mark(void *context, const struct relay_mark *mark)
{
        (void)context;
        told.mark = mark->sequence;
        return 0;
}

/* --- The process --- */

static struct {
        pid_t pid;
        int relay, ready;
        struct buffer out;
        struct relay_writer writer;
        struct relay_reader *reader;
} node;

static const struct relay_limits limits = {.exporters = 2, .realms = 1};

static int bound(int type, uint16_t *ret_port)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t length = sizeof at;
        int made = socket(AF_INET, type, 0), room = 8 << 20;

        assert_int_equal(bind(made, (struct sockaddr *)&at, sizeof at), 0);
        setsockopt(made, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        if (type == SOCK_STREAM)
                assert_int_equal(listen(made, 64), 0);
        assert_int_equal(getsockname(made, (struct sockaddr *)&at, &length), 0);
        *ret_port = ntohs(at.sin_port);
        return made;
}

static void write_file(const char *path, const char *text)
{
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0600), 0);
}

static void make_node(void)
{
        char settings[4096], path[300], secret[300];

        snprintf(path, sizeof path, "%s/rogatory.conf", scratch_path("node"));
        snprintf(secret, sizeof secret, "%s/secret", scratch_path("node"));
        assert_int_equal(mkdir(scratch_path("node"), 0700), 0);
        write_file(secret, SECRET "\n");
        int length = snprintf(settings, sizeof settings, SETTINGS, secret);
        if (geteuid() == 0)
                length += snprintf(
                        settings + length, sizeof settings - (size_t)length, "collect-user = " USER "\n");
        if (getenv("ROGATORY_SEALED")) { /* the journal too */
                const struct passwd *user = geteuid() == 0 ? getpwnam(USER) : NULL;
                assert_int_equal(mkdir(scratch_path("keys"), 0700), 0);
                if (user)
                        assert_int_equal(chown(scratch_path("keys"), user->pw_uid, user->pw_gid), 0);
                snprintf(settings + length, sizeof settings - (size_t)length,
                        "journal-key = file:%s/journal.key\n", scratch_path("keys"));
        }
        write_file(path, settings);
        for (unsigned i = 0; i < LISTENERS; i++)
                sockets[i] = bound(i == LINES ? SOCK_STREAM : SOCK_DGRAM, &ports[i]);
        metrics = bound(SOCK_STREAM, &metrics_port);
}

static void greet(void)
{
        struct relay_hello hello;
        struct buffer text = buffer_make(1 << 20);
        char path[300];

        snprintf(path, sizeof path, "%s/rogatory.conf", scratch_path("node"));
        assert_int_equal(file_read(path, &text, NULL), 0);
        assert_int_equal(digest_of(text.bytes, text.length, hello.configuration), 0);
        buffer_free(&text);
        assert_int_equal(relay_write_hello(&node.writer, &hello), 0);
}

static void start(void)
{
        const struct relay_sink sink = {
                NULL, see_hello, see_events, see_lease, see_span, see_gap, NULL, see_mark, NULL, NULL, NULL};
        char words[LISTENERS + 3][32];
        int ends[2], ready[2];

        memset(told.live_events, 0, sizeof told.live_events);
        memset(told.live_users, 0, sizeof told.live_users);
        coverage_free(&told.live);
        told.mark = 0;
        told.greeted = false;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ready), 0);
        node.pid = fork();
        if (node.pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                /* What looks for leaks asks for calls that a confined process does not have. */
                setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
                for (unsigned i = 0; i < LISTENERS; i++)
                        snprintf(words[i], sizeof words[i], "%u:%d", i, sockets[i]);
                snprintf(words[LISTENERS], sizeof words[0], "%d", ends[1]);
                snprintf(words[LISTENERS + 1], sizeof words[0], "%d", ready[1]);
                snprintf(words[LISTENERS + 2], sizeof words[0], "%d", metrics);
                close(ends[0]);
                execl(program, program, "--config", scratch_path("node"), "--relay", words[LISTENERS],
                        "--ready", words[LISTENERS + 1], "--metrics", words[LISTENERS + 2], "--listener",
                        words[0], "--listener", words[1], "--listener", words[2], "--listener", words[3],
                        NULL);
                _exit(127);
        }
        close(ends[1]);
        close(ready[1]);
        node.relay = ends[0];
        node.ready = ready[0];
        node.out = buffer_make(1 << 20);
        relay_writer_begin(&node.writer, &limits, &node.out);
        assert_int_equal(relay_reader_new(RELAY_AT_STORE, &limits, &sink, &node.reader), 0);
        greet();
}

static void forget(void)
{
        close(node.relay);
        close(node.ready);
        relay_reader_free(node.reader);
        buffer_free(&node.out);
        node.pid = 0;
}

static int end_of(pid_t pid)
{
        int status = -1;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static void kill_node(void)
{
        kill(node.pid, SIGKILL);
        end_of(node.pid);
        forget();
}

/* Reads what the process tells, for at most so long; sends what there is for it. */
static void listen_for(int64_t wait_ms)
{
        static uint8_t bytes[1 << 20];
        int64_t until = clock_steady_ms() + wait_ms;
        struct error error = {0};

        do {
                struct pollfd one = {.fd = node.relay, .events = POLLIN};
                int64_t left = until - clock_steady_ms();
                if (node.out.length > 0) {
                        ssize_t went = send(node.relay, node.out.bytes, node.out.length, MSG_NOSIGNAL);
                        if (went > 0) {
                                memmove(node.out.bytes, node.out.bytes + went,
                                        node.out.length - (size_t)went);
                                node.out.length -= (size_t)went;
                                relay_writer_turn(&node.writer, &node.out);
                        }
                }
                if (poll(&one, 1, left > 0 ? (int)left : 0) <= 0)
                        continue;
                ssize_t got = recv(node.relay, bytes, sizeof bytes, MSG_DONTWAIT);
                if (got == 0 || (got < 0 && errno != EAGAIN))
                        return;
                if (got > 0 && relay_reader_feed(node.reader, bytes, (size_t)got, &error) < 0)
                        fail_msg("%s", error.text);
        } while (clock_steady_ms() < until);
}

static void wait_ready(void)
{
        for (unsigned i = 0; i < 600; i++) {
                char what = 0;
                fcntl(node.ready, F_SETFL, O_NONBLOCK);
                while (read(node.ready, &what, 1) == 1)
                        if (what == 'r')
                                return;
                listen_for(10);
        }
        fail_msg("the process did not become ready");
}

/* What was told so far up to the last mark is put into windows. */
static void store_all(void)
{
        for (unsigned i = 0; i < FLOWS_MAX; i++)
                told.stored_events[i] |= told.live_events[i];
        for (unsigned i = 0; i < USERS_MAX; i++)
                told.stored_users[i] |= told.live_users[i];
        assert_int_equal(coverage_add_all(&told.stored, &told.live), 0);
        coverage_normalise(&told.stored, 60000);
        assert_int_equal(relay_write_released(&node.writer, told.mark), 0);
        listen_for(0);
}

/* --- What exporters send --- */

static struct encoder message;
static uint32_t sent_flows;
static bool announces; /* the next message has the template, which only the first has otherwise */
static int64_t flow_times[FLOWS_MAX];
static uint8_t acknowledged[USERS_MAX];

static int connected(int type, uint16_t port)
{
        struct sockaddr_in to = {
                .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        int made = socket(AF_INET, type, 0);

        assert_int_equal(connect(made, (struct sockaddr *)&to, sizeof to), 0);
        return made;
}

static void send_flows(int socket, unsigned messages)
{
        for (unsigned i = 0; i < messages && sent_flows + 20 < FLOWS_MAX; i++) {
                int64_t now = clock_now_ms();
                encode_message(&message, 10, (uint32_t)(now / 1000), sent_flows, 1);
                if (sent_flows == 0 || announces)
                        encode_template(&message, 256, SESSION_TEMPLATE);
                announces = false;
                encode_set(&message, 256);
                for (unsigned k = 0; k < 10; k++, sent_flows++) {
                        flow_times[sent_flows] = now;
                        encode_session(&message, (uint64_t)now, 4, INSIDE + sent_flows, OUTSIDE, 6, 1,
                                1024 + sent_flows % 60000);
                }
                encode_set_end(&message, false);
                encode_end(&message);
                if (begun_ms == 0)
                        begun_ms = now;
                assert_int_equal(send(socket, message.bytes, message.length, 0), message.length);
        }
}

static void send_accounting(int socket, unsigned user)
{
        uint8_t packet[200] = {4, (uint8_t)user}, digest[16];
        char name[16], text[64];
        size_t length = 20, digested;
        const uint8_t fixed[] = {
                40, 6, 0, 0, 0, 1, 4, 6, 127, 0, 0, 1, 8, 6, 100, 65, (uint8_t)(user >> 8), (uint8_t)user};

        memcpy(packet + length, fixed, sizeof fixed);
        length += sizeof fixed;
        for (uint8_t type = 1; type <= 44; type = type == 1 ? 44 : 45) { /* User-Name, Acct-Session-Id */
                int size = snprintf(name, sizeof name, "user%u", user);
                packet[length++] = type;
                packet[length++] = (uint8_t)(size + 2);
                memcpy(packet + length, name, (size_t)size);
                length += (size_t)size;
        }
        packet[3] = (uint8_t)length;
        memcpy(packet + length, SECRET, sizeof SECRET - 1);
        assert_int_equal(
                EVP_Q_digest(NULL, "MD5", NULL, packet, length + sizeof SECRET - 1, digest, &digested), 1);
        memcpy(packet + 4, digest, 16);
        assert_int_equal(send(socket, packet, length, 0), length);
        (void)text;
}

/* Answers that came: each acknowledges the user of its identifier that was sent last. */
static void see_answers(int socket, const unsigned last_user[256])
{
        uint8_t answer[64];

        while (recv(socket, answer, sizeof answer, MSG_DONTWAIT) >= 20)
                acknowledged[last_user[answer[1]]] = 1;
}

/* --- Tests --- */

static void wait_for_flows(uint32_t count)
{
        for (unsigned i = 0; i < 1000; i++) {
                uint32_t have = 0;
                while (have < count && (told.live_events[have] || told.stored_events[have]))
                        have++;
                if (have == count)
                        return;
                listen_for(10);
        }
        fail_msg("not all flows were told");
}

static void get(const char *path, char *ret, size_t size)
{
        int socket = connected(SOCK_STREAM, metrics_port);
        char request[200];
        size_t length = 0;

        int wrote = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
        assert_int_equal(send(socket, request, (size_t)wrote, 0), wrote);
        for (ssize_t got; (got = recv(socket, ret + length, size - 1 - length, 0)) > 0;)
                length += (size_t)got;
        ret[length] = '\0';
        close(socket);
}

static void test_everything_once(void **state)
{
        static char page[1 << 20];
        static const char line[] =
                "<14>1 2026-11-20T00:00:00Z nobody-knows RT_NAT - RT_SRC_NAT_PBA_ALLOC "
                "[junos@2636.1.1.1.2.135 internal-ip=\"100.64.0.7\" block-port-low=\"1024\" "
                "block-port-high=\"1087\" reflexive-ip=\"198.51.100.7\" "
                "epoch-time-64=\"6a0e1234\"]\n";

        (void)state;
        start();
        wait_ready();
        assert_true(told.greeted);
        int flows = connected(SOCK_DGRAM, ports[FLOWS]), radius = connected(SOCK_DGRAM, ports[RADIUS]),
            lines = connected(SOCK_STREAM, ports[LINES]);
        send_flows(flows, 100);
        wait_for_flows(1000);
        unsigned last_user[256] = {[7] = 7};
        send_accounting(radius, 7);
        for (unsigned i = 0; i < 100 && !acknowledged[7]; i++) {
                listen_for(20);
                see_answers(radius, last_user);
        }
        assert_true(acknowledged[7] && told.live_users[7]);
        assert_int_equal(send(lines, line, sizeof line - 1, 0), sizeof line - 1);
        listen_for(1500);
        assert_true(told.mark > 100);
        get("/metrics", page, sizeof page);
        assert_non_null(strstr(page, "200 OK"));
        assert_non_null(strstr(page, "rogatory_exporter_events_total{exporter=\"cgn1\"} 1000\n"));
        assert_non_null(
                strstr(page, "rogatory_exporter_refused_total{exporter=\"cgn1\",reason=\"bad-value\"} 1\n"));
        assert_non_null(strstr(page, "rogatory_listener_received_total{listener=\"flows\"} 100\n"));
        get("/metrics.json", page, sizeof page);
        assert_non_null(strstr(page, "\"name\":\"cgn1\",\"messages\":102"));
        get("/readyz", page, sizeof page);
        assert_non_null(strstr(page, "200 OK"));
        get("/healthz", page, sizeof page);
        assert_non_null(strstr(page, "200 OK"));
        get("/rogatory.conf", page, sizeof page);
        assert_non_null(strstr(page, "404"));
        kill(node.pid, SIGTERM);
        listen_for(3000);
        int status = end_of(node.pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                fail_msg("ended with %x", status);
        forget();
        close(flows);
        close(radius);
        close(lines);
}

/* Claims of what was heard are true for what is stored and told together. */
static void check_claims(void)
{
        struct coverage all = {0};

        assert_int_equal(coverage_add_all(&all, &told.stored), 0);
        assert_int_equal(coverage_add_all(&all, &told.live), 0);
        coverage_normalise(&all, 60000);
        for (uint32_t i = 0; i < sent_flows; i++) {
                bool heard = coverage_heard(&all, 0, NULL, flow_times[i], flow_times[i]).whole;
                if (heard && !told.live_events[i] && !told.stored_events[i])
                        fail_msg("flow %u is missing, and its time is claimed", i);
        }
        coverage_free(&all);
}

static void test_killed_at_any_moment(void **state)
{
        unsigned last_user[256] = {0}, user = 100, claimed = 0, missing = 0;
        int flows = connected(SOCK_DGRAM, ports[FLOWS]), radius = connected(SOCK_DGRAM, ports[RADIUS]);

        (void)state;
        for (unsigned i = 0; i < kills; i++) {
                start();
                int64_t until = clock_steady_ms() + draw(i % 4 ? 300 : 1500);
                do {
                        send_flows(flows, draw(10));
                        if (user < USERS_MAX - 1) {
                                last_user[user % 256] = user;
                                send_accounting(radius, user++);
                        }
                        listen_for(draw(3));
                        see_answers(radius, last_user);
                        if (told.mark > 0 && draw(60) == 0)
                                store_all();
                } while (clock_steady_ms() < until);
                if (draw(3) == 0)
                        listen_for(draw(1200));
                kill_node();
                see_answers(radius, last_user);
        }
        start();
        wait_ready();
        listen_for(2500);
        see_answers(radius, last_user);
        for (unsigned i = 100; i < user; i++)
                if (acknowledged[i] && !told.live_users[i] && !told.stored_users[i])
                        fail_msg("user %u was acknowledged and is lost", i);
        for (uint32_t i = 0; i < sent_flows; i++)
                missing += !told.live_events[i] && !told.stored_events[i];
        check_claims();
        struct coverage all = {0};
        assert_int_equal(coverage_add_all(&all, &told.stored), 0);
        assert_int_equal(coverage_add_all(&all, &told.live), 0);
        coverage_normalise(&all, 60000);
        for (uint32_t i = 0; i < sent_flows; i++)
                claimed += coverage_heard(&all, 0, NULL, flow_times[i], flow_times[i]).whole;
        coverage_free(&all);
        print_message("%u kills, %u flows, %u of them in a process that was killed before it wrote them, %u "
                      "claimed\n",
                kills, sent_flows, missing, claimed);
        assert_true(missing <= kills * 64 * 10 * 8);
        assert_true(claimed > sent_flows / 10);
        kill_node();
        close(flows);
        close(radius);
}

/* The disk of the journal is nearly full: nothing is taken, which shows, and what the store then releases is
 * room for the rest. Nothing is claimed that was lost meanwhile. */
static void test_a_full_disk(void **state)
{
        static char page[1 << 20];
        char folder[300];
        bool stopped = false, taken_again = false;

        (void)state;
        snprintf(folder, sizeof folder, "%s/journal", scratch_path("node"));
        if (getenv("ROGATORY_SEALED")) /* its key table would lie below the mount */
                return;
        if (geteuid() != 0 || mount("none", folder, "tmpfs", 0, "size=24m,mode=777") < 0) {
                print_message("SKIP: this user may not mount a small file system\n");
                return;
        }
        start();
        wait_ready();
        announces = true; /* what was kept of it lies below the mount */
        int flows = connected(SOCK_DGRAM, ports[FLOWS]);
        for (unsigned i = 0; i < 400 && !stopped; i++) {
                send_flows(flows, 200);
                listen_for(20);
                get("/readyz", page, sizeof page);
                stopped = strstr(page, "503") != NULL;
        }
        assert_true(stopped);
        get("/metrics", page, sizeof page);
        assert_non_null(strstr(page, "rogatory_taking 0\n"));
        listen_for(2500); /* a state of templates is kept behind the last mark */
        store_all();
        for (unsigned i = 0; i < 400 && !taken_again; i++) {
                listen_for(20);
                get("/readyz", page, sizeof page);
                taken_again = strstr(page, "200 OK") != NULL;
        }
        assert_true(taken_again);
        listen_for(1000); /* the kernel's buffer is emptied */
        store_all();
        listen_for(200);
        uint32_t before = sent_flows;
        send_flows(flows, 10);
        for (unsigned i = 0; i < 200 && !told.live_events[before]; i++)
                listen_for(20);
        assert_true(told.live_events[before]);
        get("/metrics", page, sizeof page);
        assert_non_null(strstr(page, "rogatory_stops_total "));
        listen_for(1500);
        check_claims();
        kill_node();
        close(flows);
        assert_int_equal(umount2(folder, MNT_DETACH), 0);
}

static int setup(void **state)
{
        int r = scratch_setup(state);

        if (r == 0) {
                make_node();
                if (geteuid() == 0) {
                        assert_int_equal(chmod(scratch, 0711), 0);
                        assert_int_equal(chmod(scratch_path("node"), 0711), 0);
                }
        }
        return r;
}

static int teardown(void **state)
{
        coverage_free(&told.live);
        coverage_free(&told.stored);
        return scratch_teardown(state);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_everything_once),
                cmocka_unit_test(test_killed_at_any_moment),
                cmocka_unit_test(test_a_full_disk),
        };

        if (argc < 2)
                return 2;
        program = argv[1];
        if (argc > 2)
                kills = (unsigned)strtoul(argv[2], NULL, 10);
        return cmocka_run_group_tests(tests, setup, teardown);
}
