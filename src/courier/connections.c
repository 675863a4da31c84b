/* SPDX-License-Identifier: EUPL-1.2 */
/* Who may be connected, for how long, and how TLS gets under libevent's streams. */
#include "courier/server_state.h"

#include "base/address.h"
#include "os/clock.h"

#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTEN_AGAIN_MS 1000

int64_t server_now(const struct server *server)
{
        return server->sink.now ? server->sink.now(server->sink.context) : clock_now_ms();
}

void server_remark(struct server *server, const char *organisation, const char *code, const char *words)
{
        if (server->sink.remark)
                server->sink.remark(server->sink.context, organisation, code, words);
}

static struct timeval duration(int64_t ms)
{
        return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

void connection_enter(struct connection *connection, enum phase phase, int64_t within_ms)
{
        struct timeval within = duration(within_ms);

        connection->phase = phase;
        /* Set once for the whole phase: a byte now and then gains nobody time. */
        event_add(connection->deadline, &within);
}

void connection_free(struct connection *connection)
{
        struct server *server = connection->server;

        answer_forget(connection);
        if (connection->phase == PHASE_HANDSHAKE) {
                TAILQ_REMOVE(&server->strangers, connection, entry);
                server->stranger_count--;
        } else {
                TAILQ_REMOVE(&server->peers, connection, entry);
                server->peer_count--;
        }
        event_free(connection->deadline);
        bufferevent_free(connection->stream);
        ERR_clear_error();
        free(connection);
}

static void see_deadline(evutil_socket_t socket, short what, void *context)
{
        struct connection *connection = context;
        struct server *server = connection->server;

        (void)socket;
        (void)what;
        switch (connection->phase) {
        case PHASE_HANDSHAKE:
                server->counts.refused_tls++;
                connection_free(connection);
                return;
        case PHASE_HEAD:
        case PHASE_BODY:
                server->counts.timed_out++;
                answer_refusal(
                        connection, 408, "too-slow", "The request did not come in time; send it again", true);
                return;
        case PHASE_ANSWER:
                server->counts.timed_out++;
                connection_free(connection);
                return;
        case PHASE_IDLE:
        case PHASE_LINGER:
                connection_free(connection);
        }
}

static uint32_t count_of_peer(const struct server *server, const char *organisation)
{
        const struct connection *other;
        uint32_t count = 0;

        TAILQ_FOREACH(other, &server->peers, entry)
        count += strcmp(other->organisation, organisation) == 0;
        return count;
}

/* The handshake is done and the certificate is known. */
static void become_peer(struct connection *connection)
{
        struct server *server = connection->server;
        const char *name = tls_organisation(bufferevent_openssl_get_ssl(connection->stream));

        if (server->peer_count >= server->limits.peers ||
                count_of_peer(server, name) >= server->limits.per_peer) {
                server->counts.refused_limit++;
                server_remark(
                        server, name, "too-many-connections", "A peer has more connections than it may have");
                connection_free(connection);
                return;
        }
        TAILQ_REMOVE(&server->strangers, connection, entry);
        server->stranger_count--;
        TAILQ_INSERT_TAIL(&server->peers, connection, entry);
        server->peer_count++;
        server->counts.handshakes++;
        memcpy(connection->organisation, name, strlen(name) + 1);
        connection_enter(connection, PHASE_IDLE, server->limits.idle_ms);
        connection_read(connection);
}

static void see_event(struct bufferevent *stream, short events, void *context)
{
        struct connection *connection = context;

        (void)stream;
        if (events & BEV_EVENT_CONNECTED) {
                if (connection->phase == PHASE_HANDSHAKE)
                        become_peer(connection);
                return;
        }
        if (!(events & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)))
                return;
        if (connection->phase == PHASE_HANDSHAKE)
                connection->server->counts.refused_tls++;
        connection_free(connection);
}

static void see_read(struct bufferevent *stream, void *context)
{
        (void)stream;
        connection_read(context);
}

static void see_written(struct bufferevent *stream, void *context)
{
        (void)stream;
        connection_written(context);
}

