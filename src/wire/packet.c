/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/packet.h"

#include "wire/packet_walk.h"

enum protocol {
        PROTOCOL_HOP_BY_HOP = 0,
        PROTOCOL_IPV4 = 4, /* RFC 2003 */
        PROTOCOL_TCP = 6,
        PROTOCOL_UDP = 17,
        PROTOCOL_IPV6 = 41, /* RFC 2473, RFC 4213 */
        PROTOCOL_ROUTING = 43,
        PROTOCOL_FRAGMENT = 44,
        PROTOCOL_GRE = 47,
        PROTOCOL_AUTHENTICATION = 51,
        PROTOCOL_DESTINATION = 60,
        PROTOCOL_MPLS = 137, /* RFC 4023 */
};

#define UDP_HEADER 8
#define TCP_HEADER 20

static enum packet_outcome ipv4_read(struct cursor *cursor, struct packet *packet);
static enum packet_outcome ipv6_read(struct cursor *cursor, struct packet *packet);

bool packet_enter_tunnel(struct packet *packet)
{
        if (++packet->tunnels <= PACKET_TUNNELS_MAX)
                return true;
        packet_damaged(packet, "tunnels within tunnels, more than anybody builds");
        return false;
}

static bool is_vlan(uint16_t type)
{
        return type == 0x8100 || type == 0x88a8 ||
               type == 0x9100; /* IEEE 802.1Q, 802.1ad and what preceded it */
}

enum packet_outcome packet_by_ethertype(struct cursor *cursor, uint16_t type, struct packet *packet)
{
        for (int tags = 0; tags < PACKET_VLAN_TAGS_MAX && is_vlan(type); tags++) {
                cursor_skip(cursor, 2);
                type = cursor_be16(cursor);
        }
        if (cursor->overrun)
                return packet_damaged(packet, "cut within its link header");
        switch (type) {
        case ETHERTYPE_IPV4:
                return ipv4_read(cursor, packet);
        case ETHERTYPE_IPV6:
                return ipv6_read(cursor, packet);
        case ETHERTYPE_MPLS:
        case ETHERTYPE_MPLS + 1: /* RFC 5332 section 3 */
                return packet_mpls(cursor, packet);
        case ETHERTYPE_PPPOE:
                return packet_pppoe(cursor, packet);
        case ETHERTYPE_PPP:
                return packet_ppp(cursor, packet);
        case ETHERTYPE_BRIDGED:
                return packet_ethernet(cursor, packet);
        default:
                return PACKET_OTHER;
        }
}

/* IP version by the first nibble, where no header says. */
enum packet_outcome packet_by_nibble(struct cursor *cursor, struct packet *packet)
{
        if (cursor_left(cursor) == 0)
                return cursor->overrun ? packet_damaged(packet, "cut within its link header") : PACKET_OTHER;
        switch (cursor->at[0] >> 4) {
        case 4:
                return ipv4_read(cursor, packet);
        case 6:
                return ipv6_read(cursor, packet);
        default:
                return PACKET_OTHER;
        }
}

/* --- What IP carries --- */

static enum packet_outcome udp_read(struct cursor *cursor, struct packet *packet)
{
        packet->source_port = cursor_be16(cursor);
        packet->destination_port = cursor_be16(cursor);
        size_t length = cursor_be16(cursor);
        cursor_skip(
                cursor, 2); /* checksums are left to the capturing machine: offloading leaves them unset */
        if (cursor->overrun)
                return packet_damaged(packet, "cut within its UDP header");
        if (length == 0) /* a jumbogram (RFC 2675): as long as what carries it */
                length = cursor_left(cursor) + UDP_HEADER;
        if (length < UDP_HEADER)
                return packet_damaged(packet, "its UDP length is less than a header");
        packet->length = length - UDP_HEADER;
        packet->payload = cursor_take(cursor, packet->length);
        if (!packet->payload)
                return packet_damaged(packet, "cut short: less was captured than its UDP length says");
        return packet_is_vxlan(packet) ? packet_vxlan(packet) : PACKET_UDP;
}

/* A segment that was cut is handed on as far as it was captured: only stream.h knows whether anybody wants
 * it. */
static enum packet_outcome tcp_read(struct cursor *cursor, size_t cut, struct packet *packet)
{
        size_t available = cursor_left(cursor);

