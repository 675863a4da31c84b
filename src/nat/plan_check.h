/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_PLAN_CHECK_H
#define ROGATORY_NAT_PLAN_CHECK_H

/* What can be wrong with a plan, and how many share an address. Pure. */

#include "nat/plan_table.h"

/* Findings kept of each kind; the others are counted. */
#define PLAN_FINDINGS_MAX 1000
/* Pairs of rows that are compared; beyond it is_cut says that not everything was. */
#define PLAN_COMPARISONS_MAX (UINT64_C(1) << 27)
/* Ranges of ports of one outside address. */
#define PLAN_RANGES_MAX ((size_t)1 << 22)

/* Two hosts (or a host and a dynamic pool) have one port at one time. */
struct plan_overlap {
        size_t a, b;            /* indices into the table */
        uint16_t port;          /* the lowest that both have */
        int64_t from_ms, to_ms; /* while both are valid; to_ms TIME_UNKNOWN: without an end */
};

/* A host whose rows end and begin again later. */
struct plan_gap {
        size_t before, after; /* indices into the table */
};

/* One outside address. */
struct plan_address {
        uint32_t outside;
        uint64_t hosts;      /* the most that share it at one time */
        size_t first, count; /* its rows in the sorted table */
};

struct plan_findings {
        struct plan_overlap *overlaps;  /* owned, at most PLAN_FINDINGS_MAX */
        struct plan_gap *gaps;          /* the same */
        struct plan_address *addresses; /* owned, by address */
        size_t overlap_count, gap_count, address_count;
        uint64_t overlap_total, gap_total;
        uint64_t hosts;      /* different inside hosts at any time */
        uint64_t hosts_most; /* at one time */
        uint64_t dynamic_rows;
        uint64_t repeated;                /* rows that stood there before */
        uint64_t ended_by_next;           /* open rows that end because the next one begins */
        uint32_t ports_least, ports_most; /* of a host at one time; 0 where there is no host */
        uint64_t most_per_address;        /* hosts */
        int64_t from_ms, to_ms;           /* of the whole plan; to_ms TIME_UNKNOWN: until further notice */
        bool is_cut;                      /* so many rows meet that not all pairs were compared */
};

/* Settles the rows as a store does (plan_settle: equal rows are one, an open row ends where the next row for
 * a port of its own begins), sorts the table and looks at it. 0, -ENOMEM, or -EFBIG with a message. */
int plan_check(struct plan_table *table, struct plan_findings *ret, struct error *error);
void plan_findings_free(struct plan_findings *findings);

/* How many addresses of an inside prefix no row ever lends a port to (IPv4 prefixes of at least 8 bits). The
 * first few are written to ret_first. The table is in the order of plan_check. -ENOMEM, -ERANGE. */
#define PLAN_WITHOUT_SHOWN 8
int plan_hosts_without(const struct plan_table *table, const struct prefix *inside, uint64_t *ret_count,
        uint32_t ret_first[PLAN_WITHOUT_SHOWN], struct error *error);

/* Of 65536 ports of an address (its rows in the sorted table), at the instant: to `ret`, one byte a port:
 * 0 nobody's, 1 lent to a host, 2 dynamic. */
void plan_ports_of(const struct plan_table *table, const struct plan_address *address, int64_t instant,
        uint8_t ret[65536]);

#endif
