/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DATE "Sat Nov 21 01:59:14 2026\n"
#define WHO "\tUser-Name = \"kund@example.net\"\n\tAcct-Session-Id = \"0001\"\n\tNAS-IP-Address = 10.0.0.1\n"
#define NOW INT64_C(1795226354000)
#define STAMP "\tTimestamp = 1795226354\n\n"

static struct collected c;

static int utc_clock(void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second)
{
        (void)context;
        *ret_instant = *ret_second = time_from_civil(civil) - TIME_HOUR;
        return civil->month == 10; /* every October reading happens twice */
}

static const struct local_clock clock_of_the_test = {.to_instant = utc_clock};

static void read_text(const char *text, bool zoned)
{
        struct text_options options = {.clock = zoned ? &clock_of_the_test : NULL};

        collected_free(&c);
        assert_int_equal(collect(&text_format_freeradius_detail, &options, slice_of(text), &c), 0);
        assert_int_equal(counted_lines(&c.counts), c.counts.lines);
}

static void a_session(void **state)
{
        char text[ADDRESS_TEXT_MAX];

        (void)state;
        read_text(DATE
                "\tAcct-Status-Type = Start\n" WHO "\tNAS-Identifier = \"bng1\"\n"
                "\tFramed-IP-Address = 100.64.0.3\n\tDelegated-IPv6-Prefix = 2001:db8:100::/56\n"
                "\tFramed-IPv6-Prefix = 2001:db8:200::/64\n"
                "\tEvent-Timestamp = \"Nov 21 2026 01:59:10 UTC\"\n\tNAS-Port-Type = Ethernet\n" STAMP DATE
                "\tAcct-Status-Type = Alive\n" WHO "\tFramed-IP-Address = 100.64.0.3\n"
                "\tEvent-Timestamp = 1795226352\n" STAMP DATE "\tAcct-Status-Type = Stop\n" WHO
                "\tFramed-IP-Address = 100.64.0.3\n"
                "\tAcct-Session-Time = 600\n\tEvent-Timestamp = 1795226353\n" STAMP,
                false);
        assert_int_equal(c.lease_count, 5);
        assert_int_equal(c.counts.used, 3);
        assert_int_equal(c.refused_count, 0);
        const struct lease_event *start = &c.leases[0], *interim = &c.leases[3], *stop = &c.leases[4];
        assert_string_equal(start->subscriber, "kund@example.net");
        assert_int_equal(start->from_ms, NOW - 4000);
        assert_int_equal(start->from_edge, EDGE_OBSERVED);
        assert_int_equal(start->to_edge, EDGE_OPEN);
        assert_int_equal(start->flags, LEASE_ANY_VRF);
        assert_string_equal(prefix_format(&c.leases[1].prefix, text), "2001:db8:100::/56");
        assert_string_equal(prefix_format(&c.leases[2].prefix, text), "2001:db8:200::/64");
        assert_int_equal(interim->from_ms, NOW - 2000);
        assert_int_equal(interim->to_ms, interim->from_ms);
        assert_int_equal(interim->from_edge, EDGE_INTERIM);
        assert_int_equal(interim->to_edge, EDGE_INTERIM);
        assert_int_equal(stop->to_ms, NOW - 1);
        assert_int_equal(stop->to_edge, EDGE_OBSERVED);
        assert_int_equal(stop->from_ms, NOW - 1 - 600000);
        assert_int_equal(stop->from_edge, EDGE_BOUND);
        assert_true(start->session != 0);
        assert_true(start->session == interim->session && start->session == stop->session);
}

static void time_without_event_timestamp(void **state)
{
        (void)state;
        read_text(DATE "\tAcct-Status-Type = Start\n" WHO
                       "\tFramed-IP-Address = 100.64.0.3\n\tAcct-Delay-Time = 5\n" STAMP DATE
                       "\tAcct-Status-Type = Stop\n" WHO
                       "\tFramed-IP-Address = 100.64.0.3\n\tAcct-Delay-Time = 5\n" STAMP DATE
                       "\tAcct-Status-Type = Start\n" WHO "\tFramed-IP-Address = 100.64.0.3\n\n",
                false);
        assert_int_equal(c.lease_count, 2);
        assert_int_equal(c.leases[0].from_ms, NOW - 5000);
        assert_int_equal(c.leases[1].to_ms, NOW - 5000 + 999);
        assert_int_equal(c.leases[1].to_edge, EDGE_BOUND); /* it had ended when the record came */
        assert_int_equal(c.leases[1].from_edge, EDGE_OPEN);
        assert_int_equal(c.last_refusal, REFUSAL_IMPOSSIBLE_TIME); /* the unzoned date is never read */
}

