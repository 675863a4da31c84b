/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MESSAGE 44 /* bytes of each message of the stream below */
#define MESSAGES 8
#define FIRST 0xffffff80u /* sequence numbers wrap within the stream */

static uint8_t bytes[MESSAGE * MESSAGES];
static bool seen[MESSAGES];
static unsigned messages, losses;

static void put(size_t at, uint64_t value, size_t size)
{
        for (size_t i = 0; i < size; i++)
                bytes[at + i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

static int message(void *context, const struct packet *packet)
{
        (void)context;
        assert_int_equal(packet->length, MESSAGE);
        size_t which = packet->payload[MESSAGE - 1];
        assert_true(which < MESSAGES);
        assert_memory_equal(packet->payload, bytes + which * MESSAGE, MESSAGE);
        assert_int_equal(packet->destination_port, STREAM_PORT);
        assert_false(seen[which]);
        seen[which] = true;
        messages++;
        return 0;
}

static void lost(void *context, uint64_t number, const char *complaint)
{
        (void)context;
        (void)number;
        assert_non_null(complaint);
        losses++;
}

static const struct stream_sink sink = {.message = message, .lost = lost};

static struct stream_set *begin(void)
{
        struct stream_set *set;

        for (size_t i = 0; i < MESSAGES; i++) {
                size_t at = i * MESSAGE;
                put(at, 0x000a0000 | MESSAGE, 4);
                put(at + 4, 1700000000, 4);
                put(at + 8, 2 * i, 4);
                put(at + 12, 7, 4);
                put(at + 16, 256u << 16 | 28, 4); /* one set of two records */
                memset(bytes + at + 20, 0x5a, 24);
                bytes[at + MESSAGE - 1] = (uint8_t)i;
        }
        memset(seen, 0, sizeof seen);
        messages = losses = 0;
        assert_int_equal(stream_set_new(&set), 0);
        return set;
}

static struct packet segment_of(size_t from, size_t to)
{
        return (struct packet){
                .source = address_from_ipv4(0xc0000201),
                .destination = address_from_ipv4(0xc0000202),
                .source_port = 40000,
                .destination_port = STREAM_PORT,
                .protocol = 6,
                .version = 4,
                .sequence = FIRST + 1 + (uint32_t)from,
                .payload = bytes + from,
                .length = to - from,
        };
}

static int add_at(struct stream_set *set, size_t from, size_t to, int64_t time_ms)
{
        struct packet segment = segment_of(from, to);

        return stream_set_add(set, &segment, time_ms, 1, &sink);
}

static int add(struct stream_set *set, size_t from, size_t to)
{
        return add_at(set, from, to, 1000);
}

static void add_flag(struct stream_set *set, uint8_t flag, size_t at)
{
        struct packet segment = segment_of(at, at);

        segment.flags = flag;
        if (flag == PACKET_SYN)
                segment.sequence = FIRST;
        assert_true(stream_set_add(set, &segment, 1000, 1, &sink) >= 0);
}

static void end(struct stream_set *set, unsigned wanted_messages, unsigned wanted_losses)
{
        assert_int_equal(stream_set_finish(set, &sink), 0);
        assert_int_equal(messages, wanted_messages);
        assert_int_equal(losses, wanted_losses);
        stream_set_free(set);
}

static void test_in_order(void **state)
{
        (void)state;
        for (size_t step = 1; step <= sizeof bytes; step += 3) {
                struct stream_set *set = begin();
                add_flag(set, PACKET_SYN, 0);
                for (size_t at = 0; at < sizeof bytes; at += step)
                        add(set, at, at + step < sizeof bytes ? at + step : sizeof bytes);
                add_flag(set, PACKET_FIN, sizeof bytes);
                end(set, MESSAGES, 0);
        }
}

static void test_out_of_order_and_again(void **state)
{
        (void)state;
        for (unsigned seed = 1; seed < 200; seed++) {
                struct stream_set *set = begin();
                size_t from[40], to[40], count = 0;
                srandom(seed);
                for (size_t at = 0; at < sizeof bytes;) {
                        size_t next = at + 10 + (size_t)random() % 60;
                        from[count] = at;
                        to[count++] = at = next < sizeof bytes ? next : sizeof bytes;
                }
                add_flag(set, PACKET_SYN, 0);
                for (size_t i = count; i-- > 1;) {
                        size_t k = (size_t)random() % (i + 1), f = from[i], t = to[i];
                        from[i] = from[k], to[i] = to[k], from[k] = f, to[k] = t;
                }
                for (size_t i = 0; i < count; i++) {
                        add(set, from[i], to[i]);
                        size_t again = (size_t)random() % (i + 1); /* and what begins or ends elsewhere */
                        add(set, from[again] > 5 ? from[again] - 5 : 0, to[again]);
                }
                end(set, MESSAGES, 0);
        }
}

/* Messages behind a hole are cut out again where two in a row prove their boundary. */
static void test_hole(void **state)
{
        (void)state;
        for (size_t hole = 0; hole < MESSAGE; hole++) {
                struct stream_set *set = begin();
                add_flag(set, PACKET_SYN, 0);
                add(set, 0, MESSAGE);
                add(set, 2 * MESSAGE + hole, sizeof bytes); /* nothing comes of what is before it */
                end(set, 1 + (hole == 0 ? 6 : 5), 1);
                assert_false(seen[1]);
                assert_int_equal(seen[2], hole == 0);
        }
}

static void test_hole_given_up_by_time(void **state)
{
        struct stream_set *set = begin();

        (void)state;
        add_flag(set, PACKET_SYN, 0);
        add_at(set, 0, MESSAGE, 1000);
        add_at(set, 2 * MESSAGE, 4 * MESSAGE, 1000);
        assert_int_equal(messages, 1);
        add_at(set, 4 * MESSAGE, 5 * MESSAGE, 1001 + STREAM_HOLE_MS);
        assert_int_equal(messages, 4);
        assert_int_equal(losses, 1);
        add_at(set, MESSAGE, 2 * MESSAGE, 1002 + STREAM_HOLE_MS); /* too late */
        add_at(set, 5 * MESSAGE, 6 * MESSAGE, 1002 + STREAM_HOLE_MS);
        end(set, 5, 1);
}

static void test_beginning_not_captured(void **state)
{
        struct stream_set *set = begin();

        (void)state;
        add(set, 20, 3 * MESSAGE + 5);
        add(set, 3 * MESSAGE + 5, sizeof bytes);
        end(set, MESSAGES - 1, 1);
        set = begin(); /* one message alone proves no boundary */
        add(set, 20, 2 * MESSAGE);
        end(set, 0, 1);
}

static void test_end_not_captured(void **state)
{
        struct stream_set *set = begin();

        (void)state;
        add_flag(set, PACKET_SYN, 0);
        add(set, 0, 3 * MESSAGE + 5);
        end(set, 3, 1);
}

static void test_cut_short(void **state)
{
        struct stream_set *set = begin();

        (void)state;
        add_flag(set, PACKET_SYN, 0);
        struct packet segment = segment_of(0, MESSAGE + 5);
        segment.cut = MESSAGE - 5;
        assert_int_equal(stream_set_add(set, &segment, 1000, 1, &sink), 1);
        add(set, 2 * MESSAGE, sizeof bytes);
        end(set, MESSAGES - 2, 1);
}

static void test_content_differs(void **state)
{
        struct stream_set *set = begin();

        (void)state;
        add_flag(set, PACKET_SYN, 0);
        add(set, 0, MESSAGE + 30);
        assert_int_equal(messages, 1);
        bytes[MESSAGE + 25] ^= 1;
        add(set, MESSAGE + 20, 2 * MESSAGE);
        add(set, 2 * MESSAGE, sizeof bytes);
        assert_false(seen[1]);
        assert_int_equal(losses, 1);
        stream_set_free(set);
}

static void test_what_is_not_ours(void **state)
{
        struct stream_set *set = begin();
        struct packet segment;

        (void)state;
        segment = segment_of(0, MESSAGE);
        segment.destination_port = 22;
        segment.payload = (const uint8_t *)"SSH-2.0-Open: no IPFIX at all, for certain.";
        assert_int_equal(stream_set_add(set, &segment, 1000, 1, &sink), 0);
        add_flag(set, PACKET_SYN, 0); /* TLS to the port of IPFIX: said once */
        memcpy(bytes, "\x16\x03\x01", 3);
        add(set, 0, 60);
        add(set, 60, 120);
        assert_int_equal(losses, 1);
        end(set, 0, 1);
}

/* A second connection between the same ports begins where it says. */
static void test_connection_again(void **state)
{
        struct stream_set *set = begin();

        (void)state;
        add_flag(set, PACKET_SYN, 0);
        add(set, 0, MESSAGE);
        add_flag(set, PACKET_RST, MESSAGE);
        struct packet syn = segment_of(0, 0);
        syn.flags = PACKET_SYN;
        syn.sequence = 5000;
        assert_true(stream_set_add(set, &syn, 2000, 2, &sink) >= 0);
        struct packet data = segment_of(MESSAGE, 2 * MESSAGE);
        data.sequence = 5001;
        assert_int_equal(stream_set_add(set, &data, 2000, 3, &sink), 1);
        end(set, 2, 0);
}

static void test_many_connections(void **state)
{
        struct stream_set *set = begin();

        (void)state;
        for (unsigned i = 0; i < STREAM_CONNECTIONS_MAX + 10; i++) {
                struct packet syn = segment_of(0, 0);
                syn.flags = PACKET_SYN;
                syn.source_port = (uint16_t)(1000 + i);
                assert_true(stream_set_add(set, &syn, 1000, 1, &sink) >= 0);
        }
        end(set, 0, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_in_order),
                cmocka_unit_test(test_out_of_order_and_again),
                cmocka_unit_test(test_hole),
                cmocka_unit_test(test_hole_given_up_by_time),
                cmocka_unit_test(test_beginning_not_captured),
                cmocka_unit_test(test_end_not_captured),
                cmocka_unit_test(test_cut_short),
                cmocka_unit_test(test_content_differs),
                cmocka_unit_test(test_what_is_not_ours),
                cmocka_unit_test(test_connection_again),
                cmocka_unit_test(test_many_connections),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
