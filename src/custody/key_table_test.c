/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/key_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t table_id[KEY_TABLE_ID_BYTES] = {1, 2, 3};
static const uint8_t first_key[SEAL_KEY_BYTES] = {10}, second_key[SEAL_KEY_BYTES] = {20};
static const struct file_place places[] = {{0, 3600000, 1}, {0, 3600000, 2}, {0, 7200000, 1}, {1, 0, 9}};
#define PLACES (sizeof places / sizeof places[0])

/* A table of all places, written; keys receives what was made for them. */
static struct key_table *make_table(uint8_t keys[PLACES][SEAL_KEY_BYTES], struct buffer *bytes)
{
        uint8_t id[FILE_KEY_ID_BYTES];
        struct key_table *table;

        assert_int_equal(key_table_new("default", table_id, first_key, &table), 0);
        for (size_t i = PLACES; i-- > 0;)
                assert_int_equal(key_table_add(table, &places[i], id, keys[i]), 0);
        if (bytes)
                assert_int_equal(key_table_write(table, bytes), 0);
        return table;
}

static struct key_table *must_read(const struct buffer *bytes, const uint8_t *key)
{
        struct key_table *table = NULL;
        struct error error = {0};

        if (key_table_read(bytes->bytes, bytes->length, "default.keys", key, &table, &error) < 0)
                fail_msg("%s", error.text);
        return table;
}

static void assert_opens(struct key_table *table, size_t place, const uint8_t *expected)
{
        const struct file_key *key = key_table_find(table, &places[place]);
        uint8_t opened[SEAL_KEY_BYTES];

        assert_non_null(key);
        assert_int_equal(key_table_unwrap(table, key, opened), 0);
        assert_memory_equal(opened, expected, sizeof opened);
}

static void test_written_and_read_again(void **state)
{
        struct buffer bytes = buffer_make(1 << 20), again = buffer_make(1 << 20);
        uint8_t keys[PLACES][SEAL_KEY_BYTES];
        struct key_table *table = make_table(keys, &bytes);
        struct key_table *read = must_read(&bytes, first_key);

        (void)state;
        assert_string_equal(key_table_head_of(read)->realm, "default");
        assert_memory_equal(key_table_head_of(read)->table_id, table_id, sizeof table_id);
        assert_int_equal(key_table_head_of(read)->serial, 1);
        assert_int_equal(key_table_count(read), PLACES);
        for (size_t i = 0; i < PLACES; i++) {
                assert_opens(table, i, keys[i]);
                assert_opens(read, i, keys[i]);
                assert_int_equal(key_table_at(read, i)->place.generation, places[i].generation);
                for (size_t k = 0; k < i; k++)
                        assert_memory_not_equal(keys[i], keys[k], SEAL_KEY_BYTES);
        }
        assert_null(key_table_find(read, &(struct file_place){2, 0, 9}));
        assert_int_equal(key_table_write(read, &again), 0);
        assert_int_equal(again.length, bytes.length);
        key_table_free(read);
        read = must_read(&again, first_key);
        assert_int_equal(key_table_head_of(read)->serial, 2);
        key_table_free(read);
        key_table_free(table);
        buffer_free(&bytes);
        buffer_free(&again);
}

static void test_every_changed_bit_is_refused(void **state)
{
        struct buffer bytes = buffer_make(1 << 20);
        uint8_t keys[PLACES][SEAL_KEY_BYTES];
        struct key_table *table = make_table(keys, &bytes), *read;
        struct error error = {0};

        (void)state;
        for (size_t bit = 0; bit < 8 * bytes.length; bit++) {
                bytes.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
                assert_true(key_table_read(bytes.bytes, bytes.length, "t", first_key, &read, &error) < 0);
                bytes.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t length = 0; length < bytes.length; length++)
                assert_int_equal(
                        key_table_read(bytes.bytes, length, "t", first_key, &read, &error), -EBADMSG);
        assert_int_equal(
                key_table_read(bytes.bytes, bytes.length, "t", second_key, &read, &error), -EKEYREJECTED);
        assert_non_null(strstr(error.text, "t: the realm's key is another"));
        key_table_free(table);
        buffer_free(&bytes);
}

static void test_destroyed_keys_are_in_no_later_table(void **state)
{
        struct buffer before = buffer_make(1 << 20), after = buffer_make(1 << 20);
        uint8_t keys[PLACES][SEAL_KEY_BYTES], opened[SEAL_KEY_BYTES];
        struct key_table *table = make_table(keys, &before), *read;
        struct error error = {0};

        (void)state;
        key_table_destroy(table, &places[1]);
        key_table_destroy(table, &(struct file_place){7, 7, 7});
        assert_int_equal(key_table_wrap_anew(table, second_key), 0);
        assert_int_equal(key_table_write(table, &after), 0);
        assert_int_equal(
                key_table_read(after.bytes, after.length, "t", first_key, &read, &error), -EKEYREJECTED);
        assert_int_equal(
                key_table_read(before.bytes, before.length, "t", second_key, &read, &error), -EKEYREJECTED);
        read = must_read(&after, second_key);
        assert_int_equal(key_table_count(read), PLACES);
        assert_true(key_table_find(read, &places[1])->destroyed);
        assert_int_equal(key_table_unwrap(read, key_table_find(read, &places[1]), opened), -ENOKEY);
        assert_opens(read, 0, keys[0]);
        assert_opens(read, 2, keys[2]);
        assert_opens(read, 3, keys[3]);
        /* What was wrapped under the first key opens no more, even put into the new table. */
        struct file_key moved = *key_table_find(table, &places[0]);
        key_table_free(table);
        table = must_read(&before, first_key);
        memcpy(moved.wrapped, key_table_find(table, &places[0])->wrapped, sizeof moved.wrapped);
        assert_int_equal(key_table_unwrap(read, &moved, opened), -EBADMSG);
        key_table_forget(read, &places[1]);
        assert_int_equal(key_table_count(read), PLACES - 1);
        assert_null(key_table_find(read, &places[1]));
        assert_opens(read, 3, keys[3]);
        key_table_free(read);
        key_table_free(table);
        buffer_free(&before);
        buffer_free(&after);
}

