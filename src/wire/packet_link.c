/* SPDX-License-Identifier: EUPL-1.2 */
/* Link headers: from the first captured byte to the type of what follows. */
#include "wire/packet_walk.h"

#define ETHERTYPE_LEAST 1536 /* below it the field is a length (IEEE 802.3 section 3.2.6) */
#define NFLOG_PAYLOAD 9      /* NFULA_PAYLOAD */

bool packet_link_known(int link)
{
        static const uint16_t known[] = {PACKET_NULL, PACKET_ETHERNET, PACKET_PPP, PACKET_FDDI,
                PACKET_ATM_RFC1483, PACKET_RAW_BSD, PACKET_RAW_OPENBSD, PACKET_PPP_HDLC, PACKET_PPPOE,
                PACKET_RAW, PACKET_CISCO_HDLC, PACKET_WIRELESS, PACKET_FRAME_RELAY, PACKET_LOOP, PACKET_ENC,
                PACKET_SLL, PACKET_PFLOG, PACKET_PRISM, PACKET_FIBRE_CHANNEL_IP, PACKET_RADIOTAP, PACKET_AVS,
                PACKET_PPP_PPPD, PACKET_PPP_DIRECTION, PACKET_CISCO_HDLC_DIRECTION, PACKET_MPLS, PACKET_IPV4,
                PACKET_IPV6, PACKET_NFLOG, PACKET_NETANALYZER, PACKET_SLL2};

        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
                if (known[i] == link)
                        return true;
        return false;
}

static enum packet_outcome by_type(struct cursor *cursor, struct packet *packet)
{
        uint16_t type = cursor_be16(cursor);

        if (cursor->overrun)
                return packet_damaged(packet, "cut within its link header");
        return type < ETHERTYPE_LEAST ? packet_llc(cursor, packet)
                                      : packet_by_ethertype(cursor, type, packet);
}

enum packet_outcome packet_ethernet(struct cursor *cursor, struct packet *packet)
{
        cursor_skip(cursor, 12);
        return by_type(cursor, packet);
}

/* IEEE 802.2 with SNAP; the organisation 00-00-00 says that an EtherType follows (RFC 1042), 00-80-c2 a
 * bridged frame (RFC 2684 section 5.2). */
enum packet_outcome packet_llc(struct cursor *cursor, struct packet *packet)
{
        static const uint8_t snap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0},
                             bridged[6] = {0xaa, 0xaa, 0x03, 0, 0x80, 0xc2};

        if (cursor_left(cursor) < 8)
                return PACKET_OTHER;
        const uint8_t *head = cursor_take(cursor, 6);
        if (memcmp(head, snap, sizeof snap) == 0)
                return packet_by_ethertype(cursor, cursor_be16(cursor), packet);
        if (memcmp(head, bridged, sizeof bridged) != 0)
                return PACKET_OTHER;
        uint16_t kind = cursor_be16(cursor);
        if (kind != 1 && kind != 7) /* Ethernet, with and without its check sequence */
                return PACKET_OTHER;
        cursor_skip(cursor, 2);
        return packet_ethernet(cursor, packet);
}

/* RFC 1661 section 2, with the address and control bytes of RFC 1662 where they stand; a protocol number may
 * be one byte (then it is odd). */
enum packet_outcome packet_ppp(struct cursor *cursor, struct packet *packet)
{
        if (cursor_left(cursor) >= 2 && cursor->at[0] == 0xff && cursor->at[1] == 0x03)
                cursor_skip(cursor, 2);
        uint16_t protocol = cursor_u8(cursor);
        if (!(protocol & 1))
                protocol = (uint16_t)(protocol << 8 | cursor_u8(cursor));
        if (cursor->overrun)
                return packet_damaged(packet, "cut within its PPP header");
        switch (protocol) {
        case 0x0021:
                return packet_by_ethertype(cursor, ETHERTYPE_IPV4, packet);
        case 0x0057:
                return packet_by_ethertype(cursor, ETHERTYPE_IPV6, packet);
        case 0x0281:
        case 0x0283:
                return packet_mpls(cursor, packet);
        default:
                return PACKET_OTHER;
        }
}

static enum packet_outcome cisco_hdlc(struct cursor *cursor, struct packet *packet)
{
        cursor_skip(cursor, 2);
        return by_type(cursor, packet);
}

