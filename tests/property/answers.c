/* SPDX-License-Identifier: EUPL-1.2 */
#include "answers.h"

#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct question answers_choose(const struct world *w, struct dice *dice)
{
        const struct hold *h = &w->holds[dice_range(dice, 0, (int64_t)w->hold_count - 1)];
        struct question q = {
                .address = address_from_ipv4(h->outside),
                .port = (int)dice_range(dice, h->port_first, h->port_last),
                .protocol = h->protocol              ? h->protocol
                            : dice_chance(dice, 500) ? 6
                                                     : 17,
                .skew_ms = dice_chance(dice, 600) ? -1 : dice_range(dice, 2000, 20000),
                .destination_port = -1,
        };
        int64_t edge = dice_chance(dice, 500) ? h->from : h->to;

        switch (dice_range(dice, 0, 3)) {
        case 0:
                q.at_ms = edge + dice_range(dice, -10, 10);
                break;
        case 1:
                q.at_ms = edge + dice_range(dice, -8000, 8000);
                break;
        case 2:
                q.at_ms = h->from + (h->to - h->from) / 2;
                break;
        default:
                q.at_ms = dice_range(dice, w->log_from - 5 * TIME_MINUTE, w->log_to + 5 * TIME_MINUTE);
        }
        if (w->scenario.exact && dice_chance(dice, 300))
                q.skew_ms = dice_range(dice, 0, 3000);
        if (h->destination && dice_chance(dice, 300)) {
                q.destination = address_from_ipv4(h->destination);
                if (dice_chance(dice, 500))
                        q.destination_port = h->destination_port;
        }
        return q;
}

static uint64_t holder_of(const struct answer_candidate *c)
{
        unsigned subscriber = 0;

        /* Some sources put a word of their own before the name ("remote-id subscriber-7"). */
        const char *name = c->subscriber[0] ? strstr(c->subscriber, "subscriber-") : NULL;

        if (c->subscriber[0] && (!name || sscanf(name, "subscriber-%u", &subscriber) != 1))
                subscriber = UINT32_MAX;
        return (uint64_t)address_ipv4(&c->inside) << 32 | subscriber;
}

static bool is_holder(const uint64_t *holders, size_t count, uint64_t holder, bool leases)
{
        for (size_t i = 0; i < count; i++)
                if (holders[i] == holder || (!leases && holders[i] >> 32 == holder >> 32))
                        return true;
        return false;
}

/* Who held it within an interval that was judged, in true time or as the exporter's clock showed it: where
 * the clock was far off, the interval was widened over both. */
#define AROUND_MAX 512
static size_t held_around(
        const struct world *w, const struct question *q, int64_t from, int64_t to, uint64_t *holders)
{
        size_t count = world_holders(w, q, from, to, NULL, holders, AROUND_MAX / 2);

        return count + world_holders(w, q, from, to, log_clock, holders + count, AROUND_MAX / 2);
}

/* Without stored destinations an answer speaks of the endpoint towards every destination. */
static struct question answerable(const struct world *w, const struct question *q)
{
        struct question asked = *q;

        if (!w->scenario.keep_destinations || w->scenario.destinations_untold) {
                asked.destination = (struct address){{0}};
                asked.destination_port = -1;
        }
        return asked;
}

static bool one_is_right(const struct world *w, const struct answer *a, int64_t grain_ms)
{
        uint64_t now[16], around[AROUND_MAX];
        const struct question *q = &a->question;
        /* Receipt times tell the clock to a second and a little. */
        int64_t slack = llabs(w->scenario.clock_error_ms) + 1 + (w->scenario.capture ? 1100 : 0) + grain_ms;
        bool leases = a->candidates[0].subscriber[0] != '\0';
        uint64_t named = holder_of(&a->candidates[0]);
        struct question asked = answerable(w, q);

        for (size_t i = 1; i < a->candidate_count; i++)
                if (holder_of(&a->candidates[i]) != named)
                        return false;
        size_t at_once = world_holders(w, q, q->at_ms, q->at_ms, NULL, now, 16);
        for (size_t i = 0; i < at_once; i++)
                if (now[i] != named && (leases || now[i] >> 32 != named >> 32))
                        return false;
        size_t count = held_around(w, &asked, a->from_ms - slack, a->to_ms + slack, around);
        if (!is_holder(around, count, named, leases))
                return false;
        if (!w->scenario.exact || w->step_at)
                return true;
        int64_t reach = q->skew_ms > grain_ms ? q->skew_ms - grain_ms : 0;
        count = world_holders(w, q, q->at_ms - reach, q->at_ms + reach, NULL, around, 16);
        for (size_t i = 0; i < count; i++)
                if (!is_holder(&named, 1, around[i], leases))
                        return false;
        return true;
}

