/* SPDX-License-Identifier: EUPL-1.2 */
/* The times of a node in tests. */
#include "exchanged/exchanged.h"

extern const struct exchanged_times exchanged_impatient;
const struct exchanged_times exchanged_impatient = {.tick_ms = 20,
        .idle_ms = 1000,
        .retry_first_ms = 50,
        .retry_most_ms = 400,
        .hang_ms = 20000,
        .delivery_ms = 50,
        .delivery_most_ms = 400,
        .timestamp_ms = 1500,
        .timestamp_retry_ms = 100,
        .gate_failures_max = 20};
