/* SPDX-License-Identifier: EUPL-1.2 */
/* NetFlow v9 messages that were cut exactly between two flowsets: only the count in the header shows it. */
#include "wire/flow_fixture_test.h"

#define TEMPLATE FIELDS({323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0}, {227, 2, 0})

static void begin(uint32_t number)
{
        exporter.dialect = dialect_by_name("juniper");
        encode_message(&message, 9, NOW + number, number, 1);
}

static void add_session(uint16_t set, unsigned event)
{
        encode_set(&message, set);
        encode_session(&message, NOW_MS, event, INSIDE, OUTSIDE, 6, 1, 3000);
        encode_set_end(&message, true);
}

/* What encode_end writes, and then only the first bytes of it. */
static void send_cut(size_t length)
{
        encode_end(&message);
        assert_int_equal(flow_decode(decoder, &exporter, TIME_UNKNOWN, message.bytes, length, &sink), 0);
}

static unsigned gaps_of(enum gap_reason reason)
{
        struct coverage coverage = {0};
        unsigned found = 0;

        assert_int_equal(flow_decoder_finish(decoder, &sink, &coverage), 0);
        for (size_t i = 0; i < coverage.gap_count; i++)
                found += coverage.gaps[i].reason == reason;
        coverage_free(&coverage);
        return found;
}

static void send_templates(uint32_t number)
{
        begin(number);
        encode_template(&message, 256, TEMPLATE);
        send_message();
}

static void test_a_cut_behind_the_templates(void **state)
{
        (void)state;
        send_templates(0);
        begin(1);
        encode_template(&message, 256, TEMPLATE);
        size_t templates = message.length;
        add_session(256, 4);
        send_cut(templates);
        send_templates(2);
        assert_int_equal(heard.count, 0);
        assert_int_equal(counts().refused[REFUSAL_TRUNCATED], 1);
        assert_non_null(strstr(heard.detail, "1 records are missing"));
        assert_int_equal(gaps_of(GAP_DAMAGED), 1);
}

static void test_a_cut_between_data(void **state)
{
        (void)state;
        send_templates(0);
        begin(1);
        add_session(256, 1);
        size_t first = message.length;
        add_session(256, 2);
        send_cut(first);
        assert_int_equal(heard.count, 1);
        assert_int_equal(counts().refused[REFUSAL_TRUNCATED], 1);
        assert_int_equal(gaps_of(GAP_DAMAGED), 1);
}

/* What of a message waits for its template is counted when that comes. */
static void test_a_cut_behind_data_that_waits(void **state)
{
        (void)state;
        for (unsigned cut = 0; cut < 2; cut++) {
                begin(0);
                add_session(256, 1);
                size_t first = message.length;
                add_session(256, 2);
                send_cut(cut ? first : message.length);
                send_templates(1);
                assert_int_equal(heard.count, cut ? 1 : 2);
                assert_int_equal(counts().refused[REFUSAL_TRUNCATED], cut);
                assert_int_equal(gaps_of(GAP_UNDECODABLE), cut);
                flow_decoder_free(decoder);
                assert_int_equal(setup(NULL), 0);
        }
}

static void test_a_cut_where_the_template_stands_behind_its_data(void **state)
{
        (void)state;
        for (unsigned cut = 0; cut < 2; cut++) {
                begin(0);
                add_session(256, 1);
                encode_template(&message, 256, TEMPLATE);
                size_t first = message.length;
                add_session(256, 2);
                send_cut(cut ? first : message.length);
                assert_int_equal(heard.count, cut ? 1 : 2);
                assert_int_equal(counts().refused[REFUSAL_TRUNCATED], cut);
                assert_int_equal(gaps_of(GAP_DAMAGED) + gaps_of(GAP_UNDECODABLE), cut);
                flow_decoder_free(decoder);
                assert_int_equal(setup(NULL), 0);
        }
}

/* Some exporters count flowsets: fewer than there are records, and nothing is missing. */
static void test_counts_of_flowsets(void **state)
{
        (void)state;
        send_templates(0);
        for (uint32_t i = 1; i < 50; i++) {
                begin(i);
                add_session(256, 1);
                add_session(256, 2);
                message.records = 1;
                send_message();
        }
        assert_int_equal(heard.count, 98);
        assert_int_equal(counts().refused[REFUSAL_TRUNCATED], 0);
        assert_int_equal(gaps_of(GAP_DAMAGED), 0);
}

/* An exporter whose counts were never right counts something else; one whose counts were right is believed.
 */
static void test_counts_that_are_never_right(void **state)
{
        (void)state;
        for (unsigned right = 0; right < 2; right++) {
                send_templates(0);
                for (uint32_t i = 1; i < 100; i++) {
                        begin(i);
                        add_session(256, i % 2 ? 1 : 2);
                        if (!right || i != 50)
                                message.records++;
                        send_message();
                }
                assert_int_equal(heard.count, 99);
                assert_int_equal(counts().refused[REFUSAL_TRUNCATED], right ? 32 + 49 : 32);
                assert_int_equal(strstr(heard.detail, "not used any more") != NULL, !right);
                flow_decoder_free(decoder);
                assert_int_equal(setup(NULL), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_a_cut_behind_the_templates),
                TEST(test_a_cut_between_data),
                TEST(test_a_cut_behind_data_that_waits),
                TEST(test_a_cut_where_the_template_stands_behind_its_data),
                TEST(test_counts_of_flowsets),
                TEST(test_counts_that_are_never_right),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
