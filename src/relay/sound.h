/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_RELAY_SOUND_H
#define ROGATORY_RELAY_SOUND_H

/* What may go over the relay. Asked by the writer before it writes and by the reader after it has read, so
 * that neither believes the other. Each: NULL, or what is wrong. */

#include "relay/relay.h"

const char *relay_event_flaw(const struct relay_limits *limits, const struct nat_event *event);
const char *relay_lease_flaw(
        const struct relay_limits *limits, uint16_t exporter, const struct lease_event *lease);
const char *relay_span_flaw(const struct relay_limits *limits, const struct coverage_span *span);
const char *relay_gap_flaw(const struct relay_limits *limits, const struct coverage_gap *gap);

#endif
