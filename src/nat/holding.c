/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/holding.h"

#include "nat/carry.h"

#include <errno.h>
#include <stdlib.h>

bool stretch_touches(struct stretch a, struct stretch b)
{
        return a.from <= b.to && b.from <= a.to;
}

bool holding_is_certain_in(const struct holding *holding, struct stretch interval)
{
        for (unsigned i = 0; i < holding->certain_count; i++)
                if (stretch_touches(holding->certain[i], interval))
                        return true;
        return false;
}

static bool matches_destination(
        const struct question *q, const struct nat_binding *b, const struct host_table *hosts)
{
        if (address_is_none(&q->destination) || !(b->flags & NAT_HAS_DESTINATION))
                return true;
        struct nat_host host = host_get(hosts, b->destination);
        return address_compare(&host.address, &q->destination) == 0 &&
               (q->destination_port < 0 || q->destination_port == b->destination_port);
}

static bool matches(const struct question *q, const struct nat_binding *b, const struct host_table *hosts)
{
        if (q->port >= 0 && (q->port < b->port_first || q->port > b->port_last))
                return false;
        if (q->protocol >= 0 && b->protocol != NAT_PROTOCOL_ANY && b->protocol != q->protocol)
                return false;
        return matches_destination(q, b, hosts);
}

/* May the endpoint asked have one holder at a time? Where the realm declares endpoint-independent mapping
 * (RFC 4787 section 4.1) and no record speaks against it; or where the question names the whole destination
 * and every record carries one, because then it asks for a five-tuple, which no NAT can lend twice at once.
 * A record whose port was not logged may be of any other port. */
static void find_exclusive(
        const struct question *q, const struct attribution_rules *rules, struct holding_list *list)
{
        bool five_tuple = !address_is_none(&q->destination) && q->destination_port >= 0 && list->count > 0;
        bool declared = rules->mapping == MAPPING_ENDPOINT_INDEPENDENT;

        for (size_t i = 0; i < list->count; i++) {
                const struct nat_binding *b = list->items[i].binding;
                bool any_port = b->flags & NAT_PORT_UNKNOWN;
                five_tuple = five_tuple && (b->flags & NAT_HAS_DESTINATION) && !any_port;
                declared = declared && !(b->flags & NAT_DESTINATION_BOUND) && !any_port;
        }
        list->five_tuple = five_tuple && q->port >= 0 && q->protocol >= 0;
        list->exclusive = q->port >= 0 && q->protocol >= 0 && (declared || five_tuple);
}

static bool has_end(const struct nat_binding *b)
{
        return b->to_edge == EDGE_OBSERVED || b->to_edge == EDGE_BOUND;
}

static int64_t add_bounded(int64_t instant, int64_t duration)
{
        return instant > INT64_MAX - duration ? INT64_MAX : instant + duration;
}

static int64_t find_reuse(const struct holding_list *list, const struct nat_binding *b)
{
        int64_t first = TIME_UNKNOWN;

        for (size_t i = 0; i < list->count; i++) {
                const struct nat_binding *other = list->items[i].binding;
                if (other->flags & NAT_PLANNED)
                        continue;
                if (binding_shows_end(b, other, list->exclusive) &&
                        (first == TIME_UNKNOWN || other->from_ms < first))
                        first = other->from_ms;
        }
        return first;
}

/* Logs of whole seconds count an end until the end of its second: what happened less than that before an end
 * may have come behind it. */
#define END_ROUNDED_MS 1000

/* The latest instant before b's end at which somebody else is known to have held the endpoint: b, whose
 * beginning was not seen, began after it. */
static int64_t earliest_beginning(const struct holding_list *list, const struct nat_binding *b)
{
        int64_t bound = INT64_MIN, end = b->to_ms - END_ROUNDED_MS;

        if (!list->exclusive)
                return bound;
        for (size_t i = 0; i < list->count; i++) {
                const struct nat_binding *other = list->items[i].binding;
                if (other->inside == b->inside || other->flags & NAT_PLANNED)
                        continue;
                if (other->from_edge != EDGE_OPEN && other->from_ms <= end && other->from_ms > bound)
                        bound = other->from_ms;
                if (other->to_edge != EDGE_OPEN && other->to_ms <= end && other->to_ms > bound)
                        bound = other->to_ms;
        }
        return bound;
}

static void set_possible(
        struct holding *h, const struct holding_list *list, const struct attribution_rules *rules)
{
        const struct nat_binding *b = h->binding;
        int64_t known = b->to_edge == EDGE_INTERIM ? b->to_ms : b->from_ms;

        h->possible.from = b->from_ms;
        if (b->from_edge == EDGE_OPEN || b->from_edge == EDGE_INTERIM) {
                h->possible.from = b->from_edge == EDGE_OPEN ? earliest_beginning(list, b) : INT64_MIN;
                h->reasons |= 1u << REASON_START_NOT_SEEN;
        }
        h->possible.to = b->to_ms;
        if (!has_end(b)) {
                h->possible.to = add_bounded(known, binding_longest_life(b, rules));
                if (h->reused_ms != TIME_UNKNOWN && h->reused_ms < h->possible.to)
                        h->possible.to = h->reused_ms;
                h->reasons |= 1u << REASON_END_NOT_SEEN;
        }
}

