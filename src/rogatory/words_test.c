/* SPDX-License-Identifier: EUPL-1.2 */
/* The small parts of the program: questions and rows as text, near names, foreign text, the chart. */
#include "rogatory/answer_view.h"
#include "rogatory/batch_row.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* The program's table is in main.c; the parts need only that there is one. */
const struct command *const *command_table(size_t *ret_count)
{
        static const struct command *const commands[] = {&command_ask, &command_info};
        *ret_count = 2;
        return commands;
}

static int read_question(const char *address, const char *protocol, const char *time, const char *destination,
        struct question *ret, struct error *error)
{
        struct question_text text = {.address = slice_of(address),
                .protocol = slice_of(protocol),
                .time = slice_of(time),
                .destination = slice_of(destination)};
        return question_read(&text, -1, ret, error);
}

static void test_question(void **state)
{
        struct question q;
        struct error error = {0};
        const char *at = "2026-11-21T00:35:52.250+01:00";

        (void)state;
        assert_int_equal(read_question("198.51.100.7:4711", "TCP", at, "[2001:db8::1]:443", &q, &error), 0);
        assert_int_equal(q.port, 4711);
        assert_int_equal(q.protocol, 6);
        assert_int_equal(q.destination_port, 443);
        assert_true(q.at_ms == INT64_C(1795217752250));
        assert_int_equal(read_question("2001:db8::5", "", at, "", &q, &error), 0);
        assert_int_equal(q.port, -1);
        assert_int_equal(q.protocol, -1);
        assert_true(address_is_none(&q.destination));
        /* A port is meaningless for GRE, unless the address is answered from leases. */
        assert_int_equal(read_question("198.51.100.7", "gre", at, "", &q, &error), 0);
        assert_int_equal(read_question("198.51.100.7:1", "gre", at, "", &q, &error), -EINVAL);
        assert_int_equal(read_question("[2001:db8::5]:1", "gre", at, "", &q, &error), 0);
        assert_int_equal(read_question("198.51.100.7", "0", at, "", &q, &error), -EINVAL);
        assert_int_equal(read_question("198.51.100.7", "256", at, "", &q, &error), -EINVAL);
        assert_int_equal(read_question("::", "tcp", at, "", &q, &error), -EINVAL);
        assert_int_equal(read_question("198.51.100.7", "tcp", at, "::", &q, &error), -EINVAL);
        assert_int_equal(
                read_question("198.51.100.7", "tcp", "2026-11-21T00:35:52", "", &q, &error), -EINVAL);
        assert_int_equal(read_question("198.51.100.7", "tcp", "", "", &q, &error), -EINVAL);
}

/* Slices of a row point into it. */
static struct csv_row row;

static int read_row(const char *line, struct batch_columns *columns, bool header, struct question_text *ret)
{
        struct error error = {0};
        const char *why = NULL;

        assert_int_equal(csv_row_split(slice_of(line), &row, &why), 0);
        return header ? batch_header_read(&row, columns, &error) : batch_row_read(&row, columns, ret, &error);
}

static void test_batch_row(void **state)
{
        struct batch_columns columns = batch_columns_default();
        struct question_text text;

        (void)state;
        assert_int_equal(read_row("198.51.100.7,4711,tcp,2026-11-20T23:35:52Z", &columns, true, NULL), 0);
        assert_int_equal(read_row("198.51.100.7,4711,tcp,2026-11-20T23:35:52Z", &columns, false, &text), 0);
        assert_true(slice_is(text.port, "4711"));
        assert_int_equal(text.destination.length, 0);
        assert_int_equal(read_row("198.51.100.7,4711,tcp", &columns, false, &text), -EINVAL);
        assert_int_equal(read_row("a,b,c,d,e,f", &columns, false, &text), -EINVAL);
        /* A header sets the order, and no column is passed over. */
        assert_int_equal(read_row("time, Address ,dest", &columns, true, NULL), 1);
        assert_int_equal(
                read_row("2026-11-20T23:35:52Z,198.51.100.7:1,\"192.0.2.1\"", &columns, false, &text), 0);
        assert_true(slice_is(text.address, "198.51.100.7:1"));
        assert_true(slice_is(text.destination, "192.0.2.1"));
        assert_int_equal(text.port.length, 0);
        assert_int_equal(read_row("2026-11-20T23:35:52Z,198.51.100.7:1", &columns, false, &text), -EINVAL);
        assert_int_equal(read_row("address,time,destination", &columns, true, NULL), -EINVAL);
        assert_int_equal(read_row("address,time,address", &columns, true, NULL), -EINVAL);
        assert_int_equal(read_row("address,port", &columns, true, NULL), -EINVAL);
}

static void test_nearest(void **state)
{
        static const char *const names[] = {"store", "case", "skew", "json"};

        (void)state;
        assert_string_equal(nearest_name("stroe", names, 4), "store");
        assert_string_equal(nearest_name("sotre=x", names, 4), "store");
        assert_string_equal(nearest_name("jsno", names, 4), "json");
        assert_string_equal(nearest_name("cas", names, 4), "case");
        assert_null(nearest_name("frobnicate", names, 4));
        assert_null(nearest_name("", names, 4));
        assert_null(nearest_name("an-option-name-far-longer-than-any-that-exists", names, 4));
}

static void assert_foreign(const char *foreign, const char *wanted)
{
        struct buffer text = buffer_make(1000);

        append_foreign(&text, foreign);
        assert_int_equal(text.length, strlen(wanted));
        assert_memory_equal(text.bytes, wanted, text.length);
        buffer_free(&text);
}