static enum packet_outcome ppp_hdlc(struct cursor *cursor, struct packet *packet)
{
        bool is_cisco = cursor_left(cursor) > 0 && (cursor->at[0] == 0x0f || cursor->at[0] == 0x8f);

        return is_cisco ? cisco_hdlc(cursor, packet) : packet_ppp(cursor, packet);
}

/* RFC 2427 section 3: an address of two bytes, then a network protocol identifier. */
static enum packet_outcome frame_relay(struct cursor *cursor, struct packet *packet)
{
        cursor_skip(cursor, 2);
        if (cursor_u8(cursor) != 0x03)
                return PACKET_OTHER;
        switch (cursor_u8(cursor)) {
        case 0xcc:
                return packet_by_ethertype(cursor, ETHERTYPE_IPV4, packet);
        case 0x8e:
                return packet_by_ethertype(cursor, ETHERTYPE_IPV6, packet);
        default:
                return PACKET_OTHER;
        }
}

/* IEEE 802.11: data frames that are not encrypted. */
static enum packet_outcome wireless(struct cursor *cursor, struct packet *packet)
{
        uint8_t control = cursor_u8(cursor), flags = cursor_u8(cursor);

        if (cursor->overrun)
                return packet_damaged(packet, "cut within its link header");
        bool is_data = (control & 0x0c) == 0x08, has_data = !(control & 0x40);
        if (!is_data || !has_data || flags & 0x40 || flags & 0x04) /* protected, or more fragments */
                return PACKET_OTHER;
        bool four_addresses = (flags & 0x03) == 0x03, has_quality = control & 0x80;
        cursor_skip(cursor, 20);
        bool is_fragment = cursor_le16(cursor) & 0x0f; /* a later piece of a frame */
        cursor_skip(cursor, four_addresses ? 6 : 0);
        uint8_t quality = has_quality ? cursor_u8(cursor) : 0;
        cursor_skip(cursor, has_quality ? 1 : 0);
        cursor_skip(cursor, has_quality && flags & 0x80 ? 4 : 0); /* HT control */
        if (is_fragment || quality & 0x80)                        /* several frames in one */
                return PACKET_OTHER;
        return cursor->overrun ? packet_damaged(packet, "cut within its link header")
                               : packet_llc(cursor, packet);
}

/* 802.11 behind a header that says how long it is, at `at`, in this order of bytes. */
static enum packet_outcome behind_radio(
        struct cursor *cursor, size_t at, size_t size, bool little, struct packet *packet)
{
        struct cursor header = *cursor;

        cursor_skip(&header, at);
        uint64_t length = little ? cursor_le(&header, size) : cursor_be(&header, size);
        if (header.overrun || length < at + size || length > cursor_left(cursor))
                return packet_damaged(packet, "cut within its radio header");
        cursor_skip(cursor, (size_t)length);
        return wireless(cursor, packet);
}

/* NFLOG: attributes, each with its length and type in the host order of the machine that captured (little
 * endian wherever such captures are made), behind a header of four bytes. */
static enum packet_outcome nflog(struct cursor *cursor, struct packet *packet)
{
        cursor_skip(cursor, 4);
        for (int i = 0; i < PACKET_NFLOG_FIELDS_MAX && cursor_left(cursor) >= 4; i++) {
                size_t length = cursor_le16(cursor), type = cursor_le16(cursor) & 0x7fff;
                if (length < 4)
                        break;
                if (type == NFLOG_PAYLOAD) {
                        size_t left = cursor_left(cursor);
                        struct cursor inner = cursor_part(cursor, length - 4 < left ? length - 4 : left);
                        return packet_by_nibble(&inner, packet);
                }
                cursor_skip(cursor, length - 4 + (4 - length % 4) % 4);
        }
        return cursor->overrun ? packet_damaged(packet, "cut within its NFLOG header") : PACKET_OTHER;
}

/* pflog begins with its length, of which the padding to four bytes is no part. */
static enum packet_outcome pflog(struct cursor *cursor, struct packet *packet)
{
        size_t length = cursor_u8(cursor);

