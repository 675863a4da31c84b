/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/clock.h"

#include "exchange/authority.h"
#include "exchange/office_state.h"
#include "exchange/provider.h"

#include <stdio.h>
#include <stdlib.h>

#define ORDERS_AT_ONCE 1000
#define STEPS_IN_A_ROW 16 /* of one order: more would be a circle */

static clock_order *const sides[] = {[SIDE_AUTHORITY] = authority_clock, [SIDE_PROVIDER] = provider_clock};

struct due {
        struct {
                char id[MODEL_ID_MAX];
                enum book_side side;
        } list[ORDERS_AT_ONCE];
        size_t count;
};

static int note_due(void *context, const struct book_order *order)
{
        struct due *due = context;

        if (due->count == ORDERS_AT_ONCE)
                return 1;
        snprintf(due->list[due->count].id, MODEL_ID_MAX, "%s", order->id);
        due->list[due->count++].side = order->side;
        return 0;
}

int clock_run(struct office *office, struct error *error)
{
        struct due *due = calloc(1, sizeof *due);
        int count = 0;

        if (!due)
                return error_set(error, -ENOMEM, "not enough memory");
        int r = book_orders_due(office, office_now(office), note_due, due, error);
        for (size_t i = 0; r >= 0 && i < due->count; i++) {
                enum book_side side = due->list[i].side;
                clock_order *run = side < sizeof sides / sizeof *sides ? sides[side] : NULL;
                r = 1;
                for (int steps = 0; run && r == 1 && steps < STEPS_IN_A_ROW; steps++) {
                        r = run(office, due->list[i].id, error);
                        count += r > 0;
                }
        }
        free(due);
        if (r >= 0)
                r = draft_sweep(office, error);
        return r < 0 ? r : count;
}
