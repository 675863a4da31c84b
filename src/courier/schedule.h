/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_SCHEDULE_H
#define ROGATORY_COURIER_SCHEDULE_H

/* When a delivery that failed is tried again. Pure: the clock and the randomness are the caller's. */

#include <stdint.h>

#define SCHEDULE_FIRST_MS INT64_C(5000)        /* after the first failure */
#define SCHEDULE_LONGEST_MS INT64_C(1800000)   /* half an hour: a peer that was down for days is found soon */
#define SCHEDULE_WAIT_MAX_MS INT64_C(86400000) /* whatever a caller asks for, no wait is longer */

struct schedule {
        int64_t first_ms;   /* 0: SCHEDULE_FIRST_MS */
        int64_t longest_ms; /* 0: SCHEDULE_LONGEST_MS */
};

/* How long to wait after so many failed attempts (1 and up): twice as long as the time before, up to the
 * longest; of that a half is certain and the other half is random, so that nodes that lost the same peer do
 * not come back in step. random: evenly spread over all 32 bits. At least 1 ms. */
int64_t schedule_wait_ms(const struct schedule *schedule, uint32_t attempts, uint32_t random);

#endif
