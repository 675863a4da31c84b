/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/planned.h"

#include <stdlib.h>

/* The last moment at which the row holds. */
static int64_t last_moment(const struct plan_entry *entry)
{
        return entry->until_ms == TIME_UNKNOWN ? INT64_MAX : entry->until_ms - 1;
}

static bool is_valid_in(const struct plan_entry *entry, int64_t from_ms, int64_t to_ms)
{
        return entry->row.from_ms <= to_ms && last_moment(entry) >= from_ms;
}

static bool is_whole(const struct plan_row *row)
{
        return row->port_first == 0 && row->port_last == UINT16_MAX;
}

static bool has_protocol(const struct plan_row *row, int protocol)
{
        return protocol < 0 || row->protocol == NAT_PROTOCOL_ANY || row->protocol == protocol;
}

/* Ports mean nothing for a protocol without ports: only a row that lends the whole address speaks of it. */
static bool speaks_of(const struct plan_row *row, const struct question *q)
{
        if (q->protocol >= 0 && !nat_protocol_has_port(q->protocol))
                return is_whole(row) && has_protocol(row, q->protocol);
        return has_protocol(row, q->protocol) && (q->port < 0 || plan_row_has_port(row, (uint16_t)q->port));
}

bool plan_row_answers(
        const struct plan_entry *entry, const struct question *q, int64_t from_ms, int64_t to_ms)
{
        return !entry->row.is_dynamic && speaks_of(&entry->row, q) &&
               (q->port >= 0 || is_valid_in(entry, from_ms, to_ms));
}

/* Is some row valid at every moment of the interval? Rows stand in the order of their beginnings. */
static bool is_covered(const struct plan_list *plan, int64_t from_ms, int64_t to_ms)
{
        int64_t at = from_ms;

        for (size_t i = 0; i < plan->count && at <= to_ms; i++) {
                const struct plan_entry *entry = &plan->items[i];
                if (entry->row.from_ms > at)
                        break;
                if (last_moment(entry) == INT64_MAX)
                        return true;
                if (last_moment(entry) >= at)
                        at = last_moment(entry) + 1;
        }
        return at > to_ms;
}

struct plan_word plan_word_of(
        const struct plan_list *plan, const struct question *q, int64_t from_ms, int64_t to_ms)
{
        struct plan_word word = {.named = plan->count > 0};
        bool spoken = q->protocol < 0 || nat_protocol_has_port(q->protocol);

        for (size_t i = 0; i < plan->count; i++) {
                const struct plan_entry *entry = &plan->items[i];
                word.incomplete = word.incomplete || entry->marks & PLAN_INCOMPLETE;
                if (!is_valid_in(entry, from_ms, to_ms))
                        continue;
                /* That ports are lent says nothing of what has none. */
                word.touches = word.touches || spoken || is_whole(&entry->row);
                if (!speaks_of(&entry->row, q))
                        continue;
                word.dynamic = word.dynamic || entry->row.is_dynamic;
                word.disputed = word.disputed || entry->marks & PLAN_DISPUTED;
        }
        word.covers = word.touches && is_covered(plan, from_ms, to_ms);
        return word;
}

int plan_binding_make(const struct plan_entry *entry, const struct question *q, uint16_t exporter,
        struct host_table *hosts, struct nat_binding *ret)
{
        const struct plan_row *row = &entry->row;
        struct nat_host inside = {.address = row->inside.address, .vrf = row->vrf};
        unsigned range = q->port > row->port_first && row->repeat_count > 1
                                 ? (unsigned)(q->port - row->port_first) / row->repeat_every
                                 : 0;
        struct nat_binding b = {
                .from_ms = row->from_ms,
                .to_ms = entry->until_ms,
                .outside = row->outside,
                .exporter = exporter,
                .protocol = row->protocol,
                .kind = is_whole(row) ? NAT_ADDRESS : NAT_BLOCK,
                .flags = NAT_PLANNED,
                .from_edge = EDGE_OBSERVED,
                .to_edge = entry->until_ms == TIME_UNKNOWN ? EDGE_OPEN
                           : row->to_ms == TIME_UNKNOWN    ? EDGE_REUSED
                                                           : EDGE_OBSERVED,
                .inside_bits = row->inside.length,
        };

        plan_row_range(row, range < row->repeat_count ? range : 0, &b.port_first, &b.port_last);
        int r = host_intern(hosts, &inside, &b.inside);
        if (r == 0)
                *ret = b;
        return r;
}

