/* SPDX-License-Identifier: EUPL-1.2 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

uint64_t dice_roll(struct dice *dice)
{
        uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
}

int64_t dice_range(struct dice *dice, int64_t low, int64_t high)
{
        return low + (int64_t)(dice_roll(dice) % (uint64_t)(high - low + 1));
}

bool dice_chance(struct dice *dice, unsigned per_mille)
{
        return dice_roll(dice) % 1000 < per_mille;
}

static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
        if (count < *capacity)
                return items;
        *capacity = *capacity ? *capacity * 2 : 256;
        void *grown = realloc(items, *capacity * size);
        if (!grown)
                abort();
        return grown;
}

static void add_tenure(struct world *w, uint32_t inside, uint32_t subscriber, int64_t from, int64_t to)
{
        w->tenures = grow(w->tenures, w->tenure_count, &w->tenure_capacity, sizeof *w->tenures);
        w->tenures[w->tenure_count++] =
                (struct tenure){.inside = inside, .subscriber = subscriber, .from = from, .to = to};
}

/* Every inside address is leased from before the log to after it; with recycling, to several in turn. */
static void make_tenures(struct world *w, int64_t from, int64_t to, struct dice *dice)
{
        uint32_t next = 1;

        for (unsigned i = 0; i < w->insides; i++) {
                int64_t at = from - TIME_HOUR;
                while (at < to + TIME_HOUR) {
                        int64_t until = to + 2 * TIME_HOUR;
                        if (w->scenario.tenure_ms)
                                until = at +
                                        dice_range(dice, w->scenario.tenure_ms / 10, w->scenario.tenure_ms);
                        else if (w->scenario.leases && dice_chance(dice, 500))
                                until = at + dice_range(dice, 10 * TIME_MINUTE, 90 * TIME_MINUTE);
                        add_tenure(w, INSIDE_FIRST + i, next++, at, until);
                        at = until + dice_range(dice, 0, w->scenario.tenure_ms ? TIME_SECOND : TIME_MINUTE);
                }
        }
}

static const struct tenure *find_tenure(const struct world *w, uint32_t inside, int64_t at)
{
        for (size_t i = 0; i < w->tenure_count; i++)
                if (w->tenures[i].inside == inside && w->tenures[i].from <= at && w->tenures[i].to > at)
                        return &w->tenures[i];
        return NULL;
}

uint32_t world_subscriber(const struct world *w, uint32_t inside, int64_t at)
{
        const struct tenure *tenure = find_tenure(w, inside, at);
        return tenure ? tenure->subscriber : 0;
}

/* The same packets: no host sends them through two ports at once. */
static bool is_same_flow(const struct world *w, const struct hold *a, const struct hold *b)
{
        return w->scenario.kind != NAT_BLOCK && a->inside == b->inside && a->inside_port == b->inside_port &&
               a->protocol == b->protocol && a->destination == b->destination &&
               a->destination_port == b->destination_port;
}

/* May this hold exist beside those that are there? A NAT never lends one endpoint twice at once, unless
 * towards different destinations; the same customer's flows may share his mapping where mapping is
 * endpoint-independent. */
static bool fits(const struct world *w, const struct hold *new, int64_t quiet)
{
        for (size_t i = w->hold_count; i-- > 0;) {
                const struct hold *old = &w->holds[i];
                if (old->from < new->from - 5 * TIME_HOUR)
                        break;
                if (is_same_flow(w, old, new) && old->to >= new->from)
                        return false;
                if (old->outside != new->outside || old->protocol != new->protocol ||
                        old->port_last < new->port_first || old->port_first > new->port_last)
                        continue;
                bool one_flow = old->destination == new->destination &&
                                old->destination_port == new->destination_port;
                if (old->to + quiet <= new->from && !(one_flow && old->to >= new->from))
                        continue;
                if (w->scenario.dependent && !one_flow)
                        continue;
                if (!w->scenario.dependent && w->scenario.kind == NAT_SESSION && old->inside == new->inside &&
                        old->inside_port == new->inside_port && !one_flow)
                        continue;
                return false;
        }
        return true;
}

