/* SPDX-License-Identifier: EUPL-1.2 */
/* Values and events in words. */
#include "base/cursor.h"
#include "rogatory/decode.h"
#include "rogatory/question_text.h"
#include "wire/registry.h"

#include <stdio.h>
#include <string.h>

#define NTP_TO_UNIX_S INT64_C(2208988800) /* RFC 5905 section 6: NTP counts from 1900 */
#define HEX_MAX 64                        /* bytes shown of one value */
#define STRING_MAX 1024

void decode_hex_write(const uint8_t *bytes, size_t length, struct buffer *ret)
{
        for (size_t i = 0; i < length && i < HEX_MAX; i++)
                buffer_printf(ret, "%02x", bytes[i]);
        if (length > HEX_MAX)
                buffer_printf(ret, "... (%zu bytes)", length);
}

static uint64_t number_of(const struct flow_field *field)
{
        struct cursor cursor = cursor_over(field->bytes, field->length);

        return cursor_be(&cursor, field->length);
}

static void write_time(int64_t instant, struct buffer *ret)
{
        char text[TIME_TEXT_MAX];

        if (instant >= TIME_FIRST && instant < TIME_LIMIT)
                buffer_append_text(ret, time_format_utc(instant, text));
        else
                buffer_append_text(ret, "no time between 1970 and 2261");
}

/* Padding of zero bytes at the end belongs to fields of fixed length. */
static void write_string(const struct flow_field *field, struct buffer *ret)
{
        char text[STRING_MAX + 1];
        size_t length = field->length < STRING_MAX ? field->length : STRING_MAX, from = 0;

        while (length > 0 && field->bytes[length - 1] == 0)
                length--;
        buffer_append_u8(ret, '"');
        while (from < length) {
                size_t part = strnlen((const char *)field->bytes + from, length - from);
                memcpy(text, field->bytes + from, part);
                text[part] = '\0';
                append_foreign(ret, text);
                from += part;
                if (from < length) {
                        buffer_append_text(ret, "\\x00");
                        from++;
                }
        }
        buffer_append_text(ret, field->length > STRING_MAX ? "\"..." : "\"");
}

static void write_mac(const struct flow_field *field, struct buffer *ret)
{
        for (size_t i = 0; i < 6; i++)
                buffer_printf(ret, "%s%02x", i ? ":" : "", field->bytes[i]);
}

static void write_address(const struct flow_field *field, struct buffer *ret)
{
        char text[ADDRESS_TEXT_MAX];
        struct address address = field->length == 4 ? address_from_ipv4((uint32_t)number_of(field))
                                                    : address_from_ipv6(field->bytes);

        /* "-" would hide which address it is. */
        buffer_append_text(ret, address_is_none(&address) ? "::" : address_format(&address, text));
}

static void write_protocol(uint64_t number, struct buffer *ret)
{
        char text[PROTOCOL_TEXT_MAX];

        buffer_printf(ret, "%llu", (unsigned long long)number);
        if (number == 1 || number == 6 || number == 17)
                buffer_printf(ret, " %s", protocol_format((int)number, text));
}

static void write_ntp(uint64_t stamp, struct buffer *ret)
{
        int64_t seconds = (int64_t)(stamp >> 32) - NTP_TO_UNIX_S;
        int64_t milliseconds = (int64_t)((stamp & 0xffffffff) * 1000 >> 32);

        write_time(seconds * TIME_SECOND + milliseconds, ret);
}

static void write_uptime(uint64_t uptime_ms, const struct decode_message *message, struct buffer *ret)
{
        buffer_printf(ret, "%llu ms after its start", (unsigned long long)uptime_ms);
        if (message->uptime_zero_ms == TIME_UNKNOWN)
                return;
        buffer_append_text(ret, ", ");
        write_time(message->uptime_zero_ms + (int64_t)uptime_ms, ret);
}

/* Does the length fit the type (RFC 7011 section 6.2: numbers may be shorter)? */
static bool fits(unsigned type, size_t length)
{
        switch (type) {
        case REGISTRY_IPV4:
        case REGISTRY_SECONDS:
                return length == 4;
        case REGISTRY_IPV6:
                return length == 16;
        case REGISTRY_MAC:
                return length == 6;
        case REGISTRY_MILLISECONDS:
        case REGISTRY_MICROSECONDS:
        case REGISTRY_NANOSECONDS:
                return length == 8;
        case REGISTRY_STRING:
                return true;
        case REGISTRY_BOOLEAN:
                return length == 1;
        case REGISTRY_OCTETS:
        case REGISTRY_FLOAT:
                return false;
        default:
                return length > 0 && length <= 8;
        }
}

