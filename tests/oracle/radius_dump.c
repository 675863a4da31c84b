/* SPDX-License-Identifier: EUPL-1.2 */
/* radius_dump: reads Accounting-Requests from standard input, each behind its length in two bytes, and prints
 * what the decoder delivers of each as one line: leases and port ranges, or the refusal. Receipt: 1700000000
 * for all. */
#include "wire/radius.h"

#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>

#define RECEIPT INT64_C(1700000000000)

static int print_event(void *context, const struct nat_event *event)
{
        char inside[ADDRESS_TEXT_MAX], outside[ADDRESS_TEXT_MAX];
        struct address address = address_from_ipv4(event->outside);

        (void)context;
        printf(" range|%s|%s|%u|%u|%u|%u|%" PRId64, address_format(&event->inside, inside),
                address_format(&address, outside), event->port_first, event->port_last, event->protocol,
                event->action, event->time_ms);
        return 0;
}

static int print_lease(void *context, const struct lease_event *lease)
{
        char prefix[ADDRESS_TEXT_MAX];
        bool begun = lease->from_edge == EDGE_OBSERVED, alive = lease->from_edge == EDGE_INTERIM;

        (void)context;
        printf(" lease|%s|%s|%s|%" PRId64, prefix_format(&lease->prefix, prefix), lease->subscriber,
                begun   ? "start"
                : alive ? "interim"
                        : "stop",
                begun || alive ? lease->from_ms : lease->to_ms - 999);
        return 0;
}

static void print_refusal(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        (void)context;
        (void)offset;
        (void)detail;
        printf(" refused|%s", refusal_name(refusal));
}

int main(void)
{
        struct decode_sink sink = {.event = print_event, .lease = print_lease, .refused = print_refusal};
        struct radius_exporter exporter = {.number = 0};
        struct radius_decoder *decoder;
        uint8_t head[2], bytes[65535];

        if (radius_decoder_new(&decoder) < 0)
                return 1;
        while (fread(head, 1, 2, stdin) == 2) {
                size_t length = (size_t)head[0] << 8 | head[1];
                if (fread(bytes, 1, length, stdin) != length ||
                        radius_decode(decoder, &exporter, RECEIPT, bytes, length, &sink) < 0)
                        return 1;
                printf("\n");
        }
        radius_decoder_free(decoder);
        return 0;
}
