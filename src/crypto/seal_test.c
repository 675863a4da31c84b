/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/seal.h"
#include "crypto/seal_file.h"

#include "base/buffer.h"
#include "base/slice.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static size_t from_hex(const char *hex, uint8_t *ret)
{
        static const char digits[] = "0123456789abcdef";
        size_t length = strlen(hex) / 2;

        for (size_t i = 0; i < length; i++)
                ret[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 |
                                   (strchr(digits, hex[2 * i + 1]) - digits));
        return length;
}

/* Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B. */
static void test_published_gcm_vector(void **state)
{
        uint8_t key[SEAL_KEY_BYTES], nonce[SEAL_NONCE_BYTES], plain[64], context[32], expected[80],
                sealed[80];
        uint8_t opened[64];
        struct seal *seal;

        (void)state;
        from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key);
        from_hex("cafebabefacedbaddecaf888", nonce);
        size_t length = from_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                                 "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
                plain);
        size_t context_length = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", context);
        size_t sealed_length = from_hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                                        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                                        "76fc6ece0f4e1768cddf8853bb2d551b",
                expected);
        assert_int_equal(sealed_length, length + SEAL_TAG_BYTES);
        assert_int_equal(seal_new(key, &seal), 0);
        for (int round = 0; round < 2; round++) {
                assert_int_equal(seal_close(seal, nonce, context, context_length, plain, length, sealed), 0);
                assert_memory_equal(sealed, expected, sealed_length);
                assert_int_equal(
                        seal_open(seal, nonce, context, context_length, sealed, sealed_length, opened), 0);
                assert_memory_equal(opened, plain, length);
        }
        seal_free(seal);
}

/* RFC 5869 appendix A.1. */
static void test_published_hkdf_vector(void **state)
{
        uint8_t secret[22], salt[13], purpose[10], key[SEAL_KEY_BYTES], expected[SEAL_KEY_BYTES];

        (void)state;
        memset(secret, 0x0b, sizeof secret);
        from_hex("000102030405060708090a0b0c", salt);
        from_hex("f0f1f2f3f4f5f6f7f8f9", purpose);
        from_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf", expected);
        assert_int_equal(
                seal_derive(secret, sizeof secret, salt, sizeof salt, purpose, sizeof purpose, key), 0);
        assert_memory_equal(key, expected, sizeof key);
}

static void test_every_mutation_is_refused(void **state)
{
        uint8_t key[SEAL_KEY_BYTES] = {1}, nonce[SEAL_NONCE_BYTES] = {2}, context[5] = "realm";
        uint8_t plain[40] = "nobody reads unseen", sealed[56], opened[40];
        struct seal *seal, *other;

        (void)state;
        assert_int_equal(seal_new(key, &seal), 0);
        assert_int_equal(seal_close(seal, nonce, context, 5, plain, sizeof plain, sealed), 0);
        for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
                sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
                memset(opened, 0xee, sizeof opened);
                assert_int_equal(seal_open(seal, nonce, context, 5, sealed, sizeof sealed, opened), -EBADMSG);
                for (size_t i = 0; i < sizeof opened; i++)
                        assert_int_equal(opened[i], 0);
                sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t length = 0; length < sizeof sealed; length++)
                assert_int_equal(seal_open(seal, nonce, context, 5, sealed, length, opened), -EBADMSG);
        nonce[0] ^= 1;
        assert_int_equal(seal_open(seal, nonce, context, 5, sealed, sizeof sealed, opened), -EBADMSG);
        nonce[0] ^= 1;
        assert_int_equal(seal_open(seal, nonce, context, 4, sealed, sizeof sealed, opened), -EBADMSG);
        key[31] ^= 0x80;
        assert_int_equal(seal_new(key, &other), 0);
        assert_int_equal(seal_open(other, nonce, context, 5, sealed, sizeof sealed, opened), -EBADMSG);
        seal_free(other);
        assert_int_equal(seal_open(seal, nonce, context, 5, sealed, sizeof sealed, opened), 0);
        seal_free(seal);
}

