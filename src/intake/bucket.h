/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INTAKE_BUCKET_H
#define ROGATORY_INTAKE_BUCKET_H

/* Instants on their way into the store, held by realm and window until they are merged.
 *
 * An import holds tens of millions of them, so they are kept as they will be needed: one stream of packed
 * bytes for each outside address, about a third of a nat_point each. What millions of points have in common
 * (exporter, protocol, kind, action, flags) stands once, as a shape; times are differences. */

#include "nat/event.h"
#include "nat/host.h"

#include <stddef.h>
#include <stdint.h>

struct bucket_chunk; /* a piece of one stream */
struct bucket_block; /* memory that chunks are cut out of */

/* The points of one outside address in order of arrival. */
struct bucket_stream {
        uint32_t outside;
        uint32_t count;
        int64_t last_ms;   /* of the point added last */
        uint8_t *at, *end; /* where the next point goes */
        struct bucket_chunk *first, *last;
};

/* What happened in one window of one realm. */
struct bucket {
        int64_t window_from;
        uint16_t realm;                /* the caller's number */
        size_t count;                  /* points */
        struct bucket_stream *streams; /* owned; by address after bucket_group */
        uint32_t stream_count, stream_capacity;
        uint32_t *slots; /* owned; hash table of stream numbers + 1 */
        uint32_t mask;
        struct bucket_block *blocks; /* owned */
        size_t bytes;
};

/* What points have in common, by number. */
struct bucket_shape {
        uint16_t exporter;
        uint8_t protocol, kind, action, flags;
        uint8_t fields; /* which of the rare fields there are */
};

#define BUCKET_RECENT_SHAPES 16u
#define BUCKET_MANY_MAX 64u

struct bucket_set {
        struct bucket *items; /* owned */
        size_t count, capacity;
        size_t last;                 /* the bucket used last: events come in order of time, nearly */
        size_t bytes;                /* memory held by all buckets */
        struct bucket_shape *shapes; /* owned */
        uint32_t shape_count, shape_capacity;
        uint32_t *shape_slots; /* owned */
        uint32_t shape_mask;
        struct {
                uint64_t key; /* of a shape; 0: none */
                uint32_t number;
        } recent_shapes[BUCKET_RECENT_SHAPES]; /* by their keys: few shapes are in use at a time */
        uint32_t found[BUCKET_MANY_MAX];       /* streams of the events that are being added */
        struct {
                uint64_t key; /* 0: not drawn yet */
                uint64_t factor[2], addend[2];
        } mark; /* what marks are made with, drawn with the first one */
};

/* Adds one event. Hosts of IPv4 without a VRF are kept as they are and get their numbers when they are
 * unpacked, where the few of one outside address stand together; others are interned in `hosts` now.
 *
 * keep_destination: false keeps four bytes of a destination's hash, under a key of this set, which is enough
 * to tell two flows of one inside endpoint that began at the same instant from one event heard twice.
 *
 * 0, -ENOMEM, -EIO (no random key), -EFBIG (the ceiling of hosts), or -E2BIG where more than BUCKETS_MAX
 * windows are open at once (a log whose times jump about wildly). */
#define BUCKETS_MAX 20000
int bucket_add(struct bucket_set *set, uint16_t realm, int64_t window_from, const struct nat_event *event,
        bool keep_destination, struct host_table *hosts);

/* The same for up to BUCKET_MANY_MAX events of one window, in order. They are looked for first and written
 * then: many at once wait for memory together, each by itself in turn. */
int bucket_add_many(struct bucket_set *set, uint16_t realm, int64_t window_from,
        const struct nat_event *events, size_t count, bool keep_destination, struct host_table *hosts);

/* Sorts the streams of a bucket by outside address. Nothing may be added to it afterwards. */
void bucket_group(struct bucket *bucket);

/* These outside addresses will be added to next: brings their streams near. Many at once wait for memory
 * together, each by itself in turn; to call it changes nothing else. */
#define BUCKET_EXPECTED_MAX 64u
void bucket_expect(const struct bucket_set *set, uint16_t realm, int64_t window_from, const uint32_t *outside,
        size_t count);

/* The number of an address' stream, before bucket_group; false where it has none. */
bool bucket_find(const struct bucket *bucket, uint32_t outside, uint32_t *ret_stream);

/* Unpacks the points of one stream, in order of arrival, into ret (room for stream->count), and interns their
 * hosts. Where destinations were not kept, `destination` is a mark that stands for no host. 0, -ENOMEM or
 * -EFBIG.
 */
int bucket_unpack(const struct bucket_set *set, const struct bucket_stream *stream, int64_t window_from,
        struct host_table *hosts, struct nat_point *ret);

/* Frees the points of one bucket and forgets it; the order of the others may change. */
void bucket_drop(struct bucket_set *set, size_t index);
void bucket_set_free(struct bucket_set *set);

#endif
