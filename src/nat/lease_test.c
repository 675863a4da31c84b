/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct lease event(const char *subscriber, uint64_t session, int64_t from, enum binding_edge from_edge,
        int64_t to, enum binding_edge to_edge)
{
        struct address address = address_from_ipv4(UINT32_C(0x64400011));
        struct lease lease = {.is = {.prefix = prefix_of(&address, 128),
                                      .session = session,
                                      .from_ms = from_edge == EDGE_OPEN ? TIME_UNKNOWN : from,
                                      .to_ms = to_edge == EDGE_OPEN ? TIME_UNKNOWN : to,
                                      .from_edge = (uint8_t)from_edge,
                                      .to_edge = (uint8_t)to_edge,
                                      .flags = LEASE_ANY_VRF},
                .seen_until_ms = TIME_UNKNOWN};
        snprintf(lease.is.subscriber, sizeof lease.is.subscriber, "%s", subscriber);
        return lease;
}

static struct lease start(const char *subscriber, uint64_t session, int64_t at)
{
        return event(subscriber, session, at, EDGE_OBSERVED, 0, EDGE_OPEN);
}

static struct lease interim(const char *subscriber, uint64_t session, int64_t at)
{
        return event(subscriber, session, at, EDGE_INTERIM, at, EDGE_INTERIM);
}

static struct lease stop(const char *subscriber, uint64_t session, int64_t at)
{
        return event(subscriber, session, 0, EDGE_OPEN, at, EDGE_OBSERVED);
}

static struct lease row(const char *subscriber, int64_t from, int64_t to)
{
        return event(subscriber, 0, from, EDGE_OBSERVED, to, EDGE_OBSERVED);
}

static struct lease standing(const char *subscriber, int64_t from)
{
        struct lease lease = start(subscriber, 0, from);
        lease.is.flags |= LEASE_STANDING;
        return lease;
}

/* Joins every order of up to four events and expects the same leases, shown as text, each time. */
static void show(const struct lease_list *list, char *text, size_t size)
{
        size_t at = 0;
        text[0] = '\0';
        for (size_t i = 0; i < list->count; i++) {
                const struct lease *l = &list->items[i];
                char from[24] = "-", to[24] = "-", seen[24] = "-";
                if (l->is.from_edge != EDGE_OPEN)
                        snprintf(from, sizeof from, "%lld", (long long)l->is.from_ms);
                if (l->is.to_edge != EDGE_OPEN)
                        snprintf(to, sizeof to, "%lld", (long long)l->is.to_ms);
                if (l->seen_until_ms != TIME_UNKNOWN)
                        snprintf(seen, sizeof seen, "%lld", (long long)l->seen_until_ms);
                at += (size_t)snprintf(text + at, size - at, "%s%s %s %s..%s %s seen %s%s", i ? "; " : "",
                        l->is.subscriber, edge_name(l->is.from_edge), from, to, edge_name(l->is.to_edge),
                        seen, l->is.flags & LEASE_STANDING ? " standing" : "");
        }
}

static struct lease renewable(struct lease lease)
{
        lease.is.flags |= LEASE_RENEWABLE;
        return lease;
}

/* A piece of a lease in a DHCP server's file: seen first and last. */
static struct lease piece(int64_t from, enum binding_edge from_edge, int64_t to, enum binding_edge to_edge)
{
        return renewable(event("a", 7, from, from_edge, to, to_edge));
}

struct joining {
        const char *name;
        struct lease events[4];
        size_t count;
        const char *joined;
};

static void join_permuted(const struct joining *c, unsigned order)
{
        struct lease_list list = {0};
        struct lease rest[4];
        char text[1024];
        size_t left = c->count;

        memcpy(rest, c->events, sizeof rest);
        while (left > 0) {
                size_t pick = order % left;
                order /= (unsigned)left;
                assert_int_equal(lease_list_append(&list, &rest[pick]), 0);
                rest[pick] = rest[--left];
        }
        assert_int_equal(lease_join(&list), 0);
        show(&list, text, sizeof text);
        if (strcmp(text, c->joined) != 0)
                fail_msg("%s:\n  %s\nwanted\n  %s", c->name, text, c->joined);
        /* Stored and read again, nothing new comes of it. */
        assert_int_equal(lease_join(&list), 0);
        show(&list, text, sizeof text);
        assert_string_equal(text, c->joined);
        lease_list_free(&list);
}

