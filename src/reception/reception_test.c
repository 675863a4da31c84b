/* SPDX-License-Identifier: EUPL-1.2 */
#include "reception/reception.h"

#include "wire/flow_encoder_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <stdio.h>
#include <cmocka.h>

#define NOW INT64_C(1795132800000) /* 2026-11-20T00:00:00Z */

static const char *const configuration =
        "[realm default]\nmapping = endpoint-independent\n[realm homes]\nlease-log = complete\n"
        "[exporter cgn1]\ndialect = rfc8158\naddress = 192.0.2.1\n"
        "[exporter bras]\nrealm = homes\nloss = reported\naddress = 192.0.2.2\n"
        "[exporter relay]\naddress = 192.0.2.3\nloss = reported\n"
        "[exporter juniper-1]\naddress = 192.0.2.4\nloss = reported\nzone = UTC\nyear = 2026\n"
        "[exporter spare]\naddress = 192.0.2.5\nloss = reported\n";
enum { CGN1, BRAS, RELAY, JUNIPER1, SPARE };

static struct {
        struct nat_event events[64];
        struct lease_event leases[8];
        uint16_t lease_exporters[8];
        struct coverage coverage;
        unsigned event_count, lease_count, torn_count, refused;
        char detail[256];
        int answer;
} got;

static int on_event(void *context, const struct nat_event *event)
{
        (void)context;
        assert_true(got.event_count < 64);
        got.events[got.event_count++] = *event;
        return got.answer;
}

static int on_lease(void *context, uint16_t exporter, const struct lease_event *lease)
{
        (void)context;
        assert_true(got.lease_count < 8);
        got.lease_exporters[got.lease_count] = exporter;
        got.leases[got.lease_count++] = *lease;
        return 0;
}

static int on_span(void *context, const struct coverage_span *span)
{
        (void)context;
        return coverage_add_span(&got.coverage, span);
}

static int on_gap(void *context, const struct coverage_gap *gap)
{
        (void)context;
        assert_true(gap->from <= gap->to);
        return coverage_add_gap(&got.coverage, gap);
}

static int on_torn(void *context, uint16_t realm)
{
        (void)context;
        assert_int_equal(realm, 1);
        got.torn_count++;
        return 0;
}

static void on_refused(void *context, uint16_t exporter, enum refusal refusal, const char *detail)
{
        (void)context;
        (void)exporter;
        (void)refusal;
        got.refused++;
        snprintf(got.detail, sizeof got.detail, "%s", detail);
}

static int utc(void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second)
{
        (void)context;
        (void)ret_second;
        *ret_instant = time_from_civil(civil);
        return 0;
}

static const struct local_clock *find_clock(void *context, const char *zone)
{
        static const struct local_clock clock = {.to_instant = utc};

        (void)context;
        return strcmp(zone, "UTC") == 0 ? &clock : NULL;
}

static struct settings settings;
static struct reception *reception;

static struct reception *make(void)
{
        const struct reception_sink sink = {.event = on_event,
                .lease = on_lease,
                .span = on_span,
                .gap = on_gap,
                .torn = on_torn,
                .refused = on_refused};
        const struct reception_zones zones = {.clock = find_clock};
        struct reception *made;
        struct error error = {0};

        if (reception_new(&settings, &zones, &sink, &made, &error) < 0)
                fail_msg("%s", error.text);
        return made;
}

static int setup(void **state)
{
        struct settings_problem problem = {0};
        size_t count = 0;

        (void)state;
        memset(&got, 0, sizeof got);
        if (settings_parse(configuration, strlen(configuration), &settings, &problem, 1, &count) < 0)
                fail_msg("line %u: %s", problem.line, problem.text);
        reception = make();
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        reception_free(reception);
        settings_free(&settings);
        coverage_free(&got.coverage);
        return 0;
}

static int take(enum reception_content content, uint16_t exporter, int64_t receipt_ms, const void *bytes,
        size_t length)
{
        const struct reception_message message = {.content = content,
                .exporter = exporter,
                .session = 4739,
                .receipt_ms = receipt_ms,
                .bytes = bytes,
                .length = length};
        struct error error = {0};
        int r = reception_take(reception, &message, &error);

        assert_int_equal(r, error.code);
        return r;
}

static void line(uint16_t exporter, int64_t receipt_ms, const char *text)
{
        assert_int_equal(take(RECEPTION_TEXT, exporter, receipt_ms, text, strlen(text)), 0);
}

static struct encoder message;

