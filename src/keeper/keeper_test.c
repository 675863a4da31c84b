/* SPDX-License-Identifier: EUPL-1.2 */
/* The store process as it is started by its parent: fed over the relay, asked by the program, killed.
 *
 *   keeper_test PROGRAM_STORE PROGRAM_ROGATORY
 */
#include "crypto/digest.h"
#include "intake/import_test.h"
#include "os/clock.h"
#include "relay/counts.h"
#include "relay/relay.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define USER "nobody"
#define SETTINGS                                                                                             \
        "[realm default]\nmapping = endpoint-independent\nlongest-session = 12h\n"                           \
        "outside = 198.51.100.0/24\n%s"                                                                      \
        "[exporter cgn1]\nloss = reported\n"                                                                 \
        "[node]\nmerge-delay = 50m\n%s%s"

static const char *store_program, *rogatory_program;
static struct error error;

/* --- The process --- */

static struct {
        pid_t pid;
        int relay;
        struct buffer out;
        struct relay_writer writer;
        struct relay_reader *reader;
        uint64_t released;
        bool greeted;
        struct relay_store_counts counts; /* as told last */
} node;

static int see_hello(void *context, const struct relay_hello *hello)
{
        (void)context, (void)hello;
        node.greeted = true;
        return 0;
}

static int see_released(void *context, uint64_t sequence)
{
        (void)context;
        node.released = sequence;
        return 0;
}

static int see_counts(void *context, const void *bytes, size_t length)
{
        enum relay_counts_kind kind;
        size_t count;

        (void)context;
        assert_int_equal(relay_counts_unpack(bytes, length, &kind, &count), 0);
        assert_int_equal(kind, RELAY_COUNTS_STORE);
        assert_int_equal(count, 1);
        relay_counts_row(bytes, kind, 0, &node.counts);
        return 0;
}

static int give_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
        const struct passwd *user = getpwnam(USER);

        (void)status, (void)kind, (void)place;
        return user ? chown(path, user->pw_uid, user->pw_gid) : -1;
}

static void give_to_user(void)
{
        if (geteuid() != 0)
                return;
        assert_int_equal(chmod(scratch, 0711), 0);
        assert_int_equal(nftw(scratch_path("node"), give_one, 16, FTW_PHYS), 0);
}

static char output[65536];

