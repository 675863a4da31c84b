/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_ZONE_H
#define ROGATORY_OS_ZONE_H

/* Local time in a named zone of the IANA database, as the system's zone files and the C library know it.
 * Names only
 * ("Europe/Berlin", "UTC"): a POSIX TZ string would be accepted by the C library with silence, whatever it
 * says. */

#include "base/error.h"
#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

struct zone;

/* -EINVAL for a name that is no zone here, with what to do. */
int zone_open(const char *name, struct zone **ret_zone, struct error *error);
void zone_close(struct zone *zone);
const char *zone_name(const struct zone *zone);

/* true where zone_open would succeed. */
bool zone_is_known(const char *name);

/* Seconds east of UTC at an instant within [TIME_FIRST, TIME_LIMIT). */
int zone_offset(struct zone *zone, int64_t instant);

/* What a wall clock reading can mean: 0, 1 or 2 instants. */
struct zone_reading {
        int count;           /* 0: clocks jumped over it; 2: clocks were set back, it came twice */
        int64_t instants[2]; /* ascending */
};
struct zone_reading zone_from_civil(struct zone *zone, const struct civil *civil);

/* Local time at this instant is shown by the clocks of the zone twice (they are set back around it): a
 * reading without an offset cannot tell the two apart. */
bool zone_is_ambiguous(struct zone *zone, int64_t instant);

#endif
