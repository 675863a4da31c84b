/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/accounting.h"

#include "base/checksum.h"
#include "wire/text_decoder.h"

#include <stdio.h>

#define NOKIA 6527
#define HUAWEI 2011
#define H3C 25506

/* RFC 2865, 2866, 2869 (Event-Timestamp), 3162, 4372, 4818 (Delegated-IPv6-Prefix), 6911
 * (Framed-IPv6-Address); Nokia's and Huawei's references of RADIUS attributes; the dictionaries of
 * FreeRADIUS 3.2. */
const struct accounting_field accounting_fields[ATTRIBUTE_COUNT] = {
        [ATTRIBUTE_STATUS] = {"Acct-Status-Type", 0, 40, ACCOUNTING_NUMBER},
        [ATTRIBUTE_USER_NAME] = {"User-Name", 0, 1, ACCOUNTING_TEXT},
        [ATTRIBUTE_CHARGEABLE] = {"Chargeable-User-Identity", 0, 89, ACCOUNTING_TEXT},
        [ATTRIBUTE_CALLING] = {"Calling-Station-Id", 0, 31, ACCOUNTING_TEXT},
        [ATTRIBUTE_SESSION_ID] = {"Acct-Session-Id", 0, 44, ACCOUNTING_TEXT},
        [ATTRIBUTE_MULTI_SESSION_ID] = {"Acct-Multi-Session-Id", 0, 50, ACCOUNTING_TEXT},
        [ATTRIBUTE_NAS_IPV4] = {"NAS-IP-Address", 0, 4, ACCOUNTING_IPV4},
        [ATTRIBUTE_NAS_IPV6] = {"NAS-IPv6-Address", 0, 95, ACCOUNTING_IPV6},
        [ATTRIBUTE_NAS_NAME] = {"NAS-Identifier", 0, 32, ACCOUNTING_TEXT},
        [ATTRIBUTE_EVENT_TIME] = {"Event-Timestamp", 0, 55, ACCOUNTING_TIME},
        [ATTRIBUTE_SESSION_TIME] = {"Acct-Session-Time", 0, 46, ACCOUNTING_NUMBER},
        [ATTRIBUTE_DELAY_TIME] = {"Acct-Delay-Time", 0, 41, ACCOUNTING_NUMBER},
        [ATTRIBUTE_FRAMED_IPV4] = {"Framed-IP-Address", 0, 8, ACCOUNTING_IPV4},
        [ATTRIBUTE_FRAMED_IPV6] = {"Framed-IPv6-Address", 0, 168, ACCOUNTING_IPV6},
        [ATTRIBUTE_FRAMED_PREFIX] = {"Framed-IPv6-Prefix", 0, 97, ACCOUNTING_PREFIX},
        [ATTRIBUTE_FRAMED_INTERFACE] = {"Framed-Interface-Id", 0, 96, ACCOUNTING_INTERFACE},
        [ATTRIBUTE_DELEGATED_PREFIX] = {"Delegated-IPv6-Prefix", 0, 123, ACCOUNTING_PREFIX},
        [ATTRIBUTE_NOKIA_RANGE] = {"Alc-Nat-Port-Range", NOKIA, 121, ACCOUNTING_TEXT},
        [ATTRIBUTE_NOKIA_OUTSIDE] = {"Alc-Nat-Outside-Ip-Addr", NOKIA, 141, ACCOUNTING_IPV4},
        [ATTRIBUTE_NOKIA_REASON] = {"Alc-Acct-Triggered-Reason", NOKIA, 163, ACCOUNTING_NUMBER},
        [ATTRIBUTE_HUAWEI_OUTSIDE] = {"Huawei-NAT-Public-Address", HUAWEI, 161, ACCOUNTING_IPV4},
        [ATTRIBUTE_HUAWEI_FIRST] = {"Huawei-NAT-Start-Port", HUAWEI, 162, ACCOUNTING_NUMBER},
        [ATTRIBUTE_HUAWEI_LAST] = {"Huawei-NAT-End-Port", HUAWEI, 163, ACCOUNTING_NUMBER},
        [ATTRIBUTE_HUAWEI_UPDATE] = {"Huawei-NAT-Port-Range-Update", HUAWEI, 165, ACCOUNTING_NUMBER},
        [ATTRIBUTE_H3C_OUTSIDE] = {"H3C-NAT-IP-Address", H3C, 32, ACCOUNTING_IPV4},
        [ATTRIBUTE_H3C_FIRST] = {"H3C-NAT-Start-Port", H3C, 33, ACCOUNTING_NUMBER},
        [ATTRIBUTE_H3C_LAST] = {"H3C-NAT-End-Port", H3C, 34, ACCOUNTING_NUMBER},
};

