/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/question_text.h"

#include <stdio.h>

/* IANA "Assigned Internet Protocol Numbers", those that cross a NAT. */
static const struct {
        const char *name;
        int number;
} protocols[] = {
        {"icmp", 1},
        {"tcp", 6},
        {"udp", 17},
        {"dccp", 33},
        {"gre", 47},
        {"esp", 50},
        {"ah", 51},
        {"sctp", 132},
        {"udplite", 136},
};

#define PROTOCOL_COUNT (sizeof protocols / sizeof protocols[0])

static const char *protocol_name(int number)
{
        for (size_t i = 0; i < PROTOCOL_COUNT; i++)
                if (protocols[i].number == number)
                        return protocols[i].name;
        return NULL;
}

static bool is_name(struct slice text, const char *name)
{
        bool same = text.length == strlen(name);

        for (size_t i = 0; same && i < text.length; i++) {
                char c = text.text[i];
                same = (c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) == name[i];
        }
        return same;
}

int protocol_read(struct slice text, int *ret_protocol, struct error *error)
{
        uint64_t number = 0;

        for (size_t i = 0; i < PROTOCOL_COUNT; i++)
                if (is_name(text, protocols[i].name)) {
                        *ret_protocol = protocols[i].number;
                        return 0;
                }
        if (slice_number(text, 255, &number) < 0 || number == 0)
                return error_set(error, -EINVAL,
                        "'%.*s' is no protocol; write tcp, udp, icmp, or a protocol number from 1 to 255",
                        (int)(text.length < 40 ? text.length : 40), text.text);
        *ret_protocol = (int)number;
        return 0;
}

char *protocol_format_code(int protocol, char text[PROTOCOL_TEXT_MAX])
{
        const char *name = protocol_name(protocol);

        if (name)
                memcpy(text, name, strlen(name) + 1); /* the table's names are short */
        else
                snprintf(text, PROTOCOL_TEXT_MAX, "%d", protocol);
        return text;
}

char *protocol_format(int protocol, char text[PROTOCOL_TEXT_MAX])
{
        if (protocol_name(protocol))
                return protocol_format_code(protocol, text);
        snprintf(text, PROTOCOL_TEXT_MAX, "protocol %d", protocol);
        return text;
}

/* --- The question --- */

static int read_address(const struct question_text *text, struct question *q, struct error *error)
{
        uint64_t port = 0;
        int r = address_parse_with_port(text->address, &q->address, &q->port, error);

        if (r < 0)
                return r;
        if (address_is_none(&q->address))
                return error_set(error, -EINVAL, "'%.*s' is the unspecified address, which nobody holds",
                        (int)text->address.length, text->address.text);
        if (address_is_named(&q->address))
                return error_set(error, -EINVAL,
                        "'%.*s' is in a reserved range (0100::/8), which nobody holds",
                        (int)text->address.length, text->address.text);
        if (text->port.length == 0)
                return 0;
        if (q->port >= 0)
                return error_set(error, -EINVAL, "the port is given twice: with the address, and on its own");
        if (slice_number(text->port, UINT16_MAX, &port) < 0)
                return error_set(error, -EINVAL, "'%.*s' is no port; write a number from 0 to 65535",
                        (int)(text->port.length < 40 ? text->port.length : 40), text->port.text);
        q->port = (int)port;
        return 0;
}

static int read_destination(const struct question_text *text, struct question *q, struct error *error)
{
        if (text->destination.length == 0)
                return 0;
        int r = address_parse_with_port(text->destination, &q->destination, &q->destination_port, error);
        if (r < 0)
                return error_prefix(error, r, "destination: ");
        if (address_is_none(&q->destination))
                return error_set(error, -EINVAL, "destination: the unspecified address is nobody's");
        return 0;
}

/* RFC 4787 and its like know ports and ICMP identifiers; a port of GRE or ESP is a slip whose answer would
 * mislead. */
static int check_port(const struct question *q, struct error *error)
{
        char name[PROTOCOL_TEXT_MAX];

        if (q->port < 0 || q->protocol < 0 || nat_protocol_has_port(q->protocol) ||
                !address_is_ipv4(&q->address))
                return 0;
        return error_set(error, -EINVAL,
                "%s has no ports, so a question about port %d cannot be answered; leave the port away, or "
                "name the "
                "protocol that was meant",
                protocol_format(q->protocol, name), q->port);
}

int question_read(
        const struct question_text *text, int64_t skew_ms, struct question *ret_question, struct error *error)
{
        struct question q = {.port = -1, .protocol = -1, .destination_port = -1, .skew_ms = skew_ms};
        int r;

        if (text->address.length == 0)
                return error_set(error, -EINVAL, "no address is given");
        if (text->time.length == 0)
                return error_set(error, -EINVAL,
                        "no time is given; write it with its offset from UTC, as in 2026-11-20T23:35:52Z or "
                        "2026-11-21T00:35:52+01:00");
        r = read_address(text, &q, error);
        if (r == 0 && text->protocol.length > 0)
                r = protocol_read(text->protocol, &q.protocol, error);
        if (r == 0)
                r = time_parse_rfc3339(text->time, &q.at_ms, NULL, error);
        if (r == 0)
                r = read_destination(text, &q, error);
        if (r == 0)
                r = check_port(&q, error);
        if (r == 0)
                *ret_question = q;
        return r;
}
