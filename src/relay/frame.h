/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_RELAY_FRAME_H
#define ROGATORY_RELAY_FRAME_H

/* How frames lie in bytes; shared by writer and reader, and nobody else's business. */

#include "relay/relay.h"

#include <string.h>

#define FRAME_MARK UINT32_C(0x526c7931) /* in HELLO: another order of bytes shows */

/* A packed event: five words of eight bytes.
 *   0  time_ms << 16 | exporter
 *   1  outside << 32 | inside
 *   2  destination << 32 | session
 *   3  port_first << 48 | port_last << 32 | inside_port << 16 | destination_port
 *   4  vrf << 32 | protocol << 24 | kind << 16 | action << 8 | flags
 * Whether inside and destination are there say the flags NAT_INSIDE_UNKNOWN and NAT_HAS_DESTINATION. */
#define FRAME_EVENT_BYTES 40u

/* A long event: inside and destination (16 bytes each), then words 0, 3 and 4 as above, and
 * outside << 32 | session. */
#define FRAME_LONG_EVENT_BYTES 64u

/* Then words: session, from, to, vrf << 32 | exporter << 16 | flags << 8 | length, from_edge << 8 | to_edge;
 * behind them the subscriber without its end mark. First the prefix' address. */
#define FRAME_LEASE_BYTES 56u

/* Words: from, to, stream << 32 | sequence_from, sequence_to << 32 | delay, offset_min << 32 | offset_max,
 * exporter << 16 | flags. */
#define FRAME_SPAN_BYTES 48u

/* Words: from, to, stream << 32 | count, exporter << 16 | reason. */
#define FRAME_GAP_BYTES 32u

#define FRAME_HELLO_BYTES (24u + RELAY_CONFIGURATION_BYTES)

static inline void frame_put(uint8_t *at, uint64_t word)
{
        memcpy(at, &word, sizeof word);
}

static inline uint64_t frame_get(const uint8_t *at)
{
        uint64_t word;
        memcpy(&word, at, sizeof word);
        return word;
}

static inline void frame_head(uint8_t *at, uint32_t length, uint8_t type)
{
        uint32_t rest = type;
        memcpy(at, &length, sizeof length);
        memcpy(at + 4, &rest, sizeof rest);
}

#endif
