/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/lease_segment.h"
#include "store/random_segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define WINDOW_FROM INT64_C(1795132800000) /* 2026-11-20T00:00:00Z */

static int write_to_buffer(void *context, const void *bytes, size_t length)
{
        return buffer_append(context, bytes, length);
}

static const struct segment_header header = {
        .realm = "access", .window_from = WINDOW_FROM, .window_to = WINDOW_FROM + TIME_DAY, .generation = 9};

static int64_t random_time(struct random_source *random)
{
        return random_below(random, 5) ? WINDOW_FROM - TIME_DAY + (int64_t)random_below(random, 3 * TIME_DAY)
                                       : TIME_UNKNOWN;
}

/* IPv4 hosts, a few wider IPv4 prefixes around them, delegated IPv6 prefixes of three lengths. */
static struct prefix random_prefix(struct random_source *random)
{
        static const unsigned lengths[] = {128, 128, 128, 120, 112, 0};
        struct address address = address_from_ipv4(0x64400000u + (uint32_t)random_below(random, 3000));

        if (random_below(random, 3))
                return prefix_of(&address, lengths[random_below(random, 6)]);
        const uint8_t global[16] = {0x20, 0x01, 0x0d, 0xb8, (uint8_t)random_below(random, 4), 0,
                (uint8_t)random_below(random, 20), (uint8_t)random_next(random)};
        address = address_from_ipv6(global);
        return prefix_of(&address, 48 + 8 * (unsigned)random_below(random, 3));
}

static void random_leases(struct lease_list *list, uint64_t seed, size_t count)
{
        struct random_source random = {seed};

        for (size_t i = 0; i < count; i++) {
                struct lease lease = {
                        .is = {.prefix = random_prefix(&random),
                                .vrf = random_below(&random, 9) ? 0 : (uint32_t)random_next(&random),
                                .session = random_next(&random),
                                .from_ms = random_time(&random),
                                .to_ms = random_time(&random),
                                .from_edge = (uint8_t)random_below(&random, EDGE_COUNT),
                                .to_edge = (uint8_t)random_below(&random, EDGE_COUNT),
                                .flags = (uint8_t)random_next(&random)},
                        .seen_until_ms = random_time(&random)};
                memset(lease.is.subscriber, 'a' + (int)random_below(&random, 26),
                        random_below(&random, 50) ? 1 + random_below(&random, 20) : SUBSCRIBER_MAX - 1);
                assert_int_equal(lease_list_append(list, &lease), 0);
        }
        assert_int_equal(lease_join(list), 0);
}

static void write_leases(const struct lease_list *list, struct buffer *file)
{
        struct segment_output output = {file, write_to_buffer};
        struct error error = {0};

        if (lease_segment_write(&header, list->items, list->count, WINDOW_FROM + 5, &output, &error) < 0)
                fail_msg("%s", error.text);
}

static struct lease_reader *open_written(const struct buffer *file)
{
        struct error error = {0};
        struct lease_reader *reader = NULL;

        if (lease_reader_new(file->bytes, file->length, "test.lse", &reader, &error) < 0)
                fail_msg("%s", error.text);
        return reader;
}

static bool same(const struct lease *a, const struct lease *b)
{
        return a->is.prefix.length == b->is.prefix.length &&
               address_compare(&a->is.prefix.address, &b->is.prefix.address) == 0 && a->is.vrf == b->is.vrf &&
               a->is.session == b->is.session && a->is.from_ms == b->is.from_ms &&
               a->is.to_ms == b->is.to_ms && a->is.from_edge == b->is.from_edge &&
               a->is.to_edge == b->is.to_edge && a->is.flags == b->is.flags &&
               a->seen_until_ms == b->seen_until_ms && strcmp(a->is.subscriber, b->is.subscriber) == 0;
}

static void no_damage(void *context, uint32_t sheet, uint32_t block, const char *reason)
{
        (void)context, (void)sheet;
        fail_msg("block %u: %s", (unsigned)block, reason);
}

static void test_round_trip(void **state)
{
        (void)state;
        for (size_t count = 0; count < 700; count += count < 3 ? 1 : 61) {
                struct lease_list list = {0}, read = {0};
                struct buffer file = buffer_make(1u << 24);
                random_leases(&list, count, count);
                write_leases(&list, &file);
                struct lease_reader *reader = open_written(&file);
                assert_int_equal(lease_reader_count(reader), list.count);
                assert_int_equal(lease_heard_until(reader), WINDOW_FROM + 5);
                assert_string_equal(lease_header_of(reader)->realm, "access");
                assert_int_equal(lease_header_of(reader)->generation, 9);
                assert_int_equal(lease_read_all(reader, &read, NULL), 0);
                assert_int_equal(read.count, list.count);
                for (size_t i = 0; i < read.count; i++)
                        assert_true(same(&read.items[i], &list.items[i]));
                assert_int_equal(lease_segment_verify(reader, no_damage, NULL), 0);
                lease_reader_free(reader);
                lease_list_free(&list);
                lease_list_free(&read);
                buffer_free(&file);
        }
}

