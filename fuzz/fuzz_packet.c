/* SPDX-License-Identifier: EUPL-1.2 */
/* Input: one byte that chooses the link type, then the packet. */
#include "wire/packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        static const int links[] = {PACKET_NULL, PACKET_ETHERNET, PACKET_RAW_BSD, PACKET_RAW_OPENBSD,
                PACKET_RAW, PACKET_LOOP, PACKET_SLL, PACKET_IPV4, PACKET_IPV6, PACKET_SLL2};
        struct packet packet;

        if (length == 0)
                return 0;
        int link = links[bytes[0] % (sizeof links / sizeof links[0])];
        enum packet_outcome outcome = packet_read(link, bytes + 1, length - 1, length - 1, &packet);
        if (outcome == PACKET_DAMAGED && !packet.complaint)
                abort();
        if (outcome == PACKET_UDP &&
                (packet.payload < bytes + 1 || packet.payload + packet.length > bytes + length))
                abort();
        return 0;
}
