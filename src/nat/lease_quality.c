/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/lease_quality.h"

#include <errno.h>
#include <stdlib.h>

/* A lease as it is claimed, and the latest end among those before it in its group. */
struct claim {
        const struct lease *lease;
        uint32_t vrf;
        int64_t from_ms, to_ms; /* INT64_MAX: stands on */
        /* over this claim and those before it in the group: the latest end, and the latest of another
         * subscriber than that one's */
        const struct claim *latest, *latest_other;
};

struct finding {
        struct claim *claims;
        size_t count;
        int64_t log_end_ms;
        struct lease_quality *quality;
};

const char *lease_flaw_name(enum lease_flaw flaw)
{
        static const char *const names[LEASE_FLAW_COUNT] = {
                "overlap", "nested", "end-unseen", "hole", "seen-once"};

        return flaw < LEASE_FLAW_COUNT ? names[flaw] : "?";
}

const char *lease_flaw_sentence(enum lease_flaw flaw)
{
        static const char *const sentences[LEASE_FLAW_COUNT] = {
                "leases of one prefix that contradict each other",
                "leases within a prefix that was another subscriber's (the longer prefix counts)",
                "leases whose end was never logged, though the prefix was leased again",
                "holes between leases of one prefix to one subscriber",
                "leases that were never heard of again while the log went on for a day",
        };

        return flaw < LEASE_FLAW_COUNT ? sentences[flaw] : "?";
}

static bool has_end(const struct lease *lease)
{
        return lease->is.to_edge == EDGE_OBSERVED || lease->is.to_edge == EDGE_BOUND;
}

static bool has_beginning(const struct lease *lease)
{
        return lease->is.from_edge == EDGE_OBSERVED || lease->is.from_edge == EDGE_BOUND;
}

static bool is_open(const struct lease *lease)
{
        return !has_end(lease) && !(lease->is.flags & LEASE_STANDING);
}

static bool is_same_subscriber(const struct claim *a, const struct claim *b)
{
        return strcmp(a->lease->is.subscriber, b->lease->is.subscriber) == 0;
}

static bool is_same_prefix(const struct claim *a, const struct claim *b)
{
        return a->vrf == b->vrf && a->lease->is.prefix.length == b->lease->is.prefix.length &&
               address_compare(&a->lease->is.prefix.address, &b->lease->is.prefix.address) == 0;
}

/* By VRF, then as a walk through nested prefixes, larger ones first; within a prefix by time. */
static int compare_claims(const void *left, const void *right)
{
        const struct claim *a = left, *b = right;

        if (a->vrf != b->vrf)
                return a->vrf < b->vrf ? -1 : 1;
        int r = address_compare(&a->lease->is.prefix.address, &b->lease->is.prefix.address);
        if (r)
                return r;
        if (a->lease->is.prefix.length != b->lease->is.prefix.length)
                return a->lease->is.prefix.length < b->lease->is.prefix.length ? -1 : 1;
        if (a->from_ms != b->from_ms)
                return a->from_ms < b->from_ms ? -1 : 1;
        if (a->to_ms != b->to_ms)
                return a->to_ms < b->to_ms ? -1 : 1;
        return strcmp(a->lease->is.subscriber, b->lease->is.subscriber);
}

static void note(struct finding *f, enum lease_flaw flaw, const struct claim *claim, int64_t from, int64_t to)
{
        uint64_t number = f->quality->flaws[flaw].count++;

        if (number < LEASE_EXAMPLES)
                f->quality->flaws[flaw].first[number] =
                        (struct lease_example){.prefix = claim->lease->is.prefix,
                                .vrf = claim->vrf,
                                .from_ms = from,
                                .to_ms = to == INT64_MAX ? TIME_UNKNOWN : to};
}

static void make_claim(const struct lease *lease, struct claim *ret)
{
        /* As the verdict reads them: a computed beginning is the session's. */
        bool begun = lease->is.from_edge == EDGE_OBSERVED || lease->is.from_edge == EDGE_INTERIM;
        int64_t from = begun ? lease->is.from_ms : lease->is.to_ms;
        int64_t seen = lease->seen_until_ms > from ? lease->seen_until_ms : from;

        *ret = (struct claim){.lease = lease,
                /* As the verdict reads them: a source that names no VRF speaks of VRF 0. */
                .vrf = lease->is.flags & LEASE_ANY_VRF ? 0 : lease->is.vrf,
                .from_ms = from,
                .to_ms = seen};
        if (lease->is.to_edge == EDGE_OBSERVED || (has_end(lease) && seen > lease->is.to_ms))
                ret->to_ms = lease->is.to_ms;
        else if (lease->is.flags & LEASE_STANDING)
                ret->to_ms = INT64_MAX;
}

/* A standing row stands until the next row of the prefix to another. */
static void end_standing(struct claim *group, size_t count)
{
        for (size_t i = count; i-- > 0;) {
                if (group[i].to_ms != INT64_MAX)
                        continue;
                for (size_t k = i + 1; k < count; k++)
                        if (group[k].from_ms > group[i].from_ms &&
                                !is_same_subscriber(&group[i], &group[k])) {
                                group[i].to_ms = group[k].from_ms;
                                break;
                        }
        }
}