static void zones_of_event_timestamp(void **state)
{
        static const char text[] =
                DATE "\tAcct-Status-Type = Start\n" WHO "\tFramed-IP-Address = 100.64.0.3\n"
                     "\tEvent-Timestamp = \"Nov 21 2026 02:59:10 CET\"\n" STAMP;

        (void)state;
        read_text(text, false);
        assert_int_equal(c.leases[0].from_ms, NOW); /* "CET" is only a name: Timestamp is taken */
        read_text(text, true);
        assert_int_equal(c.leases[0].from_ms, NOW - 4000);
        read_text(DATE "\tAcct-Status-Type = Start\n" WHO "\tFramed-IP-Address = 100.64.0.3\n"
                       "\tEvent-Timestamp = \"Oct 25 2026 02:30:00 CET\"\n" STAMP,
                true);
        assert_int_equal(c.leases[0].from_ms, NOW); /* happened twice */
        read_text(DATE "\tAcct-Status-Type = Start\n" WHO "\tFramed-IP-Address = 100.64.0.3\n"
                       "\tEvent-Timestamp = \"Jan  1 1970 00:00:09 UTC\"\n" STAMP,
                true);
        assert_int_equal(c.lease_count, 0);
        assert_int_equal(c.last_refusal, REFUSAL_IMPOSSIBLE_TIME);
}

static void strings(void **state)
{
        (void)state;
        read_text(DATE
                "\tAcct-Status-Type = Start\n\tUser-Name = \"k\\\"\\\\u\\303\\274 = x\"\n"
                "\tFramed-IP-Address = 100.64.0.3\n" STAMP DATE
                "\tAcct-Status-Type = Start\n\tUser-Name = \"k\\377\"\n\tFramed-IP-Address = "
                "100.64.0.3\n" STAMP DATE
                "\tAcct-Status-Type = Start\n\tUser-Name = \"k\\t\"\n\tFramed-IP-Address = 100.64.0.3\n" STAMP
                        DATE
                "\tAcct-Status-Type = Start\n\tUser-Name = \"k\n\tFramed-IP-Address = 100.64.0.3\n" STAMP,
                false);
        assert_int_equal(c.lease_count, 1);
        assert_string_equal(c.leases[0].subscriber, "k\"\\u\xc3\xbc = x");
        assert_true(c.leases[0].session == 0);
        assert_int_equal(c.refused_count, 3);
}

static void records_that_say_nothing_of_a_lease(void **state)
{
        (void)state;
        read_text(DATE "\tAcct-Status-Type = Accounting-On\n\tNAS-IP-Address = 10.0.0.1\n" STAMP DATE
                       "\tAcct-Status-Type = Accounting-Off\n\tNAS-IP-Address = 10.0.0.1\n" STAMP DATE
                       "\tAcct-Status-Type = Start\n" WHO STAMP DATE "\tAcct-Status-Type = Start\n" WHO
                       "\tFramed-IP-Address = 0.0.0.0\n" STAMP DATE
                       "\tPacket-Type = Access-Request\n" WHO STAMP DATE
                       "\tAcct-Status-Type = Start\n\tFramed-IP-Address = 100.64.0.3\n" STAMP,
                false);
        assert_int_equal(c.lease_count, 0);
        assert_int_equal(c.counts.other, 2);
        assert_int_equal(c.counts.not_nat, 2);
        assert_int_equal(c.counts.refused[REFUSAL_MISSING_FIELD], 2);
        assert_int_equal(c.noted_count, 1);
}

static void broken_records(void **state)
{
        static const char sound[] =
                DATE "\tAcct-Status-Type = Start\n" WHO "\tFramed-IP-Address = 100.64.0.3\n" STAMP;
        static const char *const broken[] = {"\tUser-Name = \"x\"\n", DATE "\tAcct-Status-Type = Start\n" WHO,
                DATE "\tgarbage\n\n",
                DATE "\tAcct-Status-Type = Start\n\tAcct-Status-Type = Stop\n" WHO STAMP,
                DATE "\tAcct-Status-Type = Start\n" WHO
                     "\tUser-Name = \"other\"\n\tFramed-IP-Address = 1.2.3.4\n" STAMP,
                DATE "\tAcct-Status-Type = Start\n" WHO "\tFramed-IP-Address = 1.2.3.4/24\n" STAMP,
                DATE "\tAcct-Status-Type = Start\n" WHO
                     "\tFramed-IP-Address = 1.2.3.4\n\tTimestamp = 17952x\n\n"};

        (void)state;
        for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
                char text[2048];
                snprintf(text, sizeof text, "%s%s%s", sound, broken[i], sound);
                read_text(text, false);
                assert_int_equal(c.lease_count, 2);
                assert_int_equal(c.refused_count, 1);
        }
        /* At the end of the file the last line may be cut in the middle of its number. */
        read_text(DATE "\tAcct-Status-Type = Stop\n" WHO
                       "\tFramed-IP-Address = 100.64.0.3\n\tTimestamp = 17952263",
                false);
        assert_int_equal(c.lease_count, 0);
        assert_int_equal(c.last_refusal, REFUSAL_TRUNCATED);
        assert_true(strncmp(c.last_detail, "line 1: ", 8) == 0);
}

