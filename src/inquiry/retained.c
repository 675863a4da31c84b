/* SPDX-License-Identifier: EUPL-1.2 */
/* Are the records that a question needs still to be had? */
#include "inquiry/gather.h"

#include "nat/carry.h"
#include "settings/retention.h"

static int64_t later(int64_t a, int64_t b)
{
        return a > b ? a : b; /* TIME_UNKNOWN is the earliest of all */
}

/* Records of this kind and address that ended before are gone, or must not be used any more. */
static int64_t horizon_of(const struct inquiry *inquiry, unsigned realm, enum retain_kind kind,
        const struct address *address, int64_t now_ms)
{
        struct retention rule = retention_of(&inquiry->realms[realm], kind, address);

        return later(
                retention_horizon(&rule, now_ms), depot_gone_until_of(&inquiry->gone[realm], kind, address));
}

static bool has_anything(const struct inquiry *inquiry, unsigned realm)
{
        return has_windows(inquiry, realm) || inquiry->gone[realm].count > 0 || has_leases(inquiry, realm) ||
               inquiry->plans[realm].is_open;
}

/* The earliest moment for which the tenant of a binding's inside host must be known: a flow belongs to
 * whoever opened it (nat/attribution.c). */
static int64_t tenancy_begins(const struct gathered *g, const struct nat_binding *b)
{
        if (b->kind >= NAT_BLOCK)
                return g->from_ms;
        int64_t begun =
                b->from_edge != EDGE_OPEN ? b->from_ms : g->from_ms - binding_longest_life(b, &g->rules);
        return begun < g->from_ms ? begun : g->from_ms;
}

/* A lease that was cut may have been that of the true holder, and the next tenant's would stand for his. */
static bool leases_are_gone(const struct inquiry *inquiry, unsigned realm, const struct question *q,
        const struct gathered *g, int64_t now_ms)
{
        int64_t margin = g->rules.uncertainty_ms;

        if (!g->lent && g->from_ms - margin < horizon_of(inquiry, realm, RETAIN_LEASES, &q->address, now_ms))
                return true;
        for (size_t i = 0; i < g->bindings.count; i++) {
                const struct nat_binding *b = &g->bindings.items[i];
                struct nat_host host = host_get(&g->hosts, b->inside);
                if (b->flags & NAT_INSIDE_UNKNOWN)
                        continue;
                int64_t horizon = horizon_of(inquiry, realm, RETAIN_LEASES, &host.address, now_ms);
                if (tenancy_begins(g, b) - margin < horizon)
                        return true;
        }
        return false;
}

bool is_outside_retention(const struct inquiry *inquiry, unsigned realm, const struct question *q,
        const struct gathered *g, int64_t now_ms)
{
        const struct realm_settings *settings = &inquiry->realms[realm];
        struct retention rule = retention_of(settings, RETAIN_BINDINGS, &q->address);

        /* Whose address it is may have been known from the records that are gone. */
        if (!g->ours && (settings->outside.count > 0 || !has_anything(inquiry, realm)))
                return false;
        if (address_is_ipv4(&q->address) && (retention_is_due(&rule, q->at_ms, now_ms) ||
                                                    g->from_ms < depot_gone_until_of(&inquiry->gone[realm],
                                                                         RETAIN_BINDINGS, &q->address)))
                return true;
        return leases_are_gone(inquiry, realm, q, g, now_ms);
}
