/* SPDX-License-Identifier: EUPL-1.2 */
/* Against the definitions, pair by pair. */
#include "nat/lease_quality.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define MOST 24
#define SEC INT64_C(1000)

static uint32_t state_of_dice;

static uint32_t dice(uint32_t sides)
{
        state_of_dice = state_of_dice * 1664525u + 1013904223u;
        return (state_of_dice >> 8) % sides;
}

static struct lease random_lease(void)
{
        struct address address = address_from_ipv4(UINT32_C(0x64400010) + dice(3));
        int64_t from = 1000 * SEC + dice(20) * SEC * (dice(3) ? 1 : 20000), to = from + dice(6) * SEC;
        struct lease lease = {.is = {.from_ms = from,
                                      .to_ms = to,
                                      .from_edge = dice(2) ? EDGE_OBSERVED : EDGE_INTERIM,
                                      .to_edge = EDGE_OBSERVED,
                                      .flags = dice(4) ? LEASE_ANY_VRF : 0},
                .seen_until_ms = to};

        lease.is.prefix = prefix_of(&address, dice(3) ? 128 : 120 + dice(8));
        lease.is.vrf = lease.is.flags ? 0 : dice(2);
        snprintf(lease.is.subscriber, sizeof lease.is.subscriber, "%c", 'a' + (char)dice(3));
        switch (dice(6)) {
        case 0:
                lease.is.flags |= LEASE_STANDING;
                lease.seen_until_ms = from;
                lease.is.to_ms = TIME_UNKNOWN;
                lease.is.to_edge = EDGE_OPEN;
                break;
        case 1:
                lease.is.to_edge = EDGE_INTERIM;
                break;
        case 2:
                lease.is.to_edge = EDGE_BOUND;
                lease.is.to_ms += dice(3) * SEC;
                break;
        default:
                break;
        }
        return lease;
}

static int64_t from_of(const struct lease *l)
{
        return l->is.from_ms;
}

static bool is_open(const struct lease *l)
{
        return !(l->is.flags & LEASE_STANDING) &&
               (l->is.to_edge == EDGE_INTERIM || l->is.to_edge == EDGE_OPEN);
}

static bool is_same(const struct lease *a, const struct lease *b)
{
        return memcmp(&a->is.prefix, &b->is.prefix, sizeof a->is.prefix) == 0 && a->is.vrf == b->is.vrf;
}

static bool differ(const struct lease *a, const struct lease *b)
{
        return strcmp(a->is.subscriber, b->is.subscriber) != 0;
}

static int64_t until_of(const struct lease *all, size_t count, const struct lease *l)
{
        int64_t until = INT64_MAX;

        if (!(l->is.flags & LEASE_STANDING))
                return l->is.to_edge == EDGE_OBSERVED ? l->is.to_ms : l->seen_until_ms;
        for (size_t i = 0; i < count; i++)
                if (is_same(&all[i], l) && differ(&all[i], l) && from_of(&all[i]) > from_of(l) &&
                        from_of(&all[i]) < until)
                        until = from_of(&all[i]);
        return until;
}

/* The order among leases of one prefix. */
static bool precedes(const struct lease *all, size_t count, size_t a, size_t b)
{
        int64_t until_a = all[a].is.flags & LEASE_STANDING ? INT64_MAX : until_of(all, count, &all[a]);
        int64_t until_b = all[b].is.flags & LEASE_STANDING ? INT64_MAX : until_of(all, count, &all[b]);

        if (from_of(&all[a]) != from_of(&all[b]))
                return from_of(&all[a]) < from_of(&all[b]);
        return until_a != until_b ? until_a < until_b
                                  : strcmp(all[a].is.subscriber, all[b].is.subscriber) < 0;
}

