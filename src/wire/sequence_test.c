/* SPDX-License-Identifier: EUPL-1.2 */
/* What was heard: losses, late and repeated messages, restarts and clocks, told by whole messages. */
#include "wire/flow_fixture_test.h"

#include "wire/sequence.h"

static struct coverage coverage;

static int begin(void **state)
{
        coverage = (struct coverage){0};
        return setup(state);
}

static int end(void **state)
{
        coverage_free(&coverage);
        return teardown(state);
}

static void send_template_at(uint16_t version, uint32_t seconds, uint32_t number)
{
        encode_message(&message, version, seconds, number, 1);
        encode_template(&message, 256, SESSION_TEMPLATE);
        send_message();
}

/* A message of `records` sessions, each stamped `age_ms` before its export. */
static void encode_sessions(
        uint16_t version, uint32_t seconds, uint32_t number, unsigned records, unsigned age_ms)
{
        encode_message(&message, version, seconds, number, 1);
        encode_set(&message, 256);
        for (unsigned i = 0; i < records; i++)
                encode_session(&message, (uint64_t)seconds * 1000 - age_ms, 4, INSIDE, OUTSIDE, 6, 1,
                        1024 + (number + i) % 60000);
        encode_set_end(&message, true);
}

static void send_sessions(uint32_t seconds, uint32_t number, unsigned records)
{
        encode_sessions(10, seconds, number, records, 500);
        send_message();
}

static void finish(void)
{
        assert_int_equal(flow_decoder_finish(decoder, &sink, &coverage), 0);
}

static void check_span(size_t index, int64_t from, int64_t to, uint32_t first, uint32_t next, unsigned flags)
{
        assert_true(index < coverage.span_count);
        const struct coverage_span *span = &coverage.spans[index];
        assert_int_equal(span->from, from);
        assert_int_equal(span->to, to);
        assert_int_equal(span->sequence_from, first);
        assert_int_equal(span->sequence_to, next);
        assert_int_equal(span->flags, flags);
        assert_int_equal(span->exporter, 3);
        assert_int_equal(span->stream, 1);
}

static void check_gap(size_t index, unsigned reason, int64_t from, int64_t to, uint32_t count)
{
        assert_true(index < coverage.gap_count);
        const struct coverage_gap *gap = &coverage.gaps[index];
        assert_int_equal(gap->reason, reason);
        assert_int_equal(gap->from, from);
        assert_int_equal(gap->to, to);
        assert_int_equal(gap->count, count);
}

#define HEARD (SPAN_SEQUENCED | SPAN_HAS_EVENTS)

static void test_in_order(void **state)
{
        (void)state;
        send_template_at(10, NOW, 7000);
        send_sessions(NOW, 7000, 10);
        send_sessions(NOW + 5, 7010, 20);
        finish();
        assert_int_equal(coverage.span_count, 1);
        assert_int_equal(coverage.gap_count, 0);
        check_span(0, NOW_MS + 1000, NOW_MS + 5000, 7000, 7030, HEARD);
        assert_int_equal(coverage.spans[0].delay_ms, 1000);
        assert_int_equal(coverage.spans[0].offset_min_ms, OFFSET_UNKNOWN);
}

static void test_begins_empty(void **state)
{
        (void)state;
        send_template_at(10, NOW, 0);
        send_sessions(NOW, 0, 10);
        send_sessions(NOW + 1, 10, 10);
        finish();
        check_span(0, NOW_MS - 500, NOW_MS + 1000, 0, 20, HEARD | SPAN_BEGINS_EMPTY);
}

static void test_a_restart_that_keeps_bindings_proves_nothing(void **state)
{
        (void)state;
        exporter.restart_keeps = true;
        send_template_at(10, NOW, 0);
        send_sessions(NOW, 0, 10);
        send_sessions(NOW + 1, 10, 10);
        finish();
        check_span(0, NOW_MS + 1000, NOW_MS + 1000, 0, 20, HEARD);
}

/* An exporter that always writes zero has not just started. */
static void test_always_zero_is_no_beginning(void **state)
{
        (void)state;
        send_template_at(10, NOW, 0);
        for (uint32_t i = 0; i < 20; i++)
                send_sessions(NOW + i, 0, 10);
        finish();
        for (size_t i = 0; i < coverage.span_count; i++)
                assert_int_equal(coverage.spans[i].flags & SPAN_BEGINS_EMPTY, 0);
        assert_true(coverage.span_count <= 3);
        assert_true(coverage.gap_count > 0);
}

