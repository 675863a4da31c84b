/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define FLOW(tag)                                                                                            \
        " vm [" tag "] ORIG: SRC=100.64.0.3 DST=203.0.113.200 PROTO=TCP SPT=44473 DPT=443 PKTS=0 BYTES=0 , " \
        "REPLY: SRC=203.0.113.200 DST=203.0.113.9 PROTO=TCP SPT=443 DPT=3472 PKTS=0 BYTES=0 \n"

static struct collected c;

/* One hour east of UTC; on 2026-10-25 at 03:00 the clocks went back from two hours, on 2026-03-29 at 02:00
 * forward. */
static int central_europe(void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second)
{
        static const struct civil begin = {.year = 2026, .month = 3, .day = 29, .hour = 1};
        static const struct civil end = {.year = 2026, .month = 10, .day = 25, .hour = 1};
        int64_t local = time_from_civil(civil), summer = local - 2 * TIME_HOUR, winter = local - TIME_HOUR;
        bool is_summer = summer >= time_from_civil(&begin) && summer < time_from_civil(&end);
        bool is_winter = winter < time_from_civil(&begin) || winter >= time_from_civil(&end);

        (void)context;
        if (!is_summer && !is_winter)
                return -ERANGE;
        *ret_instant = is_summer ? summer : winter;
        *ret_second = is_summer && is_winter ? winter : *ret_instant;
        return is_summer && is_winter;
}

static const struct local_clock clock_of_the_test = {.to_instant = central_europe};

static void read_text(const char *text, int year, bool zoned)
{
        struct text_options options = {.exporter = 3,
                .loss_reported = true,
                .clock = zoned ? &clock_of_the_test : NULL,
                .year = year};

        collected_free(&c);
        assert_int_equal(collect(&text_format_ulogd2, &options, slice_of(text), &c), 0);
        assert_int_equal(counted_lines(&c.counts), c.counts.lines);
}

static int64_t utc(const char *text)
{
        int64_t instant = 0;

        assert_int_equal(time_parse_rfc3339(slice_of(text), &instant, NULL, NULL), 0);
        return instant;
}

static void flows(void **state)
{
        (void)state;
        read_text("Nov 20 23:35:52" FLOW("NEW") "Nov 20 23:35:55" FLOW("UPDATE") "Nov  1 00:00:00 nonsense\n"
                                                                                 "Nov 20 23:35:58" FLOW(
                                                                                         "DESTROY"),
                2026, true);
        assert_int_equal(c.event_count, 2);
        assert_int_equal(c.counts.not_nat, 1);
        assert_int_equal(c.refused_count, 1);
        assert_int_equal(c.events[0].time_ms, utc("2026-11-20T22:35:52Z"));
        assert_int_equal(c.events[0].action, NAT_OPEN);
        assert_int_equal(c.events[0].outside, 0xcb007109);
        assert_int_equal(c.events[0].port_first, 3472);
        assert_int_equal(c.events[0].inside_port, 44473);
        assert_int_equal(c.events[0].destination_port, 443);
        assert_int_equal(
                c.events[0].flags, NAT_HAS_INSIDE_PORT | NAT_HAS_DESTINATION | NAT_DESTINATION_BOUND);
        assert_int_equal(c.events[1].time_ms, utc("2026-11-20T22:35:58.999Z"));
        assert_int_equal(c.events[1].action, NAT_CLOSE_BOUND);
        assert_int_equal(c.coverage.spans[0].from, utc("2026-11-20T22:35:53Z"));
        assert_int_equal(c.coverage.spans[0].to, utc("2026-11-20T22:35:58Z"));
        assert_int_equal(c.coverage.gap_count, 1);
}

