/* SPDX-License-Identifier: EUPL-1.2 */
#include "intake/bucket.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EVENTS 5000

static uint64_t next_random(uint64_t *seed)
{
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        return *seed;
}

/* Every field takes its extremes now and then: what is packed must come out again as it was. */
static struct nat_event random_event(uint64_t *seed)
{
        uint64_t a = next_random(seed), b = next_random(seed), c = next_random(seed);
        struct nat_event event = {
                .time_ms = a % 50 == 0 ? INT64_C(9000000000000) : (int64_t)(a % 3600000),
                .inside = address_from_ipv4(a % 9 == 0 ? UINT32_MAX : (uint32_t)(b >> 40)),
                .outside = (uint32_t)(b % 97) * UINT32_C(0x01030507) ^ UINT32_C(0xff000000),
                .vrf = c % 11 ? 0 : (uint32_t)(c >> 16),
                .session = c % 7 ? 0 : (uint32_t)(a >> 32),
                .port_first = (uint16_t)(c >> 8),
                .port_last = c % 5 ? (uint16_t)(c >> 8) : UINT16_MAX,
                .inside_port = b % 4 ? (uint16_t)(a >> 16) : 0,
                .exporter = (uint16_t)(b % 70),
                .protocol = a % 2 ? 6 : 17,
                .kind = (uint8_t)(b % NAT_KIND_COUNT),
                .action = (uint8_t)(c % NAT_ACTION_COUNT),
                .flags = (uint8_t)(c >> 24 & 0x1f & ~(unsigned)NAT_HAS_DESTINATION),
        };
        if (a % 13 == 0)
                memset(event.inside.bytes, (int)(1 + b % 200), 16);
        if (c % 3 == 0) {
                event.flags |= NAT_HAS_DESTINATION;
                event.destination = address_from_ipv4((uint32_t)(c >> 32));
                if (a % 5 == 0)
                        memset(event.destination.bytes, (int)(1 + a % 200), 16);
                event.destination_port = (uint16_t)b;
        }
        return event;
}

static struct nat_point point_of(const struct nat_event *e, bool keep_destination, struct host_table *hosts)
{
        struct nat_point p = {
                .time_ms = e->time_ms,
                .outside = e->outside,
                .session = e->session,
                .port_first = e->port_first,
                .port_last = e->port_last,
                .inside_port = e->inside_port,
                .exporter = e->exporter,
                .protocol = e->protocol,
                .kind = e->kind,
                .action = e->action,
                .flags = e->flags,
        };
        assert_int_equal(host_intern(hosts, &(const struct nat_host){e->inside, e->vrf}, &p.inside), 0);
        if (keep_destination && e->flags & NAT_HAS_DESTINATION) {
                p.destination_port = e->destination_port;
                assert_int_equal(
                        host_intern(hosts, &(const struct nat_host){e->destination, 0}, &p.destination), 0);
        }
        return p;
}

static void check_stream(const struct bucket_set *set, const struct bucket_stream *stream,
        bool keep_destination, const struct nat_event *given, struct host_table *hosts)
{
        static struct nat_point got[EVENTS];
        uint32_t at = 0;

        assert_int_equal(bucket_unpack(set, stream, 3600000, hosts, got), 0);
        for (size_t i = 0; i < EVENTS; i++) {
                if (given[i].outside != stream->outside)
                        continue;
                struct nat_point wanted = point_of(&given[i], keep_destination, hosts);
                if (!keep_destination && given[i].flags & NAT_HAS_DESTINATION) {
                        assert_int_not_equal(got[at].destination, 0);
                        got[at].destination = 0;
                }
                assert_memory_equal(&got[at++], &wanted, sizeof wanted);
        }
        assert_int_equal(at, stream->count);
}

static void check_round(bool keep_destination)
{
        static struct nat_event given[EVENTS];
        struct bucket_set set = {0};
        struct host_table hosts;
        uint64_t seed = 20261121;

        assert_int_equal(host_table_init(&hosts, 100000), 0);
        for (size_t i = 0; i < EVENTS; i++) {
                given[i] = random_event(&seed);
                /* Expected rightly, wrongly, too many at once, and before there is any bucket: all the same.
                 */
                uint32_t expected[2] = {given[i].outside, (uint32_t)seed};
                bucket_expect(&set, 0, 3600000, expected, i % 3);
                bucket_expect(&set, 1, 0, expected, 2);
                bucket_expect(&set, 0, 3600000, expected, BUCKET_EXPECTED_MAX + 1);
                assert_int_equal(bucket_add(&set, 0, 3600000, &given[i], keep_destination, &hosts), 0);
        }
        assert_int_equal(set.count, 1);
        assert_int_equal(set.items[0].count, EVENTS);
        assert_true(set.bytes > EVENTS * 8);
        uint32_t found;
        assert_true(bucket_find(&set.items[0], given[7].outside, &found));
        assert_int_equal(set.items[0].streams[found].outside, given[7].outside);
        assert_false(bucket_find(&set.items[0], 12345, &found));
        bucket_group(&set.items[0]);
        assert_int_equal(set.items[0].stream_count, 97);
        for (uint32_t i = 0; i < set.items[0].stream_count; i++) {
                const struct bucket_stream *stream = &set.items[0].streams[i];
                assert_true(i == 0 || stream[-1].outside < stream->outside);
                check_stream(&set, stream, keep_destination, given, &hosts);
        }
        /* What was counted is given back, or every later message would be merged alone. */
        bucket_drop(&set, 0);
        assert_int_equal(set.bytes, 0);
        bucket_set_free(&set);
        host_table_free(&hosts);
}

