/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_PACKET_READER_H
#define ROGATORY_WIRE_PACKET_READER_H

/* From the packets of one capture, in its order, to datagrams and to messages of IPFIX over TCP: packet.h,
 * fragment.h and stream.h together. Pure. */

#include "wire/packet.h"

struct packet_reader;

struct packet_sink {
        void *context;
        /* A UDP datagram, or a message out of a TCP stream (packet->protocol says which). Borrowed for the
         * call. Negative is fatal and is returned. */
        int (*datagram)(void *context, const struct packet *packet);
        /* A packet that is neither, nor a part of one. */
        void (*other)(void *context);
        /* Something was lost: number is the packet's (REFUSAL_DAMAGED_PACKET), complaint a sentence part. */
        void (*damaged)(void *context, uint64_t number, const char *complaint);
};

int packet_reader_new(struct packet_reader **ret_reader); /* -ENOMEM */
void packet_reader_free(struct packet_reader *reader);

/* One captured packet, as packet_read. number: the caller's number of it; time_ms: when it was captured.
 * 0, -ENOMEM, or what the sink returned. */
int packet_reader_take(struct packet_reader *reader, int link, const void *bytes, size_t captured,
        size_t original, int64_t time_ms, uint64_t number, const struct packet_sink *sink);

/* The end of the capture: what is incomplete is given up and said. As packet_reader_take. */
int packet_reader_finish(struct packet_reader *reader, const struct packet_sink *sink);

#endif
