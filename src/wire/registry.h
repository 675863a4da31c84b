/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_REGISTRY_H
#define ROGATORY_WIRE_REGISTRY_H

/* What information elements are called and how their bytes are read: IANA's registry as far as exporters use
 * it around NAT, and those of enterprises that are known. For people: decoding depends on none of it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The abstract data types of RFC 7011 section 6.1; times as sections 6.1.7 to 6.1.10. */
enum registry_type {
        REGISTRY_UNSIGNED,
        REGISTRY_SIGNED,
        REGISTRY_FLOAT,
        REGISTRY_BOOLEAN, /* 1 true, 2 false */
        REGISTRY_PORT,
        REGISTRY_PROTOCOL,
        REGISTRY_UPTIME, /* ms since the exporter started */
        REGISTRY_SECONDS,
        REGISTRY_MILLISECONDS,
        REGISTRY_MICROSECONDS, /* NTP format */
        REGISTRY_NANOSECONDS,  /* NTP format */
        REGISTRY_IPV4,
        REGISTRY_IPV6,
        REGISTRY_MAC,
        REGISTRY_STRING, /* UTF-8, in practice of any kind */
        REGISTRY_OCTETS,
};

struct registry_element {
        uint32_t enterprise;
        uint16_t number;
        uint8_t type; /* enum registry_type */
        const char *name;
};

#define REGISTRY_REVERSE 29305 /* RFC 5103 section 6.1: the same elements for the other direction */
#define REGISTRY_NAME_MAX 64

/* NULL where it is not known. enterprise 0: IANA, or NetFlow v9; REGISTRY_REVERSE gives IANA's element. */
const struct registry_element *registry_element_of(uint32_t enterprise, uint16_t number);

/* Who has a private enterprise number; NULL where not known. */
const char *registry_enterprise_of(uint32_t number);

/* "sourceIPv4Address", "reverse octetDeltaCount", "(of Juniper)", "(not known)". Returns text. */
char *registry_name(uint32_t enterprise, uint16_t number, char text[REGISTRY_NAME_MAX]);

/* How many elements are known. */
size_t registry_size(void);

#endif