static void follow_latest(struct claim *group, size_t count)
{
        const struct claim *latest = &group[0], *other = NULL;

        for (size_t i = 0; i < count; i++) {
                const struct claim *claim = &group[i];
                if (claim->to_ms > latest->to_ms) {
                        if (!is_same_subscriber(claim, latest))
                                other = latest;
                        latest = claim;
                } else if (!is_same_subscriber(claim, latest) && (!other || claim->to_ms > other->to_ms)) {
                        other = claim;
                }
                group[i].latest = latest;
                group[i].latest_other = other;
        }
}

/* Of the claims up to `last` in its group, the one of another subscriber that stands longest. */
static const struct claim *longest_of_another(const struct claim *last, const struct claim *claim)
{
        return is_same_subscriber(last->latest, claim) ? last->latest_other : last->latest;
}

static bool stands_beyond(const struct claim *claim, int64_t instant)
{
        return claim && (claim->to_ms == INT64_MAX || claim->to_ms > instant + LEASE_TOUCH_MS);
}

static int64_t earlier(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

static void find_in_group(struct finding *f, const struct claim *group, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                const struct claim *a = &group[i], *b = i + 1 < count ? &group[i + 1] : NULL;
                const struct claim *before = i > 0 ? longest_of_another(a - 1, a) : NULL;
                if (stands_beyond(before, a->from_ms))
                        note(f, LEASE_OVERLAP, a, a->from_ms, earlier(a->to_ms, before->to_ms));
                if (!b && is_open(a->lease) && a->to_ms == a->from_ms &&
                        f->log_end_ms - a->from_ms > LEASE_SILENCE_MS)
                        note(f, LEASE_SEEN_ONCE, a, a->from_ms, a->from_ms);
                if (!b || a->to_ms == INT64_MAX || b->from_ms <= a->to_ms + LEASE_TOUCH_MS)
                        continue;
                bool unseen = is_open(a->lease) || !has_beginning(b->lease);
                if (unseen && is_same_subscriber(a, b) && b->from_ms - a->to_ms <= LEASE_HOLE_MOST_MS)
                        note(f, LEASE_HOLE, a, a->to_ms, b->from_ms);
                else if (is_open(a->lease))
                        note(f, LEASE_END_UNSEEN, a, a->to_ms, b->from_ms);
        }
}

/* The last claim of a group that begins before the instant; NULL where none does. */
static const struct claim *last_before(const struct claim *group, size_t count, int64_t instant)
{
        size_t low = 0, high = count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (group[middle].from_ms < instant)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low ? &group[low - 1] : NULL;
}

struct nest {
        const struct claim *groups[129]; /* each prefix lies in the one before it */
        size_t counts[129];
        size_t depth;
};

static void find_nested(struct finding *f, const struct nest *nest, const struct claim *claim)
{
        for (size_t level = nest->depth; level-- > 0;) {
                int64_t until = claim->to_ms > INT64_MAX - LEASE_TOUCH_MS ? claim->to_ms
                                                                          : claim->to_ms - LEASE_TOUCH_MS;
                const struct claim *last = last_before(nest->groups[level], nest->counts[level], until);
                const struct claim *other = last ? longest_of_another(last, claim) : NULL;
                if (!stands_beyond(other, claim->from_ms))
                        continue;
                note(f, LEASE_NESTED, claim, later(claim->from_ms, other->from_ms),
                        earlier(claim->to_ms, other->to_ms));
                return;
        }
}

static size_t group_size(const struct finding *f, size_t at)
{
        size_t count = 1;

        while (at + count < f->count && is_same_prefix(&f->claims[at], &f->claims[at + count]))
                count++;
        return count;
}

static void walk(struct finding *f)
{
        struct nest nest = {.depth = 0};
        size_t count;

        for (size_t at = 0; at < f->count; at += count) {
                struct claim *group = &f->claims[at];
                count = group_size(f, at);
                end_standing(group, count);
                follow_latest(group, count);
                find_in_group(f, group, count);
                while (nest.depth > 0 &&
                        (nest.groups[nest.depth - 1]->vrf != group->vrf ||
                                !prefix_contains(&nest.groups[nest.depth - 1]->lease->is.prefix,
                                        &group->lease->is.prefix.address)))
                        nest.depth--;
                for (size_t i = 0; i < count; i++)
                        find_nested(f, &nest, &group[i]);
                nest.groups[nest.depth] = group;
                nest.counts[nest.depth++] = count;
        }
}

/* Of rows by their pointers, or one behind the other. */
static int find_flaws(
        struct lease *const *rows, const struct lease *leases, size_t count, struct lease_quality *quality)
{
        struct finding f = {.count = count, .log_end_ms = INT64_MIN / 2, .quality = quality};

        if (count == 0)
                return 0;
        f.claims = malloc(count * sizeof *f.claims);
        if (!f.claims)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                make_claim(rows ? rows[i] : &leases[i], &f.claims[i]);
                f.log_end_ms = later(f.log_end_ms,
                        f.claims[i].to_ms == INT64_MAX ? f.claims[i].from_ms : f.claims[i].to_ms);
        }
        qsort(f.claims, count, sizeof *f.claims, compare_claims);
        walk(&f);
        free(f.claims);
        return 0;
}

int lease_quality_add(const struct lease *leases, size_t count, struct lease_quality *quality)
{
        return find_flaws(NULL, leases, count, quality);
}

int lease_quality_of(struct lease *const *leases, size_t count, struct lease_quality *quality)
{
        return find_flaws(leases, NULL, count, quality);
}
