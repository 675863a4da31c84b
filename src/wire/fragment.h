/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_FRAGMENT_H
#define ROGATORY_WIRE_FRAGMENT_H

/* Puts IP fragments together (RFC 791 section 3.2, RFC 8200 section 4.5). Nothing is guessed: pieces that
 * overlap end their datagram (RFC 5722), pieces that are missing are never made up, and what was put together
 * out of pieces of two datagrams (RFC 4963) is found by its checksum. Pure: time is the capture's. */

#include "wire/packet.h"

/* Named limits. */
#define FRAGMENT_DATAGRAMS_MAX 1024    /* incomplete at once; the oldest gives way */
#define FRAGMENT_PIECES_MAX 256        /* of one datagram */
#define FRAGMENT_BYTES_MAX (16u << 20) /* held at once; the oldest gives way */
#define FRAGMENT_MS 30000              /* from the first piece to the last, by the capture's clock */
/* The same where no checksum guards what was put together: an exporter that sends without UDP checksum comes
 * round to the same identification after 65536 packets, and one piece of each would make a third message. */
#define FRAGMENT_UNCHECKED_MS 1000

struct fragment_set;

/* Told of each datagram that is given up: number is the caller's number of the packet that brought its first
 * piece, complaint a sentence part. */
typedef void fragment_lost(void *context, uint64_t number, const char *complaint);

int fragment_set_new(struct fragment_set **ret_set); /* -ENOMEM */
void fragment_set_free(struct fragment_set *set);

/* Takes a piece (PACKET_FRAGMENT). 1 where the datagram is whole: ret_whole is for packet_read_on, its
 * payload belongs to the set until the next call; 0 where it is not, or was given up (which lost was told);
 * -ENOMEM. */
int fragment_add(struct fragment_set *set, const struct packet *piece, int64_t time_ms, uint64_t number,
        fragment_lost *lost, void *context, struct packet *ret_whole);

/* The end: gives up what is incomplete. */
void fragment_finish(struct fragment_set *set, fragment_lost *lost, void *context);

#endif
