/* SPDX-License-Identifier: EUPL-1.2 */
/* Templates belong to transport sessions (RFC 7011 section 8): two processes of one exporter that send side
 * by side. */
#include "wire/flow_fixture_test.h"

/* The same fields as SESSION_TEMPLATE, with inside and outside exchanged: as long, and read by the wrong one
 * it names the wrong host. */
#define EXCHANGED_TEMPLATE                                                                                   \
        FIELDS({323, 8, 0}, {230, 1, 0}, {225, 4, 0}, {8, 4, 0}, {4, 1, 0}, {7, 2, 0}, {227, 2, 0})

static void announce(uint32_t session, uint32_t number, const struct encoded_field *fields, size_t count)
{
        exporter.session = session;
        encode_message(&message, 10, NOW, number, 1);
        encode_template(&message, 256, fields, count);
        send_message();
}

/* A record whose first address is INSIDE where the session uses SESSION_TEMPLATE. */
static void tell(uint32_t session, uint32_t number, bool exchanged, unsigned port)
{
        exporter.session = session;
        begin_record(10, number);
        encode_session(
                &message, NOW_MS, 4, exchanged ? OUTSIDE : INSIDE, exchanged ? INSIDE : OUTSIDE, 6, 1, port);
        end_record();
}

static void assert_all_true(size_t count)
{
        assert_int_equal(heard.count, count);
        for (size_t i = 0; i < count; i++) {
                assert_int_equal(heard.items[i].outside, OUTSIDE);
                assert_int_equal(address_ipv4(&heard.items[i].inside), INSIDE);
        }
}

static void test_one_id_two_shapes(void **state)
{
        (void)state;
        announce(7001, 0, SESSION_TEMPLATE);
        announce(7002, 0, EXCHANGED_TEMPLATE);
        for (unsigned i = 0; i < 5; i++) {
                tell(7001, i, false, 2000 + i);
                tell(7002, i, true, 3000 + i);
        }
        assert_all_true(10);
}

static void test_a_session_that_announced_nothing_waits_where_shapes_differ(void **state)
{
        (void)state;
        announce(7001, 0, SESSION_TEMPLATE);
        announce(7002, 5, EXCHANGED_TEMPLATE);
        tell(7003, 6, true, 2000);
        assert_int_equal(heard.count, 0);
        announce(7003, 7, EXCHANGED_TEMPLATE);
        assert_all_true(1);
        assert_int_equal(counts().late_decoded, 1);
}

static void test_one_shape_serves_every_port(void **state)
{
        (void)state;
        announce(7001, 0, SESSION_TEMPLATE);
        for (unsigned i = 0; i < 5; i++)
                tell(7002 + i, i, false, 2000 + i);
        assert_all_true(5);
}

/* The exporter comes up again behind another port: what it announced before may be something else now. */
static void test_a_session_that_begins_anew_waits_for_its_own(void **state)
{
        (void)state;
        announce(7001, 0, SESSION_TEMPLATE);
        for (unsigned i = 0; i < 200; i++)
                tell(7001, i, false, 2000 + i);
        tell(7002, 0, true, 3000);
        tell(7002, 1, true, 3001);
        assert_all_true(200);
        announce(7002, 2, EXCHANGED_TEMPLATE);
        tell(7002, 2, true, 3002);
        assert_int_equal(heard.count, 203);
        tell(7001, 200, false, 2200); /* the old one was another process after all */
        assert_all_true(204);
}

static void test_a_withdrawal_is_the_sessions_own(void **state)
{
        (void)state;
        announce(7001, 0, SESSION_TEMPLATE);
        announce(7002, 0, EXCHANGED_TEMPLATE);
        exporter.session = 7002;
        encode_message(&message, 10, NOW, 0, 1);
        encode_set(&message, 2);
        encode(&message, 2, 2);
        encode(&message, 0, 2);
        encode_set_end(&message, false);
        send_message();
        tell(7001, 0, false, 2000);
        assert_all_true(1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_one_id_two_shapes),
                TEST(test_a_session_that_announced_nothing_waits_where_shapes_differ),
                TEST(test_one_shape_serves_every_port),
                TEST(test_a_session_that_begins_anew_waits_for_its_own),
                TEST(test_a_withdrawal_is_the_sessions_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