/* The TLVs of two attributes stand one behind the other; they are told apart where they repeat. */
static void port_ranges(void **state)
{
#define RANGE(first, last)                                                                                   \
        "\tIP-Port-Range-Range-Start = " first "\n\tIP-Port-Range-Range-End = " last                         \
        "\n\tIP-Port-Range-Ext-IPv4-Addr = 198.51.100.7\n\tIP-Port-Range-Alloc = Allocation\n"
#define BEGUN DATE "\tAcct-Status-Type = Start\n" WHO "\tFramed-IP-Address = 100.64.0.3\n"
        (void)state;
        read_text(BEGUN RANGE("1024", "2047") RANGE("4096", "5119") STAMP, false);
        assert_int_equal(c.lease_count, 1);
        assert_int_equal(c.event_count, 2);
        assert_int_equal(c.counts.events, 2);
        assert_int_equal(c.counts.used, 1);
        assert_int_equal(c.events[1].port_first, 4096);
        assert_int_equal(c.events[1].kind, NAT_BLOCK);
        assert_int_equal(c.events[1].action, NAT_OPEN);
        read_text(
                BEGUN RANGE("1024", "2047") "\tIP-Port-Range-Type = 6\n" RANGE("4096", "5119") STAMP, false);
        assert_int_equal(c.event_count + c.lease_count, 0);
        assert_int_equal(c.last_refusal, REFUSAL_BAD_VALUE);
        read_text(BEGUN "\tAlc-Nat-Port-Range = \"198.51.100.7 1024-2047 router base\"\n" STAMP, false);
        assert_int_equal(c.event_count, 1);
        read_text(DATE "\tAcct-Status-Type = Alive\n" WHO "\tFramed-IP-Address = 100.64.0.3\n"
                       "\tAlc-Nat-Port-Range = \"198.51.100.7 1024-2047 router base\"\n" STAMP,
                false);
        assert_int_equal(c.event_count, 0);
        assert_int_equal(c.lease_count, 1);
        assert_int_equal(c.refused_count, 1); /* given, taken or held? */
}

static void other_names(void **state)
{
        (void)state;
        read_text(DATE
                "\tAcct-Status-Type = Start\n\tFramed-IP-Address = 100.64.0.3\n"
                "\tChargeable-User-Identity = 0x6375692d34373131\n" STAMP DATE
                "\tAcct-Status-Type = Start\n\tFramed-IP-Address = 100.64.0.3\n"
                "\tChargeable-User-Identity = 0x00\n\tCalling-Station-Id = \"49301234567\"\n" STAMP DATE
                "\tAcct-Status-Type = Start\n\tFramed-IP-Address = 100.64.0.3\n"
                "\tChargeable-User-Identity = 0x6g\n" STAMP,
                false);
        assert_int_equal(c.lease_count, 2);
        assert_string_equal(c.leases[0].subscriber, "cui-4711");
        assert_string_equal(c.leases[1].subscriber, "49301234567");
        assert_int_equal(c.refused_count, 1);
}

static void recognises_its_own(void **state)
{
        static const char own[] =
                DATE "\tPacket-Type = Accounting-Request\n\tAcct-Status-Type = Start\n\tUser-N";

        (void)state;
        assert_ptr_equal(text_format_recognise(own, strlen(own)), &text_format_freeradius_detail);
        assert_null(text_format_recognise(DATE, strlen(DATE)));
}

static int free_all(void **state)
{
        (void)state;
        collected_free(&c);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(a_session),
                cmocka_unit_test(time_without_event_timestamp), cmocka_unit_test(zones_of_event_timestamp),
                cmocka_unit_test(strings), cmocka_unit_test(records_that_say_nothing_of_a_lease),
                cmocka_unit_test(broken_records), cmocka_unit_test(port_ranges),
                cmocka_unit_test(other_names), cmocka_unit_test(recognises_its_own)};
        return cmocka_run_group_tests(tests, NULL, free_all);
}