static void zone_and_year_are_never_assumed(void **state)
{
        (void)state;
        read_text("Nov 20 23:35:52" FLOW("NEW"), 2026, false);
        assert_int_equal(c.event_count, 0);
        assert_non_null(strstr(c.last_detail, "--zone"));
        read_text("Nov 20 23:35:52" FLOW("NEW"), 0, true);
        assert_int_equal(c.event_count, 0);
        assert_non_null(strstr(c.last_detail, "--year"));
        read_text("Feb 29 23:35:52" FLOW("NEW"), 2026, true);
        assert_int_equal(c.event_count, 0);
}

static void the_year_ends_within_a_file(void **state)
{
        (void)state;
        read_text("Dec 31 23:59:59" FLOW("NEW") "Jan  1 00:00:02" FLOW("NEW") "Dec 31 23:59:58" FLOW(
                          "NEW") "Jan  1 00:00:03" FLOW("DESTROY"),
                2026, true);
        assert_int_equal(c.event_count, 4);
        assert_int_equal(c.events[0].time_ms, utc("2026-12-31T22:59:59Z"));
        assert_int_equal(c.events[1].time_ms, utc("2026-12-31T23:00:02Z"));
        assert_int_equal(c.events[2].time_ms, utc("2026-12-31T22:59:58Z"));
        assert_int_equal(c.events[3].time_ms, utc("2026-12-31T23:00:03.999Z"));
        assert_int_equal(c.coverage.span_count, 1);
        assert_int_equal(c.coverage.spans[0].delay_ms, 4000);
        read_text("Jan  1 00:00:02" FLOW("NEW") "Jul  1 00:00:02" FLOW("NEW"), 2026, true);
        assert_int_equal(c.event_count, 1);
        assert_non_null(strstr(c.last_detail, "year is not proven"));
}

static void the_hour_that_happens_twice(void **state)
{
        (void)state;
        read_text("Oct 25 01:59:59" FLOW("NEW") /* summer time */
                "Oct 25 02:30:00" FLOW("NEW")   /* could be either */
                "Oct 25 02:50:00" FLOW("NEW")   /* could be either */
                "Oct 25 02:45:00" FLOW("NEW")   /* five minutes of disorder prove nothing */
                "Oct 25 02:05:00" FLOW("NEW")   /* earlier than the line before: the second pass */
                "Oct 25 02:50:00" FLOW("NEW")   /* ... and so is this */
                "Oct 25 03:00:00" FLOW("NEW"),
                2026, true);
        assert_int_equal(c.event_count, 4);
        assert_int_equal(c.refused_count, 3);
        assert_int_equal(c.last_refusal, REFUSAL_IMPOSSIBLE_TIME);
        assert_non_null(strstr(c.last_detail, "happened twice"));
        assert_int_equal(c.events[0].time_ms, utc("2026-10-24T23:59:59Z"));
        assert_int_equal(c.events[1].time_ms, utc("2026-10-25T01:05:00Z"));
        assert_int_equal(c.events[2].time_ms, utc("2026-10-25T01:50:00Z"));
        assert_int_equal(c.events[3].time_ms, utc("2026-10-25T02:00:00Z"));
        assert_int_equal(c.coverage.gap_count, 1);
        assert_int_equal(c.coverage.gaps[0].reason, GAP_REFUSED);
}

static void the_hour_that_never_happens(void **state)
{
        (void)state;
        read_text("Mar 29 01:59:59" FLOW("NEW") "Mar 29 02:30:00" FLOW("NEW") "Mar 29 03:00:00" FLOW("NEW"),
                2026, true);
        assert_int_equal(c.event_count, 2);
        assert_non_null(strstr(c.last_detail, "never happened"));
        assert_int_equal(c.events[1].time_ms - c.events[0].time_ms, 1000);
}

