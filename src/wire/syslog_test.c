/* SPDX-License-Identifier: EUPL-1.2 */
/* The engine: headers, times, hosts, what was heard, and what is refused. */
#include "wire/syslog_fixture_test.h"

#include "wire/syslog_match.h"

#define MESSAGE "A VRF 0 INT 100.64.0.7 EXT 192.0.2.9:1024-1535"

static void every_pattern_compiles(void **state)
{
        struct syslog_book *book;
        size_t count;
        const struct syslog_family *const *families = syslog_families(&count);

        (void)state;
        assert_int_equal(syslog_book_make(&book), 0);
        syslog_book_free(book);
        for (size_t i = 0; i < count; i++) {
                assert_ptr_equal(syslog_family_by_name(families[i]->name), families[i]);
                assert_true(families[i]->description[0] && families[i]->source[0]);
                assert_null(text_format_by_name(families[i]->name));
        }
        assert_null(syslog_family_by_name("cisco-nel"));
}

/* A header, and when the opening in its line happened; NULL: refused for its time. */
static void headers(void **state)
{
        static const struct {
                const char *header, *time;
        } rows[] = {
                {"<134>1 2026-07-06T14:05:37.123456+02:00 nat1 app 17 ID - ", "2026-07-06T12:05:37.123Z"},
                {"<134>1 2026-07-06T14:05:37.1-0230 nat1 app - - [a@1 b=\"\\\"]\"][c@2] ",
                        "2026-07-06T16:35:37.100Z"},
                {"<134>1 2026-07-06T12:05:60Z nat1 app - - - \xef\xbb\xbf", "2026-07-06T12:05:59.999Z"},
                {"<0>1 2026-07-06T14:05:37 nat1 app - - - ", "2026-07-06T12:05:37.000Z"},
                {"<134>1 - nat1 app - - - ", NULL},
                {"<134>Jul  6 14:05:37 nat1 ", "2026-07-06T12:05:37.000Z"},
                {"<134>Jul 06 14:05:37 nat1 app[17]: ", "2026-07-06T12:05:37.000Z"},
                {"Jul 6 14:05:37 nat1 app: ", "2026-07-06T12:05:37.000Z"},
                {"Jul  6 2025 14:05:37 nat1 app: ", "2025-07-06T12:05:37.000Z"},
                {"Jul  6 14:05:37.25 2025 nat1 ", "2025-07-06T12:05:37.250Z"},
                {"2026-07-06T14:05:37.123+02:00 nat1 app[1]: ", "2026-07-06T12:05:37.123Z"},
                {"2026-07-06T12:05:37Z nat1 ", "2026-07-06T12:05:37.000Z"},
                {"2026-07-06 14:05:37 nat1 ", "2026-07-06T12:05:37.000Z"},
                {"<134>2026-07-06T14:05:37 nat1 ", "2026-07-06T12:05:37.000Z"},
                {"Feb 29 14:05:37 nat1 ", NULL}, /* not in 2026 */
                {"Feb 30 14:05:37 nat1 ", ""},   /* no time at all, so no header */
                {"Jul 32 14:05:37 nat1 ", ""},
                {"Jul  6 24:05:37 nat1 ", ""},
                {"<192>Jul  6 14:05:37 nat1 ", ""},
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                char line[300];
                snprintf(line, sizeof line, "%s" MESSAGE "\n", rows[i].header);
                fixture_read(line);
                if (rows[i].time && rows[i].time[0]) {
                        if (c.event_count != 1)
                                fail_msg("%s: %s", line, c.last_detail);
                        assert_int_equal(c.events[0].time_ms, fixture_time(rows[i].time));
                        assert_int_equal(c.events[0].exporter, 1);
                } else {
                        assert_int_equal(c.event_count, 0);
                        assert_int_equal(
                                c.counts.refused[rows[i].time ? REFUSAL_BAD_LINE : REFUSAL_IMPOSSIBLE_TIME],
                                1);
                }
        }
}

/* Cisco states the device's own time; none of the families here is Cisco's, so what is looked at is whether
 * the line is taken for syslog. */
