/* SPDX-License-Identifier: EUPL-1.2 */
/* Connections: who may open one, cutting it into messages, and ending what is idle, slow or no longer in
 * step. */
#include "collect/collector_state.h"
#include "os/clock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 128

static void end_connection(struct connection *connection, enum collect_end end)
{
        struct listening *listening = connection->listening;
        const struct collect_sink *sink = &listening->collector->sink;
        size_t part = evbuffer_get_length(bufferevent_get_input(connection->stream));

        if (part == 0 && (connection->framing.skip_bytes || connection->framing.is_skipping_line))
                part = 1;
        listening->counts.ended[end]++;
        listening->counts.open--;
        listening->counts.parts += part != 0;
        connection->exporter->connections--;
        if (sink->closed && !connection->is_shaking)
                sink->closed(sink->context, connection->number, connection->exporter->number, end, part,
                        clock_now_ms());
        if (connection->before)
                connection->before->next = connection->next;
        else
                listening->connections = connection->next;
        if (connection->next)
                connection->next->before = connection->before;
        bufferevent_free(connection->stream);
        free(connection);
}

/* true: handed on or counted. false: the sender must wait, and the message stays where it is. */
static bool hand_on(struct connection *connection, const struct framing_step *step, int64_t steady_ms)
{
        struct listening *listening = connection->listening;
        const struct collect_sink *sink = &listening->collector->sink;
        struct exporter *exporter = connection->exporter;
        const struct collect_message message = {.listener = listening->number,
                .exporter = exporter->number,
                .source = connection->source,
                .port = connection->port,
                .connection = connection->number,
                .receipt_ms = clock_now_ms(),
                .bytes = step->message,
                .length = step->length};

        if (!exporter_may_send(exporter, steady_ms))
                return false;
        int r = sink->message(sink->context, &message);
        if (r == -EAGAIN) {
                exporter->allowance += 1000;
                return false;
        }
        listening->counts.received++;
        if (r < 0)
                collect_refuse(listening, COLLECT_NOT_TAKEN, exporter->number, message.receipt_ms);
        else
                listening->counts.delivered++;
        return true;
}

/* Cuts out what is whole. Returns false where the connection was ended. */
static bool cut_messages(struct connection *connection)
{
        struct evbuffer *input = bufferevent_get_input(connection->stream);
        size_t length = evbuffer_get_length(input), used = 0;
        const uint8_t *bytes = length ? evbuffer_pullup(input, -1) : NULL;
        struct listening *listening = connection->listening;
        int64_t steady_ms = clock_steady_ms();
        struct framing_step step = {.outcome = FRAMING_MORE};

        connection->is_waiting = false;
        while (bytes && used < length) {
                step = framing_next(&connection->framing, bytes + used, length - used);
                if (step.outcome == FRAMING_MORE || step.outcome == FRAMING_BROKEN)
                        break;
                if (step.outcome == FRAMING_MESSAGE && !hand_on(connection, &step, steady_ms)) {
                        connection->is_waiting = true;
                        listening->counts.waits++;
                        break;
                }
                if (step.outcome == FRAMING_TOO_LONG) {
                        listening->counts.received++;
                        collect_refuse(
                                listening, COLLECT_TOO_LONG, connection->exporter->number, clock_now_ms());
                }
                used += step.used;
        }
        evbuffer_drain(input, used);
        listening->counts.bytes += used;
        if (used && listening->collector->sink.settle)
                listening->collector->sink.settle(listening->collector->sink.context);
        if (step.outcome == FRAMING_BROKEN) {
                end_connection(connection, COLLECT_END_FRAMING);
                return false;
        }
        /* Progress within a message is none: a byte now and then must not hold a place for ever. */
        if (used || connection->part_since_ms < 0)
                connection->part_since_ms = used < length ? steady_ms : -1;
        if (connection->is_waiting)
                bufferevent_disable(connection->stream, EV_READ);
        return true;
}

static void stream_readable(struct bufferevent *stream, void *context)
{
        struct connection *connection = context;

        (void)stream;
        connection->heard_ms = clock_steady_ms();
        if (!connection->is_waiting)
                cut_messages(connection);
}

static void begin_messages(struct connection *connection)
{
        const struct collect_sink *sink = &connection->listening->collector->sink;

        connection->is_shaking = false;
        connection->heard_ms = clock_steady_ms();
        if (sink->opened)
                sink->opened(sink->context, connection->number, connection->exporter->number, clock_now_ms());
}

static void stream_changed(struct bufferevent *stream, short what, void *context)
{
        struct connection *connection = context;

        if (what & BEV_EVENT_CONNECTED && connection->is_shaking) {
                if (tls_is_from(stream, connection->exporter))
                        begin_messages(connection);
                else
                        end_connection(connection, COLLECT_END_CERTIFICATE);
                return;
        }
        if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
                return;
        if (connection->is_waiting)
                connection->is_over = true;
        else
                end_connection(connection, connection->is_shaking ? COLLECT_END_TLS : COLLECT_END_PEER);
}

