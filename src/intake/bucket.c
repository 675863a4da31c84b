/* SPDX-License-Identifier: EUPL-1.2 */
#include "intake/bucket.h"

#include "base/checksum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Blocks grow from the one to the other: an import may have thousands of buckets open, or a single large one.
 */
#define BLOCK_LEAST (1u << 12)
#define BLOCK_MOST (1u << 18)
#define CHUNK_LEAST 64u
#define CHUNK_MOST 4096u
/* The longest packed event: shape, time, inside host, port, last port, inside port, destination and its port,
 * session. */
#define PACKED_MOST (5 + 10 + 4 + 2 + 2 + 2 + 4 + 2 + 4)

enum shape_field {
        FIELD_RANGE = 1 << 0,            /* port_last differs from port_first */
        FIELD_SESSION = 1 << 1,          /* session is not 0 */
        FIELD_DESTINATION = 1 << 2,      /* destination and its port */
        FIELD_MARK = 1 << 3,             /* four bytes that stand for a destination */
        FIELD_INSIDE_PORT = 1 << 4,      /* inside_port is not 0 */
        FIELD_INSIDE_HOST = 1 << 5,      /* inside is a host number and not an IPv4 address */
        FIELD_DESTINATION_HOST = 1 << 6, /* the same for the destination */
};

struct bucket_chunk {
        struct bucket_chunk *next;
        uint32_t size, used; /* bytes behind this header; used: valid once the chunk is closed */
        uint8_t bytes[];
};

struct bucket_block {
        struct bucket_block *next;
        size_t size, used;
        _Alignas(16) uint8_t bytes[];
};

