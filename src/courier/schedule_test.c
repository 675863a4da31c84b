/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/schedule.h"

#include "courier/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void waits_double_up_to_the_longest(void **state)
{
        const struct schedule schedule = {.first_ms = 1000, .longest_ms = 60000};
        static const int64_t most[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};

        (void)state;
        for (uint32_t i = 0; i < 8; i++) {
                /* Half is certain, and of the other half the random part is taken. */
                assert_int_equal(schedule_wait_ms(&schedule, i + 1, 0), most[i] / 2);
                assert_in_range(schedule_wait_ms(&schedule, i + 1, UINT32_MAX), most[i] - 1, most[i]);
                assert_in_range(schedule_wait_ms(&schedule, i + 1, UINT32_C(1) << 31), most[i] * 3 / 4 - 1,
                        most[i] * 3 / 4);
        }
        assert_int_equal(schedule_wait_ms(&schedule, UINT32_MAX, 0), 30000);
        assert_int_equal(schedule_wait_ms(&schedule, 0, 0), 500);
}

static void odd_settings_are_bounded(void **state)
{
        (void)state;
        assert_int_equal(
                schedule_wait_ms(&(struct schedule){.first_ms = INT64_MAX, .longest_ms = INT64_MAX}, 9, 0),
                SCHEDULE_WAIT_MAX_MS / 2);
        assert_int_equal(schedule_wait_ms(&(struct schedule){.first_ms = -5, .longest_ms = -5}, 1, 0),
                SCHEDULE_FIRST_MS / 2);
        assert_int_equal(schedule_wait_ms(&(struct schedule){0}, 100, 0), SCHEDULE_LONGEST_MS / 2);
        assert_int_equal(schedule_wait_ms(&(struct schedule){.first_ms = 1, .longest_ms = 1}, 1, 0), 1);
}

/* A peer that is down for three days, by a fake clock: few attempts, and after it comes back it is found
 * within the longest wait. */
static void a_peer_that_is_down_for_days(void **state)
{
        const struct schedule schedule = {0};
        int64_t now_ms = 0, back_ms = 3 * INT64_C(86400000);
        uint32_t attempts = 0, random = 12345;

        (void)state;
        while (now_ms < back_ms) {
                attempts++;
                random = random * 1664525 + 1013904223;
                int64_t wait_ms = schedule_wait_ms(&schedule, attempts, random);
                assert_in_range(wait_ms, 1, SCHEDULE_LONGEST_MS);
                now_ms += wait_ms;
        }
        assert_in_range(attempts, 144, 300);
        assert_true(now_ms < back_ms + SCHEDULE_LONGEST_MS);
}

static void names(void **state)
{
        static const char *const bad_ids[] = {"", "7d9f2f0a-6c1e-4f57-9b1c-0f3f6f2d1e4",
                "7D9F2F0A-6C1E-4F57-9B1C-0F3F6F2D1E4A", "7d9f2f0a-6c1e-1f57-9b1c-0f3f6f2d1e4a",
                "7d9f2f0a-6c1e-4f57-cb1c-0f3f6f2d1e4a", "7d9f2f0a06c1e04f5709b1c00f3f6f2d1e4a",
                "7d9f2f0a-6c1e-4f57-9b1c-0f3f6f2d1e4a\n"};

        (void)state;
        assert_true(id_is_valid("7d9f2f0a-6c1e-4f57-9b1c-0f3f6f2d1e4a"));
        for (size_t i = 0; i < sizeof bad_ids / sizeof bad_ids[0]; i++)
                assert_false(id_is_valid(bad_ids[i]));
        assert_true(organisation_is_valid("at-prosecution-vienna"));
        assert_false(organisation_is_valid(""));
        assert_false(organisation_is_valid("At"));
        assert_false(organisation_is_valid("a b"));
        assert_false(
                organisation_is_valid("0123456789012345678901234567890123456789012345678901234567890123"));
        assert_true(evidence_name_is_valid("bindings.json.p7m"));
        assert_false(evidence_name_is_valid(".hidden"));
        assert_false(evidence_name_is_valid("a/b"));
        assert_false(evidence_name_is_valid(""));
        assert_true(fingerprint_is_valid("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
        assert_false(
                fingerprint_is_valid("0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(waits_double_up_to_the_longest),
                cmocka_unit_test(odd_settings_are_bounded),
                cmocka_unit_test(a_peer_that_is_down_for_days),
                cmocka_unit_test(names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
