/* SPDX-License-Identifier: EUPL-1.2 */
/* What a live node makes of messages is what an import makes of a capture of them: random exporters with all
 * that happens to them, once as a pcap file and once message by message through reception and relay, with
 * pieces of coverage taken at any moment. The two stores say the same, word for word.
 *
 *     reception_test [ROUNDS [SEED]]
 */
#include "intake/import_test.h"

#include "intake/live.h"
#include "reception/reception.h"
#include "relay/relay.h"
#include "wire/flow_encoder_test.h"

#include <stdlib.h>

#define NOW_MS (DAY_START + 6 * TIME_HOUR)
#define MESSAGES 400u
#define SETTINGS                                                                                             \
        "[realm default]\nmapping = endpoint-independent\nlongest-session = 12h\n"                           \
        "[exporter cgn1]\ndialect = rfc8158\naddress = 192.0.2.1\n"                                          \
        "[exporter cgn2]\ndialect = rfc8158\naddress = 192.0.2.2\nrestart = keeps\n"                         \
        "[exporter bras]\naddress = 192.0.2.3\nloss = reported\n"

static unsigned rounds = 30;
static uint64_t seed = 1;
static struct error error;

static uint32_t draw(uint32_t below)
{
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)((seed >> 33) % below);
}

/* --- Messages --- */

static struct sent {
        uint8_t bytes[700];
        size_t length;
        int64_t at_ms;
        uint16_t exporter, port;
} sent[MESSAGES];
static unsigned sent_count;
static struct encoder message;

static void keep(const void *bytes, size_t length, int64_t at_ms, uint16_t exporter)
{
        struct sent *s = &sent[sent_count];

        assert_true(length <= sizeof s->bytes);
        if (sent_count < MESSAGES && draw(30)) {
                *s = (struct sent){.length = length,
                        .at_ms = at_ms,
                        .exporter = exporter,
                        .port = (uint16_t)(exporter == 2 ? 1813 : 4739)};
                memcpy(s->bytes, bytes, length);
                sent_count++;
        }
        if (sent_count < MESSAGES && sent_count > 0 && draw(30) == 0) { /* once more */
                sent[sent_count] = sent[sent_count - 1];
                sent_count++;
        }
}

static void send_flows(int64_t now_ms, uint16_t exporter, uint32_t *number, unsigned records)
{
        unsigned version = exporter == 0 ? 10 : 9;
        bool bad = draw(40) == 0;

        encode_message(&message, (uint16_t)version, (uint32_t)(now_ms / 1000), *number, 5);
        if (*number == 0 || draw(20) == 0)
                encode_template(&message, 256, SESSION_TEMPLATE);
        if (records) {
                encode_set(&message, 256);
                for (unsigned i = 0; i < records; i++)
                        encode_session(&message, (uint64_t)now_ms - draw(900), bad ? 77 : 4 + draw(2),
                                0x64400001 + draw(9), 0xc6336407 + draw(3), 6, 1000 + draw(9),
                                2000 + draw(30));
                encode_set_end(&message, version == 9);
        }
        encode_end(&message);
        *number += version == 9 ? 1 : records;
        keep(message.bytes, message.length, now_ms, exporter);
}

static void send_accounting(int64_t now_ms)
{
        uint8_t packet[64] = {4, (uint8_t)draw(256)};
        const uint8_t attributes[] = {40, 6, 0, 0, 0, (uint8_t)(1 + draw(2)), 44, 5, 's', '0',
                (uint8_t)('a' + draw(9)), 1, 6, 'u', 's', 'r', (uint8_t)('a' + draw(4)), 8, 6, 100, 64, 1,
                (uint8_t)draw(9), 4, 6, 192, 0, 2, 3};

        memcpy(packet + 20, attributes, sizeof attributes);
        packet[3] = 20 + sizeof attributes;
        keep(packet, packet[3], now_ms, 2);
}

