/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/schedule.h"

static int64_t within(int64_t value, int64_t standard)
{
        if (value <= 0)
                value = standard;
        return value < SCHEDULE_WAIT_MAX_MS ? value : SCHEDULE_WAIT_MAX_MS;
}

int64_t schedule_wait_ms(const struct schedule *schedule, uint32_t attempts, uint32_t random)
{
        int64_t longest = within(schedule->longest_ms, SCHEDULE_LONGEST_MS);
        int64_t wait = within(schedule->first_ms, SCHEDULE_FIRST_MS);

        /* A day in milliseconds fits 27 bits, so neither doubling nor the product below can overflow. */
        for (uint32_t i = 1; i < attempts && wait < longest; i++)
                wait *= 2;
        if (wait > longest)
                wait = longest;
        int64_t certain = wait / 2;
        int64_t result = certain + (((wait - certain) * (int64_t)random) >> 32);
        return result > 0 ? result : 1;
}
