/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/host.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct nat_host host(uint32_t address, uint32_t vrf)
{
        return (struct nat_host){.address = address_from_ipv4(address), .vrf = vrf};
}

static void numbers_stay_while_the_table_grows(void **state)
{
        struct host_table table;
        uint32_t number;

        (void)state;
        assert_int_equal(host_table_init(&table, 100000), 0);
        for (uint32_t i = 0; i < 20000; i++) {
                struct nat_host made = host(UINT32_C(0x64400000) + i / 2, i % 2);
                assert_int_equal(host_intern(&table, &made, &number), 0);
                assert_int_equal(number, i + 1);
        }
        for (uint32_t i = 0; i < 20000; i++) {
                struct nat_host made = host(UINT32_C(0x64400000) + i / 2, i % 2);
                assert_int_equal(host_intern(&table, &made, &number), 0);
                assert_int_equal(number, i + 1);
                struct nat_host got = host_get(&table, number);
                assert_int_equal(got.vrf, i % 2);
                assert_int_equal(address_ipv4(&got.address), UINT32_C(0x64400000) + i / 2);
        }
        assert_int_equal(table.count, 20000);
        host_table_free(&table);
}

static void one_address_in_two_networks_is_two_hosts(void **state)
{
        struct host_table table;
        struct nat_host plain = host(1, 0), other = host(1, 7);
        uint32_t a, b;

        (void)state;
        assert_int_equal(host_table_init(&table, 10), 0);
        assert_int_equal(host_intern(&table, &plain, &a), 0);
        assert_int_equal(host_intern(&table, &other, &b), 0);
        assert_int_not_equal(a, b);
        host_table_free(&table);
}

static void no_host_is_number_zero(void **state)
{
        struct host_table table;
        struct nat_host none = {.vrf = 3};
        uint32_t number = 99;

        (void)state;
        assert_int_equal(host_table_init(&table, 0), 0);
        assert_int_equal(host_intern(&table, &none, &number), 0);
        assert_int_equal(number, HOST_NONE);
        struct nat_host got = host_get(&table, HOST_NONE);
        assert_true(address_is_none(&got.address));
        got = host_get(&table, 1);
        assert_true(address_is_none(&got.address));
        host_table_free(&table);
}

static void the_ceiling_refuses_new_hosts_only(void **state)
{
        struct host_table table;
        uint32_t number = 99;

        (void)state;
        assert_int_equal(host_table_init(&table, 300), 0);
        for (uint32_t i = 0; i < 300; i++) {
                struct nat_host made = host(i + 1, 0);
                assert_int_equal(host_intern(&table, &made, &number), 0);
        }
        struct nat_host known = host(300, 0), strange = host(301, 0);
        number = 99;
        assert_int_equal(host_intern(&table, &strange, &number), -EFBIG);
        assert_int_equal(number, 99);
        assert_int_equal(host_intern(&table, &known, &number), 0);
        assert_int_equal(number, 300);
        host_table_free(&table);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_stay_while_the_table_grows),
                cmocka_unit_test(one_address_in_two_networks_is_two_hosts),
                cmocka_unit_test(no_host_is_number_zero),
                cmocka_unit_test(the_ceiling_refuses_new_hosts_only),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
