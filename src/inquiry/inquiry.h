/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INQUIRY_INQUIRY_H
#define ROGATORY_INQUIRY_INQUIRY_H

/* Asking a store: gathers the evidence for a question out of the windows that it touches, lets
 * nat/attribution judge, and hands back an answer that owns everything it says. Several realms are asked
 * alike; an address belongs to the realms that declare it or have records of it. */

#include "depot/depot.h"
#include "nat/attribution.h"

struct inquiry; /* keeps opened windows between questions; reads rogatory.conf once */

int inquiry_new(struct depot *depot, struct inquiry **ret_inquiry, struct error *error);
void inquiry_free(struct inquiry *inquiry);

/* For a live node, which asks of what is not in the store yet.
 *
 * Leases of a realm (borrowed for as long as the inquiry lives, joined, by prefix), beside those that are
 * stored; several lists add up. until_ms: as lease_heard_until, or LEASE_LOG_TORN. 0 or -ENOMEM; a realm that
 * is not known is passed over. */
int inquiry_add_leases(
        struct inquiry *inquiry, const char *realm, const struct lease_list *leases, int64_t until_ms);
/* Windows in the depot's memory (depot_begin_memory) came, and will go: behind the one call they are what the
 * inquiry sees, behind the other no window of them is open any more. 0 or -ENOMEM. */
int inquiry_enter_memory(struct inquiry *inquiry);
void inquiry_leave_memory(struct inquiry *inquiry);

/* A candidate with names instead of numbers. */
struct answer_candidate {
        char subscriber[SUBSCRIBER_MAX]; /* "" where none is known */
        struct address inside; /* none where not logged, or where the address asked is itself leased */
        uint32_t vrf;
        int inside_port;           /* -1 where not logged */
        int port_first, port_last; /* the outside ports of the binding */
        int protocol;              /* 0: every protocol */
        enum nat_kind kind;
        struct address destination; /* none where not stored */
        int destination_port;       /* -1 where not stored */
        char realm[SETTINGS_NAME_MAX];
        char exporter[SEGMENT_EXPORTER_NAME_MAX]; /* "" where the lease alone answers */
        int64_t from_ms, to_ms;                   /* TIME_UNKNOWN where the edge is open */
        enum binding_edge from_edge, to_edge;
        bool planned;            /* a row of a plan: an open end is until further notice, and inside is the
                                  * address of the prefix where the plan lends to one */
        int64_t margin_ms;       /* TIME_UNKNOWN where no edge is known */
        int32_t clock_offset_ms; /* OFFSET_UNKNOWN where there was no receipt time */
        char record[208];        /* "REALM/nat/20261120T10Z.000001.seg#ADDRESS/17": segment and record */
        bool has_lease;
        struct prefix lease_prefix;
        int64_t lease_from_ms, lease_to_ms;
        enum binding_edge lease_from_edge, lease_to_edge;
        unsigned reasons; /* bits of enum reason: why it is only possible */
};

/* How far one exporter was heard around the interval. */
struct answer_exporter {
        char realm[SETTINGS_NAME_MAX];
        char name[SEGMENT_EXPORTER_NAME_MAX];
        bool whole;                         /* heard without loss over the interval judged */
        int64_t heard_from_ms, heard_to_ms; /* the run around it; TIME_UNKNOWN where not whole; to: also
                                             * where a plan is valid until further notice */
        int32_t clock_offset_ms;            /* OFFSET_UNKNOWN where unknown */
        unsigned gap_reasons;               /* bits of enum gap_reason inside the interval */
};

struct answer {
        struct question question;
        enum verdict verdict;
        unsigned reasons;                    /* bits of enum reason */
        struct answer_candidate *candidates; /* owned; by beginning */
        size_t candidate_count;
        struct answer_candidate *possible; /* owned */
        size_t possible_count;
        struct answer_exporter *exporters; /* owned */
        size_t exporter_count;
        bool complete;                 /* every exporter that counts was heard over the whole interval */
        int64_t from_ms, to_ms;        /* the interval that was judged */
        char realm[SETTINGS_NAME_MAX]; /* the realm that answers; "" where none does */
        char zone[64];                 /* its local zone, "UTC" where no realm answers */
};

/* The skew for a question that names none: the clock uncertainty of the realm that owns the address (the
 * largest of several; 2 s where none does). Never 0. */
int64_t inquiry_default_skew(struct inquiry *inquiry, const struct address *address);

/* Answers one question. question->skew_ms < 0 asks for the default (filled in in ret->question). Failures are
 * those of the store (-EBADMSG: damage, naming file and block; -ENOMEM ...), never of the question. ret is
 * initialised here; answer_free when done. */
int inquiry_ask(
        struct inquiry *inquiry, const struct question *question, struct answer *ret, struct error *error);
void answer_free(struct answer *answer);

/* One answered question as it goes into the record of access. */
struct inquiry_record {
        const char *person; /* os/person */
        const char *action; /* "ask" or "batch-ask" */
        const char *case_reference;
        const struct answer *answer;
};

/* Writes the entries into the store's record of access, in order, durable before it returns. Answers may be
 * shown only after that. */
int inquiry_record(struct depot *depot, const struct inquiry_record *records, size_t count, int64_t now_ms,
        struct error *error);

/* What the record of access says of an answer: the question and the detail of its entry, each with an end
 * mark, one behind the other. ret_places: where they begin in the buffer. For whoever keeps many answers as
 * text until their entries are written. 0 or the sticky failure of the buffer; -EFBIG also where one of them
 * is longer than an entry may be. */
int inquiry_write_entry(const struct answer *answer, struct buffer *ret, size_t ret_places[2]);

/* The question as the JSON object that stands in answers and in the record of access (canonical, one line).
 */
int question_write_json(const struct question *question, struct buffer *ret);

#endif
