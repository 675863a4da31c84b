/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INTAKE_PLANS_H
#define ROGATORY_INTAKE_PLANS_H

/* Plans in an import: rows are gathered per realm, and at the commit made one set with those that are stored
 * (nat/plan_set.h). */

#include "depot/depot.h"
#include "nat/plan_set.h"

struct intake;
struct intake_realm;

#define INTAKE_PLAN_ROWS_MAX 5000000u /* of one realm, with those that are stored: 100.64.0.0/10 fits */
#define INTAKE_PLAN_NAMES_MAX 4096u
#define PLAN_NAME_DEFAULT "plan"

/* The rows of one realm's plans in one import. Zero-initialise. */
struct realm_plans {
        struct plan_list rows;                    /* exporters by place in names */
        char (*names)[SEGMENT_EXPORTER_NAME_MAX]; /* owned */
        unsigned name_count;
        struct plan_files {
                char *name;      /* owned */
                uint32_t behind; /* lines of plans read before this file: what is added to places in it */
        } * files;               /* owned */
        unsigned file_count;
        uint32_t lines;    /* of all files that ended */
        size_t file_first; /* the first row of the file that is being read */
};
void realm_plans_free(struct realm_plans *plans);

/* Before and behind the reading of a file of plans for the realm `lease_realm`. name: of its plan. refused:
 * something in the file was not read, so that rows may be missing. 0, or negative with a message. */
int intake_plans_begin(struct intake *intake, const char *name, struct error *error);
void intake_plans_end(struct intake *intake, bool refused);

/* A sink; context is the intake. */
int intake_take_plan(void *context, const struct plan_row *row);

/* Unites the rows of the import with the stored ones, and publishes the set where it is another one. */
int intake_merge_plans(struct intake *intake, struct intake_realm *realm, struct error *error);

#endif
