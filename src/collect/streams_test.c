/* SPDX-License-Identifier: EUPL-1.2 */
#include "collect/listening_test.h"

#include "collect/framing.h"

#include <errno.h>
#include <fcntl.h>

static struct {
        uint64_t opened, closed, part;
        enum collect_end end;
        uint64_t connection;
} streams;

static void see_opened(void *context, uint64_t connection, uint16_t exporter, int64_t now_ms)
{
        (void)context;
        (void)now_ms;
        assert_true(exporter < 8 && connection > streams.connection);
        streams.connection = connection;
        streams.opened++;
}

static void see_closed(void *context, uint64_t connection, uint16_t exporter, enum collect_end end,
        size_t part, int64_t now_ms)
{
        (void)context;
        (void)now_ms;
        assert_true(exporter < 8 && connection <= streams.connection);
        streams.end = end;
        streams.part = part;
        streams.closed++;
}

static uint16_t begin(const struct exporter_setting *settings, size_t count, enum collect_stream stream,
        struct collect_limits limits)
{
        const struct collect_sink sink = {
                .message = see_message, .lost = see_loss, .opened = see_opened, .closed = see_closed};

        memset(&streams, 0, sizeof streams);
        start(settings, count, &sink);
        return listen_with(
                (struct collect_listener){.transport = COLLECT_TCP, .stream = stream, .limits = limits});
}

static int connect_from(uint32_t source, uint16_t listener)
{
        struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(source)}};
        struct sockaddr_in to = {.sin_family = AF_INET,
                .sin_port = htons(collector_port(collector, listener)),
                .sin_addr = {htonl(INADDR_LOOPBACK)}};
        int made = socket(AF_INET, SOCK_STREAM, 0);

        assert_int_equal(bind(made, (struct sockaddr *)&own, sizeof own), 0);
        assert_int_equal(connect(made, (struct sockaddr *)&to, sizeof to), 0);
        return made;
}

static void put(int stream, const char *text)
{
        assert_int_equal(send(stream, text, strlen(text), MSG_NOSIGNAL), strlen(text));
        run_for(20);
}

static void assert_counted(uint16_t listener)
{
        struct collect_counts counts = collector_counts(collector, listener);
        uint64_t sum = counts.delivered, ended = counts.open;

        for (unsigned i = 0; i < COLLECT_REFUSAL_COUNT; i++)
                sum += counts.refused[i];
        for (unsigned i = 0; i < COLLECT_END_COUNT; i++)
                ended += counts.ended[i];
        assert_int_equal(sum, counts.received);
        assert_int_equal(ended, counts.connections);
        assert_int_equal(counts.delivered, seen.messages);
}

static const struct collect_limits no_limits;

static void test_syslog_mixed_and_in_pieces(void **state)
{
        const struct exporter_setting settings[] = {exporter_at("127.0.0.1", 1)};
        uint16_t listener = begin(settings, 1, COLLECT_SYSLOG, no_limits);
        int sender = connect_from(INADDR_LOOPBACK, listener);

        (void)state;
        put(sender, "<13>on");
        put(sender, "e\n7 <1");
        assert_int_equal(seen.messages, 1);
        put(sender, "3>two<13>three\r");
        assert_int_equal(seen.messages, 2);
        put(sender, "\n<13>cut off");
        assert_int_equal(seen.messages, 3);
        assert_int_equal(seen.last.connection, 1);
        assert_int_equal(seen.last.exporter, 1);
        close(sender);
        run_until(&streams.closed, 1);
        assert_int_equal(streams.end, COLLECT_END_PEER);
        assert_int_equal(streams.part, strlen("<13>cut off"));
        assert_string_equal(seen.texts[0], "<13>one");
        assert_string_equal(seen.texts[1], "<13>two");
        assert_string_equal(seen.texts[2], "<13>three");
        assert_int_equal(collector_counts(collector, listener).parts, 1);
        assert_counted(listener);
}