static void add_certain(struct holding *h, int64_t from, int64_t to)
{
        h->certain[h->certain_count++] = (struct stretch){.from = from, .to = to};
}

/* From an instant at which it was seen, a binding was held for as long as its exporter was heard without loss
 * and no end came. An opening of the same endpoint without an end before it shows that ends are missing in
 * spite of that: then nothing beyond the instant is certain. */
static int64_t certain_until(const struct holding *h, const struct evidence *e,
        const struct attribution_rules *rules, int64_t instant)
{
        struct heard heard = coverage_heard(e->coverage, h->binding->exporter, NULL, instant, instant);
        int64_t until = heard.whole && !e->loss_undetectable ? heard.to : instant;
        int64_t longest = add_bounded(instant, binding_longest_life(h->binding, rules));

        if (h->reused_ms != TIME_UNKNOWN && until >= h->reused_ms)
                return instant;
        return until < longest ? until : longest;
}

/* Where nothing tells the flows of one customer through one endpoint apart, a sign of life may stand for an
 * end that looks like that of another flow at the same instant (pairing.c), and another flow may have given
 * it: that none came after it proves nothing. */
static int64_t certain_since_sign(
        const struct holding *h, const struct evidence *e, const struct attribution_rules *rules)
{
        const struct nat_binding *b = h->binding;
        bool untold = b->kind == NAT_SESSION && b->session == 0 && !(b->flags & NAT_HAS_DESTINATION);

        return untold ? b->to_ms : certain_until(h, e, rules, b->to_ms);
}

static bool heard_through(const struct evidence *e, const struct nat_binding *b)
{
        return !e->loss_undetectable &&
               coverage_heard(e->coverage, b->exporter, NULL, b->from_ms, b->to_ms).whole;
}

static void set_certain(struct holding *h, const struct evidence *e, const struct attribution_rules *rules)
{
        const struct nat_binding *b = h->binding;

        if (b->from_edge == EDGE_OPEN) {
                add_certain(h, b->to_ms, b->to_ms);
                return;
        }
        if (b->to_edge == EDGE_OPEN) {
                add_certain(h, b->from_ms, certain_until(h, e, rules, b->from_ms));
                return;
        }
        h->continuous = b->session != 0 || heard_through(e, b);
        if (b->to_edge == EDGE_INTERIM) {
                int64_t end = certain_since_sign(h, e, rules);
                if (h->continuous) {
                        add_certain(h, b->from_ms, end);
                        return;
                }
                add_certain(h, b->from_ms, certain_until(h, e, rules, b->from_ms));
                add_certain(h, b->to_ms, end);
                h->reasons |= 1u << REASON_LOG_GAP;
                return;
        }
        if (h->continuous) {
                add_certain(h, b->from_ms, b->to_ms);
                return;
        }
        int64_t until = certain_until(h, e, rules, b->from_ms);
        add_certain(h, b->from_ms, until < b->to_ms ? until : b->to_ms);
        struct heard before_end = coverage_heard(e->coverage, b->exporter, NULL, b->to_ms, b->to_ms);
        bool known = before_end.whole && !e->loss_undetectable && before_end.from > b->from_ms;
        add_certain(h, known && before_end.from < b->to_ms ? before_end.from : b->to_ms, b->to_ms);
        h->reasons |= 1u << REASON_LOG_GAP;
}

/* A row of a plan holds from its first moment to its last, which its end is not. */
static void set_planned(struct holding *h)
{
        const struct nat_binding *b = h->binding;
        int64_t last = b->to_edge == EDGE_OPEN ? INT64_MAX : b->to_ms - 1;

        h->possible = (struct stretch){.from = b->from_ms, .to = last};
        add_certain(h, b->from_ms, last);
        h->continuous = true;
}

static void set_flag_reasons(struct holding *h, const struct question *q)
{
        if ((h->binding->flags & NAT_PORT_UNKNOWN) && q->port >= 0)
                h->reasons |= 1u << REASON_PORT_NOT_LOGGED;
        if (h->binding->flags & NAT_INSIDE_UNKNOWN)
                h->reasons |= 1u << REASON_INSIDE_NOT_LOGGED;
}

int holding_list_make(const struct question *q, const struct attribution_rules *rules,
        const struct evidence *e, struct holding_list *ret)
{
        struct holding_list list = {
                .items = calloc(e->binding_count ? e->binding_count : 1, sizeof(struct holding))};

        if (!list.items)
                return -ENOMEM;
        for (size_t i = 0; i < e->binding_count; i++)
                if (matches(q, &e->bindings[i], e->hosts))
                        list.items[list.count++] = (struct holding){
                                .binding = &e->bindings[i], .index = i, .reused_ms = TIME_UNKNOWN};
        find_exclusive(q, rules, &list);
        for (size_t i = 0; i < list.count; i++) {
                struct holding *h = &list.items[i];
                if (h->binding->flags & NAT_PLANNED) {
                        set_planned(h);
                        continue;
                }
                h->reused_ms = find_reuse(&list, h->binding);
                set_possible(h, &list, rules);
                set_certain(h, e, rules);
                set_flag_reasons(h, q);
        }
        *ret = list;
        return 0;
}

void holding_list_free(struct holding_list *list)
{
        free(list->items);
        *list = (struct holding_list){0};
}
