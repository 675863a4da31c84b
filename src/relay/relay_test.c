/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/time.h"
#include "nat/binding.h"
#include "relay/counts.h"
#include "relay/relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define WIDE 4000000u
#define NOON INT64_C(1763726400000)

static const struct relay_limits limits = {.exporters = 100, .realms = 3};
static const struct relay_hello hello = {.configuration = {1, 2, 3}};

/* What a reader was told, as bytes that can be compared. */
struct told {
        struct buffer bytes;
        unsigned calls[RELAY_TYPE_END], biggest;
        int answer; /* to every call but hello */
};

static void note(struct told *told, enum relay_type type, const void *bytes, size_t length)
{
        told->calls[type]++;
        buffer_append_u8(&told->bytes, (uint8_t)type);
        buffer_append(&told->bytes, bytes, length);
        assert_int_equal(told->bytes.failed, 0);
}

/* Structures have holes between their members: compared member by member, as text. */
static void note_event(struct told *told, const struct nat_event *e)
{
        char text[400], inside[ADDRESS_TEXT_MAX], destination[ADDRESS_TEXT_MAX];
        int length = snprintf(text, sizeof text, "%lld %s %s %u %u %u %u %u %u %u %u %u %u %u %u\n",
                (long long)e->time_ms, address_format(&e->inside, inside),
                address_format(&e->destination, destination), e->outside, e->vrf, e->session, e->port_first,
                e->port_last, e->inside_port, e->destination_port, e->exporter, e->protocol, e->kind,
                e->action, e->flags);
        note(told, RELAY_EVENTS, text, (size_t)length);
}

static int take_hello(void *context, const struct relay_hello *h)
{
        note(context, RELAY_HELLO, h->configuration, sizeof h->configuration);
        return 0;
}

static int take_events(void *context, const struct nat_event *events, size_t count)
{
        struct told *told = context;

        assert_in_range(count, 1, RELAY_BATCH);
        for (size_t i = 0; i < count; i++)
                note_event(told, &events[i]);
        return told->answer;
}

static int take_lease(void *context, uint16_t exporter, const struct lease_event *l)
{
        struct told *told = context;
        char text[600], prefix[ADDRESS_TEXT_MAX];
        int length = snprintf(text, sizeof text, "%u %s %u %llu %lld %lld %u %u %u %s\n", exporter,
                prefix_format(&l->prefix, prefix), l->vrf, (unsigned long long)l->session,
                (long long)l->from_ms, (long long)l->to_ms, l->from_edge, l->to_edge, l->flags,
                l->subscriber);

        note(told, RELAY_LEASE, text, (size_t)length);
        return told->answer;
}

static int take_span(void *context, const struct coverage_span *s)
{
        struct told *told = context;
        char text[300];
        int length = snprintf(text, sizeof text, "%lld %lld %u %u %u %d %d %d %u %u\n", (long long)s->from,
                (long long)s->to, s->stream, s->sequence_from, s->sequence_to, s->delay_ms, s->offset_min_ms,
                s->offset_max_ms, s->exporter, s->flags);

        note(told, RELAY_SPAN, text, (size_t)length);
        return told->answer;
}

static int take_gap(void *context, const struct coverage_gap *g)
{
        struct told *told = context;
        char text[200];
        int length = snprintf(text, sizeof text, "%lld %lld %u %u %u %u\n", (long long)g->from,
                (long long)g->to, g->stream, g->count, g->exporter, g->reason);

        note(told, RELAY_GAP, text, (size_t)length);
        return told->answer;
}

static int take_torn(void *context, uint16_t realm)
{
        note(context, RELAY_TORN, &realm, sizeof realm);
        return ((struct told *)context)->answer;
}

static int take_mark(void *context, const struct relay_mark *mark)
{
        note(context, RELAY_MARK, mark, sizeof *mark);
        return ((struct told *)context)->answer;
}

static int take_counts(void *context, const void *bytes, size_t length)
{
        struct told *told = context;

        note(told, RELAY_COUNTS, bytes, length);
        told->biggest = length > told->biggest ? (unsigned)length : told->biggest;
        return told->answer;
}

