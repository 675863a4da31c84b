/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_PACKET_H
#define ROGATORY_WIRE_PACKET_H

/* From a captured packet to the UDP payload in it. Pure. */

#include "base/address.h"
#include "wire/flow.h"

#include <stddef.h>
#include <stdint.h>

/* Link types of the pcap format that are understood (the registry's LINKTYPE numbers). */
enum packet_link {
        PACKET_NULL = 0, /* BSD loopback: a family in the host order of the machine that captured */
        PACKET_ETHERNET = 1,
        PACKET_RAW_BSD = 12, /* what some systems write for raw IP */
        PACKET_RAW_OPENBSD = 14,
        PACKET_RAW = 101,
        PACKET_LOOP = 108, /* OpenBSD loopback: a family in network order */
        PACKET_SLL = 113,  /* Linux cooked */
        PACKET_IPV4 = 228,
        PACKET_IPV6 = 229,
        PACKET_SLL2 = 276,
};

#define PACKET_VLAN_TAGS_MAX 4
#define PACKET_IPV6_EXTENSIONS_MAX 16

enum packet_outcome {
        PACKET_UDP,
        PACKET_OTHER,   /* sound, but not UDP over IP */
        PACKET_DAMAGED, /* cut short, a fragment, or contradicting itself: REFUSAL_DAMAGED_PACKET */
};

struct packet {
        struct address source, destination;
        uint16_t source_port, destination_port; /* host order */
        const uint8_t *payload;                 /* borrowed from the packet's bytes */
        size_t length;
        const char *complaint; /* a sentence part where damaged */
};

bool packet_link_known(int link);

/* bytes: what was captured (`captured` bytes of a packet that had `original` on the wire). */
enum packet_outcome packet_read(
        int link, const void *bytes, size_t captured, size_t original, struct packet *ret_packet);

#endif
