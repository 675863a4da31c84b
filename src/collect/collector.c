/* SPDX-License-Identifier: EUPL-1.2 */
#include "collect/collector.h"

#include "collect/collector_state.h"
#include "collect/radius_server.h"
#include "os/clock.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const refusal_names[COLLECT_REFUSAL_COUNT] = {
        [COLLECT_UNKNOWN_SENDER] = "unknown-sender",
        [COLLECT_OVER_RATE] = "over-rate",
        [COLLECT_EMPTY] = "empty",
        [COLLECT_NOT_TAKEN] = "not-taken",
        [COLLECT_MALFORMED] = "malformed",
        [COLLECT_UNPROVEN] = "unproven",
        [COLLECT_TOO_LONG] = "too-long",
};

static const char *const end_names[COLLECT_END_COUNT] = {
        [COLLECT_END_PEER] = "peer",
        [COLLECT_END_UNKNOWN] = "unknown-sender",
        [COLLECT_END_LIMIT] = "limit",
        [COLLECT_END_IDLE] = "idle",
        [COLLECT_END_PART] = "part",
        [COLLECT_END_FRAMING] = "framing",
        [COLLECT_END_TLS] = "tls",
        [COLLECT_END_CERTIFICATE] = "certificate",
};

const char *collect_end_name(enum collect_end end)
{
        return (unsigned)end < COLLECT_END_COUNT ? end_names[end] : "unknown";
}

const char *collect_refusal_name(enum collect_refusal refusal)
{
        return (unsigned)refusal < COLLECT_REFUSAL_COUNT ? refusal_names[refusal] : "unknown";
}

socklen_t socket_address_write(const struct address *address, uint16_t port, struct sockaddr_storage *ret)
{
        memset(ret, 0, sizeof *ret);
        if (address_is_ipv4(address)) {
                struct sockaddr_in *ipv4 = (struct sockaddr_in *)ret;
                ipv4->sin_family = AF_INET;
                ipv4->sin_port = htons(port);
                ipv4->sin_addr.s_addr = htonl(address_ipv4(address));
                return sizeof *ipv4;
        }
        struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)ret;
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = htons(port);
        memcpy(ipv6->sin6_addr.s6_addr, address->bytes, sizeof address->bytes);
        return sizeof *ipv6;
}

bool socket_address_read(const struct sockaddr_storage *from, struct address *ret_address, uint16_t *ret_port)
{
        if (from->ss_family == AF_INET) {
                const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)from;
                *ret_address = address_from_ipv4(ntohl(ipv4->sin_addr.s_addr));
                *ret_port = ntohs(ipv4->sin_port);
                return true;
        }
        if (from->ss_family == AF_INET6) {
                const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)from;
                *ret_address = address_from_ipv6(ipv6->sin6_addr.s6_addr);
                *ret_port = ntohs(ipv6->sin6_port);
                return true;
        }
        return false;
}

static void look_around(evutil_socket_t socket, short what, void *context)
{
        (void)socket;
        (void)what;
        collector_look_for_drops(context);
}

static void look_at_streams(evutil_socket_t socket, short what, void *context)
{
        struct collector *collector = context;

        (void)socket;
        (void)what;
        for (size_t i = 0; i < collector->count; i++)
                if (!is_datagrams(collector->listening[i]->transport))
                        streams_look(collector->listening[i]);
}

int collector_new(struct event_base *base, struct exporters *exporters, const struct collect_sink *sink,
        struct collector **ret_collector, struct error *error)
{
        struct collector *collector = calloc(1, sizeof *collector);

        if (collector) {
                collector->base = base;
                collector->exporters = exporters;
                collector->sink = *sink;
                collector->every_second = event_new(base, -1, EV_PERSIST, look_around, collector);
                collector->every_look = event_new(base, -1, EV_PERSIST, look_at_streams, collector);
        }
        if (!collector || !collector->every_second || !collector->every_look ||
                datagram_room_new(&collector->room) < 0 ||
                event_add(collector->every_second, &(struct timeval){.tv_sec = 1}) < 0 ||
                event_add(collector->every_look, &(struct timeval){.tv_usec = COLLECT_LOOK_MS * 1000}) < 0) {
                collector_free(collector);
                return error_set(error, -ENOMEM, "Not enough memory for the collector");
        }
        *ret_collector = collector;
        return 0;
}

static void stop_listening(struct listening *listening)
{
        streams_end(listening);
        if (listening->readable)
                event_free(listening->readable);
        if (listening->socket >= 0)
                close(listening->socket);
        tls_close(listening->tls);
        free(listening);
}

