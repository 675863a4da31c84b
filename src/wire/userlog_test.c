/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/userlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW 1700000000u
#define NOW_MS (INT64_C(1700000000) * 1000)
#define INSIDE 0x64400001u    /* 100.64.0.1 */
#define OUTSIDE 0xc6336407u   /* 198.51.100.7 */
#define ELSEWHERE 0xcb007109u /* 203.0.113.9 */

/* ---- an encoder of its own, for tests only ---- */

struct flow {
        uint32_t source, source_after, destination, destination_after;
        uint16_t source_port, source_port_after, destination_port, destination_port_after;
        uint32_t start, end;
        unsigned vrf;
        uint8_t protocol, action, ip_version;
};

struct datagram {
        uint8_t bytes[16 + 64 * 128];
        size_t length;
};

static void put(struct datagram *d, uint32_t value, unsigned width)
{
        for (unsigned i = width; i > 0; i--)
                d->bytes[d->length++] = (uint8_t)(value >> 8 * (i - 1));
}

static struct datagram begin(
        unsigned version, unsigned type, unsigned count, uint32_t second, uint32_t number)
{
        struct datagram d = {.length = 0};

        put(&d, version, 1);
        put(&d, type, 1);
        put(&d, count, 2);
        put(&d, second, 4);
        put(&d, number, 4);
        put(&d, version == 0x10 ? 0x01020300 : 0x00010203, 4);
        return d;
}

static void add(struct datagram *d, const struct flow *flow)
{
        put(d, flow->protocol, 1);
        put(d, flow->action, 1);
        put(d, flow->ip_version, 1);
        put(d, 0, 1);
        put(d, flow->source, 4);
        put(d, flow->source_after, 4);
        put(d, flow->destination, 4);
        put(d, flow->destination_after, 4);
        put(d, flow->source_port, 2);
        put(d, flow->source_port_after, 2);
        put(d, flow->destination_port, 2);
        put(d, flow->destination_port_after, 2);
        put(d, flow->start, 4);
        put(d, flow->end, 4);
        for (unsigned i = 0; i < 4; i++)
                put(d, 1000 + i, 4);
        if (d->bytes[0] == 0x10) {
                put(d, flow->vrf, 2);
                put(d, 0, 2);
        } else {
                put(d, flow->vrf, 1);
                put(d, 0, 3);
        }
        put(d, 0, 4);
        put(d, 0, 4);
}

static struct flow flow_made(void)
{
        return (struct flow){.source = INSIDE,
                .source_after = OUTSIDE,
                .destination = ELSEWHERE,
                .destination_after = ELSEWHERE,
                .source_port = 40000,
                .source_port_after = 1025,
                .destination_port = 443,
                .destination_port_after = 443,
                .start = NOW,
                .vrf = 5,
                .protocol = 6,
                .action = 8,
                .ip_version = 4};
}

/* ---- what comes out ---- */

static struct nat_event events[512];
static size_t event_count;
static unsigned refused[REFUSAL_COUNT];
static char last_detail[256];
static struct userlog_decoder *decoder;
static struct flow_exporter exporter;

static int on_event(void *context, const struct nat_event *event)
{
        (void)context;
        assert_true(event_count < 512);
        events[event_count++] = *event;
        return 0;
}

static void on_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        (void)context;
        (void)offset;
        refused[refusal]++;
        snprintf(last_detail, sizeof last_detail, "%s", detail);
}

static const struct decode_sink sink = {.event = on_event, .refused = on_refused};

static int setup(void **state)
{
        (void)state;
        memset(refused, 0, sizeof refused);
        event_count = 0;
        last_detail[0] = '\0';
        exporter = (struct flow_exporter){.number = 3, .delay_ms = 1000};
        return userlog_decoder_new(&decoder);
}

static int teardown(void **state)
{
        (void)state;
        userlog_decoder_free(decoder);
        return 0;
}

static void decode(const struct datagram *d)
{
        assert_int_equal(userlog_decode(decoder, &exporter, TIME_UNKNOWN, d->bytes, d->length, &sink), 0);
}

