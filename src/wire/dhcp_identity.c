/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/dhcp_identity.h"

#include "base/checksum.h"

#include <stdio.h>

/* Suboptions of the relay agent information option: RFC 3046 section 3, RFC 3993 section 2. */
enum { RELAY_CIRCUIT_ID = 1, RELAY_REMOTE_ID = 2, RELAY_SUBSCRIBER_ID = 6 };
/* Options of DHCPv6: RFC 8415 section 21.18, RFC 4649 section 3, RFC 4580 section 2. */
enum { RELAY6_INTERFACE_ID = 18, RELAY6_REMOTE_ID = 37, RELAY6_SUBSCRIBER_ID = 38 };

static const char *const value_names[DHCP_VALUE_COUNT] = {
        "subscriber-id ", "remote-id ", "circuit-id ", "client-id ", "duid ", "hardware "};

bool dhcp_identity_set(
        struct dhcp_identity *identity, enum dhcp_value value, const uint8_t *bytes, size_t length)
{
        if (length > DHCP_VALUE_MAX)
                return false;
        identity->values[value].length = (uint8_t)length;
        if (length)
                memcpy(identity->values[value].bytes, bytes, length);
        return true;
}

static bool is_hex(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static unsigned hex_value(char c)
{
        return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a') + 10;
}

int dhcp_hex(struct slice text, uint8_t *ret, size_t most)
{
        bool colons = text.length && memchr(text.text, ':', text.length);
        size_t count = 0;

        if (text.length == 0 || text.text[text.length - 1] == ':' || (!colons && text.length % 2))
                return -EINVAL;
        while (text.length) {
                struct slice pair;
                if (colons) {
                        pair = slice_cut(&text, ':');
                } else {
                        pair = slice_make(text.text, 2);
                        text = slice_make(text.text + 2, text.length - 2);
                }
                if (pair.length < 1 || pair.length > 2 || count == most || !is_hex(pair.text[0]) ||
                        !is_hex(pair.text[pair.length - 1]))
                        return -EINVAL;
                ret[count++] =
                        (uint8_t)(pair.length == 2 ? hex_value(pair.text[0]) << 4 | hex_value(pair.text[1])
                                                   : hex_value(pair.text[0]));
        }
        return (int)count;
}

/* Is the text what write_value makes of bytes that are no text? */
static bool looks_like_bytes(struct slice text)
{
        for (size_t i = 0; i < text.length; i++)
                if (i % 3 == 2 ? text.text[i] != ':' : !is_hex(text.text[i]))
                        return false;
        return text.length % 3 == 2;
}

/* Would a reader take the text for hexadecimal bytes, for one in quotes, or for two values? */
static bool needs_quotes(struct slice text)
{
        return looks_like_bytes(text) || text.text[0] == '"' || text_contains(text, ", ");
}

/* A text that needs quotes and holds one itself would not be told from another: it is written as bytes. */
static size_t write_value(const uint8_t *bytes, size_t length, char ret[DHCP_VALUE_MAX * 3 + 1])
{
        struct slice text = slice_make((const char *)bytes, length);
        char name[SUBSCRIBER_MAX];
        bool plain = text_subscriber(text, name) == NULL && slice_trim(text).length == length;
        bool quoted = plain && needs_quotes(text);

        if (plain && !(quoted && memchr(bytes, '"', length)))
                return (size_t)snprintf(ret, DHCP_VALUE_MAX * 3 + 1, quoted ? "\"%s\"" : "%s", name);
        for (size_t i = 0; i < length; i++)
                snprintf(ret + i * 3, 4, "%02x%s", bytes[i], i + 1 < length ? ":" : "");
        return length * 3 - 1;
}

static const char *append_value(
        const struct dhcp_identity *identity, enum dhcp_value value, char ret[SUBSCRIBER_MAX])
{
        char text[DHCP_VALUE_MAX * 3 + 1];
        size_t used = strlen(ret);

        write_value(identity->values[value].bytes, identity->values[value].length, text);
        int length = snprintf(
                ret + used, SUBSCRIBER_MAX - used, "%s%s%s", used ? ", " : "", value_names[value], text);
        return (size_t)length < SUBSCRIBER_MAX - used ? NULL
                                                      : "what identifies the client is longer than 255 bytes";
}

static bool has(const struct dhcp_identity *identity, enum dhcp_value value)
{
        return identity->values[value].length > 0;
}

static enum dhcp_value client_value(const struct dhcp_identity *identity)
{
        return has(identity, DHCP_CLIENT_ID) ? DHCP_CLIENT_ID
               : has(identity, DHCP_DUID)    ? DHCP_DUID
                                             : DHCP_HARDWARE;
}

const char *dhcp_identity_subscriber(
        const struct dhcp_identity *identity, char ret[SUBSCRIBER_MAX], unsigned *ret_rank)
{
        enum dhcp_value client = client_value(identity), first = client, second = DHCP_VALUE_COUNT;

        *ret_rank = client == DHCP_HARDWARE ? 5 : 4;
        if (has(identity, DHCP_SUBSCRIBER_ID)) {
                first = DHCP_SUBSCRIBER_ID;
                *ret_rank = 1;
        } else if (has(identity, DHCP_REMOTE_ID)) {
                first = DHCP_REMOTE_ID;
                second = DHCP_CIRCUIT_ID;
                *ret_rank = 2;
        } else if (has(identity, DHCP_CIRCUIT_ID)) {
                first = DHCP_CIRCUIT_ID;
                second = client;
                *ret_rank = 3;
        }
        ret[0] = '\0';
        if (!has(identity, first))
                return "nothing identifies the client";
        if (first == DHCP_CIRCUIT_ID && !has(identity, client))
                return "a circuit-id alone identifies nobody: another relay may have the same";
        const char *why = append_value(identity, first, ret);
        return why || second == DHCP_VALUE_COUNT || !has(identity, second)
                       ? why
                       : append_value(identity, second, ret);
}

uint64_t dhcp_identity_client(const struct dhcp_identity *identity)
{
        enum dhcp_value value = client_value(identity);

        if (!has(identity, value))
                return 0;
        uint64_t parts[2] = {value, checksum(identity->values[value].bytes, identity->values[value].length)};
        uint64_t hash = checksum(parts, sizeof parts);
        return hash ? hash : 1;
}

bool dhcp_identity_relay(struct dhcp_identity *identity, const uint8_t *bytes, size_t length)
{
        size_t at = 0;

        while (at < length) {
                if (length - at < 2 || length - at - 2 < bytes[at + 1])
                        return false;
                const uint8_t *value = bytes + at + 2;
                if (bytes[at] == RELAY_CIRCUIT_ID)
                        dhcp_identity_set(identity, DHCP_CIRCUIT_ID, value, bytes[at + 1]);
                else if (bytes[at] == RELAY_REMOTE_ID)
                        dhcp_identity_set(identity, DHCP_REMOTE_ID, value, bytes[at + 1]);
                else if (bytes[at] == RELAY_SUBSCRIBER_ID)
                        dhcp_identity_set(identity, DHCP_SUBSCRIBER_ID, value, bytes[at + 1]);
                at += 2 + (size_t)bytes[at + 1];
        }
        return true;
}

bool dhcp_identity_relay6(struct dhcp_identity *identity, const uint8_t *bytes, size_t length)
{
        size_t at = 0;

        while (at < length) {
                if (length - at < 4)
                        return false;
                unsigned code = (unsigned)bytes[at] << 8 | bytes[at + 1];
                size_t size = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
                const uint8_t *value = bytes + at + 4;
                if (length - at - 4 < size || (code == RELAY6_REMOTE_ID && size < 4))
                        return false;
                /* The enterprise number in front of the remote identifier says who wrote it, and stays. */
                bool kept = code == RELAY6_REMOTE_ID
                                    ? dhcp_identity_set(identity, DHCP_REMOTE_ID, value, size)
                            : code == RELAY6_INTERFACE_ID
                                    ? dhcp_identity_set(identity, DHCP_CIRCUIT_ID, value, size)
                            : code == RELAY6_SUBSCRIBER_ID
                                    ? dhcp_identity_set(identity, DHCP_SUBSCRIBER_ID, value, size)
                                    : true;
                if (!kept)
                        return false;
                at += 4 + size;
        }
        return true;
}
