/* SPDX-License-Identifier: EUPL-1.2 */
/* What carries a packet within a packet: MPLS, PPPoE, GRE with all that is mirrored in it, VXLAN. */
#include "wire/packet_walk.h"

#define PORT_VXLAN 4789

/* RFC 3032 section 2.1. What stands behind the labels no header says: the first nibble tells IP (4, 6) from
 * the control word of a pseudowire (0; RFC 4385 section 3), behind which Ethernet is the usual. */
enum packet_outcome packet_mpls(struct cursor *cursor, struct packet *packet)
{
        bool bottom = false;

        for (int labels = 0; !bottom && labels < PACKET_LABELS_MAX; labels++)
                bottom = cursor_be32(cursor) & 0x100 || cursor->overrun;
        if (cursor->overrun)
                return packet_damaged(packet, "cut within its MPLS labels");
        if (!bottom)
                return packet_damaged(packet, "it has more MPLS labels than anybody stacks");
        if (cursor_left(cursor) == 0)
                return PACKET_OTHER;
        switch (cursor->at[0] >> 4) {
        case 4:
        case 6:
                return packet_by_nibble(cursor, packet);
        case 0:
                cursor_skip(cursor, 4);
                return packet_ethernet(cursor, packet);
        default:
                return PACKET_OTHER;
        }
}

/* RFC 2516 section 4; only sessions carry packets. */
enum packet_outcome packet_pppoe(struct cursor *cursor, struct packet *packet)
{
        uint8_t version_type = cursor_u8(cursor), code = cursor_u8(cursor);

        cursor_skip(cursor, 2);
        size_t length = cursor_be16(cursor);
        if (cursor->overrun)
                return packet_damaged(packet, "cut within its PPPoE header");
        if (version_type != 0x11 || code != 0)
                return PACKET_OTHER;
        if (length < cursor_left(cursor)) {
                struct cursor inner = cursor_part(cursor, length);
                return packet_ppp(&inner, packet);
        }
        return packet_ppp(cursor, packet);
}

/* ERSPAN (draft-foschiano-erspan-03): type I has no header at all and no GRE sequence number, type II has 8
 * bytes (section 4.2), type III 12 bytes and, where its O bit is set, 8 more (section 4.3). */
static enum packet_outcome erspan(
        struct cursor *cursor, uint16_t type, bool has_sequence, struct packet *packet)
{
        if (type == ETHERTYPE_ERSPAN && has_sequence) {
                cursor_skip(cursor, 8);
        } else if (type == ETHERTYPE_ERSPAN3) {
                cursor_skip(cursor, 10);
                uint16_t last = cursor_be16(cursor);
                if (last & 1)
                        cursor_skip(cursor, 8);
                if ((last >> 10 & 0x1f) == 2) /* FT: an IP packet; 0 is an Ethernet frame */
                        return cursor->overrun ? packet_damaged(packet, "cut within its ERSPAN header")
                                               : packet_by_nibble(cursor, packet);
        }
        if (cursor->overrun)
                return packet_damaged(packet, "cut within its ERSPAN header");
        return packet_ethernet(cursor, packet);
}

/* RFC 2784 section 2.1 with the key and sequence number of RFC 2890; version 1 is PPTP's (RFC 2637 section
 * 4.1), whose acknowledgement may stand alone. */
enum packet_outcome packet_gre(struct cursor *cursor, struct packet *packet)
{
        uint16_t flags = cursor_be16(cursor), type = cursor_be16(cursor);
        bool has_sequence = flags & 0x1000;
        unsigned version = flags & 7;

        if (version > 1 || flags & 0x4000) /* routing (RFC 1701): nobody sends it, RFC 2784 says refuse */
                return PACKET_OTHER;
        if (flags & 0x8000)
                cursor_skip(cursor, 4); /* checksum */
        if (flags & 0x2000)
                cursor_skip(cursor, 4); /* key; PPTP: length and call */
        if (has_sequence)
                cursor_skip(cursor, 4);
        if (version == 1 && flags & 0x0080)
                cursor_skip(cursor, 4);
        if (cursor->overrun)
                return packet_damaged(packet, "cut within its GRE header");
        if (version == 1 && !has_sequence)
                return PACKET_OTHER;
        if (!packet_enter_tunnel(packet))
                return PACKET_DAMAGED;
        switch (type) {
        case ETHERTYPE_ERSPAN:
        case ETHERTYPE_ERSPAN3:
                return erspan(cursor, type, has_sequence, packet);
        default:
                return packet_by_ethertype(cursor, type, packet);
        }
}

bool packet_is_vxlan(const struct packet *datagram)
{
        const uint8_t *p = datagram->payload;

        return datagram->destination_port == PORT_VXLAN && datagram->length >= 8 + 14 && p[0] == 0x08 &&
               p[7] == 0;
}

enum packet_outcome packet_vxlan(struct packet *datagram)
{
        struct cursor cursor = cursor_over(datagram->payload, datagram->length);

        if (!packet_enter_tunnel(datagram))
                return PACKET_DAMAGED;
        cursor_skip(&cursor, 8);
        return packet_ethernet(&cursor, datagram);
}
