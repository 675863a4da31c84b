/* SPDX-License-Identifier: EUPL-1.2 */
#include "node/statistics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct statistics_exporter exporter;
static struct statistics statistics;
static struct buffer page;

static int setup(void **state)
{
        (void)state;
        page = buffer_make(1 << 20);
        exporter = (struct statistics_exporter){.name = "cgn-1",
                .counts = {.messages = 7,
                        .last_ms = INT64_MIN,
                        .offset_min_ms = INT32_MIN,
                        .offset_max_ms = INT32_MIN}};
        statistics = (struct statistics){.now_ms = 5000,
                .collector = {.stop_ms = 1500, .started_ms = 1000},
                .store = {.open_bindings = UINT64_MAX,
                        .last_merge_ms = INT64_MIN,
                        .last_merge_took_ms = INT64_MIN,
                        .users_most = UINT64_MAX,
                        .users_over = UINT64_MAX,
                        .disk_free_bytes = UINT64_MAX,
                        .key_since_ms = INT64_MIN,
                        .sharing = SHARING_NONE},
                .store_is_known = true,
                .exporters = &exporter,
                .exporter_count = 1};
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        buffer_free(&page);
        return 0;
}

static const char *prometheus(void)
{
        buffer_clear(&page);
        assert_int_equal(statistics_prometheus(&statistics, &page), 0);
        buffer_append_u8(&page, 0);
        return (const char *)page.bytes;
}

static const char *json(void)
{
        buffer_clear(&page);
        assert_int_equal(statistics_json(&statistics, &page), 0);
        buffer_append_u8(&page, 0);
        return (const char *)page.bytes;
}

static void assert_has(const char *text, const char *wanted)
{
        if (!strstr(text, wanted))
                fail_msg("no \"%s\" in:\n%s", wanted, text);
}

static void assert_lacks(const char *text, const char *unwanted)
{
        if (strstr(text, unwanted))
                fail_msg("\"%s\" in:\n%s", unwanted, text);
}

static void test_what_is_not_known_is_not_told(void **state)
{
        static const char *const names[] = {"last_heard", "clock_offset", "last_merge", "open_bindings",
                "users_", "disk_free", "key_since", "store_hour", "\"hour", "shares", "worst",
                "addresses_over{"};

        (void)state;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                const char *text = prometheus();
                for (const char *at = text; (at = strstr(at, names[i])); at++) {
                        const char *line = at;
                        while (line > text && line[-1] != '\n')
                                line--;
                        if (line[0] != '#')
                                fail_msg("%s is told", names[i]);
                }
                assert_lacks(json(), names[i]);
        }
        assert_has(prometheus(), "\nrogatory_exporter_messages_total{exporter=\"cgn-1\"} 7\n");
        assert_has(prometheus(), "\nrogatory_stopped_seconds_total 1.500\n");
}

static void test_a_store_that_told_nothing(void **state)
{
        (void)state;
        statistics.store_is_known = false;
        assert_lacks(prometheus(), "rogatory_store_");
        assert_has(json(), "\"store\":{},");
}

static void test_sharing(void **state)
{
        (void)state;
        statistics.store.sharing.window_from = 3600000;
        sharing_add(&statistics.store.sharing, 0xc6336407, 17);
        sharing_add(&statistics.store.sharing, 0xc6336408, 200);
        sharing_add(&statistics.store.sharing, 0xc6336409, 1);
        assert_has(prometheus(), "\nrogatory_store_hour_seconds 3600.000\n");
        assert_has(prometheus(), "\nrogatory_store_addresses_over{users=\"0\"} 3\n");
        assert_has(prometheus(), "\nrogatory_store_addresses_over{users=\"16\"} 2\n");
        assert_has(prometheus(), "\nrogatory_store_addresses_over{users=\"32\"} 1\n");
        /* Addresses of the public side alone, and none of them as a label: there may be thousands. */
        assert_lacks(prometheus(), "198.51.100");
        assert_has(json(),
                "\"shares\":[[1,1],[17,1],[128,1]],\"worst\":[{\"address\":\"198.51.100.8\",\"users\":200},");
}

static void test_signs_and_refusals(void **state)
{
        (void)state;
        exporter.counts.offset_min_ms = -3;
        exporter.counts.offset_max_ms = 2050;
        exporter.counts.last_ms = 4321;
        exporter.refused[REFUSAL_BAD_VALUE] = 4;
        assert_has(prometheus(), "rogatory_exporter_clock_offset_least_seconds{exporter=\"cgn-1\"} -0.003\n");
        assert_has(prometheus(), "rogatory_exporter_clock_offset_most_seconds{exporter=\"cgn-1\"} 2.050\n");
        assert_has(
                prometheus(), "rogatory_exporter_refused_total{exporter=\"cgn-1\",reason=\"bad-value\"} 4\n");
        assert_has(json(), "\"last_heard\":4.321,\"clock_offset_least\":-0.003,");
        assert_has(json(), "\"refused\":{\"bad-value\":4}");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_what_is_not_known_is_not_told, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_store_that_told_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_sharing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_signs_and_refusals, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