static void test_ipfix_and_lost_step(void **state)
{
        const struct exporter_setting settings[] = {exporter_at("127.0.0.1", 1)};
        uint16_t listener = begin(settings, 1, COLLECT_IPFIX, no_limits);
        uint8_t bytes[100] = {0, 10, 0, 30, [30] = 0, 10, 0, 20, [50] = 0, 9, 0, 20};
        int sender = connect_from(INADDR_LOOPBACK, listener);

        (void)state;
        assert_int_equal(send(sender, bytes, 40, 0), 40);
        run_until(&seen.messages, 1);
        assert_int_equal(seen.bytes, 30);
        assert_int_equal(send(sender, bytes + 40, 60, 0), 60);
        run_until(&streams.closed, 1);
        assert_int_equal(seen.messages, 2);
        assert_int_equal(streams.end, COLLECT_END_FRAMING);
        assert_int_equal(streams.part, 50);
        assert_counted(listener);
        close(sender);
}

static void test_idle_and_slow(void **state)
{
        const struct exporter_setting settings[] = {exporter_at("127.0.0.0/8", 1)};
        uint16_t listener =
                begin(settings, 1, COLLECT_SYSLOG, (struct collect_limits){.idle_ms = 1500, .part_ms = 900});
        int idle = connect_from(INADDR_LOOPBACK, listener),
            slow = connect_from(INADDR_LOOPBACK + 1, listener);
        unsigned i = 0;

        (void)state;
        /* A byte now and then keeps it from being idle, and not from being too slow. */
        while (streams.closed < 2 && i++ < 100) {
                (void)send(slow, "x", 1, MSG_NOSIGNAL);
                run_for(50);
        }
        struct collect_counts counts = collector_counts(collector, listener);
        assert_int_equal(counts.ended[COLLECT_END_IDLE], 1);
        assert_int_equal(counts.ended[COLLECT_END_PART], 1);
        assert_int_equal(counts.parts, 1);
        assert_int_equal(seen.messages, 0);
        assert_counted(listener);
        close(idle);
        close(slow);
}

static void test_who_may_connect_and_how_often(void **state)
{
        const struct exporter_setting settings[] = {exporter_at("127.0.0.1", 1), exporter_at("127.0.0.2", 2)};
        uint16_t listener = begin(settings, 2, COLLECT_SYSLOG,
                (struct collect_limits){.connections = 4, .connections_of_one = 3});
        int senders[8];

        (void)state;
        senders[0] = connect_from(0x7f000009, listener);
        for (unsigned i = 1; i < 6; i++) /* three of five */
                senders[i] = connect_from(0x7f000001, listener);
        for (unsigned i = 6; i < 8; i++) /* one of two */
                senders[i] = connect_from(0x7f000002, listener);
        run_for(100);
        struct collect_counts counts = collector_counts(collector, listener);
        assert_int_equal(counts.open, 4);
        assert_int_equal(counts.ended[COLLECT_END_UNKNOWN], 1);
        assert_int_equal(counts.ended[COLLECT_END_LIMIT], 3);
        size_t strangers;
        assert_int_equal(exporters_strangers(exporters, &strangers)->source.bytes[15], 9);
        put(senders[6], "<13>a\n");
        assert_int_equal(seen.by_exporter[2], 1);
        /* A place that is given up can be taken. */
        close(senders[1]);
        run_until(&streams.closed, 1);
        senders[1] = connect_from(0x7f000001, listener);
        put(senders[1], "<13>b\n");
        assert_int_equal(seen.by_exporter[1], 1);
        assert_counted(listener);
        for (unsigned i = 0; i < 8; i++)
                close(senders[i]);
}

