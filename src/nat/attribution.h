/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_ATTRIBUTION_H
#define ROGATORY_NAT_ATTRIBUTION_H

/* The verdict: who held this outside endpoint at this time, as far as the records prove it. Pure reasoning
 * over bindings, coverage and leases; doc/verdict.md states the rules this module implements. */

#include "nat/binding.h"
#include "nat/coverage.h"
#include "nat/host.h"
#include "nat/lease.h"
#include "nat/plan_set.h"

enum verdict { VERDICT_ONE, VERDICT_SEVERAL, VERDICT_NONE, VERDICT_UNKNOWN };

const char *verdict_name(enum verdict verdict); /* "one", "several", "none", "unknown" */

/* Why the verdict is what it is; a bit each in attribution.reasons. */
enum reason {
        REASON_PROVEN,                /* one: complete records, one holder */
        REASON_NOBODY,                /* none: complete records, no holder */
        REASON_SHARED_IN_TIME,        /* several: one after the other within the interval */
        REASON_SHARED_BY_DESTINATION, /* several: at once, towards different destinations */
        REASON_NO_PORT,               /* the question names no port */
        REASON_NO_PROTOCOL,           /* the question names no protocol */
        REASON_PORTLESS_PROTOCOL, /* the protocol has no ports (GRE, ESP): only whole-address bindings answer
                                   */
        REASON_DESTINATION_NOT_STORED, /* a destination was asked but the records carry none */
        REASON_LOG_GAP,                /* the log has a gap in the time that matters */
        REASON_NOT_HEARD,              /* no log of an exporter covers the time */
        REASON_LOSS_UNDETECTABLE,      /* the source cannot show whether it lost events */
        REASON_END_NOT_SEEN,           /* a possible holder's end was never seen */
        REASON_START_NOT_SEEN,         /* a possible holder's beginning was never seen */
        REASON_EARLIER_HOLDER,         /* a holder from before the log began cannot be excluded */
        REASON_PORT_NOT_LOGGED,        /* the dialect carries no outside port */
        REASON_INSIDE_NOT_LOGGED,      /* the dialect carries no inside address */
        REASON_CLOCK_SET,              /* the exporter's clock was set within the time that matters */
        REASON_CLOCK_OFFSET,           /* the exporter's clock was off; the interval was widened by as much */
        REASON_LEASE_NOT_PROVEN,       /* the lease log does not prove the subscriber for the whole time */
        REASON_LEASE_CHANGED,          /* the inside address changed hands within the interval */
        REASON_NO_LEASE,               /* no lease is stored for the inside address: no subscriber is named */
        REASON_OUTSIDE_RETENTION,      /* older than the realm keeps records */
        REASON_NOT_OUR_ADDRESS,        /* not an outside address or prefix of the realm */
        REASON_SKEW_BELOW_CLOCK,       /* the asked skew is smaller than the realm's clock uncertainty */
        REASON_MAPPING_UNDECLARED, /* the realm does not declare its mapping behaviour: taken as dependent */
        REASON_CONTRADICTION,      /* the records contradict each other, a plan, or the declared mapping */
        REASON_SEVERAL_REALMS,     /* more than one realm of the store has to do with the address */
        REASON_SETTINGS_CHANGED,   /* the windows were made by bolder settings than those of now */
        REASON_PLAN_INCOMPLETE,    /* the plan came out of a table of which lines were refused */
        REASON_IN_FUTURE,          /* the time asked has not come yet */
        REASON_FROM_HOLD,          /* the records are gone; what was preserved for the case answers */
        REASON_COUNT
};

const char *reason_code(enum reason reason);     /* "log-gap": stable, for JSON and the man page */
const char *reason_sentence(enum reason reason); /* one sentence for a person */

enum mapping_behaviour { MAPPING_UNDECLARED, MAPPING_ENDPOINT_INDEPENDENT, MAPPING_DESTINATION_DEPENDENT };