/* Runs a program; what it says is in `output`. Its exit code. */
static int run(const char *const *words)
{
        size_t length = 0;
        int ends[2], status;

        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
                dup2(ends[1], STDOUT_FILENO);
                dup2(ends[1], STDERR_FILENO);
                execv(words[0], (char *const *)(uintptr_t)words);
                _exit(127);
        }
        close(ends[1]);
        for (ssize_t got; (got = read(ends[0], output + length, sizeof output - 1 - length)) > 0;)
                length += (size_t)got;
        output[length] = '\0';
        close(ends[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int listen_at(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int s = socket(AF_UNIX, SOCK_STREAM, 0);

        unlink(path);
        memcpy(address.sun_path, path, strlen(path) + 1);
        assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(chmod(path, 0666), 0);
        assert_int_equal(listen(s, 16), 0);
        return s;
}

/* A node with more words in its realm's section, and in its own. */
static void make_node_with(const char *realm, const char *own)
{
        char settings[1024], path[256];

        snprintf(settings, sizeof settings, SETTINGS, realm, own,
                geteuid() == 0 ? "store-user = " USER "\n" : "");
        depot_close(open_store("node", DEPOT_CREATE));
        snprintf(path, sizeof path, "%s/rogatory.conf", scratch_path("node"));
        write_text(path, settings, strlen(settings));
}

static void make_node(void)
{
        make_node_with("", "");
}

static void greet(void)
{
        struct buffer text = buffer_make(1 << 20);
        struct relay_hello hello;
        char path[256];

        snprintf(path, sizeof path, "%s/rogatory.conf", scratch_path("node"));
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        for (int c; (c = fgetc(file)) != EOF;)
                buffer_append_u8(&text, (uint8_t)c);
        fclose(file);
        assert_int_equal(digest_of(text.bytes, text.length, hello.configuration), 0);
        buffer_free(&text);
        assert_int_equal(relay_write_hello(&node.writer, &hello), 0);
}

static void start_node(void)
{
        const struct relay_limits limits = {.exporters = 1, .realms = 1};
        const struct relay_sink sink = {.hello = see_hello, .released = see_released, .counts = see_counts};
        char relay[16], ask[16], path[256];
        int pair[2];

        give_to_user();
        snprintf(path, sizeof path, "%s/ask.socket", scratch_path("node"));
        int listener = listen_at(path);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        fcntl(pair[0], F_SETFD, FD_CLOEXEC);
        snprintf(relay, sizeof relay, "%d", pair[1]);
        snprintf(ask, sizeof ask, "%d", listener);
        node.pid = fork();
        if (node.pid == 0) {
                setenv("ASAN_OPTIONS", "detect_leaks=0",
                        1); /* which would trace a process that is confined */
                execl(store_program, store_program, "--config", scratch_path("node"), "--relay", relay,
                        "--ask", ask, (char *)NULL);
                _exit(127);
        }
        close(pair[1]);
        close(listener);
        node.relay = pair[0];
        node.out = buffer_make(64u << 20);
        node.released = 0;
        node.greeted = false;
        node.counts = (struct relay_store_counts){0};
        relay_writer_begin(&node.writer, &limits, &node.out);
        assert_int_equal(relay_reader_new(RELAY_AT_COLLECTOR, &limits, &sink, &node.reader), 0);
        greet();
}

/* Ends it, and says how it ended. */
static int stop_node(int by_signal)
{
        int status = 0;

        kill(node.pid, by_signal);
        assert_int_equal(waitpid(node.pid, &status, 0), node.pid);
        close(node.relay);
        relay_reader_free(node.reader);
        buffer_free(&node.out);
        node.reader = NULL;
        return status;
}

static void send_all(void)
{
        for (size_t sent = 0; sent < node.out.length;) {
                ssize_t written =
                        send(node.relay, node.out.bytes + sent, node.out.length - sent, MSG_NOSIGNAL);
                assert_true(written > 0);
                sent += (size_t)written;
        }
        buffer_clear(&node.out);
        relay_writer_turn(&node.writer, &node.out);
}

/* When it has taken what was told. */
static void merge_now(void)
{
        usleep(80000);
        kill(node.pid, SIGUSR1);
}

/* Reads what the store says until it released a sequence; false where it does not. */
static bool wait_released(uint64_t sequence, int64_t ms)
{
        int64_t until = clock_steady_ms() + ms;
        uint8_t bytes[4096];

        while (node.released < sequence && clock_steady_ms() < until) {
                ssize_t got = recv(node.relay, bytes, sizeof bytes, MSG_DONTWAIT);
                if (got > 0)
                        assert_int_equal(relay_reader_feed(node.reader, bytes, (size_t)got, &error), 0);
                else
                        usleep(5000);
        }
        return node.released >= sequence;
}

/* Reads until it told of so many events and merges; false where it does not. */
static bool wait_counts(uint64_t events, uint64_t merges, int64_t ms)
{
        int64_t until = clock_steady_ms() + ms;

        while ((node.counts.events < events || node.counts.merges < merges) && clock_steady_ms() < until)
                wait_released(UINT64_MAX, 50);
        return node.counts.events >= events && node.counts.merges >= merges;
}

/* --- What it is told --- */

static void tell_binding_now(int64_t at_ms, unsigned port, unsigned inside, enum nat_action action)
{
        struct nat_event event = {.time_ms = at_ms,
                .inside = address_from_ipv4(0x64400000 + inside),
                .outside = 0xc6336407,
                .port_first = (uint16_t)port,
                .port_last = (uint16_t)port,
                .inside_port = 40000,
                .protocol = 6,
                .kind = NAT_MAPPING,
                .action = (uint8_t)action,
                .flags = NAT_HAS_INSIDE_PORT};

        assert_int_equal(relay_write_event(&node.writer, &event), 0);
}

/* A mapping of 90 seconds. */
static void tell_lent(int64_t at_ms, unsigned port, unsigned inside)
{
        tell_binding_now(at_ms, port, inside, NAT_OPEN);
        tell_binding_now(at_ms + 90000, port, inside, NAT_CLOSE);
}

static void tell_heard(int64_t from_ms, int64_t to_ms)
{
        struct coverage_span span = {.from = from_ms,
                .to = to_ms,
                .offset_min_ms = OFFSET_UNKNOWN,
                .offset_max_ms = OFFSET_UNKNOWN,
                .flags = SPAN_HAS_EVENTS | SPAN_BEGINS_EMPTY};

        assert_int_equal(relay_write_span(&node.writer, &span), 0);
}

static void tell_mark(uint64_t sequence)
{
        struct relay_mark mark = {.sequence = sequence, .receipt_ms = clock_now_ms()};

        assert_int_equal(relay_write_mark(&node.writer, &mark), 0);
        send_all();
}

/* --- Asking --- */

/* The exit code of `rogatory ask`. */
static int ask_at(const char *store, unsigned port, int64_t at_ms)
{
        char endpoint[64], time[TIME_TEXT_MAX];

        snprintf(endpoint, sizeof endpoint, "198.51.100.7:%u", port);
        const char *const words[] = {rogatory_program, "ask", "--store", store, "--case", "T-1", "--proto",
                "tcp", endpoint, "--at", time_format_utc(at_ms, time), "--skew", "100ms", NULL};
        return run(words);
}

static void expect(int code, const char *words, unsigned port, int64_t at_ms)
{
        int got = ask_at(scratch_path("node"), port, at_ms);

        if (got != code || !strstr(output, words))
                fail_msg("exit %d and not %d, or not \"%s\":\n%s", got, code, words,
                        strlen(output) > 700 ? output + strlen(output) - 700 : output);
}

static void test_a_binding_is_seen_before_its_hour_is_over(void **state)
{
        (void)state;
        make_node();
        start_node();
        int64_t now = clock_now_ms();
        tell_binding_now(now - 60000, 4711, 5, NAT_OPEN);
        tell_heard(now - 120000, now);
        tell_mark(1);
        usleep(80000); /* the wait that the node is allowed */
        expect(0, "100.64.0.5", 4711, now - 30000);
        assert_int_equal(stop_node(SIGTERM), 0);
}

static void test_it_tells_how_it_does(void **state)
{
        (void)state;
        make_node();
        start_node();
        int64_t hour = clock_now_ms() / TIME_HOUR * TIME_HOUR - TIME_HOUR;
        for (unsigned i = 0; i < 20; i++)
                tell_lent(hour + i * 1000, 2000 + i, 1 + i % 18);
        tell_binding_now(hour + 5000, 3000, 1, NAT_OPEN);
        tell_heard(hour, hour + 10 * TIME_MINUTE);
        tell_mark(1);
        assert_true(wait_counts(41, 0, 20000));
        /* Before the first merge nothing is known of how addresses are shared. */
        assert_int_equal(node.counts.events, 41);
        assert_int_equal(node.counts.held_events, 41);
        assert_true(node.counts.held_bytes > 0);
        assert_true(node.counts.disk_free_bytes > 0);
        assert_true(node.counts.users_over == UINT64_MAX);
        assert_true(node.counts.last_merge_ms == INT64_MIN);
        merge_now();
        assert_true(wait_counts(41, 1, 20000));
        assert_int_equal(node.counts.held_events, 0);
        assert_true(node.counts.windows > 0);
        assert_int_equal(node.counts.sharing.window_from, hour);
        assert_int_equal(node.counts.open_bindings, 1);
        assert_int_equal(node.counts.users_most, 18);
        assert_int_equal(node.counts.users_over, 1);
        assert_int_equal(node.counts.sharing.worst[0].outside, 0xc6336407);
        assert_int_equal(stop_node(SIGTERM), 0);
}

static void test_what_is_merged_is_released_and_answered_alike(void **state)
{
        (void)state;
        make_node();
        start_node();
        int64_t now = clock_now_ms();
        tell_heard(now - 120000, now);
        for (unsigned i = 0; i < 20000; i++)
                tell_lent(now - 100000 + i, 1024 + i, i % 200);
        tell_mark(77);
        merge_now();
        assert_true(wait_released(77, 20000));
        expect(0, "100.64.0.5", 1024 + 5, now - 30000);
        assert_non_null(strstr(output, ".seg#"));
        expect(4, "nobody: Complete records", 30000, now - 30000);
        tell_lent(now - 95000, 30000, 9);
        tell_mark(78);
        usleep(80000);
        expect(0, "100.64.0.9", 30000, now - 30000);
        assert_non_null(strstr(output, ".live#"));
        expect(0, "100.64.0.6", 1024 + 6, now - 30000);
        assert_int_equal(stop_node(SIGTERM), 0);
        /* And without the node the store says what was merged. */
        expect(0, "100.64.0.6", 1024 + 6, now - 30000);
}

static void test_another_writer_is_waited_for(void **state)
{
        (void)state;
        make_node();
        start_node();
        struct depot *writer = open_store("node", DEPOT_WRITE);
        int64_t now = clock_now_ms();
        for (unsigned i = 0; i < 20000; i++)
                tell_lent(now - 100000 + i, 1024 + i, i % 200);
        tell_mark(5);
        merge_now();
        assert_false(wait_released(5, 700));
        depot_close(writer);
        assert_true(wait_released(5, 20000));
        assert_int_equal(stop_node(SIGTERM), 0);
}

static void test_a_batch_is_answered_over_the_socket(void **state)
{
        char time[TIME_TEXT_MAX];
        struct buffer rows = buffer_make(1 << 20);

        (void)state;
        make_node();
        start_node();
        int64_t now = clock_now_ms();
        tell_heard(now - 120000, now);
        for (unsigned i = 0; i < 50; i++) {
                tell_lent(now - 60000, 2000 + i, 1 + i);
                buffer_printf(
                        &rows, "198.51.100.7,%u,tcp,%s\n", 2000 + i, time_format_utc(now - 30000, time));
        }
        tell_mark(1);
        make_file("rows.csv", &rows);
        buffer_free(&rows);
        usleep(80000);
        char socket[256], batch[256];
        snprintf(socket, sizeof socket, "%s/ask.socket", scratch_path("node"));
        snprintf(batch, sizeof batch, "%s", scratch_path("rows.csv"));
        const char *const words[] = {
                rogatory_program, "ask", "--store", socket, "--case", "T-1", "--batch", batch, NULL};
        assert_int_equal(run(words), 0);
        unsigned ones = 0;
        for (const char *at = output; (at = strstr(at, "\"verdict\":\"one\"")); at++)
                ones++;
        assert_int_equal(ones, 50);
        /* Who asked stands in the record, as the kernel knows him. */
        char log[256], person[64];
        snprintf(log, sizeof log, "%s/access.log", scratch_path("node"));
        snprintf(person, sizeof person, "uid %u", geteuid());
        const char *const search[] = {"/usr/bin/grep", "-c", person, log, NULL};
        assert_int_equal(run(search), 0);
        assert_string_equal(output, "50\n");
        assert_int_equal(stop_node(SIGTERM), 0);
}

static void test_what_no_window_holds_yet_is_preserved(void **state)
{
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX], until[TIME_TEXT_MAX];

        (void)state;
        make_node();
        start_node();
        int64_t now = clock_now_ms();
        tell_lent(now - 60000, 4711, 5);
        tell_heard(now - 120000, now + 40000);
        tell_mark(1);
        usleep(80000);
        const char *const words[] = {rogatory_program, "preserve", "--store", scratch_path("node"), "--case",
                "T-2", "198.51.100.7:4711", "--from", time_format_utc(now - 90000, from), "--to",
                time_format_utc(now - 20000, to), "--until", time_format_utc(now + 30 * TIME_DAY, until),
                NULL};
        if (run(words) != 0 || !strstr(output, "1 bindings"))
                fail_msg("%s", output);
        const char *const list[] = {rogatory_program, "holds", "--store", scratch_path("node"), NULL};
        if (run(list) != 0 || !strstr(output, "T-2"))
                fail_msg("%s", output);
        /* The node's own merge finds nothing new. */
        merge_now();
        assert_true(wait_released(1, 20000));
        expect(0, "100.64.0.5", 4711, now - 30000);
        assert_int_equal(stop_node(SIGTERM), 0);
}

/* Nobody can merge, because somebody else writes: what comes is taken up to twice the memory that it may use,
 * and no more until there is room again. */
static void test_too_much_is_left_where_it_is(void **state)
{
        (void)state;
        make_node_with("", "memory = 16MiB\n");
        start_node();
        struct depot *writer = open_store("node", DEPOT_WRITE);
        int64_t now = clock_now_ms();
        tell_heard(now - 120000, now);
        size_t taken = 0, most = (size_t)400 << 20;
        uint64_t mark = 0;
        fcntl(node.relay, F_SETFL, fcntl(node.relay, F_GETFL) | O_NONBLOCK);
        while (taken < most) {
                for (unsigned i = 0; i < 20000; i++)
                        tell_lent(now - 100000 + (int64_t)(mark % 5000), 1024 + (unsigned)(mark + i) % 60000,
                                (unsigned)(mark * 7 + i) % 200);
                struct relay_mark told = {.sequence = ++mark, .receipt_ms = now};
                assert_int_equal(relay_write_mark(&node.writer, &told), 0);
                int64_t until = clock_steady_ms() + 3000;
                size_t sent = 0;
                while (sent < node.out.length && clock_steady_ms() < until) {
                        ssize_t written =
                                send(node.relay, node.out.bytes + sent, node.out.length - sent, MSG_NOSIGNAL);
                        if (written > 0)
                                sent += (size_t)written;
                        else
                                usleep(5000);
                }
                taken += sent;
                bool is_whole = sent == node.out.length;
                memmove(node.out.bytes, node.out.bytes + sent, node.out.length - sent);
                node.out.length -= sent;
                relay_writer_turn(&node.writer, &node.out);
                if (!is_whole)
                        break;
        }
        assert_true(taken < most); /* it stopped */
        depot_close(writer);
        fcntl(node.relay, F_SETFL, fcntl(node.relay, F_GETFL) & ~O_NONBLOCK);
        send_all();
        /* What came last is taken after a merge, and waits for the next. */
        bool is_released = false;
        for (unsigned i = 0; i < 30 && !is_released; i++) {
                merge_now();
                is_released = wait_released(mark - 1, 2000);
        }
        assert_true(is_released);
        assert_int_equal(stop_node(SIGTERM), 0);
}

/* What the law allows to be kept no longer goes with the merges, and the record of access says so. */
static void test_what_is_due_goes_with_a_merge(void **state)
{
        struct buffer log = buffer_make(1 << 20);
        char path[256];

        (void)state;
        make_node();
        buffer_append_text(&log, CSV_HEADER);
        csv_event(&log, 10, "open", 4000, 9);
        csv_event(&log, 20, "close", 4000, 9);
        make_file("old.csv", &log);
        buffer_free(&log);
        const char *const words[] = {rogatory_program, "import", "--store", scratch_path("node"), "--quiet",
                scratch_path("old.csv"), NULL};
        if (run(words) != 0)
                fail_msg("%s", output);
        make_node_with("retain = 2h\n", "");
        start_node();
        int64_t now = clock_now_ms();
        tell_lent(now - 60000, 4711, 5);
        tell_heard(now - 120000, now + 40000);
        tell_mark(3);
        merge_now();
        assert_true(wait_released(3, 20000));
        expect(5, "outside-retention", 4000, DAY_START + 15 * TIME_SECOND);
        expect(0, "100.64.0.5", 4711, now - 30000);
        snprintf(path, sizeof path, "%s/access.log", scratch_path("node"));
        const char *const search[] = {"/usr/bin/grep", "-c", "\"action\":\"retain\"", path, NULL};
        assert_int_equal(run(search), 0);
        assert_int_equal(stop_node(SIGTERM), 0);
}

static void test_a_collector_with_other_settings_is_refused(void **state)
{
        struct relay_hello hello = {{0}};
        int status;

        (void)state;
        make_node();
        start_node();
        buffer_clear(&node.out);
        relay_writer_turn(&node.writer, &node.out);
        assert_int_equal(relay_write_hello(&node.writer, &hello), 0);
        send_all();
        assert_int_equal(waitpid(node.pid, &status, 0), node.pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        close(node.relay);
        relay_reader_free(node.reader);
        buffer_free(&node.out);
}

static void test_rubbish_ends_it_and_hurts_nothing_stored(void **state)
{
        int status;

        (void)state;
        make_node();
        start_node();
        int64_t now = clock_now_ms();
        tell_heard(now - 120000, now);
        for (unsigned i = 0; i < 20000; i++)
                tell_lent(now - 100000 + i, 1024 + i, i % 200);
        tell_mark(9);
        merge_now();
        assert_true(wait_released(9, 20000));
        assert_int_equal(send(node.relay, "rubbish, and more of it", 23, MSG_NOSIGNAL), 23);
        assert_int_equal(waitpid(node.pid, &status, 0), node.pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        close(node.relay);
        relay_reader_free(node.reader);
        buffer_free(&node.out);
        expect(0, "100.64.0.6", 1024 + 6, now - 30000);
}

/* Asked while it merges all the time, it never says anything but the truth. */
static void test_asked_while_it_merges(void **state)
{
        (void)state;
        make_node();
        start_node();
        int64_t now = clock_now_ms();
        for (unsigned round = 0; round < 12; round++) {
                for (unsigned i = 0; i < 5000; i++)
                        tell_lent(now - 100000 + i, 1024 + round * 5000 + i, i % 200);
                tell_heard(now - 120000, now);
                tell_mark(round + 1);
                merge_now();
                usleep(20000);
                expect(0, "100.64.0.6", 1024 + round * 5000 + 6, now - 30000);
                expect(0, "100.64.0.6", 1024 + 6, now - 30000);
        }
        assert_int_equal(stop_node(SIGTERM), 0);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_a_binding_is_seen_before_its_hour_is_over, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_it_tells_how_it_does, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_what_is_merged_is_released_and_answered_alike, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_another_writer_is_waited_for, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_a_batch_is_answered_over_the_socket, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_what_no_window_holds_yet_is_preserved, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_too_much_is_left_where_it_is, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_what_is_due_goes_with_a_merge, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_a_collector_with_other_settings_is_refused, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_rubbish_ends_it_and_hurts_nothing_stored, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_asked_while_it_merges, scratch_setup, scratch_teardown),
        };

        if (argc < 3)
                return 2;
        store_program = argv[1];
        rogatory_program = argv[2];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