static void cisco_headers(void **state)
{
        static const char *const lines[] = {
                "<14>123456789: HOST: May 21 12:00:01.123 gmt: %IOSXE-6-PLATFORM: F0: nothing\n",
                "<14>55: *May 21 12:00:01.123: %SYS-5-CONFIG_I: nothing\n",
                "May 21 12:00:02 nat1 55: .May 21 2026 12:00:01 CEST: %SYS-5-CONFIG_I: nothing\n",
                "May 21 12:00:02.123: %SYS-5-CONFIG_I: nothing\n"};

        (void)state;
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
                fixture_read(lines[i]);
                assert_int_equal(c.counts.not_nat, 1);
        }
}

static void zones_and_years_are_never_assumed(void **state)
{
        struct text_options options = fixture_options();

        (void)state;
        options.year = 0;
        fixture_read_with("Jul  6 14:05:37 nat1 " MESSAGE "\n", &options, true);
        assert_int_equal(c.event_count, 0);
        assert_int_equal(c.counts.refused[REFUSAL_IMPOSSIBLE_TIME], 1);
        assert_non_null(strstr(c.last_detail, "--year"));
        /* It states its year, but no zone. */
        options.clock = NULL;
        fixture_read_with("Jul  6 2026 14:05:37 nat1 " MESSAGE "\n"
                          "2026-07-06T14:05:37 nat1 " MESSAGE "\n",
                &options, true);
        assert_int_equal(c.event_count, 0);
        assert_int_equal(c.counts.refused[REFUSAL_IMPOSSIBLE_TIME], 2);
        assert_non_null(strstr(c.last_detail, "--zone"));
        fixture_read_with("Jul  6 14:05:37 nat1 NAT:20260706140537 3e2d PortBatchV2Freed: [100.64.0.7 "
                          "192.0.2.9 1 2]\n",
                &options, true);
        assert_non_null(strstr(c.last_detail, "--zone"));
        /* What needs neither. */
        fixture_read_with("2026-07-06T14:05:37+02:00 nat1 " MESSAGE "\n", &options, true);
        assert_int_equal(c.event_count, 1);
        assert_int_equal(c.events[0].time_ms, fixture_time("2026-07-06T12:05:37Z"));
}

static void the_year_ends_within_a_file(void **state)
{
        (void)state;
        fixture_read("Dec 31 23:59:59 nat1 " MESSAGE "\n"
                     "Jan  1 00:00:00 nat1 " MESSAGE "\n"
                     "Dec 31 23:59:58 nat2 " MESSAGE "\n"   /* another host, another year so far */
                     "Apr 30 00:00:00 nat1 " MESSAGE "\n"); /* more than three months later */
        assert_int_equal(c.event_count, 3);
        assert_int_equal(c.events[0].time_ms, fixture_time("2026-12-31T22:59:59Z"));
        assert_int_equal(c.events[1].time_ms, fixture_time("2026-12-31T23:00:00Z"));
        assert_int_equal(c.events[2].time_ms, fixture_time("2026-12-31T22:59:58Z"));
        assert_int_equal(c.counts.refused[REFUSAL_IMPOSSIBLE_TIME], 1);
}

static void clock_changes(void **state)
{
        (void)state;
        fixture_read("Oct 25 01:59:59 nat1 " MESSAGE "\n"
                     "Oct 25 02:10:00 nat1 " MESSAGE "\n" /* which of the two? */
                     "Oct 25 02:50:00 nat1 " MESSAGE "\n"
                     "Oct 25 02:50:00 nat2 " MESSAGE "\n" /* this host has said nothing before */
                     "Oct 25 02:05:00 nat1 " MESSAGE "\n" /* earlier than before: the second pass */
                     "Oct 25 02:05:30 nat1 " MESSAGE "\n"
                     "Oct 25 03:00:00 nat1 " MESSAGE "\n");
        assert_int_equal(c.counts.refused[REFUSAL_IMPOSSIBLE_TIME], 3);
        assert_int_equal(c.event_count, 4);
        assert_int_equal(c.events[1].time_ms, fixture_time("2026-10-25T01:05:00Z"));
        assert_int_equal(c.events[2].time_ms, fixture_time("2026-10-25T01:05:30Z"));
        assert_int_equal(c.events[3].time_ms, fixture_time("2026-10-25T02:00:00Z"));
        fixture_read("Mar 29 02:30:00 nat1 " MESSAGE "\n");
        assert_int_equal(c.counts.refused[REFUSAL_IMPOSSIBLE_TIME], 1);
        assert_non_null(strstr(c.last_detail, "never happened"));
        /* A time of its own changes clocks apart from the header's. */
        fixture_read("Oct 25 03:10:00 nat1 NAT:20261025023000 a PortBatchV2Freed: [100.64.0.7 192.0.2.9 1 "
                     "2]\n"
                     "Oct 25 03:10:00 nat1 NAT:20261025030000 a PortBatchV2Freed: [100.64.0.7 192.0.2.9 1 "
                     "2]\n");
        assert_int_equal(c.event_count, 1);
        assert_int_equal(c.counts.refused[REFUSAL_IMPOSSIBLE_TIME], 1);
        assert_int_equal(c.events[0].time_ms, fixture_time("2026-10-25T02:00:00.999Z"));
}