/* One record in a packet of its own. */
static void decode_one(unsigned version, const struct flow *flow, uint32_t second)
{
        static uint32_t number;
        struct datagram d = begin(version, 4, 1, second, ++number);

        add(&d, flow);
        decode(&d);
}

static unsigned refusals(void)
{
        unsigned sum = 0;

        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                sum += refused[i];
        return sum;
}

static void expect(size_t index, enum nat_action action, int64_t time_ms)
{
        const struct nat_event *e = &events[index];

        assert_true(index < event_count);
        assert_int_equal(e->action, action);
        assert_int_equal(e->time_ms, time_ms);
        assert_int_equal(e->exporter, 3);
        assert_int_equal(e->outside, OUTSIDE);
        assert_true(address_ipv4(&e->inside) == INSIDE);
        assert_int_not_equal(e->session, 0);
}

static void test_creation(void **state)
{
        struct flow flow = flow_made();

        (void)state;
        decode_one(3, &flow, NOW);
        assert_int_equal(event_count, 1);
        expect(0, NAT_OPEN, NOW_MS);
        assert_int_equal(events[0].kind, NAT_SESSION);
        assert_int_equal(events[0].protocol, 6);
        assert_int_equal(events[0].port_first, 1025);
        assert_int_equal(events[0].port_last, 1025);
        assert_int_equal(events[0].inside_port, 40000);
        assert_int_equal(events[0].destination_port, 443);
        assert_true(address_ipv4(&events[0].destination) == ELSEWHERE);
        assert_int_equal(events[0].vrf, 5);
        assert_int_equal(events[0].flags, NAT_HAS_INSIDE_PORT | NAT_HAS_DESTINATION);
        assert_int_equal(refusals(), 0);
}

/* Every reason of an end gives both instants, tied together by one identity, which the creation shares. */
static void test_ends(void **state)
{
        static const uint8_t reasons[] = {1, 2, 3, 4, 7, 254};
        struct flow flow = flow_made();

        (void)state;
        decode_one(3, &flow, NOW);
        flow.end = NOW + 60;
        for (size_t i = 0; i < sizeof reasons; i++) {
                flow.action = reasons[i];
                decode_one(3, &flow, NOW + 61);
                assert_int_equal(event_count, 3 + 2 * i);
                expect(1 + 2 * i, NAT_OPEN, NOW_MS);
                expect(2 + 2 * i, NAT_CLOSE, NOW_MS + 60000);
                assert_int_equal(events[1 + 2 * i].session, events[0].session);
                assert_int_equal(events[2 + 2 * i].session, events[0].session);
        }
        assert_int_equal(refusals(), 0);
}

/* Another start is another flow, whatever else is equal. */
static void test_identity(void **state)
{
        struct flow flow = flow_made();

        (void)state;
        decode_one(3, &flow, NOW);
        flow.start++;
        decode_one(3, &flow, NOW + 1);
        assert_int_equal(event_count, 2);
        assert_int_not_equal(events[0].session, events[1].session);
}

static void test_interim(void **state)
{
        struct flow flow = flow_made();

        (void)state;
        flow.action = 6;
        decode_one(3, &flow, NOW + 3600);
        assert_int_equal(event_count, 2);
        expect(0, NAT_OPEN, NOW_MS);
        expect(1, NAT_ALIVE, NOW_MS + 3600000 - 1000); /* the record may have waited `delay` for its packet */
        flow.end = NOW + 7000;
        decode_one(3, &flow, NOW + 7200);
        assert_int_equal(event_count, 4);
        expect(3, NAT_ALIVE, NOW_MS + 7000000);
        assert_int_equal(refusals(), 0);
}

static void test_one_to_one(void **state)
{
        struct flow flow = flow_made();

        (void)state;
        flow.action = 5;
        flow.end = NOW + 5;
        decode_one(3, &flow, NOW + 5);
        assert_int_equal(refused[REFUSAL_CONTRADICTION], 1); /* with a port it is none */
        flow.source_port = flow.source_port_after = 0;
        decode_one(3, &flow, NOW + 5);
        assert_int_equal(event_count, 2);
        expect(0, NAT_OPEN, NOW_MS);
        expect(1, NAT_CLOSE, NOW_MS + 5000);
        assert_int_equal(events[0].kind, NAT_ADDRESS);
        assert_int_equal(events[0].protocol, NAT_PROTOCOL_ANY);
        assert_int_equal(events[0].port_first, 0);
        assert_int_equal(events[0].port_last, UINT16_MAX);
        assert_int_equal(events[0].flags, 0);
}

