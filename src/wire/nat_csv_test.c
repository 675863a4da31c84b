/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EDGES "time,event,protocol,outside_address,outside_port,inside_address,inside_port,session\n"
#define INTERVALS "start,end,protocol,outside_address,outside_port,outside_port_end,inside_address,kind,vrf\n"

static struct collected c;

static void read_text(const char *text)
{
        struct text_options options = {.exporter = 2, .loss_reported = true};

        collected_free(&c);
        assert_int_equal(collect(&text_format_nat_csv, &options, slice_of(text), &c), 0);
        assert_int_equal(counted_lines(&c.counts), c.counts.lines);
}

static void edges(void **state)
{
        (void)state;
        read_text("\xef\xbb\xbf" EDGES "# a comment\r\n"
                  "2026-11-20T23:35:52.5Z,open,tcp,203.0.113.9,2042,100.64.0.3,40378,\"s,1\"\r\n"
                  "2026-11-21T00:36:00+01:00,alive,6,203.0.113.9,2042,100.64.0.3,40378,\"s,1\"\r\n"
                  "2026-11-20T23:36:10Z,close,TCP,203.0.113.9,2042,100.64.0.3,40378,\"s,1\"\r\n");
        assert_int_equal(c.event_count, 3);
        assert_int_equal(c.counts.other, 2);
        assert_int_equal(c.events[0].action, NAT_OPEN);
        assert_int_equal(c.events[1].action, NAT_ALIVE);
        assert_int_equal(c.events[2].action, NAT_CLOSE);
        assert_int_equal(c.events[1].time_ms - c.events[0].time_ms, 7500);
        assert_int_equal(c.events[0].kind, NAT_SESSION);
        assert_int_equal(c.events[0].outside, 0xcb007109);
        assert_int_equal(c.events[0].inside_port, 40378);
        assert_int_equal(c.events[0].flags, NAT_HAS_INSIDE_PORT);
        assert_int_not_equal(c.events[0].session, 0);
        assert_int_equal(c.events[0].session, c.events[2].session);
        assert_int_equal(c.coverage.span_count, 1);
        assert_int_equal(c.coverage.spans[0].from, c.events[0].time_ms);
        assert_int_equal(c.coverage.spans[0].to, c.events[2].time_ms);
}

static void intervals(void **state)
{
        (void)state;
        read_text(INTERVALS
                "2026-11-20T10:00:00Z,2026-11-20T11:00:00Z,,203.0.113.9,1024,2047,100.64.0.3,,9\n"
                "2026-11-20T10:00:00Z,,any,203.0.113.9,1024,2047,100.64.0.3,block,9\n"
                "2026-11-20T10:00:00Z,2026-11-20T11:00:00Z,,203.0.113.10,,,2001:db8::3,address,\n"
                "2026-11-20T10:00:00Z,2026-11-20T11:00:00Z,udp,203.0.113.11,,,100.64.0.3,session,\n");
        assert_int_equal(c.event_count, 7);
        assert_int_equal(c.counts.used, 4);
        assert_int_equal(c.events[0].kind, NAT_BLOCK);
        assert_int_equal(c.events[0].protocol, NAT_PROTOCOL_ANY);
        assert_int_equal(c.events[0].port_first, 1024);
        assert_int_equal(c.events[0].port_last, 2047);
        assert_int_equal(c.events[0].vrf, 9);
        assert_int_equal(c.events[1].action, NAT_CLOSE);
        assert_int_equal(c.events[1].time_ms - c.events[0].time_ms, TIME_HOUR);
        assert_int_not_equal(c.events[0].session, 0);
        assert_int_equal(c.events[0].session, c.events[1].session);
        assert_int_equal(
                c.events[2].session, c.events[0].session); /* the same binding, exported before it ended */
        assert_int_equal(c.events[3].kind, NAT_ADDRESS);
        assert_int_equal(c.events[3].port_last, UINT16_MAX);
        assert_int_not_equal(c.events[3].session, c.events[0].session);
        assert_int_equal(c.events[5].flags, NAT_PORT_UNKNOWN);
        assert_int_equal(c.coverage.span_count, 0); /* intervals prove nothing about what was heard */
}

