/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct text_decoder decoder;
static struct coverage coverage;

static void begin(int64_t heartbeat_ms, int64_t resolution_ms)
{
        struct text_options options = {.exporter = 5, .loss_reported = true, .heartbeat_ms = heartbeat_ms};

        text_decoder_release(&decoder);
        coverage_free(&coverage);
        coverage = (struct coverage){0};
        decoder = (struct text_decoder){0};
        text_decoder_init(&decoder, &options, resolution_ms);
        decoder.counts.events = 1;
}

static void heard(int64_t instant)
{
        assert_int_equal(text_heard(&decoder, instant), 0);
}

static void expect(size_t spans, size_t gaps)
{
        assert_int_equal(text_hearing_finish(&decoder, &coverage), 0);
        assert_int_equal(coverage.span_count, spans);
        assert_int_equal(coverage.gap_count, gaps);
}

static void silence_splits_spans(void **state)
{
        (void)state;
        begin(10000, 0);
        heard(1000000);
        heard(1010000);
        heard(1020001);
        heard(1020005);
        expect(2, 0);
        assert_int_equal(coverage.spans[0].from, 1000000);
        assert_int_equal(coverage.spans[0].to, 1010000);
        assert_int_equal(coverage.spans[1].from, 1020001);
        assert_int_equal(coverage.spans[1].to, 1020005);
        assert_int_equal(coverage.spans[1].exporter, 5);
        begin(0, 0); /* a minute where nothing is said */
        heard(1000000);
        heard(1060000);
        heard(1120001);
        expect(2, 0);
}

static void disorder_and_clock_steps(void **state)
{
        (void)state;
        begin(0, 0);
        heard(1000000);
        heard(997000);
        heard(1001000);
        expect(1, 0);
        assert_int_equal(coverage.spans[0].delay_ms, 3000);
        assert_int_equal(coverage.spans[0].to, 1001000);
        begin(0, 0);
        heard(1000000);
        heard(1020000);
        heard(1014999);
        heard(1016000);
        expect(2, 1);
        assert_int_equal(coverage.gaps[0].reason, GAP_CLOCK);
        /* The clock had leapt ahead by 20 s before it went back by 5: that is where it went wrong. */
        assert_int_equal(coverage.gaps[0].from, 999000);
        assert_int_equal(coverage.gaps[0].count, 0);
        assert_int_equal(coverage.gaps[0].to, 1021000);
        assert_int_equal(coverage.spans[1].from, 1014999);
}

static void whole_seconds_begin_late(void **state)
{
        (void)state;
        begin(0, 1000);
        heard(1000000);
        heard(1005000);
        expect(1, 0);
        assert_int_equal(coverage.spans[0].from, 1001000);
        begin(0, 1000);
        heard(1000000);
        expect(0, 0);
}

static void gaps_are_bounded(void **state)
{
        (void)state;
        begin(0, 0);
        for (int64_t i = 0; i < TEXT_GAPS_MAX + 100; i++) {
                heard(i * 10000);
                text_missing(&decoder, i % 2 ? GAP_DAMAGED : GAP_REFUSED);
        }
        expect(1, TEXT_GAPS_MAX);
        assert_true(coverage.gaps[TEXT_GAPS_MAX - 1].to >= (TEXT_GAPS_MAX + 99) * INT64_C(10000));
}

static void no_span_without_reported_loss(void **state)
{
        (void)state;
        begin(0, 0);
        decoder.options.loss_reported = false;
        heard(1000000);
        heard(1005000);
        expect(0, 0);
}

static void names(void **state)
{
        size_t count;
        const struct text_format *const *all = text_formats(&count);

        (void)state;
        assert_true(count >= 6);
        for (size_t i = 0; i < count; i++)
                assert_ptr_equal(text_format_by_name(all[i]->name), all[i]);
        assert_null(text_format_by_name("xml"));
        assert_null(text_format_recognise("", 0));
        assert_null(text_format_recognise("\n\n", 2));
}

static void subscribers(void **state)
{
        char name[SUBSCRIBER_MAX], longest[SUBSCRIBER_MAX + 1];

        (void)state;
        assert_null(text_subscriber(slice_of("k\xc3\xbcnd \xf0\x9f\x98\x80"), name));
        assert_string_equal(name, "k\xc3\xbcnd \xf0\x9f\x98\x80");
        memset(longest, 'x', sizeof longest);
        assert_null(text_subscriber(slice_make(longest, SUBSCRIBER_MAX - 1), name));
        assert_int_equal(strlen(name), SUBSCRIBER_MAX - 1);
        assert_non_null(text_subscriber(slice_make(longest, SUBSCRIBER_MAX), name));
        static const char *const wrong[] = {"", " ", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                "\xe2\x82", "a\nb", "a\x7f", "\xc2\x85", "\xe0\x80\x80"};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_non_null(text_subscriber(slice_of(wrong[i]), name));
        assert_non_null(text_subscriber(slice_make("a\0b", 3), name));
}

/* A file cut anywhere gives what its whole lines give: never a shorter port, a shorter name. */
static void a_cut_file_names_nobody_else(void **state)
{
        static const char conntrack[] = "[100.5]\t    [NEW] tcp      6 120 SYN_SENT src=100.64.0.3 "
                                        "dst=203.0.113.200 sport=40378 dport=80 "
                                        "[UNREPLIED] src=203.0.113.200 dst=203.0.113.9 sport=80 dport=2042\n";
        static const char leases[] =
                "prefix,start,end,subscriber\n100.64.0.3,2026-11-20T10:00:00Z,,customer 4711\n";
        struct text_options options = {.loss_reported = true};
        static struct collected c;

        (void)state;
        for (size_t length = 0; length < sizeof conntrack - 1; length++) {
                struct slice text = slice_make(conntrack, length);
                assert_int_equal(collect_with_end(&text_format_conntrack, &options, text, false, &c), 0);
                assert_int_equal(c.event_count, 0);
                assert_int_equal(c.refused_count, length > 0);
                collected_free(&c);
        }
        for (size_t length = 0; length < sizeof leases - 1; length++) {
                struct slice text = slice_make(leases, length);
                assert_int_equal(collect_with_end(&text_format_leases, &options, text, false, &c), 0);
                assert_int_equal(c.lease_count, 0);
                assert_int_equal(counted_lines(&c.counts), c.counts.lines);
                collected_free(&c);
        }
        assert_int_equal(collect_with_end(&text_format_leases, &options, slice_of(leases), false, &c), 0);
        assert_int_equal(c.lease_count, 1);
        collected_free(&c);
}

static int free_all(void **state)
{
        (void)state;
        text_decoder_release(&decoder);
        coverage_free(&coverage);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(silence_splits_spans),
                cmocka_unit_test(disorder_and_clock_steps), cmocka_unit_test(whole_seconds_begin_late),
                cmocka_unit_test(gaps_are_bounded), cmocka_unit_test(no_span_without_reported_loss),
                cmocka_unit_test(names), cmocka_unit_test(a_cut_file_names_nobody_else),
                cmocka_unit_test(subscribers)};
        return cmocka_run_group_tests(tests, NULL, free_all);
}