        packet->source_port = cursor_be16(cursor);
        packet->destination_port = cursor_be16(cursor);
        packet->sequence = cursor_be32(cursor);
        cursor_skip(cursor, 4);
        size_t header = (size_t)(cursor_u8(cursor) >> 4) * 4;
        packet->flags = cursor_u8(cursor) & (PACKET_FIN | PACKET_SYN | PACKET_RST);
        if (cursor->overrun)
                return packet_damaged(packet, "cut within its TCP header");
        if (header < TCP_HEADER)
                return packet_damaged(packet, "its TCP header contradicts itself");
        cursor_skip(cursor, 6);
        if (header > available || cursor->overrun)
                return packet_damaged(packet,
                        cut > 0 ? "cut within its TCP header" : "its TCP header is longer than its packet");
        cursor_skip(cursor, header - TCP_HEADER);
        packet->length = cursor_left(cursor);
        packet->payload = cursor->at;
        packet->cut = cut;
        return PACKET_TCP;
}

/* Can UDP or TCP be reached through it? What cannot is none of our business, damaged or not. */
static bool leads_on(unsigned protocol)
{
        return protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP || protocol == PROTOCOL_IPV4 ||
               protocol == PROTOCOL_IPV6 || protocol == PROTOCOL_GRE || protocol == PROTOCOL_MPLS;
}

/* cut: bytes of the IP packet behind the cursor's end that were not captured. */
static enum packet_outcome by_protocol(
        struct cursor *cursor, unsigned protocol, size_t cut, struct packet *packet)
{
        packet->protocol = (uint8_t)protocol;
        switch (protocol) {
        case PROTOCOL_UDP:
                return udp_read(cursor, packet);
        case PROTOCOL_TCP:
                return tcp_read(cursor, cut, packet);
        case PROTOCOL_GRE:
                return packet_gre(cursor, packet);
        case PROTOCOL_IPV4:
                return packet_enter_tunnel(packet) ? ipv4_read(cursor, packet) : PACKET_DAMAGED;
        case PROTOCOL_IPV6:
                return packet_enter_tunnel(packet) ? ipv6_read(cursor, packet) : PACKET_DAMAGED;
        case PROTOCOL_MPLS:
                return packet_enter_tunnel(packet) ? packet_mpls(cursor, packet) : PACKET_DAMAGED;
        default:
                return PACKET_OTHER;
        }
}

/* --- Fragments --- */

/* offset: in bytes; the piece is what the cursor holds. */
static enum packet_outcome piece_read(
        struct cursor *cursor, unsigned protocol, size_t offset, bool more, size_t cut, struct packet *packet)
{
        packet->protocol = (uint8_t)protocol;
        packet->offset = (uint32_t)offset;
        packet->more = more;
        packet->length = cursor_left(cursor);
        packet->payload = cursor->at;
        if (cut > 0)
                return packet_damaged(packet, "a fragment, of which less was captured than there was");
        /* RFC 791 section 3.2, RFC 8200 section 4.5: all pieces but the last are multiples of eight bytes. */
        if (packet->length == 0 || (more && packet->length % 8 != 0) || offset + packet->length > 65535)
                return packet_damaged(packet, "a fragment of a length that cannot be");
        return PACKET_FRAGMENT;
}

/* --- IP --- */

static enum packet_outcome ipv4_read(struct cursor *cursor, struct packet *packet)
{
        size_t available = cursor_left(cursor);
        struct cursor whole = *cursor;
        uint8_t first = cursor_u8(cursor);
        size_t header = (size_t)(first & 0x0f) * 4;

        cursor_skip(cursor, 1);
        size_t total = cursor_be16(cursor);
        uint16_t identification = cursor_be16(cursor);
        uint16_t fragment = cursor_be16(cursor);
        cursor_skip(cursor, 1);
        uint8_t protocol = cursor_u8(cursor);
        cursor_skip(cursor, 2);
        packet->source = address_from_ipv4(cursor_be32(cursor));
        packet->destination = address_from_ipv4(cursor_be32(cursor));
        packet->version = 4;
        if (cursor->overrun)
                return packet_damaged(packet, "cut within its IPv4 header");
        if (first >> 4 != 4 || header < 20)
                return packet_damaged(packet, "its IPv4 header contradicts itself");
        bool is_piece = fragment & 0x3fff; /* more fragments, or an offset */
        if (total == 0 && !is_piece)       /* segmentation offload: captured before its length was written */
                total = available;
        if (total < header)
                return packet_damaged(packet, "its IPv4 length is less than its header");
        packet->protocol = protocol;
        if (!leads_on(protocol))
                return PACKET_OTHER;
        struct cursor inner = cursor_part(&whole, total < available ? total : available);
        size_t cut = total - cursor_left(&inner);
        cursor_skip(&inner, header);
        if (inner.overrun)
                return packet_damaged(packet, "cut within its IPv4 header");
        packet->identification = identification;
        if (is_piece)
                return piece_read(
                        &inner, protocol, (size_t)(fragment & 0x1fff) * 8, fragment & 0x2000, cut, packet);
        return by_protocol(&inner, protocol, cut, packet);
}

