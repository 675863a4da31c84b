/* SPDX-License-Identifier: EUPL-1.2 */
/* pairing_run against the same thing written plainly: everything sorted by one comparison of all fields. */
#include "nat/pairing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- The plain way --- */

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

static void sort_points(struct nat_point *points, size_t count)
{
        if (count > 1)
                qsort(points, count, sizeof *points, compare_point);
}

/* A repeated end of a session that cannot be told from another's is a sign of life. */
static bool may_be_another_end(const struct nat_point *p)
{
        return p->kind == NAT_SESSION && p->session == 0 && !(p->flags & NAT_HAS_DESTINATION) &&
               (p->action == NAT_CLOSE || p->action == NAT_CLOSE_BOUND);
}

static size_t remove_repeated(struct nat_point *points, size_t count)
{
        size_t kept = 0;

        for (size_t i = count; i-- > 1;)
                if (may_be_another_end(&points[i]) && compare_point(&points[i - 1], &points[i]) == 0)
                        points[i].action = NAT_ALIVE;
        sort_points(points, count);
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
        struct binding_list *ret;
        int failed;
};

static void emit(struct walk *walk, const struct nat_point *p, const struct begun *begun, int64_t to_ms,
        enum binding_edge to_edge)
{
        struct nat_binding b = {
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
        if (!walk->failed)
                walk->failed = binding_list_append(walk->ret, &b);
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

static size_t take_all_apart(
        const struct nat_binding *stored, size_t count, bool keep_destinations, struct nat_point *points)
{
        size_t used = 0;

        for (size_t i = 0; i < count; i++)
                used += take_apart(&stored[i], points + used);
        if (!keep_destinations)
                remove_destinations(points, used);
        sort_points(points, used);
        return used;
}

static int walk_all(const struct nat_point *points, size_t count, struct binding_list *ret)
{
        size_t first = ret->count;
        struct walk walk = {.stack = malloc((count ? count : 1) * sizeof(struct begun)), .ret = ret};

        if (!walk.stack)
                return -ENOMEM;
        for (size_t at = 0, next; at < count && !walk.failed; at = next) {
                next = at + 1;
                while (next < count && compare_key(&points[at], &points[next]) == 0)
                        next++;
                walk_key(&walk, points + at, next - at);
        }
        free(walk.stack);
        if (!walk.failed && ret->count - first > 1)
                qsort(ret->items + first, ret->count - first, sizeof *ret->items, binding_compare);
        return walk.failed;
}

static int pair_plainly(struct nat_point *points, size_t point_count, bool keep_destinations,
        const struct nat_binding *stored, size_t stored_count, struct binding_list *ret)
{
        sort_points(points, point_count);
        point_count = remove_repeated(points, point_count);
        if (!keep_destinations) {
                remove_destinations(points, point_count);
                sort_points(points, point_count);
        }
        if (stored_count == 0)
                return walk_all(points, point_count, ret);

        size_t most = 2 * stored_count;
        struct nat_point *apart = malloc(most * sizeof *apart);
        struct nat_point *united = malloc((most + point_count) * sizeof *united);
        int r = -ENOMEM;
        if (apart && united) {
                size_t apart_count = take_all_apart(stored, stored_count, keep_destinations, apart);
                size_t count = unite(apart, apart_count, points, point_count, united);
                r = walk_all(united, count, ret);
        }
        free(apart);
        free(united);
        return r;
}

/* --- Both --- */

#define POINTS_MOST 3000

/* What a round is made of: many ports or one, a narrow or a wide stretch of time, few holders or many. */
struct mix {
        unsigned ports, hosts, destinations;
        int64_t span_ms;
        bool blocks;
};

static unsigned below(unsigned limit)
{
        return (unsigned)rand() % limit;
}

static int64_t random_time(const struct mix *mix)
{
        uint64_t wide = (uint64_t)rand() << 31 ^ (uint64_t)rand();
        return INT64_C(1795168800000) + (int64_t)(wide % (uint64_t)mix->span_ms);
}

static struct nat_point random_point(const struct mix *mix)
{
        uint32_t destination = below(mix->destinations + 1);
        uint16_t port = (uint16_t)(1024 + below(mix->ports));
        bool block = mix->blocks && below(4) == 0;

