/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/dhcp_identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct dhcp_identity identity;

static void set(enum dhcp_value value, const char *text)
{
        assert_true(dhcp_identity_set(&identity, value, (const uint8_t *)text, strlen(text)));
}

static void expect(const char *subscriber, unsigned rank)
{
        char text[SUBSCRIBER_MAX];
        unsigned of;

        assert_null(dhcp_identity_subscriber(&identity, text, &of));
        assert_string_equal(text, subscriber);
        assert_int_equal(of, rank);
}

static void the_best_identity_there_is(void **state)
{
        char text[SUBSCRIBER_MAX];
        unsigned rank;

        (void)state;
        identity = (struct dhcp_identity){0};
        assert_non_null(dhcp_identity_subscriber(&identity, text, &rank));
        set(DHCP_CIRCUIT_ID, "Gi0/1");
        assert_non_null(dhcp_identity_subscriber(&identity, text, &rank));
        assert_int_equal(dhcp_identity_client(&identity), 0);
        identity.values[DHCP_CIRCUIT_ID].length = 0;
        set(DHCP_HARDWARE, "\x02\x11\x22\x33\x44\x0f");
        expect("hardware 02:11:22:33:44:0f", 5);
        uint64_t hardware = dhcp_identity_client(&identity);
        set(DHCP_CLIENT_ID, "\x01\x02\x11");
        expect("client-id 01:02:11", 4);
        assert_true(dhcp_identity_client(&identity) != hardware);
        set(DHCP_CIRCUIT_ID, "Gi0/1");
        expect("circuit-id Gi0/1, client-id 01:02:11", 3);
        set(DHCP_REMOTE_ID, "k\xc3\xb6ln-7");
        expect("remote-id k\xc3\xb6ln-7, circuit-id Gi0/1", 2);
        identity.values[DHCP_CIRCUIT_ID].length = 0;
        expect("remote-id k\xc3\xb6ln-7", 2);
        set(DHCP_SUBSCRIBER_ID, "4711");
        expect("subscriber-id 4711", 1);
}

/* Two values are never written alike: they would be one person. */
static void values_stay_apart(void **state)
{
        static const char *const values[] = {"\x01\x1a", "01:1a", "\"01:1a\"", "01:1A", "a", "aa", "\xaa",
                "\"aa\"", "a, circuit-id b", "a,", ",", "a ", " a", "\"a, \"", "a, \"", "61:2c", "a\xc3\xa9",
                "a\xe9", "a\xc3\xa9\n"};
        const size_t count = sizeof values / sizeof values[0];
        char texts[64][SUBSCRIBER_MAX], pairs[400][SUBSCRIBER_MAX];
        unsigned rank;

        (void)state;
        for (size_t i = 0; i < count; i++) {
                identity = (struct dhcp_identity){0};
                set(DHCP_REMOTE_ID, values[i]);
                assert_null(dhcp_identity_subscriber(&identity, texts[i], &rank));
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(texts[i], texts[k]);
                for (size_t k = 0; k < count; k++) {
                        set(DHCP_CIRCUIT_ID, values[k]);
                        assert_null(dhcp_identity_subscriber(&identity, pairs[i * count + k], &rank));
                        for (size_t j = 0; j < i * count + k; j++)
                                assert_string_not_equal(pairs[i * count + k], pairs[j]);
                        for (size_t j = 0; j <= i; j++)
                                assert_string_not_equal(pairs[i * count + k], texts[j]);
                }
        }
}

static void what_is_too_long(void **state)
{
        uint8_t bytes[256] = {0};
        char text[SUBSCRIBER_MAX];
        unsigned rank;

        (void)state;
        identity = (struct dhcp_identity){0};
        assert_false(dhcp_identity_set(&identity, DHCP_DUID, bytes, 256));
        assert_true(dhcp_identity_set(&identity, DHCP_DUID, bytes, 83));
        assert_null(dhcp_identity_subscriber(&identity, text, &rank));
        assert_true(dhcp_identity_set(&identity, DHCP_DUID, bytes, 84));
        assert_non_null(dhcp_identity_subscriber(&identity, text, &rank));
}

static void hexadecimal(void **state)
{
        static const char *const wrong[] = {
                "", ":", "1:", ":1", "1::2", "123:4", "1", "123", "1g", "g1", "01:0x"};
        uint8_t bytes[4];

        (void)state;
        assert_int_equal(dhcp_hex(slice_of("1:A:0f"), bytes, 4), 3);
        assert_memory_equal(bytes, "\x01\x0a\x0f", 3);
        assert_int_equal(dhcp_hex(slice_of("01fF"), bytes, 4), 2);
        assert_memory_equal(bytes, "\x01\xff", 2);
        assert_int_equal(dhcp_hex(slice_of("0102030405"), bytes, 4), -EINVAL);
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_int_equal(dhcp_hex(slice_of(wrong[i]), bytes, 4), -EINVAL);
}

static void options_of_relays(void **state)
{
        static const uint8_t four[] = {1, 2, 'p', '1', 9, 1, 0, 2, 1, 'r', 6, 0};
        static const uint8_t six[] = {0, 18, 0, 2, 'p', '2', 0, 37, 0, 5, 0, 0, 0, 9, 'r', 0, 1, 0, 0};

        (void)state;
        identity = (struct dhcp_identity){0};
        assert_true(dhcp_identity_relay(&identity, four, sizeof four));
        expect("remote-id r, circuit-id p1", 2);
        for (size_t length = 1; length < sizeof four; length++)
                assert_int_equal(dhcp_identity_relay(&identity, four, length),
                        length == 4 || length == 7 || length == 10);
        identity = (struct dhcp_identity){0};
        assert_true(dhcp_identity_relay6(&identity, six, sizeof six));
        expect("remote-id 00:00:00:09:72, circuit-id p2", 2);
        for (size_t length = 1; length < sizeof six; length++)
                assert_int_equal(dhcp_identity_relay6(&identity, six, length), length == 6 || length == 15);
        assert_false(dhcp_identity_relay6(&identity, (const uint8_t[]){0, 37, 0, 1, 1}, 5));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_best_identity_there_is),
                cmocka_unit_test(values_stay_apart),
                cmocka_unit_test(what_is_too_long),
                cmocka_unit_test(hexadecimal),
                cmocka_unit_test(options_of_relays),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
