/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_UPKEEP_RETENTION_H
#define ROGATORY_UPKEEP_RETENTION_H

/* Destroying what a store keeps no longer, by the rules of settings/retention.h. First a survey says what is
 * due, under which rule and how much; then it is carried out. Between the two stands the caller's entry in
 * the record of access. Carried out again it changes nothing; cut off anywhere, the next run does the rest,
 * and no answer in between takes what is missing for "nobody" (depot/gone.h). */

#include "depot/gone.h"
#include "depot/hold.h"

/* What is due under one rule. */
struct retention_item {
        enum retain_kind kind;
        bool of_range; /* a range of retain-ranges; else the realm's own time */
        struct prefix prefix;
        int64_t keep_ms;    /* 0: not limited, so nothing is due */
        int64_t horizon_ms; /* what ended before is due; TIME_UNKNOWN where nothing is */
        uint64_t records;   /* bindings, destinations or leases that go */
};

struct retention_window {
        int64_t from_ms, to_ms;
        bool whole; /* all of it goes; else it is written anew without what is due */
};

struct retention_realm {
        char name[SETTINGS_NAME_MAX];
        const struct realm_settings *settings; /* the depot's */
        struct retention_item *items;          /* owned; one for each rule, the realm's own three first */
        size_t item_count;
        struct retention_window *windows; /* owned; what has to be done, ascending */
        size_t window_count;
        uint64_t whole, parts; /* windows that go, and that are written anew */
        uint64_t bindings;     /* in windows that go whole, whatever the rule */
        uint64_t leases_kept;  /* of a lease file that is written anew */
        uint64_t unreadable; /* windows that are damaged: those that go whole go; others stay and are told */
        struct depot_gone_list gone; /* what will be noted as destroyed */
};

struct retention_report {
        int64_t now_ms;
        struct retention_realm *realms; /* owned; only those of the settings */
        size_t realm_count;
        struct hold_list holds; /* those whose time is up */
};

/* What is due at an instant. Reads only. retention_report_free when done. */
int retention_survey(
        struct depot *depot, int64_t now_ms, struct retention_report *ret_report, struct error *error);

/* Is there anything to do? */
bool retention_is_needed(const struct retention_report *report);

/* Does it. The depot must be open for writing since before the survey. */
int retention_carry_out(struct depot *depot, struct retention_report *report, struct error *error);
void retention_report_free(struct retention_report *report);

/* When a lease was over, as far as the leases beside it show: its own end, or the beginning of the next lease
 * of the same prefix. TIME_UNKNOWN where it may go on. leases: sorted as lease_join leaves
 * them. */
int64_t retention_lease_end(const struct lease *leases, size_t count, size_t index);

#endif