void collector_free(struct collector *collector)
{
        if (!collector)
                return;
        while (collector->count)
                stop_listening(collector->listening[--collector->count]);
        if (collector->every_second)
                event_free(collector->every_second);
        if (collector->every_look)
                event_free(collector->every_look);
        datagram_room_free(collector->room);
        radius_server_free(collector->radius);
        free(collector);
}

static int refused_socket(const struct collect_listener *wanted, const char *what, struct error *error)
{
        char text[ADDRESS_TEXT_MAX];
        int code = errno;
        return error_set(error, -code, "Cannot listen on %s, port %u: %s: %s",
                address_format(&wanted->address, text), wanted->port, what, strerrordesc_np(code));
}

/* IPv4 and IPv6 are listened to by sockets of their own, so that what a socket takes is what its line in the
 * configuration says. */
static int type_of(const struct collect_listener *wanted)
{
        return is_datagrams(wanted->transport) ? SOCK_DGRAM : SOCK_STREAM;
}

static int open_socket(const struct collect_listener *wanted, int *ret_socket, struct error *error)
{
        struct sockaddr_storage at;
        socklen_t length = socket_address_write(&wanted->address, wanted->port, &at);
        const int on = 1;
        int r = 0;

        int made = socket(at.ss_family, type_of(wanted) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (made < 0)
                return refused_socket(wanted, "no socket", error);
        if (at.ss_family == AF_INET6 && setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
                r = refused_socket(wanted, "IPV6_V6ONLY", error);
        /* A node that starts again need not wait for connections of its last life. */
        if (type_of(wanted) == SOCK_STREAM && setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
                r = refused_socket(wanted, "SO_REUSEADDR", error);
        if (r == 0 && bind(made, (struct sockaddr *)&at, length) < 0)
                r = refused_socket(wanted, "bind", error);
        if (r < 0) {
                close(made);
                return r;
        }
        *ret_socket = made;
        return 0;
}

/* A descriptor that was handed over is looked at, because its maker may have meant something else with it. */
static int take_socket(const struct collect_listener *wanted, int *ret_socket, struct error *error)
{
        int type = 0;
        socklen_t length = sizeof type;

        if (getsockopt(wanted->socket, SOL_SOCKET, SO_TYPE, &type, &length) < 0)
                return refused_socket(wanted, "the descriptor that was handed over", error);
        if (type != type_of(wanted))
                return error_set(error, -EINVAL, "The socket that was handed over is not one for %s",
                        type == SOCK_STREAM ? "datagrams" : "streams");
        if (evutil_make_socket_nonblocking(wanted->socket) < 0 ||
                evutil_make_socket_closeonexec(wanted->socket) < 0)
                return refused_socket(wanted, "the descriptor that was handed over", error);
        *ret_socket = wanted->socket;
        return 0;
}

/* More than the system's limit where this process may (CAP_NET_ADMIN), else up to it: collector_buffer tells.
 */
static void ask_for_buffer(int socket, uint32_t bytes, bool was_handed_over)
{
        int wanted = bytes > INT32_MAX / 2 ? INT32_MAX / 2 : (int)bytes, granted = 0;
        socklen_t length = sizeof granted;

        /* A socket that was handed over may have been given more than this process could ask for: it is not
         * taken away again. The kernel tells twice what was asked for (socket(7)). */
        if (was_handed_over && getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &granted, &length) == 0 &&
                granted / 2 >= wanted)
                return;
        if (bytes && setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) < 0)
                (void)setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
}

static struct collect_limits limits_of(const struct collect_limits *wanted)
{
        struct collect_limits limits = *wanted;

        limits.connections = limits.connections ? limits.connections : COLLECT_CONNECTIONS_DEFAULT;
        if (limits.connections_of_one == 0)
                limits.connections_of_one = COLLECT_CONNECTIONS_OF_ONE_DEFAULT;
        limits.idle_ms = limits.idle_ms ? limits.idle_ms : COLLECT_IDLE_MS_DEFAULT;
        limits.part_ms = limits.part_ms ? limits.part_ms : COLLECT_PART_MS_DEFAULT;
        return limits;
}

static int get_socket(const struct collect_listener *wanted, int *ret_socket, struct error *error)
{
        if (wanted->transport == COLLECT_CONNTRACK)
                return conntrack_open(wanted, ret_socket, error);
        return wanted->socket >= 0 ? take_socket(wanted, ret_socket, error)
                                   : open_socket(wanted, ret_socket, error);
}

static int begin_to_read(
        struct listening *listening, const struct collect_listener *wanted, struct error *error)
{
        uint32_t buffer = wanted->buffer_bytes;

        if (wanted->transport == COLLECT_CONNTRACK && buffer == 0)
                buffer = COLLECT_CONNTRACK_BUFFER;
        ask_for_buffer(listening->socket, buffer, wanted->socket >= 0);
        if (wanted->transport == COLLECT_CONNTRACK)
                return conntrack_begin(listening, wanted->conntrack, error);
        return is_datagrams(wanted->transport) ? datagrams_begin(listening, error)
                                               : streams_begin(listening, error);
}

int collector_listen(struct collector *collector, const struct collect_listener *wanted, uint16_t *ret_number,
        struct error *error)
{
        if (collector->count == COLLECT_LISTENERS_MAX)
                return error_set(
                        error, -ENOSPC, "More than %u listeners are configured", COLLECT_LISTENERS_MAX);
        struct listening *listening = calloc(1, sizeof *listening);
        if (!listening)
                return error_set(error, -ENOMEM, "Not enough memory for a listener");
        listening->collector = collector;
        listening->number = (uint16_t)collector->count;
        listening->transport = wanted->transport;
        listening->exporter = EXPORTER_NOBODY;
        listening->framing = wanted->stream == COLLECT_IPFIX ? FRAMING_IPFIX : FRAMING_SYSLOG;
        listening->limits = limits_of(&wanted->limits);
        listening->socket = -1;
        int r = get_socket(wanted, &listening->socket, error);
        if (r == 0 && wanted->transport == COLLECT_RADIUS && !collector->radius &&
                (r = radius_server_new(&collector->radius)) < 0)
                error_set(error, r, "Not enough memory for a RADIUS listener");
        if (r == 0 && wanted->transport == COLLECT_TLS)
                r = tls_open(wanted->tls, &listening->tls, error);
        if (r == 0)
                r = begin_to_read(listening, wanted, error);
        if (r < 0) {
                if (listening->socket == wanted->socket)
                        listening->socket = -1; /* it stays the caller's */
                stop_listening(listening);
                return r;
        }
        *ret_number = listening->number;
        collector->listening[collector->count++] = listening;
        return 0;
}

uint16_t collector_port(const struct collector *collector, uint16_t listener)
{
        struct sockaddr_storage at = {0};
        struct address address;
        socklen_t length = sizeof at;
        uint16_t port = 0;

        if (getsockname(collector->listening[listener]->socket, (struct sockaddr *)&at, &length) == 0)
                (void)socket_address_read(&at, &address, &port);
        return port;
}

uint32_t collector_buffer(const struct collector *collector, uint16_t listener)
{
        int bytes = 0;
        socklen_t length = sizeof bytes;

        (void)getsockopt(collector->listening[listener]->socket, SOL_SOCKET, SO_RCVBUF, &bytes, &length);
        return (uint32_t)bytes;
}

bool collector_is_drained(const struct collector *collector, uint16_t listener)
{
        struct pollfd look = {.fd = collector->listening[listener]->socket, .events = POLLIN};

        return poll(&look, 1, 0) == 0;
}

struct collect_counts collector_counts(const struct collector *collector, uint16_t listener)
{
        return collector->listening[listener]->counts;
}

void collector_look_for_drops(struct collector *collector)
{
        for (size_t i = 0; i < collector->count; i++)
                if (is_datagrams(collector->listening[i]->transport))
                        datagrams_look_for_drops(collector->listening[i]);
}

void collect_refuse(
        struct listening *listening, enum collect_refusal refusal, uint16_t exporter, int64_t now_ms)
{
        const struct collect_sink *sink = &listening->collector->sink;
        struct collect_loss loss = {.listener = listening->number,
                .exporter = exporter,
                .refusal = refusal,
                .count = 1,
                .noticed_ms = now_ms};

        listening->counts.refused[refusal]++;
        /* What a stranger sent is missed by nobody. */
        if (sink->lost && exporter != EXPORTER_NOBODY)
                sink->lost(sink->context, &loss);
}

void collect_deliver(struct listening *listening, struct exporter *exporter,
        const struct collect_message *message, int64_t steady_ms)
{
        const struct collect_sink *sink = &listening->collector->sink;

        if (message->length == 0)
                collect_refuse(listening, COLLECT_EMPTY, exporter->number, message->receipt_ms);
        else if (!exporter_may_send(exporter, steady_ms))
                collect_refuse(listening, COLLECT_OVER_RATE, exporter->number, message->receipt_ms);
        else if (sink->message(sink->context, message) < 0)
                collect_refuse(listening, COLLECT_NOT_TAKEN, exporter->number, message->receipt_ms);
        else
                listening->counts.delivered++;
}

void collector_pause(struct collector *collector, bool pause)
{
        for (size_t i = 0; i < collector->count; i++) {
                struct event *readable = collector->listening[i]->readable;
                if (readable && pause)
                        event_del(readable);
                else if (readable)
                        event_add(readable, NULL);
        }
}