/* An IPv6 host has a whole /64 to call from. */
static bool read_source(const struct sockaddr *from, uint8_t source[8])
{
        memset(source, 0, 8);
        if (from->sa_family == AF_INET)
                memcpy(source + 4, &((const struct sockaddr_in *)from)->sin_addr, 4);
        else if (from->sa_family == AF_INET6)
                memcpy(source, &((const struct sockaddr_in6 *)from)->sin6_addr, 8);
        else
                return false;
        return true;
}

/* Whoever waits longest for its handshake goes, of the same source first: a flood pushes itself out, and
 * a peer needs its place for a few round trips only. */
static void make_room(struct server *server, const uint8_t source[8])
{
        struct connection *other, *oldest_of_source = NULL;
        uint32_t of_source = 0;

        TAILQ_FOREACH(other, &server->strangers, entry)
        {
                if (memcmp(other->source, source, sizeof other->source) != 0)
                        continue;
                if (of_source++ == 0)
                        oldest_of_source = other;
        }
        struct connection *leaves = of_source >= server->limits.strangers_per_address ? oldest_of_source
                                    : server->stranger_count >= server->limits.strangers
                                            ? TAILQ_FIRST(&server->strangers)
                                            : NULL;
        if (!leaves)
                return;
        server->counts.evicted++;
        connection_free(leaves);
}