void accounting_begin(struct accounting_record *record)
{
        /* The large arrays are not cleared: their counts are, and this runs for every packet. */
        record->status = ACCOUNTING_NO_STATUS;
        record->event_ms = record->received_ms = TIME_UNKNOWN;
        record->delay_ms = record->session_time_ms = -1;
        record->session_id = record->multi_session_id = 0;
        memset(record->nas, 0, sizeof record->nas);
        record->prefix_count = record->framed_prefix_count = record->range_count = 0;
        record->framed_ipv4 = record->framed_ipv6 = (struct address){{0}};
        record->framed_prefix.length = record->delegated_prefix.length = 0;
        record->has_interface = false;
        record->huawei.outside_count = record->huawei.first_count = record->huawei.last_count = 0;
        record->h3c.outside_count = record->h3c.first_count = record->h3c.last_count = 0;
        record->nokia_outside = 0;
        record->nokia_reason = record->huawei_update = -1;
        record->unusable = NULL;
        record->subscriber[0] = record->chargeable[0] = record->calling[0] = record->wrong[0] = '\0';
}

void accounting_spoil(
        struct accounting_record *record, enum refusal refusal, struct slice name, const char *what)
{
        if (record->wrong[0])
                return;
        record->refusal = refusal;
        snprintf(record->wrong, sizeof record->wrong, "%.*s: %s", name.length > 40 ? 40 : (int)name.length,
                name.length ? name.text : "", what);
}

static uint64_t hash_of(struct slice text)
{
        uint64_t hash = checksum(text.text, text.length);

        return hash ? hash : 1;
}

static bool take_status(struct accounting_record *record, uint64_t number)
{
        if (record->status != ACCOUNTING_NO_STATUS)
                return false;
        record->status = number == 1                  ? ACCOUNTING_START
                         : number == 2                ? ACCOUNTING_STOP
                         : number == 3                ? ACCOUNTING_INTERIM
                         : number == 7 || number == 8 ? ACCOUNTING_ON_OFF
                                                      : ACCOUNTING_OTHER;
        return true;
}

static bool take_seconds(uint64_t seconds, int64_t *ret_ms)
{
        if (seconds >= (uint64_t)(TIME_LIMIT / TIME_SECOND))
                return false;
        *ret_ms = (int64_t)seconds * TIME_SECOND;
        return true;
}

static bool take_port(uint16_t ports[ACCOUNTING_TRIPLES_MAX], size_t *count, uint64_t number)
{
        if (number > UINT16_MAX || *count == ACCOUNTING_TRIPLES_MAX)
                return false;
        ports[(*count)++] = (uint16_t)number;
        return true;
}

/* Given twice it must be the same: which of two would count is a guess. */
static bool take_once(int64_t *field, uint64_t number)
{
        if (number > UINT32_MAX || (*field >= 0 && *field != (int64_t)number))
                return false;
        *field = (int64_t)number;
        return true;
}

