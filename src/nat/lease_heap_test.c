/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/lease_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed = 5;

static unsigned draw(unsigned below)
{
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (unsigned)((seed >> 16) % below);
}

/* Few addresses, customers, sessions and times, so that much is joined. */
static struct lease random_lease(void)
{
        struct address address = address_from_ipv4(0x64400000 + draw(40));
        struct lease lease = {.is = {.prefix = prefix_of(&address, 128),
                                      .session = draw(3),
                                      .from_ms = 1000 * (int64_t)draw(20),
                                      .from_edge = EDGE_OBSERVED,
                                      .flags = draw(8) ? 0 : LEASE_RENEWABLE},
                .seen_until_ms = TIME_UNKNOWN};
        size_t length = draw(9) ? 1 + draw(30) : SUBSCRIBER_MAX - 1;

        memset(lease.is.subscriber, 'a' + (char)draw(3), length);
        lease.is.to_edge = draw(2) ? EDGE_OBSERVED : EDGE_OPEN;
        lease.is.to_ms = lease.is.to_edge == EDGE_OPEN ? TIME_UNKNOWN : lease.is.from_ms + 500 + draw(4000);
        if (draw(4) == 0) {
                lease.is.from_edge = lease.is.to_edge = EDGE_INTERIM;
                lease.is.to_ms = lease.is.from_ms;
        }
        return lease;
}

static void assert_same(const struct lease_heap *heap, const struct lease_list *wanted)
{
        struct lease_list got = {0};

        assert_int_equal(lease_heap_list(heap, &got), 0);
        assert_int_equal(got.count, wanted->count);
        for (size_t i = 0; i < got.count; i++) {
                const struct lease *a = &got.items[i], *b = &wanted->items[i];
                assert_string_equal(a->is.subscriber, b->is.subscriber);
                assert_string_equal(heap->items[i]->is.subscriber, b->is.subscriber);
                assert_memory_equal(&a->is.prefix.address, &b->is.prefix.address, 16);
                assert_true(a->is.from_ms == b->is.from_ms && a->is.to_ms == b->is.to_ms &&
                            a->is.from_edge == b->is.from_edge && a->is.to_edge == b->is.to_edge &&
                            a->is.flags == b->is.flags && a->is.session == b->is.session &&
                            a->seen_until_ms == b->seen_until_ms);
        }
        lease_list_free(&got);
}

static void a_heap_joins_as_a_list(void **state)
{
        (void)state;
        for (unsigned round = 0; round < 300; round++) {
                struct lease_heap heap = {0};
                struct lease_list list = {0};
                for (unsigned part = draw(4); part < 4; part++) {
                        for (unsigned i = draw(200); i > 0; i--) {
                                struct lease lease = random_lease();
                                assert_int_equal(lease_heap_add(&heap, &lease), 0);
                                assert_int_equal(lease_list_append(&list, &lease), 0);
                        }
                        assert_int_equal(lease_heap_join(&heap), 0);
                        assert_int_equal(lease_join(&list), 0);
                        assert_same(&heap, &list);
                }
                lease_heap_free(&heap);
                lease_list_free(&list);
        }
}

/* The same rows again and again take no more memory than once. */
static void what_was_joined_gives_its_memory_back(void **state)
{
        struct lease_heap heap = {0};
        struct lease lease = random_lease();
        size_t bytes = 0;

        (void)state;
        lease.is.flags = 0;
        for (unsigned round = 0; round < 50; round++) {
                for (uint32_t i = 0; i < 2000; i++) {
                        lease.is.prefix.address = address_from_ipv4(0x64400000 + i);
                        assert_int_equal(lease_heap_add(&heap, &lease), 0);
                }
                assert_int_equal(lease_heap_join(&heap), 0);
                assert_int_equal(heap.count, 2000);
                if (round == 5)
                        bytes = heap.bytes;
                if (round > 5)
                        assert_in_range(heap.bytes, bytes / 2, 2 * bytes);
        }
        lease_heap_free(&heap);
        assert_int_equal(heap.bytes, 0);
}

static void a_row_takes_what_its_name_needs(void **state)
{
        struct lease_heap heap = {0};
        struct lease lease = random_lease();

        (void)state;
        memset(lease.is.subscriber, 0, sizeof lease.is.subscriber);
        memcpy(lease.is.subscriber, "customer-4711", 13);
        for (unsigned i = 0; i < 100000; i++)
                assert_int_equal(lease_heap_add(&heap, &lease), 0);
        assert_true(heap.bytes / 100000 < 130);
        lease_heap_free(&heap);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_heap_joins_as_a_list),
                cmocka_unit_test(what_was_joined_gives_its_memory_back),
                cmocka_unit_test(a_row_takes_what_its_name_needs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