static int take_released(void *context, uint64_t sequence)
{
        note(context, RELAY_RELEASED, &sequence, sizeof sequence);
        return ((struct told *)context)->answer;
}

static int take_stopping(void *context)
{
        note(context, RELAY_STOPPING, "", 0);
        return ((struct told *)context)->answer;
}

static struct relay_sink sink_of(struct told *told)
{
        told->bytes = buffer_make(WIDE * 4);
        return (struct relay_sink){told, take_hello, take_events, take_lease, take_span, take_gap, take_torn,
                take_mark, take_counts, take_released, take_stopping};
}

static struct relay_reader *reader_of(enum relay_side side, struct told *told)
{
        struct relay_sink sink = sink_of(told);
        struct relay_reader *reader;

        assert_int_equal(relay_reader_new(side, &limits, &sink, &reader), 0);
        return reader;
}

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (seed >> 20) % below;
}

static struct address draw_address(void)
{
        struct address address = address_from_ipv4((uint32_t)draw(UINT32_MAX));

        if (draw(8) == 0)
                for (unsigned i = 0; i < 16; i++)
                        address.bytes[i] = (uint8_t)draw(256);
        return address;
}

static struct nat_event draw_event(void)
{
        struct nat_event e = {
                .time_ms = draw(3) ? NOON + (int64_t)draw(100000) : (int64_t)draw((uint64_t)TIME_LIMIT),
                .outside = (uint32_t)draw(UINT32_MAX),
                .vrf = draw(4) ? 0 : (uint32_t)draw(UINT32_MAX),
                .session = draw(2) ? 0 : (uint32_t)draw(UINT32_MAX),
                .port_first = (uint16_t)draw(30000),
                .port_last = (uint16_t)(30000 + draw(30000)),
                .inside_port = (uint16_t)draw(65536),
                .destination_port = (uint16_t)draw(65536),
                .exporter = (uint16_t)draw(100),
                .protocol = (uint8_t)draw(256),
                .kind = (uint8_t)draw(NAT_KIND_COUNT),
                .action = (uint8_t)draw(NAT_ACTION_COUNT),
                .flags = (uint8_t)draw(NAT_PLANNED),
        };

        if (!(e.flags & NAT_INSIDE_UNKNOWN))
                e.inside = draw_address();
        if (e.flags & NAT_HAS_DESTINATION)
                e.destination = draw_address();
        return e;
}

static struct lease_event draw_lease(void)
{
        static const uint8_t edges[] = {EDGE_OPEN, EDGE_OBSERVED, EDGE_INTERIM, EDGE_BOUND};
        struct address address = draw_address();
        struct lease_event lease = {.prefix = prefix_of(&address, (unsigned)draw(129)),
                .vrf = (uint32_t)draw(3),
                .session = draw(UINT64_MAX),
                .from_edge = edges[draw(4)],
                .to_edge = edges[draw(4)],
                .flags = (uint8_t)draw(8)};

        lease.from_ms = lease.from_edge == EDGE_OPEN ? TIME_UNKNOWN : NOON;
        lease.to_ms = lease.to_edge == EDGE_OPEN ? TIME_UNKNOWN : NOON + 1;
        memset(lease.subscriber, 'a' + (int)draw(26), 1 + draw(SUBSCRIBER_MAX - 1));
        return lease;
}

static struct coverage_span draw_span(void)
{
        struct coverage_span span = {.from = NOON - (int64_t)draw(1000),
                .to = NOON + (int64_t)draw(1000),
                .stream = (uint32_t)draw(UINT32_MAX),
                .sequence_from = (uint32_t)draw(UINT32_MAX),
                .sequence_to = (uint32_t)draw(UINT32_MAX),
                .delay_ms = (int32_t)draw(INT32_MAX),
                .offset_min_ms = -(int32_t)draw(100000),
                .offset_max_ms = (int32_t)draw(100000),
                .exporter = (uint16_t)draw(100),
                .flags = (uint8_t)draw(64)};