static void test_foreign(void **state)
{
        (void)state;
        assert_foreign("customer 17", "customer 17");
        assert_foreign("M\xc3\xbcller", "M\xc3\xbcller");
        assert_foreign("a\x1b[2Jb\n", "a\\x1b[2Jb\\x0a");
        assert_foreign("x\xe2\x80\xaey", "x\\xe2\\x80\\xaey"); /* right-to-left override */
        assert_foreign("\xc0\xaf\xff\xed\xa0\x80", "\\xc0\\xaf\\xff\\xed\\xa0\\x80");
        assert_foreign("\xe2\x82", "\\xe2\\x82"); /* cut off */
        assert_foreign("\xf0\x9f\x99\x82", "\xf0\x9f\x99\x82");
        assert_foreign("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */

        /* Both ways into JSON mean the same. */
        static const char odd[] = "a\xff\"\\\n\x01 M\xc3\xbcller \xe2\x82";
        struct buffer text = buffer_make(1000);
        append_json_string(&text, slice_of(odd));
        json_t *read = json_loadb((const char *)text.bytes, text.length, JSON_DECODE_ANY, NULL);
        json_t *made = json_foreign(odd);
        assert_non_null(read);
        assert_string_equal(json_string_value(read), json_string_value(made));
        json_decref(read);
        json_decref(made);
        buffer_free(&text);

        json_t *value = json_foreign("a\xff\"\n");
        assert_non_null(value);
        assert_string_equal(json_string_value(value), "a\\xff\"\n");
        json_decref(value);
}

static void test_spans(void **state)
{
        char text[SPAN_TEXT_MAX];

        (void)state;
        assert_string_equal(span_format(0, text), "0 s");
        assert_string_equal(span_format(1250, text), "1.250 s");
        assert_string_equal(span_format(59999, text), "59.999 s");
        assert_string_equal(span_format(125999, text), "2 min 5 s"); /* a margin is never rounded up */
        assert_string_equal(span_format(3 * TIME_HOUR + 20 * TIME_MINUTE, text), "3 h 20 min");
        assert_string_equal(span_format(25 * TIME_HOUR, text), "1 d 1 h");
        assert_string_equal(offset_format(-250, text), "-0.250 s");
        assert_string_equal(offset_format(61000, text), "+61.000 s");
        assert_string_equal(offset_format(INT32_MIN + 1, text), "-2147483.647 s");
}

static struct answer_candidate candidate(
        int64_t from, enum binding_edge from_edge, int64_t to, enum binding_edge to_edge, int64_t margin)
{
        struct answer_candidate c = {.subscriber = "a-very-long-name-of-a-subscriber",
                .exporter = "cgn1",
                .from_ms = from,
                .from_edge = from_edge,
                .to_ms = to,
                .to_edge = to_edge,
                .margin_ms = margin};
        return c;
}

/* Whatever the candidates are, no line is wider than 80 columns and no instant falls out of its row. */
static void test_timeline(void **state)
{
        static const int64_t distances[] = {0, 1, 999, 2000, 61000, TIME_DAY, 400 * TIME_DAY};
        const int64_t at = INT64_C(1795217752250);
        size_t count = sizeof distances / sizeof distances[0];

        (void)state;
        for (size_t i = 0; i < count * count * 9; i++) {
                enum binding_edge from = (enum binding_edge)(i % 3), to = (enum binding_edge)(i / 3 % 3);
                int64_t before = distances[i / 9 % count], after = distances[i / 9 / count];
                struct answer_candidate list[2] = {candidate(from == EDGE_OPEN ? TIME_UNKNOWN : at - before,
                                                           from, to == EDGE_OPEN ? TIME_UNKNOWN : at + after,
                                                           to, before < after ? before : after),
                        candidate(at + before, EDGE_OBSERVED, at + before + after, EDGE_BOUND, before)};
                struct answer answer = {.question = {.at_ms = at, .skew_ms = 2000},
                        .from_ms = at - 2000,
                        .to_ms = at + 2000,
                        .candidates = list,
                        .candidate_count = 1,
                        .possible = list + 1,
                        .possible_count = 1};
                struct answer_view view = {.answer = &answer};
                struct buffer text = buffer_make(100000);
                timeline_write(&view, &text);
                assert_int_equal(text.failed, 0);
                struct slice rest = slice_make((const char *)text.bytes, text.length);
                while (rest.length > 0)
                        assert_true(slice_cut(&rest, '\n').length <= 80);
                buffer_free(&text);
        }
}

static void test_holders(void **state)
{
        struct answer_candidate list[4] = {candidate(0, EDGE_OBSERVED, 1, EDGE_OBSERVED, 0)};

        (void)state;
        list[1] = list[2] = list[3] = list[0];
        assert_int_equal(holder_count(list, 0), 0);
        assert_int_equal(holder_count(list, 4), 1);
        list[1].subscriber[0] = '\0';
        list[2].subscriber[0] = '\0';
        list[2].inside = address_from_ipv4(0x64400001);
        assert_int_equal(holder_count(list, 4), 3);
        list[3].realm[0] = 'x'; /* the same name in another realm may be another person */
        assert_int_equal(holder_count(list, 4), 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_question),
                cmocka_unit_test(test_batch_row),
                cmocka_unit_test(test_nearest),
                cmocka_unit_test(test_foreign),
                cmocka_unit_test(test_spans),
                cmocka_unit_test(test_timeline),
                cmocka_unit_test(test_holders),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