bool accounting_take_number(
        struct accounting_record *record, enum accounting_attribute attribute, uint64_t number)
{
        switch ((unsigned)attribute) {
        case ATTRIBUTE_STATUS:
                return take_status(record, number);
        case ATTRIBUTE_EVENT_TIME:
                return take_seconds(number, &record->event_ms);
        case ATTRIBUTE_SESSION_TIME:
                return take_seconds(number, &record->session_time_ms);
        case ATTRIBUTE_DELAY_TIME:
                return take_seconds(number, &record->delay_ms);
        case ATTRIBUTE_NOKIA_REASON:
                return take_once(&record->nokia_reason, number);
        case ATTRIBUTE_HUAWEI_UPDATE:
                return take_once(&record->huawei_update, number);
        case ATTRIBUTE_HUAWEI_FIRST:
                return take_port(record->huawei.first, &record->huawei.first_count, number);
        case ATTRIBUTE_HUAWEI_LAST:
                return take_port(record->huawei.last, &record->huawei.last_count, number);
        case ATTRIBUTE_H3C_FIRST:
                return take_port(record->h3c.first, &record->h3c.first_count, number);
        case ATTRIBUTE_H3C_LAST:
                return take_port(record->h3c.last, &record->h3c.last_count, number);
        default:
                return false;
        }
}

static bool take_subscriber(struct accounting_record *record, struct slice text)
{
        char name[SUBSCRIBER_MAX];

        if (!record->subscriber[0])
                return text_subscriber(text, record->subscriber) == NULL;
        return text_subscriber(text, name) == NULL && strcmp(record->subscriber, name) == 0;
}

/* Second-best names: what is no text (RFC 4372 allows any bytes, and one zero byte as a question) is none. */
static bool take_other_name(char name[SUBSCRIBER_MAX], struct slice text)
{
        char second[SUBSCRIBER_MAX];

        if (!name[0]) {
                (void)text_subscriber(text, name);
                return true;
        }
        return text_subscriber(text, second) != NULL || strcmp(name, second) == 0;
}

static struct accounting_range *add_range(struct accounting_record *record)
{
        if (record->range_count == ACCOUNTING_RANGES_MAX)
                return NULL;
        struct accounting_range *range = &record->ranges[record->range_count++];
        memset(range, 0, sizeof *range);
        return range;
}

/* "198.51.100.7 1024-2047 router base": outside address, ports, routing instance (7750 SR RADIUS Attributes
 * Reference, LSN accounting). The address may be missing where Alc-Nat-Outside-Ip-Addr gives it. */
static bool take_nokia_range(struct accounting_record *record, struct slice text)
{
        struct slice rest = text, word = slice_word(&rest);
        struct address outside = {{0}};
        uint64_t first, last;

        if (word.length && memchr(word.text, '.', word.length)) {
                if (address_parse(word, &outside, NULL) < 0 || address_ipv4(&outside) == 0)
                        return false;
                word = slice_word(&rest);
        }
        struct slice begin = slice_cut(&word, '-');
        if (slice_number(begin, UINT16_MAX, &first) < 0 || slice_number(word, UINT16_MAX, &last) < 0 ||
                first > last)
                return false;
        struct accounting_range *range = add_range(record);
        if (!range)
                return false;
        range->outside = address_is_none(&outside) ? 0 : address_ipv4(&outside);
        range->first = (uint16_t)first;
        range->last = (uint16_t)last;
        range->change = CHANGE_NOKIA;
        return true;
}

bool accounting_take_text(
        struct accounting_record *record, enum accounting_attribute attribute, struct slice text)
{
        switch ((unsigned)attribute) {
        case ATTRIBUTE_USER_NAME:
                return take_subscriber(record, text);
        case ATTRIBUTE_CHARGEABLE:
                return take_other_name(record->chargeable, text);
        case ATTRIBUTE_CALLING:
                return take_other_name(record->calling, text);
        case ATTRIBUTE_SESSION_ID:
                record->session_id = hash_of(text);
                return true;
        case ATTRIBUTE_MULTI_SESSION_ID:
                record->multi_session_id = hash_of(text);
                return true;
        case ATTRIBUTE_NAS_IPV4:
        case ATTRIBUTE_NAS_IPV6:
        case ATTRIBUTE_NAS_NAME:
                record->nas[attribute - ATTRIBUTE_NAS_IPV4] = hash_of(text);
                return true;
        case ATTRIBUTE_NOKIA_RANGE:
                return take_nokia_range(record, text);
        default:
                return false;
        }
}

