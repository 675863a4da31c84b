/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_EXPORTER_CLOCK_H
#define ROGATORY_NAT_EXPORTER_CLOCK_H

/* What the offsets that were seen between export and receipt say of an exporter's clock. A step of
 * attribution.c. */

#include "nat/attribution.h"

/* By how much an exporter's clock was off, at least and at most; nothing where that lies within the
 * uncertainty or is not known. */
struct clock_error {
        int64_t least_ms, most_ms;
};

struct clock_error exporter_clock_error(
        const struct coverage *coverage, const struct attribution_rules *rules, uint16_t exporter);

/* The estimate for the span around an instant, else for any; OFFSET_UNKNOWN where none was seen. ms. */
int32_t exporter_clock_offset(const struct coverage *coverage, uint16_t exporter, int64_t at_ms);

#endif