static int64_t random_duration(const struct world *w, struct dice *dice)
{
        static const int64_t scales[] = {5, 300, 4 * 1000, 40 * 1000, 10 * 60 * 1000, 44 * 60 * 1000};
        if (w->scenario.kind == NAT_BLOCK)
                return dice_range(dice, TIME_MINUTE,
                        w->scenario.block_life_ms ? w->scenario.block_life_ms : 3 * TIME_HOUR);
        return dice_range(dice, 1, scales[dice_range(dice, 0, 5)]);
}

/* Another flow over a mapping that stands: same customer, same endpoints, another destination. */
static bool share_mapping(const struct world *w, struct hold *new, struct dice *dice)
{
        if (w->scenario.dependent || w->scenario.kind != NAT_SESSION || !dice_chance(dice, 300))
                return false;
        for (size_t i = w->hold_count; i-- > 0 && w->holds[i].from > new->from - 10 * TIME_MINUTE;) {
                const struct hold *old = &w->holds[i];
                if (old->inside != new->inside || old->to <= new->from || old->protocol != new->protocol)
                        continue;
                new->port_first = new->port_last = old->port_first;
                new->inside_port = old->inside_port;
                return true;
        }
        return false;
}

static void try_hold(struct world *w, int64_t at, struct dice *dice)
{
        uint32_t inside = INSIDE_FIRST + (uint32_t)dice_range(dice, 0, w->insides - 1);
        const struct tenure *tenure = find_tenure(w, inside, at);
        unsigned size = w->scenario.kind == NAT_BLOCK ? 4 : 1;
        struct hold new = {
                .inside = inside,
                .outside = OUTSIDE_FIRST + inside % w->outsides,
                .protocol = w->scenario.kind == NAT_BLOCK ? 0
                            : dice_chance(dice, 600)      ? 6
                                                          : 17,
                .inside_port = (uint16_t)dice_range(dice, 40000, 40015),
                .destination = 0xcb007100u + (uint32_t)dice_range(dice, 1, 3),
                .destination_port = dice_chance(dice, 500) ? 443 : 53,
                .from = at,
                .to = at + random_duration(w, dice),
                .identity = (uint32_t)dice_range(dice, 1, UINT32_MAX),
        };

        if (!tenure)
                return;
        if (new.to > tenure->to)
                new.to = tenure->to; /* the subscriber leaves: the NAT closes what he had */
        if (new.to <= new.from)
                return;
        if (w->scenario.kind != NAT_SESSION)
                new.destination = new.destination_port = 0;
        new.port_first = (uint16_t)(PORT_FIRST + (unsigned)dice_range(dice, 0, w->ports / size - 1) * size);
        new.port_last = (uint16_t)(new.port_first + size - 1);
        share_mapping(w, &new, dice);
        if (!fits(w, &new, dice_chance(dice, 500) ? 0 : dice_range(dice, 0, 2 * TIME_MINUTE)))
                return;
        w->holds = grow(w->holds, w->hold_count, &w->hold_capacity, sizeof *w->holds);
        w->holds[w->hold_count++] = new;
}

/* A restart of the NAT itself ends everything without a word. */
static void forget_all(struct world *w, int64_t at)
{
        for (size_t i = 0; i < w->hold_count; i++)
                if (w->holds[i].from < at && w->holds[i].to > at) {
                        w->holds[i].to = at;
                        w->holds[i].end_unlogged = true;
                }
}