/* --- Hosts --- */

static const struct coverage_span *span_of(unsigned exporter)
{
        const struct coverage_span *found = NULL;

        for (size_t i = 0; i < c.coverage.span_count; i++)
                if (c.coverage.spans[i].exporter == exporter) {
                        assert_null(found); /* one span is expected */
                        found = &c.coverage.spans[i];
                }
        return found;
}

static size_t gaps_of(unsigned exporter, enum gap_reason reason)
{
        size_t count = 0;

        for (size_t i = 0; i < c.coverage.gap_count; i++)
                count += c.coverage.gaps[i].exporter == exporter && c.coverage.gaps[i].reason == reason;
        return count;
}

static void each_host_is_heard_for_itself(void **state)
{
        (void)state;
        fixture_read("Jul  6 14:00:00 nat1 " MESSAGE "\n"
                     "Jul  6 14:00:00 nat2 " MESSAGE "\n"
                     "Jul  6 14:00:40 nat1 " MESSAGE "\n"
                     "Jul  6 14:01:20 nat1 " MESSAGE "\n"
                     "Jul  6 14:02:00 nat1 " MESSAGE "\n"
                     "Jul  6 14:02:00 nat2 " MESSAGE "\n" /* silent for two minutes, hidden by the other */
                     "Jul  6 14:02:10 nat2 " MESSAGE "\n");
        assert_int_equal(c.event_count, 7);
        assert_int_equal(c.events[1].exporter, 2);
        assert_int_equal(span_of(1)->from, fixture_time("2026-07-06T12:00:01Z"));
        assert_int_equal(span_of(1)->to, fixture_time("2026-07-06T12:02:00Z"));
        /* The first second of a log of whole seconds is not heard whole. */
        assert_int_equal(span_of(2)->from, fixture_time("2026-07-06T12:02:01Z"));
        assert_int_equal(span_of(2)->to, fixture_time("2026-07-06T12:02:10Z"));
        assert_int_equal(c.coverage.gap_count, 0);
}

static void a_hole_is_of_its_host(void **state)
{
        (void)state;
        fixture_read("Jul  6 14:00:00 nat1 " MESSAGE "\n"
                     "Jul  6 14:00:00 nat2 " MESSAGE "\n"
                     "Jul  6 14:00:05 nat1 A VRF 0 INT 100.64.0.7 EXT 192.0.2.9:1024-\n"
                     "Jul  6 14:00:10 nat1 " MESSAGE "\n"
                     "Jul  6 14:00:10 nat2 " MESSAGE "\n");
        assert_int_equal(c.counts.refused[REFUSAL_BAD_LINE], 1);
        assert_int_equal(gaps_of(1, GAP_DAMAGED), 1);
        assert_int_equal(gaps_of(2, GAP_DAMAGED), 0);
        /* Damage of unknown origin may be anybody's, also of a host that says nothing afterwards. */
        fixture_read("Jul  6 14:00:00 nat1 " MESSAGE "\n"
                     "Jul  6 14:00:00 nat2 " MESSAGE "\n"
                     "100.64.0.7 EXT 192.0.2.9:1024-1535\n"
                     "Jul  6 14:00:10 nat1 " MESSAGE "\n"
                     "Jul  6 14:00:10 nat3 " MESSAGE "\n");
        assert_int_equal(gaps_of(1, GAP_DAMAGED), 1);
        assert_int_equal(gaps_of(2, GAP_DAMAGED), 1);
        assert_int_equal(gaps_of(3, GAP_DAMAGED), 1);
}