static void test_always_zero_in_netflow9(void **state)
{
        (void)state;
        exporter.dialect = dialect_by_name("rfc8158");
        send_template_at(9, NOW, 0);
        for (uint32_t i = 0; i < 20; i++) {
                encode_sessions(9, NOW + i, 0, 10, 500);
                send_message();
        }
        finish();
        for (size_t i = 0; i < coverage.span_count; i++)
                assert_int_equal(coverage.spans[i].flags & SPAN_BEGINS_EMPTY, 0);
}

/* Packets are counted where records should be: nothing may be called heard without loss for long. */
static void test_ipfix_that_counts_packets(void **state)
{
        (void)state;
        send_template_at(10, NOW, 0);
        for (uint32_t i = 0; i < 100; i++)
                send_sessions(NOW + i, i, 10);
        assert_int_equal(heard.count, 1000);
        finish();
        for (size_t i = 0; i < coverage.span_count; i++)
                assert_true(coverage.spans[i].to - coverage.spans[i].from <= 1000);
}

static void test_a_loss_splits_the_span(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        send_sessions(NOW + 10, 150, 10);
        send_sessions(NOW + 20, 160, 10);
        assert_int_equal(counts().lost, 40);
        finish();
        assert_int_equal(coverage.span_count, 2);
        check_span(0, NOW_MS + 1000, NOW_MS, 100, 110, HEARD);
        check_span(1, NOW_MS + 11000, NOW_MS + 20000, 150, 170, HEARD);
        assert_int_equal(coverage.gap_count, 1);
        check_gap(0, GAP_SEQUENCE, NOW_MS - 1000, NOW_MS + 11000, 40);
}

/* Two senders of one exporter may stamp a few seconds apart: no clock was set, and the doubt is the wider
 * one. */
static void test_a_loss_while_times_jitter(void **state)
{
        (void)state;
        send_template_at(10, NOW + 4, 100);
        send_sessions(NOW + 4, 100, 10);
        send_sessions(NOW, 150, 10);
        assert_int_equal(counts().clock_steps, 0);
        finish();
        assert_int_equal(coverage.gap_count, 1);
        check_gap(0, GAP_SEQUENCE, NOW_MS - 1000, NOW_MS + 5000, 40);
        check_span(1, NOW_MS + 5000, NOW_MS, 150, 160, HEARD);
}

/* Many small steps back are one large one. */
static void test_clock_creeping_back(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        for (uint32_t i = 0; i < 10; i++)
                send_sessions(NOW - i * 3, 100 + i * 10, 10);
        assert_true(counts().clock_steps > 0);
}

static void test_late_messages_fill_the_hole(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        send_sessions(NOW + 10, 150, 10);
        send_sessions(NOW + 5, 130, 20);
        assert_int_equal(counts().lost, 20);
        send_sessions(NOW + 4, 110, 10);
        send_sessions(NOW + 4, 120, 10);
        assert_int_equal(counts().late_messages, 3);
        assert_int_equal(counts().lost, 0);
        assert_int_equal(heard.count, 60);
        finish();
        assert_int_equal(coverage.span_count, 1);
        assert_int_equal(coverage.gap_count, 0);
        check_span(0, NOW_MS + 1000, NOW_MS + 10000, 100, 160, HEARD);
}

static void test_a_late_message_in_the_middle_leaves_two_holes(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        send_sessions(NOW + 10, 150, 10);
        send_sessions(NOW + 5, 120, 10);
        finish();
        assert_int_equal(coverage.span_count, 3);
        check_span(1, NOW_MS + 6000, NOW_MS + 5000, 120, 130, HEARD);
        assert_int_equal(coverage.gap_count, 2);
        check_gap(0, GAP_SEQUENCE, NOW_MS - 1000, NOW_MS + 6000, 10);
        check_gap(1, GAP_SEQUENCE, NOW_MS + 4000, NOW_MS + 11000, 20);
}

/* The number fits a hole, the time does not: it was not this message that was missing. */
static void test_a_message_of_another_time_fills_nothing(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        send_sessions(NOW + 10, 150, 10);
        send_sessions(NOW + 12, 110, 40);
        finish();
        assert_true(coverage.gap_count >= 1);
        assert_int_equal(coverage.gaps[0].reason, GAP_SEQUENCE);
        assert_int_equal(coverage.gaps[0].count, 40);
}

