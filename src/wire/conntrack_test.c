/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TUPLES "src=100.64.0.3 dst=203.0.113.200 sport=40378 dport=80 "
#define REPLY "src=203.0.113.200 dst=203.0.113.9 sport=80 dport=2042 "
#define OPEN(time, id)                                                                                       \
        "[" time "]\t    [NEW] tcp      6 120 SYN_SENT " TUPLES "[UNREPLIED] " REPLY "id=" id "\n"

static struct collected c;

static void read_text(const char *text)
{
        struct text_options options = {.exporter = 7, .loss_reported = true};

        collected_free(&c);
        assert_int_equal(collect(&text_format_conntrack, &options, slice_of(text), &c), 0);
        assert_int_equal(counted_lines(&c.counts), c.counts.lines);
        assert_int_equal(c.counts.events, c.event_count);
}

static void opens_and_closes(void **state)
{
        (void)state;
        read_text(OPEN("1795226353.664619",
                "3206273513") "[1795226370.0009]\t[DESTROY] ipv4     2 tcp      6 TIME_WAIT " TUPLES
                              "packets=5 bytes=300 " REPLY "packets=4 bytes=200 [ASSURED] mark=0 "
                              "delta-time=0 [start=Sat Nov 21 01:59:13 2026] "
                              "[stop=Sat Nov 21 01:59:30 2026] id=3206273513 [USERSPACE] portid=25071 "
                              "progname=my tool\r\n");
        assert_int_equal(c.event_count, 2);
        const struct nat_event *open = &c.events[0], *close = &c.events[1];
        assert_int_equal(open->time_ms, 1795226353664);
        assert_int_equal(open->action, NAT_OPEN);
        assert_int_equal(open->kind, NAT_SESSION);
        assert_int_equal(open->protocol, 6);
        assert_int_equal(address_ipv4(&open->inside), 0x64400003);
        assert_int_equal(open->inside_port, 40378);
        assert_int_equal(open->outside, 0xcb007109);
        assert_int_equal(open->port_first, 2042);
        assert_int_equal(open->port_last, 2042);
        assert_int_equal(address_ipv4(&open->destination), 0xcb0071c8);
        assert_int_equal(open->destination_port, 80);
        assert_int_equal(open->session, 3206273513);
        assert_int_equal(open->exporter, 7);
        assert_int_equal(open->flags, NAT_HAS_INSIDE_PORT | NAT_HAS_DESTINATION | NAT_DESTINATION_BOUND);
        assert_int_equal(close->time_ms, 1795226370000);
        assert_int_equal(close->action, NAT_CLOSE_BOUND);
        assert_int_equal(close->session, open->session);
        assert_int_equal(close->port_first, open->port_first);
}

/* The first id= of each ICMP tuple is the query identifier, the last one conntrack's own. */
static void icmp_identifiers(void **state)
{
        (void)state;
        read_text(
                "[1795226354.336789]\t    [NEW] icmp     1 30 src=100.64.0.3 dst=203.0.113.200 type=8 code=0 "
                "id=4321 "
                "[UNREPLIED] src=203.0.113.200 dst=203.0.113.9 type=0 code=0 id=36150 id=3755815569\n"
                "[1795226355.1]\t    [NEW] icmp     1 30 src=100.64.0.3 dst=203.0.113.200 type=8 code=0 id=5 "
                "[UNREPLIED] src=203.0.113.200 dst=203.0.113.9 type=0 code=0 id=6\n");
        assert_int_equal(c.event_count, 2);
        assert_int_equal(c.events[0].port_first, 36150);
        assert_int_equal(c.events[0].inside_port, 4321);
        assert_int_equal(c.events[0].destination_port, 0);
        assert_int_equal(c.events[0].session, 3755815569);
        assert_int_equal(c.events[1].port_first, 6);
        assert_int_equal(c.events[1].session, 0);
        assert_int_equal(c.events[1].time_ms, 1795226355100);
}

static void protocols_without_ports(void **state)
{
        (void)state;
        read_text("[1795226353.6]\t    [NEW] gre      47 30 timeout=30, stream_timeout=180 src=100.64.0.3 "
                  "dst=203.0.113.200 srckey=0x0 dstkey=0x0 [UNREPLIED] src=203.0.113.200 dst=203.0.113.9 "
                  "srckey=0x0 "
                  "dstkey=0x0 id=9\n");
        assert_int_equal(c.event_count, 1);
        assert_int_equal(c.events[0].kind, NAT_SESSION);
        assert_int_equal(c.events[0].protocol, 47);
        assert_int_equal(c.events[0].port_first, 0);
        assert_int_equal(c.events[0].port_last, UINT16_MAX);
        assert_false(c.events[0].flags & (NAT_PORT_UNKNOWN | NAT_HAS_INSIDE_PORT));
}

