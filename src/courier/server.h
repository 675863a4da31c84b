/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_SERVER_H
#define ROGATORY_COURIER_SERVER_H

/* The node's side that peers knock at: HTTPS with TLS 1.3 on both sides, by doc/format/courier.md. It runs in
 * the caller's libevent loop, on one thread, and hands what is whole to the sink.
 *
 * A peer has no influence on how much memory or time it costs: every count has a limit below, every phase of
 * a connection has an end, and what is not known by its certificate does not get past the handshake. */

#include "base/error.h"
#include "courier/content.h"
#include "courier/names.h"
#include "courier/queue.h"
#include "courier/tls.h"

#include <stdbool.h>
#include <stdint.h>

#define SERVER_PEERS_MAX 256                /* connections of known organisations */
#define SERVER_PER_PEER_MAX 16              /* of one organisation */
#define SERVER_STRANGERS_MAX 128            /* connections that have not shown who they are */
#define SERVER_STRANGERS_PER_ADDRESS_MAX 32 /* of them from one address; for IPv6 of one /64 */
#define SERVER_HANDSHAKE_MS 10000           /* from the connection to the end of the handshake */
#define SERVER_IDLE_MS 30000                /* until a request begins */
#define SERVER_HEAD_MS 10000                /* from the first byte of a head to its last */
#define SERVER_BODY_MS 20000                /* for a body, and further time for its length: */
#define SERVER_BODY_BYTES_PER_S 16384       /* whoever is slower is cut off */
#define SERVER_STALL_MS 30000               /* until the peer has taken a piece of an answer */
#define SERVER_LINGER_MS 2000               /* so long what still comes behind a refusal is thrown away */
#define SERVER_LINGER_BYTES_MAX (1u << 20)
#define SERVER_BODIES_BYTES_MAX (UINT64_C(1) << 30)          /* bodies being received, as announced */
#define SERVER_BODIES_PER_PEER_BYTES_MAX (UINT64_C(1) << 28) /* of one organisation */
#define SERVER_PIECE 65536                                   /* what is read or written at once */

#define SERVER_MESSAGES_PATH "/rogatory/v1/messages/" /* ID */
#define SERVER_EVIDENCE_PATH "/rogatory/v1/evidence/" /* MANIFEST/NAME */
#define SERVER_MESSAGE_TYPE "application/vnd.etsi.asic-e+zip"

struct event_base;
struct server;

struct server_arrival {
        const char *organisation; /* whose certificate it was */
        const char *id;
        const struct content
                *content; /* borrowed for the call; its digest was checked against the announced one */
        int64_t told_ms;  /* what the peer's clock showed when it began; TIME_UNKNOWN: it did not say */
        int64_t now_ms;
};

/* A file of evidence that is offered to somebody. The server keeps to recipient and window by itself. */
struct server_offer {
        char recipient[ORGANISATION_TEXT_MAX];
        int64_t from_ms, until_ms; /* the download window; until is exclusive */
        int file;                  /* for reading; the server closes it */
        uint64_t length;
        uint8_t digest[DIGEST_BYTES]; /* SHA-256 of the file */
};

struct server_sink {
        void *context;
        /* Whose certificate is it? See tls_known_call. */
        tls_known_call *known;
        /* A message is whole. Returns an enum queue_reception when that is durable; or a negative errno with
         * words for the record of this node: the peer then hears "not now" and tries again. */
        int (*message)(void *context, const struct server_arrival *arrival, struct error *error);
        /* Opens what a manifest offers under a name. -ENOENT: nothing. May be NULL: no evidence is offered.
         */
        int (*evidence)(void *context, const char *organisation, const char *manifest, const char *name,
                struct server_offer *ret_offer, struct error *error);
        /* The last byte of a file was handed to the peer's machine; may be NULL. Ranges: once for each. */
        void (*evidence_taken)(void *context, const char *organisation, const char *manifest,
                const char *name, uint64_t from, uint64_t until);
        /* A known peer's clock is off by so much, as far as its request tells; may be NULL. */
        void (*skew)(void *context, const char *organisation, const struct skew *skew);
        /* Something that the operator of the node should see: words about a peer, or about this node. */
        void (*remark)(void *context, const char *organisation, const char *code, const char *words);
        /* The clock; NULL: that of the machine. */
        int64_t (*now)(void *context);
};

struct server_options {
        const char *address;      /* "192.0.2.1" or "2001:db8::1" */
        uint16_t port;            /* 0: any */
        const char *organisation; /* who we are; stands in acknowledgements */
        const char *spool;        /* folder for bodies that are being received */
        const struct tls_identity *identity;
        /* 0: the constants above. Tests make them small. */
        uint32_t peers, per_peer, strangers, strangers_per_address;
        int64_t handshake_ms, idle_ms, head_ms, body_ms, stall_ms, linger_ms;
        uint64_t bodies_bytes, bodies_per_peer_bytes;
};

struct server_counts {
        uint64_t accepted, handshakes, open; /* connections ever, of known organisations ever, open now */
        uint64_t refused_tls;                /* no TLS 1.3, no certificate, a stranger's, or not in time */
        uint64_t evicted;                    /* strangers that had to make room for others */
        uint64_t refused_limit;              /* known, but too many */
        uint64_t timed_out;                  /* known, and too slow */
        uint64_t requests, refused_requests;
        uint64_t messages, recognised, conflicts;
        uint64_t bodies_bytes; /* announced by bodies that are being received now */
};

/* base outlives the server, as what sink and options point to. */
int server_new(struct event_base *base, const struct server_options *options, const struct server_sink *sink,
        struct server **ret_server, struct error *error);
/* Cuts off what is open. libevent gives its streams back when the loop runs next. */
void server_free(struct server *server);
uint16_t server_port(const struct server *server);
struct server_counts server_counts(const struct server *server);

#endif
