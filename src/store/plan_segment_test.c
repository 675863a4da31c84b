/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/plan_segment.h"
#include "store/random_segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct segment_header header = {
        .realm = "access", .window_from = TIME_FIRST, .window_to = TIME_LIMIT, .generation = 9};
static const char *const names[] = {"plan", "map-domain-3"};

static int write_to_buffer(void *context, const void *bytes, size_t length)
{
        return buffer_append(context, bytes, length);
}

static struct plan_row random_row(struct random_source *random)
{
        const uint8_t global[16] = {0x20, 0x01, 0x0d, 0xb8, 0, (uint8_t)random_below(random, 20),
                (uint8_t)random_below(random, 256), (uint8_t)random_next(random)};
        struct address ipv4 = address_from_ipv4(0x64400000u + (uint32_t)random_below(random, 3000));
        struct address ipv6 = address_from_ipv6(global);
        unsigned first = (unsigned)random_below(random, 1000), kind = (unsigned)random_below(random, 8);
        struct plan_row row = {.from_ms = (int64_t)random_below(random, 60000) * TIME_DAY / 2,
                .to_ms = TIME_UNKNOWN,
                .inside = kind < 4 ? prefix_of(&ipv4, 128) : prefix_of(&ipv6, kind < 6 ? 56 : 64),
                .vrf = random_below(random, 9) ? 0 : (uint32_t)random_next(random),
                .outside = 0xc6336400u + (uint32_t)random_below(random, 40),
                .port_first = (uint16_t)first,
                .port_last = (uint16_t)(first + random_below(random, 500)),
                .repeat_count = 1,
                .protocol = (uint8_t)(random_below(random, 4) ? 0 : 6)};

        if (random_below(random, 3) == 0)
                row.to_ms = row.from_ms + 1 + (int64_t)random_below(random, 1u << 30);
        if (random_below(random, 3) == 0) {
                row.repeat_every = 1024;
                row.repeat_count = (uint16_t)(2 + random_below(random, 61));
        }
        if (kind == 7) {
                row.is_dynamic = true;
                row.inside = (struct prefix){.length = 0};
        }
        return row;
}

static void random_plan(struct plan_list *list, uint64_t seed, size_t count)
{
        struct random_source random = {seed};
        uint32_t outside;

        for (size_t i = 0; i < count; i++) {
                struct plan_entry entry = {.row = random_row(&random),
                        .exporter = (uint16_t)random_below(&random, 2),
                        .marks = (uint8_t)(random_below(&random, 9) ? 0 : PLAN_INCOMPLETE)};
                assert_int_equal(plan_row_check(&entry.row, NULL), 0);
                assert_int_equal(plan_list_append(list, &entry), 0);
        }
        assert_int_equal(plan_settle(list, NULL, &outside), 0);
}

static void write_plan(const struct plan_list *list, struct buffer *file)
{
        struct segment_output output = {file, write_to_buffer};
        struct error error = {0};

        if (plan_segment_write(&header, list, names, 2, &output, &error) < 0)
                fail_msg("%s", error.text);
}

static struct plan_reader *open_written(const struct buffer *file)
{
        struct error error = {0};
        struct plan_reader *reader = NULL;

        if (plan_reader_new(file->bytes, file->length, "test.pln", &reader, &error) < 0)
                fail_msg("%s", error.text);
        return reader;
}

static void no_damage(void *context, uint32_t sheet, uint32_t block, const char *reason)
{
        (void)context, (void)sheet;
        fail_msg("block %u: %s", (unsigned)block, reason);
}

static void count_damage(void *context, uint32_t sheet, uint32_t block, const char *reason)
{
        (void)sheet, (void)block;
        assert_non_null(reason);
        ++*(unsigned *)context;
}

static int take(void *context, const struct plan_entry *entry, uint32_t number)
{
        struct plan_list *list = context;
        bool first = list->count == 0 || list->items[list->count - 1].row.outside != entry->row.outside;

        assert_true(first ? number == 0 : number > 0);
        return plan_list_append(list, entry);
}

