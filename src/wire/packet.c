/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/packet.h"

#include "base/cursor.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define PROTOCOL_UDP 17
#define UDP_HEADER 8

bool packet_link_known(int link)
{
        switch (link) {
        case PACKET_NULL:
        case PACKET_ETHERNET:
        case PACKET_RAW_BSD:
        case PACKET_RAW_OPENBSD:
        case PACKET_RAW:
        case PACKET_LOOP:
        case PACKET_SLL:
        case PACKET_IPV4:
        case PACKET_IPV6:
        case PACKET_SLL2:
                return true;
        default:
                return false;
        }
}

static enum packet_outcome damaged(struct packet *packet, const char *complaint)
{
        packet->complaint = complaint;
        return PACKET_DAMAGED;
}

static bool is_vlan(uint16_t type)
{
        return type == 0x8100 || type == 0x88a8 ||
               type == 0x9100; /* IEEE 802.1Q, 802.1ad and what preceded it */
}

/* IP version by the first nibble, where the link layer does not say. */
static uint16_t type_by_nibble(const struct cursor *cursor)
{
        if (cursor_left(cursor) == 0)
                return 0;
        switch (cursor->at[0] >> 4) {
        case 4:
                return ETHERTYPE_IPV4;
        case 6:
                return ETHERTYPE_IPV6;
        default:
                return 0;
        }
}

/* Skips the link header and returns the EtherType of what follows. */
static uint16_t link_read(int link, struct cursor *cursor)
{
        uint16_t type;

        switch (link) {
        case PACKET_ETHERNET:
                cursor_skip(cursor, 12);
                type = cursor_be16(cursor);
                break;
        case PACKET_SLL:
                cursor_skip(cursor, 14);
                type = cursor_be16(cursor);
                break;
        case PACKET_SLL2:
                type = cursor_be16(cursor);
                cursor_skip(cursor, 18);
                break;
        case PACKET_NULL:
        case PACKET_LOOP:
                cursor_skip(
                        cursor, 4); /* families differ between systems and byte orders; the nibble does not */
                return type_by_nibble(cursor);
        default:
                return type_by_nibble(cursor);
        }
        for (int tags = 0; tags < PACKET_VLAN_TAGS_MAX && is_vlan(type); tags++) {
                cursor_skip(cursor, 2);
                type = cursor_be16(cursor);
        }
        return type;
}

static enum packet_outcome udp_read(struct cursor *cursor, struct packet *packet)
{
        packet->source_port = cursor_be16(cursor);
        packet->destination_port = cursor_be16(cursor);
        size_t length = cursor_be16(cursor);
        cursor_skip(
                cursor, 2); /* checksums are left to the capturing machine: offloading leaves them unset */
        if (cursor->overrun)
                return damaged(packet, "cut within its UDP header");
        if (length == 0) /* a jumbogram (RFC 2675): as long as what carries it */
                length = cursor_left(cursor) + UDP_HEADER;
        if (length < UDP_HEADER)
                return damaged(packet, "its UDP length is less than a header");
        packet->length = length - UDP_HEADER;
        packet->payload = cursor_take(cursor, packet->length);
        if (!packet->payload)
                return damaged(packet, "cut short: less was captured than its UDP length says");
        return PACKET_UDP;
}

static enum packet_outcome ipv4_read(struct cursor *cursor, struct packet *packet)
{
        size_t available = cursor_left(cursor);
        struct cursor whole = *cursor;
        uint8_t first = cursor_u8(cursor);
        size_t header = (size_t)(first & 0x0f) * 4;

        cursor_skip(cursor, 1);
        size_t total = cursor_be16(cursor);
        cursor_skip(cursor, 2);
        uint16_t fragment = cursor_be16(cursor);
        cursor_skip(cursor, 1);
        uint8_t protocol = cursor_u8(cursor);
        cursor_skip(cursor, 2);
        packet->source = address_from_ipv4(cursor_be32(cursor));
        packet->destination = address_from_ipv4(cursor_be32(cursor));
        if (cursor->overrun)
                return damaged(packet, "cut within its IPv4 header");
        if (first >> 4 != 4 || header < 20)
                return damaged(packet, "its IPv4 header contradicts itself");
        if (total == 0) /* segmentation offload: the capture saw it before its length was written */
                total = available;
        if (total < header)
                return damaged(packet, "its IPv4 length is less than its header");
        if (protocol != PROTOCOL_UDP)
                return PACKET_OTHER;
        if (fragment & 0x3fff) /* more fragments, or an offset */
                return damaged(packet, "a fragment: capture where fragments are put together");
        struct cursor inner = cursor_part(&whole, total < available ? total : available);
        cursor_skip(&inner, header);
        return udp_read(&inner, packet);
}

/* Walks the extension headers (RFC 8200 section 4). -1: fragment; otherwise the protocol. */
static int skip_extensions(struct cursor *cursor, uint8_t next)
{
        for (int i = 0; i < PACKET_IPV6_EXTENSIONS_MAX; i++) {
                size_t units;
                switch (next) {
                case 0:  /* hop-by-hop */
                case 43: /* routing */
                case 60: /* destination options */
                        next = cursor_u8(cursor);
                        units = cursor_u8(cursor);
                        cursor_skip(cursor, units * 8 + 6);
                        break;
                case 51: /* authentication (RFC 4302): in units of four */
                        next = cursor_u8(cursor);
                        units = cursor_u8(cursor);
                        cursor_skip(cursor, units * 4 + 6);
                        break;
                case 44: /* fragment; an atomic one (RFC 6946) is whole */
                        next = cursor_u8(cursor);
                        cursor_skip(cursor, 1);
                        if (cursor_be16(cursor) & 0xfff9)
                                return next == PROTOCOL_UDP ? -1 : 59;
                        cursor_skip(cursor, 4);
                        break;
                default:
                        return next;
                }
        }
        return 59; /* no next header */
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
                return damaged(packet, "cut within its IPv6 header");
        if (first >> 4 != 6)
                return damaged(packet, "its IPv6 header contradicts itself");
        packet->source = address_from_ipv6(source);
        packet->destination = address_from_ipv6(destination);
        if (length == 0 || length > cursor_left(cursor))
                length = cursor_left(cursor);
        struct cursor inner = cursor_part(cursor, length);
        int protocol = skip_extensions(&inner, next);
        if (inner.overrun)
                return damaged(packet, "cut within its IPv6 extension headers");
        if (protocol == -1)
                return damaged(packet, "a fragment: capture where fragments are put together");
        return protocol == PROTOCOL_UDP ? udp_read(&inner, packet) : PACKET_OTHER;
}

enum packet_outcome packet_read(
        int link, const void *bytes, size_t captured, size_t original, struct packet *ret_packet)
{
        struct cursor cursor = cursor_over(bytes, captured);
        uint16_t type = link_read(link, &cursor);

        *ret_packet = (struct packet){0};
        if (original < captured)
                return damaged(ret_packet, "more was captured than the packet had");
        if (cursor.overrun)
                return damaged(ret_packet, "cut within its link header");
        switch (type) {
        case ETHERTYPE_IPV4:
                return ipv4_read(&cursor, ret_packet);
        case ETHERTYPE_IPV6:
                return ipv6_read(&cursor, ret_packet);
        default:
                return PACKET_OTHER;
        }
}