static void test_icmp_and_portless(void **state)
{
        struct flow flow = flow_made();

        (void)state;
        flow.protocol = 1;
        flow.destination_port = flow.destination_port_after = 768;
        decode_one(3, &flow, NOW);
        assert_int_equal(event_count, 1);
        assert_int_equal(events[0].port_first, 1025);
        assert_int_equal(events[0].destination_port, 0);
        flow.protocol = 47;
        decode_one(3, &flow, NOW);
        assert_int_equal(event_count, 2);
        assert_true(events[1].flags & NAT_PORT_UNKNOWN);
        assert_int_equal(events[1].port_last, UINT16_MAX);
}

static void test_not_translated(void **state)
{
        struct flow flow = flow_made();

        (void)state;
        flow.source_after = 0;
        decode_one(3, &flow, NOW);
        flow.source_after = flow.source;
        flow.source_port_after = flow.source_port;
        decode_one(3, &flow, NOW);
        assert_int_equal(event_count, 0);
        assert_int_equal(refusals(), 0);
        assert_int_equal(userlog_decoder_counts(decoder, 3).not_translated, 2);
}

/* What contradicts itself is refused, whoever wrote it. */
static void test_contradictions(void **state)
{
        static const struct {
                uint8_t action, protocol, ip_version;
                int start, end, second; /* beside NOW; end 0: none */
                uint16_t port;
                enum refusal refusal;
        } cases[] = {
                {8, 6, 4, 0, 5, 5, 1025, REFUSAL_CONTRADICTION}, /* created, but has an end */
                {1, 6, 4, 0, 0, 5, 1025, REFUSAL_CONTRADICTION}, /* ended, but has no end */
                {7, 6, 4, 0, 0, 5, 1025, REFUSAL_CONTRADICTION},
                {254, 6, 4, 0, 0, 5, 1025, REFUSAL_UNKNOWN_EVENT},
                {0, 6, 4, 0, 5, 5, 1025, REFUSAL_UNKNOWN_EVENT},
                {9, 6, 4, 0, 5, 5, 1025, REFUSAL_UNKNOWN_EVENT},
                {8, 6, 6, 0, 0, 0, 1025, REFUSAL_CONTRADICTION},       /* IP version 6 */
                {1, 6, 4, 60, 30, 60, 1025, REFUSAL_IMPOSSIBLE_TIME},  /* ends before it begins */
                {8, 6, 4, 3600, 0, 0, 1025, REFUSAL_IMPOSSIBLE_TIME},  /* an hour ahead of its packet */
                {8, 6, 4, -3600, 0, 0, 1025, REFUSAL_IMPOSSIBLE_TIME}, /* an hour behind it */
                {1, 6, 4, -7200, -3600, 0, 1025, REFUSAL_IMPOSSIBLE_TIME},
                {6, 6, 4, 3600, 0, 0, 1025, REFUSAL_IMPOSSIBLE_TIME},
                {8, 6, 4, -(int)NOW, 0, 0, 1025, REFUSAL_IMPOSSIBLE_TIME}, /* no start at all */
                {8, 0, 4, 0, 0, 0, 1025, REFUSAL_BAD_VALUE},
                {8, 6, 4, 0, 0, 0, 0, REFUSAL_BAD_VALUE}, /* outside port 0 */
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct flow flow = flow_made();
                flow.action = cases[i].action;
                flow.protocol = cases[i].protocol;
                flow.ip_version = cases[i].ip_version;
                flow.start = NOW + (uint32_t)cases[i].start;
                flow.end = cases[i].end ? NOW + (uint32_t)cases[i].end : 0;
                flow.source_port_after = cases[i].port;
                exporter.dialect = dialect_by_name("h3c-userlog");
                assert_non_null(exporter.dialect);
                memset(refused, 0, sizeof refused);
                decode_one(3, &flow, NOW + (uint32_t)cases[i].second);
                if (refused[cases[i].refusal] != 1)
                        print_error("case %zu: %s\n", i, last_detail);
                assert_int_equal(refused[cases[i].refusal], 1);
                assert_int_equal(event_count, 0);
        }
}