        if (length == 0)
                return PACKET_OTHER;
        cursor_skip(cursor, (length + 3) / 4 * 4 - 1);
        return packet_by_nibble(cursor, packet);
}

static enum packet_outcome behind(struct cursor *cursor, size_t skipped,
        enum packet_outcome (*next)(struct cursor *cursor, struct packet *packet), struct packet *packet)
{
        cursor_skip(cursor, skipped);
        return cursor->overrun ? packet_damaged(packet, "cut within its link header") : next(cursor, packet);
}

/* 802.11 and what stands before it. */
static enum packet_outcome by_radio(int link, struct cursor *cursor, struct packet *packet)
{
        switch (link) {
        case PACKET_RADIOTAP:
                return behind_radio(cursor, 2, 2, true, packet);
        case PACKET_AVS:
                return behind_radio(cursor, 4, 4, false, packet);
        case PACKET_PRISM: /* 144 bytes, but drivers write an AVS header under this number too */
                if (cursor_left(cursor) >= 4 && cursor->at[0] == 0x80 && cursor->at[1] == 0x21)
                        return behind_radio(cursor, 4, 4, false, packet);
                return behind(cursor, 144, wireless, packet);
        default:
                return wireless(cursor, packet);
        }
}

static enum packet_outcome by_serial(int link, struct cursor *cursor, struct packet *packet)
{
        switch (link) {
        case PACKET_PPP_HDLC:
                return ppp_hdlc(cursor, packet);
        case PACKET_PPP_PPPD: /* a direction stands where the address byte was */
                return behind(cursor, 2, packet_ppp, packet);
        case PACKET_PPP_DIRECTION:
                return behind(cursor, 1, packet_ppp, packet);
        case PACKET_CISCO_HDLC:
                return cisco_hdlc(cursor, packet);
        case PACKET_CISCO_HDLC_DIRECTION:
                return behind(cursor, 1, cisco_hdlc, packet);
        case PACKET_FRAME_RELAY:
                return frame_relay(cursor, packet);
        default:
                return packet_ppp(cursor, packet);
        }
}

static enum packet_outcome sll2(struct cursor *cursor, struct packet *packet)
{
        uint16_t type = cursor_be16(cursor);

        cursor_skip(cursor, 18);
        if (cursor->overrun)
                return packet_damaged(packet, "cut within its link header");
        return packet_by_ethertype(cursor, type, packet);
}

enum packet_outcome packet_by_link(int link, struct cursor *cursor, struct packet *packet)
{
        switch (link) {
        case PACKET_ETHERNET:
                return packet_ethernet(cursor, packet);
        case PACKET_SLL:
                return behind(cursor, 14, by_type, packet);
        case PACKET_SLL2:
                return sll2(cursor, packet);
        case PACKET_NULL:
        case PACKET_LOOP: /* families differ between systems and byte orders; the nibble does not */
                return behind(cursor, 4, packet_by_nibble, packet);
        case PACKET_ENC:
                return behind(cursor, 12, packet_by_nibble, packet);
        case PACKET_NETANALYZER:
                return behind(cursor, 4, packet_ethernet, packet);
        case PACKET_FDDI:
                return behind(cursor, 13, packet_llc, packet);
        case PACKET_FIBRE_CHANNEL_IP:
                return behind(cursor, 16, packet_llc, packet);
        case PACKET_ATM_RFC1483:
                return packet_llc(cursor, packet);
        case PACKET_MPLS:
                return packet_mpls(cursor, packet);
        case PACKET_PPPOE:
                return packet_pppoe(cursor, packet);
        case PACKET_NFLOG:
                return nflog(cursor, packet);
        case PACKET_PFLOG:
                return pflog(cursor, packet);
        case PACKET_WIRELESS:
        case PACKET_RADIOTAP:
        case PACKET_AVS:
        case PACKET_PRISM:
                return by_radio(link, cursor, packet);
        case PACKET_PPP:
        case PACKET_PPP_HDLC:
        case PACKET_PPP_PPPD:
        case PACKET_PPP_DIRECTION:
        case PACKET_CISCO_HDLC:
        case PACKET_CISCO_HDLC_DIRECTION:
        case PACKET_FRAME_RELAY:
                return by_serial(link, cursor, packet);
        default:
                return packet_by_nibble(cursor, packet);
        }
}