/* A wrapped key says for which file it is. */
static void test_keys_cannot_change_places(void **state)
{
        uint8_t keys[PLACES][SEAL_KEY_BYTES], opened[SEAL_KEY_BYTES];
        struct key_table *table = make_table(keys, NULL);
        struct file_key moved = *key_table_find(table, &places[0]);

        (void)state;
        moved.place = places[2];
        assert_int_equal(key_table_unwrap(table, &moved, opened), -EBADMSG);
        key_table_free(table);
}

static void test_a_new_key_takes_the_place_of_the_old(void **state)
{
        uint8_t keys[PLACES][SEAL_KEY_BYTES], id[FILE_KEY_ID_BYTES], again[SEAL_KEY_BYTES];
        struct key_table *table = make_table(keys, NULL);

        (void)state;
        key_table_destroy(table, &places[1]);
        assert_int_equal(key_table_add(table, &places[1], id, again), 0);
        assert_int_equal(key_table_count(table), PLACES);
        assert_memory_not_equal(again, keys[1], sizeof again);
        assert_opens(table, 1, again);
        key_table_free(table);
}

static void test_realm_keys_depend_on_all_that_goes_in(void **state)
{
        uint8_t parts[64] = {1}, one[SEAL_KEY_BYTES], other[SEAL_KEY_BYTES], other_table[16] = {9};

        (void)state;
        assert_int_equal(realm_key_derive(parts, 32, table_id, "default", one), 0);
        assert_int_equal(realm_key_derive(parts, 32, table_id, "default", other), 0);
        assert_memory_equal(one, other, sizeof one);
        assert_int_equal(realm_key_derive(parts, 64, table_id, "default", other), 0);
        assert_memory_not_equal(one, other, sizeof one);
        assert_int_equal(realm_key_derive(parts, 32, other_table, "default", other), 0);
        assert_memory_not_equal(one, other, sizeof one);
        assert_int_equal(realm_key_derive(parts, 32, table_id, "mobile", other), 0);
        assert_memory_not_equal(one, other, sizeof one);
        parts[31] ^= 1;
        assert_int_equal(realm_key_derive(parts, 32, table_id, "default", other), 0);
        assert_memory_not_equal(one, other, sizeof one);
}

static void test_key_files(void **state)
{
        struct realm_key_file file = {
                .realm = "default", .table_id = {0xab}, .count = 2, .keys = {{0x0f}, {0xf0}}};
        struct buffer text = buffer_make(REALM_KEY_FILE_MAX);
        struct realm_key_file read;
        struct error error = {0};

        (void)state;
        assert_int_equal(realm_key_file_write(&file, &text), 0);
        struct slice whole = slice_make((char *)text.bytes, text.length);
        assert_int_equal(realm_key_file_read(whole, "k", &read, &error), 0);
        assert_memory_equal(&read, &file, sizeof read);
        for (size_t length = 0; length < whole.length; length++) {
                struct slice cut = slice_make(whole.text, length);
                int r = realm_key_file_read(cut, "k", &read, &error);
                /* Without its second line of a key it is a file of one. */
                assert_true(r == -EBADMSG || (r == 0 && read.count == 1));
        }
        for (size_t i = 0; i < whole.length; i++) {
                text.bytes[i] ^= 0x80;
                assert_int_equal(realm_key_file_read(whole, "k", &read, &error),
                        i >= 27 && i < 34 ? 0 : -EBADMSG); /* a name may be anything */
                text.bytes[i] ^= 0x80;
        }
        buffer_append_text(&text, "key 00\n");
        assert_int_equal(realm_key_file_read(slice_make((char *)text.bytes, text.length), "k", &read, &error),
                -EBADMSG);
        assert_non_null(strstr(error.text, "k: this is no key file"));
        buffer_free(&text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_written_and_read_again),
                cmocka_unit_test(test_every_changed_bit_is_refused),
                cmocka_unit_test(test_destroyed_keys_are_in_no_later_table),
                cmocka_unit_test(test_keys_cannot_change_places),
                cmocka_unit_test(test_a_new_key_takes_the_place_of_the_old),
                cmocka_unit_test(test_realm_keys_depend_on_all_that_goes_in),
                cmocka_unit_test(test_key_files),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
