/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COLLECT_COLLECTOR_H
#define ROGATORY_COLLECT_COLLECTOR_H

/* Listeners: takes messages off the network, knows who sent them, and hands them on. It decodes nothing and
 * stores nothing. Everything that came is either delivered or counted with the reason why not; what the
 * kernel dropped before is counted too.
 *
 * Streams: over its rate a sender waits, and so it does where the sink has no room; nothing is lost of what
 * was read, but a message that its sender never finished. A connection holds at most FRAMING_HELD_MAX bytes
 * and what libevent reads at once (16 KiB).
 *
 * One thread: the caller runs the event loop (collector_base), and every call is made from it. Times are
 * milliseconds since 1970 UTC. Sockets and keys are opened before the process is confined (os/confine);
 * nothing is opened after. */

#include "base/address.h"
#include "base/error.h"
#include "collect/exporters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;

/* Named limits. */
#define COLLECT_LISTENERS_MAX 64u
#define COLLECT_DATAGRAM_MAX 65535u
#define COLLECT_BATCH 64u          /* datagrams taken with one call */
#define COLLECT_BATCHES_AT_ONCE 8u /* then other listeners have their turn */

#define COLLECT_CONNECTIONS_DEFAULT 1024u      /* open at once, of one listener */
#define COLLECT_CONNECTIONS_OF_ONE_DEFAULT 64u /* and of one row of exporters */
#define COLLECT_IDLE_MS_DEFAULT INT64_C(3600000)
#define COLLECT_PART_MS_DEFAULT INT64_C(30000)
#define COLLECT_LOOK_MS 200                 /* how often connections are looked at */
#define COLLECT_CONNTRACK_BUFFER (8u << 20) /* the receive buffer, where none is configured */

enum collect_transport {
        COLLECT_UDP,
        COLLECT_RADIUS, /* UDP: RADIUS accounting, which is answered (RFC 2866) */
        COLLECT_TCP,
        COLLECT_TLS,       /* RFC 5425 for syslog, RFC 7011 section 11.3 for IPFIX */
        COLLECT_CONNTRACK, /* netlink: the events of this machine's own NAT, wire/conntrack_netlink.h */
};

/* How a stream is cut into messages. Datagrams are messages as they are. */
enum collect_stream {
        COLLECT_IPFIX, /* RFC 7011 section 10.4 */
        COLLECT_SYSLOG /* RFC 6587: counted octets and lines, also mixed on one connection */
};

/* For streams; 0 anywhere: the default. */
struct collect_limits {
        uint32_t connections;        /* of the listener */
        uint32_t connections_of_one; /* of one row of exporters */
        int64_t idle_ms;             /* without a byte: closed */
        int64_t part_ms; /* a message that has begun must be whole by then, and a handshake done: closed */
};

/* Files in PEM, read once when the listener begins. */
struct collect_tls {
        const char *certificate; /* with what leads to its authority behind it */
        const char *key;         /* refused where anybody may read it */
        const char *authorities; /* who signs senders' certificates: each must show one. NULL: none is asked
                                    for */
        bool allow_tls12;        /* for senders that do not have 1.3 */
};

/* The kernel is the sender: no address is looked up and no allowance asked for. Each datagram is a message,
 * in the order in which the kernel queued them; `source` is none and `port` 0. Openings and ends of IPv4 and
 * IPv6 are listened to. Needs CAP_NET_ADMIN when it begins, and CAP_SYS_ADMIN for another namespace. */
struct collect_conntrack {
        uint16_t exporter;   /* whose the messages are, as configured */
        const char *network; /* network namespace of the NAT, as a path (ip-netns(8): /run/netns/NAME); NULL:
                                that of this process */
        /* Also asks for what exists already. These messages bear NLM_F_MULTI and say "open now". The kernel
         * tells the ends of what existed only where net.netfilter.nf_conntrack_events was 1 when it began:
         * refused where it is another number now. */
        bool list_existing;
};

struct collect_listener {
        enum collect_transport transport;
        enum collect_stream stream;
        const struct collect_tls *tls;             /* COLLECT_TLS */
        const struct collect_conntrack *conntrack; /* COLLECT_CONNTRACK; `address` and `port` are void */
        struct collect_limits limits;
        struct address address; /* 0.0.0.0 or :: for all of that family */
        uint16_t port;          /* 0: any that is free */
        int socket;             /* one that is bound already (socket activation), taken over; -1: opens one */
        uint32_t buffer_bytes;  /* the kernel's receive buffer; 0: as the system has it,
                                   COLLECT_CONNTRACK_BUFFER */
};

/* Why a message was not delivered. */
enum collect_refusal {
        COLLECT_UNKNOWN_SENDER, /* nobody is configured at its source */
        COLLECT_OVER_RATE,      /* its exporter had no allowance left */
        COLLECT_EMPTY,          /* no byte in it */
        COLLECT_NOT_TAKEN,      /* the sink did not take it */
        COLLECT_MALFORMED,      /* RADIUS: no Accounting-Request */
        COLLECT_UNPROVEN,       /* RADIUS: another secret, or none configured */
        COLLECT_TOO_LONG,       /* longer than FRAMING_SYSLOG_MAX; those behind it are good */
        COLLECT_REFUSAL_COUNT
};
const char *collect_refusal_name(enum collect_refusal refusal); /* "unknown-sender": stable, for metrics */

