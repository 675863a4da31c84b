/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_SETTINGS_RETENTION_H
#define ROGATORY_SETTINGS_RETENTION_H

/* What the settings say of how long a record is kept, and what is due by them at an instant. Pure: the
 * instant is given. All times are ms since 1970 UTC, so the setting of clocks in summer and winter means
 * nothing here: a day is 24 hours. */

#include "settings/settings.h"

/* The rule for one kind and address. */
struct retention {
        int64_t keep_ms;                  /* 0: not limited */
        const struct retain_range *range; /* NULL: the realm's own time; borrowed from the settings */
};

/* The longest prefix that contains the address counts, of equally long ones the shorter time; where none
 * does, the realm's own time. */
struct retention retention_of(
        const struct realm_settings *realm, enum retain_kind kind, const struct address *address);

/* The same for all addresses of a prefix at once: only ranges that contain the whole of it count. */
struct retention retention_of_prefix(
        const struct realm_settings *realm, enum retain_kind kind, const struct prefix *prefix);

/* What ended before this instant is due; TIME_UNKNOWN where nothing ever is. */
int64_t retention_horizon(const struct retention *retention, int64_t now_ms);

/* Is something due whose last instant this is? Never for TIME_UNKNOWN: it may still go on. */
bool retention_is_due(const struct retention *retention, int64_t last_ms, int64_t now_ms);

/* What has to be done with what a window [.., window_to) holds of one outside address. A window is due only
 * when its last instant is older than the time that is kept: a binding that goes on behind it stands in the
 * next window, too, with its true beginning. */
enum sheet_fate { SHEET_KEPT, SHEET_WITHOUT_DESTINATIONS, SHEET_GONE };
enum sheet_fate retention_of_sheet(
        const struct realm_settings *realm, uint32_t outside, int64_t window_to, int64_t now_ms);

/* A window of which nothing is kept any more, whatever the address: the realm's own time and those of all
 * ranges are up. */
bool retention_of_window(const struct realm_settings *realm, int64_t window_to, int64_t now_ms);

/* Can anything in a window that ends then be due? Only a look at its addresses tells whether anything is. */
bool retention_touches_window(const struct realm_settings *realm, int64_t window_to, int64_t now_ms);

#endif
