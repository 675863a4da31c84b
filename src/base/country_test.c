/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/country.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_assigned_codes(void **state)
{
        static const char *const wrong[] = {
                "", "A", "AUT", "at", "At", "UK", "EL", "EU", "XX", "XK", "AA", "ZZ", "A1", "\xc3\x96", "SU"};
        char code[3] = "AA";
        int count = 0;
        (void)state;
        for (code[0] = 'A'; code[0] <= 'Z'; code[0]++)
                for (code[1] = 'A'; code[1] <= 'Z'; code[1]++)
                        count += country_is_assigned(code);
        assert_int_equal(count, 249);
        assert_true(country_is_assigned("AT"));
        assert_true(country_is_assigned("GR"));
        assert_true(country_is_assigned("ZW"));
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_false(country_is_assigned(wrong[i]));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_assigned_codes)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
