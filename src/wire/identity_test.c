/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/identity.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOST_MARK "LSN-Host@"

static const char *read_text(const char *text, size_t length, struct identity *ret)
{
        return identity_read(slice_make(text, length), HOST_MARK, ret);
}

static void test_a_host_is_its_address(void **state)
{
        struct identity identity;
        char text[ADDRESS_TEXT_MAX];

        (void)state;
        assert_null(read_text("LSN-Host@100.64.0.7\0\0\0\0\0", 24, &identity));
        assert_string_equal(address_format(&identity.inside, text), "100.64.0.7");
        assert_string_equal(identity.subscriber, "");
        assert_null(read_text("LSN-Host@2001:db8::9", 20, &identity));
        assert_string_equal(address_format(&identity.inside, text), "2001:db8::9");
}

static void test_a_line_is_its_name(void **state)
{
        struct identity one, again, other;

        (void)state;
        assert_null(read_text("line-1@10.0.0.2", 15, &one));
        assert_null(read_text("line-1@10.0.0.2\0", 16, &again)); /* padding is not part of the name */
        assert_null(read_text("line-2@10.0.0.2", 15, &other));   /* the same private address, another line */
        assert_string_equal(one.subscriber, "line-1@10.0.0.2");
        assert_true(address_is_named(&one.inside));
        assert_int_equal(address_compare(&one.inside, &again.inside), 0);
        assert_int_not_equal(address_compare(&one.inside, &other.inside), 0);
}

/* The first 120 bits of SHA-256 (FIPS 180-4) of "abc". */
static void test_the_digest(void **state)
{
        static const uint8_t expected[16] = {0x01, 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41,
                0x40, 0xde, 0x5d, 0xae, 0x22};
        struct address address;

        (void)state;
        assert_int_equal(identity_address(slice_of("abc"), &address), 0);
        assert_memory_equal(address.bytes, expected, sizeof expected);
}

static void test_strings_that_name_nobody(void **state)
{
        struct identity identity;
        char longest[300];

        (void)state;
        memset(longest, 'n', sizeof longest);
        assert_non_null(read_text("", 0, &identity));
        assert_non_null(read_text("\0\0\0\0", 4, &identity));
        assert_non_null(read_text("LSN-Host@", 9, &identity));
        assert_non_null(read_text("LSN-Host@100.64.0", 17, &identity));
        assert_non_null(read_text("LSN-Host@::", 11, &identity));
        assert_non_null(read_text("LSN-Host@100:ab::1", 18, &identity)); /* would pass for a name */
        assert_non_null(read_text("line\n1", 6, &identity));
        assert_non_null(read_text("line\xff", 5, &identity));
        assert_non_null(read_text(longest, sizeof longest, &identity));
        assert_null(read_text(longest, SUBSCRIBER_MAX - 1, &identity));
}

/* All statements about a name are one lease, which stands from the first on. */
static void test_leases_of_a_name_join(void **state)
{
        struct lease_list list = {0};
        struct identity identity;

        (void)state;
        assert_null(read_text("line-1@10.0.0.2", 15, &identity));
        for (int64_t i = 0; i < 5; i++) {
                struct lease lease = {.is = identity_lease(&identity, 9, 1000 + 100 * (i * 3 % 5)),
                        .seen_until_ms = TIME_UNKNOWN};
                assert_int_equal(lease.is.from_edge, EDGE_INTERIM);
                assert_int_equal(lease_list_append(&list, &lease), 0);
        }
        assert_int_equal(lease_join(&list), 0);
        assert_int_equal(list.count, 1);
        assert_int_equal(list.items[0].is.from_ms, 1000);
        assert_int_equal(list.items[0].is.to_ms, 1400);
        assert_int_equal(list.items[0].seen_until_ms, 1400);
        assert_int_equal(list.items[0].is.vrf, 9);
        assert_int_equal(list.items[0].is.prefix.length, 128);
        assert_int_equal(list.items[0].is.flags, LEASE_STANDING);
        lease_list_free(&list);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_host_is_its_address),
                cmocka_unit_test(test_a_line_is_its_name),
                cmocka_unit_test(test_the_digest),
                cmocka_unit_test(test_strings_that_name_nobody),
                cmocka_unit_test(test_leases_of_a_name_join),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
