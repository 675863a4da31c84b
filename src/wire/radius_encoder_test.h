/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_RADIUS_ENCODER_TEST_H
#define ROGATORY_WIRE_RADIUS_ENCODER_TEST_H

/* For tests: writes RADIUS packets, byte by byte from RFC 2865, 3162, 6929 and 8045, with nothing in common
 * with the decoder. */

#include "base/address.h"

#include <assert.h>
#include <string.h>

struct radius_packet {
        uint8_t bytes[4096];
        size_t length;
};

static inline void packet_begin(struct radius_packet *packet, uint8_t code, uint8_t identifier)
{
        memset(packet->bytes, 0x5a, 20);
        packet->bytes[0] = code;
        packet->bytes[1] = identifier;
        packet->bytes[2] = 0;
        packet->bytes[3] = 20;
        packet->length = 20;
}

static inline void put_attribute(struct radius_packet *packet, uint8_t type, const void *value, size_t length)
{
        assert(length <= 253 && packet->length + 2 + length <= sizeof packet->bytes);
        packet->bytes[packet->length++] = type;
        packet->bytes[packet->length++] = (uint8_t)(length + 2);
        memcpy(packet->bytes + packet->length, value, length);
        packet->length += length;
        packet->bytes[2] = (uint8_t)(packet->length >> 8);
        packet->bytes[3] = (uint8_t)packet->length;
}

static inline void put_text(struct radius_packet *packet, uint8_t type, const char *text)
{
        put_attribute(packet, type, text, strlen(text));
}

static inline void put_number(struct radius_packet *packet, uint8_t type, uint32_t number)
{
        uint8_t p[4] = {
                (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

        put_attribute(packet, type, p, sizeof p);
}

static inline void put_address(struct radius_packet *packet, uint8_t type, const char *text)
{
        struct address address;

        assert(address_parse(slice_of(text), &address, NULL) == 0);
        if (address_is_ipv4(&address))
                put_attribute(packet, type, address.bytes + 12, 4);
        else
                put_attribute(packet, type, address.bytes, 16);
}

static inline void put_prefix(struct radius_packet *packet, uint8_t type, const char *text)
{
        struct prefix prefix;
        uint8_t p[18] = {0};

        assert(prefix_parse(slice_of(text), &prefix, NULL) == 0);
        p[1] = prefix.length;
        memcpy(p + 2, prefix.address.bytes, 16);
        put_attribute(packet, type, p, 2 + (size_t)(prefix.length + 7) / 8);
}

/* A vendor's attribute in an attribute of its own. */
static inline void put_vendor(
        struct radius_packet *packet, uint32_t vendor, uint8_t type, const void *value, size_t length)
{
        uint8_t p[253] = {(uint8_t)(vendor >> 24), (uint8_t)(vendor >> 16), (uint8_t)(vendor >> 8),
                (uint8_t)vendor, type, (uint8_t)(length + 2)};

        assert(length <= sizeof p - 6);
        memcpy(p + 6, value, length);
        put_attribute(packet, 26, p, 6 + length);
}

static inline void put_vendor_number(
        struct radius_packet *packet, uint32_t vendor, uint8_t type, uint32_t number)
{
        uint8_t p[4] = {
                (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

        put_vendor(packet, vendor, type, p, sizeof p);
}

static inline void put_vendor_text(
        struct radius_packet *packet, uint32_t vendor, uint8_t type, const char *text)
{
        put_vendor(packet, vendor, type, text, strlen(text));
}

static inline void put_vendor_address(
        struct radius_packet *packet, uint32_t vendor, uint8_t type, const char *text)
{
        struct address address;

        assert(address_parse(slice_of(text), &address, NULL) == 0);
        put_vendor(packet, vendor, type, address.bytes + 12, 4);
}

/* TLVs gathered for one extended attribute. */
struct radius_tlvs {
        uint8_t bytes[252];
        size_t length;
};

static inline void tlv_number(struct radius_tlvs *tlvs, uint8_t type, uint32_t number)
{
        uint8_t p[6] = {type, 6, (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                (uint8_t)number};

        memcpy(tlvs->bytes + tlvs->length, p, sizeof p);
        tlvs->length += sizeof p;
}

static inline void put_extended(
        struct radius_packet *packet, uint8_t type, uint8_t extended, const struct radius_tlvs *tlvs)
{
        uint8_t p[253] = {extended};

        memcpy(p + 1, tlvs->bytes, tlvs->length);
        put_attribute(packet, type, p, 1 + tlvs->length);
}

/* IP-Port-Range (241.6) as RFC 8045 section 3.1.2 draws it. */
static inline void put_port_range(struct radius_packet *packet, uint32_t outside, uint32_t first,
        uint32_t last, uint32_t protocol, uint32_t alloc)
{
        struct radius_tlvs tlvs = {.length = 0};

        if (protocol)
                tlv_number(&tlvs, 1, protocol);
        tlv_number(&tlvs, 9, first);
        tlv_number(&tlvs, 10, last);
        if (outside)
                tlv_number(&tlvs, 3, outside);
        tlv_number(&tlvs, 8, alloc);
        put_extended(packet, 241, 6, &tlvs);
}

#endif