static void what_is_not_nat(void **state)
{
        (void)state;
        read_text(/* an update, IPv6, not translated, and a forwarded port: its source keeps its address */
                "[1.1]\t [UPDATE] tcp      6 60 SYN_RECV " TUPLES REPLY "\n"
                "[1.2]\t    [NEW] tcp      6 120 SYN_SENT src=2001:db8::3 dst=2001:db8::9 sport=1 dport=2 "
                "[UNREPLIED] "
                "src=2001:db8::9 dst=2001:db8::3 sport=2 dport=1 id=5\n"
                "[1.3]\t    [NEW] udp      17 30 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 [UNREPLIED] "
                "src=192.0.2.2 "
                "dst=192.0.2.1 sport=2 dport=1\n"
                "[1.4]\t    [NEW] tcp      6 120 SYN_SENT src=192.0.2.1 dst=203.0.113.1 sport=7 dport=8080 "
                "[UNREPLIED] "
                "src=100.64.0.3 dst=192.0.2.1 sport=80 dport=7\n"
                "conntrack v1.4.7 (conntrack-tools): 4 flow events have been shown.\n\n");
        assert_int_equal(c.event_count, 0);
        assert_int_equal(c.counts.not_nat, 4);
        assert_int_equal(c.counts.other, 1);
        assert_int_equal(c.counts.blank, 1);
        assert_int_equal(c.refused_count, 0);
        assert_int_equal(c.coverage.span_count, 1);
        assert_false(c.coverage.spans[0].flags & SPAN_HAS_EVENTS);
}

static void keeps_the_zone_and_a_changed_port(void **state)
{
        (void)state;
        read_text("[1.5]\t    [NEW] udp      17 30 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 [UNREPLIED] "
                  "src=192.0.2.2 "
                  "dst=192.0.2.1 sport=2 dport=77 zone=12 id=0\n");
        assert_int_equal(c.event_count, 1);
        assert_int_equal(c.events[0].vrf, 12);
        assert_int_equal(c.events[0].port_first, 77);
        assert_int_not_equal(c.events[0].session, 0);
}

static void wrong_lines(void **state)
{
        static const char *const lines[] = {"rubbish", "[1795226353.664619]", "[x] [NEW] tcp 6 " TUPLES REPLY,
                "[1.1] [GONE] tcp 6 " TUPLES REPLY, "[1.1] [NEW] tcp 6 " TUPLES,
                "[1.1] [NEW] tcp 999 " TUPLES REPLY, "[1.1] [NEW] " TUPLES REPLY,
                "[1.1] [NEW] tcp 6 " TUPLES REPLY "sport=4", "[1.1] [NEW] tcp 6 " TUPLES REPLY TUPLES,
                "[1.1] [NEW] tcp 6 " TUPLES REPLY "id=99999999999",
                "[1.1] [NEW] tcp 6 " TUPLES REPLY "id=5 id=6", "[1.1] [NEW] tcp 6 " TUPLES REPLY "[start=Sat",
                "[1.1] [NEW] tcp 6 src=1.2.3.4 dst=5.6.7.256 sport=1 dport=2 " REPLY,
                "[1.1] [NEW] tcp 6 src=1.2.3.04 dst=5.6.7.8 sport=1 dport=2 " REPLY,
                "[1.1] [NEW] tcp 6 src=1.2.3.4 dst=5.6.7.8 sport=70000 dport=2 " REPLY,
                "[1.1] [NEW] tcp 6 src=1.2.3.4 dst=5.6.7.8 " REPLY, "[1.1] [NEW] tcp 6 " TUPLES REPLY "odd",
                "[1.1] [NEW] icmp 1 src=1.2.3.4 dst=5.6.7.8 type=8 code=0 src=5.6.7.8 dst=9.9.9.9 type=0 "
                "code=0",
                "[1.1] [NEW] tcp 6 src=0.0.0.0 dst=5.6.7.8 sport=1 dport=2 " REPLY,
                "[99999999999999.0] [NEW] tcp 6 " TUPLES REPLY, "    [NEW] tcp 6 " TUPLES REPLY};

        (void)state;
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
                char text[2048];
                snprintf(text, sizeof text, OPEN("1.0", "4") "%s\n" OPEN("2.0", "5"), lines[i]);
                read_text(text);
                assert_int_equal(c.event_count, 2); /* sound lines beside it are read */
                assert_int_equal(c.refused_count, 1);
                assert_true(strncmp(c.last_detail, "line 2: ", 8) == 0);
                assert_int_equal(c.coverage.gap_count, 1);
                assert_true(c.coverage.gaps[0].from <= 1000 && c.coverage.gaps[0].to >= 2000);
        }
        assert_int_equal(c.last_refusal, REFUSAL_IMPOSSIBLE_TIME);
        assert_non_null(strstr(c.last_detail, "-o timestamp"));
}

