/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_RECEPTION_RECEPTION_H
#define ROGATORY_RECEPTION_RECEPTION_H

/* What a collector makes of the messages it received: events, leases and coverage, by the rules by which
 * files are imported. One decoder state for all exporters; exporters and realms have the numbers of their
 * sections in the settings. Pure: it is handed messages, and knows no time but theirs.
 *
 * The same messages in the same order give the same, whenever and however often pieces of coverage are taken
 * in between. Times are milliseconds since 1970 UTC. */

#include "base/buffer.h"
#include "base/error.h"
#include "nat/coverage.h"
#include "settings/settings.h"
#include "wire/sink.h"
#include "wire/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A record may be ahead of its receipt by this much; what is later is refused (as an import does). */
#define RECEPTION_AHEAD_MS TIME_DAY

enum reception_content {
        RECEPTION_FLOW,      /* IPFIX, NetFlow v9, and binary flow logs, told apart by their first bytes */
        RECEPTION_TEXT,      /* syslog and what else is written in lines */
        RECEPTION_RADIUS,    /* Accounting-Requests */
        RECEPTION_CONNTRACK, /* netlink datagrams of this machine's NAT */
        RECEPTION_CONTENT_COUNT
};

struct reception_message {
        enum reception_content content;
        uint16_t exporter; /* whose it is, by its source */
        /* Of the transport session, because templates belong to it: port + 1 of datagrams, a number above
         * 65536 for a connection (which no other connection had lately), 0: not known. */
        uint32_t session;
        int64_t receipt_ms;
        const void *bytes; /* borrowed for the call */
        size_t length;
};

/* Where it is delivered. int: 0, or negative to end the call, which is then returned. */
struct reception_sink {
        void *context;
        int (*event)(void *context, const struct nat_event *event);
        int (*lease)(void *context, uint16_t exporter, const struct lease_event *lease);
        int (*span)(void *context, const struct coverage_span *span);
        int (*gap)(void *context, const struct coverage_gap *gap);
        int (*torn)(void *context, uint16_t realm); /* a record of its lease log was refused; once */
        /* May be NULL. */
        void (*refused)(void *context, uint16_t exporter, enum refusal refusal, const char *detail);
        void (*noted)(void *context, uint16_t exporter, const char *sentence);
};

/* The clock of a zone, by its IANA name; NULL where there is none of that name. It lives as long as the
 * reception. The function may be NULL: then no line without a zone is read. */
struct reception_zones {
        void *context;
        const struct local_clock *(*clock)(void *context, const char *zone);
};

struct reception_counts {
        uint64_t messages, bytes, events, leases;
        uint64_t refused[REFUSAL_COUNT];
        uint64_t lost;                        /* records or packets that sequence numbers miss */
        uint64_t restarts, clock_steps;       /* of the exporter */
        uint64_t gaps;                        /* told */
        int64_t last_ms;                      /* receipt of the last message; TIME_UNKNOWN: none */
        int32_t offset_min_ms, offset_max_ms; /* its clock minus ours, lately; OFFSET_UNKNOWN */
};

struct reception;

/* The settings are borrowed and outlive it. -ENOMEM; -EINVAL where they name what there is not, with words.
 */
int reception_new(const struct settings *settings, const struct reception_zones *zones,
        const struct reception_sink *sink, struct reception **ret_reception, struct error *error);
void reception_free(struct reception *reception);

/* Decodes one message. What is damaged is refused and counted. 0, -ENOMEM, or what the sink returned. */
int reception_take(struct reception *reception, const struct reception_message *message, struct error *error);

/* Messages of this kind were lost before the next one comes: of one exporter, or (EXPORTER_EVERY) of who
 * knows whom. What is numbered shows by itself what is missing; all else gets a gap from what it said last to
 * what it says next. now_ms: when that was noticed. 0 or -ENOMEM. */
int reception_lost(struct reception *reception, enum reception_content content, uint16_t exporter,
        int64_t now_ms, struct error *error);

/* The kernel's queue of conntrack events was empty at this instant: silence is silence. 0 or -ENOMEM. */
int reception_listened(struct reception *reception, uint16_t exporter, int64_t now_ms, struct error *error);

/* Tells the sink what was heard so far by those who were heard since it was called last. */
int reception_pieces(struct reception *reception, struct error *error);

/* Ends all: what waited for a template is refused, and what was heard is told. */
int reception_finish(struct reception *reception, struct error *error);

/* A connection ended. */
void reception_end_session(struct reception *reception, uint16_t exporter, uint32_t session);

/* What another reception has to know to go on behind the last message (wire/flow.h: templates and where
 * numbers stood), and putting it into a new one. As flow_decoder_save and flow_decoder_load. */
int reception_save(const struct reception *reception, struct buffer *ret);
int reception_load(struct reception *reception, const void *bytes, size_t length, struct error *error);

/* Does anything wait that is not saved (flow_decoder_waits)? */
bool reception_waits(const struct reception *reception);

struct reception_counts reception_counts(const struct reception *reception, uint16_t exporter);

#endif
