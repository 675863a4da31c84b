/* SPDX-License-Identifier: EUPL-1.2 */
/* The first byte says whether ends are told; then come datagrams, each behind its length in two bytes.
 * Whatever they hold, each message is counted once and what is delivered keeps its promises. */
#include "wire/conntrack_netlink.h"

#include "base/time.h"

#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1795226354123)
#define DATAGRAMS_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds)
{
        if (!holds)
                abort();
}

static int take_event(void *context, const struct nat_event *event)
{
        (*(uint64_t *)context)++;
        check(event->kind == NAT_SESSION && event->outside != 0 && !address_is_none(&event->inside));
        check(event->port_first == event->port_last || !nat_protocol_has_port(event->protocol));
        check(event->time_ms >= NOW - TIME_DAY && event->time_ms <= NOW + DATAGRAMS_MOST * TIME_SECOND);
        check(event->action < NAT_ACTION_COUNT && event->exporter == 1);
        return 0;
}

static void take_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        (void)context;
        (void)offset;
        check(refusal < REFUSAL_COUNT && strlen(detail) > 8);
}

static void check_counts(const struct conntrack_decoder *decoder, uint64_t delivered)
{
        struct conntrack_counts counts = conntrack_decoder_counts(decoder);
        uint64_t sum = counts.used + counts.not_nat + counts.existing + counts.gone + counts.other +
                       counts.reported_losses;

        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                sum += counts.refused[i];
        check(counts.messages == sum && counts.used == delivered && counts.alive <= counts.used);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        uint64_t delivered = 0;
        const struct decode_sink sink = {.context = &delivered, .event = take_event, .refused = take_refused};
        struct conntrack_decoder *decoder;
        struct coverage heard = {0};
        size_t at = 1;

        if (length == 0 || conntrack_decoder_new(
                                   &(struct conntrack_options){.exporter = 1, .ends_are_told = bytes[0] & 1},
                                   &decoder) < 0)
                return 0;
        for (int64_t i = 0; i < DATAGRAMS_MOST && at + 2 <= length; i++) {
                size_t size = (size_t)bytes[at] << 8 | bytes[at + 1];
                at += 2;
                size = size > length - at ? length - at : size;
                uint8_t *exact = malloc(size ? size : 1);
                if (!exact)
                        break;
                memcpy(exact, bytes + at, size);
                check(conntrack_decode(decoder, NOW + i * TIME_SECOND, exact, size, &sink) == 0);
                free(exact);
                at += size;
        }
        check_counts(decoder, delivered);
        check(conntrack_decoder_finish(decoder, &heard) == 0);
        coverage_free(&heard);
        conntrack_decoder_free(decoder);
        return 0;
}
