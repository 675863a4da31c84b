/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_SEGMENT_FORMAT_H
#define ROGATORY_STORE_SEGMENT_FORMAT_H

/* The numbers of the segment file that writer and reader share; doc/format/segment.md explains each. A change
 * here is a change of the format. */

#include "store/segment.h"

#define FORMAT_VERSION 1u
#define FORMAT_COMPATIBLE_KNOWN 0u /* flags that an older reader may ignore */
/* Flags that an older reader must refuse. */
#define FORMAT_SHORT_BLOCKS 1u /* of segments: a block holds SEGMENT_BLOCK_BINDINGS, not ..._LONG */

#define HEADER_LENGTH 120
#define TRAILER_LENGTH 40
#define SECTION_ENTRY_LENGTH 32
#define SHEET_ENTRY_LENGTH 16
#define PAGE_ENTRY_LENGTH 16
#define PAGE_DESTINATIONS 1024u /* destinations in one page of their dictionary */
#define SPAN_LENGTH 48
#define GAP_LENGTH 32

#define SEGMENT_MAGIC "ROGSEG\r\n"
#define LEASE_MAGIC "ROGLSE\r\n"
#define PLAN_MAGIC "ROGPLN\r\n"
#define TRAILER_MAGIC "ROGEND\r\n"

/* Sections between the sheets and the trailer, in this order. */
enum section {
        SECTION_SUMMARY = 1,
        SECTION_MODELS = 2,
        SECTION_SHEETS = 3,
        SECTION_EXPORTERS = 4,
        SECTION_COVERAGE = 5,
        SECTION_DESTINATIONS = 6,
        SECTION_COUNT = 6,
};
#define SECTION_MAY_BE_IGNORED 1u /* flag of a section whose kind the reader does not know */

/* What the summary says of the content. */
enum summary_flag {
        SUMMARY_DESTINATIONS_KEPT = 1 << 0,
        SUMMARY_HAS_BLOCKS = 1 << 1,
        SUMMARY_HAS_UNPORTED = 1 << 2,
        SUMMARY_HAS_UNTOLD_FLOWS = 1 << 3,
        SUMMARY_ENDPOINT_INDEPENDENT = 1 << 4,
        SUMMARY_OLDER_ENDPOINT_INDEPENDENT = 1 << 5,
};

/* Flags of a block in its sheet's directory. */
enum block_flag {
        BLOCK_BEGIN_UNKNOWN = 1 << 0, /* some binding began at an unknown instant */
        BLOCK_END_UNKNOWN = 1 << 1, /* some binding ended at an unknown instant: the directory gives no end */
        BLOCK_INSIDE_PORTS = 1 << 2, /* a column of inside ports (else all 0) */
        BLOCK_EXPORTERS = 1 << 3,    /* a column of exporters (else one for all) */
        BLOCK_SESSIONS = 1 << 4,     /* a column of session identities (else all 0) */
        BLOCK_DESTINATIONS = 1 << 5, /* a stream of destinations (else none) */
        BLOCK_FLAGS_KNOWN = (1 << 6) - 1,
};

/* First byte of a block's scan part. */
enum scan_flag {
        SCAN_WIDTH = 0x1f,      /* bits per port */
        SCAN_SHIFT = 1 << 5,    /* a shift follows */
        SCAN_SPANS = 1 << 6,    /* ranges: base and width of (last - first) follow */
        SCAN_EXPORTER = 1 << 7, /* the exporter of all follows, else it is 0 */
};

/* Host dictionary of a sheet. */
enum dictionary_mode {
        DICTIONARY_GENERAL = 1 << 0,  /* any addresses and VRFs; else IPv4 of one VRF as Rice-coded gaps */
        DICTIONARY_HAS_NONE = 1 << 1, /* index 0 is "no host" */
};

/* Contexts: every model is one static table of probabilities. */
#define BEGIN_CONTEXTS 6u
#define SHAPE_CONTEXTS 4u
#define DURATION_CONTEXTS 16u
#define INSIDE_CONTEXTS 12u
#define INSIDE_PORT_CONTEXTS 5u
#define RECENT_CONTEXTS 3u
#define DESTINATION_PORT_CONTEXTS 16u
#define RECENT_DESTINATIONS 8u /* remembered per inside host and block */

/* Coder states of a stream: each column of symbols that is read in every row has its own, because a state can
 * only be read one symbol after the other. */
