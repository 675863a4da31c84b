/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/pairing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMPARE(field)                                                                                       \
        do {                                                                                                 \
                if (a->field != b->field)                                                                    \
                        return a->field < b->field ? -1 : 1;                                                 \
        } while (0)

/* What makes two instants belong to one binding: everything but time and action. */
static int compare_key(const struct nat_point *a, const struct nat_point *b)
{
        COMPARE(port_first);
        COMPARE(port_last);
        COMPARE(protocol);
        COMPARE(kind);
        COMPARE(inside);
        COMPARE(inside_port);
        COMPARE(session);
        COMPARE(exporter);
        COMPARE(flags);
        COMPARE(destination);
        COMPARE(destination_port);
        return 0;
}

static int compare_point(const void *left, const void *right)
{
        const struct nat_point *a = left, *b = right;
        int r = compare_key(a, b);

        if (r)
                return r;
        COMPARE(time_ms);
        COMPARE(action);
        return 0;
}

/* --- Sorting
 * ------------------------------------------------------------------------------------------------------
 *
 * The order is compare_point's and nothing else; only the way to it is short. An address lends 64,512 ports
 * and has some thousand instants in an hour: a radix sort by port leaves runs of a few points, and these are
 * sorted by comparison. */

#define SMALL_RUN 24 /* so many are sorted by insertion */
#define SORTABLE_MOST (UINT32_C(1) << 24)
#define DIGIT_BITS 11u
#define DIGITS (1u << DIGIT_BITS)

/* Memory for sorting: keys (what is sorted by above, the place in the lower 24 bits), and a copy of what is
 * sorted. */
struct sorting {
        uint64_t *keys, *spare;
        void *copy;
};

static void sorting_free(struct sorting *sorting)
{
        free(sorting->keys);
        free(sorting->spare);
        free(sorting->copy);
}

static int sorting_make(size_t count, size_t size, struct sorting *ret)
{
        struct sorting sorting = {
                .keys = malloc(count * sizeof *sorting.keys),
                .spare = malloc(count * sizeof *sorting.spare),
                .copy = malloc(count * size),
        };
        if (!sorting.keys || !sorting.spare || !sorting.copy) {
                sorting_free(&sorting);
                return -ENOMEM;
        }
        *ret = sorting;
        return 0;
}

/* Sorts keys by `bits` bits above the place; stable. */
static void sort_keys(struct sorting *sorting, size_t count, unsigned bits)
{
        for (unsigned shift = 24; shift < 24 + bits; shift += DIGIT_BITS) {
                uint32_t starts[DIGITS] = {0}, sum = 0;
                for (size_t i = 0; i < count; i++)
                        starts[sorting->keys[i] >> shift & (DIGITS - 1)]++;
                for (size_t i = 0; i < DIGITS; i++) {
                        uint32_t here = starts[i];
                        starts[i] = sum;
                        sum += here;
                }
                for (size_t i = 0; i < count; i++)
                        sorting->spare[starts[sorting->keys[i] >> shift & (DIGITS - 1)]++] = sorting->keys[i];
                uint64_t *swapped = sorting->keys;
                sorting->keys = sorting->spare;
                sorting->spare = swapped;
        }
}

static void sort_run(struct nat_point *points, size_t count)
{
        if (count > SMALL_RUN) {
                qsort(points, count, sizeof *points, compare_point);
                return;
        }
        for (size_t i = 1; i < count; i++) {
                if (compare_point(&points[i - 1], &points[i]) <= 0)
                        continue;
                struct nat_point moved = points[i];
                size_t at = i;
                for (; at > 0 && compare_point(&points[at - 1], &moved) > 0; at--)
                        points[at] = points[at - 1];
                points[at] = moved;
        }
}

/* Points sorted by first port already: the rest of the order. */
static void sort_runs(struct nat_point *points, size_t count)
{
        for (size_t at = 0, next; at < count; at = next) {
                next = at + 1;
                while (next < count && points[next].port_first == points[at].port_first)
                        next++;
                sort_run(points + at, next - at);
        }
}

