/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_DHCP_IDENTITY_H
#define ROGATORY_WIRE_DHCP_IDENTITY_H

/* What a DHCP server knows of a client, and which of it becomes the subscriber.
 *
 * Two leases with the same subscriber text count as one person's, so the text must never be the same for two.
 * Therefore, in this order (the first that is there):
 *
 *   1. "subscriber-id S"              RFC 3993, RFC 4580: the provider's own name of the subscriber
 *   2. "remote-id R, circuit-id C"    RFC 3046 section 3: what R is, the relay decides. Where it is the
 * relay's or "remote-id R"               own address, only the circuit tells its customers apart, so both are
 * said
 *   3. "circuit-id C, client-id U"    a circuit is named by its relay only and may occur at another relay too
 *   4. "client-id U", "duid U"        RFC 2132 section 9.14, RFC 8415 section 11
 *   5. "hardware H"                   the hardware address
 *
 * A value of printable UTF-8 is written as it is, any other as hexadecimal bytes ("00:1a:2b"). A text that
 * looks like such bytes, or like the seam between two values, is put in quotes: no two values are written
 * alike. */

#include "wire/text_decoder.h"

#define DHCP_VALUE_MAX 255 /* bytes: the length of a DHCPv4 option has one byte, a DUID at most 130 */

enum dhcp_value {
        DHCP_SUBSCRIBER_ID,
        DHCP_REMOTE_ID,
        DHCP_CIRCUIT_ID,
        DHCP_CLIENT_ID,
        DHCP_DUID,
        DHCP_HARDWARE,
        DHCP_VALUE_COUNT
};

struct dhcp_identity {
        struct {
                uint8_t length; /* 0: not there */
                uint8_t bytes[DHCP_VALUE_MAX];
        } values[DHCP_VALUE_COUNT];
};

/* Keeps a value; an empty one is none. false where it is longer than DHCP_VALUE_MAX. */
bool dhcp_identity_set(
        struct dhcp_identity *identity, enum dhcp_value value, const uint8_t *bytes, size_t length);

/* The subscriber. NULL, or why there is none (static text). *ret_rank is the place in the list above, 1 to 5.
 */
const char *dhcp_identity_subscriber(
        const struct dhcp_identity *identity, char ret[SUBSCRIBER_MAX], unsigned *ret_rank);

/* The client that a server gives an address to: a hash of client identifier or DUID, else of the hardware
 * address; 0 where there is none of them. */
uint64_t dhcp_identity_client(const struct dhcp_identity *identity);

/* Hexadecimal bytes, with or without colons between them ("0:1a", "001A"); without colons an even number of
 * digits. The number of bytes, or -EINVAL. */
int dhcp_hex(struct slice text, uint8_t *ret, size_t most);

/* Suboptions of a relay (RFC 3046 section 2) into the identity; false where their lengths do not fit. */
bool dhcp_identity_relay(struct dhcp_identity *identity, const uint8_t *bytes, size_t length);

/* Options that a DHCPv6 relay put in (RFC 8415 section 21.1): remote identifier (37, RFC 4649), interface
 * (18), subscriber (38, RFC 4580); false where their lengths do not fit. */
bool dhcp_identity_relay6(struct dhcp_identity *identity, const uint8_t *bytes, size_t length);

#endif
