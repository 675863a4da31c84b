/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_TESTS_PROPERTY_SOURCE_H
#define ROGATORY_TESTS_PROPERTY_SOURCE_H

/* The ways in which devices tell of a simulated world: each is a writer made after its document, which shares
 * nothing with what reads it. */

#include "outgoing.h"
#include "wire/flow_encoder_test.h"

#include <stdio.h>

enum source_flag {
        SOURCE_TEXT = 1 << 0,         /* lines: losses show only where something says so */
        SOURCE_ENDS = 1 << 1,         /* flows are told when they end, or once in a while */
        SOURCE_GLIMPSES = 1 << 2,     /* neither beginnings nor ends are told */
        SOURCE_NO_ENDS = 1 << 3,      /* beginnings, and no ends */
        SOURCE_DESTINATIONS = 1 << 4, /* sessions are told with their destination */
        SOURCE_INTERIMS = 1 << 5,     /* blocks are told of again while they are lent */
        SOURCE_LEASES = 1 << 6,       /* it is the leases that it tells; the NAT's log is IPFIX */
        SOURCE_PLAN = 1 << 7,         /* a plan beside the log */
        SOURCE_CAPTURE = 1 << 8,      /* datagrams in a capture, always */
        SOURCE_DECLARED = 1 << 9,     /* must be named in the settings to be understood */
        SOURCE_DEPENDENT = 1 << 10,   /* its NAT is known to lend an endpoint to two destinations */
        SOURCE_SECONDS = 1 << 11,     /* times are whole seconds */
        SOURCE_ZONE = 1 << 12,        /* lines may have local time */
        SOURCE_SUBSCRIBERS = 1 << 13, /* its records name the subscribers */
};

#define SOURCE_KIND(kind) (1u << (kind))
#define SESSIONS SOURCE_KIND(NAT_SESSION)
#define MAPPINGS SOURCE_KIND(NAT_MAPPING)
#define BLOCKS SOURCE_KIND(NAT_BLOCK)

enum tell { TELL_OPEN, TELL_CLOSE, TELL_ALIVE };

/* One thing to say. */
struct told {
        const struct hold *hold;
        int64_t at;   /* when it happened */
        int64_t said; /* when it is said */
        enum tell what;
};

struct source;

/* One round of telling. */
struct telling {
        const struct world *world;
        const struct source *source;
        struct dice *dice;
        const char *folder;
        struct log_files *files;
        unsigned style;    /* drawn: which of the ways that its document allows */
        bool local;        /* text: in Europe/Berlin, without saying so where the format allows that */
        bool relayed;      /* text: one file for several NATs, each with an outside address of its own */
        bool one_is_whole; /* ... of which the first loses nothing */
        bool cut;          /* the last file ends in the middle of a line or message */
        bool needs_zone, needs_year; /* set by the writer: what the settings have to say */
        int64_t grain_ms;            /* set by the writer: how coarse its times are */
        int64_t late_ms;             /* set by the writer: it tells this long after the event, at most */
};

struct source {
        const char *name;    /* as the table of results has it */
        const char *dialect; /* for the settings; NULL: there is none */
        unsigned kinds;
        unsigned flags;
        void (*write)(struct telling *telling);
        /* text: the line (or lines) for a thing told, at the shown time; 0 where it does not tell that. */
        int (*line)(struct telling *telling, const struct told *told, int64_t shown, FILE *file);
        const void *detail;
};

extern const struct source flow_sources[], line_sources[], packet_sources[], lease_sources[], plan_sources[],
        radius_sources[];
extern const size_t flow_source_count, line_source_count, packet_source_count, lease_source_count,
        plan_source_count, radius_source_count;

/* Everything there is to tell, in the order of telling. interim_ms: how often of what goes on; 0: never.
 * Returns how many; *ret is to be freed. */
size_t telling_collect(
        const struct telling *telling, int64_t delay_ms, int64_t interim_ms, struct told **ret);
void *telling_memory(void *memory); /* or the end */

void write_source_lines(struct telling *telling);

#endif