/* A sorted copy, owned by the caller. */
static int sort_points(const struct nat_point *points, size_t count, struct nat_point **ret_sorted)
{
        struct sorting sorting;
        int r = sorting_make(count + 1, sizeof *points, &sorting);

        if (r < 0)
                return r;
        struct nat_point *sorted = sorting.copy;
        sorting.copy = NULL;
        if (count <= SMALL_RUN || count > SORTABLE_MOST) {
                if (count > 0)
                        memcpy(sorted, points, count * sizeof *points);
                sort_run(sorted, count);
        } else {
                for (size_t i = 0; i < count; i++)
                        sorting.keys[i] = (uint64_t)points[i].port_first << 24 | i;
                sort_keys(&sorting, count, 16);
                for (size_t i = 0; i < count; i++)
                        sorted[i] = points[sorting.keys[i] & (SORTABLE_MOST - 1)];
                sort_runs(sorted, count);
        }
        sorting_free(&sorting);
        *ret_sorted = sorted;
        return 0;
}

static void sort_bindings_of_one_instant(struct nat_binding *bindings, size_t count)
{
        if (count > SMALL_RUN) {
                qsort(bindings, count, sizeof *bindings, binding_compare);
                return;
        }
        for (size_t i = 1; i < count; i++) {
                struct nat_binding moved = bindings[i];
                size_t at = i;
                for (; at > 0 && binding_compare(&bindings[at - 1], &moved) > 0; at--)
                        bindings[at] = bindings[at - 1];
                bindings[at] = moved;
        }
}

static unsigned width_of(uint64_t value)
{
        unsigned bits = 0;

        for (; value; value >>= 1)
                bits++;
        return bits;
}

/* By binding_compare, from the one at `from` on: the instant first, by radix; the few of one millisecond by
 * comparison. The list's memory may be another afterwards: what is sorted is moved once. */
static int sort_bindings(struct binding_list *list, size_t from)
{
        struct nat_binding *bindings = list->items + from;
        size_t count = list->count - from;
        int64_t first = INT64_MAX, last = INT64_MIN;
        struct sorting sorting;

        for (size_t i = 0; i < count; i++) {
                int64_t instant = binding_instant(&bindings[i]);
                first = instant < first ? instant : first;
                last = instant > last ? instant : last;
        }
        unsigned bits = count ? width_of((uint64_t)last - (uint64_t)first) : 0;
        if (count <= SMALL_RUN || count > SORTABLE_MOST || bits > 40) {
                sort_bindings_of_one_instant(bindings, count);
                return 0;
        }
        int r = sorting_make(list->capacity, sizeof *bindings, &sorting);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++)
                sorting.keys[i] = (uint64_t)(binding_instant(&bindings[i]) - first) << 24 | i;
        sort_keys(&sorting, count, bits);
        struct nat_binding *copy = sorting.copy, *sorted = copy + from;
        memcpy(copy, list->items, from * sizeof *copy);
        for (size_t i = 0; i < count; i++)
                sorted[i] = bindings[sorting.keys[i] & (SORTABLE_MOST - 1)];
        sorting.copy = list->items; /* freed with the rest */
        list->items = copy;
        bindings = sorted;
        for (size_t at = 0, next; at < count; at = next) {
                next = at + 1;
                while (next < count && sorting.keys[next] >> 24 == sorting.keys[at] >> 24)
                        next++;
                sort_bindings_of_one_instant(bindings + at, next - at);
        }
        sorting_free(&sorting);
        return 0;
}

/* --- Points
 * ------------------------------------------------------------------------------------------------------ */

/* Equal points are one event heard twice: UDP delivered a copy, or a file was read again. But where a session
 * tells neither its destination nor an identity, two flows of one customer over one endpoint that ended at
 * the same instant look just like that, and the one that seems to go on may be over. So a repeated end leaves
 * a sign of life in its place: what is still open then is known to have lived until then, and nothing is
 * claimed of it afterwards. */
static bool may_be_another_end(const struct nat_point *p)
{
        return p->kind == NAT_SESSION && p->session == 0 && !(p->flags & NAT_HAS_DESTINATION) &&
               (p->action == NAT_CLOSE || p->action == NAT_CLOSE_BOUND);
}

static size_t remove_repeated(struct nat_point *points, size_t count)
{
        bool changed = false;
        size_t kept = 0;

        for (size_t i = count; i-- > 1;)
                if (may_be_another_end(&points[i]) && compare_point(&points[i - 1], &points[i]) == 0) {
                        points[i].action = NAT_ALIVE;
                        changed = true;
                }
        if (changed)
                sort_runs(points, count);
        for (size_t i = 0; i < count; i++)
                if (kept == 0 || compare_point(&points[kept - 1], &points[i]) != 0)
                        points[kept++] = points[i];
        return kept;
}

static void remove_destinations(struct nat_point *points, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                points[i].destination = HOST_NONE;
                points[i].destination_port = 0;
                points[i].flags &= (uint8_t)~NAT_HAS_DESTINATION;
        }
}