static bool none_is_right(const struct world *w, const struct answer *a, int64_t grain_ms)
{
        uint64_t holders[16];
        const struct question *q = &a->question;
        int64_t reach = w->scenario.exact && !w->step_at ? q->skew_ms - grain_ms : 0;

        if (reach < 0)
                reach = 0;
        return world_holders(w, q, q->at_ms - reach, q->at_ms + reach, NULL, holders, 16) == 0;
}

/* Was the inside address the subscriber's within the interval? The lease log and the NAT log have clocks of
 * their own: near a change of hands both tenants are named. */
static bool is_tenant(const struct world *w, uint64_t holder, int64_t from, int64_t to)
{
        for (size_t i = 0; i < w->tenure_count; i++) {
                const struct tenure *t = &w->tenures[i];
                if (t->inside == holder >> 32 && t->subscriber == (uint32_t)holder && t->from <= to + 2000 &&
                        t->to >= from - 2000)
                        return true;
        }
        return false;
}

/* Every candidate of `several` held it somewhere near the interval. */
static bool several_is_right(const struct world *w, const struct answer *a, int64_t grain_ms)
{
        uint64_t around[AROUND_MAX];
        /* Receipt times tell the clock to a second and a little. */
        int64_t slack = llabs(w->scenario.clock_error_ms) + 1 + (w->scenario.capture ? 1100 : 0) + grain_ms;
        struct question asked = answerable(w, &a->question);

        size_t count = held_around(w, &asked, a->from_ms - slack, a->to_ms + slack, around);

        for (size_t i = 0; i < a->candidate_count; i++) {
                uint64_t named = holder_of(&a->candidates[i]);
                if (!is_holder(around, count, named, false) ||
                        (a->candidates[i].subscriber[0] &&
                                !is_tenant(w, named, a->from_ms - slack, a->to_ms + slack)))
                        return false;
        }
        return true;
}

void answers_print(const struct world *w, const struct answer *a, uint64_t seed, const char *what)
{
        const struct scenario *s = &w->scenario;
        char address[ADDRESS_TEXT_MAX], inside[ADDRESS_TEXT_MAX], at[TIME_TEXT_MAX], from[TIME_TEXT_MAX],
                to[TIME_TEXT_MAX];

        fprintf(stderr,
                "%s in the round of seed %" PRIu64 ": %s:%d protocol %d at %s +- %" PRId64 " ms -> %s\n",
                what, seed, address_format(&a->question.address, address), a->question.port,
                a->question.protocol, time_format_utc(a->question.at_ms, at), a->question.skew_ms,
                verdict_name(a->verdict));
        fprintf(stderr,
                "  kind %d dependent %d keep %d leases %d warm %d v9 %d conntrack %d capture %d declared %d "
                "files %d "
                "error %d lost %u/%u dup %u reorder %u late %u cut %u restart %d/%d runaway %" PRId64
                " step %" PRId64 " wrong-dialect %d exact %d reasons %x\n",
                s->kind, s->dependent, s->keep_destinations, s->leases, s->warm, s->netflow9, s->conntrack,
                s->capture, s->declared, s->files, s->clock_error_ms, s->lost, s->lost_burst, s->duplicated,
                s->reordered, s->late, s->truncated, s->restart, s->restart_keeps, s->runaway_ms, s->step_ms,
                s->wrong_dialect, s->exact, a->reasons);
        for (size_t i = 0; i < a->candidate_count + a->possible_count; i++) {
                const struct answer_candidate *c =
                        i < a->candidate_count ? &a->candidates[i] : &a->possible[i - a->candidate_count];
                fprintf(stderr, "  %s: %s %s [%s %s, %s %s] reasons %x\n",
                        i < a->candidate_count ? "candidate" : "possible", address_format(&c->inside, inside),
                        c->subscriber, time_format_utc(c->from_ms, from), edge_name(c->from_edge),
                        time_format_utc(c->to_ms, to), edge_name(c->to_edge), c->reasons);
        }
        for (size_t i = 0; i < w->hold_count; i++) {
                const struct hold *h = &w->holds[i];
                if (!hold_matches(h, &a->question) || h->to < a->question.at_ms - 600000 ||
                        h->from > a->question.at_ms + 600000)
                        continue;
                struct address in = address_from_ipv4(h->inside);
                fprintf(stderr, "  truth: %s subscriber-%u [%s, %s]%s dest %x:%u\n",
                        address_format(&in, inside), world_subscriber(w, h->inside, h->from),
                        time_format_utc(h->from, from), time_format_utc(h->to, to),
                        h->end_unlogged ? " end not logged" : "", h->destination, h->destination_port);
        }
}

const char *answers_mistake(const struct world *w, const struct answer *a, int64_t grain_ms)
{
        if (a->verdict == VERDICT_ONE && !one_is_right(w, a, grain_ms))
                return "WRONG NAME";
        if (a->verdict == VERDICT_NONE && !none_is_right(w, a, grain_ms))
                return "WRONG NONE";
        if (a->verdict == VERDICT_SEVERAL && !several_is_right(w, a, grain_ms))
                return "WRONG CANDIDATE";
        return NULL;
}
