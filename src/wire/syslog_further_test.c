/* SPDX-License-Identifier: EUPL-1.2 */
/* The families of Cisco, MikroTik, Jool, H3C and Citrix: lines of our own in each vendor's form, by encoders
 * that know nothing of the tables. */
#include "wire/syslog.h"
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* 2026-11-20T23:35:52Z */
#define NOON INT64_C(1795217752000)
#define RFC5424 "<134>1 2026-11-20T23:35:52Z nat1 - - - - "

static struct collected c;

static int utc(void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second)
{
        (void)context;
        *ret_second = *ret_instant = time_from_civil(civil);
        return 0;
}

static const struct local_clock clock_utc = {.to_instant = utc};

static void feed_as(const char *dialect, const char *text)
{
        struct text_options options = {
                .exporter = 7, .loss_reported = true, .clock = &clock_utc, .year = 2026};

        if (dialect) {
                options.family = syslog_family_by_name(dialect);
                assert_non_null(options.family);
        }
        collected_free(&c);
        assert_int_equal(collect(text_format_by_name("syslog"), &options, slice_of(text), &c), 0);
        assert_int_equal(c.counts.lines, counted_lines(&c.counts));
}

static void feed(const char *text)
{
        feed_as(NULL, text);
}

static uint32_t v4(const char *text)
{
        struct address a;

        assert_int_equal(address_parse(slice_of(text), &a, NULL), 0);
        return address_ipv4(&a);
}

static void expect(size_t i, enum nat_kind kind, enum nat_action action, int protocol, const char *inside,
        int inside_port, const char *outside, unsigned first, unsigned last)
{
        char text[ADDRESS_TEXT_MAX];

        if (c.event_count <= i)
                print_error("%zu events; %s\n", c.event_count, c.last_detail);
        assert_true(i < c.event_count);
        const struct nat_event *e = &c.events[i];
        assert_int_equal(e->kind, kind);
        assert_int_equal(e->action, action);
        assert_int_equal(e->protocol, protocol);
        assert_string_equal(address_format(&e->inside, text), inside);
        assert_int_equal(!!(e->flags & NAT_HAS_INSIDE_PORT), inside_port >= 0);
        if (inside_port >= 0)
                assert_int_equal(e->inside_port, inside_port);
        assert_int_equal(e->outside, v4(outside));
        assert_int_equal(e->port_first, first);
        assert_int_equal(e->port_last, last);
        assert_int_equal(e->exporter, 7);
}

static void expect_destination(size_t i, const char *address, unsigned port)
{
        char text[ADDRESS_TEXT_MAX];

        assert_true(c.events[i].flags & NAT_HAS_DESTINATION);
        assert_string_equal(address_format(&c.events[i].destination, text), address);
        assert_int_equal(c.events[i].destination_port, port);
}

static void expect_time(size_t i, const char *text)
{
        char said[TIME_TEXT_MAX];

        assert_string_equal(time_format_utc(c.events[i].time_ms, said), text);
}

/* One line that binds nothing; one that is refused. */
static void expect_nothing(const char *text)
{
        feed(text);
        if (c.event_count || c.refused_count || c.counts.not_nat != 1)
                print_error("%s: %s\n", text, c.last_detail);
        assert_int_equal(c.event_count, 0);
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.counts.not_nat, 1);
}

static void expect_refused(const char *text)
{
        feed(text);
        if (c.refused_count != 1)
                print_error("not refused: %s\n", text);
        assert_int_equal(c.event_count, 0);
        assert_int_equal(c.refused_count, 1);
}