/* Planned ports: two rows one after the other for each block, mostly for different hosts. */
static void add_plan(struct world *w, struct dice *dice)
{
        w->plan_from = w->log_from - dice_range(dice, 0, TIME_HOUR) / TIME_SECOND * TIME_SECOND;
        w->plan_changed = w->log_from + dice_range(dice, 0, w->log_to - w->log_from);
        w->plan_to = w->log_to + dice_range(dice, 0, TIME_HOUR);
        for (uint32_t k = 0; k < w->outsides * PLAN_BLOCKS; k++) {
                struct hold row = {.outside = OUTSIDE_FIRST + k % w->outsides,
                        .port_first = (uint16_t)(PLAN_FIRST + k / w->outsides * PLAN_SIZE),
                        .planned = true,
                        .end_unlogged = true};
                row.port_last = (uint16_t)(row.port_first + PLAN_SIZE - 1);
                for (int half = 0; half < 2; half++) {
                        row.inside = INSIDE_FIRST + (uint32_t)dice_range(dice, 0, w->insides - 1);
                        row.from = half ? w->plan_changed : w->plan_from;
                        row.to = half ? w->plan_to : w->plan_changed;
                        w->holds = grow(w->holds, w->hold_count, &w->hold_capacity, sizeof *w->holds);
                        w->holds[w->hold_count++] = row;
                }
        }
}

void world_make(struct world *w, const struct scenario *scenario, struct dice *dice)
{
        int64_t begin = (scenario->begin_ms ? scenario->begin_ms : INT64_C(1795167600000)) +
                        dice_range(dice, 0, TIME_HOUR);
        int64_t length = dice_range(dice, 20 * TIME_MINUTE, 130 * TIME_MINUTE);
        int64_t warm = scenario->warm ? LONGEST_SESSION_MS : 0;

        *w = (struct world){.scenario = *scenario, .log_from = begin, .log_to = begin + length};
        w->insides = (unsigned)dice_range(dice, 3, 14);
        w->outsides = (unsigned)dice_range(dice, 1, 2);
        w->ports = (unsigned)dice_range(dice, 2, 12) * 4;
        w->restart_at = scenario->restart ? begin + dice_range(dice, length / 4, length * 3 / 4) : 0;
        w->step_at = scenario->step_ms ? begin + dice_range(dice, length / 4, length * 3 / 4) : 0;
        make_tenures(w, begin - warm, begin + length, dice);
        int64_t pause = scenario->kind == NAT_BLOCK ? TIME_MINUTE : dice_range(dice, 1000, 12000);
        bool forgotten = w->restart_at == 0 || scenario->restart_keeps;
        for (int64_t at = begin - warm; at < w->log_to; at += dice_range(dice, 1, pause)) {
                if (!forgotten && at >= w->restart_at) {
                        forget_all(w, w->restart_at);
                        forgotten = true;
                }
                try_hold(w, at, dice);
        }
        if (!forgotten)
                forget_all(w, w->restart_at);
        if (scenario->plan)
                add_plan(w, dice);
}

void world_free(struct world *w)
{
        free(w->holds);
        free(w->tenures);
}

bool hold_matches(const struct hold *hold, const struct question *q)
{
        if (hold->outside != address_ipv4(&q->address) || q->port < hold->port_first ||
                q->port > hold->port_last)
                return false;
        if (hold->protocol != 0 && hold->protocol != q->protocol)
                return false;
        if (address_is_none(&q->destination) || hold->destination == 0)
                return true;
        return address_ipv4(&q->destination) == hold->destination &&
               (q->destination_port < 0 || q->destination_port == hold->destination_port);
}

size_t world_holders(const struct world *w, const struct question *q, int64_t from, int64_t to,
        int64_t (*shown)(const struct world *world, int64_t at), uint64_t *holders, size_t most)
{
        size_t count = 0;

        for (size_t i = 0; i < w->hold_count; i++) {
                const struct hold *hold = &w->holds[i];
                int64_t begin = shown ? shown(w, hold->from) : hold->from,
                        end = shown ? shown(w, hold->to) : hold->to;
                end -= hold->planned; /* the first moment at which a row no longer holds is not in it */
                if (!hold_matches(hold, q) || begin > to || end < from)
                        continue;
                /* A hold never outlives the tenure it began in. */
                uint64_t holder =
                        (uint64_t)hold->inside << 32 | world_subscriber(w, hold->inside, hold->from);
                bool known = false;
                for (size_t k = 0; k < count && !known; k++)
                        known = holders[k] == holder;
                if (!known && count < most)
                        holders[count++] = holder;
        }
        return count;
}