static uint32_t hash_of(uint64_t key)
{
        return (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

/* --- Packing --- */

static uint8_t *put_number(uint8_t *at, uint64_t value)
{
        while (value >= 0x80) {
                *at++ = (uint8_t)(value | 0x80);
                value >>= 7;
        }
        *at++ = (uint8_t)value;
        return at;
}

static const uint8_t *get_number(const uint8_t *at, uint64_t *ret)
{
        uint64_t value = *at & 0x7f;

        for (unsigned shift = 7; *at++ & 0x80; shift += 7)
                value |= (uint64_t)(*at & 0x7f) << shift;
        *ret = value;
        return at;
}

static uint8_t *put16(uint8_t *at, uint16_t value)
{
        memcpy(at, &value, sizeof value);
        return at + sizeof value;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
        memcpy(at, &value, sizeof value);
        return at + sizeof value;
}

static const uint8_t *get16(const uint8_t *at, uint16_t *ret)
{
        memcpy(ret, at, sizeof *ret);
        return at + sizeof *ret;
}

static const uint8_t *get32(const uint8_t *at, uint32_t *ret)
{
        memcpy(ret, at, sizeof *ret);
        return at + sizeof *ret;
}

/* A difference of either sign as a number that is small where the difference is. */
static uint64_t fold(int64_t difference)
{
        return (uint64_t)difference << 1 ^ (uint64_t)(difference >> 63);
}

static int64_t unfold(uint64_t folded)
{
        return (int64_t)(folded >> 1) ^ -(int64_t)(folded & 1);
}

/* What is written of an event beside its shape. */
struct packed {
        struct bucket_shape shape;
        uint32_t inside, destination; /* IPv4 address or host number, as the shape says */
};

static uint8_t *pack(
        uint8_t *at, const struct nat_event *e, const struct packed *packed, uint32_t shape, int64_t last_ms)
{
        unsigned fields = packed->shape.fields;

        at = put_number(at, shape);
        at = put_number(at, fold(e->time_ms - last_ms));
        at = put32(at, packed->inside);
        at = put16(at, e->port_first);
        if (fields & FIELD_RANGE)
                at = put16(at, e->port_last);
        if (fields & FIELD_INSIDE_PORT)
                at = put16(at, e->inside_port);
        if (fields & FIELD_MARK)
                at = put32(at, packed->destination);
        if (fields & FIELD_DESTINATION)
                at = put16(put32(at, packed->destination), e->destination_port);
        if (fields & FIELD_SESSION)
                at = put32(at, e->session);
        return at;
}

/* Hosts met lately, by address: an outside address serves a few dozen of them, thousands of times each. */
#define RECENT_HOSTS 128

struct unpacking {
        const struct bucket_set *set;
        struct host_table *hosts;
        int failed;
        struct {
                uint32_t address, number; /* number HOST_NONE: none */
        } recent[RECENT_HOSTS];
};

static uint32_t number_of(struct unpacking *u, uint32_t address)
{
        uint32_t place = hash_of(address) % RECENT_HOSTS;

        if (u->recent[place].number != HOST_NONE && u->recent[place].address == address)
                return u->recent[place].number;
        struct nat_host host = {.address = address_from_ipv4(address)};
        int r = host_intern(u->hosts, &host, &u->recent[place].number);
        if (r < 0) {
                u->failed = r;
                u->recent[place].number = HOST_NONE;
        }
        u->recent[place].address = address;
        return u->recent[place].number;
}

static const uint8_t *unpack(struct unpacking *u, const uint8_t *at, int64_t last_ms, struct nat_point *ret)
{
        uint64_t shape_number, time;

        at = get_number(at, &shape_number);
        const struct bucket_shape *shape = &u->set->shapes[shape_number];
        unsigned fields = shape->fields;
        at = get_number(at, &time);
        *ret = (struct nat_point){
                .time_ms = last_ms + unfold(time),
                .exporter = shape->exporter,
                .protocol = shape->protocol,
                .kind = shape->kind,
                .action = shape->action,
                .flags = shape->flags,
        };
        at = get32(at, &ret->inside);
        if (!(fields & FIELD_INSIDE_HOST))
                ret->inside = number_of(u, ret->inside);
        at = get16(at, &ret->port_first);
        ret->port_last = ret->port_first;
        if (fields & FIELD_RANGE)
                at = get16(at, &ret->port_last);
        if (fields & FIELD_INSIDE_PORT)
                at = get16(at, &ret->inside_port);
        if (fields & FIELD_MARK)
                at = get32(at, &ret->destination);
        if (fields & FIELD_DESTINATION) {
                at = get16(get32(at, &ret->destination), &ret->destination_port);
                if (!(fields & FIELD_DESTINATION_HOST))
                        ret->destination = number_of(u, ret->destination);
        }
        if (fields & FIELD_SESSION)
                at = get32(at, &ret->session);
        return at;
}

/* --- Shapes --- */

static uint64_t shape_key(const struct bucket_shape *s)
{
        return (uint64_t)s->exporter << 40 | (uint64_t)s->protocol << 32 | (uint64_t)s->kind << 24 |
               (uint64_t)s->action << 16 | (uint64_t)s->flags << 8 | s->fields;
}

static int grow_shapes(struct bucket_set *set)
{
        uint32_t capacity = set->shape_capacity ? set->shape_capacity * 2 : 64;
        struct bucket_shape *shapes = realloc(set->shapes, capacity * sizeof *shapes);
        uint32_t *slots = calloc(2 * (size_t)capacity, sizeof *slots);

        if (shapes)
                set->shapes = shapes;
        if (!shapes || !slots) {
                free(slots);
                return -ENOMEM;
        }
        free(set->shape_slots);
        set->shape_slots = slots;
        set->shape_mask = 2 * capacity - 1;
        set->shape_capacity = capacity;
        for (uint32_t i = 0; i < set->shape_count; i++) {
                uint32_t at = hash_of(shape_key(&shapes[i])) & set->shape_mask;
                while (slots[at])
                        at = (at + 1) & set->shape_mask;
                slots[at] = i + 1;
        }
        return 0;
}

static int find_shape(struct bucket_set *set, uint64_t key, const struct bucket_shape *wanted, uint32_t *ret)
{
        if (set->shape_count == set->shape_capacity && grow_shapes(set) < 0)
                return -ENOMEM;
        uint32_t at = hash_of(key) & set->shape_mask;
        for (; set->shape_slots[at]; at = (at + 1) & set->shape_mask) {
                *ret = set->shape_slots[at] - 1;
                if (shape_key(&set->shapes[*ret]) == key)
                        return 0;
        }
        *ret = set->shape_count;
        set->shapes[set->shape_count++] = *wanted;
        set->shape_slots[at] = set->shape_count;
        return 0;
}

static inline int shape_number(struct bucket_set *set, const struct bucket_shape *wanted, uint32_t *ret)
{
        uint64_t key = shape_key(wanted);
        uint32_t place = hash_of(key) % BUCKET_RECENT_SHAPES;

        if (key != 0 && set->recent_shapes[place].key == key) {
                *ret = set->recent_shapes[place].number;
                return 0;
        }
        int r = find_shape(set, key, wanted, ret);
        if (r < 0)
                return r;
        set->recent_shapes[place].key = key;
        set->recent_shapes[place].number = *ret;
        return 0;
}

/* --- Streams --- */

/* Memory for one chunk, out of the bucket's present block. */
static struct bucket_chunk *cut_chunk(struct bucket_set *set, struct bucket *bucket, uint32_t size)
{
        size_t wanted = (sizeof(struct bucket_chunk) + size + 15) & ~(size_t)15;
        struct bucket_block *block = bucket->blocks;

        if (!block || block->used + wanted > block->size) {
                size_t bytes = !block || block->size < BLOCK_LEAST ? BLOCK_LEAST : block->size * 2;
                bytes = bytes < wanted ? wanted : bytes > BLOCK_MOST ? BLOCK_MOST : bytes;
                block = malloc(sizeof *block + bytes);
                if (!block)
                        return NULL;
                *block = (struct bucket_block){.next = bucket->blocks, .size = bytes};
                bucket->blocks = block;
                bucket->bytes += bytes;
                set->bytes += bytes;
        }
        struct bucket_chunk *chunk = (struct bucket_chunk *)(block->bytes + block->used);
        block->used += wanted;
        *chunk = (struct bucket_chunk){.size = (uint32_t)(wanted - sizeof *chunk)};
        return chunk;
}

/* A new chunk for a stream whose present one has no room. Chunks grow, so that an address with a handful of
 * points costs little. */
static int extend(struct bucket_set *set, struct bucket *bucket, struct bucket_stream *stream)
{
        uint32_t size = stream->last ? stream->last->size * 2 : CHUNK_LEAST;
        struct bucket_chunk *chunk = cut_chunk(set, bucket, size < CHUNK_MOST ? size : CHUNK_MOST);

        if (!chunk)
                return -ENOMEM;
        if (stream->last) {
                stream->last->used = (uint32_t)(stream->at - stream->last->bytes);
                stream->last->next = chunk;
        } else {
                stream->first = chunk;
        }
        stream->last = chunk;
        stream->at = chunk->bytes;
        stream->end = chunk->bytes + chunk->size;
        return 0;
}

static int grow_streams(struct bucket_set *set, struct bucket *bucket)
{
        uint32_t capacity = bucket->stream_capacity ? bucket->stream_capacity * 2 : 16;
        struct bucket_stream *streams = realloc(bucket->streams, capacity * sizeof *streams);
        uint32_t *slots = calloc(2 * (size_t)capacity, sizeof *slots);

        if (streams)
                bucket->streams = streams;
        if (!streams || !slots) {
                free(slots);
                return -ENOMEM;
        }
        size_t more = (capacity - bucket->stream_capacity) * (sizeof *streams + 2 * sizeof *slots);
        bucket->bytes += more;
        set->bytes += more;
        free(bucket->slots);
        bucket->slots = slots;
        bucket->mask = 2 * capacity - 1;
        bucket->stream_capacity = capacity;
        for (uint32_t i = 0; i < bucket->stream_count; i++) {
                uint32_t at = hash_of(streams[i].outside) & bucket->mask;
                while (slots[at])
                        at = (at + 1) & bucket->mask;
                slots[at] = i + 1;
        }
        return 0;
}

static int find_stream(struct bucket_set *set, struct bucket *bucket, uint32_t outside, uint32_t *ret)
{
        if (bucket->stream_count == bucket->stream_capacity && grow_streams(set, bucket) < 0)
                return -ENOMEM;
        uint32_t at = hash_of(outside) & bucket->mask;
        for (; bucket->slots[at]; at = (at + 1) & bucket->mask) {
                *ret = bucket->slots[at] - 1;
                if (bucket->streams[*ret].outside == outside)
                        return 0;
        }
        *ret = bucket->stream_count++;
        bucket->streams[*ret] = (struct bucket_stream){.outside = outside, .last_ms = bucket->window_from};
        bucket->slots[at] = bucket->stream_count;
        return 0;
}

/* --- Buckets --- */

static struct bucket *find(struct bucket_set *set, uint16_t realm, int64_t window_from)
{
        for (size_t i = 0; i < set->count; i++) {
                size_t at = set->last + i < set->count ? set->last + i : set->last + i - set->count;
                struct bucket *bucket = &set->items[at];
                if (bucket->window_from == window_from && bucket->realm == realm) {
                        set->last = at;
                        return bucket;
                }
        }
        return NULL;
}

static int open_bucket(
        struct bucket_set *set, uint16_t realm, int64_t window_from, struct bucket **ret_bucket)
{
        if (set->count == BUCKETS_MAX)
                return -E2BIG;
        if (set->count == set->capacity) {
                size_t capacity = set->capacity ? set->capacity * 2 : 16;
                struct bucket *items = realloc(set->items, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                set->items = items;
                set->capacity = capacity;
        }
        set->last = set->count;
        *ret_bucket = &set->items[set->count++];
        **ret_bucket = (struct bucket){.window_from = window_from, .realm = realm};
        return 0;
}

/* Marks are made with a key that nobody knows: a customer chooses where his flows go, and of two that begin
 * at one instant the one with the mark of the other would pass for a copy and never have been. */
static int draw_key(struct bucket_set *set)
{
        while (set->mark.key == 0)
                if (getrandom(&set->mark, sizeof set->mark, 0) != sizeof set->mark)
                        return -EIO;
        return 0;
}

/* Of IPv4: a linear function of the 48 bits modulo 2^80 and its upper 32, which for a factor and an addend
 * that nobody knows takes any two destinations to any two marks alike (Dietzfelbinger: Universal hashing and
 * k-wise independent random variables via integer arithmetic without primes, 1996). */
static uint32_t mark_of_ipv4(const struct bucket_set *set, uint32_t address, uint16_t port)
{
        uint64_t value = (uint64_t)address << 16 | port;
        __extension__ unsigned __int128 product = (unsigned __int128)set->mark.factor[0] * value;

        product += (unsigned __int128)(set->mark.factor[1] * value + set->mark.addend[1]) << 64;
        product += set->mark.addend[0];
        return (uint32_t)(product >> 48);
}

/* Four bytes that differ where two destinations do, but once in 2^32; never 0. */
static uint32_t mark_of(const struct bucket_set *set, const struct nat_event *e)
{
        uint8_t parts[sizeof set->mark.key + sizeof e->destination.bytes + sizeof e->destination_port];

        if (address_is_ipv4(&e->destination)) {
                uint32_t found = mark_of_ipv4(set, address_ipv4(&e->destination), e->destination_port);
                return found ? found : 1;
        }
        memcpy(parts, &set->mark.key, sizeof set->mark.key);
        memcpy(parts + sizeof set->mark.key, e->destination.bytes, sizeof e->destination.bytes);
        memcpy(parts + sizeof parts - sizeof e->destination_port, &e->destination_port,
                sizeof e->destination_port);
        uint32_t mark = (uint32_t)checksum(parts, sizeof parts);
        return mark ? mark : 1;
}

/* An address as it is packed: itself where it is IPv4 without a VRF, else its number, and `field` set in
 * *fields.
 */
static int pack_host(const struct address *address, uint32_t vrf, unsigned field, struct host_table *hosts,
        uint8_t *fields, uint32_t *ret)
{
        if (address_is_ipv4(address) && vrf == 0) {
                *ret = address_ipv4(address);
                return 0;
        }
        *fields |= (uint8_t)field;
        return host_intern(hosts, &(const struct nat_host){.address = *address, .vrf = vrf}, ret);
}

static int pack_hosts(struct bucket_set *set, const struct nat_event *e, bool keep_destination,
        struct host_table *hosts, struct packed *ret)
{
        uint8_t *fields = &ret->shape.fields;
        int r = pack_host(&e->inside, e->vrf, FIELD_INSIDE_HOST, hosts, fields, &ret->inside);

        if (r < 0 || !(e->flags & NAT_HAS_DESTINATION))
                return r;
        if (!keep_destination) {
                *fields |= FIELD_MARK;
                r = draw_key(set);
                ret->destination = r == 0 ? mark_of(set, e) : 0;
                return r;
        }
        *fields |= FIELD_DESTINATION;
        return pack_host(&e->destination, 0, FIELD_DESTINATION_HOST, hosts, fields, &ret->destination);
}

static struct bucket_shape shape_of(const struct nat_event *e)
{
        return (struct bucket_shape){
                .exporter = e->exporter,
                .protocol = e->protocol,
                .kind = e->kind,
                .action = e->action,
                .flags = e->flags,
                .fields = (uint8_t)((e->port_last != e->port_first ? FIELD_RANGE : 0) |
                                    (e->session ? FIELD_SESSION : 0) |
                                    (e->inside_port ? FIELD_INSIDE_PORT : 0)),
        };
}

static int add_to(struct bucket_set *set, struct bucket *bucket, uint32_t stream_number,
        const struct nat_event *event, bool keep_destination, struct host_table *hosts)
{
        struct bucket_stream *stream = &bucket->streams[stream_number];
        struct packed packed = {.shape = shape_of(event)};
        uint32_t shape;

        int r = pack_hosts(set, event, keep_destination, hosts, &packed);
        if (r < 0)
                return r;
        if (shape_number(set, &packed.shape, &shape) < 0)
                return -ENOMEM;
        if ((size_t)(stream->end - stream->at) < PACKED_MOST && extend(set, bucket, stream) < 0)
                return -ENOMEM;
        stream->at = pack(stream->at, event, &packed, shape, stream->last_ms);
        stream->last_ms = event->time_ms;
        stream->count++;
        bucket->count++;
        return 0;
}

static int bucket_of(struct bucket_set *set, uint16_t realm, int64_t window_from, struct bucket **ret_bucket)
{
        *ret_bucket = find(set, realm, window_from);
        return *ret_bucket ? 0 : open_bucket(set, realm, window_from, ret_bucket);
}

int bucket_add(struct bucket_set *set, uint16_t realm, int64_t window_from, const struct nat_event *event,
        bool keep_destination, struct host_table *hosts)
{
        struct bucket *bucket;
        uint32_t stream;
        int r = bucket_of(set, realm, window_from, &bucket);

        if (r == 0)
                r = find_stream(set, bucket, event->outside, &stream);
        return r < 0 ? r : add_to(set, bucket, stream, event, keep_destination, hosts);
}

int bucket_add_many(struct bucket_set *set, uint16_t realm, int64_t window_from,
        const struct nat_event *events, size_t count, bool keep_destination, struct host_table *hosts)
{
        struct bucket *bucket;
        int r = count > BUCKET_MANY_MAX ? -EINVAL : bucket_of(set, realm, window_from, &bucket);

        for (size_t i = 0; r == 0 && i < count; i++) {
                r = find_stream(set, bucket, events[i].outside, &set->found[i]);
                if (r == 0)
                        __builtin_prefetch(bucket->streams[set->found[i]].at, 1);
        }
        for (size_t i = 0; r == 0 && i < count; i++)
                r = add_to(set, bucket, set->found[i], &events[i], keep_destination, hosts);
        return r;
}

static int compare_stream(const void *left, const void *right)
{
        const struct bucket_stream *a = left, *b = right;
        return (a->outside > b->outside) - (a->outside < b->outside);
}

void bucket_expect(const struct bucket_set *set, uint16_t realm, int64_t window_from, const uint32_t *outside,
        size_t count)
{
        const struct bucket *bucket = set->last < set->count ? &set->items[set->last] : NULL;
        uint32_t slots[BUCKET_EXPECTED_MAX];

        if (!bucket || bucket->realm != realm || bucket->window_from != window_from ||
                bucket->stream_count == 0 || count > BUCKET_EXPECTED_MAX)
                return;
        for (size_t i = 0; i < count; i++) {
                slots[i] = hash_of(outside[i]) & bucket->mask;
                __builtin_prefetch(&bucket->slots[slots[i]]);
        }
        for (size_t i = 0; i < count; i++) {
                slots[i] = bucket->slots[slots[i]];
                if (slots[i])
                        __builtin_prefetch(&bucket->streams[slots[i] - 1], 1);
        }
        for (size_t i = 0; i < count; i++)
                if (slots[i])
                        __builtin_prefetch(bucket->streams[slots[i] - 1].at, 1);
}

bool bucket_find(const struct bucket *bucket, uint32_t outside, uint32_t *ret_stream)
{
        if (bucket->stream_count == 0)
                return false;
        uint32_t at = hash_of(outside) & bucket->mask;
        for (; bucket->slots[at]; at = (at + 1) & bucket->mask) {
                *ret_stream = bucket->slots[at] - 1;
                if (bucket->streams[*ret_stream].outside == outside)
                        return true;
        }
        return false;
}

void bucket_group(struct bucket *bucket)
{
        qsort(bucket->streams, bucket->stream_count, sizeof *bucket->streams, compare_stream);
}

int bucket_unpack(const struct bucket_set *set, const struct bucket_stream *stream, int64_t window_from,
        struct host_table *hosts, struct nat_point *ret)
{
        struct unpacking u = {.set = set, .hosts = hosts};
        int64_t last_ms = window_from;

        for (const struct bucket_chunk *chunk = stream->first; chunk; chunk = chunk->next) {
                const uint8_t *at = chunk->bytes;
                const uint8_t *end = chunk == stream->last ? stream->at : chunk->bytes + chunk->used;
                for (; at < end; ret++) {
                        at = unpack(&u, at, last_ms, ret);
                        ret->outside = stream->outside;
                        last_ms = ret->time_ms;
                }
        }
        return u.failed;
}

static void bucket_free(struct bucket *bucket)
{
        for (struct bucket_block *block = bucket->blocks, *next; block; block = next) {
                next = block->next;
                free(block);
        }
        free(bucket->streams);
        free(bucket->slots);
}

void bucket_drop(struct bucket_set *set, size_t index)
{
        set->bytes -= set->items[index].bytes;
        bucket_free(&set->items[index]);
        set->items[index] = set->items[--set->count];
        set->last = 0;
}

void bucket_set_free(struct bucket_set *set)
{
        for (size_t i = 0; i < set->count; i++)
                bucket_free(&set->items[i]);
        free(set->items);
        free(set->shapes);
        free(set->shape_slots);
        *set = (struct bucket_set){0};
}