/* Why a connection ended. */
enum collect_end {
        COLLECT_END_PEER,    /* its sender closed it, or it broke */
        COLLECT_END_UNKNOWN, /* nobody is configured at its source: closed at once */
        COLLECT_END_LIMIT,   /* too many are open: closed at once */
        COLLECT_END_IDLE,    /* silent for too long */
        COLLECT_END_PART,    /* a message was not whole in time */
        COLLECT_END_FRAMING, /* no message begins where one must */
        COLLECT_END_TLS, /* no TLS, another version, no certificate of a known authority, or not in time */
        COLLECT_END_CERTIFICATE, /* a sound certificate that has not the name of its exporter */
        COLLECT_END_COUNT
};
const char *collect_end_name(enum collect_end end); /* "peer": stable, for metrics */

struct collect_message {
        uint16_t listener; /* number, as collector_listen gave it */
        uint16_t exporter; /* as configured */
        struct address source;
        uint16_t port;       /* host order */
        uint64_t connection; /* a number that no other has in this process' life; 0: datagrams */
        int64_t receipt_ms;  /* datagrams: when the kernel took it; streams: when it was read */
        const void *bytes;   /* borrowed for the call */
        size_t length;
};

/* What is missing, for coverage. */
struct collect_loss {
        uint16_t listener;
        uint16_t exporter; /* EXPORTER_NOBODY: whose messages they were is not known (never of conntrack) */
        bool by_kernel;    /* dropped before they were read; else `refusal` says why */
        enum collect_refusal refusal;
        uint64_t count;     /* by the kernel, of conntrack: at least */
        int64_t noticed_ms; /* they came before this, and after the last message or notice of the listener */
};

struct collect_sink {
        void *context;
        /* 0: taken. -EAGAIN: not now; a stream waits and offers it again, and its sender has to wait too.
         * Other negative values, and -EAGAIN for datagrams: not taken, which is counted and told as lost. */
        int (*message)(void *context, const struct collect_message *message);
        /* Behind a batch of messages: 0 where all that were taken are safe; RADIUS is answered then only. May
         * be NULL: taken is safe. */
        int (*settle)(void *context);
        /* Messages of known exporters, and messages that the kernel dropped, are lost; may be NULL. */
        void (*lost)(void *context, const struct collect_loss *loss);
        /* A connection of a known exporter began (with TLS: behind its handshake) and ended; part: bytes of a
         * message that never became whole. May be NULL. */
        void (*opened)(void *context, uint64_t connection, uint16_t exporter, int64_t now_ms);
        void (*closed)(void *context, uint64_t connection, uint16_t exporter, enum collect_end end,
                size_t part, int64_t now_ms);
};

/* Always: received = delivered + repeated + the sum of refused. */
struct collect_counts {
        uint64_t received, delivered, bytes;
        uint64_t refused[COLLECT_REFUSAL_COUNT];
        uint64_t repeated;          /* RADIUS: had been delivered, and is answered again */
        uint64_t answered;          /* RADIUS */
        uint64_t dropped_by_kernel; /* not in received */
        uint64_t socket_errors;
        uint64_t connections; /* accepted, ever: open + the sum of ended */
        uint64_t open;        /* now */
        uint64_t ended[COLLECT_END_COUNT];
        uint64_t parts; /* connections that ended within a message */
        uint64_t waits; /* how often a stream had to wait for its rate or the sink */
};

struct collector;

/* base: the caller's event loop, which outlives the collector. The exporters are borrowed as long. */
int collector_new(struct event_base *base, struct exporters *exporters, const struct collect_sink *sink,
        struct collector **ret_collector, struct error *error);
void collector_free(struct collector *collector); /* closes what is open */

/* Begins to listen. ret_number: 0 and up, in the order of calls. -EADDRINUSE, -EACCES ... with a message. */
int collector_listen(struct collector *collector, const struct collect_listener *listener,
        uint16_t *ret_number, struct error *error);
uint16_t collector_port(const struct collector *collector, uint16_t listener);   /* where it listens */
/* Does nothing wait in the kernel's buffer of a listener at this moment? */
bool collector_is_drained(const struct collector *collector, uint16_t listener);
uint32_t collector_buffer(const struct collector *collector, uint16_t listener); /* what the kernel granted */
struct collect_counts collector_counts(const struct collector *collector, uint16_t listener);

/* Whether datagrams are left in the kernel for now, which keeps what its buffers hold and counts what it has
 * to drop. Streams wait by the sink's -EAGAIN. */
void collector_pause(struct collector *collector, bool pause);

/* Asks the kernel what it dropped where no message came since; done by itself every second. */
void collector_look_for_drops(struct collector *collector);

#endif