static void events_come_back_whole_by_address_in_order_of_arrival(void **state)
{
        (void)state;
        check_round(true);
        check_round(false);
}

/* Two flows that begin in one millisecond and differ in nothing but where they go are two. */
static void dropped_destinations_still_tell_flows_apart(void **state)
{
        struct bucket_set set = {0};
        struct host_table hosts;
        struct nat_point got[4];
        struct nat_event event = {.outside = 1,
                .inside = address_from_ipv4(7),
                .destination = address_from_ipv4(8),
                .destination_port = 443,
                .flags = NAT_HAS_DESTINATION};

        (void)state;
        assert_int_equal(host_table_init(&hosts, 10), 0);
        for (unsigned i = 0; i < 4; i++) {
                event.destination = address_from_ipv4(i == 1 ? 9 : 8);
                event.destination_port = i == 2 ? 80 : 443;
                assert_int_equal(bucket_add(&set, 0, 0, &event, false, &hosts), 0);
        }
        assert_int_equal(bucket_unpack(&set, set.items[0].streams, 0, &hosts, got), 0);
        assert_int_not_equal(got[0].destination, got[1].destination);
        assert_int_not_equal(got[0].destination, got[2].destination);
        assert_int_equal(got[0].destination, got[3].destination);
        bucket_set_free(&set);
        host_table_free(&hosts);
}

/* Many at once are what they are one by one, in the same order. */
static void many_are_as_each(void **state)
{
        struct bucket_set sets[2] = {{0}, {0}};
        static struct nat_event events[BUCKET_MANY_MAX + 1];
        static struct nat_point got[2][20 * BUCKET_MANY_MAX];
        struct host_table hosts;
        uint64_t draw = 11;

        (void)state;
        assert_int_equal(host_table_init(&hosts, 100000), 0);
        for (unsigned round = 0; round < 20; round++) {
                for (unsigned i = 0; i < BUCKET_MANY_MAX; i++) {
                        draw = draw * UINT64_C(6364136223846793005) + 1442695040888963407;
                        events[i] = (struct nat_event){.time_ms = 3600000 + (int64_t)(draw >> 44),
                                .inside = address_from_ipv4(0x64400000 + (uint32_t)(draw >> 60)),
                                .destination = address_from_ipv4((uint32_t)(draw >> 50)),
                                .outside = 1 + (uint32_t)(draw >> 33) % 40,
                                .port_first = (uint16_t)(draw >> 20),
                                .port_last = (uint16_t)(draw >> 20),
                                .protocol = draw >> 63 ? 6 : 17,
                                .action = draw >> 62 & 1,
                                .flags = draw >> 61 & 1 ? NAT_HAS_DESTINATION : 0};
                        assert_int_equal(bucket_add(&sets[0], 0, 3600000, &events[i], true, &hosts), 0);
                }
                assert_int_equal(
                        bucket_add_many(&sets[1], 0, 3600000, events, BUCKET_MANY_MAX, true, &hosts), 0);
        }
        assert_int_equal(
                bucket_add_many(&sets[1], 0, 3600000, events, BUCKET_MANY_MAX + 1, true, &hosts), -EINVAL);
        assert_int_equal(sets[0].items[0].stream_count, sets[1].items[0].stream_count);
        for (uint32_t i = 0; i < sets[0].items[0].stream_count; i++) {
                const struct bucket_stream *streams[2] = {
                        &sets[0].items[0].streams[i], &sets[1].items[0].streams[i]};
                assert_int_equal(streams[0]->outside, streams[1]->outside);
                assert_int_equal(streams[0]->count, streams[1]->count);
                for (unsigned k = 0; k < 2; k++)
                        assert_int_equal(bucket_unpack(&sets[k], streams[k], 3600000, &hosts, got[k]), 0);
                assert_memory_equal(got[0], got[1], streams[0]->count * sizeof got[0][0]);
        }
        bucket_set_free(&sets[0]);
        bucket_set_free(&sets[1]);
        host_table_free(&hosts);
}

