/* SPDX-License-Identifier: EUPL-1.2 */
/* The first byte chooses the side, the second the size of the pieces in which the bytes come. However they
 * come, the same is read; and all that is read may be written again, and is read the same. */
#include "base/checksum.h"
#include "relay/relay.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const struct relay_limits limits = {.exporters = 1000, .realms = 10};

static void check(bool holds)
{
        if (!holds)
                abort();
}

struct told {
        uint64_t digest;
        size_t calls;
        struct relay_writer *writer; /* NULL: does not write again */
        struct buffer event;         /* one event by itself */
};

static void note(struct told *told, enum relay_type type, const void *bytes, size_t length)
{
        told->digest = told->digest * 31 + (uint64_t)type + checksum(bytes, length);
        told->calls++;
}

static int take_hello(void *context, const struct relay_hello *hello)
{
        struct told *told = context;

        note(told, RELAY_HELLO, hello->configuration, sizeof hello->configuration);
        check(!told->writer || relay_write_hello(told->writer, hello) == 0);
        return 0;
}

static int take_events(void *context, const struct nat_event *events, size_t count)
{
        struct told *told = context;

        check(count > 0 && count <= RELAY_BATCH);
        for (size_t i = 0; i < count; i++) {
                struct relay_writer alone;
                buffer_clear(&told->event);
                relay_writer_begin(&alone, &limits, &told->event);
                check(relay_write_event(&alone, &events[i]) == 0);
                note(told, RELAY_EVENTS, told->event.bytes, told->event.length);
                check(!told->writer || relay_write_event(told->writer, &events[i]) == 0);
        }
        return 0;
}

static int take_lease(void *context, uint16_t exporter, const struct lease_event *lease)
{
        struct told *told = context;

        check(lease->subscriber[0]);
        note(told, RELAY_LEASE, lease->subscriber, strlen(lease->subscriber));
        note(told, RELAY_LEASE, &lease->from_ms, sizeof lease->from_ms);
        check(!told->writer || relay_write_lease(told->writer, exporter, lease) == 0);
        return 0;
}

static int take_span(void *context, const struct coverage_span *span)
{
        struct told *told = context;

        note(told, RELAY_SPAN, &span->from, sizeof span->from);
        note(told, RELAY_SPAN, &span->delay_ms, sizeof span->delay_ms);
        check(!told->writer || relay_write_span(told->writer, span) == 0);
        return 0;
}

static int take_gap(void *context, const struct coverage_gap *gap)
{
        struct told *told = context;

        note(told, RELAY_GAP, &gap->from, sizeof gap->from);
        note(told, RELAY_GAP, &gap->reason, sizeof gap->reason);
        check(!told->writer || relay_write_gap(told->writer, gap) == 0);
        return 0;
}

static int take_torn(void *context, uint16_t realm)
{
        struct told *told = context;

        note(told, RELAY_TORN, &realm, sizeof realm);
        check(!told->writer || relay_write_torn(told->writer, realm) == 0);
        return 0;
}

static int take_mark(void *context, const struct relay_mark *mark)
{
        struct told *told = context;

        note(told, RELAY_MARK, mark, sizeof *mark);
        check(!told->writer || relay_write_mark(told->writer, mark) == 0);
        return 0;
}

static int take_counts(void *context, const void *bytes, size_t length)
{
        struct told *told = context;

        note(told, RELAY_COUNTS, bytes, length);
        check(!told->writer || relay_write_counts(told->writer, bytes, length) == 0);
        return 0;
}

static int take_released(void *context, uint64_t sequence)
{
        struct told *told = context;

        note(told, RELAY_RELEASED, &sequence, sizeof sequence);
        check(!told->writer || relay_write_released(told->writer, sequence) == 0);
        return 0;
}

static int take_stopping(void *context)
{
        struct told *told = context;

        note(told, RELAY_STOPPING, "", 0);
        check(!told->writer || relay_write_stopping(told->writer) == 0);
        return 0;
}

static struct told read_all(enum relay_side side, const uint8_t *head, size_t head_length,
        const uint8_t *bytes, size_t length, size_t piece, struct relay_writer *writer)
{
        struct told told = {.writer = writer, .event = buffer_make(4096)};
        const struct relay_sink sink = {&told, take_hello, take_events, take_lease, take_span, take_gap,
                take_torn, take_mark, take_counts, take_released, take_stopping};
        struct relay_reader *reader;
        struct error error = {0};
        int r = 0;

        check(relay_reader_new(side, &limits, &sink, &reader) == 0);
        if (head_length)
                check(relay_reader_feed(reader, head, head_length, &error) == 0);
        for (size_t at = 0; at < length && r == 0; at += piece)
                r = relay_reader_feed(reader, bytes + at, piece < length - at ? piece : length - at, &error);
        check(r == 0 || (r == error.code && error.text[0]));
        check(relay_reader_part(reader) < RELAY_FRAME_MAX);
        relay_reader_free(reader);
        buffer_free(&told.event);
        return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        static const struct relay_hello hello = {.configuration = {1}};
        struct buffer head = buffer_make(4096), again = buffer_make(SIZE_MAX);
        struct relay_writer writer;

        if (length < 2)
                return 0;
        enum relay_side side = bytes[0] & 1 ? RELAY_AT_STORE : RELAY_AT_COLLECTOR;
        relay_writer_begin(&writer, &limits, &head);
        if (!(bytes[0] & 2))
                check(relay_write_hello(&writer, &hello) == 0);
        relay_writer_begin(&writer, &limits, &again);
        struct told whole = read_all(side, head.bytes, head.length, bytes + 2, length - 2, length, &writer);
        struct told pieces =
                read_all(side, head.bytes, head.length, bytes + 2, length - 2, 1u + bytes[1], NULL);
        check(whole.calls == pieces.calls && whole.digest == pieces.digest);
        struct told second = read_all(side, NULL, 0, again.bytes, again.length, SIZE_MAX / 2, NULL);
        check(whole.calls == second.calls && whole.digest == second.digest);
        buffer_free(&head);
        buffer_free(&again);
        return 0;
}
