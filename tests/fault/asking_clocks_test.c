/* SPDX-License-Identifier: EUPL-1.2 */
/* Questions to a store of a capture in which the exporter's clock is far off: its records stand in other
 * hours than those in which they were received, also in hours of which it says nothing else. */
#include "intake/import_test.h"

#include "inquiry/inquiry.h"

#define AHEAD (50 * 60) /* seconds */
#define TEN (10 * 3600)

static void put(struct buffer *b, uint64_t value, unsigned length)
{
        while (length-- > 0)
                buffer_append_u8(b, (uint8_t)(value >> 8 * length));
}

static void begin_capture(struct buffer *b)
{
        put(b, 0xa1b2c3d4, 4); /* microseconds */
        put(b, 0x00020004, 4);
        put(b, 0, 8);
        put(b, 65535, 4);
        put(b, 101, 4); /* raw IP */
}

/* A packet of H3C's flow log 3.0 with one record, received at this second of the day. */
static void add_packet(
        struct buffer *b, int64_t received, uint32_t number, uint16_t port, int64_t from, int64_t to)
{
        uint64_t day = DAY_START / TIME_SECOND;

        put(b, day + received, 4);
        put(b, 0, 4);
        put(b, 16 + 64 + 28, 4);
        put(b, 16 + 64 + 28, 4);
        put(b, 0x4500, 2);
        put(b, 16 + 64 + 28, 2);
        put(b, 0, 4);
        put(b, 0x4011, 2);
        put(b, 0, 2);
        put(b, 0xc0000201, 4);
        put(b, 0xc0000202, 4);
        put(b, 50000, 2);
        put(b, 9020, 2);
        put(b, 16 + 64 + 8, 2);
        put(b, 0, 2);
        put(b, 0x0304, 2);
        put(b, 1, 2);
        put(b, day + received + AHEAD, 4);
        put(b, number, 4);
        put(b, 0, 4);
        put(b, to ? 0x06010400 : 0x06080400, 4); /* TCP, ended or created */
        put(b, 0x64400000 + port % 100, 4);
        put(b, 0xc6336407, 4);
        put(b, 0xc0000263, 4);
        put(b, 0xc0000263, 4);
        put(b, 40000, 2);
        put(b, port, 2);
        put(b, 443, 2);
        put(b, 443, 2);
        put(b, day + from + AHEAD, 4);
        put(b, to ? day + to + AHEAD : 0, 4);
        put(b, 0, 8);
        put(b, 0, 8);
        put(b, 0, 4);
        put(b, 0, 8);
}

/* Heard from 10:15 to 10:45, by the exporter's clock from 11:05 to 11:35. A session of port 4717 from 09:35
 * to 10:40 stands in the log as from 10:25 to 11:30. */
static void make_capture(void)
{
        struct buffer b = buffer_make(1 << 20);
        uint32_t number = 1000;

        begin_capture(&b);
        for (int64_t at = TEN + 15 * 60; at <= TEN + 45 * 60; at += 60) {
                add_packet(&b, at, number++, 5000, at, 0);
                add_packet(&b, at, number++, 5000, at, at + 1);
                if (at == TEN + 40 * 60)
                        add_packet(&b, at, number++, 4717, TEN - 25 * 60, at);
        }
        make_store("store", SETTINGS_DEFAULT "dialect = h3c-userlog\n");
        make_file("log.pcap", &b);
        buffer_free(&b);
        IMPORT("store", "log.pcap");
}

static enum verdict ask(int64_t second, unsigned *ret_reasons)
{
        struct question question = {.address = address_from_ipv4(UINT32_C(0xc6336407)),
                .port = 4717,
                .protocol = 6,
                .at_ms = DAY_START + second * TIME_SECOND,
                .skew_ms = -1,
                .destination_port = -1};
        struct depot *depot = open_store("store", DEPOT_READ);
        struct inquiry *inquiry;
        struct answer answer;
        struct error error = {0};

        assert_int_equal(inquiry_new(depot, &inquiry, &error), 0);
        assert_int_equal(inquiry_ask(inquiry, &question, &answer, &error), 0);
        enum verdict verdict = answer.verdict;
        *ret_reasons = answer.reasons;
        answer_free(&answer);
        inquiry_free(inquiry);
        depot_close(depot);
        return verdict;
}

static void an_hour_in_which_the_log_had_not_begun(void **state)
{
        unsigned reasons;

        (void)state;
        make_capture();
        /* 10:58 is after his time, though the log shows him at 10:58 and was not heard then by its clock. */
        assert_int_equal(ask(TEN + 58 * 60, &reasons), VERDICT_UNKNOWN);
        assert_true(reasons & 1u << REASON_CLOCK_OFFSET);
        /* 09:36 is within his time, which the log shows as from 10:25. */
        assert_int_equal(ask(TEN - 24 * 60, &reasons), VERDICT_UNKNOWN);
        /* At 10:30 the log shows him at 11:20, and from 10:30 to then nobody else. */
        assert_int_equal(ask(TEN + 30 * 60, &reasons), VERDICT_ONE);
        assert_true(reasons & 1u << REASON_CLOCK_OFFSET);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        an_hour_in_which_the_log_had_not_begun, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
