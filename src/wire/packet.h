/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_PACKET_H
#define ROGATORY_WIRE_PACKET_H

/* From a captured packet to what it carries, through the layers that stand between: link headers, VLAN tags,
 * MPLS labels, PPPoE, and the tunnels in which operators mirror and carry their traffic. One packet at a
 * time; pieces are put together by fragment.h and stream.h. Pure. */

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Link types through which IP can be reached (the registry's LINKTYPE numbers). */
enum packet_link {
        PACKET_NULL = 0, /* BSD loopback: a family in the host order of the machine that captured */
        PACKET_ETHERNET = 1,
        PACKET_PPP = 9,
        PACKET_FDDI = 10,
        PACKET_ATM_RFC1483 = 11, /* LLC and SNAP, as RFC 2684 section 5 */
        PACKET_RAW_BSD = 12,     /* what some systems write for raw IP */
        PACKET_RAW_OPENBSD = 14,
        PACKET_PPP_HDLC = 50, /* PPP in HDLC-like framing (RFC 1662), or Cisco's HDLC */
        PACKET_PPPOE = 51,
        PACKET_RAW = 101,
        PACKET_CISCO_HDLC = 104,
        PACKET_WIRELESS = 105, /* IEEE 802.11 */
        PACKET_FRAME_RELAY = 107,
        PACKET_LOOP = 108, /* OpenBSD loopback: a family in network order */
        PACKET_ENC = 109,  /* OpenBSD IPsec */
        PACKET_SLL = 113,  /* Linux cooked */
        PACKET_PFLOG = 117,
        PACKET_PRISM = 119,            /* 802.11 behind a Prism header */
        PACKET_FIBRE_CHANNEL_IP = 122, /* RFC 2625 */
        PACKET_RADIOTAP = 127,         /* 802.11 behind radiotap */
        PACKET_AVS = 163,              /* 802.11 behind an AVS header */
        PACKET_PPP_PPPD = 166,
        PACKET_PPP_DIRECTION = 204,
        PACKET_CISCO_HDLC_DIRECTION = 205,
        PACKET_MPLS = 219,
        PACKET_IPV4 = 228,
        PACKET_IPV6 = 229,
        PACKET_NFLOG = 239,
        PACKET_NETANALYZER = 240,
        PACKET_SLL2 = 276,
};

/* Named limits of one packet. */
#define PACKET_VLAN_TAGS_MAX 4
#define PACKET_LABELS_MAX 16 /* MPLS */
#define PACKET_IPV6_EXTENSIONS_MAX 16
#define PACKET_TUNNELS_MAX 6 /* headers that carry another packet, one within the other */
#define PACKET_NFLOG_FIELDS_MAX 64

enum packet_outcome {
        PACKET_UDP,
        PACKET_TCP,
        PACKET_FRAGMENT, /* a piece of an IP packet whose protocol could lead to UDP or TCP */
        PACKET_OTHER,    /* sound, but neither */
        PACKET_DAMAGED,  /* cut short or contradicting itself: REFUSAL_DAMAGED_PACKET */
};

enum packet_tcp_flag { PACKET_FIN = 1, PACKET_SYN = 2, PACKET_RST = 4 };

struct packet {
        struct address source, destination;     /* of the innermost IP header */
        uint16_t source_port, destination_port; /* host order; 0 in fragments */
        const uint8_t *payload;                 /* borrowed from the packet's bytes */
        size_t length;
        const char *complaint; /* a sentence part where damaged */
        uint8_t version;       /* 4 or 6 */
        uint8_t protocol;      /* of the innermost IP header */
        uint8_t tunnels;       /* how many carry it */
        /* TCP */
        uint32_t sequence;
        uint8_t flags; /* enum packet_tcp_flag */
        size_t cut;    /* bytes of the segment that were not captured */
        /* Fragments */
        uint32_t identification;
        uint32_t offset; /* bytes */
        bool more;       /* more fragments follow */
};

bool packet_link_known(int link);

/* bytes: what was captured (`captured` bytes of a packet that had `original` on the wire). */
enum packet_outcome packet_read(
        int link, const void *bytes, size_t captured, size_t original, struct packet *ret_packet);

/* The same for what fragment.h put together: goes on behind the IP header of `whole`, whose payload holds all
 * pieces. whole and ret_packet may be the same. */
enum packet_outcome packet_read_on(const struct packet *whole, struct packet *ret_packet);

#endif