static void make_messages(void)
{
        int64_t now_ms = DAY_START + TIME_HOUR - 100000;
        uint32_t numbers[2] = {0, draw(3) ? 0 : draw(UINT32_MAX)};

        sent_count = 0;
        while (sent_count < MESSAGES - 2) {
                unsigned which = draw(5);
                now_ms += draw(30) ? draw(1500) : draw(200000);
                if (which == 4) {
                        send_accounting(now_ms);
                        continue;
                }
                if (draw(60) == 0)
                        numbers[which % 2] = 0;
                send_flows(now_ms, (uint16_t)(which % 2), &numbers[which % 2], draw(5));
        }
}

/* As datagrams in a capture of raw IPv4 (LINKTYPE_RAW). */
static void write_capture(const char *name)
{
        struct buffer file = buffer_make(8u << 20);

        buffer_append_le(&file, 0xa1b2c3d4, 4);
        buffer_append_le(&file, 4u << 16 | 2, 4);
        buffer_append_le(&file, 0, 8);
        buffer_append_le(&file, 65535, 4);
        buffer_append_le(&file, 101, 4);
        for (unsigned i = 0; i < sent_count; i++) {
                const struct sent *s = &sent[i];
                size_t whole = 28 + s->length;
                buffer_append_le(&file, (uint64_t)s->at_ms / 1000, 4);
                buffer_append_le(&file, (uint64_t)s->at_ms % 1000 * 1000, 4);
                buffer_append_le(&file, whole, 4);
                buffer_append_le(&file, whole, 4);
                buffer_append_be(&file, 0x4500u << 16 | whole, 4);
                buffer_append_be(&file, (uint64_t)i << 16, 4);
                buffer_append_be(&file, 0x40110000, 4);
                buffer_append_be(&file, 0xc0000201 + s->exporter, 4);
                buffer_append_be(&file, 0xc6336401, 4);
                buffer_append_be(&file, s->port, 2);
                buffer_append_be(&file, s->port, 2);
                buffer_append_be(&file, 8 + s->length, 2);
                buffer_append_be(&file, 0, 2);
                buffer_append(&file, s->bytes, s->length);
        }
        make_file(name, &file);
        buffer_free(&file);
}

/* --- Live --- */

static struct intake *intake;
static struct relay_writer writer;
static struct buffer out;
static const struct relay_limits limits = {.exporters = 3, .realms = 1};

static int send_event(void *context, const struct nat_event *event)
{
        (void)context;
        return relay_write_event(&writer, event);
}
static int send_lease(void *context, uint16_t exporter, const struct lease_event *lease)
{
        (void)context;
        return relay_write_lease(&writer, exporter, lease);
}
static int send_span(void *context, const struct coverage_span *span)
{
        (void)context;
        return relay_write_span(&writer, span);
}
static int send_gap(void *context, const struct coverage_gap *gap)
{
        (void)context;
        return relay_write_gap(&writer, gap);
}
static int send_torn(void *context, uint16_t realm)
{
        (void)context;
        return relay_write_torn(&writer, realm);
}

static int take_events(void *context, const struct nat_event *events, size_t count)
{
        int r = 0;

        (void)context;
        for (size_t i = 0; i < count && r >= 0; i++)
                r = intake_live_event(intake, &events[i], NOW_MS, &error);
        return r;
}
static int take_lease(void *context, uint16_t exporter, const struct lease_event *lease)
{
        (void)context;
        return intake_live_lease(intake, exporter, lease, NOW_MS, &error);
}
static int take_span(void *context, const struct coverage_span *span)
{
        (void)context;
        return intake_live_span(intake, span, &error);
}
static int take_gap(void *context, const struct coverage_gap *gap)
{
        (void)context;
        return intake_live_gap(intake, gap, &error);
}
static int take_torn(void *context, uint16_t realm)
{
        (void)context;
        (void)realm;
        intake_live_torn(intake, "default");
        return 0;
}

static struct reception *receive(const struct settings *settings)
{
        const struct reception_sink sink = {.event = send_event,
                .lease = send_lease,
                .span = send_span,
                .gap = send_gap,
                .torn = send_torn};
        struct reception *made;

        if (reception_new(settings, &(const struct reception_zones){0}, &sink, &made, &error) < 0)
                fail_msg("%s", error.text);
        return made;
}