static struct bufferevent *open_stream(struct server *server, evutil_socket_t socket)
{
        SSL *session = SSL_new(server->tls);
        if (!session)
                return NULL;
        struct bufferevent *stream = bufferevent_openssl_socket_new(server->base, socket, session,
                BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
        if (!stream)
                SSL_free(session);
        return stream;
}

static void see_connection(struct evconnlistener *listener, evutil_socket_t socket, struct sockaddr *from,
        int length, void *context)
{
        struct server *server = context;
        uint8_t source[8];

        (void)listener;
        (void)length;
        server->counts.accepted++;
        if (!read_source(from, source)) {
                evutil_closesocket(socket);
                return;
        }
        make_room(server, source);
        struct connection *connection = calloc(1, sizeof *connection);
        struct bufferevent *stream = connection ? open_stream(server, socket) : NULL;
        if (!stream) {
                free(connection);
                evutil_closesocket(socket);
                return;
        }
        *connection = (struct connection){.server = server, .stream = stream, .file = -1};
        memcpy(connection->source, source, sizeof source);
        connection->deadline = evtimer_new(server->base, see_deadline, connection);
        if (!connection->deadline) {
                bufferevent_free(stream);
                free(connection);
                return;
        }
        TAILQ_INSERT_TAIL(&server->strangers, connection, entry);
        server->stranger_count++;
        connection_enter(connection, PHASE_HANDSHAKE, server->limits.handshake_ms);
        bufferevent_setwatermark(stream, EV_READ, 0, SERVER_PIECE);
        bufferevent_setcb(stream, see_read, see_written, see_event, connection);
        bufferevent_enable(stream, EV_READ | EV_WRITE);
}

static void see_listen_again(evutil_socket_t socket, short what, void *context)
{
        struct server *server = context;

        (void)socket;
        (void)what;
        evconnlistener_enable(server->listener);
}

/* Mostly: this process has no descriptor left. Trying at once again would only burn time. */
static void see_accept_error(struct evconnlistener *listener, void *context)
{
        struct server *server = context;
        struct timeval pause = duration(LISTEN_AGAIN_MS);
        int code = EVUTIL_SOCKET_ERROR();

        server_remark(server, "", "cannot-accept", strerrordesc_np(code));
        evconnlistener_disable(listener);
        event_add(server->listen_again, &pause);
}

static int listen_at(struct server *server, const struct server_options *options, struct error *error)
{
        struct sockaddr_storage at;
        int length = sizeof at;
        char text[96];

        memset(&at, 0, sizeof at);
        int written = strchr(options->address, ':')
                              ? snprintf(text, sizeof text, "[%s]:%u", options->address, options->port)
                              : snprintf(text, sizeof text, "%s:%u", options->address, options->port);
        /* Port 0 (any) is no port to this function of libevent. */
        if (options->port == 0)
                written = strchr(options->address, ':')
                                  ? snprintf(text, sizeof text, "[%s]", options->address)
                                  : snprintf(text, sizeof text, "%s", options->address);
        if (written < 0 || written >= (int)sizeof text ||
                evutil_parse_sockaddr_port(text, (struct sockaddr *)&at, &length) < 0)
                return error_set(error, -EINVAL, "%.64s: is no address to listen at", options->address);
        server->listener = evconnlistener_new_bind(server->base, see_connection, server,
                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, -1, (struct sockaddr *)&at,
                length);
        if (!server->listener) {
                int code = errno ? errno : EADDRINUSE;
                return error_set(error, -code, "%s port %u: nobody can listen there: %s", options->address,
                        options->port, strerrordesc_np(code));
        }
        evconnlistener_set_error_cb(server->listener, see_accept_error);
        return 0;
}

static void set_limits(struct server *server, const struct server_options *options)
{
        struct server_options *limits = &server->limits;

#define LIMIT(member, standard) limits->member = options->member ? options->member : (standard)
        LIMIT(peers, SERVER_PEERS_MAX);
        LIMIT(per_peer, SERVER_PER_PEER_MAX);
        LIMIT(strangers, SERVER_STRANGERS_MAX);
        LIMIT(strangers_per_address, SERVER_STRANGERS_PER_ADDRESS_MAX);
        LIMIT(handshake_ms, SERVER_HANDSHAKE_MS);
        LIMIT(idle_ms, SERVER_IDLE_MS);
        LIMIT(head_ms, SERVER_HEAD_MS);
        LIMIT(body_ms, SERVER_BODY_MS);
        LIMIT(stall_ms, SERVER_STALL_MS);
        LIMIT(linger_ms, SERVER_LINGER_MS);
        LIMIT(bodies_bytes, SERVER_BODIES_BYTES_MAX);
        LIMIT(bodies_per_peer_bytes, SERVER_BODIES_PER_PEER_BYTES_MAX);
#undef LIMIT
}

int server_new(struct event_base *base, const struct server_options *options, const struct server_sink *sink,
        struct server **ret_server, struct error *error)
{
        if (!organisation_is_valid(options->organisation))
                return error_set(
                        error, -EINVAL, "%.64s: is no short name of an organisation", options->organisation);
        struct server *server = calloc(1, sizeof *server);
        if (!server)
                return error_set(error, -ENOMEM, "Not enough memory for the server");
        server->base = base;
        server->sink = *sink;
        TAILQ_INIT(&server->strangers);
        TAILQ_INIT(&server->peers);
        set_limits(server, options);
        memcpy(server->organisation, options->organisation, strlen(options->organisation) + 1);
        server->spool = strdup(options->spool);
        server->listen_again = evtimer_new(base, see_listen_again, server);
        int r = server->spool && server->listen_again
                        ? tls_server_new(options->identity, sink->known, sink->context, &server->tls, error)
                        : error_set(error, -ENOMEM, "Not enough memory for the server");
        if (r == 0)
                r = listen_at(server, options, error);
        if (r < 0) {
                server_free(server);
                return r;
        }
        *ret_server = server;
        return 0;
}

void server_free(struct server *server)
{
        if (!server)
                return;
        while (!TAILQ_EMPTY(&server->strangers))
                connection_free(TAILQ_FIRST(&server->strangers));
        while (!TAILQ_EMPTY(&server->peers))
                connection_free(TAILQ_FIRST(&server->peers));
        if (server->listener)
                evconnlistener_free(server->listener);
        if (server->listen_again)
                event_free(server->listen_again);
        tls_free(server->tls);
        free(server->spool);
        free(server);
}

uint16_t server_port(const struct server *server)
{
        struct sockaddr_storage at;
        socklen_t length = sizeof at;

        if (getsockname(evconnlistener_get_fd(server->listener), (struct sockaddr *)&at, &length) < 0)
                return 0;
        return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
                                              : ((struct sockaddr_in *)&at)->sin_port);
}

struct server_counts server_counts(const struct server *server)
{
        struct server_counts counts = server->counts;
        counts.open = (uint64_t)server->stranger_count + server->peer_count;
        return counts;
}
