/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_STREAM_H
#define ROGATORY_WIRE_STREAM_H

/* IPFIX over TCP (RFC 7011 section 10.4): puts the segments of each direction of each connection into their
 * order and cuts the bytes into messages. Where a message begins must be certain: behind the SYN, behind a
 * message that was cut out there, or where two whole messages in a row fit each other in every length. What
 * is not certain is given up and said. Pure: time is the capture's. */

#include "wire/packet.h"

#define STREAM_PORT 4739 /* RFC 7011 section 10.2; here a connection is IPFIX until it shows otherwise */

/* Named limits. */
#define STREAM_CONNECTIONS_MAX 1024      /* directions followed at once; the one longest silent gives way */
#define STREAM_HELD_SEGMENTS_MAX 512     /* of one direction, waiting for what is missing before them */
#define STREAM_HELD_BYTES_MAX (1u << 20) /* the same in bytes */
#define STREAM_BYTES_MAX (64u << 20)     /* of all directions */
#define STREAM_HOLE_MS 10000             /* how long a hole is waited for, by the capture's clock */
#define STREAM_WINDOW_MAX (16u << 20)    /* bytes ahead: further is another connection */

struct stream_set;

struct stream_sink {
        void *context;
        /* One IPFIX message: addresses and ports of the connection, payload the message, borrowed for the
         * call. Negative is fatal and is returned. */
        int (*message)(void *context, const struct packet *message);
        /* Bytes were lost: number is the caller's number of the packet that brought the first of what is
         * given up (or where it was noticed), complaint a sentence part. */
        void (*lost)(void *context, uint64_t number, const char *complaint);
};

int stream_set_new(struct stream_set **ret_set); /* -ENOMEM */
void stream_set_free(struct stream_set *set);

/* Takes a segment (PACKET_TCP). 1 where it belongs to a stream that is followed, 0 where it is nobody's
 * business here, -ENOMEM, or what the sink returned. */
int stream_set_add(struct stream_set *set, const struct packet *segment, int64_t time_ms, uint64_t number,
        const struct stream_sink *sink);

/* The end: cuts out what is certain behind holes, gives up the rest. As stream_set_add. */
int stream_set_finish(struct stream_set *set, const struct stream_sink *sink);

#endif
