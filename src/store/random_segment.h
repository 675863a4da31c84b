/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_RANDOM_SEGMENT_H
#define ROGATORY_STORE_RANDOM_SEGMENT_H

/* For tests: segments of every shape from a seed, and reading them whole. Not part of the library. */

#include "store/segment.h"

/* splitmix64 (Steele, Lea, Flood 2014): good enough and the same everywhere. */
struct random_source {
        uint64_t state;
};
uint64_t random_next(struct random_source *source);
static inline uint64_t random_below(struct random_source *source, uint64_t limit)
{
        return random_next(source) % limit;
}

enum random_style {
        RANDOM_PLAIN,        /* sessions with one port, all edges observed */
        RANDOM_DESTINATIONS, /* the same with destinations */
        RANDOM_BLOCKS,       /* aligned port blocks */
        RANDOM_WILD,         /* everything that a binding can be, extremes included */
        RANDOM_STYLES,
};

#define RANDOM_EXPORTERS 5
extern const char *const random_exporters[RANDOM_EXPORTERS];

struct random_sheet {
        struct binding_list bindings; /* sorted by binding_compare */
};

struct random_content {
        struct segment_header header;
        struct host_table hosts;
        struct random_sheet *sheets; /* ascending outside addresses */
        size_t sheet_count;
        struct coverage coverage;
};

/* Aborts where memory is missing: a test has nothing else to do. */
void random_content_make(struct random_content *content, uint64_t seed, enum random_style style,
        size_t sheets, size_t most_bindings);
void random_content_free(struct random_content *content);

/* Writes the content into a buffer. 0 or what the writer returned. */
int random_content_write(const struct random_content *content, struct buffer *out, struct error *error);

/* Same binding, hosts compared by what they are. */
bool binding_same(const struct nat_binding *a, const struct host_table *a_hosts, const struct nat_binding *b,
        const struct host_table *b_hosts);

#endif