        return (struct nat_point){.time_ms = random_time(mix),
                .outside = 0xc6120007,
                .inside = 1 + below(mix->hosts),
                .destination = destination,
                .session = below(8) ? 0 : below(3),
                .port_first = port,
                .port_last = block ? (uint16_t)(port + 1 + below(63)) : port,
                .inside_port = (uint16_t)below(2),
                .destination_port = destination ? (uint16_t)below(2) : 0,
                .exporter = (uint16_t)(below(9) == 0),
                .protocol = below(3) ? 6 : 17,
                .kind = block ? NAT_BLOCK : NAT_SESSION,
                .action = (uint8_t)(below(6) ? below(2) : below(NAT_ACTION_COUNT)),
                .flags = (uint8_t)(NAT_HAS_INSIDE_PORT | (destination ? NAT_HAS_DESTINATION : 0))};
}

/* Copies of points are put in, so that events heard twice are met too. */
static void fill(struct nat_point *points, size_t count, const struct mix *mix)
{
        for (size_t i = 0; i < count; i++)
                points[i] = i > 0 && below(12) == 0 ? points[below((unsigned)i)] : random_point(mix);
}

static void assert_same(const struct binding_list *a, const struct binding_list *b)
{
        assert_int_equal(a->count, b->count);
        for (size_t i = 0; i < a->count; i++)
                assert_int_equal(binding_compare(&a->items[i], &b->items[i]), 0);
}

static void compare_round(const struct mix *mix, size_t count, bool keep)
{
        static struct nat_point points[POINTS_MOST], copies[POINTS_MOST];
        struct binding_list stored = {0}, quick = {0}, plain = {0};

        fill(points, count, mix);
        assert_int_equal(pair_plainly(points, count, keep, NULL, 0, &stored), 0);
        fill(points, count, mix);
        memcpy(copies, points, sizeof points);
        assert_int_equal(pairing_run(points, count, keep, NULL, 0, &quick), 0);
        assert_int_equal(pair_plainly(copies, count, keep, NULL, 0, &plain), 0);
        assert_same(&plain, &quick);
        fill(points, count, mix);
        memcpy(copies, points, sizeof points);
        /* Appended behind what is there already. */
        assert_int_equal(pairing_run(points, count, keep, stored.items, stored.count, &quick), 0);
        assert_int_equal(pair_plainly(copies, count, keep, stored.items, stored.count, &plain), 0);
        assert_same(&plain, &quick);
        binding_list_free(&stored);
        binding_list_free(&quick);
        binding_list_free(&plain);
}

static void the_quick_way_is_the_plain_way(void **state)
{
        static const struct mix mixes[] = {
                {.ports = 1, .hosts = 2, .destinations = 2, .span_ms = 30},
                {.ports = 3, .hosts = 3, .destinations = 0, .span_ms = 400, .blocks = true},
                {.ports = 900, .hosts = 2, .destinations = 1, .span_ms = 50},
                {.ports = 64000, .hosts = 32, .destinations = 20, .span_ms = 3600000},
                {.ports = 400, .hosts = 3, .destinations = 3, .span_ms = 3600000, .blocks = true},
                {.ports = 300, .hosts = 2, .destinations = 1, .span_ms = INT64_C(1) << 39},
                {.ports = 300, .hosts = 2, .destinations = 1, .span_ms = INT64_C(1) << 42},
        };
        (void)state;
        srand(4713);
        for (unsigned round = 0; round < 700; round++) {
                size_t count = round % 3 ? 1 + below(60) : 1 + below(POINTS_MOST);
                compare_round(&mixes[round % (sizeof mixes / sizeof mixes[0])], count, round % 2);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_quick_way_is_the_plain_way),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
