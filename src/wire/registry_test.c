/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void check(uint32_t enterprise, uint16_t number, const char *name)
{
        char text[REGISTRY_NAME_MAX];

        assert_string_equal(registry_name(enterprise, number, text), name);
}

static void test_names(void **state)
{
        (void)state;
        check(0, 8, "sourceIPv4Address");
        check(0, 230, "natEvent");
        check(0, 361, "portRangeStart");
        check(0, 482, "vpnIdentifier");
        check(0, 40001, "mappedSourceIPv4Address");
        check(637, 93, "aluNatSubString");
        check(6876, 890, "ingressInterfaceAttr");
        check(REGISTRY_REVERSE, 1, "reverse octetDeltaCount");
        check(2636, 1, "(of Juniper)");
        check(64000, 1, "(not known)");
        check(0, 0, "(not known)");
        check(0, 65535, "(not known)");
}

static void test_types(void **state)
{
        (void)state;
        assert_int_equal(registry_element_of(0, 323)->type, REGISTRY_MILLISECONDS);
        assert_int_equal(registry_element_of(0, 227)->type, REGISTRY_PORT);
        assert_int_equal(registry_element_of(0, 281)->type, REGISTRY_IPV6);
        assert_null(registry_element_of(637, 8));
}

/* The search needs the table sorted: every element that is there is found. */
static void test_all_are_found(void **state)
{
        size_t found = 0;

        (void)state;
        for (uint32_t number = 0; number <= UINT16_MAX; number++)
                for (int i = 0; i < 3; i++) {
                        static const uint32_t enterprises[] = {0, 637, 6876};
                        found += registry_element_of(enterprises[i], (uint16_t)number) != NULL;
                }
        assert_int_equal(found, registry_size());
        assert_true(found >= 150);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_types),
                cmocka_unit_test(test_all_are_found),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