/* Of Huawei's records only the times speak. */
static void test_huawei(void **state)
{
        struct flow flow = flow_made();

        (void)state;
        flow.vrf = 0x1234;
        for (unsigned action = 0; action < 256; action += 51) {
                flow.action = (uint8_t)action;
                event_count = 0;
                flow.end = 0;
                decode_one(0x10, &flow, NOW);
                assert_int_equal(event_count, 1);
                expect(0, NAT_OPEN, NOW_MS);
                assert_int_equal(events[0].vrf, 0x1234);
                flow.end = NOW + 9;
                decode_one(0x10, &flow, NOW + 10);
                assert_int_equal(event_count, 3);
                expect(1, NAT_OPEN, NOW_MS);
                expect(2, NAT_CLOSE, NOW_MS + 9000);
                assert_int_equal(refusals(), 0);
        }
        flow.end = flow.start;
        decode_one(0x10, &flow, NOW);
        assert_int_equal(refused[REFUSAL_CONTRADICTION], 1);
}

/* No other dialect, and not the other one of the two, ever gives an event. */
static void test_wrong_dialect(void **state)
{
        static const char *const wrong[] = {"rfc8158", "cisco-nel", "huawei-elog"};
        struct flow flow = flow_made();

        (void)state;
        for (size_t i = 0; i < 3; i++) {
                exporter.dialect = dialect_by_name(wrong[i]);
                assert_non_null(exporter.dialect);
                decode_one(3, &flow, NOW);
        }
        exporter.dialect = dialect_by_name("h3c-userlog");
        decode_one(0x10, &flow, NOW);
        assert_int_equal(event_count, 0);
        assert_int_equal(refused[REFUSAL_CONTRADICTION], 4);
        decode_one(3, &flow, NOW);
        assert_int_equal(event_count, 1);
}

static void test_recognition(void **state)
{
        struct flow flow = flow_made();
        struct datagram d = begin(3, 4, 1, NOW, 1);

        (void)state;
        add(&d, &flow);
        assert_true(userlog_recognise(d.bytes, d.length));
        assert_false(userlog_recognise(d.bytes, d.length - 1));
        assert_false(userlog_recognise(d.bytes, 15));
        d.bytes[0] = 0x10;
        assert_true(userlog_recognise(d.bytes, d.length));
        d.bytes[0] = 5;
        assert_false(userlog_recognise(d.bytes, d.length));
        assert_true(userlog_resembles(d.bytes, d.length));
        d.bytes[1] = 9; /* no such type */
        assert_false(userlog_resembles(d.bytes, d.length));
        d.bytes[1] = 4;
        d.bytes[2] = 1; /* 257 records */
        assert_false(userlog_resembles(d.bytes, d.length));
        d.bytes[2] = 0;
        d.bytes[0] = 3;
        d.bytes[18] = 6; /* the record's IP version */
        assert_false(userlog_recognise(d.bytes, d.length));
        decode(&d);
        assert_int_equal(refused[REFUSAL_NO_DIALECT], 1);
        assert_int_equal(event_count, 0);
}

/* Headers that are known and whose records are not: refused by name, where the settings vouch for them. */
static void test_unread_kinds(void **state)
{
        static const struct {
                unsigned version, type;
                enum refusal refusal;
        } kinds[] = {{1, 4, REFUSAL_MISSING_FIELD}, {5, 4, REFUSAL_UNKNOWN_EVENT},
                {3, 7, REFUSAL_UNKNOWN_EVENT}, {3, 11, REFUSAL_UNKNOWN_EVENT}};
        struct flow flow = flow_made();

        (void)state;
        exporter.dialect = dialect_by_name("h3c-userlog");
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
                struct datagram d = begin(kinds[i].version, kinds[i].type, 1, NOW, (uint32_t)i);
                memset(refused, 0, sizeof refused);
                add(&d, &flow);
                decode(&d);
                assert_int_equal(refused[kinds[i].refusal], 1);
        }
        struct datagram nat66 = begin(3, 5, 1, NOW, 4);
        memset(refused, 0, sizeof refused);
        add(&nat66, &flow);
        decode(&nat66);
        assert_int_equal(refusals(), 0);
        assert_int_equal(event_count, 0);
}

