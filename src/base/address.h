/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BASE_ADDRESS_H
#define ROGATORY_BASE_ADDRESS_H

/* IP addresses and prefixes. One representation for both families: 16 bytes in network order, IPv4 as the
 * IPv4-mapped form ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). All zero bytes mean "no address". */

#include "base/error.h"
#include "base/slice.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct address {
        uint8_t bytes[16]; /* network order */
};

struct prefix {
        struct address address; /* host bits are zero */
        uint8_t length;         /* 0..128, counted over the 16 bytes: an IPv4 /24 is 120 */
};

/* Enough for any address, a slash and a length, and an end mark. */
#define ADDRESS_TEXT_MAX 52

/* Built and looked at in halves of eight bytes: these stand in every event, and smaller stores would have to
 * reach the cache before a wider load of the same bytes goes on. */
static inline struct address address_from_ipv4(uint32_t host_order)
{
        uint64_t halves[2] = {0, htobe64(UINT64_C(0xffff) << 32 | host_order)};
        struct address a;
        memcpy(a.bytes, halves, sizeof a.bytes);
        return a;
}

static inline struct address address_from_ipv6(const uint8_t bytes[16])
{
        struct address a;
        memcpy(a.bytes, bytes, 16);
        return a;
}

static inline bool address_is_ipv4(const struct address *a)
{
        uint64_t halves[2];
        memcpy(halves, a->bytes, sizeof halves);
        return halves[0] == 0 && be64toh(halves[1]) >> 32 == 0xffff;
}

/* The IPv4 address in host order; only where address_is_ipv4. */
static inline uint32_t address_ipv4(const struct address *a)
{
        return (uint32_t)a->bytes[12] << 24 | (uint32_t)a->bytes[13] << 16 | (uint32_t)a->bytes[14] << 8 |
               a->bytes[15];
}

static inline bool address_is_none(const struct address *a)
{
        static const uint8_t none[16];
        return memcmp(a->bytes, none, 16) == 0;
}

/* A named host: whom a source names only by a string, in a place where addresses do not tell people apart
 * (the same private address behind two subscriber lines). It stands as 01 and 120 bits of a digest of the
 * string: 0100::/8 is reserved by the IETF (RFC 4291 section 2.4 and the IANA registry of the IPv6 address
 * space), so that no host can have such an address. The one piece of it that is in use, 0100::/64, is where
 * traffic is discarded (RFC 6666), and is no name. */
static inline bool address_is_named(const struct address *a)
{
        static const uint8_t discard[8] = {1};
        return a->bytes[0] == 1 && memcmp(a->bytes, discard, sizeof discard) != 0;
}

static inline int address_compare(const struct address *a, const struct address *b)
{
        return memcmp(a->bytes, b->bytes, 16);
}

/* Reads the whole slice as an IPv4 (dotted quad) or IPv6 address (RFC 4291 section 2.2, no zone index).
 * -EINVAL with a message. */
int address_parse(struct slice text, struct address *ret_address, struct error *error);

/* "198.51.100.7" or RFC 5952 text of an IPv6 address; "-" for no address and for a named host, whose digest
 * tells people nothing. Returns text. */
char *address_format(const struct address *address, char text[ADDRESS_TEXT_MAX]);

/* "198.51.100.0/24", "2001:db8::/56", or a bare address as a host prefix. Host bits set are refused: a prefix
 * that says two things is a mistake of the person who wrote it. -EINVAL with a message. */
int prefix_parse(struct slice text, struct prefix *ret_prefix, struct error *error);

/* "198.51.100.0/24"; the length is left away for a single host. Returns text. */
char *prefix_format(const struct prefix *prefix, char text[ADDRESS_TEXT_MAX]);

bool prefix_contains(const struct prefix *prefix, const struct address *address);

/* The first length bits of an address (0..128 over the 16 bytes) as a prefix. */
struct prefix prefix_of(const struct address *address, unsigned length);

/* "198.51.100.7:4711", "[2001:db8::1]:443", "198.51.100.7" or "2001:db8::1".
 * ret_port is -1 where none is given. -EINVAL with a message. */
int address_parse_with_port(
        struct slice text, struct address *ret_address, int *ret_port, struct error *error);

#endif
