/* SPDX-License-Identifier: EUPL-1.2 */
/* An hour of which a log tells nothing does not tell either what the NAT lends: port blocks live longer than
 * sessions. */
#include "intake/import_test.h"

#include "inquiry/inquiry.h"
#include "wire/flow_encoder_test.h"

#define TEN (10 * 3600)

static void add_message(struct buffer *log, int64_t second, unsigned event)
{
        static struct encoder e;
        int64_t at = DAY_START + second * TIME_SECOND;

        encode_message(&e, 10, (uint32_t)(at / TIME_SECOND), 5, 1);
        encode_template(
                &e, 256, FIELDS({323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {361, 2, 0}, {362, 2, 0}));
        if (event) {
                encode_set(&e, 256);
                encode(&e, (uint64_t)at, 8);
                encode(&e, event, 1);
                encode(&e, 0x64400011, 4);
                encode(&e, 0xc6336407, 4);
                encode(&e, 4096, 2);
                encode(&e, 4159, 2);
                encode_set_end(&e, false);
        }
        encode_end(&e);
        buffer_append(log, e.bytes, e.length);
}

static void an_hour_without_a_record(void **state)
{
        struct buffer log = buffer_make(1 << 20);
        struct question question = {.address = address_from_ipv4(UINT32_C(0xc6336407)),
                .port = 4711,
                .protocol = 6,
                .at_ms = DAY_START + (TEN + 58 * 60) * TIME_SECOND,
                .skew_ms = -1,
                .destination_port = -1};
        struct inquiry *inquiry;
        struct answer answer;
        struct error error = {0};

        (void)state;
        for (int64_t at = TEN; at < TEN + 80 * 60; at += 30)
                add_message(&log, at, 0);
        add_message(&log, TEN + 80 * 60, 16); /* the first block */
        make_store("store",
                "[realm default]\nmapping = endpoint-independent\nlongest-session = 45m\nlongest-block = 4h\n"
                "[exporter cgn1]\ndialect = rfc8158\n");
        make_file("log.ipfix", &log);
        buffer_free(&log);
        IMPORT("store", "log.ipfix");
        struct depot *depot = open_store("store", DEPOT_READ);
        assert_int_equal(inquiry_new(depot, &inquiry, &error), 0);
        assert_int_equal(inquiry_ask(inquiry, &question, &answer, &error), 0);
        assert_int_equal(answer.verdict, VERDICT_UNKNOWN);
        assert_true(answer.reasons & 1u << REASON_EARLIER_HOLDER);
        answer_free(&answer);
        inquiry_free(inquiry);
        depot_close(depot);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(an_hour_without_a_record, scratch_setup, scratch_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