/* ---- files ---- */

static const struct seal_header header = {.realm = "default",
        .kind = 2,
        .window_from = INT64_C(1795168800000),
        .generation = 7,
        .key_id = {9, 8, 7}};
static const uint8_t file_key[SEAL_KEY_BYTES] = {42};

static int keep(void *context, const void *bytes, size_t length)
{
        return buffer_append(context, bytes, length);
}

static struct buffer seal_content(
        const struct seal_header *of, const uint8_t *plain, size_t length, size_t step)
{
        struct buffer file = buffer_make(1 << 20);
        struct seal_writer *writer;

        assert_int_equal(seal_writer_new(of, file_key, keep, &file, &writer), 0);
        for (size_t at = 0; at < length; at += step)
                assert_int_equal(
                        seal_writer_add(writer, plain + at, length - at < step ? length - at : step), 0);
        assert_int_equal(seal_writer_finish(writer), 0);
        seal_writer_free(writer);
        return file;
}

/* How many chunks of a file open; -1 where the file does not. */
static int count_sound(const void *bytes, size_t length, const uint8_t *key)
{
        uint8_t plain[SEAL_CHUNK_BYTES];
        struct seal_header read;
        struct seal_reader *reader;
        struct error error = {0};
        int sound = 0;

        if (seal_header_read(bytes, length, "file", &read, &error) < 0 ||
                seal_reader_new(bytes, length, "file", key, &reader, &error) < 0)
                return -1;
        for (uint64_t chunk = 0; chunk < seal_reader_chunks(reader); chunk++)
                sound += seal_reader_open(reader, chunk, plain) == 0;
        seal_reader_free(reader);
        return sound;
}

static uint8_t *content(size_t length)
{
        uint8_t *plain = malloc(length + 1);
        assert_non_null(plain);
        for (size_t i = 0; i < length; i++)
                plain[i] = (uint8_t)(i * 31 + i / 251);
        return plain;
}

static void test_files_of_every_length(void **state)
{
        static const size_t lengths[] = {0, 1, 15, 16, 17, 4095, 4096, 4097, 8191, 8192, 8193, 100000};

        (void)state;
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                size_t length = lengths[i];
                uint8_t *plain = content(length), opened[SEAL_CHUNK_BYTES];
                struct buffer file = seal_content(&header, plain, length, 1 + i * 977);
                struct seal_reader *reader;
                struct seal_header read;
                struct error error = {0};

                assert_int_equal(seal_header_read(file.bytes, file.length, "file", &read, &error), 0);
                assert_string_equal(read.realm, "default");
                assert_int_equal(read.kind, 2);
                assert_int_equal(read.window_from, header.window_from);
                assert_int_equal(read.generation, 7);
                assert_memory_equal(read.key_id, header.key_id, SEAL_KEY_ID_BYTES);
                assert_int_equal(
                        seal_reader_new(file.bytes, file.length, "file", file_key, &reader, &error), 0);
                assert_int_equal(seal_reader_length(reader), length);
                for (uint64_t chunk = seal_reader_chunks(reader); chunk-- > 0;) {
                        size_t at = (size_t)chunk * SEAL_CHUNK_BYTES;
                        size_t part = length - at < SEAL_CHUNK_BYTES ? length - at : SEAL_CHUNK_BYTES;
                        assert_int_equal(seal_reader_open(reader, chunk, opened), 0);
                        assert_memory_equal(opened, plain + at, part);
                }
                assert_int_equal(seal_reader_open(reader, seal_reader_chunks(reader), opened), -EBADMSG);
                seal_reader_free(reader);
                buffer_free(&file);
                free(plain);
        }
}