static void test_repeated_messages_are_dropped_whole(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        for (unsigned i = 0; i < 5; i++) {
                send_sessions(NOW + i, 100 + i * 10, 10);
                send_sessions(NOW + i, 100 + i * 10, 10);
        }
        send_sessions(NOW + 1, 110, 10);
        assert_int_equal(counts().duplicate_messages, 6);
        assert_int_equal(heard.count, 50);
        finish();
        assert_int_equal(coverage.span_count, 1);
        assert_int_equal(coverage.gap_count, 0);
}

static void test_wraparound(void **state)
{
        (void)state;
        send_template_at(10, NOW, UINT32_MAX - 9);
        send_sessions(NOW, UINT32_MAX - 9, 10);
        send_sessions(NOW + 1, 0, 10);
        send_sessions(NOW + 2, 10, 10);
        finish();
        assert_int_equal(coverage.span_count, 1);
        check_span(0, NOW_MS + 1000, NOW_MS + 2000, UINT32_MAX - 9, 20, HEARD);
}

static void test_restart(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        send_template_at(10, NOW + 60, 0);
        send_sessions(NOW + 60, 0, 10);
        send_sessions(NOW + 61, 10, 10);
        assert_int_equal(counts().restarts, 1);
        assert_int_equal(heard.count, 30);
        finish();
        assert_int_equal(coverage.span_count, 2);
        check_span(0, NOW_MS + 1000, NOW_MS, 100, 110, HEARD);
        check_span(1, NOW_MS + 59500, NOW_MS + 61000, 0, 20, HEARD | SPAN_BEGINS_EMPTY);
        assert_int_equal(coverage.gap_count, 1);
        check_gap(0, GAP_RESTART, NOW_MS - 1000, NOW_MS + 59499, 0);
}

/* The old numbering may have gone on into the second in which the new one begins: an opening that it told
 * there is not followed by hearing without a gap. */
static void test_a_restart_within_a_second(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100000);
        send_sessions(NOW, 100000, 10);
        send_template_at(10, NOW, 0);
        encode_sessions(10, NOW, 0, 10, 0);
        send_message();
        encode_sessions(10, NOW + 5, 10, 10, 0);
        send_message();
        assert_int_equal(counts().restarts, 1);
        finish();
        for (size_t i = 0; i < coverage.span_count; i++)
                assert_true(coverage.spans[i].sequence_from != 0 || coverage.spans[i].from >= NOW_MS + 1000);
}

/* After a restart a template number may stand for another shape: data before the new template must wait. */
static void test_a_restart_forgets_templates(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        send_sessions(NOW + 60, 0, 10);
        assert_int_equal(heard.count, 10);
        encode_message(&message, 10, NOW + 61, 10, 1);
        encode_template(&message, 256, SESSION_TEMPLATE);
        send_message();
        assert_int_equal(heard.count, 20);
}

static void test_a_restart_elsewhere_than_zero(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100000);
        send_sessions(NOW, 100000, 10);
        send_sessions(NOW + 30, 5000, 10);
        send_sessions(NOW + 31, 5010, 10);
        assert_int_equal(counts().restarts, 1);
        finish();
        assert_int_equal(coverage.span_count, 2);
        check_span(1, NOW_MS + 31000, NOW_MS + 31000, 5000, 5020, HEARD);
        check_gap(0, GAP_RESTART, NOW_MS - 1000, NOW_MS + 31000, 0);
}

static void test_one_straggler_is_no_restart(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100000);
        send_sessions(NOW, 100000, 10);
        send_sessions(NOW + 1, 5000, 10);
        send_sessions(NOW + 2, 100010, 10);
        assert_int_equal(counts().restarts, 0);
        assert_int_equal(counts().late_messages, 1);
        finish();
        assert_int_equal(coverage.span_count, 1);
}

static void test_late_templates_are_no_restart(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        send_template_at(10, NOW, 100);
        send_template_at(10, NOW, 100);
        send_sessions(NOW + 1, 110, 10);
        assert_int_equal(counts().restarts, 0);
        finish();
        assert_int_equal(coverage.span_count, 1);
        assert_int_equal(coverage.gap_count, 0);
}