int plan_add_spans(const struct plan_list *plan, uint16_t exporter, struct coverage *ret)
{
        struct coverage_span span = {
                .exporter = exporter,
                .flags = SPAN_HAS_EVENTS | SPAN_BEGINS_EMPTY,
                .offset_min_ms = OFFSET_UNKNOWN,
                .offset_max_ms = OFFSET_UNKNOWN,
        };
        int r = 0;

        for (size_t i = 0; i < plan->count && r == 0;) {
                int64_t last = last_moment(&plan->items[i]);
                span.from = plan->items[i].row.from_ms;
                for (i++; i < plan->count && last < INT64_MAX && plan->items[i].row.from_ms <= last + 1; i++)
                        last = last_moment(&plan->items[i]) > last ? last_moment(&plan->items[i]) : last;
                while (i < plan->count && last == INT64_MAX)
                        i++;
                span.to = last < TIME_LIMIT ? last : TIME_LIMIT;
                r = coverage_add_span(ret, &span);
        }
        return r;
}

/* --- Logs beside a plan --- */

/* What the plan says of a binding out of a log at one moment. */
enum agreement {
        AGREES,      /* the port was that host's, or the logs' own */
        CONTRADICTS, /* somebody else's, or nobody's */
        SILENT,      /* no row of the address was valid */
};

struct weighed {
        const struct plan_list *plan;
        const struct nat_host *host; /* NULL: not logged */
        struct question endpoint;    /* port and protocol that are weighed */
};

static bool is_host_of(const struct plan_row *row, const struct nat_host *host)
{
        return row->is_dynamic || !host ||
               (row->vrf == host->vrf && prefix_contains(&row->inside, &host->address));
}

/* ret_next: the first moment after it at which this may change; INT64_MAX: never. */
static enum agreement agreement_at(const struct weighed *w, int64_t at, int64_t *ret_next)
{
        enum agreement agreement = SILENT;
        int64_t next = INT64_MAX;

        for (size_t i = 0; i < w->plan->count; i++) {
                const struct plan_entry *entry = &w->plan->items[i];
                if (entry->row.from_ms > at && entry->row.from_ms < next)
                        next = entry->row.from_ms;
                if (!is_valid_in(entry, at, at))
                        continue;
                if (last_moment(entry) < next)
                        next = last_moment(entry) + 1;
                if (speaks_of(&entry->row, &w->endpoint) && is_host_of(&entry->row, w->host))
                        agreement = AGREES;
                else if (agreement == SILENT)
                        agreement = CONTRADICTS;
        }
        *ret_next = next;
        return agreement;
}

static bool contradicts(const struct weighed *w, struct stretch certain)
{
        int64_t at = certain.from;

        while (at <= certain.to) {
                int64_t next;
                if (agreement_at(w, at, &next) == CONTRADICTS)
                        return true;
                if (next == INT64_MAX)
                        return false;
                at = next;
        }
        return false;
}

static bool is_contradiction(
        const struct holding *h, const struct question *q, const struct evidence *e, struct stretch interval)
{
        const struct nat_binding *b = h->binding;
        struct nat_host host = host_get(e->hosts, b->inside);
        struct weighed w = {
                .plan = e->plan, .host = b->flags & NAT_INSIDE_UNKNOWN ? NULL : &host, .endpoint = *q};
        bool contradiction = false;

        /* A record without a port says nothing of this one. */
        if (b->flags & NAT_PORT_UNKNOWN || !stretch_touches(h->possible, interval))
                return false;
        if (q->protocol < 0 && b->protocol != NAT_PROTOCOL_ANY)
                w.endpoint.protocol = b->protocol;
        for (unsigned i = 0; i < h->certain_count && !contradiction; i++)
                contradiction = contradicts(&w, h->certain[i]);
        return contradiction;
}

bool plan_sift(const struct plan_word *word, const struct question *q, const struct evidence *e,
        struct stretch interval, struct holding_list *list)
{
        bool contradicted = false;
        size_t kept = 0;

        if (!plan_counts(word) || q->port < 0)
                return false;
        for (size_t i = 0; i < list->count; i++) {
                const struct holding *h = &list->items[i];
                bool planned = h->binding->flags & NAT_PLANNED;
                bool contradiction = !planned && is_contradiction(h, q, e, interval);
                contradicted = contradicted || contradiction;
                if (planned || contradiction || !plan_decides(word))
                        list->items[kept++] = *h;
        }
        list->count = kept;
        /* A plan lends a port to one host at a time, whatever the realm's mapping. */
        list->exclusive = list->exclusive || (plan_decides(word) && !contradicted && q->protocol >= 0);
        return contradicted;
}
