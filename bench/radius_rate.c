/* SPDX-License-Identifier: EUPL-1.2 */
/* radius_rate [PACKETS]: how many Accounting-Requests per second of processor time the decoder takes, for an
 * access server's ordinary ones and for those of NATs that lend port ranges. Nothing is stored. */
#include "wire/radius.h"

#include "wire/radius_encoder_test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DIFFERENT 4096 /* packets made beforehand: more than fit into the nearest cache */

enum kind { KIND_ACCESS, KIND_WITHOUT_TIME, KIND_RFC8045, KIND_NOKIA, KIND_HUAWEI, KIND_COUNT };

static const char *const kind_names[KIND_COUNT] = {"access server, IPv4 and delegated prefix",
        "the same without Event-Timestamp", "RFC 8045 port range", "Nokia, two port ranges",
        "Huawei port range"};

static void make(struct radius_packet *packet, enum kind kind, unsigned number)
{
        char text[64];

        packet_begin(packet, 4, (uint8_t)number);
        put_number(packet, 40, 1 + number % 2);
        snprintf(text, sizeof text, "customer-%u@example.net", number);
        put_text(packet, 1, text);
        put_address(packet, 4, "192.0.2.1");
        put_text(packet, 32, "bng1.example.net");
        put_number(packet, 5, number);
        put_number(packet, 6, 2);
        put_number(packet, 7, 1);
        snprintf(text, sizeof text, "100.64.%u.%u", number >> 8 & 255, number & 255);
        put_address(packet, 8, text);
        snprintf(text, sizeof text, "2001:db8:%x::/56", number & 0xffff);
        put_prefix(packet, 123, text);
        put_text(packet, 31, "02-00-5e-10-00-01");
        put_text(packet, 87, "xe-0/0/1:100-200");
        snprintf(text, sizeof text, "%016x", number);
        put_text(packet, 44, text);
        if (kind != KIND_WITHOUT_TIME)
                put_number(packet, 55, 1795226354u + number);
        for (uint8_t counter = 42; counter <= 48; counter++)
                if (counter != 44 && counter != 45)
                        put_number(packet, counter, number);
        put_number(packet, 41, 0);
        if (kind == KIND_RFC8045)
                put_port_range(packet, 0xc6336400 + (number & 255), 1024, 2047, 0, 1 + number % 2);
        snprintf(text, sizeof text, "198.51.100.%u 1024-2047 router base", number & 255);
        for (unsigned i = 0; i < 2 && kind == KIND_NOKIA; i++)
                put_vendor_text(packet, 6527, 121, text);
        if (kind == KIND_HUAWEI) {
                put_vendor_address(packet, 2011, 161, "198.51.100.7");
                put_vendor_number(packet, 2011, 162, 1024);
                put_vendor_number(packet, 2011, 163, 2047);
        }
}

static uint64_t delivered;

static int take_event(void *context, const struct nat_event *event)
{
        (void)context;
        delivered += event->port_first > 0;
        return 0;
}

static int take_lease(void *context, const struct lease_event *event)
{
        (void)context;
        delivered += event->prefix.length > 0;
        return 0;
}

static void measure(enum kind kind, const struct radius_packet *packets, uint64_t count)
{
        struct decode_sink sink = {.event = take_event, .lease = take_lease};
        struct radius_exporter exporter = {.number = 1, .loss_reported = true};
        struct radius_decoder *decoder;
        struct coverage heard = {0};

        if (radius_decoder_new(&decoder) < 0)
                exit(1);
        delivered = 0;
        clock_t begun = clock();
        for (uint64_t i = 0; i < count; i++) {
                const struct radius_packet *packet = &packets[i % DIFFERENT];
                int64_t now = (INT64_C(1795226354) + (int64_t)(i % DIFFERENT)) * 1000;
                if (radius_decode(decoder, &exporter, now, packet->bytes, packet->length, &sink) < 0)
                        exit(1);
        }
        double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
        printf("%-42s %5zu bytes %7.2f M packets/s %6.0f ns (%" PRIu64 " delivered)\n", kind_names[kind],
                packets[0].length, (double)count / seconds / 1e6, seconds * 1e9 / (double)count, delivered);
        if (radius_decoder_finish(decoder, &heard) < 0)
                exit(1);
        coverage_free(&heard);
        radius_decoder_free(decoder);
}

int main(int argc, char **argv)
{
        uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000000;
        struct radius_packet *packets = malloc(DIFFERENT * sizeof *packets);

        if (!packets)
                return 1;
        for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
                for (unsigned i = 0; i < DIFFERENT; i++)
                        make(&packets[i], (enum kind)kind, i);
                measure((enum kind)kind, packets, count);
        }
        free(packets);
        return 0;
}