/* Options data that waits for its template is not yet a reason to expect NAT events on a stream. */
static void test_a_stream_of_options_alone(void **state)
{
        (void)state;
        encode_message(&message, 10, NOW, 100, 1);
        encode_set(&message, 300);
        encode(&message, 1, 8);
        encode_set_end(&message, false);
        encode_set(&message, 3);
        encode(&message, 300, 2);
        encode(&message, 2, 2);
        encode(&message, 1, 2);
        encode(&message, 149, 2);
        encode(&message, 4, 2);
        encode(&message, 41, 2);
        encode(&message, 4, 2);
        encode_set_end(&message, false);
        send_message();
        assert_int_equal(counts().option_records, 1);
        finish();
        assert_int_equal(coverage.gap_count, 0);
        check_span(0, NOW_MS + 1000, NOW_MS, 100, 101, SPAN_SEQUENCED);
}

static void encode_swapped_template(void)
{
        encode_template(&message, 256,
                FIELDS({323, 8, 0}, {230, 1, 0}, {225, 4, 0}, {8, 4, 0}, {4, 1, 0}, {227, 2, 0}, {7, 2, 0}));
}

/* A template is redefined, and a message from before that comes late: its data has the old shape. */
static void test_late_data_of_an_outdated_shape(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        encode_message(&message, 10, NOW + 2, 120, 1);
        encode_swapped_template();
        send_message();
        send_sessions(NOW + 2, 120, 10);
        heard.count = 0;
        send_sessions(NOW + 1, 110, 10);
        assert_int_equal(heard.count, 0);
        assert_int_equal(heard.refused[REFUSAL_NO_TEMPLATE], 1);
}

/* ... and the same where the late message brings the old template along: it must not come back to life. */
static void test_a_late_template_does_not_come_back(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        encode_message(&message, 10, NOW + 2, 120, 1);
        encode_swapped_template();
        send_message();
        send_sessions(NOW + 2, 120, 10);
        encode_message(&message, 10, NOW + 1, 110, 1);
        encode_template(&message, 256, SESSION_TEMPLATE);
        send_message();
        heard.count = 0;
        send_sessions(NOW + 3, 130, 1);
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.items[0].outside, INSIDE); /* as the newer definition says */
}

/* A restart whose clock lies within what was heard: already the first message cannot be of the old numbering.
 */
static void test_restart_with_the_clock_inside_the_known(void **state)
{
        (void)state;
        send_template_at(10, NOW, 500000);
        send_sessions(NOW, 500000, 10);
        send_sessions(NOW + 7200, 500010, 10);
        send_sessions(NOW + 3600, 0, 10);
        assert_int_equal(counts().clock_steps, 1);
        assert_int_equal(counts().restarts, 1);
        finish();
        check_gap(0, GAP_CLOCK, NOW_MS - 1000, NOW_MS + 7201000, 0);
}

static void test_reordered_at_the_beginning(void **state)
{
        (void)state;
        send_template_at(9, NOW, 500);
        encode_sessions(9, NOW, 502, 1, 500);
        send_message();
        encode_sessions(9, NOW, 501, 1, 500);
        send_message();
        encode_sessions(9, NOW + 1, 503, 1, 500);
        send_message();
        finish();
        assert_int_equal(coverage.span_count, 1);
        check_span(0, NOW_MS + 1000, NOW_MS + 1000, 500, 504, HEARD);
}

/* The clock stood an hour ahead for a while and was set back. */
static void test_clock_set_back(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        send_sessions(NOW + 100, 110, 10);
        send_sessions(NOW + 3700, 120, 10);
        send_sessions(NOW + 3800, 130, 10);
        send_sessions(NOW + 300, 140, 10);
        send_sessions(NOW + 400, 150, 10);
        assert_int_equal(counts().clock_steps, 1);
        finish();
        assert_int_equal(coverage.gap_count, 1);
        check_gap(0, GAP_CLOCK, NOW_MS + 99000, NOW_MS + 3801000, 0);
        assert_int_equal(coverage.span_count, 2);
        check_span(1, NOW_MS + 301000, NOW_MS + 400000, 140, 160, HEARD);
}

