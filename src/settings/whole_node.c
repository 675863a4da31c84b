/* SPDX-License-Identifier: EUPL-1.2 */
/* What only shows of listeners, and of exporters that send to them, once all sections are read. */
#include "settings/parser.h"

#include <string.h>

bool settings_accepts(const struct exporter_settings *exporter, const struct listener_settings *listener)
{
        if (listener->transport == LISTENER_CONNTRACK)
                return strcmp(listener->exporter, exporter->name) == 0;
        if (exporter->address.count == 0 ||
                (listener->transport == LISTENER_RADIUS && exporter->secret_file[0] == '\0'))
                return false;
        for (size_t i = 0; i < exporter->accept.count; i++)
                if (strcmp(exporter->accept.items[i], listener->name) == 0)
                        return true;
        return exporter->accept.count == 0;
}

/* --- One listener --- */

/* Keys that mean something to some transports only. */
static const struct {
        const char *key;
        bool udp, tcp, tls, radius, conntrack; /* may be given */
} fitting[] = {
        {"content", .udp = true, .tcp = true, .tls = true},
        {"address", .udp = true, .tcp = true, .tls = true, .radius = true},
        {"port", .udp = true, .tcp = true, .tls = true, .radius = true},
        {"exporter", .conntrack = true},
        {"connections", .tcp = true, .tls = true},
        {"idle", .tcp = true, .tls = true},
        {"certificate", .tls = true},
        {"key", .tls = true},
        {"authorities", .tls = true},
        {"tls12", .tls = true},
};

static bool fits(size_t row, enum listener_transport transport)
{
        switch (transport) {
        case LISTENER_UDP:
                return fitting[row].udp;
        case LISTENER_TCP:
                return fitting[row].tcp;
        case LISTENER_TLS:
                return fitting[row].tls;
        case LISTENER_RADIUS:
                return fitting[row].radius;
        default:
                return fitting[row].conntrack;
        }
}

static void check_keys(struct parser *parser, size_t index)
{
        enum listener_transport transport = parser->settings.listeners[index].transport;

        for (size_t i = 0; i < sizeof fitting / sizeof fitting[0]; i++)
                if (!fits(i, transport) && parser_is_given(parser, SECTION_LISTENER, index, fitting[i].key))
                        parser_report(parser, parser_line_of(parser, SECTION_LISTENER, index, fitting[i].key),
                                "%s: means nothing to a listener with transport = %s", fitting[i].key,
                                listener_transport_name(transport));
}

/* key: was not given though it must be. */
static void report_missing(struct parser *parser, size_t index, const char *key, const char *example)
{
        if (!parser_is_given(parser, SECTION_LISTENER, index, key))
                parser_report(parser, parser->places[SECTION_LISTENER][index].line,
                        "[listener %s] says no %s; write like: %s = %s",
                        parser->settings.listeners[index].name, key, key, example);
}

static void check_missing(struct parser *parser, size_t index)
{
        const struct listener_settings *listener = &parser->settings.listeners[index];

        if (listener->transport == LISTENER_CONNTRACK) {
                report_missing(parser, index, "exporter", "nat-1");
                return;
        }
        if (listener->transport != LISTENER_RADIUS)
                report_missing(parser, index, "content", "flow");
        report_missing(parser, index, "port", "4739");
        if (listener->transport == LISTENER_TLS) {
                report_missing(parser, index, "certificate", "/etc/rogatory/node.pem");
                report_missing(parser, index, "key", "/etc/rogatory/node.key");
        }
}

static void check_conntrack(struct parser *parser, size_t index)
{
        const struct settings *settings = &parser->settings;
        const struct listener_settings *listener = &settings->listeners[index];

        if (listener->transport != LISTENER_CONNTRACK)
                return;
        if (listener->exporter[0] && !settings_exporter(settings, listener->exporter))
                parser_report(parser, parser_line_of(parser, SECTION_LISTENER, index, "exporter"),
                        "exporter: there is no section [exporter %s]", listener->exporter);
        for (size_t i = 0; i < index; i++)
                if (settings->listeners[i].transport == LISTENER_CONNTRACK)
                        parser_report(parser, parser_line_of(parser, SECTION_LISTENER, index, "transport"),
                                "transport: conntrack is listened to by [listener %s] already; this machine "
                                "has one",
                                settings->listeners[i].name);
}