/* Walks the extension headers (RFC 8200 section 4) and goes on behind them. */
static enum packet_outcome behind_extensions(
        struct cursor *cursor, unsigned next, size_t cut, struct packet *packet)
{
        for (int i = 0; i < PACKET_IPV6_EXTENSIONS_MAX; i++) {
                size_t units;
                switch (next) {
                case PROTOCOL_HOP_BY_HOP:
                case PROTOCOL_ROUTING:
                case PROTOCOL_DESTINATION:
                        next = cursor_u8(cursor);
                        units = cursor_u8(cursor);
                        cursor_skip(cursor, units * 8 + 6);
                        break;
                case PROTOCOL_AUTHENTICATION: /* RFC 4302: in units of four */
                        next = cursor_u8(cursor);
                        units = cursor_u8(cursor);
                        cursor_skip(cursor, units * 4 + 6);
                        break;
                case PROTOCOL_FRAGMENT: /* an atomic one (RFC 6946) is whole */
                        next = cursor_u8(cursor);
                        cursor_skip(cursor, 1);
                        uint16_t place = cursor_be16(cursor);
                        packet->identification = cursor_be32(cursor);
                        if (cursor->overrun || !(place & 0xfff9))
                                break;
                        if (!leads_on(next) && next != PROTOCOL_DESTINATION &&
                                next != PROTOCOL_AUTHENTICATION)
                                return PACKET_OTHER;
                        return piece_read(cursor, next, place & 0xfff8, place & 1, cut, packet);
                default:
                        if (cursor->overrun)
                                return packet_damaged(packet, "cut within its IPv6 extension headers");
                        return by_protocol(cursor, next, cut, packet);
                }
        }
        return cursor->overrun ? packet_damaged(packet, "cut within its IPv6 extension headers")
                               : PACKET_OTHER;
}

static enum packet_outcome ipv6_read(struct cursor *cursor, struct packet *packet)
{
        uint8_t first = cursor_u8(cursor);

        cursor_skip(cursor, 3);
        size_t length = cursor_be16(cursor);
        uint8_t next = cursor_u8(cursor);
        cursor_skip(cursor, 1);
        const uint8_t *source = cursor_take(cursor, 16);
        const uint8_t *destination = cursor_take(cursor, 16);
        if (cursor->overrun)
                return packet_damaged(packet, "cut within its IPv6 header");
        if (first >> 4 != 6)
                return packet_damaged(packet, "its IPv6 header contradicts itself");
        packet->source = address_from_ipv6(source);
        packet->destination = address_from_ipv6(destination);
        packet->version = 6;
        size_t available = cursor_left(cursor);
        if (length == 0) /* a jumbogram, or segmentation offload */
                length = available;
        struct cursor inner = cursor_part(cursor, length < available ? length : available);
        return behind_extensions(&inner, next, length - cursor_left(&inner), packet);
}

enum packet_outcome packet_read(
        int link, const void *bytes, size_t captured, size_t original, struct packet *ret_packet)
{
        struct cursor cursor = cursor_over(bytes, captured);

        *ret_packet = (struct packet){0};
        if (original < captured)
                return packet_damaged(ret_packet, "more was captured than the packet had");
        return packet_by_link(link, &cursor, ret_packet);
}

enum packet_outcome packet_read_on(const struct packet *whole, struct packet *ret_packet)
{
        struct cursor cursor = cursor_over(whole->payload, whole->length);
        unsigned protocol = whole->protocol;

        *ret_packet = (struct packet){
                .source = whole->source,
                .destination = whole->destination,
                .version = whole->version,
                .tunnels = whole->tunnels,
        };
        return ret_packet->version == 6 ? behind_extensions(&cursor, protocol, 0, ret_packet)
                                        : by_protocol(&cursor, protocol, 0, ret_packet);
}
