/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct address address_of(const char *text)
{
        struct address address;
        struct error error = {0};
        if (address_parse(slice_of(text), &address, &error) < 0)
                fail_msg("%s", error.text);
        return address;
}

static void test_addresses(void **state)
{
        /* Writing as RFC 5952 section 4 asks for. */
        static const char *const cases[][2] = {
                {"198.51.100.7", "198.51.100.7"},
                {"0.0.0.0", "0.0.0.0"},
                {"2001:DB8::1", "2001:db8::1"},
                {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
                {"::ffff:198.51.100.7", "198.51.100.7"},
        };
        static const char *const refused[] = {"", "198.51.100", "198.51.100.256", "198.51.100.07", "1.2.3.4 ",
                "2001:db8:::1", "fe80::1%eth0", "example.org", "1.2.3.4/32",
                "2001:db8::1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:1:2:3:4"};
        char text[ADDRESS_TEXT_MAX];
        struct address address;

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                address = address_of(cases[i][0]);
                assert_string_equal(address_format(&address, text), cases[i][1]);
        }
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
                assert_int_equal(address_parse(slice_of(refused[i]), &address, NULL), -EINVAL);
        assert_int_equal(address_parse(slice_make("1.2.3.4\0x", 9), &address, NULL), -EINVAL);
        address = address_of("198.51.100.7");
        assert_true(address_is_ipv4(&address));
        assert_int_equal(address_ipv4(&address), 0xc6336407);
        assert_false(address_is_none(&address));
        assert_string_equal(address_format(&(struct address){{0}}, text), "-");
}

static void test_prefixes(void **state)
{
        static const char *const cases[] = {"198.51.100.0/24", "0.0.0.0/0", "198.51.100.7", "2001:db8::/56",
                "2001:db8::1", "::/0", "128.0.0.0/1", "198.51.100.6/31", "2001:db8::fffe/127"};
        static const char *const refused[] = {"198.51.100.1/24", "198.51.100.0/33", "2001:db8::/129",
                "2001:db8::1/64", "198.51.100.0/", "198.51.100.0/-1", "/24", "198.51.100.0/24/24",
                "::ffff:198.51.100.0/120"};
        char text[ADDRESS_TEXT_MAX];
        struct prefix prefix;

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                assert_int_equal(prefix_parse(slice_of(cases[i]), &prefix, NULL), 0);
                assert_string_equal(prefix_format(&prefix, text), cases[i]);
        }
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
                assert_int_equal(prefix_parse(slice_of(refused[i]), &prefix, NULL), -EINVAL);
}

static void test_containment(void **state)
{
        static const struct {
                const char *prefix, *address;
                bool inside;
        } cases[] = {
                {"198.51.100.0/24", "198.51.100.0", true},
                {"198.51.100.0/24", "198.51.100.255", true},
                {"198.51.100.0/24", "198.51.101.0", false},
                {"198.51.100.7", "198.51.100.7", true},
                {"198.51.100.7", "198.51.100.6", false},
                {"0.0.0.0/0", "255.255.255.255", true},
                {"0.0.0.0/0", "2001:db8::1", false},
                {"2001:db8::/57", "2001:db8:0:7f::", true},
                {"2001:db8::/57", "2001:db8:0:80::", false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct address address = address_of(cases[i].address);
                struct prefix prefix;
                assert_int_equal(prefix_parse(slice_of(cases[i].prefix), &prefix, NULL), 0);
                assert_int_equal(prefix_contains(&prefix, &address), cases[i].inside);
        }
        /* Every length cuts exactly behind its last bit. */
        struct address ones = address_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        for (unsigned length = 0; length <= 128; length++) {
                struct prefix prefix = prefix_of(&ones, length);
                for (unsigned bit = 0; bit < 128; bit++)
                        assert_int_equal(prefix.address.bytes[bit / 8] >> (7 - bit % 8) & 1, bit < length);
        }
}

static void test_ports(void **state)
{
        static const struct {
                const char *text;
                int result, port;
                const char *address;
        } cases[] = {
                {"198.51.100.7:4711", 0, 4711, "198.51.100.7"},
                {"198.51.100.7", 0, -1, "198.51.100.7"},
                {"198.51.100.7:0", 0, 0, "198.51.100.7"},
                {"[2001:db8::1]:443", 0, 443, "2001:db8::1"},
                {"[2001:db8::1]", 0, -1, "2001:db8::1"},
                {"2001:db8::1", 0, -1, "2001:db8::1"},
                {"198.51.100.7:65536", -EINVAL, 0, NULL},
                {"198.51.100.7:", -EINVAL, 0, NULL},
                {"198.51.100.7:+1", -EINVAL, 0, NULL},
                {"[2001:db8::1]443", -EINVAL, 0, NULL},
                {"[2001:db8::1:443", -EINVAL, 0, NULL},
                {":443", -EINVAL, 0, NULL},
                {"", -EINVAL, 0, NULL},
        };
        char text[ADDRESS_TEXT_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct address address;
                struct error error = {0};
                int port = -7;
                int r = address_parse_with_port(slice_of(cases[i].text), &address, &port, &error);
                if (r != cases[i].result)
                        fail_msg("%s: %d %s", cases[i].text, r, error.text);
                if (r == 0) {
                        assert_int_equal(port, cases[i].port);
                        assert_string_equal(address_format(&address, text), cases[i].address);
                } else {
                        assert_int_equal(port, -7);
                }
        }
}

/* 0100::/8 is nobody's, so that it can hold names; what is discarded (0100::/64) is no name. */
static void test_named_hosts(void **state)
{
        struct address named = {{1, 0xab, [15] = 7}}, discarded = {{1, [15] = 7}},
                       other = {{0x20, 1, [15] = 7}};
        struct address none = {{0}}, ipv4 = address_from_ipv4(0x01000001);
        char text[ADDRESS_TEXT_MAX];

        (void)state;
        assert_true(address_is_named(&named));
        assert_false(address_is_named(&discarded));
        assert_false(address_is_named(&other));
        assert_false(address_is_named(&none));
        assert_false(address_is_named(&ipv4));
        assert_string_equal(address_format(&named, text), "-");
        assert_string_equal(address_format(&discarded, text), "100::7");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_prefixes),
                cmocka_unit_test(test_containment),
                cmocka_unit_test(test_ports),
                cmocka_unit_test(test_named_hosts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