static void other_programs_are_no_proof(void **state)
{
        (void)state;
        fixture_read("Jul  6 14:00:00 nat1 " MESSAGE "\n"
                     "Jul  6 14:00:40 nat1 sshd[7]: Accepted publickey\n"
                     "Jul  6 14:01:20 nat1 sshd[7]: Accepted publickey\n"
                     "Jul  6 14:02:00 nat1 " MESSAGE "\n"
                     "Jul  6 14:02:00 nat9 sshd[7]: no exporter is made of this host\n");
        assert_int_equal(c.counts.not_nat, 3);
        assert_int_equal(c.counts.used, 2);
        assert_int_equal(c.coverage.span_count, 0); /* two single seconds, far apart */
        assert_int_equal(c.refused_count, 0);
}

static void losses_that_are_told(void **state)
{
        (void)state;
        fixture_read("Jul  6 14:00:00 nat1 " MESSAGE "\n"
                     "Jul  6 14:00:05 relay rsyslogd: imudp: 17 messages lost due to rate-limiting\n"
                     "Jul  6 14:00:10 nat1 " MESSAGE "\n");
        assert_int_equal(c.counts.reported_losses, 1);
        assert_int_equal(gaps_of(1, GAP_REPORTED), 1);
}

static void hosts_that_are_none(void **state)
{
        struct text_options options = fixture_options();

        (void)state;
        fixture_read("Jul  6 14:00:00 no " MESSAGE "\n");
        assert_int_equal(c.counts.refused[REFUSAL_BAD_VALUE], 1);
        assert_non_null(strstr(c.last_detail, "--exporter"));
        fixture_read("Jul  6 14:00:00 "
                     "a123456789012345678901234567890123456789012345678901234567890123 " MESSAGE "\n");
        assert_int_equal(c.counts.refused[REFUSAL_BAD_VALUE], 1);
        assert_int_equal(fixture_read_with("Jul  6 14:00:00 broken " MESSAGE "\n", &options, true), -EPERM);
        /* Everything is of one exporter where the caller says so. */
        options = fixture_options();
        assert_int_equal(fixture_read_with("Jul  6 14:00:00 no " MESSAGE "\n"
                                           "Jul  6 14:00:00 nat2 " MESSAGE "\n",
                                 &options, false),
                0);
        assert_int_equal(c.event_count, 2);
        assert_int_equal(c.events[0].exporter, 77);
        assert_int_equal(c.events[1].exporter, 77);
        /* And lines without a host are of the file's. */
        fixture_read("<1>1 2026-07-06T12:00:00Z - app - - - " MESSAGE "\n");
        assert_int_equal(c.events[0].exporter, 77);
}

static void too_many_hosts(void **state)
{
        char *text = malloc((TEXT_HOSTS_MAX + 1) * 100), *at = text;

        (void)state;
        assert_non_null(text);
        for (int i = 0; i <= TEXT_HOSTS_MAX; i++)
                at += snprintf(at, 100, "Jul  6 14:00:00 host%d " MESSAGE "\n", i);
        fixture_read(text);
        free(text);
        assert_int_equal(c.counts.used, TEXT_HOSTS_MAX);
        assert_int_equal(c.counts.refused[REFUSAL_BAD_VALUE], 1);
}

/* --- Lines that must give nothing --- */

/* What a subscriber writes into another program's log makes no event. As it may be a damaged line of a NAT
 * where a mark of a family stands in it, it makes a hole. */