static void same_rows(const struct plan_entry *a, const struct plan_entry *b, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                assert_int_equal(plan_entry_compare(&a[i], &b[i]), 0);
                assert_int_equal(a[i].until_ms, b[i].until_ms);
                assert_int_equal(a[i].marks, b[i].marks);
        }
}

static void ask_each_address(const struct plan_reader *reader, const struct plan_list *list)
{
        size_t at = 0;

        for (uint32_t outside = 0xc63363ffu; outside < 0xc6336400u + 42; outside++) {
                struct plan_list found = {0};
                assert_int_equal(plan_query(reader, outside, &found, NULL), 0);
                assert_true(at + found.count <= list->count);
                same_rows(list->items + at, found.items, found.count);
                for (size_t i = 0; i < found.count; i++)
                        assert_int_equal(found.items[i].row.outside, outside);
                at += found.count;
                plan_list_free(&found);
        }
        assert_int_equal(at, list->count);
}

static void test_round_trip(void **state)
{
        (void)state;
        for (size_t count = 0; count < 3000; count += count < 3 ? 1 : 254) {
                struct plan_list list = {0}, read = {0};
                struct buffer file = buffer_make(1u << 24);
                random_plan(&list, count, count);
                write_plan(&list, &file);
                struct plan_reader *reader = open_written(&file);
                assert_int_equal(plan_summary_of(reader).rows, list.count);
                assert_int_equal(plan_header_of(reader)->generation, 9);
                assert_string_equal(plan_name(reader, 1), "map-domain-3");
                assert_null(plan_name(reader, 2));
                assert_int_equal(plan_read_each(reader, take, &read, NULL), 0);
                assert_int_equal(read.count, list.count);
                same_rows(read.items, list.items, list.count);
                assert_int_equal(plan_segment_verify(reader, no_damage, NULL), 0);
                ask_each_address(reader, &list);
                plan_reader_free(reader);
                plan_list_free(&list);
                plan_list_free(&read);
                buffer_free(&file);
        }
}

/* Every byte: a damaged file is refused, or its damage is found, and never read past. */
static void test_damage(void **state)
{
        struct plan_list list = {0};
        struct buffer file = buffer_make(1u << 24);

        (void)state;
        random_plan(&list, 4, 600);
        write_plan(&list, &file);
        for (size_t i = 0; i < file.length; i++) {
                struct plan_reader *reader = NULL;
                struct plan_list read = {0};
                struct error error = {0};
                unsigned bad = 0;
                file.bytes[i] ^= 0x10;
                if (plan_reader_new(file.bytes, file.length, "test.pln", &reader, &error) == 0) {
                        plan_segment_verify(reader, count_damage, &bad);
                        int r = plan_read_each(reader, take, &read, &error);
                        bool found = bad > 0 && r == -EBADMSG;
                        /* The compatible flags and the reserved word of the header mean nothing. */
                        if (!found && !(i >= 12 && i < 24))
                                fail_msg("byte %zu: damage was not found", i);
                }
                plan_reader_free(reader);
                plan_list_free(&read);
                file.bytes[i] ^= 0x10;
        }
        for (size_t length = 0; length < file.length; length += 7) {
                struct plan_reader *reader = NULL;
                assert_true(plan_reader_new(file.bytes, length, "test.pln", &reader, NULL) < 0);
        }
        plan_list_free(&list);
        buffer_free(&file);
}

static void test_refused_rows(void **state)
{
        struct plan_list list = {0};
        struct buffer file = buffer_make(1u << 20);
        struct segment_output output = {&file, write_to_buffer};
        struct error error = {0};

        (void)state;
        random_plan(&list, 7, 20);
        list.items[3].exporter = 2;
        assert_int_equal(plan_segment_write(&header, &list, names, 2, &output, &error), -EINVAL);
        list.items[3].exporter = 1;
        struct plan_entry swapped = list.items[5];
        list.items[5] = list.items[6];
        list.items[6] = swapped;
        assert_int_equal(plan_segment_write(&header, &list, names, 2, &output, &error), -EINVAL);
        plan_list_free(&list);
        buffer_free(&file);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_damage),
                cmocka_unit_test(test_refused_rows),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