/* The last message before that comes after the first behind it, and its time lies beyond the others'. */
static void test_overtaken_when_the_clock_was_set_back(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW + 3700, 100, 10);
        send_sessions(NOW + 3800, 110, 10);
        send_sessions(NOW + 300, 130, 10);
        send_sessions(NOW + 3803, 120, 10);
        send_sessions(NOW + 301, 140, 10);
        finish();
        assert_int_equal(counts().restarts, 0);
        assert_int_equal(coverage.gap_count, 2);
        assert_int_equal(coverage.gaps[0].to, NOW_MS + 3801000);
        check_gap(1, GAP_CLOCK, NOW_MS + 3800000, NOW_MS + 3804000, 0);
}

static void test_clock_set_back_without_a_jump_distrusts_the_whole_span(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        for (uint32_t i = 0; i < 100; i++)
                send_sessions(NOW + i, 100 + i * 10, 10);
        send_sessions(NOW + 50, 1100, 10);
        finish();
        check_gap(0, GAP_CLOCK, NOW_MS - 1000, NOW_MS + 100000, 49000);
}

/* A machine that boots with a wrong clock counts from zero at an earlier time, until it is set right. */
static void test_restart_with_the_clock_behind(void **state)
{
        bool covered = false;

        (void)state;
        send_template_at(10, NOW, 500000);
        send_sessions(NOW, 500000, 10);
        send_sessions(NOW + 7200, 500010, 10);
        send_template_at(10, NOW - 3600, 0);
        send_sessions(NOW - 3600, 0, 10);
        send_sessions(NOW - 3500, 10, 10);
        send_sessions(NOW + 7500, 20, 10);
        send_sessions(NOW + 7600, 30, 10);
        finish();
        for (size_t i = 0; i < coverage.gap_count; i++)
                covered |= coverage.gaps[i].reason == GAP_CLOCK &&
                           coverage.gaps[i].from <= NOW_MS - 3600000 &&
                           coverage.gaps[i].to >= NOW_MS - 3500000;
        assert_true(covered);
}

static void test_restart_with_the_clock_behind_and_never_set_right(void **state)
{
        (void)state;
        send_template_at(10, NOW, 500000);
        send_sessions(NOW, 500000, 10);
        send_sessions(NOW + 7200, 500010, 10);
        send_sessions(NOW - 3600, 0, 10);
        send_sessions(NOW - 3500, 10, 10);
        finish();
        assert_int_equal(coverage.span_count, 1);
        assert_int_equal(coverage.gaps[coverage.gap_count - 1].reason, GAP_CLOCK);
        assert_int_equal(coverage.gaps[coverage.gap_count - 1].from, NOW_MS - 3601000);
}

/* The same file twice, too long for the memory of repeated messages; and two files in the wrong order. */
static void test_a_file_heard_twice(void **state)
{
        enum { MESSAGES = SEQUENCE_RECENT_MAX * 3 };

        (void)state;
        for (int pass = 0; pass < 2; pass++) {
                send_template_at(10, NOW, 1000);
                for (uint32_t i = 0; i < MESSAGES; i++)
                        send_sessions(NOW + i, 1000 + i, 1);
        }
        assert_int_equal(counts().clock_steps, 0);
        assert_int_equal(counts().restarts, 0);
        finish();
        assert_int_equal(coverage.gap_count, 0);
        coverage_normalise(&coverage, 60000);
        assert_int_equal(coverage.span_count, 1);
        check_span(0, NOW_MS + 1000, NOW_MS + (MESSAGES - 1) * INT64_C(1000), 1000, 1000 + MESSAGES, HEARD);
}

static void test_files_in_the_wrong_order(void **state)
{
        static const uint32_t order[] = {1, 2, 0, 3};

        (void)state;
        send_template_at(10, NOW + 100, 2000);
        for (int file = 0; file < 4; file++)
                for (uint32_t i = order[file] * 100; i < (order[file] + 1) * 100; i++)
                        send_sessions(NOW + i, 1000 + i * 10, 10);
        assert_int_equal(counts().lost, 0);
        finish();
        assert_int_equal(coverage.gap_count, 0);
        coverage_normalise(&coverage, 60000);
        assert_int_equal(coverage.span_count, 1);
        check_span(0, NOW_MS + 1000, NOW_MS + 399000, 1000, 5000, HEARD);
}

static void test_refused_events_leave_a_mark(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        encode_message(&message, 10, NOW + 10, 110, 1);
        encode_set(&message, 256);
        encode_session(&message, NOW_MS + 9000, 99, INSIDE, OUTSIDE, 6, 1, 2000);
        encode_set_end(&message, true);
        send_message();
        send_sessions(NOW + 20, 111, 10);
        finish();
        assert_int_equal(coverage.span_count, 1); /* the numbers are whole ... */
        assert_int_equal(coverage.gap_count, 1);  /* ... but not everything was understood */
        check_gap(0, GAP_REFUSED, NOW_MS + 9000, NOW_MS + 11000, 1);
}

