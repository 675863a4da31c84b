/* SPDX-License-Identifier: EUPL-1.2 */
/* Numbers and health over HTTP, for machines that watch the node:
 *
 *   /metrics       Prometheus' text format      /healthz   200 as long as the process answers
 *   /metrics.json  the same as JSON             /readyz    200 where everything is taken and told, else 503
 *
 * Nothing can be asked of it, nothing but GET is answered, and nobody is let in: the address belongs into a
 * network of those who may know (the configuration's default is none at all). */
#include "node/node.h"
#include "node/statistics.h"
#include "os/clock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX 8192
#define BODY_MAX 0
#define TIMEOUT_S 5
#define CONNECTIONS_A_SECOND 64u /* more are not accepted before the next */
#define PAGE_MAX (64u << 20)

static struct statistics_exporter *exporter_rows(const struct node *node)
{
        struct statistics_exporter *rows = calloc(node->settings.exporter_count + 1, sizeof *rows);

        for (size_t i = 0; rows && i < node->settings.exporter_count; i++) {
                struct reception_counts c = reception_counts(node->reception, (uint16_t)i);
                rows[i] = (struct statistics_exporter){.name = node->settings.exporters[i].name,
                        .counts = {.exporter = i,
                                .messages = c.messages,
                                .bytes = c.bytes,
                                .events = c.events,
                                .leases = c.leases,
                                .lost = c.lost,
                                .gaps = c.gaps,
                                .restarts = c.restarts,
                                .clock_steps = c.clock_steps,
                                .last_ms = c.last_ms,
                                .offset_min_ms = c.offset_min_ms,
                                .offset_max_ms = c.offset_max_ms}};
                memcpy(rows[i].refused, c.refused, sizeof rows[i].refused);
        }
        return rows;
}

static void fill_listeners(const struct node *node, struct statistics_listener *rows)
{
        for (size_t i = 0; i < node->settings.listener_count; i++) {
                struct collect_counts c = collector_counts(node->listeners[i].collector, 0);
                rows[i] = (struct statistics_listener){.name = node->listeners[i].settings->name,
                        .transport = listener_transport_name(node->listeners[i].settings->transport),
                        .counts = {.listener = i,
                                .received = c.received,
                                .delivered = c.delivered,
                                .bytes = c.bytes,
                                .strangers = c.refused[COLLECT_UNKNOWN_SENDER],
                                .over_rate = c.refused[COLLECT_OVER_RATE],
                                .not_taken = c.refused[COLLECT_NOT_TAKEN],
                                .dropped_by_kernel = c.dropped_by_kernel,
                                .connections = c.open}};
                for (unsigned k = 0; k < COLLECT_REFUSAL_COUNT; k++)
                        rows[i].counts.refused += c.refused[k];
        }
}

static int write_page(const struct node *node, bool as_json, struct buffer *ret)
{
        struct statistics_listener listeners[SETTINGS_LISTENERS_MAX];
        struct statistics_exporter *exporters = exporter_rows(node);
        struct journal_state journal = journal_state(node->journal);
        const struct statistics statistics = {.now_ms = clock_now_ms(),
                .collector = {.journal_next = journal.next,
                        .journal_flushed = journal.flushed,
                        .journal_durable = journal.durable,
                        .journal_released = journal.released,
                        .journal_bytes = journal.file_bytes,
                        .queued_bytes = node_queued(node),
                        .is_taking = node->stopped == 0,
                        .stops = node->stops,
                        .stop_ms = node->stop_ms,
                        .started_ms = node->started_ms},
                .store = node->store,
                .store_is_known = node->store_is_known,
                .exporters = exporters,
                .exporter_count = node->settings.exporter_count,
                .listeners = listeners,
                .listener_count = node->settings.listener_count};

        fill_listeners(node, listeners);
        int r = !exporters ? -ENOMEM
                : as_json  ? statistics_json(&statistics, ret)
                           : statistics_prometheus(&statistics, ret);
        free(exporters);
        return r;
}

static void answer(
        struct evhttp_request *request, int code, const char *type, const void *bytes, size_t length)
{
        struct evbuffer *body = evbuffer_new();
        struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

