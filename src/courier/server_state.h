/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_SERVER_STATE_H
#define ROGATORY_COURIER_SERVER_STATE_H

/* What the files of the server share: connections.c (who may be connected, TLS), server_request.c (what they
 * ask) and server_answer.c (what they get). */

#include "base/time.h"
#include "courier/http_request.h"
#include "courier/server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <sys/queue.h>

enum phase {
        PHASE_HANDSHAKE,
        PHASE_IDLE, /* no byte of the next request is there */
        PHASE_HEAD,
        PHASE_BODY,
        PHASE_ANSWER,
        PHASE_LINGER /* refused: what still comes is thrown away, so that the refusal can be read */
};

struct connection {
        TAILQ_ENTRY(connection) entry; /* of strangers or peers, oldest first */
        struct server *server;
        struct bufferevent *stream;
        struct event *deadline;
        uint8_t source[8]; /* IPv4 address, or the /64 of an IPv6 address */
        enum phase phase;
        char organisation[ORGANISATION_TEXT_MAX];

        struct http_request request;
        int64_t head_ms; /* when its head was whole */
        char id[ID_TEXT_MAX];
        uint8_t announced[DIGEST_BYTES];
        struct content *body;
        uint64_t body_left;     /* bytes that are still to come */
        uint64_t body_reserved; /* counted against the limits until the body is done with */
        size_t lingered;

        bool close; /* behind this answer */
        /* A file of evidence on its way out. */
        int file; /* -1: none */
        char manifest[ID_TEXT_MAX];
        char name[EVIDENCE_NAME_MAX];
        uint64_t file_from, file_at, file_until;
};
TAILQ_HEAD(connections, connection);

struct server {
        struct event_base *base;
        struct server_options limits; /* its limits only, each with a value */
        struct server_sink sink;
        char organisation[ORGANISATION_TEXT_MAX];
        char *spool;
        struct ssl_ctx_st *tls;
        struct evconnlistener *listener;
        struct event *listen_again;
        struct connections strangers, peers;
        uint32_t stranger_count, peer_count;
        struct server_counts counts;
};

int64_t server_now(const struct server *server);
void server_remark(struct server *server, const char *organisation, const char *code, const char *words);

void connection_free(struct connection *connection);
void connection_enter(struct connection *connection, enum phase phase, int64_t within_ms);

/* What has come is looked at, as far as the phase has use for it. May free the connection. */
void connection_read(struct connection *connection);
/* All that was written has left. May free the connection. */
void connection_written(struct connection *connection);

/* Answers. close: nothing behind this request can be understood, or is wanted. */
void answer_json(struct connection *connection, int status, const char *body, bool close);
void answer_refusal(
        struct connection *connection, int status, const char *code, const char *words, bool close);
void answer_message(struct connection *connection, int reception);
void answer_evidence(struct connection *connection);
/* The next piece of the file; true where there was one. */
bool answer_continue(struct connection *connection);
/* Lets go of body and file. */
void answer_forget(struct connection *connection);

#endif
