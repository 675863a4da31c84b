/* SPDX-License-Identifier: EUPL-1.2 */
/* Datagrams over the loopback, from processes of their own: all that was sent is delivered or counted. */
#include "collect/listening_test.h"

#include "collect/collector_state.h"
#include "os/clock.h"

static uint64_t settled;

static int count_settled(void *context)
{
        (void)context;
        settled++;
        return 0;
}

static void start_udp(const struct exporter_setting *settings, size_t count)
{
        const struct collect_sink sink = {.message = see_message, .settle = count_settled, .lost = see_loss};
        start(settings, count, &sink);
}

static uint16_t listen_at(const char *address, uint32_t buffer_bytes)
{
        struct collect_listener listener = {
                .transport = COLLECT_UDP, .socket = -1, .buffer_bytes = buffer_bytes};
        uint16_t number;

        assert_int_equal(address_parse(slice_of(address), &listener.address, &error), 0);
        if (collector_listen(collector, &listener, &number, &error) < 0)
                fail_msg("%s", error.text);
        return number;
}

/* A socket of the sender: bound to `from` where it is not NULL, connected to the listener. */
static int sender_to(const char *from, const char *to, uint16_t port)
{
        struct sockaddr_storage at;
        struct address address;

        assert_int_equal(address_parse(slice_of(to), &address, &error), 0);
        socklen_t length = socket_address_write(&address, port, &at);
        int sender = socket(at.ss_family, SOCK_DGRAM, 0);
        if (from) {
                struct sockaddr_storage own;
                struct address source;
                assert_int_equal(address_parse(slice_of(from), &source, &error), 0);
                socklen_t own_length = socket_address_write(&source, 0, &own);
                assert_int_equal(bind(sender, (struct sockaddr *)&own, own_length), 0);
        }
        assert_int_equal(connect(sender, (struct sockaddr *)&at, length), 0);
        return sender;
}

static void assert_all_counted(uint16_t listener, uint64_t sent)
{
        struct collect_counts counts = collector_counts(collector, listener);
        uint64_t sum = counts.delivered;

        for (unsigned i = 0; i < COLLECT_REFUSAL_COUNT; i++)
                sum += counts.refused[i];
        assert_int_equal(sum, counts.received);
        assert_int_equal(counts.received + counts.dropped_by_kernel, sent);
        assert_int_equal(counts.delivered, seen.messages);
        assert_int_equal(counts.dropped_by_kernel, seen.lost_by_kernel);
}

static void test_both_families(void **state)
{
        const struct exporter_setting settings[] = {
                exporter_at("127.0.0.1", 1), exporter_at("::1", 2), exporter_at("127.0.0.2", 3)};

        (void)state;
        start_udp(settings, 3);
        uint16_t ipv4 = listen_at("127.0.0.1", 0), everywhere = listen_at("0.0.0.0", 0);
        int one = sender_to(NULL, "127.0.0.1", collector_port(collector, ipv4));
        int two = sender_to("127.0.0.2", "127.0.0.1", collector_port(collector, everywhere));
        int64_t before_ms = clock_now_ms();
        assert_int_equal(send(one, "first", 5, 0), 5);
        assert_int_equal(send(two, "second", 6, 0), 6);
        assert_int_equal(send(two, "", 0, 0), 0);
        run_until(&seen.messages, 2);
        assert_int_equal(seen.messages, 2);
        assert_int_equal(seen.by_exporter[1], 1);
        assert_int_equal(seen.by_exporter[3], 1);
        assert_true(seen.last.receipt_ms >= before_ms && seen.last.receipt_ms <= clock_now_ms());
        assert_true(settled >= 2);
        assert_int_equal(collector_counts(collector, everywhere).refused[COLLECT_EMPTY], 1);
        assert_int_equal(seen.lost, 1);
        close(one);
        close(two);

        int probe = socket(AF_INET6, SOCK_DGRAM, 0);
        struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        bool has_ipv6 = probe >= 0 && bind(probe, (struct sockaddr *)&at, sizeof at) == 0;
        close(probe);
        if (!has_ipv6) {
                print_message("SKIP: this system has no IPv6\n");
                return;
        }
        uint16_t ipv6 = listen_at("::", 0);
        int three = sender_to(NULL, "::1", collector_port(collector, ipv6));
        assert_int_equal(send(three, "third", 5, 0), 5);
        run_until(&seen.messages, 3);
        assert_string_equal(seen.texts[2], "third");
        assert_int_equal(seen.last.exporter, 2);
        close(three);
}

