/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages, templates, limits and damage. */
#include "wire/flow_fixture_test.h"

/* ---- how records are written ---- */

static void test_variable_enterprise_and_reduced(void **state)
{
        (void)state;
        send_template(10, 256,
                FIELDS({284, 65535, 0}, {323, 8, 0}, {93, 65535, 638}, {230, 2, 0}, {8, 4, 0}, {225, 4, 0},
                        {4, 1, 0}, {8, 4, 9}, {7, 1, 0}, {227, 65535, 0}, {999, 0, 0}));
        begin_record(10, 0);
        for (unsigned i = 0; i < 3; i++) {
                size_t length = i == 2 ? 300 : i * 5;
                if (i == 1) {
                        encode(&message, length, 1);
                } else { /* the long form, also where the short one would do */
                        encode(&message, 255, 1);
                        encode(&message, length, 2);
                }
                for (size_t k = 0; k < length; k++)
                        encode(&message, 'x', 1);
                encode(&message, NOW_MS, 8);
                encode(&message, 4, 1);
                encode_bytes(&message, "user", 4);
                encode(&message, 4, 2);
                encode(&message, INSIDE, 4);
                encode(&message, OUTSIDE, 4);
                encode(&message, 17, 1);
                encode(&message, 0xffffffff, 4); /* enterprise 9's element 8 is not IANA's */
                encode(&message, 200, 1);
                encode(&message, i == 1 ? 1 : 2, 1);
                encode(&message, i == 1 ? 250 : 3000 + i, i == 1 ? 1 : 2);
        }
        end_record();
        assert_int_equal(heard.count, 3);
        assert_int_equal(heard.items[0].port_first, 3000);
        assert_int_equal(heard.items[1].port_first, 250);
        assert_int_equal(heard.items[2].port_first, 3002);
        assert_int_equal(heard.items[2].inside_port, 200);
        struct address inside = address_from_ipv4(INSIDE);
        assert_memory_equal(&heard.items[2].inside, &inside, sizeof inside);
}

static void test_netflow9_uptime(void **state)
{
        (void)state;
        exporter.dialect = dialect_by_name("cisco-nel");
        send_template(9, 256,
                FIELDS({22, 4, 0}, {21, 4, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {227, 2, 0}));
        begin_record(9, 1);
        for (unsigned value = 1; value <= 2; value++) {
                encode(&message, 3600000 - 5000, 4);
                encode(&message, 3600000 - 2000, 4);
                encode(&message, value, 1);
                encode(&message, INSIDE, 4);
                encode(&message, OUTSIDE, 4);
                encode(&message, 6, 1);
                encode(&message, 1024, 2);
        }
        end_record();
        assert_int_equal(heard.count, 2);
        assert_int_equal(heard.items[0].time_ms, NOW_MS - 5000);
        assert_int_equal(heard.items[1].time_ms, NOW_MS - 2000);
}

static void test_options_are_counted_and_skipped(void **state)
{
        (void)state;
        encode_message(&message, 10, NOW, 0, 1);
        encode_set(&message, 3);
        encode(&message, 300, 2);
        encode(&message, 2, 2);
        encode(&message, 1, 2);
        encode(&message, 149, 2);
        encode(&message, 4, 2);
        encode(&message, 230, 2);
        encode(&message, 1, 2);
        encode_set_end(&message, false);
        encode_set(&message, 300);
        for (int i = 0; i < 4; i++)
                encode(&message, 4, 5);
        encode_set_end(&message, false);
        send_message();
        assert_int_equal(counts().option_records, 4);
        assert_int_equal(counts().data_records, 0);

        encode_message(&message, 9, NOW, 0, 1);
        encode_set(&message, 1);
        encode(&message, 300, 2);
        encode(&message, 4, 2);
        encode(&message, 4, 2);
        encode(&message, 1, 2);
        encode(&message, 4, 2);
        encode(&message, 41, 2);
        encode(&message, 2, 2);
        encode_set_end(&message, true);
        encode_set(&message, 300);
        encode(&message, 1, 6);
        encode_set_end(&message, true);
        send_message();
        assert_int_equal(counts().option_records, 5);
}

/* ---- templates ---- */

static void encode_one_session(uint32_t number, unsigned port)
{
        begin_record(10, number);
        encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 6, 1, port);
        encode_set_end(&message, false);
}

static void test_redefinition_replaces(void **state)
{
        (void)state;
        send_template(10, 256, SESSION_TEMPLATE);
        send_template(10, 256, SESSION_TEMPLATE);
        assert_int_equal(counts().template_changes, 0);
        send_template(10, 256,
                FIELDS({323, 8, 0}, {230, 1, 0}, {225, 4, 0}, {8, 4, 0}, {4, 1, 0}, {227, 2, 0}, {7, 2, 0}));
        assert_int_equal(counts().template_changes, 1);
        encode_one_session(0, 3333);
        send_message();
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.items[0].outside, INSIDE); /* as the new definition says */
        assert_int_equal(heard.items[0].port_first, 1);
}