static struct nat_point point_of(const struct nat_binding *b, int64_t time_ms, enum nat_action action)
{
        return (struct nat_point){
                .time_ms = time_ms,
                .outside = b->outside,
                .inside = b->inside,
                .destination = b->destination,
                .session = b->session,
                .port_first = b->port_first,
                .port_last = b->port_last,
                .inside_port = b->inside_port,
                .destination_port = b->destination_port,
                .exporter = b->exporter,
                .protocol = b->protocol,
                .kind = b->kind,
                .action = (uint8_t)action,
                .flags = b->flags,
        };
}

/* Takes a stored binding apart into the instants that it was made of; at most two. */
static size_t take_apart(const struct nat_binding *b, struct nat_point *points)
{
        size_t count = 0;

        if (b->from_edge == EDGE_OBSERVED || b->from_edge == EDGE_BOUND)
                points[count++] = point_of(b, b->from_ms, NAT_OPEN);
        else if (b->from_edge == EDGE_INTERIM)
                points[count++] = point_of(b, b->from_ms, NAT_ALIVE);
        if (b->to_edge == EDGE_OBSERVED)
                points[count++] = point_of(b, b->to_ms, NAT_CLOSE);
        else if (b->to_edge == EDGE_BOUND)
                points[count++] = point_of(b, b->to_ms, NAT_CLOSE_BOUND);
        else if (b->to_edge == EDGE_INTERIM && (b->from_edge != EDGE_INTERIM || b->from_ms != b->to_ms))
                points[count++] = point_of(b, b->to_ms, NAT_ALIVE);
        return count;
}

/* A binding that has begun (or was seen alive) and not ended yet, while one key is walked. */
struct begun {
        int64_t from_ms, alive_ms;
        uint8_t from_edge;
};

struct walk {
        struct begun *stack; /* room for every point of the address */
        size_t depth;
        struct binding_list *ret; /* with room for a binding for every point: none gives more than one */
};

static void emit(struct walk *walk, const struct nat_point *p, const struct begun *begun, int64_t to_ms,
        enum binding_edge to_edge)
{
        walk->ret->items[walk->ret->count++] = (struct nat_binding){
                .from_ms = begun ? begun->from_ms : TIME_UNKNOWN,
                .to_ms = to_ms,
                .outside = p->outside,
                .inside = p->inside,
                .destination = p->destination,
                .session = p->session,
                .port_first = p->port_first,
                .port_last = p->port_last,
                .inside_port = p->inside_port,
                .destination_port = p->destination_port,
                .exporter = p->exporter,
                .protocol = p->protocol,
                .kind = p->kind,
                .flags = p->flags,
                .from_edge = begun ? begun->from_edge : (uint8_t)EDGE_OPEN,
                .to_edge = (uint8_t)to_edge,
        };
}

static void push(struct walk *walk, int64_t time_ms, enum binding_edge edge)
{
        walk->stack[walk->depth++] = (struct begun){
                .from_ms = time_ms,
                .alive_ms = edge == EDGE_INTERIM ? time_ms : TIME_UNKNOWN,
                .from_edge = (uint8_t)edge,
        };
}

/* All points of one key at one instant. A close first ends what had begun before, then what began in the same
 * millisecond; what is left of closes has a beginning that nobody saw. */
static void walk_instant(struct walk *walk, const struct nat_point *points, size_t count)
{
        size_t opens = 0, alive = 0, closes = 0;
        int64_t now = points[0].time_ms;

        for (size_t i = 0; i < count; i++) {
                opens += points[i].action == NAT_OPEN;
                alive += points[i].action == NAT_ALIVE;
        }
        for (size_t i = 0; i < count; i++) {
                const struct nat_point *p = &points[i];
                if (p->action != NAT_CLOSE && p->action != NAT_CLOSE_BOUND)
                        continue;
                enum binding_edge edge = p->action == NAT_CLOSE ? EDGE_OBSERVED : EDGE_BOUND;
                closes++;
                if (walk->depth > 0) {
                        walk->depth--;
                        emit(walk, p, &walk->stack[walk->depth], now, edge);
                } else if (opens > 0) {
                        struct begun begun = {.from_ms = now, .from_edge = EDGE_OBSERVED};
                        opens--;
                        emit(walk, p, &begun, now, edge);
                } else {
                        emit(walk, p, NULL, now, edge);
                }
        }
        while (opens-- > 0)
                push(walk, now, EDGE_OBSERVED);
        /* A sign of life beside an end does not say of which it is: it bounds all that is left. */
        for (size_t i = alive && closes        ? 0
                        : alive && walk->depth ? walk->depth - 1
                                               : walk->depth;
                i < walk->depth; i++)
                walk->stack[i].alive_ms = now;
        if (alive && !closes && walk->depth == 0)
                push(walk, now, EDGE_INTERIM);
}