/* A sender that is much faster than this slow sink and small buffer: what the kernel drops is known to the
 * last. */
static int slow_message(void *context, const struct collect_message *message)
{
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
        return see_message(context, message);
}

/* What was dropped lies behind what waits to be read: a look at the counter before that was read must not say
 * that it was lost before. */
static void test_drops_are_told_behind_what_came_before_them(void **state)
{
        const struct exporter_setting settings[] = {exporter_at("127.0.0.1", 1)};
        char text[300] = "";

        (void)state;
        start_udp(settings, 1);
        uint16_t listener = listen_at("127.0.0.1", 20000);
        int sender = sender_to(NULL, "127.0.0.1", collector_port(collector, listener));
        for (unsigned i = 0; i < 1000; i++)
                assert_true(send(sender, text, sizeof text, 0) > 0);
        assert_false(collector_is_drained(collector, listener));
        collector_look_for_drops(collector);
        assert_int_equal(seen.lost_by_kernel, 0);
        for (unsigned i = 0; i < 200 && seen.messages == 0; i++)
                run_for(10);
        assert_true(seen.messages > 0);
        run_for(50);
        assert_true(collector_is_drained(collector, listener));
        collector_look_for_drops(collector);
        assert_true(seen.lost_by_kernel > 0);
        assert_all_counted(listener, 1000);
        close(sender);
}

static void test_all_is_delivered_or_counted(void **state)
{
        const struct exporter_setting settings[] = {exporter_at("127.0.0.1", 1)};
        const unsigned count = 20000;
        int status;

        (void)state;
        start_udp(settings, 1);
        collector->sink.message = slow_message;
        uint16_t listener = listen_at("127.0.0.1", 100000);
        pid_t child = fork();
        if (child == 0) {
                int sender = sender_to(NULL, "127.0.0.1", collector_port(collector, listener));
                char text[300] = "";
                for (unsigned i = 0; i < count; i++)
                        if (send(sender, text, 1 + i % sizeof text, 0) < 0)
                                _exit(1);
                _exit(0);
        }
        struct collect_counts counts;
        for (unsigned i = 0; i < 500; i++) {
                run_for(20);
                collector_look_for_drops(collector);
                counts = collector_counts(collector, listener);
                if (counts.received + counts.dropped_by_kernel >= count)
                        break;
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_all_counted(listener, count);
        assert_true(counts.dropped_by_kernel > 0 && counts.delivered > 0);
        print_message("%lu delivered, %lu dropped by the kernel\n", (unsigned long)counts.delivered,
                (unsigned long)counts.dropped_by_kernel);
}

/* Ten thousand sources with random bytes beside one that is known: nothing of theirs is kept, and its are
 * delivered. */
static void test_hostile_sources_cost_nothing(void **state)
{
        const struct exporter_setting settings[] = {exporter_at("127.0.0.1", 1)};
        const unsigned hostile = 10000, known = 500;
        int status;

        (void)state;
        start_udp(settings, 1);
        uint16_t listener = listen_at("127.0.0.1", 8 << 20);
        run_for(10);
        struct mallinfo2 before = mallinfo2();
        pid_t child = fork();
        if (child == 0) {
                struct sockaddr_in to = {.sin_family = AF_INET,
                        .sin_port = htons(collector_port(collector, listener)),
                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
                int good = sender_to(NULL, "127.0.0.1", ntohs(to.sin_port));
                uint8_t bytes[1400];
                srand(7);
                for (unsigned i = 0; i < hostile; i++) {
                        struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f010000 + i)}};
                        int bad = socket(AF_INET, SOCK_DGRAM, 0);
                        for (size_t k = 0; k < sizeof bytes; k++)
                                bytes[k] = (uint8_t)rand();
                        if (bind(bad, (struct sockaddr *)&own, sizeof own) < 0 ||
                                sendto(bad, bytes, 1 + (unsigned)rand() % sizeof bytes, 0,
                                        (struct sockaddr *)&to, sizeof to) < 0)
                                _exit(1);
                        close(bad);
                        if (i % (hostile / known) == 0 && send(good, "good", 4, 0) != 4)
                                _exit(2);
                }
                _exit(0);
        }
        struct collect_counts counts;
        for (unsigned i = 0; i < 500; i++) {
                run_for(20);
                collector_look_for_drops(collector);
                counts = collector_counts(collector, listener);
                if (counts.received + counts.dropped_by_kernel >= hostile + known)
                        break;
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_all_counted(listener, hostile + known);
        if (counts.dropped_by_kernel == 0) {
                assert_int_equal(counts.refused[COLLECT_UNKNOWN_SENDER], hostile);
                assert_int_equal(counts.delivered, known);
        }
        assert_true(counts.delivered > 0);
        size_t strangers;
        exporters_strangers(exporters, &strangers);
        assert_int_equal(strangers, STRANGERS_MAX);
        assert_true(mallinfo2().uordblks <= before.uordblks + 65536);
}