void decode_value_write(
        const struct flow_field *field, const struct decode_message *message, struct buffer *ret)
{
        const struct registry_element *element = registry_element_of(field->enterprise, field->element);
        unsigned type = element ? element->type : REGISTRY_OCTETS;
        uint64_t number = field->length <= 8 ? number_of(field) : 0;

        if (!fits(type, field->length)) {
                buffer_append_text(ret, field->length ? "0x" : "no bytes");
                decode_hex_write(field->bytes, field->length, ret);
                return;
        }
        switch (type) {
        case REGISTRY_IPV4:
        case REGISTRY_IPV6:
                write_address(field, ret);
                break;
        case REGISTRY_MAC:
                write_mac(field, ret);
                break;
        case REGISTRY_STRING:
                write_string(field, ret);
                break;
        case REGISTRY_SECONDS:
                write_time((int64_t)number * TIME_SECOND, ret);
                break;
        case REGISTRY_MILLISECONDS:
                write_time(number < (uint64_t)TIME_LIMIT ? (int64_t)number : TIME_LIMIT, ret);
                break;
        case REGISTRY_MICROSECONDS:
        case REGISTRY_NANOSECONDS:
                write_ntp(number, ret);
                break;
        case REGISTRY_UPTIME:
                if (field->length <= 4)
                        write_uptime(number, message, ret);
                else
                        buffer_printf(ret, "%llu", (unsigned long long)number);
                break;
        case REGISTRY_PROTOCOL:
                write_protocol(number, ret);
                break;
        case REGISTRY_BOOLEAN:
                buffer_append_text(ret, number == 1   ? "true"
                                        : number == 2 ? "false"
                                                      : "neither true nor false");
                break;
        default:
                buffer_printf(ret, "%llu", (unsigned long long)number);
                break;
        }
}

/* --- Meaning --- */

static const char *address_meaning(const struct flow_field *field, const struct nat_event *event)
{
        struct address address = field->length == 4    ? address_from_ipv4((uint32_t)number_of(field))
                                 : field->length == 16 ? address_from_ipv6(field->bytes)
                                                       : (struct address){{0}};
        struct address outside = address_from_ipv4(event->outside);

        if (address_compare(&address, &event->inside) == 0)
                return "inside address";
        return address_compare(&address, &outside) == 0 ? "outside address" : NULL;
}

const char *decode_meaning(const struct flow_field *field, const struct nat_event *event)
{
        static const struct {
                uint32_t enterprise;
                uint16_t element;
                const char *words;
        } meanings[] = {
                {0, 4, "protocol"},
                {0, 7, "inside port"},
                {0, 8, "inside address"},
                {0, 11, "destination port"},
                {0, 12, "destination address"},
                {0, 21, "end of the flow"},
                {0, 22, "beginning of the flow"},
                {0, 27, "inside address"},
                {0, 28, "destination address"},
                {0, 152, "beginning of the flow"},
                {0, 153, "end of the flow"},
                {0, 225, "outside address"},
                {0, 226, "destination address behind the NAT"},
                {0, 227, "outside port"},
                {0, 228, "destination port behind the NAT"},
                {0, 234, "VRF of the inside"},
                {0, 283, "pool"},
                {0, 284, "pool"},
                {0, 322, "time of the event"},
                {0, 323, "time of the event"},
                {0, 361, "first outside port"},
                {0, 362, "last outside port"},
                {0, 363, "every so manieth port of the range"},
                {0, 364, "number of outside ports"},
                {0, 463, "NAT instance"},
                {0, 40001, "outside address"},
                {0, 40002, "destination address behind the NAT"},
                {0, 40003, "outside port"},
                {0, 40004, "destination port behind the NAT"},
                {637, 93, "inside host and subscriber"},
        };
        /* What the record came to outranks what an element is for: some exporters write the outside address
         * where others write the inside one. */
        bool is_source = field->enterprise == 0 &&
                         (field->element == 8 || field->element == 27 || field->element == 225);
        const char *found = event && is_source ? address_meaning(field, event) : NULL;

        for (size_t i = 0; !found && i < sizeof meanings / sizeof meanings[0]; i++)
                if (meanings[i].enterprise == field->enterprise && meanings[i].element == field->element)
                        found = meanings[i].words;
        return found;
}

