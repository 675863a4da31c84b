/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/sharing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void sharing_counter_free(struct sharing_counter *counter)
{
        free(counter->turns);
        *counter = (struct sharing_counter){.turns = NULL};
}

/* Host numbers are given one after the other, so the table is as long as there are hosts. */
static int make_room(struct sharing_counter *counter, uint32_t host)
{
        size_t room = 2 * ((size_t)host + 512);
        uint32_t *turns = realloc(counter->turns, room * sizeof *turns);

        if (!turns)
                return -ENOMEM;
        memset(turns + counter->room, 0, (room - counter->room) * sizeof *turns);
        counter->turns = turns;
        counter->room = room;
        return 0;
}

static void next_turn(struct sharing_counter *counter)
{
        if (counter->turn == UINT32_MAX && counter->room > 0) {
                memset(counter->turns, 0, counter->room * sizeof *counter->turns);
                counter->turn = 0;
        }
        counter->turn++;
}

int sharing_count(struct sharing_counter *counter, const struct nat_binding *bindings, size_t count,
        uint32_t *ret_users)
{
        uint32_t users = 0;

        next_turn(counter);
        for (size_t i = 0; i < count; i++) {
                uint32_t host = bindings[i].inside;
                if (host == HOST_NONE)
                        continue;
                if (host >= counter->room && make_room(counter, host) < 0)
                        return -ENOMEM;
                users += counter->turns[host] != counter->turn;
                counter->turns[host] = counter->turn;
        }
        *ret_users = users;
        return 0;
}

static bool is_worse(const struct sharing_address *a, const struct sharing_address *b)
{
        return a->users != b->users ? a->users > b->users : a->outside < b->outside;
}

static void rank(struct sharing *sharing, struct sharing_address address)
{
        for (unsigned i = 0; i < SHARING_WORST && address.users > 0; i++)
                if (is_worse(&address, &sharing->worst[i])) {
                        struct sharing_address moved = sharing->worst[i];
                        sharing->worst[i] = address;
                        address = moved;
                }
}

void sharing_add(struct sharing *sharing, uint32_t outside, uint32_t users)
{
        if (users == 0)
                return;
        sharing->addresses[users < SHARING_EXACT ? users : SHARING_EXACT]++;
        rank(sharing, (struct sharing_address){.outside = outside, .users = users});
}

void sharing_join(struct sharing *sharing, const struct sharing *other)
{
        if (other->window_from == TIME_UNKNOWN || other->window_from < sharing->window_from)
                return;
        if (sharing->window_from == TIME_UNKNOWN || other->window_from > sharing->window_from) {
                *sharing = *other;
                return;
        }
        sharing->open += other->open;
        for (unsigned i = 0; i <= SHARING_EXACT; i++)
                sharing->addresses[i] += other->addresses[i];
        for (unsigned i = 0; i < SHARING_WORST; i++)
                rank(sharing, other->worst[i]);
}

uint64_t sharing_over(const struct sharing *sharing, uint32_t limit)
{
        uint64_t over = 0;

        for (unsigned i = (limit < SHARING_EXACT ? limit + 1 : SHARING_EXACT); i <= SHARING_EXACT; i++)
                over += sharing->addresses[i];
        return over;
}