static void reported_loss_is_a_gap(void **state)
{
        (void)state;
        read_text(OPEN("100.0", "1") OPEN(
                "101.0", "2") "WARNING: We have hit ENOBUFS! We are losing events.\n"
                              "This message means that the current netlink socket buffer size is too small.\n"
                              "Please, check --buffer-size in conntrack(8) manpage.\n" OPEN("105.5", "3"));
        assert_int_equal(c.event_count, 3);
        assert_int_equal(c.counts.reported_losses, 1);
        assert_int_equal(c.counts.other, 2);
        assert_int_equal(c.coverage.gap_count, 1);
        assert_int_equal(c.coverage.gaps[0].reason, GAP_REPORTED);
        assert_int_equal(c.coverage.gaps[0].from, 100000);
        assert_int_equal(c.coverage.gaps[0].to, 106500);
        assert_int_equal(c.coverage.gaps[0].exporter, 7);
        assert_int_equal(c.coverage.span_count, 1);
        assert_int_equal(c.coverage.spans[0].from, 100000);
        assert_int_equal(c.coverage.spans[0].to, 105500);
        assert_int_equal(c.coverage.spans[0].delay_ms, 1000);
        assert_int_equal(c.coverage.spans[0].flags, SPAN_HAS_EVENTS);
        read_text(OPEN("100.0", "1") "warning: enobufs\n");
        assert_int_equal(c.coverage.gaps[0].from, 99000);
        assert_int_equal(c.coverage.gaps[0].to, 160000); /* as far as another file may still join */
        read_text("warning: enobufs\n" OPEN("100.0", "1"));
        assert_int_equal(c.coverage.gaps[0].from, 40000);
        assert_int_equal(c.coverage.gaps[0].to, 101000);
        read_text(OPEN("100.0", "1") "[101.0] [NEW] tcp 6 src=1WARNING: We have hit ENOBUFS!\n" OPEN(
                "102.0", "2"));
        assert_int_equal(c.counts.reported_losses, 1);
        assert_int_equal(c.coverage.gaps[0].reason, GAP_REPORTED);
}

static void an_over_long_line(void **state)
{
        size_t length = TEXT_LINE_MAX + 1;
        char *text = malloc(length + 1);

        (void)state;
        assert_non_null(text);
        memset(text, 'x', length);
        text[length] = '\0';
        read_text(text);
        free(text);
        assert_int_equal(c.counts.refused[REFUSAL_BAD_LINE], 1);
}

/* Whatever happens to a line, it is counted once and nothing is read beyond it. */
static void mutations_are_counted_once(void **state)
{
        static const char seed[] =
                OPEN("100.123456", "1") "WARNING: We have hit ENOBUFS!\n"
                                        "[1.2]\t[DESTROY] icmp 1 src=1.2.3.4 dst=5.6.7.8 type=8 code=0 id=4 "
                                        "src=5.6.7.8 dst=9.9.9.9 id=4 id=7\n";
        uint64_t random = 88172645463325252U;

        (void)state;
        for (unsigned round = 0; round < 20000; round++) {
                char text[sizeof seed];
                memcpy(text, seed, sizeof seed);
                for (unsigned change = 0; change < 1 + round % 4; change++) {
                        random ^= random << 13;
                        random ^= random >> 7;
                        random ^= random << 17;
                        size_t at = random % (sizeof seed - 1), from = (random >> 20) % (sizeof seed - 1);
                        text[at] = random & 1 << 16 ? seed[from] : (char)(random >> 40 & 0x7f);
                        text[at] = text[at] ? text[at] : ' ';
                }
                read_text(text);
        }
}

static void recognises_its_own(void **state)
{
        (void)state;
        const char *own = "NOTICE: Netlink socket buffer size has been set to 4096 bytes.\n" OPEN(
                "1.1", "1") "[1.2]\t   [N";
        assert_ptr_equal(text_format_recognise(own, strlen(own)), &text_format_conntrack);
        const char *other = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<conntrack>\n";
        assert_null(text_format_recognise(other, strlen(other)));
}

static int free_all(void **state)
{
        (void)state;
        collected_free(&c);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(opens_and_closes),
                cmocka_unit_test(icmp_identifiers), cmocka_unit_test(protocols_without_ports),
                cmocka_unit_test(what_is_not_nat), cmocka_unit_test(keeps_the_zone_and_a_changed_port),
                cmocka_unit_test(wrong_lines), cmocka_unit_test(reported_loss_is_a_gap),
                cmocka_unit_test(an_over_long_line), cmocka_unit_test(mutations_are_counted_once),
                cmocka_unit_test(recognises_its_own)};
        return cmocka_run_group_tests(tests, NULL, free_all);
}
