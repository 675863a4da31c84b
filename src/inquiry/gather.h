/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INQUIRY_GATHER_H
#define ROGATORY_INQUIRY_GATHER_H

/* The state of an inquiry, and the evidence of one realm for one question. */

#include "inquiry/inquiry.h"
#include "inquiry/window_cache.h"

#include "depot/gone.h"

/* Hours that one question may touch (its interval is wide only where an exporter's clock was found far off).
 */
#define INQUIRY_HOURS_MAX 48
/* Hosts that may stand behind one question's bindings. */
#define INQUIRY_HOSTS_MAX 4000000u

/* A window of all time: leases or plans. */
struct realm_window {
        bool is_open;
        struct depot_window window;
        uint16_t *map; /* of plans: the file's number of a plan -> ours; owned */
};

struct gathered;

/* Leases that are not in the store yet, of one realm. */
struct live_leases {
        const struct lease_list **lists; /* owned array, borrowed lists: joined, by prefix */
        unsigned count;
        int64_t until_ms; /* as lease_heard_until */
        bool torn;
};

/* Which windows there are, of whole months: a question needs those near it alone. */
struct near_windows {
        int64_t from, to; /* all that begin from..to are listed */
        bool known;
        struct depot_files files;
};

struct inquiry {
        struct window_cache cache;
        struct gathered *spare;        /* memory of the last question, for the next; owned */
        struct realm_settings *realms; /* owned array; prefix lists are the depot's */
        unsigned realm_count;
        struct realm_window *leases;  /* one per realm */
        struct realm_window *plans;   /* one per realm */
        struct near_windows *near;    /* one per realm */
        bool *any;                    /* one per realm: it has stored windows */
        struct live_leases *live;     /* one per realm */
        struct depot_gone_list *gone; /* one list per realm: what was destroyed */
};

struct gathered {
        struct attribution_rules rules;
        struct binding_list bindings;
        uint64_t *references; /* per binding: number in `places` */
        size_t reference_room;
        struct reference_list found; /* of one window */
        struct host_table hosts;
        struct coverage coverage;
        struct coverage clocks; /* spans whose clocks concern the bindings, also of other hours */
        bool *counts;           /* by exporter number; NULL until it was asked which count */
        uint16_t *expected;     /* exporters that must have been heard; owned */
        size_t expected_count;
        bool *counts_memory;  /* owned: what counts points to */
        size_t exporter_room; /* of counts_memory and expected */
        unsigned windows;     /* stored windows that the interval touches */
        bool loss_undetectable, blocks, untold_flows, ours;
        bool others;           /* an hour's records hold bindings, and none are blocks or whole addresses */
        bool rules_changed;    /* a window was made by bolder rules than the realm has now */
        struct plan_list plan; /* the rows of plans for the address asked, exporters by our numbers */
        bool planned;          /* they alone answer */
        bool lent;             /* declared as, or known from records to be, an outside address of a NAT */
        struct lease_list leases;
        int64_t leases_until_ms;
        int64_t from_ms, to_ms; /* the interval to be judged */
};

/* Opens the realm's leases and plans, where it has any. */
int inquiry_open_leases(struct inquiry *inquiry, unsigned realm, struct error *error);
int inquiry_open_plans(struct inquiry *inquiry, unsigned realm, struct error *error);

/* A reference names window and record: hours since 1970 in the upper half, record number in the lower. */
static inline uint64_t reference_make(int64_t window_from, uint64_t record)
{
        return (uint64_t)(window_from / DEPOT_WINDOW_MS) << 32 | (record & UINT32_MAX);
}

/* Rows of plans have no hour: the upper half is all ones, the lower the row's number within its address. */
#define REFERENCE_PLAN ((uint64_t)UINT32_MAX << 32)

int gather(struct inquiry *inquiry, unsigned realm, const struct question *question, struct gathered *ret,
        struct error *error);
/* Empty, in the memory that the last question left. 0 or -ENOMEM. */
int gathered_begin(struct inquiry *inquiry, struct gathered *ret);
void gathered_free(struct gathered *gathered);
/* Gives its memory to the next question. */
void gathered_done(struct inquiry *inquiry, struct gathered *gathered);

/* Looks in later windows for the end of a binding whose end lies beyond the windows of the question. */
int gather_end(struct inquiry *inquiry, unsigned realm, struct gathered *gathered,
        struct nat_binding *binding, struct error *error);

/* Does the question need records that the realm keeps no longer, or kept no longer at some time? Each kind
 * has its own time, for some addresses another one; what was destroyed stays destroyed when the settings
 * change. */
bool is_outside_retention(const struct inquiry *inquiry, unsigned realm, const struct question *question,
        const struct gathered *gathered, int64_t now_ms);

/* The windows that there are, ascending, at least those that begin from..to; valid until the next call for
 * the realm. */
int inquiry_windows(struct inquiry *inquiry, unsigned realm, int64_t from, int64_t to,
        const struct depot_files **ret_files, struct error *error);
/* Has the realm any window? */
bool has_windows(const struct inquiry *inquiry, unsigned realm);
/* What is known of them is looked at anew. */
void inquiry_forget_windows(struct inquiry *inquiry);

/* The leases whose prefix contains the address, of the store from `from` on and of what is not stored yet,
 * joined (live_leases.c). Appends. */
int gather_leases_at(const struct inquiry *inquiry, unsigned realm, const struct address *address,
        int64_t from, struct lease_list *ret, struct error *error);
bool has_leases(const struct inquiry *inquiry, unsigned realm);

bool realm_declares(const struct realm_settings *realm, const struct address *address);

#endif