static int compare_mark(const void *left, const void *right)
{
        uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
        return (a > b) - (a < b);
}

#define FLOWS 65535u

/* Syslog tells whole seconds, and a customer may open as many flows in one as he likes, to whatever address
 * and ports he likes: he must not find two that pass for one. With four bytes about one of two runs meets a
 * pair by chance; with two bytes there would be tens of thousands. */
static void nobody_can_choose_destinations_that_pass_for_one(void **state)
{
        static struct nat_point got[FLOWS];
        static uint32_t marks[FLOWS];
        struct bucket_set set = {0};
        struct host_table hosts;
        struct nat_event event = {.outside = 1,
                .inside = address_from_ipv4(7),
                .destination = address_from_ipv4(8),
                .flags = NAT_HAS_DESTINATION};
        unsigned alike = 0;

        (void)state;
        assert_int_equal(host_table_init(&hosts, 10), 0);
        for (unsigned i = 0; i < FLOWS; i++) {
                event.destination_port = (uint16_t)(i + 1);
                assert_int_equal(bucket_add(&set, 0, 0, &event, false, &hosts), 0);
        }
        assert_int_equal(bucket_unpack(&set, set.items[0].streams, 0, &hosts, got), 0);
        for (unsigned i = 0; i < FLOWS; i++)
                marks[i] = got[i].destination;
        qsort(marks, FLOWS, sizeof *marks, compare_mark);
        for (unsigned i = 1; i < FLOWS; i++)
                alike += marks[i] == marks[i - 1];
        assert_in_range(alike, 0, 20);
        bucket_set_free(&set);
        host_table_free(&hosts);
}

static void too_many_hosts_are_refused(void **state)
{
        struct bucket_set set = {0};
        struct host_table hosts;
        struct nat_point got[3];
        struct nat_event event = {.outside = 1};

        (void)state;
        assert_int_equal(host_table_init(&hosts, 2), 0);
        for (uint32_t i = 0; i < 3; i++) {
                event.inside = address_from_ipv4(i + 1);
                assert_int_equal(bucket_add(&set, 0, 0, &event, false, &hosts), 0);
        }
        assert_int_equal(bucket_unpack(&set, set.items[0].streams, 0, &hosts, got), -EFBIG);
        event.vrf = 5;
        assert_int_equal(bucket_add(&set, 0, 0, &event, false, &hosts), -EFBIG);
        bucket_set_free(&set);
        host_table_free(&hosts);
}

static void windows_and_realms_stay_apart(void **state)
{
        struct bucket_set set = {0};
        struct nat_event event = {.outside = 1};

        (void)state;
        for (unsigned i = 0; i < 12; i++) {
                event.time_ms = i;
                assert_int_equal(
                        bucket_add(&set, (uint16_t)(i % 2), i % 3 * 3600000, &event, false, NULL), 0);
        }
        assert_int_equal(set.count, 6);
        assert_true(set.bytes < 6 * 8192); /* a log of many hours opens thousands of them */
        for (size_t i = 0; i < set.count; i++)
                assert_int_equal(set.items[i].count, 2);
        size_t bytes = set.bytes;
        bucket_drop(&set, 2);
        assert_int_equal(set.count, 5);
        assert_true(set.bytes < bytes);
        while (set.count)
                bucket_drop(&set, 0);
        assert_int_equal(set.bytes, 0);
        bucket_set_free(&set);
}

static void too_many_windows_are_refused(void **state)
{
        struct bucket_set set = {.count = BUCKETS_MAX};
        struct nat_event event = {0};

        (void)state;
        set.items = calloc(BUCKETS_MAX, sizeof *set.items);
        assert_non_null(set.items);
        set.capacity = BUCKETS_MAX;
        for (size_t i = 0; i < BUCKETS_MAX; i++)
                set.items[i].window_from = (int64_t)i;
        assert_int_equal(bucket_add(&set, 0, BUCKETS_MAX, &event, false, NULL), -E2BIG);
        assert_int_equal(bucket_add(&set, 0, BUCKETS_MAX - 1, &event, false, NULL), 0);
        bucket_set_free(&set);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(events_come_back_whole_by_address_in_order_of_arrival),
                cmocka_unit_test(dropped_destinations_still_tell_flows_apart),
                cmocka_unit_test(many_are_as_each),
                cmocka_unit_test(nobody_can_choose_destinations_that_pass_for_one),
                cmocka_unit_test(too_many_hosts_are_refused),
                cmocka_unit_test(windows_and_realms_stay_apart),
                cmocka_unit_test(too_many_windows_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
