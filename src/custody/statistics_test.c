/* SPDX-License-Identifier: EUPL-1.2 */
/* Requirement 21: the yearly statistics of Article 28(2) can be recomputed from the log. */
#include "custody/statistics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define DAY TIME_DAY
static const int64_t march = INT64_C(1772323200000);     /* 2026-03-01T00:00:00Z */
static const int64_t last_year = INT64_C(1767225599000); /* 2025-12-31T23:59:59Z */

static struct statistics *statistics;

static int setup(void **state)
{
        (void)state;
        return statistics_new(2026, &statistics);
}

static int teardown(void **state)
{
        (void)state;
        statistics_free(statistics);
        return 0;
}

typedef int taker(struct statistics *statistics, const struct log_entry *entry, struct error *error);

static void hand_over(taker *take, const char *kind, int64_t at_ms, const char *text)
{
        struct buffer content = buffer_make(LOG_ENTRY_MAX);
        struct log_entry entry;
        struct error error = {0};

        json_t *fields = json_loads(text, 0, NULL);
        assert_non_null(fields);
        if (log_entry_write(kind, at_ms, "node", fields, &content, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(
                log_entry_read(slice_make((char *)content.bytes, content.length), &entry, &error), 0);
        assert_int_equal(take(statistics, &entry, &error), 0);
        log_entry_free(&entry);
        json_decref(fields);
        buffer_free(&content);
}

/* An order's number becomes its id. */
static void tell(const char *kind, unsigned number, int64_t at_ms, const char *more)
{
        char text[1024];

        snprintf(text, sizeof text, "{\"order\":\"00000000-0000-4000-8000-%012u\"%s%s}", number,
                more[0] ? "," : "", more);
        hand_over(statistics_add, kind, at_ms, text);
}

static void issue(unsigned number, int64_t at_ms, const char *instrument, const char *categories,
        const char *addressee, bool emergency, const char *more)
{
        char text[600];

        snprintf(text, sizeof text,
                "\"instrument\":\"%s\",\"categories\":[%s],\"addressee\":\"%s\",\"emergency\":%s%s%s",
                instrument, categories, addressee, emergency ? "true" : "false", more[0] ? "," : "", more);
        tell("order-issued", number, at_ms, text);
}

#define HASH "\"container\":\"0000000000000000000000000000000000000000000000000000000000000000\""
#define EVIDENCE "\"message\":\"00000000-0000-4000-8000-999999999999\"," HASH
#define REGULAR "\"derogation\":false"

static json_t *result(void)
{
        json_t *json;
        assert_int_equal(statistics_to_json(statistics, &json), 0);
        return json;
}

/* "production.fulfilled", "rows.2.grounds.press-freedom". */
static json_int_t figure(const json_t *json, const char *path)
{
        char copy[120];
        struct slice rest = slice_of(path);

        while (rest.length > 0) {
                struct slice part = slice_cut(&rest, '.');
                uint64_t index;
                snprintf(copy, sizeof copy, "%.*s", (int)part.length, part.text);
                json = json_is_array(json) && slice_number(part, 1000, &index) == 0
                               ? json_array_get(json, index)
                               : json_object_get(json, copy);
        }
        if (json_is_null(json))
                return -1;
        if (json_is_boolean(json))
                return json_is_true(json);
        if (!json_is_integer(json))
                fail_msg("there is no figure %s", path);
        return json_integer_value(json);
}

static void requirement_21_yearly_statistics_are_recomputed_from_the_log(void **state)
{
        (void)state;
        /* Two production orders to one addressee, one of them for two categories and an emergency. */
        issue(1, march, "production", "\"subscriber\"", "de-carrier", false, REGULAR);
        issue(2, march, "production", "\"subscriber\",\"traffic\"", "de-carrier", true,
                "\"derogation\":true");
        tell("data-obtained", 1, march + 4 * DAY, EVIDENCE);
        tell("data-obtained", 1, march + 9 * DAY, EVIDENCE); /* opened again: not obtained again */
        tell("data-obtained", 2, march + 2 * DAY, EVIDENCE);
        tell("later-validation", 2, march + DAY, "\"outcome\":\"refused\"");
        /* One refused, one withdrawn, one open, to another addressee. */
        issue(3, march, "production", "\"content\"", "fr-host", false, REGULAR);
        issue(4, march, "production", "\"content\"", "fr-host", false, REGULAR);
        issue(5, march, "production", "\"content\"", "fr-host", false, REGULAR);
        tell("authority-notified", 3, march, "\"authority\":\"fr-court\"");
        tell("refused", 3, march + DAY,
                "\"stage\":\"enforcing-authority\",\"whole\":true,\"grounds\":[\"press-freedom\",\"ne-bis-in-"
                "idem\"]");
        tell("refused", 5, march + DAY,
                "\"stage\":\"provider\",\"whole\":false,\"grounds\":[\"press-freedom\"]");
        tell("withdrawn", 4, march + DAY, "\"reason\":\"mistake\"");
        tell("enforcement", 3, march + DAY, "\"step\":\"transmitted\"");
        tell("enforcement", 3, march + 2 * DAY, "\"step\":\"accepted\"");
        tell("remedy", 3, march + DAY, "\"state\":\"enforcing\"");
        tell("costs", 1, march + DAY, "\"claimed_cents\":5000,\"reimbursed_cents\":1200");
        /* A preservation that production followed after 20 days. */
        issue(6, march, "preservation", "\"traffic\"", "de-carrier", false, REGULAR);
        tell("preserved", 6, march + 1000, "\"until\":\"2026-04-30T00:00:00.000Z\"");
        issue(7, march + 20 * DAY, "production", "\"traffic\"", "de-carrier", false,
                REGULAR ",\"follows\":\"00000000-0000-4000-8000-000000000006\"");
        /* Of another year, and of an order that nothing is known of. */
        issue(8, last_year, "production", "\"subscriber\"", "de-carrier", false, REGULAR);
        tell("data-obtained", 8, march, EVIDENCE);
        tell("withdrawn", 99, march, "\"reason\":\"mistake\"");
        statistics_add_erased(statistics);

        json_t *json = result();
        assert_int_equal(figure(json, "year"), 2026);
        assert_int_equal(figure(json, "production.issued"), 6);
        assert_int_equal(figure(json, "production.received"), 0);
        assert_int_equal(figure(json, "production.emergency_derogations"), 1);
        assert_int_equal(figure(json, "production.fulfilled"), 2);
        assert_int_equal(figure(json, "production.refused"), 1);
        assert_int_equal(figure(json, "production.withdrawn"), 1);
        assert_int_equal(figure(json, "production.open"), 2);
        assert_int_equal(figure(json, "production.authority_notified"), 1);
        assert_int_equal(figure(json, "production.grounds.press-freedom"), 2);
        assert_int_equal(figure(json, "production.grounds.ne-bis-in-idem"), 1);
        assert_int_equal(figure(json, "production.average_ms"), 3 * DAY);
        assert_int_equal(figure(json, "production.enforcement.transmitted"), 1);
        assert_int_equal(figure(json, "production.enforcement.accepted"), 1);
        assert_int_equal(figure(json, "production.enforcement.fulfilled"), 0);
        assert_int_equal(figure(json, "production.remedies.enforcing"), 1);
        assert_int_equal(figure(json, "production.remedies.issuing"), 0);
        assert_int_equal(figure(json, "production.later_validation_refused"), 1);
        assert_int_equal(figure(json, "production.costs.claimed_cents"), 5000);
        assert_int_equal(figure(json, "production.costs.reimbursed_cents"), 1200);
        assert_int_equal(figure(json, "preservation.issued"), 1);
        assert_int_equal(figure(json, "preservation.fulfilled"), 1);
        assert_int_equal(figure(json, "preservation.average_until_production_ms"), 20 * DAY);
        assert_int_equal(figure(json, "production.average_until_production_ms"), -1);
        assert_int_equal(figure(json, "erased_openings"), 1);
        assert_int_equal(figure(json, "entries_without_order"), 1);

        /* By addressee, instrument, category and situation. */
        json_t *rows = json_object_get(json, "rows");
        assert_int_equal(json_array_size(rows), 6);
        static const char *const expected[6][3] = {{"de-carrier", "production", "subscriber"},
                {"de-carrier", "production", "subscriber"}, {"de-carrier", "production", "traffic"},
                {"de-carrier", "production", "traffic"}, {"de-carrier", "preservation", "traffic"},
                {"fr-host", "production", "content"}};
        static const json_int_t emergencies[6] = {0, 1, 0, 1, 0, 0}, issued[6] = {1, 1, 1, 1, 1, 3};
        for (unsigned i = 0; i < 6; i++) {
                json_t *row = json_array_get(rows, i);
                assert_string_equal(json_string_value(json_object_get(row, "addressee")), expected[i][0]);
                assert_string_equal(json_string_value(json_object_get(row, "instrument")), expected[i][1]);
                assert_string_equal(json_string_value(json_object_get(row, "category")), expected[i][2]);
                assert_int_equal(figure(row, "emergency"), emergencies[i]);
                assert_int_equal(figure(row, "issued"), issued[i]);
        }
        assert_int_equal(figure(json, "rows.5.grounds.press-freedom"), 2);
        assert_int_equal(figure(json, "rows.1.average_ms"), 2 * DAY);
        json_decref(json);
}

/* The addressee's own log: orders that arrived, evidence that left. */
static void test_the_addressees_side(void **state)
{
        (void)state;
        tell("order-received", 1, march,
                "\"instrument\":\"production\",\"categories\":[\"subscriber\"],\"addressee\":\"de-carrier\","
                "\"emergency\":false,\"derogation\":false,\"sender\":\"at-court\"," EVIDENCE);
        tell("order-received", 1, march + DAY, /* once more: the same order */
                "\"instrument\":\"production\",\"categories\":[\"content\"],\"addressee\":\"de-carrier\","
                "\"emergency\":true,\"derogation\":false,\"sender\":\"at-court\"," EVIDENCE);
        tell("released", 1, march + 3 * DAY, EVIDENCE);
        json_t *json = result();
        assert_int_equal(figure(json, "production.received"), 1);
        assert_int_equal(figure(json, "production.issued"), 0);
        assert_int_equal(figure(json, "production.fulfilled"), 1);
        assert_int_equal(figure(json, "production.average_ms"), 3 * DAY);
        assert_int_equal(json_array_size(json_object_get(json, "rows")), 1);
        json_decref(json);
}

#define STEP(digit) "\"00000000-0000-4000-9000-00000000000" digit "\""
#define OF_STEP(digit) "\"detail\":{\"step\":" STEP(digit) "}"

/* A node that is killed within a step has written entries of it, and nothing came of them. */
static void test_a_step_that_was_undone_does_not_count(void **state)
{
        (void)state;
        hand_over(statistics_look_ahead, "administration", march + 2,
                "{\"action\":\"step-undone\",\"what\":" STEP("1") "}");
        hand_over(statistics_look_ahead, "administration", march + 2,
                "{\"action\":\"settings-changed\",\"what\":" STEP("2") "}");
        issue(1, march, "production", "\"subscriber\"", "de-provider", false, REGULAR "," OF_STEP("1"));
        issue(2, march, "production", "\"subscriber\"", "de-provider", false, REGULAR "," OF_STEP("2"));
        tell("withdrawn", 2, march + 1, "\"reason\":\"not-needed\"," OF_STEP("1"));
        json_t *json = result();
        assert_int_equal(figure(json, "production.issued"), 1);
        assert_int_equal(figure(json, "production.withdrawn"), 0);
        json_decref(json);
}

static void test_nothing(void **state)
{
        (void)state;
        json_t *json = result();
        assert_int_equal(figure(json, "production.issued"), 0);
        assert_int_equal(figure(json, "production.average_ms"), -1);
        assert_int_equal(json_array_size(json_object_get(json, "rows")), 0);
        json_decref(json);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        requirement_21_yearly_statistics_are_recomputed_from_the_log, setup, teardown),
                cmocka_unit_test_setup_teardown(test_the_addressees_side, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_step_that_was_undone_does_not_count, setup, teardown),
                cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