        evhttp_add_header(headers, "Content-Type", type);
        evhttp_add_header(headers, "Connection", "close");
        evhttp_add_header(headers, "Cache-Control", "no-store");
        if (body)
                evbuffer_add(body, bytes, length);
        evhttp_send_reply(request, code, code == 200 ? "OK" : "Service Unavailable", body);
        if (body)
                evbuffer_free(body);
}

static void answer_text(struct evhttp_request *request, int code, const char *text)
{
        answer(request, code, "text/plain; charset=utf-8", text, strlen(text));
}

static void answer_metrics(struct evhttp_request *request, void *context)
{
        struct buffer page = buffer_make(PAGE_MAX);
        bool as_json = strcmp(evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request)), "/metrics") != 0;

        if (write_page(context, as_json, &page) < 0)
                answer_text(request, 503, "not enough memory\n");
        else
                answer(request, 200,
                        as_json ? "application/json" : "text/plain; version=0.0.4; charset=utf-8", page.bytes,
                        page.length);
        buffer_free(&page);
}

static void answer_health(struct evhttp_request *request, void *context)
{
        (void)context;
        answer_text(request, 200, "ok\n");
}

static void answer_ready(struct evhttp_request *request, void *context)
{
        const struct node *node = context;

        if (node->is_replaying || !node->greeted)
                answer_text(request, 503, "the store is not there yet\n");
        else if (node->stopped)
                answer_text(request, 503, "nothing is taken for now; the log says why\n");
        else
                answer_text(request, 200, "ready\n");
}

/* Called for each connection; NULL: it is made as always. One that says nothing is closed after TIMEOUT_S, so
 * there are never more than so many. */
static struct bufferevent *count_connection(struct event_base *base, void *context)
{
        struct node *node = context;

        (void)base;
        if (++node->http_connections >= CONNECTIONS_A_SECOND)
                evconnlistener_disable(node->http_listener);
        return NULL;
}

void node_serve_again(struct node *node)
{
        if (node->http_connections >= CONNECTIONS_A_SECOND)
                evconnlistener_enable(node->http_listener);
        node->http_connections = 0;
}

int node_serve(struct node *node, struct error *error)
{
        char address[ADDRESS_TEXT_MAX];
        const struct endpoint *endpoint = &node->settings.node.metrics;

        if (node->options.metrics < 0 && endpoint->port == 0)
                return 0;
        node->http = evhttp_new(node->base);
        if (!node->http)
                return error_set(error, -ENOMEM, "not enough memory");
        evhttp_set_allowed_methods(node->http, EVHTTP_REQ_GET);
        evhttp_set_max_headers_size(node->http, HEAD_MAX);
        evhttp_set_max_body_size(node->http, BODY_MAX);
        evhttp_set_timeout(node->http, TIMEOUT_S);
        evhttp_set_default_content_type(node->http, "text/plain; charset=utf-8");
        if (evhttp_set_cb(node->http, "/metrics", answer_metrics, node) < 0 ||
                evhttp_set_cb(node->http, "/metrics.json", answer_metrics, node) < 0 ||
                evhttp_set_cb(node->http, "/healthz", answer_health, node) < 0 ||
                evhttp_set_cb(node->http, "/readyz", answer_ready, node) < 0)
                return error_set(error, -ENOMEM, "not enough memory");
        /* Of a socket that was handed over it is not known; a call that waits would hold up all else. */
        if (node->options.metrics >= 0 && evutil_make_socket_nonblocking(node->options.metrics) < 0)
                return error_set(error, -EIO, "the socket for metrics: %s", strerror(errno));
        evhttp_set_bevcb(node->http, count_connection, node);
        struct evhttp_bound_socket *bound =
                node->options.metrics >= 0
                        ? evhttp_accept_socket_with_handle(node->http, node->options.metrics)
                        : evhttp_bind_socket_with_handle(
                                  node->http, address_format(&endpoint->address, address), endpoint->port);
        if (!bound)
                return error_set(error, errno ? -errno : -EIO, "the socket for metrics: %s", strerror(errno));
        node->http_listener = evhttp_bound_socket_get_listener(bound);
        return 0;
}

void node_end_serving(struct node *node)
{
        if (node->http)
                evhttp_free(node->http);
        node->http = NULL;
}