static void test_withdrawal(void **state)
{
        (void)state;
        send_template(10, 256, SESSION_TEMPLATE);
        encode_message(&message, 10, NOW, 0, 1);
        encode_set(&message, 2);
        encode(&message, 256, 2);
        encode(&message, 0, 2);
        encode_set_end(&message, false);
        send_message();
        assert_int_equal(counts().withdrawals, 1);
        encode_one_session(0, 3333);
        send_message();
        assert_int_equal(heard.count, 0);
}

static void test_broken_redefinition_forgets_the_old_one(void **state)
{
        (void)state;
        send_template(10, 256, SESSION_TEMPLATE);
        send_template(10, 256, FIELDS({323, 60000, 0}, {230, 60000, 0}));
        assert_int_equal(heard.refused[REFUSAL_BAD_TEMPLATE], 1);
        encode_one_session(0, 3333);
        send_message();
        assert_int_equal(heard.count, 0);
}

static void test_data_before_its_template(void **state)
{
        struct coverage coverage = {0};

        (void)state;
        encode_one_session(0, 3333);
        send_message();
        assert_int_equal(heard.count, 0);
        encode_message(&message, 10, NOW, 1, 1);
        encode_template(&message, 256, SESSION_TEMPLATE);
        send_message();
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.items[0].port_first, 3333);
        assert_int_equal(counts().late_decoded, 1);
        assert_int_equal(counts().refused[REFUSAL_NO_TEMPLATE], 0);
        assert_int_equal(flow_decoder_finish(decoder, &sink, &coverage), 0);
        assert_int_equal(coverage.gap_count, 0); /* nothing was lost after all */
        assert_int_equal(coverage.span_count, 1);
        coverage_free(&coverage);
}

static void test_data_without_template(void **state)
{
        struct coverage coverage = {0};

        (void)state;
        encode_one_session(0, 3333);
        send_message();
        assert_int_equal(flow_decoder_finish(decoder, &sink, &coverage), 0);
        assert_int_equal(heard.refused[REFUSAL_NO_TEMPLATE], 1);
        assert_int_equal(coverage.gap_count, 1);
        assert_int_equal(coverage.gaps[0].reason, GAP_UNDECODABLE);
        assert_int_equal(coverage.gaps[0].from, NOW_MS - 1000);
        assert_int_equal(coverage.gaps[0].to, NOW_MS + 1000);
        coverage_free(&coverage);
}

static void test_pending_is_bounded(void **state)
{
        enum { RECORDS = 1000, MESSAGES = FLOW_PENDING_BYTES_MAX / (RECORDS * 22) };

        (void)state;
        for (unsigned i = 0; i < MESSAGES + 3; i++) {
                begin_record(10, i * RECORDS);
                for (unsigned k = 0; k < RECORDS; k++)
                        encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 6, 1, 1024 + k);
                end_record();
        }
        assert_int_equal(heard.refused[REFUSAL_NO_TEMPLATE], 3);
        begin_record(10, (MESSAGES + 3) * RECORDS);
        encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 6, 1, 1);
        encode_set_end(&message, false);
        memcpy(&message.bytes[4],
                (uint8_t[]){(NOW + 1801) >> 24, (uint8_t)((NOW + 1801) >> 16), (uint8_t)((NOW + 1801) >> 8),
                        (uint8_t)(NOW + 1801)},
                4);
        send_message();
        assert_int_equal(
                heard.refused[REFUSAL_NO_TEMPLATE], MESSAGES + 3); /* half an hour later none is awaited */
}

static void test_template_limits(void **state)
{
        struct encoded_field fields[FLOW_FIELDS_MAX + 1];

        (void)state;
        for (size_t i = 0; i < FLOW_FIELDS_MAX + 1; i++)
                fields[i] = (struct encoded_field){(uint16_t)(1000 + i), 1, 0};
        send_template(10, 256, fields, FLOW_FIELDS_MAX);
        assert_int_equal(heard.refused[REFUSAL_TEMPLATE_LIMIT], 0);
        send_template(10, 257, fields, FLOW_FIELDS_MAX + 1);
        assert_int_equal(heard.refused[REFUSAL_TEMPLATE_LIMIT], 1);
        for (unsigned i = 1; i <= FLOW_TEMPLATES_MAX; i++)
                send_template(10, (uint16_t)(256 + i), fields, 1);
        assert_int_equal(heard.refused[REFUSAL_TEMPLATE_LIMIT], 2);
        send_template(10, 300, fields, 2); /* a redefinition needs no room */
        assert_int_equal(heard.refused[REFUSAL_TEMPLATE_LIMIT], 2);
        assert_int_equal(counts().template_changes, 1);
}