#define TIME_STATES 3u  /* stream A: beginning, shape, duration */
#define OTHER_STATES 2u /* streams B and C */

enum model {
        MODEL_BEGIN = 0,
        MODEL_SHAPE = MODEL_BEGIN + BEGIN_CONTEXTS,
        MODEL_DURATION = MODEL_SHAPE + SHAPE_CONTEXTS,
        MODEL_INSIDE = MODEL_DURATION + DURATION_CONTEXTS,
        MODEL_INSIDE_PORT = MODEL_INSIDE + INSIDE_CONTEXTS,
        MODEL_EXPORTER = MODEL_INSIDE_PORT + INSIDE_PORT_CONTEXTS,
        MODEL_RECENT = MODEL_EXPORTER + 1,
        MODEL_DESTINATION = MODEL_RECENT + RECENT_CONTEXTS,
        MODEL_DESTINATION_PORT = MODEL_DESTINATION + 1,
        MODEL_COUNT = MODEL_DESTINATION_PORT + DESTINATION_PORT_CONTEXTS,
};

/* Bytes are accounted by column. */
enum column {
        COLUMN_PORT,
        COLUMN_BEGIN,
        COLUMN_SHAPE,
        COLUMN_DURATION,
        COLUMN_INSIDE,
        COLUMN_INSIDE_PORT,
        COLUMN_EXPORTER,
        COLUMN_SESSION,
        COLUMN_DESTINATION,
        COLUMN_DESTINATION_PORT,
        COLUMN_HOSTS,
        COLUMN_DESTINATION_HOSTS,
        COLUMN_CHECKSUMS,
        COLUMN_MODELS,
        COLUMN_COVERAGE,
        COLUMN_INDEX, /* everything else: directories, stream ends, header and trailer */
        COLUMN_COUNT
};
extern const char *const column_names[COLUMN_COUNT];

#define SHAPES_MAX 240u            /* entries of the table of shapes */
#define DESTINATION_PORTS_MAX 240u /* entries of the table of destination ports */

/* A shape is everything about a binding that takes few values: one symbol stands for all of it. */
static inline uint64_t shape_of(const struct nat_binding *b)
{
        return (uint64_t)b->protocol | (uint64_t)b->kind << 8 | (uint64_t)b->flags << 16 |
               (uint64_t)b->from_edge << 24 | (uint64_t)b->to_edge << 32;
}

static inline void shape_apply(uint64_t shape, struct nat_binding *b)
{
        b->protocol = (uint8_t)shape;
        b->kind = (uint8_t)(shape >> 8);
        b->flags = (uint8_t)(shape >> 16);
        b->from_edge = (uint8_t)(shape >> 24);
        b->to_edge = (uint8_t)(shape >> 32);
}

/* Signed values of any size as unsigned ones in order of distance from 0. Wraps, so every value survives. */
static inline uint64_t zigzag(uint64_t difference)
{
        return difference << 1 ^ (0 - (difference >> 63));
}

static inline uint64_t unzigzag(uint64_t value)
{
        return value >> 1 ^ (0 - (value & 1));
}

/* How bursty the beginnings are just now: the context of the next beginning and of the inside host. */
static inline unsigned begin_context(uint64_t delta)
{
        unsigned bits = delta ? 64u - (unsigned)__builtin_clzll(delta) : 0;
        return bits < 4 ? 0 : bits >= 12 ? 5 : bits / 2 - 1;
}

static inline unsigned shape_context(unsigned shape)
{
        return shape < SHAPE_CONTEXTS - 1 ? shape : SHAPE_CONTEXTS - 1;
}

static inline unsigned duration_context(unsigned shape)
{
        return shape < DURATION_CONTEXTS - 1 ? shape : DURATION_CONTEXTS - 1;
}

static inline uint64_t block_count(uint64_t bindings, unsigned block_bindings)
{
        return (bindings + block_bindings - 1) / block_bindings;
}

/* One block in the directory of its sheet. */
struct block_entry {
        uint64_t offset; /* in the file */
        uint64_t scan_length, rest_length;
        int64_t begin; /* instant of its first binding */
        int64_t end;   /* latest end; INT64_MAX where unknown */
        uint32_t scan_checksum, rest_checksum;
        unsigned count; /* bindings */
        uint8_t flags;
};

#endif