static void check_senders_of(struct parser *parser, size_t index)
{
        const struct settings *settings = &parser->settings;
        const struct listener_settings *listener = &settings->listeners[index];

        if (listener->transport == LISTENER_CONNTRACK)
                return;
        for (size_t i = 0; i < settings->exporter_count; i++)
                if (settings_accepts(&settings->exporters[i], listener))
                        return;
        parser_report(parser, parser->places[SECTION_LISTENER][index].line,
                "[listener %s] would refuse everybody: no exporter with an address%s may send to it",
                listener->name, listener->transport == LISTENER_RADIUS ? " and a secret-file" : "");
}

/* --- Ports --- */

static bool addresses_meet(const struct address *a, const struct address *b)
{
        const struct address all_ipv4 = address_from_ipv4(0);
        bool same_family = address_is_ipv4(a) == address_is_ipv4(b);

        return address_compare(a, b) == 0 || (same_family && (address_is_none(a) || address_is_none(b) ||
                                                                     address_compare(a, &all_ipv4) == 0 ||
                                                                     address_compare(b, &all_ipv4) == 0));
}

static void check_port(struct parser *parser, size_t index)
{
        const struct settings *settings = &parser->settings;
        const struct listener_settings *own = &settings->listeners[index];
        const struct endpoint *metrics = &settings->node.metrics;
        unsigned line = parser_line_of(parser, SECTION_LISTENER, index, "port");

        if (own->port == 0)
                return;
        for (size_t i = 0; i < index; i++) {
                const struct listener_settings *other = &settings->listeners[i];
                if (own->port == other->port && listener_is_streams(own) == listener_is_streams(other) &&
                        addresses_meet(&own->address, &other->address))
                        parser_report(parser, line, "port: %u is taken by [listener %s] already", own->port,
                                other->name);
        }
        if (listener_is_streams(own) && own->port == metrics->port &&
                addresses_meet(&own->address, &metrics->address))
                parser_report(parser, line, "port: %u is that of the node's metrics", own->port);
}

/* --- Exporters --- */

static void check_accepted(struct parser *parser, size_t index, const char *name)
{
        const struct settings *settings = &parser->settings;
        const struct exporter_settings *exporter = &settings->exporters[index];
        const struct listener_settings *listener = settings_listener(settings, name);
        unsigned line = parser_line_of(parser, SECTION_EXPORTER, index, "accept");

        if (!listener)
                parser_report(parser, line, "accept: there is no section [listener %s]", name);
        else if (listener->transport == LISTENER_CONNTRACK)
                parser_report(parser, line,
                        "accept: [listener %s] takes this machine's own events; it names its exporter", name);
        else if (listener->transport == LISTENER_RADIUS && exporter->secret_file[0] == '\0')
                parser_report(parser, line,
                        "accept: [listener %s] is of RADIUS, and this exporter has no secret-file", name);
}

static void check_exporter(struct parser *parser, size_t index)
{
        const struct settings *settings = &parser->settings;
        const struct exporter_settings *exporter = &settings->exporters[index];

        for (size_t i = 0; i < exporter->accept.count; i++)
                check_accepted(parser, index, exporter->accept.items[i]);
        if (exporter->accept.count && exporter->address.count == 0)
                parser_report(parser, parser_line_of(parser, SECTION_EXPORTER, index, "accept"),
                        "accept: where its messages come from is not said; write address = ...");
        for (size_t i = 0; exporter->certificate_name[0] && i < settings->listener_count; i++) {
                const struct listener_settings *listener = &settings->listeners[i];
                if (listener->transport == LISTENER_TLS && listener->authorities[0] == '\0' &&
                        settings_accepts(exporter, listener))
                        parser_report(parser,
                                parser_line_of(parser, SECTION_EXPORTER, index, "certificate-name"),
                                "certificate-name: [listener %s] asks for no certificate; give it "
                                "authorities",
                                listener->name);
        }
}

/* Whoever reads what strangers send must not own what is stored. */
static void check_users(struct parser *parser)
{
        const struct node_settings *node = &parser->settings.node;

        if (node->collect_user[0] && strcmp(node->collect_user, node->store_user) == 0)
                parser_report(parser, parser_line_of(parser, SECTION_NODE, 0, "collect-user"),
                        "collect-user: %s is the store-user too; the one that reads the network must own "
                        "nothing",
                        node->collect_user);
}

void parser_check_node(struct parser *parser)
{
        check_users(parser);
        for (size_t i = 0; i < parser->settings.listener_count; i++) {
                if (parser->settings.listeners[i].transport == LISTENER_UNSAID) {
                        report_missing(parser, i, "transport", "udp");
                        continue;
                }
                check_keys(parser, i);
                check_missing(parser, i);
                check_conntrack(parser, i);
                check_senders_of(parser, i);
                check_port(parser, i);
        }
        for (size_t i = 0; i < parser->settings.exporter_count; i++)
                check_exporter(parser, i);
}