static bool add_prefix(struct accounting_record *record, const struct prefix *prefix)
{
        if (prefix->length == 0)
                return false;
        for (size_t i = 0; i < record->prefix_count; i++)
                if (memcmp(&record->prefixes[i], prefix, sizeof *prefix) == 0)
                        return true;
        if (record->prefix_count == ACCOUNTING_PREFIXES_MAX)
                return false;
        record->prefixes[record->prefix_count++] = *prefix;
        return true;
}

static bool take_framed(
        struct accounting_record *record, const struct address *address, struct address *ret_framed)
{
        /* RFC 2866 allows 0.0.0.0 before an address is chosen; of the two at the end RFC 2865 section 5.8
         * says that they only ask for one. */
        if (address_is_none(address) ||
                (address_is_ipv4(address) &&
                        (address_ipv4(address) == 0 || address_ipv4(address) >= 0xfffffffe)))
                return true;
        struct prefix host = {.address = *address, .length = 128};
        *ret_framed = *address;
        return add_prefix(record, &host);
}

static bool take_outside(struct accounting_triples *triples, const struct address *address)
{
        if (!address_is_ipv4(address) || triples->outside_count == ACCOUNTING_TRIPLES_MAX)
                return false;
        triples->outside[triples->outside_count++] = address_ipv4(address);
        return true;
}

bool accounting_take_address(
        struct accounting_record *record, enum accounting_attribute attribute, const struct address *address)
{
        switch ((unsigned)attribute) {
        case ATTRIBUTE_FRAMED_IPV4:
                return take_framed(record, address, &record->framed_ipv4);
        case ATTRIBUTE_FRAMED_IPV6:
                return take_framed(record, address, &record->framed_ipv6);
        case ATTRIBUTE_NOKIA_OUTSIDE:
                if (!address_is_ipv4(address) ||
                        (record->nokia_outside && record->nokia_outside != address_ipv4(address)))
                        return false;
                record->nokia_outside = address_ipv4(address);
                return true;
        case ATTRIBUTE_HUAWEI_OUTSIDE:
                return take_outside(&record->huawei, address);
        case ATTRIBUTE_H3C_OUTSIDE:
                return take_outside(&record->h3c, address);
        default:
                return false;
        }
}

bool accounting_take_prefix(
        struct accounting_record *record, enum accounting_attribute attribute, const struct prefix *prefix)
{
        if (!add_prefix(record, prefix))
                return false;
        if (attribute == ATTRIBUTE_DELEGATED_PREFIX) {
                record->delegated_prefix = *prefix;
        } else {
                record->framed_prefix = *prefix;
                record->framed_prefix_count++;
        }
        return true;
}

bool accounting_take_interface(struct accounting_record *record, const uint8_t interface[8])
{
        static const uint8_t none[8];

        if (record->has_interface && memcmp(record->interface, interface, sizeof record->interface) != 0)
                return false;
        memcpy(record->interface, interface, sizeof record->interface);
        record->has_interface = memcmp(interface, none, sizeof none) != 0;
        return true;
}

/* --- RFC 8045 --- */

static const struct accounting_tlv *find_tlv(
        const struct accounting_tlv *tlvs, size_t count, enum accounting_tlv_type type)
{
        for (size_t i = 0; i < count; i++)
                if (tlvs[i].type == type)
                        return &tlvs[i];
        return NULL;
}

