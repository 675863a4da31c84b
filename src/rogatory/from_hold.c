/* SPDX-License-Identifier: EUPL-1.2 */
/* Questions whose records are gone from the store, but were preserved for the case for which it is asked. */
#include "rogatory/ask.h"

#include "os/clock.h"
#include "upkeep/preserve.h"

#include <stdio.h>
#include <string.h>

/* All holds that stand; those of other cases are never looked into. */
static int read_holds(struct asking *asking, struct error *error)
{
        size_t kept = 0;
        int64_t now = clock_now_ms();

        if (asking->holds_read)
                return 0;
        int r = depot_holds(asking->depot, &asking->holds, error);
        for (size_t i = 0; r == 0 && i < asking->holds.count; i++)
                if (asking->holds.items[i].until_ms > now &&
                        strcmp(asking->holds.items[i].case_reference, asking->case_reference) == 0)
                        asking->holds.items[kept++] = asking->holds.items[i];
        asking->holds.count = kept;
        asking->holds_read = r == 0;
        return r;
}

/* The answer that a hold gives. */
static int ask_hold(struct asking *asking, const struct hold *hold, const struct question *question,
        struct answer *ret, struct error *error)
{
        struct inquiry *inquiry = NULL;
        struct depot *depot = NULL;
        char path[4096];

        int r = depot_hold_path(asking->depot, hold->id, path, sizeof path, error);
        if (r == 0)
                r = depot_open(path, DEPOT_READ, &depot, error);
        if (r == 0)
                r = inquiry_new(depot, &inquiry, error);
        if (r == 0)
                r = inquiry_ask(inquiry, question, ret, error);
        inquiry_free(inquiry);
        depot_close(depot);
        return r;
}

static void name_hold(const struct hold *hold, struct answer_candidate *items, size_t count)
{
        char before[HOLD_ID_MAX + 8];
        size_t length = (size_t)snprintf(before, sizeof before, "holds/%s/", hold->id);

        for (size_t i = 0; i < count; i++) {
                size_t record = strlen(items[i].record);
                if (record == 0 || length + record >= sizeof items[i].record)
                        continue;
                memmove(items[i].record + length, items[i].record, record + 1);
                memcpy(items[i].record, before, length);
        }
}

/* 1 where the hold answers; then ret is its answer. */
static int try_hold(struct asking *asking, const struct hold *hold, const struct question *question,
        struct answer *ret, struct error *error)
{
        struct answer answer = {0};

        if (!hold_covers(hold, question, hold->from_ms, hold->from_ms))
                return 0;
        int r = ask_hold(asking, hold, question, &answer, error);
        if (r < 0)
                return r;
        if (!hold_covers(hold, question, answer.from_ms, answer.to_ms) ||
                answer.reasons & 1u << REASON_OUTSIDE_RETENTION) {
                answer_free(&answer);
                return 0;
        }
        answer.reasons |= 1u << REASON_FROM_HOLD;
        name_hold(hold, answer.candidates, answer.candidate_count);
        name_hold(hold, answer.possible, answer.possible_count);
        answer_free(ret);
        *ret = answer;
        return 1;
}

int asking_answer(
        struct asking *asking, const struct question *question, struct answer *ret, struct error *error)
{
        int r = asking->source ? asking->source->turn(asking->source->context, &question->address, error) : 0;

        if (r == 0)
                r = inquiry_ask(asking->inquiry, question, ret, error);
        if (r < 0 || !(ret->reasons & 1u << REASON_OUTSIDE_RETENTION))
                return r;
        /* The skew is the store's own, also where the hold's realms would say another. */
        struct question asked = ret->question;
        r = read_holds(asking, error);
        for (size_t i = 0; i < asking->holds.count && r == 0; i++)
                r = try_hold(asking, &asking->holds.items[i], &asked, ret, error);
        if (r < 0)
                answer_free(ret);
        return r < 0 ? r : 0;
}
