/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_STREAM_STATE_H
#define ROGATORY_WIRE_STREAM_STATE_H

/* Shared by the parts of the stream reader (stream.c: connections and their segments; stream_cut.c: messages
 * out of bytes in order), nobody else's business. */

#include "wire/stream.h"

struct held_segment {
        struct held_segment *next; /* by sequence number */
        uint32_t sequence, length;
        uint64_t number;
        uint8_t bytes[];
};

enum stream_state {
        STREAM_UNDECIDED, /* its first bytes are to come */
        STREAM_CERTAIN,   /* a message begins at the first of the bytes */
        STREAM_SEEKING,   /* a message begins somewhere in the bytes */
        STREAM_FOREIGN,   /* shown to be no IPFIX, or none that can be read */
};

struct stream {
        struct stream *next;
        struct packet ends; /* addresses and ports */
        enum stream_state state;
        uint32_t sequence; /* of the byte behind `bytes` */
        uint8_t *bytes;    /* in order, not yet cut; owned */
        size_t length, capacity;
        struct held_segment *held;
        size_t held_count, held_bytes;
        int64_t hole_ms; /* since when something is held */
        uint64_t number; /* of the packet that brought the first of `bytes` */
        uint32_t end;    /* where has_end: the sequence number of its FIN */
        bool has_end;
        bool told; /* that bytes are lost, since the last certain boundary */
};

/* Cuts out of the bytes what can be cut. 0, or what the sink returned. at_end: nothing follows the bytes. */
int stream_cut(struct stream *stream, bool at_end, const struct stream_sink *sink);

/* What can be an IPFIX message begins at bytes: as far as they go, header and set lengths fit. */
bool stream_begins_message(const uint8_t *bytes, size_t length);

/* Says that bytes are lost, once until the next certain boundary. */
void stream_tell(struct stream *stream, const char *complaint, const struct stream_sink *sink);

#endif
