/* SPDX-License-Identifier: EUPL-1.2 */
/* Input: one byte that chooses the dialect (2: none is set), then messages, each behind its length (two
 * bytes, big endian). */
#include "nat/coverage.h"
#include "wire/flow_state.h"

#include <stddef.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

struct tally {
        uint64_t events, refused, sum; /* sum: of everything that was said, in its order */
        struct lease_event lease;      /* the last, whose NAT event comes next */
        bool has_lease;
};

#define REQUIRE(condition)                                                                                   \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        abort();                                                                             \
        } while (0)

static void add(struct tally *tally, const void *bytes, size_t length)
{
        const uint8_t *at = bytes;

        for (size_t i = 0; i < length; i++)
                tally->sum = (tally->sum ^ at[i]) * UINT64_C(0x100000001b3);
}

static int on_event(void *context, const struct nat_event *event)
{
        struct tally *tally = context;

        tally->events++;
        add(tally, event, offsetof(struct nat_event, flags) + 1);
        REQUIRE(event->exporter == 7);
        REQUIRE(event->port_first <= event->port_last);
        REQUIRE(event->outside != 0);
        REQUIRE(event->kind < NAT_KIND_COUNT && event->action < NAT_ACTION_COUNT);
        REQUIRE(event->time_ms > 0 && event->time_ms < TIME_LIMIT);
        REQUIRE(((event->flags & NAT_INSIDE_UNKNOWN) != 0) == address_is_none(&event->inside));
        /* A host that only a name stands for has just been given it. */
        REQUIRE(address_is_named(&event->inside) == tally->has_lease);
        if (tally->has_lease) {
                REQUIRE(address_compare(&tally->lease.prefix.address, &event->inside) == 0);
                REQUIRE(tally->lease.from_ms == event->time_ms && tally->lease.vrf == event->vrf);
        }
        tally->has_lease = false;
        return 0;
}

static int on_lease(void *context, const struct lease_event *event)
{
        struct tally *tally = context;

        REQUIRE(!tally->has_lease && event->prefix.length == 128 && event->session != 0);
        REQUIRE(event->subscriber[0] != '\0' && memchr(event->subscriber, '\0', SUBSCRIBER_MAX) != NULL);
        tally->lease = *event;
        tally->has_lease = true;
        return 0;
}

static void on_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        struct tally *tally = context;

        tally->refused++;
        add(tally, &offset, sizeof offset);
        add(tally, detail, strlen(detail));
        REQUIRE(refusal < REFUSAL_COUNT && detail[0] != '\0' && refusal_name(refusal)[0] != '\0');
}

static int on_record(void *context, const struct flow_record *record)
{
        unsigned *sum = context;

        for (size_t i = 0; i < record->field_count; i++)
                for (size_t k = 0; k < record->fields[i].length; k++)
                        *sum += record->fields[i].bytes[k];
        return 0;
}

static void check_counts(const struct flow_decoder *decoder, const struct tally *tally)
{
        struct flow_counts counts = flow_decoder_counts(decoder, 7);
        uint64_t refused = 0;

        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                refused += counts.refused[i];
        REQUIRE(counts.events == tally->events);
        REQUIRE(refused == tally->refused);
}

static void check_coverage(struct coverage *coverage)
{
        for (size_t i = 0; i < coverage->gap_count; i++)
                REQUIRE(coverage->gaps[i].from <= coverage->gaps[i].to);
        coverage_normalise(coverage, 60000);
        coverage_free(coverage);
}

static const struct dialect *choose_dialect(uint8_t byte)
{
        size_t count, number = byte & 0x7f;
        const struct dialect *table = dialect_table(&count);

        return number == 2 ? NULL : &table[(number < 2 ? number : number - 1) % count];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct flow_exporter exporter = {.number = 7, .delay_ms = 1000};
        struct tally tally = {0}, judged = {0};
        const struct decode_sink sink = {
                .context = &tally, .event = on_event, .lease = on_lease, .refused = on_refused};
        const struct decode_sink judged_sink = {
                .context = &judged, .event = on_event, .lease = on_lease, .refused = on_refused};
        struct flow_decoder *decoder, *walker, *judging; /* the last one takes no short way */
        struct coverage coverage = {0};
        unsigned sum = 0;

        if (length == 0 || flow_decoder_new(&decoder) < 0)
                return 0;
        if (flow_decoder_new(&walker) < 0) {
                flow_decoder_free(decoder);
                return 0;
        }
        if (flow_decoder_new(&judging) < 0) {
                flow_decoder_free(decoder);
                flow_decoder_free(walker);
                return 0;
        }
        judging->judges_all = true;
        exporter.dialect = choose_dialect(bytes[0]);
        exporter.restart_keeps = bytes[0] & 0x80;
        for (size_t at = 1; at + 2 <= length;) {
                size_t size = (size_t)bytes[at] << 8 | bytes[at + 1], whole;
                at += 2;
                if (size > length - at)
                        size = length - at;
                REQUIRE(flow_decode(decoder, &exporter, TIME_UNKNOWN, bytes + at, size, &sink) == 0);
                REQUIRE(flow_decode(judging, &exporter, TIME_UNKNOWN, bytes + at, size, &judged_sink) == 0);
                REQUIRE(tally.sum == judged.sum && tally.events == judged.events);
                REQUIRE(flow_walk(walker, 7, bytes + at, size, on_record, &sum) == 0);
                if (flow_message_length(bytes + at, size, &whole, NULL) == 0)
                        REQUIRE(whole > 0 && whole <= size);
                at += size;
        }
        REQUIRE(flow_decoder_finish(decoder, &sink, &coverage) == 0);
        check_counts(decoder, &tally);
        check_coverage(&coverage);
        flow_decoder_free(decoder);
        flow_decoder_free(walker);
        flow_decoder_free(judging);
        return 0;
}