        if (draw(3) == 0)
                span.offset_min_ms = span.offset_max_ms = OFFSET_UNKNOWN;
        return span;
}

/* One drawn frame is written, and what it says is noted as if it had been read. */
static void write_one(struct relay_writer *writer, struct relay_sink *expected, uint64_t *sequence)
{
        struct told *told = expected->context;
        uint64_t kind = draw(20);

        if (kind == 0) {
                struct lease_event lease = draw_lease();
                uint16_t exporter = (uint16_t)draw(100);
                assert_int_equal(relay_write_lease(writer, exporter, &lease), 0);
                take_lease(told, exporter, &lease);
        } else if (kind == 1) {
                struct coverage_span span = draw_span();
                assert_int_equal(relay_write_span(writer, &span), 0);
                take_span(told, &span);
        } else if (kind == 2) {
                struct coverage_gap gap = {NOON, NOON + (int64_t)draw(1000), (uint32_t)draw(UINT32_MAX),
                        (uint32_t)draw(UINT32_MAX), (uint16_t)draw(100), (uint8_t)draw(GAP_REASON_COUNT)};
                assert_int_equal(relay_write_gap(writer, &gap), 0);
                take_gap(told, &gap);
        } else if (kind == 3) {
                uint16_t realm = (uint16_t)draw(3);
                assert_int_equal(relay_write_torn(writer, realm), 0);
                take_torn(told, realm);
        } else if (kind == 4) {
                struct relay_mark mark = { *sequence += draw(1000),
                        draw(3) ? NOON + (int64_t)draw(1000) : TIME_UNKNOWN};
                assert_int_equal(relay_write_mark(writer, &mark), 0);
                take_mark(told, &mark);
        } else if (kind == 5) {
                static uint8_t counts[RELAY_COUNTS_MAX];
                size_t length = draw(4) ? draw(100) : RELAY_COUNTS_MAX;
                memset(counts, (int)draw(256), sizeof counts);
                assert_int_equal(relay_write_counts(writer, counts, length), 0);
                take_counts(told, counts, length);
        } else {
                for (uint64_t i = draw(100); i < 100; i++) {
                        struct nat_event event = draw_event();
                        assert_int_equal(relay_write_event(writer, &event), 0);
                        note_event(told, &event);
                }
        }
}

/* However the bytes are cut, what is read is what was written. */
static void test_all_that_is_written_is_read(void **state)
{
        (void)state;
        for (seed = 1; seed < 60; seed++) {
                struct told expected = {0}, told = {0};
                struct relay_sink sink = sink_of(&expected);
                struct relay_reader *reader = reader_of(RELAY_AT_STORE, &told);
                struct buffer out = buffer_make(WIDE), other = buffer_make(WIDE);
                struct relay_writer writer;
                uint64_t sequence = 0, first = seed;

                relay_writer_begin(&writer, &limits, &out);
                assert_int_equal(relay_write_hello(&writer, &hello), 0);
                take_hello(&expected, &hello);
                for (unsigned i = 0; i < 100; i++) {
                        if (i == 50) /* the first buffer is on its way while the other is filled */
                                relay_writer_turn(&writer, &other);
                        write_one(&writer, &sink, &sequence);
                }
                for (struct buffer *buffer = &out; buffer; buffer = buffer == &out ? &other : NULL)
                        for (size_t at = 0; at < buffer->length;) {
                                size_t piece = draw(3) ? draw(200000) : draw(20);
                                piece = piece < buffer->length - at ? piece : buffer->length - at;
                                assert_int_equal(
                                        relay_reader_feed(reader, buffer->bytes + at, piece, NULL), 0);
                                at += piece;
                        }
                assert_int_equal(relay_reader_part(reader), 0);
                assert_int_equal(told.bytes.length, expected.bytes.length);
                assert_memory_equal(told.bytes.bytes, expected.bytes.bytes, told.bytes.length);
                relay_reader_free(reader);
                buffer_free(&out);
                buffer_free(&other);
                buffer_free(&told.bytes);
                buffer_free(&expected.bytes);
                seed = first;
        }
}

