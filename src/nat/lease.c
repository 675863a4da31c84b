/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/lease.h"

#include <errno.h>
#include <stdlib.h>

int lease_list_append(struct lease_list *list, const struct lease *lease)
{
        if (list->count == list->capacity) {
                size_t capacity = list->capacity ? list->capacity * 2 : 32;
                struct lease *items = realloc(list->items, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                list->items = items;
                list->capacity = capacity;
        }
        list->items[list->count++] = *lease;
        return 0;
}

void lease_list_free(struct lease_list *list)
{
        free(list->items);
        *list = (struct lease_list){0};
}

#define COMPARE(field)                                                                                       \
        do {                                                                                                 \
                if (a->is.field != b->is.field)                                                              \
                        return a->is.field < b->is.field ? -1 : 1;                                           \
        } while (0)

static int compare_holder(const struct lease *a, const struct lease *b)
{
        int r = address_compare(&a->is.prefix.address, &b->is.prefix.address);

        if (r)
                return r;
        COMPARE(prefix.length);
        COMPARE(vrf);
        r = strcmp(a->is.subscriber, b->is.subscriber);
        if (r)
                return r;
        COMPARE(session);
        return 0;
}

/* Within one holder: by the first instant known, then everything else, so that the order is total. */
static int64_t first_instant(const struct lease *lease)
{
        return lease->is.from_ms != TIME_UNKNOWN ? lease->is.from_ms : lease->is.to_ms;
}

/* Of pointers to leases. */
static int compare_for_joining(const void *left, const void *right)
{
        const struct lease *a = *(const struct lease *const *)left, *b = *(const struct lease *const *)right;
        int r = compare_holder(a, b);

        if (r)
                return r;
        if (first_instant(a) != first_instant(b))
                return first_instant(a) < first_instant(b) ? -1 : 1;
        COMPARE(from_edge);
        COMPARE(to_edge);
        COMPARE(to_ms);
        COMPARE(flags);
        return a->seen_until_ms < b->seen_until_ms ? -1 : a->seen_until_ms > b->seen_until_ms;
}

static int compare_stored(const void *left, const void *right)
{
        const struct lease *a = *(const struct lease *const *)left, *b = *(const struct lease *const *)right;
        int r = address_compare(&a->is.prefix.address, &b->is.prefix.address);

        if (r)
                return r;
        COMPARE(prefix.length);
        if (first_instant(a) != first_instant(b))
                return first_instant(a) < first_instant(b) ? -1 : 1;
        return compare_for_joining(left, right);
}

static void see_until(struct lease *lease, int64_t instant)
{
        if (instant != TIME_UNKNOWN && instant > lease->seen_until_ms)
                lease->seen_until_ms = instant;
}

static bool has_end(const struct lease *lease)
{
        return lease->is.to_edge == EDGE_OBSERVED || lease->is.to_edge == EDGE_BOUND;
}

static bool has_beginning(const struct lease *lease)
{
        return lease->is.from_edge == EDGE_OBSERVED || lease->is.from_edge == EDGE_BOUND;
}

/* What was observed outranks what was computed (stop minus session time), that an interim. */
static unsigned rank_of_edge(uint8_t edge)
{
        return edge == EDGE_OBSERVED ? 3 : edge == EDGE_BOUND ? 2 : edge == EDGE_INTERIM ? 1 : 0;
}

static void join_beginning(struct lease *a, const struct lease *b)
{
        unsigned rank_a = rank_of_edge(a->is.from_edge), rank_b = rank_of_edge(b->is.from_edge);

        if (rank_b > rank_a || (rank_b == rank_a && rank_b > 0 && b->is.from_ms < a->is.from_ms)) {
                a->is.from_ms = b->is.from_ms;
                a->is.from_edge = b->is.from_edge;
        }
}

/* Among ends, an observed one outranks a computed one, that one an interim; of two interims the later says
 * more. Of two ends alike the earlier counts: a session that is said to have ended twice names nobody after
 * the first. */
static void join_end(struct lease *a, const struct lease *b)
{
        unsigned rank_a = rank_of_edge(a->is.to_edge), rank_b = rank_of_edge(b->is.to_edge);
        bool earlier = b->is.to_ms < a->is.to_ms, interim = b->is.to_edge == EDGE_INTERIM;

        if (rank_b > rank_a || (rank_b == rank_a && rank_b > 0 && (interim ? !earlier : earlier))) {
                a->is.to_ms = b->is.to_ms;
                a->is.to_edge = b->is.to_edge;
        }
        if (has_end(a))
                a->is.flags &= (uint8_t)~LEASE_STANDING;
}

/* A client that is seen again may have lost the address in between, to somebody whose records are gone:
 * pieces are one lease only where the first is proven until the second begins. A later piece without a
 * beginning may lie inside; one that was seen to begin is another lease. */
static bool meets(const struct lease *a, const struct lease *b)
{
        int64_t first = first_instant(b);

        if (has_beginning(b) && first != first_instant(a))
                return false;
        /* Two ends that were seen are two leases, unless they are the same. */
        if (has_end(a) && a->is.to_edge == EDGE_OBSERVED &&
                (b->seen_until_ms > a->is.to_ms || (has_end(b) && b->is.to_ms != a->is.to_ms)))
                return false;
        return first <= a->seen_until_ms;
}

/* One tells since when the session existed at most, the other when this address was seen in it; a session may
 * get an address later than it began, so both are kept. A beginning that was seen says both. */
static bool is_of_session(const struct lease *a, const struct lease *b)
{
        return a->is.session != 0 && !((a->is.flags | b->is.flags) & LEASE_RENEWABLE) &&
               ((a->is.from_edge == EDGE_BOUND && !has_beginning(b)) ||
                       (b->is.from_edge == EDGE_BOUND && !has_beginning(a)));
}

/* Events that carry the source's session identity belong together; without one only rows with the same
 * beginning do (a standing row that a later export closed, or the same row again). */
static bool belongs(const struct lease *a, const struct lease *b)
{
        if (compare_holder(a, b) != 0)
                return false;
        if ((a->is.flags | b->is.flags) & LEASE_RENEWABLE)
                return (a->is.flags & b->is.flags & LEASE_RENEWABLE) && meets(a, b);
        if (is_of_session(a, b))
                return false;
        /* A source may give the same identity again after it restarted: what begins after the end is another.
         */
        if (has_end(a) && has_beginning(b) && b->is.from_ms > a->is.to_ms)
                return false;
        /* Two beginnings of one identity are two sessions: the end of the first was lost. */
        if (a->is.session != 0 && a->is.from_edge == EDGE_OBSERVED && b->is.from_edge == EDGE_OBSERVED &&
                a->is.from_ms != b->is.from_ms)
                return false;
        if (a->is.session != 0)
                return true;
        return has_beginning(a) && has_beginning(b) && a->is.from_ms == b->is.from_ms;
}

static void join_lease(struct lease *a, const struct lease *b)
{
        see_until(a, b->seen_until_ms);
        join_beginning(a, b);
        join_end(a, b);
}

/* What is kept apart of one session ends with it. */
static void share_end(struct lease *a, struct lease *b)
{
        if (compare_holder(a, b) != 0 || !is_of_session(a, b))
                return;
        struct lease *seen = has_beginning(a) ? b : a, *told = has_beginning(a) ? a : b;
        /* The same identity may be given again to a later session. */
        if (!has_end(told) || told->is.to_ms < first_instant(seen))
                return;
        join_end(seen, told);
        see_until(seen, told->seen_until_ms);
}

size_t lease_join_rows(struct lease **rows, size_t count)
{
        size_t kept = 0;

        for (size_t i = 0; i < count; i++) {
                struct lease *lease = rows[i];
                see_until(lease, lease->is.from_ms);
                /* "Had ended by then" says nothing of when it was still there. */
                if (lease->is.to_edge != EDGE_BOUND || lease->is.from_edge == EDGE_BOUND)
                        see_until(lease, lease->is.to_ms);
        }
        if (count > 1)
                qsort(rows, count, sizeof *rows, compare_for_joining);
        for (size_t i = 0; i < count; i++) {
                struct lease *before = kept > 0 ? rows[kept - 1] : NULL, *lease = rows[i];
                if (before && belongs(before, lease)) {
                        join_lease(before, lease);
                        continue;
                }
                if (before)
                        share_end(before, lease);
                rows[kept++] = lease;
        }
        if (kept > 1)
                qsort(rows, kept, sizeof *rows, compare_stored);
        return kept;
}

int lease_join(struct lease_list *list)
{
        struct lease **rows = malloc((list->count + 1) * sizeof *rows);

        if (!rows)
                return -ENOMEM;
        for (size_t i = 0; i < list->count; i++)
                rows[i] = &list->items[i];
        size_t kept = lease_join_rows(rows, list->count);
        struct lease *items = malloc((kept + 1) * sizeof *items);
        for (size_t i = 0; items && i < kept; i++)
                items[i] = *rows[i];
        free(rows);
        if (!items)
                return -ENOMEM;
        free(list->items);
        *list = (struct lease_list){.items = items, .count = kept, .capacity = kept + 1};
        return 0;
}