static void refused_rows(void **state)
{
        static const struct {
                const char *row;
                enum refusal refusal;
        } rows[] = {
                {"2026-11-20T10:00:00,,tcp,203.0.113.9,1,,100.64.0.3,,", REFUSAL_IMPOSSIBLE_TIME},
                {"1700000000,,tcp,203.0.113.9,1,,100.64.0.3,,", REFUSAL_IMPOSSIBLE_TIME},
                {"2026-11-20T10:00:00Z,2026-11-20T09:00:00Z,tcp,203.0.113.9,1,,100.64.0.3,,",
                        REFUSAL_BAD_VALUE},
                {",,tcp,203.0.113.9,1,,100.64.0.3,,", REFUSAL_MISSING_FIELD},
                {"2026-11-20T10:00:00Z,,,203.0.113.9,1,,100.64.0.3,,", REFUSAL_MISSING_FIELD},
                {"2026-11-20T10:00:00Z,,any,203.0.113.9,1,,100.64.0.3,,", REFUSAL_MISSING_FIELD},
                {"2026-11-20T10:00:00Z,,tcpp,203.0.113.9,1,,100.64.0.3,,", REFUSAL_BAD_VALUE},
                {"2026-11-20T10:00:00Z,,0,203.0.113.9,1,,100.64.0.3,,", REFUSAL_BAD_VALUE},
                {"2026-11-20T10:00:00Z,,gre,203.0.113.9,1,,100.64.0.3,,", REFUSAL_CONTRADICTION},
                {"2026-11-20T10:00:00Z,,tcp,203.0.113.9,,,100.64.0.3,,", REFUSAL_MISSING_FIELD},
                {"2026-11-20T10:00:00Z,,tcp,203.0.113.9,,9,100.64.0.3,,", REFUSAL_MISSING_FIELD},
                {"2026-11-20T10:00:00Z,,tcp,203.0.113.9,9,8,100.64.0.3,,", REFUSAL_BAD_VALUE},
                {"2026-11-20T10:00:00Z,,tcp,203.0.113.9,8,9,100.64.0.3,session,", REFUSAL_CONTRADICTION},
                {"2026-11-20T10:00:00Z,,tcp,203.0.113.9,8,9,100.64.0.3,address,", REFUSAL_CONTRADICTION},
                {"2026-11-20T10:00:00Z,,tcp,203.0.113.9,8,9,100.64.0.3,thing,", REFUSAL_BAD_VALUE},
                {"2026-11-20T10:00:00Z,,tcp,203.0.113.9,65536,,100.64.0.3,,", REFUSAL_BAD_VALUE},
                {"2026-11-20T10:00:00Z,,tcp,2001:db8::1,1,,100.64.0.3,,", REFUSAL_BAD_VALUE},
                {"2026-11-20T10:00:00Z,,tcp,0.0.0.0,1,,100.64.0.3,,", REFUSAL_BAD_VALUE},
                {"2026-11-20T10:00:00Z,,tcp,203.0.113.9,1,,,,", REFUSAL_BAD_VALUE},
                {"2026-11-20T10:00:00Z,,tcp,203.0.113.9,1,,0.0.0.0,,", REFUSAL_BAD_VALUE},
                {"2026-11-20T10:00:00Z,,tcp,203.0.113.9,1,,100.64.0.3,,x", REFUSAL_BAD_VALUE},
                {"2026-11-20T10:00:00Z,,tcp,203.0.113.9,1,,100.64.0.3", REFUSAL_BAD_LINE},
                {"2026-11-20T10:00:00Z,,tcp,\"203.0.113.9,1,,100.64.0.3,,", REFUSAL_BAD_LINE},
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                char text[512];
                snprintf(text, sizeof text,
                        INTERVALS "%s\n2026-11-20T10:00:00Z,,tcp,203.0.113.9,1,,100.64.0.3,,\n", rows[i].row);
                read_text(text);
                assert_int_equal(c.event_count, 1);
                assert_int_equal(c.refused_count, 1);
                assert_int_equal(c.last_refusal, rows[i].refusal);
                assert_true(strncmp(c.last_detail, "line 2: ", 8) == 0);
        }
        read_text(EDGES "2026-11-20T10:00:00Z,begin,tcp,203.0.113.9,1,100.64.0.3,,\n");
        assert_int_equal(c.last_refusal, REFUSAL_UNKNOWN_EVENT);
}

static void headers(void **state)
{
        (void)state;
        read_text("time,event,outside_address,colour,odd\n");
        assert_non_null(strstr(c.last_detail, "inside_address"));
        assert_int_equal(c.noted_count, 2);
        read_text("outside_address,inside_address,start\n1.2.3.4,5.6.7.8,\n");
        assert_int_equal(c.refused_count, 2);
        read_text("2026-11-20T10:00:00Z,open,tcp,203.0.113.9,1,100.64.0.3,,\n");
        assert_int_equal(c.event_count, 0);
        assert_int_equal(c.last_refusal, REFUSAL_MISSING_FIELD);
        read_text("time,event,outside_address,inside_address,colour,outside_port,protocol\n"
                  "2026-11-20T10:00:00Z,open,203.0.113.9,100.64.0.3,red,5,udp\n"
                  "2026-11-20T10:00:01Z,open,203.0.113.9,100.64.0.3,red,6,udp\n");
        assert_int_equal(c.event_count, 2);
        assert_int_equal(c.noted_count, 1);
        assert_non_null(strstr(c.last_note, "colour"));
}

static void recognises_its_own(void **state)
{
        (void)state;
        assert_ptr_equal(text_format_recognise(EDGES, strlen(EDGES)), &text_format_nat_csv);
        assert_ptr_equal(
                text_format_recognise(INTERVALS "2026", strlen(INTERVALS) + 4), &text_format_nat_csv);
        assert_null(text_format_recognise("a,b,c\n1,2,3\n", 12));
}

static int free_all(void **state)
{
        (void)state;
        collected_free(&c);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(edges), cmocka_unit_test(intervals),
                cmocka_unit_test(refused_rows), cmocka_unit_test(headers),
                cmocka_unit_test(recognises_its_own)};
        return cmocka_run_group_tests(tests, NULL, free_all);
}
