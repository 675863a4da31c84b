/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/tenancy.h"

#include <string.h>

/* The same private address in two VRFs is two customers: a lease that names no VRF is theirs only where the
 * NAT log names none either, or where the realm says that VRFs do not matter. */
static bool is_lease_of(const struct attribution_rules *rules, const struct lease *lease,
        const struct address *address, uint32_t vrf, bool vrf_known)
{
        if (!prefix_contains(&lease->is.prefix, address))
                return false;
        if (!vrf_known || rules->leases_any_vrf)
                return true;
        return lease->is.flags & LEASE_ANY_VRF ? vrf == 0 : lease->is.vrf == vrf;
}

static bool has_end(const struct lease *lease)
{
        return lease->is.to_edge == EDGE_OBSERVED || lease->is.to_edge == EDGE_BOUND;
}

/* The first instant at which the source said that it existed. A beginning that was computed is that of the
 * session (a stop less its session time): a session may get an address later than it began, so that it had
 * this one is known at its stop only. */
static int64_t first_sign(const struct lease *lease)
{
        return lease->is.from_edge == EDGE_OPEN || lease->is.from_edge == EDGE_BOUND ? lease->is.to_ms
                                                                                     : lease->is.from_ms;
}

static bool is_same_prefix(const struct lease *a, const struct lease *b)
{
        return a->is.prefix.length == b->is.prefix.length && a->is.vrf == b->is.vrf &&
               address_compare(&a->is.prefix.address, &b->is.prefix.address) == 0;
}

/* The first lease of the same prefix to another subscriber that begins after this one: an inside address has
 * one holder at a time, so this one had ended by then. */
static const struct lease *find_successor(const struct evidence *e, const struct lease *lease)
{
        const struct lease *first = NULL;

        for (size_t i = 0; i < e->lease_count; i++) {
                const struct lease *other = &e->leases[i];
                if (other->is.from_ms == TIME_UNKNOWN || first_sign(other) <= lease->is.from_ms)
                        continue;
                if (!is_same_prefix(other, lease) || strcmp(other->is.subscriber, lease->is.subscriber) == 0)
                        continue;
                if (!first || first_sign(other) < first_sign(first))
                        first = other;
        }
        return first;
}

/* A row of a table that states intervals: beginning, and end or none. */
static bool is_row(const struct lease *lease)
{
        return lease->is.session == 0 && lease->is.from_edge == EDGE_OBSERVED &&
               !(lease->is.flags & LEASE_RENEWABLE) &&
               (lease->is.flags & LEASE_STANDING || lease->is.to_edge == EDGE_OBSERVED);
}

