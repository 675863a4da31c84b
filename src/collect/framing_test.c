/* SPDX-License-Identifier: EUPL-1.2 */
#include "collect/framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Reads a stream that comes in pieces, as a listener does; messages joined by '|', what is wrong in capitals.
 */
static char *read_in_pieces(enum framing_kind kind, const uint8_t *bytes, size_t length, size_t piece)
{
        static char text[300000];
        struct framing framing = {.kind = kind};
        size_t from = 0, at = 0;
        char *out = text;

        *out = '\0';
        while (from < length || at < length) {
                from = from + piece < length ? from + piece : length;
                for (;;) {
                        struct framing_step step = framing_next(&framing, bytes + at, from - at);
                        assert_true(at + step.used <= from);
                        assert_true(from - at <= FRAMING_HELD_MAX + piece);
                        if (step.outcome == FRAMING_MORE)
                                break;
                        if (step.outcome == FRAMING_MESSAGE)
                                out += snprintf(
                                        out, 100000, "%.*s|", (int)step.length, (const char *)step.message);
                        if (step.outcome == FRAMING_TOO_LONG)
                                out += snprintf(out, 100000, "LONG|");
                        if (step.outcome == FRAMING_BROKEN) {
                                assert_non_null(step.complaint);
                                snprintf(out, 100000, "BROKEN");
                                return text;
                        }
                        assert_true(step.used > 0);
                        at += step.used;
                }
                if (from == length)
                        break;
        }
        if (at < length || framing.skip_bytes || framing.is_skipping_line)
                snprintf(out, 100000, "PART");
        return text;
}

static void expect(const char *stream, const char *expected)
{
        size_t length = strlen(stream);
        for (size_t piece = 1; piece <= length + 1; piece++)
                assert_string_equal(
                        read_in_pieces(FRAMING_SYSLOG, (const uint8_t *)stream, length, piece), expected);
}

static void test_syslog(void **state)
{
        (void)state;
        expect("<13>a\n<13>b\n", "<13>a|<13>b|");
        expect("<13>a\r\n\r\n\n<13>b\n", "<13>a|<13>b|");
        expect("5 <13>a6 <13>bc", "<13>a|<13>bc|");
        expect("5 <13>a\n6 <13>bc\n", "<13>a|<13>bc|");
        /* Counted and by line on one connection. */
        expect("<13>a\n5 <13>b<13>c\n7 <13>d\ne5 <13>f", "<13>a|<13>b|<13>c|<13>d\ne|<13>f|");
        /* Without priority it is a line, until the sender has counted. */
        expect("2026-11-20 a\n99\nNov 20 b\n1 c\n", "2026-11-20 a|99|Nov 20 b|1 c|");
        expect("0 <13>a\n", "0 <13>a|");
        /* What is not whole is no message. */
        expect("<13>a\n<13>port 12", "<13>a|PART");
        expect("9 <13>a", "PART");
        expect("12", "PART");
        expect("5 ", "PART");
        /* Wrong counts: too short and too long. */
        expect("4 <13>a5 <13>b", "<13>|BROKEN");
        expect("6 <13>a5 <13>b", "<13>a5|BROKEN");
        expect("5 <13>a1234567890 <13>b", "<13>a|BROKEN");
        expect("5 <13>a34\n", "<13>a|BROKEN");
        expect("5 <13>a3 4\n", "<13>a|BROKEN");
}

static void test_long_messages(void **state)
{
        static char stream[200000];
        static const char *const expected[] = {"LONG|<13>b|", "LONG|<13>b|"};
        size_t most = FRAMING_SYSLOG_MAX;

        (void)state;
        for (unsigned counted = 0; counted < 2; counted++) {
                size_t body = most + 1;
                int head = counted ? snprintf(stream, 100, "%zu ", body) : 0;
                memset(stream + head, 'x', body);
                memcpy(stream + head, "<13>", 4);
                const char *tail = counted ? "5 <13>b" : "\n<13>b\n";
                memcpy(stream + head + body, tail, strlen(tail) + 1);
                for (size_t piece = 1000; piece <= 150000; piece += 29800)
                        assert_string_equal(read_in_pieces(FRAMING_SYSLOG, (const uint8_t *)stream,
                                                    strlen(stream), piece),
                                expected[counted]);
        }
        /* The longest that is taken. */
        int head = snprintf(stream, 100, "%zu ", most);
        memset(stream + head, 'x', most);
        stream[head] = '<';
        stream[head + most] = '\0';
        assert_int_equal(strlen(read_in_pieces(FRAMING_SYSLOG, (const uint8_t *)stream, strlen(stream), 777)),
                most + 1);
}

static void test_ipfix(void **state)
{
        uint8_t stream[120] = {0, 10, 0, 16, [16] = 0, 10, 0, 20, [36] = 0, 10, 0, 16};
        struct framing framing = {.kind = FRAMING_IPFIX};

        (void)state;
        static const size_t lengths[] = {16, 20, 16};
        size_t at = 0;
        for (unsigned i = 0; i < 3; i++) {
                for (size_t have = 0; have < lengths[i]; have++)
                        assert_int_equal(framing_next(&framing, stream + at, have).outcome, FRAMING_MORE);
                struct framing_step step = framing_next(&framing, stream + at, sizeof stream - at);
                assert_int_equal(step.outcome, FRAMING_MESSAGE);
                assert_ptr_equal(step.message, stream + at);
                assert_int_equal(step.length, lengths[i]);
                assert_int_equal(step.used, lengths[i]);
                at += step.used;
        }
        assert_int_equal(framing_next(&framing, stream + at, 4).outcome, FRAMING_BROKEN);
        stream[3] = 15;
        assert_int_equal(framing_next(&framing, stream, 16).outcome, FRAMING_BROKEN);
        stream[3] = 16;
        stream[1] = 9;
        assert_int_equal(framing_next(&framing, stream, 16).outcome, FRAMING_BROKEN);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_syslog),
                cmocka_unit_test(test_long_messages),
                cmocka_unit_test(test_ipfix),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