/* A sink without room, and a rate: the sender waits, also when it has gone already, and nothing is lost. */
static void test_back_pressure(void **state)
{
        struct exporter_setting settings[] = {exporter_at("127.0.0.1", 1), exporter_at("127.0.0.2", 2)};
        char text[32];

        (void)state;
        settings[1].rate = 20;
        uint16_t listener = begin(settings, 2, COLLECT_SYSLOG, no_limits);
        int sender = connect_from(0x7f000001, listener);
        seen.refuse_with = -EAGAIN;
        for (unsigned i = 0; i < 500; i++) {
                snprintf(text, sizeof text, "<13>%u\n", i);
                assert_int_equal(send(sender, text, strlen(text), 0), strlen(text));
        }
        close(sender);
        run_for(500);
        assert_int_equal(seen.messages, 0);
        assert_int_equal(streams.closed, 0);
        seen.refuse_with = 0;
        run_until(&streams.closed, 1);
        assert_int_equal(seen.messages, 500);
        assert_string_equal(seen.texts[63], "<13>63");

        sender = connect_from(0x7f000002, listener);
        for (unsigned i = 0; i < 30; i++)
                assert_int_equal(send(sender, "<13>x\n", 6, 0), 6);
        close(sender);
        run_until(&streams.closed, 2);
        assert_int_equal(seen.by_exporter[2], 30);
        assert_true(collector_counts(collector, listener).waits > 1);
        assert_int_equal(seen.lost, 0);
        assert_counted(listener);

        /* What the sink refuses for good is lost, and told. */
        sender = connect_from(0x7f000001, listener);
        seen.refuse_with = -EIO;
        put(sender, "<13>y\n");
        run_until(&seen.lost, 1);
        assert_int_equal(collector_counts(collector, listener).refused[COLLECT_NOT_TAKEN], 1);
        assert_counted(listener);
        close(sender);
}

/* A stream without end of line, random bytes, and very many connections: bounded memory, and another goes on.
 */
static void test_hostile_streams(void **state)
{
        const struct exporter_setting settings[] = {exporter_at("127.0.0.1", 1), exporter_at("127.0.0.2", 2)};
        uint16_t listener = begin(settings, 2, COLLECT_SYSLOG, no_limits);
        static char junk[100000];
        int good = connect_from(0x7f000001, listener), bad = connect_from(0x7f000002, listener);

        (void)state;
        put(good, "<13>before\n");
        struct mallinfo2 before = mallinfo2();
        fcntl(bad, F_SETFL, O_NONBLOCK);
        memset(junk, 'x', sizeof junk);
        size_t sent = 0;
        while (sent < 5000000) {
                ssize_t now = send(bad, junk, sizeof junk, MSG_NOSIGNAL);
                sent += now > 0 ? (size_t)now : 0;
                run_for(2);
                assert_true(mallinfo2().uordblks <= before.uordblks + 400000);
        }
        put(bad, "\n<13>behind\n");
        run_until(&seen.by_exporter[2], 1);
        assert_int_equal(seen.by_exporter[2], 1);
        assert_int_equal(collector_counts(collector, listener).refused[COLLECT_TOO_LONG], 1);
        srand(5);
        for (unsigned i = 0; i < 200; i++) {
                int random = connect_from(0x7f000002, listener);
                for (size_t k = 0; k < 2000; k++)
                        junk[k] = (char)rand();
                (void)send(random, junk, 2000, MSG_NOSIGNAL);
                close(random);
                run_for(1);
        }
        put(good, "<13>after\n");
        run_until(&seen.by_exporter[1], 2);
        assert_int_equal(seen.by_exporter[1], 2);
        assert_counted(listener);
        close(good);
        close(bad);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_syslog_mixed_and_in_pieces, stop),
                cmocka_unit_test_teardown(test_ipfix_and_lost_step, stop),
                cmocka_unit_test_teardown(test_idle_and_slow, stop),
                cmocka_unit_test_teardown(test_who_may_connect_and_how_often, stop),
                cmocka_unit_test_teardown(test_back_pressure, stop),
                cmocka_unit_test_teardown(test_hostile_streams, stop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