static int flow(uint32_t number, int64_t receipt_ms, int64_t event_ms, bool announce)
{
        encode_message(&message, 10, (uint32_t)(receipt_ms / 1000), number, 7);
        if (announce)
                encode_template(&message, 256, SESSION_TEMPLATE);
        encode_set(&message, 256);
        encode_session(&message, (uint64_t)event_ms, 4, 0x64400001, 0xc6336407, 6, 1, 1024 + number);
        encode_set_end(&message, false);
        encode_end(&message);
        return take(RECEPTION_FLOW, CGN1, receipt_ms, message.bytes, message.length);
}

static bool is_heard(uint16_t exporter, int64_t at)
{
        coverage_normalise(&got.coverage, 60000);
        return coverage_heard(&got.coverage, exporter, NULL, at, at).whole;
}

static void test_flows_are_decoded_and_heard(void **state)
{
        struct error error = {0};

        (void)state;
        for (uint32_t i = 0; i < 20; i++)
                assert_int_equal(flow(i, NOW + i * 1000, NOW + i * 1000 - 100, i == 0), 0);
        assert_int_equal(got.event_count, 20);
        assert_int_equal(got.events[3].exporter, CGN1);
        assert_int_equal(reception_pieces(reception, &error), 0);
        assert_true(is_heard(CGN1, NOW + 10000));
        assert_false(is_heard(CGN1, NOW + 25000));
        size_t told = got.coverage.span_count;
        assert_int_equal(reception_pieces(reception, &error), 0);
        assert_int_equal(got.coverage.span_count, told); /* nobody was heard since */
        struct reception_counts counts = reception_counts(reception, CGN1);
        assert_int_equal(counts.messages, 20);
        assert_int_equal(counts.events, 20);
        assert_int_equal(counts.last_ms, NOW + 19000);
        assert_int_equal(counts.offset_max_ms, 0);
}

static void test_what_is_kept_goes_on(void **state)
{
        struct buffer saved = buffer_make(1 << 20);
        struct error error = {0};

        (void)state;
        for (uint32_t i = 0; i < 5; i++)
                assert_int_equal(flow(i, NOW + i * 1000, NOW + i * 1000, i == 0), 0);
        assert_int_equal(reception_pieces(reception, &error), 0);
        assert_int_equal(reception_save(reception, &saved), 0);
        reception_free(reception);
        reception = make();
        assert_int_equal(reception_load(reception, saved.bytes, saved.length, &error), 0);
        for (uint32_t i = 5; i < 15; i++)
                assert_int_equal(flow(i, NOW + i * 1000, NOW + i * 1000, false), 0);
        assert_int_equal(got.event_count, 15);
        assert_int_equal(reception_finish(reception, &error), 0);
        for (int64_t at = NOW + 1000; at < NOW + 12000; at += 500)
                assert_true(is_heard(CGN1, at)); /* also across the stop */
        buffer_free(&saved);
}

static void test_times_ahead_are_refused(void **state)
{
        (void)state;
        assert_int_equal(flow(0, NOW, NOW + TIME_DAY + 5, true), 0);
        assert_int_equal(got.event_count, 0);
        assert_true(got.refused > 0);
        const uint8_t nonsense[] = {1, 2, 3};
        assert_int_equal(take(RECEPTION_FLOW, CGN1, NOW, nonsense, sizeof nonsense), 0);
        assert_int_equal(take(RECEPTION_FLOW, 5, NOW, nonsense, sizeof nonsense), -EINVAL);
        assert_int_equal(take(RECEPTION_CONTENT_COUNT, 0, NOW, nonsense, sizeof nonsense), -EINVAL);
}

static void send_juniper(uint16_t exporter, const char *host, unsigned second)
{
        char text[300];

        snprintf(text, sizeof text,
                "<14>1 2026-11-20T00:00:%02u.000Z %s RT_NAT - RT_SRC_NAT_PBA_ALLOC [junos@2636.1.1.1.2.135 "
                "internal-ip=\"100.64.0.%u\" block-port-low=\"%u\" block-port-high=\"%u\" "
                "reflexive-ip=\"198.51.100.7\" epoch-time-64=\"%llx\"]\n",
                second, host, second, 1024 + second * 64, 1087 + second * 64,
                (unsigned long long)(NOW / 1000 + second));
        line(exporter, NOW + second * 1000, text);
}