static void give(struct reception *reception, const struct sent *s)
{
        const struct reception_message one = {.content = s->exporter == 2 ? RECEPTION_RADIUS : RECEPTION_FLOW,
                .exporter = s->exporter,
                .session = s->exporter == 2 ? 0 : s->port + 1u,
                .receipt_ms = s->at_ms,
                .bytes = s->bytes,
                .length = s->length};

        if (reception_take(reception, &one, &error) < 0)
                fail_msg("%s", error.text);
}

static void live(const char *store)
{
        struct depot *depot = open_store(store, DEPOT_CREATE);
        const struct settings *settings = depot_settings(depot);
        struct reception *reception = receive(settings);
        struct relay_hello hello = {{0}};
        const struct relay_sink sink = {.events = take_events,
                .lease = take_lease,
                .span = take_span,
                .gap = take_gap,
                .torn = take_torn};
        struct relay_reader *reader;
        struct intake_live_merged merged;

        out = buffer_make(64u << 20);
        relay_writer_begin(&writer, &limits, &out);
        assert_int_equal(relay_write_hello(&writer, &hello), 0);
        for (unsigned i = 0; i < sent_count; i++) {
                give(reception, &sent[i]);
                if (draw(4) == 0)
                        assert_int_equal(reception_pieces(reception, &error), 0);
        }
        assert_int_equal(reception_finish(reception, &error), 0);
        reception_free(reception);
        assert_int_equal(intake_live_new(depot, &intake, &error), 0);
        assert_int_equal(relay_reader_new(RELAY_AT_STORE, &limits, &sink, &reader), 0);
        if (relay_reader_feed(reader, out.bytes, out.length, &error) < 0)
                fail_msg("%s", error.text);
        if (intake_live_merge(intake, depot, NOW_MS, NULL, &merged, &error) < 0)
                fail_msg("%s", error.text);
        intake_free(intake);
        relay_reader_free(reader);
        buffer_free(&out);
        depot_close(depot);
}

static bool is_coverage(const char *line)
{
        return strncmp(line, "  heard", 7) == 0 || strncmp(line, "  gap", 5) == 0;
}

/* An import numbers exporters as it meets them, and what was heard stands in the order of numbers: here it
 * stands in the order of its lines. */
static char *in_order(char *telling)
{
        struct buffer text = buffer_make(64u << 20);
        const char *at = telling;

        while (*at) {
                size_t from = text.length;
                while (*at && is_coverage(at)) {
                        const char *end = strchr(at, '\n') + 1;
                        buffer_append(&text, at, (size_t)(end - at));
                        at = end;
                }
                if (text.length > from)
                        sort_lines(&text, from);
                while (*at && !is_coverage(at)) {
                        const char *end = strchr(at, '\n') + 1;
                        buffer_append(&text, at, (size_t)(end - at));
                        at = end;
                }
        }
        assert_int_equal(buffer_append_u8(&text, 0), 0);
        free(telling);
        return (char *)text.bytes;
}

static void test_live_is_as_imported(void **state)
{
        const struct intake_options options = {.exporter = ""};

        (void)state;
        for (unsigned round = 0; round < rounds; round++) {
                char names[2][32];
                uint64_t began = seed;
                const char *files[] = {"capture.pcap", NULL};
                for (unsigned i = 0; i < 2; i++) {
                        snprintf(names[i], sizeof names[i], "store%u-%u", round, i);
                        make_store(names[i], SETTINGS);
                }
                make_messages();
                write_capture("capture.pcap");
                import_with(names[0], &options, files);
                live(names[1]);
                char what[80];
                snprintf(what, sizeof what, "seed %llu", (unsigned long long)began);
                assert_same_telling(what, in_order(tell_realm(names[0], "default")),
                        in_order(tell_realm(names[1], "default")));
        }
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_live_is_as_imported, scratch_setup, scratch_teardown)};

        if (argc > 1)
                rounds = (unsigned)strtoul(argv[1], NULL, 10);
        if (argc > 2)
                seed = strtoull(argv[2], NULL, 10);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
