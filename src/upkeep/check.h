/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_UPKEEP_CHECK_H
#define ROGATORY_UPKEEP_CHECK_H

/* Verifying a whole store: the settings, every segment and lease file with every checksum in them, and the
 * record of access. Changes nothing. */

#include "depot/depot.h"
#include "upkeep/configuration.h"

/* Damage kept in a report; more is only counted. */
#define CHECK_DAMAGES_KEPT 1000

struct check_damage {
        char file[256]; /* below the store: "realms/REALM/nat/202611/20261120T10Z.000001.seg", "access.log" */
        bool in_block; /* the three below say which part of the file is lost; everything beside it is sound */
        uint32_t sheet;   /* number of the sheet */
        uint32_t block;   /* number of the block in it */
        uint32_t outside; /* the sheet's outside address, host order; 0 in files of leases and plans */
        char reason[ERROR_TEXT_MAX];
};

struct check_report {
        uint64_t realms, segments, lease_files;
        uint64_t bytes; /* of all of them */
        uint64_t bindings, leases;
        uint64_t plan_files, plan_rows;
        uint64_t sealed; /* files among them that are sealed; every chunk of them was opened */
        uint64_t access_entries;
        size_t cut_bytes; /* of a last entry of the record of access that was cut off: never answered, no
                             damage */
        struct check_damage *damages;              /* owned, in order of files */
        size_t damage_count;                       /* of those kept */
        uint64_t damage_total;                     /* with those not kept */
        struct configuration_report configuration; /* of the store's folder */
};

/* Called after each file, with the bytes verified so far and in all. */
typedef void check_progress(void *context, uint64_t done, uint64_t total, uint64_t files);

/* ret_report is initialised here and holds the damage; check_report_free when done. Negative only where the
 * check itself could not go on (-ENOMEM, a folder that cannot be read). */
int check_store(struct depot *depot, check_progress *progress, void *context, struct check_report *ret_report,
        struct error *error);
void check_report_free(struct check_report *report);

#endif