static void test_iosxe(void **state)
{
        (void)state;
        feed("<190>4711: R1: Nov 20 23:35:52.123 gmt: %IOSXE-6-PLATFORM: F0: cpp_cp: QFP:0.0 Thread:001 "
             "TS:00000012345678 %NAT-6-LOG_TRANSLATION: Created Translation TCP 100.64.0.5:40000 "
             "198.51.100.7:1025 203.0.113.9:443 203.0.113.9:443 3................\n"
             "<190>4712: R1: Nov 20 23:36:00.500 gmt: %IOSXE-6-PLATFORM: F0: cpp_cp: QFP:0.0 Thread:001 "
             "TS:00000012345679 %NAT-6-LOG_TRANSLATION: Deleted Translation TCP 100.64.0.5:40000 "
             "198.51.100.7:1025 203.0.113.9:443 203.0.113.9:443 3\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.event_count, 2);
        expect(0, NAT_SESSION, NAT_OPEN, 6, "100.64.0.5", 40000, "198.51.100.7", 1025, 1025);
        expect_destination(0, "203.0.113.9", 443);
        expect_time(0, "2026-11-20T23:35:52.123Z");
        assert_int_equal(c.events[0].vrf, 3);
        expect(1, NAT_SESSION, NAT_CLOSE, 6, "100.64.0.5", 40000, "198.51.100.7", 1025, 1025);
        expect_time(1, "2026-11-20T23:36:00.500Z");
        assert_int_equal(c.events[1].vrf, 3);
}

/* Without a destination it is a mapping; the outside global endpoint is the destination's own. */
static void test_iosxe_mapping_and_classic(void **state)
{
        (void)state;
        feed(RFC5424 "%NAT-6-LOG_TRANSLATION: Created Translation UDP 100.64.0.5:40000 198.51.100.7:1025 "
                     "0.0.0.0:0 0.0.0.0:0 0\n" RFC5424
                     "%IPNAT-6-NAT_CREATED: Created tcp 100.64.0.5:40001 198.51.100.7:1026 192.0.2.80:80 "
                     "203.0.113.9:8080\n" RFC5424
                     "%IPNAT-6-NAT_DELETED: Deleted tcp 100.64.0.5:40001 198.51.100.7:1026 192.0.2.80:80 "
                     "203.0.113.9:8080\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.event_count, 3);
        expect(0, NAT_MAPPING, NAT_OPEN, 17, "100.64.0.5", 40000, "198.51.100.7", 1025, 1025);
        assert_false(c.events[0].flags & NAT_HAS_DESTINATION);
        expect(1, NAT_SESSION, NAT_OPEN, 6, "100.64.0.5", 40001, "198.51.100.7", 1026, 1026);
        expect_destination(1, "203.0.113.9", 8080);
        assert_int_equal(c.events[2].action, NAT_CLOSE);
        expect_refused(RFC5424 "%NAT-6-LOG_TRANSLATION: Created Translation UDP 100.64.0.5:40000 "
                               "198.51.100.7:70000 203.0.113.9:443 203.0.113.9:443 0\n");
        expect_refused(RFC5424 "%NAT-6-LOG_TRANSLATION: Created Translation UDP 100.64.0.5:40000\n");
}

static void test_iosxr(void **state)
{
        (void)state;
        feed("<134>1 2026 Nov 20 23:35:52 192.0.2.1 - - NAT44 - [UserbasedA - 100.64.0.5 Broadband - "
             "198.51.100.7 - 2048 3071 - -][UserbasedW - 100.64.0.6 Broadband - 198.51.100.7 - 4096 5119 - -]"
             "[SessionbasedA 17 100.64.0.7 Broadband - 198.51.100.7 40000 1025 - - -] "
             "[SessionbasedAD 6 100.64.0.8 7 - 198.51.100.7 40001 1026 - 203.0.113.9 443]\n"
             "<134>1 2026 Nov 20 23:35:53 192.0.2.1 - - DSLITE - [UserbasedA - - ds - 198.51.100.8 - 1 2 - "
             "-]\n");
        assert_int_equal(c.event_count, 4);
        expect(0, NAT_BLOCK, NAT_OPEN, 0, "100.64.0.5", -1, "198.51.100.7", 2048, 3071);
        expect(1, NAT_BLOCK, NAT_CLOSE, 0, "100.64.0.6", -1, "198.51.100.7", 4096, 5119);
        expect(2, NAT_MAPPING, NAT_OPEN, 17, "100.64.0.7", 40000, "198.51.100.7", 1025, 1025);
        expect(3, NAT_SESSION, NAT_OPEN, 6, "100.64.0.8", 40001, "198.51.100.7", 1026, 1026);
        expect_destination(3, "203.0.113.9", 443);
        expect_time(3, "2026-11-20T23:35:52.000Z");
        assert_int_equal(c.events[0].vrf, c.events[1].vrf);
        assert_int_not_equal(c.events[0].vrf, 0);
        assert_int_equal(c.events[3].vrf, 7);
        assert_int_equal(c.refused_count, 1); /* neither an IPv4 nor an IPv6 source */

        feed("<134>1 2026 Nov 20 23:35:52 192.0.2.1 - - DSLITE - [UserbasedA - 192.168.1.2 ds 2001:db8::5 "
             "198.51.100.7 - 2048 3071 - -][SessionbasedWD 6 - ds 2001:db8::6 198.51.100.7 40001 1026 - "
             "203.0.113.9 443][SessionbasedW 17 - ds 2001:db8::7 198.51.100.7 9 1027 - - -]"
             "[Portblockrunout - 100.64.0.9 ds - - - - - - -]\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.event_count, 3);
        expect(0, NAT_BLOCK, NAT_OPEN, 0, "2001:db8::5", -1, "198.51.100.7", 2048, 3071);
        expect(1, NAT_SESSION, NAT_CLOSE, 6, "2001:db8::6", 40001, "198.51.100.7", 1026, 1026);
        expect(2, NAT_MAPPING, NAT_CLOSE, 17, "2001:db8::7", 9, "198.51.100.7", 1027, 1027);
}

/* What is sound before the damage counts, and the damage is refused. */
static void test_iosxr_damage(void **state)
{
        (void)state;
        feed("<134>1 2026 Nov 20 23:35:52 192.0.2.1 - - NAT44 - [UserbasedA - 100.64.0.5 b - 198.51.100.7 - "
             "2048 3071 - -][UserbasedX - 100.64.0.6 b - 198.51.100.7 - 4096 5119 - -]\n");
        assert_int_equal(c.event_count, 1);
        assert_int_equal(c.refused_count, 1);
        expect_refused("<134>1 2026 Nov 20 23:35:52 192.0.2.1 - - NAT44 - [UserbasedA - 100.64.0.5 b - "
                       "198.51.100.7 - 3071 2048 - -]\n");
        expect_refused("<134>1 2026 Nov 20 23:35:52 192.0.2.1 - - NAT44 - [SessionbasedA 6 100.64.0.5 b - "
                       "198.51.100.7 40000 1025 1030 - -]\n");
}

static void test_asa(void **state)
{
        (void)state;
        feed("<166>Nov 20 2026 23:35:52: %ASA-6-305011: Built dynamic TCP translation from "
             "inside:100.64.0.5/40000 "
             "to outside:198.51.100.7/1025\n"
             "<166>Nov 20 2026 23:36:52: %ASA-6-305012: Teardown dynamic TCP translation from "
             "inside:100.64.0.5/40000 to outside:198.51.100.7/1025 duration 0:01:00\n"
             "<165>Nov 20 2026 23:36:53: %ASA-5-305011: Built dynamic UDP translation from "
             "inside:100.64.0.6/5(LOCAL\\alice) to outside:198.51.100.7/1026\n"
             "<166>Nov 20 2026 23:36:54: %FTD-6-305009: Built static translation from dmz:100.64.0.9 to "
             "outside:198.51.100.9\n"
             "<166>Nov 20 2026 23:36:55: %FTD-6-305010: Teardown static translation from dmz:100.64.0.9 to "
             "outside:198.51.100.9 duration 1:00:00\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.event_count, 5);
        expect(0, NAT_MAPPING, NAT_OPEN, 6, "100.64.0.5", 40000, "198.51.100.7", 1025, 1025);
        expect_time(0, "2026-11-20T23:35:52.000Z");
        expect(1, NAT_MAPPING, NAT_CLOSE, 6, "100.64.0.5", 40000, "198.51.100.7", 1025, 1025);
        expect(2, NAT_MAPPING, NAT_OPEN, 17, "100.64.0.6", 5, "198.51.100.7", 1026, 1026);
        expect(3, NAT_ADDRESS, NAT_OPEN, 0, "100.64.0.9", -1, "198.51.100.9", 0, 65535);
        expect(4, NAT_ADDRESS, NAT_CLOSE, 0, "100.64.0.9", -1, "198.51.100.9", 0, 65535);
        expect_refused("<166>Nov 20 2026 23:35:52: %ASA-6-305011: Built dynamic TCP translation from "
                       "inside:100.64.0.5/40000 to outside:198.51.100.7\n");
        /* A user's name that brings a translation of its own. */
        expect_refused(
                "<166>Nov 20 2026 23:35:52: %ASA-6-305011: Built dynamic TCP translation from "
                "inside:100.64.0.5/40000(x) to outside:198.51.100.99/9) to outside:198.51.100.7/1025\n");
}

static void test_asa_blocks(void **state)
{
        (void)state;
        feed(RFC5424 "%ASA-6-305014: Allocated TCP block of ports for translation from inside:100.64.0.5 to "
                     "outside:198.51.100.7/1024-1535\n" RFC5424
                     "%ASA-6-305015: Released 512 block of ports for translation from inside:100.64.0.5 to "
                     "outside:198.51.100.7/1024-1535\n" RFC5424
                     "%ASA-3-305017: Pba-interim-logging: Active ICMP block of ports for translation from "
                     "inside:100.64.0.5 to outside:198.51.100.7/1024-1535\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.event_count, 3);
        expect(0, NAT_BLOCK, NAT_OPEN, 6, "100.64.0.5", -1, "198.51.100.7", 1024, 1535);
        expect(1, NAT_BLOCK, NAT_CLOSE, 0, "100.64.0.5", -1, "198.51.100.7", 1024, 1535);
        expect(2, NAT_BLOCK, NAT_ALIVE, 1, "100.64.0.5", -1, "198.51.100.7", 1024, 1535);
        expect_refused(RFC5424 "%ASA-6-305014: Allocated SCTP block of ports for translation from "
                               "inside:100.64.0.5 to outside:198.51.100.7/1024-1535\n");
}

/* A connection shows its translation at one moment, and no more: nothing says when that ended. */
static void test_asa_connections(void **state)
{
        (void)state;
        feed(RFC5424 "%ASA-6-302013: Built outbound TCP connection 2921 for outside:203.0.113.9/80 "
                     "(203.0.113.9/80) to inside:100.64.0.5/58799 (198.51.100.7/1025)\n" RFC5424
                     "%ASA-6-302015: Built inbound UDP connection 2922 for outside:203.0.113.9/80 "
                     "(203.0.113.9/80) to dmz:100.64.0.6/53 (198.51.100.7/53) (alice)\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.event_count, 2);
        expect(0, NAT_MAPPING, NAT_ALIVE, 6, "100.64.0.5", 58799, "198.51.100.7", 1025, 1025);
        expect(1, NAT_MAPPING, NAT_ALIVE, 17, "100.64.0.6", 53, "198.51.100.7", 53, 53);
        assert_int_equal(c.coverage.span_count, 0);
        expect_nothing(RFC5424 "%ASA-6-302013: Built outbound TCP connection 1 for outside:203.0.113.9/80 "
                               "(203.0.113.9/80) to inside:100.64.0.5/58799 (100.64.0.5/58799)\n");
        expect_nothing(RFC5424 "%ASA-6-302014: Teardown TCP connection 2921 for outside:203.0.113.9/80 to "
                               "inside:100.64.0.5/58799 duration 0:00:30 bytes 0 TCP FINs\n");
        expect_nothing(RFC5424 "%ASA-6-302016: Teardown UDP connection 1 for outside:203.0.113.9/80 to "
                               "inside:100.64.0.5/58799 duration 0:00:30 bytes 0\n");
        expect_nothing(
                RFC5424 "%ASA-4-106023: Deny tcp src outside:203.0.113.9/80 dst inside:100.64.0.5/80\n");
}

static void test_mikrotik(void **state)
{
        (void)state;
        feed("<30>Nov 20 23:35:52 gw forward: in:<pppoe-a> out:(unknown 0), "
             "connection-state:established,snat "
             "src-mac 02:00:00:00:00:01, proto TCP (ACK,PSH), 100.64.0.5:40000->203.0.113.9:443, NAT "
             "(100.64.0.5:40000->198.51.100.7:1025)->203.0.113.9:443, len 40\n"
             "<30>Nov 20 23:35:53 gw firewall,info drop me: forward: in:wan uplink out:bridge, proto UDP, "
             "203.0.113.9:53->198.51.100.7:1026, NAT 203.0.113.9:53->(198.51.100.7:1026->100.64.0.6:5353), "
             "len 120\n"
             "<30>Nov 20 23:35:54 gw A|masq|srcnat: in:ether1 out:ether2, proto UDP, "
             "100.64.0.7:1111->203.0.113.9:53, NAT (198.51.100.7:1027->203.0.113.9:53), len 73\n"
             "<30>Nov 20 23:35:55 gw forward: in:ether1 out:ether2, proto ICMP (type 8, code 0), "
             "100.64.0.8->203.0.113.9, NAT (100.64.0.8->198.51.100.7)->203.0.113.9, len 84\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.event_count, 4);
        expect(0, NAT_SESSION, NAT_ALIVE, 6, "100.64.0.5", 40000, "198.51.100.7", 1025, 1025);
        expect_destination(0, "203.0.113.9", 443);
        expect(1, NAT_SESSION, NAT_ALIVE, 17, "100.64.0.6", 5353, "198.51.100.7", 1026, 1026);
        expect_destination(1, "203.0.113.9", 53);
        expect(2, NAT_SESSION, NAT_ALIVE, 17, "100.64.0.7", 1111, "198.51.100.7", 1027, 1027);
        expect(3, NAT_SESSION, NAT_ALIVE, 1, "100.64.0.8", -1, "198.51.100.7", 0, 65535);
        assert_true(c.events[3].flags & NAT_PORT_UNKNOWN);
        assert_int_equal(c.coverage.span_count, 0); /* it is never told what ended */
}

static void test_mikrotik_rest(void **state)
{
        (void)state;
        expect_nothing("<30>Nov 20 23:35:52 gw srcnat: in:lan out:wan, connection-state:new src-mac "
                       "02:00:00:00:00:01, proto TCP (SYN), 100.64.0.5:60792->203.0.113.9:443, len 64\n");
        expect_refused("<30>Nov 20 23:35:52 gw forward: in:lan out:wan, proto TCP (SYN), "
                       "100.64.0.5:60792->203.0.113.9:443, NAT (100.64.0.5:60792->198.51.100.7:)->"
                       "203.0.113.9:443, len 64\n");
        /* A subscriber's name in the name of the interface brings a translation of its own. */
        expect_refused(
                "<30>Nov 20 23:35:52 gw forward: in:<pppoe-x out:y, proto UDP, 100.64.0.9:1->203.0.113.9:9, "
                "NAT (100.64.0.9:1->198.51.100.99:9)->203.0.113.9:9, len 9> out:wan, proto TCP (ACK), "
                "100.64.0.5:40000->203.0.113.9:443, NAT (100.64.0.5:40000->198.51.100.7:1025)->"
                "203.0.113.9:443, len 40\n");
}

static void test_jool(void **state)
{
        (void)state;
        feed("<6>Nov 21 00:35:52 nat64 kernel: [  312.493235] alpha 2026/11/20 23:35:2 (GMT) - Mapped "
             "2001:db8::5#19945 to 198.51.100.7#8208 (UDP)\n"
             "[  412.493235] alpha 2026/11/20 23:36:52 (GMT) - Forgot 2001:db8::5#19945 to 198.51.100.7#8208 "
             "(UDP)\n"
             "default 2026/11/20 23:37:52 (GMT) - Added session "
             "2001:db8::6#47073|64:ff9b::cb00:7109#80|198.51.100.7#63527|203.0.113.9#80|TCP\n"
             "[ 512.1] a 2026/11/20 23:38:52 (GMT) - Forgot session "
             "2001:db8::6#47073|64:ff9b::cb00:7109#80|198.51.100.7#63527|203.0.113.9#80|TCP\n");
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.event_count, 4);
        expect(0, NAT_MAPPING, NAT_OPEN, 17, "2001:db8::5", 19945, "198.51.100.7", 8208, 8208);
        expect_time(0, "2026-11-20T23:35:02.000Z"); /* its own time, not the relay's */
        expect(1, NAT_MAPPING, NAT_CLOSE, 17, "2001:db8::5", 19945, "198.51.100.7", 8208, 8208);
        expect(2, NAT_SESSION, NAT_OPEN, 6, "2001:db8::6", 47073, "198.51.100.7", 63527, 63527);
        expect_destination(2, "203.0.113.9", 80);
        expect(3, NAT_SESSION, NAT_CLOSE, 6, "2001:db8::6", 47073, "198.51.100.7", 63527, 63527);
        /* A journal without the kernel's time: where the message begins cannot be told. */
        expect_refused(
                "alpha 2026/11/20 23:36:52 (GMT) - Forgot 2001:db8::5#19945 to 198.51.100.7#8208 (UDP)\n");
}

static void test_h3c(void **state)
{
        (void)state;
        feed("%@250005%Nov 20 23:35:54:72 2026 gw USERLOG/7/NAT: TCP; 100.64.0.5:40000--->198.51.100.7:1025; "
             "203.0.113.9:443; [2026/11/20 23:35:52-0000/00/00 00:00:00]; Operator 8: Data flow created\n"
             "<189>Nov 20 23:36:54 2026 gw USERLOG/7/NAT: TCP; 100.64.0.5:40000--->198.51.100.7:1025; "
             "203.0.113.9:443; [2026/11/20 23:35:52-2026/11/20 23:36:52]; Operator 1: Normal over\n"
             "<189>Nov 20 23:37:54 2026 gw %%10USERLOG/7/NAT(l): UDP; 100.64.0.6:1--->198.51.100.7:1026; "
             "203.0.113.9:53; [2026/11/20 23:35:52-2026/11/20 23:37:52]; Operator 2: Aged for timeout\n");
        assert_int_equal(c.refused_count, 0);
        expect(0, NAT_SESSION, NAT_OPEN, 6, "100.64.0.5", 40000, "198.51.100.7", 1025, 1025);
        expect_time(0, "2026-11-20T23:35:52.000Z");
        expect_destination(0, "203.0.113.9", 443);
        expect(1, NAT_SESSION, NAT_CLOSE, 6, "100.64.0.5", 40000, "198.51.100.7", 1025, 1025);
        expect_time(1, "2026-11-20T23:36:52.999Z");
        expect(2, NAT_SESSION, NAT_CLOSE, 17, "100.64.0.6", 1, "198.51.100.7", 1026, 1026);
        assert_int_equal(c.event_count, 3);
        expect_refused("USERLOG/7/NAT: TCP; 100.64.0.5:40000--->198.51.100.7:1025; 203.0.113.9:443; "
                       "[2026/11/20 23:35:52-0000/00/00 00:00:00]; Operator 1: Normal over\n");
        expect_refused("USERLOG/7/NAT: TCP; 100.64.0.5:40000--->198.51.100.7:1025; 203.0.113.9:443; "
                       "[2026/11/20 23:35:52-2026/11/20 23:36:52]; Operator 8: Data flow created\n");
        expect_refused("USERLOG/7/NAT: TCP; 100.64.0.5:40000--->198.51.100.7:1025; 203.0.113.9:443; "
                       "[2026/11/20 23:35:52-2026/11/20 23:36:52]; Operator 9: Reserved\n");
}

/* What these devices write beside it is no damaged NAT message. */
static void test_other_messages(void **state)
{
        static const char *const lines[] = {
                "<190>4711: R1: Nov 20 23:35:52.123 gmt: %IOSXE-6-PLATFORM: F0: cpp_cp: QFP:0.0 something\n",
                "<189>Nov 20 23:36:54 2026 gw USERLOG/7/FLOW: TCP; 100.64.0.5:40000-->203.0.113.9:443\n",
                "<189>Nov 20 23:36:54 2026 gw %%10SHELL/5/SHELL_LOGIN(l): somebody logged in\n",
                "11/20/2026:23:35:52 GMT ns1 0-PPE-2 : default TCP CONN_TERMINATE 1 0 : Source 192.0.2.1:1\n",
                "11/20/2026:23:35:52 GMT Informational 0- PPE-2 : default EVENT DEVICEUP 1 0 : x\n",
                "<6>Nov 20 23:35:52 nat64 kernel: default route was changed\n",
                "<30>Nov 20 23:35:52 gw firewall,info nothing of a packet\n",
                RFC5424 "%ASA-5-111008: User 'enable_15' executed the 'write' command.\n",
        };

        (void)state;
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
                expect_nothing(lines[i]);
}

static void test_asa_header(void **state)
{
        (void)state;
        feed("<166>2026-11-20T23:35:52Z asa : %ASA-6-305011: Built dynamic TCP translation from "
             "inside:100.64.0.5/40000 to outside:198.51.100.7/1025\n");
        assert_int_equal(c.refused_count, 0);
        expect(0, NAT_MAPPING, NAT_OPEN, 6, "100.64.0.5", 40000, "198.51.100.7", 1025, 1025);
        expect_time(0, "2026-11-20T23:35:52.000Z");
}

#define CITRIX_TEXT                                                                                          \
        "default LSN LSN_ADDRPORT_MAPPING 85 0 : A&PDM CREATED Client IP:Port:TD 100.64.0.5:40000:4, "       \
        "NatIP:NatPort 198.51.100.7:1025, Destination IP:Port:TD 203.0.113.9:443:0, Protocol: TCP\n"

/* A date that could have the day first is taken only where the dialect is declared. */
static void test_citrix(void **state)
{
        (void)state;
        feed("11/20/2026:23:35:52 GMT Informational 0- PPE-2 : " CITRIX_TEXT
             "<134> 11/20/2026:23:35:53 GMT ns1 0-PPE-2 : " CITRIX_TEXT);
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.event_count, 2);
        expect(0, NAT_SESSION, NAT_OPEN, 6, "100.64.0.5", 40000, "198.51.100.7", 1025, 1025);
        expect_destination(0, "203.0.113.9", 443);
        expect_time(0, "2026-11-20T23:35:52.000Z");
        assert_int_equal(c.events[0].vrf, 4);
        expect_time(1, "2026-11-20T23:35:53.000Z");
        expect_refused("<134> 11/10/2026:23:35:53 GMT ns1 0-PPE-2 : " CITRIX_TEXT);
        assert_int_equal(c.last_refusal, REFUSAL_IMPOSSIBLE_TIME);
        feed_as("citrix", "<134> 11/10/2026:23:35:53 GMT ns1 0-PPE-2 : " CITRIX_TEXT);
        expect_time(0, "2026-11-10T23:35:53.000Z");
        expect_refused("<134> 20/11/2026:23:35:53 GMT ns1 0-PPE-2 : " CITRIX_TEXT);
        expect_refused("11/20/2026:23:35:52 GMT ns1 0-PPE-2 : default LSN LSN_SOMETHING 1 0 : x\n");
}

/* ---- property: what an encoder of its own writes comes out as it was ---- */

static unsigned seed = 99;

static unsigned chance(unsigned below)
{
        seed = seed * 1103515245u + 12345u;
        return (seed >> 8) % below;
}

struct truth {
        char inside[ADDRESS_TEXT_MAX], outside[32], destination[32];
        unsigned inside_port, port, last, destination_port, second;
        bool closes;
        int protocol;
};

static struct truth draw(bool ipv6)
{
        struct truth t = {.inside_port = 1 + chance(65535),
                .port = 1 + chance(60000),
                .destination_port = 1 + chance(65535),
                .second = chance(60),
                .closes = chance(2),
                .protocol = chance(2) ? 6 : 17};

        t.last = t.port + 1 + chance(5000);
        if (ipv6)
                snprintf(t.inside, sizeof t.inside, "2001:db8::%x:%x", 1 + chance(65535), 1 + chance(65535));
        else
                snprintf(t.inside, sizeof t.inside, "100.64.%u.%u", chance(64), 1 + chance(254));
        snprintf(t.outside, sizeof t.outside, "198.51.100.%u", 1 + chance(254));
        snprintf(t.destination, sizeof t.destination, "203.0.113.%u", 1 + chance(254));
        return t;
}

static const char *name_of(const struct truth *t)
{
        return t->protocol == 6 ? "TCP" : "UDP";
}

static void write_iosxe(const struct truth *t, char *line, size_t size)
{
        snprintf(line, size,
                "<190>1: R1: Nov 20 2026 23:35:%02u.000 UTC: %%NAT-6-LOG_TRANSLATION: %s Translation %s "
                "%s:%u %s:%u "
                "%s:%u %s:%u 0\n",
                t->second, t->closes ? "Deleted" : "Created", name_of(t), t->inside, t->inside_port,
                t->outside, t->port, t->destination, t->destination_port, t->destination,
                t->destination_port);
}

static void write_iosxr(const struct truth *t, char *line, size_t size)
{
        snprintf(line, size,
                "<134>1 2026 Nov 20 23:35:%02u 192.0.2.1 - - NAT44 - [Sessionbased%s %d %s - - %s %u %u - %s "
                "%u]\n",
                t->second, t->closes ? "WD" : "AD", t->protocol, t->inside, t->outside, t->inside_port,
                t->port, t->destination, t->destination_port);
}

static void write_jool(const struct truth *t, char *line, size_t size)
{
        snprintf(line, size,
                "[ 1.5] nat 2026/11/20 23:35:%u (GMT) - %s session %s#%u|64:ff9b::1#%u|%s#%u|%s#%u|%s\n",
                t->second, t->closes ? "Forgot" : "Added", t->inside, t->inside_port, t->destination_port,
                t->outside, t->port, t->destination, t->destination_port, name_of(t));
}

static void write_h3c(const struct truth *t, char *line, size_t size)
{
        snprintf(line, size,
                "%%@1%%Nov 20 23:36:59:01 2026 g USERLOG/7/NAT: %s; %s:%u--->%s:%u; %s:%u; [2026/11/20 "
                "23:3%c:%02u-%s %s%02u]; Operator %d: x\n",
                name_of(t), t->inside, t->inside_port, t->outside, t->port, t->destination,
                t->destination_port, t->closes ? '0' : '5', t->closes ? 1 : t->second,
                t->closes ? "2026/11/20" : "0000/00/00",
                t->closes ? "23:35:" : "00:00:", t->closes ? t->second : 0, t->closes ? 1 : 8);
}

static void test_property(void **state)
{
        static const struct {
                void (*write)(const struct truth *t, char *line, size_t size);
                bool ipv6;
        } writers[] = {{write_iosxe, false}, {write_iosxr, false}, {write_jool, true}, {write_h3c, false}};
        char line[512];

        (void)state;
        for (unsigned i = 0; i < 400; i++) {
                struct truth t = draw(writers[i % 4].ipv6);
                writers[i % 4].write(&t, line, sizeof line);
                feed(line);
                if (c.event_count != 1)
                        print_error("%s", line);
                assert_int_equal(c.event_count, 1);
                expect(0, NAT_SESSION, t.closes ? NAT_CLOSE : NAT_OPEN, t.protocol, t.inside,
                        (int)t.inside_port, t.outside, t.port, t.port);
                expect_destination(0, t.destination, t.destination_port);
                assert_int_equal(c.events[0].time_ms / 1000 % 60, t.second);
        }
}

/* Blocks too, and whatever is cut off the end of a line is refused or binds nothing. */
static void test_cut_lines(void **state)
{
        char line[512], cut[512];

        (void)state;
        for (unsigned i = 0; i < 20; i++) {
                struct truth t = draw(false);
                snprintf(line, sizeof line,
                        RFC5424 "%%ASA-6-305014: Allocated UDP block of ports for translation from in:%s to "
                                "out:%s/%u-%u\n",
                        t.inside, t.outside, t.port, t.last);
                feed(line);
                expect(0, NAT_BLOCK, NAT_OPEN, 17, t.inside, -1, t.outside, t.port, t.last);
                write_iosxr(&t, line, sizeof line);
                for (size_t length = strlen(line) - 2; length > 80; length -= 3) {
                        memcpy(cut, line, length);
                        memcpy(cut + length, "\n", 2);
                        feed(cut);
                        assert_int_equal(c.event_count, 0);
                }
        }
}

/* A family that is set and is not that of the line never gives an event. */
static void test_wrong_family(void **state)
{
        static const char *const names[] = {"cisco-iosxe", "cisco-iosxr", "cisco-asa", "mikrotik", "jool",
                "h3c", "citrix", "juniper-pba", "a10", "huawei"};
        static const struct {
                const char *family, *line;
        } lines[] = {
                {"cisco-iosxe", RFC5424 "%NAT-6-LOG_TRANSLATION: Created Translation UDP 100.64.0.5:40000 "
                                        "198.51.100.7:1025 0.0.0.0:0 0.0.0.0:0 0\n"},
                {"cisco-iosxr", RFC5424 "[UserbasedA - 100.64.0.5 b - 198.51.100.7 - 2048 3071 - -]\n"},
                {"cisco-asa",
                        RFC5424 "%ASA-6-305011: Built dynamic TCP translation from inside:100.64.0.5/40000 "
                                "to outside:198.51.100.7/1025\n"},
                {"mikrotik", RFC5424 "in:a out:b, proto UDP, 100.64.0.7:1111->203.0.113.9:53, NAT "
                                     "(198.51.100.7:1027->203.0.113.9:53), len 73\n"},
                {"jool", "[ 1.5] a 2026/11/20 23:35:2 (GMT) - Mapped 2001:db8::5#1 to 198.51.100.7#8208 "
                         "(UDP)\n"},
                {"citrix", "11/20/2026:23:35:52 GMT ns1 0-PPE-2 : " CITRIX_TEXT},
                {"h3c", "USERLOG/7/NAT: TCP; 100.64.0.5:40000--->198.51.100.7:1025; 203.0.113.9:443; "
                        "[2026/11/20 23:35:52-0000/00/00 00:00:00]; Operator 8: Data flow created\n"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
                for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
                        bool right = strcmp(names[k], lines[i].family) == 0;
                        feed_as(names[k], lines[i].line);
                        assert_int_equal(c.event_count, right);
                        assert_int_equal(c.refused_count, !right);
                }
}

static int done(void **state)
{
        (void)state;
        collected_free(&c);
        c = (struct collected){0};
        return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, done)
        const struct CMUnitTest tests[] = {TEST(test_iosxe), TEST(test_iosxe_mapping_and_classic),
                TEST(test_iosxr), TEST(test_iosxr_damage), TEST(test_asa), TEST(test_asa_blocks),
                TEST(test_asa_connections), TEST(test_mikrotik), TEST(test_mikrotik_rest), TEST(test_jool),
                TEST(test_h3c), TEST(test_asa_header), TEST(test_other_messages), TEST(test_citrix),
                TEST(test_property), TEST(test_cut_lines), TEST(test_wrong_family)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