/* What a realm's configuration says that matters here. */
struct attribution_rules {
        enum mapping_behaviour mapping;
        int64_t uncertainty_ms;     /* of the exporters' and the asker's clocks */
        int64_t longest_session_ms; /* no session or mapping lives longer */
        int64_t longest_block_ms;   /* no block or whole-address binding lives longer */
        bool leases_any_vrf;        /* leases that name no VRF hold for every VRF */
        bool lease_log_complete;    /* every start and stop of a lease is in the lease log */
};

struct question {
        struct address address; /* IPv4 outside address, or IPv6 (answered from leases alone) */
        int port;               /* -1: not given */
        int protocol;           /* -1: not given */
        int64_t at_ms;
        int64_t skew_ms;
        struct address destination; /* none: not given */
        int destination_port;       /* -1: not given */
};

/* Everything the verdict may rest on. All borrowed. */
struct evidence {
        const struct nat_binding *bindings; /* of this outside address, all that may touch the interval */
        size_t binding_count;
        const uint64_t *references; /* per binding, the caller's key to find the record again; may be NULL */
        const struct host_table *hosts;
        const struct coverage *coverage; /* of the realm, around the interval */
        const struct coverage *clocks; /* spans whose clocks concern the bindings, also of other times; NULL:
                                        * those of `coverage` */
        const bool *exporter_counts;   /* by number: may this exporter lend this address? NULL: all do */
        const uint16_t *expected;      /* numbers of the exporters that must have been heard; may be NULL */
        size_t expected_count;
        bool loss_undetectable; /* an exporter that counts comes from a source without loss detection */
        bool untold_flows;      /* the log has sessions that carry neither destination nor identity */
        bool blocks_in_realm;   /* the realm's log assigns blocks or whole addresses */
        bool rules_changed;     /* the records were made by bolder rules than those of now */
        bool lent;              /* a NAT lends the address, so a lease of it proves nothing by itself */
        bool ours;              /* the address is declared to be, or known as, the realm's own */
        bool outside_retention;
        const struct lease
                *leases; /* all that contain an inside address of `bindings`, or the address asked */
        size_t lease_count;
        const struct plan_list *plan;  /* the rows of plans for the address asked, settled; NULL: none. Where
                                        * they decide (nat/planned.h), all that is said above of exporters
                                        * that count is said of the plans */
        bool leases_stored;            /* the store has leases for this realm at all */
        int64_t leases_heard_until_ms; /* the latest instant any lease record speaks of; TIME_UNKNOWN if none
                                        */
};

struct candidate {
        struct nat_binding binding; /* edges as concluded (EDGE_REUSED may appear here) */
        const struct lease *lease;  /* NULL: no subscriber is known; borrowed from the evidence */
        bool from_lease_only;    /* the address asked is itself leased; binding carries only the interval */
        int64_t margin_ms;       /* from the asked time to the nearest known edge; TIME_UNKNOWN where none */
        int32_t clock_offset_ms; /* estimate for the exporter; OFFSET_UNKNOWN where none */
        uint64_t reference;
        unsigned reasons; /* bits of enum reason: why it is only possible */
};

struct candidate_list {
        struct candidate *items; /* owned */
        size_t count, capacity;
};

struct attribution {
        enum verdict verdict;
        unsigned reasons;                 /* bits of enum reason */
        struct candidate_list candidates; /* proven holders; by beginning */
        struct candidate_list possible;   /* never the answer */
        int64_t from_ms, to_ms; /* the interval that was judged: asked +- skew, widened by clock offsets */
        struct heard heard;     /* over that interval */
};

/* The interval that must be judged: asked +- skew, widened where the clock of an exporter that counts was
 * seen to be off by more than the realm's uncertainty. The caller loads evidence for it and calls
 * attribution_decide. coverage: the spans whose clocks concern it (struct evidence's clocks). */
void attribution_interval(const struct question *question, const struct attribution_rules *rules,
        const struct coverage *coverage, const bool *exporter_counts, int64_t *ret_from_ms,
        int64_t *ret_to_ms);

/* 0 or -ENOMEM. ret is initialised here; attribution_free when done. */
int attribution_decide(const struct question *question, const struct attribution_rules *rules,
        const struct evidence *evidence, struct attribution *ret);
void attribution_free(struct attribution *attribution);

#endif