static bool numbers_are_sound(const struct accounting_tlv *tlvs, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                uint8_t type = tlvs[i].type;
                bool port = type == TLV_INSIDE_PORT || type == TLV_OUTSIDE_PORT || type == TLV_FIRST ||
                            type == TLV_LAST;
                if (port && tlvs[i].number > UINT16_MAX)
                        return false;
                if (type == TLV_PROTOCOL && tlvs[i].number != 0 &&
                        (tlvs[i].number > UINT8_MAX || !nat_protocol_has_port((int)tlvs[i].number)))
                        return false;
                if (type == TLV_ALLOC && tlvs[i].number != 1 && tlvs[i].number != 2)
                        return false;
                if (type != TLV_LOCAL_ID && find_tlv(tlvs, i, type))
                        return false;
        }
        return true;
}

static void leave_out(struct accounting_record *record, const char *why)
{
        if (!record->unusable)
                record->unusable = why;
}

static bool take_port_range(struct accounting_record *record, const struct accounting_tlv *tlvs, size_t count)
{
        const struct accounting_tlv *outside = find_tlv(tlvs, count, TLV_OUTSIDE),
                                    *first = find_tlv(tlvs, count, TLV_FIRST),
                                    *last = find_tlv(tlvs, count, TLV_LAST),
                                    *alloc = find_tlv(tlvs, count, TLV_ALLOC),
                                    *protocol = find_tlv(tlvs, count, TLV_PROTOCOL);

        /* Section 3.1.2 leaves the outside address optional; without it the range is nobody's. */
        if (!outside || outside->number == 0 || !first || !last || !alloc) {
                leave_out(record, "an IP-Port-Range without outside address, ports or IP-Port-Alloc");
                return true;
        }
        struct accounting_range *range = first->number <= last->number ? add_range(record) : NULL;
        if (!range)
                return false;
        range->outside = outside->number;
        range->first = (uint16_t)first->number;
        range->last = (uint16_t)last->number;
        range->protocol = protocol ? (uint8_t)protocol->number : NAT_PROTOCOL_ANY;
        range->change = alloc->number == 1 ? CHANGE_GIVEN : CHANGE_TAKEN;
        return true;
}

static bool take_port_map(struct accounting_record *record, const struct accounting_tlv *tlvs, size_t count)
{
        const struct accounting_tlv *outside = find_tlv(tlvs, count, TLV_OUTSIDE),
                                    *port = find_tlv(tlvs, count, TLV_OUTSIDE_PORT),
                                    *ipv4 = find_tlv(tlvs, count, TLV_INSIDE_IPV4),
                                    *ipv6 = find_tlv(tlvs, count, TLV_INSIDE_IPV6),
                                    *inside_port = find_tlv(tlvs, count, TLV_INSIDE_PORT),
                                    *protocol = find_tlv(tlvs, count, TLV_PROTOCOL);

        if (!outside || outside->number == 0 || !port || !inside_port) {
                leave_out(record, "an IP-Port-Forwarding-Map without outside address or ports");
                return true;
        }
        struct accounting_range *range = add_range(record);
        if (!range)
                return false;
        range->outside = outside->number;
        range->first = range->last = (uint16_t)port->number;
        range->inside_port = (uint16_t)inside_port->number;
        range->protocol = protocol ? (uint8_t)protocol->number : NAT_PROTOCOL_ANY;
        range->is_mapping = true;
        if (ipv4 && ipv4->number)
                range->inside = address_from_ipv4(ipv4->number);
        else if (ipv6)
                range->inside = ipv6->address;
        return true;
}

bool accounting_take_tlvs(
        struct accounting_record *record, bool is_map, const struct accounting_tlv *tlvs, size_t count)
{
        if (!numbers_are_sound(tlvs, count))
                return false;
        return is_map ? take_port_map(record, tlvs, count) : take_port_range(record, tlvs, count);
}