static void test_damage(void **state)
{
        struct flow flow = flow_made();
        struct datagram d = begin(3, 4, 2, NOW, 1);

        (void)state;
        exporter.dialect = dialect_by_name("h3c-userlog");
        add(&d, &flow);
        decode(&d); /* one record of two */
        assert_int_equal(refused[REFUSAL_TRUNCATED], 1);
        assert_int_equal(event_count, 0);
        d.bytes[2] = 1; /* 258 records */
        decode(&d);
        assert_int_equal(refused[REFUSAL_BAD_LENGTH], 1);
        d.length = 9;
        decode(&d);
        assert_int_equal(refused[REFUSAL_TRUNCATED], 2);
}

/* Sends one creation in each of `count` packets, leaving out `lost`. */
static void send_creations(uint32_t first, unsigned count, unsigned lost)
{
        for (unsigned i = 0; i < count; i++) {
                struct flow flow = flow_made();
                struct datagram d = begin(3, 4, 1, NOW + i, first + i);
                flow.source_port_after = (uint16_t)(2000 + i);
                flow.start = NOW + i;
                add(&d, &flow);
                if (i != lost)
                        decode(&d);
        }
}

static void test_coverage(void **state)
{
        struct coverage heard = {0};

        (void)state;
        send_creations(100, 60, UINT32_MAX);
        assert_int_equal(userlog_decoder_finish(decoder, &heard), 0);
        coverage_normalise(&heard, 60000);
        assert_int_equal(heard.span_count, 1);
        assert_int_equal(heard.gap_count, 0);
        assert_true(heard.spans[0].flags & SPAN_SEQUENCED);
        assert_true(heard.spans[0].flags & SPAN_HAS_EVENTS);
        assert_false(heard.spans[0].flags & SPAN_BEGINS_EMPTY);
        assert_int_equal(heard.spans[0].sequence_from, 100);
        assert_int_equal(heard.spans[0].sequence_to, 160);
        assert_true(heard.spans[0].delay_ms <= 1000);
        coverage_free(&heard);
}

static void test_loss(void **state)
{
        struct coverage heard = {0};

        (void)state;
        send_creations(0, 60, 30);
        assert_int_equal(userlog_decoder_counts(decoder, 3).lost, 1);
        assert_int_equal(userlog_decoder_finish(decoder, &heard), 0);
        coverage_normalise(&heard, 60000);
        assert_int_equal(heard.span_count, 2);
        assert_true(heard.gap_count >= 1);
        assert_int_equal(heard.gaps[0].reason, GAP_SEQUENCE);
        for (size_t i = 0; i < heard.span_count; i++)
                assert_false(heard.spans[i].flags & SPAN_BEGINS_EMPTY); /* zero proves nothing */
        coverage_free(&heard);
}

/* A log of ends alone does not tell who is connected now. */
static void test_log_of_ends(void **state)
{
        struct coverage heard = {0};

        (void)state;
        for (unsigned i = 0; i < 20; i++) {
                struct flow flow = flow_made();
                struct datagram d = begin(3, 4, 1, NOW + i, i);
                flow.action = 1;
                flow.start = NOW + i - 10;
                flow.end = NOW + i;
                add(&d, &flow);
                decode(&d);
        }
        assert_int_equal(event_count, 40);
        assert_int_equal(userlog_decoder_finish(decoder, &heard), 0);
        for (size_t i = 0; i < heard.span_count; i++)
                assert_int_equal(heard.spans[i].delay_ms, INT32_MAX);
        coverage_free(&heard);
}

