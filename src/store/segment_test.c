/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/checksum.h"
#include "store/random_segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define FILE_MAX (1u << 28)

static struct segment_reader *open_written(const struct buffer *file)
{
        struct error error = {0};
        struct segment_reader *reader = NULL;

        int r = segment_reader_new(file->bytes, file->length, "test.seg", &reader, &error);
        if (r < 0)
                fail_msg("%s", error.text);
        return reader;
}

static void write_content(const struct random_content *content, struct buffer *file)
{
        struct error error = {0};
        if (random_content_write(content, file, &error) < 0)
                fail_msg("%s", error.text);
}

/* ---- what is written is read ---- */

static void compare_sheet(
        const struct segment_reader *reader, uint32_t sheet, const struct random_content *content)
{
        const struct binding_list *wanted = &content->sheets[sheet].bindings;
        struct host_table hosts;
        struct binding_list read = {0};
        struct error error = {0};

        assert_int_equal(host_table_init(&hosts, 1u << 24), 0);
        assert_int_equal(segment_sheet_address(reader, sheet), wanted->items[0].outside);
        if (segment_read_sheet(reader, sheet, &hosts, NULL, &read, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(read.count, wanted->count);
        for (size_t i = 0; i < read.count; i++)
                if (!binding_same(&wanted->items[i], &content->hosts, &read.items[i], &hosts))
                        fail_msg("sheet %u, binding %zu is not what was written", (unsigned)sheet, i);
        binding_list_free(&read);
        host_table_free(&hosts);
}

static void compare_coverage(const struct coverage *a, const struct coverage *b)
{
        assert_int_equal(a->span_count, b->span_count);
        assert_int_equal(a->gap_count, b->gap_count);
        for (size_t i = 0; i < a->span_count; i++) {
                const struct coverage_span *x = &a->spans[i], *y = &b->spans[i];
                assert_true(x->from == y->from && x->to == y->to && x->stream == y->stream &&
                            x->sequence_from == y->sequence_from && x->sequence_to == y->sequence_to &&
                            x->delay_ms == y->delay_ms && x->offset_min_ms == y->offset_min_ms &&
                            x->offset_max_ms == y->offset_max_ms && x->exporter == y->exporter &&
                            x->flags == y->flags);
        }
        for (size_t i = 0; i < a->gap_count; i++) {
                const struct coverage_gap *x = &a->gaps[i], *y = &b->gaps[i];
                assert_true(x->from == y->from && x->to == y->to && x->stream == y->stream &&
                            x->count == y->count && x->exporter == y->exporter && x->reason == y->reason);
        }
}

static void no_damage(void *context, uint32_t sheet, uint32_t block, const char *reason)
{
        (void)context;
        fail_msg("sheet %u block %u: %s", (unsigned)sheet, (unsigned)block, reason);
}

static void round_trip(uint64_t seed, enum random_style style, size_t sheets, size_t most)
{
        struct random_content content;
        struct buffer file = buffer_make(FILE_MAX);
        size_t total = 0;

        random_content_make(&content, seed, style, sheets, most);
        write_content(&content, &file);
        struct segment_reader *reader = open_written(&file);
        const struct segment_header *header = segment_header_of(reader);
        assert_int_equal(segment_sheet_count(reader), sheets);
        for (uint32_t s = 0; s < sheets; s++) {
                compare_sheet(reader, s, &content);
                total += content.sheets[s].bindings.count;
        }
        assert_int_equal(header->binding_count, total);
        assert_string_equal(header->realm, content.header.realm);
        assert_int_equal(header->window_from, content.header.window_from);
        assert_int_equal(header->window_to, content.header.window_to);
        assert_int_equal(header->generation, 3);
        assert_int_equal(header->destinations_kept, content.header.destinations_kept);
        if (style != RANDOM_WILD)
                assert_int_equal(header->has_blocks, style == RANDOM_BLOCKS && total > 0);
        if (style != RANDOM_WILD)
                assert_int_equal(header->has_untold_flows, style == RANDOM_PLAIN && total > 0);
        for (unsigned e = 0; e < RANDOM_EXPORTERS; e++)
                assert_string_equal(segment_exporter_name(reader, e), random_exporters[e]);
        compare_coverage(&content.coverage, segment_coverage(reader));
        assert_int_equal(segment_verify(reader, no_damage, NULL), 0);
        segment_reader_free(reader);
        buffer_free(&file);
        random_content_free(&content);
}

static void test_round_trip_of_small_segments(void **state)
{
        (void)state;
        for (uint64_t seed = 0; seed < 400; seed++)
                round_trip(seed, (enum random_style)(seed % RANDOM_STYLES), seed % 7, 1 + seed % 60);
}

static void test_round_trip_of_many_blocks(void **state)
{
        (void)state;
        for (unsigned style = 0; style < RANDOM_STYLES; style++)
                round_trip(1000 + style, (enum random_style)style, 12, 3000);
}

/* More than the writer holds back for training: later sheets meet values that no table knows. */
static void test_round_trip_beyond_training(void **state)
{
        struct random_content plain, wild;
        struct buffer file = buffer_make(FILE_MAX);

        (void)state;
        random_content_make(&plain, 5, RANDOM_PLAIN, 60, 10000);
        random_content_make(&wild, 5, RANDOM_WILD, 60, 2000);
        for (size_t s = 55; s < 60; s++) {
                struct binding_list swap = plain.sheets[s].bindings;
                struct host_table *hosts = &plain.hosts;
                for (size_t i = 0; i < wild.sheets[s].bindings.count; i++) {
                        struct nat_binding *b = &wild.sheets[s].bindings.items[i];
                        struct nat_host inside = host_get(&wild.hosts, b->inside);
                        struct nat_host destination = host_get(&wild.hosts, b->destination);
                        assert_int_equal(host_intern(hosts, &inside, &b->inside), 0);
                        assert_int_equal(host_intern(hosts, &destination, &b->destination), 0);
                        b->outside = swap.items[0].outside;
                }
                qsort(wild.sheets[s].bindings.items, wild.sheets[s].bindings.count, sizeof *swap.items,
                        binding_compare);
                plain.sheets[s].bindings = wild.sheets[s].bindings;
                wild.sheets[s].bindings = swap;
        }
        write_content(&plain, &file);
        struct segment_reader *reader = open_written(&file);
        for (uint32_t s = 0; s < 60; s++)
                compare_sheet(reader, s, &plain);
        assert_int_equal(segment_verify(reader, no_damage, NULL), 0);
        segment_reader_free(reader);
        buffer_free(&file);
        random_content_free(&plain);
        random_content_free(&wild);
}

static void test_same_input_gives_same_bytes(void **state)
{
        struct random_content content;
        struct buffer first = buffer_make(FILE_MAX), second = buffer_make(FILE_MAX);

        (void)state;
        random_content_make(&content, 77, RANDOM_DESTINATIONS, 5, 900);
        write_content(&content, &first);
        write_content(&content, &second);
        assert_int_equal(first.length, second.length);
        assert_memory_equal(first.bytes, second.bytes, first.length);
        buffer_free(&first);
        buffer_free(&second);
        random_content_free(&content);
}

/* ---- questions ---- */

/* A sign of life is no edge: the binding may have begun before it, or gone on. */
static bool asked_for(const struct nat_binding *b, int port, int64_t from, int64_t to)
{
        return (port < 0 || (b->port_first <= port && port <= b->port_last)) &&
               (b->from_edge == EDGE_OPEN || b->from_edge == EDGE_INTERIM || b->from_ms <= to) &&
               (b->to_edge == EDGE_OPEN || b->to_edge == EDGE_INTERIM || b->to_ms >= from);
}

static void ask(const struct segment_reader *reader, const struct random_content *content, size_t sheet,
        int port, int64_t from, int64_t to)
{
        const struct binding_list *all = &content->sheets[sheet].bindings;
        struct host_table hosts;
        struct binding_list found = {0};
        struct reference_list references = {0};
        struct error error = {0};
        size_t next = 0;

        assert_int_equal(host_table_init(&hosts, 1u << 24), 0);
        if (segment_query(reader, all->items[0].outside, port, from, to, &hosts, NULL, &found, &references,
                    &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(found.count, references.count);
        for (size_t i = 0; i < all->count; i++) {
                if (!asked_for(&all->items[i], port, from, to))
                        continue;
                assert_true(next < found.count);
                assert_int_equal(references.items[next], i);
                assert_true(binding_same(&all->items[i], &content->hosts, &found.items[next], &hosts));
                next++;
        }
        assert_int_equal(next, found.count);
        binding_list_free(&found);
        reference_list_free(&references);
        host_table_free(&hosts);
}

static void test_a_question_finds_what_a_full_reading_finds(void **state)
{
        (void)state;
        for (unsigned round = 0; round < 12; round++) {
                struct random_source random = {round};
                struct random_content content;
                struct buffer file = buffer_make(FILE_MAX);
                random_content_make(
                        &content, 300 + round, (enum random_style)(round % RANDOM_STYLES), 3, 2500);
                write_content(&content, &file);
                struct segment_reader *reader = open_written(&file);
                for (unsigned i = 0; i < 200; i++) {
                        size_t sheet = random_below(&random, 3);
                        const struct binding_list *all = &content.sheets[sheet].bindings;
                        const struct nat_binding *b = &all->items[random_below(&random, all->count)];
                        int64_t at = binding_instant(b) + (int64_t)random_below(&random, 3) - 1;
                        int port = random_below(&random, 10) ? b->port_first : -1;
                        if (random_below(&random, 2))
                                port = b->port_last;
                        ask(reader, &content, sheet, port, at, at + (int64_t)random_below(&random, 4000));
                }
                segment_reader_free(reader);
                buffer_free(&file);
                random_content_free(&content);
        }
}

static void test_exporters_are_translated(void **state)
{
        struct random_content content;
        struct buffer file = buffer_make(FILE_MAX);
        const uint16_t map[RANDOM_EXPORTERS] = {100, 101, 102, 103, 104};
        struct host_table hosts;
        struct binding_list read = {0};

        (void)state;
        random_content_make(&content, 9, RANDOM_WILD, 1, 700);
        write_content(&content, &file);
        struct segment_reader *reader = open_written(&file);
        assert_int_equal(host_table_init(&hosts, 1u << 20), 0);
        assert_int_equal(segment_read_sheet(reader, 0, &hosts, map, &read, NULL), 0);
        assert_int_equal(read.count, content.sheets[0].bindings.count);
        for (size_t i = 0; i < read.count; i++)
                assert_int_equal(read.items[i].exporter, content.sheets[0].bindings.items[i].exporter + 100);
        uint32_t sheet;
        assert_int_equal(segment_find_sheet(reader, 1, &sheet), -ENOENT);
        binding_list_free(&read);
        host_table_free(&hosts);
        segment_reader_free(reader);
        buffer_free(&file);
        random_content_free(&content);
}

/* ---- damage ---- */

static void ignore_damage(void *context, uint32_t sheet, uint32_t block, const char *reason)
{
        (void)sheet, (void)block;
        assert_non_null(reason);
        ++*(int *)context;
}

/* true where the damage was noticed, by an error that says where. */
static bool notices(const uint8_t *bytes, size_t length)
{
        struct segment_reader *reader = NULL;
        struct error error = {0};
        int told = 0;

        if (segment_reader_new(bytes, length, "hurt.seg", &reader, &error) < 0) {
                assert_non_null(strstr(error.text, "hurt.seg"));
                return true;
        }
        int damaged = segment_verify(reader, ignore_damage, &told);
        assert_int_equal(damaged, told);
        for (uint32_t s = 0; s < segment_sheet_count(reader); s++) {
                struct host_table hosts;
                struct binding_list read = {0};
                assert_int_equal(host_table_init(&hosts, 1u << 20), 0);
                int r = segment_read_sheet(reader, s, &hosts, NULL, &read, &error);
                assert_true(r == 0 || r == -EBADMSG);
                binding_list_free(&read);
                host_table_free(&hosts);
        }
        segment_reader_free(reader);
        return damaged > 0;
}

static void test_every_flipped_byte_is_noticed(void **state)
{
        (void)state;
        for (unsigned style = 0; style < RANDOM_STYLES; style++) {
                struct random_content content;
                struct buffer file = buffer_make(FILE_MAX);
                random_content_make(&content, 40 + style, (enum random_style)style, 2, 40);
                write_content(&content, &file);
                assert_false(notices(file.bytes, file.length));
                for (size_t i = 0; i < file.length; i++) {
                        uint8_t whole = file.bytes[i];
                        file.bytes[i] = (uint8_t)(whole ^ (1u << i % 8));
                        if (!notices(file.bytes, file.length))
                                fail_msg("style %u: byte %zu of %zu was changed unnoticed", style, i,
                                        file.length);
                        file.bytes[i] = whole;
                }
                buffer_free(&file);
                random_content_free(&content);
        }
}

static void test_cut_files_are_noticed(void **state)
{
        struct random_content content;
        struct buffer file = buffer_make(FILE_MAX);

        (void)state;
        random_content_make(&content, 50, RANDOM_DESTINATIONS, 2, 60);
        write_content(&content, &file);
        for (size_t length = 0; length < file.length; length++) {
                uint8_t *cut = malloc(length + 1);
                memcpy(cut, file.bytes, length);
                assert_true(notices(cut, length));
                free(cut);
        }
        buffer_free(&file);
        random_content_free(&content);
}

/* Damage in one block is named and leaves the others readable. */
static void test_damage_stays_in_its_block(void **state)
{
        struct random_content content;
        struct buffer file = buffer_make(FILE_MAX);
        struct host_table hosts;
        struct binding_list read = {0};
        struct error error = {0};

        (void)state;
        random_content_make(&content, 60, RANDOM_PLAIN, 3, 2000);
        write_content(&content, &file);
        file.bytes[400] ^= 1;
        struct segment_reader *reader = open_written(&file);
        assert_int_equal(host_table_init(&hosts, 1u << 20), 0);
        assert_int_equal(segment_read_sheet(reader, 0, &hosts, NULL, &read, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "test.seg: the sheet of 198.18.0.0, block 0, is damaged"));
        for (uint32_t s = 1; s < 3; s++)
                compare_sheet(reader, s, &content);
        int told = 0;
        assert_int_equal(segment_verify(reader, ignore_damage, &told), 1);
        binding_list_free(&read);
        host_table_free(&hosts);
        segment_reader_free(reader);
        buffer_free(&file);
        random_content_free(&content);
}

/* ---- refusals ---- */

static void test_newer_formats_are_refused(void **state)
{
        struct random_content content;
        struct buffer file = buffer_make(FILE_MAX);

        (void)state;
        random_content_make(&content, 61, RANDOM_PLAIN, 1, 5);
        for (unsigned offset = 8; offset <= 16; offset += 8) { /* version, incompatible flags */
                struct segment_reader *reader = NULL;
                struct error error = {0};
                buffer_clear(&file);
                write_content(&content, &file);
                file.bytes[offset + 1] = 1;
                uint64_t sum = checksum(file.bytes, 112);
                for (unsigned i = 0; i < 8; i++)
                        file.bytes[112 + i] = (uint8_t)(sum >> 8 * i);
                assert_int_equal(segment_reader_new(file.bytes, file.length, "new.seg", &reader, &error),
                        -EPROTONOSUPPORT);
                assert_non_null(strstr(error.text, "newer rogatory"));
        }
        buffer_free(&file);
        random_content_free(&content);
}

static int write_nothing(void *context, const void *bytes, size_t length)
{
        (void)bytes, (void)length;
        return *(int *)context;
}

static void test_what_is_out_of_order_is_refused(void **state)
{
        struct random_content content;
        struct error error = {0};
        int result = 0;
        struct segment_output output = {&result, write_nothing};
        struct segment_writer *writer = NULL;

        (void)state;
        random_content_make(&content, 62, RANDOM_PLAIN, 2, 50);
        struct binding_list *list = &content.sheets[1].bindings;
        assert_int_equal(
                segment_writer_new(&content.header, random_exporters, RANDOM_EXPORTERS, &output, &writer), 0);
        assert_int_equal(segment_writer_sheet(writer, list->items, list->count, &content.hosts, &error), 0);
        assert_int_equal(
                segment_writer_sheet(writer, content.sheets[0].bindings.items, 1, &content.hosts, &error),
                -EINVAL);
        assert_int_equal(segment_writer_sheet(writer, list->items, 1, &content.hosts, &error), -EINVAL);
        struct nat_binding pair[2] = {list->items[0], list->items[0]};
        pair[0].outside = pair[1].outside = UINT32_MAX;
        pair[0].from_ms++;
        assert_int_equal(segment_writer_sheet(writer, pair, 2, &content.hosts, &error), -EINVAL);
        pair[0].from_ms = TIME_UNKNOWN;
        assert_int_equal(segment_writer_sheet(writer, pair, 1, &content.hosts, &error), -EINVAL);
        pair[1].exporter = RANDOM_EXPORTERS;
        assert_int_equal(segment_writer_sheet(writer, pair + 1, 1, &content.hosts, &error), -EINVAL);
        pair[1] = list->items[0];
        pair[1].outside = UINT32_MAX;
        pair[1].port_last = (uint16_t)(pair[1].port_first - 1);
        assert_int_equal(segment_writer_sheet(writer, pair + 1, 1, &content.hosts, &error), -EINVAL);
        pair[1].port_last = pair[1].port_first;
        pair[1].inside = content.hosts.count + 1;
        assert_int_equal(segment_writer_sheet(writer, pair + 1, 1, &content.hosts, &error), -EINVAL);
        assert_int_equal(segment_writer_finish(writer, NULL, NULL, &error), 0);
        segment_writer_free(writer);
        random_content_free(&content);
}

static void test_a_failing_output_is_passed_on(void **state)
{
        struct random_content content;
        struct error error = {0};
        int result = -ENOSPC;
        struct segment_output output = {&result, write_nothing};
        struct segment_writer *writer = NULL;

        (void)state;
        random_content_make(&content, 63, RANDOM_PLAIN, 1, 50);
        assert_int_equal(
                segment_writer_new(&content.header, random_exporters, RANDOM_EXPORTERS, &output, &writer),
                -ENOSPC);
        assert_null(writer);
        result = 0;
        assert_int_equal(
                segment_writer_new(&content.header, random_exporters, RANDOM_EXPORTERS, &output, &writer), 0);
        assert_int_equal(
                segment_writer_sheet(writer, content.sheets[0].bindings.items, 1, &content.hosts, &error), 0);
        result = -EIO;
        assert_int_equal(segment_writer_finish(writer, NULL, NULL, &error), -EIO);
        segment_writer_free(writer);
        random_content_free(&content);
}

/* ---- copying ---- */

static int take_copy(void *context, const void *bytes, size_t length)
{
        return buffer_append(context, bytes, length);
}

/* The copy must be what the writer would have made of the same bindings, byte by byte. */
static void test_a_copy_is_what_would_have_been_written(void **state)
{
        (void)state;
        for (int style = 0; style <= RANDOM_WILD; style++) {
                struct random_content content, other;
                struct buffer first = buffer_make(FILE_MAX), wanted = buffer_make(FILE_MAX),
                              copy = buffer_make(FILE_MAX);
                const struct segment_output output = {.context = &copy, .write = take_copy};
                struct segment_header made;
                struct error error = {0};

                random_content_make(&content, 7 + (uint64_t)style, (enum random_style)style, 9, 1500);
                random_content_make(&other, 99, (enum random_style)style, 1, 10);
                write_content(&content, &first);
                struct coverage swapped = content.coverage;
                content.coverage = other.coverage;
                other.coverage = swapped;
                content.header.generation = 12;
                content.header.made_by = (struct segment_rules){true, 1234, 5678};
                content.header.older = (struct segment_rules){false, 12, 34};
                content.header.older_until = content.header.window_to + 5;
                write_content(&content, &wanted);
                struct segment_reader *reader = open_written(&first);
                assert_int_equal(segment_copy(reader, &content.header, random_exporters, RANDOM_EXPORTERS,
                                         &content.coverage, &output, &made, &error),
                        0);
                assert_int_equal(copy.length, wanted.length);
                assert_memory_equal(copy.bytes, wanted.bytes, wanted.length);
                assert_int_equal(made.generation, 12);
                assert_int_equal(made.binding_count, segment_header_of(reader)->binding_count);
                segment_reader_free(reader);
                buffer_free(&first);
                buffer_free(&wanted);
                buffer_free(&copy);
                random_content_free(&content);
                random_content_free(&other);
        }
}

/* Blocks are copied as they are, so the copy says of them what the file says. */
static void test_a_copy_of_long_blocks_says_so(void **state)
{
        struct random_content content;
        struct buffer file = buffer_make(FILE_MAX), copy = buffer_make(FILE_MAX);
        const struct segment_output output = {.context = &copy, .write = take_copy};
        struct segment_header made;
        struct error error = {0};

        (void)state;
        random_content_make(
                &content, 5, RANDOM_PLAIN, 3, SEGMENT_BLOCK_BINDINGS); /* one block: short or long */
        write_content(&content, &file);
        file.bytes[16] = 0;
        uint64_t sum = checksum(file.bytes, 112);
        for (unsigned i = 0; i < 8; i++)
                file.bytes[112 + i] = (uint8_t)(sum >> 8 * i);
        struct segment_reader *reader = open_written(&file);
        assert_int_equal(segment_header_of(reader)->block_bindings, SEGMENT_BLOCK_BINDINGS_LONG);
        assert_int_equal(segment_copy(reader, &content.header, random_exporters, RANDOM_EXPORTERS,
                                 &content.coverage, &output, &made, &error),
                0);
        assert_int_equal(made.block_bindings, SEGMENT_BLOCK_BINDINGS_LONG);
        assert_int_equal(copy.length, file.length);
        assert_memory_equal(copy.bytes, file.bytes, file.length);
        segment_reader_free(reader);
        buffer_free(&file);
        buffer_free(&copy);
        random_content_free(&content);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip_of_small_segments),
                cmocka_unit_test(test_round_trip_of_many_blocks),
                cmocka_unit_test(test_round_trip_beyond_training),
                cmocka_unit_test(test_same_input_gives_same_bytes),
                cmocka_unit_test(test_a_copy_is_what_would_have_been_written),
                cmocka_unit_test(test_a_copy_of_long_blocks_says_so),
                cmocka_unit_test(test_a_question_finds_what_a_full_reading_finds),
                cmocka_unit_test(test_exporters_are_translated),
                cmocka_unit_test(test_every_flipped_byte_is_noticed),
                cmocka_unit_test(test_cut_files_are_noticed),
                cmocka_unit_test(test_damage_stays_in_its_block),
                cmocka_unit_test(test_newer_formats_are_refused),
                cmocka_unit_test(test_what_is_out_of_order_is_refused),
                cmocka_unit_test(test_a_failing_output_is_passed_on),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
