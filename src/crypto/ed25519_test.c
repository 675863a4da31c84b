/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/ed25519.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void from_hex(const char *text, uint8_t *ret_bytes)
{
        static const char digits[] = "0123456789abcdef";

        for (; *text; text += 2)
                *ret_bytes++ = (uint8_t)((strchr(digits, text[0]) - digits) << 4 |
                                         (strchr(digits, text[1]) - digits));
}

/* RFC 8032, section 7.1, TEST 1 (an empty message) and TEST 2 (one byte). */
static const struct {
        const char *secret, *public_key, *message, *signature;
} vectors[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
};

static void test_vectors(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
                uint8_t secret[32], expected[32], public_key[32], message[1], stated[64], signature[64];
                size_t length = strlen(vectors[i].message) / 2;

                from_hex(vectors[i].secret, secret);
                from_hex(vectors[i].public_key, expected);
                from_hex(vectors[i].message, message);
                from_hex(vectors[i].signature, stated);
                assert_int_equal(ed25519_public_of(secret, public_key), 0);
                assert_memory_equal(public_key, expected, 32);
                assert_int_equal(ed25519_sign(secret, message, length, signature), 0);
                assert_memory_equal(signature, stated, 64);
                assert_int_equal(ed25519_verify(public_key, message, length, signature), 0);
        }
}

static void test_every_changed_bit_is_refused(void **state)
{
        static const char message[] = "this was said";
        uint8_t secret[32], other[32], public_key[32], signature[64];

        (void)state;
        assert_int_equal(ed25519_make(secret), 0);
        assert_int_equal(ed25519_make(other), 0);
        assert_memory_not_equal(secret, other, 32);
        assert_int_equal(ed25519_public_of(secret, public_key), 0);
        assert_int_equal(ed25519_sign(secret, message, sizeof message, signature), 0);
        for (unsigned bit = 0; bit < 512; bit++) {
                signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
                assert_int_equal(
                        ed25519_verify(public_key, message, sizeof message, signature), -EKEYREJECTED);
                signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_int_equal(ed25519_verify(public_key, message, sizeof message - 1, signature), -EKEYREJECTED);
        assert_int_equal(ed25519_public_of(other, public_key), 0);
        assert_int_equal(ed25519_verify(public_key, message, sizeof message, signature), -EKEYREJECTED);
        memset(public_key, 0xff, sizeof public_key);
        assert_int_equal(ed25519_verify(public_key, message, sizeof message, signature), -EKEYREJECTED);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_vectors),
                cmocka_unit_test(test_every_changed_bit_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