/* A set that cannot be counted: the next message tells where the numbers go on, and all between is in doubt.
 */
static void test_an_undecodable_set_in_the_middle(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        send_sessions(NOW, 100, 10);
        encode_message(&message, 10, NOW + 10, 110, 1);
        encode_set(&message, 400);
        encode(&message, 1, 20);
        encode_set_end(&message, true);
        send_message();
        send_sessions(NOW + 20, 115, 10);
        assert_int_equal(counts().lost, 0);
        finish();
        assert_int_equal(coverage.span_count, 1);
        check_gap(0, GAP_UNDECODABLE, NOW_MS + 9000, NOW_MS + 21000, 0);
}

/* The template comes, but the numbers show that more is missing than the message that waited. */
static void test_late_decoding_does_not_hide_a_loss(void **state)
{
        (void)state;
        send_sessions(NOW, 100, 10);
        send_sessions(NOW + 1, 115, 10);
        encode_message(&message, 10, NOW + 2, 125, 1);
        encode_template(&message, 256, SESSION_TEMPLATE);
        send_message();
        assert_int_equal(heard.count, 20);
        finish();
        assert_int_equal(coverage.gap_count, 1);
        check_gap(0, GAP_UNDECODABLE, NOW_MS - 1000, NOW_MS + 2000, 0);
}

static void test_delay_is_the_longest_seen(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        encode_sessions(10, NOW, 100, 3, 45000);
        send_message();
        finish();
        assert_int_equal(coverage.spans[0].delay_ms, 45000);
}

static void test_clock_offset(void **state)
{
        (void)state;
        encode_message(&message, 10, NOW, 100, 1);
        encode_template(&message, 256, SESSION_TEMPLATE);
        encode_end(&message);
        assert_int_equal(
                flow_decode(decoder, &exporter, NOW_MS + 700, message.bytes, message.length, &sink), 0);
        encode_sessions(10, NOW + 1, 100, 1, 0);
        encode_end(&message);
        assert_int_equal(
                flow_decode(decoder, &exporter, NOW_MS + 900, message.bytes, message.length, &sink), 0);
        finish();
        assert_int_equal(coverage.spans[0].offset_min_ms, -700);
        assert_int_equal(coverage.spans[0].offset_max_ms, 100);
}

static void test_fetched_in_parts(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        for (uint32_t i = 0; i < 10; i++) {
                send_sessions(NOW + i, 100 + i * 10, 10);
                finish();
        }
        finish();
        assert_int_equal(coverage.span_count, 10);
        coverage_normalise(&coverage, 60000);
        assert_int_equal(coverage.span_count, 1);
        check_span(0, NOW_MS + 1000, NOW_MS + 9000, 100, 200, HEARD);
}

static void test_many_holes_are_united(void **state)
{
        (void)state;
        send_template_at(10, NOW, 100);
        for (uint32_t i = 0; i < SEQUENCE_HOLES_MAX * 4; i++)
                send_sessions(NOW + i, 100 + i * 2, 1);
        finish();
        assert_true(coverage.gap_count <= SEQUENCE_HOLES_MAX + 1);
        assert_true(coverage.span_count <= SEQUENCE_HOLES_MAX + 1);
        /* Every lost number lies in some gap: nothing united may be forgotten. */
        uint64_t missing = 0;
        for (size_t i = 0; i < coverage.gap_count; i++)
                missing += coverage.gaps[i].count;
        assert_true(missing >= counts().lost);
        assert_int_equal(coverage.gaps[0].from, NOW_MS - 1000);
}

static void test_many_restarts_are_bounded(void **state)
{
        (void)state;
        for (uint32_t i = 0; i < SEQUENCE_CLOSED_MAX + 100; i++) {
                send_template_at(10, NOW + i * 10, 0);
                send_sessions(NOW + i * 10, 0, 10);
                send_sessions(NOW + i * 10 + 1, 10, 10);
        }
        finish();
        assert_true(coverage.span_count <= SEQUENCE_CLOSED_MAX + 1);
        assert_true(coverage.gap_count <= SEQUENCE_CLOSED_MAX + 1);
}

