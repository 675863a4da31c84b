/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COLLECT_COLLECTOR_STATE_H
#define ROGATORY_COLLECT_COLLECTOR_STATE_H

/* Shared by the sources of this room only. */

#include "collect/collector.h"

#include "collect/framing.h"

#include <event2/event.h>
#include <sys/socket.h>

struct radius_server;
struct evconnlistener;
struct bufferevent;
struct ssl_ctx_st;

/* What many datagrams are read into with one call (recvmmsg). */
struct datagram_room {
        struct mmsghdr heads[COLLECT_BATCH];
        struct iovec pieces[COLLECT_BATCH];
        struct sockaddr_storage sources[COLLECT_BATCH];
        /* Time of receipt, drops, and destination; aligned as CMSG_FIRSTHDR wants it. */
        union {
                struct cmsghdr head;
                uint8_t bytes[128];
        } notes[COLLECT_BATCH];
        uint8_t bytes[COLLECT_BATCH][COLLECT_DATAGRAM_MAX];
};

struct connection {
        struct listening *listening;
        struct connection *next, *before; /* of the same listener */
        struct exporter *exporter;
        struct address source;
        uint16_t port;
        uint64_t number;
        struct bufferevent *stream; /* owned */
        struct framing framing;
        int64_t heard_ms;      /* steady clock: the last byte */
        int64_t part_since_ms; /* since when a message is begun and not whole; -1: none is */
        bool is_waiting;       /* for the rate or the sink */
        bool is_shaking;       /* TLS: its handshake is not done */
        bool is_over;          /* its sender closed it while it waited: it ends when all is handed on */
};

struct listening {
        struct collector *collector;
        uint16_t number;
        enum collect_transport transport;
        int socket;
        struct event *readable; /* datagrams */
        uint32_t drops_seen;    /* the kernel's counter, which wraps */
        uint16_t exporter;      /* conntrack: whose all messages are; else EXPORTER_NOBODY */
        enum framing_kind framing;
        struct collect_limits limits;
        struct evconnlistener *acceptor; /* streams */
        struct ssl_ctx_st *tls;          /* owned */
        bool is_pausing;                 /* out of descriptors: accepts again with the next look */
        struct connection *connections;
        struct collect_counts counts;
};

struct collector {
        struct event_base *base;
        struct exporters *exporters;
        struct collect_sink sink;
        struct event *every_second, *every_look;
        uint64_t next_connection;
        struct radius_server *radius; /* owned; NULL until a listener speaks it */
        struct datagram_room *room;   /* one for all listeners: they are read in turn */
        struct listening *listening[COLLECT_LISTENERS_MAX];
        size_t count;
};

/* A socket address out of an address and a port, and back. */
socklen_t socket_address_write(const struct address *address, uint16_t port, struct sockaddr_storage *ret);
bool socket_address_read(
        const struct sockaddr_storage *from, struct address *ret_address, uint16_t *ret_port);

int datagram_room_new(struct datagram_room **ret_room);
void datagram_room_free(struct datagram_room *room);
void datagram_room_ready(struct datagram_room *room); /* before each reading */

/* Prepares a bound socket and begins to read it. */
int datagrams_begin(struct listening *listening, struct error *error);

/* The kernel's counter of what it dropped, after a message or a look at the socket. */
void datagrams_dropped(struct listening *listening, uint32_t counter, int64_t now_ms);
void datagrams_look_for_drops(struct listening *listening);

/* Opens conntrack's events, or looks at a socket that was handed over; begins to read them. */
int conntrack_open(const struct collect_listener *wanted, int *ret_socket, struct error *error);
int conntrack_begin(struct listening *listening, const struct collect_conntrack *wanted, struct error *error);

/* Begins to accept connections on a bound socket; ends them all. */
int streams_begin(struct listening *listening, struct error *error);
void streams_end(struct listening *listening);

/* Are its messages datagrams? */
static inline bool is_datagrams(enum collect_transport transport)
{
        return transport == COLLECT_UDP || transport == COLLECT_RADIUS || transport == COLLECT_CONNTRACK;
}

/* What a listener needs for TLS: reads the files. -EINVAL, -EACCES, -ENOENT ... with a message. */
int tls_open(const struct collect_tls *files, struct ssl_ctx_st **ret_tls, struct error *error);
void tls_close(struct ssl_ctx_st *tls);

/* An accepted socket as a stream that begins its handshake; NULL where there is no memory. The socket is its
 * own. */
struct bufferevent *tls_accept(struct listening *listening, int socket);

/* Is the certificate of a stream whose handshake is done the one of this exporter? */
bool tls_is_from(struct bufferevent *stream, const struct exporter *exporter);

/* Closes what was silent or slow for too long, and goes on with what waits. */
void streams_look(struct listening *listening);

/* Counts, and tells of what is lost of known exporters. */
void collect_refuse(
        struct listening *listening, enum collect_refusal refusal, uint16_t exporter, int64_t now_ms);

/* Hands one datagram on, after the exporter's allowance; counts whatever becomes of it. */
void collect_deliver(struct listening *listening, struct exporter *exporter,
        const struct collect_message *message, int64_t steady_ms);

#endif