static void other_protocols(void **state)
{
        (void)state;
        read_text("Nov 20 23:35:52 vm [NEW] ORIG: SRC=100.64.0.3 DST=203.0.113.200 PROTO=ICMP TYPE=8 CODE=0 "
                  "PKTS=0 BYTES=0 "
                  ", REPLY: SRC=203.0.113.200 DST=203.0.113.9 PROTO=ICMP TYPE=0 CODE=0 PKTS=0 BYTES=0 \n"
                  "Nov 20 23:35:52 vm [NEW] ORIG: SRC=100.64.0.3 DST=203.0.113.200 PROTO=ESP PKTS=0 BYTES=0 "
                  ", REPLY: SRC=203.0.113.200 DST=203.0.113.9 PROTO=ESP PKTS=0 BYTES=0 \n"
                  "Nov 20 23:35:52 vm [NEW] ORIG: SRC=192.0.2.1 DST=192.0.2.2 PROTO=UDP SPT=1 DPT=2 PKTS=0 "
                  "BYTES=0 "
                  ", REPLY: SRC=192.0.2.2 DST=192.0.2.1 PROTO=UDP SPT=2 DPT=1 PKTS=0 BYTES=0 \n"
                  "Nov 20 23:35:52 vm [NEW] ORIG: SRC=2001:db8::1 DST=2001:db8::2 PROTO=UDP SPT=1 DPT=2 "
                  "PKTS=0 BYTES=0 "
                  ", REPLY: SRC=2001:db8::2 DST=2001:db8::1 PROTO=UDP SPT=2 DPT=1 PKTS=0 BYTES=0 \n",
                2026, true);
        assert_int_equal(c.event_count, 2);
        assert_true(c.events[0].flags & NAT_PORT_UNKNOWN);
        assert_int_equal(c.events[0].kind, NAT_SESSION);
        assert_int_equal(c.events[1].kind, NAT_SESSION);
        assert_int_equal(c.events[1].protocol, 50);
        assert_int_equal(c.counts.not_nat, 2);
}

static void wrong_lines(void **state)
{
        static const char *const lines[] = {
                "Nov 20 23:35:52 vm [NEW] ORIG: SRC=1.2.3.4 DST=5.6.7.8 PROTO=TCP SPT=1 DPT=2",
                "Nov 32 23:35:52" FLOW("NEW"), "Nov 20 24:35:52" FLOW("NEW"), "Nix 20 23:35:52" FLOW("NEW"),
                "Nov 20 23:35:52" FLOW("OTHER"),
                ("Nov 20 23:35:52 vm [NEW] ORIG: SRC=1.2.3.4 DST=5.6.7.8 PROTO=TCP SPT=1 DPT=2 , REPLY: "
                 "SRC=5.6.7.8 DST=9.9.9.9 PROTO=UDP SPT=2 DPT=1"),
                ("Nov 20 23:35:52 vm [NEW] ORIG: SRC=1.2.3.4 DST=5.6.7.8 PROTO=TCP SPT=1 , REPLY: "
                 "SRC=5.6.7.8 "
                 "DST=9.9.9.9 PROTO=TCP SPT=2 DPT=1")};

        (void)state;
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
                read_text(lines[i], 2026, true);
                assert_int_equal(c.event_count, 0);
                assert_int_equal(c.counts.refused[REFUSAL_BAD_LINE], 1);
        }
}

static void recognises_its_own(void **state)
{
        (void)state;
        const char *own = "Nov 20 23:35:52" FLOW("NEW") "Nov 20 23:3";
        assert_ptr_equal(text_format_recognise(own, strlen(own)), &text_format_ulogd2);
        const char *other = "Nov 20 23:35:52 vm sshd[12]: Accepted publickey for root\n";
        assert_ptr_equal(text_format_recognise(other, strlen(other)), &text_format_syslog);
}

static int free_all(void **state)
{
        (void)state;
        collected_free(&c);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(flows),
                cmocka_unit_test(zone_and_year_are_never_assumed),
                cmocka_unit_test(the_year_ends_within_a_file), cmocka_unit_test(the_hour_that_happens_twice),
                cmocka_unit_test(the_hour_that_never_happens), cmocka_unit_test(other_protocols),
                cmocka_unit_test(wrong_lines), cmocka_unit_test(recognises_its_own)};
        return cmocka_run_group_tests(tests, NULL, free_all);
}
