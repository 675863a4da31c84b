/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_EVENT_H
#define ROGATORY_NAT_EVENT_H

/* What every log says, whatever its format: at this instant, this inside host got, kept or gave up this
 * outside endpoint. Decoders (wire/) make nat_events with full addresses; intake interns the hosts and keeps
 * nat_points. */

#include "base/address.h"
#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

enum nat_kind {
        NAT_SESSION = 0, /* one port, one flow: RFC 8158 section 5.3 NAT44/NAT64 session, conntrack entry */
        NAT_MAPPING = 1, /* one port, every destination: BIB entry, RFC 8158 section 5.4 */
        NAT_BLOCK = 2,   /* a range of ports: RFC 8158 section 5.9 */
        NAT_ADDRESS = 3, /* the whole address: RFC 8158 section 5.8 address binding */
        NAT_KIND_COUNT
};

enum nat_action {
        NAT_OPEN = 0,        /* the binding begins now */
        NAT_CLOSE = 1,       /* the binding ends now */
        NAT_CLOSE_BOUND = 2, /* the binding had ended by now (Linux DESTROY is a collection time) */
        NAT_ALIVE = 3,       /* interim: the binding exists now */
        NAT_ACTION_COUNT
};

enum nat_flag {
        NAT_PORT_UNKNOWN = 1 << 0,      /* the log carries no outside port; port_first..last is 0..65535 */
        NAT_INSIDE_UNKNOWN = 1 << 1,    /* the log carries no inside address */
        NAT_HAS_INSIDE_PORT = 1 << 2,   /* inside_port is meaningful */
        NAT_HAS_DESTINATION = 1 << 3,   /* destination and destination_port are meaningful */
        NAT_DESTINATION_BOUND = 1 << 4, /* this NAT may lend the same endpoint twice towards two destinations
                                         * (a property of the dialect: Linux) */
        NAT_PLANNED = 1 << 5, /* a row of a plan (nat/planned.h): held from edge to edge, an open end is until
                               * further notice. Never in a log and never stored */
};

/* Protocol 0 (HOPOPT, never translated) stands for "every protocol". For ICMP the ports are the query
 * identifier. */
#define NAT_PROTOCOL_ANY 0
/* An outside port has a meaning for these protocols: TCP, UDP, DCCP, SCTP, UDP-Lite, and ICMP's identifier.
 */
bool nat_protocol_has_port(int protocol);

struct nat_event {
        int64_t time_ms;            /* exporter's clock, ms since 1970 UTC */
        struct address inside;      /* none where NAT_INSIDE_UNKNOWN */
        struct address destination; /* none unless NAT_HAS_DESTINATION */
        uint32_t outside;           /* IPv4, host order */
        uint32_t vrf;               /* 0 where not logged */
        uint32_t session; /* non-zero: the source's own identity of this binding (conntrack id, hash of
                           * a CSV row); open and close with the same identity belong together even
                           * where the log has gaps between them */
        uint16_t port_first,
                port_last;         /* outside ports, host order, inclusive; port_first == port_last for one */
        uint16_t inside_port;      /* host order */
        uint16_t destination_port; /* host order */
        uint16_t exporter;         /* the caller's number for the exporter */
        uint8_t protocol;          /* IANA number or NAT_PROTOCOL_ANY */
        uint8_t kind;              /* enum nat_kind */
        uint8_t action;            /* enum nat_action */
        uint8_t flags;             /* enum nat_flag */
};

/* The same with hosts by number: 40 bytes, what is held in millions. */
struct nat_point {
        int64_t time_ms;
        uint32_t outside;
        uint32_t inside;      /* host number */
        uint32_t destination; /* host number */
        uint32_t session;
        uint16_t port_first, port_last;
        uint16_t inside_port;
        uint16_t destination_port;
        uint16_t exporter;
        uint8_t protocol, kind, action, flags;
};

#endif