/* The slot of an event's element; -1 where it is none. */
static int event_slot_of(const struct flow_field *field)
{
        if (field->enterprise != 0 || field->length == 0 || field->length > 2)
                return -1;
        switch (field->element) {
        case 230:
                return SLOT_EVENT;
        case 233:
        case 40005: /* Cisco ASA before 8.4(5) */
                return SLOT_FIREWALL_EVENT;
        default:
                return -1;
        }
}

static const char *event_name(const struct dialect *dialect, int slot, unsigned version, unsigned value)
{
        bool may_be = dialect->event_source == EVENT_IS_ELEMENT && dialect->event_slot == slot &&
                      !(dialect->flags & DIALECT_BINARY_LOG) &&
                      (dialect->version == 0 || dialect->version == version);
        const struct dialect_event *event = may_be ? dialect_event_of(dialect, value) : NULL;

        return event ? event->name : NULL;
}

/* Has a dialect before this one the same name for the value? */
static bool is_named_before(
        const struct dialect *table, size_t index, int slot, unsigned version, unsigned value)
{
        const char *name = event_name(&table[index], slot, version, value);

        for (size_t i = 0; i < index; i++) {
                const char *before = event_name(&table[i], slot, version, value);
                if (before && strcmp(before, name) == 0)
                        return true;
        }
        return false;
}

static void write_every_name(int slot, unsigned version, unsigned value, struct buffer *ret)
{
        size_t count;
        const struct dialect *table = dialect_table(&count);
        const char *lead = "";

        for (size_t i = 0; i < count; i++) {
                const char *name = event_name(&table[i], slot, version, value);
                if (!name || is_named_before(table, i, slot, version, value))
                        continue;
                buffer_printf(ret, "%s%s (", lead, name);
                lead = "";
                for (size_t k = i; k < count; k++) {
                        const char *other = event_name(&table[k], slot, version, value);
                        if (!other || strcmp(other, name) != 0)
                                continue;
                        buffer_printf(ret, "%s%s", lead, table[k].name);
                        lead = ", ";
                }
                buffer_append_u8(ret, ')');
                lead = ", or ";
        }
        if (!lead[0])
                buffer_append_text(ret, "known to no dialect");
}

void decode_event_name_write(const struct flow_field *field, const struct decode_options *options,
        unsigned version, struct buffer *ret)
{
        int slot = event_slot_of(field);
        unsigned value = slot >= 0 ? (unsigned)number_of(field) : 0;

        if (slot < 0)
                return;
        buffer_append_u8(ret, ' ');
        if (!options->dialect) {
                write_every_name(slot, version, value, ret);
                return;
        }
        const char *name = event_name(options->dialect, slot, version, value);
        if (name)
                buffer_printf(ret, "%s (%s)", name, options->dialect->name);
        else
                buffer_printf(ret, "not known to %s", options->dialect->name);
}

/* --- Events --- */

static const char *const kind_names[NAT_KIND_COUNT] = {"session", "mapping", "port block", "address binding"};
static const char *const action_names[NAT_ACTION_COUNT] = {"begins", "ends", "has ended by now", "goes on"};

static void write_endpoint(const struct address *address, int port, struct buffer *ret)
{
        char text[ADDRESS_TEXT_MAX];
        bool brackets = port >= 0 && !address_is_ipv4(address);

        address_format(address, text);
        buffer_printf(ret, "%s%s%s", brackets ? "[" : "", text, brackets ? "]" : "");
        if (port >= 0)
                buffer_printf(ret, ":%d", port);
}

static void write_outside(const struct nat_event *event, struct buffer *ret)
{
        struct address outside = address_from_ipv4(event->outside);
        bool one = event->port_first == event->port_last;

        write_endpoint(&outside,
                one && !(event->flags & NAT_PORT_UNKNOWN) && event->kind != NAT_ADDRESS ? event->port_first
                                                                                        : -1,
                ret);
        if (event->flags & NAT_PORT_UNKNOWN)
                buffer_append_text(ret, ", port not said");
        else if (!one)
                buffer_printf(ret, " ports %u-%u", event->port_first, event->port_last);
}