static void brute(const struct lease *all, size_t count, uint64_t ret[LEASE_FLAW_COUNT])
{
        int64_t log_end = 0;

        memset(ret, 0, LEASE_FLAW_COUNT * sizeof *ret);
        for (size_t i = 0; i < count; i++) {
                int64_t until =
                        all[i].is.flags & LEASE_STANDING ? from_of(&all[i]) : until_of(all, count, &all[i]);
                log_end = until > log_end ? until : log_end;
        }
        for (size_t b = 0; b < count; b++) {
                bool overlap = false, nested = false;
                size_t next = count;
                int64_t until = until_of(all, count, &all[b]);
                for (size_t a = 0; a < count; a++) {
                        int64_t other = until_of(all, count, &all[a]);
                        bool stands = other == INT64_MAX || other > from_of(&all[b]) + SEC;
                        if (a == b)
                                continue;
                        if (is_same(&all[a], &all[b])) {
                                overlap = overlap ||
                                          (differ(&all[a], &all[b]) && precedes(all, count, a, b) && stands);
                                if (precedes(all, count, b, a) &&
                                        (next == count || precedes(all, count, a, next)))
                                        next = a;
                        } else if (all[a].is.vrf == all[b].is.vrf &&
                                   all[a].is.prefix.length < all[b].is.prefix.length &&
                                   prefix_contains(&all[a].is.prefix, &all[b].is.prefix.address)) {
                                nested = nested ||
                                         (differ(&all[a], &all[b]) && stands &&
                                                 (until == INT64_MAX || until > from_of(&all[a]) + SEC));
                        }
                }
                ret[LEASE_OVERLAP] += overlap;
                ret[LEASE_NESTED] += nested;
                if (next == count) {
                        ret[LEASE_SEEN_ONCE] +=
                                is_open(&all[b]) && until == from_of(&all[b]) && log_end - until > TIME_DAY;
                        continue;
                }
                if (until == INT64_MAX || from_of(&all[next]) <= until + SEC)
                        continue;
                bool unseen = is_open(&all[b]) || all[next].is.from_edge == EDGE_INTERIM;
                bool hole = unseen && !differ(&all[b], &all[next]) && from_of(&all[next]) - until <= TIME_DAY;
                ret[LEASE_HOLE] += hole;
                ret[LEASE_END_UNSEEN] += !hole && is_open(&all[b]);
        }
}

static void as_the_definitions_say(void **state)
{
        uint64_t seen[LEASE_FLAW_COUNT] = {0};

        (void)state;
        state_of_dice = 7;
        for (unsigned round = 0; round < 40000; round++) {
                struct lease leases[MOST];
                struct lease_quality quality = {0};
                uint64_t wanted[LEASE_FLAW_COUNT];
                size_t count = dice(MOST + 1);
                for (size_t i = 0; i < count; i++) {
                        bool twin = true;
                        while (twin) {
                                leases[i] = random_lease();
                                twin = false;
                                for (size_t k = 0; k < i; k++)
                                        twin = twin || (is_same(&leases[i], &leases[k]) &&
                                                               from_of(&leases[i]) == from_of(&leases[k]) &&
                                                               !differ(&leases[i], &leases[k]));
                        }
                }
                brute(leases, count, wanted);
                assert_int_equal(lease_quality_add(leases, count, &quality), 0);
                for (unsigned flaw = 0; flaw < LEASE_FLAW_COUNT; flaw++) {
                        if (quality.flaws[flaw].count != wanted[flaw])
                                fail_msg("round %u, %s: %llu, wanted %llu", round, lease_flaw_name(flaw),
                                        (unsigned long long)quality.flaws[flaw].count,
                                        (unsigned long long)wanted[flaw]);
                        seen[flaw] += wanted[flaw];
                }
        }
        for (unsigned flaw = 0; flaw < LEASE_FLAW_COUNT; flaw++)
                assert_true(seen[flaw] > 1000);
}

static void examples(void **state)
{
        struct lease leases[2] = {random_lease(), random_lease()};
        struct lease_quality quality = {0};

        (void)state;
        for (unsigned i = 0; i < 2; i++) {
                leases[i].is = (struct lease_event){.prefix = leases[0].is.prefix,
                        .from_ms = (int64_t)i * 10 * SEC,
                        .to_ms = 20 * SEC + i,
                        .from_edge = EDGE_OBSERVED,
                        .to_edge = EDGE_OBSERVED,
                        .vrf = 4};
                leases[i].is.subscriber[0] = (char)('a' + i);
                leases[i].seen_until_ms = leases[i].is.to_ms;
        }
        assert_int_equal(lease_quality_add(leases, 2, &quality), 0);
        assert_int_equal(lease_quality_add(leases, 2, &quality), 0);
        assert_int_equal(quality.flaws[LEASE_OVERLAP].count, 2);
        assert_int_equal(quality.flaws[LEASE_OVERLAP].first[1].from_ms, 10 * SEC);
        assert_int_equal(quality.flaws[LEASE_OVERLAP].first[1].to_ms, 20 * SEC);
        assert_int_equal(quality.flaws[LEASE_OVERLAP].first[1].vrf, 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(as_the_definitions_say),
                cmocka_unit_test(examples),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