static void events_of_a_session_are_one_lease(void **state)
{
        const struct joining cases[] = {
                {"start, interim, stop", {start("a", 7, 10), interim("a", 7, 20), stop("a", 7, 30)}, 3,
                        "a observed 10..30 observed seen 30"},
                {"stop lost", {start("a", 7, 10), interim("a", 7, 20)}, 2,
                        "a observed 10..20 interim seen 20"},
                {"start lost", {interim("a", 7, 20), stop("a", 7, 30)}, 2,
                        "a interim 20..30 observed seen 30"},
                {"only interims", {interim("a", 7, 20), interim("a", 7, 25)}, 2,
                        "a interim 20..25 interim seen 25"},
                {"repeated", {start("a", 7, 10), start("a", 7, 10), stop("a", 7, 30), stop("a", 7, 30)}, 4,
                        "a observed 10..30 observed seen 30"},
                {"a computed beginning gives way",
                        {event("a", 7, 12, EDGE_BOUND, 30, EDGE_OBSERVED), start("a", 7, 10)}, 2,
                        "a observed 10..30 observed seen 30"},
                {"a computed beginning before an interim",
                        {event("a", 7, 12, EDGE_BOUND, 30, EDGE_OBSERVED), interim("a", 7, 20)}, 2,
                        "a bound 12..30 observed seen 30; a interim 20..30 observed seen 30"},
                {"between both, and seen to begin after all",
                        {event("a", 7, 12, EDGE_BOUND, 30, EDGE_OBSERVED), interim("a", 7, 20),
                                start("a", 7, 10), interim("a", 7, 25)},
                        4, "a observed 10..30 observed seen 30"},
                {"the session began in the second of the interim",
                        {event("a", 7, 21, EDGE_BOUND, 30, EDGE_OBSERVED), interim("a", 7, 20)}, 2,
                        "a interim 20..30 observed seen 30; a bound 21..30 observed seen 30"},
                {"two stops: nobody is named after the first",
                        {start("a", 7, 10), stop("a", 7, 30), stop("a", 7, 35)}, 3,
                        "a observed 10..30 observed seen 35"},
                {"two sessions", {start("a", 7, 10), stop("a", 7, 30), start("a", 8, 40)}, 3,
                        "a observed 10..30 observed seen 30; a observed 40..- open seen 40"},
                {"another's session of the same name", {start("a", 7, 10), stop("b", 7, 30)}, 2,
                        "a observed 10..- open seen 10; b open -..30 observed seen 30"},
                {"the identity given again",
                        {start("a", 7, 10), stop("a", 7, 30), start("a", 7, 31), stop("a", 7, 50)}, 4,
                        "a observed 10..30 observed seen 30; a observed 31..50 observed seen 50"},
                {"rows stay apart", {row("a", 10, 20), row("a", 15, 30)}, 2,
                        "a observed 10..20 observed seen 20; a observed 15..30 observed seen 30"},
                {"the same row again", {row("a", 10, 20), row("a", 10, 20)}, 2,
                        "a observed 10..20 observed seen 20"},
                {"a standing row that was closed", {standing("a", 10), row("a", 10, 20)}, 2,
                        "a observed 10..20 observed seen 20"},
                {"a standing row", {standing("a", 10), row("b", 5, 9)}, 2,
                        "b observed 5..9 observed seen 9; a observed 10..- open seen 10 standing"},
                {"another's closed row", {standing("a", 10), row("b", 10, 20)}, 2,
                        "a observed 10..- open seen 10 standing; b observed 10..20 observed seen 20"},
                {"a stop that had come by then is no sign of life",
                        {start("a", 7, 10), event("a", 7, 0, EDGE_OPEN, 30, EDGE_BOUND)}, 2,
                        "a observed 10..30 bound seen 10"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                for (unsigned order = 0; order < 24; order++)
                        join_permuted(&cases[i], order);
}

static void pieces_that_meet_are_one_lease(void **state)
{
        const enum binding_edge obs = EDGE_OBSERVED, alive = EDGE_INTERIM, by = EDGE_BOUND;
        const struct joining cases[] = {
                {"the same file twice", {piece(10, obs, 20, alive), piece(10, obs, 20, alive)}, 2,
                        "a observed 10..20 interim seen 20"},
                {"a later copy of it", {piece(10, obs, 20, alive), piece(10, obs, 40, obs)}, 2,
                        "a observed 10..40 observed seen 40"},
                {"the file written anew",
                        {piece(10, obs, 20, alive), piece(18, alive, 40, alive), piece(35, alive, 50, obs)},
                        3, "a observed 10..50 observed seen 50"},
                {"nothing shows who had it between", {piece(10, obs, 20, alive), piece(21, alive, 40, alive)},
                        2, "a observed 10..20 interim seen 20; a interim 21..40 interim seen 40"},
                {"seen to begin again", {piece(10, obs, 20, obs), piece(20, obs, 40, alive)}, 2,
                        "a observed 10..20 observed seen 20; a observed 20..40 interim seen 40"},
                {"two ends", {piece(10, obs, 20, obs), piece(15, alive, 40, obs)}, 2,
                        "a observed 10..20 observed seen 20; a interim 15..40 observed seen 40"},
                {"what is certain, and what it had ended by",
                        {piece(10, obs, 20, alive), piece(10, obs, 30, by)}, 2,
                        "a observed 10..30 bound seen 20"},
                {"of two such ends the earlier",
                        {piece(10, obs, 20, alive), piece(10, obs, 30, by), piece(10, obs, 25, by)}, 3,
                        "a observed 10..25 bound seen 20"},
                {"another source's session of that name", {piece(10, obs, 20, alive), stop("a", 7, 30)}, 2,
                        "a observed 10..20 interim seen 20; a open -..30 observed seen 30"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                for (unsigned order = 0; order < 24; order++)
                        join_permuted(&cases[i], order);
}

static void prefixes_and_networks_stay_apart(void **state)
{
        struct lease_list list = {0};
        struct lease narrow = start("a", 7, 10), wide = stop("a", 7, 30), other = stop("a", 7, 40);
        struct address address = wide.is.prefix.address;

        (void)state;
        wide.is.prefix = prefix_of(&address, 120);
        other.is.vrf = 3;
        other.is.flags = 0;
        assert_int_equal(lease_list_append(&list, &other), 0);
        assert_int_equal(lease_list_append(&list, &narrow), 0);
        assert_int_equal(lease_list_append(&list, &wide), 0);
        assert_int_equal(lease_join(&list), 0);
        assert_int_equal(list.count, 3);
        assert_int_equal(list.items[0].is.prefix.length, 120);
        assert_int_equal(list.items[1].is.vrf, 0);
        assert_int_equal(list.items[2].is.vrf, 3);
        lease_list_free(&list);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(events_of_a_session_are_one_lease),
                cmocka_unit_test(pieces_that_meet_are_one_lease),
                cmocka_unit_test(prefixes_and_networks_stay_apart),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
