/* SPDX-License-Identifier: EUPL-1.2 */
/* The listeners of the configuration, each with the exporters that may send to it. */
#include "node/node.h"
#include "os/clock.h"
#include "os/keyring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- Who may send --- */

struct rows {
        struct exporter_setting *items; /* owned */
        size_t count, capacity;
        struct buffer *secrets; /* owned; one of each exporter, empty where there is none */
};

static int add_row(struct rows *rows, const struct exporter_setting *row)
{
        if (rows->count == rows->capacity) {
                size_t capacity = rows->capacity ? rows->capacity * 2 : 64;
                struct exporter_setting *items = realloc(rows->items, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                rows->items = items;
                rows->capacity = capacity;
        }
        rows->items[rows->count++] = *row;
        return 0;
}

/* Without the line end that an editor leaves behind a secret. */
static int read_secret(const char *path, struct buffer *ret, struct error *error)
{
        *ret = buffer_make(SECRET_MOST + 64);
        int r = secret_file_read(path, ret, error);

        while (r == 0 && ret->length > 0 &&
                (ret->bytes[ret->length - 1] == '\n' || ret->bytes[ret->length - 1] == '\r'))
                ret->length--;
        if (r == 0)
                r = buffer_append_u8(ret, 0);
        if (r == 0 && strlen((const char *)ret->bytes) != ret->length - 1)
                r = error_set(error, -EINVAL, "%s: a secret has no zero byte in it", path);
        return r;
}

/* listener: NULL for all that have an address. */
static int collect_rows(const struct settings *settings, const struct listener_settings *listener,
        struct rows *rows, struct error *error)
{
        int r = 0;

        for (size_t i = 0; i < settings->exporter_count && r == 0; i++) {
                const struct exporter_settings *exporter = &settings->exporters[i];
                bool proves = listener && listener->transport == LISTENER_RADIUS;
                struct exporter_setting row = {.number = (uint16_t)i, .rate = exporter->rate};
                if (listener && !settings_accepts(exporter, listener))
                        continue;
                if (proves) {
                        r = read_secret(exporter->secret_file, &rows->secrets[i], error);
                        row.secret = (const char *)rows->secrets[i].bytes;
                }
                if (exporter->certificate_name[0])
                        row.certificate_name = exporter->certificate_name;
                for (size_t k = 0; k < exporter->address.count && r == 0; k++) {
                        row.from = exporter->address.items[k];
                        r = add_row(rows, &row);
                }
        }
        return r;
}

static int make_exporters(const struct settings *settings, const struct listener_settings *listener,
        struct exporters **ret, struct error *error)
{
        struct rows rows = {.secrets = calloc(settings->exporter_count + 1, sizeof *rows.secrets)};
        int r = rows.secrets ? collect_rows(settings, listener, &rows, error) : -ENOMEM;

        if (r == 0)
                r = exporters_new(rows.items, rows.count, ret, error);
        for (size_t i = 0; rows.secrets && i < settings->exporter_count; i++) {
                if (rows.secrets[i].bytes)
                        explicit_bzero(rows.secrets[i].bytes, rows.secrets[i].capacity);
                buffer_free(&rows.secrets[i]);
        }
        free(rows.secrets);
        free(rows.items);
        return r == -ENOMEM ? error_set(error, r, "not enough memory") : r;
}

/* --- Listeners --- */

static enum collect_transport transport_of(enum listener_transport transport)
{
        switch (transport) {
        case LISTENER_TCP:
                return COLLECT_TCP;
        case LISTENER_TLS:
                return COLLECT_TLS;
        case LISTENER_RADIUS:
                return COLLECT_RADIUS;
        case LISTENER_CONNTRACK:
                return COLLECT_CONNTRACK;
        case LISTENER_UDP:
        case LISTENER_UNSAID:
                break;
        }
        return COLLECT_UDP;
}

static enum reception_content content_of(const struct listener_settings *settings)
{
        if (settings->transport == LISTENER_RADIUS)
                return RECEPTION_RADIUS;
        if (settings->transport == LISTENER_CONNTRACK)
                return RECEPTION_CONNTRACK;
        return settings->content == CONTENT_SYSLOG ? RECEPTION_TEXT : RECEPTION_FLOW;
}

static int listen_one(struct node *node, struct node_listener *listener, int socket, struct error *error)
{
        const struct listener_settings *settings = listener->settings;
        const struct collect_tls tls = {.certificate = settings->certificate,
                .key = settings->key,
                .authorities = settings->authorities[0] ? settings->authorities : NULL,
                .allow_tls12 = settings->tls12};
        const struct exporter_settings *exporter = settings_exporter(&node->settings, settings->exporter);
        struct collect_conntrack conntrack = {.exporter = EXPORTER_NOBODY};
        struct collect_sink sink = node_collect_sink(listener);
        uint16_t number;

        if (listener->content == RECEPTION_CONNTRACK) {
                if (!exporter)
                        return error_set(
                                error, -EINVAL, "there is no exporter \"%s\" for it", settings->exporter);
                conntrack.exporter = (uint16_t)(exporter - node->settings.exporters);
        }
        listener->exporter = conntrack.exporter;
        const struct collect_listener wanted = {
                .transport = transport_of(settings->transport),
                .stream = settings->content == CONTENT_SYSLOG ? COLLECT_SYSLOG : COLLECT_IPFIX,
                .tls = settings->transport == LISTENER_TLS ? &tls : NULL,
                .conntrack = listener->content == RECEPTION_CONNTRACK ? &conntrack : NULL,
                .limits = {.connections = settings->connections, .idle_ms = settings->idle_ms},
                .address = settings->address,
                .port = settings->port,
                .socket = socket,
                .buffer_bytes = settings->buffer > UINT32_MAX ? UINT32_MAX : (uint32_t)settings->buffer,
        };
        int r = make_exporters(&node->settings, settings, &listener->exporters, error);
        if (r == 0)
                r = collector_new(node->base, listener->exporters, &sink, &listener->collector, error);
        return r < 0 ? r : collector_listen(listener->collector, &wanted, &number, error);
}

int node_listen(struct node *node, struct error *error)
{
        int r = make_exporters(&node->settings, NULL, &node->senders, error);

        for (size_t i = 0; i < node->settings.listener_count && r == 0; i++) {
                struct node_listener *listener = &node->listeners[i];
                listener->node = node;
                listener->settings = &node->settings.listeners[i];
                listener->content = content_of(listener->settings);
                r = listen_one(node, listener, node->options.listeners[i], error);
                if (r < 0)
                        return error_prefix(error, r, "listener %s: ", listener->settings->name);
                uint32_t granted = listener->settings->transport == LISTENER_TCP ||
                                                   listener->settings->transport == LISTENER_TLS
                                           ? UINT32_MAX
                                           : collector_buffer(listener->collector, 0);
                if (granted < listener->settings->buffer)
                        node_say(LOG_CAUTION, "buffer",
                                "listener %s: the kernel grants a buffer of %u bytes, and %llu are wanted; "
                                "raise net.core.rmem_max",
                                listener->settings->name, granted,
                                (unsigned long long)listener->settings->buffer);
        }
        return r;
}

void node_end_listening(struct node *node)
{
        for (size_t i = 0; i < node->settings.listener_count; i++) {
                collector_free(node->listeners[i].collector);
                exporters_free(node->listeners[i].exporters);
                node->listeners[i].collector = NULL;
                node->listeners[i].exporters = NULL;
        }
        exporters_free(node->senders);
        node->senders = NULL;
}

/* --- Pauses --- */

static void pause_all(struct node *node, bool pause)
{
        for (size_t i = 0; i < node->settings.listener_count; i++)
                if (node->listeners[i].collector)
                        collector_pause(node->listeners[i].collector, pause);
}

void node_stop_taking(struct node *node, enum node_stop why, const char *words)
{
        if (node->stopped & why)
                return;
        if (!node->stopped) {
                pause_all(node, true);
                node->stops++;
                node->stopped_ms = clock_steady_ms();
        }
        node->stopped |= why;
        if (why != STOP_QUEUE)
                node_say(LOG_FAILURE, "taking-stops",
                        "nothing is taken until it is better: %s; what comes waits in the kernel's buffers, "
                        "and what they cannot hold is lost and told as such",
                        words);
        else
                node_say_seldom(node, 3, LOG_CAUTION, "store-slow",
                        "the store does not keep up: %s; what comes waits in the kernel", words);
}

void node_go_on_taking(struct node *node, enum node_stop why)
{
        unsigned before = node->stopped;

        node->stopped &= ~(unsigned)why;
        if (before && !node->stopped) {
                int64_t took = clock_steady_ms() - node->stopped_ms;
                node->stop_ms += (uint64_t)took;
                pause_all(node, false);
                if (before & ~(unsigned)STOP_QUEUE)
                        node_say(LOG_NOTICE, "taking-again", "everything is taken again, after %lld ms",
                                (long long)took);
        }
}