static void test_what_the_store_says(void **state)
{
        struct told told = {0};
        struct relay_reader *reader = reader_of(RELAY_AT_COLLECTOR, &told);
        struct buffer out = buffer_make(WIDE);
        struct relay_writer writer;

        (void)state;
        relay_writer_begin(&writer, &limits, &out);
        assert_int_equal(relay_write_hello(&writer, &hello), 0);
        assert_int_equal(relay_write_released(&writer, 7), 0);
        assert_int_equal(relay_write_released(&writer, 7), 0);
        assert_int_equal(relay_write_counts(&writer, "abc", 3), 0);
        assert_int_equal(relay_write_stopping(&writer), 0);
        assert_int_equal(relay_reader_feed(reader, out.bytes, out.length, NULL), 0);
        assert_int_equal(told.calls[RELAY_RELEASED], 2);
        assert_int_equal(told.calls[RELAY_COUNTS], 1);
        assert_int_equal(told.calls[RELAY_STOPPING], 1);
        relay_reader_free(reader);
        buffer_free(&told.bytes);
        buffer_free(&out);
}

/* A common event takes no more than forty bytes, and a frame does not grow beyond its limit. */
static void test_how_much_it_takes(void **state)
{
        struct buffer out = buffer_make(WIDE);
        struct relay_writer writer;
        struct nat_event event = {.time_ms = NOON,
                .inside = address_from_ipv4(0x64400001),
                .destination = address_from_ipv4(0xc0000201),
                .outside = 0xcb007101,
                .vrf = 12,
                .session = 99,
                .port_first = 1024,
                .port_last = 1024,
                .flags = NAT_HAS_DESTINATION | NAT_HAS_INSIDE_PORT};

        (void)state;
        relay_writer_begin(&writer, &limits, &out);
        for (unsigned i = 0; i < 10000; i++)
                assert_int_equal(relay_write_event(&writer, &event), 0);
        assert_in_range(out.length, 400000, 400000 + 8 * 10);
        for (size_t at = 0; at < out.length;) {
                uint32_t length;
                memcpy(&length, out.bytes + at, sizeof length);
                assert_in_range(length, 8, RELAY_FRAME_MAX);
                at += length;
        }
        buffer_free(&out);
}

/* What the reader would refuse is not written. */
static void test_the_writer_refuses(void **state)
{
        struct buffer out = buffer_make(WIDE);
        struct relay_writer writer;
        const struct nat_event good = {.time_ms = NOON, .inside = address_from_ipv4(1)};
        struct nat_event bad[10];
        struct lease_event lease = {.subscriber = "anna"};

        (void)state;
        relay_writer_begin(&writer, &limits, &out);
        for (unsigned i = 0; i < 10; i++)
                bad[i] = good;
        bad[0].time_ms = -1;
        bad[1].time_ms = TIME_LIMIT;
        bad[2].exporter = 100;
        bad[3].kind = NAT_KIND_COUNT;
        bad[4].action = NAT_ACTION_COUNT;
        bad[5].flags = NAT_PLANNED;
        bad[6].flags = 1 << 7;
        bad[7].port_first = 1;
        bad[8].flags = NAT_INSIDE_UNKNOWN;
        bad[9].destination = address_from_ipv4(1);
        for (unsigned i = 0; i < 10; i++)
                assert_int_equal(relay_write_event(&writer, &bad[i]), -EINVAL);
        lease.from_edge = EDGE_OPEN;
        lease.from_ms = lease.to_ms = TIME_UNKNOWN;
        assert_int_equal(relay_write_lease(&writer, 100, &lease), -EINVAL);
        lease.prefix = (struct prefix){address_from_ipv4(1), 120};
        assert_int_equal(relay_write_lease(&writer, 1, &lease), -EINVAL);
        lease.prefix.length = 129;
        assert_int_equal(relay_write_lease(&writer, 1, &lease), -EINVAL);
        lease.prefix.length = 128;
        lease.to_ms = NOON;
        assert_int_equal(relay_write_lease(&writer, 1, &lease), -EINVAL);
        lease.to_ms = TIME_UNKNOWN;
        lease.subscriber[0] = '\0';
        assert_int_equal(relay_write_lease(&writer, 1, &lease), -EINVAL);
        memset(lease.subscriber, 'a', sizeof lease.subscriber);
        assert_int_equal(relay_write_lease(&writer, 1, &lease), -EINVAL);
        assert_int_equal(relay_write_span(&writer, &(struct coverage_span){.from = NOON, .to = NOON - 10001}),
                -EINVAL);
        assert_int_equal(
                relay_write_gap(&writer, &(struct coverage_gap){.reason = GAP_REASON_COUNT}), -EINVAL);
        assert_int_equal(relay_write_torn(&writer, 3), -EINVAL);
        assert_int_equal(relay_write_counts(&writer, NULL, RELAY_COUNTS_MAX + 1), -EINVAL);
        assert_int_equal(out.length, 0);
        assert_int_equal(relay_write_event(&writer, &good), 0);
        buffer_free(&out);
}

