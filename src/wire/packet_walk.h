/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_PACKET_WALK_H
#define ROGATORY_WIRE_PACKET_WALK_H

/* Shared by the parts of the packet reader (packet.c: IP, UDP, TCP; packet_link.c: link headers;
 * packet_tunnel.c: what carries a packet within a packet), nobody else's business. Each reads its header at
 * the cursor and hands on to the next. */

#include "base/cursor.h"
#include "wire/packet.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_MPLS 0x8847
#define ETHERTYPE_BRIDGED 0x6558 /* transparent Ethernet bridging, RFC 1701 */
#define ETHERTYPE_PPP 0x880b
#define ETHERTYPE_PPPOE 0x8864
#define ETHERTYPE_ERSPAN 0x88be
#define ETHERTYPE_ERSPAN3 0x22eb

static inline enum packet_outcome packet_damaged(struct packet *packet, const char *complaint)
{
        packet->complaint = complaint;
        return PACKET_DAMAGED;
}

/* packet.c */
enum packet_outcome packet_by_ethertype(struct cursor *cursor, uint16_t type, struct packet *packet);
enum packet_outcome packet_by_nibble(struct cursor *cursor, struct packet *packet);
/* false and damage where too many packets carry each other. */
bool packet_enter_tunnel(struct packet *packet);

/* packet_link.c */
enum packet_outcome packet_by_link(int link, struct cursor *cursor, struct packet *packet);
enum packet_outcome packet_ethernet(struct cursor *cursor, struct packet *packet);
enum packet_outcome packet_ppp(struct cursor *cursor, struct packet *packet);
enum packet_outcome packet_llc(struct cursor *cursor, struct packet *packet);

/* packet_tunnel.c */
enum packet_outcome packet_mpls(struct cursor *cursor, struct packet *packet);
enum packet_outcome packet_pppoe(struct cursor *cursor, struct packet *packet);
enum packet_outcome packet_gre(struct cursor *cursor, struct packet *packet);
/* Is this datagram VXLAN (RFC 7348 section 5)? Then what it carries is read. */
bool packet_is_vxlan(const struct packet *datagram);
enum packet_outcome packet_vxlan(struct packet *datagram);

#endif
