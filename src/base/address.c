/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/address.h"

#include <arpa/inet.h>
#include <stdio.h>

int address_parse(struct slice text, struct address *ret_address, struct error *error)
{
        char copy[INET6_ADDRSTRLEN];
        uint8_t bytes[16];

        if (text.length > 0 && text.length < sizeof copy && !memchr(text.text, '\0', text.length)) {
                memcpy(copy, text.text, text.length);
                copy[text.length] = '\0';
                if (inet_pton(AF_INET, copy, bytes) == 1) {
                        *ret_address = address_from_ipv4((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                                                         (uint32_t)bytes[2] << 8 | bytes[3]);
                        return 0;
                }
                if (inet_pton(AF_INET6, copy, bytes) == 1) {
                        *ret_address = address_from_ipv6(bytes);
                        return 0;
                }
        }
        return error_set(error, -EINVAL, "\"%.*s\" is not an IPv4 or IPv6 address",
                (int)(text.length > 60 ? 60 : text.length), text.length ? text.text : "");
}

/* inet_ntop prints IPv4 by printf; a batch writes six addresses for each question. */
static void put_ipv4(const uint8_t bytes[4], char *at)
{
        for (unsigned i = 0; i < 4; i++) {
                unsigned value = bytes[i];
                if (value >= 100)
                        *at++ = (char)('0' + value / 100);
                if (value >= 10)
                        *at++ = (char)('0' + value / 10 % 10);
                *at++ = (char)('0' + value % 10);
                *at++ = i < 3 ? '.' : '\0';
        }
}

char *address_format(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
        if (address_is_none(address) || address_is_named(address))
                memcpy(text, "-", 2);
        else if (address_is_ipv4(address))
                put_ipv4(address->bytes + 12, text);
        else
                inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_MAX);
        return text;
}

struct prefix prefix_of(const struct address *address, unsigned length)
{
        struct prefix prefix = {.address = *address, .length = (uint8_t)length};
        for (unsigned i = 0; i < 16; i++) {
                unsigned kept = length > 8 * i ? length - 8 * i : 0;
                if (kept < 8)
                        prefix.address.bytes[i] &= (uint8_t)(0xff00u >> kept);
        }
        return prefix;
}

bool prefix_contains(const struct prefix *prefix, const struct address *address)
{
        struct prefix cut = prefix_of(address, prefix->length);
        return address_compare(&cut.address, &prefix->address) == 0;
}

int prefix_parse(struct slice text, struct prefix *ret_prefix, struct error *error)
{
        struct slice rest = text;
        struct slice host = slice_cut(&rest, '/');
        struct address address;
        uint64_t length;

        int r = address_parse(host, &address, error);
        if (r < 0)
                return r;
        unsigned family_bits = address_is_ipv4(&address) ? 32 : 128;
        if (host.length == text.length)
                length = family_bits;
        else if (slice_number(rest, family_bits, &length) < 0)
                return error_set(error, -EINVAL, "\"%.*s\": the prefix length must be 0 to %u",
                        (int)(text.length > 60 ? 60 : text.length), text.text, family_bits);
        struct prefix prefix = prefix_of(&address, (unsigned)length + (128 - family_bits));
        if (address_compare(&prefix.address, &address) != 0)
                return error_set(error, -EINVAL, "\"%.*s\" has bits set behind its prefix length",
                        (int)(text.length > 60 ? 60 : text.length), text.text);
        *ret_prefix = prefix;
        return 0;
}

char *prefix_format(const struct prefix *prefix, char text[ADDRESS_TEXT_MAX])
{
        bool ipv4 = address_is_ipv4(&prefix->address) && prefix->length >= 96;

        address_format(&prefix->address, text);
        if (!ipv4 && address_is_none(&prefix->address))
                memcpy(text, "::", 3);
        if (prefix->length < 128) {
                size_t used = strlen(text);
                snprintf(text + used, ADDRESS_TEXT_MAX - used, "/%u",
                        ipv4 ? prefix->length - 96u : (unsigned)prefix->length);
        }
        return text;
}

int address_parse_with_port(
        struct slice text, struct address *ret_address, int *ret_port, struct error *error)
{
        struct slice host = text, port = {.text = NULL, .length = 0};
        bool has_port = false;

        if (text.length && text.text[0] == '[') {
                struct slice rest = slice_make(text.text + 1, text.length - 1);
                bool closed = memchr(rest.text, ']', rest.length) != NULL;
                host = slice_cut(&rest, ']');
                has_port = rest.length > 0;
                if (!closed || (has_port && rest.text[0] != ':'))
                        return error_set(error, -EINVAL, "\"%.*s\": write [ADDRESS]:PORT",
                                (int)(text.length > 60 ? 60 : text.length), text.text);
                port = has_port ? slice_make(rest.text + 1, rest.length - 1) : port;
        } else {
                struct slice rest = text;
                struct slice before = slice_cut(&rest, ':');
                if (before.length < text.length && !memchr(rest.text, ':', rest.length)) {
                        host = before;
                        port = rest;
                        has_port = true;
                }
        }
        uint64_t number = 0;
        if (has_port && slice_number(port, 65535, &number) < 0)
                return error_set(error, -EINVAL, "\"%.*s\": the port must be a number from 0 to 65535",
                        (int)(text.length > 60 ? 60 : text.length), text.text);
        int r = address_parse(host, ret_address, error);
        if (r < 0)
                return r;
        *ret_port = has_port ? (int)number : -1;
        return 0;
}