/* A buffer that is full says so, and holds whole frames only. */
static void test_a_full_buffer(void **state)
{
        struct told told = {0};
        struct relay_reader *reader = reader_of(RELAY_AT_STORE, &told);
        struct buffer out = buffer_make(1000);
        struct relay_writer writer;
        const struct nat_event event = {.time_ms = NOON, .inside = address_from_ipv4(1)};
        unsigned written = 0;

        (void)state;
        relay_writer_begin(&writer, &limits, &out);
        assert_int_equal(relay_write_hello(&writer, &hello), 0);
        while (relay_write_event(&writer, &event) == 0)
                written++;
        assert_int_equal(relay_write_event(&writer, &event), -EFBIG);
        assert_int_equal(relay_reader_feed(reader, out.bytes, out.length, NULL), 0);
        assert_int_equal(told.calls[RELAY_EVENTS], written);
        assert_int_equal(relay_reader_part(reader), 0);
        relay_reader_free(reader);
        buffer_free(&told.bytes);
        buffer_free(&out);
}

/* Reads a hello and then `out`, changed by the caller. */
static int read_changed(enum relay_side side, const struct buffer *out, struct error *error)
{
        struct told told = {0};
        struct relay_reader *reader = reader_of(side, &told);
        int r = relay_reader_feed(reader, out->bytes, out->length, error);

        if (r < 0) /* it stays so */
                assert_int_equal(relay_reader_feed(reader, "", 0, NULL), r);
        relay_reader_free(reader);
        buffer_free(&told.bytes);
        return r;
}

static void test_the_reader_refuses(void **state)
{
        struct buffer out = buffer_make(WIDE);
        struct relay_writer writer;
        struct error error = {0};
        const struct nat_event event = {.time_ms = NOON, .inside = address_from_ipv4(1), .exporter = 3};
        const struct relay_mark mark = {.sequence = 9, .receipt_ms = NOON};

        (void)state;
        relay_writer_begin(&writer, &limits, &out);
        assert_int_equal(relay_write_event(&writer, &event), 0);
        assert_int_equal(read_changed(RELAY_AT_STORE, &out, &error), -EPROTO); /* no hello */
        buffer_clear(&out);

        relay_writer_turn(&writer, &out);
        relay_write_hello(&writer, &hello);
        size_t at = out.length;
        relay_write_event(&writer, &event);
        assert_int_equal(read_changed(RELAY_AT_STORE, &out, &error), 0);
        assert_int_equal(read_changed(RELAY_AT_COLLECTOR, &out, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "EVENTS"));
        out.bytes[at + 8] = 200; /* exporter: the lowest bytes of the first word on this machine's order */
        assert_int_equal(read_changed(RELAY_AT_STORE, &out, &error),
                __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? -EBADMSG : 0);
        out.bytes[at + 5] = 1; /* behind the type */
        assert_int_equal(read_changed(RELAY_AT_STORE, &out, &error), -EBADMSG);
        uint32_t lengths[] = {0, 7, RELAY_FRAME_MAX + 1, UINT32_MAX};
        for (unsigned i = 0; i < 4; i++) {
                out.bytes[at + 5] = 0;
                memcpy(out.bytes + at, &lengths[i], 4);
                assert_int_equal(read_changed(RELAY_AT_STORE, &out, &error), -EBADMSG);
        }
        out.length = at;
        relay_writer_turn(&writer, &out);
        relay_write_mark(&writer, &mark);
        relay_write_mark(&writer, &(struct relay_mark){.sequence = 8, .receipt_ms = NOON});
        assert_int_equal(read_changed(RELAY_AT_STORE, &out, &error), -EBADMSG);
        out.length = at;
        relay_write_hello(&writer, &hello); /* twice */
        assert_int_equal(read_changed(RELAY_AT_STORE, &out, &error), -EBADMSG);
        out.length = at;
        out.bytes[8]++; /* another version */
        assert_int_equal(read_changed(RELAY_AT_STORE, &out, &error), -EPROTO);
        buffer_free(&out);
}

