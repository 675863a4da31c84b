/* SPDX-License-Identifier: EUPL-1.2 */
/* Input: one byte that chooses the link type, then the packet. */
#include "wire/packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        /* The first ten keep their places: the corpus chooses by them. */
        static const int links[] = {PACKET_NULL, PACKET_ETHERNET, PACKET_RAW_BSD, PACKET_RAW_OPENBSD,
                PACKET_RAW, PACKET_LOOP, PACKET_SLL, PACKET_IPV4, PACKET_IPV6, PACKET_SLL2, PACKET_PPP,
                PACKET_FDDI, PACKET_ATM_RFC1483, PACKET_PPP_HDLC, PACKET_PPPOE, PACKET_CISCO_HDLC,
                PACKET_WIRELESS, PACKET_FRAME_RELAY, PACKET_ENC, PACKET_PFLOG, PACKET_PRISM,
                PACKET_FIBRE_CHANNEL_IP, PACKET_RADIOTAP, PACKET_AVS, PACKET_PPP_PPPD, PACKET_PPP_DIRECTION,
                PACKET_CISCO_HDLC_DIRECTION, PACKET_MPLS, PACKET_NFLOG, PACKET_NETANALYZER};
        struct packet packet;

        if (length == 0)
                return 0;
        int link = links[bytes[0] % (sizeof links / sizeof links[0])];
        enum packet_outcome outcome = packet_read(link, bytes + 1, length - 1, length - 1, &packet);
        if (outcome == PACKET_DAMAGED && !packet.complaint)
                abort();
        bool has_payload = outcome == PACKET_UDP || outcome == PACKET_TCP || outcome == PACKET_FRAGMENT;
        if (has_payload && (packet.payload < bytes + 1 || packet.payload + packet.length > bytes + length))
                abort();
        return 0;
}