/* Whatever arrives in whatever order: what is called heard was heard. Numbers of spans are those of messages
 * sent. */
static void test_random_delivery_never_claims_what_was_lost(void **state)
{
        enum { MESSAGES = 400 };
        static bool delivered[MESSAGES];
        uint64_t random = 987654321;

        for (int round = 0; round < 60; round++) {
                uint32_t order[MESSAGES];
                for (uint32_t i = 0; i < MESSAGES; i++)
                        order[i] = i;
                for (uint32_t i = 0; i + 1 < MESSAGES; i++) { /* neighbours overtake each other */
                        random = random * 6364136223846793005u + 1442695040888963407u;
                        if ((random >> 60) == 0) {
                                uint32_t other = i + 1 + (uint32_t)(random >> 33) % 8;
                                uint32_t swap = order[i];
                                order[i] = order[other < MESSAGES ? other : i];
                                order[other < MESSAGES ? other : i] = swap;
                        }
                }
                send_template_at(10, NOW, 5000);
                for (uint32_t i = 0; i < MESSAGES; i++) {
                        random = random * 6364136223846793005u + 1442695040888963407u;
                        delivered[order[i]] = (random >> 59) != 0;
                        for (int times = (random >> 40) % 16 == 0 ? 2 : 1; delivered[order[i]] && times > 0;
                                times--)
                                send_sessions(NOW + order[i] / 4, 5000 + order[i] * 3, 3);
                }
                finish();
                uint32_t claimed = 0, arrived = 0;
                for (size_t k = 0; k < coverage.span_count; k++) {
                        const struct coverage_span *span = &coverage.spans[k];
                        for (uint32_t n = span->sequence_from; n < span->sequence_to; n += 3)
                                assert_true(delivered[(n - 5000) / 3]);
                        claimed += (span->sequence_to - span->sequence_from) / 3;
                }
                for (uint32_t i = 0; i < MESSAGES; i++)
                        arrived += delivered[i];
                assert_true(claimed + 10 >=
                            arrived); /* and hardly less (a late one before the first may be left out) */
                coverage_free(&coverage);
                flow_decoder_free(decoder);
                assert_int_equal(setup(state), 0);
        }
}

#undef TEST
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_in_order),
                TEST(test_begins_empty),
                TEST(test_a_restart_that_keeps_bindings_proves_nothing),
                TEST(test_always_zero_is_no_beginning),
                TEST(test_always_zero_in_netflow9),
                TEST(test_ipfix_that_counts_packets),
                TEST(test_a_loss_splits_the_span),
                TEST(test_a_loss_while_times_jitter),
                TEST(test_clock_creeping_back),
                TEST(test_late_messages_fill_the_hole),
                TEST(test_a_late_message_in_the_middle_leaves_two_holes),
                TEST(test_a_message_of_another_time_fills_nothing),
                TEST(test_repeated_messages_are_dropped_whole),
                TEST(test_wraparound),
                TEST(test_restart),
                TEST(test_a_restart_within_a_second),
                TEST(test_a_restart_forgets_templates),
                TEST(test_a_restart_elsewhere_than_zero),
                TEST(test_one_straggler_is_no_restart),
                TEST(test_late_templates_are_no_restart),
                TEST(test_a_stream_of_options_alone),
                TEST(test_late_data_of_an_outdated_shape),
                TEST(test_a_late_template_does_not_come_back),
                TEST(test_restart_with_the_clock_inside_the_known),
                TEST(test_reordered_at_the_beginning),
                TEST(test_clock_set_back),
                TEST(test_overtaken_when_the_clock_was_set_back),
                TEST(test_clock_set_back_without_a_jump_distrusts_the_whole_span),
                TEST(test_restart_with_the_clock_behind),
                TEST(test_restart_with_the_clock_behind_and_never_set_right),
                TEST(test_a_file_heard_twice),
                TEST(test_files_in_the_wrong_order),
                TEST(test_refused_events_leave_a_mark),
                TEST(test_an_undecodable_set_in_the_middle),
                TEST(test_late_decoding_does_not_hide_a_loss),
                TEST(test_delay_is_the_longest_seen),
                TEST(test_clock_offset),
                TEST(test_fetched_in_parts),
                TEST(test_many_holes_are_united),
                TEST(test_many_restarts_are_bounded),
                TEST(test_random_delivery_never_claims_what_was_lost),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