void decode_event_write(const struct nat_event *event, struct buffer *ret)
{
        char protocol[PROTOCOL_TEXT_MAX];

        write_time(event->time_ms, ret);
        buffer_printf(ret, "  %s %s: inside ", kind_names[event->kind % NAT_KIND_COUNT],
                action_names[event->action % NAT_ACTION_COUNT]);
        if (event->flags & NAT_INSIDE_UNKNOWN)
                buffer_append_text(ret, "address not said");
        else
                write_endpoint(
                        &event->inside, event->flags & NAT_HAS_INSIDE_PORT ? event->inside_port : -1, ret);
        if (event->vrf)
                buffer_printf(ret, " in VRF %u", event->vrf);
        buffer_append_text(ret, ", outside ");
        write_outside(event, ret);
        buffer_printf(
                ret, ", %s", event->protocol ? protocol_format(event->protocol, protocol) : "every protocol");
        if (event->flags & NAT_HAS_DESTINATION) {
                buffer_append_text(ret, ", to ");
                write_endpoint(&event->destination, event->destination_port, ret);
        }
}

void decode_lease_write(const struct lease_event *lease, struct buffer *ret)
{
        char text[ADDRESS_TEXT_MAX];

        buffer_append_text(ret, "lease of ");
        buffer_append_text(ret, prefix_format(&lease->prefix, text));
        if (lease->vrf)
                buffer_printf(ret, " in VRF %u", lease->vrf);
        buffer_append_text(ret, " to \"");
        append_foreign(ret, lease->subscriber);
        buffer_append_text(ret, "\"");
        if (lease->from_ms != TIME_UNKNOWN) {
                buffer_append_text(ret, ", from ");
                write_time(lease->from_ms, ret);
        }
        if (lease->to_ms != TIME_UNKNOWN) {
                buffer_append_text(ret, lease->from_ms == TIME_UNKNOWN ? ", until " : " to ");
                write_time(lease->to_ms, ret);
        }
        if (lease->flags & LEASE_STANDING)
                buffer_append_text(ret, ", until further notice");
}

/* --- JSON --- */

static void json_address(const char *name, const struct address *address, struct buffer *ret)
{
        char text[ADDRESS_TEXT_MAX];

        buffer_printf(ret, ",\"%s\":\"%s\"", name, address_format(address, text));
}

static void json_time(const char *name, int64_t instant, struct buffer *ret)
{
        char text[TIME_TEXT_MAX];

        if (instant >= TIME_FIRST && instant < TIME_LIMIT)
                buffer_printf(ret, ",\"%s\":\"%s\"", name, time_format_utc(instant, text));
        else
                buffer_printf(ret, ",\"%s\":null", name);
}

void decode_event_json(const struct nat_event *event, struct buffer *ret)
{
        static const char *const kinds[NAT_KIND_COUNT] = {"session", "mapping", "block", "address"};
        static const char *const actions[NAT_ACTION_COUNT] = {"open", "close", "close-bound", "alive"};
        struct address outside = address_from_ipv4(event->outside);

        buffer_printf(ret, "{\"event\":\"%s\",\"action\":\"%s\"", kinds[event->kind % NAT_KIND_COUNT],
                actions[event->action % NAT_ACTION_COUNT]);
        json_time("time", event->time_ms, ret);
        if (!(event->flags & NAT_INSIDE_UNKNOWN))
                json_address("inside_address", &event->inside, ret);
        if (event->flags & NAT_HAS_INSIDE_PORT)
                buffer_printf(ret, ",\"inside_port\":%u", event->inside_port);
        if (event->vrf)
                buffer_printf(ret, ",\"vrf\":%u", event->vrf);
        json_address("outside_address", &outside, ret);
        if (!(event->flags & NAT_PORT_UNKNOWN))
                buffer_printf(
                        ret, ",\"port_first\":%u,\"port_last\":%u", event->port_first, event->port_last);
        buffer_printf(ret, ",\"protocol\":%u", event->protocol);
        if (event->flags & NAT_HAS_DESTINATION) {
                json_address("destination_address", &event->destination, ret);
                buffer_printf(ret, ",\"destination_port\":%u", event->destination_port);
        }
        buffer_append_u8(ret, '}');
}

void decode_lease_json(const struct lease_event *lease, struct buffer *ret)
{
        char text[ADDRESS_TEXT_MAX];

        buffer_printf(ret, "{\"lease\":\"%s\",\"subscriber\":", prefix_format(&lease->prefix, text));
        append_json_string(ret, slice_of(lease->subscriber));
        json_time("from", lease->from_ms, ret);
        json_time("to", lease->to_ms, ret);
        if (lease->vrf)
                buffer_printf(ret, ",\"vrf\":%u", lease->vrf);
        buffer_append_u8(ret, '}');
}