static void test_exporter_limits(void **state)
{
        (void)state;
        for (uint32_t domain = 0; domain <= FLOW_DOMAINS_MAX; domain++) {
                encode_message(&message, 10, NOW, 0, domain);
                for (uint16_t id = 256; id < 256 + 40; id++)
                        encode_template(&message, id, FIELDS({8, 4, 0}));
                send_message();
        }
        /* One domain too many; and of 256 * 40 templates all above the exporter's own limit. */
        assert_int_equal(heard.refused[REFUSAL_TEMPLATE_LIMIT],
                1 + FLOW_DOMAINS_MAX * 40 - FLOW_EXPORTER_TEMPLATES_MAX);
}

static void test_templates_that_cannot_be(void **state)
{
        (void)state;
        send_template(10, 255, SESSION_TEMPLATE);
        send_template(9, 256, (const struct encoded_field[]){{0}}, 0);
        send_template(10, 256, FIELDS({8, 0, 0}, {225, 0, 0}));
        assert_int_equal(heard.refused[REFUSAL_BAD_TEMPLATE], 3);
        assert_int_equal(counts().templates, 0);
}

/* ---- damage ---- */

static void test_damage_beside_sound_data(void **state)
{
        (void)state;
        encode_message(&message, 10, NOW, 0, 1);
        encode_template(&message, 256, SESSION_TEMPLATE);
        encode_set(&message, 256);
        encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 6, 1, 1024);
        encode_set_end(&message, false);
        encode(&message, 256, 2);
        encode(&message, 500, 2); /* a set longer than what is left */
        encode(&message, 1, 1);
        send_message();
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.refused[REFUSAL_TRUNCATED], 1);
}

static void test_headers(void **state)
{
        static const uint8_t five[24] = {0, 5}, shorter[16] = {0, 10, 0, 15};
        const uint8_t cut[10] = {0, 10, 0, 16};

        (void)state;
        assert_int_equal(flow_decode(decoder, &exporter, TIME_UNKNOWN, five, sizeof five, &sink), 0);
        assert_int_equal(flow_decode(decoder, &exporter, TIME_UNKNOWN, shorter, sizeof shorter, &sink), 0);
        assert_int_equal(flow_decode(decoder, &exporter, TIME_UNKNOWN, cut, sizeof cut, &sink), 0);
        assert_int_equal(flow_decode(decoder, &exporter, TIME_UNKNOWN, cut, 0, &sink), 0);
        assert_int_equal(heard.refused[REFUSAL_BAD_VERSION], 1);
        assert_int_equal(heard.refused[REFUSAL_BAD_LENGTH], 1);
        assert_int_equal(heard.refused[REFUSAL_TRUNCATED], 2);
        assert_int_equal(counts().messages, 0);
}

static void test_a_set_that_does_not_fit_its_template(void **state)
{
        (void)state;
        send_template(10, 256, SESSION_TEMPLATE);
        begin_record(10, 0);
        encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 6, 1, 1024);
        encode(&message, 0x0102030405, 5); /* too much for padding, and not zero */
        end_record();
        assert_int_equal(heard.count, 0);
        assert_int_equal(heard.refused[REFUSAL_BAD_LENGTH], 1);
}

static int refuse_event(void *context, const struct nat_event *event)
{
        (void)context, (void)event;
        return -ECANCELED;
}

static void test_the_sink_may_stop(void **state)
{
        const struct decode_sink stop = {.event = refuse_event};

        (void)state;
        send_template(10, 256, SESSION_TEMPLATE);
        encode_one_session(0, 1024);
        encode_end(&message);
        assert_int_equal(flow_decode(decoder, &exporter, TIME_UNKNOWN, message.bytes, message.length, &stop),
                -ECANCELED);
}

static void test_message_length(void **state)
{
        static uint8_t file[65536];
        struct error error = {0};
        size_t length, ends[3];

        (void)state;
        memset(file, 0, sizeof file);
        for (int i = 0; i < 3; i++) {
                size_t start = i ? ends[i - 1] : 0;
                encode_message(&message, i == 1 ? 10 : 9, NOW, 0, 1);
                encode_template(&message, 256, SESSION_TEMPLATE);
                encode_end(&message);
                memcpy(file + start, message.bytes, message.length);
                ends[i] = start + message.length + (i == 2 ? 37 : 0); /* zeros behind the last one */
        }
        for (int i = 0; i < 3; i++) {
                size_t start = i ? ends[i - 1] : 0;
                assert_int_equal(flow_message_length(file + start, ends[2] - start, &length, &error), 0);
                assert_int_equal(start + length, ends[i]);
        }
        assert_int_equal(
                flow_message_length(file + ends[0], ends[1] - ends[0] - 1, &length, &error), -EBADMSG);
        assert_int_equal(flow_message_length(file, 10, &length, &error), -EBADMSG);
        assert_int_equal(flow_message_length(file, ends[0] - 1, &length, &error), -EBADMSG);
}