static void test_lines_belong_to_their_hosts(void **state)
{
        struct error error = {0};

        (void)state;
        send_juniper(RELAY, "juniper-1", 1);
        send_juniper(RELAY, "192.0.2.4", 2);
        assert_int_equal(got.event_count, 2);
        assert_int_equal(got.events[0].exporter, JUNIPER1);
        assert_int_equal(got.events[1].exporter, JUNIPER1);
        send_juniper(RELAY, "stranger", 3);
        assert_int_equal(got.event_count, 2);
        assert_non_null(strstr(got.detail, "stranger"));
        assert_true(reception_counts(reception, RELAY).refused[REFUSAL_BAD_VALUE] == 1);
        /* Messages that were lost on their way to us: the device is not heard there. */
        for (unsigned i = 4; i < 20; i++)
                send_juniper(RELAY, "juniper-1", i);
        assert_int_equal(reception_lost(reception, RECEPTION_TEXT, EXPORTER_EVERY, NOW + 19500, &error), 0);
        for (unsigned i = 30; i < 50; i++)
                send_juniper(RELAY, "juniper-1", i);
        assert_int_equal(reception_pieces(reception, &error), 0);
        assert_true(is_heard(JUNIPER1, NOW + 15000));
        assert_false(is_heard(JUNIPER1, NOW + 25000));
        assert_true(is_heard(JUNIPER1, NOW + 40000));
        assert_false(is_heard(JUNIPER1, NOW + 55000));
}

static size_t radius(uint8_t *at, bool sound)
{
        static const uint8_t attributes[] = {40, 6, 0, 0, 0, 1, /* Start */
                44, 6, 's', '0', '0', '1', 1, 6, 'a', 'n', 'n', 'a', 8, 6, 100, 64, 0, 9, 4, 6, 192, 0, 2, 2};
        size_t length = 20 + sizeof attributes;

        memset(at, 0, 20);
        at[0] = 4;
        at[3] = (uint8_t)length;
        memcpy(at + 20, attributes, sizeof attributes);
        if (!sound)
                at[21] = 90; /* an attribute longer than the packet */
        return length;
}

static void test_leases_and_what_tears_them(void **state)
{
        uint8_t packet[256];

        (void)state;
        size_t length = radius(packet, true);
        assert_int_equal(take(RECEPTION_RADIUS, BRAS, NOW, packet, length), 0);
        assert_int_equal(got.lease_count, 1);
        assert_int_equal(got.lease_exporters[0], BRAS);
        assert_string_equal(got.leases[0].subscriber, "anna");
        assert_int_equal(got.torn_count, 0);
        length = radius(packet, false);
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(take(RECEPTION_RADIUS, BRAS, NOW, packet, length), 0);
        assert_int_equal(got.torn_count, 1);
        assert_true(got.refused >= 3);
}

/* What this machine's NAT did while nobody listened is not heard, however soon somebody listens again. */
static void test_another_life_has_not_heard_what_came_between(void **state)
{
        struct error error = {0};

        (void)state;
        for (int64_t at = NOW; at <= NOW + 90000; at += 1000)
                assert_int_equal(reception_listened(reception, SPARE, at, &error), 0);
        assert_int_equal(reception_pieces(reception, &error), 0);
        reception_free(reception);
        reception = make();
        assert_int_equal(
                reception_lost(reception, RECEPTION_CONNTRACK, EXPORTER_EVERY, NOW + 110000, &error), 0);
        for (int64_t at = NOW + 110000; at <= NOW + 150000; at += 1000)
                assert_int_equal(reception_listened(reception, SPARE, at, &error), 0);
        assert_int_equal(reception_pieces(reception, &error), 0);
        for (size_t i = 0; i < got.coverage.span_count; i++)
                got.coverage.spans[i].flags |= SPAN_HAS_EVENTS;
        assert_true(is_heard(SPARE, NOW + 10000));
        assert_false(is_heard(SPARE, NOW + 95000));
        assert_false(is_heard(SPARE, NOW + 109000));
        assert_true(is_heard(SPARE, NOW + 130000));
}

static void test_the_sink_ends_it(void **state)
{
        (void)state;
        got.answer = -ENOSPC;
        encode_message(&message, 10, (uint32_t)(NOW / 1000), 0, 7);
        encode_template(&message, 256, SESSION_TEMPLATE);
        encode_set(&message, 256);
        encode_session(&message, (uint64_t)NOW, 4, 1, 2, 6, 1, 1024);
        encode_set_end(&message, false);
        encode_end(&message);
        const struct reception_message one = {
                .exporter = CGN1, .receipt_ms = NOW, .bytes = message.bytes, .length = message.length};
        assert_int_equal(reception_take(reception, &one, NULL), -ENOSPC);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_flows_are_decoded_and_heard),
                TEST(test_what_is_kept_goes_on),
                TEST(test_times_ahead_are_refused),
                TEST(test_lines_belong_to_their_hosts),
                TEST(test_leases_and_what_tears_them),
                TEST(test_another_life_has_not_heard_what_came_between),
                TEST(test_the_sink_ends_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
