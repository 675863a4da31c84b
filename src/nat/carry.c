/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/carry.h"

#include <errno.h>
#include <stdlib.h>

static bool has_end(const struct nat_binding *b)
{
        return b->to_edge == EDGE_OBSERVED || b->to_edge == EDGE_BOUND;
}

static bool same_endpoints(const struct nat_binding *a, const struct nat_binding *b)
{
        return a->port_first == b->port_first && a->port_last == b->port_last && a->protocol == b->protocol &&
               a->kind == b->kind && a->inside == b->inside && a->inside_port == b->inside_port &&
               a->destination == b->destination && a->destination_port == b->destination_port;
}

bool binding_shows_end(const struct nat_binding *b, const struct nat_binding *other, bool exclusive)
{
        if (other->from_edge != EDGE_OBSERVED || other == b || has_end(b) || b->from_edge == EDGE_OPEN)
                return false;
        if (b->protocol != other->protocol && b->protocol != NAT_PROTOCOL_ANY &&
                other->protocol != NAT_PROTOCOL_ANY)
                return false;
        int64_t alive = b->to_edge == EDGE_INTERIM ? b->to_ms : b->from_ms;
        if (other->from_ms <= b->from_ms || other->from_ms < alive)
                return false;
        if (same_endpoints(b, other))
                return b->kind != NAT_SESSION || (b->flags & NAT_HAS_DESTINATION);
        return exclusive && other->inside != b->inside;
}

int64_t binding_longest_life(const struct nat_binding *b, const struct attribution_rules *rules)
{
        return b->kind >= NAT_BLOCK ? rules->longest_block_ms : rules->longest_session_ms;
}

static int compare_port(const void *left, const void *right)
{
        const struct nat_binding *const *a = left, *const *b = right;
        return ((*a)->port_first > (*b)->port_first) - ((*a)->port_first < (*b)->port_first);
}

/* The bindings of an address that may show an end, by first port; those that lend a range stand aside,
 * because any port may be theirs. */
struct by_port {
        const struct nat_binding **single, **ranges;
        size_t single_count, range_count;
};

/* The ports that bindings which may live on hold, as a set of bits: only who shares one of them can show an
 * end. */
#define PORT_WORDS (65536 / 64)

static void mark_ports(uint64_t marks[PORT_WORDS], const struct nat_binding *b)
{
        for (unsigned port = b->port_first; port <= b->port_last; port++)
                marks[port / 64] |= UINT64_C(1) << port % 64;
}

/* Expects index->single and index->ranges with room for all. */
static void by_port_fill(const struct nat_binding *bindings, size_t count, const uint64_t marks[PORT_WORDS],
        struct by_port *index)
{
        for (size_t i = 0; i < count; i++) {
                const struct nat_binding *b = &bindings[i];
                if (b->from_edge != EDGE_OBSERVED)
                        continue; /* shows nothing */
                if (b->port_first != b->port_last)
                        index->ranges[index->range_count++] = b;
                else if (marks[b->port_first / 64] >> b->port_first % 64 & 1)
                        index->single[index->single_count++] = b;
        }
        if (index->single_count > 1)
                qsort(index->single, index->single_count, sizeof *index->single, compare_port);
}

static int by_port_make(const struct nat_binding *bindings, size_t count, const uint64_t marks[PORT_WORDS],
        struct by_port *ret)
{
        struct by_port index = {
                .single = malloc((count + 1) * sizeof *index.single),
                .ranges = malloc((count + 1) * sizeof *index.ranges),
        };
        if (!index.single || !index.ranges) {
                free(index.single);
                free(index.ranges);
                return -ENOMEM;
        }
        by_port_fill(bindings, count, marks, &index);
        *ret = index;
        return 0;
}

static bool is_exclusive_pair(
        const struct nat_binding *a, const struct nat_binding *b, const struct attribution_rules *rules)
{
        /* What was lent through a port that the log does not tell need not be the same port. */
        return rules->mapping == MAPPING_ENDPOINT_INDEPENDENT &&
               !((a->flags | b->flags) & (NAT_DESTINATION_BOUND | NAT_PORT_UNKNOWN));
}

static bool is_shown_ended(
        const struct nat_binding *b, const struct by_port *index, const struct attribution_rules *rules)
{
        size_t low = 0, high = index->single_count;

        for (size_t i = 0; i < index->range_count; i++) {
                const struct nat_binding *other = index->ranges[i];
                if (other->port_first <= b->port_last && other->port_last >= b->port_first &&
                        binding_shows_end(b, other, is_exclusive_pair(b, other, rules)))
                        return true;
        }
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (index->single[middle]->port_first < b->port_first)
                        low = middle + 1;
                else
                        high = middle;
        }
        for (; low < index->single_count && index->single[low]->port_first <= b->port_last; low++)
                if (binding_shows_end(b, index->single[low], is_exclusive_pair(b, index->single[low], rules)))
                        return true;
        return false;
}

static bool may_live(const struct nat_binding *b, const struct attribution_rules *rules, int64_t window_to)
{
        int64_t known = b->to_edge == EDGE_INTERIM ? b->to_ms : b->from_ms;

        return !has_end(b) && b->from_edge != EDGE_OPEN &&
               window_to - known <= binding_longest_life(b, rules);
}

int carry_select(const struct nat_binding *bindings, size_t count, const struct attribution_rules *rules,
        int64_t window_to, struct binding_list *ret)
{
        uint64_t marks[PORT_WORDS] = {0};
        struct by_port index;
        bool any = false;

        for (size_t i = 0; i < count; i++) {
                if (!may_live(&bindings[i], rules, window_to))
                        continue;
                mark_ports(marks, &bindings[i]);
                any = true;
        }
        if (!any)
                return 0;
        int r = by_port_make(bindings, count, marks, &index);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count && r == 0; i++)
                if (may_live(&bindings[i], rules, window_to) && !is_shown_ended(&bindings[i], &index, rules))
                        r = binding_list_append(ret, &bindings[i]);
        free(index.single);
        free(index.ranges);
        return r;
}

int carry_strip(
        const struct nat_binding *bindings, size_t count, int64_t window_from, struct binding_list *ret)
{
        int r = 0;

        for (size_t i = 0; i < count && r == 0; i++) {
                struct nat_binding b = bindings[i];
                if (b.from_edge == EDGE_OPEN || b.from_ms >= window_from) {
                        r = binding_list_append(ret, &b);
                        continue;
                }
                if (b.to_edge == EDGE_OPEN || b.to_ms < window_from)
                        continue;
                bool interim = b.to_edge == EDGE_INTERIM;
                b.from_edge = interim ? EDGE_INTERIM : EDGE_OPEN;
                b.from_ms = interim ? b.to_ms : TIME_UNKNOWN;
                r = binding_list_append(ret, &b);
        }
        return r;
}