/* ---- properties ---- */

static uint64_t random_state;

static uint64_t random_number(void)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return random_state;
}

static void test_random_sessions_come_back(void **state)
{
        struct nat_event sent[40];

        (void)state;
        random_state = 88172645463325252u;
        send_template(10, 256, SESSION_TEMPLATE);
        for (unsigned round = 0, number = 0; round < 200; round++) {
                unsigned count = (unsigned)(random_number() % 40) + 1;
                heard.count = 0;
                begin_record(10, number);
                for (unsigned i = 0; i < count; i++) {
                        bool mapping = random_number() & 1, closes = random_number() & 1;
                        sent[i] = (struct nat_event){
                                .time_ms = NOW_MS - (int64_t)(random_number() % 60000),
                                .inside = address_from_ipv4((uint32_t)random_number() | 1),
                                .outside = (uint32_t)random_number() | 1,
                                .port_first = (uint16_t)(random_number() | 1),
                                .inside_port = (uint16_t)random_number(),
                                .exporter = 3,
                                .protocol = random_number() & 1 ? 6 : 17,
                                .kind = mapping ? NAT_MAPPING : NAT_SESSION,
                                .action = closes ? NAT_CLOSE : NAT_OPEN,
                                .flags = NAT_HAS_INSIDE_PORT,
                        };
                        sent[i].port_last = sent[i].port_first;
                        encode_session(&message, (uint64_t)sent[i].time_ms, (mapping ? 8u : 4u) + closes,
                                address_ipv4(&sent[i].inside), sent[i].outside, sent[i].protocol,
                                sent[i].inside_port, sent[i].port_first);
                }
                end_record();
                number += count;
                assert_int_equal(heard.count, count);
                for (unsigned i = 0; i < count; i++)
                        assert_memory_equal(&heard.items[i], &sent[i], offsetof(struct nat_event, flags) + 1);
        }
        assert_int_equal(counts().lost, 0);
}

/* Whatever is done to the bytes: no crash, and every record that was read is an event, a refusal or counted
 * otherwise. */
static void test_mutations_are_accounted_for(void **state)
{
        static uint8_t original[2048];

        (void)state;
        random_state = 1234567891011u;
        encode_message(&message, 10, NOW, 0, 1);
        encode_template(&message, 256, SESSION_TEMPLATE);
        encode_template(
                &message, 257, FIELDS({284, 65535, 0}, {323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}));
        encode_set(&message, 256);
        for (unsigned i = 0; i < 10; i++)
                encode_session(&message, NOW_MS, 4 + i % 2, INSIDE + i, OUTSIDE, 6, 1, 1024 + i);
        encode_set_end(&message, true);
        encode_end(&message);
        size_t length = message.length;
        memcpy(original, message.bytes, length);
        for (unsigned round = 0; round < 20000; round++) {
                struct flow_decoder *fresh;
                assert_int_equal(flow_decoder_new(&fresh), 0);
                memcpy(message.bytes, original, length);
                for (uint64_t flips = random_number() % 4 + 1; flips > 0; flips--)
                        message.bytes[random_number() % length] = (uint8_t)random_number();
                size_t cut = random_number() % 8 ? length : random_number() % length;
                heard.count = 0;
                assert_int_equal(flow_decode(fresh, &exporter, TIME_UNKNOWN, message.bytes, cut, &sink), 0);
                struct flow_counts c = flow_decoder_counts(fresh, 3);
                uint64_t refused = 0;
                for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                        refused += c.refused[i];
                assert_int_equal(heard.count, c.events);
                assert_true(
                        c.data_records <= c.events + c.not_nat + c.not_translated + c.other_events + refused);
                assert_true(c.events <= c.data_records);
                flow_decoder_free(fresh);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_variable_enterprise_and_reduced),
                TEST(test_netflow9_uptime),
                TEST(test_options_are_counted_and_skipped),
                TEST(test_redefinition_replaces),
                TEST(test_withdrawal),
                TEST(test_broken_redefinition_forgets_the_old_one),
                TEST(test_data_before_its_template),
                TEST(test_data_without_template),
                TEST(test_pending_is_bounded),
                TEST(test_template_limits),
                TEST(test_exporter_limits),
                TEST(test_templates_that_cannot_be),
                TEST(test_damage_beside_sound_data),
                TEST(test_headers),
                TEST(test_a_set_that_does_not_fit_its_template),
                TEST(test_the_sink_may_stop),
                TEST(test_message_length),
                TEST(test_random_sessions_come_back),
                TEST(test_mutations_are_accounted_for),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
