/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/carry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define END (10 * TIME_HOUR) /* of the window */

static const struct attribution_rules rules = {.mapping = MAPPING_ENDPOINT_INDEPENDENT,
        .longest_session_ms = 5 * TIME_HOUR,
        .longest_block_ms = 50 * TIME_HOUR};

static struct nat_binding binding(uint32_t inside, uint16_t first, uint16_t last, int64_t from, int64_t to)
{
        return (struct nat_binding){.inside = inside,
                .port_first = first,
                .port_last = last,
                .inside_port = 7,
                .from_ms = from,
                .to_ms = to,
                .protocol = 6,
                .kind = first == last ? NAT_MAPPING : NAT_BLOCK,
                .from_edge = EDGE_OBSERVED,
                .to_edge = to == TIME_UNKNOWN ? EDGE_OPEN : EDGE_OBSERVED};
}

static struct nat_binding opened(uint32_t inside, int64_t from)
{
        return binding(inside, 80, 80, from, TIME_UNKNOWN);
}

static struct nat_binding seen(struct nat_binding b, int64_t at)
{
        b.to_ms = at;
        b.to_edge = EDGE_INTERIM;
        return b;
}

static struct nat_binding of_kind(struct nat_binding b, enum nat_kind kind, uint8_t flags)
{
        b.kind = (uint8_t)kind;
        b.flags = flags;
        return b;
}

struct selection {
        const char *name;
        struct nat_binding bindings[3];
        size_t count;
        unsigned carried; /* bits: which of them */
        enum mapping_behaviour mapping;
};

static void check_selection(const struct selection *c)
{
        struct binding_list list = {0};
        struct attribution_rules declared = rules;
        size_t at = 0;

        declared.mapping = c->mapping;
        assert_int_equal(carry_select(c->bindings, c->count, &declared, END, &list), 0);
        for (size_t i = 0; i < c->count; i++) {
                if (!(c->carried & 1u << i))
                        continue;
                if (at == list.count || binding_compare(&list.items[at++], &c->bindings[i]) != 0)
                        fail_msg("%s: binding %zu is not carried", c->name, i);
        }
        if (at != list.count)
                fail_msg("%s: %zu carried", c->name, list.count);
        binding_list_free(&list);
}

