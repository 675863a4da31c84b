/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_TESTS_PROPERTY_WORLD_H
#define ROGATORY_TESTS_PROPERTY_WORLD_H

/* A simulated carrier-grade NAT whose truth is known: who held which outside endpoint from when to when. */

#include "nat/attribution.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One pseudo-random sequence for everything, so that a seed repeats a whole run. */
struct dice {
        uint64_t state;
};
uint64_t dice_roll(struct dice *dice);
int64_t dice_range(struct dice *dice, int64_t low, int64_t high); /* inclusive */
bool dice_chance(struct dice *dice, unsigned per_mille);

/* What kind of NAT, log and faults one round has. */
struct scenario {
        enum nat_kind kind; /* NAT_SESSION, NAT_MAPPING or NAT_BLOCK: what the log speaks of */
        bool dependent;     /* one endpoint may be lent to two customers towards two destinations */
        bool keep_destinations;
        bool leases_lost; /* some rows are missing in the lease log, which is not called complete then */
        bool leases;      /* inside addresses pass from subscriber to subscriber */
        bool warm;        /* the NAT had customers before its log begins */
        bool netflow9;    /* Cisco NEL instead of RFC 8158 */
        bool conntrack;   /* the text of `conntrack -E -o timestamp,id` */
        bool capture;     /* a pcap file with receipt times */
        bool declared;    /* the realm's configuration declares the mapping behaviour */
        int domains;      /* observation domains: line cards that count for themselves */
        int files;        /* the log is cut into this many files, imported in any order */
        int64_t longest_session_ms; /* what the realm declares; never less than the truth */
        int clock_error_ms;         /* largest error of the exporter's clock and the asker's together */
        /* Faults, per mille of messages (or lines). */
        unsigned lost, lost_burst, duplicated, reordered, late, truncated;
        bool restart, restart_keeps;
        int64_t runaway_ms; /* capture only: the exporter's clock is this far off throughout */
        int64_t step_ms;    /* the exporter's clock is corrected by this much in the middle */
        bool wrong_dialect;
        bool silent_losses;       /* conntrack: lines are lost without the line that says so */
        bool lossless;            /* nothing at all goes wrong */
        bool exact;               /* clocks are right: the verdict must fit the truth to the millisecond */
        int64_t begin_ms;         /* when the log begins; 0: on an ordinary day */
        int64_t block_life_ms;    /* no port block lives longer; 0: three hours */
        bool destinations_untold; /* sessions are logged without theirs */
        int64_t tenure_ms; /* customers change all the time: no lease is longer; 0: ten minutes to ninety */
        bool plan;         /* ports below PORT_FIRST are lent by a plan, which is no part of the log */
};

#define PORT_FIRST 2000
#define PLAN_FIRST 1024 /* up to PORT_FIRST, in blocks of PLAN_SIZE; the last of them is nobody's */
#define PLAN_SIZE 160
#define PLAN_BLOCKS 5
#define OUTSIDE_FIRST 0xc6336401u /* 198.51.100.1 */
#define INSIDE_FIRST 0x64400002u  /* 100.64.0.2 */
#define LONGEST_SESSION_MS (45 * TIME_MINUTE)
#define LONGEST_BLOCK_MS (4 * TIME_HOUR)

/* One stretch for which an inside host held an endpoint (or a block of ports). */
struct hold {
        uint32_t outside, inside, destination;
        uint16_t port_first, port_last, inside_port, destination_port;
        uint8_t protocol;
        int64_t from, to;  /* [from, to) */
        bool end_unlogged; /* the NAT forgot it in a restart: no event says so */
        bool planned;      /* by the plan: no log tells of it */
        uint32_t identity; /* conntrack's id */
};

/* An inside address belonged to a subscriber. */
struct tenure {
        uint32_t inside, subscriber;
        int64_t from, to;
};

struct world {
        struct scenario scenario;
        int64_t log_from, log_to; /* what the log covers */
        int64_t restart_at;       /* 0: none */
        int64_t step_at;
        int64_t plan_from, plan_changed, plan_to;
        struct hold *holds;
        size_t hold_count, hold_capacity;
        struct tenure *tenures;
        size_t tenure_count, tenure_capacity;
        unsigned insides, outsides, ports;
};

void world_make(struct world *world, const struct scenario *scenario, struct dice *dice);
void world_free(struct world *world);

/* The subscriber of an inside address at an instant; 0 where none. */
uint32_t world_subscriber(const struct world *world, uint32_t inside, int64_t at);

/* Does the hold answer to this question's endpoint? */
bool hold_matches(const struct hold *hold, const struct question *question);

/* Different holders (inside << 32 | subscriber) of the endpoint within [from, to], up to `most`. shown: how
 * the exporter's clock shows a true instant; NULL where [from, to] is true time. */
size_t world_holders(const struct world *world, const struct question *question, int64_t from, int64_t to,
        int64_t (*shown)(const struct world *world, int64_t at), uint64_t *holders, size_t most);

#endif
