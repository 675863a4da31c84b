/* SPDX-License-Identifier: EUPL-1.2 */
/* Input: packets of one capture, each behind four bytes: milliseconds since the one before it (in steps of
 * 16), bytes of the end that were not captured, and its length (big endian). The first bit of the first byte
 * says raw IP, otherwise Ethernet. */
#include "wire/packet_reader.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static volatile unsigned sum;

static int datagram(void *context, const struct packet *packet)
{
        (void)context;
        for (size_t i = 0; i < packet->length; i++) /* every byte may be read */
                sum += packet->payload[i];
        return 0;
}

static void other(void *context)
{
        (void)context;
}

static void damaged(void *context, uint64_t number, const char *complaint)
{
        (void)context;
        if (number == 0 || !complaint)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        static const struct packet_sink sink = {.datagram = datagram, .other = other, .damaged = damaged};
        struct packet_reader *reader;
        int64_t time_ms = 0;
        uint64_t number = 0;

        if (packet_reader_new(&reader) < 0)
                return 0;
        while (length >= 4) {
                size_t size = (size_t)bytes[2] << 8 | bytes[3];
                int link = bytes[0] & 1 ? PACKET_RAW : PACKET_ETHERNET;
                time_ms += (bytes[0] >> 1) * 16;
                size_t cut = bytes[1];
                bytes += 4, length -= 4;
                if (size > length)
                        size = length;
                /* A copy of its own, so that a read behind it is seen. */
                uint8_t *packet = malloc(size ? size : 1);
                if (!packet)
                        break;
                memcpy(packet, bytes, size);
                packet_reader_take(reader, link, packet, size, size + cut, time_ms, ++number, &sink);
                free(packet);
                bytes += size, length -= size;
        }
        packet_reader_finish(reader, &sink);
        packet_reader_free(reader);
        return 0;
}
