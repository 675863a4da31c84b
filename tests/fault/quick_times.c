/* SPDX-License-Identifier: EUPL-1.2 */
/* The times of a rogatoryd that starts its processes anew at once, however often they are killed. */
#include "rogatoryd/policy.h"

extern const struct policy_times quick_times;
const struct policy_times quick_times = {
        .stop_ms = 10000,
        .silent_ms = 5000,
        .hang_ms = 60000,
        .back_off_least_ms = 20,
        .back_off_most_ms = 200,
        .steady_ms = 60000,
        .first_tries = 3,
};