static void test_limits_and_a_sink_that_is_full(void **state)
{
        struct exporter_setting settings[] = {exporter_at("127.0.0.1", 1), exporter_at("127.0.0.2", 2)};

        (void)state;
        settings[0].rate = 10;
        start_udp(settings, 2);
        uint16_t listener = listen_at("127.0.0.1", 0);
        int loud = sender_to(NULL, "127.0.0.1", collector_port(collector, listener));
        int other = sender_to("127.0.0.2", "127.0.0.1", collector_port(collector, listener));
        for (unsigned i = 0; i < 100; i++)
                assert_int_equal(send(loud, "x", 1, 0), 1);
        assert_int_equal(send(other, "y", 1, 0), 1);
        run_until(&seen.by_exporter[2], 1);
        assert_int_equal(seen.by_exporter[2], 1); /* the loud one costs the other nothing */
        assert_in_range(seen.by_exporter[1], 10, 20);
        assert_all_counted(listener, 101);
        assert_int_equal(collector_counts(collector, listener).refused[COLLECT_OVER_RATE], seen.lost);

        seen.refuse_with = -ENOSPC;
        seen.lost = 0;
        assert_int_equal(send(other, "z", 1, 0), 1);
        run_until(&seen.lost, 1);
        seen.refuse_with = 0;
        assert_int_equal(send(other, "z", 1, 0), 1);
        run_until(&seen.by_exporter[2], 2);
        assert_int_equal(collector_counts(collector, listener).refused[COLLECT_NOT_TAKEN], 1);
        assert_all_counted(listener, 103);
        close(loud);
        close(other);
}

static void test_sockets_that_are_handed_over(void **state)
{
        const struct exporter_setting settings[] = {exporter_at("127.0.0.1", 1)};
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        struct collect_listener listener = {.transport = COLLECT_UDP};
        uint16_t number;

        (void)state;
        start_udp(settings, 1);
        listener.socket = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(collector_listen(collector, &listener, &number, &error), -EINVAL);
        assert_int_equal(close(listener.socket), 0);
        listener.socket = socket(AF_INET, SOCK_DGRAM, 0);
        assert_int_equal(bind(listener.socket, (struct sockaddr *)&at, sizeof at), 0);
        assert_int_equal(collector_listen(collector, &listener, &number, &error), 0);
        int sender = sender_to(NULL, "127.0.0.1", collector_port(collector, number));
        assert_int_equal(send(sender, "x", 1, 0), 1);
        run_until(&seen.messages, 1);
        assert_all_counted(number, 1);
        close(sender);

        struct collect_listener taken = {.address = address_from_ipv4(INADDR_LOOPBACK), .socket = -1};
        taken.port = collector_port(collector, number);
        assert_int_equal(collector_listen(collector, &taken, &number, &error), -EADDRINUSE);
        assert_non_null(strstr(error.text, "127.0.0.1"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_both_families, stop),
                cmocka_unit_test_teardown(test_drops_are_told_behind_what_came_before_them, stop),
                cmocka_unit_test_teardown(test_all_is_delivered_or_counted, stop),
                cmocka_unit_test_teardown(test_hostile_sources_cost_nothing, stop),
                cmocka_unit_test_teardown(test_limits_and_a_sink_that_is_full, stop),
                cmocka_unit_test_teardown(test_sockets_that_are_handed_over, stop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