static void walk_key(struct walk *walk, const struct nat_point *points, size_t count)
{
        size_t at = 0;

        walk->depth = 0;
        while (at < count) {
                size_t next = at + 1;
                while (next < count && points[next].time_ms == points[at].time_ms)
                        next++;
                walk_instant(walk, points + at, next - at);
                at = next;
        }
        for (size_t i = 0; i < walk->depth; i++) {
                bool alive = walk->stack[i].alive_ms != TIME_UNKNOWN;
                emit(walk, &points[0], &walk->stack[i], walk->stack[i].alive_ms,
                        alive ? EDGE_INTERIM : EDGE_OPEN);
        }
}

/* Unites two sorted sets of points; of equal points, as many are kept as the richer set has. ret has room for
 * all. */
static size_t unite(const struct nat_point *a, size_t a_count, const struct nat_point *b, size_t b_count,
        struct nat_point *ret)
{
        size_t i = 0, j = 0, count = 0;

        while (i < a_count && j < b_count) {
                int r = compare_point(&a[i], &b[j]);
                ret[count++] = r <= 0 ? a[i] : b[j];
                i += r <= 0;
                j += r >= 0;
        }
        while (i < a_count)
                ret[count++] = a[i++];
        while (j < b_count)
                ret[count++] = b[j++];
        return count;
}

static int take_all_apart(const struct nat_binding *stored, size_t count, bool keep_destinations,
        struct nat_point *points, struct nat_point **ret_sorted, size_t *ret_count)
{
        size_t used = 0;

        for (size_t i = 0; i < count; i++)
                used += take_apart(&stored[i], points + used);
        if (!keep_destinations)
                remove_destinations(points, used);
        *ret_count = used;
        return sort_points(points, used, ret_sorted);
}

static int make_room(struct binding_list *list, size_t more)
{
        if (list->capacity - list->count >= more)
                return 0;
        struct nat_binding *grown = realloc(list->items, (list->count + more) * sizeof *grown);
        if (!grown)
                return -ENOMEM;
        list->items = grown;
        list->capacity = list->count + more;
        return 0;
}

static int walk_all(const struct nat_point *points, size_t count, struct binding_list *ret)
{
        size_t first = ret->count;
        struct walk walk = {.stack = malloc((count ? count : 1) * sizeof(struct begun)), .ret = ret};

        if (!walk.stack || make_room(ret, count) < 0) {
                free(walk.stack);
                return -ENOMEM;
        }
        for (size_t at = 0, next; at < count; at = next) {
                next = at + 1;
                while (next < count && compare_key(&points[at], &points[next]) == 0)
                        next++;
                walk_key(&walk, points + at, next - at);
        }
        free(walk.stack);
        return sort_bindings(ret, first);
}

/* Pairs the sorted points with what is stored. */
static int pair_with(const struct nat_point *points, size_t point_count, bool keep_destinations,
        const struct nat_binding *stored, size_t stored_count, struct binding_list *ret)
{
        size_t most = 2 * stored_count, apart_count;
        struct nat_point *points_apart = malloc(most * sizeof *points_apart), *apart = NULL;
        struct nat_point *united = malloc((most + point_count) * sizeof *united);
        int r = points_apart && united ? take_all_apart(stored, stored_count, keep_destinations, points_apart,
                                                 &apart, &apart_count)
                                       : -ENOMEM;

        if (r == 0) {
                size_t count = unite(apart, apart_count, points, point_count, united);
                r = walk_all(united, count, ret);
        }
        free(points_apart);
        free(apart);
        free(united);
        return r;
}

int pairing_run(const struct nat_point *points, size_t point_count, bool keep_destinations,
        const struct nat_binding *stored, size_t stored_count, struct binding_list *ret)
{
        struct nat_point *sorted;
        int r = sort_points(points, point_count, &sorted);

        if (r < 0)
                return r;
        point_count = remove_repeated(sorted, point_count);
        if (!keep_destinations) {
                remove_destinations(sorted, point_count);
                sort_runs(sorted, point_count);
        }
        r = stored_count == 0 ? walk_all(sorted, point_count, ret)
                              : pair_with(sorted, point_count, keep_destinations, stored, stored_count, ret);
        free(sorted);
        return r;
}
