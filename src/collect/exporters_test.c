/* SPDX-License-Identifier: EUPL-1.2 */
#include "collect/exporters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct error error;

static struct exporter_setting setting(const char *prefix, uint16_t number)
{
        struct exporter_setting setting = {.number = number};
        assert_int_equal(prefix_parse(slice_of(prefix), &setting.from, &error), 0);
        return setting;
}

static int number_at(struct exporters *exporters, const char *text)
{
        struct address address;
        assert_int_equal(address_parse(slice_of(text), &address, &error), 0);
        struct exporter *found = exporters_find(exporters, &address);
        return found ? found->number : -1;
}

static void test_the_longest_prefix_counts(void **state)
{
        const struct exporter_setting settings[] = {setting("192.0.2.0/24", 1), setting("192.0.2.7", 2),
                setting("2001:db8::/32", 3), setting("2001:db8::1", 4), setting("192.0.2.128/25", 5)};
        struct exporters *exporters;

        (void)state;
        assert_int_equal(exporters_new(settings, 5, &exporters, &error), 0);
        assert_int_equal(number_at(exporters, "192.0.2.6"), 1);
        assert_int_equal(number_at(exporters, "192.0.2.7"), 2);
        assert_int_equal(number_at(exporters, "192.0.2.200"), 5);
        assert_int_equal(number_at(exporters, "192.0.3.7"), -1);
        assert_int_equal(number_at(exporters, "2001:db8::2"), 3);
        assert_int_equal(number_at(exporters, "2001:db8::1"), 4);
        assert_int_equal(number_at(exporters, "2001:db9::1"), -1);
        exporters_free(exporters);

        assert_int_equal(exporters_new(NULL, 0, &exporters, &error), 0);
        assert_int_equal(number_at(exporters, "192.0.2.7"), -1);
        exporters_free(exporters);
}

/* Every address against a plain search, over many prefixes. */
static void test_against_a_plain_search(void **state)
{
        static struct exporter_setting settings[2000];
        struct exporters *exporters;
        size_t count = 0;

        (void)state;
        srand(4);
        while (count < 2000) {
                struct address address = address_from_ipv4((uint32_t)rand() & 0x0fffffff);
                struct exporter_setting one = {
                        .from = prefix_of(&address, 106 + (unsigned)rand() % 23), .number = (uint16_t)count};
                bool is_new = true;
                for (size_t i = 0; i < count; i++)
                        is_new &= memcmp(&settings[i].from, &one.from, sizeof one.from) != 0;
                if (is_new)
                        settings[count++] = one;
        }
        assert_int_equal(exporters_new(settings, count, &exporters, &error), 0);
        for (unsigned i = 0; i < 3000; i++) {
                struct address address = address_from_ipv4((uint32_t)rand() & 0x0fffffff);
                int best = -1;
                for (size_t k = 0; k < count; k++)
                        if (prefix_contains(&settings[k].from, &address) &&
                                (best < 0 || settings[k].from.length > settings[best].from.length))
                                best = (int)k;
                struct exporter *found = exporters_find(exporters, &address);
                assert_int_equal(found ? found->number : -1, best);
        }
        exporters_free(exporters);
}

static void test_what_cannot_be(void **state)
{
        struct exporter_setting settings[2] = {setting("192.0.2.0/24", 1), setting("192.0.2.0/24", 2)};
        struct exporters *exporters;
        static char long_secret[400];

        (void)state;
        assert_int_equal(exporters_new(settings, 2, &exporters, &error), -EINVAL);
        assert_non_null(strstr(error.text, "192.0.2.0/24"));
        settings[0].secret = "";
        assert_int_equal(exporters_new(settings, 1, &exporters, &error), -EINVAL);
        memset(long_secret, 'x', sizeof long_secret - 1);
        settings[0].secret = long_secret;
        assert_int_equal(exporters_new(settings, 1, &exporters, &error), -EINVAL);
        settings[0] = setting("192.0.2.0/24", EXPORTER_NOBODY);
        assert_int_equal(exporters_new(settings, 1, &exporters, &error), -EINVAL);
}

static unsigned sent(struct exporter *exporter, unsigned tries, int64_t steady_ms)
{
        unsigned sent = 0;
        while (tries--)
                sent += exporter_may_send(exporter, steady_ms);
        return sent;
}

static void test_rate(void **state)
{
        struct exporter_setting one = setting("192.0.2.0/24", 1);
        struct exporters *exporters;

        (void)state;
        one.rate = 100;
        assert_int_equal(exporters_new(&one, 1, &exporters, &error), 0);
        struct exporter *exporter = exporters_find(exporters, &one.from.address);
        assert_int_equal(sent(exporter, 500, 5000), 100); /* a second's worth at once */
        assert_int_equal(sent(exporter, 500, 5000), 0);
        assert_int_equal(sent(exporter, 500, 5009), 0); /* what does not make a message yet is kept */
        assert_int_equal(sent(exporter, 500, 5015), 1);
        assert_int_equal(sent(exporter, 500, 5020), 1);
        assert_int_equal(sent(exporter, 500, 5000), 0);
        assert_int_equal(sent(exporter, 500, 99000), 100);
        exporters_free(exporters);
}

static void test_strangers_take_no_more_room(void **state)
{
        struct exporters *exporters;
        size_t count;
        uint64_t all = 0;
        bool found = false;

        (void)state;
        assert_int_equal(exporters_new(NULL, 0, &exporters, &error), 0);
        struct address often = address_from_ipv4(0xcb007107);
        for (uint32_t i = 0; i < 20000; i++) {
                struct address address = address_from_ipv4(0x0a000000 | i);
                exporters_add_stranger(exporters, i % 4 ? &address : &often, 1000 + i);
        }
        const struct stranger *strangers = exporters_strangers(exporters, &count);
        assert_int_equal(count, STRANGERS_MAX);
        for (size_t i = 0; i < count; i++) {
                all += strangers[i].count;
                found |= address_compare(&strangers[i].source, &often) == 0 && strangers[i].count >= 5000;
        }
        assert_true(found);
        assert_int_equal(all, 20000);
        exporters_free(exporters);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_longest_prefix_counts),
                cmocka_unit_test(test_against_a_plain_search),
                cmocka_unit_test(test_what_cannot_be),
                cmocka_unit_test(test_rate),
                cmocka_unit_test(test_strangers_take_no_more_room),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
