/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/token_private.h"

#include "os/softhsm_test.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SIZE 32 /* of P-256 */

/* A key of nobody: PKCS#8 of P-256. */
static const char key_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1qNG1Llz07acv31K\n"
                              "UMXY0F1vTt+4RqwSFQ+t83MrwA2hRANCAASEqEeQGNC9+bXblU1JaI0/9D8XIhwb\n"
                              "vt60W6n9mD+CoI+OCmp+iqEN+wIMW1lPPQbGtO21l5zX337LMJqShesv\n"
                              "-----END PRIVATE KEY-----\n";
/* The generator of P-256 (FIPS 186-4 section D.1.2.3), and so what ECDH with it gives: x of the public key.
 */
static const uint8_t generator[65] = {0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
        0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45,
        0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c,
        0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf,
        0x51, 0xf5};
static const uint8_t public_x[SIZE] = {0x84, 0xa8, 0x47, 0x90, 0x18, 0xd0, 0xbd, 0xf9, 0xb5, 0xdb, 0x95, 0x4d,
        0x49, 0x68, 0x8d, 0x3f, 0xf4, 0x3f, 0x17, 0x22, 0x1c, 0x1b, 0xbe, 0xde, 0xb4, 0x5b, 0xa9, 0xfd, 0x98,
        0x3f, 0x82, 0xa0};

static char label[] = "rogatory-keys", second[] = "seal", twice[] = "twice";
static struct error error;

static struct token_place place_of(const char *object)
{
        return (struct token_place){softhsm_module(), label, object, scratch_path("secret/pin")};
}

static int import(const char *object, const char *id)
{
        return softhsm_import(label, scratch_path("key.pem"), object, id);
}

static int setup(void **state)
{
        return scratch_setup(state) < 0 || softhsm_setup(label) != 0 ||
                               softhsm_write("key.pem", key_pem, 0600) < 0 || import(second, "01") != 0
                       ? -1
                       : 0;
}

static struct token_private *must_open(void)
{
        struct token_place place = place_of(second);
        struct token_private *key = NULL;

        if (token_private_open(&place, &key, &error) < 0)
                fail_msg("%s", error.text);
        return key;
}

static void works(struct token_private *key)
{
        uint8_t digest[32] = "digest", one[2 * SIZE] = {0}, two[2 * SIZE] = {0}, secret[SIZE];

        if (token_private_agree(key, generator, sizeof generator, SIZE, secret, &error) < 0 ||
                token_private_sign(key, digest, sizeof digest, SIZE, one, &error) < 0 ||
                token_private_sign(key, digest, sizeof digest, SIZE, two, &error) < 0)
                fail_msg("%s", error.text);
        assert_memory_equal(secret, public_x, SIZE);
        assert_memory_not_equal(one, two, sizeof one); /* of another random number each */
}

static void a_key_signs_and_agrees(void **state)
{
        uint8_t digest[32] = "digest", signature[2 * SIZE + 2], secret[SIZE];

        (void)state;
        struct token_private *key = must_open(), *other = must_open();
        works(key);
        works(other);
        token_private_close(other);
        works(key);
        assert_int_equal(token_private_sign(key, digest, sizeof digest, SIZE + 1, signature, &error), -EIO);
        assert_non_null(strstr(error.text, "another curve"));
        assert_true(token_private_agree(key, generator, 64, SIZE, secret, &error) < 0);
        works(key);
        assert_int_equal(token_private_sign(key, digest, 65, SIZE, signature, &error), -EINVAL);
        assert_int_equal(token_private_agree(key, generator, 200, SIZE, secret, &error), -EINVAL);
        works(key);
        token_private_close(key);
}

/* Each process begins for itself, and none spoils it for another. */
static void a_key_over_a_fork(void **state)
{
        int status = -1;

        (void)state;
        struct token_private *key = must_open();
        pid_t child = fork();
        if (child == 0) {
                works(key);
                struct token_private *own = must_open();
                works(own);
                token_private_close(own);
                token_private_close(key);
                _exit(0);
        }
        works(key);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        works(key);
        token_private_close(key);
}

/* A child whose token is gone says so, also the second time, and goes on when it is there again. */
static void a_key_that_is_gone_after_a_fork(void **state)
{
        uint8_t digest[32] = "digest", signature[2 * SIZE];
        char tokens[300], away[300];
        int status = -1;

        (void)state;
        snprintf(tokens, sizeof tokens, "%s", scratch_path("secret"));
        snprintf(away, sizeof away, "%s", scratch_path("away"));
        struct token_private *key = must_open();
        pid_t child = fork();
        if (child == 0) {
                assert_int_equal(rename(tokens, away), 0);
                for (int i = 0; i < 2; i++)
                        assert_int_equal(
                                token_private_sign(key, digest, sizeof digest, SIZE, signature, &error),
                                -ENOENT);
                assert_int_equal(token_private_sign(key, digest, 65, SIZE, signature, &error), -EINVAL);
                assert_int_equal(rename(away, tokens), 0);
                works(key);
                token_private_close(key);
                _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        token_private_close(key);
}

static void assert_refused(const struct token_place *place, int expected, const char *words)
{
        struct token_private *key;

        assert_int_equal(token_private_open(place, &key, &error), expected);
        if (!strstr(error.text, words))
                fail_msg("\"%s\" is not in: %s", words, error.text);
}

static void what_does_not_open(void **state)
{
        (void)state;
        struct token_place place = place_of("sael");
        assert_refused(&place, -ENOENT, "no private key labelled \"sael\"");
        assert_int_equal(import(twice, "02"), 0);
        assert_int_equal(import(twice, "03"), 0);
        place = place_of(twice);
        assert_refused(&place, -ENOTUNIQ, "several private keys are labelled");
        place = place_of(second);
        place.token = "gone";
        assert_refused(&place, -ENODEV, "no token of this name");
        place = place_of(second);
        assert_int_equal(softhsm_write("secret/pin", "000000\n", 0600), 0);
        assert_refused(&place, -EACCES, "does not take the PIN");
}

/* What leaves the token is refused, whoever put it there. */
static void a_key_that_could_be_taken_out(void **state)
{
        static const char *const further[] = {
                "--keypairgen", "--key-type", "EC:prime256v1", "--label", "open", "--extractable", NULL};

        (void)state;
        assert_int_equal(softhsm_tool(label, further), 0);
        struct token_place place = place_of("open");
        assert_refused(&place, -EKEYREJECTED, "can be taken out of the token");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_key_signs_and_agrees),
                TEST(a_key_over_a_fork),
                TEST(a_key_that_is_gone_after_a_fork),
                TEST(what_does_not_open),
                TEST(a_key_that_could_be_taken_out),
        };

        if (!softhsm_module() || !softhsm_has_tool()) {
                printf("SKIP: SoftHSM (softhsm2) or pkcs11-tool (opensc) is not installed\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