/* Any bit of the header is bound to every chunk. */
static void test_changed_bits_are_refused(void **state)
{
        uint8_t *plain = content(9000);
        struct buffer file = seal_content(&header, plain, 9000, 9000);

        (void)state;
        assert_int_equal(count_sound(file.bytes, file.length, file_key), 3);
        for (size_t byte = 0; byte < file.length; byte += byte < 140 || byte + 140 > file.length ? 1 : 61) {
                file.bytes[byte] ^= 0x10;
                int sound = count_sound(file.bytes, file.length, file_key);
                assert_true(byte < SEAL_HEADER_BYTES ? sound == -1 : sound == 2);
                file.bytes[byte] ^= 0x10;
        }
        uint8_t wrong[SEAL_KEY_BYTES] = {41};
        assert_int_equal(count_sound(file.bytes, file.length, wrong), 0);
        buffer_free(&file);
        free(plain);
}

/* Whatever is cut off, the chunk that comes to stand last is not the last one. */
static void test_cut_files_are_refused(void **state)
{
        uint8_t *plain = content(2 * SEAL_CHUNK_BYTES + 300);
        struct buffer file = seal_content(&header, plain, 2 * SEAL_CHUNK_BYTES + 300, 5000);
        size_t sealed = SEAL_CHUNK_BYTES + SEAL_TAG_BYTES;

        (void)state;
        for (size_t length = 0; length < file.length; length++) {
                int sound = count_sound(file.bytes, length, file_key);
                int whole = length < SEAL_HEADER_BYTES ? 0 : (int)((length - SEAL_HEADER_BYTES) / sealed);
                if (length >= SEAL_HEADER_BYTES && (length - SEAL_HEADER_BYTES) % sealed == 0 && whole > 0)
                        whole--;
                assert_true(sound <= whole);
        }
        buffer_free(&file);
        free(plain);
}

static void test_moved_chunks_are_refused(void **state)
{
        uint8_t *plain = content(3 * SEAL_CHUNK_BYTES);
        struct seal_header other = header;
        size_t sealed = SEAL_CHUNK_BYTES + SEAL_TAG_BYTES;

        (void)state;
        other.generation++;
        struct buffer file = seal_content(&header, plain, 3 * SEAL_CHUNK_BYTES, 5000);
        struct buffer second = seal_content(&other, plain, 3 * SEAL_CHUNK_BYTES, 5000);
        uint8_t *chunks = file.bytes + SEAL_HEADER_BYTES;

        /* one over another */
        memcpy(chunks, chunks + sealed, sealed);
        assert_int_equal(count_sound(file.bytes, file.length, file_key), 2);
        /* one of another file, even under the same key */
        memcpy(chunks, second.bytes + SEAL_HEADER_BYTES, sealed);
        assert_int_equal(count_sound(file.bytes, file.length, file_key), 2);
        /* one too many behind the last */
        assert_int_equal(buffer_reserve(&second, sealed), 0);
        buffer_append(&second, second.bytes + SEAL_HEADER_BYTES, sealed);
        assert_int_equal(count_sound(second.bytes, second.length, file_key), 2);
        buffer_free(&file);
        buffer_free(&second);
        free(plain);
}

static void test_words_of_a_bad_header(void **state)
{
        uint8_t bytes[SEAL_HEADER_BYTES + SEAL_TAG_BYTES] = {0};
        struct seal_header read;
        struct error error = {0};

        (void)state;
        seal_header_write(&header, bytes);
        assert_true(seal_file_begins(bytes, sizeof bytes));
        assert_int_equal(seal_header_read(bytes, 60, "a.seg", &read, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "a.seg: this is no sealed file (60 bytes)"));
        bytes[8] = 2;
        assert_int_equal(seal_header_read(bytes, sizeof bytes, "a.seg", &read, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "bytes 0-127"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_published_gcm_vector),
                cmocka_unit_test(test_published_hkdf_vector),
                cmocka_unit_test(test_every_mutation_is_refused),
                cmocka_unit_test(test_files_of_every_length),
                cmocka_unit_test(test_changed_bits_are_refused),
                cmocka_unit_test(test_cut_files_are_refused),
                cmocka_unit_test(test_moved_chunks_are_refused),
                cmocka_unit_test(test_words_of_a_bad_header),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