static void texts_of_others_make_no_event(void **state)
{
        static const char *const lines[] = {
                "Jul  6 14:00:00 nat1 dhcpd[7]: DHCPREQUEST for 100.64.0.9 (" MESSAGE ") via eth0\n",
                "Jul  6 14:00:00 nat1 sudo: admin : COMMAND=/bin/grep RT_SRC_NAT_PBA_ALLOC x\n",
                "Jul  6 14:00:00 nat1 httpd: GET /NAT444:SessionbasedA [17 100.64.0.7 - 192.0.2.9 0 1025 "
                "-]\n",
                "<14>1 2026-07-06T12:00:00Z nat1 app 1 - [x@1 y=\"] " MESSAGE "\"] hello\n",
                "<134>" MESSAGE " of whom and when\n",
        };

        (void)state;
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
                fixture_read(lines[i]);
                assert_int_equal(c.event_count, 0);
                assert_int_equal(c.counts.refused[REFUSAL_BAD_LINE], 1);
        }
        fixture_read("Jul  6 14:00:00 nat1 dhcpd[7]: DHCPREQUEST for 100.64.0.9 (A VRF 0) via eth0\n");
        assert_int_equal(c.counts.not_nat, 1);
}

static void damaged_lines(void **state)
{
        (void)state;
        fixture_read("\n"
                     "   \n"
                     "Jul  6 14:00:00 nat1 " MESSAGE "\r\n"
                     "Jul  6 14:00:00 nat1 " MESSAGE "#000\n"
                     "no line of syslog\n");
        assert_int_equal(c.counts.blank, 2);
        assert_int_equal(c.counts.used, 2);
        assert_int_equal(c.counts.refused[REFUSAL_BAD_LINE], 1);
        assert_non_null(strstr(c.last_detail, "line 5: "));
        /* The last line may be cut off in the middle of a port. */
        struct text_options options = fixture_options();
        collected_free(&c);
        assert_int_equal(collect_with_end(&text_format_syslog, &options,
                                 slice_of("Jul  6 14:00:00 nat1 " MESSAGE), false, &c),
                0);
        assert_int_equal(c.event_count, 0);
        assert_int_equal(c.counts.refused[REFUSAL_TRUNCATED], 1);
}

static void recognises_its_own(void **state)
{
        const char *own = "Jul  6 14:00:00 nat1 sshd[7]: hello\nJul  6 14:00:00 nat1 " MESSAGE "\nJul  6";
        const char *bare = MESSAGE "\n";
        const char *framed = "Jul  6 14:00:00 nat1 sshd[7]: hello\n";
        const char *other = "some text\nof somebody\n";

        (void)state;
        assert_ptr_equal(text_format_recognise(own, strlen(own)), &text_format_syslog);
        assert_ptr_equal(text_format_recognise(bare, strlen(bare)), &text_format_syslog);
        assert_ptr_equal(text_format_recognise(framed, strlen(framed)), &text_format_syslog);
        assert_null(text_format_recognise(other, strlen(other)));
}

/* Many decoders read by one book, which outlives each of them. */
static void a_book_is_shared(void **state)
{
        const char *text = "<134>1 2026-07-06T14:05:37.1+02:00 nat1 app - - - " MESSAGE "\n";
        struct text_options options = fixture_options();
        struct syslog_book *book;

        (void)state;
        fixture_read(text);
        size_t events = c.event_count;
        assert_int_equal(events, 1);
        assert_int_equal(syslog_book_make(&book), 0);
        for (unsigned i = 0; i < 3; i++) {
                options.book = book;
                assert_int_equal(fixture_read_with(text, &options, i == 2), 0);
                assert_int_equal(c.event_count, events);
        }
        collected_free(&c);
        syslog_book_free(book);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_pattern_compiles),
                cmocka_unit_test(a_book_is_shared),
                cmocka_unit_test(headers),
                cmocka_unit_test(cisco_headers),
                cmocka_unit_test(zones_and_years_are_never_assumed),
                cmocka_unit_test(the_year_ends_within_a_file),
                cmocka_unit_test(clock_changes),
                cmocka_unit_test(each_host_is_heard_for_itself),
                cmocka_unit_test(a_hole_is_of_its_host),
                cmocka_unit_test(other_programs_are_no_proof),
                cmocka_unit_test(losses_that_are_told),
                cmocka_unit_test(hosts_that_are_none),
                cmocka_unit_test(too_many_hosts),
                cmocka_unit_test(texts_of_others_make_no_event),
                cmocka_unit_test(damaged_lines),
                cmocka_unit_test(recognises_its_own),
        };
        return cmocka_run_group_tests(tests, NULL, fixture_end);
}
