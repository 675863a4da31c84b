/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_UPKEEP_INFO_H
#define ROGATORY_UPKEEP_INFO_H

/* What a store holds: realms, hours, sizes, how far each exporter was heard. Reads no binding; the
 * leases of a realm are read to see whether they fit together. Nobody is named. */

#include "depot/depot.h"
#include "nat/lease_quality.h"

/* Columns of a segment that are told apart; more are counted as the last. */
#define INFO_COLUMNS_MAX 40

struct info_column {
        char name[40];
        uint64_t bytes;
};

/* How an exporter was heard during one hour. */
enum info_hearing {
        HEARD_NOT,    /* nothing */
        HEARD_PARTLY, /* a part of the hour */
        HEARD_WHOLE,  /* without loss */
        HEARD_LOSS,   /* a gap lies in the hour: something was lost or refused */
};

struct info_exporter {
        char name[SEGMENT_EXPORTER_NAME_MAX];
        int64_t heard_ms; /* hours heard without loss, in ms */
        uint64_t gaps[GAP_REASON_COUNT];
        int64_t first_ms, last_ms; /* of its spans; TIME_UNKNOWN where it was never heard */
        uint8_t *hours;            /* owned; enum info_hearing of the last realm.hour_count hours */
};

struct info_realm {
        const struct realm_settings *settings; /* NULL where rogatory.conf does not name it; borrowed */
        char name[SETTINGS_NAME_MAX];
        uint64_t windows, damaged_windows;
        int64_t first_ms, last_ms; /* [first, last) of its hours; TIME_UNKNOWN where it has none */
        size_t hour_count;
        uint64_t bindings;          /* one that reaches into the next hour is counted in both */
        uint64_t outside_addresses; /* different ones, over all hours */
        uint64_t nat_bytes;
        uint64_t lease_files, leases, lease_bytes;
        int64_t leases_heard_until_ms;
        bool leases_torn;                   /* records of its lease log were refused */
        struct lease_quality lease_quality; /* of the leases that can be read */
        uint64_t plan_bytes;                /* 0: the realm has no plans */
        uint64_t files,
                sealed; /* stored files of all kinds that can be opened, and those of them that are sealed */
        struct plan_summary plans;
        struct info_column columns[INFO_COLUMNS_MAX];
        size_t column_count;
        struct info_exporter *exporters; /* owned */
        size_t exporter_count;
};

struct info {
        struct info_realm *realms; /* owned */
        size_t realm_count;
};

/* Longest stretch of hours told exporter by exporter; of a longer one, the last of them. */
#define INFO_HOURS_MAX ((size_t)24 * 400)

/* ret_info is initialised here; info_free when done. A damaged file is counted, not fatal. */
int info_gather(struct depot *depot, struct info *ret_info, struct error *error);
void info_free(struct info *info);

#endif
