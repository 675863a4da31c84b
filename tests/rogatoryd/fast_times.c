/* SPDX-License-Identifier: EUPL-1.2 */
/* The times of a rogatoryd whose patience a test can wait for. */
#include "rogatoryd/policy.h"

extern const struct policy_times fast_times;
const struct policy_times fast_times = {
        .stop_ms = 1000,
        .silent_ms = 400,
        .hang_ms = 1500,
        .back_off_least_ms = 20,
        .back_off_most_ms = 200,
        .steady_ms = 60000,
        .first_tries = 3,
};