static int64_t later(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

/* Not before this: the session that it is of may tell, at its stop, for how long it had existed. */
static int64_t earliest_beginning(const struct lease *lease, const struct evidence *e)
{
        if (lease->is.from_edge == EDGE_OBSERVED || lease->is.from_edge == EDGE_BOUND)
                return lease->is.from_ms;
        for (size_t i = 0; i < e->lease_count && lease->is.session != 0; i++) {
                const struct lease *other = &e->leases[i];
                if (other->is.from_edge == EDGE_BOUND && other->is.session == lease->is.session &&
                        is_same_prefix(other, lease) &&
                        strcmp(other->is.subscriber, lease->is.subscriber) == 0 &&
                        other->is.from_ms <= first_sign(lease) && other->is.to_ms >= first_sign(lease))
                        return other->is.from_ms;
        }
        return INT64_MIN;
}

/* When the lease was held for certain and at most. */
static void stretches_of(const struct lease *lease, const struct attribution_rules *rules,
        const struct evidence *e, struct stretch *ret_certain, struct stretch *ret_possible)
{
        int64_t seen_first = first_sign(lease);

        ret_possible->from = earliest_beginning(lease, e);
        ret_certain->from = seen_first;
        if (has_end(lease)) {
                ret_possible->to = ret_certain->to = lease->is.to_ms;
                /* It had ended by then, at any time since it was last seen. */
                if (lease->is.to_edge == EDGE_BOUND && lease->seen_until_ms != TIME_UNKNOWN &&
                        lease->seen_until_ms < lease->is.to_ms)
                        ret_certain->to = later(lease->seen_until_ms, seen_first);
                return;
        }
        const struct lease *successor = find_successor(e, lease);
        int64_t until = later(lease->seen_until_ms, seen_first);
        /* The table says that its rows stand until a later row; that somebody else's log shows another there
         * does not tell when the row had ceased to be true. */
        if (lease->is.flags & LEASE_STANDING && (!successor || is_row(successor)))
                until = successor ? later(until, first_sign(successor) - 1) : INT64_MAX;
        else if (!successor && rules->lease_log_complete && !(lease->is.flags & LEASE_RENEWABLE))
                until = later(until, e->leases_heard_until_ms);
        ret_certain->to = until;
        ret_possible->to = successor ? later(first_sign(successor), until) : INT64_MAX;
}

static bool covers(struct stretch outer, struct stretch inner)
{
        return outer.from <= inner.from && outer.to >= inner.to;
}

static struct stretch widen(struct stretch s, int64_t by)
{
        return (struct stretch){
                .from = s.from > INT64_MIN + by ? s.from - by : INT64_MIN,
                .to = s.to < INT64_MAX - by ? s.to + by : INT64_MAX,
        };
}

/* What is delegated to a customer out of a larger prefix (a wholesale one, a pool) is his alone: where a
 * lease with a longer prefix stood throughout for certain, shorter ones do not count. Its prefix length, or
 * 0. */
static unsigned find_delegated(const struct attribution_rules *rules, const struct evidence *e,
        const struct address *address, uint32_t vrf, bool vrf_known, struct stretch wide)
{
        unsigned longest = 0;

        for (size_t i = 0; i < e->lease_count; i++) {
                const struct lease *lease = &e->leases[i];
                struct stretch certain, possible;
                if (!is_lease_of(rules, lease, address, vrf, vrf_known))
                        continue;
                stretches_of(lease, rules, e, &certain, &possible);
                if (covers(certain, wide) && lease->is.prefix.length > longest)
                        longest = lease->is.prefix.length;
        }
        return longest;
}

static void add_tenant(struct tenancy *ret, const struct lease *lease, bool certain)
{
        if (ret->count == TENANTS_MAX) {
                ret->overflow = true;
                return;
        }
        if (ret->count > 0 && strcmp(ret->tenants[0].lease->is.subscriber, lease->is.subscriber) != 0)
                ret->changed = true;
        ret->tenants[ret->count++] = (struct tenant){.lease = lease, .certain = certain};
}

/* Do the tenants' leases, one behind the other without a second between, fill the stretch? */
static bool is_filled(const struct tenancy *tenancy, const struct attribution_rules *rules,
        const struct evidence *e, struct stretch stretch)
{
        int64_t at = stretch.from;
        bool moved = true;

        while (moved && at <= stretch.to) {
                moved = false;
                for (unsigned i = 0; i < tenancy->count; i++) {
                        struct stretch certain, possible;
                        stretches_of(tenancy->tenants[i].lease, rules, e, &certain, &possible);
                        if (certain.from > at + (at > stretch.from ? TIME_SECOND : 0) || certain.to < at)
                                continue;
                        at = certain.to < INT64_MAX ? certain.to + 1 : INT64_MAX;
                        moved = true;
                        if (at > stretch.to)
                                break;
                }
        }
        return at > stretch.to;
}

void tenancy_find(const struct attribution_rules *rules, const struct evidence *e,
        const struct address *address, uint32_t vrf, bool vrf_known, struct stretch stretch,
        struct tenancy *ret)
{
        struct stretch wide = widen(stretch, rules->uncertainty_ms);
        unsigned delegated = find_delegated(rules, e, address, vrf, vrf_known, wide);
        bool any_certain = false;

        *ret = (struct tenancy){.count = 0};
        for (size_t i = 0; i < e->lease_count; i++) {
                const struct lease *lease = &e->leases[i];
                struct stretch certain, possible;
                if (!is_lease_of(rules, lease, address, vrf, vrf_known) ||
                        lease->is.prefix.length < delegated)
                        continue;
                stretches_of(lease, rules, e, &certain, &possible);
                if (!stretch_touches(possible, wide))
                        continue;
                bool is_certain = stretch_touches(certain, stretch);
                add_tenant(ret, lease, is_certain);
                any_certain = any_certain || (is_certain && !(lease->is.flags & LEASE_RENEWABLE));
        }
        /* A complete log shows whoever else came, as far as it has been heard. */
        bool is_whole = rules->lease_log_complete && e->leases_heard_until_ms >= wide.to;
        ret->proven = ret->count > 0 && !ret->changed && !ret->overflow &&
                      (is_filled(ret, rules, e, stretch) || (any_certain && is_whole));
}