/* Whatever could have been held within the interval must be found; more than that does no harm to the answer.
 */
static bool must_be_found(const struct lease *lease, const struct address *address, int64_t from, int64_t to)
{
        const struct lease_event *is = &lease->is;
        if (!prefix_contains(&is->prefix, address))
                return false;
        bool begins_later = is->from_edge == EDGE_OBSERVED && is->from_ms != TIME_UNKNOWN && is->from_ms > to;
        bool ended = is->to_edge != EDGE_OPEN && is->to_edge != EDGE_INTERIM && is->to_ms != TIME_UNKNOWN &&
                     is->to_ms < from;
        return !begins_later && !ended;
}

static void test_a_question_finds_every_lease_around_the_address(void **state)
{
        struct lease_list list = {0};
        struct buffer file = buffer_make(1u << 24);
        struct random_source random = {4};
        size_t found_in_all = 0;

        (void)state;
        random_leases(&list, 3, 4000);
        write_leases(&list, &file);
        struct lease_reader *reader = open_written(&file);
        for (unsigned round = 0; round < 500; round++) {
                struct prefix prefix = random_prefix(&random);
                struct address address = prefix.address;
                struct lease_list found = {0};
                int64_t at = WINDOW_FROM + (int64_t)random_below(&random, TIME_DAY);
                address.bytes[15] = (uint8_t)(address.bytes[15] + random_below(&random, 2));
                assert_int_equal(lease_query(reader, &address, at, at + 2000, &found, NULL), 0);
                size_t wanted = 0;
                for (size_t i = 0; i < list.count; i++)
                        wanted += must_be_found(&list.items[i], &address, at, at + 2000);
                assert_int_equal(found.count, wanted);
                for (size_t i = 0; i < found.count; i++)
                        assert_true(must_be_found(&found.items[i], &address, at, at + 2000));
                found_in_all += found.count;
                lease_list_free(&found);
        }
        assert_true(found_in_all > 1000);
        lease_reader_free(reader);
        lease_list_free(&list);
        buffer_free(&file);
}

static void count_damage(void *context, uint32_t sheet, uint32_t block, const char *reason)
{
        (void)sheet, (void)block;
        assert_non_null(reason);
        ++*(int *)context;
}

static bool notices(const uint8_t *bytes, size_t length)
{
        struct lease_reader *reader = NULL;
        struct lease_list read = {0};
        struct error error = {0};
        int told = 0;

        if (lease_reader_new(bytes, length, "hurt.lse", &reader, &error) < 0) {
                assert_non_null(strstr(error.text, "hurt.lse"));
                return true;
        }
        int damaged = lease_segment_verify(reader, count_damage, &told);
        assert_int_equal(damaged, told);
        assert_int_equal(lease_read_all(reader, &read, &error), damaged ? -EBADMSG : 0);
        lease_list_free(&read);
        lease_reader_free(reader);
        return damaged > 0;
}

static void test_every_flipped_byte_and_every_cut_is_noticed(void **state)
{
        struct lease_list list = {0};
        struct buffer file = buffer_make(1u << 24);

        (void)state;
        random_leases(&list, 8, 150);
        write_leases(&list, &file);
        assert_false(notices(file.bytes, file.length));
        for (size_t i = 0; i < file.length; i++) {
                uint8_t whole = file.bytes[i];
                file.bytes[i] = (uint8_t)(whole ^ (1u << i % 8));
                if (!notices(file.bytes, file.length))
                        fail_msg("byte %zu of %zu was changed unnoticed", i, file.length);
                file.bytes[i] = whole;
                assert_true(notices(file.bytes, i));
        }
        lease_list_free(&list);
        buffer_free(&file);
}

static void test_what_cannot_be_is_refused(void **state)
{
        struct buffer file = buffer_make(1u << 20);
        struct segment_output output = {&file, write_to_buffer};
        struct lease pair[2] = {{.is = {.prefix = {address_from_ipv4(2), 128}, .subscriber = "a"}},
                {.is = {.prefix = {address_from_ipv4(1), 128}, .subscriber = "b"}}};
        struct error error = {0};

        (void)state;
        assert_int_equal(lease_segment_write(&header, pair, 2, 0, &output, &error), -EINVAL);
        pair[0].is.prefix.length = 120;
        assert_int_equal(lease_segment_write(&header, pair, 1, 0, &output, &error), -EINVAL);
        pair[0].is.prefix.length = 129;
        assert_int_equal(lease_segment_write(&header, pair, 1, 0, &output, &error), -EINVAL);
        pair[1].is.from_ms = INT64_MAX;
        assert_int_equal(lease_segment_write(&header, pair + 1, 1, 0, &output, &error), -EINVAL);
        buffer_free(&file);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_a_question_finds_every_lease_around_the_address),
                cmocka_unit_test(test_every_flipped_byte_and_every_cut_is_noticed),
                cmocka_unit_test(test_what_cannot_be_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