static void what_may_live_on_is_carried(void **state)
{
        const enum mapping_behaviour one = MAPPING_ENDPOINT_INDEPENDENT, two = MAPPING_DESTINATION_DEPENDENT;
        const int64_t t = END - TIME_HOUR;
        struct nat_binding bound = binding(1, 80, 80, t, t + 9), unbegun = binding(1, 80, 80, t, t + 9),
                           udp = opened(2, t + 5), any = opened(2, t + 5);
        bound.to_edge = EDGE_BOUND;
        unbegun.from_edge = EDGE_OPEN;
        unbegun.from_ms = TIME_UNKNOWN;
        udp.protocol = 17;
        any.protocol = NAT_PROTOCOL_ANY;
        const struct selection cases[] = {
                {"open", {opened(1, t)}, 1, 1, one},
                {"ended", {binding(1, 80, 80, t, t + 9)}, 1, 0, one},
                {"ended by then", {bound}, 1, 0, one},
                {"end without beginning", {unbegun}, 1, 0, one},
                {"seen alive", {seen(opened(1, t), t + 9)}, 1, 1, one},
                {"as old as a session gets", {opened(1, END - 5 * TIME_HOUR)}, 1, 1, one},
                {"older", {opened(1, END - 5 * TIME_HOUR - 1)}, 1, 0, one},
                {"older, seen alive", {seen(opened(1, 0), END - 5 * TIME_HOUR)}, 1, 1, one},
                {"an old block", {binding(1, 80, 90, END - 50 * TIME_HOUR, TIME_UNKNOWN)}, 1, 1, one},
                {"too old a block", {binding(1, 80, 90, END - 50 * TIME_HOUR - 1, TIME_UNKNOWN)}, 1, 0, one},
                {"opened again by another", {opened(1, t), opened(2, t + 5)}, 2, 2, one},
                {"which proves nothing here", {opened(1, t), opened(2, t + 5)}, 2, 3, two},
                {"nor undeclared", {opened(1, t), opened(2, t + 5)}, 2, 3, MAPPING_UNDECLARED},
                {"nor by a dialect that lends twice",
                        {opened(1, t), of_kind(opened(2, t + 5), NAT_SESSION, NAT_DESTINATION_BOUND)}, 2, 3,
                        one},
                {"nor by one whose port is not logged",
                        {opened(1, t), of_kind(binding(2, 0, 65535, t + 5, TIME_UNKNOWN), NAT_SESSION,
                                               NAT_PORT_UNKNOWN)},
                        2, 3, one},
                {"nor to one",
                        {of_kind(binding(1, 0, 65535, t, TIME_UNKNOWN), NAT_SESSION, NAT_PORT_UNKNOWN),
                                opened(2, t + 5)},
                        2, 3, one},
                {"opened at the same instant", {opened(1, t), opened(2, t)}, 2, 3, one},
                {"opened before it was seen alive", {seen(opened(1, t), t + 6), opened(2, t + 5)}, 2, 3, one},
                {"opened after it was seen alive", {seen(opened(1, t), t + 4), opened(2, t + 5)}, 2, 2, one},
                {"the same mapping again", {opened(1, t), opened(1, t + 5)}, 2, 2, two},
                {"a session that may be another flow",
                        {of_kind(opened(1, t), NAT_SESSION, 0), of_kind(opened(1, t + 5), NAT_SESSION, 0)}, 2,
                        3, one},
                {"the same five-tuple",
                        {of_kind(opened(1, t), NAT_SESSION, NAT_HAS_DESTINATION),
                                of_kind(opened(1, t + 5), NAT_SESSION, NAT_HAS_DESTINATION)},
                        2, 2, two},
                {"another protocol", {opened(1, t), udp}, 2, 3, one},
                {"every protocol", {opened(1, t), any}, 2, 2, one},
                {"another's block over the port", {opened(1, t), binding(2, 60, 80, t + 5, t + 9)}, 2, 0,
                        one},
                {"another's block beside the port", {opened(1, t), binding(2, 60, 79, t + 5, t + 9)}, 2, 1,
                        one},
                {"the own block", {opened(1, t), binding(1, 60, 90, t + 5, t + 9)}, 2, 1, one},
                {"a port out of a block", {binding(1, 70, 80, t, TIME_UNKNOWN), opened(2, t + 5)}, 2, 2, one},
                {"a port beside a block", {binding(1, 81, 90, t, TIME_UNKNOWN), opened(2, t + 5)}, 2, 3, one},
                {"in their order",
                        {opened(1, t), seen(binding(2, 90, 90, t, t), t + 3),
                                binding(1, 99, 99, t + 5, TIME_UNKNOWN)},
                        3, 7, one},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                check_selection(&cases[i]);
}

/* --- A window without what was carried into it --- */

static void a_window_is_stripped_to_its_own_words(void **state)
{
        const int64_t w = 100;
        const struct {
                const char *name;
                struct nat_binding b;
                bool kept;
                enum binding_edge from_edge, to_edge;
        } cases[] = {
                {"begun inside", binding(1, 80, 80, w, w + 9), true, EDGE_OBSERVED, EDGE_OBSERVED},
                {"begun inside, open", opened(1, w), true, EDGE_OBSERVED, EDGE_OPEN},
                {"carried in, ended inside", binding(1, 80, 80, w - 1, w + 9), true, EDGE_OPEN,
                        EDGE_OBSERVED},
                {"carried in, ended at the first instant", binding(1, 80, 80, w - 1, w), true, EDGE_OPEN,
                        EDGE_OBSERVED},
                {"carried in, seen inside", seen(opened(1, w - 1), w + 9), true, EDGE_INTERIM, EDGE_INTERIM},
                {"carried in, seen before", seen(opened(1, w - 9), w - 1), false, EDGE_OPEN, EDGE_OPEN},
                {"carried in, open", opened(1, w - 1), false, EDGE_OPEN, EDGE_OPEN},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct binding_list list = {0};
                assert_int_equal(carry_strip(&cases[i].b, 1, w, &list), 0);
                if (list.count != cases[i].kept)
                        fail_msg("%s: %zu kept", cases[i].name, list.count);
                if (list.count) {
                        assert_int_equal(list.items[0].from_edge, cases[i].from_edge);
                        assert_int_equal(list.items[0].to_edge, cases[i].to_edge);
                        if (cases[i].from_edge == EDGE_OPEN)
                                assert_true(list.items[0].from_ms == TIME_UNKNOWN);
                        if (cases[i].from_edge == EDGE_INTERIM)
                                assert_int_equal(list.items[0].from_ms, w + 9);
                        assert_int_equal(list.items[0].to_ms, cases[i].b.to_ms);
                }
                binding_list_free(&list);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_may_live_on_is_carried),
                cmocka_unit_test(a_window_is_stripped_to_its_own_words),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