static void test_other_configurations(void **state)
{
        struct buffer out = buffer_make(WIDE);
        struct relay_writer writer;
        struct error error = {0};
        const struct relay_limits other = {.exporters = 101, .realms = 3};

        (void)state;
        relay_writer_begin(&writer, &other, &out);
        relay_write_hello(&writer, &hello);
        assert_int_equal(read_changed(RELAY_AT_STORE, &out, &error), -EPROTO);
        assert_non_null(strstr(error.text, "configuration"));
        buffer_free(&out);
}

static void test_rows_of_counts(void **state)
{
        static struct relay_exporter_counts rows[2000];
        struct relay_exporter_counts row;
        struct buffer packed = buffer_make(RELAY_COUNTS_MAX);
        enum relay_counts_kind kind;
        size_t sent = 0, count;

        (void)state;
        for (size_t i = 0; i < 2000; i++)
                rows[i].exporter = i;
        while (sent < 2000) {
                size_t some = relay_counts_pack(RELAY_COUNTS_EXPORTER, rows + sent, 2000 - sent, &packed);
                assert_true(some > 0);
                assert_int_equal(relay_counts_unpack(packed.bytes, packed.length, &kind, &count), 0);
                assert_int_equal(kind, RELAY_COUNTS_EXPORTER);
                assert_int_equal(count, some);
                relay_counts_row(packed.bytes, kind, some - 1, &row);
                sent += some;
                assert_int_equal(row.exporter, sent - 1);
        }
        assert_int_equal(relay_counts_unpack(packed.bytes, packed.length - 1, &kind, &count), -EBADMSG);
        assert_int_equal(relay_counts_unpack(packed.bytes, 7, &kind, &count), -EBADMSG);
        packed.bytes[0] = 99;
        assert_int_equal(relay_counts_unpack(packed.bytes, packed.length, &kind, &count), -EBADMSG);
        buffer_free(&packed);
}

/* What the sink answers ends the reading and is returned. */
static void test_a_sink_that_ends_it(void **state)
{
        struct told told = {.answer = -ECANCELED};
        struct relay_reader *reader = reader_of(RELAY_AT_STORE, &told);
        struct buffer out = buffer_make(WIDE);
        struct relay_writer writer;
        struct error error = {0};

        (void)state;
        relay_writer_begin(&writer, &limits, &out);
        relay_write_hello(&writer, &hello);
        relay_write_torn(&writer, 1);
        relay_write_torn(&writer, 2);
        assert_int_equal(relay_reader_feed(reader, out.bytes, out.length, &error), -ECANCELED);
        assert_int_equal(told.calls[RELAY_TORN], 1);
        relay_reader_free(reader);
        buffer_free(&told.bytes);
        buffer_free(&out);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_that_is_written_is_read),
                cmocka_unit_test(test_what_the_store_says),
                cmocka_unit_test(test_how_much_it_takes),
                cmocka_unit_test(test_the_writer_refuses),
                cmocka_unit_test(test_a_full_buffer),
                cmocka_unit_test(test_the_reader_refuses),
                cmocka_unit_test(test_other_configurations),
                cmocka_unit_test(test_rows_of_counts),
                cmocka_unit_test(test_a_sink_that_ends_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