/* An allowed sender, or why not. */
static struct exporter *may_connect(
        struct listening *listening, const struct address *source, enum collect_end *ret_end)
{
        struct exporter *exporter = exporters_find(listening->collector->exporters, source);

        if (!exporter) {
                exporters_add_stranger(listening->collector->exporters, source, clock_now_ms());
                *ret_end = COLLECT_END_UNKNOWN;
                return NULL;
        }
        if (listening->counts.open >= listening->limits.connections ||
                exporter->connections >= listening->limits.connections_of_one) {
                *ret_end = COLLECT_END_LIMIT;
                return NULL;
        }
        return exporter;
}

static void add_connection(struct listening *listening, struct connection *connection)
{
        connection->number = ++listening->collector->next_connection;
        connection->next = listening->connections;
        if (connection->next)
                connection->next->before = connection;
        listening->connections = connection;
        listening->counts.open++;
        connection->exporter->connections++;
        bufferevent_setcb(connection->stream, stream_readable, NULL, stream_changed, connection);
        bufferevent_setwatermark(connection->stream, EV_READ, 0, FRAMING_HELD_MAX);
        if (!connection->is_shaking)
                begin_messages(connection);
        bufferevent_enable(connection->stream, EV_READ);
}

static void accepted(struct evconnlistener *acceptor, evutil_socket_t socket, struct sockaddr *from,
        int length, void *context)
{
        struct listening *listening = context;
        struct sockaddr_storage source = {0};
        struct connection made = {.listening = listening,
                .framing = {.kind = listening->framing},
                .heard_ms = clock_steady_ms(),
                .part_since_ms = -1,
                .is_shaking = listening->tls != NULL};
        enum collect_end end = COLLECT_END_UNKNOWN;

        (void)acceptor;
        memcpy(&source, from, (size_t)length < sizeof source ? (size_t)length : sizeof source);
        listening->counts.connections++;
        if (socket_address_read(&source, &made.source, &made.port))
                made.exporter = may_connect(listening, &made.source, &end);
        struct connection *connection = made.exporter ? malloc(sizeof *connection) : NULL;
        if (connection && made.is_shaking)
                made.stream = tls_accept(listening, socket);
        else if (connection)
                made.stream = bufferevent_socket_new(
                        listening->collector->base, socket, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
        if (!made.stream) {
                listening->counts.ended[made.exporter ? COLLECT_END_LIMIT : end]++;
                close(socket);
                free(connection);
                return;
        }
        *connection = made;
        add_connection(listening, connection);
}

/* Out of descriptors or memory: accepting again at once would only spin. */
static void not_accepted(struct evconnlistener *acceptor, void *context)
{
        struct listening *listening = context;

        listening->counts.socket_errors++;
        listening->is_pausing = true;
        evconnlistener_disable(acceptor);
}

int streams_begin(struct listening *listening, struct error *error)
{
        listening->acceptor = evconnlistener_new(listening->collector->base, accepted, listening,
                LEV_OPT_CLOSE_ON_EXEC, BACKLOG, listening->socket);
        if (!listening->acceptor)
                return error_set(
                        error, -errno, "A listener cannot accept connections: %s", strerrordesc_np(errno));
        evconnlistener_set_error_cb(listening->acceptor, not_accepted);
        return 0;
}

void streams_end(struct listening *listening)
{
        while (listening->connections)
                end_connection(listening->connections, COLLECT_END_PEER);
        if (listening->acceptor)
                evconnlistener_free(listening->acceptor);
}

void streams_look(struct listening *listening)
{
        const struct collect_limits *limits = &listening->limits;
        int64_t now_ms = clock_steady_ms();

        if (listening->is_pausing) {
                listening->is_pausing = false;
                evconnlistener_enable(listening->acceptor);
        }
        for (struct connection *one = listening->connections, *next; one; one = next) {
                next = one->next;
                if (one->is_shaking) {
                        if (now_ms - one->heard_ms >= limits->part_ms)
                                end_connection(one, COLLECT_END_TLS);
                } else if (one->is_waiting) {
                        /* That it waits is not its sender's doing. */
                        one->heard_ms = now_ms;
                        if (!cut_messages(one) || one->is_waiting)
                                continue;
                        if (one->is_over)
                                end_connection(one, COLLECT_END_PEER);
                        else
                                bufferevent_enable(one->stream, EV_READ);
                } else if (one->part_since_ms >= 0 && now_ms - one->part_since_ms >= limits->part_ms) {
                        end_connection(one, COLLECT_END_PART);
                } else if (now_ms - one->heard_ms >= limits->idle_ms) {
                        end_connection(one, COLLECT_END_IDLE);
                }
        }
}
