/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BENCH_WORKLOAD_H
#define ROGATORY_BENCH_WORKLOAD_H

/* The reference workload: made hour by hour, so that its length costs no memory. Nothing here is shared with
 * the program that is measured: its mistakes must not be repeated in what it is compared with. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define BEGIN_MS INT64_C(1717236000000) /* 2024-06-01T10:00:00Z: a year from then is past, too */
#define HOUR_MS 3600000u
#define FIRST_OUTSIDE 0xc6120000u     /* 198.18.0.0/15 */
#define FIRST_INSIDE 0x64400000u      /* 100.64.0.0/10 */
#define INSIDE_ADDRESSES 4194304u     /* of that prefix */
#define FIRST_DESTINATION 0x08000000u /* the destinations stand one behind the other */
#define PER_ADDRESS 32u               /* subscribers of a public address (paired pooling) */
#define PER_SUBSCRIBER 200u           /* sessions of a subscriber in an hour */
#define BLOCK_PORTS 512u
#define DESTINATIONS 200000u
#define PORT_LOWEST 1024u
#define PORTS (65536u - PORT_LOWEST)
#define OUTPUTS_MOST 8u

struct options {
        unsigned sessions, subscribers, hours, questions, skew_ms, leases;
        uint64_t seed;
        bool blocks, floor;
        unsigned lose, reorder, duplicate; /* messages out of 10,000 */
};

/* A session, or with --blocks a port block (protocol 0, port: its first one). */
struct session {
        uint32_t from, to; /* ms since the beginning of the hour in which it begins; held in [from, to) */
        uint32_t subscriber;
        uint32_t destination;
        uint16_t port, inside_port, destination_port;
        uint8_t protocol;
};

/* The sessions that begin in one hour. */
struct hour {
        struct session *sessions;
        unsigned count, room;
        int64_t begins_ms; /* since 1970 */
};

/* An event: ms since the hour began and kind above (a close before an open of the same millisecond), below
 * the session and whether it began in the hour before. */
#define EVENT_OPENS UINT64_C(0x80000000)
#define EVENT_BEFORE UINT64_C(0x40000000)
#define EVENT_SESSION UINT64_C(0x3fffffff)

struct workload {
        struct options options;
        unsigned addresses;
        uint32_t *outside; /* of each subscriber: number of its public address */
        struct hour now, before;
        uint64_t *events, *spare; /* of this hour, in order of time */
        size_t event_count, event_room;
};

static inline const struct session *event_session(const struct workload *w, uint64_t event)
{
        return &(event & EVENT_BEFORE ? &w->before : &w->now)->sessions[event & EVENT_SESSION];
}
static inline int64_t event_ms(const struct workload *w, uint64_t event)
{
        return w->now.begins_ms + (int64_t)(event >> 32);
}

void *need(void *memory); /* ends the program where there is none */
void die(const char *what) __attribute__((noreturn));
uint64_t next_random(void);
double uniform(void);           /* inside (0, 1) */
unsigned below(unsigned limit); /* 0 to limit - 1 */
void random_seed(uint64_t seed);

/* workload_sessions.c: the next hour of sessions with their ports; `wanted` 0: only what still ends. */
void hour_make(struct workload *w, unsigned hour, unsigned wanted);

/* workload_output.c: the same events in each wanted form. */
void output_add(struct workload *w, const char *format_and_path);
void output_hour(struct workload *w);
void output_finish(struct workload *w);
struct output_counts {
        uint64_t events, messages, lost, reordered, duplicated; /* messages: of IPFIX and NetFlow v9 */
};
const struct output_counts *output_counts_of(void);
void write_leases(const struct workload *w, const char *path);

/* workload_truth.c: questions are drawn in every hour and judged against every session that could matter. */
void truth_hour(struct workload *w, unsigned hour);
void truth_finish(struct workload *w, const char *path, const char *truth_path);

/* workload_floor.c: bits that an ideal adaptive coder with one table per column would need. */
void floor_hour(struct workload *w);
void floor_print(const struct workload *w, FILE *out);

#endif
