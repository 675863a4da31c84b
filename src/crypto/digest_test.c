/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/digest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* FIPS 180-4 examples as published by NIST (SHA256.pdf). */
static const char abc_hash[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char two_block_hash[] = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

static void test_published_vectors(void **state)
{
        uint8_t hash[DIGEST_BYTES];
        char text[DIGEST_TEXT_MAX];

        (void)state;
        assert_int_equal(digest_of("abc", 3, hash), 0);
        assert_string_equal(digest_format(hash, text), abc_hash);
        assert_int_equal(digest_of(two_blocks, strlen(two_blocks), hash), 0);
        assert_string_equal(digest_format(hash, text), two_block_hash);
}

static void test_pieces_give_the_same(void **state)
{
        (void)state;
        for (size_t cut = 0; cut <= strlen(two_blocks); cut++) {
                struct digest *digest;
                uint8_t hash[DIGEST_BYTES];
                char text[DIGEST_TEXT_MAX];

                assert_int_equal(digest_new(&digest), 0);
                assert_int_equal(digest_add(digest, two_blocks, cut), 0);
                assert_int_equal(digest_add(digest, two_blocks + cut, strlen(two_blocks) - cut), 0);
                assert_int_equal(digest_finish(digest, hash), 0);
                digest_free(digest);
                assert_string_equal(digest_format(hash, text), two_block_hash);
        }
}

static void test_parse_takes_one_writing_only(void **state)
{
        uint8_t hash[DIGEST_BYTES], parsed[DIGEST_BYTES];
        char text[DIGEST_TEXT_MAX];

        (void)state;
        assert_int_equal(digest_of("abc", 3, hash), 0);
        digest_format(hash, text);
        assert_int_equal(digest_parse(slice_of(text), parsed), 0);
        assert_memory_equal(parsed, hash, DIGEST_BYTES);
        assert_int_equal(digest_parse(slice_make(text, 63), parsed), -EINVAL);
        text[0] = 'B';
        assert_int_equal(digest_parse(slice_of(text), parsed), -EINVAL);
        text[0] = 'g';
        assert_int_equal(digest_parse(slice_of(text), parsed), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_published_vectors),
                cmocka_unit_test(test_pieces_give_the_same),
                cmocka_unit_test(test_parse_takes_one_writing_only),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
