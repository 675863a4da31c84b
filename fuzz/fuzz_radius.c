/* SPDX-License-Identifier: EUPL-1.2 */
/* The first byte chooses what is known beside the packets; then come packets, each behind its length in two
 * bytes. Whatever they hold, each is counted once and what is delivered keeps its promises. */
#include "wire/radius.h"

#include "base/time.h"

#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1795226354123)
#define PACKETS_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds)
{
        if (!holds)
                abort();
}

static int take_event(void *context, const struct nat_event *event)
{
        (*(uint64_t *)context)++;
        check(event->port_first <= event->port_last && event->outside != 0);
        check(event->time_ms >= TIME_FIRST && event->time_ms < TIME_LIMIT + TIME_SECOND);
        check(event->kind == NAT_BLOCK ||
                (event->kind == NAT_MAPPING && event->port_first == event->port_last));
        check(event->action < NAT_ACTION_COUNT && event->exporter < 2);
        check(address_is_none(&event->inside) == ((event->flags & NAT_INSIDE_UNKNOWN) != 0));
        return 0;
}

static int take_lease(void *context, const struct lease_event *lease)
{
        (*(uint64_t *)context)++;
        check(lease->subscriber[0] && memchr(lease->subscriber, '\0', SUBSCRIBER_MAX));
        check((lease->from_edge == EDGE_OPEN) == (lease->from_ms == TIME_UNKNOWN));
        check((lease->to_edge == EDGE_OPEN) == (lease->to_ms == TIME_UNKNOWN));
        check(lease->prefix.length > 0 && lease->prefix.length <= 128);
        return 0;
}

static void take_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        (void)context;
        (void)offset;
        check(refusal < REFUSAL_COUNT && strlen(detail) > 8);
}

static void check_counts(const struct radius_decoder *decoder, uint64_t packets, uint64_t delivered)
{
        struct radius_counts counts = radius_decoder_counts(decoder);
        uint64_t sum = counts.used + counts.nothing + counts.restarts + counts.other;

        /* What was left out of a record that was used otherwise is refused too. */
        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                sum += counts.refused[i];
        check(counts.packets == packets && sum >= packets && sum <= packets + counts.used);
        check(counts.leases + counts.events == delivered);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        uint64_t delivered = 0, packets = 0;
        struct decode_sink sink = {
                .context = &delivered, .event = take_event, .lease = take_lease, .refused = take_refused};
        struct radius_decoder *decoder;
        struct coverage heard = {0};

        if (length == 0 || radius_decoder_new(&decoder) < 0)
                return 0;
        uint8_t known = bytes[0];
        bytes++;
        length--;
        while (length >= 2 && packets < PACKETS_MOST) {
                size_t size = (size_t)bytes[0] << 8 | bytes[1];
                size = size > length - 2 ? length - 2 : size;
                struct radius_exporter exporter = {
                        .number = (uint16_t)(packets & known & 1), .loss_reported = known & 2};
                int64_t receipt =
                        known & 4 ? TIME_UNKNOWN : NOW + (int64_t)packets * (known >> 3) * TIME_SECOND;
                radius_is_request(bytes + 2, size);
                if (radius_decode(decoder, &exporter, receipt, bytes + 2, size, &sink) < 0)
                        break;
                packets++;
                check_counts(decoder, packets, delivered);
                bytes += 2 + size;
                length -= 2 + size;
        }
        if (radius_decoder_finish(decoder, &heard) == 0)
                for (size_t i = 0; i < heard.span_count; i++)
                        check(heard.spans[i].from <= heard.spans[i].to);
        coverage_free(&heard);
        radius_decoder_free(decoder);
        return 0;
}