/* A creation from the future vouches for nothing. */
static void test_false_creation(void **state)
{
        struct flow false_creation = flow_made(), early = flow_made();
        struct coverage heard = {0};

        (void)state;
        early.start = NOW - 5;
        decode_one(3, &early, NOW);
        false_creation.start = NOW + 1000000;
        decode_one(3, &false_creation, NOW + 1);
        assert_int_equal(refused[REFUSAL_IMPOSSIBLE_TIME], 1);
        early.action = 1;
        early.start = NOW + 10;
        early.end = NOW + 20;
        decode_one(3, &early, NOW + 20);
        assert_int_equal(userlog_decoder_finish(decoder, &heard), 0);
        assert_true(heard.span_count > 0);
        assert_int_equal(heard.spans[heard.span_count - 1].delay_ms, INT32_MAX);
        coverage_free(&heard);
}

/* With creations logged too, an end is as late as its packet. */
static void test_ends_beside_creations(void **state)
{
        struct coverage heard = {0};

        (void)state;
        for (unsigned i = 0; i < 40; i++) {
                struct flow made = flow_made(), ended = flow_made();
                struct datagram d = begin(3, 4, 2, NOW + i, i);
                made.start = NOW + i;
                ended.action = 2;
                ended.start = NOW + i - 25; /* the first 25 were opened before the log began */
                ended.end = NOW + i;
                add(&d, &ended);
                add(&d, &made);
                decode(&d);
        }
        assert_int_equal(refusals(), 0);
        assert_int_equal(userlog_decoder_finish(decoder, &heard), 0);
        coverage_normalise(&heard, 60000);
        assert_int_equal(heard.span_count, 1);
        assert_true(heard.spans[0].delay_ms <= 1000);
        coverage_free(&heard);
}

/* decode(encode(x)) = x over many flows, in both layouts. */
static void test_property(void **state)
{
        unsigned seed = 7;

        (void)state;
        for (unsigned round = 0; round < 400; round++) {
                struct flow flow = flow_made();
                unsigned version = round % 2 ? 0x10 : 3;
                flow.source += seed % 4096;
                flow.source_after = OUTSIDE + seed % 200;
                flow.source_port = (uint16_t)(seed >> 3);
                flow.source_port_after = (uint16_t)(1024 + (seed >> 5) % 60000);
                flow.destination = flow.destination_after = ELSEWHERE + (seed >> 7) % 50;
                flow.destination_port = flow.destination_port_after = (uint16_t)(1 + (seed >> 9) % 65000);
                flow.protocol = seed & 1 ? 6 : 17;
                flow.vrf = (seed >> 2) % 250;
                flow.action = seed & 2 ? 8 : 2;
                flow.start = NOW + round;
                flow.end = seed & 2 ? 0 : NOW + round + 30;
                event_count = 0;
                decode_one(version, &flow, NOW + round + 30);
                assert_int_equal(event_count, seed & 2 ? 1 : 2);
                for (size_t i = 0; i < event_count; i++) {
                        const struct nat_event *e = &events[i];
                        assert_true(address_ipv4(&e->inside) == flow.source);
                        assert_true(address_ipv4(&e->destination) == flow.destination);
                        assert_int_equal(e->outside, flow.source_after);
                        assert_int_equal(e->port_first, flow.source_port_after);
                        assert_int_equal(e->port_last, flow.source_port_after);
                        assert_int_equal(e->inside_port, flow.source_port);
                        assert_int_equal(e->destination_port, flow.destination_port);
                        assert_int_equal(e->protocol, flow.protocol);
                        assert_int_equal(e->vrf, flow.vrf);
                        assert_int_equal(e->time_ms / 1000, i ? flow.end : flow.start);
                }
                seed = seed * 1103515245u + 12345u;
        }
        assert_int_equal(refusals(), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {TEST(test_creation), TEST(test_ends), TEST(test_identity),
                TEST(test_interim), TEST(test_one_to_one), TEST(test_icmp_and_portless),
                TEST(test_not_translated), TEST(test_contradictions), TEST(test_huawei),
                TEST(test_wrong_dialect), TEST(test_recognition), TEST(test_unread_kinds), TEST(test_damage),
                TEST(test_coverage), TEST(test_loss), TEST(test_log_of_ends), TEST(test_false_creation),
                TEST(test_ends_beside_creations), TEST(test_property)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
